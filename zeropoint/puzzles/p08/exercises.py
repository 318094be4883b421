"""Puzzle 08, zero is an origin."""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Float, Int
from torch import Tensor

from zeropoint.desk.exercise import Exercise, Mistake
from zeropoint.puzzles.p08 import bench
from zeropoint.puzzles.p08.bench import Bench


def _random(seed: int):
    generator = torch.Generator().manual_seed(seed)
    return lambda *shape: torch.randn(*shape, generator=generator, dtype=torch.float64)


# --- 8.1 -----------------------------------------------------------------------------------------------------------


def clouds(seed: int) -> list[tuple[Tensor]]:
    """Outputs of a component: a mean, and a spread that differs from row to row."""
    randn, cases = _random(seed), []
    for n, d in ((3, 2), (4, 4), (5, 3), (9, 6), (400, 4)):
        rows = randn(n, d) * torch.linspace(0.5, 1.5, n, dtype=torch.float64)[:, None]
        cases.append((rows + randn(d) + 0.5,))
    return cases


def three_ways(X: Float[Tensor, "n d"]) -> tuple[float, float, float]:
    """Mean squared distances: of the rows from zero, from their mean, from each other."""
    n = len(X)
    to_zero = X.square().sum(1).mean()
    to_mean = (X - X.mean(0)).square().sum(1).mean()
    to_another = 2 * to_mean * n / (n - 1)  # both ends vary
    return to_zero.item(), to_mean.item(), to_another.item()


