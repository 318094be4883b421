"""Is this answer that answer? Every right form of a value is accepted; what differs is said in one line."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

COARSE = (torch.float16, torch.bfloat16)


@dataclass(frozen=True)
class Difference:
    """Why an answer is not the expected one. `yours` and `expected` are empty where the two cannot be compared."""

    sentence: str  # whole, but for what it was on: "your answer differs at [0, 0] (8 of 8 entries differ)"
    yours: str = ""
    expected: str = ""


def number(x: float) -> str:
    return f"{x:.6g}" if isinstance(x, float) else str(x)  # token ids and masks as what they are


def describe(value: Any) -> str:
    """What kind of thing an answer is, for a reader: "a tensor of shape [7, 5]", "a number", "a list"."""
    value = plain(value)
    if isinstance(value, Tensor):
        return f"a tensor of shape {list(value.shape)}" if value.ndim else "a number"
    if isinstance(value, bool | str | int | float):
        return {bool: "True or False", str: "a string"}.get(type(value), "a number")
    return "None" if value is None else f"a {type(value).__name__}"


def brief(value: Any) -> str:
    """An answer in at most a line."""
    value = plain(value)
    if isinstance(value, tuple | list):
        return "(" + ", ".join(brief(v) for v in value) + ")"
    if isinstance(value, Tensor) and value.ndim == 1 and len(value) > 1000 and value.is_floating_point():
        low, middle, high = value.double().quantile(torch.tensor([0.05, 0.5, 0.95], dtype=torch.float64)).tolist()
        return f"{len(value)} numbers: median {middle:.3g}, nine in ten between {low:.3g} and {high:.3g}"
    if isinstance(value, Tensor) and value.ndim:
        head = ", ".join(number(x) for x in value.flatten()[:3].tolist())
        return f"{list(value.shape)}: {head}{', …' if value.numel() > 3 else ''}"
    value = value.item() if isinstance(value, Tensor) else value
    return number(value) if isinstance(value, float) else str(value)


def plain(value: Any) -> Any:
    """numpy to torch, off the graph and on the CPU; anything else as it is."""
    if isinstance(value, np.ndarray | np.generic) and value.dtype.kind in "biufc":
        value = torch.from_numpy(np.array(value))
    if isinstance(value, Tensor):
        value = value.detach().cpu()
        return value if value.layout == torch.strided else value.to_dense()
    return value


def difference(yours: Any, expected: Any, tolerance: float, scale: float | None = None) -> Difference | None:
    """The first thing that sets `yours` apart from `expected`, None where they agree.

    A float agrees within `tolerance` times the larger of `scale` and the largest expected entry; whole numbers, truth
    values and strings (case aside) agree exactly.
    """
    if isinstance(expected, tuple):
        if not isinstance(yours, tuple | list) or len(yours) != len(expected):
            got = f"{len(yours)} values" if isinstance(yours, tuple | list) else describe(yours)
            return Difference(f"got {got}, expected a tuple of {len(expected)}")
        for i, (y, e) in enumerate(zip(yours, expected, strict=True), 1):
            if found := difference(y, e, tolerance, scale):
                which = f"value {i} of {len(expected)}"
                said = found.sentence.replace("your answer", f"{which} of your answer", 1)
                said = said if found.expected else f"{which}: {said}"
                return Difference(said, found.yours, found.expected)
        return None
    if isinstance(expected, str):
        if not isinstance(yours, str):
            return Difference(f"got {describe(yours)}, expected a string")
        same = yours.strip().casefold() == expected.strip().casefold()
        return None if same else Difference("your answer is another string", repr(yours), repr(expected))
    return _numeric_difference(plain(yours), torch.as_tensor(_wide(plain(expected))), tolerance, scale)


def _wide(value: Any) -> Any:
    """A Python float becomes float64, whatever the default dtype is."""
    return torch.tensor(value, dtype=torch.float64) if type(value) is float else value


def _numeric_difference(yours: Any, expected: Tensor, tolerance: float, scale: float | None) -> Difference | None:
    wanted = describe(expected)
    if expected.dtype == torch.bool and not expected.ndim:
        wanted = "True or False"
    if not isinstance(yours, Tensor | bool | int | float):
        return Difference(f"got {describe(yours)}, expected {wanted}")
    yours = torch.as_tensor(_wide(yours))
    if yours.shape != expected.shape:
        return Difference(f"got {describe(yours)}, expected {wanted}")
    if yours.is_complex() or (yours.dtype == torch.bool) != (expected.dtype == torch.bool):
        return Difference(f"got {str(yours.dtype).removeprefix('torch.')} values, expected {_kind(expected)}")
    if yours.dtype in COARSE:
        return Difference(
            f"got {str(yours.dtype).removeprefix('torch.')}, which keeps about 3 digits: work in float32 or float64"
        )
    bad = ~torch.isfinite(yours)
    if bad.any() and torch.isfinite(expected).all():
        at = bad.nonzero()[0].tolist()
        value = yours[tuple(at)].item()
        nan = "a division by zero, or a root of something negative?"
        infinite = "the right answer is finite; a division by zero, or an overflow?"
        return Difference(f"got {value}{_at(at)} ({nan if math.isnan(value) else infinite})")
    if not expected.is_floating_point():
        wrong = yours != expected
    else:
        limit = tolerance * max(scale or 0.0, expected.abs().max().item() if expected.numel() else 0.0)
        wrong = ~((yours.double() - expected.double()).abs() <= limit)  # so that nothing equals a NaN
    if not wrong.any():
        return None
    at = wrong.nonzero()[0].tolist()
    count = f" ({int(wrong.sum())} of {wrong.numel()} entries differ)" if expected.ndim else ""
    y, e = yours[tuple(at)].item(), expected[tuple(at)].item()
    shown = (brief(y), brief(e)) if brief(y) != brief(e) else (repr(y), repr(e))
    return Difference(f"your answer differs{_at(at)}{count}", *shown)


def _at(index: list[int]) -> str:
    return f" at {index}" if index else ""


def _kind(expected: Tensor) -> str:
    return "True or False" if expected.dtype == torch.bool else "real numbers"


def same(a: Any, b: Any, tolerance: float, scale: float | None) -> bool:
    """Do two answers, both possibly wrong, agree? NaN agrees with NaN, and with nothing else."""
    a, b = plain(a), plain(b)
    if isinstance(a, tuple | list) and isinstance(b, tuple | list):
        return len(a) == len(b) and all(same(x, y, tolerance, scale) for x, y in zip(a, b, strict=True))
    if isinstance(b, str) or not isinstance(b, Tensor | bool | int | float):
        return type(a) is type(b) and a == b
    if not isinstance(a, Tensor | bool | int | float):
        return False
    a, b = torch.as_tensor(_wide(a)), torch.as_tensor(_wide(b))
    if a.shape != b.shape or a.is_complex() or b.is_complex():
        return False
    finite = torch.isfinite(b)
    if (torch.isfinite(a) != finite).any() or (a.isnan() != b.isnan()).any():
        return False
    return difference(torch.where(finite, a, 0), torch.where(finite, b, 0), tolerance, scale) is None
