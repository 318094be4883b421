"""Answers to puzzle 02 as people write them."""

from __future__ import annotations

import math
from types import SimpleNamespace

import einops
import torch
import torch.nn.functional as F
from transformers import GPT2Config, GPT2LMHeadModel

from tests.checks.bank import Bank
from zeropoint.puzzles.p02.symmetries import Trial

GENERATOR = torch.Generator().manual_seed(3)


def randn(*shape):
    return torch.randn(*shape, generator=GENERATOR)


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


REAL_EMBEDDINGS = {"embeddings": (randn(500, 16) + randn(16), randn(40, 16))}
REAL_HEAD = {"a head": (randn(500, 16) + randn(16), 3 * randn(30, 16))}
REAL_ATTENTION = {"attention": (randn(30, 16), randn(30, 16), 3 * randn(16), randn(16, 16), randn(16))}


def bias_with_query(u, v, c, A, b):
    return u @ A @ v.T + c @ A @ v.T + (u @ b).unsqueeze(1)


BANK = {
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
