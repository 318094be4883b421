"""What a learner's cells call: task, check, hint, predict, outcome, reveal, why, progress.

All show a small card (HTML in a notebook, the same words in a terminal) and return None. With ZEROPOINT_STRICT=1, a check
that does not pass, an unanswered why and a slip in how one of these is called raise AssertionError with the card's sentence.
"""

from __future__ import annotations

import inspect
import math
import os
import re
import textwrap
from collections.abc import Callable, Mapping
from functools import wraps
from numbers import Real
from typing import Any

import numpy as np
import torch

from zeropoint.desk import record
from zeropoint.desk.checking import Verdict, verdict
from zeropoint.desk.compare import number, plain
from zeropoint.desk.display import Card
from zeropoint.desk.exercise import Exercise, NoSuchExercise, find, of_puzzle

__all__ = ["check", "hint", "outcome", "predict", "progress", "reveal", "task", "why"]

ODDS = 0.8  # how sure an interval should be: asked for at every prediction, used in scoring
ASK = f"state intervals that you believe at {ODDS:.0%}"


class Slip(ValueError):
    """A call that cannot be answered; its message is the card's one line."""


def _desk(fn: Callable[..., tuple[list[Card], str]]) -> Callable[..., None]:
    """Show the cards that `fn` returns, with news of the progress file; raise its complaint, if any, when strict."""

    @wraps(fn)
    def shown(*args: Any, **kwargs: Any) -> None:
        try:
            cards, complaint = fn(*args, **kwargs)
        except (Slip, NoSuchExercise) as slip:
            complaint = str(slip.args[0])
            cards = [Card("✗", complaint)]
        for card in cards:
            card.show()
        while record.notices:
            Card("·", record.notices.pop(0)).show()
        if complaint and os.environ.get("ZEROPOINT_STRICT") == "1":
            raise AssertionError(complaint)

    return shown


def _title(exercise: Exercise) -> str:
    """The exercise's title, unless it has a task that has not been handed out: then even the title would tell."""
    told = not exercise.task or "handed" in record.read()["exercises"].get(exercise.id, {})
    return exercise.title if told else ""


def _sentence(exercise: Exercise, text: str) -> str:
    return f"{exercise.id} {_title(exercise)}".strip() + f": {text}"


# --- exercises -----------------------------------------------------------------------------------------------------


@_desk
def task(id: str, now: bool = False):
    """Hand out a task that tells something about the ones before it: once those are done, or at once with `now=True`."""
    exercise = find(id)
    if not exercise.task:
        return [Card("·", _sentence(exercise, "its task stands in the notebook"))], ""
    kept = record.read()["exercises"]
    earlier = of_puzzle(exercise.puzzle)
    earlier = earlier[: earlier.index(exercise)]
    open_ones = [e.id for e in earlier if not {"solved", "compared", "revealed"} & set(kept.get(e.id, {}))]
    if open_ones and not now and "handed" not in kept.get(exercise.id, {}):
        wait = f'this task comes after {", ".join(open_ones)}; task("{exercise.id}", now=True) shows it all the same'
        return [Card("·", _sentence(exercise, wait))], ""
    record.update(lambda data: record.exercise(data, exercise.id).setdefault("handed", record.now()))
    return [Card("·", f"{exercise.id} {exercise.title}", textwrap.dedent(exercise.task).strip().splitlines())], ""


@_desk
def check(id: str, answer: Any, real: Mapping[str, Any] | None = None):
    """Check a function (on random inputs, then on each matrix in `real={label: W}`) or a one-line answer."""
    exercise = find(id)
    if real is not None and not isinstance(real, Mapping):
        raise Slip(f'check("{exercise.id}", …): give matrices with their names, as real={{"the model\'s name": W}}.')
    found = verdict(exercise, answer, real)
    if found.state != "not attempted":
        record.update(lambda data: _count(record.exercise(data, exercise.id), found))
    return [_check_card(exercise, found)], "" if found.passed else _complaint(exercise, found)


def _count(kept: dict, found: Verdict) -> None:
    if "solved" not in kept:
        kept["attempts"] = kept.get("attempts", 0) + 1
        if found.passed:
            kept["solved"] = record.now()


def _complaint(exercise: Exercise, found: Verdict) -> str:
    looks = f"; this looks like: {found.mistake.name}" if found.mistake else ""
    return _sentence(exercise, found.sentence + looks)


def _check_card(exercise: Exercise, found: Verdict) -> Card:
    title = _sentence(exercise, found.sentence)
    if found.state == "not attempted":
        return Card("·", title)
    if found.passed:
        rows = [[label, value] for label, value in found.real.items()]
        return Card(
            "✓",
            title,
            [f'reveal("{exercise.id}") shows a solution to compare with yours.'],
            head=["on", "your answer"] if rows else (),
            rows=rows,
        )
    lines = [f"This looks like: {found.mistake.name}.", found.mistake.nudge] if found.mistake else []
    rows = [[name, value] for name, value in found.inputs.items()]
    if found.difference and found.difference.expected:
        rows += [["yours", found.difference.yours], ["expected", found.difference.expected]]
    return Card("✗", title, lines, rows=rows)


