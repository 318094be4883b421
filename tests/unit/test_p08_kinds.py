"""08's head made by hand: swapping its two kinds changes nothing, silence does."""

from __future__ import annotations

import torch

from zeropoint.puzzles.p08 import kinds


def test_the_mean_never_occurs_and_the_reader_takes_both_kinds_alike():
    x = kinds.outputs(10)
    assert x.mean() == 0 and (x.abs() == 1).all()
    clean = kinds.predictions(x)
    assert torch.equal(clean, kinds.predictions(-x))
    silent = kinds.predictions(0 * x)
    assert (clean.exp() * (clean - silent)).sum(1).min() > 0.5
