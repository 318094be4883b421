"""progress: what is solved in a puzzle, and what its predictions scored."""

from __future__ import annotations

import re

from zeropoint.desk import record
from zeropoint.desk.calls import on_desk, title_of
from zeropoint.desk.display import Card
from zeropoint.desk.exercise import Exercise, of_puzzle
from zeropoint.desk.predictions import calibration, score_of, shown, stated

EXERCISE_HEAD = ["exercise", "", "state", "checks", "hints used", "seen early"]
PREDICTION_HEAD = ["prediction", "predicted", "outcome", "on", "score"]


@on_desk
def progress(puzzle: str | int):
    """A table of what is solved in a puzzle, and of what its predictions scored."""
    exercises = of_puzzle(plain_number(puzzle))
    data = record.read()
    done = sum(finished(data, e) for e in exercises)
    title = f"Puzzle {plain_number(puzzle)}: {done} of {len(exercises)} done"
    rows = [exercise_row(data, e) for e in exercises]
    cards = [Card("✓" if done == len(exercises) else "·", title, head=EXERCISE_HEAD, rows=rows)]
    if rows := prediction_rows(data, plain_number(puzzle)):
        tally = calibration(data)
        cards.append(Card("·", "Predictions", [tally] if tally else [], head=PREDICTION_HEAD, rows=rows))
    return cards, ""


def plain_number(puzzle: str | int) -> str:
    """ "1" for 1, "1" and "01"."""
    return str(puzzle).lstrip("0") or "0"


def finished(data: dict, exercise: Exercise) -> bool:
    """Solved, or compared with its rubric; to have seen a solution is not enough."""
    return bool({"solved", "compared"} & set(data["exercises"].get(exercise.id, {})))


def hints_used(kept: dict) -> int:
    """Hints opened before an exercise was done, or so far."""
    return kept.get("hints_used", kept.get("hints", 0))


def exercise_row(data: dict, exercise: Exercise) -> list[str]:
    """Id, title (where it may be told), state, checks, hints, whether solution or rubric was seen before its time."""
    kept = data["exercises"].get(exercise.id, {})
    state = "tried" if "attempts" in kept or "text" in kept else "open"
    if finished(data, exercise):
        state = "✓ compared" if exercise.kind == "why" else "✓ solved"
    checks, hints = str(kept.get("attempts", "")), f"{hints_used(kept)} of {len(exercise.hints)}"
    early = "yes" if {"revealed", "early"} & set(kept) else "no"
    return [exercise.id, title_of(exercise), state, checks, hints, early]


def prediction_rows(data: dict, puzzle: str) -> list[list[str]]:
    """Of the puzzle and of its walkthrough, whose ids begin with n."""
    rows = []
    for id, kept in sorted(data["predictions"].items()):
        if not re.match(rf"n?{re.escape(puzzle)}\.", id):
            continue
        made = stated(kept) if "value" in kept else "skipped" if "skipped" in kept else "none"
        seen = kept.get("outcome")
        if seen is None:
            rows.append([id, made, "not seen yet", "", ""])
        else:
            score = score_of(kept)[1] if "value" in kept else ""
            rows.append([id, made, shown(seen["actual"]), seen["label"], score])
    return rows
