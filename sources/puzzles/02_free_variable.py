# %% [markdown]
# # 02 A free variable: the puzzle
#
# **Question.** How much of the mean embedding can you move without the model noticing?
#
# **Time** 85 min · **Difficulty** ●●○ · **You need** puzzle 01, softmax, LayerNorm, and how a head makes its attention scores
#
# In 01 a big vector μ, the mean of all rows of W_E, turned out to sit in every embedding. Does the model need it there? A solution is a list of moves that are exactly free, the reason for each, and a move that only looked free.
#
# `check` says whether an answer is right, `hint` helps a step at a time, `reveal` shows a solution once yours passes.

# %%
import torch
from jaxtyping import Float
from torch import Tensor

from zeropoint import report
from zeropoint.desk import (
    check,
    checked,
    export,
    hint,
    note,
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
from zeropoint.puzzles.p02 import attention, search
from zeropoint.puzzles.p02.symmetries import Move, NoMove, Trial, hide_the_mean, suited, table_of

torch.set_grad_enabled(False)
first, second = map(Trial, suited(load_pair()).values())
trials = {t.label: t for t in (first, second)}

# %% [markdown]
# A `Trial` is a copy of a model to try moves on (the loaded ones stay as they are), with a text: six stretches of held-out Python. It has the matrices `t.W_E`, `t.W_pos` and `t.W_U` [d_model, d_vocab], and `t.mu`, the mean row of `t.W_E`; `t.random()` is a random vector of the same norm as μ. `first` and `second` are the trials of the two models. Both models are *tied*: W_U is W_E transposed. In a copy the two count separately: whoever moves `W_E` alone has untied them.

# %% [markdown]
# ## 2.1 Does the model notice?
#
# Given · 6 min. Floats are rounded, so even an exact symmetry changes some digits. The yardstick: by how much does a log-probability differ when the *unmoved* model is computed in float64? That is the floor. A move does
#
# * **nothing**, if no log-probability moves by more than 10 floors;
# * **a little**, if it does, and the KL divergence is at most 0.1 nats a token: Σ p (log p − log q), p before the move and q after it, says how much worse off somebody is who believes q while p is true;
# * **breakage**, beyond that.
#
# float32 errs in two ways. Something small can hide below ten floors, and a long move costs digits: it does "a little" by rounding alone. So each move is made a second time, all in float64, where rounding shrinks by a factor of 2²⁹. A move is **exact** if its change shrinks with it, below a millionth of the floor.


# %%
tried = {}  # by its name, what a move did to the first model and to the second


def try_out(moves):
    """Make moves, by name, on both copies in float32 and float64; show what each did."""
    try:
        found = [t.twice(moves) for t in trials.values()]
    except NoMove as slip:
        return print(slip)
    for t, twice in zip(trials.values(), found, strict=True):
        print(f"{t.label}: floor {t.floor:.1e}")
        show(f"2 {', '.join(moves)}: {t.label}", table_of(twice, t.label))
    for name in moves:
        tried[name] = [twice[name] for twice in found]


# %% exercise="2.2"
check("2.2", answer_2_2, real={n: (t.W_E, t.W_pos) for n, t in trials.items()})

# %%
# hint("2.2")
# reveal("2.2")

# %% [markdown]
# ## Predict
#
# 12 min, figures and reasons included. "nothing", "a little" or "breakage", for the first model. r is a random vector of the same norm as μ.

# %%
predict("2.a", None)  # the move of 2.2, the head left as it was
predict("2.b", None)  # the same, still tied: the head loses μ as well
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


# %% [markdown]
# For 2.a and 2.b: of the answers to 2.2, whichever is yours, the one in which every row of W_E loses μ and no more (`reveal("2.2")` shows it).


# %%
def hide_it_tied(t):
    return hide_the_mean(t) | {"W_U": t.W_U - t.mu[:, None]}


if ready("2.a", "2.b", "2.2"):
    try_out({"2.a": hide_the_mean, "2.b": hide_it_tied})
    for name in ("2.a", "2.b"):
        outcome(name, tried[name][0].damage, label=first.label)

# %%
if ready(*moves):
    try_out(moves)
    for name in moves:
        outcome(name, tried[name][0].damage, label=first.label)

# %% [markdown]
# Look at 2.a against 2.b, 2.c against 2.d, and 2.g against 2.h: logits and log-probabilities. Which of them did you not expect, and what is the reason? `note` keeps a sentence or two; 2.6 will ask for all of it.

# %%
note("2 surprises", "...")

# %%
# your experiments: try_out({"a name": lambda t: {"W_E": ..., "W_pos": ..., "W_U": ...}})

# %% exercise="2.3"
check("2.3", answer_2_3, real={n: (t.W_E, t.h[0]) for n, t in trials.items()})

# %% [markdown]
# Keep it for 2.6: GPT-Neo's training loss had a penalty on (log Z)², and weight decay looks at the weights themselves. Whether they are as blind as the predictions belongs in your answer there.


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
            "your terms": checked("2.4")(u, v, c, A, b),
            "without c": u @ A @ v.T + v @ b,
        }.items():
            masked = (layer.scale * scores).masked_fill(pattern == 0, -torch.inf)
            print(f"{n}, {name}: off by {(masked.softmax(-1) - pattern).abs().max():.1e}")


