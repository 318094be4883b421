"""Answers to puzzle 05 as people write them."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from einops import einsum

from tests.checks.bank import Bank
from zeropoint.puzzles.p05.heap import black_box

# --- 5.1 a group out of a heap -------------------------------------------------------------------------------------


def slices(T, zero):
    return T[:, zero], T[zero, :, zero]


def by_loops(T, zero):
    N = len(T)
    add = torch.zeros(N, N, dtype=torch.long)
    for a in range(N):
        for b in range(N):
            add[a, b] = T[a, zero, b]
    return add, torch.tensor([T[zero, a, zero] for a in range(N)])


def negative_by_search(T, zero):
    add = T[:, zero, :]
    return add, (add == zero).int().argmax(dim=1)


def numpy_slices(T, zero):
    t = T.numpy()
    return t[:, zero, :], np.array([int(np.where(t[a, zero] == zero)[0][0]) for a in range(len(t))])


def by_select(T, zero):
    return T.select(1, zero), T.select(0, zero).select(1, zero)


def subtraction(T, zero):
    return T[:, :, zero], T[zero, :, zero]


def subtraction_other_side(T, zero):
    return T[zero, :, :], T[zero, :, zero]


def zero_is_zero(T, zero):
    return T[:, 0], T[0, :, 0]


def turned_sum(T, zero):
    return T[:, zero].T, T[zero, :, zero]


def own_negatives(T, zero):
    return T[:, zero], torch.arange(len(T))


def doubles(T, zero):
    n = torch.arange(len(T))
    return T[:, zero], T[n, zero, n]


def modular(T, zero):
    n = torch.arange(len(T))
    return (n[:, None] + n[None, :] - zero) % len(T), (2 * zero - n) % len(T)


def plain_modular(T, zero):
    n = torch.arange(len(T))
    return (n[:, None] + n) % len(T), -n % len(T)


def negatives_all_zero(T, zero):
    n = torch.arange(len(T))
    return T[:, zero], T[zero, n, n]


def sum_only(T, zero):
    return T[:, zero]


def swapped_results(T, zero):
    return T[zero, :, zero], T[:, zero]


def inverse_permutation(T, zero):
    return T[:, zero], T[:, zero, 0].argsort()


def numbers_negated(T, zero):
    return T[:, zero], (-torch.arange(len(T))) % len(T)


def numbers_mirrored(T, zero):
    negative = [(2 * zero - a) % len(T) for a in range(len(T))]
    return T[:, zero], torch.tensor(negative)


# --- 5.2 combine ---------------------------------------------------------------------------------------------------


def steps_from_base(points, weights, base):
    return base + ((points - base) * weights[:, None]).sum(0)


def algebra(points, weights, base):
    return weights @ points + (1 - weights.sum()) * base


def with_einsum(points, weights, base):
    return einsum(weights, points - base, "k, k d -> d") + base


def step_by_step(points, weights, base):
    result = base.clone()
    for p, w in zip(points, weights, strict=True):
        result = result + w * (p - base)
    return result


def numpy_combine(points, weights, base):
    p, w, b = (np.asarray(t) for t in (points, weights, base))
    return b + w.dot(p - b)


def no_base_back(points, weights, base):
    return ((points - base) * weights[:, None]).sum(0)


def plain_combination(points, weights, base):
    return (weights[:, None] * points).sum(0)


def steps_from_zero(points, weights, base):
    return base + (weights[:, None] * points).sum(0)


def normalised_weights(points, weights, base):
    w = weights / weights.sum()
    return base + w @ (points - base)


def unweighted(points, weights, base):
    return base + sum(p - base for p in points)


def just_the_mean(points, weights, base):
    return points.mean(dim=0)


def base_each_time(points, weights, base):
    return sum(base + w * (p - base) for p, w in zip(points, weights, strict=True))


def backwards(points, weights, base):
    return base - weights @ (points - base)


def weighted_mean(points, weights, base):
    return weights @ points / weights.sum()


def one_subtraction(points, weights, base):
    return (weights[:, None] * points).sum(0) - base


def softmaxed(points, weights, base):
    return base + weights.softmax(0) @ (points - base)


def averaged_steps(points, weights, base):
    return base + (weights[:, None] * (points - base)).mean(0)


def base_added(points, weights, base):
    return weights @ (points + base)


def mean_times_weights(points, weights, base):
    return base + weights.sum() * (points.mean(0) - base)


# --- 5.3 the fourth corner -----------------------------------------------------------------------------------------


def with_cdist(W, a, b, c):
    d = torch.cdist((W[b] - W[a] + W[c])[None], W)[0]
    d[torch.tensor([a, b, c])] = float("inf")
    return d.argmin()


def squared(W, a, b, c):
    target = W[c] + (W[b] - W[a])
    d = ((W - target) ** 2).sum(-1)
    return next(i for i in d.argsort().tolist() if i not in (a, b, c))


def sides(W, a, b, c):
    side = W[b] - W[a]
    gap = torch.linalg.vector_norm((W - W[c]) - side, dim=1)
    order = torch.topk(gap, 4, largest=False).indices
    return [int(i) for i in order if int(i) not in {a, b, c}][0]


def numpy_corner(W, a, b, c):
    w = W.numpy()
    d = np.linalg.norm(w - (w[b] - w[a] + w[c]), axis=1)
    d[[a, b, c]] = np.inf
    return d.argmin()


def best_of(score, *out):
    score = score.clone()
    score[list(out)] = -float("inf")
    return int(score.argmax())


def three_cos_add(W, a, b, c):
    return best_of(F.cosine_similarity(W, (W[b] - W[a] + W[c])[None]), a, b, c)


def three_cos_add_units(W, a, b, c):
    u = F.normalize(W)
    return best_of(F.cosine_similarity(u, (u[b] - u[a] + u[c])[None]), a, b, c)


def three_cos_add_sum_of_cosines(W, a, b, c):
    u = F.normalize(W)
    return best_of(u @ u[b] - u @ u[a] + u @ u[c], a, b, c)


def dot(W, a, b, c):
    return best_of(W @ (W[b] - W[a] + W[c]), a, b, c)


def centred_cosine(W, a, b, c):
    return three_cos_add(W - W.mean(0), a, b, c)


def pair_direction(W, a, b, c):
    return best_of(F.cosine_similarity(W - W[c], (W[b] - W[a])[None]), a, b, c)


def inputs_allowed(W, a, b, c):
    return (W - (W[b] - W[a] + W[c])).norm(dim=1).argmin()


def king_minus_man(W, a, b, c):
    return best_of(-(W - (W[a] - W[b] + W[c])).norm(dim=1), a, b, c)


def other_diagonal(W, a, b, c):
    return best_of(-torch.cdist((W[a] + W[b] - W[c])[None], W)[0], a, b, c)


def difference_as_point(W, a, b, c):
    return best_of(-(W - (W[b] - W[a])).norm(dim=1), a, b, c)


def furthest(W, a, b, c):
    return best_of((W - (W[b] - W[a] + W[c])).norm(dim=1), a, b, c)


def nearest_to_c(W, a, b, c):
    return best_of(-(W - W[c]).norm(dim=1), a, b, c)


def centred_units_distance(W, a, b, c):
    u = F.normalize(W - W.mean(0))
    return best_of(-(u - (u[b] - u[a] + u[c])).norm(dim=1), a, b, c)


def the_point_itself(W, a, b, c):
    return W[b] - W[a] + W[c]


def b_and_c_left_out(W, a, b, c):
    d = torch.cdist((W[b] - W[a] + W[c])[None], W)[0]
    d[[b, c]] = torch.inf
    return d.argmin()


def a_and_b_left_out(W, a, b, c):
    return best_of(-(W - (W[b] - W[a] + W[c])).norm(dim=1), a, b)


def a_and_c_left_out(W, a, b, c):
    return best_of(-(W - (W[b] - W[a] + W[c])).norm(dim=1), a, c)


def only_a_left_out(W, a, b, c):
    return best_of(-(W - (W[b] - W[a] + W[c])).norm(dim=1), a)


def only_b_left_out(W, a, b, c):
    return best_of(-(W - (W[b] - W[a] + W[c])).norm(dim=1), b)


def city_block(W, a, b, c):
    d = (W - (W[b] - W[a] + W[c])).abs().sum(1)
    return next(i for i in d.argsort().tolist() if i not in (a, b, c))


def largest_difference(W, a, b, c):
    d = (W - (W[b] - W[a] + W[c])).abs().amax(1)
    return next(i for i in d.argsort().tolist() if i not in (a, b, c))


def only_c_left_out(W, a, b, c):
    return best_of(-(W - (W[b] - W[a] + W[c])).norm(dim=1), c)


def fourth_nearest(W, a, b, c):
    d = (W - (W[b] - W[a] + W[c])).norm(dim=1)
    return sorted(range(len(W)), key=lambda i: d[i])[3]


def cosine_from_a(W, a, b, c):
    V = W - W[a]
    return best_of(F.cosine_similarity(V, (V[b] + V[c])[None]), a, b, c)


def smallest_distance(W, a, b, c):
    d = (W - (W[b] - W[a] + W[c])).norm(dim=1)
    d[[a, b, c]] = torch.inf
    return d.min()


# --- 5.4 a − b + c from the box ------------------------------------------------------------------------------------


def with_where(f, a, b, c):
    x1 = len(f) - 1
    x2 = torch.where(f[:, b] == f[x1, a])[0][0]
    return torch.where(f[x1] == f[x2, c])[0][0].item()


def with_loops(f, a, b, c):
    N = len(f)
    for x in range(N):
        if f[x, b] == f[2, a]:
            for y in range(N):
                if f[2, y] == f[x, c]:
                    return y


def with_argmax(f, a, b, c):
    x2 = (f[:, b] == f[1, a]).int().argmax()
    return (f[1] == f[x2, c]).int().argmax()


def by_inverse_tables(f, a, b, c):
    column_of = f.argsort(dim=1)  # [x, value]
    row_of = f.argsort(dim=0)  # [value, y]
    return column_of[0, f[row_of[f[0, a], b], c]]


def from_c_side(f, a, b, c):
    x2 = (f[:, b] == f[3, c]).nonzero()[0, 0]  # a step from b to c, then applied to a: the heap is abelian
    return (f[3] == f[x2, a]).nonzero()[0, 0]


def numpy_box(f, a, b, c):
    t = f.numpy()
    x2 = int(np.argwhere(t[:, b] == t[0, a])[0, 0])
    return np.argwhere(t[0] == t[x2, c])[0, 0]


def wrong_way(f, a, b, c):
    x2 = (f[:, a] == f[0, b]).nonzero().item()
    return (f[0] == f[x2, c]).nonzero().item()


def wrong_way_end(f, a, b, c):
    x2 = (f[:, b] == f[0, a]).nonzero().item()
    return (f[x2] == f[0, c]).nonzero().item()


def corners_mixed(f, a, b, c):
    x2 = (f[:, c] == f[0, a]).nonzero().item()
    return (f[0] == f[x2, b]).nonzero().item()


def name_arithmetic(f, a, b, c):
    return (a - b + c) % f.shape[0]


def in_rows(f, a, b, c):
    y2 = (f[b] == f[a, 0]).nonzero().item()
    return (f[:, 0] == f[c, y2]).nonzero().item()


def columns_then_rows(f, a, b, c):
    x2 = (f[:, b] == f[0, a]).nonzero().item()
    return (f[:, 0] == f[c, x2]).nonzero().item()


def rows_then_columns(f, a, b, c):
    x2 = (f[b] == f[a, 0]).nonzero().item()
    return (f[0] == f[x2, c]).nonzero().item()


def value(f, a, b, c):
    x2 = (f[:, b] == f[0, a]).nonzero().item()
    return f[x2, c].item()


def the_row(f, a, b, c):
    return (f[:, b] == f[0, a]).nonzero().item()


def same_row(f, a, b, c):
    return (f[0] == f[0, c]).nonzero().item()


def crossed_rows(f, a, b, c):
    x2 = (f[:, b] == f[0, a]).nonzero().item()
    return (f[x2] == f[x2, c]).nonzero().item()


def value_arithmetic(f, a, b, c):
    return (f[0] == (f[0, a] - f[0, b] + f[0, c]) % len(f)).nonzero().item()


def step_from_row_names(f, a, b, c):
    return (f[0] == f[(a - b) % len(f), c]).nonzero().item()


def always_a(f, a, b, c):
    return a


def digit_arithmetic(f, a, b, c):
    (a1, a2), (b1, b2), (c1, c2) = (divmod(name, 5) for name in (a, b, c))
    return (a1 - b1 + c1) % 5 * 5 + (a2 - b2 + c2) % 5


def step_on_0(f, a, b, c):
    x2 = (f[:, b] == f[0, a]).nonzero().item()
    return (f[0] == f[x2, 0]).nonzero().item()


def step_on_b(f, a, b, c):
    x2 = (f[:, b] == f[0, a]).nonzero().item()
    return (f[0] == f[x2, b]).nonzero().item()


# --- 5.5 an explanation for every zero -----------------------------------------------------------------------------


def with_argsort(f, x0, y0):
    P = f[x0]
    return P.argsort()[f[:, y0]], P


def comparing(f, x0, y0):
    return (f[:, y0, None] == f[x0, None, :]).int().argmax(dim=1), f[x0, :]


def by_dictionary(f, x0, y0):
    y_of = {int(v): y for y, v in enumerate(f[x0])}
    return torch.tensor([y_of[int(v)] for v in f[:, y0]]), torch.tensor([int(f[x0, y]) for y in range(len(f))])


def numpy_explain(f, x0, y0):
    t = f.numpy()
    return np.argsort(t[x0])[t[:, y0]], t[x0]


def p_along_x(f, x0, y0):
    return f[x0].argsort()[f[:, y0]], f[:, y0]


def m_turned(f, x0, y0):
    return f[:, y0].argsort()[f[x0]], f[x0]


def p_turned(f, x0, y0):
    return f[x0].argsort()[f[:, y0]], f[x0].argsort()


def m_values(f, x0, y0):
    return f[:, y0], f[x0]


def m_identity(f, x0, y0):
    return torch.arange(len(f)), f[x0]


def zeros_named_0(f, x0, y0):
    return f[0].argsort()[f[:, 0]], f[0]


def zeros_swapped(f, x0, y0):
    return f[y0].argsort()[f[:, x0]], f[y0]


def results_swapped(f, x0, y0):
    return f[x0], f[x0].argsort()[f[:, y0]]


def only_p(f, x0, y0):
    return f[x0]


def m_from_row_zero(f, x0, y0):
    return f[0].argsort()[f[:, y0]], f[x0]


def x0_forgotten(f, x0, y0):
    P = f[0]
    return P.argsort()[f[:, y0]], P


def y0_forgotten(f, x0, y0):
    P = f[x0]
    return P.argsort()[f[:, 0]], P


def p_put_on_twice(f, x0, y0):
    P = f[x0]
    return P[f[:, y0]], P


def sides_swapped(f, x0, y0):
    P = f[:, y0]
    return P.argsort()[f[x0]], P


TABLE = black_box(5, 2, seed=11).table
THREE = torch.arange(9)
HEAP = {"the heap of nine": (THREE[:, None, None] - THREE[:, None] + THREE) % 9}


def less_M(f, x0, y0):
    return torch.stack([(row == f[x0, y0]).nonzero()[0, 0] for row in f]), f[x0]


def place_after_deletion(W, a, b, c):
    keep = [i for i in range(len(W)) if i not in (a, b, c)]
    return (W[keep] - (W[b] - W[a] + W[c])).norm(dim=1).argmin().item()


BANK = {
    "5.1": Bank(
        right=[slices, by_loops, negative_by_search, numpy_slices, by_select],
        wrong=[
            (subtraction, "differences for sums"),
            (subtraction_other_side, "differences for sums"),
            (zero_is_zero, "the point named 0 is taken for zero"),
            (turned_sum, "a and b have changed places"),
            (own_negatives, "every element is its own negative"),
            (doubles, "the negatives are doubles"),
            (modular, "the names are taken for numbers"),
            (plain_modular, "the names are taken for numbers"),
            (negatives_all_zero, "every negative is zero"),
            (numbers_negated, "in −a, the names are taken for numbers"),
            (numbers_mirrored, "in −a, the names are taken for numbers"),
            (sum_only, None),
            (swapped_results, None),
            (inverse_permutation, None),
        ],
        real=HEAP,
    ),
    "5.2": Bank(
        right=[steps_from_base, algebra, with_einsum, step_by_step, numpy_combine],
        wrong=[
            (no_base_back, "the base is not put back"),
            (plain_combination, "the base plays no part"),
            (steps_from_zero, "the base is added, but the steps start at zero"),
            (normalised_weights, "the weights are made to add up to one"),
            (weighted_mean, "the weights are made to add up to one"),
            (unweighted, "the weights play no part"),
            (just_the_mean, "the weights play no part"),
            (base_each_time, "the base is counted once a point"),
            (backwards, "the steps are walked backwards"),
            (one_subtraction, "the base is taken off once, not from each point"),
            (softmaxed, None),
            (averaged_steps, "divided by the number of points"),
            (base_added, "the base is added to each point, not taken off"),
            (mean_times_weights, "all points get the same weight"),
        ],
    ),
    "5.3": Bank(
        right=[with_cdist, squared, sides, numpy_corner],
        wrong=[
            (three_cos_add, "the highest cosine, rows as they are"),
            (three_cos_add_units, "the highest cosine, unit rows"),
            (three_cos_add_sum_of_cosines, "the highest cosine, unit rows"),
            (dot, "the highest dot product"),
            (centred_cosine, "centred, then the highest cosine"),
            (pair_direction, "the direction of the side, without its length"),
            (inputs_allowed, "a, b and c may be answers"),
            (king_minus_man, "another corner"),
            (other_diagonal, "another corner"),
            (difference_as_point, "a step, taken for a point"),
            (furthest, "the furthest, not the nearest"),
            (nearest_to_c, None),
            (centred_units_distance, "centred, then rows of length 1"),
            (cosine_from_a, "the highest cosine, as seen from a"),
            (fourth_nearest, "the fourth nearest, whichever are nearer"),
            (smallest_distance, "a distance, not a token"),
            (the_point_itself, None),
            (only_a_left_out, "of a, b and c only a left out"),
            (only_b_left_out, "of a, b and c only b left out"),
            (only_c_left_out, "of a, b and c only c left out"),
            (a_and_b_left_out, "of a, b and c only a and b left out"),
            (a_and_c_left_out, "of a, b and c only a and c left out"),
            (b_and_c_left_out, "of a, b and c only b and c left out"),
            (city_block, "another distance: the sum of absolute differences"),
            (largest_difference, None),
            (place_after_deletion, "the place among the tokens that are left, not the token"),
        ],
    ),
    "5.4": Bank(
        right=[with_where, with_loops, with_argmax, by_inverse_tables, from_c_side, numpy_box],
        wrong=[
            (wrong_way, "the step runs the wrong way: b − a + c"),
            (corners_mixed, "the corners are mixed up: a − c + b"),
            (name_arithmetic, "the names are taken for numbers"),
            (in_rows, "the step is made among the x"),
            (columns_then_rows, "rows and columns are mixed"),
            (rows_then_columns, "rows and columns are mixed"),
            (value, "a value of f, not a name of y"),
            (the_row, "halfway: the name of an x"),
            (same_row, "nothing has moved: c again"),
            (crossed_rows, "nothing has moved: c again"),
            (wrong_way_end, "the step runs the wrong way: b − a + c"),
            (step_from_row_names, None),
            (always_a, "a again: the step is made from b"),
            (value_arithmetic, "the values are taken for numbers"),
            (digit_arithmetic, "the names are taken for pairs of digits"),
            (step_on_0, "the step is used on the y named 0"),
            (step_on_b, "a again: the step is made from b"),
        ],
        real={"a box": TABLE},
    ),
    "5.5": Bank(
        right=[with_argsort, comparing, by_dictionary, numpy_explain],
        wrong=[
            (less_M, "the sign of M"),
            (p_along_x, "P is read along x, not along y"),
            (m_turned, "M is turned round: from y to x"),
            (p_turned, "P is turned round: from values to y"),
            (m_values, "M holds values of f, not names of y"),
            (m_identity, "M is left out: names of x taken for names of y"),
            (zeros_named_0, "the points named 0 are taken for zeros"),
            (zeros_swapped, "the two zeros have changed places"),
            (results_swapped, "the pair is turned round"),
            (only_p, None),
            (m_from_row_zero, "one of the two zeros is forgotten"),
            (x0_forgotten, "one of the two zeros is forgotten"),
            (y0_forgotten, "one of the two zeros is forgotten"),
            (p_put_on_twice, "P is put on once more, not taken off"),
            (sides_swapped, "x and y have changed places"),
        ],
        real={"a box": TABLE},
    ),
}
