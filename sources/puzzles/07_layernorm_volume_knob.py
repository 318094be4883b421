# %% [markdown]
# # 07 A volume knob? The puzzle
#
# **Question.** The vectors in a model share a mean. The author of the post guesses that it helps to control LayerNorm's scale, like a volume knob. Does it, in the models that run here? (A knob: whatever the mean does, it does through the number by which LayerNorm divides. Nothing reads the mean itself.)
#
# **Time** 105 min · **Difficulty** ●●● · **You need** puzzle 06, and LayerNorm: take away a vector's own mean over d_model, divide by its spread, multiply by γ, add β
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
from zeropoint.puzzles.p07 import volume

# %% [markdown]
# `stream_of[name].vectors[k]`: the residual stream after k blocks, one vector a token of a held-out text (see 06). `texts[name]` are its rows of token ids; everything below is measured on them.

# %%
models = load_pair()
NEO, GPT2 = labels = [m.label for m in models]
rows = (16, 64) if models[0].source == "stand-in" else (8, 64)  # large models: minutes otherwise
texts = {m.label: streams.sequences(m.tokenizer, *rows) for m in models}
stream_of = {m.label: streams.stream(m.bridge, texts[m.label]) for m in models}
affine = {}  # γ and β of the LayerNorm that comes after one block
for m in models:
    if m.norm == "LayerNorm":
        ln1 = m.bridge.blocks[1].ln1
        affine[m.label] = (ln1.weight.detach(), ln1.bias.detach())
    else:
        print(f"{m.label} has RMSNorm, which takes no mean away and has no β: no 7.4 for it.")
effects, in_words = {}, {}  # of the changes: filled further down
{name: tuple(s.vectors.shape) for name, s in stream_of.items()}  # [layer, token in text, d_model]

# %% [markdown]
# ## Predict
#
# What fraction of LayerNorm's squared denominator, averaged over the text, comes from the mean vector? After the first block; between 0 and 1.

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
# By how much would the denominators shrink without the mean? Then think of an intervention that tells a knob from a rival of your choice: what does each predict? Twenty minutes, before you hand out the next tasks: they are one such design; `note` keeps yours. With TransformerBridge a hook may change the stream or a LayerNorm. One hook holds one LayerNorm; the stream is read by `ln1` and `ln2` of every later block, and by `ln_final`.
#
# ```
# models[0].bridge.run_with_hooks(texts[NEO], fwd_hooks=[("blocks.1.hook_resid_pre", lambda x, hook: x + v)])
# models[0].bridge.run_with_hooks(texts[NEO], fwd_hooks=[("blocks.1.ln1.hook_scale", lambda scale, hook: other)])
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
for name, gain_and_bias in affine.items():
    X = stream_of[name].vectors[1]
    inputs[name] = (geometry.centre(X), X, *gain_and_bias)
check("7.4", answer_7_4, real=inputs)

# %% [markdown] exercise="7.5"
# Keep your predictions before you run on. *More*: the larger mean KL of the changed predictions from the untouched ones. *Undecided*: the difference of the two is under two standard errors, over rows of text.

# %%
predict("7.c", None)  # "B", "C" or "undecided", the first model
predict("7.d", None)  # and the second model
predict("7.e", None)  # "D", "C" or "undecided", the first model
predict("7.f", None)  # and the second model

# %% [markdown]
# How hard is each blow? By your 7.4, how far the output of the next LayerNorm goes from where it was, in units of its own length. And by your 7.1, how much the denominators shrink without the mean: what did you say under Design?

# %%
if ready("7.c", "7.d", "7.e", "7.f", "7.1", "7.4"):
    divides_by, normed, blows = checked("7.1"), checked("7.4"), {}
    for name, gain_and_bias in affine.items():
        X = stream_of[name].vectors[1]
        u = geometry.centre(X)
        before = normed(X, X, *gain_and_bias)
        after = {"A": normed(u, u, *gain_and_bias), "B": normed(u, X, *gain_and_bias)}
        after["C"] = after["A"] + before - after["B"]  # before − B is μ/old alone
        far = {what: ((Y - before).norm() / before.norm()).item() for what, Y in after.items()}
        left = divides_by(u, 1e-5).mean() / divides_by(X, 1e-5).mean()
        blows[name] = far | {"denominators shrink by": 1 - left.item()}
    table = pd.DataFrame(blows).round(3)
    show("7 how hard", table.rename_axis("as a part of what it was"))

