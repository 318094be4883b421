"""Puzzle 10, Word2vec-style embeddings."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from zeropoint.desk.exercise import Exercise, Mistake
from zeropoint.puzzles.p10 import hunt, probes

# --- 10.1 ----------------------------------------------------------------------------------------------------------


def share_removed(y: Float[Tensor, " n"], said: Float[Tensor, " n"], guess: float) -> float:
    """The share of the guess's squared error that the probe takes away."""
    of_probe = (y - said).square().sum()
    of_guess = (y - guess).square().sum()
    return (1 - of_probe / of_guess).item()


def answers(seed: int) -> list[tuple[Tensor, Tensor, float]]:
    """Truths, a biased and shrunken probe, and a guess that is the mean of other rows."""
    generator = torch.Generator().manual_seed(seed)
    out = []
    for n in (4, 7, 40, 300):
        y = torch.randint(1, 15, (n,), generator=generator).double()
        said = 0.5 * y + 2 + torch.randn(n, generator=generator, dtype=torch.float64) + 0.8
        guess = 6 + torch.rand(1, generator=generator, dtype=torch.float64).item()
        out.append((y, said, guess))
    return out


def _correlation(y: Tensor, said: Tensor) -> Tensor:
    return torch.corrcoef(torch.stack([y, said]))[0, 1]


GOOD_FOR_NOTHING = "Add 10 to all that the probe says. Is it still as good?"

EX_10_1 = Exercise(
    id="10.1",
    title="better than a guess",
    kind="function",
    difficulty=1,
    minutes=5,
    statement="""
    A probe says `said` of tokens that it did not see; the truth is `y`. Somebody without a probe says one and the same
    `guess` of every token, such as the mean of the tokens that the probe was fitted on. Of the guess's squared error,
    summed over the tokens, return the share that the probe takes away: 1 if it is always right, 0 if it is no better
    than the guess, negative if it is worse.
    """,
    cases=answers,
    reference=share_removed,
    real=lambda given: given,
    scale=1.0,
    mistakes=[
        Mistake("the squared correlation", lambda y, said, guess: _correlation(y, said) ** 2, GOOD_FOR_NOTHING),
        Mistake("the correlation", lambda y, said, guess: _correlation(y, said), GOOD_FOR_NOTHING),
        Mistake(
            "the variance of what is left over",
            lambda y, said, guess: 1 - (y - said).var() / y.var(),
            GOOD_FOR_NOTHING,
        ),
        Mistake(
            "the guess plays no part",
            lambda y, said, guess: 1 - (y - said).square().sum() / (y - y.mean()).square().sum(),
            "Whoever guesses does not know the mean of these tokens. What do they know?",
        ),
        Mistake(
            "the share that is left",
            lambda y, said, guess: (y - said).square().sum() / (y - guess).square().sum(),
            "What should come out for a probe that is always right?",
        ),
        Mistake(
            "errors that are not squared",
            lambda y, said, guess: 1 - (y - said).abs().sum() / (y - guess).abs().sum(),
            "Which errors are asked for?",
        ),
        Mistake(
            "roots of the sums",
            lambda y, said, guess: 1 - ((y - said).square().sum() / (y - guess).square().sum()).sqrt(),
            "Half of the squared error gone: what should come out, and what does?",
        ),
        Mistake(
            "how far the probe is from the guess",
            lambda y, said, guess: (said - guess).square().sum() / (y - guess).square().sum(),
            "Is a probe good that is far from the guess, on the wrong side?",
        ),
    ],
    hints=[
        "Two sums of squares: what the guess is wrong by, and what the probe is wrong by.",
        "How much of the first is still there in the second?",
        "One minus the second over the first.",
    ],
)

# --- 10.2 ----------------------------------------------------------------------------------------------------------


def probe_from_sums(
    n: int,
    sum_x: Float[Tensor, " d"],
    sum_y: float,
    sum_xx: Float[Tensor, "d d"],
    sum_xy: Float[Tensor, " d"],
    penalty: float,
) -> tuple[Float[Tensor, " d"], float]:
    """The slope w and the intercept b."""
    mean_x, mean_y = sum_x / n, sum_y / n
    cov_xx = sum_xx / n - torch.outer(mean_x, mean_x)
    cov_xy = sum_xy / n - mean_x * mean_y
    w = torch.linalg.solve(cov_xx + penalty * torch.eye(len(mean_x), dtype=sum_xx.dtype), cov_xy)
    b = mean_y - mean_x @ w
    return w, b.item()


