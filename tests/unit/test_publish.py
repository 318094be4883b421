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


def tracked(root: Path) -> None:
    subprocess.run(["git", "add", "-A"], cwd=root, check=True)


@pytest.fixture(scope="module")
def tree(tmp_path_factory) -> Path:
    """A copy of what git tracks here, under a git of its own, moved to NEW."""
    root = tmp_path_factory.mktemp("tree")
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, names.split("\0")):
        if (ROOT / name).is_file() and Path(name).suffix != ".safetensors":
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, root / name)
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    tracked(root)
    assert publish.publish(root, NEW) == []
    tracked(root)
    return root


def test_everything_follows(tree):
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


def test_a_stray_is_named_and_a_longer_name_is_another_address(tmp_path):
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    (tmp_path / "test.yml").write_text("# see https://github.com/ada/notes.git")
    (tmp_path / "other.md").write_text("https://github.com/ada/notes-2")
    tracked(tmp_path)
    (tmp_path / "ours.md").write_text("nobody tracks ada/notes")
    assert publish.strays(tmp_path, "ada/notes") == ["test.yml"]


@pytest.mark.parametrize(
    "arguments", [[], ["foo"], ["https://github.com/a/b"], ["a/b/c"], ["a", "b/c"], ["-a/b"], ["../.."], ["a/b.git"]]
)
def test_a_name_that_is_none_is_one_sentence_and_changes_nothing(arguments, tmp_path):
    with pytest.raises(SystemExit) as left:
        publish.main(arguments, root=tmp_path)
    said = str(left.value)
    assert "\n" not in said and said.endswith("make publish REPOSITORY=OWNER/NAME")
    assert " ".join(arguments) in said and not list(tmp_path.iterdir())


def test_once_more_changes_nothing_and_says_what_remains(tree, capsys):
    assert publish.main([NEW], root=tree) == 0
    changed = subprocess.run(["git", "diff", "--stat"], cwd=tree, check=True, capture_output=True, text=True).stdout
    said = capsys.readouterr().out
    assert not changed
    assert f"git push https://github.com/{NEW} main" in said and "https://ada-lovelace.github.io/notes/" in said
    assert said.index("git commit") < said.index("git push"), "what is not committed is not pushed"
    unpublished = re.search(r'begins "(.+?)"', said)[1]
    assert unpublished in (tree / "README.md").read_text(encoding="utf-8")


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
