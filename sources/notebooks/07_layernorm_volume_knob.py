# %% [markdown]
# # 07 What the mean does for LayerNorm
#
# **Question.** Is the mean vector a volume knob: does a model keep it to set the scale by which LayerNorm divides?
#
# **Time** 35 min · **Difficulty** ●●○ · **You need** notebook 06, and LayerNorm: take away a vector's own mean over d_model, divide by its spread, multiply by γ, add β
#
# The post has "no great story" for the big mean, and guesses: a bias that helps to control LayerNorm scale. That can be tested. To try it alone first, open puzzle 07.

# %%
import pandas as pd
import torch

from zeropoint import geometry, plots, report, streams
from zeropoint.desk import outcome, predict
from zeropoint.models import hub, load_pair
from zeropoint.puzzles.p07 import norms, volume
from zeropoint.streams.figures import by_layer

torch.manual_seed(0)
models = load_pair()
NEO, GPT2 = labels = [m.label for m in models]
BOTH = f"{NEO} and {GPT2}"

# %%
count, rows = (
    (64, (16, 64)) if models[0].source == "stand-in" else (12, (8, 32))
)  # large models: minutes otherwise
stream_of = {
    m.label: streams.stream(m.bridge, streams.sequences(m.tokenizer, count)) for m in models
}
texts = {
    m.label: streams.sequences(m.tokenizer, *rows) for m in models
}  # to intervene on: [row, position]
verdicts = {name: {} for name in labels}


def say(name, claim, verdict):
    verdicts[name][claim] = verdict
    print(f"{name} · {claim}: {verdict}")


# %% [markdown]
# ## What a knob would do
#
# Write a vector as μ + u, with μ common to all. LayerNorm divides by the spread of the sum, so a long μ turns u down. If that is what μ is **for**, then
#
# * μ makes a good part of LayerNorm's denominators;
# * any vector of its length does as well: **direction does not matter**;
# * with the denominators kept as they are, taking μ away does no harm.
#
# The rival: μ is an ordinary bias, read by what comes after for **where it points**. Then the last two fail.
#
# Two questions, then: what if μ's direction were gone and every denominator stayed? And what if μ stayed and u were as loud as without it?

# %%
predict(
    "n7.1", None, low=None, high=None
)  # share of E‖x‖² that is ‖μ‖², before the last block, the GPT-2 kind
predict("n7.2", None)  # which of the two does more, "direction" or "volume"? The GPT-Neo kind
predict("n7.3", None)  # the GPT-2 kind

# %% [markdown]
# ## Mean and variance, layer by layer
#
# E‖x‖² = ‖μ‖² + total variance, exactly. What LayerNorm divides by has first lost each vector's own mean over d_model, so its share is counted apart. μ is the mean of what the text puts into the layer.


# %%
def split(X):
    seen = X - X.mean(1, keepdim=True)  # by LayerNorm
    mu2, variance = geometry.mean(X).square().sum().item(), X.var(0, correction=0).sum().item()
    parts = {"‖μ‖²": mu2, "variance": variance, "E‖x‖²": X.square().sum(1).mean().item()}
    return parts | {
        "μ's share": geometry.share_of_mean(X),
        "… of denominators²": geometry.share_of_mean(seen),
    }


parts = {name: pd.DataFrame([split(X) for X in s.vectors]) for name, s in stream_of.items()}
pd.concat(parts, axis=1).rename_axis("blocks passed").round(3)

# %%
miss = max(((p["‖μ‖²"] + p["variance"]) / p["E‖x‖²"] - 1).abs().max() for p in parts.values())
print(f"largest relative miss of the identity: {miss:.1e}")
outcome("n7.1", parts[GPT2]["μ's share"].iloc[-2], label=GPT2)

# %%
shares = {name: parts[name]["… of denominators²"].tolist() for name in labels}
for m in models:
    fresh = streams.untrained_stream(m, streams.sequences(m.tokenizer, 8))
    shares[f"{m.label}, initial weights"] = [split(X)["… of denominators²"] for X in fresh.vectors]
title = f"How much of what LayerNorm divides by is the mean?<br>{BOTH}"
by_layer({"": shares}, title, "share of squared denominator").update_yaxes(range=[0, 1])

