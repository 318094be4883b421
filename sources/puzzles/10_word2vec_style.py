# %% [markdown]
# # 10 Word2vec style: the puzzle
#
# **Question.** TODO: the question, in one sentence?
#
# **Time** 60 min · **Difficulty** ●●○ · **You need** TODO: what the reader must know, and no more
#
# TODO: what a solution is: a mechanism, evidence for it, a rival ruled out.
#
# `check` says whether an answer is right, `hint` helps a step at a time, `reveal` shows a solution once yours passes.

# %%
import torch
from jaxtyping import Float
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
    skip,
    why,
)
from zeropoint.models import load_pair

# %%
neo, gpt2 = load_pair()
clouds = {m.label: m.W_E for m in (neo, gpt2)}  # each [d_vocab, d_model]
NEO, GPT2 = clouds

# %% [markdown]
# ## Predict
#
# TODO: what is asked before it is shown.

# %%
predict("10.a", None, low=None, high=None)  # the mean length of a row, the first model

# %% tags=["solution"]
skip("10")  # a solution predicts nothing

# %% exercise="10.1"
check("10.1", answer_10_1, real=clouds)

# %%
# hint("10.1")
# reveal("10.1")

# %%
if ready("10.a", "10.1"):
    mean_length = checked("10.1")  # your answer, as it passed
    outcome("10.a", mean_length(clouds[NEO]), label=NEO)

# %% exercise="10.2"
why("10.2", answer_10_2)

# %% [markdown]
# ## Where you stand

# %%
progress("10")

# %%
# export("10")

# %% tags=["solution"]
report(NEO, {"mean length": answer_10_1(clouds[NEO])})
