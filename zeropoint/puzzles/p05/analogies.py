"""Analogies among a model's own tokens, a is to b as c is to d, and the rules that pick d."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import plotly.graph_objects as go
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn.functional import normalize

from zeropoint import geometry, plots
from zeropoint.claims import Estimate, over
from zeropoint.puzzles.p05.heap import heap
from zeropoint.puzzles.p05.shifts import direction
from zeropoint.streams import word_pairs

# How a byte-level vocabulary spells both members of a pair; Ġ is a leading space.
FAMILIES: dict[str, Callable[[str], tuple[str, str]]] = {
    "leading space": lambda word: (word, f"Ġ{word}"),
    "capital": lambda word: (f"Ġ{word}", f"Ġ{word.capitalize()}"),
    "plural": lambda word: (f"Ġ{word}", f"Ġ{word}s"),
    "past": lambda word: (f"Ġ{word}", f"Ġ{word}ed"),
}


def shared_tokens(first, second) -> tuple[dict[str, int], Int[Tensor, "n 2"]]:
    """The tokens that two tokenizers share, in the first one's order, and their numbers in both.

    As a dictionary from token to its row here. A leading space is written Ġ by some and ▁ by others: here always Ġ.
    """
    ours, theirs = ({t.replace("▁", "Ġ"): i for t, i in tokenizer.get_vocab().items()} for tokenizer in (first, second))
    shared = sorted(set(ours) & set(theirs), key=ours.get)
    words = {token: row for row, token in enumerate(shared)}
    return words, torch.tensor([(ours[token], theirs[token]) for token in shared])


def pairs(vocabulary: Mapping[str, int], family: str, most: int = 60) -> Int[Tensor, "n 2"]:
    """Token ids of the `most` pairs with the lowest numbers, both members being tokens; low numbers are frequent tokens.

    "s" and "ed" are only endings here: not all are plurals or pasts.
    """
    return word_pairs(vocabulary, FAMILIES[family], most)


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
    rounds: int


def questions(pairs: Int[Tensor, "n 2"], rounds: int, seed: int) -> Questions:
    """Every pair is asked for `rounds` times, each time with another pair to help; m = rounds · n, round by round."""
    n = len(pairs)
    steps = torch.randperm(n - 1, generator=torch.Generator().manual_seed(seed))[:rounds] + 1
    (a, b), (c, d) = torch.cat([pairs.roll(int(s), 0) for s in steps]).T, pairs.repeat(rounds, 1).T
    return Questions(a, b, c, d, pairs.flatten().unique(), rounds)


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
COMPARED = tuple(RULES)[:4]  # without the control


def answers(
    W: Float[Tensor, "d_vocab d_model"], q: Questions, rule: str, shift: Float[Tensor, " d_model"] | float = 0.0
) -> Int[Tensor, " m"]:
    """The token that `rule` (a key of RULES) gives to each question, in the cloud W + shift, in float64."""
    score = RULES[rule](*(W[ids].double() + shift for ids in (q.a, q.b, q.c, q.candidates)))
    given = torch.stack([q.a, q.b, q.c], dim=1)
    score[(q.candidates[None, :, None] == given[:, None, :]).any(2)] = -torch.inf
    return q.candidates[score.argmax(1)]


# A quiz is a list of families' questions; its answers are [rounds, pairs of all families].
Quiz = list[Questions]


def quiz(vocabulary: Mapping[str, int], rounds: int, seed: int, mismatch: bool = False) -> Quiz:
    """Questions of every family that has more pairs than `rounds`; with `mismatch`, of pairs with nothing in common."""
    families = [pairs(vocabulary, name) for name in FAMILIES]
    families = [mismatched(family) if mismatch else family for family in families if len(family) > rounds]
    return [questions(family, rounds, seed) for family in families]


def say(W: Float[Tensor, "d_vocab d_model"], asked: Quiz, rule: str, shift=0.0) -> Int[Tensor, "rounds n"]:
    """The answers of `rule` in the cloud W + shift."""
    return torch.cat([answers(W, q, rule, shift).view(q.rounds, -1) for q in asked], dim=1)


def right(W: Float[Tensor, "d_vocab d_model"], asked: Quiz, rule: str, shift=0.0) -> Bool[Tensor, "rounds n"]:
    """Which of them are right."""
    return say(W, asked, rule, shift) == torch.cat([q.d.view(q.rounds, -1) for q in asked], dim=1)


def by_pair(marks: Float[Tensor, "rounds n"] | Bool[Tensor, "rounds n"]) -> Estimate:
    """Mean of `marks`. The n pairs asked for are the independent sample: asking twice tells nothing new."""
    return over(marks.double().mean(0).tolist(), "pairs")


def gain(new: Bool[Tensor, "rounds n"], old: Bool[Tensor, "rounds n"]) -> Estimate:
    """What `new` has right more often than `old`, paired question by question."""
    return by_pair(new.double() - old.double())


def same(ours: Int[Tensor, "rounds n"], theirs: Int[Tensor, "rounds n"]) -> float:
    """Share of questions with the same answer."""
    return (ours == theirs).double().mean().item()


def shift(W: Float[Tensor, "d_vocab d_model"], size: float, seed: int) -> Float[Tensor, " d_model"]:
    """`size` spreads of the cloud, in a random direction."""
    return size * geometry.spread(W) * direction(W.shape[1], seed)


def agreement(
    W: Float[Tensor, "d_vocab d_model"], asked: Quiz, rule: str, sizes: Sequence[float], directions: int = 3
) -> list[Estimate]:
    """For each size of shift, how often `rule` in the moved cloud says what the parallelogram says in the unmoved one."""
    unmoved = say(W, asked, "parallelogram")
    return [
        over([same(say(W, asked, rule, shift(W, size, seed)), unmoved) for seed in range(directions)], "directions")
        for size in sizes
    ]


def kept(W: Float[Tensor, "d_vocab d_model"], asked: Quiz, sizes: Sequence[float]) -> dict[str, float]:
    """For each rule, the smallest share of its own answers that it keeps under a shift of one of these sizes."""
    shares = {}
    for rule in COMPARED:
        unmoved = say(W, asked, rule)
        shares[rule] = min(same(say(W, asked, rule, shift(W, size, seed=0)), unmoved) for size in sizes)
    return shares


def figure(agreed: Mapping[str, Mapping[str, list[Estimate]]], sizes: Sequence[float], title: str) -> go.Figure:
    """`agreement` by model (a panel each) and rule, with intervals over the directions of the shift."""
    fig = plots.panels(list(agreed))
    for column, rules in enumerate(agreed.values(), start=1):
        for i, (rule, found) in enumerate(rules.items()):
            y, error = [e.value for e in found], [e.half_width for e in found]
            trace = plots.line(rule, [f"{size:g}" for size in sizes], y, i, error, mode="lines+markers")
            fig.add_trace(trace, row=1, col=column)
    fig.update_yaxes(range=[0, 1.05])
    return plots.finish(fig, title, "shift (spreads)", ["share of questions", ""], height=460)
