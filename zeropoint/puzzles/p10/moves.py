"""Move the token that a model reads last along a direction, and see what it predicts next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from zeropoint.claims import Estimate, over
from zeropoint.models import LoadedModel
from zeropoint.puzzles.p10 import tokens
from zeropoint.streams import sequences


@dataclass(frozen=True)
class Predicted:
    """What the next-token distribution says, one number a context."""

    space: Float[Tensor, " count"]  # probability that the next token begins with a space
    characters: Float[Tensor, " count"]  # expected length of the next token, of those that are readable
    log_probs: Float[Tensor, "count d_vocab"]


class Reader:
    """A model that reads contexts of held-out text whose last token is readable, that token moved by some vector."""

    def __init__(self, model: LoadedModel, vocabulary: tokens.Vocabulary, length: int = 12):
        rows = sequences(model.tokenizer, 48 if model.is_large else 192, length)
        self.model, self.ids = model, rows[torch.isin(rows[:, -1], vocabulary.ids)]
        self.readable = torch.zeros(vocabulary.of)
        self.readable[vocabulary.ids] = 1
        self.length, self.starts = torch.zeros(vocabulary.of), torch.zeros(vocabulary.of)
        self.length[vocabulary.ids] = vocabulary.labels(tokens.characters).float()
        self.starts[vocabulary.ids] = vocabulary.labels(lambda text: text.startswith(" ")).float()

    @torch.no_grad()
    def predict(self, move: Float[Tensor, " d_model"]) -> Predicted:
        """The predictions after the last token, whose embedding is moved by `move` and no other's."""

        def shift(embedded, hook):
            embedded = embedded.clone()
            embedded[:, -1] += move.to(embedded)
            return embedded

        parts = []
        for rows in self.ids.split(32):
            logits = self.model.bridge.run_with_hooks(rows, fwd_hooks=[("hook_embed", shift)])
            parts.append(logits[:, -1].float().log_softmax(-1))
        log_probs = torch.cat(parts)
        p = log_probs.exp()
        readable = p @ self.readable
        return Predicted(p @ self.starts, p @ self.length / readable, log_probs)


def kl(before: Predicted, after: Predicted) -> float:
    """KL(before ‖ after), mean over the contexts, in nats."""
    p = before.log_probs.exp()
    return (p * (before.log_probs - after.log_probs)).sum(-1).mean().item()


def change(before: Float[Tensor, " count"], after: Float[Tensor, " count"]) -> Estimate:
    """Of one quantity, over the contexts."""
    return over((after - before).tolist(), "contexts")


def like(move: Float[Tensor, " d"], other: Float[Tensor, " d"]) -> Float[Tensor, " d"]:
    """`other`'s direction at the size of `move`."""
    return other * (move.norm() / other.norm())


def random_direction(move: Float[Tensor, " d"], seed: int) -> Float[Tensor, " d"]:
    """Any direction, at the size of `move`."""
    generator = torch.Generator().manual_seed(seed)
    return like(move, torch.randn(len(move), generator=generator, dtype=move.dtype))


@dataclass(frozen=True)
class Comparison:
    """What moving along one direction does, beside moving as far along others.

    By quantity, a field of `Predicted`: "characters" or "space".
    """

    by_size: dict[str, dict[str, dict[int, Estimate]]]  # quantity, kind of move, size: change
    rise: dict[str, Estimate]  # from the lowest size to the highest, along the direction
    beyond: dict[str, float]  # size of that rise in units of the largest of the others'
    kl: float  # from the lowest size to the highest, in units of the largest of the others'


def compare(
    reader: Reader, arrow: Float[Tensor, " d"], others: Sequence[Float[Tensor, " d"]], sizes: Sequence[int]
) -> Comparison:
    """Move along `arrow` by each size, and along the others, which are as long, by the lowest and the highest.

    Along the arrow the intervals are over contexts, along the others over directions.
    """
    before = reader.predict(torch.zeros_like(arrow))
    along = {size: reader.predict(size * arrow) for size in sizes}
    low, high = sizes[0], sizes[-1]
    aside = {size: [reader.predict(size * other) for other in others] for size in (low, high)}
    by_size, rise, beyond = {}, {}, {}
    for quantity in ("characters", "space"):
        at_rest = getattr(before, quantity)
        means = {size: [(getattr(p, quantity) - at_rest).mean().item() for p in draws] for size, draws in aside.items()}
        by_size[quantity] = {
            "along the length": {size: change(at_rest, getattr(p, quantity)) for size, p in along.items()},
            "other directions, as far": {size: over(values, "directions") for size, values in means.items()},
        }
        rise[quantity] = change(getattr(along[low], quantity), getattr(along[high], quantity))
        others_rise = [abs(b - a) for a, b in zip(means[low], means[high], strict=True)]
        beyond[quantity] = abs(rise[quantity].value) / max(others_rise)
    apart = [kl(a, b) for a, b in zip(aside[low], aside[high], strict=True)]
    return Comparison(by_size, rise, beyond, kl(along[low], along[high]) / max(apart))