# %% [markdown]
# Now **the six changes**, in the models themselves. What they do to the predictions is shown after 7.5.

# %%
if ready("7.c", "7.d", "7.e", "7.f", "7.3"):
    generator = torch.Generator().manual_seed(1)
    for m in models:
        X = stream_of[m.label].vectors[1]
        draws = torch.randn(rows[0], X.shape[1], generator=generator)  # one for each row of text
        others = torch.stack([checked("7.3")(X, r).mean(0) for r in draws])
        changes = volume.changes(m, 1, X.mean(0), others)  # A to F of 7.5, in that order
        in_words |= zip("ABCDEF", changes, strict=True)
        lettered = dict(zip("ABCDEF", changes.values(), strict=True))
        effects[m.label] = streams.effects(m.bridge, texts[m.label], lettered, batch=4)

# %% exercise="7.5"
check(
    "7.5",
    answer_7_5,
    real={n: (e["B"].kl, e["C"].kl) for n, e in effects.items()},
)

# %% [markdown]
# KL of the changed predictions from the untouched ones, nats a token; your bets; and the differences that decide them, with one standard error.

# %%
if not effects:
    print("Run the cell of the six changes first: it has nothing yet.")
elif ready("7.5"):
    kl, gaps, compare = {}, {}, checked("7.5")
    for name, e in effects.items():
        kl[name] = {f"{letter}, {in_words[letter]}": e[letter].kl.mean().item() for letter in e}
        gaps[name] = {}
        for one, other in ("BC", "DC", "EA"):
            gap, error = compare(e[one].kl, e[other].kl)
            gaps[name][f"{one} − {other}"] = f"{gap:+.3g} ± {error:.2g}"
    show("7 what each costs", pd.DataFrame(kl).round(3).rename_axis("KL, nats a token"))
    for bet, name, one in (
        ("7.c", NEO, "B"),
        ("7.d", GPT2, "B"),
        ("7.e", NEO, "D"),
        ("7.f", GPT2, "D"),
    ):
        gap, error = compare(effects[name][one].kl, effects[name]["C"].kl)
        said = "undecided" if abs(gap) < 2 * error else one if gap > 0 else "C"
        outcome(bet, said, label=name)
    show("7 differences", pd.DataFrame(gaps).rename_axis("± one standard error"))

# %% [markdown]
# What do E and F tell? A knob predicts that E costs next to nothing. (Each row of text has a draw of its own, so the error of E − A covers the chance of the draws as well.) What does D change, and does the verdict of B against C outlive it?
#
# The guess was about the embedding, and the vocabulary has a mean of its own. Is it the text's? It is taken out of the tokens as they come in:

# %%
if ready("7.c", "7.d", "7.e", "7.f", "7.3", "7.5"):
    of_vocabulary = {}
    for m in models:
        mu, enters = m.W_E.mean(0), stream_of[m.label].vectors[0].mean(0)
        row = {"cosine with the mean of what enters": torch.cosine_similarity(mu, enters, dim=0)}
        changes = volume.changes(m, 0, mu, mu, hook="hook_embed")  # mu: E and F are not tried here
        first = {
            f"{letter}, {what}": changes[what] for letter, what in zip("ABC", changes, strict=False)
        }
        tried = streams.effects(m.bridge, texts[m.label], first, batch=4)
        of_vocabulary[m.label] = row | {what: e.kl.mean() for what, e in tried.items()}
    table = pd.DataFrame(of_vocabulary).T.astype(float).round(3)
    show("7 the vocabulary's mean", table.rename_axis("KL, nats a token"))

# %% [markdown]
# Do your verdicts hold at another block? Try one, k, at least: `volume.changes(m, k, mu, volume.random_vectors(mu))` with `mu = stream_of[m.label].vectors[k].mean(0)`, then `streams.effects` as above. `show("7 another block", table)` keeps what you find for the export.

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
