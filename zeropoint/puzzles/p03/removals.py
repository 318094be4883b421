"""What is left of the mean when one part of a tiny model is taken away: the grid's recorded runs, as notebook 03 reads them.

Works on a grid that is not complete: of a part not recorded yet the estimate is `NOT_MEASURED`.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from zeropoint import plots
from zeropoint.claims import NOT_MEASURED, Estimate, over
from zeropoint.tiny import grid

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
ARCHITECTURE = ("LayerNorm", "positions", "biases", "tying")


def cosines(runs: pd.DataFrame, part: str | None = None) -> pd.Series:
    """Mean cosine at the end without a part, by seed; of the unchanged model without `part`. Empty if not recorded."""
    run, column = RUNS[part] if part else ("base", "mean_cosine")
    return runs[runs.run == run].set_index("seed")[column].dropna()


def share(runs: pd.DataFrame, part: str) -> Estimate:
    """What is left of the unchanged model's mean cosine without a part, each run over that of its own seed."""
    return over(cosines(runs, part).div(cosines(runs)), "seeds")


def figure(shares: Mapping[str, Estimate], title: str) -> plots.go.Figure:
    """A dot with its interval for each part, from the top; a dotted line where nothing is taken away."""
    shown = {part: e for part, e in reversed(shares.items()) if e != NOT_MEASURED}
    fig = plots.go.Figure()
    fig.add_scatter(
        x=plots.digits([e.value for e in shown.values()]),
        y=[f"without {part}" for part in shown],
        error_x=dict(type="data", array=plots.digits([e.half_width for e in shown.values()])),
        mode="markers",
        marker=dict(size=10, color=plots.INKS[1]),
        showlegend=False,
    )
    fig.add_vline(x=1, line_dash="dot")
    return plots.finish(fig, title, "mean cosine, in units of the unchanged model's", "part taken away")


def table(runs: pd.DataFrame, shares: Mapping[str, Estimate]) -> pd.DataFrame:
    """The figure's numbers: mean cosine at the end, averaged over seeds; what is left of the unchanged model's; ± 95 %."""
    found = {"unchanged": (cosines(runs).mean(), 1.0, 0.0)}
    for part, left in shares.items():
        if left != NOT_MEASURED:
            found[f"without {part}"] = (cosines(runs, part).mean(), left.value, left.half_width)
    return pd.DataFrame(found, ["mean cosine", "left", "±"]).T


def untied(rows: pd.DataFrame, often: int = 1000) -> dict[str, Estimate]:
    """Of the untied runs, seed by seed.

    Of input rows whose tokens occur `often` or more: `grew`, how many times longer than at the start they became, and
    `cosine`, their mean cosine within a frequency bin as a share of the tied model's over the whole vocabulary. Of output
    rows whose tokens never occur: `never`, the cosine with the mean.
    """
    at_end = rows[(rows.step == rows.steps)]
    tied = at_end[(at_end.run == "base") & (at_end.group == "all")].set_index("seed").mean_cosine
    bins = at_end[(at_end.run == "tied=False") & (at_end.group != "all")]
    seen = bins[(bins.matrix == "input") & (bins.occurrences >= often)]
    never = bins[(bins.matrix == "output") & (bins.occurrences == 0)]
    if seen.empty or never.empty:
        return dict.fromkeys(("grew", "cosine", "never"), NOT_MEASURED)
    initial = grid.BASE["init_std"] * grid.BASE["d_model"] ** 0.5
    return {
        "grew": over(_weighted(seen, "mean_row_norm") / initial, "seeds"),
        "cosine": over(_weighted(seen, "mean_cosine") / tied, "seeds"),
        "never": over(never.groupby("seed").median_cosine_with_mean.mean(), "seeds"),
    }


def _weighted(rows: pd.DataFrame, column: str) -> pd.Series:
    """By seed, the average over bins, each with the number of its tokens."""
    total = (rows[column] * rows.tokens_in_group).groupby(rows.seed).sum()
    return total / rows.groupby("seed").tokens_in_group.sum()
