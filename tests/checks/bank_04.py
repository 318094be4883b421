"""Answers to puzzle 04 as people write them."""

from __future__ import annotations

import math

import numpy as np
import torch
import torch.nn.functional as F

from tests.checks.bank import Bank

# --- 4.1 log Z in two parts ----------------------------------------------------------------------------------------


def by_the_mean_logit(hidden, W_out):
    logits = hidden @ W_out.T
    shared = logits.mean(1)
    return shared, (logits - shared[:, None]).logsumexp(1)


def what_is_lost(hidden, W_out):
    before = torch.logsumexp(hidden @ W_out.T, dim=-1)
    after = torch.logsumexp(hidden @ (W_out - W_out.mean(0, keepdim=True)).T, dim=-1)
    return before - after, after


def top_taken_out(hidden, W_out):
    z = hidden @ W_out.T
    top = z.max(1, keepdim=True).values
    log_Z = top[:, 0] + (z - top).exp().sum(1).log()
    shared = torch.einsum("nv,v->n", hidden, W_out.mean(0))
    return shared, log_Z - shared


def position_by_position(hidden, W_out):
    mu = W_out.mean(0)
    pairs = [(h @ mu, torch.logsumexp((W_out - mu) @ h, 0)) for h in hidden]
    return torch.stack([a for a, _ in pairs]), torch.stack([b for _, b in pairs])


def in_numpy(hidden, W_out):
    logits = (hidden @ W_out.T).double().numpy()
    shared = logits.mean(1)
    return shared, np.logaddexp.reduce(logits, axis=1) - shared


def exp_first(hidden, W_out):
    mu = W_out.mean(0)
    return hidden @ mu, torch.log(torch.exp(hidden @ (W_out - mu).T).sum(1))


def exp_of_all(hidden, W_out):
    mu = W_out.mean(0)
    return hidden @ mu, torch.log(torch.exp(hidden @ W_out.T).sum(1)) - hidden @ mu


def softmax_backwards(hidden, W_out):  # log Z = logit − log p, with a p that underflows
    logits = hidden @ W_out.T
    return hidden @ W_out.mean(0), logits[:, 0] - logits.softmax(1)[:, 0].log() - hidden @ W_out.mean(0)


def log_Z_whole(hidden, W_out):
    return hidden @ W_out.mean(0), (hidden @ W_out.T).logsumexp(1)


def swapped(hidden, W_out):
    return by_the_mean_logit(hidden, W_out)[::-1]


def gained(hidden, W_out):
    shared, rest = by_the_mean_logit(hidden, W_out)
    return -shared, rest


def largest(hidden, W_out):
    logits = hidden @ W_out.T
    top = logits.max(1).values
    return top, (logits - top[:, None]).logsumexp(1)


def projected(hidden, W_out):
    part = hidden @ F.normalize(W_out.mean(0), dim=0)
    return part, (hidden @ W_out.T).logsumexp(1) - part


def sum_of_rows(hidden, W_out):
    part = hidden @ W_out.sum(0)
    return part, (hidden @ W_out.T).logsumexp(1) - part


def other_axis(hidden, W_out):
    after = (hidden @ (W_out - W_out.mean(1)[:, None]).T).logsumexp(1)
    return (hidden @ W_out.T).logsumexp(1) - after, after


def log_mean_exp(hidden, W_out):
    shared, rest = by_the_mean_logit(hidden, W_out)
    return shared, rest - math.log(len(W_out))


def log_d_vocab_shared(hidden, W_out):
    shared = hidden @ W_out.mean(0) + math.log(W_out.shape[0])
    return shared, torch.logsumexp(hidden @ W_out.T, 1) - shared


def one_number(hidden, W_out):
    shared, rest = by_the_mean_logit(hidden, W_out)
    return shared.mean(), rest.mean()


def clamped(hidden, W_out):
    shared = hidden @ W_out.mean(0)
    return shared, (hidden @ W_out.T).clamp(-50, 50).exp().sum(1).log() - shared


def only_the_sum(hidden, W_out):
    return (hidden @ W_out.T).logsumexp(1)


# --- 4.2 what one logit tells --------------------------------------------------------------------------------------


