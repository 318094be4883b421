"""What two exercises of puzzle 08 work on: some heads of a model, a text, and a counter of passes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from zeropoint.desk.compare import describe
from zeropoint.desk.exercise import Judged
from zeropoint.puzzles.p08 import gauge
from zeropoint.puzzles.p08.ablation import Component, constant, harms, outputs, rank_correlations

CLOSE = 1e-3  # of the largest harm: float32 passes differ by less
OPPOSITE = -0.5  # rank correlation: half of the heads put on the wrong side do it
# Two harms are the same within a hundredth or, where they are tiny, within float32's rounding of a KL (nats).
ALIKE, ROUNDING = 0.01, 2e-5
UNMOVED = 1e-3  # nats: a log-probability that moves farther has moved, or β is so long that float32 has lost the rest


class Misuse(RuntimeError):
    """Of `run`. Its message is for the learner."""


class Bench:
    """Heads of one model with values of their own (`heads`), their `means` [head, d_head], and a text `ids` [row, seq].

    `harm(values)`: the mean KL, nats a token, when each head alone puts out its row of `values` [head, d_head]: shape [head].
    `most`: which of the heads harms most at its mean, its place in `heads`.
    """

    def __init__(self, bridge, ids: Int[Tensor, "row seq"], heads: Sequence[Component]):
        self.bridge, self.ids, self.heads = bridge.requires_grad_(False), ids, list(heads)
        half = len(ids) // 2
        self.ids, self.judged = ids[:half], ids[half:]
        found = outputs(bridge, self.ids, self.heads)
        self.means = torch.stack([found[head].mean((0, 1)) for head in self.heads])
        self.most = int(self.harm(self.means).argmax())

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
            raise Misuse("this is the second call of run, and there is only one")
        return self._edited(edit, ids)

    def _truth(self) -> dict[str, Float[Tensor, " head"]]:
        """Every head's harm at its mean, head by head; and what usual slips give."""
        heads = range(len(self.means))
        clean = self._edited(lambda z: z)
        alone = torch.stack([self._edited(lambda z, h=h: _with(z, h, self.means[h])) for h in heads])
        zero = torch.stack([self._edited(lambda z, h=h: _with(z, h, torch.zeros(()))) for h in heads])
        others = torch.stack(
            [self._edited(lambda z, h=h: _with(self.means.expand_as(z), h, z[:, :, h])) for h in heads]
        )
        together = self._edited(lambda z: self.means.expand_as(z))
        kl = _kl(clean, alone)  # [head, row, seq]
        return {
            "right": kl.mean((1, 2)),
            "the head is set to zero, not to its mean": _kl(clean, zero).mean((1, 2)),
            "all other heads are set to their means": _kl(clean, others).mean((1, 2)),
            "all heads at once, not each alone": _kl(clean, together).mean().expand(len(kl)),
            "compared with a copy in which the first head is gone": _kl(alone[0], alone).mean((1, 2)),
            "copies of a row lie side by side, and are cut as if copies of the text did": self._in_turn(),
            "averaged over the vocabulary, not summed": kl.mean((1, 2)) / clean.shape[-1],
            "the KL divergence is the other way round": _kl(alone, clean).mean((1, 2)),
            "summed over tokens, not averaged": kl.sum((1, 2)),
            "summed over positions, averaged over rows": kl.sum(2).mean(1),
            "the last position only": kl[:, :, -1].mean(1),
        }

    def _in_turn(self) -> Float[Tensor, " head"]:
        """What comes of repeat_interleave where the rest is written for repeat: texts are compared with other texts."""
        heads, rows = len(self.means), len(self.ids)

        def edit(z: Tensor) -> Tensor:
            copies = z.clone().unflatten(0, (heads + 1, rows))
            for head, mean in enumerate(self.means):
                copies[head, :, :, head] = mean
            return copies.flatten(0, 1)

        log_p = self._edited(edit, self.ids.repeat_interleave(heads + 1, dim=0)).unflatten(0, (heads + 1, rows))
        return _kl(log_p[-1], log_p[:-1]).mean((1, 2))

    def _edited(self, edit: Callable[[Tensor], Tensor], ids: Tensor | None = None) -> Tensor:
        def put(z: Tensor, hook) -> Tensor:
            edited = edit(z)
            if not isinstance(edited, Tensor) or edited.shape != z.shape:
                raise Misuse(f"edit is to return a tensor like z, {list(z.shape)}, and returned {describe(edited)}")
            return edited

        with torch.no_grad():
            logits = self.bridge.run_with_hooks(self.ids if ids is None else ids, fwd_hooks=[(self.hook, put)])
        return logits.log_softmax(-1)


def _kl(clean: Float[Tensor, "... row seq v"], changed: Float[Tensor, "... row seq v"]) -> Float[Tensor, "... row seq"]:
    """KL(clean ‖ changed), nats; of log-probabilities."""
    return (clean.exp() * (clean - changed)).sum(-1)


def _with(z: Tensor, head: int, value: Tensor) -> Tensor:
    z = z.clone()
    z[:, :, head] = value
    return z


def judge_one_pass(answer: Callable, layer: Layer) -> Judged:
    """Is every head's harm right, from one pass?"""
    layer.passes = 0
    try:
        yours = answer(layer.run, layer.ids.clone(), layer.means.clone())
    except Misuse as problem:
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
    most = bench.most
    shown = {
        f"harm of head {bench.heads[most]}": f"{at_mean[most]:.4g} at its mean, {harm[most]:.4g} at zero (asked: the same)",
        "rank correlation of zero with the mean": f"{rho:.2f} (asked: at most {OPPOSITE})",
        "largest change of a log-probability by the move": f"{changed:.1e}",
    }
    return Judged(_wanting(bench, betas, harm, at_mean, rho, changed), shown)


def _wanting(bench: Bench, betas: Tensor, harm: Tensor, at_mean: Tensor, rho: float, changed: float) -> str:
    """What an answer to the open search lacks, the slip by its name; "" if nothing."""
    if changed > UNMOVED:
        return "your gains are so long that float32 loses the predictions: shorter ones will do"
    if not betas.any():
        return "nothing has moved: zero is where it was"
    most = bench.most
    if not _alike(harm, at_mean)[most]:
        turned, _ = bench._at_zero(-betas)
        if _alike(turned, at_mean)[most]:
            return "your gains have the wrong sign: an output of zero after the move was which output before it?"
        return f"head {bench.heads[most]} does not harm as much at zero as at its mean yet"
    if rho <= OPPOSITE:
        return ""
    if _alike(harm, at_mean).all():
        return "zero is every head's mean now, and says what the mean says: the other heads need another place"
    return "zero does not say the opposite of the mean yet"


def _alike(a: Float[Tensor, " head"], b: Float[Tensor, " head"]) -> Bool[Tensor, " head"]:
    """Which heads do the same harm."""
    return (a - b).abs() <= ALIKE * b + ROUNDING


def _close(a: Tensor, b: Tensor) -> bool:
    return bool((a - b).abs().max() <= CLOSE * b.abs().max())


def _brief(values: Tensor) -> str:
    return ", ".join(f"{v:.4g}" for v in values[:6].tolist()) + (", …" if len(values) > 6 else "")
