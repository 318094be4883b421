"""03: the numbers and figures of the walkthrough and of the solved puzzle."""

import re

import pytest

from tests.notebooks.conftest import assert_figure
from zeropoint.puzzles.p03 import trajectory

NEO, GPT2, TINY = "mini-neo (raw, stand-in)", "mini-gpt2 (raw, stand-in)", "tiny model, trained here"


@pytest.fixture
def walkthrough(executed):
    return executed("notebooks/03")


def numbers(run):
    return {report["model"]: {k: float(v[0]) for k, v in report["numbers"].items()} for report in run.run.reports}


def test_nothing_at_initialisation_and_both_regimes_at_the_end(walkthrough):
    reported = numbers(walkthrough)
    for label, name in ((NEO, "mini-neo"), (GPT2, "mini-gpt2")):
        course = trajectory.whole(name)
        assert abs(reported[label]["initial mean cosine"]) < 1e-4
        assert reported[label]["final mean cosine"] == pytest.approx(course.mean_cosine.iloc[-1], rel=1e-3)
        assert reported[label]["mean cosine passes 0.5 at update"] < 0.05 * course.index[-1]
    assert "chance widths from 0" in walkthrough.text and "not killed: 0" not in walkthrough.text


def test_the_mean_appears_live_and_leaves_the_input_when_untied(walkthrough):
    live = numbers(walkthrough)[TINY]
    assert live["mean cosine, as it is"] > 0.4 and live["mean cosine, bare"] > 0.4
    assert live["mean cosine, bare and untied, output matrix"] > 3 * live["mean cosine, bare and untied, input matrix"]


def test_each_part_has_a_verdict(walkthrough):
    """Or says that the grid has not recorded it yet."""
    text = walkthrough.text
    for part in ("LayerNorm", "positions", "biases", "tying"):
        row = re.search(
            rf"without {part}</th>\s*<td>[^<]*</td>\s*<td>(not recorded yet|open:|not needed:|needed:)", text
        )
        assert row, part


def test_figures(walkthrough):
    pairs, course, groups, live, drift, parts = walkthrough.figures
    steps = len(trajectory.snapshots("mini-neo").rows)
    assert steps == 5
    assert_figure(pairs, traces=3 * steps, x="cosine", y="share of pairs", label=NEO)
    assert_figure(course, traces=6, x="updates", y="norm", label=GPT2)
    assert_figure(groups, traces=10, x="updates", y="cosine with the mean", label=GPT2)
    assert_figure(live, traces=4, x="updates", y="mean pairwise cosine", label=TINY)
    assert_figure(drift, traces=2, x="occurrences", y="drift", label=TINY)
    assert_figure(parts, traces=1, x="mean pairwise cosine", y="part", label="the grid's tiny models")


def test_without_the_hub_one_line_says_so(walkthrough):
    assert walkthrough.text.count("The hub is away") == 1


def test_solution_passes_everything(executed):
    solved = executed("solutions/03")
    assert not solved.error and "6 of 6" in solved.text
