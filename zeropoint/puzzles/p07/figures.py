"""07's pictures: many interventions at many places; tiny models as they learn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from zeropoint import plots
from zeropoint.claims import Estimate

SYMBOLS = ("circle", "diamond", "square", "triangle-up", "x", "cross")


def dots(harm: Mapping[str, Mapping[tuple[str, str], Estimate]], title: str, x: str, y: str) -> plots.go.Figure:
    """A panel for each model; `harm` by model, then by (place, change). A change has the same mark in all, y is logarithmic.

    Marks of one place stand side by side, in the order of the changes.
    """
    fig = plots.panels(list(harm), shared_yaxes=True)
    for column, found in enumerate(harm.values(), start=1):
        places = list(dict.fromkeys(place for place, _ in found))
        changes = list(dict.fromkeys(change for _, change in found))
        for i, change in enumerate(changes):
            beside = (i - (len(changes) - 1) / 2) * 0.12
            where = [k + beside for k in range(len(places))]
            estimates = [found[place, change] for place in places]
            values = plots.digits([e.value for e in estimates])
            bars = plots.digits([e.half_width for e in estimates])
            marks = plots.line(change, where, values, i, error=bars, mode="markers", marker_size=8)
            marks.marker.symbol = SYMBOLS[i % len(SYMBOLS)]
            fig.add_trace(marks, row=1, col=column)
        fig.update_xaxes(tickvals=list(range(len(places))), ticktext=places, row=1, col=column)
    fig.update_yaxes(type="log")
    return plots.finish(fig, title, x, [y] + [""] * (len(harm) - 1), height=500)


def courses(
    runs: pd.DataFrame,
    kinds: Mapping[str, str],
    quantities: Mapping[str, str],
    title: str,
    x: str,
    y: str | Sequence[str],
) -> plots.go.Figure:
    """A panel for each of `quantities` (column: title), over steps; one line a seed, and all seeds of a kind look alike.

    `runs` is indexed by norm, seed and step, as `norms.above_the_embedding` has it; `kinds` names the norms.
    """
    fig = plots.panels(list(quantities.values()), horizontal_spacing=0.08)
    for column, quantity in enumerate(quantities, start=1):
        for i, (kind, name) in enumerate(kinds.items()):
            for _, course in runs[quantity][kind].dropna().groupby("seed"):
                steps = [str(step) for step in course.index.get_level_values("step")]
                line = plots.line(name, steps, plots.digits(course), i, mode="lines+markers", marker_size=5)
                fig.add_trace(line, row=1, col=column)
    fig.update_xaxes(type="category")
    return plots.finish(fig, title, x, y, height=440)
