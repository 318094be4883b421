"""Answers to puzzle 10 as people write them."""

from __future__ import annotations

import torch

from tests.checks.bank import Bank

# --- 10.1 how long is a row -----------------------------------------------------------------------------------------


def in_torch(W):
    return torch.linalg.norm(W, dim=1).mean()


def by_hand(W):
    return sum(row.square().sum() ** 0.5 for row in W).item() / len(W)


def in_numpy(W):
    return ((W.numpy() ** 2).sum(1) ** 0.5).mean()


def rms(W):
    return (W**2).sum(1).mean() ** 0.5


def length_of_mean(W):
    return W.mean(0).norm().item()


def columns(W):
    return torch.linalg.norm(W, dim=0).mean()


def squared(W):
    return (W**2).sum(1).mean()


def of_the_matrix(W):
    return W.norm()


BANK = {  # TODO: at least three right and five wrong answers to each exercise, every named mistake among them
    "10.1": Bank(
        right=[in_torch, by_hand, in_numpy],
        wrong=[
            (rms, "the root mean square"),
            (length_of_mean, "the length of the mean"),
            (columns, "the columns' lengths"),
            (squared, None),
            (of_the_matrix, None),
        ],
    ),
}
