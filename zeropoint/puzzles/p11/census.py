"""Who is in a vocabulary: how often each token occurs in the training text, where that is known, and which surely never do."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from zeropoint import models
from zeropoint.streams.text import shown, token_texts
from zeropoint.tiny.corpus import tokens_for

# Bytes that stand in no UTF-8 text (RFC 3629), as `token_texts` writes a byte that makes no character.
IMPOSSIBLE = {bytes([b]).decode("utf-8", "surrogateescape") for b in (0xC0, 0xC1, *range(0xF5, 0x100))}
ENOUGH = 3  # of them make a reference


@dataclass(frozen=True)
class Census:
    """A model's matrices with what is known of each token's life. `W_out` is W_U turned: one row a token."""

    label: str
    W: Float[Tensor, "d_vocab d_model"]  # read: W_E
    W_out: Float[Tensor, "d_vocab d_model"]  # scored
    tied: bool
    tokenizer: Any
    counts: Int[Tensor, " d_vocab"] | None  # in the training text; None: nobody here knows
    sure: Int[Tensor, " sure"]  # never met, by what they are; chosen without counts

    @cached_property
    def never(self) -> Bool[Tensor, " d_vocab"]:
        """Never met in training: by count, where the counts are known, else the sure ones alone."""
        if self.counts is not None:
            return self.counts == 0
        return torch.zeros(len(self.W), dtype=torch.bool).index_fill(0, self.sure, True)

    @property
    def known(self) -> str:
        """In a sentence, how much is known."""
        if self.counts is None:
            return f"{self.label}: counts unknown; {len(self.sure)} of {len(self.W)} tokens are unused by what they are"
        few = (self.counts <= 2).sum() - self.never.sum()
        said = f"{self.never.sum()} of {len(self.W)} tokens never occur in its training text"
        return f"{self.label}: {said}, {few} once or twice; {len(self.sure)} are surely never met"

    @cached_property
    def texts(self) -> list[str]:
        """What each token adds to a text."""
        return token_texts(self.tokenizer, len(self.W))

    def shown(self, tokens: Tensor) -> list[str]:
        """Some tokens' texts, safe to print."""
        return [shown(self.texts[token]) for token in tokens.tolist()]


def census(model: models.LoadedModel) -> Census:
    """What is known of a loaded model's tokens."""
    W, W_out = model.W_E, model.W_U.T
    counts = tokens_for(len(W)).counts if model.found.name in models.STAND_INS else None
    sure = surely_unused(model.tokenizer, len(W))
    return Census(model.label, W, W_out, model.is_tied, model.tokenizer, counts, sure)


def surely_unused(tokenizer, d_vocab: int) -> Int[Tensor, " sure"]:
    """Ids that no training text holds: bytes that no UTF-8 text has, and rows without a token. Where these are fewer than
    three, tokens that were added by hand and have no job (`<file_sep>`): likely unused, not surely."""
    named = set(tokenizer.get_vocab().values())
    texts = token_texts(tokenizer, d_vocab)
    found = [i for i in range(d_vocab) if i not in named or texts[i] in IMPOSSIBLE]
    if len(found) < ENOUGH:
        jobs = {tokenizer.bos_token_id, tokenizer.eos_token_id, tokenizer.pad_token_id, tokenizer.unk_token_id}
        found = sorted({i for i in tokenizer.added_tokens_decoder if i < d_vocab} - jobs)
    return torch.tensor(found, dtype=torch.long)
