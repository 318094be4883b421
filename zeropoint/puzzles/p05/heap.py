"""Heaps, which are additions whose zero is forgotten, and black boxes whose names hide it.

A heap has one operation on three points, t(a, b, c) = a - b + c: go from b to a, starting at c. Finite heaps are tables of
names here: the names 0 … N-1 say which point is meant and nothing else, so 0 is a name like any other.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from jaxtyping import Int
from torch import Tensor

Table = Int[Tensor, "N N"]


def heap(a, b, c):
    """t(a, b, c) = a - b + c, for whatever can be added and subtracted."""
    return a - b + c


def of_group(add: Table) -> Int[Tensor, "N N N"]:
    """T[a, b, c] = a - b + c of the group with this addition table, whose zero is called 0."""
    negative = (add == 0).int().argmax(1)
    return add[add[:, negative]]


@dataclass(frozen=True)
class BlackBox:
    """f(x, y) = P(Mx + y) over F_p^n, as a table of names; rows, columns and entries are named at random.

    `x` and `y` [N, n] are the vectors that the names stand for: the secret, kept for tests, and not printed with the box.
    """

    p: int
    n: int
    seed: int
    table: Table = field(repr=False)
    x: Int[Tensor, "N n"] = field(repr=False)
    y: Int[Tensor, "N n"] = field(repr=False)

    @property
    def label(self) -> str:
        return f"black box over F_{self.p}^{self.n} (seed {self.seed})"


def vectors(p: int, n: int) -> Int[Tensor, "N n"]:
    """All N = pⁿ vectors of F_p^n, counted up with the last coordinate fastest."""
    return torch.cartesian_prod(*[torch.arange(p)] * n).view(-1, n)


def black_box(p: int, n: int, seed: int) -> BlackBox:
    """A box with a random invertible M, a random permutation P, and random names."""
    generator = torch.Generator().manual_seed(seed)
    points, place = vectors(p, n), p ** torch.arange(n - 1, -1, -1)
    while True:  # a random matrix is invertible if no two vectors have the same image
        M = torch.randint(p, (n, n), generator=generator)
        if len((points @ M.T % p @ place).unique()) == len(points):
            break
    x, y = (points[torch.randperm(len(points), generator=generator)] for _ in range(2))
    P = torch.randperm(len(points), generator=generator)
    return BlackBox(p, n, seed, P[(x @ M.T)[:, None].add(y).remainder(p) @ place], x, y)
