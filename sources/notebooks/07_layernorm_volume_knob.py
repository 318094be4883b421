# %% [markdown]
# # 07 A volume knob?
#
# **Question.** Is the mean vector a volume knob: does a model keep it to set the scale by which LayerNorm divides?
#
# **Time** 40 min · **Difficulty** ●●○ · **You need** notebook 06, and LayerNorm: take away a vector's own mean over d_model, divide by its spread, multiply by γ, add β
#
# The author of the post has "no great story" for the big mean, and offers a guess: it might be a bias that helps to control LayerNorm's scale. A guess is worth something once it can be wrong, so the work here is to find what it forbids.
#
# What counts as a solution: an experiment whose outcome would differ if the guess were false, its result with an interval, and a control for the size of the blow. To try it alone first, open puzzle 07.

# %%
import pandas as pd
import torch

from zeropoint import geometry, plots, report, streams
from zeropoint.claims import Ledger, exact, over
from zeropoint.desk import outcome, predict
from zeropoint.models import hub, load_pair
from zeropoint.puzzles.p07 import claims, norms, volume
from zeropoint.puzzles.p07.figures import courses, dots
from zeropoint.streams.figures import by_layer

torch.manual_seed(0)
models = load_pair()
FIRST, SECOND = labels = [m.label for m in models]
BOTH = f"{FIRST} and {SECOND}"
ledger = Ledger()

# %% [markdown]
# Two texts, as in 06: a longer one to look at, and a few rows to intervene on.

# %%
small = models[0].source == "stand-in"  # a large model would need minutes
count = 64 if small else 16
rows, length = (16, 64) if small else (8, 32)

stream_of = {}
texts = {}
means = {}
for m in models:
    ids = streams.sequences(m.tokenizer, count)
    stream_of[m.label] = streams.stream(m.bridge, ids)
    ids = streams.sequences(m.tokenizer, rows, length)  # [row, position]
    texts[m.label] = ids
    means[m.label] = streams.stream(m.bridge, ids).vectors.mean(1)  # μ there, [layer, d_model]

# %% [markdown]
# ## What a knob would do
#
# Write a vector of the stream as μ + u, with μ common to all. LayerNorm divides by the spread of the sum. So a long μ turns u down, as a loud hum in the room makes everybody else hard to hear. If that is what μ is **for**, then
#
# * μ makes a good part of what LayerNorm divides by;
# * any other vector of its length would do as well: where it points does not matter;
# * take μ away but leave every denominator as it was, and no harm is done.
#
# The rival: μ is an ordinary bias, and what comes after reads **where it points**. Then the last two fail.
#
# So ask two questions that a plain removal mixes up. What if μ's direction were gone and every denominator stayed? And what if μ stayed and u were as loud as it would be without μ? Which of the two will harm the predictions more? ("Undecided": the 95 % interval of the difference, over rows of text, holds 0.)

# %%
predict("n7.1", None, low=None, high=None)  # ‖μ‖² / E‖x‖² before the last block, second model
predict("n7.2", None)  # which harms more? "direction", "volume" or "undecided"; the first model
predict("n7.3", None)  # the second model

# %% [markdown]
# ## How far can the knob turn?
#
# Mean and variance share out the mean square: E‖x‖² = ‖μ‖² + total variance, exactly. One layer in the open:

# %%
X = stream_of[SECOND].vectors[-2]  # before the last block, [token, d_model]
mu = X.mean(0)

whole = X.square().sum(1).mean()
variance = X.var(0, correction=0).sum()
mu2 = mu.square().sum()
share = mu2 / whole

print(f"E‖x‖² {whole:.2f} = ‖μ‖² {mu2:.2f} + variance {variance:.2f}")
outcome("n7.1", share.item(), label=SECOND)