@_desk
def hint(id: str):
    """Show the hints so far and one more."""
    exercise = find(id)
    total = len(exercise.hints)
    if not total:
        return [Card("·", _sentence(exercise, "there are no hints"))], ""
    before = record.read()["exercises"].get(exercise.id, {}).get("hints", 0)
    shown = min(before + 1, total)
    if shown > before:
        record.update(lambda data: record.exercise(data, exercise.id).update(hints=shown))
    lines = [f"{i}. {text}" for i, text in enumerate(exercise.hints[:shown], 1)]
    if before >= total:
        lines.append(f'That was the last hint. reveal("{exercise.id}", now=True) shows a solution.')
    return [Card("·", _sentence(exercise, f"hint {shown} of {total}"), lines)], ""


@_desk
def reveal(id: str, now: bool = False):
    """Show a solution: after a pass, or before it with `now=True`, which the progress notes."""
    exercise = find(id)
    kept = record.read()["exercises"].get(exercise.id, {})
    earned = "solved" in kept or "compared" in kept
    if not earned and not now:
        do = "answer it first" if exercise.kind == "why" else "solve it first"
        text = f'{do}, or call reveal("{exercise.id}", now=True) to see it anyway (your progress will say so)'
        return [Card("·", _sentence(exercise, text))], ""
    if not earned:
        record.update(lambda data: record.exercise(data, exercise.id).setdefault("revealed", record.now()))
    title = _sentence(exercise, "a solution" + ("" if earned else ", seen before it was solved"))
    if exercise.kind == "why":
        return [Card("·", title, [f"• {point}" for point in exercise.rubric])], ""
    return [Card("·", title, code=textwrap.dedent(inspect.getsource(exercise.reference)).strip())], ""


@_desk
def why(id: str, text: str | None):
    """Show the points of a good answer beside your own text; you compare them."""
    exercise = find(id)
    if exercise.kind != "why":
        raise Slip(f'{exercise.id} is not answered in words: check("{exercise.id}", …).')
    if text is not None and not isinstance(text, str):
        raise Slip(f'why("{exercise.id}", …) takes your text in quotes.')
    if not text or not text.strip(" .…\n\t"):
        title = _sentence(exercise, "not attempted yet")
        return [Card("·", title)], title
    record.update(lambda data: record.exercise(data, exercise.id).setdefault("compared", record.now()))
    title = _sentence(exercise, "your words beside the points of a full answer")
    lines = ["Which of these did you make, in whatever words? Which do you now doubt?"]
    points = [["☐", point] for point in exercise.rubric]
    return [Card("·", title, lines, quote=textwrap.dedent(text).strip(), rows=points)], ""


# --- predictions ---------------------------------------------------------------------------------------------------


@_desk
def predict(id: str, value: float | str | None, low: float | None = None, high: float | None = None):
    """Keep a prediction before its outcome is shown: a number, perhaps with an interval believed at 80 %, or a word."""
    id, kept = str(id), record.read()["predictions"].get(str(id), {})
    if value is None or value is ... or (isinstance(value, str) and not value.strip()):
        more = f"; the one kept is {_stated(kept)}" if "value" in kept else ""
        return [Card("·", f"Prediction {id}: no prediction yet{more}")], ""
    made = {"value": _measured(id, value)}
    if low is not None or high is not None:
        made |= {"low": _measured(id, low), "high": _measured(id, high)}
        if any(isinstance(v, str) for v in made.values()) or not made["low"] <= made["value"] <= made["high"]:
            raise Slip(f"Prediction {id}: an interval needs low ≤ your number ≤ high, all three given.")
    lines = []
    if made == {k: kept[k] for k in ("value", "low", "high") if k in kept}:
        title = f"Prediction {id}: {_stated(kept)}, as kept at {_clock(kept)}"
    elif "outcome" in kept and "value" in kept and not kept.get("late"):
        change = f"changed after its outcome was shown, so {_stated(made)} is not scored"
        title = f"Prediction {id}: {change}; {_stated(kept)} still counts"
    else:
        late = "outcome" in kept

        def keep(data: dict) -> None:
            outcome = {"outcome": kept["outcome"]} if late else {}
            data["predictions"][id] = made | {"at": record.now(), "late": late} | outcome

        record.update(keep)
        if late:
            title = f"Prediction {id}: {_stated(made)}, made after its outcome was shown, so it is not scored"
        else:
            title = f"Prediction {id}: {_stated(made)}, kept"
            if not isinstance(made["value"], str) and "low" not in made:
                lines = [f"With low= and high= you can also say how sure you are: {ASK}."]
    if kept.get("late") and "kept at" in title:
        lines = ["It was made after its outcome was shown, so it is not scored."]
    return [Card("·", title, lines)], ""


