"""What the recorded runs say of kind, product and split, and the same numbers of a loaded model.

Every logit of a position holds the same number, h·μ (h its last hidden state, μ the mean output row):
log Z = h·μ + log Σᵥ exp(h·(wᵥ − μ)). The *kind* of a mean is what centring leaves: see `geometry.kind_of_mean`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd
import torch
from jaxtyping import Float, Int
from torch import Tensor

from zeropoint.claims import NOT_MEASURED, Estimate, exact, over
from zeropoint.geometry import KindOfMean, kind_of_mean, mean, norms, with_direction
from zeropoint.models import LoadedModel, load_embedding
from zeropoint.models.hub import HubError
from zeropoint.puzzles.p04 import claims
from zeropoint.tiny import grid

SHORT = {  # columns of the recorded runs, in the words of the notebook
    "mean_cosine": "mean cosine",
    "spread_of_parts": "parts' spread",
    "mean_abs_cosine_centred": "mean |cos| centred",
    "dimension_centred": "dimensions centred",
    "log_Z": "log Z",
    "h_dot_mean": "h·μ",
    "hidden_along_mean": "h along μ",
    "norm_of_mean": "‖μ‖",
    "held_out_loss": "loss",
}

KINDS = (  # columns of `kinds_of`
    "model", "matrix", "source", "share_of_norm", "mean_cosine", "mean_abs_cosine_centred", "dimension_centred",
    "spread_of_parts", "share_along_mean", "problem",
)  # fmt: skip
NOT_LOOKED_AT = "not looked at in this run"
PARTS = {"push_cross_entropy": "cross-entropy", "push_z_loss": "z-loss", "push_decay": "decay"}

# --- recorded runs -------------------------------------------------------------------------------------------------


def read() -> pd.DataFrame:
    """The runs of the plan "normaliser"; what is said of a matrix is said of the output's, where the two are not one."""
    runs, _ = grid.read("normaliser")
    untied = ~runs.tied
    for measure in grid.MATRIX:
        runs.loc[untied, measure] = runs.loc[untied, f"output_{measure}"]
    return runs


def label(runs: pd.DataFrame) -> str:
    """What every figure and claim of these runs is marked with."""
    return f"tiny models, second grid ({len(runs)} runs)"


def name(setting: grid.Setting) -> str:
    """The name under which a change of the second grid's base is recorded."""
    return grid.name_of(grid.LONG | setting)


# A setting in words, where its name would say less.
WORDS = {
    "z_loss=0.1": "", "z_loss=0.01": "z-loss 0.01", "z_loss=0.001": "", "z_target=-50": "", "steps=4000": "",
    "beta2=0.999": "β₂ 0.999", "batch=16": "1,024 tokens a step", "steps=600": "", "steps=2000": "",
    "final_norm_lr=10": "last LayerNorm × 10", "final_norm_lr=30": "last LayerNorm × 30", "weight_decay=0": "no decay",
    "embedding_decay=30": "embedding's decay × 30", "dropout=0.1": "dropout 0.1", "text=shuffled": "words shuffled",
    "bias_correction=False": "no bias correction", "positions=False": "no positions", "norm=post": "LayerNorm after",
    "window=16": "local attention", "biases=False": "no biases", "init_std=0.005": "a quarter of the initial scale",
    "tied=False": "untied", "embedding_lr=3": "embedding × 3", "final_gain=False": "last gain and bias gone",
    "norm=none": "no LayerNorm", "init_std=0.25": "", "embedding_lr=0.05": "", "z_target=-40": "log Z −40",
}  # fmt: skip


def words(setting: grid.Setting) -> str:
    """What a setting changes, for people; z-loss and target left out where they are the usual ones."""
    said = [WORDS.get(part, part) for part in grid.name_of(setting).split()]
    return ", ".join(filter(None, said)) or "base"


def by_seed(runs: pd.DataFrame, setting: grid.Setting, column: str) -> pd.Series:
    """One number a seed; empty if the setting is not recorded. The order of the changes does not count."""
    return runs[recorded(runs, setting)].set_index("seed")[column]


def recorded(runs: pd.DataFrame, setting: grid.Setting) -> pd.Series:
    """Which lines are of `setting`."""
    wanted = set(name(setting).split())
    return runs.run.map(lambda run: set(run.split()) == wanted).astype(bool)


