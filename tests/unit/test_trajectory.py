"""The stand-ins' recorded training, and what is estimated from its samples."""

import math

import pandas as pd
import pytest
import torch

from zeropoint import geometry
from zeropoint.puzzles.p03 import trajectory
from zeropoint.puzzles.p03.trajectory import Snapshots, crossing

NAMES = ("mini-neo", "mini-gpt2")


@pytest.mark.parametrize("name", NAMES)
def test_recorded_groups_and_steps(name):
    table = trajectory.read(name)
    assert set(table.group) == {"all", *trajectory.GROUPS}
    assert trajectory.whole(name).index[0] == 0 and trajectory.whole(name).index.is_monotonic_increasing
    assert trajectory.whole(name).index[-1] == trajectory.record(name)["recipe"]["steps"]


@pytest.mark.parametrize("name", NAMES)
def test_the_sample_speaks_for_the_vocabulary(name):
    sample, course = trajectory.snapshots(name), trajectory.whole(name)
    assert list(sample.rows) == ["0", "64", "256", "1024", "end"]
    for step in sample.rows:
        at = course.index[-1] if step == "end" else int(step)
        assert sample.mean_cosine(step) == pytest.approx(course.mean_cosine[at], abs=0.03)


def test_weights_make_an_uneven_sample_even():
    """100 tokens of one kind and 900 of another, of which 50 each are kept: all pairs and the sample's agree."""
    g = torch.Generator().manual_seed(0)
    W = torch.randn(1000, 20, generator=g) + torch.arange(1000)[:, None].ge(100) * 1.5
    kept = torch.cat([torch.arange(50), torch.arange(100, 150)])
    group = torch.arange(100) // 50
    sample = Snapshots({"0": W[kept]}, group, torch.tensor([0.1, 0.9])[group] / 50)
    assert sample.pair_weights().sum() == pytest.approx(1) and sample.pair_weights().diagonal().sum() == 0
    assert sample.mean_cosine("0") == pytest.approx(geometry.mean_pairwise_cosine(W), abs=0.02)
    assert geometry.mean_pairwise_cosine(W[kept]) < sample.mean_cosine("0") - 0.1
    assert sample.density("0", bins=40).sum() / 20 == pytest.approx(1)


def test_crossing():
    steps, values = pd.Series([0, 10, 30]), pd.Series([0.0, 0.4, 0.2])
    assert crossing(steps, values, 0.2) == pytest.approx(5)
    assert crossing(steps, 1 - values, 0.8) == pytest.approx(5)
    assert math.isnan(crossing(steps, values, 0.5))
