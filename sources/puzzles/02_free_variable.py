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
from zeropoint.puzzles.p02.symmetries import (
    Move,
    Trial,
    absorb,
    after_attention,
    suited,
    table_of,
)

torch.set_grad_enabled(False)
first, second = map(Trial, suited(load_pair()).values())
trials = {t.label: t for t in (first, second)}
NEO, GPT2 = trials

# %% [markdown]
# A `Trial` is a copy of a model to try moves on (the loaded ones stay as they are), with a text: six stretches of held-out Python. It has the matrices `t.W_E`, `t.W_pos` and `t.W_U` [d_model, d_vocab], and `t.mu`, the mean row of `t.W_E`. Both models are *tied*: W_U is W_E transposed. In a copy the two count separately: whoever moves `W_E` alone has untied them.

# %% [markdown]
# ## 2.1 Does the model notice? (given)
#
# Floats are rounded, so even an exact symmetry changes some digits. The yardstick: by how much does a log-probability differ when the *unmoved* model is computed in float64? That is the floor. A move does
#
# * **nothing**, if no log-probability moves by more than 10 floors;
# * **a little**, if it does, and the KL divergence is at most 0.1 nats a token: Σ p (log p − log q), p before the move and q after it, says how much worse off somebody is who believes q while p is true;
# * **breakage**, beyond that.
#
# Something small could still hide below ten floors. So each move is made a second time, all in float64: rounding shrinks there by a factor of 2²⁹.


# %%
def try_out(moves):
    """Make moves, by name, on both copies in float32 and float64; say what each did."""
    found = {n: t.twice(moves) for n, t in trials.items()}
    for n, twice in found.items():
        print(f"{n}: floor {trials[n].floor:.1e}")
        show(f"2 {', '.join(moves)}: {n}", table_of(twice, n))
    return {name: twice.damage for name, twice in found[NEO].items()}


# %% exercise="2.2"
check("2.2", answer_2_2, real={n: (t.W_E, t.W_pos) for n, t in trials.items()})

# %%
# hint("2.2")
# reveal("2.2")

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


# %% [markdown]
# ## 2.5 Behind LayerNorm, and before it (given)
#
# LayerNorm ends by adding a shift, and an MLP reads the result: xW + b. If the shift loses c, the reader gets (x − c)W + b = xW + b − cW, less by the same cW whatever x is. So its b can make up for it: b + cW. `absorb` makes this move. Three versions of it, in every MLP of both models, with c a random vector as long as μ. Predict first.

# %%
predict("2.i", None)  # the shift loses c, b gains cW
predict("2.j", None)  # the shift loses c, b gains nothing
predict("2.k", None)  # c is lost before LayerNorm, b gains cW, and behind the MLP c comes back


# %%
def in_every_mlp(t):
    move = {}
    for layer in range(len(t.net.transformer.h)):
        move |= absorb(t.net, layer, "mlp", t.random())
    return move


def shifts_only(t):
    return {name: tensor for name, tensor in in_every_mlp(t).items() if ".ln_2." in name}


def before_the_norm(t):
    c = t.random()
    move = {name: tensor for name, tensor in in_every_mlp(t).items() if ".c_fc." in name}
    for layer, block in enumerate(t.net.transformer.h):
        move |= after_attention(t.net, layer, -c)  # what attention writes loses c
        move[f"transformer.h.{layer}.mlp.c_proj.bias"] = block.mlp.c_proj.bias + c
    return move


behind = {"2.i": in_every_mlp, "2.j": shifts_only, "2.k": before_the_norm}
if ready(*behind):
    for name, damage in try_out(behind).items():
        outcome(name, damage, label=NEO)

# %% [markdown]
# Could another b make up for 2.k? What does LayerNorm divide by?

# %% exercise="2.6"
why("2.6", answer_2_6)

# %% exercise="2.7"
check("2.7", answer_2_7, real=trials)

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
    tied, alone = t.change(yours_tied(t)), t.change(moves["2.c"](t))
    report(
        n,
        {"floor": t.floor, "2.b: max |Δ log p|": tied.log_prob, "2.c: KL, nats a token": alone.kl},
    )
