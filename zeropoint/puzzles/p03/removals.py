"""What is left of the mean when one part of a tiny model is taken away: the grid's recorded runs, as notebook 03 reads them.

Works on a grid that is not complete: a part not recorded yet has no numbers, and its verdict says so.
"""

from __future__ import annotations

import math

import pandas as pd

from zeropoint.claims import over
from zeropoint.tiny import grid

NEEDED_BELOW = 0.5  # a part is needed if less than this share of the mean cosine is left without it

# Part taken away → the grid's run, and the column that holds the matrix to look at.
RUNS = {
    "LayerNorm": ("norm=none", "mean_cosine"),
    "positions": ("positions=False", "mean_cosine"),
    "biases": ("biases=False", "mean_cosine"),
    "tying": ("tied=False", "mean_cosine"),
    "tying (output matrix)": ("tied=False", "output_mean_cosine"),
    "order of the text": ("text=shuffled", "mean_cosine"),
    "unequal frequencies": ("text=level", "mean_cosine"),
    "Adam's second moment by token": ("optimizer=coupled-adam", "mean_cosine"),
}


def without(runs: pd.DataFrame) -> pd.DataFrame:
    """Mean cosine at the end by seed: a column for each part taken away, and "nothing" for the unchanged model."""
    by = runs.set_index(["run", "seed"])
    there = by.index.get_level_values("run")
    columns = {"nothing": ("base", "mean_cosine")} | RUNS
    return pd.DataFrame(
        {part: by.loc[run][column] if run in there else None for part, (run, column) in columns.items()},
        index=by.loc["base"].index,
        dtype=float,
    )


def left(table: pd.DataFrame) -> pd.DataFrame:
    """Share of the unchanged model's mean cosine that is left, paired by seed: mean, ± 95 %, seeds."""
    return summarise(table.drop(columns="nothing").div(table["nothing"], axis=0))


def summarise(by_seed: pd.DataFrame) -> pd.DataFrame:
    """Columns measured once a seed → mean, ± 95 %, seeds."""
    found = {part: over(values, "seeds") for part, values in by_seed.items()}
    lines = {part: (e.value, e.half_width, 0 if math.isnan(e.value) else e.n) for part, e in found.items()}
    return pd.DataFrame.from_dict(lines, orient="index", columns=["mean", "± 95 %", "seeds"])


def verdict(share: float, half_width: float, seeds: float) -> str:
    """One line: needed, not needed, open (the interval holds the threshold), or not recorded yet."""
    if not seeds:
        return "not recorded yet"
    interval = "" if math.isnan(half_width) else f" ± {half_width:.2f}"
    word = "needed" if share < NEEDED_BELOW else "not needed"
    if abs(share - NEEDED_BELOW) < half_width:
        word = "open"
    return f"{word}: {share:.2f}{interval} is left, seeds: {seeds:.0f}"


def untied(rows: pd.DataFrame, often: int = 1000) -> dict[str, float]:
    """Of the untied runs: of input rows whose tokens occur `often` or more, how much longer than at the start they became
    and their mean cosine within a frequency bin; of output rows whose tokens never occur, the cosine with the mean.
    """
    last = rows[(rows.run == "tied=False") & (rows.step == rows.steps) & (rows.group != "all")]
    seen = last[(last.matrix == "input") & (last.occurrences >= often)]
    never = last[(last.matrix == "output") & (last.occurrences == 0)]
    if seen.empty or never.empty:
        return {}
    initial = grid.BASE["init_std"] * grid.BASE["d_model"] ** 0.5

    def average(column: str) -> float:
        return (seen[column] * seen.tokens_in_group).sum() / seen.tokens_in_group.sum()

    return {
        "grew by": average("mean_row_norm") / initial,
        "mean cosine": average("mean_cosine"),
        "never seen, with the mean": never.median_cosine_with_mean.mean(),
    }
