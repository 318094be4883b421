"""What walkthrough 04 claims of tiny models, and the thresholds that decide. A rival that fails is ruled out."""

from __future__ import annotations

from zeropoint.claims import Claim, above, below

HERE = "this notebook"
COMMENTS = "a comment under the post"
COUPLED_ADAM = "arXiv 2502.08441"

# A rival is taken seriously if it does at least half of what β₂ does.
SHARE_OF_BETA2 = above(0.5, "its change of the mean cosine, as a share of β₂'s")


def rival(text: str, source: str) -> Claim:
    return Claim(text, source, {"share": SHARE_OF_BETA2})


# By the grid's run. What both models have can be no reason for their difference, whichever way it works.
SHARED_BY_BOTH = {
    "norm=post": rival("rival: LayerNorm before, not after, the sublayer", COMMENTS),
    "norm=none": rival("rival: LayerNorm at all", COMMENTS),
    "positions=False": rival("rival: positional embeddings", COMMENTS),
}
# What only GPT-Neo has must raise the mean cosine.
GPT_NEO_ONLY = {
    "window=16": rival("rival: local attention", COMMENTS),
    "biases=False": rival("rival: missing biases", HERE),
    "z_loss=0.0001": rival("rival: a z-loss of 1e-4, within 600 steps", HERE),
}
DECAY_CAN_BE_JUDGED = Claim(
    "these runs are long enough to tell what weight decay does",
    HERE,
    {"e_folds": above(1.0, "e-folds of decay in a run, Σ lr·λ")},
)

# --- the lead ------------------------------------------------------------------------------------------------------

BETA2 = Claim(
    "β₂ 0.999 in place of 0.95 lowers the mean cosine",
    HERE,
    {"change": below(0.0, "change of the mean cosine")},
)
BETA2_EVERYWHERE = Claim(
    "β₂ 0.999 lowers the mean cosine whatever else is changed",
    HERE,
    {"weakest": below(0.0, "the change that is nearest to none")},
)
OWN_MOMENT = Claim(
    "it takes a second moment of its own for each token",
    COUPLED_ADAM,
    {"left": above(0.5, "what one moment for all takes away at equal update length, as a share of that at equal lr")},
)
LONG_TAIL = Claim(
    "it takes a long tail of frequencies",
    "arXiv 1907.12009; arXiv 2401.12143 doubts it for hidden states",
    {"gone": above(0.5, "share of the mean cosine that is gone without it")},
)
ORDER = Claim(
    "it takes text with an order",
    HERE,
    {"gone": above(0.5, "share of the mean cosine that is gone without it")},
)

# --- tokens a step -------------------------------------------------------------------------------------------------

BETA2_AT_SCALE = Claim(
    "at GPT-Neo's tokens a step for each entry, β₂ does at least half of what it does at the base",
    HERE,
    {"share": SHARE_OF_BETA2},
)
LEVEL_AT_SCALE = Claim(
    "at GPT-Neo's tokens a step for each entry, β₂ 0.95 gives a mean cosine like GPT-Neo's",
    HERE,
    {"largest": above(0.8, "largest mean cosine of the three vocabularies")},  # published for GPT-Neo-125M: over 0.9
)
MORE_TOKENS = Claim(
    "more tokens a step lower the mean cosine",
    HERE,
    {
        "updates": below(0.0, "change with as many updates"),
        "tokens": below(0.0, "with as many tokens in all"),
        "small": below(0.0, "with a vocabulary of 1,024"),
    },
)
RARE_AT_SCALE = Claim(
    "most of GPT-Neo's vocabulary occurs less than once within Adam's window",
    "a sum, not a run",
    {"share": above(0.5, "share of the vocabulary")},
)

# --- the mechanism -------------------------------------------------------------------------------------------------

BALANCE = Claim(
    "the output side's gradients sum to zero over the vocabulary, the input side's do not",
    f"{COUPLED_ADAM}; the input side: this notebook",
    {
        "output": below(1e-12, "‖Σ‖ / Σ‖·‖, output side, largest"),
        "input": above(1e-12, "input side, smallest"),
    },
)
BETA2_LIVE = Claim(
    "β₂ counts in runs trained before your eyes",
    HERE,
    {"change": below(0.0, "change of the mean cosine")},
)
ONLY_ADAM_MOVES_IT = Claim(
    "plain descent leaves an untied output matrix's mean alone, Adam does not",
    COUPLED_ADAM,
    {
        "sgd": below(0.01, "relative change of ‖mean‖, SGD"),
        "adam": above(1.0, "relative change of ‖mean‖, AdamW"),
    },
)
ABSENT = Claim(
    "a token drifts while it is absent from the batch",
    HERE,
    {"more": above(0.0, "movement along the mean while absent, less that while present")},
)
FORGETTING = Claim(
    "a short memory forgets rare tokens' gradients",
    HERE,
    {"ratio": below(0.5, "root of the second moment, β₂ 0.95 / 0.999: rarest tokens' as a share of the commonest's")},
)
ONLY_N = Claim(
    "a token's cosine with the mean depends on N alone",
    HERE,
    {
        "scatter": below(2.0, "rms miss over N, in units of the seeds' own scatter"),
        "frequency": below(1.0, "rms miss over N, as a share of that over frequency alone"),
    },
)

# --- a forecast, written before anyone looked ----------------------------------------------------------------------

STANFORD_FORECAST = Claim(
    "Stanford's GPT-2 lies nearer to OpenAI's GPT-2 than to GPT-Neo",
    "this notebook's forecast",
    {"place": below(0.5, "its mean cosine, with GPT-2 at 0 and GPT-Neo at 1")},
)
