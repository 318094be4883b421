"""Answers to puzzle 04 as people write them."""

from __future__ import annotations

import math
import statistics

import numpy as np
import torch
import torch.nn.functional as F

from tests.checks.bank import Bank

# --- 4.1 the gradient on the output side ---------------------------------------------------------------------------


def by_autograd(hidden, W_out, targets):
    W = W_out.clone().requires_grad_()
    F.cross_entropy(hidden @ W.T, targets).backward()
    return W.grad


def one_hot(hidden, W_out, targets):
    p = F.softmax(hidden @ W_out.T, dim=-1)
    y = F.one_hot(targets, len(W_out)).to(p.dtype)
    return torch.einsum("nv,nd->vd", p - y, hidden) / hidden.shape[0]


def example_by_example(hidden, W_out, targets):
    total = torch.zeros_like(W_out)
    for h, target in zip(hidden, targets, strict=True):
        z = W_out @ h
        p = (z - z.logsumexp(0)).exp()
        p[target] -= 1
        total += torch.outer(p, h)
    return total / len(hidden)


def in_numpy(hidden, W_out, targets):
    h, W, t = hidden.numpy(), W_out.numpy(), targets.numpy()
    z = h @ W.T
    e = np.exp(z - z.max(1, keepdims=True))
    p = e / e.sum(1, keepdims=True)
    p[np.arange(len(t)), t] -= 1
    return p.T @ h / len(h)


def summed(hidden, W_out, targets):
    W = W_out.clone().requires_grad_()
    F.cross_entropy(hidden @ W.T, targets, reduction="sum").backward()
    return W.grad


def downhill(hidden, W_out, targets):
    return -by_autograd(hidden, W_out, targets)


def no_targets(hidden, W_out, targets):
    return torch.softmax(hidden @ W_out.T, 1).T @ hidden / len(targets)


def only_targets(hidden, W_out, targets):
    return -torch.zeros_like(W_out).index_add(0, targets, hidden) / len(hidden)


def only_own_row(hidden, W_out, targets):
    p = torch.softmax(hidden @ W_out.T, 1)
    out = torch.zeros_like(W_out)
    for i, t in enumerate(targets):
        out[t] += (p[i, t] - 1) * hidden[i] / len(hidden)
    return out


def raw_logits(hidden, W_out, targets):
    z = hidden @ W_out.T
    z = z - F.one_hot(targets, len(W_out))
    return z.T @ hidden / len(hidden)


def wrong_softmax(hidden, W_out, targets):
    p = torch.softmax(hidden @ W_out.T, 0)
    p[torch.arange(len(targets)), targets] -= 1
    return p.T @ hidden / len(hidden)


def of_hidden(hidden, W_out, targets):
    h = hidden.clone().requires_grad_()
    F.cross_entropy(h @ W_out.T, targets).backward()
    return h.grad


def by_vocabulary(hidden, W_out, targets):
    return by_autograd(hidden, W_out, targets) * len(hidden) / len(W_out)


def transposed(hidden, W_out, targets):
    return by_autograd(hidden, W_out, targets).T


def zeros(hidden, W_out, targets):
    return torch.zeros_like(W_out)


def centred(hidden, W_out, targets):
    g = by_autograd(hidden, W_out, targets)
    return g - g.mean(1, keepdim=True)


# --- 4.2 an effect and its interval --------------------------------------------------------------------------------


def in_statistics(base, changed, t):
    d = [float(b - a) for a, b in zip(base, changed, strict=True)]
    return statistics.mean(d), t * statistics.stdev(d) / math.sqrt(len(d))


def numpy_paired(base, changed, t):
    d = changed.numpy() - base.numpy()
    return d.mean(), t * d.std(ddof=1) / np.sqrt(len(d))


def through_variances(base, changed, t):
    n = len(base)
    covariance = ((base - base.mean()) * (changed - changed.mean())).sum() / (n - 1)
    return changed.mean() - base.mean(), t * ((base.var() + changed.var() - 2 * covariance) / n).sqrt()


