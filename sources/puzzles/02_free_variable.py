# %% [markdown]
# # 02 A free variable: the puzzle
#
# **Question.** How much of the mean embedding can you move without the model noticing?
#
# **Time** 60 min · **Difficulty** ●●○ · **You need** puzzle 01, softmax, LayerNorm, and how a head makes its attention scores
#
# In 01 a big vector μ, the mean of all rows of W_E, turned out to sit in every embedding. Does the model need it there? A solution is a list of moves that are exactly free, the reason for each, and a move that only looked free.
#
# `check` says whether an answer is right, `hint` helps a step at a time, `reveal` shows a solution once yours passes.

# %%
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
    why,
)
from zeropoint.models import load_pair
from zeropoint.puzzles.p02.symmetries import Trial, suited
from zeropoint.tiny.corpus import stdlib_text

torch.set_grad_enabled(False)
pair = suited(load_pair())
NEO, GPT2 = pair

# %% [markdown]
# Six stretches of Python, and a copy of each model to try moves on (the loaded ones stay as they are). Both models are *tied*: one matrix, W_E, is input embedding (`wte`) and output matrix (`lm_head`). In a copy the two count separately: whoever moves `wte` alone has untied them.

# %%
text = "\n".join(stdlib_text()[1])
trials = {}
for n, model in pair.items():
    stretches = [
        model.tokenizer.encode(text[start : start + 2000])[:48] for start in range(0, 30_000, 5000)
    ]
    trials[n] = Trial(model, torch.tensor(stretches))

# %% exercise="2.1"
logits = {n: t.own[0] for n, t in trials.items()}  # [seq, d_vocab]
check("2.1", answer_2_1, real={n: (own, own + torch.randn_like(own)) for n, own in logits.items()})

# %%
# hint("2.1")
# reveal("2.1")

# %% exercise="2.2"
check("2.2", answer_2_2, real={n: (m.W_E, m.W_pos) for n, m in pair.items()})

# %% [markdown]
# ## Does the model notice?
#
# Floats are rounded, so even an exact symmetry changes some digits. The yardstick: by how much does a log-probability differ when the *unmoved* model is computed in float64? That is the floor. A move does
#
# * **nothing**, if no log-probability moves by more than 10 floors;
# * **a little**, if it does, and the KL divergence is at most 0.1 nats a token;
# * **breakage**, beyond that.


# %%
def try_out(name, move):
    """Apply a move to both copies and say what it did."""
    found = {n: t.change(move(t)) for n, t in trials.items()}
    rows = {
        n: (c.logit, c.log_prob, trials[n].floor, c.kl, c.verdict(trials[n].floor))
        for n, c in found.items()
    }
    columns = ["max |Δ logit|", "max |Δ log p|", "floor", "KL", "verdict"]
    print(
        pd.DataFrame(rows, index=columns)
        .T.rename_axis(name)
        .to_string(float_format="{:.2g}".format),
        "\n",
    )
    return rows[NEO][-1]


# %% [markdown]
# ## Predict
#
# "nothing", "a little" or "breakage", for the first model. r is a random vector as long as μ.

# %%
predict("2.a", None)  # your move of 2.2, the head left as it was
predict("2.b", None)  # your move of 2.2, still tied: the head is your new W_E as well
predict("2.c", None)  # wte loses μ, nothing else changes
predict("2.d", None)  # wte loses μ, still tied: the head loses it too
predict("2.e", None)  # every row of the head loses r
predict("2.f", None)  # every position gains r
predict("2.g", None)  # every row of wte loses its own mean over d_model; the head is left as it was
predict("2.h", None)  # the same, still tied

# %% tags=["solution"]
skip("2")  # a solution predicts nothing

# %%
# t.E and t.P: the copy's token and position embeddings; t.mu: the mean row of t.E; t.random(): r
moves = {
    "2.c": lambda t: {"wte": t.E - t.mu},
    "2.d": lambda t: {"wte": t.E - t.mu, "lm_head": t.E - t.mu},
    "2.e": lambda t: {"lm_head": t.E - t.random()},
    "2.f": lambda t: {"wpe": t.P + t.random()},
    "2.g": lambda t: {"wte": t.E - t.E.mean(1, keepdim=True)},
    "2.h": lambda t: dict.fromkeys(("wte", "lm_head"), t.E - t.E.mean(1, keepdim=True)),
}


