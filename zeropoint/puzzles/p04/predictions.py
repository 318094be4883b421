"""What puzzle 04 and its walkthrough ask their reader to predict."""

from zeropoint.desk.predictions import Number, Word

PREDICTIONS = [
    Number("4.a", "log Z of the first model, averaged over positions", low=-1000.0, high=1000.0, told_by="4.1"),
    Number("4.b", "log Z of the second model, averaged over positions", low=-1000.0, high=1000.0, told_by="4.1"),
    Number("4.c", "the mean cosine with a target of 0 less that without z-loss", low=-2.0, high=2.0),
    Word(
        "4.d",
        "of which kind the mean is with a target of 0, compared with no z-loss",
        ("more an offset", "more a ray", "the same", "the two numbers part"),
    ),
    Number("4.e", "the mean cosine with a target of 12 less that without z-loss", low=-2.0, high=2.0),
    Word("4.f", "the total that is nothing but rounding", ("output", "input", "both", "neither")),
    Word("n4.1", "what a z-loss does to the kind of the mean", ("more of an offset", "more of a ray", "the same")),
    Number("n4.2", "the mean cosine when the z-loss asks for log Z = 20", low=-1.0, high=1.0),
    Word("n4.3", "the part of the objective that pushes μ furthest", ("cross-entropy", "z-loss", "decay")),
]
