"""Puzzle 04, two recipes."""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor

from zeropoint.desk.exercise import Exercise, Mistake
from zeropoint.puzzles.p04 import push, search

# --- 4.1 -----------------------------------------------------------------------------------------------------------


def two_parts(
    hidden: Float[Tensor, "n d_model"],
    W_out: Float[Tensor, "d_vocab d_model"],
) -> tuple[Float[Tensor, " n"], Float[Tensor, " n"]]:
    """What log Z owes to the mean row of W_out, and the rest."""
    mu = W_out.mean(0)
    shared = hidden @ mu  # the same number in every logit of a position
    rest = (hidden @ (W_out - mu).T).logsumexp(1)
    return shared, rest


# positions, d_vocab, d_model, the shared part's size and the rest's; exp of 88 is the largest that float32 holds, of 709 float64
LOGITS = [
    (2, 5, 3, 3.0, 1.0),
    (3, 4, 2, -4.0, 2.0),
    (4, 7, 6, 8.0, 0.5),
    (5, 2, 3, -900.0, 1.0),
    (3, 6, 4, 900.0, 2.0),
    (4, 5, 3, 3.0, 900.0),
    (40, 60, 8, -12.0, 2.0),
]
LENGTH = 0.4  # of the mean row: not 1, so that it matters


