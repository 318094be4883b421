# %% [markdown]
# # 05 Geometry without an origin
#
# **Question.** Which of your tools secretly use zero?
#
# **Time** 30 min · **Difficulty** ●●○ · **You need** vectors, the cosine and principal components; what a group is helps
#
# The post's lesson is to make sure that your zero point is meaningful; a comment under it gives the mathematics. An answer draws a line between tools that see the origin and tools that cannot, by measurement and with a reason.

# %%
import pandas as pd
import torch

from zeropoint import plots, report
from zeropoint.desk import outcome, predict
from zeropoint.models import load_pair
from zeropoint.puzzles.p05 import analogies, heap, shifts

neo, gpt2 = load_pair()

# %%
NEO, GPT2 = neo.label, gpt2.label
clouds = {m.label: m.W_E for m in (neo, gpt2)}  # each [d_vocab, d_model]
words = neo.tokenizer.get_vocab()
starts_with_space = torch.zeros(len(clouds[NEO]), dtype=torch.bool)
starts_with_space[[i for token, i in words.items() if token.startswith("Ġ")]] = True
verdicts = {}

# %% [markdown]
# ## Adding without a zero
#
# "King − man + woman" never asks where zero is: go from *man* to *king*, but start at *woman*. A set with such a t(a, b, c) = a − b + c is a **heap**. Choose any point as zero and a group comes back: a + b = t(a, zero, b). Over the 25 points of F₅² (arithmetic modulo 5) every case can be tried.

# %%
points = heap.vectors(5, 2)  # [25, 2]
place = torch.tensor([5, 1])  # names a point: (1, 3) is number 8
a, b, c = points[:, None, None], points[None, :, None], points[None, None, :]
T = heap.heap(a, b, c) % 5 @ place  # [a, b, c] -> name
no_heap = (a - b - c) % 5 @ place

# %%
groups = sum(heap.is_group(heap.group_at(T, zero)[0], zero) for zero in range(25))
doubles = {heap.group_at(T, zero)[0][7, 7].item() for zero in range(25)}
good = heap.is_heap(T) and not heap.is_heap(no_heap) and groups == 25
verdicts["a − b + c needs no zero; any point can become one"] = (
    f"{'holds' if good else 'fails'} in all {25**5:,} cases; {groups} of 25 points serve as zero; a − b − c is no heap"
)
verdicts["doubling a point needs a zero"] = (
    f"{'holds' if len(doubles) > 1 else 'fails'}: twice point 7 is {len(doubles)} different points for 25 zeros"
)
print(*verdicts.values(), sep="\n")

# %% [markdown]
# ## A box that hides its zero
#
# The comment's example is the round function of a cipher, or a layer of a recurrent network: f(x, y) = P(Mx + y), with an unknown invertible M and an unknown permutation P (our reading; the formulas are lost in the copies of the thread). You may call f at will, but x, y and values go under random names. What can you recover of y's space: `"differences"`, `"zero"`, `"both"` or `"neither"`?

# %%
predict("n5.1", None)

# %% [markdown]
# The key: f(x₁, y₁) = f(x₂, y₂) exactly when y₁ − y₂ = M(x₂ − x₁). So agreements of f say when two steps in y are equal, whatever P is. That is a − b + c.

# %%
box = heap.black_box(5, 2, seed=0)
f = box.table  # [25, 25]: name of x, name of y -> name of the value
T_y, T_x = heap.heap_of_columns(f), heap.heap_of_columns(f.T)


def secret(v):  # what the box knows: the vectors behind the names
    return heap.heap(v[:, None, None], v[None, :, None], v[None, None, :]) % 5


recovered = torch.equal(box.y[T_y], secret(box.y)) and torch.equal(box.x[T_x], secret(box.x))

# %% [markdown]
# And zero? Take any name of x and any name of y for zeros. Read M and P off the table with them, and rebuild f.


# %%
def rebuilt(x0, y0):
    M, P = heap.explain(f, x0, y0)
    return P[heap.group_at(T_y, y0)[0][M]]  # P(Mx + y)


serve = sum(torch.equal(rebuilt(x0, y0), f) for x0 in range(25) for y0 in range(25))
outcome(
    "n5.1",
    {(1, 1): "both", (1, 0): "differences", (0, 1): "zero"}.get((recovered, serve == 1), "neither"),
    box.label,
)

# %% [markdown]
# The control also holds each value once a row and once a column, but is no P(Mx + y). There, steps should depend on the row from which they are read.

