"""What puzzle 01 and its walkthrough ask their reader to predict."""

from zeropoint.desk.predictions import Number, Word

COSINE = dict(low=-1.0, high=1.0)

PREDICTIONS = [
    Number("1.a", "the mean pairwise cosine of random vectors with independent normal entries", **COSINE),
    Number("1.b", "the mean pairwise cosine of the first model's tokens", **COSINE, told_by="1.1"),
    Number("1.c", "the mean pairwise cosine of the second model's tokens", **COSINE, told_by="1.1"),
    Number("1.d", "the mean of |cosine| after 1.3, the first model", low=0.0, high=1.0, told_by="1.5"),
    Word(
        "1.e", "which tokens hold least of the vector along which 1.4 measures", ("the frequent", "the rare", "neither")
    ),
    Number("n1.1", "the mean pairwise cosine of random vectors", **COSINE),
    Number("n1.2", "the mean pairwise cosine of the first model's tokens", **COSINE),
    Number("n1.3", "the mean pairwise cosine of the second model's tokens", **COSINE),
    Number("n1.4", "the first model's mean pairwise cosine after centring", **COSINE),
    Number("n1.5", "the first model's mean |cosine| after centring", low=0.0, high=1.0),
]
