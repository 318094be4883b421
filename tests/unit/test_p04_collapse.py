"""04's collapse test, on made-up runs in which a known law rules."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from zeropoint.puzzles.p04 import collapse


def made_up(law) -> pd.DataFrame:
    """Frequency bins of runs in which a token's state follows `law(bins)` exactly."""
    lines = [
        dict(run=f"beta2={beta2} batch={batch}", seed=seed, step=600, steps=600, matrix="input", group=str(g),
             d_vocab=4096, batch=batch, ctx=64, beta2=beta2, text_tokens=1e6, occurrences=4.0**g, tokens_in_group=9)
        for beta2 in (0.9, 0.99, 0.999) for batch in (1, 4, 32) for g in range(9) for seed in (0, 1)
    ]  # fmt: skip
    rows = pd.DataFrame(lines)
    return collapse.frequency_bins(rows.assign(median_cosine_with_mean=law(rows)))


def bins_ruled_by(name: str) -> pd.DataFrame:
    return made_up(lambda rows: -np.tanh(np.log(collapse.ABSCISSAE[name](rows)) / 4))


@pytest.mark.parametrize("name", ["frequency", "occurrences in one update", "occurrences in Adam's window"])
def test_the_number_that_rules_is_found(name):
    bins = bins_ruled_by(name)
    table = collapse.miss(bins, collapse.swept(bins))["rms miss"]
    assert table.drop(collapse.SCATTER).idxmin() == name and table[name] < 0.03 < table["nothing"] / 3


@pytest.mark.parametrize("name, a, b", [("frequency", 0, 0), ("occurrences in Adam's window", 1, 1)])
def test_the_powers_that_rule_are_found(name, a, b):
    bins = bins_ruled_by(name)
    table = collapse.powers(bins, collapse.swept(bins))
    assert table.stack().idxmin() == (a, b)


def test_only_runs_that_differ_in_the_swept_settings_are_compared():
    bins = bins_ruled_by("frequency")
    others = bins.assign(run=bins.run.str.replace("beta2=0.9 ", "beta2=0.9 d_vocab=512 ", regex=False))
    assert len(collapse.swept(bins)) == 9 and len(collapse.swept(others)) == 6


def test_n_is_compared_with_the_seeds_and_with_frequency():
    bins = bins_ruled_by("occurrences in Adam's window")
    missed = collapse.miss(bins.assign(sd=0.02), collapse.swept(bins))
    scatter, frequency = collapse.compared(missed)
    assert scatter.value < 2 and frequency.value < 0.3  # where N rules, the claim of 04 would hold
