"""Text and tokens: the committed text that a model reads, what each token adds to a text, and how a token is shown.

The text is held-out files of Python's standard library, cut into rows of tokens.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
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

    Rows begin wherever the cut falls and get no beginning-of-text token: each begins with a token of the text. Raises
    ValueError where the text has fewer tokens.
    """
    # A bridge's tokenizer would put a beginning-of-text token first, an encoder's one at either end.
    text = "".join(held_out_text().values())
    ids = torch.tensor(tokenizer(text, verbose=False, add_special_tokens=False)["input_ids"])
    if count * length > len(ids):
        raise ValueError(f"The held-out text has {len(ids)} of these tokens: too few for {count} rows of {length}.")
    starts = torch.linspace(0, len(ids) - length, count).long()
    return ids[starts[:, None] + torch.arange(length)]


def token_texts(tokenizer, count: int) -> list[str]:
    """What each of the first `count` tokens adds to a text, leading space included, by the tokenizer's own decoding.

    A token may hold bytes that make no character by themselves: each is then a surrogate, as `surrogateescape` has it.
    A row without a token (a vocabulary that was padded) has the text "".
    """
    anchor = tokenizer("a", add_special_tokens=False)["input_ids"][-1]  # alone, some tokenizers drop a leading space
    known = min(count, len(tokenizer))
    both = [[anchor, i] for i in range(known)]
    decoded = tokenizer.batch_decode(both, skip_special_tokens=False, clean_up_tokenization_spaces=False)
    before = tokenizer.decode([anchor], clean_up_tokenization_spaces=False)
    texts = [text.removeprefix(before) for text in decoded]
    broken = [i for i, text in enumerate(texts) if "\N{REPLACEMENT CHARACTER}" in text]
    for i, entry in zip(broken, tokenizer.convert_ids_to_tokens(broken), strict=True):
        if (found := _bytes_of(entry)) is not None:
            texts[i] = found.decode("utf-8", "surrogateescape")
    return texts + [""] * (count - known)


def _bytes_of(entry: str) -> bytes | None:
    """The bytes of a vocabulary entry, as byte-level BPE (Ġthe) or sentencepiece (<0xE2>) writes them; None: of neither."""
    if match := re.fullmatch(r"<0x([0-9A-F]{2})>", entry):
        return bytes.fromhex(match[1])
    # Byte-level BPE writes a byte that prints as itself, and the others, in their order, as the characters from 256 on.
    prints = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    others = [byte for byte in range(256) if byte not in prints]
    written = {chr(byte): byte for byte in prints} | {chr(256 + k): byte for k, byte in enumerate(others)}
    return bytes(written[c] for c in entry) if all(c in written for c in entry) else None


def word_pairs(vocabulary: Mapping[str, int], spelt: Callable[[str], tuple[str, str]], most: int) -> Int[Tensor, "n 2"]:
    """Ids of two spellings of a word, `spelt(word)`, where both are tokens: the `most` pairs with the lowest numbers, which
    are the frequent ones. A leading space is written Ġ; words are lower-case ASCII of three letters or more.
    """
    words = {token.removeprefix("Ġ") for token in vocabulary}
    words = [w for w in words if len(w) > 2 and w.isascii() and w.isalpha() and w.islower()]
    ids = [tuple(map(vocabulary.get, spelt(word))) for word in words]
    found = sorted((pair for pair in ids if None not in pair), key=lambda pair: (max(pair), pair))
    return torch.tensor(found[:most], dtype=torch.long).view(-1, 2)


def shown(token: str) -> str:
    """A token's text, in quotes, safe to print: what cannot be seen or would disturb the line is written by its number.

    That is control characters, marks that sit on what stands before them, letters that run from right to left, and bytes
    that make no character (<0xE2>).
    """
    return f"'{''.join(_safe(c) for c in token)}'"


def _safe(c: str) -> str:
    if "\udc80" <= c <= "\udcff":
        return f"<0x{ord(c) - 0xDC00:02X}>"
    if unicodedata.bidirectional(c) in ("R", "AL", "AN") or unicodedata.category(c).startswith("M"):
        return c.encode("unicode_escape").decode("ascii")
    return repr(c)[1:-1]
