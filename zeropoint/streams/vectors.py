"""Residual-stream vectors of a loaded model over a text, at every layer; of the same model untrained; of an encoder."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from zeropoint import models
from zeropoint.claims import Estimate, over
from zeropoint.streams.text import sequences


@dataclass(frozen=True)
class Stream:
    """Residual-stream vectors; row i of each layer stands at `position[i]` of `sequence[i]`, where the token is `token[i]`."""

    vectors: Float[Tensor, "layer n d_model"]  # layer k: after k blocks; 0 is token plus position embedding
    token: Int[Tensor, " n"]
    position: Int[Tensor, " n"]
    sequence: Int[Tensor, " n"]

    def __len__(self) -> int:
        """Number of layers."""
        return len(self.vectors)

    def where(self, rows: Tensor) -> Stream:
        """The same layers, for the rows of a mask or an index."""
        return Stream(self.vectors[:, rows], self.token[rows], self.position[rows], self.sequence[rows])


def layer_names(bridge) -> list[str]:
    """The hooks at which the residual stream stands after 0, 1, … blocks."""
    return ["blocks.0.hook_resid_pre"] + [f"blocks.{i}.hook_resid_post" for i in range(bridge.cfg.n_layers)]


@torch.no_grad()
def stream(bridge, ids: Int[Tensor, "count length"], batch: int = 8) -> Stream:
    """Run the model over the rows of `ids` and keep the residual stream at every layer, on the CPU in float32."""
    names, parts = layer_names(bridge), []
    for rows in ids.split(batch):
        _, cache = bridge.run_with_cache(rows, names_filter=names, return_type=None)
        parts.append(torch.stack([cache[name].flatten(0, 1).float().cpu() for name in names]))
    vectors = torch.cat(parts, dim=1)
    models.free_memory()
    at = torch.arange(ids.numel())
    return Stream(vectors, ids.flatten(), at % ids.shape[1], at // ids.shape[1])


def untrained(model, seed: int = 0):
    """A TransformerBridge of the same architecture with initial weights, drawn as `transformers` does."""
    from transformer_lens.model_bridge import TransformerBridge

    original = model.bridge.original_model
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        fresh = type(original)(copy.deepcopy(original.config)).eval()
    return TransformerBridge.boot_transformers(str(model.found.folder), hf_model=fresh).eval()


def untrained_stream(model, ids: Int[Tensor, "count length"]) -> Stream:
    """The stream of the `untrained` model, which is then dropped."""
    found = stream(untrained(model), ids)
    models.free_memory()
    return found


@torch.no_grad()
def encoder_stream(
    name_or_path: str, count: int = 16, length: int = 64
) -> tuple[str, Float[Tensor, "layer n d_model"]]:
    """(label, hidden states) of any `transformers` encoder over the held-out text: after its embeddings, and each block.

    Raises hub.HubError if it cannot be had.
    """
    from transformers import AutoModel, AutoTokenizer

    found = models.find(name_or_path)
    encoder = AutoModel.from_pretrained(found.folder, dtype=torch.float32).eval()
    ids = sequences(AutoTokenizer.from_pretrained(found.folder), count, length)
    layers = [h.flatten(0, 1) for h in encoder(ids, output_hidden_states=True).hidden_states]
    return found.label(), torch.stack(layers)


def by_group(measure: Callable[[Stream], Sequence[float]], s: Stream, groups: int = 8) -> Float[Tensor, "group layer"]:
    """What `measure` gives for each layer, in each of `groups` disjoint sets of sequences: independent values.

    Some measures depend on how much text there is (a longer text has more rare types), so compare like with like: the
    same groups of the same text. ValueError where there are fewer sequences than groups.
    """
    if int(s.sequence.max()) + 1 < groups:
        raise ValueError(f"{int(s.sequence.max()) + 1} sequences cannot make {groups} groups: take more rows of text.")
    parts = [s.where(s.sequence % groups == g) for g in range(groups)]
    return torch.stack([torch.as_tensor(measure(part), dtype=torch.float64) for part in parts])


def each_layer(values: Float[Tensor, "group layer"], unit: str = "groups of text") -> list[Estimate]:
    """One estimate a layer, over the groups."""
    return [over(column, unit) for column in values.T.tolist()]
