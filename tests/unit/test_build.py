"""The builder: what it makes of a source and of a room's exercises, what it refuses, and that --check sees every difference."""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import re
import shutil
from pathlib import Path

import nbformat
import pytest

from tools import build
from zeropoint.desk.exercise import Exercise, of_puzzle, puzzles

ROOT = Path(__file__).parents[2]
HEAD = """\
# %% [markdown]
# # 01 A title
#
# **Question.** Why?
#
# **Time** 30 min · **Difficulty** ●●○ · **You need** nothing.

"""
PUZZLE = (
    HEAD
    + """\
# %% tags=["puzzle"]
print("for the puzzle")

# %% tags=["solution"]
print("for the solution")

# %% exercise="1.1"
check("1.1", answer_1_1, real=clouds)

# %% [markdown] exercise="1.2"
# Guess first.

# %%
guess = None

# %% exercise="1.2"
n = 3
check("1.2", answer_1_2)

# %% exercise="1.3"
check("1.3", answer_1_3)

# %% exercise="1.4"
why("1.4", answer_1_4)
"""
)


def total(
    x: list[float],  # numbers
    start: float = 0.0,
) -> float:
    """All of x, added up."""
    # secret: a loop
    secret = start
    return secret + sum(x)


def mean(x: list[float]) -> float:
    """Told too early."""
    return sum(x) / len(x) if x else mean([0.0])


