# %% [markdown]
# # 06 Through the layers
#
# **Question.** Is the cone only at the bottom, or do the vectors inside the model share a direction too?
#
# **Time** 35 min · **Difficulty** ●●○ · **You need** notebook 01, and that each block of a transformer adds to a running sum, the residual stream
#
# Under the post someone asks: aren't there more layers? And Cai et al. 2021 report that GPT-2's hidden vectors fall into two clusters. Here both are measured, on whichever models run. To try it alone first, open puzzle 06.

# %%
import pandas as pd
import torch

from zeropoint import geometry, report
from zeropoint import streams
from zeropoint.puzzles.p06 import clusters
from zeropoint.puzzles.p06 import measures
from zeropoint.puzzles.p06.figures import coloured
from zeropoint.streams.figures import by_layer
from zeropoint.models import load_pair
from zeropoint.desk import outcome, predict

torch.manual_seed(0)
models = load_pair()
NEO, GPT2 = labels = [m.label for m in models]
BOTH = f"{NEO} and {GPT2}"

# %%
verdicts = {name: {} for name in labels}


def say(name, claim, verdict):
    verdicts[name][claim] = verdict
    print(f"{name} · {claim}: {verdict}")


# %% [markdown]
# ## The vectors
#
# Python source from the standard library that no stand-in was trained on (a published model may have seen it), cut into rows of tokens. No beginning-of-text token is put in front: what stands at position 0 is an ordinary token. One row, in the open:

# %%
count = 64 if models[0].source == "stand-in" else 24
ids = {m.label: streams.sequences(m.tokenizer, count) for m in models}  # [sequence, position]
print(models[0].tokenizer.decode(ids[NEO][0, :24]))

_, cache = models[0].bridge.run_with_cache(ids[NEO][:1])
{name: tuple(cache[name].shape) for name in ("blocks.0.hook_resid_pre", "blocks.0.hook_resid_post")}

# %% [markdown]
# The same for every row and layer. Layer 0 is token plus position embedding; layer k is what stands after k blocks. The control has the same architecture and fresh initial weights.

# %%
stream_of = {m.label: streams.stream(m.bridge, ids[m.label]) for m in models}
initial = {m.label: streams.untrained_stream(m, ids[m.label][:16]) for m in models}
{name: tuple(s.vectors.shape) for name, s in stream_of.items()}  # [layer, token in text, d_model]

# %% [markdown]
# ## Predict before you look
#
# Take two different tokens, each from somewhere in the text, at the top layer. What is the mean cosine of their vectors?

# %%
predict("n6.1", None, low=None, high=None)  # the GPT-Neo kind, top layer
predict("n6.2", None, low=None, high=None)  # the GPT-2 kind, top layer
predict("n6.3", None)  # "one" cloud or "two" clusters, at any layer of the GPT-Neo kind?
predict("n6.4", None)  # and of the GPT-2 kind?

# %% [markdown]
# ## Aren't there more layers?
#
# Three mean cosines, none of which needs a table of pairs: of **different tokens** when every type counts the same (Cai et al.'s inter-type), of different vectors **as often as the text uses them**, and of the **same token in two contexts** (intra-type). Shuffling each coordinate on its own is the negative control: it keeps the common vector, and what tells tokens apart is gone.


# %%
TYPES, USE, SAME = "different tokens, types alike", "different vectors, by use", "same token, other context"


def profile(s):
    cosines = [measures.type_cosines(X, s.token) for X in s.vectors]
    by_use = [geometry.mean_pairwise_cosine(X) for X in s.vectors]
    return torch.tensor([[c.inter for c in cosines], by_use, [c.intra for c in cosines]])  # [measure, layer]


# %%
clouds = stream_of | {f"{n}, initial weights": s for n, s in initial.items()}
clouds |= {f"{n}, coordinates shuffled": measures.shuffled_coordinates(s) for n, s in stream_of.items()}
profiles = {name: profile(s) for name, s in clouds.items()}
error = {name: 2 * streams.over_groups(profile, s) for name, s in stream_of.items()}  # ± two standard errors

# %%
curves, bars = (
    {what: {n: p[k] for n, p in of.items()} for k, what in enumerate((TYPES, USE, SAME))} for of in (profiles, error)
)
by_layer(curves, f"Mean cosine in the residual stream<br>{BOTH}", "mean cosine", error=bars, height=500)

