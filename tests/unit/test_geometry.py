"""Geometry against brute force over all pairs in float64."""

import math
import re

import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from zeropoint import geometry, plots


def cloud(n, d, common=1.0, seed=0, dtype=torch.float32):
    g = torch.Generator().manual_seed(seed)
    scale = 0.1 + torch.rand(n, 1, generator=g)
    return (torch.randn(n, d, generator=g) * scale + common * torch.randn(d, generator=g)).to(dtype)


def all_cosines(W):
    u = torch.nn.functional.normalize(W.double(), dim=1)
    i, j = torch.triu_indices(len(W), len(W), 1)
    return (u @ u.T)[i, j]


clouds = st.builds(
    cloud,
    st.integers(2, 60),
    st.integers(1, 40),
    st.floats(0, 5),
    st.integers(0, 10**6),
    st.sampled_from([torch.float32, torch.float64]),
)


@settings(deadline=None, max_examples=60)
@given(clouds)
def test_identities_equal_brute_force(W):
    cosines = all_cosines(W)
    assert geometry.mean_pairwise_cosine(W) == pytest.approx(cosines.mean().item(), abs=1e-6)
    assert geometry.sum_over_dimensions(W).sum().item() == pytest.approx(cosines.mean().item(), abs=1e-6)
    assert 1 / geometry.effective_dimension(W) == pytest.approx(cosines.square().mean().item(), abs=1e-6)


@settings(deadline=None, max_examples=60)
@given(clouds, st.integers(1, 70), st.integers(1, 70))
def test_histogram_counts_every_pair_once_in_blocks_of_any_size(W, height, width):
    histogram = geometry.cosine_histogram(W, bins=40, block=(height, width), progress=False)
    cosines = all_cosines(W)
    assert histogram.pairs == len(cosines)
    assert histogram.mean_abs == pytest.approx(cosines.abs().mean().item(), abs=1e-6)
    # The stated bound: a pair may be off by 2e-6, so each cumulated count lies between those of edges moved by that much.
    below = histogram.counts.cumsum(0)[:-1]
    for count, edge in zip(below.tolist(), histogram.edges[1:-1].tolist(), strict=True):
        assert (cosines < edge - 2e-6).sum() <= count <= (cosines < edge + 2e-6).sum()


def test_histogram_of_a_larger_cloud_matches_float64():
    W = cloud(3000, 50, 0.3)
    histogram, cosines = geometry.cosine_histogram(W), all_cosines(W)
    exact = torch.histc(cosines, 2000, -1, 1)
    assert (histogram.counts - exact).abs().sum() / histogram.pairs < 1e-3
    assert histogram.mean_abs == pytest.approx(cosines.abs().mean().item(), abs=1e-6)
    assert (histogram.density / 1000).sum().item() == pytest.approx(1)
    assert histogram.coarser(10).counts.sum() == histogram.pairs


def test_parallel_and_opposite_rows_land_in_the_end_bins():
    counts = geometry.cosine_histogram(torch.tensor([[1.0, 1e-9], [3.0, 0.0], [-2.0, 0.0]]), bins=10).counts
    assert counts.tolist() == [2] + [0] * 8 + [1]


def test_centring_takes_the_mean_over_the_vocabulary():
    W = cloud(500, 20, 4.0)
    assert geometry.mean_pairwise_cosine(W) > 0.8
    centred = geometry.centre(W)
    assert centred.mean(0).abs().max() < 1e-6
    assert abs(geometry.mean_pairwise_cosine(centred)) < 0.02


def test_a_random_cloud_is_isotropic():
    W = cloud(4000, 64, 0.0)
    assert geometry.effective_dimension(W) == pytest.approx(64, rel=0.02)
    assert geometry.cosine_histogram(W).mean_abs == pytest.approx((2 / torch.pi / 64) ** 0.5, rel=0.02)


