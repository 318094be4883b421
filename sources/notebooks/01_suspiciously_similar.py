# %% [markdown]
# # 01 Suspiciously similar embeddings
#
# **Question.** Why do GPT-Neo's token embeddings all point the same way, and GPT-2's much less?
#
# **Time** 30 min · **Difficulty** ●○○ · **You need** matrix products, the cosine, and that a language model begins by looking up each token in a table of vectors
#
# Neel Nanda took pairs of tokens at random, computed the cosine of their embeddings, and found over 0.9 on average in GPT-Neo ([Mech Interp Puzzle 1](https://www.alignmentforum.org/posts/eLNo7b56kQQerCzp2)). That is a cosine for *cat* and *cats*, not for *cat* and *quarterly*. Is it the model, the tool, or the way that we read it? You have an answer when you have a mechanism, evidence for it, and a rival ruled out. To try it alone first, open puzzle 01.

# %%
import pandas as pd
import torch
from einops import einsum
from torch.nn.functional import normalize

from zeropoint import geometry, plots, report
from zeropoint.claims import Ledger, exact
from zeropoint.desk import outcome, predict
from zeropoint.models import load, load_embedding, load_pair
from zeropoint.puzzles.p01 import claims, look, origin

first, second = load_pair()

# %% [markdown]
# Everything happens in one matrix, `W_E`: a row for each token of the vocabulary, a column for each dimension. We look at those of two models, and at a third made of independent normal entries: what it shows as well needs no explanation. `each` applies a function to all three.

# %%
FIRST, SECOND, RANDOM = first.label, second.label, "random vectors"
d_vocab, d_model = first.W_E.shape
device = "cuda" if torch.cuda.is_available() else "cpu"
torch.manual_seed(0)
clouds = {
    FIRST: first.W_E.to(device),  # [d_vocab, d_model]
    SECOND: second.W_E.to(device),
    RANDOM: torch.randn(5000, d_model, device=device),
}
both = f"{FIRST} and {SECOND}"  # for the titles of figures
ledger = Ledger()


def each(function, clouds=clouds):
    return {name: function(W) for name, W in clouds.items()}


# %% [markdown]
# ## Predict before you look
#
# Take two different tokens at random. What is the cosine of their embeddings, on average? Put a number for each `None`, with an interval that you would bet on at four to one.

# %%
predict("n1.1", None, low=None, high=None)  # random vectors
predict("n1.2", None, low=None, high=None)  # the first model
predict("n1.3", None, low=None, high=None)  # the second model

# %% [markdown]
# ## A sample, as the post took it
#
# 5,000 rows of the first model. The cosine of two rows is the dot product of the rows at length 1, so one matrix product gives every pair. The published code had no seed, and it kept the diagonal, where each token meets itself; here both are mended.

# %%
W = clouds[FIRST]
rows = torch.randperm(d_vocab)[:5000]
u = normalize(W[rows], dim=1)  # [5000, d_model]
cosines = einsum(u, u, "i d, j d -> i j")
cosines.fill_diagonal_(0)
n = len(rows)  # fewer where the vocabulary is smaller
sampled = cosines.sum() / (n * (n - 1))
print(f"mean cosine {sampled:.4f}, {n:,} rows of {FIRST}")

# %% [markdown]
# ## The shape, with its error
#
# A mean hides a shape. So here are the cosines of 256 random rows of each cloud with every other row. The band is two standard errors to both sides.
#
# * If embeddings were **unrelated**, both models would repeat the random vectors: a narrow peak at 0.
# * If **related words** made the similarity, most pairs would stay near 0 and a few would reach far to the right.
# * If **something common to all tokens** made it, the whole peak would move, and few pairs would be left at 0.

# %%
samples = each(geometry.cosine_sample)
plots.cosine_figure(samples, f"Cosines of token pairs, a sample<br>{both}")

# %% [markdown]
# Look at cosine 0 first: how much of each model is left there? Then at the width of each peak. The scale is logarithmic, so a step up is a factor of ten.

