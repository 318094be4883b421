"""What a task hands out waits with it: title, hints; and an answer that is drawn is told so."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.checks import bank_06
from zeropoint.desk import hint, task
from zeropoint.desk.checking import verdict
from zeropoint.desk.exercise import find, of_puzzle, puzzles

GATED = [e for p in puzzles() for e in of_puzzle(p) if e.task]


@pytest.mark.parametrize("exercise", GATED, ids=lambda e: e.id)
def test_hints_and_title_wait_for_the_task(exercise, capsys):
    hint(exercise.id)
    said = capsys.readouterr().out
    assert "its hints wait with its task" in said and exercise.title not in said
    assert not any(text in said for text in exercise.hints)
    task(exercise.id, now=True)
    hint(exercise.id)
    assert exercise.hints[0] in capsys.readouterr().out


def with_torch(n, d, sigma):
    W = sigma * torch.randn(200, d)
    return W.norm(dim=1).mean(), W.mean(0).norm() * (200 / n) ** 0.5, 1 / d**0.5


def with_numpy(n, d, sigma):
    return float(np.random.normal(0, sigma, d).std() * d**0.5), sigma * (d / n) ** 0.5, 1 / d**0.5


@pytest.mark.parametrize("answer", [with_torch, with_numpy])
def test_a_simulated_answer_is_told_that_it_draws(answer):
    found = verdict(find("3.1"), answer)
    assert found.state == "failed" and "draws at random" in found.sentence


def test_a_mean_over_pairs_that_were_drawn_is_told_so():
    """ "Draw two tokens" invites it."""
    found = verdict(find("6.1"), bank_06.drawn)
    assert found.state == "failed" and "draws at random" in found.sentence


def test_a_wrong_answer_that_draws_nothing_is_not():
    assert "draws" not in verdict(find("3.1"), lambda n, d, sigma: (1.0 * n, 1.0 * d, sigma)).sentence
