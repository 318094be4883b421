"""The held-out text, and its rows of tokens."""

from __future__ import annotations

import sysconfig
from pathlib import Path

import pytest

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