def level(runs: pd.DataFrame, setting: grid.Setting, column: str) -> Estimate:
    """`column` of a setting over its seeds."""
    return over(by_seed(runs, setting, column), "seeds")


def change(runs: pd.DataFrame, at: grid.Setting, to: grid.Setting, column: str) -> Estimate:
    """`column` with setting `to` less that with `at`, paired by seed."""
    return over(by_seed(runs, to, column) - by_seed(runs, at, column), "seeds")


def share(runs: pd.DataFrame, none: grid.Setting, all: grid.Setting, some: grid.Setting, column: str) -> Estimate:
    """How much of the way from `none` to `all` the setting `some` goes, by seed: 0 none of it, 1 all of it."""
    ends = [by_seed(runs, setting, column) for setting in (none, all, some)]
    return over((ends[2] - ends[0]) / (ends[1] - ends[0]), "seeds")


def table(runs: pd.DataFrame, settings: Mapping[str, grid.Setting], columns: Iterable[str] = SHORT) -> pd.DataFrame:
    """[name of the setting] × [measure], means over the seeds; settings that are not recorded are left out."""
    rows = {what: [level(runs, setting, c).value for c in columns] for what, setting in settings.items()}
    return pd.DataFrame.from_dict(rows, orient="index", columns=[SHORT.get(c, c) for c in columns]).dropna(how="all")


def dose_table(runs: pd.DataFrame, families: Mapping[str, Mapping[str, grid.Setting]]) -> pd.DataFrame:
    """[family] × [dose]: the mean cosine ± 95 %, and how many of GPT-Neo's published numbers are met; "" if not recorded."""
    table = {}
    for family, settings in families.items():
        table[family] = {}
        for dose, setting in settings.items():
            numbers = four(runs, setting)
            table[family][dose] = "" if math.isnan(numbers["cosine"].value) else _cosine_and_met(numbers)
    return pd.DataFrame.from_dict(table, orient="index")


def _cosine_and_met(numbers: Mapping[str, Estimate]) -> str:
    met = [rule.verdict(numbers[name]) == "holds" for name, rule in claims.LIKE_NEO.rules.items()]
    cosine = numbers["cosine"]
    return f"{cosine.value:.3f} ± {cosine.half_width:.1g}, {sum(met)} of {len(met)}"


def all_numbers(runs: pd.DataFrame, families: Mapping[str, Mapping[str, grid.Setting]]) -> pd.DataFrame:
    """[family, dose] × [measure]: mean ± 95 % of each; recorded settings only."""
    lines = {}
    for family, settings in families.items():
        for dose, setting in settings.items():
            if recorded(runs, setting).any():
                levels = [level(runs, setting, column) for column in SHORT]
                lines[family, dose] = [f"{e.value:.3g} ± {e.half_width:.1g}" for e in levels]
    return pd.DataFrame.from_dict(lines, orient="index", columns=list(SHORT.values()))


def ratio(runs: pd.DataFrame, at: grid.Setting, to: grid.Setting, column: str) -> Estimate:
    """`column` with setting `to` over that with `at`, by seed."""
    return over(by_seed(runs, to, column) / by_seed(runs, at, column), "seeds")


def split(runs: pd.DataFrame, at: grid.Setting, to: grid.Setting) -> dict[str, Estimate]:
    """How much of the product h·μ went from ‖μ‖ into the hidden states from `at` to `to`, as `claims.SPLIT` asks for it."""
    return dict(hidden=ratio(runs, at, to, "hidden_along_mean"), mean=ratio(runs, at, to, "norm_of_mean"))


def size_beside(
    runs: pd.DataFrame, at: grid.Setting, to: grid.Setting, none: grid.Setting, all: grid.Setting
) -> Estimate:
    """How far `to` moves the mean cosine from `at`, whichever way, as a share of the way from `none` to `all`."""
    yardstick = abs(change(runs, none, all, "mean_cosine").value)
    moved = by_seed(runs, to, "mean_cosine") - by_seed(runs, at, "mean_cosine")
    moved = moved / yardstick
    found = over(moved, "seeds")
    return replace(found, value=abs(found.value))


def four(runs: pd.DataFrame, setting: grid.Setting) -> dict[str, Estimate]:
    """A setting's numbers that are published of GPT-Neo, as `claims.LIKE_NEO` asks for them."""
    columns = dict(cosine="mean_cosine", width="mean_abs_cosine_centred", dimensions="dimension_centred", log_Z="log_Z")
    return {name: level(runs, setting, column) for name, column in columns.items()}


