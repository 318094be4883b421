"""The smaller vocabularies."""

import math
from types import SimpleNamespace

import pytest
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from zeropoint.tiny import corpus
from zeropoint.tiny.corpus import tokenizer_for


def test_a_truncated_tokenizer_is_the_smaller_tokenizer(monkeypatch, tmp_path):
    sentences = ["def read(self, size=-1):", "    return self.read_all(size)", "raise ValueError(size)"] * 3

    def trained(d_vocab: int) -> Tokenizer:
        tokenizer = Tokenizer(models.BPE())
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        tokenizer.decoder = decoders.ByteLevel()
        alphabet = pre_tokenizers.ByteLevel.alphabet()
        trainer = trainers.BpeTrainer(
            vocab_size=d_vocab, special_tokens=[corpus.END], initial_alphabet=alphabet, show_progress=False
        )
        tokenizer.train_from_iterator(sentences, trainer)
        return tokenizer

    (tmp_path / "tokenizer.json").write_text(trained(290).to_str())
    monkeypatch.setattr(corpus, "TOKENIZER", tmp_path / "tokenizer.json")
    small, expected = tokenizer_for(270), trained(270)
    assert small.get_vocab() == expected.get_vocab() and small.get_vocab_size() == 270
    for sentence in sentences:
        assert small.encode(sentence).ids == expected.encode(sentence).ids
    with pytest.raises(ValueError, match="between 257 and 290"):
        tokenizer_for(291)


def test_the_entropy_of_the_frequencies():
    """Four tokens equally frequent, and one that does not occur."""
    ids = torch.arange(4).repeat(3)
    text = corpus.Text(ids, ids[:0], SimpleNamespace(get_vocab_size=lambda: 5))
    assert text.counts.tolist() == [3, 3, 3, 3, 0] and text.entropy == pytest.approx(math.log(4))
