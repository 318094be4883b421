# %% [markdown]
# # 03 Initialisation or training? The puzzle
#
# **Question.** The embeddings of 01 share one big mean vector. Was it there before the first update? If not: when does it come, which tokens bring it, and which parts of the network does it need?
#
# **Time** 60 min · **Difficulty** ●●○ · **You need** the mean vector of 01, and what an optimiser's update is
#
# A solution gives a time, the tokens that move, and a part whose removal removes the mean from the input embedding, beside parts whose removal does not. You have two recorded trainings, the runs of a grid, and a tiny model that you can train in a minute.

# %%
from dataclasses import replace

import pandas as pd
import torch
from jaxtyping import Float, Int
from scipy.stats import t as student
from torch import Tensor

from zeropoint import geometry, models, plots, report
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
    why,
)
from zeropoint.puzzles.p03 import trajectory
from zeropoint.tiny import grid
from zeropoint.tiny.corpus import tokens_for
from zeropoint.tiny.shape import TinyConfig, TinyLM
from zeropoint.tiny.training import Recipe, train

# %%
MINI = {models.load_embedding(name).label: name for name in models.STAND_INS}
NEO, GPT2 = MINI
# rows: the updates that were looked at
courses = {label: trajectory.whole(name) for label, name in MINI.items()}
list(courses[NEO].columns)

# %% [markdown]
# ## Predict
#
# Both are tied: one matrix reads tokens in and scores them at the end. Its weights are drawn from N(0, 0.02²).

# %%
predict("3.a", None, low=None, high=None)  # mini-neo's mean cosine before the first update
predict("3.b", None, low=None, high=None)  # the update, of 6,000, at which it passes 0.5
predict("3.c", None)  # "frequent" or "rare": which tokens end closer to the mean's direction?

# %% [markdown]
# For each part: train without it. What is left of the mean cosine of the *input* embedding, as a share of the unchanged model's? 1 is all of it, 0 nothing.

# %%
predict("3.d", None, low=None, high=None)  # LayerNorm
predict("3.e", None, low=None, high=None)  # positional embeddings
predict("3.f", None, low=None, high=None)  # biases
predict("3.g", None, low=None, high=None)  # tying

# %% tags=["solution"]
skip("3")  # a solution predicts nothing

# %% exercise="3.1"
check("3.1", answer_3_1, real={label: (16384, 128, 0.02) for label in MINI})

# %%
# hint("3.1")
# reveal("3.1")

# %% [markdown]
# ## Look
#
# The first row recorded of each training, before any update. Does it agree with 3.1?

# %%
if ready("3.a", "3.1"):
    outcome("3.a", courses[NEO].mean_cosine[0], label=NEO)
    measured = ["mean_row_norm", "norm_of_mean", "mean_cosine"]
    print(pd.DataFrame({label: c.loc[0, measured] for label, c in courses.items()}))

# %%
if ready("3.a", "3.b"):
    fig = plots.panels(["mean cosine", "held-out loss"])
    for i, (label, c) in enumerate(courses.items()):
        for column, what in enumerate(("mean_cosine", "held_out_loss"), start=1):
            fig.add_trace(plots.line(label, c.index + 1, c[what], i), row=1, col=column)
    fig.update_xaxes(type="log", dtick=1)
    title = f"Two recorded trainings<br>{NEO} and {GPT2}"
    show("3 trainings", plots.finish(fig, title, "updates + 1", ["cosine", "nats a token"]))

# %% exercise="3.2"
looks = {
    n: (torch.tensor(c.index).double(), torch.tensor(c.mean_cosine.to_numpy()))
    for n, c in courses.items()
}
check("3.2", answer_3_2, real=looks)

# %%
if ready("3.b", "3.2"):
    outcome("3.b", checked("3.2")(*looks[NEO], 0.5), label=NEO)

# %% [markdown]
# What has the model learned by then, and what not yet? `trajectory.record("mini-neo")` holds the recipe and some yardsticks. After its peak, mini-gpt2's mean cosine goes down: has its mean become shorter? The columns are in `courses`.

# %%
# your look at the numbers

# %% [markdown]
# ## Train one
#
# Two layers, 2,048 tokens of Python's own library. The bar shows the mean cosine. Stop it when you like: what is trained so far is used.

# %%
TINY = "tiny model, trained here"
text = tokens_for(2048)
shape = TinyConfig(d_vocab=2048, d_model=64, n_layers=2, ctx=64, seed=0)
recipe = Recipe(steps=300, batch=4, ctx=64, lr=2e-3, warmup=30, seed=0)


