# %% [markdown]
# # 10 Word2vec-style embeddings: the puzzle
#
# **Question.** What else is written linearly in a token's embedding?
#
# **Time** 70 min · **Difficulty** ●●○ · **You need** vectors, linear regression, R²
#
# A token is a number to the model: nothing tells it how the token is spelt. Does its embedding tell? A solution says which properties a linear probe reads off tokens that it never saw, next to what one gets without the trained model; when such a probe needs an origin; and how much of the arrow from *map* to *maps* is about pairs.
#
# `check` says whether an answer is right, `hint` helps a step at a time, `reveal` shows a solution once yours passes.

# %%
import torch
from jaxtyping import Float
from torch import Tensor

from zeropoint import geometry, report, streams
from zeropoint.claims import exact, over
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
from zeropoint.models import load_pair
from zeropoint.puzzles.p10 import figures, hunt, probes, study, tokens

# %% [markdown]
# Of each vocabulary the readable tokens: whole characters, no white space but perhaps one space in front, which is not counted as a character.

# %%
first, second = models = [study.Study(model) for model in load_pair()]
FIRST, SECOND = first.label, second.label
X = {m.label: m.X for m in models}  # rows of W_E, [n, d_model] each
length = {m.label: m.length for m in models}  # characters, [n]
fold = {m.label: m.fold for m in models}  # [n]: 0 to 9
for m in models:
    some = ", ".join(streams.shown(text) for text in m.words.texts[1000:1006])
    y = m.length
    print(f"{m.label}: {len(y)} tokens such as {some}; {y.mean():.1f} ± {y.std():.1f} characters")

# %% [markdown]
# ## Predict
#
# A regression from a token's row to its number of characters, judged on tokens that it did not see, by the share of the squared error that it takes away: R². What will it be for the first model? And for a regression that sees of each token only its rank, its number in the vocabulary, where frequent tokens come first?

# %%
predict("10.a", None, low=None, high=None)  # from the rows
predict("10.b", None, low=None, high=None)  # from the rank alone

# %% [markdown]
# Which of these does the same regression read worst, by R², in the first model: `"length"`, `"space"` (in front), `"capital"` (first letter), `"digit"` (any)?

# %%
predict("10.c", None)

# %% tags=["solution"]
skip("10")  # a solution predicts nothing

# %% exercise="10.1"
some = {m.label: (m.length[:100], m.length[100:200], 6.0) for m in models}
check("10.1", answer_10_1, real=some)

# %%
# hint("10.1")
# reveal("10.1")

# %% exercise="10.2"
check("10.2", answer_10_2, real={m.label: (m.X, m.length) for m in models})

# %% [markdown]
# ## Look
#
# Your probe and your score. The sums over all folds but one are the sums over all, less those over the one, so the rows go by once for ten probes. Beside the rows: the rank alone; the rows of the same model before it was trained; and the rows again, with the lengths shuffled. Which of these should stay at 0 or, since every coefficient is fitted to noise, a little below, and what would it mean if one did not?

# %%
if ready("10.a", "10.b", "10.1", "10.2"):
    probe, score = checked("10.2"), checked("10.1")
    mine = {}
    for m in models:
        trials = {
            "rows of W_E": (m.X, m.length),
            "rank alone": (m.rank, m.length),
            "initial weights": (m.initial, m.length),
            "shuffled lengths": (m.X, probes.shuffled(m.length)),
        }
        for reader, (features, truth) in trials.items():
            scores = probes.ten_probes(probe, score, features, truth, m.fold)
            mine[m.label, reader] = over(scores, "folds")
            print(f"{m.label}, {reader}: R² {mine[m.label, reader]}")
    outcome("10.a", mine[FIRST, "rows of W_E"].value, label=FIRST)
    outcome("10.b", mine[FIRST, "rank alone"].value, label=FIRST)

# %% [markdown]
# And what else? The same for three or four yes-or-no properties.

# %%
if ready("10.a", "10.b", "10.c", "10.1", "10.2"):
    R2 = {}
    for m in models:
        R2[m.label] = {
            "rows of W_E": m.r_squared(m.read(m.X)),
            "rank alone": m.r_squared(m.read(m.rank)),
        }
    title = f"What a linear probe reads off W_E<br>{FIRST} and {SECOND}"
    show("10 properties", figures.scores(R2, title, "R² on tokens not seen"))
    of = R2[FIRST]["rows of W_E"]
    short = {
        "characters": "length",
        "begins with a space": "space",
        "begins with a capital": "capital",
        "holds a digit": "digit",
    }
    there = [what for what in short if what in of]
    held = {what: f"{first.truth[what].double().mean():.1%}" for what in there[1:]}
    print(f"{FIRST}, share of the tokens: {held}")
    outcome("10.c", short[min(there, key=lambda what: of[what].value)], label=FIRST)