def branch(runs: pd.DataFrame, settings: Mapping[str, grid.Setting]) -> tuple[str, dict[str, Estimate]]:
    """Which of `settings` comes nearest to GPT-2's branch (the smallest mean cosine), and its numbers for `claims`."""
    cosines = {what: level(runs, setting, "mean_cosine") for what, setting in settings.items()}
    measured = {what: cosine for what, cosine in cosines.items() if not math.isnan(cosine.value)}
    if not measured:
        return "not measured", dict(log_Z=NOT_MEASURED, cosine=NOT_MEASURED)
    nearest = min(measured, key=lambda what: measured[what].value)
    return nearest, at_branch(runs, settings[nearest])


def at_branch(runs: pd.DataFrame, setting: grid.Setting) -> dict[str, Estimate]:
    """A setting's numbers as `claims.GPT2_BRANCH` asks for them."""
    return dict(log_Z=level(runs, setting, "log_Z"), cosine=level(runs, setting, "mean_cosine"))


def which_way(change: Estimate) -> str:
    """A change of the spread of the parts along μ in words; "" where it was not measured."""
    if math.isnan(change.value):
        return ""
    if change.low <= 0 <= change.high:
        return "the same"
    return "more of an offset" if change.value < 0 else "more of a ray"


def pushes(runs: pd.DataFrame, settings: Mapping[str, grid.Setting]) -> pd.DataFrame:
    """How far each part of the objective moved μ along where it ended, and ‖μ‖ itself; means over the seeds."""
    found = table(runs, settings, (*grid.PUSHES, "norm_of_mean"))
    return found.rename(columns=PARTS)


def share_of_pushes(runs: pd.DataFrame, setting: grid.Setting) -> Estimate:
    """z-loss' part of all that pushed μ outwards, decay left out."""
    z_loss = by_seed(runs, setting, "push_z_loss")
    return over(z_loss / (z_loss + by_seed(runs, setting, "push_cross_entropy")), "seeds")


def furthest(runs: pd.DataFrame, setting: grid.Setting) -> str:
    """The part of the objective that moved μ furthest; "" where nobody looked."""
    sizes = {part: abs(level(runs, setting, column).value) for column, part in PARTS.items()}
    return "" if any(map(math.isnan, sizes.values())) else max(sizes, key=sizes.get)


def still_moving(rows: pd.DataFrame, setting: grid.Setting, column: str) -> Estimate:
    """How much `column` changed in the last quarter of a setting's runs: were they long enough?"""
    by_step = rows[recorded(rows, setting)].pivot_table(index="seed", columns="step", values=column)
    return over(by_step.iloc[:, -1] - by_step.iloc[:, -2], "seeds") if by_step.shape[1] > 1 else NOT_MEASURED


def e_folds(setting: grid.Setting) -> float:
    """Σ lr·λ over a run: how often decay alone would have divided a weight by e."""
    _, recipe, _ = grid.resolve(grid.LONG | setting)
    return sum(map(recipe.lr_at, range(recipe.steps))) * recipe.weight_decay


# --- loaded models -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Look:
    """One forward pass over a text, at some of its positions."""

    log_Z: Float[Tensor, " positions"]
    h_dot_mean: Float[Tensor, " positions"]
    rest: Float[Tensor, " positions"]  # log Σ exp(h·(w − μ))
    mean_hidden: Float[Tensor, " d_model"]
    mu: Float[Tensor, " d_model"]
    kind: KindOfMean  # of the output rows' mean

    @property
    def miss(self) -> float:
        """The identity's largest miss: rounding, if it is one."""
        return (self.log_Z - self.h_dot_mean - self.rest).abs().max().item()

    def numbers(self) -> dict[str, float]:
        """By the names of the recorded runs, where they have them too."""
        along = (self.mean_hidden @ self.mu / self.mu.norm()).item()
        return dict(
            log_Z=self.log_Z.mean().item(),
            log_Z_spread=self.log_Z.std(correction=0).item(),
            h_dot_mean=self.h_dot_mean.mean().item(),
            hidden_along_mean=along,
            norm_of_mean=self.mu.norm().item(),
            cosine_of_mean_hidden=along / self.mean_hidden.norm().item(),
            spread_of_parts=self.kind.spread_of_parts,
        )


