"""From a name or a folder to a labelled model, or to its embedding alone.

    load("EleutherAI/gpt-neo-125M")   the hub, if it answers; else the stand-in mini-neo, and the label says so
    load("stanford-crfm/alias-gpt2-small-x21@checkpoint-400")   one revision of a model on the hub
    load("path/to/folder")            any Hugging Face folder
    load("mini-neo")                  the stand-in itself

ZEROPOINT_MODELS=auto (default) asks the hub with a probe of at most three seconds and falls back on the stand-ins;
`hub` never falls back; `standin` never asks. ZEROPOINT_PAIR="A,B" runs the series on two other models.
"""

from __future__ import annotations

import contextlib
import copy
import ctypes
import gc
import json
import os
import re
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from jaxtyping import Float
from torch import Tensor

from zeropoint.geometry import is_finite
from zeropoint.models import architecture, checkpoint, hub
from zeropoint.models.processing import process
from zeropoint.models.weights import FolderWeights, RemoteWeights, Weights

if TYPE_CHECKING:
    from transformer_lens.model_bridge import TransformerBridge
    from transformers import PreTrainedTokenizerBase

PAIR = ("EleutherAI/gpt-neo-125M", "gpt2")
DOUBLE = "[test double]"
LARGE = 50_000_000  # parameters
STAND_INS = {"mini-neo": "EleutherAI/gpt-neo-125M", "mini-gpt2": "gpt2"}
ALIASES = {"openai-community/gpt2": "gpt2"}  # the hub's own names for the same models


@dataclass(frozen=True)
class Found:
    """Where a model was found: `again` loads it again, `source` is hub, folder or stand-in.

    A test double stands in for a published model in our tests, under its name; nothing that a reader sees omits that.
    """

    name: str
    source: str
    folder: Path

    @property
    def published_as(self) -> str:
        """The published model that this is or stands in for: "gpt2" for mini-gpt2. Empty for a folder, whatever its name."""
        name = STAND_INS.get(self.name, self.name)
        return "" if self.source == "folder" else ALIASES.get(name.lower(), name)

    @property
    def is_double(self) -> bool:
        return bool(_config(self.folder).get("zeropoint_test_double"))

    @property
    def again(self) -> str | Path:
        """What `load` and `load_embedding` take to find it again: of a folder, the name alone would not do."""
        return self.folder if self.source == "folder" else self.name

    @property
    def title(self) -> str:
        return f"{self.name} {DOUBLE}" if self.is_double else self.name

    def label(self, basis: str = "raw") -> str:
        return f"{self.title} ({basis}, {self.source})"


@dataclass(frozen=True)
class LoadedModel:
    """A model with the label that every figure and table about it carries; its TransformerBridge is built at first use.

    The bridge shares the memory of its raw weights with `plain`, and so it costs seconds, not gigabytes. `tokenizer` is
    as it was saved; the bridge has one of its own, which begins a text with a token.
    """

    found: Found
    plain: torch.nn.Module  # the Hugging Face model, with the raw weights
    tokenizer: PreTrainedTokenizerBase
    processed: bool = False

    @property
    def bridge(self) -> TransformerBridge:
        """Raises ValueError if TransformerLens cannot build it, or process it."""
        return self._bridge_and_basis[0]

    @property
    def basis(self) -> str:
        """ "raw", "processed" as HookedTransformer.from_pretrained did, or which part of that was done."""
        return self._bridge_and_basis[1] if self.processed else "raw"

    @cached_property
    def _bridge_and_basis(self) -> tuple[TransformerBridge, str]:
        bridge = _bridge_of(self)
        basis = process(bridge, self.found.title) if self.processed else "raw"
        return bridge, basis

    @property
    def label(self) -> str:
        return self.found.label(self.basis)

    @property
    def source(self) -> str:
        return self.found.source

    # Copies, so that an in-place slip in a notebook cannot damage the model.
    @property
    def W_E(self) -> Float[Tensor, "d_vocab d_model"]:
        W_E = self.bridge.W_E if self.processed else self.plain.get_input_embeddings().weight
        return W_E.detach().clone()

    @property
    def W_pos(self) -> Float[Tensor, "n_ctx d_model"]:
        """The learned position embedding, added to the tokens'. AttributeError if the model has none: `has_W_pos`."""
        if not self.has_W_pos:
            raise AttributeError(
                f"{self.label} adds no position embedding (rotary, ALiBi or none at all), so it has no W_pos; "
                "ask `has_W_pos` first."
            )
        return self.bridge.W_pos.detach().clone()

    @property
    def W_U(self) -> Float[Tensor, "d_model d_vocab"]:
        return self.bridge.W_U.detach().clone()

    # What an argument may ask of the model that ran; all of them about the raw weights.
    @property
    def is_large(self) -> bool:
        """Does a thousand tokens of text take it seconds on a CPU? Notebooks then let it read less."""
        return sum(p.numel() for p in self.plain.parameters()) > LARGE

    @property
    def is_tied(self) -> bool:
        """Is the output matrix the token embedding? The values decide, whatever config.json says."""
        output = self.plain.get_output_embeddings()
        return output is not None and torch.equal(output.weight, self.plain.get_input_embeddings().weight)

    @property
    def has_W_pos(self) -> bool:
        """Is a learned position embedding added to the tokens'? No with rotary positions and ALiBi."""
        try:
            return self.bridge.W_pos is not None
        except AttributeError:
            return False

    @property
    def norm(self) -> str:
        """Either "LayerNorm", which subtracts the mean over d_model, or "RMSNorm", which does not."""
        return "RMSNorm" if any("RMSNorm" in type(m).__name__ for m in self.plain.modules()) else "LayerNorm"


