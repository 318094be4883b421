"""Scores the open search of puzzle 09: properties for whose probe centring costs much, nothing, or less than nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from zeropoint import geometry
from zeropoint.desk.exercise import Judged
from zeropoint.puzzles.p09.tools import FEWEST, MATTERS, elsewhere, nothing, own_mean, probe_marks

PARTS = ("hurts", "spared", "helps")
MUCH = 0.1  # of the answers, lost or gained
RIGHT, BEYOND = 0.9, 0.05  # what a spared probe has right, and by how much it beats always giving the commoner answer
A_MEAN = 0.05  # of the mean squared norm: with less, a cloud has no mean to speak of

Properties = Mapping[str, Bool[Tensor, " n"] | None]


@dataclass(frozen=True)
class Found:
    """Shares of right answers of a probe without a bias."""

    share: float  # of tokens that have the property
    before: float
    centred: float
    control: float

    @property
    def commoner(self) -> float:
        return max(self.share, 1 - self.share)

    def __str__(self) -> str:
        return (
            f"{self.share:.1%} have it; right {self.before:.3f} as it is, {self.centred:.3f} centred, "
            f"{self.control:.3f} with another vector taken off"
        )


def score(W: Float[Tensor, "n d"], has: Bool[Tensor, " n"]) -> Found:
    shares = (probe_marks(W, has, origin).mean().item() for origin in (nothing, own_mean, elsewhere(0)))
    return Found(has.double().mean().item(), *shares)


def judge(find: Callable[[list[str], Tensor], Properties], x: tuple[list[str], Float[Tensor, "n d"]]) -> Judged:
    """What a reader's three properties do on one model's tokens and embeddings."""
    tokens, W = x
    found = find(list(tokens), W.clone())
    if not isinstance(found, Mapping) or set(found) != set(PARTS):
        return Judged(
            f"return a dict of three properties, {', '.join(PARTS)}; None for one that you have not found", {}
        )
    asked = PARTS if geometry.share_of_mean(W) > A_MEAN else ("spared",)
    parts, wanting = {}, []
    for name in asked:
        line, wrong = _part(name, found[name], W)
        parts[name] = line
        wanting += [wrong] if wrong else []
    return Judged("; ".join(wanting), parts)


def _part(name: str, has: Tensor | None, W: Tensor) -> tuple[str, str]:
    """(a line about one property, what is wrong with it or "")"""
    if has is None:
        return "not found yet", f"{name} is not found yet"
    has = torch.as_tensor(has)
    if has.shape != (len(W),) or has.dtype != torch.bool:
        got = f"{list(has.shape)} {str(has.dtype).removeprefix('torch.')}"
        return "does not fit", f"{name} should be a boolean tensor [{len(W)}], and is {got}"
    if min(has.sum(), (~has).sum()) < FEWEST:
        return (
            "too few",
            f"{name}: {int(has.sum())} of {len(has)} tokens have it; at least {FEWEST} must have it, and {FEWEST} must not",
        )
    found = score(W.double(), has)
    return str(found), WRONG[name](found)


def hurts(found: Found) -> str:
    lost, other = found.before - found.centred, found.before - found.control
    if lost < MUCH:
        return f"hurts loses {lost:.3f} by centring, less than {MUCH}"
    return "" if other < lost / 2 else "hurts loses as much by another vector: it is not the mean"


def spared(found: Found) -> str:
    if found.before < RIGHT:
        return f"spared has only {found.before:.3f} right as it is"
    if found.before < found.commoner + BEYOND:
        return f"spared hardly beats the commoner answer, which is right {found.commoner:.3f}"
    changed = abs(found.centred - found.before)
    return f"spared changes by {changed:.3f} when centred, more than {MATTERS}" if changed > MATTERS else ""


def helps(found: Found) -> str:
    gained = found.centred - found.before
    return f"helps gains {gained:.3f} by centring, less than {MUCH}" if gained < MUCH else ""


WRONG = {"hurts": hurts, "spared": spared, "helps": helps}
