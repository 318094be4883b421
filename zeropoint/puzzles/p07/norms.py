"""The same tiny model with LayerNorm before its parts, after them, or nowhere: what the mean of its stream does in each.

`tools/norms.py` trains the models; notebook 07 reads what it recorded.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd
import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

from zeropoint import geometry
from zeropoint.puzzles.p07.volume import denominator_without
from zeropoint.tiny.corpus import Text
from zeropoint.tiny.shape import TinyConfig, TinyLM
from zeropoint.tiny.training import Recipe, make_optimizer, train_steps

RECORDED = Path(__file__).parents[2] / "data" / "norms.csv"
KINDS = ("pre", "post", "none")
RECIPE = Recipe(steps=600, batch=4, ctx=64, lr=2e-3, warmup=60, beta2=0.95, weight_decay=0.1)
LAYERS = 3
WATCHED = (0, 10, 30, 60, 100, 200, 400, 600)  # updates


def recorded() -> pd.DataFrame:
    """One row a model, step and layer, as `measure` gives them, with `norm`, `seed` and `step` (0: initial weights)."""
    return pd.read_csv(RECORDED)


def above_the_embedding() -> pd.DataFrame:
    """The recorded runs, mean of the layers above the embedding: one row a norm, seed and step.

    `share`: of ‖μ‖² in E‖x‖². `gap`: how much more `volume` than `direction` raises the loss, nats a token.
    """
    runs = recorded()
    runs["share"] = runs["mean_squared"] / (runs["mean_squared"] + runs["variance"])
    runs["gap"] = runs["volume"] - runs["direction"]
    return runs[runs["layer"] > 0].groupby(["norm", "seed", "step"]).mean()


@dataclass(frozen=True)
class Pass:
    """One run: loss of each row, the stream after 0, 1, … blocks, and what each LayerNorm in turn was given and divided by."""

    loss: Float[Tensor, " batch"]
    stream: list[Tensor]  # [batch, ctx, d_model]
    centred: list[Tensor]  # LayerNorm's input less each vector's own mean over d_model
    denominators: list[Tensor]  # [batch, ctx, 1]


@torch.no_grad()
def run(
    model: TinyLM,
    ids: Int[Tensor, "batch ctx_plus_1"],
    layer: int = -1,
    shift: Float[Tensor, " d_model"] | float = 0.0,
    edits: Mapping[int, Callable[[Tensor], Tensor]] | None = None,
) -> Pass:
    """Run the model with `shift` added to the stream after `layer` blocks.

    `edits`: by number of the LayerNorm in the pass, what takes its centred input to what gain and bias are applied to.
    """
    centred, denominators, edits = [], [], edits or {}

    def hook(module, inputs, output):
        x = inputs[0] - inputs[0].mean(-1, keepdim=True)
        centred.append(x)
        denominators.append((x.square().mean(-1, keepdim=True) + module.eps).sqrt())
        edit = edits.get(len(centred) - 1)
        if edit is None:
            return None
        return edit(x) * module.weight + (0.0 if module.bias is None else module.bias)

    handles = [m.register_forward_hook(hook) for m in model.modules() if isinstance(m, torch.nn.LayerNorm)]
    try:
        x = F.embedding(ids[:, :-1], model.W_E)
        if model.W_pos is not None:
            x = x + model.W_pos[: x.shape[1]]
        stream = []
        for depth in range(len(model.blocks) + 1):
            x = model.blocks[depth - 1](x) if depth else x
            x = x + shift if depth == layer else x
            stream.append(x)
        log_probs = (model.ln_final(x) @ model.W_U).log_softmax(-1)
    finally:
        for handle in handles:
            handle.remove()
    loss = -log_probs.gather(2, ids[:, 1:, None])[..., 0].mean(1)
    return Pass(loss, stream, centred, denominators)


def readers(model: TinyLM, layer: int) -> range:
    """The LayerNorms that are given what is added to the stream after `layer` blocks.

    Before the parts: all later ones, for the stream is never normalised itself. After the parts: the next one, which
    normalises the stream, so that later ones are given something else.
    """
    total = {"pre": 2 * len(model.blocks) + 1, "post": 2 * len(model.blocks), "none": 0}[model.config.norm]
    return range(2 * layer, total if model.config.norm == "pre" else min(2 * layer + 1, total))


def measure(model: TinyLM, held_out: Int[Tensor, " n"], windows: int = 64) -> list[dict]:
    """For every layer: ‖μ‖², total variance, and the rise of the loss (nats a token) when μ is taken away there.

    `removed`: from the stream. `direction`: the same, but the LayerNorms that read it divide by what they divided by.
    `volume`: μ stays and sounds as it did, the rest is divided by what it would be divided by without μ.
    The last two are missing where no LayerNorm reads the stream.
    """
    ctx = model.config.ctx
    starts = torch.linspace(0, len(held_out) - ctx - 1, windows).long()
    ids = held_out[starts[:, None] + torch.arange(ctx + 1)]
    clean, rows = run(model, ids), []
    for layer, X in enumerate(vectors.flatten(0, 1) for vectors in clean.stream):
        mu = geometry.mean(X)
        as_read = mu - mu.mean()

        def louder(x, i, as_read=as_read):
            now = clean.denominators[i]
            then = denominator_without(now, clean.centred[i], as_read)
            return (x - as_read) / then + as_read / now

        numbers = readers(model, layer)
        same = {i: lambda x, i=i: x / clean.denominators[i] for i in numbers}
        loud = {i: lambda x, i=i, louder=louder: louder(x, i) for i in numbers}
        changed = {"removed": run(model, ids, layer, -mu)}
        if numbers:
            changed |= {"direction": run(model, ids, layer, -mu, same), "volume": run(model, ids, edits=loud)}
        row = dict(layer=layer, mean_squared=mu.square().sum().item(), variance=X.var(0, correction=0).sum().item())
        row |= {name: (passed.loss - clean.loss).mean().item() for name, passed in changed.items()}
        rows.append(row | {"loss": clean.loss.mean().item()})
    return rows


def trained(norm: str, seed: int, text: Text, recipe: Recipe = RECIPE, watched: Sequence[int] = WATCHED) -> list[dict]:
    """Train one model; its rows at the `watched` numbers of updates, with the mean cosine of its embedding."""
    config = TinyConfig(d_vocab=text.tokenizer.get_vocab_size(), ctx=recipe.ctx, n_layers=LAYERS, norm=norm, seed=seed)
    recipe = replace(recipe, seed=seed)
    model, rows = TinyLM(config), []

    def look(step: int) -> None:
        shared = dict(norm=norm, seed=seed, step=step, mean_cosine=geometry.mean_pairwise_cosine(model.W_E))
        rows.extend(shared | row for row in measure(model, text.held_out))

    look(0)
    for step, _ in train_steps(model, model.trunk, text.train, recipe, make_optimizer(model, recipe)):
        if step in watched:
            look(step)
    return rows
