"""What a rubric asks, the solved puzzle has shown. (02, 05, 06 and 07 have tests of their own for it.)"""

from __future__ import annotations

import json

import pytest

SHOWN = {
    "01": (
        "half the tokens, less the other half's mean",
        "projected out: a random direction",
        "projected out: widest at right angles to mean",
        "median cosine of a token with the mean",
        "share along the mean (1.4)",
        "mean |cosine|: ",
        "most: amount",
    ),
    "03": (
        "drawn again",  # three numbers beside those of 3.1
        "unchanged",  # the base, and what is left of it
        "without order of the text",
        "without Adam's second moment by token",
        "without unequal frequencies",
        "without tying (output matrix)",
        "loss passes the entropy of single tokens",
        "a random direction",
    ),
    "04": (
        "planted: equal amounts, a line across",
        "frequencies_alone",  # beside the loss of each dose
        "the two numbers part",
        "norm_of_mean",
        "autograd's length",
        "one divisor for all rows",
        "first part, most",
    ),
}


@pytest.mark.parametrize("number", SHOWN)
def test_the_solution_shows_what_the_rubric_asks(executed, number):
    run = executed(f"solutions/{number}")
    seen = run.text + json.dumps(run.figures, ensure_ascii=False)
    assert not [words for words in SHOWN[number] if words not in seen]
