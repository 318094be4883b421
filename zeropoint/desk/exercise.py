"""Exercises as data: what is asked, a clear reference, the usual mistakes, hints. Each puzzle's stand in its room, `zeropoint.puzzles.pNN`."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from zeropoint import puzzles as rooms

# On small random inputs float32 errs by 1e-6 or less (measured on 1,500 seeds). On a real matrix a naive float32 sum over
# 50,257 rows errs by 1e-5 (measured). There n for n - 1 changes an answer by 2e-5 and cannot be told from rounding: the
# small random inputs have to catch it, and do.
TOLERANCE = 2e-5
REAL_TOLERANCE = 1e-4


@dataclass(frozen=True)
class Mistake:
    """A wrong answer that people give. `fn` takes the exercise's arguments and gives that wrong answer.

    Several mistakes may share a name: the same slip written differently. The nudge points at the slip, not at the answer.
    """

    name: str
    fn: Callable[..., Any]
    nudge: str


@dataclass(frozen=True)
class Judged:
    """What a judge found on one model: the parts that count, in a line each, and what is wanting ("" if nothing is)."""

    wanting: str
    parts: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Exercise:
    """One exercise, written once: notebook, stub, check and solution are made of it (tools/build.py).

    function: `cases(seed)` gives argument tuples (tensors, numbers, strings, small modules, containers of those);
        `reference(*arguments)` gives the right answer (tensor, float, int, bool, str, or a tuple of these). Its signature
        and docstring are the puzzle's stub, its whole source is the solution's answer and what reveal shows, so it uses
        nothing but its arguments and what the notebook imports. Arguments reach it in float64 on the CPU, and a learner's
        function in float32, as the models' own do.
    value, choice: the answer itself; `reference(*real(x))` gives it from the matrix in `check(..., real={label: x})`,
        or `reference()` where it takes no arguments. Mistakes take the same arguments.
    why: a text, compared with `rubric` by its writer; `answer` is one that makes every point, for the solution.
    """

    id: str
    title: str
    kind: Literal["function", "value", "choice", "why"]
    difficulty: Literal[1, 2, 3]
    minutes: int
    hints: Sequence[str]
    statement: str = ""
    """What is asked, in Markdown: given and wanted, with names and shapes, in plain English that admits one reading."""
    task: str = ""
    """The statement, where reading it in the notebook would give an earlier answer away: `task(id)` hands it out, and the
    notebook shows neither title nor docstring."""
    after: Sequence[str] = ()
    """The predictions that the task would answer: it is handed out once they are made or skipped."""
    reference: Callable[..., Any] | None = None
    cases: Callable[[int], list[tuple]] | None = None
    mistakes: Sequence[Mistake] = ()
    options: Sequence[str] = ()
    rubric: Sequence[str] = ()
    answer: str = ""
    scale: float | None = None
    """The answer's natural size (1 for a cosine); None: its largest entry in the case at hand."""
    tolerance: float = TOLERANCE
    """Allowed error on random inputs, in units of the larger of `scale` and the answer's own size. For a value: the only one."""
    real_tolerance: float = REAL_TOLERANCE
    made_as: Sequence[str] = ()
    """What each input of `cases` was made to be, for the message: where its shape does not tell."""
    no_table: bool = False
    """The statement forbids a table of all pairs of rows: on the largest random input no array may have a number for each
    pair, be it once."""
    real: Callable[[Any], tuple] = lambda W: (W,)
    """The arguments made of what a learner gives as real={label: x}."""
    counts: Callable[[Any], Any] | None = None
    """What of an answer counts, where several are right: answers are the same where this is. None: all of it. As a dict,
    each part under the sentence that says so where it is wrong: that is then shown, and not one right answer of many."""
    judge: Callable[[Callable[..., Any], Any], Judged] | None = None
    """Judges a function on each x of real={label: x}, in place of cases: for what has no single right answer."""

    def __post_init__(self):
        needed = {
            "function": ("reference", "judge" if self.judge else "cases"),
            "value": ("reference",),
            "choice": ("reference", "options"),
            "why": ("rubric", "answer"),
        }
        if missing := [name for name in needed[self.kind] if not getattr(self, name)]:
            raise ValueError(f"Exercise {self.id} is a {self.kind}: it needs {' and '.join(missing)}.")

    @property
    def puzzle(self) -> str:
        return self.id.split(".")[0]


class NoSuchExercise(LookupError):
    """Its message is one sentence for the learner."""


def puzzles() -> list[str]:
    """Numbers of the puzzles that have exercises: "1", "2", …"""
    return [
        str(int(room.name[1:])) for room in pkgutil.iter_modules(rooms.__path__) if re.fullmatch(r"p\d\d", room.name)
    ]


def of_puzzle(puzzle: str | int) -> list[Exercise]:
    """The exercises of a puzzle, in order. NoSuchExercise: there is no such puzzle."""
    if str(puzzle) not in puzzles():
        raise NoSuchExercise(f"There is no puzzle {puzzle!r}; there are {', '.join(puzzles())}.")
    return list(importlib.import_module(f"{rooms.__name__}.p{int(puzzle):02d}.exercises").EXERCISES)


def find(id: str) -> Exercise:
    """The exercise with this id, such as "1.2". NoSuchExercise: there is none."""
    there = of_puzzle(str(id).split(".")[0])
    for exercise in there:
        if exercise.id == str(id):
            return exercise
    raise NoSuchExercise(f"There is no exercise {id!r}; this puzzle has {', '.join(e.id for e in there)}.")
