# %% [markdown]
# # 09 When not to centre
#
# **Question.** Is centring always a good habit?
#
# **Time** 35 min · **Difficulty** ●●○ · **You need** cosine, least squares and principal components; 01 and 05 help
#
# In 01 a common vector hid everything that cosines had to say, and taking it off brought that back. [The post](https://www.alignmentforum.org/posts/eLNo7b56kQQerCzp2) calls centring a good habit, and no universal rule. When is it wrong, then? You have an answer when you can say of a tool, before you run it, whether centring helps it, hurts it or does not matter, with a reason, and when your forecasts survive. To try it alone first, open puzzle 09.

# %%
import pandas as pd
import torch
from torch.nn.functional import normalize

from zeropoint import geometry, report
from zeropoint.claims import Ledger, exact
from zeropoint.desk import outcome, predict
from zeropoint.models import load_pair
from zeropoint.puzzles.p09 import claims, figures, gptj, tools

models = load_pair()

# %%
labels = [m.label for m in models]
FIRST, SECOND = labels
both = f"{FIRST} and {SECOND}"  # for the titles of figures
benches = {m.label: tools.Bench(m) for m in models}  # a model, with tasks made of its own tokens
ledger = Ledger()

# %% [markdown]
# ## Twelve tools, foretold
#
# Each does a task with a right answer, made of the loaded model's own tokens. Each runs with the vectors as they are; with their mean taken off; and, as a **control**, with others taken off, as long as the mean and in random directions: eight of them (three, where the model runs). What does centring do to each: `"helps"`, `"hurts"` or `"no matter"` (less than a point)?

# %%
predict("n9.1", None)  # nearest by cosine: a word's other spelling, before 99 other tokens?
predict("n9.2", None)  # the same by distance
predict("n9.3", None)  # map : ␣map = set : ? by cosine (3CosAdd)
predict("n9.4", None)  # a linear probe with a bias: has a token no letter? (few have none)
predict("n9.5", None)  # the same without a bias
predict("n9.6", None)  # first component: its rank correlation with the token's number

# %% [markdown]
# The next two have *two* clouds, words without and with a leading space, and each cloud is centred by itself. Steering adds the mean vector before a certain token to the middle of the model, always at the same length, and counts how much likelier that token becomes.

# %%
predict("n9.7", None)  # two clusters by cosine: do they part words with a space from the rest?
predict("n9.8", None)  # from map, the nearest in the other cloud by cosine: is it ␣map?
predict("n9.9", None)  # which of the two clouds is a word from, by the nearer mean?
predict("n9.10", None)  # counts of what follows a token: have two tokens ever shared a follower?
predict("n9.11", None)  # the model reads centred embeddings: next tokens it has right
predict("n9.12", None)  # steering by the mean vector before a token

# %% [markdown]
# For eight of them there is a forecast, drawn as a grey triangle that points to where the mark should fall, or as a grey square at zero. If the habit were a rule, all circles would lie at zero or right of it. If centring were only about vectors being shorter, or zero being elsewhere, the diamonds would go along.

# %%
effects = {}
for label, bench in benches.items():
    effects[label] = tools.measure(bench)
figures.forest(effects, f"What centring does to twelve tools<br>{both}")

# %% [markdown]
# Read one line at a time: circle against zero, then circle against diamond. Where both are away from zero on the same side, it was not the *mean* that mattered. Intervals are 95 %, paired, over the units of each task.

# %%
for number, tool in enumerate(tools.TOOLS, start=1):
    outcome(f"n9.{number}", effects[FIRST][tool].does, label=f"{tool}, {FIRST}")

# %% [markdown]
# Two claims can be read off at once. Distance and a probe with a bias should not notice anything: they use no zero (05), or choose their own.

# %%
for label, found in effects.items():
    by_cosine = found["nearest token, by cosine"]
    by_distance = found["nearest token, by distance"]
    with_bias = found["probe with a bias"]
    entry = ledger.test(
        claims.BLIND,
        on=label,
        distance=by_distance.gain,
        bias=with_bias.gain,
    )
    print(entry)
    entry = ledger.test(claims.NEAREST, on=label, gain=by_cosine.gain)
    print(entry)

# %% [markdown]
# ## One move, two tasks
#
# Here is the same move doing opposite things. Two clouds of the same words, each less its own mean:

