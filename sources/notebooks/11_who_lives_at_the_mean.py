# %% [markdown]
# # 11 Who lives at the mean?
#
# **Question.** Which tokens lie nearest to the common vector, and what do they have in common?
#
# **Time** 35 min · **Difficulty** ●●○ · **You need** the mean embedding (01), softmax, and what a gradient step does
#
# The best-known puzzle about token embeddings began at the mean. Looking for tokens near the centre of GPT-2's and GPT-J's clouds, Rumbelow and Watkins met " SolidGoldMagikarp" and its kin: tokens that the models had hardly ever met in training, and could not even repeat. So: do never-met tokens live at the mean, and why should they? You have an answer when you can say where they lie and what put them there, find them without knowing any count, and have ruled out that it is their length or their rarity. To try it alone first, open puzzle 11.

# %%
import pandas as pd
import torch

from zeropoint import geometry, report
from zeropoint.claims import Ledger, exact, over
from zeropoint.desk import outcome, predict
from zeropoint.models import load_pair
from zeropoint.puzzles.p11 import census, claims, figures, growing, hull, measures, reading
from zeropoint.tiny.corpus import tokens_for
from zeropoint.tiny.shape import TinyConfig, TinyLM
from zeropoint.tiny.training import Recipe

models = load_pair()

# %% [markdown]
# ## A census
#
# Of the stand-ins we know the training text, so we can count. A vocabulary that was made from that very text still has tokens which never occur in it: bytes that the text doesn't use, and pieces which longer pieces swallowed (once "import" is a token, "mport" never comes again). Of other models nobody here knows the counts. Then only the tokens that *surely* never occur count as never met: bytes which no UTF-8 text can hold, and rows without a token (where there are none of these, tokens that were added by hand and have no job). All others are then called met, some of them wrongly.

# %%
FIRST, SECOND = [model.label for model in models]
both = f"{FIRST} and {SECOND}"
people = {}
for model in models:
    people[model.label] = census.census(model)
    print(people[model.label].known)
ledger = Ledger()

# %% [markdown]
# (Counts are of this Python's own library; a stand-in was trained on that of Python 3.11. On another version a few counts differ by a little.)
#
# ## Predict
#
# Let all tokens queue up by their distance to the mean, the nearest first. A group like any other has its median place at 0.5. Where do the never-met tokens stand, between 0 (at the mean) and 1 (the far end)?

# %%
predict("n11.1", None, low=None, high=None)  # the first model
predict("n11.2", None, low=None, high=None)  # the second model

# %% [markdown]
# ## Look
#
# The head of the queue, with counts where they are known. (Spaces are shown as ␣; bytes and letters that would upset the table are escaped.)

# %%
distances = {}
heads = {}
for label, c in people.items():
    mu = geometry.mean(c.W)
    distances[label] = measures.distance(c.W, mu)
    head = distances[label].argsort()[:12]
    heads[label] = c.shown(head)
    if c.counts is not None:
        heads[f"count ({label})"] = c.counts[head].tolist()
pd.DataFrame(heads)

# %% [markdown]
# Are these the never-met? Now all of them. If the never-met live at the mean, their crosses lie under the band. If it is rarity that draws a token in, the band falls to the left.

# %%
panels = {}
for label, c in people.items():
    panels[label] = (c, distances[label])
title = f"Distance to the mean<br>{both}"
figures.against_count(panels, title, "distance to the mean, in spreads")

# %% [markdown]
# Compare the crosses with the band, panel by panel: on which side of it do they lie, and where does its left end lead? Where is the band lowest? That is who lives at the mean. Then ask how much the crosses differ among *themselves*.

# %%
places = {}
for label, c in people.items():
    places[label] = measures.place(distances[label], c.never)
    place = exact(places[label])
    print(ledger.test(claims.NEAREST, on=label, place=place))
    if c.counts is not None:
        head = distances[label].argsort()[:100]
        usual = c.counts[head].median()
        print(f"{label}: the hundred nearest occur {usual} times (median)")
outcome("n11.1", places[FIRST], label=FIRST)
outcome("n11.2", places[SECOND], label=SECOND)

