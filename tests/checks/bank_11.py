"""Answers to puzzle 11 as people write them."""

from __future__ import annotations

import numpy as np
import torch
from einops import einsum

from tests.checks.bank import Bank

# --- 11.1 how remote is a token ------------------------------------------------------------------------------------


def written_out(W):
    n, squares = len(W), (W**2).sum(1)
    centred = W - W.mean(dim=0, keepdim=True)
    del squares
    own = einsum(centred, centred, "n d, n d -> n")
    return own * n / (n - 1) + own.sum() / (n - 1)


def in_blocks(W):
    sums = [torch.cdist(block, W).square().sum(1) for block in W.split(256)]
    return torch.cat(sums) / (len(W) - 1)


def by_loop(W):
    return torch.stack([((W - row) ** 2).sum() / (len(W) - 1) for row in W])


def in_numpy(W):
    x = W.double().numpy()
    x = x - x.mean(0)
    own = (x * x).sum(1)
    return (len(x) * own + own.sum()) / (len(x) - 1)


def itself_too(W):
    x = W - W.mean(0)
    own = (x**2).sum(1)
    return own + own.mean()


def lengths_of_steps(W):
    return torch.stack([(W - row).norm(dim=1).sum() / (len(W) - 1) for row in W])


def root(W):
    return in_blocks(W) ** 0.5


def to_the_mean(W):
    return ((W - W.mean(0)) ** 2).sum(-1)


def to_the_mean_unsquared(W):
    return torch.linalg.norm(W - W.mean(0), dim=1)


def no_products(W):
    squares = (W**2).sum(1)
    return (len(W) * squares + squares.sum()) / (len(W) - 1)


def of_columns(W):
    return in_blocks(W.T)


def per_coordinate(W):
    return torch.stack([((W - row) ** 2).mean(1).sum() / (len(W) - 1) for row in W])


def with_a_table(W):
    return ((W[:, None] - W[None]) ** 2).sum(-1).sum(1) / (len(W) - 1)


def one_number(W):
    return in_blocks(W).mean()


# --- 11.2 near those that are sure ---------------------------------------------------------------------------------


def sure_by_loop(W, sure):
    out = torch.linalg.norm(W - W[sure].mean(0), dim=1)
    for i in sure.tolist():
        rest = [j for j in sure.tolist() if j != i]
        out[i] = (W[i] - W[rest].mean(0)).norm()
    return out


def sure_by_weights(W, sure):
    k = len(sure)
    out = (W - W[sure].mean(0)).norm(dim=1)
    out[sure] *= k / (k - 1)
    return out


def sure_in_numpy(W, sure):
    w, s = W.numpy(), sure.numpy()
    points = np.tile(w[s].mean(0), (len(w), 1))
    points[s] = (w[s].sum(0) - w[s]) / (len(s) - 1)
    return np.linalg.norm(w - points, axis=1)


def with_themselves(W, sure):
    return torch.linalg.norm(W - W[sure].mean(0), dim=1)


def sure_squared(W, sure):
    return sure_by_weights(W, sure) ** 2


def everybody(W, sure):
    return torch.linalg.norm(W - W.mean(0), dim=1)


def mean_distance(W, sure):
    return torch.stack([(W - W[i]).norm(dim=1) for i in sure]).mean(0)


def by_cosine(W, sure):
    reference = W[sure].mean(0)
    return 1 - W @ reference / W.norm(dim=1) / reference.norm()


def same_divisor(W, sure):
    out = (W - W[sure].mean(0)).norm(dim=1)
    for i in sure.tolist():
        out[i] = (W[i] - (W[sure].sum(0) - W[i]) / len(sure)).norm()
    return out


def sure_zero(W, sure):
    out = (W - W[sure].mean(0)).norm(dim=1)
    out[sure] = 0
    return out


def sure_negative(W, sure):
    return -sure_by_weights(W, sure)


def nearest_sure(W, sure):
    return torch.cdist(W, W[sure]).amin(1)


# --- 11.3 how far apart in the end ---------------------------------------------------------------------------------


def step_by_step(a, b, rates, decay):
    for rate in rates:
        a, b = (1 - rate * decay) * a, (1 - rate * decay) * b
    return (a - b).norm()


def any_step(a, b, rates, decay):
    for rate in rates:
        a, b = (1 - rate * decay) * a + 0.3, (1 - rate * decay) * b + 0.3
    return torch.dist(a, b).item()


def apart_in_numpy(a, b, rates, decay):
    return float(np.prod(1 - rates.numpy() * decay) * np.linalg.norm((a - b).numpy()))


def no_decay(a, b, rates, decay):
    return torch.dist(a, b)


def only_once(a, b, rates, decay):
    return (1 - rates[0] * decay) * torch.dist(a, b)


def summed(a, b, rates, decay):
    return (1 - decay * rates.sum()) * torch.dist(a, b)


def exponential(a, b, rates, decay):
    return torch.dist(a, b) * torch.exp(-decay * rates.sum())


def apart_squared(a, b, rates, decay):
    return step_by_step(a, b, rates, decay) ** 2


def mean_rate(a, b, rates, decay):
    return torch.dist(a, b) * (1 - decay * rates.mean()) ** len(rates)


def lost(a, b, rates, decay):
    return torch.dist(a, b) - (1 - decay * rates).prod() * torch.dist(a, b)


def without_rates(a, b, rates, decay):
    return torch.dist(a, b) * (1 - decay) ** len(rates)


def lengths_apart(a, b, rates, decay):
    return (1 - decay * rates).prod() * (a.norm() - b.norm()).abs()


# --- 11.4 twenty questions -----------------------------------------------------------------------------------------


def perceptron(own, ask):
    h = own.clone()
    for _ in range(20):
        won, winner = ask(h)
        if won:
            break
        h = h + own - winner
    return h


