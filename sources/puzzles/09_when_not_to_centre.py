# %% [markdown]
# # 09 When not to centre: the puzzle
#
# **Question.** Is centring always a good habit?
#
# **Time** 90 min · **Difficulty** ●●○ · **You need** cosine, least squares and indexing tensors; puzzle 01 helps
#
# A solution says of a tool, before it is run, whether centring helps it, hurts it or does not matter, gives the reason, and has forecasts that survived. To centre is to take the mean of all rows off each of them.
#
# `check` says whether an answer is right, `hint` helps a step at a time, `reveal` shows a solution once yours passes. In 9.2 a cell hands you the task when you run it.

# %%
import pandas as pd
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn.functional import normalize

from zeropoint import report
from zeropoint.desk import (
    check,
    checked,
    export,
    hint,
    outcome,
    predict,
    progress,
    ready,
    reveal,
    show,
    skip,
    task,
    why,
)
from zeropoint.models import load_pair
from zeropoint.puzzles.p09 import figures, gptj, tools

# %%
pair = load_pair()
clouds = {m.label: m.W_E for m in pair}  # each [d_vocab, d_model]
FIRST, SECOND = clouds
benches = {m.label: tools.Bench(m) for m in pair}  # a model, with tasks made of its own tokens
words = {}  # rows of W_E: words without a leading space, then with one; 0 or 1 says which
for label, bench in benches.items():
    numbers = bench.spaced.T.flatten()  # none, if too few words come both ways
    words[label] = (clouds[label][numbers], torch.arange(2).repeat_interleave(len(numbers) // 2))

# %% [markdown]
# ## Predict
#
# What does centring do to each of these tools, on the first model: `"helps"`, `"hurts"`, `"no matter"` (less than one answer in a hundred), or `"unclear"`, where the 95 % interval of the change admits more than one of these? Each has a task with right answers, made of the model's own tokens. In the two with *two clouds* (words without and with a leading space) each cloud is centred by itself. Steering adds one vector to the residual stream of other text: the mean stream before a token, less the mean stream of all when centred; its score is the rise of that token's probability.

# %%
predict("9.a", None)  # nearest token by cosine: a word's other spelling, before 99 other tokens?
predict("9.b", None)  # the same by distance
predict("9.c", None)  # linear probe without a bias: has a token no letter? (few have none)
predict("9.d", None)  # from map, the nearest by cosine in the other cloud: is it ␣map?
predict("9.e", None)  # which of the two clouds is a word from, by the nearer mean?
predict("9.f", None)  # two clusters by cosine: do they part words with a space from the rest?
predict("9.g", None)  # steering: see below

# %% tags=["solution"]
skip("9")  # a solution predicts nothing

# %% [markdown]
# ## Look
#
# Circles: centred. Diamonds: other vectors taken off in place of the mean, as long and in random directions, on average. Both against the tool as it is, whose own score stands in the table below.

# %%
asked = {
    "9.a": "nearest token, by cosine",
    "9.b": "nearest token, by distance",
    "9.c": "probe without a bias",
    "9.d": "partner in the other cloud",
    "9.e": "which of the two clouds",
    "9.f": "two clusters, by cosine",
    "9.g": "steering",
}
if ready(*asked):
    effects = {label: tools.measure(bench, asked.values()) for label, bench in benches.items()}
    title = f"What centring does to seven tools<br>{FIRST} and {SECOND}"
    show("9 seven tools", figures.forest(effects, title, foretold=False))
    levels = {label: tools.levels(found) for label, found in effects.items()}
    show("9 levels", pd.DataFrame(levels))
    for id, tool in asked.items():
        print(f"{id} {tool}")
        outcome(id, effects[FIRST][tool].does, label=FIRST)

# %% [markdown]
# For each tool that loses: what did it have before, and who took it away? Write a sentence; 9.6 will ask for it.

# %% exercise="9.1"
check("9.1", answer_9_1, real=words)

# %%
# hint("9.1")
# reveal("9.1")

# %% [markdown]
# By hand now, with yours: words of both clouds, as they are and each less its own. One move, two tasks. Is a number below one half? Think about why.


# %%
def partner_found(rows, cloud):
    here, there = (normalize(rows[cloud == k], dim=1) for k in (0, 1))
    return ((here @ there.T).argmax(1) == torch.arange(len(here))).double().mean().item()


def cloud_known(rows, cloud):
    """By the nearer of the two means over the even words, for the odd ones."""
    even, odd = (torch.arange(len(rows)) % 2 == k for k in (0, 1))
    means = torch.stack([rows[even & (cloud == k)].mean(0) for k in (0, 1)])
    return (torch.cdist(rows[odd], means).argmin(1) == cloud[odd]).double().mean().item()


if ready("9.d", "9.e", "9.1"):
    for label, (rows, cloud) in words.items():
        if len(rows) == 0:
            continue
        table = {}
        for name, X in {"as they are": rows, "yours": checked("9.1")(rows, cloud)}.items():
            found = {"partner": partner_found(X, cloud), "cloud": cloud_known(X, cloud)}
            table[name] = found
        shares = pd.DataFrame(table).rename_axis(f"{label}: share right")
        show(f"9 partner and cloud, {label}", shares.round(3))

# %% [markdown]
# ## The probe
#
# Least squares without a bias is asked which tokens have no letter. Now take off only *half* of the mean. What share does it have right, the first model? (The table has how it does with none of it off, the figure what taking all of it costs.)

# %%
predict("9.h", None, low=None, high=None)

# %% exercise="9.2"
check("9.2", answer_9_2, real=clouds)

# %% [markdown]
# From nothing taken off to twice the mean. Many tokens begin with a space; few have no letter.

# %%
if ready("9.c", "9.h", "9.2"):
    curves = {label: tools.probes_by_share(bench) for label, bench in benches.items()}
    title = f"Probes as the mean is taken off<br>{FIRST} and {SECOND}"
    show("9 probes", figures.by_share(curves, tools.SHARES, title))
    half = tools.SHARES.index(0.5)
    outcome("9.h", curves[FIRST]["no bias, few have it"][half].value, label=FIRST)

# %% [markdown]
# ## Counts
#
# Another matrix: how often each token was followed by each other one, in a text of Python's library that the models have never read. Rows that hold a single 1, and zeros, are many. As they are, two of them have cosine 1 if they share their follower, and 0 otherwise. What is their mean cosine once all rows are centred?

# %%
predict("9.i", None, low=None, high=None)

# %% exercise="9.3"
texts = {label: tools.counts(bench) for label, bench in benches.items()}
check("9.3", answer_9_3, real={label: text.parts for label, text in texts.items()})

# %%
if ready("9.i", "9.3"):
    for label, text in texts.items():
        once = text.once()  # numbers of the rows that hold a single 1
        found = torch.stack([checked("9.3")(*text.parts, int(q))[once] for q in once[:50]])
        mean = (found.sum() - len(found)) / (found.numel() - len(found))  # but for 1 with itself
        print(f"{label}: {len(once)} rows hold a single 1.")
        print(f"Mean cosine as they are: {text.alike():.3f}; mean cosine, centred: {mean:.3f}")
        if label == FIRST:
            outcome("9.i", mean.clamp(-1, 1), label=label)

# %% [markdown]
# Two that share their follower still have cosine 1. But what did 0 say of two rows before, and does any number say it now?

# %% exercise="9.4"
check("9.4", answer_9_4, real={"GPT-J, published norms": (gptj.UNTRAINED_NORM, gptj.NORM)})

# %% [markdown]
# Your forecast beside a **double**: a matrix drawn to these two norms, which is not GPT-J.

# %%
if ready("9.4"):
    D = gptj.double()
    units = normalize(D[:1000], dim=1)
    cosines = (units @ units.T)[torch.ones(1000, 1000).triu(1) == 1]
    forecast = checked("9.4")(gptj.UNTRAINED_NORM, gptj.NORM)
    print(f"{gptj.DOUBLE}: {cosines.mean():.3f}; your forecast: {forecast:.3f}")

# %% exercise="9.5"
check("9.5", answer_9_5, real={label: tools.spelt(bench) for label, bench in benches.items()})

# %% [markdown]
# Look at the last number of each line. Which of your three needs the mean to go, and for which does any step as long do as much?

# %%
# hint("9.5")

# %% exercise="9.6"
why("9.6", answer_9_6)

# %% [markdown]
# ## Where you stand

# %%
progress("9")

# %% [markdown]
# To hand it to a mentor, or to post it: one file of your answers, with predictions, figures and tables.

# %%
# export("9")

# %% tags=["solution"]
for label, found in effects.items():
    gains = {tool: str(effect.gain) for tool, effect in found.items()}
    report(label, gains)
