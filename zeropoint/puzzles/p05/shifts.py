"""What usual tools read off a cloud of vectors, and how much of it changes when the cloud moves as a whole.

The tools run in float64, so that rounding lies far below any effect.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import product

import pandas as pd
import plotly.graph_objects as go
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn.functional import cosine_similarity, normalize
from tqdm.auto import tqdm

from zeropoint import plots
from zeropoint.geometry import spread

NEIGHBOURS = 10
COMPONENTS = 5


@dataclass(frozen=True)
class Sample:
    """A cloud, and what some tools need beside it: four tokens at a time, a second cloud of the same tokens, a feature."""

    W: Float[Tensor, "n d"]
    four: Int[Tensor, "4 m"]
    other: Float[Tensor, "n e"]
    feature: Float[Tensor, " n"]


def sample(
    W: Float[Tensor, "v d"], other: Float[Tensor, "v e"], feature: Bool[Tensor, " v"], n: int, seed: int
) -> Sample:
    """`n` tokens drawn without replacement from the whole vocabulary; all of them where it is smaller."""
    generator = torch.Generator().manual_seed(seed)
    rows = torch.randperm(len(W), generator=generator)[:n]
    four = torch.stack([torch.randperm(len(rows), generator=generator) for _ in range(4)])
    return Sample(W[rows].double(), four, other[rows].double(), feature[rows].double())


def _neighbours(nearness: Float[Tensor, "n n"]) -> Float[Tensor, "n n"]:
    """1 where a token is among the nearest of another, else 0."""
    nearness.fill_diagonal_(-torch.inf)
    return torch.zeros_like(nearness).scatter_(1, nearness.topk(NEIGHBOURS).indices, 1.0)


def _by_distance(W):
    return _neighbours(-torch.cdist(W, W))


def _by_cosine(W):
    return _neighbours(normalize(W, dim=1) @ normalize(W, dim=1).T)


def _centred(W):
    return W - W.mean(0)


def _own(W):
    """Each token less its own mean over d_model, as Pearson's correlation takes it."""
    return W - W.mean(1, keepdim=True)


def _principal(W):
    """The projector on the leading directions: unlike the directions, it has no sign to choose."""
    top = torch.linalg.eigh(W.T @ W).eigenvectors[:, -COMPONENTS:]
    return top @ top.T


def _kernel_alignment(A, B):
    return (A.T @ B).square().sum() / ((A.T @ A).norm() * (B.T @ B).norm())


def _probe(W, feature):
    """The feature as least squares fits it, on the tokens that it was fitted on."""
    Q = torch.linalg.qr(W).Q
    return Q @ (Q.T @ feature)


def _with_intercept(W):
    return torch.cat([_centred(W), torch.ones(len(W), 1, dtype=W.dtype)], dim=1)


# What each tool makes of the cloud W [n, d]; s is the sample, whose other members stay where they are.
TOOLS: dict[str, Callable[[Float[Tensor, "n d"], Sample], Tensor]] = {
    "cosine": lambda W, s: cosine_similarity(W[s.four[0]], W[s.four[1]]),
    "Pearson correlation of two tokens": lambda W, s: cosine_similarity(_own(W)[s.four[0]], _own(W)[s.four[1]]),
    "Euclidean distance": lambda W, s: (W[s.four[0]] - W[s.four[1]]).norm(dim=1),
    "dot product": lambda W, s: (W[s.four[0]] * W[s.four[1]]).sum(1),
    "difference of two vectors": lambda W, s: W[s.four[0]] - W[s.four[1]],
    "norm": lambda W, s: W.norm(dim=1),
    "how far four tokens are from a parallelogram": lambda W, s: (
        (W[s.four[0]] - W[s.four[1]]) - (W[s.four[2]] - W[s.four[3]])
    ).norm(dim=1),
    "nearest neighbours by cosine": lambda W, s: _by_cosine(W),
    "nearest neighbours by distance": lambda W, s: _by_distance(W),
    "PCA, not centred": lambda W, s: _principal(W),
    "PCA, centred": lambda W, s: _principal(_centred(W)),
    "CKA, not centred": lambda W, s: _kernel_alignment(W, s.other),
    "CKA, centred": lambda W, s: _kernel_alignment(_centred(W), _centred(s.other)),
    "linear probe without intercept": lambda W, s: _probe(W, s.feature),
    "linear probe with intercept": lambda W, s: _probe(_with_intercept(W), s.feature),
}


def direction(d: int, seed: int) -> Float[Tensor, " d"]:
    """A random vector of length 1, float64."""
    return normalize(torch.randn(d, generator=torch.Generator().manual_seed(seed), dtype=torch.float64), dim=0)


def readings(s: Sample, W: Float[Tensor, "n d"]) -> dict[str, Tensor]:
    """What every tool says of the cloud W, a moved s.W."""
    return {name: tool(W, s) for name, tool in TOOLS.items()}


def change(before: Tensor, after: Tensor) -> float:
    """‖after - before‖ / ‖before‖."""
    return ((after - before).norm() / before.norm()).item()


