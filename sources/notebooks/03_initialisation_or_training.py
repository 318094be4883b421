# %% [markdown]
# # 03 Initialisation or training?
#
# **Question.** When does the big mean vector appear, which tokens bring it, and which parts of the network does it need?
#
# **Time** 35 min · **Difficulty** ●●○ · **You need** the mean vector of 01, what an optimiser's update is, and that GPT-Neo and GPT-2 are tied: one matrix reads tokens in and scores them at the end
#
# Under [Mech Interp Puzzle 1](https://www.alignmentforum.org/posts/eLNo7b56kQQerCzp2) it is asked whether the mean is there from the start, and which architectural part makes it. A solution gives a time, the tokens that move, and a part whose removal removes it, beside parts whose removal does not. To try it alone first, open puzzle 03.

# %%
from dataclasses import replace

import pandas as pd
import torch
from transformers import AutoConfig, AutoModelForCausalLM

from zeropoint import geometry, models, plots, report
from zeropoint.desk import outcome, predict
from zeropoint.puzzles.p03 import removals, trajectory
from zeropoint.tiny import grid
from zeropoint.tiny import watching as watch
from zeropoint.tiny.corpus import tokens_for
from zeropoint.tiny.shape import TinyConfig, TinyLM
from zeropoint.tiny.training import Recipe, train

# %% [markdown]
# ## Predict before you look

# %%
predict(
    "n3.1", None, low=None, high=None
)  # mini-neo trains for 6,000 updates: at which does its mean cosine pass 0.5?
predict(
    "n3.2", None
)  # at the end, which tokens lie closer to the mean's direction: "frequent" or "rare"?
predict(
    "n3.3", None
)  # whose removal takes it out of the input: "LayerNorm", "positions", "biases", "tying", "none"?

# %% [markdown]
# ## Before the first update
#
# A fresh model from the same config, drawn by `transformers`' own initialisation. For n independent rows of d numbers with spread σ one expects a row norm of σ√d, a mean of length σ√(d/n), and cosines of 0 ± 1/√d. The mean over all pairs is far sharper: 0 ± √(2/(n(n−1)d)).


# %%
def fresh(embedding):
    torch.manual_seed(0)
    config = AutoConfig.from_pretrained(embedding.found.folder)
    return AutoModelForCausalLM.from_config(config).get_input_embeddings().weight.detach()


# %%
def measure(W):
    return {
        "row norm": W.norm(dim=1).square().mean().sqrt().item(),
        "‖mean‖": geometry.mean(W).norm().item(),
        "spread of cosines": geometry.effective_dimension(W) ** -0.5,
        "mean cosine": geometry.mean_pairwise_cosine(W),
    }


# %%
def expected(n, d, sigma=0.02):  # σ in both configs
    return {
        "row norm": sigma * d**0.5,
        "‖mean‖": sigma * (d / n) ** 0.5,
        "spread of cosines": d**-0.5,
        "mean cosine": 0.0,
        "± by chance": (2 / (n * (n - 1) * d)) ** 0.5,
    }


# %%
table = {}
for e in map(models.load_embedding, models.PAIR):
    W = fresh(e)
    initial = measure(W)
    table |= {(e.label, "expected"): expected(*W.shape), (e.label, "initial"): initial}
    table[e.label, "trained"] = measure(e.W.float())
pd.DataFrame(table).T.round(6)

# %%
chance = {label: row["± by chance"] for (label, what), row in table.items() if what == "expected"}
off = max(abs(table[label, "initial"]["mean cosine"]) / width for label, width in chance.items())
verdicts = {
    "it is there at initialisation": f"{'killed' if off < 4 else 'not killed'}: {off:.1f} chance widths from 0",
}
verdicts

# %% [markdown]
# ## Watch it appear
#
# While the stand-ins were trained, some 470 tokens were kept at a few steps, rare and frequent ones, each weighted by the part of the vocabulary that it stands for. These are the stand-ins whatever models ran above.

# %%
MINI = {models.load_embedding(name).label: name for name in models.STAND_INS}
MINI_NEO, MINI_GPT2 = MINI
BOTH = f"<br>{MINI_NEO} and {MINI_GPT2}"
sampled = {label: trajectory.snapshots(name) for label, name in MINI.items()}
steps = list(sampled[MINI_NEO].rows)
random = geometry.cosine_histogram(torch.randn(2000, 128), bins=20)
heights = {label: [s.density(step, bins=20) for step in steps] for label, s in sampled.items()}
heights["random vectors"] = [random.density] * len(steps)

