"""Cosines within and between token types, and which coordinates they come from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from zeropoint import geometry
from zeropoint.puzzles.p06.clusters import less_own_means
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


def by_types(s: Stream) -> list[float]:
    """For each layer the mean cosine of two different tokens, every type counting the same."""
    return [type_cosines(X, s.token).inter for X in s.vectors]


def same_token(s: Stream) -> list[float]:
    """For each layer the mean cosine of the same token in two contexts, every type counting the same."""
    return [type_cosines(X, s.token).intra for X in s.vectors]


def by_use(s: Stream) -> list[float]:
    """For each layer the mean cosine of two different vectors of the text, as often as the text uses them."""
    return [geometry.mean_pairwise_cosine(X) for X in s.vectors]


def recentred(s: Stream, small: Sequence[Bool[Tensor, " n"]]) -> dict[str, Stream]:
    """The stream with another origin at each layer, or less the first vectors; `small`: one side of a cut of each layer."""

    def less(origin: Callable[[int, Tensor], Tensor]) -> Stream:
        vectors = torch.stack([X - origin(layer, X) for layer, X in enumerate(s.vectors)])
        return replace(s, vectors=vectors)

    def own_side(layer: int, X: Tensor) -> Tensor:
        return X - less_own_means(X, small[layer])

    return {
        "as it is": s,
        "less the mean by use": less(lambda layer, X: geometry.mean(X)),
        "less the mean by types": less(lambda layer, X: type_mean(X, s.token)),
        "less each side's own mean": less(own_side),
        "without position 0": s.where(s.position > 0),
    }


def top_share(X: Float[Tensor, "n d"], k: int) -> float:
    """Share of the mean pairwise cosine that the `k` coordinates add which add most."""
    added = geometry.sum_over_dimensions(X)
    return (added.topk(k).values.sum() / added.sum()).item()


def top_shares(s: Stream, k: int = 3) -> list[float]:
    """`top_share` of each layer."""
    return [top_share(X, k) for X in s.vectors]


def random_top_share(d: int, k: int = 3, draws: int = 1000, seed: int = 0) -> float:
    """What `k` of `d` coordinates carry of a random direction: in 99 of 100 draws no more than this."""
    squares = torch.randn(draws, d, generator=torch.Generator().manual_seed(seed)).square()
    shares = squares.topk(k).values.sum(1) / squares.sum(1)
    return shares.quantile(0.99).item()


def standardised(X: Float[Tensor, "n d"]) -> Float[Tensor, "n d"]:
    """Centred, and each coordinate divided by its spread. A coordinate that never varies stays 0."""
    centred = geometry.centre(X)
    return centred / centred.std(0).clamp_min(torch.finfo(X.dtype).tiny)


def recognition(s: Stream, treatment: Callable[[Tensor], Tensor]) -> list[float]:
    """For each layer, how well the cosine after `treatment` tells two uses of one token from two different tokens."""
    return [recognises(treatment(X), s.token) for X in s.vectors]


def recognises(X: Float[Tensor, "n d"], token: Int[Tensor, " n"], pairs: int = 10_000) -> float:
    """How well the cosine tells random pairs of the same token from pairs of different tokens: |2 AUC − 1|."""
    i, j = torch.randint(len(X), (2, pairs), generator=torch.Generator().manual_seed(0))
    i, j = i[i != j], j[i != j]
    return separates(torch.nn.functional.cosine_similarity(X[i], X[j]), token[i] == token[j])


def separates(feature: Float[Tensor, " n"], inside: Bool[Tensor, " n"]) -> float:
    """How well one number a row tells two sides apart: |2 AUC − 1|, from 0 (not at all) to 1 (a threshold does it)."""
    from sklearn.metrics import roc_auc_score

    return abs(2 * roc_auc_score(inside.cpu().numpy(), feature.double().cpu().numpy()) - 1)


def shuffled_coordinates(s: Stream, seed: int = 0) -> Stream:
    """Each coordinate of each layer in random order over the rows: the common vector stays, what tells tokens apart goes."""
    generator = torch.Generator().manual_seed(seed)
    shuffled = s.vectors.clone()
    for layer in shuffled:
        for column in layer.T:
            column.copy_(column[torch.randperm(len(column), generator=generator)])
    return replace(s, vectors=shuffled)