def live(**removed):
    """Train and give (W_E before, W_E after, what was seen on the way)."""
    model = TinyLM(replace(shape, **removed))
    before = model.W_E.detach().clone()
    rows = train(model, text, recipe, watched={0, 8, 16, 32, 64, 128, 200, 300})
    return before, model.W_E.detach(), pd.DataFrame(rows)


before, after, rows = live()

# %%
c = rows[rows.group == "all"].set_index("step").mean_cosine
fig = plots.go.Figure(plots.line("mean cosine", c.index, c, 0, mode="lines+markers"))
plots.finish(fig, f"Before your eyes<br>{TINY}", "updates", "mean pairwise cosine")

# %% exercise="3.3"
by_count = text.counts.argsort(descending=True, stable=True)
check("3.3", answer_3_3, real={TINY: (after, by_count, 16)})

# %% exercise="3.4"
check("3.4", answer_3_4, real={TINY: (before, after)})

# %%
if ready("3.c", "3.3", "3.4"):
    cosine = checked("3.3")(after, by_count, 16)
    drift = checked("3.4")(before, after) / after.mean(0).norm()
    drift = drift[by_count].view(16, -1).mean(1)
    fig = plots.go.Figure()
    for i, (name, y) in enumerate(
        {"cosine with the mean": cosine, "drift / ‖mean‖": drift}.items()
    ):
        fig.add_trace(plots.line(name, range(1, 17), y.tolist(), i, mode="lines+markers"))
    x = "sixteenth of the vocabulary, by frequency"
    show("3 by frequency", plots.finish(fig, f"By frequency<br>{TINY}", x, "see legend"))
    outcome("3.c", "frequent" if cosine[0] > cosine[-1] else "rare", label=TINY)

# %% [markdown]
# Some tokens of this vocabulary occur in no training batch of yours, and a few not in the text at all (`text.counts`). What moved them?

# %% exercise="3.5"
check("3.5", answer_3_5)

# %%
REMOVALS = {"d": ("LayerNorm", "norm=none"), "e": ("positions", "positions=False")}
REMOVALS |= {"f": ("biases", "biases=False"), "g": ("tying", "tied=False")}
runs, _ = grid.read()
by_seed = runs.pivot(index="seed", columns="run", values="mean_cosine")  # of the input embedding
pairs = {part: by_seed[["base", run]].dropna() for part, run in REMOVALS.values() if run in by_seed}

# %%
if ready("3.d", "3.e", "3.f", "3.g", "3.5"):
    table = {}
    for part, pair in pairs.items():
        row = {"seeds": len(pair), "with": pair["base"].mean(), "without": pair.iloc[:, 1].mean()}
        t = student.ppf(0.975, len(pair) - 1)  # Student's factor for so many seeds
        row["effect"], row["±"] = checked("3.5")(*torch.tensor(pair.to_numpy().T), t)
        table[part] = row
    print(pd.DataFrame(table).T.round(3))
    for letter, (part, _) in REMOVALS.items():
        left = table[part]["without"] / table[part]["with"]
        outcome(f"3.{letter}", left, label=f"without {part}, the grid's tiny models")

# %% [markdown]
# Now your own: `live` takes `norm="none"`, `positions=False`, `biases=False`, `tied=False`, `n_layers=0`, alone or together. `live(…)[2]` is a table; read all its columns.

# %%
# live(norm="none", positions=False, biases=False)[2].query("group == 'all'")

# %% exercise="3.6"
why("3.6", answer_3_6)

# %% tags=["solution"]
untied = (
    live(tied=False)[2]
    .query("group == 'all' and step == step.max()")
    .set_index("matrix")
    .mean_cosine
)
untied.round(3)

# %% [markdown]
# ## Where you stand

# %%
progress("3")

# %% [markdown]
# To hand it to a mentor, or to post it: one file of your answers, with predictions and figures.

# %%
# export("3")

# %% tags=["solution"]
for label in MINI:
    passes = answer_3_2(*looks[label], 0.5)
    report(
        label, {"mean cosine passes 0.5": passes, "at the end": courses[label].mean_cosine.iloc[-1]}
    )
numbers = {"mean cosine": geometry.mean_pairwise_cosine(after)}
report(TINY, numbers | {f"untied, {matrix} matrix": value for matrix, value in untied.items()})
