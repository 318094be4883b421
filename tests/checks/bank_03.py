"""Answers to puzzle 03 as people write them."""

from __future__ import annotations

import math

import einops
import numpy as np
import torch
import torch.nn.functional as F

from tests.checks.bank import Bank

# --- 3.1 what chance alone gives -----------------------------------------------------------------------------------


def roots(n, d, sigma):
    return sigma * math.sqrt(d), sigma * math.sqrt(d / n), 1 / math.sqrt(d)


def numpy_roots(n, d, sigma):
    row = sigma * np.sqrt(d)
    return row, row / np.sqrt(n), d**-0.5


def in_torch(n, d, sigma):
    d = torch.tensor(float(d), dtype=torch.float64)
    return (d * sigma**2).sqrt(), (d / n).sqrt() * sigma, d.rsqrt()


def as_list(n, d, sigma):
    return [(d * sigma**2) ** 0.5, (d * sigma**2 / n) ** 0.5, (1 / d) ** 0.5]


def mean_like_row(n, d, sigma):
    return sigma * math.sqrt(d), sigma * math.sqrt(d), 1 / math.sqrt(d)


def over_n(n, d, sigma):
    return sigma * math.sqrt(d), sigma * math.sqrt(d) / n, 1 / math.sqrt(d)


def summed(n, d, sigma):
    return sigma * math.sqrt(d), sigma * math.sqrt(d * n), 1 / math.sqrt(d)


def one_coordinate_of_mean(n, d, sigma):
    return sigma * math.sqrt(d), sigma / math.sqrt(n), 1 / math.sqrt(d)


def one_coordinate(n, d, sigma):
    return sigma, sigma / math.sqrt(n), 1 / math.sqrt(d)


def squared(n, d, sigma):
    return d * sigma**2, d * sigma**2 / n, 1 / d


def variance_of_cosine(n, d, sigma):
    return sigma * math.sqrt(d), sigma * math.sqrt(d / n), 1 / d


def no_cosine(n, d, sigma):
    return sigma * math.sqrt(d), sigma * math.sqrt(d / n), 0


def mean_absolute_cosine(n, d, sigma):
    return sigma * math.sqrt(d), sigma * math.sqrt(d / n), math.sqrt(2 / (math.pi * d))


def cosine_of_n(n, d, sigma):
    return sigma * math.sqrt(d), sigma * math.sqrt(d / n), 1 / math.sqrt(n)


def two_values(n, d, sigma):
    return sigma * math.sqrt(d), sigma * math.sqrt(d / n)


def sigma_forgotten(n, d, sigma):
    return math.sqrt(d), math.sqrt(d / n), 1 / math.sqrt(d)


def gpt_neo_by_heart(n, d, sigma):
    return 0.554, 0.0025, 0.036


def unbiased(n, d, sigma):
    return sigma * math.sqrt(d), sigma * math.sqrt(d / (n - 1)), 1 / math.sqrt(d - 1)


def sampled(n, d, sigma):
    W = torch.randn(100, d) * sigma
    return W.norm(dim=1).mean(), W.mean(0).norm() * (100 / n) ** 0.5, 1 / math.sqrt(d)


# --- 3.2 first crossing --------------------------------------------------------------------------------------------


def by_loop(steps, values, level):
    for i in range(1, len(steps)):
        if values[i] >= level:
            share = (level - values[i - 1]) / (values[i] - values[i - 1])
            return float(steps[i - 1] + share * (steps[i] - steps[i - 1]))
    return float("nan")


def by_argmax(steps, values, level):
    i = (values >= level).int().argmax()
    return torch.lerp(steps[i - 1], steps[i], (level - values[i - 1]) / (values[i] - values[i - 1]))


def interp_of_two(steps, values, level):
    s, v = steps.numpy(), values.numpy()
    i = np.flatnonzero(v >= level)[0]
    return np.interp(level, v[i - 1 : i + 1], s[i - 1 : i + 1])


def slope(steps, values, level):
    i = int(torch.nonzero(values > level)[0, 0])
    rise = (values[i] - values[i - 1]) / (steps[i] - steps[i - 1])
    return (steps[i] - (values[i] - level) / rise).item()


def next_look(steps, values, level):
    return steps[values >= level][0]


def look_before(steps, values, level):
    i = int(torch.nonzero(values >= level)[0])
    return steps[i - 1].item()


def halfway(steps, values, level):
    i = int(torch.nonzero(values >= level)[0])
    return (steps[i] + steps[i - 1]) / 2


def nearest(steps, values, level):
    return steps[torch.argmin(torch.abs(values - level))]


def index(steps, values, level):
    return int(torch.nonzero(values >= level)[0])


