"""The training loop and its optimisers."""

import itertools
from dataclasses import replace

import pytest
import torch

from zeropoint.tiny.corpus import Text, tokenizer_for
from zeropoint.tiny.shape import TinyConfig, TinyLM
from zeropoint.tiny.training import (
    CoupledAdamW,
    Recipe,
    batch_at,
    held_out_loss,
    held_out_numbers,
    make_optimizer,
    next_token_loss,
    train,
)
from zeropoint.tiny.watching import observed_steps

CONFIG = TinyConfig(d_vocab=300, d_model=16, ctx=12, n_heads=2)
RECIPE = Recipe(steps=40, batch=4, ctx=12, lr=1e-2, warmup=5)


@pytest.fixture(scope="module")
def text() -> Text:
    g = torch.Generator().manual_seed(0)
    ids = torch.randint(0, 300, (4000,), generator=g).square() // 300  # uneven frequencies
    return Text(ids, ids[:500], tokenizer_for(300))


def test_loss_in_chunks_is_the_plain_formula(text):
    model, batch = TinyLM(CONFIG), batch_at(text.train, Recipe(batch=40, ctx=12), 0)
    for z_loss, z_target in ((0.0, 0.0), (0.1, 0.0), (0.1, 3.0)):
        logits = model(batch[:, :-1])
        plain = torch.nn.functional.cross_entropy(logits.flatten(0, 1), batch[:, 1:].flatten())
        plain = plain + z_loss * (logits.logsumexp(-1) - z_target).square().mean()
        ours = next_token_loss(model.trunk, batch, z_loss, z_target)
        torch.testing.assert_close(ours, plain)
        for one, other in zip(*(torch.autograd.grad(x, list(model.parameters())) for x in (plain, ours)), strict=True):
            torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("through", ["hidden", "matrix"])
def test_the_gradient_of_z_loss_goes_where_it_is_let_through(text, through):
    model, batch = TinyLM(replace(CONFIG, tied=False)), batch_at(text.train, Recipe(batch=4, ctx=12), 0)
    ours = next_token_loss(model.trunk, batch, 0.1, 3.0, through)
    hidden, W_out = model.trunk(batch[:, :-1])
    plain = torch.nn.functional.cross_entropy((hidden @ W_out.T).flatten(0, 1), batch[:, 1:].flatten())
    hidden, W_out = (hidden, W_out.detach()) if through == "hidden" else (hidden.detach(), W_out)
    plain = plain + 0.1 * ((hidden @ W_out.T).logsumexp(-1) - 3.0).square().mean()
    for one, other in zip(*(torch.autograd.grad(x, list(model.parameters())) for x in (plain, ours)), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-6)


def test_a_free_scalar_on_all_logits_takes_the_bookkeeping_over(text):
    model, plain = TinyLM(replace(CONFIG, free_scalar=True)), TinyLM(CONFIG)
    recipe = Recipe(steps=200, batch=4, ctx=12, lr=1e-2, warmup=5, z_loss=0.1, scalar_lr=10.0)
    rows = train(model, text, recipe, watched={200}, progress=False)
    train(plain, text, recipe, watched=set(), progress=False)
    assert rows[0]["log_Z"] == pytest.approx(0, abs=0.5)  # the scalar included
    batch = batch_at(text.train, recipe, 0)[:, :-1]
    with torch.no_grad():
        assert model(batch).logsumexp(-1).mean() == pytest.approx(0, abs=0.5)
    without = held_out_numbers(model.trunk, text.held_out, 12)
    assert without["log_Z"] == pytest.approx(-model.scalar.item(), abs=0.5) and model.scalar < -1
    assert abs(without["h_dot_mean"]) < abs(held_out_numbers(plain.trunk, text.held_out, 12)["h_dot_mean"]) / 2


