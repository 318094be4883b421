"""07's interventions: direction, volume and dose, on a model with LayerNorm and on one with RMSNorm."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch

from zeropoint import geometry, models, streams
from zeropoint.claims import over
from zeropoint.puzzles.p07 import volume


@pytest.fixture(scope="module")
def with_rms(tmp_path_factory):
    """A folder with a little Llama: rotary positions, RMSNorm, no biases. Its weights are random, and its gains uneven."""
    from transformers import LlamaConfig, LlamaForCausalLM

    folder = tmp_path_factory.mktemp("little-llama")
    tokenizer = models.load("mini-gpt2").tokenizer
    shape = dict(hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4)
    torch.manual_seed(0)
    little = LlamaForCausalLM(LlamaConfig(vocab_size=len(tokenizer), initializer_range=0.2, **shape))
    with torch.no_grad():
        for layer in little.model.layers:
            layer.input_layernorm.weight.uniform_(0.5, 1.5)
    little.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return models.load(folder)


@pytest.fixture(scope="module", params=["LayerNorm", "RMSNorm"])
def model(request):
    found = models.load("mini-gpt2") if request.param == "LayerNorm" else request.getfixturevalue("with_rms")
    assert found.norm == request.param
    return found


@pytest.fixture(scope="module")
def ids(model):
    return streams.sequences(model.tokenizer, 4, 32)


@pytest.fixture(scope="module")
def mu(model, ids):
    return streams.stream(model.bridge, ids).vectors[1].mean(0)


def test_denominator_without_is_that_of_the_difference():
    x, taken, eps = torch.randn(5, 16, generator=torch.Generator().manual_seed(0)), torch.ones(16), 1e-5
    now = (x.square().mean(-1, keepdim=True) + eps).sqrt()
    wanted = ((x - taken).square().mean(-1, keepdim=True) + eps).sqrt()
    torch.testing.assert_close(volume.denominator_without(now, x, taken), wanted)
    torch.testing.assert_close(volume.denominator_without(now, x, 0 * taken), now)


def test_shares_are_of_what_the_norm_sees(model, ids):
    s = streams.stream(model.bridge, ids)
    X = s.vectors[1] - s.vectors[1].mean(1, keepdim=True) if model.norm == "LayerNorm" else s.vectors[1]
    assert volume.shares(model)(s)[1] == pytest.approx(geometry.share_of_mean(X))


def test_only_the_norms_that_read_the_stream_are_held():
    names = [
        "blocks.0.ln1.hook_scale",
        "blocks.0.attn.q_norm.hook_scale",
        "ln_final.hook_scale",
        "blocks.0.ln1.hook_out",
    ]
    assert volume.denominators(dict.fromkeys(names)) == ["blocks.0.ln1.hook_scale", "ln_final.hook_scale"]


def test_what_changes_nothing_does_nothing(model, ids, mu):
    zero = volume.changes(model, 1, 0 * mu, 0 * mu)
    as_it_was = volume.changes(model, 1, mu, mu, factor=1.0)
    plan = {"own denominators": zero["direction only"], "volume as it was": as_it_was["volume only"]}
    plan |= {
        "mean as it was": as_it_was["mean removed"],
        "itself for the mean": as_it_was["random vector for the mean"],
    }
    for name, effect in streams.effects(model.bridge, ids, plan, batch=3).items():
        assert effect.kl.abs().max() < 1e-4 and effect.loss.abs().max() < 1e-4, name


def test_every_change_changes_something(model, ids, mu):
    n = model.bridge.cfg.n_layers
    for block, hook in ((0, "hook_embed"), (1, None), (n, None)):
        plan = volume.changes(model, block, mu, volume.random_vectors(mu), hook=hook)
        assert len(plan) == 6
        for name, effect in streams.effects(model.bridge, ids, plan).items():
            assert (effect.kl > 1e-7).all(), (block, name)


def test_volume_hooks_divide_the_rest_as_without_the_mean(model, ids, mu):
    """At the norm that reads the stream first: (x − μ) / scale(x − μ) + μ / scale(x), as the norm sees them."""
    name = "blocks.1.ln1"
    with torch.no_grad():
        _, cache = model.bridge.run_with_cache(ids)
        with model.bridge.hooks(fwd_hooks=volume.volume_hooks(model, cache, 1, mu)):
            _, edited = model.bridge.run_with_cache(ids, names_filter=[f"{name}.hook_normalized"])
    x = cache["blocks.1.hook_resid_pre"]

    def own(v):
        return v - v.mean(-1, keepdim=True) if model.norm == "LayerNorm" else v

    def scale(v):
        return (own(v).square().mean(-1, keepdim=True) + 1e-5).sqrt()

    wanted = own(x - mu) / scale(x - mu) + own(mu) / scale(x)
    torch.testing.assert_close(edited[f"{name}.hook_normalized"], wanted, rtol=2e-3, atol=2e-3)


def test_a_matched_dose_moves_the_norm_as_far_as_the_volume_does(model, ids, mu):
    name = "blocks.1.ln1.hook_normalized"
    conditions = volume.changes(model, 1, mu, torch.zeros_like(mu))
    with torch.no_grad():
        _, cache = model.bridge.run_with_cache(ids)
        moved = {}
        for what in ("volume only", "direction only", "direction, matched dose"):
            with model.bridge.hooks(fwd_hooks=list(conditions[what](cache, ids))):
                _, now = model.bridge.run_with_cache(ids, names_filter=[name])
            moved[what] = (now[name] - cache[name]).square().mean((1, 2)).sqrt()  # one a row of text
    torch.testing.assert_close(moved["direction, matched dose"], moved["volume only"], rtol=1e-3, atol=0)
    assert (moved["direction only"] > 1.1 * moved["volume only"]).all()


def test_random_vectors_have_the_length_and_each_row_gets_the_next(model, ids, mu):
    vectors = volume.random_vectors(mu, 6)
    torch.testing.assert_close(vectors.norm(dim=1), mu.norm().expand(6))
    zero = torch.zeros(4, 1, len(mu))
    for name, less in (("random vector added", 0 * mu), ("random vector for the mean", mu)):
        change = volume.changes(model, 1, mu, vectors)[name]
        given = [
            change({}, rows)[0][1](zero[: len(rows)], None) for rows in (ids, ids[:3])
        ]  # the seventh: the first again
        torch.testing.assert_close(torch.cat(given)[:, 0] + less, vectors[[0, 1, 2, 3, 4, 5, 0]])


class OneStep:
    """A double of a bridge: embeds a token and reads the next one's logits off it. Its hooks act on the embedding."""

    def __init__(self, d_vocab: int = 12, d_model: int = 6):
        draw = torch.Generator().manual_seed(0)
        self.W_E = torch.randn(d_vocab, d_model, generator=draw)
        self.W_U = torch.randn(d_model, d_vocab, generator=draw)

    def run_with_hooks(self, ids, fwd_hooks):
        x = self.W_E[ids]
        for _, hook in fwd_hooks:
            x = hook(x, None)
        return x @ self.W_U

    def run_with_cache(self, ids, names_filter):
        return self.run_with_hooks(ids, []), {}


def test_the_error_over_rows_covers_the_truth_as_often_as_it_says():
    """Of harm with a random vector in the mean's place, less harm without the mean: four rows a batch, sixteen rows.

    With one vector a batch, four for all rows, the 95 % intervals held the truth in two studies of three.
    """
    model = SimpleNamespace(bridge=OneStep())
    mu = torch.full((6,), 0.8)
    draw = torch.Generator().manual_seed(1)

    def gain(rows, seed):
        ids = torch.randint(12, (rows, 8), generator=draw)
        plan = volume.changes(model, 0, mu, volume.random_vectors(mu, rows, seed), hook="hook_embed")
        two = {name: plan[name] for name in ("mean removed", "random vector for the mean")}
        removed, replaced = streams.effects(model.bridge, ids, two, batch=4).values()
        return over((replaced.kl - removed.kl).tolist(), "rows")

    truth = gain(4_000, 0).value
    studies = [gain(16, seed) for seed in range(1, 401)]
    held = sum(e.low <= truth <= e.high for e in studies) / len(studies)
    assert 0.91 < held < 0.98
