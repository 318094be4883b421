"""Puzzle 07, what the mean does for LayerNorm."""

from __future__ import annotations

from itertools import product

import torch
from jaxtyping import Float
from torch import Tensor

from zeropoint.desk.exercise import Exercise, Mistake

# rows, columns, size of the common vector in units of the spread.
SHAPES = [
    (4, 3, 1.0),
    (6, 6, 2.0),
    (9, 5, 0.3),
    (30, 12, 1.5),
    (200, 24, 0.7),
]


def _draws(seed: int):
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape):
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    return draw


def _cloud(draw, n: int, d: int, common: float) -> Tensor:
    """Vectors of unequal lengths with a common vector, and with something in all coordinates alike. float64."""
    c = draw(d)
    X = draw(n, d) * (0.5 + torch.linspace(0, 1.5, n, dtype=torch.float64))[:, None] + 0.8 + 0.5 * draw(n, 1)
    return X + common * d**0.5 * c / c.norm()


def clouds(seed: int) -> list[tuple[Tensor]]:
    draw = _draws(seed)
    return [(_cloud(draw, n, d, common),) for n, d, common in SHAPES]


def with_eps(seed: int) -> list[tuple[Tensor, float]]:
    """Clouds, one of them so small that eps counts."""
    small = [1.0, 0.05, 1.0, 0.3, 1.0]
    return [(X * s, eps) for (X,), s, eps in zip(clouds(seed), small, (0.1, 1e-3, 0.5, 0.02, 1e-5), strict=True)]


def with_vector(seed: int) -> list[tuple[Tensor, Tensor]]:
    draw = _draws(seed + 1)
    return [(X, 3 * draw(X.shape[1])) for (X,) in clouds(seed)]


def with_clean(seed: int) -> list[tuple[Tensor, Tensor, Tensor, Tensor]]:
    """A changed cloud, the clean one, gain and bias; the second and the fourth so quiet that eps counts."""
    draw, out = _draws(seed + 2), []
    for (clean,), loud in zip(clouds(seed), (1, 0.02, 1, 0.02, 1), strict=True):
        n, d = clean.shape
        X = clean - clean.mean(0) + 0.3 * draw(n, d) + 0.7 * draw(n, 1)
        out.append((loud * X, loud * clean, 1 + 0.4 * draw(d), draw(d)))
    return out


def pairs(seed: int) -> list[tuple[Tensor, Tensor]]:
    """Two effects on the same rows of text: what a row does to one it mostly does to the other."""
    draw, out = _draws(seed + 3), []
    for n in (3, 5, 16, 64):
        row = draw(n)
        out.append((0.9 + row + 0.2 * draw(n), 0.5 + row + 0.3 * draw(n)))
    return out


def _own(X: Tensor) -> Tensor:
    return X - X.mean(1, keepdim=True)


def _across(X: Tensor) -> Tensor:
    return X - X.mean(1)  # one number a row, and torch lays them along the columns


NO_KEEPDIM = "the rows' numbers are laid along the columns"
KEEPDIM = "One number a row has the shape [n], and torch lines that up with the columns: as [n, 1] it goes to its row (`keepdim=True`)."


# --- 7.1 -----------------------------------------------------------------------------------------------------------


def denominators(X: Float[Tensor, "n d_model"], eps: float) -> Float[Tensor, " n"]:
    """The number by which LayerNorm divides each vector."""
    centred = X - X.mean(1, keepdim=True)  # each vector loses its own mean
    return (centred.square().mean(1) + eps).sqrt()