# %%
plain, spaced = benches[FIRST].spaced.T  # numbers of map, set, … and of ␣map, ␣set, …
W = benches[FIRST].W.double()
here = W[plain]  # [n, d_model]
there = W[spaced]
as_they_are = (here, there)
each_centred = (here - here.mean(0), there - there.mean(0))


def partner_found(here, there):
    """Share of words whose nearest by cosine, in the other cloud, is the same word."""
    units = normalize(there, dim=1)
    nearest = (here @ units.T).argmax(1)
    same = nearest == torch.arange(len(here))
    return same.double().mean().item()


def cloud_known(here, there):
    """Share of odd words that lie nearer to the mean of their own cloud's even words."""
    even, odd = slice(0, None, 2), slice(1, None, 2)
    own = (here[odd] - here[even].mean(0)).norm(dim=1)
    other = (here[odd] - there[even].mean(0)).norm(dim=1)
    nearer = own < other
    return nearer.double().mean().item()


# %% [markdown]
# The clouds differ by a vector that all words share. To find a partner, it is no help and may be in the way. To tell the clouds apart, it *is* the answer, and a class that is its mean has nothing else.

# %%
if len(here):
    found = pd.DataFrame(index=["as they are", "each centred"])
    found["partner found"] = [partner_found(*as_they_are), partner_found(*each_centred)]
    found["cloud known"] = [cloud_known(*as_they_are), cloud_known(*each_centred)]
    print(found.T.round(3))
else:
    print(f"{FIRST} has too few words with and without a leading space.")

# %% [markdown]
# Is the lower right number under one half, worse than a coin? If the even words' mean is a little too far one way, the odd words' is too far the other way, for together they are zero. Centring before you split lets the two halves know of each other.

# %%
for label, found in effects.items():
    partner = found["partner in the other cloud"]
    entry = ledger.test(claims.PARTNER, on=label, gain=partner.gain)
    print(entry)
    which = found["which of the two clouds"]
    left = which.as_it_is.value + which.gain.value
    entry = ledger.test(
        claims.WHICH,
        on=label,
        gain=which.gain,
        left=exact(left),
    )
    print(entry)

# %% [markdown]
# ## A bias in disguise
#
# Why should a probe without a bias lose? It says yes where w·x > 0, so its border runs through zero. With a common vector μ in all rows, it can still shift the border: any part of w along μ adds nearly the same number to each answer. **The mean is the bias that the probe was not given.** Centring takes it away. Guess: what does the probe have right with *half* of the mean taken off?

# %%
predict("n9.13", None, low=None, high=None)  # the share of right answers, first model

# %% [markdown]
# Three readings predict three shapes. If it is the **length** of the vectors, the curve falls on and on. If it is the **place of zero**, it falls and rises somewhere else. If it is **the bias**, any multiple of μ will do but none: a needle at 1. Of the three probes, one should never notice, and one, whose property many tokens have, should have little to lose.

# %%
dose = {}
for label, bench in benches.items():
    dose[label] = tools.probes_by_share(bench)
figures.by_share(dose, tools.SHARES, f"A probe as the mean is taken off<br>{both}")

# %% [markdown]
# Look at the solid line: how deep is it at 1, how wide, and does it come back to where it began, with the mean turned *around*? Then at the dashed one.

# %%
few = "no bias, few have it"
for label, lines in dose.items():
    worst, back = tools.needle(lines[few])
    entry = ledger.test(
        claims.NEEDLE,
        on=label,
        worst=exact(worst),
        back=exact(back),
    )
    print(entry)
half = dose[FIRST][few][tools.SHARES.index(0.5)]
outcome("n9.13", half.value, label=FIRST)

# %% [markdown]
# The control is the diamond of the first figure: other vectors as long. A needle at the mean, and nothing there.

# %%
for label, found in effects.items():
    probe = found["probe without a bias"]
    entry = ledger.test(
        claims.PROBE,
        on=label,
        gain=probe.gain,
        beyond=probe.more,
    )
    print(entry)

# %% [markdown]
# If that is the mechanism, then what is missing can be put back by hand. Fit the centred rows without a bias; the fit leaves out the mean of the labels (±1), which is far below zero if few tokens have the property. Add it to each answer.