def _ways(X: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    var = (X - X.mean(0)).square().sum(1).mean()
    return X.square().sum(1).mean(), var, 2 * var * len(X) / (len(X) - 1)


def _lengths(X: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Distances, not squared."""
    apart = torch.cdist(X, X).sum() / (len(X) * (len(X) - 1))
    return X.norm(dim=1).mean(), (X - X.mean(0)).norm(dim=1).mean(), apart


EX_8_1 = Exercise(
    id="8.1",
    title="three ways to be away",
    kind="function",
    difficulty=2,
    minutes=10,
    statement="""
    Row i of `X` [n, d] is what one component puts out for input i. It is to be replaced: by zero; by the mean of all
    rows; by what it puts out for another input. How far does each replacement move it? Return three mean **squared**
    distances: of the rows from zero; of the rows from their mean; of row i from row j, over all ordered pairs with i ≠ j.
    There are too many inputs for a table of all pairs.
    """,
    cases=clouds,
    reference=three_ways,
    no_table=True,
    mistakes=[
        Mistake("distances, not squared", _lengths, "Which power was asked for?"),
        Mistake(
            "distances, not squared",
            lambda X: (*_lengths(X)[:2], 2 * _lengths(X)[1]),
            "Which power was asked for? And does a distance, not squared, double when both ends vary?",
        ),
        Mistake(
            "the squared mean distance",
            lambda X: tuple(v.square() for v in _lengths(X)),
            "In which order: square, then mean?",
        ),
        Mistake(
            "pairs of a row with itself are counted",
            lambda X: (_ways(X)[0], _ways(X)[1], 2 * _ways(X)[1]),
            "How many pairs have i ≠ j? How far is a row from itself?",
        ),
        Mistake(
            "half of the pairs are summed, and the sum is divided by the number of all",
            lambda X: (*_ways(X)[:2], _ways(X)[2] / 2),
            "n(n − 1) pairs are ordered: both (i, j) and (j, i).",
        ),
        Mistake(
            "pairs of neighbours only",
            lambda X: (*_ways(X)[:2], (X - X.roll(1, 0)).square().sum(1).mean()),
            "All pairs were asked for, not each row and the next. No table is needed for them.",
        ),
        Mistake(
            "the first two are swapped", lambda X: (_ways(X)[1], _ways(X)[0], _ways(X)[2]), "From zero comes first."
        ),
        Mistake(
            "one end varies, not both",
            lambda X: (_ways(X)[0], _ways(X)[1], _ways(X)[1]),
            "The mean stands still. Does another input's output?",
        ),
        Mistake(
            "from zero: only the mean's part",
            lambda X: (X.mean(0).square().sum(), *_ways(X)[1:]),
            "That is how far the mean is from zero. How far are the rows?",
        ),
        Mistake(
            "averaged over d as well",
            lambda X: tuple(v / X.shape[1] for v in _ways(X)),
            "A squared distance sums over the coordinates.",
        ),
        Mistake(
            "the mean of each row, not of all rows",
            lambda X: (_ways(X)[0], (X - X.mean(1, keepdim=True)).square().sum(1).mean(), _ways(X)[2]),
            "Which axis counts the inputs?",
        ),
        Mistake(
            "divided by n − 1",
            lambda X: (_ways(X)[0], _ways(X)[2] / 2, _ways(X)[2]),
            "The mean over n rows was asked for, not an estimate of a variance.",
        ),
    ],
    hints=[
        "The first two need no pairs at all. For the third: move the origin to the mean first; no distance changes.",
        "‖xᵢ − xⱼ‖² = ‖xᵢ‖² + ‖xⱼ‖² − 2 xᵢ·xⱼ. Sum over all pairs, with i = j, of centred rows: what is left?",
        "Over all n² pairs the mean is twice the second answer; n of those pairs are zero.",
    ],
)

# --- 8.2 -----------------------------------------------------------------------------------------------------------


def layers(seed: int) -> list[tuple[Tensor, ...]]:
    randn, cases = _random(seed), []
    for heads, d_head, d_model in ((2, 2, 3), (3, 2, 2), (2, 3, 3), (3, 3, 3), (4, 5, 8)):
        cases.append((randn(heads, d_head, d_model), randn(heads, d_head), randn(d_model), randn(heads, d_head)))
    return cases


def keep_books(
    W_O: Float[Tensor, "head d_head d_model"],
    b_V: Float[Tensor, "head d_head"],
    b_O: Float[Tensor, " d_model"],
    gain: Float[Tensor, "head d_head"],
) -> tuple[Float[Tensor, "head d_head"], Float[Tensor, " d_model"]]:
    """The new b_V and the new b_O."""
    written = (gain[:, :, None] * W_O).sum((0, 1))  # what W_O makes of the gain, all heads together
    return b_V + gain, b_O - written


def _written(W_O: Tensor, v: Tensor) -> Tensor:
    return (v[:, :, None] * W_O).sum((0, 1))


SAME = "Follow a gain through: value, head's output, W_O, sum. What must b_O do about it?"

EX_8_2 = Exercise(
    id="8.2",
    title="keep the books elsewhere",
    kind="function",
    difficulty=1,
    minutes=6,
    statement="""
    A head mixes values with weights that sum to one, value h has a bias `b_V[h]`, and the layer writes the sum over
    heads of (the head's output) `W_O[h]`, plus `b_O`. Outputs are rows, so they stand on the left of `W_O[h]`. Return a
    new b_V and a new b_O, with which the output of every head h is larger by `gain[h]` at every position, and the layer
    writes what it wrote. (A model without these biases has biases of zero.)
    """,
    cases=layers,
    reference=keep_books,
    real=lambda args: args,
    mistakes=[
        Mistake("b_O pays nothing", lambda W_O, b_V, b_O, gain: (b_V + gain, b_O), SAME),
        Mistake("b_O gains it too", lambda W_O, b_V, b_O, gain: (b_V + gain, b_O + _written(W_O, gain)), SAME),
        Mistake(
            "the heads lose it",
            lambda W_O, b_V, b_O, gain: (b_V - gain, b_O + _written(W_O, gain)),
            "Larger by the gain, not smaller.",
        ),
        Mistake(
            "only the first head is paid for",
            lambda W_O, b_V, b_O, gain: (b_V + gain, b_O - gain[0] @ W_O[0]),
            "How many heads write into one sum?",
        ),
        Mistake(
            "the average head is paid for, not all",
            lambda W_O, b_V, b_O, gain: (b_V + gain, b_O - _written(W_O, gain) / len(W_O)),
            "How many heads write into one sum?",
        ),
        Mistake(
            "the old b_V is gone",
            lambda W_O, b_V, b_O, gain: (gain, b_O - _written(W_O, gain)),
            "The values had a bias before. Where is it?",
        ),
        Mistake(
            "the old b_O is gone",
            lambda W_O, b_V, b_O, gain: (b_V + gain, -_written(W_O, gain)),
            "The layer had a bias before. Where is it?",
        ),
        Mistake(
            "all of the new b_V is paid for",
            lambda W_O, b_V, b_O, gain: (b_V + gain, b_O - _written(W_O, b_V + gain)),
            "The old b_V was written before, too. What is new?",
        ),
        Mistake(
            "the two answers are swapped",
            lambda W_O, b_V, b_O, gain: (b_O - _written(W_O, gain), b_V + gain),
            "The new b_V comes first.",
        ),
        Mistake("nothing has moved", lambda W_O, b_V, b_O, gain: (b_V, b_O), "What have the heads gained?"),
    ],
    hints=[
        "If the weights sum to one, what becomes of a constant that is added to every value?",
        "So b_V[h] gains gain[h], and the head's output does too. What does W_O[h] make of that?",
        "b_O loses the sum over heads of gain[h] @ W_O[h].",
    ],
)

# --- 8.3 -----------------------------------------------------------------------------------------------------------


def in_one_pass(
    run: Callable,
    ids: Int[Tensor, "row seq"],
    means: Float[Tensor, "head d_head"],
) -> Float[Tensor, " head"]:
    """Each head's harm when it alone is set to its mean. `run` may be called once."""
    heads, rows = len(means), len(ids)

    def edit(z):
        z = z.clone()
        for h in range(heads):
            z[h * rows : (h + 1) * rows, :, h] = means[h]  # copy h of the text is without head h
        return z

    log_p = run(ids.repeat(heads + 1, 1), edit)
    log_p = log_p.view(heads + 1, rows, *log_p.shape[1:])
    clean, changed = log_p[-1], log_p[:-1]  # nobody has touched the last copy
    return (clean.exp() * (clean - changed)).sum(-1).mean((1, 2))


EX_8_3 = Exercise(
    id="8.3",
    title="every head, one pass",
    kind="function",
    difficulty=2,
    minutes=15,
    statement="""
    `run(ids, edit)` runs a model and returns its log-probabilities, [row, seq, d_vocab]. On the way, `edit` gets the
    outputs of all heads of one layer, `z` [row, seq, head, d_head], and returns what is to stand there. `ids` is any
    batch of rows. Return, for each head of the layer, the mean KL (nats a token, over all rows and positions, of the
    changed predictions from the untouched ones) when that head alone is set to its row of `means`. You may call `run`
    **once**, and the call for the untouched predictions counts.
    """,
    reference=in_one_pass,
    judge=bench.judge_one_pass,
    hints=[
        "One pass has a batch. What could stand in it, other than different texts?",
        "Repeat the text: one copy for each head, and one more.",
        "In copy h, edit z at head h only. z[h * rows : (h + 1) * rows, :, h] is where. Cut the result into copies again.",
    ],
)

# --- 8.4 -----------------------------------------------------------------------------------------------------------


def logits(seed: int) -> list[tuple[Tensor]]:
    """What a component writes for a few inputs: rows of logits, some louder than others, few or many."""
    randn, cases = _random(seed), []
    for n, d_vocab in ((2, 3), (3, 3), (4, 2), (6, 5), (30, 12)):
        loud = torch.linspace(0.5, 3, n, dtype=torch.float64)[:, None]
        cases.append((loud * randn(n, d_vocab) + randn(n, 1),))
    return cases


def best_constant(X: Float[Tensor, "n d_vocab"]) -> Float[Tensor, " d_vocab"]:
    """The logits that do least harm in the place of every row of X."""
    p = X.softmax(1)  # what the model predicts for each input
    return p.mean(0).log()


def _least_harmful_row(X: Tensor) -> Tensor:
    log_p = X.log_softmax(1)
    kl = (log_p.exp()[:, None] * (log_p[:, None] - log_p[None])).sum(-1)  # [of, with]
    return log_p[kl.mean(0).argmin()]


OF_LOGITS = (
    "Try n = 2: one input is sure of token A, the other of token B. What should a constant bet on? And for what divergence "
    "would yours be best?"
)
ALL_ALIKE = "That bets on every token alike, whatever X is."
TOKENS = "Which axis counts the tokens?"

EX_8_4 = Exercise(
    id="8.4",
    title="the least harmful constant",
    kind="function",
    difficulty=2,
    minutes=12,
    statement="""
    The simplest component is the last one, which writes the logits all by itself: for input i it puts out row i of `X`
    [n, d_vocab], and the prediction is the softmax of that row. One constant c is to stand in its place for all inputs.
    Which c makes the mean over inputs of KL(softmax(Xᵢ) ‖ softmax(c)) smallest? There is a formula; no search, no
    gradient. A number added to all of c changes nothing, so c is right with any.
    """,
    cases=logits,
    reference=best_constant,
    counts=lambda c: {"another constant does less harm": c.log_softmax(0)},
    scale=1.0,
    mistakes=[
        Mistake("the mean of the logits", lambda X: X.mean(0), OF_LOGITS),
        Mistake("the mean of the logits", lambda X: X.mean(0).log_softmax(0), OF_LOGITS),
        Mistake("the mean of the logits", lambda X: X.log_softmax(1).mean(0), OF_LOGITS),
        Mistake("probabilities, not their logarithm", lambda X: X.softmax(1).mean(0), "In which space is c?"),
        Mistake(
            "loud inputs count more",
            lambda X: X.exp().mean(0).log().log_softmax(0),
            "Every input has one vote. What has to be normalised, before what?",
        ),
        Mistake("softmax over the inputs", lambda X: X.softmax(0).mean(0).log(), TOKENS),
        Mistake("softmax over the inputs", lambda X: X.softmax(0).mean(1), TOKENS),
        Mistake("softmax over the inputs", lambda X: X.softmax(0).mean(1).log(), TOKENS),
        Mistake(
            "averaged over the tokens", lambda X: X.softmax(1).mean(1).log(), "One number for each token is wanted."
        ),
        Mistake(
            "the best of the rows themselves",
            _least_harmful_row,
            "Need a constant be a value that occurs?",
        ),
        Mistake("zero", lambda X: torch.zeros_like(X[0]), ALL_ALIKE),
        Mistake("zero", lambda X: torch.zeros_like(X[0]).log_softmax(0), ALL_ALIKE),
    ],
    hints=[
        "Write q for softmax(c). Which part of the mean KL depends on q at all?",
        "It is −Σ_v (mean over inputs of p_i(v)) log q(v): a cross-entropy of one distribution with q.",
        "A cross-entropy is least where the two are equal: q is the mean prediction, and c its logarithm.",
    ],
)

# --- 8.5 -----------------------------------------------------------------------------------------------------------


def say_the_opposite(bench: Bench) -> Float[Tensor, "head d_head"]:
    """A gain for each head, after which zero and the mean disagree about their order."""
    at_mean = bench.harm(bench.means)
    turned = at_mean.argsort(descending=True).argsort()  # 0: harms most at its mean
    targets = at_mean.max() * (1 + turned)
    away = torch.randn(bench.means.shape, generator=torch.Generator().manual_seed(0))
    away[bench.most] = 0  # this one stays at its mean
    low, high = torch.full_like(targets, -6), torch.full_like(targets, 6)
    for _ in range(12):  # halve the interval of the logarithm of each head's way
        middle = (low + high) / 2
        harm = bench.harm(bench.means + middle.exp()[:, None] * away)
        low = torch.where(harm < targets, middle, low)
        high = torch.where(harm < targets, high, middle)
    constants = bench.means + low.exp()[:, None] * away
    return -constants  # zero is then what this constant was


EX_8_5 = Exercise(
    id="8.5",
    title="make zero say what you like",
    kind="function",
    difficulty=3,
    minutes=20,
    statement="""
    An open search. Choose a gain for every head, [head, d_head]; the machine makes the move of 8.2 with it, so that no
    prediction changes. Then it sets each head to zero, on text that you do not have, and asks two things. The head that
    harms most at its mean (row `bench.most`) harms at zero just as much as it does at its mean. And the heads, ordered by
    their harm at zero, disagree with their order by harm at the mean, as far as you can make them: a rank correlation of
    −0.5 or less passes, −1 is the end of the scale. `bench.means` [head, d_head] are the heads' means, and
    `bench.harm(values)` gives each head's harm, [head], when it alone puts out its row of `values` in the model as it is.
    """,
    reference=say_the_opposite,
    judge=bench.judge_opposite,
    hints=[
        "After the move a head is set to zero. To what would you have had to set it before the move, for the same predictions?",
        "So you choose any value for each head, and bench.harm tells what it does. Which value does little? Which does much?",
        "The head that harms most at its mean: put it there, gain −mean. The others: far away, the farther the less they matter.",
    ],
)

# --- 8.6 -----------------------------------------------------------------------------------------------------------

EX_8_6 = Exercise(
    id="8.6",
    title="what does zero ablation measure?",
    kind="why",
    difficulty=3,
    minutes=10,
    statement="""
    In a few sentences: what does setting a component to zero measure, beside the component? What shows it, and with
    which numbers? How much did it matter in the two models that ran here, and what could have warned you? When is the mean
    the wrong value, too? Then compare yours with the points, one by one.
    """,
    answer="""
    Zero takes away a constant as well as whatever varies, and where a constant is kept is bookkeeping: a head's constant
    can move into the output bias, exactly, and every zero ablation changes while no prediction does. So zero ablation
    is a constant ablation at a point that nobody chose; I made it say the opposite of the mean. How much it matters is
    measured by zero's harm against the mean's, component by component; a warning is how much of the output is its
    mean, ‖μ‖²/E‖x‖², which needs no ablation. Another input's output is twice as far in square
    as the mean, and harms more. A rival is distance alone: random points as far from the mean decide. The mean moves
    with the origin, but it is no safe value: where outputs come in two opposite kinds it never occurs, and the least
    harmful constant belongs to the mean prediction, not to the mean output. None of this says which question to ask.
    """,
    hints=[
        "Two things are gone when an output is zero. Name both, and how to take away one of them alone.",
        "What did 8.2's move change, and what not? What follows for a number that the move changes?",
        "Is there a component whose mean is a value it never takes? What did 8.4 say about means?",
    ],
    rubric=[
        "Zero takes away two things: a constant, on which later parts may rely, and what varies around it. Each can be taken alone.",
        "The constant's place is bookkeeping: with b_V and b_O moved, no prediction changes and every head's zero ablation does. Shown to be exact, not merely small.",
        "So zero ablation is ablation to a constant that nobody chose; in some copy of the same model it is any constant, the mean included.",
        "How much it mattered here, in numbers of this run: zero against the mean in harm, or their orders against resampling's; also where it hardly mattered.",
        "A warning that needs no ablation: how much of the output's mean square is its mean; and how well it warned here.",
        "Resampling moves twice as far in square as the mean does, so its numbers are larger without a component being more important.",
        "A rival is weighed: that only the distance counts. Random points as far from the mean as zero is are the control, a new one for each row of text.",
        "The mean isn't always right: two kinds of input with opposite outputs, or 8.4, where the best constant is the mean prediction's.",
        "What doesn't follow: that one replacement is right for every question; and two small models say little about others.",
    ],
)

# Words that give the puzzle's answer away: none may stand in the puzzle file.
SPOILERS = (
    "twice as far",
    "bookkeeping",
    "mean prediction",
    "copy of the text",
    "one copy for each",
    "both ends",
)

EXERCISES = [EX_8_1, EX_8_2, EX_8_3, EX_8_4, EX_8_5, EX_8_6]
