"""Cosines within and between token types, and which coordinates they come from."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from zeropoint import geometry
from zeropoint.streams import Stream


@dataclass(frozen=True)
class TypeCosines:
    """Mean cosine of two random occurrences; every token type counts the same, however often it occurs (Cai et al.)."""

    inter: float  # of two different tokens
    intra: float  # of the same token in two contexts


def type_cosines(X: Float[Tensor, "n d_model"], token: Int[Tensor, " n"]) -> TypeCosines:
    """Inter- and intra-type mean cosine, exactly and in O(n·d).

    With mₜ the mean of the unit vectors of type t, two occurrences of types s ≠ t have mean cosine mₛ·mₜ, and
    Σₛₜ mₛ·mₜ = ‖Σ m‖². Within a type of k occurrences the identity of `geometry.mean_pairwise_cosine` holds. Types that
    occur once have no pair of their own. ValueError if no type occurs twice, or if there is only one type.
    """
    u = geometry.unit_rows(X).double()
    types, index, counts = token.unique(return_inverse=True, return_counts=True)
    n, twice = len(types), counts > 1
    if n < 2 or not twice.any():
        raise ValueError("Inter-type pairs need two token types, intra-type pairs a type that occurs twice.")
    sums = u.new_zeros(n, u.shape[1]).index_add_(0, index, u)  # [type, d_model]
    means = sums / counts[:, None]
    inter = (means.sum(0).square().sum() - means.square().sum()) / (n * (n - 1))
    k = counts[twice]
    intra = (sums[twice].square().sum(1) - k) / (k * (k - 1))
    return TypeCosines(inter.item(), intra.mean().item())


def type_mean(X: Float[Tensor, "n d_model"], token: Int[Tensor, " n"]) -> Float[Tensor, " d_model"]:
    """The mean vector when every token type counts the same."""
    types, index, counts = token.unique(return_inverse=True, return_counts=True)
    sums = X.new_zeros(len(types), X.shape[1], dtype=torch.float64).index_add_(0, index, X.double())
    return (sums / counts[:, None]).mean(0).to(X.dtype)


def top_share(X: Float[Tensor, "n d"], k: int) -> float:
    """Share of the mean pairwise cosine that the `k` coordinates add which add most."""
    added = geometry.sum_over_dimensions(X)
    return (added.topk(k).values.sum() / added.sum()).item()


def shuffled_coordinates(s: Stream, seed: int = 0) -> Stream:
    """Each coordinate of each layer in random order over the rows: the common vector stays, what tells tokens apart goes."""
    generator = torch.Generator().manual_seed(seed)
    vectors = torch.stack(
        [
            torch.stack([column[torch.randperm(len(column), generator=generator)] for column in X.T], 1)
            for X in s.vectors
        ]
    )
    return Stream(vectors, s.token, s.position, s.sequence)
