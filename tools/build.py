"""Build notebooks/, puzzles/ and solutions/ from sources/, and the parts of README.md that follow from them.

    python tools/build.py                                      write everything
    python tools/build.py --check                              write nothing; exit 1 and name each file that differs
    python tools/build.py --repository OWNER/NAME --branch B   change it in pyproject.toml, then write everything

Sources are jupytext percent files. A puzzle source makes a puzzle and a solution. What makes the two differ:

    # %% exercise="1.2"              what the notebook adds to exercise 1.2 of its room, such as `check("1.2", answer_1_2)`.
                                     Before it the builder writes heading, statement and the stub or the answer.
    # %% [markdown] exercise="1.2"   heading and statement stand here already, and its own text after them
    # %% tags=["solution"]           a cell of the solution only; tags=["puzzle"]: of the puzzle only
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import importlib
import inspect
import io
import re
import sys
import textwrap
import tokenize
import tomllib
from pathlib import Path

import jupytext
import nbformat
from IPython.core.inputtransformer2 import TransformerManager
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from zeropoint.desk.exercise import Exercise, NoSuchExercise, of_puzzle

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
    "rating": re.compile(r"^\*\*Time\*\* .+ · \*\*Difficulty\*\* ([●○]+) ·", re.M),
    "needs": re.compile(r"^\*\*Time\*\* .+ · \*\*You need\*\* (.+?)\.?$", re.M),
}
LEFT_OUT = {"notebooks": {"solution", "puzzle"}, "puzzles": {"solution"}, "solutions": {"puzzle"}}  # by their tags
# as GitHub spells them; `.git` ends an address, not a name
NAMES = {"repository": r"[A-Za-z0-9][A-Za-z0-9-]*/(?!\.{1,2}$)(?!.*\.git$)[\w.-]+", "branch": r"[\w./-]+"}
MARKER = re.compile(r"#\s*(?:(?:SOLUTION|END)\b|(?i:solution|end)\s*:?\s*$)")
WIDTH = 96  # columns of an answer in words


class Refused(ValueError):
    """What is wrong with a source, in one sentence, and its line where that is known."""

    def __init__(self, sentence: str, line: int | None = None):
        super().__init__(sentence)
        self.line = line


def read(path: Path) -> list[tuple[int, nbformat.NotebookNode]]:
    """The cells of a source, each with the line on which it begins. Refused: what cannot be read for certain."""
    data = path.read_bytes()
    if data.startswith(b"\xef\xbb\xbf"):
        raise Refused("the file begins with a byte-order mark; save it as UTF-8 without one", 1)
    if b"\0" in data:
        raise Refused("this line holds a null byte", data.count(b"\n", 0, data.index(b"\0")) + 1)
    try:
        text = data.decode().replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise Refused("this line is not UTF-8; save the file as UTF-8", data.count(b"\n", 0, error.start) + 1) from None
    if not text.strip():
        raise Refused("the file is empty; it begins with a cell `# %% [markdown]`", 1)
    if not text.startswith("# %% [markdown]"):
        raise Refused("the first line must be `# %% [markdown]`, the notebook's head", 1)
    try:
        ast.parse(text)
    except SyntaxError as error:
        raise Refused(f"this is not Python: {error.msg}", error.lineno) from None
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT and MARKER.search(token.string):
            marker = "no marker such as `# SOLUTION` is read: an answer stands in its exercise"
            raise Refused(f'{marker}, and a cell with tags=["solution"] is left out of the puzzle', token.start[0])
    starts = []
    for number, line in enumerate(text.split("\n"), 1):
        if re.match(r"\s*#\s*%%|# In\[", line):
            if not line.startswith("# %%"):
                raise Refused("a cell begins with `# %%`, neither indented nor spelt otherwise", number)
            if re.search(r"\b(tags=[^\[]|exercise=[^\"])", line):
                raise Refused('write tags=["solution"] as a list, and exercise="1.2" in quotes', number)
            starts.append(number)
    return list(zip(starts, jupytext.reads(text, fmt="py:percent").cells, strict=True))


def compiles(code: str, line: int) -> str:
    """The code of a cell, once it is sure that Python can read it (IPython's magics aside)."""
    try:
        compile(TransformerManager().transform_cell(code), "cell", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    except SyntaxError as error:
        raise Refused(f"the cell that begins here does not compile: {error.msg}", line) from None
    return code


# --- exercises -----------------------------------------------------------------------------------------------------


def stated(exercise: Exercise) -> list[nbformat.NotebookNode]:
    """Heading, rating and statement. Where a task is handed out, no title, and the cell that hands it out."""
    if not exercise.statement and not exercise.task:
        raise Refused(f"exercise {exercise.id} asks nothing: it has no statement, and no task to hand out")
    title = "" if exercise.task else f" {exercise.title[0].upper()}{exercise.title[1:]}"
    rating = "●" * exercise.difficulty + "○" * (3 - exercise.difficulty)
    words = f". {inspect.cleandoc(exercise.statement)}" if exercise.statement else ""
    cells = [new_markdown_cell(f"## {exercise.id}{title}\n\n{rating} · {exercise.minutes} min{words}")]
    if exercise.task:
        cells.append(new_code_cell(f'task("{exercise.id}")'))
    return cells


def answer(exercise: Exercise, solved: bool) -> str:
    """What the learner writes, as the solution or the puzzle has it."""
    name = f"answer_{exercise.id.replace('.', '_')}"
    if exercise.kind == "function":
        code = renamed(exercise.reference, name)
        return code if solved else stub(code, gated=bool(exercise.task))
    if not solved:
        return f"{name} = None  # your answer"
    if exercise.kind == "why":
        words = " ".join(exercise.answer.split()).replace("\\", r"\\")
        return f'{name} = """\n{textwrap.fill(words, WIDTH)}\n"""'
    if inspect.signature(exercise.reference).parameters:
        return ""  # it comes from the model: a cell of the solution before this one has computed it
    return f"{name} = {exercise.reference()!r}"


def renamed(function, name: str) -> str:
    """A function's source under another name."""
    lines = textwrap.dedent(inspect.getsource(function)).strip().splitlines()
    if not lines[0].startswith("def "):
        raise Refused(f"the reference {lines[0]!r} must be a function of its own, with `def`")
    tokens = tokenize.generate_tokens(io.StringIO("\n".join(lines)).readline)
    uses = [token.start for token in tokens if token.type == tokenize.NAME and token.string == function.__name__]
    for row, column in reversed(uses):
        line = lines[row - 1]
        lines[row - 1] = line[:column] + name + line[column + len(function.__name__) :]
    return "\n".join(lines)


def stub(code: str, gated: bool) -> str:
    """A function's signature and docstring; of one whose task is handed out, what it takes and no more."""
    lines, colon, arrow = code.splitlines(), None, None
    for token in tokenize.generate_tokens(io.StringIO(code).readline):
        if token.type == tokenize.NEWLINE:  # the end of the signature
            break
        if token.string == ":":
            colon = token.start
        if token.string == "->":
            arrow = token.start
    row, column = arrow if gated and arrow else colon
    kept = [*lines[: row - 1], lines[row - 1][:column].rstrip() + ":"]
    first = ast.parse(code).body[0].body[0]
    if not gated and isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
        kept += lines[first.lineno - 1 : first.end_lineno]
    return "\n".join([*kept, '    raise NotImplementedError("your code here")'])


def asks(code: str, id: str) -> bool:
    """Does the code call check or why for this exercise?"""
    tree = ast.parse(TransformerManager().transform_cell(code))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and node.args]
    return any(ast.unparse(call.func) in ("check", "why") and ast.unparse(call.args[0]) == repr(id) for call in calls)


def head(text: str) -> dict[str, str]:
    """Title, question and minutes from a notebook's first cell."""
    found = {key: pattern.search(text) for key, pattern in HEAD.items()}
    if absent := [key for key, match in found.items() if not match]:
        raise Refused(f"the first cell has no {', no '.join(absent)} line in the agreed form", 1)
    return {key: match[1] for key, match in found.items()}


def links(project: dict, path: str) -> tuple[str, str]:
    """The addresses at which `path` opens in Colab and on GitHub."""
    place = f"{project['repository']}/blob/{project['branch']}/{path}"
    return f"https://colab.research.google.com/github/{place}", f"https://github.com/{place}"


def exercises_of(number: str) -> dict[str, Exercise]:
    """The exercises of a puzzle's room, by id."""
    try:
        return {exercise.id: exercise for exercise in of_puzzle(int(number))}
    except NoSuchExercise:
        raise Refused(f"it has no room: zeropoint/puzzles/p{number}/exercises.py is not there") from None


def notebook(root: Path, folder: str, slug: str, project: dict, setup: str) -> nbformat.NotebookNode:
    """One built notebook: its source as `folder` has it, with badge, set-up cell, last line and stable ids, without outputs."""
    origin, path = f"sources/{FOLDERS[folder]}/{slug}.py", f"{folder}/{slug}.ipynb"
    made = [origin]
    exercises: dict[str, Exercise] = {}
    if FOLDERS[folder] == "puzzles":
        exercises = exercises_of(slug[:2])
        made.append(f"zeropoint/puzzles/p{slug[:2]}/exercises.py")
    cells = body(read(root / origin), folder, exercises)
    found = head(cells[0].source)
    if int(found["minutes"]) < (sum_of_parts := sum(e.minutes for e in exercises.values())):
        raise Refused(f"the head says {found['minutes']} min, and the exercises alone are {sum_of_parts}", 1)
    title, _, rest = cells[0].source.partition("\n")
    solved = " · solution" if folder == "solutions" else ""
    hint = f"{BADGE.format(url=links(project, path)[0])} or, on your own computer, `jupyter lab {path}`"
    cells[0].source = f"{title}{solved}\n\n{hint}\n{rest}"
    cells.insert(1, new_code_cell(setup))
    exercises_in = f", and for an exercise `{made[1]}`" if exercises else ""
    cells.append(
        new_markdown_cell(f"---\n*Built by `make build`: to change something, edit `{made[0]}`{exercises_in}.*")
    )
    for i, cell in enumerate(cells):
        twins = sum(other.source == cell.source for other in cells[:i])
        cell.id = hashlib.sha1(f"{path} {cell.cell_type} {twins} {cell.source}".encode()).hexdigest()[:12]
    nb = new_notebook(cells=cells, metadata=METADATA | {"zeropoint": {"built_from": made}}, nbformat_minor=5)
    nbformat.validate(nb)
    return nb


def body(
    source: list[tuple[int, nbformat.NotebookNode]], folder: str, exercises: dict[str, Exercise]
) -> list[nbformat.NotebookNode]:
    """The cells that a source makes for `folder`."""
    cells, told, asked = [], set(), set()
    for line, cell in source:
        tags, id = set(cell.metadata.get("tags", [])), cell.metadata.get("exercise")
        unknown = tags - {"solution", "puzzle"} | cell.metadata.keys() - {"tags", "exercise", "lines_to_next_cell"}
        if unknown:
            raise Refused(f"{', '.join(sorted(unknown))}: a cell has tags, solution or puzzle, and an exercise", line)
        if cell.cell_type not in ("markdown", "code"):
            raise Refused(f"a cell is markdown or code, not {cell.cell_type}", line)
        if id is not None and id not in exercises:
            raise Refused(f"there is no exercise {id!r} here; there are {', '.join(exercises) or 'none'}", line)
        if id in (told if cell.cell_type == "markdown" else asked):
            raise Refused(f"exercise {id} stands here a second time", line)
        if tags & LEFT_OUT[folder]:
            continue
        if id is not None and id not in told:
            told.add(id)
            cells += stated(exercises[id])
        if cell.cell_type == "markdown":
            if cell.source.strip():
                cells.append(new_markdown_cell(cell.source))
            continue
        code = compiles(cell.source.strip("\n"), line)
        if id is not None:
            if not asks(code, id):
                raise Refused(f'this cell belongs to exercise {id} and calls neither check("{id}", …) nor why', line)
            asked.add(id)
            written = answer(exercises[id], solved=folder == "solutions")
            gap = "\n\n\n" if exercises[id].kind == "function" else "\n\n"
            code = compiles(f"{written}{gap}{code}".strip("\n"), line)
        if code:
            cells.append(new_code_cell(code))
    if absent := exercises.keys() - asked:
        raise Refused(f'no cell `# %% exercise="…"` stands for {", ".join(sorted(absent))}')
    if not cells or cells[0].cell_type != "markdown":
        raise Refused("the first cell must be the head", 1)
    return cells


def series(notebooks: dict[str, nbformat.NotebookNode], project: dict) -> str:
    """README's list: a number's title, what its puzzle asks and needs, and where its three notebooks open."""
    numbers: dict[str, dict[str, str]] = {}
    for path in notebooks:
        folder, name = path.split("/")
        numbers.setdefault(name, {})[folder] = path
    return "\n\n".join(number(paths, notebooks, project) for _, paths in sorted(numbers.items()))


def about(number: str) -> str:
    """What a number asks, in words that give no other number away: its room's first line."""
    return importlib.import_module(f"zeropoint.puzzles.p{number}").__doc__.strip()


def number(paths: dict[str, str], notebooks: dict[str, nbformat.NotebookNode], project: dict) -> str:
    """One number of README's list."""
    heads = {folder: head(notebooks[path].cells[0].source) for folder, path in paths.items()}
    told = heads.get("notebooks") or heads["puzzles"]
    needs = (heads.get("puzzles") or told)["needs"]
    parts = []
    for folder, name in (("puzzles", "puzzle"), ("notebooks", "walkthrough")):
        if folder in paths:
            colab = BADGE.format(url=links(project, paths[folder])[0])
            rating = f" {heads[folder]['rating']}" if folder == "puzzles" else ""
            parts.append(f"[{name}]({paths[folder]}), {heads[folder]['minutes']} min{rating} {colab}")
    if "solutions" in paths:
        parts.append(f"[solution]({paths['solutions']})")
    return f"**{told['title']}** · {about(told['title'][:2])}  \nNeeds {needs}.  \n{' · '.join(parts)}"


def between(text: str, name: str, new: str) -> str:
    """`text` with what stands between `<!-- name -->` and `<!-- /name -->` replaced."""
    pattern = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.S)
    if not pattern.search(text):
        raise ValueError(f"README.md has no <!-- {name} --> … <!-- /{name} -->")
    return pattern.sub(lambda m: f"{m[1]}{new}\n{m[2]}", text)


def address(root: Path) -> dict[str, str]:
    """Repository and branch, from the one place where they stand."""
    return tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["zeropoint"]


def built(root: Path) -> dict[str, str]:
    """Every file that the sources under `root` make: path from `root` → text."""
    project = address(root)
    template = Path(__file__).with_name("setup_cell.py").read_text(encoding="utf-8").strip()
    setup = template.replace("REPOSITORY", project["repository"]).replace("BRANCH", project["branch"])
    notebooks = {}
    for folder, origin in FOLDERS.items():
        for source in sorted((root / "sources" / origin).glob("*.py")):
            try:
                if not re.match(r"\d\d_", source.name):
                    raise Refused("a source is called by its number and a name, such as 08_zero_is_an_origin.py")
                nb = notebook(root, folder, source.stem, project, setup)
            except Refused as error:
                place = f"{source.relative_to(root)}:{error.line}" if error.line else f"{source.relative_to(root)}"
                raise SystemExit(f"{place}: {error}") from None
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
    for name, pattern in NAMES.items():
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
