"""Scores the open exercise of puzzle 10: how much of a property of strings do the rows tell, beyond what is known?"""

from __future__ import annotations

import builtins
import math
import types
from collections.abc import Callable
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


def by_itself(of: Callable[[str], float]) -> Callable[[str], float]:
    """The function without the notebook around it: neither its variables nor defaults nor what it closed over.

    A table of the rows would make any "property" linear. ValueError: it cannot be cut out.
    """
    if not isinstance(of, types.FunctionType) or of.__closure__ or of.__defaults__ or of.__kwdefaults__:
        raise ValueError("give a plain function of the string, without defaults or variables from outside")
    return types.FunctionType(of.__code__, {"__builtins__": builtins}, of.__name__)


def judge(of: Callable[[str], float], hunt: Hunt) -> Judged:
    """What the rows add to what is known, in R², and its parts."""
    try:
        alone = by_itself(of)
        y = torch.tensor([float(alone(text)) for text in hunt.texts], dtype=torch.float64)
    except NameError as error:
        said = f"your property knows the string alone, and {error}: import or define inside the function what it needs"
        return Judged(said, {})
    except (TypeError, ValueError) as error:
        return Judged(f"your property gives no number for every token: {error}", {})
    if not all(map(math.isfinite, y.tolist())):
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
