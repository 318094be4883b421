"""07: numbers, verdicts and figures of the walkthrough, and the solved puzzle."""

import re

import pytest

from tests.notebooks.conftest import assert_figure
from zeropoint import geometry, models, streams

LABELS = ["mini-neo (raw, stand-in)", "mini-gpt2 (raw, stand-in)"]
CLAIMS = [
    "‖μ‖² and variance trade off, layer to layer",
    "the knob reaches far",
    "what the mean does, it does by LayerNorm's scale",
    "dose for dose, the model hears volume as well as direction",
    "… the embedding's mean over the vocabulary",
    "any vector of that length would do",
    "the top mean says how often tokens occur",
]
TINY = ["pre- and post-LayerNorm differ", "the embedding's cone needs LayerNorm", "direction or volume, post-LayerNorm"]


@pytest.fixture
def walkthrough(executed):
    return executed("notebooks/07")


def cells(text, claim):
    row = re.search(rf"<th>{re.escape(claim)}</th>(.*?)</tr>", text, re.S)
    return re.findall(r"<td>(.*?)</td>", row[1]) if row else []


def test_numbers_are_those_of_the_stream(walkthrough):
    reports = {report["model"]: report["numbers"] for report in walkthrough.run.reports}
    assert list(reports) == LABELS
    for label, values in reports.items():
        model = models.load(label.split()[0])
        s = streams.stream(model.bridge, streams.sequences(model.tokenizer))
        shares = [geometry.share_of_mean(X - X.mean(1, keepdim=True)) for X in s.vectors]
        assert float(values["μ's share of denominators², largest"][0]) == pytest.approx(max(shares), rel=1e-3)


def test_every_claim_has_a_verdict(walkthrough):
    for claim in CLAIMS:
        _, neo, gpt2, _ = cells(walkthrough.text, claim)
        assert neo and gpt2, claim
    for claim in TINY:
        assert cells(walkthrough.text, claim)[-1], claim


def test_the_guess_gets_the_verdict_that_its_table_gives(walkthrough):
    row = r"</th>\s*<td>[+-]?[\d.]+</td>\s*<td>[\d.]+</td>\s*<td>(direction|volume|undecided)</td>"
    rows = re.findall(row, walkthrough.text)
    assert len(rows) == 10
    for k in range(2):
        sides = rows[5 * k : 5 * k + 5]
        verdict = cells(walkthrough.text, "what the mean does, it does by LayerNorm's scale")[1 + k]
        assert verdict.startswith("supported" if sides.count("volume") > 2 else "not supported")
        assert f"direction at {sides.count('direction')}, volume at {sides.count('volume')} of 5" in verdict


def test_the_identity_holds(walkthrough):
    assert float(re.search(r"miss of the identity: ([\d.e-]+)", walkthrough.text)[1]) < 1e-5


def test_figures(walkthrough):
    share, changes, knob, tiny = walkthrough.figures
    assert_figure(share, traces=4, x="blocks", y="share", label=LABELS[0])
    assert_figure(changes, traces=12, y="KL", label=LABELS[1])
    assert all(trace["error_y"]["array"] for trace in changes["data"])
    assert_figure(knob, traces=6, x="μ times", y="KL")
    for trace in knob["data"]:  # μ times 1 is the untouched model
        assert trace["y"][3] == 0 and min(trace["y"]) > -1e-6
    assert_figure(tiny, traces=9, x="updates", y="share")


def test_solution_passes_everything(executed):
    solved = executed("solutions/07")
    assert not solved.error and "6 of 6" in solved.text


def test_puzzle_tells_no_task_before_its_time(executed):
    puzzle = executed("puzzles/07")
    assert "borrowed denominators" not in puzzle.text and puzzle.text.count("not attempted yet") >= 6
