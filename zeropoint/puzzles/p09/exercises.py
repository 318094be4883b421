"""Puzzle 09, when not to centre."""

from __future__ import annotations

import math

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from zeropoint.desk.exercise import Exercise, Mistake
from zeropoint.puzzles.p09 import search

# --- 9.1 -----------------------------------------------------------------------------------------------------------


def centred_by_group(X: Float[Tensor, "n d"], group: Int[Tensor, " n"]) -> Float[Tensor, "n d"]:
    """Every row of X less the mean of the rows in its own group."""
    centred = X.clone()
    for g in group.unique():
        mine = group == g
        centred[mine] -= X[mine].mean(0)
    return centred


def grouped(seed: int) -> list[tuple[Tensor, Tensor]]:
    """Rows in groups of unequal sizes, one of a single row, in no order; groups' numbers have gaps."""
    generator = torch.Generator().manual_seed(seed)
    out = []
    for sizes, d in (((1, 3), 2), ((2, 5, 1), 3), ((9, 4, 3, 7), 6), ((30, 12, 8), 9)):
        names = torch.arange(len(sizes)) * 3 + 1
        group = names.repeat_interleave(torch.tensor(sizes))
        group = group[torch.randperm(len(group), generator=generator)]
        places = 3 * torch.randn(int(names.max()) + 1, d, generator=generator, dtype=torch.float64)
        X = torch.randn(len(group), d, generator=generator, dtype=torch.float64) + places[group] + 1
        out.append((X, group))
    return out


def _shares(X: Tensor, group: Tensor) -> Tensor:
    """[groups, n]: 1 over the group's size where a row is of it."""
    member = (group.unique()[:, None] == group).to(X.dtype)
    return member / member.sum(1, keepdim=True)


def _means(X: Tensor, group: Tensor) -> Tensor:
    return _shares(X, group) @ X


def _place(group: Tensor) -> Tensor:
    return torch.unique(group, return_inverse=True)[1]


EX_9_1 = Exercise(
    id="9.1",
    title="each by its own",
    kind="function",
    difficulty=1,
    minutes=6,
    statement="""
    The rows of X [n, d] are of several groups; group[i] is the number of row i's group. Return X with every row less
    the mean of the rows of its own group. Groups may be of any size, in any order, and their numbers may have gaps.
    """,
    cases=grouped,
    reference=centred_by_group,
    real=lambda x: x,
    mistakes=[
        Mistake(
            "one mean for all",
            lambda X, group: X - X.mean(0),
            "Is the mean of each group zero now? What did you use `group` for?",
        ),
        Mistake(
            "the mean of the groups' means",
            lambda X, group: X - _means(X, group).mean(0),
            "Every row lost the same vector. Should rows of two groups?",
        ),
        Mistake(
            "each row's own mean",
            lambda X, group: X - X.mean(1, keepdim=True),
            "Which axis of X counts the rows?",
        ),
        Mistake(
            "the group's sum over all rows",
            lambda X, group: X - (_means(X, group) * (_shares(X, group) > 0).sum(1)[:, None] / len(X))[_place(group)],
            "You added up one group. By how many rows did you divide?",
        ),
        Mistake(
            "the groups' means in place of the rows",
            lambda X, group: _means(X, group)[_place(group)],
            "Two rows of a group come out equal. What made them different?",
        ),
        Mistake(
            "the mean of the other groups",
            lambda X, group: (
                X
                - torch.stack([X[group != g].mean(0) if (group != g).any() else X.mean(0) for g in group.unique()])[
                    _place(group)
                ]
            ),
            "Which rows belong to a row's own group: those with an equal number, or with another?",
        ),
    ],
    hints=[
        "What should the mean of each group be afterwards? Test that.",
        "`group == g` picks the rows of one group. What is subtracted from these, and from no others?",
        "A loop over `group.unique()` will do: the mean of X[group == g], taken off X[group == g].",
    ],
)

# --- 9.2 -----------------------------------------------------------------------------------------------------------


def bias_in_the_weights(w: Float[Tensor, " d"], b: float, c: Float[Tensor, " d"]) -> Float[Tensor, " d"]:
    """Weights v, to be used alone."""
    # v may differ from w along c only; along c it has to add b where w·c was
    return w + b * c / (c @ c)


