"""Answers to puzzle 06 as people write them."""

from __future__ import annotations

import math
from collections import defaultdict

import numpy as np
import torch
import torch.nn.functional as F

from tests.checks.bank import Bank

# --- 6.1 mean cosine of different tokens ---------------------------------------------------------------------------


def by_scatter(X, token):
    u = F.normalize(X)
    types, index, counts = token.unique(return_inverse=True, return_counts=True)
    m = torch.zeros(len(types), X.shape[1]).index_add(0, index, u) / counts[:, None]
    T = len(types)
    return (m.sum(0).square().sum() - (m * m).sum()) / (T * (T - 1))


def table_of_types(X, token):
    u = F.normalize(X)
    m = torch.stack([u[token == t].mean(0) for t in token.unique()])
    table = m @ m.T
    return table[~torch.eye(len(m), dtype=torch.bool)].mean()


def by_hand(X, token):
    u, rows = F.normalize(X), defaultdict(list)
    for i, t in enumerate(token.tolist()):
        rows[t].append(i)
    kinds = list(rows)
    if len(kinds) > 20:
        return by_scatter(X, token)
    total = [(u[rows[a]] @ u[rows[b]].T).mean().item() for i, a in enumerate(kinds) for b in kinds[i + 1 :]]
    return sum(total) / len(total)


def numpy_types(X, token):
    x, t = X.numpy(), token.numpy()
    x = x / np.linalg.norm(x, axis=1, keepdims=True)
    m = np.array([x[t == k].mean(0) for k in np.unique(t)])
    i, j = np.triu_indices(len(m), 1)
    return (m @ m.T)[i, j].mean()


def _m(X, token):
    u = F.normalize(X)
    return torch.stack([u[token == t].mean(0) for t in token.unique()])


def norm_of_mean(X, token):
    return _m(X, token).mean(0).pow(2).sum()


def whole_table(X, token):
    m = _m(X, token)
    return (m @ m.T).mean()


def minus_n(X, token):
    m = _m(X, token)
    n = len(m)
    return (m.sum(0) @ m.sum(0) - n) / (n * (n - 1))


def by_use(X, token):
    u = F.normalize(X)
    return (u @ u.T)[token[:, None] != token[None]].mean()


def ignoring_tokens(X, token):
    u = F.normalize(X)
    n = len(u)
    return (u.sum(0).square().sum() - n) / (n * (n - 1))


def raw_means(X, token):
    m = torch.stack([X[token == t].mean(0) for t in token.unique()])
    g = m @ m.T
    return (g.sum() - g.trace()) / (len(m) * (len(m) - 1))


def cosine_of_means(X, token):
    m = F.normalize(torch.stack([X[token == t].mean(0) for t in token.unique()]))
    g = m @ m.T
    return (g.sum() - g.trace()) / (len(m) * (len(m) - 1))


def stretched_again(X, token):
    m = F.normalize(_m(X, token))
    g = m @ m.T
    return (g.sum() - g.trace()) / (len(m) * (len(m) - 1))


def no_sign(X, token):
    m = _m(X, token)
    i, j = torch.triu_indices(len(m), len(m), 1)
    return (m @ m.T)[i, j].abs().mean()


def rooted(X, token):
    return table_of_types(X, token).abs().sqrt()


def same_instead(X, token):
    u, out = F.normalize(X), []
    for t in token.unique():
        v = u[token == t]
        if len(v) > 1:
            g = v @ v.T
            out.append((g.sum() - len(v)) / (len(v) ** 2 - len(v)))
    return sum(out) / len(out)


def first_occurrences(X, token):
    first = [(token == t).nonzero()[0, 0] for t in token.unique()]
    u = F.normalize(X[torch.stack(first)])
    g = u @ u.T
    return (g.sum() - len(u)) / (len(u) ** 2 - len(u))


def twice(X, token):
    return 2 * table_of_types(X, token)


def nothing(X, token):
    return 0.0