# %%
fake = heap.switched(f)
disagree = (
    (heap.heap_of_columns(fake, row=0) != heap.heap_of_columns(fake, row=2)).double().mean().item()
)
steady = all(torch.equal(heap.heap_of_columns(f, row), T_y) for row in range(25))
holds = recovered and serve == 625 and steady and disagree > 0
verdicts["f fixes both heaps and neither zero"] = (
    f"{'holds' if holds else 'fails'}: {serve} of 625 choices of zeros rebuild f; control: {disagree:.0%} of steps depend on the row"
)
print(verdicts["f fixes both heaps and neither zero"])

# %% [markdown]
# The table as handed out, and renumbered with two choices of zeros.

# %%
views = {
    "as handed out": f,
    "zeros 3 and 8": heap.seen_from(f, 3, 8),
    "zeros 21 and 14": heap.seen_from(f, 21, 14),
}
fig = plots.panels(list(views))
for column, view in enumerate(views.values(), start=1):
    fig.add_trace(
        plots.go.Heatmap(z=view.tolist(), colorscale="Greys", showscale=False), row=1, col=column
    )
plots.finish(
    fig,
    f"f(x, y), dark for a high number<br>{box.label}",
    "number of y",
    ["number of x", "", ""],
    height=480,
)

# %%
same_picture = torch.equal(views["zeros 3 and 8"], views["zeros 21 and 14"])
report(
    box.label,
    {"choices of zeros that rebuild f": serve, "the two pictures are equal": str(same_picture)},
)

# %% [markdown]
# A model's first vector is of this form: W_E[token] + W_pos[position]. Notebook 02 moves that zero about and the model never notices.
#
# ## Analogies
#
# Pairs out of the vocabulary: *word* and *␣word*, *␣word* and *␣Word*, *␣words*, *␣worded*; of each the 60 with the lowest numbers. The answer is sought among the family's tokens. Controls: mismatched pairs, and the token nearest to c, with no analogy in it.

# %%
ROUNDS = 10  # each pair is asked for ten times, with ten other pairs to help
families = {name: analogies.pairs(words, name) for name in analogies.FAMILIES}
mismatched = {name: analogies.mismatched(pairs) for name, pairs in families.items()}
asked, nonsense = (
    [analogies.questions(pairs, ROUNDS, seed=0) for pairs in kind.values()]
    for kind in (families, mismatched)
)


def say(W, rule, shift=0.0, asked=asked):  # -> [rounds, pairs of all families]
    return torch.cat([analogies.answers(W, q, rule, shift).view(ROUNDS, -1) for q in asked], dim=1)


def right(W, rule, shift=0.0, asked=asked):
    return say(W, rule, shift, asked) == torch.cat([q.d.view(ROUNDS, -1) for q in asked], dim=1)


# %% [markdown]
# Four rules, all from b − a + c: the nearest token by distance (the **parallelogram**); the highest cosine (**3CosAdd**), with rows normalised first as in the literature, or as they are; the highest dot product. Which can a shift touch? Lengths are in spreads, the rms distance from the mean.

# %%
spread = {name: shifts.spread(W) for name, W in clouds.items()}
unit = {name: spread[name] * shifts.direction(W.shape[1], seed=0) for name, W in clouds.items()}
scores = {}
for name, W in clouds.items():
    for where, shift in {
        "as it is": 0.0,
        "centred": -W.mean(0),
        "64 spreads away": 64 * unit[name],
    }.items():
        column = {rule: analogies.mean_and_error(right(W, rule, shift)) for rule in analogies.RULES}
        column["parallelogram, mismatched pairs"] = analogies.mean_and_error(
            right(W, "parallelogram", shift, nonsense)
        )
        scores[name, where] = {
            rule: f"{mean:.1%} ± {error:.1%}" for rule, (mean, error) in column.items()
        }
pd.DataFrame(scores)

# %% [markdown]
# Right answers, with 95 % intervals over pairs. Right or wrong, on what share of questions does 3CosAdd (rows as they are) give the parallelogram's answer: here, and 64 spreads away?

# %%
predict("n5.2", None, low=None, high=None)  # the GPT-Neo kind, as it is
predict("n5.3", None, low=None, high=None)  # the GPT-Neo kind, 64 spreads away

# %%
SIZES, FOUR = [0, 0.25, 1, 4, 16, 64], list(analogies.RULES)[:4]


