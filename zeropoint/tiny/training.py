"""Train small language models and watch their embeddings: one loop for the stand-ins, notebook 03 and the grid of 04."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from tqdm.auto import tqdm

from zeropoint.tiny.corpus import Text
from zeropoint.tiny.options import check_options
from zeropoint.tiny.watching import frequency_groups, observe, observed_steps

if TYPE_CHECKING:
    from zeropoint.tiny.pushes import Pushes

EMBEDDINGS = ("W_E", "unembed")  # a TinyLM's parameters with one row a token
FINAL_NORM = ("ln_final.weight", "ln_final.bias")


@dataclass(frozen=True)
class Recipe:
    """How a model is trained. Learning rate: linear warm-up, then a cosine down to `final_lr` × `lr`.

    Optimisers: AdamW; SGD with momentum `beta1`; Coupled Adam (AdamW whose second moment all tokens share).
    """

    steps: int = 1000
    batch: int = 8
    ctx: int = 128
    lr: float = 1e-3
    final_lr: float = 0.1
    warmup: int = 100
    beta1: float = 0.9
    beta2: float = 0.95
    eps: float = 1e-8
    weight_decay: float = 0.1
    clip: float = 1.0
    z_loss: float = 0.0
    z_target: float = 0.0  # the log Z that z-loss asks for
    z_through: Literal["both", "hidden", "matrix"] = "both"  # where z-loss' gradient at the logits may go
    embedding_decay: float = 1.0  # times weight_decay and lr, for a TinyLM's embeddings
    embedding_lr: float = 1.0
    final_norm_lr: float = 1.0  # times lr, for the last LayerNorm's gain and bias
    scalar_lr: float = 1.0  # … and for the free scalar
    bias_correction: bool = True  # of Adam's moments; GPT-Neo's training code has none
    seed: int = 0
    optimizer: Literal["adamw", "sgd", "coupled-adam"] = "adamw"

    def __post_init__(self):
        check_options(self)

    @property
    def tokens_per_step(self) -> int:
        return self.batch * self.ctx

    def lr_at(self, step: int) -> float:
        """Learning rate of update number `step`, counted from 0."""
        if step < self.warmup:
            return self.lr * (step + 1) / self.warmup
        done = (step - self.warmup) / max(1, self.steps - self.warmup)
        return self.lr * (self.final_lr + (1 - self.final_lr) * (1 + math.cos(math.pi * done)) / 2)


def batch_at(tokens: Int[Tensor, " n"], recipe: Recipe, step: int) -> Int[Tensor, "batch ctx_plus_1"]:
    """The windows of update `step`: a function of seed and step alone, so that a resumed run sees the same data."""
    g = torch.Generator().manual_seed(recipe.seed * 1_000_003 + step)
    starts = torch.randint(0, len(tokens) - recipe.ctx, (recipe.batch,), generator=g)
    return tokens[starts[:, None] + torch.arange(recipe.ctx + 1)]


class _UnembedLoss(torch.autograd.Function):
    """Unembedding, softmax and cross-entropy over a few tokens at a time, gradients at once.

    The logits are by far the largest tensor of a small model. In chunks they stay in the processor's cache and are read
    once, which halves a training step; the numbers are those of the plain formula.
    """

    CHUNK = 128  # tokens

    @staticmethod
    def forward(ctx, hidden, W_out, targets, z_loss, z_target, z_through, wants_gradient):
        grad_hidden, grad_W = (torch.empty_like(hidden), torch.zeros_like(W_out)) if wants_gradient else (None, None)
        total, total_miss = hidden.new_zeros(()), hidden.new_zeros(())
        for start in range(0, len(hidden), _UnembedLoss.CHUNK):
            chunk = slice(start, start + _UnembedLoss.CHUNK)
            rows, wanted = hidden[chunk], targets[chunk]
            logits = rows @ W_out.T
            right = logits.gather(1, wanted[:, None])
            top = logits.amax(1, keepdim=True)
            part = logits.sub_(top).exp_()  # in place, and one exponential for both: loss and gradient
            Z = part.sum(1, keepdim=True)  # of the logits less their largest
            log_Z = Z.log() + top
            miss = log_Z - z_target
            total += (log_Z - right).sum() + z_loss * miss.square().sum()
            total_miss += miss.sum()
            if wants_gradient:
                # d(loss)/d(logits) = softmax × (1 + 2 z miss) − 1 at the target: z-loss only makes softmax's part larger.
                larger = 1 + 2 * z_loss * miss
                to_hidden, to_matrix = (larger if z_through in ("both", way) else 1 for way in ("hidden", "matrix"))
                grad_hidden[chunk] = (part @ W_out) * (to_hidden / Z) - W_out[wanted]
                grad_W.addmm_(part.T, rows * (to_matrix / Z)).index_add_(0, wanted, rows, alpha=-1)
        ctx.save_for_backward(grad_hidden, grad_W, -2 * z_loss * total_miss)
        return total / len(hidden)

    @staticmethod
    def backward(ctx, grad):
        grad_hidden, grad_W, grad_target = ctx.saved_tensors
        scale = grad / len(grad_hidden)
        of_target = grad_target * scale if ctx.needs_input_grad[4] else None
        return grad_hidden * scale, grad_W * scale, None, None, of_target, None, None


# A model up to its unembedding: token ids [batch, ctx] → (last hidden state [batch, ctx, d_model], W_out [d_vocab, d_model]).
Trunk = Callable[[Tensor], tuple[Tensor, Tensor]]


def next_token_loss(
    trunk: Trunk,
    batch: Int[Tensor, "batch ctx_plus_1"],
    z_loss: float = 0.0,
    z_target: float | Float[Tensor, ""] = 0.0,
    z_through: Literal["both", "hidden", "matrix"] = "both",
) -> Float[Tensor, ""]:
    """Cross-entropy in nats a token, plus `z_loss` × (log Z − `z_target`)²; GPT-Neo's training code has it with target 0.

    `z_target` may be a tensor that learns: a scalar b added to all logits is a target of −b. `z_through`: z-loss' gradient at
    the logits goes on to the hidden states, to the output matrix, or to both.
    """
    hidden, W_out = trunk(batch[:, :-1])
    hidden, targets = hidden.flatten(0, 1), batch[:, 1:].flatten()
    return _UnembedLoss.apply(hidden, W_out, targets, z_loss, z_target, z_through, torch.is_grad_enabled())


def spread_windows(tokens: Int[Tensor, " n"], ctx: int, windows: int) -> Iterator[Int[Tensor, "batch ctx_plus_1"]]:
    """`windows` evenly spaced windows of `tokens`, eight at a time."""
    starts = torch.linspace(0, len(tokens) - ctx - 1, windows, device=tokens.device).long()
    for chunk in starts.split(8):
        yield tokens[chunk[:, None] + torch.arange(ctx + 1, device=tokens.device)]


@torch.no_grad()
def held_out_loss(trunk: Trunk, tokens: Int[Tensor, " n"], ctx: int, windows: int = 64) -> float:
    """Mean loss in nats a token over evenly spaced windows of `tokens`."""
    batches = spread_windows(tokens, ctx, windows)
    return sum(next_token_loss(trunk, batch).item() * len(batch) for batch in batches) / windows


@torch.no_grad()
def held_out_numbers(trunk: Trunk, tokens: Int[Tensor, " n"], ctx: int, windows: int = 64) -> dict[str, float]:
    """The loss over evenly spaced windows of `tokens`, log Z, and what the mean output row μ has to do with it.

    log_Z, log_Z_spread: mean and standard deviation over all positions. h_dot_mean: the mean of h·μ, which every logit
    holds: log Z = h·μ + log Σᵥ exp(h·(wᵥ − μ)). hidden_along_mean: the mean hidden state along μ; times ‖μ‖ it is h_dot_mean. norm_of_mean_hidden: its whole length.
    """
    log_Z, losses, hidden = [], [], []
    for batch in spread_windows(tokens, ctx, windows):
        h, W_out = trunk(batch[:, :-1])
        logits = h @ W_out.T
        log_Z.append(logits.logsumexp(-1).flatten())
        losses.append(log_Z[-1] - logits.gather(-1, batch[:, 1:, None]).flatten())
        hidden.append(h.flatten(0, 1))
    log_Z, mean_hidden, mu = torch.cat(log_Z).double(), torch.cat(hidden).double().mean(0), W_out.double().mean(0)
    product = (mean_hidden @ mu).item()
    return dict(
        held_out_loss=torch.cat(losses).double().mean().item(),
        log_Z=log_Z.mean().item(),
        log_Z_spread=log_Z.std(correction=0).item(),
        h_dot_mean=product,
        hidden_along_mean=product / mu.norm().item(),
        norm_of_mean_hidden=mean_hidden.norm().item(),
    )


def make_optimizer(model: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    """The recipe's optimiser; matrices and embeddings decay, biases and LayerNorm gains do not."""
    embeddings = [p for name, p in model.named_parameters() if name in EMBEDDINGS]
    matrices = [p for name, p in model.named_parameters() if p.ndim >= 2 and name not in EMBEDDINGS]
    own_pace = {"scalar": recipe.scalar_lr} | dict.fromkeys(FINAL_NORM, recipe.final_norm_lr)
    groups = [
        {"params": matrices, "weight_decay": recipe.weight_decay},
        {"params": [p for n, p in model.named_parameters() if p.ndim < 2 and n not in own_pace], "weight_decay": 0.0},
    ]
    for name, p in model.named_parameters():
        if name in own_pace:
            groups.append({"params": [p], "weight_decay": 0.0, "lr_factor": own_pace[name]})
    if embeddings:
        # Decay moves a row by lr × decay, so the factor on lr is taken out of it again.
        decay = recipe.weight_decay * recipe.embedding_decay / recipe.embedding_lr
        coupled = recipe.optimizer == "coupled-adam"
        group = {"params": embeddings, "weight_decay": decay, "lr_factor": recipe.embedding_lr, "coupled": coupled}
        groups.append(group)
    adam = dict(lr=recipe.lr, betas=(recipe.beta1, recipe.beta2), eps=recipe.eps)
    if recipe.optimizer == "sgd":
        return torch.optim.SGD(groups, lr=recipe.lr, momentum=recipe.beta1)
    if recipe.optimizer == "coupled-adam" or not recipe.bias_correction:
        return CoupledAdamW(groups, **adam, bias_correction=recipe.bias_correction)
    return torch.optim.AdamW(groups, **adam, fused=True)


