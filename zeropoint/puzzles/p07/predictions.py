"""What puzzle 07 and its walkthrough ask their reader to predict."""

from zeropoint.desk.predictions import Number, Word

PREDICTIONS = [
    Number(
        "7.a",
        "the share of LayerNorm's squared denominator that the mean makes, the first model",
        low=0.0,
        high=1.0,
        told_by="7.2",
    ),
    Number(
        "7.b",
        "the share of LayerNorm's squared denominator that the mean makes, the second model",
        low=0.0,
        high=1.0,
        told_by="7.2",
    ),
    Word("7.c", "which of 7.5's changes B and C does more, the first model", ("B", "C", "undecided")),
    Word("7.d", "which of 7.5's changes B and C does more, the second model", ("B", "C", "undecided")),
    Word("7.e", "which of 7.5's changes D and C does more, the first model", ("D", "C", "undecided")),
    Word("7.f", "which of 7.5's changes D and C does more, the second model", ("D", "C", "undecided")),
    Number("n7.1", "‖μ‖² / E‖x‖² before the last block, the second model", low=0.0, high=1.0),
    Word("n7.2", "which of the two harms more, the first model", ("direction", "volume", "undecided")),
    Word("n7.3", "which of the two harms more, the second model", ("direction", "volume", "undecided")),
]
