# %% [markdown]
# # 04 Two recipes: the puzzle
#
# **Question.** Two models, two recipes, two means. What does a training loss see of the mean that the predictions do not, what moves it, and of which kind does it become?
#
# **Time** 120 min · **Difficulty** ●●● · **You need** gradients, an optimiser's update, the softmax's normaliser; puzzle 01
#
# GPT-Neo's training code adds z · (log Z)² to the loss, a *z-loss*, where Z is the softmax's normaliser. Nothing like it is known of GPT-2. Is that why one mean is so much longer? A solution says what the penalty sees, shows with seeds what it does, says what else moves a mean, and where the account stops.
#
# `check` says whether an answer is right, `hint` helps a step at a time, `reveal` shows a solution once yours passes.

# %%
import math

import pandas as pd
import torch
from jaxtyping import Float
from torch import Tensor

from zeropoint import report
from zeropoint.desk import (
    check,
    checked,
    export,
    hint,
    outcome,
    predict,
    progress,
    ready,
    reveal,
    show,
    skip,
    task,
    why,
)
from zeropoint.models import load_pair
from zeropoint.puzzles.p04 import live, look
from zeropoint.tiny import gradients, grid
from zeropoint.tiny.shape import TinyLM
from zeropoint.tiny.training import batch_at

neo, gpt2 = load_pair()
# last hidden states over a text [n, d_model], output matrix [d_vocab, d_model]
states = {m.label: look.states(m) for m in (neo, gpt2)}
NEO, GPT2 = states
print(f"first: {NEO}; second: {GPT2}")

# %% [markdown]
# ## Predict
#
# Each model reads 16 stretches of Python source. At each position but a stretch's first, its logits are turned into probabilities, exp(logit) / Z. Where is log Z, on average? It is 0 where the logits are log-probabilities already, and log d_vocab where all of them are 0. You predict the two models named above. Where these are stand-ins, what you know of GPT-Neo's or GPT-2's log Z need not hold for them.

# %%
predict("4.a", None, low=None, high=None)  # NEO, the first model
predict("4.b", None, low=None, high=None)  # GPT2, the second

# %% tags=["solution"]
skip("4")  # a solution predicts nothing

# %% exercise="4.1"
check("4.1", answer_4_1, real=states)

# %%
# hint("4.1")
# reveal("4.1")

# %% [markdown]
# ## Look
#
# log Z and your two parts of it, position by position. (The first position of each stretch is left out: it is a case of its own, see 06.) A z-loss would leave log Z near 0, and narrow. Does either model look like that, and which part brings it there?

# %%
if ready("4.a", "4.b", "4.1"):
    parts = {n: tuple(map(torch.as_tensor, checked("4.1")(*both))) for n, both in states.items()}
    show("4 log Z", look.parts_figure(parts, f"log Z in two parts<br>{NEO} and {GPT2}"))
    log_Z = {n: sum(two).mean().item() for n, two in parts.items()}
    outcome("4.a", log_Z[NEO], label=NEO)
    outcome("4.b", log_Z[GPT2], label=GPT2)

# %% [markdown]
# ## Two published logits
#
# Without the models themselves, one can still read what others wrote down. The tests of the library rust-bert hold one logit of each. GPT-Neo-125M, after "It was a sunny": −0.0279 for " day". GPT-2, after "One two three four": −69.49 for " five". Both vocabularies have 50,257 entries. How probable the two tokens were is not published.

# %% exercise="4.2"
logits = {"GPT-Neo-125M, published": -0.0279, "GPT-2, published": -69.49}
check("4.2", answer_4_2, real={n: (logit, 0.5, 50257) for n, logit in logits.items()})

# %% [markdown]
# First suppose no more than that the token was the most probable one, then more. Below, your bounds where they can be tried: at positions of the loaded models whose most probable token has half of the probability or more.

# %%
if ready("4.2"):
    names = ["log Z, least", "log Z, most", "first part, most"]
    for least in (1 / 50257, 0.5, 0.9):
        rows = {n: checked("4.2")(logit, least, 50257) for n, logit in logits.items()}
        show(f"4 bounds, probability at least {least:.2g}", pd.DataFrame(rows, names).T.round(2))
    show("4 within the bounds", look.within(checked("4.2"), states))

