"""What walkthrough 02 claims, and the thresholds that decide."""

from __future__ import annotations

from zeropoint.claims import Claim, Estimate, Rule, above, below, exact
from zeropoint.models import Found
from zeropoint.puzzles.p02.symmetries import A_LITTLE_UP_TO, EXACT_UP_TO, NOTHING_UP_TO, Twice

ANSWER = "the post's answer"
THREAD = "the post's thread"
HERE = "this notebook"

FLOORS = below(NOTHING_UP_TO, "max |Δ log p|, in float32 floors")
FLOORS_IN_FLOAT64 = below(EXACT_UP_TO, "the same in float64, in float32 floors")
EXACT: dict[str, Rule] = {"floors": FLOORS, "in_float64": FLOORS_IN_FLOAT64}
REAL = above(NOTHING_UP_TO, "max |Δ log p| in float64, in float32 floors")


def exactly(twice: Twice) -> dict[str, Estimate]:
    """The two estimates by which a move is proven exact: at the floor in float32, far below it in float64."""
    return {"floors": exact(twice.floors), "in_float64": exact(twice.floors_in_float64)}


def noticed(twice: Twice) -> dict[str, Estimate]:
    """The two estimates by which a change is real: in nats, and that doubling the precision leaves it."""
    return {"kl": exact(twice.change.kl), "in_float64": exact(twice.floors_in_float64)}


EXCHANGE = Claim("the mean is fungible with the positions", ANSWER, EXACT)
EXCHANGE_TIED = Claim("… in a tied model as it is, by its predictions", HERE, EXACT)
CONSTANT_OF_HEAD = Claim("a constant vector of W_U is free", THREAD, EXACT)
OWN_MEANS = Claim("behind LayerNorm, the rows' own means are free (untied)", HERE, EXACT)

MEAN_ALONE = Claim(
    "W_E − μ alone breaks the model",
    THREAD,
    {"kl": above(A_LITTLE_UP_TO, "KL, nats a token"), "in_float64": REAL},
)
OWN_MEANS_TIED = Claim(
    "… and noticed, a little, by a tied head",
    HERE,
    {"kl": below(A_LITTLE_UP_TO, "KL, nats a token"), "in_float64": REAL},
)
GIVEN_LATE = Claim(
    "what is given back late is missing for whoever reads before",
    HERE,
    {"kl": above(A_LITTLE_UP_TO, "KL, nats a token"), "in_float64": REAL},
)

LOG_Z = Claim(
    "log Z is h·μ plus the log Z of the centred rows",
    HERE,
    {
        "floors": below(NOTHING_UP_TO, "largest miss, in float32 floors"),
        "in_float64": below(EXACT_UP_TO, "the same in float64, in float32 floors"),
    },
)
Z_LOSS_SEES = Claim(
    "z-loss sees the moves of W_U that cross-entropy cannot",
    HERE,
    {
        "cross_entropy": below(NOTHING_UP_TO, "largest change of cross-entropy along them, in float32 floors"),
        "z_loss": above(2.0, "largest z-loss along them over the smallest"),
    },
)

SHORT_TEXTS = Claim(
    "short texts notice only their own positions",
    HERE,
    {
        "inside": below(NOTHING_UP_TO, "where μ was given back: max |Δ log p|, in float32 floors"),
        "beyond": above(NOTHING_UP_TO, "beyond"),
    },
)
DROPOUT = Claim(
    "exact under dropout of the sum, and not of the tokens",
    HERE,
    {
        "sum": below(NOTHING_UP_TO, "dropout of the sum: max |Δ log p|, in float32 floors"),
        "tokens": above(NOTHING_UP_TO, "of the tokens"),
    },
)

# Changes of attention patterns, 0 to 1, head by head.
TWO_CANCEL = Claim(
    "two of four attention terms cancel, for a c that all keys share",
    THREAD,
    {"worst": below(10, "most that either moves a head, in float32 floors")},
)
QUERY_SURVIVES = Claim(
    "cᵀAv survives",
    THREAD,
    {"times": above(2.0, "median head's change, in changes made by a random vector of that length")},
)
MU_CANCELS = Claim(
    "… and the two cancel for the μ of W_E as well",
    THREAD,
    {"moved": below(0.001, "mean change of the first layer's patterns")},
)
BIAS_OF_QUERY = Claim(
    "cᵀAv is a bias of the query: attention loses c, queries and values gain a bias, keys none",
    THREAD,
    {"floors": FLOORS, "in_float64": FLOORS_IN_FLOAT64, "control": above(NOTHING_UP_TO, "without the query's bias")},
)
MLP_ABSORBS = Claim(
    "an MLP can absorb c in its bias",
    THREAD,
    {"floors": FLOORS, "in_float64": FLOORS_IN_FLOAT64, "control": above(NOTHING_UP_TO, "without that bias")},
)

# Of the models that the post and its thread are about.
PUBLISHED = {
    "EleutherAI/gpt-neo-125M": {"‖μ‖": "11 (GPT-Neo-125M)"},
    "gpt2": {"‖μ‖": "2.052 (GPT-2 small, processed basis)"},
}


def published(found: Found) -> dict[str, str]:
    """What is published of a model, or of the model that it stands in for; of others, nothing."""
    return PUBLISHED.get(found.published_as, {})
