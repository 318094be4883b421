# %% [markdown]
# # 04 Two recipes
#
# **Question.** Why does training leave GPT-Neo's embedding so far from zero, and GPT-2's so much less?
#
# **Time** 40 min · **Difficulty** ●●● · **You need** gradient descent and Adam's update; ray and offset from 01; the free variable of 02
#
# The post leaves this open, and it hides three questions. Of which *kind* is the mean μ: an offset, the same vector in every row, or a ray, rows that are longer and shorter copies of one direction? Every logit is h·w and holds h·μ: what pins this *product*? And what *splits* it, into a long μ or a long mean hidden state? A cause counts if it moves what it should when it alone is changed, and meets the published numbers together.
#
# **Where we begin.** GPT-Neo's training penalised log Z; GPT-2's, as far as is known, did not. Both use a common direction to shift every logit: GPT-Neo apparently with a long mean embedding, GPT-2 with a long mean hidden state. Why they split it so differently is not known.

# %%
import pandas as pd

from zeropoint import models, report
from zeropoint.claims import Ledger, exact
from zeropoint.desk import outcome, predict
from zeropoint.models import hub, survey
from zeropoint.puzzles.p04 import claims, collapse, evidence, figures, findings, normaliser
from zeropoint.streams import sequences
from zeropoint.tiny import grid
from zeropoint.tiny.shape import TinyLM
from zeropoint.tiny.training import batch_at

ledger = Ledger()

# %% [markdown]
# ## Two recipes
#
# GPT-2's training code was never released. Its predecessor's, openai/finetune-transformer-lm, is for fine-tuning: a hint and no more.
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
# A few logits of real models were printed by others, mostly in test suites. Each bounds log Z, the logarithm of softmax's denominator: log p = logit − log Z is never above 0, so log Z is at least the logit. And a *mean* logit is h·μ itself.

# %%
claims.logits()

# %% [markdown]
# GPT-Neo's logit looks like a log-probability: with p ≥ ½ its log Z lies between −0.03 and 0.67. GPT-2 is nowhere near: log Z was printed once as −54.4, and its mean logit is −112. So GPT-2, with the *short* μ, has the larger product. Then the OLMos, from one laboratory: with a z-loss the mean logit is far below 0, without one it is not. (They differ in norm and decay too.)
#
# The other targets are 01's, published for GPT-Neo-125M: mean cosine 0.93; after centring, mean |cosine| 0.183, as wide as about 19 dimensions. GPT-2: mean cosine about 0.3.
#
# ## One identity
#
# 02 took each output row apart into μ and the rest, and h·μ left the logsumexp whole:
#
# log Z = h·μ + log Σ exp(h·(w − μ)).
#
# Softmax does not see h·μ, whatever it is. A penalty on (log Z)² does: it wants h·μ to cancel the rest. Here and now, for the models that are loaded, at all positions but the first:

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
# Where log Z is near 0 and h·μ well below it, the mean is at work. (Mini-neo's z-loss is a thousand times GPT-Neo's, since minutes must do what weeks did. `ZEROPOINT_PAIR` takes any two, SmolLM2 of `make real` among them.)
#
# ## Predict before you look
#
# The runs below are tiny: two layers, width 64, a vocabulary of 2,048, Python source, 2,000 updates. `make grid` made them; each changes one thing in one base, with the same three seeds. Give the base a z-loss of 0.1. Which way does the kind of its mean go: "more of an offset", "more of a ray", "the same"? If the z-loss asks for log Z = 20 in place of 0, what is the mean cosine? And which part of the objective pushes μ furthest: "cross-entropy", "z-loss" or "decay"?

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
# To the right the mean is larger. Upwards, centring leaves more of a line (a ray), downwards more of a cloud (an offset). Lines join doses of z-loss. If z-loss alone made GPT-Neo's mean, every line would run down and right, to the star. Bars are 95 % intervals from the seeds; open diamonds are the models loaded above.

# %%
loaded = {}
for label, look in looks.items():
    loaded[label] = normaliser.four_of(look)
title = f"Kind and size of the mean, by dose of z-loss<br>{TINY}"
figures.kinds(runs, findings.FAMILIES, loaded, title)

# %% [markdown]
# Look at the ends without z-loss first: memory and batch alone move them a long way. The height mixes how far the rows' parts along μ differ (a ray's mark, not published of GPT-Neo) and how round the rest is; the claims ask for both.

