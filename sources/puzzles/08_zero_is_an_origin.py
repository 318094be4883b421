# %% [markdown]
# # 08 Zero is an origin too: the puzzle
#
# **Question.** What do you assume when you set an activation to zero?
#
# **Time** 100 min · **Difficulty** ●●● · **You need** puzzle 02, attention heads and MLPs, hooks, and KL divergence
#
# To ask what a component is for, people take it away and see what breaks. "Away" needs a value to put in its place, and the usual one is zero. The author of the post calls that often unprincipled. A solution says what is wrong with it, shows it by something that cannot be argued with, and says how much it matters in the models that run here.
#
# `check` says whether an answer is right, `hint` helps a step at a time, `reveal` shows a solution once yours passes.

# %%
from collections.abc import Callable

import torch
from jaxtyping import Float, Int
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
from zeropoint.puzzles.p08.ablation import Study, over_rows
from zeropoint.puzzles.p08.bench import Bench, Layer
from zeropoint.puzzles.p08.figures import by_component
from zeropoint.puzzles.p08.gauge import (
    as_biases,
    at_zero,
    for_heads,
    largest_change,
    shown,
    value_heads,
)

# %% [markdown]
# A `Study` has a model's heads and MLPs, `study.every`, and what they put out on a reference text, `study.outputs[part]` [row, seq, d]; `study.judged` is other text, to judge on. Of a head that is the output before W_O. Those that will be judged are `study.parts`: all, or 32 of a large model's, drawn at random.

# %%
models = load_pair()
studies = {m.label: Study(m) for m in models}
NEO, GPT2 = studies

# %% [markdown]
# ## Predict
#
# Every head and every MLP will be replaced, one at a time: by zero, by its mean over all rows and positions of the reference text, and by what it puts out for another input (at the same position). Harm is the mean KL of the changed predictions from the untouched ones, on plain text. Which of the three harms most in most components: "zero", "mean" or "another input"? And if components are ordered by zero's harm, and by another input's: what is the rank correlation, −1 to 1 (taken for each row of text by itself, then averaged)? (Published for GPT-2, on one task and against another kind of input: zero 0.590, mean 0.825.)

# %%
predict("8.a", None)  # harms most, the first model
predict("8.b", None)  # the second model
predict("8.c", None, low=None, high=None)  # rank correlation, the first model
predict("8.d", None, low=None, high=None)  # the second model

# %% tags=["solution"]
skip("8")  # a solution predicts nothing

# %% exercise="8.1"
some = {label: study.outputs[study.parts[0]].flatten(0, 1) for label, study in studies.items()}
check("8.1", answer_8_1, real=some)

# %%
# hint("8.1")
# reveal("8.1")

# %% [markdown]
# Then all of them. Your distances say which of the three is farthest. Is it the one that lies highest? (8.1 pairs any two positions; here another input stands at the same one.)

# %%
if ready("8.a", "8.b", "8.c", "8.d", "8.1"):
    three = ("zero", "another input", "mean")
    panels = {}
    for (label, study), (most, rank) in zip(studies.items(), ("ac", "bd"), strict=True):
        study.try_all()
        panels[label] = {mode: study.harm(mode) for mode in three}
        worst = study.worst(*three)
        print(f"{label}, harms most: {worst}")
        rho = study.agreement("zero", "another input")
        print("rank correlation of zero with another input's:", over_rows(rho))
        outcome(f"8.{most}", max(worst, key=worst.get), label=label)
        outcome(f"8.{rank}", rho.mean().item(), label=label)
    title = f"What is put in a component's place<br>{NEO} and {GPT2}"
    show("8 ablations", by_component(panels, title, "KL, nats a token"))

# %% [markdown]
# Do your distances foretell it? Of zero and another input, in which components is zero the further move, and in which does it harm more?

