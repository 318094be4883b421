"""What puzzle 01 shows once its exercises are solved: controls that control, and who holds the mean."""

from __future__ import annotations

import pytest
import torch

from zeropoint import models
from zeropoint.puzzles.p01 import look


def planted():
    """Unequal amounts of one vector: the widest direction of what is left is all but the mean's own."""
    draw = torch.randn(2000, 20, generator=torch.Generator().manual_seed(0))
    amounts = torch.linspace(0.2, 1.8, 2000)[:, None]
    return draw + 20 * amounts * torch.ones(20) / 20**0.5


@pytest.mark.parametrize("name", ["mini-neo", "mini-gpt2", "planted"])
def test_the_means_of_others_take_the_cosine_away_and_the_controls_do_not(name):
    """The widest direction of all was no control: it is nearly the mean's, and took six sevenths of mini-gpt2's cosine."""
    W = planted() if name == "planted" else models.load_embedding(name).W.float()
    row = look.taken_away({"it": W})["it"]
    plain = row["mean cosine"]
    assert abs(row["… half the tokens, less the other half's mean"]) < 0.05 * plain
    controls = [row[f"… projected out: {other}"] for other in ("a random direction", "widest at right angles to mean")]
    assert min(controls) > 0.95 * plain
    nearly_the_mean = row["|cosine| of this widest with the mean"]
    assert nearly_the_mean > 0.9 and row["… projected out: widest of what 1.3 leaves"] < 0.5 * plain


def test_who_has_least_tells_a_plain_case():
    rank = torch.linspace(-1, 1, 1000)[:, None]
    W = torch.randn(1000, 10, generator=torch.Generator().manual_seed(0)) * 0.1 + torch.ones(10)
    assert look.who_has_least(W) == "neither"
    assert look.who_has_least(W * (1 + 0.5 * rank)) == "the frequent"
    assert look.who_has_least(W * (1 - 0.5 * rank)) == "the rare"
