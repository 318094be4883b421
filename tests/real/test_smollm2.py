"""A real language model, SmolLM2-135M, through all that a reader does with a model of their own.

It comes from the package index (tools/real.py); where that cannot be had, these tests are skipped with the reason. The
expected numbers were computed from the weights by other code than ours.
"""

from __future__ import annotations

import json

import pytest
import torch
from filelock import FileLock

from tools import real
from zeropoint import models
from zeropoint.__main__ import main
from zeropoint.models.survey import survey

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder():
    real.BUILD.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(real.BUILD / ".lock"):
            return real.bring()
    except (real.Unavailable, ImportError) as reason:
        pytest.skip(f"no real model: {reason}")


def test_statistics_are_those_computed_elsewhere(folder, capsys):
    main(["stats", str(folder), "--json", "--exact"])
    numbers = json.loads(capsys.readouterr().out)
    assert (numbers["d_vocab"], numbers["d_model"]) == (49152, 576)
    assert numbers["mean_cosine"] == pytest.approx(0.4423, abs=5e-5)
    assert numbers["mean_cosine_centred"] == pytest.approx(0.0001, abs=5e-5)
    assert numbers["norm_of_mean"] == pytest.approx(2.178, abs=5e-4)
    assert numbers["mean_row_norm"] == pytest.approx(3.202, abs=5e-4)
    assert numbers["mean_abs_cosine_centred"] == pytest.approx(0.0761, abs=5e-5)
    assert (numbers["rows_without_direction"], numbers["rows_beyond_tokenizer"]) == (0, 0)


@pytest.mark.parametrize("processed", [False, True])
def test_text_in_paris_out(folder, processed):
    """It knows some geography, so its weights, its tokenizer and its positions are where they should be."""
    assert real.next_token(folder, processed) == real.ANSWER


def test_facts(folder):
    model = models.load(folder)
    assert model.label == "smollm2 (raw, folder)" and not model.found.is_double
    assert (model.is_tied, model.has_W_pos, model.norm) == (True, False, "RMSNorm")
    assert torch.equal(model.W_E, models.load_embedding(folder).W)


def test_survey(folder, tmp_path):
    [row] = survey([str(folder)], tmp_path / "table.csv")
    assert (row["matrix"], row["problem"]) == ("tied", "")
    assert float(row["mean_cosine"]) == pytest.approx(0.4423, abs=5e-5)


@pytest.mark.parametrize("number", real.WALKTHROUGHS)
def test_walkthroughs_on_a_pair_that_contains_it(folder, number):
    [run] = real.walkthroughs(folder, [number])
    assert not run.error
    assert "smollm2 (raw, folder)" in {report["model"] for report in run.reports}
