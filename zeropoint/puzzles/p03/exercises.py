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
        (4_000, 500, 0.03),
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
    n rows of d independent numbers from N(0, σ²). Return three root mean squares, in this order: of a row's
    length, of the length of the mean row, and of the cosine of two different rows. Return what chance expects, as
    formulas of n, d and σ: draw nothing.
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
        Mistake(
            "n and d have changed places",
            lambda n, d, s: at_initialisation(d, n, s),
            "n rows, d numbers in each. How many of them does one row's length add up?",
        ),
        Mistake(
            "the first two have changed places",
            lambda n, d, s: (at_initialisation(n, d, s)[1], at_initialisation(n, d, s)[0], d**-0.5),
            "Which is longer, a row or the mean of many?",
        ),
        Mistake(
            "the last two have changed places",
            lambda n, d, s: (at_initialisation(n, d, s)[0], d**-0.5, at_initialisation(n, d, s)[1]),
            "Does a cosine change when all numbers are doubled? Does your third value?",
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
        Mistake(
            "the mean row: the average vector, which is 0",
            _with(mean=lambda n, d, s: 0.0),
            "Its coordinates are 0 on average. Their squares are not: how long is it, typically?",
        ),
        Mistake(
            "the mean row and the cosine: averages, which are 0",
            _with(mean=lambda n, d, s: 0.0, cosine=lambda n, d, s: 0.0),
            "Both are 0 on average. Root mean squares are not.",
        ),
        Mistake(
            "d, where its root belongs",
            _with(row=lambda n, d, s: s * d, mean=lambda n, d, s: s * d / n**0.5),
            "Squares add up over coordinates: which length has a vector of d ones?",
        ),
        Mistake(
            "σ under the root",
            _with(row=lambda n, d, s: (s * d) ** 0.5, mean=lambda n, d, s: (s * d / n) ** 0.5),
            "N(0, σ²): which of σ and σ² is the variance?",
        ),
    ],
    hints=[
        "Take one coordinate first. What is the average of its square, for a row, and for the mean of n rows?",
        "Squared lengths add up over coordinates: d times the square of one. Averaging n independent rows divides every variance by n.",
        "For the cosine, turn the space so that one row lies along the first axis. Which part of the other row's squared length lies there on average?",
    ],
)

# --- 3.2 -----------------------------------------------------------------------------------------------------------


def output_gradient(
    h: Float[Tensor, "positions d_model"],
    W: Float[Tensor, "d_vocab d_model"],
    following: Int[Tensor, " positions"],
) -> Float[Tensor, "d_vocab d_model"]:
    """The gradient of the mean cross-entropy at each row of W, where h @ W.T are the logits."""
    p = (h @ W.T).softmax(dim=1)  # [positions, d_vocab]
    right = torch.nn.functional.one_hot(following, len(W))  # 1 for the token that follows
    return (p - right).T @ h / len(h)


def positions(seed: int) -> list[tuple[Tensor, Tensor, Tensor]]:
    """Hidden states with a mean, scores, and tokens that follow; more tokens than positions, so that some are absent."""
    g = torch.Generator().manual_seed(seed)
    out = []
    for n, v, d in (
        (2, 4, 3),
        (3, 5, 2),
        (5, 8, 4),
        (20, 30, 6),
    ):
        h = torch.randn(n, d, generator=g, dtype=torch.float64) + torch.randn(d, generator=g, dtype=torch.float64)
        W = torch.randn(v, d, generator=g, dtype=torch.float64)
        following = torch.randint(v, (n,), generator=g)
        out.append((h.round(decimals=2), W.round(decimals=2), following))
    return out


def _hot(following: Tensor, W: Tensor) -> Tensor:
    return torch.nn.functional.one_hot(following, len(W)).to(W.dtype)


def _taken_off_once(h: Tensor, W: Tensor, following: Tensor) -> Tensor:
    G = (h @ W.T).softmax(1).T @ h
    G[following] -= h  # of a token that follows twice, the last position alone counts
    return G / len(h)


def _from(weights):
    """The gradient with other weights [positions, d_vocab] in the place of p − 1[right]."""
    return lambda h, W, following: weights(h @ W.T, _hot(following, W)).T @ h / len(h)


