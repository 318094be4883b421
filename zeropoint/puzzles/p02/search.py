"""Scores the open search of puzzle 02: a free move that nobody listed, a loud one, and one that fools the yardstick.

A judge gets the learner's function and a model, and makes the move in float32 and in float64, where it is read on a second
text as well.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import pandas as pd
import torch
from torch import Tensor

from zeropoint.desk.exercise import Judged
from zeropoint.puzzles.p02.symmetries import (
    MATRICES,
    NOTHING_UP_TO,
    SLIPS,
    MakesMove,
    Move,
    Trial,
    Twice,
    moved,
    places_of,
)

A_MOVE = 0.01  # of the largest change among its tensors, in units of that tensor's norm: less is hardly a move
LOUD = 100.0  # nats, of the largest change of a logit
UNREAD = 64  # how many of the tokens that a move changes most are read on top

Changes = dict[str, Tensor]  # what a move adds to a tensor, by its short name
Scores = Callable[[Trial, Twice, Changes], Judged]


def _judged_by(score: Scores) -> Callable[[MakesMove, Trial], Judged]:
    """A judge for `score`, which gets the trial, what the move did to it (in float64: on the second text, where that is
    more), and what the move changes."""

    def judge(makes_move: MakesMove, trial: Trial) -> Judged:
        exact, before = trial.exact(), {name: tensor.clone() for name, tensor in trial.net.state_dict().items()}
        here = makes_move(trial)
        if edited := [name for name, tensor in trial.net.state_dict().items() if not torch.equal(tensor, before[name])]:
            trial.net.load_state_dict(before)
            said = f"your function changed the model itself ({edited[0]}), which was put back: change a `.clone()`"
            return Judged(said, {})
        there = makes_move(exact)
        try:
            seen, real = trial.change(here), exact.change(there)
            if unfit := [name for name, tensor in there.items() if not tensor.isfinite().all()]:
                raise ValueError(f"{unfit[0]} has numbers that are not finite")
            changes = changes_of(exact, there)
            worst = max(real.log_prob, _elsewhere(exact, there, changes))
        except SLIPS as error:
            return Judged(f"this is no move of the model: {trial.slip(error)}", {})
        return score(trial, Twice(seen, replace(real, log_prob=worst), trial.floor), changes)

    return judge


@_judged_by
def free(trial: Trial, did: Twice, changes: Changes) -> Judged:
    """Exact on both texts, large enough to be a move, and not of a kind that the puzzle listed."""
    sizes = {name: (added.norm() / (trial.weights[name].norm() or 1)).item() for name, added in changes.items()}
    largest = max(sizes, key=sizes.get, default="nothing")
    size = sizes.get(largest, 0.0)
    parts = {
        "in float64": f"{did.floors_in_float64:.1e} floors",
        "in float32": did.damage,
        "most changed": f"{largest}, by {size:.2g} times its own norm",
    }
    if not did.exact:
        return Judged("the move changes predictions in float64", parts)
    if size < A_MOVE:
        return Judged(f"the move hardly moves anything: no tensor by {A_MOVE:.0%} of its norm", parts)
    listed = listed_as(changes)
    return Judged(f"the move is of a kind that the puzzle has listed: {listed}" if listed else "", parts)


@_judged_by
def loud(trial: Trial, did: Twice, changes: Changes) -> Judged:
    """A logit moves far and no prediction does: in float64, and float32 notices nothing. The farther, the better."""
    parts = {
        "a logit moves by": f"{did.change.logit:,.0f}",
        "float32 says": f"{did.damage} ({did.floors:.2g} floors)",
        "in float64": f"{did.floors_in_float64:.1e} floors",
    }
    if not did.exact:
        return Judged("the move changes predictions in float64", parts)
    if did.change.logit < LOUD:
        return Judged(f"the move is not loud: no logit moves by {LOUD:.0f}", parts)
    if did.damage != "nothing":
        return Judged(f"float32 notices the move: more than {NOTHING_UP_TO} floors", parts)
    return Judged("", parts)


@_judged_by
def fools(trial: Trial, did: Twice, changes: Changes) -> Judged:
    """The yardstick, float32 on the trial's text, says nothing of a move that changes predictions. The more, the better."""
    parts = {"the yardstick says": did.damage, "in truth": f"{did.floors_in_float64:,.3g} floors"}
    if did.damage != "nothing":
        return Judged("the yardstick notices the move", parts)
    if did.floors_in_float64 <= NOTHING_UP_TO:
        return Judged(f"the move changes nothing that is over {NOTHING_UP_TO} floors: the yardstick is right", parts)
    return Judged("", parts)


def record(judge: Callable[..., Judged], makes_move: MakesMove, trials: Mapping[str, Trial]) -> pd.DataFrame:
    """What a move reaches, a line a model."""
    return pd.DataFrame({label: judge(makes_move, trial).parts for label, trial in trials.items()}).T


def _elsewhere(exact: Trial, move: Move, changes: Changes) -> float:
    """Largest |Δ log-probability| on another text: the tokens that the move changes most, then tokens at random.

    A number added along a whole row is no change here: LayerNorm takes it away, and it could hide one that counts.
    """
    length = min(256, exact.net.config.max_position_embeddings)
    ids = torch.randint(len(exact.W_E), (length,), generator=torch.Generator().manual_seed(1))
    if "W_E" in changes:
        changed = changes["W_E"] - changes["W_E"].mean(1, keepdim=True)
        own = (changed - changed.median(0).values).norm(dim=1)
        most = own.topk(min(UNREAD, length // 2, len(own))).indices
        ids[: len(most)] = most
    return Trial(exact.model, ids[None], torch.float64).change(move).log_prob


def changes_of(exact: Trial, move: Move) -> Changes:
    """What a move adds, in float64, to each tensor that it changes by more than rounding."""
    new, found = moved(exact.net, move), {}
    for name, place in places_of(exact.net).items():
        if place.tensor in new:
            old = exact.weights[name]
            added = place.view(new[place.tensor]) - old
            if added.norm() > 1e-9 * old.norm():
                found[name] = added
    return found


def listed_as(changes: Changes) -> str:
    """The kind that a move is of, among those that the puzzle lists; "" if it is none, or does something else as well."""
    besides = {name: added for name, added in changes.items() if not name.endswith(".b_K")}
    if changes and not besides:
        return "a bias of the keys"
    biases = [name for name in besides if ".b" in name]
    matrices = [name for name in besides if name in MATRICES]
    if len(biases) + len(matrices) < len(besides) or (biases and not any("ln" in name for name in biases)):
        return ""
    if not all(_is_plain(name, besides[name]) for name in matrices):
        return ""
    return "a LayerNorm's shift, and biases" if biases else "one vector, or a number along each row"


def _is_plain(name: str, added: Tensor) -> bool:
    """The same vector for every row, and beside it, but not in the head, the same number along each row."""
    rows = added.T if name == "W_U" else added
    left = rows - rows.mean(0)
    if name != "W_U":
        left = left - left.mean(1, keepdim=True)
    return (left.norm() <= 1e-6 * rows.norm()).item()
