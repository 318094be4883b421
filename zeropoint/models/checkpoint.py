"""Read single tensors out of a checkpoint folder: safetensors or pickled, in one file or in shards."""

from __future__ import annotations

import json
import pickle
import re
import zipfile
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

# In the order in which transformers looks for them.
WEIGHTS = ("model.safetensors", "model.safetensors.index.json", "pytorch_model.bin", "pytorch_model.bin.index.json")


def tensor_files(folder: Path) -> dict[str, Path]:
    """The file that holds each tensor. FileNotFoundError without weights, ValueError if they cannot be read."""
    for file in (folder / name for name in WEIGHTS):
        if file.exists():
            shards = _shards(file)
            if lacking := sorted(f for f in set(shards.values()) if not (folder / f).exists()):
                raise FileNotFoundError(
                    f"{folder} lacks {', '.join(lacking)}, which its {file.name} names: copy it there."
                )
            return {t: folder / f for t, f in shards.items()} if shards else dict.fromkeys(_names(file), file)
    raise FileNotFoundError(f"{folder} holds no weights: none of {', '.join(WEIGHTS)} is there.")


def whole(folder: Path) -> bool:
    """Are a configuration and all files of the weights there?"""
    weights = next((file for name in WEIGHTS if (file := folder / name).exists()), None)
    if weights is None or not (folder / "config.json").exists():
        return False
    return all((folder / shard).exists() for shard in set(_shards(weights).values()))


def read(file: Path, tensor: str) -> Tensor:
    """One tensor, read or mapped from its file without the others."""
    if file.suffix == ".bin":
        return _unpickle(file)[tensor].clone()
    try:
        with safe_open(file, framework="pt") as f:
            return f.get_tensor(tensor)
    except SafetensorError as error:
        raise _damaged(file, error) from None


def _shards(file: Path) -> dict[str, str]:
    """An index of shards as {tensor: file}; nothing for a file of weights."""
    if file.suffix != ".json":
        return {}
    try:
        return json.loads(file.read_text())["weight_map"]
    except (json.JSONDecodeError, KeyError) as error:
        raise _damaged(file, error) from None


def _names(file: Path) -> list[str]:
    if file.suffix == ".bin":
        return list(_unpickle(file))
    try:
        with safe_open(file, framework="pt") as f:
            return list(f.keys())
    except SafetensorError as error:
        raise _damaged(file, error) from None


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
    return state


def _damaged(file: Path, error: object) -> ValueError:
    reason = (str(error).splitlines() or [""])[0] or type(error).__name__
    return ValueError(f"{file} is damaged or cut short ({reason}): delete it and copy or download it again.")
