# %% [markdown]
# # 03 Initialisation or training?
#
# **Question.** When does the big mean vector appear, which tokens bring it, and which parts of the network does it need?
#
# **Time** 35 min · **Difficulty** ●●○ · **You need** the mean vector of 01, what an optimiser's update is, and that GPT-Neo and GPT-2 are tied: one matrix reads tokens in and scores them at the end
#
# A trained matrix shows what became of it, not how. Under [Mech Interp Puzzle 1](https://www.alignmentforum.org/posts/eLNo7b56kQQerCzp2) it is asked whether the mean is there from the start, and which part of the architecture makes it. A solution gives a time, the tokens that move, and a part whose removal removes the mean, beside parts whose removal does not. To try it alone first, open puzzle 03.

# %%
import pandas as pd
import torch
from IPython.display import display
from torch.nn.utils import clip_grad_norm_
from tqdm.auto import tqdm

from zeropoint import geometry, models, report
from zeropoint.claims import Ledger, exact, over
from zeropoint.desk import outcome, predict
from zeropoint.puzzles.p03 import claims, figures, removals, trajectory
from zeropoint.tiny import grid
from zeropoint.tiny.corpus import tokens_for
from zeropoint.tiny.shape import TinyConfig, TinyLM
from zeropoint.tiny.training import Recipe, batch_at, make_optimizer, next_token_loss

pair = models.load_pair()
ledger = Ledger()
updates = trajectory.whole("mini-neo").index[-1]
print(f"mini-neo was trained for {updates:,} updates.")

# %% [markdown]
# ## Predict before you look
#
# At which of its updates does mini-neo's mean pairwise cosine pass 0.5? At the end, which tokens lie closer to the mean's direction, the "frequent" or the "rare"? And which removal takes the mean out of the input embedding: "LayerNorm", "positions", "biases", "tying" or "none"?

# %%
predict("n3.1", None, low=None, high=None)  # an update
predict("n3.2", None)  # "frequent" or "rare"
predict("n3.3", None)  # a part, or "none"

# %% [markdown]
# ## Before the first update
#
# Draw each model anew, with its own config and `transformers`' own initialisation. If the mean came with the initialisation, we should see it here.
#
# For n independent rows of d numbers with spread σ, chance gives a row norm of σ√d, a mean of length σ√(d/n), and cosines of 0 ± 1/√d. The *mean* over all pairs is far sharper, since there are so many: 0 ± √(2 / (n(n − 1)d)).


# %%
def expected(n, d, sigma):
    return {
        "row norm": sigma * d**0.5,
        "‖mean‖": sigma * (d / n) ** 0.5,
        "spread of cosines": d**-0.5,
        "mean cosine": 0.0,
    }


def width_of_chance(n, d):
    pairs = n * (n - 1) / 2
    return (pairs * d) ** -0.5


# %% [markdown]
# `trajectory.sizes` measures those four numbers.

# %%
for model in pair:
    W, sigma = trajectory.fresh(model.found.folder)
    rows = {
        "expected": expected(*W.shape, sigma),
        "initial": trajectory.sizes(W),
        "trained": trajectory.sizes(model.W_E),
    }
    table = pd.DataFrame(rows).T.rename_axis(model.label)
    display(table.round(6))
    cosine = rows["initial"]["mean cosine"]
    chance = exact(abs(cosine) / width_of_chance(*W.shape))
    ledger.test(claims.AT_INITIALISATION, on=model.label, chance=chance)

# %% [markdown]
# Compare "initial" with "expected" in the last column, and then with "trained".
#
# ## Watch it appear
#
# While the stand-ins were trained, some hundred tokens were kept at a few steps, rare and frequent ones, each weighted by the part of the vocabulary that it stands for. (These are the stand-ins, whatever models ran above.) All pairs of them, step by step:
#
# * if **all tokens drift together**, the whole peak wanders to the right, and stays one peak;
# * if **some tokens drift and others do not**, the peak splits: pairs of drifters on the right, the rest at 0;
# * if it came by **chance**, nothing leaves the dotted line of random vectors.

# %%
neo, gpt2 = map(trajectory.Course, models.STAND_INS)
courses = (neo, gpt2)
BOTH = f"{neo.label} and {gpt2.label}"
random = torch.randn(2000, 128)
title = f"Cosines of token pairs, during training<br>{BOTH}"
figures.histograms(courses, random, title)