def test_share_of_mean_is_between_none_and_all():
    W = torch.tensor([[1.0, 0.0], [-1.0, 0.0]])
    assert geometry.share_of_mean(W) == 0
    assert geometry.share_of_mean(torch.ones(3, 2)) == pytest.approx(1)
    mu, centred = geometry.mean(W := cloud(50, 8)), geometry.centre(W)
    total = W.double().square().sum(1).mean()
    assert geometry.share_of_mean(W) == pytest.approx((mu.square().sum() / total).item(), rel=1e-5)
    assert 1 - geometry.share_of_mean(W) == pytest.approx(
        (centred.double().square().sum(1).mean() / total).item(), rel=1e-5
    )


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.int64])
def test_other_dtypes_are_widened(dtype):
    W = (cloud(30, 8) * 10).to(dtype)
    assert geometry.mean_pairwise_cosine(W) == pytest.approx(geometry.mean_pairwise_cosine(W.double()), abs=1e-6)


@pytest.mark.parametrize(
    ("W", "words"),
    [
        (torch.ones(3), "shape (3,)"),
        (torch.ones(1, 5), "at least two rows"),
        (torch.tensor([[1.0, 0], [0, torch.nan], [1, 1]]), "row 1"),
        (torch.tensor([[1.0, 0], [0, torch.inf]]), "infinity"),
        (torch.tensor([[1.0, 0], [0, 0], [0, 0]]), "2 of 3 rows have no direction"),
        (torch.zeros(4, 3), "4 of 4 rows have no direction"),
        (torch.ones(3, 2) * 1j, "real numbers; got complex64"),
        (torch.nn.Embedding(5, 3), "got Embedding: give its tensor"),
        (pd.DataFrame({"a": ["x", "y"]}), "got DataFrame: give its tensor"),
        ("W_E", "got str: give its tensor"),
        (None, "got NoneType"),
        ([[1.0, 2.0], [3.0]], "got list"),
    ],
)
@pytest.mark.parametrize(
    "function", [geometry.mean_pairwise_cosine, geometry.cosine_histogram, geometry.effective_dimension]
)
@pytest.mark.filterwarnings("ignore:.*have no direction")
def test_bad_input_is_named_in_one_sentence(function, W, words):
    with pytest.raises(ValueError, match=re.escape(words)) as caught:
        function(W)
    assert "\n" not in str(caught.value)


def test_a_mean_of_zero_has_no_direction():
    with pytest.raises(ValueError, match="is zero, up to rounding"):
        geometry.cosine_with_mean(torch.tensor([[1.0, 0], [-1.0, 0]]))


def planted(spread: float, n=2000, d=40, length=10.0, seed=0) -> torch.Tensor:
    """Isotropic noise plus a common direction of which row i has the share 1 + spread · xᵢ: 0 plants an offset, 1 a ray."""
    g = torch.Generator().manual_seed(seed)
    direction = torch.nn.functional.normalize(torch.randn(d, generator=g), dim=0)
    x = torch.rand(n, generator=g) * 2 - 1
    return torch.randn(n, d, generator=g) / d**0.5 + length * (1 + spread * x)[:, None] * direction


def test_an_offset_a_ray_and_mixtures_are_told_apart_and_in_order():
    kinds = [geometry.kind_of_mean(planted(spread)) for spread in (0, 0.1, 0.3, 0.6, 0.95)]
    assert all(kind.mean_cosine > 0.9 for kind in kinds)  # before centring there is nothing to see
    for rising in ("spread_of_parts", "share_along_mean", "mean_abs_cosine_centred"):
        values = [getattr(kind, rising) for kind in kinds]
        assert values == sorted(values) and values[-1] > 4 * values[0], rising
    falling = [kind.dimension_centred for kind in kinds]
    assert falling == sorted(falling, reverse=True)
    offset, ray = kinds[0], kinds[-1]
    assert offset.dimension_centred == pytest.approx(40, rel=0.05) and ray.dimension_centred < 2
    # Projecting the direction out helps a ray as well as an offset: 39 dimensions are left of 40.
    assert all(kind.dimension_projected == pytest.approx(39, rel=0.05) for kind in kinds)


def test_the_spread_and_the_share_are_what_was_planted():
    kind = geometry.kind_of_mean(planted(0.6, n=20_000))
    assert kind.spread_of_parts == pytest.approx(0.6 / 3**0.5, rel=0.02)  # of a uniform x, and a little noise
    along = (10 * 0.6) ** 2 / 3 + 1 / 40
    assert kind.share_along_mean == pytest.approx(along / (along + 39 / 40), rel=0.02)


