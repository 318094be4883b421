# %% [markdown]
# # 10 Word2vec-style embeddings
#
# **Question.** What else is written linearly in a token's embedding?
#
# **Time** 35 min · **Difficulty** ●●○ · **You need** vectors, linear regression, R²
#
# A token is a number to the model: nothing tells it how the token is spelt. Does its embedding tell? That is Neel Nanda's [second puzzle](https://www.greaterwrong.com/posts/hZGoeGdJsnzJbQJMp): how many characters has a token, does it begin with a space, and do pairs such as *country* and *capital* differ by one vector, as in word2vec? You have an answer when a probe reads the property off tokens that it never saw, when what reads nearly as well without the model is beside it, and when you know whether the model itself uses what you read. To try it alone first, open puzzle 10.

# %%
import pandas as pd
import torch

from zeropoint import report, streams
from zeropoint.claims import Ledger, exact, over
from zeropoint.desk import outcome, predict
from zeropoint.models import load_pair
from zeropoint.puzzles.p10 import claims, figures, moves, probes, tokens

pair = load_pair()
FIRST, SECOND = labels = [model.label for model in pair]
both = f"{FIRST} and {SECOND}"  # for the titles of figures
ledger = Ledger()

# %% [markdown]
# The probe reads W_E, the matrix of the tokens as *inputs* (in a tied model it is the output matrix as well). Some tokens are no words to be asked about: bytes that make no character, white space, rulers of eighty dashes. What is left is called readable. A space in front is not counted as a character; it is a property of its own.

# %%
vocabularies = {model.label: tokens.readable(model) for model in pair}
X = {}  # [n, d_model] each
for model in pair:
    X[model.label] = model.W_E[vocabularies[model.label].ids]
    tied = "tied to the output" if model.is_tied else "the input side; the output has its own"
    print(f"{model.label}: {len(X[model.label])} of {len(model.W_E)} tokens, W_E is {tied}")

# %% [markdown]
# ## How long is this token?
#
# Ridge regression from a row to a number of characters. The tokens are dealt into ten folds; each fold is judged by a probe that was fitted on the other nine. The score is R²: the share of the squared error that is left when one always says the mean length, and that the probe takes away. 1 is perfect, 0 is no better than the mean, and below 0 is worse.
#
# What do you expect for the first model? And for somebody who sees of each token only its **rank**, its number in the vocabulary? (Byte-pair encoding makes frequent tokens first, and long ones late.)

# %%
predict("n10.1", None, low=None, high=None)  # from the rows
predict("n10.2", None, low=None, high=None)  # from the rank alone

# %% [markdown]
# Three baselines stand beside it. The **rank** gets the best chance that we could think of: its logarithm, and a level of its own for each of 32 stretches of the vocabulary. **Initial weights** are the same architecture before training: a probe with so many coefficients may find anything. **Shuffled** lengths are the same numbers on other tokens. If the model wrote nothing, all four should stay at 0; if only frequency is written, the rows should not beat the rank.

# %%
fold, length, asked, said = {}, {}, {}, {}
for model in pair:
    name, vocabulary = model.label, vocabularies[model.label]
    fold[name] = probes.folds(len(vocabulary))
    length[name] = vocabulary.labels(tokens.characters)
    asked[name] = {"characters": length[name]} | tokens.questions(vocabulary)
    y = torch.stack(list(asked[name].values()), dim=1)  # [n, properties]
    untrained = streams.untrained(model).W_E[vocabulary.ids]
    said[name] = {
        "rows of W_E": probes.held_out(X[name], y, fold[name]),
        "rank alone": probes.held_out(tokens.rank_features(vocabulary), y, fold[name]),
        "initial weights": probes.held_out(untrained, y, fold[name]),
        "shuffled labels": probes.held_out(X[name], probes.shuffled(y), fold[name]),
    }

# %% [markdown]
# The scores, with 95 % intervals over the folds. Length comes first; the rest of the table is for later.

# %%
R2 = {}
for name in labels:
    R2[name] = {}
    for reader, answers in said[name].items():
        R2[name][reader] = {}
        for i, (property, y) in enumerate(asked[name].items()):
            truth = probes.shuffled(y) if reader == "shuffled labels" else y
            R2[name][reader][property] = probes.r_squared(truth, answers[:, i], fold[name])