def shift_changes(s: Sample, c: Float[Tensor, " d"], seed: int = 0) -> dict[str, dict[str, float]]:
    """By tool, how much of what it says changes (a) when the cloud is shifted by c, (b) by the rounding of that shift
    alone, (W + c) - c, and (c) when each token moves ‖c‖ in a direction of its own.

    The first is the question, the second its yardstick, the third its control: no tool should be blind to that.
    """
    generator = torch.Generator().manual_seed(seed)
    own = normalize(torch.randn(s.W.shape, generator=generator, dtype=s.W.dtype), dim=1)
    moved = {"shift": s.W + c, "rounding alone": (s.W + c) - c, "each its own way": s.W + own * c.norm()}
    before = readings(s, s.W)
    return {
        kind: {name: change(before[name], after) for name, after in readings(s, W).items()} for kind, W in moved.items()
    }


MOVES = {"0.25": 0.25, "1": 1.0, "4": 4.0, "16": 16.0, "to its mean": None}  # in spreads; None: the mean goes to zero
KINDS = ("shift", "rounding alone", "each its own way")


def measure(
    clouds: Mapping[str, Float[Tensor, "v d"]], feature: Bool[Tensor, " v"], n: int = 1000, draws: int = 2
) -> pd.DataFrame:
    """`shift_changes` of two clouds of the same tokens, by their labels, each the other's comparison in CKA.

    `n` should exceed the width by far, or a linear probe fits any feature. One row for each model, draw (of tokens and of the direction of the shift), move, kind and tool, with its `change`.
    """
    rows, first, second = [], *clouds.values()
    others = dict(zip(clouds, (second, first), strict=True))
    for model, draw in tqdm(list(product(clouds, range(draws))), unit="draw", delay=2, leave=False):
        s = sample(clouds[model], others[model], feature, n, seed=draw)
        for move, size in MOVES.items():
            c = -s.W.mean(0) if size is None else size * spread(s.W) * direction(s.W.shape[1], seed=draw)
            for kind, changes in shift_changes(s, c, seed=draw).items():
                rows += [(model, draw, move, kind, tool, change) for tool, change in changes.items()]
    return pd.DataFrame(rows, columns=["model", "draw", "move", "kind", "tool", "change"])


def table(measured: pd.DataFrame) -> pd.DataFrame:
    """By tool: does it see the origin? A change within 100 times the largest that rounding alone makes is none.

    "sees" or "blind" holds at every move, in every draw and on both models; else "unclear".
    """
    by_kind = measured.groupby(["kind", "tool"], sort=False).change.agg(["min", "max"])
    shift, noise = by_kind.loc["shift"], by_kind.loc["rounding alone"]["max"].max()
    seen = ["blind" if high < 100 * noise else "sees" if low > 1e4 * noise else "unclear" for low, high in shift.values]
    columns = {"smallest change": shift["min"], "largest change": shift["max"]}
    columns["control, smallest"] = by_kind.loc["each its own way"]["min"]
    return pd.DataFrame({"origin": seen} | columns, index=shift.index)


def kept_neighbours(changed: float) -> float:
    """The share of the nearest neighbours that stay, of `change` of their table: its square is 2 (1 − share)."""
    return 1 - changed**2 / 2


def kept_directions(changed: float) -> float:
    """How many of the COMPONENTS leading directions stay, tr(P P′), of `change` of the projector P: ‖P − P′‖² = 2 (k − tr)."""
    return COMPONENTS * (1 - changed**2 / 2)


def figure(measured: pd.DataFrame, title: str) -> go.Figure:
    """The largest change by tool, a panel a model, with a slider over the moves. Zero is drawn at 1e-17."""
    largest = measured.groupby(["model", "move", "kind", "tool"], sort=False).change.max().clip(lower=1e-17)
    models, marks = list(measured.model.unique()), ("circle-open", "x-thin-open", "diamond")
    traces = [(model, kind) for model in models for kind in KINDS]
    fig = plots.panels(models, shared_yaxes=True, horizontal_spacing=0.04)
    for model, kind in traces:
        i, values = KINDS.index(kind), largest[model, "1", kind]
        marker = dict(color=plots.INKS[i], symbol=marks[i], size=(12, 9, 7)[i], line_width=2)
        points = go.Scatter(
            x=values.tolist(), y=list(values.index), name=kind, mode="markers", marker=marker, legendgroup=kind
        )
        fig.add_trace(points, row=1, col=1 + models.index(model))
    steps = [
        dict(
            label=move,
            method="restyle",  # new numbers for the same points: needs no frames, so that it works in every viewer
            args=[{"x": [largest[model, move, kind].tolist() for model, kind in traces]}],
        )
        for move in MOVES
    ]
    fig.update_xaxes(type="log", range=[-17.5, 3], exponentformat="power", dtick=4)
    fig.update_yaxes(autorange="reversed")
    plots.finish(fig, title, "relative change", ["tool", ""], height=620)
    slider = dict(steps=steps, active=1, len=0.94, currentvalue_prefix="shift (spreads): ", y=-0.2, pad_t=20)
    return fig.update_layout(sliders=[slider], margin=dict(l=300, b=160), legend_y=-0.12)