def mean_of_two_kinds(logit, least, d_vocab):
    log_Z = logit - math.log(least)
    rest = log_Z + math.log1p(-least) - math.log(d_vocab - 1)  # each other token's logit
    return logit, log_Z, logit / d_vocab + rest * (1 - 1 / d_vocab)


def in_odds(logit, least, d_vocab):
    odds = least * (d_vocab - 1) / (1 - least)  # of the known token to another
    return logit, logit + math.log(1 / least), logit - (d_vocab - 1) / d_vocab * math.log(odds)


def with_torch(logit, least, d_vocab):
    logits = torch.full((d_vocab,), math.log((1 - least) / (d_vocab - 1)), dtype=torch.float64)
    logits[0] = math.log(least)  # so that log Z is 0; then move all of them to where the known one is given
    logits = logits + logit - math.log(least)
    return logit, torch.logsumexp(logits, 0), logits.mean()


def wrong_side(logit, least, d_vocab):
    return logit + math.log(least), logit, in_odds(logit, least, d_vocab)[2]


def wrong_sign(logit, least, d_vocab):
    return logit, logit + math.log(least), in_odds(logit, least, d_vocab)[2]


def wrong_sign_throughout(logit, least, d_vocab):
    log_Z = logit + math.log(least)
    other = log_Z + math.log((1 - least) / (d_vocab - 1))
    return log_Z, logit, (logit + (d_vocab - 1) * other) / d_vocab


def wrong_sign_and_loose(logit, least, d_vocab):
    return logit + math.log(least), logit, logit


def ends_changed_and_loose(logit, least, d_vocab):
    return logit - math.log(least), logit, logit - math.log(least) - math.log(d_vocab)


def only_log_d_vocab(logit, least, d_vocab):
    return logit, logit - math.log(least), logit - math.log(d_vocab)


def in_bits(logit, least, d_vocab):
    odds = math.log2(least) + math.log2(d_vocab - 1) - math.log2(1 - least)
    return logit, logit - math.log2(least), logit - odds * (d_vocab - 1) / d_vocab


def bits_at_the_end(logit, least, d_vocab):
    return logit, logit - math.log2(least), in_odds(logit, least, d_vocab)[2]


def without_an_end(logit, least, d_vocab):
    return logit, math.inf, in_odds(logit, least, d_vocab)[2]


def in_a_tensor(logit, least, d_vocab):
    return torch.tensor(in_odds(logit, least, d_vocab))


def without_the_logit(logit, least, d_vocab):
    return 0.0, -math.log(least), in_odds(logit, least, d_vocab)[2]


def a_point(logit, least, d_vocab):
    return logit - math.log(least), logit - math.log(least), in_odds(logit, least, d_vocab)[2]


def jensen(logit, least, d_vocab):
    return logit, logit - math.log(least), logit - math.log(least) - math.log(d_vocab)


def below_the_top(logit, least, d_vocab):
    return logit, logit - math.log(least), logit


def all_of_log_Z(logit, least, d_vocab):
    return logit, logit - math.log(least), logit - math.log(least)


def the_others_alone(logit, least, d_vocab):
    return logit, logit - math.log(least), logit - math.log(least * (d_vocab - 1) / (1 - least))


def one_too_many(logit, least, d_vocab):
    other = logit + math.log((1 - least) / (least * d_vocab))
    return logit, logit - math.log(least), (logit + (d_vocab - 1) * other) / d_vocab


def whole_for_others(logit, least, d_vocab):
    other = logit - math.log(least) - math.log(d_vocab - 1)
    return logit, logit - math.log(least), (logit + (d_vocab - 1) * other) / d_vocab


def log_ten(logit, least, d_vocab):
    return logit, logit - math.log10(least), in_odds(logit, least, d_vocab)[2]


def no_third(logit, least, d_vocab):
    return logit, logit - math.log(least)


# --- 4.3 the kind of a mean, without the rows ----------------------------------------------------------------------


def by_svd(mean, second):
    C = second - mean[:, None] * mean[None]
    values = torch.linalg.svdvals(C)
    e = F.normalize(mean, dim=0)
    along = torch.einsum("i,ij,j->", e, C, e)
    return along**0.5 / mean.norm(), along / values.sum(), values[0] / values.sum()


