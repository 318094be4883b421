"""Puzzle 03, initialisation or training."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from zeropoint.desk.exercise import Exercise, Mistake


def _units(W: Tensor) -> Tensor:
    return W / W.norm(dim=-1, keepdim=True)


# --- 3.1 -----------------------------------------------------------------------------------------------------------


def sizes(seed: int) -> list[tuple[int, int, float]]:
    g = torch.Generator().manual_seed(seed)
    drawn = torch.rand(5, 3, generator=g, dtype=torch.float64)
    return [
        *((int(5 + 3000 * a), int(2 + 700 * b), round(0.01 + c.item(), 3)) for a, b, c in drawn),
        (30_000, 500, 0.03),
    ]


def at_initialisation(n: int, d: int, sigma: float) -> tuple[float, float, float]:
    """Root mean squares of a row's length, of the mean row's length, of the cosine of two rows."""
    row = sigma * d**0.5  # d squares, each sigma² on average
    mean = row / n**0.5  # averaging n independent rows leaves 1/n of every variance
    cosine = 1 / d**0.5  # a unit vector spreads its squared length 1 evenly over d directions
    return row, mean, cosine


def _with(row=None, mean=None, cosine=None):
    """The right answer with some of its three values replaced."""

    def answer(n: int, d: int, sigma: float) -> tuple:
        right = at_initialisation(n, d, sigma)
        return tuple(f(n, d, sigma) if f else r for f, r in zip((row, mean, cosine), right, strict=True))

    return answer


AVERAGE = "Average n independent numbers: what happens to the variance, and what to its root?"

EX_3_1 = Exercise(
    id="3.1",
    title="what chance alone gives",
    kind="function",
    difficulty=2,
    minutes=8,
    statement="""
    n rows of d independent numbers from N(0, σ²). Return three root mean squares: of a row's length, of the
    length of the mean row, and of the cosine of two different rows.
    """,
    cases=sizes,
    reference=at_initialisation,
    real=tuple,
    mistakes=[
        Mistake(
            "the mean row is as long as a row",
            _with(mean=lambda n, d, s: s * d**0.5),
            "Two random directions partly cancel when they are averaged. What about thousands?",
        ),
        Mistake("the mean row: divided by n, not by its root", _with(mean=lambda n, d, s: s * d**0.5 / n), AVERAGE),
        Mistake("the mean row: summed, not averaged", _with(mean=lambda n, d, s: s * (d * n) ** 0.5), AVERAGE),
        Mistake(
            "the mean row: one coordinate of it",
            _with(mean=lambda n, d, s: s / n**0.5),
            "That is the size of one coordinate of the mean. How many has it?",
        ),
        Mistake(
            "one coordinate, not the length",
            _with(row=lambda n, d, s: s, mean=lambda n, d, s: s / n**0.5),
            "A length is made of all coordinates. How do they add up?",
        ),
        Mistake(
            "squared lengths",
            _with(lambda n, d, s: s**2 * d, lambda n, d, s: s**2 * d / n, lambda n, d, s: 1 / d),
            "Root mean square: what is the last of these three words that you did?",
        ),
        Mistake(
            "the cosine's variance, not its root",
            _with(cosine=lambda n, d, s: 1 / d),
            "The first two are lengths. In what sense is your third one a typical size?",
        ),
        Mistake(
            "the cosine: the average, which is 0",
            _with(cosine=lambda n, d, s: 0.0),
            "Positive and negative ones cancel in an average. Their squares do not.",
        ),
        Mistake(
            "the cosine: mean |cosine|, not root mean square",
            _with(cosine=lambda n, d, s: (2 / (np.pi * d)) ** 0.5),
            "Another measure of the same spread, and nearly as large.",
        ),
        Mistake(
            "the cosine depends on the number of tokens",
            _with(cosine=lambda n, d, s: n**-0.5),
            "One pair of rows does not know how many others there are.",
        ),
    ],
    hints=[
        "Take one coordinate first. What is the average of its square, for a row, and for the mean of n rows?",
        "Squared lengths add up over coordinates: d times the square of one. Averaging n independent rows divides every variance by n.",
        "For the cosine, turn the space so that one row lies along the first axis. Which part of the other row's squared length lies there on average?",
    ],
)

# --- 3.2 -----------------------------------------------------------------------------------------------------------


def courses(seed: int) -> list[tuple[Tensor, Tensor, float]]:
    """Steps (uneven), values that rise past a level, fall below it and (but for one) rise again, and the level."""
    g = torch.Generator().manual_seed(seed)
    out = []
    shapes = [(2, 2, 1, 1), (4, 3, 1, 3), (1, 2, 1, 2), (7, 4, 2, 4), (2, 2, 9, 0)]  # looks below, above, below, above
    for i, shape in enumerate(shapes):
        level = round(0.3 + 0.4 * torch.rand((), generator=g).item(), 2)
        side = torch.cat([torch.full((n,), (-1.0) ** (k + 1)) for k, n in enumerate(shape)]).double()
        values = level + side * (0.06 + 0.2 * torch.rand(len(side), generator=g, dtype=torch.float64))
        values[0] = 0
        steps = torch.randint(1, 60, (len(side),), generator=g).cumsum(0) - 1
        dtype = (torch.float64, torch.float32)[i % 2]
        out.append((steps.to(dtype), values.round(decimals=3).to(dtype), level))
    return out


def first_crossing(
    steps: Float[Tensor, " looks"],
    values: Float[Tensor, " looks"],
    level: float,
) -> float:
    """The update, as a fraction where need be, at which the values first reach the level."""
    after = int((values >= level).nonzero()[0])  # the first look at which they are there
    before = after - 1
    part = (level - values[before]) / (values[after] - values[before])
    return (steps[before] + part * (steps[after] - steps[before])).item()


def _first(values: Tensor, level: float) -> int:
    return int((values >= level).nonzero()[0])


def _between(steps: Tensor, values: Tensor, level: float, i: int, turned: bool = False) -> Tensor:
    part = (level - values[i - 1]) / (values[i] - values[i - 1])
    return steps[i - 1] + (1 - part if turned else part) * (steps[i] - steps[i - 1])


def _last(steps: Tensor, values: Tensor, level: float) -> Tensor:
    i = int(((values[1:] >= level) & (values[:-1] < level)).nonzero()[-1]) + 1
    return _between(steps, values, level, i)


BETWEEN = "It happened between two looks. Where between them, if it rose evenly?"

EX_3_2 = Exercise(
    id="3.2",
    title="when does it pass a level",
    kind="function",
    difficulty=1,
    minutes=8,
    statement="""
    At which update does a recorded quantity first reach a level? It is below the level at the first look, and
    may fall below it again later. Between two looks take it to change evenly.
    """,
    cases=courses,
    reference=first_crossing,
    real=lambda course: (*course, 0.5),
    mistakes=[
        Mistake("the look after the crossing", lambda steps, values, level: steps[_first(values, level)], BETWEEN),
        Mistake("the look before the crossing", lambda steps, values, level: steps[_first(values, level) - 1], BETWEEN),
        Mistake(
            "halfway between two looks",
            lambda steps, values, level: steps[_first(values, level) - 1 : _first(values, level) + 1].mean(),
            BETWEEN,
        ),
        Mistake(
            "the look whose value is nearest",
            lambda steps, values, level: steps[(values - level).abs().argmin()],
            "Nearest in value, and perhaps much later.",
        ),
        Mistake(
            "the number of the look, not its step",
            lambda steps, values, level: _first(values, level),
            "The looks are not evenly spaced. At which update was this one?",
        ),
        Mistake("the last crossing, not the first", _last, "It may pass a level, fall below it, and pass it again."),
        Mistake(
            "the fraction is turned round",
            lambda steps, values, level: _between(steps, values, level, _first(values, level), turned=True),
            "If the level is only just above the earlier value, which look should you be near?",
        ),
        Mistake(
            "np.interp, which wants rising values",
            lambda steps, values, level: float(np.interp(level, values.numpy(), steps.numpy())),
            "What does its documentation ask of the second argument, and does this curve comply?",
        ),
        Mistake(
            "a share of the largest value, not the level itself",
            lambda steps, values, level: _between(
                steps, values, level * values.max(), _first(values, level * values.max())
            ),
            "The level is given in the units of the values.",
        ),
    ],
    hints=[
        "Find the first look at which the value is at least the level. What do you know about the look before it?",
        "Between these two the curve is taken to be a straight line: which part of its rise lies below the level?",
        "That part of the distance between the two steps, added to the earlier step.",
    ],
)

# --- 3.3 -----------------------------------------------------------------------------------------------------------


def clouds_in_order(seed: int) -> list[tuple[Tensor, Tensor, int]]:
    """Matrices whose rows point along a common vector the more, the later they come in `order`; k divides their number."""
    g = torch.Generator().manual_seed(seed)
    out = []
    for n, d, k, dtype in (
        (8, 3, 2, torch.float64),
        (12, 5, 3, torch.float32),
        (40, 9, 4, torch.float64),
        (60, 6, 5, torch.float32),
    ):
        order = torch.randperm(n, generator=g)
        c = torch.randn(d, generator=g, dtype=torch.float64)
        W = torch.randn(n, d, generator=g, dtype=torch.float64)
        W[order] += torch.linspace(-0.5, 2, n, dtype=torch.float64)[:, None] * c / c.norm() * 1.5
        W *= 0.5 + torch.rand(n, 1, generator=g, dtype=torch.float64) * 2
        out.append((W.to(dtype), order, k))
    return out


def cosine_by_frequency(
    W: Float[Tensor, "d_vocab d_model"], order: Int[Tensor, " d_vocab"], k: int
) -> Float[Tensor, " k"]:
    """The mean cosine with the mean row in each of k groups, the most frequent tokens first."""
    mean = W.mean(0)
    cosines = W @ mean / (W.norm(dim=1) * mean.norm())
    return cosines[order].view(k, -1).mean(1)


def _groups(W: Tensor, order: Tensor, k: int, of) -> Tensor:
    return torch.stack([of(W[ids]) for ids in order.view(k, -1)])


def _to(W: Tensor, direction: Tensor) -> Tensor:
    return _units(W) @ _units(direction)


EX_3_3 = Exercise(
    id="3.3",
    title="cosine with the mean, by frequency",
    kind="function",
    difficulty=2,
    minutes=8,
    statement="""
    `order` lists all tokens, the most frequent first. Cut it into k groups of equal size (k divides the
    number of tokens) and return for each the mean cosine of its tokens with the mean row of the whole
    vocabulary: shape [k].
    """,
    cases=clouds_in_order,
    reference=cosine_by_frequency,
    scale=1.0,
    real=tuple,
    mistakes=[
        Mistake(
            "the rarest first",
            lambda W, order, k: cosine_by_frequency(W, order, k).flip(0),
            "Which end of `order` did you begin with?",
        ),
        Mistake(
            "grouped by token number",
            lambda W, order, k: cosine_by_frequency(W, torch.arange(len(W)), k),
            "The rows of W are sorted by token number. Where did you use `order`?",
        ),
        Mistake(
            "`order` read as ranks",
            lambda W, order, k: cosine_by_frequency(W, order.argsort(), k),
            "`order` lists tokens, the most frequent first; it does not say which rank token 0 has.",
        ),
        Mistake(
            "each group with its own mean",
            lambda W, order, k: _groups(W, order, k, lambda V: _to(V, V.mean(0)).mean()),
            "Every group would look good beside its own mean. Which one is asked for?",
        ),
        Mistake(
            "the cosine of the group's mean",
            lambda W, order, k: _groups(W, order, k, lambda V: _to(V.mean(0), W.mean(0))),
            "First each token's cosine, then the average over the group.",
        ),
        Mistake(
            "medians, not means",
            lambda W, order, k: _groups(W, order, k, lambda V: _to(V, W.mean(0)).median()),
            "A sensible measure, but a different one.",
        ),
        Mistake(
            "nothing is normalised",
            lambda W, order, k: _groups(W, order, k, lambda V: (V @ W.mean(0)).mean()),
            "Can the mean of cosines exceed 1?",
        ),
        Mistake(
            "the mean of the unit rows, not of the rows",
            lambda W, order, k: _groups(W, order, k, lambda V: _to(V, _units(W).mean(0)).mean()),
            "In what order did you normalise and average?",
        ),
        Mistake(
            "every k-th token",
            lambda W, order, k: torch.stack([_to(W[order[i::k]], W.mean(0)).mean() for i in range(k)]),
            "Your groups mix frequent and rare tokens evenly.",
        ),
        Mistake(
            "cosines within the group, not with the mean",
            lambda W, order, k: _groups(
                W, order, k, lambda V: (_units(V).sum(0).square().sum() - len(V)) / (len(V) * (len(V) - 1))
            ),
            "This tells how alike the group's tokens are to each other, in whatever direction.",
        ),
        Mistake(
            "absolute values",
            lambda W, order, k: _groups(W, order, k, lambda V: _to(V, W.mean(0)).abs().mean()),
            "A cosine has a sign. Here it is half of the story.",
        ),
    ],
    hints=[
        "One cosine a token first, with the mean of the whole vocabulary: shape [d_vocab].",
        "Then put these cosines in the order of frequency: index with `order`.",
        "Cut the row of cosines into k equal pieces and average each.",
    ],
)

# --- 3.4 -----------------------------------------------------------------------------------------------------------


def moves(seed: int) -> list[tuple[Tensor, Tensor]]:
    """Matrices before and after training; the start is not centred, so that its mean is another direction."""
    g = torch.Generator().manual_seed(seed)
    out = []
    for n, d, dtype in ((3, 2, torch.float64), (6, 4, torch.float32), (10, 10, torch.float64), (40, 7, torch.float32)):
        before, change = (torch.randn(n, d, generator=g, dtype=torch.float64) for _ in range(2))
        before += torch.randn(d, generator=g, dtype=torch.float64)
        after = before + change + torch.randn(d, generator=g, dtype=torch.float64)
        out.append((before.round(decimals=2).to(dtype), after.round(decimals=2).to(dtype)))
    return out


def drift(
    before: Float[Tensor, "d_vocab d_model"], after: Float[Tensor, "d_vocab d_model"]
) -> Float[Tensor, " d_vocab"]:
    """How far each token went along the mean row of `after`."""
    mean = after.mean(0)
    return (after - before) @ (mean / mean.norm())


EX_3_4 = Exercise(
    id="3.4",
    title="drift along the final mean",
    kind="function",
    difficulty=1,
    minutes=5,
    statement="""
    Take the direction of the mean row of `after`. Return how far each token travelled along it from `before`
    to `after`, in the embedding's own units, backwards counting negative: shape [d_vocab].
    """,
    cases=moves,
    reference=drift,
    real=tuple,
    mistakes=[
        Mistake(
            "along the initial mean",
            lambda before, after: (after - before) @ _units(before.mean(0)),
            "At the start the mean has hardly a direction. Which of the two did you take?",
        ),
        Mistake(
            "along the mean's movement",
            lambda before, after: (after - before) @ _units((after - before).mean(0)),
            "Nearly the same direction where the start is centred. It need not be.",
        ),
        Mistake(
            "the direction has not length 1",
            lambda before, after: (after - before) @ after.mean(0),
            "Measure in the units of the embedding: how long is the vector that you multiplied with?",
        ),
        Mistake(
            "the sign is turned",
            lambda before, after: (before - after) @ _units(after.mean(0)),
            "Which way is forwards: from before to after, or back?",
        ),
        Mistake(
            "the place reached, not the way travelled",
            lambda before, after: after @ _units(after.mean(0)),
            "A token that never moved should get 0.",
        ),
        Mistake(
            "a cosine: the length of the movement is divided out",
            lambda before, after: _units(after - before) @ _units(after.mean(0)),
            "How far, not only in which direction.",
        ),
        Mistake(
            "how far each token moved, in whatever direction",
            lambda before, after: (after - before).norm(dim=1),
            "A token that moved sideways should get 0.",
        ),
        Mistake(
            "along each token's own direction",
            lambda before, after: ((after - before) * _units(after)).sum(1),
            "One direction serves for all tokens.",
        ),
        Mistake(
            "the mean of the unit rows, not of the rows",
            lambda before, after: (after - before) @ _units(_units(after).mean(0)),
            "In what order did you normalise and average?",
        ),
        Mistake(
            "the change of the cosine",
            lambda before, after: _units(after) @ _units(after.mean(0)) - _units(before) @ _units(after.mean(0)),
            "A cosine also changes when a token moves sideways.",
        ),
    ],
    hints=[
        "Two ingredients: the way that each token travelled, [d_vocab, d_model], and one direction, [d_model].",
        "A direction is a vector of length 1.",
        "The dot product of the way with the direction says how much of it went there, with its sign.",
    ],
)

# --- 3.5 -----------------------------------------------------------------------------------------------------------

T_95 = {3: 4.303, 4: 3.182, 5: 2.776, 8: 2.365}


def seeds(seed: int) -> list[tuple[Tensor, Tensor, float]]:
    """A measure with and without a part, for the same seeds, which matter as much as the part; and Student's t."""
    g = torch.Generator().manual_seed(seed)
    out = []
    for n, dtype in ((3, torch.float64), (4, torch.float32), (5, torch.float64), (8, torch.float32)):
        of_seed = torch.rand(n, generator=g, dtype=torch.float64)
        effect = (0.3 + torch.rand((), generator=g, dtype=torch.float64)) * (1 if n % 2 else -1)
        noise = torch.linspace(-0.15, 0.15, n, dtype=torch.float64)[torch.randperm(n, generator=g)]
        noise = noise + 0.05 * torch.rand(n, generator=g, dtype=torch.float64)
        with_part, without = of_seed, of_seed + effect + noise
        out.append((with_part.round(decimals=3).to(dtype), without.round(decimals=3).to(dtype), T_95[n]))
    return out


