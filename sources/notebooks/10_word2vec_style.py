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

from zeropoint import report
from zeropoint.claims import NOT_MEASURED, Ledger, exact
from zeropoint.desk import outcome, predict
from zeropoint.models import load_pair
from zeropoint.puzzles.p10 import claims, figures, probes, study, tokens

first, second = models = [study.Study(model) for model in load_pair()]
FIRST, SECOND = first.label, second.label
both = f"{FIRST} and {SECOND}"  # for the titles of figures
ledger = Ledger()

# %% [markdown]
# The probe reads W_E, the matrix of the tokens as *inputs* (in a tied model it is the output matrix as well). Some tokens are no words to be asked about: bytes that make no character, white space, rulers of eighty dashes. What is left is called readable. A space in front is not counted as a character; it is a property of its own.

# %%
for m in models:
    tied = "tied to the output" if m.model.is_tied else "an input only"
    print(f"{m.label}: {len(m.words)} of {m.words.of} tokens are readable; W_E is {tied}")

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
# Three baselines stand beside it. The **rank** gets the best chance that we could think of: its logarithm, and a level of its own for each of 32 stretches of the vocabulary. **Initial weights** are the same architecture before training: a probe with so many coefficients may find anything. **Shuffled** lengths are the same numbers on other tokens. If nothing is written in the rows, their score stays at 0, as that of the last two should in any case; if only frequency is written, the rows should not beat the rank.

# %%
said, R2 = {}, {}
for m in models:
    answers = {
        "rows of W_E": m.read(m.X),
        "rank alone": m.read(m.rank),
        "initial weights": m.read(m.initial),
    }
    score = {}
    for reader, of_tokens_not_seen in answers.items():
        score[reader] = m.r_squared(of_tokens_not_seen)
    said[m.label], R2[m.label] = answers, score

# %% [markdown]
# The scores, with 95 % intervals over the folds. Length comes first; the other properties are for later.

# %%
for m in models:
    nothing = {}
    for property, y in m.truth.items():
        nothing[property] = probes.shuffled(y)
    answers = m.read(m.X, nothing)
    score = m.r_squared(answers, nothing)
    R2[m.label]["shuffled labels"] = score

rows, rank = {}, {}
for name, score in R2.items():
    by_rows = score["rows of W_E"]
    by_rank = score["rank alone"]
    rows[name] = by_rows["characters"]
    rank[name] = by_rank["characters"]
outcome("n10.1", rows[FIRST].value, label=FIRST)
outcome("n10.2", rank[FIRST].value, label=FIRST)

# %% [markdown]
# R² has no unit; the mean error has one. And the two controls: is there really nothing where there is nothing?

# %%
for m in models:
    name = m.label
    read = said[name]["rows of W_E"]
    error = probes.error(m.length, read["characters"], m.fold)
    spread = m.length.std()
    print(f"{name}: off by {error} characters; they spread by {spread:.2f}")
    ledger.test(claims.LENGTH, on=name, read=rows[name])
    shuffled = R2[name]["shuffled labels"]
    initial = R2[name]["initial weights"]
    entry = ledger.test(
        claims.CONTROLS,
        on=name,
        shuffled=shuffled["characters"],
        initial=initial["characters"],
    )
    print(entry)

# %% [markdown]
# The picture to show a colleague: what is said of tokens that the probe never saw, against the truth. A probe that knows all lies on the dotted line, one that knows nothing lies flat at the mean. The bars hold the middle half of the tokens.

# %%
lines, true = {}, {}
for m in models:
    of_length = {}
    for reader, answers in said[m.label].items():
        of_length[reader] = answers["characters"]
    lines[m.label] = of_length
    true[m.label] = m.length
title = f"Characters, read off tokens not seen<br>{both}"
figures.against(lines, true, title, "characters")

# %% [markdown]
# Look at the slopes first, then at the bars: how far is the reading right for one token, and how far only on average? A regression that does not know all calls long tokens too short and short ones too long; but a line that is steep at first and then flat says more.
#
# The puzzle's post says that length is a **number** here and no category: to go from three characters to four, or from four to five, add the same vector. If so, the mean rows of all lengths lie on one line in equal steps. If each length had a place of its own, one step would make about a tenth of what they differ by.

# %%
for m in models:
    share = exact(probes.one_step(m.X, m.length))
    entry = ledger.test(claims.NUMBER, on=m.label, share=share)
    print(entry)

# %% [markdown]
# ## Rival: it is only the rank
#
# Late merges are long and rare, so a model that wrote nothing but frequency would pass for one that writes length. The rank has a line of its own above. To be sure, take away what it can say and read the rest off the rows: if frequency were all, nothing would be left.

