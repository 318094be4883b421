"""08's move: exact for every architecture, and zero after it is minus β before it."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch

from tests.checks.bank_08 import BRIDGE, TEXT
from tests.hub import doubles
from zeropoint import models
from zeropoint.puzzles.p08 import gauge
from zeropoint.puzzles.p08.ablation import Study, components, constant, harms
from zeropoint.streams.precise import in_float64

NAMES = {"GPT-Neo": "gpt-neo-125m", "parallel, rotary": "pythia-4k", "OPT": "opt-4k", "RMSNorm": "llama-4k"}
IDS = TEXT[:3]


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_a_move_is_exact_and_every_zero_ablation_notices(name):
    study = Study(models.load(doubles.small(name)))
    proof = gauge.proof(study)
    assert proof.floors < 10 and proof.floors64 < 1e-6
    assert proof.least > 1e-6 and proof.apart < 1e-9


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_in_float64_from_end_to_end(name):
    """A double that differs from the model's own in float32 by rounding, and knows differences far below it."""
    model = models.load(doubles.small(name))
    ids = torch.arange(40).view(2, 20)
    exact = in_float64(model)
    with torch.no_grad():
        logits = exact(ids)
        nudged = exact.run_with_hooks(ids, fwd_hooks=[("blocks.0.hook_resid_pre", lambda x, hook: x + 1e-12)])
        own = model.bridge(ids)
    assert logits.dtype == torch.float64 and (logits - own).abs().max() < 1e-3
    assert 0 <= (nudged - logits).abs().max() < 1e-9


def test_grouped_queries_move_together():
    bridge = SimpleNamespace(cfg=SimpleNamespace(n_heads=4, n_key_value_heads=2))
    beta = torch.tensor([[1.0], [2.0]])
    assert gauge.for_heads(bridge, beta).flatten().tolist() == [1, 1, 2, 2]
    bridge.cfg.n_layers = 1
    assert [str(head) for head in gauge.with_own_values(bridge, components(bridge))] == ["0.0", "0.2"]


def test_setting_to_zero_after_the_move_is_setting_to_the_constant_before_it():
    heads = gauge.with_own_values(BRIDGE, components(BRIDGE))
    values = {head: torch.randn(8, generator=torch.Generator().manual_seed(i)) for i, head in enumerate(heads)}
    after = gauge.at_zero(BRIDGE, IDS, heads, gauge.hooks(BRIDGE, gauge.moved_by(BRIDGE, values)))
    before = harms(BRIDGE, IDS, {head: (head, constant(value)) for head, value in values.items()})
    for head in heads:
        torch.testing.assert_close(after[head].kl, before[head].kl, rtol=1e-3, atol=1e-5)


def test_half_of_a_move_changes_predictions():
    """The control: the values' bias alone."""
    moved = gauge.hooks(BRIDGE, {0: torch.ones(4, 8)})
    assert gauge.largest_change(BRIDGE, IDS, moved) < 1e-4 < 0.1 < gauge.largest_change(BRIDGE, IDS, moved[:1])


def test_constants_of_harm_do_that_harm():
    heads = gauge.with_own_values(BRIDGE, components(BRIDGE))
    study = SimpleNamespace(bridge=BRIDGE, means={head: torch.zeros(8) for head in heads})
    at_mean = gauge.at_mean(study, IDS, heads)
    target = 1.5 * max(effect.kl.mean() for effect in at_mean.values())
    found = gauge.constants_of_harm(study, IDS, heads, target, steps=14)
    for effect in harms(BRIDGE, IDS, {head: (head, constant(value)) for head, value in found.items()}).values():
        assert effect.kl.mean() == pytest.approx(target.item(), rel=0.05)