@dataclass(frozen=True)
class Embedding:
    """A token embedding (or output matrix) read from the weights, without building the model; always the raw basis."""

    W: Float[Tensor, "d_vocab d_model"]
    found: Found
    tensor_name: str
    bytes_moved: int = 0  # over the network, for this call
    d_residual: int | None = None  # the residual stream's width, where the config says it

    @property
    def basis(self) -> str:
        """ "raw"; it says so if the embedding is factorised, a narrower matrix before one that all tokens share."""
        d_model = self.W.shape[1]
        factorised = self.d_residual is not None and self.d_residual != d_model
        return f"raw, factorised: {d_model} of the residual stream's {self.d_residual}" if factorised else "raw"

    @property
    def label(self) -> str:
        return self.found.label(self.basis)

    @property
    def source(self) -> str:
        return self.found.source


def standin_folder(name: str) -> Path:
    """The folder of a stand-in shipped with this package."""
    return Path(__file__).parents[1] / "standins" / name


def mode() -> str:
    """ZEROPOINT_MODELS: auto, hub or standin."""
    value = os.environ.get("ZEROPOINT_MODELS", "auto")
    if value not in ("auto", "hub", "standin"):
        raise ValueError(f"ZEROPOINT_MODELS={value!r} is not one of auto, hub, standin; unset it for auto.")
    return value


def find(name_or_path: str | Path, revision: str | None = None, *, weights: bool = True) -> Found:
    """Decide which model `name_or_path` means here and have its files in a local folder.

    `weights=False` is content with the config.json of a model on the hub. The revision may be part of the name, after @.
    Raises FileNotFoundError for a folder without a config, hub.HubError when the hub was asked for and fails.
    """
    name = str(name_or_path)
    if name in STAND_INS:
        return Found(name, "stand-in", standin_folder(name))
    folder = Path(name).expanduser()
    if folder.is_dir() and not (isinstance(name_or_path, str) and _is_on_the_hub(name)):
        checkpoint.refuse_placeholders(folder)
        if (folder / "adapter_config.json").exists() and not (folder / "config.json").exists():
            raise FileNotFoundError(
                f"{name} holds an adapter (LoRA) and no model: load its base model, or merge the two first with peft's "
                "merge_and_unload and save_pretrained."
            )
        if not (folder / "config.json").exists():
            raise FileNotFoundError(f"{name} has no config.json: point at a folder saved by save_pretrained.")
        _config(folder)  # says so if it cannot be read
        return Found(folder.resolve().name, "folder", folder)
    if Path(name).is_absolute() or name.startswith(("./", "../", "~")):
        raise FileNotFoundError(f"There is no folder {name}.")
    repo, revision = _split(name, revision)
    standin = _standin_for(repo) if revision is None else None
    if mode() == "standin" or (
        mode() == "auto" and standin and not (hub.has if weights else hub.has_tensor)(repo, revision)
    ):
        if standin is None:
            raise FileNotFoundError(
                f"ZEROPOINT_MODELS=standin and there is no stand-in for {name}; only for {', '.join(PAIR)}."
            )
        return Found(standin, "stand-in", standin_folder(standin))
    folder = hub.fetch(repo, revision) if weights else hub.config_folder(repo, revision)
    return Found(repo if revision is None else f"{repo}@{revision}", "hub", folder)


