"""What walkthrough 09 claims, each with whose claim it is and the threshold that decides.

Gains are changes of a share of right answers. For most of them the question is the sign, so the threshold is 0.
"""

from __future__ import annotations

from zeropoint.claims import Claim, above, below, within
from zeropoint.puzzles.p09.tools import MATTERS

HERE = "this notebook"

NEAREST = Claim(
    "centring helps the cosine to find a word's other spelling",
    "the post (centring as a habit)",
    {"gain": above(0, "gained by centring")},
)
ANY_SHIFT = Claim(
    "any vector as long as the mean would do as well",
    "a rival",
    # A rival that must fail by more than what matters.
    {"more": below(MATTERS, "gained by the own mean beyond another vector as long")},
)
BLIND = Claim(
    "distance and a probe with a bias do not notice centring",
    "05",
    {
        "distance": within(-MATTERS, MATTERS, "gained by the nearest token by distance"),
        "bias": within(-MATTERS, MATTERS, "gained by the probe with a bias"),
    },
)
PARTNER = Claim(
    "each cloud centred by itself: partners are found more often",
    HERE,
    {"gain": above(0, "gained by centring")},
)
WHICH = Claim(
    "each cloud centred by itself: which cloud it was is lost",
    HERE,
    {
        "gain": below(0, "gained by centring"),
        "left": below(0.55, "share right after it, where a coin has 0.5"),
    },
)
PROBE = Claim(
    "without a bias, a probe loses by centring, and by no other vector as long",
    HERE,
    {
        "gain": below(-MATTERS, "gained by centring"),
        "beyond": below(-MATTERS, "the same beyond another vector as long"),
    },
)
BIAS = Claim(
    "what it loses is a bias: the mean label, added back, gives every answer back",
    HERE,
    # The mean is of all tokens and the fit of four fifths of them, so a few answers may differ.
    {"same": above(0.99, "share of answers like those of the probe with a bias")},
)
NEEDLE = Claim(
    "the loss is a needle: it is worst where the mean is taken off once",
    HERE,
    {
        "worst": within(0.75, 1.25, "share of the mean at which the probe is worst"),
        "back": above(0.5, "of the loss, what is back when twice the mean is taken off"),
    },
)
RARE = Claim(
    "the fewer tokens have a property, the more its probe loses",
    HERE,
    {"rank": below(-0.5, "rank correlation of the share that has it with the loss")},
)
COUNTS = Claim(
    "where zero means never, centring loses what zero said",
    HERE,
    {"gain": below(-MATTERS, "gained by centring")},
)
READS = Claim(
    "the model reads its mean: centred embeddings make it worse",
    "02 and 07",
    {"gain": below(0, "gained by centring, share of next tokens")},
)
STEERS = Claim(
    "a steering vector is better without the mean",
    "Jorgensen et al. 2023",
    {"gain": above(0, "gained by centring, probability of the target")},
)
FORETOLD = Claim(
    "what centring does can be known beforehand",
    HERE,
    # By guessing among three words one has six or more of eight right in one case of fifty.
    {"right": above(6, "forecasts that came true, of 8")},
)
NOT_UNIVERSAL = Claim(
    "centring is a good habit, and no universal rule",
    "the post",
    {"helps": above(1, "tools that it helps"), "hurts": above(2, "tools that it hurts")},
)
TWO_NORMS = Claim(
    "two published norms foretell the mean cosine",
    "Rumbelow & Watkins 2023 (the norms)",
    # Of all pairs, those with a never-trained token are left out of the forecast: a few hundredths.
    {"off": below(0.03, "mean cosine, off its forecast")},
)
