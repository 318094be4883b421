"""What the notebooks ask to predict, and what is declared, are the same."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from zeropoint.desk.exercise import puzzles
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