# %% [markdown]
# In each panel, how many pairs are still at 0, and is there one peak or two? Then compare the last two panels: does a model that has got there stay there?
#
# ## The whole course
#
# A mean cosine is roughly ‖mean‖² over the mean squared row norm, so it can fall for two reasons: the mean becomes shorter, or the rows become longer. Three panels tell which. With the hub, Stanford's GPT-2 small joins, from its step 0, of which only the embedding is read.

# %%
recorded = {neo.label: neo.whole, gpt2.label: gpt2.whole}
recorded |= trajectory.checkpoints(
    "stanford-crfm/alias-gpt2-small-x21",
    steps=(0, 100, 1000, 10_000, 400_000),
)
title = "From the first update to the last<br>" + " and ".join(recorded)
panels = {
    "mean cosine": figures.column(recorded, "mean_cosine"),
    "‖mean‖": figures.column(recorded, "norm_of_mean"),
    "mean row norm": figures.column(recorded, "mean_row_norm"),
}
figures.courses(panels, title, y=["cosine", "norm", "norm"])

# %% [markdown]
# Find the peak of each curve in the first panel. After it, which of the other two panels moves in the direction that would explain a fall?
#
# Two clocks put numbers on it. When does half of the largest mean cosine stand? And when does the model know no more than how frequent each token is, so that its loss equals the entropy of single tokens? If the mean is made while frequencies are learned, the two agree within a factor of two; if it is made by learning which token follows which, the first comes much later.

# %%
clocks = pd.DataFrame({
    neo.label: neo.clocks,
    gpt2.label: gpt2.clocks,
})  # fmt: skip
passed = neo.clocks["mean cosine passes 0.5"]
outcome("n3.1", passed, label=neo.label)
clocks.round(2)

# %%
for course in courses:
    clock = course.clocks
    half = clock["half of its peak"]
    counting = clock["loss passes the entropy of single tokens"]
    ratio = exact(half / counting)
    print(ledger.test(claims.WHILE_COUNTING, on=course.label, clocks=ratio))
    if clock["mean cosine, end / peak"] < 0.9:
        mean = exact(clock["‖mean‖, end / peak"])
        print(ledger.test(claims.MEAN_SHRINKS, on=course.label, mean=mean))

# %% [markdown]
# ## Which tokens?
#
# Five groups, by how often a token occurs in the training text. If **use** pulls a token towards the mean, the frequent ones should lead, since they are updated most. If being **pushed away as a wrong answer** does it, the rare ones should: they are hardly ever right, and a wrong answer at almost every position.

# %%
by_group = {
    neo.label: neo.by_group,
    gpt2.label: gpt2.by_group,
}
title = f"Cosine with the vocabulary's mean, by frequency<br>{BOTH}"
figures.courses(by_group, title, y="median cosine with the mean")

# %% [markdown]
# Look at the last point of the rarest and of the most frequent group; a group below 0 points *away* from the mean. Then at the first hundred updates: who leaves first, and which way?

# %%
for course in courses:
    groups = course.by_group
    rarest = groups["rarest 3/4"].iloc[-1]
    commonest = groups["most frequent 1/256"].iloc[-1]
    lead = exact(rarest - commonest)
    entry = ledger.test(claims.RARE_LEAD, on=course.label, lead=lead)
    print(entry)
    if course is neo:
        leader = "rare" if entry.word == "holds" else "frequent"
        outcome("n3.2", leader, label=neo.label)

# %% [markdown]
# ## Train one now
#
# A recording can be doubted, so train a tiny transformer yourself. Nothing is hidden: this is how the stand-ins were trained (their z-loss left out), with a learning rate that is warmed up and let down, clipped gradients and AdamW. On the way we note the mean cosine of each matrix.

# %%
TINY = "tiny model, trained here"
device = "cuda" if torch.cuda.is_available() else "cpu"
text = tokens_for(2048)  # Python's own library, in 2,048 tokens
recipe = Recipe(steps=300, batch=4, ctx=64, lr=2e-3, warmup=30, seed=0)
looks = (1, 4, 8, 16, 24, 32, 48, 64, 96, 128, 200, 300)  # updates


