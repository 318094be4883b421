"""What two exercises of puzzle 08 work on: some heads of a model, a text, and a counter of passes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor

from zeropoint.desk.exercise import Judged
from zeropoint.puzzles.p08 import gauge
from zeropoint.puzzles.p08.ablation import Component, constant, harms, outputs, rank_correlations
from zeropoint.streams.interventions import kl_of

CLOSE = 1e-3  # of the largest harm: float32 passes differ by less
OPPOSITE = -0.5  # rank correlation: half of the heads put on the wrong side do it
UNMOVED = 1e-3  # nats: a log-probability that moves farther has moved, or β is so long that float32 has lost the rest


class OutOfPasses(RuntimeError):
    """Its message is for the learner."""


class Bench:
    """Heads of one model with values of their own (`heads`), their `means` [head, d_head], and a text `ids` [row, seq].

    `harm(values)`: the mean KL, nats a token, when each head alone puts out its row of `values` [head, d_head]: shape [head].
    """

    def __init__(self, bridge, ids: Int[Tensor, "row seq"], heads: Sequence[Component]):
        self.bridge, self.ids, self.heads = bridge.requires_grad_(False), ids, list(heads)
        half = len(ids) // 2
        self.ids, self.judged = ids[:half], ids[half:]
        found = outputs(bridge, self.ids, self.heads)
        self.means = torch.stack([found[head].mean((0, 1)) for head in self.heads])

    def harm(self, values: Float[Tensor, "head d_head"]) -> Float[Tensor, " head"]:
        return self._harm(self.ids, values)

    def _harm(self, ids: Tensor, values: Tensor) -> Tensor:
        plan = {head: (head, constant(value)) for head, value in zip(self.heads, values, strict=True)}
        return torch.stack([effect.kl.mean() for effect in harms(self.bridge, ids, plan).values()])

    def _at_zero(self, betas: Float[Tensor, "head d_head"]) -> tuple[Float[Tensor, " head"], float]:
        """On text kept back: each head's harm at zero once its value's bias has gained β and the output bias has lost
        what W_O makes of it; and the largest change of a log-probability that the move itself makes.
        """
        constants = {head: -beta for head, beta in zip(self.heads, betas, strict=True)}
        moved = gauge.hooks(self.bridge, gauge.moved_by(self.bridge, constants))
        effects = gauge.at_zero(self.bridge, self.judged, self.heads, moved)
        harm = torch.stack([effect.kl.mean() for effect in effects.values()])
        return harm, gauge.largest_change(self.bridge, self.judged, moved)


class Layer:
    """One layer of a model: `heads` of them, their `means` [head, d_head], a text `ids` [row, seq], and `run`."""

    def __init__(self, bridge, ids: Int[Tensor, "row seq"], layer: int):
        self.bridge, self.ids, self.hook = bridge.requires_grad_(False), ids, f"blocks.{layer}.attn.hook_z"
        parts = [Component(layer, head) for head in range(bridge.cfg.n_heads)]
        found = outputs(bridge, ids, parts)
        self.means = torch.stack([found[part].mean((0, 1)) for part in parts])
        self.passes = 0

    def run(
        self, ids: Int[Tensor, "row seq"], edit: Callable[[Tensor], Tensor] = lambda z: z
    ) -> Float[Tensor, "row seq d_vocab"]:
        """Log-probabilities with edit(z) in the place of z, the outputs of the layer's heads [row, seq, head, d_head]."""
        self.passes += 1
        if self.passes > 1:
            raise OutOfPasses("this is the second call of run, and there is only one")
        with torch.no_grad():
            return self.bridge.run_with_hooks(ids, fwd_hooks=[(self.hook, lambda z, hook: edit(z))]).log_softmax(-1)

    def _truth(self) -> dict[str, Float[Tensor, " head"]]:
        """Every head's harm at its mean, head by head; and what usual slips give."""
        clean, found = self._edited(lambda z: z), {}
        for head, mean in enumerate(self.means):
            alone = self._edited(lambda z, head=head, mean=mean: _with(z, head, mean))
            kl = (clean.exp() * (clean - alone)).sum(-1)
            zero = self._edited(lambda z, head=head: _with(z, head, torch.zeros(())))
            others = self._edited(lambda z, head=head: _with(self.means.expand_as(z), head, z[:, :, head]))
            values = {
                "right": kl_of(clean, alone).mean(),
                "the head is set to zero, not to its mean": kl_of(clean, zero).mean(),
                "all other heads are set to their means": kl_of(clean, others).mean(),
                "averaged over the vocabulary, not summed": kl.mean() / clean.shape[-1],
                "the KL divergence is the other way round": (alone.exp() * (alone - clean)).sum(-1).mean(),
                "summed over tokens, not averaged": kl.sum(),
                "summed over positions, averaged over rows": kl.sum(1).mean(),
                "the last position only": kl[:, -1].mean(),
            }
            for name, value in values.items():
                found.setdefault(name, []).append(value)
        together = self._edited(lambda z: self.means.expand_as(z))
        found["all heads at once, not each alone"] = [kl_of(clean, together).mean()] * len(self.means)
        return {name: torch.stack(values) for name, values in found.items()}

    def _edited(self, edit: Callable[[Tensor], Tensor]) -> Tensor:
        with torch.no_grad():
            return self.bridge.run_with_hooks(self.ids, fwd_hooks=[(self.hook, lambda z, hook: edit(z))]).log_softmax(
                -1
            )


