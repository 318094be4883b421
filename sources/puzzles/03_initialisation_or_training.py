# %% [markdown]
# # 03 Initialisation or training? The puzzle
#
# **Question.** The embeddings of 01 share one big mean vector. Was it there before the first update? If not: when does it come, which tokens bring it, and which parts of the network does it need?
#
# **Time** 85 min · **Difficulty** ●●○ · **You need** puzzle 01, and what an optimiser's update is
#
# A solution gives a time, the tokens that move, and what of model, text and optimiser the mean needs, beside what it does not need. You have two recorded trainings, the runs of a grid, and a tiny model that you can train in a minute.

# %%
import pandas as pd
import torch
from jaxtyping import Float, Int
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
from zeropoint.puzzles.p03 import removals, trajectory
from zeropoint.tiny import grid
from zeropoint.tiny.corpus import tokens_for
from zeropoint.tiny.options import changed
from zeropoint.tiny.shape import TinyConfig, TinyLM
from zeropoint.tiny.training import Recipe, batch_at, next_token_loss, train

# %%
MINI = {models.load_embedding(name).label: name for name in models.STAND_INS}
NEO, GPT2 = MINI
# rows: the updates that were looked at
courses = {label: trajectory.whole(name) for label, name in MINI.items()}
print(f"{NEO} was trained for {courses[NEO].index[-1]:,} updates.")

# %% [markdown]
# ## Predict
#
# Of mini-neo's embedding: its mean cosine before the first update, and the update at which that passes 0.5. And in the tiny model that you will train: which tokens end closer, by cosine, to the mean vector, the `"frequent"` or the `"rare"`?

# %%
predict("3.a", None, low=None, high=None)  # mean cosine before the first update
predict("3.b", None, low=None, high=None)  # the update at which it passes 0.5
predict("3.c", None)  # "frequent" or "rare"

# %% [markdown]
# A tiny model is trained again, each time with one change. What is left of its embedding's mean cosine, as a share of the unchanged model's? 1 is all of it, 0 nothing.
#
# * **3.d** No LayerNorm, anywhere.
# * **3.e** Another text, in which all tokens are equally frequent.
# * **3.f** Adam divides the steps of all tokens by the same numbers. (As it is, those of each token by its own.)
# * **3.g** Not tied: the embedding reads tokens in, and another matrix scores them at the end. (As it is, one does both.)

# %%
predict("3.d", None, low=None, high=None)  # no LayerNorm
predict("3.e", None, low=None, high=None)  # equally frequent tokens
predict("3.f", None, low=None, high=None)  # one divisor for all tokens
predict("3.g", None, low=None, high=None)  # not tied

# %% tags=["solution"]
skip("3")  # a solution predicts nothing

# %% exercise="3.1"
shapes = {label: models.load_embedding(name).W.shape for label, name in MINI.items()}
check("3.1", answer_3_1, real={label: (*shape, 0.02) for label, shape in shapes.items()})

# %%
# hint("3.1")
# reveal("3.1")

# %% [markdown]
# ## Look
#
# The first of mini-neo's recorded numbers is from before any update. And here is its first embedding, drawn again from N(0, 0.02²) with the seed of its training: row norm and spread of cosines as root mean squares. If chance made it, the first three columns agree with 3.1.

# %%
if ready("3.a", "3.1"):
    outcome("3.a", courses[NEO].mean_cosine[0], label=NEO)
    fresh, sigma = trajectory.fresh(models.standin_folder(MINI[NEO]))
    measured = trajectory.sizes(fresh)
    by_chance = (*checked("3.1")(*fresh.shape, sigma), 0.0)
    names = [f"3.1, {NEO}", "drawn again"]
    show("3 at the start", pd.DataFrame([by_chance, measured.values()], names, measured))

# %%
if ready("3.a", "3.b"):
    fig = plots.panels(["mean cosine", "held-out loss"])
    for i, (label, c) in enumerate(courses.items()):
        for column, what in enumerate(("mean_cosine", "held_out_loss"), start=1):
            fig.add_trace(plots.line(label, c.index + 1, c[what], i), row=1, col=column)
    fig.update_xaxes(type="log", dtick=1)
    title = f"Two recorded trainings<br>{NEO} and {GPT2}"
    show("3 trainings", plots.finish(fig, title, "updates + 1", ["cosine", "nats a token"]))

# %%
if ready("3.b"):
    c = courses[NEO]
    outcome("3.b", trajectory.crossing(c.index, c.mean_cosine, 0.5), label=NEO)

