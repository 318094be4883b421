# %% [markdown]
# # 02 A free variable
#
# **Question.** How much of the mean embedding can you move without the model noticing?
#
# **Time** 35 min · **Difficulty** ●●○ · **You need** the mean vector of 01, softmax, LayerNorm, and how a head makes its attention scores
#
# The answer to [Mech Interp Puzzle 1](https://www.alignmentforum.org/posts/eLNo7b56kQQerCzp2) calls the big mean vector a free variable, fungible with the average of the positional embeddings. A solution says which moves are exactly free, why, and which only look so. To try it alone first, open puzzle 02.

# %%
import pandas as pd
import torch
import torch.nn.functional as F
from einops import einsum
from IPython.display import display

from zeropoint import plots, report
from zeropoint.tiny.corpus import stdlib_text
from zeropoint.models import load_pair
from zeropoint.desk import outcome, predict
from zeropoint.puzzles.p02.symmetries import Trial, absorb, after_attention, compare, logits

torch.set_grad_enabled(False)
neo, gpt2 = load_pair()
pair = {m.label: m for m in (neo, gpt2)}
NEO, GPT2 = pair

# %% [markdown]
# ## A yardstick
#
# Each model reads six stretches of held-out Python, 48 tokens each, in a plain copy: the loaded models stay as they are.
#
# Floats are rounded, so an exact symmetry does not give equal digits. How unequal may they be? The **floor** is measured: the largest difference of any log-probability when the unmoved model is computed in float64. A real change stays when the precision doubles; rounding falls by 2²⁹.
#
# A move does **nothing** if no log-probability moves by more than 10 floors; **a little** if the KL divergence is at most 0.1 nats a token; beyond that it is **breakage**.

# %%
text = "\n".join(stdlib_text()[1])
trials = {}
for n, model in pair.items():
    stretches = [model.tokenizer.encode(text[start : start + 2000])[:48] for start in range(0, 30_000, 5000)]
    trials[n] = Trial(model, torch.tensor(stretches))
pd.DataFrame({"floor: largest |Δ log-probability|": {n: t.floor for n, t in trials.items()}})

# %% [markdown]
# ## Predict before you look
#
# μ is the mean row of the token embedding `wte`; `wpe` holds the positions. Both models are *tied*: one matrix serves as `wte` and as output matrix `lm_head`. "Untied" leaves the head as it was. "nothing", "a little" or "breakage"?

# %%
predict("n2.1", None)  # wte − μ, wpe + μ, untied
predict("n2.2", None)  # the same, tied: lm_head loses μ too
predict("n2.3", None)  # lm_head − r, untied: r random, as long as μ
predict("n2.4", None)  # wte − μ, tied, nothing given back
predict("n2.5", None)  # every row of wte less its own mean over d_model, untied
predict("n2.6", None)  # the same, tied
predict("n2.7", None)  # wte − μ, untied, μ given back in the output bias of the first attention layer
predict("n2.8", None)  # control: wpe + r

# %%
MOVES = {
    "wte − μ, wpe + μ, untied": lambda t: {"wte": t.E - t.mu, "wpe": t.P + t.mu},
    "wte − μ, wpe + μ, tied": lambda t: dict.fromkeys(("wte", "lm_head"), t.E - t.mu) | {"wpe": t.P + t.mu},
    "lm_head − r": lambda t: {"lm_head": t.E - t.random()},
    "wte − μ, tied": lambda t: dict.fromkeys(("wte", "lm_head"), t.E - t.mu),
    "wte − own means, untied": lambda t: {"wte": t.E - t.E.mean(1, keepdim=True)},
    "wte − own means, tied": lambda t: dict.fromkeys(("wte", "lm_head"), t.E - t.E.mean(1, keepdim=True)),
    "wte − μ, first attention's bias + μ": lambda t: {"wte": t.E - t.mu} | after_attention(t.net, 0, t.mu),
    "control: wpe + r": lambda t: {"wpe": t.P + t.random()},
}

