"""Tiny models with LayerNorm before, after and nowhere."""

from __future__ import annotations

import pytest
import torch

from zeropoint.puzzles.p07 import norms
from zeropoint.tiny.shape import TinyConfig, TinyLM

IDS = torch.randint(0, 50, (3, 9), generator=torch.Generator().manual_seed(0))


def model(norm):
    tiny = TinyLM(TinyConfig(d_vocab=50, d_model=16, n_layers=2, n_heads=2, ctx=8, norm=norm, init_std=0.3))
    with torch.no_grad():
        tiny.W_E += 0.5
    return tiny


@pytest.mark.parametrize("norm", norms.KINDS)
def test_run_is_the_models_own_pass(norm):
    tiny = model(norm)
    passed = norms.run(tiny, IDS)
    with torch.no_grad():
        logits = tiny(IDS[:, :-1])
    wanted = torch.nn.functional.cross_entropy(logits.mT, IDS[:, 1:], reduction="none").mean(1)
    torch.testing.assert_close(passed.loss, wanted)
    assert len(passed.stream) == 3 and len(passed.denominators) == {"pre": 5, "post": 4, "none": 0}[norm]
    same = {i: lambda x, i=i: x / passed.denominators[i] for i in range(len(passed.denominators))}
    torch.testing.assert_close(norms.run(tiny, IDS, edits=same).loss, wanted)


def test_who_reads_the_stream():
    assert [list(norms.readers(model("pre"), k)) for k in (0, 1, 2)] == [[0, 1, 2, 3, 4], [2, 3, 4], [4]]
    assert [list(norms.readers(model("post"), k)) for k in (0, 1, 2)] == [[0], [2], []]
    assert not norms.readers(model("none"), 0)


@pytest.mark.parametrize("norm", norms.KINDS)
def test_measure(norm):
    tiny = model(norm)
    rows = norms.measure(tiny, torch.randint(0, 50, (400,), generator=torch.Generator().manual_seed(1)), windows=16)
    assert [row["layer"] for row in rows] == [0, 1, 2]
    X = torch.nn.functional.embedding(torch.arange(50), tiny.W_E)
    assert rows[0]["mean_squared"] == pytest.approx(X.mean(0).square().sum().item(), rel=0.5)
    assert ("volume" in rows[0]) == (norm != "none") and ("volume" in rows[2]) == (norm == "pre")


def test_removal_is_direction_and_volume_together():
    """At the last LayerNorm of a pre-LayerNorm model nothing follows: removed differs from both alone."""
    tiny = model("pre")
    row = norms.measure(tiny, torch.randint(0, 50, (400,), generator=torch.Generator().manual_seed(1)), windows=16)[2]
    clean = norms.run(tiny, IDS)
    mu = clean.stream[2].flatten(0, 1).mean(0)
    without = norms.run(tiny, IDS, 2, -mu)
    loud = without.denominators[4]
    both = {4: lambda x: x / loud}
    torch.testing.assert_close(norms.run(tiny, IDS, 2, -mu, both).loss, without.loss)
    assert row["removed"] != pytest.approx(row["direction"], abs=1e-6)


def test_the_recorded_runs_are_whole():
    runs = norms.recorded()
    assert set(runs["norm"]) == set(norms.KINDS) and runs["seed"].nunique() == 3
    assert len(runs) == 3 * 3 * len(norms.WATCHED) * (norms.LAYERS + 1)
    last = runs[runs["step"] == max(norms.WATCHED)]
    assert (last.groupby("norm")["loss"].mean() < runs[runs["step"] == 0].groupby("norm")["loss"].mean() - 1).all()


def test_above_the_embedding_is_one_row_a_model_and_look():
    runs = norms.above_the_embedding()
    assert len(runs) == 3 * 3 * len(norms.WATCHED) and runs["share"].between(0, 1).all()
    raw = norms.recorded()
    one = raw[(raw["norm"] == "pre") & (raw["seed"] == 0) & (raw["step"] == 600) & (raw["layer"] > 0)]
    row = runs.loc["pre", 0, 600]
    assert row["gap"] == pytest.approx((one["volume"] - one["direction"]).mean())
    assert row["share"] == pytest.approx((one["mean_squared"] / (one["mean_squared"] + one["variance"])).mean())
