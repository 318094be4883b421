"""What is watched while a model trains: movement of its rows, and groups of its tokens."""

import pytest
import torch

from zeropoint.tiny.corpus import Text, tokenizer_for
from zeropoint.tiny.grid import count_bins
from zeropoint.tiny.shape import TinyConfig, TinyLM
from zeropoint.tiny.training import Recipe, batch_at, make_optimizer, train
from zeropoint.tiny.watching import Movement, drift, frequency_groups, observe

CONFIG = TinyConfig(d_vocab=300, d_model=16, ctx=12, n_heads=2)
RECIPE = Recipe(steps=40, batch=4, ctx=12, lr=1e-2, warmup=5)


@pytest.fixture(scope="module")
def text() -> Text:
    g = torch.Generator().manual_seed(0)
    ids = torch.randint(0, 300, (4000,), generator=g).square() // 300  # uneven frequencies
    return Text(ids, ids[:500], tokenizer_for(300))


def test_movement_adds_up_to_the_drift(text):
    model, optimizer_steps = TinyLM(CONFIG), []
    before, movement = model.W_E.detach().clone(), Movement(model.W_E)

    def each(step: int) -> None:
        optimizer_steps.append(step)
        movement.update(model.W_E, batch_at(text.train, RECIPE, step - 1))

    train(model, text, RECIPE, optimizer=make_optimizer(model, RECIPE), each=each, progress=False)
    after = model.W_E.detach()
    mu = after.mean(0) / after.mean(0).norm()
    torch.testing.assert_close((movement.absent + movement.present) @ mu, drift(before, after), rtol=1e-3, atol=1e-5)
    never = text.counts == 0
    assert never.any() and (movement.present[never] == 0).all()
    assert optimizer_steps == list(range(1, 41)) and movement.length > 0


def test_groups_cover_the_vocabulary(text):
    for groups in (frequency_groups(text.counts), count_bins(text.counts)):
        assert torch.cat(list(groups)).sort().values.tolist() == list(range(300))
        means = [text.counts[ids].double().mean().item() for ids in groups]
        assert means == sorted(means, reverse=True)


def test_what_is_watched_has_the_kind_of_mean_of_the_whole_vocabulary_only():
    W = torch.randn(300, 16, generator=torch.Generator().manual_seed(0)) + 1
    whole, *groups = observe(W, frequency_groups(torch.arange(300)))
    assert whole["dimension_centred"] == pytest.approx(16, rel=0.1) and len(groups) == 5
    assert not any("dimension_centred" in row for row in groups)
