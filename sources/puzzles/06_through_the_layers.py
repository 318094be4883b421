# %% [markdown]
# # 06 Through the layers: the puzzle
#
# **Question.** You know how a model's token embeddings lie. How do the vectors lie that it makes of them, layer by layer?
#
# **Time** 100 min · **Difficulty** ●●○ · **You need** puzzle 01, and that each block of a transformer adds to a running sum, the residual stream
#
# Two claims to test on the models that run here. A **cone**: two different vectors have a mean cosine more than 0.05 above that of initial weights, on the same text.
#
# 1. The cone is only at the bottom: at layer 0, and not in the mean of the layers above. (A reader of [the original post](https://www.alignmentforum.org/posts/eLNo7b56kQQerCzp2) asked: aren't there more layers than the embedding?)
# 2. Above layer 0 the vectors fall into two clusters, as [Cai et al. 2021](https://openreview.net/forum?id=xYGNO86OWDH) say of GPT-2's.
#
# A solution is a verdict on each for both models, with what you compared it with, and a rival ruled out. A mean cosine is an average over pairs, and somebody has to say which pairs: see whether your verdicts depend on it.
#
# `check` says whether an answer is right, `hint` helps a step at a time, `reveal` shows a solution once yours passes. Only 6.4 is optional: a quarter of an hour more.

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

pd.set_option("display.max_colwidth", None)

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
# Both, at every layer, beside initial weights. How sure are the curves? `streams.by_group`, below the figure, calls a measure on each of eight parts of the text. Look at how far the eight lie apart: over √8, that is about the error of their mean. Where they lie may be off the curve altogether: in a shorter text other types occur, and others occur twice.

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
# 6.1 counts every type once, so the rare ones have the say: most types are rare. 01 counted every row once. The next figure does that too: a token has as many votes as it has places in the text, and pairs of one token in two places are counted too. At layer 0 of the first model, is the mean cosine by use lower or higher than yours by types?

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
# `clusters.two_means(X)` cuts a cloud by k-means, which cuts any cloud. So the rule goes by the density along the line of the two centres: how low is the valley between the two peaks, over the lower peak? That is `.valley`: 0 is an empty gap, 1 none. `two`: less than a tenth, a gap, at some layer above the embedding. `dip`: less than four fifths, and nowhere a gap. `one`: neither. A valley counts if the peak stands out by more than chance.

# %%
predict("6.e", None)  # "one", "dip" or "two", the first model
predict("6.f", None)  # and the second model

# %% [markdown]
# A test that is to be believed has said yes and no. No: `clusters.gaussian_twin(X)` is one cloud, without clusters, with X's mean and covariance. Yes: you plant the clusters. `clusters.planted` moves some rows together, by so many times the cloud's radius, in a random direction (`axis=None`) or along an axis of the cloud (0 is the widest).
#
# The halves below are seen. **Plant two clusters that the rule misses**, as far apart as you can: change who moves, how far, and which way.

# %%
cloud = clusters.gaussian_twin(stream_of[NEO].vectors[2])
place = torch.arange(len(cloud)) / len(cloud)  # of a row in the text, from 0 to 1

mine = clusters.planted(cloud, place < 0.5, 8, axis=None)  # yours to change
print(clusters.two_means(mine))  # its kind and its valley

# %% [markdown]
# And the layers, beside their twins and initial weights. Layer 0 isn't counted: nothing is mixed there yet, so one frequent token is hundreds of nearly equal vectors. The report went by another bar than the valley: a silhouette of 0.1. Does one cloud stay below it?

# %%
if ready("6.e", "6.f"):
    fig = plots.panels(labels, shared_yaxes=True)
    for column, (name, s) in enumerate(stream_of.items(), start=1):
        compared = {
            "trained": s.vectors,
            "its Gaussian twin": [clusters.gaussian_twin(X) for X in s.vectors],
            "initial weights": initial[name].vectors,
        }
        for i, (what, layers) in enumerate(compared.items()):
            cuts = [clusters.two_means(X) for X in layers]
            y = [cut.valley for cut in cuts]
            fig.add_trace(plots.line(what, range(len(y)), y, i, mode="lines+markers"), 1, column)
            highest = max(cut.silhouette for cut in cuts[1:])
            print(f"{name}, {what}: silhouette above the embedding {highest:.3f} at most")
    fig.update_yaxes(range=[0, 1.05])
    title, y = f"Is there a gap?<br>{NEO} and {GPT2}", ["valley ÷ lower peak", ""]
    show("6 cut in two", plots.finish(fig, title, "blocks passed", y))

# %% [markdown]
# What can the rule see, and what not? Where something was moved, whatever isn't "two" is a cluster that it misses.

# %%
if ready("6.e", "6.f"):
    one = clusters.gaussian_twin(stream_of[NEO].vectors[2])
    show("6 planted clusters", clusters.seen(one))
    print(clusters.A_DIP)
    for asked, name in zip("ef", labels, strict=True):
        cuts = [clusters.two_means(X) for X in stream_of[name].vectors[1:]]
        outcome(f"6.{asked}", clusters.kind_of(cuts), label=name)

# %% [markdown]
# ## What is the cut made of?
#
# k-means cut somewhere. Take the second model's top layer: which property alone sorts the vectors best into the two sides? Where they stand, how long they are, how often their token is used, or which token it is? The token has to predict: it learns its side in the even rows of text, and all are judged on the odd ones.

