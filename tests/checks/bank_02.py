"""Answers to puzzle 02 as people write them."""

from __future__ import annotations

import math
from types import SimpleNamespace

import einops
import numpy as np
import torch
import torch.nn.functional as F
from transformers import GPT2Config, GPT2LMHeadModel

from tests.checks.bank import Bank
from zeropoint.puzzles.p02.symmetries import Trial

GENERATOR = torch.Generator().manual_seed(3)


def randn(*shape):
    return torch.randn(*shape, generator=GENERATOR)


# --- 2.1 how far apart are two predictions? ------------------------------------------------------------------------


def by_hand(before, after):
    p = before.softmax(dim=-1)
    return (p * (before.log_softmax(dim=-1) - after.log_softmax(dim=-1))).sum(dim=-1).mean()


def torch_kl(before, after):
    return F.kl_div(F.log_softmax(after, -1), F.log_softmax(before, -1), reduction="batchmean", log_target=True)


def distributions(before, after):
    P, Q = torch.distributions.Categorical(logits=before), torch.distributions.Categorical(logits=after)
    return torch.distributions.kl_divergence(P, Q).mean().item()


def in_numpy(before, after):
    def log_softmax(x):
        x = x.numpy().astype(np.float64)
        x = x - x.max(-1, keepdims=True)
        return x - np.log(np.exp(x).sum(-1, keepdims=True))

    p, q = log_softmax(before), log_softmax(after)
    return float((np.exp(p) * (p - q)).sum(-1).mean())


def position_by_position(before, after):
    total = 0.0
    for b, a in zip(before, after, strict=True):
        p = b.softmax(0)
        total += (p * (b.log_softmax(0) - a.log_softmax(0))).sum()
    return total / len(before)


def arguments_swapped(before, after):
    return F.kl_div(before.log_softmax(-1), after.softmax(-1), reduction="batchmean")


def symmetric(before, after):
    return 0.5 * torch_kl(before, after) + 0.5 * torch_kl(after, before)


def summed(before, after):
    return F.kl_div(F.log_softmax(after, -1), F.softmax(before, -1), reduction="sum")


def default_reduction(before, after):
    return (before.softmax(-1) * (before.log_softmax(-1) - after.log_softmax(-1))).mean()


def raw_logits(before, after):
    return (before.softmax(-1) * (before - after)).sum(-1).mean()


def over_positions(before, after):
    p, q = before.log_softmax(0), after.log_softmax(0)
    return (p.exp() * (p - q)).sum(0).mean()


def bits(before, after):
    return by_hand(before, after) / math.log(2)


def cross_entropy(before, after):
    return F.cross_entropy(after, before.softmax(-1))


def negative(before, after):
    return (before.softmax(-1) * (after.log_softmax(-1) - before.log_softmax(-1))).sum(-1).mean()


def total_variation(before, after):
    return 0.5 * (before.softmax(-1) - after.softmax(-1)).abs().sum(-1).mean()


def worst_position(before, after):
    p, q = before.log_softmax(-1), after.log_softmax(-1)
    return F.kl_div(q, p, reduction="none", log_target=True).sum(-1).max()


def squared_logits(before, after):
    return (before - after).square().mean()


def log_prob_difference(before, after):
    return (before.log_softmax(-1) - after.log_softmax(-1)).abs().mean()


def each_position(before, after):
    return (before.softmax(-1) * (before.log_softmax(-1) - after.log_softmax(-1))).sum(-1)


def in_half(before, after):
    return by_hand(before.half(), after.half())


def no_softmax(before, after):
    return (before * (before / after).log()).sum(-1).mean()


def exponentials_for_probabilities(before, after):
    return (before.exp() * (before - after)).sum(-1).mean()


def jensen_shannon(before, after):
    log_p, log_q = before.log_softmax(-1), after.log_softmax(-1)
    log_m = torch.stack([log_p, log_q]).logsumexp(0) - math.log(2)
    one = F.kl_div(log_m, log_p, reduction="batchmean", log_target=True)
    return (one + F.kl_div(log_m, log_q, reduction="batchmean", log_target=True)) / 2