EX_7_1 = Exercise(
    id="7.1",
    title="what LayerNorm divides by",
    kind="function",
    difficulty=1,
    minutes=5,
    statement="""
    One number for each vector: LayerNorm's denominator, with eps as PyTorch's `LayerNorm` has it.
    """,
    cases=with_eps,
    reference=denominators,
    real=lambda X: (X, 1e-5),
    mistakes=[
        Mistake(NO_KEEPDIM, lambda X, eps: (_across(X).square().mean(1) + eps).sqrt(), KEEPDIM),
        Mistake(
            "another eps than the one given",
            lambda X, eps: (_own(X).square().mean(1) + 1e-5).sqrt(),
            "`eps` is an argument: other models have another.",
        ),
        Mistake(
            "the mean over the text is taken away first",
            lambda X, eps: (_own(X - X.mean(0)).square().mean(1) + eps).sqrt(),
            "LayerNorm sees one vector at a time. Which mean can it know?",
        ),
        Mistake(
            "the vector's own mean is left in",
            lambda X, eps: (X.square().mean(1) + eps).sqrt(),
            "Add 100 to all coordinates of one vector. LayerNorm doesn't notice. Does your number?",
        ),
        Mistake(
            "the mean over the text is taken away, not the vector's own",
            lambda X, eps: ((X - X.mean(0)).square().mean(1) + eps).sqrt(),
            "LayerNorm sees one vector at a time. Which mean can it know?",
        ),
        Mistake(
            "divided by d − 1",
            lambda X, eps: (X.var(1) + eps).sqrt(),
            "PyTorch's `var` and `std` have a default that LayerNorm doesn't share.",
        ),
        Mistake(
            "divided by d − 1, and eps is outside the root",
            lambda X, eps: X.std(1) + eps,
            "PyTorch's `std` has a default that LayerNorm doesn't share. And where does eps go?",
        ),
        Mistake(
            "the factor, not the denominator",
            lambda X, eps: 1 / (_own(X).square().mean(1) + eps).sqrt(),
            "By what does LayerNorm divide? Louder vectors: larger or smaller numbers?",
        ),
        Mistake("eps is outside the root", lambda X, eps: _own(X).square().mean(1).sqrt() + eps, "Where does eps go?"),
        Mistake("eps is left out", lambda X, eps: _own(X).square().mean(1).sqrt(), "What if a vector is constant?"),
        Mistake(
            "the length, not the root mean square",
            lambda X, eps: (_own(X).square().sum(1) + eps).sqrt(),
            "After LayerNorm a coordinate is about 1 in size, whatever d_model is.",
        ),
        Mistake(
            "the root is missing",
            lambda X, eps: _own(X).square().mean(1) + eps,
            "Make X ten times larger: LayerNorm should divide by ten times more.",
        ),
        Mistake(
            "over the text, not over d_model",
            lambda X, eps: ((X - X.mean(0)).square().mean(0) + eps).sqrt(),
            "That is batch normalisation. How many denominators does a text of n tokens need?",
        ),
    ],
    hints=[
        "One number a vector: shape [n].",
        "First take each vector's own mean over d_model away, then a root mean square of what is left.",
        "(x − x̄)², its mean over dim 1, plus eps, then the root.",
    ],
)

# --- 7.2 -----------------------------------------------------------------------------------------------------------


def mean_share(X: Float[Tensor, "n d_model"]) -> float:
    """The share of LayerNorm's squared denominators that is due to the mean vector."""
    seen = X - X.mean(1, keepdim=True)  # what LayerNorm sees of each vector
    return (seen.mean(0).square().sum() / seen.square().sum(1).mean()).item()


