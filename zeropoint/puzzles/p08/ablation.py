"""What a model is made of, heads and MLPs, and what becomes of its predictions when one's output is replaced.

A head's output is taken before W_O, so that a constant for it is a vector of d_head numbers; an MLP's is what it adds to
the stream. TransformerBridge has both hooks for every architecture.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from scipy.stats import spearmanr
from torch import Tensor
from tqdm.auto import tqdm

from zeropoint import streams
from zeropoint.claims import Estimate, over
from zeropoint.models import LoadedModel
from zeropoint.streams.interventions import Effect, Hooks, kl_of, loss_of

Change = Callable[[Tensor], Tensor]  # a component's output [row, seq, d] → what stands in its place
UNIT = "rows of text"
LEAST = 1e-7  # nats: below it, KL in float32 is rounding
MANY, MOST = 40, 32  # of a model with more than MANY components, MOST are judged, on fewer and shorter rows
ROOM = 2**22  # logits that one pass may make, so that a large vocabulary fits into memory


@dataclass(frozen=True)
class Component:
    """A head of a layer, or its MLP (`head` is None)."""

    layer: int
    head: int | None = None

    def __str__(self) -> str:
        return f"MLP {self.layer}" if self.head is None else f"{self.layer}.{self.head}"

    @property
    def hook(self) -> str:
        """Where its output stands: [row, seq, head, d_head] for all heads of a layer, [row, seq, d_model] for an MLP."""
        return f"blocks.{self.layer}." + ("hook_mlp_out" if self.head is None else "attn.hook_z")

    def of(self, there: Tensor) -> Float[Tensor, "row seq d"]:
        """Its own part, a view, of what stands at its hook."""
        return there if self.head is None else there[:, :, self.head]

    def hooks(self, change: Change, rows: slice = slice(None)) -> Hooks:
        """Hooks that put change(output) in the place of its output, in some rows of the batch, and touch nothing else."""

        def edit(there: Tensor, hook) -> Tensor:
            there = there.clone()
            mine = self.of(there)[rows]
            mine[:] = change(mine.clone())
            return there

        return [(self.hook, edit)]


def components(bridge) -> list[Component]:
    """Every head and every MLP, layer by layer."""
    found = []
    for layer in range(bridge.cfg.n_layers):
        found += [Component(layer, head) for head in range(bridge.cfg.n_heads)]
        found.append(Component(layer))
    return found


def drawn(parts: list[Component], most: int, seed: int = 0) -> list[Component]:
    """At most `most` of the components, drawn at random, in their own order."""
    order = torch.randperm(len(parts), generator=torch.Generator().manual_seed(seed))
    return [parts[i] for i in sorted(order[:most].tolist())]


@torch.no_grad()
def outputs(bridge, ids: Int[Tensor, "row seq"], parts: Sequence[Component]) -> dict[Component, Tensor]:
    """What each of `parts` puts out on a text, [row, seq, d]."""
    names = sorted({part.hook for part in parts})
    _, cache = bridge.run_with_cache(ids, names_filter=names, return_type=None)
    return {part: part.of(cache[part.hook]).clone() for part in parts}


def constant(value: Float[Tensor, " d"] | Float[Tensor, "row 1 d"] | float) -> Change:
    """The same value for every token, or for every token of a row."""
    return lambda x: torch.zeros_like(x) + value


def replacements(x: Float[Tensor, "row seq d"], rows: int, draw: torch.Generator) -> dict[str, Change]:
    """What can be put in the place of a component that puts out `x` on a reference text; `rows`: of the judged text.

    zero, mean: a constant. another input: what it puts out at the same position of another row of the reference text;
    again: of still another. mean gone: its own output less the mean, so that only what varies is left. as far as zero: a
    constant as far from the mean as zero is, in a random direction, one for each row of text: rows that shared it would
    err together, and an error over rows would be too small.
    """
    mu = x.mean((0, 1))
    r = torch.randn(rows, 1, len(mu), generator=draw)
    far = mu + r * mu.norm() / r.norm(dim=-1, keepdim=True)
    return {
        "zero": constant(0.0),
        "mean": constant(mu),
        "another input": lambda own: x[:rows],
        "again": lambda own: x[rows : 2 * rows],
        "mean gone": lambda own: own - mu,
        "as far as zero": constant(far),
    }


@torch.no_grad()
def harms(
    bridge, ids: Int[Tensor, "row seq"], plan: Mapping[object, tuple[Component, Change]], always: Hooks = ()
) -> dict[object, Effect]:
    """What each replacement of `plan` does to the predictions, row by row.

    Many of them go through the model in one pass, side by side in the batch: each in its own copy of the text. The hooks
    of `always` are there throughout, in the untouched model as well.
    """
    n, found = len(ids), {}
    clean = bridge.run_with_hooks(ids, fwd_hooks=list(always))[:, :-1].log_softmax(-1)
    before = loss_of(clean, ids)
    for some in tqdm(list(_at_once(list(plan), bridge, ids)), unit="pass", delay=5, leave=False):
        hooks = list(always)
        for k, name in enumerate(some):
            part, change = plan[name]
            hooks += part.hooks(change, slice(k * n, (k + 1) * n))
        log_probs = bridge.run_with_hooks(ids.repeat(len(some), 1), fwd_hooks=hooks)[:, :-1].log_softmax(-1)
        for name, changed in zip(some, log_probs.split(n), strict=True):
            found[name] = Effect(loss_of(changed, ids) - before, kl_of(clean, changed))
    return found


def best_constants(
    bridge,
    ids: Int[Tensor, "row seq"],
    start: Mapping[Component, Float[Tensor, " d"]],
    spread: Mapping[Component, float],
    steps: int = 20,
    rows: int = 3,
    rate: float = 0.1,
    seed: int = 0,
) -> dict[Component, Float[Tensor, " d"]]:
    """For each component the constant in its place that changes the predictions least: Adam on the KL, from `start`.

    Each step reads `rows` random rows of the text and moves a number by about `rate` × the component's `spread`. The
    average of the second half of the steps is taken, which the chance of those rows moves less.
    """
    found = {}
    for some in _at_once(list(start), bridge, ids[:rows]):
        generator = torch.Generator().manual_seed(seed)
        values = {part: start[part].clone().requires_grad_() for part in some}
        optimiser = torch.optim.Adam([{"params": [values[part]], "lr": rate * spread[part]} for part in some])
        averages = {part: torch.zeros_like(start[part]) for part in some}
        for step in range(steps):
            text = ids[torch.randint(len(ids), (rows,), generator=generator)]
            hooks = []
            for k, part in enumerate(some, start=1):  # the first copy of the text stays untouched
                hooks += part.hooks(constant(values[part]), slice(k * rows, (k + 1) * rows))
            logits = bridge.run_with_hooks(text.repeat(len(some) + 1, 1), fwd_hooks=hooks)
            clean, *changed = logits.log_softmax(-1).split(rows)
            total = sum(kl_of(clean, log_probs).mean() for log_probs in changed)
            optimiser.zero_grad()
            total.backward()
            optimiser.step()
            if 2 * step >= steps:
                for part, value in values.items():
                    averages[part] += value.detach() / (steps - (steps + 1) // 2)
        found |= averages
    return found


def _at_once(names: list, bridge, ids: Int[Tensor, "row seq"]) -> Iterator[list]:
    """The names in lots whose copies of the text fit into one pass."""
    lot = max(1, ROOM // (ids.numel() * bridge.cfg.d_vocab))
    for first in range(0, len(names), lot):
        yield names[first : first + lot]


class Study:
    """One model, its components, and what became of its predictions with each replacement.

    `judged` [row, seq] is the text to judge on; `reference`, seven times as many other rows, is where means and other
    inputs come from. Of `every` component `parts` are judged: all, or of a large model `most`, drawn at random. `fitted`
    are those for which a best constant is sought: all, or every fourth.
    """

    def __init__(self, model: LoadedModel, most: int = MOST):
        self.model, self.bridge = model, model.bridge.requires_grad_(False)
        self.every = components(self.bridge)
        few = len(self.every) <= MANY
        self.parts = self.every if few else drawn(self.every, most)
        self.fitted = self.parts if few else self.parts[::4]
        self.rows, length = (8, 24) if few else (6, 16)
        ids = streams.sequences(model.tokenizer, 8 * self.rows, length)
        is_judged = torch.arange(len(ids)) % 8 == 0
        self.judged, self.reference = ids[is_judged], ids[~is_judged]
        self.outputs = outputs(self.bridge, self.reference, self.every)
        self.means = {part: x.mean((0, 1)) for part, x in self.outputs.items()}
        self.found: dict[tuple[Component, str], Effect] = {}

    @property
    def label(self) -> str:
        return self.model.label

    def share(self, part: Component) -> float:
        """‖μ‖²/E‖x‖²: how much of a component's output is its mean."""
        return (self.means[part].square().sum() / self.outputs[part].square().sum(-1).mean()).item()

    def by_share(self) -> list[Component]:
        """The components, those with the largest `share` first."""
        return sorted(self.parts, key=lambda part: -self.share(part))

    def try_all(self) -> None:
        """Judge every replacement of every component."""
        plan, draw = {}, torch.Generator().manual_seed(0)
        for part in self.parts:
            changes = replacements(self.outputs[part], self.rows, draw)
            plan |= {(part, name): (part, change) for name, change in changes.items()}
        self.found |= harms(self.bridge, self.judged, plan)

    def try_best(self) -> None:
        """Seek a best constant for each of the `fitted`, from its mean on, and judge it."""
        start = {part: self.means[part] for part in self.fitted}
        spread = {part: self.outputs[part].std((0, 1)).mean().item() for part in self.fitted}
        found = best_constants(self.bridge, self.reference, start, spread)
        plan = {(part, "best constant"): (part, constant(value)) for part, value in found.items()}
        self.found |= harms(self.bridge, self.judged, plan)

    def tried(self, *modes: str) -> list[Component]:
        """The components for which there is each of these replacements."""
        return [part for part in self.parts if all((part, mode) in self.found for mode in modes)]

    def kl(self, mode: str, parts: Sequence[Component] | None = None) -> Float[Tensor, "part row"]:
        parts = parts or self.tried(mode)
        if not parts:
            modes = ", ".join(sorted({mode for _, mode in self.found})) or "nothing yet: call try_all first"
            raise ValueError(f"no component was replaced by “{mode}”. Tried: {modes}.")
        return torch.stack([self.found[part, mode].kl for part in parts])

    def harm(self, mode: str) -> dict[Component, Estimate]:
        """KL from the untouched model, nats a token, over rows of text."""
        return {part: over_rows(self.found[part, mode].kl) for part in self.tried(mode)}

    def loss(self, mode: str) -> Estimate:
        """Rise of the loss, nats a token, average of components."""
        return over_rows(torch.stack([self.found[part, mode].loss for part in self.tried(mode)]).mean(0))

    def worst(self, *modes: str) -> dict[str, int]:
        """In how many components each of `modes` does the most harm of them."""
        harm = torch.stack([self.kl(mode).mean(1) for mode in modes])
        return {mode: int((harm.argmax(0) == i).sum()) for i, mode in enumerate(modes)}

    def log_ratios(self, one: str, other: str, parts: Sequence[Component] | None = None) -> Float[Tensor, "part row"]:
        """Natural logarithm of how many times the KL of `other` that of `one` is."""
        parts = parts or self.tried(one, other)
        return (self.kl(one, parts).clamp(min=LEAST) / self.kl(other, parts).clamp(min=LEAST)).log()

    def ratio(self, one: str, other: str, parts: Sequence[Component] | None = None) -> Estimate:
        """The same logarithm, average of components, over rows."""
        return over_rows(self.log_ratios(one, other, parts).mean(0))

    def agreement(self, one: str, other: str, parts: Sequence[Component] | None = None) -> Float[Tensor, " row"]:
        """Do two replacements put the components in the same order? Spearman's correlation of their KL, row by row."""
        parts = parts or self.tried(one, other)
        return rank_correlations(self.kl(one, parts), self.kl(other, parts))

    def of_constant(self) -> Float[Tensor, " row"]:
        """Harm of the mean gone, over that and the harm of the variation gone; average of components."""
        constant, varying = self.kl("mean gone"), self.kl("mean")
        return (constant / (constant + varying).clamp(min=LEAST)).mean(0)

    def foretold(self) -> Float[Tensor, " row"]:
        """Rank correlation of `share` with how many times the mean's harm that of zero is."""
        known = torch.tensor([self.share(part) for part in self.parts])
        return rank_correlations(known[:, None].expand(-1, self.rows), self.log_ratios("zero", "mean"))


def over_rows(values: Float[Tensor, " row"]) -> Estimate:
    """The mean of one value for each row of text."""
    return over(values.tolist(), UNIT)


def rank_correlations(a: Float[Tensor, "part row"], b: Float[Tensor, "part row"]) -> Float[Tensor, " row"]:
    """Spearman's correlation over the components, for each row."""
    return torch.tensor([spearmanr(x, y).statistic for x, y in zip(a.T, b.T, strict=True)])
