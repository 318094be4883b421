# %% [markdown]
# # 06 Through the layers: the puzzle
#
# **Question.** You know how a model's token embeddings lie. How do the vectors lie that it makes of them, layer by layer?
#
# **Time** 100 min · **Difficulty** ●●○ · **You need** puzzle 01, and that each block of a transformer adds to a running sum, the residual stream
#
# Two reports to test on the models that run here. A reader of [the original post](https://www.alignmentforum.org/posts/eLNo7b56kQQerCzp2): aren't there more layers than the embedding? And [Cai et al. 2021](https://openreview.net/forum?id=xYGNO86OWDH): GPT-2's hidden vectors fall into two clusters. A solution is a verdict on each, with what you compared it with, and a rival ruled out. A mean cosine is an average over pairs, and somebody has to say which pairs: see whether your verdicts depend on it.
#
# `check` says whether an answer is right, `hint` helps a step at a time, `reveal` shows a solution once yours passes. "What is the cut about?" and 6.4 are optional: a quarter of an hour.

# %%
import pandas as pd
import torch
from jaxtyping import Float, Int
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
    why,
)
from zeropoint.models import load_pair
from zeropoint.puzzles.p06 import blocks, clusters

# %% [markdown]
# A text that no stand-in was trained on, cut into rows of tokens. `stream_of[name].vectors[k]` are the vectors after k blocks (0: token plus position embedding), one a token of the text; its `.token`, `.position` and `.sequence` say which. `initial` is the same architecture with fresh weights, on the same rows: a measure may depend on how much text there is.

# %%
models = load_pair()
NEO, GPT2 = labels = [m.label for m in models]
count = 64 if models[0].source == "stand-in" else 24
rows_of = {m.label: streams.sequences(m.tokenizer, count) for m in models}  # [sequence, position]
stream_of = {m.label: streams.stream(m.bridge, rows_of[m.label]) for m in models}
initial = {m.label: streams.untrained_stream(m, rows_of[m.label]) for m in models}
all_streams = stream_of | {f"{n}, initial weights": s for n, s in initial.items()}
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
# Both, at every layer, beside initial weights. How sure are the curves? `streams.by_group` calls a measure on each of eight parts of the text, a stream each; try it in the cell below the figure. Read how far the eight lie from each other, not where they lie: in a shorter text other types occur, and occur twice, so even their mean need not meet the curve.

# %%
if ready("6.a", "6.b", "6.c", "6.1", "6.2"):
    different, same = checked("6.1"), checked("6.2")  # your answers, as they passed
    fig = plots.panels(["different tokens", "same token"])
    for i, (name, s) in enumerate(all_streams.items()):
        for column, fn in enumerate((different, same), start=1):
            y = [fn(X, s.token) for X in s.vectors]
            line = plots.line(name, range(len(y)), y, i, mode="lines+markers")
            fig.add_trace(line, row=1, col=column)
    title = f"Through the layers<br>{NEO} and {GPT2}"
    show("6 through the layers", plots.finish(fig, title, "blocks passed", "mean cosine"))
    for asked, fn, name in (("a", different, NEO), ("b", different, GPT2), ("c", same, GPT2)):
        outcome(f"6.{asked}", fn(stream_of[name].vectors[-1], stream_of[name].token), label=name)

# %%
# your experiments
# streams.by_group(lambda part: [different(X, part.token) for X in part.vectors], stream_of[NEO])

# %% [markdown]
# ## Whose mean?
#
# 6.1 counts every type once, so the rare ones have the say: most types are rare. 01 counted every row once. Do that here, and a token has as many votes as it has places in the text, and pairs of one token in two places are counted too. At layer 0 of the first model, is the mean cosine by use lower or higher than yours by types?

# %%
predict("6.d", None)  # "lower" or "higher"

