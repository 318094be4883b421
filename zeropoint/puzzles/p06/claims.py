"""06's claims, and what each asks of a run."""

from __future__ import annotations

from zeropoint.claims import Claim, above, below, within
from zeropoint.puzzles.p06 import clusters

COMMENT, CAI, TIMKEY = "a comment on the post", "Cai et al. 2021, GPT-2", "Timkey & van Schijndel 2021"
OURS = "this notebook"

CONE = 0.05  # of mean cosine: less is no cone to speak of
# Their analysis.py (github.com/TideDancer/iclr21_isotropy_contxt): one cluster where no cut has this mean silhouette.
CAI_BAR = 0.1

READS = Claim(
    "what the model reads is as much a cone as its vocabulary",
    OURS,
    {
        "difference": within(
            -CONE, CONE, "mean cosine of its token embedding over the text, less that over the vocabulary"
        )
    },
)
ONLY_BOTTOM = Claim(
    "the cone is only at the bottom",
    COMMENT,
    {
        "bottom": above(CONE, "mean cosine over that of initial weights, at the embedding"),
        "higher": below(CONE, "the same, mean of all layers above"),
    },
)
WRITTEN = Claim(
    "what the first MLP writes to all tokens alike is the cone after one block",
    OURS,
    {
        "whole": above(CONE, "mean cosine after one block, by use"),
        "left": below(CONE, "the same, less the mean of what the MLP writes"),
    },
)
NONLINEARITY = Claim(
    "its nonlinearity makes that, whatever mean the neurons had before",
    OURS,
    {"made": above(CONE, "mean cosine of what the MLP writes, if its neurons are centred before their nonlinearity")},
)
OWN_TOKEN = Claim(
    "a token's vectors share more than the vectors of different tokens do",
    "Cai et al. 2021, GPT-2",
    {"gap": above(CONE, "mean cosine of one token in two contexts less that of two tokens, least of all layers")},
)
ONE_MEAN = Claim(
    "one mean takes the cosine away, if pairs are counted as the mean was",
    "the post, of the embedding",
    {
        "use": below(CONE, "most left at a layer, by use, less the mean by use"),
        "types": below(CONE, "most left at a layer, by types, less the mean by types"),
    },
)
EITHER_MEAN = Claim(
    "and it does not matter how the mean was counted",
    OURS,
    {
        "use": below(CONE, "most left at a layer, by use, less the mean by types"),
        "types": below(CONE, "most left at a layer, by types, less the mean by use"),
    },
)
PER_CLUSTER = Claim(
    "one mean is not enough, each cluster's own is",
    CAI,
    {
        "one": above(CONE, "most left at a layer, by use, less one mean"),
        "own": below(CONE, "most left at a layer, by use, less each side's own mean"),
    },
)
TWO_CLUSTERS = Claim(
    "the vectors fall into two clusters",
    CAI,
    {"layers": above(1, "layers above the embedding at which two clusters are found")},
)
BY_SILHOUETTE = Claim(
    "they do by that report's own bar, and one cloud does not",
    CAI,
    {
        "trained": above(CAI_BAR, "largest silhouette above the embedding"),
        "twin": below(CAI_BAR, "the same, of its Gaussian twin"),
    },
)
DIP_OF_TOKENS = Claim(
    "a dip is a matter of which token",
    OURS,
    {
        "own": above(clusters.DIP, "deepest valley of frequent tokens, less each token's own mean"),
        "dealt": below(clusters.DIP, "the same, less the means of groups dealt out"),
    },
)
MORE_THAN_TWO = Claim(
    "a dip is more than two clusters that overlap",
    OURS,
    {"sides": below(clusters.DIP, "shallowest valley of frequent tokens where there is a dip, less each side's mean")},
)
POSITION_0 = Claim(
    "the smaller side is position 0",
    OURS,
    {"told": above(0.9, "how well position 0 alone tells the sides apart")},
)
ROGUE = Claim(
    "one to three coordinates make most of the cosine",
    TIMKEY,
    {"share": above(0.5, "share of the top three, largest of all layers")},
)
UNEVEN = Claim(
    "three coordinates carry more of it than of a random direction",
    OURS,
    {"excess": above(0.0, "that share, less what a random direction has")},
)
STANDARDISING = Claim(
    "standardising helps more than centring",
    TIMKEY,
    {"gain": above(0.0, "gain in telling tokens apart, mean over layers")},
)