# %% [markdown]
# What has the model learned by then, and what not yet? Say it to yourself; the clocks below will tell.
#
# And a question about the other curve: after its peak, mini-gpt2's mean cosine goes down. Is its mean vector then `"shorter"` at the end than at that peak, or `"longer"`?

# %%
predict("3.h", None)

# %%
if ready("3.a", "3.b", "3.h"):
    clocks = pd.DataFrame({label: trajectory.clocks(name) for label, name in MINI.items()})
    show("3 clocks", clocks.round(2))
    shrinks = clocks[GPT2]["‖mean‖, end / peak"] < 1
    outcome("3.h", "shorter" if shrinks else "longer", label=GPT2)

# %% [markdown]
# Two updates to compare: when half of the largest mean cosine stands, and when the loss passes the entropy of the tokens' frequencies, which is the loss of a model that knows how frequent each token is, and no more. Then the last three rows: a mean cosine is roughly ‖mean‖² over the mean squared length of a row. Which of the two explains the fall?

# %% [markdown]
# ## Train one
#
# Two layers, 2,048 tokens of Python's own library, ten seconds on a free core; tied, as the two above are. The bar shows the mean cosine.

# %%
TINY = "tiny model, trained here"
text = tokens_for(2048)
shape = TinyConfig(d_vocab=2048, d_model=64, n_layers=2, ctx=64, seed=0)
recipe = Recipe(steps=300, batch=4, ctx=64, lr=2e-3, warmup=30, seed=0)


def live(progress=True, **removed):
    """Train and give (W_E before, W_E after, what was seen on the way)."""
    model = TinyLM(changed(shape, **removed))
    before = model.W_E.detach().clone()
    looks = {0, 8, 16, 32, 64, 96, 128, 200, 300}
    rows = train(model, text, recipe, watched=looks, groups=[], progress=progress)
    columns = ["matrix", "mean_cosine", "norm_of_mean", "mean_row_norm", "held_out_loss"]
    return before, model.W_E.detach(), pd.DataFrame(rows).set_index("step")[columns]


before, after, rows = live(progress=ready("3.a", "3.b"))  # the bar tells, too

# %%
if ready("3.a", "3.b"):
    c = rows.mean_cosine
    fig = plots.go.Figure(plots.line("mean cosine", c.index, c, 0, mode="lines+markers"))
    title = f"Before your eyes<br>{TINY}"
    show("3 live", plots.finish(fig, title, "updates", "mean pairwise cosine"))
    mine = trajectory.clocks_of(rows, text.entropy)
    show("3 clocks of mine", pd.Series(mine, name=TINY).round(2))

# %% [markdown]
# The same clocks, of your own model, interpolated between its looks. Do the two updates come in the same order in all three?

# %% [markdown]
# ## The first push
#
# Before its first update this model was fresh. Which way did that update push, and whom?

# %%
model = TinyLM(shape)
batch = batch_at(text.train, recipe, 0)
hidden, W_out = model.trunk(batch[:, :-1])
h, following = hidden.detach().flatten(0, 1), batch[:, 1:].flatten()  # a row for each position

# %% exercise="3.2"
check("3.2", answer_3_2, real={TINY: (h, W_out.detach(), following)})

# %% exercise="3.3"
check("3.3", answer_3_3, real={TINY: (h, len(text.counts))})

# %% [markdown]
# Compare with autograd, which follows both uses of the one matrix: of each token that is nowhere in the batch, the cosine of its step of descent with your 3.3, and its length in that of 3.3.

# %%
if ready("3.3"):
    model.zero_grad()
    next_token_loss(model.trunk, batch).backward()
    absent = torch.ones(len(W_out), dtype=torch.bool).index_fill(0, batch.unique(), False)
    step, push = -model.W_E.grad[absent], checked("3.3")(h, len(W_out))
    compared = {"cosine": torch.cosine_similarity(step, push, dim=1)}
    compared["length"] = step.norm(dim=1) / push.norm()
    show("3 a step and the push", pd.DataFrame(compared).describe().round(3))

# %% [markdown]
# ## Who moves?
#
# That was one batch. Some tokens of this vocabulary are nowhere in the text (`text.counts`), so that no update ever finds them right. How far do they go along the final mean, in units of its length, where the average token goes about 1? And what is the cosine of their whole way, from first update to last, with that *first* push? (The push is plain descent. Training took Adam's steps, of which the first is nearly the push's sign, number by number.)

# %%
predict("3.i", None, low=None, high=None)  # drift / ‖mean‖
predict("3.j", None, low=None, high=None)  # cosine with the first push; 0 is no relation

