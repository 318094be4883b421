"""The bank of answers: what people write, right and wrong, kept so that no check can pass a wrong one unseen.

`bank_NN.py` holds `BANK = {"1.2": Bank(right=[...], wrong=[(answer, "the mistake's name" or None), ...])}` for puzzle NN.
An answer is a function, or the value itself; write them as a learner would, not by calling the reference.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

LEAST_RIGHT, LEAST_WRONG = 3, 5


@dataclass(frozen=True)
class Bank:
    right: list[Any]
    wrong: list[tuple[Any, str | None]]
    """None: wrong, and none of the known mistakes. Where an exercise has a judge, the name is words of its sentence."""
    real: dict[str, Any] = field(default_factory=dict)
    """For value and choice exercises that are computed from a matrix."""


def everything() -> dict[str, Bank]:
    """Every bank of the folder, by exercise."""
    out: dict[str, Bank] = {}
    for path in sorted(Path(__file__).parent.glob("bank_*.py")):
        out |= importlib.import_module(f"{__package__}.{path.stem}").BANK
    return out
