"""The first block of a model, step by step: what adds up, and whose mean is the cone."""

from __future__ import annotations

import pytest
import torch

from zeropoint import geometry, models, streams
from zeropoint.puzzles.p06 import blocks
from zeropoint.puzzles.p06.predictions import PREDICTIONS


@pytest.mark.parametrize("name", ["mini-neo", "mini-gpt2"])
def test_three_vectors_add_up_to_what_leaves(name):
    model = models.load(name)
    ids = streams.sequences(model.tokenizer, 10, 32)
    steps, s = blocks.first_block(model.bridge, ids), streams.stream(model.bridge, ids)
    assert list(steps) == list(blocks.STEPS)
    torch.testing.assert_close(steps["what enters"], s.vectors[0])
    torch.testing.assert_close(steps["what leaves"], s.vectors[1])
    added = sum(steps[part] for part in blocks.ADDED.values())
    torch.testing.assert_close(added, steps["what leaves"], rtol=1e-4, atol=1e-3)


def planted(source):
    """Three clouds without a mean, but for `source`."""
    draw = torch.randn(3, 2000, 16, generator=torch.Generator().manual_seed(0))
    steps = dict(zip(blocks.ADDED.values(), draw, strict=True))
    steps[source] = steps[source] + 3
    return steps | {"what leaves": sum(steps.values())}


@pytest.mark.parametrize("word, source", blocks.ADDED.items())
def test_the_cone_goes_with_the_mean_that_made_it(word, source):
    steps = planted(source)
    assert geometry.mean_pairwise_cosine(steps["what leaves"]) > 0.5
    left = {part: blocks.cone_without(steps, at) for part, at in blocks.ADDED.items()}
    assert min(left, key=left.get) == word and left[word] < 0.01 and sorted(left.values())[1] > 0.5


def test_the_prediction_has_a_word_for_each():
    asked = next(p for p in PREDICTIONS if p.id == "6.h")
    assert tuple(asked.words) == tuple(blocks.ADDED)


@pytest.mark.parametrize("name", ["mini-neo", "mini-gpt2"])
def test_centred_first_takes_the_mean_away_before_the_nonlinearity_and_only_there(name):
    model = models.load(name)
    ids = streams.sequences(model.tokenizer, 10, 32)
    steps = blocks.first_block(model.bridge, ids)
    centred = blocks.centred_first(model.bridge, ids, steps)
    torch.testing.assert_close(centred["attention writes"], steps["attention writes"])
    before = centred["neurons before the nonlinearity"]
    torch.testing.assert_close(before, geometry.centre(steps["neurons before the nonlinearity"]), rtol=1e-4, atol=1e-3)
    gelu = torch.nn.functional.gelu(before, approximate="tanh")
    torch.testing.assert_close(centred["neurons after it"], gelu, rtol=1e-4, atol=1e-4)
    again = blocks.first_block(model.bridge, ids)
    assert all(torch.equal(again[step], steps[step]) for step in steps), "the hook is gone"
    columns = blocks.compared(steps, centred, steps)
    assert columns["neurons centred first"]["neurons before the nonlinearity"] == pytest.approx(0, abs=0.02)
