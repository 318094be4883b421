"""08's pictures: one mark a component."""

from __future__ import annotations

import math
from collections.abc import Mapping

from zeropoint import plots
from zeropoint.claims import Estimate
from zeropoint.puzzles.p08.ablation import Component

SYMBOLS = ("circle", "diamond", "square", "triangle-up", "x", "cross")
NAMED_UP_TO = 40  # components whose names fit below the axis
NAMED_IN_SPLIT = 6
APART = (0.35, 0.25)  # decades across and up, below which two names would lie on each other
ABOVE = (0.28, 0.4)  # decades to both sides and up, where a mark's name stands
Harm = Mapping[Component, Estimate]


def by_component(panels: Mapping[str, Mapping[str, Harm]], title: str, y: str) -> plots.go.Figure:
    """A panel for each model: `panels` by model, then by what was done. Components stand in the order of the panel's last.

    The scale is logarithmic. The last is drawn as a line, for the eye to compare the others with.
    """
    fig = plots.panels(list(panels), shared_yaxes=True, horizontal_spacing=0.04)
    for column, lines in enumerate(panels.values(), start=1):
        last = list(lines)[-1]
        order = sorted(lines[last], key=lambda part: -lines[last][part].value)
        for i, (name, harm) in enumerate(lines.items()):
            there = [k for k, part in enumerate(order) if part in harm]
            estimates = [harm[order[k]] for k in there]
            mode = "lines+markers" if name == last else "markers"
            beside = 0.2 * (i - (len(lines) - 1) / 2)  # so that no mark hides another
            trace = plots.line(
                name,
                [round(k + beside, 2) for k in there],
                plots.digits([e.value for e in estimates]),
                i,
                error=plots.digits([e.half_width for e in estimates]) if estimates[0].half_width else None,
                mode=mode,
                marker_size=8,
                text=[str(order[k]) for k in there],
            )
            trace.marker.symbol = SYMBOLS[i % len(SYMBOLS)]
            fig.add_trace(trace, row=1, col=column)
        ticks = range(len(order)) if len(order) <= NAMED_UP_TO else ()
        names = [str(order[k]) for k in ticks]
        fig.update_xaxes(tickvals=list(ticks), ticktext=names, tickangle=-90, row=1, col=column)
    values = [e.value for lines in panels.values() for harm in lines.values() for e in harm.values()]
    within = [math.log10(min(values)) - 0.5, math.log10(max(values)) + 0.5]  # bars may reach below zero
    fig.update_yaxes(type="log", exponentformat="power", dtick=1, range=within)
    only_heads = all(part.head is not None for lines in panels.values() for part in lines[last])
    last = f"{'heads' if only_heads else 'components'}, by “{last}”"
    return plots.finish(fig, title, last, [y] + [""] * (len(panels) - 1), height=500)


def split(panels: Mapping[str, tuple[Harm, Harm]], title: str, x: str, y: str) -> plots.go.Figure:
    """A panel for each model, a mark for each component, at its two harms; on the line the two are equal.

    Those highest above or nearest below the line are named, unless a name would lie on another, or on a mark.
    """
    fig = plots.panels(list(panels), shared_yaxes=True, shared_xaxes=True, horizontal_spacing=0.04)
    values = [e.value for pair in panels.values() for harm in pair for e in harm.values()]
    ends = [max(1e-6, min(values)), max(values)]
    for column, (across, up) in enumerate(panels.values(), start=1):
        named = _named(across, up)
        kinds = {
            "heads": [part for part in across if part.head is not None],
            "MLPs": [part for part in across if part.head is None],
        }
        for i, (kind, parts) in enumerate(kinds.items()):
            marks = plots.line(
                kind,
                plots.digits([across[part].value for part in parts]),
                plots.digits([up[part].value for part in parts]),
                i,
                mode="markers+text",
                marker_size=8,
                text=[str(part) if part in named else "" for part in parts],
                hovertext=[str(part) for part in parts],
                textposition="top center",
                textfont_size=10,
            )
            marks.marker.symbol = SYMBOLS[i]
            fig.add_trace(marks, row=1, col=column)
        fig.add_trace(plots.line("equal", ends, ends, 2), row=1, col=column)
    fig.update_xaxes(type="log", exponentformat="power", dtick=1)
    fig.update_yaxes(type="log", exponentformat="power", dtick=1)
    return plots.finish(fig, title, x, [y] + [""] * (len(panels) - 1), height=480)


def _named(across: Harm, up: Harm) -> list[Component]:
    """Up to NAMED_IN_SPLIT components, the highest above the line first, whose names cover no name and no mark."""
    places = {
        part: (math.log10(max(across[part].value, 1e-12)), math.log10(max(up[part].value, 1e-12))) for part in across
    }
    named: list[Component] = []
    for part, (x, y) in sorted(places.items(), key=lambda item: item[1][0] - item[1][1]):
        beside = all(abs(x - places[p][0]) > APART[0] or abs(y - places[p][1]) > APART[1] for p in named)
        covers = any(abs(u - x) < ABOVE[0] and y < v < y + ABOVE[1] for u, v in places.values())
        if beside and not covers and len(named) < NAMED_IN_SPLIT:
            named.append(part)
    return named