# %%
fig = plots.panels(
    [f"step {s}" if s != "end" else s for s in steps], shared_yaxes=True, horizontal_spacing=0.015
)
for i, (label, columns) in enumerate(heights.items()):
    for column, y in enumerate(columns, start=1):
        trace = plots.line(label, random.centres.tolist(), y.tolist(), i, line_shape="hvh")
        fig.add_trace(trace, row=1, col=column)
fig.update_xaxes(range=[-0.5, 1], tickvals=[0, 0.5, 1])
y_names = ["share of pairs per unit of cosine"] + [""] * (len(steps) - 1)
plots.finish(fig, f"Cosines of token pairs, during training{BOTH}", "cosine", y_names)

# %% [markdown]
# ## The whole course
#
# Only models whose training was recorded show it. With the hub: stanford-crfm's GPT-2 small from step 0, of which only the embedding is read (where its weights are pickled, some hundred megabytes a checkpoint must come all the same).

# %%
courses = {label: trajectory.whole(name) for label, name in MINI.items()}
courses |= trajectory.checkpoints(
    "stanford-crfm/alias-gpt2-small-x21", (0, 100, 1000, 10_000, 400_000)
)

# %%
fig = plots.panels(["mean cosine", "‖mean‖", "mean row norm"])
for i, (label, c) in enumerate(courses.items()):
    for column, what in enumerate(("mean_cosine", "norm_of_mean", "mean_row_norm"), start=1):
        trace = plots.line(label, c.index + 1, c[what], i, mode="lines+markers", marker_size=4)
        fig.add_trace(trace, row=1, col=column)
fig.update_xaxes(type="log", dtick=1)
title = "From the first update to the last<br>" + " and ".join(courses)
plots.finish(fig, title, "updates + 1", ["cosine", "norm", "norm"])

# %% [markdown]
# Two clocks. When does half of the largest mean cosine stand? And when does the model know no more than how frequent each token is, so that its loss equals the entropy of single tokens?

# %%
clocks = pd.DataFrame({label: trajectory.clocks(name) for label, name in MINI.items()})
outcome("n3.1", clocks[MINI_NEO]["mean cosine passes 0.5"], label=MINI_NEO)
clocks.round(2)

# %%
ratio = clocks.loc["half of its peak"] / clocks.loc["loss passes the entropy of single tokens"]
verdicts["it grows while token frequencies are learned"] = (
    f"{'agrees' if ratio.between(0.5, 2).all() else 'does not agree'}: half of it stands at "
    + " and ".join(f"{r:.2f}" for r in ratio)
    + " of the time to single-token entropy"
)

# %%
for label in clocks.columns[clocks.loc["mean cosine, end / peak"] < 0.9]:
    mean, row = clocks[label]["‖mean‖, end / peak"], clocks[label]["row norm, end / peak"]
    verdicts[f"{label} falls after its peak because the mean shrinks"] = (
        f"{'killed' if mean >= 1 else 'kept'}: since then ‖mean‖ × {mean:.2f}, row norm × {row:.2f}"
    )

# %% [markdown]
# ## Which tokens?
#
# The vocabulary in five groups by how often a token occurs in the training text.

# %%
fig = plots.panels(list(MINI), shared_yaxes=True)
for column, name in enumerate(MINI.values(), start=1):
    by_group = trajectory.read(name).pivot(
        index="step", columns="group", values="median_cosine_with_mean"
    )
    for i, (group, title) in enumerate(trajectory.GROUPS.items()):
        fig.add_trace(plots.line(title, by_group.index + 1, by_group[group], i), row=1, col=column)
fig.update_xaxes(type="log", dtick=1)
title = f"Cosine with the vocabulary's mean, by frequency{BOTH}"
plots.finish(fig, title, "updates + 1", ["median cosine with the mean", ""])