# %% [markdown]
# LayerNorm first takes each vector's own mean away, so it sees a little less than X; an RMSNorm takes nothing away and adds no β, and everything else here goes for it too. `volume.shares` knows which of the two the model has.
#
# A knob needs reach. If μ made nine tenths of the squared denominator, u would be three times louder without it; if a tenth, one twentieth louder, and there is little to control. The controls are initial weights (one draw of them: its interval is over text alone), and the same without position 0, whose vectors are gigantic in some models and could be the whole story.

# %%
shares = {}
for m in models:
    name, s = m.label, stream_of[m.label]
    compared = {
        name: s,
        f"{name}, without position 0": s.where(s.position > 0),
        f"{name}, initial weights": streams.untrained_stream(m, s.token.view(count, -1)),
    }
    for what, t in compared.items():
        shares[what] = streams.by_group(volume.shares(m), t)  # [group, layer]

# %%
curves = {what: streams.each_layer(values) for what, values in shares.items()}

by_layer(
    {"before each block": curves},
    f"How much of what the norm divides by is the mean?<br>{BOTH}",
    "share of squared denominator",
).update_yaxes(range=[0, 1])

# %% [markdown]
# Look at how high each model's own curve gets, and at what its controls do there. A curve at the level of initial weights is nothing that training made.
#
# Two claims. Does the share reach one half anywhere? And do ‖μ‖² and variance trade off, one rising as the other falls, as they would if the norm held their sum?


# %%
def opposed(s):
    mu2 = s.vectors.mean(1).square().sum(1)  # one a layer
    variance = s.vectors.var(1).sum(1)
    part = mu2.diff() * variance.diff() < 0
    return [part.float().mean()]


for name in labels:
    largest = shares[name].max(1).values
    steps = streams.by_group(opposed, stream_of[name])[:, 0]
    entry = ledger.test(
        claims.REACH,
        on=name,
        share=over(largest.tolist(), "groups of text"),
    )
    print(entry)
    entry = ledger.test(
        claims.TRADE_OFF,
        on=name,
        opposed=over(steps.tolist(), "groups of text"),
    )
    print(entry)

# %% [markdown]
# ## One intervention in the open
#
# TransformerBridge lets a hook change any activation. Take μ out of the stream after one block of the first model, and compare the predictions with the untouched ones by KL divergence.

# %%
bridge = models[0].bridge
ids = texts[FIRST][:4]
mu = streams.stream(bridge, ids).vectors[1].mean(0)

gone = [("blocks.0.hook_resid_post", lambda x, hook: x - mu)]

with torch.no_grad():
    logits, cache = bridge.run_with_cache(ids)
    changed = bridge.run_with_hooks(ids, fwd_hooks=gone).log_softmax(-1)

clean = logits.log_softmax(-1)
kl = (clean.exp() * (clean - changed)).sum(-1)
print(f"without μ: {kl.mean():.3f} nats a token")

# %% [markdown]
# That removed the direction **and** turned up the volume of all else. For **direction only**, every norm further on divides by what it divided by in the untouched run:

# %%
same = []
for name in volume.denominators(cache):
    same.append((name, lambda scale, hook: cache[hook.name]))

with torch.no_grad():
    changed = bridge.run_with_hooks(ids, fwd_hooks=gone + same).log_softmax(-1)

kl = (clean.exp() * (clean - changed)).sum(-1)
print(f"without μ, denominators kept: {kl.mean():.3f} nats a token")

# %% [markdown]
# ## All of them
#
# `volume.changes` has six such changes. Beside the removal and **direction only**:
#
# * **volume only**: μ stays and sounds as it did; u is divided by what it would be divided by without μ;
# * **direction, matched dose**: the first two may not be equal blows, so here only so much of μ is taken out, in each row of text, that the next norm's output moves as far as under volume only;
# * **random vector for the mean**, of its length: if length is all, this mends everything;
# * **random vector added**, while μ stays: what a blow of that size does to anyone.
#
# Each row of text gets a random vector of its own. If rows shared one, they would err together, and an error over rows would be too small.
#
# They are tried after 0, 1, half and all of the blocks. And since the guess was about the embedding: on its mean over the **vocabulary**, taken out of the tokens as they come in.

