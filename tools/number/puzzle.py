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
from zeropoint.desk import check, hint, progress, reveal, why
from zeropoint.models import load_pair

# %%
neo, gpt2 = load_pair()
clouds = {m.label: m.W_E for m in (neo, gpt2)}  # each [d_vocab, d_model]
NEO, GPT2 = clouds

# %% exercise="__N__.1"
check("__N__.1", answer___N___1, real=clouds)

# %%
# hint("__N__.1")
# reveal("__N__.1")

# %% exercise="__N__.2"
why("__N__.2", answer___N___2)

# %% [markdown]
# ## Where you stand

# %%
progress("__N__")

# %% tags=["solution"]
report(NEO, {"mean length": answer___N___1(clouds[NEO])})