def load(name_or_path: str | Path, *, processed: bool = False, revision: str | None = None) -> LoadedModel:
    """A model in float32 on the CPU, and its TransformerBridge through boot_transformers where that is used.

    The basis is raw: the weights as they were saved. With `processed=True` LayerNorm is folded into the next matrices,
    writing weights are centred over d_model and the unembedding over d_vocab, as HookedTransformer.from_pretrained did;
    the label says which of these were done. No code that comes with a model is run.
    Raises ValueError if the weights are damaged, lack a part of the model, are stored as codes, or hold NaN in W_E; if the
    model is no decoder that transformers knows; or if its tokenizer is not there.
    """
    if "transformer_lens" in sys.modules:  # before the first bridge nothing was held, and to ask takes a while
        free_memory()
    found = find(name_or_path, revision)
    model = LoadedModel(found, *_read(found), processed)
    if processed:  # its W_E is the bridge's
        _ = model.bridge
    return model


def _read(found: Found) -> tuple[torch.nn.Module, PreTrainedTokenizerBase]:
    """The Hugging Face model, without gradients, and the tokenizer; the errors of `load`."""
    # Imported here: seconds that `stats` and the embedding-only reads need not pay.
    from transformers import AutoModelForCausalLM
    from transformers.utils import logging

    logging.disable_progress_bar()
    # Each says in one sentence what is wrong, before anything large is read.
    config, weights = _config(found.folder), FolderWeights(found.folder)
    architecture.refuse_unknown(found.folder, config, found.title)
    architecture.refuse_codes(found.folder, weights, config, found.title)
    chosen = architecture.matrices(found.folder, weights, config, found.title)
    if not gc.get_freeze_count():
        # What was imported until now stays. Python would look through it for garbage again and again while a tokenizer's
        # tables grow, half of their time, and a figure's, and all that comes later.
        gc.freeze()
    tokenizer = _tokenizer(found, d_vocab=weights.entry(chosen.input).shape[0])
    plain, info = AutoModelForCausalLM.from_pretrained(
        found.folder,
        dtype=torch.float32,
        attn_implementation="eager",
        output_loading_info=True,
        ignore_mismatched_sizes=True,
        trust_remote_code=False,
    )
    # transformers would go on with random numbers in their place
    if absent := sorted(info["missing_keys"]) + sorted(name for name, *_ in info["mismatched_keys"]):
        raise ValueError(
            f"{found.folder} lacks {len(absent)} of the model's tensors, or has them in another shape "
            f"({', '.join(absent[:3])}): save it again with save_pretrained, or mend its config.json."
        )
    _finite(plain.get_input_embeddings().weight, "W_E", found)
    return plain.eval().requires_grad_(False), tokenizer


def _bridge_of(model: LoadedModel) -> TransformerBridge:
    """A new bridge on the memory of the model's weights. ValueError if TransformerLens has none for it."""
    from transformer_lens.model_bridge import TransformerBridge  # more seconds, that a first figure need not pay

    net = copy_sharing(model.plain).requires_grad_()  # a bridge takes the model's modules apart, and can be trained
    try:
        bridge = TransformerBridge.boot_transformers(str(model.found.folder), hf_model=net, device="cpu").eval()
    except Exception as error:  # it may be anything, by the architecture
        reason = (str(error).splitlines() or [""])[0] or type(error).__name__
        raise ValueError(
            f"TransformerLens cannot build a bridge for {model.found.title} ({reason}): its W_E and its Hugging Face "
            "model, `plain`, can be used; for the rest choose another."
        ) from None
    if not torch.equal(bridge.W_E, model.plain.get_input_embeddings().weight):
        raise ValueError(
            f"TransformerLens gives {model.found.title} another W_E than its weights hold: use `plain`, its Hugging Face model."
        )
    return bridge