# %% [markdown]
# Published: nearest the centre in GPT-2 small and GPT-J, and the other way round in GPT-2 XL (Rumbelow & Watkins II). So the mean is no sure address. What is common to all these cases must be something else.
#
# ## What they have in common
#
# A group has a **radius**: the median distance of its tokens from their own centre (the median of each coordinate, so that one stray counts for nothing). In spreads of the cloud, a group like any other has about 1. Two rivals get groups of their own. If it is the **length** of their vectors, met tokens of the same length should crowd as much. If it is **rarity**, so should tokens met one to three times.

# %%
crowds, sizes = {}, {}
for label, c in people.items():
    crowds[label] = measures.groups(c)
    sizes[label] = measures.sizes(c, crowds[label])
pd.concat(sizes).round(3)

# %%
rivals = {
    "met, of equal length": claims.LENGTH,
    "met 1 to 3 times": claims.RARITY,
}
for label, c in people.items():
    radius = sizes[label].radius["never met"]
    ledger.test(claims.CROWD, on=label, radius=exact(radius))
    never = measures.radius(c.W, c.never)
    for name, claim in rivals.items():
        if name in crowds[label]:
            parts = measures.radii(c.W, crowds[label][name])
            ratio = over(parts / never, "parts")
            print(ledger.test(claim, on=label, ratio=ratio))

# %% [markdown]
# Ruled out or not, look at *how much* wider a rival's group is, if it is: rare tokens may be most of the way there, and then any detector will mix them up.

# %% [markdown]
# ## Why: one step for all
#
# A token that never occurs is never read, and never right. As an input it gets no gradient at all. As an output, cross-entropy gives its row p·h, averaged over positions (03). As long as no logit sets it apart, p is the same for all never-met tokens, so all of them get *the same step*, at every update. That makes three forecasts.
#
# 1. They travel together. What sets one apart from another is still the first random draw: measured within the group, each token's place now and before training should have a cosine near 1; for met tokens less.
# 2. So the radius of the crowd is that of the draw, σ√d_model, less what weight decay took.
# 3. *Where* they travel is another matter. The mean is an average of them and of everybody else. With few of them it stays with the met tokens and they leave it behind; with many it goes with them. A rare token goes the same way, but is called back whenever it is met.
#
# A tiny model, trained here, with its tied matrix watched. Then a control: the same, with as many rows again **planted** that stand for no token. These are dead by construction.

# %%
TINY, CONTROL = "tiny model, trained here", "tiny model, half of it planted"
text = tokens_for(2048)  # Python's own library, in 2,048 tokens
recipe = Recipe(
    steps=200,
    batch=4,
    ctx=64,
    lr=3e-3,
    warmup=20,
)
looks = (4, 8, 16, 32, 64, 100, 150, 200)  # updates


def train(planted):
    shape = TinyConfig(
        d_vocab=2048 + planted,
        d_model=64,
        ctx=64,
    )
    dead = torch.ones(2048 + planted, dtype=torch.bool)
    dead[:2048] = text.counts == 0
    return growing.watch(TinyLM(shape), text, recipe, dead, looks)


tiny = train(planted=0)
control = train(planted=2048)

# %% [markdown]
# If the forecasts are right, the never-met line stays near 1 on the left while the met ones forget; and on the right the two models part.

# %%
LEFT, RIGHT = "what is left of the first draw", "place in the queue from the mean"
curves = {
    LEFT: {
        "never met": tiny["dead tokens"],
        "met": tiny["living tokens"],
    },
    RIGHT: {
        "never met": tiny.place,
        "never met, half planted": control.place,
    },
}
title = f"Through training<br>{TINY}"
figures.courses(curves, title, ["cosine with the first draw", "median place"])

# %%
last = tiny.iloc[-1]
ledger.test(
    claims.SAME_STEPS,
    on=TINY,
    never=exact(last["dead tokens"]),
    met=exact(last["living tokens"]),
)

# %% [markdown]
# And the third forecast, few of them against many:

# %%
ledger.test(
    claims.PLANTED,
    on=TINY,
    few=exact(last.place),
    many=exact(control.place.iloc[-1]),
)

# %% [markdown]
# And in the loaded models, whose first draw nobody kept? The config has σ, a stand-in's record its learning rates and decay. A radius is foretold before we look.

# %%
rows = {}
for model in models:
    c = people[model.label]
    rows[model.label] = {
        "drawn: σ√d_model": growing.drawn(model),
        "left by decay": growing.kept(model.found.name),
        "measured": measures.radius(c.W, c.never),
    }