# %%
ends = {
    label: trajectory.read(name).groupby("group").last().median_cosine_with_mean
    for label, name in MINI.items()
}
leads = {label: "rare" if end["4"] > end["0"] else "frequent" for label, end in ends.items()}
outcome("n3.2", leads[MINI_NEO], label=MINI_NEO)
verdicts["the rare tokens lead"] = "; ".join(
    f"{label}: {'yes' if leads[label] == 'rare' else 'no'}, rarest {end['4']:.2f}, most frequent {end['0']:.2f}"
    for label, end in ends.items()
)

# %% [markdown]
# ## Train one now
#
# The bar counts updates and shows the mean cosine. Stop it when you like: what is trained so far is used. First a small transformer as it is; then **bare**, without LayerNorm, positions and biases, all at once; then untied as well, so that the matrix which reads and the matrix which scores can differ.

# %%
TINY = "tiny model, trained here"
device = "cuda" if torch.cuda.is_available() else "cpu"
text = tokens_for(2048)  # Python's own library, in 2,048 tokens
shape = TinyConfig(d_vocab=2048, d_model=64, n_layers=2, ctx=64, seed=0)
recipe = Recipe(steps=300, batch=4, ctx=64, lr=2e-3, warmup=30, seed=0)
looks = {0, 4, 8, 16, 24, 32, 48, 64, 96, 128, 200, 300}


# %%
def live(**removed):
    model = TinyLM(replace(shape, **removed)).to(device)
    before = model.W_E.detach().clone()
    rows = pd.DataFrame(train(model, text, recipe, watched=looks))
    return rows, before.cpu(), model.W_E.detach().cpu()


rows, before, after = live()

# %%
bare = dict(norm="none", positions=False, biases=False)
runs = {"as it is": rows, "bare": live(**bare)[0], "bare and untied": live(**bare, tied=False)[0]}

# %%
curves = {}
for name, r in runs.items():
    for matrix, c in r[r.group == "all"].groupby("matrix"):
        curves[f"{name}, {matrix} matrix" if r.matrix.nunique() > 1 else name] = c.set_index(
            "step"
        ).mean_cosine
fig = plots.go.Figure(
    [plots.line(n, c.index, c, i, mode="lines+markers") for i, (n, c) in enumerate(curves.items())]
)
plots.finish(fig, f"The mean appears<br>{TINY}", "updates", "mean pairwise cosine")

# %%
last = {n: c.iloc[-1] for n, c in curves.items()}
verdicts |= {
    f"{n}, live": f"{v / last['as it is']:.2f} is left, one seed"
    for n, v in last.items()
    if n != "as it is"
}

# %% [markdown]
# How far did each token travel along the direction of the final mean? In units of ‖mean‖ the vocabulary's average is 1 by construction (if it began near 0); how even it is, is not. The control is a random direction at right angles to the mean.

# %%
length = geometry.mean(after).norm()
other = torch.randn(shape.d_model, generator=torch.Generator().manual_seed(0))
other -= (
    other @ geometry.mean(after) / length**2 * geometry.mean(after)
)  # at right angles to the mean
across = (after - before) @ other / other.norm()
along = {
    "the mean": watch.drift(before, after) / length,
    "a random direction across it": across / length,
}
bins = text.counts.argsort(descending=True, stable=True).tensor_split(16)
counts = [text.counts[ids].double().mean().item() for ids in bins]
drifts = {n: [a[ids].mean().item() for ids in bins] for n, a in along.items()}

# %%
fig = plots.go.Figure(
    [plots.line(n, counts, y, i, mode="lines+markers") for i, (n, y) in enumerate(drifts.items())]
)
fig.update_xaxes(type="log", dtick=1)
plots.finish(fig, f"Who moved?<br>{TINY}", "occurrences in the training text", "drift / ‖mean‖")

# %%
forwards = {n: (a > 0).double().mean().item() for n, a in along.items()}
verdicts["the vocabulary drifts one way"] = (
    f"{'kept' if forwards['the mean'] > 0.8 else 'killed'}: "
    + ", ".join(f"{share:.0%} of tokens along {n}" for n, share in forwards.items())
)

# %% [markdown]
# ## Take one part away
#
# Recorded runs from notebook 04's grid: one change each to a tiny model of 4,096 tokens, 600 updates, every row paired with the unchanged model of the same seed. Two rows change the text instead, and the last the optimiser: a positive control, to see that this measure can notice a removal. What the grid has not recorded yet shows as NaN.