def agreement(name, rule, size):  # in three directions
    W, before = clouds[name], say(clouds[name], "parallelogram")
    c = [size * spread[name] * shifts.direction(W.shape[1], seed) for seed in range(3)]
    moved = [say(W, rule, shift) for shift in c]
    return torch.stack([(now == before).double().mean() for now in moved])


agree = {(n, rule): [agreement(n, rule, size) for size in SIZES] for n in clouds for rule in FOUR}

# %%
fig = plots.panels([NEO, GPT2])
for (name, rule), shares in agree.items():
    y, error = [s.mean().item() for s in shares], [s.std().item() for s in shares]
    line = plots.line(rule, list(map(str, SIZES)), y, FOUR.index(rule), error, mode="lines+markers")
    fig.add_trace(line, row=1, col=1 + (name == GPT2))
title = f"Same answer as the unmoved parallelogram<br>{NEO} and {GPT2}"
plots.finish(fig, title, "shift (spreads)", "share of questions", height=480)

# %%
cos = "3CosAdd, rows as they are"
near, away = (agree[NEO, cos][i].mean().item() for i in (0, -1))
outcome("n5.2", near, label=NEO)
outcome("n5.3", away, label=NEO)

# %% [markdown]
# With the shift c long, the cosine of p + tc and q + tc is about 1 − ‖p − q‖² / 2t²‖c‖², lengths along c left out: far from home, cosine *is* distance. It measures angles only where zero is near. The dot product is left with one question, who lies furthest along c.


# %%
def kept(
    rule,
):  # the smallest share of answers that survive a shift, over models, sizes and directions
    stay = [
        (say(W, rule, size * unit[n]) == say(W, rule)).double().mean().item()
        for n, W in clouds.items()
        for size in SIZES
    ]
    return min(stay)


survive = {rule: kept(rule) for rule in FOUR}
blind = survive["parallelogram"] == 1 and all(survive[rule] < 1 for rule in FOUR[1:])
verdicts["parallelograms need no origin, 3CosAdd does, normalised or not"] = (
    f"{'holds' if blind else 'fails'}: answers kept at the worst shift: "
    + ", ".join(f"{rule} {share:.0%}" for rule, share in survive.items())
)


# %%
def gain(W, new, old):  # of accuracy: paired, question by question; a rule is a name and a shift
    return analogies.mean_and_error(right(W, *new).double() - right(W, *old).double())


def said(mean, error, yes="helps", no="hurts"):
    word = yes if mean > error else no if mean < -error else "no effect shown"
    return f"{word}, {100 * mean:+.1f} ± {100 * error:.1f} points of accuracy"


# %%
unit_rows, control = "3CosAdd, unit rows", "nearest to c"
by_parallelogram = {name: gain(W, ["parallelogram"], [control]) for name, W in clouds.items()}
by_centring = {name: gain(W, [unit_rows, -W.mean(0)], [unit_rows]) for name, W in clouds.items()}
verdicts["a − b + c finds words"] = "; ".join(
    f"{said(*found, 'better than its control', 'worse than its control')}, {name}"
    for name, found in by_parallelogram.items()
)
verdicts["centring helps analogies, a little"] = "; ".join(
    f"{said(*found)}, {name}" for name, found in by_centring.items()
)
verdicts["far from home, cosine is distance"] = (
    f"{'holds' if away > max(0.8, near) else 'fails'}: 3CosAdd agrees with the parallelogram on {near:.0%}, then {away:.0%}, {NEO}"
)
print(*list(verdicts.values())[-4:], sep="\n")

# %% [markdown]
# ## Which tools see zero?
#
# For each tool: does what it says change when every embedding moves by the same vector? How many do?

# %%
print(*shifts.TOOLS, sep="\n")

# %%
predict("n5.4", None, low=None, high=None)  # how many of them see the shift

# %% [markdown]
# 1,000 tokens, twice drawn, with two directions. CKA compares with the other model, which stays; the probe's feature is "starts with a space". Yardstick: rounding alone, (W + c) − c. Control: each token moved as far, but its own way; no tool should be blind to that.

# %%
measured = shifts.measure(clouds, starts_with_space)
table = shifts.table(measured)
outcome("n5.4", int((table.origin == "sees").sum()), label=f"{NEO} and {GPT2}")

# %% [markdown]
# Move the slider. Zero is drawn at 10⁻¹⁷.

# %%
shifts.figure(measured, f"What changes when the cloud moves<br>{NEO} and {GPT2}")

# %%
table