def sums_of(X: Float[Tensor, "n d"], y: Float[Tensor, " n"], penalty: float) -> tuple:
    """What is kept of the rows, in float64."""
    S = probes.sums(X, probes.columns(y))
    d = X.shape[1]
    return len(X), S[0, 1 : d + 1], S[0, -1].item(), S[1 : d + 1, 1 : d + 1], S[1 : d + 1, -1], penalty


def streams_of_rows(seed: int) -> list[tuple]:
    """Rows with a common vector, and a y that they tell in part."""
    generator = torch.Generator().manual_seed(seed)
    out = []
    for n, d, penalty in ((9, 2, 0.5), (30, 3, 0.2), (60, 5, 0.3), (90, 8, 0.1)):
        X = torch.randn(n, d, generator=generator, dtype=torch.float64)
        X += 1 + torch.rand(d, generator=generator, dtype=torch.float64)
        w = torch.randn(d, generator=generator, dtype=torch.float64)
        y = 5 + X @ w + torch.randn(n, generator=generator, dtype=torch.float64)
        out.append(sums_of(X, y, penalty))
    return out


def _eye(matrix: Tensor) -> Tensor:
    return torch.eye(len(matrix), dtype=matrix.dtype)


def _centred(n, sum_x, sum_y, sum_xx, sum_xy) -> tuple[Tensor, float, Tensor, Tensor]:
    """Means and covariances."""
    x, y = sum_x / n, sum_y / n
    return x, y, sum_xx / n - torch.outer(x, x), sum_xy / n - x * y


def _without_intercept(n, sum_x, sum_y, sum_xx, sum_xy, penalty):
    return torch.linalg.solve(sum_xx / n + penalty * _eye(sum_xx), sum_xy / n), 0.0


def _intercept_afterwards(n, sum_x, sum_y, sum_xx, sum_xy, penalty):
    w, _ = _without_intercept(n, sum_x, sum_y, sum_xx, sum_xy, penalty)
    return w, (sum_y / n - sum_x / n @ w).item()


def _one_as_a_feature(n, sum_x, sum_y, sum_xx, sum_xy, penalty):
    d = len(sum_x)
    G = torch.zeros(d + 1, d + 1, dtype=sum_xx.dtype)
    G[:d, :d], G[:d, d], G[d, :d], G[d, d] = sum_xx, sum_x, sum_x, n
    c = torch.cat([sum_xy, torch.tensor([sum_y], dtype=sum_xx.dtype)])
    both = torch.linalg.solve(G / n + penalty * _eye(G), c / n)
    return both[:d], both[d].item()


def _penalty_on_the_sum(n, sum_x, sum_y, sum_xx, sum_xy, penalty):
    return probe_from_sums(n, sum_x, sum_y, sum_xx, sum_xy, penalty / n)


def _no_penalty(n, sum_x, sum_y, sum_xx, sum_xy, penalty):
    return probe_from_sums(n, sum_x, sum_y, sum_xx, sum_xy, 0.0)


def _y_not_centred(n, sum_x, sum_y, sum_xx, sum_xy, penalty):
    x, y, xx, _ = _centred(n, sum_x, sum_y, sum_xx, sum_xy)
    w = torch.linalg.solve(xx + penalty * _eye(xx), sum_xy / n)
    return w, (y - x @ w).item()


def _x_not_centred(n, sum_x, sum_y, sum_xx, sum_xy, penalty):
    x, y, _, xy = _centred(n, sum_x, sum_y, sum_xx, sum_xy)
    w = torch.linalg.solve(sum_xx / n + penalty * _eye(sum_xx), xy)
    return w, (y - x @ w).item()


def _intercept_is_the_mean(n, sum_x, sum_y, sum_xx, sum_xy, penalty):
    w, _ = probe_from_sums(n, sum_x, sum_y, sum_xx, sum_xy, penalty)
    return w, sum_y / n