EX_3_2 = Exercise(
    id="3.2",
    title="what an update asks of each token",
    kind="function",
    difficulty=2,
    minutes=10,
    statement="""
    The last product of the model: hidden states h of some positions, a matrix W whose rows score the tokens
    (logits h @ W.T, no bias), and the token that follows each position. Return the gradient of the cross-entropy,
    averaged over the positions, with respect to W, while h is held still: shape [d_vocab, d_model]. Autograd gives
    it too; written by hand, it falls into two terms, and the next exercise needs them.
    """,
    cases=positions,
    reference=output_gradient,
    real=tuple,
    mistakes=[
        Mistake(
            "the step of descent, not the gradient",
            _from(lambda logits, right: right - logits.softmax(1)),
            "The gradient points to where the loss grows. Should raising the right token's score make it grow?",
        ),
        Mistake(
            "summed over positions, not averaged",
            lambda h, W, following: output_gradient(h, W, following) * len(h),
            "Twice the text, twice your gradient. Which loss was asked for?",
        ),
        Mistake(
            "the right answers are not taken off",
            _from(lambda logits, right: logits.softmax(1)),
            "Your gradient pushes every token away, the right one too. Where does `following` come in?",
        ),
        Mistake(
            "only the right answers",
            _from(lambda logits, right: -right),
            "The loss holds log Σ exp as well: what is its gradient?",
        ),
        Mistake(
            "a token that follows twice is taken off once",
            _taken_off_once,
            "Indexing with `-=` writes each row once, however often it is named. What adds up instead?",
        ),
        Mistake(
            "the right answers are taken off at every position",
            _from(lambda logits, right: logits.softmax(1) - right.amax(0)),
            "Position 0 has one right answer, its own. Which entries of [positions, d_vocab] does your index name?",
        ),
        Mistake(
            "softmax over the positions",
            _from(lambda logits, right: logits.softmax(0) - right),
            "The probabilities of one position add up to 1. Which axis is that?",
        ),
        Mistake(
            "logits for probabilities",
            _from(lambda logits, right: logits - right),
            "A logit can be negative, or 7. What became of the softmax?",
        ),
        Mistake(
            "every token taken for equally probable",
            _from(lambda logits, right: torch.full_like(logits, 1 / logits.shape[1]) - right),
            "All but true of a fresh model. Here W is any matrix.",
        ),
        Mistake(
            "averages multiplied, not products averaged",
            lambda h, W, following: torch.outer(((h @ W.T).softmax(1) - _hot(following, W)).mean(0), h.mean(0)),
            "Each position pushes with its own hidden state. In what order did you average?",
        ),
        Mistake(
            "the gradient for h, not for W",
            lambda h, W, following: ((h @ W.T).softmax(1) - _hot(following, W)) @ W / len(h),
            "Which of the two is held still?",
        ),
        Mistake(
            "divided by the number of tokens, not of positions",
            lambda h, W, following: output_gradient(h, W, following) * len(h) / len(W),
            "An average over positions divides by how many there are of them.",
        ),
        Mistake(
            "log-probabilities for probabilities",
            _from(lambda logits, right: logits.log_softmax(1) - right),
            "They should add up to 1 at each position. Do yours?",
        ),
    ],
    hints=[
        "One position first. Its loss is log Σ exp(logits) less the logit of the token that follows. What is the derivative of each for the logit of token v?",
        "The logit's derivative is p_v, less 1 if v follows. And the logit of v is h · W[v]: what is its gradient at W[v]?",
        "(p − one-hot) is [positions, d_vocab], h is [positions, d_model]: one matrix product sums over positions. Then average.",
    ],
)

# --- 3.3 -----------------------------------------------------------------------------------------------------------


def first_push(h: Float[Tensor, "positions d_model"], d_vocab: int) -> Float[Tensor, " d_model"]:
    """Minus the gradient at the row of a token that follows nowhere, all tokens alike."""
    return -h.mean(0) / d_vocab


def fresh_states(seed: int) -> list[tuple[Tensor, int]]:
    """Hidden states with a mean, and sizes of a vocabulary that are neither their number nor their width."""
    g = torch.Generator().manual_seed(seed)
    out = []
    for n, d, v in (
        (2, 3, 5),
        (4, 2, 9),
        (7, 5, 40),
        (50, 8, 2048),
    ):
        h = torch.randn(n, d, generator=g, dtype=torch.float64) + 2 * torch.randn(d, generator=g, dtype=torch.float64)
        out.append((h.round(decimals=2), v))
    return out


