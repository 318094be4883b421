"""06: numbers, verdicts and figures of the walkthrough, and the solved puzzle."""

import ast
import pydoc
import re

import jupytext
import pytest

from tests.notebooks.conftest import ROOT, assert_figure
from zeropoint import models, streams
from zeropoint.puzzles.p06 import claims, clusters, measures, verdicts

LABELS = ["mini-neo (raw, stand-in)", "mini-gpt2 (raw, stand-in)"]


@pytest.fixture
def walkthrough(executed):
    return executed("notebooks/06")


def words(run):
    """Verdict by claim and what it was tested on."""
    return {(text, on): word for text, _, on, word, _ in run.run.ledger}


def test_numbers_are_those_of_the_stream(walkthrough):
    reported = {r["model"]: {k: float(v[0]) for k, v in r["numbers"].items()} for r in walkthrough.run.reports}
    assert list(reported) == LABELS
    for label, values in reported.items():
        model = models.load(label.split()[0])
        s = streams.stream(model.bridge, streams.sequences(model.tokenizer))
        top = measures.type_cosines(s.vectors[-1], s.token)
        assert values["by types, top"] == pytest.approx(top.inter, rel=1e-3)
        assert values["same token, top"] == pytest.approx(top.intra, rel=1e-3)
        assert values["by use, layer 0"] == pytest.approx(measures.by_use(s)[0], rel=1e-3)


def test_every_claim_is_tested_on_both_models(walkthrough):
    tested = words(walkthrough)
    for claim in vars(claims).values():
        if isinstance(claim, claims.Claim):
            on = [where for text, where in tested if text == claim.text]
            assert all(any(label in where for where in on) for label in LABELS), claim.text


def test_the_cone_is_judged_by_types_and_by_use(walkthrough):
    on = [where for text, where in words(walkthrough) if text == claims.ONLY_BOTTOM.text]
    assert sorted(where.split(", ", 2)[2] for where in on) == [
        "different tokens, by types",
        "different tokens, by types",
        "different vectors, by use",
        "different vectors, by use",
    ]


def by_name(figure):
    """Values of each line over all panels, panel after panel."""
    lines = {}
    for trace in figure["data"]:
        lines.setdefault(trace["name"], []).append(trace["y"])
    return lines


def test_the_cluster_test_says_yes_and_no_where_it_must(walkthrough):
    """Whatever the models are like, the planted control is found at every layer, and no twin is."""
    lines = by_name(walkthrough.figures[1])
    assert max(map(max, lines["position 0 pushed 10 radii"])) < clusters.EMPTY
    assert min(map(min, lines["its Gaussian twin"])) > 0.5


def test_the_dips_come_with_training(walkthrough):
    """As 6.3's points say: above the embedding initial weights have none, and at layer 0 of mini-gpt2 the deepest."""
    lines = by_name(walkthrough.figures[1])
    for trained, fresh in zip(lines["trained"], lines["initial weights"], strict=True):
        assert max(trained[1:]) < clusters.DIP < min(fresh[1:])
    _, gpt2 = lines["initial weights"]
    assert gpt2[0] < min(map(min, lines["trained"]))


def test_verdict_on_two_clusters_follows_from_the_figure(walkthrough):
    for label, valleys in zip(LABELS, by_name(walkthrough.figures[1])["trained"], strict=True):
        if min(valleys[1:]) >= clusters.EMPTY:
            assert words(walkthrough)[claims.TWO_CLUSTERS.text, label] == "fails"


def test_the_reports_own_bar_is_tried_on_a_cloud_without_clusters(walkthrough):
    """0.1 of silhouette: what a layer and its twin reach stands in the ledger, and the verdict is theirs."""
    rows = [row for row in walkthrough.run.ledger if row[0] == claims.BY_SILHOUETTE.text]
    assert [row[2] for row in rows] == LABELS
    for _, _, _, word, evidence in rows:
        trained, twin = (float(x) for x in re.findall(r": (\d\.\d+)", evidence))
        assert word == ("holds" if trained > claims.CAI_BAR > twin else "fails")


def test_curves_and_their_control_have_the_same_text(walkthrough):
    """Every line of the first figure is an estimate over the same eight groups, so all have bars."""
    assert all(trace["error_y"]["array"] for trace in walkthrough.figures[0]["data"])


