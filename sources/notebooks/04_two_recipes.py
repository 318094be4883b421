# %% [markdown]
# # 04 Two recipes
#
# **Question.** Why does training leave GPT-Neo's embedding so far from zero, and GPT-2's so much less?
#
# **Time** 40 min · **Difficulty** ●●● · **You need** gradient descent and Adam's update; notebook 01 for the mean cosine
#
# The post leaves this open. An answer names an ingredient, shows that it moves the mean when it alone is changed, says by which mechanism, and survives those who want it to fail. The models below are tiny: they show what a recipe *can* do.

# %%
import tempfile
from dataclasses import replace
from pathlib import Path

import pandas as pd

from zeropoint import models, report
from zeropoint.claims import Ledger, exact, over
from zeropoint.desk import outcome, predict
from zeropoint.models import hub, survey
from zeropoint.puzzles.p04 import claims, collapse, evidence, figures
from zeropoint.tiny import grid
from zeropoint.tiny.shape import TinyLM
from zeropoint.tiny.training import batch_at, train

# %% [markdown]
# ## The recipes
#
# | | GPT-Neo (EleutherAI/gpt-neo) | GPT-2 | GPT, its predecessor (openai/finetune-transformer-lm) |
# |---|---|---|---|
# | β₂ | 0.95 | unpublished | 0.999 |
# | weight decay | probably 0 | unpublished | 0.01 |
# | learning rate | 6e-4 | unpublished | 2.5e-4 (paper) |
# | tokens a step | 524,288 | 524,288 (paper: batch 512) | 32,768 (paper) |
# | local attention | every second layer | no | no |
# | q, k, v biases | none | yes | yes |
# | LayerNorm | before each sublayer | before | after |
#
# GPT-2's training code was never released, so its predecessor's stands in for it. GPT-Neo's local attention is the released model's; its numbers are those of a development file, `gpt3_small_256.json`. That file says a decay of 0.1, but a maintainer wrote that decay was set to 0 "across the board" (issue #166), and the files of the two larger models say 0. How the 125M model was run is not documented.
#
# We cannot train those models again. We can train many tiny ones and change one thing at a time. The package ships what came out.

# %%
runs, rows = grid.read()
GRID = evidence.label(runs)
print(GRID, "·", runs.run.nunique(), "settings")

# %% [markdown]
# Every run starts from this base and changes something in it. A seed draws the weights and the batches, the same for all settings. So we compare seed by seed, and shared luck drops out.

# %%
print(grid.BASE)

# %% [markdown]
# ## Predict before you look
#
# The base uses β₂ 0.95. By how much does β₂ 0.999 change the mean cosine? And which of `beta2`, `norm` (none), `window` (local attention), `positions` (none), `weight_decay` (none) changes it most?

# %%
predict("n4.1", None, low=None, high=None)
predict("n4.2", None)

# %% [markdown]
# ## One factor at a time
#
# Each point is one change: the mean cosine of the input matrix, less the base's. If the architecture makes the mean, removing LayerNorm or positions sends a point far to the left. If the optimiser makes it, `beta2` and `optimizer` lie there. The bars are 95 % intervals (Student's t) from three seeds.

# %%
effects = evidence.effects(runs)
TITLE = f"What moves the mean cosine<br>{GRID}"
figures.forest(effects, TITLE, "mean cosine less the base's, ± 95 %")

# %% [markdown]
# Look at the left end. `tied=False` is a matrix that only reads tokens, `text=level` a text without rare ones, `coupled-adam` an Adam whose second moment all tokens share. Then find `batch` and `beta2`; and what was argued about under the post, `norm`, `window` and `positions`. Of so many 95 % intervals one or two miss by chance: do not build on a small effect.

# %%
ledger = Ledger()
at_base = evidence.level(runs, "base")
beta2 = evidence.effect(runs, "base", "beta2=0.999")
print("mean cosine of the base:", at_base)
ledger.test(claims.BETA2, on=GRID, change=beta2)

# %% [markdown]
# Now your predictions. Below them, the ten largest changes: did the mean itself move, and what did it cost in held-out loss (nats a token)?

# %%
candidates = {
    "beta2": "beta2=0.999",
    "norm": "norm=none",
    "window": "window=16",
    "positions": "positions=False",
    "weight_decay": "weight_decay=0",
}
sizes = {name: abs(effects[run].value) for name, run in candidates.items()}
outcome("n4.1", beta2.value, label=GRID)
outcome("n4.2", max(sizes, key=sizes.get), label=GRID)