# %%
for m in models:
    y, fold = m.length, m.fold
    by_rows = said[m.label]["rows of W_E"]
    by_rank = said[m.label]["rank alone"]
    left = y - by_rank["characters"]  # what the rank cannot say
    of_the_rest = probes.held_out(m.X, left, fold)
    rest = probes.r_squared(left, of_the_rest, fold)
    more = probes.gain(
        y,
        by_rows["characters"],
        by_rank["characters"],
        fold,
    )
    entry = ledger.test(
        claims.RANK,
        on=m.label,
        more=more,
        rest=rest,
    )
    print(entry)

# %% [markdown]
# ## What else?
#
# A space in front, a capital, a digit, a letter from beyond the English alphabet: yes or no, as 1 or 0, with the same probe. (A property which fewer than 100 readable tokens have, or lack, is left out.) Is everything about a token's spelling written, or some of it, and equally well in both models?

# %%
title = f"What is written linearly in W_E<br>{both}"
figures.scores(R2, title, "R² on tokens not seen")

# %% [markdown]
# Compare a row's circle with its other marks, which are what one gets without the trained model; then the panels with each other. For yes and no there is a score that is easier to picture, the **AUC**: of two tokens, one with and one without the property, how often does the probe rank the one above the other? One half is chance.

# %%
AUC = {}
for m in models:
    read = said[m.label]["rows of W_E"]
    found = m.auc(read)
    AUC[m.label] = found
    worst = min(
        found.values(),
        key=lambda estimate: estimate.value,
        default=NOT_MEASURED,
    )
    ledger.test(claims.MORE, on=m.label, worst=worst)
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
origin, ruined = {}, {}
for m in models:
    y, fold = m.length, m.fold
    X = m.X.double()
    centred = X - X.mean(0)
    ways = {
        "as it lies": probes.held_out(X, y, fold),
        "centred": probes.held_out(centred, y, fold),
        "as it lies, no intercept": probes.held_out(X, y, fold, intercept=False),
        "centred, no intercept": probes.held_out(centred, y, fold, intercept=False),
    }
    found = {}
    for way, answers in ways.items():
        found[way] = probes.r_squared(y, answers, fold)
    origin[m.label] = found
    here = ways["as it lies"]
    moved = here - ways["centred"]
    bare = ways["as it lies, no intercept"]
    cost = probes.gain(y, here, bare, fold)
    ruined[m.label] = probes.gain(y, bare, ways["centred, no intercept"], fold)
    ledger.test(
        claims.SHIFT,
        on=m.label,
        moved=exact(moved.abs().max()),
    )
    ledger.test(claims.OWN_INTERCEPT, on=m.label, cost=cost)
pd.DataFrame(origin)

# %% [markdown]
# Compare the first two rows of the table, then the third with the first, in both models.

# %%
for name, found in origin.items():
    read = found["centred, no intercept"]
    ledger.test(claims.CENTRED, on=name, read=read, lost=ruined[name])

if rows[FIRST].low > 0:
    bare = origin[FIRST]["as it lies, no intercept"]
    kept = bare.value / rows[FIRST].value
    loss = "little" if kept > 0.75 else "half" if kept > 0.25 else "all"
    outcome("n10.3", loss, label=FIRST)
else:
    print(f"{FIRST}: the probe reads no length, so it has none to lose.")

for m in models:
    far = probes.far_from_one(m.X)
    print(f"{m.label}: {far:.4f} of the 1 cannot be said by the rows")

# %% [markdown]
# The last number says how good an intercept the cloud is: how far the best linear map without one stays from saying 1 of every token (mean squared; 1 if the mean is zero). It is 1 / (1 + μᵀΣ⁻¹μ): the mean's length, *in units of the cloud's spread in that direction*. So a short mean may do, where the cloud is thin, and a large mean cosine (01) is no promise.
#
# ## Differences of pairs
#
# In word2vec, *Paris* − *France* and *Rome* − *Italy* are nearly one vector. Do such pairs exist here? They are sought by rule in the loaded vocabulary, both words being single tokens. (A rule also finds pairs that are none, such as pieces of words: look at the examples.)

# %%
for m in models:
    print(m.label)
    enough, few = m.pairs
    for relation, found in enough.items():
        some = tokens.told(m.words, found)
        print(f"  {relation}, {len(found)} pairs: {some} …")
    for relation, count in few.items():
        print(f"  {relation}, {count} pairs: too few, left out")

# %% [markdown]
# What part of the differences is their mean? The mean of *all* would flatter: it contains each of them, and of 20 differences that have nothing in common it explains a twentieth. So each difference is predicted by the mean of the **others**.
#
# Two controls. **Random pairs**: any two tokens; the mean should explain nothing. **Exchanged partners**: the same tokens on both sides, each with the partner of another. This keeps the two kinds of token, and so their mean difference *exactly*; only who belongs to whom is lost. If the arrow is about pairs, the share should fall; if it is about two kinds of token, two clouds with two centres, it should stay.

# %%
share = {}
for m in models:
    share[m.label] = study.shares(m)
