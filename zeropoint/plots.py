"""Binned numbers in, a plotly figure out. Drawn to be told apart in grey: every line has its own dash.

Works from plotly 5.24 to 7. Raw vectors never get in here: what a figure holds is what the notebook file carries.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go
import torch
from jaxtyping import Float
from plotly.subplots import make_subplots
from torch import Tensor

from zeropoint.geometry import Histogram

INKS = ("#d95f02", "#1f4e9c", "#7a7a7a", "#1b9e77", "#a6266e", "#000000")
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")


def line(
    name: str, x: Sequence[float], y: Sequence[float], i: int, error: Sequence[float] | None = None, **options
) -> go.Scatter:
    """Line number `i` of a figure; lines with the same `i` look alike in every panel, up to 36 different ones.

    `error` draws ± bars.
    """
    bars = None if error is None else dict(type="data", array=list(error), thickness=1.2, width=3)
    round_ = i // len(INKS)  # from the seventh line on the inks return with another dash each
    style = dict(color=INKS[i % len(INKS)], dash=DASHES[(i + round_) % len(DASHES)], width=2)
    return go.Scatter(
        x=list(x), y=list(y), name=name, legendgroup=name, line=style, error_y=bars, **{"mode": "lines"} | options
    )


def panels(titles: Sequence[str], **options) -> go.Figure:
    """An empty row of panels, to be filled with `fig.add_trace(line(...), row=1, col=k)` and finished with `finish`."""
    return make_subplots(rows=1, cols=len(titles), subplot_titles=list(titles), **{"horizontal_spacing": 0.1} | options)


def finish(fig: go.Figure, title: str, x: str | Sequence[str], y: str | Sequence[str], height: int = 420) -> go.Figure:
    """Title, axis names with units (one a panel, or one for all) and a legend below that covers nothing."""
    axes_x, axes_y = list(fig.select_xaxes()), list(fig.select_yaxes())
    for axes, names in ((axes_x, x), (axes_y, y)):
        for axis, name in zip(axes, [names] * len(axes) if isinstance(names, str) else names, strict=True):
            axis.title.text = name
    seen = set()
    for trace in fig.data:  # one legend entry a name, however many panels it is in
        if trace.name is not None and trace.showlegend is None:
            trace.showlegend = trace.name not in seen
            seen.add(trace.name)
    lines = 1 + title.count("<br>")
    titled = len(fig.layout.annotations) > 0  # panels with titles of their own need another line above them
    return fig.update_layout(
        template="plotly_white",
        height=height,
        title=dict(text=title, x=0.02, y=1, xanchor="left", yanchor="top", pad_t=16, font_size=16),
        legend=dict(orientation="h", yanchor="top", y=-0.22, x=0),
        margin=dict(l=60, r=20, t=20 + 22 * lines + 20 * titled, b=90),
    )


def digits(values: Float[Tensor, " n"] | Sequence[float]) -> list[float]:
    """Four significant digits, which is more than a screen shows."""
    return [float(f"{float(v):.4g}") for v in values]


def histogram_lines(histograms: Mapping[str, Histogram], bins: int = 200) -> list[go.Scatter]:
    """One step line a histogram, in at most `bins` bins, as the share of pairs per unit of cosine.

    A sample's line lies in a band of two standard errors to both sides.
    """
    lines = []
    for i, (name, histogram) in enumerate(histograms.items()):
        fine = len(histogram.counts)
        factor = next(f for f in range(1, fine + 1) if fine % f == 0 and fine // f <= bins)
        h = histogram.coarser(factor)
        x, density, error = h.centres.tolist(), h.density, h.error
        if error.any():
            lower, upper = (density - 2 * error).clamp_min(0), density + 2 * error
            edge = dict(line_shape="hvh", line_width=0, showlegend=False, hoverinfo="skip")
            lines.append(line(name, x, digits(lower), i, **edge))
            lines.append(line(name, x, digits(upper), i, fill="tonexty", **edge))
        lines.append(line(name, x, digits(density), i, line_shape="hvh"))
    return lines


def cosine_panels(panel: Mapping[str, Mapping[str, Histogram]], title: str) -> go.Figure:
    """All-pairs cosine histograms, labelled by their keys, in a panel each; {title of the panel: its histograms}.

    The scale is logarithmic: a cloud in many dimensions has a peak ten times as high as one in few, and would flatten it.
    """
    fig = panels(list(panel))
    for column, histograms in enumerate(panel.values(), start=1):
        fig.add_traces(histogram_lines(histograms), rows=1, cols=column)
    return _finish_cosines(fig, title, ["share of pairs per unit of cosine"] + [""] * (len(panel) - 1))


def cosine_figure(histograms: Mapping[str, Histogram], title: str) -> go.Figure:
    """All-pairs cosine histograms, labelled by their keys, on the scale of `cosine_panels`."""
    return _finish_cosines(go.Figure(histogram_lines(histograms)), title, "share of pairs per unit of cosine")


def _finish_cosines(fig: go.Figure, title: str, y: str | Sequence[str]) -> go.Figure:
    fig.update_xaxes(range=[-1, 1])
    fig.update_yaxes(type="log", range=[-3, 2], dtick=1, exponentformat="none")
    return finish(fig, title, "cosine of a pair of different tokens", y)


def distribution(
    values: Mapping[str, Float[Tensor, " n"]], title: str, x: str, within: tuple[float, float], bins: int = 100
) -> go.Figure:
    """Where numbers lie, a step line for each key, as the share of them per unit of `x`; logarithmic, as the cosines are."""
    low, high = within
    width = (high - low) / bins
    centres = [low + (k + 0.5) * width for k in range(bins)]
    fig = go.Figure()
    for i, (name, v) in enumerate(values.items()):
        counts = torch.histc(v.float().cpu(), bins, low, high)
        fig.add_trace(line(name, digits(centres), digits(counts / (len(v) * width)), i, line_shape="hvh"))
    fig.update_yaxes(type="log", range=[-3, 2], dtick=1, exponentformat="none")
    return finish(fig, title, x, "share of tokens per unit")


def curves(
    x: Sequence[float], y: Mapping[str, Sequence[float]], title: str, names: tuple[str, str], **options
) -> go.Figure:
    """One line for each key over the same `x`; `names` are those of the two axes, with units."""
    fig = go.Figure([line(name, x, digits(values), i, **options) for i, (name, values) in enumerate(y.items())])
    return finish(fig, title, *names)
