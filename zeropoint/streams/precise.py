"""A loaded model in float64 from end to end, for telling an exact symmetry from a near one: rounding shrinks there."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import GPT2LMHeadModel, GPTNeoForCausalLM
from transformers.models.gpt_neo.modeling_gpt_neo import GPTNeoSelfAttention

from zeropoint.models import LoadedModel, copy_sharing, free_memory


def copy_of(model: LoadedModel, dtype: torch.dtype = torch.float32) -> nn.Module:
    """A Hugging Face copy of a model, computing in `dtype` from end to end.

    What differs from what Hugging Face loads changes no prediction. GPT-Neo's attention, RMSNorm and the softmax of
    attention, which are written to round to float32 whatever the dtype, keep the dtype. And GPT-Neo's queries, keys and
    values have biases, of zero, so that a move can set them.
    """
    free_memory()
    net = copy_sharing(model.plain, dtype)
    if not isinstance(net, GPT2LMHeadModel | GPTNeoForCausalLM):
        net.config._attn_implementation = "sdpa"  # the eager one takes its softmax in float32
    for module in net.modules():
        kind = type(module)
        if kind.__name__.endswith("RMSNorm") and hasattr(module, "variance_epsilon"):
            module.__class__ = type(kind.__name__, (kind,), {"forward": _rms_norm})
    if isinstance(net, GPTNeoForCausalLM):
        for block in net.transformer.h:
            attention = block.attn.attention
            attention.__class__ = _Attention
            for linear in (attention.q_proj, attention.k_proj, attention.v_proj):
                linear.bias = nn.Parameter(linear.weight.new_zeros(linear.out_features), requires_grad=False)
    return net


def _rms_norm(self: nn.Module, x: Tensor) -> Tensor:
    """x / rms(x) · gain, without Hugging Face's detour through float32."""
    return self.weight * x * torch.rsqrt(x.square().mean(-1, keepdim=True) + self.variance_epsilon)


class _Attention(GPTNeoSelfAttention):
    """GPT-Neo's attention, unscaled and with its own mask (causal, local in some layers), in the dtype it is given."""

    def _attn(self, query, key, value, attention_mask=None):
        queries, keys = query.shape[-2], key.shape[-2]
        mask = self.bias[:, :, keys - queries : keys, :keys]
        dropout = self.attn_dropout.p if self.training else 0.0
        return F.scaled_dot_product_attention(query, key, value, attn_mask=mask, dropout_p=dropout, scale=1.0), None


def in_float64(model: LoadedModel):
    """A TransformerBridge of the same weights that computes in float64 from end to end."""
    from transformer_lens.model_bridge import TransformerBridge

    net = copy_of(model, torch.float64)
    bridge = TransformerBridge.boot_transformers(
        str(model.found.folder), hf_model=net, device="cpu", dtype=torch.float64
    )
    net.config._attn_implementation = "sdpa"  # where the bridge leaves attention to Hugging Face
    for block in bridge.blocks:  # and where it does not: it rounds to float32 on the way
        if hasattr(block.attn, "_masked_softmax"):
            block.attn._masked_softmax = lambda scores, dtype=None: scores.softmax(-1)
    return bridge.eval().requires_grad_(False)
