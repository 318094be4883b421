# %% [markdown]
# # 05 Geometry without an origin: the puzzle
#
# **Question.** Which of your tools secretly use zero?
#
# **Time** 90 min · **Difficulty** ●●○ · **You need** vectors, the cosine and principal components; what a group is helps
#
# A solution draws a line between the tools which notice that a whole cloud of vectors was carried elsewhere and those which don't, says why the line runs there, and says what a zero is good for.
#
# `check` says whether an answer is right, `hint` helps a step at a time, `reveal` shows a solution once yours passes. In 5.4 and 5.5 a cell hands you the task when you run it.

# %%
import pandas as pd
import torch
from jaxtyping import Float, Int
from torch import Tensor

from zeropoint import report
from zeropoint.desk import (
    check,
    checked,
    export,
    hint,
    note,
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
from zeropoint.puzzles.p05 import analogies, heap, shifts

# %%
neo, gpt2 = load_pair()
NEO, GPT2 = neo.label, gpt2.label
words, numbers = analogies.shared_tokens(
    neo.tokenizer, gpt2.tokenizer
)  # where the two differ, what both have
clouds = {
    NEO: neo.W_E[numbers[:, 0]],  # [d_vocab, d_model]
    GPT2: gpt2.W_E[numbers[:, 1]],
}
starts_with_space = torch.tensor([token.startswith("Ġ") for token in words])

# %% [markdown]
# ## Predict
#
# The same vector is added to every embedding of a model. Does what a tool says change, beyond rounding? Of fifteen tools here are the five that surprise most; the figure has all.
#
# The vector is a random one, 16 times as long as the cloud is wide (16 *spreads*). Of a token's ten nearest neighbours by cosine, which share stays? PCA here takes no mean away first: of its five leading directions, how many stay (5 if they span the same space, 0 if none of it)? Both for the first model.

# %%
predict("5.a", None, low=None, high=None)  # share of neighbours that stay
predict("5.b", None, low=None, high=None)  # leading directions that stay, of five

# %% [markdown]
# And `"sees"` or `"blind"`, at any size of shift: Pearson's correlation of two tokens over their coordinates (`np.corrcoef`); a linear probe, fitted anew after the shift to tell which tokens start with a space, without an intercept and with one that is not penalised.

# %%
predict("5.c", None)  # Pearson correlation of two tokens
predict("5.d", None)  # linear probe without intercept
predict("5.e", None)  # linear probe with intercept

# %% tags=["solution"]
skip("5")  # a solution predicts nothing

# %% [markdown]
# ## Look
#
# Each tool on 1,000 tokens, before and after; the slider sets the size of the shift. CKA compares the cloud with the other model's, which stays where it is. Rounding alone is (W + c) − c. In the control every token moves as far, but its own way.

# %%
asked = {
    "5.c": "Pearson correlation of two tokens",
    "5.d": "linear probe without intercept",
    "5.e": "linear probe with intercept",
}
if ready("5.a", "5.b", *asked):
    measured = shifts.measure(clouds, starts_with_space)
    figure = shifts.figure(measured, f"What changes when the cloud moves<br>{NEO} and {GPT2}")
    show("5 tools under a shift", figure)
    far = measured.query("model == @NEO and kind == 'shift' and move == '16'")
    change = far.groupby("tool").change.mean()
    outcome("5.a", shifts.kept_neighbours(change["nearest neighbours by cosine"]), label=NEO)
    outcome("5.b", shifts.kept_directions(change["PCA, not centred"]), label=NEO)
    table = shifts.table(measured)
    for id, tool in asked.items():
        outcome(id, table.origin[tool], label=f"{tool}, both models")

# %% [markdown]
# Before you read on: what have the tools on each side in common? Write a sentence, which `note` keeps; 5.6 will ask for more.

# %%
note("5 where the line runs", "...")

# %% exercise="5.1"
check("5.1", answer_5_1)

# %%
# hint("5.1")
# reveal("5.1")

# %% [markdown]
# Twice point 7, in the heap of 25 points of a plane over the numbers modulo 5: if each point in turn is zero, how many different answers are there?

# %%
predict("5.f", None, low=None, high=None)

# %%
points, place = heap.vectors(5, 2), torch.tensor([5, 1])
T = heap.heap(points[:, None, None], points[:, None], points) % 5 @ place  # [a, b, c]
if ready("5.f", "5.1"):
    twice = {checked("5.1")(T, zero)[0][7, 7].item() for zero in range(25)}
    outcome("5.f", len(twice), label="F_5^2")

# %% exercise="5.2"
check("5.2", answer_5_2, real=clouds)

# %% [markdown]
# How far does the answer go when the base goes from zero to the mean embedding? Try weights of your own, and find out for which ones it stays.

# %%
W, mu = clouds[NEO], clouds[NEO].mean(0)
if ready("5.2"):
    for weights in ([0.5, 0.5], [1, -1, 1], [0.5], [1, 1], [1, 1, 1]):
        w, x = torch.tensor(weights).float(), W[1000 : 1000 + len(weights)]
        moved = checked("5.2")(x, w, mu) - checked("5.2")(x, w, torch.zeros_like(mu))
        print(f"{weights}: {moved.norm() / mu.norm():.4f} times the length of the mean")

# %% exercise="5.3"
check("5.3", answer_5_3, real=clouds)

# %% [markdown]
# Twenty questions about words with and without an s, answered from among these words: as the cloud lies, and carried 4 and 64 spreads away. What becomes of your answers, and of those by the highest cosine (3CosAdd, rows normalised first)? And far away, whose answers does the cosine give?

# %%
q = analogies.questions(analogies.pairs(words, "plural", most=20), rounds=1, seed=0)
abc = torch.searchsorted(q.candidates, torch.stack([q.a, q.b, q.c], dim=1)).tolist()


def by_yours(W):
    V = W[q.candidates]
    return q.candidates[torch.tensor([int(checked("5.3")(V, *three)) for three in abc])]


def share(answers, others):
    return (answers == others).double().mean().item()


# %%
def quiz(W):
    """A row for each size of shift."""
    rows, mine = {}, by_yours(W)
    home = analogies.answers(W, q, "3CosAdd, unit rows")
    for size in (0, 4, 64):
        shift = analogies.shift(W, size, seed=0)
        cosine = analogies.answers(W, q, "3CosAdd, unit rows", shift)
        rows[size] = {
            "the cosine keeps": share(cosine, home),
            "yours keeps": share(by_yours(W + shift), mine),
            "the two agree": share(cosine, mine),
        }
    return pd.DataFrame(rows).T


if ready("5.a", "5.3"):
    for name, W in clouds.items():
        found = quiz(W.double()).rename_axis(f"{name}: spreads")
        show(f"5 twenty questions, {name}", found.round(2))

# %% [markdown]
# ## A box
#
# f(x, y) = P(Mx + y), where x and y are vectors over a small field, M is an unknown invertible matrix and P an unknown permutation of the values. Ciphers are built like that. You get f as a table, in which x, y and the values go under random names: a row for each x, a column for each y.

# %%
box = heap.black_box(5, 2, seed=0)
f = box.table  # [25, 25]: name of x, name of y -> name of the value
print(pd.DataFrame(f).to_string())

# %% [markdown]
# What of y's space can be recovered from f alone: `"differences"`, `"zero"`, `"both"` or `"neither"`?

# %%
predict("5.g", None)

# %% exercise="5.4"
check("5.4", answer_5_4, real={box.label: f})

# %% exercise="5.5"
check("5.5", answer_5_5, real={box.label: f})


# %% [markdown]
# Try them all: 25 names of x and 25 of y make 625 claims. If f knows its zeros, one of them fits the whole table; if it knows nothing of them, all do. (That differences can be had is what 5.4 has shown.)


# %%
def sums(zero):
    """The table of a + b that your 5.4 gives, with this name of y for its zero."""
    return torch.tensor(
        [[int(checked("5.4")(f, a, zero, b)) for b in range(25)] for a in range(25)]
    )


if ready("5.g", "5.4", "5.5"):
    fitting = 0
    for y0 in range(25):
        plus = sums(y0)
        for x0 in range(25):
            M, P = map(torch.as_tensor, checked("5.5")(f, x0, y0))
            fitting += torch.equal(P[plus[M]], f)
    print(f"{fitting} of 625 claims about the zeros fit the whole table.")
    found = "differences" if fitting == 625 else "both" if fitting == 1 else "neither"
    outcome("5.g", found, label=box.label)

# %% exercise="5.6"
why("5.6", answer_5_6)

# %% [markdown]
# ## Where you stand

# %%
progress("5")

# %% [markdown]
# To hand it to a mentor, or to post it: one file of your answers, with predictions, figures and tables.

# %%
# export("5")

# %% tags=["solution"]
sees = int((table.origin == "sees").sum())
for name in clouds:
    changed = (
        measured[(measured.model == name) & (measured.kind == "shift")].groupby("tool").change.max()
    )
    report(
        name,
        {"tools that see zero": f"{sees} of {len(table)}"}
        | {t: changed[t] for t in ("cosine", "PCA, centred")},
    )
report(box.label, {"claims about the zeros that fit": f"{fitting} of 625"})
