"""What puzzle 09 and its walkthrough ask their reader to predict."""

from zeropoint.desk.predictions import Number, Word

EFFECTS = ("helps", "hurts", "no matter", "unclear", "too few")


def effect(id: str, tool: str) -> Word:
    return Word(id, f"what centring does to {tool}, the first model", EFFECTS)


PREDICTIONS = [
    effect("9.a", "the nearest token by cosine"),
    effect("9.b", "the nearest token by distance"),
    effect("9.c", "a probe without a bias"),
    effect("9.d", "the search for a word's partner in the other cloud"),
    effect("9.e", "telling which of the two clouds"),
    effect("9.f", "two clusters by cosine"),
    effect("9.g", "steering by a mean vector"),
    Number("9.h", "the probe's share of right answers with half of the mean taken off", low=0.0, high=1.0),
    Number("9.i", "the mean cosine of two rows that hold a single 1 each, centred", low=-1.0, high=1.0),
    effect("n9.1", "the nearest token by cosine"),
    effect("n9.2", "the nearest token by distance"),
    effect("n9.3", "analogies by cosine"),
    effect("n9.4", "a probe with a bias"),
    effect("n9.5", "a probe without a bias"),
    effect("n9.6", "the first component"),
    effect("n9.7", "two clusters by cosine"),
    effect("n9.8", "the search for a word's partner in the other cloud"),
    effect("n9.9", "telling which of the two clouds"),
    effect("n9.10", "counts: have two tokens any in common?"),
    effect("n9.11", "the model's own reading"),
    effect("n9.12", "steering by a mean vector"),
    Number("n9.13", "the probe's share of right answers with half of the mean taken off", low=0.0, high=1.0),
    Number("n9.14", "the mean cosine of the double", low=-1.0, high=1.0),
]
