# %% [markdown]
# # 05 Geometry without an origin
#
# **Question.** Which of your tools secretly use zero?
#
# **Time** 30 min · **Difficulty** ●●○ · **You need** vectors, the cosine and principal components; what a group is helps
#
# In 01 a cosine turned out to depend on how far away zero was, and nobody had chosen that zero. Which of your other tools depend on it? A comment under [the post](https://www.alignmentforum.org/posts/eLNo7b56kQQerCzp2) says that mathematics has a name for geometry that does without. You have an answer when you can draw a line between the tools that see the origin and those that cannot, by measurement, and say why it runs where it does. To try it alone first, open puzzle 05.

# %%
import pandas as pd
import torch

from zeropoint import report
from zeropoint.claims import Ledger, exact
from zeropoint.desk import outcome, predict
from zeropoint.models import load_pair
from zeropoint.puzzles.p05 import analogies, claims, heap, reading, shifts

first, second = load_pair()

# %% [markdown]
# Two embeddings, with the same tokens in the same order, so that one can be compared with the other. (Where two models have different vocabularies, only the tokens that both have are kept.)

# %%
FIRST, SECOND = first.label, second.label
both = f"{FIRST} and {SECOND}"  # for the titles of figures
words, numbers = analogies.shared_tokens(first.tokenizer, second.tokenizer)
clouds = {
    FIRST: first.W_E[numbers[:, 0]],  # [d_vocab, d_model]
    SECOND: second.W_E[numbers[:, 1]],
}
starts_with_space = torch.tensor([token.startswith("Ġ") for token in words])
ledger = Ledger()

# %% [markdown]
# ## Carry the cloud elsewhere
#
# Add one and the same vector to every embedding. Nothing between tokens changes: who is near whom, and which way leads from one to another. Only zero lies elsewhere. A tool that says something else now was using zero. Here are fifteen. How many of them will notice?

# %%
print(*shifts.TOOLS, sep="\n")

# %%
predict("n5.4", None, low=None, high=None)  # how many of them see the shift

# %% [markdown]
# Each tool reads 1,000 tokens before and after; the change is relative to what it said before. CKA compares with the other model, which stays where it is. The probe learns which tokens start with a space. Two more moves make the scale:
#
# * **rounding alone**, (W + c) − c: what a tool that is **blind** to zero may still change by, some 10⁻¹⁶;
# * a **control**, in which each token moves as far but its own way: no tool should be blind to that.
#
# If a tool sees zero, it should lie near the control; if not, near the rounding; and if the question has no clear answer, in between.

# %%
measured = shifts.measure(clouds, starts_with_space)
shifts.figure(measured, f"What changes when the cloud moves<br>{both}")

# %% [markdown]
# Follow the circles downwards: do they fall into two groups? Look for one in the middle. Then move the slider: does a small shift spare a tool that a large one does not? The last stop carries the mean to zero, so it is what centring does. (No change at all is drawn at 10⁻¹⁷.)

# %%
table = shifts.table(measured)
sees = table.origin == "sees"
outcome("n5.4", sees.sum(), label=both)
table["largest change"] = table["largest change"].map("{:.0e}".format)
table[["origin", "largest change"]]

# %% [markdown]
# Here "blind" and "sees" hold at every size of shift, in every draw and on both models. Five tools were foretold to see zero and four not to; the rest came without a forecast.

# %%
foretold = ["cosine", "dot product", "norm", "nearest neighbours by cosine", "PCA, not centred"]
immune = ["Euclidean distance", "difference of two vectors", "PCA, centred", "CKA, centred"]
blind = table.origin == "blind"
rounding = measured.change[measured.kind == "rounding alone"]
smallest = table["control, smallest"].min()
ledger.test(
    claims.TOOLS,
    on=both,
    see=exact(sees[foretold].sum()),
    blind=exact(blind[immune].sum()),
    control=exact(smallest / rounding.max()),
)

# %% [markdown]
# ## Why: weights that add up to one
#
# What have the tools on each side in common? Look at what they combine. A distance and a difference take the step from one token to another; whatever is centred takes the step from the mean. Steps do not change when both ends move. Cosine, dot product and norm take the step from zero, and zero stays behind. Pearson's correlation centres as well, but each token by its own mean over d_model, and that mean is no point of the cloud.
#
# Which combinations stay behind can be told from their weights. Take any Σ wᵢ·xᵢ and move all the xᵢ by c: the result moves by (Σ wᵢ)·c. If the weights add up to 1, it moves along with the cloud, as a point should. If not, it lags behind. So there is an exact forecast: it lags by |Σ wᵢ − 1| shifts.

