"""Answers to puzzle 01 as people write them."""

from __future__ import annotations

import math

import einops
import numpy as np
import torch
import torch.nn.functional as F

from tests.checks.bank import Bank

# --- 1.1 mean pairwise cosine --------------------------------------------------------------------------------------


def full_table(W):
    u = F.normalize(W, dim=-1)
    cos = u @ u.T
    off = ~torch.eye(len(u), dtype=torch.bool)
    return cos[off].mean()


def table_less_diagonal(W):
    u = W / torch.linalg.norm(W, dim=1)[:, None]
    cos = torch.einsum("id,jd->ij", u, u)
    return (cos.sum() - cos.diagonal().sum()) / (len(W) ** 2 - len(W))


def in_numpy(W):
    w = W.numpy()
    w = w / np.sqrt((w**2).sum(axis=1))[:, None]
    s = w.sum(axis=0)
    n = w.shape[0]
    return (s @ s - n) / n / (n - 1)


def with_gradients(W):
    W = torch.nn.Parameter(W.clone())
    u = F.normalize(W)
    n = len(u)
    return ((n * u.mean(0)).pow(2).sum() - n) / (n * (n - 1))


def in_blocks(W):
    u, total = F.normalize(W), 0.0
    for rows in u.split(1000):
        total += (rows @ u.T).sum().item()
    return (total - len(u)) / (len(u) * (len(u) - 1))


def triangle(W):
    u = F.normalize(W)
    cos = torch.triu(u @ u.T, diagonal=1)
    return float(cos.sum() / math.comb(len(u), 2))


def diagonal_in(W):
    u = F.normalize(W)
    return (u @ u.T).mean().item()


def diagonal_in_short(W):
    return F.normalize(W).mean(0).norm() ** 2


def ones_not_taken_away(W):
    s = F.normalize(W).sum(0)
    return s @ s / (len(W) * (len(W) - 1))


def dot_products(W):
    G = W @ W.T
    n = len(W)
    return (G.sum() - G.trace()) / (n * (n - 1))


def mean_norm_squared(W):
    return W.mean(0).norm().item() ** 2


def absolute(W):
    u = F.normalize(W)
    i, j = torch.triu_indices(len(u), len(u), offset=1)
    return (u @ u.T)[i, j].abs().mean()


def absolute_with_diagonal(W):
    u = F.normalize(W)
    return (u @ u.T).abs().mean()


def normalised_columns(W):
    u = F.normalize(W, dim=0)
    cos = u @ u.T
    return cos[~torch.eye(len(W), dtype=torch.bool)].mean()


def normalised_columns_with_diagonal(W):
    u = W / W.norm(dim=0)
    return (u @ u.T).mean()


def whole_norm(W):
    u = W / W.norm()
    n = len(u)
    return ((u @ u.T).sum() - (u * u).sum()) / (n * (n - 1))


def columns_compared(W):
    u = F.normalize(W, dim=0)
    cos, d = u.T @ u, W.shape[1]
    return (cos.sum() - d) / (d * (d - 1))


def with_the_mean_vector(W):
    return F.cosine_similarity(W, W.mean(0), dim=1).mean()


def length_of_mean_unit(W):
    return F.normalize(W).mean(0).norm()


def root_at_the_end(W):
    return math.sqrt(full_table(W)) if full_table(W) >= 0 else float("nan")


def counted_twice(W):
    u = F.normalize(W)
    n = len(u)
    return (u.sum(0).square().sum() - n) / (n * (n - 1) / 2)


def half(W):
    u = F.normalize(W)
    n = len(u)
    return torch.triu(u @ u.T, 1).sum() / (n * (n - 1))


def diagonal_zeroed(W):
    u = F.normalize(W)
    cos = u @ u.T
    cos.fill_diagonal_(0)
    return cos.mean()


def centred_first(W):
    return full_table(W - W.mean(0, keepdim=True))


def five_thousand(W):
    return full_table(W[:5000])


def by_heart(W):
    return 0.9312


def nought(W):
    return 0.0


def neighbours_only(W):
    u = F.normalize(W)
    return (u[:-1] * u[1:]).sum(1).mean()