rows = {name: R2[name]["rows of W_E"]["characters"] for name in labels}
rank = {name: R2[name]["rank alone"]["characters"] for name in labels}
outcome("n10.1", rows[FIRST].value, label=FIRST)
outcome("n10.2", rank[FIRST].value, label=FIRST)

# %%
for name in labels:
    error = probes.error(length[name], said[name]["rows of W_E"][:, 0], fold[name])
    print(f"{name}: off by {error} characters, of tokens that spread by {length[name].std():.2f}")
    print(ledger.test(claims.LENGTH, on=name, read=rows[name]))
    shuffled = R2[name]["shuffled labels"]["characters"]
    initial = R2[name]["initial weights"]["characters"]
    print(ledger.test(claims.CONTROLS, on=name, shuffled=shuffled, initial=initial))

# %% [markdown]
# The picture to show a colleague: what is said of tokens that the probe never saw, against the truth. A probe that knows all lies on the dotted line, one that knows nothing lies flat at the mean. The bars hold the middle half of the tokens.

# %%
lines = {}
for name in labels:
    lines[name] = {reader: answers[:, 0] for reader, answers in said[name].items()}
    lines[name].pop("shuffled labels")
figures.against(lines, length, f"Characters, read off tokens not seen<br>{both}", "characters")

# %% [markdown]
# Look at the slopes first, then at the bars: how far is the reading right for one token, and how far only on average? Long tokens are called shorter than they are and short ones longer, as in every regression that does not know all.
#
# ## Rival: it is only the rank
#
# Late merges are long and rare, so a model that wrote nothing but frequency would pass for one that writes length. The rank is the flatter line above. To be sure, take away what it can say and read the rest off the rows: if frequency were all, nothing would be left.

# %%
for name in labels:
    by_rows, by_rank = said[name]["rows of W_E"][:, 0], said[name]["rank alone"][:, 0]
    left = length[name] - by_rank  # what the rank cannot say
    rest = probes.r_squared(left, probes.held_out(X[name], left, fold[name]), fold[name])
    more = probes.gain(length[name], by_rows, by_rank, fold[name])
    print(ledger.test(claims.RANK, on=name, more=more, rest=rest))

# %% [markdown]
# ## What else?
#
# A space in front, a capital, a digit, a letter from beyond the English alphabet: yes or no, as 1 or 0, with the same probe. (A property which fewer than 100 readable tokens have, or lack, is left out.) Is everything about a token's spelling written, or some of it, and equally well in both models?

# %%
figures.scores(R2, f"What is written linearly in W_E<br>{both}", "R² on tokens not seen")

# %% [markdown]
# Compare a row's circle with the marks at its left, which are what one gets without the trained model; then the panels with each other. For yes and no there is a score that is easier to picture, the **AUC**: of two tokens, one with and one without the property, how often does the probe rank the one above the other? One half is chance.

# %%
AUC = {}
for name in labels:
    answers, AUC[name] = said[name]["rows of W_E"], {}
    for i, (property, y) in enumerate(asked[name].items()):
        if property in tokens.YES_OR_NO:
            AUC[name][property] = probes.auc(y, answers[:, i], fold[name])
    worst = min(AUC[name].values(), key=lambda estimate: estimate.value)
    ledger.test(claims.MORE, on=name, worst=worst)
pd.DataFrame(AUC)

# %% [markdown]
# ## Does a probe need an origin?
#
# 05 asked of each tool whether it sees zero. A probe with an intercept should not: its slope answers to differences alone. So let us take the intercept away, and centre, and both. How much of its R² will the first model's probe lose without an intercept, the cloud lying as it lies: `"little"`, `"half"` or `"all"`?

# %%
predict("n10.3", None)

# %% [markdown]
# If zero matters only where there is no intercept, two of the four should agree to the last digit. And the other two? Without an intercept, a probe must say "about six characters" with the rows alone. If all rows share a large vector, it can: that vector is in every row, as the 1 of an intercept would be. Centring takes it away. So on a cloud with a large mean the loss should be small, and after centring total.

