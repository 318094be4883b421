"""A cloud, and how far from it the zero lies from which cosines are measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go
from jaxtyping import Float
from torch import Tensor

from zeropoint import geometry, plots


def distance(W: Float[Tensor, "n d"]) -> float:
    """How far zero lies from the mean row, in spreads: ‖μ‖ / rms distance from the mean."""
    return geometry.mean(W).norm().item() / geometry.spread(W)


def slid(W: Float[Tensor, "n d"], distances: Sequence[float]) -> list[float]:
    """The mean pairwise cosine with the cloud moved along its own mean until zero is so many spreads away.

    All rows move by the same vector, so that no difference between two rows changes.
    """
    mu = geometry.mean(W)
    step = geometry.spread(W) * mu / mu.norm()
    centred = geometry.centre(W)
    return [geometry.mean_pairwise_cosine(centred + r * step) for r in distances]


def forecast(distances: Sequence[float]) -> list[float]:
    """r² / (1 + r²): ‖μ‖² over the mean squared length. The mean cosine, if all rows are about equally long."""
    return [r * r / (1 + r * r) for r in distances]


def largest_miss(distances: Sequence[float], cosines: Sequence[float]) -> float:
    """How far `cosines` stray from `forecast(distances)` at worst."""
    return max(abs(seen - said) for seen, said in zip(cosines, forecast(distances), strict=True))


def mark(fig: go.Figure, clouds: Mapping[str, Float[Tensor, "n d"]]) -> go.Figure:
    """A dot for each cloud where it is, on a figure whose first lines are `slid`, in the same order; log scale in x."""
    for i, (name, W) in enumerate(clouds.items()):
        x, y = [distance(W)], [geometry.mean_pairwise_cosine(W)]
        fig.add_trace(plots.line(f"{name}, as it is", x, y, i, mode="markers", marker_size=12, showlegend=False))
    return fig.update_xaxes(type="log")