# %%
columns = ["mean_cosine", "norm_of_mean", "held_out_loss"]
evidence.changes(runs, effects, columns).head(10).round(3)

# %% [markdown]
# One of those near-zero points deserves no trust. Decay shrinks a weight by lr · λ at each update. Only when these add up to about 1, one *e-fold*, has it had time to act. How far did our runs get?

# %%
config, recipe, kind = grid.resolve(grid.BASE)
rates = map(recipe.lr_at, range(recipe.steps))
e_folds = exact(sum(rates) * recipe.weight_decay)
ledger.test(claims.DECAY_CAN_BE_JUDGED, on=GRID, e_folds=e_folds)

# %% [markdown]
# Below 1, "decay does nothing" is no finding: such runs cannot tell.
#
# ## Rivals: the architecture
#
# LayerNorm before the sublayer, local attention and positional embeddings were offered as reasons under the post. The yardstick is what β₂ does: a rival fails if it surely does less than half of that. First, what both models have. It cannot set them apart, but it might make the mean; so either direction counts.

# %%
for run, rival in claims.SHARED_BY_BOTH.items():
    share = evidence.share_of_beta2(runs, "base", run)
    print(ledger.test(rival, on=GRID, share=evidence.either_way(share)))

# %% [markdown]
# Next, what only GPT-Neo has. Given to the base, it must *raise* the mean cosine.

# %%
for run, rival in claims.GPT_NEO_ONLY.items():
    share = evidence.share_of_beta2(runs, "base", run)
    print(ledger.test(rival, on=GRID, share=share))

# %% [markdown]
# For the z-loss this is a verdict on one dose and length: see `z_loss=0.01` in the figure, and GPT-Neo trained for 572,300 steps (its model card).
#
# Two properties of the text were named too. `level` text has tokens that are all equally frequent; `shuffled` text keeps the frequencies and loses the order. How much of the mean cosine goes with each?

# %%
without_tail = evidence.share_gone(runs, "text=level")
without_order = evidence.share_gone(runs, "text=shuffled")
print(ledger.test(claims.LONG_TAIL, on=GRID, gone=without_tail))
print(ledger.test(claims.ORDER, on=GRID, gone=without_order))

# %% [markdown]
# Where the second fails, nothing needs to be learned about *what follows what*: unequal frequencies are enough.
#
# ## The lead: Adam's memory
#
# Adam divides a token's step by the root of its own second moment: a running mean of squared gradients over about 1/(1 − β₂) updates, which is 20 or 1,000. Coupled Adam lets all tokens share one second moment, and its mean cosine is tiny. But its steps are shorter too. A hostile reader gives it a higher learning rate, until its rows move as far in an update as AdamW's.
#
# If only the length of the steps counts, all lines below are one line. If the second moment counts, Coupled Adam stays at the bottom at every length.

# %%
SLOWER = [evidence.slower(runs, run) for run in evidence.LEARNING_RATES]
COUPLED = ["optimizer=coupled-adam", "lr=0.008 optimizer=coupled-adam"]
families = {
    "AdamW, β₂ 0.95": evidence.LEARNING_RATES,
    "AdamW, β₂ 0.999": SLOWER,
    "Coupled Adam, β₂ 0.95": COUPLED,
    "SGD, no decay": ["optimizer=sgd weight_decay=0 lr=1"],
}
figures.by_length_of_step(runs, families, f"Mean cosine by length of step<br>{GRID}")

# %% [markdown]
# Look at one length, say 0.002, and go up from line to line. The claim compares Coupled Adam with AdamW at equal length.

# %%
coupled = evidence.effect(runs, "base", COUPLED[0])
longer = evidence.at_matched_update(runs, evidence.LEARNING_RATES, COUPLED[1])
left = over(longer / coupled.value, "seeds")
print("one second moment for all, at equal learning rate:", coupled)
ledger.test(claims.OWN_MOMENT, on=GRID, left=left)

# %% [markdown]
# ## Half a million tokens a step
#
# Here is the objection that hurts. GPT-Neo saw ten tokens a step for each entry of its vocabulary; the base sees a sixteenth of one. Who is seen that often is not rare. Three pairs of runs have eight tokens a step for each entry, with vocabularies of 512, 1,024 and 2,048. If β₂ explains GPT-Neo, it does as much there as at the base.

# %%
EIGHT = {
    "512": "d_vocab=512 batch=64",
    "1,024": "d_vocab=1024 batch=128",
    "2,048": "d_vocab=2048 batch=256",
}
for vocabulary, run in EIGHT.items():
    share = evidence.share_of_beta2(runs, evidence.slower(runs, run), run)
    print(ledger.test(claims.BETA2_AT_SCALE, on=f"{GRID}, vocabulary {vocabulary}", share=share))