def train(model):
    optimizer = make_optimizer(model, recipe)
    seen = []
    for step in tqdm(range(recipe.steps), desc="training", unit="step"):
        batch = batch_at(text.train, recipe, step).to(device)
        loss = next_token_loss(model.trunk, batch)
        loss.backward()
        clip_grad_norm_(model.parameters(), recipe.clip)
        for group in optimizer.param_groups:
            group["lr"] = recipe.lr_at(step)
        optimizer.step()
        optimizer.zero_grad()
        if step + 1 in looks:
            seen.append({
                "input": geometry.mean_pairwise_cosine(model.W_E),
                "output": geometry.mean_pairwise_cosine(model.unembed),
            })  # fmt: skip
    return pd.DataFrame(seen, looks)


# %% [markdown]
# First the transformer **as it is**. Then **bare**, without LayerNorm, positions and biases, all at once: if one of them makes the mean, it is gone. Then **untied** as well, so that the matrix which reads and the matrix which scores can differ: whose job is it?


# %%
def tiny(**changed):
    shape = TinyConfig(
        d_vocab=2048,
        d_model=64,
        n_layers=2,
        ctx=64,
        seed=0,
        **changed,
    )
    return TinyLM(shape).to(device)


whole = tiny()
before = whole.W_E.detach().cpu().clone()
as_it_is = train(whole)["input"]

# %%
BARE = dict(
    norm="none",
    positions=False,
    biases=False,
)
bare = train(tiny(**BARE))["input"]
apart = train(tiny(**BARE, tied=False))
curves = {
    "as it is": as_it_is,
    "bare": bare,
    "bare and untied, input": apart["input"],
    "bare and untied, output": apart["output"],
}
title = f"The mean appears<br>{TINY}"
figures.courses({TINY: curves}, title, y="mean pairwise cosine")

# %% [markdown]
# Which of the curves stays at the bottom? One run of each kind is one seed, so the ledger will call these *open*; the seeds come below.


# %%
def share(curve):
    at_end = curve.iloc[-1] / as_it_is.iloc[-1]
    return over([at_end], "seed")


ledger.test(claims.BARE, on=TINY, left=share(bare))

# %%
ledger.test(
    claims.BARE_UNTIED,
    on=TINY,
    output=share(apart["output"]),
    input=share(apart["input"]),
)

# %% [markdown]
# ### Who moved?
#
# How far did each token travel along the direction of the final mean, in units of ‖mean‖? The vocabulary's average is 1 by construction (it began near 0); how evenly it is spread is not. If a **few** tokens carry the mean, most lie at 0 and some far above 1. If **everyone** drifts alike, the curve is flat at 1. If the push is **all but the same for all, and being right undoes it**, the curve is highest where tokens are rarest and falls with use. The control is a random direction at right angles to the mean.

# %%
after = whole.W_E.detach().cpu()
moved = after - before  # [d_vocab, d_model]
mean = geometry.mean(after)
forwards = mean / mean.norm()
random = torch.randn(len(mean), generator=torch.Generator().manual_seed(0))
across = random - (random @ forwards) * forwards
sideways = across / across.norm()
drift = moved @ forwards / mean.norm()
control = moved @ sideways / mean.norm()

# %%
by_count = {
    "the mean": trajectory.by_count(drift, text.counts),
    "a random direction across it": trajectory.by_count(control, text.counts),
}
title = f"Who moved?<br>{TINY}"
x = "occurrences in the text"
figures.courses({TINY: by_count}, title, y="drift / ‖mean‖", x=x)

# %% [markdown]
# Look at the two ends of the upper curve: who moved least, who moved most?

# %%
ledger.test(
    claims.ONE_WAY,
    on=TINY,
    along=exact((drift > 0).double().mean()),
    across=exact((control > 0).double().mean()),
)

# %% [markdown]
# ### Why one way?
#
# Cross-entropy gives the output row of token v the gradient (p_v − 1[v is right]) h, averaged over positions. A token that is absent is never right, so only p_v h is left. In a fresh model p_v is about 1/d_vocab everywhere, and the gradient is about h̄ / d_vocab, with h̄ the mean hidden state: the *same for every absent token*. Descent pushes them all to −h̄. Is it so, and does it last?

# %%
fresh = tiny()
batch = batch_at(text.train, recipe, 0).to(device)
h, _ = fresh.trunk(batch[:, :-1])  # [batch, ctx, d_model]
h_bar = h.detach().mean((0, 1)).cpu()
next_token_loss(fresh.trunk, batch).backward()
gradient = fresh.W_E.grad.cpu()  # [d_vocab, d_model]
absent = torch.ones(len(gradient), dtype=torch.bool)
absent[batch.unique().cpu()] = False
cosines = torch.cosine_similarity(gradient[absent], h_bar, dim=1)
ledger.test(claims.ONE_PUSH, on=TINY, cosine=exact(cosines.mean()))