# %%
changes = {n: {name: t.change(move(t)) for name, move in MOVES.items()} for n, t in trials.items()}
for i, (name, change) in enumerate(changes[NEO].items(), start=1):
    outcome(f"n2.{i}", change.verdict(trials[NEO].floor), label=f"{NEO}: {name}")

# %% [markdown]
# The same moves in float64: what is exact must shrink with the rounding, by more than six digits.


# %%
def changes_in_float64(t):
    exact = t.exact()
    return {name: exact.change(move(exact)).log_prob for name, move in MOVES.items()}


in_float64 = {n: changes_in_float64(t) for n, t in trials.items()}


# %%
def row(change, floor, exact_log_prob):
    word = change.verdict(floor)
    proven = " (exact)" if word == "nothing" and exact_log_prob < 1e-6 * floor else ""
    digits = [f"{v:.1e}" for v in (change.logit, change.log_prob, exact_log_prob)]
    return [*digits, f"{change.kl:.2g} ± {change.kl_error:.1g}", word + proven]


# %%
columns = ["max |Δ logit|", "max |Δ log p|", "max |Δ log p| in float64", "KL, nats a token", "verdict"]
tables = {}
for n, t in trials.items():
    rows = {name: row(c, t.floor, in_float64[n][name]) for name, c in changes[n].items()}
    tables[n] = pd.DataFrame.from_dict(rows, orient="index", columns=pd.Index(columns, name=n))
    display(tables[n])

# %% [markdown]
# ## Why
#
# * The model reads only the sum `wte[t] + wpe[p]`. What one loses, the other can gain: d_model free numbers.
# * A vector r taken from all rows of `lm_head` lowers every logit at a position by the same h·r; softmax cannot see that. Another d_model.
# * Tied, the exchange is both at once: the logits move, the probabilities do not. Untying is needed for equal *logits* only.
# * Whatever reads the residual stream stands behind a LayerNorm, which takes out the mean over d_model: along the all-ones direction `wte` is free token by token. Used as a head, the same matrix has no such protection.
# * What is given back late is missing for whoever reads before.
#
# "Free" is said of predictions. Training may look at more:


# %%
def seen_in_training(t, move):
    now = {"wte": t.E, "wpe": t.P} | move
    log_Z = logits(t.net, t.ids, move).logsumexp(-1)
    return [log_Z.square().mean().item(), now["wte"].square().sum().item(), now["wpe"].square().sum().item()]


# %%
seen = {}
for n, t in trials.items():
    seen[n, "as it is"] = seen_in_training(t, {})
    seen[n, "exchanged, tied"] = seen_in_training(t, MOVES["wte − μ, wpe + μ, tied"](t))
columns = ["z-loss sees: mean (log Z)²", "weight decay sees: Σ wte²", "Σ wpe²"]
pd.DataFrame.from_dict(seen, orient="index", columns=columns).round(1)

# %% [markdown]
# ## How far does it go?
#
# Each move at many sizes s. An exact symmetry should stay at the floor until the shift is so long that adding it costs digits. (10⁻¹⁶ stands for no change at all.)

# %%
SHIFTS = {
    "exchange, untied": lambda t, s: {"wte": t.E - s * t.mu, "wpe": t.P + s * t.mu},
    "exchange, tied": lambda t, s: {"wte": t.E - s * t.mu, "wpe": t.P + s * t.mu, "lm_head": t.E - s * t.mu},
    "lm_head − r": lambda t, s: {"lm_head": t.E - s * t.random()},
    "wte − μ alone": lambda t, s: {"wte": t.E - s * t.mu},
    "control: wpe + r": lambda t, s: {"wpe": t.P + s * t.random()},
}
sizes = [10 ** (k / 2) for k in range(-4, 5)]


# %%
def sweep(t, name):
    return [max(1e-16, t.change(SHIFTS[name](t, s)).log_prob) for s in sizes]


