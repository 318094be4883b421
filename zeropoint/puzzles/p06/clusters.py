"""Is a cloud one cluster, two, or something between?

The rule (`Cut.is_two_clusters`) was chosen by planted clusters and by clouds of one, before any verdict: see
tests/unit/test_p06_clusters.py for what it finds, what it refuses and what it cannot see.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from zeropoint import geometry

EMPTY = 0.1  # a gap: less than a tenth of the lower peak's density
DIP = 0.8  # a dip: less than four fifths of it
BINS = (40, 20, 10)
SURE = 3.0  # standard deviations of a count by which that peak must stand above gap or dip

A_DIP = """\
A dip is no gap, and no single Gaussian cloud has one. But two clusters that overlap do,
if they lie along a wide axis of the cloud: there they are still within each other's
reach when k-means finds them. Along a narrow one it finds them only where there is a
gap. So a dip doesn't tell two clusters from more: that takes another control. And a
hundredth of the vectors must lie very far away to be seen at all."""


@dataclass(frozen=True)
class Cut:
    """A cloud cut in two by k-means, and how it is filled along the line of the two centres."""

    small: Bool[Tensor, " n"]  # the smaller side
    valley: float  # lowest density between the sides' peaks over the lower peak's; 0: an empty gap, 1: none
    height: float  # of the lower peak above that valley, in standard deviations of a count
    silhouette: float  # mean over 2,000 random rows at most; 1: far apart and tight

    @property
    def is_two_clusters(self) -> bool:
        """A gap between the sides that is all but empty, and peaks that a few stray rows could not make.

        Not the silhouette: a long tail has a high one, and two clusters in many dimensions may have a low one.
        """
        return self.valley < EMPTY and self.height > SURE

    @property
    def is_dip(self) -> bool:
        """A valley that is no gap, and deeper than chance would make it: neither one cloud nor two clusters."""
        return EMPTY <= self.valley < DIP and self.height > SURE

    @property
    def kind(self) -> str:
        """ "two", "dip" or "one"."""
        return "two" if self.is_two_clusters else "dip" if self.is_dip else "one"

    def __str__(self) -> str:
        return f"{self.kind} {self.valley:.2f}"


def kind_of(cuts: Iterable[Cut]) -> str:
    """What several layers come to: "two" if any falls into two clusters, else "dip" if any has one, else "one"."""
    kinds = {cut.kind for cut in cuts}
    return next(kind for kind in ("two", "dip", "one") if kind in kinds)


def two_means(X: Float[Tensor, "n d"], seed: int = 0) -> Cut:
    """k-means with k = 2. It cuts any cloud: a long one across, a cloud with a tail where the tail begins."""
    from sklearn.cluster import KMeans
    from sklearn.metrics import silhouette_score
    from threadpoolctl import threadpool_limits

    points = X.cpu().numpy()
    with threadpool_limits(1):  # small work: on a busy machine threads that wait for each other cost ten times more
        label = KMeans(2, n_init=4, random_state=seed).fit_predict(points)
    silhouette = silhouette_score(points, label, sample_size=min(2000, len(X)), random_state=seed)
    small = torch.tensor(label == 1)
    small = ~small if small.sum() * 2 > len(small) else small
    return Cut(small, *gap(X, small), float(silhouette))


def along(X: Float[Tensor, "n d"], small: Bool[Tensor, " n"]) -> Float[Tensor, " n"]:
    """Where each row lies on the line of the two sides' centres: −1 at the large side's, +1 at the small side's."""
    a, b = X[~small].mean(0), X[small].mean(0)
    half = (b - a) / 2
    return (X - (a + b) / 2) @ half / half.square().sum()


def gap(X: Float[Tensor, "n d"], small: Bool[Tensor, " n"]) -> tuple[float, float]:
    """`valley` and `height` of a `Cut`, from histograms along the line of the centres.

    Fine bins show a narrow gap, and wide ones hold enough rows of a small cluster to be sure of it. Of these, the bins are
    taken in which the lower peak stands out most.
    """
    place = along(X, small).double().cpu()
    return max((_gap(place, bins) for bins in BINS), key=lambda found: found[1])


