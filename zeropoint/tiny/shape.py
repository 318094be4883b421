"""A tiny decoder-only language model, to be read in one sitting and trained in a minute."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from einops import rearrange
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from zeropoint.tiny.options import check_options


@dataclass(frozen=True)
class TinyConfig:
    """The shape of a TinyLM, with a switch for each part that a rival explanation blames."""

    d_vocab: int = 4096
    d_model: int = 64
    n_layers: int = 2
    n_heads: int = 4
    ctx: int = 64
    tied: bool = True  # one matrix reads tokens in and scores them at the end
    norm: Literal["pre", "post", "none"] = "pre"  # LayerNorm as in GPT-2 and GPT-Neo, as in BERT, or nowhere
    positions: bool = True
    biases: bool = True  # of linear maps and of LayerNorms
    window: int | None = None  # how far back every second layer sees, as in GPT-Neo; None: all the way
    final_gain: bool = True  # gain and bias of the last LayerNorm: they can lengthen hidden states and give them a mean
    final_bias: bool = True  # … that bias alone
    sink: bool = False  # a learned vector before the first token, which every position can attend to
    dropout: float = 0.0  # as in GPT-2: of the embedding's output and of what each sublayer adds
    free_scalar: bool = False  # one learned number added to every logit: softmax cannot see it, z-loss can
    init_std: float = 0.02
    seed: int = 0

    def __post_init__(self):
        check_options(self)


class Attention(nn.Module):
    """Causal self-attention that sees at most `window` tokens back, itself included (None: all of them)."""

    def __init__(self, config: TinyConfig, window: int | None):
        super().__init__()
        self.n_heads = config.n_heads
        self.qkv = nn.Linear(config.d_model, 3 * config.d_model, bias=config.biases)
        self.out = nn.Linear(config.d_model, config.d_model, bias=config.biases)
        length = config.ctx + config.sink
        visible = torch.ones(length, length, dtype=torch.bool).tril()  # [query, key]
        if window is not None:
            visible = visible.triu(1 - window)
        visible[:, : config.sink] = True
        self.register_buffer("visible", visible, persistent=False)

    def forward(self, x: Float[Tensor, "batch ctx d_model"]) -> Float[Tensor, "batch ctx d_model"]:
        n = x.shape[1]
        q, k, v = rearrange(self.qkv(x), "b n (qkv h d) -> qkv b h n d", qkv=3, h=self.n_heads)
        z = F.scaled_dot_product_attention(q, k, v, attn_mask=self.visible[:n, :n])
        return self.out(rearrange(z, "b h n d -> b n (h d)"))


class Block(nn.Module):
    def __init__(self, config: TinyConfig, window: int | None):
        super().__init__()
        d = config.d_model
        self.post = config.norm == "post"
        self.dropout = nn.Dropout(config.dropout)
        no_norm = config.norm == "none"
        self.ln1, self.ln2 = (nn.Identity() if no_norm else layer_norm(config, config.biases) for _ in range(2))
        self.attention = Attention(config, window)
        self.mlp = nn.Sequential(
            nn.Linear(d, 4 * d, bias=config.biases), nn.GELU(), nn.Linear(4 * d, d, bias=config.biases)
        )

    def forward(self, x: Float[Tensor, "batch ctx d_model"]) -> Float[Tensor, "batch ctx d_model"]:
        if self.post:
            x = self.ln1(x + self.dropout(self.attention(x)))
            return self.ln2(x + self.dropout(self.mlp(x)))
        x = x + self.dropout(self.attention(self.ln1(x)))
        return x + self.dropout(self.mlp(self.ln2(x)))


def layer_norm(config: TinyConfig, bias: bool, gain: bool = True) -> nn.LayerNorm:
    return nn.LayerNorm(config.d_model, bias=bias, elementwise_affine=gain)


class TinyLM(nn.Module):
    """Token ids in, logits out.

    `W_E` [d_vocab, d_model], `W_pos` [ctx, d_model] (None without positions) and `W_U` [d_model, d_vocab] are named as in
    TransformerLens. The output matrix is kept as `unembed` [d_vocab, d_model], one row a token; tied, it is `W_E` itself.
    """

    def __init__(self, config: TinyConfig):
        super().__init__()
        self.config = config
        self.W_E = nn.Parameter(torch.empty(config.d_vocab, config.d_model))
        self.W_pos = nn.Parameter(torch.empty(config.ctx, config.d_model)) if config.positions else None
        self.dropout = nn.Dropout(config.dropout)
        self.blocks = nn.Sequential(*(Block(config, config.window if i % 2 else None) for i in range(config.n_layers)))
        self.sink = nn.Parameter(torch.empty(1, config.d_model)) if config.sink else None
        bias = config.biases and config.final_bias
        self.ln_final = layer_norm(config, bias, config.final_gain) if config.norm == "pre" else nn.Identity()
        self.unembed = self.W_E if config.tied else nn.Parameter(torch.empty_like(self.W_E))
        self.scalar = nn.Parameter(torch.zeros(())) if config.free_scalar else None
        self.initialise()

    @property
    def W_U(self) -> Float[Tensor, "d_model d_vocab"]:
        return self.unembed.T

    @torch.no_grad()
    def initialise(self) -> None:
        """As GPT-2: N(0, init_std), half of that for positions; what writes into the residual stream, less with depth."""
        generator = torch.Generator().manual_seed(self.config.seed)
        for name, p in self.named_parameters():
            if p.ndim == 2:
                p.normal_(0, self.config.init_std, generator=generator)
            elif name.endswith("bias"):
                p.zero_()
        if self.W_pos is not None:
            self.W_pos.mul_(0.5)
        for block in self.blocks:
            for writer in (block.attention.out, block.mlp[-1]):
                writer.weight.div_((2 * self.config.n_layers) ** 0.5)

    def trunk(
        self, ids: Int[Tensor, "batch ctx"]
    ) -> tuple[Float[Tensor, "batch ctx d_model"], Float[Tensor, "d_vocab d_model"]]:
        """All but the last product and the free scalar: hidden states and output matrix, for `zeropoint.tiny.training`."""
        x = F.embedding(ids, self.W_E)
        if self.W_pos is not None:
            x = x + self.W_pos[: ids.shape[1]]
        if self.sink is not None:
            x = torch.cat([self.sink.expand(len(x), 1, -1), x], dim=1)
        hidden = self.ln_final(self.blocks(self.dropout(x)))
        return hidden[:, self.config.sink :], self.unembed  # nothing is foretold at the sink

    def forward(self, ids: Int[Tensor, "batch ctx"]) -> Float[Tensor, "batch ctx d_vocab"]:
        hidden, _ = self.trunk(ids)
        logits = hidden @ self.W_U
        return logits if self.scalar is None else logits + self.scalar
