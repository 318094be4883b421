"""Answers to puzzle 09 as people write them."""

from __future__ import annotations

import math

import numpy as np
import torch

from tests.checks.bank import Bank

# --- 9.1 each by its own -------------------------------------------------------------------------------------------


def by_rows(X, group):
    out = torch.empty_like(X)
    for i in range(len(X)):
        out[i] = X[i] - X[group == group[i]].mean(0)
    return out


def one_hot(X, group):
    place = torch.unique(group, return_inverse=True)[1]
    member = torch.nn.functional.one_hot(place).to(X.dtype)
    means = (member.T @ X) / member.sum(0)[:, None]
    return X - means[place]


def in_numpy(X, group):
    x, g = X.numpy().copy(), group.numpy()
    for k in np.unique(g):
        x[g == k] = x[g == k] - x[g == k].mean(axis=0, keepdims=True)
    return x


def with_scatter(X, group):
    sums = torch.zeros(int(group.max()) + 1, X.shape[1], dtype=X.dtype).index_add(0, group, X)
    sizes = torch.bincount(group).clamp_min(1)
    return X - (sums / sizes[:, None])[group]


def global_mean(X, group):
    return X - X.mean(dim=0, keepdim=True)


def mean_of_means(X, group):
    means = torch.stack([X[group == g].mean(0) for g in group.unique()])
    return X - means.mean(0)


def over_columns(X, group):
    return X - X.mean(dim=-1, keepdim=True)


def sum_over_all(X, group):
    out = X.clone()
    for g in group.unique():
        out[group == g] -= X[group == g].sum(0) / len(X)
    return out


def means_only(X, group):
    out = X.clone()
    for g in group.unique():
        out[group == g] = X[group == g].mean(0)
    return out


def others_mean(X, group):
    out = X.clone()
    for g in group.unique():
        others = X[group != g] if (group != g).any() else X
        out[group == g] -= others.mean(0)
    return out


def standardised(X, group):
    out = by_rows(X, group)
    return out / out.norm(dim=1, keepdim=True).clamp_min(1e-9)


# --- 9.2 a number hidden in weights --------------------------------------------------------------------------------


def divided(w, b, c):
    return w + b / c.square().sum() * c


def by_unit(w, b, c):
    unit = c / c.norm()
    return w + (b / c.norm()) * unit


def solved(w, b, c):
    # the smallest change that makes (w + x)·c = w·c + b
    return w + torch.linalg.pinv(c[None]) @ torch.tensor([b], dtype=c.dtype)


def numpy_weights(w, b, c):
    w, c = w.numpy(), c.numpy()
    return w + b * c / np.dot(c, c)


def not_divided(w, b, c):
    return w + b * c


def once_divided(w, b, c):
    return w + b * c / torch.linalg.norm(c)


def turned(w, b, c):
    return w - b / (c @ c) * c


def part_lost(w, b, c):
    unit = c / c.norm()
    return w - (w @ unit) * unit + b / c.norm() * unit


def only_the_bias(w, b, c):
    return b * c / c.square().sum()


def added_everywhere(w, b, c):
    return w + b


def unchanged_weights(w, b, c):
    return w


def mean_of_c(w, b, c):
    return w + b / c.mean()


# --- 9.3 no room to centre -----------------------------------------------------------------------------------------


def row_by_row(start, column, count, d, q):
    n = len(start) - 1
    mean = torch.zeros(d, dtype=count.dtype)
    for i in range(n):
        mean[column[start[i] : start[i + 1]]] += count[start[i] : start[i + 1]] / n

    def centred(i):
        x = -mean
        x[column[start[i] : start[i + 1]]] += count[start[i] : start[i + 1]]
        return x

    query = centred(q)
    out = torch.empty(n, dtype=count.dtype)
    for i in range(n):
        x = centred(i)
        out[i] = x @ query / (x.norm() * query.norm())
    return out


def with_sparse(start, column, count, d, q):
    n = len(start) - 1
    row = torch.repeat_interleave(torch.arange(n), start[1:] - start[:-1])
    X = torch.sparse_coo_tensor(torch.stack([row, column]), count, (n, d), check_invariants=False)
    mean = torch.bincount(column, weights=count, minlength=d).to(count.dtype) / n
    y = torch.zeros(d, dtype=count.dtype)
    y[column[row == q]] = count[row == q]
    xy, xm = (X @ y[:, None])[:, 0], (X @ mean[:, None])[:, 0]
    mm = mean @ mean
    xx = torch.bincount(row, weights=count**2, minlength=n).to(count.dtype)
    dots = xy - xm - xm[q] + mm
    squares = xx - 2 * xm + mm
    return dots / (squares * squares[q]) ** 0.5


