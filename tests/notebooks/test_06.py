"""06: numbers, verdicts and figures of the walkthrough, and the solved puzzle."""

import re

import pytest
import torch

from tests.notebooks.conftest import assert_figure
from zeropoint import models
from zeropoint import streams
from zeropoint.puzzles.p06 import measures

LABELS = ["mini-neo (raw, stand-in)", "mini-gpt2 (raw, stand-in)"]
CLAIMS = [
    "the cone is only at the bottom",
    "what the model reads is as much a cone as its vocabulary",
    "two clusters",
    "the small cluster is position 0",
    "which re-centring suffices",
    "one to three dimensions dominate",
    "standardising helps more than centring",
]


@pytest.fixture
def walkthrough(executed):
    return executed("notebooks/06")


def numbers(run):
    return {report["model"]: {k: float(v[0]) for k, v in report["numbers"].items()} for report in run.run.reports}


def test_numbers_are_those_of_the_stream(walkthrough):
    reported = numbers(walkthrough)
    assert list(reported) == LABELS
    for label, values in reported.items():
        model = models.load(label.split()[0])
        s = streams.stream(model.bridge, streams.sequences(model.tokenizer))
        cosines = measures.type_cosines(s.vectors[-1], s.token)
        assert values["inter-type cosine, top"] == pytest.approx(cosines.inter, rel=1e-3)
        assert values["intra-type cosine, top"] == pytest.approx(cosines.intra, rel=1e-3)


def test_every_claim_has_a_verdict_for_both_models(walkthrough):
    for claim in CLAIMS:
        row = re.search(rf"<th>{re.escape(claim)}</th>(.*?)</tr>", walkthrough.text, re.S)
        assert row and len(re.findall(r"<td>.+?</td>", row[1])) == 3, claim


def by_name(figure):
    """Values of each line over all panels, panel after panel."""
    lines = {}
    for trace in figure["data"]:
        lines.setdefault(trace["name"], []).append(trace["y"])
    return lines


def test_the_cluster_test_can_say_yes(walkthrough):
    """Whatever the models are like, the planted control is found at every layer, and the twins are not."""
    lines = by_name(walkthrough.figures[1])
    silhouettes, valleys = lines["planted"][:2], lines["planted"][2:]
    assert min(map(min, silhouettes)) > 0.5 and max(map(max, valleys)) < 0.5
    assert all(
        s < 0.5 or v > 0.5
        for s, v in zip(
            *map(sum, (lines["its Gaussian twin"][:2], lines["its Gaussian twin"][2:]), ([], [])), strict=True
        )
    )
    assert walkthrough.text.count("planted control found at 5") >= 2


def test_verdict_on_two_clusters_follows_from_the_figure(walkthrough):
    lines = by_name(walkthrough.figures[1])
    for k, label in enumerate(LABELS):
        (s, v), twin = lines["trained"][k::2], lines["its Gaussian twin"][k]
        two = sum(a > max(0.5, t + 0.1) and b < 0.5 for a, b, t in zip(s, v, twin, strict=True))
        assert f"{label} · two clusters: {'yes' if two else 'no'}: at {two} of 5 layers" in walkthrough.text


def test_figures(walkthrough):
    cosines, silhouettes, neo, gpt2, left, rogue = walkthrough.figures
    assert_figure(cosines, traces=18, x="blocks", y="cosine", label=LABELS[0])
    assert_figure(silhouettes, traces=16, x="blocks", y="silhouette", label=LABELS[1])
    for figure, label in ((neo, LABELS[0]), (gpt2, LABELS[1])):
        assert_figure(figure, traces=3, x="principal", label=label)
    assert_figure(left, traces=10, x="blocks", y="cosine")
    assert_figure(rogue, traces=10, x="blocks", y="dimension")
    assert all(0 <= y <= 1 for trace in cosines["data"] for y in torch.tensor(trace["y"]).abs())


def test_solution_passes_everything(executed):
    solved = executed("solutions/06")
    assert not solved.error and "6 of 6" in solved.text


def test_puzzle_tells_no_task_before_its_time(executed):
    puzzle = executed("puzzles/06")
    assert "Suppose the two sides" not in puzzle.text and puzzle.text.count("not attempted yet") >= 6
