"""How embeddings came about: what was recorded while the stand-ins were trained, and checkpoints of models on the hub.

Of a stand-in: numbers by step and frequency group ("0" the most frequent tokens, "4" the rarest, "all"), and at a few steps the rows of
a sample of tokens. Both are written by tools/standins.py.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import torch
from jaxtyping import Float, Int
from safetensors.torch import load_file
from torch import Tensor

from zeropoint import geometry, models
from zeropoint.models import hub
from zeropoint.tiny.watching import frequency_groups, observe

GROUPS = {"0": "most frequent 1/256", "1": "… to 1/64", "2": "… to 1/16", "3": "… to 1/4", "4": "rarest 3/4"}


def read(name: str) -> pd.DataFrame:
    """Trajectory of a stand-in: one row a step and group, columns as `zeropoint.tiny.watching.observe` names them."""
    return pd.read_csv(models.standin_folder(name) / "trajectory.csv", dtype={"group": str})


def whole(name: str) -> pd.DataFrame:
    """The rows of a trajectory that are about the whole vocabulary, by step."""
    table = read(name)
    return table[table.group == "all"].set_index("step")


def by_group(name: str) -> dict[str, pd.Series]:
    """{frequency group: median cosine with the vocabulary's mean, by step} of a stand-in's training."""
    table = read(name).pivot(index="step", columns="group", values="median_cosine_with_mean")
    return {title: table[group] for group, title in GROUPS.items()}


def by_count(values: Float[Tensor, " d_vocab"], counts: Int[Tensor, " d_vocab"], bins: int = 16) -> pd.Series:
    """Mean of `values` over bins of equally many tokens, the most frequent first, by the bin's mean count."""
    ids = counts.argsort(descending=True, stable=True).tensor_split(bins)
    return pd.Series({counts[i].double().mean().item(): values[i].mean().item() for i in ids})


def record(name: str) -> dict:
    """How a stand-in was trained, and what came of it: recipe, losses in nats, versions."""
    return json.loads((models.standin_folder(name) / "record.json").read_text(encoding="utf-8"))


def sizes(W: Float[Tensor, "n d"]) -> dict[str, float]:
    """Row norm (root mean square), length of the mean row, spread and mean of the cosines; rows of zeros (padding) left out."""
    W = W.float()
    W = W[W.norm(dim=1) > 0]
    return {
        "row norm": W.norm(dim=1).square().mean().sqrt().item(),
        "‖mean‖": geometry.mean(W).norm().item(),
        "spread of cosines": geometry.effective_dimension(W) ** -0.5,
        "mean cosine": geometry.mean_pairwise_cosine(W),
    }


def fresh(folder: Path) -> tuple[Float[Tensor, "d_vocab d_model"], float]:
    """The token embedding of a model with the config in `folder`, drawn anew by transformers' own initialisation, and its σ."""
    from transformers import AutoConfig, AutoModelForCausalLM

    torch.manual_seed(0)
    config = AutoConfig.from_pretrained(folder)
    model = AutoModelForCausalLM.from_config(config)
    return model.get_input_embeddings().weight.detach(), getattr(config, "initializer_range", 0.02)


def crossing(steps: pd.Series | pd.Index, values: pd.Series, level: float) -> float:
    """The step at which `values` first reach `level`, from above or from below, by linear interpolation; NaN if they never do.

    To touch the level and turn back is to reach it; values that begin at it have reached it at the first look.
    """
    x, y = list(steps), list(values)
    for i in range(len(y)):
        if y[i] == level:
            return float(x[i])
        if i and (y[i - 1] - level) * (y[i] - level) < 0:
            return x[i - 1] + (x[i] - x[i - 1]) * (level - y[i - 1]) / (y[i] - y[i - 1])
    return float("nan")


def clocks(name: str) -> dict[str, float]:
    """`clocks_of` a stand-in's training."""
    return clocks_of(whole(name), record(name)["unigram_entropy_nats"])


def clocks_of(c: pd.DataFrame, entropy: float) -> dict[str, float]:
    """Of a training by step: the updates at which things happened, and what became of the norms after the peak.

    `entropy`: of the tokens' frequencies, in nats.
    """
    peak = c.mean_cosine.idxmax()
    return {
        "updates in all": c.index[-1],
        "mean cosine passes 0.5": crossing(c.index, c.mean_cosine, 0.5),
        "half of its peak": crossing(c.index, c.mean_cosine, c.mean_cosine[peak] / 2),
        "loss passes the entropy of single tokens": crossing(c.index, c.held_out_loss, entropy),
        "peak at": peak,
        "mean cosine, end / peak": c.mean_cosine.iloc[-1] / c.mean_cosine[peak],
        "‖mean‖, end / peak": c.norm_of_mean.iloc[-1] / c.norm_of_mean[peak],
        "row norm, end / peak": c.mean_row_norm.iloc[-1] / c.mean_row_norm[peak],
    }


class Course:
    """A stand-in's recorded training: `whole` vocabulary by step, `by_group` of frequency, `clocks`, `sample` of its rows."""

    def __init__(self, name: str):
        self.label = models.load_embedding(name).label
        self.whole, self.by_group = whole(name), by_group(name)
        self.clocks, self.sample = clocks(name), snapshots(name)


def checkpoints(name: str, steps: Sequence[int]) -> dict[str, pd.DataFrame]:
    """{label: numbers by step}, as `whole` gives them, of a model on the hub whose revisions are `checkpoint-STEP`.

    Reads only the embedding. Goes on after a checkpoint that cannot be had, and prints one line about it; empty, after one
    line, if the hub is away or was not to be asked.
    """
    label, rows = "", {}
    for step in steps:
        revision = f"checkpoint-{step}"
        if models.mode() == "standin" or not hub.has_tensor(name, revision):
            print(f"The hub is away: nothing of {name} from update {step} on.")
            break
        try:
            embedding = models.load_embedding(name, revision=revision)
        except hub.HubError as problem:
            print(problem)
            continue
        label = embedding.label.replace(f"@{revision}", "")
        rows[step] = observe(embedding.W.float(), [])[0]
    return {label: pd.DataFrame.from_dict(rows, orient="index")} if rows else {}


@dataclass(frozen=True)
class Snapshots:
    """The same sample of tokens at several steps of a training run. Rare tokens stand for more of the vocabulary."""

    rows: dict[str, Float[Tensor, "sample d_model"]]  # by step: "0", "64", …, "end"
    group: Int[Tensor, " sample"]  # frequency group of each token
    share: Float[Tensor, " sample"]  # of the vocabulary that each token stands for; sums to 1

    def pair_weights(self) -> Float[Tensor, "sample sample"]:
        """Share of the vocabulary's pairs of different tokens that each pair of the sample stands for; sums to 1."""
        alike = self.group[:, None] == self.group
        count = alike.sum(1)
        weights = self.share[:, None] * self.share * torch.where(alike, count / (count - 1), 1.0)
        weights = weights.fill_diagonal_(0)
        return weights / weights.sum()

    def cosines(self, step: str) -> Float[Tensor, "sample sample"]:
        u = geometry.unit_rows(self.rows[step])
        return u @ u.T

    def mean_cosine(self, step: str) -> float:
        """Estimate, from the sample, of the whole vocabulary's mean pairwise cosine."""
        return (self.cosines(step) * self.pair_weights()).sum().item()

    def density(self, step: str, bins: int = 80) -> Float[Tensor, " bins"]:
        """Estimate of the share of the vocabulary's pairs per unit of cosine, in equal bins over [-1, 1]."""
        where = ((self.cosines(step) + 1) * bins / 2).long().clamp(0, bins - 1)
        counts = torch.bincount(where.flatten(), self.pair_weights().flatten(), minlength=bins)
        return counts * bins / 2


def snapshots(name: str) -> Snapshots:
    """The sample kept of a stand-in's training, and the same rows of the finished model as "end"."""
    kept = load_file(models.standin_folder(name) / "snapshots.safetensors")
    final = models.load_embedding(name).W.float()
    ids = kept.pop("token_ids")
    sizes = torch.tensor([len(g) for g in frequency_groups(torch.arange(len(final)))])
    group = torch.arange(len(ids)) // -(-len(ids) // len(sizes))  # as many tokens of each, the most frequent first
    first = torch.tensor([ids.tolist().index(i) == at for at, i in enumerate(ids.tolist())])  # a small group repeats
    ids, group = ids[first], group[first]
    share = (sizes / sizes.sum() / torch.bincount(group))[group]
    steps = sorted(int(k.removeprefix("step_")) for k in kept)
    rows = {str(s): kept[f"step_{s}"][first].float() for s in steps} | {"end": final[ids]}
    return Snapshots(rows, group, share)
