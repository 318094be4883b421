"""Scores 4.6: a recipe for a tiny model, trained on the spot, against the published numbers of two large ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from numbers import Real

from zeropoint.desk.exercise import Judged
from zeropoint.puzzles.p04 import live
from zeropoint.tiny import grid

SETTING: grid.Setting = live.SETTING | dict(steps=1000, warmup=50, lr=5e-3)  # longer than the doses
LEVERS: dict[str, tuple] = {  # lowest and highest value, or the words there are
    "optimizer": ("adamw", "coupled-adam"),
    "lr": (1e-4, 3e-2),
    "beta2": (0.5, 0.9999),
    "embedding_lr": (0.01, 3.0),
    "final_norm_lr": (0.1, 30.0),
    "embedding_decay": (0.0, 30.0),
    "init_std": (0.005, 0.1),  # at 0.1 the rows begin as long as GPT-2's, 0.02 · √768
    "z_loss": (0.0, 1.0),
    "z_target": (-60.0, 30.0),
}
MEASURES = {
    "mean_cosine": "mean cosine",
    "spread_of_parts": "spread of amounts (4.3, first)",
    "share_along_mean": "share along the mean (4.3, second)",
    "log_Z": "log Z",
}
LEARNED = 0.5  # nats below the loss of knowing frequencies alone
OFFSET = {"spread_of_parts": (0.0, 0.3), "share_along_mean": (0.0, 0.3)}  # an offset, by both of 4.3's numbers


@dataclass(frozen=True)
class Goal:
    """A published model's numbers, and how near to them is near enough for a model of this size."""

    of: str
    published: str
    within: Mapping[str, tuple[float, float]]

    def missed(self, row: Mapping[str, float]) -> list[str]:
        """What is out of bounds, a phrase each."""
        return [
            f"{MEASURES[name]} {row[name]:.3g} is not between {low:g} and {high:g}"
            for name, (low, high) in self.within.items()
            if not low <= row[name] <= high
        ]


GOALS = (
    Goal(
        "near GPT-Neo-125M",
        "mean cosine 0.93, log Z about 0",
        OFFSET | {"mean_cosine": (0.85, 1.0), "log_Z": (-1.0, 1.0)},
    ),
    Goal(
        "on GPT-2's side",
        "mean cosine about 0.3, log Z −54",
        OFFSET | {"mean_cosine": (0.0, 0.5), "log_Z": (-200.0, -20.0)},
    ),
)


def _range(name: str) -> str:
    ends = LEVERS[name]
    return " or ".join(ends) if name == "optimizer" else f"{ends[0]:g} to {ends[1]:g}"


TASK = f"""Two published models are far apart: GPT-Neo-125M has mean cosine 0.93 and log Z about 0, and its mean is an offset; GPT-2 has
mean cosine about 0.3, and a log Z near −54. Return a recipe, a dict of levers, that brings the tiny model near one of
them. The judge trains it for 1,000 updates of 256 tokens, about five seconds on a free core. Right is: *either* mean cosine 0.85 or more
with log Z within ±1, *or* mean cosine 0.5 or less with log Z −20 or less; in both, an offset by 4.3's first and second number, each at
most 0.3; and a model that has learned: a held-out loss at least {LEARNED:g} nats below that of knowing only how frequent each token is.

The levers, and what they are where you leave them out:
optimizer, {_range("optimizer")} (adamw): the second divides all rows by the same numbers.
lr, {_range("lr")} (0.005; it was 0.006 above): of all weights.
embedding_lr, {_range("embedding_lr")}, and final_norm_lr, {_range("final_norm_lr")} (both 1): factors of lr, for the embedding and for the last LayerNorm.
beta2, {_range("beta2")} (0.95): how long Adam's divisor remembers.
embedding_decay, {_range("embedding_decay")} (1): a factor of the weight decay, 0.1, for the embedding.
init_std, {_range("init_std")} (0.02): of all matrices at the start, the embedding's included. At 0.1 its rows begin as long as GPT-2's.
z_loss, {_range("z_loss")} (0), and z_target, {_range("z_target")} (0): z_loss · (log Z − z_target)².

Several recipes are right. A z_loss with a target other than 0 is a tool here: nothing like it is known of GPT-2. (Its −54 is
one text, the −69 above another.)"""


def judge(make: Callable[[], Mapping], seed: int) -> Judged:
    """Train a reader's recipe with `seed`, and hold its numbers against both goals."""
    recipe = make()
    if wrong := unfit(recipe):
        return Judged(wrong, {})
    row = live.end_of({**SETTING, **recipe}, seed)[-1]
    floor = live.frequencies_alone()
    parts = {of: f"{row[name]:.3g}" for name, of in MEASURES.items()}
    parts["held-out loss"] = f"{row['held_out_loss']:.3f} (frequencies alone: {floor:.3f})"
    missed = {goal.of: goal.missed(row) for goal in GOALS}
    for goal in GOALS:
        found = "; ".join(missed[goal.of]) or "reached"
        parts[f"{goal.of} ({goal.published})"] = found
    if not row["held_out_loss"] <= floor - LEARNED:
        return Judged(f"your model has learned less than {LEARNED:g} nats beyond how frequent each token is", parts)
    if all(missed.values()):
        return Judged("neither goal is reached", parts)
    return Judged("", parts)


def unfit(recipe: object) -> str:
    """What is wrong with a recipe, "" if nothing is."""
    if not isinstance(recipe, Mapping):
        return f"return a dict of levers, such as {{'lr': 0.01}}; got {type(recipe).__name__}"
    for name, value in recipe.items():
        if name not in LEVERS:
            return f"there is no lever {name!r}; there are {', '.join(LEVERS)}"
        if name == "optimizer":
            if value not in LEVERS[name]:
                return f"optimizer is one of {', '.join(LEVERS[name])}; got {value!r}"
            continue
        low, high = LEVERS[name]
        if not isinstance(value, Real) or isinstance(value, bool) or not low <= value <= high:
            return f"{name} lies between {low:g} and {high:g}; got {value!r}"
    return ""
