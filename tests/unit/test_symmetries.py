"""Moves on copies: what is free, what is not, and that no loaded model is harmed."""

import weakref

import pytest
import torch

from zeropoint import models
from zeropoint.puzzles.p02 import symmetries
from zeropoint.puzzles.p02.symmetries import absorb, after_attention, compare, copy_of, logits


@pytest.fixture(scope="module", params=list(models.STAND_INS))
def model(request):
    return models.load(request.param)


@pytest.fixture(scope="module")
def net(model):
    return copy_of(model, torch.float64)


@pytest.fixture(scope="module")
def ids(model):
    return torch.tensor(
        [model.tokenizer.encode("def read_lines(path):\n    with open(path) as f:\n        return f")[:12]] * 2
    )


@pytest.fixture(scope="module")
def own(net, ids):
    return logits(net, ids)


def embeddings(net):
    return net.transformer.wte.weight, net.transformer.wpe.weight


def test_copy_predicts_what_the_bridge_does(model, ids, own):
    assert own.dtype == torch.float64
    torch.testing.assert_close(model.bridge(ids).detach().double(), own, atol=1e-4, rtol=0)


def test_local_attention_is_kept(model, net):
    long = torch.arange(2 * 100).view(2, 100)  # beyond mini-neo's window of 32
    torch.testing.assert_close(model.bridge(long).detach().double(), logits(net, long), atol=1e-4, rtol=0)


def test_float64_goes_from_end_to_end(model, net, ids, own):
    """Hugging Face's GPT-Neo rounds its queries and keys to float32, which would leave a change of about 1e-7 here."""
    E, P = embeddings(net)
    assert compare(own, logits(net, ids, {"wte": E - E.mean(0), "wpe": P + E.mean(0)})).logit < 1e-11


def test_tied_exchange_moves_logits_and_not_predictions(net, ids, own):
    E, P = embeddings(net)
    change = compare(own, logits(net, ids, {"wte": E - E.mean(0), "wpe": P + E.mean(0), "lm_head": E - E.mean(0)}))
    assert change.logit > 0.1 and change.log_prob < 1e-11


def test_wte_alone_leaves_the_head(net, ids, own):
    E, _ = embeddings(net)
    mu = E.mean(0)
    untied, tied = (compare(own, logits(net, ids, m)) for m in ({"wte": E - mu}, {"wte": E - mu, "lm_head": E - mu}))
    assert untied.kl > 1e-3 and untied.kl == pytest.approx(tied.kl, rel=1e-9) and untied.logit != tied.logit


@pytest.mark.parametrize("part", ["attn", "mlp"])
def test_any_constant_is_absorbed_in_any_layer(net, ids, own, part):
    c = torch.randn(net.config.hidden_size, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    for layer in range(net.config.num_hidden_layers):
        move = absorb(net, layer, part, c)
        assert compare(own, logits(net, ids, move)).log_prob < 1e-10
        shift = {name: b for name, b in move.items() if ".ln_" in name}
        assert len(shift) == 1 and compare(own, logits(net, ids, shift)).kl > 1e-4


def test_after_attention_adds_to_the_stream(net, ids, own):
    c = torch.ones(net.config.hidden_size, dtype=torch.float64)
    # the all-ones direction is the one that no LayerNorm lets through
    assert compare(own, logits(net, ids, after_attention(net, 0, c))).log_prob < 1e-10
    c[0] += 5
    assert compare(own, logits(net, ids, after_attention(net, 0, c))).kl > 1e-6


def test_neither_model_nor_copy_is_changed(model, ids):
    net = copy_of(model)
    before, W_E = {k: v.clone() for k, v in net.state_dict().items()}, model.W_E
    logits(net, ids, {"wte": torch.zeros_like(W_E), **absorb(net, 0, "attn", W_E[0])})
    assert all(torch.equal(v, before[k]) for k, v in net.state_dict().items())
    assert torch.equal(model.W_E, W_E)


def test_unknown_tensor_is_named(net, ids):
    with pytest.raises(KeyError, match="no wpos; short names are wte, wpe, lm_head"):
        logits(net, ids, {"wpos": torch.zeros(1)})


def test_other_kinds_are_refused():
    from types import SimpleNamespace

    from transformers import GPTNeoXConfig, GPTNeoXForCausalLM

    config = GPTNeoXConfig(
        vocab_size=50, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32
    )
    with pytest.raises(ValueError, match="neither of the GPT-2 nor of the GPT-Neo kind"):
        copy_of(SimpleNamespace(plain=GPTNeoXForCausalLM(config), label="a Pythia"))


def test_a_trial_compares_with_itself_and_measures_its_floor(model, ids):
    trial = symmetries.Trial(model, ids)
    assert trial.change({}).logit == 0
    assert 0 < trial.floor < 1e-3
    assert trial.verdict({"wte": trial.E - trial.mu, "wpe": trial.P + trial.mu}) == "nothing"
    assert trial.verdict({"wte": trial.E - trial.mu}) != "nothing"
    exact = trial.exact()
    assert exact.own.dtype == torch.float64
    torch.testing.assert_close(exact.random(3).float(), trial.random(3))
    assert trial.random(3).norm().item() == pytest.approx(trial.mu.norm().item(), rel=1e-5)


def test_a_copy_shares_the_loaded_weights_and_is_another_model(model):
    net, exact = copy_of(model), copy_of(model, torch.float64)
    wte = model.plain.transformer.wte.weight
    assert net.transformer.wte.weight.data_ptr() == wte.data_ptr() == model.bridge.W_E.data_ptr()
    assert net.lm_head.weight is net.transformer.wte.weight and exact.lm_head.weight is exact.transformer.wte.weight
    assert exact.transformer.wte.weight.dtype == torch.float64 and wte.dtype == torch.float32
    net.transformer.h[0] = torch.nn.Identity()
    assert not isinstance(model.plain.transformer.h[0], torch.nn.Identity)


def test_a_copy_is_freed_at_once(model):
    """A float64 copy of a real model is a gigabyte: no reference cycle may keep it."""
    gone = weakref.ref(copy_of(model))
    assert gone() is None


def test_compare_is_the_kl_divergence():
    generator = torch.Generator().manual_seed(0)
    before, after = torch.randn(2, 3, 4, 7, generator=generator)
    change = compare(before, after)
    P, Q = (torch.distributions.Categorical(logits=x.double()) for x in (before, after))
    assert change.kl == pytest.approx(torch.distributions.kl_divergence(P, Q).mean().item())
    shifted = compare(before, before + 5 * torch.ones(3, 4, 1))
    assert shifted.logit == pytest.approx(5) and shifted.log_prob < 1e-5 and shifted.kl < 1e-10


def test_verdicts():
    def change(log_prob, kl):
        return symmetries.Change(logit=0.0, log_prob=log_prob, kl=kl, kl_error=0.0)

    assert change(9e-6, 0.0).verdict(floor=1e-6) == "nothing"
    assert change(11e-6, 0.0).verdict(floor=1e-6) == "a little"
    assert change(3.0, 0.099).verdict(floor=1e-6) == "a little"
    assert change(3.0, 0.101).verdict(floor=1e-6) == "breakage"
