"""A learner's first quarter of an hour, in JupyterLab in headless Chromium: run all, answer wrongly, answer rightly."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PUZZLE = next((ROOT / "puzzles").glob("01_*.ipynb"))
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
SHOTS = os.environ.get("ZEROPOINT_SCREENSHOTS")  # a folder to keep screenshots in, for looking at them

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed (.ci/run installs it)"),
]

WRONG = """def answer_1_1(W):
    u = W / W.norm(dim=1, keepdim=True)
    return (u.sum(0).square().sum() / len(u) ** 2).item()


check("1.1", answer_1_1, real=clouds)"""
RIGHT = """def answer_1_1(W):
    u = W / W.norm(dim=1, keepdim=True)
    n = len(u)
    return ((u.sum(0).square().sum() - n) / (n * (n - 1))).item()


check("1.1", answer_1_1, real=clouds)"""

PREDICTED = """predict("1.a", 0.0, low=-0.1, high=0.1)
predict("1.b", 0.5, low=0.2, high=0.9)
predict("1.c", 0.5, low=0.2, high=0.9)"""


@pytest.fixture
def lab(tmp_path):
    """A JupyterLab server of its own on a copy of puzzle 01; yields the address of the puzzle."""
    shutil.copy(PUZZLE, tmp_path / "puzzle.ipynb")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        **os.environ,
        "ZEROPOINT_MODELS": "standin",
        "ZEROPOINT_PROGRESS": str(tmp_path / "progress.json"),
        "JUPYTER_CONFIG_DIR": str(tmp_path / "config"),
        "JUPYTER_DATA_DIR": str(tmp_path / "data"),
    }
    command = [
        sys.executable,
        "-m",
        "jupyterlab",
        "--no-browser",
        f"--port={port}",
        "--ServerApp.port_retries=0",
        "--allow-root",
    ]
    command += ["--IdentityProvider.token=", "--expose-app-in-browser", f"--ServerApp.root_dir={tmp_path}"]
    log = open(tmp_path / "lab.log", "w")
    server = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}/lab"
    for _ in range(240):
        try:
            urllib.request.urlopen(address, timeout=2)
            break
        except OSError:
            time.sleep(0.5)
    yield f"{address}/tree/puzzle.ipynb"
    server.terminate()
    server.wait(20)
    log.close()


@pytest.fixture
def page(lab):
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as p:
        quiet = [
            "--no-sandbox",
            "--disable-gpu",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
        ]
        browser = p.chromium.launch(executable_path=CHROMIUM, args=quiet)
        page = browser.new_page(viewport={"width": 1200, "height": 1400})
        page.set_default_timeout(180_000)
        page.goto(lab)
        page.wait_for_function("window.jupyterapp && document.querySelector('.jp-Notebook')")
        page.evaluate("""async () => {
            await window.jupyterapp.restored;
            const context = window.jupyterapp.shell.currentWidget.context;
            await context.ready; await context.sessionContext.ready; await context.sessionContext.session.kernel.info;
        }""")
        yield page
        browser.close()


def run_all(page):
    page.evaluate("() => window.jupyterapp.commands.execute('notebook:run-all-cells')")
    wait_until_idle(page)


def wait_until_idle(page):
    page.wait_for_function("""() => {
        const cells = window.jupyterapp.shell.currentWidget.content.widgets.filter(c => c.model.type === 'code');
        return cells.every(c => !c.model.sharedModel.source.trim() || (c.model.executionCount && !c.node.innerText.includes('[*]')));
    }""")


def output(page, marker: str) -> str:
    """The text below the first code cell that contains `marker`, scrolled into view."""
    return page.evaluate(
        """async (marker) => {
            const notebook = window.jupyterapp.shell.currentWidget.content;
            const cell = notebook.widgets.find(c => c.model.type === 'code' && c.model.sharedModel.source.includes(marker));
            await notebook.scrollToItem(notebook.widgets.indexOf(cell), 'start');
            await new Promise(drawn => setTimeout(drawn, 1500));  // a cell out of sight has not drawn its output
            return cell.outputArea.node.innerText;
        }""",
        marker,
    )


def answer(page, marker: str, source: str) -> str:
    """Put an answer into the cell that contains `marker`, run it, and give what stands below it."""
    page.evaluate(
        """async ([marker, source]) => {
            const notebook = window.jupyterapp.shell.currentWidget.content;
            const i = notebook.widgets.findIndex(c => c.model.type === 'code' && c.model.sharedModel.source.includes(marker));
            notebook.activeCellIndex = i;
            notebook.widgets[i].model.sharedModel.setSource('');
            await notebook.scrollToItem(i, 'start');
            notebook.mode = 'edit';
            notebook.widgets[i].editor.focus();
        }""",
        [marker, source],
    )
    page.keyboard.insert_text(source)
    page.keyboard.press("Control+Enter")
    wait_until_idle(page)
    return output(page, marker)


def run(page, marker: str) -> str:
    """Run the cell that contains `marker` as it stands."""
    source = page.evaluate(
        """(marker) => {
            const cells = window.jupyterapp.shell.currentWidget.content.widgets.filter(c => c.model.type === 'code');
            return cells.find(c => c.model.sharedModel.source.includes(marker)).model.sharedModel.source;
        }""",
        marker,
    )
    return answer(page, marker, source)


def shot(page, name: str) -> None:
    if SHOTS:
        page.wait_for_timeout(500)
        page.screenshot(path=Path(SHOTS, f"{name}.png"))


def test_run_all_then_wrong_then_right(page):
    run_all(page)
    assert "not attempted yet" in output(page, "def answer_1_1")
    shot(page, "unsolved")

    assert "Held back" in output(page, "plots.cosine_figure(samples")
    assert not page.locator(".js-plotly-plot").count()
    assert "kept" in answer(page, 'predict("1.a"', PREDICTED)
    run(page, "plots.cosine_figure(samples")
    page.wait_for_selector(".js-plotly-plot .main-svg")
    assert page.locator(".js-plotly-plot .scatterlayer path.js-line").count() >= 3
    shot(page, "figure")

    assert "diagonal" in answer(page, "def answer_1_1", WRONG)
    shot(page, "wrong")
    right = answer(page, "def answer_1_1", RIGHT)
    assert "diagonal" not in right and re.search(r"right|pass|solved", right, re.I)
    shot(page, "right")

    answer(page, 'progress("1")', 'progress("1")')
    assert re.search(r"1\.1.*solved", output(page, 'progress("1")'))
    shot(page, "progress")