def second_first(mean, second):
    m = mean.norm()
    whole = second.trace() - m**2
    along = (mean @ second @ mean) / m**2 - m**2
    top = torch.linalg.eigvalsh(second - torch.outer(mean, mean)).max()
    return (along.sqrt() / m).item(), (along / whole).item(), (top / whole).item()


def kind_in_numpy(mean, second):
    mean, second = mean.double().numpy(), second.double().numpy()
    C = second - np.outer(mean, mean)
    values, vectors = np.linalg.eigh(C)
    e = mean / np.linalg.norm(mean)
    along = (values * (vectors.T @ e) ** 2).sum()
    return np.sqrt(along) / np.linalg.norm(mean), along / values.sum(), values[-1] / values.sum()


def kind_not_centred(mean, second):
    e = mean / mean.norm()
    along, total = e @ second @ e, torch.trace(second)
    return along.sqrt() / mean.norm(), along / total, torch.linalg.eigvalsh(second)[-1] / total


def third_not_centred(mean, second):
    return (*by_svd(mean, second)[:2], torch.linalg.eigvalsh(second)[-1] / torch.trace(second))


def second_not_centred(mean, second):
    e = mean / mean.norm()
    first, _, third = by_svd(mean, second)
    return first, e @ second @ e / torch.trace(second), third


def only_the_first_centred(mean, second):
    first, *_ = by_svd(mean, second)
    e = mean / mean.norm()
    return first, e @ second @ e / torch.trace(second), torch.linalg.eigvalsh(second)[-1] / torch.trace(second)


def first_not_centred(mean, second):
    e = mean / mean.norm()
    return (e @ second @ e) ** 0.5 / mean.norm(), *by_svd(mean, second)[1:]


def share_of_all(mean, second):
    C = second - torch.outer(mean, mean)
    first, along, widest = by_svd(mean, second)
    scale = torch.trace(C) / torch.trace(second)
    return first, along * scale, widest * scale


def mean_as_direction(mean, second):
    C = second - torch.outer(mean, mean)
    along = mean @ C @ mean
    return along.sqrt() / mean.norm(), along / C.trace(), torch.linalg.eigvalsh(C)[-1] / C.trace()


def no_root(mean, second):
    first, *others = by_svd(mean, second)
    return first**2, *others


def variance_over_length(mean, second):
    first, *others = by_svd(mean, second)
    return first**2 * mean.norm(), *others


def not_relative(mean, second):
    first, *others = by_svd(mean, second)
    return first * mean.norm(), *others


def all_directions(mean, second):
    _, *others = by_svd(mean, second)
    return (torch.trace(second) - mean @ mean).sqrt() / mean.norm(), *others


def roots(mean, second):
    first, along, widest = by_svd(mean, second)
    return first, along**0.5, widest**0.5


def not_a_share(mean, second):
    first, along, _ = by_svd(mean, second)
    return first, along, torch.linalg.eigvalsh(second - torch.outer(mean, mean)).max()


def narrowest(mean, second):
    first, along, _ = by_svd(mean, second)
    values = torch.linalg.eigvalsh(second - torch.outer(mean, mean))
    return first, along, values[0] / values.sum()


def an_axis(mean, second):
    first, along, _ = by_svd(mean, second)
    variances = second.diagonal() - mean**2
    return first, along, variances.max() / variances.sum()


def kind_swapped(mean, second):
    first, along, widest = by_svd(mean, second)
    return first, widest, along


def by_length(mean, second):  # the spread of the rows' lengths is not to be had from this
    return (second.trace() / (mean @ mean)).sqrt() - 1, *by_svd(mean, second)[1:]


# --- 4.4 all rows' gradients, added up -----------------------------------------------------------------------------


def weighted_sum(hidden, log_Z, z, target):
    return torch.einsum("n,nv->v", 2 * z * (log_Z - target), hidden) / len(hidden)


def as_a_product(hidden, log_Z, z, target):
    return 2 * z * (hidden.T @ (log_Z - target)) / hidden.shape[0]