def unpaired(base, changed, t):
    n = len(base)
    return changed.mean() - base.mean(), t * math.sqrt(base.var() / n + changed.var() / n)


def scatter_of_changed(base, changed, t):
    return changed.mean() - base.mean(), t * changed.std() / math.sqrt(len(changed))


def biased_sd(base, changed, t):
    d = changed.numpy() - base.numpy()
    return d.mean(), t * np.std(d) / np.sqrt(len(d))


def not_over_root_n(base, changed, t):
    d = changed - base
    return d.mean(), t * d.std()


def normal(base, changed, t):
    d = changed - base
    return d.mean(), 1.96 * d.std() / len(d) ** 0.5


def standard_error(base, changed, t):
    d = changed - base
    return d.mean(), d.std() / len(d) ** 0.5


def whole_width(base, changed, t):
    mean, half = numpy_paired(base, changed, t)
    return mean, 2 * half


def base_less_changed(base, changed, t):
    return numpy_paired(changed, base, t)


def only_the_mean(base, changed, t):
    return (changed - base).mean()


def ends(base, changed, t):
    mean, half = numpy_paired(base, changed, t)
    return mean - half, mean + half


def over_n(base, changed, t):
    d = changed - base
    return d.mean(), t * d.std() / len(d)


# --- 4.3 one step of Adam ------------------------------------------------------------------------------------------


def textbook(g, m, v, t, lr, beta1, beta2, eps):
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g**2
    m_hat = m / (1 - beta1**t)
    v_hat = v / (1 - beta2**t)
    return -lr * m_hat / (torch.sqrt(v_hat) + eps)


def as_torch_does(g, m, v, t, lr, beta1, beta2, eps):
    m = m.lerp(g, 1 - beta1)
    v = (v * beta2).addcmul(g, g, value=1 - beta2)
    denominator = v.sqrt() / math.sqrt(1 - beta2**t) + eps
    return -(lr / (1 - beta1**t)) * m / denominator


def by_torch_itself(g, m, v, t, lr, beta1, beta2, eps):
    W = torch.nn.Parameter(torch.zeros_like(g))
    optimizer = torch.optim.Adam([W], lr=lr, betas=(beta1, beta2), eps=eps)
    optimizer.state[W] = {"step": torch.tensor(float(t - 1)), "exp_avg": m.clone(), "exp_avg_sq": v.clone()}
    W.grad = g.clone()
    optimizer.step()
    return W.detach()


def numpy_adam(g, m, v, t, lr, beta1, beta2, eps):
    g, m, v = g.numpy(), m.numpy(), v.numpy()
    m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * np.square(g)
    return -lr * (m / (1 - beta1**t)) / (np.sqrt(v / (1 - beta2**t)) + eps)


def uncorrected(g, m, v, t, lr, beta1, beta2, eps):
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g**2
    return -lr * m / (v.sqrt() + eps)


def only_m_corrected(g, m, v, t, lr, beta1, beta2, eps):
    m = (beta1 * m + (1 - beta1) * g) / (1 - beta1**t)
    v = beta2 * v + (1 - beta2) * g**2
    return -lr * m / (v.sqrt() + eps)


def only_v_corrected(g, m, v, t, lr, beta1, beta2, eps):
    m = beta1 * m + (1 - beta1) * g
    v = (beta2 * v + (1 - beta2) * g**2) / (1 - beta2**t)
    return -lr * m / (v.sqrt() + eps)


def eps_inside(g, m, v, t, lr, beta1, beta2, eps):
    m = (beta1 * m + (1 - beta1) * g) / (1 - beta1**t)
    v = (beta2 * v + (1 - beta2) * g**2) / (1 - beta2**t)
    return -lr * m / torch.sqrt(v + eps)


def without_root(g, m, v, t, lr, beta1, beta2, eps):
    m = (beta1 * m + (1 - beta1) * g) / (1 - beta1**t)
    v = (beta2 * v + (1 - beta2) * g**2) / (1 - beta2**t)
    return -lr * m / (v + eps)


