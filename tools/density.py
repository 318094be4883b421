"""How easy the built notebooks are to read, as far as it can be counted: print a table, exit 1 where a limit is passed.

    python tools/density.py

Counted without the set-up cell. *Nodes* are nodes of the syntax tree, the measure of how much a line asks of its reader;
scikit-learn-mooc has 6.4 a line, ThinkBayes 7.2, LLMs-from-scratch 10.2, Tensor-Puzzles 11.0.
"""

from __future__ import annotations

import ast
import re
import sys
from dataclasses import dataclass
from pathlib import Path

import nbformat
from IPython.core.inputtransformer2 import TransformerManager

COLUMNS, NODES, CELLS_IN_A_ROW, WORDS = 100, 11.0, 2, 2000
BRANCHES = (ast.IfExp, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


@dataclass(frozen=True)
class Density:
    lines: int  # of code: no blank lines, no comments
    nodes: float  # a code line
    long: int  # lines of code over COLUMNS
    in_a_row: int  # the most code cells without prose between them
    clever: int  # f-strings with a condition or a loop inside
    words: int

    def faults(self, walkthrough: bool) -> list[str]:
        """What passes a limit, one phrase each. Density and cells in a row are asked of walkthroughs only."""
        found = {
            f"{self.long} lines of code over {COLUMNS} columns": self.long,
            f"{self.clever} f-strings with a condition or a loop inside": self.clever,
            f"{self.words} words, over {WORDS}": self.words > WORDS,
            f"{self.nodes:.1f} nodes a code line, over {NODES:.0f}": walkthrough and self.nodes > NODES,
            f"{self.in_a_row} code cells in a row": walkthrough and self.in_a_row > CELLS_IN_A_ROW,
        }
        return [phrase for phrase, wrong in found.items() if wrong]


def density(nb: nbformat.NotebookNode) -> Density:
    """Of a built notebook: head, set-up cell, the rest."""
    cells = [nb.cells[0], *nb.cells[2:]]
    prose = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    code = [TransformerManager().transform_cell(cell.source) for cell in cells if cell.cell_type == "code"]
    lines = [line for text in code for line in text.splitlines() if line.strip() and not line.strip().startswith("#")]
    nodes = [node for text in code for node in ast.walk(ast.parse(text))]
    strings = [node for node in nodes if isinstance(node, ast.JoinedStr)]
    return Density(
        lines=len(lines),
        nodes=len(nodes) / max(1, len(lines)),
        long=sum(len(line) > COLUMNS for line in lines),
        in_a_row=max(len(run) for run in re.findall("c*", "".join(cell.cell_type[0] for cell in cells))),
        clever=sum(any(isinstance(part, BRANCHES) for part in ast.walk(string)) for string in strings),
        words=len(re.sub(r"\]\([^)]*\)|[^\w\s'’-]", " ", prose).split()),
    )


def faults(name: str, found: Density) -> list[str]:
    """What is wrong with the notebook called `name`, such as notebooks/01_a_title."""
    return found.faults(walkthrough=name.startswith("notebooks/"))


def main(root: Path) -> int:
    wrong = []
    print("                                          lines  nodes/line  long  in a row  clever  words")
    for path in sorted(root.glob("[nps]*/[0-9][0-9]_*.ipynb")):
        name = f"{path.parent.name}/{path.stem}"
        d = density(nbformat.read(path, as_version=4))
        print(f"{name:40}  {d.lines:5}  {d.nodes:10.1f}  {d.long:4}  {d.in_a_row:8}  {d.clever:6}  {d.words:5}")
        wrong += [f"{name}: {fault}" for fault in faults(name, d)]
    print("\n".join(wrong) or "All keep to the limits.")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main(Path(__file__).parents[1]))
