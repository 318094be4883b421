"""Answers to puzzle 01 as people write them."""

from __future__ import annotations

import math

import einops
import numpy as np
import torch
import torch.nn.functional as F

from tests.checks.bank import Bank
from zeropoint import geometry

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


def in_column_blocks(W):
    u = F.normalize(W).T
    return ((u.sum(1) ** 2).sum() - u.shape[1]) / (u.shape[1] * (u.shape[1] - 1))


def pairwise_distances(W):
    u = F.normalize(W.double())
    return (1 - F.pdist(u).square() / 2).mean()  # half a table


def row_after_row(W):
    u = F.normalize(W)
    return torch.cat([u[i] @ u[i + 1 :].T for i in range(len(u) - 1)]).mean()


def mean_unit_squared(W):
    n = len(W)
    m = F.normalize(W, dim=1).mean(0)
    return (n * (m @ m) - 1) / (n - 1)


def numpy_table(W):
    w = W.numpy()
    w = w / np.linalg.norm(w, axis=1, keepdims=True)
    n = len(w)
    return ((w @ w.T).sum() - n) / (n * (n - 1))


def twins_dropped(W):
    u = F.normalize(W)
    cos = u @ u.T
    return cos[cos < 0.99999].mean()


def by_the_library(W):
    return geometry.mean_pairwise_cosine(W)


def columns_normalised_by_sum(W):
    u = W / W.norm(dim=0)
    n = len(u)
    return (u.sum(0).pow(2).sum() - n) / (n * (n - 1))


def keepdim_forgotten(W):
    u = W / W.norm(dim=1)
    n = len(u)
    return (u.sum(0).pow(2).sum() - n) / (n * (n - 1))


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


def triangle_with_diagonal(W):
    u = F.normalize(W, dim=1)
    i, j = torch.triu_indices(len(u), len(u))
    return (u @ u.T)[i, j].mean()


def whole_norm_by_sum(W):
    return _ordered(W / W.norm())


def _ordered(u):
    n = len(u)
    return (u.sum(0).square().sum() - n) / (n * (n - 1))


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


# --- 1.2 share of the mean -----------------------------------------------------------------------------------------


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


def unbiased_rest(W):
    return 1 - W.var(0).sum() / W.pow(2).sum(1).mean()


def over_all_entries(W):
    return W.mean() ** 2 / (W**2).mean()


def by_gram_matrix(W):
    G = W @ W.T
    return G.mean() / G.diagonal().mean()


def mean_of_ratios(W):
    return (W.mean(0).pow(2).sum() / W.pow(2).sum(1)).mean()


def mean_cosine(W):
    u = F.normalize(W)
    n = len(u)
    return (u.sum(0).square().sum() - n) / (n * (n - 1))


def with_mean_row(W):
    return F.cosine_similarity(W, W.mean(0)[None]).mean()


def by_library(W):
    return geometry.share_of_mean(W)


def library_centred(W):
    return geometry.centre(W)


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


def lower_median_taken(W):
    return W - W.median(dim=0).values


def mean_of_units_taken(W):
    return W - F.normalize(W, dim=1).mean(0)


def by_centring_matrix(W):
    n = len(W)
    return (torch.eye(n) - 1 / n) @ W


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


# --- 1.4 what is left along the mean -------------------------------------------------------------------------------


def variance_of_parts(W):
    parts = W @ F.normalize(W.mean(0), dim=0)
    return parts.var(correction=0) / W.var(0, correction=0).sum()


def by_covariance(W):
    left = W - W.mean(0)
    direction = F.normalize(W.mean(0), dim=0)
    covariance = left.T @ left
    return direction @ covariance @ direction / covariance.trace()


def what_projecting_takes(W):
    mean = F.normalize(W.mean(0), dim=0)
    left = W - W.mean(0)
    across = left - torch.outer(left @ mean, mean)
    return 1 - (across**2).sum() / (left**2).sum()


def numpy_along(W):
    w = W.numpy()
    m = w.mean(0)
    left = w - m
    return ((left @ m) ** 2).sum() / (m @ m) / (left**2).sum()


def not_moved(W):
    parts = W @ F.normalize(W.mean(0), dim=0)
    return parts.pow(2).mean() / W.pow(2).sum(1).mean()


