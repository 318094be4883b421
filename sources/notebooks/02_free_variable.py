# %% [markdown]
# # 02 A free variable
#
# **Question.** How much of the mean embedding can you move without the model noticing?
#
# **Time** 35 min · **Difficulty** ●●○ · **You need** the mean vector of 01, softmax, LayerNorm, and how a head makes its attention scores
#
# 01 found one big vector μ in every token embedding. The answer to [Mech Interp Puzzle 1](https://www.alignmentforum.org/posts/eLNo7b56kQQerCzp2) calls it a free variable, "fungible" with the average of the positional embeddings. If so, its length tells us about bookkeeping and not about language. A solution says which moves of μ are exactly free, why, and which only look so. To try it alone first, open puzzle 02.

# %%
import pandas as pd
import torch

from zeropoint import report
from zeropoint.claims import Ledger, exact
from zeropoint.desk import outcome, predict
from zeropoint.models import load_pair
from zeropoint.puzzles.p02 import attention, claims
from zeropoint.puzzles.p02.attention import scores
from zeropoint.puzzles.p02.symmetries import (
    Trial,
    absorb,
    by_position,
    cross_entropy,
    sweep,
    table_of,
    under_dropout,
)
from zeropoint.streams import figures

torch.set_grad_enabled(False)
pair = load_pair()
ledger = Ledger()

# %% [markdown]
# ## A yardstick
#
# A `Trial` holds a copy of a model and a text for it to read: six stretches of held-out Python, 48 tokens each. It has the matrices `W_E`, `W_pos` and `W_U`, and the mean row `mu` of `W_E`. A *move* is a dict of new matrices; the loaded models stay as they are.
#
# What counts as "not noticing"? Floats are rounded, so even an exact symmetry changes some digits. But rounding can be measured: compute the *unmoved* model once in float32 and once in float64. The largest difference of any log-probability is the **floor**.

# %%
first, second = map(Trial, pair)
FIRST, SECOND = first.label, second.label
BOTH = f"{FIRST} and {SECOND}"
trials = {FIRST: first, SECOND: second}
print(f"floor of {FIRST}: {first.floor:.1e}")
print(f"floor of {SECOND}: {second.floor:.1e}")

# %% [markdown]
# A move does **nothing** if no log-probability moves by more than 10 floors; **a little** if one does, but the KL divergence is at most 0.1 nats a token; beyond that it is **breakage**.
#
# Staying under the floor is half of a proof. A small real effect could hide there. So every move is tried a second time in float64: what is rounding shrinks by a factor of 2²⁹, and what is real stays. **Exact** is a move whose change shrinks below a millionth of the floor. (A very long one costs float32 digits: "a little", and exact.)

# %% [markdown]
# ## Predict before you look
#
# r is a random vector of the same norm as μ. "Tied" means that one matrix is both `W_E` and, transposed, `W_U`: what one loses the other loses. Write "nothing", "a little" or "breakage" for the first model.

# %%
predict("n2.1", None)  # W_E − μ, W_pos + μ; W_U as it was (untied)
predict("n2.2", None)  # the same, tied: W_U loses μ too
predict("n2.3", None)  # every token's column of W_U loses r
predict("n2.4", None)  # W_E − μ, tied, and nothing is given back
predict("n2.5", None)  # every row of W_E loses its own mean over d_model, untied
predict("n2.6", None)  # the same, tied
predict("n2.7", None)  # W_E − μ, untied; μ comes back after the first attention layer
predict("n2.8", None)  # control: W_pos + r

# %% [markdown]
# ## The moves
#
# **Give it to the positions.** The model reads `W_E[token] + W_pos[position]` and never one without the other. So what all tokens lose, all positions can gain.


# %%
def to_positions(t):
    return {
        "W_E": t.W_E - t.mu,
        "W_pos": t.W_pos + t.mu,
    }


# %% [markdown]
# **Take it from the output.** A logit is h·w. If every w loses the same r, every logit at a position loses the same h·r, and softmax sees only differences. Where the model is tied, the exchange makes this move too.


# %%
def from_output(t):
    r = t.random()
    return {"W_U": t.W_U - r[:, None]}


def to_positions_tied(t):
    return to_positions(t) | {"W_U": t.W_U - t.mu[:, None]}


# %% [markdown]
# **Take it from the tokens alone.** Nobody gets μ back. If the model were indifferent to its zero point, this would be free as well.


# %%
def from_tokens(t):
    move = {"W_E": t.W_E - t.mu}
    if t.tied:
        move["W_U"] = t.W_U - t.mu[:, None]
    return move