def by_any_matrix(hidden, log_Z, z, target):
    """Autograd, with one row of W_out more than positions, made so that log Z is what is given."""
    n = len(hidden)
    offset = torch.zeros(n, 3, dtype=hidden.dtype, requires_grad=True)
    logits = offset + (log_Z - math.log(3))[:, None]
    came = torch.arange(n) % 3
    loss = F.cross_entropy(logits, came) + z * (logits.logsumexp(1) - target).square().mean()
    (g,) = torch.autograd.grad(loss, offset)
    return (g.T @ hidden).sum(0)


def no_two(hidden, log_Z, z, target):
    return z * (hidden.T @ (log_Z - target)) / len(hidden)


def the_penalty(hidden, log_Z, z, target):
    return z * (hidden.T @ (log_Z - target) ** 2) / len(hidden)


def downhill(hidden, log_Z, z, target):
    return -2 * z * (hidden.T @ (log_Z - target)) / len(hidden)


def no_target(hidden, log_Z, z, target):
    return 2 * z * (hidden.T @ log_Z) / len(hidden)


def not_averaged(hidden, log_Z, z, target):
    return 2 * z * (hidden.T @ (log_Z - target))


def means_multiplied(hidden, log_Z, z, target):
    return 2 * z * (log_Z.mean() - target) * hidden.mean(0)


def came_twice(hidden, log_Z, z, target):
    return ((2 * z * (log_Z - target) - 1)[:, None] * hidden).mean(0)


def came_never(hidden, log_Z, z, target):
    return ((1 + 2 * z * (log_Z - target))[:, None] * hidden).mean(0)


def nothing_at_all(hidden, log_Z, z, target):
    return torch.zeros(hidden.shape[1])


def weighted_with_Z(hidden, log_Z, z, target):
    return 2 * z * (hidden.T @ (torch.exp(log_Z) - target)) / len(hidden)


def Z_beside_its_log(hidden, log_Z, z, target):
    return (2 * z * (log_Z - target) * log_Z.exp()) @ hidden / len(hidden)


def target_afterwards(hidden, log_Z, z, target):
    return 2 * z * ((log_Z[:, None] * hidden).mean(0) - target)


def target_last_of_all(hidden, log_Z, z, target):
    return 2 * z * (log_Z[:, None] * hidden).mean(0) - target


def by_hidden_width(hidden, log_Z, z, target):
    return 2 * z * (hidden.T @ (log_Z - target)) / hidden.shape[1]


# --- 4.5 a balanced push that moves the mean -----------------------------------------------------------------------


def a_fifth_pays(rows, dims):
    few = math.ceil(rows / 5)
    column = torch.cat([torch.full((few,), -(rows - few) / few), torch.ones(rows - few)]).double()
    return column[:, None].repeat(1, dims)


def each_dimension_its_own(rows, dims):
    """Other rows pay in each dimension, and the mean moves the other way in every second one."""
    g = a_fifth_pays(rows, dims)
    return torch.stack([(-1) ** k * g[:, k].roll(3 * k) for k in range(dims)], dim=1)


def small_and_uneven(rows, dims):
    few = math.ceil(rows / 4.6)
    many = torch.linspace(0.98, 1.02, rows - few, dtype=torch.float64)
    column = torch.cat([-torch.full((few,), many.sum() / few, dtype=torch.float64), many])
    return 1e-3 * column[:, None].expand(rows, dims)