def moved_below_only(W):
    parts = W @ F.normalize(W.mean(0), dim=0)
    return parts.pow(2).mean() / (W - W.mean(0)).pow(2).sum(1).mean()


def of_everything(W):
    parts = (W - W.mean(0)) @ F.normalize(W.mean(0), dim=0)
    return parts.pow(2).mean() / W.pow(2).sum(1).mean()


def length_left_in(W):
    left = W - W.mean(0)
    return (left @ W.mean(0)).pow(2).mean() / left.pow(2).sum(1).mean()


def sizes(W):
    left = W - W.mean(0)
    return (left @ F.normalize(W.mean(0), dim=0)).abs().mean() / left.norm(dim=1).mean()


def root_of_along(W):
    return variance_of_parts(W) ** 0.5


def each_tokens_share(W):
    return F.cosine_similarity(W - W.mean(0), W.mean(0)[None]).pow(2).mean()


def signed(W):
    left = W - W.mean(0)
    return (left @ W.mean(0)).mean() ** 2 / left.pow(2).sum(1).mean()


def across(W):
    return 1 - by_covariance(W)


def unbiased(W):
    parts = W @ F.normalize(W.mean(0), dim=0)
    return parts.var() / (W - W.mean(0)).pow(2).sum(1).mean()


def share_again(W):
    return W.mean(0).pow(2).sum() / W.pow(2).sum(1).mean()


def averaged_below(W):
    left = W - W.mean(0)
    along = left @ F.normalize(W.mean(0), dim=0)
    return along.square().mean() / left.square().mean()


def first_component(W):
    spectrum = torch.linalg.svdvals(W - W.mean(0)) ** 2
    return spectrum[0] / spectrum.sum()


def spread_of_parts(W):
    parts = W @ F.normalize(W.mean(0), dim=0)
    return parts.std() / parts.mean()


def along_its_own_mean(W):
    left = W - W.mean(0)
    m = left.mean(0)
    return (left @ (m / m.norm())).pow(2).sum() / left.pow(2).sum()


def sum_over_mean(W):
    left = W - W.mean(0)
    return (left @ F.normalize(W.mean(0), dim=0)).pow(2).sum() / left.pow(2).sum(1).mean()


def by_kind(W):
    return geometry.kind_of_mean(W).share_along_mean


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


def in_strips(W):
    u = F.normalize(W - W.mean(0), dim=1)
    n = len(u)
    total = sum((strip @ u.T).square().sum() for strip in u.split(256)) - n
    return n * (n - 1) / total


def rows_of_any_length(W):
    c = W - W.mean(0)
    n = len(c)
    return n * (n - 1) / ((c.T @ c).square().sum() - n)


def each_pair_once_over_all(W):
    return from_gram(W) / 2


def ordered_over_unordered(W):
    return 2 * from_gram(W)


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


def units_then_centred_by_sum(W):
    u = F.normalize(W)
    u = u - u.mean(0)
    n = len(u)
    return n * (n - 1) / ((u.T @ u).pow(2).sum() - n)


def covariance_ratio(W):
    lam = torch.linalg.eigvalsh(torch.cov(W.T))
    return lam.sum() ** 2 / lam.pow(2).sum()


def ratio_not_centred(W):
    lam = torch.linalg.svdvals(W).square()
    return lam.sum() ** 2 / lam.square().sum()


def square_forgotten(W):
    return 1 / full_table(W - W.mean(0))


def units_centred_units(W):
    u = F.normalize(W)
    u = F.normalize(u - u.mean(0))
    n = len(u)
    return n * (n - 1) / ((u.T @ u).pow(2).sum() - n)


def projected_out(W):
    m = F.normalize(W.mean(0), dim=0)
    u = F.normalize(W - torch.outer(W @ m, m))
    n = len(u)
    return n * (n - 1) / ((u.T @ u).pow(2).sum() - n)


def dimension_by_library(W):
    return geometry.effective_dimension(W - W.mean(0))


# --- 1.6 an offset or a ray? ---------------------------------------------------------------------------------------


def small_share(W):
    return variance_of_parts(W) < 0.3


def component_across(W):
    left = W - W.mean(0)
    first = torch.linalg.svd(left, full_matrices=False).Vh[0]
    return (first @ F.normalize(W.mean(0), dim=0)).abs() < 0.7