# %%
effects = {}
for m in models:
    n = m.bridge.cfg.n_layers
    tried = {}

    for k in sorted({0, 1, n // 2, n}):
        mu = means[m.label][k]
        other = volume.random_vectors(mu, rows)
        tried[f"after {k}"] = volume.changes(m, k, mu, other)

    mu = m.W_E.mean(0)
    other = volume.random_vectors(mu, rows)
    tried["vocabulary"] = volume.changes(m, 0, mu, other, hook="hook_embed")

    plan = {}
    for place, six in tried.items():
        plan |= {(place, what): change for what, change in six.items()}

    effects[m.label] = streams.effects(m.bridge, texts[m.label], plan, batch=4)

# %% [markdown]
# If μ is a knob, "volume only" lies as high as "mean removed", "direction only" lies far below, and a random vector in its place mends most of it. If μ is a bias, it is the other way round. If any blow of that length does the same harm, the last mark, a random vector added, lies as high as the rest.

# %%
harm = {}
for name, found in effects.items():
    harm[name] = {}
    for key, effect in found.items():
        harm[name][key] = over(effect.kl.tolist(), "rows of text")

dots(
    harm,
    f"What each change does to the predictions<br>{BOTH}",
    "whose mean: after so many blocks, or the vocabulary's",
    "KL from the untouched model, nats a token",
)

# %% [markdown]
# At each place, compare the second mark with the third, direction with volume; the scale is logarithmic, so a small step up is a large factor. Then the fourth with the third: the same two at an equal dose. That can turn out the other way, and if it does, both are true.
#
# ## Direction or volume?
#
# The verdicts come from differences on the same row of text, so that what makes a row easy or hard drops out. For the stream, the mean over the places.


# %%
def gap(name, places, a, b):
    """Harm of change a less harm of b, one value a row of text."""
    differences = []
    for place in places:
        harm_a = effects[name][place, a].kl
        harm_b = effects[name][place, b].kl
        differences.append(harm_a - harm_b)
    return torch.stack(differences).mean(0)


def judge(claim, quantity, a, b):
    for name in labels:
        for where, at in places.items():
            values = gap(name, at[name], a, b)
            entry = ledger.test(
                claim,
                on=f"{name}, mean {where}",
                **{quantity: over(values.tolist(), "rows of text")},
            )
            print(entry)


in_stream = {}
for name in labels:
    seen = dict.fromkeys(place for place, _ in effects[name])
    in_stream[name] = [place for place in seen if place != "vocabulary"]

places = {
    "in the stream": in_stream,
    "of the vocabulary": {name: ["vocabulary"] for name in labels},
}

judge(claims.BY_SCALE, "gap", "volume only", "direction only")

# %% [markdown]
# That was the whole of μ. Now at an equal dose; and then the control, a random vector where μ was.

# %%
judge(claims.DOSE, "gap", "volume only", "direction, matched dose")
judge(claims.ANY_VECTOR, "gain", "mean removed", "random vector for the mean")

for question, name in (("n7.2", FIRST), ("n7.3", SECOND)):
    values = gap(name, in_stream[name], "volume only", "direction only")
    more = over(values.tolist(), "rows of text")
    said = "volume" if more.low > 0 else "direction" if more.high < 0 else "undecided"
    outcome(question, said, label=name)

# %% [markdown]
# ## Turn the knob
#
# Removal is a blunt blow: perhaps the model is used to this volume, and would mind a small turn more than a small shift. So scale μ from nothing to three times, in the layer where its share is largest. At 1 nothing is changed and all curves are 0. A knob: "volume only" follows "mean scaled". A bias: "direction only" does.

# %%
factors = [0, 0.5, 0.75, 1, 1.25, 1.5, 2, 3]
shown = {
    "mean removed": "mean scaled",  # removed is scaled to nothing
    "direction only": "direction only",
    "volume only": "volume only",
}

knob = {}
for m in models:
    by_layers = shares[m.label].mean(0)
    k = by_layers[:-1].argmax().item()
    mu = means[m.label][k]
    other = volume.random_vectors(mu, rows)
    plan = {}
    for factor in factors:
        six = volume.changes(m, k, mu, other, factor=factor)
        for what, name in shown.items():
            plan[name, factor] = six[what]
    half = texts[m.label][::2]
    found = streams.effects(m.bridge, half, plan, batch=4)
    knob[f"{m.label}, after {k} blocks"] = found

# %%
curves = {}
for panel, found in knob.items():
    curves[panel] = {}
    for name in shown.values():
        turned = [found[name, factor].kl for factor in factors]
        curves[panel][name] = [over(kl.tolist(), "rows of text") for kl in turned]

by_layer(
    curves,
    f"Turning the knob<br>{BOTH}",
    ["KL, nats a token", ""],
    x="μ times",
    at=factors,
)

# %% [markdown]
# Look which of the two does more to the left of 1, where μ is too quiet, and to the right, where it is too loud and drowns u. The two halves need not agree, and the guess may live in one of them. So the claim once more, with μ at three times its length.

# %%
for panel, found in knob.items():
    gaps = found["volume only", 3].kl - found["direction only", 3].kl
    entry = ledger.test(
        claims.BY_SCALE,
        on=f"{panel}, μ three times",
        gap=over(gaps.tolist(), "rows of text"),
    )
    print(entry)

# %% [markdown]
# ## What does the direction say?
#
# If μ is a bias, one can read it. Put the top layer's mean, alone, through the final norm's gain and the unembedding: which tokens does it favour? A bias worth having would be "how often does each token occur at all". The control: a thousand random directions, read the same way. Where they come close, the unembedding has one strong axis, and anything that leans on it says the same.


# %%
def reads_as(m, vectors):  # [n, d_model] → logits, up to a factor for each
    final = m.bridge.ln_final
    with torch.no_grad():
        gained = final(vectors) - final(0 * vectors)  # less β
    return gained @ m.W_U


for m in models:
    s = stream_of[m.label]
    used, counts = s.token.unique(return_counts=True)
    frequency = counts.float().log()

    mu = s.vectors[-1].mean(0)
    others = torch.randn(1000, len(mu))
    logits = reads_as(m, torch.vstack([mu, others]))[:, used]

    table = torch.vstack([frequency, logits])
    says = torch.corrcoef(table)[0, 1:]  # each direction's correlation with log frequency
    beaten = (says[1:].abs() < says[0]).float().mean()

    reach = says[1:].abs().quantile(0.95)
    print(f"{m.label}: correlation {says[0]:.2f}; 95 % of random directions under {reach:.2f}")
    entry = ledger.test(
        claims.FREQUENCY,
        on=m.label,
        beaten=exact(beaten),
    )
    print(entry)

# %% [markdown]
# ## Before, after, nowhere
#
# So far: what a trained model uses. The guess was about training. Nine tiny models were trained alike but for LayerNorm: **before** each part, as in GPT; **after** it, as in BERT; or **none**, where there is no scale to control. Three seeds each, recorded by `tools/norms.py`, and looked at as they learn, because a knob might matter early and be retired later.
#
# If the mean is there for LayerNorm's sake, it is missing without LayerNorm, and its volume helps at some time.

# %%
runs = norms.above_the_embedding()
kinds = {"pre": "LayerNorm before", "post": "LayerNorm after", "none": "no LayerNorm"}

courses(
    runs,
    kinds,
    {
        "share": "share of ‖μ‖² in E‖x‖²",
        "direction": "direction only",
        "volume": "volume only",
    },
    f"Tiny models as they learn, recorded<br>(neither {FIRST} nor {SECOND})",
    "updates (not to scale)",
    ["share", "loss rise, nats a token", ""],
)

# %% [markdown]
# One line a seed. Left: do the lines without LayerNorm part from the others, and when? Middle and right: the height is what the model would lose at that time. In the right panel a line above 0 says that the volume helps; below 0, that it is in the way.
#
# Three seeds make wide intervals, so only two times are judged: the end of training, and all looks between warm-up and end.

# %%
end = norms.WATCHED[-1]
at_end = runs.xs(end, level="step")  # [norm, seed]
steps = runs.index.get_level_values("step")
between = (steps > norms.RECIPE.warmup) & (steps < end)
learning = runs[between].groupby(["norm", "seed"]).mean()

for kind in ("pre", "post"):
    name = f"tiny models, {kinds[kind]}"
    entry = ledger.test(
        claims.BY_SCALE,
        on=f"{name}, at the end",
        gap=over(at_end["gap"][kind], "seeds"),
    )
    print(entry)
    entry = ledger.test(
        claims.HELPS_EARLY,
        on=name,
        rise=over(learning["volume"][kind], "seeds"),
    )
    print(entry)

# %% [markdown]
# And the comparisons between kinds: the same seed draws the same text, so seeds are paired.

# %%
for when, table in {"at the end": at_end, "while it learns": learning}.items():
    difference = table["share"]["post"] - table["share"]["pre"]
    entry = ledger.test(
        claims.MORE_AFTER,
        on=f"tiny models, {when}",
        gap=over(difference, "seeds"),
    )
    print(entry)

ratio = at_end["mean_cosine"]["none"] / at_end["mean_cosine"]["pre"]
entry = ledger.test(
    claims.NEEDS_NORM,
    on="tiny models, at the end",
    ratio=over(ratio, "seeds"),
)
print(entry)

# %% [markdown]
# A real model with LayerNorm after its parts is BERT. Where the hub models run, here is its mean's share of E‖x‖², layer by layer.

# %%
if models[0].source == "hub":
    try:
        label, bert = streams.encoder_stream("google-bert/bert-base-uncased")
        print(label, [round(geometry.share_of_mean(X), 3) for X in bert])
    except hub.HubError as problem:  # nothing below needs it
        print(problem)
else:
    print("BERT is measured where the hub models run.")

# %% [markdown]
# ## The numbers of this run

# %%
for name in labels:
    numbers = {
        "μ's share of denominators², largest": shares[name].mean(0).max(),
        "KL, direction only, after 1": harm[name]["after 1", "direction only"].value,
        "KL, volume only, after 1": harm[name]["after 1", "volume only"].value,
    }
    report(name, numbers)

# %% [markdown]
# ## Claims met here

# %%
ledger

# %% [markdown]
# **The lesson.** "It sets the scale" and "it says something" are different claims, and one hook apart: hold the denominators still, and see what is left of the harm. Then say at which dose, and which way you turned. What the whole of μ does, what a nudge of equal size does, and what too much of it does are three questions, and a model may answer them differently.
#
# **Still open.** Interventions say what a trained model uses, not why training went there; the tiny models' early looks come nearer to that, and a real model's early checkpoints would come nearer still. There *is* a published volume knob: entropy neurons act through the final LayerNorm's scale. Do they use μ?
#
# **Try it yourself.** Remove μ everywhere at once and give the next layer's bias what it lost (02 shows how). How much of the loss comes back? Or leave position 0 out of μ (`s.where(s.position > 0)`) and repeat "All of them": in a model whose first vector is gigantic, that is another μ.
#
# **Links.** [The post](https://www.alignmentforum.org/posts/eLNo7b56kQQerCzp2) · Yamagiwa & Shimodaira 2024, [norm of the mean](https://arxiv.org/abs/2409.11253) · Xiong et al. 2020, [pre- and post-LayerNorm](https://arxiv.org/abs/2002.04745) · Stolfo et al. 2024, [entropy neurons](https://arxiv.org/abs/2406.16254) · Stollenwerk et al. 2026, [output embedding centring](https://arxiv.org/abs/2601.02031)
