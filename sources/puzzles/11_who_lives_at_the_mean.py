# %% [markdown]
# # 11 Who lives at the mean? The puzzle
#
# **Question.** Which tokens lie nearest to the common vector, and what do they have in common?
#
# **Time** 75 min · **Difficulty** ●●○ · **You need** puzzle 01, softmax, and what a gradient step does
#
# In GPT-2 and GPT-J, tokens that the models had hardly ever met, " SolidGoldMagikarp" among them, turned up near the centre of the embeddings. A solution says where never-met tokens lie and what put them there, finds them without any count, and rules out that it is their length or their rarity.
#
# `check` says whether an answer is right, `hint` helps a step at a time, `reveal` shows a solution once yours passes.

# %%
from collections.abc import Callable

import pandas as pd
import torch
from jaxtyping import Float, Int
from torch import Tensor

from zeropoint import geometry, report
from zeropoint.claims import over
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
from zeropoint.puzzles.p11 import census, figures, growing, hull, measures, reading

neo, gpt2 = load_pair()

# %% [markdown]
# Of the stand-ins the training text is known: tokens that never occur in it were **never met**. Of other models nobody here knows the counts; there, only bytes that no text can hold, and rows without a token, count as never met.

# %%
people = {m.label: census.census(m) for m in (neo, gpt2)}
NEO, GPT2 = people
for c in people.values():  # c.W [d_vocab, d_model], c.never a mask, c.sure a few ids, c.counts
    print(c.known)

# %% [markdown]
# ## Predict
#
# All tokens queue up by their distance to the mean embedding, the nearest first: 0 is the head of the queue, 1 its end, and a group like any other has its median place at 0.5. A group's **radius** is the median distance of its tokens from their own centre; the cloud's spread is the root mean squared distance of all tokens from the mean.

# %%
predict("11.a", None, low=None, high=None)  # median place of the never met, the first model
predict("11.b", None, low=None, high=None)  # the same, the second model
predict(
    "11.c", None, low=None, high=None
)  # of the first hundred, how many were never met? first model
predict("11.d", None, low=None, high=None)  # radius of the never met, in spreads, the second model

# %% tags=["solution"]
skip("11")  # a solution predicts nothing

# %% exercise="11.1"
check("11.1", answer_11_1, real={n: c.W for n, c in people.items()})

# %%
# hint("11.1")
# reveal("11.1")

# %% [markdown]
# ## Look
#
# The least remote tokens by your answer, beside the ones nearest to the mean. Then all tokens; the band holds nine in ten of those that were met.

# %%
if ready("11.a", "11.b", "11.c", "11.1"):
    distances = {n: measures.distance(c.W, geometry.mean(c.W)) for n, c in people.items()}
    for n, c in people.items():
        yours = checked("11.1")(c.W).argsort()[:12]
        nearest = distances[n].argsort()[:12]
        print(f"{n}, least remote:", *c.shown(yours))
        print(f"{n}, nearest the mean:", *c.shown(nearest))
    panels = {n: (c, distances[n]) for n, c in people.items()}
    title = f"Distance to the mean<br>{NEO} and {GPT2}"
    figure = figures.against_count(panels, title, "distance to the mean, in spreads")
    show("11 distance to the mean", figure)
    outcome("11.a", measures.place(distances[NEO], people[NEO].never), label=NEO)
    outcome("11.b", measures.place(distances[GPT2], people[GPT2].never), label=GPT2)
    head = distances[NEO].argsort()[:100]
    outcome("11.c", people[NEO].never[head].sum(), label=NEO)

# %% [markdown]
# Rivals: is it the length of their rows, or their rarity? Each has a group of its own here. Then where the never met lie: how far their centre is from the mean, and how wide the cloud of all tokens is around that mean.

# %%
if ready("11.d", "11.1"):
    groups = {n: measures.groups(c) for n, c in people.items()}
    for n, c in people.items():
        spread = geometry.spread(c.W)
        radii = {name: measures.radius(c.W, ids) / spread for name, ids in groups[n].items()}
        show(f"11 radii, {n}", pd.Series(radii, name="radius, in spreads").round(3))
        away = (c.W[c.never].mean(0) - geometry.mean(c.W)).norm()
        print(f"{n}: the never met's centre lies {away:.2f} from the mean; spread {spread:.2f}\n")
    outcome("11.d", measures.radius(people[GPT2].W, people[GPT2].never) / spread, label=GPT2)

# %% exercise="11.2"
check("11.2", answer_11_2, real={n: (c.W, c.sure) for n, c in people.items()})

# %% [markdown]
# Your distances as a detector, the nearest first, judged by the counts with the sure tokens left out; and what else one might have tried. A perfect one stays at the top.

