"""04's claims come out each way: every threshold from both sides, and open where the interval holds it."""

from __future__ import annotations

import pytest

from zeropoint.claims import Claim, Estimate
from zeropoint.puzzles.p04 import claims

RIVAL = claims.SHARED_BY_BOTH["norm=none"]
BOTH_SIDES = [  # claim, estimates under which it holds, and for each the value that breaks it
    (RIVAL, {"share": 0.6}, {"share": 0.4}),
    (claims.GPT_NEO_ONLY["window=16"], {"share": 0.6}, {"share": -0.6}),
    (claims.DECAY_CAN_BE_JUDGED, {"e_folds": 1.1}, {"e_folds": 0.07}),
    (claims.BETA2, {"change": -0.1}, {"change": 0.1}),
    (claims.BETA2_EVERYWHERE, {"weakest": -0.1}, {"weakest": 0.1}),
    (claims.OWN_MOMENT, {"left": 0.6}, {"left": 0.4}),
    (claims.LONG_TAIL, {"gone": 0.6}, {"gone": 0.4}),
    (claims.ORDER, {"gone": 0.6}, {"gone": 0.4}),
    (claims.BETA2_AT_SCALE, {"share": 0.6}, {"share": 0.4}),
    (claims.LEVEL_AT_SCALE, {"largest": 0.85}, {"largest": 0.7}),
    (
        claims.MORE_TOKENS,
        {"updates": -0.1, "tokens": -0.1, "small": -0.1},
        {"updates": 0.1, "tokens": 0.1, "small": 0.1},
    ),
    (claims.RARE_AT_SCALE, {"share": 0.6}, {"share": 0.4}),
    (claims.BALANCE, {"output": 1e-16, "input": 0.1}, {"output": 1e-3, "input": 1e-14}),
    (claims.BETA2_LIVE, {"change": -0.1}, {"change": 0.1}),
    (claims.ONLY_ADAM_MOVES_IT, {"sgd": 0.001, "adam": 400}, {"sgd": 0.1, "adam": 0.5}),
    (claims.ABSENT, {"more": 0.1}, {"more": -0.1}),
    (claims.FORGETTING, {"ratio": 0.4}, {"ratio": 0.6}),
    (claims.ONLY_N, {"scatter": 1.5, "frequency": 0.9}, {"scatter": 2.5, "frequency": 1.1}),
    (claims.STANFORD_FORECAST, {"place": 0.1}, {"place": 0.9}),
]


def estimates(values: dict[str, float], half_width: float = 0.0) -> dict[str, Estimate]:
    return {name: Estimate(value, half_width, 3, "seeds", "Student's t") for name, value in values.items()}


@pytest.mark.parametrize("claim, good, bad", BOTH_SIDES, ids=lambda x: x.text if isinstance(x, Claim) else "")
def test_each_threshold_from_both_sides(claim, good, bad):
    assert claim.verdict(**estimates(good)) == "holds"
    assert claim.verdict(**estimates(good, half_width=1e4)) == "open"
    for name, value in bad.items():  # one broken rule is enough
        assert claim.verdict(**estimates(good | {name: value})) == "fails"


def test_no_claim_is_left_out():
    singles = [value for value in vars(claims).values() if isinstance(value, Claim)]
    tested = [claim for claim, *_ in BOTH_SIDES]
    assert not [claim.text for claim in singles if claim not in tested]


def test_all_rivals_are_measured_alike():
    rivals = [*claims.SHARED_BY_BOTH.values(), *claims.GPT_NEO_ONLY.values()]
    assert all(dict(rival.rules) == dict(RIVAL.rules) for rival in rivals)


def test_the_rivals_are_runs_of_the_plan():
    from zeropoint.tiny import grid

    planned = {grid.name_of(setting) for setting, _ in grid.plan()}
    assert {*claims.SHARED_BY_BOTH, *claims.GPT_NEO_ONLY} <= planned
