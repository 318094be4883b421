"""The limits on a notebook's code and prose: each is broken by a notebook that breaks it and nothing else."""

from __future__ import annotations

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from tools import density

SET_UP = new_code_cell("x = [a if b else c for a, b, c in " + "zip(" * 60 + "d" + ")" * 60 + "]")
GOOD = [
    new_markdown_cell("# 01 A title"),
    SET_UP,
    new_code_cell("a = 1\n\n# words\nprint(a)"),
    new_code_cell("%pip list"),
]


def measured(*cells):
    return density.density(new_notebook(cells=[*GOOD, *cells]))


def faults(*cells, name="notebooks/99_a_title"):
    return density.faults(name, measured(*cells))


def test_a_good_notebook():
    found = measured()
    assert (found.lines, found.long, found.in_a_row, found.clever, found.words) == (3, 0, 2, 0, 3)
    assert not faults()


PROSE = new_markdown_cell("Look.")
BROKEN = {
    "a long line": ([PROSE, new_code_cell("a = " + "1" * 97)], "1 lines of code over 100 columns"),
    "a condition in an f-string": ([PROSE, new_code_cell("f'{1 if a else 2}'")], "1 f-strings with a condition"),
    "a loop in an f-string": ([PROSE, new_code_cell("print(f'{sum(i for i in a)}')")], "1 f-strings with a condition"),
    "too many words": ([new_markdown_cell("word " * 2000)], "2003 words, over 2000"),
    "dense code": ([PROSE, new_code_cell("\n".join(["a = (1 + 2) * (3 + 4) - f(5, 6)"] * 9))], "nodes a code line"),
    "three cells in a row": ([new_code_cell("a")], "3 code cells in a row"),
}


@pytest.mark.parametrize("cells, said", BROKEN.values(), ids=BROKEN)
def test_each_limit_is_seen(cells, said):
    (fault,) = faults(*cells)
    assert said in fault


def test_the_limits_themselves_pass():
    assert not faults(PROSE, new_code_cell("a = " + "1" * 96), new_markdown_cell("word " * 1990))


def test_puzzles_may_be_dense_but_not_long():
    dense, _ = BROKEN["dense code"]
    assert not faults(*dense, new_code_cell("a"), new_code_cell("a"), name="puzzles/99_a_title")
    assert faults(*BROKEN["a long line"][0], name="puzzles/99_a_title")
