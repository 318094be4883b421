"""02: every move's verdict, the floor under it, and the figures."""

import pytest

from tests.notebooks.conftest import assert_figure

NEO, GPT2 = "mini-neo (raw, stand-in)", "mini-gpt2 (raw, stand-in)"
MOVES = [
    "wte − μ, wpe + μ, untied",
    "wte − μ, wpe + μ, tied",
    "lm_head − r",
    "wte − μ, tied",
    "wte − own means, untied",
    "wte − own means, tied",
    "wte − μ, first attention's bias + μ",
    "control: wpe + r",
]


@pytest.fixture
def walkthrough(executed):
    return executed("notebooks/02")


def numbers(run):
    return {report["model"]: {k: float(v[0]) for k, v in report["numbers"].items()} for report in run.run.reports}


def curves(figure):
    """Panel → trace name → y."""
    found = {}
    for trace in figure["data"]:
        found.setdefault(trace.get("xaxis", "x"), {})[trace["name"]] = trace["y"]
    return found.values()


def test_exact_is_at_the_floor_and_the_controls_are_far_above(walkthrough):
    reported = numbers(walkthrough)
    assert list(reported) == [NEO, GPT2]
    for values in reported.values():
        assert 0 < values["floor"] < 1e-3
        assert values["exchange, max |Δ log p|"] < 10 * values["floor"]
        assert values["wte − μ, nats a token"] > 0.01 and values["wpe + r, nats a token"] > 0.01


def test_every_move_has_a_verdict_on_both_models(walkthrough):
    text = walkthrough.text
    for move in MOVES:
        assert text.count(move) >= 2, move
    # the four that are exact, on both models, in the plain and in the HTML form of the two tables
    assert text.count("nothing (exact)") == 4 * 2 * 2


def test_claims(walkthrough):
    assert "fungible with the positions" in walkthrough.text and "MLP can absorb c" in walkthrough.text
    claims = next(t for t in walkthrough.text.split("<table")[1:] if "fungible" in t)
    assert claims.count(">holds<") == 9 and "fails" not in claims


def test_figures(walkthrough):
    shifts, terms = walkthrough.figures
    assert_figure(shifts, traces=14, x="shift", y="log-probability", label=NEO)
    assert_figure(terms, traces=4, x="term", y="pattern", label=GPT2)
    assert shifts["layout"]["yaxis"]["type"] == "log"


def test_the_signature_figure_tells_symmetry_from_breakage(walkthrough):
    for lines in curves(walkthrough.figures[0]):
        floor = lines["the float32 floor"][0]
        assert max(lines["exchange, untied"]) < 100 * floor < min(lines["wte − μ alone"][2:])
        assert min(lines["control: wpe + r"][2:]) > 100 * floor
        assert max(lines["exchange, in float64"]) < 1e-6 * floor  # rounding: gone when the precision doubles


def test_solution_passes_everything(executed):
    solved = executed("solutions/02")
    assert not solved.error and "Puzzle 2: 6 of 6 done" in solved.text