def drawn(X, token):
    u, kinds, total = F.normalize(X), token.unique(), 0.0
    for _ in range(200):
        a, b = kinds[torch.randperm(len(kinds))[:2]]
        rows_a, rows_b = u[token == a], u[token == b]
        total += rows_a[torch.randint(len(rows_a), (1,))[0]] @ rows_b[torch.randint(len(rows_b), (1,))[0]]
    return total / 200


def all_pairs_of_vectors(X, token):
    u = F.normalize(X)
    cosines = u @ u.T
    kinds, index, counts = token.unique(return_inverse=True, return_counts=True)
    weight = 1 / counts[index].to(X.dtype)
    weights = weight[:, None] * weight * (token[:, None] != token)
    return (weights * cosines).sum() / (len(kinds) * (len(kinds) - 1))


def numpy_pairs_of_vectors(X, token):
    x, t = X.numpy(), token.numpy()
    x = x / np.linalg.norm(x, axis=1, keepdims=True)
    kinds, index, counts = np.unique(t, return_inverse=True, return_counts=True)
    weight = np.outer(1 / counts[index], 1 / counts[index]) * (t[:, None] != t)
    return (weight * (x @ x.T)).sum() / (len(kinds) * (len(kinds) - 1))


def one_hot(X, token):
    kinds, index = token.unique(return_inverse=True)
    member = F.one_hot(index).to(X.dtype)
    m = (member / member.sum(0)).T @ F.normalize(X)
    return (m.sum(0) @ m.sum(0) - (m * m).sum()) / (len(m) * (len(m) - 1))


def over_types_squared(X, token):
    m = _m(X, token)
    g = m @ m.T
    return (g.sum() - g.trace()) / len(m) ** 2


def upper_over_all(X, token):
    m = _m(X, token)
    return (m @ m.T).triu(1).sum() / (len(m) * (len(m) - 1))


def runs(X, token):
    types, index, counts = token.unique_consecutive(return_inverse=True, return_counts=True)
    m = torch.zeros(len(types), X.shape[1]).index_add(0, index, F.normalize(X)) / counts[:, None]
    return (m.sum(0).square().sum() - m.square().sum()) / (len(types) * (len(types) - 1))


def raw_norm_of_mean(X, token):
    return torch.stack([X[token == t].mean(0) for t in token.unique()]).mean(0).norm() ** 2


# --- 6.2 mean cosine of a token in two contexts --------------------------------------------------------------------


def scatter_intra(X, token):
    u = F.normalize(X)
    types, index, k = token.unique(return_inverse=True, return_counts=True)
    s = torch.zeros(len(types), X.shape[1], dtype=X.dtype).index_add(0, index, u).square().sum(1)
    return ((s - k) / (k * (k - 1)))[k > 1].mean()


def numpy_intra(X, token):
    x, t = X.numpy(), token.numpy()
    x = x / np.linalg.norm(x, axis=1, keepdims=True)
    out = []
    for kind in np.unique(t):
        g = x[t == kind]
        if len(g) > 1:
            i, j = np.triu_indices(len(g), 1)
            out.append((g @ g.T)[i, j].mean())
    return float(np.mean(out))


def with_itself(X, token):
    u = F.normalize(X)
    groups = [u[token == t] for t in token.unique() if (token == t).sum() > 1]
    return sum((g @ g.T).mean() for g in groups) / len(groups)


def with_itself_all(X, token):
    return _m(X, token).norm(dim=1).pow(2).mean()


def singles_one(X, token):
    u, out = F.normalize(X), []
    for t in token.unique():
        g = u[token == t]
        k = len(g)
        out.append((g.sum(0).square().sum() - k) / (k * (k - 1)) if k > 1 else torch.ones((), dtype=X.dtype))
    return torch.stack(out).mean()


