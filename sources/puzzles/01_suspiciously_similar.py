# %% [markdown]
# # 01 Suspiciously similar embeddings: the puzzle
#
# **Question.** Two language models, two tables of token embeddings. In one, almost all vectors point the same way; in the other, much less. Is that surprising, and why is it so?
#
# **Time** 95 min · **Difficulty** ●●○ · **You need** matrix products, the cosine, and that a language model begins by looking up each token in a table of vectors
#
# A solution is a mechanism, evidence for it, and a rival explanation ruled out. From 1.2 on a cell hands you the task when you run it: each task tells a little more than the one before, so stay with the question first.
#
# `check` says whether an answer is right, `hint` helps a step at a time, `reveal` shows a solution once yours passes.

# %%
import torch
from einops import einsum, reduce
from jaxtyping import Float
from torch import Tensor

from zeropoint import geometry, plots, report
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
from zeropoint.puzzles.p01 import look

# %%
neo, gpt2 = load_pair()
clouds = {m.label: m.W_E for m in (neo, gpt2)}  # each [d_vocab, d_model]
NEO, GPT2 = clouds

# %% [markdown]
# ## Predict
#
# Take two different tokens at random. What is the cosine of their embeddings, on average? Put a number for each `None`, and an interval that you would bet on at four to one.

# %%
predict("1.a", None, low=None, high=None)  # random vectors: as many independent normal entries
predict("1.b", None, low=None, high=None)  # the first model
predict("1.c", None, low=None, high=None)  # the second model

# %% tags=["solution"]
skip("1")  # a solution predicts nothing

# %% exercise="1.1"
check("1.1", answer_1_1, real=clouds)

# %%
# hint("1.1")
# reveal("1.1")

# %% [markdown]
# ## Look
#
# 256 rows of each model, and of 5,000 random vectors for comparison, against all others; the band is two standard errors of that sample. `ready` holds the figure back until your predictions are made (`skip("1.a")` does without one).

# %%
torch.manual_seed(0)
random = {"random vectors": torch.randn(5000, clouds[NEO].shape[1])}
if ready("1.a", "1.b", "1.c"):
    samples = {name: geometry.cosine_sample(W) for name, W in (clouds | random).items()}
    figure = plots.cosine_figure(samples, f"Cosines of token pairs<br>{NEO} and {GPT2}")
    show("1 pairs", figure)

# %% [markdown]
# And the means, for your predictions:

# %%
if ready("1.a", "1.b", "1.c"):
    outcome("1.a", geometry.mean_pairwise_cosine(random["random vectors"]), label="random vectors")
    outcome("1.b", geometry.mean_pairwise_cosine(clouds[NEO]), label=NEO)
    outcome("1.c", geometry.mean_pairwise_cosine(clouds[GPT2]), label=GPT2)

# %% [markdown]
# A sample may be off. So here all pairs are counted, each once: which share of them did the sample put into a wrong bin, a hundredth of cosine wide, and which did its band lead you to expect? One sample may be half as far off, or twice. (Some minutes for fifty thousand tokens.)

# %%
if ready("1.a", "1.b", "1.c"):
    every = {name: geometry.cosine_histogram(W) for name, W in (clouds | random).items()}
    show("1 sample and all pairs", look.check_of_sample(samples, every))

# %% [markdown]
# ## Explain
#
# Write down at least three different explanations before you test one. For each: what would you see if it were true, and what if it were false? The matrices are in `clouds`, the tokens in `neo.tokenizer`; `load_pair(processed=True)` gives the weights as TransformerLens processes them. Give it a quarter of an hour. `note` keeps what you write, as you wrote it before you knew, for your file of answers.

# %%
note("1 explanations", "...")

# %%
# your experiments

# %% exercise="1.2"
on = clouds if ready("1.b", "1.c") else None  # what it gives there tells those two, nearly
check("1.2", answer_1_2, real=on)

# %%
if ready("1.a", "1.b", "1.c", "1.2"):
    show("1 beside 1.1", look.two_numbers(clouds))

# %% exercise="1.3"
check("1.3", answer_1_3, real=clouds)

# %% [markdown]
# ## Look again
#
# What 1.3 did, if you have solved it. What should the figure show if your explanation is right, and what if it is wrong?

# %%
# the mean of |cosine| over pairs of rows of answer_1_3(W), the first model
predict("1.d", None, low=None, high=None)

# %%
if ready("1.a", "1.d", "1.3"):
    moved = checked("1.3")  # your answer, as it passed
    after = {name: geometry.cosine_sample(moved(W)) for name, W in clouds.items()}
    after |= {name: geometry.cosine_sample(W) for name, W in random.items()}
    figure = plots.cosine_figure(after, f"Cosines of pairs, after 1.3<br>{NEO} and {GPT2}")
    show("1 pairs, after 1.3", figure)
    print(look.WIDTH)
    for name, seen in after.items():
        error = 2 * seen.mean_abs_error
        print(f"mean |cosine|: {seen.mean_abs:.4f} ± {error:.4f}, two standard errors, {name}")
    outcome("1.d", after[NEO].mean_abs, label=NEO)

# %% [markdown]
# Did it need what you did in 1.3, or would something else have done as well? A table with controls, once 1.3 is solved.

# %%
if ready("1.a", "1.b", "1.c", "1.d", "1.3"):
    show("1 what is taken away", look.taken_away(clouds))

# %% exercise="1.4"
check("1.4", answer_1_4, real=clouds)

# %% [markdown]
# 1.4 measures along a vector. Which tokens hold least of it on average, in the first model: "the frequent" (the first fifth of the vocabulary, since token ids follow frequency roughly), "the rare" (the last fifth), or "neither" (the two differ by less than a tenth of what tokens hold)?

# %%
predict("1.e", None)

# %%
if ready("1.e", "1.4"):
    for m in (neo, gpt2):
        show(f"1 least and most, {m.label}", look.least_and_most(m))
    outcome("1.e", look.who_has_least(clouds[NEO]), label=NEO)
    print(f"{GPT2}: {look.who_has_least(clouds[GPT2])}")

# %% exercise="1.5"
check("1.5", answer_1_5, real=clouds)

# %% exercise="1.6"
check("1.6", answer_1_6)

# %%
if ready("1.6"):
    show("1 after 1.6, shares", look.between(clouds))
    print(look.NO_WORD)

# %% [markdown]
# And what becomes of 1.5's number, and of 1.d's:

# %%
if ready("1.d", "1.5", "1.6"):
    show("1 after 1.6, widths", look.two_ways(clouds))
    print(look.TWO_WAYS)

# %% [markdown]
# Four explanations that are often given, each put to a test, beside your own:

# %%
if ready("1.b", "1.c", "1.6"):
    show("1 rivals", look.rivals((neo, gpt2)))

# %% exercise="1.7"
why("1.7", answer_1_7)

# %% [markdown]
# ## Where you stand

# %%
progress("1")

# %% [markdown]
# To hand it to a mentor, or to post it: one file of your answers, with predictions, figures and tables.

# %%
# export("1")

# %% tags=["solution"]
report(
    model=NEO,
    numbers={
        "mean cosine": answer_1_1(clouds[NEO]),
        "centred": answer_1_1(answer_1_3(clouds[NEO])),
        "effective dimension": answer_1_5(clouds[NEO]),
    },
    published={
        "mean cosine": "over 0.9 (GPT-Neo-125M, the post)",
        "centred": "0.0024 (GPT-Neo-125M)",
    },
)
