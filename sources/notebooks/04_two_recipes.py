# %% [markdown]
# # 04 Two recipes
#
# **Question.** Why does training leave GPT-Neo's embedding so far from zero, and GPT-2's so much less?
#
# **Time** 40 min · **Difficulty** ●●● · **You need** gradient descent and Adam's update; ray and offset from 01; the free variable of 02
#
# The post leaves this open, and it hides three questions. Of which *kind* is the mean μ: an offset, the same vector in every row, or a ray, rows that are longer and shorter copies of one direction? Every logit is h·w and holds h·μ: what pins this *product*? And what *splits* it, into a long μ or a long mean hidden state? A cause counts if it moves what it should when it alone is changed, and meets the published numbers together.
#
# **Where we begin.** GPT-Neo's training penalised log Z; GPT-2's, as far as is known, did not. Both shift every logit along a common direction: GPT-Neo apparently with a long mean embedding, GPT-2 with a long mean hidden state. Why so differently is not known.

# %%
import pandas as pd

from zeropoint import models, report
from zeropoint.claims import Ledger, exact
from zeropoint.desk import outcome, predict
from zeropoint.models import hub
from zeropoint.puzzles.p04 import claims, collapse, evidence, figures, findings, normaliser
from zeropoint.streams import sequences
from zeropoint.tiny import grid
from zeropoint.tiny.shape import TinyLM
from zeropoint.tiny.training import batch_at

ledger = Ledger()

# %% [markdown]
# ## Two recipes
#
# GPT-2's training code was never released. Its predecessor's (openai/finetune-transformer-lm) is a hint and no more.
#
# | | GPT-Neo-125M | GPT-2 small | its predecessor |
# |---|---|---|---|
# | z-loss | 10⁻⁴ (log Z)² by default (training code) | none known | none (code) |
# | β₂ | 0.95 (development file) | unpublished | 0.999 (code) |
# | bias correction | none (training code) | unpublished | yes (code) |
# | weight decay | 0.1 (development file); 0 "across the board" (a maintainer, issue #166) | unpublished | 0.01 (code) |
# | decay touches | all but norms and biases (training code) | unpublished | matrices, embedding included (code) |
# | dropout | 0 (development file) | unpublished | 0.1 (code) |
# | learning rate | 6e-4, cosine to a tenth (development file) | unpublished | 2.5e-4 (paper) |
# | tokens a step | 524,288 (development file) | 524,288 (paper) | 32,768 (paper) |
# | updates | 572,300 (model card) | unpublished | unpublished |
# | data | the Pile (model card) | WebText (paper) | books (paper) |
# | tokenizer | GPT-2's (model card) | its own (paper) | its own (code) |
#
# The development file is `gpt3_small_256.json` in EleutherAI/gpt-neo. It names OpenWebText, the model card the Pile: not the same run.
#
# ## What has to be explained
#
# Others printed a few logits of real models, mostly in test suites. Each bounds log Z, the logarithm of softmax's denominator: log p = logit − log Z is at most 0. And a *mean* logit is h·μ itself.

# %%
claims.logits()

# %% [markdown]
# GPT-Neo's logit looks like a log-probability: with p ≥ ½ its log Z lies between −0.03 and 0.67. GPT-2 is nowhere near: log Z was printed once as −54.4, its mean logit is −112. So GPT-2, with the *short* μ, has the larger product. And the OLMos, from one laboratory: only with a z-loss is the mean logit far below 0. (They differ in norm and decay too.)
#
# The other targets are 01's, published for GPT-Neo-125M: mean cosine 0.93; centred, mean |cosine| 0.183, about 19 dimensions. GPT-2: mean cosine about 0.3.
#
# ## One identity
#
# In 02, h·μ left the logsumexp whole:
#
# log Z = h·μ + log Σ exp(h·(w − μ)).
#
# Softmax does not see h·μ. A penalty on (log Z)² does: it wants h·μ to cancel the rest. For the models that are loaded, at all positions but the first:

# %%
pair = models.load_pair()
looks = {}
for model in pair:
    ids = sequences(model.tokenizer, count=8, length=64)
    first, later = normaliser.look(model, ids)
    looks[model.label] = later
    entry = ledger.test(claims.IDENTITY, on=model.label, miss=exact(later.miss))
    print(entry)