def double_softmax(before, after):
    p, q = before.softmax(-1), after.softmax(-1)
    return F.kl_div(q.log_softmax(-1), p.log_softmax(-1), reduction="batchmean", log_target=True)


def epsilon_inside(before, after):
    p, q = before.softmax(-1), after.softmax(-1)
    return (p * (torch.log(p + 1e-9) - torch.log(q + 1e-9))).sum(-1).mean()


def log_of_softmax(before, after):
    p, q = before.softmax(-1), after.softmax(-1)
    return (p * (p.log() - q.log())).sum(-1).mean()


# --- 2.2 hide the mean ---------------------------------------------------------------------------------------------


def exchange(W_E, W_pos):
    mu = W_E.mean(dim=0, keepdim=True)
    return W_E - mu, W_pos + mu


def exchange_list(W_E, W_pos):
    mu = einops.reduce(W_E, "d_vocab d_model -> d_model", "mean")
    return [W_E - mu, W_pos + mu]


def exchange_by_sum(W_E, W_pos):
    mu = torch.ones(len(W_E), dtype=W_E.dtype) @ W_E / len(W_E)
    return W_E - mu.expand_as(W_E), W_pos + mu.expand_as(W_pos)


def exchange_on_copies(W_E, W_pos):
    W_E, W_pos = W_E.clone(), W_pos.clone()
    mu = W_E.mean(0)
    W_E -= mu
    W_pos += mu
    return W_E, W_pos


def exchange_numpy(W_E, W_pos):
    E, P = W_E.numpy(), W_pos.numpy()
    return E - E.mean(0), P + E.mean(0)


def exchange_less_own_means(W_E, W_pos):
    E = W_E - W_E.mean(0)
    return E - E.mean(1, keepdim=True), W_pos + W_E.mean(0)


def positions_less_own_means(W_E, W_pos):
    P = W_pos + W_E.mean(0)
    return W_E - W_E.mean(0), P - P.mean(1, keepdim=True)


def ones_added(W_E, W_pos):
    return W_E - W_E.mean(0), W_pos + W_E.mean(0) + 3.0


def only_centre(W_E, W_pos):
    return W_E - W_E.mean(0), W_pos


def both_minus(W_E, W_pos):
    mu = W_E.mean(0)
    return W_E - mu, W_pos - mu


def both_centred(W_E, W_pos):
    return W_E - W_E.mean(0), W_pos - W_pos.mean(0)


def positions_replaced(W_E, W_pos):
    return W_E - W_E.mean(0), W_pos + (W_E.mean(0) - W_pos.mean(0))


def first_position(W_E, W_pos):
    new = W_pos.clone()
    new[0] = new[0] + W_E.mean(0)
    return W_E - W_E.mean(0), new


def shared(W_E, W_pos):
    return W_E - W_E.mean(0), W_pos + W_E.mean(0) / W_pos.shape[0]


def wrong_mean_back(W_E, W_pos):
    return W_E - W_E.mean(0), W_pos + W_pos.mean(0)


def turned(W_E, W_pos):
    return W_E + W_E.mean(0), W_pos - W_E.mean(0)


def swapped_means(W_E, W_pos):
    mu, pi = W_E.mean(0), W_pos.mean(0)
    return W_E - mu + pi, W_pos - pi + mu


def positions_centred(W_E, W_pos):
    pi = W_pos.mean(0)
    return W_E + pi, W_pos - pi


def rows_centred(W_E, W_pos):
    return W_E - W_E.mean(dim=-1, keepdim=True), W_pos


def scalar(W_E, W_pos):
    return W_E - W_E.mean(), W_pos + W_E.mean()


def as_they_are(W_E, W_pos):
    return W_E.clone(), W_pos.clone()


def tokens_only(W_E, W_pos):
    return W_E - W_E.mean(0)


def wrong_order(W_E, W_pos):
    return W_pos + W_E.mean(0), W_E - W_E.mean(0)


