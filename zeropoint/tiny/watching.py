"""What to look at while a model trains: its embedding, by how often each token occurs."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor

from zeropoint.geometry import cosine_with_mean, kind_of_mean, mean, mean_pairwise_cosine

KIND = ("spread_of_parts", "share_along_mean", "mean_abs_cosine_centred", "dimension_centred", "dimension_projected")


def observed_steps(steps: int) -> set[int]:
    """Dense at first, where everything happens: powers of √2, then every twentieth of the run."""
    early = {0} | {round(2 ** (k / 2)) for k in range(2 * math.ceil(math.log2(steps)))}
    return {s for s in early | set(range(0, steps + 1, max(1, steps // 20))) if s <= steps}


def frequency_groups(counts: Int[Tensor, " d_vocab"]) -> list[Int[Tensor, " group"]]:
    """Token ids from the most frequent to the rarest, cut at d_vocab/256, /64, /16 and /4."""
    order = counts.argsort(descending=True, stable=True)
    n = len(order)
    return list(order.tensor_split([n // 256, n // 64, n // 16, n // 4]))


def observe(W: Float[Tensor, "d_vocab d_model"], groups: Sequence[Tensor]) -> list[dict]:
    """Embedding statistics of the whole vocabulary ("all") and of each frequency group ("0" the most frequent).

    The kind of mean is the whole vocabulary's only; its mean |cosine| comes from 1,024 rows against all, which is right
    to about 0.005.
    """
    along = cosine_with_mean(W)
    groups = [("all", torch.arange(len(W)))] + [(str(i), g) for i, g in enumerate(groups)]
    rows = [
        dict(
            group=name,
            norm_of_mean=W[ids].double().mean(0).norm().item(),
            mean_row_norm=W[ids].norm(dim=1).mean().item(),
            mean_cosine=mean_pairwise_cosine(W[ids]) if len(ids) > 1 else math.nan,
            median_cosine_with_mean=along[ids].median().item(),
        )
        for name, ids in groups
    ]
    kind = vars(kind_of_mean(W, rows=1024))
    rows[0] |= {name: kind[name] for name in KIND}
    return rows


def drift(
    before: Float[Tensor, "d_vocab d_model"], after: Float[Tensor, "d_vocab d_model"]
) -> Float[Tensor, " d_vocab"]:
    """How far each token moved along the direction of the mean that stands at the end."""
    mu = mean(after)
    return (after - before) @ (mu / mu.norm())


class Movement:
    """Where an embedding's rows went, kept apart for the updates whose batch held the token and those whose batch did not.

    Call `update(W, batch)` after each optimiser step. `absent` and `present` sum the movements; `length` is the mean
    distance that a row moved in one update.
    """

    def __init__(self, W: Float[Tensor, "d_vocab d_model"]):
        self.last = W.detach().clone()
        self.absent, self.present = torch.zeros_like(self.last), torch.zeros_like(self.last)
        self.updates, self._length = 0, 0.0

    @property
    def length(self) -> float:
        return self._length / max(1, self.updates)

    def update(self, W: Float[Tensor, "d_vocab d_model"], batch: Int[Tensor, "batch ctx_plus_1"]) -> None:
        step = W.detach() - self.last
        self.last += step
        self._length += step.norm(dim=1).mean().item()
        self.updates += 1
        held = torch.unique(batch)
        self.present[held] += step[held]
        step[held] = 0
        self.absent += step
