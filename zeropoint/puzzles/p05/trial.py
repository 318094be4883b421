"""Every claim about a box's zeros, tried with a scholar's own 5.4 and 5.5; and the same on a table that is no such box."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd
import torch
from jaxtyping import Int
from torch import Tensor

from zeropoint.puzzles.p05.heap import BlackBox, Table, heap, of_group
from zeropoint.puzzles.p05.reading import fixed, switched

Step = Callable[[Table, int, int, int], int]
Explain = Callable[[Table, int, int], tuple[Int[Tensor, " N"], Int[Tensor, " N"]]]


@dataclass(frozen=True)
class Trial:
    """What came of one table."""

    steps_right: float
    """Share of the steps a - 0 + c, from all a to all c of y, that are as the secret vectors say."""
    rebuild: int
    """Claims whose M and P give the whole table again, f(x, y) = P(Mx + y)."""
    fit: int
    """Those of them whose M is a matrix besides, M(x + x') = Mx + Mx'."""

    @property
    def word(self) -> str:
        """What of y's space the table gives."""
        return fixed(self.steps_right == 1, self.fit)


def sums(step: Step, f: Table) -> Table:
    """a - 0 + c for all names a and c of y, as `step` reads it off `f`; 0 is any name. All other steps follow from these."""
    names = range(len(f))
    return torch.tensor([[step(f, a, 0, c) for c in names] for a in names])


def every_claim(f: Table, y: Int[Tensor, "N n"], p: int, step: Step, explain: Explain) -> Trial:
    """Call each name of x and each of y zero in turn. Sums are made of steps, so they have the claimed zero."""
    add_x, add_y = sums(step, f.T), sums(step, f)
    T_x, T_y = of_group(add_x), of_group(add_y)
    rebuild = fit = 0
    for x0 in range(len(f)):
        for y0 in range(len(f)):
            M, P = explain(f, x0, y0)
            plus_x, plus_y = T_x[:, x0], T_y[:, y0]
            whole = torch.equal(P[plus_y[M]], f)
            matrix = torch.equal(M[plus_x], plus_y[M][:, M])
            rebuild += whole
            fit += whole and matrix
    right = (y[add_y] == heap(y[:, None], y[0], y) % p).all(-1).double().mean().item()
    return Trial(right, rebuild, fit)


def trials(box: BlackBox, step: Step, explain: Explain) -> dict[str, Trial]:
    """The box, and a control: two of its rows exchange some values, after which no P(Mx + y) is the table."""
    tables = {box.label: box.table, "control: two rows exchange some values": switched(box.table)}
    return {name: every_claim(f, box.y, box.p, step, explain) for name, f in tables.items()}


def table(tried: dict[str, Trial]) -> pd.DataFrame:
    """A row for each table."""
    columns = {
        "share of a − b + c right": [t.steps_right for t in tried.values()],
        "claims that give the table": [t.rebuild for t in tried.values()],
        "and whose M adds": [t.fit for t in tried.values()],
    }
    return pd.DataFrame(columns, index=list(tried))
