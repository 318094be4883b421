"""What puzzle 08 and its walkthrough ask their reader to predict."""

from zeropoint.desk.predictions import Number, Word

PUT = ("zero", "mean", "another input")
MOST = "which of the three harms most in most components"
RANKS = "rank correlation of zero's harm with another input's, average over rows of text"

PREDICTIONS = [
    Word("8.a", f"{MOST}, the first model", PUT),
    Word("8.b", f"{MOST}, the second model", PUT),
    Number("8.c", f"{RANKS}, the first model", low=-1.0, high=1.0),
    Number("8.d", f"{RANKS}, the second model", low=-1.0, high=1.0),
    Number(
        "8.e", "the share of heads whose harm at zero changes by more than a tenth, the first model", low=0.0, high=1.0
    ),
    Word("n8.1", f"{MOST}, the first model", PUT),
    Number("n8.2", f"{RANKS}, the first model", low=-1.0, high=1.0),
    Number("n8.3", f"{RANKS}, the second model", low=-1.0, high=1.0),
    Number("n8.4", "the constant's part in zero's harm, average of components, the first model", low=0.0, high=1.0),
]
