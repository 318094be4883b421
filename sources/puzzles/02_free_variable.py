# %% [markdown]
# # 02 A free variable: the puzzle
#
# **Question.** How much of the mean embedding can you move without the model noticing?
#
# **Time** 95 min · **Difficulty** ●●○ · **You need** puzzle 01, softmax, LayerNorm, and how a head makes its attention scores
#
# In 01 a big vector μ, the mean of all rows of W_E, turned out to sit in every embedding. Does the model need it there? A solution is a list of moves that are exactly free, the reason for each, and a move that only looked free.
#
# `check` says whether an answer is right, `hint` helps a step at a time, `reveal` shows a solution once yours passes.

# %%
import torch
from IPython.display import display
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
from zeropoint.puzzles.p02 import attention
from zeropoint.puzzles.p02.symmetries import Move, Trial, suited, table_of

torch.set_grad_enabled(False)
first, second = map(Trial, suited(load_pair()).values())
trials = {t.label: t for t in (first, second)}
NEO, GPT2 = trials

# %% [markdown]
# A `Trial` is a copy of a model to try moves on (the loaded ones stay as they are), with a text: six stretches of held-out Python. It has the matrices `t.W_E`, `t.W_pos` and `t.W_U` [d_model, d_vocab], and `t.mu`, the mean row of `t.W_E`. Both models are *tied*: W_U is W_E transposed. In a copy the two count separately: whoever moves `W_E` alone has untied them.

# %% exercise="2.1"
logits = {n: t.own[0] for n, t in trials.items()}  # [seq, d_vocab]
check("2.1", answer_2_1, real={n: (own, own + torch.randn_like(own)) for n, own in logits.items()})

# %%
# hint("2.1")
# reveal("2.1")

# %% exercise="2.2"
check("2.2", answer_2_2, real={n: (t.W_E, t.W_pos) for n, t in trials.items()})

# %% [markdown]
# ## Does the model notice?
#
# Floats are rounded, so even an exact symmetry changes some digits. The yardstick: by how much does a log-probability differ when the *unmoved* model is computed in float64? That is the floor. A move does
#
# * **nothing**, if no log-probability moves by more than 10 floors;
# * **a little**, if it does, and the KL divergence is at most 0.1 nats a token;
# * **breakage**, beyond that.
#
# Something small could still hide below ten floors. So each move is made a second time, all in float64: rounding shrinks there by a factor of 2²⁹.


# %%
def try_out(moves):
    """Make moves, by name, on both copies in float32 and float64; say what each did."""
    found = {n: t.twice(moves) for n, t in trials.items()}
    for n, twice in found.items():
        print(f"{n}: floor {trials[n].floor:.1e}")
        display(table_of(twice, n))
    return {name: twice.damage for name, twice in found[NEO].items()}


# %% [markdown]
# ## Predict
#
# "nothing", "a little" or "breakage", for the first model. r is a random vector as long as μ.

# %%
predict("2.a", None)  # your move of 2.2, the head left as it was
predict("2.b", None)  # your move of 2.2, still tied: the head is your new W_E as well
predict("2.c", None)  # W_E loses μ, nothing else changes
predict("2.d", None)  # W_E loses μ, still tied: the head loses it too
predict("2.e", None)  # every token's column of W_U loses r
predict("2.f", None)  # every position gains r
predict("2.g", None)  # every row of W_E loses its own mean over d_model; the head is left as it was
predict("2.h", None)  # the same, still tied

# %% tags=["solution"]
skip("2")  # a solution predicts nothing

# %%
moves = {  # t.random(): r
    "2.c": lambda t: {"W_E": t.W_E - t.mu},
    "2.d": lambda t: {"W_E": t.W_E - t.mu, "W_U": t.W_U - t.mu[:, None]},
    "2.e": lambda t: {"W_U": t.W_U - t.random()[:, None]},
    "2.f": lambda t: {"W_pos": t.random() + t.W_pos},
    "2.g": lambda t: {"W_E": t.W_E - t.W_E.mean(1, keepdim=True)},
    "2.h": lambda t: {"W_E": t.W_E - t.W_E.mean(1, keepdim=True), "W_U": t.W_U - t.W_U.mean(0)},
}


