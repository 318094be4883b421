"""What puzzle 01 shows once its exercises are solved: words in a table, so that none of them stands in the puzzle."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pandas as pd
import torch
from jaxtyping import Float
from torch import Tensor

from zeropoint import geometry
from zeropoint.geometry import Histogram
from zeropoint.models import LoadedModel

TAIL = 0.1  # share of pairs per unit of cosine: below it a few rows make a bin, and a sample may have none of them
A_TENTH = 0.1  # of what a token holds on average: less is no difference between frequent and rare


def within_band(samples: Mapping[str, Histogram], exact: Mapping[str, Histogram]) -> pd.DataFrame:
    """In which share of bins, a hundredth of cosine wide, all pairs lie within two standard errors of the sample."""
    rows = {}
    for name, sample in samples.items():
        sample, truth = sample.coarser(10), exact[name].coarser(10)
        close = (sample.density - truth.density).abs() <= 2 * sample.error
        body, tail = truth.density >= TAIL, (truth.density > 0) & (truth.density < TAIL)
        rows[name] = {
            "pairs sampled": sample.pairs,
            "all pairs": truth.pairs,
            "bins of the body in the band": close[body].double().mean().item(),
            "bins of the tails in the band": close[tail].double().mean().item(),
        }
    return pd.DataFrame(rows).T.astype({"pairs sampled": int, "all pairs": int}).round(2)


def taken_away(clouds: Mapping[str, Float[Tensor, "n d"]], moved: Callable[[Tensor], Tensor]) -> pd.DataFrame:
    """What becomes of the mean cosine without the mean (`moved`), and without another vector as long."""
    rows = {}
    for name, W in clouds.items():
        random = torch.randn(W.shape[1], generator=torch.Generator().manual_seed(0)).to(W)
        random *= geometry.mean(W).norm() / random.norm()
        rows[name] = {
            "mean cosine": geometry.mean_pairwise_cosine(W),
            "without the mean": geometry.mean_pairwise_cosine(torch.as_tensor(moved(W))),
            "control: without a random vector, as long": geometry.mean_pairwise_cosine(W - random),
            "median cosine of a token with the mean": geometry.cosine_with_mean(W).median().item(),
        }
    return pd.DataFrame(rows).T.round(4)


def held(W: Float[Tensor, "n d"]) -> Float[Tensor, " n"]:
    """How much of the mean each row holds: w·μ/‖μ‖², 1 on average."""
    parts = geometry.parts_along_mean(W)
    return parts / parts.mean()


def who_holds(model: LoadedModel, most: int = 10) -> pd.DataFrame:
    """The tokens that hold least and most of the mean, and how much."""
    amounts = held(model.W_E)
    order = amounts.argsort()
    columns = {}
    for name, ids in (("least", order[:most]), ("most", order.flip(0)[:most])):
        columns[name] = [repr(model.tokenizer.decode([i])) for i in ids.tolist()]
        columns[f"{name}: amount"] = amounts[ids].tolist()
    return pd.DataFrame(columns).round(2).rename_axis(model.label)


def who_has_least(W: Float[Tensor, "n d"]) -> str:
    """The frequent, the rare or neither: the first fifth of the vocabulary against the last. Token ids stand in for ranks."""
    fifths = held(W).tensor_split(5)
    more = (fifths[-1].mean() - fifths[0].mean()).item()
    if abs(more) < A_TENTH:
        return "neither"
    return "the frequent" if more > 0 else "the rare"
