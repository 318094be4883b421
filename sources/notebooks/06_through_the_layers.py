# %% [markdown]
# # 06 Through the layers
#
# **Question.** Is the cone only at the bottom, or do the vectors inside the model share a direction too?
#
# **Time** 40 min · **Difficulty** ●●○ · **You need** notebook 01, and that each block of a transformer adds to a running sum, the residual stream
#
# Under the post somebody asks: aren't there more layers? A good question, and it hides another. A mean cosine is an average over pairs, and somebody has to say which pairs. 01 drew them from the vocabulary. The model never reads a vocabulary; it reads text. Keep an eye on that: more than one answer below depends on it.
#
# A second report is on trial as well. Cai et al. 2021 found that GPT-2's hidden vectors fall into two clusters, each with a mean of its own. If that is so here, "the mean" is a bad summary of both.
#
# What counts as a solution: the mean cosine at each layer beside a model that learned nothing, what removes it, and a test for clusters that has been seen to say yes and to say no. To try it alone first, open puzzle 06.

# %%
import pandas as pd
import torch

from zeropoint import geometry, report, streams
from zeropoint.claims import Ledger, exact, over
from zeropoint.desk import outcome, predict
from zeropoint.models import load_pair
from zeropoint.puzzles.p06 import blocks, claims, clusters, measures, sides, verdicts
from zeropoint.puzzles.p06.figures import coloured
from zeropoint.streams.figures import by_layer

torch.manual_seed(0)
models = load_pair()
FIRST, SECOND = labels = [m.label for m in models]
BOTH = f"{FIRST} and {SECOND}"
ledger = Ledger()

# %% [markdown]
# ## The vectors
#
# The text is Python source from the standard library. No stand-in was trained on it; a published model may have been. It is cut into rows wherever the cut falls, with no beginning-of-text token in front, so position 0 holds an ordinary token. One row in the open, through TransformerBridge:

# %%
count = 64 if models[0].source == "stand-in" else 24
ids = {m.label: streams.sequences(m.tokenizer, count) for m in models}  # [sequence, position]

row = ids[FIRST][:1]
_, cache = models[0].bridge.run_with_cache(row)

print(models[0].tokenizer.decode(row[0, :24]))
cache["blocks.0.hook_resid_post"].shape  # [sequence, position, d_model], after one block

# %% [markdown]
# The same for every row and every layer. Layer 0 is what enters the first block; layer k is what stands after k blocks.
#
# The control is the same architecture with fresh initial weights, on **the same rows**: one of our measures depends on how long the text is, so a control on less text would be no control.

# %%
stream_of = {}
untrained = {}
for m in models:
    text = ids[m.label]
    stream_of[m.label] = streams.stream(m.bridge, text)
    untrained[m.label] = streams.untrained_stream(m, text)

{name: tuple(s.vectors.shape) for name, s in stream_of.items()}  # [layer, token, d_model]

# %% [markdown]
# ## Predict before you look
#
# Draw two different tokens, and for each a place in the text where it stands. What is the mean cosine of their vectors at the top layer? And above the embedding: two clusters with a gap between them at some layer, a dip that is no gap, or one cloud?

# %%
predict("n6.1", None, low=None, high=None)  # the first model, top layer
predict("n6.2", None, low=None, high=None)  # the second model, top layer

predict("n6.3", None)  # "one", "dip" or "two", the first model
predict("n6.4", None)  # and of the second?

# %% [markdown]
# ## Whose mean?
#
# 01 found that the mean cosine of all pairs is the squared length of the mean unit vector. So choosing pairs is choosing a mean. There are two natural ones:
#
# * **by types**: every token counts once, however often it is used. The rare ones have the say, for most types are rare.
# * **by use**: every vector of the text counts once. A handful of frequent tokens has the say.
#
# At layer 0 of the first model, will the mean cosine by use be lower than by types, or higher?

# %%
predict("n6.5", None)  # "lower" or "higher"

# %% [markdown]
# In the open: one unit vector for each place in the text, and then two ways to average.