def test_dropout_is_on_in_training_and_off_where_it_is_measured(text):
    model = TinyLM(replace(CONFIG, dropout=0.5))
    batch = batch_at(text.train, RECIPE, 0)
    assert not torch.equal(model(batch[:, :-1]), model(batch[:, :-1]))
    rows = train(model, text, replace(RECIPE, steps=2), watched={2}, progress=False)
    assert model.training
    model.eval()
    assert rows[0]["held_out_loss"] == held_out_numbers(model.trunk, text.held_out, 12)["held_out_loss"]


def test_without_bias_correction_the_first_step_is_short():
    moved = {}
    for corrected in (True, False):
        p = torch.nn.Parameter(torch.zeros(3, 2))
        optimizer = CoupledAdamW([dict(params=[p])], lr=0.1, betas=(0.9, 0.96), eps=1e-12, bias_correction=corrected)
        p.grad = torch.ones(3, 2)
        optimizer.step()
        moved[corrected] = -p[0, 0].item()
    assert moved == {True: pytest.approx(0.1), False: pytest.approx(0.1 * 0.1 / 0.04**0.5)}
    model = TinyLM(CONFIG)
    assert not make_optimizer(model, replace(RECIPE, bias_correction=False)).bias_correction


def test_the_final_norm_can_have_its_own_learning_rate(text):
    model = TinyLM(CONFIG)
    train(model, text, replace(RECIPE, steps=5, final_norm_lr=0.0), watched=set(), progress=False)
    assert (model.ln_final.weight == 1).all() and (model.ln_final.bias == 0).all()
    assert (model.blocks[0].ln1.weight != 1).any()


def test_the_normaliser_is_that_of_the_logits_and_holds_the_mean(text):
    model = TinyLM(TinyConfig(d_vocab=300, d_model=16, ctx=12, n_heads=2, init_std=0.5))
    said = held_out_numbers(model.trunk, text.held_out, 12, windows=len(text.held_out) - 12)
    windows = text.held_out.unfold(0, 12, 1)[:-1]
    with torch.no_grad():
        h, W_out = model.trunk(windows)
        log_Z, mu = model(windows).logsumexp(-1), W_out.mean(0)
        rest = (h @ (W_out - mu).T).logsumexp(-1)
    loss = held_out_loss(model.trunk, text.held_out, 12, windows=len(text.held_out) - 12)
    assert said["held_out_loss"] == pytest.approx(loss, rel=1e-4)
    assert said["log_Z"] == pytest.approx(log_Z.mean().item(), rel=1e-4)
    assert said["log_Z_spread"] == pytest.approx(log_Z.std().item(), rel=1e-2)
    assert said["log_Z"] == pytest.approx(said["h_dot_mean"] + rest.mean().item(), rel=1e-4)
    assert said["h_dot_mean"] == pytest.approx(said["hidden_along_mean"] * mu.norm().item(), rel=1e-4)


@pytest.mark.parametrize("optimizer, lr", [("adamw", 1e-2), ("coupled-adam", 1e-2), ("sgd", 1.0)])
def test_every_optimizer_learns(text, optimizer, lr):
    model, recipe = (
        TinyLM(CONFIG),
        Recipe(steps=40, batch=4, ctx=12, lr=lr, warmup=5, weight_decay=0.0, optimizer=optimizer),
    )
    rows = [row for row in train(model, text, recipe, progress=False) if row["group"] == "all"]
    assert [row["step"] for row in rows] == sorted(observed_steps(40))
    assert rows[-1]["held_out_loss"] < rows[0]["held_out_loss"] - 0.1


def test_coupled_adam_is_adamw_where_nothing_is_coupled_and_shares_the_moment_where_it_is():
    p, q = (torch.nn.Parameter(torch.ones(5, 3)) for _ in range(2))
    options = dict(lr=0.1, betas=(0.9, 0.95), eps=1e-8)
    groups = dict(params=[p], weight_decay=0.1), dict(params=[q], weight_decay=0.1, coupled=False)
    optimizers = torch.optim.AdamW([groups[0]], **options), CoupledAdamW([groups[1]], **options)
    for step in range(5):
        gradient = torch.randn(5, 3, generator=torch.Generator().manual_seed(step))
        p.grad, q.grad = gradient.clone(), gradient.clone()
        for optimizer in optimizers:
            optimizer.step()
    torch.testing.assert_close(p, q)
    coupled = torch.nn.Parameter(torch.zeros(5, 3))
    optimizer = CoupledAdamW([dict(params=[coupled], coupled=True)], **options)
    coupled.grad = torch.randn(5, 3)
    coupled.grad -= coupled.grad.mean(0)
    optimizer.step()
    assert coupled.mean(0).abs().max() < 1e-6 < coupled.abs().max()  # sums to zero, so the mean stays