# %%
for asked, name in (("n6.1", NEO), ("n6.2", GPT2)):
    outcome(asked, curves[TYPES][name][-1].item(), label=name)

# %%
for name in labels:
    here, start = curves[TYPES][name], curves[TYPES][f"{name}, initial weights"]
    above, top = (here - bars[TYPES][name] > start).sum().item(), here.argmax().item()
    bottom = "no" if above > 1 else "yes" if above else "no cone"
    reach = f"above initial weights at {above} of {len(here)} layers, most ({here[top]:.2f}) after {top} blocks"
    say(name, "the cone is only at the bottom", f"{bottom}: {reach}")

# %% [markdown]
# ## The mean of what?
#
# 01 averaged over the vocabulary, where every token counts once. The model reads a text, in which few tokens make up most. The token embedding once more, counted three ways:

# %%
ways = {}
for m in models:
    W, token = m.W_E, stream_of[m.label].token
    counted = {"vocabulary": W, "types in the text": W[token.unique()], "text": W[token]}
    ways[m.label] = {way: geometry.mean_pairwise_cosine(cloud) for way, cloud in counted.items()}
pd.DataFrame(ways).T.round(3)

# %%
for name, cosine in ways.items():
    alike = "yes" if 0.8 < cosine["text"] / cosine["vocabulary"] < 1.25 else "no"
    both = f"mean cosine {cosine['vocabulary']:.3f} over the vocabulary, {cosine['text']:.3f} over the text"
    say(name, "what the model reads is as much a cone as its vocabulary", f"{alike}: {both}")

# %% [markdown]
# So say which mean. From here on: by use.
#
# ## Two clusters?
#
# k-means with two centres, told nothing of positions or tokens. It cuts any cloud in two, so its silhouette needs company:
#
# * the **Gaussian twin**, one cloud with the same mean and covariance;
# * initial weights;
# * a **planted** second cluster, to see that the test can say yes: position 0 pushed away by ten times the cloud's radius. (k-means weighs by variance: a few vectors much nearer than that would escape it.)
#
# "Two clusters" shall mean a silhouette over 0.5 (Kaufman and Rousseeuw's bar for a reasonable structure) and 0.1 above the twin's; and a valley: between the two sides the density falls to less than half of the lower peak. A long tail has a silhouette, but no valley. (The valley was added when a stand-in's long tail had passed the first two tests, so the verdict also says what they alone would.)


# %%
def planted(X, position):
    radius = geometry.centre(X).square().sum(1).mean().sqrt()
    return X + 10 * radius * torch.nn.functional.normalize(X[0], dim=0) * (position == 0)[:, None]


# %%
cuts = {}
for name, s in stream_of.items():
    clouds = {"trained": s.vectors, "its Gaussian twin": [clusters.gaussian_twin(X) for X in s.vectors]}
    clouds |= {"initial weights": initial[name].vectors, "planted": [planted(X, s.position) for X in s.vectors]}
    cuts[name] = {what: [clusters.two_means(X) for X in cloud] for what, cloud in clouds.items()}

# %%
panels = {}
for measure in ("silhouette", "valley"):
    for name in labels:
        values = {what: [getattr(cut, measure) for cut in each] for what, each in cuts[name].items()}
        panels[f"{measure}<br>{name}"] = values
by_layer(panels, f"Are there two clusters?<br>{BOTH}", ["mean silhouette", "", "density between ÷ lower peak", ""])

# %%
two = {}
for name, cut in cuts.items():
    pairs = {what: list(zip(cut[what], cut["its Gaussian twin"], strict=True)) for what in ("trained", "planted")}
    two[name], control = ([c.is_two_clusters(twin) for c, twin in pairs[what]] for what in pairs)
    tails = sum(c.is_lopsided(twin) for c, twin in pairs["trained"])
    top = max(cut["trained"], key=lambda c: c.silhouette)
    best = f"best silhouette {top.silhouette:.2f}, with a valley of {top.valley:.2f}"
    shown = f"planted control found at {sum(control)}"
    say(
        name,
        "two clusters",
        f"{'yes' if any(two[name]) else 'no'}: at {sum(two[name])} of {len(control)} layers, without the valley test {tails}; {best}; {shown}",
    )

# %%
for asked, name in (("n6.3", NEO), ("n6.4", GPT2)):
    outcome(asked, "two" if any(two[name]) else "one", label=name)

# %% [markdown]
# ## What does the cut follow?
#
# Clusters or not, k-means cut somewhere. Look at the layer where it beat its twin by most, in three colours.

