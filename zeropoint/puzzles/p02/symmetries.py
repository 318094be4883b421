"""Move parts of a model's weights and see whether its predictions notice. A loaded model is never changed.

`copy_of` makes a plain Hugging Face copy, in float32 (sharing the loaded weights) or float64. A move is a dict of tensors that stand in for the copy's
own during one call of `logits`; `compare` says what became of the predictions. A `Trial` does all three on one text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.func import functional_call
from transformers import GPT2LMHeadModel, GPTNeoForCausalLM
from transformers.models.gpt_neo.modeling_gpt_neo import GPTNeoSelfAttention

from zeropoint.models import LoadedModel, copy_sharing, free_memory

SHORT = {"wte": "transformer.wte.weight", "wpe": "transformer.wpe.weight", "lm_head": "lm_head.weight"}
NOTHING_UP_TO = 10  # float floors
A_LITTLE_UP_TO = 0.1  # nats of KL divergence a token

Move = Mapping[str, Tensor]


def copy_of(model: LoadedModel, dtype: torch.dtype = torch.float32) -> nn.Module:
    """A Hugging Face copy of a GPT-2 or GPT-Neo kind of model, computing in `dtype` from end to end.

    Two things differ from what Hugging Face loads, neither of which changes a prediction. GPT-Neo's attention, which is
    written to round queries and keys to float32 whatever the dtype, keeps the dtype. And its queries, keys and values
    have biases, of zero, so that a move can set them. ValueError: the model is of another kind.
    """
    free_memory()
    net = copy_sharing(model.plain, dtype)
    if not isinstance(net, GPT2LMHeadModel | GPTNeoForCausalLM):
        raise ValueError(
            f"{model.label} is neither of the GPT-2 nor of the GPT-Neo kind; these moves need one of them."
        )
    if isinstance(net, GPTNeoForCausalLM):
        for block in net.transformer.h:
            attention = block.attn.attention
            attention.__class__ = _Attention
            for linear in (attention.q_proj, attention.k_proj, attention.v_proj):
                linear.bias = nn.Parameter(linear.weight.new_zeros(linear.out_features), requires_grad=False)
    return net


class _Attention(GPTNeoSelfAttention):
    """GPT-Neo's attention, unscaled and with its own mask (causal, local in some layers), in the dtype it is given."""

    def _attn(self, query, key, value, attention_mask=None):
        queries, keys = query.shape[-2], key.shape[-2]
        mask = self.bias[:, :, keys - queries : keys, :keys]
        dropout = self.attn_dropout.p if self.training else 0.0
        return F.scaled_dot_product_attention(query, key, value, attn_mask=mask, dropout_p=dropout, scale=1.0), None


@torch.no_grad()
def logits(
    net: nn.Module, ids: Int[Tensor, "batch seq"], move: Move | None = None
) -> Float[Tensor, "batch seq d_vocab"]:
    """The copy's logits with the tensors of `move` in place of its own.

    Names are the copy's own, or wte [d_vocab, d_model], wpe [n_ctx, d_model] and lm_head [d_vocab, d_model]. Input and
    output matrix count as two: who moves wte and not lm_head has untied them.
    """
    tensors = {SHORT.get(name, name): tensor.to(net.dtype) for name, tensor in (move or {}).items()}
    if unknown := sorted(tensors.keys() - net.state_dict().keys()):
        raise KeyError(f"The model has no {unknown[0]}; short names are {', '.join(SHORT)}.")
    return functional_call(net, tensors, (ids,), {"use_cache": False}, tie_weights=False).logits


def absorb(net: nn.Module, layer: int, part: str, c: Float[Tensor, " d_model"]) -> dict[str, Tensor]:
    """The move that takes c out of what attention (`part` "attn") or the MLP ("mlp") of a layer reads, and makes up for it.

    LayerNorm's shift loses c, so the reader's input does. A reader W gains the bias that c would have given: b + cW. Of
    attention's three readers only the queries and the values do: what c adds to a key, softmax cannot see.
    """
    block, at = net.transformer.h[layer], f"transformer.h.{layer}"
    c = c.to(net.dtype)
    norm, name = (block.ln_1, "ln_1") if part == "attn" else (block.ln_2, "ln_2")
    move = {f"{at}.{name}.bias": norm.bias - c}
    if part == "mlp":
        move[f"{at}.mlp.c_fc.bias"] = _bias_with(block.mlp.c_fc, c)
    elif hasattr(block.attn, "attention"):
        for reader in ("q_proj", "v_proj"):
            move[f"{at}.attn.attention.{reader}.bias"] = _bias_with(getattr(block.attn.attention, reader), c)
    else:  # GPT-2 keeps queries, keys and values in one matrix, in this order
        queries, _, values = _bias_with(block.attn.c_attn, c).chunk(3)
        move[f"{at}.attn.c_attn.bias"] = torch.cat([queries, block.attn.c_attn.bias.chunk(3)[1], values])
    return move


