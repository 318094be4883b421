"""Answers to puzzle 08 as people write them."""

from __future__ import annotations

import numpy as np
import torch
from transformer_lens.model_bridge import TransformerBridge
from transformers import GPT2Config, GPT2LMHeadModel

from tests.checks.bank import Bank
from zeropoint.models import standin_folder
from zeropoint.puzzles.p08.ablation import components
from zeropoint.puzzles.p08.bench import Bench, Layer

# --- 8.1 three ways to be away -------------------------------------------------------------------------------------


def by_parts(X):
    mu = X.mean(0)
    var = ((X - mu) ** 2).sum(1).mean()
    return (var + mu @ mu).item(), var.item(), (2 * var * len(X) / (len(X) - 1)).item()


def by_var(X):
    return (X**2).sum() / len(X), X.var(0, correction=0).sum(), 2 * X.var(0).sum()


def multiplied_out(X):
    n, total = len(X), X.sum(0)
    squares = X.square().sum()
    apart = (2 * n * squares - 2 * total @ total) / (n * (n - 1))
    return squares / n, squares / n - total @ total / n**2, apart


def ways_in_numpy(X):
    X = X.numpy().astype(np.float64)
    return (X**2).sum(1).mean(), X.var(0).sum(), 2 * X.var(0, ddof=1).sum()


def mean_lengths(X):
    n = len(X)
    pairs = sum((x - y).norm() for x in X for y in X) / (n * (n - 1))
    return X.norm(dim=1).mean(), (X - X.mean(0)).norm(dim=1).mean(), pairs


def squared_lengths(X):
    return tuple(v**2 for v in mean_lengths(X))


def all_pairs_and_itself(X):
    var = X.var(0, correction=0).sum()
    return (X**2).sum(1).mean(), var, 2 * var


def one_end(X):
    var = X.var(0, correction=0).sum()
    return (X**2).sum(1).mean(), var, var


def mean_from_zero(X):
    mu = X.mean(0)
    return mu @ mu, X.var(0, correction=0).sum(), 2 * X.var(0).sum()


def mse(X):
    return (X**2).mean(), ((X - X.mean(0)) ** 2).mean(), 2 * X.var(0).mean()


def row_means(X):
    return (X**2).sum(1).mean(), ((X - X.mean(1, keepdim=True)) ** 2).sum(1).mean(), 2 * X.var(0).sum()


def torch_default_var(X):
    return (X**2).sum(1).mean(), X.var(0).sum(), 2 * X.var(0).sum()


def with_a_table(X):
    n = len(X)
    table = ((X[:, None] - X[None]) ** 2).sum(-1)
    return (X**2).sum(1).mean(), ((X - X.mean(0)) ** 2).sum(1).mean(), table.sum() / (n * (n - 1))


def next_row(X):
    return (X**2).sum(1).mean(), X.var(0, correction=0).sum(), ((X - X.roll(1, 0)) ** 2).sum(1).mean()


def lengths_doubled(X):
    return X.norm(dim=1).mean(), (X - X.mean(0)).norm(dim=1).mean(), 2 * (X - X.mean(0)).norm(dim=1).mean()


def each_pair_once(X):
    n = len(X)
    pairs = sum((X[i] - X[j]).square().sum() for i in range(n) for j in range(i))
    return (X**2).sum(1).mean(), X.var(0, correction=0).sum(), pairs / (n * (n - 1))


def other_order(X):
    zero, mean, another = by_var(X)
    return mean, zero, another


# --- 8.2 keep the books elsewhere ----------------------------------------------------------------------------------


def with_einsum(W_O, b_V, b_O, gain):
    return b_V + gain, b_O - torch.einsum("hd,hdm->m", gain, W_O)


def head_by_head(W_O, b_V, b_O, gain):
    new = b_O.clone()
    for h in range(len(W_O)):
        new = new - gain[h] @ W_O[h]
    return b_V + gain, new


def one_matrix(W_O, b_V, b_O, gain):
    return gain + b_V, b_O - gain.flatten() @ W_O.flatten(0, 1)


def batched(W_O, b_V, b_O, gain):
    return b_V + gain, b_O - (gain[:, None] @ W_O).sum(0)[0]


