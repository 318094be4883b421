"""A tiny model trained here, with its never-met tokens watched; and what the stand-ins' recipes foretell of theirs."""

from __future__ import annotations

import json
import math

import pandas as pd
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from zeropoint import geometry, models
from zeropoint.puzzles.p11 import measures
from zeropoint.tiny.corpus import Text
from zeropoint.tiny.shape import TinyLM
from zeropoint.tiny.training import Recipe, make_optimizer, train_steps


def watch(model: TinyLM, text: Text, recipe: Recipe, dead: Bool[Tensor, " d_vocab"], looks: tuple[int, ...]):
    """Train, and look at the tokens marked `dead` on the way: a row an update."""
    start = model.W_E.detach().clone()
    rows = {0: look(start, start, dead)}
    for step, _ in train_steps(model, model.trunk, text.train, recipe, make_optimizer(model, recipe)):
        if step in looks:
            rows[step] = look(model.W_E.detach(), start, dead)
    return pd.DataFrame(rows).T


def look(W: Float[Tensor, "n d"], start: Float[Tensor, "n d"], dead: Bool[Tensor, " n"]) -> dict[str, float]:
    """Where the dead tokens are, and how much of their first positions is left in their differences."""
    return {
        "place": measures.place(measures.distance(W, geometry.mean(W)), dead),
        "dead tokens' radius": measures.radius(W, dead) / measures.radius(start, dead),
        "living tokens' radius": measures.radius(W, ~dead) / measures.radius(start, ~dead),
        "dead tokens": alike(W, start, dead),
        "living tokens": alike(W, start, ~dead),
    }


def alike(W: Float[Tensor, "n d"], start: Float[Tensor, "n d"], group: Tensor) -> float:
    """Mean cosine of where each token of a group lies in its group, now and at the start: 1 where nothing came between them."""
    now, then = geometry.centre(W[group]), geometry.centre(start[group])
    return torch.cosine_similarity(now, then, dim=1).mean().item()


def drawn(model: models.LoadedModel) -> float:
    """The radius that rows have when they are drawn: σ√d_model, with σ from the config (0.02 where it is silent)."""
    sigma = getattr(model.plain.config, "initializer_range", None) or getattr(model.plain.config, "init_std", 0.02)
    return sigma * math.sqrt(model.W_E.shape[1])


def recipe_of(name: str) -> Recipe | None:
    """How a stand-in was trained; None for any other model."""
    if name not in models.STAND_INS:
        return None
    record = json.loads((models.standin_folder(name) / "record.json").read_text(encoding="utf-8"))
    return Recipe(**record["recipe"])


def kept(name: str) -> float:
    """What weight decay leaves of a difference between two rows that get the same steps: Π (1 − lrₜ λ). NaN: recipe unknown."""
    recipe = recipe_of(name)
    if recipe is None:
        return math.nan
    return math.prod(1 - recipe.lr_at(step) * decay_of(recipe) for step in range(recipe.steps))


def decay_of(recipe: Recipe) -> float:
    """The weight decay of the embedding's rows."""
    return recipe.weight_decay * recipe.embedding_decay