# %%
s = stream_of[FIRST]
unit = geometry.unit_rows(s.vectors[0])  # [token in text, d_model]

by_use = unit.mean(0)

each_type = [unit[s.token == t].mean(0) for t in s.token.unique()]
by_types = torch.stack(each_type).mean(0)

types = by_types.square().sum().item()
use = by_use.square().sum().item()
print(f"by types {types:.3f}, by use {use:.3f}")
outcome("n6.5", "lower" if use < types else "higher", label=FIRST)

# %% [markdown]
# If the cone belonged to all tokens alike, the two would agree. (Both still hold each vector's pair with itself; from here on `measures.by_types` and `measures.by_use` leave those out.)
#
# Is it the positions, which layer 0 also holds? Take the token embedding alone, and let in rarer and rarer tokens: first as the text uses them, then each type of the text once, then the whole vocabulary.

# %%
counted = {}
for m in models:
    W, token = m.W_E, stream_of[m.label].token
    counted[m.label] = {
        "text, by use": geometry.mean_pairwise_cosine(W[token]),
        "text, by types": geometry.mean_pairwise_cosine(W[token.unique()]),
        "vocabulary": geometry.mean_pairwise_cosine(W),
    }

pd.DataFrame(counted).T.round(3)

# %% [markdown]
# Read each row from left to right. A steady rise says that rare tokens carry the common vector and frequent ones much less of it. That would fit 03, where a token that is rarely read is mostly pushed along with the rest.
#
# The claim on trial: over the text, the embedding is as much a cone as over the vocabulary. Eight disjoint groups of text give the interval.

# %%
for m in models:
    whole = geometry.mean_pairwise_cosine(m.W_E)
    s = stream_of[m.label]
    groups = [s.token[s.sequence % 8 == g] for g in range(8)]
    read = [geometry.mean_pairwise_cosine(m.W_E[token]) for token in groups]
    entry = ledger.test(
        claims.READS,
        on=m.label,
        difference=over([cosine - whole for cosine in read], "groups of text"),
    )
    print(entry)

# %% [markdown]
# ## Aren't there more layers?
#
# Now every layer, both ways, and a third measure: the **same token** in two contexts. Eight groups of text again; bars are 95 % intervals over them.
#
# What would be seen? If the cone is only at the bottom, the trained curves fall onto those of the initial weights after the first block. If it is everywhere, they stay above. If it was only some tokens' affair, the first two panels disagree.
#
# The negative control shuffles each coordinate on its own over the text. That keeps the common vector and destroys what tells tokens apart, so in the third panel it shows how alike two uses of a token would be if they shared nothing but the mean.

# %%
clouds = {}
for name in labels:
    clouds[name] = stream_of[name]
    clouds[f"{name}, initial weights"] = untrained[name]
    clouds[f"{name}, shuffled"] = measures.shuffled_coordinates(stream_of[name])

asked = {
    "different tokens, by types": measures.by_types,
    "different vectors, by use": measures.by_use,
    "same token, other context": measures.same_token,
}

# %%
values = {}
panels = {}
for measure, function in asked.items():
    values[measure] = {}
    panels[measure] = {}
    for name, s in clouds.items():
        found = streams.by_group(function, s)  # [group, layer]
        values[measure][name] = found
        panels[measure][name] = streams.each_layer(found)

by_layer(
    panels,
    f"Mean cosine in the residual stream<br>{BOTH}",
    ["mean cosine", "", ""],
    height=520,
)

# %% [markdown]
# By types, the curves may start lower than the whole text did above: an eighth of a text has fewer rare types. That is the weighting at work, and the reason why the controls read the same groups.
#
# Look first at layer 0, in the left panel and then in the middle one. Then follow each model to the top. In the right panel, the distance between a model and its shuffled self is what a vector says about its own token and context; the common vector is what is left below.

# %%
for question, name in (("n6.1", FIRST), ("n6.2", SECOND)):
    top = measures.by_types(stream_of[name])[-1]
    outcome(question, top, label=name)

