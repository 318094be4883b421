"""make new: what it makes is whole, and names itself unfinished."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tools import new

ROOT = Path(__file__).parents[2]


def test_no_room_is_unfinished():
    waiting = list(new.missing(ROOT))
    assert not waiting, "waiting for their author:\n" + "\n".join(waiting)


@pytest.fixture
def tree(tmp_path):
    """A copy of what a new number is made in."""
    for name in ("sources", "zeropoint", "tests", "tools", "pyproject.toml", "README.md", "requirements.txt"):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, tmp_path / name)
    return tmp_path


def run(tree, *command):
    environment = os.environ | {"PYTHONPATH": str(tree), "ZEROPOINT_MODELS": "standin", "OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, *command], cwd=tree, env=environment, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(
    "arguments, said",
    [
        ((), "give two digits"),
        (("8", "zero"), "give two digits"),
        (("08", "Zero-is"), "give two digits"),
        (("03", "zero"), "03 is taken: sources/notebooks/03_"),
    ],
)
def test_what_cannot_be_made_is_one_sentence(tmp_path, capsys, arguments, said):
    (tmp_path / "sources/notebooks").mkdir(parents=True)
    (tmp_path / "sources/notebooks/03_initialisation_or_training.py").touch()
    assert new.main(tmp_path, list(arguments)) == 1
    told = capsys.readouterr().err
    assert said in told and told.count("\n") == 1
    assert len(list(tmp_path.rglob("*.py"))) == 1


@pytest.mark.slow
def test_a_new_number_builds_passes_its_tests_and_is_named_unfinished(tree):
    code, said = run(tree, "tools/new.py", "98", "zero_is_an_origin")
    made = said.split()
    assert code == 0 and len(made) == len(new.FILES) + 1, said
    for lint in (["check"], ["format", "--check"]):
        code, said = run(tree, "-m", "ruff", *lint, *made)
        assert code == 0, said
    code, said = run(tree, "tools/build.py")
    assert code == 0 and (tree / "solutions/98_zero_is_an_origin.ipynb").exists(), said
    assert "**98 " in (tree / "README.md").read_text(encoding="utf-8")
    unit = ["tests/checks/test_bank.py", "tests/unit/test_claims.py", "tests/unit/test_build.py"]
    notebooks = ["tests/notebooks/test_98.py", "tests/notebooks/test_all.py", "tests/notebooks/test_spoilers.py"]
    code, said = run(
        tree, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "98 and not strictly", *unit, *notebooks
    )
    assert code == 0, said
    code, said = run(tree, "tools/new.py", "--missing")
    assert all(name in said for name in made if not name.endswith("__init__.py"))
    named = "tests/unit/test_new.py::test_no_room_is_unfinished"
    code, said = run(tree, "-m", "pytest", "-q", "-p", "no:cacheprovider", named)
    assert code == 1 and "zeropoint/puzzles/p98/exercises.py" in said