def halves(W):
    return full_table(W.half().float())


# --- 1.2 cosine with the mean --------------------------------------------------------------------------------------


def library(W):
    return F.cosine_similarity(W, W.mean(dim=0, keepdim=True), dim=-1)


def two_units(W):
    return F.normalize(W, dim=1) @ F.normalize(W.mean(0), dim=0)


def with_einops(W):
    mean = einops.reduce(W, "v d -> d", "mean")
    return einops.einsum(W, mean, "v d, d -> v") / (W.norm(dim=1) * mean.norm())


def numpy_cosine(W):
    w = np.asarray(W, dtype=np.float64)
    m = w.mean(axis=0)
    return w.dot(m) / np.linalg.norm(w, axis=1) / np.linalg.norm(m)


def row_by_row(W):
    m = W.mean(0)
    return torch.stack([torch.dot(w, m) / (w.norm() * m.norm()) for w in W])


def sum_for_mean(W):
    return F.normalize(W, dim=1) @ F.normalize(W.sum(0), dim=0)  # a positive factor changes no direction


def dot_mean(W):
    return W @ W.mean(0)


def rows_only(W):
    return F.normalize(W, dim=1) @ W.mean(0)


def mean_only(W):
    m = W.mean(0)
    return (W * (m / m.norm())).sum(dim=1)


def over_d_model(W):
    return F.cosine_similarity(W, W.mean(1, keepdim=True), dim=1)


def over_d_model_vector(W):
    m = W.mean(dim=1)
    return (W @ m) / (W.norm(dim=1) * m.norm())


def over_d_model_scalar(W):
    return W.mean(1) / W.norm(dim=1)


def mean_of_units(W):
    u = F.normalize(W)
    return u @ F.normalize(u.mean(0), dim=0)


def mean_of_units_unnormalised(W):
    u = F.normalize(W)
    return u @ u.mean(0)


def cosine_of_centred(W):
    m = W.mean(0)
    return F.cosine_similarity(W - m, m[None], dim=1)


def columns_normalised(W):
    u = F.normalize(W, dim=0)
    return F.cosine_similarity(u, u.mean(0)[None])


def columns_then_mean_direction(W):
    return F.normalize(W, dim=0) @ F.normalize(W.mean(0), dim=0)


def absolute_cosines(W):
    return library(W).abs()


def keepdim_left(W):
    return library(W)[:, None]


def averaged(W):
    return library(W).mean()


def all_pairs(W):
    return F.normalize(W) @ F.normalize(W).T


def median_vector(W):
    return F.cosine_similarity(W, W.quantile(0.5, dim=0)[None])


def squared_cosine(W):
    return library(W) ** 2


def sorted_cosines(W):
    return library(W).sort().values


def first_row(W):
    return F.cosine_similarity(W, W[:1])


# --- 1.3 centre ----------------------------------------------------------------------------------------------------


def minus_mean(W):
    return W - W.mean(dim=0, keepdim=True)


def in_numpy_centre(W):
    w = W.numpy()
    return w - w.mean(0)


def by_matrix(W):
    n = len(W)
    return W - torch.ones(1, n, dtype=W.dtype) @ W / n


def on_a_copy(W):
    W = W.clone()
    W -= W.mean(0)
    return W


def parameter_centre(W):
    W = torch.nn.Parameter(W)
    return W - einops.reduce(W, "v d -> 1 d", "mean")


def own_mean(W):
    return W - W.mean(1, keepdim=True)


def own_mean_last(W):
    return W - einops.reduce(W, "v d -> v 1", "mean")


def own_mean_broken(W):
    return W - W.mean(1)


def scalar_mean(W):
    return W - W.mean()


def standardised(W):
    return (W - W.mean(0)) / W.std(0)


def standardised_numpy(W):
    w = W.numpy()
    return (w - w.mean(0)) / w.std(0)


def centred_normalised(W):
    return F.normalize(W - W.mean(0), dim=1)


def units_centred(W):
    u = F.normalize(W)
    return u - u.mean(0)


