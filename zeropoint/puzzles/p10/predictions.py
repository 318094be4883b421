"""What puzzle 10 and its walkthrough ask their reader to predict."""

from zeropoint.desk.predictions import Number, Word

PREDICTIONS = [
    Number("n10.1", "R² of the length on tokens not seen, from the first model's rows", high=1.0),
    Number("n10.2", "the same from the rank alone", high=1.0),
    Word("n10.3", "what leaving out the intercept does to the centred rows' R²", ("little", "half", "all")),
    Word("n10.4", "a longer last token makes a space next", ("more likely", "less likely", "neither")),
]
