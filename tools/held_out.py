"""Write zeropoint/data/held_out.txt: excerpts of standard-library files that no stand-in was trained on.

    python tools/held_out.py        run with the Python whose library is to be quoted (3.11)

Form: a licence line, then one part a file, each opened by a form feed and the file's name.
"""

from __future__ import annotations

import platform
import sysconfig
from pathlib import Path

from zeropoint.streams.text import TEXT
from zeropoint.tiny.corpus import is_held_out, stdlib_files

LETTERS = 2000  # per excerpt, cut at line ends
LICENCE = """\
Excerpts from the standard library of Python {version}. Copyright (c) 2001 Python Software Foundation; all rights reserved.
Licence: Python Software Foundation License, version 2 (PSF-2.0), https://docs.python.org/3/license.html
"""


def excerpt(text: str) -> str:
    """Whole lines from the middle of a file, where there is neither licence text nor a list of names."""
    start = text.index("\n", (len(text) - LETTERS) // 2) + 1
    return text[start : text.rindex("\n", start, start + LETTERS) + 1]


def main() -> None:
    root = Path(sysconfig.get_path("stdlib"))
    texts = {
        p.relative_to(root).as_posix(): p.read_text("utf-8")
        for p in stdlib_files()
        if is_held_out(p) and p.stat().st_size > 2 * LETTERS
    }
    parts = [f"\f{name}\n{excerpt(text)}" for name, text in texts.items() if "\f" not in text and text.isascii()]
    TEXT.write_text(LICENCE.format(version=platform.python_version()) + "".join(parts), encoding="utf-8")
    print(f"{len(parts)} excerpts, {TEXT.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
