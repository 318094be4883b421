"""Zero Point: is your zero point meaningful? Puzzles about the geometry of embeddings."""

from __future__ import annotations

import importlib.util
import os
import platform
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path

__version__ = "0.1.0"
REPORT_MIMETYPE = "application/vnd.zeropoint.report+json"


def setup() -> None:
    """Install what is missing, change nothing that is there, and print one line of versions.

    Whoever runs this in a notebook has a Jupyter already, so the `jupyter` of requirements.txt is not asked for.
    Raises RuntimeError with pip's own words when an installed package does not fit, and where there is no pip.
    """
    required = metadata.requires("zeropoint") if _version("zeropoint") else []
    wanted = [r for r in required or [] if not r.startswith("jupyter") and "extra ==" not in r]
    missing = [r for r in wanted if not _version(_name(r))]
    if missing:
        print(f"zeropoint: installing {', '.join(map(_name, missing))}; what is already installed stays as it is …")
        _install(wanted)
    names = ("torch", "transformer_lens", "plotly")
    versions = " · ".join(f"{name} {_version(name)}" for name in names)
    models = os.environ.get("ZEROPOINT_MODELS", "auto")
    print(f"zeropoint {__version__} · python {platform.python_version()} · {versions} · models: {models}")


def report(model: str, numbers: Mapping[str, float | str], published: Mapping[str, float | str] | None = None) -> None:
    """Show a run's main numbers beside the published ones (matched by key), and leave them where `make run` finds them.

    `model` is the label of the model that ran. Call once for each model.
    """
    published = dict(published or {})
    rows = [(name, _show(value), _show(published.get(name, "–"))) for name, value in numbers.items()]
    rows = [(model, "this run", "published"), *rows]
    widths = [max(len(row[i]) for row in rows) for i in range(3)]
    text = "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )
    if "IPython" not in sys.modules:
        print(text)
        return
    from IPython.display import display

    data = {"model": model, "numbers": {row[0]: row[1:] for row in rows[1:]}}
    display({REPORT_MIMETYPE: data, "text/plain": text}, raw=True)


def _show(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:.4g}"


def _name(requirement: str) -> str:
    return re.match(r"[\w.-]+", requirement)[0]


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _install(requirements: list[str]) -> None:
    """pip-install `requirements`, with every package that is already there pinned to the version that is there."""
    if importlib.util.find_spec("pip") is None:  # as in an environment that uv made
        raise RuntimeError(
            "zeropoint lacks packages, and this environment has no pip to bring them; in a terminal: "
            f"uv pip install --python {shlex.quote(sys.executable)} {shlex.join(requirements)}"
        )
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    with tempfile.TemporaryDirectory() as folder:
        installed = Path(folder, "installed.txt")
        freeze = subprocess.run([*pip, "list", "--format=freeze"], check=True, capture_output=True, text=True).stdout
        installed.write_text(freeze)
        command = [*pip, "install", "--quiet", "--constraint", str(installed), *requirements]
        result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode:
        errors = [line for line in result.stderr.splitlines() if line.startswith("ERROR")]
        raise RuntimeError("zeropoint could not install what it needs. pip says:\n" + "\n".join(errors))
    importlib.invalidate_caches()