def states_and_rows(seed: int) -> list[tuple[Tensor, Tensor]]:
    """Hidden states and an output matrix whose logits are of a stated size."""
    generator, cases = torch.Generator().manual_seed(seed), []

    def randn(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    for n, d_vocab, d, shared, rest in LOGITS:
        direction, own = randn(d), randn(d_vocab, d)
        direction = direction / direction.norm()
        own = own - own.mean(0)
        own = own - (own @ direction)[:, None] * direction  # so that the two sizes are set apart
        along = shared * (1 + 0.2 * torch.rand(n, 1, generator=generator, dtype=torch.float64))
        hidden = along / LENGTH * direction + rest * randn(n, d)
        cases.append((hidden, LENGTH * direction + own))
    return cases


def _log_Z(hidden: Tensor, W_out: Tensor) -> Tensor:
    return (hidden @ W_out.T).logsumexp(1)


def _naive(logits: Tensor) -> Tensor:
    return logits.float().exp().sum(1).log()


def _with(shared):
    """A wrong shared part, and what it leaves of log Z."""

    def slipped(hidden, W_out):
        part = shared(hidden, W_out)
        return part, _log_Z(hidden, W_out) - part

    return slipped


OVERFLOW = (
    "How large is exp(900), and how small is exp(−900)? Take something out before the exp, and add it after the log."
)
EX_4_1 = Exercise(
    id="4.1",
    title="log Z in two parts",
    kind="function",
    difficulty=1,
    minutes=7,
    statement="""
    A model ends with logits = hidden @ W_out.T, a row for each position, and log Z is the log of the sum of exp(logits)
    over the vocabulary. Let μ be the mean of all rows of W_out. Write log Z = a + b at each position, b being the log Z
    of the model whose rows are w − μ. Return a, the first part, and b, the second, each of shape [n]. The penalty
    z · (log Z)² sees the first part; the predictions do not. Some inputs have logits of ±900.
    """,
    cases=states_and_rows,
    reference=two_parts,
    real=lambda args: args,
    scale=30.0,
    mistakes=[
        Mistake(
            "exp overflows, or underflows",
            lambda hidden, W_out: (hidden @ W_out.mean(0), _naive(hidden @ (W_out - W_out.mean(0)).T)),
            OVERFLOW,
        ),
        Mistake(
            "exp overflows, or underflows",
            lambda hidden, W_out: (hidden @ W_out.mean(0), _naive(hidden @ W_out.T) - hidden @ W_out.mean(0)),
            OVERFLOW,
        ),
        Mistake(
            "the second part is log Z itself",
            lambda hidden, W_out: (hidden @ W_out.mean(0), _log_Z(hidden, W_out)),
            "Your two parts should add up to log Z.",
        ),
        Mistake(
            "the two parts are swapped",
            lambda hidden, W_out: two_parts(hidden, W_out)[::-1],
            "First what is lost, then what is left.",
        ),
        Mistake(
            "the sign of the first part",
            lambda hidden, W_out: (-(hidden @ W_out.mean(0)), two_parts(hidden, W_out)[1]),
            "Your two parts should add up to log Z.",
        ),
        Mistake(
            "the largest logit is taken for the shared part",
            _with(lambda hidden, W_out: (hidden @ W_out.T).amax(1)),
            "They add up, and nothing overflows. But would log Z lose the largest logit if μ were gone?",
        ),
        Mistake(
            "the length of the mean is left out",
            _with(lambda hidden, W_out: hidden @ W_out.mean(0) / W_out.mean(0).norm()),
            "What does each logit lose when μ is taken from its row?",
        ),
        Mistake(
            "the sum of the rows, not their mean",
            _with(lambda hidden, W_out: hidden @ W_out.sum(0)),
            "What does one logit lose, not all of them together?",
        ),
        Mistake(
            "the mean is taken over d_model",
            _with(lambda hidden, W_out: _log_Z(hidden, W_out) - _log_Z(hidden, W_out - W_out.mean(1, keepdim=True))),
            "μ is one vector for the whole vocabulary. Which shape has it?",
        ),
        Mistake(
            "the mean of exp, not the sum",
            lambda hidden, W_out: (hidden @ W_out.mean(0), two_parts(hidden, W_out)[1] - math.log(len(W_out))),
            "Your two parts should add up to log Z: a sum over the vocabulary, not an average.",
        ),
        Mistake(
            "log d_vocab is counted with the first part",
            _with(lambda hidden, W_out: hidden @ W_out.mean(0) + math.log(len(W_out))),
            "With all logits at 0 there is no μ to lose, and log Z is log d_vocab. Which part has it?",
        ),
        Mistake(
            "averaged over positions",
            lambda hidden, W_out: tuple(part.mean() for part in two_parts(hidden, W_out)),
            "Each position has a log Z of its own.",
        ),
    ],
    hints=[
        "Write w = μ + (w − μ) in one logit. Which part of it is the same for the whole vocabulary?",
        "A number that is in every logit comes out of the sum of exp as a factor, and out of the log as a summand.",
        "hidden @ μ, and the logsumexp of hidden @ (W_out − μ).T: torch's logsumexp takes the largest logit out first.",
    ],
)


# --- 4.2 -----------------------------------------------------------------------------------------------------------


def bounds(logit: float, least: float, d_vocab: int) -> tuple[float, float, float]:
    """Smallest and largest log Z, and the largest shared part of it."""
    smallest = logit  # a probability is at most 1
    largest = logit - math.log(least)
    # the shared part is the mean of the position's logits: one is known, the others are largest when they are equal
    other = logit + math.log((1 - least) / (least * (d_vocab - 1)))
    return smallest, largest, (logit + (d_vocab - 1) * other) / d_vocab


def logits_seen(seed: int) -> list[tuple[float, float, int]]:
    generator, cases = torch.Generator().manual_seed(seed), []
    for d_vocab in (2, 3, 5, 10, 100, 3000):
        logit, share = torch.rand(2, generator=generator, dtype=torch.float64).tolist()
        sign = 1 if d_vocab in (2, 10, 3000) else -1
        cases.append((sign * (2 + 60 * logit), 1 / d_vocab + (0.9 - 1 / d_vocab) * (0.2 + 0.8 * share), d_vocab))
    return cases


def _third(logit, least, d_vocab):
    return bounds(logit, least, d_vocab)[2]


def _unnormalised(logit, least, d_vocab):
    return logit - math.log(least) - math.log(d_vocab)


def _known_one(logit, least, d_vocab):
    return logit


def _carried_on(logit, least, d_vocab):
    """The third bound, made of a log Z that has the sign of log p wrong."""
    return _third(logit, least, d_vocab) + 2 * math.log(least) * (d_vocab - 1) / d_vocab


def _bounds(shared, ends=lambda logit, least: (logit, logit - math.log(least))):
    """`bounds` with another formula for the shared part, or for the two ends of log Z."""
    return lambda logit, least, d_vocab: (*ends(logit, least), shared(logit, least, d_vocab))


def _ends_in_base(base):
    return lambda logit, least: (logit, logit - math.log(least, base))


def _third_in_base(base):
    return lambda logit, least, d_vocab: logit + (_third(logit, least, d_vocab) - logit) / math.log(base)


# the smallest and the largest log Z as slips have them, and a nudge
ENDS = {
    "the logit stands on the wrong side": (
        lambda logit, least: (logit + math.log(least), logit),
        "log p = logit − log Z. Which p makes log Z smallest?",
    ),
    "the sign of the log": (
        lambda logit, least: (logit, logit + math.log(least)),
        "log p = logit − log Z. Is log p positive?",
    ),
    "the logit is left out": (
        lambda logit, least: (0.0, -math.log(least)),
        "log p = logit − log Z. Where is the logit in your bounds?",
    ),
    "the smallest log Z is taken at p = least": (
        lambda logit, least: (logit - math.log(least), logit - math.log(least)),
        "p is at least that. What is it at most?",
    ),
    "the smallest and the largest have changed places": (
        lambda logit, least: (logit - math.log(least), logit),
        "Is log p positive or negative? So which of the two is larger?",
    ),
}
WRONG_ENDS = [  # each beside the right third number, and beside those that people write with it
    Mistake(name, _bounds(shared, ends), nudge)
    for name, (ends, nudge) in ENDS.items()
    for shared in (_third, _unnormalised, _known_one, _carried_on)
]
WRONG_BASE = [
    Mistake(
        "a logarithm of another base",
        _bounds(shared, _ends_in_base(base)),
        "log Z is the log of a sum of exp. Which logarithm?",
    )
    for base in (2, 10)
    for shared in (_third, _third_in_base(base))
]
LOOSE = "A true bound, but no model can reach it. One of the logits is known: what is left for all the others together?"
EX_4_2 = Exercise(
    id="4.2",
    title="what one logit tells",
    kind="function",
    difficulty=3,
    minutes=15,
    statement="""
    Of a model that you cannot run, one logit is published: that of the token which came next. Suppose that this token's
    probability was at least `least`; 0 < `least` < 1. (If it was the most probable of d_vocab tokens, it had 1 / d_vocab
    or more.) Return a tuple of three numbers: the smallest and the largest log Z that the model can have had at that position,
    and the largest value that 4.1's first part can have had there. Give the tight bounds: for each, some logits come as
    near to it as you like, even if none reaches it. (4.1's first part is the mean of the position's logits.) The output layer has no bias.
    """,
    cases=logits_seen,
    reference=bounds,
    real=lambda args: args,
    mistakes=[
        *WRONG_ENDS,
        *WRONG_BASE,
        Mistake(
            "a bound, but not the tight one: the known logit is not used",
            _bounds(shared=_unnormalised),
            LOOSE,
        ),
        Mistake(
            "a bound, but not the tight one: no logit is above the known one",
            _bounds(shared=_known_one),
            LOOSE,
        ),
        Mistake(
            "the whole of log Z",
            _bounds(shared=lambda logit, least, d_vocab: logit - math.log(least)),
            "4.1's second part cannot be zero or less than that: how small can it be with so many tokens?",
        ),
        Mistake(
            "the known token is left out of the mean",
            _bounds(shared=lambda logit, least, d_vocab: logit + math.log((1 - least) / (least * (d_vocab - 1)))),
            "Nearly: but the mean over the vocabulary has the known logit in it.",
        ),
        Mistake(
            "the others' probability is shared by one token too many",
            _bounds(
                shared=lambda logit, least, d_vocab: (
                    (logit + (d_vocab - 1) * (logit + math.log((1 - least) / (least * d_vocab)))) / d_vocab
                )
            ),
            "How many tokens are there beside the known one?",
        ),
        Mistake(
            "the others have the whole probability",
            _bounds(
                shared=lambda logit, least, d_vocab: (
                    (logit + (d_vocab - 1) * (logit + math.log(1 / (least * (d_vocab - 1))))) / d_vocab
                )
            ),
            "The known token has its share of the probability. What remains for the others?",
        ),
        Mistake(
            "only log d_vocab is taken off",
            _bounds(shared=lambda logit, least, d_vocab: logit - math.log(d_vocab)),
            "That would be the mean if all tokens shared the known one's probability. Here it had `least` or more.",
        ),
    ],
    hints=[
        "log p = logit − log Z, and least ≤ p ≤ 1: that is an interval for log Z.",
        "4.1's first part is a mean. Of which numbers? (Average the logits of one position over the vocabulary.)",
        "One of them is given. The others share what probability is left; their mean is largest when all of them are equal.",
    ],
)


# --- 4.3 -----------------------------------------------------------------------------------------------------------


def kind(
    mean: Float[Tensor, " d_model"],
    second: Float[Tensor, "d_model d_model"],
) -> tuple[float, float, float]:
    """Spread along the mean; share of the variance along it; share along the widest direction."""
    covariance = second - mean.outer(mean)
    direction = mean / mean.norm()
    along = direction @ covariance @ direction
    total = covariance.trace()
    widest = torch.linalg.eigvalsh(covariance)[-1]
    return (along.sqrt() / mean.norm()).item(), (along / total).item(), (widest / total).item()


# rows, columns, length of the common vector, how unequal the amounts of it are, length of a line across it
SORTS = [
    (5, 2, 2.0, 0.0, 0.0),
    (9, 3, 2.0, 0.6, 0.0),
    (12, 4, 3.0, 0.0, 3.0),
    (30, 3, 3.0, 0.8, 0.0),
    (60, 8, 2.5, 0.2, 2.0),
    (300, 12, 1.5, 0.9, 0.0),
]


def cloud(n: int, d: int, common: float, unequal: float, across: float, seed: int) -> Float[Tensor, "n d"]:
    """Rows that hold amounts of a common vector (unequal: from 1 − unequal to 1 + unequal), a line across it, and noise."""
    generator = torch.Generator().manual_seed(seed)
    c, other = torch.linalg.qr(torch.randn(d, 2, generator=generator, dtype=torch.float64)).Q.T
    steps = torch.linspace(-1, 1, n, dtype=torch.float64)[:, None]
    amounts, places = 1 + unequal * steps, steps[torch.randperm(n, generator=generator)]
    noise = torch.randn(n, d, generator=generator, dtype=torch.float64) / d**0.5
    return common * amounts * c + across * places * other + noise


def moments(W: Float[Tensor, "n d"]) -> tuple[Float[Tensor, " d"], Float[Tensor, "d d"]]:
    """The mean row and the mean of w wᵀ."""
    return W.mean(0), W.T @ W / len(W)


def clouds(seed: int) -> list[tuple[Tensor, Tensor]]:
    return [moments(cloud(*sort, seed=1000 * seed + i)) for i, sort in enumerate(SORTS)]


def _three(along, total, widest, length):
    return along.abs().sqrt() / length, along / total, widest / total


def _not_centred(mean, second):
    direction = mean / mean.norm()
    return _three(direction @ second @ direction, second.trace(), torch.linalg.eigvalsh(second)[-1], mean.norm())


def _slip(first=None, second=None, third=None):
    """`kind` with another value in one of the three places, made of (variance along, whole variance, eigenvalues, ‖μ‖)."""

    def slipped(mean, second_moment):
        C = second_moment - mean.outer(mean)
        direction = mean / mean.norm()
        facts = direction @ C @ direction, C.trace(), torch.linalg.eigvalsh(C), mean.norm()
        right = kind(mean, second_moment)
        return tuple(
            change(*facts) if change else value for change, value in zip((first, second, third), right, strict=True)
        )

    return slipped


def _long_direction(mean, second):
    C = second - mean.outer(mean)
    along = mean @ C @ mean
    return along.sqrt() / mean.norm(), along / C.trace(), torch.linalg.eigvalsh(C)[-1] / C.trace()


STILL_THERE = "Move the whole cloud further from zero: the variance around its mean stays. Does yours?"
EX_4_3 = Exercise(
    id="4.3",
    title="the kind of a mean, without the rows",
    kind="function",
    difficulty=2,
    minutes=11,
    statement="""
    01 told an offset (all tokens hold the same amount of the common vector) from a ray (they hold different amounts) by
    looking at the rows. Here the rows are gone. Given are their mean `mean`, that is μ (of W_E, which is
    W_out in tied models such as these), and
    `second` = W_E.T @ W_E / d_vocab, of shape [d_model, d_model]. Return a tuple of three numbers. First: the standard deviation of
    the rows' parts along μ's direction, divided by the mean of these parts. Second: of the rows' variance around their
    mean, summed over all directions, the share along μ's direction. Third: the share along the direction that has
    most of it, whichever that is. Variances are divided by d_vocab.
    """,
    cases=clouds,
    reference=kind,
    real=lambda args: args,
    scale=1.0,
    mistakes=[
        Mistake("the mean is still in it", _not_centred, STILL_THERE),
        Mistake(
            "the mean is still in the second and the third",
            lambda mean, second: (kind(mean, second)[0], *_not_centred(mean, second)[1:]),
            STILL_THERE,
        ),
        Mistake(
            "the mean is still in the first",
            lambda mean, second: (_not_centred(mean, second)[0].item(), *kind(mean, second)[1:]),
            STILL_THERE,
        ),
        Mistake(
            "the mean is still in the third",
            lambda mean, second: (
                *kind(mean, second)[:2],
                torch.linalg.eigvalsh(second)[-1] / second.trace(),
            ),
            STILL_THERE,
        ),
        Mistake(
            "the mean is still in the second",
            lambda mean, second: (
                kind(mean, second)[0],
                mean @ second @ mean / mean.norm() ** 2 / second.trace(),
                kind(mean, second)[2],
            ),
            STILL_THERE,
        ),
        Mistake(
            "a share of the whole, not of the variance around the mean",
            lambda mean, second: (
                kind(mean, second)[0],
                kind(mean, second)[1] * (second.trace() - mean @ mean) / second.trace(),
                kind(mean, second)[2] * (second.trace() - mean @ mean) / second.trace(),
            ),
            "Below the line stands what is left when the mean is gone.",
        ),
        Mistake(
            "the length of the mean is left in",
            _long_direction,
            "Along a direction: how long is the vector that stands for it?",
        ),
        Mistake(
            "the variance along the mean, not its root",
            _slip(first=lambda along, total, values, length: along / length),
            "Which unit has a standard deviation, and which a variance?",
        ),
        Mistake(
            "the variance along the mean, not its root",
            _slip(first=lambda along, total, values, length: along / length**2),
            "Which unit has a standard deviation, and which a variance?",
        ),
        Mistake(
            "not divided by the mean of the parts",
            _slip(first=lambda along, total, values, length: along.sqrt()),
            "Make all rows twice as long. Your first number should stay.",
        ),
        Mistake(
            "the spread in all directions, not along the mean",
            _slip(first=lambda along, total, values, length: total.sqrt() / length),
            "The first number is about parts along one direction only.",
        ),
        Mistake(
            "roots of the shares",
            _slip(
                second=lambda along, total, values, length: (along / total).sqrt(),
                third=lambda along, total, values, length: (values[-1] / total).sqrt(),
            ),
            "Shares of the variance, not of a standard deviation: over all directions at right angles they add up to 1.",
        ),
        Mistake(
            "the largest variance, not its share",
            _slip(third=lambda along, total, values, length: values[-1]),
            "Make all rows twice as long. Your third number should stay.",
        ),
        Mistake(
            "the direction that has least",
            _slip(third=lambda along, total, values, length: values[0] / total),
            "In which order does your eigenvalue routine give them?",
        ),
        Mistake(
            "one coordinate in place of any direction",
            lambda mean, second: (
                *kind(mean, second)[:2],
                (second.diagonal() - mean.square()).max() / (second.trace() - mean @ mean),
            ),
            "The widest direction need not be one of the axes.",
        ),
        Mistake(
            "the second and the third are swapped",
            lambda mean, second: tuple(kind(mean, second)[i] for i in (0, 2, 1)),
            "First the mean's direction, then the widest.",
        ),
    ],
    hints=[
        "The covariance is the mean of (w − μ)(w − μ)ᵀ. Multiply out: which two things that you have make it?",
        "The variance along a direction e of length 1 is eᵀCe, and the variance in all directions is the trace of C.",
        "The widest direction's variance is C's largest eigenvalue. The parts along μ's direction have the mean ‖μ‖.",
    ],
)


# --- 4.4 -----------------------------------------------------------------------------------------------------------


def total_push(
    hidden: Float[Tensor, "n d_model"],
    log_Z: Float[Tensor, " n"],
    z: float,
    target: float,
) -> Float[Tensor, " d_model"]:
    # d(loss)/d(logit v) = p_v − [v came] + 2 z (log Z − target) p_v: over v, 1 − 1 + 2 z (log Z − target)
    weight = 2 * z * (log_Z - target)
    return (weight[:, None] * hidden).mean(0)


def positions(seed: int) -> list[tuple]:
    """Hidden states with a common part, log Z above and below the target."""
    generator, cases = torch.Generator().manual_seed(seed), []

    def randn(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    for n, d, z, target in ((2, 3, 0.5, 0.0), (3, 2, 0.1, -2.0), (5, 4, 2.0, 3.0), (40, 6, 0.01, 1.0)):
        hidden, log_Z = randn(n, d) + randn(d), target + 2 + 3 * randn(n)
        cases.append((hidden, log_Z, z, target))
    return cases


def _total(weight):
    return lambda hidden, log_Z, z, target: (weight(log_Z, z, target)[:, None] * hidden).mean(0)


def _product_of_means(hidden, log_Z, z, target):
    return 2 * z * (log_Z - target).mean() * hidden.mean(0)


EX_4_4 = Exercise(
    id="4.4",
    title="all rows' gradients, added up",
    kind="function",
    difficulty=2,
    minutes=7,
    cases=positions,
    task="""The loss is the mean over n positions of cross-entropy + z · (log Z − target)². Take its gradient with respect
    to every row of W_out, and add them all up over the vocabulary: one vector of d_model numbers. Given are the hidden
    states [n, d_model], log Z of each position [n], z and target. You get neither W_out nor the tokens that came: neither is
    needed.""",
    after=("4.f",),
    reference=total_push,
    real=lambda args: args,
    mistakes=[
        Mistake(
            "the factor 2 is missing",
            _total(lambda log_Z, z, target: z * (log_Z - target)),
            "What is the derivative of a square?",
        ),
        Mistake(
            "the penalty itself, not its gradient",
            _total(lambda log_Z, z, target: z * (log_Z - target).square()),
            "What is the derivative of a square?",
        ),
        Mistake(
            "the sign is turned",
            _total(lambda log_Z, z, target: -2 * z * (log_Z - target)),
            "Uphill or downhill? A gradient says in which direction the loss grows.",
        ),
        Mistake(
            "the target is left out",
            _total(lambda log_Z, z, target: 2 * z * log_Z),
            "What should the penalty ask for where log Z is on its target?",
        ),
        Mistake(
            "summed over the positions, not averaged",
            lambda hidden, log_Z, z, target: len(hidden) * total_push(hidden, log_Z, z, target),
            "Write every position down twice. Should the gradient change?",
        ),
        Mistake(
            "the mean of a product is not the product of the means",
            _product_of_means,
            "A position with a large log Z pushes along its own hidden state.",
        ),
        Mistake(
            "the tokens that came are counted twice",
            _total(lambda log_Z, z, target: 2 * z * (log_Z - target) - 1),
            "The token that came loses 1. What do the probabilities of all tokens gain together?",
        ),
        Mistake(
            "the tokens that came are forgotten",
            _total(lambda log_Z, z, target: 2 * z * (log_Z - target) + 1),
            "The probabilities add up to 1. What does the token that came take off again?",
        ),
        Mistake(
            "only the cross-entropy",
            lambda hidden, log_Z, z, target: torch.zeros_like(hidden[0]),
            "That is what is left for z = 0. What does the penalty add?",
        ),
        Mistake(
            "Z, not its log",
            _total(lambda log_Z, z, target: 2 * z * (log_Z.exp() - target)),
            "The penalty is a square of log Z. What stands before d(log Z) in its derivative?",
        ),
        Mistake(
            "Z, not its log",
            _total(lambda log_Z, z, target: 2 * z * log_Z.exp() * (log_Z - target)),
            "Z turns exp(logit) into a probability, and all probabilities add up to 1. Is any Z left?",
        ),
        Mistake(
            "the target is taken off the vector",
            lambda hidden, log_Z, z, target: total_push(hidden, log_Z, z, 0.0) - 2 * z * target,
            "The target belongs to log Z: take it off before you multiply by the hidden state.",
        ),
        Mistake(
            "the target is taken off the vector",
            lambda hidden, log_Z, z, target: total_push(hidden, log_Z, z, 0.0) - target,
            "The target belongs to log Z: take it off before you multiply by the hidden state.",
        ),
        Mistake(
            "the target is added",
            _total(lambda log_Z, z, target: 2 * z * (log_Z + target)),
            "What should the penalty ask for where log Z is on its target?",
        ),
    ],
    hints=[
        "Start with one position and its logits: what is the gradient of cross-entropy, and of log Z, with respect to logit v?",
        "Row v of W_out gets the gradient of logit v, times h. Add over v: what do all probabilities add up to?",
        "The cross-entropy's share is 1 − 1 = 0, the penalty's is 2z(log Z − target). Times h, averaged over the positions.",
    ],
)


# --- 4.5 -----------------------------------------------------------------------------------------------------------


def balanced_push(rows: int, dims: int) -> Float[Tensor, "rows dims"]:
    few = -(-rows // 5)  # a fifth of the rows, rounded up, pays for all others
    g = torch.ones(rows, dims, dtype=torch.float64)
    g[:few] = -(rows - few) / few
    return g


EX_4_5 = Exercise(
    id="4.5",
    title="a balanced push that moves the mean",
    kind="function",
    difficulty=3,
    minutes=9,
    task=f"""Without z-loss the rows' gradients cancel, and yet the control's mean grew. The optimiser was Adam, which divides
    each entry by a memory of its own size. Make a case of it: return a table of gradients [rows, dims] whose
    columns add up to zero, and for which one first step of torch.optim.Adam (lr 0.001, the rest as torch has it) moves
    the mean of the rows by at least {push.ENOUGH} × lr in every dimension. One row that pays for all others would be easy: here no
    entry is more than {push.RATIO:g} times as large as another, in size, and none is zero. The judge makes the same step with one
    second moment for all rows (their mean), and says how far the mean goes then.""",
    reference=balanced_push,
    judge=push.judge,
    hints=[
        "At the first step Adam's two memories hold this gradient alone. What is left of an entry, divided by its own size?",
        "So only signs count for Adam, and only the sum counts for the balance. How can most entries have one sign?",
        f"A few large entries against many small ones, as far as {push.RATIO:g} : 1 goes; a fifth of the rows can pay for the others.",
    ],
)


# --- 4.6 -----------------------------------------------------------------------------------------------------------


def recipe() -> dict[str, float | str]:
    near_neo = {"z_loss": 0.3, "optimizer": "coupled-adam", "lr": 0.002}
    # long rows that nothing shortens, and a last LayerNorm that is quick to give the hidden states a mean in their place
    near_gpt2 = {"z_loss": 0.003, "z_target": -30.0, "optimizer": "coupled-adam"}
    near_gpt2 |= {"init_std": 0.1, "embedding_decay": 0.0, "final_norm_lr": 30.0}
    return {"GPT-Neo": near_neo, "GPT-2": near_gpt2}["GPT-Neo"]


EX_4_6 = Exercise(
    id="4.6",
    title="a recipe",
    kind="function",
    difficulty=3,
    minutes=22,
    task=search.TASK,
    reference=recipe,
    judge=search.judge,
    hints=[
        "Two things are asked at once: where log Z lies, and how even the amounts are (4.3). Which of your levers is for which?",
        "z_loss with its target sets log Z. What makes rare tokens go their own way along the mean: the memory of the divisor?",
        "Longer memories (beta2), or one divisor for all tokens (coupled-adam), make the amounts more even. If the cosine falls too far with them, push harder (z_loss) in smaller steps (lr). GPT-2's side is a long product with a small cosine: begin with long rows (init_std), push gently, and let the hidden states be quicker than the rows (final_norm_lr).",
    ],
)


# --- 4.7 -----------------------------------------------------------------------------------------------------------

EX_4_7 = Exercise(
    id="4.7",
    title="why?",
    kind="why",
    difficulty=2,
    minutes=9,
    statement="""
    In a few sentences: what is 4.1's first part to the predictions, and what to the penalty? What of the doses does the
    penalty explain, what moves a mean without it, and what did the target of 12 show? Of which kind is the mean with each
    target, and why can 4.3's first two numbers part? What do two published logits say of GPT-Neo and GPT-2, and what can
    they not say? Then compare, point by point.
    """,
    answer="""
    h·μ is the same in every logit, so the predictions do not see it; log Z contains it, so z-loss does. With z-loss
    log Z goes to its target, and h·μ makes up what the second part leaves to do. For a target of 0 that is much: h·μ
    ends far below 0, and the mean cosine rises. For a target of 12 it is little: h·μ ends near 0, and the
    mean is shorter than without z-loss. So it is the target that steers, in models that have learned more than
    frequencies. With a target of 0 both numbers of the kind fell: nearer to an offset. With 12 they part. The
    amounts differ less than before, so their share fell; but the mean shrank more than they did, and beside it they are
    less even. The control without z-loss has a large mean as well.
    The output rows' gradients cancel under cross-entropy, so plain descent would leave their mean where it is. Adam
    divides by each entry's own memory, many small pushes count as much as a few large ones, and the mean moves; with
    one divisor for all it does not. The published logits: GPT-Neo's log Z was near 0 and GPT-2's far below, if those
    tokens were probable, and then h·μ was far below 0 in both. They do not say how the product is split
    between μ and the hidden state, nor why the two models differ: each is one position, with a supposed probability.
    """,
    hints=[
        "Follow one number, h·μ: who sees it, who moves it, and where does it stop?",
        "How far is each target from the second part? And what do the two numbers of the kind divide by?",
        "Of the two published models: which of mean embedding and mean hidden state is long? Can one logit tell?",
    ],
    rubric=[
        "h·μ is in every logit of a position: softmax cancels it, log Z holds it, so a penalty on log Z sees what the predictions do not.",
        "With z-loss log Z goes to its target, and h·μ moves with it. The evidence: log Z near each of the two targets, and near where it began without; three seeds, with intervals.",
        "The target steers, not the penalty as such: h·μ makes up what the second part leaves to do. With 0 it ends far below 0, and the mean is longer than without z-loss; with 12 it ends near 0, after so few updates a little above, and the mean is shorter. (Above or below 0 is the product's sign: whether mean or hidden states turned, it does not say.)",
        "All three had learned: their loss is below that of frequencies alone. A dose that drowns the cross-entropy would tell little.",
        "With a target of 0 both of 4.3's numbers fell: the amounts are more even beside ‖μ‖, and what centring leaves is less of a line along it: nearer to an offset. But the control, without z-loss, has a large mean as well: so a large mean needs no z-loss.",
        "Why the two can part: the first divides by ‖μ‖, the second by all the variance that centring leaves. With a target of 12 the differences along the mean shrank, and the mean shrank more: the first rose, the second fell. That is neither kind; what is sure is that the mean is short. (The third takes a line across the mean for a ray.)",
        "What moves the mean without z-loss: under cross-entropy the output rows' gradients add up to zero, so plain descent leaves their mean alone; Adam's own divisor for each entry breaks the balance, one for all rows keeps it. On the input side the gradients do not cancel.",
        "The published logits: GPT-Neo's log Z near 0, GPT-2's near −69 if its token was probable; the shared part far below 0 in both. All that rests on one position each, and on a supposed probability.",
        "What they cannot say: the length of μ. A product of −80 can be a long mean embedding or a long mean hidden state; why GPT-2's is short is open. You did not conclude why the two differ.",
    ],
)

SPOILERS = (
    "h·μ",
    "second moment",
    "coupled",
    "rare token",
    "sums to zero",
    "sum to zero",
    "add up to zero",
    "cancel",
    "mean logit",
)

EXERCISES = [EX_4_1, EX_4_2, EX_4_3, EX_4_4, EX_4_5, EX_4_6, EX_4_7]