EX_7_2 = Exercise(
    id="7.2",
    title="the mean's share of the squared denominator",
    kind="function",
    difficulty=2,
    minutes=10,
    statement="""
    Which share of the squared denominators (their mean over the text; leave eps out) is due to the mean
    vector of X, the one over the text? The rest would be there without it.
    """,
    cases=clouds,
    reference=mean_share,
    scale=1.0,
    mistakes=[
        Mistake(
            "the share of E‖x‖², as if LayerNorm saw all of x",
            lambda X: X.mean(0).square().sum() / X.square().sum(1).mean(),
            "What does LayerNorm take away before it measures?",
        ),
        Mistake(
            "above all of μ, below what LayerNorm sees",
            lambda X: X.mean(0).square().sum() / _own(X).square().sum(1).mean(),
            "What LayerNorm takes away from x it takes away from μ as well.",
        ),
        Mistake(
            "above what LayerNorm sees, below all of x",
            lambda X: _own(X).mean(0).square().sum() / X.square().sum(1).mean(),
            "Measure both, above and below, after the same step.",
        ),
        Mistake(
            NO_KEEPDIM,
            lambda X: _across(X).mean(0).square().sum() / _across(X).square().sum(1).mean(),
            KEEPDIM,
        ),
        Mistake(
            "one variance from d − 1, the other from d",
            lambda X: X.mean(0).var() / X.var(1, correction=0).mean(),
            "A ratio of variances, of the mean vector's to the vectors', may be taken with d − 1 or with d: the same in both.",
        ),
        Mistake(
            "one variance from d − 1, the other from d",
            lambda X: X.mean(0).var(correction=0) / X.var(1).mean(),
            "A ratio of variances, of the mean vector's to the vectors', may be taken with d − 1 or with d: the same in both.",
        ),
        Mistake(
            "a sum over a mean",
            lambda X: _own(X).mean(0).square().sum() / _own(X).square().mean(),
            "Above, squares are added up over d_model; below, they are averaged. Make d_model larger: what becomes of your share?",
        ),
        Mistake(
            "a sum over a mean",
            lambda X: X.mean(0).square().sum() / _own(X).square().mean(),
            "Above, squares are added up over d_model; below, they are averaged. Make d_model larger: what becomes of your share?",
        ),
        Mistake(
            "not a share yet",
            lambda X: _own(X).mean(0).square().mean(),
            "That is how much of the squared denominator is due to the mean. What part of the whole is it?",
        ),
        Mistake(
            "not a share yet",
            lambda X: _own(X).mean(0).square().sum(),
            "That is how much of the squared length is due to the mean. What part of the whole is it?",
        ),
        Mistake("in percent", lambda X: 100 * mean_share(X), "A share of one whole, please: 0.25, not 25."),
        Mistake(
            "a share for each vector, then averaged",
            lambda X: (_own(X).mean(0).square().sum() / _own(X).square().sum(1)).mean(),
            "A ratio of averages or an average of ratios: short vectors would have the loudest say.",
        ),
        Mistake(
            "a share for each vector, then averaged",
            lambda X: (1 - (X - X.mean(0)).var(1) / X.var(1)).mean(),
            "A ratio of averages or an average of ratios: short vectors would have the loudest say.",
        ),
        Mistake(
            "the lengths are not squared",
            lambda X: _own(X).mean(0).norm() / _own(X).norm(dim=1).mean(),
            "Squares add up to a whole; lengths don't.",
        ),
        Mistake(
            "the rest's share",
            lambda X: 1 - mean_share(X),
            "Make the common vector longer. Should your number rise or fall?",
        ),
        Mistake(
            "the root of it", lambda X: mean_share(X) ** 0.5, "The share of the squares was asked for: why a root?"
        ),
        Mistake(
            "how far the denominator falls, not the square's share",
            lambda X: 1 - (1 - mean_share(X)) ** 0.5,
            "That is how far the knob reaches, and worth knowing. The share of the squares was asked for.",
        ),
        Mistake(
            "how far the denominator falls, not the square's share",
            lambda X: 1 - (X - X.mean(0)).std(1).mean() / X.std(1).mean(),
            "That is how far the knob reaches, and worth knowing. The share of the squares was asked for.",
        ),
        Mistake(
            "the mean against the rest, not against the whole",
            lambda X: mean_share(X) / (1 - mean_share(X)),
            "Can a share exceed 1?",
        ),
        Mistake(
            "the vectors' own means, not the mean vector",
            lambda X: (X.mean(1).square() * X.shape[1]).mean() / X.square().sum(1).mean(),
            "Two means over two axes: LayerNorm has already removed that one.",
        ),
        Mistake(
            "the squared mean of the denominators, not the mean of their squares",
            lambda X: _own(X).mean(0).square().mean() / _own(X).square().mean(1).sqrt().mean() ** 2,
            "In what order did you square and average?",
        ),
    ],
    hints=[
        "‖mean‖² over the mean of ‖x‖² is the share of a mean in all vectors' squares (01). But of which vectors here?",
        "Take each vector's own mean over d_model away first. Then split the mean square into the mean vector's part and the rest.",
        "‖mean of the rows‖² over mean ‖row‖², with rows that have lost their own mean.",
    ],
)

