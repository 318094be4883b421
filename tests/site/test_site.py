"""The static site: whole, spoiler-free in its search, readable by keyboard, on a phone, in both themes."""

from __future__ import annotations

import functools
import http.server
import re
import shutil
import threading
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urldefrag, urljoin

import nbformat
import plotly.graph_objects as go
import pytest

from tools import site as maker
from tools.run import PLOTLY_MIMETYPE, Run

ROOT = Path(__file__).parents[2]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed (.ci/run installs it)")
PAGES = ["index", "notebooks/01_suspiciously_similar", "puzzles/01_suspiciously_similar", "mentors", "search"]
PAGES.append("solutions/01_suspiciously_similar")


def drawn(path: Path) -> Run:
    """The notebook as if it had run: one figure and one table in its last code cell."""
    nb = nbformat.read(path, as_version=4)
    last = [cell for cell in nb.cells if cell.cell_type == "code"][-1]
    layout = dict(title="Cosines<br>mini", xaxis_title="cosine", yaxis_title="pairs", template="plotly_white")
    figure = go.Figure(go.Scatter(x=[0, 1], y=[1, 2], line_color="#000000"), layout).to_plotly_json()
    figure = nbformat.from_dict({"data": [figure["data"][0]], "layout": figure["layout"]})
    table = "<table><tr><th></th><th>mean</th></tr><tr><td>mini</td><td>0.9</td></tr></table>"
    bar = {maker.WIDGET_MIMETYPE: {"model_id": "1", "version_major": 2, "version_minor": 0}, "text/plain": "0%| |"}
    nb.metadata["widgets"] = {"application/vnd.jupyter.widget-state+json": {"state": {}}}
    for data in ({PLOTLY_MIMETYPE: figure}, {"text/html": table}, bar):
        last.outputs.append(nbformat.v4.new_output("display_data", data))
    return Run(str(path), nb, 0.0)


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """The site of this checkout, its walkthroughs not executed but given a figure."""
    root = tmp_path_factory.mktemp("site")
    for name in ("notebooks", "puzzles", "solutions", "docs", "pyproject.toml"):
        (root / name).symlink_to(ROOT / name)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(maker, "execute", drawn)
        patch.setattr(maker, "ProcessPoolExecutor", _Here)
        return maker.make(root, jobs=1)


class _Here:
    """A pool of this process, so that the patched `execute` is used."""

    def __init__(self, jobs):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *error):
        pass

    map = staticmethod(map)


class Links(HTMLParser):
    def __init__(self, text: str):
        super().__init__()
        self.links: list[str] = []
        self.ids: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.links += [given[a] for a in ("href", "src") if given.get(a)]
        self.ids |= {given[a] for a in ("id", "name") if given.get(a)}


def pages(site: Path) -> list[Path]:
    return [p for p in site.rglob("*.html") if "pagefind" not in p.parts]


def test_every_notebook_has_a_page(site):
    built = {f"{p.parent.name}/{p.stem}" for f in maker.KINDS for p in (ROOT / f).glob("[0-9][0-9]_*.ipynb")}
    assert built <= {str(p.relative_to(site).with_suffix("")) for p in pages(site)}


def test_the_index_says_no_more_than_readme(site):
    index, readme = (site / "index.html").read_text(encoding="utf-8"), (ROOT / "README.md").read_text(encoding="utf-8")
    asked = [unescape(words) for words in re.findall(r"</h3><p>(.+?)</p>", index)]
    assert len(asked) == len(list((ROOT / "puzzles").glob("*.ipynb"))) and all(words in readme for words in asked)


def test_each_page_has_one_title_and_says_once_what_it_is(site):
    for page in pages(site):
        text = page.read_text(encoding="utf-8")
        (h1,) = re.findall(r"<h1[^>]*>(.*?)</h1>", text, re.S)
        assert not re.search(r"[¶<]|\?:", h1) and max(map(h1.count, ("puzzle", "solution"))) <= 1, h1


def test_a_preview_has_a_whole_address(site):
    address = re.escape(maker.pages_address(maker.address(ROOT)["repository"]))
    for page in pages(site):
        assert re.search(rf'og:image" content="{address}picture.png"', page.read_text(encoding="utf-8")), page


def test_no_link_leads_nowhere(site):
    ids = {p.resolve(): Links(p.read_text(encoding="utf-8")).ids for p in pages(site)}
    for page in pages(site):
        for link in Links(page.read_text(encoding="utf-8")).links:
            if re.match(r"(https?|mailto|data|javascript):", link):
                continue
            target, anchor = urldefrag(link)
            path = (page.parent / target).resolve() if target else page.resolve()
            assert path.exists(), f"{page.name}: {link}"
            assert not anchor or anchor in ids.get(path, {anchor}), f"{page.name}: {link}"