# %%
findings.test(ledger, TINY, findings.of_kind(runs))
parts = normaliser.change(runs, {}, grid.Z, "spread_of_parts")
outcome("n4.1", normaliser.which_way(parts), label=TINY)

# %% [markdown]
# Two checks. Is there an offset without z-loss? (In real models there is: SmolLM2's parts spread by a third of ‖μ‖, Gemma-3's by a quarter, and log Z is over 20 in both; we computed that from their weights.) And who meets all of GPT-Neo's numbers at once: drift by itself, z-loss by itself (Coupled Adam, whose tokens share one second moment, has hardly any drift), both at 512 tokens a step, a stand-in?

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
# Look left for how well the product follows, and right for a mean that is asked to help less. Then the model is offered another way to do the same: one free number added to every logit, which softmax cannot see and z-loss can. If the mean was bookkeeping, it should be laid down.

# %%
findings.test(ledger, TINY, findings.of_product(runs))
at_20 = normaliser.level(runs, findings.TARGETS[20.0], "mean_cosine")
outcome("n4.2", at_20.value, label=TINY)
normaliser.table(runs, findings.BOOKKEEPERS).round(3)

# %% [markdown]
# ### Who pushes?
#
# Adam's step is linear in its first moment. So each part of the objective can keep a first moment of its own, over the second moment that they share, and the parts sum to the step exactly. Added up over training, along the direction in which μ ended:

# %%
findings.test(ledger, TINY, findings.of_pushes(runs))
outcome("n4.3", normaliser.furthest(runs, grid.WEAK), label=TINY)
normaliser.pushes(runs, findings.WATCHED).round(3)

# %% [markdown]
# Why should cross-entropy push a mean, if softmax does not see h·μ? On the output side a row's gradient is (probability − target) × hidden state, and over the vocabulary these sum to zero, exactly. Adam divides each row by its own second moment, and breaks the sum: the *drift* of 03. A z-loss breaks it openly. In float64, on an untrained model:

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
# GPT-2's product of −112 is a μ of length 2.05 (published) times a hidden mean of −55 along it. Both can shift all logits, and softmax does not care which does. Perhaps whoever *moves faster* carries it. Adam with a short memory moves rare rows at every update (the drift); with a long one they move less, and the hidden states' mean must do it: the last LayerNorm's bias and all before it.
#
# We keep what the z-loss asks for, 0 or −50, and change who can move. Along a dotted line the product stays and only its split differs: up and left is a long hidden mean, down and right a long μ. GPT-2 is the star.

# %%
title = f"The product, and how it is split<br>{TINY}"
figures.split(runs, findings.SPLITS, title)

# %%
tables = {
    "asked: 0": normaliser.table(runs, findings.AT_ZERO),
    "asked: −50": normaliser.table(runs, findings.FAR_AWAY),
    "in haste": normaliser.table(runs, findings.IN_HASTE),
}
pd.concat(tables).round(3)

# %% [markdown]
# Where ‖μ‖ is shorter, is the hidden states' part along it longer? Then the mean cosine, which the rows' own spread decides as well, and the loss: "in haste", with ten times the weight and half of the updates, −50 drowned the cross-entropy, and such models tell us little.

# %%
findings.test(ledger, TINY, findings.of_split(runs))

# %% [markdown]
# ## What else was blamed
#
# **Rivals**, each given to the base with z-loss. A rival is out if it surely does less than half of what the z-loss itself did to the mean cosine.

# %%
findings.test(ledger, TINY, findings.of_rivals(runs))
effects = findings.effects_of_rivals(runs)
title = f"Rivals<br>{TINY}"
figures.forest(effects, title, "change of the mean cosine, ± 95 %")

# %% [markdown]
# **Batch, time, unseen entries, decay.** A tenth of the z-loss has four times as long; batches have as many updates. Four entries of five never occur in the text. And decay shrinks a weight by lr · λ an update: it can be judged when these add up to a few *e-folds*.

# %%
findings.test(ledger, TINY, findings.of_others(runs))

# %% [markdown]
# A null result is worth what its run was: how far did log Z still move in the last quarter?

# %%
_, rows = grid.read("normaliser")
findings.long_enough(runs, rows, findings.OTHERS).round(3)

# %% [markdown]
# ## Forecasts
#
# Written before anyone looked, each with the bound at which its idea is dead.

# %%
claims.forecasts()

# %% [markdown]
# With the hub, the pair above are the real models, and what they said is held against this table. Else all stay open.