# %%
combinations = {
    "mean of four": [0.25, 0.25, 0.25, 0.25],
    "b − a + c": [1, -1, 1],
    "difference b − a": [1, -1],
    "sum of two": [1, 1],
    "three times a vector": [3],
    "ablated to zero": [0],
}
W = clouds[FIRST].double()
c = analogies.shift(W, 16, seed=0)  # 16 spreads of the cloud, in a random direction
rows = []
for weights in combinations.values():
    w = torch.tensor(weights).double()
    x = W[1000 : 1000 + len(w)]
    along = w @ x + c  # where the result would be if it moved along
    lag = along - w @ (x + c)
    row = {
        "Σw": w.sum().item(),
        "forecast": (w.sum() - 1).abs().item(),
        "lag": (lag.norm() / c.norm()).item(),
    }
    rows.append(row)
lags = pd.DataFrame(rows, index=list(combinations))
lags.round(6)

# %% [markdown]
# Lags are in shifts. Compare the last two columns, row by row. A difference (Σw = 0) is no point but a step: it does not move at all when the cloud does, which is as it should be, and added to a point it gives a point again. Scaling is a combination with one weight. Ablating to zero puts the step 0 where a point belongs.

# %%
off = lags["lag"] - lags["forecast"]
miss = off.abs().max()
ledger.test(claims.WEIGHTS, on=FIRST, miss=exact(miss))

# %% [markdown]
# ## Adding without a zero
#
# "King − man + woman" has weights 1, −1 and 1. It never asks where zero is: go from *man* to *king*, but start at *woman*. A set with such a t(a, b, c) = a − b + c is called a **heap**. It is a group that has forgotten which element was zero: choose any point for it, and a + b = t(a, zero, b) is a group again.
#
# "Any point" is a strong claim. Over the 25 points of a plane modulo 5 every case can be tried. If only some points could be zero, the count below would stay under 25.

# %%
points = heap.vectors(5, 2)  # [25, 2]
place = torch.tensor([5, 1])  # names each point by a number: (1, 3) is 8
T = reading.of_vectors(points, 5) @ place  # T[a, b, c] is the name of a − b + c
zeros = 0
for zero in range(25):
    addition, negatives = reading.group_at(T, zero)
    zeros += reading.is_group(addition, zero)
print(zeros, "of 25 points serve as zero")

# %% [markdown]
# The control is a − b − c, whose weights add up to −1. It should be no heap.

# %%
no_heap = reading.of_vectors(points, 5, weights=(1, -1, -1)) @ place
ledger.test(
    claims.HEAP,
    on="25 points modulo 5",
    heap=exact(reading.is_heap(T)),
    zeros=exact(zeros),
    control=exact(reading.is_heap(no_heap)),
)

# %% [markdown]
# What is a zero good for, then? Twice a point has weight 2. If doubling needs no zero, all 25 groups agree on it.

# %%
twice = set()
for zero in range(25):
    addition, negatives = reading.group_at(T, zero)
    twice.add(addition[7, 7].item())
ledger.test(claims.DOUBLING, on="25 points modulo 5", answers=exact(len(twice)))

# %% [markdown]
# ## A box that hides its zero
#
# Can data fix the steps and leave zero free? The comment's example is the round of a cipher, or a layer of a recurrent network: f(x, y) = P(Mx + y), with an unknown invertible M and an unknown permutation P (our reading; the formulas are lost in the copies of the thread). You may call f at will, but x, y and values go under random names. What can you recover of y's space: `"differences"`, `"zero"`, `"both"` or `"neither"`?

# %%
predict("n5.1", None)

# %% [markdown]
# The key: f(x₁, y₁) = f(x₂, y₂) exactly when y₁ − y₂ = M(x₂ − x₁). So whether two values agree says whether two steps are equal, whatever P may be. Here is one step, read off the table.

# %%
box = heap.black_box(5, 2, seed=0)
f = box.table  # [25, 25]: name of x, name of y -> name of the value
a, b, c = 3, 8, 21  # three names of y
value = f[0, a]
x = (f[:, b] == value).nonzero().item()  # this x makes up for the step from a to b
value = f[x, c]
d = (f[0] == value).nonzero().item()  # so d lies from c as a lies from b
box.y[[a, b, c, d]]

