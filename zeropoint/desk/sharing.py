"""show, export, gather: figures and tables that are kept, one file of a scholar's answers to hand in, and a card to post."""

from __future__ import annotations

import base64
import html
import importlib
import json
import platform
import re
import textwrap
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

import pandas as pd
import plotly.graph_objects as go
from IPython.display import display

from zeropoint.desk import record
from zeropoint.desk.calls import Slip, on_desk
from zeropoint.desk.display import Card
from zeropoint.desk.exercise import Exercise, of_puzzle, puzzles
from zeropoint.desk.predictions import calibration, predictions_of
from zeropoint.desk.standing import PREDICTION_HEAD, finished, hints_used, plain_number, prediction_rows

COLUMNS = [
    "puzzle",
    "name",
    "done",
    "exercises",
    "checks",
    "hints",
    "seen early",
    "predictions",
    "words right",
    "intervals",
]
MOST_ROWS = 40  # of a table in the file
DATA = "zeropoint-answers"  # marks the part of an exported file that `gather` reads
DATA_PATTERN = re.compile(rf"<!-- {DATA} (\{{.*?\}}) -->", re.S)


def show(name: str, shown: go.Figure | pd.DataFrame | pd.Series) -> None:
    """Show a plotly figure or a table in the notebook, and keep it for `export`. Its name begins with the puzzle: "1 all pairs"."""
    if isinstance(shown, pd.Series):
        shown = shown.to_frame()  # a notebook shows a frame as a table, and a series as print does
    is_table = isinstance(shown, pd.DataFrame)
    kept = {"table": cells_of(shown)} if is_table else {"figure": json.loads(shown.to_json())}
    record.update(lambda data: data["figures"].update({name: kept | {"at": record.now()}}))
    display(shown) if is_table else shown.show()


def cells_of(frame: pd.DataFrame) -> dict:
    """The text of a table: head, the first rows, and how many rows there are."""
    rows = [[cell(label), *map(cell, values)] for label, *values in frame.head(MOST_ROWS).itertuples(name=None)]
    return {"head": [cell(frame.index.name or ""), *map(cell, frame.columns)], "rows": rows, "of": len(frame)}


def cell(value: object) -> str:
    """A label or a value in a table: levels of a label with a comma, a number in four digits."""
    if isinstance(value, tuple):
        return ", ".join(map(cell, value))
    return " ".join(f"{value + 0.0:.4g}".split() if isinstance(value, float) else str(value).split())


@on_desk
def note(name: str, text: str | None):
    """Keep a text of yours for `export`, such as what you expect before a test. Its name begins with the puzzle's number:
    "1 explanations"."""
    if not isinstance(name, str) or name.split(" ")[0] not in puzzles():
        raise Slip('A note\'s name begins with the number of its puzzle, as in note("1 explanations", "…").')
    if text is not None and not isinstance(text, str):
        raise Slip(f'note("{name}", …) takes your text in quotes.')
    text = textwrap.dedent(text or "").strip()
    if not text.strip(" .…"):
        before = record.read()["notes"].get(name, {}).get("text", "")
        return [Card("·", f"{name}: {'kept as it was' if before else 'nothing written yet'}", quote=before)], ""
    record.update(lambda data: data["notes"].update({name: {"text": text, "at": record.now()}}))
    return [Card("·", f'{name}: kept, for export("{name.split(" ")[0]}")', quote=text)], ""


# --- export --------------------------------------------------------------------------------------------------------


