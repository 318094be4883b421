"""Execute the walkthroughs and solutions, two at a time, and print their numbers beside the published ones and their ledgers of claims.

    python tools/run.py [NOTEBOOK.ipynb …] [--root FOLDER] [--jobs N]

Executed copies go to build/html/, with figures that work offline. A notebook that fails is named with its cell and its
error, the others still run, and the exit code is 1.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbconvert import HTMLExporter
from nbconvert.preprocessors import Preprocessor
from plotly.offline import get_plotlyjs
from tqdm import tqdm

from zeropoint import REPORT_MIMETYPE, geometry
from zeropoint.claims import LEDGER_MIMETYPE
from zeropoint.models import load_embedding
from zeropoint.models.survey import statistics

PLOTLY_MIMETYPE = "application/vnd.plotly.v1+json"
CELL_TIMEOUT = 600  # seconds
ROOT = Path(__file__).parents[1]


@dataclass
class Run:
    """One executed notebook. `error` names the cell and the error's last line, or is empty.

    `peak` is the most memory that its kernel held, in bytes; 0 where the system does not tell (elsewhere than on Linux).
    """

    path: str
    nb: nbformat.NotebookNode | None
    seconds: float
    peak: int = 0
    error: str = ""
    reports: list[dict] = field(default_factory=list)
    ledger: list[list[str]] = field(default_factory=list)  # claim, whose, on, verdict, evidence


def outputs(nb: nbformat.NotebookNode, mimetype: str) -> list:
    """Everything that the notebook's cells put out as `mimetype`, in order."""
    cells = [cell for cell in nb.cells if cell.cell_type == "code"]
    return [out.data[mimetype] for cell in cells for out in cell.outputs if mimetype in out.get("data", {})]


def execute(path: str | Path, kernel: str = "python3", timeout: int = CELL_TIMEOUT, **environment: str) -> Run:
    """Execute a notebook in its own folder, on one thread and with an empty progress file, up to its first error."""
    nb, error, peak, began = nbformat.read(path, as_version=4), "", 0, time.perf_counter()

    def look(**_) -> None:
        nonlocal peak
        status = Path(f"/proc/{client.km.provisioner.pid}/status")
        if status.exists():
            peak = 1024 * int(re.search(r"VmHWM:\s+(\d+)", status.read_text())[1])

    with tempfile.TemporaryDirectory() as folder:
        env = os.environ | {
            "OMP_NUM_THREADS": "1",
            "JUPYTER_PREFER_ENV_PATH": "1",
            "ZEROPOINT_PROGRESS": str(Path(folder, "progress.json")),  # a learner's own stays as it is
            **environment,
        }
        client = NotebookClient(
            nb,
            timeout=timeout,
            kernel_name=kernel,
            resources={"metadata": {"path": str(Path(path).parent)}},
            on_cell_executed=look,
            extra_arguments=["--log-level=ERROR"],  # ipykernel otherwise warns of its loopback sockets at every start
        )
        try:
            client.execute(env=env)
        except CellExecutionError as failure:
            error = f"{last_cell(nb)}: {failure.ename}: {(failure.evalue.strip().splitlines() or [''])[-1]}"
        except Exception as failure:  # the kernel died, hung or never started: the other notebooks still run
            said = (str(failure).strip().splitlines() or ["no reason given"])[0]
            error = f"{last_cell(nb)}: {type(failure).__name__}: {said}"
    reports = [dict(report) for report in outputs(nb, REPORT_MIMETYPE)]
    ledger = [list(row) for rows in outputs(nb, LEDGER_MIMETYPE)[-1:] for row in rows]
    return Run(str(path), nb, time.perf_counter() - began, peak, error, reports, ledger)


def last_cell(nb: nbformat.NotebookNode) -> str:
    """The last code cell that began, by its number in the notebook and its first line."""
    began = [(i, cell) for i, cell in enumerate(nb.cells, 1) if cell.metadata.get("execution")]
    number, cell = began[-1] if began else (1, nb.cells[0])  # a kernel that never started
    return f"cell {number} ({cell.source.splitlines()[0]})"