# %% exercise="3.4"
by_count = text.counts.argsort(descending=True, stable=True)
real = {TINY: (after, by_count, 16)} if ready("3.c") else None  # your numbers answer it
check("3.4", answer_3_4, real=real)

# %%
nowhere = text.counts == 0
if ready("3.c", "3.i", "3.4"):
    cosine = checked("3.4")(after, by_count, 16)
    mean = after.mean(0)
    drift = (after - before) @ mean / mean.square().sum()  # in units of ‖mean‖
    outcome("3.i", drift[nowhere].mean().item(), label=TINY)
    curves = {"cosine with the mean": cosine}
    curves["drift / ‖mean‖"] = drift[by_count].view(16, -1).mean(1)
    fig = plots.go.Figure()
    for i, (name, y) in enumerate(curves.items()):
        fig.add_trace(plots.line(name, range(1, 17), y.tolist(), i, mode="lines+markers"))
    x = "sixteenth of the vocabulary, by frequency"
    show("3 by frequency", plots.finish(fig, f"By frequency<br>{TINY}", x, "see legend"))
    outcome("3.c", "frequent" if cosine[0] > cosine[-1] else "rare", label=TINY)

# %%
if ready("3.j", "3.3"):
    way = (after - before)[nowhere]
    along = torch.cosine_similarity(way, checked("3.3")(h, len(W_out)), dim=1)
    outcome("3.j", along.mean().item(), label=TINY)
    other = torch.randn(64, generator=torch.Generator().manual_seed(0))
    aside = torch.cosine_similarity(way, other, dim=1)
    compared = {"the first push": along.mean().item(), "a random direction": aside.mean().item()}
    show("3 the whole way", pd.Series(compared, name="cosine of the whole way with"))

# %% [markdown]
# ## Take a part away
#
# One run is one seed. The **grid** is a set of tiny models that were trained beforehand: a **base**, and runs that differ from it in one thing, each with the weights and the batches of the base run of its seed. The base has twice as many tokens and updates as yours, and so ends elsewhere.
#
# Below, what is left of the base's mean cosine, seed by seed, with a 95 % interval over seeds; tying twice, since untied there are two matrices. Three rows leave the model whole: one text has its tokens in random order; in one all are equally frequent, and half of them follow from the one before; and in one Adam all tokens share their divisors, the second moments.

# %%
runs, _ = grid.read()
parts = {
    "d": "LayerNorm",
    "e": "unequal frequencies",
    "f": "Adam's second moment by token",
    "g": "tying",
}
if ready("3.d", "3.e", "3.f", "3.g"):
    left = {part: removals.share(runs, part) for part in removals.RUNS}
    GRID = "recorded tiny models"
    show("3 removals", removals.figure(left, f"What is left without<br>{GRID}, 95 % intervals"))
    show("3 removals, in numbers", removals.table(runs, left).round(3))
    for letter, part in parts.items():
        print(f"3.{letter} without {part}")
        outcome(f"3.{letter}", left[part].value, label=GRID)

# %% [markdown]
# Now your own: `live` takes `norm="none"`, `positions=False`, `biases=False`, `tied=False`, `n_layers=0`, alone or together. Does a removal in yours go the way it goes in the grid? And what is left with no layer at all?
#
# `live(…)[2]` is a table by update: `matrix`, input or output, where there are two; `mean_cosine`; `norm_of_mean`, the mean row's length; `mean_row_norm`, a row's mean length; `held_out_loss`, nats a token. What you `show` under a name of its own stands in the export.

# %%
# show("3 bare", live(norm="none", positions=False, biases=False)[2])

# %% exercise="3.5"
why("3.5", answer_3_5)

# %% tags=["solution"]
untied = live(tied=False)[2].loc[recipe.steps].set_index("matrix").mean_cosine
untied.round(3)

# %% [markdown]
# ## Where you stand

# %%
progress("3")

# %% [markdown]
# To hand it to a mentor, or to post it: one file of your answers, with predictions, figures and tables.

# %%
# export("3")

# %% tags=["solution"]
for label in MINI:
    numbers = {"mean cosine passes 0.5": clocks[label]["mean cosine passes 0.5"]}
    report(label, numbers | {"at the end": courses[label].mean_cosine.iloc[-1]})
numbers = {"mean cosine": geometry.mean_pairwise_cosine(after)}
report(TINY, numbers | {f"untied, {matrix} matrix": value for matrix, value in untied.items()})
report(GRID, {f"left without {part}": share.value for part, share in left.items()})
