"""Figures of 09: what centring does to each tool, and the probes as more and more of the mean is taken off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from zeropoint import plots
from zeropoint.claims import Estimate
from zeropoint.puzzles.p09.tools import TOOLS, Effect

CENTRED, CONTROL, FORETOLD = "centred", "control: another vector as long", "foretold"
# Of each mark: its colour, its symbol, and how far below the tool's line it stands, so that none hides another.
LOOKS = {CENTRED: (plots.INKS[0], "circle", -0.16), CONTROL: (plots.INKS[1], "diamond-open", 0.16)}
EDGE = 0.8  # where the forecasts' triangles stand
ARROWS = {"hurts": (-EDGE, "triangle-left"), "no matter": (0, "square-open"), "helps": (EDGE, "triangle-right")}


def forest(effects: Mapping[str, Mapping[str, Effect]], title: str, foretold: bool = True) -> go.Figure:
    """A panel a model, a line a tool: what it gains when zero is moved, with intervals, and what was foretold of it."""
    fig = plots.panels(list(effects), shared_yaxes=True, horizontal_spacing=0.04)
    for column, found in enumerate(effects.values(), start=1):
        fig.add_vline(x=0, line_width=1, line_color=plots.INKS[2], row=1, col=column)
        fig.add_trace(_marks(CENTRED, [effect.gain for effect in found.values()]), row=1, col=column)
        fig.add_trace(_marks(CONTROL, [effect.control for effect in found.values()]), row=1, col=column)
        if foretold:
            fig.add_trace(_arrows(list(found)), row=1, col=column)
    names = list(found)
    fig.update_yaxes(tickvals=list(range(len(names))), ticktext=names, range=[len(names) - 0.4, -0.6], zeroline=False)
    fig.update_xaxes(range=[-0.9, 0.9], dtick=0.4)
    height = 170 + 30 * len(names)
    fig = plots.finish(fig, title, "change (share of right answers)", ["tool", ""], height)
    return fig.update_layout(legend_y=-60 / (height - 160), margin_l=190)


def _marks(name: str, gains: Sequence[Estimate]) -> go.Scatter:
    colour, symbol, below = LOOKS[name]
    bars = dict(type="data", array=plots.digits([gain.half_width for gain in gains]), thickness=1.4, width=3)
    marker = dict(color=colour, symbol=symbol, size=8, line=dict(width=2, color=colour))
    x, y = plots.digits([gain.value for gain in gains]), [place + below for place in range(len(gains))]
    return go.Scatter(x=x, y=y, error_x=bars, name=name, legendgroup=name, mode="markers", marker=marker)


def _arrows(tools: Sequence[str]) -> go.Scatter:
    foretold = [(place, TOOLS[name].foretold) for place, name in enumerate(tools) if TOOLS[name].foretold]
    foretold.sort(key=lambda arrow: arrow[1] == "no matter")  # the legend shows the first: a triangle
    x, symbols = zip(*(ARROWS[word] for _, word in foretold), strict=True)
    marker = dict(color=plots.INKS[2], symbol=symbols, size=12, line=dict(width=2, color=plots.INKS[2]))
    y = [place for place, _ in foretold]
    return go.Scatter(x=x, y=y, name=FORETOLD, legendgroup=FORETOLD, mode="markers", marker=marker, opacity=0.6)


def by_share(found: Mapping[str, Mapping[str, Sequence[Estimate]]], shares: Sequence[float], title: str) -> go.Figure:
    """A panel a model, a line a probe, over the share of the mean that is taken off."""
    fig = plots.panels(list(found), shared_yaxes=True, horizontal_spacing=0.05)
    for column, lines in enumerate(found.values(), start=1):
        for i, (name, estimates) in enumerate(lines.items()):
            y, error = ([getattr(e, part) for e in estimates] for part in ("value", "half_width"))
            trace = plots.line(name, shares, plots.digits(y), i, plots.digits(error), mode="lines+markers")
            fig.add_trace(trace, row=1, col=column)
    return plots.finish(fig, title, "part of the mean taken off (1: centred)", ["share right", ""], height=440)