# %% [markdown]
# These are the box's secret, the vectors behind the names a, b, c and d. Check a − b + c = d, modulo 5. `heap_of_columns` does this for all triples; the table turned on its side gives the heap of x.

# %%
T_y = reading.heap_of_columns(f)
T_x = reading.heap_of_columns(f.T)
y_recovered = reading.fits(T_y, box.y, p=5)
x_recovered = reading.fits(T_x, box.x, p=5)
print("heaps recovered, of y and of x:", y_recovered, x_recovered)

# %% [markdown]
# And zero? Take any name of x and any name of y, and call both zero. Read M and P off the table with them, and rebuild f. If f knows its zeros, one choice in 625 will fit. If it knows nothing of them, all will.

# %%
serve = 0
for x0 in range(25):
    for y0 in range(25):
        serve += torch.equal(reading.rebuilt(f, x0, y0), f)
outcome("n5.1", reading.fixed(y_recovered, serve), label=box.label)

# %% [markdown]
# The control is a table which also holds each value once a row and once a column, but is no P(Mx + y). There, a step should depend on the row from which it is read.

# %%
fake = reading.switched(f)
ledger.test(
    claims.BOX,
    on=box.label,
    heaps=exact(y_recovered and x_recovered),
    zeros=exact(serve),
    steady=exact(reading.dependence(f)),
    control=exact(reading.dependence(fake)),
)

# %% [markdown]
# See it: the table as it was handed out, and renumbered with two choices of zeros. If zero mattered, the second and the third picture would differ.

# %%
one = reading.seen_from(f, 3, 8)
other = reading.seen_from(f, 21, 14)
views = {
    "as handed out": f,
    "zeros 3 and 8": one,
    "zeros 21 and 14": other,
}
reading.picture(views, f"f(x, y), dark for a high number<br>{box.label}")

# %% [markdown]
# Lay the second over the third, and look for one square that differs. The report counts for you. A model's first vector is of this form as well: W_E[token] + W_pos[position], where there is a W_pos. Notebook 02 moves that zero about.

# %%
squares = (one != other).sum()
counts = {
    "choices of zeros that rebuild f": serve,
    "squares that differ": squares.item(),
}
report(box.label, counts)

# %% [markdown]
# ## Analogies
#
# Does any of this matter for a tool in use? Take analogies among the model's own tokens: *map* is to *␣map* as *set* is to …? There are four families: a leading space, a capital, an s, an ed. Four rules pick the answer, all from b − a + c: the nearest token by distance (the **parallelogram**); the highest cosine (**3CosAdd**), with rows normalised first as in the literature, or as they are; the highest dot product. The weights of b − a + c add up to one, so the point itself is safe; but three of the rules then look for its neighbour by cosine or dot product.

# %%
quiz = analogies.quiz(words, rounds=10, seed=0)  # each pair is asked for with ten others
nonsense = analogies.quiz(words, rounds=10, seed=0, mismatch=True)
accuracy = {}
for name, W in clouds.items():
    accuracy[name] = {}
    for rule in analogies.RULES:
        marks = analogies.right(W, quiz, rule)
        accuracy[name][rule] = analogies.by_pair(marks)
    marks = analogies.right(W, nonsense, "parallelogram")
    accuracy[name]["parallelogram, mismatched"] = analogies.by_pair(marks)
pd.DataFrame(accuracy)

# %% [markdown]
# Share of right answers, with 95 % intervals over pairs. The last two rows are controls: *nearest to c* has no analogy in it, *mismatched* pairs have nothing in common. Is there anything for an analogy to find? If *nearest to c* does as well as the parallelogram, the answers are simply the nearest words, and this quiz cannot tell.

# %%
for name, W in clouds.items():
    by_analogy = analogies.right(W, quiz, "parallelogram")
    by_nearness = analogies.right(W, quiz, "nearest to c")
    gain = analogies.gain(by_analogy, by_nearness)
    entry = ledger.test(claims.FINDS_WORDS, on=name, gain=gain)
    print(entry)

# %% [markdown]
# Now carry the cloud away. Right or wrong, on what share of questions does 3CosAdd (rows as they are) give the answer that the parallelogram gave: here, and 64 spreads from here?

