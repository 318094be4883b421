"""What walkthrough 10 claims, and the thresholds that decide."""

from __future__ import annotations

from zeropoint.claims import Claim, above, below

NANDA = "Nanda's Puzzle 2 (its question)"
POST = "the post's answer, extended"
HERE = "this notebook"

# A tenth of the variance is where a reader would begin to say "it is written there"; none is where nobody would.
A_TENTH, NONE = 0.1, 0.01

LENGTH = Claim(
    "how many characters a token has is written linearly in its embedding",
    NANDA,
    {"read": above(A_TENTH, "R² on tokens not seen")},
)
# Half: one step makes as much of what the lengths differ by as all their own places together.
NUMBER = Claim(
    "it is written as a number, the same step from each length to the next, and not as a category",
    "Nanda's Puzzle 2",
    {"share": above(0.5, "share of what the lengths' mean rows differ by that one step makes")},
)
CONTROLS = Claim(
    "the probe finds nothing where there is nothing",
    HERE,
    {
        "shuffled": below(NONE, "R², shuffled lengths"),
        "initial": below(NONE, "R², initial weights"),
    },
)
# 0.05: half of what counts as written
RANK = Claim(
    "and it is not the rank alone",
    HERE,
    {
        "more": above(0, "R² beyond that of the rank"),
        "rest": above(0.05, "R² on what the rank leaves over"),
    },
)
# 0.8: of five pairs of a token with and one without, four in the right order
MORE = Claim(
    "so are a space in front, a capital, a digit",
    NANDA,
    {"worst": above(0.8, "AUC of the property that is read worst")},
)
SHIFT = Claim(
    "a probe with an intercept does not see where zero is",
    POST,
    {"moved": below(1e-6, "largest change of what it says when the cloud is centred (characters)")},
)
CENTRED = Claim(
    "without an intercept, centring ruins the probe",
    POST,
    {
        "read": below(0, "R², centred, no intercept"),
        "lost": above(0.1, "R² lost by centring, no intercept"),  # what could not be read cannot be ruined
    },
)
# 0.05: as above, half of what counts as written
OWN_INTERCEPT = Claim(
    "as it lies, the cloud needs no intercept: the common vector is one",
    HERE,
    {"cost": below(0.05, "R² lost without an intercept")},
)
# A mean of others that explains nothing explains 0 or less; a twentieth is more than chance leaves at 20 pairs.
RELATION = Claim(
    "the differences of a relation's pairs have a vector in common",
    NANDA,
    {
        "share": above(0.05, "share of the differences that the others' mean explains"),
        "random": below(NONE, "the same for random pairs"),
    },
)
PARTNERS = Claim(
    "and that vector is more about the pairs than about the two kinds of token",
    HERE,
    {"kept": below(0.5, "part of that share which is left when partners are exchanged")},
)
MORE_THAN_OTHERS = Claim(
    "the model reads the length: its predictions move more along it than along other directions",
    HERE,
    {"ratio": above(1, "KL, in units of the largest of the controls")},
)
# The question is the sign, so any change that is surely there counts; and it must be larger than that of every control.
SHORTER = Claim(
    "after a token that looks longer the model expects a shorter one",
    HERE,
    {
        "change": below(0, "change of the expected length, 4 characters longer against 4 shorter"),
        "beyond": above(1, "its size, in units of the largest of the controls"),
    },
)
SPACE = Claim(
    "after a token that looks longer the model expects a space",
    HERE,
    {
        "change": above(0, "change of the probability"),
        "beyond": above(1, "its size, in units of the largest of the controls"),
    },
)
