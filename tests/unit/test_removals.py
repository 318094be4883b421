"""Notebook 03's reading of the grid: right when it is complete, quiet where it is not."""

import math

import pandas as pd
import pytest

from zeropoint.puzzles.p03 import removals
from zeropoint.tiny import grid


def runs(*rows):
    return pd.DataFrame(rows, columns=["run", "seed", "mean_cosine", "output_mean_cosine"])


BASE = [("base", s, v, None) for s, v in ((0, 0.8), (1, 0.6), (2, 0.7))]


def test_paired_by_seed():
    table = removals.without(runs(*BASE, *(("norm=none", s, v, None) for s, v in ((0, 0.4), (1, 0.3), (2, 0.35)))))
    assert table["nothing"].tolist() == [0.8, 0.6, 0.7]
    left = removals.left(table)
    assert left.loc["LayerNorm"].tolist() == pytest.approx([0.5, 0.0, 3])  # half of its own seed's value, each time


def test_what_is_not_recorded_is_said_to_be():
    left = removals.left(removals.without(runs(*BASE, ("tied=False", 1, 0.006, 0.6))))
    said = {part: removals.verdict(*row) for part, row in zip(left.index, left.to_numpy(), strict=True)}
    assert said["tying"] == "needed: 0.01 is left, seeds: 1"
    assert said["tying (output matrix)"] == "not needed: 1.00 is left, seeds: 1"
    assert said["LayerNorm"] == "not recorded yet"


def test_verdicts_can_come_out_each_way():
    assert removals.verdict(0.1, 0.05, 3).startswith("needed")
    assert removals.verdict(0.9, 0.05, 3).startswith("not needed")
    assert removals.verdict(0.55, 0.2, 3).startswith("open")
    assert removals.verdict(0.3, math.nan, 1) == "needed: 0.30 is left, seeds: 1"


def test_untied():
    _, rows = grid.read()
    assert removals.untied(rows[rows.run == "base"]) == {}
    found = removals.untied(rows)
    assert found["grew by"] > 1 and abs(found["mean cosine"]) < 1 and abs(found["never seen, with the mean"]) <= 1


def test_names_are_the_grid_s():
    there = {grid.name_of(setting) for setting in grid.CORE + grid.REST}
    assert {run for run, _ in removals.RUNS.values()} <= there
