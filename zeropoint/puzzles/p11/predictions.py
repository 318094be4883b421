"""What puzzle 11 and its walkthrough ask their reader to predict."""

from zeropoint.desk.predictions import Number, Word

PLACE = "the median place of never-met tokens in the queue from the mean (0 first, 1 last)"
PREDICTIONS = [
    Number("11.a", f"{PLACE}, the first model", low=0.0, high=1.0),
    Number("11.b", f"{PLACE}, the second model", low=0.0, high=1.0),
    Number("11.c", "how many of the hundred nearest to the mean were never met, the first model", low=0.0, high=100.0),
    Number("11.d", "the radius of the never met, in spreads of the cloud, the second model", low=0.0),
    Number(
        "11.e",
        "the share of never-met tokens that can be made to win, the first model",
        low=0.0,
        high=1.0,
        told_by="11.4",
    ),
    Word(
        "11.f",
        "the entropy after a never-met token, beside that after a met one, the first model",
        ("higher", "lower", "undecided"),
    ),
    Number("n11.1", f"{PLACE}, the first model", low=0.0, high=1.0),
    Number("n11.2", f"{PLACE}, the second model", low=0.0, high=1.0),
    Number("n11.3", "the share of never-met tokens that can be made to win, the first model", low=0.0, high=1.0),
]
