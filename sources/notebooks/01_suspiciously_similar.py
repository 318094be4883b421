# %% [markdown]
# # 01 Suspiciously similar embeddings
#
# **Question.** Why do GPT-Neo's token embeddings all point the same way, and GPT-2's much less?
#
# **Time** 30 min · **Difficulty** ●○○ · **You need** matrix products, the cosine, and that a language model begins by looking up each token in a table of vectors
#
# After Neel Nanda's [Mech Interp Puzzle 1](https://www.alignmentforum.org/posts/eLNo7b56kQQerCzp2). An answer is a mechanism, evidence for it, and a rival ruled out. To try it alone first, open puzzle 01.

# %%
import pandas as pd
import torch
from einops import einsum

from zeropoint import geometry, plots, report
from zeropoint.models import load, load_embedding, load_pair
from zeropoint.desk import outcome, predict

neo, gpt2 = load_pair()

# %%
device = "cuda" if torch.cuda.is_available() else "cpu"
torch.manual_seed(0)
clouds = {m.label: m.W_E.to(device) for m in (neo, gpt2)}  # each [d_vocab, d_model]
d_vocab, d_model = clouds[neo.label].shape
clouds["random vectors"] = torch.randn(5000, d_model, device=device)  # so many are enough
NEO, GPT2, RANDOM = clouds

# %% [markdown]
# ## Predict before you look
#
# Take two different tokens at random. What is the cosine of their embeddings, on average? Put a number for `None`, with an interval that you would bet on at four to one.

# %%
predict("n1.1", None, low=None, high=None)  # random vectors
predict("n1.2", None, low=None, high=None)  # the GPT-Neo kind
predict("n1.3", None, low=None, high=None)  # the GPT-2 kind

# %% [markdown]
# ## Every pair of tokens
#
# Not a sample, no token paired with itself, each pair once.

# %%
histograms = {name: geometry.cosine_histogram(W) for name, W in clouds.items()}
plots.cosine_figure(histograms, f"Cosines of all token pairs<br>{NEO} and {GPT2}")

# %%
mean_cosine = {name: geometry.mean_pairwise_cosine(W) for name, W in clouds.items()}
for name, asked in zip((RANDOM, NEO, GPT2), ("n1.1", "n1.2", "n1.3"), strict=True):
    outcome(asked, mean_cosine[name], label=name)


# %% [markdown]
# The post took 5,000 random rows. Here is that recipe with its three slips mended: a seed, no diagonal, each pair once.


# %%
def sampled_mean(W, rows=5000):
    u = torch.nn.functional.normalize(W[torch.randperm(len(W))[:rows]], dim=1)
    cosines = einsum(u, u, "i d, j d -> i j")
    return cosines[torch.triu(torch.ones_like(cosines), diagonal=1).bool()].mean().item()


measured = pd.DataFrame({"pairs": {n: h.pairs for n, h in histograms.items()}, "mean cosine": mean_cosine})
measured["mean cosine, 5,000 rows"] = [sampled_mean(W) for W in clouds.values()]
measured["published (the post)"] = ["GPT-Neo-125M: over 0.9", "GPT-2 small: closer to 0.3", "0 ± 1/√d"]
measured.round(4)

# %% [markdown]
# ## Five rivals
#
# * **(a)** The tokens are similar in meaning.
# * **(b)** A few dimensions are huge or constant.
# * **(c)** All tokens sit in one far cluster: each is a big common vector plus a small one of its own.
# * **(d)** The norms, or the rare tokens, do it.
# * **(e)** The loader did something to the weights.
#
# Which would survive if you shuffled every column of the matrix on its own? Decide before you run the next cell.

# %% [markdown]
# ### (a) Meaning
#
# After the shuffle each row is a chimera, its coordinates taken from unrelated tokens. No meaning is left in it; the values in each column are what they were.

# %%
verdicts = {}


def chimeras(W):
    return torch.stack([column[torch.randperm(len(column))] for column in W.T], dim=1)


shuffled = {name: geometry.mean_pairwise_cosine(chimeras(W)) for name, W in clouds.items()}
kept = shuffled[NEO] / mean_cosine[NEO]
verdicts["(a) meaning"] = f"{'killed' if kept > 0.9 else 'not killed'}: chimeras keep {kept:.0%} of the mean cosine"
pd.DataFrame({"real rows": mean_cosine, "chimeras": shuffled}).round(4)

