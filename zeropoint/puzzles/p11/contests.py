"""Scores the two open exercises of puzzle 11: twenty questions, and a detector without counts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from zeropoint.desk.exercise import Judged
from zeropoint.puzzles.p11 import hull, measures

QUESTIONS = 20
SHARE = 0.9  # of what the reference makes win
AHEAD = 0.1  # average precision, over the best baseline


@dataclass
class Oracle:
    """Answers who wins under h, in a space turned at random; refuses after twenty questions."""

    W: Float[Tensor, "d_vocab d_model"]
    token: int
    turn: Float[Tensor, "d_model d_model"]
    asked: list[bool] = field(default_factory=list)

    @property
    def own(self) -> Float[Tensor, " d_model"]:
        return self.W[self.token] @ self.turn

    def __call__(self, h: Float[Tensor, " d_model"]) -> tuple[bool, Float[Tensor, " d_model"]]:
        if len(self.asked) >= QUESTIONS:
            raise OutOfQuestions
        winner = int((self.W @ self.back(h)).argmax())
        self.asked.append(winner == self.token)
        return self.asked[-1], self.W[winner] @ self.turn

    def back(self, h: Tensor) -> Tensor:
        """`h` in the model's own space."""
        return self.turn @ torch.as_tensor(h, dtype=self.W.dtype)

    def won(self, h: Tensor) -> bool:
        return hull.wins(self.W, self.token, self.back(h))


class OutOfQuestions(Exception):
    """Twenty questions are used up."""


def play(fn: Callable, W: Float[Tensor, "d_vocab d_model"], tokens: Sequence[int]) -> list[int]:
    """Questions that each token took, for those that were made to win."""
    took = []
    generator = torch.Generator().manual_seed(0)
    for token in tokens:
        turn = torch.linalg.qr(torch.randn(W.shape[1], W.shape[1], generator=generator, dtype=W.dtype)).Q
        oracle = Oracle(W, int(token), turn)
        try:
            h = fn(oracle.own.clone(), oracle)
        except OutOfQuestions:
            continue
        if h is not None and oracle.won(h):
            took.append(len(oracle.asked))
    return took


def twenty_questions(fn: Callable, game: tuple[Float[Tensor, "d_vocab d_model"], Int[Tensor, " tokens"]]) -> Judged:
    """Of the tokens of a game, how many a function makes win; against the reference, and two ways that ask nothing."""
    from zeropoint.puzzles.p11.exercises import make_it_win

    W, tokens = game
    mine = play(fn, W, tokens)
    mu, n = W.mean(0), len(tokens)
    best = len(play(make_it_win, W, tokens))
    plain = {
        "its own row": sum(hull.wins(W, int(t), W[t]) for t in tokens),
        "its way from the mean": sum(hull.wins(W, int(t), W[t] - mu) for t in tokens),
    }
    questions = f", {sum(mine) / len(mine):.1f} questions each" if mine else ""
    parts = {"yours": f"{len(mine)} of {n} made to win{questions}"}
    parts |= {name: f"{count} of {n}" for name, count in plain.items()}
    if len(mine) < SHARE * best:
        return Judged(f"{len(mine)} of {n} tokens were made to win: {int(-(-SHARE * best // 1))} are asked for", parts)
    if len(mine) <= max(plain.values()) < best:
        return Judged("a way that asks nothing does as well", parts)
    return Judged("", parts)


def detector(fn: Callable, case: tuple[Float[Tensor, "d_vocab d_model"], Bool[Tensor, " d_vocab"]]) -> Judged:
    """Average precision of a reader's scores against who was never met, beside the best of four baselines."""
    W, never = case
    order = torch.randperm(len(W), generator=torch.Generator().manual_seed(0))
    W, never = W[order], never[order]  # a row's number says when its token was made, and a notebook's masks go by it
    score = torch.as_tensor(fn(W.clone()))
    if score.shape != (len(W),) or not torch.isfinite(score.double()).all():
        return Judged(f"return one finite score for each of the {len(W)} tokens", {})
    mine = measures.average_precision(score, never)
    mu = W.double().mean(0)
    far, long = measures.distance(W, mu), W.double().norm(dim=1)
    baselines = {"near the mean": -far, "far from the mean": far, "long": long, "short": -long}
    others = {name: measures.average_precision(s, never) for name, s in baselines.items()}
    name = max(others, key=others.get)
    parts = {"yours": f"average precision {mine:.3f}", f"best baseline, {name}": f"{others[name]:.3f}"}
    short = mine < others[name] + AHEAD
    return Judged(f"{mine:.3f} is not {AHEAD} above the best baseline, {others[name]:.3f}" if short else "", parts)