def singles_nought(X, token):
    u, out = F.normalize(X), []
    for t in token.unique():
        g = u[token == t]
        k = len(g)
        out.append((g.sum(0).square().sum() - k) / max(1, k * (k - 1)))
    return torch.stack(out).mean()


def pooled(X, token):
    u = F.normalize(X)
    same = (token[:, None] == token[None]).fill_diagonal_(False)
    return (u @ u.T)[same].mean()


def dots(X, token):
    out = []
    for t in token.unique():
        g = X[token == t]
        if len(g) > 1:
            out.append(((g @ g.T).sum() - g.square().sum()) / (len(g) * (len(g) - 1)))
    return torch.stack(out).mean()


def with_type_mean(X, token):
    out = []
    for t in token.unique():
        g = X[token == t]
        if len(g) > 1:
            out.append(F.cosine_similarity(g, g.mean(0, keepdim=True)).mean())
    return torch.stack(out).mean()


def centred_intra(X, token):
    return scatter_intra(X - X.mean(0), token)


def nan_types(X, token):
    u = F.normalize(X)
    types, index, k = token.unique(return_inverse=True, return_counts=True)
    s = torch.zeros(len(types), X.shape[1], dtype=X.dtype).index_add(0, index, u).square().sum(1)
    return ((s - k) / (k * (k - 1))).mean()


def neighbours(X, token):
    u = F.normalize(X)
    return (u[1:] * u[:-1]).sum(1).mean()


def raw_identity(X, token):
    out = []
    for t in token.unique():
        g = X[token == t]
        k = len(g)
        if k > 1:
            out.append((g.sum(0).square().sum() - k) / (k * (k - 1)))
    return sum(out) / len(out)


def ordered_over_unordered(X, token):
    u, out = F.normalize(X), []
    for t in token.unique():
        g = u[token == t]
        k = len(g)
        if k > 1:
            out.append((g.sum(0).square().sum() - k) / math.comb(k, 2))
    return sum(out) / len(out)


def diagonal_in_sum(X, token):
    u, out = F.normalize(X), []
    for t in token.unique():
        g = u[token == t]
        if len(g) > 1:
            out.append((g @ g.T).sum() / (len(g) * (len(g) - 1)))
    return sum(out) / len(out)


def sums(X, token):
    u, out = F.normalize(X), []
    for t in token.unique():
        g = u[token == t]
        if len(g) > 1:
            out.append((g @ g.T).sum() - len(g))
    return sum(out) / len(out)


def by_number_of_pairs(X, token):
    u, top, pairs = F.normalize(X), 0, 0
    for t in token.unique():
        g = u[token == t]
        top = top + (g @ g.T).sum() - len(g)
        pairs += len(g) * (len(g) - 1)
    return top / pairs


def unsquared(X, token):
    return torch.stack([u.mean(0).norm() for u in _per_type(X, token)]).mean()


def upper_over_k(X, token):
    out = []
    for u in _per_type(X, token):
        k = len(u)
        out.append((u @ u.T).triu(1).sum() / (k * (k - 1)))
    return sum(out) / len(out)


# --- 6.4 a few coordinates' share of the mean cosine ---------------------------------------------------------------


def in_tables(X, k):
    u = F.normalize(X)
    n = len(u)
    off = ~torch.eye(n, dtype=torch.bool)
    each = torch.stack([torch.outer(c, c)[off].mean() for c in u.T])
    return each.topk(k).values.sum() / each.sum()


def by_columns(X, k):
    each = []
    for column in F.normalize(X).T:
        total = column.sum()
        each.append((total**2 - column @ column).item())
    return sum(sorted(each, reverse=True)[:k]) / sum(each)


def sorted_sum(X, k):
    u = X / X.norm(dim=1)[:, None]
    each = u.sum(0) ** 2 - (u**2).sum(0)
    return float(sorted(each.tolist())[-k:] and sum(sorted(each.tolist())[-k:]) / each.sum())


