"""Residual-stream vectors, the held-out text, and what interventions do."""

from __future__ import annotations

import sysconfig
from pathlib import Path

import pytest
import torch

from zeropoint import geometry, models, streams
from zeropoint.puzzles.p06 import clusters, measures
from zeropoint.puzzles.p07 import volume
from zeropoint.streams.text import TEXT
from zeropoint.tiny.corpus import is_held_out


@pytest.fixture(scope="module")
def model():
    return models.load("mini-gpt2")


@pytest.fixture(scope="module")
def ids(model):
    return streams.sequences(model.tokenizer, 4, 32)


def cloud(n=60, d=7, types=9, seed=0):
    generator = torch.Generator().manual_seed(seed)
    token = torch.randint(0, types, (n,), generator=generator) * 3
    return torch.randn(n, d, generator=generator) + 1, token


def test_the_text_is_held_out_and_says_its_licence():
    root = Path(sysconfig.get_path("stdlib"))
    names = list(streams.held_out_text())
    assert len(names) > 15 and all(is_held_out(root / name) for name in names)
    head = TEXT.read_text(encoding="utf-8").split("\f")[0]
    assert "PSF-2.0" in head and head not in "".join(streams.held_out_text().values())


def test_sequences(model):
    rows = streams.sequences(model.tokenizer)
    assert rows.shape == (64, 128) and len(rows.unique(dim=0)) == 64
    assert len(rows[:, 0].unique()) > 20, "position 0 holds ordinary tokens"
    with pytest.raises(ValueError, match="too few"):
        streams.sequences(model.tokenizer, 1000)


def test_stream_is_what_the_model_computes(model, ids):
    s = streams.stream(model.bridge, ids, batch=3)
    with torch.no_grad():
        states = model.bridge.original_model(ids, output_hidden_states=True).hidden_states
    assert len(s) == model.bridge.cfg.n_layers + 1
    for mine, theirs in list(zip(s.vectors, states, strict=True))[
        :-1
    ]:  # the last of theirs is after the final LayerNorm
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


def test_type_cosines_are_those_of_all_pairs():
    X, token = cloud()
    u = geometry.unit_rows(X).double()
    table, types = u @ u.T, token.unique().tolist()
    inter = [table[token == a][:, token == b].mean() for a in types for b in types if a != b]
    intra = []
    for t in types:
        rows = (token == t).nonzero()[:, 0]
        if len(rows) > 1:
            intra.append(table[rows][:, rows][~torch.eye(len(rows), dtype=torch.bool)].mean())
    found = measures.type_cosines(X, token)
    assert found.inter == pytest.approx(torch.stack(inter).mean().item(), abs=1e-6)
    assert found.intra == pytest.approx(torch.stack(intra).mean().item(), abs=1e-6)
    for wrong in (torch.arange(len(X)), torch.zeros(len(X), dtype=torch.long)):
        with pytest.raises(ValueError, match="twice"):
            measures.type_cosines(X, wrong)


def test_gaussian_twin_keeps_mean_and_covariance():
    X, _ = cloud(20_000, 5)
    X = X @ torch.randn(5, 5, generator=torch.Generator().manual_seed(1))
    twin = clusters.gaussian_twin(X)
    assert (geometry.mean(twin) - geometry.mean(X)).norm() < 0.05 * X.norm(dim=1).mean()
    torch.testing.assert_close(torch.cov(twin.T), torch.cov(X.T), rtol=0.1, atol=0.1)
    assert torch.isfinite(clusters.gaussian_twin(X[:3])).all(), "fewer vectors than dimensions"


def test_two_means_finds_a_planted_cluster_and_none_in_its_twin():
    X, _ = cloud(1000)
    far = torch.arange(1000) % 50 == 0
    planted = X + 30 * far[:, None]
    cut, twin = clusters.two_means(planted), clusters.two_means(clusters.gaussian_twin(planted))
    assert torch.equal(cut.small, far) and cut.silhouette > 0.8 and cut.valley == 0
    assert cut.is_two_clusters(twin) and not twin.is_two_clusters(twin)
    assert clusters.two_means(X).silhouette < 0.3
    assert clusters.separates(planted.norm(dim=1), far) == 1
    assert clusters.separates(torch.randn(1000, generator=torch.Generator().manual_seed(0)), far) < 0.3


def test_a_long_tail_has_a_silhouette_and_no_valley():
    generator = torch.Generator().manual_seed(0)
    X = 0.02 * torch.randn(4000, 6, generator=generator)
    X[:, 0] += torch.rand(4000, generator=generator).log().neg()  # exponential: one cloud, thinning out
    cut, twin = clusters.two_means(X), clusters.two_means(clusters.gaussian_twin(X))
    assert cut.silhouette > 0.5 and cut.valley > 0.7 and not cut.is_two_clusters(twin)