curves = {}
for n, t in trials.items():
    few = Trial(t.model, t.ids[:1])
    curves[n] = {name: sweep(few, name) for name in SHIFTS} | {"the float32 floor": [t.floor] * len(sizes)}
    curves[n]["exchange, in float64"] = sweep(few.exact(), "exchange, untied")

# %%
fig = plots.panels(list(pair))
for column, lines in enumerate(curves.values(), start=1):
    for i, (name, y) in enumerate(lines.items()):
        fig.add_trace(plots.line(name, sizes, y, i, mode="lines+markers" if i > 5 else "lines"), row=1, col=column)
fig.update_xaxes(type="log", dtick=1).update_yaxes(type="log", dtick=2, exponentformat="power", matches="y")
title = f"What the predictions notice<br>{NEO} and {GPT2}"
plots.finish(fig, title, "size s of the shift, in ‖μ‖", "max |Δ log-probability| (nats)", height=520)

# %% [markdown]
# Is it μ that matters, or any vector of its length? And whose mean is μ? It counts all tokens alike; a text mostly holds frequent ones. Let m be the mean token of our text.

# %%
sizes_of_kl = {n: {"wte − μ": changes[n]["wte − μ, tied"].kl} for n in pair}
for n, t in trials.items():
    m, found = t.E[t.ids].mean((0, 1)), sizes_of_kl[n]
    found |= {"wte − m": t.change({"wte": t.E - m}).kl, "wpe + μ": t.change({"wpe": t.P + t.mu}).kl}
    randoms = torch.tensor([t.change({"wpe": t.P + t.random(seed)}).kl for seed in range(5)])
    found |= {"wpe + r, five r": randoms.mean().item(), "± (standard error)": randoms.std().item() / 5**0.5}
    found |= {
        "‖m‖ / ‖μ‖": (m.norm() / t.mu.norm()).item(),
        "cosine of m and μ": torch.cosine_similarity(m, t.mu, 0).item(),
    }
pd.DataFrame(sizes_of_kl).round(3).rename_axis("KL, nats a token")

# %% [markdown]
# ## Small print
#
# **Short texts.** Only positions that occur can be noticed. Give μ back to the first 24 positions alone.
#
# **Dropout.** GPT-2 and GPT-Neo drop coordinates of the *sum*. With the same random mask the exchange should stay exact. Had they dropped tokens' coordinates before the sum, μ would be lost there and kept in `wpe`.


# %%
def first_24(t):
    P = t.P.clone()
    P[:24] += t.mu
    after = logits(t.net, t.ids, {"wte": t.E - t.mu, "wpe": P})
    return compare(t.own[:, :24], after[:, :24]), compare(t.own[:, 24:], after[:, 24:])


# %%
def with_dropout(t, layer):
    hook = layer.register_forward_hook(lambda module, args, out: F.dropout(out, 0.1))
    runs = []
    for move in ({}, MOVES["wte − μ, wpe + μ, untied"](t)):
        torch.manual_seed(0)  # the same mask
        runs.append(logits(t.net, t.ids, move))
    hook.remove()
    return compare(*runs)


# %%
small_print = {}
for n, t in trials.items():
    early, late = first_24(t)
    dropped, tokens_dropped = (with_dropout(t, layer) for layer in (t.net.transformer.drop, t.net.transformer.wte))
    found = {"positions 0–23": early, "positions 24–47": late}
    found |= {"dropout of the sum": dropped, "dropout of tokens": tokens_dropped}
    small_print[n] = {what: f"{c.verdict(t.floor)} ({c.log_prob:.1e})" for what, c in found.items()}
pd.DataFrame(small_print).rename_axis("exchange: verdict (max |Δ log p|)")

# %% [markdown]
# ## Four terms in a head
#
# Let c be the mean of what attention reads *after* LayerNorm: queries come from c + u, keys from c + v. Of the four terms of (c+u)ᵀA(c+v), uᵀAc and cᵀAc are the same for all keys, so softmax should cancel them. cᵀAv survives: a bias on the query. (GPT-2's own b_Q and b_K go with c.)
#
# First: GPT-2 divides scores by √d_head. Does GPT-Neo?

