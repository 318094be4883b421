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


def first_two_swapped(n, d, sigma):
    row = sigma * math.sqrt(d)
    return row / math.sqrt(n), row, 1 / math.sqrt(d)


def last_two_swapped(n, d, sigma):
    row = sigma * math.sqrt(d)
    return row, 1 / math.sqrt(d), row / math.sqrt(n)


# --- 3.2 the gradient of the output rows --------------------------------------------------------------------------


def by_autograd(h, W, following):
    W = W.clone().requires_grad_()
    F.cross_entropy(h @ W.T, following).backward()
    return W.grad


def error_term(h, W, following):
    error = (h @ W.T).softmax(-1)
    error[torch.arange(len(h)), following] -= 1
    return error.T @ h / len(h)


def outer_products(h, W, following):
    total = torch.zeros_like(W)
    for state, token in zip(h, following, strict=True):
        p = (W @ state).softmax(0)
        total += torch.outer(p, state)
        total[token] -= state
    return total / len(h)


def with_einsum(h, W, following):
    p = einops.einsum(h, W, "n d, v d -> n v").softmax(1)
    return einops.einsum(p - torch.eye(len(W))[following].to(p), h, "n v, n d -> v d") / h.shape[0]


def numpy_gradient(h, W, following):
    h, W, t = h.numpy(), W.numpy(), following.numpy()
    z = np.exp(h @ W.T)
    p = z / z.sum(1, keepdims=True)
    p[np.arange(len(t)), t] -= 1
    return p.T @ h / len(t)


def downhill(h, W, following):
    p = (h @ W.T).softmax(1)
    return (F.one_hot(following, len(W)) - p).T @ h / len(h)


def summed_over(h, W, following):
    p = (h @ W.T).softmax(1)
    return (p - F.one_hot(following, len(W))).T @ h


def sum_by_autograd(h, W, following):
    W = W.clone().requires_grad_()
    F.cross_entropy(h @ W.T, following, reduction="sum").backward()
    return W.grad


def all_wrong(h, W, following):
    return (h @ W.T).softmax(1).T @ h / len(h)


def only_right(h, W, following):
    return -F.one_hot(following, len(W)).to(h).T @ h / len(h)


def wrong_axis(h, W, following):
    p = (h @ W.T).softmax(0)
    return (p - F.one_hot(following, len(W))).T @ h / len(h)


def logits_for_p(h, W, following):
    return (h @ W.T - F.one_hot(following, len(W))).T @ h / len(h)


def uniform(h, W, following):
    return (1 / len(W) - F.one_hot(following, len(W)).to(h)).T @ h / len(h)


def means_multiplied(h, W, following):
    p = (h @ W.T).softmax(1) - F.one_hot(following, len(W))
    return p.mean(0)[:, None] * h.mean(0)


def for_h(h, W, following):
    h = h.clone().requires_grad_()
    F.cross_entropy(h @ W.T, following).backward()
    return h.grad


def unit_states(h, W, following):
    return by_autograd(F.normalize(h), W, following)


def transposed(h, W, following):
    return by_autograd(h, W, following).T


def over_the_vocabulary(h, W, following):
    return by_autograd(h, W, following) * len(h) / len(W)


# --- 3.3 the first push -------------------------------------------------------------------------------------------


def against_mean(h, d_vocab):
    return -h.sum(0) / (len(h) * d_vocab)


def from_the_gradient(h, d_vocab):
    W = torch.zeros(d_vocab, h.shape[1], dtype=h.dtype, requires_grad=True)
    F.cross_entropy(h @ W.T, torch.zeros(len(h), dtype=torch.long)).backward()
    return -W.grad[-1]


def numpy_push(h, d_vocab):
    return -(1 / d_vocab) * h.numpy().mean(axis=0)


def einops_push(h, d_vocab):
    return einops.reduce(-h / d_vocab, "n d -> d", "mean")


def uphill(h, d_vocab):
    return h.mean(0) / d_vocab


