"""A glance at a puzzle file, its JSON or GitHub's preview of it must not give the answer away."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import textwrap

import jupytext
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from tests.notebooks.conftest import ROOT, built, source
from zeropoint.desk.exercise import find, of_puzzle

puzzles = pytest.mark.parametrize("name", built("puzzles"))
SHORT = 8  # characters, counted as `bare` has them: `n = len(u)` tells nothing


def number(name: str) -> int:
    return int(name.split("/")[1][:2])


def flat(text: str) -> str:
    return re.sub(r"\s+", " ", text).casefold()


def bare(text: str) -> str:
    """Without blanks, brackets, quotes and comment signs: neither layout nor commenting out hides a line."""
    return re.sub(r"[\s#'\"\\()]", "", text).casefold()


def lines_of(answer) -> list[str]:
    """The lines after a function's signature and docstring, and each comment by itself."""
    code = textwrap.dedent(inspect.getsource(answer))
    function = ast.parse(code).body[0]
    begin = function.body[1 if ast.get_docstring(function) else 0].lineno
    return code.splitlines()[begin - 1 :] + re.findall(r"#(.+)", code)


def values_of(answer) -> list[str]:
    """What a function assigns and returns, whatever it calls it."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(answer)))
    return [ast.unparse(node.value) for node in ast.walk(tree) if isinstance(node, ast.Assign | ast.Return)]


def secrets(exercise) -> list[str]:
    """Everything of an exercise that its puzzle keeps back, line by line, sentence by sentence."""
    texts = [*exercise.hints, *exercise.rubric, *(m.nudge for m in exercise.mistakes), exercise.task]
    texts += re.split(r"[.:;]\s", exercise.answer)
    if exercise.kind == "function":
        texts += lines_of(exercise.reference) + values_of(exercise.reference)
    return [text for text in texts if len(bare(text)) > SHORT]


def leaks(nb, exercise) -> list[str]:
    """Which of an exercise's secrets stand in a notebook, in whatever layout: code, comments, strings, prose, metadata."""
    written = bare("\n".join(f"{cell.source}\n{cell.metadata}" for cell in nb.cells))
    return [text for text in secrets(exercise) if bare(text) in written]


@puzzles
def test_answer_words_do_not_stand_in_the_file(name):
    module = importlib.import_module(f"zeropoint.puzzles.p{number(name):02d}.exercises")
    raw = flat((ROOT / f"{name}.ipynb").read_text(encoding="utf-8"))
    assert module.SPOILERS, f"{module.__name__} names no SPOILERS: words that give the puzzle's answer away"
    assert not [word for word in module.SPOILERS if flat(word) in raw]


@puzzles
def test_nothing_that_an_exercise_keeps_back_is_left(name):
    nb = source(name)
    assert not {exercise.id: found for exercise in of_puzzle(number(name)) if (found := leaks(nb, exercise))}


@puzzles
def test_no_cell_of_the_solution_is_left(name):
    """Every line of the source's cells for the solution alone, prose as well."""
    cells = jupytext.read(ROOT / f"sources/{name}.py").cells
    kept_back = [cell.source for cell in cells if "solution" in cell.metadata.get("tags", ())]
    shown = {bare(line) for cell in source(name).cells for line in cell.source.splitlines()}
    telling = [
        line
        for text in kept_back
        for line in text.splitlines()
        if len(bare(line)) > 3 * SHORT and not line.startswith("for ")
    ]
    assert not [line for line in telling if bare(line) in shown]


def planted(leak: str, **metadata):
    return new_notebook(cells=[new_markdown_cell("# A title"), new_code_cell(leak, metadata=metadata)])


LEAKS = {
    "a line": ("1.1", "everything = u.sum(0).square().sum()"),
    "in another layout": ("1.1", "everything=u.sum( 0 )\\\n  .square().sum()"),
    "commented out": ("1.1", "# everything = u.sum(0).square().sum()"),
    "under another name": ("1.1", "total = u.sum(0).square().sum()"),
    "what is returned": ("1.3", "moved = W - W.mean(0)"),
    "a comment of the answer": ("1.3", "# over the vocabulary, not over d_model"),
    "in a string": ("1.3", "text = 'return W - W.mean(0)'"),
    "over several lines": ("1.5", "squares = (\n    u.T @ u\n).square().sum()"),
    "a sentence in words": (
        "1.7",
        "# Any two rows share c, so how high their cosine is\n# follows from how long c is against u",
    ),
    "a hint": ("1.2", find("1.2").hints[0].upper()),
    "a task": ("1.2", find("1.2").task.replace("\n", " ")),
    "a nudge": ("1.1", find("1.1").mistakes[0].nudge),
    "a point of the rubric": ("1.7", find("1.7").rubric[0]),
}


@pytest.mark.parametrize("id, leak", LEAKS.values(), ids=LEAKS)
def test_a_planted_leak_is_seen(id, leak):
    nb = planted(leak)
    assert leaks(nb, find(id)), leak


def test_a_leak_in_metadata_is_seen():
    assert leaks(planted("1 + 1", answer="return W - W.mean(0)"), find("1.3"))
    assert not leaks(planted("1 + 1"), find("1.3"))


@puzzles
def test_every_secret_is_in_the_solution(name):
    """What is looked for is what would be there: the solution holds every line of every reference."""
    solution = source(name.replace("puzzles", "solutions"))
    written = bare("\n".join(cell.source for cell in solution.cells))
    for exercise in of_puzzle(number(name)):
        lines = lines_of(exercise.reference) if exercise.kind == "function" else [exercise.answer]
        assert all(bare(line) in written for line in lines), exercise.id
    assert bare("raise NotImplementedError") not in written
