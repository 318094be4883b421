"""Make everything that a new number needs, and say what in the series is still to be written.

    python tools/new.py 08 zero_is_an_origin
    python tools/new.py --missing

What it makes builds, runs and passes its tests as it stands; each place that waits for its author says TODO, and
tests/unit/test_new.py names them until the last is gone.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

TEMPLATES = Path(__file__).with_name("number")
FILES = {  # template: what it becomes
    "walkthrough.py": "sources/notebooks/__NN_____SLUG__.py",
    "puzzle.py": "sources/puzzles/__NN_____SLUG__.py",
    "exercises.py": "zeropoint/puzzles/p__NN__/exercises.py",
    "predictions.py": "zeropoint/puzzles/p__NN__/predictions.py",
    "claims.py": "zeropoint/puzzles/p__NN__/claims.py",
    "bank.py": "tests/checks/bank___NN__.py",
    "test.py": "tests/notebooks/test___NN__.py",
}
WRITTEN = ("sources/*/*.py", "zeropoint/puzzles/p*/*.py", "tests/checks/bank_*.py", "tests/notebooks/test_*.py")


def new(root: Path, number: str, slug: str) -> list[str]:
    """Write the files of a new number under `root`; their names. ValueError: the number or the slug will not do."""
    if not re.fullmatch(r"[0-9]{2}", number) or not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", slug):
        raise ValueError("give two digits and a name in small letters: make new N=08 SLUG=zero_is_an_origin")
    if taken := sorted(root.glob(f"sources/*/{number}_*.py")) or sorted(root.glob(f"zeropoint/puzzles/p{number}")):
        raise ValueError(f"{number} is taken: {taken[0].relative_to(root)}")
    subject = slug.replace("_", " ")
    words = {"NN": number, "N": str(int(number)), "SLUG": slug, "SUBJECT": subject, "TITLE": subject.capitalize()}

    def filled(text: str) -> str:
        return re.sub(r"__([A-Z]+)__", lambda match: words[match[1]], text)

    made = {filled(name): filled((TEMPLATES / template).read_text("utf-8")) for template, name in FILES.items()}
    made[f"zeropoint/puzzles/p{number}/__init__.py"] = (
        '"""TODO what the number asks, in a line that gives no other number away."""\n'
    )
    for name, text in made.items():
        path = root / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    return sorted(made)


def missing(root: Path) -> Iterator[str]:
    """One line for each place that waits for its author: file, line, what is to be written."""
    for path in sorted(path for pattern in WRITTEN for path in root.glob(pattern)):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if found := re.search(r"\bTODO\b:? ?(.*)", line):
                yield f"{path.relative_to(root)}:{number}: {found[1]}"


def main(root: Path, arguments: list[str]) -> int:
    if arguments == ["--missing"]:
        print("\n".join(missing(root)) or "Nothing is missing.")
        return 0
    try:
        made = new(root, *(arguments if len(arguments) == 2 else ("", "")))
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    print("\n".join(made))
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(__file__).parents[1], sys.argv[1:]))