# %%
best, small = {}, {}
for name, cut in cuts.items():
    ahead = [c.silhouette - twin.silhouette for c, twin in zip(cut["trained"], cut["its Gaussian twin"], strict=True)]
    best[name] = ahead.index(max(ahead))
    small[name] = cut["trained"][best[name]].small
coloured(stream_of[NEO], best[NEO], small[NEO], f"{NEO} after {best[NEO]} blocks")

# %%
coloured(stream_of[GPT2], best[GPT2], small[GPT2], f"{GPT2} after {best[GPT2]} blocks")

# %% [markdown]
# How well does each of them, alone, tell the two sides apart? 0 is not at all, 1 is by one threshold; the token is judged on rows it was not fitted on. The control gives the vectors' sides to the wrong vectors. And a second run with the tokens of each row in random order says whether position 0 is special whatever stands there.

# %%
explained = {}
for m in models:
    name, layer = m.label, best[m.label]
    s, side = stream_of[name], small[name]
    mixed = streams.stream(m.bridge, ids[name][:16, torch.randperm(ids[name].shape[1])])
    other = clusters.two_means(mixed.vectors[layer]).small
    explained[name] = clusters.explanations(s, layer, side)
    explained[f"{name}, sides shuffled"] = clusters.explanations(s, layer, side[torch.randperm(len(side))])
    explained[f"{name}, words in random order"] = clusters.explanations(mixed, layer, other)
pd.DataFrame(explained).T.round(2)

# %%
for name in labels:
    s, side, told = stream_of[name], small[name], pd.Series(explained[name])
    X, first = geometry.centre(s.vectors[best[name]]), s.position == 0
    off = X[first].mean(0).norm() / X.square().sum(1).mean().sqrt()
    size = f"the smaller side holds {side.float().mean():.1%} of the vectors, {side[first].float().mean():.0%} of positions 0"
    follows = f"the cut follows most: {told.idxmax()} ({told.max():.2f}); position 0 lies {off:.1f} radii off"
    say(name, "the small cluster is position 0", f"{'yes' if told['position 0'] > 0.9 else 'no'}: {size}; {follows}")

# %% [markdown]
# ## What takes the cosine away?
#
# Cai et al. centre within each cluster. Would one mean for all do, or leaving out position 0?


# %%
def recentred(X, s, small):
    later = X[s.position > 0]
    ways = {"as it is": X, "without position 0": later, "centred": geometry.centre(X)}
    ways["without position 0, then centred"] = geometry.centre(later)
    ways["centred per cluster"] = X - torch.where(small[:, None], X[small].mean(0), X[~small].mean(0))
    return {way: geometry.mean_pairwise_cosine(V) for way, V in ways.items()}


# %%
left = {}
for name, s in stream_of.items():
    each = [recentred(X, s, cut.small) for X, cut in zip(s.vectors, cuts[name]["trained"], strict=True)]
    left[name] = pd.DataFrame(each)
by_layer(
    {n: t.to_dict("list") for n, t in left.items()},
    f"What is left of the mean cosine<br>{BOTH}",
    ["mean cosine by use", ""],
)

# %%
for name in labels:
    worst = left[name].abs().max()
    enough = worst[worst < 0.05]
    none = f"none of these brings it under 0.05 at every layer; centred leaves {worst['centred']:.3f}"
    say(
        name,
        "which re-centring suffices",
        f"{enough.index[0]}: at most {enough.iloc[0]:.3f} left" if len(enough) else none,
    )
pd.DataFrame({name: left[name].abs().max() for name in labels}).round(3)

# %% [markdown]
# ## Rogue dimensions
#
# Timkey & van Schijndel 2021: in upper layers one to three coordinates make most of the cosine, and standardising (each coordinate also divided by its spread) helps more than centring. The mean cosine is a sum over coordinates; a random direction is the baseline, for it is uneven too. Whether a treatment helps is asked twice: how even is the cloud after it (effective dimension, 01), and does the cosine then tell pairs of the same token from pairs of different tokens? 1 is always, 0 not at all.


# %%
def treatments(X):
    centred = geometry.centre(X)
    return {"as it is": X, "centred": centred, "standardised": centred / centred.std(0)}


def effective(s, way):
    return [geometry.effective_dimension(treatments(X)[way]) for X in s.vectors]