# %% [markdown]
# That was one batch, before the first update. Some tokens of the vocabulary never occur in the text at all. If the push keeps its direction, they end where −h̄ of the *fresh* model pointed; if every batch pushes elsewhere, their cosine with it is that of the control, about 0. (Rows that are longer and shorter copies of one direction are what 01 calls a ray.)

# %%
never = text.counts == 0
along = torch.cosine_similarity(moved[never], -h_bar, dim=1)
aside = torch.cosine_similarity(moved[never], sideways, dim=1)
ledger.test(
    claims.PUSH_LASTS,
    on=TINY,
    along=exact(along.mean()),
    aside=exact(aside.mean().abs()),
)

# %% [markdown]
# ## Take one part away
#
# Now with seeds. These are recorded runs: one change each to a tiny model of 4,096 tokens, 600 updates, every run paired with the unchanged model of its own seed. Two rows change the *text* instead: the same tokens without their order, and tokens that are all equally frequent. The last changes the *optimiser*, so that all tokens share one second moment: it should show that the measure can notice a removal.
#
# A part that the mean needs has its dot near 0. A part that it does not need has it on the dotted line. (What has not been recorded yet is left out.)

# %%
GRID = "recorded tiny models"
runs, rows = grid.read()
shares = {}
for part in removals.RUNS:
    shares[part] = removals.share(runs, part)
title = f"Which parts does it need?<br>{GRID}, 95 % intervals"
removals.figure(shares, title)

# %% [markdown]
# Start with the four parts of the architecture at the top. Then compare the two rows about tying: they are two matrices of the same runs. Where is the mean when each matrix has one job?

# %%
needed = []
for part, claim in claims.NEEDS.items():
    entry = ledger.test(claim, on=GRID, left=shares[part])
    if part in removals.ARCHITECTURE and entry.word == "holds":
        needed.append(part)
answer = " and ".join(needed) or "none"
outcome("n3.3", answer, label=GRID)

# %% [markdown]
# One rival is left. Untied, the input rows may simply not have moved, and so have nothing in common yet. Look at the tokens that occur 1,000 times or more: did their rows grow? And in the other matrix, at those that never occur in the text: if a token must occur to be drawn in, they lie anywhere.

# %%
found = removals.untied(rows)
grew, cosine, never = found["grew"], found["cosine"], found["never"]
print(ledger.test(claims.MOVED_APART, on=GRID, grew=grew, cosine=cosine))
print(ledger.test(claims.MUST_OCCUR, on=GRID, never=never))

# %% [markdown]
# ## Claims met here

# %%
for course in courses:
    numbers = {
        "final mean cosine": course.whole.mean_cosine.iloc[-1],
        "mean cosine passes 0.5 at update": course.clocks["mean cosine passes 0.5"],
    }
    report(course.label, numbers)
live = {}
for name, curve in curves.items():
    live[f"mean cosine, {name}"] = curve.iloc[-1]
report(TINY, live)
left = {f"left without {part}": share.value for part, share in shares.items()}
report(GRID, left)

# %%
ledger

# %% [markdown]
# **What would refute it.** A fresh model with a mean cosine beyond chance; a recorded run in which the mean comes after word order is learned; seeds for which a part changes sides.
#
# **The lesson.** Ask a weight matrix for its history before you explain it by its use. And ask which job made it so: a tied matrix has two.
#
# **Still open.** Is a mean in the output matrix useful to the model, or only what its optimiser leaves behind (04)? Do these clocks agree at GPT-Neo's size? What sets the most frequent tokens apart?
#
# **Try it yourself.** Set `n_layers=0` in `shape`: no attention, no MLP. Predict both matrices. Then other seeds. With the hub, read the checkpoints between 0 and 100, which are ten updates apart.
#
# **Links.** [The post](https://www.alignmentforum.org/posts/eLNo7b56kQQerCzp2) · [Mistral, the stanford-crfm GPT-2s](https://github.com/stanford-crfm/mistral) · Biś et al. 2021, [common drift](https://aclanthology.org/2021.naacl-main.403) · Stollenwerk, Lokrantz & Hertzberg 2026, [input and output embeddings apart](https://arxiv.org/abs/2601.02031) · Gao et al. 2019, [representation degeneration](https://arxiv.org/abs/1907.12009)