def unit_mean(W):
    return W - F.normalize(W.mean(0), dim=0)


def projected(W):
    m = F.normalize(W.mean(0), dim=0)
    return W - torch.outer(W @ m, m)


def added(W):
    return W + W.mean(0)


def turned(W):
    return -(W - W.mean(0))


def sum_taken(W):
    return W - W.sum(0, keepdim=True)


def median_taken(W):
    return W - torch.tensor(np.median(W.numpy(), axis=0))


def untouched(W):
    return W.clone()


def layer_norm(W):
    return F.layer_norm(W, W.shape[1:])


def less_one(W):
    return W - W.sum(0) / (len(W) - 1)


def nearly(W):
    return W - W[:-1].mean(0)


def in_place(W):
    W -= W.mean(0)
    return W


def transposed(W):
    return (W - W.mean(0)).T


def centred_by_five_thousand(W):
    return W - W[:5000].mean(0)


# --- 1.4 share of the mean -----------------------------------------------------------------------------------------


def squares(W):
    return W.mean(0).pow(2).sum() / W.pow(2).sum(-1).mean()


def norms(W):
    return W.mean(0).norm() ** 2 / (W.norm(dim=1) ** 2).mean()


def numpy_share(W):
    w = W.numpy().astype(np.float64)
    return np.dot(w.mean(0), w.mean(0)) / np.mean(np.sum(w * w, axis=1))


def by_variance(W):
    left = W.var(0, correction=0).sum()
    mean = W.mean(0).square().sum()
    return (mean / (mean + left)).item()


def by_frobenius(W):
    return float(len(W) * W.mean(0).norm() ** 2 / torch.linalg.matrix_norm(W) ** 2)


def means_of_squares(W):
    return (W.mean(0) ** 2).mean() / (W**2).mean()  # both averaged over dimensions: the factor d cancels


def plain_norms(W):
    return W.mean(0).norm() / W.norm(dim=1).mean()


def root_of_share(W):
    return torch.sqrt(squares(W))


def square_of_ratio(W):
    return (W.mean(0).norm() / W.norm(dim=1).mean()).item() ** 2


def mean_norm_for_norm_mean(W):
    r = W.norm(dim=1)
    return r.mean() ** 2 / (r**2).mean()


def always_one(W):
    return W.norm(dim=1).mean() / torch.linalg.norm(W, dim=1).mean()


def averaged_dims(W):
    return W.mean(0).square().mean() / W.square().sum(1).mean()


def averaged_dims_below(W):
    return W.mean(0).square().sum() / W.square().mean()


def frobenius_not_averaged(W):
    return W.mean(0).norm() ** 2 / W.norm() ** 2


def other_axis(W):
    return W.mean(1).norm() ** 2 / W.norm(dim=1).square().mean()


def other_axis_throughout(W):
    return W.mean(1).square().sum() / W.square().sum(0).mean()


def left_over(W):
    return (W - W.mean(0)).square().sum() / W.square().sum()


def mean_to_variance(W):
    return W.mean(0).square().sum() / W.var(0, correction=0).sum()


def of_units(W):
    return F.normalize(W).mean(0).square().sum()


def inverted(W):
    return W.square().sum(1).mean() / W.mean(0).square().sum()


def per_dimension(W):
    return W.mean(0).square() / W.square().mean(0)


def biased(W):
    mean = W.mean(0).square().sum()
    return mean / (mean + W.var(0).sum())  # torch's default divides by n - 1


def per_cent(W):
    return 100 * squares(W)


# --- 1.5 effective dimension ---------------------------------------------------------------------------------------


def from_table(W):
    u = F.normalize(W - W.mean(0))
    cos = u @ u.T
    return 1 / cos[~torch.eye(len(u), dtype=torch.bool)].square().mean()


def from_gram(W):
    u = F.normalize(W - W.mean(0, keepdim=True), dim=1)
    n = len(u)
    return (n * n - n) / (torch.linalg.matrix_norm(u.mT @ u) ** 2 - n)


