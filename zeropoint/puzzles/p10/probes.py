"""Linear probes, judged on tokens that they did not see.

The tokens are dealt into folds. A probe for one fold is fitted on the others, by ridge regression. All it needs of the rows
are sums, [d, d] numbers, and the sums of all folds but one are the sums of all less those of the one: every row is read
once, whatever the number of folds.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Float, Int
from torch import Tensor

from zeropoint.claims import Estimate, over

FOLDS = 10
RIDGE = 0.01  # of the features' mean variance: small, and the same for every probe, so that nothing is tuned on what is tested


def folds(n: int, seed: int = 0) -> Int[Tensor, " n"]:
    """Each of n rows in one of FOLDS folds, at random and of equal size (but for one row)."""
    return torch.randperm(n, generator=torch.Generator().manual_seed(seed)) % FOLDS


def columns(y: Float[Tensor, " n"] | Float[Tensor, "n k"]) -> Float[Tensor, "n k"]:
    return (y if y.ndim == 2 else y[:, None]).double()


def sums(X: Float[Tensor, "n d"], y: Float[Tensor, "n k"]) -> Float[Tensor, "m m"]:
    """ZᵀZ of Z = [1, X, y], m = 1 + d + k, in float64: n, the sums and the products of everything with everything."""
    Z = torch.cat([torch.ones(len(X), 1, dtype=torch.float64), X.double(), y], dim=1)
    return Z.T @ Z


def fit(S: Float[Tensor, "m m"], d: int, intercept: bool = True) -> tuple[Float[Tensor, "d k"], Float[Tensor, " k"]]:
    """Slope and intercept of the ridge regression of y on X, from `sums`. The intercept is 0, or it is not penalised."""
    means = S[0, 1:] / S[0, 0]
    centred = S[1:, 1:] / S[0, 0] - means[:, None] * means
    penalty = RIDGE * centred.diagonal()[:d].mean()
    products = centred if intercept else S[1:, 1:] / S[0, 0]
    slope = torch.linalg.solve(products[:d, :d] + penalty * torch.eye(d, dtype=torch.float64), products[:d, d:])
    offset = means[d:] - means[:d] @ slope
    return slope, offset if intercept else torch.zeros_like(offset)


def held_out(X: Float[Tensor, "n d"], y: Tensor, fold: Int[Tensor, " n"], intercept: bool = True) -> Tensor:
    """For each row, what a probe fitted on the other folds says of it; in the shape of y ([n] or [n, k])."""
    Y, d = columns(y), X.shape[1]
    parts = {int(k): sums(X[fold == k], Y[fold == k]) for k in fold.unique()}
    total = sum(parts.values())
    said = torch.empty_like(Y)
    for k, part in parts.items():
        slope, offset = fit(total - part, d, intercept)
        said[fold == k] = X[fold == k].double() @ slope + offset
    return said.view(y.shape)


def direction(X: Float[Tensor, "n d"], y: Float[Tensor, " n"], fixed: Tensor | None = None) -> Float[Tensor, " d"]:
    """How the mean row changes when y grows by one, and the properties in `fixed` [n, k] stay as they are.

    The slope of the regression of X on y and `fixed`: where rows with more of y really lie. It is not the slope of the
    probe, which reads y best and may look where hardly any row lies.
    """
    Y = columns(y) if fixed is None else torch.cat([columns(y), columns(fixed)], dim=1)
    Y = Y - Y.mean(0)
    return torch.linalg.lstsq(Y, (X - X.mean(0)).double()).solution[0]


def ten_probes(probe: Callable, score: Callable, X: Tensor, y: Float[Tensor, " n"], fold: Tensor) -> list[float]:
    """A reader's own probe (10.2) and score (10.1), fold by fold, from sums that are read once."""
    Y, d = columns(y), X.shape[1]
    parts = [sums(X[fold == k], Y[fold == k]) for k in range(FOLDS)]
    scores = []
    for k, part in enumerate(parts):
        S = sum(parts) - part
        n, means = int(S[0, 0]), S[0, 1:] / S[0, 0]
        penalty = RIDGE * (S.diagonal()[1 : d + 1] / n - means[:d].square()).mean().item()
        w, b = probe(n, S[0, 1 : d + 1], S[0, -1].item(), S[1 : d + 1, 1 : d + 1], S[1 : d + 1, -1], penalty)
        said = X[fold == k].double() @ torch.as_tensor(w) + b
        scores.append(float(score(y[fold == k], said, means[-1].item())))
    return scores