# %% [markdown]
# ### (b) A few dimensions
#
# The mean cosine is a sum over coordinates. Sort them by what they add. The baseline is a random direction, whose squared coordinates are uneven too.

# %%
added = {name: geometry.sum_over_dimensions(clouds[name]).sort(descending=True).values for name in (NEO, GPT2)}
added["a random direction"] = torch.randn(d_model).square().sort(descending=True).values
cumulated = {name: (a.cumsum(0) / a.sum()).cpu() for name, a in added.items()}

fig = plots.go.Figure(
    [plots.line(n, range(1, d_model + 1), y.tolist(), i) for i, (n, y) in enumerate(cumulated.items())]
)
plots.finish(
    fig,
    f"How many dimensions make the mean cosine?<br>{NEO} and {GPT2}",
    "dimensions, largest first",
    "share of the mean cosine",
)

# %%
half = {name: int((y < 0.5).sum()) + 1 for name, y in cumulated.items()}
top = geometry.sum_over_dimensions(clouds[NEO]).argsort(descending=True)[3:]
without_top_3 = geometry.mean_pairwise_cosine(clouds[NEO][:, top])
few = half[NEO] <= 3 or without_top_3 < 0.5 * mean_cosine[NEO]
verdicts["(b) few dimensions"] = (
    f"{'kept' if few else 'killed'}: half of it needs {half[NEO]} of {d_model}; without the top three {without_top_3:.3f}"
)
print(half, "\nmean cosine without the three largest dimensions:", round(without_top_3, 3))

# %% [markdown]
# ### (d) Norms and rare tokens
#
# A cosine divides the norms out, so they cannot do it by themselves. Rare tokens could. Byte-pair encoding makes tokens roughly in order of frequency, so the token's number stands in for its rank.

# %%
fifths = {name: W.tensor_split(5) for name, W in clouds.items()}
ranks = ["most frequent", "2nd fifth", "3rd fifth", "4th fifth", "rarest"]
fig = plots.panels(["mean row norm", "mean cosine within the fifth"])
for i, (name, parts) in enumerate(fifths.items()):
    norms = [part.norm(dim=1).mean().item() for part in parts]
    cosines = [geometry.mean_pairwise_cosine(part) for part in parts]
    for column, y in enumerate((norms, cosines), start=1):
        fig.add_trace(plots.line(name, ranks, y, i, mode="lines+markers"), row=1, col=column)
plots.finish(fig, f"By token number<br>{NEO} and {GPT2}", "fifth of the vocabulary", ["norm", "cosine"])

# %%
frequent = geometry.mean_pairwise_cosine(fifths[NEO][0])
verdicts["(d) rare tokens"] = (
    f"{'killed' if frequent > 0.5 * mean_cosine[NEO] else 'kept'}: the most frequent fifth alone has {frequent:.3f}"
)
print(verdicts["(d) rare tokens"])

# %% [markdown]
# ### (e) The loader
#
# Read the matrix straight from the weights file, past TransformerLens; then let TransformerLens process the weights, which is what its older versions did by default.

# %%
by_loader = geometry.mean_pairwise_cosine(load(neo.found.name, processed=True).W_E)
same = torch.equal(load_embedding(neo.found.name).W.float(), neo.W_E)
verdicts["(e) the loader"] = (
    f"{'killed' if same else 'open'}: the file holds {'the same' if same else 'other'} numbers; processed, {by_loader:.3f}"
)
print(verdicts["(e) the loader"])

# %% [markdown]
# ## The reveal
#
# What is left is (c). If it holds, the mean of all rows is long, each row points along it, and the mean cosine is the squared length of the mean *unit* vector, whatever else the rows do. Take the mean away and the similarity should go with it. How far?

# %%
predict("n1.4", None, low=None, high=None)  # mean cosine of the GPT-Neo kind after centring

# %%
centred = {name: geometry.centre(W) for name, W in clouds.items()}  # less the mean over the vocabulary
after = {name: geometry.cosine_histogram(W) for name, W in centred.items()}
outcome("n1.4", geometry.mean_pairwise_cosine(centred[NEO]), label=NEO)