def last_one(steps, values, level):
    for i in range(len(steps) - 1, 0, -1):
        if values[i - 1] < level <= values[i]:
            return float(
                steps[i - 1] + (level - values[i - 1]) / (values[i] - values[i - 1]) * (steps[i] - steps[i - 1])
            )


def turned_round(steps, values, level):
    i = int(torch.nonzero(values >= level)[0])
    share = (values[i] - level) / (values[i] - values[i - 1])
    return steps[i - 1] + share * (steps[i] - steps[i - 1])


def plain_interp(steps, values, level):
    return np.interp(level, values.numpy(), steps.numpy())


def of_the_largest(steps, values, level):
    return by_loop(steps, values / values.max(), level)


def in_logs(steps, values, level):
    return math.exp(by_loop((steps + 1).log(), values, level)) - 1


def sorted_interp(steps, values, level):
    i = values.argsort()
    return np.interp(level, values[i].numpy(), steps[i].numpy())


def share_of_steps(steps, values, level):
    return by_loop(steps, values, level) / steps[-1].item()


def rounded(steps, values, level):
    return round(by_loop(steps, values, level))


def always_one_half(steps, values, level):
    return by_loop(steps, values, 0.5)


# --- 3.3 cosine by frequency ---------------------------------------------------------------------------------------


def split(W, order, k):
    cos = F.cosine_similarity(W, W.mean(0, keepdim=True), dim=1)
    return torch.stack([c.mean() for c in cos[order].tensor_split(k)])


def reduced(W, order, k):
    u, m = F.normalize(W[order], dim=1), F.normalize(W.mean(0), dim=0)
    return einops.reduce(u @ m, "(k n) -> k", "mean", k=k)


def numpy_split(W, order, k):
    w, m = W.numpy(), W.numpy().mean(0)
    cos = w @ m / np.linalg.norm(w, axis=1) / np.linalg.norm(m)
    return np.array([c.mean() for c in np.array_split(cos[order.numpy()], k)])


def group_by_group(W, order, k):
    size = len(W) // k
    m = W.mean(0)
    return torch.tensor(
        [F.cosine_similarity(W[order[i * size : (i + 1) * size]], m[None]).mean().item() for i in range(k)],
        dtype=torch.float64,
    )


def rarest_first(W, order, k):
    return split(W, order.flip(0), k)


def by_number(W, order, k):
    cos = F.cosine_similarity(W, W.mean(0, keepdim=True), dim=1)
    return torch.stack([c.mean() for c in cos.chunk(k)])


def as_ranks(W, order, k):
    cos = F.cosine_similarity(W, W.mean(0, keepdim=True), dim=1)
    sorted_cos = torch.empty_like(cos)
    sorted_cos[order] = cos
    return sorted_cos.view(k, -1).mean(1)


def own_means(W, order, k):
    return torch.stack([F.cosine_similarity(V, V.mean(0)[None]).mean() for V in W[order].chunk(k)])


def cosine_of_means(W, order, k):
    return torch.stack([F.cosine_similarity(V.mean(0), W.mean(0), dim=0) for V in W[order].chunk(k)])


def medians(W, order, k):
    cos = F.cosine_similarity(W, W.mean(0, keepdim=True), dim=1)
    return torch.stack([c.median() for c in cos[order].chunk(k)])


def dot_products(W, order, k):
    return (W @ W.mean(0))[order].view(k, -1).mean(1)


def to_mean_of_units(W, order, k):
    u = F.normalize(W)
    return F.cosine_similarity(u, u.mean(0)[None])[order].view(k, -1).mean(1)


def strided(W, order, k):
    cos = F.cosine_similarity(W, W.mean(0, keepdim=True), dim=1)
    return cos[order].view(-1, k).mean(0)


def within(W, order, k):
    out = []
    for V in W[order].chunk(k):
        u = F.normalize(V)
        cos = u @ u.T
        out.append(cos[~torch.eye(len(u), dtype=torch.bool)].mean())
    return torch.stack(out)


def absolute(W, order, k):
    cos = F.cosine_similarity(W, W.mean(0, keepdim=True), dim=1).abs()
    return cos[order].view(k, -1).mean(1)


def one_number(W, order, k):
    return split(W, order, k).mean()


def not_averaged(W, order, k):
    return F.cosine_similarity(W, W.mean(0, keepdim=True), dim=1)[order].view(k, -1)


def ends_only(W, order, k):
    return split(W, order, k)[[0, -1]]


def running(W, order, k):
    return split(W, order, k).cumsum(0) / torch.arange(1, k + 1)


# --- 3.4 drift -----------------------------------------------------------------------------------------------------


def normalised(before, after):
    return (after - before) @ F.normalize(after.mean(0), dim=0)


def difference_of_places(before, after):
    m = after.mean(0)
    m = m / torch.linalg.norm(m)
    return after @ m - before @ m


