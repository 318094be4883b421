"""Build notebooks/, puzzles/ and solutions/ from sources/, and the parts of README.md that follow from them.

    python tools/build.py                                      write everything
    python tools/build.py --check                              write nothing; exit 1 and name each file that differs
    python tools/build.py --repository OWNER/NAME --branch B   change it in pyproject.toml, then write everything

Sources are jupytext percent files. A puzzle source makes a puzzle and a solution: see `cut`.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import sys
import tomllib
from pathlib import Path

import jupytext
import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

FOLDERS = {"notebooks": "notebooks", "puzzles": "puzzles", "solutions": "puzzles"}  # built folder: its sources
METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
BADGE = "[![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)]({url})"
HEAD = {
    "title": re.compile(r"^# (\d\d .+)"),
    "question": re.compile(r"^\*\*Question\.\*\* (.+)$", re.M),
    "minutes": re.compile(r"^\*\*Time\*\* (\d+) min · \*\*Difficulty\*\* [●○]+ · \*\*You need\*\* .+$", re.M),
}
ANSWER = re.compile(r"(\s*[\w.]+(?:: [^=]+?)? =) .+?\s+# SOLUTION")


def cut(code: str, solved: bool) -> str:
    """The code of a puzzle source as the solution or the puzzle has it.

    Lines from `# SOLUTION` to `# END` stay in the solution. In the puzzle, indented ones (a function's body) become one
    `raise NotImplementedError`, and others vanish. `name = answer  # SOLUTION` becomes `name = None  # your answer`.
    """
    lines, inside = [], False
    for line in code.splitlines():
        if line.strip() in ("# SOLUTION", "# END"):
            if inside == (line.strip() == "# SOLUTION"):
                raise ValueError(f"{line.strip()!r} without its partner")
            inside = not inside
            if inside and not solved and line[0].isspace():
                lines.append(line.replace("# SOLUTION", 'raise NotImplementedError("your code here")'))
        elif match := ANSWER.fullmatch(line):
            lines.append(line.removesuffix("# SOLUTION").rstrip() if solved else f"{match[1]} None  # your answer")
        elif re.search(r"# (SOLUTION|END)\b", line):
            raise ValueError(f"cannot read the marker in {line!r}")
        elif solved or not inside:
            lines.append(line)
    if inside:
        raise ValueError("'# SOLUTION' without '# END'")
    return "\n".join(lines)


def head(text: str) -> dict[str, str]:
    """Title, question and minutes from a notebook's first cell."""
    found = {key: pattern.search(text) for key, pattern in HEAD.items()}
    if absent := [key for key, match in found.items() if not match]:
        raise ValueError(f"the first cell has no {', no '.join(absent)} line in the agreed form")
    return {key: match[1] for key, match in found.items()}


def links(project: dict, path: str) -> tuple[str, str]:
    """The addresses at which `path` opens in Colab and on GitHub."""
    place = f"{project['repository']}/blob/{project['branch']}/{path}"
    return f"https://colab.research.google.com/github/{place}", f"https://github.com/{place}"


def notebook(source: str, folder: str, slug: str, project: dict, setup: str) -> nbformat.NotebookNode:
    """One built notebook: `source` cut for `folder`, with badge, set-up cell and stable ids, without outputs."""
    cells, path = [], f"{folder}/{slug}.ipynb"
    left_out = {"notebooks": {"solution", "puzzle"}, "puzzles": {"solution"}, "solutions": {"puzzle"}}[folder]
    for cell in jupytext.reads(source, fmt="py:percent").cells:
        if left_out & set(cell.metadata.get("tags", ())):
            continue
        if cell.cell_type == "markdown":
            cells.append(new_markdown_cell(cell.source))
        elif code := cut(cell.source, solved=folder != "puzzles").strip("\n"):
            cells.append(new_code_cell(code))
    head(cells[0].source)
    title, _, rest = cells[0].source.partition("\n")
    solved = " · solution" if folder == "solutions" else ""
    hint = f"{BADGE.format(url=links(project, path)[0])} or, on your own computer, `jupyter lab {path}`"
    cells[0].source = f"{title}{solved}\n\n{hint}\n{rest}"
    cells.insert(1, new_code_cell(setup))
    for i, cell in enumerate(cells):
        twins = sum(other.source == cell.source for other in cells[:i])
        cell.id = hashlib.sha1(f"{path} {cell.cell_type} {twins} {cell.source}".encode()).hexdigest()[:12]
    nb = new_notebook(cells=cells, metadata=METADATA, nbformat_minor=5)
    nbformat.validate(nb)
    return nb


def series(notebooks: dict[str, nbformat.NotebookNode], project: dict) -> str:
    """README's table: one row a number, in which a walkthrough's head goes before its puzzle's."""
    rows: dict[str, dict] = {}
    for path, nb in notebooks.items():
        folder, name = path.split("/")
        row = rows.setdefault(name[:2], {"head": head(nb.cells[0].source)})
        colab, _ = links(project, path)
        row[folder] = f"[solution]({path})" if folder == "solutions" else f"[open]({path}) {BADGE.format(url=colab)}"
    table = ["| | Question | Minutes | Walkthrough | Puzzle | Solved |", "|---|---|---|---|---|---|"]
    for number, row in sorted(rows.items()):
        cells = [number, row["head"]["question"], row["head"]["minutes"], *(row.get(folder, "–") for folder in FOLDERS)]
        table.append(f"| {' | '.join(cells)} |")
    return "\n".join(table)


def between(text: str, name: str, new: str) -> str:
    """`text` with what stands between `<!-- name -->` and `<!-- /name -->` replaced."""
    pattern = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.S)
    if not pattern.search(text):
        raise ValueError(f"README.md has no <!-- {name} --> … <!-- /{name} -->")
    return pattern.sub(lambda m: f"{m[1]}{new}\n{m[2]}", text)