def weights(seed: int) -> list[tuple[Tensor, float, Tensor]]:
    """Weights, a number and a vector that is neither short nor of length 1."""
    generator = torch.Generator().manual_seed(seed)
    out = []
    for d in (2, 3, 5, 8, 20):
        w, c = torch.randn(2, d, generator=generator, dtype=torch.float64)
        c *= (1.5 + 2 * torch.rand(1, generator=generator, dtype=torch.float64)) / c.norm()
        b = (torch.rand(1, generator=generator, dtype=torch.float64).item() + 0.5) * (-1) ** d
        out.append((w, b, c))
    return out


TRY = "Try it: take a u at right angles to c, and compare v·(c + u) with w·(c + u) + b."

EX_9_2 = Exercise(
    id="9.2",
    title="a number hidden in weights",
    kind="function",
    difficulty=2,
    minutes=8,
    task="""
        A probe says yes where w·x + b > 0. You may not use b. But every x is c + u, with the same c in all of them and a u of its own
        at right angles to c. Return the weights v with which v·x = w·x + b for every such x. (c is not zero.)
        Then ask yourself what happens to them when somebody centres the x.
        """,
    cases=weights,
    reference=bias_in_the_weights,
    real=lambda W: (W[7] - W[8], -0.5, W.mean(0)),
    mistakes=[
        Mistake(
            "c is not divided by its squared length",
            lambda w, b, c: w + b * c,
            f"{TRY} By what factor is it too much?",
        ),
        Mistake(
            "c is divided by its length, once",
            lambda w, b, c: w + b * c / c.norm(),
            f"{TRY} By what factor is it off, where c is twice as long?",
        ),
        Mistake("the sign is turned", lambda w, b, c: w - b * c / (c @ c), TRY),
        Mistake(
            "what w says along c is lost",
            lambda w, b, c: w - (w @ c) * c / (c @ c) + b * c / (c @ c),
            f"{TRY} What has become of w·c?",
        ),
        Mistake(
            "what w says along c is lost",
            lambda w, b, c: b * c / (c @ c),
            f"{TRY} What has become of w·u?",
        ),
        Mistake("b is added to every weight", lambda w, b, c: w + b, f"{TRY} Which weights should change?"),
        Mistake("b is forgotten", lambda w, b, c: w + 0 * c, TRY),
    ],
    hints=[
        "Write v = w + something. What may the something be, if v·u = w·u for every u at right angles to c?",
        "It lies along c: v = w + t·c. Now put x = c into v·x = w·x + b, and find t.",
        "t·(c·c) = b.",
    ],
)

# --- 9.3 -----------------------------------------------------------------------------------------------------------


def centred_cosines(
    start: Int[Tensor, " n_plus_1"],
    column: Int[Tensor, " k"],
    count: Float[Tensor, " k"],
    d: int,
    q: int,
) -> Float[Tensor, " n"]:
    """The cosine of row q with each of the n rows, itself too, all rows less their mean row."""
    n = len(start) - 1
    row = torch.arange(n).repeat_interleave(start.diff())  # of each count
    zeros = torch.zeros(n, dtype=count.dtype)
    mean = torch.zeros(d, dtype=count.dtype).index_add(0, column, count) / n
    query = -mean
    query[column[row == q]] += count[row == q]
    # (x − μ)·y = x·y − μ·y, and x·y has a term for each count alone
    dot = zeros.index_add(0, row, count * query[column]) - mean @ query
    # ‖x − μ‖² = x·(x − 2μ) + μ·μ
    squares = zeros.index_add(0, row, count * (count - 2 * mean[column])) + mean @ mean
    return dot / (squares * squares[q]).sqrt()


def sparse(seed: int) -> list[tuple[Tensor, Tensor, Tensor, int, int]]:
    """Counts by rows, most of them never; some rows are empty, none is the mean, and there are more columns than rows."""
    generator = torch.Generator().manual_seed(seed)
    out = []
    for n, d, each in ((4, 7, 2), (5, 9, 3), (12, 30, 4), (900, 2500, 7)):
        table = _table(n, d, each, generator)
        while (_dense(*table) - _dense(*table).mean(0)).norm(dim=1).min() < 0.5:
            table = _table(n, d, each, generator)
        start, column, count, d = table
        q = 1 + int(torch.randint(n - 1, (1,), generator=generator))
        out.append((start, column, count, d, q))
    return out