def _tokenizer(found: Found, d_vocab: int) -> PreTrainedTokenizerBase:
    """The tokenizer, or ValueError or HubError; what a cache lacks of it is fetched from the hub.

    Without its files transformers makes up a tokenizer of an entry or two, so one of less than half of d_vocab is none.
    """
    tokenizer, problem = _read_tokenizer(found.folder, d_vocab)
    if tokenizer is None and found.source == "hub":
        try:
            hub.fetch_small(_split(found.name)[0], found.folder.name)
        except hub.HubError as error:
            raise hub.HubError(f"The tokenizer of {found.title} is not in the cache. {error}") from None
        tokenizer, problem = _read_tokenizer(found.folder, d_vocab)
    if tokenizer is None:
        raise ValueError(
            f"{found.title} has no tokenizer for its {d_vocab} tokens in {found.folder} ({problem}): "
            "save one there with tokenizer.save_pretrained."
        )
    return tokenizer


def _read_tokenizer(folder: Path, d_vocab: int) -> tuple[PreTrainedTokenizerBase | None, str]:
    """(the tokenizer, if there is one for so many tokens; else what went wrong)"""
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
        entries = len(tokenizer)
    except Exception as error:  # it may be anything, from a library of its own
        if "trust_remote_code" in str(error):
            return None, "it needs code of its own, which is never run here"
        lines = str(error).strip().splitlines() or [type(error).__name__]
        return None, lines[0]
    return (tokenizer, "") if 2 * entries >= d_vocab else (None, f"{entries} entries")


def copy_sharing(model: torch.nn.Module, dtype: torch.dtype | None = None) -> torch.nn.Module:
    """A copy of the modules on the same weights, which take no memory again; or on weights of another dtype."""
    kept = {id(p): torch.nn.Parameter(p.detach().to(dtype or p.dtype), requires_grad=False) for p in model.parameters()}
    return copy.deepcopy(model, kept)


def free_memory() -> None:
    """Give back what dropped models held: a bridge refers to itself, and glibc keeps freed blocks. Gigabytes, at true size."""
    gc.collect()
    with contextlib.suppress(OSError, AttributeError):  # elsewhere than on Linux
        ctypes.CDLL("libc.so.6").malloc_trim(0)


def load_pair(
    first: str | Path | None = None, second: str | Path | None = None, *, processed: bool = False
) -> tuple[LoadedModel, LoadedModel]:
    """The two models that a notebook compares, by name or folder. Prints which.

    Without arguments: the two of ZEROPOINT_PAIR="A,B", else GPT-Neo-125M and GPT-2 small, which both stand-ins replace
    where one of the two cannot be had. Stand-ins replace no other pair. Raises ValueError if these are not two models.
    """
    names = _two_names(first, second)
    found, stand_ins = [find(name) for name in names], [_standin_for(str(name)) for name in names]
    if set(stand_ins) == set(STAND_INS):
        if len({f.source for f in found}) > 1:  # never one of each
            found = [find(name) for name in stand_ins]
    elif replaced := [f"{f.name} for {name}" for name, f in zip(names, found, strict=True)
                      if f.source == "stand-in" and name not in STAND_INS]:  # fmt: skip
        raise ValueError(
            f"Only the stand-in {replaced[0]} could be had, and stand-ins replace only the pair {', '.join(PAIR)}; "
            f"give a folder, or ask for {replaced[0].split()[0]} itself."
        )
    if found[0].label() == found[1].label():
        raise ValueError(f"Both models are called {found[0].title}: give two models, in folders of different names.")
    pair = tuple(load(f.again, processed=processed) for f in found)
    print("Models: " + " and ".join(m.label for m in pair))
    if all(m.source == "stand-in" for m in pair):
        print("Stand-ins are small models trained for this series; they are not GPT-Neo or GPT-2.")
    return pair


