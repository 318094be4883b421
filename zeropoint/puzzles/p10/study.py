"""A model with all that 10 asks about its tokens: their rows, what is true of them, and the folds in which probes are judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Float, Int
from torch import Tensor

from zeropoint import streams
from zeropoint.claims import Estimate, exact, over
from zeropoint.models import LoadedModel
from zeropoint.puzzles.p10 import moves, probes, tokens

Said = dict[str, Float[Tensor, " n"]]  # of each property, what probes say of tokens that they did not see


@dataclass(frozen=True)
class Study:
    """Everything about the n readable tokens of one model."""

    model: LoadedModel

    @property
    def label(self) -> str:
        return self.model.label

    @cached_property
    def words(self) -> tokens.Vocabulary:
        return tokens.readable(self.model)

    @cached_property
    def X(self) -> Float[Tensor, "n d_model"]:
        """The rows of W_E."""
        return self.model.W_E[self.words.ids]

    @cached_property
    def initial(self) -> Float[Tensor, "n d_model"]:
        """The rows of the same architecture before training."""
        return streams.untrained(self.model).W_E.detach()[self.words.ids]

    @cached_property
    def rank(self) -> Float[Tensor, "n features"]:
        return tokens.rank_features(self.words)

    @cached_property
    def fold(self) -> Int[Tensor, " n"]:
        return probes.folds(len(self.words))

    @cached_property
    def length(self) -> Float[Tensor, " n"]:
        """Characters of each token."""
        return self.words.labels(tokens.characters)

    @cached_property
    def truth(self) -> Said:
        """The length, and the yes-or-no properties that enough tokens have."""
        return {"characters": self.length} | tokens.questions(self.words)

    def read(self, features: Float[Tensor, "n m"], truth: Said | None = None) -> Said:
        """What probes on these features say of each property, of tokens that they did not see."""
        truth = truth or self.truth
        y = torch.stack(list(truth.values()), dim=1)
        said = probes.held_out(features, y, self.fold)
        return dict(zip(truth, said.T, strict=True))

    def r_squared(self, said: Said, truth: Said | None = None) -> dict[str, Estimate]:
        """R² of each property on tokens not seen."""
        truth = truth or self.truth
        return {name: probes.r_squared(truth[name], said[name], self.fold) for name in said}

    def auc(self, said: Said) -> dict[str, Estimate]:
        """AUC of each yes-or-no property on tokens not seen."""
        asked = [name for name in said if name in tokens.YES_OR_NO]
        return {name: probes.auc(self.truth[name], said[name], self.fold) for name in asked}

    @cached_property
    def pairs(self) -> tuple[dict[str, Int[Tensor, "m 2"]], dict[str, int]]:
        """(the relations with enough pairs, the number of pairs of the others)"""
        return tokens.all_pairs(self.words)

    def differences(self, pairs: Int[Tensor, "m 2"]) -> Float[Tensor, "m d_model"]:
        return (self.X[pairs[:, 1]] - self.X[pairs[:, 0]]).double()

    def arrow(self, y: Float[Tensor, " n"]) -> Float[Tensor, " d_model"]:
        """How the mean row changes for one more of y, the yes-or-no properties staying as they are."""
        others = list(self.truth.values())[1:]
        return probes.direction(self.X, y, torch.stack(others, dim=1)).float()

    def move(self, sizes: list[int], draws: int = 4) -> moves.Comparison:
        """The last token of a text is moved along the length; along random directions and shuffled lengths' as far."""
        arrow, others = self.arrow(self.length), []
        for seed in range(draws):
            wrong = self.arrow(probes.shuffled(self.length, seed))
            others += [moves.like(arrow, wrong), moves.random_direction(arrow, seed)]
        return moves.compare(moves.Reader(self.model, self.words), arrow, others, sizes)


def shares(study: Study, draws: int = 5) -> dict[str, dict[str, Estimate]]:
    """Of each relation's differences, the share that the others' mean explains; the same for both controls."""
    found: dict[str, dict[str, Estimate]] = {"pairs of the relation": {}, "partners exchanged": {}, "random pairs": {}}
    for relation, pairs in study.pairs[0].items():
        found["pairs of the relation"][relation] = exact(probes.explained(study.differences(pairs)))
        controls = [tokens.controls(pairs, len(study.X), seed) for seed in range(draws)]
        for kind in ("partners exchanged", "random pairs"):
            values = [probes.explained(study.differences(drawn[kind])) for drawn in controls]
            found[kind][relation] = over(values, "draws")
    return found


def mean(of: Mapping[str, Estimate]) -> Estimate:
    """Over the relations."""
    return over([estimate.value for estimate in of.values()], "relations")


def left(part: Mapping[str, Estimate], whole: Mapping[str, Estimate]) -> Estimate:
    """What part of `whole` is left in `part`, over the relations."""
    return over([part[name].value / whole[name].value for name in whole], "relations")
