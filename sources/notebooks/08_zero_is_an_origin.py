# %% [markdown]
# # 08 Zero is an origin too
#
# **Question.** What do you assume when you set an activation to zero?
#
# **Time** 40 min · **Difficulty** ●●○ · **You need** notebook 02, attention heads and MLPs, hooks, and KL divergence
#
# To ask what a head is for, people take it away and see what breaks. "Away" needs a value to put in its place, and the usual one is zero. The post calls that often unprincipled. It is a claim about origins, so it can be tested: does the answer depend on where zero happens to be?
#
# What counts as a solution: what zero ablation measures beside the component itself, shown by a change that alters no prediction; how far it matters in two models, with intervals; and a rival ruled out. To try it alone first, open puzzle 08.

# %%
import pandas as pd
import torch

from zeropoint import report
from zeropoint.claims import Ledger, exact
from zeropoint.desk import outcome, predict
from zeropoint.models import load, load_pair
from zeropoint.puzzles.p08 import ablation, claims, gauge, kinds
from zeropoint.puzzles.p08.ablation import over_rows
from zeropoint.puzzles.p08.figures import by_component, split

torch.manual_seed(0)
models = load_pair()
FIRST, SECOND = labels = [m.label for m in models]
BOTH = f"{FIRST} and {SECOND}"
ledger = Ledger()

# %% [markdown]
# Two texts: a few short rows to judge on, and seven times as many others, from which means and replacements are taken. Of a model with more than forty components, 32 are drawn at random and judged on fewer and shorter rows, or this would take an hour; `Study(m, most=…)` takes more.

# %%
studies = {}
for m in models:
    study = ablation.Study(m)
    studies[m.label] = study
    tried, there = len(study.parts), len(study.every)
    rows, length = study.judged.shape
    print(f"{m.label}: {tried} of {there} components, judged on {rows} rows of {length} tokens")

# %% [markdown]
# ## One head in the open
#
# TransformerBridge has each head's output, before W_O, at `hook_z`. A hook that returns something else puts it there. Three candidates: zero; the mean over the reference text; and what the head says about *another input*, which is what "resampling" does.

# %%
bridge = models[0].bridge
ids, other = studies[FIRST].judged, studies[FIRST].reference
hook_name, head = "blocks.0.attn.hook_z", 0

with torch.no_grad():
    clean = bridge(ids).log_softmax(-1)
    _, cache = bridge.run_with_cache(other, names_filter=hook_name)

z = cache[hook_name][:, :, head]  # [row, position, d_head]
mu = z.mean((0, 1))
other_z = z[: len(ids)]
values = {"zero": 0, "mean": mu, "another input": other_z}

# %% [markdown]
# The other heads of the layer stand in the same tensor and are left alone.


# %%
def kl_with(value):
    def put(there, hook):
        there = there.clone()
        there[:, :, head] = value
        return there

    with torch.no_grad():
        logits = bridge.run_with_hooks(ids, fwd_hooks=[(hook_name, put)])
    changed = logits.log_softmax(-1)
    return (clean.exp() * (clean - changed)).sum(-1).mean()


for name, value in values.items():
    print(f"head 0.0 of {FIRST}, {name}: {kl_with(value):.4f} nats a token")

# %% [markdown]
# ## How far is each?
#
# Before you look at all of them: how far does each replacement move an output x, on average? Square the distance. To the mean μ it is the variance. To zero it is the variance and ‖μ‖² on top. To another input's output it is the variance **twice**, because both ends vary.

# %%
x = z.flatten(0, 1)
variance = x.var(0, correction=0).sum()
mu2 = mu.square().sum()

to_zero = x.square().sum(1).mean()
another = x[torch.randperm(len(x))]
to_another = (x - another).square().sum(1).mean()

distances = {
    "to the mean, the variance": variance,
    "to zero": to_zero,
    "  variance + ‖μ‖²": variance + mu2,
    "to another input's output": to_another,
    "  twice the variance": 2 * variance,
}
pd.Series(distances).astype(float).round(4)