def values_only(W_O, b_V, b_O, gain):
    return b_V + gain, b_O.clone()


def both_gain(W_O, b_V, b_O, gain):
    return b_V + gain, b_O + torch.einsum("hd,hdm->m", gain, W_O)


def both_signs(W_O, b_V, b_O, gain):
    return b_V - gain, b_O + torch.einsum("hd,hdm->m", gain, W_O)


def one_head(W_O, b_V, b_O, gain):
    return b_V + gain, b_O - gain[0] @ W_O[0]


def average_head(W_O, b_V, b_O, gain):
    return b_V + gain, b_O - (gain[:, None] @ W_O).mean(0)[0]


def gain_for_b_V(W_O, b_V, b_O, gain):
    return gain.clone(), b_O - torch.einsum("hd,hdm->m", gain, W_O)


def written_for_b_O(W_O, b_V, b_O, gain):
    return b_V + gain, -torch.einsum("hd,hdm->m", gain, W_O)


def folded(W_O, b_V, b_O, gain):
    return b_V + gain, b_O - torch.einsum("hd,hdm->m", b_V + gain, W_O)


def books_swapped(W_O, b_V, b_O, gain):
    return b_O - torch.einsum("hd,hdm->m", gain, W_O), b_V + gain


def books_as_they_are(W_O, b_V, b_O, gain):
    return b_V.clone(), b_O.clone()


def without_W_O(W_O, b_V, b_O, gain):
    return b_V + gain, b_O - gain.sum()


def books_in_place(W_O, b_V, b_O, gain):
    b_V += gain
    return b_V, b_O - torch.einsum("hd,hdm->m", gain, W_O)


# --- 8.3 every head, one pass --------------------------------------------------------------------------------------


def _kl(clean, changed):
    return (clean.exp() * (clean - changed)).sum(-1)


def _filling(means, rows, first=0):
    """The edit that sets head after head to its mean, each in the next `rows` rows from copy number `first` on."""

    def edit(z):
        z = z.clone()
        for h, mean in enumerate(means):
            start = (first + h) * rows
            z[start : start + rows, :, h] = mean
        return z

    return edit


def copies_in_a_row(run, ids, means):
    n, rows = len(means), len(ids)
    parts = run(torch.cat([ids] * (n + 1)), _filling(means, rows, first=1)).split(rows)
    return torch.stack([_kl(parts[0], part).mean() for part in parts[1:]])


def row_by_row(run, ids, means):
    n = len(means)
    copy = torch.arange(n + 1).repeat(len(ids))  # the copies of a row lie side by side

    def edit(z):
        z = z.clone()
        for h in range(n):
            z[copy == h, :, h] = means[h]
        return z

    log_p = run(ids.repeat_interleave(n + 1, dim=0), edit)
    return torch.tensor([_kl(log_p[copy == n], log_p[copy == h]).mean() for h in range(n)])


def with_a_mask(run, ids, means):
    n, rows = len(means), len(ids)
    gone = torch.cat([torch.eye(n), torch.zeros(1, n)]).bool().repeat_interleave(rows, dim=0)
    log_p = run(ids.repeat(n + 1, 1), lambda z: torch.where(gone[:, None, :, None], means, z))
    log_p = log_p.unflatten(0, (n + 1, rows))
    return [_kl(log_p[n], log_p[h]).mean().item() for h in range(n)]


def head_after_head(run, ids, means):
    clean, found = run(ids, lambda z: z), []
    for h, mean in enumerate(means):

        def edit(z, h=h, mean=mean):
            z = z.clone()
            z[:, :, h] = mean
            return z

        found.append(_kl(clean, run(ids, edit)).mean())
    return torch.stack(found)


def two_passes(run, ids, means):
    run(ids, lambda z: z)
    return copies_in_a_row(run, ids, means)


def _all_copies(run, ids, means):
    n, rows = len(means), len(ids)
    gone = torch.cat([torch.eye(n), torch.zeros(1, n)]).bool().repeat_interleave(rows, dim=0)
    log_p = run(ids.repeat(n + 1, 1), lambda z: torch.where(gone[:, None, :, None], means, z))
    return log_p.unflatten(0, (n + 1, rows))