# %%
READ = (".ln1.hook_out", ".ln1.hook_scale", ".ln2.hook_out", ".hook_q", ".hook_k", ".hook_pattern")
read = dict(names_filter=lambda name: name.endswith(READ))
caches = {n: pair[n].bridge.run_with_cache(t.ids, **read)[1] for n, t in trials.items()}


def scores(q, k):
    return einsum(q, k, "b i head e, b j head e -> b head i j")


# %%
scale, off = {}, {n: {} for n in pair}
for n, cache in caches.items():
    q, k, pattern = (cache[f"blocks.0.attn.hook_{what}"] for what in ("q", "k", "pattern"))
    for name, s in {"1": 1.0, "1/√d_head": q.shape[-1] ** -0.5}.items():
        again = (s * scores(q, k)).masked_fill(pattern == 0, -torch.inf).softmax(-1)
        off[n][name] = (again - pattern).abs().max().item()
    scale[n] = 1.0 if off[n]["1"] < off[n]["1/√d_head"] else q.shape[-1] ** -0.5
pd.DataFrame(off).rename_axis("max |Δ pattern| if the scale is")

# %% [markdown]
# Take one term at a time out of the scores of every head. How far does the pattern move? 0: not at all; 1: to other keys altogether. Baseline: a random r as long as c in c's place. Floor: scores rounded to float32.


# %%
def moved_by(pattern, term):
    without = (pattern.log() - term).softmax(-1)  # scores less the term; masked keys stay masked
    return (without - pattern).abs().sum(-1).mean((0, 2)) / 2  # total variation, [head]


# %%
def four_terms(n, layer):
    (W_Q, W_K), at = (W[layer] for W in (pair[n].bridge.W_Q, pair[n].bridge.W_K)), f"blocks.{layer}"
    x, q, k = (caches[n][f"{at}.{what}"] for what in ("ln1.hook_out", "attn.hook_q", "attn.hook_k"))
    c = x.mean((0, 1))
    u, v = (einsum(x - c, W, "b i d, head d e -> b i head e") for W in (W_Q, W_K))
    r = einsum(trials[n].random() * c.norm() / trials[n].mu.norm(), W_Q, "d, head d e -> head e").expand_as(q)
    terms = {"uᵀAv": scores(u, v), "cᵀAv": scores(q - u, v), "rᵀAv (baseline)": scores(r, v)}
    terms |= {"uᵀAc": scores(u, k - v), "cᵀAc": scores(q - u, k - v)}
    terms["rounding (floor)"] = scores(q, k).double() - scores(q.double(), k.double())
    pattern = caches[n][f"{at}.attn.hook_pattern"].double()
    return {name: moved_by(pattern, scale[n] * term.double()) for name, term in terms.items()}


# %%
moved = {}
for n, model in pair.items():
    by_layer = [four_terms(n, layer) for layer in range(model.bridge.cfg.n_layers)]
    moved[n] = {term: torch.cat([found[term] for found in by_layer]) for term in by_layer[0]}  # all heads

# %%
fig = plots.panels(list(pair))
for column, found in enumerate(moved.values(), start=1):
    names, heads = list(found), torch.stack(list(found.values())).clamp_min(1e-16)  # [term, head]
    shown = {
        "one head": (heads, "circle-open", 6),
        "median": (heads.median(1, keepdim=True).values, "line-ew-open", 26),
    }
    for i, (what, (y, symbol, size)) in enumerate(shown.items()):
        style = dict(mode="markers", marker=dict(symbol=symbol, size=size, line_width=1 + 2 * i))
        fig.add_trace(plots.line(what, names * y.shape[1], y.T.flatten().tolist(), i, **style), row=1, col=column)
fig.update_yaxes(type="log", dtick=2, exponentformat="power", matches="y")
title = f"Which term does attention notice?<br>{NEO} and {GPT2}"
plots.finish(fig, title, "term taken out of the scores", "change of the pattern (0 to 1)", height=460)

