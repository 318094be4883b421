"""Answers to puzzle 10 as people write them."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from einops import einsum

from tests.checks.bank import Bank
from zeropoint.puzzles.p10.hunt import Hunt

# --- 10.1 better than a guess --------------------------------------------------------------------------------------


def with_means(y, said, guess):
    return 1 - ((y - said) ** 2).mean() / ((y - guess) ** 2).mean()


def with_mse_loss(y, said, guess):
    before = F.mse_loss(torch.full_like(y, guess), y)
    return ((before - F.mse_loss(said, y)) / before).item()


def numpy_share(y, said, guess):
    y, said = y.numpy(), said.numpy()
    return float(1 - np.sum(np.square(y - said)) / np.sum(np.square(y - guess)))


def corrcoef_squared(y, said, guess):
    return np.corrcoef(y.numpy(), said.numpy())[0, 1] ** 2


def pearson(y, said, guess):
    a, b = y - y.mean(), said - said.mean()
    return a @ b / (a.norm() * b.norm())


def variance_of_residuals(y, said, guess):
    return 1 - (y - said).var() / y.var()


def sklearn_r2(y, said, guess):
    from sklearn.metrics import r2_score

    return float(r2_score(y, said))


def left_share(y, said, guess):
    return (y - said).pow(2).sum() / (y - guess).pow(2).sum()


def absolute_errors(y, said, guess):
    return 1 - (y - said).abs().mean() / (y - guess).abs().mean()


def rmse_ratio(y, said, guess):
    return 1 - (y - said).norm() / (y - guess).norm()


def explained_sum_of_squares(y, said, guess):
    return (said - guess).pow(2).sum() / (y - guess).pow(2).sum()


def difference_of_errors(y, said, guess):
    return ((y - guess) ** 2 - (y - said) ** 2).sum()


def one_per_token(y, said, guess):
    return 1 - (y - said) ** 2 / (y - guess) ** 2


# --- 10.2 the rows have gone by ------------------------------------------------------------------------------------


def by_inverse(n, sum_x, sum_y, sum_xx, sum_xy, penalty):
    mx, my = sum_x / n, sum_y / n
    C = sum_xx / n - mx[:, None] * mx[None, :] + penalty * torch.eye(len(mx), dtype=mx.dtype)
    w = C.inverse() @ (sum_xy / n - my * mx)
    return w, my - w @ mx


def on_sums(n, sum_x, sum_y, sum_xx, sum_xy, penalty):
    scatter = sum_xx - einsum(sum_x, sum_x, "i, j -> i j") / n
    w = torch.linalg.solve(scatter + n * penalty * torch.eye(len(sum_x), dtype=sum_x.dtype), sum_xy - sum_x * sum_y / n)
    return w, (sum_y - sum_x @ w) / n


def bordered(n, sum_x, sum_y, sum_xx, sum_xy, penalty):
    d = len(sum_x)
    A = torch.zeros(d + 1, d + 1, dtype=sum_x.dtype)
    A[:d, :d] = sum_xx / n + penalty * torch.eye(d, dtype=sum_x.dtype)
    A[:d, d] = A[d, :d] = sum_x / n
    A[d, d] = 1
    right = torch.cat([sum_xy / n, torch.tensor([sum_y / n], dtype=sum_x.dtype)])
    solved = torch.linalg.solve(A, right)
    return solved[:d], solved[d]


def numpy_probe(n, sum_x, sum_y, sum_xx, sum_xy, penalty):
    x, xx, xy = (np.asarray(t) for t in (sum_x, sum_xx, sum_xy))
    m = x / n
    w = np.linalg.solve(xx / n - np.outer(m, m) + penalty * np.eye(len(m)), xy / n - m * sum_y / n)
    return w, sum_y / n - m @ w


def forgot_intercept(n, sum_x, sum_y, sum_xx, sum_xy, penalty):
    return torch.linalg.solve(sum_xx / n + penalty * torch.eye(len(sum_x), dtype=sum_x.dtype), sum_xy / n), 0.0


def intercept_later(n, sum_x, sum_y, sum_xx, sum_xy, penalty):
    w, _ = forgot_intercept(n, sum_x, sum_y, sum_xx, sum_xy, penalty)
    return w, (sum_y - sum_x @ w) / n


def column_of_ones(n, sum_x, sum_y, sum_xx, sum_xy, penalty):
    top = torch.cat([sum_xx, sum_x[:, None]], 1)
    G = torch.cat([top, torch.cat([sum_x, torch.tensor([n], dtype=sum_x.dtype)])[None]], 0) / n
    c = torch.cat([sum_xy, torch.tensor([sum_y], dtype=sum_x.dtype)]) / n
    s = torch.linalg.solve(G + penalty * torch.eye(len(G), dtype=G.dtype), c)
    return s[:-1], s[-1]


def penalty_once(n, sum_x, sum_y, sum_xx, sum_xy, penalty):
    scatter = sum_xx - torch.outer(sum_x, sum_x) / n
    w = torch.linalg.solve(scatter + penalty * torch.eye(len(sum_x), dtype=sum_x.dtype), sum_xy - sum_x * sum_y / n)
    return w, (sum_y - sum_x @ w) / n


def least_squares(n, sum_x, sum_y, sum_xx, sum_xy, penalty):
    scatter = sum_xx - torch.outer(sum_x, sum_x) / n
    w = torch.linalg.solve(scatter, sum_xy - sum_x * sum_y / n)
    return w, (sum_y - sum_x @ w) / n


def y_as_it_is(n, sum_x, sum_y, sum_xx, sum_xy, penalty):
    C = sum_xx / n - torch.outer(sum_x, sum_x) / n**2
    w = torch.linalg.solve(C + penalty * torch.eye(len(C), dtype=C.dtype), sum_xy / n)
    return w, (sum_y - sum_x @ w) / n


def x_as_it_is(n, sum_x, sum_y, sum_xx, sum_xy, penalty):
    w = torch.linalg.solve(
        sum_xx / n + penalty * torch.eye(len(sum_x), dtype=sum_x.dtype), sum_xy / n - sum_x * sum_y / n**2
    )
    return w, (sum_y - sum_x @ w) / n


def mean_for_intercept(n, sum_x, sum_y, sum_xx, sum_xy, penalty):
    w, _ = by_inverse(n, sum_x, sum_y, sum_xx, sum_xy, penalty)
    return w, sum_y / n


def wrong_sign(n, sum_x, sum_y, sum_xx, sum_xy, penalty):
    w, b = by_inverse(n, sum_x, sum_y, sum_xx, sum_xy, penalty)
    return w, -b


def n_minus_one(n, sum_x, sum_y, sum_xx, sum_xy, penalty):
    m = sum_x / n
    C = (sum_xx - n * torch.outer(m, m)) / (n - 1)
    c = (sum_xy - m * sum_y) / (n - 1)
    w = torch.linalg.solve(C + penalty * torch.eye(len(m), dtype=m.dtype), c)
    return w, sum_y / n - m @ w


def slope_only(n, sum_x, sum_y, sum_xx, sum_xy, penalty):
    return by_inverse(n, sum_x, sum_y, sum_xx, sum_xy, penalty)[0]


# --- 10.3 say one --------------------------------------------------------------------------------------------------


def normal_equations(W):
    second, mu = W.T @ W / len(W), W.mean(0)
    return 1 - mu @ torch.linalg.solve(second, mu)


def by_mahalanobis(W):
    W = W.double()
    mu = W.mean(0)
    C = (W - mu).T @ (W - mu) / len(W)
    return (1 / (1 + mu @ torch.linalg.solve(C, mu))).item()


def by_projection(W):
    Q, _ = torch.linalg.qr(W)
    ones = torch.ones(len(W), dtype=W.dtype)
    return (ones - Q @ (Q.T @ ones)).square().mean()


def numpy_lstsq(W):
    w = W.numpy()
    v, *_ = np.linalg.lstsq(w, np.ones(len(w), dtype=w.dtype), rcond=None)
    return np.mean((w @ v - 1) ** 2)


def along_mean(W):
    a = W @ W.mean(0)
    t = a.sum() / (a @ a)
    return ((t * a - 1) ** 2).mean()


def dual_of_mean(W):
    v = W.mean(0) / W.mean(0).norm() ** 2
    return ((W @ v - 1) ** 2).mean()


def mean_share(W):
    return 1 - W.mean(0).norm() ** 2 / (W**2).sum(1).mean()


def centred_rows(W):
    C = W - W.mean(0)
    v = torch.linalg.lstsq(C, torch.ones(len(W), 1, dtype=W.dtype)).solution
    return ((C @ v - 1) ** 2).mean()


def root_mean(W):
    ones = torch.ones(len(W), 1, dtype=W.dtype)
    return (W @ torch.linalg.lstsq(W, ones).solution - ones).square().mean().sqrt()


def total_miss(W):
    ones = torch.ones(len(W), 1, dtype=W.dtype)
    return ((W @ torch.linalg.lstsq(W, ones).solution - ones) ** 2).sum()


def reached(W):
    return 1 - normal_equations(W)


def mean_of_said(W):
    return ((W @ torch.linalg.pinv(W).sum(1)).mean()) ** 2


def one_direction_of_pca(W):
    v = torch.linalg.svd(W)[2][0]
    a = W @ v
    return ((a * a.sum() / (a @ a) - 1) ** 2).mean()


def variance_of_said(W):
    return (W @ torch.linalg.pinv(W).sum(1)).var()


# --- 10.4 foretold by the others -----------------------------------------------------------------------------------


def others_by_weights(D):
    m = len(D)
    weights = (torch.ones(m, m, dtype=D.dtype) - torch.eye(m, dtype=D.dtype)) / (m - 1)
    return 1 - (D - weights @ D).pow(2).sum() / D.pow(2).sum()


def from_the_mean(D):
    m = len(D)
    miss = (D - D.mean(0)) * m / (m - 1)  # a row misses the others' mean by more than it misses the mean
    return (1 - miss.square().sum() / D.square().sum()).item()


def numpy_others(D):
    d = D.numpy()
    others = (d.sum(0, keepdims=True) - d) / (len(d) - 1)
    return 1 - np.sum((d - others) ** 2) / np.sum(d**2)


def with_itself(D):
    return 1 - ((D - D.mean(0)) ** 2).sum() / (D**2).sum()


def length_of_mean(D):
    return D.mean(0).norm() ** 2 / D.norm(dim=1).pow(2).mean()


def mean_of_shares(D):
    others = (D.sum(0) - D) / (len(D) - 1)
    return (1 - (D - others).pow(2).sum(1) / D.pow(2).sum(1)).mean()


def over_m(D):
    others = (D.sum(0) - D) / len(D)
    return 1 - (D - others).pow(2).sum() / D.pow(2).sum()


def of_the_variance(D):
    others = (D.sum(0) - D) / (len(D) - 1)
    return 1 - (D - others).pow(2).sum() / (D - D.mean(0)).pow(2).sum()


def plain_lengths(D):
    others = (D.sum(0) - D) / (len(D) - 1)
    return 1 - (D - others).norm(dim=1).mean() / D.norm(dim=1).mean()


def mean_cosine(D):
    others = (D.sum(0) - D) / (len(D) - 1)
    return F.cosine_similarity(D, others).mean()


def missed_share(D):
    others = (D.sum(0) - D) / (len(D) - 1)
    return (D - others).pow(2).sum() / D.pow(2).sum()


def pairwise_cosines(D):
    u = F.normalize(D)
    C = u @ u.T
    return (C.sum() - C.trace()) / (len(D) * (len(D) - 1))


# --- 10.5 find another ---------------------------------------------------------------------------------------------

KINDS = ("def", "for", "the", "map", "end", "row", "set", "log")


def made_up(seed: int) -> Hunt:
    """Tokens of four kinds, and rows that hold the kind and noise: what an embedding may look like to this judge."""
    generator = torch.Generator().manual_seed(seed)
    texts = [" " * (i % 2) + KINDS[i % 8] + KINDS[i // 8 % 8] for i in range(1200)]
    texts[::5] = ["(" * (2 + i % 9) for i in range(len(texts[::5]))]
    texts[1::5] = [text.upper() for text in texts[1::5]]
    kinds = [[text.startswith(" "), text.isupper(), "(" in text] for text in texts]
    features = torch.tensor(kinds).double()
    X = features @ torch.randn(3, 12, generator=generator, dtype=torch.float64)
    X += 0.3 * torch.randn(len(X), 12, generator=generator, dtype=torch.float64) + 2
    lengths = torch.tensor([float(len(text.strip())) for text in texts])
    known = torch.stack([lengths, features[:, 0].float()], dim=1).double()
    return Hunt(texts, X.float(), (known - known.mean(0)) / known.std(0))


GROUND = {"made up": made_up(0), "made up again": made_up(1)}
SECRET = {text: float(row[0]) for text, row in zip(GROUND["made up"].texts, GROUND["made up"].X, strict=True)}


def loud(token):
    return token.isupper()


def no_letters(token):
    return not any(c.isalpha() for c in token)


def brackets(token):
    import re

    return len(re.findall(r"[()]", token)) > 0


def share_of_letters(token):
    word = token.strip()
    return sum(c.isalpha() for c in word) / len(word)


def the_length(token):
    return len(token.strip())


def the_space(token):
    return token.startswith(" ")


def a_hash(token):
    import hashlib

    return hashlib.sha256(token.encode()).digest()[0]


def peeks(token):
    return SECRET[token]


def peeks_around(token):
    import sys

    return next(m.SECRET[token] for m in sys.modules.values() if hasattr(m, "SECRET"))


def peeks_by_default(token, table=SECRET):
    return table[token]


def a_word(token):
    return token.strip()


def always_one(token):
    return 1.0


def infinite(token):
    return float("inf") if token.isupper() else 0.0


def generator(seed: int = 5):
    g = torch.Generator().manual_seed(seed)
    y = torch.randint(1, 12, (60,), generator=g).float()
    return y, 0.6 * y + 2.5 + 0.5 * torch.randn(60, generator=g), 5.7


def rows():
    g = torch.Generator().manual_seed(3)
    X = torch.randn(2000, 16, generator=g) + 1
    return X, X[:, 0] * 2 + 5 + torch.randn(2000, generator=g)


BANK = {
    "10.1": Bank(
        right=[with_means, with_mse_loss, numpy_share],
        wrong=[
            (corrcoef_squared, "the squared correlation"),
            (pearson, "the correlation"),
            (variance_of_residuals, "the variance of what is left over"),
            (sklearn_r2, "the guess plays no part"),
            (left_share, "the share that is left"),
            (absolute_errors, "errors that are not squared"),
            (rmse_ratio, "roots of the sums"),
            (explained_sum_of_squares, "how far the probe is from the guess"),
            (difference_of_errors, None),
            (one_per_token, None),
        ],
        real={"a probe": generator()},
    ),
    "10.2": Bank(
        right=[by_inverse, on_sums, bordered, numpy_probe],
        wrong=[
            (forgot_intercept, "no intercept"),
            (intercept_later, "the intercept comes too late"),
            (column_of_ones, "the intercept is penalised"),
            (penalty_once, "the penalty is on the sum, not on the mean"),
            (least_squares, "no penalty"),
            (y_as_it_is, "y is not centred"),
            (x_as_it_is, "x is not centred"),
            (mean_for_intercept, "the intercept is the mean of y"),
            (wrong_sign, None),
            (n_minus_one, None),
            (slope_only, None),
        ],
        real={"rows": rows()},
    ),
    "10.3": Bank(
        right=[normal_equations, by_mahalanobis, by_projection, numpy_lstsq],
        wrong=[
            (along_mean, "along the mean, at the best length"),
            (dual_of_mean, "v is the mean over its squared length"),
            (mean_share, "of lengths: one less the mean's share"),
            (centred_rows, "centred first"),
            (root_mean, "the root"),
            (total_miss, "the sum"),
            (reached, "what is reached, not what is missing"),
            (mean_of_said, "the best v, squared"),
            (one_direction_of_pca, None),
            (variance_of_said, None),
        ],
    ),
    "10.4": Bank(
        right=[others_by_weights, from_the_mean, numpy_others],
        wrong=[
            (with_itself, "each row helps to foretell itself"),
            (length_of_mean, "each row helps to foretell itself"),
            (mean_of_shares, "the average of each row's own share"),
            (over_m, "the others are divided by m"),
            (of_the_variance, "against the variance, not the lengths"),
            (plain_lengths, "lengths that are not squared"),
            (mean_cosine, "the mean cosine with the others"),
            (missed_share, "the share that is left"),
            (pairwise_cosines, None),
        ],
    ),
    "10.5": Bank(
        right=[loud, no_letters, brackets, share_of_letters],
        wrong=[
            (the_length, None),
            (the_space, None),
            (a_hash, None),
            (peeks, None),
            (peeks_around, None),
            (peeks_by_default, None),
            (a_word, None),
            (always_one, None),
            (infinite, None),
        ],
        real=GROUND,
    ),
}