# %% [markdown]
# **Centre along the other axis.** Each row loses its own mean over d_model, a multiple of the all-ones vector. LayerNorm subtracts just that from whatever it reads; RMSNorm does not.


# %%
def own_means(t):
    return {"W_E": t.W_E - t.W_E.mean(1, keepdim=True)}


def own_means_tied(t):
    move = own_means(t)
    move["W_U"] = move["W_E"].T
    return move


# %% [markdown]
# **Give it back late**, in the output bias of the first attention layer. And the **control**: the positions gain a random r which nobody lost.


# %%
def given_late(t):
    b_O = t.weights["0.b_O"]  # what attention adds in block 0, whatever it reads
    return {"W_E": t.W_E - t.mu, "0.b_O": b_O + t.mu}


def random_to_positions(t):
    return {"W_pos": t.W_pos + t.random()}


# %% [markdown]
# A model without `W_pos` (rotary positions) has nobody to give μ to, an untied model has no tied moves, and `given_late` knows the biases of GPT-2's and GPT-Neo's kinds only. Those rows are left out.


# %%
def moves_for(t):
    moves = {}
    if t.W_pos is not None:
        moves["W_E − μ, W_pos + μ, untied"] = to_positions
    if t.tied and t.W_pos is not None:
        moves["W_E − μ, W_pos + μ, tied"] = to_positions_tied
    moves["W_U − r"] = from_output
    moves["W_E − μ"] = from_tokens
    moves["W_E − own means, untied"] = own_means
    if t.tied:
        moves["W_E − own means, tied"] = own_means_tied
    if t.can_absorb:
        moves["W_E − μ, back after attention"] = given_late
    if t.W_pos is not None:
        moves["control: W_pos + r"] = random_to_positions
    return moves


# %% [markdown]
# ## What the model noticed
#
# Read two columns against each other. A large |Δ logit| beside a tiny |Δ log p| is a move that softmax hides. A |Δ log p| that falls from 10⁻⁵ to 10⁻¹⁴ in float64 was rounding; one that stays was real.

# %%
found = {}
for label, t in trials.items():
    found[label] = t.twice(moves_for(t))
table_of(found[FIRST], FIRST)

# %%
table_of(found[SECOND], SECOND)

# %% [markdown]
# And what you predicted, for the first model:

# %%
ASKED = {
    "n2.1": "W_E − μ, W_pos + μ, untied",
    "n2.2": "W_E − μ, W_pos + μ, tied",
    "n2.3": "W_U − r",
    "n2.4": "W_E − μ",
    "n2.5": "W_E − own means, untied",
    "n2.6": "W_E − own means, tied",
    "n2.7": "W_E − μ, back after attention",
    "n2.8": "control: W_pos + r",
}
seen = found[FIRST]
for number, name in ASKED.items():
    if name in seen:
        damage = seen[name].damage
        outcome(number, damage, label=f"{FIRST}: {name}")

# %% [markdown]
# By the algebra above two families should be free, of d_model numbers each: any vector may pass from all tokens to all positions, and any vector may leave every column of `W_U`. A tied exchange makes both moves at once, so untying matters for equal *logits* and not for equal predictions. Centring along d_model is free only for whoever reads through LayerNorm; the output reads the matrix bare.
#
# The ledger keeps what the tables said, to be shown at the end.

# %%
EXACT = {
    "W_E − μ, W_pos + μ, untied": claims.EXCHANGE,
    "W_E − μ, W_pos + μ, tied": claims.EXCHANGE_TIED,
    "W_U − r": claims.CONSTANT_OF_HEAD,
    "W_E − own means, untied": claims.OWN_MEANS,
}
for name, claim in EXACT.items():
    for label, moves in found.items():
        rms = trials[label].model.norm == "RMSNorm"
        if name in moves and not (rms and claim is claims.OWN_MEANS):
            estimates = claims.exactly(moves[name])
            ledger.test(claim, on=label, **estimates)

# %%
SEEN = {
    "W_E − own means, tied": claims.OWN_MEANS_TIED,
    "W_E − μ": claims.MEAN_ALONE,
    "W_E − μ, back after attention": claims.GIVEN_LATE,
}
for name, claim in SEEN.items():
    for label, moves in found.items():
        if name in moves:
            estimates = claims.noticed(moves[name])
            ledger.test(claim, on=label, **estimates)

