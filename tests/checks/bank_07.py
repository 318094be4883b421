"""Answers to puzzle 07 as people write them."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F

from tests.checks.bank import Bank

# --- 7.1 what LayerNorm divides by ---------------------------------------------------------------------------------


def plain(X, eps):
    x = X - X.mean(-1, keepdim=True)
    return torch.sqrt((x**2).mean(-1) + eps)


def by_var(X, eps):
    return (X.var(dim=1, unbiased=False) + eps) ** 0.5


def in_numpy(X, eps):
    return np.sqrt(X.numpy().var(axis=1) + eps)


def from_layer_norm(X, eps):
    y = F.layer_norm(X.double(), X.shape[1:], eps=eps)
    x = X.double() - X.double().mean(1, keepdim=True)
    return (x.norm(dim=1) / y.norm(dim=1)).to(X.dtype)


def rms(X, eps):
    return (X.pow(2).mean(1) + eps).sqrt()


def text_mean(X, eps):
    return torch.sqrt((X - X.mean(0)).pow(2).mean(1) + eps)


def unbiased(X, eps):
    return torch.sqrt(torch.var(X, dim=1) + eps)


def eps_outside(X, eps):
    return X.std(1, correction=0) + eps


def no_eps(X, eps):
    return X.std(1, correction=0)


def length(X, eps):
    x = X - X.mean(1, keepdim=True)
    return (x.pow(2).sum(1) + eps) ** 0.5


def variance(X, eps):
    return X.var(1, correction=0) + eps


def batch_norm(X, eps):
    return (X.var(0, correction=0) + eps).sqrt()


def as_column(X, eps):
    return plain(X, eps)[:, None]


def inverse(X, eps):
    return 1 / plain(X, eps)


def torch_std(X, eps):
    return X.std(1) + eps


def fixed_eps(X, eps):
    return torch.sqrt(X.var(-1, unbiased=False) + 1e-5)


def text_first(X, eps):
    X = X - X.mean(0)
    return torch.sqrt(X.var(-1, unbiased=False) + eps)


def flat_means(X, eps):
    return ((X - X.mean(-1)).pow(2).mean(-1) + eps).sqrt()


# --- 7.2 the mean's share of the squared denominator ---------------------------------------------------------------


def two_steps(X):
    x = X - X.mean(1, keepdim=True)
    mu = x.mean(0)
    return (mu @ mu) / (x * x).sum(1).mean()


def from_mu(X):
    mu = X.mean(0)
    mu = mu - mu.mean()
    return mu.square().mean() / X.var(1, correction=0).mean()


def by_rest(X):
    x = X - X.mean(1, keepdim=True)
    return 1 - x.var(0, correction=0).sum() / x.square().sum(1).mean()


def numpy_share(X):
    x = X.numpy().astype(float)
    x = x - x.mean(1, keepdims=True)
    return (x.mean(0) ** 2).sum() / (x**2).sum(1).mean()


def whole_share(X):
    return X.mean(0).norm() ** 2 / X.norm(dim=1).pow(2).mean()


def mu_over_seen(X):
    return X.mean(0).square().mean() / X.var(1, correction=0).mean()


def seen_over_whole(X):
    mu = X.mean(0) - X.mean()
    return mu.square().sum() / X.square().sum(1).mean()


def averaged_ratio(X):
    mu = X.mean(0) - X.mean()
    return (mu.square().mean() / X.var(1, correction=0)).mean()


def lengths(X):
    x = X - X.mean(1, keepdim=True)
    return x.mean(0).norm() / x.norm(dim=1).mean()


def rest(X):
    return 1 - two_steps(X)


def percent(X):
    return 100 * two_steps(X)


def odds(X):
    return two_steps(X) / (1 - two_steps(X))


def own_means(X):
    return (X.mean(1) ** 2).mean() / (X**2).mean()


def rooted(X):
    return two_steps(X) ** 0.5


def denominators_drop(X):
    return 1 - (1 - two_steps(X)) ** 0.5


def mixed_variances(X):
    m = X.mean(0)
    return m.var() / X.var(-1, unbiased=False).mean()


def mixed_the_other_way(X):
    return X.mean(0).var(unbiased=False) / X.var(-1).mean()


def each_ones_fall(X):
    return (1 - (X - X.mean(0)).var(-1, unbiased=False) / X.var(-1, unbiased=False)).mean()


def typical_fall(X):
    m = X.mean(0)
    return 1 - (X - m).std(-1, unbiased=False).mean() / X.std(-1, unbiased=False).mean()


def undivided(X):
    a, b = X.var(-1, unbiased=False).mean(), (X - X.mean(0)).var(-1, unbiased=False).mean()
    return a - b


def undivided_sum(X):
    x = X - X.mean(1, keepdim=True)
    return x.mean(0).norm() ** 2


def sum_over_mean(X):
    m = X.mean(0)
    return m.norm() ** 2 / X.var(-1, unbiased=False).mean()


def seen_sum_over_mean(X):
    m = X.mean(0) - X.mean()
    return m.norm() ** 2 / X.var(-1, unbiased=False).mean()


def flat_share(X):
    x = X - X.mean(-1)
    return x.mean(0).pow(2).sum() / x.pow(2).sum(-1).mean()


# --- 7.3 another vector for the mean -------------------------------------------------------------------------------


def normalised(X, r):
    mu = X.mean(0)
    return (X - mu) + F.normalize(r, dim=0) * mu.norm()


def one_shift(X, r):
    mu = X.mean(0, keepdim=True)
    return X + (r / torch.linalg.norm(r) * torch.linalg.norm(mu) - mu)


def numpy_replace(X, r):
    x, v = X.numpy(), r.numpy()
    mu = x.mean(0)
    return x - mu + v * np.linalg.norm(mu) / np.linalg.norm(v)


def as_it_came(X, r):
    return X - X.mean(0) + r


def unit(X, r):
    return X - X.mean(0) + F.normalize(r, dim=0)


def kept(X, r):
    return X + F.normalize(r, dim=0) * X.mean(0).norm()


def only_removed(X, r):
    return X - X.mean(dim=0)


def mean_length(X, r):
    return X - X.mean(0) + F.normalize(r, dim=0) * X.norm(dim=1).mean()


def stretched(X, r):
    return F.normalize(normalised(X, r)) * X.norm(dim=1, keepdim=True)


def own_mean(X, r):
    return X - X.mean(1, keepdim=True) + F.normalize(r, dim=0) * X.mean(0).norm()


def turned(X, r):
    return X - X.mean(0) - F.normalize(r, dim=0) * X.mean(0).norm()


def in_place(X, r):
    mu = X.mean(0)
    X -= mu
    return X + r * mu.norm() / r.norm()


def projected(X, r):
    mu = X.mean(0) / X.mean(0).norm()
    return X - (X @ mu)[:, None] * mu + (X @ mu)[:, None] * F.normalize(r, dim=0)


def wrong_axis(X, r):
    m = X.mean(-1)
    return X - m + F.normalize(r, dim=0) * m.norm()


def by_seen_lengths(X, r):
    m = X.mean(0)

    def P(v):
        return v - v.mean()

    return X - m + r * P(m).norm() / P(r).norm()


def seen_r(X, r):
    m, v = X.mean(0), r - r.mean()
    return X - m + F.normalize(v, dim=0) * (m - m.mean()).norm()


def component(X, r):
    m, u = X.mean(0), F.normalize(r, dim=0)
    return X - m + (m @ u) * u


def mean_alone(X, r):
    return F.normalize(r, dim=0) * X.mean(0).norm()


# --- 7.4 LayerNorm with borrowed denominators ----------------------------------------------------------------------


def borrowed(X, clean, weight, bias):
    s = (clean.var(1, correction=0, keepdim=True) + 1e-5).sqrt()
    return weight * (X - X.mean(1, keepdim=True)) / s + bias


def rescaled(X, clean, weight, bias):
    ratio = ((X.var(1, correction=0) + 1e-5) / (clean.var(1, correction=0) + 1e-5)).sqrt()
    return F.layer_norm(X, X.shape[1:], eps=1e-5) * ratio[:, None] * weight + bias


def numpy_borrowed(X, clean, weight, bias):
    x, c = X.numpy(), clean.numpy()
    s = np.sqrt(c.var(1, keepdims=True) + 1e-5)
    return (x - x.mean(1, keepdims=True)) / s * weight.numpy() + bias.numpy()


def ordinary(X, clean, weight, bias):
    return F.layer_norm(X, X.shape[1:], weight, bias)


def clean_only(X, clean, weight, bias):
    return F.layer_norm(clean, X.shape[1:], weight, bias)


def upside_down(X, clean, weight, bias):
    s = (X.var(1, correction=0, keepdim=True) + 1e-5).sqrt()
    return weight * (clean - clean.mean(1, keepdim=True)) / s + bias


def clean_means(X, clean, weight, bias):
    s = (clean.var(1, correction=0, keepdim=True) + 1e-5).sqrt()
    return weight * (X - clean.mean(1, keepdim=True)) / s + bias


def means_left(X, clean, weight, bias):
    return X / (clean.var(1, correction=0, keepdim=True) + 1e-5).sqrt() * weight + bias


def twice(X, clean, weight, bias):
    return F.layer_norm(X, X.shape[1:]) / (clean.var(1, correction=0, keepdim=True) + 1e-5).sqrt() * weight + bias


def bare(X, clean, weight, bias):
    return (X - X.mean(1, keepdim=True)) / (clean.var(1, correction=0, keepdim=True) + 1e-5).sqrt()


def bias_first(X, clean, weight, bias):
    return (bare(X, clean, weight, bias) + bias) * weight


def one_for_all(X, clean, weight, bias):
    s = (clean.var(1, correction=0).mean() + 1e-5).sqrt()
    return (X - X.mean(1, keepdim=True)) / s * weight + bias


def wrong_way_round(X, clean, weight, bias):
    own = X - X.mean(1, keepdim=True)
    mine, theirs = ((v.var(1, correction=0, keepdim=True) + 1e-5).sqrt() for v in (X, clean))
    return own / mine * (theirs / mine) * weight + bias


def unbiased_std(X, clean, weight, bias):
    return (X - X.mean(1, keepdim=True)) / (clean.var(1, keepdim=True) + 1e-5).sqrt() * weight + bias


def batch_wise(X, clean, weight, bias):
    return (X - X.mean(0)) / (clean.var(0, correction=0) + 1e-5).sqrt() * weight + bias


def gain_only(X, clean, weight, bias):
    return bare(X, clean, weight, bias) * weight


def text_centred(X, clean, weight, bias):
    s = (clean.var(1, correction=0, keepdim=True) + 1e-5).sqrt()
    return (X - X.mean(0)) / s * weight + bias


def plain_lengths(X, clean, weight, bias):
    return (X - X.mean(-1, keepdim=True)) / clean.norm(dim=-1, keepdim=True) * weight + bias


def mean_denominator(X, clean, weight, bias):
    s = (clean.var(1, correction=0) + 1e-5).sqrt().mean()
    return (X - X.mean(1, keepdim=True)) / s * weight + bias


def whole_rescaled(X, clean, weight, bias):
    mine, theirs = ((v.var(1, correction=0, keepdim=True) + 1e-5).sqrt() for v in (X, clean))
    return F.layer_norm(X, X.shape[1:], weight, bias, eps=1e-5) * mine / theirs


def flat_numerator(X, clean, weight, bias):
    s = (clean.var(1, correction=0, keepdim=True) + 1e-5).sqrt()
    return (X - X.mean(1)) / s * weight + bias


def flat_denominator(X, clean, weight, bias):
    return (X - X.mean(1, keepdim=True)) / (clean.var(1, correction=0) + 1e-5).sqrt() * weight + bias


def flat_both(X, clean, weight, bias):
    return (X - X.mean(1)) / (clean.var(1, correction=0) + 1e-5).sqrt() * weight + bias


def flat_everywhere(X, clean, weight, bias):
    c = clean - clean.mean(-1)
    return (X - X.mean(-1)) / (c.pow(2).mean(-1) + 1e-5).sqrt() * weight + bias


# --- 7.5 which does more, and how sure is it? ----------------------------------------------------------------------


def differences(a, b):
    d = a - b
    return d.mean(), d.std() / len(d) ** 0.5


def numpy_sem(a, b):
    d = (a - b).numpy()
    return float(d.mean()), float(d.std(ddof=1) / np.sqrt(d.size))


def by_covariance(a, b):
    n = len(a)
    C = torch.cov(torch.stack([a, b]))
    return a.mean() - b.mean(), ((C[0, 0] + C[1, 1] - 2 * C[0, 1]) / n).sqrt()


def unpaired(a, b):
    return a.mean() - b.mean(), (a.var() / len(a) + b.var() / len(b)).sqrt()


def spread(a, b):
    return (a - b).mean(), (a - b).std()


def biased(a, b):
    d = (a - b).numpy()
    return d.mean(), d.std() / np.sqrt(len(d))


def over_n(a, b):
    return (a - b).mean(), (a - b).std() / len(a)


def squared(a, b):
    return (a - b).mean(), (a - b).var() / len(a)


def reversed_sign(a, b):
    return (b - a).mean(), (b - a).std() / len(a) ** 0.5


def absolutes(a, b):
    d = (a - b).abs()
    return d.mean(), d.std() / len(d) ** 0.5


def doubled(a, b):
    return (a - b).mean(), 2 * (a - b).std() / len(a) ** 0.5


def t_value(a, b):
    mean, se = differences(a, b)
    return mean / se, se


def middle_row(a, b):
    d = np.array(a - b)
    return np.median(d), d.std(ddof=1) / len(d) ** 0.5


def mean_only(a, b):
    return (a - b).mean()


def median(a, b):
    return (a - b).median(), (a - b).std() / len(a) ** 0.5


def added(a, b):
    return (a - b).mean(), (a.std() + b.std()) / len(a) ** 0.5


def swapped(a, b):
    gap, error = differences(a, b)
    return error, gap


def interval(a, b):
    gap, error = differences(a, b)
    return gap, 1.96 * error


def stacked(a, b):
    return torch.stack(differences(a, b))


generator = torch.Generator().manual_seed(3)
VECTORS = torch.randn(2000, 32, generator=generator) + 2 * torch.randn(32, generator=generator)
MOVED = VECTORS - VECTORS.mean(0)
GAIN, BIAS = 1 + 0.1 * torch.randn(32, generator=generator), torch.randn(32, generator=generator)
EFFECTS = torch.rand(16, generator=generator) + 0.2, torch.rand(16, generator=generator)


def squared_mean_denominator(X):
    return X.mean(0).var(unbiased=False) / X.std(1, unbiased=False).mean() ** 2


def r_not_unit(X, r):
    return X - X.mean(0) + r * X.mean(0).norm()


def each_its_length(X, r):
    return X - X.mean(0) + F.normalize(r, dim=0) * X.norm(dim=1, keepdim=True)


def by_lengths(X, clean, weight, bias):
    x, c = X - X.mean(1, keepdim=True), clean - clean.mean(1, keepdim=True)
    return x / c.norm(dim=1, keepdim=True) * weight + bias


def by_variances(X, clean, weight, bias):
    x = X - X.mean(1, keepdim=True)
    return x / (clean.var(1, keepdim=True, unbiased=False) + 1e-5) * weight + bias


def rms_of_clean(X, clean, weight, bias):
    x = X - X.mean(1, keepdim=True)
    return x / (clean.pow(2).mean(1, keepdim=True) + 1e-5).sqrt() * weight + bias


def frozen_eps_outside(X, clean, weight, bias):
    x = X - X.mean(1, keepdim=True)
    return x / (clean.std(1, keepdim=True, unbiased=False) + 1e-5) * weight + bias


def frozen_no_eps(X, clean, weight, bias):
    x = X - X.mean(1, keepdim=True)
    return x / clean.std(1, keepdim=True, unbiased=False) * weight + bias


def n_minus_one_twice(a, b):
    d = a - b
    return d.mean(), d.std() / (len(d) - 1) ** 0.5


BANK = {
    "7.1": Bank(
        right=[plain, by_var, in_numpy, from_layer_norm],
        wrong=[
            (rms, "the vector's own mean is left in"),
            (text_mean, "the mean over the text is taken away, not the vector's own"),
            (unbiased, "divided by d − 1"),
            (eps_outside, "eps is outside the root"),
            (no_eps, "eps is left out"),
            (length, "the length, not the root mean square"),
            (variance, "the root is missing"),
            (batch_norm, "over the text, not over d_model"),
            (as_column, None),
            (inverse, "the factor, not the denominator"),
            (torch_std, "divided by d − 1, and eps is outside the root"),
            (fixed_eps, "another eps than the one given"),
            (text_first, "the mean over the text is taken away first"),
            (flat_means, "the rows' numbers are laid along the columns"),
        ],
    ),
    "7.2": Bank(
        right=[two_steps, from_mu, by_rest, numpy_share],
        wrong=[
            (whole_share, "the share of E‖x‖², as if LayerNorm saw all of x"),
            (mu_over_seen, "above all of μ, below what LayerNorm sees"),
            (seen_over_whole, "above what LayerNorm sees, below all of x"),
            (averaged_ratio, "a share for each vector, then averaged"),
            (lengths, "the lengths are not squared"),
            (rest, "the rest's share"),
            (percent, "in percent"),
            (odds, "the mean against the rest, not against the whole"),
            (own_means, "the vectors' own means, not the mean vector"),
            (rooted, "the root of it"),
            (denominators_drop, "how far the denominator falls, not the square's share"),
            (squared_mean_denominator, "the squared mean of the denominators, not the mean of their squares"),
            (mixed_variances, "one variance from d − 1, the other from d"),
            (mixed_the_other_way, "one variance from d − 1, the other from d"),
            (each_ones_fall, "a share for each vector, then averaged"),
            (typical_fall, "how far the denominator falls, not the square's share"),
            (undivided, "not a share yet"),
            (undivided_sum, "not a share yet"),
            (sum_over_mean, "a sum over a mean"),
            (seen_sum_over_mean, "a sum over a mean"),
            (flat_share, "the rows' numbers are laid along the columns"),
        ],
    ),
    "7.3": Bank(
        real={"a stream": (VECTORS, GAIN)},
        right=[normalised, one_shift, numpy_replace],
        wrong=[
            (as_it_came, "r as long as it came"),
            (unit, "r with length 1"),
            (kept, "the mean is still there"),
            (only_removed, "nothing stands in its place"),
            (mean_length, "the mean of the lengths for the length of the mean"),
            (stretched, "each vector stretched to its old length"),
            (own_mean, "each vector's own mean is replaced"),
            (turned, "turned round"),
            (in_place, None),
            (projected, "each vector moved by its own amount: what lies along the mean is turned"),
            (r_not_unit, "r is stretched before it has length 1"),
            (each_its_length, "each vector gets one of its own length"),
            (wrong_axis, "the mean over the other axis"),
            (by_seen_lengths, "the lengths as LayerNorm sees them"),
            (seen_r, "the lengths as LayerNorm sees them"),
            (component, "only as much of r as the mean had of it"),
            (mean_alone, "the new mean, without the vectors"),
        ],
    ),
    "7.4": Bank(
        real={"a stream": (MOVED, VECTORS, GAIN, BIAS)},
        right=[borrowed, rescaled, numpy_borrowed],
        wrong=[
            (ordinary, "X's own denominators"),
            (clean_only, "everything from the clean vectors"),
            (upside_down, "clean above, X below"),
            (clean_means, "the clean vectors' own means are taken away too"),
            (means_left, "X's own means are left in"),
            (twice, "normalised twice"),
            (bare, "gain and bias are missing"),
            (bias_first, "the bias is scaled by the gain"),
            (one_for_all, "one denominator for all vectors"),
            (wrong_way_round, "the denominators the wrong way round"),
            (unbiased_std, "divided by d − 1"),
            (batch_wise, "over the text, not over d_model"),
            (gain_only, "the bias is missing"),
            (by_lengths, "the length, not the root mean square"),
            (by_variances, "the root is missing"),
            (rms_of_clean, "the own mean of `clean` is left in its denominator"),
            (frozen_eps_outside, "eps is outside the root"),
            (frozen_no_eps, "eps is left out"),
            (text_centred, "the mean over the text is taken away, not each vector's own"),
            (plain_lengths, "the length, not the root mean square"),
            (mean_denominator, "one denominator for all vectors"),
            (whole_rescaled, "the bias is rescaled too"),
            (flat_numerator, "the rows' numbers are laid along the columns"),
            (flat_denominator, "the rows' numbers are laid along the columns"),
            (flat_both, "the rows' numbers are laid along the columns"),
            (flat_everywhere, "the rows' numbers are laid along the columns"),
        ],
    ),
    "7.5": Bank(
        real={"two effects": EFFECTS},
        right=[differences, numpy_sem, by_covariance],
        wrong=[
            (unpaired, "the rows are not paired"),
            (spread, "the spread of a row, not of the mean"),
            (biased, "divided by n in the spread"),
            (over_n, "the spread is divided by n, not by its root"),
            (squared, "the squared standard error"),
            (reversed_sign, "the sign is turned"),
            (absolutes, "absolute differences"),
            (doubled, "two standard errors"),
            (t_value, "in units of the standard error"),
            (mean_only, None),
            (median, None),  # of an even number the lower of the two in the middle
            (middle_row, "the median row"),
            (n_minus_one_twice, "divided by √(n − 1)"),
            (added, "the two errors are added"),
            (swapped, "the error first"),
            (interval, "half an interval, not a standard error"),
            (stacked, None),  # one tensor for two numbers
        ],
    ),
}