# %% [markdown]
# So here is a rival to any talk of origins: harm may go by the square of the way, and by nothing else. Then zero harms more than the mean because it is farther, another input's output harms twice as much as the mean, and any point as far from the mean as zero is would do as much harm as zero.
#
# Predict, for all heads and MLPs that are tried.

# %%
predict(
    "n8.1", None
)  # "zero", "mean" or "another input": harms most in most components? First model
predict(
    "n8.2", None, low=None, high=None
)  # rank correlation of zero with another input's, first model
predict("n8.3", None, low=None, high=None)  # second model
predict("n8.4", None, low=None, high=None)  # of zero's harm, the constant's part, first model

# %% [markdown]
# ## All of them
#
# A `Study` does what the hook above did for every component, many of them side by side in one batch. Beside the three, it puts in:
#
# * **again**: still another input's output, to see how well resampling agrees with itself;
# * **mean gone**: the component's own output less μ, so that only the constant is missing;
# * **as far as zero**: μ plus a random vector of μ's length, a new one for each component and each row of text.

# %%
for study in studies.values():
    study.try_all()

# %% [markdown]
# Last, the **best constant**: from the mean down the gradient of the KL, on the reference text. It is judged, like the rest, on text that it has not seen. (Of a large model, for every fourth of those drawn.)

# %%
for study in studies.values():
    study.try_best()

# %% [markdown]
# Each mark is a component. The line is the mean. Where does zero lie above it, and how far? And which of the marks is on top?

# %%
SHOWN = ("zero", "another input", "best constant", "mean")

panels = {}
for name, study in studies.items():
    panels[name] = {mode: study.harm(mode) for mode in SHOWN}

by_component(
    panels,
    f"What is put in a component's place<br>{BOTH}",
    "KL from the untouched model, nats a token",
)

# %% [markdown]
# The verdicts. All ratios are taken on the same row of text and as logarithms, so that no component counts for more because it is large.

# %%
for name, study in studies.items():
    ratio = study.ratio("zero", "mean")
    entry = ledger.test(claims.OVERSTATES, on=name, ratio=ratio)
    print(entry)
    ratio = study.ratio("another input", "mean")
    entry = ledger.test(claims.TWICE, on=name, ratio=ratio)
    print(entry)
    ratio = study.ratio("mean", "best constant")
    entry = ledger.test(claims.BETTER, on=name, ratio=ratio)
    print(entry)

# %% [markdown]
# In how many components does each harm most? And what does the loss say?

# %%
for name, study in studies.items():
    worst = study.worst("zero", "mean", "another input")
    print(f"{name}, harms most: {worst}")
    for mode in worst:
        print(f"  loss, {mode}: {study.loss(mode)} nats a token, average of components")
    if name == FIRST:
        outcome("n8.1", max(worst, key=worst.get), label=name)

# %% [markdown]
# ## Who matters most?
#
# People seldom want the number; they want the order. Li & Janson compared orders on GPT-2 and one task (indirect objects), with swapped names as the other input. Here the task is plain text and the yardstick is another row of it, so only the pattern can be compared. The bottom line says how well resampling agrees with itself.

# %%
published = {"zero": 0.590, "mean": 0.825, "best constant": 0.907, "again": 0.828}
table = {}
for name, study in studies.items():
    table[name] = {}
    for mode in published:
        rho = study.agreement(mode, "another input")
        table[name][mode] = str(over_rows(rho))

table["published (GPT-2, another task)"] = published
pd.DataFrame(table)

# %% [markdown]
# Does the mean do better than zero, and the best constant better than the mean, as published? Differences on the same rows:

# %%
for name, study in studies.items():
    zero = study.agreement("zero", "another input")
    mean = study.agreement("mean", "another input")
    gain = over_rows(mean - zero)
    entry = ledger.test(claims.ORDER, on=name, gain=gain)
    print(entry)

    mean = study.agreement("mean", "another input", study.fitted)
    best = study.agreement("best constant", "another input")
    gain = over_rows(best - mean)
    entry = ledger.test(claims.BEST_ORDER, on=name, gain=gain)
    print(entry)

    outcome("n8.2" if name == FIRST else "n8.3", zero.mean().item(), label=name)

# %% [markdown]
# ## A constant, or what varies?
#
# Setting to zero takes two things: the constant μ, on which everything later may rely, and whatever varied around it. Each can be taken alone. On the grey line both do the same harm; a component above it looks important mostly because a constant is missing.

# %%
pairs = {}
for name, study in studies.items():
    pairs[name] = (study.harm("mean"), study.harm("mean gone"))

split(
    pairs,
    f"The two halves of zero<br>{BOTH}",
    "its variation is gone: KL, nats a token",
    "its mean is gone: KL, nats a token",
)

# %% [markdown]
# On the whole, is the constant the larger half? And can one see a large one coming, from ‖μ‖²/E‖x‖², which is known before any ablation?

# %%
for name, study in studies.items():
    part = over_rows(study.of_constant())
    entry = ledger.test(claims.BIAS, on=name, part=part)
    print(entry)

    rank = over_rows(study.foretold())
    entry = ledger.test(claims.TELLS, on=name, rank=rank)
    print(entry)

    if name == FIRST:
        outcome("n8.4", part.value, label=name)

# %% [markdown]
# ## Rival: it is only the distance
#
# Take the components with the largest means, a quarter of all, where zero is far away. Is zero worse than random points at the same distance from μ? If not, the square of the way explains all, and nobody reads the constant. Every row of text has its own points, so that the interval holds the chance of the direction as well as that of the text. *Open* says that so few rows cannot tell whether the two part by more than a tenth; it does not make the rival right.