# %% [markdown]
# ## How far does it go?
#
# A skeptic says: μ is not that long; perhaps any small shift is harmless. So make the shift s times as long, from a hundredth of μ to a hundred times μ. If the model only *tolerated* the exchange, its curve would climb with s as the others do, only lower. If the exchange is *exact*, it lies flat on the floor until the shift is so long that adding it costs digits.


# %%
SWEPT = (
    "W_E − μ, W_pos + μ, untied",
    "W_E − μ, W_pos + μ, tied",
    "W_U − r",
    "W_E − μ",
    "control: W_pos + r",
)
sizes = [10 ** (k / 2) for k in range(-4, 5)]


def curves_of(t):
    curves = {}
    for name, move in moves_for(t).items():
        if name in SWEPT:
            curves[name] = sweep(t, move, sizes)
    curves["W_U − r, in float64"] = sweep(t.exact(), from_output, sizes)
    curves["the float32 floor"] = [t.floor] * len(sizes)
    return curves


# %% [markdown]
# `sweep` makes a move s times as far, for each s, and returns the largest |Δ log p|. (10⁻¹⁶ stands for no change at all.)

# %%
curves = {
    FIRST: curves_of(first.on_one_stretch()),
    SECOND: curves_of(second.on_one_stretch()),
}
fig = figures.by_layer(
    curves,
    f"What the predictions notice<br>{BOTH}",
    y="max |Δ log p|, nats",
    x="size s of the shift",
    at=sizes,
    height=540,
)
fig.update_xaxes(type="log", dtick=1)
fig.update_yaxes(type="log", dtick=2, exponentformat="power", matches="y")

# %% [markdown]
# Look at s = 1 first, where μ itself is moved, and see how many powers of ten lie between the upper and the lower curves. Then follow one of the lower ones to the right: where does it leave the floor, and does its float64 twin leave it too?
#
# ## Free for the predictions, not for the training
#
# Split each row of the output matrix, w, into the mean row μ and the rest. A logit is h·μ + h·(w − μ), and h·μ is the same for all tokens, so it leaves the logsumexp whole:
#
# log Z = h·μ + log Σ exp(h·(w − μ)).


# %%
def log_Z_in_two(t):
    W = t.W_U.T  # [d_vocab, d_model]
    mu = W.mean(0)
    centred = t.h @ (W - mu).T  # [batch, seq, d_vocab]
    return t.h @ mu + centred.logsumexp(-1)


def miss(t):
    log_Z = (t.h @ t.W_U).logsumexp(-1)
    return (log_Z - log_Z_in_two(t)).abs().max()


for label, t in trials.items():
    entry = ledger.test(
        claims.LOG_Z,
        on=label,
        floors=exact(miss(t) / t.floor),
        in_float64=exact(miss(t.exact()) / t.floor),
    )
    print(entry)

# %% [markdown]
# Cross-entropy is log Z minus the right token's logit: h·μ is in both and cancels. But GPT-Neo's training code adds a *z-loss*, 10⁻⁴ (log Z)² a token, and that sees h·μ in full. So the family of moves that softmax cannot see is just the one that z-loss sees. (The stand-ins' own doses stand in their `record.json`.)
#
# Take s·μ out of every column of `W_U`, where μ is now the mean of the columns. Three who might care:
#
# * **cross-entropy** should draw a flat line;
# * **z-loss** should draw a valley, since log Z moves by −s·h·μ. If it decided where training left μ, the bottom lies at s = 0; if it had no say, anywhere;
# * **weight decay** looks at Σ w², whose bottom is at s = 1 by algebra.

# %%
shifts = [k / 2 for k in range(-8, 9)]


def losses_at(t, s):
    mu = t.W_U.mean(1, keepdim=True)
    W_U = t.W_U - s * mu
    logits = t.h @ W_U
    log_Z = logits.logsumexp(-1)
    return {
        "cross-entropy": cross_entropy(logits, t.ids),
        "z-loss": log_Z.square().mean().item(),
        "weight decay": W_U.square().sum().item(),
    }


# %% [markdown]
# Each loss is drawn in units of what it is at s = 0.

# %%
valleys = {}
for label, t in trials.items():
    losses = pd.DataFrame([losses_at(t, s) for s in shifts], shifts)
    valleys[label] = losses / losses.loc[0]
fig = figures.by_layer(
    valleys,
    f"Who notices how much μ is in the output?<br>{BOTH}",
    y="loss / loss at s = 0",
    x="s: μ taken out of W_U s times",
    at=shifts,
)
fig.update_yaxes(type="log", tickvals=[0.1, 0.2, 0.5, 1, 2, 5, 10, 20], matches="y")

