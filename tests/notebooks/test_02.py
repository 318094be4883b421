"""02: every move's verdict, the floor under it, and the figures."""

import re

import pytest

from tests.notebooks.conftest import assert_figure
from zeropoint.puzzles.p02 import claims

NEO, GPT2 = "mini-neo (raw, stand-in)", "mini-gpt2 (raw, stand-in)"
MOVES = [
    "W_E − μ, W_pos + μ, untied",
    "W_E − μ, W_pos + μ, tied",
    "W_U − r",
    "W_E − μ",
    "W_E − own means, untied",
    "W_E − own means, tied",
    "W_E − μ, back after attention",
    "control: W_pos + r",
]


@pytest.fixture
def walkthrough(executed):
    return executed("notebooks/02")


def numbers(run):
    return {report["model"]: {k: float(v[0]) for k, v in report["numbers"].items()} for report in run.run.reports}


def panels(figure):
    """Panel → trace name → y."""
    found = {}
    for trace in figure["data"]:
        found.setdefault(trace.get("xaxis", "x"), {})[trace["name"]] = trace["y"]
    return found.values()


def test_free_is_at_the_floor_and_what_is_not_is_far_above(walkthrough):
    reported = numbers(walkthrough)
    assert list(reported) == [NEO, GPT2]
    for values in reported.values():
        assert 0 < values["floor"] < 1e-3
        assert values["W_U − r: max |Δ log p|"] < 10 * values["floor"] < values["W_E − μ: max |Δ log p|"]
        assert values["W_E − μ: KL, nats a token"] > 0.01


def test_every_move_is_in_both_tables(walkthrough):
    tables = [t for t in walkthrough.text.split("<table")[1:] if "in float64</th>" in t]
    assert len(tables) == 2
    for table in tables:
        assert all(move in table for move in MOVES)


def test_ledger(walkthrough):
    """Every claim of the room on both models; all hold but the one that the notebook expects to fail."""
    rows = walkthrough.run.ledger
    texts = {claim.text for claim in vars(claims).values() if isinstance(claim, claims.Claim)}
    assert {row[0] for row in rows} == texts and len(rows) == 2 * len(texts)
    assert {row[0] for row in rows if row[3] != "holds"} == {claims.MU_CANCELS.text}
    assert all(row[3] == "fails" for row in rows if row[0] == claims.MU_CANCELS.text)


def test_figures(walkthrough):
    shifts, valleys, terms = walkthrough.figures
    assert_figure(shifts, traces=14, x="shift", y="log p", label=NEO)
    assert_figure(valleys, traces=6, x="W_U", y="loss", label=GPT2)
    assert_figure(terms, traces=24, x="term", y="pattern", label=GPT2)
    assert shifts["layout"]["yaxis"]["type"] == "log"


def test_the_signature_figure_tells_symmetry_from_breakage(walkthrough):
    for lines in panels(walkthrough.figures[0]):
        floor = lines["the float32 floor"][0]
        assert max(lines["W_E − μ, W_pos + μ, untied"]) < 100 * floor < min(lines["W_E − μ"][2:])
        assert min(lines["control: W_pos + r"][2:]) > 100 * floor
        assert max(lines["W_U − r, in float64"]) < 1e-6 * floor  # rounding: gone when the precision doubles


def test_cross_entropy_is_flat_where_z_loss_is_a_valley(walkthrough):
    for lines in panels(walkthrough.figures[1]):
        assert max(lines["cross-entropy"]) - min(lines["cross-entropy"]) < 1e-5
        assert max(lines["z-loss"]) > 2 * min(lines["z-loss"])


def test_the_solved_puzzle_rebuilds_the_pattern_and_tries_every_move_twice(executed):
    """With the queries' bias, and in GPT-Neo's window, the three terms give the model's own pattern; without c they do not."""
    text = executed("solutions/02").text
    off = {name: [float(x) for x in re.findall(rf"{name}: off by (\S+)", text)] for name in ("your terms", "without c")}
    assert len(off["your terms"]) == len(off["without c"]) == 2
    assert max(off["your terms"]) < 1e-5 and min(off["without c"]) > 0.1
    assert text.count("… in float64") >= 6  # two models, three tables of moves


def test_solution_passes_everything(executed):
    solved = executed("solutions/02")
    assert not solved.error and "Puzzle 2: 7 of 7 done" in solved.text
    for reached in ("a logit moves by", "in truth"):  # said by the check, and kept as a record
        assert solved.text.count(reached) > 2