def numpy_drift(before, after):
    b, a = before.numpy(), after.numpy()
    m = a.mean(axis=0)
    return ((a - b) * m).sum(axis=1) / np.sqrt((m * m).sum())


def by_einsum(before, after):
    direction = after.sum(0) / after.sum(0).norm()
    return einops.einsum(after - before, direction, "v d, d -> v")


def initial_mean(before, after):
    return (after - before) @ F.normalize(before.mean(0), dim=0)


def mean_movement(before, after):
    change = after - before
    return change @ F.normalize(change.mean(0), dim=0)


def not_unit(before, after):
    return (after - before) @ after.mean(0)


def backwards(before, after):
    return (before - after) @ F.normalize(after.mean(0), dim=0)


def place(before, after):
    return after @ F.normalize(after.mean(0), dim=0)


def cosine_of_way(before, after):
    return F.cosine_similarity(after - before, after.mean(0)[None])


def distance(before, after):
    return torch.linalg.norm(after - before, dim=1)


def own_direction(before, after):
    return ((after - before) * F.normalize(after, dim=1)).sum(1)


def along_mean_of_units(before, after):
    return (after - before) @ F.normalize(F.normalize(after).mean(0), dim=0)


def change_of_cosine(before, after):
    m = after.mean(0)[None]
    return F.cosine_similarity(after, m) - F.cosine_similarity(before, m)


def in_units_of_mean(before, after):
    m = after.mean(0)
    return (after - before) @ m / m.norm() ** 2


def averaged(before, after):
    return normalised(before, after).mean()


def as_vectors(before, after):
    m = F.normalize(after.mean(0), dim=0)
    return torch.outer((after - before) @ m, m)


def over_d_model(before, after):
    return (after - before).mean(1)


# --- 3.5 paired effect ---------------------------------------------------------------------------------------------


def by_std(with_part, without, t):
    diff = without - with_part
    return diff.mean(), t * diff.std() / math.sqrt(len(diff))


def in_numpy(with_part, without, t):
    diff = without.numpy() - with_part.numpy()
    return diff.mean(), t * np.std(diff, ddof=1) / np.sqrt(diff.size)


def by_hand(with_part, without, t):
    diff = [b - a for a, b in zip(with_part.tolist(), without.tolist(), strict=True)]
    n, mean = len(diff), sum(diff) / len(diff)
    return mean, t * math.sqrt(sum((x - mean) ** 2 for x in diff) / (n - 1) / n)


def by_other_root(with_part, without, t):
    diff = without - with_part
    return diff.mean().item(), (t * diff.std(correction=0) / (len(diff) - 1) ** 0.5).item()


def sign_turned(with_part, without, t):
    diff = with_part - without
    return diff.mean(), t * diff.std() / math.sqrt(len(diff))


def welch(with_part, without, t):
    n = len(without)
    return without.mean() - with_part.mean(), t * math.sqrt(with_part.var() / n + without.var() / n)


def difference_of_spreads(with_part, without, t):
    return without.mean() - with_part.mean(), t * abs(without.std() - with_part.std()) / math.sqrt(len(without))


def only_without(with_part, without, t):
    return (without - with_part).mean(), t * without.std() / math.sqrt(len(without))


def of_single_ones(with_part, without, t):
    diff = without - with_part
    return diff.mean(), t * diff.std()


def by_n(with_part, without, t):
    diff = without - with_part
    return diff.mean(), t * diff.std() / len(diff)


def by_root_of_n_less_one(with_part, without, t):
    diff = without - with_part
    return diff.mean(), t * diff.std() / math.sqrt(len(diff) - 1)


def numpy_default(with_part, without, t):
    diff = (without - with_part).numpy()
    return diff.mean(), t * diff.std() / len(diff) ** 0.5


def normal(with_part, without, t):
    diff = without - with_part
    return diff.mean(), 1.96 * diff.std() / len(diff) ** 0.5


def standard_error(with_part, without, t):
    diff = without - with_part
    return diff.mean(), diff.std() / len(diff) ** 0.5


def whole_width(with_part, without, t):
    diff = without - with_part
    return diff.mean(), 2 * t * diff.std() / len(diff) ** 0.5


def relative(with_part, without, t):
    diff = without / with_part - 1
    return diff.mean(), t * diff.std() / len(diff) ** 0.5


def ends_of_the_interval(with_part, without, t):
    mean, half = by_std(with_part, without, t)
    return mean - half, mean + half


def median(with_part, without, t):
    return (without - with_part).median(), by_std(with_part, without, t)[1]


def mean_only(with_part, without, t):
    return (without - with_part).mean()


def absolute_effect(with_part, without, t):
    return (without - with_part).abs().mean(), by_std(with_part, without, t)[1]