# --- 7.3 -----------------------------------------------------------------------------------------------------------


def replace_mean(
    X: Float[Tensor, "n d_model"],
    r: Float[Tensor, " d_model"],
) -> Float[Tensor, "n d_model"]:
    mu = X.mean(0)
    return X - mu + r * mu.norm() / r.norm()


def _seen(v: Tensor) -> Tensor:
    return v - v.mean()


def _projected(X: Tensor, r: Tensor) -> Tensor:
    along = X.mean(0) / X.mean(0).norm()
    return X + (X @ along)[:, None] * (r / r.norm() - along)


EX_7_3 = Exercise(
    id="7.3",
    title="another vector for the mean",
    kind="function",
    difficulty=1,
    minutes=5,
    task="Take the mean vector out of X and put a vector of the same length in its place that points along `r` "
    "(plain length: nothing is taken away first). Every vector of X is moved alike.",
    cases=with_vector,
    reference=replace_mean,
    real=lambda x: x,
    mistakes=[
        Mistake("r as long as it came", lambda X, r: X - X.mean(0) + r, "How long is what you put in?"),
        Mistake("r with length 1", lambda X, r: X - X.mean(0) + r / r.norm(), "How long is what you put in?"),
        Mistake(
            "the mean is still there",
            lambda X, r: X + r * X.mean(0).norm() / r.norm(),
            "Where is the mean of your result?",
        ),
        Mistake("nothing stands in its place", lambda X, r: X - X.mean(0), "Where is the mean of your result?"),
        Mistake(
            "the mean of the lengths for the length of the mean",
            lambda X, r: X - X.mean(0) + r * X.norm(dim=1).mean() / r.norm(),
            "Which length should stay: the typical vector's, or the mean vector's?",
        ),
        Mistake(
            "each vector stretched to its old length",
            lambda X, r: replace_mean(X, r) * (X.norm(dim=1) / replace_mean(X, r).norm(dim=1))[:, None],
            "All that's asked is a move. Distances between vectors stay.",
        ),
        Mistake(
            "each vector's own mean is replaced",
            lambda X, r: X - X.mean(1, keepdim=True) + r * X.mean(0).norm() / r.norm(),
            "Two axes, two different means. Which of them is a vector of the stream's space?",
        ),
        Mistake(
            "each vector moved by its own amount: what lies along the mean is turned",
            _projected,
            "Every vector of X is to be moved alike. How far do two of yours move?",
        ),
        Mistake(
            "the mean over the other axis",
            lambda X, r: X - X.mean(1) + r * X.mean(1).norm() / r.norm(),
            "The mean vector has d_model entries. How many numbers does your mean have?",
        ),
        Mistake(
            "the lengths as LayerNorm sees them",
            lambda X, r: X - X.mean(0) + r * _seen(X.mean(0)).norm() / _seen(r).norm(),
            "Well thought of, but the plain length was asked for. How far apart are the two in a real stream?",
        ),
        Mistake(
            "the lengths as LayerNorm sees them",
            lambda X, r: X - X.mean(0) + _seen(r) * _seen(X.mean(0)).norm() / _seen(r).norm(),
            "Well thought of, but the plain length was asked for. How far apart are the two in a real stream?",
        ),
        Mistake(
            "only as much of r as the mean had of it",
            lambda X, r: X - X.mean(0) + (X.mean(0) @ r) * r / r.norm().square(),
            "How long is what you put in, and how long is what you took away?",
        ),
        Mistake(
            "the new mean, without the vectors",
            lambda X, r: r * X.mean(0).norm() / r.norm(),
            "One row for each row of X: what becomes of the rest of it?",
        ),
        Mistake(
            "turned round", lambda X, r: X - X.mean(0) - r * X.mean(0).norm() / r.norm(), "Which way does r point?"
        ),
        Mistake(
            "r is stretched before it has length 1",
            lambda X, r: X - X.mean(0) + r * X.mean(0).norm(),
            "How long is what you put in?",
        ),
        Mistake(
            "each vector gets one of its own length",
            lambda X, r: X - X.mean(0) + r / r.norm() * X.norm(dim=1, keepdim=True),
            "Every vector of X is to be moved alike. Which single length should what you add have?",
        ),
    ],
    hints=[
        "Two constant vectors: one to take away, one to add.",
        "The one to add is r, brought to the length of the mean vector.",
        "X − μ + r·‖μ‖/‖r‖.",
    ],
)

