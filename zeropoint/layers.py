"""Figures over the layers of a model, for notebooks 06 and 07: numbers in, a plotly figure out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from zeropoint import geometry, plots
from zeropoint.residual import Stream

Lines = Mapping[str, Sequence[float]]  # by name: one value a layer


def by_layer(
    panels: Mapping[str, Lines],
    title: str,
    y: str | Sequence[str],
    *,
    error: Mapping[str, Lines] | None = None,
    x: str = "blocks passed",
    at: Sequence | None = None,
    height: int = 440,
) -> plots.go.Figure:
    """One panel for each entry of `panels`; a line of the same name looks alike in all. `error` (±) is nested alike.

    `at`: the values of x, by default 0, 1, … layers.
    """
    fig = plots.panels(list(panels), horizontal_spacing=0.08)
    look = {name: i for i, name in enumerate(dict.fromkeys(n for lines in panels.values() for n in lines))}
    for column, (panel, lines) in enumerate(panels.items(), start=1):
        for name, values in lines.items():
            bars = (error or {}).get(panel, {}).get(name)
            where = range(len(values)) if at is None else at
            fig.add_trace(
                plots.line(name, where, _digits(values), look[name], error=bars, mode="lines+markers"),
                row=1,
                col=column,
            )
    fig.update_xaxes(type="category" if at is not None and isinstance(at[0], str) else "linear")
    if at is None and len(where) < 8:
        fig.update_xaxes(dtick=1)  # there are no half layers
    return plots.finish(fig, title, x, y, height=height)


def coloured(
    s: Stream, layer: int, small: Bool[Tensor, " n"], title: str, rows: int = 400, seed: int = 0
) -> plots.go.Figure:
    """The layer's first two principal components, coloured by position, norm and how often the text uses the token.

    Open diamonds: the cluster `small`. Large: position 0. Of all vectors `rows` are drawn, and 24 at position 0.
    """
    generator = torch.Generator().manual_seed(seed)
    pick = torch.cat([torch.randperm(len(small), generator=generator)[:rows], (s.position == 0).nonzero()[:24, 0]])
    X = geometry.centre(s.vectors[layer])
    first, second = (X[pick] @ torch.linalg.eigh(X.T @ X).eigenvectors[:, -2:].flip(1)).T
    colours = {
        "position": s.position,
        "norm": s.vectors[layer].norm(dim=1),
        "log₁₀ uses of the token": torch.bincount(s.token)[s.token].log10(),
    }
    fig = plots.panels(list(colours), horizontal_spacing=0.11)
    shape = dict(
        symbol=["diamond-open" if inside else "circle" for inside in small[pick]],
        size=[11 if position == 0 else 6 for position in s.position[pick]],
    )
    for column, colour in enumerate(colours.values(), start=1):
        bar = dict(thickness=8, len=0.9, x=0.257 + 0.371 * (column - 1))
        look = dict(color=_digits(colour[pick]), colorscale="Cividis", colorbar=bar, **shape)
        dots = plots.go.Scatter(x=_digits(first), y=_digits(second), mode="markers", marker=look, showlegend=False)
        fig.add_trace(dots, row=1, col=column)
    told = "large: position 0; open diamonds: the smaller side"
    return plots.finish(fig, f"{title}<br>{told}", "first principal component", ["second", "", ""])


def _digits(values: Float[Tensor, " n"] | Sequence[float]) -> list[float]:
    """Four digits, which is more than a screen shows."""
    return [float(f"{float(v):.4g}") for v in values]
