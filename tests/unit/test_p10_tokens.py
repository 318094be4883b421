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
            hunt.by_itself(of, ["a"])


def from_the_notebook(token):
    import __main__

    return __main__.SECRET[token]


def from_the_modules(token):
    import sys

    return sys.modules["zeropoint"].__name__


def by_loading_the_model(token):
    import torch

    return torch.ones(1).item()


def ends_python(token):
    import os

    os._exit(1)


def a_global(token):
    return hunt.BAR


@pytest.mark.parametrize("of", [from_the_notebook, from_the_modules, by_loading_the_model, ends_python, a_global])
def test_a_property_sees_no_memory_and_no_package(of, monkeypatch):
    import __main__

    monkeypatch.setattr(__main__, "SECRET", {"a": 1.0}, raising=False)
    with pytest.raises(ValueError, match="no number for every token .* inside the function"):
        hunt.by_itself(of, ["a"])


def test_a_property_may_import_and_print():
    def loud(token):
        import unicodedata

        print(token)
        return unicodedata.category(token[0]) == "Lu"

    assert hunt.by_itself(loud, ["Ab", "ab", "é\u202e"]) == [1.0, 0.0, 0.0]
    assert hunt.by_itself(lambda token: float("inf"), ["a"]) == [float("inf")]


def test_a_stub_is_no_answer_in_a_python_of_its_own_either():
    def stub(token):
        raise NotImplementedError("your code here")

    with pytest.raises(NotImplementedError):
        hunt.by_itself(stub, ["a"])