# %%
def yours(t, tied):
    W_E, W_pos = checked("2.2")(t.E, t.P)  # your answer, as it passed
    return {"wte": W_E, "wpe": W_pos} | ({"lm_head": W_E} if tied else {})


if ready("2.a", "2.b", "2.2"):
    outcome("2.a", try_out("2.a", lambda t: yours(t, tied=False)), label=NEO)
    outcome("2.b", try_out("2.b", lambda t: yours(t, tied=True)), label=NEO)

# %%
if ready(*moves):
    for name, move in moves.items():
        outcome(name, try_out(name, move), label=NEO)

# %% [markdown]
# Look at 2.a against 2.b, 2.c against 2.d, and 2.g against 2.h: logits and log-probabilities. Which of them did you not expect? Find the reason before you go on.

# %%
# your experiments: try_out("a name", lambda t: {"wte": ..., "wpe": ..., "lm_head": ...})

# %% exercise="2.3"
caches = {n: pair[n].bridge.run_with_cache(t.ids[:1])[1] for n, t in trials.items()}
check(
    "2.3", answer_2_3, real={n: (m.W_E, caches[n]["ln_final.hook_out"][0]) for n, m in pair.items()}
)

# %% [markdown]
# Would a training loss with a penalty on (log Z)², as GPT-Neo's, be as blind as the predictions? Would weight decay?


# %% exercise="2.4"
def head(n):  # the first head of the second layer; c is the mean of what it reads, after LayerNorm
    x = caches[n]["blocks.1.ln1.hook_out"][0]
    c, bridge = x.mean(0), pair[n].bridge
    return x - c, x - c, c, bridge.W_Q[1, 0] @ bridge.W_K[1, 0].T


check("2.4", answer_2_4, real={n: head(n) for n in pair})

# %% [markdown]
# Softmax of your scores against softmax of all of them, for that head (its scale and mask left out):

# %%
if ready("2.4"):
    for n in pair:
        u, v, c, A = head(n)
        whole, seen, without = (u + c) @ A @ (v + c).T, checked("2.4")(u, v, c, A), u @ A @ v.T
        pattern = whole.softmax(-1)
        off = (seen.softmax(-1) - pattern).abs().max()
        off_alone = (without.softmax(-1) - pattern).abs().max()
        print(f"{n}: your terms are off by {off:.1e}, the term without c by {off_alone:.1e}")


# %% exercise="2.5"
def mlp(n, layer):  # c: the mean of what the MLP reads
    bridge, c = pair[n].bridge, caches[n][f"blocks.{layer}.ln2.hook_out"].mean((0, 1))
    return (
        bridge.blocks[layer].ln2.b.detach(),
        bridge.W_in[layer].detach(),
        bridge.b_in[layer].detach(),
        c,
    )


check("2.5", answer_2_5, real={n: mlp(n, 0) for n in pair})

# %% [markdown]
# In every MLP of both models. And if only the shift loses c? Predict first.

# %%
predict("2.i", None)  # every MLP: shift and b as you say
predict("2.j", None)  # every MLP: the shift only


# %%
def in_every_mlp(n, both):
    move = {}
    for layer in range(pair[n].bridge.cfg.n_layers):
        shift, b = checked("2.5")(*mlp(n, layer))
        at = f"transformer.h.{layer}"
        move |= {f"{at}.ln_2.bias": shift} | ({f"{at}.mlp.c_fc.bias": b} if both else {})
    return trials[n].verdict(move)


if ready("2.i", "2.j", "2.5"):
    outcome("2.i", in_every_mlp(NEO, both=True), label=NEO)
    outcome("2.j", in_every_mlp(NEO, both=False), label=NEO)
    print(f"{GPT2}, both: {in_every_mlp(GPT2, both=True)}")
    print(f"{GPT2}, the shift only: {in_every_mlp(GPT2, both=False)}")

# %% exercise="2.6"
why("2.6", answer_2_6)

# %% [markdown]
# ## Where you stand

# %%
progress("2")

# %% [markdown]
# To hand it to a mentor, or to post it: one file of your answers, with predictions and figures.

# %%
# export("2")

# %% tags=["solution"]
for n, t in trials.items():
    tied, alone = t.change(yours(t, tied=True)), t.change(moves["2.c"](t))
    report(
        n,
        {"floor": t.floor, "2.b: max |Δ log p|": tied.log_prob, "2.c: KL, nats a token": alone.kl},
    )