# %%
if ready("8.a", "8.b", "8.c", "8.d", "8.1"):
    for label, study in studies.items():
        harms = [study.kl(mode, study.parts).mean(1) for mode in ("zero", "another input")]
        further, worse = [], []
        for part, of_zero, of_other in zip(study.parts, *harms, strict=True):
            zero, _, other = checked("8.1")(study.outputs[part].flatten(0, 1))
            if zero > other:
                further.append(str(part))
            if of_zero > of_other:
                worse.append(str(part))
        print(f"{label}: further {further}, worse {worse}, of {len(study.parts)}")

# %% [markdown]
# What does setting to zero take away that setting to the mean leaves there? How could you take away that alone? And is zero worse than any other point as far from the mean? `study.kl("mean gone")` (each output less its mean), `study.kl("as far as zero")` (the mean plus a random vector of the mean's length, a new one for each row) may help, [part, row]; `study.share(part)` is how much of the outputs' mean square is the mean.

# %%
# your experiments

# %% exercise="8.2"
layer = 1


def books(label):  # biases of zero: what is added to those that are there
    bridge = studies[label].bridge
    W_O = bridge.W_O[layer].detach()  # [head, d_head, d_model]
    generator = torch.Generator().manual_seed(0)
    gain = torch.randn(value_heads(bridge), W_O.shape[1], generator=generator)
    return (
        W_O,
        torch.zeros(W_O.shape[:2]),
        torch.zeros(W_O.shape[2]),
        for_heads(bridge, gain),
    )


check("8.2", answer_8_2, real={label: books(label) for label in studies})

# %% [markdown]
# Your new biases, in one layer of each model, on top of what is there. Each head is set to zero before and after. In what share of the layer's heads, in the first model, does the harm change by more than a tenth?

# %%
predict("8.e", None, low=None, high=None)

# %%
if ready("8.e", "8.2"):
    for label, study in studies.items():
        b_V, b_O = map(torch.as_tensor, checked("8.2")(*books(label)))
        hooks = as_biases(study.bridge, layer, b_V, b_O)
        heads = [p for p in study.every if p.layer == layer and p.head is not None]
        moved = largest_change(study.bridge, study.judged, hooks)
        print(f"{label}: largest change of a log-probability by the move alone {moved:.1e}")
        before = at_zero(study.bridge, study.judged, heads)
        after = at_zero(study.bridge, study.judged, heads, hooks)
        changed = []
        for head in heads:
            b, a = before[head].kl.mean(), after[head].kl.mean()
            print(f"  {head} set to zero: {b:.4f} before, {a:.4f} after")
            changed.append(float(abs(a / b - 1) > 0.1))
        if label == NEO:
            outcome("8.e", sum(changed) / len(changed), label=label)

# %% [markdown]
# Is a change as small as that of the log-probabilities nothing? Puzzle 02 has two ways to tell: by algebra, and by what is left of it in float64. Which of the two numbers above is a fact about what the model computes?

# %% exercise="8.3"
check(
    "8.3",
    answer_8_3,
    real={label: Layer(study.bridge, study.judged[:3], layer) for label, study in studies.items()},
)

# %% exercise="8.4"
check("8.4", answer_8_4)

# %% [markdown]
# Your formula is for a component that writes the logits. What does it say about means elsewhere? Try to build a component, by hand and on paper, for which its mean is the worst of all the values that you might put in its place.

# %% exercise="8.5"
benches = {}
for label, study in studies.items():
    heads = shown(study)  # of a large model, some
    benches[label] = Bench(study.bridge, study.judged, heads)
check("8.5", answer_8_5, real=benches)

# %% exercise="8.6"
why("8.6", answer_8_6)

# %% [markdown]
# ## Where you stand

# %%
progress("8")

# %% [markdown]
# To hand it to a mentor, or to post it: one file of your answers, with predictions, figures and tables.

# %%
# export("8")

# %% tags=["solution"]
for label, study in studies.items():
    zero = study.agreement("zero", "another input").mean().item()
    mean = study.agreement("mean", "another input").mean().item()
    report(label, {"rank correlation, zero": zero, "rank correlation, mean": mean})