def one_step(X: Float[Tensor, "n d"], y: Float[Tensor, " n"], least: int = 20) -> float:
    """Is y written as a number? Of what the mean rows of its values differ by, the share that one and the same step makes.

    1: from each value to the next leads the same vector. 1 / (number of values − 1): each has a place of its own. Values
    of fewer than `least` rows are left out; both parts are freed of what the rows' own spread adds to them.
    """
    values, group, counts = y.unique(return_inverse=True, return_counts=True)
    kept = counts[group] >= least
    X, y = X[kept].double(), y[kept].double()
    values, group, counts = y.unique(return_inverse=True, return_counts=True)
    means = torch.zeros(len(values), X.shape[1], dtype=torch.float64).index_add_(0, group, X) / counts[:, None]
    within = (X - means[group]).square().sum() / (len(X) - len(values))  # what one degree of freedom adds by chance
    between = ((means - X.mean(0)).square().sum(1) * counts).sum() - (len(values) - 1) * within
    along = direction(X, y).square().sum() * (y - y.mean()).square().sum() - within
    return (along / between).item()


# --- scores --------------------------------------------------------------------------------------------------------


def by_fold(score: Callable[[Tensor, Tensor, Tensor], float], y: Tensor, said: Tensor, fold: Tensor) -> list[float]:
    """`score` of (y, said, the other folds' y), a number for each fold."""
    return [score(y[fold == k], said[fold == k], y[fold != k]) for k in fold.unique()]


def share(y: Float[Tensor, " n"], said: Float[Tensor, " n"], others: Float[Tensor, " m"]) -> float:
    """R² on held-out rows: the share of the squared error of always saying the others' mean that the probe takes away.

    Negative where the probe does worse than that.
    """
    return 1 - ((y - said).square().sum() / (y - others.mean()).square().sum()).item()


def r_squared(y: Float[Tensor, " n"], said: Float[Tensor, " n"], fold: Int[Tensor, " n"]) -> Estimate:
    """R² on held-out rows, over the folds."""
    return over(by_fold(share, y, said, fold), "folds")


def gain(y: Tensor, new: Tensor, old: Tensor, fold: Tensor) -> Estimate:
    """By how much R² is larger for `new` than for `old`, fold by fold."""
    pairs = zip(by_fold(share, y, new, fold), by_fold(share, y, old, fold), strict=True)
    return over([a - b for a, b in pairs], "folds")


def error(y: Float[Tensor, " n"], said: Float[Tensor, " n"], fold: Int[Tensor, " n"]) -> Estimate:
    """Mean absolute error on held-out rows, over the folds, in units of y."""
    return over(by_fold(lambda y, said, _: (y - said).abs().mean().item(), y, said, fold), "folds")


def auc(y: Float[Tensor, " n"], said: Float[Tensor, " n"], fold: Int[Tensor, " n"]) -> Estimate:
    """How often the probe ranks a token with the property above one without, over the folds: 0.5 is chance."""
    from sklearn.metrics import roc_auc_score

    return over(by_fold(lambda y, said, _: float(roc_auc_score(y, said)), y, said, fold), "folds")


def shuffled(y: Tensor, seed: int = 0) -> Tensor:
    """The same labels, each on another row."""
    return y[torch.randperm(len(y), generator=torch.Generator().manual_seed(seed))]


# --- an origin -----------------------------------------------------------------------------------------------------


def far_from_one(X: Float[Tensor, "n d"]) -> float:
    """How near a linear map without an intercept comes to saying 1 of every row: the least mean of (x·v − 1)².

    1 where the rows' mean is zero, 0 where they all lie in one plane beside zero: there the rows bring an intercept of
    their own. It is 1 / (1 + μᵀΣ⁻¹μ): the mean's length counts in units of the spread in its own direction.
    """
    S = sums(X, torch.zeros(len(X), 0, dtype=torch.float64)) / len(X)
    mu, second = S[0, 1:], S[1:, 1:]
    return 1 - (mu @ torch.linalg.lstsq(second, mu[:, None], driver="gelsd").solution).item()


# --- differences ---------------------------------------------------------------------------------------------------


def explained(D: Float[Tensor, "m d"]) -> float:
    """Share of the differences' squared length that the mean of the *others* explains; about 0 where they agree in nothing.

    The mean of all m holds each difference itself, and so explains 1/m of what has nothing in common.
    """
    D = D.double()
    others = (D.sum(0) - D) / (len(D) - 1)
    return 1 - ((D - others).square().sum() / D.square().sum()).item()