@on_desk
def export(puzzle: str | int, name: str = "", folder: str | Path = ".", card: bool = False):
    """Write what you did in a puzzle to one Markdown file, and to the same as HTML with the figures in it.

    `name`: yours, if it should stand in the file; nothing else in it tells who you are.
    `card=True` writes a picture to post as well: your score, no answer of yours, and the puzzle's first figure.
    """
    puzzle = plain_number(puzzle)
    exercises, data = of_puzzle(puzzle), record.read()
    if not any(part in _of(puzzle, data) for part in ("exercises", "predictions", "notes")):
        raise Slip(
            f"Puzzle {puzzle}: nothing is kept yet, so there is nothing to export; check or predict something first."
        )
    stem = f"zero-point-{int(puzzle):02d}"
    text = markdown(puzzle, exercises, data, name)
    figures = figures_of(puzzle, data)
    drawn = {name: png(figure) for name, figure in figures.items()}
    files = {f"{stem}-answers.md": with_pictures(text, drawn), f"{stem}-answers.html": page(text, figures, drawn)}
    if card:
        files[f"{stem}-card.svg"] = card_of(puzzle, exercises, data, name)
    try:
        for file, written in files.items():
            Path(folder, file).write_text(written, encoding="utf-8")
    except OSError as error:
        raise Slip(f"The answers cannot be written to {folder} ({error.strerror}); give another folder=.") from None
    missing = what_is_missing(puzzle, exercises, data)
    lines = [f"Not in it yet: {missing}."] if missing else ["Everything that the puzzle asks is in it."]
    return [Card("✓", f"Puzzle {puzzle}: written to {', '.join(files)}", lines)], ""


def _of(puzzle: str, data: dict) -> dict[str, dict]:
    """What is kept of one puzzle (its walkthrough's predictions included), by part; parts without entries are left out."""
    mine = re.compile(rf"n?{puzzle}[. ]")
    parts = {part: {id: e for id, e in data[part].items() if mine.match(id)} for part in record.FIELDS}
    return {part: entries for part, entries in parts.items() if entries}


def figures_of(puzzle: str, data: dict) -> dict[str, dict]:
    """Plotly's JSON of the figures kept, by name, in the order in which they were first shown."""
    return {name: kept["figure"] for name, kept in _of(puzzle, data).get("figures", {}).items() if "figure" in kept}


def what_is_missing(puzzle: str, exercises: Sequence[Exercise], data: dict) -> str:
    """Open exercises and predictions as "1.3, 1.6, prediction 1.a"; "" where nothing is."""
    open_ones = [e.id for e in exercises if not finished(data, e)]
    asked = [p.id for p in predictions_of(puzzle) if not p.id.startswith("n")]
    unmade = [f"prediction {id}" for id in asked if "value" not in data["predictions"].get(id, {})]
    return ", ".join(open_ones + unmade)


def versions() -> str:
    packages = ("zeropoint", "torch", "transformer_lens", "plotly")
    return f"python {platform.python_version()}, " + ", ".join(f"{p} {metadata.version(p)}" for p in packages)


def models_seen(puzzle: str, data: dict) -> list[str]:
    """What outcomes were measured on, each once: a label may name two models, with "and" between."""
    labels = [p["outcome"]["label"] for p in _of(puzzle, data).get("predictions", {}).values() if "outcome" in p]
    return sorted({model for label in labels if label for model in label.split(" and ")})


def markdown(puzzle: str, exercises: Sequence[Exercise], data: dict, name: str = "") -> str:
    """The whole file as text; its last lines, which no reader sees, are for `gather`."""
    summary = summarise(puzzle, exercises, data, name)
    done = f"{summary['done']} of {summary['exercises']} exercises done"
    by = f" by {name}" if name else ""
    parts = [
        f"# Zero Point, puzzle {int(puzzle):02d}: answers{by}",
        f"{done} · hints used: {summary['hints']} · solutions or rubrics seen early: {summary['seen early']}",
        f"Measured on: {', '.join(models_seen(puzzle, data)) or 'nothing yet'}. Versions: {versions()}.",
    ]
    if missing := what_is_missing(puzzle, exercises, data):
        parts.append(f"Not in it yet: {missing}.")
    if rows := prediction_rows(data, puzzle):
        asked = {p.id: p.of for p in predictions_of(puzzle)}  # a mentor does not know what 3.i is
        rows = [[id, asked.get(id, ""), *rest] for id, *rest in rows]
        head = [PREDICTION_HEAD[0], "of", *PREDICTION_HEAD[1:]]
        parts += ["## Predictions", calibration(data), table(head, rows)]
    for title, kept in _of(puzzle, data).get("notes", {}).items():
        parts += [f"## {title}", quoted(kept["text"])]
    for exercise in exercises:
        parts += answer_part(exercise, data["exercises"].get(exercise.id, {}))
    if shown := _of(puzzle, data).get("figures"):
        parts.append("## Figures and tables")
        for name, kept in shown.items():
            parts += [f"### {name}", table_part(kept["table"]) if "table" in kept else place_of(name)]
    hidden = json.dumps(summary).replace("--", "-\\u002d")  # two hyphens would end the comment
    parts.append(f"<!-- {DATA} {hidden} -->")
    return "\n\n".join(part for part in parts if part) + "\n"