# %% [markdown]
# How much mean is there to lower at that proportion? GPT-Neo's own mean cosine is published as over 0.9.

# %%
levels = {name: evidence.level(runs, run) for name, run in EIGHT.items()}
display(evidence.table(levels).round(3))
largest = evidence.largest(levels)
ledger.test(claims.LEVEL_AT_SCALE, on=GRID, largest=largest)

# %% [markdown]
# Is it the tokens a step that do this? Eight times as many at the base, once with as many updates and once with as many tokens in all; and 32 times as many with a vocabulary of 1,024:

# %%
updates = evidence.effect(runs, "base", "batch=32")
tokens = evidence.effect(runs, "base", "batch=32 steps=75 warmup=8")
small = evidence.effect(runs, "d_vocab=1024", EIGHT["1,024"])
ledger.test(claims.MORE_TOKENS, on=GRID, updates=updates, tokens=tokens, small=small)

# %% [markdown]
# A way out for the lead: perhaps most of GPT-Neo's 50,257 tokens are rare all the same. Frequencies in its data are unknown to us. If they fell like rank⁻ˢ, how many tokens would occur less than once within 20 updates?

# %%
WINDOW = 524_288 / (1 - 0.95)  # tokens
for s in (1.0, 1.2, 1.5, 2.0):
    share = evidence.share_below_one(s, 50_257, WINDOW)
    print(ledger.test(claims.RARE_AT_SCALE, on=f"frequency ~ rank^-{s}", share=exact(share)))

# %% [markdown]
# Words fall about like s = 1. So the way out needs a much steeper tail than text is known for, or tokens that hardly ever occur because the tokenizer was made for other text.
#
# ## The mechanism
#
# Why does Adam move a mean at all? On the output side a row's gradient is (probability − target) × hidden state. Probabilities and targets both sum to one over the vocabulary. So the rows' gradients sum to zero, exactly, and plain gradient descent cannot move their mean. Adam rescales each row and breaks the sum. We train three small models now, and look in float64.

# %%
LIVE = "tiny models, trained live"
config, recipe, kind = grid.resolve(grid.QUICK)
text = grid.text_for(config.d_vocab, kind)
recipes = {
    "β₂ 0.95": recipe,
    "β₂ 0.999": replace(recipe, beta2=0.999),
    "Coupled Adam": replace(recipe, optimizer="coupled-adam"),
}

# %%
trained = {"untrained": TinyLM(config)}
watched = {}
for name, recipe in recipes.items():
    model = TinyLM(config)
    watched[name] = train(model, text, recipe)
    trained[name] = model

# %% [markdown]
# If the argument is right, ‖Σ gradients‖ / Σ‖gradient‖ is rounding (about 1e-16) on the output side, in any model, and not on the input side. A z-loss is a second objective, and should break the balance.

# %%
batch = batch_at(text.train, recipe, 10_000)
sides = {name: evidence.balance(model, batch) for name, model in trained.items()}
sides = pd.DataFrame(sides).T
z_loss = evidence.balance(trained["β₂ 0.95"], batch, z_loss=1e-2)
print("β₂ 0.95 with a z-loss:", z_loss)
sides.map("{:.1e}".format)

# %%
worst = exact(sides["output side"].max())
least = exact(sides["input side"].min())
ledger.test(claims.BALANCE, on=LIVE, output=worst, input=least)

# %% [markdown]
# And what the three optimisers did with such gradients. The matrices are tied, so the input side's imbalance acts too. If a second moment of its own is what counts, Coupled Adam stays near zero.

# %%
figures.training(watched, f"Three optimisers, one seed<br>{LIVE}")

# %% [markdown]
# Look at the right end. One seed has no interval: this run alone leaves the claim open.

# %%
ends = evidence.last_mean_cosines(watched)
difference = ends["β₂ 0.999"] - ends["β₂ 0.95"]
change = over([difference], "seed")
ledger.test(claims.BETA2_LIVE, on=LIVE, change=change)

# %% [markdown]
# The exact statement makes a forecast: an *untied* output matrix keeps the length of its mean under plain descent (SGD with momentum), and under Coupled Adam. The grid's relative change of ‖mean‖, to the four digits recorded:

# %%
UNTIED = {
    "AdamW": "tied=False",
    "Coupled Adam": "tied=False optimizer=coupled-adam weight_decay=0",
    "SGD, momentum 0.9": "tied=False optimizer=sgd weight_decay=0 lr=1",
}
growth = {name: evidence.growth(rows, run) for name, run in UNTIED.items()}
evidence.table(growth).round(4)

