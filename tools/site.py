"""Make a static site in build/site: executed walkthroughs, unsolved puzzles, solutions apart, a page for mentors, a search.

    python -m tools.site [--jobs N] [--root FOLDER]

Needs no network, neither to be made nor to be read. Figures are drawn in the browser by one plotly.min.js that all pages
share; the search is Pagefind's and knows walkthroughs and puzzles, never a solution.
"""

from __future__ import annotations

import argparse
import html
import json
import re
import shutil
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import jinja2
import mistune
import nbformat
from nbconvert import HTMLExporter
from nbconvert.preprocessors import Preprocessor
from plotly.offline import get_plotlyjs
from pygments.formatters import HtmlFormatter
from tqdm import tqdm

from tools.build import HEAD, about, address, links
from tools.run import PLOTLY_MIMETYPE, execute

PARTS = Path(__file__).with_name("site")
WIDGET_MIMETYPE = "application/vnd.jupyter.widget-view+json"
KINDS = {"puzzles": "puzzle", "notebooks": "walkthrough", "solutions": "solution"}


class SiteFigures(Preprocessor):
    """Plotly's own output, which nbconvert drops, as JSON and an empty element that figures.js fills.

    Progress bars, which are over and need a script of their own, are left out.
    """

    def preprocess_cell(self, cell, resources, index):
        if "outputs" in cell:
            cell.outputs = [out for out in cell.outputs if WIDGET_MIMETYPE not in out.get("data", {})]
        for i, out in enumerate(cell.get("outputs", [])):
            if figure := out.get("data", {}).get(PLOTLY_MIMETYPE):
                out.data = nbformat.NotebookNode({"text/html": figure_html(figure, f"figure-{index}-{i}")})
        return cell, resources


def figure_html(figure: dict, name: str) -> str:
    """A figure element whose label is the figure's title and axes: what a screen reader can say of it."""
    layout = figure["layout"]
    said = html.escape(spoken(layout))
    data = json.dumps({"data": figure["data"], "layout": layout}).replace("</", r"<\/")
    columns = {tuple(axis.get("domain", (0, 1))) for key, axis in layout.items() if key.startswith("xaxis")}
    # several panels side by side scroll on a phone, where their axes' names would else lie over each other
    least, reached = (f";min-width:{min(320 * len(columns), 820)}px", ' tabindex="0"') if len(columns) > 1 else ("", "")
    return (
        f'<figure aria-label="{said}"{reached}><div class="plot" data-figure="{name}" '
        f'style="height:{layout.get("height", 450)}px{least}"></div>'
        f'<script type="application/json" id="{name}">{data}</script></figure>'
    )


def spoken(layout: dict) -> str:
    """ "Cosines of all pairs, mini-neo; across: cosine; up: share of pairs" """

    def text(part: dict) -> str:
        title = part.get("title", {})
        words = title if isinstance(title, str) else title.get("text", "")
        return re.sub(r"<[^>]+>", ", ", words)

    axes = {k: text(v) for k, v in layout.items() if re.fullmatch(r"[xy]axis\d*", k)}
    across = dict.fromkeys(v for k, v in axes.items() if k.startswith("x") and v)
    up = dict.fromkeys(v for k, v in axes.items() if k.startswith("y") and v)
    said = [text(layout) or "Figure"]
    said += [f"across: {', '.join(across)}"] if across else []
    said += [f"up: {', '.join(up)}"] if up else []
    return "; ".join(said)


