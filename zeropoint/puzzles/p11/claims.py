"""What walkthrough 11 claims, each with whose claim it is and the threshold that decides. A rival that fails is ruled out."""

from __future__ import annotations

from zeropoint.claims import Claim, above, below, within

MAGIKARP = "Rumbelow & Watkins, of GPT-2 small and GPT-J"
INSIDE = "the Interior Conjecture (LessWrong)"
LAND = "after Land & Bartolo 2024"
HERE = "this notebook"

# A group like any other has its median place at one half.
NEAREST = Claim(
    "tokens never met in training lie nearest to the mean",
    MAGIKARP,
    {"place": below(0.1, "their median place in the queue from the mean")},
)
CROWD = Claim(
    "they crowd about a point of their own",
    HERE,
    {"radius": below(0.5, "their radius, in spreads of the cloud")},
)
# Parts of one group differ in radius by a tenth or so: `just as much` allows for that, and the interval over parts for the rest.
LENGTH = Claim(
    "rival: tokens of that length crowd just as much",
    HERE,
    {"ratio": below(1.1, "radius of met tokens of equal length, in that of the never met")},
)
RARITY = Claim(
    "rival: rare tokens crowd just as much",
    HERE,
    {"ratio": below(1.1, "radius of tokens met 1 to 3 times, in that of the never met")},
)

# Cosines of each token's place in its group with its place there before training.
SAME_STEPS = Claim(
    "they all took the same steps: what sets them apart is the first draw",
    HERE,
    {
        "never": above(0.9, "what is left of the first draw, never met"),
        "met": below(0.9, "the same, met"),
    },
)
FORETOLD = Claim(
    "their radius is that of the first draw, less what weight decay took",
    HERE,
    {"ratio": within(0.75, 1.25, "radius, in those foretold")},
)
PLANTED = Claim(
    "whether they are near the mean is a matter of how many they are",
    HERE,
    {
        "few": above(0.5, "their place with few of them"),
        "many": below(0.5, "with half of the vocabulary planted"),
    },
)

# A tenth in average precision is more than three references differ by among themselves.
DETECTOR = Claim(
    "nearness to a few surely unused tokens finds the others better than any baseline",
    LAND,
    {"gain": above(0.1, "average precision, over the best baseline's")},
)

ROOM_INSIDE = Claim(
    "tokens that random states never produce lie inside the hull of the others",
    INSIDE,
    {
        "inside": above(0.5, "share of them proven to be inside"),
        "control": above(1.0, "the mean vector as a token: proven inside"),
    },
)

READ_AS_ONE = Claim(
    "the model reads all of them as one and the same token",
    HERE,
    {"share": below(0.25, "what depends on which was read, in that of met tokens of equal length")},
)
READ_AS_MEAN = Claim(
    "it reads them much as it reads the mean vector",
    HERE,
    {"share": below(0.5, "KL from the mean vector, in that of met tokens of equal length")},
)
AT_A_LOSS = Claim(
    "reading one leaves the model at a loss",
    HERE,
    {"more": above(0.0, "entropy after one, less after a met token of equal length, nats")},
)
