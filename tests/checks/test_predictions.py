"""What the notebooks ask to predict, and what is declared, are the same."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import jupytext
import pytest

from zeropoint.desk.exercise import find, puzzles
from zeropoint.desk.predictions import Number, Word, predictions_of

SOURCES = Path(__file__).parents[2] / "sources"
NUMBERS = pytest.mark.parametrize("number", puzzles())


def asked(number: str) -> list[str]:
    """The ids in the `predict` calls of a puzzle and its walkthrough."""
    files = [*SOURCES.glob(f"puzzles/{int(number):02d}_*.py"), *SOURCES.glob(f"notebooks/{int(number):02d}_*.py")]
    return [
        id for file in files for id in re.findall(r'^ *predict\(\s*"(.+?)"', file.read_text(encoding="utf-8"), re.M)
    ]


@NUMBERS
def test_every_prediction_that_is_asked_is_declared_and_no_other(number):
    declared = [prediction.id for prediction in predictions_of(number)]
    assert sorted(declared) == sorted(set(asked(number))) and len(set(declared)) == len(declared)


@NUMBERS
def test_a_prediction_can_be_made(number):
    for prediction in predictions_of(number):
        assert prediction.of and prediction.asked
        if isinstance(prediction, Word):
            assert len(prediction.words) > 1
        if isinstance(prediction, Number):
            assert prediction.low < prediction.high


def loose(code: str) -> list[str]:
    """The answers that a cell uses otherwise than to have them checked, or compared."""
    tree = ast.parse(code)
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
    handed = [arg for call in calls if call.func.id in ("check", "why") for arg in call.args]
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name) and re.match(r"answer_\d", node.id)]
    return [node.id for node in names if node not in handed]


@NUMBERS
def test_no_outcome_comes_from_an_answer_that_was_not_checked(number):
    """2.a was once scored with the learner's own wrong function: a puzzle goes on from `checked(…)` alone."""
    (source,) = SOURCES.glob(f"puzzles/{int(number):02d}_*.py")
    cells = [cell for cell in jupytext.read(source).cells if cell.cell_type == "code"]
    of_learners = [cell.source for cell in cells if "solution" not in cell.metadata.get("tags", ())]
    assert not [name for code in of_learners for name in loose(code)]


def test_a_loose_answer_is_seen():
    assert loose("outcome('1.b', answer_1_1(W))") == ["answer_1_1"]
    assert not loose("check('1.1', answer_1_1, real=clouds)\nwhy('1.7', answer_1_7)\noutcome('1.b', checked('1.1')(W))")


@NUMBERS
def test_no_outcome_depends_on_which_right_answer_was_given(number):
    """Where several answers are right, what was predicted is computed with one of them, the same for everybody."""
    cells = [cell for file in SOURCES.glob(f"puzzles/{int(number):02d}_*.py") for cell in jupytext.read(file).cells]
    used = {id for cell in cells if "outcome(" in cell.source for id in re.findall(r'checked\("(.+?)"\)', cell.source)}
    assert not [id for id in used if find(id).counts or find(id).judge]