def other_way_round(run, ids, means):
    log_p = _all_copies(run, ids, means)
    return torch.stack([_kl(changed, log_p[-1]).mean() for changed in log_p[:-1]])


def summed_kl(run, ids, means):
    log_p = _all_copies(run, ids, means)
    return torch.stack([_kl(log_p[-1], changed).sum() for changed in log_p[:-1]])


def a_row_at_a_time(run, ids, means):
    log_p = _all_copies(run, ids, means)
    return torch.stack([_kl(log_p[-1], changed).sum(1).mean() for changed in log_p[:-1]])


def last_position(run, ids, means):
    log_p = _all_copies(run, ids, means)
    return torch.stack([_kl(log_p[-1], changed)[:, -1].mean() for changed in log_p[:-1]])


def all_heads_gone(run, ids, means):
    log_p = run(ids.repeat(2, 1), lambda z: torch.cat([z[: len(ids)], means.expand_as(z[len(ids) :])]))
    clean, changed = log_p.split(len(ids))
    return _kl(clean, changed).mean().repeat(len(means))


def zeros_put(run, ids, means):
    return copies_in_a_row(run, ids, 0 * means)


def heads_for_rows(run, ids, means):
    """Right only where there are as many rows as heads."""
    n, rows = len(means), len(ids)
    parts = run(torch.cat([ids] * (n + 1)), _filling(means, rows=n)).split(rows)
    return torch.stack([_kl(parts[-1], part).mean() for part in parts[:-1]])


def all_others_gone(run, ids, means):
    n, rows = len(means), len(ids)

    def edit(z):
        changed = means.expand_as(z).clone()
        for h in range(n):
            changed[h * rows : (h + 1) * rows, :, h] = z[h * rows : (h + 1) * rows, :, h]
        changed[n * rows :] = z[n * rows :]
        return changed

    parts = run(torch.cat([ids] * (n + 1)), edit).split(rows)
    return torch.stack([_kl(parts[-1], part).mean() for part in parts[:-1]])


def averaged_over_the_vocabulary(run, ids, means):
    return copies_in_a_row(run, ids, means) / BRIDGE.cfg.d_vocab


def side_by_side(run, ids, means):
    n, rows = len(means), len(ids)
    log_p = run(ids.repeat_interleave(n + 1, 0), _filling(means, rows)).view(n + 1, rows, ids.shape[1], -1)
    return _kl(log_p[n], log_p[:n]).mean((1, 2))


def no_copy_untouched(run, ids, means):
    n, rows = len(means), len(ids)
    parts = run(ids.repeat(n, 1), _filling(means, rows)).split(rows)
    return torch.stack([_kl(parts[0], part).mean() for part in parts])


def edit_without_return(run, ids, means):
    def edit(z):
        for h, mean in enumerate(means):
            z[h * len(ids) : (h + 1) * len(ids), :, h] = mean

    parts = run(ids.repeat(len(means) + 1, 1), edit).split(len(ids))
    return torch.stack([_kl(parts[-1], part).mean() for part in parts[:-1]])


def one_number(run, ids, means):
    return copies_in_a_row(run, ids, means).mean()


# --- 8.4 the least harmful constant --------------------------------------------------------------------------------


def mixture(X):
    return X.softmax(-1).mean(0).log()


def by_logsumexp(X):
    return X.log_softmax(1).logsumexp(0) - np.log(len(X))


def numpy_mixture(X):
    e = np.exp(X.numpy() - X.numpy().max(1, keepdims=True))
    return np.log((e / e.sum(1, keepdims=True)).mean(0))


def summed_up(X):
    total = sum(row.exp() / row.exp().sum() for row in X)
    return (total / total.sum()).log()


def not_divided(X):
    return X.log_softmax(1).logsumexp(0)


def up_to_a_number(X):
    return X.softmax(1).mean(0).log() + 1


def mean_logits(X):
    return torch.log_softmax(X.mean(0), dim=-1)


def bare_mean(X):
    return X.mean(0)


def mean_log_probs(X):
    return torch.log_softmax(X, 1).mean(0)