def fragment(nb: nbformat.NotebookNode) -> str:
    """A notebook's cells as HTML, without its set-up cell, its badge, and the last line, which the page's foot says."""
    left_out = re.compile(r"zeropoint\.setup\(\)|^\*Built by `make build`", re.M)
    nb = nbformat.from_dict({**nb, "cells": [c for c in nb.cells if not left_out.search(c.source)]})
    nb.metadata.pop("widgets", None)
    nb.cells[0].source = re.sub(r"^\[!\[Open in Colab\].*$", "", nb.cells[0].source, flags=re.M)
    exporter = HTMLExporter(
        template_name="basic",
        preprocessors=[SiteFigures],
        exclude_input_prompt=True,
        exclude_output_prompt=True,
        exclude_anchor_links=True,  # the search would show their ¶ in its titles
    )
    body, _ = exporter.from_notebook_node(nb)
    scrolls = r"<pre(?=[ >])|<div (?=class=\"output_html)"
    body = re.sub(scrolls, r'\g<0> tabindex="0" ', body)  # what scrolls can be reached by keyboard
    body = re.sub(r"<table>.*?</table>", r'<div class="scroll" tabindex="0">\g<0></div>', body, flags=re.S)  # in prose
    return re.sub(r"<th>\s*</th>", "<td></td>", body)  # pandas' corner is no heading


def syntax_colours() -> str:
    """Pygments' colours for a light and for a dark page."""
    light = HtmlFormatter(style="default").get_style_defs(".highlight")
    night = HtmlFormatter(style="github-dark").get_style_defs(".highlight")
    plain = ".highlight, .highlight pre { background: var(--panel) !important }"
    darker = ".highlight .ow { color: #7a18bf } .highlight .c1 { color: #2c5f5f }"  # pygments' are too pale on grey
    return f"{light}\n{darker}\n@media screen and (prefers-color-scheme: dark) {{\n{night}\n}}\n{plain}\n"


def pages_address(repository: str) -> str:
    """Where GitHub's Pages show it; a link's preview picture needs the whole address."""
    owner, _, name = repository.partition("/")
    return f"https://{owner.lower()}.github.io/{name}/"


class Site:
    """Writes pages under `out`, all with one frame."""

    def __init__(self, root: Path, out: Path):
        self.root, self.out = root, out
        self.project = address(root)
        self.frame = jinja2.Template((PARTS / "page.html").read_text(encoding="utf-8"), autoescape=False)

    def page(self, path: str, title: str, description: str, body: str, **more) -> None:
        """One page at `path`. `indexed`: the search may find it. `source`: the file that it is made of."""
        target = self.out / path
        target.parent.mkdir(parents=True, exist_ok=True)
        text = self.frame.render(
            root="../" * path.count("/"),
            title=html.escape(title),
            description=html.escape(description),
            body=body,
            figures='class="plot"' in body,
            repository=f"https://github.com/{self.project['repository']}",
            branch=self.project["branch"],
            home=pages_address(self.project["repository"]),
            **more,
        )
        target.write_text(text, encoding="utf-8")

    def notebook(self, folder: str, name: str, nb: nbformat.NotebookNode) -> None:
        """A walkthrough, puzzle or solution; a solution is closed until its reader opens it, and the search skips it."""
        head = heads(nb)
        colab, _ = links(self.project, f"{folder}/{name}.ipynb")
        opened = f'<p><a class="start" href="{colab}">Open in Colab</a></p>'
        body = fragment(nb)
        if folder == "solutions":
            sentence = "This page holds the answers. It is better read after your own attempt."
            puzzle = f'<a href="../puzzles/{name}.html">the puzzle</a>'
            body = re.sub(r"<h1.*?</h1>", "", body, count=1, flags=re.S)
            body = (
                f"<h1>{html.escape(head['title'])}</h1><p>{sentence} Here is {puzzle}.</p>"
                f'<details class="answers"><summary>Show the solution</summary>{body}</details>'
            )
        else:
            body = body.replace("</h1>", f"</h1>{opened}", 1)
        source = f"sources/{'notebooks' if folder == 'notebooks' else 'puzzles'}/{name}.py"
        title = f"{head['title']} (walkthrough)" if folder == "notebooks" else head["title"]
        self.page(f"{folder}/{name}.html", title, about(name[:2]), body, source=source, indexed=folder != "solutions")


