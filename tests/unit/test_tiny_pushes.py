"""Who moves a mean row: the parts sum to the step, and each is what it would be alone."""

from dataclasses import replace

import pytest
import torch

from zeropoint.tiny.corpus import Text, tokenizer_for
from zeropoint.tiny.pushes import Pushes
from zeropoint.tiny.shape import TinyConfig, TinyLM
from zeropoint.tiny.training import Recipe, train

CONFIG = TinyConfig(d_vocab=300, d_model=16, ctx=12, n_heads=2)


@pytest.fixture(scope="module")
def text() -> Text:
    g = torch.Generator().manual_seed(0)
    ids = torch.randint(0, 300, (4000,), generator=g).square() // 300  # uneven frequencies
    return Text(ids, ids[:500], tokenizer_for(300))


@pytest.mark.parametrize("clip", [1e9, 0.05])  # never, always
@pytest.mark.parametrize("tied", [True, False])
def test_the_parts_sum_to_the_step(text, tied, clip):
    model = TinyLM(replace(CONFIG, tied=tied))
    recipe = Recipe(steps=30, batch=4, ctx=12, lr=1e-2, warmup=5, z_loss=0.1, weight_decay=1.0, clip=clip)
    before, pushes = model.unembed.detach().mean(0), Pushes(model.unembed, recipe)
    train(model, text, recipe, watched=set(), pushes=pushes, progress=False)
    moved = model.unembed.detach().mean(0) - before
    torch.testing.assert_close(sum(pushes.total.values()), moved, rtol=1e-3, atol=1e-5)
    parts = pushes.along(moved)
    assert sum(parts.values()) == pytest.approx(moved.norm().item(), rel=1e-3)
    assert all(abs(part) > 1e-3 for part in parts.values())


def test_without_z_loss_and_decay_all_is_cross_entropy(text):
    model = TinyLM(CONFIG)
    recipe = Recipe(steps=30, batch=4, ctx=12, lr=1e-2, warmup=5, weight_decay=0.0)
    pushes = Pushes(model.unembed, recipe)
    train(model, text, recipe, watched=set(), pushes=pushes, progress=False)
    assert pushes.total["z_loss"].abs().max() == pushes.total["decay"].abs().max() == 0
    assert pushes.total["cross_entropy"].norm() > 1e-2
