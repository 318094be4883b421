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


def half(W_E, W_pos):
    mu = W_E.mean(0)
    return W_E - mu, W_pos + 0.5 * mu


def no_tokens(W_E, W_pos):
    return torch.zeros_like(W_E), W_pos + W_E.mean(0)


def two_axes(W_E, W_pos):
    return W_E - W_E.mean(1, keepdim=True), W_pos + W_E.mean(0)


def one_left_over(W_E, W_pos):
    m = W_E.mean(0)
    return W_E - m + 1, W_pos + m


def scalar_not_given_back(W_E, W_pos):
    return W_E - W_E.mean(), W_pos


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


def logsumexp_of_the_change(W_E, h):
    new = h @ (W_E - W_E.mean(0)).T
    return (new - h @ W_E.T).logsumexp(-1)


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


def unseen(u, v, c, A, b):
    return ((u @ A @ c)[:, None] + c @ A @ c + b @ c).expand(len(u), len(v))


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


# --- 2.7 a free move that nobody listed -----------------------------------------------------------------------------


def attention_writes_ones(t):
    return {"1.b_O": t.weights["1.b_O"] - 0.5}


def neurons_renamed(t):
    w = t.weights
    return {"0.W_in": w["0.W_in"].flip(1), "0.b_in": w["0.b_in"].flip(0), "0.W_out": w["0.W_out"].flip(0)}


def by_the_models_own_names(t):
    name = "transformer.h.1.mlp.c_proj.bias"
    return {name: t.net.get_parameter(name) + 2}


def output_rows_centred(t):
    W = t.weights["0.W_out"]
    return {"0.W_out": W - W.mean(1, keepdim=True)}


def values_gain_what_the_output_loses(t):
    w = t.weights
    return {"0.b_V": w["0.b_V"] + 1, "0.b_O": w["0.b_O"] - w["0.W_O"].sum(0)}


def gain_into_the_matrix(t):
    w = t.weights
    scale = 1 + torch.arange(len(t.mu), dtype=t.mu.dtype) / len(t.mu)
    move = {"0.ln2.w": w["0.ln2.w"] * scale, "0.ln2.b": w["0.ln2.b"] * scale}
    return move | {"0.W_in": w["0.W_in"] / scale[:, None]}


def keys_gain_a_bias(t):
    return {"0.b_K": t.weights["0.b_K"] + 1}


def keys_gain_a_bias_by_gpt2s_name(t):
    name = "transformer.h.0.attn.c_attn.bias"
    q, k, v = t.net.get_parameter(name).chunk(3)
    return {name: torch.cat([q, k + 1, v])}


def to_the_positions(t):
    return {"W_E": t.W_E - t.mu, "W_pos": t.W_pos + t.mu}


def listed_and_listed(t):
    return to_the_positions(t) | keys_gain_a_bias(t)


def own_means(t):
    return {"W_E": t.W_E - t.W_E.mean(1, keepdim=True)}


def ones_for_positions(t):
    return {"W_pos": t.W_pos + 1}


def shift_absorbed(t):
    w, c = t.weights, t.random()
    return {"1.ln2.b": w["1.ln2.b"] - c, "1.b_in": w["1.b_in"] + c @ w["1.W_in"]}


def decoys(t):
    """Many tokens change in a way that nobody sees, one in a way that counts."""
    rows = torch.tensor([i not in set(t.ids.flatten().tolist()) for i in range(len(t.W_E))])
    new = t.W_E.clone()
    new[rows] += 1e3
    new[-1] += t.random()
    return {"W_E": new}


def unread_rows(t):
    rows = torch.tensor([i not in set(t.ids.flatten().tolist()) for i in range(len(t.W_E))])
    new = t.W_E.clone()
    new[rows] = 0
    return {"W_E": new}


def far_positions(t):
    new = t.W_pos.clone()
    new[t.ids.shape[1] :] *= -1
    return {"W_pos": new}


def no_change(t):
    return {"W_E": t.W_E.clone()}


def nothing_returned(t):
    return None


def not_a_dict(t):
    return t.W_E - t.mu


def not_finite(t):
    new = t.W_E.clone()
    new[-1] = float("nan")
    return {"W_E": new}


def in_place_on_the_trial(t):
    t.W_E -= t.mu
    return attention_writes_ones(t)


def turned_matrix(t):
    return {"W_U": t.W_U.T + 1}


def matrix_with_the_columns_lost(t):
    return {"W_U": t.W_U + t.mu}


def unknown_tensor(t):
    return {"W_Q": t.W_U}


def three_at_once(t):
    return {"free": attention_writes_ones(t), "loud": loud_along_h(t), "fools": unread_rows(t)}


# --- 2.8 the loudest free move ------------------------------------------------------------------------------------------


def loud_along_h(t):
    h = t.h[0, -1]
    return {"W_U": t.W_U + 125 * (h / (h @ h))[:, None]}