# %%
mean_cosine = each(geometry.mean_pairwise_cosine)
alike = mean_cosine[FIRST]
outcome("n1.1", mean_cosine[RANDOM], label=RANDOM)
outcome("n1.2", alike, label=FIRST)
outcome("n1.3", mean_cosine[SECOND], label=SECOND)

# %% [markdown]
# Published (the post): over 0.9 for GPT-Neo-125M, closer to 0.3 for GPT-2 small. Random vectors in *d* dimensions have cosines of about 0 ± 1/√d, so that is the unit in which to be surprised.


# %%
def surprise(W):
    random_spread = W.shape[1] ** -0.5
    return exact(geometry.mean_pairwise_cosine(W) / random_spread)


times = each(surprise)
for label in (FIRST, SECOND):
    entry = ledger.test(claims.ALIKE, on=label, times=times[label])
    print(entry)

# %% [markdown]
# ## Every pair
#
# Now all pairs, each once. Which share of them did the sample put into a wrong bin, and which does its band let one expect?

# %%
before = each(geometry.cosine_histogram)
look.check_of_sample(samples, before)

# %% [markdown]
# ## Five rivals
#
# Each of these would make cosines high, and each names something without which they would be low again.
#
# | rival | it says | take this away and the similarity goes |
# |---|---|---|
# | (a) | tokens are similar in meaning | meaning |
# | (b) | a few dimensions are huge or constant | the three largest dimensions |
# | (c) | each token is a big common vector plus a small one of its own | the common vector |
# | (d) | the rare tokens, hardly trained, do it | the rare tokens |
# | (e) | the loader changed the weights | the loader |
#
# One operation at a time, and each time one number: the share of the mean cosine that is kept. A rival *holds* if its operation takes enough away, and *fails* if the similarity stays where it was. (Of a model whose tokens are no more alike than random vectors there is nothing to explain: its rivals stay *open*.) On which of the five would you bet?


# %%
def kept(cloud):
    share = geometry.mean_pairwise_cosine(cloud) / alike
    return claims.if_alike(share, times[FIRST])


# %% [markdown]
# ### (a) Without meaning
#
# Shuffle each column of the matrix on its own. Every row becomes a chimera, with its first coordinate from one token and its second from another. Meaning is gone; the values in each column are what they were. If meaning makes the similarity, it goes too.


# %%
scores = torch.rand_like(W)
order = scores.argsort(dim=0)  # a random order for each column
chimeras = W.gather(0, order)
ledger.test(claims.MEANING, on=FIRST, kept=kept(chimeras))

# %% [markdown]
# Notice what survives a shuffle of columns: their means.
#
# ### (b) Without the largest dimensions
#
# A dot product is a sum over dimensions, and so is the mean cosine. Sort the dimensions by what they add, and add up. If a few dimensions did it, the curve would jump to 1 at once. A random direction is the baseline: its squared coordinates are uneven as well.

# %%
added = {
    FIRST: geometry.sum_over_dimensions(clouds[FIRST]),
    SECOND: geometry.sum_over_dimensions(clouds[SECOND]),
    "a random direction": torch.randn(d_model).square(),
}
share = {}
for name, parts in added.items():
    parts = parts.sort(descending=True).values
    share[name] = parts.cumsum(0) / parts.sum()
title = f"How many dimensions make the mean cosine?<br>{both}"
axes = ("dimensions, largest first", "share of the mean cosine")
plots.curves(range(1, d_model + 1), share, title, axes)

# %% [markdown]
# Look at the left end: how far up is each curve after three dimensions? Then at how closely a model follows the random direction. The test removes the three columns.

# %%
largest_first = added[FIRST].argsort(descending=True)
others = W[:, largest_first[3:]]
ledger.test(claims.FEW_DIMENSIONS, on=FIRST, kept=kept(others))

# %% [markdown]
# ### (d) Without the rare tokens
#
# Byte-pair encoding makes tokens roughly in order of frequency, so a token's number stands in for its rank. Cut the vocabulary into fifths. If rare tokens do it, the most frequent fifth among themselves look like the random vectors. (Row lengths cannot do it: a cosine divides them out.)