def from_spectrum(W):
    u = F.normalize((W - W.mean(0)).double(), dim=1)
    lam = torch.linalg.svdvals(u) ** 2
    n = len(u)
    return (n * (n - 1) / ((lam**2).sum() - n)).item()


def numpy_triangle(W):
    w = W.numpy()
    w = w - w.mean(0)
    w = w / np.linalg.norm(w, axis=1, keepdims=True)
    i, j = np.triu_indices(len(w), 1)
    return 1 / np.mean((w @ w.T)[i, j] ** 2)


def not_centred(W):
    u = F.normalize(W)
    cos = u @ u.T
    return 1 / cos[~torch.eye(len(u), dtype=torch.bool)].square().mean()


def not_centred_with_diagonal(W):
    u = F.normalize(W)
    return 1 / ((u @ u.T) ** 2).mean()


def centred_with_diagonal(W):
    u = F.normalize(W - W.mean(0))
    return len(u) ** 2 / (u.T @ u).square().sum()


def absolute_mean(W):
    u = F.normalize(W - W.mean(0))
    i, j = torch.triu_indices(len(u), len(u), 1)
    return 1 / (u @ u.T)[i, j].abs().mean()


def absolute_mean_squared(W):
    u = F.normalize(W - W.mean(0))
    i, j = torch.triu_indices(len(u), len(u), 1)
    return (1 / (u @ u.T)[i, j].abs().mean()) ** 2


def square_of_mean(W):
    return 1 / full_table(W - W.mean(0)) ** 2


def covariances(W):
    c = W - W.mean(0)
    G = c @ c.T
    return 1 / G[~torch.eye(len(c), dtype=torch.bool)].square().mean()


def units_then_centred(W):
    u = F.normalize(W)
    u = u - u.mean(0)
    i, j = torch.triu_indices(len(u), len(u), 1)
    return 1 / (u @ u.T)[i, j].square().mean()


def centred_rows_each(W):
    c = F.normalize(W - W.mean(1, keepdim=True))
    i, j = torch.triu_indices(len(c), len(c), 1)
    return 1 / (c @ c.T)[i, j].square().mean()


def just_d(W):
    return W.shape[-1]


def mean_square_itself(W):
    return 1 / from_table(W)


def root(W):
    return from_table(W).sqrt()


def participation_ratio(W):
    lam = torch.linalg.svdvals(W - W.mean(0)).square()
    return lam.sum() ** 2 / lam.square().sum()


def rank(W):
    return int(torch.linalg.matrix_rank(W - W.mean(0)))


def variance_of_cosines(W):
    u = F.normalize(W - W.mean(0))
    i, j = torch.triu_indices(len(u), len(u), 1)
    return 1 / (u @ u.T)[i, j].var()


