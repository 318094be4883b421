"""What puzzle 04 shows once predictions are made and exercises solved: words and figures, so that none stands in the puzzle."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pandas as pd
import torch
from jaxtyping import Float, Int
from torch import Tensor

from zeropoint import plots
from zeropoint.puzzles.p04.exercises import cloud, moments
from zeropoint.streams.text import sequences
from zeropoint.tiny.gradients import imbalance

PLANTED = {  # rows, columns, length of the common vector, how unequal the amounts of it are, length of a line across it
    "planted: equal amounts": (2000, 64, 3.0, 0.0, 0.0),
    "planted: amounts from 0.1 to 1.9": (2000, 64, 3.0, 0.9, 0.0),
    "planted: equal amounts, a line across": (2000, 64, 3.0, 0.0, 3.0),
}
ROUNDING = 1e-3  # nats: of float32 logits near a hundred
NUMBERS = ("spread of amounts", "share along the mean", "share along the widest")


@torch.no_grad()
def states(model, count: int = 16, length: int = 64) -> tuple[Float[Tensor, "n d_model"], Float[Tensor, "v d_model"]]:
    """Last hidden states over the committed text, without each row's first position, and the output matrix by rows."""
    out = model.plain(sequences(model.tokenizer, count, length), output_hidden_states=True)
    return out.hidden_states[-1][:, 1:].flatten(0, 1).float(), model.W_U.T.contiguous().float()


def parts_figure(parts: Mapping[str, tuple[Tensor, Tensor]], title: str) -> plots.go.Figure:
    """A panel for each model: how log Z and its two parts are spread over the positions."""
    lines = {
        label: {"log Z": shared + rest, "first part": shared, "second part": rest}
        for label, (shared, rest) in parts.items()
    }
    everything = torch.cat([values for three in lines.values() for values in three.values()])
    low, high = everything.min().item() - 1, everything.max().item() + 1
    fig = plots.panels(list(lines))
    for column, three in enumerate(lines.values(), start=1):
        for trace in plots.distribution(three, title, "nats", (low, high), bins=80).data:
            trace.showlegend = None  # decided once for all panels, by `finish`
            fig.add_trace(trace, row=1, col=column)
    fig.update_yaxes(type="log", dtick=1, exponentformat="none")
    return plots.finish(fig, title, "nats", "share of positions per nat")


def within(bounds: Callable, states: Mapping[str, tuple[Tensor, Tensor]], least: float = 0.5) -> pd.DataFrame:
    """A learner's bounds where the most probable token has at least `least`: how many positions keep them, how nearly."""
    rows = {}
    for label, (hidden, W_out) in states.items():
        logits = hidden @ W_out.T
        log_Z, top, shared = logits.logsumexp(1), logits.amax(1), logits.mean(1)
        sure = top - log_Z >= torch.tensor(least).log()
        said = [bounds(logit, least, len(W_out)) for logit in top[sure].tolist()]
        low, high, most = torch.tensor(said, dtype=torch.float64).view(-1, 3).T
        kept = (low - ROUNDING <= log_Z[sure]) & (log_Z[sure] <= high + ROUNDING) & (shared[sure] <= most + ROUNDING)
        slack = (most - shared[sure]).median().item() if len(said) else float("nan")
        rows[label] = {"positions": len(said), "within all three": int(kept.sum()), "third bound less the truth": slack}
    return pd.DataFrame(rows).T.round(2)


def kinds(kind: Callable, matrices: Mapping[str, Float[Tensor, "n d"]]) -> pd.DataFrame:
    """A learner's three numbers for planted clouds and for models."""
    clouds = {name: cloud(*sort, seed=0) for name, sort in PLANTED.items()} | dict(matrices)
    rows = {name: map(float, kind(*moments(W.double()))) for name, W in clouds.items()}
    return pd.DataFrame(rows, NUMBERS).T.round(3)


def sides(g: Float[Tensor, "v d_model"], hidden: Float[Tensor, "n d_model"], came: Int[Tensor, " n"]) -> pd.DataFrame:
    """One batch's output gradient along the mean hidden state: the tokens that came, and those that did not."""
    mean = hidden.double().mean(0)
    along = g.double() @ (mean / mean.norm())
    present = torch.zeros(len(g), dtype=torch.bool)
    present[came] = True
    rows = {}
    for name, which in {"came": present, "did not come": ~present}.items():
        rows[name] = {"tokens": int(which.sum()), "sum": along[which].sum().item()}
        rows[name] |= {"median": along[which].median().item(), "against h": (along[which] > 0).double().mean().item()}
    return pd.DataFrame(rows).T


def unbalance(g: Float[Tensor, "v d_model"]) -> dict[str, float]:
    """‖Σ‖ / Σ‖·‖ over the rows, of a gradient and of what two optimisers make of it in a first step."""
    own = g.sign()  # Adam's first step
    shared = g / g.square().mean(0).sqrt()
    return {"gradient": imbalance(g), "Adam": imbalance(own), "one divisor for all rows": imbalance(shared)}