# %% [markdown]
# But that c was taken after LayerNorm. The μ of `wte` arrives divided by each position's own σ, no longer the same for all keys. Take it out of the first layer's keys:


# %%
def mu_in_keys(n):
    bridge, cache, mu = pair[n].bridge, caches[n], trials[n].mu
    sigma = cache["blocks.0.ln1.hook_scale"]
    c = bridge.blocks[0].ln1.w * (mu - mu.mean()) / sigma  # what LayerNorm makes of μ, [batch, seq, d_model]
    term = scores(cache["blocks.0.attn.hook_q"], einsum(c, bridge.W_K[0], "b j d, head d e -> b j head e"))
    return moved_by(cache["blocks.0.attn.hook_pattern"], scale[n] * term).mean().item()


leak = {n: mu_in_keys(n) for n in pair}
pd.DataFrame({"pattern moves by": leak}).round(4)

# %% [markdown]
# ## Build it
#
# In TransformerLens: take c out of every query's input, and give each head the bias that c made. The floor: c taken away and added again.


# %%
def edits(at, c, b_Q):
    def less(x, hook):
        return x - c

    return {
        "queries lose c, b_Q gains cW_Q": [(f"{at}.q.hook_in", less), (f"{at}.hook_q", lambda q, hook: q + b_Q)],
        "keys lose c": [(f"{at}.k.hook_in", less)],
        "control: queries lose c": [(f"{at}.q.hook_in", less)],
        "floor": [(f"{at}.q.hook_in", lambda x, hook: x - c + c)],
    }


# %%
def rebuilt(n, edit):
    bridge, cache, hooks = pair[n].bridge, caches[n], []
    for layer in range(bridge.cfg.n_layers):
        c = cache[f"blocks.{layer}.ln1.hook_out"].mean((0, 1))
        hooks += edits(f"blocks.{layer}.attn", c, einsum(c, bridge.W_Q[layer], "d, head d e -> head e"))[edit]
    with bridge.hooks(fwd_hooks=hooks):
        _, new = bridge.run_with_cache(trials[n].ids, names_filter=lambda name: name.endswith("hook_pattern"))
    return max((new[name] - cache[name]).abs().max().item() for name in new)


# %%
patterns = {n: {edit: rebuilt(n, edit) for edit in edits("", None, None)} for n in pair}
pd.DataFrame(patterns).map("{:.1e}".format).rename_axis("every layer edited: max |Δ pattern|")

# %% [markdown]
# In the weights: in every layer LayerNorm's shift loses c. Queries and values gain biases (keys need none; GPT-Neo had none at all), and so does the MLP. Control: the shift loses c and nothing is given back.


# %%
def absorbed(n, part, norm):
    move = {}
    for layer in range(pair[n].bridge.cfg.n_layers):
        move |= absorb(trials[n].net, layer, part, caches[n][f"blocks.{layer}.{norm}.hook_out"].mean((0, 1)))
    return move


# %%
built = {}
for n, t in trials.items():
    for part, norm in (("attn", "ln1"), ("mlp", "ln2")):
        move = absorbed(n, part, norm)
        shift_only = {name: b for name, b in move.items() if ".ln_" in name}
        built[n, part] = [t.verdict(move), t.verdict(shift_only)]
pd.DataFrame.from_dict(built, orient="index", columns=["biases absorb c", "control: c is lost"])

# %% [markdown]
# ## Claims met here


# %%
def everywhere(holds):
    """`holds(label)` → "holds" or "fails", model by model where they differ."""
    said = {n: "holds" if holds(n) else "fails" for n in pair}
    return said[NEO] if said[NEO] == said[GPT2] else "; ".join(f"{n}: {word}" for n, word in said.items())


def each(numbers):
    return " / ".join(f"{v:.2g}" if isinstance(v, float) else v for v in numbers)  # one a model


def exact(move):
    return everywhere(lambda n: tables[n].loc[move, "verdict"] == "nothing (exact)")


