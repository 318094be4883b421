"""04: what the walkthrough says, against the recorded grids."""

import pytest

from tests.notebooks.conftest import assert_figure
from zeropoint.claims import Claim
from zeropoint.puzzles.p04 import claims, evidence, findings, normaliser
from zeropoint.tiny import grid


@pytest.fixture
def walkthrough(executed):
    return executed("notebooks/04")


@pytest.fixture(scope="module")
def runs():
    return normaliser.read()


def numbers(run):
    return {report["model"]: {k: v[0] for k, v in report["numbers"].items()} for report in run.run.reports}


def verdicts(run):
    """{(claim, on): word} of the ledger."""
    return {(text, on): word for text, _, on, word, _ in run.run.ledger}


def test_numbers_are_those_of_the_second_grid(walkthrough, runs):
    label = normaliser.label(runs)
    if label not in numbers(walkthrough):
        pytest.skip("the grid grew while the notebook ran")
    for dose, setting in findings.DOSES.items():
        said = float(numbers(walkthrough)[label][f"mean cosine, z-loss {dose}"])
        assert said == pytest.approx(normaliser.level(runs, setting, "mean_cosine").value, rel=1e-3)


def test_figures_carry_their_label_and_the_stars_are_published(walkthrough, runs):
    kinds, targets, split, rivals = walkthrough.figures
    label = normaliser.label(runs)
    for figure, x in ((kinds, "mean cosine"), (targets, "log Z"), (split, "‖μ‖"), (rivals, "change")):
        assert_figure(figure, x=x, label=label)
    for figure in (kinds, split):
        stars = [trace for trace in figure["data"] if trace.get("name") == "published"]
        assert len(stars) == 1 and stars[0]["marker"]["symbol"] == "star"
    assert any(trace.get("error_x") and trace.get("error_y") for trace in kinds["data"])
    assert max(rivals["data"][0]["error_x"]["array"]) > 0


def test_every_claim_of_the_room_is_tested(walkthrough):
    singles = {value.text for value in vars(claims).values() if isinstance(value, Claim)}
    forecasts = {forecast.claim.text for forecast in claims.FORECASTS}
    tested = {text for text, _ in verdicts(walkthrough)}
    unrecorded = {text for text in singles if f"{findings.NOT_RECORDED} {text} (" in walkthrough.text}
    assert tested | unrecorded == singles | forecasts and len(unrecorded) < len(singles) / 3


def test_the_claims_that_decide(walkthrough, runs):
    words, tiny = verdicts(walkthrough), normaliser.label(runs)
    assert words[claims.STRAIGHTENS.text, f"{tiny}, base"] == "holds"
    assert words[claims.LENGTHENS.text, f"{tiny}, base"] == "holds"
    assert words[claims.LIKE_NEO.text, f"{tiny}, no z-loss"] == "fails"
    assert words[claims.SPLIT_BY_MEMORY.text, f"{tiny}, log Z 0"] == "holds"
    # What the closing words lean on.
    assert words[claims.SPLIT_BY_MEMORY.text, f"{tiny}, 600 updates, 1,024 tokens a step"] == "fails"
    assert words[claims.SPLIT_BY_DECAY.text, f"{tiny}, no z-loss, 4 e-folds"] == "holds"
    assert words[claims.SCALAR.text, tiny] == words[claims.MEAN_FOLLOWS.text, tiny] == "holds"
    assert words[claims.OFFSET_WITHOUT.text, f"{tiny}, base"] == words[claims.TAIL_OFFSET.text, tiny] == "fails"
    # GPT-2's branch is reached by asking with long rows, with the text learned, and by nothing else; unasked, never.
    for what, text in (("branch", claims.GPT2_BRANCH.text), ("learned", claims.BRANCH_LEARNS.text)):
        for rows in ("all", "rows twice as long"):
            assert words[text, f"{tiny}, long rows, {rows}"] == "holds", what
    reached = {on for (text, on), word in words.items() if text == claims.GPT2_BRANCH.text and word == "holds"}
    assert all("long rows" in on for on in reached)
    assert words[claims.UNASKED.text, tiny] == "fails"
    old = evidence.label(grid.read()[0])
    assert words[claims.BETA2.text, old] == "holds" and words[claims.BETA2_AT_SCALE.text, old] == "fails"
    assert words[claims.ONLY_N.text, old] == "fails"


def test_exact_statements_hold(walkthrough):
    words = verdicts(walkthrough)
    assert words[claims.BALANCE.text, "an untrained model"] == "holds"
    assert {word for (text, _), word in words.items() if text == claims.IDENTITY.text} == {"holds"}


def test_without_a_hub_the_forecasts_stay_open(walkthrough):
    away = {word for (_, on), word in verdicts(walkthrough).items() if on == "not looked at in this run"}
    assert away <= {"open"}
    if "looked at: none of them" in walkthrough.text:
        words = verdicts(walkthrough)
        assert all(words[f.claim.text, "not looked at in this run"] == "open" for f in claims.FORECASTS)


def test_no_table_gives_gpt_neo_a_decay_without_saying_where_from(walkthrough):
    prose = "\n".join(cell.source for cell in walkthrough.run.nb.cells if cell.cell_type == "markdown")
    row = next(line for line in prose.splitlines() if line.startswith("| weight decay"))
    assert "issue #166" in row and "development file" in row and "gpt3_small_256.json" in prose


def test_every_cell_of_the_recipes_says_where_it_is_from(walkthrough):
    prose = "\n".join(cell.source for cell in walkthrough.run.nb.cells if cell.cell_type == "markdown")
    rows = [line.split("|")[2:-1] for line in prose.splitlines() if line.startswith("| ")][1:12]
    cells = [cell.strip() for row in rows for cell in row]
    assert len(cells) == 33 and not [c for c in cells if "(" not in c and c not in ("unpublished", "none known")]
