"""One way to say how sure: intervals, rules, and that every claim of every room can come out both ways."""

from __future__ import annotations

import importlib.util
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zeropoint.claims import (
    LEDGER_MIMETYPE,
    NOT_MEASURED,
    Claim,
    Estimate,
    Ledger,
    Rule,
    above,
    below,
    exact,
    over,
    within,
)
from zeropoint.desk.exercise import puzzles


def test_interval_is_students_t():
    # 1, 2, 3: mean 2, s = 1, t₀.₉₇₅(2) = 4.3027, so ± 4.3027/√3
    found = over([1.0, 2.0, 3.0], "seeds")
    assert (found.value, found.n) == (2.0, 3) and found.half_width == pytest.approx(2.4841, abs=1e-4)
    assert str(found) == "2 ± 2.5 (3 seeds)"


@pytest.mark.parametrize("values", [[], [math.nan], [1.0], [1.0, 5.0], [1.0, math.nan, 5.0]])
def test_too_few_values_decide_nothing(values):
    assert Rule("x", low=0.5).verdict(over(values, "seeds")) == "open"


@given(st.floats(-5, 5), st.floats(0, 3), st.floats(-5, 5))
def test_rules_are_decided_by_the_whole_interval(value, half, threshold):
    estimate = Estimate(value, half, 9, "rows", "Student's t")
    word = above(threshold, "x").verdict(estimate)
    nothing_moved = half == 0 and value == threshold
    holds, fails = value - half >= threshold and not nothing_moved, value + half < threshold
    assert word == ("holds" if holds else "fails" if fails else "open")
    mirrored = Estimate(-value, half, 9, "rows", "Student's t")
    assert below(-threshold, "x").verdict(mirrored) == word


def test_where_nothing_changed_in_any_row_nothing_is_claimed():
    more, less = above(0, "gained"), below(0, "gained")
    assert more.verdict(over([0, 0, 0, 0], "rows")) == less.verdict(over([0, 0, 0, 0], "rows")) == "open"
    assert more.verdict(exact(0)) == "holds"  # all there is, not a sample: at least 0
    assert more.verdict(over([0.1, 0.1, 0.1], "rows")) == "holds"


def test_a_claim_fails_by_one_rule_and_holds_by_all():
    claim = Claim("both are small", "here", {"a": below(1, "a"), "b": within(-1, 1, "b")})
    assert claim.verdict(a=exact(0), b=exact(0)) == "holds"
    assert claim.verdict(a=exact(0), b=exact(2)) == "fails"
    assert claim.verdict(a=NOT_MEASURED, b=exact(2)) == "fails"
    assert claim.verdict(a=NOT_MEASURED, b=exact(0)) == "open"
    with pytest.raises(TypeError, match="is tested by a, b; got a"):
        claim.verdict(a=exact(0))


def test_ledger_keeps_the_last_word_and_shows_it():
    claim, ledger = Claim("it is small", "the post", {"a": below(0.05, "size")}), Ledger()
    ledger.test(claim, on="mini", a=exact(1))
    entry = ledger.test(claim, on="mini", a=exact(0.01))
    assert repr(entry) == "holds: it is small (mini)\n  size: 0.01 (asked: at most 0.05)"
    shown = ledger._repr_mimebundle_()
    assert shown[LEDGER_MIMETYPE] == [("it is small", "the post", "mini", "holds", "size: 0.01 (asked: at most 0.05)")]
    assert "it is small" in shown["text/html"] and "the post" in shown["text/plain"]


def claims_of_the_rooms():
    for number in puzzles():
        name = f"zeropoint.puzzles.p{int(number):02d}.claims"
        if importlib.util.find_spec(name):
            module = importlib.import_module(name)
            yield from ((f"{number}: {c.text}", c) for c in vars(module).values() if isinstance(c, Claim))


@pytest.mark.parametrize("claim", [pytest.param(c, id=name) for name, c in claims_of_the_rooms()])
def test_each_threshold_is_met_on_one_side_and_missed_on_the_other(claim):
    inside = {name: exact(_inside(rule)) for name, rule in claim.rules.items()}
    assert claim.verdict(**inside) == "holds"
    for name, rule in claim.rules.items():
        for edge, way in ((rule.low, -1), (rule.high, 1)):
            if math.isfinite(edge):
                step = 1e-6 * max(1.0, abs(edge))
                assert claim.verdict(**inside | {name: exact(edge)}) == "holds"
                assert claim.verdict(**inside | {name: exact(edge + way * step)}) == "fails"


def _inside(rule: Rule) -> float:
    low, high = max(rule.low, min(rule.high, 0) - 1e6), min(rule.high, max(rule.low, 0) + 1e6)
    return (low + high) / 2
