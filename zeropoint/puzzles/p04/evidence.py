"""What recorded runs say: differences paired by seed, in words, and whether curves fall onto one another.

Takes the frames of `grid.read()`. A run that is not recorded gives NaN and "not recorded", never an error.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from zeropoint.tiny import grid

ENOUGH = 3  # seeds: an interval from two is arithmetic, not evidence

# What the state of a token could depend on: (bins) → a number for each, to be compared on a log scale.
ABSCISSAE = {
    "frequency": lambda b: b.occurrences / b.text_tokens,
    "occurrences in one update": lambda b: b.occurrences / b.text_tokens * b.batch * b.ctx,
    "occurrences in the whole run": lambda b: b.occurrences / b.text_tokens * b.batch * b.ctx * b.steps,
    "occurrences in Adam's window": grid.seen_in_window,
}


def one_factor(runs: pd.DataFrame) -> list[str]:
    """Recorded runs that differ from the base in one setting."""
    return [name for name in runs.run.unique() if name.count("=") == 1]


def contrasts(
    runs: pd.DataFrame, pairs: Mapping[str, tuple[str, str]], column: str = "mean_cosine", factor: float = 1.0
) -> pd.DataFrame:
    """For each (from, to): `column` of `to` less that of `from`, paired by seed: mean, ± 95 %, seeds."""
    table = runs.pivot(index="seed", columns="run", values=column)
    missing = pd.Series(np.nan, table.index)
    return grid.summarise(
        pd.DataFrame({n: factor * (table.get(to, missing) - table.get(at, missing)) for n, (at, to) in pairs.items()})
    )


def clear(row: pd.Series) -> bool:
    """Are there seeds enough, and does the interval leave out 0?"""
    return row["seeds"] >= ENOUGH and abs(row["mean"]) > row["± 95 %"]


def said(row: pd.Series) -> str:
    """`+0.123 ± 0.045 (3 seeds)`"""
    if not row["seeds"]:
        return "not recorded"
    if row["seeds"] == 1:
        return f"{row['mean']:+.3f} (1 seed, no interval)"
    return f"{row['mean']:+.3f} ± {row['± 95 %']:.3f} ({row['seeds']:.0f} seeds)"


def verdict(row: pd.Series, needed: float) -> str:
    """Could this be the main cause of a difference `needed`? Killed: surely less than half of it, or the other way.

    kept: surely half of it or more; open: neither, or too few seeds.
    """
    towards, half = math.copysign(1, needed) * row["mean"], row["± 95 %"]
    word = "open"
    if row["seeds"] >= ENOUGH:
        word = "killed" if towards + half < abs(needed) / 2 else "kept" if towards - half > abs(needed) / 2 else "open"
    return f"{word}: {said(row)}"


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


def at_matched_update(runs: pd.DataFrame, sweep: Sequence[str], run: str, column: str = "mean_cosine") -> pd.Series:
    """By seed: `column` of `run` less that of the `sweep` (one optimiser, several learning rates) at its update length.

    Interpolated in log length; NaN outside of what the sweep reached, for nothing is extrapolated.
    """
    out = {}
    for seed, target in runs[runs.run == run].set_index("seed").iterrows():
        curve = runs[runs.run.isin(sweep) & (runs.seed == seed)].sort_values("update_length")
        if len(curve) > 1:
            x, y = np.log(curve.update_length), curve[column]
            out[seed] = target[column] - np.interp(np.log(target.update_length), x, y, left=np.nan, right=np.nan)
    return pd.Series(out, dtype=float)


# --- the collapse --------------------------------------------------------------------------------------------------


def frequency_bins(rows: pd.DataFrame) -> pd.DataFrame:
    """One line a run and frequency bin at the end of training, averaged over seeds; bins that never occur are left out.

    Columns of the settings; occurrences, `y` (median cosine with the mean), `sd` (over seeds), `seeds`.
    """
    last = rows[(rows.step == rows.steps) & (rows.group != "all") & (rows.matrix == "input") & (rows.occurrences > 0)]
    keys = [
        "run",
        "group",
        "d_vocab",
        "batch",
        "ctx",
        "steps",
        "beta2",
        "text_tokens",
        "occurrences",
        "tokens_in_group",
    ]
    by = last.groupby(keys, sort=False).median_cosine_with_mean
    out = by.agg(y="mean", sd="std", seeds="count").reset_index()
    return out.sort_values(["run", "occurrences"], ignore_index=True)


def from_others(bins: pd.DataFrame, x: pd.Series, targets: Sequence[str], others: Sequence[str]) -> pd.Series:
    """For bins of `targets`: the mean of the curves of `others` (never the own one) at the same x; NaN out of their range.

    `x`: one positive number a line of `bins`. Curves are linear in log x.
    """
    logs = np.log(x)
    curves = {name: (logs[part.index], part.y) for name, part in bins[bins.run.isin(others)].groupby("run")}
    out = pd.Series(np.nan, bins.index)
    for name in targets:
        here = bins.index[bins.run == name]
        at = [
            np.interp(logs[here], cx, cy, left=np.nan, right=np.nan)
            for n, (cx, cy) in curves.items()
            if n != name and len(cx) > 1
        ]
        if at and len(here):
            at = pd.DataFrame(at)
            out[here] = at.mean().to_numpy()
    return out[bins.run.isin(targets)]


def rms(bins: pd.DataFrame, x: pd.Series, runs: Sequence[str]) -> float:
    """How badly the other runs' curves over `x` predict a run's: root of the mean square over the bins that they reach."""
    return float(((from_others(bins, x, runs, runs) - bins.y[bins.run.isin(runs)]) ** 2).mean() ** 0.5)


def miss(bins: pd.DataFrame, runs: Sequence[str]) -> pd.DataFrame:
    """How badly the other runs' curves predict a run's: rms over bins, by abscissa, on the bins that all of them reach.

    Beside them two yardsticks: knowing nothing (the mean of all others), and the seeds' own scatter.
    """
    bins = bins[bins.run.isin(runs)]
    guesses = pd.DataFrame({n: from_others(bins, f(bins), runs, runs) for n, f in ABSCISSAE.items()})
    reached = guesses.notna().all(axis=1)
    guesses["nothing"] = [bins.y[bins.run != run].mean() for run in bins.run]
    wrong = guesses[reached].sub(bins.y[reached], axis=0)
    out = pd.DataFrame({"rms miss": (wrong**2).mean() ** 0.5, "bins": int(reached.sum())})
    out.loc["(the seeds' own scatter)"] = [
        (bins.sd[reached] ** 2).mean() ** 0.5,
        int((reached & bins.sd.notna()).sum()),
    ]
    return out
