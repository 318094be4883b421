# %% [markdown]
# # 07 A volume knob? The puzzle
#
# **Question.** The vectors in a model share a mean. The author of the post guesses that it helps to control LayerNorm's scale, like a volume knob. Does it, in the models that run here? (A knob: what the mean does, it does by changing what all else is divided by.)
#
# **Time** 95 min · **Difficulty** ●●● · **You need** puzzle 06, and LayerNorm: take away a vector's own mean over d_model, divide by its spread, multiply by γ, add β
#
# A solution is an experiment whose outcome would differ if the guess were false, its result with an error, and a control.
#
# `check` says whether an answer is right, `hint` helps a step at a time, `reveal` shows a solution once yours passes.

# %%
import pandas as pd
import torch
from jaxtyping import Float
from torch import Tensor

from zeropoint import geometry, plots, report, streams
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
    task,
    why,
)
from zeropoint.models import load_pair

# %% [markdown]
# `stream_of[name].vectors[k]`: the residual stream after k blocks, one vector a token of a held-out text (see 06).

# %%
models = load_pair()
NEO, GPT2 = labels = [m.label for m in models]
count, rows = (
    (64, (16, 64)) if models[0].source == "stand-in" else (12, (8, 32))
)  # large models: minutes otherwise
stream_of = {
    m.label: streams.stream(m.bridge, streams.sequences(m.tokenizer, count)) for m in models
}
{name: tuple(s.vectors.shape) for name, s in stream_of.items()}  # [layer, token in text, d_model]

# %% [markdown]
# ## Predict
#
# Which part of LayerNorm's squared denominator does the mean vector make, after the first block? A fraction between 0 and 1.

# %%
predict("7.a", None, low=None, high=None)  # the first model
predict("7.b", None, low=None, high=None)  # the second model

# %% tags=["solution"]
skip("7")  # a solution predicts nothing

# %% exercise="7.1"
check("7.1", answer_7_1, real={name: s.vectors[1] for name, s in stream_of.items()})

# %%
# hint("7.1")
# reveal("7.1")

# %% exercise="7.2"
check("7.2", answer_7_2, real={name: s.vectors[1] for name, s in stream_of.items()})

# %%
if ready("7.a", "7.b", "7.2"):
    share = checked("7.2")  # your answer, as it passed
    fig = plots.go.Figure()
    for i, (name, s) in enumerate(stream_of.items()):
        y = [share(X) for X in s.vectors]
        fig.add_trace(plots.line(name, range(len(y)), y, i, mode="lines+markers"))
    fig.update_yaxes(range=[0, 1])
    title, y = f"The mean's part<br>{NEO} and {GPT2}", "share of squared denominator"
    show("7 the mean's part", plots.finish(fig, title, "blocks passed", y))
    outcome("7.a", share(stream_of[NEO].vectors[1]), label=NEO)
    outcome("7.b", share(stream_of[GPT2].vectors[1]), label=GPT2)

# %% [markdown]
# ## Design
#
# By how much would the denominators shrink without the mean? Then think of an intervention that tells a knob from a rival of your choice: what does each predict? Twenty minutes, before you hand out the next tasks: they are one such design; `note` keeps yours. With TransformerBridge a hook may change the stream or a LayerNorm:
#
# ```
# models[0].bridge.run_with_hooks(ids, fwd_hooks=[("blocks.1.hook_resid_pre", lambda x, hook: x + v)])
# models[0].bridge.run_with_hooks(ids, fwd_hooks=[("blocks.1.ln1.hook_scale", lambda scale, hook: other)])
# ```

# %%
note("7 design", "...")

# %%
# your experiments

# %% exercise="7.3"
generator = torch.Generator().manual_seed(0)
randoms = {
    name: torch.randn(s.vectors.shape[2], generator=generator) for name, s in stream_of.items()
}
check(
    "7.3", answer_7_3, real={name: (s.vectors[1], randoms[name]) for name, s in stream_of.items()}
)

# %% exercise="7.4"
inputs = {}
for m in models:
    if m.norm == "RMSNorm":
        print(f"{m.label} has RMSNorm, which takes no mean away and has no β: it is left out here.")
        continue
    X, ln1 = stream_of[m.label].vectors[1], m.bridge.blocks[1].ln1
    inputs[m.label] = (geometry.centre(X), X, ln1.weight.detach(), ln1.bias.detach())
check("7.4", answer_7_4, real=inputs)

# %% [markdown] exercise="7.5"
# Keep your two predictions before you run on.

