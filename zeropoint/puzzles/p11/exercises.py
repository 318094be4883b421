"""Puzzle 11, who lives at the mean?"""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Float, Int
from torch import Tensor

from zeropoint.desk.exercise import Exercise, Mistake
from zeropoint.puzzles.p11 import contests

# rows, columns, size of the common vector in units of the spread; more than a thousand rows tell a table from a sum
CLOUDS = [
    (4, 3, 1.0),
    (6, 6, 2.0),
    (7, 4, 0.5),
    (30, 12, 1.0),
    (3000, 5, 1.0),
]


def _cloud(n: int, d: int, common: float, generator: torch.Generator) -> Float[Tensor, "n d"]:
    u = torch.randn(n, d, generator=generator, dtype=torch.float64)
    u *= 0.3 + 1.5 * torch.rand(n, 1, generator=generator, dtype=torch.float64)
    u *= 0.5 + torch.rand(d, generator=generator, dtype=torch.float64)
    W = u + common * torch.randn(d, generator=generator, dtype=torch.float64)
    return W.round(decimals=2) if n * d <= 12 else W


def clouds(seed: int) -> list[tuple[Tensor]]:
    """Matrices with a common vector, unequal rows and columns; the last has too many rows for a table."""
    generator = torch.Generator().manual_seed(seed)
    return [(_cloud(*sort, generator),) for sort in CLOUDS]


# --- 11.1 ----------------------------------------------------------------------------------------------------------


def remoteness(W: Float[Tensor, "d_vocab d_model"]) -> Float[Tensor, " d_vocab"]:
    """Of each token, the mean squared distance to all other tokens."""
    n = len(W)
    out = (W - W.mean(0)).square().sum(1)  # how far each is from the centre, squared
    return (n * out + out.sum()) / (n - 1)


def _squares(W: Tensor) -> Tensor:
    return torch.cdist(W, W).square()


EX_11_1 = Exercise(
    id="11.1",
    title="how remote is a token",
    kind="function",
    difficulty=2,
    minutes=10,
    statement="""
    Who is in the middle of a vocabulary, and who on its outskirts? Return for each token the mean of its squared
    distances to all *other* tokens: shape [d_vocab]. A table of all distances would take 10 GB for GPT-Neo's 50,257
    tokens: do it without that table. (The check refuses a function that makes as many numbers at once as the table
    of its largest input has; blocks are no table.)
    """,
    cases=clouds,
    no_table=True,
    reference=remoteness,
    mistakes=[
        Mistake(
            "each token is counted as its own neighbour",
            lambda W: _squares(W).mean(1),
            "How many *other* tokens are there?",
        ),
        Mistake(
            "the distances are not squared",
            lambda W: torch.cdist(W, W).sum(1) / (len(W) - 1),
            "A mean of distances is another number than a mean of squared distances. Which one is asked for?",
        ),
        Mistake(
            "a root at the end",
            lambda W: remoteness(W).sqrt(),
            "The mean of the squares is wanted as it is.",
        ),
        Mistake(
            "the squared distance to the mean alone",
            lambda W: (W - W.mean(0)).square().sum(1),
            "Take three tokens on a line, at 0, 1 and 2, and work out the middle one by hand: is yours the same?",
        ),
        Mistake(
            "the distance to the mean alone",
            lambda W: (W - W.mean(0)).norm(dim=1),
            "Take three tokens on a line, at 0, 1 and 2, and work out the middle one by hand: is yours the same?",
        ),
        Mistake(
            "the dot products are left out",
            lambda W: (len(W) * W.square().sum(1) + W.square().sum()) / (len(W) - 1),
            "‖a − b‖² has three terms. Which one did you drop, and what does it add up to over all b?",
        ),
        Mistake(
            "the columns are compared, not the rows",
            lambda W: _squares(W.T).sum(1) / (W.shape[1] - 1),
            "Which axis of W counts the tokens?",
        ),
        Mistake(
            "averaged over dimensions, not summed",
            lambda W: remoteness(W) / W.shape[1],
            "A squared distance is a sum over the coordinates.",
        ),
    ],
    hints=[
        "Write ‖a − b‖² out, and sum it over all b. Which of the three terms need to know a?",
        "Nothing changes when the whole cloud is moved. Where would you put the origin so that one of the terms disappears?",
        "From the centre, each token's sum is n times its own squared distance plus everybody's; the token itself adds nothing.",
    ],
)

