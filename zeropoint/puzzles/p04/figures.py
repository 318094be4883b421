"""The figures of 04: recorded runs in, one picture out."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pandas as pd

from zeropoint import plots
from zeropoint.claims import Estimate
from zeropoint.puzzles.p04 import claims, normaliser
from zeropoint.tiny.grid import Setting

POINTS = "lines+markers"
SIDES = ("middle right", "middle left", "bottom left")
PRODUCTS = (10, 60, 112)  # near 0, at −50 and at GPT-2's log Z
STAR = dict(symbol="star", size=15, color="#000000", line=dict(width=1, color="#ffffff"))


def forest(estimates: Mapping[str, Estimate], title: str, x: str) -> plots.go.Figure:
    """One line an estimate, in the order given, with its 95 % interval; an open circle has none. A dotted line at zero."""
    measured = [(name, e) for name, e in estimates.items() if not math.isnan(e.value)]
    shown = dict(reversed(measured))  # plotly counts upwards
    values = [e.value for e in shown.values()]
    bars = [bar(e) for e in shown.values()]
    symbols = ["circle-open" if math.isnan(e.half_width) else "circle" for e in shown.values()]
    error = dict(type="data", array=bars, thickness=1.2)
    fig = plots.go.Figure(plots.line("effect", values, shown, 1, mode="markers", error_x=error))
    fig.update_traces(marker=dict(symbol=symbols, size=9))
    fig.add_vline(x=0, line_dash="dot").update_layout(showlegend=False)
    return plots.finish(fig, title, x, "changed", height=160 + 22 * len(shown)).update_layout(margin_b=60)


def bar(estimate: Estimate) -> float:
    """Half an interval to draw: 0 where there is none."""
    return 0 if math.isnan(estimate.half_width) else estimate.half_width


def published(x: float, y: float, name: str, where: str = "top center") -> plots.go.Scatter:
    """A star for what was published, never for what was run."""
    return plots.go.Scatter(
        x=[x], y=[y], mode="markers+text", text=[name], textposition=where, name="published", marker=STAR
    )


def kinds(
    runs: pd.DataFrame,
    families: Mapping[str, Mapping[str, Setting]],
    loaded: Mapping[str, Mapping[str, Estimate]],
    title: str,
) -> plots.go.Figure:
    """Mean cosine against what centring leaves, with 95 % intervals: {family: {label of the point: its setting}}.

    A family's points, two or more, are joined in the order given; the first and the last are named. `loaded`: models' numbers by their labels, as `claims.LIKE_NEO` asks
    for them. GPT-Neo-125M as published is a star.
    """
    fig = plots.go.Figure()
    for i, (family, settings) in enumerate(families.items()):
        points = {
            what: [normaliser.level(runs, setting, c) for c in ("mean_cosine", "mean_abs_cosine_centred")]
            for what, setting in settings.items()
        }
        points = {what: pair for what, pair in points.items() if not math.isnan(pair[0].value)}
        if not points:
            continue
        across, up = zip(*points.values(), strict=True)
        x, y = ([e.value for e in estimates] for estimates in (across, up))
        error = dict(type="data", array=[bar(e) for e in across], thickness=1.2, width=3)
        drawn = plots.line(family, x, y, i, [bar(e) for e in up], mode=f"{POINTS}+text", error_x=error)
        inner = [""] * (len(points) - 2)  # only the ends are named: small doses lie on one another
        text = [next(iter(points)), *inner, list(points)[-1]]
        fig.add_trace(drawn.update(text=text, textposition="top right", marker_size=8))
    for i, (label, numbers) in enumerate(loaded.items(), start=len(families)):
        x, y = [numbers["cosine"].value], [numbers["width"].value]
        fig.add_trace(plots.line(label, x, y, i, mode="markers", marker=dict(symbol="diamond-open", size=11)))
    fig.add_trace(published(claims.NEO_COSINE, claims.NEO_ABS_COSINE, "GPT-Neo-125M", "bottom center"))
    fig.update_yaxes(rangemode="tozero")
    return plots.finish(fig, title, "mean cosine", "mean |cosine| after centring", height=520)


def targets(
    runs: pd.DataFrame, families: Mapping[str, Mapping[float, Setting]], without: Setting, title: str
) -> plots.go.Figure:
    """h·μ and the mean cosine over the log Z that the z-loss asks for: {family: {target: its setting}}.

    A dotted line is the setting `without` z-loss.
    """
    fig = plots.panels(["what every logit shares", "how large the mean is"])
    asked = sorted({target for settings in families.values() for target in settings})
    for column, measure in enumerate(("h_dot_mean", "mean_cosine"), start=1):
        for i, (family, settings) in enumerate(families.items(), start=1):
            found = {t: normaliser.level(runs, setting, measure) for t, setting in sorted(settings.items())}
            found = {t: e for t, e in found.items() if not math.isnan(e.value)}
            values, bars = [e.value for e in found.values()], [bar(e) for e in found.values()]
            fig.add_trace(plots.line(family, list(found), values, i, bars, mode=POINTS), row=1, col=column)
        level = normaliser.level(runs, without, measure).value
        flat = plots.line("no z-loss", [asked[0], asked[-1]], [level, level], 0, line_dash="dot")
        fig.add_trace(flat, row=1, col=column)
    return plots.finish(fig, title, "log Z asked for", ["h·μ", "mean cosine"])


def split(runs: pd.DataFrame, groups: Mapping[str, Mapping[str, Setting]], title: str) -> plots.go.Figure:
    """One point a setting (means over its seeds): ‖μ‖ against the hidden states' part along μ. GPT-2 as published is a star.

    On a dotted line the product h·μ is the same, and only its split differs.
    """
    fig = plots.go.Figure()
    for i, (name, settings) in enumerate(groups.items()):
        mu, along = (
            [abs(normaliser.level(runs, setting, column).value) for setting in settings.values()]
            for column in ("norm_of_mean", "hidden_along_mean")
        )
        points = plots.line(name, mu, along, i, mode="markers+text", marker=dict(size=10, symbol=i))
        sides = [SIDES[min(2, what.count(", ") if "β₂" in what else 0)] for what in settings]  # so that few overlap
        fig.add_trace(points.update(text=list(settings), textposition=sides, textfont_size=11))
    for product in PRODUCTS:
        ends = [0.1, 20.0]
        fig.add_scatter(
            x=ends, y=[product / x for x in ends], mode="lines", line=dict(color="#999999", dash="dot", width=1),
            name=f"|h·μ| {product}", showlegend=False,
        )  # fmt: skip
        # Coordinates of a logarithmic axis are powers of ten.
        right = 1.1
        fig.add_annotation(x=right, y=math.log10(product) - right, text=f"|h·μ| = {product}", showarrow=False, yshift=9)
    mu = claims.GPT2_NORM_OF_MEAN
    fig.add_trace(published(mu, -claims.GPT2_MEAN_LOGIT / mu, "GPT-2", "top right"))
    fig.update_xaxes(type="log", range=[-1.1, 1.3], dtick=1).update_yaxes(type="log", range=[-0.1, 2.1], dtick=1)
    return plots.finish(fig, title, "‖μ‖", "|mean hidden state along μ|", height=560)
