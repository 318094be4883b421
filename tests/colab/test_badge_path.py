"""The way of Colab's badge: torch and an old plotly are there, zeropoint is not, and a notebook's set-up cell runs.

`make test-colab` builds that environment once, under build/colab/ (several GB where torch comes with CUDA).
ZEROPOINT_COLAB_PYTHON names the Python to build it from (default: python3.13 or python3.12 on PATH, if it runs).
ZEROPOINT_COLAB_NEWEST=1 takes the newest release of each package in place of those that Colab had: what Colab will have.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.notebooks.conftest import ROOT, built
from tools.run import execute

THERE = [
    *("ipython==7.34.0", "ipykernel==6.17.1", "plotly==5.24.1", "transformers==5.15.*", "torch", "numpy", "pandas"),
    *("nbformat", "tqdm", "setuptools", "accelerate", "datasets", "sentencepiece", "wandb"),
]
NEWEST = bool(os.environ.get("ZEROPOINT_COLAB_NEWEST"))


def runs(python: str) -> bool:
    """Can it make an environment? pyenv puts a python3.13 on PATH that only says which versions it has."""
    try:
        return subprocess.run([python, "-c", "import ensurepip, venv"], capture_output=True).returncode == 0
    except OSError:
        return False


def interpreter() -> str:
    """The Python to build the environment from."""
    named = os.environ.get("ZEROPOINT_COLAB_PYTHON")
    candidates = [named] if named else ["python3.13", "python3.12"]
    for python in candidates:
        if runs(python):
            return python
    asked = " or ".join(candidates)
    pytest.fail(f"no {asked} runs here with its venv; name one that does in ZEROPOINT_COLAB_PYTHON", pytrace=False)


def listed(python: str) -> dict[str, str]:
    """Installed packages of an environment: name → version."""
    said = subprocess.run([python, "-m", "pip", "list", "--format=json"], check=True, capture_output=True, text=True)
    return {package["name"]: package["version"] for package in json.loads(said.stdout)}


@pytest.fixture(scope="module")
def colab() -> str:
    """The Python of an environment like Colab's, in which zeropoint is not installed."""
    here = ROOT / "build" / ("colab-newest" if NEWEST else "colab") / "bin" / "python"
    if not here.exists():
        subprocess.run([interpreter(), "-m", "venv", here.parents[1]], check=True)
    packages = [package.partition("==")[0] for package in THERE] if NEWEST else THERE
    install = [here, "-m", "pip", "install", "--quiet", "--only-binary", ":all:", *(["--upgrade"] if NEWEST else [])]
    subprocess.run([*install, *packages], check=True)
    return str(here)


@pytest.fixture(scope="module")
def url(tmp_path_factory) -> str:
    """A git address with the working tree as it is now, committed or not."""
    copy = tmp_path_factory.mktemp("repository")
    files = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
    ).stdout.decode()
    for file in filter(None, files.split("\0")):
        if (ROOT / file).exists():
            (copy / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / file, copy / file)
    who = ["-c", "user.name=test", "-c", "user.email=test@example.org"]
    for command in (["init", "-q", "-b", "main"], ["add", "-A"], [*who, "commit", "-qm", "snapshot"]):
        subprocess.run(["git", *command], cwd=copy, check=True)
    return f"git+file://{copy}@main"


@pytest.fixture(scope="module")
def kernel(colab, tmp_path_factory) -> str:
    """A Jupyter path whose python3 kernel is the environment's own."""
    folder = tmp_path_factory.mktemp("jupyter")
    spec = {
        "argv": [colab, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": "c",
        "language": "python",
    }
    (folder / "kernels" / "like-colab").mkdir(parents=True)
    (folder / "kernels" / "like-colab" / "kernel.json").write_text(json.dumps(spec))
    return str(folder)


def put(folder: Path, name: str, script: str) -> None:
    """A program on PATH."""
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


@pytest.fixture
def path(tmp_path, monkeypatch) -> Path:
    """A PATH with one Python, pyenv's shim of a version that is not chosen."""
    put(tmp_path, "python3.13", "echo 'pyenv: python3.13: command not found' >&2; exit 127")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("ZEROPOINT_COLAB_PYTHON", raising=False)
    return tmp_path


def test_a_python_that_cannot_run_is_passed_over(path):
    put(path, "python3.12", f'exec {sys.executable} "$@"')
    assert interpreter() == "python3.12"


def test_where_no_python_runs_one_sentence_says_so(path, monkeypatch):
    with pytest.raises(pytest.fail.Exception, match="no python3.13 or python3.12 runs here"):
        interpreter()
    monkeypatch.setenv("ZEROPOINT_COLAB_PYTHON", "/nowhere/python3")
    with pytest.raises(pytest.fail.Exception, match="no /nowhere/python3 runs here"):
        interpreter()


@pytest.mark.colab
@pytest.mark.parametrize("name", built())
def test_set_up_cell_installs_and_changes_nothing(name, colab, url, kernel, tmp_path, monkeypatch):
    subprocess.run([colab, "-m", "pip", "uninstall", "-q", "-y", "zeropoint", "transformer_lens"], check=True)
    before = listed(colab)
    alone = tmp_path / Path(name).name  # away from the repository, as in Colab
    notebook = shutil.copy(ROOT / f"{name}.ipynb", alone.with_suffix(".ipynb"))
    monkeypatch.setenv("JUPYTER_PATH", kernel)
    strict = {"ZEROPOINT_STRICT": "1"} if name.startswith("solutions") else {}
    run = execute(notebook, kernel="like-colab", ZEROPOINT_GIT_URL=url, **strict)
    after = listed(colab)
    assert {package: after.get(package) for package in before} == before
    assert "zeropoint" in after
    assert not run.error
