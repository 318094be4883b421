"""10: numbers, verdicts and figures of the walkthrough, and the solved puzzle."""

import pytest

from tests.notebooks.conftest import assert_figure
from zeropoint import geometry, models
from zeropoint.puzzles.p10 import claims

LABELS = ["mini-neo (raw, stand-in)", "mini-gpt2 (raw, stand-in)"]


@pytest.fixture
def walkthrough(executed):
    return executed("notebooks/10")


# TODO: what this walkthrough's numbers, verdicts and figures must be, whichever way the models came out
def test_numbers_are_those_of_the_matrix(walkthrough):
    reported = {report["model"]: report["numbers"] for report in walkthrough.run.reports}
    assert list(reported) == LABELS
    for label, values in reported.items():
        W = models.load_embedding(label.split()[0]).W
        assert float(values["mean cosine"][0]) == pytest.approx(geometry.mean_pairwise_cosine(W), rel=1e-3)


def test_every_claim_is_tested_on_both_models(walkthrough):
    assert [(text, on) for text, _, on, *_ in walkthrough.run.ledger] == [(claims.ALIKE.text, on) for on in LABELS]


def test_figures(walkthrough):
    (cosines,) = walkthrough.figures
    assert_figure(cosines, traces=2, x="cosine", y="share of pairs", label=LABELS[0])


def test_solution_passes_everything(executed):
    solved = executed("solutions/10")
    assert not solved.error and "2 of 2 done" in solved.text