# %%
origin = {}
for name in labels:
    y, centred = length[name], X[name].double() - X[name].double().mean(0)
    ways = {
        "as it lies": probes.held_out(X[name], y, fold[name]),
        "centred": probes.held_out(centred, y, fold[name]),
        "as it lies, no intercept": probes.held_out(X[name], y, fold[name], intercept=False),
        "centred, no intercept": probes.held_out(centred, y, fold[name], intercept=False),
    }
    moved = (ways["as it lies"] - ways["centred"]).abs().max()
    ledger.test(claims.SHIFT, on=name, moved=exact(moved))
    origin[name] = {way: probes.r_squared(y, answers, fold[name]) for way, answers in ways.items()}
    bare = ways["as it lies, no intercept"]
    cost = probes.gain(y, ways["as it lies"], bare, fold[name])
    ledger.test(claims.CENTRED, on=name, read=origin[name]["centred, no intercept"])
    print(ledger.test(claims.OWN_INTERCEPT, on=name, cost=cost))
pd.DataFrame(origin)

# %%
kept = origin[FIRST]["as it lies, no intercept"].value / origin[FIRST]["as it lies"].value
loss = "little" if kept > 0.75 else "half" if kept > 0.25 else "all"
outcome("n10.3", loss, label=FIRST)
for name in labels:
    print(f"{name}: {probes.far_from_one(X[name]):.4f} of the 1 cannot be said by the rows")

# %% [markdown]
# The last number says how good an intercept the cloud is: how far the best linear map without one stays from saying 1 of every token (mean squared; 1 if the mean is zero). It is 1 / (1 + μᵀΣ⁻¹μ): the mean's length, *in units of the cloud's spread in that direction*. So a short mean may do, where the cloud is thin, and a large mean cosine (01) is no promise.
#
# ## Differences of pairs
#
# In word2vec, *Paris* − *France* and *Rome* − *Italy* are nearly one vector. Do such pairs exist here? They are sought by rule in the loaded vocabulary, both words being single tokens.

# %%
relations = {}
for name in labels:
    relations[name], few = tokens.all_pairs(vocabularies[name])
    for relation, found in relations[name].items():
        some = tokens.first_words(vocabularies[name], found[:3].tolist())
        print(f"{name}: {relation}, {len(found)} pairs: {some}, …")
    for relation, count in few.items():
        print(f"{name}: {relation}, {count} pairs: too few, left out")

# %% [markdown]
# What part of the differences is their mean? The mean of *all* would flatter: it contains each of them, and of 20 differences that have nothing in common it explains a twentieth. So each difference is predicted by the mean of the **others**.
#
# Two controls. **Random pairs**: any two tokens; the mean should explain nothing. **Exchanged partners**: the same tokens on both sides, each with the partner of another. This keeps the two kinds of token, and so their mean difference *exactly*; only who belongs to whom is lost. If the arrow is about pairs, the share should fall; if it is about two kinds of token, two clouds with two centres, it should stay.

# %%
share, left_over = {}, {}
for name in labels:
    share[name] = {"pairs of the relation": {}, "partners exchanged": {}, "random pairs": {}}
    for relation, found in relations[name].items():
        sets = {"pairs of the relation": [found], "partners exchanged": [], "random pairs": []}
        for seed in range(5):
            sets["partners exchanged"].append(tokens.exchanged(found, seed))
            sets["random pairs"].append(tokens.at_random(len(found), len(X[name]), seed))
        for kind, draws in sets.items():
            values = [probes.explained(X[name][p[:, 1]] - X[name][p[:, 0]]) for p in draws]
            share[name][kind][relation] = (
                exact(values[0]) if kind[0] == "p" and len(values) == 1 else over(values, "draws")
            )

# %%
figures.scores(
    share,
    f"How much of a difference is the relation's own arrow<br>{both}",
    "share explained by the others' mean",
)

# %% [markdown]
# Circles against crosses is the comparison that is usually shown. Circles against diamonds is the one that counts.

