"""Distances, detectors and training courses: numbers in, a plotly figure out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import torch
from jaxtyping import Float
from torch import Tensor

from zeropoint import plots
from zeropoint.puzzles.p11 import measures
from zeropoint.puzzles.p11.census import Census

DOTS, LEAST = 200, 8  # crosses drawn; tokens that make a bin
NOWHERE = 0.2  # where a count of 0 stands on a logarithmic axis
NEVER, MET = plots.INKS[0], plots.INKS[1]


def against_count(
    panels: Mapping[str, tuple[Census, Float[Tensor, " d_vocab"]]], title: str, y: str
) -> plots.go.Figure:
    """A panel an entry: a value for each token against its count, nine in ten of the met ones as a band, the never met as dots.

    Where counts are unknown, the id takes their place: byte-pair vocabularies number their tokens by frequency.
    """
    fig, x = plots.panels(list(panels), shared_yaxes=True, horizontal_spacing=0.05), []
    powers = {f"{10**k:,}": 10**k for k in range(6)}
    for column, (c, values) in enumerate(panels.values(), start=1):
        _band(fig, c, values, column)
        _dots(fig, c, values, column)
        known = c.counts is not None
        ticks = {"never": NOWHERE} | powers if known else powers
        fig.update_xaxes(type="log", tickvals=list(ticks.values()), ticktext=list(ticks), row=1, col=column)
        x.append("occurrences in the training text" if known else "id in the vocabulary, + 1")
    fig.update_yaxes(rangemode="tozero")
    return plots.finish(fig, title, x, [y] + [""] * (len(panels) - 1), height=460)


def _x(c: Census) -> Tensor:
    return c.counts.double() if c.counts is not None else torch.arange(len(c.W)).double() + 1


def _band(fig, c: Census, values: Tensor, column: int) -> None:
    met = (~c.never).nonzero().flatten()
    octave = _x(c)[met].log2().floor()
    bins = [met[octave == k] for k in octave.unique()]
    bins = [ids for ids in bins if len(ids) >= LEAST]
    x = plots.digits([_x(c)[ids].median() for ids in bins])
    for level, name in ((0.95, "95 %"), (0.5, "met in training: median"), (0.05, "met in training: nine in ten")):
        y = plots.digits([values[ids].double().quantile(level) for ids in bins])
        line = dict(color=MET, width=3 if level == 0.5 else 1)
        fill = "tonexty" if level == 0.5 or level == 0.05 else None
        trace = plots.go.Scatter(
            x=x, y=y, name=name, legendgroup=name, line=line, fill=fill, fillcolor="rgba(31,78,156,0.15)",
            mode="lines", showlegend=None if level < 0.9 else False,
        )  # fmt: skip
        fig.add_trace(trace, row=1, col=column)


def _dots(fig, c: Census, values: Tensor, column: int) -> None:
    never = c.never.nonzero().flatten()
    some = never[torch.linspace(0, len(never) - 1, min(DOTS, len(never))).long()]
    generator = torch.Generator().manual_seed(0)
    at = NOWHERE * 1.5 ** (torch.rand(len(some), generator=generator) - 0.5) if c.counts is not None else _x(c)[some]
    trace = plots.go.Scatter(
        x=plots.digits(at), y=plots.digits(values[some]), name="never met", legendgroup="never met", mode="markers",
        marker=dict(color=NEVER, size=6, symbol="x-thin-open"),
    )  # fmt: skip
    fig.add_trace(trace, row=1, col=column)


def precision_recall(panels: Mapping[str, tuple[Census, Mapping[str, Tensor]]], title: str) -> plots.go.Figure:
    """A panel a model: precision over recall of each detector, the tokens that it was told of left out.

    Where these are all that is known, there is nothing to judge by: the panel says so and stays empty.
    """
    fig = plots.panels(list(panels), shared_yaxes=True, horizontal_spacing=0.05)
    for column, (c, scores) in enumerate(panels.values(), start=1):
        if not measures.left_to_find(c):
            here = dict(row=1, col=column)
            fig.add_annotation(text="no others are known", x=0.5, y=0.5, showarrow=False, **here)
            scores = {}
        for i, (name, score) in enumerate(scores.items()):
            precision, recall = measures.precision_recall(score, c.never, c.sure)
            fig.add_trace(plots.line(name, plots.digits(recall), plots.digits(precision), i), row=1, col=column)
    fig.update_xaxes(range=[0, 1])
    fig.update_yaxes(range=[0, 1.02])
    x = "recall: share of the never met that are found"
    y = "precision: share of the found that were never met"
    return plots.finish(fig, title, x, [y] + [""] * (len(panels) - 1), height=500)


def courses(panels: Mapping[str, Mapping[str, pd.Series]], title: str, y: Sequence[str]) -> plots.go.Figure:
    """A panel a quantity, a line a series, over updates + 1."""
    fig = plots.panels(list(panels))
    look = {name: i for i, name in enumerate(dict.fromkeys(n for lines in panels.values() for n in lines))}
    for column, lines in enumerate(panels.values(), start=1):
        for name, series in lines.items():
            x = [int(step) + 1 for step in series.index]
            fig.add_trace(plots.line(name, x, plots.digits(series), look[name]), row=1, col=column)
    fig.update_xaxes(type="log", dtick=1)
    fig.update_yaxes(rangemode="tozero")
    return plots.finish(fig, title, "updates + 1", y)
