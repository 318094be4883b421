"""Which tokens are asked about, what is said of them, pairs by rule; and the judge of the open exercise."""

from __future__ import annotations

import pytest
import torch

from zeropoint.puzzles.p10 import hunt, tokens


def vocabulary(*texts):
    return tokens.Vocabulary(torch.arange(len(texts)), list(texts), len(texts))


@pytest.mark.parametrize(
    "text, readable",
    [(" the", True), ("é", True), ("", False), (" ", False), ("  a", False), ("\n", False), ("\udce2", False), ("-" * 21, False)],
)  # fmt: skip
def test_readable(text, readable):
    assert tokens.is_readable(text) == readable


def test_properties():
    asked = {name: [of(text) for text in (" Été", "x2", " the")] for name, of in tokens.YES_OR_NO.items()}
    assert asked == {
        "begins with a space": [True, False, True],
        "begins with a capital": [True, False, False],
        "holds a digit": [False, True, False],
        "holds a letter beyond a to z": [True, False, False],
    }
    assert [tokens.characters(text) for text in (" Été", "x2")] == [3, 2]


def test_a_property_that_few_have_is_not_asked():
    some = vocabulary(*(["a"] * 500 + [" a"] * 300 + ["1"] * 20))
    assert list(tokens.questions(some)) == ["begins with a space"]


def test_pairs():
    some = vocabulary(" map", " maps", "map", " Map", " MAP", " France", " Paris", "({", "})", "(a", " old")
    found = {name: tokens.told(some, tokens.pairs(some, name)) for name in tokens.RELATIONS}
    assert found == {
        "country, capital": "' France' ' Paris'",
        "space in front": "'map' ' map'",
        "capital letter": "' map' ' Map'",
        "all capitals": "' map' ' MAP'",
        "plural": "' map' ' maps'",
        "past": "",
        "open, close": "'({' '})'",
    }
    assert tokens.all_pairs(some, least=2) == ({}, {name: int(bool(text)) for name, text in found.items()})


def test_exchanged_partners_keep_both_sides_and_no_pair():
    rows = torch.stack([torch.arange(50), torch.arange(50) + 100], dim=1)
    drawn = tokens.controls(rows, 1000, seed=3)["partners exchanged"]
    assert torch.equal(drawn[:, 0], rows[:, 0]) and torch.equal(drawn[:, 1].sort().values, rows[:, 1])
    assert not (drawn[:, 1] == rows[:, 1]).any()


def test_a_property_is_cut_off_from_the_notebook():
    W = {"a": 1.0}

    def closed(token):
        return W[token]

    for of in (closed, lambda token, table=W: table[token], W.get):
        with pytest.raises(ValueError, match="plain function"):
            hunt.by_itself(of)
    with pytest.raises(NameError):
        hunt.by_itself(lambda token: hunt.BAR)("a")
    assert hunt.by_itself(lambda token: len(token))("abc") == 3
