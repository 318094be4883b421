"""The stand-ins' recorded training, and what is estimated from its samples."""

import math

import numpy as np
import pandas as pd
import pytest
import torch

from zeropoint import geometry, models
from zeropoint.puzzles.p03 import figures, trajectory
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


@pytest.mark.parametrize(
    "values, first",
    [
        ([0.0, 0.5, 0.2, 0.9], 10),  # touched at a look, and left
        ([0.0, 0.4, 0.2, 0.7], 48),  # crossed in the last interval
        ([0.0, 0.9, 0.1, 0.9], 10 * 5 / 9),  # crossed three times: the first
        ([0.0, 0.1, 0.2, 0.5], 60),  # reached at the last look
        ([0.5, 0.5, 0.9, 0.1], 0),  # there from the beginning
        ([0.9, 0.8, 0.3, 0.7], 10 + 20 * 3 / 5),  # from above
    ],
)
def test_crossing_is_the_first_time_a_level_is_reached(values, first):
    assert crossing(pd.Series([0, 10, 30, 60]), pd.Series(values), 0.5) == pytest.approx(first)


def test_crossing_against_a_fine_grid_of_each_random_course():
    g = torch.Generator().manual_seed(0)
    for _ in range(200):
        steps = torch.randint(1, 60, (7,), generator=g).cumsum(0).double().numpy()
        values = torch.rand(7, generator=g, dtype=torch.float64).numpy()
        fine = np.linspace(steps[0], steps[-1], 20_001)
        above = np.interp(fine, steps, values) >= 0.6
        turned = (above != above[0]).nonzero()[0]
        found = crossing(pd.Series(steps), pd.Series(values), 0.6)
        assert found == pytest.approx(fine[turned[0]], abs=0.05) if len(turned) else math.isnan(found)


@pytest.mark.parametrize("name", NAMES)
def test_a_course_is_all_that_was_recorded(name):
    course = trajectory.Course(name)
    assert name in course.label and course.clocks["updates in all"] == course.whole.index[-1]
    assert list(course.by_group) == list(trajectory.GROUPS.values())
    assert all(series.index.equals(course.whole.index) for series in course.by_group.values())


@pytest.mark.parametrize("name", NAMES)
def test_a_fresh_model_is_what_chance_gives(name):
    W, sigma = trajectory.fresh(models.standin_folder(name))
    found, (n, d) = trajectory.sizes(W), W.shape
    assert found["row norm"] == pytest.approx(sigma * d**0.5, rel=0.01)
    assert found["‖mean‖"] == pytest.approx(sigma * (d / n) ** 0.5, rel=0.2)
    assert found["spread of cosines"] == pytest.approx(d**-0.5, rel=0.01)
    assert torch.equal(W, trajectory.fresh(models.standin_folder(name))[0])


def test_sizes_leave_out_padding():
    W = torch.randn(50, 8, generator=torch.Generator().manual_seed(0)) + 1
    assert trajectory.sizes(torch.cat([W, torch.zeros(3, 8)])) == pytest.approx(trajectory.sizes(W))


def test_by_count_puts_the_most_frequent_first():
    counts = torch.tensor([1, 100, 10, 2])
    found = trajectory.by_count(torch.tensor([1.0, 2.0, 4.0, 3.0]), counts, bins=2)
    assert found.to_dict() == {55.0: 3.0, 1.5: 2.0}


def test_figures_over_updates_have_a_place_for_step_0():
    series = pd.Series([0.0, 0.5], [0, 9])
    over_updates = figures.courses({"a": {"x": series}}, "title", "y")
    assert list(over_updates.data[0].x) == [1, 10] and over_updates.layout.xaxis.type == "log"
    over_counts = figures.courses({"a": {"x": series.iloc[1:]}}, "title", "y", x="occurrences")
    assert list(over_counts.data[0].x) == [9]