# %% [markdown]
# The first part is a product of two things, a mean row and a hidden state. From these logits alone, can you tell which of the two is long in GPT-Neo, and which in GPT-2?

# %% exercise="4.3"
matrices = {m.label: m.W_E for m in (neo, gpt2)}
check("4.3", answer_4_3, real={n: look.moments(W.double()) for n, W in matrices.items()})

# %% [markdown]
# Your numbers for clouds whose kind is known, and for the two models. Which number would take a line across the mean for a ray?
#
# The first two are two questions. The first: how even is the common part, beside its own length? The second: is what centring leaves a line along the mean? Lengthen μ and leave all differences between rows as they are: which number falls, and which stays? So a verdict needs both, and where they part it is a verdict on neither kind. (The two loaded models differ in much more than a z-loss: what a dose does, they cannot tell.)

# %%
if ready("4.3"):
    show("4 kinds", look.kinds(checked("4.3"), matrices))

# %% [markdown]
# ## A dose, before your eyes
#
# A tiny model, with tied weights, AdamW and β₂ 0.95, is trained for 300 updates: without z-loss; with 0.05 · (log Z)²; and with 0.05 · (log Z − 12)². Each three times, from other weights and on other batches, which are the same for all three. At its start all logits are nearly 0, so log Z is log 1,024 = 6.9.
#
# Predict what a target of 0 does to the mean pairwise cosine at the end (compared with no z-loss, new less old, so from −2 to 2), and to the kind of the mean: `"more an offset"` (4.3's first and second number both fall), `"more a ray"` (both rise), `"the same"` (neither changes) or `"the two numbers part"`. And what does a target of 12 do to the mean cosine, compared with no z-loss?

# %%
predict("4.c", None, low=None, high=None)  # the mean cosine with target 0, less that without z-loss
predict("4.d", None)  # the kind with target 0, compared with that without
predict("4.e", None, low=None, high=None)  # the mean cosine with target 12, less that without

# %% [markdown]
# Nine runs, half a minute on a free core.

# %%
TINY = "tiny models, trained here"
doses = {
    "no z-loss": {},
    "target 0": {"z_loss": 0.05},
    "target 12": {"z_loss": 0.05, "z_target": 12.0},
}
trained = False
if ready("4.c", "4.d", "4.e"):
    watched = live.train_all(doses)
    trained = True
    show("4 doses", live.figure(watched, f"Three doses, three seeds<br>{TINY}"))

# %%
if trained:
    changes = {}
    kinds = ("spread_of_parts", "share_along_mean")  # 4.3's first and second number
    for measure in ("mean_cosine", *kinds, "log_Z", "h_dot_mean"):
        changes[measure] = {
            dose: live.effect(watched, "no z-loss", dose, measure) for dose in list(doses)[1:]
        }
    spread, share = (changes[name] for name in kinds)
    kind = {dose: live.kind(spread[dose], share[dose]) for dose in spread}
    compared = "compared with no z-loss, ± 95 %, three seeds"
    table = pd.DataFrame(changes | {"kind": kind}).map(str)
    show("4 the sweep", table.rename_axis(compared))
    to_0, to_12 = changes["mean_cosine"].values()
    outcome("4.c", to_0.value, label=TINY)
    outcome("4.d", kind["target 0"], label=TINY)
    outcome("4.e", to_12.value, label=TINY)

# %% [markdown]
# What was measured at the end. `h_dot_mean` is 4.1's first part; log Z less that, the second. `norm_of_mean` and `hidden_along_mean` (the mean hidden state, along the mean's direction) are its two factors. How far is each target from the second part, and how long is μ, beside the runs without z-loss? Of which kind is it, by each of 4.3's numbers: with target 0, and with target 12? Something moved the mean without z-loss, too.
#
# And did these models learn? `frequencies_alone` is the loss of knowing only how often each token occurs. (With a target of 20 at this dose they do not get below it; so 20 was not asked.)

# %%
if trained:
    columns = ["mean_cosine", "spread_of_parts", "share_along_mean", "log_Z", "h_dot_mean"]
    columns += ["norm_of_mean", "hidden_along_mean", "held_out_loss"]
    last = watched[watched.step == watched.step.max()]
    ends = last.groupby("dose", sort=False)[columns].mean()
    ends["frequencies_alone"] = live.frequencies_alone()
    show("4 the end of the sweep", ends.round(3))