# %%
solve = torch.linalg.lstsq
for label, bench in benches.items():
    rows, has = tools.probed(bench)  # [n, d_model] and [n]
    y = torch.where(has, 1.0, -1.0).double()
    X = rows - rows.mean(0)
    w = solve(X, y).solution
    restored = X @ w + y.mean() > 0

    ones = torch.ones(len(X), 1).double()
    X1 = torch.cat([rows, ones], dim=1)
    w1 = solve(X1, y).solution
    with_bias = X1 @ w1 > 0

    same = (restored == with_bias).double()
    entry = ledger.test(claims.BIAS, on=label, same=exact(same.mean()))
    print(entry)

# %% [markdown]
# It also says who will suffer: the rarer a property, the further its labels' mean lies from zero.

# %%
rarity = {}
for label, bench in benches.items():
    rarity[label] = tools.loss_by_rarity(bench)
pd.concat(rarity, axis=1).round(3)

# %%
for label, table in rarity.items():
    rank = table.rank().corr()
    rank = rank.loc["have it", "lost"]
    entry = ledger.test(claims.RARE, on=label, rank=exact(rank))
    print(entry)

# %% [markdown]
# ## Where zero means never
#
# In the embedding nobody chose zero. In a table of counts somebody did: 0 is *never*. Four tokens, a to d, and how often each of five others followed them. Only a and b share one.

# %%
counts = torch.tensor(
    [
        [9.0, 4, 0, 0, 0],
        [1, 0, 0, 0, 0],
        [0, 0, 0, 1, 0],
        [0, 0, 0, 0, 1],
    ]
)
names = ["a", "b", "c", "d"]
centred = counts - counts.mean(0)
for rows in (counts, centred):
    unit = normalize(rows, dim=1)
    cosines = pd.DataFrame(unit @ unit.T, names, names)
    print(cosines.round(2))

# %% [markdown]
# Above, a cosine of exactly 0 says that two tokens share no follower. Below, can you still tell? All rows with little in them now hold the same −μ: here *centring made the cone*. The tool of the figure asks this of the held-out text's counts; it may even choose the best threshold. (Only questions about *never* suffer: when we asked which row of counts belongs to the same token in another half of the text, the pilot lost nothing by centring.)
#
# Beforehand you could ask: **is there anything that zero stands for?** Counts, firing rates, features of a sparse autoencoder, one-hot classes: there is.

# %%
for label, found in effects.items():
    shared = found["counts: any in common?"]
    entry = ledger.test(claims.COUNTS, on=label, gain=shared.gain)
    print(entry)

# %% [markdown]
# ## What the model makes of it
#
# Two more of the twelve. The model was trained to read from where its embeddings lie, mean and all. A steering vector was not: what all places share says nothing of one token, and takes up length.

# %%
for label, found in effects.items():
    reads, steers = found["the model reads"], found["steering"]
    entry = ledger.test(claims.READS, on=label, gain=reads.gain)
    print(entry)
    entry = ledger.test(claims.STEERS, on=label, gain=steers.gain)
    print(entry)

# %% [markdown]
# ## A mean that was learned on purpose
#
# GPT-J's training code adds a bias to every embedding, and its conversion writes that bias into every row. So its common vector is a parameter, and the model reads it. Two norms are published: 1.74 for tokens that were never trained, which are left with the bias alone, and 1.988 ± 0.024 for all. What do they say of the mean cosine of two rows? GPT-J's own has not been published, as far as we know.

# %%
predict("n9.14", None, low=None, high=None)  # the mean cosine, from two norms

# %% [markdown]
# If the rest of a row is at right angles to the bias and to other rows' rest, all that two rows share is the bias, and their cosine is the square of its share of their length.

# %%
foretold = (gptj.UNTRAINED_NORM / gptj.NORM) ** 2
print(f"mean cosine, foretold by two published norms: {foretold:.3f}")

# %% [markdown]
# First on a **double**, a matrix drawn to those norms: a test of the arithmetic, and no evidence about GPT-J. How would you find never-trained rows in it, and does centring spoil that?

# %%
D = gptj.double()  # [n, 4096]: the last hundred rows were never trained
rows = pd.DataFrame()
rows["norm"] = D.norm(dim=1)
rows["distance to the mean"] = (D - D.mean(0)).norm(dim=1)
never = rows.index >= len(D) - 100
kinds = {
    "never trained, the largest": rows[never].max(),
    "trained, the smallest": rows[~never].min(),
}
print(gptj.DOUBLE)
pd.DataFrame(kinds).T.round(3)