@settings(deadline=None, max_examples=40)
@given(clouds.filter(lambda W: min(W.shape) > 2), st.floats(1e-3, 1e3), st.sampled_from([1, -1]))
def test_the_kind_does_not_turn_with_the_axes_or_grow_with_the_scale(W, scale, sign):
    W = W.double()
    turn = torch.linalg.qr(torch.randn(W.shape[1], W.shape[1], generator=torch.Generator().manual_seed(1)).double())[0]
    before, after = geometry.kind_of_mean(W), geometry.kind_of_mean(sign * scale * W @ turn)
    for field in vars(before):
        assert getattr(after, field) == pytest.approx(getattr(before, field), rel=1e-6, abs=1e-9), field


@settings(deadline=None, max_examples=40)
@given(clouds.filter(lambda W: min(W.shape) > 2))
def test_what_the_parts_and_the_projection_are(W):
    W = W.double()
    parts, rest = geometry.parts_along_mean(W), geometry.project_out_mean(W)
    mu = geometry.mean(W)
    assert parts.mean().item() == pytest.approx(mu.norm().item())
    assert (rest @ mu).abs().max() < 1e-9 * mu.norm() * W.norm() and rest.mean(0).abs().max() < 1e-9
    assert torch.allclose(rest + parts[:, None] * mu / mu.norm(), W)
    kind = geometry.kind_of_mean(W)
    assert 0 <= kind.share_along_mean <= 1
    cosines = all_cosines(geometry.centre(W)).abs()
    assert kind.mean_abs_cosine_centred == pytest.approx(cosines.mean().item(), abs=1e-6)
    assert kind.mean_abs_cosine_error == 0


def test_a_sample_of_rows_says_how_far_off_it_may_be():
    W = cloud(3000, 20, 0.3)
    exact = all_cosines(W).abs().mean().item()
    estimates = [geometry.mean_abs_cosine(W, rows=200, seed=seed) for seed in range(60)]
    scores = torch.tensor([(value - exact) / error for value, error in estimates])
    assert abs(scores.mean()) < 0.5 and 0.75 < scores.std() < 1.3  # unbiased, and the error is neither small nor large
    assert geometry.mean_abs_cosine(W, rows=200) == estimates[0]  # seeded
    assert geometry.mean_abs_cosine(W) == (pytest.approx(exact, abs=1e-6), 0)


def test_no_mean_has_no_kind():
    W = torch.tensor([[1.0, 2.0], [-1.0, -2.0]])
    for function in (geometry.parts_along_mean, geometry.project_out_mean, geometry.kind_of_mean):
        with pytest.raises(ValueError, match="is zero, up to rounding"):
            function(W)


# --- rows without a direction --------------------------------------------------------------------------------------

OVER_PAIRS = pytest.mark.parametrize(
    "over_pairs",
    [
        geometry.mean_pairwise_cosine,
        geometry.effective_dimension,
        lambda W: geometry.cosine_histogram(W).mean_abs,
        lambda W: geometry.mean_abs_cosine(W)[0],
        lambda W: geometry.sum_over_dimensions(W).sum().item(),
    ],
)


@OVER_PAIRS
@pytest.mark.parametrize("size", [0.0, 1e-24, 1e-22, 1e-8])
def test_rows_without_a_direction_are_left_out_and_said(over_pairs, size):
    W = cloud(200, 16)
    padded = torch.cat([W, size * torch.randn(60, 16)])
    with pytest.warns(UserWarning, match="60 of 260 rows .first: row 200. have no direction"):
        assert over_pairs(padded) == pytest.approx(over_pairs(W), rel=1e-6)


@OVER_PAIRS
@pytest.mark.parametrize("scale", [1e-30, 1e-22, 1e19, 1e30])
@pytest.mark.filterwarnings("error")
def test_the_scale_of_a_cloud_changes_no_cosine(over_pairs, scale):
    W = cloud(200, 16)
    assert over_pairs(W * scale) == pytest.approx(over_pairs(W), rel=1e-5)
    assert geometry.share_of_mean(W * scale) == pytest.approx(geometry.share_of_mean(W), rel=1e-5)
    torch.testing.assert_close(geometry.cosine_with_mean(W * scale), geometry.cosine_with_mean(W))