def paired_effect(
    with_part: Float[Tensor, " seeds"], without: Float[Tensor, " seeds"], t: float
) -> tuple[float, float]:
    """The mean effect of the removal, and the half width of its 95 % interval."""
    differences = without - with_part  # seed by seed: what both runs of a seed share cancels
    half_width = t * differences.std() / len(differences) ** 0.5
    return differences.mean().item(), half_width.item()


PAIRED = "Both runs of a seed began with the same weights and saw the same text. Where did you use that?"
N = "The interval is for the mean of n differences. How does n come in, and how often?"


def _half(width):
    """The right mean with another half width."""
    return lambda with_part, without, t: (
        (without - with_part).mean().item(),
        float(width(without - with_part, with_part, without, t)),
    )


EX_3_5 = Exercise(
    id="3.5",
    title="what a removal changes, and how sure that is",
    kind="function",
    difficulty=2,
    minutes=8,
    statement="""
    The grid trained each variant with the same seeds as the unchanged model. Return the effect of a removal,
    *without* less *with*, averaged over seeds, and the half width of its 95 % interval. `t` is Student's
    factor for that many seeds.
    """,
    cases=seeds,
    reference=paired_effect,
    real=tuple,
    mistakes=[
        Mistake(
            "the sign is turned",
            lambda with_part, without, t: (
                (with_part - without).mean().item(),
                paired_effect(with_part, without, t)[1],
            ),
            "A removal that lowers the measure has a negative effect.",
        ),
        Mistake(
            "not paired",
            _half(lambda diff, a, b, t: t * (a.var() / len(a) + b.var() / len(b)) ** 0.5),
            PAIRED,
        ),
        Mistake("not paired", _half(lambda diff, a, b, t: t * (a.std() - b.std()).abs() / len(a) ** 0.5), PAIRED),
        Mistake(
            "only the spread of the runs without the part",
            _half(lambda diff, a, b, t: t * b.std() / len(b) ** 0.5),
            PAIRED,
        ),
        Mistake("the spread of single differences, not of their mean", _half(lambda diff, a, b, t: t * diff.std()), N),
        Mistake("divided by n, not by its root", _half(lambda diff, a, b, t: t * diff.std() / len(diff)), N),
        Mistake(
            "divided by the root of n − 1",
            _half(lambda diff, a, b, t: t * diff.std() / (len(diff) - 1) ** 0.5),
            "torch's std has the n − 1 inside already.",
        ),
        Mistake(
            "the spread divides by n, not by n − 1",
            _half(lambda diff, a, b, t: t * diff.std(correction=0) / len(diff) ** 0.5),
            "The mean was estimated from the same few numbers: what does that cost?",
        ),
        Mistake(
            "1.96 for t",
            _half(lambda diff, a, b, t: 1.96 * diff.std() / len(diff) ** 0.5),
            "With so few seeds a normal distribution is too confident.",
        ),
        Mistake(
            "the standard error: t is missing",
            _half(lambda diff, a, b, t: diff.std() / len(diff) ** 0.5),
            "What is t for?",
        ),
        Mistake(
            "the whole width, not half of it",
            _half(lambda diff, a, b, t: 2 * t * diff.std() / len(diff) ** 0.5),
            "Mean ± half width.",
        ),
        Mistake(
            "relative: divided by the unchanged model's value",
            lambda with_part, without, t: (
                ((without - with_part) / with_part).mean().item(),
                (t * ((without - with_part) / with_part).std() / len(without) ** 0.5).item(),
            ),
            "Stay in the units of the measure.",
        ),
    ],
    hints=[
        "One number a seed first: without minus with.",
        "Their mean is the effect. How far would the mean of as many differences stray by chance, judged by their own spread?",
        "t times the standard deviation (with n − 1) over the root of n.",
    ],
)

