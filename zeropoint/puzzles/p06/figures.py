"""06's picture of one layer: its first two principal components, coloured three ways."""

from __future__ import annotations

import torch
from jaxtyping import Bool
from torch import Tensor

from zeropoint import geometry, plots
from zeropoint.streams import Stream


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
        look = dict(color=plots.digits(colour[pick]), colorscale="Cividis", colorbar=bar, **shape)
        dots = plots.go.Scatter(
            x=plots.digits(first), y=plots.digits(second), mode="markers", marker=look, showlegend=False
        )
        fig.add_trace(dots, row=1, col=column)
    told = "large: position 0; open diamonds: the smaller side"
    return plots.finish(fig, f"{title}<br>{told}", "first principal component", ["second", "", ""])
