"""04's reading of recorded runs, on made-up ones whose answer is known."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from zeropoint.claims import over
from zeropoint.puzzles.p04 import evidence


def runs(values: dict[str, list[float]], **columns) -> pd.DataFrame:
    lines = [dict(run=run, seed=s, mean_cosine=v) for run, vs in values.items() for s, v in enumerate(vs)]
    return pd.DataFrame(lines).assign(**columns)


MADE_UP = runs(
    {
        "base": [0.1, 0.5, 0.9],
        "norm=none": [0.2, 0.6, 1.0],
        "window=16": [0.3],
        "beta2=0.999": [0.0, 0.3, 0.6],
        "beta2=0.999 batch=1": [0.0, 0.0, 0.0],
        "batch=1": [0.5, 0.5, 0.5],
    }
)


def test_differences_are_paired_by_seed():
    norm = evidence.effect(MADE_UP, "base", "norm=none")
    assert (norm.value, norm.n) == (pytest.approx(0.1), 3) and norm.half_width == pytest.approx(0, abs=1e-9)


def test_a_run_with_one_seed_has_no_interval_and_one_not_recorded_no_value():
    window = evidence.effect(MADE_UP, "base", "window=16")
    assert window.value == pytest.approx(0.2) and window.n == 1 and math.isnan(window.half_width)
    assert math.isnan(evidence.effect(MADE_UP, "base", "never=run").value)
    assert math.isnan(evidence.effect(MADE_UP, "never=run", "base").value)


def test_a_rival_is_measured_by_what_beta2_does():
    assert evidence.share_of_beta2(MADE_UP, "beta2=0.999", "base").value == pytest.approx(1)
    assert evidence.share_of_beta2(MADE_UP, "base", "norm=none").value == pytest.approx(0.5)
    assert evidence.share_of_beta2(MADE_UP, "norm=none", "base").value == pytest.approx(-0.5)


def test_a_share_that_is_gone():
    assert evidence.share_gone(MADE_UP, "beta2=0.999").value == pytest.approx(0.4)


def test_the_slower_run_is_found_whatever_the_order_of_its_settings():
    assert evidence.slower(MADE_UP, "base") == "beta2=0.999"
    assert evidence.slower(MADE_UP, "batch=1") == "beta2=0.999 batch=1"
    assert evidence.slower(MADE_UP, "norm=none") == ""


def test_the_weakest_attack_is_the_one_without_an_interval_else_the_one_nearest_to_zero():
    sure, weak, alone = (over(values, "seeds") for values in ([-0.5, -0.51, -0.49], [-0.1, -0.11, -0.09], [-0.9]))
    assert evidence.weakest({"a": sure, "b": weak}) == weak
    assert evidence.weakest({"a": sure, "b": weak, "c": alone}) == alone


def test_matched_loss_reads_each_run_where_it_passes_the_worse_last_loss():
    lines = [
        dict(run=run, seed=0, step=i, matrix="input", group="all", held_out_loss=loss, mean_cosine=cosine)
        for run, points in {"a": [(8, 0.0), (6, 0.4)], "b": [(8, 0.0), (4, 0.4)]}.items()
        for i, (loss, cosine) in enumerate(points)
    ]
    assert evidence.at_matched_loss(pd.DataFrame(lines), "a", "b").tolist() == pytest.approx([0.2 - 0.4])
    assert evidence.at_matched_loss(pd.DataFrame(lines), "a", "none").empty


def test_matched_update_interpolates_and_never_extrapolates():
    frame = runs({"slow": [0.2], "fast": [0.6], "x": [0.1], "far": [0.1]})
    frame["update_length"] = frame.run.map({"slow": 1.0, "fast": 100.0, "x": 10.0, "far": 1000.0})
    assert evidence.at_matched_update(frame, ["slow", "fast"], "x").tolist() == pytest.approx([0.1 - 0.4])
    assert evidence.at_matched_update(frame, ["slow", "fast"], "far").isna().all()


def by_occurrences(moments: dict[str, tuple[float, float]]) -> pd.DataFrame:
    """Final rows of runs whose second moment is given for tokens that occur twice and 2,000 times."""
    lines = [
        dict(run=run, seed=seed, step=9, steps=9, matrix="input", group=group, occurrences=n, second_moment=moment)
        for run, (rare, common) in moments.items()
        for seed in range(3)
        for group, n, moment in (("0", 2000.0, common), ("1", 2.0, rare), ("2", 0.0, 77.0), ("all", 9.0, 77.0))
    ]
    return pd.DataFrame(lines)


def test_what_is_forgotten_compares_the_rarest_tokens_that_occur_with_the_commonest():
    rows = by_occurrences({"short": (1.0, 8.0), "long": (10.0, 10.0)})
    assert evidence.forgotten(rows, "short", "long").value == pytest.approx(0.1 / 0.8)
    assert math.isnan(evidence.forgotten(rows, "short", "never run").value)
