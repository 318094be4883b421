"""Residual-stream vectors: what the model computes, what an untrained one does, and estimates over groups of text."""

from __future__ import annotations

import pytest
import torch

from zeropoint import geometry, models, streams


@pytest.fixture(scope="module")
def model():
    return models.load("mini-gpt2")


@pytest.fixture(scope="module")
def ids(model):
    return streams.sequences(model.tokenizer, 4, 32)


def test_stream_is_what_the_model_computes(model, ids):
    s = streams.stream(model.bridge, ids, batch=3)
    with torch.no_grad():
        states = model.bridge.original_model(ids, output_hidden_states=True).hidden_states
    assert len(s) == model.bridge.cfg.n_layers + 1
    before_the_last = list(zip(s.vectors, states, strict=True))[:-1]  # theirs ends after the final LayerNorm
    for mine, theirs in before_the_last:
        torch.testing.assert_close(mine, theirs.flatten(0, 1), rtol=1e-4, atol=1e-3)
    assert torch.equal(s.token, ids.flatten())
    assert s.position[:33].tolist() == [*range(32), 0] and s.sequence[[0, 31, 32, 127]].tolist() == [0, 0, 1, 3]
    first = s.where(s.position == 0)
    assert torch.equal(first.token, ids[:, 0]) and first.vectors.shape[1] == 4


def test_untrained_has_the_shape_and_not_the_weights(model, ids):
    fresh = streams.untrained(model)
    assert fresh.W_E.shape == model.W_E.shape and abs(geometry.mean_pairwise_cosine(fresh.W_E.detach())) < 0.01
    assert torch.equal(fresh.W_E, streams.untrained(model).W_E), "the seed decides"
    assert streams.stream(fresh, ids).vectors.shape == streams.stream(model.bridge, ids).vectors.shape


def text(n=64 * 100, d=3, length=100, seed=0):
    generator, at = torch.Generator().manual_seed(seed), torch.arange(n)
    vectors = torch.randn(2, n, d, generator=generator) + 1
    return streams.Stream(vectors, torch.randint(0, 40, (n,), generator=generator), at % length, at // length)


def test_by_group_takes_whole_sequences_once_each():
    groups = streams.by_group(lambda s: [len(s.sequence.unique()), len(s.token)], text())
    assert groups.tolist() == [[8, 800]] * 8
    with pytest.raises(ValueError, match="cannot make 8 groups"):
        streams.by_group(lambda s: [0.0], text(500))


def test_each_layer_has_the_interval_of_its_groups():
    values = streams.by_group(lambda s: s.vectors.mean((1, 2)).tolist(), text())  # [group, layer]
    found = streams.each_layer(values)
    assert len(found) == 2 and found[0].n == 8 and found[0].unit == "groups of text"
    assert found[0].value == pytest.approx(1, abs=2 * found[0].half_width)
    # the standard error is 1/√(6400 · 3), t₀.₉₇₅(7) = 2.36
    assert found[0].half_width == pytest.approx(2.36 * 19200**-0.5, rel=0.6)


def test_encoder_stream(tmp_path, model):
    from transformers import BertConfig, BertModel

    shape = dict(hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32)
    BertModel(BertConfig(vocab_size=16384, **shape)).save_pretrained(tmp_path)
    model.tokenizer.save_pretrained(tmp_path)
    label, layers = streams.encoder_stream(str(tmp_path), count=2, length=16)
    assert label == f"{tmp_path.name} (raw, folder)" and layers.shape == (3, 32, 16)
