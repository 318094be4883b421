"""Puzzle 06, through the layers."""

from __future__ import annotations

from collections.abc import Sized

import torch
from jaxtyping import Float, Int
from torch import Tensor

from zeropoint.desk.exercise import Exercise, Mistake

# rows, columns, token types, size of the common vector in units of the spread.
SHAPES = [
    (7, 3, 3, 1.0),
    (9, 4, 4, 0.0),
    (8, 8, 3, 2.0),
    (12, 12, 5, 0.5),
    (40, 6, 9, 1.5),
    (300, 16, 60, 1.0),
]
CLEAR = 67  # added to the seed: the fixed inputs, of which a failed one is shown, then tell all slips apart by 0.08
MANY = (2000, 6, 60, 1.0)  # so many that a table of all pairs is told from any other array


def _cloud(n: int, d: int, groups: Tensor, common: float, generator: torch.Generator) -> Tensor:
    """Vectors of unequal lengths: a common one, one for the group, one of their own. float64."""

    def draw(*shape):
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    own = draw(n, d) * (0.4 + 1.2 * torch.rand(d, generator=generator, dtype=torch.float64))
    c = draw(d)
    X = own + 0.8 * draw(int(groups.max()) + 1, d)[groups] + common * d**0.5 * c / c.norm()
    return X * (0.4 + 2 * torch.rand(n, 1, generator=generator, dtype=torch.float64))


def texts(seed: int) -> list[tuple[Tensor, Tensor]]:
    """Vectors and their tokens: token numbers with gaps, unequal counts, some types once and at least two more often."""
    generator, out = torch.Generator().manual_seed(seed + CLEAR), []
    for n, d, types, common in [*SHAPES, MANY]:
        favourite = torch.rand(types, generator=generator) ** 2 + 0.02
        rest = torch.multinomial(favourite[1:], n - 5, replacement=True, generator=generator) + 1
        group = torch.cat([torch.tensor([0, 1, 1, 1, 2]), rest])  # type 0 occurs once, type 1 three times or more
        group = group[torch.randperm(n, generator=generator)]
        number = torch.randperm(5 * types, generator=generator)[:types]
        out.append((_cloud(n, d, group, common, generator), number[group]))
    return out