# --- 11.2 ----------------------------------------------------------------------------------------------------------


def with_some(seed: int) -> list[tuple[Tensor, Tensor]]:
    """`clouds`, and a few of each one's rows."""
    generator = torch.Generator().manual_seed(1000 + seed)
    return [(W, torch.randperm(len(W), generator=generator)[: max(3, min(5, len(W) // 3))]) for (W,) in clouds(seed)]


def from_the_sure(W: Float[Tensor, "d_vocab d_model"], sure: Int[Tensor, " few"]) -> Tensor:
    """Each token's distance to the mean of the sure rows, but for itself: shape [d_vocab]."""
    total, few = W[sure].sum(0), len(sure)
    distance = (W - total / few).norm(dim=1)
    others = (total - W[sure]) / (few - 1)
    distance[sure] = (W[sure] - others).norm(dim=1)
    return distance


def _plain(W: Tensor, sure: Tensor) -> Tensor:
    return (W - W[sure].mean(0)).norm(dim=1)


FAIR = "Two of the sure tokens, far from each other: how suspicious would each be if it helped to choose the point it is compared with?"

EX_11_2 = Exercise(
    id="11.2",
    title="near those that are sure",
    kind="function",
    difficulty=2,
    minutes=8,
    statement="""
    `sure` lists a few tokens that no text can hold. Return each token's distance to the mean of their rows: shape
    [d_vocab]. But no token may help to choose the point that it is itself compared with: a token in `sure` is
    compared with the mean of the *others* in `sure`.
    """,
    cases=with_some,
    reference=from_the_sure,
    real=tuple,
    mistakes=[
        Mistake("the sure tokens are compared with themselves as well", _plain, FAIR),
        Mistake(
            "the distances are squared",
            lambda W, sure: from_the_sure(W, sure).square(),
            "A distance has the unit of the rows.",
        ),
        Mistake(
            "the mean of everybody",
            lambda W, sure: (W - W.mean(0)).norm(dim=1),
            "Whose mean is it? `sure` plays no part here.",
        ),
        Mistake(
            "the mean distance, not the distance to the mean",
            lambda W, sure: torch.cdist(W, W[sure]).mean(1),
            "First one point, then one distance a token.",
        ),
        Mistake(
            "cosines, not distances",
            lambda W, sure: 1 - torch.cosine_similarity(W, W[sure].mean(0)[None]),
            "A cosine needs an origin; a distance does not.",
        ),
        Mistake(
            "one row fewer, but the same divisor",
            lambda W, sure: _plain(W, sure).index_copy(
                0, sure, (W[sure] - (W[sure].sum(0) - W[sure]) / len(sure)).norm(dim=1)
            ),
            "How many rows are in the mean once one of them is left out?",
        ),
        Mistake(
            "the sure tokens are set to 0",
            lambda W, sure: _plain(W, sure).index_fill(0, sure, 0.0),
            "They get a number as all the others do, from a point that they did not choose.",
        ),
    ],
    hints=[
        "Begin with everybody else: one point, one distance for each row.",
        "For a token in `sure`, what is the sum of the other rows, if you know the sum of all?",
        "Sum of all the sure rows less its own, over one fewer.",
    ],
)

# --- 11.3 ----------------------------------------------------------------------------------------------------------


def trainings(seed: int) -> list[tuple[Tensor, Tensor, Tensor, float]]:
    """Two rows, rates and a decay, so strong that every slip shows."""
    generator = torch.Generator().manual_seed(seed)
    out = []
    for d, updates, decay in (
        (2, 2, 0.5),
        (3, 3, 0.2),
        (8, 5, 0.9),
        (40, 12, 0.3),
    ):
        a, b = torch.randn(2, d, generator=generator, dtype=torch.float64).round(decimals=2) + 1
        rates = (0.2 + 0.6 * torch.rand(updates, generator=generator, dtype=torch.float64)).round(decimals=2)
        out.append((a, b, rates, decay))
    return out


def apart(a: Tensor, b: Tensor, rates: Float[Tensor, " updates"], decay: float) -> float:
    """Distance of two rows, each [d_model], after all updates."""
    shrunk = (1 - rates * decay).prod()  # the steps cancel; this does not
    return (shrunk * (a - b).norm()).item()


EX_11_3 = Exercise(
    id="11.3",
    title="how far apart in the end",
    kind="function",
    difficulty=1,
    minutes=6,
    statement="""
    AdamW moves a row w to (1 − rate·decay)·w + step. Two tokens that never occur get, let us say, *exactly the same
    step* from the loss at each update, whatever it is. Given their rows a and b before training (shape [d_model]),
    the learning rate of each update (shape [updates]) and the decay (a number): how far apart are the two rows in the
    end? Return one number.
    """,
    cases=trainings,
    reference=apart,
    real=tuple,
    mistakes=[
        Mistake(
            "decay is left out",
            lambda a, b, rates, decay: (a - b).norm(),
            "The steps are the same for both. Is what comes before `+ step`?",
        ),
        Mistake(
            "one update only",
            lambda a, b, rates, decay: (1 - rates[0] * decay) * (a - b).norm(),
            "And at the next update, what is shrunk then?",
        ),
        Mistake(
            "the shares are added, not multiplied",
            lambda a, b, rates, decay: (1 - rates.sum() * decay) * (a - b).norm(),
            "Twice half of it off: is nothing left?",
        ),
        Mistake(
            "an exponential for the product",
            lambda a, b, rates, decay: torch.exp(-rates.sum() * decay) * (a - b).norm(),
            "That is the limit of many small updates. These are few and large.",
        ),
        Mistake(
            "the distance is squared",
            lambda a, b, rates, decay: ((1 - rates * decay).prod() * (a - b)).square().sum(),
            "A distance, in the unit of the rows.",
        ),
        Mistake(
            "the mean rate at every update",
            lambda a, b, rates, decay: (1 - rates.mean() * decay) ** len(rates) * (a - b).norm(),
            "Is a product of different factors the power of their mean?",
        ),
        Mistake(
            "what is lost, not what is left",
            lambda a, b, rates, decay: (1 - (1 - rates * decay).prod()) * (a - b).norm(),
            "At decay 0, how far apart should they be?",
        ),
    ],
    hints=[
        "Write both rows after one update, and take one from the other. What is gone?",
        "What happens to the difference at one update happens again at the next, with the next rate.",
    ],
)

# --- 11.4 ----------------------------------------------------------------------------------------------------------


def make_it_win(own: Float[Tensor, " d_model"], ask: Callable) -> Float[Tensor, " d_model"]:
    """An h under which the token with this row wins. ask(h): (does it win?, the winner's row)."""
    h, point = own, None
    for _ in range(20):
        won, winner = ask(h)
        if won:
            return h
        if point is None:
            point = winner
        else:
            step = winner - point  # towards the winner, as far as it brings us nearer to own
            share = ((own - point) @ step) / (step @ step)
            point = point + share.clamp(0, 1) * step
        h = own - point  # from the nearest point so far towards the token
    return h


EX_11_4 = Exercise(
    id="11.4",
    title="twenty questions",
    kind="function",
    difficulty=3,
    minutes=15,
    statement="""
    A token wins under a hidden state h if its logit, its output row times h, is the largest of all. Make tokens win
    that hardly ever do. But you don't get the matrix, so no search over its rows and no linear programme: `own` is
    the token's output row, shape [d_model], and all that you may do is ask. `ask(h)` returns two things: whether
    your token wins under h, and the winner's row. After twenty questions a token is lost. Return the h that you found.
    (The space is turned by a random rotation for each token, so that the matrix in your notebook doesn't help.)

    Judged on some two dozen tokens of each model, multiplied out; `own` and the token's way from the mean are shown beside
    yours as baselines. The bar is nine tenths of what one known method makes win, and more than either baseline.
    Fewer questions are better; it says how many yours took.
    """,
    reference=make_it_win,
    judge=contests.twenty_questions,
    hints=[
        "Ask with `own` first. If another token wins: in which direction must h change so that this one does worse and yours does better?",
        "After several winners, one of them alone is no good guide: the next h should put your token ahead of all of them at once. Keep something that remembers them all.",
        "Mixtures of the winners' rows fill a body. The way from its point nearest to `own` puts your token ahead of the whole body. How would you find that point, one winner at a time?",
    ],
)

# --- 11.5 ----------------------------------------------------------------------------------------------------------


def suspects(W: Float[Tensor, "d_vocab d_model"]) -> Float[Tensor, " d_vocab"]:
    """A score for each token, the highest for those that were surely never met in training."""
    nearest = []
    for block in W.split(1024):
        distances = torch.cdist(block, W)
        near = distances.topk(6, largest=False).values  # the token itself comes first
        nearest.append(near[:, -1])
    return -torch.cat(nearest)


EX_11_5 = Exercise(
    id="11.5",
    title="a detector of your own",
    kind="function",
    difficulty=3,
    minutes=12,
    statement="""
    From the matrix of token embeddings alone, W: no counts, no names, and no token that you are told of. Its rows come in
    a random order, so that a token's number says nothing. Return a score for each row, shape [d_vocab], highest for
    those that you most suspect of never having been met. Several ways lead there; the more of the true ones come first,
    the better.

    Judged by average precision against the true counts, on every model whose counts are known: beat the best of four
    baselines (near the mean, far from it, long rows, short rows) by 0.1 on each.
    """,
    reference=suspects,
    judge=contests.detector,
    hints=[
        "Go back to what you saw when you looked. What did the never-met have in common, with *each other*?",
        "You needn't know where they are to notice that they are many in one place.",
        "How far is it to the nearest neighbour, or to the fifth? Blocks of a thousand rows keep the memory small.",
    ],
)

# --- 11.6 ----------------------------------------------------------------------------------------------------------

EX_11_6 = Exercise(
    id="11.6",
    title="who lives where, and why",
    kind="why",
    difficulty=2,
    minutes=10,
    statement="""
    In a few sentences: what do the never-met tokens have in common, and what put them there? Why do they lie near the
    mean in one model and not in another? Which rival did you rule out, and how? What does the model make of one that
    it reads? Then compare, point by point.
    """,
    answer="""
    A token that is never met gets no gradient as an input, and as an output the same small one as every other
    such token, nearly, so they all take nearly the same steps. They travel as one crowd, and what still sets them apart is
    how they were drawn, less what decay took and what is left of unequal steps. Whether the crowd lies near the mean
    depends on how far it was carried beside how widely the others lie: equally far, it is at the head of the queue in a
    wide cloud and at its end in a narrow one. So nearness to the mean is no detector; nearness to each other is.
    Length and rarity are ruled out: met tokens of the same length do not crowd, nor do those met once to three times
    as much. A hidden state that makes one win can be found, so they are not locked inside the hull. When it reads
    one, the model hardly tells which; whether it is then less sure of what comes next differs from model to model.
    """,
    hints=["Which numbers above compare the never-met with each other, and which with the mean? Take the two apart."],
    rubric=[
        "What they share: a point of their own, with a radius far below the cloud's.",
        "The mechanism: never read and never right, so all get the same step at each update; their differences are those of the first draw, less decay.",
        "The evidence in numbers: the radius foretold beside the one measured, in which model it fits and in which it misses, and what the idealisation leaves out.",
        "The mean is no sure address: it is the distance of their centre beside the spread of all others that decides; the two models need not agree.",
        "Rivals: length (met tokens of equal length do not crowd) and rarity, each with its number.",
        "Being hard to produce is not being impossible: a hidden state that makes them win was found, or not, by asking.",
        "Read, they are nearly one and the same to the model; whether it is less sure after one than after a met token differs between models.",
    ],
)

# Words that give the puzzle's answer away: none may stand in the puzzle file.
SPOILERS = ("crowd", "first draw", "Gilbert", "one point", "overshoot", "left behind", "all take the same steps")

EXERCISES = [EX_11_1, EX_11_2, EX_11_3, EX_11_4, EX_11_5, EX_11_6]