# %%
numbers = {label: look.numbers() for label, look in looks.items()}
pd.DataFrame(numbers).round(3)

# %% [markdown]
# Where log Z is near 0 and h·μ well below it, the mean is at work. (Mini-neo's z-loss is a thousand times GPT-Neo's.)
#
# ## Predict before you look
#
# The runs below are tiny (`make grid`): two layers, width 64, a vocabulary of 2,048, Python source, 2,000 updates; each changes one base, with the same three seeds. Give the base a z-loss of 0.1. Which way does the kind of its mean go: "more of an offset", "more of a ray", "the same"? If the z-loss asks for log Z = 20 in place of 0, what is the mean cosine? And which part of the objective pushes μ furthest: "cross-entropy", "z-loss" or "decay"?

# %%
predict("n4.1", None)
predict("n4.2", None, low=None, high=None)
predict("n4.3", None)

# %% [markdown]
# ## Question 1: of which kind?

# %%
runs = normaliser.read()
TINY = normaliser.label(runs)
print("The base:", grid.BASE | grid.LONG)

# %% [markdown]
# To the right the mean is larger; upwards, centring leaves more of a line (a ray), downwards of a cloud (an offset). Lines join doses up to 0.1. If z-loss alone made GPT-Neo's mean, every line would run down and right, to the star. Bars are 95 % intervals from the seeds; open diamonds are the models loaded above.

# %%
loaded = {}
for label, look in looks.items():
    loaded[label] = normaliser.four_of(look)
title = f"Kind and size of the mean, by dose of z-loss<br>{TINY}"
figures.kinds(runs, findings.KINDS, loaded, title)

# %% [markdown]
# Look at the ends without z-loss first: memory and batch move them a long way. The height mixes how far the rows' parts along μ differ (a ray's mark) and how round the rest is; the claims ask for both. For every dose: mean cosine ± 95 %, and how many of GPT-Neo's four numbers are met.

# %%
normaliser.dose_table(runs, findings.FAMILIES)

# %% [markdown]
# Does one dose bring all four? Which families lack the mean cosine?

# %%
findings.test(ledger, TINY, findings.of_kind(runs))
parts = normaliser.change(runs, {}, grid.Z, "spread_of_parts")
outcome("n4.1", normaliser.which_way(parts), label=TINY)

# %% [markdown]
# Two checks. Is there an offset without z-loss? (In real models there is: SmolLM2's parts spread by a third of ‖μ‖, Gemma-3's by a quarter, at log Z over 20; computed from their weights.) And who meets all four numbers: drift by itself, z-loss by itself (under Coupled Adam, "one second moment", there is hardly any drift), ten times as much of it, both at 512 tokens a step, both for longer, a stand-in?

# %%
findings.test(ledger, TINY, findings.like_neo(runs))
for label, numbers in loaded.items():
    print(ledger.test(claims.LIKE_NEO, on=label, **numbers))

# %% [markdown]
# ## Question 2: what pins the product?
#
# If the z-loss pins h·μ, it must pin it anywhere. So ask for another log Z: (log Z − t)². A mean that does the bookkeeping follows t; one that is there for other reasons stays.

# %%
title = f"Ask for another log Z<br>{TINY}"
figures.targets(runs, findings.TARGETS, findings.NONE, title)

# %% [markdown]
# Look left for how well the product follows, and where its sign turns; right for a mean that is asked to help less. Then the model gets another way to do the same: one free number added to every logit, which softmax cannot see and z-loss can. If the mean was bookkeeping, it should be laid down. Last, the z-loss moves only the hidden states, or only the rows: who has to be told?

# %%
findings.test(ledger, TINY, findings.of_product(runs))
at_20 = normaliser.level(runs, grid.WEAK | {"z_target": 20.0}, "mean_cosine")
outcome("n4.2", at_20.value, label=TINY)
normaliser.table(runs, findings.BOOKKEEPERS).round(3)

# %% [markdown]
# ### Who pushes?
#
# Adam's step is linear in its first moment. So each part of the objective can keep its own, over the second moment that they share, and the parts sum to the step exactly. Added up, along where μ ended:

# %%
findings.test(ledger, TINY, findings.of_pushes(runs))
outcome("n4.3", normaliser.furthest(runs, grid.WEAK), label=TINY)
normaliser.pushes(runs, findings.WATCHED).round(3)