def test_a_row_equal_to_the_mean_has_no_direction_once_centred():
    W = cloud(101, 16, 3.0)
    W[50] = W.double().mean(0).float()
    W[50] = (W.double().sum(0) - W[50].double()).div(100).float()  # now it is the mean of all, up to rounding
    centred = geometry.centre(W)
    assert geometry.without_direction(centred).nonzero().flatten().tolist() == [50]
    assert (centred[50] == 0).all()


def test_what_gives_a_value_for_each_row_refuses_a_row_without_direction():
    W = torch.cat([cloud(5, 3), torch.zeros(1, 3)])
    for function in (geometry.unit_rows, geometry.cosine_with_mean):
        with pytest.raises(ValueError, match="1 of 6 rows .first: row 5. have no direction"):
            function(W)
    assert torch.equal(geometry.with_direction(W), W[:5])


def test_rows_at_right_angles_have_infinite_dimension():
    assert geometry.effective_dimension(torch.eye(6)) == math.inf
    assert geometry.effective_dimension(torch.eye(6) * 1e-20) == math.inf


def test_no_length_is_one_sentence():
    with pytest.raises(ValueError, match="All 4 rows are zero"):
        geometry.share_of_mean(torch.zeros(4, 3))


@pytest.mark.parametrize("bins", [1, 7, 200, 300, 1999, 2000, 5000])
def test_histogram_lines_in_any_number_of_bins(bins):
    histogram = geometry.cosine_histogram(cloud(30, 4))
    line = plots.histogram_lines({"a": histogram}, bins=bins)[0]
    assert len(line.x) <= bins and sum(line.y) * 2 / len(line.y) == pytest.approx(1, rel=1e-3)
    with pytest.raises(ValueError, match="2000 bins cannot be joined 6 by 6"):
        histogram.coarser(6)


def uneven_cloud(n: int = 3000, d: int = 24) -> torch.Tensor:
    """Rows with a common vector of which they hold unequal amounts: their cosines are nothing like a bell."""
    W, amounts = cloud(n, d), torch.rand(n, 1, generator=torch.Generator().manual_seed(1))
    return W + 8 * amounts * torch.nn.functional.normalize(torch.ones(1, d), dim=1)


@pytest.mark.parametrize("W", [cloud(3000, 24), uneven_cloud()], ids=["even", "uneven"])
def test_the_error_of_a_sample_holds(W):
    """Two standard errors reach the truth in about 95 of 100 cases, for the mean and for the body of the histogram."""
    truth = geometry.cosine_histogram(W).coarser(10)
    body = truth.density > 0.1
    means, bins = [], []
    for seed in range(40):
        sample = geometry.cosine_sample(W, rows=300, seed=seed).coarser(10)
        means.append(abs(sample.mean_abs - truth.mean_abs) <= 2 * sample.mean_abs_error)
        bins.append(((sample.density - truth.density).abs() <= 2 * sample.error)[body])
    assert 0.85 <= torch.tensor(means).double().mean() and 0.9 <= torch.stack(bins).double().mean() <= 0.99


def test_a_sample_of_all_rows_is_the_histogram():
    W = uneven_cloud(400)
    sample, truth = geometry.cosine_sample(W, rows=400), geometry.cosine_histogram(W)
    assert torch.equal(sample.counts, 2 * truth.counts)  # each pair from both of its ends
    assert sample.mean_abs == pytest.approx(truth.mean_abs, abs=1e-6)
    assert sample.mean_abs_error == 0 and not sample.error.any()


def test_a_sample_lies_in_a_band_and_all_pairs_do_not():
    W = uneven_cloud(400)
    sampled = plots.histogram_lines({"a": geometry.cosine_sample(W, rows=50)})
    low, high, line = (torch.tensor(trace.y) for trace in sampled)
    assert (low <= line).all() and (line <= high).all() and sampled[1].fill == "tonexty"
    assert len(plots.histogram_lines({"a": geometry.cosine_histogram(W)})) == 1


def test_sparse_tensors_are_matrices_too():
    W = cloud(20, 5)
    assert geometry.mean_pairwise_cosine(W.to_sparse()) == pytest.approx(geometry.mean_pairwise_cosine(W))
