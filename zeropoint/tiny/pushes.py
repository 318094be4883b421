"""Who moves a mean row: Adam's step, split exactly into cross-entropy, z-loss and decay."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from zeropoint.tiny.training import Recipe, Trunk, next_token_loss


class Pushes:
    """How far each part of the objective has moved the mean row of `W`, trained by AdamW with `recipe`.

    AdamW's step is linear in the first moment and in the decay. So each part keeps a first moment of its own, from its own
    gradient, and all are divided by the one second moment that they share: the parts sum to the step. The z-loss' part is
    all of its gradient, at the logits and through the body. Give it to `train`; `total` sums the parts so far, [d_model].
    """

    def __init__(self, W: Float[Tensor, "d_vocab d_model"], recipe: Recipe):
        self.W, self.recipe = W, recipe
        self.moments = {part: torch.zeros_like(W) for part in ("cross_entropy", "z_loss")}
        self.total = {part: torch.zeros(W.shape[1]) for part in ("cross_entropy", "z_loss", "decay")}

    def before(self, trunk: Trunk, batch: Int[Tensor, "batch ctx_plus_1"]) -> None:
        """Look at a batch before its update."""
        self.mean = self.W.detach().mean(0)
        self.of_cross_entropy = None
        if self.recipe.z_loss:
            (self.of_cross_entropy,) = torch.autograd.grad(next_token_loss(trunk, batch), self.W)

    def after(self, optimizer: torch.optim.Optimizer, kept: float) -> None:
        """Take the update in, while its gradient still stands. `kept`: what clipping left of it, 1 for all."""
        group = next(g for g in optimizer.param_groups if any(p is self.W for p in g["params"]))
        state = optimizer.state[self.W]
        (beta1, beta2), step = group["betas"], float(state["step"])
        root = (state["exp_avg_sq"] / (1 - beta2**step)).sqrt() + group["eps"]
        whole = self.W.grad
        one = whole if self.of_cross_entropy is None else kept * self.of_cross_entropy
        for part, gradient in (("cross_entropy", one), ("z_loss", whole - one)):
            self.moments[part].lerp_(gradient, 1 - beta1)
            moved = self.moments[part] / (1 - beta1**step) / root
            self.total[part] -= group["lr"] * moved.mean(0)
        self.total["decay"] -= group["lr"] * group["weight_decay"] * self.mean

    def along(self, direction: Float[Tensor, " d_model"]) -> dict[str, float]:
        """Of each part, its movement along `direction`."""
        return {part: (moved @ direction / direction.norm()).item() for part, moved in self.total.items()}