def numpy_top(X, k):
    x = X.numpy().astype(float)
    x = x / np.sqrt((x**2).sum(1, keepdims=True))
    each = x.sum(0) ** 2 - (x**2).sum(0)
    return np.sort(each)[::-1][:k].sum() / each.sum()


def diagonal_in(X, k):
    m = F.normalize(X).mean(0).square()
    return m.topk(k).values.sum() / m.sum()


def not_normalised(X, k):
    each = X.sum(0).pow(2) - X.pow(2).sum(0)
    return each.topk(k).values.sum() / each.sum()


def mean_vector(X, k):
    m = X.mean(0).square()
    return m.sort().values[-k:].sum() / m.sum()


def first_k(X, k):
    u = F.normalize(X)
    each = u.sum(0).pow(2) - u.pow(2).sum(0)
    return each[:k].sum() / each.sum()


def variance(X, k):
    v = X.var(0)
    return v.topk(k).values.sum() / v.sum()


def squared_length(X, k):
    e = F.normalize(X).square().mean(0)
    return e.topk(k).values.sum()


def centred_top(X, k):
    u = F.normalize(X - X.mean(0))
    each = u.sum(0).pow(2) - u.pow(2).sum(0)
    return each.topk(k).values.sum() / each.sum()


def others(X, k):
    u = F.normalize(X)
    each = u.sum(0).pow(2) - u.pow(2).sum(0)
    return each.sort().values[:-k].sum() / each.sum()


def without_them(X, k):
    def mean_cosine(A):
        u = F.normalize(A)
        n = len(u)
        return (u.sum(0).square().sum() - n) / (n * (n - 1))

    u = F.normalize(X)
    each = u.sum(0).pow(2) - u.pow(2).sum(0)
    keep = each.sort(descending=True).indices[k:]
    return mean_cosine(X[:, keep]) / mean_cosine(X)


def absolute(X, k):
    u = F.normalize(X)
    each = (u.sum(0).pow(2) - u.pow(2).sum(0)).abs()
    return each.topk(k).values.sum() / each.sum()


def by_size(X, k):
    u = F.normalize(X)
    each = u.sum(0).pow(2) - u.pow(2).sum(0)
    order = each.abs().argsort(descending=True)
    return each[order[:k]].sum() / each.sum()


def share_without_sign(X, k):
    u = F.normalize(X)
    each = u.sum(0).pow(2) - u.pow(2).sum(0)
    return (each.topk(k).values.sum() / each.sum()).abs()


def at_most_one(X, k):
    a = _contributions(X)
    return (a.topk(k).values.sum() / a.sum()).clamp(max=1)


def between_nought_and_one(X, k):
    a = _contributions(X)
    return (a.topk(k).values.sum() / a.sum()).clamp(0, 1)


def sum_over_mean_cosine(X, k):
    a, n = _contributions(X), len(X)
    return a.topk(k).values.sum() / (a.sum() / (n * (n - 1)))


def clipped(X, k):
    u = F.normalize(X)
    each = (u.sum(0).pow(2) - u.pow(2).sum(0)).clip(0)
    return each.topk(k).values.sum() / each.sum()


def amount(X, k):
    u = F.normalize(X)
    each = u.sum(0).pow(2) - u.pow(2).sum(0)
    return each.topk(k).values.sum() / math.comb(len(u), 2) / 2


def always_three(X, k):
    u = F.normalize(X)
    each = u.sum(0).pow(2) - u.pow(2).sum(0)
    return each.topk(3).values.sum() / each.sum()


def top_one(X, k):
    u = F.normalize(X)
    each = u.sum(0).pow(2) - u.pow(2).sum(0)
    return each.max() / each.sum()


def numpy_tables(X, k):
    x = X.numpy()
    x = x / np.linalg.norm(x, axis=1, keepdims=True)
    off = 1 - np.eye(len(x))
    each = np.array([(np.outer(c, c) * off).sum() for c in x.T])
    return np.sort(each)[-k:].sum() / each.sum()


