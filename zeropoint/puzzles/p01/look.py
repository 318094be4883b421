"""What puzzle 01 shows once its exercises are solved: words in a table, so that none of them stands in the puzzle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import torch
from jaxtyping import Float
from torch import Tensor

from zeropoint import geometry
from zeropoint.geometry import Histogram
from zeropoint.models import LoadedModel, load_embedding

MEAN_MISS = (2 / torch.pi) ** 0.5  # a bell's mean distance from its centre, in standard deviations
A_TENTH = 0.1  # of what a token holds on average: less is no difference between frequent and rare
LENGTH_OF_C = 4  # of the clouds made for comparison, in root mean square lengths of u: as in the rays of 1.6
SPREADS = (0.0, 0.15, 0.3, 0.6)  # how far amounts lie from 1, at most: from an offset to a ray of 1.6


def check_of_sample(samples: Mapping[str, Histogram], exact: Mapping[str, Histogram]) -> pd.DataFrame:
    """Which share of pairs a sample puts into a wrong bin, a hundredth of cosine wide, and which its band lets one expect."""
    rows = {}
    for name, sample in samples.items():
        sample, truth = sample.coarser(10), exact[name].coarser(10)
        width = 2 / len(truth.counts)
        miss = (sample.density - truth.density).abs().sum().item() * width / 2
        expected = sample.error.sum().item() * MEAN_MISS * width / 2
        rows[name] = [f"{sample.pairs:,}", f"{truth.pairs:,}", f"{miss:.2%}", f"{expected:.2%}"]
    columns = ["pairs sampled", "all pairs", "in a wrong bin", "expected from the band"]
    return pd.DataFrame(rows, columns).T


def two_numbers(clouds: Mapping[str, Float[Tensor, "n d"]]) -> pd.DataFrame:
    """1.1 beside 1.2: what the mean carries, of the rows as they are and of the rows at length 1."""
    rows = {}
    for name, W in clouds.items():
        lengths = geometry.norms(W)
        rows[name] = {
            "mean cosine (1.1)": geometry.mean_pairwise_cosine(W),
            "share of the mean row (1.2)": geometry.share_of_mean(W),
            "the same of the rows at length 1": geometry.share_of_mean(geometry.unit_rows(W)),
            "spread of the lengths, 1 = their mean": (lengths.std() / lengths.mean()).item(),
        }
    return pd.DataFrame(rows).T.round(4)


WIDTH = "Rows less their mean add up to zero: a mean cosine near 0 is sure by algebra, of any cloud. The width is not."


def taken_away(clouds: Mapping[str, Float[Tensor, "n d"]]) -> pd.DataFrame:
    """What becomes of the mean cosine without the mean of other tokens, and without one direction or another."""
    columns = {}
    for name, W in clouds.items():
        order = torch.randperm(len(W), generator=torch.Generator().manual_seed(0)).to(W.device)
        one, other = W[order].tensor_split(2)
        random = torch.randn(W.shape[1], generator=torch.Generator().manual_seed(0)).to(W)
        widest, at_right_angles = _widest(geometry.centre(W)), _widest(geometry.project_out_mean(W))
        columns[name] = {
            "mean cosine": geometry.mean_pairwise_cosine(W),
            "… half the tokens, less the other half's mean": geometry.mean_pairwise_cosine(one - other.mean(0)),
            "… projected out: a random direction": geometry.mean_pairwise_cosine(_across(W, random)),
            "… projected out: widest at right angles to mean": geometry.mean_pairwise_cosine(
                _across(W, at_right_angles)
            ),
            "… projected out: widest of what 1.3 leaves": geometry.mean_pairwise_cosine(_across(W, widest)),
            "|cosine| of this widest with the mean": _cosine_with_mean(W, widest),
            "median cosine of a token with the mean": geometry.cosine_with_mean(W).median().item(),
        }
    return pd.DataFrame(columns).round(4)


def _across(W: Float[Tensor, "n d"], direction: Float[Tensor, " d"]) -> Float[Tensor, "n d"]:
    unit = (direction / direction.norm()).to(W)
    return W - (W @ unit)[:, None] * unit


def _widest(left: Float[Tensor, "n d"]) -> Float[Tensor, " d"]:
    """The direction along which rows with a mean of zero are longest: the first principal component."""
    scatter = left.T.double() @ left.double()
    return torch.linalg.eigh(scatter).eigenvectors[:, -1].to(left)


def _cosine_with_mean(W: Float[Tensor, "n d"], direction: Float[Tensor, " d"]) -> float:
    return torch.cosine_similarity(geometry.mean(W), direction, dim=0).abs().item()


NO_WORD = """\
made: c four times as long as u, and amounts as far apart as it says. From an offset to a ray the share grows without a
break, so that a word for a model tells where somebody put a threshold, and the share tells more. The last column has
its trap: 1 is the mean's own length, and in units of a short mean ordinary scatter is wide."""


