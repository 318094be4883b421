"""What tells the two sides of a cut apart? Not in `clusters`, which the puzzle hands out before it asks."""

from __future__ import annotations

import torch
from jaxtyping import Bool
from torch import Tensor

from zeropoint.puzzles.p06.measures import separates
from zeropoint.streams import Stream

KIND = {
    "position 0": "position",
    "position": "position",
    "norm": "norm",
    "uses of the token": "frequency",
    "token": "token",
}
"""Of each of the `explanations`, the word that a prediction has for it."""


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


def told_by_position_0(s: Stream, small: Bool[Tensor, " n"], groups: int = 8) -> list[float]:
    """How well standing at position 0 tells the two sides apart, in disjoint groups of sequences.

    A group that lies on one side altogether is told by nothing: 0.
    """
    first, values = s.position == 0, []
    for g in range(groups):
        rows = s.sequence % groups == g
        both = small[rows].any() and not small[rows].all()
        values.append(separates(first[rows], small[rows]) if both else 0.0)
    return values