G = torch.Generator().manual_seed(0)
STEPS = torch.tensor([0.0, 4, 16, 64, 256, 1024, 6000])
COURSE = torch.tensor([0.0, 0.01, 0.12, 0.43, 0.71, 0.64, 0.55])
CLOUD = torch.randn(64, 8, generator=G) + 1
AFTER = CLOUD + torch.randn(64, 8, generator=G) + 0.5

BANK = {
    "3.1": Bank(
        right=[roots, numpy_roots, in_torch, as_list],
        wrong=[
            (mean_like_row, "the mean row is as long as a row"),
            (over_n, "the mean row: divided by n, not by its root"),
            (summed, "the mean row: summed, not averaged"),
            (one_coordinate_of_mean, "the mean row: one coordinate of it"),
            (one_coordinate, "one coordinate, not the length"),
            (squared, "squared lengths"),
            (variance_of_cosine, "the cosine's variance, not its root"),
            (no_cosine, "the cosine: the average, which is 0"),
            (mean_absolute_cosine, "the cosine: mean |cosine|, not root mean square"),
            (cosine_of_n, "the cosine depends on the number of tokens"),
            (two_values, None),
            (sigma_forgotten, None),
            (gpt_neo_by_heart, None),
            (unbiased, None),
            (sampled, None),
        ],
        real={"a model": (16384, 128, 0.02)},
    ),
    "3.2": Bank(
        right=[by_loop, by_argmax, interp_of_two, slope],
        wrong=[
            (next_look, "the look after the crossing"),
            (look_before, "the look before the crossing"),
            (halfway, "halfway between two looks"),
            (nearest, "the look whose value is nearest"),
            (index, "the number of the look, not its step"),
            (last_one, "the last crossing, not the first"),
            (turned_round, "the fraction is turned round"),
            (plain_interp, "np.interp, which wants rising values"),
            (of_the_largest, "a share of the largest value, not the level itself"),
            (in_logs, None),
            (sorted_interp, None),
            (share_of_steps, None),
            (rounded, None),
            (always_one_half, None),
        ],
        real={"a course": (STEPS, COURSE)},
    ),
    "3.3": Bank(
        right=[split, reduced, numpy_split, group_by_group],
        wrong=[
            (rarest_first, "the rarest first"),
            (by_number, "grouped by token number"),
            (as_ranks, "`order` read as ranks"),
            (own_means, "each group with its own mean"),
            (cosine_of_means, "the cosine of the group's mean"),
            (medians, "medians, not means"),
            (dot_products, "nothing is normalised"),
            (to_mean_of_units, "the mean of the unit rows, not of the rows"),
            (strided, "every k-th token"),
            (within, "cosines within the group, not with the mean"),
            (absolute, "absolute values"),
            (one_number, None),
            (not_averaged, None),
            (ends_only, None),
            (running, None),
        ],
        real={"a cloud": (CLOUD, torch.randperm(64, generator=G), 8)},
    ),
    "3.4": Bank(
        right=[normalised, difference_of_places, numpy_drift, by_einsum],
        wrong=[
            (initial_mean, "along the initial mean"),
            (mean_movement, "along the mean's movement"),
            (not_unit, "the direction has not length 1"),
            (backwards, "the sign is turned"),
            (place, "the place reached, not the way travelled"),
            (cosine_of_way, "a cosine: the length of the movement is divided out"),
            (distance, "how far each token moved, in whatever direction"),
            (own_direction, "along each token's own direction"),
            (along_mean_of_units, "the mean of the unit rows, not of the rows"),
            (change_of_cosine, "the change of the cosine"),
            (in_units_of_mean, None),
            (averaged, None),
            (as_vectors, None),
            (over_d_model, None),
        ],
        real={"a training": (CLOUD, AFTER)},
    ),
    "3.5": Bank(
        right=[by_std, in_numpy, by_hand, by_other_root],
        wrong=[
            (sign_turned, "the sign is turned"),
            (welch, "not paired"),
            (difference_of_spreads, "not paired"),
            (only_without, "only the spread of the runs without the part"),
            (of_single_ones, "the spread of single differences, not of their mean"),
            (by_n, "divided by n, not by its root"),
            (by_root_of_n_less_one, "divided by the root of n − 1"),
            (numpy_default, "the spread divides by n, not by n − 1"),
            (normal, "1.96 for t"),
            (standard_error, "the standard error: t is missing"),
            (whole_width, "the whole width, not half of it"),
            (relative, "relative: divided by the unchanged model's value"),
            (ends_of_the_interval, None),
            (median, None),
            (mean_only, None),
            (absolute_effect, None),
        ],
        real={"a removal": (torch.tensor([0.78, 0.8, 0.77]), torch.tensor([0.7, 0.76, 0.65]), 4.303)},
    ),
}
