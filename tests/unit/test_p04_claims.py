"""04's claims come out each way: every threshold from both sides, and open where the interval holds it."""

from __future__ import annotations

import pytest
import torch

from zeropoint.claims import Claim, Estimate, exact
from zeropoint.geometry import kind_of_mean
from zeropoint.puzzles.p04 import claims, normaliser

NEO = {"cosine": 0.93, "width": 0.183, "dimensions": 19, "log_Z": 0.3}
BOTH_SIDES = [  # claim, estimates under which it holds, and for each the value that breaks it
    (claims.IDENTITY, {"miss": 1e-12}, {"miss": 1e-3}),
    (claims.STRAIGHTENS, {"change": -0.2}, {"change": 0.0}),
    (claims.LENGTHENS, {"change": 0.2}, {"change": 0.0}),
    (claims.ROUNDS, {"change": -0.2}, {"change": 0.0}),
    (claims.OFFSET_WITHOUT, {"parts": 0.2}, {"parts": 0.4}),
    (claims.LIKE_NEO, NEO, {"cosine": 0.85, "width": 0.4, "dimensions": 4, "log_Z": 7}),
    (claims.LIKE_NEO, NEO, {"cosine": 0.99, "width": 0.1, "dimensions": 50, "log_Z": -7}),
    (claims.ON_TARGET, {"miss": 1}, {"miss": 4}),
    (claims.ON_TARGET, {"miss": -1}, {"miss": -4}),
    (claims.MEAN_FOLLOWS, {"change": -0.5}, {"change": -0.1}),
    (claims.TURNS_OVER, {"product": 3}, {"product": -3}),
    (claims.SCALAR, {"left": 0.4}, {"left": 0.6}),
    (claims.DRIFT_PUSHES, {"share": 0.4}, {"share": 0.6}),
    (claims.SPLIT_BY_MEMORY, {"hidden": 2.0, "mean": 0.5}, {"hidden": 1.2, "mean": 0.9}),
    (claims.SPLIT_BY_PACE, {"hidden": 2.0, "mean": 0.5}, {"hidden": 1.2, "mean": 0.9}),
    (claims.SPLIT_BY_DECAY, {"hidden": 2.0, "mean": 0.5}, {"hidden": 1.2, "mean": 0.9}),
    (claims.SPLIT_BY_SINK, {"hidden": 2.0, "mean": 0.5}, {"hidden": 1.2, "mean": 0.9}),
    (claims.CARRIED, {"left": 0.3}, {"left": 0.9}),
    (claims.GPT2_BRANCH, {"log_Z": -50, "cosine": 0.3}, {"log_Z": -30, "cosine": 0.9}),
    (claims.BATCH, {"change": -0.1}, {"change": 0.1}),
    (claims.TAIL_LENGTHENS, {"change": 0.1}, {"change": -0.1}),
    (claims.TAIL_OFFSET, {"width": 0.2}, {"width": 0.4}),
    (claims.TIME, {"share": 0.6}, {"share": 0.4}),
    (claims.DECAY_CAN_BE_JUDGED, {"e_folds": 4}, {"e_folds": 0.07}),
    (claims.DECAY, {"change": -0.1}, {"change": 0.1}),
    (claims.RIVAL, {"share": 0.6}, {"share": 0.4}),
    (claims.BETA2, {"change": -0.1}, {"change": 0.1}),
    (claims.BETA2_EVERYWHERE, {"weakest": -0.1}, {"weakest": 0.1}),
    (claims.BETA2_AT_SCALE, {"share": 0.6}, {"share": 0.4}),
    (claims.BRANCH_LEARNS, {"loss": 0.3}, {"loss": 0.8}),
    (claims.UNASKED, {"lowest": -30}, {"lowest": 5}),
    (claims.OWN_MOMENT, {"left": 0.6}, {"left": 0.4}),
    (claims.LONG_TAIL, {"gone": 0.6}, {"gone": 0.4}),
    (claims.BALANCE, {"without": 1e-16, "with_z": 0.1}, {"without": 1e-3, "with_z": 1e-14}),
    (claims.ABSENT, {"more": 0.1}, {"more": -0.1}),
    (claims.FORGETTING, {"ratio": 0.4}, {"ratio": 0.6}),
    (claims.ONLY_N, {"scatter": 1.5, "frequency": 0.9}, {"scatter": 2.5, "frequency": 1.1}),
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


def test_the_published_numbers_are_like_neo_and_the_first_mini_neo_s_ray_is_not():
    assert claims.LIKE_NEO.verdict(**{name: exact(value) for name, value in NEO.items()}) == "holds"
    ray = NEO | {"width": 0.69, "dimensions": 1.8}
    assert claims.LIKE_NEO.verdict(**{name: exact(value) for name, value in ray.items()}) == "fails"


@pytest.mark.parametrize("forecast", claims.FORECASTS, ids=lambda f: f"{f.model} {f.measure}")
def test_a_forecast_lives_where_it_is_expected_and_dies_beyond_its_bound(forecast):
    low, high = forecast.expected
    assert {forecast.claim.verdict(number=exact(x)) for x in (low, (low + high) / 2, high)} == {"holds"}
    rule = forecast.alive
    beyond = [x for x in (rule.low - 0.1, rule.high + 0.1) if abs(x) < 1e9]
    assert beyond and {forecast.claim.verdict(number=exact(x)) for x in beyond} == {"fails"}


def test_every_forecast_is_a_line_of_the_table_and_a_claim_of_its_own():
    assert len(claims.forecasts()) == len({f.claim.text for f in claims.FORECASTS}) == len(claims.FORECASTS)


def test_a_printed_logit_bounds_log_Z_and_a_mean_logit_is_the_product():
    assert claims.Logit("m", "w", -69.5).says == "log Z ≥ -69.5"
    assert claims.Logit("m", "w", -44, -35, gives="h·μ =").says == "h·μ = -44 to -35"
    assert len(claims.logits()) == len(claims.LOGITS) and all(logit.source for logit in claims.LOGITS)
    means = [logit.value for logit in claims.LOGITS if logit.what.startswith("mean") and logit.gives != "h·μ ="]
    assert not means


def test_forecasts_speak_of_numbers_that_a_look_has():
    kind = kind_of_mean(1 + torch.randn(30, 5))
    look = normaliser.Look(*torch.ones(3, 4), torch.ones(5), torch.ones(5), kind)
    of_a_look, of_a_matrix = (
        {f.measure for f in claims.FORECASTS if bool(f.matrix) == named} for named in (False, True)
    )
    assert of_a_look <= set(look.numbers()) and of_a_matrix <= set(normaliser.KINDS)