FAR_AWAY = "Add 100 to every row. By how much should the slope change?"

EX_10_2 = Exercise(
    id="10.2",
    title="the rows have gone by",
    kind="function",
    difficulty=2,
    minutes=10,
    statement="""
    You want the slope w and the intercept b that make the mean of (x·w + b − y)² over n rows, plus penalty · ‖w‖², as
    small as possible. The intercept is not penalised. But the rows have gone by, once, and there was no room to keep
    them: all that is left is `n` and the sums over the rows of x, of y, of xxᵀ (a d × d matrix) and of x·y. Return
    w and b.
    """,
    cases=streams_of_rows,
    reference=probe_from_sums,
    real=lambda given: sums_of(*given, 0.01),
    tolerance=2e-4,
    mistakes=[
        Mistake("no intercept", _without_intercept, FAR_AWAY),
        Mistake("the intercept comes too late", _intercept_afterwards, FAR_AWAY),
        Mistake(
            "the intercept is penalised", _one_as_a_feature, "A feature that is always 1 is shrunk like the others."
        ),
        Mistake(
            "the penalty is on the sum, not on the mean",
            _penalty_on_the_sum,
            "Twice the rows, each of them twice: should the slope change?",
        ),
        Mistake("no penalty", _no_penalty, "What happens to the slope when the penalty is enormous?"),
        Mistake("y is not centred", _y_not_centred, "Add 100 to every y. By how much should the slope change?"),
        Mistake("x is not centred", _x_not_centred, FAR_AWAY),
        Mistake(
            "the intercept is the mean of y",
            _intercept_is_the_mean,
            "What does your probe say of the mean row, and what should it?",
        ),
    ],
    hints=[
        "Whatever w is, which b is best for it? Put that b into what is to be made small: what becomes of x and y?",
        "The mean of x, the mean of y, the covariance of x with itself and with y: all four are in the sums.",
        "The covariance is the mean of xxᵀ less the outer product of the means. Add the penalty to its diagonal and solve.",
    ],
)

# --- 10.3 ----------------------------------------------------------------------------------------------------------


def far_from_one(W: Float[Tensor, "n d"]) -> float:
    """The least mean of (w·v − 1)² over all rows w, for any vector v."""
    ones = torch.ones(len(W), 1, dtype=W.dtype)
    v = torch.linalg.lstsq(W, ones).solution
    return (W @ v - ones).square().mean().item()


def clouds(seed: int) -> list[tuple[Tensor]]:
    """Clouds wider in some directions than in others, with a mean."""
    generator = torch.Generator().manual_seed(seed)
    out = []
    for n, d, common in ((6, 2, 1), (30, 4, 0.6), (60, 6, 1), (200, 12, 0.3)):
        W = torch.randn(n, d, generator=generator, dtype=torch.float64)
        W *= torch.linspace(0.4, 1.6, d, dtype=torch.float64)
        mean = common * (0.5 + torch.rand(d, generator=generator, dtype=torch.float64))
        out.append((W - W.mean(0) + mean,))
    return out


def _along_the_mean(W: Tensor) -> Tensor:
    """The best v = t·μ."""
    parts = W @ W.mean(0)
    t = parts.mean() / parts.square().mean()
    return (t * parts - 1).square().mean()


def _misses(W: Tensor) -> Tensor:
    ones = torch.ones(len(W), 1, dtype=W.dtype)
    return W @ torch.linalg.lstsq(W, ones).solution - 1