title = f"How much of a difference the other pairs foretell<br>{both}"
figures.scores(
    share,
    title,
    "share explained by the others' mean",
    "relation",
)

# %% [markdown]
# Circles against crosses is the comparison that is usually shown. Circles against diamonds is the one that counts.

# %%
for name, found in share.items():
    own = found["pairs of the relation"]
    exchanged = found["partners exchanged"]
    random = found["random pairs"]
    ledger.test(
        claims.RELATION,
        on=name,
        share=study.mean(own),
        random=study.mean(random),
    )
    entry = ledger.test(
        claims.PARTNERS,
        on=name,
        kept=study.left(exchanged, own),
    )
    print(entry)

# %% [markdown]
# ## Does the model use the length?
#
# To be readable is not to be read. So move the last token of a text along the length direction and see what the model predicts next. A unit of that direction is how the mean row changes from one character to the next, *the other properties of the table staying as they are*. When the last token looks longer, will the model expect `"a longer one"` next, `"a shorter one"`, or `"neither"`?

# %%
predict("n10.4", None)

# %% [markdown]
# Two guesses. A short token is often a fragment that wants to be continued, and a long one a whole word: then a longer one makes a **space** likelier next. Or the model knows that long names are followed by short marks, brackets and dots: then the next token should get **shorter**. If the direction is only written and not read, nothing changes beyond what the controls do. These are moves of the same size: directions at **random**, and the direction that the same recipe gives for **shuffled** lengths, which lies in the cloud as the true one does.

# %%
compared, effects = {}, {}
for m in models:
    found = m.move(sizes=[-4, -2, 2, 4])
    compared[m.label] = found
    effects[m.label] = found.by_size["characters"]
title = f"The last token is moved along a direction<br>{both}"
figures.by_size(
    effects,
    title,
    "by how many characters it looks longer",
    "change of the next one's expected characters",
)

# %% [markdown]
# Look at the slope against the controls' bars, and at its size: by what part of a character do four characters more change the expectation? The intervals along the length are over contexts (a large model reads fewer), those of the controls over directions. A change counts only if it is larger than that of every control, whichever way that one went.

# %%
for name, found in compared.items():
    entries = [
        ledger.test(
            claims.MORE_THAN_OTHERS,
            on=name,
            ratio=exact(found.kl),
        ),
        ledger.test(
            claims.SHORTER,
            on=name,
            change=found.rise["characters"],
            beyond=exact(found.beyond["characters"]),
        ),
        ledger.test(
            claims.SPACE,
            on=name,
            change=found.rise["space"],
            beyond=exact(found.beyond["space"]),
        ),
    ]
    print(*entries, sep="\n")

# %%
found = compared[FIRST]
change, beyond = found.rise["characters"], found.beyond["characters"]
sure = beyond > 1 and abs(change.value) > change.half_width
direction = "a longer one" if change.value > 0 else "a shorter one"
outcome("n10.4", direction if sure else "neither", label=FIRST)

# %% [markdown]
# Predictions that move further than under any control say that the direction is read. What for is another question: a guess is right only if its own quantity moves further than under the controls too.
#
# ## Claims met here

# %%
ledger

# %%
for m in models:
    bare = origin[m.label]["as it lies, no intercept"]
    numbers = {
        "R² of length": rows[m.label].value,
        "R² of length, rank alone": rank[m.label].value,
        "R² of length, no intercept": bare.value,
        "of 1, not said by the rows": probes.far_from_one(m.X),
    }
    report(m.label, numbers)

# %% [markdown]
# **The lesson.** Say what a score is above. A probe is above the rank, above shuffled labels, above initial weights; an arrow is above arrows between the same two kinds of token. And a probe needs an origin only where it has no intercept, unless the cloud brings one along.
#
# **What would refute it.** A model whose rows tell no more of the length than the rank does; initial weights that read as well; directions at random that move the predictions as far.
#
# **Still open.** What the length is for. Question 2.1 of the puzzle asks it, and our two guesses are tested above. Why it is *linear*, when "short or long" might do. Whether the model writes spelling because it is of use, or because words of one form occur in the same places: our probe cannot tell these apart. What a non-linear probe would add.
#
# **Try it yourself.** Add a property to `tokens.YES_OR_NO` and predict its row: does it end with *s*, does it begin with a vowel? Small models and well-trained ones differ most there.
#
# **Links.** [Puzzle 2](https://www.greaterwrong.com/posts/hZGoeGdJsnzJbQJMp) · Mikolov et al. 2013, [linguistic regularities](https://aclanthology.org/N13-1090/) · Kaushal & Mahowald 2022, [what do tokens know about their characters?](https://arxiv.org/abs/2206.02608) · Hewitt & Liang 2019, [control tasks](https://arxiv.org/abs/1909.03368) · Linzen 2016, [issues in evaluating analogies](https://arxiv.org/abs/1606.07736)
