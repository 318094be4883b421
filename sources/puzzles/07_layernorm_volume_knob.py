# %% [markdown]
# # 07 What the mean does for LayerNorm: the puzzle
#
# **Question.** The vectors in a model share a mean. The author of the post guesses that it helps to control LayerNorm's scale, like a volume knob. Does it, in the models that run here? (A knob: what the mean does, it does by changing what all else is divided by.)
#
# **Time** 60 min · **Difficulty** ●●● · **You need** puzzle 06, and LayerNorm: take away a vector's own mean over d_model, divide by its spread, multiply by γ, add β
#
# A solution is an experiment whose outcome would differ if the guess were false, its result with an error, and a control.
#
# `check` says whether an answer is right, `hint` helps a step at a time, `reveal` shows a solution once yours passes.

# %%
import pandas as pd
import torch
from jaxtyping import Float
from torch import Tensor

from zeropoint import geometry, plots, report
from zeropoint import streams
from zeropoint.puzzles.p07 import volume
from zeropoint.models import load_pair
from zeropoint.desk import check, hint, outcome, predict, progress, reveal, task, why  # noqa: F401

# %% [markdown]
# `stream_of[name].vectors[k]`: the residual stream after k blocks, one vector a token of a held-out text (see 06).

# %%
models = load_pair()
NEO, GPT2 = labels = [m.label for m in models]
count, rows = (64, (16, 64)) if models[0].source == "stand-in" else (12, (8, 32))  # large models: minutes otherwise
stream_of = {m.label: streams.stream(m.bridge, streams.sequences(m.tokenizer, count)) for m in models}
{name: tuple(s.vectors.shape) for name, s in stream_of.items()}  # [layer, token in text, d_model]

# %% [markdown]
# ## Predict
#
# Which part of LayerNorm's squared denominator does the mean vector make, after the first block? A fraction between 0 and 1.

# %%
predict("7.a", None, low=None, high=None)  # the GPT-Neo kind
predict("7.b", None, low=None, high=None)  # the GPT-2 kind

# %% [markdown]
# ## 7.1 What LayerNorm divides by
#
# ●○○ · 5 min. One number for each vector: LayerNorm's denominator, with eps as PyTorch's `LayerNorm` has it.


# %%
def answer_7_1(X: Float[Tensor, "n d_model"], eps: float) -> Float[Tensor, " n"]:
    # SOLUTION
    centred = X - X.mean(1, keepdim=True)
    return (centred.square().mean(1) + eps).sqrt()
    # END


check("7.1", answer_7_1, real={name: s.vectors[1] for name, s in stream_of.items()})

# %%
# hint("7.1")
# reveal("7.1")

# %% [markdown]
# ## 7.2 The mean's part
#
# ●●○ · 8 min. Which share of the squared denominators (their mean over the text; leave eps out) is due to the mean vector of X, the one over the text? The rest would be there without it.


# %%
def answer_7_2(X: Float[Tensor, "n d_model"]) -> float:
    # SOLUTION
    seen = X - X.mean(1, keepdim=True)  # what LayerNorm sees of each vector
    return (seen.mean(0).square().sum() / seen.square().sum(1).mean()).item()
    # END


check("7.2", answer_7_2, real={name: s.vectors[1] for name, s in stream_of.items()})

# %%
try:
    fig = plots.go.Figure()
    for i, (name, s) in enumerate(stream_of.items()):
        y = [answer_7_2(X) for X in s.vectors]
        fig.add_trace(plots.line(name, range(len(y)), y, i, mode="lines+markers"))
except NotImplementedError:
    print("Solve 7.2 first.")
else:
    fig.update_yaxes(range=[0, 1])
    plots.finish(fig, f"The mean's part<br>{NEO} and {GPT2}", "blocks passed", "share of squared denominator").show()
    outcome("7.a", answer_7_2(stream_of[NEO].vectors[1]), label=NEO)
    outcome("7.b", answer_7_2(stream_of[GPT2].vectors[1]), label=GPT2)

# %% [markdown]
# ## Design
#
# By how much would the denominators shrink without the mean? Then think of an intervention that tells a knob from a rival of your choice: what does each predict? With TransformerBridge a hook may change the stream or a LayerNorm:
#
# ```
# models[0].bridge.run_with_hooks(ids, fwd_hooks=[("blocks.1.hook_resid_pre", lambda x, hook: x + v)])
# models[0].bridge.run_with_hooks(ids, fwd_hooks=[("blocks.1.ln1.hook_scale", lambda scale, hook: other)])
# ```

# %%
# your experiments

# %% [markdown]
# ## 7.3
#
# ●○○ · 5 min

# %%
task("7.3")


# %%
def answer_7_3(X: Float[Tensor, "n d_model"], r: Float[Tensor, " d_model"]) -> Float[Tensor, "n d_model"]:
    # SOLUTION
    mu = X.mean(0)
    return X - mu + r * mu.norm() / r.norm()
    # END


generator = torch.Generator().manual_seed(0)
randoms = {name: torch.randn(s.vectors.shape[2], generator=generator) for name, s in stream_of.items()}
check("7.3", answer_7_3, real={name: (s.vectors[1], randoms[name]) for name, s in stream_of.items()})

