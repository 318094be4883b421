"""01's sliding cloud: the place of zero changes, the cloud does not."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from zeropoint import geometry, plots
from zeropoint.claims import exact
from zeropoint.models import Found
from zeropoint.puzzles.p01 import claims, origin


@pytest.fixture
def W():
    return torch.randn(400, 20, generator=torch.Generator().manual_seed(0)) + 1.5


def test_where_it_is_it_has_its_own_mean_cosine(W):
    (here,) = origin.slid(W, [origin.distance(W)])
    assert here == pytest.approx(geometry.mean_pairwise_cosine(W), abs=1e-5)


def test_the_forecast_is_the_share_of_the_mean(W):
    assert origin.forecast([origin.distance(W)]) == [pytest.approx(geometry.share_of_mean(W), abs=1e-5)]


def test_an_even_cloud_keeps_to_the_forecast_and_a_ray_does_not(W):
    distances = [0.1, 0.5, 1.0, 2.0, 4.0]
    ray = torch.linspace(0.1, 2, 400)[:, None] * torch.ones(20) + 0.05 * W
    miss = {
        name: origin.largest_miss(distances, origin.slid(cloud, distances)) for name, cloud in (("W", W), ("ray", ray))
    }
    limit = claims.ORIGIN.rules["miss"].high
    assert miss["W"] < limit < miss["ray"]


def test_every_cloud_has_its_dot(W):
    fig = origin.mark(plots.curves([1, 2], {"a": [0.1, 0.2]}, "title", ("x", "y")), {"a": W, "b": W + 1})
    assert [trace.mode for trace in fig.data] == ["lines", "markers", "markers"]


def test_published_numbers_stand_beside_their_own_model_and_its_stand_in_only():
    found = [
        Found(name, source, Path()) for name, source in (("mini-gpt2", "stand-in"), ("gpt2", "hub"), ("gpt2", "folder"))
    ]
    stand_in, real, folder = map(claims.published, found)
    assert stand_in == real != {} and folder == {}  # whatever lies in a folder of that name
    assert claims.published(Found("HuggingFaceTB/SmolLM2-135M", "hub", Path())) == {}


def test_where_tokens_are_not_alike_no_rival_is_judged():
    """A share of nothing is noise: an untrained model would be told that its rare tokens do it."""
    alike, random = exact(20.0), exact(0.01)
    assert claims.LOADER.rules["kept"].verdict(claims.if_alike(0.2, alike)) == "holds"
    assert claims.LOADER.rules["kept"].verdict(claims.if_alike(0.2, random)) == "open"