radii = pd.DataFrame(rows).T
foretold = radii["drawn: σ√d_model"] * radii["left by decay"]
ratios = radii.measured / foretold
for label, ratio in ratios.items():
    print(ledger.test(claims.FORETOLD, on=label, ratio=exact(ratio)))
radii.assign(foretold=foretold).round(3)

# %% [markdown]
# A forecast for GPT-Neo-125M, written down before anyone here could look. Its code draws with σ 0.02. If its weight decay was 0, as a maintainer says (EleutherAI/gpt-neo, issue 166), the bytes that no text holds lie about 0.55 from their centre, 0.02·√768. If it was 0.1, as a development config says, decay had time to wipe the draw out, and they lie on one point. The tokens that never learned anything remember the optimiser.
#
# ## Find them without counts
#
# If never-met tokens share a point, a few of them give it away, who are known by what they are: the bytes that no text holds. Their median is a **reference**, and nearness to it a detector, in the manner of Land & Bartolo. It is judged by the true counts, with the reference tokens left out, against baselines, and two controls: another reference, of random tokens; a random direction. A perfect detector stays at the top; a useless one lies at the bottom. (Where the surely unused are all that is known, nobody is left to judge by: the panel stays empty, and the claim open.)

# %%
found, precisions, curves = {}, {}, {}
DRAWN = ["near the unused", "near the mean", "far from the mean", "long", *measures.CONTROLS]
for label, c in people.items():
    found[label] = measures.detectors(c)
    drawn = {}
    for name in DRAWN:
        drawn[name] = found[label][name]
    curves[label] = (c, drawn)
    precisions[label] = measures.precisions(c, found[label])
figures.precision_recall(curves, f"Who was never met?<br>{both}")

# %% [markdown]
# Follow the solid line, then the best of the others. How far does each get before half of what it says is wrong? Below, the area under each line; *crowded* asks nothing but how near the fifth neighbour is.

# %%
pd.DataFrame(precisions).round(3)

# %%
for label, c in people.items():
    baselines = precisions[label][measures.BASELINES]
    gains = measures.by_reference(c) - baselines.max()
    gain = over(gains, "references")
    print(ledger.test(claims.DETECTOR, on=label, gain=gain))

# %% [markdown]
# What does it get wrong? Its first false alarms, with their counts. (Of a model without known counts, these are its suspects.)

# %%
alarms = {}
for label, c in people.items():
    score = found[label]["near the unused"].clone()
    score[c.never] = -torch.inf
    first = score.topk(12).indices
    alarms[label] = c.shown(first)
    if c.counts is not None:
        alarms[f"count ({label})"] = c.counts[first].tolist()
pd.DataFrame(alarms)

# %% [markdown]
# ## Can they ever be said?
#
# A token wins if its row of the output matrix lies furthest along the hidden state h. If it lies inside the convex hull of the other rows, some other row always lies further: no h whatever makes it the arg max (there is no bias here). The Interior Conjecture says that this is why GPT-2 cannot repeat such tokens: in three million random hidden states 510 of 50,257 tokens never won, among them 85 of 133 weird ones (published).
#
# What share of the never-met can be made to win, by *some* h?

# %%
predict("n11.3", None, low=None, high=None)  # the first model

# %% [markdown]
# Random states are one way to look. A better one is to ask. Start with h = the token's own row; ask who wins; step back from the winner; ask again (Gilbert's algorithm; it walks towards the point of the hull nearest to the token). If it finds no h in 200 questions, a linear programme decides: an h, or the weights that put the token inside. Every h is multiplied out. The control is the mean vector itself, **planted** as one more token: an average of all the others must be found inside.

# %%
fates, shares = {}, {}
for label, c in people.items():
    near = distances[label].argsort()
    asked = {
        "never met": crowds[label]["never met"],
        "nearest to the mean": near[:24],
    }
    for name, tokens in asked.items():
        fates[label, name] = hull.fates(c.W_out, tokens)
        shares[label, name] = fates[label, name].mean()
pd.DataFrame(shares).T.round(2)

# %% [markdown]
# Shares of tokens; the last column is a mean. Read the first column against the third: that is what "never came up in random states" is worth as evidence for "can't".