class CoupledAdamW(torch.optim.Optimizer):
    """AdamW in which the rows of a parameter in a group with `coupled=True` share one second moment, their mean.

    Stollenwerk & Stollenwerk 2025, arXiv 2502.08441: then every token's gradient is scaled by the same factors, and
    gradients that sum to zero over the vocabulary cannot move the mean. Without `bias_correction` the moments are divided by
    nothing, as in GPT-Neo's training code.
    """

    def __init__(self, params, lr: float, betas: tuple[float, float], eps: float, bias_correction: bool = True):
        super().__init__(params, dict(lr=lr, betas=betas, eps=eps, weight_decay=0.0, coupled=False))
        self.bias_correction = bias_correction

    @torch.no_grad()
    def step(self) -> None:
        for group in self.param_groups:
            beta1, beta2 = group["betas"]
            for p in group["params"]:
                square = p.grad.square()
                if group["coupled"]:
                    square = square.mean(0, keepdim=True)
                state = self.state[p]
                if not state:
                    state.update(step=0, exp_avg=torch.zeros_like(p), exp_avg_sq=torch.zeros_like(square))
                state["step"] += 1
                state["exp_avg"].lerp_(p.grad, 1 - beta1)
                state["exp_avg_sq"].lerp_(square, 1 - beta2)
                grown = [1 - beta ** state["step"] if self.bias_correction else 1 for beta in (beta1, beta2)]
                size = (state["exp_avg_sq"] / grown[1]).sqrt_().add_(group["eps"])
                p.mul_(1 - group["lr"] * group["weight_decay"])
                p.addcdiv_(state["exp_avg"], size, value=-group["lr"] / grown[0])