def _two_names(first: str | Path | None, second: str | Path | None) -> tuple[str | Path, ...]:
    """The arguments of load_pair, else ZEROPOINT_PAIR, else PAIR."""
    if first is not None and second is not None:
        return first, second
    if first is not None or second is not None:
        raise ValueError("load_pair takes two models, or none; give the other one too.")
    names = tuple(name.strip() for name in os.environ.get("ZEROPOINT_PAIR", ",".join(PAIR)).split(","))
    if len(names) != 2 or not all(names):
        raise ValueError(
            f"ZEROPOINT_PAIR={','.join(names)!r} does not name two models with a comma between; unset it for {', '.join(PAIR)}."
        )
    return names


def load_embedding(name_or_path: str | Path, *, output: bool = False, revision: str | None = None) -> Embedding:
    """Read one matrix, [d_vocab, d_model], out of the weights; needs neither tokenizer nor the rest of the model.

    From the hub only that matrix is downloaded, and kept; `bytes_moved` says how much came. `output=True` gives the
    output matrix; of a tied model that is the input embedding, under its own name.
    Raises ValueError if there is no such matrix, or if it is damaged or holds NaN.
    """
    found = find(name_or_path, revision, weights=False)
    weights = _weights(found)
    chosen = architecture.matrices(found.folder, weights, _config(found.folder), found.title, output=output)
    tensor_name = chosen.input
    if output:
        if chosen.output is None:
            listed = architecture.candidates(found.folder, weights, _config(found.folder))
            raise ValueError(
                f"{found.title} has no output matrix among its {len(weights.names)} tensors (of d_vocab rows: "
                f"{', '.join(listed)}), and its config.json does not tie it to the token embedding."
            )
        # The values decide whether a model is tied, not the names in its file, and not its config.
        if chosen.output != chosen.input and not weights.same(chosen.output, chosen.input):
            tensor_name = chosen.output
    W = weights.read(tensor_name)
    _finite(W, tensor_name, found)
    return Embedding(W, found, tensor_name, weights.moved, chosen.d_residual)


def _weights(found: Found) -> Weights:
    """The tensors of a model: on the hub as long as they can be read one by one there, else in its folder."""
    if found.source == "hub" and not checkpoint.whole(found.folder):
        repo, commit = _split(found.name)[0], found.folder.name
        names, moved = hub.tensor_names(repo, commit)
        if names:
            return RemoteWeights(repo, commit, names, moved)
        local = FolderWeights(hub.fetch(repo, commit))  # pickled: no part of it can be read alone
        local.moved = sum(file.stat().st_size for file in local.files)
        return local
    return FolderWeights(found.folder)


def _standin_for(repo: str) -> str | None:
    repo = ALIASES.get(repo.lower(), repo)
    return next((s for s, real in STAND_INS.items() if real.lower() == repo.lower()), None)


def _is_on_the_hub(name: str) -> bool:
    """Is a model on the hub meant although a folder of this name is there? GPT-2 is not whatever lies in ./gpt2, and a
    folder without a model is none.
    """
    if _standin_for(name):
        return True
    files = ("config.json", "adapter_config.json", *checkpoint.WEIGHTS)
    return bool(re.fullmatch(r"[\w-][\w.-]*/?[\w.-]*", name)) and not any(
        map(os.path.lexists, (Path(name, f) for f in files))
    )


def _split(name: str, revision: str | None = None) -> tuple[str, str | None]:
    """("owner/model", "revision") from "owner/model@revision"."""
    repo, _, after = name.partition("@")
    return repo, revision or after or None


def _config(folder: Path) -> dict:
    file = folder / "config.json"
    try:
        config = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{file} is no JSON ({error}): copy or download it again.") from None
    if not isinstance(config, dict):
        raise ValueError(f"{file} holds a {type(config).__name__} and no settings by name: copy or download it again.")
    return config


def _finite(W: Tensor, what: str, found: Found) -> None:
    if not is_finite(W):
        bad = ~torch.isfinite(W).all(dim=-1)
        raise ValueError(
            f"{what} of {found.title} holds NaN or infinity in {int(bad.sum())} of {len(bad)} rows "
            f"(first: row {int(bad.nonzero()[0])}): the weights in {found.folder} are damaged; get them again."
        )
