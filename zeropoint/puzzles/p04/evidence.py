"""What recorded runs say: differences paired by seed, comparisons at equal loss or equal step, attacks on the lead.

Takes the frames of `grid.read()`. A run that is not recorded gives an empty series or an estimate that was not measured,
never an error.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from jaxtyping import Int
from torch import Tensor

from zeropoint.claims import NOT_MEASURED, Estimate, over
from zeropoint.tiny import grid
from zeropoint.tiny.gradients import gradients, imbalance
from zeropoint.tiny.shape import TinyLM

LEARNING_RATES = ("lr=0.001", "base", "lr=0.004")  # AdamW at β₂ 0.95
FAST_COUPLED = "lr=0.008 optimizer=coupled-adam"  # whose rows move as far in an update as AdamW's at the base


def label(runs: pd.DataFrame) -> str:
    """What every figure and claim of the recorded runs is marked with."""
    return f"tiny models, recorded grid ({len(runs)} of {len(list(grid.plan()))} runs)"


def by_seed(runs: pd.DataFrame, run: str, column: str = "mean_cosine") -> pd.Series:
    """One number a seed of a recorded run; empty if it is not recorded."""
    return runs[runs.run == run].set_index("seed")[column]


def level(runs: pd.DataFrame, run: str) -> Estimate:
    """A run's mean cosine over the seeds."""
    return over(by_seed(runs, run), "seeds")


def difference(runs: pd.DataFrame, at: str, to: str, column: str = "mean_cosine") -> pd.Series:
    """By seed: `column` of run `to` less that of run `at`; a seed draws the same batches for both."""
    return by_seed(runs, to, column) - by_seed(runs, at, column)


def effect(runs: pd.DataFrame, at: str, to: str, column: str = "mean_cosine") -> Estimate:
    """`difference` over the seeds."""
    return over(difference(runs, at, to, column), "seeds")


def share_of_beta2(runs: pd.DataFrame, at: str, to: str) -> Estimate:
    """How much `to` raises the mean cosine over `at`, as a share of what β₂ 0.95 does over 0.999 at the base."""
    yardstick = effect(runs, "beta2=0.999", "base").value
    return over(difference(runs, at, to) / yardstick, "seeds")


def share_gone(runs: pd.DataFrame, run: str) -> Estimate:
    """How much of the base's mean cosine `run` has lost: 1 if all of it."""
    return over(-difference(runs, "base", run) / level(runs, "base").value, "seeds")


def table(estimates: Mapping[str, Estimate]) -> pd.DataFrame:
    """Estimates for people, a line each: mean, ± 95 %, seeds."""
    lines = {name: (e.value, e.half_width, e.n) for name, e in estimates.items()}
    return pd.DataFrame.from_dict(lines, orient="index", columns=["mean", "± 95 %", "seeds"])


# --- matched comparisons -------------------------------------------------------------------------------------------


def at_matched_loss(rows: pd.DataFrame, a: str, b: str) -> pd.Series:
    """By seed: mean cosine of run `b` less that of `a`, each where its held-out loss passes the worse of the two last ones.

    Linear between watched steps. NaN where a run is missing.
    """
    whole = rows[(rows.matrix == "input") & (rows.group == "all")].sort_values("step")

    def at(run: pd.DataFrame, loss: float) -> float:
        best = run.held_out_loss.cummin()  # a loss that rises for a while is passed at its first time
        return float(np.interp(-loss, -best, run.mean_cosine))

    out = {}
    for seed in sorted(whole.seed.unique()):
        one, two = (whole[(whole.run == name) & (whole.seed == seed)] for name in (a, b))
        if len(one) and len(two):
            loss = max(one.held_out_loss.min(), two.held_out_loss.min())
            out[seed] = at(two, loss) - at(one, loss)
    return pd.Series(out, dtype=float)


def at_matched_update(runs: pd.DataFrame, sweep: Sequence[str], run: str) -> pd.Series:
    """By seed: mean cosine of `run` less that of the `sweep` (one optimiser, several learning rates) at its update length.

    Interpolated in log length; NaN outside of what the sweep reached, for nothing is extrapolated.
    """
    out = {}
    for seed, target in runs[runs.run == run].set_index("seed").iterrows():
        curve = runs[runs.run.isin(sweep) & (runs.seed == seed)].sort_values("update_length")
        if len(curve) > 1:
            x, y = np.log(curve.update_length), curve.mean_cosine
            out[seed] = target.mean_cosine - np.interp(np.log(target.update_length), x, y, left=np.nan, right=np.nan)
    return pd.Series(out, dtype=float)


