"""Run a model with hooks that change its activations, and compare with the untouched run, token by token."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor
from tqdm.auto import tqdm

# What TransformerBridge's run_with_hooks takes: (hook name, function of (value, hook)).
Hooks = Sequence[tuple[str, Callable]]
Condition = Callable[[Mapping[str, Tensor], Tensor], Hooks]  # (cache of the untouched run, token ids) → hooks


@dataclass(frozen=True)
class Effect:
    """What an intervention does, for every sequence: nats a token."""

    loss: Float[Tensor, " count"]  # rise of the next-token loss over the untouched model's
    kl: Float[Tensor, " count"]  # KL(untouched ‖ changed) of the next-token distributions


@torch.no_grad()
def effects(
    bridge,
    ids: Int[Tensor, "count length"],
    conditions: Mapping[str, Condition],
    keep: Callable[[str], bool] = lambda name: name.endswith(("hook_scale", "hook_normalized")),
    batch: int = 8,
) -> dict[str, Effect]:
    """Run the model with each condition's hooks and compare with the untouched model, token by token.

    A condition is a function of (cache of the untouched run, token ids [batch, length]) that gives hooks; the cache holds
    the activations that `keep` names, by default every LayerNorm's denominators and what came out before its gain.
    """
    parts = {name: [] for name in conditions}
    for rows in tqdm(ids.split(batch), unit="batch", delay=5, leave=False):
        logits, cache = bridge.run_with_cache(rows, names_filter=keep)
        clean = logits[:, :-1].log_softmax(-1)
        before = loss_of(clean, rows)
        for name, condition in conditions.items():
            with warnings.catch_warnings():  # an edited denominator makes the bridge say that it computes by itself
                warnings.simplefilter("ignore")
                logits = bridge.run_with_hooks(rows, fwd_hooks=list(condition(cache, rows)))
            changed = logits[:, :-1].log_softmax(-1)
            parts[name].append(torch.stack([loss_of(changed, rows) - before, kl_of(clean, changed)]).cpu())
    return {name: Effect(*torch.cat(part, dim=1)) for name, part in parts.items()}


def loss_of(log_probs: Float[Tensor, "batch seq d_vocab"], ids: Int[Tensor, "batch seq_plus_1"]) -> Tensor:
    """Mean next-token loss of every row, in nats."""
    return -log_probs.gather(2, ids[:, 1:, None])[..., 0].mean(1)


def kl_of(clean: Float[Tensor, "batch seq d_vocab"], changed: Float[Tensor, "batch seq d_vocab"]) -> Tensor:
    """KL(clean ‖ changed) of every row, mean over its tokens, in nats. Both are log-probabilities."""
    return (clean.exp() * (clean - changed)).sum(-1).mean(1)