# %% [markdown]
# ## 2.5 Behind LayerNorm, and before it
#
# Given · 7 min. LayerNorm ends by adding a shift, and an MLP reads the result: xW + b. In a move, the tensors of a block have short names, the same in both models, and a matrix stands to the right of the vector that it multiplies, whichever way round a model keeps it.

# %%
for name, weight in first.weights.items():
    if name.startswith("0."):  # of block 0
        print(name, list(weight.shape))

# %% [markdown]
# Three moves, in every MLP, with c a random vector of the same norm as μ. "exact" or "not exact", on both models?

# %%
predict("2.i", None)  # LayerNorm's shift loses c, b gains cW
predict("2.j", None)  # LayerNorm's shift loses c, b gains nothing
predict("2.k", None)  # c is lost before LayerNorm, and back behind the MLP; b gains cW as in 2.i


# %%
def biases_gain(t):
    c, w = t.random(), t.weights
    layers = range(t.net.config.num_hidden_layers)
    return {f"{i}.b_in": w[f"{i}.b_in"] + c @ w[f"{i}.W_in"] for i in layers}


def shifts_lose(t):
    c, w = t.random(), t.weights
    layers = range(t.net.config.num_hidden_layers)
    return {f"{i}.ln2.b": w[f"{i}.ln2.b"] - c for i in layers}


def before_the_norm(t):
    c, w, move = t.random(), t.weights, {}
    for i in range(t.net.config.num_hidden_layers):
        move[f"{i}.b_O"] = w[f"{i}.b_O"] - c  # what attention writes
        move[f"{i}.b_out"] = w[f"{i}.b_out"] + c  # what the MLP writes
    return move


behind = {
    "2.i": lambda t: shifts_lose(t) | biases_gain(t),
    "2.j": shifts_lose,
    "2.k": lambda t: before_the_norm(t) | biases_gain(t),
}
if ready(*behind):
    try_out(behind)
    for name in behind:
        exact = all(did.exact for did in tried[name])
        outcome(name, "exact" if exact else "not exact", label=" and ".join(trials))

# %% [markdown]
# For 2.6 as well: write out what the MLP reads, before and after, in each of the three.

# %% exercise="2.6"
why("2.6", answer_2_6)

# %% exercise="2.7"
check("2.7", answer_2_7, real=trials)

# %% exercise="2.8"
check("2.8", answer_2_8, real=trials)

# %% exercise="2.9"
check("2.9", answer_2_9, real=trials)

# %% [markdown]
# Your records, of the answers that passed last:

# %%
for number, judge in {"2.8": search.loud, "2.9": search.fools}.items():
    if ready(number):
        show(f"2 record of {number}", search.record(judge, checked(number), trials))

# %% [markdown]
# ## Where you stand

# %%
progress("2")

# %% [markdown]
# To hand it to a mentor, or to post it: one file of your answers, with predictions, figures and tables.

# %%
# export("2")

# %% tags=["solution"]
for n, t in trials.items():
    tied, alone = t.change(hide_it_tied(t)), t.change(moves["2.c"](t))
    report(
        n,
        {"floor": t.floor, "2.b: max |Δ log p|": tied.log_prob, "2.c: KL, nats a token": alone.kl},
    )