# %% [markdown]
# ## Who pushes?
#
# The loss is now cross-entropy alone. Take its gradient with respect to each row of the *output* matrix, and add the rows up. Do the same for the *input* matrix, as if the two were not tied. Which total is nothing but rounding: `"output"`, `"input"`, `"both"` or `"neither"`?

# %%
predict("4.f", None)

# %%
config, setting, _ = grid.resolve(live.SETTING)
text, fresh = grid.text_for(config.d_vocab), TinyLM(config)
FRESH = "an untrained tiny model"
batch = batch_at(text.train, setting, 0)
g = gradients.gradients(fresh, batch)
if ready("4.f"):
    total = {"output": gradients.imbalance(g.output), "input": gradients.imbalance(g.input)}
    show("4 the rows' gradients added up", pd.Series(total, name="‖Σ‖ / Σ‖·‖"))
    nothing = [side for side, size in total.items() if size < 1e-12]
    found = {0: "neither", 1: "".join(nothing), 2: "both"}[len(nothing)]
    outcome("4.f", found, label=FRESH)

# %%
hidden, W_out = (part.detach() for part in fresh.trunk(batch[:, :-1]))
hidden, log_Z_fresh = hidden.flatten(0, 1), (hidden @ W_out.T).logsumexp(-1).flatten()

# %% exercise="4.4"
check("4.4", answer_4_4, real={FRESH: (hidden, log_Z_fresh, 0.05, 0.0)})

# %% [markdown]
# Autograd's own, added up, beside yours. For which optimisers does the length at z = 0 settle whether μ moves?

# %%
if ready("4.f", "4.4"):
    lengths = {}
    for z in (0.0, 0.05):
        added = gradients.gradients(fresh, batch, z_loss=z).output.sum(0)
        yours = checked("4.4")(hidden.double(), log_Z_fresh.double(), z, 0.0)
        off = (added - yours).norm()
        lengths[f"z {z}"] = {"autograd's length": added.norm().item(), "yours off by": off.item()}
    show("4 autograd and 4.4", pd.DataFrame(lengths).T)

# %% [markdown]
# ## From gradient to step

# %% exercise="4.5"
sizes = {"a small table": (45, 4), "one of the tiny model's size": (1024, 32)}
check("4.5", answer_4_5, real=sizes)

# %% [markdown]
# And a real gradient, of the first batch, along the mean hidden state h: `sum` and `median` are of the gradient, so where they are above 0 descent goes away from h; `against h` is the share of tokens for which it does. Then ‖Σ‖ / Σ‖·‖ of the gradient, and of a first step made of it: with Adam, and with one divisor for all rows.

# %%
if ready("4.f", "4.5"):
    show("4 a real gradient", look.sides(g.output, hidden, batch[:, 1:].flatten()))
    show("4 a first step", pd.Series(look.unbalance(g.output), name="‖Σ‖ / Σ‖·‖"))

# %% [markdown]
# ## A recipe of your own

# %% exercise="4.6"
check("4.6", answer_4_6, real={"tiny model, seed 0": 0})

# %% exercise="4.7"
why("4.7", answer_4_7)

# %% [markdown]
# ## Where you stand

# %%
progress("4")

# %% [markdown]
# To hand it to a mentor, or to post it: one file of your answers, with predictions, figures and tables.

# %%
# export("4")

# %% tags=["solution"]
report(NEO, {"log Z": log_Z[NEO], "first part": parts[NEO][0].mean().item()})
report(GPT2, {"log Z": log_Z[GPT2], "first part": parts[GPT2][0].mean().item()})
found = {}
for dose in list(doses)[1:]:
    for measure in ("mean_cosine", *kinds):
        found[f"{dose} less none, {measure}"] = str(changes[measure][dose])
    found[f"{dose}, first part"] = str(live.over_seeds(watched, dose, "h_dot_mean"))
found["worst loss less frequencies alone"] = last.held_out_loss.max() - live.frequencies_alone()
found["output gradients, ‖Σ‖/Σ‖·‖"] = total["output"]
report(TINY, found)