def uphill(g, m, v, t, lr, beta1, beta2, eps):
    return -textbook(g, m, v, t, lr, beta1, beta2, eps)


def no_lr(g, m, v, t, lr, beta1, beta2, eps):
    return textbook(g, m, v, t, lr, beta1, beta2, eps) / lr


def weights_turned(g, m, v, t, lr, beta1, beta2, eps):
    m = (1 - beta1) * m + beta1 * g
    v = (1 - beta2) * v + beta2 * g**2
    return -lr * (m / (1 - beta1**t)) / ((v / (1 - beta2**t)).sqrt() + eps)


def not_updated(g, m, v, t, lr, beta1, beta2, eps):
    return -lr * (m / (1 - beta1**t)) / ((v / (1 - beta2**t)).sqrt() + eps)


def absolute(g, m, v, t, lr, beta1, beta2, eps):
    m = (beta1 * m + (1 - beta1) * g) / (1 - beta1**t)
    v = (beta2 * v + (1 - beta2) * g.abs()) / (1 - beta2**t)
    return -lr * m / (v.sqrt() + eps)


def betas_swapped(g, m, v, t, lr, beta1, beta2, eps):
    return textbook(g, m, v, t, lr, beta2, beta1, eps)


def new_m_returned(g, m, v, t, lr, beta1, beta2, eps):
    return beta1 * m + (1 - beta1) * g


def plain_descent(g, m, v, t, lr, beta1, beta2, eps):
    return -lr * g


def in_place(g, m, v, t, lr, beta1, beta2, eps):
    m.mul_(beta1).add_((1 - beta1) * g)
    v.mul_(beta2).add_((1 - beta2) * g**2)
    return -lr * (m / (1 - beta1**t)) / ((v / (1 - beta2**t)).sqrt() + eps)


# --- 4.4 one second moment for all tokens --------------------------------------------------------------------------


def shared(g, m, v, t, lr, beta1, beta2, eps):
    m = (beta1 * m + (1 - beta1) * g) / (1 - beta1**t)
    v = (beta2 * v + (1 - beta2) * g**2) / (1 - beta2**t)
    return -lr * m / (v.mean(0).sqrt() + eps)


def shared_from_the_start(g, m, v, t, lr, beta1, beta2, eps):
    v = beta2 * v.mean(0) + (1 - beta2) * g.square().mean(0)  # averaging is linear: the same
    m = beta1 * m + (1 - beta1) * g
    return -lr / (1 - beta1**t) * m / (torch.sqrt(v / (1 - beta2**t)) + eps)


def numpy_shared(g, m, v, t, lr, beta1, beta2, eps):
    g, m, v = g.numpy(), m.numpy(), v.numpy()
    m = (beta1 * m + (1 - beta1) * g) / (1 - beta1**t)
    v = (beta2 * v + (1 - beta2) * g**2).mean(axis=0, keepdims=True) / (1 - beta2**t)
    return -lr * m / (np.sqrt(v) + eps)


def row_by_row(g, m, v, t, lr, beta1, beta2, eps):
    v = torch.stack([beta2 * v[i] + (1 - beta2) * g[i] ** 2 for i in range(len(g))]).sum(0) / len(g)
    size = (v / (1 - beta2**t)) ** 0.5 + eps
    return torch.stack([-lr * (beta1 * m[i] + (1 - beta1) * g[i]) / (1 - beta1**t) / size for i in range(len(g))])


def _hats(g, m, v, t, beta1, beta2):
    return (beta1 * m + (1 - beta1) * g) / (1 - beta1**t), (beta2 * v + (1 - beta2) * g**2) / (1 - beta2**t)


def over_d_model(g, m, v, t, lr, beta1, beta2, eps):
    m, v = _hats(g, m, v, t, beta1, beta2)
    return -lr * m / (v.mean(1, keepdim=True).sqrt() + eps)


def one_number(g, m, v, t, lr, beta1, beta2, eps):
    m, v = _hats(g, m, v, t, beta1, beta2)
    return -lr * m / (v.mean().sqrt() + eps)


