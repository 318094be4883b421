"""The plan of the grid, and its texts with something taken away."""

import pytest
import torch

from zeropoint.tiny import grid
from zeropoint.tiny.corpus import Text, tokenizer_for


@pytest.fixture(scope="module")
def text() -> Text:
    g = torch.Generator().manual_seed(0)
    ids = torch.randint(0, 300, (4000,), generator=g).square() // 300  # uneven frequencies
    return Text(ids, ids[:500], tokenizer_for(300))


@pytest.mark.parametrize("name", list(grid.PLANS))
def test_a_plan_names_every_run_once_and_every_setting_can_be_built(name):
    plan = list(grid.plan(name))
    assert len({(grid.name_of(setting), seed) for setting, seed in plan}) == len(plan)
    assert {seed for _, seed in plan} == set(range(grid.PLANS[name][1]))
    for setting, seed in plan:
        config, recipe, _ = grid.resolve(setting, seed)
        assert config.ctx == recipe.ctx and config.seed == recipe.seed == seed
    with pytest.raises(ValueError, match="No such setting"):
        grid.resolve({"beta3": 1})


@pytest.mark.parametrize("name", ["grid", "normaliser"])
def test_every_recorded_run_is_of_the_plan_and_recorded_once(name):
    runs, rows = grid.read(name)
    recorded = list(zip(runs.run, runs.seed, strict=True))
    assert len(set(recorded)) == len(recorded)
    assert set(recorded) <= {(grid.name_of(setting), seed) for setting, seed in grid.plan(name)}
    assert set(zip(rows.run, rows.seed, strict=True)) == set(recorded)


def test_a_run_measures_the_kind_of_mean_and_the_normaliser_of_the_output_matrix(text, monkeypatch):
    monkeypatch.setattr(grid, "tokens_for", lambda d_vocab: text)
    grid.text_for.cache_clear()
    small = dict(d_vocab=300, d_model=16, n_heads=2, ctx=12, steps=8, warmup=2, tied=False)
    summary, rows = grid.run(small)
    grid.text_for.cache_clear()
    assert summary["h_dot_mean"] == pytest.approx(
        summary["hidden_along_mean"] * summary["output_norm_of_mean"], rel=1e-3
    )
    assert all(f"{prefix}{measure}" in summary for measure in grid.MATRIX for prefix in ("", "output_"))
    assert {row["matrix"] for row in rows} == {"input", "output"}


def test_entries_that_do_not_live_occur_never_and_who_pushes_changes_nothing(text, monkeypatch):
    monkeypatch.setattr(grid, "tokens_for", lambda d_vocab: text if d_vocab == 300 else pytest.fail("too many entries"))
    grid.text_for.cache_clear()
    small = dict(d_vocab=400, live=300, d_model=16, n_heads=2, ctx=12, steps=8, warmup=2, z_loss=0.1)
    summary, rows = grid.run(small)
    again, fewer = grid.run(small | {"pushes": True}, by_frequency=False)
    grid.text_for.cache_clear()
    assert rows[-1]["occurrences"] == 0 and rows[-1]["tokens_in_group"] >= 100
    assert {row["group"] for row in fewer} == {"all"} and summary["run"] == again["run"]
    assert summary["mean_cosine"] == again["mean_cosine"] and all(part in again for part in grid.PUSHES)


def test_texts_with_something_taken_away(text, monkeypatch):
    monkeypatch.setattr(grid, "tokens_for", lambda d_vocab: text)
    make = grid.text_for.__wrapped__
    plain, shuffled, level = (make(300, kind) for kind in ("stdlib", "shuffled", "level"))
    assert torch.equal(plain.counts, shuffled.counts) and not torch.equal(plain.train, shuffled.train)
    assert plain.counts.float().std() > 2 * level.counts.float().std()
    pairs = level.train.unfold(0, 2, 1).unique(dim=0, return_counts=True)[1].float()
    assert pairs.square().sum() / pairs.sum() > 4  # a pair drawn from the text came about 13 / 2 times, not once
    assert torch.equal(make(300, "second half").train, plain.train[2000:])