# %%
predict("7.c", None)  # "B", "C" or "undecided", the first model
predict("7.d", None)  # and the second model

# %% [markdown]
# How hard is each blow? By your 7.4, how far the output of the next LayerNorm goes from where it was, in units of its own length:

# %%
if ready("7.c", "7.d", "7.4"):
    normed = checked("7.4")
    for name, (u, X, *affine) in inputs.items():
        before = normed(X, X, *affine)
        after = {"A": normed(u, u, *affine), "B": normed(u, X, *affine)}
        after["C"] = after["A"] + before - after["B"]  # before − B is μ/old alone
        far = {what: ((Y - before).norm() / before.norm()).item() for what, Y in after.items()}
        print(name, {what: round(size, 3) for what, size in far.items()})

# %% [markdown]
# Now all six changes, in the models themselves. What they do to the predictions is shown after 7.5.

# %%
effects = {}
if ready("7.c", "7.d", "7.3"):
    from zeropoint.puzzles.p07 import volume

    for m in models:
        ids = streams.sequences(m.tokenizer, *rows)
        X = streams.stream(m.bridge, ids).vectors[1]
        draws = torch.randn(16, X.shape[1], generator=generator)
        others = torch.stack([checked("7.3")(X, r).mean(0) for r in draws])
        changes = volume.changes(m, 1, X.mean(0), others)  # A to F of 7.5, in that order
        lettered = dict(zip("ABCDEF", changes.values(), strict=True))
        effects[m.label] = streams.effects(m.bridge, ids, lettered, batch=4)

# %% exercise="7.5"
check(
    "7.5",
    answer_7_5,
    real={n: (e["B"].kl, e["C"].kl) for n, e in effects.items()},
)

# %% [markdown]
# KL of the changed predictions from the untouched ones, nats a token; then the verdict, for which two standard errors are asked.

# %%
if ready("7.c", "7.d", "7.3", "7.5"):
    kl = {}
    for name, found in effects.items():
        kl[name] = {what: effect.kl.mean().item() for what, effect in found.items()}
    show("7 what each costs", pd.DataFrame(kl).round(3))
    for asked, (name, e) in zip("cd", effects.items(), strict=True):
        gap, error = checked("7.5")(e["B"].kl, e["C"].kl)
        said = "undecided" if abs(gap) < 2 * error else "B" if gap > 0 else "C"
        outcome(f"7.{asked}", said, label=name)
        for one, other in ("BC", "DC", "EA"):
            gap, error = checked("7.5")(e[one].kl, e[other].kl)
            print(f"{name}: {one} − {other} {gap:+.3f} ± {error:.3f}")

# %% [markdown]
# What do E and F tell? (Each batch of four rows had another draw; a single one may lie either way.) What does D change, and why compare it with C?
#
# The guess was about the embedding, and the vocabulary has a mean of its own. Is it the text's? It is taken out of the tokens as they come in:

# %%
if ready("7.c", "7.d", "7.3", "7.5"):
    of_vocabulary = {}
    for m in models:
        mu, enters = m.W_E.mean(0), stream_of[m.label].vectors[0].mean(0)
        row = {"cosine with the mean of what enters": torch.cosine_similarity(mu, enters, dim=0)}
        changes = volume.changes(m, 0, mu, mu, hook="hook_embed")  # mu: E and F are not tried here
        lettered = dict(zip("ABC", changes.values(), strict=False))
        tried = streams.effects(m.bridge, streams.sequences(m.tokenizer, *rows), lettered, batch=4)
        of_vocabulary[m.label] = row | {what: e.kl.mean() for what, e in tried.items()}
    table = pd.DataFrame(of_vocabulary).T.astype(float).round(3)
    show("7 the vocabulary's mean", table.rename_axis("KL, nats a token"))

# %% [markdown]
# And at other layers: `volume.changes(m, k, X.mean(0), r)` with `X = stream_of[m.label].vectors[k]` and an `r` as long as that mean.

# %%
# your experiments

# %% exercise="7.6"
why("7.6", answer_7_6)

# %% [markdown]
# ## Where you stand

# %%
progress("7")

# %% [markdown]
# To hand it to a mentor, or to post it: one file of your answers, with predictions, figures and tables.

# %%
# export("7")

# %% tags=["solution"]
for name, s in stream_of.items():
    numbers = {"share of the mean, after 1 block": answer_7_2(s.vectors[1])}
    numbers["KL, direction only"] = effects[name]["B"].kl.mean().item()
    numbers["KL, volume only"] = effects[name]["C"].kl.mean().item()
    report(name, numbers)