# %%
for name, p in parts.items():
    steps, share = p.diff().dropna(), p["… of denominators²"]
    opposed = (steps["‖μ‖²"] * steps["variance"] < 0).sum()
    off = "yes" if opposed > len(steps) / 2 else "no"
    say(
        name,
        "‖μ‖² and variance trade off, layer to layer",
        f"{off}: they part {opposed} times of {len(steps)}",
    )
    shrink = f"without μ denominators shrink by {1 - (1 - share.max()) ** 0.5:.0%} at most, after {share.argmax()} blocks"
    say(name, "the knob reaches far", f"{'yes' if share.max() > 0.5 else 'no'}: {shrink}")

# %% [markdown]
# ## Interventions
#
# With TransformerBridge's hooks, in the open: add one constant vector to the stream at one place, and edit what LayerNorm divides by.


# %%
def moved(place, by):
    return [(place, lambda x, hook: x + by)]


def denominators_kept(cache):  # of the untouched run
    return [
        (name, lambda scale, hook: cache[hook.name]) for name in cache if name.endswith("scale")
    ]


def random_of_length(vector, generator):
    r = torch.randn(vector.shape, generator=generator)
    return r * vector.norm() / r.norm()


# %% [markdown]
# **Direction only**: μ is gone, every denominator stays. **Volume only** (`volume.volume_hooks`): u is divided by what it would be divided by without μ, and μ's own part of LayerNorm's output stays as it was. The two make the removal, up to what follows from it further on. But the first may simply move LayerNorm's output further than the second. **Matched dose**: only so much of μ is taken out, denominators kept, that the first LayerNorm's output moves as far (rms) as under volume only. Then a random vector of μ's length in its stead; and, as a control for any blow of that size, a random vector added while μ stays. Both are drawn anew for every few rows of text.


# %%
def conditions(place, block, mu, factor=0.0):  # μ times factor: 0 removes it
    generator, by = torch.Generator().manual_seed(0), (factor - 1) * mu
    return {
        "μ removed": lambda cache, rows: moved(place, by),
        "direction only": lambda cache, rows: moved(place, by) + denominators_kept(cache),
        "volume only": lambda cache, rows: volume.volume_hooks(cache, block, mu, factor),
        "direction, matched dose": lambda cache, rows: (
            moved(place, -volume.matched_dose(cache, block, mu) * mu) + denominators_kept(cache)
        ),
        "random vector for μ": lambda cache, rows: moved(
            place, random_of_length(mu, generator) - mu
        ),
        "random vector added": lambda cache, rows: moved(place, random_of_length(mu, generator)),
    }


# %% [markdown]
# Where: after 0, 1, half and all of the blocks; and, since the guess is about the embedding, its mean over the **vocabulary**, taken from the tokens as they come in (the output matrix is left alone).