def tops(seed: int) -> list[tuple[Tensor, int]]:
    """Vectors with a common vector that is large in a few coordinates, and how many of them to count.

    In the last four the largest coordinate points both ways, so that it takes away from the mean cosine: in three it is
    negative then, and in one the others add up to more than the whole. Their lengths differ much: what is
    not normalised is far off.
    """
    generator, out = torch.Generator().manual_seed(seed), []
    for i, (n, d, _, common) in enumerate([*SHAPES, MANY]):
        X = _cloud(n, d, torch.zeros(n, dtype=torch.long), common, generator)
        X[:, torch.randperm(d, generator=generator)[:2]] += torch.tensor([2.5, -2.0], dtype=torch.float64)
        out.append((X, 1 + i % 3 if d > 3 else 1))
    for n, k, far in ((2, 1, 2), (4, 2, 4), (6, 2, 6), (4, 2, 0.8)):
        both_ways = far * torch.tensor([1.0, -1.0], dtype=torch.float64).repeat(n // 2)
        others = 1 + 0.3 * torch.rand(n, 2, generator=generator, dtype=torch.float64)
        less = torch.tensor([1.0, 0.5], dtype=torch.float64)
        X = torch.cat([both_ways[:, None], others * less], dim=1)[:, [1, 0, 2]]
        out.append((X * torch.linspace(0.3, 3, n, dtype=torch.float64)[:, None], k))
    return out


def _units(X: Tensor) -> Tensor:
    return X / X.norm(dim=1, keepdim=True)


def _same(token: Tensor) -> Tensor:
    return token[:, None] == token


def _off(n: int) -> Tensor:
    return ~torch.eye(n, dtype=torch.bool)


def _type_means(X: Tensor, token: Tensor) -> Tensor:
    return torch.stack([X[token == t].mean(0) for t in token.unique()])


def _firsts(X: Tensor, token: Tensor) -> Tensor:
    return torch.stack([X[token == t][0] for t in token.unique()])


def _often(token: Tensor) -> list[Tensor]:
    """Rows of each type that occurs at least twice."""
    return [rows for t in token.unique() if len(rows := (token == t).nonzero()[:, 0]) > 1]


def _pair_mean(table: Tensor) -> Tensor:
    return table[_off(len(table))].mean()


def _ordered_pairs(things: Sized) -> int:
    return len(things) * (len(things) - 1)


def _runs(X: Tensor, token: Tensor) -> Tensor:
    """The mean unit vector of each run of one token."""
    _, index, counts = token.unique_consecutive(return_inverse=True, return_counts=True)
    return X.new_zeros(len(counts), X.shape[1]).index_add(0, index, _units(X)) / counts[:, None]


def _of_sums(X: Tensor, token: Tensor) -> Tensor:
    sums = torch.stack([_units(X)[token == t].sum(0) for t in token.unique()])
    return sums.sum(0).square().sum() - sums.square().sum()


# --- 6.1 -----------------------------------------------------------------------------------------------------------


def inter_type(X: Float[Tensor, "n d_model"], token: Int[Tensor, " n"]) -> float:
    """The mean cosine of occurrences of two different types, every type counted alike."""
    u = X / X.norm(dim=1, keepdim=True)
    # The mean cosine between the occurrences of s and of t is the dot product of their mean unit vectors.
    m = torch.stack([u[token == t].mean(0) for t in token.unique()])
    n = len(m)
    return ((m.sum(0).square().sum() - m.square().sum()) / (n * (n - 1))).item()


SAME_IN = "Your pairs include a token with itself. Which part of ‖m₁ + m₂ + …‖² is that?"
BY_USE = "Here a token that stands in the text a hundred times counts a hundred times. The exercise wants every type to count once."
NOT_UNIT = "A cosine doesn't notice when a row is made ten times longer. Does your number?"

EX_6_1 = Exercise(
    id="6.1",
    title="mean cosine of different tokens",
    kind="function",
    difficulty=2,
    minutes=15,
    statement="""
    The exact average, nothing drawn: for two different token types, the mean cosine over all pairs of an
    occurrence of the one and an occurrence of the other; then the mean of that over all pairs of types. So a
    type that stands in the text a hundred times counts no more than one that stands there once. n is 8,192
    for the stand-ins, and a table of all pairs of vectors, n × n numbers, is too large: the check looks for one.
    """,
    cases=texts,
    reference=inter_type,
    no_table=True,
    scale=1.0,
    real=lambda x: x,
    mistakes=[
        Mistake(
            "pairs of the same token are counted too",
            lambda X, token: _type_means(_units(X), token).mean(0).square().sum(),
            SAME_IN,
        ),
        Mistake(
            "the wrong thing is taken off the diagonal",
            lambda X, token: (
                (_type_means(_units(X), token).sum(0).square().sum() - len(token.unique()))
                / (len(token.unique()) * (len(token.unique()) - 1))
            ),
            "A mean of unit vectors is no unit vector: what is its dot product with itself?",
        ),
        Mistake(
            "frequent tokens count more",
            lambda X, token: (_units(X) @ _units(X).T)[~_same(token)].mean(),
            BY_USE,
        ),
        Mistake(
            "all pairs of vectors, whatever their tokens",
            lambda X, token: _pair_mean(_units(X) @ _units(X).T),
            "Where does your function use `token`?",
        ),
        Mistake(
            "the rows are not normalised",
            lambda X, token: _pair_mean(_type_means(X, token) @ _type_means(X, token).T),
            NOT_UNIT,
        ),
        Mistake(
            "cosines of the types' mean vectors",
            lambda X, token: _pair_mean(_units(_type_means(X, token)) @ _units(_type_means(X, token)).T),
            "You average first and take the cosine then. Wanted is the average of cosines.",
        ),
        Mistake(
            "normalised twice",
            lambda X, token: _pair_mean(
                _units(_type_means(_units(X), token)) @ _units(_type_means(_units(X), token)).T
            ),
            "After averaging unit vectors you stretched them again. Does an average of cosines allow that?",
        ),
        Mistake(
            "the same token in two contexts: the other question",
            lambda X, token: intra_type(X, token),
            "Different tokens, or the same one twice?",
        ),
        Mistake(
            "absolute values are averaged",
            lambda X, token: _pair_mean((_type_means(_units(X), token) @ _type_means(_units(X), token).T).abs()),
            "A cosine has a sign. Where did it go?",
        ),
        Mistake(
            "the root of it",
            lambda X, token: torch.as_tensor(inter_type(X, token)).abs().sqrt(),
            "The last step is one too many: why a root?",
        ),
        Mistake(
            "every pair is counted twice",
            lambda X, token: 2 * inter_type(X, token),
            "Of n types, how many pairs does your sum hold, and by how many do you divide?",
        ),
        Mistake(
            "each pair is in the sum once, in the divisor twice",
            lambda X, token: inter_type(X, token) / 2,
            "Of n types there are n(n − 1) ordered pairs, and half as many without order. Which are in your sum?",
        ),
        Mistake(
            "the sum is over different types, the divisor is not",
            lambda X, token: inter_type(X, token) * _ordered_pairs(token.unique()) / len(token.unique()) ** 2,
            "Of n types, how many ordered pairs are of two different ones?",
        ),
        Mistake(
            "each run of a token counts as a type",
            lambda X, token: _pair_mean(_runs(X, token) @ _runs(X, token).T),
            "A token that comes back later in the text is the same type. Does your function know?",
        ),
        Mistake(
            "pairs of the same token are counted too, and the rows are not normalised",
            lambda X, token: _type_means(X, token).mean(0).square().sum(),
            "Two things: a cosine doesn't notice a row's length, and ‖m₁ + m₂ + …‖² holds each type with itself.",
        ),
        Mistake(
            "one occurrence of each type for all",
            lambda X, token: _pair_mean(_units(_firsts(X, token)) @ _units(_firsts(X, token)).T),
            "A token has other vectors elsewhere in the text. Where are they in your average?",
        ),
        Mistake(
            "token numbers that never occur count as types",
            lambda X, token: (
                inter_type(X, token) * _ordered_pairs(token.unique()) / _ordered_pairs(range(token.max() + 1))
            ),
            "Token numbers have gaps. How many types does your function count, and how many stand in `token`?",
        ),
        Mistake(
            "the sum of a type's vectors, not their mean",
            lambda X, token: _of_sums(X, token) / _ordered_pairs(token.unique()),
            "A type that occurs three times brings three vectors into yours. Every type has one say.",
        ),
        Mistake(
            "averaged over pairs of vectors, not of types",
            lambda X, token: inter_type(X, token) * _ordered_pairs(token.unique()) / _ordered_pairs(token),
            "Your sum is over pairs of types. Over how many pairs do you divide it?",
        ),
        Mistake(
            "centred first",
            lambda X, token: inter_type(X - X.mean(0), token),
            "This exercise asks about the vectors as they are.",
        ),
    ],
    hints=[
        "Take two types, one with two occurrences and one with three. Their mean cosine is an average of six dot products. Write it as one.",
        "It is the dot product of two averages of unit vectors. So first make one vector a type, then average over pairs of types.",
        "With m the types' mean unit vectors: ‖Σm‖² holds every ordered pair, and each type with itself as ‖m‖², which isn't 1.",
    ],
)

# --- 6.2 -----------------------------------------------------------------------------------------------------------


def intra_type(X: Float[Tensor, "n d_model"], token: Int[Tensor, " n"]) -> float:
    """The mean cosine of two occurrences of one type, every type that has two counted alike."""
    u = X / X.norm(dim=1, keepdim=True)
    per_type = []
    for t in token.unique():
        same = u[token == t]
        k = len(same)
        if k > 1:
            everything = same.sum(0).square().sum()  # each occurrence with itself included
            per_type.append((everything - k) / (k * (k - 1)))
    return torch.stack(per_type).mean().item()


def _each(X: Tensor, token: Tensor, fn) -> Tensor:
    u = _units(X)
    return torch.stack([torch.as_tensor(fn(u[rows]), dtype=X.dtype) for rows in _often(token)])


def _raw(X: Tensor, token: Tensor, fn) -> Tensor:
    """The mean over types of `fn` of a type's rows, as they are, and their number."""
    return torch.stack([fn(X[rows], len(rows)) for rows in _often(token)]).mean()


def _once_as(value: float):
    """Types that occur once enter the average with `value`."""

    def fn(X: Tensor, token: Tensor) -> Tensor:
        once = len(token.unique()) - len(_often(token))
        return torch.cat([_each(X, token, lambda u: _pair_mean(u @ u.T)), X.new_full((once,), value)]).mean()

    return fn


def _repeated(token: Tensor) -> int:
    """Occurrences of types that occur more than once."""
    return sum(map(len, _often(token)))


def _of_three(X: Tensor, token: Tensor) -> Tensor:
    u = _units(X)
    return torch.stack([_pair_mean(u[rows] @ u[rows].T) for rows in _often(token) if len(rows) > 2]).mean()


ITSELF = "Each occurrence has cosine 1 with itself, in whatever context. Is that the question?"

EX_6_2 = Exercise(
    id="6.2",
    title="mean cosine of a token in two contexts",
    kind="function",
    difficulty=2,
    minutes=8,
    statement="""
    For a type that occurs at least twice: the mean cosine over all pairs of two different occurrences of it.
    Return the mean of that over all such types, each counting the same.
    """,
    cases=texts,
    reference=intra_type,
    scale=1.0,
    real=lambda x: x,
    mistakes=[
        Mistake(
            "each occurrence is paired with itself too",
            lambda X, token: _each(X, token, lambda u: (u @ u.T).mean()).mean(),
            ITSELF,
        ),
        Mistake(
            "tokens that occur once count as 1",
            _once_as(1.0),
            "A token that occurs once has no second context. What should it contribute?",
        ),
        Mistake(
            "each occurrence is paired with itself too, tokens that occur once included",
            lambda X, token: _type_means(_units(X), token).square().sum(1).mean(),
            ITSELF,
        ),
        Mistake(
            "tokens that occur once count as 0",
            _once_as(0.0),
            "A token that occurs once has no second context. What should it contribute?",
        ),
        Mistake(
            "frequent tokens count more",
            lambda X, token: (_units(X) @ _units(X).T)[_same(token) & _off(len(X))].mean(),
            BY_USE,
        ),
        Mistake(
            "the rows are not normalised",
            lambda X, token: torch.stack([_pair_mean(X[rows] @ X[rows].T) for rows in _often(token)]).mean(),
            NOT_UNIT,
        ),
        Mistake(
            "the rows are not normalised",
            lambda X, token: _raw(X, token, lambda rows, k: (rows.sum(0).square().sum() - k) / (k * (k - 1))),
            NOT_UNIT,
        ),
        Mistake(
            "every pair is counted twice",
            lambda X, token: 2 * intra_type(X, token),
            "Of k occurrences, how many pairs does your sum hold, and by how many do you divide?",
        ),
        Mistake(
            "the sum holds each occurrence with itself, the divisor does not",
            lambda X, token: _raw(_units(X), token, lambda u, k: u.sum(0).square().sum() / (k * (k - 1))),
            "How many of the products in your sum are of an occurrence with itself, and what is each?",
        ),
        Mistake(
            "the sum over a type's pairs, not their mean",
            lambda X, token: _each(X, token, lambda u: (u @ u.T)[_off(len(u))].sum()).mean(),
            "Can a mean cosine exceed 1?",
        ),
        Mistake(
            "cosine with the token's mean, not between its occurrences",
            lambda X, token: torch.stack(
                [(_units(X[rows]) @ (X[rows].mean(0) / X[rows].mean(0).norm())).mean() for rows in _often(token)]
            ).mean(),
            "How an occurrence lies to the average one is another, larger number.",
        ),
        Mistake(
            "cosine with the token's mean, not between its occurrences",
            lambda X, token: torch.stack([_units(X[rows]).mean(0).norm() for rows in _often(token)]).mean(),
            "The length of a mean unit vector is its occurrences' mean cosine with it. Wanted is that between them.",
        ),
        Mistake(
            "each pair is in the sum once, in the divisor twice",
            lambda X, token: intra_type(X, token) / 2,
            "Of k occurrences there are k(k − 1) ordered pairs, and half as many without order. Which are in your sum?",
        ),
        Mistake(
            "different tokens: the other question",
            lambda X, token: inter_type(X, token),
            "Different tokens, or the same one twice?",
        ),
        Mistake(
            "the sum is over different occurrences, the divisor is not",
            lambda X, token: _each(X, token, lambda u: (u @ u.T)[_off(len(u))].sum() / len(u) ** 2).mean(),
            "Of k occurrences, how many ordered pairs are of two different ones?",
        ),
        Mistake(
            "types count by how often they occur",
            lambda X, token: (
                _raw(_units(X), token, lambda u, k: _pair_mean(u @ u.T) * k) * len(_often(token)) / _repeated(token)
            ),
            BY_USE,
        ),
        Mistake(
            "only the first two occurrences are paired",
            lambda X, token: _each(X, token, lambda u: u[0] @ u[1]).mean(),
            "A type that occurs four times has six pairs. How many of them are in yours?",
        ),
        Mistake(
            "only neighbouring occurrences are paired",
            lambda X, token: _each(X, token, lambda u: (u[1:] * u[:-1]).sum(1).mean()).mean(),
            "A type that occurs four times has six pairs. How many of them are in yours?",
        ),
        Mistake(
            "types that occur twice are left out",
            _of_three,
            "A type with two occurrences has one pair.",
        ),
        Mistake(
            "centred first",
            lambda X, token: intra_type(X - X.mean(0), token),
            "This exercise asks about the vectors as they are.",
        ),
    ],
    hints=[
        "One type at a time: it is the mean pairwise cosine of that type's rows, which you know from 01. Then average over types.",
        "What do you do with a type that has one row? It has no pairs, so it has no say.",
        "For k unit rows: (‖sum‖² − k) / (k(k − 1)).",
    ],
)

# --- 6.3 -----------------------------------------------------------------------------------------------------------

EX_6_3 = Exercise(
    id="6.3",
    title="is the cone only at the bottom?",
    kind="why",
    difficulty=2,
    minutes=15,
    statement="""
    Your verdict on both claims, for each of the two models, with its numbers. Where is there a cone and where not,
    by which count, and what else do the vectors hold (6.2)? What puts it there after one block, and why does that
    have a mean? The clusters: two, a dip or one; if a dip, of what? Name a rival that a control ruled out, and how.
    What does none of it say about GPT-2?
    """,
    answer="""
    At every layer the mean cosine stands beside that of initial weights on the same rows, and a cone is 0.05 more.
    By types the cone is not only at the bottom in either stand-in: mini-neo's is largest there and little of it is
    left above, mini-gpt2's is larger above. By use mini-neo's is at the bottom only, and mini-gpt2 has none there.
    So the count decides: frequent tokens hold less of the common vector than rare ones, each count has its own mean,
    and taking one away may leave the other count or even raise it. Same-token pairs have more in common at every
    layer: the rest of a vector is its own. What leaves the first block is what the MLP writes, since that is by far the longest
    of the three vectors added; take its mean away and the cone after one block is gone. A part of it is common to
    all tokens, since the nonlinearity makes a mean: neurons that go in without one come out with one, in both
    models, and with initial weights there is little of it. None of it is two clusters on the stand-ins: the
    valleys are dips and no gaps. The nearest rival is two clusters that overlap, for planted ones have the same
    dip. It is ruled out: each side's mean takes the planted dip away and leaves the models'. Each token's mean
    takes the models' away, above layer 0, and dealt means do not: several groups of tokens. GPT-2 may be
    otherwise: a stand-in is no GPT-2, and a small cluster near by would be missed.
    """,
    hints=[
        "Take the layers one by one: what did you compare each mean cosine with, and which pairs did it average?",
        "Of the three vectors that are added up in the first block, which is so long that the others hardly count? And which planted row behaves under all the controls as the models do?",
        "The neurons that lost their mean before the nonlinearity: what have they after it? What does a function that cuts off one side do to values on both sides of zero?",
    ],
    rubric=[
        "The cone, layer by layer: the mean cosine less that of initial weights, against the 0.05, and not against zero. By use, mini-neo has it at the bottom only, and mini-gpt2 above only. By types, mini-gpt2 has it everywhere. mini-neo's is largest at the bottom, still there after one block and gone at the top: a narrow no, which a shorter text would leave open.",
        "Which count: types counted alike and vectors counted by use give different numbers, most of all at layer 0, and here they change a verdict. The mean of one count empties that count; the other keeps some, and may even rise.",
        "What else: two vectors of one token are more alike than those of two tokens, at every layer of both, so what all share isn't everything that they hold.",
        "What puts it there, after one block: of input, attention and MLP the one whose mean, taken away, leaves least. In both it is the MLP's, which is by far the longest, so whatever the input was like is buried.",
        "Why that has a mean: neurons that go into the nonlinearity without a mean come out with one, in both models, and what is written has as much of a cone as before. The cosine at each step alone doesn't show it for mini-neo: its neurons had another mean before. It isn't nearly the same for every token: the mean is about half as long as a vector, or less.",
        "Two, dip or one: k-means always finds two, and no layer above the embedding has a gap. Both models have dips there, which their twins lack. They come with training: initial weights have none there, though mini-gpt2's have the deepest of all at layer 0, where a few frequent tokens stand apart. By the report's own bar, a silhouette of 0.1, the answer is worth what a cloud without clusters reaches.",
        "The rival ruled out: two clusters that overlap. A planted pair has such a dip, but loses it with each side's mean; the models keep theirs. They lose it with each token's mean and not with dealt groups' means, as planted clusters of several groups of tokens do. At layer 0 of mini-gpt2 positions have to go as well.",
        "What doesn't follow: a stand-in's answer isn't GPT-2's, a small model may lack what a large one has, and the rule misses a hundredth of the vectors unless they are far away: as many as stand at position 0.",
    ],
)

# --- 6.4 -----------------------------------------------------------------------------------------------------------


def top_share(X: Float[Tensor, "n d_model"], k: int) -> float:
    """The `k` largest coordinates' share of the mean cosine; each keeps its sign."""
    u = X / X.norm(dim=1, keepdim=True)
    # Coordinate by coordinate: the sum over ordered pairs of different rows is (Σu)² − Σu².
    added = u.sum(0).square() - u.square().sum(0)
    return (added.topk(k).values.sum() / added.sum()).item()


def _added(X: Tensor) -> Tensor:
    u = _units(X)
    return u.sum(0).square() - u.square().sum(0)


def _largest(values: Tensor, k: int) -> Tensor:
    return values.topk(k).values.sum()


def _dropped(X: Tensor, k: int) -> float:
    rest = _added(X).argsort(descending=True)[k:]
    return _pair_mean(_units(X[:, rest]) @ _units(X[:, rest]).T) / _pair_mean(_units(X) @ _units(X).T)


EX_6_4 = Exercise(
    id="6.4",
    title="a few coordinates' share of the mean cosine (optional)",
    kind="function",
    difficulty=2,
    minutes=12,
    statement="""
    A cosine is a sum over coordinates, û·v̂ = Σ ûᵢv̂ᵢ, and so is the mean cosine over all pairs of different rows.
    Some coordinates add to it, some may take away. Return the sum of the `k` largest contributions over the sum
    of all. Everything keeps its sign, so this may be negative, or more than 1. No table of n × n numbers.
    """,
    cases=tops,
    reference=top_share,
    no_table=True,
    scale=1.0,
    real=lambda X: (X, 3),
    mistakes=[
        Mistake(
            "each row is paired with itself too",
            lambda X, k: _largest(_units(X).sum(0).square(), k) / _units(X).sum(0).square().sum(),
            "The squared sum of a column holds each entry's own square. Does that belong to a pair of different rows?",
        ),
        Mistake(
            "the rows are not normalised",
            lambda X, k: (
                _largest(X.sum(0).square() - X.square().sum(0), k) / (X.sum(0).square() - X.square().sum(0)).sum()
            ),
            NOT_UNIT,
        ),
        Mistake(
            "the share of ‖mean‖², rows not normalised",
            lambda X, k: _largest(X.mean(0).square(), k) / X.mean(0).square().sum(),
            NOT_UNIT,
        ),
        Mistake(
            "the first k coordinates, not the largest k",
            lambda X, k: _added(X)[:k].sum() / _added(X).sum(),
            "Which coordinates add most is for the data to say.",
        ),
        Mistake(
            "the share of the variance, not of the cosine",
            lambda X, k: _largest(X.var(0), k) / X.var(0).sum(),
            "A coordinate that is the same in all rows has no variance. Does it add to their cosines?",
        ),
        Mistake(
            "the share of the squared length, not of the cosine",
            lambda X, k: _largest(_units(X).square().sum(0), k) / len(X),
            "Squared length is a row with itself. Pairs of different rows are asked for.",
        ),
        Mistake(
            "centred first",
            lambda X, k: _largest(_added(X - X.mean(0)), k) / _added(X - X.mean(0)).sum(),
            "Centring takes away what you want to divide up.",
        ),
        Mistake(
            "what is left without them",
            lambda X, k: 1 - top_share(X, k),
            "The others' share, or theirs?",
        ),
        Mistake(
            "the mean cosine without them, over the mean cosine",
            _dropped,
            "Leaving coordinates out changes every length as well. Divide up the sum that you have.",
        ),
        Mistake(
            "absolute contributions",
            lambda X, k: _largest(_added(X).abs(), k) / _added(X).abs().sum(),
            "A coordinate may take away from the cosine. Keep its sign.",
        ),
        Mistake(
            "ranked by size, not by sign",
            lambda X, k: _added(X)[_added(X).abs().topk(k).indices].sum() / _added(X).sum(),
            "A coordinate that takes much away: is it among those that contribute most?",
        ),
        Mistake(
            "the sign of the share is lost",
            lambda X, k: abs(top_share(X, k)),
            "Where the mean cosine is negative, what does a positive contribution make of the share?",
        ),
        Mistake(
            "the share is cut off at 1",
            lambda X, k: min(1.0, top_share(X, k)),
            "Others may take away from the mean cosine. Can a few then add more than the whole?",
        ),
        Mistake(
            "the share is kept between 0 and 1",
            lambda X, k: min(1.0, max(0.0, top_share(X, k))),
            "Every contribution has a sign, and so has the whole. What may their ratio be?",
        ),
        Mistake(
            "a sum over pairs above, their mean below",
            lambda X, k: _largest(_added(X), k) / _added(X).sum() * len(X) * (len(X) - 1),
            "Above the line and below it, all pairs should be counted in one way.",
        ),
        Mistake(
            "what takes away is counted as 0",
            lambda X, k: _largest(_added(X).clamp(min=0), k) / _added(X).clamp(min=0).sum(),
            "A coordinate may take away from the cosine. Keep its sign.",
        ),
        Mistake(
            "the amount, not the share",
            lambda X, k: _largest(_added(X), k) / (len(X) * (len(X) - 1)),
            "A share of what? Divide by the whole.",
        ),
        Mistake(
            "always one coordinate, whatever k",
            lambda X, k: top_share(X, 1),
            "Where does your function use `k`?",
        ),
        Mistake(
            "always three coordinates, whatever k",
            lambda X, k: top_share(X, min(3, X.shape[1])),
            "Where does your function use `k`?",
        ),
        Mistake(
            "the k smallest",
            lambda X, k: _added(X).sort().values[:k].sum() / _added(X).sum(),
            "In which order does your sort put them?",
        ),
        Mistake(
            "ranked by the mean of the unit vectors",
            lambda X, k: _added(X)[_units(X).mean(0).topk(k).indices].sum() / _added(X).sum(),
            "A coordinate whose mean is far below zero: does it add to the cosine, or take away?",
        ),
        Mistake(
            "one coordinate too many",
            lambda X, k: _largest(_added(X), min(k + 1, X.shape[1])) / _added(X).sum(),
            "How many coordinates are in your sum?",
        ),
    ],
    hints=[
        "Find each coordinate's contribution first: a vector of d_model numbers whose sum is the mean cosine.",
        "The identity of 01 holds column by column: (sum of a column)² holds all ordered pairs, and each entry's own square.",
        "Contributions: u.sum(0)² − (u²).sum(0) with unit rows u. Sort them, add up the largest k, divide by all.",
    ],
)

# Words that give the puzzle's answer away: none may stand in the puzzle file.
SPOILERS = (
    "position 0",
    "k-means always",
    "take the planted dip away",
    "planted dip",
    "inside the MLP",
    "clusters that overlap",
    "the nonlinearity makes",
    "hold less of the common",
    "what the MLP writes, since",
    "cuts off one side",
)

EXERCISES = [EX_6_1, EX_6_2, EX_6_3, EX_6_4]
