"""Is a cloud one cluster or two, and what tells the two sides apart?"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from zeropoint import geometry
from zeropoint.streams import Stream


@dataclass(frozen=True)
class Cut:
    """A cloud cut in two by k-means, and two measures of whether it was two clusters before."""

    small: Bool[Tensor, " n"]  # the smaller side
    silhouette: float  # mean over 2,000 random rows at most; 1: far apart and tight
    valley: float  # density between the sides over the lower side's peak, along the line of the centres; 1: no gap

    def is_lopsided(self, twin: Cut) -> bool:
        """A silhouette over 0.5 and 0.1 above that of the cloud's Gaussian twin: two clusters, or a long tail."""
        return self.silhouette > max(0.5, twin.silhouette + 0.1)

    def is_two_clusters(self, twin: Cut) -> bool:
        """Lopsided, and between the two sides a valley half as deep as the lower peak."""
        return self.is_lopsided(twin) and self.valley < 0.5


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
    return Cut(small, float(silhouette), valley(X, small))


def valley(X: Float[Tensor, "n d"], small: Bool[Tensor, " n"], bins: int = 40) -> float:
    """Lowest density between the two sides' peaks over the lower peak, in a histogram along the line of their centres.

    0: an empty gap. 1: the density only falls from one side into the other, as in a single cloud and in a long tail.
    """
    a, b = X[~small].mean(0), X[small].mean(0)
    along = (X - (a + b) / 2) @ (b - a)  # the small side is where this is positive
    counts, edges = torch.histogram(along.double().cpu(), bins)
    beyond = edges[1:] > 0  # bins of the small side, with the one that holds the middle
    left, right = int((counts * ~beyond).argmax()), int((counts * beyond).argmax())
    return (counts[left : right + 1].min() / min(counts[left], counts[right])).item()


def gaussian_twin(X: Float[Tensor, "n d"], seed: int = 0) -> Float[Tensor, "n d"]:
    """One Gaussian cloud with X's mean and covariance: what X would look like if it had no clusters at all."""
    centred, generator = geometry.centre(X), torch.Generator().manual_seed(seed)
    values, axes = torch.linalg.eigh((centred.T @ centred).double() / len(X))
    z = torch.randn(*X.shape, generator=generator, dtype=torch.float64)
    return geometry.mean(X) + (z * values.clamp_min(0).sqrt() @ axes.T).to(X.dtype)


def separates(feature: Float[Tensor, " n"], small: Bool[Tensor, " n"]) -> float:
    """How well one number a row tells two clusters apart: |2 AUC − 1|, from 0 (not at all) to 1 (a threshold does it)."""
    from sklearn.metrics import roc_auc_score

    return abs(2 * roc_auc_score(small.cpu().numpy(), feature.double().cpu().numpy()) - 1)


def recognises(X: Float[Tensor, "n d"], token: Int[Tensor, " n"], pairs: int = 10_000) -> float:
    """How well the cosine tells random pairs of the same token from pairs of different tokens: |2 AUC − 1|."""
    i, j = torch.randint(len(X), (2, pairs), generator=torch.Generator().manual_seed(0))
    i, j = i[i != j], j[i != j]
    return separates(torch.nn.functional.cosine_similarity(X[i], X[j]), token[i] == token[j])


def explanations(s: Stream, layer: int, small: Bool[Tensor, " n"]) -> dict[str, float]:
    """How well each property alone tells the two sides apart, as `separates` has it.

    The token predicts by the share of its uses on the small side, in the even rows of text; judged on the odd rows.
    """
    odd = s.sequence % 2 == 1
    uses, inside = (torch.bincount(s.token[rows], minlength=int(s.token.max()) + 1) for rows in (~odd, ~odd & small))
    features = {
        "position 0": s.position == 0,
        "position": s.position,
        "norm": s.vectors[layer].norm(dim=1),
        "uses of the token": torch.bincount(s.token)[s.token],
        "token": ((inside + small.double().mean()) / (uses + 1))[s.token],
    }
    return {name: separates(feature[odd], small[odd]) for name, feature in features.items()}
