"""Figures of 10: numbers in, a plotly figure out."""

from __future__ import annotations

from collections.abc import Mapping

from jaxtyping import Float
from torch import Tensor

from zeropoint import plots
from zeropoint.claims import Estimate

SYMBOLS = ("circle", "diamond-open", "x-thin-open", "square-open", "triangle-up-open", "cross-thin-open")


def scores(
    panels: Mapping[str, Mapping[str, Mapping[str, Estimate]]], title: str, x: str, y: str = "property"
) -> plots.go.Figure:
    """A panel for each model; in it a row for each property, and on it a mark for each of what tries to tell it.

    `panels[model][mark][row]`, with intervals. From −0.1 on; to 1, or half as far where nothing is above 0.5.
    """
    fig = plots.panels(list(panels), shared_yaxes=True, horizontal_spacing=0.06)
    for column, marks in enumerate(panels.values(), start=1):
        for i, (name, rows) in enumerate(marks.items()):
            values, bars = [e.value for e in rows.values()], [e.half_width for e in rows.values()]
            ink = plots.INKS[i % len(plots.INKS)]
            fig.add_trace(
                plots.go.Scatter(
                    x=plots.digits(values), y=list(rows), name=name, legendgroup=name, mode="markers",
                    error_x=dict(type="data", array=plots.digits(bars), thickness=1.2, width=3),
                    marker=dict(symbol=SYMBOLS[i % len(SYMBOLS)], size=11, color=ink, line=dict(width=2, color=ink)),
                ),
                row=1, col=column,
            )  # fmt: skip
    every = [marks for panel in panels.values() for marks in panel.values()]
    end = 1.05 if any(e.value > 0.5 for rows in every for e in rows.values()) else 0.55
    fig.update_xaxes(range=[-0.1, end], zeroline=True)
    fig.update_yaxes(autorange="reversed", showgrid=True)
    height = 230 + 42 * max(map(len, every))
    fig = plots.finish(fig, title, x, [y] + [""] * (len(panels) - 1), height=height)
    fig.update_yaxes(automargin=True)
    return fig


def against(
    panels: Mapping[str, Mapping[str, Float[Tensor, " n"]]],
    true: Mapping[str, Float[Tensor, " n"]],
    title: str,
    unit: str,
) -> plots.go.Figure:
    """What a held-out probe says (mean, and as bars the middle half) against the truth; `panels[model][probe]`.

    True values that fewer than 20 rows have are left out.
    """
    fig = plots.panels(list(panels), shared_yaxes=True, horizontal_spacing=0.06)
    for column, (model, probes) in enumerate(panels.items(), start=1):
        y = true[model]
        values = [v for v in y.unique().tolist() if (y == v).sum() >= 20]
        fig.add_trace(plots.line("exact", values, values, 2), row=1, col=column)
        for i, (name, said) in zip((0, 1, 3, 4), probes.items(), strict=False):
            groups = [said[y == v] for v in values]
            means = [g.mean().item() for g in groups]
            bars = [((g.quantile(0.75) - g.quantile(0.25)) / 2).item() for g in groups]
            trace = plots.line(name, values, plots.digits(means), i, plots.digits(bars), mode="lines+markers")
            fig.add_trace(trace, row=1, col=column)
    return plots.finish(fig, title, f"true {unit}", [f"said of a token not seen ({unit})"] + [""] * (len(panels) - 1))


def by_size(panels: Mapping[str, Mapping[str, Mapping[int, Estimate]]], title: str, x: str, y: str) -> plots.go.Figure:
    """A panel for each model, a line for each kind of move, over its size, with intervals."""
    fig = plots.panels(list(panels), shared_yaxes=True, horizontal_spacing=0.06)
    for column, lines in enumerate(panels.values(), start=1):
        for i, (name, found) in enumerate(lines.items()):
            means = plots.digits([e.value for e in found.values()])
            bars = plots.digits([e.half_width for e in found.values()])
            fig.add_trace(plots.line(name, list(found), means, i, bars, mode="lines+markers"), row=1, col=column)
    return plots.finish(fig, title, x, [y] + [""] * (len(panels) - 1), height=480)