def _gap(place: Float[Tensor, " n"], bins: int) -> tuple[float, float]:
    """The rows in a bin vary as a Poisson count does, so two bins differ by √(sum) from chance alone."""
    counts, edges = torch.histogram(place, bins)
    beyond = edges[1:] > 0  # bins of the small side, with the one that holds the middle
    left, right = int((counts * ~beyond).argmax()), int((counts * beyond).argmax())
    peak, lowest = min(counts[left], counts[right]), counts[left : right + 1].min()
    return (lowest / peak).item(), ((peak - lowest) / (peak + lowest).sqrt()).item()


def gaussian_twin(X: Float[Tensor, "n d"], seed: int = 0) -> Float[Tensor, "n d"]:
    """One Gaussian cloud with X's mean and covariance: what X would look like if it had no clusters at all."""
    centred, generator = geometry.centre(X), torch.Generator().manual_seed(seed)
    values, axes = torch.linalg.eigh((centred.T @ centred).double() / len(X))
    z = torch.randn(*X.shape, generator=generator, dtype=torch.float64)
    return geometry.mean(X) + (z * values.clamp_min(0).sqrt() @ axes.T).to(X.dtype)


def planted(
    X: Float[Tensor, "n d"],
    chosen: Bool[Tensor, " n"],
    distance: float,
    axis: int | None = None,
    seed: int = 0,
) -> Float[Tensor, "n d"]:
    """X with the `chosen` rows moved together by `distance` times the cloud's radius.

    They go along a principal axis of the cloud (0 is its widest), or in a random direction (None). The radius is the root
    mean square distance from the mean.
    """
    centred = geometry.centre(X)
    if axis is None:
        direction = torch.randn(X.shape[1], generator=torch.Generator().manual_seed(seed)).to(X.dtype)
    else:
        direction = torch.linalg.eigh(centred.T @ centred).eigenvectors[:, -1 - axis]
    step = distance * centred.square().sum(1).mean().sqrt() * direction / direction.norm()
    return X + chosen[:, None] * step


def controls(X: Float[Tensor, "n d"], token: Int[Tensor, " n"], position: Int[Tensor, " n"]) -> dict[str, Cut]:
    """X cut in two, as it is and with the means of groups of rows taken away from them.

    Two clusters lose their dip with each side's mean. Clusters of tokens, two or more, lose it with each token's mean, and
    not with those of groups as large but dealt out. Clusters that mix the tokens keep it there.
    """
    as_it_is, less_tokens = two_means(X), less_own_means(X, token)
    dealt = token[torch.randperm(len(token), generator=torch.Generator().manual_seed(0))]
    return {
        "as it is": as_it_is,
        "less each side's mean": two_means(less_own_means(X, as_it_is.small)),
        "less each token's mean": two_means(less_tokens),
        "less dealt groups' means": two_means(less_own_means(X, dealt)),
        "less each token's and each position's mean": two_means(less_own_means(less_tokens, position)),
    }


def seen(X: Float[Tensor, "n d"]) -> pd.DataFrame:
    """What the rule says of X, one cloud, where a share of it was moved: a row a share and way, a column a distance."""
    place, rows = torch.arange(len(X)) / len(X), {}
    for way, axis in (("a random way", None), ("along the widest axis", 0)):
        for share in (0.5, 0.1, 0.01):
            clouds = {r: planted(X, place < share, r, axis) for r in (0, 1, 1.5, 2, 4, 16)}
            rows[f"{share:.0%} moved {way}"] = {f"{r} radii": str(two_means(V)) for r, V in clouds.items()}
    return pd.DataFrame(rows).T


def planted_examples(X: Float[Tensor, "n d"], token: Int[Tensor, " n"]) -> dict[str, Float[Tensor, "n d"]]:
    """The cloud X with clusters in it that overlap: of rows whatever their tokens, or of tokens."""
    mixed, odd, other = torch.arange(len(X)) * 2 < len(X), token % 2 == 1, token // 2 % 2 == 1
    two = planted(X, odd, 1.5, axis=0)
    return {
        "planted: two clusters, tokens mixed": planted(X, mixed, 1.5, axis=0),
        "planted: two clusters of tokens": two,
        "planted: four clusters of tokens": two + planted(X, other, 1.5, axis=1) - X,
    }


def less_own_means(X: Float[Tensor, "n d"], group: Tensor) -> Float[Tensor, "n d"]:
    """X with the mean of each group's rows taken away from them; `group` has a number or a truth value a row."""
    _, index, counts = group.unique(return_inverse=True, return_counts=True)
    sums = X.new_zeros(len(counts), X.shape[1]).index_add(0, index, X)
    return X - (sums / counts[:, None])[index]