def roots_averaged(g, m, v, t, lr, beta1, beta2, eps):
    m, v = _hats(g, m, v, t, beta1, beta2)
    return -lr * m / (v.sqrt().mean(0) + eps)


def gradients_averaged(g, m, v, t, lr, beta1, beta2, eps):
    m = (beta1 * m + (1 - beta1) * g) / (1 - beta1**t)
    v = (beta2 * v.mean(0) + (1 - beta2) * g.mean(0) ** 2) / (1 - beta2**t)
    return -lr * m / (v.sqrt() + eps)


def step_averaged(g, m, v, t, lr, beta1, beta2, eps):
    return textbook(g, m, v, t, lr, beta1, beta2, eps).mean(0, keepdim=True).repeat(len(g), 1)


def m_shared_too(g, m, v, t, lr, beta1, beta2, eps):
    m, v = _hats(g, m, v, t, beta1, beta2)
    return -lr * (m.mean(0) / (v.mean(0).sqrt() + eps)).repeat(len(g), 1)


def v_summed(g, m, v, t, lr, beta1, beta2, eps):
    m, v = _hats(g, m, v, t, beta1, beta2)
    return -lr * m / (v.sum(0).sqrt() + eps)


def shared_uncorrected(g, m, v, t, lr, beta1, beta2, eps):
    v = (beta2 * v + (1 - beta2) * g**2).mean(0)
    return -lr * (beta1 * m + (1 - beta1) * g) / (v.sqrt() + eps)


def largest(g, m, v, t, lr, beta1, beta2, eps):
    m, v = _hats(g, m, v, t, beta1, beta2)
    return -lr * m / (v.max(0).values.sqrt() + eps)


# --- 4.5 expected occurrences within the optimiser's memory --------------------------------------------------------


def summed_up(frequency, tokens_per_step, beta2, steps):
    return sum(beta2**k for k in range(steps)) * tokens_per_step * frequency


def recursively(frequency, tokens_per_step, beta2, steps):
    seen = torch.zeros_like(frequency)
    for _ in range(steps):
        seen = beta2 * seen + frequency * tokens_per_step
    return seen


def closed(frequency, tokens_per_step, beta2, steps):
    return frequency * tokens_per_step * (beta2**steps - 1) / (beta2 - 1)


def numpy_sum(frequency, tokens_per_step, beta2, steps):
    return frequency.numpy() * (beta2 ** np.arange(steps)).sum() * tokens_per_step


def no_beginning(frequency, tokens_per_step, beta2, steps):
    return frequency * tokens_per_step / (1 - beta2)


def sharp(frequency, tokens_per_step, beta2, steps):
    return frequency * tokens_per_step * min(steps, round(1 / (1 - beta2)))


def whole_run(frequency, tokens_per_step, beta2, steps):
    return steps * tokens_per_step * frequency


def one_update(frequency, tokens_per_step, beta2, steps):
    return tokens_per_step * frequency


def times(frequency, tokens_per_step, beta2, steps):
    return frequency * tokens_per_step * (1 - beta2**steps)


def no_tokens(frequency, tokens_per_step, beta2, steps):
    return frequency * (1 - beta2**steps) / (1 - beta2)


def chance(frequency, tokens_per_step, beta2, steps):
    n = tokens_per_step * (1 - beta2**steps) / (1 - beta2)
    return 1 - (1 - frequency).pow(n)


def one_term_more(frequency, tokens_per_step, beta2, steps):
    return sum(beta2**k for k in range(steps + 1)) * tokens_per_step * frequency


def half_life(frequency, tokens_per_step, beta2, steps):
    return frequency * tokens_per_step * math.log(0.5) / math.log(beta2)


def added_up(frequency, tokens_per_step, beta2, steps):
    return closed(frequency, tokens_per_step, beta2, steps).sum()


_G = torch.Generator().manual_seed(3)
W_OUT = torch.randn(3000, 32, generator=_G) * 0.3 + torch.randn(32, generator=_G) * 0.2
HIDDEN = torch.randn(50, 32, generator=_G) * 2
STEP = (W_OUT, 0.3 * W_OUT.flip(0), W_OUT.flip(1).square(), 5, 1e-3, 0.9, 0.95, 1e-8)