def not_shared(h, d_vocab):
    return -h.mean(0)


def not_shared_uphill(h, d_vocab):
    return h.mean(0)


def sum_of_pushes(h, d_vocab):
    return -h.sum(0) / d_vocab


def twice_averaged(h, d_vocab):
    return -h.mean(0) / d_vocab / len(h)


def direction_only(h, d_vocab):
    return -F.normalize(h.mean(0), dim=0)


def no_push(h, d_vocab):
    return torch.zeros(h.shape[1])


def of_a_right_token(h, d_vocab):
    return h.mean(0) - h.mean(0) / d_vocab


def of_the_last_position(h, d_vocab):
    return -h[-1] / d_vocab


def by_median(h, d_vocab):
    return -h.median(0).values / d_vocab


def a_number(h, d_vocab):
    return -h.mean() / d_vocab


def a_row_each(h, d_vocab):
    return -h / d_vocab


# --- 3.4 cosine by frequency ---------------------------------------------------------------------------------------


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


def units_only(W, order, k):
    return (F.normalize(W) @ W.mean(0))[order].view(k, -1).mean(1)


def unit_mean_only(W, order, k):
    return (W @ F.normalize(W.mean(0), dim=0))[order].view(k, -1).mean(1)


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


G = torch.Generator().manual_seed(0)
STATES = torch.randn(40, 8, generator=G) + 1
SCORES = torch.randn(64, 8, generator=G) * 0.3
FOLLOWING = torch.randint(64, (40,), generator=G)
CLOUD = torch.randn(64, 8, generator=G) + 1


def mean_row_zero(n, d, sigma):
    return sigma * d**0.5, 0.0, 1 / d**0.5


def averages_zero(n, d, sigma):
    return sigma * math.sqrt(d), 0, 0


def times_d(n, d, sigma):
    return sigma * d, sigma * d / n**0.5, d**-0.5


def sigma_as_variance(n, d, sigma):
    return math.sqrt(sigma * d), math.sqrt(sigma * d / n), 1 / math.sqrt(d)


def log_probabilities(h, W, following):
    p = (h @ W.T).log_softmax(-1)
    p[torch.arange(len(h)), following] -= 1
    return p.T @ h / len(h)


def by_positions(h, d_vocab):
    return -h.sum(0) / len(h) ** 2


def unit_step(h, d_vocab):
    return -F.normalize(h.mean(0), dim=0) / d_vocab


def centred_tokens(W, order, k):
    cos = F.cosine_similarity(W - W.mean(0), W.mean(0)[None])
    return cos[order].view(k, -1).mean(1)


def added_up(W, order, k):
    return F.cosine_similarity(W, W.mean(0)[None])[order].view(k, -1).sum(1)


def swapped(n, d, sigma):
    return sigma * math.sqrt(n), sigma * math.sqrt(n / d), 1 / math.sqrt(n)


def repeats_lost(h, W, following):
    p = (h @ W.T).softmax(-1)
    G = p.T @ h
    G[following] -= h
    return G / len(h)


def taken_off_everywhere(h, W, following):
    p = (h @ W.T).softmax(-1)
    p[:, following] -= 1
    return p.T @ h / len(h)


def among_the_wrong(h, d_vocab):
    return -h.mean(0) / (d_vocab - 1)


def groups_of_k(W, order, k):
    cos = F.cosine_similarity(W, W.mean(0, keepdim=True), dim=1)
    return cos[order].view(-1, k).mean(1)


def pieces_of_k(W, order, k):
    cos = F.cosine_similarity(W, W.mean(0, keepdim=True), dim=1)
    return torch.stack([c.mean() for c in cos[order].split(k)])


def over_the_width(W, order, k):
    cos = F.cosine_similarity(W, W.mean(1, keepdim=True), dim=1)
    return cos[order].view(k, -1).mean(1)