# %%
if ready("6.a", "6.b", "6.d", "6.1"):
    by_type = checked("6.1")  # your answer, as it passed
    fig = plots.panels(["by types", "by use"], shared_yaxes=True)
    for i, (name, s) in enumerate(all_streams.items()):
        types = [by_type(X, s.token) for X in s.vectors]
        use = [geometry.mean_pairwise_cosine(X) for X in s.vectors]
        for column, y in enumerate((types, use), start=1):
            line = plots.line(name, range(len(y)), y, i, mode="lines+markers")
            fig.add_trace(line, row=1, col=column)
        print(f"{name}, layer 0: by types {types[0]:.3f}, by use {use[0]:.3f}")
        if name == NEO:
            outcome("6.d", "lower" if use[0] < types[0] else "higher", label=name)
    title = f"Vectors, counted two ways<br>{NEO} and {GPT2}"
    show("6 counted two ways", plots.finish(fig, title, "blocks passed", "mean cosine"))

# %% [markdown]
# Which tokens make the difference? `s.token.bincount()` says how often each is used. And is the first model's cone only at the bottom, by both counts?

# %%
# your experiments

# %% [markdown]
# ## Two clusters?
#
# `clusters.two_means(X)` cuts a cloud by k-means: `.small` is a mask of the smaller side, `.silhouette` a measure of how far apart the two are. What would you see if the report were true here, and if it were false? What else cuts a cloud in two?
#
# The score goes by the density along the line of the two centres: how low is the valley between the two peaks, over the lower peak? `two`: less than a tenth, a gap, at some layer above the embedding. `dip`: less than four fifths, and nowhere a gap. `one`: neither. A valley counts if the peak stands out by more than chance. Predict, then experiment for five minutes.

# %%
predict("6.e", None)  # "one", "dip" or "two", the first model
predict("6.f", None)  # and the second model

# %%
# your experiments

# %% [markdown]
# `.valley` is that number: 0 is an empty gap, 1 none. `clusters.gaussian_twin(X)` is one cloud, without clusters, with X's mean and covariance: there the measure must say no. The report went by another bar: a silhouette of 0.1. Does the twin stay below it?

# %%
if ready("6.e", "6.f"):
    halves = {name: [clusters.two_means(X) for X in s.vectors] for name, s in stream_of.items()}
    fig = plots.panels(labels, shared_yaxes=True)
    for column, (name, s) in enumerate(stream_of.items(), start=1):
        twins = [clusters.two_means(clusters.gaussian_twin(X)) for X in s.vectors]
        for i, (what, cuts) in enumerate((("trained", halves[name]), ("its Gaussian twin", twins))):
            y = [cut.valley for cut in cuts]
            fig.add_trace(plots.line(what, range(len(y)), y, i, mode="lines+markers"), 1, column)
            highest = max(cut.silhouette for cut in cuts[1:])
            print(f"{name}, {what}: silhouette above the embedding {highest:.3f} at most")
    fig.update_yaxes(range=[0, 1.05])
    title, y = f"Is there a gap?<br>{NEO} and {GPT2}", ["valley ÷ lower peak", ""]
    show("6 cut in two", plots.finish(fig, title, "blocks passed", y))

# %% [markdown]
# A test that is to be believed has said yes and no. So plant clusters: a share of a twin's vectors is moved together, by so many times the cloud's radius. Whatever is not "two" in a column that was moved is a cluster that the rule cannot see.

