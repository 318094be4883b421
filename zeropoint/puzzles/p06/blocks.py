"""What the first block adds to the stream, step by step."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from zeropoint import geometry

STEPS = {
    "what enters": "blocks.0.hook_resid_pre",
    "attention writes": "blocks.0.hook_attn_out",
    "neurons before the nonlinearity": "blocks.0.mlp.hook_pre",
    "neurons after it": "blocks.0.mlp.hook_post",
    "the MLP writes": "blocks.0.hook_mlp_out",
    "what leaves": "blocks.0.hook_resid_post",
}
ADDED = {"input": "what enters", "attention": "attention writes", "MLP": "the MLP writes"}
"""The three that add up to what leaves, by the word that a prediction has for each."""

CENTRED = """\
"Neurons centred first": the mean of the MLP's neurons is taken away before their
nonlinearity. Whatever mean they have after it, the nonlinearity made."""


@torch.no_grad()
def first_block(
    bridge, ids: Int[Tensor, "count length"], less: Float[Tensor, " d_mlp"] | float = 0.0, batch: int = 8
) -> dict[str, Float[Tensor, "n d"]]:
    """The vectors at each of `STEPS`, over the rows of `ids`: n = count · length; d is d_model, or d_mlp of the neurons.

    `less` is taken away from the neurons before their nonlinearity.
    """
    before, parts = STEPS["neurons before the nonlinearity"], []
    with bridge.hooks(fwd_hooks=[(before, lambda z, hook: z - torch.as_tensor(less).to(z))]):
        for rows in ids.split(batch):
            _, cache = bridge.run_with_cache(rows, names_filter=list(STEPS.values()), return_type=None)
            parts.append({step: cache[hook].flatten(0, 1).float().cpu() for step, hook in STEPS.items()})
    return {step: torch.cat([part[step] for part in parts]) for step in STEPS}


def centred_first(bridge, ids: Int[Tensor, "count length"], steps: dict[str, Tensor]) -> dict[str, Tensor]:
    """The same, with the neurons' mean taken away before their nonlinearity: the mean they have after it, it made."""
    return first_block(bridge, ids, less=steps["neurons before the nonlinearity"].mean(0))


def cone_without(steps: dict[str, Float[Tensor, "n d"]], part: str) -> float:
    """The mean cosine, by use, of what leaves the block, once the mean of `part` is taken away from it."""
    return geometry.mean_pairwise_cosine(steps["what leaves"] - steps[part].mean(0))


def compared(
    steps: dict[str, Tensor], centred: dict[str, Tensor], fresh: dict[str, Tensor]
) -> dict[str, dict[str, float]]:
    """A column for each measure of `first_block`'s steps, beside `centred_first` and initial weights (`fresh`)."""

    def cosines(of: dict[str, Tensor]) -> dict[str, float]:
        return {step: geometry.mean_pairwise_cosine(X) for step, X in of.items()}

    return {
        "length of the mean": {step: X.mean(0).norm().item() for step, X in steps.items()},
        "rms length": {step: X.square().sum(1).mean().sqrt().item() for step, X in steps.items()},
        "mean cosine": cosines(steps),
        "neurons centred first": cosines(centred),
        "initial weights": cosines(fresh),
    }
