"""The figures of 04: recorded runs in, one picture out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import pandas as pd

from zeropoint import plots
from zeropoint.claims import Estimate
from zeropoint.puzzles.p04 import evidence

POINTS = "lines+markers"


def forest(estimates: Mapping[str, Estimate], title: str, x: str) -> plots.go.Figure:
    """One line an estimate, in the order given, with its 95 % interval; an open circle has none. A dotted line at zero."""
    measured = [(name, e) for name, e in estimates.items() if not math.isnan(e.value)]
    shown = dict(reversed(measured))  # plotly counts upwards
    values = [e.value for e in shown.values()]
    bars = [0 if math.isnan(e.half_width) else e.half_width for e in shown.values()]
    symbols = ["circle-open" if math.isnan(e.half_width) else "circle" for e in shown.values()]
    error = dict(type="data", array=bars, thickness=1.2)
    fig = plots.go.Figure(plots.line("effect", values, shown, 1, mode="markers", error_x=error))
    fig.update_traces(marker=dict(symbol=symbols, size=9))
    fig.add_vline(x=0, line_dash="dot").update_layout(showlegend=False)
    return plots.finish(fig, title, x, "changed", height=160 + 22 * len(shown)).update_layout(margin_b=60)


def by_length_of_step(runs: pd.DataFrame, families: Mapping[str, Sequence[str]], title: str) -> plots.go.Figure:
    """Mean cosine over the mean length of a row's update; a line for each family of runs, bars: sd over seeds."""
    fig = plots.go.Figure()
    for i, (name, family) in enumerate(families.items()):
        at = evidence.by_length(runs, family)
        fig.add_trace(plots.line(name, at.update_length, at.mean_cosine, i, at.sd, mode=POINTS))
    fig.update_xaxes(type="log", tickvals=[0.001, 0.002, 0.004, 0.008])
    return plots.finish(fig, title, "mean length of a row's update", "mean cosine (bars: sd over seeds)")


def training(watched: Mapping[str, Sequence[dict]], title: str) -> plots.go.Figure:
    """Mean cosine of the whole vocabulary by step, from the rows that `train` returns."""
    fig = plots.go.Figure()
    for i, (name, rows) in enumerate(watched.items()):
        whole = [row for row in rows if row["group"] == "all"]
        cosines = plots.digits([row["mean_cosine"] for row in whole])
        fig.add_trace(plots.line(name, [row["step"] for row in whole], cosines, i))
    return plots.finish(fig, title, "step", "mean cosine")


def who_moves(rows: pd.DataFrame, movers: str, divided: Sequence[str], title: str) -> plots.go.Figure:
    """By occurrences in the text. Left: movement along the mean of run `movers`. Right: Adam's divisor in `divided`."""
    fig = plots.panels([f"{movers}: movement along the mean", "root of Adam's second moment"])
    for i, when in enumerate(("absent", "present")):
        moved = evidence.by_frequency(rows, movers, f"drift_{when}")
        average, sd = moved.mean(axis=1), moved.std(axis=1).fillna(0)
        fig.add_trace(plots.line(f"while {when}", moved.index, average, i, sd, mode=POINTS), row=1, col=1)
    for i, run in enumerate(divided, start=2):
        moment = evidence.by_frequency(rows, run, "second_moment").mean(axis=1)
        fig.add_trace(plots.line(run, moment.index, moment, i), row=1, col=2)
    fig.update_xaxes(type="log")
    fig.update_yaxes(type="log", dtick=1, exponentformat="power", row=1, col=2)
    return plots.finish(fig, title, "occurrences in the text", ["distance", "gradient"])