# %%
fig = plots.panels(["cosine with the mean vector", "all pairs, after centring"])
for i, (name, W) in enumerate(clouds.items()):
    with_mean = torch.histc(geometry.cosine_with_mean(W), bins=100, min=-1, max=1).cpu() / len(W) * 50
    fig.add_trace(
        plots.line(name, after[name].coarser(20).centres.tolist(), with_mean.tolist(), i, line_shape="hvh"),
        row=1,
        col=1,
    )
for trace in plots.histogram_lines(after):
    fig.add_trace(trace, row=1, col=2)
plots.finish(
    fig,
    f"The common vector, and the cloud without it<br>{NEO} and {GPT2}",
    ["cosine", "cosine"],
    "share per unit of cosine",
)

# %% [markdown]
# Negative controls: take away something else of the same length. The other model's mean, this mean with its coordinates shuffled, and each row's own mean over d_model (the usual slip).

# %%
mu = {name: geometry.mean(W) for name, W in clouds.items()}
length = mu[NEO].norm()
taken = {
    "nothing": torch.zeros_like(mu[NEO]),
    "the mean": mu[NEO],
    "the other model's mean, same length": mu[GPT2] * length / mu[GPT2].norm(),
    "the mean, coordinates shuffled": mu[NEO][torch.randperm(d_model)],
    "each row's own mean over d_model": clouds[NEO].mean(1, keepdim=True),
}
left = {what: geometry.mean_pairwise_cosine(clouds[NEO] - vector) for what, vector in taken.items()}
pd.DataFrame({f"mean cosine left, {NEO}": left}).round(4)

# %%
share = {name: geometry.share_of_mean(W) for name, W in clouds.items()}
alongside = (geometry.cosine_with_mean(clouds[NEO]) > 0).float().mean().item()  # two opposite clusters: about a half
gone = abs(left["the mean"]) < 0.1 * mean_cosine[NEO] and alongside > 0.9
specific = min(abs(v) for what, v in left.items() if what != "the mean") > 5 * abs(left["the mean"])
verdicts["(c) one common vector"] = (
    f"{'kept' if gone and specific else 'not shown'}: without the mean {left['the mean']:.4f}; {alongside:.1%} of tokens on its side; it is {share[NEO]:.0%} of E‖w‖²"
)
pd.DataFrame(
    {
        "‖mean‖": {n: m.norm().item() for n, m in mu.items()},
        "mean row norm": {n: W.norm(dim=1).mean().item() for n, W in clouds.items()},
        "median cosine with the mean": {n: geometry.cosine_with_mean(W).median().item() for n, W in clouds.items()},
        "‖mean unit vector‖²": {
            n: geometry.mean(geometry.unit_rows(W)).square().sum().item() for n, W in clouds.items()
        },
        "mean cosine": mean_cosine,
    }
).round(4)

# %% [markdown]
# Published for GPT-Neo-125M: ‖mean‖ 11, mean row norm 11.4, mean cosine 0.93, after centring 0.0024 ([a reply in the same community](https://www.greaterwrong.com/posts/DZk6mRo9vhCXN9Rfn)); modal cosine with the mean about 0.95 (the post).
#
# ## What is left
#
# A mean cosine near zero is not an even cloud: positive and negative cosines cancel. Their size does not. And tokens may hold more or less of the common vector: how much of what is left lies along it?

# %%
along = {name: W @ (mu[name] / mu[name].norm()) for name, W in centred.items()}
across = {name: W - along[name][:, None] * mu[name] / mu[name].norm() for name, W in centred.items()}
rest = pd.DataFrame(
    {
        "mean |cosine|": {n: h.mean_abs for n, h in after.items()},
        "isotropic cloud would give": (2 / torch.pi / d_model) ** 0.5,
        "effective dimension": {n: geometry.effective_dimension(W) for n, W in centred.items()},
        "of": d_model,
        "share of variance along the mean": {
            n: (a.square().sum() / centred[n].square().sum()).item() for n, a in along.items()
        },
        "effective dimension across it": {n: geometry.effective_dimension(W) for n, W in across.items()},
        "first component's share": {n: geometry.principal_shares(W)[0].item() for n, W in clouds.items()},
    }
)
rest.round(4)