BANK = {
    "1.1": Bank(
        right=[full_table, table_less_diagonal, in_numpy, with_gradients, in_blocks, triangle],
        wrong=[
            (diagonal_in, "the diagonal is left in"),
            (diagonal_in_short, "the diagonal is left in"),
            (ones_not_taken_away, "the diagonal is left in"),
            (dot_products, "the rows are not normalised"),
            (mean_norm_squared, "the rows are not normalised"),
            (absolute, "absolute values are averaged"),
            (absolute_with_diagonal, "absolute values are averaged"),
            (normalised_columns, "normalised along the wrong axis"),
            (normalised_columns_with_diagonal, "normalised along the wrong axis"),
            (whole_norm, "one norm for the whole matrix"),
            (columns_compared, "the columns are compared, not the rows"),
            (with_the_mean_vector, "the mean cosine with the mean vector, not between tokens"),
            (length_of_mean_unit, "a square is missing"),
            (root_at_the_end, "a square is missing"),
            (counted_twice, "the pairs are miscounted: twice too much"),
            (half, "the pairs are miscounted: half of it"),
            (diagonal_zeroed, "the diagonal is set to 0, but still counted"),
            (centred_first, "centred first"),
            (five_thousand, None),
            (by_heart, None),
            (nought, None),
            (neighbours_only, None),
            (halves, None),
        ],
    ),
    "1.2": Bank(
        right=[library, two_units, with_einops, numpy_cosine, row_by_row, sum_for_mean],
        wrong=[
            (dot_mean, "a dot product: nothing is normalised"),
            (rows_only, "only the rows are normalised"),
            (mean_only, "only the mean is normalised"),
            (over_d_model, "the mean is taken over d_model"),
            (over_d_model_vector, "the mean is taken over d_model"),
            (over_d_model_scalar, "the mean is taken over d_model"),
            (mean_of_units, "the mean of the unit rows, not of the rows"),
            (mean_of_units_unnormalised, "the length of the unit rows' mean is left in"),
            (cosine_of_centred, "centred first"),
            (columns_normalised, "normalised along the wrong axis"),
            (columns_then_mean_direction, "normalised along the wrong axis"),
            (absolute_cosines, "absolute values"),
            (keepdim_left, None),
            (averaged, None),
            (all_pairs, None),
            (median_vector, None),
            (squared_cosine, None),
            (sorted_cosines, None),
            (first_row, None),
        ],
    ),
    "1.3": Bank(
        right=[minus_mean, in_numpy_centre, by_matrix, on_a_copy, parameter_centre],
        wrong=[
            (own_mean, "centred over d_model: each row lost its own mean"),
            (own_mean_last, "centred over d_model: each row lost its own mean"),
            (own_mean_broken, "centred over d_model: each row lost its own mean"),
            (scalar_mean, "one number taken from all entries"),
            (standardised, "standardised: divided by the spread as well"),
            (standardised_numpy, "standardised: divided by the spread as well"),
            (centred_normalised, "centred, then normalised"),
            (units_centred, "normalised, then centred"),
            (unit_mean, "the mean direction is taken away, not the mean"),
            (projected, "projected: each row lost its part along the mean"),
            (added, "the mean is added"),
            (turned, "the sign is turned"),
            (sum_taken, "the sum is taken away, not the mean"),
            (median_taken, "the median is taken away, not the mean"),
            (untouched, "nothing has moved"),
            (layer_norm, None),
            (less_one, None),
            (nearly, None),
            (in_place, None),
            (transposed, None),
            (centred_by_five_thousand, None),
        ],
    ),
    "1.4": Bank(
        right=[squares, norms, numpy_share, by_variance, by_frobenius, means_of_squares],
        wrong=[
            (plain_norms, "the lengths are not squared"),
            (root_of_share, "the lengths are not squared"),
            (square_of_ratio, "squared after averaging"),
            (mean_norm_for_norm_mean, "the mean of the lengths for the length of the mean"),
            (always_one, "the mean of the lengths for the length of the mean"),
            (averaged_dims, "averaged over dimensions, not summed"),
            (averaged_dims_below, "averaged over dimensions, not summed"),
            (frobenius_not_averaged, "summed over tokens, not averaged"),
            (other_axis, "the mean is taken over d_model"),
            (other_axis_throughout, "the mean is taken over d_model"),
            (left_over, "the other share: what is left without the mean"),
            (mean_to_variance, "the mean against what is left, not against the whole"),
            (of_units, "the rows are normalised first"),
            (inverted, "upside down"),
            (per_dimension, None),
            (biased, None),
            (per_cent, None),
            (nought, None),
        ],
    ),
    "1.5": Bank(
        right=[from_table, from_gram, from_spectrum, numpy_triangle],
        wrong=[
            (not_centred, "not centred"),
            (not_centred_with_diagonal, "not centred"),
            (centred_with_diagonal, "the diagonal is left in"),
            (absolute_mean, "mean |cosine| for mean cosine²"),
            (absolute_mean_squared, "mean |cosine| for mean cosine²"),
            (square_of_mean, "the square of the mean for the mean of the squares"),
            (covariances, "the rows are not normalised"),
            (units_then_centred, "normalised before centring, and not after"),
            (centred_rows_each, "centred over d_model"),
            (just_d, "the number of dimensions, whatever the cloud"),
            (mean_square_itself, "upside down"),
            (root, "the root of it"),
            (participation_ratio, None),
            (rank, None),
            (variance_of_cosines, None),
        ],
    ),
}
