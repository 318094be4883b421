"""Scores the open search of puzzle 02: a free move that nobody listed, a loud one, and one that fools the yardstick."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from zeropoint.desk.exercise import Judged
from zeropoint.puzzles.p02.symmetries import NOTHING_UP_TO, Move, Trial, names_of

PARTS = ("free", "loud", "fools")
IN_FLOAT64 = 1e-6  # float32 floors: an exact move leaves less than that when the precision doubles
A_MOVE = 0.01  # of the largest change among its tensors, in units of that tensor's norm: less is hardly a move
LOUD = 1000.0  # nats, of the largest change of a logit
UNREAD = 64  # how many of the tokens that a move changes most are read on top
DIGITS = 64 * torch.finfo(torch.float64).eps  # what is left of a log-probability in float64, for each unit of logit


def judge(find_moves: Callable[[Trial], Mapping[str, Move | None]], trial: Trial) -> Judged:
    """What a reader's three moves do to one model: on the trial's text, and on one that the move's own tokens begin."""
    exact, before = trial.exact(), {name: tensor.clone() for name, tensor in trial.net.state_dict().items()}
    here = find_moves(trial)
    if edited := [name for name, tensor in trial.net.state_dict().items() if not torch.equal(tensor, before[name])]:
        trial.net.load_state_dict(before)
        said = f"your function changed the model itself ({edited[0]}), which was put back: change a `.clone()`"
        return Judged(said, {})
    there = find_moves(exact)
    if not isinstance(here, Mapping) or set(here) != set(PARTS):
        return Judged(f"return a dict of three moves, {', '.join(PARTS)}; None for one that you have not found", {})
    parts, wanting = {}, []
    for name in PARTS:
        if here[name] is None:
            parts[name], wrong = "not found yet", f"{name} is not found yet"
        else:
            try:
                _assert_finite(there[name])
                line, wrong = SCORES[name](trial, exact, here[name], there[name])
                parts[name] = line
            except (KeyError, AttributeError, TypeError, ValueError, RuntimeError) as error:
                parts[name], wrong = "does not run", f"{name} is no move of this model: {str(error.args[0])[:120]}"
        if wrong:
            wanting.append(wrong)
    return Judged("; ".join(wanting), parts)


def _assert_finite(move: Move) -> None:
    if unfit := [name for name, tensor in move.items() if not tensor.isfinite().all()]:
        raise ValueError(f"{unfit[0]} has numbers that are not finite")


def free(trial: Trial, exact: Trial, here: Move, there: Move) -> tuple[str, str]:
    """Exact on both texts, large enough to be a move, and not of a kind that the puzzle listed."""
    change, elsewhere = exact.change(there), _elsewhere(exact, there)
    worst = max(change.log_prob, elsewhere) / trial.floor
    line = f"{trial.change(here).damage(trial.floor)} in float32; {worst:.1e} floors in float64; {size(exact, there):.2g} of a norm"
    if worst > IN_FLOAT64:
        return line, "free changes the predictions in float64"
    if size(exact, there) < A_MOVE:
        return line, "free hardly moves anything"
    if is_listed(exact, there):
        return line, "free is a move that the puzzle has listed"
    return line, ""


def loud(trial: Trial, exact: Trial, here: Move, there: Move) -> tuple[str, str]:
    """A logit moves by 1,000 and no prediction does, in float64: float32 has too few digits beside 1,000 to tell."""
    change, elsewhere = exact.change(there), _elsewhere(exact, there)
    seen = trial.change(here).damage(trial.floor)
    line = f"logits by {change.logit:,.0f}; {change.log_prob / trial.floor:.1e} floors in float64; float32 says {seen}"
    if change.logit < LOUD:
        return line, "loud moves no logit by 1,000"
    rounding = max(IN_FLOAT64 * trial.floor, DIGITS * change.logit)  # beside a larger logit float64 has fewer digits
    if max(change.log_prob, elsewhere) > rounding:
        return line, "loud changes the predictions in float64"
    return line, ""


