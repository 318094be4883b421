"""From a name or a folder to a labelled model, or to its embedding alone.

    load("EleutherAI/gpt-neo-125M")   the hub, if it answers; else the stand-in mini-neo, and the label says so
    load("path/to/folder")            any Hugging Face folder
    load("mini-neo")                  the stand-in itself

ZEROPOINT_MODELS=auto (default) asks the hub with a probe of at most three seconds and falls back on the stand-ins;
`hub` never falls back; `standin` never asks.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from jaxtyping import Float
from safetensors import safe_open
from torch import Tensor

from zeropoint import hub

PAIR = ("EleutherAI/gpt-neo-125M", "gpt2")
STAND_INS = {"mini-neo": "EleutherAI/gpt-neo-125M", "mini-gpt2": "gpt2"}
# What the architectures call their token embedding and their output matrix, by the end of the tensor's name.
INPUT_NAMES = (
    "wte.weight",
    "embed_tokens.weight",
    "embed_in.weight",
    "word_embeddings.weight",
    "tok_embeddings.weight",
)
OUTPUT_NAMES = ("lm_head.weight", "embed_out.weight", "output.weight")


@dataclass(frozen=True)
class Found:
    """Where a model was found: `name` as it may be called in a figure, `source` hub, folder or stand-in."""

    name: str
    source: str
    folder: Path

    def label(self, basis: str = "raw") -> str:
        return f"{self.name} ({basis}, {self.source})"


@dataclass(frozen=True)
class LoadedModel:
    """A TransformerBridge with the label that every figure and table about it carries."""

    bridge: object
    found: Found
    basis: str  # "raw", or "processed" as HookedTransformer.from_pretrained did

    @property
    def label(self) -> str:
        return self.found.label(self.basis)

    @property
    def source(self) -> str:
        return self.found.source

    # Copies, so that an in-place slip in a notebook cannot damage the model.
    @property
    def W_E(self) -> Float[Tensor, "d_vocab d_model"]:
        return self.bridge.W_E.detach().clone()

    @property
    def W_pos(self) -> Float[Tensor, "n_ctx d_model"]:
        return self.bridge.W_pos.detach().clone()

    @property
    def W_U(self) -> Float[Tensor, "d_model d_vocab"]:
        return self.bridge.W_U.detach().clone()

    @property
    def tokenizer(self):
        return self.bridge.tokenizer


@dataclass(frozen=True)
class Embedding:
    """A token embedding (or output matrix) read from the weights, without building the model; always the raw basis."""

    W: Float[Tensor, "d_vocab d_model"]
    found: Found
    tensor_name: str

    @property
    def label(self) -> str:
        return self.found.label()

    @property
    def source(self) -> str:
        return self.found.source


def standin_folder(name: str) -> Path:
    """The folder of a stand-in shipped with this package."""
    return Path(__file__).parent / "standins" / name


def mode() -> str:
    """ZEROPOINT_MODELS: auto, hub or standin."""
    value = os.environ.get("ZEROPOINT_MODELS", "auto")
    if value not in ("auto", "hub", "standin"):
        raise ValueError(f"ZEROPOINT_MODELS={value!r} is not one of auto, hub, standin; unset it for auto.")
    return value


def find(name_or_path: str | Path, revision: str | None = None) -> Found:
    """Decide which model `name_or_path` means here and have its files in a local folder.

    Raises FileNotFoundError for a folder without a config, hub.HubError when the hub was asked for and fails.
    """
    name = str(name_or_path)
    if name in STAND_INS:
        return Found(name, "stand-in", standin_folder(name))
    if Path(name).is_dir():
        if not (Path(name) / "config.json").exists():
            raise FileNotFoundError(f"{name} has no config.json: point at a folder saved by save_pretrained.")
        return Found(Path(name).resolve().name, "folder", Path(name))
    if Path(name).is_absolute() or name.startswith(("./", "../", "~")):
        raise FileNotFoundError(f"There is no folder {name}.")
    standin = next((s for s, real in STAND_INS.items() if real.lower() == name.lower()), None)
    if mode() == "standin" or (mode() == "auto" and standin and not hub.has(name, revision)):
        if standin is None:
            raise FileNotFoundError(
                f"ZEROPOINT_MODELS=standin and there is no stand-in for {name}; only for {', '.join(PAIR)}."
            )
        return Found(standin, "stand-in", standin_folder(standin))
    return Found(name if revision is None else f"{name}@{revision}", "hub", hub.fetch(name, revision))


def load(name_or_path: str | Path, *, processed: bool = False) -> LoadedModel:
    """Load through TransformerBridge.boot_transformers, in float32 on the CPU.

    The basis is raw: the weights as they were saved. With `processed=True` LayerNorm is folded into the next matrices,
    writing weights are centred over d_model and the unembedding over d_vocab, as HookedTransformer.from_pretrained did.
    """
    # Imported here: half a second that `stats` and the embedding-only reads need not pay.
    from transformer_lens.model_bridge import TransformerBridge
    from transformers.utils import logging

    found = find(name_or_path)
    logging.disable_progress_bar()
    bridge = TransformerBridge.boot_transformers(str(found.folder))
    if processed:
        bridge.enable_compatibility_mode(disable_warnings=True)
    return LoadedModel(bridge.eval(), found, "processed" if processed else "raw")


def load_pair(*, processed: bool = False) -> tuple[LoadedModel, LoadedModel]:
    """GPT-Neo-125M and GPT-2 small, or both stand-ins: never one of each. Prints which."""
    sources = {find(name).source for name in PAIR}
    names = PAIR if len(sources) == 1 else tuple(STAND_INS)
    pair = tuple(load(name, processed=processed) for name in names)
    print("Models: " + " and ".join(m.label for m in pair))
    if pair[0].source == "stand-in":
        print("Stand-ins are small models trained for this series; they are not GPT-Neo or GPT-2.")
    return pair


def load_embedding(name_or_path: str | Path, *, output: bool = False) -> Embedding:
    """Read one matrix, [d_vocab, d_model], out of the weights; needs neither tokenizer nor the rest of the model.

    `output=True` gives the output matrix; of a tied model that is the input embedding, under its own name.
    """
    found = find(name_or_path)
    names = dict(tensor_files(found.folder))
    wanted = OUTPUT_NAMES + INPUT_NAMES if output else INPUT_NAMES
    tensor_name = next((t for suffix in wanted for t in names if t == suffix or t.endswith("." + suffix)), None)
    if tensor_name is None:
        raise ValueError(
            f"No token embedding among the {len(names)} tensors of {found.folder} (looked for {', '.join(wanted)})."
        )
    with safe_open(names[tensor_name], framework="pt") as f:
        return Embedding(f.get_tensor(tensor_name), found, tensor_name)


def tensor_files(folder: Path) -> Iterator[tuple[str, Path]]:
    """(tensor name, safetensors file) for every tensor of a checkpoint, in one file or in shards."""
    index = folder / "model.safetensors.index.json"
    if index.exists():
        for tensor, file in json.loads(index.read_text())["weight_map"].items():
            yield tensor, folder / file
        return
    file = folder / "model.safetensors"
    if not file.exists():
        raise FileNotFoundError(f"{folder} has no model.safetensors (nor its index of shards).")
    with safe_open(file, framework="pt") as f:
        for tensor in f.keys():
            yield tensor, file
