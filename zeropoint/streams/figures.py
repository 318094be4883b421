"""Figures over the layers of a model: numbers in, a plotly figure out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from zeropoint import plots
from zeropoint.claims import Estimate

Lines = Mapping[str, Sequence[float | Estimate]]  # by name: one value a layer


def by_layer(
    panels: Mapping[str, Lines],
    title: str,
    y: str | Sequence[str],
    *,
    x: str = "blocks passed",
    at: Sequence | None = None,
    height: int = 440,
) -> plots.go.Figure:
    """One panel for each entry of `panels`; a line of the same name looks alike in all.

    An `Estimate` is drawn with its interval. `at`: the values of x, by default 0, 1, … layers.
    """
    fig = plots.panels(list(panels), horizontal_spacing=0.08)
    look = {name: i for i, name in enumerate(dict.fromkeys(n for lines in panels.values() for n in lines))}
    for column, lines in enumerate(panels.values(), start=1):
        for name, values in lines.items():
            where = range(len(values)) if at is None else at
            drawn = plots.digits([v.value if isinstance(v, Estimate) else v for v in values])
            trace = plots.line(name, where, drawn, look[name], error=_bars(values), mode="lines+markers")
            fig.add_trace(trace, row=1, col=column)
    fig.update_xaxes(type="category" if at is not None and isinstance(at[0], str) else "linear")
    if at is None and len(where) < 8:
        fig.update_xaxes(dtick=1)  # there are no half layers
    return plots.finish(fig, title, x, y, height=height)


def _bars(values: Sequence[float | Estimate]) -> list[float] | None:
    """Half-widths of the intervals, None where no value has one."""
    bars = [v.half_width if isinstance(v, Estimate) else 0.0 for v in values]
    return plots.digits(bars) if any(bars) else None