def train_steps(
    model: nn.Module,
    trunk: Trunk,
    tokens: Int[Tensor, " n"],
    recipe: Recipe,
    optimizer: torch.optim.Optimizer,
    start: int = 0,
    pushes: Pushes | None = None,
) -> Iterator[tuple[int, float]]:
    """Train, yielding (updates done, loss of that update). Break out of the loop at any step: the model keeps what it learned."""
    device = next(model.parameters()).device
    scalar = getattr(model, "scalar", None)  # a TinyLM's free scalar
    for step in range(start, recipe.steps):
        batch = batch_at(tokens, recipe, step).to(device)
        if pushes is not None:
            pushes.before(trunk, batch)
        target = recipe.z_target if scalar is None else recipe.z_target - scalar
        loss = next_token_loss(trunk, batch, recipe.z_loss, target, recipe.z_through)
        loss.backward()
        length = nn.utils.clip_grad_norm_(model.parameters(), recipe.clip)
        for group in optimizer.param_groups:
            group["lr"] = recipe.lr_at(step) * group.get("lr_factor", 1.0)
        optimizer.step()
        if pushes is not None:
            pushes.after(optimizer, kept=min(1.0, recipe.clip / (length.item() + 1e-6)))
        optimizer.zero_grad()
        yield step + 1, loss.item()