BANK = {
    "4.1": Bank(
        real={"a model": (HIDDEN, W_OUT, torch.arange(50) * 7)},
        right=[by_autograd, one_hot, example_by_example, in_numpy],
        wrong=[
            (summed, "summed over the batch, not averaged"),
            (downhill, "the sign is turned"),
            (no_targets, "the right answer is never used"),
            (only_targets, "only the tokens that came have a gradient"),
            (only_own_row, "only the tokens that came have a gradient"),
            (raw_logits, "logits in place of probabilities"),
            (wrong_softmax, "softmax over the batch, not over the vocabulary"),
            (of_hidden, "the gradient of the hidden states"),
            (by_vocabulary, "divided by the vocabulary, not by the batch"),
            (transposed, None),
            (zeros, None),
            (centred, None),
        ],
    ),
    "4.2": Bank(
        real={"the grid": (torch.tensor([0.78, 0.80, 0.79]), torch.tensor([0.57, 0.58, 0.59]), 4.303)},
        right=[in_statistics, numpy_paired, through_variances],
        wrong=[
            (unpaired, "not paired: the seeds' own scatter is left in"),
            (scatter_of_changed, "the scatter of one setting, not of the difference"),
            (biased_sd, "divided by n under the root, where n − 1 is due"),
            (not_over_root_n, "the scatter of one seed, not of the mean"),
            (normal, "1.96, as if there were many seeds"),
            (standard_error, "the standard error, not the interval"),
            (whole_width, "the whole width, not half of it"),
            (base_less_changed, "the sign is turned"),
            (only_the_mean, None),
            (ends, None),
            (over_n, None),
        ],
    ),
    "4.3": Bank(
        real={"a table": STEP},
        right=[textbook, as_torch_does, by_torch_itself, numpy_adam],
        wrong=[
            (uncorrected, "nothing is corrected for its start at zero"),
            (only_m_corrected, "the squares are not corrected for their start at zero"),
            (only_v_corrected, "the mean gradient is not corrected for its start at zero"),
            (eps_inside, "eps under the root"),
            (without_root, "no root"),
            (uphill, "the sign is turned"),
            (no_lr, "the learning rate is left out"),
            (weights_turned, "new and old have changed places in the running means"),
            (not_updated, "the running means are not updated first"),
            (absolute, "v remembers |g|, not g²"),
            (betas_swapped, "beta1 and beta2 have changed places"),
            (new_m_returned, None),
            (plain_descent, None),
            (in_place, None),
        ],
    ),
    "4.4": Bank(
        real={"a table": STEP},
        right=[shared, shared_from_the_start, numpy_shared, row_by_row],
        wrong=[
            (textbook, "nothing is shared: this is 4.3"),
            (over_d_model, "averaged over d_model: each token has its own"),
            (one_number, "one number for the whole table"),
            (roots_averaged, "the roots are averaged, not the squares"),
            (gradients_averaged, "the gradients are averaged before they are squared"),
            (step_averaged, "the step itself is averaged"),
            (m_shared_too, "the mean gradient is shared as well"),
            (v_summed, "summed over the vocabulary, not averaged"),
            (shared_uncorrected, None),
            (largest, None),
        ],
    ),
    "4.5": Bank(
        real={"a text": (torch.logspace(-7, -1.5, 400), 256, 0.95, 600)},
        right=[summed_up, recursively, closed, numpy_sum],
        wrong=[
            (no_beginning, "as if the run had no beginning"),
            (sharp, "a sharp end in place of the sum"),
            (whole_run, "the whole run counts alike"),
            (one_update, "one update only"),
            (times, "multiplied by 1 − beta2"),
            (no_tokens, "the tokens of a step are left out"),
            (chance, "the chance to be seen at all"),
            (one_term_more, "one term too many"),
            (half_life, None),
            (added_up, None),
        ],
    ),
}
