"""Text to train on that every machine already has: the source of Python's own standard library."""

from __future__ import annotations

import hashlib
import json
import sysconfig
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import torch
from jaxtyping import Int
from tokenizers import Tokenizer
from torch import Tensor

LICENCE = "Python Software Foundation License, version 2 (PSF-2.0)"  # of that text

# Tables rather than language, or tests: left out so that a small model's few million tokens are ordinary code.
SKIPPED = {"site-packages", "test", "tests", "idle_test", "encodings", "pydoc_data", "__pycache__"}


def stdlib_files() -> list[Path]:
    """Every module of this interpreter's standard library, in a stable order."""
    root = Path(sysconfig.get_path("stdlib"))
    return sorted(p for p in root.rglob("*.py") if not SKIPPED & set(p.relative_to(root).parts))


def is_held_out(path: Path) -> bool:
    """One file in twenty, chosen by its name, so that the split is the same on every machine."""
    root = Path(sysconfig.get_path("stdlib"))
    return hashlib.sha256(path.relative_to(root).as_posix().encode()).digest()[0] % 20 == 0


def stdlib_text() -> tuple[list[str], list[str]]:
    """The standard library's source as (training texts, held-out texts), one string a file."""
    train, held_out = [], []
    for path in stdlib_files():
        (held_out if is_held_out(path) else train).append(path.read_text(encoding="utf-8", errors="replace"))
    return train, held_out


END = "<|endoftext|>"
TOKENIZER = Path(__file__).parents[1] / "standins" / "mini-neo" / "tokenizer.json"


@dataclass(frozen=True)
class Text:
    """Token ids to train on and to test on, each file followed by the end-of-text token."""

    train: Int[Tensor, " n"]
    held_out: Int[Tensor, " m"]
    tokenizer: Tokenizer

    @property
    def counts(self) -> Int[Tensor, " d_vocab"]:
        """How often each token occurs in the training text."""
        return torch.bincount(self.train, minlength=self.tokenizer.get_vocab_size())

    @property
    def entropy(self) -> float:
        """Of these frequencies, in nats: the loss of a model that knows how frequent each token is, and no more."""
        return torch.distributions.Categorical(self.counts.double()).entropy().item()


def encode(tokenizer: Tokenizer, texts: list[str]) -> Int[Tensor, " n"]:
    """All texts in one row of token ids, each followed by the end-of-text token."""
    end = tokenizer.token_to_id(END)
    return torch.tensor([i for e in tokenizer.encode_batch(texts) for i in (*e.ids, end)])


def tokenizer_for(d_vocab: int) -> Tokenizer:
    """The stand-ins' byte-level BPE with only its first merges: what training for `d_vocab` tokens would have given."""
    spec = json.loads(TOKENIZER.read_text(encoding="utf-8"))
    vocab, merges = spec["model"]["vocab"], spec["model"]["merges"]
    if not len(vocab) - len(merges) <= d_vocab <= len(vocab):
        raise ValueError(f"d_vocab must lie between {len(vocab) - len(merges)} and {len(vocab)}; got {d_vocab}.")
    spec["model"]["vocab"] = {token: i for token, i in vocab.items() if i < d_vocab}
    spec["model"]["merges"] = merges[: d_vocab - (len(vocab) - len(merges))]  # one new token a merge, in order
    return Tokenizer.from_str(json.dumps(spec))


@cache
def tokens_for(d_vocab: int) -> Text:
    """The standard library in tokens of a vocabulary of `d_vocab`."""
    tokenizer = tokenizer_for(d_vocab)
    train, held_out = stdlib_text()
    return Text(encode(tokenizer, train), encode(tokenizer, held_out), tokenizer)
