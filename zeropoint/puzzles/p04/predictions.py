"""What puzzle 04 and its walkthrough ask their reader to predict."""

from zeropoint.desk.predictions import Number, Word

CHANGES = ("beta2", "decay", "layernorm", "local", "positions", "batch")

PREDICTIONS = [
    Word("4.a", "the change that moves the mean cosine most", CHANGES),
    Word("4.b", "the change that moves the mean cosine least", CHANGES),
    Number("4.c", "what β₂ 0.999 does to the mean cosine: new less old", low=-2.0, high=2.0),
    Word("4.d", "the total that is nothing but rounding", ("output", "input", "both", "neither")),
    Word("4.e", "whether all settings fall onto one curve", ("yes", "no", "in part")),
    Number("4.f", "what is left of the effect of β₂, as a share", low=-2.0, high=2.0),
    Number("n4.1", "what β₂ 0.999 does to the mean cosine: new less old", low=-2.0, high=2.0),
    Word(
        "n4.2", "the change that moves the mean cosine most", ("beta2", "norm", "window", "positions", "weight_decay")
    ),
    Word("n4.3", "where Stanford's retrained GPT-2 lies", ("nearer to gpt2", "nearer to GPT-Neo", "open")),
]