# --- 7.4 -----------------------------------------------------------------------------------------------------------


def frozen_layer_norm(
    X: Float[Tensor, "n d_model"],
    clean: Float[Tensor, "n d_model"],
    weight: Float[Tensor, " d_model"],
    bias: Float[Tensor, " d_model"],
) -> Float[Tensor, "n d_model"]:
    centred = X - X.mean(1, keepdim=True)
    lender = clean - clean.mean(1, keepdim=True)
    scale = (lender.square().mean(1, keepdim=True) + 1e-5).sqrt()  # this alone is not from X
    return centred / scale * weight + bias


def _scale(X: Tensor) -> Tensor:
    return (_own(X).square().mean(1, keepdim=True) + 1e-5).sqrt()


def _without_keepdim(numerator: bool, lender: bool, denominator: bool) -> Mistake:
    """`keepdim=True` forgotten in one or more of three places: X's own means, those of `clean`, and what is divided by."""

    def fn(X: Tensor, clean: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        above = _across(X) if numerator else _own(X)
        lent = _across(clean) if lender else _own(clean)
        below = (lent.square().mean(1, keepdim=not denominator) + 1e-5).sqrt()
        return above / below * weight + bias

    return Mistake(NO_KEEPDIM, fn, KEEPDIM)


EX_7_4 = Exercise(
    id="7.4",
    title="LayerNorm with borrowed denominators",
    kind="function",
    difficulty=2,
    minutes=8,
    task="LayerNorm as a function of two clouds. Everything is computed from `X`, but each vector is divided by what "
    "LayerNorm would divide the same row of `clean` by. eps is 1e-5; `weight` and `bias` are γ and β.",
    cases=with_clean,
    reference=frozen_layer_norm,
    real=lambda x: x,
    mistakes=[
        *(_without_keepdim(*forgotten) for forgotten in product((False, True), repeat=3) if any(forgotten)),
        Mistake(
            "X's own denominators",
            lambda X, clean, weight, bias: _own(X) / _scale(X) * weight + bias,
            "Where does your function use `clean`?",
        ),
        Mistake(
            "everything from the clean vectors",
            lambda X, clean, weight, bias: _own(clean) / _scale(clean) * weight + bias,
            "What is divided, and by whose denominator?",
        ),
        Mistake(
            "clean above, X below",
            lambda X, clean, weight, bias: _own(clean) / _scale(X) * weight + bias,
            "What is divided, and by whose denominator?",
        ),
        Mistake(
            "the clean vectors' own means are taken away too",
            lambda X, clean, weight, bias: (X - clean.mean(1, keepdim=True)) / _scale(clean) * weight + bias,
            "Only the denominator is borrowed.",
        ),
        Mistake(
            "the mean over the text is taken away, not each vector's own",
            lambda X, clean, weight, bias: (X - X.mean(0)) / _scale(clean) * weight + bias,
            "LayerNorm sees one vector at a time. Which mean can it know?",
        ),
        Mistake(
            "X's own means are left in",
            lambda X, clean, weight, bias: X / _scale(clean) * weight + bias,
            "What does LayerNorm do before it divides?",
        ),
        Mistake(
            "normalised twice",
            lambda X, clean, weight, bias: _own(X) / _scale(X) / _scale(clean) * weight + bias,
            "Each vector is divided once.",
        ),
        Mistake(
            "gain and bias are missing",
            lambda X, clean, weight, bias: _own(X) / _scale(clean),
            "What are `weight` and `bias` for?",
        ),
        Mistake(
            "the bias is missing",
            lambda X, clean, weight, bias: _own(X) / _scale(clean) * weight,
            "What is `bias` for?",
        ),
        Mistake(
            "over the text, not over d_model",
            lambda X, clean, weight, bias: (X - X.mean(0)) / (clean.var(0, correction=0) + 1e-5).sqrt() * weight + bias,
            "That is batch normalisation. How many denominators does a text of n tokens need?",
        ),
        Mistake(
            "the bias is scaled by the gain",
            lambda X, clean, weight, bias: (_own(X) / _scale(clean) + bias) * weight,
            "In which order come gain and bias?",
        ),
        Mistake(
            "the bias is rescaled too",
            lambda X, clean, weight, bias: (_own(X) / _scale(X) * weight + bias) * _scale(X) / _scale(clean),
            "What is divided by the borrowed number, and what is added after that?",
        ),
        Mistake(
            "the denominators the wrong way round",
            lambda X, clean, weight, bias: _own(X) * _scale(clean) / _scale(X).square() * weight + bias,
            "Where `clean` is twice as loud, should the result be larger or smaller?",
        ),
        Mistake(
            "one denominator for all vectors",
            lambda X, clean, weight, bias: _own(X) / (_own(clean).square().mean() + 1e-5).sqrt() * weight + bias,
            "Every row of `clean` has its own.",
        ),
        Mistake(
            "one denominator for all vectors",
            lambda X, clean, weight, bias: _own(X) / _scale(clean).mean() * weight + bias,
            "Every row of `clean` has its own.",
        ),
        Mistake(
            "divided by d − 1",
            lambda X, clean, weight, bias: _own(X) / (clean.var(1, keepdim=True) + 1e-5).sqrt() * weight + bias,
            "PyTorch's `var` and `std` have a default that LayerNorm doesn't share.",
        ),
        Mistake(
            "the length, not the root mean square",
            lambda X, clean, weight, bias: _own(X) / _own(clean).norm(dim=1, keepdim=True) * weight + bias,
            "After LayerNorm a coordinate is about 1 in size, whatever d_model is.",
        ),
        Mistake(
            "the length, not the root mean square",
            lambda X, clean, weight, bias: _own(X) / clean.norm(dim=1, keepdim=True) * weight + bias,
            "After LayerNorm a coordinate is about 1 in size, whatever d_model is. And what is taken away before it measures?",
        ),
        Mistake(
            "the root is missing",
            lambda X, clean, weight, bias: _own(X) / _scale(clean).square() * weight + bias,
            "Make both clouds ten times larger: the result should stay as it is.",
        ),
        Mistake(
            "the own mean of `clean` is left in its denominator",
            lambda X, clean, weight, bias: (
                _own(X) / (clean.square().mean(1, keepdim=True) + 1e-5).sqrt() * weight + bias
            ),
            "What does LayerNorm take away from a row of `clean` before it measures it?",
        ),
        Mistake(
            "eps is outside the root",
            lambda X, clean, weight, bias: (
                _own(X) / (_own(clean).square().mean(1, keepdim=True).sqrt() + 1e-5) * weight + bias
            ),
            "Where does eps go? In a quiet row it counts.",
        ),
        Mistake(
            "eps is left out",
            lambda X, clean, weight, bias: _own(X) / _own(clean).square().mean(1, keepdim=True).sqrt() * weight + bias,
            "In a quiet row eps counts.",
        ),
    ],
    hints=[
        "7.1 gives the denominators of `clean`, one a row.",
        "X loses its own row means, then each row is divided by the denominator of the same row of `clean`.",
        "Then times weight, plus bias. Watch the shapes: [n, 1] divides rows.",
    ],
)

# --- 7.5 -----------------------------------------------------------------------------------------------------------


def paired(a: Float[Tensor, " n"], b: Float[Tensor, " n"]) -> tuple[float, float]:
    d = a - b  # row by row: what makes a row easy or hard for both drops out
    return d.mean().item(), (d.std() / len(d) ** 0.5).item()


EX_7_5 = Exercise(
    id="7.5",
    title="which does more, and how sure is it?",
    kind="function",
    difficulty=2,
    minutes=18,
    statement="""
    Six changes after the first block, A to F, on the same rows of text.
    """,
    task="""
    A, the mean removed: nothing else is held.
    B, only what it says is taken (the tables say direction): the mean is gone, length and all, and every LayerNorm
    further on divides by what it divided by in the untouched run.
    C, only its volume is taken: nothing is taken from the stream. At every LayerNorm further on, the last one too, x is
    what arrives there, μ the same vector as in A and u = x − μ; its output is μ/old + u/new (before γ and β), so that μ is
    divided as before and only the rest is rescaled. old is what it divides x by in the untouched run, new what it would
    divide u by there.
    D, direction at a matched dose: as B, but with only so much of μ taken out, in each row of the text, that the next
    LayerNorm's output (before γ) moves as far as under C. It is matched there only: C acts at all further ones.
    E and F, two controls: a random vector of the mean's length in its place, and one added to it. Each row of the text
    has its own.
    Which does more, B or C? And at the matched dose, D or C? Say so in 7.c to 7.f.
    Then, to compare two changes: `a[i]` and `b[i]` are what they did to row i of the text. Return the mean difference
    a − b and its standard error (variances from n − 1), so that what makes a row easy or hard for both drops out.
    """,
    cases=pairs,
    reference=paired,
    real=lambda x: x,
    mistakes=[
        Mistake(
            "the rows are not paired",
            lambda a, b: ((a - b).mean(), ((a.var() + b.var()) / len(a)).sqrt()),
            "If every row gave a exactly 1 more than b, how sure would you be? How sure is your formula?",
        ),
        Mistake(
            "the two errors are added",
            lambda a, b: ((a - b).mean(), (a.std() + b.std()) / len(a) ** 0.5),
            "If every row gave a exactly 1 more than b, how sure would you be? How sure is your formula?",
        ),
        Mistake(
            "the error first",
            lambda a, b: ((a - b).std() / len(a) ** 0.5, (a - b).mean()),
            "Which of the two comes first?",
        ),
        Mistake(
            "half an interval, not a standard error",
            lambda a, b: ((a - b).mean(), 1.96 * (a - b).std() / len(a) ** 0.5),
            "One standard error, please; who reads it may make an interval of it.",
        ),
        Mistake(
            "the spread of a row, not of the mean",
            lambda a, b: ((a - b).mean(), (a - b).std()),
            "With a hundred times more rows, how much surer are you?",
        ),
        Mistake(
            "divided by n in the spread",
            lambda a, b: ((a - b).mean(), (a - b).std(correction=0) / len(a) ** 0.5),
            "The mean was estimated from the same rows: what does that cost?",
        ),
        Mistake(
            "the spread is divided by n, not by its root",
            lambda a, b: ((a - b).mean(), (a - b).std() / len(a)),
            "Variances of independent rows add up. What does that make of the standard deviation of their mean?",
        ),
        Mistake(
            "the squared standard error",
            lambda a, b: ((a - b).mean(), (a - b).var() / len(a)),
            "In which unit is your second number?",
        ),
        Mistake(
            "the sign is turned", lambda a, b: ((b - a).mean(), (a - b).std() / len(a) ** 0.5), "a − b was asked for."
        ),
        Mistake(
            "absolute differences",
            lambda a, b: ((a - b).abs().mean(), (a - b).abs().std() / len(a) ** 0.5),
            "Which of the two does more? Your number can't say.",
        ),
        Mistake(
            "the median row",
            lambda a, b: ((a - b).quantile(0.5), (a - b).std() / len(a) ** 0.5),
            "The mean difference was asked for.",
        ),
        Mistake(
            "two standard errors",
            lambda a, b: ((a - b).mean(), 2 * (a - b).std() / len(a) ** 0.5),
            "One, please; who reads it may double it.",
        ),
        Mistake(
            "in units of the standard error",
            lambda a, b: ((a - b).mean() / ((a - b).std() / len(a) ** 0.5), (a - b).std() / len(a) ** 0.5),
            "The first number is in nats, like a and b.",
        ),
        Mistake(
            "divided by √(n − 1)",
            lambda a, b: ((a - b).mean(), (a - b).std() / (len(a) - 1) ** 0.5),
            "torch's `std` has its n − 1 already. What is left to divide by?",
        ),
    ],
    hints=[
        "First make one number a row.",
        "Then it is the mean of n numbers, and the standard error of such a mean.",
        "d = a − b; mean(d); std(d), with n − 1, over √n.",
    ],
)

# --- 7.6 -----------------------------------------------------------------------------------------------------------

EX_7_6 = Exercise(
    id="7.6",
    title="is the mean a volume knob?",
    kind="why",
    difficulty=3,
    minutes=12,
    statement="""
    In a few sentences: is the mean a volume knob here? What did you compare, how sure is it, what was the
    control, and what does it not tell about why training put the mean there? Then compare yours with the
    points, one by one.
    """,
    answer="""
    Taking the mean out does two things: a direction goes missing, and all else gets louder, because LayerNorm
    divides by less. Holding the denominators still leaves the first, lending those of a stream without the
    mean leaves the second; the same rows of text under both give a paired difference with an error, and its
    sign is the verdict. But the two are not equal blows: at a matched dose the sign may turn, so say which
    question you answer. The mean's share of the squared denominator bounds how far the knob can turn. A
    random vector of the same length restores the volume: if it does no better than nothing in its place,
    volume is not what was missed. None of this says why training went there.
    """,
    hints=[
        "Say what each of the two readings predicts for one and the same intervention.",
        "How far could the knob turn at all, given the mean's share of the denominators?",
        "What do your interventions say about the trained model, and what about why training went there?",
    ],
    rubric=[
        "The reach: the mean's share of LayerNorm's squared denominators, layer by layer: how far the denominators would shrink without it.",
        "Two things happen when μ is taken out: a direction is missing, and everything else is divided by less. Frozen denominators tell them apart.",
        "The verdict of this run, from paired differences over rows with their errors: which of the two does more, whole and at a matched dose, and where it is undecided.",
        "A random vector of equal length restores the denominators and not the direction; if the volume were all, it would serve.",
        "A control for size of blow: a random vector added while μ stays shows how much a shift of that length does by itself.",
        "Which mean: the text's mean at a layer and the vocabulary's mean are different vectors, and taking out the second adds its opposite to what the text doesn't share.",
        "What doesn't follow: that training put the mean there for what it does now, or that a larger model uses it alike.",
        "What would refute your verdict: a model or a time in training at which the volume alone does more.",
    ],
)

# Words that give the puzzle's answer away: none may stand in the puzzle file.
SPOILERS = (
    "direction is missing",
    "direction does more",
    "volume does more",
    "divided by less",
    "would serve",
    "the direction, not",
)

EXERCISES = [EX_7_1, EX_7_2, EX_7_3, EX_7_4, EX_7_5, EX_7_6]