class OfflineFigures(Preprocessor):
    """Turn plotly's own output, which nbconvert drops, into a div drawn by the plotly.min.js one folder up."""

    def preprocess_cell(self, cell, resources, index):
        for i, out in enumerate(cell.get("outputs", [])):
            if figure := out.get("data", {}).get(PLOTLY_MIMETYPE):
                name = f"figure-{index}-{i}"
                arguments = json.dumps([figure["data"], figure["layout"], {"responsive": True}]).replace("</", r"<\/")
                height = figure["layout"].get("height", 450)
                out.data["text/html"] = (
                    f'<div id="{name}" style="height:{height}px"></div>'
                    f'<script>Plotly.newPlot("{name}", ...{arguments})</script>'
                )
        return cell, resources


def write_html(run: Run, target: Path) -> None:
    """Write the executed notebook as HTML at `target`, beside whose folder plotly.min.js is expected."""
    exporter = HTMLExporter(preprocessors=[OfflineFigures])
    page, _ = exporter.from_notebook_node(run.nb, resources={"metadata": {"name": target.stem}})
    # first of all scripts: after nbconvert's require.js it would register itself there instead of as window.Plotly
    page = page.replace("<head>", '<head><script src="../plotly.min.js"></script>', 1)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(page, encoding="utf-8")


def run_one(root: Path, path: Path) -> Run:
    """Execute one notebook of `root` (a solution strictly) and write its HTML."""
    run = execute(path, **({"ZEROPOINT_STRICT": "1"} if path.parent.name == "solutions" else {}))
    run.path = f"{path.parent.name}/{path.stem}"
    write_html(run, root / "build" / "html" / f"{run.path}.html")
    return run


def table(runs: list[Run]) -> str:
    """One line a number; notebook, seconds and model stand where they change."""
    rows = [("notebook", "seconds", "GiB", "model that ran", "number", "this run", "published")]
    for run in runs:
        first = (
            run.path,
            f"{run.seconds:.0f}" if not run.error else "failed",
            f"{run.peak / 2**30:.1f}" if run.peak else "–",
        )
        for report in run.reports or [{"model": "–", "numbers": {}}]:
            model = report["model"]
            for name, (ours, published) in (report["numbers"] or {"–": ("–", "–")}).items():
                rows.append((*first, model, name, ours, published))
                first, model = ("", "", ""), ""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([lines[0], "─" * sum(widths, 2 * 6), *lines[1:]])


def real_model(folder: Path = ROOT / "build" / "real" / "smollm2") -> list[Run]:
    """The numbers of the real model that `make real` brings, where it has been brought; for the same table."""
    if not (folder / "config.json").exists():
        return []
    began = time.perf_counter()
    embedding = load_embedding(folder)
    numbers, centred = statistics(embedding.W)
    numbers["effective_dimension_centred"] = geometry.effective_dimension(centred)
    shown = {key: [f"{value:.4g}", "–"] for key, value in numbers.items()}
    report = {"model": embedding.label, "numbers": shown}
    return [Run("a real model", None, time.perf_counter() - began, reports=[report])]


def ledgers(runs: list[Run]) -> str:
    """The claims of each walkthrough with this run's verdicts."""
    lines = []
    for run in runs:
        lines += ["", run.path] if run.ledger else []
        lines += [f"  {word:6}{text} [{source}], {on}: {evidence}" for text, source, on, word, evidence in run.ledger]
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("notebooks", nargs="*", type=Path, help="default: notebooks/ and solutions/")
    parser.add_argument("--root", type=Path, default=ROOT)
    parser.add_argument("--jobs", type=int, default=2)
    args = parser.parse_args()
    root = args.root.resolve()
    paths = args.notebooks or sorted(
        p for f in ("notebooks", "solutions") for p in (root / f).glob("[0-9][0-9]_*.ipynb")
    )
    (root / "build" / "html").mkdir(parents=True, exist_ok=True)
    (root / "build" / "html" / "plotly.min.js").write_text(get_plotlyjs(), encoding="utf-8")
    runs = []
    with ProcessPoolExecutor(args.jobs) as pool, tqdm(total=len(paths), desc="notebooks") as bar:
        for future in as_completed([pool.submit(run_one, root, path.resolve()) for path in paths]):
            runs.append(future.result())
            bar.set_postfix_str(runs[-1].path)
            bar.update()
    runs.sort(key=lambda run: run.path)
    print(table(runs + real_model()))
    print(ledgers(runs))
    failed = [run for run in runs if run.error]
    for run in failed:
        print(f"\n{run.path}.ipynb failed in {run.error}", file=sys.stderr)
    print(f"\nFigures: {root / 'build' / 'html'}")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
