# %% [markdown]
# # 05 Geometry without an origin: the puzzle
#
# **Question.** Which of your tools secretly use zero?
#
# **Time** 75 min · **Difficulty** ●●○ · **You need** vectors, the cosine and principal components; what a group is helps
#
# A solution draws a line between the tools which notice that a whole cloud of vectors was carried elsewhere and those which don't, says why the line runs there, and says what a zero is good for.
#
# `check` says whether an answer is right, `hint` helps a step at a time, `reveal` shows a solution once yours passes. In 5.4 and 5.5 a cell hands you the task when you run it.

# %%
import torch
from jaxtyping import Float, Int
from torch import Tensor

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
# The same vector is added to every embedding. Does what the tool says change? Put `"sees"` or `"blind"` for each `None`. CKA compares the cloud with the other model's, which stays where it is; the probe is fitted anew to tell which tokens start with a space.

# %%
predict("5.a", None)  # cosine
predict("5.b", None)  # Euclidean distance
predict("5.c", None)  # dot product
predict("5.d", None)  # difference of two vectors
predict("5.e", None)  # norm
predict("5.f", None)  # how far four tokens are from a parallelogram
predict("5.g", None)  # nearest neighbours by cosine

# %%
predict("5.h", None)  # nearest neighbours by distance
predict("5.i", None)  # PCA, not centred
predict("5.j", None)  # PCA, centred
predict("5.k", None)  # CKA, not centred
predict("5.l", None)  # CKA, centred
predict("5.m", None)  # linear probe without intercept
predict("5.n", None)  # linear probe with intercept

# %% tags=["solution"]
skip("5")  # a solution predicts nothing

# %% [markdown]
# ## Look
#
# Each tool on 1,000 tokens, before and after; the slider sets the size of the shift. Rounding alone is (W + c) − c. In the control every token moves as far, but its own way.

# %%
letters = "abcdefghijklmn"
if ready(*(f"5.{letter}" for letter in letters)):
    measured = shifts.measure(clouds, starts_with_space)
    figure = shifts.figure(measured, f"What changes when the cloud moves<br>{NEO} and {GPT2}")
    show("5 tools under a shift", figure)
    table = shifts.table(measured)
    for letter, tool in zip(letters, table.index, strict=True):
        outcome(f"5.{letter}", table.origin[tool], label=tool)

# %% [markdown]
# Before you read on: what have the tools on each side in common? Write a sentence; 5.6 will ask for it.

# %% exercise="5.1"
check("5.1", answer_5_1)

# %%
# hint("5.1")
# reveal("5.1")

# %% [markdown]
# Twice point 7, in the heap of 25 points of a plane over the numbers modulo 5: if each point in turn is zero, how many different answers are there?

# %%
predict("5.o", None, low=None, high=None)

# %%
points, place = heap.vectors(5, 2), torch.tensor([5, 1])
T = heap.heap(points[:, None, None], points[:, None], points) % 5 @ place  # [a, b, c]
if ready("5.o", "5.1"):
    twice = {checked("5.1")(T, zero)[0][7, 7].item() for zero in range(25)}
    outcome("5.o", len(twice), label="F_5^2")

# %% exercise="5.2"
check("5.2", answer_5_2, real=clouds)

# %% [markdown]
# How far does the answer go when the base goes from zero to the mean embedding? Try weights of your own, and find out for which ones it stays.

# %%
W, mu = clouds[NEO], clouds[NEO].mean(0)
if ready("5.2"):
    for weights in ([0.5, 0.5], [1, -1, 1], [1, 1], [2]):
        w, x = torch.tensor(weights).float(), W[1000 : 1000 + len(weights)]
        moved = checked("5.2")(x, w, mu) - checked("5.2")(x, w, torch.zeros_like(mu))
        print(f"{weights}: {moved.norm() / mu.norm():.4f} times the length of the mean")

# %% exercise="5.3"
check("5.3", answer_5_3, real=clouds)

# %% [markdown]
# Twenty questions about words with and without an s, asked twice: as the cloud lies, and four times its spread away. What becomes of your answers, and of those by the highest cosine (3CosAdd)?

# %%
q = analogies.questions(analogies.pairs(words, "plural", most=20), rounds=1, seed=0)
asked = list(zip(q.a.tolist(), q.b.tolist(), q.c.tolist(), strict=True))
for name, W in clouds.items():
    shift = 4 * shifts.spread(W) * shifts.direction(W.shape[1], seed=0)
    here, there = (analogies.answers(W, q, "3CosAdd, unit rows", c) for c in (0.0, shift))
    kept = (here == there).double().mean()
    print(f"{name}: the highest cosine keeps {kept:.0%} of its answers")
    if ready("5.3"):
        here = torch.tensor([checked("5.3")(W.double(), *abc) for abc in asked])
        there = torch.tensor([checked("5.3")(W + shift, *abc) for abc in asked])
        print(f"{name}: yours keeps {(here == there).double().mean():.0%}")

# %% [markdown]
# ## A box
#
# f(x, y) = P(Mx + y), where x and y are vectors over a small field, M is an unknown invertible matrix and P an unknown permutation of the values. Ciphers and recurrent networks have such layers. You get f as a table, in which x, y and the values go under random names.
#
# What of y's space can be recovered from f alone: `"differences"`, `"zero"`, `"both"` or `"neither"`?

# %%
predict("5.p", None)

# %% exercise="5.4"
box = heap.black_box(5, 2, seed=0)
f = box.table  # [25, 25]: name of x, name of y -> name of the value
check("5.4", answer_5_4, real={box.label: f})

# %% exercise="5.5"
check("5.5", answer_5_5, real={box.label: f})


# %%
def fits(x0, y0):
    M, P = checked("5.5")(f, x0, y0)
    plus = [[checked("5.4")(f, a, y0, b) for b in range(25)] for a in M.tolist()]  # y0 is zero
    return torch.equal(P[torch.tensor(plus)], f)


if ready("5.p", "5.4", "5.5"):
    tried = [fits(x0, y0) for x0 in range(5) for y0 in range(5)]
    print(f"{sum(tried)} of {len(tried)} claims about the zeros fit the whole table.")
    found = "differences" if all(tried) else "both" if sum(tried) == 1 else "neither"
    outcome("5.p", found, label=box.label)

# %% exercise="5.6"
why("5.6", answer_5_6)

# %% [markdown]
# ## Where you stand

# %%
progress("5")

# %% [markdown]
# To hand it to a mentor, or to post it: one file of your answers, with predictions and figures.

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
report(box.label, {"zeros tried that fit": f"{sum(tried)} of {len(tried)}"})