# %%
adam = growth["AdamW"]
sgd = growth["SGD, momentum 0.9"]
ledger.test(claims.ONLY_ADAM_MOVES_IT, on=GRID, sgd=sgd, adam=adam)

# %% [markdown]
# ### Who moves, and when?
#
# For every token the runs recorded how far it moved along the mean: in updates whose batch held it, and in the others. If tokens are pushed towards the mean when they are used, the *present* line is high. If a forgotten token drifts, the *absent* line is, and most for rare tokens. On the right: what each row is divided by.

# %%
TITLE = f"Who moves, and by what it is divided<br>{GRID}"
DIVIDED = ["base", "beta2=0.999", "optimizer=coupled-adam"]
figures.who_moves(rows, "base", DIVIDED, TITLE)

# %% [markdown]
# Look at the rare end, on the left of both panels. A token that is not in the batch gets a small gradient, away from what the model says on average. With β₂ 0.95 the divisor there is tiny: nothing larger is remembered, and small becomes full-sized. With β₂ 0.999 a gradient of long ago still counts. (A rare token is nearly always absent; the wonder is how far it moves.) Whole vocabulary first, then the divisors at both ends:

# %%
more = evidence.more_while_absent(rows, "base")
ledger.test(claims.ABSENT, on=GRID, more=more)

# %%
ratio = evidence.forgotten(rows, short="base", long="beta2=0.999")
ledger.test(claims.FORGETTING, on=GRID, ratio=ratio)

# %% [markdown]
# ## Larger models
#
# Others changed one thing in larger models and published ‖mean‖ / mean row norm. At 125M parameters the effect of a shared second moment is there: do not trust our runs at eight tokens an entry too far.

# %%
inputs, outputs = evidence.shares_of_mean(runs)
beside = {
    "tied, Adam (nanoGPT 125M, arXiv 2502.08441)": (0.82, inputs["base"]),
    "tied, Coupled Adam (the same)": (0.03, inputs["optimizer=coupled-adam"]),
    "untied, input matrix (109M, arXiv 2601.02031)": (0.05, inputs["tied=False"]),
    "untied, output matrix (the same)": (0.76, outputs["tied=False"]),
}
pd.DataFrame(beside, index=["published", GRID]).T.round(3)

# %% [markdown]
# ## Real models
#
# Stanford's retrained GPT-2s are tied, and share with GPT-Neo the learning rate (6e-4) and the tokens a step. Yet the trainer file in their repository says β₂ **0.999** (and decay 0.1). So they test the lead in the open. Written before any look: if β₂ is the main cause, Stanford's mean cosine lies nearer to OpenAI's GPT-2 than to GPT-Neo. Nearer to GPT-Neo would refute the lead at scale; nearer to GPT-2 would prove little, for the two also differ in dropout, data, tokenizer, z-loss and bias correction.

# %%
predict("n4.3", None)  # yours: "nearer to gpt2" or "nearer to GPT-Neo"

# %% [markdown]
# With the hub, the survey reads the matrices of five models. Its file lies in a folder of this session: no row is from an earlier run.

# %%
STANFORD = f"{survey.STANFORD}@checkpoint-400000"  # pickled: 0.5 GB
NEO = "EleutherAI/gpt-neo-125M"
NAMES = ["gpt2", NEO, "EleutherAI/pythia-160m", "facebook/opt-125m", STANFORD]
found = pd.DataFrame(columns=survey.COLUMNS)
if models.mode() != "standin" and hub.reachable():
    file = Path(tempfile.mkdtemp(), "survey.csv")
    found = pd.DataFrame(survey.survey(NAMES, file))
    display(found[["model", "source", "matrix", "mean_cosine", "norm_of_mean", "problem"]])
else:
    print("The hub is away or not wanted: no survey, and the forecast stays open.")

# %% [markdown]
# The forecast asks for a place on the line from GPT-2 (0) to GPT-Neo (1).

# %%
place = evidence.place(found, STANFORD, zero="gpt2", one=NEO)
forecast = ledger.test(claims.STANFORD_FORECAST, on=evidence.whose(found), place=place)
nearer = {"holds": "nearer to gpt2", "fails": "nearer to GPT-Neo"}
if forecast.word in nearer:
    outcome("n4.3", nearer[forecast.word], label=forecast.on)
forecast

# %% [markdown]
# The stand-ins that this package trained with the two recipes, for comparison:

# %%
stand_ins = {}
for name in models.STAND_INS:
    embedding = models.load_embedding(name)
    stand_ins[embedding.label] = survey.statistics(embedding.W)
pd.DataFrame(stand_ins).round(3)

# %% [markdown]
# ## If you want to attack the lead
#
# Skip this on a first reading. Does β₂ act only in this corner? Every line changes something else in *both* runs and asks again what β₂ 0.999 does. The last three ask differently: where both have the same held-out loss, at the same length of an update, and in an untied output matrix.

# %%
attacks = evidence.attacks(runs, rows)
evidence.table(attacks).round(3)

# %%
weakest = evidence.weakest(attacks)
ledger.test(claims.BETA2_EVERYWHERE, on=GRID, weakest=weakest)

# %% [markdown]
# Look at the size as well as the sign: at `four times as long`, and at `8,192 tokens a step, vocabulary 1,024`.
#
# A sharper attack: the mechanism seems to say that only N counts, how often a token occurs within Adam's window (frequency × tokens a step × window). If so, all runs fall onto one curve over N, on the right.

# %%
bins = collapse.frequency_bins(rows)
swept = collapse.swept(bins)
TITLE = f"The collapse, where it holds and where it fails<br>{GRID}"
collapse.figure(bins, swept, grid.BASE["steps"], TITLE)

# %% [markdown]
# Look at N above 1, where the curves part. In numbers: each run's curve is predicted from all the others, over N or over something simpler. How far are they off, and where?

# %%
missed = collapse.miss(bins, swept)
display(missed.round(3))
collapse.by_range(bins, swept).round(3)

# %%
over_N = missed.loc["occurrences in Adam's window", "rms miss"]
scatter, frequency = collapse.compared(missed)
ledger.test(claims.ONLY_N, on=GRID, scatter=scatter, frequency=frequency)

# %% [markdown]
# Is plain frequency the better guess? And what would do better still? After the fact, and so only a description: frequency × (tokens a step)ᵃ × windowᵇ. N is a = b = 1, frequency is a = b = 0.

# %%
collapse.powers(bins, swept).round(3)

# %% [markdown]
# And at eight tokens a step for each entry? Mind how few tokens are rare there: this pair says little about a long tail.

# %%
run = EIGHT["1,024"]
rare = collapse.rare(bins, run)
print(f"N < 1 at β₂ 0.95: {rare:.0%} of the vocabulary")
collapse.foretold(bins, [run, evidence.slower(runs, run)], swept).round(3)

# %% [markdown]
# ## Claims met here

# %%
ledger

# %% [markdown]
# The lead, in all: read the first line beside the three with a vocabulary. Does β₂ move the mean in these models, and does it still at GPT-Neo's proportion?

# %%
main = {
    "mean cosine, base": at_base.value,
    "β₂ 0.999 less 0.95": beta2.value,
    "collapse, rms miss": over_N,
}
report(GRID, main)
report(LIVE, ends | {"output side, worst sum": worst.value})

# %%
published = {"mean_cosine": "over 0.9 (GPT-Neo-125M), closer to 0.3 (GPT-2 small; the post)"}
for label, numbers in stand_ins.items():
    report(label, {"mean_cosine": numbers["mean_cosine"]}, published)

# %% [markdown]
# **How sure.** These are two-layer models of width 64, minutes of training on Python source: they show that a recipe's ingredient moves the mean, by how much *here*, and not that it did so in GPT-Neo. Its optimiser also left out Adam's bias correction, which the grid did not vary. Nobody outside OpenAI knows GPT-2's recipe.
#
# **What would refute it.** Stanford's GPT-2 near GPT-Neo; two GPT-2-sized runs at half a million tokens a step that differ in β₂ alone and agree; a large mean with Coupled Adam.
#
# **Still open.** What sets the collapse's remainder? What does decay do, given e-folds of time? Does β₂'s effect grow with training at large batches as it does at small ones? Which share belongs to data, tokenizer and vocabulary size?
#
# **Try it yourself.** `grid.run(grid.QUICK | {"beta2": 0.99, "eps": 1e-4})`: a large eps keeps small gradients small. Predict first.
#
# **Links.** [The post](https://www.alignmentforum.org/posts/eLNo7b56kQQerCzp2) · [Coupled Adam](https://arxiv.org/abs/2502.08441) · [Output embedding centring](https://arxiv.org/abs/2601.02031) · Biś et al. 2021, [common drift](https://aclanthology.org/2021.naacl-main.403) · [GPT-Neo's code](https://github.com/EleutherAI/gpt-neo) · [Stanford's trainer](https://github.com/stanford-crfm/mistral)