def frank_wolfe(own, ask):
    _, point = ask(own)
    for k in range(19):
        won, winner = ask(own - point)
        if won:
            return own - point
        point = point + (winner - point) * 2 / (k + 3)
    return own - point


def least_squares(own, ask):
    """h with the same lead over every winner so far."""
    h, rows = own, []
    for _ in range(20):
        won, winner = ask(h)
        if won:
            return h
        rows.append(own - winner)
        A = torch.stack(rows)
        h = torch.linalg.lstsq(A, torch.ones(len(A), dtype=A.dtype)).solution
    return h


def own_row(own, ask):
    return own


def away_from_the_winner(own, ask):
    won, winner = ask(own)
    return own if won else own - winner


def the_other_way(own, ask):
    return -own


def at_random(own, ask):
    generator = torch.Generator().manual_seed(0)
    for _ in range(20):
        h = torch.randn(own.shape, generator=generator, dtype=own.dtype)
        if ask(h)[0]:
            return h
    return h


def asks_on(own, ask):
    while True:
        ask(own * 0)


def last_winner_only(own, ask):
    h = own
    for _ in range(20):
        won, winner = ask(h)
        if won:
            return h
        h = -winner
    return h


# --- 11.5 a detector of your own -----------------------------------------------------------------------------------


def third_neighbour(W):
    return -torch.cat([torch.cdist(b, W).sort(1).values[:, 3] for b in W.split(500)])


def kernel_density(W):
    scale = torch.cdist(W[:500], W[:500]).median() / 4
    return torch.cat([torch.exp(-((torch.cdist(b, W) / scale) ** 2)).sum(1) for b in W.split(500)])


def many_neighbours(W):
    near = torch.cat([torch.cdist(b, W).topk(9, largest=False).values[:, 1:].mean(1) for b in W.split(1000)])
    return -near


def long_rows(W):
    return W.norm(dim=1)


def short_rows(W):
    return -W.norm(dim=1)


def near_the_mean(W):
    return -(W - W.mean(0)).norm(dim=1)


def by_number(W):
    return -torch.arange(len(W))


def by_the_notebooks_mask(W):
    return village()[1].float()


def loneliest(W):
    return -third_neighbour(W)


def too_few(W):
    return W.norm(dim=1)[:-1]


def not_finite(W):
    return W.norm(dim=1) / 0


def game(seed: int = 0):
    """A cloud in which a token's own row hardly ever wins, and two dozen tokens that can."""
    generator = torch.Generator().manual_seed(seed)
    W = torch.randn(1500, 48, generator=generator) + 3 * torch.randn(48, generator=generator)
    crowd = W[:40] * 0.15 + W.mean(0) * 1.6
    return torch.cat([crowd, W[40:]]), torch.arange(0, 40, 2)


def village(seed: int = 0):
    """A cloud with a crowd in it that is neither long nor short nor near the mean."""
    generator = torch.Generator().manual_seed(seed)
    W = torch.randn(1500, 24, generator=generator)
    place = torch.randn(24, generator=generator)
    W[:60] = place + 0.15 * torch.randn(60, 24, generator=generator)
    return W, torch.arange(1500) < 60


BANK = {
    "11.1": Bank(
        right=[written_out, in_blocks, by_loop, in_numpy],
        wrong=[
            (itself_too, "each token is counted as its own neighbour"),
            (lengths_of_steps, "the distances are not squared"),
            (root, "a root at the end"),
            (to_the_mean, "the squared distance to the mean alone"),
            (to_the_mean_unsquared, "the distance to the mean alone"),
            (no_products, "the dot products are left out"),
            (of_columns, "the columns are compared, not the rows"),
            (per_coordinate, "averaged over dimensions, not summed"),
            (with_a_table, None),
            (one_number, None),
        ],
    ),
    "11.2": Bank(
        right=[sure_by_loop, sure_by_weights, sure_in_numpy],
        wrong=[
            (with_themselves, "the sure tokens are compared with themselves as well"),
            (sure_squared, "the distances are squared"),
            (everybody, "the mean of everybody"),
            (mean_distance, "the mean distance, not the distance to the mean"),
            (by_cosine, "cosines, not distances"),
            (same_divisor, "one row fewer, but the same divisor"),
            (sure_zero, "the sure tokens are set to 0"),
            (sure_negative, None),
            (nearest_sure, None),
        ],
        real={"a cloud": (village()[0], torch.tensor([3, 10, 25, 50]))},
    ),
    "11.3": Bank(
        right=[step_by_step, any_step, apart_in_numpy],
        wrong=[
            (no_decay, "decay is left out"),
            (only_once, "one update only"),
            (summed, "the shares are added, not multiplied"),
            (exponential, "an exponential for the product"),
            (apart_squared, "the distance is squared"),
            (mean_rate, "the mean rate at every update"),
            (lost, "what is lost, not what is left"),
            (without_rates, None),
            (lengths_apart, None),
        ],
        real={"a training": (torch.ones(6), torch.zeros(6), torch.full((4,), 0.1), 0.5)},
    ),
    "11.4": Bank(
        right=[perceptron, least_squares, frank_wolfe],
        wrong=[
            (own_row, None),
            (away_from_the_winner, None),
            (the_other_way, None),
            (at_random, None),
            (asks_on, None),
            (last_winner_only, None),
        ],
        real={"a game": game()},
    ),
    "11.5": Bank(
        right=[third_neighbour, kernel_density, many_neighbours],
        wrong=[
            (long_rows, None),
            (short_rows, None),
            (near_the_mean, None),
            (by_number, None),
            (by_the_notebooks_mask, None),
            (loneliest, None),
            (too_few, None),
            (not_finite, None),
        ],
        real={"a village": village()},
    ),
}
