"""Scores 4.5: a table of gradients that cancel over the vocabulary, and what one step makes of their mean."""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor, nn

from zeropoint.desk.compare import describe, plain
from zeropoint.desk.exercise import Judged
from zeropoint.tiny.training import CoupledAdamW

LR = 1e-3
RATIO = 4.0  # how much larger one entry may be than another
ENOUGH = 0.5  # of LR, in every dimension; (RATIO − 1) / (RATIO + 1) is the most that can be had
ROUNDING = 1e-6  # of the entries' sizes added up: gradients made in float32 sum to that


def judge(make: Callable[[int, int], Tensor], size: tuple[int, int]) -> Judged:
    """What a reader's table of `size` (rows, dims) does to the mean of the rows."""
    g = plain(make(*size))
    if not isinstance(g, Tensor) or tuple(g.shape) != tuple(size):
        return Judged(f"got {describe(g)}, not a table of shape {list(size)}", {})
    g = g.double()
    sizes = g.abs()
    if not torch.isfinite(g).all() or (sizes == 0).any():
        return Judged("your table has entries that are zero, NaN or infinite", {})
    unbalanced = (g.sum(0).abs() / sizes.sum(0)).max().item()
    ratio = (sizes.max() / sizes.min()).item()
    adam, shared = (one_step(g, optimizer).abs() for optimizer in ("adam", "shared"))
    parts = {
        "largest column sum / its entries' sizes": f"{unbalanced:.1e}",
        "largest entry / smallest": f"{ratio:.3g}",
        "Adam moves the mean by, in the least dimension": f"{adam.min():.3f} × lr",
        "with one second moment for all rows, at most by": f"{shared.max():.1e} × lr",
    }
    wanting = ""
    if unbalanced > ROUNDING:
        wanting = "a column of your table does not add up to zero"
    elif ratio > RATIO * (1 + ROUNDING):
        wanting = f"one entry is more than {RATIO:g} times as large as another"
    elif adam.min() < ENOUGH * (1 - ROUNDING):
        wanting = f"Adam moves the mean by less than {ENOUGH} × lr in some dimension"
    return Judged(wanting, parts)


def one_step(g: Float[Tensor, "rows dims"], optimizer: str = "adam") -> Float[Tensor, " dims"]:
    """How far the mean of the rows goes in a first step, in units of the learning rate: "adam", or "shared" as Coupled Adam."""
    W = nn.Parameter(torch.zeros_like(g))
    W.grad = g.clone()
    if optimizer == "adam":
        torch.optim.Adam([W], lr=LR).step()
    else:
        CoupledAdamW([{"params": [W], "coupled": True}], lr=LR, betas=(0.9, 0.999), eps=1e-8).step()
    return W.detach().mean(0) / LR