def loud_along_the_loudest_h(t):
    h = t.h.flatten(0, 1)
    h = h[h.norm(dim=1).argmax()]
    return {"W_U": t.W_U - (140 * h / h.square().sum())[:, None]}


def loud_by_measure(t):
    r = t.h.flatten(0, 1).mean(0)
    return {"W_U": t.W_U - (130 * r / (t.h @ r).abs().max())[:, None]}


def quiet(t):
    return {"W_U": t.W_U + 0.1 * loud_along_h(t)["W_U"] - 0.1 * t.W_U}


def too_loud(t):
    return {"W_U": t.W_U - (1e5 * t.mu / (t.h @ t.mu).abs().max())[:, None]}


def louder_all_over(t):
    return {"W_U": 100 * t.W_U}


def loud_and_wrong(t):
    new = loud_along_h(t)["W_U"].clone()
    new[:, 0] += t.mu
    return {"W_U": new}


# --- 2.9 fool the yardstick ---------------------------------------------------------------------------------------------


def unread_far_away(t):
    rows = torch.ones(len(t.W_E), dtype=torch.bool)
    rows[t.ids.unique()] = False
    return {"W_E": torch.where(rows[:, None], -1e3 * t.W_E, t.W_E)}


def noise(t):
    numbers = torch.randn(t.W_E.shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    return {"W_E": t.W_E + 1e-7 * numbers.to(t.W_E.dtype)}


def noticed(t):
    return {"W_E": t.W_E - t.mu}


def tiny_trial():
    """A random model of GPT-2's kind, small enough to be judged a dozen times."""
    torch.manual_seed(0)
    shape = dict(vocab_size=60, n_positions=24, n_embd=16, n_layer=2, n_head=2, initializer_range=0.3)
    net = GPT2LMHeadModel(GPT2Config(**shape)).eval()
    for name, parameter in net.named_parameters():
        if name.endswith("bias"):
            torch.nn.init.normal_(parameter.data, std=0.3)
    net.transformer.ln_f.weight.data *= 5  # logits as large as real ones, so that rounding is
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
            (unit_mean, "the mean's direction, at length one"),
            (joint_mean, "the mean of both matrices together"),
            (half, "only half of it is given back"),
            (no_tokens, "the tokens lost all that they had"),
            (two_axes, "two axes: each row lost its own mean, the positions gain the mean row"),
            (one_left_over, None),
            (scalar_not_given_back, None),
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
            (logsumexp_of_the_change, "the logsumexp of the logits' change"),
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
            (unseen, "the terms that softmax cannot see"),
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
        right=[
            attention_writes_ones,
            neurons_renamed,
            by_the_models_own_names,
            output_rows_centred,
            values_gain_what_the_output_loses,
            gain_into_the_matrix,
        ],
        wrong=[
            (keys_gain_a_bias, "listed: a bias of the keys"),
            (keys_gain_a_bias_by_gpt2s_name, "listed: a bias of the keys"),
            (to_the_positions, "listed: one vector"),
            (listed_and_listed, "listed: one vector"),
            (own_means, "listed: one vector, or a number along each row"),
            (ones_for_positions, "listed: one vector"),
            (shift_absorbed, "listed: a LayerNorm's shift"),
            (decoys, "changes predictions in float64"),
            (unread_rows, "changes predictions in float64"),
            (far_positions, "changes predictions in float64"),
            (no_change, "hardly moves anything"),
            (nothing_returned, "and this is NoneType"),
            (not_a_dict, "and this is Tensor"),
            (not_finite, "W_E has numbers that are not finite"),
            (in_place_on_the_trial, "changed the model itself"),
            (turned_matrix, "W_U is a tensor of shape [16, 60], and yours is of shape [60, 16]"),
            (matrix_with_the_columns_lost, "RuntimeError"),
            (unknown_tensor, "the model has no W_Q; did you mean 1.W_Q?"),
            (three_at_once, "the model has no free"),
        ],
        real={"tiny": tiny_trial()},
    ),
    "2.8": Bank(
        right=[loud_along_h, loud_along_the_loudest_h, loud_by_measure],
        wrong=[
            (quiet, "no logit moves by 100"),
            (attention_writes_ones, "no logit moves by 100"),
            (too_loud, "float32 notices the move"),
            (louder_all_over, "changes predictions in float64"),
            (loud_and_wrong, "changes predictions in float64"),
            (not_finite, "not finite"),
            (nothing_returned, "and this is NoneType"),
        ],
        real={"tiny": tiny_trial()},
    ),
    "2.9": Bank(
        right=[unread_rows, far_positions, unread_far_away],
        wrong=[
            (noise, None),
            (noticed, "the yardstick notices the move"),
            (keys_gain_a_bias, "the yardstick is right"),
            (attention_writes_ones, "the yardstick is right"),
            (not_finite, "not finite"),
            (unknown_tensor, "the model has no W_Q"),
        ],
        real={"tiny": tiny_trial()},
    ),
}
