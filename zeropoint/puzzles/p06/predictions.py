"""What puzzle 06 and its walkthrough ask their reader to predict."""

from zeropoint.desk.predictions import Number, Word

CLUSTERS = (
    "whether a layer above the embedding of the {} model falls into two clusters (two), has a dip, or neither (one)"
)
KINDS = ("one", "dip", "two")
COUNTS = "whether the measure by use is lower or higher than by types, layer 0, the first model"

PREDICTIONS = [
    Number("6.a", "the mean cosine of different tokens at the top, the first model", low=-1.0, high=1.0, told_by="6.1"),
    Number(
        "6.b", "the mean cosine of different tokens at the top, the second model", low=-1.0, high=1.0, told_by="6.1"
    ),
    Number("6.c", "the mean cosine of one token in two contexts, the second model", low=-1.0, high=1.0, told_by="6.2"),
    Word("6.d", COUNTS, ("lower", "higher")),
    Word("6.e", CLUSTERS.format("first"), KINDS),
    Word("6.f", CLUSTERS.format("second"), KINDS),
    Word(
        "6.g", "what tells the sides of a cut apart best, the second model", ("position", "norm", "frequency", "token")
    ),
    Word(
        "6.h",
        "whose mean is the cone after one block, the second model",
        ("input", "attention", "MLP"),
    ),
    Number("n6.1", "the mean cosine of different tokens at the top, the first model", low=-1.0, high=1.0),
    Number("n6.2", "the mean cosine of different tokens at the top, the second model", low=-1.0, high=1.0),
    Word("n6.3", CLUSTERS.format("first"), KINDS),
    Word("n6.4", CLUSTERS.format("second"), KINDS),
    Word("n6.5", COUNTS, ("lower", "higher")),
]
