"""08's claims, and what each asks of a run."""

from __future__ import annotations

from zeropoint.claims import Claim, above, below, within

POST, PAPER = "the post", "Li & Janson 2024, on another task"
OURS, RIVAL = "this notebook", "a rival"

# A ratio's natural logarithm is 0 where two replacements do the same harm, 0.69 where one does twice the other's.
OVERSTATES = Claim(
    "zero says more of a component than its mean does",
    POST,
    {"ratio": above(0.0, "log of KL at zero over KL at the mean, average of components")},
)
TWICE = Claim(
    "harm goes by the square of the way: another input's output does twice the mean's",
    OURS,
    # between 1.4 and 2.8 times: half a doubling to either side
    {"ratio": within(0.347, 1.04, "log of KL at another input's over KL at the mean, average of components")},
)
ORDER = Claim(
    "the mean orders components more like resampling than zero does",
    PAPER,
    {"gain": above(0.0, "rank correlation with another input's: of the mean, less that of zero")},
)
BEST_ORDER = Claim(
    "the best constant orders them more like resampling than the mean does",
    PAPER,
    {"gain": above(0.0, "rank correlation with another input's: of the best constant, less that of the mean")},
)
BETTER = Claim(
    "some constant does less harm than the mean",
    PAPER,
    {"ratio": above(0.0, "log of KL at the mean over KL at the best constant, average of components")},
)
BIAS = Claim(
    "what zero takes away is mostly a constant",
    POST,
    {"part": above(0.5, "harm of the mean gone, over that and the harm of the variation gone, average of components")},
)
TELLS = Claim(
    "how much of an output is its mean tells where zero and mean part",
    OURS,
    {"rank": above(0.5, "rank correlation of ‖μ‖²/E‖x‖² with KL at zero over KL at the mean")},
)
DISTANCE = Claim(
    "zero is a point like any other as far from the mean",
    RIVAL,
    # within a tenth of the same harm, either way
    {"ratio": within(-0.1, 0.1, "log of KL at zero over KL at such a point, components with the largest means")},
)
FREE = Claim(
    "the move changes no prediction",
    OURS,
    {
        "floors": below(10, "largest change of a log-probability in float32, in floors"),
        "floors64": below(1e-6, "the same in float64"),  # rounding shrinks by 5e8, a change does not
    },
)
EVERY_ZERO = Claim(
    "the same move changes what every head's zero ablation does",
    OURS,
    {
        "least": above(1e-6, "least relative change of a head's KL in float64"),  # rounding leaves 1e-10 and less
        "typical": above(0.05, "median relative change"),
    },
)
IS_MEAN = Claim(
    "with the mean kept in the bias, setting to zero is setting to the mean",
    OURS,
    {"apart": below(1e-9, "largest difference of a head's KL in float64, nats")},
)
SAFE = Claim(
    "the mean harms no more than another input's output",
    RIVAL,
    {"more": below(0.0, "KL at the mean, less KL at another input's, nats")},
)
FOLDED = Claim(
    "raw and processed weights disagree about zero ablation",
    OURS,
    {"most": above(0.1, "largest relative difference of a head's KL at zero, same text, same predictions")},
)