@_desk
def outcome(id: str, actual: float | str, label: str = ""):
    """Show what came out beside what was predicted, and score it. `label` says what it was measured on."""
    id = str(id)
    seen = {"actual": _measured(id, actual), "label": str(label), "at": record.now()}

    def keep(data: dict) -> None:
        data["predictions"].setdefault(id, {})["outcome"] = seen

    data = record.update(keep)
    kept = data["predictions"][id]
    on = f" ({label})" if label else ""
    came = ["outcome", _shown(seen["actual"]) + on]
    if "value" not in kept:
        return [Card("·", f"Prediction {id}: none was made", rows=[came])], ""
    mark, score = _score(kept)
    lines = [tally] if "low" in kept and (tally := _calibration(data)) else []
    return [Card(mark, f"Prediction {id}: {score}", lines, rows=[["predicted", _stated(kept)], came])], ""


def _measured(id: str, value: Any) -> float | str:
    """A number or a word, from whatever form a notebook has it in."""
    value = plain(value)
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, torch.Tensor) and value.numel() == 1 and not value.is_complex():
        value = value.item()
    if isinstance(value, Real) and not isinstance(value, bool | np.bool_) and math.isfinite(value):
        return float(value)
    raise Slip(f"Prediction {id}: give a number or a word, not {value!r:.60}.")


def _shown(value: float | str) -> str:
    return value if isinstance(value, str) else number(value)


def _stated(kept: dict) -> str:
    """ "0.3, between 0.1 and 0.5" """
    between = f" (between {number(kept['low'])} and {number(kept['high'])})" if "low" in kept else ""
    return _shown(kept["value"]) + between


def _clock(kept: dict) -> str:
    return kept["at"][:16].replace("T", " ") + " UTC"


def _held(kept: dict) -> bool:
    return isinstance(kept["outcome"]["actual"], float) and kept["low"] <= kept["outcome"]["actual"] <= kept["high"]


def _score(kept: dict) -> tuple[str, str]:
    """A mark and a few words for a prediction whose outcome is known."""
    value, actual = kept["value"], kept["outcome"]["actual"]
    if kept.get("late"):
        return "·", "made after the outcome was shown, not scored"
    if isinstance(value, str) != isinstance(actual, str):
        return "·", "a number against a word, not scored"
    if isinstance(value, str):
        right = value.casefold() == actual.casefold()
        return ("✓", "right") if right else ("✗", "wrong")
    off = f"off by {number(abs(value - actual))}"
    if "low" not in kept:
        return "·", off
    return ("✓", f"{off}, inside your interval") if _held(kept) else ("✗", f"{off}, outside your interval")


def _calibration(data: dict) -> str:
    """ "intervals so far: 2 of 3 held" over all predictions that count; "" where there are none."""
    counted = [p for p in data["predictions"].values() if "low" in p and "outcome" in p and not p.get("late")]
    if not counted:
        return ""
    held = sum(map(_held, counted))
    expect = f"at {ODDS:.0%} one expects {ODDS * len(counted):.1f}"
    return f"Your intervals so far: {held} of {len(counted)} held their outcome; {expect}."


# --- progress ------------------------------------------------------------------------------------------------------


@_desk
def progress(puzzle: str | int):
    """A table of what is solved in a puzzle, and of what its predictions scored."""
    exercises = of_puzzle(puzzle)
    data = record.read()
    rows, done = [], 0
    for e in exercises:
        kept = data["exercises"].get(e.id, {})
        finished = "solved" in kept or "compared" in kept
        done += finished
        state = (
            ("✓ compared" if e.kind == "why" else "✓ solved") if finished else "tried" if "attempts" in kept else "open"
        )
        revealed = "yes" if "revealed" in kept else "no"
        rows.append(
            [
                e.id,
                _title(e),
                state,
                str(kept.get("attempts", 0) or ""),
                f"{kept.get('hints', 0)} of {len(e.hints)}",
                revealed,
            ]
        )
    head = ["exercise", "", "state", "checks", "hints used", "revealed before solved"]
    cards = [
        Card(
            "✓" if done == len(exercises) else "·",
            f"Puzzle {puzzle}: {done} of {len(exercises)} done",
            head=head,
            rows=rows,
        )
    ]
    if rows := _prediction_rows(data, str(puzzle)):
        tally = _calibration(data)
        head = ["prediction", "predicted", "outcome", "on", "score"]
        cards.append(Card("·", "Predictions", [tally] if tally else [], head=head, rows=rows))
    return cards, ""


def _prediction_rows(data: dict, puzzle: str) -> list[list[str]]:
    """Of the puzzle and of its walkthrough, whose ids begin with n."""
    rows = []
    for id, kept in sorted(data["predictions"].items()):
        if re.match(rf"n?{re.escape(puzzle)}\.", id):
            seen = kept.get("outcome")
            stated = _stated(kept) if "value" in kept else "none"
            score = _score(kept)[1] if seen and "value" in kept else ""
            rows.append(
                [id, stated, _shown(seen["actual"]) if seen else "not seen yet", seen["label"] if seen else "", score]
            )
    return rows