EX_3_3 = Exercise(
    id="3.3",
    title="the first push on an absent token",
    kind="function",
    difficulty=2,
    minutes=6,
    statement="""
    In a fresh model all logits are all but 0, so take every token to be equally probable at every position. A token
    follows none of the positions of a batch. Which way, and how far, does one step of plain gradient descent on the
    loss of 3.2, with learning rate 1, move its row of W? Return the step: shape [d_model].
    """,
    cases=fresh_states,
    reference=first_push,
    real=tuple,
    mistakes=[
        Mistake("the gradient, not the step", lambda h, v: h.mean(0) / v, "Descent goes which way along the gradient?"),
        Mistake(
            "as far as a token that is sure",
            lambda h, v: -h.mean(0),
            "How probable does the model hold this token, of so many?",
        ),
        Mistake(
            "as far as a token that is sure, and uphill",
            lambda h, v: h.mean(0),
            "How probable does the model hold this token, of so many? And descent goes which way along the gradient?",
        ),
        Mistake(
            "summed over positions, not averaged",
            lambda h, v: -h.sum(0) / v,
            "The loss is the average over positions, as in 3.2.",
        ),
        Mistake(
            "divided by the number of positions once more",
            lambda h, v: -h.mean(0) / v / len(h),
            "One average over the positions is in the loss. Where does your second come from?",
        ),
        Mistake(
            "only its direction",
            lambda h, v: -_units(h.mean(0)),
            "Which way is right. How far, too, is asked.",
        ),
        Mistake(
            "it stays where it is",
            lambda h, v: torch.zeros_like(h[0]),
            "It is not in the batch. It is among the wrong answers at every position.",
        ),
        Mistake(
            "shared among the wrong answers only",
            lambda h, v: -h.mean(0) / (v - 1),
            "All tokens are equally probable, the right one too. Among how many is the probability shared?",
        ),
        Mistake(
            "the token is taken to be right",
            lambda h, v: (1 - 1 / v) * h.mean(0),
            "It follows nowhere. Which of the two terms of 3.2 is left?",
        ),
        Mistake(
            "divided by the number of positions, not of tokens",
            lambda h, v: -h.mean(0) / len(h),
            "Equally probable among how many?",
        ),
        Mistake(
            "the length of the mean hidden state is left out",
            lambda h, v: -_units(h.mean(0)) / v,
            "Which way is right. A longer hidden state pushes further.",
        ),
    ],
    hints=[
        "3.2 has two terms. Which of them is 0 for a token that follows nowhere?",
        "What is left is p_v times h, averaged over positions. What is p_v where all are equally probable?",
        "Nothing in it depends on which absent token it is. And a step goes against the gradient.",
    ],
)

# --- 3.4 -----------------------------------------------------------------------------------------------------------


def clouds_in_order(seed: int) -> list[tuple[Tensor, Tensor, int]]:
    """Matrices whose rows point along a common vector the more, the later they come in `order`; k divides their number."""
    g = torch.Generator().manual_seed(seed)
    out = []
    for n, d, k in (
        (8, 3, 2),
        (12, 5, 3),
        (40, 9, 4),
        (60, 6, 5),
    ):
        order = torch.randperm(n, generator=g)
        c = torch.randn(d, generator=g, dtype=torch.float64)
        W = torch.randn(n, d, generator=g, dtype=torch.float64)
        W[order] += torch.linspace(-0.5, 2, n, dtype=torch.float64)[:, None] * c / c.norm() * 1.5
        W *= 0.5 + torch.rand(n, 1, generator=g, dtype=torch.float64) * 2
        out.append((W, order, k))
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


