"""04: what the walkthrough and the solved puzzle say, against the recorded grid."""

import re

import pytest

from tests.notebooks.conftest import assert_figure, title
from zeropoint.claims import Claim
from zeropoint.puzzles.p04 import claims, evidence
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


def verdicts(run):
    """{(claim, on): word} of the ledger."""
    return {(text, on): word for text, _, on, word, _ in run.run.ledger}


def test_numbers_are_those_of_the_grid(walkthrough, recorded):
    runs, rows = recorded
    if label(walkthrough) != evidence.label(runs):
        pytest.skip("the grid grew while the notebook ran")
    said = {k: float(v) for k, v in numbers(walkthrough)[label(walkthrough)].items()}
    assert said["mean cosine, base"] == pytest.approx(runs[runs.run == "base"].mean_cosine.mean(), rel=1e-3)
    effect = evidence.effect(runs, "base", "beta2=0.999")
    assert said["β₂ 0.999 less 0.95"] == pytest.approx(effect.value, rel=1e-3)


def test_figures_carry_error_bars_and_the_grid_label(walkthrough):
    effects, lengths, live, mechanism, collapse = walkthrough.figures
    name = label(walkthrough)
    for figure, x in ((effects, "base's"), (collapse, "window"), (mechanism, "occurrences")):
        assert_figure(figure, x=x, label=name)
    assert_figure(lengths, y="mean cosine", label=name)
    assert_figure(live, traces=3, x="step", label="trained live")
    assert max(effects["data"][0]["error_x"]["array"]) > 0, title(effects)
    for figure in (lengths, mechanism):
        assert any(trace.get("error_y") for trace in figure["data"]), title(figure)


def test_every_claim_of_the_room_is_tested(walkthrough):
    singles = [value for value in vars(claims).values() if isinstance(value, Claim)]
    rivals = [*claims.SHARED_BY_BOTH.values(), *claims.GPT_NEO_ONLY.values()]
    tested = {text for text, _ in verdicts(walkthrough)}
    assert tested == {claim.text for claim in singles + rivals}


def test_the_claims_that_decide(walkthrough, recorded):
    words, on = verdicts(walkthrough), label(walkthrough)
    assert words[claims.BETA2.text, on] == "holds" and words[claims.BETA2_EVERYWHERE.text, on] == "holds"
    for vocabulary in ("512", "1,024", "2,048"):
        assert words[claims.BETA2_AT_SCALE.text, f"{on}, vocabulary {vocabulary}"] == "fails"
    assert {words[rival.text, on] for rival in claims.SHARED_BY_BOTH.values()} == {"fails"}
    assert words[claims.DECAY_CAN_BE_JUDGED.text, on] == "fails"  # 0.07 e-folds: the grid cannot speak of decay
    assert words[claims.ONLY_N.text, on] == "fails"


def test_one_seed_is_no_evidence(walkthrough):
    assert verdicts(walkthrough)[claims.BETA2_LIVE.text, "tiny models, trained live"] == "open"


def test_the_exact_statement_holds_live(walkthrough):
    live = {k: float(v) for k, v in numbers(walkthrough)["tiny models, trained live"].items()}
    assert live["output side, worst sum"] < 1e-12
    assert live["Coupled Adam"] < 0.2 < live["β₂ 0.95"]


def test_without_a_hub_the_forecast_stays_open(walkthrough):
    forecast = {on: word for (text, on), word in verdicts(walkthrough).items() if text == claims.STANFORD_FORECAST.text}
    assert len(forecast) == 1
    if "the forecast stays open" in walkthrough.text:
        assert forecast == {"not looked at in this run": "open"}


def test_the_survey_reads_nothing_that_was_kept(walkthrough):
    """A file in the notebook's folder decided the forecast with the rows of test doubles."""
    code = "\n".join(cell.source for cell in walkthrough.run.nb.cells if cell.cell_type == "code")
    assert re.search(r'Path\(tempfile\.mkdtemp\(\), "survey\.csv"\)', code) and code.count("survey.csv") == 1


def test_no_table_gives_gpt_neo_a_decay_without_saying_where_from(walkthrough):
    prose = "\n".join(cell.source for cell in walkthrough.run.nb.cells if cell.cell_type == "markdown")
    row = next(line for line in prose.splitlines() if line.startswith("| weight decay"))
    assert row.split("|")[2].strip() == "probably 0" and "gpt3_small_256.json" in prose