def heads(nb: nbformat.NotebookNode) -> dict[str, str]:
    """Title, question and minutes from a notebook's first cell."""
    return {key: pattern.search(nb.cells[0].source)[1] for key, pattern in HEAD.items()}


def series(notebooks: dict[tuple[str, str], nbformat.NotebookNode]) -> str:
    """The list of numbers, each with its three pages."""
    items = []
    for name in sorted({name for _, name in notebooks}):
        title = heads(notebooks["notebooks", name])["title"]
        pages = []
        for folder, kind in KINDS.items():
            minutes = "" if kind == "solution" else f" ({heads(notebooks[folder, name])['minutes']} min)"
            pages.append(f'<span><a href="{folder}/{name}.html">{kind} {name[:2]}</a>{minutes}</span>')
        asked = f"<h3>{html.escape(title)}</h3><p>{html.escape(about(name[:2]))}</p>"
        items.append(f'<li>{asked}<p class="links">{" ".join(pages)}</p></li>')
    return f'<h2 id="series">The series</h2><ol class="series">{"".join(items)}</ol>'


def make(root: Path, jobs: int) -> Path:
    """Execute what is executed, write every page, then the index of the search."""
    out = root / "build" / "site"
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    for asset in ("site.css", "figures.js"):
        shutil.copy(PARTS / asset, out / asset)
    (out / "site.css").write_text((out / "site.css").read_text(encoding="utf-8") + syntax_colours(), encoding="utf-8")
    (out / "plotly.min.js").write_text(get_plotlyjs(), encoding="utf-8")
    shutil.copy(root / "docs" / "picture.png", out / "picture.png")

    site = Site(root, out)
    paths = [p for folder in KINDS for p in sorted((root / folder).glob("[0-9][0-9]_*.ipynb"))]
    walkthroughs = [p for p in paths if p.parent.name == "notebooks"]
    with ProcessPoolExecutor(jobs) as pool:
        done = tqdm(pool.map(execute, walkthroughs), total=len(walkthroughs), desc="walkthroughs")
        runs = dict(zip(walkthroughs, done, strict=True))
    if failed := [run for run in runs.values() if run.error]:
        raise SystemExit("\n".join(f"{run.path} failed in {run.error}" for run in failed))
    notebooks = {(p.parent.name, p.stem): runs[p].nb if p in runs else nbformat.read(p, as_version=4) for p in paths}
    for (folder, name), nb in notebooks.items():
        site.notebook(folder, name, nb)
    markdown = mistune.create_markdown(escape=False, plugins=["table"])
    first = next(nb for (folder, name), nb in notebooks.items() if folder == "puzzles" and name.startswith("01"))
    front = (PARTS / "front.md").read_text(encoding="utf-8").replace("{minutes}", heads(first)["minutes"])
    site.page("index.html", "Mechanistic-interpretability puzzles", "Puzzles about language models' embeddings.",
              markdown(front) + series(notebooks), indexed=False)  # fmt: skip
    mentors = markdown((root / "docs" / "mentors.md").read_text(encoding="utf-8"))
    site.page("mentors.html", "For mentors", "How to run a session with these puzzles.", mentors,
              source="docs/mentors.md", indexed=True)  # fmt: skip
    search = (PARTS / "search.html").read_text(encoding="utf-8")
    site.page("search.html", "Search", "Search the walkthroughs and puzzles.", search, search=True, indexed=False)
    subprocess.run([sys.executable, "-m", "pagefind", "--site", str(out), "--quiet"], check=True)
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, default=Path(__file__).parents[1])
    parser.add_argument("--jobs", type=int, default=2)
    args = parser.parse_args()
    out = make(args.root.resolve(), args.jobs)
    pages = sorted(out.rglob("*.html"))
    size = sum(f.stat().st_size for f in out.rglob("*") if f.is_file()) / 1e6
    print(f"{len(pages)} pages, {size:.1f} MB in all: open {out / 'index.html'}, or `python -m http.server -d {out}`.")


if __name__ == "__main__":
    main()
