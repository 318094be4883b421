"""Moves on copies: what is free, what is not, and that no loaded model is harmed."""

import weakref
from types import SimpleNamespace

import pytest
import torch

from tests.hub import doubles
from zeropoint import models
from zeropoint.puzzles.p02 import exercises, search, symmetries
from zeropoint.puzzles.p02.symmetries import (
    NoMove,
    Trial,
    absorb,
    compare,
    cross_entropy,
    logits,
    weights_of,
)
from zeropoint.streams.precise import copy_of


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


@pytest.mark.parametrize(
    "part, gain, words",
    [("MLP", ("in",), "part is one of attn, mlp; got 'MLP'"), ("attn", ("query",), "K, V, in; got query")],
)
def test_a_part_or_reader_that_does_not_exist_is_one_sentence(net, part, gain, words):
    """ "MLP" once gave the move of another LayerNorm."""
    with pytest.raises(ValueError, match=words):
        absorb(weights_of(net), 0, part, torch.ones(net.config.hidden_size), gain)


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
    assert compare(own, logits(net, ids, {"W_E": E - E.mean(0), "W_pos": P + E.mean(0)})).logit < 1e-11


def test_tied_exchange_moves_logits_and_not_predictions(net, ids, own):
    E, P = embeddings(net)
    change = compare(own, logits(net, ids, {"W_E": E - E.mean(0), "W_pos": P + E.mean(0), "W_U": (E - E.mean(0)).T}))
    assert change.logit > 0.1 and change.log_prob < 1e-11


def test_wte_alone_leaves_the_head(net, ids, own):
    E, _ = embeddings(net)
    mu = E.mean(0)
    untied, tied = (compare(own, logits(net, ids, m)) for m in ({"W_E": E - mu}, {"W_E": E - mu, "W_U": (E - mu).T}))
    assert untied.kl > 1e-3 and untied.kl == pytest.approx(tied.kl, rel=1e-9) and untied.logit != tied.logit


