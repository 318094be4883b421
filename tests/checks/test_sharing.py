"""One file of a scholar's answers, and a mentor's table of many."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import pandas as pd
import plotly.graph_objects as go
import pytest
import torch
from mistune import create_markdown
from plotly.offline import get_plotlyjs

from zeropoint.__main__ import main
from zeropoint.desk import (
    check,
    export,
    hint,
    note,
    outcome,
    predict,
    progress,
    record,
    reveal,
    sharing,
    show,
    skip,
    task,
    why,
)
from zeropoint.desk.exercise import find

TEXT = "All rows share one long vector -- it carries the cosine; what is left, once it is gone, has none of it."


@pytest.fixture
def worked(desk, monkeypatch):
    """Half of puzzle 1: some solved, one revealed, predictions right and wrong, a figure; nothing that draws it."""
    monkeypatch.setattr(go.Figure, "show", lambda self: None)
    monkeypatch.setattr(go.Figure, "to_image", lambda *a, **k: (_ for _ in ()).throw(RuntimeError("no Chrome")))
    task("1.2", now=True), hint("1.2")
    check("1.1", lambda W: W.sum() * 0), check("1.1", find("1.1").reference)
    reveal("1.2", now=True)
    why("1.7", TEXT, now=True)
    predict("1.a", 0.0, -0.1, 0.1), outcome("1.a", 0.001, "random vectors")
    predict("1.b", 0.2, 0.1, 0.3), outcome("1.b", 0.9, "mini-neo (raw, stand-in)")
    skip("1.c")
    show("1 all pairs", go.Figure(go.Scatter(x=[0, 1], y=[2, 3])))
    show("2 another puzzle", go.Figure())


def read(folder, name="zero-point-01-answers.md") -> str:
    return (folder / name).read_text(encoding="utf-8")


def test_everything_that_was_done_stands_in_the_file(worked, tmp_path, capsys):
    capsys.readouterr()
    export("01", folder=tmp_path)
    said, text = capsys.readouterr().out, read(tmp_path)
    assert "Not in it yet: 1.2, 1.3, 1.4, 1.5, 1.6, prediction 1.c, prediction 1.d, prediction 1.e." in said
    assert "2 of 7 exercises done · hints used: 1 · solutions or rubrics seen early: 2" in text
    assert "def mean_pairwise_cosine(W" in text and "solved, 2 checks" in text
    assert f"> {TEXT}" in text and all(f"- {point}" in text for point in find("1.7").rubric)
    assert "| 0.2 (between 0.1 and 0.3) | 0.9 | mini-neo (raw, stand-in) | off by 0.7, outside your interval |" in text
    assert "| 1.b | the mean pairwise cosine of the first model's tokens | 0.2 (between" in text, "of what is 1.b?"
    assert re.search(r"\| 1\.c \| the mean .+ \| skipped \|", text) and "1 of 2 held" in text
    assert "Measured on: mini-neo (raw, stand-in), random vectors" in text and "torch 2" in text
    assert find("1.4").title not in text, "a task that was not handed out tells its title"


POWER = 2


def _squares(x):
    return x**POWER


def _mean_square(W):
    return _squares(W).sum(1).mean()


def _unused(W):
    return W


def _with_helpers(W):
    table_seen  # noqa: B018
    return (lambda mean: _squares(mean).sum() / _mean_square(W))(W.mean(0))


table_seen = torch.ones(2)


def test_an_answer_is_exported_with_the_functions_that_it_needs(desk, tmp_path):
    """An answer once came without its helpers, so that nobody else could run it."""
    check("1.2", _with_helpers)
    export("1", folder=tmp_path)
    text = read(tmp_path)
    code = text.partition("```python\n")[2].partition("```")[0]
    assert code.count("def ") == 3 and code.startswith("POWER = 2") and "_unused" not in code
    there = {"table_seen": None}
    exec(code, there)
    W = torch.randn(9, 3)
    assert torch.equal(there["_with_helpers"](W), _with_helpers(W))


def test_hints_opened_after_a_pass_are_not_used_for_it(desk, tmp_path, capsys):
    hint("1.1")
    check("1.1", find("1.1").reference)
    hint("1.1"), hint("1.1")
    why("1.7", TEXT, now=True), hint("1.7")
    capsys.readouterr()
    progress("1")
    rows = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()[2:] if line.strip()}
    assert "1 of 3" in rows["1.1"] and "0 of 3" in rows["1.7"]
    export("1", folder=tmp_path)
    assert "hints used: 1 " in read(tmp_path) and "solved, 1 checks, 1 hints" in read(tmp_path)


def test_a_text_written_after_the_points_stands_beside_the_first(desk, tmp_path, capsys):
    """A rubric opened with "one two three …" and then copied once looked like an answer from before it."""
    words = "one two three four five six seven eight nine ten eleven twelve"
    why("1.7", words, now=True)
    capsys.readouterr()
    why("1.7", words)
    assert "stands after it" not in capsys.readouterr().out
    why("1.7", TEXT)
    said = capsys.readouterr().out
    assert f"| {TEXT[:20]}" in said and "The text that you first compared is kept" in said
    export("1", folder=tmp_path)
    text = read(tmp_path)
    order = [f"> {words}", find("1.7").rubric[0], "Written after the points were seen:", f"> {TEXT}"]
    assert sorted(order, key=text.index) == order


def test_what_outcomes_were_measured_on_is_named_once(worked, tmp_path):
    predict("1.d", 0.2), outcome("1.d", 0.2, "mini-neo (raw, stand-in) and mini-gpt2 (raw, stand-in)")
    export("1", folder=tmp_path)
    models = "mini-gpt2 (raw, stand-in), mini-neo (raw, stand-in), random vectors"
    assert f"Measured on: {models}. Versions" in read(tmp_path)


def test_what_was_noted_is_exported(desk, tmp_path, capsys):
    note("1 explanations", "..."), note("1 explanations", None)
    assert capsys.readouterr().out.count("nothing written yet") == 2 and not desk.exists()
    note("1 explanations", "All share a vector.\nOr the loader did it.")
    assert "kept" in capsys.readouterr().out
    note("1 explanations", "...")  # the cell as it comes, run again
    assert "kept as it was" in (said := capsys.readouterr().out) and "Or the loader did it." in said
    export("1", folder=tmp_path)
    assert "## 1 explanations\n\n> All share a vector.\n> Or the loader did it." in read(tmp_path)
    capsys.readouterr()
    note("explanations", "x"), note("99 x", "x"), note("1 explanations", 5)
    said = capsys.readouterr().out
    assert said.count("\n") == 3 and said.count("begins with the number") == 2 and "in quotes" in said


def test_a_name_stands_in_it_only_if_given(worked, tmp_path):
    export(1, folder=tmp_path)
    assert "answers by" not in read(tmp_path)
    export(1, name="Ada", folder=tmp_path)
    assert read(tmp_path).startswith("# Zero Point, puzzle 01: answers by Ada")


def test_the_page_is_whole_and_has_its_figure(worked, tmp_path):
    export("1", folder=tmp_path)
    page = read(tmp_path, "zero-point-01-answers.html")
    HTMLParser().feed(page)
    assert (
        "<table>" in page
        and "<blockquote>" in page
        and "<h3>1 all pairs</h3>" in page
        and "2 another puzzle" not in page
    )
    assert "Plotly.newPlot" in page and 'src="https' not in page


def test_tables_and_figures_are_exported_in_the_order_shown(worked, tmp_path, capsys):
    """What an explanation rests on was often a table, and the file had figures only."""
    levels = {("by | use", "top"): [0.123456, 2.0], "n": [3, 4000]}
    show("1 a table", pd.DataFrame(levels, index=["mini-neo (raw, stand-in)", "b"]).rename_axis("model"))
    show("1 long", pd.Series(range(500), name="n"))
    show("1 last", go.Figure())
    assert "mini-neo" in capsys.readouterr().out
    export("1", folder=tmp_path)
    text, page = read(tmp_path), read(tmp_path, "zero-point-01-answers.html")
    row = "| model | by \\| use, top | n |\n| --- | --- | --- |\n| mini-neo (raw, stand-in) | 0.1235 | 3 |\n| b | 2 | 4000 |"
    assert f"### 1 a table\n\n{row}" in text
    assert "| 39 | 39 |\n\nThe first 40 of 500 rows." in text and "| 40 |" not in text
    assert len(get_plotlyjs()) < len(page) < 1.5 * len(get_plotlyjs()), "the script is in it once"
    order = [text.index(f"### 1 {name}") for name in ("all pairs", "a table", "long", "last")]
    assert order == sorted(order)
    assert page.count("Plotly.newPlot") == 2 and "in the HTML file of the same name" not in page
    assert page.index("<h3>1 a table</h3>") < page.index("<td>0.1235</td>") < page.index("<h3>1 last</h3>")


def test_a_figure_is_a_picture_where_one_can_be_drawn(worked, tmp_path, monkeypatch):
    monkeypatch.setattr(go.Figure, "to_image", lambda *a, **k: b"png")
    export("1", folder=tmp_path)
    text, page = read(tmp_path), read(tmp_path, "zero-point-01-answers.html")
    assert "### 1 all pairs\n\n![1 all pairs][figure 1]" in text  # to be read as text, with the picture at its end
    assert text.endswith("\n[figure 1]: data:image/png;base64,cG5n\n") and sharing.gather(tmp_path)[0]
    assert '<img alt="1 all pairs" src="data:image/png;base64,cG5n">' in page and "Plotly" not in page
    assert sharing.picture("<pairs>", {}, "data:image/png;base64,cG5n", True).startswith('<img alt="&lt;pairs&gt;"')
    shown = create_markdown()(text)
    assert '<img src="data:image/png;base64,cG5n" alt="1 all pairs" />' in shown


def test_a_card_has_the_score_and_neither_answers_nor_a_name(worked, tmp_path, capsys):
    export("1", folder=tmp_path)
    assert not (tmp_path / "zero-point-01-card.svg").exists()
    capsys.readouterr()
    export("1", folder=tmp_path, card=True)
    assert "zero-point-01-card.svg" in capsys.readouterr().out
    card = read(tmp_path, "zero-point-01-card.svg")
    words = [text.text for text in ElementTree.fromstring(card).iter("{http://www.w3.org/2000/svg}text")]
    assert words[0] == "Zero Point, puzzle 01"
    assert "2 of 7 exercises done" in words and "Predicted intervals: 1 of 2 held their outcome" in words
    assert "def " not in card and "long vector" not in card and "<image" not in card
    assert max(map(len, words)) <= 76


def test_a_card_has_a_name_if_given_and_its_first_figure_if_it_can_be_drawn(worked, tmp_path, monkeypatch):
    monkeypatch.setattr(go.Figure, "to_image", lambda *a, **k: b"png")
    show("1 all pairs, after 1.3", go.Figure())
    export("1", name="Ada <3", folder=tmp_path, card=True)
    card = ElementTree.fromstring(read(tmp_path, "zero-point-01-card.svg"))
    assert card[1].text == "Zero Point, puzzle 01: Ada <3"
    assert [image.get("href") for image in card.iter("{http://www.w3.org/2000/svg}image")] == [
        "data:image/png;base64,cG5n"
    ]


def test_nothing_done_and_nowhere_to_write_are_one_sentence(desk, tmp_path, capsys):
    export("1", folder=tmp_path)
    assert capsys.readouterr().out.startswith("✗ Puzzle 1: nothing is kept yet")
    export("99")
    assert "There is no puzzle" in capsys.readouterr().out
    hint("1.1"), capsys.readouterr()
    export("1", folder=tmp_path / "not there")
    said = capsys.readouterr().out
    assert "cannot be written" in said and "folder=" in said
    assert not list(tmp_path.glob("*.md"))


def test_a_damaged_progress_file_is_said_once(desk, tmp_path, capsys):
    desk.write_text("{")
    export("1", folder=tmp_path)
    said = capsys.readouterr().out
    assert "nothing is kept yet" in said and "set aside" in said


def test_a_mentor_gathers_many_files(worked, tmp_path):
    for name in ("ada", "bob"):
        (tmp_path / name).mkdir()
        export("1", name=name, folder=tmp_path / name)
    (tmp_path / "notes.md").write_text("not ours")
    (tmp_path / "bob" / "zero-point-02-answers.md").write_text(f"<!-- {sharing.DATA} {{broken}} -->")
    rows, unread = sharing.gather(tmp_path)
    assert [(r["file"], r["name"], r["done"], r["exercises"], r["hints"]) for r in rows] == [
        ("ada/zero-point-01-answers.md", "ada", 2, 7, 1),
        ("bob/zero-point-01-answers.md", "bob", 2, 7, 1),
    ]
    assert rows[0]["intervals"] == "1 of 2 held their outcome" and unread == ["bob/zero-point-02-answers.md"]


def test_the_table_names_what_could_not_be_read(worked, tmp_path, capsys):
    export("1", name="Ada", folder=tmp_path)
    (tmp_path / "bob.md").write_text(f'<!-- {sharing.DATA} {{"puzzle": "1"}} -->')
    (tmp_path / "notes.md").write_text("not ours")
    capsys.readouterr()
    main(["gather", str(tmp_path)])
    head, row, empty, damaged = capsys.readouterr().out.splitlines()
    assert head.split()[:3] == ["file", "puzzle", "name"] and not empty
    assert row.split()[:5] == ["zero-point-01-answers.md", "1", "Ada", "2", "7"] and "1 of 2 held" in row
    assert damaged.startswith("Not read") and damaged.endswith(": bob.md.")


def test_a_missing_or_empty_folder_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("x")
    for folder, words in (
        (tmp_path / "no", "There is no folder"),
        (tmp_path / "file", "There is no folder"),
        (tmp_path, "No file of answers"),
    ):
        with pytest.raises(SystemExit, match=f"^zeropoint: {words}") as left:
            main(["gather", str(folder)])
        assert "\n" not in str(left.value)


def test_a_page_alone_can_be_gathered(worked, tmp_path):
    export("1", folder=tmp_path)
    (tmp_path / "zero-point-01-answers.md").unlink()
    assert [row["puzzle"] for row in sharing.gather(tmp_path)[0]] == ["1"]


def test_old_progress_files_have_no_figures(desk):
    desk.write_text(json.dumps({"version": 1, "exercises": {"1.1": {"hints": 1}}, "predictions": {}}))
    hint("1.1")
    assert record.read()["exercises"]["1.1"]["hints"] == 2
