"""11: numbers, verdicts and figures of the walkthrough, and the solved puzzle."""

import pytest

from tests.notebooks.conftest import assert_figure
from zeropoint import geometry, models
from zeropoint.puzzles.p11 import claims, measures
from zeropoint.tiny.corpus import tokens_for

LABELS = ["mini-neo (raw, stand-in)", "mini-gpt2 (raw, stand-in)"]
TINY = "tiny model, trained here"
EACH = [
    claims.NEAREST, claims.CROWD, claims.LENGTH, claims.RARITY, claims.FORETOLD, claims.DETECTOR, claims.ROOM_INSIDE,
    claims.READ_AS_ONE, claims.READ_AS_MEAN, claims.AT_A_LOSS,
]  # fmt: skip


@pytest.fixture
def walkthrough(executed):
    return executed("notebooks/11")


def test_numbers_are_those_of_the_matrix(walkthrough):
    reported = {report["model"]: report["numbers"] for report in walkthrough.run.reports}
    assert list(reported) == [*LABELS, TINY]
    for label in LABELS:
        W = models.load_embedding(label.split()[0]).W
        never = tokens_for(len(W)).counts == 0
        found = reported[label]
        assert float(found["never met"][0]) == pytest.approx(int(never.sum()), rel=1e-3)
        place = measures.place(measures.distance(W, geometry.mean(W)), never)
        assert float(found["place of the never met"][0]) == pytest.approx(place, rel=1e-3)


def test_every_claim_is_tested_on_both_models(walkthrough):
    tested = {(text, on) for text, _, on, *_ in walkthrough.run.ledger}
    assert tested == {(c.text, on) for c in EACH for on in LABELS} | {
        (claims.SAME_STEPS.text, TINY),
        (claims.PLANTED.text, TINY),
    }


def test_what_holds_and_what_is_ruled_out(walkthrough):
    verdicts = {(text, on): word for text, _, on, word, _ in walkthrough.run.ledger}
    for label in LABELS:
        assert verdicts[claims.CROWD.text, label] == verdicts[claims.DETECTOR.text, label] == "holds"
        assert verdicts[claims.LENGTH.text, label] == verdicts[claims.RARITY.text, label] == "fails"
        assert verdicts[claims.ROOM_INSIDE.text, label] == "fails"
        assert verdicts[claims.READ_AS_ONE.text, label] == "holds"
    assert [verdicts[claims.AT_A_LOSS.text, label] for label in LABELS] == ["holds", "fails"]
    assert verdicts[claims.SAME_STEPS.text, TINY] == verdicts[claims.PLANTED.text, TINY] == "holds"


def test_figures(walkthrough):
    distance, courses, detectors = walkthrough.figures
    assert_figure(distance, traces=8, x="occurrences", y="distance to the mean", label=LABELS[0])
    assert_figure(courses, traces=4, x="updates", y="cosine", label=TINY)
    assert_figure(detectors, traces=12, x="recall", y="precision", label=LABELS[1])


def test_solution_passes_everything(executed):
    solved = executed("solutions/11")
    assert not solved.error and "6 of 6 done" in solved.text
