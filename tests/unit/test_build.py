"""The builder: what it cuts, and that --check sees every difference."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import nbformat
import pytest

from tools import build

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

# %%
def mean(x):
    # SOLUTION
    secret = sum(x)
    return secret / len(x)
    # END


# %%
guess = 0.25  # SOLUTION

# %%
# SOLUTION
secret = 3
# END
"""
)


@pytest.fixture
def root(tmp_path):
    """A small project with one walkthrough and one puzzle, built."""
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


def code(root, name):
    nb = nbformat.read(root / name, as_version=4)
    return [cell.source for cell in nb.cells if cell.cell_type == "code"][1:]


def test_puzzle_is_cut_out_of_the_solution(root):
    assert code(root, "puzzles/01_a_title.ipynb") == [
        'print("for the puzzle")',
        'def mean(x):\n    raise NotImplementedError("your code here")',
        "guess = None  # your answer",
    ]
    assert code(root, "solutions/01_a_title.ipynb") == [
        'print("for the solution")',
        "def mean(x):\n    secret = sum(x)\n    return secret / len(x)",
        "guess = 0.25",
        "secret = 3",
    ]
    shipped = (root / "puzzles/01_a_title.ipynb").read_text(encoding="utf-8")
    assert not re.search("secret|0.25|SOLUTION|for the solution", shipped)


@pytest.mark.parametrize(
    "bad",
    ["# SOLUTION\nx = 1", "x = 1\n# END", "# SOLUTION\n# SOLUTION\n# END", "f(x)  # SOLUTION", "# SOLUTION: no"],
)
def test_unreadable_markers_are_errors(bad):
    with pytest.raises(ValueError, match="SOLUTION|END"):
        build.cut(bad, solved=False)


def test_annotated_and_indented_answers():
    assert build.cut("n: int = 3  # SOLUTION", solved=False) == "n: int = None  # your answer"
    assert (
        build.cut("if a == b:\n    n = f(k=3)  # SOLUTION", solved=False) == "if a == b:\n    n = None  # your answer"
    )
    assert build.cut("n = f(k=3)  # SOLUTION", solved=True) == "n = f(k=3)"


def test_files_are_clean_and_stable(root):
    path = root / "puzzles/01_a_title.ipynb"
    nb = json.loads(path.read_text(encoding="utf-8"))
    assert nb["metadata"] == build.METADATA and (nb["nbformat"], nb["nbformat_minor"]) == (4, 5)
    assert all(cell["metadata"] == {} for cell in nb["cells"])
    assert len({cell["id"] for cell in nb["cells"]}) == len(nb["cells"])
    before = {cell["id"] for cell in nb["cells"]}
    source = root / "sources/puzzles/01_a_title.py"
    source.write_text(source.read_text(encoding="utf-8") + "\n# %%\n1 + 1\n", encoding="utf-8")
    run(root)
    after = {cell["id"] for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]}
    assert len(after - before) == 1 and before < after


def test_one_place_names_the_repository(root):
    run(root, "--repository", "new-owner/new-name", "--branch", "dev")
    assert run(root, "--check") == 0
    for path in [root / "README.md", *root.glob("*/*.ipynb")]:
        text = path.read_text(encoding="utf-8")
        assert "new-owner/new-name/blob/dev" in text and "o/n/" not in text
    assert "git clone --branch dev https://github.com/new-owner/new-name" in (root / "README.md").read_text(
        encoding="utf-8"
    )


def test_readme_table(root):
    row = next(
        line for line in (root / "README.md").read_text(encoding="utf-8").splitlines() if line.startswith("| 01")
    )
    assert row.startswith("| 01 | Why? | 30 | [open](notebooks/01_a_title.ipynb) [![Open in Colab]")
    assert row.endswith("| [solution](solutions/01_a_title.ipynb) |")


def test_check_names_every_difference(root, capsys):
    assert run(root, "--check") == 0
    (root / "puzzles/01_a_title.ipynb").unlink()
    (root / "puzzles/07_old.ipynb").write_text("{}")
    solution = root / "solutions/01_a_title.ipynb"
    solution.write_text(solution.read_text(encoding="utf-8").replace("0.25", "0.26"), encoding="utf-8")
    assert run(root, "--check") == 1
    said = capsys.readouterr().out
    for line in ("missing: puzzles/01_a", "stale: solutions/01_a", "extra (no source makes it): puzzles/07_old.ipynb"):
        assert line in said
    assert not (root / "puzzles/01_a_title.ipynb").exists()


def test_a_head_without_its_lines_is_an_error(root):
    (root / "sources/notebooks/01_a_title.py").write_text("# %% [markdown]\n# # 01 A title\n", encoding="utf-8")
    with pytest.raises(SystemExit, match="01_a_title.py: the first cell has no question, no minutes"):
        run(root)