def a_quarter_in_numpy(rows, dims):
    few = -(-rows // 4)
    g = np.ones((rows, dims))
    g[:few] = -(rows - few) / few
    return g if (rows - 2 * few) / rows >= 0.5 else a_fifth_pays(rows, dims).numpy()


def one_pays_for_all(rows, dims):
    g = torch.ones(rows, dims, dtype=torch.float64)
    g[0] = 1 - rows
    return g


def half_and_half(rows, dims):
    g = torch.randn(rows, dims, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    return g - g.mean(0)


def two_to_one(rows, dims):
    few = rows // 3 + (rows % 3 > 0)
    g = torch.ones(rows, dims, dtype=torch.float64)
    g[:few] = -(rows - few) / few
    return g


def all_the_same_way(rows, dims):
    return torch.ones(rows, dims, dtype=torch.float64)


def mostly_zero(rows, dims):
    g = torch.zeros(rows, dims, dtype=torch.float64)
    g[0], g[1] = 1, -1
    return g


def rows_balance_not_columns(rows, dims):
    return a_fifth_pays(dims, rows).T


def one_dimension_only(rows, dims):
    g = torch.ones(rows, dims, dtype=torch.float64)
    g[: rows // 2] = -1
    g[rows - 1] = torch.where(g.sum(0) == 0, g[rows - 1], g[rows - 1] - g.sum(0))
    g[:, 0] = a_fifth_pays(rows, 1)[:, 0]
    return g


def one_column(rows, dims):
    return a_fifth_pays(rows, 1)


# --- 4.6 a recipe --------------------------------------------------------------------------------------------------


def one_divisor():
    return {"z_loss": 0.1, "optimizer": "coupled-adam", "embedding_lr": 0.3}


def one_divisor_for_a_short_way():
    return dict(z_loss=0.3, optimizer="coupled-adam", lr=2e-3)


def the_hidden_states_in_its_place():
    return {
        "z_loss": 0.003,
        "z_target": -30,
        "optimizer": "coupled-adam",
        "init_std": 0.1,
        "embedding_decay": 0,
        "final_norm_lr": 30,
    }


def wide_and_slow():  # far, and a small cosine, in a model that hardly learned
    return {"z_loss": 0.01, "z_target": -40, "lr": 0.02, "embedding_lr": 0.02, "embedding_decay": 0, "init_std": 0.1}


def hidden_in_the_initialisation():
    return {"z_loss": 0.02, "z_target": -22, "optimizer": "coupled-adam", "init_std": 0.5}


def a_dose_alone():
    return {"z_loss": 0.03}


def far_below_by_force():  # log Z arrives, with a mean cosine of nearly 1
    return {"z_loss": 0.1, "z_target": -30}


def learns_nothing():
    return {"z_loss": 0.1, "lr": 1e-4, "init_std": 0.05}


def another_lever():
    return {"z_loss": 0.1, "batch": 64}


def too_much():
    return {"lr": 0.5}


def another_optimizer():
    return {"optimizer": "sgd"}


def a_word_for_a_number():
    return {"z_loss": "0.1"}


def a_list():
    return [("z_loss", 0.1)]


def states():
    generator = torch.Generator().manual_seed(3)
    W_out = torch.randn(300, 16, generator=generator) / 4 + torch.randn(16, generator=generator)
    return torch.randn(50, 16, generator=generator) - W_out.mean(0), W_out


def moments():
    W = states()[1].double()
    return W.mean(0), W.T @ W / len(W)


# --- the bank ------------------------------------------------------------------------------------------------------

OVERFLOWS = "exp overflows, or underflows"
ADDED_UP = "a bound, but not the tight one: the known logit is not used"


def largest_first(logit, least, d_vocab):
    other = logit + math.log((1 - least) / least / (d_vocab - 1))
    return logit - math.log(least), logit, (logit + (d_vocab - 1) * other) / d_vocab


def target_added(hidden, log_Z, z, target):
    return (2 * z * (log_Z + target)) @ hidden / len(hidden)


BANK = {
    "4.1": Bank(
        right=[by_the_mean_logit, what_is_lost, top_taken_out, position_by_position, in_numpy],
        wrong=[
            (exp_first, OVERFLOWS),
            (exp_of_all, OVERFLOWS),
            (softmax_backwards, None),
            (log_Z_whole, "the second part is log Z itself"),
            (swapped, "the two parts are swapped"),
            (gained, "the sign of the first part"),
            (largest, "the largest logit is taken for the shared part"),
            (projected, "the length of the mean is left out"),
            (sum_of_rows, "the sum of the rows, not their mean"),
            (other_axis, "the mean is taken over d_model"),
            (log_mean_exp, "the mean of exp, not the sum"),
            (log_d_vocab_shared, "log d_vocab is counted with the first part"),
            (one_number, "averaged over positions"),
            (clamped, None),
            (only_the_sum, None),
        ],
        real={"a model": states()},
    ),
    "4.2": Bank(
        right=[mean_of_two_kinds, in_odds, with_torch],
        wrong=[
            (wrong_side, "the logit stands on the wrong side"),
            (wrong_sign, "the sign of the log"),
            (without_the_logit, "the logit is left out"),
            (a_point, "the smallest log Z is taken at p = least"),
            (jensen, ADDED_UP),
            (below_the_top, "a bound, but not the tight one: no logit is above the known one"),
            (all_of_log_Z, "the whole of log Z"),
            (the_others_alone, "the known token is left out of the mean"),
            (one_too_many, "the others' probability is shared by one token too many"),
            (whole_for_others, "the others have the whole probability"),
            (wrong_sign_throughout, "the logit stands on the wrong side"),
            (wrong_sign_and_loose, "the logit stands on the wrong side"),
            (ends_changed_and_loose, "the smallest and the largest have changed places"),
            (only_log_d_vocab, "only log d_vocab is taken off"),
            (in_bits, "a logarithm of another base"),
            (bits_at_the_end, "a logarithm of another base"),
            (log_ten, "a logarithm of another base"),
            (without_an_end, None),
            (in_a_tensor, None),
            (no_third, None),
            (largest_first, "the smallest and the largest have changed places"),
        ],
        real={"published": (-0.0279, 0.5, 50257)},
    ),
    "4.3": Bank(
        right=[by_svd, second_first, kind_in_numpy],
        wrong=[
            (kind_not_centred, "the mean is still in it"),
            (third_not_centred, "the mean is still in the third"),
            (second_not_centred, "the mean is still in the second"),
            (only_the_first_centred, "the mean is still in the second and the third"),
            (first_not_centred, "the mean is still in the first"),
            (share_of_all, "a share of the whole, not of the variance around the mean"),
            (mean_as_direction, "the length of the mean is left in"),
            (no_root, "the variance along the mean, not its root"),
            (variance_over_length, "the variance along the mean, not its root"),
            (not_relative, "not divided by the mean of the parts"),
            (all_directions, "the spread in all directions, not along the mean"),
            (roots, "roots of the shares"),
            (not_a_share, "the largest variance, not its share"),
            (narrowest, "the direction that has least"),
            (an_axis, "one coordinate in place of any direction"),
            (kind_swapped, "the second and the third are swapped"),
            (by_length, None),
        ],
        real={"a model": moments()},
    ),
    "4.4": Bank(
        right=[weighted_sum, as_a_product, by_any_matrix],
        wrong=[
            (no_two, "the factor 2 is missing"),
            (the_penalty, "the penalty itself, not its gradient"),
            (downhill, "the sign is turned"),
            (no_target, "the target is left out"),
            (not_averaged, "summed over the positions, not averaged"),
            (means_multiplied, "the mean of a product is not the product of the means"),
            (came_twice, "the tokens that came are counted twice"),
            (came_never, "the tokens that came are forgotten"),
            (nothing_at_all, "only the cross-entropy"),
            (weighted_with_Z, "Z, not its log"),
            (Z_beside_its_log, "Z, not its log"),
            (target_afterwards, "the target is taken off the vector"),
            (target_last_of_all, "the target is taken off the vector"),
            (by_hidden_width, None),
            (target_added, "the target is added"),
        ],
        real={"a model": (states()[0], (states()[0] @ states()[1].T).logsumexp(1), 0.03, 0.0)},
    ),
    "4.5": Bank(
        right=[a_fifth_pays, each_dimension_its_own, small_and_uneven, a_quarter_in_numpy],
        wrong=[
            (one_pays_for_all, None),
            (half_and_half, None),
            (two_to_one, None),
            (all_the_same_way, None),
            (mostly_zero, None),
            (rows_balance_not_columns, None),
            (one_dimension_only, None),
            (one_column, None),
        ],
        real={"a small table": (45, 4), "a larger one": (1024, 8)},
    ),
    "4.6": Bank(
        right=[one_divisor, one_divisor_for_a_short_way, the_hidden_states_in_its_place],
        wrong=[
            (a_dose_alone, None),
            (far_below_by_force, "learned less than"),
            (learns_nothing, "learned less than"),
            (wide_and_slow, "learned less than"),
            (hidden_in_the_initialisation, "init_std lies between 0.005 and 0.1"),
            (another_lever, None),
            (too_much, None),
            (another_optimizer, None),
            (a_word_for_a_number, None),
            (a_list, None),
        ],
        real={"tiny model": 0},
    ),
}