# %% [markdown]
# Why should cross-entropy push a mean, if softmax does not see h·μ? A row's gradient at the output is (probability − target) × hidden state, and over the vocabulary these sum to zero. Adam divides each row by its own second moment, and breaks the sum: the *drift* of 03. A z-loss breaks it openly. In float64, untrained:

# %%
config, recipe, kind = grid.resolve(grid.LONG)
text = grid.text_for(config.d_vocab, kind)
batch = batch_at(text.train, recipe, 0)
fresh = TinyLM(config)
without = evidence.balance(fresh, batch)
with_z = evidence.balance(fresh, batch, z_loss=0.01)
ledger.test(
    claims.BALANCE,
    on="an untrained model",
    without=exact(without["output side"]),
    with_z=exact(with_z["output side"]),
)

# %% [markdown]
# ## Question 3: what splits it?
#
# GPT-2's product of −112 is a μ of length 2.05 (published) times a hidden mean of −55 along it. Softmax does not care which is long. Perhaps whoever *moves faster* carries it. Adam with a short memory moves rare rows at every update (the drift); with a long one they move less, and the hidden mean must do it: the last LayerNorm's bias and all before it.
#
# We keep what the z-loss asks for, 0 or −50, and change who can move. "Long rows" is where a search ended: β₂ 0.999, 1,024 tokens a step, no decay, a last LayerNorm that learns thirty times faster, and rows that begin as long as GPT-2's (0.02 · √768); then one of these at a time as it was. Along a dotted line only the split differs: up and left is a long hidden mean, down and right a long μ. GPT-2 is the star.

# %%
title = f"The product, and how it is split<br>{TINY}"
figures.split(runs, findings.SPLITS, title)

# %%
tables = {
    "asked: 0": normaliser.table(runs, findings.AT_ZERO),
    "asked: −50": normaliser.table(runs, findings.FAR_AWAY),
    "… long rows": normaliser.table(runs, findings.REACHED),
    "… who carries it": normaliser.table(runs, findings.CARRIERS),
    "… not asked": normaliser.table(runs, findings.NOT_ASKED),
    "in haste": normaliser.table(runs, findings.IN_HASTE),
    "a slow embedding": normaliser.table(runs, findings.NOT_LEARNED),
}
pd.concat(tables).round(3)

# %% [markdown]
# Where ‖μ‖ is shorter, is the hidden part along it longer? Then the mean cosine, which the rows' own spread decides as well: what, taken back from "all", raises it most? And the loss: "in haste" (ten times the weight, half of the updates) −50 drowned the cross-entropy, and such models tell little.

# %%
findings.test(ledger, TINY, findings.of_split(runs))

# %% [markdown]
# ## What else was blamed
#
# **Rivals**, each given to the base with z-loss, and out if it surely does less than half of what the z-loss did to the mean cosine.

# %%
findings.test(ledger, TINY, findings.of_rivals(runs))
effects = findings.effects_of_rivals(runs)
title = f"Rivals<br>{TINY}"
figures.forest(effects, title, "change of the mean cosine, ± 95 %")

# %% [markdown]
# **Batch, time, unseen entries, decay, Adam itself.** A tenth of the z-loss has four times as long; batches have as many updates. A fifth of the entries, half, or four fifths never occur. Decay shrinks a weight by lr · λ an update: it can be judged when these add up to a few *e-folds*. Plain gradient descent does not drift.

# %%
findings.test(ledger, TINY, findings.of_others(runs))

# %% [markdown]
# How far did log Z still move in the last quarter?

# %%
_, rows = grid.read("normaliser")
findings.long_enough(runs, rows, findings.OTHERS | findings.TAIL).round(3)

# %% [markdown]
# ## Forecasts
#
# Written before anyone looked, each with the bound at which its idea is dead.

# %%
claims.forecasts()

# %% [markdown]
# With the hub they are tested, GPT-Neo's and GPT-2's by the look above, the others by embedding alone.

# %%
names = []
if models.mode() != "standin" and hub.reachable():
    names = [
        claims.PYTHIA,
        claims.OPT,
        claims.CEREBRAS,
        *claims.STANFORD[:1],
    ]  # each of the five is 0.5 GB
found = normaliser.kinds_of(names)
found.round(3)