def mean_probs(X):
    return torch.softmax(X, 1).mean(0)


def by_loudness(X):
    q = X.exp().mean(0)
    return (q / q.sum()).log()


def over_inputs(X):
    return X.softmax(0).mean(1)


def over_inputs_first(X):
    return torch.log(torch.softmax(X, dim=0).mean(0))


def over_tokens(X):
    return X.softmax(-1).mean(-1).log()


def best_row(X):
    rows = X.log_softmax(1)
    harm = [sum((p.exp() * (p - q)).sum() for p in rows) for q in rows]
    return rows[int(torch.stack(harm).argmin())]


def silence(X):
    return torch.log_softmax(torch.zeros(X.shape[1], dtype=X.dtype), 0)


def median_logits(X):
    return X.median(0).values.log_softmax(0)


def without_last(X):
    return X[:-1].softmax(1).mean(0).log()


# --- 8.5 make zero say what you like -------------------------------------------------------------------------------


def the_weak_far_away(bench):
    weaker = bench.harm(bench.means).argsort(descending=True).argsort()
    away = torch.randn(bench.means.shape, generator=torch.Generator().manual_seed(1))
    return -bench.means + away * (weaker / 2)[:, None]


def stretched_by_rank(bench):
    rank = bench.harm(bench.means).argsort(descending=True).argsort().float()
    away = torch.randn(bench.means.shape, generator=torch.Generator().manual_seed(2))
    return -bench.means + away * (rank**2 / 8)[:, None]


def on_a_grid(bench):
    at_mean = bench.harm(bench.means)
    away = torch.randn(bench.means.shape, generator=torch.Generator().manual_seed(3))
    away[at_mean.argmax()] = 0
    sizes = [2.0**k for k in range(-8, 9)]
    tried = torch.stack([bench.harm(bench.means + s * away) for s in sizes])  # [size, head]
    goal = at_mean.max() + at_mean.max() * at_mean.argsort(descending=True).argsort()
    best = (tried - goal).abs().argmin(0)
    return -(bench.means + torch.tensor(sizes)[best][:, None] * away)


def no_gain(bench):
    return torch.zeros_like(bench.means)


def means_away(bench):
    return -bench.means


def means_doubled(bench):
    return bench.means.clone()


def all_turned_round(bench):
    return -the_weak_far_away(bench)


def far_for_all(bench):
    """Long random gains: at that distance ± is the same, and the order alone would pass it."""
    rank = bench.harm(bench.means).argsort(descending=True).argsort().float()
    away = torch.randn(bench.means.shape, generator=torch.Generator().manual_seed(6))
    return away * (1 + rank)[:, None]


def a_little(bench):
    return 1e-3 * torch.randn(bench.means.shape, generator=torch.Generator().manual_seed(4))


def too_long(bench):
    return 1e9 * torch.randn(bench.means.shape, generator=torch.Generator().manual_seed(5))


def not_a_number(bench):
    return bench.means / 0


def one_vector(bench):
    return bench.means.mean(0)


def only_words(bench):
    return "the opposite"


generator = torch.Generator().manual_seed(8)
OUTPUTS = torch.randn(900, 8, generator=generator) + 1
HEADS = [torch.randn(shape, generator=generator) for shape in ((4, 8, 32), (4, 8), (32,), (4, 8))]


def tiny_bridge():
    """A random model of GPT-2's kind, small enough to be judged a dozen times, with heads of unequal weight."""
    torch.manual_seed(0)
    shape = dict(vocab_size=60, n_positions=24, n_embd=32, n_layer=2, n_head=4, initializer_range=0.2)
    net = GPT2LMHeadModel(GPT2Config(**shape)).eval()
    with torch.no_grad():
        for layer, block in enumerate(net.transformer.h):
            scale = torch.linspace(0.3, 2, 32) + layer
            block.attn.c_proj.weight.mul_(scale[:, None])  # rows are the heads' outputs
    return TransformerBridge.boot_transformers(str(standin_folder("mini-gpt2")), hf_model=net, device="cpu").eval()


BRIDGE = tiny_bridge()
TEXT = torch.randint(60, (24, 20), generator=generator)