EX_10_3 = Exercise(
    id="10.3",
    title="say one",
    kind="function",
    difficulty=2,
    minutes=8,
    statement="""
    A probe without an intercept says w·v of a row w. Let it try to say 1 of every row of `W`. Return how near it can
    come with the best v: the least possible mean, over the rows, of (w·v − 1)².
    """,
    cases=clouds,
    reference=far_from_one,
    scale=1.0,
    mistakes=[
        Mistake(
            "along the mean, at the best length",
            _along_the_mean,
            "Is the mean's direction the one in which all rows say the same? Where is the cloud thin?",
        ),
        Mistake(
            "v is the mean over its squared length",
            lambda W: (W @ W.mean(0) / W.mean(0).square().sum() - 1).square().mean(),
            "This v says 1 of the mean row. Is there no better one for the rows themselves?",
        ),
        Mistake(
            "of lengths: one less the mean's share",
            lambda W: 1 - W.mean(0).square().sum() / W.square().sum(1).mean(),
            "This does not know how wide the cloud is in which direction. Stretch it: does v not adapt?",
        ),
        Mistake("centred first", lambda W: torch.tensor(1.0, dtype=W.dtype), "What is the mean of w·v when the rows have mean zero?"),
        Mistake("the root", lambda W: _misses(W).square().mean().sqrt(), "Squares, and their mean: nothing else is asked."),
        Mistake("the sum", lambda W: _misses(W).square().sum(), "Over how many rows?"),
        Mistake("what is reached, not what is missing", lambda W: 1 - _misses(W).square().mean(), "If W has a column of ones, what should come out?"),
        Mistake("the best v, squared", lambda W: (_misses(W) + 1).mean().square(), "How far is each row from 1, not how far is their mean."),
    ],
    hints=[
        "This is a regression. What is its y?",
        "Least squares of a column of ones on W, without an intercept.",
        "`torch.linalg.lstsq(W, ones)` gives v. What is left of the ones?",
    ],
)  # fmt: skip

# --- 10.4 ----------------------------------------------------------------------------------------------------------


def explained_by_others(D: Float[Tensor, "m d"]) -> float:
    """The share of the squared lengths that is explained when the other rows foretell each row."""
    m = len(D)
    others = (D.sum(0) - D) / (m - 1)  # [m, d]: for each row, the mean of the rest
    return (1 - (D - others).square().sum() / D.square().sum()).item()


def differences(seed: int) -> list[tuple[Tensor]]:
    """Differences that share some vector, more or less."""
    generator = torch.Generator().manual_seed(seed)
    out = []
    for m, d, common in ((3, 2, 1), (6, 4, 0.5), (12, 6, 0), (40, 5, 1)):
        D = torch.randn(m, d, generator=generator, dtype=torch.float64)
        D *= 0.5 + torch.rand(m, 1, generator=generator, dtype=torch.float64) * 1.5
        D += common * torch.randn(d, generator=generator, dtype=torch.float64)
        out.append((D,))
    return out


def _others(D: Tensor) -> Tensor:
    return (D.sum(0) - D) / (len(D) - 1)


KNOWN = "With two rows at right angles, what can one tell of the other? And what does your function say?"

EX_10_4 = Exercise(
    id="10.4",
    title="foretold by the others",
    kind="function",
    difficulty=2,
    minutes=8,
    statement="""
    Each row of `D` is the difference of a pair of tokens. Foretell each row by the mean of all the *other* rows.
    Return the share of the rows' squared lengths, summed over the rows, that is explained in this way: 1 if all rows
    are equal, and nothing or less if they have nothing in common.
    """,
    cases=differences,
    reference=explained_by_others,
    scale=1.0,
    mistakes=[
        Mistake(
            "each row helps to foretell itself",
            lambda D: 1 - (D - D.mean(0)).square().sum() / D.square().sum(),
            KNOWN,
        ),
        Mistake(
            "the average of each row's own share",
            lambda D: (1 - (D - _others(D)).square().sum(1) / D.square().sum(1)).mean(),
            "One short row can be missed by many times its length. Sum first, then divide.",
        ),
        Mistake(
            "the others are divided by m",
            lambda D: 1 - (D - (D.sum(0) - D) / len(D)).square().sum() / D.square().sum(),
            "How many others are there?",
        ),
        Mistake(
            "against the variance, not the lengths",
            lambda D: 1 - (D - _others(D)).square().sum() / (D - D.mean(0)).square().sum(),
            "Explained of what? All rows equal should give 1.",
        ),
        Mistake(
            "lengths that are not squared",
            lambda D: 1 - (D - _others(D)).norm(dim=1).sum() / D.norm(dim=1).sum(),
            "Which lengths are asked for?",
        ),
        Mistake(
            "the mean cosine with the others",
            lambda D: torch.cosine_similarity(D, _others(D), dim=1).mean(),
            "A foretold row may point the right way and be far too long.",
        ),
        Mistake(
            "the share that is left",
            lambda D: (D - _others(D)).square().sum() / D.square().sum(),
            "What should come out where all rows are equal?",
        ),
    ],
    hints=[
        "The mean of the others, for every row at once: what is the sum of the others, if you know the sum of all?",
        "From the sum of all rows take the row itself; m − 1 are left.",
        "Then one less (squared misses) over (squared lengths).",
    ],
)