def _table(n: int, d: int, each: int, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor, int]:
    lengths = torch.randint(1, 2 * each, (n,), generator=generator)
    lengths[0] = 0
    likely = 1 / torch.arange(1, d + 1)  # a few columns are frequent, as with words
    columns = [torch.multinomial(likely, int(k), generator=generator).sort().values for k in lengths if k]
    column = torch.cat(columns)
    count = torch.randint(1, 5, (len(column),), generator=generator).double()
    return torch.cat([torch.zeros(1, dtype=torch.long), lengths.cumsum(0)]), column, count, d


def _dense(start: Tensor, column: Tensor, count: Tensor, d: int) -> Tensor:
    X = torch.zeros(len(start) - 1, d, dtype=count.dtype)
    X[torch.arange(len(X)).repeat_interleave(start.diff()), column] = count
    return X


def _cosines(X: Tensor, q: int) -> Tensor:
    lengths = X.norm(dim=1)
    return (X @ X[q] / (lengths * lengths[q])).nan_to_num()


def _only_stored(start, column, count, d, q):
    X = _dense(start, column, count, d)
    return _cosines(torch.where(X > 0, X - X.mean(0), 0), q)


def _mean_of_stored(start, column, count, d, q):
    X = _dense(start, column, count, d)
    return _cosines(X - X.sum(0) / (X > 0).sum(0).clamp_min(1), q)


def _not_normalised(start, column, count, d, q):
    X = _dense(start, column, count, d)
    X = X - X.mean(0)
    return X @ X[q]


def _norms_as_they_were(start, column, count, d, q):
    X = _dense(start, column, count, d)
    lengths = X.norm(dim=1)
    return (_not_normalised(start, column, count, d, q) / (lengths * lengths[q])).nan_to_num(posinf=0, neginf=0)


def _a_term_short(start, column, count, d, q):
    X = _dense(start, column, count, d)
    mean = X.mean(0)
    lengths = (X - mean).norm(dim=1)
    return (_not_normalised(start, column, count, d, q) - mean @ mean) / (lengths * lengths[q])


def _rows_own_mean(start, column, count, d, q):
    X = _dense(start, column, count, d)
    return _cosines(X - X.mean(1, keepdim=True), q)


EX_9_3 = Exercise(
    id="9.3",
    title="no room to centre",
    kind="function",
    difficulty=3,
    minutes=20,
    statement="""
    A table of counts, n rows and d columns, nearly all of it zero, so only the rest is kept, row by row: row i has
    `count[start[i]:start[i + 1]]` in the columns `column[start[i]:start[i + 1]]`, each column at most once. Centre
    the rows (every row less the mean of all n rows, zeros included) and return the cosine of row q with each row,
    shape [n]; its cosine with itself is 1. A row may be empty. There are so many columns that no array may be as large as the whole table:
    about n² numbers are too many. No row equals the mean.
    """,
    cases=sparse,
    reference=centred_cosines,
    real=lambda x: (*x, 0),
    scale=1.0,
    no_table=True,
    mistakes=[
        Mistake(
            "not centred",
            lambda start, column, count, d, q: _cosines(_dense(start, column, count, d), q),
            "Two rows without a common column have cosine 0 here. Have they, once both have lost the mean?",
        ),
        Mistake(
            "only what is kept is centred",
            _only_stored,
            "A zero less the mean is no zero. What becomes of the columns in which a row has no count?",
        ),
        Mistake(
            "the mean of what is kept",
            _mean_of_stored,
            "The mean is over all n rows. How many of them have a zero in the column?",
        ),
        Mistake("not normalised", _not_normalised, "What is your cosine of row q with itself?"),
        Mistake(
            "the lengths are those before centring",
            _norms_as_they_were,
            "What is your cosine of row q with itself? And of an empty row with anything?",
        ),
        Mistake(
            "a term of the product is missing",
            _a_term_short,
            "Multiply (x − μ)·(y − μ) out: how many terms does it have, and which of them is the same for all rows?",
        ),
        Mistake(
            "each row less its own mean",
            _rows_own_mean,
            "Which mean is meant: over the rows, or along each row?",
        ),
    ],
    hints=[
        "Which sums does the cosine of two centred rows need? Multiply (x − μ)·(y − μ) out.",
        "x·y, x·μ, y·μ and μ·μ. μ has d numbers and is dense, which there is room for; x·μ needs only the columns of x.",
        "index_add(0, row, …) adds up terms by row, if `row` holds the row of each count. Lengths come from the same sums with y = x.",
    ],
)