# %%
fifths = {}
for name in (FIRST, SECOND):
    cosines = []
    for part in clouds[name].tensor_split(5):
        cosines.append(geometry.mean_pairwise_cosine(part))
    fifths[name] = cosines
ranks = ["most frequent", "second", "third", "fourth", "rarest"]
pd.DataFrame(fifths, index=ranks).round(3)

# %% [markdown]
# Read each column downwards: how much rarity adds is the difference between its ends. The test reads the first row.

# %%
most_frequent, *_ = W.tensor_split(5)
ledger.test(claims.RARE_TOKENS, on=FIRST, kept=kept(most_frequent))

# %% [markdown]
# ### (e) Without the loader
#
# Read the matrix straight out of the weights file, past TransformerLens. If the loader did it, the file is innocent. Older versions of TransformerLens changed weights at loading by default, so the next cell lets this one do so too.

# %%
file = load_embedding(first.found.again)
ledger.test(claims.LOADER, on=FIRST, kept=kept(file.W))

# %%
processed = load(first.found.again, processed=True)
mean_processed = geometry.mean_pairwise_cosine(processed.W_E)
print(f"mean cosine {mean_processed:.4f}, {processed.label}")

# %% [markdown]
# ### (c) Without the common vector
#
# If each token is c + u, with u small and pointing anywhere, then averaging over the vocabulary keeps c and cancels u. So take the mean row. Three things should then hold, and each could fail: the mean is nearly as long as a row; every token lies on its side; and no other vector of that length will do in its place.

# %%
mu = W.mean(0)  # over the vocabulary: [d_model]
u = normalize(W, dim=1)
along = u @ mu / mu.norm()  # cosine of each token with the mean: [d_vocab]
facts = {
    "length of the mean row": mu.norm().item(),
    "mean length of the rows": W.norm(dim=1).mean().item(),
    "median cosine with the mean": along.median().item(),
    "squared length of the mean unit row": u.mean(0).square().sum().item(),
    "mean cosine of all pairs": alike,
}
pd.Series(facts, name=FIRST).round(4).to_frame()

# %% [markdown]
# Compare the first two numbers, then the last two. The last two agree for any cloud: the mean of all dot products is the dot product of the means. Published for GPT-Neo-125M: length of the mean 11, mean row length 11.4, mean cosine 0.93 ([a reply in the same community](https://www.greaterwrong.com/posts/DZk6mRo9vhCXN9Rfn)); most common cosine with the mean about 0.95 (the post).
#
# Now take the mean away from every row. What will the mean cosine be? And the mean of |cosine|, in which positive and negative cosines cannot cancel?

# %%
predict("n1.4", None, low=None, high=None)  # mean cosine after centring, first model
predict("n1.5", None, low=None, high=None)  # mean |cosine| after centring, first model

# %%
random = torch.randn_like(mu)
taken = {
    "nothing": torch.zeros_like(mu),
    "the mean": mu,
    "a random vector, as long": random / random.norm() * mu.norm(),
    "the mean, its coordinates shuffled": mu[torch.randperm(d_model)],
    "each row's own mean over d_model": W.mean(1, keepdim=True),
}
left = {}
for what, vector in taken.items():
    left[what] = geometry.mean_pairwise_cosine(W - vector)
pd.Series(left, name=f"mean cosine left, {FIRST}").round(4).to_frame()

# %% [markdown]
# The lower three are controls, and the last of them is the usual slip: a mean over the wrong axis. Look whether any of them does what the mean does.

# %%
outcome("n1.4", left["the mean"], label=FIRST)
_, _, *controls = left.values()
share = geometry.share_of_mean(W)
ledger.test(
    claims.ONE_VECTOR,
    on=FIRST,
    share=exact(share),
    alongside=exact((along > 0).float().mean()),
    controls=claims.if_alike(min(controls) / alike, times[FIRST]),
)