EX_3_4 = Exercise(
    id="3.4",
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
            "only one of the two is normalised",
            lambda W, order, k: _groups(W, order, k, lambda V: (_units(V) @ W.mean(0)).mean()),
            "A cosine divides by two lengths. By which did you?",
        ),
        Mistake(
            "only one of the two is normalised",
            lambda W, order, k: _groups(W, order, k, lambda V: (V @ _units(W.mean(0))).mean()),
            "A cosine divides by two lengths. By which did you?",
        ),
        Mistake(
            "the mean of the unit rows, not of the rows",
            lambda W, order, k: _groups(W, order, k, lambda V: _to(V, _units(W).mean(0)).mean()),
            "In what order did you normalise and average?",
        ),
        Mistake(
            "the mean of the unit rows, and not made a unit",
            lambda W, order, k: _groups(W, order, k, lambda V: (_units(V) @ _units(W).mean(0)).mean()),
            "A cosine divides by two lengths. How long is a mean of unit rows, and whose mean is asked for?",
        ),
        Mistake(
            "the mean of each token's own numbers",
            lambda W, order, k: _groups(
                W, order, k, lambda V: (V.sum(1).abs() / V.norm(dim=1)).mean() / V.shape[1] ** 0.5
            ),
            "The mean row has d_model numbers. Which axis did you average over?",
        ),
        Mistake(
            "k taken for the size of a group",
            lambda W, order, k: cosine_by_frequency(W, order, len(W) // k),
            "k is the number of groups. How many tokens are in each?",
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
        Mistake(
            "the tokens are centred first",
            lambda W, order, k: _groups(W, order, k, lambda V: _to(V - W.mean(0), W.mean(0)).mean()),
            "The question is about the tokens as they are, the mean included.",
        ),
        Mistake(
            "added up, not averaged",
            lambda W, order, k: cosine_by_frequency(W, order, k) * (len(W) // k),
            "Can the mean of cosines exceed 1?",
        ),
    ],
    hints=[
        "One cosine a token first, with the mean of the whole vocabulary: shape [d_vocab].",
        "Then put these cosines in the order of frequency: index with `order`.",
        "Cut the row of cosines into k equal pieces and average each.",
    ],
)

# --- 3.5 -----------------------------------------------------------------------------------------------------------

EX_3_5 = Exercise(
    id="3.5",
    title="when, from where, and what it needs",
    kind="why",
    difficulty=3,
    minutes=12,
    statement="""
    In a few sentences: when does the mean come, and what is the model learning then? Which tokens move, which way,
    and why those? What does it need, of model, text and optimiser, and what not, and what does that tell about where
    it is made? What do these runs leave open? Then compare, point by point.
    """,
    answer="""
    At the start the mean is as short as chance makes it. It grows early, in tens of updates, within the first few
    per cent of the recorded training, while the loss falls to the entropy of single tokens: before word order, the
    model learns which tokens are rare. Text in random order makes the mean too, text of equally frequent tokens does
    not. Each update pushes every token that did not come next against the hidden states, at first by the same step,
    the mean hidden state over d_vocab. A rare token gets little else, so nearly the whole vocabulary drifts one way,
    rarest furthest, tokens that never occur included; the most frequent go the other way. That is work of the output
    matrix: untied, it alone gets the mean, and the input embedding stays centred. Tied, the input inherits it.
    LayerNorm, positions and biases can go. Adam's own divisor for each token cannot: with one for all, the same pushes
    leave hardly a mean. What Adam makes of them is open, and so is whether all this holds beyond tiny models and one
    text.
    """,
    hints=[
        "When: give the update, and what else happens then; the table of clocks has both. And what do the two changed texts take away, and leave?",
        "Who and why: 3.3 says what a token gets when it is absent. Look at the sign of the drift by frequency, and at tokens which never occur in the text.",
        "Which parts: one removal leaves two matrices where there was one. live(tied=False) has rows for each: compare the column `matrix`.",
    ],
    rubric=[
        "Initialisation is ruled out: a fresh model's mean is as short as chance makes it (σ√(d/n)), and its mean cosine is zero within a chance width.",
        "When: early. Half of its largest cosine stands in tens of updates (a few per cent of the recorded trainings, more of a short one), before the loss reaches the entropy of single tokens, in your own run as well. The grid's changed texts say the same: in random order nearly all of it comes, with all tokens equally frequent next to nothing.",
        "Who: nearly the whole vocabulary moves the same way, rare tokens furthest, tokens that never occur included; the most frequent few move the other way.",
        "What it does not need, each by a removal: LayerNorm, positions, biases (as far as this run's intervals show it).",
        "What the input embedding needs: tying. Untied, the input matrix stays centred and the output matrix has the mean: it is made on the output side and the input inherits it.",
        "What it needs of the optimiser: a divisor for each token. Where all tokens share one, next to nothing is left, though the loss pushes as before: the push is not enough, it takes what Adam makes of it.",
        "A mechanism in outline: every update pushes all tokens that did not come next against the hidden state, by a share of their probability, at first by −h̄ / d_vocab for all alike; a rare token's gradients have little else in them. Where tokens that never occur have gone by the end says how far that first push still shows.",
        "Limits: tiny models, few seeds, one text, and the one of equally frequent tokens is made up, so it lacks more than rare words; a part not needed here may still matter at scale, and why the optimiser turns a small push into a large mean is open (04).",
    ],
)

# Words that give the puzzle's answer away: none may stand in the puzzle file.
SPOILERS = ("rarest", "output matrix", "output side", "unigram", "single tokens", "d**0.5", "never occur", "inherit")

EXERCISES = [EX_3_1, EX_3_2, EX_3_3, EX_3_4, EX_3_5]