def between(clouds: Mapping[str, Float[Tensor, "n d"]]) -> pd.DataFrame:
    """The share of 1.4: the models' own, among clouds made to go from an offset to a ray; smallest first."""
    rows = {}
    for name, W in (clouds | made(*_size(clouds))).items():
        parts = geometry.parts_along_mean(W).double()
        share = (parts.var(correction=0) / geometry.spread(W) ** 2).item()
        rows[name] = {
            "share along the mean (1.4)": share,
            "times an even cloud's, 1/d": share * W.shape[1],
            "spread of the amounts, 1 = the mean": (parts.std() / parts.mean()).item(),
        }
    return pd.DataFrame(rows).T.sort_values("share along the mean (1.4)").round(3)


def _size(clouds: Mapping[str, Float[Tensor, "n d"]]) -> tuple[int, int]:
    """Rows and columns of the first cloud, of the rows 5,000 at most."""
    n, d = next(iter(clouds.values())).shape
    return min(n, 5000), d


def made(n: int, d: int, seed: int = 0) -> dict[str, Float[Tensor, "n d"]]:
    """a·c + u as in 1.6, with u even: from an offset, all a = 1, to a ray, a spread evenly over 0.4 to 1.6."""
    generator = torch.Generator().manual_seed(seed)
    u = torch.randn(n, d, generator=generator) / d**0.5
    c = torch.randn(d, generator=generator)
    c = LENGTH_OF_C * c / c.norm()
    evenly = torch.linspace(-1, 1, n)[torch.randperm(n, generator=generator), None]
    names = [f"made, a from {1 - spread:g} to {1 + spread:g}" if spread else "made, all a = 1" for spread in SPREADS]
    return {name: (1 + spread * evenly) * c + u for name, spread in zip(names, SPREADS, strict=True)}


TWO_WAYS = """\
Subtracting moves every token by the same vector; projecting takes from each its own part along the mean. Where the two
leave the same width, tokens held about the same amount. Where only projecting makes cosines narrow, what 1.3 had left
was a line along the mean. What is wider still than the random vectors is shared by some tokens and not by all."""


def two_ways(clouds: Mapping[str, Float[Tensor, "n d"]]) -> pd.DataFrame:
    """How wide cosines are with the mean subtracted, and with its direction projected out; made clouds for the scale."""
    n, d = _size(clouds)
    offset, *_, ray = made(n, d).items()
    random = torch.randn(n, d, generator=torch.Generator().manual_seed(1))
    rows = {}
    for name, W in (clouds | dict([offset, ray]) | {"random vectors": random}).items():
        row = {}
        for way, left in (("subtracted", geometry.centre(W)), ("projected out", geometry.project_out_mean(W))):
            row["effective dimension (1.5)", way] = round(geometry.effective_dimension(left), 1)
            row["mean |cosine|", way] = round(geometry.mean_abs_cosine(left, rows=1024)[0], 2)
        rows[name] = row
    return pd.DataFrame(rows).T.sort_index(axis=1, level=0, sort_remaining=False)


def rivals(models: Sequence[LoadedModel]) -> pd.DataFrame:
    """The mean cosine without what each rival explanation rests on."""
    columns = {}
    for model in models:
        W = model.W_E
        scores = torch.rand(W.shape, generator=torch.Generator().manual_seed(0)).to(W.device)
        chimeras = W.gather(0, scores.argsort(dim=0))  # each column in an order of its own
        largest_first = geometry.sum_over_dimensions(W).argsort(descending=True)
        cases = {
            "all tokens": W,
            "no meaning: each column shuffled on its own": chimeras,
            "without the three dimensions that add most": W[:, largest_first[3:]],
            "the most frequent fifth alone": W.tensor_split(5)[0],
            "straight from the file, past the loader": load_embedding(model.found.again).W,
        }
        columns[model.label] = {what: geometry.mean_pairwise_cosine(cloud) for what, cloud in cases.items()}
    return pd.DataFrame(columns).round(4).rename_axis("mean cosine of …")


def held(W: Float[Tensor, "n d"]) -> Float[Tensor, " n"]:
    """How much of the mean each row holds: w·μ/‖μ‖², 1 on average."""
    parts = geometry.parts_along_mean(W)
    return parts / parts.mean()


def least_and_most(model: LoadedModel, most: int = 10) -> pd.DataFrame:
    """The tokens that hold least and most of the mean, and how much."""
    amounts = held(model.W_E)
    order = amounts.argsort()
    columns = {}
    for name, ids in (("least", order[:most]), ("most", order.flip(0)[:most])):
        columns[f"{name} of the mean"] = [repr(model.tokenizer.decode([i])) for i in ids.tolist()]
        columns[f"{name}: amount, 1 = average"] = amounts[ids].tolist()
    return pd.DataFrame(columns).round(2).rename_axis(model.label)


def who_has_least(W: Float[Tensor, "n d"]) -> str:
    """The frequent, the rare or neither: the first fifth of the vocabulary against the last. Token ids stand in for ranks."""
    fifths = held(W).tensor_split(5)
    more = (fifths[-1].mean() - fifths[0].mean()).item()
    if abs(more) < A_TENTH:
        return "neither"
    return "the frequent" if more > 0 else "the rare"
