"""Where a group of tokens lies in a cloud: how far out, how close together, and who else is there."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd
import torch
from jaxtyping import Bool, Float, Int
from sklearn.metrics import average_precision_score, precision_recall_curve
from torch import Tensor

from zeropoint import geometry
from zeropoint.puzzles.p11.census import Census

BLOCK = 1024  # rows


def distance(W: Float[Tensor, "n d"], point: Float[Tensor, " d"]) -> Float[Tensor, " n"]:
    """Of each row from a point, in units of the cloud's spread about its mean."""
    return (W.double() - point.double()).norm(dim=1) / geometry.spread(W)


def place(values: Float[Tensor, " n"], group: Bool[Tensor, " n"]) -> float:
    """Median place of a group in the queue by `values`: 0 the first, 1 the last, half for a group like any other."""
    ranks = values.argsort().argsort().double() / (len(values) - 1)
    return ranks[group].median().item()


def radius(W: Float[Tensor, "n d"], group: Tensor) -> float:
    """Median distance of a group's rows from their own centre, the median of each coordinate: a stray counts for nothing."""
    rows = W[group].double()
    return (rows - rows.median(0).values).norm(dim=1).median().item()


def radii(W: Float[Tensor, "n d"], group: Int[Tensor, " m"], parts: int = 5) -> np.ndarray:
    """The radius in disjoint parts of a group: independent values."""
    return np.array([radius(W, group[part::parts]) for part in range(parts)])


def twins_in_length(W: Float[Tensor, "n d"], group: Bool[Tensor, " n"]) -> Int[Tensor, " m"]:
    """For each token of the group, a token outside it of all but the same norm, each taken once."""
    lengths = W.double().norm(dim=1)
    free = torch.where(group, torch.inf, lengths)
    taken = []
    for length in lengths[group]:
        nearest = (free - length).abs().argmin()
        taken.append(nearest)
        free[nearest] = torch.inf
    return torch.stack(taken)


def groups(c: Census, seed: int = 0) -> dict[str, Int[Tensor, " group"]]:
    """Tokens to compare: never met; as long as these; hardly met, met now and then, frequent, where counts are known."""
    never = c.never.nonzero().flatten()
    found = {"never met": never, "met, of equal length": twins_in_length(c.W, c.never)}
    if c.counts is None:
        other = (~c.never).nonzero().flatten()
        return found | {"any others": _some(other, len(never), seed)}
    order = c.counts.argsort(descending=True, stable=True)
    rare = ((c.counts > 0) & (c.counts <= 3)).nonzero().flatten()
    middling = ((c.counts > 50) & (c.counts <= 200)).nonzero().flatten()
    return found | {
        "met 1 to 3 times": rare,
        "met 50 to 200 times": _some(middling, len(never), seed),
        "the most frequent": order[: len(never)],
    }


def _some(ids: Tensor, count: int, seed: int = 0) -> Tensor:
    return ids[torch.randperm(len(ids), generator=torch.Generator().manual_seed(seed))[:count]]


def sizes(c: Census, groups: Mapping[str, Tensor]) -> pd.DataFrame:
    """Of each group: how many, their mean distance to the mean, their radius; both in spreads of the cloud."""
    far, spread = distance(c.W, geometry.mean(c.W)), geometry.spread(c.W)
    rows = {
        name: {"tokens": len(ids), "distance to the mean": far[ids].mean().item(), "radius": radius(c.W, ids) / spread}
        for name, ids in groups.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index")


# --- detectors: a score a token, the highest for the most suspicious -----------------------------------------------


def crowding(W: Float[Tensor, "n d"], k: int = 5) -> Float[Tensor, " n"]:
    """Less the distance to the k-th nearest other token: high where tokens crowd. Blocks of rows, no table."""
    blocks = [torch.cdist(block, W).topk(k + 1, largest=False).values[:, -1] for block in W.split(BLOCK)]
    return -torch.cat(blocks).double()


def detectors(c: Census, seed: int = 0) -> dict[str, Float[Tensor, " d_vocab"]]:
    """Scores without counts: the reference made of sure tokens, then its baselines and controls.

    Crowding takes the distance of every pair, so it is left out where nobody is left to judge it by.
    """
    W, random = c.W.double(), torch.Generator().manual_seed(seed)
    mu = geometry.mean(W)
    others = torch.randint(len(W), (max(len(c.sure), 2),), generator=random)
    crowds = {"crowded (5th neighbour)": crowding(c.W)} if left_to_find(c) else {}
    return {
        "near the unused": -distance(W, W[c.sure].median(0).values),
        **crowds,
        "near the mean": -distance(W, mu),
        "far from the mean": distance(W, mu),
        "long": W.norm(dim=1),
        "short": -W.norm(dim=1),
        "late in the vocabulary": torch.arange(len(W)).double(),
        "near random tokens": -distance(W, W[others].mean(0)),
        "along a random direction": W @ torch.randn(W.shape[1], generator=random, dtype=torch.float64),
    }


BASELINES = ["near the mean", "far from the mean", "long", "short", "late in the vocabulary"]
CONTROLS = ["near random tokens", "along a random direction"]


def average_precision(score: Tensor, truth: Bool[Tensor, " n"], leave_out: Tensor | None = None) -> float:
    """Mean precision at each true token, from the highest score down; NaN if there are none.

    `leave_out`: tokens that the detector was told of.
    """
    kept = _without(len(truth), leave_out)
    if not truth[kept].any():
        return math.nan
    return float(average_precision_score(truth[kept].numpy(), score[kept].numpy()))


def precision_recall(score: Tensor, truth: Tensor, leave_out: Tensor | None = None) -> tuple[list[float], list[float]]:
    """(precision, recall) at a hundred levels of recall."""
    kept = _without(len(truth), leave_out)
    precision, recall, _ = precision_recall_curve(truth[kept].numpy(), score[kept].numpy())
    levels = np.linspace(0.01, 1, 100)
    at = [precision[recall >= level].max() for level in levels]  # the best that can be had at this recall or more
    return at, levels.tolist()


def _without(n: int, leave_out: Tensor | None) -> Bool[Tensor, " n"]:
    kept = torch.ones(n, dtype=torch.bool)
    return kept if leave_out is None else kept.index_fill(0, leave_out, False)


def left_to_find(c: Census) -> int:
    """How many of the never met are not among those that a detector is told of."""
    return int(c.never[_without(len(c.never), c.sure)].sum())


def precisions(c: Census, scores: Mapping[str, Tensor]) -> pd.Series:
    """Average precision of each detector, the tokens that it was told of left out."""
    return pd.Series({name: average_precision(score, c.never, c.sure) for name, score in scores.items()})


def by_reference(c: Census, parts: int = 3) -> np.ndarray:
    """Average precision of references made of disjoint parts of the sure tokens: independent values."""
    W, found = c.W.double(), []
    for part in range(parts):
        reference = W[c.sure[part::parts]].median(0).values
        found.append(average_precision(-distance(W, reference), c.never, c.sure))
    return np.array(found)
