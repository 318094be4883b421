"""Executing notebooks: the report that is collected, the error that is named, the figure that stays visible."""

from __future__ import annotations

import sys

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

import zeropoint
from tools import links, run

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