# %% [markdown]
# Look at the bottom of the z-loss valley: is it at 0, where training left the model, or elsewhere? Then at weight decay: it pulls towards s = 1, where the mean is gone. Neither pull can be felt in the cross-entropy. Which of them won, and what else pushes, is 04's question.

# %%
for label, losses in valleys.items():
    t = trials[label]
    loss = cross_entropy(t.own, t.ids)
    change = loss * (losses["cross-entropy"] - 1).abs().max()
    z_loss = losses["z-loss"]
    entry = ledger.test(
        claims.Z_LOSS_SEES,
        on=label,
        cross_entropy=exact(change / t.floor),
        z_loss=exact(z_loss.max() / z_loss.min()),
    )
    print(entry, f"(bottom of the valley: s = {z_loss.idxmin():g})")

# %% [markdown]
# ## Small print
#
# **Short texts.** Only positions that occur can be noticed. Give μ back to the first 24 positions alone: the first half of each text should notice nothing, the second a lot.
#
# (From here on, models of GPT-2's and GPT-Neo's kinds only: the code must know where their biases are. Another kind is left out.)

# %%
kinds = [t for t in trials.values() if t.can_absorb]  # of GPT-2's or GPT-Neo's kind


def to_first_24(t):
    move = to_positions(t)
    move["W_pos"][24:] -= t.mu
    return move


for t in kinds:
    inside, beyond = by_position(t, to_first_24(t), cut=24)
    entry = ledger.test(
        claims.SHORT_TEXTS,
        on=t.label,
        inside=exact(inside.log_prob / t.floor),
        beyond=exact(beyond.log_prob / t.floor),
    )
    print(entry)

# %% [markdown]
# **Dropout** in training drops coordinates of the *sum*, in GPT-2 and GPT-Neo. With the same random mask the exchange should stay exact. Had it dropped coordinates of the token's vector before the sum, μ would be lost there and kept in `W_pos`.

# %%
for t in kinds:
    parts = t.net.transformer
    of_sum = under_dropout(t, to_positions(t), parts.drop)
    of_tokens = under_dropout(t, to_positions(t), parts.wte)
    entry = ledger.test(
        claims.DROPOUT,
        on=t.label,
        sum=exact(of_sum.log_prob / t.floor),
        tokens=exact(of_tokens.log_prob / t.floor),
    )
    print(entry)

# %% [markdown]
# ## Four terms in a head
#
# A constant c in what attention reads meets a softmax as well. Say queries come from c + u and keys from c + v, where c is the mean of what a layer reads *after* LayerNorm. A score is (c + u)ᵀA(c + v): four terms.
#
# | term | depends on | softmax over keys |
# |---|---|---|
# | uᵀAv | query and key | sees it |
# | cᵀAv | key | sees it: a bias of the query |
# | uᵀAc | query | should cancel it |
# | cᵀAc | neither | should cancel it |
#
# With rotary positions A itself depends on the distance between query and key, and even cᵀAc is not constant; such a model is left out here.


# %%
def four_terms(layer):
    c = layer.x.mean((0, 1))
    rest = layer.x - c  # u of the queries and v of the keys, [batch, seq, d_model]
    q_u = layer.queries(rest)
    k_v = layer.keys(rest)
    q_c = layer.q - q_u  # c W_Q, and the bias where there is one
    k_c = layer.k - k_v
    return {
        "uᵀAv": scores(q_u, k_v),
        "cᵀAv": scores(q_c, k_v),
        "uᵀAc": scores(q_u, k_c),
        "cᵀAc": scores(q_c, k_c),
    }


def random_term(layer, r):
    c = layer.x.mean((0, 1))
    in_its_place = (r * c.norm() / r.norm()).expand_as(layer.x)
    return scores(layer.queries(in_its_place), layer.keys(layer.x - c))


# %% [markdown]
# Take one term at a time out of the scores of every head, and see how far its pattern moves. The baseline puts a random r, of the same norm as c, in c's place; the floor is what rounding the scores to float32 does. If softmax cancels a term, its rings lie at the floor in *every* head; if it does not, they stand about as high as those of uᵀAv.

# %%
layers, moved = {}, {}
for t in kinds:
    layers[t.label] = attention.layers(t.model, t.ids)
    moved[t.label] = heads = attention.Moved()
    for layer in layers[t.label]:
        for name, term in four_terms(layer).items():
            heads.add(name, layer.change(term))
        baseline = random_term(layer, t.random())
        heads.add("rᵀAv (baseline)", layer.change(baseline))
        heads.add("rounding (floor)", layer.floor)

