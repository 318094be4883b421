"""What puzzle 10 and its walkthrough ask their reader to predict."""

from zeropoint.desk.predictions import Number, Word

PREDICTIONS = [
    Number("10.a", "R² of the length on tokens not seen, from the first model's rows", high=1.0),
    Number("10.b", "R² of the length on tokens not seen, from the rank alone", high=1.0),
    Word("10.c", "what is read worst in the first model", ("length", "space", "capital", "digit")),
    Number("10.d", "R² that the first model's probe loses without an intercept"),
    Number("10.e", "R² that the second model's probe loses without an intercept"),
    Number("10.f", "what part of the true pairs' share is kept with exchanged partners"),
    Number("n10.1", "R² of the length on tokens not seen, from the first model's rows", high=1.0),
    Number("n10.2", "R² of the length on tokens not seen, from the rank alone", high=1.0),
    Word("n10.3", "how much of its R² the first model's probe loses without an intercept", ("little", "half", "all")),
    Word("n10.4", "what is expected after a token that looks longer", ("a longer one", "a shorter one", "neither")),
]