# %%
def yours(t):
    W_E, W_pos = map(torch.as_tensor, checked("2.2")(t.W_E, t.W_pos))  # your answer, as it passed
    return {"W_E": W_E, "W_pos": W_pos}


def yours_tied(t):
    return yours(t) | {"W_U": yours(t)["W_E"].T}


if ready("2.a", "2.b", "2.2"):
    for name, damage in try_out({"2.a": yours, "2.b": yours_tied}).items():
        outcome(name, damage, label=NEO)

# %%
if ready(*moves):
    for name, damage in try_out(moves).items():
        outcome(name, damage, label=NEO)

# %% [markdown]
# Look at 2.a against 2.b, 2.c against 2.d, and 2.g against 2.h: logits and log-probabilities. Which of them did you not expect? Find the reason before you go on.

# %%
# your experiments: try_out({"a name": lambda t: {"W_E": ..., "W_pos": ..., "W_U": ...}})

# %% exercise="2.3"
check("2.3", answer_2_3, real={n: (t.W_E, t.h[0]) for n, t in trials.items()})

# %% [markdown]
# Would a training loss with a penalty on (log Z)², as GPT-Neo's, be as blind as the predictions? Would weight decay?


# %% exercise="2.4"
layers = {n: attention.layers(t.model, t.ids[:1])[1] for n, t in trials.items()}  # the second layer


def head(n):  # its first head; c is the mean of what it reads, after LayerNorm
    layer = layers[n]
    x, W_Q, W_K = layer.x[0], layer.W_Q[0], layer.W_K[0]
    b_Q = (layer.q - layer.queries(layer.x))[0, 0, 0]
    c = x.mean(0)
    return x - c, x - c, c, W_Q @ W_K.T, W_K @ b_Q


check("2.4", answer_2_4, real={n: head(n) for n in trials})

# %% [markdown]
# Softmax of your scores against the pattern that the model made itself, for that head, with its scale and with its mask (GPT-Neo looks back over a window in every second layer). Beside it, without c.

# %%
if ready("2.4"):
    for n, layer in layers.items():
        u, v, c, A, b = head(n)
        pattern = layer.pattern[0, 0]
        for name, scores in {
            "your terms": torch.as_tensor(checked("2.4")(u, v, c, A, b)),
            "without c": u @ A @ v.T + v @ b,
        }.items():
            masked = (layer.scale * scores).masked_fill(pattern == 0, -torch.inf)
            print(f"{n}, {name}: off by {(masked.softmax(-1) - pattern).abs().max():.1e}")


# %% exercise="2.5"
def mlp(t, layer):  # c: a random vector, as long as the mean of all rows of W_E
    bridge = t.model.bridge
    weights = bridge.blocks[layer].ln2.b, bridge.W_in[layer], bridge.b_in[layer]
    shift, W, b = (tensor.detach().to(t.W_E.dtype) for tensor in weights)
    return shift, W, b, t.random()


check("2.5", answer_2_5, real={n: mlp(t, 0) for n, t in trials.items()})

# %% [markdown]
# In every MLP of both models, with c a random vector as long as μ. And if only the shift loses c? Predict first.

# %%
predict("2.i", None)  # every MLP: shift and b as you say
predict("2.j", None)  # every MLP: the shift only


# %%
def in_every_mlp(t):
    move = {}
    for layer in range(t.model.bridge.cfg.n_layers):
        shift, b = map(torch.as_tensor, checked("2.5")(*mlp(t, layer)))
        at = f"transformer.h.{layer}"
        move |= {f"{at}.ln_2.bias": shift, f"{at}.mlp.c_fc.bias": b}
    return move


def shifts_only(t):
    return {name: tensor for name, tensor in in_every_mlp(t).items() if ".ln_2." in name}


if ready("2.i", "2.j", "2.5"):
    for name, damage in try_out({"2.i": in_every_mlp, "2.j": shifts_only}).items():
        outcome(name, damage, label=NEO)

# %% exercise="2.6"
why("2.6", answer_2_6)

# %% exercise="2.7"
check("2.7", answer_2_7, real=trials)

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
    tied, alone = t.change(yours_tied(t)), t.change(moves["2.c"](t))
    report(
        n,
        {"floor": t.floor, "2.b: max |Δ log p|": tied.log_prob, "2.c: KL, nats a token": alone.kl},
    )