def train(
    model: nn.Module,
    text: Text,
    recipe: Recipe,
    *,
    watched: set[int] | None = None,
    groups: Sequence[Tensor] | None = None,
    optimizer: torch.optim.Optimizer | None = None,
    each: Callable[[int], None] | None = None,
    pushes: Pushes | None = None,
    progress: bool = True,
) -> list[dict]:
    """Train a TinyLM on `text` and watch its embedding: rows of numbers by step and group of tokens, for a data frame.

    `watched`: the steps to observe, by default dense at first. `groups`: token ids, by default by frequency. `each(step)` is called after every update.
    Interrupted, it raises: the rows of a part are not returned under the name of the whole. The model keeps what it learned.
    """
    watched = observed_steps(recipe.steps) if watched is None else watched
    optimizer = optimizer or make_optimizer(model, recipe)
    groups = frequency_groups(text.counts) if groups is None else groups
    held_out = text.held_out.to(model.W_E.device)
    matrices = {"input": model.W_E} if model.config.tied else {"input": model.W_E, "output": model.unembed}
    rows, smooth = [], math.nan

    def look(step: int) -> None:
        shared = dict(step=step, tokens=step * recipe.tokens_per_step, train_loss=smooth)
        model.eval()
        shared |= held_out_numbers(model.trunk, held_out, recipe.ctx)
        model.train()
        if model.scalar is not None:
            shared["log_Z"] += model.scalar.item()
        for name, W in matrices.items():
            rows.extend(shared | dict(matrix=name) | row for row in observe(W.detach().cpu(), groups))

    if 0 in watched:
        look(0)
    with tqdm(total=recipe.steps, desc="training", unit="step", disable=not progress) as bar:
        for step, loss in train_steps(model, model.trunk, text.train, recipe, optimizer, pushes=pushes):
            smooth = loss if math.isnan(smooth) else 0.98 * smooth + 0.02 * loss
            if each is not None:
                each(step)
            if step in watched:
                look(step)
                bar.set_postfix(loss=f"{smooth:.2f}", mean_cosine=f"{rows[-len(groups) - 1]['mean_cosine']:.2f}")
            bar.update()
    return rows