# %%
real = normaliser.of_the_hub(pair, looks)
for forecast in claims.FORECASTS:
    on, number = normaliser.foretold(forecast, real, found)
    ledger.test(forecast.claim, on=on, number=number)
looked_at = dict(real.values())  # by label
print("looked at:", list(looked_at) or "none of them")

# %% [markdown]
# ## If you want to attack
#
# Skip this on a first reading. All numbers of the table of doses:

# %%
normaliser.all_numbers(runs, findings.FAMILIES)

# %% [markdown]
# An older grid (600 updates, a vocabulary of 4,096) asked what makes a mean *large*. Its lead: Adam's short memory forgets a rare token's last large gradient and turns small ones into full steps. Each line changes something else in *both* runs: what does β₂ 0.999 do now?

# %%
old, rows = grid.read()
OLD = evidence.label(old)
attacks = evidence.attacks(old, rows)
evidence.table(attacks).round(3)

# %% [markdown]
# Then the objections, one a line; N is a token's occurrences within Adam's window, and GPT-Neo had ten tokens a step for each entry.

# %%
findings.test(ledger, OLD, findings.of_the_lead(old, rows))

# %% [markdown]
# Below, the miss of a forecast from frequency × (tokens a step)ᵃ × windowᵇ. N is a = b = 1; better powers were found afterwards: they describe.

# %%
bins = collapse.frequency_bins(rows)
swept = collapse.swept(bins)
collapse.powers(bins, swept).round(3)

# %% [markdown]
# ## Claims met here

# %%
ledger

# %%
main = normaliser.table(runs, findings.DOSES)
levels = main["mean cosine"]
report(TINY, levels.add_prefix("mean cosine, z-loss ").to_dict())
for label, look in looks.items():
    report(label, look.numbers())

# %% [markdown]
# **What makes a mean large?** In these models, cross-entropy under Adam: each token's own second moment turns small gradients of rare tokens into full steps in a common direction. This drift gives μ most of its length; a z-loss adds the rest and steers. Without z-loss no batch or memory brings the mean cosine to 0.9. Without drift a dose of 1 may reach it, and loses it as the text is learned. Together they meet all four numbers. **Of which kind?** Drift alone leaves parts along μ that differ widely; a z-loss wants the same h·μ from every row and evens them out. **What pins the product?** Where there is a z-loss, its target, and it is enough to tell the hidden states; where a free scalar does the work, the product goes back to what it was. **What splits it?** Whoever moves faster. At 128 tokens a step a short memory moves the rows, a long one the hidden states; with eight times the tokens memory hardly matters. A quicker last LayerNorm takes the product over under a long memory. So does decay, given e-folds, but the two real clouds are about equally wide. A sink does nothing.
#
# **So why do they differ?** GPT-Neo's recipe has what makes a long, even μ here: β₂ 0.95 and a z-loss. At its dose 2,000 updates show nothing. But a tenth of 0.01 does most of its work with larger batches and eight times the updates, and GPT-Neo had a tenth of that and over a hundred times both. GPT-2's side can be had by asking: with log Z = −50 as the target, rows that begin long and are not decayed, and a quick last LayerNorm, a small model learns its text with a long hidden mean and a small mean cosine. So a large product needs no large cosine, but the last LayerNorm's gain (not its bias). What we did not get is log Z at −54 *by itself*: unasked it stays above 0, five times as long too. What asked GPT-2 is open.
#
# **How sure.** Three seeds. GPT-Neo's log Z rests on one logit.
#
# **What would refute it.** GPT-Neo's |log Z| or its spread over 3; parts of GPT-2's rows along μ that spread over half of ‖μ‖; a GPT-2 trained with β₂ 0.999 and a long μ; two large runs that differ in β₂ or z-loss alone and agree.
#
# **Try it yourself.** `grid.run(grid.QUICK | grid.Z | {"final_norm_lr": 30.0})`: where does the product go?
#
# **Links.** [The post](https://www.alignmentforum.org/posts/eLNo7b56kQQerCzp2) · [GPT-Neo's code](https://github.com/EleutherAI/gpt-neo) · [Coupled Adam](https://arxiv.org/abs/2502.08441) · [Output embedding centring](https://arxiv.org/abs/2601.02031) · [Common drift](https://aclanthology.org/2021.naacl-main.403) · [rust-bert's tests](https://github.com/guillaume-be/rust-bert)
