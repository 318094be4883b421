"""Curves over training: series in, a plotly figure out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from zeropoint import geometry, plots
from zeropoint.puzzles.p03.trajectory import Snapshots

BINS = 20


def courses(
    panels: Mapping[str, Mapping[str, pd.Series]], title: str, y: str | Sequence[str], x: str = "updates + 1"
) -> plots.go.Figure:
    """A panel for each entry, a line for each series over its own index, on a logarithmic x axis.

    The same name looks alike in all panels. Over updates, one is added so that the first look, at 0, has a place.
    """
    fig = plots.panels(list(panels))
    look = {name: i for i, name in enumerate(dict.fromkeys(name for lines in panels.values() for name in lines))}
    for column, lines in enumerate(panels.values(), start=1):
        for name, series in lines.items():
            at = series.index + (x == "updates + 1")
            trace = plots.line(name, at, plots.digits(series), look[name], mode="lines+markers", marker_size=4)
            fig.add_trace(trace, row=1, col=column)
    fig.update_xaxes(type="log", dtick=1)
    return plots.finish(fig, title, x, y)


def histograms(sampled: Mapping[str, Snapshots], random: geometry.Histogram, title: str) -> plots.go.Figure:
    """A panel for each step that was kept: the cosines of token pairs, a step line for each model, and random vectors'."""
    steps = list(next(iter(sampled.values())).rows)
    fig = plots.panels([f"step {s}" if s != "end" else s for s in steps], shared_yaxes=True, horizontal_spacing=0.015)
    heights = {label: [s.density(step, bins=BINS) for step in steps] for label, s in sampled.items()}
    heights["random vectors"] = [random.density] * len(steps)
    for i, (name, columns) in enumerate(heights.items()):
        for column, y in enumerate(columns, start=1):
            trace = plots.line(name, random.centres.tolist(), plots.digits(y), i, line_shape="hvh")
            fig.add_trace(trace, row=1, col=column)
    fig.update_xaxes(range=[-0.5, 1], tickvals=[0, 0.5, 1])
    return plots.finish(fig, title, "cosine", ["share of pairs per unit of cosine"] + [""] * (len(steps) - 1))