# %%
title = "Which term does attention notice?<br>" + " and ".join(moved)
attention.figure(moved, title)

# %% [markdown]
# Compare uᵀAc and cᵀAc with the floor: is there a gap of powers of ten, or none? Then cᵀAv with its baseline: would any vector of that norm have done?

# %%
for label, heads in moved.items():
    floor = heads.most("rounding (floor)")
    worst = max(heads.most("uᵀAc"), heads.most("cᵀAc"))
    ours = heads.median("cᵀAv")
    chance = heads.median("rᵀAv (baseline)")
    cancel = exact(worst / floor)
    survive = exact(ours / chance)
    print(ledger.test(claims.TWO_CANCEL, on=label, worst=cancel))
    print(ledger.test(claims.QUERY_SURVIVES, on=label, times=survive))

# %% [markdown]
# That c was taken after LayerNorm. The μ of `W_E` arrives there divided by each position's own σ, so it is no longer the same for all keys. Does it cancel too? Take what LayerNorm makes of μ out of the first layer's keys.

# %%
for t in kinds:
    layer = layers[t.label][0]
    centred = t.mu - t.mu.mean()
    arrives = layer.gain * centred / layer.sigma  # [batch, seq, d_model]
    term = scores(layer.q, layer.keys(arrives))
    leak = exact(layer.change(term).mean())
    print(ledger.test(claims.MU_CANCELS, on=t.label, moved=leak))

# %% [markdown]
# ## Build it
#
# If c is only a bias, biases can carry it. In *every* layer, LayerNorm's shift loses c; the queries and the values gain the bias cW that c made, and the keys gain nothing. The control withholds the queries' bias. Then the same for every MLP, with the control that its bias gains nothing.


# %%
def in_every_layer(t, part, gain):
    move = {}
    for i, layer in enumerate(layers[t.label]):
        read = layer.x if part == "attn" else layer.read_by_mlp
        c = read.mean((0, 1))
        move |= absorb(t.weights, i, part, c, gain)
    return move


BUILT = {
    "attention": lambda t: in_every_layer(t, "attn", ("Q", "V")),
    "without queries": lambda t: in_every_layer(t, "attn", ("V",)),
    "MLP": lambda t: in_every_layer(t, "mlp", ("in",)),
    "without MLP": lambda t: in_every_layer(t, "mlp", ()),
}

# %%
for t in kinds:
    built = t.twice(BUILT)
    control = exact(built["without queries"].floors)
    estimates = claims.exactly(built["attention"])
    print(ledger.test(claims.BIAS_OF_QUERY, on=t.label, control=control, **estimates))
    control = exact(built["without MLP"].floors)
    estimates = claims.exactly(built["MLP"])
    print(ledger.test(claims.MLP_ABSORBS, on=t.label, control=control, **estimates))

# %% [markdown]
# ## Claims met here

# %%
for label, t in trials.items():
    moves = found[label]
    numbers = {
        "‖μ‖": t.mu.norm().item(),
        "floor": t.floor,
        "W_U − r: max |Δ log p|": moves["W_U − r"].change.log_prob,
        "W_E − μ: max |Δ log p|": moves["W_E − μ"].change.log_prob,
        "W_E − μ: KL, nats a token": moves["W_E − μ"].change.kl,
    }
    published = claims.published(t.model.found)
    report(label, numbers, published)

# %%
ledger

# %% [markdown]
# **What would refute it.** An exchange that moves a log-probability by more than ten floors, or whose change stays when the precision doubles.
#
# **The lesson.** Where the mean of `W_E` lies is partly a convention: many networks, one function. Before you read a weight, ask which moves the function cannot see, and measure what it can.
#
# **Still open.** Training is not indifferent: decay and z-loss each prefer one member of the family, and Adam has opinions of its own (04). Why is μ in `W_E`, with d_vocab rows, and not in `W_pos`, with n_ctx?
#
# **Try it yourself.** With rotary positions there is no `W_pos`: where could μ go? Give μ back in the bias of later and later layers, and plot the KL against depth. Find a free move that is not in the table.
#
# **Links.** [The post](https://www.alignmentforum.org/posts/eLNo7b56kQQerCzp2) · [A mathematical framework for transformer circuits](https://transformer-circuits.pub/2021/framework/index.html) · Stollenwerk & Stollenwerk 2025, [Coupled Adam](https://arxiv.org/abs/2502.08441) · [First-position sinks](https://arxiv.org/abs/2604.14722), where query biases matter