# %% [markdown]
# Published for GPT-Neo-125M after centring: 0.0024. Before you celebrate: would any cloud have come out near 0? Yes. Rows less their mean add up to zero, so their cosines must nearly cancel. **A mean cosine of 0 after centring is algebra, not evidence.** What algebra does not fix is how wide the cosines spread around that 0.
#
# ## Two kinds of common vector
#
# "They share a big vector" can mean two things:
#
# * an **offset**: each token holds the *same amount* of it, c + u. The cloud was carried away from zero, and is otherwise a cloud like any other.
# * a **ray**: tokens hold *different amounts*, a·c + u. They are longer and shorter copies of one arrow.
#
# Make one of each, and see what they forecast.

# %%
noise = torch.randn(5000, d_model, device=device)
common = 4 * torch.randn(d_model, device=device)
amount = 0.2 + 1.6 * torch.rand(5000, 1, device=device)  # between 0.2 and 1.8, on average 1
made = {
    "an offset, made": common + noise,
    "a ray, made": amount * common + noise,
}

# %% [markdown]
# Both must have high cosines before centring, and a mean near 0 after it. But an **offset** leaves an even cloud: a bell around 0, as narrow as the dimensions allow. A **ray** leaves a line: tokens with less than the average of c now point one way, those with more the other, so pairs agree or oppose each other, and the histogram is a U with its peaks at ±1. Which of the two is each model?

# %%
kinds = clouds | made
centred = each(geometry.centre, kinds)
panels = {
    "as they are": before | each(geometry.cosine_histogram, made),
    "less their mean": each(geometry.cosine_histogram, centred),
}
after = panels["less their mean"]
plots.cosine_panels(panels, f"Before and after centring<br>{both}")

# %% [markdown]
# In the left panel, offset and ray both crowd to the right. In the right one, look at the two ends: does a model's line fall there with the made offset, or rise with the made ray? Then at the middle: it may be a bell, and still a wider one than the random vectors have.
#
# The kind can also be seen directly. Measure each token along the mean, with the mean's own length as the unit: the average is then 1 by definition. All tokens of an offset lie close to 1; those of a ray are spread out, some near 0.


# %%
def held(W):
    mu = W.mean(0)
    return W @ mu / mu.square().sum()  # [d_vocab]


title = f"How much of the mean does a token hold?<br>{both}"
x = "part along the mean (the mean itself = 1)"
plots.distribution(each(held, kinds), title, x, within=(-0.5, 2.5))

# %% [markdown]
# Look at how far each line reaches to both sides of 1. The next table puts the two pictures into numbers: the mean |cosine| after centring; how much of the variance that centring leaves lies along the mean (of an even cloud 1/d, of a ray most of it); and the spread of the parts just drawn.

# %%
kind = each(geometry.kind_of_mean, kinds)
table = {}
for name in kinds:
    table[name] = {
        "mean |cosine| after centring": after[name].mean_abs,
        "variance along the mean": kind[name].share_along_mean,
        "spread of parts": kind[name].spread_of_parts,
    }
pd.DataFrame(table).T.round(3)

# %%
outcome("n1.5", after[FIRST].mean_abs, label=FIRST)
for label in (FIRST, SECOND):
    entry = ledger.test(
        claims.OFFSET,
        on=label,
        width=claims.if_alike(after[label].mean_abs, times[label]),
        along=claims.if_alike(kind[label].share_along_mean, times[label]),
    )
    print(entry)

# %% [markdown]
# Published for GPT-Neo-125M: mean |cosine| 0.183 after centring. An even cloud in about 19 dimensions has that, and one in 768 has 0.029. So by what is published, GPT-Neo-125M is an offset, of a cloud that is far from even. Where the claim *fails* above, tokens hold unequal amounts of the common vector. How far it is from a ray tells the distance to the made one in the table; the further it goes, the less "centred" means "cleaned".
#
# ## Subtract, or project out?
#
# Against a ray there is another remedy: take from each token *its own* part along the mean, however large. Subtracting the mean moves the origin, and keeps every difference between tokens. Projecting it out flattens one direction, and loses what tokens told there. For an offset the two do nearly the same. For a ray only the second uncovers the cloud underneath.

# %%
table = {}
for name in kinds:
    table[name] = {
        "the mean subtracted": kind[name].dimension_centred,
        "the mean projected out": kind[name].dimension_projected,
    }
pd.DataFrame(table).T.round(1)