# %%
every = pd.concat(fates).groupby(level=0)
for label, tokens in every:
    unlucky = tokens[~tokens["by random states"]]
    inside = exact(unlucky["proven inside"].mean())
    proven = exact(hull.mean_is_inside(people[label].W_out))
    entry = ledger.test(
        claims.ROOM_INSIDE,
        on=label,
        inside=inside,
        control=proven,
    )
    print(entry)
made = shares[FIRST, "never met"]["by asking"]
outcome("n11.3", made, label=FIRST)

# %% [markdown]
# In hundreds of dimensions a corner of one's own costs little, so tokens found inside ask for a reason. One stands beside them in the table: a token whose row is *equal to another's* can only tie, and where decay has wiped the first draw out, many are. Grivas and others found tokens that can never win in 13 of 150 models. *Can* is not *does*: the model's own hidden states need not point there.
#
# ## What happens when it reads one?
#
# The end of a text is exchanged for a token's vector, or for the mean itself. Three questions, in nats, over contexts: how unsure is the model of what follows? How much does that depend on *which* token of the group was read? How far is it from what follows the mean vector? Each context draws sixteen tokens of a group anew (or reads all, where there are fewer), so the error over contexts covers the chance of the draws as well.

# %%
readings = {}
for model in models:
    readings[model.label] = reading.read(model, crowds[model.label])
reading.table(readings[FIRST])

# %%
reading.table(readings[SECOND])

# %% [markdown]
# Look down the middle column: the first row against all others. A model that never had a reason to tell them apart need not.

# %%
for label, by_group in readings.items():
    never = by_group["never met"]
    met = by_group["met, of equal length"]
    ratio = never / met  # a row a context
    which = over(ratio["depends on which"], "contexts")
    mean = over(ratio["KL from the mean vector"], "contexts")
    more = over(never.entropy - met.entropy, "contexts")
    ledger.test(claims.READ_AS_ONE, on=label, share=which)
    ledger.test(claims.READ_AS_MEAN, on=label, share=mean)
    print(ledger.test(claims.AT_A_LOSS, on=label, more=more))

# %% [markdown]
# To know nothing of a token is not yet to be unsure of what follows it: do the two models agree? No loss ever looked at what they say there.

# %% [markdown]
# ## Claims met here

# %%
ledger

# %%
published = {
    "place of the never met": "first in GPT-2 small and GPT-J, last in GPT-2 XL",
    "never met, won by random states": "48 of 133 weird tokens (GPT-2)",
}
for label, c in people.items():
    numbers = {
        "never met": int(c.never.sum()),
        "place of the never met": places[label],
        "radius, in spreads": sizes[label].radius["never met"],
        "average precision, near the unused": precisions[label]["near the unused"],
        "never met, made to win": shares[label, "never met"]["by asking"],
        "never met, won by random states": shares[label, "never met"]["by random states"],
    }
    report(label, numbers, published)
report(TINY, {"left of the first draw, never met": last["dead tokens"]})

# %% [markdown]
# **What would refute it.** Never-met tokens with a radius like anybody's; a first draw that is forgotten as fast by the never met as by the met; a detector that does as well with a random reference; a token that asking reaches and a linear programme calls inside.
#
# **The lesson.** The mean is an average of all, so who lives near it depends on everybody else. A better zero point for "has learned nothing" is where tokens are that had nothing to learn.
#
# **Still open.** Where the crowd lies in GPT-Neo, and whether its radius says that decay was 0. Why a model can't *repeat* a token that some hidden state would produce: which hidden states does it make? What of tokens met a few times only, where the detector errs?
#
# **Try it yourself.** With the hub, run it on `gpt2-xl`, where nearness turns over, and compare the crowd's way with the mean's. Untie the tiny model (`tied=False`): which matrix keeps the first draw?
#
# **Links.** Rumbelow & Watkins 2023, [SolidGoldMagikarp](https://www.lesswrong.com/posts/aPeJE8bSo6rAFoLqg) · Land & Bartolo 2024, [fishing for Magikarp](https://arxiv.org/abs/2405.05417) · [the Interior Conjecture](https://www.lesswrong.com/posts/jbi9kxhb4iCQyWG9Y) · Grivas et al. 2022, [unargmaxable classes](https://arxiv.org/abs/2203.06462) · Biś et al. 2021, [common drift](https://aclanthology.org/2021.naacl-main.403)