# %% [markdown]
# ## 7.4
#
# ●●○ · 8 min

# %%
task("7.4")


# %%
def answer_7_4(
    X: Float[Tensor, "n d_model"],
    clean: Float[Tensor, "n d_model"],
    weight: Float[Tensor, " d_model"],
    bias: Float[Tensor, " d_model"],
) -> Float[Tensor, "n d_model"]:
    # SOLUTION
    centred, reference = X - X.mean(1, keepdim=True), clean - clean.mean(1, keepdim=True)
    scale = (reference.square().mean(1, keepdim=True) + 1e-5).sqrt()
    return centred / scale * weight + bias
    # END


norms = {m.label: (m.bridge.blocks[1].ln1.weight.detach(), m.bridge.blocks[1].ln1.bias.detach()) for m in models}
real = {name: (geometry.centre(s.vectors[1]), s.vectors[1], *norms[name]) for name, s in stream_of.items()}
check("7.4", answer_7_4, real=real)

# %% [markdown]
# ## 7.5
#
# ●●○ · 10 min. Six changes after the first block, on the same rows of text. The task says which; keep your two predictions before you run on.

# %%
task("7.5")

# %%
predict("7.c", None)  # "direction" or "volume", the GPT-Neo kind
predict("7.d", None)  # "direction" or "volume", the GPT-2 kind

# %%
effects = {}
for m in models:
    ids = streams.sequences(m.tokenizer, *rows)
    X = streams.stream(m.bridge, ids).vectors[1]
    try:
        vector = answer_7_3(X, randoms[m.label]).mean(0)
    except NotImplementedError:
        print("Solve 7.3 first.")
        break
    effects[m.label] = streams.effects(m.bridge, ids, volume.changes(1, X.mean(0), vector), batch=4)


# %%
def answer_7_5(a: Float[Tensor, " n"], b: Float[Tensor, " n"]) -> tuple[float, float]:
    # SOLUTION
    d = a - b
    return d.mean().item(), (d.std() / len(d) ** 0.5).item()
    # END


check("7.5", answer_7_5, real={n: (e["direction only"].kl, e["volume only"].kl) for n, e in effects.items()})

# %% [markdown]
# KL of the changed predictions from the untouched ones, nats a token; then the verdict, for which two standard errors are asked.

# %%
pd.DataFrame({n: {what: e.kl.mean().item() for what, e in found.items()} for n, found in effects.items()}).round(3)

# %%
try:
    for asked, (name, e) in zip("cd", effects.items(), strict=False):
        gap, error = answer_7_5(e["direction only"].kl, e["volume only"].kl)
        said = "undecided" if abs(gap) < 2 * error else "direction" if gap > 0 else "volume"
        outcome(f"7.{asked}", said, label=name)
        print(f"{name}: direction − volume {gap:+.3f} ± {error:.3f}")
        gap, error = answer_7_5(e["direction, matched dose"].kl, e["volume only"].kl)
        print(f"{name}: the same at matched dose {gap:+.3f} ± {error:.3f}")
except NotImplementedError:
    print("Solve 7.5 first.")

# %% [markdown]
# What do the two random vectors tell? (One was drawn; draw more.) What does the matched dose change? Is it the same at other layers, and for the vocabulary's mean: `volume.changes(0, m.W_E.mean(0), r)`?

# %%
# your experiments

# %% tags=["solution"]
for name, e in effects.items():
    gap, error = answer_7_5(e["random vector for the mean"].kl, e["mean removed"].kl)
    said = "as good or better" if gap < -2 * error else "worse" if gap > 2 * error else "no different"
    print(f"{name}: a random vector in its place is {said} than none ({gap:+.3f} ± {error:.3f})")

# %% [markdown]
# ## 7.6 Why?
#
# ●●● · 10 min. In a few sentences: is the mean a volume knob here? What did you compare, how sure is it, what was the control, and what does it not tell about why training put the mean there? Then compare yours with the points, one by one.

# %%
answer_7_6 = "Hold the denominators still and see what is left of the harm; see below."  # SOLUTION

why("7.6", answer_7_6)

# %% [markdown] tags=["solution"]
# One way to put it. Taking the mean out does two things: a direction goes missing, and all else gets louder, because LayerNorm divides by less. Holding the denominators still leaves the first, lending those of a stream without the mean leaves the second; the same rows of text under both give a paired difference with an error, and its sign is the verdict. But the two are not equal blows: at a matched dose the sign may turn, so say which question you answer. The mean's share of the squared denominator bounds how far the knob can turn. A random vector of the same length restores the volume: if it does no better than nothing in its place, volume is not what was missed. None of this says why training went there.

# %% [markdown]
# ## Where you stand

# %%
progress("7")

# %% tags=["solution"]
for name, s in stream_of.items():
    numbers = {"share of the mean, after 1 block": answer_7_2(s.vectors[1])}
    numbers |= {f"KL, {what}": effects[name][what].kl.mean().item() for what in ("direction only", "volume only")}
    report(name, numbers)