# %%
panels = {f"top {k}": {n: [measures.top_share(X, k) for X in s.vectors] for n, s in stream_of.items()} for k in (1, 3)}
squares = torch.randn(1000, stream_of[NEO].vectors.shape[2]).square()
chance = {k: (squares.topk(k).values.sum(1) / squares.sum(1)).quantile(0.99).item() for k in (1, 3)}
for k in chance:
    panels[f"top {k}"]["a random direction, at most (99 %)"] = [chance[k]] * len(stream_of[NEO])
panels |= {way: {n: effective(s, way) for n, s in stream_of.items()} for way in ("centred", "standardised")}

# %%
by_layer(panels, f"Rogue dimensions<br>{BOTH}", ["share of the mean cosine", "", "effective dimension", ""])

# %%
for name in labels:
    y = torch.tensor(panels["top 3"][name])
    dominate = "yes" if y.max() > 0.5 else "partly" if y.max() > chance[3] else "no"
    reach = f"up to {y.max():.0%} of the mean cosine, after {y.argmax()} blocks; a random direction has up to {chance[3]:.0%}"
    say(name, "one to three dimensions dominate", f"{dominate}: {reach}")


# %%
def told(s):  # [treatment, layer]
    each = [[clusters.recognises(V, s.token) for V in treatments(X).values()] for X in s.vectors]
    return torch.tensor(each).T


recognised = {n: pd.DataFrame(told(s).T, columns=["as it is", "centred", "standardised"]) for n, s in stream_of.items()}
pd.concat(recognised, axis=1).rename_axis("blocks passed").round(3)

# %%
for name, s in stream_of.items():
    gain, sure = (
        recognised[name]["standardised"] - recognised[name]["centred"],
        2 * streams.over_groups(lambda p: told(p)[2] - told(p)[1], s),
    )
    better, worse, n = (gain > sure.numpy()).sum(), (-gain > sure.numpy()).sum(), len(gain)
    evener = sum(a > b for a, b in zip(panels["standardised"][name], panels["centred"][name], strict=True))
    helps = "yes" if better > n / 2 else "no" if worse >= better else "at some layers"
    counts = f"tells tokens apart better at {better} of {n} layers, worse at {worse}; the cloud is evener at {evener}"
    say(name, "standardising helps more than centring", f"{helps}: {counts}")

# %% [markdown]
# ## Claims met here

# %%
sources = {
    "the cone is only at the bottom": "a comment on the post",
    "two clusters": "Cai et al. 2021, GPT-2",
    "which re-centring suffices": "Cai et al.: per cluster",
    "one to three dimensions dominate": "Timkey & van Schijndel 2021",
    "standardising helps more than centring": "Timkey & van Schijndel 2021",
}
pd.set_option("display.max_colwidth", None)
claims = pd.DataFrame(verdicts)
claims.insert(0, "from", [sources.get(claim, "this notebook") for claim in claims.index])
claims

# %%
published = {"inter-type cosine, mid layers": "about 0.6, layers 2–8 (GPT-2, Ethayarajh 2019)"}
for name in labels:
    inter, intra = curves[TYPES][name], curves[SAME][name]
    numbers = {"inter-type cosine, mid layers": inter[1:-1].mean().item(), "inter-type cosine, top": inter[-1].item()}
    numbers |= {
        "intra-type cosine, top": intra[-1].item(),
        "silhouette": max(c.silhouette for c in cuts[name]["trained"]),
    }
    report(name, numbers, published if name == GPT2 else None)

# %% [markdown]
# **The lesson.** "The mean" is a choice: of which vectors, counted how, at which layer. And a method that always answers "two" has told you nothing until it has met a cloud of one.
#
# **Still open.** How large must a model be before position 0 parts company? Do the stand-ins' continuous cuts correspond to anything the model computes with?
#
# **Try it yourself.** `load("EleutherAI/pythia-70m")` through the same cells. Put `tokenizer.bos_token_id` in front of every row: does anything at position 1 change?
#
# **Links.** [The post](https://www.alignmentforum.org/posts/eLNo7b56kQQerCzp2) · Cai et al. 2021, [isotropy and clusters](https://openreview.net/forum?id=xYGNO86OWDH) · Ethayarajh 2019, [how contextual](https://arxiv.org/abs/1909.00512) · Timkey & van Schijndel 2021, [rogue dimensions](https://aclanthology.org/2021.emnlp-main.372) · Sun et al. 2024, [massive activations](https://arxiv.org/abs/2402.17762)