def test_sgd_and_coupled_adam_cannot_move_an_untied_output_mean(text):
    moved = {}
    for optimizer, lr in (("sgd", 1.0), ("coupled-adam", 1e-2), ("adamw", 1e-2)):
        model = TinyLM(TinyConfig(d_vocab=300, d_model=16, ctx=12, n_heads=2, tied=False))
        before = model.unembed.detach().mean(0)
        train(
            model, text, Recipe(steps=40, batch=4, ctx=12, lr=lr, weight_decay=0.0, optimizer=optimizer), progress=False
        )
        moved[optimizer] = (model.unembed.detach().mean(0) - before).norm().item()
    assert max(moved["sgd"], moved["coupled-adam"]) < 1e-5 < moved["adamw"] / 1000


def test_interrupting_gives_no_part_for_the_whole_and_keeps_the_model(text):
    """What 7 of 300 updates had done was once shown, and scored, as what training does."""
    model, calls = TinyLM(CONFIG), itertools.count(1)

    def stop_at_ten(step: int) -> None:
        if next(calls) == 10:
            raise KeyboardInterrupt

    before = held_out_loss(model.trunk, text.held_out, 12)
    with pytest.raises(KeyboardInterrupt):
        train(model, text, RECIPE, each=stop_at_ten, progress=False)
    assert held_out_loss(model.trunk, text.held_out, 12) < before


def test_same_seed_same_run_and_resumable_batches(text):
    models_ = [TinyLM(CONFIG) for _ in range(2)]
    for model in models_:
        train(model, text, RECIPE, progress=False)
    assert torch.equal(models_[0].W_E, models_[1].W_E)
    assert torch.equal(batch_at(text.train, RECIPE, 7), batch_at(text.train, RECIPE, 7))


def test_z_loss_brings_log_Z_to_its_target(text):
    reached = {}
    for target in (0.0, 12.0):
        model = TinyLM(CONFIG)
        recipe = Recipe(steps=200, batch=4, ctx=12, lr=1e-2, warmup=5, z_loss=0.1, z_target=target)
        train(model, text, recipe, watched=set(), progress=False)
        reached[target] = held_out_numbers(model.trunk, text.held_out, 12)["log_Z"]
    assert reached == {0.0: pytest.approx(0, abs=0.5), 12.0: pytest.approx(12, abs=0.5)}


def test_the_embedding_can_have_its_own_learning_rate_and_decay(text):
    before = TinyLM(CONFIG)
    for factor, moves in ((0.0, False), (1.0, True)):
        model = TinyLM(CONFIG)
        recipe = Recipe(steps=5, batch=4, ctx=12, lr=1e-2, warmup=1, embedding_lr=max(factor, 1e-9))
        train(model, text, recipe, watched=set(), progress=False)
        assert ((model.W_E - before.W_E).abs().max() > 1e-3) == moves
        assert (model.blocks[0].mlp[0].weight - before.blocks[0].mlp[0].weight).abs().max() > 1e-3
    shrunk = TinyLM(CONFIG)
    recipe = Recipe(steps=1, batch=4, ctx=12, lr=1e-9, warmup=0, weight_decay=0.1, embedding_decay=1e9 / 1e-1 * 0.5)
    train(shrunk, text, recipe, watched=set(), progress=False)  # lr × decay is 0.5
    torch.testing.assert_close(shrunk.W_E, before.W_E / 2, rtol=1e-4, atol=1e-5)
