"""GPT-J's embedding bias: a double in published numbers, and the embedding itself where the hub has it by itself."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import normalize

from zeropoint import models
from zeropoint.models import hub

NAME = "EleutherAI/gpt-j-6b"
DOUBLE = f"a double with GPT-J's published norms {models.DOUBLE}"
D_MODEL = 4096

# Rumbelow & Watkins, SolidGoldMagikarp: norms of glitch tokens (1.740 to 1.747), and of all tokens, with their spread.
UNTRAINED_NORM, NORM, NORM_SPREAD = 1.7435, 1.988, 0.024


def double(trained: int = 3000, untrained: int = 100, seed: int = 0) -> Float[Tensor, "n d"]:
    """A bias in every row, and in the trained ones a part of their own at random: norms as published, all else assumed.

    Never-trained rows come last and are the bias, up to a hundredth part: the published ones differ by as little.
    """
    generator = torch.Generator().manual_seed(seed)
    bias = UNTRAINED_NORM * normalize(torch.randn(D_MODEL, generator=generator), dim=0)
    own = torch.randn(trained + untrained, D_MODEL, generator=generator)
    own = normalize(own - (own @ bias)[:, None] * bias / bias.square().sum(), dim=1)
    norms = NORM + NORM_SPREAD * torch.randn(trained, generator=generator)
    lengths = (norms.square() - UNTRAINED_NORM**2).sqrt()
    return bias + torch.cat([lengths, torch.full((untrained,), 0.01 * UNTRAINED_NORM)])[:, None] * own


def embedding() -> tuple[Float[Tensor, "n d"] | None, str, str]:
    """(rows of GPT-J's own embedding, one in ten, or None; its label; a sentence: what was read, or why nothing was).

    Only the embedding's byte range is read. Pickled weights could only come whole, all 24 GB: those are left alone.
    """
    if models.mode() == "standin" or not hub.has_tensor(NAME):
        return None, NAME, "The hub is away or not wanted, so GPT-J itself is not read, and its forecast stays open."
    try:
        commit = models.find(NAME, weights=False).folder.name
        if not hub.tensor_names(NAME, commit)[0]:
            said = f"{NAME} is pickled on this hub: its embedding cannot be read alone, so its forecast stays open."
            return None, NAME, said
        found = models.load_embedding(NAME)
    except (hub.HubError, ValueError) as error:
        return None, NAME, f"GPT-J is not read, and its forecast stays open: {error}"
    said = f"{found.label}: one row in ten, {found.bytes_moved:,} bytes moved."
    return found.W[::10].float(), found.label, said