# %%
def places(m):
    s, n = (
        streams.stream(m.bridge, texts[m.label]),
        m.bridge.cfg.n_layers,
    )  # μ is that of the rows tested
    hooks = streams.layer_names(m.bridge)
    here = {f"after {k}": (hooks[k], k, s.vectors[k].mean(0)) for k in sorted({0, 1, n // 2, n})}
    return {"vocabulary": ("hook_embed", 0, m.W_E.mean(0))} | here


# %%
effects = {}
for m in models:
    plan = {
        (p, what): f for p, where in places(m).items() for what, f in conditions(*where).items()
    }
    effects[m.label] = streams.effects(
        m.bridge, texts[m.label], plan, batch=4
    )  # loss rise and KL of every row


# %%
def mean_and_bar(kl):
    return [kl.mean().item(), 2 * kl.std().item() / len(kl) ** 0.5]


tables = {}
for name, found in effects.items():
    each = {key: [e.loss.mean().item(), *mean_and_bar(e.kl)] for key, e in found.items()}
    tables[name] = pd.DataFrame(each, index=["loss rise", "KL", "±"]).T.rename_axis(
        ["μ of", "change"]
    )
pd.concat(tables, axis=1).round(3)

# %%
fig = plots.panels(labels, shared_yaxes=True)
for column, name in enumerate(labels, start=1):
    for i, (what, t) in enumerate(tables[name].groupby("change", sort=False)):
        where = t.index.get_level_values("μ of")
        dots = plots.line(what, where, t["KL"], i, error=t["±"], mode="markers", marker_size=9)
        dots.marker.symbol = ("circle", "diamond", "square", "triangle-up", "x", "cross")[i]
        fig.add_trace(dots, row=1, col=column)
names = [
    "whose μ: the vocabulary's, or after so many blocks",
    ["KL from the untouched model, nats a token", ""],
]
plots.finish(
    fig.update_yaxes(type="log"),
    f"What each change does to the predictions<br>{BOTH}",
    *names,
    height=480,
)

# %% [markdown]
# ## Direction or volume?
#
# The same rows of text under both, so their differences are compared row by row: a verdict needs two standard errors.


# %%
def compare(a, b):
    gap, bar = mean_and_bar(a.kl - b.kl)
    return gap, bar, 0 if abs(gap) < bar else 1 if gap > 0 else -1


sides = {}
for name, found in effects.items():
    for place in tables[name].index.unique("μ of"):
        gap, bar, sign = compare(found[place, "direction only"], found[place, "volume only"])
        side = {1: "direction", -1: "volume", 0: "undecided"}[sign]
        _, _, sign = compare(found[place, "random vector for μ"], found[place, "μ removed"])
        serves = {1: "no, it harms", -1: "yes", 0: "no better than none"}[sign]
        sides[name, place] = {
            "direction − volume": gap,
            "±": bar,
            "side": side,
            "a random vector serves": serves,
        }
        gap, bar, sign = compare(
            found[place, "direction, matched dose"], found[place, "volume only"]
        )
        side = {1: "direction", -1: "volume", 0: "undecided"}[sign]
        sides[name, place] |= {"at matched dose": gap, "± ": bar, "side at matched dose": side}
pd.DataFrame(sides).T

# %%
for asked, name in (("n7.2", NEO), ("n7.3", GPT2)):
    said = [side["side"] for (model, _), side in sides.items() if model == name]
    most = max(set(said), key=said.count)
    outcome(asked, most if said.count(most) > len(said) / 2 else "undecided", label=name)
    tally = f"direction at {said.count('direction')}, volume at {said.count('volume')} of {len(said)} places"
    guess = "supported" if said.count("volume") > len(said) / 2 else "not supported"
    say(name, "what the mean does, it does by LayerNorm's scale", f"{guess}: {tally}")
    same = [side["side at matched dose"] for (model, _), side in sides.items() if model == name]
    tally = f"direction does more at {same.count('direction')}, volume at {same.count('volume')} of {len(same)} places"
    heard = "yes" if same.count("direction") <= len(same) / 2 else "no"
    say(name, "dose for dose, the model hears volume as well as direction", f"{heard}: {tally}")

# %%
for name in labels:
    served = [side["a random vector serves"] for (model, _), side in sides.items() if model == name]
    any_does = "yes" if served.count("yes") > len(served) / 2 else "no"
    at = f"better than none at {served.count('yes')} of {len(served)} places, worse at {served.count('no, it harms')}"
    say(name, "any vector of that length would do", f"{any_does}: {at}")

# %%
for name in labels:
    guess, kl = sides[name, "vocabulary"], tables[name]["KL"]["vocabulary"]
    gap = f"{guess['side']} ({guess['direction − volume']:+.2f} ± {guess['±']:.2f} nats)"
    cost = f"taking it out costs {kl['μ removed']:.2f}, adding a random vector of its length {kl['random vector added']:.2f}"
    say(name, "… the embedding's mean over the vocabulary", f"{gap}; {cost}")

# %% [markdown]
# ## Turn the knob
#
# Scale μ from nothing to three times, where its share is largest: both effects, the direction alone, the volume alone.

# %%
factors = [0, 0.5, 0.75, 1, 1.25, 1.5, 2, 3]
turned = {}
for m in models:
    k = int(parts[m.label]["… of denominators²"][:-1].argmax())
    hook, mu = streams.layer_names(m.bridge)[k], stream_of[m.label].vectors[k].mean(0)
    plan = {
        (f, what): e for f in factors for what, e in list(conditions(hook, k, mu, f).items())[:3]
    }
    found = streams.effects(m.bridge, texts[m.label][::2], plan, batch=4)
    turned[f"{m.label}, after {k} blocks"] = found

# %%
curves, bars = {}, {}
for panel, found in turned.items():
    for what, shown in (("μ removed", "μ scaled"), ("direction only",) * 2, ("volume only",) * 2):
        points = [mean_and_bar(found[factor, what].kl) for factor in factors]
        curves.setdefault(panel, {})[shown], bars.setdefault(panel, {})[shown] = zip(
            *points, strict=True
        )
by_layer(
    curves,
    f"Turning the knob<br>{BOTH}",
    ["KL, nats a token", ""],
    error=bars,
    x="μ times",
    at=factors,
)

# %% [markdown]
# ## What does the direction say?
#
# If μ is a bias, read it: put the mean of the last layer alone through the final LayerNorm's gain and the unembedding. A bias worth having would be "how often does each token occur at all". Control: random directions.


# %%
def says(m, vector, counts):
    logits = (vector - vector.mean()) * m.bridge.ln_final.weight.detach() @ m.W_U
    return torch.corrcoef(torch.stack([logits, counts.float().log()])[:, counts > 0])[0, 1].item()


# %%
for m in models:
    s = stream_of[m.label]
    counts, mu = torch.bincount(s.token, minlength=len(m.W_E)), s.vectors[-1].mean(0)
    chance = (
        torch.tensor([says(m, torch.randn(len(mu)), counts) for _ in range(100)])
        .abs()
        .quantile(0.95)
        .item()
    )
    found = says(m, mu, counts)
    both = f"its logits correlate {found:.2f} with log frequency; 95 of 100 random directions stay under {chance:.2f}"
    say(
        m.label,
        "the top mean says how often tokens occur",
        f"{'yes' if found > chance else 'no'}: {both}",
    )

# %% [markdown]
# ## Before, after, nowhere
#
# Tiny models trained alike but for LayerNorm: before each part (as in GPT), after it (as in BERT), or none, where there is no scale to control. Three seeds, recorded by `tools/norms.py`, and looked at while they learn: a knob might matter early and be turned since. Bars are ± 2 standard errors over seeds.

# %%
runs = norms.recorded()
runs["share"] = runs["mean_squared"] / (runs["mean_squared"] + runs["variance"])
inside = (
    runs[runs["layer"] > 0].groupby(["norm", "seed", "step"]).mean()
)  # over the layers above the embedding
over_seeds = inside.groupby(["norm", "step"]).agg(["mean", "sem"])
end = over_seeds.xs(runs["step"].max(), level="step")
end[["loss", "mean_cosine", "share", "removed", "direction", "volume"]].round(3).T

# %%
kinds = {"pre": "LayerNorm before", "post": "LayerNorm after", "none": "no LayerNorm"}
shown = {"share": "share of ‖μ‖² in E‖x‖²", "direction": "direction only", "volume": "volume only"}
curves, bars = (
    {
        title: {name: factor * over_seeds.loc[kind][measure][of] for kind, name in kinds.items()}
        for measure, title in shown.items()
    }
    for of, factor in (("mean", 1), ("sem", 2))
)
steps = [str(step) for step in sorted(runs["step"].unique())]
title, y = (
    f"Tiny models as they learn, recorded<br>(neither {NEO} nor {GPT2})",
    ["share", "loss rise, nats a token", ""],
)
by_layer(curves, title, y, error=bars, x="updates (not to scale)", at=steps)

# %%
tiny, share = {}, over_seeds["share"].unstack("norm")  # at each number of updates
gap = share["mean"]["pre"] - share["mean"]["post"]
apart = gap.abs() > 2 * (share["sem"][["pre", "post"]] ** 2).sum(axis=1) ** 0.5
larger = f"larger in pre at {(apart & (gap > 0)).sum()}, in post at {(apart & (gap < 0)).sum()} of {len(gap)} looks"
final = "; at the end {pre:.2f} (pre), {post:.2f} (post)".format(**share["mean"].iloc[-1])
differ = "yes" if apart.sum() > len(gap) / 2 else "not shown"
tiny["pre- and post-LayerNorm differ"] = f"{differ}: μ's share above the embedding {larger}{final}"

# %%
cosine = end["mean_cosine"]["mean"]
needs = "no" if cosine["none"] > 0.5 * cosine["pre"] else "yes"
at_end = "mean cosine {pre:.2f} (pre), {post:.2f} (post), {none:.2f} (none)".format(**cosine)
tiny["the embedding's cone needs LayerNorm"] = f"{needs}: {at_end}"

# %%
for kind in ("pre", "post"):
    d = (
        (inside["direction"] - inside["volume"])
        .loc[kind]
        .groupby("step")
        .agg(["mean", "sem"])
        .iloc[-1]
    )
    side = (
        "undecided" if abs(d["mean"]) < 2 * d["sem"] else "direction" if d["mean"] > 0 else "volume"
    )
    tiny[f"direction or volume, {kind}-LayerNorm"] = (
        f"{side}: {d['mean']:+.3f} ± {2 * d['sem']:.3f} nats at the end"
    )

# %%
for kind in ("pre", "post"):
    rise = over_seeds.loc[kind]["volume"]  # of the loss, when all but μ is as loud as without it
    clear = rise["mean"].where(
        rise["mean"].abs() > (2 * rise["sem"]).clip(lower=0.01), 0
    )  # under 0.01: nothing
    looks = f"helps at {(clear > 0).sum()} of {len(clear)} looks, hurts at {(clear < 0).sum()}"
    reach = f"without it {rise['mean'].min():+.2f} to {rise['mean'].max():+.2f} nats"
    tiny[f"the volume helps at some time, {kind}-LayerNorm"] = (
        f"{'yes' if (clear > 0).any() else 'no'}: {looks}; {reach}"
    )
pd.set_option("display.max_colwidth", None)
pd.Series(tiny, name="tiny models, recorded")

# %% [markdown]
# With the hub, a real post-LayerNorm model, BERT: its means, layer by layer.

# %%
if models[0].source == "hub":
    try:
        label, bert = streams.encoder_stream("google-bert/bert-base-uncased")
        print(f"{label}: share of μ by layer", [round(geometry.share_of_mean(X), 3) for X in bert])
    except hub.HubError as problem:  # nothing below needs it
        print(problem)
else:
    print("BERT is measured where the hub models run.")

# %% [markdown]
# ## Claims met here

# %%
sources = {
    "‖μ‖² and variance trade off, layer to layer": "Yamagiwa & Shimodaira 2024",
    "what the mean does, it does by LayerNorm's scale": "the author's guess",
    "… the embedding's mean over the vocabulary": "the author's guess",
    "the embedding's cone needs LayerNorm": "the author's guess",
    "pre- and post-LayerNorm differ": "a comment on the post",
}
claims = pd.DataFrame(verdicts)
claims = pd.concat(
    [claims, pd.DataFrame({name: tiny for name in ["tiny models, recorded"]})], axis=1
).fillna("")
claims.insert(0, "from", [sources.get(claim, "this notebook") for claim in claims.index])
claims

# %%
for name in labels:
    kl, share = tables[name]["KL"], parts[name]["… of denominators²"]
    place = kl.index.unique("μ of")[-2]
    numbers = {"μ's share of denominators², largest": share.max()}
    report(
        name,
        numbers
        | {f"KL, {what}, {place}": kl[place, what] for what in ("direction only", "volume only")},
    )

# %% [markdown]
# **The lesson.** "It sets the scale" and "it says something" are different claims, and one hook apart: hold the denominators still. And say at which dose: what taking μ out does whole, and what a nudge of equal size does, are two questions.
#
# **Still open.** Interventions say what a trained model uses, not why training went there. The tiny models' early looks come nearer to that; a real model's early checkpoints would settle it.
#
# **Try it yourself.** Remove μ everywhere at once and give the next layer's bias what it lost (02 shows how): how much of the loss comes back?
#
# **Links.** [The post](https://www.alignmentforum.org/posts/eLNo7b56kQQerCzp2) · Yamagiwa & Shimodaira 2024, [norm of the mean](https://arxiv.org/abs/2409.11253) · Xiong et al. 2020, [pre- and post-LayerNorm](https://arxiv.org/abs/2002.04745) · Stollenwerk et al. 2026, [output embedding centring](https://arxiv.org/abs/2601.02031)
