"""Moving the series to its address: all of it follows, what does not is named; its citation and workflows can be read."""

from __future__ import annotations

import datetime
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import nbformat
import pytest
import yaml

from tools import build, links, publish

ROOT = Path(__file__).parents[2]
NEW = "ada-lovelace/notes"


@pytest.fixture
def tree(tmp_path):
    """A copy of what git tracks here, under a git of its own."""
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, tracked.split("\0")):
        if (ROOT / name).is_file() and Path(name).suffix != ".safetensors":
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, tmp_path / name)
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    subprocess.run(["git", "add", "-A"], cwd=tmp_path, check=True)
    return tmp_path


def test_everything_follows(tree):
    assert publish.publish(tree, NEW) == []
    assert tomllib.loads((tree / "pyproject.toml").read_text())["tool"]["zeropoint"]["repository"] == NEW
    assert yaml.safe_load((tree / "CITATION.cff").read_text())["repository-code"] == f"https://github.com/{NEW}"
    badge = re.compile(r"colab\.research\.google\.com/github/([\w-]+/[\w-]+)/blob/")
    notebooks = [path for folder in build.FOLDERS for path in (tree / folder).glob("*.ipynb")]
    assert notebooks
    for path in (*notebooks, tree / "README.md"):
        assert set(badge.findall(path.read_text(encoding="utf-8"))) == {NEW}, path.name
    for path in notebooks:
        assert NEW in nbformat.read(path, as_version=4).cells[1].source, "the set-up cell installs from elsewhere"
    assert f"git clone --branch main https://github.com/{NEW} zero-point" in (tree / "README.md").read_text()
    assert build.main(["--check", "--root", str(tree)]) == 0
    assert list(links.broken(tree)) == []


def test_a_stray_is_named(tree):
    old = build.address(tree)["repository"]
    stray = tree / ".github" / "workflows" / "test.yml"
    stray.write_text(f"{stray.read_text()}# see https://github.com/{old}.git\n")
    (tree / "docs" / "ours.md").write_text(f"nobody tracks {old}")
    assert publish.publish(tree, NEW) == [".github/workflows/test.yml"]


def test_a_longer_name_is_another_address(tree):
    old = build.address(tree)["repository"]
    assert publish.publish(tree, f"{old}-2") == []


def test_a_name_that_is_none_changes_nothing(tree, capsys):
    before = (tree / "pyproject.toml").read_text()
    with pytest.raises(SystemExit):
        publish.publish(tree, "https://example.org/here")
    assert "is not a repository name" in capsys.readouterr().err
    assert (tree / "pyproject.toml").read_text() == before


def test_the_citation_says_what_the_package_says():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert {"cff-version", "message", "title", "authors"} <= citation.keys(), "the format's required fields"
    assert citation["authors"] and all(
        author.get("name") or author.get("family-names") for author in citation["authors"]
    )
    assert (citation["version"], citation["license"]) == (project["version"], project["license"])
    assert citation["repository-code"] == f"https://github.com/{build.address(ROOT)['repository']}"
    assert datetime.date.fromisoformat(citation["date-released"])
    for reference in citation["references"]:
        assert {"type", "title", "authors"} <= reference.keys()


def test_a_workflow_runs_targets_that_make_has():
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
    called = set()
    for path in (ROOT / ".github" / "workflows").glob("*.yml"):
        jobs = yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"].values()
        commands = [step["run"] for job in jobs for step in job["steps"] if "run" in step]
        called |= set(re.findall(r"\bmake ([\w-]+)", "\n".join(commands)))
    assert called and called <= targets