# %% [markdown]
# The claim, once by types and once by use, as a difference from the initial weights on the same text: something at the embedding, nothing in the layers above it.

# %%
for weighting in ("different tokens, by types", "different vectors, by use"):
    for name in labels:
        found = values[weighting]
        excess = found[name] - found[f"{name}, initial weights"]  # [group, layer]
        bottom = excess[:, 0].tolist()
        higher = excess[:, 1:].mean(1).tolist()
        entry = ledger.test(
            claims.ONLY_BOTTOM,
            on=f"{name}, {weighting}",
            bottom=over(bottom, "groups of text"),
            higher=over(higher, "groups of text"),
        )
        print(entry)

# %% [markdown]
# A token's own, in the right panel:

# %%
for name in labels:
    same = values["same token, other context"][name]
    gap = same - values["different tokens, by types"][name]  # [group, layer]
    entry = ledger.test(
        claims.OWN_TOKEN,
        on=name,
        gap=over(gap.min(1).values.tolist(), "groups of text"),
    )
    print(entry)

# %% [markdown]
# ## Why does one block make a cone?
#
# Only three vectors add up to what leaves a block: the input, what attention writes, what the MLP writes. If the cone goes with the mean of one of them, it was that one's. So follow the vectors through the block.
#
# And a cause to test: GELU lets through what is positive and little else, so a neuron used in either direction before it has a mean after it. "Neurons centred first" takes their mean away *before* it. Whatever mean they have after it, it made.

# %%
steps = {}
centred = {}
inside = {}
for m in models:
    text = ids[m.label]
    through = steps[m.label] = blocks.first_block(m.bridge, text)
    without = centred[m.label] = blocks.centred_first(m.bridge, text, through)
    fresh = blocks.first_block(streams.untrained(m), text)
    for measure, column in blocks.compared(through, without, fresh).items():
        inside[m.label, measure] = column

pd.DataFrame(inside).T.round(2)

# %% [markdown]
# What is much longer than the rest decides what leaves. Compare the mean's length with the vectors' own: what the MLP writes is not nearly the same for every token, but a part of it is common to all. Then "mean cosine" with the row below it.

# %%
for name in labels:
    group = stream_of[name].sequence % 8
    groups = [{k: X[group == g] for k, X in steps[name].items()} for g in range(8)]
    whole = [geometry.mean_pairwise_cosine(g["what leaves"]) for g in groups]
    left = [blocks.cone_without(g, "the MLP writes") for g in groups]
    entry = ledger.test(
        claims.WRITTEN,
        on=name,
        whole=over(whole, "groups of text"),
        left=over(left, "groups of text"),
    )
    print(entry)
    written = centred[name]["the MLP writes"]
    made = [geometry.mean_pairwise_cosine(written[group == g]) for g in range(8)]
    entry = ledger.test(
        claims.NONLINEARITY,
        on=name,
        made=over(made, "groups of text"),
    )
    print(entry)

# %% [markdown]
# ## A test for two clusters
#
# k-means with two centres cuts any cloud in two. A cut is no cluster, so what is a test that can say both yes and no?
#
# Ours looks along the line of the two centres. **Two clusters** leave a gap there: less than a tenth of the lower peak's density, and a peak too high to be a few stray rows. One long cloud is densest where it is cut; a long tail thins out without a gap.
#
# Try it where the answer is known. Take the Gaussian cloud with the mean and spread of the vectors after two blocks, and push a share of its vectors away together, by so many times the cloud's radius: in a random direction, or along the widest axis. A number is the valley, as a share of the lower peak.

# %%
s = stream_of[FIRST]
one_cloud = clusters.gaussian_twin(s.vectors[2])
clusters.seen(one_cloud)

