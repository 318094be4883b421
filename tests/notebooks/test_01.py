"""01: the numbers and figures of the walkthrough and of the solved puzzle."""

import re

import pytest

from tests.notebooks.conftest import assert_figure
from zeropoint import geometry, models


@pytest.fixture
def walkthrough(executed):
    return executed("notebooks/01")


def numbers(run):
    return {report["model"]: {k: float(v[0]) for k, v in report["numbers"].items()} for report in run.run.reports}


def test_numbers_are_those_of_the_matrix(walkthrough):
    reported = numbers(walkthrough)
    assert list(reported) == ["mini-neo (raw, stand-in)", "mini-gpt2 (raw, stand-in)"]
    for label, values in reported.items():
        W = models.load_embedding(label.split()[0]).W.float()
        assert values["mean cosine"] == pytest.approx(geometry.mean_pairwise_cosine(W), rel=1e-3)
        assert abs(values["centred"]) < 0.1


def test_both_regimes_emerged(walkthrough):
    neo, gpt2 = numbers(walkthrough).values()
    assert neo["mean cosine"] > 0.9 and 0.2 < gpt2["mean cosine"] < 0.4


def test_every_rival_gets_a_computed_verdict(walkthrough):
    for rival in ("meaning", "few dimensions", "one common vector", "rare tokens", "loader"):
        assert re.search(rf"\([a-e]\) (the )?(one )?{rival}|{rival}", walkthrough.text)
    assert "killed: the file holds the same numbers" in walkthrough.text
    assert walkthrough.text.count("killed") >= 3


def test_figures(walkthrough):
    pairs, dimensions, fifths, reveal, origin = walkthrough.figures
    assert_figure(pairs, traces=3, x="cosine", y="share of pairs", label="mini-neo (raw, stand-in)")
    assert_figure(dimensions, traces=3, x="dimensions", y="share")
    assert_figure(fifths, traces=6, x="vocabulary", y="norm")
    assert_figure(reveal, traces=6, x="cosine", label="mini-gpt2 (raw, stand-in)")
    assert_figure(origin, traces=7, x="rms spread", y="mean pairwise cosine")


def test_solution_passes_everything(executed):
    solved = executed("solutions/01")
    assert not solved.error and "5 of 5" in solved.text or "solved" in solved.text
