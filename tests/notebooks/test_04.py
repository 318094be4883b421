"""04: what the walkthrough and the solved puzzle say, against the recorded grid."""

import re

import pytest

from tests.notebooks.conftest import assert_figure, title
from zeropoint.puzzles.p04 import evidence
from zeropoint.tiny import grid


@pytest.fixture
def walkthrough(executed):
    return executed("notebooks/04")


@pytest.fixture(scope="module")
def recorded():
    return grid.read()


def numbers(run):
    return {report["model"]: {k: v[0] for k, v in report["numbers"].items()} for report in run.run.reports}


def label(run):
    return next(name for name in numbers(run) if name.startswith("tiny models, recorded grid"))


def test_numbers_are_those_of_the_grid(walkthrough, recorded):
    runs, rows = recorded
    if f"({len(runs)} of" not in label(walkthrough):
        pytest.skip("the grid grew while the notebook ran")
    said = {k: float(v) for k, v in numbers(walkthrough)[label(walkthrough)].items()}
    means = runs.groupby("run").mean_cosine.mean()
    assert said["mean cosine, base"] == pytest.approx(means["base"], rel=1e-3)
    effect = evidence.contrasts(runs, {"": ("base", "beta2=0.999")})["mean"].iloc[0]
    assert said["β₂ 0.999 less 0.95"] == pytest.approx(effect, rel=1e-3)


def test_figures_carry_error_bars_and_the_grid_label(walkthrough):
    effects, attacks, lengths, collapse, live, mechanism = walkthrough.figures
    name = label(walkthrough)
    for figure, x in ((effects, "base's"), (attacks, "mean cosine"), (collapse, "window"), (mechanism, "occurrences")):
        assert_figure(figure, x=x, label=name)
    assert_figure(lengths, y="mean cosine", label=name)
    assert_figure(live, traces=3, x="step", label="trained live")
    for figure in (effects, attacks):
        assert max(figure["data"][0]["error_x"]["array"]) > 0, title(figure)
    assert any(trace.get("error_y") for trace in mechanism["data"])


def test_every_claim_has_a_verdict(walkthrough):
    text = walkthrough.text
    for claim in ("★ LayerNorm before", "★ positional embeddings", "★ local attention", "only N counts", "Stanford"):
        assert claim in text
    assert re.search(r"clear in \d+ of \d+ comparisons", text)
    assert not re.search(r"(killed|kept): [+-][\d.]+ \(1 seed", text) and "killed: not recorded" not in text


def test_the_exact_statement_holds_live(walkthrough):
    live = {k: float(v) for k, v in numbers(walkthrough)["tiny models, trained live"].items()}
    assert live["output side, worst sum"] < 1e-12
    assert live["mean cosine, Coupled Adam"] < 0.2 < live["mean cosine, β₂ 0.95"]


def test_without_a_hub_the_forecast_stays_open(walkthrough):
    assert "the forecast stays open" in walkthrough.text or "nearer to" in walkthrough.text


def test_solution_passes_everything(executed):
    solved = executed("solutions/04")
    assert not solved.error
    assert solved.text.count("✓ solved") >= 5 or solved.text.count("solved") >= 5
    real = next(v for k, v in numbers(solved).items() if not k.startswith("tiny"))
    assert float(real["output gradient, ‖Σ‖/Σ‖·‖"]) < 1e-4