def answer_part(exercise: Exercise, kept: dict) -> list[str]:
    """One exercise: what was written, and how it came about."""
    told = not exercise.task or "handed" in kept or finished({"exercises": {exercise.id: kept}}, exercise)
    notes = [
        f"{kept['attempts']} checks" if "attempts" in kept else "",
        f"{hints_used(kept)} hints" if "hints" in kept else "",
    ]
    notes += ["solution seen before it was solved" if "revealed" in kept else ""]
    notes += ["rubric seen early" if "early" in kept else ""]
    state = "solved" if "solved" in kept else "compared" if "compared" in kept else "open"
    parts = [f"## {exercise.id} {exercise.title if told else ''}".rstrip(), ", ".join([state, *filter(None, notes)])]
    if exercise.kind == "why" and "text" in kept:
        parts.append(quoted(kept["text"]))
        if "compared" in kept:
            parts.append("The points of a full answer, to compare:\n\n" + "\n".join(f"- {p}" for p in exercise.rubric))
        if "later" in kept:
            parts += ["Written after the points were seen:", quoted(kept["later"])]
    elif kept.get("answer"):
        parts.append(f"```python\n{kept['answer']}\n```")
    return parts


def table_part(kept: dict) -> str:
    """A table that was shown; a long one is cut, and says so."""
    cut = f"\n\nThe first {len(kept['rows'])} of {kept['of']} rows." if len(kept["rows"]) < kept["of"] else ""
    return table(kept["head"], kept["rows"]) + cut


def place_of(name: str) -> str:
    """The line that stands for a figure: where none can be drawn here, Markdown cannot hold it, and the page can."""
    return f"Figure: {name}, in the HTML file of the same name."


def with_pictures(text: str, drawn: dict[str, str]) -> str:
    """The Markdown with its pictures: named where they belong and held at its end, so that the text is read as before."""
    held = []
    for number, (name, address) in enumerate(drawn.items(), 1):
        if address:
            text = text.replace(place_of(name), f"![{name}][figure {number}]")
            held.append(f"[figure {number}]: {address}")
    return "\n".join([text, *held, ""]) if held else text


def quoted(text: str) -> str:
    return "\n".join(f"> {line}" for line in text.splitlines())


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def summarise(puzzle: str, exercises: Sequence[Exercise], data: dict, name: str) -> dict:
    """What a mentor's table says of one file: a value for each of COLUMNS."""
    kept = [data["exercises"].get(e.id, {}) for e in exercises]
    predictions = [p for id, p in _of(puzzle, data).get("predictions", {}).items() if not id.startswith("n")]
    scored = [p for p in predictions if "value" in p and "outcome" in p and not p.get("late")]
    words = [p for p in scored if isinstance(p["value"], str)]
    return {
        "puzzle": puzzle,
        "name": name,
        "done": sum(finished(data, e) for e in exercises),
        "exercises": len(exercises),
        "checks": sum(k.get("attempts", 0) for k in kept),
        "hints": sum(map(hints_used, kept)),
        "seen early": sum(bool({"revealed", "early"} & set(k)) for k in kept),
        "predictions": len(scored),
        "words right": f"{sum(p['value'] == p['outcome']['actual'] for p in words)} of {len(words)}",
        "intervals": calibration({"predictions": dict(enumerate(predictions))}).partition(";")[0].rpartition(": ")[2],
    }


# --- as a page -----------------------------------------------------------------------------------------------------

PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>
:root {{ color-scheme: light dark }} body {{ max-width: 52rem; margin: 2rem auto; padding: 0 1rem; font: 1rem/1.5 sans-serif }}
pre {{ overflow-x: auto; padding: .6rem; border: 1px solid #8888 }} td, th {{ padding: .2rem .6rem; text-align: left }}
img {{ max-width: 100% }} blockquote {{ border-left: 3px solid #8888; margin-left: 0; padding-left: 1rem }}
</style></head><body>{body}</body></html>
"""


def page(text: str, figures: dict[str, dict], drawn: dict[str, str]) -> str:
    """`text` as HTML, with each figure as a picture where one can be drawn here, and as plotly draws it where not."""
    import mistune

    title = text.splitlines()[0].lstrip("# ")
    to_html = mistune.create_markdown(plugins=["table"])
    body = to_html(DATA_PATTERN.sub("", text))
    script = True
    for name, figure in figures.items():
        shown = picture(name, figure, drawn[name], script)
        script = script and bool(drawn[name])  # once a page: plotly's script has five megabytes
        body = body.replace(to_html(place_of(name)).strip(), shown)
    data = DATA_PATTERN.search(text)[0]
    return PAGE.format(title=html.escape(title), body=body + data)


def picture(name: str, figure: dict, address: str, script: bool) -> str:
    """A figure that opens anywhere: a PNG if kaleido and a browser are here, else plotly, with its own script or after it."""
    if address:
        return f'<img alt="{html.escape(name)}" src="{address}">'
    return go.Figure(figure).to_html(full_html=False, include_plotlyjs=script)


def png(figure: dict) -> str:
    """A figure as the address of a PNG, `WIDTH` wide, that holds all of it; "" where kaleido or a browser is missing."""
    try:
        drawn = go.Figure(figure).to_image("png", width=WIDTH, scale=1.5)
    except Exception:  # whatever kaleido lacks here
        return ""
    return f"data:image/png;base64,{base64.b64encode(drawn).decode()}"


# --- as a card -----------------------------------------------------------------------------------------------------

WIDTH = 900  # of a figure, and of the card's text
EDGE = 50


def card_of(puzzle: str, exercises: Sequence[Exercise], data: dict, name: str = "") -> str:
    """An SVG picture: the puzzle's question, exercises done, the predictions' score, and its first figure if one can be drawn."""
    summary = summarise(puzzle, exercises, data, name)
    room = importlib.import_module(f"zeropoint.puzzles.p{int(puzzle):02d}")
    lines = [(f"Zero Point, puzzle {int(puzzle):02d}" + (f": {name}" if name else ""), 34)]
    lines += [(line, 24) for line in textwrap.wrap(room.__doc__ or "", 76)]
    lines.append((f"{summary['done']} of {summary['exercises']} exercises done", 28))
    if summary["intervals"]:
        lines.append((f"Predicted intervals: {summary['intervals']}", 28))
    if not summary["words right"].endswith("of 0"):
        lines.append((f"Predictions in words: {summary['words right']} right", 28))

    parts, y = [], EDGE
    for line, size in lines:
        y += round(1.5 * size)
        parts.append(f'<text x="{EDGE}" y="{y}" font-size="{size}">{html.escape(line)}</text>')
    y += EDGE // 2
    for figure in list(figures_of(puzzle, data).values())[:1]:  # the first asks; later ones may answer
        if address := png(figure):
            height = figure["layout"].get("height", 450)
            parts.append(f'<image x="{EDGE}" y="{y}" width="{WIDTH}" height="{height}" href="{address}"/>')
            y += height
    size = f'width="{WIDTH + 2 * EDGE}" height="{y + EDGE // 2}"'
    ground = '<rect width="100%" height="100%" fill="#ffffff"/>'
    drawn = "\n".join([ground, *parts])
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" fill="#222222">\n{drawn}\n</svg>\n'


# --- gather --------------------------------------------------------------------------------------------------------


def gather(folder: Path) -> tuple[list[dict], list[str]]:
    """(one row a file of answers under `folder`, names of files that could not be read). A file and its page count once."""
    rows, unread, seen = [], [], set()
    for path in sorted([*folder.rglob("*.md"), *folder.rglob("*.html")], key=lambda p: (p.suffix != ".md", p)):
        if path.with_suffix("") in seen:
            continue
        try:
            found = DATA_PATTERN.search(path.read_text(encoding="utf-8"))
            if found:
                kept = json.loads(found[1])
                rows.append({"file": str(path.relative_to(folder))} | {column: kept[column] for column in COLUMNS})
                seen.add(path.with_suffix(""))
        except (OSError, ValueError, KeyError):
            unread.append(str(path.relative_to(folder)))
    return rows, unread
