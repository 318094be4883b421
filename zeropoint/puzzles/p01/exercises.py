"""Puzzle 01, suspiciously similar embeddings."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from zeropoint.desk.exercise import Exercise, Mistake

# rows, columns, size of the common vector in units of the spread.
# Few rows tell n from n - 1, n = d lets answers along the wrong axis run, and more than 5,000 rows catch a sample of them.
CLOUDS = [
    (4, 2, 1.0),
    (7, 4, 3.0),
    (5, 11, 0.0),
    (6, 6, 1.0),
    (8, 8, 2.0),
    (40, 12, 0.0),
    (25, 60, 1.5),
    (5120, 6, 0.5),
]


def clouds(seed: int) -> list[tuple[Tensor]]:
    """Matrices u + c: unequal row norms, unequal columns, with and without a common vector."""
    generator = torch.Generator().manual_seed(seed)
    return [(_cloud(*sort, generator),) for sort in CLOUDS]


def _cloud(n: int, d: int, common: float, generator: torch.Generator) -> Float[Tensor, "n d"]:
    u = torch.randn(n, d, generator=generator, dtype=torch.float64)
    u *= 0.3 + torch.linspace(0, 2.7, n, dtype=torch.float64)[torch.randperm(n, generator=generator), None]
    u *= 0.4 + 1.6 * torch.rand(d, generator=generator, dtype=torch.float64)
    c = torch.randn(d, generator=generator, dtype=torch.float64)
    W = u + common * c / c.norm() * u.norm(dim=1).mean()
    W = W.round(decimals=2) if n * d <= 12 else W  # small enough to work out by hand
    # where few rows count, none may be so short that float32 loses its direction
    lengths = torch.stack([W.norm(dim=1), (W - W.mean(0)).norm(dim=1)])
    return W if n > 100 or lengths.min() > 0.1 else _cloud(n, d, common, generator)


def with_twins(seed: int) -> list[tuple[Tensor]]:
    """`clouds`, and one in which different tokens have the same vector, the same direction, or nearly."""
    (W,) = clouds(seed)[1]
    twins = torch.cat([W, W[:1], 2 * W[1:2], W[2:3] * (1 + 1e-4 * torch.arange(W.shape[1]))])
    return [*clouds(seed), (twins,)]


def _units(W: Tensor, dim: int = 1) -> Tensor:
    return W / W.norm(dim=dim, keepdim=True)


def _pairs(u: Tensor) -> Tensor:
    """Dot products of all pairs of different rows, each pair once."""
    return (u @ u.T)[tuple(torch.triu_indices(len(u), len(u), 1))]


def _by_sum(u: Tensor) -> Tensor:
    """The sum of all dot products less n, over the number of ordered pairs: for unit rows, their mean cosine."""
    n = len(u)
    return (u.sum(0).square().sum() - n) / (n * (n - 1))


# --- 1.1 -----------------------------------------------------------------------------------------------------------


def mean_pairwise_cosine(W: Float[Tensor, "d_vocab d_model"]) -> float:
    """The mean cosine of two different rows, each pair of rows counted once."""
    u = W / W.norm(dim=1, keepdim=True)
    n = len(u)
    everything = u.sum(0).square().sum()  # every pair of rows twice, and each row with itself once
    return ((everything - n) / (n * (n - 1))).item()


DIAGONAL = "What is the cosine of a token with itself, and how many such pairs did you take in?"
NOT_UNIT = "A cosine doesn't notice when a row is made ten times longer. Does your number?"
COUNT = "Count by hand for three rows: how many cosines did you add up, and what did you divide by?"
AXIS_UNIT = "After this step, which vectors have length 1: the tokens, or the columns?"


def _without_twins(W: Tensor) -> Tensor:
    cosines = _units(W) @ _units(W).T
    return cosines[cosines < 0.99999].mean()


EX_1_1 = Exercise(
    id="1.1",
    title="mean pairwise cosine",
    kind="function",
    difficulty=2,
    minutes=10,
    statement="""
    Return the mean cosine over all pairs of different rows, each pair once. GPT-Neo's 50,257 tokens make 1.26
    billion pairs, and the table of every row with every row takes 10 GB: do it without that table. (The check
    also calls your function on 5,120 rows, and refuses a tensor with a number for each of their pairs. Smaller ones may be made.)
    """,
    cases=with_twins,
    no_table=True,
    reference=mean_pairwise_cosine,
    scale=1.0,
    mistakes=[
        Mistake("the diagonal is left in", lambda W: (_units(W) @ _units(W).T).mean(), DIAGONAL),
        Mistake("the diagonal is left in", lambda W: _sum_with_diagonal_over_pairs(_units(W)), DIAGONAL),
        Mistake("the rows are not normalised", lambda W: _pairs(W).mean(), NOT_UNIT),
        Mistake("the rows are not normalised", lambda W: W.mean(0).square().sum(), NOT_UNIT),
        Mistake("the rows are not normalised", lambda W: _by_sum(W), NOT_UNIT),
        Mistake(
            "pairs of nearly equal tokens are dropped",
            _without_twins,
            "Two different tokens may have the same vector, and are a pair all the same. How do you tell a token from itself?",
        ),
        Mistake(
            "absolute values are averaged",
            lambda W: _pairs(_units(W)).abs().mean(),
            "A cosine has a sign. Where did it go?",
        ),
        Mistake(
            "absolute values are averaged",
            lambda W: (_units(W) @ _units(W).T).abs().mean(),
            "A cosine has a sign. Where did it go?",
        ),
        Mistake("normalised along the wrong axis", lambda W: _pairs(_units(W, 0)).mean(), AXIS_UNIT),
        Mistake("normalised along the wrong axis", lambda W: (_units(W, 0) @ _units(W, 0).T).mean(), AXIS_UNIT),
        Mistake("normalised along the wrong axis", lambda W: _by_sum(_units(W, 0)), AXIS_UNIT),
        Mistake("normalised along the wrong axis", lambda W: _pairs(W / W.norm(dim=1)).mean(), AXIS_UNIT),
        Mistake("normalised along the wrong axis", lambda W: _by_sum(W / W.norm(dim=1)), AXIS_UNIT),
        Mistake(
            "one norm for the whole matrix",
            lambda W: _pairs(W / W.norm()).mean(),
            "Each token has a length of its own.",
        ),
        Mistake(
            "the columns are compared, not the rows",
            lambda W: _pairs(_units(W.T)).mean(),
            "Which axis of W counts the tokens, and which pairs did you take?",
        ),
        Mistake(
            "the mean cosine with the mean vector, not between tokens",
            lambda W: (_units(W) @ _units(W.mean(0), 0)).mean(),
            "This asks how each token lies to the average one. The exercise asks how two tokens lie to each other.",
        ),
        Mistake(
            "a square is missing",
            lambda W: _units(W).mean(0).norm(),
            "The length of the mean unit vector is close in spirit. Expand the dot product of that vector with itself.",
        ),
        Mistake(
            "a square is missing",
            lambda W: _pairs(_units(W)).mean().sqrt(),
            "The last step is one too many: why a root?",
        ),
        Mistake("the pairs are miscounted: twice too much", lambda W: 2 * _pairs(_units(W)).mean(), COUNT),
        Mistake("the pairs are miscounted: half of it", lambda W: _pairs(_units(W)).mean() / 2, COUNT),
        Mistake(
            "the triangle holds the diagonal",
            lambda W: (_units(W) @ _units(W).T)[tuple(torch.triu_indices(len(W), len(W)))].mean(),
            DIAGONAL,
        ),
        Mistake(
            "one norm for the whole matrix",
            lambda W: _by_sum(W / W.norm()),
            "Each token has a length of its own.",
        ),
        Mistake(
            "the diagonal is set to 0, but still counted", lambda W: 2 * _pairs(_units(W)).sum() / len(W) ** 2, COUNT
        ),
        Mistake(
            "centred first",
            lambda W: _pairs(_units(W - W.mean(0))).mean(),
            "This exercise asks about the vectors as they are. Moving them comes later.",
        ),
        Mistake(
            "zeros are counted with the pairs",
            lambda W: _pairs(_units(W)).sum() / len(W) ** 2,
            COUNT,
        ),
        Mistake(
            "divided by the squared length, not by the length",
            lambda W: _by_sum(W / W.square().sum(1, keepdim=True)),
            NOT_UNIT,
        ),
    ],
    hints=[
        "Write it for three tokens first, with every pair spelt out. Which entries of the table of cosines belong, and which don't?",
        "Cosine is the dot product of rows of length 1. For a sum of dot products no table is needed: what is (û₁ + û₂ + û₃)·(û₁ + û₂ + û₃)?",
        "Add up the unit rows, square the length of that sum, take away what the tokens contribute with themselves, and divide by the number of ordered pairs.",
    ],
)


def _sum_with_diagonal_over_pairs(u: Tensor) -> Tensor:
    return (u @ u.T).sum() / (len(u) * (len(u) - 1))


# --- 1.2 -----------------------------------------------------------------------------------------------------------


def share_of_mean(W: Float[Tensor, "d_vocab d_model"]) -> float:
    mean = W.mean(0)
    return (mean.square().sum() / W.square().sum(1).mean()).item()


WRONG_MEAN = "Which axis did you average over? The mean is itself a vector in the space where the tokens live."
SQUARES = "Lengths don't add up, but something about them does. Which of your two numbers is squared, and when?"
SAME_N = "The two parts add up only if both are averages over the same n. What does torch's variance divide by?"

EX_1_2 = Exercise(
    id="1.2",
    title="the share that one vector carries",
    kind="function",
    difficulty=2,
    minutes=6,
    cases=clouds,
    no_table=True,
    task="""Do the tokens have something in common, as vectors? Write every row as w = c + u, with one c for all tokens, the c
    that makes the mean squared length of u as small as it can be. By which share of the mean squared length of w is that
    of u smaller? Return it: one number between 0 and 1, without a table of all pairs. Which of your explanations predict
    a large one? Then compare it with 1.1: for which clouds are the two numbers the same, but for the diagonal, and why?""",
    reference=share_of_mean,
    scale=1.0,
    mistakes=[
        Mistake("the lengths are not squared", lambda W: W.mean(0).norm() / W.norm(dim=1).mean(), SQUARES),
        Mistake("the lengths are not squared", lambda W: share_of_mean(W) ** 0.5, SQUARES),
        Mistake("squared after averaging", lambda W: (W.mean(0).norm() / W.norm(dim=1).mean()) ** 2, SQUARES),
        Mistake(
            "the mean of the lengths for the length of the mean",
            lambda W: W.norm(dim=1).mean() ** 2 / W.norm(dim=1).square().mean(),
            "Two opposite vectors of length 1: what is the length of their mean, and what is the mean of their lengths?",
        ),
        Mistake(
            "the mean of the lengths for the length of the mean",
            lambda W: W.norm(dim=1).mean() / W.norm(dim=1).mean(),
            "Two opposite vectors of length 1: what is the length of their mean, and what is the mean of their lengths?",
        ),
        Mistake(
            "averaged over dimensions, not summed",
            lambda W: W.mean(0).square().mean() / W.square().sum(1).mean(),
            "A squared length is a sum over dimensions: above and below the line alike.",
        ),
        Mistake(
            "averaged over dimensions, not summed",
            lambda W: W.mean(0).square().sum() / W.square().mean(),
            "A squared length is a sum over dimensions: above and below the line alike.",
        ),
        Mistake(
            "summed over tokens, not averaged",
            lambda W: W.mean(0).square().sum() / W.square().sum(),
            "The lower part should not grow when the vocabulary is written down twice.",
        ),
        Mistake(
            "the mean is taken over d_model", lambda W: W.mean(1).square().sum() / W.square().sum(1).mean(), WRONG_MEAN
        ),
        Mistake(
            "the mean is taken over d_model", lambda W: W.mean(1).square().sum() / W.square().sum(0).mean(), WRONG_MEAN
        ),
        Mistake(
            "the other share: what is left without the mean",
            lambda W: 1 - share_of_mean(W),
            "The two shares add up to 1. Which one is this?",
        ),
        Mistake(
            "the mean against what is left, not against the whole",
            lambda W: W.mean(0).square().sum() / (W - W.mean(0)).square().sum(1).mean(),
            "A share has the whole below the line.",
        ),
        Mistake(
            "the rows are normalised first",
            lambda W: _units(W).mean(0).square().sum(),
            "Here lengths count: leave the rows as long as they are.",
        ),
        Mistake(
            "the mean of ratios, not the ratio of means",
            lambda W: (W.mean(0).square().sum() / W.square().sum(1)).mean(),
            "Short tokens count for much in yours. Average the squared lengths first, then divide once.",
        ),
        *(
            Mistake("n − 1 for n in the variance", test, SAME_N)
            for test in (
                lambda W: W.mean(0).square().sum() / (W.mean(0).square().sum() + W.var(0).sum()),
                lambda W: 1 - W.var(0).sum() / W.square().sum(1).mean(),
            )
        ),
        Mistake(
            "one number for the mean, not one a dimension",
            lambda W: W.mean().square() / W.square().mean(),
            "c is a vector: it has a number for each dimension. Yours has one for all.",
        ),
        Mistake("in per cent", lambda W: 100 * share_of_mean(W), "A number between 0 and 1 is asked for."),
        Mistake(
            "the mean cosine of 1.1, not a share of lengths",
            lambda W: mean_pairwise_cosine(W),
            "That is 1.1 again. In it all tokens count alike; here long ones count for more.",
        ),
        Mistake(
            "the mean cosine with the mean row",
            lambda W: (_units(W) @ _units(W.mean(0), 0)).mean(),
            "How tokens lie to the mean, not how much of their length it is.",
        ),
        Mistake("upside down", lambda W: 1 / share_of_mean(W), "Can a share exceed 1?"),
        Mistake(
            "only one of the two lengths is squared",
            lambda W: W.mean(0).square().sum() / W.norm(dim=1).mean(),
            SQUARES,
        ),
        Mistake(
            "only one of the two lengths is squared",
            lambda W: W.mean(0).norm() / W.square().sum(1).mean(),
            SQUARES,
        ),
        Mistake(
            "summed over tokens, not averaged",
            lambda W: W.sum(0).square().sum() / W.square().sum(),
            "The number should not grow when the vocabulary is written down twice.",
        ),
        Mistake(
            "a share for each dimension, then averaged",
            lambda W: (W.mean(0).square() / W.square().mean(0)).mean(),
            "A small dimension has as loud a voice in yours as a large one. Add up first, then divide once.",
        ),
    ],
    hints=[
        "Average ‖w − c‖² over the tokens, one dimension at a time: which number is nearest to all entries of a column?",
        "So c is the mean row. Write each row as mean + rest: what becomes of the cross term when ‖mean + rest‖² is averaged?",
        "Above: the squared length of the mean row. Below: the average over tokens of each token's squared length.",
    ],
)

# --- 1.3 -----------------------------------------------------------------------------------------------------------


def centre(W: Float[Tensor, "d_vocab d_model"]) -> Float[Tensor, "d_vocab d_model"]:
    return W - W.mean(0)  # over the vocabulary, not over d_model


OWN_MEAN = "Two axes, two different centrings. Which one moves the origin, and which one changes each token by itself?"
MEDIAN = "It lies in the middle, and is not the mean. Where is the mean of your result?"
ONLY_MOVE = "Centring moves the cloud and does nothing else: distances between tokens stay. Do yours?"

EX_1_3 = Exercise(
    id="1.3",
    title="move the origin",
    kind="function",
    difficulty=1,
    minutes=2,
    cases=clouds,
    no_table=True,
    task="""Move the origin to where the cloud is: return W with the c of 1.2, the mean token embedding, taken away from every
    row, shape [d_vocab, d_model]. No d_vocab × d_vocab matrix, as in 1.1.""",
    reference=centre,
    mistakes=[
        Mistake("centred over d_model: each row lost its own mean", lambda W: W - W.mean(1, keepdim=True), OWN_MEAN),
        Mistake("centred over d_model: each row lost its own mean", lambda W: W - W.mean(1), OWN_MEAN),
        Mistake(
            "one number taken from all entries",
            lambda W: W - W.mean(),
            "The mean token is a vector, one number a dimension.",
        ),
        Mistake("standardised: divided by the spread as well", lambda W: (W - W.mean(0)) / W.std(0), ONLY_MOVE),
        Mistake(
            "standardised: divided by the spread as well", lambda W: (W - W.mean(0)) / W.std(0, correction=0), ONLY_MOVE
        ),
        Mistake("centred, then normalised", lambda W: _units(W - W.mean(0)), ONLY_MOVE),
        Mistake("normalised, then centred", lambda W: _units(W) - _units(W).mean(0), ONLY_MOVE),
        Mistake(
            "the mean direction is taken away, not the mean",
            lambda W: W - _units(W.mean(0), 0),
            "How long is the vector that you took away?",
        ),
        Mistake(
            "projected: each row lost its part along the mean",
            lambda W: W - (W @ _units(W.mean(0), 0))[:, None] * _units(W.mean(0), 0),
            "Every token should lose the same vector. Does it?",
        ),
        Mistake("the mean is added", lambda W: W + W.mean(0), "Where is the mean of your result?"),
        Mistake(
            "the sign is turned",
            lambda W: W.mean(0) - W,
            "Where does the mean of your result lie, and where does a token point?",
        ),
        Mistake("the sum is taken away, not the mean", lambda W: W - W.sum(0), "Where is the mean of your result?"),
        Mistake("the median is taken away, not the mean", lambda W: W - W.quantile(0.5, dim=0), MEDIAN),
        Mistake("the median is taken away, not the mean", lambda W: W - W.median(0).values, MEDIAN),
        Mistake(
            "the mean of the unit rows is taken away",
            lambda W: W - _units(W).mean(0),
            "In what order did you normalise and average? The mean in question is that of the rows as they are.",
        ),
        Mistake("nothing has moved", lambda W: W, "Where is the mean of your result?"),
    ],
    hints=[
        "After it, the mean of the rows must be the zero vector. Check that on your result.",
        "The vector to take away is the same for every token: it has shape [d_model].",
        "An average over dim 0 has that shape; broadcasting subtracts it from every row.",
    ],
)

# --- 1.4 -----------------------------------------------------------------------------------------------------------


def share_along_mean(W: Float[Tensor, "d_vocab d_model"]) -> float:
    mean = W.mean(0)
    left = W - mean
    along = left @ mean / mean.norm()  # positive: this token holds more of the mean than most
    return (along.square().mean() / left.square().sum(1).mean()).item()


def _left(W: Tensor) -> tuple[Tensor, Tensor]:
    """What centring leaves, and how far each row of it reaches along the mean."""
    left = W - W.mean(0)
    return left, left @ _units(W.mean(0), 0)


def with_two_rows(seed: int) -> list[tuple[Tensor]]:
    """`clouds`, and before them two rows of whole numbers: what is left of them has a mean of exactly zero, which has no direction."""
    generator = torch.Generator().manual_seed(seed)
    first, second = torch.randint(1, 5, (2, 2), generator=generator, dtype=torch.float64)
    return [(torch.stack([first + second, second]),), *clouds(seed)]


STILL_THERE = "The mean itself is gone from what is left. Is it gone from both parts of your fraction?"
WHOLE_CLOUD = "Squared lengths of the whole cloud: average first, then divide once."

EX_1_4 = Exercise(
    id="1.4",
    title="what is left along the mean",
    kind="function",
    difficulty=2,
    minutes=8,
    cases=with_two_rows,
    no_table=True,
    task="""1.3 took the same vector from every token. Perhaps some tokens hold more of it than others: then something
    along it is left. Return the share of the mean squared length of what 1.3 leaves that lies along the direction of the
    vector that 1.3 took away: one number between 0 and 1, without a table of all pairs. (An even cloud has about
    1/d_model.) What should it be if your explanation is the whole story?""",
    reference=share_along_mean,
    scale=1.0,
    mistakes=[
        Mistake(
            "the mean is still in it",
            lambda W: (W @ _units(W.mean(0), 0)).square().mean() / W.square().sum(1).mean(),
            STILL_THERE,
        ),
        Mistake(
            "the mean is still in it",
            lambda W: (W @ _units(W.mean(0), 0)).square().mean() / _left(W)[0].square().sum(1).mean(),
            STILL_THERE,
        ),
        Mistake(
            "a share of the whole, not of what is left",
            lambda W: _left(W)[1].square().mean() / W.square().sum(1).mean(),
            "Below the line stands what 1.3 leaves, not what there was before.",
        ),
        Mistake(
            "the length of the mean is left in",
            lambda W: (_left(W)[0] @ W.mean(0)).square().mean() / _left(W)[0].square().sum(1).mean(),
            "Along a direction: which length has the vector that you multiply with?",
        ),
        Mistake(
            "the lengths are not squared",
            lambda W: _left(W)[1].abs().mean() / _left(W)[0].norm(dim=1).mean(),
            SQUARES,
        ),
        Mistake("the lengths are not squared", lambda W: share_along_mean(W) ** 0.5, SQUARES),
        Mistake(
            "the mean of the tokens' shares",
            lambda W: (_left(W)[1] / _left(W)[0].norm(dim=1)).square().mean(),
            WHOLE_CLOUD,
        ),
        Mistake(
            "signs cancel: averaged before squaring",
            lambda W: W.new_zeros(()),
            "What 1.3 leaves adds up to zero in every direction. Square first.",
        ),
        Mistake(
            "the other share: what lies across the mean",
            lambda W: 1 - share_along_mean(W),
            "The two shares add up to 1. Which one is this?",
        ),
        Mistake(
            "the widest direction of what is left, not the mean's",
            lambda W: torch.linalg.eigvalsh(W.T.cov(correction=0)).max() / _left(W)[0].square().sum(1).mean(),
            "That is the largest share that any direction has. Which direction does the task name?",
        ),
        Mistake(
            "averaged over dimensions, not summed",
            lambda W: _left(W)[1].square().mean() / _left(W)[0].square().mean(),
            "A squared length is a sum over dimensions: above and below the line alike.",
        ),
        Mistake(
            "n − 1 for n in the variance",
            lambda W: _left(W)[1].var() / _left(W)[0].square().sum(1).mean(),
            "Above and below the line the same number of tokens should be divided by.",
        ),
        Mistake(
            "the share of 1.2, not of what is left",
            lambda W: share_of_mean(W),
            "That is how big the mean is. Here: how unequally tokens hold it.",
        ),
        Mistake(
            "along the mean of the unit rows",
            lambda W: (_left(W)[0] @ _units(_units(W).mean(0), 0)).square().mean() / _left(W)[0].square().sum(1).mean(),
            "In what order did you normalise and average? The mean in question is that of the rows as they are.",
        ),
        Mistake(
            "averaged over dimensions, not summed",
            lambda W: _left(W)[1].var() / _left(W)[0].var(),
            "A squared length is a sum over dimensions: above and below the line alike.",
        ),
        Mistake(
            "summed over tokens above the line, averaged below",
            lambda W: _left(W)[1].square().sum() / _left(W)[0].square().sum(1).mean(),
            "The number should not grow when the vocabulary is written down twice.",
        ),
    ],
    hints=[
        "Take each token after 1.3. How far does it reach along a vector of length 1 in the direction of the mean that it lost?",
        "That is a dot product, of either sign, one for each token. Their mean is zero, their squares are not.",
        "Mean of the squared dot products, over the mean squared length of the rows that 1.3 left.",
    ],
)

# --- 1.5 -----------------------------------------------------------------------------------------------------------


def effective_dimension(W: Float[Tensor, "d_vocab d_model"]) -> float:
    u = W - W.mean(0)
    u = u / u.norm(dim=1, keepdim=True)
    n = len(u)
    squares = (u.T @ u).square().sum()  # Σᵢⱼ (ûᵢ·ûⱼ)², from a d × d matrix in place of an n × n one
    mean_square = (squares - n) / (n * (n - 1))  # without the n ones: each row with itself
    return (1 / mean_square).item()


def _centred_units(W: Tensor) -> Tensor:
    return _units(W - W.mean(0))


def _by_squares(u: Tensor) -> Tensor:
    n = len(u)
    return n * (n - 1) / ((u.T @ u).square().sum() - n)


def _participation(W: Tensor) -> Tensor:
    spectrum = torch.linalg.eigvalsh(W.T @ W)
    return spectrum.sum().square() / spectrum.square().sum()


NOT_CENTRED = "Try your function on W and on W + 100: the shape of the cloud is the same. Is your number?"
SQUARE_EACH = "In which order do you square and average? For cosines of both signs it matters."

EX_1_5 = Exercise(
    id="1.5",
    title="effective dimension",
    kind="function",
    difficulty=2,
    minutes=10,
    statement="""
    An average is not the whole of a distribution.
    """,
    cases=clouds,
    no_table=True,
    task="""A mean cosine of zero may hide large cosines of both signs. Centre, then take the mean of cosine² over all pairs
    of different rows. Independent random directions in d dimensions would give 1/d in expectation: return one over your
    mean, the dimension of the random cloud that would look as spread out. As in 1.1, no table of all pairs.""",
    reference=effective_dimension,
    mistakes=[
        Mistake("not centred", lambda W: 1 / _pairs(_units(W)).square().mean(), NOT_CENTRED),
        Mistake("not centred", lambda W: 1 / (_units(W) @ _units(W).T).square().mean(), NOT_CENTRED),
        Mistake(
            "the diagonal is left in", lambda W: 1 / (_centred_units(W) @ _centred_units(W).T).square().mean(), DIAGONAL
        ),
        Mistake(
            "mean |cosine| for mean cosine²",
            lambda W: 1 / _pairs(_centred_units(W)).abs().mean(),
            "The baseline 1/d belongs to another power of the cosine.",
        ),
        Mistake(
            "mean |cosine| for mean cosine²", lambda W: 1 / _pairs(_centred_units(W)).abs().mean() ** 2, SQUARE_EACH
        ),
        Mistake(
            "the square of the mean for the mean of the squares",
            lambda W: 1 / _pairs(_centred_units(W)).mean() ** 2,
            SQUARE_EACH,
        ),
        Mistake(
            "the square of the mean for the mean of the squares",
            lambda W: 1 / (_centred_units(W) @ _centred_units(W).T).mean() ** 2,
            SQUARE_EACH,
        ),
        Mistake(
            "the cosines are not squared",
            lambda W: 1 / _by_sum(_centred_units(W)),
            "After centring they nearly cancel, and 1 over their mean means nothing. What does the task average?",
        ),
        Mistake(
            "normalised before centring as well as after",
            lambda W: _by_squares(_units(_units(W) - _units(W).mean(0))),
            "Centre the rows as they are: which mean did you take away?",
        ),
        Mistake(
            "projected, not centred",
            lambda W: _by_squares(_units(W - torch.outer(W @ _units(W.mean(0), 0), _units(W.mean(0), 0)))),
            "Each token lost its own part along the mean in yours. Here all lose the same vector; keep your number for later.",
        ),
        Mistake("the rows are not normalised", lambda W: 1 / _pairs(W - W.mean(0)).square().mean(), NOT_UNIT),
        Mistake("the rows are not normalised", lambda W: _by_squares(W - W.mean(0)), NOT_UNIT),
        Mistake("the pairs are miscounted: half of them", lambda W: effective_dimension(W) / 2, COUNT),
        Mistake("the pairs are miscounted: twice as many", lambda W: effective_dimension(W) * 2, COUNT),
        Mistake(
            "normalised before centring, and not after",
            lambda W: 1 / _pairs(_units(W) - _units(W).mean(0)).square().mean(),
            "After centring, how long are your rows?",
        ),
        Mistake(
            "normalised before centring, and not after",
            lambda W: 1 / ((_units(W) - _units(W).mean(0)) @ (_units(W) - _units(W).mean(0)).T).square().mean(),
            "After centring, how long are your rows?",
        ),
        Mistake(
            "normalised before centring, and not after",
            lambda W: _by_squares(_units(W) - _units(W).mean(0)),
            "After centring, how long are your rows?",
        ),
        Mistake(
            "the participation ratio of the covariance",
            lambda W: _participation(W - W.mean(0)),
            "A good measure of dimension, and what many write first; but in it long rows count for more. Here every pair of "
            "directions counts once, and no token meets itself.",
        ),
        Mistake(
            "the participation ratio, not centred",
            _participation,
            NOT_CENTRED,
        ),
        Mistake(
            "centred over d_model", lambda W: 1 / _pairs(_units(W - W.mean(1, keepdim=True))).square().mean(), OWN_MEAN
        ),
        Mistake(
            "the number of dimensions, whatever the cloud",
            lambda W: W.shape[1],
            "A cloud can lie in many dimensions and use few of them.",
        ),
        Mistake(
            "upside down",
            lambda W: 1 / effective_dimension(W),
            "More dimensions make cosines smaller. Does your number grow or shrink?",
        ),
        Mistake(
            "the root of it",
            lambda W: effective_dimension(W) ** 0.5,
            "An isotropic cloud in d dimensions should give about d.",
        ),
        Mistake(
            "the diagonal is left in",
            lambda W: len(W) * (len(W) - 1) / (_centred_units(W).T @ _centred_units(W)).square().sum(),
            DIAGONAL,
        ),
        Mistake(
            "the diagonal is off the sum, and still counted",
            lambda W: effective_dimension(W) * len(W) / (len(W) - 1),
            COUNT,
        ),
        Mistake(
            "the norm of the d × d matrix is not squared",
            lambda W: len(W) * (len(W) - 1) / ((_centred_units(W).T @ _centred_units(W)).norm() - len(W)),
            "A sum of squares is the square of a norm.",
        ),
    ],
    hints=[
        "Random directions in d dimensions: cosines average to 0, and their squares to 1/d. Turn that round.",
        "Centre, then normalise, then average cos² over pairs of different rows. The diagonal counts n ones here too.",
        "To avoid the n × n table: Σᵢⱼ (ûᵢ·ûⱼ)² is the sum of the squared entries of the d × d matrix UᵀU.",
    ],
)

# --- 1.6 -----------------------------------------------------------------------------------------------------------


def is_offset(W: Float[Tensor, "d_vocab d_model"]) -> bool:
    mean = W.mean(0)
    left = W - mean
    along = left @ mean / mean.norm()
    share = along.square().mean() / left.square().sum(1).mean()
    # the amounts of a ray spread c by 0.12 · 4² against u's 1: two thirds or more lie along it, of an offset next to nothing
    return (share < 0.5).item()


def _held(W: Tensor) -> Tensor:
    """How much of the mean each token holds: 1 on average."""
    return W @ W.mean(0) / W.mean(0).square().sum()


EVEN, UNEVEN, LINE = "u even", "u long and short", "u stretched across c"
OFFSET, RAY = "an offset", "a ray"

# what it is made to be, rows, columns, length of c in root mean square lengths of u, what u is like, the unit of length
KINDS = [
    (OFFSET, 400, 20, 0.5, EVEN, 1),
    (OFFSET, 160, 60, 0.5, EVEN, 30),
    (OFFSET, 170, 50, 0.6, UNEVEN, 30),
    (OFFSET, 200, 40, 0.6, LINE, 1),
    (OFFSET, 240, 40, 2, EVEN, 1),
    (OFFSET, 300, 30, 4, EVEN, 30),
    (OFFSET, 160, 60, 5, UNEVEN, 1),
    (OFFSET, 310, 30, 6, LINE, 1),
    (OFFSET, 210, 40, 12, EVEN, 0.03),
    (RAY, 220, 40, 4, EVEN, 1),
    (RAY, 180, 50, 4, UNEVEN, 0.03),
    (RAY, 320, 30, 4, LINE, 1),
    (RAY, 230, 40, 12, EVEN, 30),
    (RAY, 330, 30, 12, LINE, 1),
]


def made_clouds(seed: int) -> list[tuple[Tensor]]:
    """Offsets c + u and rays a·c + u, at some angle to the axes."""
    generator = torch.Generator().manual_seed(seed)
    return [(_made(*kind, generator),) for kind in KINDS]


def _made(kind: str, n: int, d: int, length: float, rest: str, unit: float, generator: torch.Generator) -> Tensor:
    def randn(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    evenly = torch.linspace(-1, 1, n, dtype=torch.float64)[:, None]
    c, across = torch.linalg.qr(randn(d, 2)).Q.T
    u = randn(n, d) / d**0.5
    if rest == UNEVEN:
        u = u * (0.2 + 11 * ((1 + evenly) / 2) ** 4)
    if rest == LINE:
        u = u + 4 * evenly * across
    u = u / u.square().sum(1).mean().sqrt()
    amounts = 1 + (0.6 if kind == RAY else 0) * evenly[torch.randperm(n, generator=generator)]
    return unit * (length * amounts * c + u)


def _cosine_with_mean(W: Tensor) -> Tensor:
    return (_units(W) @ _units(W.mean(0), 0)).median()


def _shared_out(W: Tensor) -> Tensor:
    """How many times as wide what is left is along its widest direction as along the next."""
    first, second, *_ = torch.linalg.svdvals(W - W.mean(0))
    return first / second


def _lengths_follow(W: Tensor) -> Tensor:
    """The correlation of the rows' lengths with the amounts that they hold."""
    return torch.corrcoef(torch.stack([W.norm(dim=1), _held(W)]))[0, 1]