# --- 9.4 -----------------------------------------------------------------------------------------------------------


def cosine_of_two(untrained_norm: float, norm: float) -> float:
    """The cosine of two trained rows."""
    return (untrained_norm / norm) ** 2


def two_norms(seed: int) -> list[tuple[float, float]]:
    generator = torch.Generator().manual_seed(seed)
    shares = 0.3 + 0.5 * torch.rand(6, generator=generator, dtype=torch.float64)
    norms = 1 + 4 * torch.rand(6, generator=generator, dtype=torch.float64)
    return [(share * norm, norm) for share, norm in zip(shares.tolist(), norms.tolist(), strict=True)]


EX_9_4 = Exercise(
    id="9.4",
    title="what two norms tell",
    kind="function",
    difficulty=1,
    minutes=5,
    statement="""
    GPT-J's training code adds one bias vector to every embedding, and the released matrix has it in every row. Of its
    rows two norms are published: that of tokens which were never trained, and so are the bias alone, and that of all
    others, which are the bias and something of their own. Suppose that what is their own is at right angles to
    the bias, and to what is another row's own. Given `untrained_norm` and `norm`, return the cosine of two different
    trained rows, both of length `norm`.
    """,
    cases=two_norms,
    reference=cosine_of_two,
    real=lambda x: x,
    scale=1.0,
    mistakes=[
        Mistake(
            "the cosine with the bias",
            lambda untrained_norm, norm: untrained_norm / norm,
            "That is the cosine of a row with the bias. Two rows are further apart than either is from what they share.",
        ),
        Mistake(
            "what is not shared",
            lambda untrained_norm, norm: 1 - (untrained_norm / norm) ** 2,
            "What should come out if trained rows are hardly longer than the others?",
        ),
        Mistake(
            "the ratio is turned round",
            lambda untrained_norm, norm: (norm / untrained_norm) ** 2,
            "Can a cosine be larger than 1?",
        ),
        Mistake(
            "a row's own length is the difference of the norms",
            lambda untrained_norm, norm: untrained_norm**2 / (untrained_norm**2 + (norm - untrained_norm) ** 2),
            "At right angles, do lengths add up, or their squares?",
        ),
        Mistake(
            "the sine, not the cosine",
            lambda untrained_norm, norm: math.sqrt(1 - (untrained_norm / norm) ** 4),
            "What should come out if trained rows are hardly longer than the others?",
        ),
        Mistake(
            "the product, not divided by both lengths",
            lambda untrained_norm, norm: untrained_norm**2,
            "That is a dot product. By what do you divide it?",
        ),
    ],
    hints=[
        "Write two rows as b + u and b + u′. Which of the four terms of their dot product are zero?",
        "The product is b·b. And how long are both rows?",
    ],
)

# --- 9.5 -----------------------------------------------------------------------------------------------------------


def three_properties(
    tokens: list[str],
    W: Float[Tensor, "n d_model"],
) -> dict[str, Bool[Tensor, " n"] | None]:
    """Which tokens have each of three properties: "hurts", "spared", "helps"; None: not found."""
    seldom = torch.tensor([token.endswith("ing") for token in tokens])
    if seldom.sum() < 20:  # any property that few tokens have
        seldom = torch.arange(len(tokens)) % 40 == 0
    mean = W.mean(0)
    along = W @ mean
    # at right angles to the mean, so that zero already lies in the middle of it
    across = W - along[:, None] * mean / (mean @ mean)
    widest = torch.linalg.eigh(across.T @ across).eigenvectors[:, -1]
    middle = (W @ widest).median()
    return {"hurts": seldom, "spared": W @ widest > middle, "helps": along > along.median()}


