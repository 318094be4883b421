"""Check, without network, the links of Markdown files and notebooks that lead to files of this repository.

    python tools/links.py [--root FOLDER]

Relative links, and absolute ones to this repository on GitHub or in Colab, must name a file that is there; `#anchors`
of a Markdown file must name one of its headings.
"""

from __future__ import annotations

import argparse
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import nbformat

LINK = re.compile(r"\]\(<?([^)\s>]+)>?(?: \"[^\"]*\")?\)|(?:src|href)=\"([^\"]+)\"")
CODE = re.compile(r"^```.*?^```|`[^`\n]*`", re.M | re.S)
FOLDERS = ("notebooks", "puzzles", "solutions", "benchmarks", "docs")


def prose(path: Path) -> str:
    """The Markdown of a file, without its code."""
    if path.suffix != ".ipynb":
        return CODE.sub("", path.read_text(encoding="utf-8"))
    cells = nbformat.read(path, as_version=4).cells
    return CODE.sub("", "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown"))


def anchors(path: Path) -> set[str]:
    """The anchors that GitHub gives a Markdown file's headings."""
    headings = re.findall(r"^#+ (.+)$", prose(path), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken(root: Path) -> Iterator[str]:
    """One line for each link that leads nowhere."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["zeropoint"]
    own = f"/{project['repository']}/blob/{project['branch']}/"
    pages = [*root.glob("*.md"), *(p for f in FOLDERS for e in ("md", "ipynb") for p in (root / f).glob(f"*.{e}"))]
    for page in sorted(pages):
        for link in (a or b for a, b in LINK.findall(prose(page))):
            place, _, anchor = link.partition("#")
            if own in place:
                target = root / place.partition(own)[2]
            elif re.match(r"[a-z]+:", place):
                continue
            else:
                target = (page.parent / place).resolve() if place else page
            if not target.exists() or (anchor and target.suffix == ".md" and anchor not in anchors(target)):
                yield f"{page.relative_to(root)}: {link} leads nowhere"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, default=Path(__file__).parents[1])
    found = list(broken(parser.parse_args().root.resolve()))
    print("\n".join(found) if found else "Every link within the repository leads somewhere.")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