# %% [markdown]
# Is the upper number smaller than the lower one, in both columns? Then either tells them apart, and centring does not matter here. What it changes is what is left: without the bias a never-trained row is nothing, and has no direction worth a cosine.

# %%
cosine = geometry.mean_pairwise_cosine(D)
outcome("n9.14", cosine, label=gptj.DOUBLE)
off = abs(cosine - foretold)
ledger.test(claims.TWO_NORMS, on=gptj.DOUBLE, off=exact(off))

# %%
J, label_J, said = gptj.embedding()
print(said)
if J is not None:
    cosine = geometry.mean_pairwise_cosine(J)
    off = abs(cosine - foretold)
    entry = ledger.test(claims.TWO_NORMS, on=label_J, off=exact(off))
    print(entry)

# %% [markdown]
# ## A rival: any shift would do
#
# Perhaps the mean is nothing special, and any vector of its length would have helped as much. The diamonds say. The rival fails where the mean itself gains at least a point more; *open* is no finding.

# %%
rivalled = ["nearest token, by cosine", "partner in the other cloud", "steering"]
for label, found in effects.items():
    for tool in rivalled:
        more = found[tool].more
        entry = ledger.test(claims.ANY_SHIFT, on=f"{tool}, {label}", more=more)
        print(entry)

# %% [markdown]
# And where it *hurts*, is the mean to blame? Compare the diamond of the model's reading with its circle: a model that was trained with its zero in one place may mind every move.
#
# ## The decision table
#
# Filled by this run. Each forecast follows from the reason beside it, and the same forecasts stand for every model: run it on one of yours.

# %%
decision = tools.decisions(effects)
decision

# %% [markdown]
# Read the rows where the two models differ: which of them had a forecast?

# %%
for label in labels:
    said = decision[label]
    right = said == decision["foretold"]
    helps = said == "helps"
    hurts = said == "hurts"
    entry = ledger.test(claims.FORETOLD, on=label, right=exact(right.sum()))
    print(entry)
    entry = ledger.test(
        claims.NOT_UNIVERSAL,
        on=label,
        helps=exact(helps.sum()),
        hurts=exact(hurts.sum()),
    )
    print(entry)

# %% [markdown]
# ## Claims met here

# %%
ledger

# %%
for label, found in effects.items():
    W = benches[label].W
    main = {"mean cosine of all pairs": geometry.mean_pairwise_cosine(W)}
    for tool in ("probe without a bias", "partner in the other cloud", "steering"):
        gain = found[tool].gain
        main[f"gain, {tool}"] = str(gain)
    report(label, main)

# %% [markdown]
# **The lesson.** Three questions, before you centre. Does the tool use zero at all? Does zero mean something there: never, off, no, or the point that something was trained to read from? And whose mean is it: is what all these vectors share in the way of the answer, or the answer?
#
# **What would refute it.** A model with a long mean whose bias-free probe loses nothing; a table of counts that answers better about *never* once centred; forecasts that come true no more often than by guessing.
#
# **Still open.** For tools without a forecast (analogies, clusters, components), what of the cloud decides? Whitening and standardising (06) move more than zero. A sparse autoencoder subtracts a learned bias first: is that the mean, the geometric median, or the point where its features mean *off*?
#
# **Try it yourself.** Add a tool to `tools.TOOLS` with a forecast. Ask *whose* mean (06): centre by the text's tokens in place of the vocabulary, or let position 0 back into the mean of the steering (`Bench.stream` leaves it out). Which rows of the table turn round?
#
# **Links.** [The post](https://www.alignmentforum.org/posts/eLNo7b56kQQerCzp2) · Jorgensen et al. 2023, [mean-centring steering](https://arxiv.org/abs/2312.03813) · Marshall et al. 2024, [refusal is affine](https://arxiv.org/abs/2411.09003) · Belrose et al. 2023, [erasing a concept](https://arxiv.org/abs/2306.03819) · Rumbelow & Watkins 2023, [SolidGoldMagikarp](https://www.lesswrong.com/posts/aPeJE8bSo6rAFoLqg) · Gao et al. 2024, [a bias before a sparse autoencoder](https://arxiv.org/abs/2406.04093)