EX_9_5 = Exercise(
    id="9.5",
    title="three properties",
    kind="function",
    difficulty=3,
    minutes=20,
    statement="""
    An open search, scored by the machine. A probe without a bias (least squares on ±1, fitted to four fifths of the
    tokens and asked about the rest) has to say which tokens have a property. You choose the property; any that you
    can compute from `tokens`, their spellings (a leading space is Ġ), or from W, their embeddings, will do, if at least
    20 tokens have it and 20 have not. Return a dict of three, each a boolean tensor [n]; None for one not found:
    `hurts`: centring costs the probe at least a tenth of the answers, and another vector as long as the mean costs
    less than half as much. `spared`: it has at least nine tenths right, beats always giving the commoner answer by a
    twentieth, and centring changes at most a hundredth. `helps`: centring gains at least a tenth of the answers; what
    the other vector gains is shown beside it and does not count. How much can you make it lose, and gain? (Where a
    model has hardly any mean, only `spared` is asked for.)
    """,
    reference=three_properties,
    judge=search.judge,
    hints=[
        "Without a bias, the border between yes and no runs through zero. Where does zero lie in the cloud before centring, and where after?",
        "After centring it runs through the middle of the cloud. For which properties is that the right place, and for which is it far off?",
        "helps: what differs along the mean itself? As it is, all tokens may lie on the same side of zero in that direction.",
    ],
)

# --- 9.6 -----------------------------------------------------------------------------------------------------------

EX_9_6 = Exercise(
    id="9.6",
    title="when would you not centre?",
    kind="why",
    difficulty=2,
    minutes=8,
    statement="""
    In a few sentences: which tools does centring hurt, which does it help, which not touch, and what could have told
    you beforehand; what do the controls say; which rival did you rule out? Then compare yours with the points, one by
    one.
    """,
    answer="""
    Tools that use no zero, or choose their own, do not notice centring: distance, a probe with a bias. For the others
    it depends on what the mean is to the question. A probe without a bias used the common vector as its bias: centred
    by its own mean it loses, most for rare properties, and by another vector as long, or by half of the mean or twice
    the mean, hardly anything. Words' partners are found more often when each cloud loses its own mean, because their difference was in
    the way; which cloud a word is from is lost by the same move, because that difference was the answer. In counts zero
    means never, and centring overwrites it: nearly empty rows now share minus the mean, and are alike for it. That it is only
    a matter of shorter vectors or of any shift is ruled out by the control. So ask first whether the tool uses zero,
    whether zero means something, and whether what is shared is in the way or is the answer.
    """,
    hints=[
        "Sort the tools by one question: would it notice if all vectors moved together?",
        "Take the two tasks about two clouds. One and the same vector was taken off. What was it to each task?",
    ],
    rubric=[
        "Blind: a tool that uses no zero, or fits one of its own, is not touched (distance; a probe with a bias).",
        "Hurt: where the common vector did a job. A probe without a bias had it for a bias, and half of it is enough; without any, the border runs through the middle of the cloud.",
        "Hurt: where zero means something, such as never. Centred counts lose the difference between none and few.",
        "One move, two signs: each cloud less its own mean finds partners and loses the clouds. What is shared is in the way of the one and the answer of the other.",
        "The control: another vector as long does not cost the probe anything, so it is neither length nor any shift; nor does half of the mean, or twice the mean, cost nearly as much.",
        "What does not follow: that a long mean is bad, or that centring is. Two clusters may gain in one model and lose in the other. And a control says whether it is the mean that helps, or any step as long.",
    ],
)

# Words that give the puzzle's answer away: none may stand in the puzzle file.
SPOILERS = (
    "was its bias",
    "as its bias",
    "c @ c",
    "b·b",
    "index_add",
    "in the way",
    "is the answer",
    "means never",
    "along.median",
    "x·μ",
    "squared length",
)

EXERCISES = [EX_9_1, EX_9_2, EX_9_3, EX_9_4, EX_9_5, EX_9_6]