# %% [markdown]
# Published for GPT-Neo-125M after centring: mean |cosine| 0.1831, where 768 isotropic dimensions would give 0.0288. Which tokens lie at the two ends of the first component?

# %%
direction = torch.linalg.eigh(centred[NEO].T @ centred[NEO]).eigenvectors[:, -1]
order = (centred[NEO] @ direction).argsort().tolist()
for end, ids in (("one end", order[:10]), ("other end", order[-10:])):
    print(f"{NEO}, {end}:", [neo.tokenizer.decode([i]) for i in ids])

# %% [markdown]
# ## Bonus: what the difference between the models does not tell
#
# Slide each centred cloud along its own mean direction and watch the mean cosine. No difference between two tokens ever changes. If cosine measures only how far away the origin is, all clouds should follow r² / (1 + r²), with r = ‖mean‖ / rms spread.

# %%
distances = torch.logspace(-1.5, 1.2, 25).tolist()
fig = plots.go.Figure(plots.line("r² / (1 + r²)", distances, [r * r / (1 + r * r) for r in distances], 5))
miss = 0.0
for i, name in enumerate(clouds):
    spread = centred[name].square().sum(1).mean().sqrt()
    step = spread * mu[name] / mu[name].norm()
    y = [geometry.mean_pairwise_cosine(centred[name] + r * step) for r in distances]
    fig.add_trace(plots.line(f"{name}, moved", distances, y, i))
    r = (mu[name].norm() / spread).item()
    fig.add_trace(plots.line(f"{name}, as it is", [r], [mean_cosine[name]], i, mode="markers", marker_size=12))
    miss = max([miss] + [abs(v - x * x / (1 + x * x)) for x, v in zip(distances, y, strict=True)])
fig.update_xaxes(type="log")
plots.finish(
    fig,
    f"Mean cosine is the distance of the origin<br>{NEO} and {GPT2}",
    "‖mean‖ / rms spread",
    "mean pairwise cosine",
    height=520,
)

# %% [markdown]
# So from "GPT-Neo's cosines are higher" you may infer that its cloud lies further from zero, relative to its spread. You may not infer that its tokens are more alike, or that its embedding holds less. Why the cloud went further is notebook 04.
#
# ## Claims met here

# %%
verdicts["cosine measures the origin's distance"] = f"largest miss of r²/(1+r²) over all clouds and shifts: {miss:.3f}"
sources = {"(c) one common vector": "the post's answer"}
pd.set_option("display.max_colwidth", None)
pd.DataFrame({"from": {c: sources.get(c, "this notebook") for c in verdicts}, f"this run, {NEO}": verdicts})

# %%
published = {
    NEO: {"mean cosine": "over 0.9 (GPT-Neo-125M, the post)", "centred": "0.0024 (GPT-Neo-125M)"},
    GPT2: {"mean cosine": "closer to 0.3 (GPT-2 small, the post)"},
}
for name in (NEO, GPT2):
    numbers = {"mean cosine": mean_cosine[name], "centred": geometry.mean_pairwise_cosine(centred[name])}
    report(name, numbers | {"‖mean‖²/E‖w‖²": share[name]}, published[name])

# %% [markdown]
# **The lesson.** Cosine, dot product and norm are measured from an origin. Ask whether yours means anything before you read them.
#
# **Still open.** Can the model tell where its origin is (02)? When does the mean appear (03)? Why do the two models differ (04)? What are the directions that centring leaves?
#
# **Try it yourself.** `load_embedding("EleutherAI/pythia-70m")`: predict its mean cosine, then `python -m zeropoint stats` it. Does the output matrix do the same?
#
# **Links.** [The post](https://www.alignmentforum.org/posts/eLNo7b56kQQerCzp2) · Mu & Viswanath 2018, [all-but-the-top](https://arxiv.org/abs/1702.01417) · Gao et al. 2019, [representation degeneration](https://arxiv.org/abs/1907.12009) · Biś et al. 2021, [common drift](https://aclanthology.org/2021.naacl-main.403) · Ethayarajh 2019, [how contextual](https://arxiv.org/abs/1909.00512)