def in_place(W_E, W_pos):
    mu = W_E.mean(0)
    W_E -= mu
    W_pos += mu
    return W_E, W_pos


def mean_after_the_move(W_E, W_pos):
    W_E = W_E - W_E.mean(0)
    return W_E, W_pos + W_E.mean(0)


def unit_mean(W_E, W_pos):
    mu = F.normalize(W_E.mean(0), dim=0)
    return W_E - mu, W_pos + mu


def joint_mean(W_E, W_pos):
    mu = torch.cat([W_E, W_pos]).mean(0)
    return W_E - mu, W_pos + mu


# --- 2.3 what the tied head does -----------------------------------------------------------------------------------


def minus_h_mu(W_E, h):
    return -h @ W_E.mean(0)


def measured(W_E, h):
    new = W_E - W_E.mean(0)
    return (h @ new.T).logsumexp(-1) - (h @ W_E.T).logsumexp(-1)


def through_one_logit(W_E, h):
    new = W_E - W_E.mean(0)
    return h @ new[0] - h @ W_E[0]


def mean_logit(W_E, h):
    return -(h @ W_E.T).mean(-1)


def with_einsum(W_E, h):
    return einops.einsum(h, -W_E.mean(0), "seq d, d -> seq")


def plus_h_mu(W_E, h):
    return h @ W_E.mean(0)


def zeros(W_E, h):
    new = W_E - W_E.mean(0)
    return torch.zeros(len(h), dtype=new.dtype)


def log_prob_change(W_E, h):
    new = (h @ (W_E - W_E.mean(0)).T).log_softmax(-1)
    return (new - (h @ W_E.T).log_softmax(-1)).mean(-1)


def only_after(W_E, h):
    return (h @ (W_E - W_E.mean(0)).T).logsumexp(-1)


def only_before(W_E, h):
    return torch.logsumexp(h @ W_E.T, dim=-1)


def of_Z(W_E, h):
    return (h @ (W_E - W_E.mean(0)).T).exp().sum(-1) - (h @ W_E.T).exp().sum(-1)


def all_logits(W_E, h):
    return h @ (W_E - W_E.mean(0)).T - h @ W_E.T


def along_the_mean(W_E, h):
    return -h @ F.normalize(W_E.mean(0), dim=0)


def with_sum(W_E, h):
    return -h @ W_E.sum(0)


def one_number(W_E, h):
    return measured(W_E, h).mean()


def rows_own_mean(W_E, h):
    new = W_E - W_E.mean(-1, keepdim=True)
    return (h @ new.T).logsumexp(-1) - (h @ W_E.T).logsumexp(-1)


def over_positions_Z(W_E, h):
    return (h @ (W_E - W_E.mean(0)).T).logsumexp(0) - (h @ W_E.T).logsumexp(0)


def mean_log_prob(W_E, h):
    return (h @ W_E.T).log_softmax(-1).mean(-1)


def twice(W_E, h):
    return -2 * h @ W_E.mean(0)


def of_absolute(W_E, h):
    return (h @ W_E.mean(0)).abs()


# --- 2.4 six terms in a head ---------------------------------------------------------------------------------------


def three_terms(u, v, c, A, b):
    return u @ A @ v.T + (c @ A @ v.T)[None, :] + (v @ b)[None]


def factored(u, v, c, A, b):
    return (c + u) @ A @ v.T + b @ v.T


def einsum_terms(u, v, c, A, b):
    first = torch.einsum("qi,ij,kj->qk", u, A, v)
    return first + torch.einsum("i,ij,kj->k", c, A, v) + torch.einsum("i,ki->k", b, v)


def everything_less_three(u, v, c, A, b):
    whole = (c + u) @ A @ (c + v).T + (c + v) @ b
    return whole - (u @ A @ c)[:, None] - c @ A @ c - b @ c


def whole(u, v, c, A, b):
    return (c + u) @ A @ (c + v).T + b @ (c + v).T


def without_bias(u, v, c, A, b):
    return (c + u) @ A @ v.T


def u_and_bias(u, v, c, A, b):
    return u @ A @ v.T + v @ b


