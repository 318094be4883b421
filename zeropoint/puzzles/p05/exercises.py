"""Puzzle 05, geometry without an origin."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from zeropoint.desk.exercise import Exercise, Mistake
from zeropoint.puzzles.p05.heap import black_box, of_group

# --- 5.1 -----------------------------------------------------------------------------------------------------------


def group_from_heap(T: Int[Tensor, "N N N"], zero: int) -> tuple[Int[Tensor, "N N"], Int[Tensor, " N"]]:
    """The tables of a + b and of −a, in the group that has `zero` for its zero."""
    add = T[:, zero, :]  # a − zero + b
    negative = T[zero, :, zero]  # zero − a + zero
    return add, negative


def heap_tables(seed: int) -> list[tuple[Tensor, int]]:
    """Heaps of cyclic groups and F_3², and of the six permutations of three things, where a + b is not b + a."""
    generator = torch.Generator().manual_seed(seed)
    cyclic = [(torch.arange(n)[:, None] + torch.arange(n)) % n for n in (3, 5, 7, 8)]
    permutations = [(0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)]
    after = [[permutations.index(tuple(p[i] for i in q)) for q in permutations] for p in permutations]
    digits = torch.cartesian_prod(torch.arange(3), torch.arange(3))
    plane = (digits[:, None] + digits) % 3 @ torch.tensor([3, 1])
    out = []
    for add in [*cyclic, torch.tensor(after), plane]:
        T = _renamed(of_group(add), torch.randperm(len(add), generator=generator))
        # two zeros a table, neither of them called 0
        out += [(T, z + 1) for z in torch.randperm(len(add) - 1, generator=generator)[:2].tolist()]
    return out


def _renamed(T: Tensor, name: Tensor) -> Tensor:
    old = name.argsort()
    return name[T[old][:, old][:, :, old]]


EX_5_1 = Exercise(
    id="5.1",
    title="a group out of a heap",
    kind="function",
    difficulty=1,
    minutes=8,
    statement="""
    Forget where zero is, and keep only t(a, b, c) = a − b + c: from c, go the way that leads from b to a.
    That is a **heap**. Here it is a table T[a, b, c] of names 0 … N−1, which are only names. The order of a, b and c
    matters: a + b need not be b + a.

    Any point can be made the zero of a group. Take `zero`, and return two tensors: a + b for all a and b, and −a
    for all a.
    """,
    cases=heap_tables,
    reference=group_from_heap,
    real=lambda T: (T, 1),
    mistakes=[
        Mistake(
            "differences for sums",
            lambda T, zero: (T[:, :, zero], T[zero, :, zero]),
            "What is zero + b in your table? And a + a?",
        ),
        Mistake(
            "differences for sums",
            lambda T, zero: (T[zero], T[zero, :, zero]),
            "What is a + zero in your table? And a + a?",
        ),
        Mistake(
            "the point named 0 is taken for zero",
            lambda T, zero: (T[:, 0, :], T[0, :, 0]),
            "Names mean nothing here, 0 is one of them. Which point was chosen?",
        ),
        Mistake(
            "a and b have changed places",
            lambda T, zero: (T[:, zero, :].T, T[zero, :, zero]),
            "Not every group lets you. In a + b, which of the two stands first?",
        ),
        Mistake(
            "every element is its own negative",
            lambda T, zero: (T[:, zero, :], T[zero, zero, :]),
            "Add an element to what you call its negative. Do you get zero?",
        ),
        Mistake(
            "the negatives are doubles",
            lambda T, zero: (T[:, zero, :], T[:, zero, :].diagonal()),
            "Add an element to what you call its negative. Do you get zero?",
        ),
        Mistake(
            "the names are taken for numbers",
            lambda T, zero: (
                (torch.arange(len(T))[:, None] + torch.arange(len(T)) - zero) % len(T),
                (2 * zero - torch.arange(len(T))) % len(T),
            ),
            "Point 3 is called 3, as a street may be called Third. Only T knows how to calculate.",
        ),
        Mistake(
            "the names are taken for numbers",
            lambda T, zero: (
                (torch.arange(len(T))[:, None] + torch.arange(len(T))) % len(T),
                -torch.arange(len(T)) % len(T),
            ),
            "Point 3 is called 3, as a street may be called Third. Only T knows how to calculate.",
        ),
        Mistake(
            "in −a, the names are taken for numbers",
            lambda T, zero: (T[:, zero, :], -torch.arange(len(T)) % len(T)),
            "Your sums are right. Now add an element to what you call its negative: only T knows how to calculate.",
        ),
        Mistake(
            "in −a, the names are taken for numbers",
            lambda T, zero: (T[:, zero, :], (2 * zero - torch.arange(len(T))) % len(T)),
            "Your sums are right. Now add an element to what you call its negative: only T knows how to calculate.",
        ),
        Mistake(
            "every negative is zero",
            lambda T, zero: (T[:, zero, :], T[zero].diagonal()),
            "From a back to a is no step at all: t(zero, a, a) is zero. Where does a stand in 0 − a?",
        ),
    ],
    hints=[
        "T knows one sum only: a point, minus a point, plus a point. Write a + b as such a sum. You may use zero itself.",
        "a + b = a − zero + b. Which slot of T is fixed?",
        "Write −a in the same way. It needs zero twice.",
    ],
)

# --- 5.2 -----------------------------------------------------------------------------------------------------------


def combine(
    points: Float[Tensor, "k d"], weights: Float[Tensor, " k"], base: Float[Tensor, " d"]
) -> Float[Tensor, " d"]:
    """The point Σ wᵢ·xᵢ, with `base` in the part of zero."""
    steps = points - base  # [k, d]: from the base to each point
    return base + weights @ steps


def weighted(seed: int) -> list[tuple[Tensor, Tensor, Tensor]]:
    """Points away from zero, a base away from both; weights that add up to one in one case of four."""
    generator = torch.Generator().manual_seed(seed)
    out = []
    for k, d in ((1, 3), (2, 5), (3, 4), (5, 5), (4, 2), (6, 9)):
        points = torch.randn(k, d, generator=generator, dtype=torch.float64) + 3
        weights = torch.rand(k, generator=generator, dtype=torch.float64) + 0.3
        weights[k // 2] *= -0.5 if k > 3 else 1
        if k == 3:
            weights /= weights.sum()
        elif (weights.sum() - 1).abs() < 0.2:
            weights *= 2
        base = 2 * torch.randn(d, generator=generator, dtype=torch.float64) - 2
        out.append((points, weights, base))
    return out


STAY = "With all weights 0 you should be standing somewhere. Where?"

EX_5_2 = Exercise(
    id="5.2",
    title="a combination, seen from a base point",
    kind="function",
    difficulty=1,
    minutes=6,
    statement="""
    Σ wᵢ·xᵢ is a walk from zero, by wᵢ times the step from zero to xᵢ. Let `base` play the part of zero: walk from there, by
    steps taken from there, and return the point where you stand. Take the weights as they are, whatever they add up to.
    """,
    cases=weighted,
    reference=combine,
    real=lambda W: (W[1000:1003], torch.tensor([0.5, 2.0, -1.0], dtype=W.dtype), W[0]),
    mistakes=[
        Mistake("the base is not put back", lambda points, weights, base: weights @ (points - base), STAY),
        Mistake(
            "the base plays no part",
            lambda points, weights, base: weights @ points,
            "This is the answer of somebody who stands at zero. You stand at the base.",
        ),
        Mistake(
            "the base is added, but the steps start at zero",
            lambda points, weights, base: base + weights @ points,
            "How long is the step to a point that lies right at the base?",
        ),
        Mistake(
            "the base is taken off once, not from each point",
            lambda points, weights, base: weights @ points - base,
            "Each point is reached by a step of its own from the base. And where does the answer lie with all weights 0?",
        ),
        Mistake(
            "the weights are made to add up to one",
            lambda points, weights, base: base + weights @ (points - base) / weights.sum(),
            "Twice a vector is a combination too, and a legal one: leave the weights as they are.",
        ),
        Mistake(
            "the weights play no part",
            lambda points, weights, base: base + (points - base).sum(0),
            "How far do you walk towards each point?",
        ),
        Mistake(
            "the weights play no part",
            lambda points, weights, base: points.mean(0),
            "How far do you walk towards each point?",
        ),
        Mistake(
            "the base is counted once a point",
            lambda points, weights, base: (base + weights[:, None] * (points - base)).sum(0),
            "You start from the base once, however many steps follow.",
        ),
        Mistake(
            "the steps are walked backwards",
            lambda points, weights, base: base + weights @ (base - points),
            "With one point and weight 1 you should arrive at it.",
        ),
        Mistake(
            "the base is added to each point, not taken off",
            lambda points, weights, base: weights @ (points + base),
            "Which step leads from the base to a point that lies right at the base?",
        ),
        Mistake(
            "all points get the same weight",
            lambda points, weights, base: base + weights.sum() * (points.mean(0) - base),
            "With weights 1 and 0 you should arrive at the first point. Each weight belongs to one step.",
        ),
        Mistake(
            "divided by the number of points",
            lambda points, weights, base: base + (weights[:, None] * (points - base)).mean(0),
            "A sum, as it stands. Two points with weight 1 each: how many steps do you walk?",
        ),
    ],
    hints=[
        "Make the base the zero: describe each point by the step that leads to it from there.",
        "Combine the steps as you would combine vectors, with the weights.",
        "A combination of steps is a step. From where does it lead to a point?",
    ],
)

# --- 5.3 -----------------------------------------------------------------------------------------------------------


def parallelogram(W: Float[Tensor, "d_vocab d_model"], a: int, b: int, c: int) -> int:
    """The token other than a, b and c that comes closest to the fourth corner."""
    corner = W[b] - W[a] + W[c]
    distance = (W - corner).norm(dim=1)
    distance[[a, b, c]] = torch.inf
    return distance.argmin().item()


def triples(seed: int) -> list[tuple[Tensor, int, int, int]]:
    """Clouds with and without a common vector, and three different tokens."""
    generator = torch.Generator().manual_seed(seed)
    out = []
    # six points in a plane first: such an input can be drawn
    for n, d, common in ((6, 2, 0), (40, 6, 1), (40, 8, 4), (200, 10, 1.5)):
        W = torch.randn(n, d, generator=generator, dtype=torch.float64)
        W *= 0.5 + torch.rand(n, 1, generator=generator, dtype=torch.float64) * 1.5
        W += common * torch.randn(d, generator=generator, dtype=torch.float64)
        out += [(W, *torch.randperm(n, generator=generator)[:3].tolist()) for _ in range(5)]
        out += _where_a_given_token_is_nearest(W, generator)
    return out


def _where_a_given_token_is_nearest(W: Tensor, generator: torch.Generator) -> list[tuple[Tensor, int, int, int]]:
    """The corner falls next to a (which lies halfway between b and c), to b (c lies at a), to c (b lies at a)."""
    a, b, c = torch.randperm(len(W), generator=generator)[:3].tolist()
    near = 1e-3 * torch.randn(3, W.shape[1], generator=generator, dtype=W.dtype)
    moved = {a: (W[b] + W[c]) / 2, c: W[a], b: W[a]}
    out = []
    for (token, place), little in zip(moved.items(), near, strict=True):
        V = W.clone()
        V[token] = place + little
        out.append((V, a, b, c))
    return out


def _best(score: Tensor, *left_out: int) -> int:
    score = score.clone()
    score[list(left_out)] = -torch.inf
    return score.argmax().item()


def _units(W: Tensor) -> Tensor:
    return W / W.norm(dim=-1, keepdim=True)


def _leaving_out(which: str):
    """The fourth corner with only some of the given tokens, such as "bc", out of the race."""

    def answer(W: Tensor, a: int, b: int, c: int) -> int:
        given = {"a": a, "b": b, "c": c}
        return _best(-(W - (W[b] - W[a] + W[c])).norm(dim=1), *(given[name] for name in which))

    return answer


def _add_cosines(W: Tensor, a: int, b: int, c: int) -> int:
    return _best(_units(W) @ (W[b] - W[a] + W[c]), a, b, c)


def _renumbered(W: Tensor, a: int, b: int, c: int) -> int:
    """The place of the right token among those that are not a, b or c."""
    token = parallelogram(W, a, b, c)
    return token - sum(given < token for given in (a, b, c))


def _fourth(W: Tensor, a: int, b: int, c: int) -> int:
    return (W - (W[b] - W[a] + W[c])).norm(dim=1).argsort()[3].item()


def _distance(W: Tensor, a: int, b: int, c: int) -> float:
    return (W[parallelogram(W, a, b, c)] - (W[b] - W[a] + W[c])).norm().item()


def _centred_units(W: Tensor) -> Tensor:
    return _units(W - W.mean(0))


NEXT_TO = {
    "a": "next to a, where a lies halfway between b and c",
    "b": "next to b, where c lies close to a",
    "c": "next to c, where b lies close to a",
}


def _left_out(which: str) -> Mistake:
    """Only the tokens of `which`, such as "bc", were out of the race."""
    places = "; ".join(place for token, place in NEXT_TO.items() if token not in which)
    return Mistake(
        f"of a, b and c only {' and '.join(which)} left out",
        _leaving_out(which),
        f"The corner can fall next to any of the three: {places}.",
    )


ORIGIN = "Move every row by the same large vector: is the answer still the same?"

EX_5_3 = Exercise(
    id="5.3",
    title="the fourth corner",
    kind="function",
    difficulty=2,
    minutes=8,
    statement="""
    a is to b as c is to …? Return the token, other than a, b and c, that comes closest to closing the
    parallelogram: at the smallest Euclidean distance from the corner that is missing. The answer must not change
    when the whole cloud is moved.
    """,
    cases=triples,
    reference=parallelogram,
    real=lambda W: (W, 1000, 1500, 2000),
    mistakes=[
        Mistake("the highest cosine, rows as they are", _add_cosines, ORIGIN),
        Mistake("the highest cosine, unit rows", lambda W, a, b, c: _add_cosines(_units(W), a, b, c), ORIGIN),
        Mistake("the highest dot product", lambda W, a, b, c: _best(W @ (W[b] - W[a] + W[c]), a, b, c), ORIGIN),
        Mistake(
            "centred, then the highest cosine",
            lambda W, a, b, c: _add_cosines(W - W.mean(0), a, b, c),
            "No shift can change this: the mean moves along. But is an angle, as seen from the mean, what closes a parallelogram?",
        ),
        Mistake(
            "centred, then rows of length 1",
            lambda W, a, b, c: parallelogram(_centred_units(W), a, b, c),
            "No shift can change this: the mean moves along. But does a parallelogram stay one when its corners are moved onto a sphere?",
        ),
        Mistake(
            "the highest cosine, as seen from a",
            lambda W, a, b, c: _add_cosines(W - W[a], a, b, c),
            "No shift can change this: a moves along. But is an angle, as seen from a, what closes a parallelogram?",
        ),
        Mistake(
            "the direction of the side, without its length",
            lambda W, a, b, c: _best(_units(W - W[c]).nan_to_num() @ (W[b] - W[a]), a, b, c),
            "No shift can change this. But may the two sides have different lengths?",
        ),
        Mistake(
            "a, b and c may be answers",
            _leaving_out(""),
            "A short side leaves you next to where you started. Which tokens are not meant?",
        ),
        *map(_left_out, ("a", "b", "c", "ab", "ac", "bc")),
        Mistake(
            "the fourth nearest, whichever are nearer",
            _fourth,
            "Are a, b and c always the three that lie nearest to the corner?",
        ),
        Mistake(
            "another distance: the sum of absolute differences",
            lambda W, a, b, c: _best(-(W - (W[b] - W[a] + W[c])).abs().sum(1), a, b, c),
            "No shift can change this, but a turn can. Which distance is asked for?",
        ),
        Mistake(
            "another corner",
            lambda W, a, b, c: _best(-(W - (W[a] - W[b] + W[c])).norm(dim=1), a, b, c),
            "Draw it: you stand at c. In which direction does a lead to b?",
        ),
        Mistake(
            "another corner",
            lambda W, a, b, c: _best(-(W - (W[a] + W[b] - W[c])).norm(dim=1), a, b, c),
            "Draw it: you stand at c. In which direction does a lead to b?",
        ),
        Mistake(
            "a step, taken for a point",
            lambda W, a, b, c: _best(-(W - (W[b] - W[a])).norm(dim=1), a, b, c),
            "b − a leads from one place to another. From where do you go?",
        ),
        Mistake(
            "a distance, not a token",
            _distance,
            "That is how far the nearest token lies. Which token is it?",
        ),
        Mistake(
            "the furthest, not the nearest",
            lambda W, a, b, c: _best((W - (W[b] - W[a] + W[c])).norm(dim=1), a, b, c),
            "Is a large distance good?",
        ),
        Mistake(
            "the place among the tokens that are left, not the token",
            _renumbered,
            "Take three rows out, and the rest are numbered anew. Which token stands at that place?",
        ),
    ],
    hints=[
        "Two decisions: which point completes the parallelogram, and which token to call closest to it.",
        "The point: from c, go the way that leads from a to b. It moves along with the cloud. What must the second step not depend on?",
        "From c, add the step from a to b: that is the corner. Take each row's distance from it. Three tokens must not win, however near they are.",
    ],
)

# --- 5.4 -----------------------------------------------------------------------------------------------------------


def same_step(f: Int[Tensor, "N N"], a: int, b: int, c: int) -> int:
    x1 = 0  # any
    # M·x1 + a = M·x2 + b: going from x1 to x2 makes the step from b to a
    x2 = (f[:, b] == f[x1, a]).nonzero().item()
    # M·x1 + y = M·x2 + c: so y lies from c as a lies from b
    return (f[x1] == f[x2, c]).nonzero().item()


def boxes(seed: int) -> list[tuple[Tensor, int, int, int]]:
    """Boxes over fields of 2 to 7 elements, and in each three different names of y, a few times."""
    generator = torch.Generator().manual_seed(seed)
    out = []
    for p, n in ((5, 1), (3, 2), (7, 1), (2, 3), (5, 2)):
        f = black_box(p, n, seed).table
        out += [(f, *torch.randperm(len(f), generator=generator)[:3].tolist()) for _ in range(4)]
    return out


def _partner(f: Tensor, a: int, b: int) -> int:
    return (f[:, b] == f[0, a]).nonzero().item()


def _by_digits(f: Tensor, a: int, b: int, c: int) -> int:
    """As if name 7 were the vector (1, 2) modulo 5, as in the heap of 5.f."""
    return 5 * ((a // 5 - b // 5 + c // 5) % 5) + (a - b + c) % 5


NAMES = "Names are in no order, and they don't add. Only the values of f tell you something, by being equal or not."

EX_5_4 = Exercise(
    id="5.4",
    title="a − b + c, from the box alone",
    kind="function",
    difficulty=3,
    minutes=18,
    task="""
        Let a, b and c be three names of y. Return the name of a − b + c.
        All you have is the table: f[x, y] is the value of P(Mx + y), for all names x and y. You know neither M nor P, nor the
        vectors behind the names. It can be done.
        """,
    cases=boxes,
    reference=same_step,
    real=lambda f: (f, 1, 2, 3),
    mistakes=[
        Mistake(
            "the step runs the wrong way: b − a + c",
            lambda f, a, b, c: same_step(f, b, a, c),
            "Right idea, and an exact one. If b and c are the same point, what should come out?",
        ),
        Mistake(
            "the corners are mixed up: a − c + b",
            lambda f, a, b, c: same_step(f, a, c, b),
            "Right idea, and an exact one. If a and b are the same point, what should come out?",
        ),
        Mistake(
            "the names are taken for numbers",
            lambda f, a, b, c: (a - b + c) % len(f),
            NAMES,
        ),
        Mistake(
            "the names are taken for pairs of digits",
            _by_digits,
            NAMES,
        ),
        Mistake(
            "the values are taken for numbers",
            lambda f, a, b, c: (f[0] == (f[0, a] - f[0, b] + f[0, c]) % len(f)).nonzero().item(),
            "A value is a name too: P has shuffled them. They don't add; they are equal, or not.",
        ),
        Mistake(
            "the step is used on the y named 0",
            lambda f, a, b, c: same_step(f, a, b, 0),
            "Right idea, and an exact one. From which y should the step be made?",
        ),
        Mistake(
            "a again: the step is made from b",
            lambda f, a, b, c: a,
            "The step leads from b to a, so who makes it from b stands at a. From which y should it be made?",
        ),
        Mistake(
            "the step is made among the x",
            lambda f, a, b, c: same_step(f.T, a, b, c),
            "Which axis of f do a, b and c number?",
        ),
        Mistake(
            "rows and columns are mixed",
            lambda f, a, b, c: (f[:, 0] == f[c, _partner(f, a, b)]).nonzero().item(),
            "Begin with x for rows and y for columns, and keep to it: a, b, c and the answer are columns.",
        ),
        Mistake(
            "rows and columns are mixed",
            lambda f, a, b, c: (f[0] == f[_partner(f.T, a, b), c]).nonzero().item(),
            "Begin with x for rows and y for columns, and keep to it: a, b, c and the answer are columns.",
        ),
        Mistake(
            "a value of f, not a name of y",
            lambda f, a, b, c: f[_partner(f, a, b), c].item(),
            "Nearly there: this is P of something. Which y has that value, and in which row?",
        ),
        Mistake(
            "halfway: the name of an x",
            lambda f, a, b, c: _partner(f, a, b),
            "This x remembers the step between a and b. Now use it on c.",
        ),
        Mistake(
            "nothing has moved: c again",
            lambda f, a, b, c: c,
            "If you go along a row and come back along the same row, you're where you were. How many x do you need?",
        ),
    ],
    hints=[
        "P is a permutation, so it hides everything about two values but one thing: whether they are equal. What does f(x₁, y₁) = f(x₂, y₂) say about Mx₁ + y₁?",
        "It says y₁ − y₂ = M(x₂ − x₁). So a pair x₁, x₂ can carry a step of y. Find a pair that carries the step from b to a.",
        "Take any x₁. Some x₂ has f(x₁, a) = f(x₂, b), so M(x₂ − x₁) = a − b. You want a y with y − c = a − b: which equality says that?",
    ],
)

# --- 5.5 -----------------------------------------------------------------------------------------------------------


def explain(
    f: Int[Tensor, "N N"],
    x0: int,
    y0: int,
) -> tuple[Int[Tensor, " N"], Int[Tensor, " N"]]:
    P = f[x0]  # M·x0 is zero, so P(y) = f(x0, y)
    # y0 is zero, so P(M·x) = f(x, y0); argsort turns the permutation P round
    M = P.argsort()[f[:, y0]]
    return M, P


def boxes_with_zeros(seed: int) -> list[tuple[Tensor, int, int]]:
    """Boxes, and for each a few pairs of names, different from each other and from 0."""
    generator = torch.Generator().manual_seed(seed)
    out = []
    for p, n in ((5, 1), (3, 2), (7, 1), (2, 3), (5, 2)):
        f = black_box(p, n, seed).table
        for _ in range(2):
            x0, y0 = (torch.randperm(len(f) - 1, generator=generator)[:2] + 1).tolist()
            out.append((f, x0, y0))
    return out


EX_5_5 = Exercise(
    id="5.5",
    title="an explanation for every zero",
    kind="function",
    difficulty=2,
    minutes=12,
    task="""
        Now zero. Somebody claims: "the zero of x is called x0, and the zero of y is called y0". Take their word for it, and return
        M as a tensor [N], names of x → names of y, and P as a tensor [N], names of y → values, so that f(x, y) = P(Mx + y) on
        the whole table, + being the addition that has y0 for its zero; a matrix takes zero to zero, so M[x0] is y0. Return the pair (M, P), in this order.
        Which claims can you refute in this way?
        """,
    cases=boxes_with_zeros,
    reference=explain,
    real=lambda f: (f, 2, 3),
    mistakes=[
        Mistake(
            "the pair is turned round",
            lambda f, x0, y0: explain(f, x0, y0)[::-1],
            "M first, then P.",
        ),
        Mistake(
            "P is read along x, not along y",
            lambda f, x0, y0: (explain(f, x0, y0)[0], f[:, y0]),
            "P takes a name of y. Which argument of f should run, and which should be zero?",
        ),
        Mistake(
            "the sign of M",
            lambda f, x0, y0: ((f == f[x0, y0]).int().argmax(1), f[x0]),
            "That is −Mx. Add it to Mx: what comes out?",
        ),
        Mistake(
            "M is turned round: from y to x",
            lambda f, x0, y0: (explain(f, x0, y0)[0].argsort(), f[x0]),
            "M[x0] should be y0. What is yours?",
        ),
        Mistake(
            "P is turned round: from values to y",
            lambda f, x0, y0: (explain(f, x0, y0)[0], f[x0].argsort()),
            "P[y0] should be f[x0, y0]. What is yours?",
        ),
        Mistake(
            "M holds values of f, not names of y",
            lambda f, x0, y0: (f[:, y0], f[x0]),
            "Your M is P(Mx). Take P off.",
        ),
        Mistake(
            "M is left out: names of x taken for names of y",
            lambda f, x0, y0: (torch.arange(len(f)), f[x0]),
            "An x and a y of the same name have nothing else in common.",
        ),
        Mistake(
            "the points named 0 are taken for zeros",
            lambda f, x0, y0: explain(f, 0, 0),
            "Names mean nothing here, 0 is one of them. Which zeros are claimed?",
        ),
        *(
            Mistake(
                "one of the two zeros is forgotten",
                answer,
                "One claim is used, and the point named 0 in place of the other. P needs x0. M needs y0, and the P that it takes off.",
            )
            for answer in (
                lambda f, x0, y0: explain(f, 0, y0),
                lambda f, x0, y0: explain(f, x0, 0),
                lambda f, x0, y0: (explain(f, 0, y0)[0], f[x0]),
            )
        ),
        Mistake(
            "P is put on once more, not taken off",
            lambda f, x0, y0: (f[x0][f[:, y0]], f[x0]),
            "f[x, y0] is P(Mx): P is on it already. What takes it off?",
        ),
        Mistake(
            "x and y have changed places",
            lambda f, x0, y0: explain(f.T, y0, x0),
            "P takes a name of y, and M gives one. Which argument of f should run along P?",
        ),
        Mistake(
            "the two zeros have changed places",
            lambda f, x0, y0: explain(f, y0, x0),
            "x0 numbers a row of f, y0 a column.",
        ),
    ],
    hints=[
        "Set x to its zero: what is left of P(Mx + y)?",
        "So P is a row of f. Set y to its zero: what is left, and how do you take P off?",
        "P is the row of x0. In that row, look for the value f[x, y0]: at which y does it stand?",
    ],
)

# --- 5.6 -----------------------------------------------------------------------------------------------------------

EX_5_6 = Exercise(
    id="5.6",
    title="which tools secretly use zero?",
    kind="why",
    difficulty=2,
    minutes=12,
    statement="""
    In a few sentences: what do the tools that see the origin do that the others don't, and what shows it; why do
    weights matter; does normalising help, near zero and far away; what did the heap and the box teach; and when is it
    right to use zero all the same? Then compare yours with the points, one by one.
    """,
    answer="""
    The blind tools use only steps between tokens, w − w′, or take away a mean that moves along, so the shift
    cancels. Cosine, dot product and norm use the step from zero to each token; so do PCA, CKA and a probe if
    nothing centres the cloud for them. A combination moves along with the cloud if its weights add up to one;
    scaling doesn't, so it needs a base point. Normalising the rows doesn't help: it measures from zero first.
    The box: which values agree tells which steps are equal, so a − b + c can be read off, and any two names
    will do for zeros. A zero is a choice, unless something outside the cloud, such as an inner product that
    the model takes, makes it.
    """,
    hints=[
        "Take a tool that sees and one that is blind. Add one vector to every x in its formula, and follow it. Where does it drop out?",
        "Look at the sums of weights in 5.2. What do those of an average, of a − b + c, of a difference and of 2·a tell?",
        "What does 5.5 say to somebody who asks which zero is the true one?",
    ],
    rubric=[
        "The line: a tool is blind to the origin if it uses nothing but differences of vectors (or first takes away a mean, which moves along); cosine, dot product and norm take the step from zero to each vector.",
        "Why: under w → w + c a combination Σ wᵢxᵢ moves along with the cloud exactly if Σ wᵢ = 1, and stays if Σ wᵢ = 0; other weights need a base point, and scaling is among them.",
        "Evidence: changes at the level of rounding on one side, many orders of magnitude above it on the other, on both models; the control, each token moved its own way, is seen by all.",
        "The tempting mistake: that normalising cures it. Cosine neighbours and 3CosAdd change under a shift too; far from zero, they turn into distance: 64 spreads away the highest cosine gives nearly the answers that your 5.3 gives.",
        "The heap: a − b + c makes sense without zero; any point can be made zero afterwards, and then there is a group; the choice is not in the data.",
        "The box: agreement of values fixes steps, hence both heaps, while every pair of zeros gives an explanation that fits the whole table. No experiment on f can prefer one.",
        "What doesn't follow: that a tool which sees the origin is wrong. If something makes zero special (the model's own inner products, a meaningful baseline), seeing it is right; say which.",
    ],
)

SPOILERS = (
    "add up to one",
    "Σw = 1",
    "T[:, zero",
    "base drops out",
    "weights @",
    "W[b] - W[a]",
    "argsort",
    "f[x0]",
    "Mx₁",
    "every pair of zeros",
    "needs a base",
    "moves along",
    "eight of",
)

EXERCISES = [EX_5_1, EX_5_2, EX_5_3, EX_5_4, EX_5_5, EX_5_6]
