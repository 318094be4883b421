"""Tiny models that puzzle 04 trains before the reader's eyes: three doses of z-loss, the same seeds for each."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from tqdm.auto import tqdm

from zeropoint import plots
from zeropoint.claims import Estimate, over
from zeropoint.tiny import grid
from zeropoint.tiny.shape import TinyLM
from zeropoint.tiny.training import train

# One layer, 256 tokens a step: three seeds of three doses in a quarter of a minute on one core.
SETTING: grid.Setting = dict(
    d_vocab=1024, d_model=32, n_layers=1, ctx=32, batch=8, steps=300, warmup=30, lr=6e-3
)  # fmt: skip
SEEDS = 3
PANELS = {
    "mean_cosine": "mean pairwise cosine",
    "share_along_mean": "share of variance along mean",
    "log_Z": "log Z",
}


def end_of(setting: grid.Setting, seed: int = 0, each=None, looks: int = 1) -> list[dict]:
    """Train one model and give the whole vocabulary's rows, the first at its start, `looks` evenly spread after it."""
    config, recipe, kind = grid.resolve(SETTING | setting, seed)
    watched = {round(recipe.steps * k / looks) for k in range(looks + 1)}
    text = grid.text_for(config.d_vocab, kind)
    rows = train(TinyLM(config), text, recipe, watched=watched, each=each, progress=False)
    return [row for row in rows if row["group"] == "all"]


def train_all(doses: Mapping[str, grid.Setting], seeds: int = SEEDS) -> pd.DataFrame:
    """Every dose with every seed: a row for each look."""
    rows = []
    with tqdm(total=len(doses) * seeds * SETTING["steps"], desc="training", unit="step") as bar:
        for seed in range(seeds):
            for dose, setting in doses.items():
                bar.set_postfix(dose=dose, seed=seed)
                run = end_of(setting, seed, each=lambda step: bar.update(), looks=8)
                rows += [dict(dose=dose, seed=seed) | row for row in run]
    return pd.DataFrame(rows)


def ends(watched: pd.DataFrame, measure: str) -> pd.DataFrame:
    """A measure after the last update: a row for each seed, a column for each dose."""
    return watched[watched.step == watched.step.max()].pivot(index="seed", columns="dose", values=measure)


def effect(watched: pd.DataFrame, base: str, changed: str, measure: str = "mean_cosine") -> Estimate:
    """`changed` less `base`, seed by seed: what a seed does to both does not count."""
    last = ends(watched, measure)
    return over(last[changed] - last[base], "seeds")


def over_seeds(watched: pd.DataFrame, dose: str, measure: str) -> Estimate:
    """A measure of one dose after the last update."""
    return over(ends(watched, measure)[dose], "seeds")


def word(estimate: Estimate, more: str, less: str, same: str = "the same") -> str:
    """On which side of zero an estimate lies; `same` where its interval holds zero."""
    if estimate.low > 0:
        return more
    return less if estimate.high < 0 else same


def kind(spread: Estimate, share: Estimate) -> str:
    """Of which kind a mean has become, by the changes of both of 4.3's numbers; they may part."""
    said = {word(change, "more a ray", "more an offset") for change in (spread, share)}
    return said.pop() if len(said) == 1 else "the two numbers part"


def frequencies_alone(setting: grid.Setting = SETTING) -> float:
    """Held-out loss, in nats a token, of a model that knows how often each token occurs in the training text, and no more."""
    text = grid.text_for(setting["d_vocab"])
    counts = text.counts.double() + 1  # so that no token is impossible
    return -(counts / counts.sum()).log()[text.held_out].mean().item()


def figure(watched: pd.DataFrame, title: str) -> plots.go.Figure:
    """Mean cosine, kind and log Z through training: a line a dose, bars: the standard deviation over seeds."""
    fig = plots.panels(list(PANELS.values()), horizontal_spacing=0.07)
    for i, dose in enumerate(watched.dose.unique()):
        by_step = watched[watched.dose == dose].groupby("step")
        for column, measure in enumerate(PANELS, start=1):
            at = by_step[measure].agg(["mean", "std"]).fillna(0)
            shown = plots.line(
                dose, at.index, plots.digits(at["mean"]), i, plots.digits(at["std"]), mode="lines+markers"
            )
            fig.add_trace(shown, row=1, col=column)
    fig.update_yaxes(range=[0, 1.02], col=1).update_yaxes(range=[0, 1.02], col=2)
    return plots.finish(fig, title, "updates", ["cosine", "share", "nats"])
