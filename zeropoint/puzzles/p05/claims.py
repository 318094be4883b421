"""What walkthrough 05 claims, and the thresholds that decide. Yes is 1 and no is 0 where every case was tried."""

from __future__ import annotations

from zeropoint.claims import Claim, above, below

COMMENT = "a comment under the post"
HERE = "this notebook"

TOOLS = Claim(
    "cosine, dot product, norm and PCA see zero unless centred; distance and difference don't",
    "the post's answer, extended",
    {
        "see": above(5, "tools that were foretold to see it and do, of 5"),
        "blind": above(4, "tools that were foretold to be blind and are, of 4"),
        "control": above(1e4, "smallest change in the control, in units of the largest rounding"),
    },
)
WEIGHTS = Claim(
    "weighted means need no zero, scaling does",
    COMMENT,
    {"miss": below(1e-5, "largest difference between what lags behind and |Σw − 1| shifts")},
)
HEAP = Claim(
    "a − b + c needs no zero, and any point can become one",
    COMMENT,
    {
        "heap": above(1, "a − b + c is a heap in every case"),
        "zeros": above(25, "points that serve as zero, of 25"),
        "control": below(0, "a − b − c is a heap"),
    },
)
DOUBLING = Claim(
    "doubling a point needs a zero",
    COMMENT,
    {"answers": above(2, "different answers to twice point 7")},
)
BOX = Claim(
    "f(x, y) = P(Mx + y) fixes both heaps and neither zero",
    COMMENT,
    {
        "heaps": above(1, "both heaps are recovered"),
        "zeros": above(625, "choices of zeros that rebuild f, of 625"),
        "steady": below(0, "share of steps that depend on the row"),
        "control": above(0.01, "the same of the control"),
    },
)
ORIGIN = Claim(
    "parallelograms need no origin; 3CosAdd does, normalised or not",
    "a comment, and this notebook",
    {
        "parallelogram": above(1, "share of answers that the parallelogram keeps at the worst shift"),
        "others": below(0.99, "the most that another rule keeps"),
    },
)
FAR = Claim(
    "far from home, cosine is distance",
    HERE,
    {
        "away": above(0.8, "share of answers of the parallelogram, 64 spreads away"),
        "more": above(0, "more than as it is"),
    },
)
# The least gain that counts is any: the question is the sign.
FINDS_WORDS = Claim(
    "a − b + c finds words",
    "a comment (king − man + woman)",
    {"gain": above(0, "accuracy above that of the token nearest to c")},
)
CENTRING = Claim(
    "centring helps analogies, a little",
    "Mu & Viswanath 2018 (+0.4 %)",
    {"gain": above(0, "accuracy gained by 3CosAdd with unit rows")},
)