def no_wider_than_elsewhere(W):
    parts = W @ F.normalize(W.mean(0), dim=0)
    return bool(parts.var() < 8 * W.var(0).mean())


def in_numpy_kind(W):
    return bool(numpy_along(W) < 0.25)


def small_spread(W):
    held = W @ W.mean(0)
    return bool(held.std() / held.mean() < 0.25)


def between_percentiles(W):
    held = W @ W.mean(0) / W.mean(0).square().sum()
    low, high = held.quantile(torch.tensor([0.1, 0.9], dtype=W.dtype))
    return (high - low).item() < 0.6


def small_spread_in_numpy(W):
    w = W.numpy()
    held = w @ w.mean(0)
    return held.std() < 0.25 * held.mean()


def high_cosine(W):
    return _ordered(F.normalize(W, dim=1)) > 0.5


def large_share(W):
    return W.mean(0).square().sum() / W.square().sum(1).mean() > 0.5


def nearly_no_mean_cosine(W):
    return abs(_ordered(F.normalize(W - W.mean(0), dim=1))) < 0.01


def centred_mean_cosine(W):
    u = F.normalize(W - W.mean(0))
    n = len(u)
    return abs((u.sum(0).square().sum() - n) / (n * (n - 1))) < 0.3


def all_alongside(W):
    return (F.cosine_similarity(W, W.mean(0)[None]) > 0).double().mean() < 0.5


def swapped_kinds(W):
    return not small_share(W)


def wide(W):
    return wide_in(W) > 4


def narrow_cosines(W):
    u = F.normalize(W - W.mean(0))
    i, j = torch.triu_indices(len(u), len(u), 1)
    return (u @ u.T)[i, j].abs().mean() < 0.3


def equal_lengths(W):
    r = W.norm(dim=1)
    return r.std() / r.mean() < 0.25


def low_cosine(W):
    return mean_cosine(W) < 0.9


def strict_share(W):
    return variance_of_parts(W) < 1 / W.shape[1]


def lax_share(W):
    return variance_of_parts(W) < 0.7


def spread_in_units_of_W(W):
    return (W @ F.normalize(W.mean(0), dim=0)).std() < 0.3


def spread_under_half(W):
    held = W @ F.normalize(W.mean(0), dim=0)
    return held.std() < held.mean() / 2


def spread_under_two_fifths(W):
    held = W @ F.normalize(W.mean(0), dim=0)
    return held.std() < 0.4 * held.mean()


def all_on_the_means_side(W):
    return bool((W @ W.mean(0)).min() > 0)


def none_under_half(W):
    held = W @ W.mean(0)
    return bool(held.min() > held.mean() / 2)


def cosine_with_mean_high(W):
    return F.cosine_similarity(W, W.mean(0)[None]).median() > 0.8


def cosine_over_nine_tenths(W):
    return mean_cosine(W) > 0.9


def wide_for_its_dimensions(W):
    return wide_in(W) > W.shape[1] / 2


def wide_in(W):
    u = F.normalize(W - W.mean(0))
    n = len(u)
    return n * (n - 1) / ((u.T @ u).square().sum() - n)


def no_first_component(W):
    s = torch.linalg.svdvals(W - W.mean(0))
    return s[0] / s[1] < 3


def lengths_follow_amounts(W):
    return torch.corrcoef(torch.stack([W.norm(dim=1), W @ W.mean(0)]))[0, 1] < 0.9


def projecting_hardly_widens(W):
    m = F.normalize(W.mean(0), dim=0)
    left = W - W.mean(0)
    return wide_in(left - torch.outer(left @ m, m)) < 1.5 * wide_in(left)


def kind_by_library(W):
    return geometry.kind_of_mean(W).share_along_mean < 0.5


def kind_by_part_of_library(W):
    kind = geometry.kind_of_mean(W)
    return kind.dimension_projected < 1.2 * kind.dimension_centred


def as_a_word(W):
    return "offset" if small_share(W) else "ray"


def as_a_number(W):
    return spread_of_parts(W)


def triangle_with_zeros(W):
    u = F.normalize(W)
    return torch.triu(u @ u.T, 1).mean()


