"""Can a token ever be the arg max? Find a hidden state that makes it one, or prove that there is none.

With logits W h, token i wins under h where every other row lies behind it: (wᵢ − wⱼ)·h > 0 for all j. There is such an h
exactly where wᵢ lies outside the convex hull of the other rows (Demeter et al. 2020; Grivas et al. 2022, arXiv 2203.06462).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float, Int
from scipy.optimize import linprog
from torch import Tensor

from zeropoint import geometry

ADDED = 200  # constraints that a round of the linear programme takes in
TOLERANCE = 1e-7  # HiGHS's own: a lead of less is none


@dataclass(frozen=True)
class Reach:
    """Of one token: `h` makes it win; or `weights` of the tokens `others` put it inside their hull, where nothing can."""

    h: Float[Tensor, " d_model"] | None
    questions: int
    weights: Float[Tensor, " m"] | None = None
    others: Int[Tensor, " m"] | None = None


def ask(W: Float[Tensor, "d_vocab d_model"], token: int, questions: int = 200) -> Reach:
    """Gilbert's algorithm (1966): walk to the point of the hull nearest to the token's row, asking who wins on the way.

    Each question costs one product W h. If the token itself wins, h is found. If it never does within `questions`, nothing
    is proven yet: see `prove`.
    """
    own = W[token]
    h, point = own, None
    for asked in range(1, questions + 1):
        winner = int((W @ h).argmax())
        if winner == token:
            return Reach(h, asked)
        row = W[winner]
        if point is None:
            point = row
        else:
            step = row - point
            length = step @ step
            point = point + ((own - point) @ step / length).clamp(0, 1) * step if length > 0 else point
        h = own - point
    return Reach(None, questions)


def prove(W: Float[Tensor, "d_vocab d_model"], token: int, rounds: int = 100) -> Reach:
    """By linear programmes: max t with (wⱼ − wᵢ)·h ≤ −t and |h| ≤ 1, over the worst offenders j alone, more each round.

    t > 0 for all j: h wins. t = 0 for some of them already: wᵢ lies in their hull, and the dual variables say with which
    weights. Raises RuntimeError where `rounds` do not decide.
    """
    x = (W - W[token]).double().numpy()
    n, d = x.shape
    h, active = -x.mean(0), np.array([], dtype=int)
    for done in range(1, rounds + 1):
        lead = x @ h
        lead[token] = -np.inf
        if lead.max() < 0:
            return Reach(torch.from_numpy(h), done)
        worst = np.argsort(-lead)[:ADDED]
        active = np.union1d(active, worst[lead[worst] >= 0])
        A = np.c_[x[active], np.ones(len(active))]
        goal = np.r_[np.zeros(d), -1]
        found = linprog(goal, A_ub=A, b_ub=np.zeros(len(active)), bounds=[(-1, 1)] * d + [(0, 1)], method="highs")
        if found.x[-1] <= TOLERANCE:
            weights = np.maximum(-found.ineqlin.marginals, 0)
            return Reach(None, done, torch.from_numpy(weights / weights.sum()), torch.from_numpy(active))
        h = found.x[:d]
    raise RuntimeError(f"{rounds} rounds did not decide whether token {token} can win: give more.")


def reach(W: Float[Tensor, "d_vocab d_model"], token: int) -> Reach:
    """`ask`, and where that finds nothing that wins in float64 as well, `prove`: of two equal rows neither wins."""
    asked = ask(W, token)
    return asked if asked.h is not None and wins(W, token, asked.h) else prove(W, token)


def wins(W: Float[Tensor, "d_vocab d_model"], token: int, h: Float[Tensor, " d_model"]) -> bool:
    """Really multiplied, in float64: is the token ahead of every other?"""
    logits = W.double() @ torch.as_tensor(h).double()
    best = logits.topk(2)
    return int(best.indices[0]) == token and bool(best.values[0] > best.values[1])


def gap(W: Float[Tensor, "d_vocab d_model"], token: int, found: Reach) -> float:
    """How far Σ weights·rows lies from the token's row, in its norm: 0 for a proof that it is inside."""
    inside = found.weights @ W[found.others].double()
    return ((inside - W[token].double()).norm() / W[token].double().norm()).item()


def random_winners(W: Float[Tensor, "d_vocab d_model"], states: int, seed: int = 0) -> Int[Tensor, " winners"]:
    """Which tokens win under random hidden states (isotropic directions), once or more."""
    generator = torch.Generator().manual_seed(seed)
    winners = []
    for part in torch.arange(states).split(512):
        h = torch.randn(W.shape[1], len(part), generator=generator, dtype=W.dtype)
        winners.append((W @ h).argmax(0))
    return torch.cat(winners).unique()


def mean_is_inside(W: Float[Tensor, "d_vocab d_model"]) -> bool:
    """A control for `reach`: the mean row, taken for a token, is an average of all others. Is it found to be inside, and does
    the proof hold when it is multiplied out?"""
    planted = torch.cat([W, geometry.mean(W)[None]])
    found = reach(planted, len(W))
    return found.h is None and gap(planted, len(W), found) < 1e-5


def fates(W: Float[Tensor, "d_vocab d_model"], tokens: Int[Tensor, " n"], most: int = 24) -> pd.DataFrame:
    """Of up to `most` of the tokens, a row each: which ways make it win, or is it inside the hull, where none can?"""
    mu, by_chance = geometry.mean(W), set(random_winners(W, 4096).tolist())
    rows = []
    for token in tokens[:: max(1, len(tokens) // most)].tolist():
        found = reach(W, token)
        row = {
            "by random states": token in by_chance,
            "along w − μ": wins(W, token, W[token] - mu),
            "by asking": found.h is not None and wins(W, token, found.h),
            "proven inside": found.h is None,
            "equal to another": int((W == W[token]).all(1).sum()) > 1,
            "questions": found.questions,
        }
        rows.append(row)
    return pd.DataFrame(rows)