WIDTH_ALONE = "Your test sees that what is left is a line. Along which direction? Only one line makes a ray."
HOW_LONG = "That tells how long c is, not who holds how much of it. Either kind may have a long one."
SHORT_MEAN = (
    "In units of a short mean, ordinary scatter is large. Is the cloud wider along the mean than in other directions?"
)
LENGTHS = (
    "A row may be long for another reason than holding much of c, and where c is long every length follows the amount."
)

LOOSE = (
    "The amounts of a ray are spread evenly over 0.4 to 1.6: is any of them below 0, and what is their standard deviation? "
    "Then mind what scatter does where c is short."
)

# One slip at several thresholds: a name is given where all answers agree with one of them.
BY_WIDTH = [lambda W, t=t: effective_dimension(W) > t for t in (2, 3, 4, 6)]
BY_WIDTH += [lambda W, t=t: effective_dimension(W) > t * W.shape[1] for t in (0.25, 0.5)]
BY_WIDTH += [lambda W, t=t: _by_squares(_centred_units(W)) ** -0.5 < t for t in (0.25, 0.3)]
BY_WIDTH += [lambda W, t=t: _shared_out(W) < t for t in (1.5, 2, 3, 5)]
BY_AMOUNTS = [lambda W, t=t: _held(W).std() < t for t in (0.1, 0.15, 0.2, 0.25, 0.3)]
BY_AMOUNTS += [lambda W, t=t: _held(W).quantile(0.9) - _held(W).quantile(0.1) < t for t in (0.3, 0.6)]
BY_AMOUNTS += [lambda W: _held(W).min() > 0.5]
BY_LENGTHS = [lambda W, t=t: W.norm(dim=1).std() / W.norm(dim=1).mean() < t for t in (0.1, 0.2, 0.25, 0.3)]
BY_LENGTHS += [lambda W, t=t: _lengths_follow(W) < t for t in (0.8, 0.9, 0.95)]
BY_C = [
    lambda W, measure=measure, t=t, more=more: bool(measure(W) > t) == more
    for measure in (mean_pairwise_cosine, share_of_mean, _cosine_with_mean)
    for t in (0.5, 0.8, 0.9, 0.95, 0.98)
    for more in (True, False)
]

