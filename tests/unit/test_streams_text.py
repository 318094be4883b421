"""The held-out text, and its rows of tokens."""

from __future__ import annotations

import sysconfig
from pathlib import Path

import pytest
import torch
from transformers import AutoTokenizer

from zeropoint import models, streams
from zeropoint.streams.text import TEXT
from zeropoint.tiny.corpus import is_held_out


def test_the_text_is_held_out_and_says_its_licence():
    root = Path(sysconfig.get_path("stdlib"))
    names = list(streams.held_out_text())
    assert len(names) > 15 and all(is_held_out(root / name) for name in names)
    head = TEXT.read_text(encoding="utf-8").split("\f")[0]
    assert "PSF-2.0" in head and head not in "".join(streams.held_out_text().values())


def test_sequences():
    tokenizer = models.load("mini-gpt2").tokenizer
    rows = streams.sequences(tokenizer)
    assert rows.shape == (64, 128) and len(rows.unique(dim=0)) == 64
    assert len(rows[:, 0].unique()) > 20, "position 0 holds ordinary tokens"
    with pytest.raises(ValueError, match="too few"):
        streams.sequences(tokenizer, 1000)


def test_rows_are_of_the_text_alone_whoever_brings_the_tokenizer():
    """The bridge's tokenizer adds a beginning-of-text token unasked; the one in the folder does not."""
    bridges = models.load("mini-gpt2").bridge.tokenizer
    plain = AutoTokenizer.from_pretrained(models.standin_folder("mini-gpt2"))
    rows = streams.sequences(bridges, 8, 64)
    assert torch.equal(rows, streams.sequences(plain, 8, 64))
    text = "".join(streams.held_out_text().values())
    assert text.startswith(plain.decode(rows[0])) and text.endswith(plain.decode(rows[-1]))
    assert not torch.isin(rows, torch.tensor(plain.all_special_ids)).any()


def test_token_texts_are_what_the_tokens_add():
    tokenizer = models.load("mini-gpt2").tokenizer
    texts = streams.token_texts(tokenizer, len(tokenizer) + 2)
    ids = tokenizer(" def the(x):\n    return 1", add_special_tokens=False)["input_ids"]
    assert "".join(texts[i] for i in ids) == " def the(x):\n    return 1"
    assert texts[-2:] == ["", ""]  # rows of padding
    euro = tokenizer("€", add_special_tokens=False)["input_ids"]
    assert "".join(texts[i] for i in euro).encode("utf-8", "surrogateescape") == "€".encode()


def sentencepiece_like():
    """Words marked by ▁, and single bytes, as Llama's tokenizer has them; alone, a word loses its leading space."""
    from tokenizers import Tokenizer, decoders, models, normalizers
    from transformers import PreTrainedTokenizerFast

    entries = ["<unk>", *(f"<0x{b:02X}>" for b in range(256)), "▁", "▁a", "▁the", "the", "a"]
    core = Tokenizer(
        models.BPE({e: i for i, e in enumerate(entries)}, [("▁", "a")], unk_token="<unk>", byte_fallback=True)
    )
    core.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    parts = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    core.decoder = decoders.Sequence(parts)
    return PreTrainedTokenizerFast(tokenizer_object=core, unk_token="<unk>")


def test_token_texts_of_a_tokenizer_that_marks_spaces_otherwise():
    tokenizer = sentencepiece_like()
    texts = dict(
        zip(
            tokenizer.convert_ids_to_tokens(range(len(tokenizer))),
            streams.token_texts(tokenizer, len(tokenizer)),
            strict=True,
        )
    )
    assert (texts["▁the"], texts["the"], texts["▁a"], texts["a"]) == (" the", "the", " a", "a")
    assert texts["<0x41>"] == "A" and streams.shown(texts["<0xE2>"]) == "'<0xE2>'"


@pytest.mark.parametrize(
    "token, safe",
    [
        (" the", "' the'"),
        ("\x00\x1b[31m\n", r"'\x00\x1b[31m\n'"),
        ("\u05d0\u202e", r"'\u05d0\u202e'"),
        ("e\u0301", r"'e\u0301'"),
        ("\udce2\udc80", "'<0xE2><0x80>'"),
        ("é\\", r"'é\\'"),
        ("", "''"),
    ],
)
def test_a_token_is_shown_safely(token, safe):
    assert streams.shown(token) == safe
