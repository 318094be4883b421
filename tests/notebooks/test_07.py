"""07: numbers, verdicts and figures of the walkthrough, and the solved puzzle."""

import ast
import builtins
import re

import nbformat
import pytest

from tests.notebooks.conftest import Executed, assert_figure, source
from tools.run import execute
from zeropoint import models, streams
from zeropoint.puzzles.p07 import claims, volume

LABELS = ["mini-neo (raw, stand-in)", "mini-gpt2 (raw, stand-in)"]
TINY = (claims.MORE_AFTER, claims.NEEDS_NORM, claims.HELPS_EARLY)


@pytest.fixture
def walkthrough(executed):
    return executed("notebooks/07")


def words(run):
    """Verdict by claim and what it was tested on."""
    return {(text, on): word for text, _, on, word, _ in run.run.ledger}


def test_numbers_are_those_of_the_stream(walkthrough):
    reports = {report["model"]: report["numbers"] for report in walkthrough.run.reports}
    assert list(reports) == LABELS
    for label, values in reports.items():
        model = models.load(label.split()[0])
        s = streams.stream(model.bridge, streams.sequences(model.tokenizer))
        whole = max(volume.shares(model)(s))
        # groups of text have means of their own, which carry a little more than the text's
        assert whole <= float(values["μ's share of denominators², largest"][0]) < whole + 0.03

        ids = streams.sequences(model.tokenizer, 16, 64)
        mu = streams.stream(model.bridge, ids).vectors[1].mean(0)
        plan = volume.changes(model, 1, mu, volume.random_vectors(mu))
        for what in ("direction only", "volume only"):
            found = streams.effects(model.bridge, ids, {what: plan[what]}, batch=4)[what]
            assert float(values[f"KL, {what}, after 1"][0]) == pytest.approx(found.kl.mean().item(), rel=1e-2)


def test_every_claim_is_tested(walkthrough):
    tested = words(walkthrough)
    for claim in vars(claims).values():
        if isinstance(claim, claims.Claim):
            on = [where for text, where in tested if text == claim.text]
            wanted = ["tiny models"] if claim in TINY else LABELS
            assert all(any(label in where for where in on) for label in wanted), claim.text


def marks(figure, name):
    """Heights of a change's marks: for each model, one a place."""
    return [trace["y"] for trace in figure["data"] if trace["name"] == name]


def test_the_guess_gets_the_verdict_that_its_figure_gives(walkthrough):
    """The verdict needs an interval; where it has one, its sign is that of the marks."""
    changes = walkthrough.figures[1]
    for label, volumes, directions in zip(
        LABELS, marks(changes, "volume only"), marks(changes, "direction only"), strict=True
    ):
        for where, places in (("in the stream", slice(0, -1)), ("of the vocabulary", slice(-1, None))):
            word = words(walkthrough)[claims.BY_SCALE.text, f"{label}, mean {where}"]
            more = sum(volumes[places]) > sum(directions[places])
            assert word in ("open", "holds" if more else "fails"), (label, where)


def test_figures(walkthrough):
    share, changes, knob, tiny = walkthrough.figures
    assert_figure(share, traces=6, x="blocks", y="share", label=LABELS[0])
    assert_figure(changes, traces=12, y="KL", label=LABELS[1])
    assert all(trace["error_y"]["array"] for trace in changes["data"])
    assert_figure(knob, traces=6, x="μ times", y="KL")
    for trace in knob["data"]:  # μ times 1 is the untouched model
        assert abs(trace["y"][3]) < 1e-5 and min(trace["y"]) > -1e-5
    assert_figure(tiny, traces=3 * 3 + 2 * 2 * 3, x="updates", y="share")


def test_solution_passes_everything(executed):
    solved = executed("solutions/07")
    assert not solved.error and "6 of 6" in solved.text


def test_puzzle_tells_no_task_before_its_time(executed):
    puzzle = executed("puzzles/07")
    assert "borrowed denominators" not in puzzle.text and puzzle.text.count("not attempted yet") >= 6
    assert not puzzle.error and not puzzle.figures, "a figure is shown before its prediction"
    assert "B − C" not in puzzle.text


def test_the_puzzles_code_does_not_name_the_design():
    """Whoever reads on below "Design" meets letters."""
    written = "\n".join(cell.source for cell in source("puzzles/07_layernorm_volume_knob").cells)
    below = written.split("## Design")[1]
    for name in ("direction only", "volume only", "matched", "mean removed", "random vector"):
        assert name not in below, name


def code_of(name):
    return [cell for cell in source(name).cells if cell.cell_type == "code"]


def test_a_held_cell_needs_names_of_the_first_cells_only():
    """After a restart, who has solved an exercise leaves its cell out."""
    first, there = [], set(dir(builtins))
    for cell in code_of("puzzles/07_layernorm_volume_knob"):
        nodes = list(ast.walk(ast.parse(cell.source)))
        names = [node for node in nodes if isinstance(node, ast.Name)]
        stored = {node.id for node in names if not isinstance(node.ctx, ast.Load)}
        if len(first) < 3:  # set-up, imports, models
            first.append(cell)
            imported = [node for node in nodes if isinstance(node, ast.Import | ast.ImportFrom)]
            there |= stored | {alias.asname or alias.name for node in imported for alias in node.names}
        elif "ready(" in cell.source:
            assert not {node.id for node in names} - stored - there, cell.source


def test_the_cells_in_another_order_show_and_keep_nothing_empty(tmp_path):
    """The six changes are run before the predictions are made, and not again."""
    nb = source("solutions/07_layernorm_volume_knob")
    beginnings = ('skip("7")', 'if ready("7.c", "7.d", "7.e", "7.f", "7.3"):', "for name, s in stream_of.items()")
    late, changes, report = (next(c for c in nb.cells if c.source.startswith(words)) for words in beginnings)
    nb.cells = [cell for cell in nb.cells if cell is not late and cell is not report]
    nb.cells.insert(nb.cells.index(changes) + 1, late)
    nbformat.write(nb, tmp_path / "07_another_order.ipynb")
    run = Executed(execute(tmp_path / "07_another_order.ipynb"))
    assert not run.error and "Run the cell of the six changes first" in run.text
    assert "Empty DataFrame" not in run.text and "B − C" not in run.text


def test_the_solution_gives_the_walkthroughs_sign(executed):
    """Both models' direction does more when the whole mean goes, and the puzzle's verdict is its figure's."""
    text = executed("solutions/07").text
    assert len(re.findall(r"\+\d\.\d+ ± ", re.search("B − C.+", text)[0])) == len(LABELS)
    assert "cosine with the mean of what enters" in text  # whose mean: the rubric asks, so it is shown
    assert "denominators shrink by" in text and "C, volume only" in text  # and so do the reach, and A to F by name
