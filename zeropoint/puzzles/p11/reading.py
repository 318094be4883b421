"""What a model does after reading a token: next-token distributions of one text with the last vector exchanged."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import torch
from jaxtyping import Float, Int
from torch import Tensor

from zeropoint import streams
from zeropoint.claims import over


@torch.no_grad()
def after(model, context: Int[Tensor, " length"], vectors: Float[Tensor, "k d_model"]) -> Float[Tensor, "k d_vocab"]:
    """log-probabilities of the next token after `context` and one more vector, put in as a token's embedding. float64."""
    before = model.plain.get_input_embeddings()(context)
    rows = torch.cat([before.expand(len(vectors), -1, -1), vectors[:, None]], dim=1)
    logits = model.plain(inputs_embeds=rows).logits[:, -1]
    return logits.double().log_softmax(-1)


def measures(log_p: Float[Tensor, "k d_vocab"], mean: Float[Tensor, " d_vocab"]) -> dict[str, float]:
    """Of k readings in one context, nats: entropy; how much depends on which of the k was read (the mean KL divergence
    from their average); KL divergence from what follows the mean vector."""
    p = log_p.exp()
    average = p.mean(0).log()
    return {
        "entropy": -(p * log_p).sum(1).mean().item(),
        "depends on which": (p * (log_p - average)).sum(1).mean().item(),
        "KL from the mean vector": (p * (log_p - mean)).sum(1).mean().item(),
    }


def read(model, groups: Mapping[str, Tensor], each: int = 16, seed: int = 0) -> dict[str, pd.DataFrame]:
    """`measures` for `each` tokens of every group, or all where it has fewer: a row a context of held-out text.

    Each context draws its own tokens: the error over contexts is then that of the draw as well.
    """
    W = model.W_E
    mean = W.mean(0, keepdim=True)
    count, length = (8, 8) if model.is_large else (24, 16)
    contexts = streams.sequences(model.tokenizer, count, length)
    generator = torch.Generator().manual_seed(seed)
    found = {}
    for name, ids in groups.items():
        rows = []
        for context in contexts:
            chosen = ids[torch.randperm(len(ids), generator=generator)[:each]]
            vectors = torch.cat([W[chosen], mean])
            log_p = after(model, context, vectors)
            rows.append(measures(log_p[:-1], log_p[-1]))
        found[name] = pd.DataFrame(rows)
    return found


def table(found: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Means over contexts with their intervals, groups down."""
    return pd.DataFrame({name: rows.apply(lambda column: over(column, "contexts")) for name, rows in found.items()}).T