def squared_lengths(W):
    u = W / (W**2).sum(-1, keepdim=True)
    n = len(W)
    return ((u.sum(0) ** 2).sum() - n) / (n * (n - 1))


def squared_above(W):
    return W.mean(0).norm() ** 2 / W.norm(dim=1).mean()


def squared_below(W):
    return W.mean(0).norm() / (W**2).sum(1).mean()


def sums_of_both(W):
    return (W.sum(0) ** 2).sum() / (W**2).sum()


def along_mean_unit(W):
    left = W - W.mean(0)
    e = F.normalize(F.normalize(W).mean(0), dim=0)
    return (left @ e).pow(2).mean() / left.pow(2).sum(1).mean()


def variance_of_all_entries(W):
    left = W - W.mean(0)
    return (left @ F.normalize(W.mean(0), dim=0)).var() / left.var()


def all_squares_over_pairs(W):
    u = F.normalize(W - W.mean(0))
    n = len(u)
    return n * (n - 1) / (u.T @ u).square().sum()


def pairs_with_itself(W):
    u = F.normalize(W - W.mean(0))
    return len(u) ** 2 / ((u.T @ u).square().sum() - len(u))


def norm_not_squared(W):
    u = F.normalize(W - W.mean(0))
    n = len(u)
    return (n * n - n) / (torch.linalg.matrix_norm(u.T @ u) - n)


def averaged_shares(W):
    return (W.mean(0) ** 2 / (W**2).mean(0)).mean()


