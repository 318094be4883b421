# %% [markdown]
# # __NN__ __TITLE__: the puzzle
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
predict("__N__.a", None, low=None, high=None)  # the mean length of a row, the first model

# %% tags=["solution"]
skip("__N__")  # a solution predicts nothing

# %% exercise="__N__.1"
check("__N__.1", answer___N___1, real=clouds)

# %%
# hint("__N__.1")
# reveal("__N__.1")

# %%
if ready("__N__.a", "__N__.1"):
    mean_length = checked("__N__.1")  # your answer, as it passed
    outcome("__N__.a", mean_length(clouds[NEO]), label=NEO)

# %% exercise="__N__.2"
why("__N__.2", answer___N___2)

# %% [markdown]
# ## Where you stand

# %%
progress("__N__")

# %%
# export("__N__")

# %% tags=["solution"]
report(NEO, {"mean length": answer___N___1(clouds[NEO])})