@torch.no_grad()
def look(model: LoadedModel, ids: Int[Tensor, "batch seq"]) -> tuple[Look, Look]:
    """At position 0, and at all later ones. float64 from the last hidden state on.

    ValueError if the logits are more than hidden state times output row: a cap or a bias would be part of log Z.
    """
    W = model.plain.get_output_embeddings().weight.double()
    mu, kind = W.mean(0), kind_of_mean(W.float(), rows=1024)
    hidden, parts = [], []
    for few in ids.split(2):
        h = model.plain.base_model(few).last_hidden_state.double()
        said = model.plain(few[:1]).logits[0, -1].double()
        if not torch.allclose(W @ h[0, -1], said, rtol=1e-3, atol=1e-2):
            raise ValueError(f"{model.label}: a logit is more than h·w here; this look would miss the rest.")
        rest = torch.logsumexp(h @ (W - mu).T, -1)
        hidden.append(h)
        parts.append(torch.stack([torch.logsumexp(h @ W.T, -1), h @ mu, rest]))
    hidden, parts = torch.cat(hidden), torch.cat(parts, dim=1)  # [batch seq d_model], [3 batch seq]
    positions = (slice(0, 1), slice(1, None))
    return tuple(Look(*parts[:, :, at].flatten(1), hidden[:, at].flatten(0, 1).mean(0), mu, kind) for at in positions)


def four_of(look: Look) -> dict[str, Estimate]:
    """A loaded model's numbers that are published of GPT-Neo, as `claims.LIKE_NEO` asks for them."""
    kind, log_Z = look.kind, look.log_Z.mean().item()
    return dict(
        cosine=exact(kind.mean_cosine),
        width=exact(kind.mean_abs_cosine_centred),
        dimensions=exact(kind.dimension_centred),
        log_Z=exact(log_Z),
    )


def of_the_hub(models: Iterable[LoadedModel], looks: Mapping[str, Look]) -> dict[str, tuple[str, Look]]:
    """{name: (label, look)} of the models that came from the hub; a stand-in or a folder is none. `looks`: by label."""
    return {model.found.published_as: (model.label, looks[model.label]) for model in models if model.source == "hub"}


def foretold(
    forecast: claims.Forecast, looked_at: Mapping[str, tuple[str, Look]], found: pd.DataFrame
) -> tuple[str, Estimate]:
    """On what a forecast is tested, and the number that it speaks of: from a look, or from `kinds_of` where it names a matrix.

    Not measured where its model was not looked at.
    """
    if forecast.matrix:
        number = read_off(found, forecast.model, forecast.matrix, forecast.measure)
        if not math.isnan(number.value):
            source = found.source[found.model == forecast.model].iloc[0]
            return f"its {forecast.matrix} matrix, {source}", number
    elif forecast.model in looked_at:
        label, look = looked_at[forecast.model]
        return label, exact(look.numbers()[forecast.measure])
    return NOT_LOOKED_AT, NOT_MEASURED


def kinds_of(names: Sequence[str]) -> pd.DataFrame:
    """Kind and size of the mean of many models, by embedding alone: a line for each matrix; `problem` where it was not read."""
    lines = []
    for name in names:
        about = dict(model=name, source="", problem="")
        try:
            matrices = {"input": load_embedding(name), "output": load_embedding(name, output=True)}
        except (OSError, ValueError, HubError) as error:
            lines.append(about | {"problem": str(error)})
            continue
        if matrices["input"].tensor_name == matrices["output"].tensor_name:
            matrices = {"tied": matrices["input"]}
        for matrix, embedding in matrices.items():
            W = with_direction(embedding.W)
            kind, row_norm = kind_of_mean(W), norms(W).mean()
            share = mean(W).double().norm() / row_norm
            source = f"{embedding.source}{', test double' * embedding.found.is_double}"
            lines.append(about | dict(source=source, matrix=matrix, share_of_norm=share.item()) | vars(kind))
    return pd.DataFrame(lines, columns=KINDS)


def read_off(found: pd.DataFrame, model: str, matrix: str, column: str) -> Estimate:
    """A number of `kinds_of`; not measured where the model was not read. A tied matrix is both input and output."""
    chosen = found[(found.model == model) & found.matrix.isin([matrix, "tied"])]
    return exact(chosen[column].iloc[0]) if len(chosen) else NOT_MEASURED