# --- attacks on the lead -------------------------------------------------------------------------------------------

ATTACKS = {
    "as it is": "base",
    "other half of the files": "text=second half",
    "width 128": "d_model=128",
    "four times as long": "steps=2400 warmup=240",
    "constant learning rate": "final_lr=1",
    "half the learning rate": "lr=0.001",
    "twice the learning rate": "lr=0.004",
    "a tenth of the decay": "weight_decay=0.01",
    "64 tokens a step": "batch=1",
    "2,048 tokens a step": "batch=32",
    "8,192 tokens a step, vocabulary 1,024": "d_vocab=1024 batch=128",
}


def slower(runs: pd.DataFrame, run: str) -> str:
    """The recorded run that differs from `run` in its β₂ of 0.999 alone; empty if there is none."""
    wanted = {*run.split(), "beta2=0.999"} - {"base"}
    return next((name for name in runs.run.unique() if set(name.split()) == wanted), "")


def attacks(runs: pd.DataFrame, rows: pd.DataFrame) -> dict[str, Estimate]:
    """What β₂ 0.999 does to the mean cosine under each attack; the last three ask it in another way."""
    found = {what: effect(runs, run, slower(runs, run)) for what, run in ATTACKS.items()}
    equal_loss = at_matched_loss(rows, "base", "beta2=0.999")
    equal_length = at_matched_update(runs, LEARNING_RATES, "beta2=0.999")
    found["at equal held-out loss"] = over(equal_loss, "seeds")
    found["at equal update length"] = over(equal_length, "seeds")
    found["untied, output matrix"] = effect(runs, "tied=False", slower(runs, "tied=False"), "output_mean_cosine")
    return found


def weakest(estimates: Mapping[str, Estimate]) -> Estimate:
    """Of changes that should all be below zero, the one least surely so: one without an interval, if there is any."""
    return max(estimates.values(), key=lambda e: np.inf if np.isnan(e.high) else e.high)


# --- the mechanism -------------------------------------------------------------------------------------------------


def balance(model: TinyLM, batch: Int[Tensor, "batch ctx_plus_1"], z_loss: float = 0.0) -> dict[str, float]:
    """‖Σ gradients‖ / Σ ‖gradient‖ over the vocabulary, on either side of a token's row."""
    g = gradients(model, batch, z_loss)
    return {"output side": imbalance(g.output), "input side": imbalance(g.input)}


def whole(rows: pd.DataFrame, run: str, matrix: str = "input") -> pd.DataFrame:
    """What was watched of a run's whole vocabulary, by seed and step."""
    return rows[(rows.run == run) & (rows.matrix == matrix) & (rows.group == "all")].sort_values(["seed", "step"])


def more_while_absent(rows: pd.DataFrame, run: str) -> Estimate:
    """How far all tokens moved along the final mean in updates without them, less how far in updates with them."""
    final = whole(rows, run).groupby("seed").last()
    return over(final.drift_absent - final.drift_present.abs(), "seeds")


def by_frequency(rows: pd.DataFrame, run: str, column: str) -> pd.DataFrame:
    """`column` at the end of a run, [occurrences in the text, the rarest first] × [seed]; tokens that occur, input matrix."""
    last = rows[(rows.run == run) & (rows.step == rows.steps) & (rows.matrix == "input")]
    bins = last[(last.group != "all") & (last.occurrences > 0)]
    return bins.pivot(index="occurrences", columns="seed", values=column)


def forgotten(rows: pd.DataFrame, short: str, long: str) -> Estimate:
    """Root of the second moment of run `short` over that of `long`: the rarest tokens', as a share of the commonest's."""
    quotient = by_frequency(rows, short, "second_moment") / by_frequency(rows, long, "second_moment")
    return over(quotient.iloc[0] / quotient.iloc[-1], "seeds") if len(quotient) else NOT_MEASURED