# --- 10.5 ----------------------------------------------------------------------------------------------------------


def all_capitals(token: str) -> float:
    """A number for each token, from its string alone."""
    letters = token.strip()
    return float(letters.isalpha() and letters.isupper() and len(letters) > 1)


EX_10_5 = Exercise(
    id="10.5",
    title="find another",
    kind="function",
    difficulty=2,
    minutes=15,
    statement="""
    Find another property of tokens that is written linearly in W_E. Write it as a function of a token's string, such as
    `" Paris"`, that returns a number, or True or False. It runs in a Python of its own, without this notebook and with
    the standard library alone: import and define inside it what it needs. Your score, on each model, is what the rows
    add, in R² on tokens not seen, to what the rank and the properties above say of yours. A score surely above 0.1 on
    both models counts; more than one property has it, and the record is yours to raise.
    """,
    reference=all_capitals,
    judge=hunt.judge,
    hints=[
        "Which tokens are used alike, and look alike? What is a token for, in the text that the model was trained on?",
        "A property that few tokens have is hard to read; one that is a sum of length, space, capital and digit leaves nothing over.",
        "Kinds of characters rather than particular letters: small models hardly know which letters a token has.",
    ],
)

# --- 10.6 ----------------------------------------------------------------------------------------------------------

EX_10_6 = Exercise(
    id="10.6",
    title="what have you shown?",
    kind="why",
    difficulty=2,
    minutes=9,
    statement="""
    In a few sentences: what is written linearly in these embeddings, above which baselines, when does a probe need
    an origin, and how much of a relation's arrow is about its pairs? Then compare yours with the points, one by one.
    """,
    answer="""
    Length, a space in front, a capital and a digit can be read off rows that the probe never saw, far better than by the
    rank, while initial weights and shuffled labels give nothing, so neither frequency nor the number of coefficients is
    the reason. A probe with an intercept works on differences only, so centring changes none of its answers; without one
    it must say the average with the rows alone, which the common vector lets it do as far as the cloud is thin in some
    direction along which the mean is long, and which centring makes impossible. The mean difference of a relation beats
    random pairs, but most of it, or some of it, stays when the partners are exchanged: that part is about two kinds of
    token with two centres, and only the rest is about who belongs to whom. All of this says what can be read, and not
    what the model reads.
    """,
    hints=[
        "For every score: what would somebody get without the trained model?",
        "What does an intercept do that the rows can do as well? When?",
        "Which of the two controls on pairs keeps the mean difference exactly as it is?",
    ],
    rubric=[
        "Length is written linearly in part: R² on tokens not seen lies well above that of the rank, with numbers.",
        "Yes-or-no properties too, and not all of them equally: a number for the best and the worst.",
        "Shuffled labels and initial weights give nothing: it is not the number of coefficients.",
        "With an intercept, centring changes nothing: only differences between rows count.",
        "Without one, the rows have to say the average themselves; a common vector serves as an intercept, measured by how near the rows come to saying 1, and after centring it is gone.",
        "Random pairs share nothing, but they are the weak control; with exchanged partners the mean difference is the same, and what is left of the share is about two kinds of token, not about pairs.",
        "To be readable is not to be used: that takes an intervention, such as moving a token along the direction.",
    ],
)

# Words that give the puzzle's answer away: none may stand in the puzzle file.
SPOILERS = (
    "common vector",
    "squared correlation",
    "isupper",
    "isalpha",
    "capitals",
    "lstsq",
    "m - 1",
    "covariance",
    "two kinds of token",
)

EXERCISES = [EX_10_1, EX_10_2, EX_10_3, EX_10_4, EX_10_5, EX_10_6]