# %% [markdown]
# The first column is the negative control: nothing was moved, so it must read "one". In the others, whatever is not "two" is a cluster that this test **cannot see**. A handful of vectors is not worth a centre to k-means unless it is far away. And two halves along a wide axis overlap when they are found: a dip.
#
# Now the layers themselves. Beside them: the Gaussian twin, which is one cloud; the initial weights; and the layer with position 0 pushed away, where the answer must be two. Two clusters would lie on the floor of the figure, one cloud at the ceiling. In between, below four fifths, is a dip.

# %%
cuts = {}
for name, s in stream_of.items():
    compared = {
        "trained": s.vectors,
        "its Gaussian twin": [clusters.gaussian_twin(X) for X in s.vectors],
        "initial weights": untrained[name].vectors,
        "position 0 pushed 10 radii": [clusters.planted(X, s.position == 0, 10) for X in s.vectors],
    }
    cuts[name] = {}
    for what, layers in compared.items():
        cuts[name][what] = [clusters.two_means(X) for X in layers]

# %%
panels = {}
for name in labels:
    panels[name] = {}
    for what, each in cuts[name].items():
        panels[name][what] = [cut.valley for cut in each]

by_layer(
    panels,
    f"Is there a gap between the two sides?<br>{BOTH}",
    ["density in the valley ÷ at the lower peak", ""],
)

# %% [markdown]
# Check the planted line first: off the floor, the test is blind here. Layer 0 is not counted: nothing is mixed there yet, so a token used a thousand times is a thousand nearly equal vectors.

# %%
found = {}
for name in labels:
    above = cuts[name]["trained"][1:]
    found[name] = sum(cut.is_two_clusters for cut in above)
    entry = ledger.test(
        claims.TWO_CLUSTERS,
        on=name,
        layers=exact(found[name]),
    )
    print(entry)

for question, name in (("n6.3", FIRST), ("n6.4", SECOND)):
    outcome(question, clusters.kind_of(cuts[name]["trained"][1:]), label=name)

# %% [markdown]
# Cai et al. had another bar: a silhouette of 0.1. Does one cloud stay below?

# %%
for name in labels:
    highest = {}
    for what, each in cuts[name].items():
        highest[what] = max(cut.silhouette for cut in each[1:])
    entry = ledger.test(
        claims.BY_SILHOUETTE,
        on=name,
        trained=exact(highest["trained"]),
        twin=exact(highest["its Gaussian twin"]),
    )
    print(entry)

# %% [markdown]
# ## What does the cut follow?
#
# Cluster or not, k-means cut somewhere. Take each model's deepest valley above layer 0. If the cut follows position, the diamonds below sit where the left panel is dark; if it follows the norm or how common the token is, in one of the others.

# %%
deepest = {}
small = {}
for name in labels:
    valleys = [cut.valley for cut in cuts[name]["trained"]]
    deepest[name] = valleys.index(min(valleys[1:]), 1)
    small[name] = cuts[name]["trained"][deepest[name]].small


def look(name):
    title = f"{name} after {deepest[name]} blocks"
    return coloured(stream_of[name], deepest[name], small[name], title)


look(FIRST)

# %%
look(SECOND)

# %% [markdown]
# The large marks are positions 0: are they among the diamonds, and do they lie apart?
#
# The same as a number: how well does each property, alone, tell the sides apart? 0 is not at all; 1 is by a single threshold. A token predicts by what its other uses did, in rows of text that are not judged. The control shuffles the sides.

# %%
told = {}
for name, s in stream_of.items():
    side = small[name]
    shuffled = side[torch.randperm(len(side))]
    told[name] = sides.explanations(s, deepest[name], side)
    told[f"{name}, sides shuffled"] = sides.explanations(s, deepest[name], shuffled)

pd.DataFrame(told).T.round(2)

# %% [markdown]
# The largest number of a row is what the cut is mostly about. Position 0 has been blamed for the small cluster of GPT-2, so it is the claim to test.

# %%
for name, s in stream_of.items():
    entry = ledger.test(
        claims.POSITION_0,
        on=name,
        told=over(sides.told_by_position_0(s, small[name]), "groups of text"),
    )
    print(entry)