@pytest.mark.parametrize("part", ["attn", "mlp"])
def test_any_constant_is_absorbed_in_any_layer(net, ids, own, part):
    c = torch.randn(net.config.hidden_size, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    for layer in range(net.config.num_hidden_layers):
        move = absorb(weights_of(net), layer, part, c)
        assert compare(own, logits(net, ids, move)).log_prob < 1e-10
        shift = {name: b for name, b in move.items() if ".ln" in name}
        assert len(shift) == 1 and compare(own, logits(net, ids, shift)).kl > 1e-4


def test_what_a_block_writes_into_the_stream_is_read_behind_layernorm(net, ids, own):
    b_O = weights_of(net)["0.b_O"]
    c = torch.ones_like(b_O)
    # the all-ones direction is the one that no LayerNorm lets through
    assert compare(own, logits(net, ids, {"0.b_O": b_O + c})).log_prob < 1e-10
    c[0] += 5
    assert compare(own, logits(net, ids, {"0.b_O": b_O + c})).kl > 1e-6


def test_short_names_mean_the_same_in_both_kinds(net, ids, own):
    """Neurons and, within a head, the dimensions of queries and keys change places by the same lines in either kind."""
    w = weights_of(net)
    d_model, d_mlp = w["0.W_in"].shape
    assert d_mlp == 4 * d_model and w["0.W_out"].shape == (d_mlp, d_model)
    neurons = {"0.W_in": w["0.W_in"].flip(1), "0.b_in": w["0.b_in"].flip(0), "0.W_out": w["0.W_out"].flip(0)}
    within = torch.arange(d_model)
    within[:2] = torch.tensor([1, 0])
    heads = {f"0.W_{r}": w[f"0.W_{r}"][:, within] for r in "QK"} | {f"0.b_{r}": w[f"0.b_{r}"][within] for r in "QK"}
    values = {"0.b_V": w["0.b_V"] + 1, "0.b_O": w["0.b_O"] - w["0.W_O"].sum(0)}  # a pattern's weights sum to one
    for move in (neurons, heads, values, {"0.b_K": w["0.b_K"] + 1}):
        assert compare(own, logits(net, ids, move)).log_prob < 1e-10
    for part in (neurons, heads):
        assert compare(own, logits(net, ids, dict(list(part.items())[:1]))).log_prob > 1e-6


def test_every_tensor_has_a_short_name(net):
    """All but the masks, and each number of a tensor under one name."""
    numbers = sum(w.numel() for w in weights_of(net).values())
    assert numbers == sum(p.numel() for p in net.parameters()) + net.lm_head.weight.numel()


def test_neither_model_nor_copy_is_changed(model, ids):
    net = copy_of(model)
    before, W_E = {k: v.clone() for k, v in net.state_dict().items()}, model.W_E
    logits(net, ids, {"W_E": torch.zeros_like(W_E), **absorb(weights_of(net), 0, "attn", W_E[0])})
    assert all(torch.equal(v, before[k]) for k, v in net.state_dict().items())
    assert torch.equal(model.W_E, W_E)


def test_unknown_tensor_is_named(net, ids):
    for name, meant in {"Wpos": "W_pos", "W_e": "W_E", "0.w_in": "0.W_in"}.items():
        with pytest.raises(NoMove, match=f"no {name}; did you mean {meant}?"):
            logits(net, ids, {name: torch.zeros(1)})


SLIPS = {
    "W_E is a tensor of shape [8192, 128], and yours is of shape [128, 8192]": lambda t: {"W_E": t.W_U},
    "W_E is a tensor of shape [8192, 128], and yours is a float": lambda t: {"W_E": 0.0},
    "0.W_in is a tensor of shape [128, 512], and yours is of shape [512, 128]": lambda t: {
        "0.W_in": t.weights["0.W_in"].T
    },
    "W_U is [128, 8192]; a vector v for every column of W_U is v[:, None]": lambda t: {"W_U": t.W_U - t.mu},
    "AttributeError, 'Trial' object has no attribute 'W_O'": lambda t: {"W_E": t.W_O},
    "KeyError, 'W_O'": lambda t: {"W_E": t.weights["W_O"]},
    "a dict of tensors by name, and this is Tensor": lambda t: t.W_E,
    "a dict of tensors by name, and this is NoneType": lambda t: None,
}


@pytest.mark.parametrize("said", SLIPS)
def test_a_slip_in_a_move_is_one_sentence(model, ids, said):
    with pytest.raises(NoMove) as slip:
        Trial(model, ids).twice({"mine": SLIPS[said]})
    told = str(slip.value)
    assert told.startswith("mine cannot be made on mini-") and said in told and "\n" not in told


def test_a_long_move_is_exact_where_float32_says_a_little(model, ids):
    long = Trial(model, ids).twice({"long": lambda t: {"W_U": t.W_U - 3000 * t.random()[:, None]}})["long"]
    assert long.damage == "a little" and long.exact and long.row["exact"] == "yes"
    real = Trial(model, ids).twice({"real": lambda t: {"W_U": t.W_U.roll(1, 0)}})["real"]
    assert not real.exact and real.row["exact"] == "no"


@pytest.fixture(scope="module", params=["rotary, RMSNorm, untied", "rotary, LayerNorm, tied"])
def other(request):
    """Another kind than GPT-2's and GPT-Neo's, at random weights, as `Trial` wants a loaded model."""
    from transformers import GPTNeoXConfig, GPTNeoXForCausalLM, LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    shape = dict(vocab_size=50, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32)
    if request.param.endswith("untied"):
        net = LlamaForCausalLM(LlamaConfig(**shape, initializer_range=0.5))
    else:
        net = GPTNeoXForCausalLM(GPTNeoXConfig(**shape, tie_word_embeddings=True, initializer_range=0.5))
    return SimpleNamespace(plain=net.eval(), label=request.param, tokenizer=None)


def test_other_kinds_run_in_float64_from_end_to_end(other):
    """Hugging Face's RMSNorm and eager softmax round to float32: then a constant of W_U would leave 1e-7, not 1e-13."""
    trial = Trial(other, torch.arange(24).view(2, 12))
    assert trial.W_pos is None and not trial.can_absorb and trial.tied == other.label.endswith(" tied")
    torch.testing.assert_close(trial.own, other.plain(trial.ids).logits, atol=1e-4, rtol=0)
    twice = trial.twice(
        {"free": lambda t: {"W_U": t.W_U - t.random()[:, None]}, "not": lambda t: {"W_E": t.W_E - t.mu}}
    )
    assert twice["free"].damage == "nothing" and twice["free"].in_float64.log_prob < 1e-12
    assert twice["not"].damage != "nothing" and twice["not"].in_float64.log_prob > 1e-3
    assert all(p.dtype == torch.float32 for p in other.plain.parameters())


def test_own_means_are_free_behind_layernorm_alone(other):
    free = Trial(other, torch.arange(24).view(2, 12)).twice(
        {"own": lambda t: {"W_E": t.W_E - t.W_E.mean(1, keepdim=True)}}
    )
    assert (free["own"].damage == "nothing") == ("LayerNorm" in other.label)


def test_a_trial_knows_what_the_head_reads(model, ids):
    trial = Trial(model, ids)
    torch.testing.assert_close(trial.h @ trial.W_U, trial.own)
    assert trial.tied and trial.W_E.shape == trial.W_U.T.shape and trial.W_pos.shape[1] == trial.W_E.shape[1]


def test_log_Z_is_the_mean_s_part_and_the_centred_rows_log_Z(model, ids):
    """log Z = h·μ + log Σ exp(h·(w − μ)): an identity, so its miss shrinks with the rounding."""
    for dtype, width in ((torch.float32, 1e-4), (torch.float64, 1e-12)):
        t = Trial(model, ids, dtype)
        mu = t.W_U.mean(1)
        parts = t.h @ mu + (t.h @ (t.W_U - mu[:, None])).logsumexp(-1)
        torch.testing.assert_close((t.h @ t.W_U).logsumexp(-1), parts, atol=width, rtol=0)


def test_z_loss_sees_what_cross_entropy_does_not(model, ids):
    t = Trial(model, ids, torch.float64)
    moved = logits(t.net, ids, {"W_U": t.W_U - t.W_U.mean(1, keepdim=True)})
    assert cross_entropy(moved, ids) == pytest.approx(cross_entropy(t.own, ids), abs=1e-12)
    z_loss, z_loss_moved = (x.logsumexp(-1).square().mean().item() for x in (t.own, moved))
    assert abs(z_loss_moved / z_loss - 1) > 0.1


def test_a_sweep_goes_s_times_as_far(model, ids):
    trial = Trial(model, ids)
    found = symmetries.sweep(trial, lambda t: {"W_E": t.W_E - t.mu}, [0.0, 0.5, 1.0])
    assert found[0] == 1e-16 and found[2] == pytest.approx(
        trial.change({"W_E": trial.W_E - trial.mu}).log_prob, rel=1e-3
    )
    half = trial.change({"W_E": trial.W_E - trial.mu / 2}).log_prob
    assert found[1] == pytest.approx(half, rel=1e-3)


def test_only_positions_that_occur_notice(model, ids):
    trial, cut = Trial(model, ids), 5
    W_pos = trial.W_pos.clone()
    W_pos[:cut] += trial.mu
    before, after = symmetries.by_position(trial, {"W_E": trial.W_E - trial.mu, "W_pos": W_pos}, cut)
    assert before.log_prob < 10 * trial.floor < after.log_prob


def test_dropout_uses_the_same_mask_twice_and_is_gone_after(model, ids):
    trial = Trial(model, ids)
    assert symmetries.under_dropout(trial, {}, trial.net.transformer.drop).logit == 0
    assert torch.equal(logits(trial.net, ids), trial.own)


def test_a_trial_compares_with_itself_and_measures_its_floor(model, ids):
    trial = Trial(model, ids)
    assert trial.change({}).logit == 0
    assert 0 < trial.floor < 1e-3
    assert trial.damage({"W_E": trial.W_E - trial.mu, "W_pos": trial.W_pos + trial.mu}) == "nothing"
    assert trial.damage({"W_E": trial.W_E - trial.mu}) != "nothing"
    exact = trial.exact()
    assert exact.own.dtype == torch.float64 and 0 < exact.floor < 1e-6 * trial.floor
    assert exact.damage({"W_E": exact.W_E - exact.mu, "W_pos": exact.W_pos + exact.mu}) == "nothing"
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


def test_a_comparison_stays_finite_on_extreme_logits():
    """A softmax that has become 0 before its logarithm is taken would give NaN."""
    before = torch.tensor([[[0.0, -1e4, 5.0], [3e4, 0.0, -3e4]]])
    change = compare(before, before.flip(-1))
    assert 1e4 < change.kl < 1e5 and change.log_prob < 1e5
    assert compare(before, before + 1e4).kl == pytest.approx(0, abs=1e-9)


def test_damage():
    def change(log_prob, kl):
        return symmetries.Change(logit=0.0, log_prob=log_prob, kl=kl)

    assert change(9e-6, 0.0).damage(floor=1e-6) == "nothing"
    assert change(11e-6, 0.0).damage(floor=1e-6) == "a little"
    assert change(3.0, 0.099).damage(floor=1e-6) == "a little"
    assert change(3.0, 0.101).damage(floor=1e-6) == "breakage"


def test_an_opt_is_moved_by_the_same_names():
    """Its W_pos has two rows more than positions."""
    trial = Trial(models.load(doubles.small("opt-4k")))
    judged = search.free(exercises.a_free_move, trial)
    assert not judged.wanting and "0.b_out" in judged.parts["most changed"]
    c = trial.random()
    twice = trial.twice(
        {"mlp": lambda t: absorb(t.weights, 1, "mlp", c), "attn": lambda t: absorb(t.weights, 0, "attn", c)}
    )
    assert twice["mlp"].exact and twice["attn"].exact


def test_a_model_of_another_kind_gives_its_place_to_a_stand_in(capsys):
    other, neo = models.load(doubles.small("pythia")), models.load("mini-neo")
    assert list(symmetries.suited([other, neo])) == ["mini-gpt2 (raw, stand-in)", neo.label]
    assert f"takes the place of {other.label}" in capsys.readouterr().out
    assert list(symmetries.suited([other, other])) == ["mini-neo (raw, stand-in)", "mini-gpt2 (raw, stand-in)"]
