"""The two sides of a token's gradient: which cancel over the vocabulary, and that they add up."""

import torch

from zeropoint.tiny.gradients import gradients, imbalance, untied
from zeropoint.tiny.shape import TinyConfig, TinyLM

SMALL = dict(d_vocab=300, d_model=16, ctx=12, n_heads=2)


def tiny(**changes) -> TinyLM:
    return TinyLM(TinyConfig(**SMALL | changes))


def ids() -> torch.Tensor:
    return torch.randint(0, 300, (4, 12), generator=torch.Generator().manual_seed(0))


def test_output_gradients_cancel_over_the_vocabulary_and_input_gradients_do_not():
    batch = torch.cat([ids(), ids()[:, :1]], dim=1)
    for model in (tiny(), tiny(tied=False, norm="none")):
        g = gradients(model, batch)
        assert imbalance(g.output) < 1e-12
        assert imbalance(g.input) > 1e-3
        assert imbalance(gradients(model, batch, z_loss=1e-2).output) > 1e-3


def test_untied_is_the_same_function_and_its_gradients_add_up():
    model, batch = tiny(), torch.cat([ids(), ids()[:, :1]], dim=1)
    copy = untied(model)
    assert torch.equal(copy(ids()), model(ids()))
    assert copy.unembed is not copy.W_E
    model.double()
    torch.nn.functional.cross_entropy(model(batch[:, :-1]).flatten(0, 1), batch[:, 1:].flatten()).backward()
    g = gradients(model, batch)
    torch.testing.assert_close(g.input + g.output, model.W_E.grad)
