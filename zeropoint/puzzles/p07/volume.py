"""Interventions that take a mean apart: its direction, and the volume to which it sets LayerNorm."""

from __future__ import annotations

from collections.abc import Mapping

from jaxtyping import Float
from torch import Tensor

from zeropoint.streams.interventions import Condition, Hooks


def volume_hooks(cache: Mapping[str, Tensor], block: int, mu: Float[Tensor, " d_model"], factor: float = 0.0) -> Hooks:
    """Leave the stream μ + u as it is, but let every LayerNorm divide u by what it would divide by with factor × μ.

    μ's own part of LayerNorm's output stays as it was in the untouched run whose `cache` this is; so what changes is how
    loud u is, and nothing else. For LayerNorms from `block` on, before which μ stands in the stream. Pre-LayerNorm only.
    """
    seen, hooks = mu - mu.mean(), []  # as LayerNorm sees it

    def edit(name: str) -> Hooks:
        now = cache[f"{name}.hook_scale"]
        x = cache[f"{name}.hook_normalized"] * now
        then = (now.square() + ((x + (factor - 1) * seen).square() - x.square()).mean(-1, keepdim=True)).sqrt()
        return [
            (f"{name}.hook_scale", lambda scale, hook: then),
            (f"{name}.hook_normalized", lambda y, hook: y + seen * (1 / now - 1 / then)),
        ]

    for name in (n.removesuffix(".hook_scale") for n in cache if n.endswith(".hook_scale")):
        if not name.startswith("blocks.") or int(name.split(".")[1]) >= block:
            hooks += edit(name)
    return hooks


def matched_dose(cache: Mapping[str, Tensor], block: int, mu: Float[Tensor, " d_model"]) -> Float[Tensor, ""]:
    """The part of μ to take out, denominators kept, that moves the first LayerNorm's output as far (rms) as `volume_hooks`.

    That is the first LayerNorm behind the stream before `block`; what comes before its gain is compared.
    """
    first = f"blocks.{block}.ln1" if f"blocks.{block}.ln1.hook_scale" in cache else "ln_final"
    now, seen = cache[f"{first}.hook_scale"], mu - mu.mean()
    x = cache[f"{first}.hook_normalized"] * now
    then = (now.square() + ((x - seen).square() - x.square()).mean(-1, keepdim=True)).sqrt()
    by_volume, by_direction = (x - seen) * (1 / then - 1 / now), seen / now
    return (by_volume.square().sum() / by_direction.square().expand_as(x).sum()).sqrt()


def changes(block: int, mu: Float[Tensor, " d_model"], r: Float[Tensor, " d_model"]) -> dict[str, Condition]:
    """Conditions for `effects` that take the mean `mu` of the stream before `block` apart: its direction, its volume.

    `r` is a vector of the same length that points elsewhere, for two controls.
    """

    def moved(by: Tensor) -> Hooks:
        return [(f"blocks.{block}.hook_resid_pre", lambda x, hook: x + by)]

    def kept(cache: Mapping[str, Tensor]) -> Hooks:
        return [(name, lambda scale, hook: cache[hook.name]) for name in cache if name.endswith("hook_scale")]

    return {
        "mean removed": lambda cache, rows: moved(-mu),
        "direction only": lambda cache, rows: moved(-mu) + kept(cache),
        "volume only": lambda cache, rows: volume_hooks(cache, block, mu),
        "direction, matched dose": lambda cache, rows: moved(-matched_dose(cache, block, mu) * mu) + kept(cache),
        "random vector for the mean": lambda cache, rows: moved(r - mu),
        "random vector added": lambda cache, rows: moved(r),
    }