def smallest(X, k):
    u = F.normalize(X)
    each = u.sum(0).pow(2) - u.pow(2).sum(0)
    return each.sort().values[:k].sum() / each.sum()


generator = torch.Generator().manual_seed(5)
TOKEN = (torch.rand(3000, generator=generator) ** 3 * 400).long()
VECTORS = (
    torch.randn(3000, 32, generator=generator)
    + torch.randn(400, 32, generator=generator)[TOKEN]
    + torch.randn(32, generator=generator)
)
TEXT = {"a text": (VECTORS, TOKEN)}

# --- slips with torch.zeros, which is float32 as the vectors are ----------------------------------------------------


def absent_ids(X, token):
    u, T = F.normalize(X), int(token.max()) + 1
    m = torch.zeros(T, X.shape[1]).index_add(0, token, u) / token.bincount(minlength=T).clamp(min=1)[:, None]
    return (m.sum(0).square().sum() - m.square().sum()) / (T * (T - 1))


def sums_of_types(X, token):
    types, index = token.unique(return_inverse=True)
    m = torch.zeros(len(types), X.shape[1]).index_add(0, index, F.normalize(X))
    return (m.sum(0).square().sum() - m.square().sum()) / (len(types) * (len(types) - 1))


def over_vectors(X, token):
    m = _m(X, token)
    return (m.sum(0).square().sum() - m.square().sum()) / (len(X) * (len(X) - 1))


def centred_inter(X, token):
    return by_scatter(X - X.mean(0), token)


def zeros_with_diagonal(X, token):
    types, index, counts = token.unique(return_inverse=True, return_counts=True)
    m = torch.zeros(len(types), X.shape[1]).index_add(0, index, F.normalize(X)) / counts[:, None]
    return (m @ m.T).mean()


def _per_type(X, token):
    u = F.normalize(X)
    return [u[token == t] for t in token.unique() if (token == t).sum() > 1]


def over_k_squared(X, token):
    return torch.stack([(u.sum(0).square().sum() - len(u)) / len(u) ** 2 for u in _per_type(X, token)]).mean()


def weighted_by_k(X, token):
    total = weight = 0.0
    for u in _per_type(X, token):
        k = len(u)
        total += k * (u.sum(0).square().sum() - k) / (k * (k - 1))
        weight += k
    return total / weight


def first_two(X, token):
    return torch.stack([u[0] @ u[1] for u in _per_type(X, token)]).mean()


def next_occurrence(X, token):
    return torch.stack([(u[1:] * u[:-1]).sum(1).mean() for u in _per_type(X, token)]).mean()


def more_than_two(X, token):
    kept = [u for u in _per_type(X, token) if len(u) > 2]
    return torch.stack([(u.sum(0).square().sum() - len(u)) / (len(u) * (len(u) - 1)) for u in kept]).mean()


def _contributions(X):
    u = F.normalize(X)
    return u.sum(0).square() - u.square().sum(0)


def by_mean(X, k):
    a, order = _contributions(X), F.normalize(X).mean(0).argsort(descending=True)
    return a[order[:k]].sum() / a.sum()


def one_more(X, k):
    a = _contributions(X).sort(descending=True).values
    return a[: k + 1].sum() / a.sum()


