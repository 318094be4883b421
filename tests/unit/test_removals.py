"""Notebook 03's reading of the grid: right when it is complete, quiet where it is not."""

import math

import pandas as pd
import pytest

from zeropoint.claims import NOT_MEASURED
from zeropoint.puzzles.p03 import claims, removals
from zeropoint.tiny import grid


def runs(*rows):
    return pd.DataFrame(rows, columns=["run", "seed", "mean_cosine", "output_mean_cosine"])


BASE = [("base", s, v, None) for s, v in ((0, 0.8), (1, 0.6), (2, 0.7))]


def test_paired_by_seed():
    """Half of its own seed's value, each time: no spread is left, though the seeds differ."""
    without = [("norm=none", s, v, None) for s, v in ((2, 0.35), (0, 0.4), (1, 0.3))]
    left = removals.share(runs(*BASE, *without), "LayerNorm")
    assert (left.value, left.half_width, left.n) == (pytest.approx(0.5), pytest.approx(0, abs=1e-12), 3)
    assert removals.cosines(runs(*BASE)).tolist() == [0.8, 0.6, 0.7]


def test_what_is_not_recorded_is_said_to_be():
    table = runs(*BASE, ("tied=False", 1, 0.006, 0.6))
    assert removals.share(table, "LayerNorm") == NOT_MEASURED
    assert claims.NEEDS_LAYERNORM.verdict(left=removals.share(table, "LayerNorm")) == "open"
    one_seed = removals.share(table, "tying")
    assert one_seed.value == pytest.approx(0.01) and one_seed.n == 1 and math.isnan(one_seed.half_width)
    assert claims.NEEDS_TYING.verdict(left=one_seed) == "open"  # from one seed nothing follows
    assert removals.share(table, "tying (output matrix)").value == pytest.approx(1)


def test_the_figure_leaves_out_what_is_not_recorded():
    table = runs(*BASE, *(("tied=False", s, 0.006, 0.6) for s in range(3)))
    shares = {part: removals.share(table, part) for part in removals.RUNS}
    (dots,) = removals.figure(shares, "title").data
    assert list(dots.y) == ["without tying (output matrix)", "without tying"]


def test_the_table_has_the_figure_s_numbers():
    table = runs(*BASE, *(("norm=none", s, v, None) for s, v in ((0, 0.4), (1, 0.3), (2, 0.35))))
    shares = {part: removals.share(table, part) for part in removals.RUNS}
    found = removals.table(table, shares)
    assert list(found.index) == ["unchanged", "without LayerNorm"]
    assert found.loc["unchanged"].tolist() == pytest.approx([0.7, 1, 0])
    assert found.loc["without LayerNorm"].tolist() == pytest.approx([0.35, 0.5, 0], abs=1e-12)


def test_untied():
    _, rows = grid.read()
    assert set(removals.untied(rows[rows.run == "base"]).values()) == {NOT_MEASURED}
    found = removals.untied(rows)
    assert found["grew"].value > 1 and found["grew"].n == grid.SEEDS
    assert abs(found["cosine"].value) < 1 and abs(found["never"].value) <= 1


def test_untied_weighs_bins_by_their_tokens():
    initial = grid.BASE["init_std"] * grid.BASE["d_model"] ** 0.5
    shared = dict(step=600, steps=600, seed=0, mean_cosine=0.1, median_cosine_with_mean=0.3)
    rows = [
        dict(run="base", group="all", matrix="input", occurrences=9, tokens_in_group=9, mean_row_norm=1.0) | shared,
        dict(
            run="tied=False", group="0", matrix="input", occurrences=5000, tokens_in_group=1, mean_row_norm=4 * initial
        ),
        dict(
            run="tied=False", group="1", matrix="input", occurrences=2000, tokens_in_group=3, mean_row_norm=2 * initial
        ),
        dict(run="tied=False", group="2", matrix="input", occurrences=10, tokens_in_group=99, mean_row_norm=50.0),
        dict(run="tied=False", group="3", matrix="output", occurrences=0, tokens_in_group=9, mean_row_norm=1.0),
    ]
    found = removals.untied(pd.DataFrame([shared | row for row in rows]))
    assert found["grew"].value == pytest.approx((4 * 1 + 2 * 3) / 4)
    assert found["cosine"].value == pytest.approx(1) and found["never"].value == pytest.approx(0.3)


def test_names_are_the_grid_s():
    there = {grid.name_of(setting) for setting in grid.CORE + grid.REST}
    assert {run for run, _ in removals.RUNS.values()} <= there
    assert set(claims.NEEDS) == set(removals.RUNS) and set(removals.ARCHITECTURE) <= set(removals.RUNS)
