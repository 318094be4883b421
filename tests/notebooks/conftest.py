"""Every built notebook is executed once per test session, whichever worker asks first; tests look at what came out.

def test_cloud(executed):
    run = executed("notebooks/01")
    assert_figure(run.figures[0], traces=3, x="cosine", label=run.labels[0])
"""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest
from filelock import FileLock

from tools.run import PLOTLY_MIMETYPE, Run, execute, outputs

ROOT = Path(__file__).parents[2]
FOLDERS = ("notebooks", "puzzles", "solutions")


def built(*folders: str) -> list[str]:
    """Names such as 'puzzles/01_slug' of all built notebooks in the folders."""
    return [f"{f}/{p.stem}" for f in folders or FOLDERS for p in sorted((ROOT / f).glob("[0-9][0-9]_*.ipynb"))]


def source(name: str) -> nbformat.NotebookNode:
    """The notebook as it is shipped."""
    return nbformat.read(ROOT / f"{name}.ipynb", as_version=4)


@dataclass
class Executed:
    """What a notebook's run left behind, in the form that assertions want."""

    run: Run

    @property
    def error(self) -> str:
        """The failed cell and its error, or an empty string."""
        return self.run.error

    @property
    def figures(self) -> list[dict]:
        """Plotly figures as {"data": [...], "layout": {...}}, in order."""
        return outputs(self.run.nb, PLOTLY_MIMETYPE)

    @property
    def labels(self) -> list[str]:
        """Labels of the models that ran, as reported."""
        return list(dict.fromkeys(report["model"] for report in self.run.reports))

    @property
    def text(self) -> str:
        """All that a reader sees below the cells: streams, and the plain or HTML form of each display."""
        cells = [cell for cell in self.run.nb.cells if cell.cell_type == "code"]
        seen = [out for cell in cells for out in cell.outputs]
        streams = [out.text for out in seen if out.output_type == "stream"]
        return "\n".join(streams + outputs(self.run.nb, "text/plain") + outputs(self.run.nb, "text/html"))

    @property
    def size(self) -> int:
        """Bytes of the executed notebook as a file."""
        return len(nbformat.writes(self.run.nb).encode())


@pytest.fixture(scope="session")
def executed(tmp_path_factory, worker_id):
    """executed("puzzles/01", strict=False) → Executed. The name may stop after the number."""
    shared = tmp_path_factory.getbasetemp()
    if worker_id != "master":
        shared = shared.parent  # the same for all xdist workers of a session

    def get(name: str, strict: bool | None = None) -> Executed:
        folder = name.split("/")[0]
        strict = folder == "solutions" if strict is None else strict
        name = next(full for full in built(folder) if full.startswith(name))
        kept = shared / f"{name.replace('/', '-')}{'-strict' * strict}.pickle"
        with FileLock(f"{kept}.lock"):
            if not kept.exists():
                run = execute(ROOT / f"{name}.ipynb", **({"ZEROPOINT_STRICT": "1"} if strict else {}))
                kept.write_bytes(pickle.dumps(run))
            return Executed(pickle.loads(kept.read_bytes()))

    return get


def axis_titles(figure: dict, letter: str) -> list[str]:
    """Titles of all x (or y) axes of a figure that have one."""
    axes = [value for key, value in figure["layout"].items() if key.startswith(f"{letter}axis")]
    return [text for axis in axes if (text := axis.get("title", {}).get("text"))]


def title(figure: dict) -> str:
    """The figure's title."""
    return figure["layout"].get("title", {}).get("text") or ""


def assert_figure(figure: dict, *, traces: int | None = None, x: str = "", y: str = "", label: str = "") -> None:
    """Assert on the number of traces, on words in the axis titles, and on the label in title or legend."""
    if traces is not None:
        assert len(figure["data"]) == traces, f"{title(figure)!r} has {len(figure['data'])} traces, not {traces}"
    for letter, word in (("x", x), ("y", y)):
        titles = axis_titles(figure, letter)
        assert titles, f"{title(figure)!r} has no {letter} axis title"
        assert any(word in text for text in titles), f"no {letter} axis of {title(figure)!r} says {word!r}: {titles}"
    assert label in title(figure), f"title {title(figure)!r} does not name {label!r}"