def built(root: Path) -> dict[str, str]:
    """Every file that the sources under `root` make: path from `root` → text."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["zeropoint"]
    template = Path(__file__).with_name("setup_cell.py").read_text(encoding="utf-8").strip()
    setup = template.replace("REPOSITORY", project["repository"]).replace("BRANCH", project["branch"])
    notebooks = {}
    for folder, origin in FOLDERS.items():
        for source in sorted((root / "sources" / origin).glob("[0-9][0-9]_*.py")):
            try:
                nb = notebook(source.read_text(encoding="utf-8"), folder, source.stem, project, setup)
            except ValueError as error:
                raise SystemExit(f"{source.relative_to(root)}: {error}") from None
            notebooks[f"{folder}/{source.stem}.ipynb"] = nb
    readme = (root / "README.md").read_text(encoding="utf-8")
    readme = between(readme, "series", series(notebooks, project))
    clone = f"git clone --branch {project['branch']} https://github.com/{project['repository']} zero-point"
    readme = between(readme, "clone", f"```\n{clone}\ncd zero-point\n```")
    return {path: nbformat.writes(nb, indent=1) + "\n" for path, nb in notebooks.items()} | {"README.md": readme}


def differences(root: Path, files: dict[str, str]) -> list[str]:
    """What stands under `root` and is not what the sources make, one line a file."""
    found = []
    for path, text in files.items():
        if not (root / path).exists():
            found.append(f"missing: {path}")
        elif (root / path).read_text(encoding="utf-8") != text:
            found.append(f"stale: {path}")
    here = {f"{folder}/{p.name}" for folder in FOLDERS for p in (root / folder).glob("*.ipynb")}
    return found + [f"extra (no source makes it): {path}" for path in sorted(here - files.keys())]


def move(root: Path, **new: str | None) -> None:
    """Change repository or branch in pyproject.toml."""
    path = root / "pyproject.toml"
    text = path.read_text(encoding="utf-8")
    for key, value in new.items():
        if value:
            text = re.sub(rf'^{key} = ".*"$', f'{key} = "{value}"', text, flags=re.M)
    path.write_text(text, encoding="utf-8")


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--repository", metavar="OWNER/NAME")
    parser.add_argument("--branch")
    parser.add_argument("--root", type=Path, default=Path(__file__).parents[1])
    args = parser.parse_args(argv)
    for name, pattern in (("repository", r"[\w.-]+/[\w.-]+"), ("branch", r"[\w./-]+")):
        if (value := getattr(args, name)) and not re.fullmatch(pattern, value):
            parser.error(f"--{name} {value!r} is not a {name} name")
    move(args.root, repository=args.repository, branch=args.branch)
    files = built(args.root)
    if args.check:
        found = differences(args.root, files)
        print(
            "\n".join([*found, "Run `make build`."])
            if found
            else f"{len(files)} built files are in step with their sources."
        )
        return bool(found)
    for path, text in files.items():
        (args.root / path).parent.mkdir(exist_ok=True)
        (args.root / path).write_text(text, encoding="utf-8", newline="\n")
    print(f"{len(files)} files built.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
