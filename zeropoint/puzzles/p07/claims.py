"""07's claims, and what each asks of a run."""

from __future__ import annotations

from zeropoint.claims import Claim, above, below

GUESS, COMMENT = "the author's guess", "a comment on the post"
OURS = "this notebook"

TRADE_OFF = Claim(
    "‖μ‖² and variance trade off, layer to layer",
    "Yamagiwa & Shimodaira 2024",
    {"opposed": above(2 / 3, "share of the steps at which one rises and the other falls (a coin: one half)")},
)
REACH = Claim(
    "the knob reaches far",
    OURS,
    {"share": above(0.5, "μ's share of squared denominators, largest of all layers")},
)
BY_SCALE = Claim(
    "what the mean does, it does by the norm's scale",
    GUESS,
    {"gap": above(0.0, "harm of volume only, less that of direction only, nats a token")},
)
DOSE = Claim(
    "dose for dose, volume weighs more than direction",
    OURS,
    {"gap": above(0.0, "harm of volume only, less that of direction at the same dose, nats a token")},
)
ANY_VECTOR = Claim(
    "any vector of that length would do",
    GUESS,
    {"gain": above(0.0, "harm without μ, less that with a random vector in its place, nats a token")},
)
FREQUENCY = Claim(
    "the top mean says how often tokens occur",
    OURS,
    {"beaten": above(0.95, "share of random directions that say it less well")},
)
MORE_AFTER = Claim(
    "the mean is a larger part with LayerNorm after than with it before",
    COMMENT,
    {"gap": above(0.0, "μ's share with LayerNorm after, less that with it before")},
)
NEEDS_NORM = Claim(
    "the embedding's cone needs LayerNorm",
    GUESS,
    {"ratio": below(0.5, "mean cosine without LayerNorm, over that with it before")},
)
HELPS_EARLY = Claim(
    "the volume helps while the model learns",
    GUESS,
    {"rise": above(0.01, "rise of the loss without it, nats a token, between warm-up and end")},
)
