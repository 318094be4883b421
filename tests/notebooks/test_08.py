"""08: numbers, verdicts and figures of the walkthrough, and the solved puzzle."""

import pytest

from tests.notebooks.conftest import assert_figure, source
from zeropoint import models
from zeropoint.puzzles.p08 import claims
from zeropoint.puzzles.p08.ablation import Study

LABELS = ["mini-neo (raw, stand-in)", "mini-gpt2 (raw, stand-in)"]
ALGEBRA = (claims.FREE, claims.EVERY_ZERO, claims.IS_MEAN)  # no model may answer otherwise


@pytest.fixture
def walkthrough(executed):
    return executed("notebooks/08")


def words(run):
    """Verdict by claim and what it was tested on."""
    return {(text, on): word for text, _, on, word, _ in run.run.ledger}


def marks(figure, name):
    """Heights of one thing's marks: for each model, one a component."""
    return [trace["y"] for trace in figure["data"] if trace["name"] == name]


def test_numbers_are_those_of_the_model(walkthrough):
    reports = {report["model"]: report["numbers"] for report in walkthrough.run.reports}
    assert list(reports) == LABELS
    for label, values in reports.items():
        study = Study(models.load(label.split()[0]))
        largest = max(map(study.share, study.parts))
        assert float(values["largest mean's share"][0]) == pytest.approx(largest, rel=1e-3)
        for kind in ("zero", "mean"):
            assert -1 <= float(values[f"rank correlation with another input, {kind}"][0]) <= 1


def test_every_claim_is_tested_on_both_models(walkthrough):
    tested = words(walkthrough)
    for claim in vars(claims).values():
        if isinstance(claim, claims.Claim):
            on = [where for text, where in tested if text == claim.text]
            assert all(any(label in where for where in on) for label in LABELS), claim.text


def test_what_follows_from_algebra_holds(walkthrough):
    for claim in ALGEBRA:
        for label in LABELS:
            assert words(walkthrough)[claim.text, label] == "holds", claim.text
    assert words(walkthrough)[claims.SAFE.text, "the head made by hand"] == "fails"


def test_the_verdict_on_zero_is_that_of_its_figure(walkthrough):
    """The verdict needs an interval; where it has one, its sign is that of most of the marks."""
    figure = walkthrough.figures[0]
    for label, zero, mean in zip(LABELS, marks(figure, "zero"), marks(figure, "mean"), strict=True):
        more = sum(z > m for z, m in zip(zero, mean, strict=True)) > len(zero) / 2
        word = words(walkthrough)[claims.OVERSTATES.text, label]
        assert word in ("open", "holds" if more else "fails"), label


def test_figures(walkthrough):
    harm, halves, copies = walkthrough.figures
    assert_figure(harm, traces=8, x="components", y="KL", label=LABELS[0])
    assert_figure(halves, traces=6, x="variation is gone", y="mean is gone", label=LABELS[1])
    assert_figure(copies, traces=8, x="heads", y="KL", label=LABELS[0])


def test_in_the_copy_that_was_made_for_it_every_head_is_alike(walkthrough):
    for heights in marks(walkthrough.figures[2], "zero, moved by us"):
        assert max(heights) < 1.1 * min(heights)


def test_solution_passes_everything(executed):
    solved = executed("solutions/08")
    assert not solved.error and "6 of 6" in solved.text


def test_puzzle_shows_nothing_before_it_is_predicted(executed):
    puzzle = executed("puzzles/08")
    assert puzzle.text.count("not attempted yet") >= 6
    assert not puzzle.error and not puzzle.figures
    assert "harms most:" not in puzzle.text and "set to zero:" not in puzzle.text


def test_the_puzzle_does_not_name_what_is_asked():
    written = "\n".join(cell.source for cell in source("puzzles/08_zero_is_an_origin").cells)
    for said in ("constant that", "gauge move", "no prediction changes", "−β", "variance"):
        assert said not in written, said
