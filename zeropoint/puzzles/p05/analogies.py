"""Analogies among a model's own tokens, a is to b as c is to d, and the rules that pick d."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn.functional import normalize

from zeropoint.puzzles.p05.heap import heap

# How a byte-level vocabulary spells both members of a pair; Ġ is a leading space.
FAMILIES: dict[str, Callable[[str], tuple[str, str]]] = {
    "leading space": lambda word: (word, f"Ġ{word}"),
    "capital": lambda word: (f"Ġ{word}", f"Ġ{word.capitalize()}"),
    "plural": lambda word: (f"Ġ{word}", f"Ġ{word}s"),
    "past": lambda word: (f"Ġ{word}", f"Ġ{word}ed"),
}


def pairs(vocabulary: Mapping[str, int], family: str, most: int = 60) -> Int[Tensor, "n 2"]:
    """Token ids of the `most` pairs with the lowest numbers, both members being tokens; low numbers are frequent tokens.

    Words are lower-case ASCII of three letters or more; "s" and "ed" are only endings here: not all are plurals or pasts.
    """
    words = [token.removeprefix("Ġ") for token in vocabulary]
    words = {w for w in words if len(w) > 2 and w.isascii() and w.isalpha() and w.islower()}
    ids = [tuple(map(vocabulary.get, FAMILIES[family](w))) for w in words]
    return torch.tensor(sorted((pair for pair in ids if None not in pair), key=lambda pair: (max(pair), pair))[:most])


def mismatched(pairs: Int[Tensor, "n 2"]) -> Int[Tensor, "n 2"]:
    """The same tokens, each first member with another pair's second one: a family with nothing in common."""
    return torch.stack([pairs[:, 0], pairs[:, 1].roll(1)], dim=1)


@dataclass(frozen=True)
class Questions:
    """a : b = c : ?, with the right answer d; the answer is sought among the family's tokens, but for a, b and c."""

    a: Int[Tensor, " m"]
    b: Int[Tensor, " m"]
    c: Int[Tensor, " m"]
    d: Int[Tensor, " m"]
    candidates: Int[Tensor, " k"]


def questions(pairs: Int[Tensor, "n 2"], rounds: int, seed: int) -> Questions:
    """Every pair is asked for `rounds` times, each time with another pair to help; m = rounds · n, round by round."""
    n = len(pairs)
    steps = torch.randperm(n - 1, generator=torch.Generator().manual_seed(seed))[:rounds] + 1
    (a, b), (c, d) = torch.cat([pairs.roll(int(s), 0) for s in steps]).T, pairs.repeat(rounds, 1).T
    return Questions(a, b, c, d, pairs.flatten().unique())


def _cosines(points: Float[Tensor, "m d"], w: Float[Tensor, "k d"]) -> Float[Tensor, "m k"]:
    return normalize(points, dim=1) @ normalize(w, dim=1).T


def _units(*rows: Tensor) -> list[Tensor]:
    return [normalize(r, dim=1) for r in rows]


# Scores [m, k] of the candidates w [k, d], from the vectors a, b, c [m, d]; the highest wins.
RULES: dict[str, Callable[[Tensor, Tensor, Tensor, Tensor], Float[Tensor, "m k"]]] = {
    "parallelogram": lambda a, b, c, w: -torch.cdist(heap(b, a, c), w),
    "3CosAdd, unit rows": lambda a, b, c, w: _cosines(heap(*_units(b, a, c)), w),
    "3CosAdd, rows as they are": lambda a, b, c, w: _cosines(heap(b, a, c), w),
    "dot product": lambda a, b, c, w: heap(b, a, c) @ w.T,
    "nearest to c": lambda a, b, c, w: -torch.cdist(c, w),  # a control: no analogy in it
}


def answers(
    W: Float[Tensor, "d_vocab d_model"], q: Questions, rule: str, shift: Float[Tensor, " d_model"] | float = 0.0
) -> Int[Tensor, " m"]:
    """The token that `rule` (a key of RULES) gives to each question, in the cloud W + shift, in float64."""
    score = RULES[rule](*(W[ids].double() + shift for ids in (q.a, q.b, q.c, q.candidates)))
    given = torch.stack([q.a, q.b, q.c], dim=1)
    score[(q.candidates[None, :, None] == given[:, None, :]).any(2)] = -torch.inf
    return q.candidates[score.argmax(1)]


def mean_and_error(right: Bool[Tensor, "rounds n"] | Float[Tensor, "rounds n"]) -> tuple[float, float]:
    """Mean, and half of a 95 % interval that takes the n pairs asked for as the independent sample."""
    by_pair = right.double().mean(0)
    return by_pair.mean().item(), 1.96 * (by_pair.std() / len(by_pair) ** 0.5).item()
