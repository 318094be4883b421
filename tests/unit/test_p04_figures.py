"""04's figures: intervals where there are any, and stars for what was published."""

from __future__ import annotations

import math

import pandas as pd

from zeropoint.claims import exact, over
from zeropoint.puzzles.p04 import claims, figures, normaliser
from zeropoint.tiny import grid

RUNS = pd.DataFrame(
    [
        dict(run=normaliser.name(setting), seed=seed, mean_cosine=0.5 + seed / 10, mean_abs_cosine_centred=0.4, h_dot_mean=-9.0, norm_of_mean=2.0, hidden_along_mean=-4.5)
        for setting in ({}, grid.Z)
        for seed in range(3)
    ]
)  # fmt: skip


def test_the_first_is_on_top_one_seed_is_open_and_what_was_not_measured_is_not_drawn():
    estimates = {"a": over([1.0, 1.1, 1.2], "seeds"), "b": over([0.5], "seeds"), "c": exact(math.nan)}
    drawn = figures.forest(estimates, "made up", "change").data[0]
    assert list(drawn.y) == ["b", "a"]  # plotly counts upwards
    assert list(drawn.marker.symbol) == ["circle-open", "circle"]
    assert drawn.error_x.array[0] == 0 < drawn.error_x.array[1]


def test_kinds_are_drawn_with_intervals_beside_the_published_point():
    families = {"a": {"none": {}, "z": grid.Z}, "not recorded": {"none": {"z_loss": 7.0}}}
    loaded = {"a model": {"cosine": exact(0.9), "width": exact(0.2)}}
    lines, model, star = figures.kinds(RUNS, families, loaded, "made up").data
    assert (model.x[0], model.y[0]) == (0.9, 0.2)
    assert list(lines.text) == ["none", "z"] and lines.error_x.array[0] > 0
    assert (star.x[0], star.y[0]) == (claims.NEO_COSINE, claims.NEO_ABS_COSINE) and star.name == "published"


def test_targets_and_split_draw_what_is_recorded():
    families = {"a": {0.0: grid.Z, 20.0: {"z_loss": 7.0}}, "b": {-20.0: {}}}
    drawn = figures.targets(RUNS, families, {}, "made up").data
    assert [list(trace.x) for trace in drawn] == 2 * [[0.0], [-20.0], [-20.0, 20.0]]
    points, *_, star = figures.split(RUNS, {"a": {"none": {}, "z": grid.Z}}, "made up").data
    assert list(points.x) == [2.0, 2.0] and list(points.y) == [4.5, 4.5]
    assert star.x[0] * star.y[0] == -claims.GPT2_MEAN_LOGIT