BANK = {
    "1.1": Bank(
        right=[in_numpy, with_gradients, in_blocks, in_column_blocks, mean_unit_squared],
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
            (columns_normalised_by_sum, "normalised along the wrong axis"),
            (keepdim_forgotten, "normalised along the wrong axis"),
            (twins_dropped, "pairs of nearly equal tokens are dropped"),
            (full_table, None),
            (table_less_diagonal, None),
            (triangle, None),
            (pairwise_distances, None),
            (row_after_row, None),
            (triangle_with_diagonal, "the triangle holds the diagonal"),
            (whole_norm_by_sum, "one norm for the whole matrix"),
            (numpy_table, None),
            (by_the_library, None),
            (five_thousand, None),
            (by_heart, None),
            (nought, None),
            (neighbours_only, None),
            (halves, None),
            (triangle_with_zeros, "zeros are counted with the pairs"),
            (squared_lengths, "divided by the squared length, not by the length"),
        ],
    ),
    "1.2": Bank(
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
            (mean_of_ratios, "the mean of ratios, not the ratio of means"),
            (biased, "n − 1 for n in the variance"),
            (unbiased_rest, "n − 1 for n in the variance"),
            (over_all_entries, "one number for the mean, not one a dimension"),
            (by_gram_matrix, None),
            (mean_cosine, "the mean cosine of 1.1, not a share of lengths"),
            (with_mean_row, "the mean cosine with the mean row"),
            (by_library, None),
            (per_dimension, None),
            (averaged_shares, "a share for each dimension, then averaged"),
            (per_cent, "in per cent"),
            (nought, None),
            (squared_above, "only one of the two lengths is squared"),
            (squared_below, "only one of the two lengths is squared"),
            (sums_of_both, "summed over tokens, not averaged"),
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
            (lower_median_taken, "the median is taken away, not the mean"),
            (mean_of_units_taken, "the mean of the unit rows is taken away"),
            (by_centring_matrix, None),
            (untouched, "nothing has moved"),
            (layer_norm, None),
            (less_one, None),
            (nearly, None),
            (in_place, None),
            (transposed, None),
            (centred_by_five_thousand, None),
            (library_centred, None),
        ],
    ),
    "1.4": Bank(
        right=[variance_of_parts, by_covariance, what_projecting_takes, numpy_along],
        wrong=[
            (not_moved, "the mean is still in it"),
            (moved_below_only, "the mean is still in it"),
            (of_everything, "a share of the whole, not of what is left"),
            (length_left_in, "the length of the mean is left in"),
            (sizes, "the lengths are not squared"),
            (root_of_along, "the lengths are not squared"),
            (each_tokens_share, "the mean of the tokens' shares"),
            (signed, "signs cancel: averaged before squaring"),
            (across, "the other share: what lies across the mean"),
            (unbiased, "n − 1 for n in the variance"),
            (share_again, "the share of 1.2, not of what is left"),
            (first_component, "the widest direction of what is left, not the mean's"),
            (averaged_below, "averaged over dimensions, not summed"),
            (spread_of_parts, None),
            (by_kind, None),
            (along_its_own_mean, None),
            (sum_over_mean, "summed over tokens above the line, averaged below"),
            (along_mean_unit, "along the mean of the unit rows"),
            (variance_of_all_entries, "averaged over dimensions, not summed"),
        ],
    ),
    "1.5": Bank(
        right=[from_gram, from_spectrum, in_strips],
        wrong=[
            (not_centred, "not centred"),
            (not_centred_with_diagonal, "not centred"),
            (centred_with_diagonal, "the diagonal is left in"),
            (absolute_mean, "mean |cosine| for mean cosine²"),
            (absolute_mean_squared, "mean |cosine| for mean cosine²"),
            (square_of_mean, "the square of the mean for the mean of the squares"),
            (covariances, "the rows are not normalised"),
            (rows_of_any_length, "the rows are not normalised"),
            (each_pair_once_over_all, "the pairs are miscounted: half of them"),
            (ordered_over_unordered, "the pairs are miscounted: twice as many"),
            (from_table, None),
            (numpy_triangle, None),
            (units_then_centred, "normalised before centring, and not after"),
            (centred_rows_each, "centred over d_model"),
            (just_d, "the number of dimensions, whatever the cloud"),
            (mean_square_itself, "upside down"),
            (root, "the root of it"),
            (participation_ratio, "the participation ratio of the covariance"),
            (covariance_ratio, "the participation ratio of the covariance"),
            (ratio_not_centred, "the participation ratio, not centred"),
            (units_then_centred_by_sum, "normalised before centring, and not after"),
            (square_forgotten, "the cosines are not squared"),
            (units_centred_units, "normalised before centring as well as after"),
            (projected_out, "projected, not centred"),
            (dimension_by_library, None),
            (rank, None),
            (variance_of_cosines, None),
            (all_squares_over_pairs, "the diagonal is left in"),
            (pairs_with_itself, "the diagonal is off the sum, and still counted"),
            (norm_not_squared, "the norm of the d × d matrix is not squared"),
        ],
    ),
    "1.6": Bank(
        right=[small_share, component_across, no_wider_than_elsewhere, in_numpy_kind],
        wrong=[
            (centred_mean_cosine, "it calls every cloud an offset"),
            (all_alongside, "it calls every cloud a ray"),
            (swapped_kinds, "the two are taken for each other"),
            (wide, "what is left is narrow, but not along the mean"),
            (narrow_cosines, "what is left is narrow, but not along the mean"),
            (small_spread, "by the amounts alone, where c is short"),
            (between_percentiles, "by the amounts alone, where c is short"),
            (small_spread_in_numpy, "by the amounts alone, where c is short"),
            (equal_lengths, "by the lengths of the rows"),
            (low_cosine, "by how long c is"),
            (high_cosine, "by how long c is"),
            (large_share, "by how long c is"),
            (cosine_with_mean_high, "by how long c is"),
            (cosine_over_nine_tenths, "by how long c is"),
            (nearly_no_mean_cosine, "by the mean cosine after 1.3"),
            (strict_share, "the share of 1.4, with too low a threshold"),
            (lax_share, "the share of 1.4, with too high a threshold"),
            (spread_in_units_of_W, "the amounts are not measured in units of the mean"),
            (spread_under_half, "it calls every cloud an offset"),
            (spread_under_two_fifths, "by the amounts, with a threshold that lets rays through"),
            (all_on_the_means_side, "by the amounts, with a threshold that lets rays through"),
            (none_under_half, "by the amounts alone, where c is short"),
            (wide_for_its_dimensions, "what is left is narrow, but not along the mean"),
            (no_first_component, "what is left is narrow, but not along the mean"),
            (lengths_follow_amounts, "by the lengths of the rows"),
            (projecting_hardly_widens, None),
            (kind_by_library, None),
            (kind_by_part_of_library, None),
            (as_a_word, None),
            (as_a_number, None),
        ],
    ),
}