def u_and_v(u, v, c, A, b):
    return u @ A @ v.T


def other_two(u, v, c, A, b):
    return u @ A @ (v + c).T


def key_constant_left(u, v, c, A, b):
    return (c + u) @ A @ v.T + v @ b + (u @ A @ c)[:, None]


def three_with_constant(u, v, c, A, b):
    return (u + c) @ A @ v.T + v @ b + c @ A @ c


def bias_with_c(u, v, c, A, b):
    return (u + c) @ A @ v.T + (v + c) @ b


def both_constants(u, v, c, A, b):
    return (u + c) @ A @ v.T + (v + c) @ b + c @ A @ c


def bias_only(u, v, c, A, b):
    return (c @ A @ v.T + b @ v.T).expand(len(u), len(v))


def transposed_A(u, v, c, A, b):
    return (c + u) @ A.T @ v.T + v @ b


def scaled(u, v, c, A, b):
    return three_terms(u, v, c, A, b) / math.sqrt(len(c))


def centred_scores(u, v, c, A, b):
    s = whole(u, v, c, A, b)
    return s - s.mean(dim=1, keepdim=True)


def pattern(u, v, c, A, b):
    return F.softmax(three_terms(u, v, c, A, b), dim=-1)


def turned_round(u, v, c, A, b):
    return three_terms(u, v, c, A, b).T


def bias_not_broadcast(u, v, c, A, b):
    return c @ A @ v.T + b @ v.T


def less_the_largest(u, v, c, A, b):
    s = three_terms(u, v, c, A, b)
    return s - s.max(-1, keepdim=True).values


def term_of_the_query_kept(u, v, c, A, b):
    return u @ A @ v.T + (u @ A @ c)[:, None] + v @ b


def key_bias_for_query_bias(u, v, c, A, b):
    return u @ A @ v.T + (v @ A @ c)[None, :] + v @ b


def no_A(u, v, c, A, b):
    return (c + u) @ v.T + v @ b


# --- 2.5 absorb a constant -----------------------------------------------------------------------------------------


def move_it(shift, W, b, c):
    return shift - c, b + c @ W


def transposed_product(shift, W, b, c):
    return shift - c, b + W.T @ c


def by_einsum(shift, W, b, c):
    return shift - c, b + einops.einsum(c, W, "i, i o -> o")


def by_difference(shift, W, b, c):
    new = shift - c
    return new, (shift @ W + b) - new @ W


def by_linear(shift, W, b, c):
    return shift - c, F.linear(c, W.T, b)


def bias_kept(shift, W, b, c):
    return shift - c, b


def minus_cW(shift, W, b, c):
    return shift - c, b - c @ W


def shift_kept(shift, W, b, c):
    return shift, b + c @ W


def other_direction(shift, W, b, c):
    return shift + c, b - c @ W


def new_bias_only(shift, W, b, c):
    return shift - c, c @ W


def W_c(shift, W, b, c):
    return shift - c, b + torch.mv(W, c)


def plain_c(shift, W, b, c):
    return shift - c, b + c


def whole_shift(shift, W, b, c):
    return torch.zeros_like(shift), b + shift @ W


def rest_moved(shift, W, b, c):
    return c, b + (shift - c) @ W


def nothing(shift, W, b, c):
    return shift, b


def bias_alone(shift, W, b, c):
    return b + c @ W


def other_order(shift, W, b, c):
    return b + c @ W, shift - c


def sum_of_W(shift, W, b, c):
    return shift - c, b + c.sum() * W.sum(0)


def scaled_by_shift(shift, W, b, c):
    return shift - c, b + (shift * c) @ W


def what_is_left_is_absorbed(shift, W, b, c):
    return shift - c, b + (shift - c) @ W


def answers_added(shift, W, b, c):
    return shift + c, b + c @ W


# --- 2.7 an open search --------------------------------------------------------------------------------------------


def _head(t):
    h = t.h[0, -1]
    return {"W_U": t.W_U + 3000 * (h / (h @ h))[:, None]}


