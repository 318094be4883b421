"""Attention's scores, taken apart: the terms add up, the patterns are the model's, and changes are measured rightly."""

import pytest
import torch

from zeropoint import models
from zeropoint.puzzles.p02 import attention


@pytest.fixture(scope="module", params=list(models.STAND_INS))
def layer(request):
    model = models.load(request.param)
    return request.param, attention.layers(model, torch.arange(2 * 16).view(2, 16))[1]


def test_the_scale_is_the_model_s(layer):
    name, found = layer
    d_head = found.q.shape[-1]
    assert found.scale == pytest.approx(1.0 if name == "mini-neo" else d_head**-0.5)


def test_queries_and_keys_are_the_model_s_but_for_a_bias(layer):
    _, found = layer
    for own, ours in ((found.q, found.queries(found.x)), (found.k, found.keys(found.x))):
        bias = own - ours
        torch.testing.assert_close(bias, bias[:1, :1].expand_as(bias), atol=1e-4, rtol=0)


def test_what_all_keys_share_changes_nothing_and_a_key_s_own_term_does(layer):
    _, found = layer
    shared = torch.randn(2, found.q.shape[2], 16, 1, generator=torch.Generator().manual_seed(0))
    assert found.change(shared.expand(-1, -1, -1, 16)).max() < 1e-6  # a pattern in float32 does not sum to 1 exactly
    assert found.change(shared.mT.expand(-1, -1, 16, -1)).min() > 1e-3
    assert 0 < found.floor.max() < 1e-5


def test_change_is_total_variation_over_the_keys(layer):
    _, found = layer
    term = torch.randn_like(found.pattern)
    without = (found.pattern.double().log() - found.scale * term.double()).softmax(-1)
    expected = 0.5 * (without - found.pattern).abs().sum(-1)
    torch.testing.assert_close(found.change(term), expected.mean((0, 2)))


def test_figure_is_absent_where_no_model_applies():
    assert attention.figure({}, "nothing") is None
