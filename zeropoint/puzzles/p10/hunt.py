"""Scores the open exercise of puzzle 10: how much of a property of strings do the rows tell, beyond what is known?"""

from __future__ import annotations

import json
import marshal
import subprocess
import sys
import types
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from zeropoint.desk.exercise import Judged
from zeropoint.puzzles.p10 import probes, tokens
from zeropoint.puzzles.p10.study import Study

BAR = 0.1  # what the rows add to the R² of the rank and the puzzle's own properties: a tenth of the property's variance


@dataclass(frozen=True)
class Hunt:
    """One model's readable tokens, as a property of strings is tried on them."""

    texts: list[str]
    X: Float[Tensor, "n d_model"]
    known: Float[Tensor, "n m"]  # rank, length, and the yes-or-no properties


def ground(study: Study) -> Hunt:
    """The readable tokens of a model, their rows, and what is known of them already."""
    listed = torch.stack(list(study.truth.values()), dim=1)
    known = torch.cat([study.rank, tokens.alike(listed)], dim=1)
    return Hunt(study.words.texts, study.X, known)


# A table of the rows would make any "property" linear, and a notebook's memory holds one. So the function runs in another
# Python, which knows the standard library and nothing else (-I -S).
ALONE = """
import json, marshal, sys
from types import FunctionType

sys.stdout = sys.stderr  # whatever the function prints, it is no answer
code, texts = marshal.load(sys.stdin.buffer)
property = FunctionType(code, {"__builtins__": __builtins__})
try:
    said = [float(property(text)) for text in texts]
except Exception as error:
    said = f"{type(error).__name__}: {error}"
json.dump(said, sys.__stdout__)
"""


def by_itself(of: Callable[[str], float], texts: Sequence[str]) -> list[float]:
    """What the function says of each text, in a Python of its own. ValueError: why it cannot; NotImplementedError: not yet."""
    if not isinstance(of, types.FunctionType) or of.__closure__ or of.__defaults__ or of.__kwdefaults__:
        raise ValueError("give a plain function of the string, without defaults or variables from outside")
    sent = marshal.dumps((of.__code__, list(texts)))
    done = subprocess.run([sys.executable, "-I", "-S", "-c", ALONE], input=sent, capture_output=True)
    said = json.loads(done.stdout or '"it ended Python"')
    if isinstance(said, str):
        if said.startswith("NotImplementedError"):
            raise NotImplementedError
        raise ValueError(
            f"your property gives no number for every token ({said}); it knows the string and Python's standard library: "
            "import or define inside the function what it needs"
        )
    return said


def judge(of: Callable[[str], float], hunt: Hunt) -> Judged:
    """What the rows add to what is known, in R², and its parts."""
    try:
        y = torch.tensor(by_itself(of, hunt.texts), dtype=torch.float64)
    except ValueError as error:
        return Judged(str(error), {})
    if not y.isfinite().all():
        return Judged("your property is not finite for every token", {})
    if int((y != y.mode().values).sum()) < tokens.FEW:
        return Judged(f"your property sets fewer than {tokens.FEW} tokens apart from the others", {})
    fold = probes.folds(len(y))
    by_rows, by_known = (probes.held_out(features, y, fold) for features in (hunt.X, hunt.known))
    left = y - by_known
    with_rows = by_known + probes.held_out(hunt.X, left, fold)
    score = probes.gain(y, with_rows, by_known, fold)
    parts = {
        "from the rows": f"R² {probes.r_squared(y, by_rows, fold)}",
        "from what is known": f"R² {probes.r_squared(y, by_known, fold)}",
        "score, what the rows add to that": f"R² {score}",
    }
    return Judged("" if score.low > BAR else f"your score is {score}: its interval must lie above {BAR}", parts)
