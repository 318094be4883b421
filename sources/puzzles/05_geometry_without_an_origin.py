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
from zeropoint.puzzles.p05 import analogies, heap, shifts, trial

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
# The vector is a random one, 16 *spreads* long; a spread is the root mean square distance of the embeddings to their mean. Of a token's ten nearest neighbours by cosine, what share stays? PCA here takes no mean away first: of its five leading directions, how many stay (5 if they span the same space, 0 if none of it)? Both for the first model.

# %%
predict("5.a", None, low=None, high=None)  # share of neighbours that stay
predict("5.b", None, low=None, high=None)  # leading directions that stay, of five

# %% [markdown]
# And `"sees"` or `"blind"`, at any size of shift: Pearson's correlation of two tokens over their coordinates (`np.corrcoef`); a linear probe by least squares, fitted anew after the shift to tell which tokens start with a space, without an intercept and with one.

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
    show("5 the tools under a shift", figure)
    far = measured.query("model == @NEO and kind == 'shift' and move == '16'")
    change = far.groupby("tool").change.mean()
    outcome("5.a", shifts.kept_neighbours(change["nearest neighbours by cosine"]), label=NEO)
    outcome("5.b", shifts.kept_directions(change["PCA, not centred"]), label=NEO)
    table = shifts.table(measured)
    for id, tool in asked.items():
        print(f"{id} {tool}")
        outcome(id, table.origin[tool], label=f"{NEO} and {GPT2}")

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
    outcome("5.f", len(twice), label="25 points modulo 5")

# %% exercise="5.2"
check("5.2", answer_5_2, real=clouds)

# %% [markdown]
# Three points of weight 1 each, and a base that goes from zero to the mean embedding: how far does the answer of 5.2 go, in lengths of the mean?

# %%
predict("5.g", None, low=None, high=None)

# %%
W, mu = clouds[NEO], clouds[NEO].mean(0)


def goes(*weights):
    w, x = torch.tensor(weights).float(), W[1000 : 1000 + len(weights)]
    moved = checked("5.2")(x, w, mu) - checked("5.2")(x, w, torch.zeros_like(mu))
    return moved.norm() / mu.norm()


if ready("5.g", "5.2"):
    outcome("5.g", goes(1.0, 1.0, 1.0), label=NEO)
    for weights in ((0.5, 0.5), (1, -1, 1), (0.5,), (1, 1)):
        print(f"{weights}: {goes(*weights):.4f} times the length of the mean")

# %% [markdown]
# Call `goes` with weights of your own. Which weights leave the answer where it is?

# %%
note("5 which weights", "...")

# %% exercise="5.3"
check("5.3", answer_5_3, real=clouds)

# %% [markdown]
# A quiz on words with and without an s, each asked for with five others, and answered from among these words: as the cloud lies, and carried 4 and 64 spreads away. What becomes of your answers, and of those by the highest cosine (3CosAdd, rows normalised first)? Far away, whose answers does the cosine give? Shares have 95 % intervals over the pairs of words.

# %%
q = analogies.questions(analogies.pairs(words, "plural"), rounds=5, seed=0)
abc = torch.searchsorted(q.candidates, torch.stack([q.a, q.b, q.c], dim=1)).tolist()


def by_yours(W):
    V = W[q.candidates]
    return q.candidates[torch.tensor([checked("5.3")(V, *three) for three in abc])]


def share(answers, others):
    found = analogies.by_pair((answers == others).view(q.rounds, -1))
    return f"{found.value:.2f} ± {found.half_width:.2f}"


# %%
def quiz(W):
    """A row for each size of shift."""
    rows, mine = {}, by_yours(W)
    home = analogies.answers(W, q, "3CosAdd, unit rows")
    for size in (0, 4, 64):
        shift = analogies.shift(W, size, seed=0)
        cosine = analogies.answers(W, q, "3CosAdd, unit rows", shift)
        yours = by_yours(W + shift)
        rows[size] = {
            "the cosine keeps": share(cosine, home),
            "yours keeps": share(yours, mine),
            "the cosine says what yours says": share(cosine, yours),
            "the cosine is right": share(cosine, q.d),
            "yours is right": share(yours, q.d),
        }
    return pd.DataFrame(rows).T


if ready("5.a", "5.3"):
    for name, W in clouds.items():
        found = quiz(W.double()).rename_axis(f"{name}: spreads")
        show(f"5 the quiz, {name}", found)

# %% [markdown]
# ## A box
#
# f(x, y) = P(Mx + y), where x and y are vectors of numbers modulo a small prime, M is an unknown invertible matrix and P an unknown permutation of the values. Ciphers are built like that. You get f as a table, in which x, y and the values go under random names: a row for each x, a column for each y.

# %%
box = heap.black_box(5, 2, seed=0)
f = box.table  # [25, 25]: name of x, name of y -> name of the value
print(pd.DataFrame(f).to_string())

# %% [markdown]
# What of y's space can be recovered from f alone: `"differences"`, `"zero"`, `"both"` or `"neither"`?

# %%
predict("5.h", None)

# %% exercise="5.4"
check("5.4", answer_5_4, real={box.label: f})

# %% exercise="5.5"
check("5.5", answer_5_5, real={box.label: f})

# %% [markdown]
# Try them all: 25 names of x and 25 of y make 625 claims. A claim fits if your M and P give the whole table again, and if M is a matrix: M(x + x′) = Mx + Mx′. All sums have the claimed zeros. If f knows its zeros, one claim fits; if it knows nothing of them, all do. In the control two rows of the table exchange some values: none should fit.

# %%
if ready("5.h", "5.4", "5.5"):
    tried = trial.trials(box, checked("5.4"), checked("5.5"))
    show("5 the claims", trial.table(tried))
    outcome("5.h", tried[box.label].word, label=box.label)

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
report(box.label, {"claims about the zeros that fit": f"{tried[box.label].fit} of 625"})