def mean_of_units_as_it_is(W, order, k):
    u = F.normalize(W)
    return (u @ u.mean(0))[order].view(k, -1).mean(1)


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
            (swapped, "n and d have changed places"),
            (first_two_swapped, "the first two have changed places"),
            (last_two_swapped, "the last two have changed places"),
            (sigma_forgotten, None),
            (gpt_neo_by_heart, None),
            (unbiased, None),
            (sampled, None),
            (mean_row_zero, "the mean row: the average vector, which is 0"),
            (averages_zero, "the mean row and the cosine: averages, which are 0"),
            (times_d, "d, where its root belongs"),
            (sigma_as_variance, "σ under the root"),
        ],
        real={"a model": (8192, 128, 0.02)},
    ),
    "3.2": Bank(
        right=[by_autograd, error_term, outer_products, with_einsum, numpy_gradient],
        wrong=[
            (downhill, "the step of descent, not the gradient"),
            (summed_over, "summed over positions, not averaged"),
            (sum_by_autograd, "summed over positions, not averaged"),
            (all_wrong, "the right answers are not taken off"),
            (only_right, "only the right answers"),
            (wrong_axis, "softmax over the positions"),
            (logits_for_p, "logits for probabilities"),
            (uniform, "every token taken for equally probable"),
            (means_multiplied, "averages multiplied, not products averaged"),
            (for_h, "the gradient for h, not for W"),
            (unit_states, None),
            (transposed, None),
            (over_the_vocabulary, "divided by the number of tokens, not of positions"),
            (log_probabilities, "log-probabilities for probabilities"),
            (repeats_lost, "a token that follows twice is taken off once"),
            (taken_off_everywhere, "the right answers are taken off at every position"),
        ],
        real={"a last product": (STATES, SCORES, FOLLOWING)},
    ),
    "3.3": Bank(
        right=[against_mean, from_the_gradient, numpy_push, einops_push],
        wrong=[
            (uphill, "the gradient, not the step"),
            (not_shared, "as far as a token that is sure"),
            (not_shared_uphill, "as far as a token that is sure, and uphill"),
            (sum_of_pushes, "summed over positions, not averaged"),
            (twice_averaged, "divided by the number of positions once more"),
            (direction_only, "only its direction"),
            (no_push, "it stays where it is"),
            (of_a_right_token, "the token is taken to be right"),
            (of_the_last_position, None),
            (by_median, None),
            (a_number, None),
            (a_row_each, None),
            (by_positions, "divided by the number of positions, not of tokens"),
            (among_the_wrong, "shared among the wrong answers only"),
            (unit_step, "the length of the mean hidden state is left out"),
        ],
        real={"hidden states": (STATES, 2048)},
    ),
    "3.4": Bank(
        right=[split, reduced, numpy_split, group_by_group],
        wrong=[
            (rarest_first, "the rarest first"),
            (by_number, "grouped by token number"),
            (as_ranks, "`order` read as ranks"),
            (own_means, "each group with its own mean"),
            (cosine_of_means, "the cosine of the group's mean"),
            (medians, "medians, not means"),
            (dot_products, "nothing is normalised"),
            (units_only, "only one of the two is normalised"),
            (unit_mean_only, "only one of the two is normalised"),
            (to_mean_of_units, "the mean of the unit rows, not of the rows"),
            (strided, "every k-th token"),
            (within, "cosines within the group, not with the mean"),
            (absolute, "absolute values"),
            (one_number, None),
            (not_averaged, None),
            (ends_only, None),
            (running, None),
            (centred_tokens, "the tokens are centred first"),
            (added_up, "added up, not averaged"),
            (groups_of_k, "k taken for the size of a group"),
            (pieces_of_k, "k taken for the size of a group"),
            (over_the_width, "the mean of each token's own numbers"),
            (mean_of_units_as_it_is, "the mean of the unit rows, and not made a unit"),
        ],
        real={"a cloud": (CLOUD, torch.randperm(64, generator=G), 8)},
    ),
}