# %%
if ready("11.a", "11.b", "11.d", "11.2"):
    curves = {}
    for n, c in people.items():
        scores = {"yours": -checked("11.2")(c.W, c.sure).double()}
        others = measures.detectors(c)
        scores |= {name: others[name] for name in ("near the mean", "long", "near random tokens")}
        curves[n] = (c, scores)
    figure = figures.precision_recall(curves, f"Who was never met?<br>{NEO} and {GPT2}")
    show("11 detectors", figure)

# %% [markdown]
# ## What put them there?
#
# What does a token that never occurs get from a batch: as an input, and as an output that is never right (03)? What does every other such token get?

# %% exercise="11.3"
check("11.3", answer_11_3)

# %% [markdown]
# Does your formula foretell anything? A stand-in's rows are drawn from N(0, σ²) and are so σ√d_model from their centre at first; its learning rates and decay are recorded. Of other models only the first column is known.

# %%
if ready("11.d", "11.3"):
    for m in (neo, gpt2):
        c, recipe = people[m.label], growing.recipe_of(m.found.name)
        drawn = growing.drawn(m)
        measured = measures.radius(c.W, c.never)
        print(f"{m.label}: drawn {drawn:.3f}, measured {measured:.3f}")
        if recipe:
            rates = torch.tensor([recipe.lr_at(step) for step in range(recipe.steps)])
            start = torch.zeros(2).index_fill(0, torch.tensor(0), drawn)
            foretold = checked("11.3")(start, torch.zeros(2), rates, growing.decay_of(recipe))
            print(f"{m.label}: foretold {float(foretold):.3f}")

# %% [markdown]
# "Exactly the same step" is an idealisation. In which model does it foretell the radius, and where not? A token's step on the output side is p·h: are all their p the same? (mini-neo was trained with a z-loss of 0.1, mini-gpt2 without.)

# %% [markdown]
# ## Can they be said?
#
# In three million random hidden states of GPT-2, 85 of 133 weird tokens never won (published, with the conjecture that nothing can make them win). What share of the never-met tokens can be made to win by *some* hidden state?

# %%
predict("11.e", None, low=None, high=None)  # the first model

# %%
games = {}
for n, c in people.items():
    never = c.never.nonzero().flatten()
    games[n] = (c.W_out, never[:: max(1, len(never) // 24)])

# %% exercise="11.4"
check("11.4", answer_11_4, real=games)

# %% [markdown]
# Every one of them, by asking for longer or by a linear programme; and by four thousand random states.

# %%
if ready("11.e", "11.4"):
    for n, (W, tokens) in games.items():
        by_chance = set(hull.random_winners(W, 4096).tolist())
        ways = {t: hull.reach(W, t) for t in tokens.tolist()}
        made = sum(way.h is not None and hull.wins(W, t, way.h) for t, way in ways.items())
        lucky = sum(t in by_chance for t in ways)
        print(f"{n}: {made} of {len(ways)} can win; {lucky} did so in random states")
        if n == NEO:
            outcome("11.e", made / len(ways), label=n)

# %% [markdown]
# ## Read one
#
# Some text, then a never-met token, or a met one whose row is as long. After which is the model less sure of what comes next (a higher entropy)? Put `"higher"` or `"lower"`, for the never met, or `"undecided"`: that the 95 % interval of the difference, over contexts, holds 0.

# %%
predict("11.f", None)  # the first model

# %% [markdown]
# In nats, over contexts; each draws its tokens anew, so that the error covers the draws as well. "Depends on which": how far what follows one token of a group differs from what follows its average. The mean vector is put in as a token, too.

# %%
if ready("11.f", "11.d"):
    for m in (neo, gpt2):
        kinds = measures.groups(people[m.label])
        found = reading.read(m, kinds)
        show(f"11 after reading, {m.label}", reading.table(found))
        gaps = found["never met"].entropy - found["met, of equal length"].entropy
        more = over(gaps, "contexts")
        print(f"entropy, never met less met, context by context: {more}")
        if m is neo:
            said = "higher" if more.low > 0 else "lower" if more.high < 0 else "undecided"
            outcome("11.f", said, label=m.label)

# %% exercise="11.5"
known = {n: (c.W, c.never) for n, c in people.items() if c.counts is not None}
check("11.5", answer_11_5, real=known or {n: (c.W, c.never) for n, c in people.items()})

# %% exercise="11.6"
why("11.6", answer_11_6)

# %% [markdown]
# ## Where you stand

# %%
progress("11")

# %% [markdown]
# To hand it to a mentor, or to post it: one file of your answers, with predictions, figures and tables.

# %%
# export("11")

# %% tags=["solution"]
for n, c in people.items():
    alone = measures.average_precision(answer_11_5(c.W), c.never)
    report(n, {"never met": int(c.never.sum()), "average precision": alone})
