"""Probes on held-out rows, against scikit-learn and by hand."""

from __future__ import annotations

import pytest
import torch
from sklearn.linear_model import LinearRegression, Ridge

from zeropoint.puzzles.p10 import probes


def rows(n=300, d=6, seed=0):
    g = torch.Generator().manual_seed(seed)
    X = torch.randn(n, d, generator=g, dtype=torch.float64) * torch.linspace(0.5, 2, d) + 3
    return X, X[:, 0] - 2 * X[:, 3] + 4 + 0.5 * torch.randn(n, generator=g, dtype=torch.float64)


@pytest.mark.parametrize("intercept", [True, False])
def test_a_fit_from_sums_is_ridge_regression(intercept):
    X, y = rows()
    slope, offset = probes.fit(probes.sums(X, y[:, None]), X.shape[1], intercept)
    alpha = probes.RIDGE * X.var(0, correction=0).mean() * len(X)
    theirs = Ridge(alpha=float(alpha), fit_intercept=intercept).fit(X.numpy(), y.numpy())
    assert torch.allclose(slope[:, 0], torch.as_tensor(theirs.coef_), atol=1e-8)
    assert offset.item() == pytest.approx(float(theirs.intercept_), abs=1e-7)


def test_no_row_is_judged_by_a_probe_that_saw_it():
    """A probe that saw a row would know its own label a little: with one feature a row, completely."""
    X, y = torch.eye(40, dtype=torch.float64), torch.randn(40, dtype=torch.float64)
    said = probes.held_out(X, y, probes.folds(40))
    assert (said - y.mean()).abs().max() < 0.2 * y.std()


def test_shuffled_labels_are_not_read():
    X, y = rows(2000)
    fold = probes.folds(len(y))
    assert probes.r_squared(y, probes.held_out(X, y, fold), fold).value > 0.9
    nothing = probes.shuffled(y)
    assert probes.r_squared(nothing, probes.held_out(X, nothing, fold), fold).value < 0.01


def test_an_intercept_makes_a_probe_blind_to_a_shift_and_several_properties_are_read_at_once():
    X, y = rows()
    fold = probes.folds(len(y))
    both = torch.stack([y, X[:, 1] ** 2], dim=1)
    here, there = probes.held_out(X, both, fold), probes.held_out(X + 100, both, fold)
    assert torch.allclose(here, there, atol=1e-6)
    assert torch.allclose(here[:, 0], probes.held_out(X, y, fold))
    y = y + 20  # what is to be said without an intercept is mostly the mean
    bare = [probes.held_out(cloud, y, fold, intercept=False) for cloud in (X + 30, X - X.mean(0))]
    assert probes.r_squared(y, bare[0], fold).value > 0 > probes.r_squared(y, bare[1], fold).value


def test_far_from_one_is_the_mahalanobis_length_of_the_mean():
    X, _ = rows()
    mu, cov = X.mean(0), torch.cov(X.T, correction=0)
    assert probes.far_from_one(X) == pytest.approx(1 / (1 + (mu @ cov.inverse() @ mu).item()))
    assert probes.far_from_one(X - mu) == pytest.approx(1)
    assert probes.far_from_one(torch.cat([X, torch.ones(len(X), 1)], 1)) == pytest.approx(0, abs=1e-9)


def test_direction_keeps_other_properties_fixed():
    X, _ = rows()
    a, b = torch.randint(2, (2, len(X))).double()
    b = torch.where(torch.rand(len(X)) < 0.8, a, b)  # goes along with a
    X = (
        X
        + a[:, None] * torch.eye(6, dtype=torch.float64)[0] * 50
        + b[:, None] * torch.eye(6, dtype=torch.float64)[1] * 50
    )
    found = probes.direction(X, a, fixed=b[:, None])
    assert found[0] == pytest.approx(50, abs=1) and found[1] == pytest.approx(0, abs=1)
    slope = LinearRegression().fit(torch.stack([a, b], 1).numpy(), X.numpy()).coef_[:, 0]
    assert torch.allclose(found, torch.as_tensor(slope), atol=1e-8)


def test_explained_is_nothing_where_there_is_nothing_and_all_where_all_agree():
    g = torch.Generator().manual_seed(0)
    D = torch.randn(20, 500, generator=g)
    assert abs(probes.explained(D)) < 0.1  # the mean of all would explain a twentieth
    assert probes.explained(D[:1].repeat(20, 1)) == pytest.approx(1)


def test_one_step_tells_a_number_from_a_category():
    g = torch.Generator().manual_seed(0)
    y = torch.randint(1, 12, (3000,), generator=g).double()
    noise = torch.randn(3000, 50, generator=g, dtype=torch.float64)
    places = torch.randn(12, 50, generator=g, dtype=torch.float64)
    number, category = y[:, None] * places[0] + noise, places[y.long()] + noise
    assert probes.one_step(number, y) == pytest.approx(1, abs=0.02)
    assert probes.one_step(category, y) < 0.3
    assert (
        probes.one_step(torch.cat([number, number[:1] + 1e3]), torch.cat([y, torch.tensor([99.0])])) > 0.9
    )  # left out
