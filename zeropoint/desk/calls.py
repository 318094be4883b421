"""How the functions that learners call show their cards, and complain when strict."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

from zeropoint.desk import record
from zeropoint.desk.display import Card
from zeropoint.desk.exercise import Exercise, NoSuchExercise, of_puzzle


class Slip(ValueError):
    """A call that cannot be answered; its message is the card's one line."""


def on_desk(fn: Callable[..., tuple[list[Card], str]]) -> Callable[..., None]:
    """Show the cards that `fn` returns, with news of the progress file; raise its complaint, if any, when strict."""

    @wraps(fn)
    def shown(*args: Any, **kwargs: Any) -> None:
        try:
            cards, complaint = fn(*args, **kwargs)
        except (Slip, NoSuchExercise) as slip:
            complaint = str(slip.args[0])
            cards = [Card("✗", complaint)]
        put_up(cards)
        if complaint and os.environ.get("ZEROPOINT_STRICT") == "1":
            raise AssertionError(complaint)

    return shown


def put_up(cards: Sequence[Card]) -> None:
    """Show `cards`, and what there is to say about the progress file."""
    for card in cards:
        card.show()
    while record.notices:
        Card("·", record.notices.pop(0)).show()


def done(kept: dict) -> bool:
    """Has an exercise, of which `kept` is what the progress file says, been dealt with: solved, compared or revealed?"""
    return bool({"solved", "compared", "revealed"} & set(kept))


def open_before(exercise: Exercise) -> list[str]:
    """The ids of the puzzle's earlier exercises that are not dealt with."""
    kept = record.read()["exercises"]
    earlier = of_puzzle(exercise.puzzle)
    earlier = earlier[: earlier.index(exercise)]
    return [e.id for e in earlier if not done(kept.get(e.id, {}))]


def title_of(exercise: Exercise) -> str:
    """The exercise's title, unless it has a task that has not been handed out: then even the title would tell."""
    told = not exercise.task or "handed" in record.read()["exercises"].get(exercise.id, {})
    return exercise.title if told else ""


def sentence(exercise: Exercise, text: str) -> str:
    return f"{exercise.id} {title_of(exercise)}".strip() + f": {text}"