def fools(trial: Trial, exact: Trial, here: Move, there: Move) -> tuple[str, str]:
    """The yardstick, float32 on the trial's text, says nothing of a move that changes predictions. The more, the better."""
    seen = trial.change(here)
    real = max(exact.change(there).log_prob, _elsewhere(exact, there)) / trial.floor
    line = f"the yardstick says {seen.damage(trial.floor)}; in truth {real:,.3g} floors"
    if seen.log_prob > NOTHING_UP_TO * trial.floor:
        return line, "fools is noticed by the yardstick"
    if real <= NOTHING_UP_TO:
        return line, f"fools changes nothing that is over {NOTHING_UP_TO} floors: the yardstick is right"
    return line, ""


SCORES = {"free": free, "loud": loud, "fools": fools}


def _elsewhere(exact: Trial, move: Move) -> float:
    """Largest |Δ log-probability| on another text: the tokens that the move changes most, then tokens at random.

    A number added along a whole row is no change here: LayerNorm takes it away, and it could hide one that counts.
    """
    length = min(256, exact.W_pos.shape[0] if exact.W_pos is not None else 256)
    ids = torch.randint(len(exact.W_E), (length,), generator=torch.Generator().manual_seed(1))
    tensors = _by_short_name(exact, move)
    if "W_E" in tensors:
        changed = tensors["W_E"].double() - exact.W_E
        changed = changed - changed.mean(1, keepdim=True)
        own = (changed - changed.median(0).values).norm(dim=1)
        most = own.topk(min(UNREAD, length // 2, len(own))).indices
        ids[: len(most)] = most
    return Trial(exact.model, ids[None], torch.float64).change(move).log_prob


def _by_short_name(exact: Trial, move: Move) -> dict[str, Tensor]:
    short = {full: name for name, full in names_of(exact.net).items()}
    return {short.get(name, name): tensor for name, tensor in move.items()}


def _changes(exact: Trial, move: Move) -> dict[str, tuple[Tensor, Tensor]]:
    """(what a move adds, what was there) for each of its tensors."""
    own = {"W_E": exact.W_E, "W_pos": exact.W_pos, "W_U": exact.W_U}
    found = {}
    for name, new in _by_short_name(exact, move).items():
        old = own[name] if name in own else exact.net.get_parameter(name)
        found[name] = (new.double() - old, old)
    return found


def size(exact: Trial, move: Move) -> float:
    """The largest change among a move's tensors, in units of that tensor's norm (of one, where it is zero)."""
    sizes = [
        (added.norm() / (old.norm() if old.norm() > 0 else 1)).item() for added, old in _changes(exact, move).values()
    ]
    return max(sizes, default=0.0)


def is_listed(exact: Trial, move: Move) -> bool:
    """Is a move one of the puzzle's own? One vector for all rows of W_E, W_pos or W_U; own means of W_E or W_pos; a
    LayerNorm's shift with the biases behind it; a bias of the keys."""
    changes = {name: both for name, both in _changes(exact, move).items() if both[0].norm() > 1e-9 * both[1].norm()}
    if changes and all(_moves_keys_only(name, added) for name, (added, _) in changes.items()):
        return True
    biases = [name for name in changes if name.endswith("bias")]
    matrices = [name for name in changes if name in ("W_E", "W_pos", "W_U")]
    if len(biases) + len(matrices) < len(changes) or (biases and not any(".ln_" in name for name in biases)):
        return False
    return all(_is_plain(name, changes[name][0]) for name in matrices)


def _moves_keys_only(name: str, added: Tensor) -> bool:
    if name.endswith("c_attn.bias"):  # GPT-2 keeps queries, keys and values in one
        query, _, value = added.chunk(3)
        return not query.any() and not value.any()
    return name.endswith("k_proj.bias")


def _is_plain(name: str, added: Tensor) -> bool:
    """The same vector for every row, and beside it, but not in the head, the same number along each row."""
    rows = added.T if name == "W_U" else added
    left = rows - rows.mean(0)
    if name != "W_U":
        left = left - left.mean(1, keepdim=True)
    return (left.norm() <= 1e-6 * rows.norm()).item()
