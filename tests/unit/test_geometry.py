"""Geometry against brute force over all pairs in float64."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from zeropoint import geometry


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
    assert geometry.principal_shares(W).sum().item() == pytest.approx(1)


def test_share_of_mean_is_between_none_and_all():
    W = torch.tensor([[1.0, 0.0], [-1.0, 0.0]])
    assert geometry.share_of_mean(W) == 0
    assert geometry.share_of_mean(torch.ones(3, 2)) == 1
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
        (torch.tensor([[1.0, 0], [0, 0], [1, 1]]), "row 1) hold only zeros"),
    ],
)
@pytest.mark.parametrize(
    "function", [geometry.mean_pairwise_cosine, geometry.cosine_histogram, geometry.effective_dimension]
)
def test_bad_input_is_named_in_one_sentence(function, W, words):
    with pytest.raises(ValueError, match=words.replace("(", r"\(").replace(")", r"\)")) as caught:
        function(W)
    assert "\n" not in str(caught.value)


def test_a_mean_of_zero_has_no_direction():
    with pytest.raises(ValueError, match="exactly zero"):
        geometry.cosine_with_mean(torch.tensor([[1.0, 0], [-1.0, 0]]))
