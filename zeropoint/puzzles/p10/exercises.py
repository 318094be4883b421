"""Puzzle 10, word2vec style."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from zeropoint.desk.exercise import Exercise, Mistake


def clouds(seed: int) -> list[tuple[Tensor]]:
    """Matrices with rows of unequal length and a common vector, small enough to print, in both precisions."""
    generator = torch.Generator().manual_seed(seed)
    out = []
    for n, d, dtype in ((4, 3, torch.float32), (6, 6, torch.float64), (30, 12, torch.float32)):
        W = torch.randn(n, d, generator=generator, dtype=torch.float64) + 1
        W *= torch.linspace(0.5, 2, n, dtype=torch.float64)[:, None]
        out.append((W.to(dtype),))
    return out


# --- 10.1 -----------------------------------------------------------------------------------------------------------


def mean_length(W: Float[Tensor, "d_vocab d_model"]) -> float:
    """The length of a row, averaged over all rows."""
    return W.norm(dim=1).mean().item()


EX_10_1 = Exercise(
    id="10.1",
    title="how long is a row",  # TODO: an exercise of this puzzle in place of this example
    kind="function",
    difficulty=1,
    minutes=5,
    statement="""
    Return the mean length of the rows of W.
    """,
    cases=clouds,
    reference=mean_length,
    mistakes=[
        Mistake("the root mean square", lambda W: W.square().sum(1).mean().sqrt(), "In which order: root, then mean?"),
        Mistake("the length of the mean", lambda W: W.mean(0).norm(), "What is averaged: lengths, or rows?"),
        Mistake("the columns' lengths", lambda W: W.norm(dim=0).mean(), "Which axis of W counts the tokens?"),
    ],
    hints=[
        "One number a row first. What is its shape?",
        "The length of a row is the root of its sum of squares; the mean comes last.",
    ],
)

# --- 10.2 -----------------------------------------------------------------------------------------------------------

EX_10_2 = Exercise(
    id="10.2",
    title="why?",
    kind="why",
    difficulty=2,
    minutes=10,
    statement="""
    TODO: In a few sentences: what is the mechanism, what shows it, and which rival did you rule out?
    Then compare yours with the points, one by one.
    """,
    answer="""
    TODO: an answer in words, for the solution, that makes the points of the rubric.
    """,
    hints=["TODO: a hint that names what to look at, not what to find."],
    rubric=["TODO: the mechanism.", "TODO: the evidence, in numbers.", "TODO: the rival that is ruled out."],
)

# Words that give the puzzle's answer away: none may stand in the puzzle file.
SPOILERS = ("the mean comes last",)  # TODO: this puzzle's own

EXERCISES = [EX_10_1, EX_10_2]
