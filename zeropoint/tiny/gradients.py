"""Why a mean can move: the gradient on each side of a token's row, and what Adam makes of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from jaxtyping import Float, Int
from torch import Tensor

from zeropoint.tiny.shape import TinyLM
from zeropoint.tiny.training import next_token_loss


def untied(model: TinyLM) -> TinyLM:
    """The same function with its input and output matrix kept apart, so that each has its own gradient."""
    copy = TinyLM(replace(model.config, tied=False)).to(model.W_E.device)
    weights = model.state_dict()
    copy.load_state_dict(weights | {"unembed": weights["W_E"] if model.config.tied else weights["unembed"]})
    return copy


@dataclass(frozen=True)
class Gradients:
    """∂loss/∂row for every token, by the side on which the row is used."""

    input: Float[Tensor, "d_vocab d_model"]
    output: Float[Tensor, "d_vocab d_model"]


def gradients(model: TinyLM, batch: Int[Tensor, "batch ctx_plus_1"], z_loss: float = 0.0) -> Gradients:
    """Gradients of one batch's loss; a tied model's gradient is the sum of the two. float64, so that a zero shows as one."""
    copy = untied(model).double()
    next_token_loss(copy.trunk, batch, z_loss).backward()
    return Gradients(copy.W_E.grad, copy.unembed.grad)


def imbalance(rows: Float[Tensor, "d_vocab d_model"]) -> float:
    """‖Σ rows‖ / Σ ‖row‖: 0 when they cancel over the vocabulary, 1 when all point the same way."""
    return (rows.sum(0).norm() / rows.norm(dim=1).sum()).item()