def text(n=64 * 100, d=3, length=100, seed=0):
    generator, at = torch.Generator().manual_seed(seed), torch.arange(n)
    vectors = torch.randn(2, n, d, generator=generator) + 1
    return streams.Stream(vectors, torch.randint(0, 40, (n,), generator=generator), at % length, at // length)


def test_over_groups_is_a_standard_error():
    found = streams.over_groups(lambda s: s.vectors[0].mean(0), text())
    assert found.shape == (3,) and found.mean().item() == pytest.approx(6400**-0.5, rel=0.5)


def test_shuffled_coordinates_keep_the_mean_and_lose_the_token():
    s = text()
    s = streams.Stream(s.vectors + 3 * torch.randn(40, 3)[s.token], s.token, s.position, s.sequence)
    mixed = measures.shuffled_coordinates(s)
    torch.testing.assert_close(mixed.vectors.mean(1), s.vectors.mean(1))
    assert clusters.recognises(s.vectors[0], s.token) > 0.5 > 0.1 > clusters.recognises(mixed.vectors[0], s.token)


def test_top_share():
    X, _ = cloud()
    X[:, 2] += 5
    assert measures.top_share(X, X.shape[1]) == pytest.approx(1)
    added = geometry.sum_over_dimensions(X)
    assert measures.top_share(X, 1) == pytest.approx((added[2] / added.sum()).item())


def test_explanations_name_what_the_cut_follows():
    s = text()
    for name, small in (
        ("position 0", s.position == 0),
        ("token", s.token < 9),
        ("norm", s.vectors[1].norm(dim=1) > 2.5),
    ):
        told = clusters.explanations(s, 1, small)
        assert told[name] > 0.95 and max(told, key=told.get) in (name, "position")
    at_random = torch.rand(len(s.token), generator=torch.Generator().manual_seed(3)) < 0.2
    assert max(clusters.explanations(s, 1, at_random).values()) < 0.15


def test_effects(model, ids):
    s = streams.stream(model.bridge, ids)
    place, mu = streams.layer_names(model.bridge)[1], s.vectors[1].mean(0)

    def moved(by):
        return [(place, lambda x, hook: x + by)]

    def same_denominators(cache, rows):
        return [(n, lambda scale, hook: cache[hook.name]) for n in cache if n.endswith("scale")]

    found = streams.effects(
        model.bridge,
        ids,
        {
            "nothing": lambda cache, rows: moved(0 * mu),
            "own denominators": same_denominators,
            "volume as it was": lambda cache, rows: volume.volume_hooks(cache, 1, mu, factor=1.0),
            "volume": lambda cache, rows: volume.volume_hooks(cache, 1, mu),
            "removed": lambda cache, rows: moved(-mu),
        },
        batch=3,
    )
    for name in ("nothing", "own denominators", "volume as it was"):
        assert found[name].kl.abs().max() < 1e-4 and found[name].loss.abs().max() < 1e-4, name
    assert found["removed"].kl.shape == (4,) and (found["removed"].kl > 0.01).all()
    assert (found["volume"].kl > 1e-4).all()

    with torch.no_grad():
        clean, changed = model.bridge(ids), model.bridge.run_with_hooks(ids, fwd_hooks=moved(-mu))
    flat = ids[:, 1:].flatten()
    losses = [
        torch.nn.functional.cross_entropy(logits[:, :-1].flatten(0, 1), flat).item() for logits in (clean, changed)
    ]
    assert found["removed"].loss.mean().item() == pytest.approx(losses[1] - losses[0], abs=1e-4)


def test_volume_hooks_divide_the_rest_as_without_the_mean(model, ids):
    """At the LayerNorm that reads the stream first: (x − μ) / scale(x − μ) + μ / scale(x), as seen less own means."""
    s = streams.stream(model.bridge, ids)
    mu, name = s.vectors[1].mean(0), "blocks.1.ln1"
    with torch.no_grad():
        _, cache = model.bridge.run_with_cache(ids)
        with model.bridge.hooks(fwd_hooks=volume.volume_hooks(cache, 1, mu)):
            _, edited = model.bridge.run_with_cache(ids, names_filter=[f"{name}.hook_out"])
    x = cache["blocks.1.hook_resid_pre"]

    def own(v):
        return v - v.mean(-1, keepdim=True)

    def scale(v):
        return (own(v).square().mean(-1, keepdim=True) + 1e-5).sqrt()

    ln = model.bridge.blocks[1].ln1
    wanted = (own(x - mu) / scale(x - mu) + own(mu) / scale(x)) * ln.weight + ln.bias
    torch.testing.assert_close(edited[f"{name}.hook_out"], wanted.detach(), rtol=1e-3, atol=1e-3)


def test_a_matched_dose_moves_layer_norm_as_far_as_the_volume_does(model, ids):
    mu, name = streams.stream(model.bridge, ids).vectors[1].mean(0), "blocks.1.ln1.hook_normalized"
    conditions = volume.changes(1, mu, torch.zeros_like(mu))
    with torch.no_grad():
        _, cache = model.bridge.run_with_cache(ids)
        moved = {}
        for what in ("volume only", "direction only", "direction, matched dose"):
            with model.bridge.hooks(fwd_hooks=list(conditions[what](cache, ids))):
                _, now = model.bridge.run_with_cache(ids, names_filter=[name])
            moved[what] = (now[name] - cache[name]).square().mean().sqrt().item()
    assert moved["direction, matched dose"] == pytest.approx(moved["volume only"], rel=1e-3)
    assert moved["direction only"] > 1.1 * moved["volume only"]


def test_encoder_stream(tmp_path, model):
    from transformers import BertConfig, BertModel

    shape = dict(hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32)
    BertModel(BertConfig(vocab_size=16384, **shape)).save_pretrained(tmp_path)
    model.tokenizer.save_pretrained(tmp_path)
    label, layers = streams.encoder_stream(str(tmp_path), count=2, length=16)
    assert label == f"{tmp_path.name} (raw, folder)" and layers.shape == (3, 32, 16)