EXERCISES = [
    Exercise(
        id="1.1", title="the total", kind="function", difficulty=1, minutes=3, hints=[], cases=lambda seed: [],
        statement="""
        Return the sum.

        Of all of x.
        """, reference=total,
    ),
    Exercise(
        id="1.2", title="a secret title", kind="function", difficulty=2, minutes=5, hints=[], cases=lambda seed: [],
        task="The mean, please.", reference=mean,
    ),
    Exercise(
        id="1.3", title="which one?", kind="choice", difficulty=1, minutes=2, hints=[], statement="One of two.",
        options=("left", "right"), reference=lambda: "right",
    ),
    Exercise(
        id="1.4", title="why?", kind="why", difficulty=3, minutes=9, hints=[], statement="Say why.",
        rubric=["a point"], answer="Because " + r"of \this and that " * 12,
    ),
]  # fmt: skip


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A small project with one walkthrough and one puzzle, built."""
    monkeypatch.setattr(build, "of_puzzle", lambda number: EXERCISES)
    for name, text in {"notebooks": HEAD + "# %%\n1 + 1\n", "puzzles": PUZZLE}.items():
        (tmp_path / "sources" / name).mkdir(parents=True)
        (tmp_path / "sources" / name / "01_a_title.py").write_text(text, encoding="utf-8")
    readme = "# R\n<!-- series -->\n<!-- /series -->\n<!-- clone -->\n<!-- /clone -->\n"
    (tmp_path / "README.md").write_text(readme, encoding="utf-8")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    run(tmp_path, "--repository", "o/n", "--branch", "b")
    return tmp_path


def run(root, *arguments):
    return build.main(["--root", str(root), *arguments])


def cells(root, name):
    return nbformat.read(root / name, as_version=4).cells


def code(root, name):
    return [cell.source for cell in cells(root, name) if cell.cell_type == "code"][1:]


def test_a_puzzle_has_statement_stub_and_check(root):
    said = [cell.source for cell in cells(root, "puzzles/01_a_title.ipynb")][2:]
    assert said == [
        'print("for the puzzle")',
        "## 1.1 The total\n\n●○○ · 3 min. Return the sum.\n\nOf all of x.",
        "def answer_1_1(\n    x: list[float],  # numbers\n    start: float = 0.0,\n) -> float:\n"
        '    """All of x, added up."""\n    raise NotImplementedError("your code here")\n\n\n'
        'check("1.1", answer_1_1, real=clouds)',
        "## 1.2\n\n●●○ · 5 min",
        'task("1.2")',
        "Guess first.",
        "guess = None",
        'def answer_1_2(x: list[float]):\n    raise NotImplementedError("your code here")\n\n\nn = 3\ncheck("1.2", answer_1_2)',
        "## 1.3 Which one?\n\n●○○ · 2 min. One of two.",
        'answer_1_3 = None  # your answer\n\ncheck("1.3", answer_1_3)',
        "## 1.4 Why?\n\n●●● · 9 min. Say why.",
        'answer_1_4 = None  # your answer\n\nwhy("1.4", answer_1_4)',
        "---\n*Built by `make build`: to change something, edit `sources/puzzles/01_a_title.py`, and for an exercise "
        "`zeropoint/puzzles/p01/exercises.py`.*",
    ]
    shipped = (root / "puzzles/01_a_title.ipynb").read_text(encoding="utf-8")
    assert not re.search("secret|Told too early|for the solution|Because", shipped)


def test_a_solution_has_the_reference_for_its_answer(root):
    solution = code(root, "solutions/01_a_title.ipynb")
    assert solution[0] == 'print("for the solution")'
    reference = inspect.getsource(total).replace("total", "answer_1_1").strip()
    assert solution[1] == reference + '\n\n\ncheck("1.1", answer_1_1, real=clouds)'
    assert solution[2:4] == ['task("1.2")', "guess = None"]
    assert "answer_1_2([0.0])" in solution[4] and '"""Told too early."""' in solution[4]  # a recursion keeps its name
    assert solution[5].startswith("answer_1_3 = 'right'\n\n")
    text = ast.literal_eval(ast.parse(solution[6]).body[0].value)
    assert " ".join(text.split()) == " ".join(EXERCISES[3].answer.split())
    assert max(map(len, solution[6].splitlines())) <= 100


def test_a_stub_holds_nothing_of_the_body():
    assert build.stub("def f(x: int): return 7", gated=False).splitlines()[0] == "def f(x: int):"
    assert "seven" not in build.stub("def f(x: int) -> int:  # seven\n    # seven\n    return 7", gated=False)
    assert build.stub(
        "def f(\n    x: dict[str, int] = {'a': 1},\n) -> dict[\n    str, int\n]:\n    return x", gated=True
    ) == ("def f(\n    x: dict[str, int] = {'a': 1},\n):\n    raise NotImplementedError(\"your code here\")")
    with pytest.raises(build.Refused, match="must be a function of its own"):
        build.renamed(lambda x: x, "answer_1_1")


def test_windows_line_ends_build_the_same(root):
    before = (root / "puzzles/01_a_title.ipynb").read_bytes()
    source = root / "sources/puzzles/01_a_title.py"
    source.write_bytes(source.read_bytes().replace(b"\n", b"\r\n"))
    run(root)
    assert (root / "puzzles/01_a_title.ipynb").read_bytes() == before


def test_a_value_that_comes_from_the_model_is_computed_by_the_solution_itself():
    value = dict(title="", kind="value", difficulty=1, minutes=1, hints=[], statement="How many?")
    rows = Exercise(id="1.5", reference=lambda W: len(W), **value)
    assert (build.answer(rows, solved=False), build.answer(rows, solved=True)) == (
        "answer_1_5 = None  # your answer",
        "",
    )
    two = Exercise(id="1.6", reference=lambda: 2, **value)
    assert build.answer(two, solved=True) == "answer_1_6 = 2"


def test_every_exercise_of_the_series_can_be_built():
    for exercise in (e for number in puzzles() for e in of_puzzle(number)):
        assert exercise.statement or exercise.task, exercise.id
        for solved in (False, True):
            ast.parse(build.answer(exercise, solved))
        if exercise.kind == "function":
            stub = ast.parse(build.answer(exercise, solved=False)).body[0]
            assert [arg.arg for arg in stub.args.args] == list(inspect.signature(exercise.reference).parameters)
            assert all(arg.annotation for arg in stub.args.args), f"{exercise.id}: an argument without its type"
            assert bool(exercise.task) != bool(ast.get_docstring(stub)), (
                f"{exercise.id}: no docstring, or a telling one"
            )
            assert bool(exercise.task) != bool(stub.returns), exercise.id


def change(root, old, new, name="puzzles"):
    source = root / "sources" / name / "01_a_title.py"
    text = source.read_text(encoding="utf-8")
    assert old in text
    source.write_text(text.replace(old, new), encoding="utf-8")


CELL = '# %% tags=["puzzle"]\n'  # line 8
REFUSED = {
    "a marker": ("guess = None", "guess = 3  # SOLUTION", ":21: no marker"),
    "a marker without a blank": ("guess = None", "guess = 3  #SOLUTION", ":21: no marker"),
    "a marker over several lines": ("guess = None", "guess = {  # SOLUTION\n    1: 2,\n}", ":21: no marker"),
    "a marker in small letters": ("guess = None", "# solution\nguess = 3\n# end", ":21: no marker"),
    "a marker in prose": ("# Guess first.", "# # SOLUTION\n# Guess first.", ":18: no marker"),
    "a marker's end": ("guess = None", "guess = 3\n# END", ":22: no marker"),
    "a misspelt tag": ('tags=["solution"]', 'tags=["solutions"]', ":11: solutions: a cell has tags"),
    "a misspelt key": ('exercise="1.3"', 'exercises="1.3"', ":27: exercises: a cell has tags"),
    "a tag that is no list": ('tags=["solution"]', 'tags="solution"', ":11: write tags"),
    "an exercise without quotes": ('exercise="1.3"', "exercise=1.3", ":27: write tags"),
    "an indented cell": ("guess = None", "if guess:\n    # %%\n    guess = 3", ":22: a cell begins with"),
    "a cell without a blank": ("# %%\nguess", "#%%\nguess", ":20: a cell begins with"),
    "a raw cell": (CELL, '# %% [raw] tags=["puzzle"]\n', ":8: a cell is markdown or code, not raw"),
    "a syntax error": ("guess = None", "guess = (", ":21: this is not Python"),
    "a cell that is half a statement": ("guess = None", "guess = (\n\n# %%\n3)", ":20: the cell that begins here"),
    "an unknown exercise": ('# %% exercise="1.3"', '# %% exercise="1.9"', ":27: there is no exercise '1.9'"),
    "an exercise twice": ('# %% exercise="1.3"', '# %% exercise="1.2"', ":27: exercise 1.2 stands here a second time"),
    "an exercise without its check": ('check("1.3", answer_1_3)', 'check("1.2", answer_1_3)', ":27: this cell belongs"),
    "an exercise left out": ('# %% exercise="1.3"\ncheck("1.3", answer_1_3)\n', "", r": no cell .* stands for 1\.3"),
    "too few minutes": ("30 min", "15 min", ":1: the head says 15 min, and the exercises alone are 19"),
    "text before the first cell": (HEAD, "x = 1\n" + HEAD, ":1: the first line must be"),
}  # fmt: skip


@pytest.mark.parametrize("old, new, said", REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_read_for_certain_is_refused_by_file_and_line(root, old, new, said):
    change(root, old, new)
    with pytest.raises(SystemExit, match=r"^sources/puzzles/01_a_title\.py" + said) as refusal:
        run(root)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    "data, said",
    [
        (b"", ":1: the file is empty"),
        (b"\n\n", ":1: the file is empty"),
        (b"\xef\xbb\xbf" + PUZZLE.encode(), ":1: the file begins with a byte-order mark"),
        (HEAD.encode() + b"# %%\n'\0'", ":9: this line holds a null byte"),
        (HEAD.encode() + b"# \xff", ":8: this line is not UTF-8"),
        (b"# %% [markdown]\n# # 01 A title\n", ":1: the first cell has no question, no minutes"),
    ],
)
def test_a_file_that_is_no_source_is_refused(root, data, said):
    (root / "sources/notebooks/01_a_title.py").write_bytes(data)
    with pytest.raises(SystemExit, match=r"^sources/notebooks/01_a_title\.py" + said):
        run(root)


def test_a_file_that_would_be_overlooked_is_refused(root):
    (root / "sources/puzzles/8_a_title.py").write_text(PUZZLE, encoding="utf-8")
    with pytest.raises(SystemExit, match=r"^sources/puzzles/8_a_title.py: a source is called by its number and a name"):
        run(root)


def test_a_walkthrough_has_no_exercises(root):
    change(root, "# %%\n1 + 1", '# %% exercise="1.1"\n1 + 1', "notebooks")
    with pytest.raises(SystemExit, match="there is no exercise '1.1' here; there are none"):
        run(root)


def test_magics_compile_and_a_marker_in_a_string_is_no_marker(root):
    change(root, "n = 3", "# %time n = 3")
    change(root, "guess = None", '# %timeit 1 + 1\nguess = "# SOLUTION"')
    run(root)
    assert '%timeit 1 + 1\nguess = "# SOLUTION"' in code(root, "puzzles/01_a_title.ipynb")


def test_files_are_clean_and_stable(root):
    path = root / "puzzles/01_a_title.ipynb"
    nb = json.loads(path.read_text(encoding="utf-8"))
    made = ["sources/puzzles/01_a_title.py", "zeropoint/puzzles/p01/exercises.py"]
    assert nb["metadata"] == build.METADATA | {"zeropoint": {"built_from": made}}
    assert (nb["nbformat"], nb["nbformat_minor"]) == (4, 5)
    assert all(cell["metadata"] == {} for cell in nb["cells"])
    assert len({cell["id"] for cell in nb["cells"]}) == len(nb["cells"])
    before = {cell["id"] for cell in nb["cells"]}
    source = root / "sources/puzzles/01_a_title.py"
    source.write_text(source.read_text(encoding="utf-8") + "\n# %%\n1 + 1\n", encoding="utf-8")
    run(root)
    after = {cell["id"] for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]}
    assert len(after - before) == 1 and before < after


def test_a_built_notebook_says_what_it_is_built_from(root):
    last = cells(root, "notebooks/01_a_title.ipynb")[-1]
    assert last.source.endswith("to change something, edit `sources/notebooks/01_a_title.py`.*")


def test_one_place_names_the_repository(root):
    run(root, "--repository", "new-owner/new-name", "--branch", "dev")
    assert run(root, "--check") == 0
    for path in [root / "README.md", *root.glob("*/*.ipynb")]:
        text = path.read_text(encoding="utf-8")
        assert "new-owner/new-name/blob/dev" in text and "o/n/" not in text
    assert "git clone --branch dev https://github.com/new-owner/new-name" in (root / "README.md").read_text(
        encoding="utf-8"
    )


def test_readme_lists_a_number_without_giving_it_away(root):
    lines = (root / "README.md").read_text(encoding="utf-8").splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("**01 A title**"))
    assert lines[at] == f"**01 A title** · {importlib.import_module('zeropoint.puzzles.p01').__doc__}  "
    assert lines[at + 1].startswith("Needs ")
    puzzle, walkthrough, solution = lines[at + 2].split(" · ")
    assert puzzle.startswith("[puzzle](puzzles/01_a_title.ipynb), 30 min ●●○ [![Open in Colab]")
    assert walkthrough.startswith("[walkthrough](notebooks/01_a_title.ipynb), 30 min [![Open in Colab]")
    assert solution == "[solution](solutions/01_a_title.ipynb)"


def test_check_names_every_difference(root, capsys):
    assert run(root, "--check") == 0
    (root / "puzzles/01_a_title.ipynb").unlink()
    (root / "puzzles/07_old.ipynb").write_text("{}")
    solution = root / "solutions/01_a_title.ipynb"
    solution.write_text(solution.read_text(encoding="utf-8").replace("a loop", "a comma"), encoding="utf-8")
    assert run(root, "--check") == 1
    said = capsys.readouterr().out
    for line in ("missing: puzzles/01_a", "stale: solutions/01_a", "extra (no source makes it): puzzles/07_old.ipynb"):
        assert line in said
    assert not (root / "puzzles/01_a_title.ipynb").exists()