BANK = {
    "6.1": Bank(
        real=TEXT,
        right=[by_scatter, table_of_types, by_hand, numpy_types, one_hot],
        wrong=[
            (norm_of_mean, "pairs of the same token are counted too"),
            (whole_table, "pairs of the same token are counted too"),
            (minus_n, "the wrong thing is taken off the diagonal"),
            (by_use, "frequent tokens count more"),
            (ignoring_tokens, "all pairs of vectors, whatever their tokens"),
            (raw_means, "the rows are not normalised"),
            (cosine_of_means, "cosines of the types' mean vectors"),
            (stretched_again, "normalised twice"),
            (same_instead, "the same token in two contexts: the other question"),
            (no_sign, "absolute values are averaged"),
            (rooted, "the root of it"),
            (first_occurrences, "one occurrence of each type for all"),
            (twice, "every pair is counted twice"),
            (absent_ids, "token numbers that never occur count as types"),
            (sums_of_types, "the sum of a type's vectors, not their mean"),
            (over_vectors, "averaged over pairs of vectors, not of types"),
            (centred_inter, "centred first"),
            (over_types_squared, "the sum is over different types, the divisor is not"),
            (upper_over_all, "each pair is in the sum once, in the divisor twice"),
            (runs, "each run of a token counts as a type"),
            (raw_norm_of_mean, "pairs of the same token are counted too, and the rows are not normalised"),
            (zeros_with_diagonal, "pairs of the same token are counted too"),
            (drawn, None),
            (all_pairs_of_vectors, None),
            (numpy_pairs_of_vectors, None),
            (nothing, None),
        ],
    ),
    "6.2": Bank(
        real=TEXT,
        right=[scatter_intra, numpy_intra, same_instead],
        wrong=[
            (with_itself, "each occurrence is paired with itself too"),
            (with_itself_all, "each occurrence is paired with itself too, tokens that occur once included"),
            (singles_one, "tokens that occur once count as 1"),
            (singles_nought, "tokens that occur once count as 0"),
            (pooled, "frequent tokens count more"),
            (by_number_of_pairs, "frequent tokens count more"),
            (raw_identity, "the rows are not normalised"),
            (ordered_over_unordered, "every pair is counted twice"),
            (diagonal_in_sum, "the sum holds each occurrence with itself, the divisor does not"),
            (sums, "the sum over a type's pairs, not their mean"),
            (dots, "the rows are not normalised"),
            (with_type_mean, "cosine with the token's mean, not between its occurrences"),
            (table_of_types, "different tokens: the other question"),
            (unsquared, "cosine with the token's mean, not between its occurrences"),
            (upper_over_k, "each pair is in the sum once, in the divisor twice"),
            (centred_intra, "centred first"),
            (nan_types, None),
            (over_k_squared, "the sum is over different occurrences, the divisor is not"),
            (weighted_by_k, "types count by how often they occur"),
            (first_two, "only the first two occurrences are paired"),
            (more_than_two, "types that occur twice are left out"),
            (next_occurrence, "only neighbouring occurrences are paired"),
            (neighbours, None),
            (nothing, None),
        ],
    ),
    "6.4": Bank(
        real={"a text": VECTORS},
        right=[by_columns, sorted_sum, numpy_top],
        wrong=[
            (diagonal_in, "each row is paired with itself too"),
            (not_normalised, "the rows are not normalised"),
            (mean_vector, "the share of ‖mean‖², rows not normalised"),
            (first_k, "the first k coordinates, not the largest k"),
            (variance, "the share of the variance, not of the cosine"),
            (squared_length, "the share of the squared length, not of the cosine"),
            (centred_top, "centred first"),
            (others, "what is left without them"),
            (without_them, "the mean cosine without them, over the mean cosine"),
            (smallest, "the k smallest"),
            (by_mean, "ranked by the mean of the unit vectors"),
            (one_more, "one coordinate too many"),
            (absolute, "absolute contributions"),
            (by_size, "ranked by size, not by sign"),
            (share_without_sign, "the sign of the share is lost"),
            (at_most_one, "the share is cut off at 1"),
            (between_nought_and_one, "the share is kept between 0 and 1"),
            (sum_over_mean_cosine, "a sum over pairs above, their mean below"),
            (clipped, "what takes away is counted as 0"),
            (amount, "the amount, not the share"),
            (always_three, "always three coordinates, whatever k"),
            (top_one, "always one coordinate, whatever k"),
            (in_tables, None),  # a table of all pairs for each coordinate: a minute and more on a model
            (numpy_tables, None),
        ],
    ),
}