def with_numpy(start, column, count, d, q):
    s, c, v = start.numpy(), column.numpy(), count.numpy().astype(np.float64)
    n = len(s) - 1
    row = np.repeat(np.arange(n), np.diff(s))
    mean = np.bincount(c, v, d) / n
    y = -mean
    y[c[row == q]] += v[row == q]
    dots = np.bincount(row, v * y[c], n) - mean.dot(y)
    squares = np.bincount(row, v * v - 2 * v * mean[c], n) + mean.dot(mean)
    return dots / np.sqrt(squares * squares[q])


def table_of(start, column, count, d):
    X = torch.zeros(len(start) - 1, d, dtype=count.dtype)
    for i in range(len(X)):
        X[i, column[start[i] : start[i + 1]]] = count[start[i] : start[i + 1]]
    return X


def with_the_table(start, column, count, d, q):
    X = table_of(start, column, count, d)
    X = X - X.mean(0)
    X = X / X.norm(dim=1, keepdim=True)
    return X @ X[q]


def not_centred(start, column, count, d, q):
    X = table_of(start, column, count, d)
    X = X / X.norm(dim=1, keepdim=True).clamp_min(1e-12)
    return X @ X[q]


def stored_only(start, column, count, d, q):
    X = table_of(start, column, count, d)
    X = (X - X.mean(0)) * (X > 0)
    X = X / X.norm(dim=1, keepdim=True).clamp_min(1e-12)
    return X @ X[q]


def mean_of_stored(start, column, count, d, q):
    X = table_of(start, column, count, d)
    X = X - X.sum(0) / (X > 0).sum(0).clamp_min(1)
    X = X / X.norm(dim=1, keepdim=True).clamp_min(1e-12)
    return X @ X[q]


def dots_only(start, column, count, d, q):
    X = table_of(start, column, count, d)
    X = X - X.mean(0)
    return X @ X[q]


def old_norms(start, column, count, d, q):
    X = table_of(start, column, count, d)
    norms = X.norm(dim=1)
    X = X - X.mean(0)
    return torch.where(norms > 0, X @ X[q] / (norms * norms[q]), 0.0)


def without_mean_squared(start, column, count, d, q):
    X = table_of(start, column, count, d)
    mean = X.mean(0)
    dots = X @ X[q] - X @ mean - X[q] @ mean
    norms = (X - mean).norm(dim=1)
    return dots / (norms * norms[q])


def rows_own(start, column, count, d, q):
    X = table_of(start, column, count, d)
    X = X - X.mean(1, keepdim=True)
    X = X / X.norm(dim=1, keepdim=True).clamp_min(1e-12)
    return X @ X[q]


def distances(start, column, count, d, q):
    X = table_of(start, column, count, d)
    return -(X - X[q]).norm(dim=1)


# --- 9.4 what two norms tell ---------------------------------------------------------------------------------------


def squared_ratio(untrained_norm, norm):
    return untrained_norm**2 / norm**2


def by_angles(untrained_norm, norm):
    return math.cos(math.acos(untrained_norm / norm)) ** 2


def through_own(untrained_norm, norm):
    own_squared = norm**2 - untrained_norm**2
    return torch.tensor(1 - own_squared / norm**2)


def ratio(untrained_norm, norm):
    return untrained_norm / norm


def unshared(untrained_norm, norm):
    return (norm**2 - untrained_norm**2) / norm**2


def inverse(untrained_norm, norm):
    return norm**2 / untrained_norm**2


def lengths_add(untrained_norm, norm):
    own = norm - untrained_norm
    return untrained_norm**2 / (untrained_norm**2 + own**2)


def sine(untrained_norm, norm):
    return math.sin(math.acos((untrained_norm / norm) ** 2))


def dot(untrained_norm, norm):
    return untrained_norm * untrained_norm


def difference(untrained_norm, norm):
    return 1 - (norm - untrained_norm)


# --- 9.5 three properties ------------------------------------------------------------------------------------------

GENERATOR = torch.Generator().manual_seed(0)
CLOUD = torch.randn(3000, 16, generator=GENERATOR) * torch.linspace(2, 0.5, 16) + torch.full((16,), 2.0)
SPELT = ([f"Ġ{i}" if i % 2 else str(i) for i in range(len(CLOUD))], CLOUD)


def seldom(tokens):
    return torch.tensor([token.endswith("17") for token in tokens])


