"""The tiny model: starts at chance, looks back only, and every switch leaves something that learns."""

import math

import pytest
import torch

from zeropoint.tiny.options import changed
from zeropoint.tiny.shape import TinyConfig, TinyLM
from zeropoint.tiny.training import Recipe

SMALL = dict(d_vocab=300, d_model=16, ctx=12, n_heads=2)
VARIANTS = [
    {},
    {"tied": False},
    {"norm": "post"},
    {"norm": "none"},
    {"positions": False},
    {"biases": False},
    {"window": 3},
    {"final_bias": False},
    {"sink": True},
]


def tiny(**changes) -> TinyLM:
    return TinyLM(TinyConfig(**SMALL | changes))


def ids(n: int = 12) -> torch.Tensor:
    return torch.randint(0, 300, (4, n), generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("changes", VARIANTS, ids=str)
def test_starts_at_chance_and_every_parameter_gets_a_gradient(changes):
    model = tiny(**changes)
    logits = model(ids())
    loss = torch.nn.functional.cross_entropy(logits[:, :-1].flatten(0, 1), ids()[:, 1:].flatten())
    assert loss.item() == pytest.approx(math.log(300), abs=0.1)
    loss.backward()
    for name, p in model.named_parameters():
        assert p.grad is not None and p.grad.abs().sum() > 0, name


@pytest.mark.parametrize("changes", VARIANTS, ids=str)
def test_causal(changes):
    model, changed = tiny(**changes), ids()
    changed[:, 7] = (changed[:, 7] + 1) % 300
    same = (model(ids()) == model(changed)).all(-1).all(0)
    assert same[:7].all() and not same[7:].any()


def test_window_reaches_so_far_and_no_further():
    model, changed = tiny(window=3, n_layers=2), ids()
    with torch.no_grad():
        for p in model.blocks[0].attention.parameters():
            p.zero_()  # leave the second layer, the local one, as the only way from token to token
    changed[:, 2] = (changed[:, 2] + 1) % 300
    differs = (model(ids()) != model(changed)).any(-1).any(0)
    assert differs.tolist() == [False, False, True, True, True] + [False] * 7


@pytest.mark.parametrize("window", [None, 3])
def test_a_sink_is_seen_from_every_position_and_says_nothing(window):
    model = tiny(sink=True, window=window, n_layers=2)
    before = model(ids())
    assert before.shape == (4, 12, 300)
    with torch.no_grad():
        model.sink.add_(torch.randn(16, generator=torch.Generator().manual_seed(0)))
        for p in model.blocks[0].attention.parameters():
            p.zero_()  # so that the second layer, the local one, alone can look at it
    assert (model(ids()) != before).any(-1).all()


def test_the_last_layer_norm_without_its_bias_keeps_its_gain():
    model = tiny(final_bias=False)
    assert model.ln_final.bias is None and model.ln_final.weight is not None
    assert model.blocks[0].ln1.bias is not None


def test_seeded_and_named_as_in_transformer_lens():
    model = tiny()
    assert torch.equal(model.W_E, tiny().W_E) and not torch.equal(model.W_E, tiny(seed=1).W_E)
    assert model.W_U.shape == (16, 300) and model.W_pos.shape == (12, 16)
    assert torch.equal(model.W_U.T, model.W_E) and not torch.equal(tiny(tied=False).W_U.T, tiny(tied=False).W_E)
    assert tiny(positions=False).W_pos is None
    assert not any(name.endswith("bias") for name, _ in tiny(biases=False).named_parameters())


@pytest.mark.parametrize(
    "settings, option, words",
    [
        (TinyConfig(), {"norm": None}, "norm is one of 'pre', 'post', 'none'; got None."),
        (TinyConfig(), {"norm": "None"}, "norm is one of 'pre', 'post', 'none'; got 'None'."),
        (TinyConfig(), {"tied": "no"}, "tied is one of True, False; got 'no'."),
        (TinyConfig(), {"biases": None}, "biases is one of True, False; got None."),
        (TinyConfig(), {"tide": False}, "There is no option 'tide'; there are d_vocab, .*, tied, norm, positions"),
        (Recipe(), {"optimizer": "adam"}, "optimizer is one of 'adamw', 'sgd', 'coupled-adam'; got 'adam'."),
        (Recipe(), {"z_through": "head"}, "z_through is one of 'both', 'hidden', 'matrix'; got 'head'."),
    ],
)
def test_an_option_that_does_not_exist_is_one_sentence(settings, option, words):
    """norm=None once trained a third model, neither "none" nor "pre", without a word."""
    with pytest.raises(ValueError, match=f"^{words}") as raised:
        changed(settings, **option)
    assert "\n" not in str(raised.value)
    assert changed(settings, seed=1).seed == 1