# %% [markdown]
# These are effective dimensions: the dimension of the even cloud whose cosines would be as wide. Look at the two made clouds for the scale, then at how far projecting brings each model. Is the longest direction that centring leaves the mean's own, and which tokens lie at its ends?

# %%
C = centred[FIRST]
scatter = C.T @ C  # [d_model, d_model]
lengths, directions = torch.linalg.eigh(scatter)
longest = directions[:, -1]  # the first principal component
with_mean = (longest @ mu / mu.norm()).abs()
print(f"|cosine| of the longest direction with the mean: {with_mean:.3f}, {FIRST}")
order = (C @ longest).argsort()
one_end = order[:8, None]
other_end = order[-8:, None]
print("one end:  ", first.tokenizer.batch_decode(one_end))
print("other end:", first.tokenizer.batch_decode(other_end))

# %% [markdown]
# Near 1, the ends are the tokens that hold least and most of the mean. Is that a difference in meaning, or in frequency?
#
# ## Bonus: what the difference between two models does not tell
#
# As published, GPT-Neo's cosines are higher than GPT-2's. Are its tokens more alike? Slide each cloud along its own mean: every token moves by the same vector, and no difference between two tokens changes. If a cosine measures only how far away zero is, all clouds must follow one curve, r² / (1 + r²), where r is the distance of the mean from zero in spreads of the cloud. If it measures how alike tokens are, each cloud has a level of its own.

# %%
distances = torch.logspace(-2, 1.2, 50).tolist()
moved = {}
for name in clouds:
    moved[name] = origin.slid(clouds[name], distances)
moved["r² / (1 + r²)"] = origin.forecast(distances)
title = f"Mean cosine, as the cloud slides away from zero<br>{both}"
axes = ("distance of zero (spreads)", "mean pairwise cosine")
fig = plots.curves(distances, moved, title, axes)
origin.mark(fig, clouds)

# %% [markdown]
# The dots are the clouds as they are. Look whether they lie on one curve, and whether the curves do. The law is exact when all rows are equally far from zero; a ray, with its long and short rows, misses it.

# %%
for label in (FIRST, SECOND):
    miss = origin.largest_miss(distances, moved[label])
    entry = ledger.test(claims.ORIGIN, on=label, miss=exact(miss))
    print(entry)

# %% [markdown]
# Where the law holds, from "its cosines are higher" you may infer that a cloud lies further from zero, for its width. You may not infer that its tokens are more alike, or that its embedding holds less. Why one training carried its cloud further than the other is notebook 04.
#
# ## Claims met here
#
# A rival that fails is ruled out.

# %%
ledger

# %% [markdown]
# The main numbers, beside what is published of GPT-Neo-125M and GPT-2 small.

# %%
for model in (first, second):
    label = model.label
    numbers = {
        "mean cosine": mean_cosine[label],
        "mean cosine, centred": geometry.mean_pairwise_cosine(centred[label]),
        "mean |cosine|, centred": after[label].mean_abs,
        "‖mean‖² / E‖w‖²": geometry.share_of_mean(clouds[label]),
    }
    report(label, numbers, claims.published(model.found))

# %% [markdown]
# **The lesson.** Cosine, dot product and norm are measured from an origin. Ask whether yours means anything before you read them; and after you have moved it, look at the width, not only at the mean.
#
# **Still open.** Can the model tell where its origin is (02)? When does the mean appear (03)? Why do the two models differ (04)? What are the directions that are left?
#
# **Try it yourself.** `load_embedding("EleutherAI/pythia-70m")`: predict its mean cosine and its kind, then run `python -m zeropoint stats` on it. Does the output matrix do the same?
#
# **Links.** [The post](https://www.alignmentforum.org/posts/eLNo7b56kQQerCzp2) · Mu & Viswanath 2018, [all-but-the-top](https://arxiv.org/abs/1702.01417) · Gao et al. 2019, [representation degeneration](https://arxiv.org/abs/1907.12009) · Biś et al. 2021, [common drift](https://aclanthology.org/2021.naacl-main.403) · Ethayarajh 2019, [how contextual](https://arxiv.org/abs/1909.00512)
