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


def test_the_plan_names_every_run_once_and_every_setting_can_be_built():
    plan = list(grid.plan())
    assert len({(grid.name_of(setting), seed) for setting, seed in plan}) == len(plan)
    assert {seed for _, seed in plan} == set(range(grid.SEEDS))
    for setting, seed in plan + list(grid.plan(quick=True)):
        config, recipe, _ = grid.resolve(setting, seed)
        assert config.ctx == recipe.ctx and config.seed == recipe.seed == seed
    with pytest.raises(ValueError, match="No such setting"):
        grid.resolve({"beta3": 1})


def test_texts_with_something_taken_away(text, monkeypatch):
    monkeypatch.setattr(grid, "tokens_for", lambda d_vocab: text)
    make = grid.text_for.__wrapped__
    plain, shuffled, level = (make(300, kind) for kind in ("stdlib", "shuffled", "level"))
    assert torch.equal(plain.counts, shuffled.counts) and not torch.equal(plain.train, shuffled.train)
    assert plain.counts.float().std() > 2 * level.counts.float().std()
    pairs = level.train.unfold(0, 2, 1).unique(dim=0, return_counts=True)[1].float()
    assert pairs.square().sum() / pairs.sum() > 4  # a pair drawn from the text came about 13 / 2 times, not once
    assert torch.equal(make(300, "second half").train, plain.train[2000:])
