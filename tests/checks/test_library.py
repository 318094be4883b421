"""What a puzzle imports does not hold what it asks; where the library has it all the same, the check says so."""

from __future__ import annotations

import ast
import importlib
import inspect
from pathlib import Path
from types import ModuleType

import pytest

from zeropoint.desk import checking
from zeropoint.desk.checking import exact, parts, single, verdict
from zeropoint.desk.compare import same
from zeropoint.desk.exercise import of_puzzle, puzzles

SOURCES = Path(__file__).parents[2] / "sources/puzzles"
NUMBERS = pytest.mark.parametrize("number", puzzles())


def imported(number: str) -> list[ModuleType]:
    """The modules of ours from which a puzzle imports something, the desk aside, and those that it imports."""
    (source,) = SOURCES.glob(f"{int(number):02d}_*.py")
    found = {}
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module.startswith("zeropoint") and node.module != "zeropoint.desk":
            module = importlib.import_module(node.module)
            inside = [getattr(module, alias.name, None) for alias in node.names]
            found |= {m.__name__: m for m in (module, *inside) if isinstance(m, ModuleType)}
    found.pop("zeropoint", None)
    return list(found.values())


def functions(modules: list[ModuleType]) -> dict[str, object]:
    """Their functions, and those that they import from each other."""
    return {
        f"{module.__name__}.{name}": value
        for module in modules
        for name, value in vars(module).items()
        if inspect.isfunction(value) and value.__module__.startswith("zeropoint") and not name.startswith("_")
    }


@NUMBERS
def test_a_puzzle_does_not_import_its_answers(number):
    """04 once handed out its own exercises, references and all."""
    room = f"zeropoint.puzzles.p{int(number):02d}.exercises"
    modules = imported(number)
    assert room not in [module.__name__ for module in modules]
    references = [e.reference for e in of_puzzle(number) if e.reference]
    assert not [name for name, function in functions(modules).items() if function in references]


@pytest.mark.filterwarnings("ignore")
@NUMBERS
def test_what_it_imports_and_would_do_is_recognised(number):
    """Each function that takes an exercise's arguments is tried: whatever gives the right answer, whole or as a part."""
    for exercise in (e for e in of_puzzle(number) if e.cases):
        args = single(exercise.cases(checking.FIXED_SEED)[0])
        right = exercise.reference(*exact(args))
        for name, function in functions(imported(number)).items():
            try:
                inspect.signature(function).bind(*args)
                found = parts(function(*checking.fresh(args)))
            except Exception:  # made for other arguments
                continue
            for i, part in enumerate(found):
                if same(part, right, exercise.tolerance, exercise.scale):
                    said = verdict(exercise, lambda *a, f=function, i=i: parts(f(*a))[i])
                    assert not said.passed, f"{exercise.id}: {name}"
