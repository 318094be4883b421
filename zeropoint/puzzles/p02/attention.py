"""The scores of a model's attention heads, taken apart: what one layer reads, and how far a pattern moves without a term."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from einops import einsum
from jaxtyping import Float, Int
from torch import Tensor

from zeropoint import plots
from zeropoint.models import LoadedModel

READ = ("ln1.hook_out", "ln1.hook_scale", "ln2.hook_out", "attn.hook_q", "attn.hook_k", "attn.hook_pattern")


def scores(
    q: Float[Tensor, "batch query head d_head"], k: Float[Tensor, "batch key head d_head"]
) -> Float[Tensor, "batch head query key"]:
    """q·k for every query and key, unscaled and unmasked."""
    return einsum(q, k, "b i head e, b j head e -> b head i j")


@dataclass(frozen=True)
class Layer:
    """What the heads of one layer read from a text (`x`, after LayerNorm), and what they make of it."""

    x: Float[Tensor, "batch seq d_model"]
    sigma: Float[Tensor, "batch seq 1"]
    """What LayerNorm divided by."""
    read_by_mlp: Float[Tensor, "batch seq d_model"]
    q: Float[Tensor, "batch seq head d_head"]
    k: Float[Tensor, "batch seq head d_head"]
    pattern: Float[Tensor, "batch head query key"]
    W_Q: Float[Tensor, "head d_model d_head"]
    W_K: Float[Tensor, "head d_model d_head"]
    gain: Float[Tensor, " d_model"]
    """LayerNorm's."""

    def queries(self, x: Float[Tensor, "batch seq d_model"]) -> Float[Tensor, "batch seq head d_head"]:
        """x W_Q, without a bias."""
        return einsum(x, self.W_Q, "b i d, head d e -> b i head e")

    def keys(self, x: Float[Tensor, "batch seq d_model"]) -> Float[Tensor, "batch seq head d_head"]:
        """x W_K, without a bias."""
        return einsum(x, self.W_K, "b i d, head d e -> b i head e")

    @property
    def scale(self) -> float:
        """What the scores are multiplied by: of 1 (GPT-Neo) and 1/√d_head, whichever gives the pattern that the model had."""
        return min((1.0, self.q.shape[-1] ** -0.5), key=self._misses)

    def _misses(self, scale: float) -> float:
        masked = (scale * scores(self.q, self.k)).masked_fill(self.pattern == 0, -torch.inf)
        return (masked.softmax(-1) - self.pattern).abs().max().item()

    def change(self, term: Float[Tensor, "batch head query key"]) -> Float[Tensor, " head"]:
        """How far each head's pattern moves if `term` is taken out of its scores: 0 not at all, 1 to other keys altogether.

        Total variation, averaged over queries, in float64. What the mask hides stays hidden.
        """
        pattern = self.pattern.double()
        without = (pattern.log() - self.scale * term.double()).softmax(-1)
        return (without - pattern).abs().sum(-1).mean((0, 2)) / 2

    @property
    def floor(self) -> Float[Tensor, " head"]:
        """The change that comes of rounding the scores to float32."""
        return self.change(scores(self.q, self.k).double() - scores(self.q.double(), self.k.double()))


def layers(model: LoadedModel, ids: Int[Tensor, "batch seq"]) -> list[Layer]:
    """Every layer of `model` on a text. For models whose positions are learned vectors: rotation would change the terms."""
    bridge = model.bridge
    _, cache = bridge.run_with_cache(ids, names_filter=lambda name: name.endswith(READ))
    found = []
    for i in range(bridge.cfg.n_layers):
        x, sigma, read_by_mlp, q, k, pattern = (cache[f"blocks.{i}.{name}"] for name in READ)
        weights = dict(W_Q=bridge.W_Q[i], W_K=bridge.W_K[i], gain=bridge.blocks[i].ln1.w)
        found.append(Layer(x, sigma, read_by_mlp, q, k, pattern, **weights))
    return found


class Moved:
    """How far each head's pattern moved without a term, from all layers of a model."""

    def __init__(self):
        self.terms: dict[str, list[Tensor]] = {}

    def add(self, term: str, heads: Float[Tensor, " head"]) -> None:
        """Keep one layer's heads."""
        self.terms.setdefault(term, []).append(heads)

    def heads(self, term: str) -> Float[Tensor, " head"]:
        """All layers' heads."""
        return torch.cat(self.terms[term])

    def median(self, term: str) -> float:
        return self.heads(term).median().item()

    def most(self, term: str) -> float:
        return self.heads(term).max().item()


def figure(moved: Mapping[str, Moved], title: str) -> plots.go.Figure | None:
    """A panel for each model: a ring for each head, a bar at the median. Nothing where no model is of the right kind."""
    if not moved:
        return None
    fig = plots.panels(list(moved))
    ring = dict(mode="markers", marker=dict(symbol="circle-open", size=6))
    bar = dict(mode="markers", marker=dict(symbol="line-ew-open", size=26, line_width=3))
    for column, found in enumerate(moved.values(), start=1):
        for term in found.terms:
            heads = plots.digits(found.heads(term).clamp_min(1e-16))
            fig.add_trace(plots.line("one head", [term] * len(heads), heads, 0, **ring), row=1, col=column)
            median = plots.digits([max(found.median(term), 1e-16)])
            fig.add_trace(plots.line("median", [term], median, 1, **bar), row=1, col=column)
    fig.update_yaxes(type="log", dtick=2, exponentformat="power", matches="y")
    return plots.finish(fig, title, "term taken out of the scores", "change of the pattern (0 to 1)", height=460)