# %%
for name, study in studies.items():
    largest = study.by_share()
    largest = largest[: len(largest) // 4 + 1]
    for part in largest:
        share = study.share(part)
        print(f"{part} of {name}: the mean is {share:.0%} of E‖x‖²")
    ratio = study.ratio("zero", "as far as zero", largest)
    entry = ledger.test(claims.DISTANCE, on=name, ratio=ratio)
    print(entry)

# %% [markdown]
# ## The same model, another zero
#
# Now the argument that needs no statistics. A head mixes values with weights that sum to one. Add β to its value at every position, and its output gains β. Take βW_O from the layer's output bias, and the layer writes exactly what it wrote. **No prediction changes; what "zero" means for this head does.** The model has no opinion about where the constant is kept.
#
# A hook that adds a constant is a bias, and works for models that have none:

# %%
bridge = models[1].bridge
ids = studies[SECOND].judged
layer = 1
heads = gauge.value_heads(bridge)
beta = torch.randn(heads, bridge.cfg.d_head)
W_O = bridge.W_O[layer]  # [head, d_head, d_model]
gain = gauge.for_heads(bridge, beta)  # [head, d_head]
written = (gain[:, :, None] * W_O).sum((0, 1))  # [d_model]

move = [
    (f"blocks.{layer}.attn.v.hook_out", lambda v, hook: v + beta),
    (f"blocks.{layer}.hook_attn_out", lambda x, hook: x - written),
]

with torch.no_grad():
    clean = bridge(ids).log_softmax(-1)
    moved = bridge.run_with_hooks(ids, fwd_hooks=move).log_softmax(-1)
change = (moved - clean).abs().max()
print(f"largest change of a log-probability: {change:.1e}")

# %% [markdown]
# That is small; is it nothing? As in 02, *exact* is shown twice: the change is at the floor, which is what float32 makes of the same model against float64; and when all is done in float64, it shrinks as rounding does. Here for all layers at once, each β as long as its head's typical output. On the way, each head is set to zero before and after (of a large model, a dozen heads).

# %%
proofs = {}
for name, study in studies.items():
    proof = gauge.proof(study)
    proofs[name] = proof
    floors = exact(proof.floors)
    floors64 = exact(proof.floors64)
    entry = ledger.test(claims.FREE, on=name, floors=floors, floors64=floors64)
    print(entry)
    least = exact(proof.least)
    typical = exact(proof.typical)
    entry = ledger.test(claims.EVERY_ZERO, on=name, least=least, typical=typical)
    print(entry)

# %% [markdown]
# So zero ablation is no fact about the function that a model computes. It is a fact about that function *and* the bookkeeping of its biases. Setting to zero after the move is setting to −β before it: **every constant ablation is the zero ablation of some copy of the same model.**
#
# The mean is the zero of the copy that keeps all means in its output biases. That is a control as well: there every head's mean is zero by construction, so zero and mean must agree.

# %%
for name, proof in proofs.items():
    apart = exact(proof.apart)
    entry = ledger.test(claims.IS_MEAN, on=name, apart=apart)
    print(entry)

# %% [markdown]
# (Heads that share their values, as with grouped queries, can be moved only together; the first of each group is tried. An MLP has no such partner in a sequential block, since before and behind it somebody reads. There the freedom is in the words: is its output bias a part of it?)
#
# ## One model, three zeros
#
# Would anybody make such a move? TransformerLens does, whenever it processes weights: it folds the values' biases, with LayerNorm's shift in them, into the output bias. Who ablates "to zero" in a raw and in a processed model puts in two different values. Where a model has neither bias nor shift, the two coincide.
#
# And a third copy, moved by us to make a point: so that zero ablation finds **every head equally important**.

# %%
copies = {}
for m in models:
    study = studies[m.label]
    bridge = m.bridge
    ids = study.judged[:4]
    heads = gauge.shown(study)  # of a large model, some
    mean = gauge.at_mean(study, ids, heads)

    target = 1.5 * max(effect.kl.mean() for effect in mean.values())
    alike = gauge.constants_of_harm(study, ids, heads, target)
    betas = gauge.moved_by(bridge, alike)
    moved = gauge.hooks(bridge, betas)
    change = gauge.largest_change(bridge, ids, moved)
    print(f"{m.label}, largest change of a log-probability: {change:.1e}")

    copies[m.label] = {
        "zero, as loaded": gauge.at_zero(bridge, ids, heads),
        "zero, moved by us": gauge.at_zero(bridge, ids, heads, moved),
        "mean, in any copy": mean,
    }

# %% [markdown]
# The processed copy is loaded for itself; an architecture that TransformerLens does not process says so. (Nor is one made of a large model: beside the two that are loaded, the making takes more than 4 GiB.)

# %%
PROCESSED = "zero, as TransformerLens processes it"

for m in models:
    name = m.label
    loaded = copies[name]["zero, as loaded"]
    ids = studies[name].judged[:4]
    if m.is_large:
        print(f"{name}: no processed copy, for want of memory")
        continue
    try:
        processed = load(m.found.again, processed=True).bridge
    except ValueError as problem:
        print(problem)
        continue
    found = gauge.at_zero(processed, ids, list(loaded))
    copies[name] = {PROCESSED: found} | copies[name]

    with torch.no_grad():
        before = m.bridge(ids).log_softmax(-1)
        after = processed(ids).log_softmax(-1)
    change = (after - before).abs().max()
    print(f"{name}, largest change of a log-probability: {change:.1e}")

    most = exact(gauge.largest_ratio(found, loaded))
    entry = ledger.test(claims.FOLDED, on=name, most=most)
    print(entry)

# %% [markdown]
# Each column is a head, and all marks in a panel belong to one and the same function from text to predictions, on the same rows of text. Look at what zero says of a head, copy by copy; then at the line.

# %%
panels = {}
for name, rows in copies.items():
    panels[name] = {}
    for what, effects in rows.items():
        means = {head: exact(effect.kl.mean()) for head, effect in effects.items()}
        panels[name][what] = means

by_component(
    panels,
    f"One model, three zeros; its predictions are the same in all<br>{BOTH}",
    "KL when the head is ablated, nats a token",
)

# %% [markdown]
# ## So always the mean?
#
# The mean does not depend on the bookkeeping: move the origin and it moves along (05). That makes it well defined, and no more. Build a head by hand for which it is the wrong value. Its inputs come in two kinds, its outputs are +1 and −1, and the reader takes both alike: it asks whether the head speaks, not what it says.

# %%
x = kinds.outputs(rows=100)
clean = kinds.predictions(x)
values = {
    "zero": torch.zeros_like(x),
    "mean": x.mean(0).expand_as(x),
    "another input": x.roll(1, 0),  # always of the other kind
    "best constant": torch.ones_like(x),
}

harm = {}
for mode, value in values.items():
    changed = kinds.predictions(value)
    harm[mode] = (clean.exp() * (clean - changed)).sum(1)
    print(f"{mode}: {harm[mode].mean():.3f} nats")

# %% [markdown]
# Swapping the two kinds changes nothing, so what varies in this head does not matter. The mean is a value that never occurs, and the reader has never met silence. The same question to the loaded models: is there a component in which the mean does more harm than another input's output?

# %%
difference = harm["mean"] - harm["another input"]
more = exact(difference.mean())
entry = ledger.test(claims.SAFE, on="the head made by hand", more=more)
print(entry)

for name, study in studies.items():
    differences = study.kl("mean") - study.kl("another input")
    most = differences.mean(1).argmax()
    more = over_rows(differences[most])
    part = study.parts[most]
    where = f"{part} of {name}, chosen as the worst"
    entry = ledger.test(claims.SAFE, on=where, more=more)
    print(entry)

# %% [markdown]
# ## The numbers of this run

# %%
for name, study in studies.items():
    mean = study.agreement("mean", "another input").mean()
    zero = study.agreement("zero", "another input").mean()
    numbers = {
        "rank correlation with another input, zero": zero.item(),
        "rank correlation with another input, mean": mean.item(),
        "log KL ratio, zero to mean": study.ratio("zero", "mean").value,
        "largest mean's share": study.share(study.by_share()[0]),
    }
    report(name, numbers)

# %% [markdown]
# ## Claims met here

# %%
ledger

# %% [markdown]
# **The lesson.** "Without this head" is not a place. Zero is a value like others: how far it lies from what the head says is up to whoever keeps the biases. Where means are short it hardly matters; ‖μ‖²/E‖x‖² costs one pass and gives a warning, and the ledger says how good a one. The mean moves with the origin, another input's output does too, and they ask different questions: what if it said what it usually says, and what if it said something else? The second goes twice as far, so compare orders, not numbers.
#
# **What would refute this**: a move of a bias that changes predictions in float64; a head whose zero ablation survives every move; a model with long means where zero still orders components as resampling does.
#
# **Still open.** The best constant had twenty short steps here; would more make it better than the mean on unseen text? And the published order is GPT-2's on one task, and the ledger says what it is here. Is it the model, the task, or the swapped names? Rows of plain text differ in everything at once.
#
# **Try it yourself.** Take the mean by position, or without the first token. Or run this on a model of your own: `ZEROPOINT_PAIR="a,b"`.
#
# **Links.** [The post](https://www.alignmentforum.org/posts/eLNo7b56kQQerCzp2) · Li & Janson 2024, [optimal ablation](https://arxiv.org/abs/2409.09951) · Sun et al. 2024, [massive activations act as biases](https://arxiv.org/abs/2402.17762) · Elhage et al. 2021, [a framework for transformer circuits](https://transformer-circuits.pub/2021/framework/index.html) · [TransformerLens](https://transformerlensorg.github.io/TransformerLens/)