def test_all_figures_are_there_and_say_what_they_show(site):
    walkthroughs = list((site / "notebooks").glob("*.html"))
    assert walkthroughs
    for page in walkthroughs:
        text = page.read_text(encoding="utf-8")
        assert text.count('class="plot"') == 1
        assert 'aria-label="Cosines, mini; across: cosine; up: pairs"' in text
        assert "widget" not in text, "a progress bar that is over"
        assert len(text) < 1_000_000, "plotly.js belongs beside the pages, not in them"


def test_a_solution_is_closed_and_not_in_the_search(site):
    for page in (site / "solutions").glob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert '<details class="answers">' in text and "data-pagefind-body" not in text
        assert text.index("It is better read after your own attempt") < text.index("<details")
    for page in (*(site / "notebooks").glob("*.html"), *(site / "puzzles").glob("*.html")):
        assert "data-pagefind-body" in page.read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def address(site):
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(site))
    handler.log_message = lambda *a: None
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()


@pytest.fixture(scope="session")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield chromium
        chromium.close()


@pytest.mark.browser
@needs_browser
@pytest.mark.parametrize("scheme, width", [("light", 390), ("dark", 1200)])
def test_pages_are_accessible_fit_their_screen_and_load_whole(address, browser, scheme, width):
    from axe_playwright_python.sync_playwright import Axe

    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page, trouble = context.new_page(), []
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.on("requestfailed", lambda request: trouble.append(request.url))
    page.on("request", lambda request: request.url.startswith(address) or trouble.append(request.url))
    for path in PAGES:
        page.goto(urljoin(address, f"{path}.html"))
        if path.startswith("notebooks"):
            page.wait_for_selector(".plot svg")
        if path == "search":
            page.wait_for_selector("#search input")
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        found = Axe().run(page).response["violations"]
        assert wide <= 0, f"{path} is {wide} pixels too wide"
        assert not found, [(v["id"], v["nodes"][0]["html"][:200]) for v in found]
    assert not trouble
    context.close()


@pytest.mark.browser
@needs_browser
def test_a_dark_page_is_printed_light_and_is_dark_again_afterwards(address, browser):
    page = browser.new_page(viewport={"width": 1200, "height": 900}, color_scheme="dark")
    page.goto(urljoin(address, "notebooks/01_suspiciously_similar.html"))
    page.wait_for_selector(".plot .main-svg")

    def looks() -> tuple[int, str, str]:
        """The figure's width, the colour of its title, and the line's."""
        return page.evaluate(
            """() => [".main-svg", ".gtitle", ".js-line"].map((name, i) => {
                const part = document.querySelector(`.plot ${name}`), style = getComputedStyle(part);
                return [part.clientWidth, style.fill, style.stroke][i];
            })"""
        )

    screen = looks()
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    width, title, line = looks()
    assert width == 820 and title == "rgb(27, 27, 27)" and line == "rgb(0, 0, 0)" != screen[2]
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert looks() == screen
    page.close()


@pytest.mark.browser
@needs_browser
def test_every_page_fits_a_phone(address, browser, site):
    page, too_wide = browser.new_page(viewport={"width": 390, "height": 900}), {}
    for path in (str(page.relative_to(site)) for page in pages(site)):
        page.goto(urljoin(address, path))
        page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        too_wide |= {path: wide} if wide > 0 else {}
    assert not too_wide


@pytest.mark.browser
@needs_browser
def test_the_search_finds_the_text_and_never_a_solution(address, browser):
    page = browser.new_page()
    found = {}
    for word in ("embedding", "softmax", "torsor", "LayerNorm", "mentor", "NotImplementedError"):
        page.goto(urljoin(address, "search.html"))
        page.fill("#search input", word)
        page.wait_for_function(
            """() => {
                const count = parseInt(document.querySelector(".pagefind-ui__message")?.textContent);
                return document.querySelectorAll(".pagefind-ui__result-link").length == Math.min(5, count);
            }"""  # five are shown at first
        )
        found[word] = page.eval_on_selector_all(".pagefind-ui__result-link", "links => links.map(a => a.pathname)")
    for word in ("embedding", "LayerNorm", "softmax"):
        assert any("/notebooks/" in path for path in found[word]), found
    assert "/mentors.html" in found["mentor"]
    assert not any("/solutions/" in path for paths in found.values() for path in paths)


def test_panels_side_by_side_scroll_and_can_be_reached():
    wide = {"data": [], "layout": {"xaxis": {"domain": [0, 0.45]}, "xaxis2": {"domain": [0.55, 1]}}}
    stacked = {"data": [], "layout": {"xaxis": {"domain": [0, 1]}, "xaxis2": {"domain": [0, 1]}}}
    assert re.search(r'<figure[^>]* tabindex="0">.*min-width:640px', maker.figure_html(wide, "f"))
    assert "min-width" not in maker.figure_html(stacked, "f") and "tabindex" not in maker.figure_html(stacked, "f")
