# %% [markdown]
# # 06 Through the layers: the puzzle
#
# **Question.** You know how a model's token embeddings lie. How do the vectors lie that it makes of them, layer by layer?
#
# **Time** 75 min · **Difficulty** ●●○ · **You need** puzzle 01, and that each block of a transformer adds to a running sum, the residual stream
#
# Two reports to test on the models that run here. A reader of the original post: aren't there more layers than the embedding? And Cai et al. 2021: GPT-2's hidden vectors fall into two clusters. A solution is a verdict on each, with what you compared it with, and a rival ruled out.
#
# `check` says whether an answer is right, `hint` helps a step at a time, `reveal` shows a solution once yours passes.

# %%
import pandas as pd
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from zeropoint import geometry, plots, report, streams
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
from zeropoint.puzzles.p06 import clusters

# %% [markdown]
# A text that no stand-in was trained on, cut into rows of tokens. `stream_of[name].vectors[k]` are the vectors after k blocks (0: token plus position embedding), one a token of the text; its `.token`, `.position` and `.sequence` say which. `initial` is the same architecture with fresh weights.

# %%
models = load_pair()
NEO, GPT2 = labels = [m.label for m in models]
count = 64 if models[0].source == "stand-in" else 24
ids = {m.label: streams.sequences(m.tokenizer, count) for m in models}  # [sequence, position]
stream_of = {m.label: streams.stream(m.bridge, ids[m.label]) for m in models}
initial = {m.label: streams.untrained_stream(m, ids[m.label][:16]) for m in models}
{name: tuple(s.vectors.shape) for name, s in stream_of.items()}  # [layer, token in text, d_model]

# %% [markdown]
# ## Predict
#
# Two different tokens, each from anywhere in the text, at the top layer: the mean cosine of their vectors? And the same token in two contexts?

# %%
predict("6.a", None, low=None, high=None)  # different tokens, the first model
predict("6.b", None, low=None, high=None)  # different tokens, the second model
predict("6.c", None, low=None, high=None)  # the same token, the second model

# %% tags=["solution"]
skip("6")  # a solution predicts nothing

# %% exercise="6.1"
check("6.1", answer_6_1, real={name: (s.vectors[-1], s.token) for name, s in stream_of.items()})

# %%
# hint("6.1")
# reveal("6.1")

# %% exercise="6.2"
check("6.2", answer_6_2, real={name: (s.vectors[-1], s.token) for name, s in stream_of.items()})

# %% [markdown]
# ## Look
#
# Both, at every layer, beside initial weights. How sure are the curves? Cut the text in parts and see.

# %%
if ready("6.a", "6.b", "6.c", "6.1", "6.2"):
    different, same = checked("6.1"), checked("6.2")  # your answers, as they passed
    fig = plots.panels(["different tokens", "same token"])
    all_streams = stream_of | {f"{n}, initial weights": s for n, s in initial.items()}
    for i, (name, s) in enumerate(all_streams.items()):
        for column, fn in enumerate((different, same), start=1):
            y = [fn(X, s.token) for X in s.vectors]
            line = plots.line(name, range(len(y)), y, i, mode="lines+markers")
            fig.add_trace(line, row=1, col=column)
    title = f"Through the layers<br>{NEO} and {GPT2}"
    show("6 through the layers", plots.finish(fig, title, "blocks passed", "mean cosine"))
    for asked, fn, name in (("a", different, NEO), ("b", different, GPT2), ("c", same, GPT2)):
        outcome(f"6.{asked}", fn(stream_of[name].vectors[-1], stream_of[name].token), label=name)

# %% [markdown]
# ## Two clusters?
#
# Find out, without telling the method what to look for. What would you see if the report were true here, and if it were false? What else cuts a cloud in two? `clusters.two_means(X)` cuts a cloud by k-means: `.small` is a mask of the smaller side, `.silhouette` a measure of how far apart the two are; a quarter of an hour for experiments.

# %%
predict("6.d", None)  # "one" cloud or "two" clusters, above the embedding, the first model
predict("6.e", None)  # and of the second model

# %%
# your experiments

# %% exercise="6.3"
halves = {name: [clusters.two_means(X) for X in s.vectors] for name, s in stream_of.items()}
check(
    "6.3",
    answer_6_3,
    real={name: (s.vectors[-1], halves[name][-1].small) for name, s in stream_of.items()},
)

# %% [markdown]
# Now the number has to mean something. `clusters.gaussian_twin(X)` is one cloud, without clusters, with X's mean and covariance.

