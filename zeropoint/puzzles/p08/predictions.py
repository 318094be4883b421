"""What puzzle 08 and its walkthrough ask their reader to predict."""

from zeropoint.desk.predictions import Number, Word

PUT = ("zero", "mean", "another input")

PREDICTIONS = [
    Word("n8.1", "which of the three harms most in most components, the first model", PUT),
    Number("n8.2", "rank correlation of zero with another input's, the first model", low=-1.0, high=1.0),
    Number("n8.3", "rank correlation of zero with another input's, the second model", low=-1.0, high=1.0),
    Number("n8.4", "the constant's part in zero's harm, average of components, the first model", low=0.0, high=1.0),
]