def _unread(t):
    rows = torch.tensor([i not in set(t.ids.flatten().tolist()) for i in range(len(t.W_E))])
    new = t.W_E.clone()
    new[rows] = 0
    return {"W_E": new}


def _attention_output(t):
    name = "transformer.h.1.attn.c_proj.bias"
    return {name: t.net.get_parameter(name) - 0.5}


def _neurons_renamed(t):
    at = "transformer.h.0.mlp."
    W_in, b_in, W_out = (t.net.get_parameter(at + n) for n in ("c_fc.weight", "c_fc.bias", "c_proj.weight"))
    return {at + "c_fc.weight": W_in.flip(1), at + "c_fc.bias": b_in.flip(0), at + "c_proj.weight": W_out.flip(0)}


def _far_positions(t):
    new = t.W_pos.clone()
    new[t.ids.shape[1] :] *= -1
    return {"W_pos": new}


def _keys_gain_a_bias(t):
    name = "transformer.h.0.attn.c_attn.bias"
    q, k, v = t.net.get_parameter(name).chunk(3)
    return {name: torch.cat([q, k + 1, v])}


def search_layernorm(t):
    return {"free": _attention_output(t), "loud": _head(t), "fools": _unread(t)}


def search_neurons(t):
    return {"free": _neurons_renamed(t), "loud": _head(t), "fools": _far_positions(t)}


def _final_shift(t):
    """A number along the last LayerNorm's input: what the last block writes gains it."""
    name = "transformer.h.1.mlp.c_proj.bias"
    return {name: t.net.get_parameter(name) + 2}


def search_last_block(t):
    return {"free": _final_shift(t), "loud": {"W_U": t.W_U + 1e5 * t.mu[:, None]}, "fools": _unread(t)}


def search_keys(t):
    return search_last_block(t) | {"free": _keys_gain_a_bias(t)}


def _decoys(t):
    """Many tokens change in a way that nobody sees, one in a way that counts."""
    rows = torch.tensor([i not in set(t.ids.flatten().tolist()) for i in range(len(t.W_E))])
    new = t.W_E.clone()
    new[rows] += 1e3
    new[-1] += t.random()
    return {"W_E": new}


def search_behind_decoys(t):
    return search_last_block(t) | {"free": _decoys(t)}


def search_not_finite(t):
    new = t.W_E.clone()
    new[-1] = float("nan")
    return search_last_block(t) | {"fools": {"W_E": new}}


def search_in_place(t):
    t.W_E -= t.mu
    return search_last_block(t)


