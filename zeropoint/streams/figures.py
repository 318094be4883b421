"""Figures over the layers of a model: numbers in, a plotly figure out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from zeropoint import plots

Lines = Mapping[str, Sequence[float]]  # by name: one value a layer


def by_layer(
    panels: Mapping[str, Lines],
    title: str,
    y: str | Sequence[str],
    *,
    error: Mapping[str, Lines] | None = None,
    x: str = "blocks passed",
    at: Sequence | None = None,
    height: int = 440,
) -> plots.go.Figure:
    """One panel for each entry of `panels`; a line of the same name looks alike in all. `error` (±) is nested alike.

    `at`: the values of x, by default 0, 1, … layers.
    """
    fig = plots.panels(list(panels), horizontal_spacing=0.08)
    look = {name: i for i, name in enumerate(dict.fromkeys(n for lines in panels.values() for n in lines))}
    for column, (panel, lines) in enumerate(panels.items(), start=1):
        for name, values in lines.items():
            bars = (error or {}).get(panel, {}).get(name)
            where = range(len(values)) if at is None else at
            fig.add_trace(
                plots.line(name, where, plots.digits(values), look[name], error=bars, mode="lines+markers"),
                row=1,
                col=column,
            )
    fig.update_xaxes(type="category" if at is not None and isinstance(at[0], str) else "linear")
    if at is None and len(where) < 8:
        fig.update_xaxes(dtick=1)  # there are no half layers
    return plots.finish(fig, title, x, y, height=height)