# %%
sees, blind = (set(table.index[table.origin == word]) for word in ("sees", "blind"))
foretold = {"cosine", "dot product", "norm", "nearest neighbours by cosine", "PCA, not centred"}
immune = {"Euclidean distance", "difference of two vectors", "PCA, centred", "CKA, centred"}
noise = measured.change[measured.kind == "rounding alone"].max()
control = table["control, smallest"].min()
holds = foretold <= sees and immune <= blind and control > 1e4 * noise
verdicts["cosine, dot product, norm see zero; distance, differences, centred PCA, CKA don't"] = (
    f"{'holds' if holds else 'fails'}: {len(sees)} see, {len(blind)} are blind; rounding {noise:.0e}, control at least {control:.0e}"
)

# %% [markdown]
# ## Why: weights that add up to one
#
# Every linear combination has a base point, said or not: base + Σ wᵢ·(xᵢ − base). If Σ wᵢ = 1, the base drops out and the result moves along with the cloud. If not, it lags behind. Scaling is a combination with one weight.

# %%
W, shift = clouds[NEO], 16 * unit[NEO]
combinations = {
    "mean of four": [0.25] * 4,
    "b − a + c": [1, -1, 1],
    "difference b − a": [1, -1],
    "sum of two": [1, 1],
    "three times a vector": [3],
    "ablated to zero": [0],
}
rows = {}
for what, weights in combinations.items():
    w, x = torch.tensor(weights).double(), W[1000 : 1000 + len(weights)].double()
    lag = heap.combine(x + shift, w) - (heap.combine(x, w) + shift)
    base_matters = (heap.combine(x, w, W.mean(0).double()) - heap.combine(x, w)).norm() / W.mean(
        0
    ).norm()
    rows[what] = {
        "Σw": sum(weights),
        "lag / shift": lag.norm() / shift.norm(),
        "base moves it / ‖mean‖": base_matters,
    }
lags = pd.DataFrame(rows).T.astype(float)
lags.round(6)

# %%
exact = ((lags["Σw"] - 1).abs() - lags["lag / shift"]).abs().max()
verdicts["weighted means need no zero, scaling does"] = (
    f"{'holds' if exact < 1e-5 else 'fails'}: the result lags by |Σw − 1| shifts, to {exact:.0e}"
)

# %% [markdown]
# A difference (Σw = 0) is no point but a step, which needs no origin: add it to a point. Zero-ablation takes it for a point.
#
# ## Claims met here

# %%
sources = dict.fromkeys(list(verdicts), "comment under the post") | {
    "parallelograms need no origin, 3CosAdd does, normalised or not": "comment, and this notebook",
    "a − b + c finds words": "comment (king − man + woman)",
    "centring helps analogies, a little": "Mu & Viswanath 2018 (+0.4 %)",
    "far from home, cosine is distance": "this notebook",
    "cosine, dot product, norm see zero; distance, differences, centred PCA, CKA don't": "the post's answer, extended",
}
pd.set_option("display.max_colwidth", None)
pd.DataFrame({"from": sources, "this run": verdicts})

# %%
for name, W in clouds.items():
    accuracy = {f"accuracy, {rule}": right(W, rule).double().mean().item() for rule in FOUR[:3]}
    report(
        name,
        accuracy | {"centring gains 3CosAdd (points)": 100 * by_centring[name][0]},
        {
            "centring gains 3CosAdd (points)": "+0.4 % (word vectors; mean and first components removed)"
        },
    )

# %% [markdown]
# **The lesson.** Ask of each tool whether it would notice the cloud being carried elsewhere. If it would, its answer is about the cloud *and* a point that you chose, or that nobody chose.
#
# **Still open.** Which origin would be meaningful, where the model reads with an inner product? Is the model itself blind to a shift (02)? Its LayerNorm is not (07).
#
# **Try it yourself.** Add a tool to `shifts.TOOLS` and predict its row: k-means, cosine of differences, standardising. Then turn the cloud, or stretch it: which tools see that?
#
# **Links.** [The post and its comments](https://www.alignmentforum.org/posts/eLNo7b56kQQerCzp2) · Baez, [torsors made easy](https://math.ucr.edu/home/baez/torsors.html) · Mu & Viswanath 2018, [all-but-the-top](https://arxiv.org/abs/1702.01417) · Park, Choe & Veitch, [causal inner product](https://arxiv.org/abs/2311.03658) · Steck et al. 2024, [is cosine about similarity?](https://arxiv.org/abs/2403.05440)
