"""Statistics of recorded runs, on made-up ones whose answer is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from zeropoint.puzzles.p04 import evidence


def runs(values: dict[str, list[float]], **columns) -> pd.DataFrame:
    lines = [dict(run=run, seed=s, mean_cosine=v) for run, vs in values.items() for s, v in enumerate(vs)]
    return pd.DataFrame(lines).assign(**columns)


def test_contrasts_are_paired_by_seed():
    table = evidence.contrasts(
        runs({"base": [0.1, 0.5, 0.9], "a": [0.2, 0.6, 1.0], "b": [0.3]}),
        {"a": ("base", "a"), "b": ("base", "b"), "c": ("base", "c")},
    )
    assert table.loc["a", "mean"] == pytest.approx(0.1) and table.loc["a", "± 95 %"] == pytest.approx(0, abs=1e-9)
    assert evidence.clear(table.loc["a"]) and not evidence.clear(table.loc["b"])
    assert evidence.said(table.loc["b"]) == "+0.200 (1 seed, no interval)"
    assert evidence.said(table.loc["c"]) == "not recorded"


@pytest.mark.parametrize(
    "mean, half, seeds, word",
    [(-0.2, 0.02, 3, "kept"), (-0.05, 0.02, 3, "killed"), (0.2, 0.02, 3, "killed"), (-0.1, 0.2, 3, "open"), (-0.2, np.nan, 1, "open"), (-0.2, 0.02, 2, "open")],
)  # fmt: skip
def test_a_verdict_can_come_out_each_way(mean, half, seeds, word):
    row = pd.Series({"mean": mean, "± 95 %": half, "seeds": seeds})
    assert evidence.verdict(row, needed=-0.2).startswith(word)


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


def made_up(law) -> pd.DataFrame:
    """Rows of runs in which a token's state follows `law(bins)` exactly."""
    lines = [
        dict(run=f"{beta2} {batch}", seed=seed, step=600, steps=600, matrix="input", group=str(g), d_vocab=4096, batch=batch,
             ctx=64, beta2=beta2, text_tokens=1e6, occurrences=4.0**g, tokens_in_group=9)
        for beta2 in (0.9, 0.99, 0.999) for batch in (1, 4, 32) for g in range(9) for seed in (0, 1)
    ]  # fmt: skip
    rows = pd.DataFrame(lines)
    return rows.assign(median_cosine_with_mean=law(rows))


@pytest.mark.parametrize("name", ["frequency", "occurrences in one update", "occurrences in Adam's window"])
def test_the_collapse_test_finds_what_rules(name):
    bins = evidence.frequency_bins(made_up(lambda rows: -np.tanh(np.log(evidence.ABSCISSAE[name](rows)) / 4)))
    table = evidence.miss(bins, list(bins.run.unique()))["rms miss"]
    assert table.drop("(the seeds' own scatter)").idxmin() == name and table[name] < 0.03 < table["nothing"] / 3