BANK = {
    "8.1": Bank(
        real={"a head": OUTPUTS},
        right=[by_parts, by_var, multiplied_out, ways_in_numpy],
        wrong=[
            (mean_lengths, "distances, not squared"),
            (squared_lengths, "the squared mean distance"),
            (all_pairs_and_itself, "pairs of a row with itself are counted"),
            (one_end, "one end varies, not both"),
            (mean_from_zero, "from zero: only the mean's part"),
            (mse, "averaged over d as well"),
            (row_means, "the mean of each row, not of all rows"),
            (torch_default_var, "divided by n − 1"),
            (with_a_table, None),
            (next_row, "pairs of neighbours only"),
            (each_pair_once, "half of the pairs are summed, and the sum is divided by the number of all"),
            (lengths_doubled, "distances, not squared"),
            (other_order, "the first two are swapped"),
        ],
    ),
    "8.2": Bank(
        real={"a layer": tuple(HEADS)},
        right=[with_einsum, head_by_head, one_matrix, batched],
        wrong=[
            (values_only, "b_O pays nothing"),
            (both_gain, "b_O gains it too"),
            (both_signs, "the heads lose it"),
            (one_head, "only the first head is paid for"),
            (average_head, "the average head is paid for, not all"),
            (gain_for_b_V, "the old b_V is gone"),
            (written_for_b_O, "the old b_O is gone"),
            (folded, "all of the new b_V is paid for"),
            (books_swapped, "the two answers are swapped"),
            (books_as_they_are, "nothing has moved"),
            (without_W_O, None),
            (books_in_place, None),
        ],
    ),
    "8.3": Bank(
        real={"tiny": Layer(BRIDGE, TEXT[:3], 1)},
        right=[copies_in_a_row, row_by_row, with_a_mask],
        wrong=[
            (head_after_head, "second call of run"),
            (two_passes, "second call of run"),
            (other_way_round, "the other way round"),
            (summed_kl, "summed over tokens"),
            (a_row_at_a_time, "summed over positions"),
            (last_position, "the last position only"),
            (all_heads_gone, "all heads at once"),
            (zeros_put, "set to zero, not to its mean"),
            (heads_for_rows, None),
            (all_others_gone, "all other heads"),
            (averaged_over_the_vocabulary, "averaged over the vocabulary"),
            (side_by_side, "copies of a row lie side by side"),
            (no_copy_untouched, "a copy in which the first head is gone"),
            (edit_without_return, "edit is to return a tensor like z, [15, 20, 4, 8], and returned None"),
            (one_number, "has shape [], expected [4]"),
        ],
    ),
    "8.4": Bank(
        real={"logits": torch.randn(50, 20, generator=generator)},
        right=[mixture, by_logsumexp, numpy_mixture, summed_up, not_divided, up_to_a_number],
        wrong=[
            (mean_logits, "the mean of the logits"),
            (bare_mean, "the mean of the logits"),
            (mean_log_probs, "the mean of the logits"),
            (mean_probs, "probabilities, not their logarithm"),
            (by_loudness, "loud inputs count more"),
            (over_inputs, "softmax over the inputs"),
            (over_inputs_first, "softmax over the inputs"),
            (over_tokens, "averaged over the tokens"),
            (best_row, "the best of the rows themselves"),
            (silence, "zero"),
            (median_logits, None),
            (without_last, None),
        ],
    ),
    "8.5": Bank(
        real={"tiny": Bench(BRIDGE, TEXT, [part for part in components(BRIDGE) if part.head is not None])},
        right=[the_weak_far_away, stretched_by_rank, on_a_grid],
        wrong=[
            (no_gain, "nothing has moved"),
            (means_away, "zero is every head's mean now"),
            (means_doubled, "wrong sign"),
            (all_turned_round, "wrong sign"),
            (far_for_all, "does not harm as much at zero as at its mean"),
            (a_little, "does not harm as much at zero as at its mean"),
            (too_long, "so long that float32"),
            (not_a_number, "NaN or infinity"),
            (one_vector, "your gains have shape"),
            (only_words, "return one tensor of gains"),
        ],
    ),
}
