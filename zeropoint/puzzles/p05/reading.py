"""What can be read off a heap or a black box: a group for each zero, the steps, an explanation for each pair of zeros.

Puzzle 05 asks for some of this, and so does not import it; the walkthrough does.
"""

from __future__ import annotations

from collections.abc import Mapping

import plotly.graph_objects as go
import torch
from jaxtyping import Int
from torch import Tensor

from zeropoint import plots

Table = Int[Tensor, "N N"]


def group_at(T: Int[Tensor, "N N N"], zero: int) -> tuple[Table, Int[Tensor, " N"]]:
    """The group whose neutral element is `zero`: its addition [N, N] and its negatives [N], out of a heap T[a, b, c]."""
    return T[:, zero, :], T[zero, :, zero]


def is_heap(T: Int[Tensor, "N N N"]) -> bool:
    """t(a, b, t(c, d, e)) = t(t(a, b, c), d, e) and t(a, a, b) = b = t(b, a, a), for all points: N⁵ cases."""
    n = torch.arange(len(T))
    if (T[n, n] != n).any() or (T[:, n, n] != n[:, None]).any():
        return False
    return all(torch.equal(T[a][:, T], T[T[a]]) for a in range(len(T)))  # [b, c, d, e]


def is_group(add: Table, zero: int) -> bool:
    """Associative, `zero` is neutral, and every element has an inverse."""
    n = torch.arange(len(add))
    neutral = torch.equal(add[zero], n) and torch.equal(add[:, zero], n)
    return neutral and torch.equal(add[add], add[:, add]) and bool((add == zero).any(1).all())


def of_vectors(v: Int[Tensor, "N n"], p: int, weights: tuple[int, int, int] = (1, -1, 1)) -> Int[Tensor, "N N N n"]:
    """a - b + c over F_p^n for all triples of the rows of `v`, as vectors; or another combination of them."""
    a, b, c = v[:, None, None], v[None, :, None], v[None, None, :]
    return (weights[0] * a + weights[1] * b + weights[2] * c) % p


def fits(T: Int[Tensor, "N N N"], v: Int[Tensor, "N n"], p: int) -> bool:
    """Is T[a, b, c] the name of a - b + c, if the names 0 … N-1 stand for the rows of `v`?"""
    return torch.equal(v[T], of_vectors(v, p))


def _inverse(rows: Table) -> Table:
    """where[i, z] is the column in which row i holds z. ValueError: some row holds a value twice."""
    values, where = rows.sort(dim=1)
    if (values != torch.arange(rows.shape[1])).any():
        raise ValueError(
            "A row or a column holds a value twice: x and f(x, y) do not fix y, or y and f(x, y) do not fix x."
        )
    return where


def heap_of_columns(f: Table, row: int = 0) -> Int[Tensor, "N N N"]:
    """t(a, b, c) = a - b + c on the second argument's names, from which values of f agree, and from nothing else.

    f(x₁, y₁) = f(x₂, y₂) says y₁ - y₂ = M(x₂ - x₁). With x₁ = `row`, take the x₂ for which f(x₁, a) = f(x₂, b); the y for
    which f(x₁, y) = f(x₂, c) is then as far from c as a is from b. `heap_of_columns(f.T)` is the first argument's heap.
    """
    column_of, row_of = _inverse(f), _inverse(f.T).T  # [x, z] → y and [z, y] → x
    x2 = row_of[f[row]]  # [a, b]
    return column_of[row, f[x2]]  # f[x2] is [a, b, c]


def explain(f: Table, x0: int, y0: int) -> tuple[Int[Tensor, " N"], Int[Tensor, " N"]]:
    """M (names of x → names of y) and P (names of y → values) for which f(x, y) = P(Mx + y), with x0 and y0 as zeros."""
    return _inverse(f)[x0, f[:, y0]], f[x0]


def rebuilt(f: Table, x0: int, y0: int) -> Table:
    """P(Mx + y) with M, P and the addition read off `f` with x0 and y0 as zeros: `f` again, if they can be zeros."""
    M, P = explain(f, x0, y0)
    add, _ = group_at(heap_of_columns(f), y0)
    return P[add[M]]


def dependence(f: Table) -> float:
    """Share of all steps a - b + c that come out differently when they are read from another row than the first."""
    first = heap_of_columns(f)
    others = torch.stack([heap_of_columns(f, row) for row in range(1, len(f))])
    return (others != first).double().mean().item()


def fixed(recovered: bool, zeros: int) -> str:
    """What the box gives away, in a word: `recovered` are the differences; `zeros` is how many choices of zeros fit it."""
    if recovered:
        return "both" if zeros == 1 else "differences"
    return "zero" if zeros == 1 else "neither"


def in_order(add: Table, zero: int) -> Int[Tensor, " N"]:
    """All names by their coordinates: 0, a, 2a, …, b, b + a, b + 2a, …, with a, b, … picked greedily."""
    order = [zero]
    while len(order) < len(add):
        step = next(i for i in range(len(add)) if i not in order)
        coset, found = order, list(order)
        while (coset := add[step, coset].tolist())[0] != zero:
            found += coset
        order = found
    return torch.tensor(order)


def seen_from(f: Table, x0: int, y0: int) -> Table:
    """The table with x0 and y0 as zeros: rows, columns and values in the order of their coordinates."""
    M, P = explain(f, x0, y0)
    order = in_order(group_at(heap_of_columns(f), y0)[0], y0)
    return P[order].argsort()[f[M.argsort()[order]][:, order]]


def switched(f: Table) -> Table:
    """A negative control for p ≥ 3, n ≥ 2: every value still once a row and once a column, yet no P(Mx + y).

    Two rows differ by a permutation of values; along one of its cycles the two rows swap their values. ValueError: there is
    one cycle only, so that the rows would swap as a whole.
    """
    out, column_of = f.clone(), _inverse(f)
    cycle = [0]
    while (column := column_of[0, f[1, cycle[-1]]].item()) != 0:
        cycle.append(column)
    if len(cycle) == len(f):
        raise ValueError("One cycle runs through all columns: nothing to switch; take n ≥ 2.")
    out[0, cycle], out[1, cycle] = f[1, cycle], f[0, cycle]
    return out


def picture(views: Mapping[str, Table], title: str) -> go.Figure:
    """Tables side by side, dark for a high number."""
    fig = plots.panels(list(views))
    for column, view in enumerate(views.values(), start=1):
        fig.add_trace(go.Heatmap(z=view.tolist(), colorscale="Greys", showscale=False), row=1, col=column)
    return plots.finish(fig, title, "number of y", ["number of x", "", ""], height=430)