# %% [markdown]
# ## Without an origin
#
# Your probe has an intercept: its slope works with steps from the mean. Take the intercept away, so that w·x alone must say "six characters". How much of its R² will the first model's probe lose, how much the second's? (0.1 if R² falls from 0.5 to 0.4.) The mean cosines of 01:

# %%
for m in models:
    print(f"{m.label}: mean pairwise cosine {geometry.mean_pairwise_cosine(m.X):.2f}")

# %%
predict("10.d", None, low=None, high=None)  # the first model
predict("10.e", None, low=None, high=None)  # the second model

# %% exercise="10.3"
check("10.3", answer_10_3, real=X)

# %% [markdown]
# Compare with what is lost, as the cloud lies and centred. (More than 1 can be lost: without an intercept the centred probe says about 0 on average, which is worse than the mean.) On all tokens, and without a penalty, the loss is exactly b² · (your number) / var(y), where b is the full probe's intercept. Why b², and what is b once the cloud is centred?

# %%
if ready("10.a", "10.d", "10.e", "10.3"):
    for name, id in ((FIRST, "10.d"), (SECOND, "10.e")):
        y, centred = length[name], X[name].double() - X[name].double().mean(0)
        full = probes.held_out(X[name], y, fold[name])
        for where, cloud in (("as it lies", X[name]), ("centred", centred)):
            bare = probes.held_out(cloud, y, fold[name], intercept=False)
            cost = probes.gain(y, full, bare, fold[name])
            far = checked("10.3")(cloud.double())
            print(f"{name}, {where}: {far:.4f} by your 10.3; R² lost: {cost}")
            if where == "as it lies":
                outcome(id, cost.value, label=name)

# %% [markdown]
# ## Arrows
#
# Pairs such as *map* and *maps*, found by rule among the readable tokens. In word2vec the differences of such pairs were famous for being nearly one vector. Are they here?

# %% exercise="10.4"
arrows = {}
for m in models:
    by_size = sorted(m.pairs[0].values(), key=len)
    if by_size:
        arrows[m.label] = m.differences(by_size[-1])  # of the relation with the most pairs
check("10.4", answer_10_4, real=arrows)

# %% [markdown]
# Two controls. Random pairs: any two tokens. Exchanged partners: the same tokens on both sides, each with the partner of another, so that *map* goes with *trees*. What part of the share of true pairs will the exchanged ones keep, on average over the relations, in the first model: 0 for none of it, 1 for all?

# %%
predict("10.f", None, low=None, high=None)

# %%
if ready("10.f", "10.4"):
    shares = {}
    for m in models:
        shares[m.label] = {"true pairs": {}, "partners exchanged": {}, "random pairs": {}}
        for relation, true in m.pairs[0].items():
            drawn = {"true pairs": true} | tokens.controls(true, len(m.X), seed=0)
            for kind, rows in drawn.items():
                yours = checked("10.4")(m.differences(rows))
                shares[m.label][kind][relation] = exact(yours)
    title = f"How much of a difference the other pairs foretell<br>{FIRST} and {SECOND}"
    show("10 arrows", figures.scores(shares, title, "share explained", "relation"))
    kept = study.left(shares[FIRST]["partners exchanged"], shares[FIRST]["true pairs"])
    if first.pairs[0]:  # a vocabulary may have no such pairs
        outcome("10.f", kept.value, label=FIRST)

# %% [markdown]
# The mean of all differences is the same, to the last digit, with partners exchanged: each token is on the same side as before. So what is it that grows, where the share falls? And what is the arrow about, then?

# %% exercise="10.5"
ground = {m.label: hunt.ground(m) for m in models}
check("10.5", answer_10_5, real=ground)

# %% exercise="10.6"
why("10.6", answer_10_6)

# %% [markdown]
# ## Where you stand

# %%
progress("10")

# %% [markdown]
# To hand it to a mentor, or to post it: one file of your answers, with predictions, figures and tables.

# %%
# export("10")

# %% tags=["solution"]
for name, found in R2.items():
    report(
        name,
        {
            "R² of length": found["rows of W_E"]["characters"].value,
            "R² of length, rank alone": found["rank alone"]["characters"].value,
            "of 1, not said by the rows": answer_10_3(X[name].double()),
        },
    )
