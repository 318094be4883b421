"""Curves over training: series in, a plotly figure out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
from jaxtyping import Float
from torch import Tensor

from zeropoint import geometry, plots
from zeropoint.puzzles.p03.trajectory import Course

BINS = 20


def courses(
    panels: Mapping[str, Mapping[str, pd.Series]], title: str, y: str | Sequence[str], x: str = "updates + 1"
) -> plots.go.Figure:
    """A panel for each entry, a line for each series over its own index, on a logarithmic x axis.

    The same name looks alike in all panels. Over updates, one is added so that the first look, at 0, has a place.
    """
    fig = plots.panels(list(panels) if len(panels) > 1 else [""])  # one panel has the figure's own title
    look = {name: i for i, name in enumerate(dict.fromkeys(name for lines in panels.values() for name in lines))}
    for column, lines in enumerate(panels.values(), start=1):
        for name, series in lines.items():
            at = series.index + (x == "updates + 1")
            trace = plots.line(name, at, plots.digits(series), look[name], mode="lines+markers", marker_size=4)
            fig.add_trace(trace, row=1, col=column)
    fig.update_xaxes(type="log", dtick=1)
    return plots.finish(fig, title, x, y)


def column(recorded: Mapping[str, pd.DataFrame], name: str) -> dict[str, pd.Series]:
    """One column of each recorded training."""
    return {label: table[name] for label, table in recorded.items()}


def histograms(courses: Sequence[Course], random: Float[Tensor, "n d"], title: str) -> plots.go.Figure:
    """A panel for each step that was kept: the cosines of token pairs, a step line for each model, and random vectors'."""
    steps = list(courses[0].sample.rows)
    baseline = geometry.cosine_histogram(random, bins=BINS, progress=False)
    heights = {course.label: [course.sample.density(step, bins=BINS) for step in steps] for course in courses}
    heights["random vectors"] = [baseline.density] * len(steps)
    fig = plots.panels([f"step {s}" if s != "end" else s for s in steps], shared_yaxes=True, horizontal_spacing=0.015)
    for i, (name, panels) in enumerate(heights.items()):
        for panel, y in enumerate(panels, start=1):
            trace = plots.line(name, baseline.centres.tolist(), plots.digits(y), i, line_shape="hvh")
            fig.add_trace(trace, row=1, col=panel)
    fig.update_xaxes(range=[-0.5, 1], tickvals=[0, 0.5, 1])
    return plots.finish(fig, title, "cosine", ["share of pairs per unit of cosine"] + [""] * (len(steps) - 1))