# %%
for name in labels:
    found = share[name]
    mean = {kind: over([e.value for e in found[kind].values()], "relations") for kind in found}
    ledger.test(
        claims.RELATION, on=name, share=mean["pairs of the relation"], random=mean["random pairs"]
    )
    kept = probes.ratio(found["partners exchanged"], found["pairs of the relation"])
    print(ledger.test(claims.PARTNERS, on=name, kept=kept))

# %% [markdown]
# ## Does the model use the length?
#
# To be readable is not to be read. So move the last token of a text along the length direction and see what the model predicts next. A unit of that direction is how the mean row changes from one character to the next, *the other properties of the table staying as they are*. What should happen to the probability that the next token begins with a space, when the last one looks longer: `"more likely"`, `"less likely"` or `"neither"`?

# %%
predict("n10.4", None)

# %% [markdown]
# A short token is often a fragment that wants to be continued; a long one is more often a whole word. If the model uses the length for that, longer means more spaces. If the direction is only written and not read, the line is flat, like those of the controls, which are as long: directions at **random**, and the direction that the same recipe gives for **shuffled** lengths, which lies in the cloud as the true one does.

# %%
sizes = [-4, -2, 0, 2, 4]
effects, ratio, total = {}, {}, {}
for model in pair:
    name, y = model.label, length[model.label]
    fixed = torch.stack(list(asked[name].values())[1:], dim=1)
    arrow = probes.direction(X[name], y, fixed).float()  # [d_model], for one character
    others = [moves.random_direction(arrow, seed) for seed in range(3)]
    wrong = [probes.direction(X[name], probes.shuffled(y, seed), fixed) for seed in range(3)]
    others += [moves.like(arrow, w.float()) for w in wrong]
    reader = moves.Reader(model, vocabularies[name])
    effects[name], ratio[name], total[name] = moves.compare(reader, arrow, others, sizes)

# %%
figures.by_size(
    effects,
    sizes,
    f"The last token is moved along a direction<br>{both}",
    "characters longer",
    "change of P(a space next)",
)

# %% [markdown]
# Look at the sign of the slope, and at its size: these are probabilities. Then at the controls' intervals, which are over directions.

# %%
for name in labels:
    ledger.test(claims.MOVED, on=name, along=total[name])
    print(ledger.test(claims.MORE_THAN_RANDOM, on=name, ratio=exact(ratio[name])))
sign = claims.MOVED.verdict(along=total[FIRST])
word = {"holds": "more likely", "fails": "less likely", "open": "neither"}[sign]
outcome("n10.4", word, label=FIRST)

# %% [markdown]
# ## Claims met here

# %%
ledger

# %%
for name in labels:
    numbers = {
        "R² of length": rows[name].value,
        "R² of length, rank alone": rank[name].value,
        "R² of length, no intercept": origin[name]["as it lies, no intercept"].value,
        "of 1, not said by the rows": probes.far_from_one(X[name]),
    }
    report(name, numbers)

# %% [markdown]
# **The lesson.** Say what a score is above. A probe is above the rank, above shuffled labels, above initial weights; an arrow is above arrows between the same two kinds of token. And a probe needs an origin only where it has no intercept, unless the cloud brings one along.
#
# **What would refute it.** A model whose rows tell no more of the length than the rank does; initial weights that read as well; a direction at random that moves as many spaces.
#
# **Still open.** Why length is *linear*, when the model would be served by "short or long". Whether the model writes spelling because it is of use, or because words of one form occur in the same places: our probe cannot tell these apart. What a non-linear probe would add.
#
# **Try it yourself.** Add a property to `tokens.YES_OR_NO` and predict its row: does it end with *s*, does it begin with a vowel? Small models and well-trained ones differ most there.
#
# **Links.** [Puzzle 2](https://www.greaterwrong.com/posts/hZGoeGdJsnzJbQJMp) · Mikolov et al. 2013, [linguistic regularities](https://aclanthology.org/N13-1090/) · Kaushal & Mahowald 2022, [what do tokens know about their characters?](https://arxiv.org/abs/2206.02608) · Hewitt & Liang 2019, [control tasks](https://arxiv.org/abs/1909.03368) · Linzen 2016, [issues in evaluating analogies](https://arxiv.org/abs/1606.07736)
