"""A glance at a puzzle file, its JSON or GitHub's preview of it must not give the answer away."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import textwrap

import pytest

from tests.notebooks.conftest import ROOT, built, source
from zeropoint.desk.exercise import of_puzzle

puzzles = pytest.mark.parametrize("name", built("puzzles"))


def number(name: str) -> int:
    return int(name.split("/")[1][:2])


def flat(text: str) -> str:
    return re.sub(r"\s+", " ", text).casefold()


@puzzles
def test_answer_words_do_not_stand_in_the_file(name):
    module = importlib.import_module(f"zeropoint.puzzles.p{number(name):02d}.exercises")
    raw = flat((ROOT / f"{name}.ipynb").read_text(encoding="utf-8"))
    assert module.SPOILERS, f"{module.__name__} names no SPOILERS: words that give the puzzle's answer away"
    assert not [word for word in module.SPOILERS if flat(word) in raw]


@puzzles
def test_hints_tasks_rubrics_and_nudges_stay_in_the_library(name):
    raw = flat("\n".join(cell.source for cell in source(name).cells))
    for exercise in of_puzzle(number(name)):
        texts = [*exercise.hints, *exercise.rubric, *(m.nudge for m in exercise.mistakes), exercise.task]
        assert not [text for text in texts if text and flat(text) in raw], exercise.id


@puzzles
def test_no_line_of_a_solution_is_left(name):
    puzzle = {line.strip() for cell in source(name).cells for line in cell.source.splitlines()}
    for exercise in of_puzzle(number(name)):
        if exercise.kind == "function":
            code = textwrap.dedent(inspect.getsource(exercise.reference))
            body = ast.parse(code).body[0].body[0].lineno  # the signature stands in the puzzle too
            lines = [line.strip() for line in code.splitlines()[body - 1 :]]
            telling = {line for line in lines if len(line) > 25 and not line.startswith(("#", '"""', "def "))}
            assert not telling & puzzle, exercise.id


@puzzles
def test_solution_differs_from_the_puzzle(name):
    solution = name.replace("puzzles", "solutions")
    assert (ROOT / f"{solution}.ipynb").exists() and "raise NotImplementedError" not in str(source(solution).cells)
