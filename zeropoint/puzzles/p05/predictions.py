"""What puzzle 05 and its walkthrough ask their reader to predict."""

from zeropoint.desk.predictions import Number, Word

SIGHT = ("sees", "blind")

PREDICTIONS = [
    Number("5.a", "the share of the ten nearest neighbours by cosine that stay, 16 spreads away", low=0.0, high=1.0),
    Number("5.b", "how many of the five leading directions, not centred, stay, 16 spreads away", low=0.0, high=5.0),
    Word("5.c", "Pearson correlation of two tokens: does it see the shift?", SIGHT),
    Word("5.d", "linear probe without intercept: does it see the shift?", SIGHT),
    Word("5.e", "linear probe with intercept: does it see the shift?", SIGHT),
    Number("5.f", "how many different answers twice point 7 has", low=1.0, high=25.0),
    Number(
        "5.g", "how far the answer of 5.2 goes with its base, in lengths of the mean, for three weights of 1", low=0.0
    ),
    Word("5.h", "what of y's space f alone gives", ("differences", "zero", "both", "neither")),
    Number("n5.4", "how many of the tools see the shift", low=0.0, high=15.0),
    Word("n5.1", "what of y's space f alone gives", ("differences", "zero", "both", "neither")),
    Number("n5.2", "the share of answers by the highest cosine, as it is", low=0.0, high=1.0),
    Number("n5.3", "the share of answers by the highest cosine, 64 spreads away", low=0.0, high=1.0),
]
