"""What DESIGN asks of every notebook, tested on every built one."""

from __future__ import annotations

import json
import re

import pytest
from IPython.core.inputtransformer2 import TransformerManager

from tests.notebooks.conftest import ROOT, assert_figure, built, source, title
from tools.build import head
from tools.density import density, faults
from tools.run import outputs

every = pytest.mark.parametrize("name", built())
puzzles = pytest.mark.parametrize("name", built("puzzles"))
with_answers = pytest.mark.parametrize("name", built("notebooks", "solutions"))


def test_there_are_notebooks():
    assert built("notebooks") and built("puzzles") and len(built("puzzles")) == len(built("solutions"))


@every
def test_head(name):
    assert head(source(name).cells[0].source)


@every
def test_is_easy_to_read(name):
    assert not faults(name, density(source(name)))


@every
def test_every_cell_compiles(name):
    for cell in source(name).cells:
        if cell.cell_type == "code":
            compile(TransformerManager().transform_cell(cell.source), name, "exec")


@every
def test_says_what_it_is_built_from(name):
    nb = source(name)
    made = nb.metadata["zeropoint"]["built_from"]
    assert all((ROOT / file).exists() and file in nb.cells[-1].source for file in made)


@every
def test_shipped_without_outputs(name):
    assert all(not c.outputs and c.execution_count is None for c in source(name).cells if c.cell_type == "code")


@every
def test_runs_to_its_end(name, executed):
    run = executed(name)
    assert not run.error
    assert run.size < 1_000_000, f"{name}: {run.size:,} bytes executed"


@every
def test_figures_are_labelled(name, executed):
    run = executed(name)
    for figure in run.figures:
        assert_figure(figure)
        assert any(label in title(figure) for label in run.labels or [""]), f"{title(figure)!r}: none of {run.labels}"
        assert title(figure)


@every
def test_shows_what_vs_code_can_draw(name, executed):
    """Its renderer has a plotly.js of its own, older than plotly's: plain numbers, no packed arrays; and it runs no script."""
    run = executed(name)
    assert all("bdata" not in json.dumps(figure) for figure in run.figures)
    assert not [html for html in outputs(run.run.nb, "text/html") if re.search(r"<(script|iframe|link)\b", html)]


@with_answers
def test_reports_its_numbers(name, executed):
    run = executed(name)
    assert run.labels, f"{name} never calls zeropoint.report"
    assert all(report["numbers"] for report in run.run.reports)


@puzzles
def test_unsolved_puzzle_says_so(name, executed):
    run = executed(name)
    assert not run.error and "not attempted yet" in run.text
    assert "✗" not in run.text, "a stub is judged as if it were an answer"


@puzzles
def test_an_unsolved_puzzle_shows_nothing_that_is_to_be_predicted(name, executed):
    """Run All on a fresh puzzle once drew every figure and burnt every prediction."""
    run = executed(name)
    said = "\n".join(outputs(run.run.nb, "text/plain"))
    assert not run.figures and "Held back" in said
    assert not re.search(r"Prediction \S+: (off by|right|wrong|skipped|none was made)", said)


@puzzles
def test_unsolved_puzzle_fails_strictly(name, executed):
    assert "AssertionError" in executed(name, strict=True).error
