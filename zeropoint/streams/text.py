"""The committed text that a model reads: held-out files of Python's standard library, cut into rows of tokens."""

from __future__ import annotations

from pathlib import Path

import torch
from jaxtyping import Int
from torch import Tensor

TEXT = Path(__file__).parents[1] / "data" / "held_out.txt"


def held_out_text() -> dict[str, str]:
    """The committed excerpts by file name: Python's standard library, PSF-2.0, no file of which a stand-in was trained on."""
    parts = TEXT.read_text(encoding="utf-8").split("\f")[1:]  # before the first form feed: the licence
    return {name: text for name, _, text in (part.partition("\n") for part in parts)}


def sequences(tokenizer, count: int = 64, length: int = 128) -> Int[Tensor, "count length"]:
    """The held-out text cut into `count` rows of `length` tokens, evenly spread over it.

    Rows begin wherever the cut falls and get no beginning-of-text token: each begins with a token of the text. Raises ValueError where the text has fewer tokens.
    """
    ids = torch.tensor(tokenizer("".join(held_out_text().values()), verbose=False)["input_ids"])
    if count * length > len(ids):
        raise ValueError(f"The held-out text has {len(ids)} of these tokens: too few for {count} rows of {length}.")
    starts = torch.linspace(0, len(ids) - length, count).long()
    return ids[starts[:, None] + torch.arange(length)]