# %% [markdown]
# And a dip? Planted pairs that overlap have one too, so two clusters are not ruled out yet. Take means away, of the tokens used twenty times or more: each side's, each token's, and the control, those of groups as large but dealt out. First in clouds of which we know what they are.

# %%
valleys = {}
for name, s in stream_of.items():
    often = s.token.bincount()[s.token] >= 20
    known = clusters.planted_examples(one_cloud, s.token) if name == FIRST else {}
    layers = {f"{name}, {k} blocks": X for k, X in enumerate(s.vectors)}
    for what, X in (known | layers).items():
        valleys[what] = clusters.controls(X[often], s.token[often], s.position[often])

pd.DataFrame(valleys).T.map(str)

# %% [markdown]
# Two clusters lose their dip with each side's mean, clusters of tokens with each token's. Which planted row are the layers like?

# %%
for name, s in stream_of.items():
    if clusters.kind_of(cuts[name]["trained"][1:]) != "dip":
        continue
    found = verdicts.of_a_dip([valleys[f"{name}, {k} blocks"] for k in range(1, len(s))])
    entry = ledger.test(
        claims.DIP_OF_TOKENS,
        on=name,
        own=found["own"],
        dealt=found["dealt"],
    )
    print(entry)
    entry = ledger.test(
        claims.MORE_THAN_TWO,
        on=name,
        sides=found["sides"],
    )
    print(entry)

# %% [markdown]
# ## Which mean takes the cosine away?
#
# Cai et al. need a mean for each cluster. The post, of the embedding, needs one. A third idea is to leave out position 0. And there are two means, so each is taken away in turn, and what is left is counted both ways.
#
# That a mean empties its own count is close to algebra. The crossed pairs can fail freely: if the two means are different vectors, each one empties only its own panel.

# %%
left = {}
for name, s in stream_of.items():
    small_sides = [cut.small for cut in cuts[name]["trained"]]
    use = left[f"{name}<br>pairs by use"] = {}
    types = left[f"{name}<br>pairs by types"] = {}
    for way, moved in measures.recentred(s, small_sides).items():
        use[way] = measures.by_use(moved)
        types[way] = measures.by_types(moved)

by_layer(
    left,
    f"What is left of the mean cosine<br>{BOTH}",
    ["mean cosine", "", "", ""],
    height=520,
)

# %% [markdown]
# Look for a line that lies on zero in one panel of a model and not in the other. Where are the two means furthest apart?


# %%
def most(values):
    return exact(max(abs(v) for v in values))


for name in labels:
    use = left[f"{name}<br>pairs by use"]
    types = left[f"{name}<br>pairs by types"]
    entry = ledger.test(
        claims.ONE_MEAN,
        on=name,
        use=most(use["less the mean by use"]),
        types=most(types["less the mean by types"]),
    )
    print(entry)
    entry = ledger.test(
        claims.EITHER_MEAN,
        on=name,
        use=most(use["less the mean by types"]),
        types=most(types["less the mean by use"]),
    )
    print(entry)
    entry = ledger.test(
        claims.PER_CLUSTER,
        on=name,
        one=most(use["less the mean by use"]),
        own=most(use["less each side's own mean"]),
    )
    print(entry)

# %% [markdown]
# ## A few loud coordinates?
#
# One rival is left. Timkey & van Schijndel 2021 find that in upper layers one to three coordinates make most of the cosine. Then there would be no common vector to speak of, just three loud numbers in all vectors.
#
# The mean cosine is a sum over coordinates, so the share of the top three can be read off. It needs a baseline, since a random direction is uneven too: the dotted line is what its top three reach in 99 of 100 draws.

# %%
d_model = {m.label: m.W_E.shape[1] for m in models}
chance = {}
shares = {}
panels = {}
for name, s in stream_of.items():
    chance[name] = measures.random_top_share(d_model[name])
    shares[name] = streams.by_group(measures.top_shares, s)  # [group, layer]
    panels[name] = {
        "this model": streams.each_layer(shares[name]),
        "a random direction, at most": [chance[name]] * len(s),
    }