def after_attention(net: nn.Module, layer: int, c: Float[Tensor, " d_model"]) -> dict[str, Tensor]:
    """The move that adds c to the output bias of a layer's attention: everything that reads later sees it."""
    at = f"transformer.h.{layer}.attn."
    name = at + ("attention.out_proj.bias" if hasattr(net.transformer.h[layer].attn, "attention") else "c_proj.bias")
    return {name: net.get_parameter(name) + c.to(net.dtype)}


def _bias_with(reader: nn.Module, c: Tensor) -> Tensor:
    """b + cW, for a Linear or for GPT-2's Conv1D, which keeps its matrix the other way round."""
    W = reader.weight.T if isinstance(reader, nn.Linear) else reader.weight
    return reader.bias + c @ W


@dataclass(frozen=True)
class Change:
    """What a move did to a model's predictions."""

    logit: float
    """Largest |Δ logit|."""
    log_prob: float
    """Largest |Δ log-probability|, over all positions and the whole vocabulary."""
    kl: float
    """Mean KL divergence of the moved model's predictions from the model's own, in nats a token."""
    kl_error: float
    """Its standard error over sequences."""

    def verdict(self, floor: float) -> str:
        """ "nothing", "a little" or "breakage"; `floor` is the |Δ log-probability| that rounding alone makes."""
        if self.log_prob <= NOTHING_UP_TO * floor:
            return "nothing"
        return "a little" if self.kl <= A_LITTLE_UP_TO else "breakage"


def compare(before: Float[Tensor, "batch seq d_vocab"], after: Float[Tensor, "batch seq d_vocab"]) -> Change:
    """Compare two models' logits on the same tokens, in float64 whatever they came in."""
    logit, log_prob, kl = 0.0, 0.0, []
    for b, a in zip(before, after, strict=True):  # a sequence at a time, to keep the float64 copies small
        b, a = b.double(), a.double()
        p, q = b.log_softmax(-1), a.log_softmax(-1)
        logit = max(logit, (a - b).abs().max().item())
        log_prob = max(log_prob, (q - p).abs().max().item())
        kl.append((p.exp() * (p - q)).sum(-1).mean())
    kl = torch.stack(kl)
    return Change(
        logit, log_prob, kl.mean().item(), (kl.std() / len(kl) ** 0.5).item() if len(kl) > 1 else float("nan")
    )


class Trial:
    """A copy of a model, a text for it to read and what it predicts: something to try moves on.

    `E` [d_vocab, d_model] and `P` [n_ctx, d_model] are the copy's token and position embeddings, `mu` [d_model] the mean
    row of `E`, `own` the copy's logits on `ids`.
    """

    def __init__(self, model: LoadedModel, ids: Int[Tensor, "batch seq"], dtype: torch.dtype = torch.float32):
        self.model, self.ids, self.net = model, ids, copy_of(model, dtype)
        self.E, self.P = self.net.transformer.wte.weight, self.net.transformer.wpe.weight
        self.mu = self.E.mean(0)
        self.own = logits(self.net, ids)

    def exact(self) -> Trial:
        """The same in float64, with moves and all."""
        return Trial(self.model, self.ids, torch.float64)

    @cached_property
    def floor(self) -> float:
        """What rounding alone does: the largest |Δ log-probability| between this copy and one in float64."""
        return compare(self.exact().own, self.own).log_prob

    def random(self, seed: int = 0) -> Float[Tensor, " d_model"]:
        """A random vector as long as `mu`, the same in every dtype."""
        generator = torch.Generator().manual_seed(seed)
        r = torch.randn(len(self.mu), generator=generator, dtype=torch.float64)
        return (r * self.mu.norm() / r.norm()).to(self.net.dtype)

    def change(self, move: Move) -> Change:
        return compare(self.own, logits(self.net, self.ids, move))

    def verdict(self, move: Move) -> str:
        return self.change(move).verdict(self.floor)
