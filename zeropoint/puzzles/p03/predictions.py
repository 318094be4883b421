"""What puzzle 03 and its walkthrough ask their reader to predict."""

from zeropoint.desk.predictions import Number, Word

LEFT = "the share of the mean cosine that is left"

PREDICTIONS = [
    Number("3.a", "the mean cosine before the first update", low=-1.0, high=1.0),
    Number("3.b", "the update at which the mean cosine passes 0.5", low=0.0),
    Word("3.c", "the tokens that end closer, by cosine, to the mean vector", ("frequent", "rare")),
    Number("3.d", f"{LEFT} without LayerNorm", low=-1.0, high=2.0),
    Number("3.e", f"{LEFT} where all tokens are equally frequent", low=-1.0, high=2.0),
    Number("3.f", f"{LEFT} where all tokens share one divisor in Adam", low=-1.0, high=2.0),
    Number("3.g", f"{LEFT} without tying", low=-1.0, high=2.0),
    Word("3.h", "mini-gpt2's mean at the end of its training, beside the one at its peak", ("shorter", "longer")),
    Number("3.i", "the drift along the mean of tokens that are not in the text, in lengths of the mean"),
    Number(
        "3.j", "the cosine with the first push of the whole way of tokens that are not in the text", low=-1.0, high=1.0
    ),
    Number("n3.1", "the update at which the mean cosine passes 0.5", low=0.0),
    Word("n3.2", "the tokens that end closer to the mean's direction", ("frequent", "rare")),
    Word(
        "n3.3",
        "the part whose removal takes the mean out of the input",
        ("LayerNorm", "positions", "biases", "tying", "none"),
    ),
]
