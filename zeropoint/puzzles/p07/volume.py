"""Interventions that take a mean apart: its direction, and the volume to which it sets LayerNorm. Pre-norm models only."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import cycle, islice

import torch
from jaxtyping import Float
from torch import Tensor

from zeropoint import geometry
from zeropoint.models import LoadedModel
from zeropoint.streams import Stream, layer_names
from zeropoint.streams.interventions import Condition, Hooks

READERS = ("ln1", "ln2", "ln_final")  # what reads the stream; not the norms inside some models' attention


def as_seen(model: LoadedModel) -> Callable[[Tensor], Tensor]:
    """What the model's norm makes of a vector before it divides: LayerNorm takes its own mean away, RMSNorm nothing."""
    if model.norm == "RMSNorm":
        return lambda v: v
    return lambda v: v - v.mean(-1, keepdim=True)


def denominator_without(now: Tensor, seen: Tensor, taken: Tensor) -> Tensor:
    """What a norm that divides `seen` by `now` would divide by if `taken` were not in it.

    √(now² + mean((seen − taken)² − seen²)): ε and whatever else is in `now` stays as it is. The mean is over d_model.
    """
    change = (seen - taken).square() - seen.square()
    return (now.square() + change.mean(-1, keepdim=True)).sqrt()


def shares(model: LoadedModel) -> Callable[[Stream], list[float]]:
    """A measure of a stream: for each layer, the part of the mean squared denominator that the mean makes; ε left out."""
    seen = as_seen(model)
    return lambda s: [geometry.share_of_mean(seen(X)) for X in s.vectors]


def denominators(cache: Mapping[str, Tensor]) -> list[str]:
    """Names of the hooks, in `cache`, at which the norms that read the stream divide."""
    names = [name for name in cache if name.endswith(".hook_scale")]
    return [name for name in names if name.split(".")[-2] in READERS]


def kept(cache: Mapping[str, Tensor]) -> Hooks:
    """Every norm that reads the stream divides by what it divided by in the untouched run whose `cache` this is."""
    return [(name, lambda scale, hook: cache[hook.name]) for name in denominators(cache)]


def _norms_from(cache: Mapping[str, Tensor], block: int) -> list[str]:
    """The norms that read the stream from `block` on."""
    names = [name.removesuffix(".hook_scale") for name in denominators(cache)]
    return [name for name in names if not name.startswith("blocks.") or int(name.split(".")[1]) >= block]


def volume_hooks(
    model: LoadedModel, cache: Mapping[str, Tensor], block: int, mu: Float[Tensor, " d_model"], factor: float = 0.0
) -> Hooks:
    """Leave the stream μ + u as it is, but let every norm divide u by what it would divide by with factor × μ.

    μ's own part of the norm's output stays as it was in the untouched run whose `cache` this is; so what changes is how
    loud u is, and nothing else. For the norms from `block` on, before which μ stands in the stream.
    """
    seen, hooks = as_seen(model)(mu), []

    def edit(name: str) -> Hooks:
        now = cache[f"{name}.hook_scale"]
        x = cache[f"{name}.hook_normalized"] * now
        then = denominator_without(now, x, (1 - factor) * seen)
        return [
            (f"{name}.hook_scale", lambda scale, hook: then),
            (f"{name}.hook_normalized", lambda y, hook: y + seen * (1 / now - 1 / then)),
        ]

    for name in _norms_from(cache, block):
        hooks += edit(name)
    return hooks


def matched_dose(
    model: LoadedModel, cache: Mapping[str, Tensor], block: int, mu: Float[Tensor, " d_model"]
) -> Float[Tensor, "batch 1 1"]:
    """The part of μ to take out, denominators kept, that moves the first norm's output as far (rms) as `volume_hooks`.

    That is the first norm behind the stream before `block`; what comes before its gain is compared. Each row of text has
    a part of its own, so that what is done to it does not depend on which rows are in its batch.
    """
    first = _norms_from(cache, block)[0]
    now, seen = cache[f"{first}.hook_scale"], as_seen(model)(mu)
    x = cache[f"{first}.hook_normalized"] * now
    then = denominator_without(now, x, seen)
    by_volume, by_direction = (x - seen) * (1 / then - 1 / now), seen / now
    far = [moved.square().expand_as(x).sum((1, 2), keepdim=True) for moved in (by_volume, by_direction)]
    return (far[0] / far[1]).sqrt()


def random_vectors(mu: Float[Tensor, " d_model"], count: int = 16, seed: int = 0) -> Float[Tensor, "count d_model"]:
    """Vectors of μ's length that point anywhere: one for each of `count` rows of text."""
    r = torch.randn(count, len(mu), generator=torch.Generator().manual_seed(seed))
    return r * mu.norm() / r.norm(dim=1, keepdim=True)


def _one_a_row(vectors: Iterator[Tensor], rows: Tensor) -> Float[Tensor, "batch 1 d_model"]:
    return torch.stack(list(islice(vectors, len(rows))))[:, None]


def changes(
    model: LoadedModel,
    block: int,
    mu: Float[Tensor, " d_model"],
    random: Float[Tensor, "*draws d_model"],
    *,
    factor: float = 0.0,
    hook: str | None = None,
) -> dict[str, Condition]:
    """Conditions for `streams.effects` that take a mean apart: its direction, its volume.

    `mu` stands in the stream before `block` (after the last one: `block` = n_layers) and is left there `factor` times;
    `hook` names another place for it, such as hook_embed. `random`: vectors of μ's length for two controls. Each row of
    text gets the next, and after the last the first: give one a row. Rows that share a random vector are not independent,
    and an error over rows is then too small.
    """
    place, step = hook or layer_names(model.bridge)[block], (factor - 1) * mu
    instead, added = cycle(torch.atleast_2d(random)), cycle(torch.atleast_2d(random))

    def moved(by: Tensor) -> Hooks:
        return [(place, lambda x, hook: x + by)]

    def nudged(cache: Mapping[str, Tensor]) -> Hooks:
        return moved(-matched_dose(model, cache, block, mu) * mu)

    return {
        "mean removed": lambda cache, rows: moved(step),
        "direction only": lambda cache, rows: moved(step) + kept(cache),
        "volume only": lambda cache, rows: volume_hooks(model, cache, block, mu, factor),
        "direction, matched dose": lambda cache, rows: nudged(cache) + kept(cache),
        "random vector for the mean": lambda cache, rows: moved(_one_a_row(instead, rows) - mu),
        "random vector added": lambda cache, rows: moved(_one_a_row(added, rows)),
    }
