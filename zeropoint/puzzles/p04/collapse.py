"""Does a token's cosine with the mean depend on one number alone? Each setting's curve, predicted from all the others'.

The lead's number is N: how often the token is expected within the reach of Adam's second moment.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from zeropoint.claims import Estimate, exact

FACTORS = {"base", "beta2", "batch", "steps", "warmup"}
SCATTER = "(the seeds' own scatter)"


def window(rows: pd.DataFrame) -> pd.Series:
    """Updates within the reach of Adam's second moment at the end of a run: 1 / (1 − β₂), or fewer in a shorter run."""
    return (1 - rows.beta2**rows.steps) / (1 - rows.beta2)


def seen_in_window(rows: pd.DataFrame) -> pd.Series:
    """N: expected occurrences of a bin's tokens within that reach, frequency × tokens per step × window."""
    return rows.occurrences / rows.text_tokens * rows.batch * rows.ctx * window(rows)


# What the state of a token could depend on: (bins) → a number for each, to be compared on a log scale.
ABSCISSAE = {
    "frequency": lambda b: b.occurrences / b.text_tokens,
    "occurrences in one update": lambda b: b.occurrences / b.text_tokens * b.batch * b.ctx,
    "occurrences in the whole run": lambda b: b.occurrences / b.text_tokens * b.batch * b.ctx * b.steps,
    "occurrences in Adam's window": seen_in_window,
}


def frequency_bins(rows: pd.DataFrame) -> pd.DataFrame:
    """One line a run and frequency bin at the end of training, averaged over seeds; bins that never occur are left out.

    Columns of the settings; occurrences, `y` (median cosine with the mean), `sd` (over seeds), `seeds`.
    """
    last = rows[(rows.step == rows.steps) & (rows.group != "all") & (rows.matrix == "input") & (rows.occurrences > 0)]
    settings = ["run", "group", "d_vocab", "batch", "ctx", "steps", "beta2"]
    text = ["text_tokens", "occurrences", "tokens_in_group"]
    by = last.groupby(settings + text, sort=False).median_cosine_with_mean
    out = by.agg(y="mean", sd="std", seeds="count").reset_index()
    return out.sort_values(["run", "occurrences"], ignore_index=True)


def swept(bins: pd.DataFrame) -> list[str]:
    """Runs that differ from the base only in β₂, tokens a step and length."""
    return [run for run in bins.run.unique() if {word.split("=")[0] for word in run.split()} <= FACTORS]


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
            out[here] = pd.DataFrame(at).mean().to_numpy()
    return out[bins.run.isin(targets)]


def misses(bins: pd.DataFrame, x: pd.Series, runs: Sequence[str]) -> pd.Series:
    """By bin of `runs`: what the other runs' curves over `x` say, less what was measured."""
    return from_others(bins, x, runs, runs) - bins.y[bins.run.isin(runs)]


def rms(bins: pd.DataFrame, x: pd.Series, runs: Sequence[str]) -> float:
    """Root of the mean square of `misses` over the bins that the other curves reach."""
    return float((misses(bins, x, runs) ** 2).mean() ** 0.5)


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
    with_sd = reached & bins.sd.notna()
    out.loc[SCATTER] = [(bins.sd[reached] ** 2).mean() ** 0.5, int(with_sd.sum())]
    return out


def compared(missed: pd.DataFrame) -> tuple[Estimate, Estimate]:
    """The miss over N of a table by `miss`: in units of the seeds' own scatter, and as a share of that over frequency."""
    rms_miss = missed["rms miss"]
    over_N = rms_miss["occurrences in Adam's window"]
    return exact(over_N / rms_miss[SCATTER]), exact(over_N / rms_miss["frequency"])


def powers(bins: pd.DataFrame, runs: Sequence[str]) -> pd.DataFrame:
    """rms miss over frequency × (tokens per step)ᵃ × windowᵇ, [a] × [b]: a description found afterwards, not a test."""
    kept = bins[bins.run.isin(runs)]
    steps = np.arange(0, 1.1, 0.25)
    table = {
        b: {a: rms(kept, kept.occurrences * kept.batch**a * window(kept) ** b, runs) for a in steps} for b in steps
    }
    return pd.DataFrame(table).rename_axis("a \\ b")
