# %% [markdown]
# # __NN__ __TITLE__
#
# **Question.** TODO: the question, in one sentence?
#
# **Time** 30 min · **Difficulty** ●●○ · **You need** TODO: what the reader must know, and no more
#
# TODO: what a solution is: a mechanism, evidence for it, a rival ruled out.

# %%
from zeropoint import geometry, plots, report
from zeropoint.claims import Ledger, exact
from zeropoint.models import load_pair
from zeropoint.puzzles.p__NN__ import claims

# %%
neo, gpt2 = load_pair()
clouds = {m.label: m.W_E for m in (neo, gpt2)}  # each [d_vocab, d_model]
NEO, GPT2 = clouds

# %% [markdown]
# ## Look
#
# TODO: ask for a prediction first. Then, before a figure, what would be seen under which explanation.

# %%
histograms = {label: geometry.cosine_histogram(W) for label, W in clouds.items()}
plots.cosine_figure(histograms, f"Cosines of all token pairs<br>{NEO} and {GPT2}")

# %% [markdown]
# TODO: where to look in the figure. Rivals next, each with the experiment that kills or keeps it.
#
# ## What this run says

# %%
ledger = Ledger()
for label, W in clouds.items():
    cosine = exact(geometry.mean_pairwise_cosine(W))
    ledger.test(claims.ALIKE, on=label, cosine=cosine)
    report(label, {"mean cosine": cosine.value})
ledger

# %% [markdown]
# ## What is still open
#
# TODO: what this does not show, and three to six links.
