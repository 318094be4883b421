"""What an intervention does, against a calculation by hand."""

from __future__ import annotations

import pytest
import torch

from zeropoint import models, streams


@pytest.fixture(scope="module")
def model():
    return models.load("mini-gpt2")


@pytest.fixture(scope="module")
def ids(model):
    return streams.sequences(model.tokenizer, 4, 32)


def test_effects_are_those_of_two_passes(model, ids):
    place, by = streams.layer_names(model.bridge)[1], torch.full((model.bridge.cfg.d_model,), 5.0)

    def moved(x, hook):
        return x + by * (torch.arange(len(by)) % 2)

    seen = []

    def same_denominators(cache, rows):
        seen.append(len(rows))
        return [(n, lambda scale, hook: cache[hook.name]) for n in cache if n.endswith("scale")]

    conditions = {
        "nothing": lambda cache, rows: [],
        "own denominators": same_denominators,
        "moved": lambda cache, rows: [(place, moved)],
    }
    found = streams.effects(model.bridge, ids, conditions, batch=3)
    assert seen == [3, 1]
    for name in ("nothing", "own denominators"):
        assert found[name].kl.abs().max() < 1e-4 and found[name].loss.abs().max() < 1e-4, name

    with torch.no_grad():
        before, after = model.bridge(ids), model.bridge.run_with_hooks(ids, fwd_hooks=[(place, moved)])
    flat = ids[:, 1:].flatten()
    losses = [
        torch.nn.functional.cross_entropy(logits[:, :-1].flatten(0, 1), flat).item() for logits in (before, after)
    ]
    assert found["moved"].loss.mean().item() == pytest.approx(losses[1] - losses[0], abs=1e-4)
    p, q = before[:, :-1].log_softmax(-1), after[:, :-1].log_softmax(-1)
    kl = (p.exp() * (p - q)).sum(-1).mean(1)
    assert found["moved"].kl.shape == (4,) and (kl > 1e-3).all()
    torch.testing.assert_close(found["moved"].kl, kl, rtol=1e-3, atol=1e-5)