def test_figures(walkthrough):
    cosines, gap, first, second, left, rogue = walkthrough.figures
    assert_figure(cosines, traces=18, x="blocks", y="cosine", label=LABELS[0])
    assert_figure(gap, traces=8, x="blocks", y="valley", label=LABELS[1])
    for figure, label in ((first, LABELS[0]), (second, LABELS[1])):
        assert_figure(figure, traces=3, x="principal", label=label)
    assert_figure(left, traces=20, x="blocks", y="cosine")
    assert_figure(rogue, traces=4, x="blocks", y="share")


def test_solution_passes_everything(executed):
    solved = executed("solutions/06")
    assert not solved.error and "4 of 4" in solved.text


def test_a_fresh_puzzle_shows_nothing(executed):
    puzzle = executed("puzzles/06")
    assert puzzle.text.count("not attempted yet") >= 4
    assert not puzzle.error and not puzzle.figures, "a figure is shown before its prediction"
    assert "outcome" not in puzzle.text and "radii" not in puzzle.text and "position 0" not in puzzle.text
    assert "the MLP writes" not in puzzle.text


def test_what_the_puzzle_imports_does_not_tell_what_it_asks():
    for module in (streams, streams.text, streams.vectors, clusters):
        assert "position 0" not in pydoc.plain(pydoc.render_doc(module)), module.__name__


def test_the_solution_shows_what_the_rubric_asks(executed):
    """Both counts, the planted clusters, the sides dealt out by chance, where one mean fails, the steps of a block."""
    text = executed("solutions/06").text
    for shown in (
        "by use",
        "by types",
        "1% moved",
        "by chance",
        "less the mean by types",
        "a tenth moved by 64 radii",
        "planted: two clusters, tokens mixed",
        "neurons centred first",
        "verdict",
        "its Gaussian twin: silhouette above the embedding",
        "neurons after it",
    ):
        assert shown in text, shown


def names(tree, context):
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, context)}


def test_no_cell_needs_what_a_held_cell_made():
    """A held cell may be run when another was not, and after a restart in the middle."""
    cells = jupytext.read(ROOT / "sources/puzzles/06_through_the_layers.py").cells
    trees = [ast.parse(cell.source) for cell in cells if cell.cell_type == "code"]
    held, open_ones = set(), set()
    for tree in trees:
        for node in tree.body:
            waits = isinstance(node, ast.If) and "ready" in names(node.test, ast.Load)
            (held if waits else open_ones).update(names(node, ast.Store))
    needed = [name for tree in trees for name in (names(tree, ast.Load) - names(tree, ast.Store)) & (held - open_ones)]
    assert not needed, f"defined in a held cell alone, and used in another: {needed}"


@pytest.fixture(scope="module")
def verdict_table():
    loaded = models.load_pair()
    rows = {m.label: streams.sequences(m.tokenizer) for m in loaded}
    trained = {m.label: streams.stream(m.bridge, rows[m.label]) for m in loaded}
    fresh = {m.label: streams.untrained_stream(m, rows[m.label]) for m in loaded}
    return verdicts.table(loaded, rows, trained, fresh)


def test_the_points_of_6_3_say_what_this_run_says(verdict_table):
    """The rubric speaks of the stand-ins: if a new stand-in changes a verdict, its points have to change."""
    words = verdict_table.xs("verdict", level=1)
    assert list(words.columns) == LABELS
    said = {
        f"{claims.ONLY_BOTTOM.text}, by types": ["fails", "fails"],
        f"{claims.ONLY_BOTTOM.text}, by use": ["holds", "fails"],
        claims.OWN_TOKEN.text: ["holds", "holds"],
        claims.WRITTEN.text: ["holds", "holds"],
        claims.NONLINEARITY.text: ["holds", "holds"],
        claims.TWO_CLUSTERS.text: ["fails", "fails"],
        claims.DIP_OF_TOKENS.text: ["holds", "holds"],
        claims.MORE_THAN_TWO.text: ["holds", "holds"],
        claims.ONE_MEAN.text: ["holds", "holds"],
        claims.EITHER_MEAN.text: ["fails", "fails"],
    }
    assert {claim: list(words.loc[claim]) for claim in said} == said


def test_a_dip_is_no_news_where_there_is_none():
    """Of cuts without a dip nothing is measured, and the claim stays open."""
    one = clusters.Cut(None, 0.95, 1.0, 0.1)
    ways = ("as it is", "less each side's mean", "less each token's mean", "less dealt groups' means")
    found = verdicts.of_a_dip([dict.fromkeys(ways, one)])
    assert claims.MORE_THAN_TWO.verdict(sides=found["sides"]) == "open"