# %%
if ready("6.d", "6.e", "6.3"):
    between = checked("6.3")  # your answer, as it passed
    fig = plots.panels(labels, shared_yaxes=True)
    for column, (name, s) in enumerate(stream_of.items(), start=1):
        twins = [clusters.gaussian_twin(X) for X in s.vectors]
        y = [between(X, cut.small) for X, cut in zip(s.vectors, halves[name], strict=True)]
        line = plots.line("trained", range(len(y)), y, 0, mode="lines+markers")
        fig.add_trace(line, row=1, col=column)
        y = [between(X, clusters.two_means(X).small) for X in twins]
        line = plots.line("its Gaussian twin", range(len(y)), y, 1, mode="lines+markers")
        fig.add_trace(line, row=1, col=column)
    title, y = f"Cut in two<br>{NEO} and {GPT2}", ["share of variance between", ""]
    show("6 cut in two", plots.finish(fig, title, "blocks passed", y))

# %% [markdown]
# For the score, a verdict by another measure: along the line of the two centres, two clusters leave a gap, less than a tenth as dense as the lower peak, and that peak is more than a few stray rows; at some layer above the embedding (at layer 0 one frequent token is a cluster by itself). Plant a second cluster in the twin (`clusters.planted(X, chosen, distance)`): which ones does the rule find, and which can it not see? Then: what do the two sides have in common? Try position, norm and token.

# %%
if ready("6.d", "6.e", "6.3"):
    for asked, name in zip("de", labels, strict=True):
        found = any(cut.is_two_clusters for cut in halves[name][1:])
        outcome(f"6.{asked}", "two" if found else "one", label=name)

# %%
# your experiments

# %% [markdown] tags=["solution"]
# A share near the twin's is what one long cloud gives when it is cut across. Where both sides hold position 0 in proportion, position isn't what they differ in.

# %% tags=["solution"]
rows = {}
for name, s in stream_of.items():
    for k, cut in enumerate(halves[name]):
        rows[f"{name}, {k} blocks"] = {
            "silhouette": cut.silhouette,
            "valley": cut.valley,
            "size of the smaller": cut.small.float().mean().item(),
            "of positions 0 in it": cut.small[s.position == 0].float().mean().item(),
        } | {
            f"{what} tells": value for what, value in clusters.explanations(s, k, cut.small).items()
        }
pd.DataFrame(rows).T.round(3)

# %% exercise="6.4"
check(
    "6.4",
    answer_6_4,
    real={name: (s.vectors[-1], halves[name][-1].small) for name, s in stream_of.items()},
)

# %% [markdown]
# Which origin takes the cosine away: one mean for all, what 6.4 did, or only leaving out position 0? Mean pairwise cosine, every vector counted:

# %%
if ready("6.4"):
    left = {}
    for name, s in stream_of.items():
        for k, (X, cut) in enumerate(zip(s.vectors, halves[name], strict=True)):
            later = X[s.position > 0]
            ways = {
                "as it is": X,
                "one mean": geometry.centre(X),
                "6.4": checked("6.4")(X, cut.small),
                "without position 0": later,
                "without it, then one mean": geometry.centre(later),
            }
            cosines = {way: geometry.mean_pairwise_cosine(V) for way, V in ways.items()}
            left[f"{name}, {k} blocks"] = cosines
    print(pd.DataFrame(left).T.round(3).to_string())

# %% exercise="6.5"
check("6.5", answer_6_5, real={name: s.vectors[-1] for name, s in stream_of.items()})

# %% [markdown]
# Is it much? What would a random direction give?

# %%
# your experiments

# %% tags=["solution"]
d_model = stream_of[NEO].vectors.shape[2]
squares = torch.randn(1000, d_model, generator=torch.Generator().manual_seed(0)).square()
chance = squares.topk(3).values.sum(1) / squares.sum(1)
print(f"a random direction: {chance.mean():.2f}, at most {chance.quantile(0.99):.2f} in 99 of 100")
pd.DataFrame({name: [answer_6_5(X, 3) for X in s.vectors] for name, s in stream_of.items()}).round(
    3
)

# %% exercise="6.6"
why("6.6", answer_6_6)

# %% [markdown]
# ## Where you stand

# %%
progress("6")

# %% [markdown]
# To hand it to a mentor, or to post it: one file of your answers, with predictions and figures.

# %%
# export("6")

# %% tags=["solution"]
for name, s in stream_of.items():
    numbers = {"inter-type cosine, top": answer_6_1(s.vectors[-1], s.token)}
    numbers |= {"intra-type cosine, top": answer_6_2(s.vectors[-1], s.token)}
    report(name, numbers | {"silhouette": max(cut.silhouette for cut in halves[name])})