# %%
GRID = "the grid's tiny models"
without = removals.without(grid.read()[0])  # mean cosine, by seed and part
left = removals.left(without)  # as a share of the unchanged model's
left

# %%
shown = removals.summarise(without).iloc[::-1]
fig = plots.go.Figure()
bars = dict(type="data", array=shown["± 95 %"].fillna(0).tolist())
points = dict(mode="markers", marker_size=10, marker_color=plots.INKS[1], showlegend=False)
fig.add_scatter(
    x=shown["mean"].tolist(), y=[f"without {part}" for part in shown.index], error_x=bars, **points
)
fig.add_vline(x=without["nothing"].mean(), line_dash="dot")
title = f"Which parts does it need?<br>{GRID}, {shown.seeds.min()} to {shown.seeds.max()} seeds, 95 % intervals"
plots.finish(fig, title, "mean pairwise cosine", "part taken away")

# %%
needs = {
    part: removals.verdict(*row) for part, row in zip(left.index, left.to_numpy(), strict=True)
}
verdicts |= {f"without {part}": said for part, said in needs.items()}
four = left.loc[["LayerNorm", "positions", "biases", "tying"], "mean"].dropna()
removes = " and ".join(four.index[four < removals.NEEDED_BELOW]) or "none"
outcome("n3.3", removes, label=f"{GRID}, {len(four)} of 4 parts recorded")

# %% [markdown]
# A rival to what tying does: untied, the input rows may simply not have moved. Look at the tokens that occur 1,000 times or more; and, in the other matrix, at those that never occur in the text.

# %%
untied = removals.untied(grid.read()[1])
if untied:
    moved = untied["grew by"] > 1.5 and untied["mean cosine"] < without["nothing"].mean() / 2
    verdicts["untied, the input has merely not moved"] = "killed" if moved else "not killed"
    verdicts["a token must occur to join"] = (
        "killed" if untied["never seen, with the mean"] > 0.5 else "kept"
    )
pd.Series(untied, name=f"{GRID}, untied").round(3)

# %% [markdown]
# ## Claims met here

# %%
asked = (
    "it is there at initialisation",
    *(f"without {part}" for part in ("LayerNorm", "positions", "biases")),
)
pd.set_option("display.max_colwidth", None)
where = {
    claim: "a question under the post" if claim in asked else "this notebook" for claim in verdicts
}
pd.DataFrame({"from": where, "verdict of this run": verdicts})

# %%
numbers = {
    label: {"initial mean cosine": row["mean cosine"]}
    for (label, what), row in table.items()
    if what == "initial"
}
for label in MINI:
    course = {"mean cosine passes 0.5 at update": clocks[label]["mean cosine passes 0.5"]}
    numbers[label] = (
        numbers.get(label, {}) | course | {"final mean cosine": courses[label].mean_cosine.iloc[-1]}
    )
numbers[TINY] = {f"mean cosine, {n}": v for n, v in last.items()}
numbers[GRID] = {
    f"mean cosine without {part}": value for part, value in shown["mean"].dropna().items()
}
for label, values in numbers.items():
    report(label, values)

# %% [markdown]
# **What would refute it.** A fresh model with a mean cosine beyond chance; a recorded run in which the mean comes after word order is learned; seeds for which a part changes sides.
#
# **The lesson.** Ask a weight matrix for its history before you explain it by its use. And ask which job made it so: a tied matrix has two.
#
# **Still open.** Is a mean in the output matrix useful to the model, or only what its optimiser leaves behind (04)? Do these clocks agree at GPT-Neo's size? What sets the most frequent tokens apart?
#
# **Try it yourself.** Set `n_layers=0` in `live`: no attention, no MLP. Predict both matrices. Then other seeds. With the hub, read the checkpoints between 0 and 100, which are ten updates apart.
#
# **Links.** [The post](https://www.alignmentforum.org/posts/eLNo7b56kQQerCzp2) · [Mistral, the stanford-crfm GPT-2s](https://github.com/stanford-crfm/mistral) · Biś et al. 2021, [common drift](https://aclanthology.org/2021.naacl-main.403) · Stollenwerk, Lokrantz & Hertzberg 2026, [input and output embeddings apart](https://arxiv.org/abs/2601.02031) · Gao et al. 2019, [representation degeneration](https://arxiv.org/abs/1907.12009)