# %%
def term(name, n, reduce=torch.median):
    return reduce(moved[n][name]).item()


def cancels(n):
    return max(term(t, n, torch.max) for t in ("uᵀAc", "cᵀAc")) < 10 * term("rounding (floor)", n, torch.max)


def is_bias(n):
    edit, _, control, floor = patterns[n].values()
    return edit < 10 * floor < control


def small(n, free, noticed):
    return small_print[n][free].startswith("nothing") and not small_print[n][noticed].startswith("nothing")


# %%
post, thread, here = "the post's answer", "the post's thread", "this notebook"
survives = [f"{term('cᵀAv', n):.2g} (random: {term('rᵀAv (baseline)', n):.2g})" for n in pair]
claims = {
    "the mean is fungible with the positions": (post, exact("wte − μ, wpe + μ, untied")),
    "… in the tied model as it is (predictions)": (here, exact("wte − μ, wpe + μ, tied")),
    "a constant vector of lm_head is free": (thread, exact("lm_head − r")),
    "wte − μ alone is": (thread, each(tables[n].loc["wte − μ, tied", "verdict"] for n in pair)),
    "rows' own means are free, untied": (here, exact("wte − own means, untied")),
    "… and tied": (here, each(tables[n].loc["wte − own means, tied", "verdict"] for n in pair)),
    "short texts notice only their own positions": (
        here,
        everywhere(lambda n: small(n, "positions 0–23", "positions 24–47")),
    ),
    "exact under dropout of the sum only": (
        here,
        everywhere(lambda n: small(n, "dropout of the sum", "dropout of tokens")),
    ),
    "two attention terms cancel, for c after LayerNorm": (thread, everywhere(cancels)),
    "… for the μ of wte: pattern moves by": (thread, each(leak.values())),
    "cᵀAv survives: pattern moves by": (thread, each(survives)),
    "cᵀAv is a bias on the query": (thread, everywhere(is_bias)),
    "an MLP can absorb c in its bias": (
        thread,
        everywhere(lambda n: built[n, "mlp"][0] == "nothing" != built[n, "mlp"][1]),
    ),
}
pd.set_option("display.max_colwidth", None)
pd.DataFrame.from_dict(claims, orient="index", columns=["from", f"this run: {NEO} / {GPT2}"])

# %%
published = {NEO: {"‖μ‖": "11 (GPT-Neo-125M)"}, GPT2: {"‖μ‖": "2.052 (GPT-2 small, processed basis)"}}
for n, t in trials.items():
    free, alone, control = (changes[n][m] for m in (*list(MOVES)[:1], "wte − μ, tied", "control: wpe + r"))
    numbers = {"‖μ‖": t.mu.norm().item(), "floor": t.floor, "exchange, max |Δ log p|": free.log_prob}
    report(n, numbers | {"wte − μ, nats a token": alone.kl, "wpe + r, nats a token": control.kl}, published[n])

# %% [markdown]
# **What would refute it.** An exchange that moves a log-probability by more than ten floors, or whose change stays when the precision doubles.
#
# **The lesson.** Where `wte`'s mean lies is partly a convention: many networks, one function. Measure what the function sees.
#
# **Still open.** Training is not indifferent: decay and z-loss prefer one split, and Adam has opinions of its own (04). Why is μ in `wte`, with d_vocab rows, and not in `wpe`, with n_ctx? What if LayerNorm's denominators were frozen (07)?
#
# **Try it yourself.** A model with rotary positions has no `wpe`: where could its μ go? Give μ back in the bias of later and later layers, and plot the KL against depth.
#
# **Links.** [The post](https://www.alignmentforum.org/posts/eLNo7b56kQQerCzp2) · [A mathematical framework for transformer circuits](https://transformer-circuits.pub/2021/framework/index.html) · Stollenwerk & Stollenwerk 2025, [Coupled Adam](https://arxiv.org/abs/2502.08441) · [First-position sinks](https://arxiv.org/abs/2604.14722), where query biases matter