def along_the_mean(W):
    mean = W.mean(0)
    return W @ mean > mean @ mean


def across_the_mean(W):
    mean = W.mean(0)
    other = torch.zeros_like(mean)
    other[0], other[1] = mean[1], -mean[0]
    return W @ other > 0


def by_spelling(tokens, W):
    return {"hurts": seldom(tokens), "spared": across_the_mean(W), "helps": along_the_mean(W)}


def by_outliers(tokens, W):
    outliers = W[:, 0] > W[:, 0].quantile(0.98)
    first = W[:, 0] - W[:, 1]
    return {"hurts": outliers, "spared": first > 0, "helps": along_the_mean(W)}


def most_have_it(tokens, W):
    lengths = W.norm(dim=1)
    return {"hurts": ~seldom(tokens), "spared": ~across_the_mean(W), "helps": lengths > lengths.median()}


def nothing_found(tokens, W):
    return {"hurts": None, "spared": None, "helps": None}


def only_hurts(tokens, W):
    return by_spelling(tokens, W) | {"helps": None}


def a_list(tokens, W):
    return [seldom(tokens), across_the_mean(W), along_the_mean(W)]


def turned_round(tokens, W):
    found = by_spelling(tokens, W)
    return {"hurts": found["spared"], "spared": found["hurts"], "helps": found["helps"]}


def nobody(tokens, W):
    return by_spelling(tokens, W) | {"hurts": torch.zeros(len(W), dtype=torch.bool)}


def noise_is_spared(tokens, W):
    coin = torch.rand(len(W), generator=torch.Generator().manual_seed(1)) > 0.5
    return by_spelling(tokens, W) | {"spared": coin}


def numbers_for_truths(tokens, W):
    return {name: has.float() for name, has in by_spelling(tokens, W).items()}


TWO_CLOUDS = (CLOUD[:400].clone(), torch.arange(400) % 3)
COUNTS = (
    torch.tensor([0, 2, 3, 3, 5]),
    torch.tensor([0, 4, 1, 0, 2]),
    torch.tensor([3.0, 1.0, 1.0, 2.0, 1.0]),
    6,
)

BANK = {
    "9.1": Bank(
        right=[by_rows, one_hot, in_numpy, with_scatter],
        wrong=[
            (global_mean, "one mean for all"),
            (mean_of_means, "the mean of the groups' means"),
            (over_columns, "each row's own mean"),
            (sum_over_all, "the group's sum over all rows"),
            (means_only, "the groups' means in place of the rows"),
            (others_mean, "the mean of the other groups"),
            (standardised, None),
        ],
        real={"a cloud": TWO_CLOUDS},
    ),
    "9.2": Bank(
        right=[divided, by_unit, solved, numpy_weights],
        wrong=[
            (not_divided, "c is not divided by its squared length"),
            (once_divided, "c is divided by its length, once"),
            (turned, "the sign is turned"),
            (part_lost, "what w says along c is lost"),
            (only_the_bias, "what w says along c is lost"),
            (added_everywhere, "b is added to every weight"),
            (unchanged_weights, "b is forgotten"),
            (mean_of_c, None),
        ],
    ),
    "9.3": Bank(
        right=[row_by_row, with_sparse, with_numpy],
        wrong=[
            (with_the_table, None),
            (not_centred, "not centred"),
            (stored_only, "only what is kept is centred"),
            (mean_of_stored, "the mean of what is kept"),
            (dots_only, "not normalised"),
            (old_norms, "the lengths are those before centring"),
            (without_mean_squared, "a term of the product is missing"),
            (rows_own, "each row less its own mean"),
            (distances, None),
        ],
        real={"a text": COUNTS},
    ),
    "9.4": Bank(
        right=[squared_ratio, by_angles, through_own],
        wrong=[
            (ratio, "the cosine with the bias"),
            (unshared, "what is not shared"),
            (inverse, "the ratio is turned round"),
            (lengths_add, "a row's own length is the difference of the norms"),
            (sine, "the sine, not the cosine"),
            (dot, "the product, not divided by both lengths"),
            (difference, None),
        ],
        real={"two norms": (1.7, 2.0)},
    ),
    "9.5": Bank(
        right=[by_spelling, by_outliers, most_have_it],
        wrong=[
            (nothing_found, None),
            (only_hurts, None),
            (a_list, None),
            (turned_round, None),
            (nobody, None),
            (noise_is_spared, None),
            (numbers_for_truths, None),
        ],
        real={"a cloud": SPELT},
    ),
}
