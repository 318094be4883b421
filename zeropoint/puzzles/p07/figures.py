"""07's picture of many interventions at many places."""

from __future__ import annotations

from collections.abc import Mapping

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