# %%
real = normaliser.of_the_hub(pair, looks)
for forecast in claims.FORECASTS:
    on, number = normaliser.foretold(forecast, real)
    ledger.test(forecast.claim, on=on, number=number)
print("looked at:", list(real) or "none of them")

# %% [markdown]
# Four more models by embedding alone: where does the mean live, and of which kind is it? Stanford retrained GPT-2 with β₂ 0.999 (the trainer file in their repository) and, as far as is known, no z-loss.

# %%
STANFORD = f"{survey.STANFORD}@checkpoint-400000"
PYTHIA = "EleutherAI/pythia-160m"
names = []
if models.mode() != "standin" and hub.reachable():
    names = [PYTHIA, "facebook/opt-125m", "cerebras/Cerebras-GPT-111M", STANFORD]
found = normaliser.kinds_of(names)
found.round(3)

# %%
whose = evidence.whose(found)
cosine = normaliser.read_off(found, STANFORD, "input", "mean_cosine")
print(ledger.test(claims.STANFORD, on=whose, cosine=cosine))
sides = {
    "input": normaliser.read_off(found, PYTHIA, "input", "share_of_norm"),
    "output": normaliser.read_off(found, PYTHIA, "output", "share_of_norm"),
}
ledger.test(claims.UNTIED, on=whose, **sides)

# %% [markdown]
# An empty table: the hub is away or not wanted, and the forecasts stay open.
#
# ## If you want to attack
#
# Skip this on a first reading. An older grid (600 updates, a vocabulary of 4,096) asked only what makes a mean *large*. Its lead: Adam's short memory forgets a rare token's last large gradient and turns small ones into full-sized steps. Each line changes something else in *both* runs: what does β₂ 0.999 do to the mean cosine now?

# %%
old, rows = grid.read()
OLD = evidence.label(old)
attacks = evidence.attacks(old, rows)
evidence.table(attacks).round(3)

# %% [markdown]
# Then the objections: one second moment for all, no rare tokens, GPT-Neo's proportion of ten tokens a step for each entry (here eight), who drifts and by what a row is divided, and whether only N counts, a token's occurrences within Adam's window.

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
# **What makes a mean large?** In these models, cross-entropy under Adam: each token's own second moment turns small gradients of rare tokens into steps of full size, in a common direction. This drift gives μ most of its length; a z-loss adds the rest and steers. **Of which kind?** Drift alone gives parts along μ that differ widely. The z-loss wants the same h·μ from every row and evens them out, at either memory and batch. **What pins the product?** Where there is a z-loss, its target; where a free scalar does the work, the product goes back to what it was. **What splits it?** Whoever moves faster, at 128 tokens a step: a short memory moves the rows, a long one leaves the product to the hidden states. With eight times the tokens Adam's memory hardly matters. Decay, given e-folds, shortens μ and lengthens the hidden mean too, but it shrinks all rows alike, and the two real clouds are about equally wide.
#
# **So why do they differ?** GPT-Neo's known recipe has what makes a long, even μ here: β₂ 0.95 and a z-loss. GPT-2's split is what β₂ 0.999 does here at small batches, as its predecessor's code has it. What we did not get: log Z at −54 *by itself* (we asked for it), with it a mean cosine as low as 0.3 (the nearest setting stands in the ledger), and a split by memory at large batches. So the split stays open.
#
# **How sure, at what scale.** Three seeds, two layers of width 64, minutes; doses a hundred and a thousand times GPT-Neo's over 2,000 updates in place of 572,300. GPT-Neo's log Z rests on one published logit.
#
# **What would refute it.** GPT-Neo's |log Z| or its spread over 3; parts of GPT-2's rows along μ that spread over half of ‖μ‖; a GPT-2 trained with β₂ 0.999 and a long μ; two large runs that differ in β₂ or z-loss alone and agree.
#
# **Try it yourself.** `grid.run(grid.QUICK | grid.Z | {"final_norm_lr": 30.0})`: where does the product go?
#
# **Links.** [The post](https://www.alignmentforum.org/posts/eLNo7b56kQQerCzp2) · [GPT-Neo's code](https://github.com/EleutherAI/gpt-neo) · [Coupled Adam](https://arxiv.org/abs/2502.08441) · [Output embedding centring](https://arxiv.org/abs/2601.02031) · [Common drift](https://aclanthology.org/2021.naacl-main.403) · [rust-bert's tests](https://github.com/guillaume-be/rust-bert)