EX_1_6 = Exercise(
    id="1.6",
    title="an offset or a ray?",
    kind="function",
    difficulty=2,
    minutes=15,
    cases=made_clouds,
    made_as=[f"{kind} with c {length} times as long as u, {rest}" for kind, _, _, length, rest, _ in KINDS],
    task="""“They share a big vector c” can mean two things. An offset: each token holds the same amount of it, c + u. A ray:
    tokens hold different amounts, a·c + u, longer and shorter copies of one arrow. Either may have a high mean cosine, and
    both have one near 0 after 1.3. Write the test that tells them apart: True for an offset, False for a ray. It is tried
    on clouds made to be one or the other, in any unit of length, of 160 tokens or more in 20 dimensions or more. u is what
    a token has of its own. It may vary in length, and may be stretched along a direction at right angles to c, but never
    along c. In a ray, a is spread evenly over 0.4 to 1.6, and c is at least four times as long as u; in an offset, c is at
    least half as long as u. (The length of u is its root mean square over the tokens.) Then a table shows where the two
    models lie: they need be neither.""",
    reference=is_offset,
    mistakes=[
        Mistake(
            "it calls every cloud an offset",
            lambda W: True,
            "What does a ray leave after 1.3 that an offset does not? If you have that and compare it with a threshold: what is "
            "it for amounts that are spread evenly over 0.4 to 1.6?",
        ),
        Mistake(
            "it calls every cloud a ray",
            lambda W: False,
            "In what do the tokens of a ray differ from each other? If you have that and compare it with a threshold: what is it "
            "where all amounts are the same?",
        ),
        Mistake("the two are taken for each other", lambda W: not is_offset(W), "Which of the two did you call True?"),
        Mistake(
            "the share of 1.4, with too high a threshold",
            lambda W: share_along_mean(W) < 0.8,
            "The number is the right one. What is it for a ray whose c is four times as long as u, and no longer?",
        ),
        Mistake(
            "the share of 1.4, with too low a threshold",
            lambda W: share_along_mean(W) < 1 / W.shape[1],
            "The number is the right one. An even cloud has 1/d on average; how far above that may chance put it?",
        ),
        *(Mistake("what is left is narrow, but not along the mean", test, WIDTH_ALONE) for test in BY_WIDTH),
        *(Mistake("by the amounts alone, where c is short", test, SHORT_MEAN) for test in BY_AMOUNTS),
        *(
            Mistake("by the amounts, with a threshold that lets rays through", test, LOOSE)
            for test in (lambda W: _held(W).std() < 0.4, lambda W: _held(W).min() > 0)
        ),
        *(
            Mistake(
                "the amounts are not measured in units of the mean", test, "Would 100 · W get the same answer as W?"
            )
            for test in (lambda W: (W @ _units(W.mean(0), 0)).std() < 0.3, lambda W: (W @ W.mean(0)).std() < 1)
        ),
        *(Mistake("by the lengths of the rows", test, LENGTHS) for test in BY_LENGTHS),
        *(Mistake("by how long c is", test, HOW_LONG) for test in BY_C),
        Mistake(
            "by the mean cosine after 1.3",
            lambda W: abs(mean_pairwise_cosine(W - W.mean(0))) < 0.01,
            "Near 0 after 1.3 is sure by algebra, of a ray as well. What does a ray leave that an offset does not?",
        ),
    ],
    hints=[
        "The mean of all rows is about c, for both kinds. What would you measure of each token against it?",
        "How much of the mean does a token hold? Look at these amounts for all tokens: what is their average, and what their spread?",
        "Where c is short, amounts scatter in any case. Compare their spread with how wide the cloud is in all directions: 1.4 did.",
    ],
)