# %%
predict("n5.2", None, low=None, high=None)  # the first model, as it is
predict("n5.3", None, low=None, high=None)  # the first model, 64 spreads away

# %% [markdown]
# * If a rule **uses no zero**, its line is flat.
# * If it **measures angles from zero**, its answers change while zero is near; and far away, where all angles are small, they turn into distances: the line climbs to the parallelogram's.
# * If it **asks how far along c** a token lies, as a dot product with a large c does, it falls and stays down.

# %%
sizes = [0, 0.25, 1, 4, 16, 64]
agreed = {}
for name, W in clouds.items():
    agreed[name] = {}
    for rule in analogies.COMPARED:
        agreed[name][rule] = analogies.agreement(W, quiz, rule, sizes)
analogies.figure(agreed, sizes, f"Same answer as the unmoved parallelogram<br>{both}")

# %% [markdown]
# Look at the left end, where the cloud is as the model has it: how far are the rules apart there? Then at the right end: which lines have joined? The intervals are over three directions of the shift.

# %%
by_cosine = {}
for name in clouds:
    by_cosine[name] = agreed[name]["3CosAdd, rows as they are"]
outcome("n5.2", by_cosine[FIRST][0].value, label=FIRST)
outcome("n5.3", by_cosine[FIRST][-1].value, label=FIRST)

# %%
for name in clouds:
    near, *_, away = by_cosine[name]
    more = away.value - near.value
    entry = ledger.test(claims.FAR, on=name, away=away, more=exact(more))
    print(entry)

# %% [markdown]
# The reason in a line: with a long c, the cosine of p + c and q + c is about 1 − ‖p − q‖² / 2‖c‖², lengths along c left out. **Far from home, cosine is distance.** It measures angles only where zero is near. Does normalising first help? It measures from zero before anything else is done.

# %%
for name, W in clouds.items():
    kept = analogies.kept(W, quiz, sizes)
    steady = kept.pop("parallelogram")
    entry = ledger.test(
        claims.ORIGIN,
        on=name,
        parallelogram=exact(steady),
        others=exact(max(kept.values())),
    )
    print(entry)

# %% [markdown]
# Seeing zero need not hurt: it depends on what is there. Mu & Viswanath found that centring helps analogies by 0.4 % on word vectors, little, since a difference cancels the common part anyway. Here, for 3CosAdd with unit rows:

# %%
rule = "3CosAdd, unit rows"
gains = {}
for name, W in clouds.items():
    as_it_is = analogies.right(W, quiz, rule)
    centred = analogies.right(W - W.mean(0), quiz, rule)
    gains[name] = analogies.gain(centred, as_it_is)
    entry = ledger.test(claims.CENTRING, on=name, gain=gains[name])
    print(entry)

# %% [markdown]
# *Fails* means that centring hurts, *open* that its effect is not told from none.
#
# ## Claims met here

# %%
ledger

# %%
published = {
    "centring gains 3CosAdd": "+0.4 % (word vectors; first components removed too)",
}
for name in clouds:
    main = {
        "accuracy, parallelogram": accuracy[name]["parallelogram"].value,
        "accuracy, 3CosAdd, unit rows": accuracy[name]["3CosAdd, unit rows"].value,
        "centring gains 3CosAdd": gains[name].value,
    }
    report(name, main, published)

# %% [markdown]
# **The lesson.** Ask of each tool whether it would notice the cloud being carried elsewhere. If it would, its answer is about the cloud *and* a point that you chose, or that nobody chose.
#
# **Still open.** Which origin would be meaningful, where the model reads with an inner product? Is the model itself blind to a shift (02)? Its LayerNorm is not (07).
#
# **Try it yourself.** Add a tool to `shifts.TOOLS` and predict its row: k-means, cosine of differences, standardising. Then turn the cloud, or stretch it: which tools see that?
#
# **Links.** [The post and its comments](https://www.alignmentforum.org/posts/eLNo7b56kQQerCzp2) · Baez, [torsors made easy](https://math.ucr.edu/home/baez/torsors.html) · Mu & Viswanath 2018, [all-but-the-top](https://arxiv.org/abs/1702.01417) · Park, Choe & Veitch, [causal inner product](https://arxiv.org/abs/2311.03658) · Steck et al. 2024, [is cosine about similarity?](https://arxiv.org/abs/2403.05440)