by_layer(
    panels,
    f"Share of the mean cosine in three coordinates<br>{BOTH}",
    ["share of the mean cosine", ""],
).update_yaxes(range=[0, 1])

# %% [markdown]
# A line near 1 says: three loud coordinates. One on the baseline: a direction like any other.

# %%
for name in labels:
    largest = shares[name].max(1).values  # of all layers, in each group of text
    entry = ledger.test(
        claims.ROGUE,
        on=name,
        share=over(largest.tolist(), "groups of text"),
    )
    print(entry)
    entry = ledger.test(
        claims.UNEVEN,
        on=name,
        excess=over((largest - chance[name]).tolist(), "groups of text"),
    )
    print(entry)

# %% [markdown]
# Their remedy is to standardise: centre, and also divide each coordinate by its spread. To ask whether that helps, one needs a task. Ours: does the cosine tell two uses of one token from two different tokens? 1 is always, 0 is no better than chance.

# %%
treatments = {
    "as it is": lambda X: X,
    "centred": geometry.centre,
    "standardised": measures.standardised,
}

recognised = {}
for name, s in stream_of.items():
    for way, treatment in treatments.items():
        recognised[name, way] = pd.Series(measures.recognition(s, treatment))

pd.DataFrame(recognised).rename_axis("blocks passed").round(3)

# %% [markdown]
# Compare "as it is" with "centred" first: that is what an origin is worth. Then "centred" with "standardised": that is what the loud coordinates were worth.


# %%
def gain(s):
    centred = measures.recognition(s, geometry.centre)
    standardised = measures.recognition(s, measures.standardised)
    return torch.tensor(standardised) - torch.tensor(centred)  # [layer]


for name, s in stream_of.items():
    gains = streams.by_group(gain, s)  # [group, layer]
    entry = ledger.test(
        claims.STANDARDISING,
        on=name,
        gain=over(gains.mean(1).tolist(), "groups of text"),
    )
    print(entry)

# %% [markdown]
# ## The numbers of this run
#
# Ethayarajh 2019 published one for GPT-2: two random words have a mean cosine of about 0.6 in layers 2 to 8.

# %%
published = {"by types, middle layers": "about 0.6, layers 2–8 (GPT-2, Ethayarajh 2019)"}

for m in models:
    s = stream_of[m.label]
    types = measures.by_types(s)
    middle = types[1:-1]
    numbers = {
        "by types, layer 0": types[0],
        "by use, layer 0": measures.by_use(s)[0],
        "by types, middle layers": sum(middle) / len(middle),
        "by types, top": types[-1],
        "same token, top": measures.same_token(s)[-1],
        "deepest valley": cuts[m.label]["trained"][deepest[m.label]].valley,
    }
    report(m.label, numbers, published if m.found.published_as == "gpt2" else None)

# %% [markdown]
# ## Claims met here

# %%
ledger

# %% [markdown]
# **The lesson.** "The mean" is a choice before it is a number. By types or by use, of which layer: a cone may be there in one count and not in the other, and the mean that removes it in one may leave it in the other. So say how you counted, and count the control alike. And a method that always answers "two" has told you nothing until you have seen it refuse.
#
# **Still open.** Why does training make the first MLP so loud? Which groups of tokens make the dips: what comes after them?
#
# **Try it yourself.** Put `tokenizer.bos_token_id` in front of every row. Does anything change at position 1?
#
# **Links.** [The post](https://www.alignmentforum.org/posts/eLNo7b56kQQerCzp2) · Cai et al. 2021, [isotropy and clusters](https://openreview.net/forum?id=xYGNO86OWDH) · Ethayarajh 2019, [how contextual](https://arxiv.org/abs/1909.00512) · Timkey & van Schijndel 2021, [rogue dimensions](https://aclanthology.org/2021.emnlp-main.372) · Sun et al. 2024, [massive activations](https://arxiv.org/abs/2402.17762)
