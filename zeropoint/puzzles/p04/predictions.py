"""What puzzle 04 and its walkthrough ask their reader to predict."""

from zeropoint.desk.predictions import Number, Word

PREDICTIONS = [
    Number("4.a", "log Z of the first model, averaged over positions", low=-1000.0, high=1000.0),
    Number("4.b", "log Z of the second model, averaged over positions", low=-1000.0, high=1000.0),
    Number("4.c", "the mean cosine with z-loss less that without, at the end", low=-2.0, high=2.0),
    Word(
        "4.d", "of which kind the mean is with z-loss, compared with none", ("more an offset", "more a ray", "the same")
    ),
    Word("4.e", "where the first part of log Z ends with a target of 20", ("below 0", "about 0", "above 0")),
    Word("4.f", "the total that is nothing but rounding", ("output", "input", "both", "neither")),
    Number("n4.1", "what β₂ 0.999 does to the mean cosine: new less old", low=-2.0, high=2.0),
    Word(
        "n4.2", "the change that moves the mean cosine most", ("beta2", "norm", "window", "positions", "weight_decay")
    ),
    Word("n4.3", "where Stanford's retrained GPT-2 lies", ("nearer to gpt2", "nearer to GPT-Neo", "open")),
]
