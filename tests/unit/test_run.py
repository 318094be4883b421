"""Executing notebooks: the report that is collected, the error that is named, the figure that stays visible."""

from __future__ import annotations

import importlib.util
import re
import shutil
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

import zeropoint
from tools import links, run
from zeropoint import models

ROOT = Path(__file__).parents[2]
GOOD = [
    "import plotly.graph_objects as go, zeropoint",
    "go.Figure(go.Bar(y=[1, 2]), layout_title_text='</script>')",
    "zeropoint.report(model='mini', numbers={'mean': 1 / 3, 'kind': 'toy'}, published={'mean': '> 0.9 (post)'})",
]
BAD = ["x = 1", "# divides\nx / 0", "print('never')"]


def write(root, name, sources):
    path = root / "notebooks" / f"{name}.ipynb"
    path.parent.mkdir(exist_ok=True)
    nbformat.write(new_notebook(cells=[new_markdown_cell("# 01"), *map(new_code_cell, sources)]), path)
    return path


def test_report_and_figure_reach_the_table_and_the_page(tmp_path):
    done = run.run_one(tmp_path, write(tmp_path, "01_good", GOOD))
    assert not done.error
    assert done.reports == [{"model": "mini", "numbers": {"mean": ["0.3333", "> 0.9 (post)"], "kind": ["toy", "–"]}}]
    assert ["notebooks/01_good", "mini", "mean", "0.3333", ">", "0.9", "(post)"] == [
        word
        for i, word in enumerate(run.table([done]).splitlines()[2].split())
        if i not in (1, 2)  # seconds, GiB
    ]
    page = (tmp_path / "build/html/notebooks/01_good.html").read_text(encoding="utf-8")
    assert page.index("../plotly.min.js") < page.index("Plotly.newPlot(")
    assert '"text": "<\\/script>"' in page  # a title cannot end the page's script


def test_a_failure_names_its_cell_and_the_others_still_run(tmp_path, monkeypatch, capsys):
    write(tmp_path, "01_bad", BAD), write(tmp_path, "02_good", GOOD)
    monkeypatch.setattr(sys, "argv", ["run.py", "--root", str(tmp_path)])
    assert run.main() == 1
    said = capsys.readouterr()
    assert "notebooks/01_bad.ipynb failed in cell 3 (# divides): ZeroDivisionError: division by zero" in said.err
    assert "notebooks/02_good" in said.out and "0.3333" in said.out


def test_a_stale_kernel_spec_is_named_and_the_others_are_reported(tmp_path, monkeypatch, capsys):
    """As it is left behind when an environment is deleted: the python that it names is gone."""
    spec = tmp_path / "jupyter" / "kernels" / "python3"
    spec.mkdir(parents=True)
    (spec / "kernel.json").write_text(
        '{"argv": ["/gone/bin/python", "-m", "ipykernel_launcher", "-f", "{connection_file}"], "language": "python"}'
    )
    write(tmp_path, "01_good", GOOD), write(tmp_path, "02_good", GOOD)
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    monkeypatch.setattr(sys, "argv", ["run.py", "--root", str(tmp_path), "--jobs", "1"])
    assert run.main() == 1
    said = capsys.readouterr()
    for name in ("01_good", "02_good"):
        assert f"notebooks/{name}.ipynb failed in cell 1 (# 01): " in said.err and f"notebooks/{name}" in said.out
    assert "/gone/bin/python" in said.err


def test_the_real_model_stands_in_the_table_where_it_was_brought(tmp_path):
    """Under its own name; any folder will do here."""
    assert run.real_model(tmp_path) == []
    shutil.copytree(models.standin_folder("mini-gpt2"), tmp_path / "somebody")
    text = run.table(run.real_model(tmp_path / "somebody"))
    assert "somebody (raw, folder)" in text and "mean_cosine" in text


def test_an_unknown_kernel_is_named(tmp_path):
    done = run.execute(write(tmp_path, "01_good", GOOD), kernel="nowhere")
    assert "NoSuchKernel" in done.error


def test_without_pip_the_command_that_works_is_said(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(
        RuntimeError, match="no pip to bring them; in a terminal: uv pip install --python .* 'plotly>=5'"
    ):
        zeropoint._install(["plotly>=5"])
    cell = (ROOT / "tools" / "setup_cell.py").read_text()
    with pytest.raises(SystemExit, match="uv pip install --python"):
        exec(compile(cell, "setup_cell", "exec"), {})


def test_what_a_first_figure_needs_is_required():
    """plotly asks for nbformat when it draws under ipykernel, and requires it nowhere itself."""
    names = [
        re.match(r"[\w-]+", line)[0] for line in (ROOT / "requirements.txt").read_text().splitlines() if line[0] != "#"
    ]
    assert "nbformat" in names


def test_report_is_plain_text_in_a_terminal(capsys, monkeypatch):
    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    zeropoint.report(model="mini", numbers={"mean": 1 / 3})
    assert capsys.readouterr().out.split() == ["mini", "this", "run", "published", "mean", "0.3333", "–"]


def test_setup_prints_one_line_of_versions(capsys, monkeypatch):
    monkeypatch.setenv("ZEROPOINT_MODELS", "standin")
    zeropoint.setup()
    said = capsys.readouterr().out
    assert said.startswith(f"zeropoint {zeropoint.__version__} · python 3.") and said.endswith("· models: standin\n")
    assert said.count("\n") == 1


def test_links_that_lead_nowhere_are_named(tmp_path):
    (tmp_path / "pyproject.toml").write_text('[tool.zeropoint]\nrepository = "o/n"\nbranch = "b"\n')
    (tmp_path / "README.md").write_text(
        "# A title\n[a](#a-title) [b](#gone) [c](here.md) [d](gone.md) `[e](code.md)` [f](https://example.org/x)\n"
        "[![g](https://example.org/g.svg)](https://colab.research.google.com/github/o/n/blob/b/gone.ipynb)\n"
    )
    (tmp_path / "here.md").write_text("[up](README.md#a-title)")
    assert [line.split()[1] for line in links.broken(tmp_path)] == [
        "#gone",
        "gone.md",
        "https://colab.research.google.com/github/o/n/blob/b/gone.ipynb",
    ]
