"""What walkthrough 03 claims, and the thresholds that decide. A rival that fails is ruled out."""

from __future__ import annotations

from zeropoint.claims import Claim, above, below, within

ASKED = "a question under the post"
HERE = "this notebook"

AT_INITIALISATION = Claim(
    "it is there at initialisation",
    ASKED,
    {"chance": above(4.0, "|mean cosine| of a fresh model, in widths of chance")},
)
WHILE_COUNTING = Claim(
    "it grows while the model learns how frequent each token is",
    HERE,
    {"clocks": within(0.5, 2.0, "half of the peak, in times to the entropy of single tokens")},
)
MEAN_SHRINKS = Claim(
    "after its peak the mean cosine falls because the mean shrinks",
    HERE,
    {"mean": below(1.0, "‖mean‖ at the end, in those at the peak")},
)
RARE_LEAD = Claim(
    "the rare tokens lie closer to the mean than the frequent ones",
    HERE,
    {"lead": above(0.0, "median cosine with the mean, rarest less most frequent")},
)
ONE_WAY = Claim(
    "the vocabulary drifts one way",
    HERE,
    {
        "along": above(0.8, "share of tokens that moved along the mean"),
        "across": below(0.8, "share along a random direction across it"),
    },
)
ONE_PUSH = Claim(
    "in a fresh model all absent tokens are pushed one way, against the mean hidden state",
    HERE,
    {"cosine": above(0.9, "mean cosine of their gradients with it")},
)
PUSH_LASTS = Claim(
    "tokens that never occur end where that first push pointed",
    HERE,
    {
        "along": above(0.5, "mean cosine of their movement with it"),
        "aside": below(0.5, "|mean cosine| with a random direction"),
    },
)
BARE = Claim(
    "a bare model, without LayerNorm, positions and biases, makes it too",
    HERE,
    {"left": above(0.5, "share of the mean cosine left")},
)
BARE_UNTIED = Claim(
    "bare and untied, it is in the output matrix and not in the input",
    HERE,
    {
        "output": above(0.5, "share of the mean cosine left in the output matrix"),
        "input": below(0.5, "in the input matrix"),
    },
)


def _needs(part: str, source: str) -> Claim:
    return Claim(f"it needs {part}", source, {"left": below(0.5, "share of the mean cosine left without")})


NEEDS_LAYERNORM = _needs("LayerNorm", ASKED)
NEEDS_POSITIONS = _needs("positions", ASKED)
NEEDS_BIASES = _needs("biases", ASKED)
NEEDS_TYING = _needs("tying", HERE)
OUTPUT_NEEDS_TYING = _needs("tying, in the output matrix", HERE)
NEEDS_ORDER = _needs("the order of the text", HERE)
NEEDS_FREQUENCIES = _needs("unequal frequencies", HERE)
NEEDS_SECOND_MOMENT = _needs("Adam's second moment by token", HERE)

NEEDS = {  # by the part's name in `removals.RUNS`
    "LayerNorm": NEEDS_LAYERNORM,
    "positions": NEEDS_POSITIONS,
    "biases": NEEDS_BIASES,
    "tying": NEEDS_TYING,
    "tying (output matrix)": OUTPUT_NEEDS_TYING,
    "order of the text": NEEDS_ORDER,
    "unequal frequencies": NEEDS_FREQUENCIES,
    "Adam's second moment by token": NEEDS_SECOND_MOMENT,
}

MOVED_APART = Claim(
    "untied, the input rows moved, and in no common direction",
    HERE,
    {
        "grew": above(1.5, "rows of frequent tokens, in initial lengths"),
        "cosine": below(0.5, "their mean cosine, in those of the tied model"),
    },
)
MUST_OCCUR = Claim(
    "a token must occur to join",
    HERE,
    {"never": below(0.5, "cosine with the mean of tokens that never occur, output matrix")},
)