def _with(z: Tensor, head: int, value: Tensor) -> Tensor:
    z = z.clone()
    z[:, :, head] = value
    return z


def judge_one_pass(answer: Callable, layer: Layer) -> Judged:
    """Is every head's harm right, from one pass?"""
    layer.passes = 0
    try:
        yours = answer(layer.run, layer.ids.clone(), layer.means.clone())
    except OutOfPasses as problem:
        return Judged(str(problem), {})
    truth = layer._truth()
    right = truth.pop("right")
    try:
        yours = torch.as_tensor(yours, dtype=right.dtype).detach()
    except (TypeError, ValueError, RuntimeError):
        return Judged("your answer is no tensor of one number for each head", {})
    if yours.shape != right.shape:
        return Judged(f"your answer has shape {list(yours.shape)}, expected {list(right.shape)}", {})
    shown = {"yours": _brief(yours), "head by head": _brief(right)}
    if _close(yours, right):
        return Judged("", shown)
    for name, wrong in truth.items():
        if _close(yours, wrong):
            return Judged(f"your numbers are off: {name}", shown)
    return Judged("your numbers are not those of the heads ablated one by one", shown)


def judge_opposite(answer: Callable, bench: Bench) -> Judged:
    """How far does zero's order lie from the mean's, and have the predictions stayed?"""
    betas = answer(bench)
    try:
        betas = torch.as_tensor(betas, dtype=bench.means.dtype).detach()
    except (TypeError, ValueError, RuntimeError):
        return Judged("return one tensor of gains, [head, d_head]", {})
    if betas.shape != bench.means.shape:
        return Judged(f"your gains have shape {list(betas.shape)}, expected {list(bench.means.shape)}", {})
    if not betas.isfinite().all():
        return Judged("your gains hold NaN or infinity", {})
    harm, changed = bench._at_zero(betas)
    at_mean = bench._harm(bench.judged, bench.means)
    rho = rank_correlations(harm[:, None], at_mean[:, None]).item()
    shown = {
        "rank correlation of zero with the mean": f"{rho:.2f} (asked: at most {OPPOSITE})",
        "largest change of a log-probability by the move": f"{changed:.1e}",
    }
    if changed > UNMOVED:
        return Judged("your gains are so long that float32 loses the predictions: shorter ones will do", shown)
    return Judged("" if rho <= OPPOSITE else "zero does not say the opposite of the mean yet", shown)


def _close(a: Tensor, b: Tensor) -> bool:
    return bool((a - b).abs().max() <= CLOSE * b.abs().max())


def _brief(values: Tensor) -> str:
    return ", ".join(f"{v:.4g}" for v in values[:6].tolist()) + (", …" if len(values) > 6 else "")
