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

MEAN_MISS = (2 / torch.pi) ** 0.5  # a bell's mean distance from its centre, in standard deviations
A_TENTH = 0.1  # of what a token holds on average: less is no difference between frequent and rare


def check_of_sample(samples: Mapping[str, Histogram], exact: Mapping[str, Histogram]) -> pd.DataFrame:
    """Which share of pairs a sample puts into a wrong bin, a hundredth of cosine wide, and which its errors foretell."""
    rows = {}
    for name, sample in samples.items():
        sample, truth = sample.coarser(10), exact[name].coarser(10)
        width = 2 / len(truth.counts)
        miss = (sample.density - truth.density).abs().sum().item() * width / 2
        foretold = sample.error.sum().item() * MEAN_MISS * width / 2
        rows[name] = [f"{sample.pairs:,}", f"{truth.pairs:,}", f"{miss:.2%}", f"{foretold:.2%}"]
    columns = ["pairs sampled", "all pairs", "in a wrong bin", "foretold by the errors"]
    return pd.DataFrame(rows, columns).T


def taken_away(clouds: Mapping[str, Float[Tensor, "n d"]]) -> pd.DataFrame:
    """What becomes of the mean cosine without the mean of other tokens, and without directions that are not the mean's."""
    rows = {}
    for name, W in clouds.items():
        order = torch.randperm(len(W), generator=torch.Generator().manual_seed(0)).to(W.device)
        one, other = W[order].tensor_split(2)
        random = torch.randn(W.shape[1], generator=torch.Generator().manual_seed(0)).to(W)
        # across the mean: the widest of all directions may be nearly the mean's own, and then it controls nothing
        widest = torch.linalg.eigh(_across(W, W.mean(0)).T.double().cov())[1][:, -1].to(W.dtype)
        rows[name] = {
            "mean cosine": geometry.mean_pairwise_cosine(W),
            "of half the tokens, less the mean of the other half": geometry.mean_pairwise_cosine(one - other.mean(0)),
            "control: a random direction projected out": geometry.mean_pairwise_cosine(_across(W, random)),
            "control: the widest direction across the mean projected out": geometry.mean_pairwise_cosine(
                _across(W, widest)
            ),
            "median cosine of a token with the mean": geometry.cosine_with_mean(W).median().item(),
        }
    return pd.DataFrame(rows).T.round(4)


def _across(W: Float[Tensor, "n d"], direction: Float[Tensor, " d"]) -> Float[Tensor, "n d"]:
    unit = direction / direction.norm()
    return W - (W @ unit)[:, None] * unit


CLEAR_CASES = """\
The clouds of 1.6 were made to be clear: an even offset has about 1 in the third column and next to 0 in the last,
a ray has most of what is left along the mean. A real cloud may lie between the two, and then the answer is a
number and not a word. Where would you put these two?"""


def kinds(clouds: Mapping[str, Float[Tensor, "n d"]], says_offset: Callable[[Tensor], bool]) -> pd.DataFrame:
    """What a test of 1.6 says, beside the numbers that a clear case has far apart."""
    rows = {}
    for name, W in clouds.items():
        kind = geometry.kind_of_mean(W)
        rows[name] = {
            "your test": "offset" if says_offset(W) else "ray",
            "share along the mean (1.4)": kind.share_along_mean,
            "times an even cloud's, 1/d": kind.share_along_mean * W.shape[1],
            "spread of the amounts, 1 = the mean": kind.spread_of_parts,
        }
    return pd.DataFrame(rows).T


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