# %%
predict("6.g", None)  # "position", "norm", "frequency" or "token"

# %% [markdown]
# 0 tells nothing, 1 is a threshold that does it. The control is the same sides, dealt out anew.

# %%
if ready("6.e", "6.f", "6.g"):
    from zeropoint.puzzles.p06 import sides

    told = {}
    for name, s in stream_of.items():
        small = clusters.two_means(s.vectors[-1]).small
        again = small[torch.randperm(len(small), generator=torch.Generator().manual_seed(0))]
        told[name] = sides.explanations(s, -1, small)
        told[f"{name}, by chance"] = sides.explanations(s, -1, again)
    show("6 what the cut is about", pd.DataFrame(told).T.round(2))
    best = max(told[GPT2], key=told[GPT2].get)
    outcome("6.g", sides.KIND[best], label=GPT2)

# %% [markdown]
# Two clusters, or something else? Here the means of some groups are taken away from their own rows: then what those groups were is gone. For tokens used twenty times or more, in the models and in clouds of which we know what they are, yours among them. Before you read the models' rows, say what each planted row teaches. Which of them are the models like, above layer 0? Which are thereby ruled out? And what is special at layer 0?

# %%
if ready("6.e", "6.f", "6.g"):
    valleys = {}
    for name, s in stream_of.items():
        often = s.token.bincount()[s.token] >= 20
        clouds = {f"{name}, {k} blocks": X for k, X in enumerate(s.vectors)}
        if name == NEO:
            one = clusters.gaussian_twin(s.vectors[2])
            clouds = {"yours": mine} | clusters.planted_examples(one, s.token) | clouds
        for what, X in clouds.items():
            valleys[what] = clusters.controls(X[often], s.token[often], s.position[often])
    show("6 valleys without means", pd.DataFrame(valleys).T.map(str))

# %% [markdown]
# ## Which origin?
#
# There are two means to take away, as there are two counts. And each side of the cut could lose its own, as Cai et al. ask for. What is left is counted both ways. Before you run it: must a mean empty its own count? Need it empty the other? The first cloud is planted so that one mean doesn't do.

# %%
if ready("6.d", "6.e", "6.f", "6.g", "6.1"):
    one = clusters.gaussian_twin(stream_of[NEO].vectors[2])
    tenth = torch.arange(len(one)) % 10 == 0
    moved = clusters.planted(one, tenth, 64)
    clouds = {"a tenth moved by 64 radii": (moved, stream_of[NEO].token)}
    for name, s in stream_of.items():
        for k in (0, 1, len(s) - 1):
            clouds[f"{name}, {k} blocks"] = s.vectors[k], s.token
    left = {}
    for what, (X, token) in clouds.items():
        votes = 1 / token.bincount()[token]  # of a vector, where every type has one
        by_types = (votes[:, None] * X).sum(0) / votes.sum()
        ways = {
            "as it is": X,
            "less the mean by use": X - X.mean(0),
            "less the mean by types": X - by_types,
            "less each side's mean": clusters.less_own_means(X, clusters.two_means(X).small),
        }
        for way, V in ways.items():
            row = left.setdefault(way, {})
            row[what, "by use"] = geometry.mean_pairwise_cosine(V)
            row[what, "by types"] = checked("6.1")(V, token)
    show("6 which origin", pd.DataFrame(left).round(3) + 0.0)

# %% [markdown]
# ## Why there?
#
# A block adds two vectors to the stream: what attention writes, and what the MLP writes. So a cone after one block is the mean of the input, of attention's part, or of the MLP's. Whose mean is it, in the second model: whose, taken away, leaves the least mean cosine by use?

# %%
predict("6.h", None)  # "input", "attention" or "MLP"

# %% [markdown]
# The first tables follow the vectors through the block, a step a row: what is added, how long is it, and how much of it is common to all? (What attention writes is added to the stream before the neurons read it.) The last but one column asks for a cause. Say for each model what it answers.

# %%
if ready("6.b", "6.d", "6.h"):
    left = {}
    for m in models:
        rows = rows_of[m.label]
        steps = blocks.first_block(m.bridge, rows)
        centred = blocks.centred_first(m.bridge, rows, steps)
        fresh = blocks.first_block(streams.untrained(m), rows)
        inside = pd.DataFrame(blocks.compared(steps, centred, fresh))
        show(f"6 first block, {m.label}", inside.rename_axis(m.label).round(3) + 0.0)
        left[m.label] = {p: blocks.cone_without(steps, at) for p, at in blocks.ADDED.items()}
    table = pd.DataFrame(left).T.rename_axis("mean cosine left, less the mean of").round(3)
    print(blocks.CENTRED)
    show("6 after one block, less a mean", table)
    outcome("6.h", min(left[GPT2], key=left[GPT2].get), label=GPT2)

# %% exercise="6.3"
why("6.3", answer_6_3)

# %% [markdown]
# This run's numbers and verdicts, to lay beside yours and the points.

# %%
if ready("6.3"):
    from zeropoint.puzzles.p06 import verdicts

    show("6 verdicts", verdicts.table(models, rows_of, stream_of, initial))

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
    report(
        name, numbers | {"deepest valley": min(clusters.two_means(X).valley for X in s.vectors[1:])}
    )
