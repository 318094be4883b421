"""Read single tensors out of a checkpoint folder: safetensors or pickled, in one file or in shards."""

from __future__ import annotations

import json
import os
import pickle
import re
import zipfile
from pathlib import Path
from typing import NamedTuple

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

# In the order in which transformers looks for them.
WEIGHTS = ("model.safetensors", "model.safetensors.index.json", "pytorch_model.bin", "pytorch_model.bin.index.json")


class Entry(NamedTuple):
    """What a file says about a tensor: its dtype in the words of safetensors (F32, BF16, U8 …) and its shape."""

    dtype: str
    shape: tuple[int, ...]


def refuse_placeholders(folder: Path) -> None:
    """ValueError if a file of the folder only stands for one: a git-lfs pointer, or a link to what is gone."""
    for file in sorted(folder.iterdir()):
        if file.is_symlink() and not file.exists():
            raise ValueError(
                f"{file} is a link to {os.readlink(file)}, which is gone: copy or download the model again."
            )
        if file.is_file() and file.stat().st_size < 1024 and file.read_bytes().startswith(b"version https://git-lfs"):
            raise ValueError(f"{file} is a git-lfs pointer, not the file itself: run `git lfs pull` in {folder}.")


def tensor_files(folder: Path) -> dict[str, Path]:
    """The file that holds each tensor. FileNotFoundError without weights, ValueError if they cannot be read."""
    refuse_placeholders(folder)
    for file in (folder / name for name in WEIGHTS):
        if file.exists():
            shards = index(file) if file.suffix == ".json" else {}
            if lacking := sorted(f for f in set(shards.values()) if not (folder / f).exists()):
                raise FileNotFoundError(
                    f"{folder} lacks {', '.join(lacking)}, which its {file.name} names: copy it there."
                )
            held = {shard: _names(folder / shard) for shard in sorted(set(shards.values())) or [file.name]}
            for tensor, shard in shards.items():
                if tensor not in held[shard]:
                    raise ValueError(
                        f"{folder / shard} has no {tensor}, which {file.name} promises: the index is of other weights; "
                        "copy both again from where they came."
                    )
            if shards:
                return {tensor: folder / shard for tensor, shard in shards.items()}
            return dict.fromkeys(held[file.name], file)
    adapter = "; the LoRA adapter in it is no model by itself" if (folder / "adapter_config.json").exists() else ""
    raise FileNotFoundError(f"{folder} holds no weights: none of {', '.join(WEIGHTS)} is there{adapter}.")


def whole(folder: Path) -> bool:
    """Are a configuration and all files of the weights there, and no link to what is gone?"""
    weights = next((file for name in WEIGHTS if (file := folder / name).exists()), None)
    if weights is None or not (folder / "config.json").exists():
        return False
    if any(file.is_symlink() and not file.exists() for file in folder.iterdir()):
        return False
    return weights.suffix != ".json" or all((folder / shard).exists() for shard in index(weights).values())


def read(file: Path, tensor: str) -> Tensor:
    """One tensor, read or mapped from its file without the others. ValueError if it is no matrix."""
    if file.suffix == ".bin":
        W = _unpickle(file)[tensor]
    else:
        try:
            with safe_open(file, framework="pt") as f:
                W = f.get_tensor(tensor)
        except SafetensorError as error:
            raise _damaged(file, error) from None
    if W.ndim != 2:
        raise ValueError(f"{tensor} in {file} is no matrix: its shape is {tuple(W.shape)}.")
    return W.clone() if file.suffix == ".bin" else W


def entries(file: Path) -> dict[str, Entry]:
    """What one file of weights holds, by tensor."""
    if file.suffix == ".bin":
        return {name: Entry(_word(t.dtype), tuple(t.shape)) for name, t in _unpickle(file).items()}
    try:
        with safe_open(file, framework="pt") as f:
            slices = {name: f.get_slice(name) for name in f.keys()}  # noqa: SIM118
            return {name: Entry(s.get_dtype(), tuple(s.get_shape())) for name, s in slices.items()}
    except SafetensorError as error:
        raise _damaged(file, error) from None


def _word(dtype: torch.dtype) -> str:
    """torch.bfloat16 → BF16; torch.int8 → I8."""
    return re.sub(r"torch\.(b?)([a-z])[a-z]*(\d*)", r"\1\2\3", str(dtype)).upper()


def index(file: Path) -> dict[str, str]:
    """An index of shards as {tensor: file}; ValueError if the file is none."""
    try:
        names = json.loads(file.read_text(encoding="utf-8"))["weight_map"]
        if not names or not all(isinstance(name, str) for name in names.values()):
            raise TypeError("its weight_map does not give a file for each tensor")
        return names
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise ValueError(f"{file} is no index of shards ({error}): delete it and copy or download it again.") from None


def _names(file: Path) -> list[str]:
    """The tensors of one file; ValueError if one is empty."""
    held = entries(file)
    if empty := [name for name, entry in held.items() if entry.shape == (0,) and name.endswith("weight")]:
        raise ValueError(
            f"{file} holds {len(empty)} empty tensors (first: {empty[0]}), as DeepSpeed's ZeRO-3 leaves them in one process's "
            "file: gather the weights with its zero_to_fp32.py."
        )
    return list(held)


def _unpickle(file: Path) -> dict[str, Tensor]:
    """A pickled state dictionary through torch's weights-only unpickler, and nothing looser."""
    zipped = zipfile.is_zipfile(file)  # as torch saves since 1.6; only such files can be mapped
    with file.open("rb") as f:
        if f.read(2) == b"PK" and not zipped:
            raise _damaged(file, "the end of the archive is missing")
    try:
        state = torch.load(file, map_location="cpu", weights_only=True, mmap=zipped)
    except pickle.UnpicklingError as error:
        lines = [line.strip(" .") for line in str(error).splitlines() if re.search("(?i)unsupported|unpickler", line)]
        raise ValueError(
            f"{file} is refused by torch's weights-only unpickler ({lines[0] if lines else 'no plain tensors'}): it could "
            "run code when it is read otherwise; look for a safetensors copy of this model."
        ) from None
    except (RuntimeError, EOFError, LookupError, UnicodeError) as error:
        raise _damaged(file, error) from None
    if not isinstance(state, dict) or not all(isinstance(v, Tensor) for v in state.values()):
        raise ValueError(f"{file} is no state dictionary (names to tensors): save the model with save_pretrained.")
    if sparse := [name for name, tensor in state.items() if tensor.layout != torch.strided]:
        raise ValueError(f"{file} holds {sparse[0]} as a sparse tensor: save it after `.to_dense()`.")
    return state


def _damaged(file: Path, error: object) -> ValueError:
    reason = (str(error).splitlines() or [""])[0] or type(error).__name__
    return ValueError(f"{file} is damaged or cut short ({reason}): delete it and copy or download it again.")
