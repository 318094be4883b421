"""09: numbers, verdicts and figures of the walkthrough, the solved puzzle, and what the tools and the search say alone."""

from __future__ import annotations

import re

import pytest
import torch

from tests.notebooks.conftest import assert_figure
from zeropoint import geometry, models
from zeropoint.claims import over
from zeropoint.puzzles.p09 import claims, gptj, search, tools

LABELS = ["mini-neo (raw, stand-in)", "mini-gpt2 (raw, stand-in)"]
TOOLS = list(tools.TOOLS)


@pytest.fixture
def walkthrough(executed):
    return executed("notebooks/09")


def words(run):
    """Verdict by claim and what it was tested on."""
    return {(text, on): word for text, _, on, word, _ in run.run.ledger}


def test_numbers_are_those_of_the_matrix(walkthrough):
    reported = {report["model"]: report["numbers"] for report in walkthrough.run.reports}
    assert list(reported) == LABELS
    for label, values in reported.items():
        model = models.load(label.split()[0])
        assert float(values["mean cosine of all pairs"][0]) == pytest.approx(
            geometry.mean_pairwise_cosine(model.W_E), rel=1e-3
        )
        bench = tools.Bench(model)
        before, after = (tools.partner(bench, origin) for origin in (tools.nothing, tools.own_mean))
        assert values["gain, partner in the other cloud"][0] == str(over((after - before).tolist(), "pairs"))


def test_every_claim_is_tested_on_both_models(walkthrough):
    tested = words(walkthrough)
    for claim in vars(claims).values():
        if isinstance(claim, claims.Claim):
            on = [where for text, where in tested if text == claim.text]
            wanted = [gptj.DOUBLE] if claim is claims.TWO_NORMS else LABELS
            assert all(any(label in where for where in on) for label in wanted), claim.text


def test_verdicts_are_those_of_the_figure(walkthrough):
    """What algebra makes sure of on any model, and what the table counts."""
    tested = words(walkthrough)
    for label in LABELS:
        for sure in (claims.BLIND, claims.BIAS, claims.COUNTS, claims.WHICH):
            assert tested[sure.text, label] == "holds"
    for label, centred in zip(LABELS, marks(walkthrough.figures[0], "centred"), strict=True):
        at = TOOLS.index("nearest token, by cosine")
        gain, half = centred["x"][at], centred["error_x"]["array"][at]
        word = "open" if abs(gain) <= half else "holds" if gain > 0 else "fails"
        assert tested[claims.NEAREST.text, label] == word


def marks(figure, name):
    return [trace for trace in figure["data"] if trace["name"] == name]


def test_figures(walkthrough):
    forest, dose = walkthrough.figures
    assert_figure(forest, traces=6, x="change", y="tool", label=LABELS[1])
    assert all(len(trace["x"]) == len(TOOLS) for trace in marks(forest, "centred"))
    assert_figure(dose, traces=6, x="mean", y="right", label=LABELS[0])


def test_the_double_is_never_called_gpt_j(walkthrough):
    assert models.DOUBLE in gptj.DOUBLE
    on = {where for _, where in words(walkthrough)}
    assert gptj.NAME not in on and gptj.DOUBLE in on
    assert not [r for r in walkthrough.run.reports if "gpt-j" in r["model"].casefold()]


def test_the_double_has_the_published_norms():
    D = gptj.double()
    norms = D.norm(dim=1)
    assert norms[:-100].mean().item() == pytest.approx(gptj.NORM, abs=0.002)
    assert norms[:-100].std().item() == pytest.approx(gptj.NORM_SPREAD, rel=0.1)
    assert norms[-100:].mean().item() == pytest.approx(gptj.UNTRAINED_NORM, abs=0.004)


def test_nothing_is_downloaded_for_gpt_j_where_its_weights_are_pickled(monkeypatch, tmp_path):
    monkeypatch.setattr(models, "mode", lambda: "hub")
    monkeypatch.setattr(gptj.hub, "has_tensor", lambda name: True)
    monkeypatch.setattr(models, "find", lambda name, weights: models.Found(name, "hub", tmp_path))
    monkeypatch.setattr(gptj.hub, "tensor_names", lambda name, commit: ({}, 0))
    monkeypatch.setattr(models, "load_embedding", lambda name: pytest.fail("asked for the weights"))
    rows, _, said = gptj.embedding()
    assert rows is None and "pickled" in said


def test_a_vocabulary_without_words_has_too_few():
    class NoWords:
        W_E = torch.randn(40, 8)

        class tokenizer:
            @staticmethod
            def get_vocab():
                return {f"<{i}>": i for i in range(40)}

    found = tools.measure(tools.Bench(NoWords()), ["nearest token, by cosine", "partner in the other cloud"])
    assert {effect.does for effect in found.values()} == {"too few"}


def test_the_error_of_a_control_counts_its_draws():
    """Units share a draw: an interval over units alone holds the truth far less often than it says."""
    generator = torch.Generator().manual_seed(0)
    held = {"both": 0, "units alone": 0}
    studies, draws, units = 300, 8, 100
    for _ in range(studies):
        shared = 0.5 * torch.randn(draws, 1, generator=generator, dtype=torch.float64)
        marks = shared + torch.randn(draws, units, generator=generator, dtype=torch.float64)
        marks += torch.randn(units, generator=generator, dtype=torch.float64)
        for how, found in {
            "both": tools.over_both(marks, "pairs"),
            "units alone": over(marks.mean(0).tolist(), "pairs"),
        }.items():
            held[how] += found.low <= 0 <= found.high
    assert 0.92 < held["both"] / studies < 0.99 and held["units alone"] / studies < 0.8


def test_a_control_is_the_mean_of_its_draws():
    bench, name = tools.Bench(models.load("mini-gpt2")), "partner in the other cloud"
    tool, found = tools.TOOLS[name], tools.measure(bench, [name])[name]
    draws = [tool.marks(bench, tools.elsewhere(seed)).double().mean().item() for seed in range(tool.draws)]
    assert found.control.value + found.as_it_is.value == pytest.approx(sum(draws) / tool.draws)
    assert found.more.value == pytest.approx(found.gain.value - found.control.value)


def test_a_cloud_without_a_mean_is_asked_for_one_property_only():
    W = torch.randn(2000, 8, generator=torch.Generator().manual_seed(0))
    found = search.judge(lambda tokens, W: {"hurts": None, "spared": W[:, 0] > 0, "helps": None}, ([""] * 2000, W))
    assert not found.wanting and set(found.parts) == {"spared"}


def test_an_interval_decides_the_verdict():
    assert tools.does(over([0.2, 0.3, 0.25], "pairs")) == "helps"
    assert tools.does(over([-0.2, -0.3, -0.25], "pairs")) == "hurts"
    assert tools.does(over([0.0, 0.0, 0.0], "pairs")) == "no matter"
    assert tools.does(over([-0.5, 0.5, 0.1], "pairs")) == "unclear"


def test_solution_passes_everything(executed):
    solved = executed("solutions/09")
    assert not solved.error and "6 of 6" in solved.text
    assert len(solved.figures) == 2
    forecast = re.search(r"\[test double\]: ([\d.]+); your forecast: ([\d.]+)", solved.text)
    assert abs(float(forecast[1]) - float(forecast[2])) < 0.02


def test_unsolved_puzzle_holds_its_outcomes(executed):
    run = executed("puzzles/09")
    assert not run.figures and "share right" not in run.text and "mean cosine, centred" not in run.text
    assert "9.a, 9.b, 9.c, 9.d, 9.e, 9.f, 9.g" in run.text