# --- 3.6 -----------------------------------------------------------------------------------------------------------

EX_3_6 = Exercise(
    id="3.6",
    title="when, from where, and what for",
    kind="why",
    difficulty=3,
    minutes=12,
    statement="""
    In a few sentences: when does the mean come, and what is the model learning then? Which tokens move, and
    why those? What does it need, what not, and what does that tell about where it is made? Then compare,
    point by point.
    """,
    answer="""
    At the start the mean is as short as chance makes it. It grows within the first few per cent of the
    training, while the loss falls to the entropy of single tokens: before word order, the model learns which
    tokens are rare. Each update pushes every token that did not come next away from the hidden states, and
    for a rare token there is little else, so nearly the whole vocabulary drifts one way, rarest furthest,
    tokens that never occur included; the most frequent go the other way. That is work of the output matrix:
    untied, it alone gets the mean, and the input embedding stays centred. Tied, the input inherits it.
    LayerNorm, positions and biases can go.
    """,
    hints=[
        "When: give the update, and what else happens then. The column held_out_loss of a trajectory, beside the record's entropy of single tokens, is a second clock. And the grid has runs named text=shuffled (no word order) and text=level (all tokens equally frequent).",
        "From where: look at the sign of the drift by frequency, and at tokens which never occur in the text.",
        "Which parts: one removal leaves two matrices where there was one. live(tied=False) has rows for each: compare the column `matrix`.",
    ],
    rubric=[
        "Initialisation is ruled out: a fresh model's mean is as short as chance makes it (σ√(d/n)), and its mean cosine is zero within a chance width.",
        "When: early, within the first few per cent of the training, at about the time when the loss reaches the entropy of single tokens; so before word order is learned. The grid agrees if its runs on shuffled text have the mean, and those with level frequencies have not.",
        "Who: nearly the whole vocabulary moves the same way, rare tokens furthest, tokens that never occur included; the most frequent few move the other way.",
        "What it does not need, each by a removal: LayerNorm, positions, biases (as far as this run's intervals show it).",
        "What the input embedding needs: tying. Untied, the input matrix stays centred and the output matrix has the mean: it is made on the output side and the input inherits it.",
        "A mechanism in outline: every update pushes all tokens that did not come next away from the hidden state, by a share of their probability; a rare token's gradients have little else in them.",
        "Limits: tiny models, one text, few seeds; a part not needed here may still matter at scale, and why the optimiser turns a small push into a large mean is open (04).",
    ],
)

# Words that give the puzzle's answer away: none may stand in the puzzle file.
SPOILERS = ("rarest", "output matrix", "output side", "unigram", "single tokens", "d**0.5", "never occur", "inherit")

EXERCISES = [EX_3_1, EX_3_2, EX_3_3, EX_3_4, EX_3_5, EX_3_6]
