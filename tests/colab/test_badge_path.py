"""The way of Colab's badge: torch and an old plotly are there, zeropoint is not, and a notebook's set-up cell runs.

`make test-colab` builds that environment once, under build/colab/ (several GB where torch comes with CUDA).
ZEROPOINT_COLAB_PYTHON names the Python to build it from (default: python3.13 or python3.12 on PATH).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.notebooks.conftest import ROOT, built
from tools.run import execute

pytestmark = pytest.mark.colab
THERE = [
    *("ipython==7.34.0", "ipykernel==6.17.1", "plotly==5.24.1", "transformers==5.15.*", "torch", "numpy", "pandas"),
    *("nbformat", "tqdm", "setuptools", "accelerate", "datasets", "sentencepiece", "wandb"),
]


def listed(python: str) -> dict[str, str]:
    """Installed packages of an environment: name → version."""
    said = subprocess.run([python, "-m", "pip", "list", "--format=json"], check=True, capture_output=True, text=True)
    return {package["name"]: package["version"] for package in json.loads(said.stdout)}


@pytest.fixture(scope="module")
def colab() -> str:
    """The Python of an environment like Colab's, in which zeropoint is not installed."""
    python = os.environ.get("ZEROPOINT_COLAB_PYTHON") or shutil.which("python3.13") or shutil.which("python3.12")
    if not python:
        pytest.skip("no python3.13 or python3.12 on PATH; name one in ZEROPOINT_COLAB_PYTHON")
    here = ROOT / "build" / "colab" / "bin" / "python"
    if not here.exists():
        subprocess.run([python, "-m", "venv", here.parents[1]], check=True)
    install = [here, "-m", "pip", "install", "--quiet", "--only-binary", ":all:"]
    subprocess.run([*install, *THERE], check=True)
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
