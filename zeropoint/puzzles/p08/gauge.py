"""The freedom in where a head's constant is kept: the bias of its values, or that of the attention's output.

A head mixes values with weights that sum to one, so what is added to the value at every position is added to the head's
output (before W_O) unmixed. Take what W_O makes of it from the layer's output bias, and the layer writes what it wrote.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from zeropoint.models import free_memory
from zeropoint.puzzles.p08.ablation import Component, Study, constant, harms
from zeropoint.streams.interventions import Effect, Hooks
from zeropoint.streams.precise import in_float64


def value_heads(bridge) -> int:
    """Heads that have values of their own: fewer than all with grouped queries."""
    return bridge.cfg.n_key_value_heads or bridge.cfg.n_heads


def for_heads(bridge, beta: Float[Tensor, "value_head d_head"]) -> Float[Tensor, "head d_head"]:
    """What each head's output gains: heads that share a value gain the same."""
    return beta.repeat_interleave(bridge.cfg.n_heads // len(beta), dim=0)


def as_biases(bridge, layer: int, b_V: Float[Tensor, "head d_head"], b_O: Float[Tensor, " d_model"]) -> Hooks:
    """Add b_V to a layer's values and b_O to what its attention writes. With grouped queries the group's first b_V counts.

    A hook that adds a constant is a bias, and every architecture has the hooks; some have no bias there of their own.
    """
    group = bridge.cfg.n_heads // value_heads(bridge)
    return [
        (f"blocks.{layer}.attn.v.hook_out", lambda v, hook: v + b_V[::group]),
        (f"blocks.{layer}.hook_attn_out", lambda x, hook: x + b_O),
    ]


def hooks(bridge, betas: Mapping[int, Float[Tensor, "value_head d_head"]]) -> Hooks:
    """Give β, by layer, to the bias of the values, and take what W_O makes of it from the layer's output bias."""
    found = []
    for layer, beta in betas.items():
        W_O = bridge.W_O[layer].detach()
        gain = for_heads(bridge, beta.to(W_O.dtype))
        found += as_biases(bridge, layer, gain, -(gain[:, :, None] * W_O).sum((0, 1)))
    return found


@torch.no_grad()
def largest_change(bridge, ids: Int[Tensor, "row seq"], moved: Hooks) -> float:
    """The largest change of a log-probability that a move makes."""
    own, after = bridge(ids).log_softmax(-1), bridge.run_with_hooks(ids, fwd_hooks=moved).log_softmax(-1)
    return (after - own).abs().max().item()


def moved_by(bridge, constants: Mapping[Component, Float[Tensor, " d_head"]]) -> dict[int, Tensor]:
    """The β, by layer, with which setting a head to zero is what setting it to its constant was: minus that constant.

    Heads that are not named stay as they are. With grouped queries, name one head of a group at most: it speaks for all.
    """
    heads, own = value_heads(bridge), {}
    group = bridge.cfg.n_heads // heads
    for part, value in constants.items():
        beta = own.setdefault(part.layer, torch.zeros(heads, len(value), dtype=value.dtype))
        beta[part.head // group] = -value
    return own


def with_own_values(bridge, parts: Sequence[Component]) -> list[Component]:
    """The heads among `parts`; of those that share a value, the first."""
    group = bridge.cfg.n_heads // value_heads(bridge)
    return [part for part in parts if part.head is not None and part.head % group == 0]


def constants_of_harm(
    study: Study,
    ids: Int[Tensor, "row seq"],
    heads: Sequence[Component],
    target: float,
    steps: int = 10,
    seed: int = 0,
) -> dict[Component, Float[Tensor, " d_head"]]:
    """For each head a constant that does `target` nats of harm (mean KL) in its place: so far from its mean, in a random
    direction. By halving the interval of the logarithm of the distance; `target` is more than the mean does.
    """
    generator, means = torch.Generator().manual_seed(seed), {head: study.means[head] for head in heads}
    away = {part: torch.randn(mu.shape, generator=generator) for part, mu in means.items()}
    low, high = dict.fromkeys(means, -6.0), dict.fromkeys(means, 6.0)  # natural logarithms of a factor on `away`

    def at(where: Mapping[Component, float]) -> dict[Component, Tensor]:
        return {part: mu + away[part] * torch.tensor(where[part]).exp() for part, mu in means.items()}

    for _ in range(steps):
        middle = {part: (low[part] + high[part]) / 2 for part in means}
        found = harms(study.bridge, ids, {part: (part, constant(value)) for part, value in at(middle).items()})
        for part, effect in found.items():
            (low if effect.kl.mean() < target else high)[part] = middle[part]
    return at(low)


def at_zero(
    bridge, ids: Int[Tensor, "row seq"], heads: Sequence[Component], moved: Hooks = ()
) -> dict[Component, Effect]:
    """What setting each head to zero does, in the model as it is, or as the hooks of a move have made it."""
    return harms(bridge, ids, {head: (head, constant(0.0)) for head in heads}, moved)


def at_mean(study: Study, ids: Int[Tensor, "row seq"], heads: Sequence[Component]) -> dict[Component, Effect]:
    """What setting each head to its mean does."""
    return harms(study.bridge, ids, {head: (head, constant(study.means[head])) for head in heads})


def shown(study: Study) -> list[Component]:
    """Heads with values of their own; of a model with more than two dozen, one dozen, evenly spread."""
    heads = with_own_values(study.bridge, study.every)
    return heads if len(heads) <= 24 else heads[:: 1 + len(heads) // 12]


def random_move(study: Study, seed: int = 0) -> dict[int, Float[Tensor, "value_head d_head"]]:
    """In every layer a β for each head with values of its own, in a random direction, as long as its typical output."""
    generator, constants = torch.Generator().manual_seed(seed), {}
    for head in with_own_values(study.bridge, study.every):
        r = torch.randn(study.means[head].shape, generator=generator)
        constants[head] = r * study.outputs[head].norm(dim=-1).mean() / r.norm()
    return moved_by(study.bridge, constants)


@dataclass(frozen=True)
class Proof:
    """What a random move in every layer changes, and what a move by the means makes of zero; in float64 but for `floors`."""

    floors: float
    """Largest change of a log-probability in float32, in floors: what rounding alone changes."""
    floors64: float
    """The same in float64, in floors of float32."""
    least: float
    """The smallest relative change of a head's KL when it is set to zero."""
    typical: float
    """The median one."""
    apart: float
    """With the means in the output biases: the largest difference of a head's KL at zero from its KL at the mean, nats."""


def proof(study: Study, rows: int = 3) -> Proof:
    """Of the heads that are `shown`, on the first `rows` of the judged text. The float64 model is dropped afterwards."""
    ids, betas, exact = study.judged[:rows], random_move(study), in_float64(study.model)
    heads = shown(study)
    own32, own64 = (_log_probs(bridge, ids, {}) for bridge in (study.bridge, exact))
    moved32, moved64 = (_log_probs(bridge, ids, betas) for bridge in (study.bridge, exact))
    floor = (own32 - own64).abs().max()

    before, after = at_zero(exact, ids, heads), at_zero(exact, ids, heads, hooks(exact, betas))
    changes = torch.tensor([abs(after[head].kl.mean() / before[head].kl.mean() - 1) for head in heads])

    means = {head: study.means[head].double() for head in heads}
    centred = at_zero(exact, ids, heads, hooks(exact, moved_by(exact, means)))
    at_mean = harms(exact, ids, {head: (head, constant(mu)) for head, mu in means.items()})
    apart = [(centred[head].kl - at_mean[head].kl).abs().max() for head in heads]
    del exact
    free_memory()
    return Proof(
        floors=float((moved32 - own32).abs().max() / floor),
        floors64=float((moved64 - own64).abs().max() / floor),
        least=float(changes.min()),
        typical=float(changes.median()),
        apart=float(max(apart)),
    )


@torch.no_grad()
def _log_probs(bridge, ids: Tensor, betas: Mapping[int, Tensor]) -> Tensor:
    return bridge.run_with_hooks(ids, fwd_hooks=hooks(bridge, betas)).double().log_softmax(-1)


def largest_ratio(one: Mapping[Component, Effect], other: Mapping[Component, Effect]) -> float:
    """The largest relative difference of a head's KL."""
    return max(abs(one[head].kl.mean() / other[head].kl.mean() - 1).item() for head in one)