# %%
if ready("6.e", "6.f"):
    vectors = stream_of[NEO].vectors
    one_cloud = clusters.gaussian_twin(vectors[len(vectors) // 2])
    place = torch.arange(len(one_cloud)) / len(one_cloud)
    seen = {}
    for part in (0.5, 0.2, 0.05, 0.01):
        clouds = {r: clusters.planted(one_cloud, place < part, r) for r in (0, 1, 2, 4, 8)}
        seen[f"{part:.0%} moved"] = {
            f"by {r} radii": clusters.two_means(V).kind for r, V in clouds.items()
        }
    show("6 planted clusters", pd.DataFrame(seen).T)
    for asked, name in zip("ef", labels, strict=True):
        outcome(f"6.{asked}", clusters.kind_of(halves[name][1:]), label=name)

# %% [markdown]
# A dip is neither: not one round cloud, and not two clusters. The planted ones never gave it. Many clusters that overlap might, large and small ones. Of what?

# %% [markdown]
# ## What is the cut about? (optional)
#
# Clusters or not, k-means cut somewhere. Take the second model's top layer. What do the vectors of a side have in common: where they stand, how long they are, how often their token is used, or which token it is? Try it; a property tells if it alone sorts the vectors into the two sides, and a control says how well it does so by chance.

# %%
predict("6.g", None)  # "position", "norm", "frequency" or "token"

# %%
# your experiments

# %% [markdown]
# Each property alone, from 0 (tells nothing) to 1 (a threshold does it). A token predicts by its uses in the even rows of text; all are judged on the odd rows. Beside it the control: the same sides, dealt out anew.

# %%
if ready("6.e", "6.f", "6.g"):
    from zeropoint.puzzles.p06 import sides

    told = {}
    generator = torch.Generator().manual_seed(0)
    for name, s in stream_of.items():
        small = halves[name][-1].small
        again = small[torch.randperm(len(small), generator=generator)]
        told[name] = sides.explanations(s, -1, small)
        told[f"{name}, by chance"] = sides.explanations(s, -1, again)
    show("6 what the cut is about", pd.DataFrame(told).T.round(2))
    best = max(told[GPT2], key=told[GPT2].get)
    outcome("6.g", sides.KIND[best], label=GPT2)

# %% [markdown]
# So where does a dip come from? Of the vectors whose token is used twenty times or more, take each token's own mean away. The control takes away the means of groups as large, of any tokens.

# %%
if ready("6.e", "6.f", "6.g"):
    dips = {}
    for name, s in stream_of.items():
        often = s.token.bincount()[s.token] >= 20
        token = s.token[often]
        dealt = token[torch.randperm(len(token), generator=generator)]
        for k, X in enumerate(s.vectors[:, often]):
            ways = {
                "as it is": X,
                "less each token's mean": clusters.less_own_means(X, token),
                "less dealt groups' means": clusters.less_own_means(X, dealt),
            }
            row = {way: clusters.two_means(V).valley for way, V in ways.items()}
            dips[f"{name}, {k} blocks"] = row
    show("6 valleys without each token's mean", pd.DataFrame(dips).T.round(2))

# %% [markdown]
# ## Which origin?
#
# There are two means to take away, as there are two counts. And each side of the cut could lose its own mean. What is left at the bottom, after one block and at the top is counted both ways. Before you run it: must a mean empty its own count? Need it empty the other?


# %%
def each_its_own(X, small):
    return X - torch.where(small[:, None], X[small].mean(0), X[~small].mean(0))


if ready("6.d", "6.e", "6.f", "6.1"):
    left = {}
    for name, s in stream_of.items():
        votes = 1 / s.token.bincount()[s.token]  # of a vector, where every type has one
        for k in (0, 1, len(s) - 1):
            X, small = s.vectors[k], halves[name][k].small
            by_types = (votes[:, None] * X).sum(0) / votes.sum()
            ways = {
                "as it is": X,
                "less the mean by use": X - X.mean(0),
                "less the mean by types": X - by_types,
                "each side less its mean": each_its_own(X, small),
            }
            for way, V in ways.items():
                row = left.setdefault(f"{name}, {k} blocks", {})
                row[f"{way}: by use"] = geometry.mean_pairwise_cosine(V)
                row[f"{way}: by types"] = checked("6.1")(V, s.token)
    show("6 which origin", pd.DataFrame(left).T.round(3))

# %% [markdown]
# In these models. When would one mean not do? Plant it: what is left by use, of a twin of which a share was moved.

# %%
if ready("6.d", "6.e", "6.f"):
    vectors = stream_of[NEO].vectors
    one_cloud = clusters.gaussian_twin(vectors[len(vectors) // 2])
    place = torch.arange(len(one_cloud)) / len(one_cloud)
    left = {}
    for part in (0.5, 0.1, 0.01):
        for radii in (1, 8, 64):
            V = clusters.planted(one_cloud, place < part, radii)
            left[f"{part:.0%} moved by {radii} radii"] = {
                "less one mean": geometry.mean_pairwise_cosine(V - V.mean(0)),
                "each side less its mean": geometry.mean_pairwise_cosine(
                    each_its_own(V, place < part)
                ),
            }
    show("6 when one mean would not do", pd.DataFrame(left).T.round(3))

# %% [markdown]
# ## Why there?
#
# A block adds two vectors to the stream: what attention writes, and what the MLP writes. So a cone after one block is the mean of the input, of attention's part, or of the MLP's. Whose mean is it, in the second model: whose, taken away, leaves the least mean cosine by use?

# %%
predict("6.h", None)  # "input", "attention" or "MLP"

# %% [markdown]
# And *why* does that part write nearly the same to every token? The first tables follow the vectors through the block, a step a row; "length" is that of their mean vector. (What attention writes is added to the stream before the neurons read it.) Look at the steps inside the MLP, beside those at initial weights; the two models differ.

# %%
if ready("6.b", "6.d", "6.h"):
    left = {}
    for m in models:
        steps = blocks.first_block(m.bridge, rows_of[m.label])
        fresh = blocks.first_block(streams.untrained(m), rows_of[m.label])
        inside = {
            "length": {step: X.mean(0).norm().item() for step, X in steps.items()},
            "mean cosine": {step: geometry.mean_pairwise_cosine(X) for step, X in steps.items()},
            "initial weights": {
                step: geometry.mean_pairwise_cosine(X) for step, X in fresh.items()
            },
        }
        show(f"6 first block, {m.label}", pd.DataFrame(inside).rename_axis(m.label).round(3))
        left[m.label] = {p: blocks.cone_without(steps, at) for p, at in blocks.ADDED.items()}
    table = pd.DataFrame(left).T.rename_axis("mean cosine left, less the mean of").round(3)
    show("6 after one block, less a mean", table)
    outcome("6.h", min(left[GPT2], key=left[GPT2].get), label=GPT2)

# %% exercise="6.3"
why("6.3", answer_6_3)

# %% exercise="6.4"
check("6.4", answer_6_4, real={name: s.vectors[-1] for name, s in stream_of.items()})

# %% [markdown]
# Those were three coordinates (k = 3). Is it much? What would a random direction give?

# %%
# your experiments

# %% tags=["solution"]
d_model = stream_of[NEO].vectors.shape[2]
squares = torch.randn(1000, d_model, generator=torch.Generator().manual_seed(0)).square()
chance = squares.topk(3).values.sum(1) / squares.sum(1)
print(f"a random direction: {chance.mean():.2f}, at most {chance.quantile(0.99):.2f} in 99 of 100")
pd.DataFrame({name: [answer_6_4(X, 3) for X in s.vectors] for name, s in stream_of.items()}).round(
    3
)

# %% [markdown]
# ## Where you stand

# %%
progress("6")

# %% [markdown]
# To hand it to a mentor, or to post it: one file of your answers, with predictions, figures and tables.

# %%
# export("6")

# %% tags=["solution"]
for name, s in stream_of.items():
    numbers = {"inter-type cosine, top": answer_6_1(s.vectors[-1], s.token)}
    numbers |= {"intra-type cosine, top": answer_6_2(s.vectors[-1], s.token)}
    report(name, numbers | {"silhouette": max(cut.silhouette for cut in halves[name])})