# --- 1.7 -----------------------------------------------------------------------------------------------------------

EX_1_7 = Exercise(
    id="1.7",
    title="why the mean cosine is so high",
    kind="why",
    difficulty=2,
    minutes=10,
    statement="""
    In a few sentences: why do the embeddings look so similar, what shows it, which rival did you rule out and
    how, and what would you not conclude from the difference between the two models? Then compare yours with
    the points, one by one.
    """,
    answer="""
    Every row is one common vector plus something of its own, w = c + u. Any two rows share c, so how high their
    cosine is follows from how long c is against u: 1.2's share, large in the first model and small in the second. The mean cosine is the squared length of the mean unit vector, which is that
    share where rows are about equally long. Among random vectors it would be a great surprise, in units of 1/√d;
    of a cloud that lies further from zero than it is wide it is not. That taking the mean away leaves a mean
    cosine of nearly 0 proves nothing, since rows less their mean add up to zero; that the mean of one half of the
    tokens does it for the other half could have come out otherwise. Meaning is ruled out by shuffling each column
    on its own: the chimeras are nearly as similar as the tokens were. What is left tells the kind: the more of it lies
    along the mean, the more unequally tokens hold c, from an offset to a ray; where projecting the mean's
    direction out leaves much narrower cosines than subtracting, a line along the mean had made them wide. From the
    difference between the models follows only how far each cloud lies from zero, not how much their tokens are
    alike.
    """,
    hints=[
        "Say what every token has, and what you measured that could have come out otherwise if it did not.",
        "Say which other explanations you had, and which number or plot rules each of them out.",
        "Say what your evidence does not show: about the model, and about where the effect comes from.",
    ],
    rubric=[
        "Mechanism: every embedding is a common vector plus something of its own, w = c + u. How high the mean cosine is follows from how long c is against u, by 1.2's share: over a half in a model, c is the longer of the two; under it, u.",
        "Why that gives the number: the mean pairwise cosine is the squared length of the mean unit vector (up to the diagonal), so a shared direction is enough, whatever the tokens mean. Where rows are about equally long it is 1.2's share; where not, long rows count for more in that.",
        "Is that surprising? Against random vectors, yes: count the mean cosine in units of 1/√d. Of a cloud of vectors, no: any has it that lies further from zero than it is wide.",
        "Evidence, in numbers: the median cosine of a token with the mean, and what share of the average squared length the mean carries, in each model.",
        "What is no evidence: that the mean cosine falls to about 0 without the mean. Rows less their mean add up to zero, so algebra makes it so for any cloud.",
        "A test that could have failed: the mean of one half of the tokens, taken from the other half, does it as well, so it belongs to all and not to the few it was computed from. Other directions do it only as far as they are the mean's own: compare what the widest direction takes away with its cosine with the mean, and with the widest one at right angles to the mean.",
        "Rivals ruled out, each by a number: similar meanings, a few huge dimensions, rare tokens, the loader. One that keeps half is no more than half ruled out.",
        "What is left, and could have come out otherwise: how wide the cosines spread after centring, against random vectors, and the share of it that lies along the mean. From 1/d (an offset: all tokens hold the same) the share grows without a break to a ray's (some hold much more than others): where between the made clouds does each model lie, and which tokens hold least?",
        "What makes it wide: if projecting the mean's direction out leaves much narrower cosines, and a much higher effective dimension, than subtracting it, then what subtracting left was mostly a line along the mean; if not, tokens held c about equally. In which model is it which?",
        "What doesn't follow: that the model uses this vector, or that GPT-Neo's tokens are harder to tell apart. Zero is simply not a special point for the embedding, and cosine treats it as one.",
        "What stays open: why training puts a common vector there, and more of it in one model than in the other. Nothing in this puzzle tells.",
    ],
)

# Words that give the puzzle's answer away: none may stand in the puzzle file.
SPOILERS = (
    "mean vector",
    "common vector",
    "centring",
    "centre",
    "the mean of the rows",
    "origin",
    "offset",
    "holds the mean",
    "by algebra",
)

EXERCISES = [EX_1_1, EX_1_2, EX_1_3, EX_1_4, EX_1_5, EX_1_6, EX_1_7]