def search_noise(t):
    noise = torch.randn(t.W_E.shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    return search_last_block(t) | {"fools": {"W_E": t.W_E + 1e-7 * noise.to(t.W_E.dtype)}}


def search_listed(t):
    return search_last_block(t) | {"free": {"W_E": t.W_E - t.mu, "W_pos": t.W_pos + t.mu}}


def search_own_means(t):
    return search_last_block(t) | {"free": {"W_E": t.W_E - t.W_E.mean(1, keepdim=True)}}


def search_no_move(t):
    return search_last_block(t) | {"free": {"W_E": t.W_E.clone()}}


def search_unread_is_not_free(t):
    return search_last_block(t) | {"free": _unread(t)}


def search_far_is_not_free(t):
    return search_last_block(t) | {"free": _far_positions(t)}


def search_not_loud(t):
    return search_last_block(t) | {"loud": {"W_U": t.W_U + t.random()[:, None]}}


def search_loud_and_wrong(t):
    return search_last_block(t) | {"loud": {"W_U": 5000 * t.W_U}}


def search_noticed(t):
    return search_last_block(t) | {"fools": {"W_E": t.W_E - t.mu}}


def search_nobody_fooled(t):
    return search_last_block(t) | {"fools": _keys_gain_a_bias(t)}


def search_half_found(t):
    return search_last_block(t) | {"loud": None}


def search_one_move(t):
    return _head(t)


def search_unknown_tensor(t):
    return search_last_block(t) | {"loud": {"W_Q": t.W_U}}


def tiny_trial():
    """A random model of GPT-2's kind, small enough to be judged a dozen times."""
    torch.manual_seed(0)
    shape = dict(vocab_size=60, n_positions=24, n_embd=16, n_layer=2, n_head=2, initializer_range=0.3)
    net = GPT2LMHeadModel(GPT2Config(**shape)).eval()
    for name, parameter in net.named_parameters():
        if name.endswith("bias"):
            torch.nn.init.normal_(parameter.data, std=0.3)
    with torch.no_grad():
        return Trial(SimpleNamespace(plain=net, label="tiny", tokenizer=None), torch.arange(24).view(2, 12))


REAL_PAIR = {"logits": (randn(20, 500), randn(20, 500))}
REAL_EMBEDDINGS = {"embeddings": (randn(500, 16) + randn(16), randn(40, 16))}
REAL_HEAD = {"a head": (randn(500, 16) + randn(16), 3 * randn(30, 16))}
REAL_ATTENTION = {"attention": (randn(30, 16), randn(30, 16), 3 * randn(16), randn(16, 16), randn(16))}
REAL_READER = {"an MLP": (randn(16), randn(16, 64), randn(64), randn(16))}


def kl_of_logs(before, after):
    return F.kl_div(after.log_softmax(-1), before.log_softmax(-1), reduction="batchmean")


def kl_of_probabilities(before, after):
    return F.kl_div(after.softmax(-1), before.softmax(-1), reduction="batchmean")


def kl_of_logits(before, after):
    return F.kl_div(after, before.softmax(-1), reduction="batchmean")


def bias_with_query(u, v, c, A, b):
    return u @ A @ v.T + c @ A @ v.T + (u @ b).unsqueeze(1)


BANK = {
    "2.1": Bank(
        right=[by_hand, torch_kl, in_numpy, position_by_position],
        wrong=[
            (arguments_swapped, "the other way round"),
            (symmetric, "both ways, averaged"),
            (summed, "summed over positions, not averaged"),
            (default_reduction, "averaged over the vocabulary too"),
            (raw_logits, "logits for log-probabilities"),
            (over_positions, "normalised over positions"),
            (bits, "in bits"),
            (cross_entropy, "the cross-entropy: the entropy is not taken away"),
            (negative, "the sign is turned"),
            (total_variation, "the total variation, not the KL divergence"),
            (worst_position, "the largest position, not the mean"),
            (squared_logits, None),
            (log_prob_difference, None),
            (each_position, None),
            (in_half, None),
            (no_softmax, None),
            (exponentials_for_probabilities, None),
            (jensen_shannon, "the Jensen–Shannon divergence"),
            (double_softmax, "probabilities where logits are asked for"),
            (epsilon_inside, "a small number inside the logarithm"),
            (distributions, "the logarithm of a softmax, which underflows"),
            (log_of_softmax, "the logarithm of a softmax, which underflows"),
            (kl_of_logs, "kl_div was not given what it takes"),
            (kl_of_probabilities, "kl_div was not given what it takes"),
            (kl_of_logits, "kl_div was not given what it takes"),
        ],
        real=REAL_PAIR,
    ),
    "2.2": Bank(
        right=[
            exchange,
            exchange_list,
            exchange_by_sum,
            exchange_on_copies,
            exchange_numpy,
            exchange_less_own_means,
            positions_less_own_means,
            ones_added,
        ],
        wrong=[
            (only_centre, "nothing is given back"),
            (mean_after_the_move, "nothing is given back"),
            (both_minus, "taken away twice"),
            (both_centred, "each is centred by itself"),
            (positions_replaced, "the positions lose their own mean as well"),
            (first_position, "only the first position gets it back"),
            (shared, "the positions share it"),
            (wrong_mean_back, "the other matrix's mean is given back"),
            (turned, "the sign is turned"),
            (swapped_means, "the two means change places"),
            (positions_centred, "the positions are centred, not the tokens"),
            (rows_centred, "centred over d_model: each row lost its own mean"),
            (scalar, "one number moved, not a vector"),
            (as_they_are, "nothing has moved"),
            (tokens_only, None),
            (wrong_order, None),
            (in_place, None),
            (unit_mean, None),
            (joint_mean, None),
        ],
        real=REAL_EMBEDDINGS,
    ),
    "2.3": Bank(
        right=[minus_h_mu, measured, through_one_logit, mean_logit, with_einsum],
        wrong=[
            (plus_h_mu, "the sign is turned"),
            (zeros, "the change of the log-probabilities, not of log Z"),
            (log_prob_change, "the change of the log-probabilities, not of log Z"),
            (only_after, "log Z after the move, not its change"),
            (only_before, "log Z before the move, not its change"),
            (of_Z, "the change of Z, not of log Z"),
            (all_logits, "the change of every logit"),
            (along_the_mean, "the length of the mean is left out"),
            (with_sum, "the sum of the rows, not their mean"),
            (one_number, "averaged over positions"),
            (rows_own_mean, "the mean is taken over d_model"),
            (over_positions_Z, None),
            (mean_log_prob, None),
            (twice, None),
            (of_absolute, "without its sign"),
        ],
        real=REAL_HEAD,
    ),
    "2.4": Bank(
        right=[three_terms, factored, einsum_terms, everything_less_three],
        wrong=[
            (whole, "all six terms"),
            (without_bias, "the term of the queries' bias is missing"),
            (u_and_bias, "all terms with c are gone"),
            (u_and_v, "only the term without c and b is left"),
            (other_two, "softmax over queries, not over keys"),
            (key_constant_left, "the term uᵀAc is still there"),
            (three_with_constant, "a term that is one number is still there"),
            (bias_with_c, "a term that is one number is still there"),
            (both_constants, "a term that is one number is still there"),
            (bias_only, "the term without c is missing"),
            (transposed_A, "A the other way round"),
            (scaled, "scaled by √d"),
            (centred_scores, "the scores less their mean over keys"),
            (pattern, "the pattern, not the scores"),
            (turned_round, None),
            (bias_not_broadcast, None),
            (less_the_largest, None),
            (term_of_the_query_kept, "the keys' term with c was kept, not the queries'"),
            (key_bias_for_query_bias, "A the other way round in one term"),
            (no_A, None),
            (bias_with_query, "the bias meets the query, not the key"),
        ],
        real=REAL_ATTENTION,
    ),
    "2.5": Bank(
        right=[move_it, transposed_product, by_einsum, by_difference, by_linear],
        wrong=[
            (what_is_left_is_absorbed, "the bias gains what is left of the shift, not c"),
            (bias_kept, "the bias absorbs nothing"),
            (minus_cW, "the bias loses it too"),
            (shift_kept, "the shift has not lost c"),
            (other_direction, "the wrong one gains"),
            (new_bias_only, "the old bias is gone"),
            (W_c, "W the other way round"),
            (plain_c, "c is added without W"),
            (whole_shift, "the whole shift is moved, not c"),
            (rest_moved, "all the rest is moved, not c"),
            (nothing, "nothing has moved"),
            (bias_alone, None),
            (other_order, "the two answers are swapped"),
            (answers_added, "c is added to the shift"),
            (sum_of_W, None),
            (scaled_by_shift, None),
        ],
        real=REAL_READER,
    ),
    "2.7": Bank(
        right=[search_layernorm, search_neurons, search_last_block],
        wrong=[
            (search_keys, None),
            (search_behind_decoys, None),
            (search_not_finite, None),
            (search_in_place, None),
            (search_noise, None),
            (search_listed, None),
            (search_own_means, None),
            (search_no_move, None),
            (search_unread_is_not_free, None),
            (search_far_is_not_free, None),
            (search_not_loud, None),
            (search_loud_and_wrong, None),
            (search_noticed, None),
            (search_nobody_fooled, None),
            (search_half_found, None),
            (search_one_move, None),
            (search_unknown_tensor, None),
        ],
        real={"tiny": tiny_trial()},
    ),
}
