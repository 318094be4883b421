"""What puzzle 04 scores and trains: the judges of its two open exercises, the doses, the tables."""

from __future__ import annotations

import pandas as pd
import pytest
import torch

from zeropoint.claims import Estimate
from zeropoint.desk.predictions import find_prediction
from zeropoint.puzzles.p04 import exercises, live, look, push, search
from zeropoint.tiny import grid

SHORT = {"d_vocab": 512, "steps": 8, "warmup": 2}


def pays(rows, dims, few):
    g = torch.ones(rows, dims, dtype=torch.float64)
    g[:few] = -(rows - few) / few
    return g


def test_adam_counts_signs_and_one_divisor_keeps_the_balance():
    g = pays(50, 3, 10)
    assert push.one_step(g).tolist() == pytest.approx([-30 / 50] * 3, abs=1e-5)
    assert push.one_step(g, "shared").abs().max() < 1e-12


@pytest.mark.parametrize(
    "make, wanting",
    [
        (lambda r, d: pays(r, d, 9), ""),
        (lambda r, d: pays(r, d, 9).float(), ""),
        (lambda r, d: pays(r, d, 9).numpy(), ""),
        (lambda r, d: pays(r, d, 15), "less than 0.5"),
        (lambda r, d: pays(r, d, 5), "more than 4 times"),
        (lambda r, d: pays(r, d, 9) + 0.01, "does not add up"),
        (lambda r, d: torch.zeros(r, d), "zero, NaN or infinite"),
        (lambda r, d: pays(d, r, 1).T * torch.nan, "zero, NaN or infinite"),
        (lambda r, d: pays(r, 1, 9), "not a table of shape [45, 4]"),
        (lambda r, d: None, "got None"),
    ],
)
def test_a_push_is_judged(make, wanting):
    found = push.judge(make, (45, 4))
    assert wanting in found.wanting and bool(wanting) == bool(found.wanting)


ROW = {"mean_cosine": 0.9, "spread_of_parts": 0.2, "share_along_mean": 0.2, "log_Z": 0.1}


@pytest.mark.parametrize(
    "change, reached",
    [
        ({}, [True, False]),
        ({"log_Z": 1.2}, [False, False]),
        ({"spread_of_parts": 0.5}, [False, False]),
        ({"share_along_mean": 0.5}, [False, False]),
        ({"mean_cosine": 0.4, "log_Z": -30.0}, [False, True]),
        ({"mean_cosine": 0.9, "log_Z": -30.0}, [False, False]),
    ],
)
def test_goals(change, reached):
    assert [not goal.missed(ROW | change) for goal in search.GOALS] == reached


@pytest.mark.parametrize(
    "recipe, wrong",
    [
        ({}, ""),
        ({"lr": 1e-2, "optimizer": "coupled-adam", "z_target": -40}, ""),
        ({"steps": 10_000}, "no lever 'steps'"),
        ({"lr": 1.0}, "lr lies between"),
        ({"z_loss": "0.1"}, "z_loss lies between"),
        ({"z_loss": float("nan")}, "z_loss lies between"),
        ({"optimizer": "sgd"}, "optimizer is one of"),
        (None, "return a dict"),
    ],
)
def test_a_recipe_is_read(recipe, wrong):
    found = search.unfit(recipe)
    assert wrong in found and bool(wrong) == bool(found)


def test_a_model_that_learned_little_reaches_no_goal(monkeypatch):
    monkeypatch.setattr(search, "SETTING", search.SETTING | SHORT)
    monkeypatch.setattr(live, "frequencies_alone", lambda: 1.0)
    found = search.judge(lambda: {"z_loss": 0.1}, 0)
    assert "learned less than 0.5 nats" in found.wanting and len(found.parts) == 7


def test_every_lever_is_told_with_its_range_and_its_default():
    defaults = {name: (grid.BASE | search.SETTING)[name] for name in search.LEVERS}
    assert defaults | {"lr": 0.005} == {
        "optimizer": "adamw", "lr": 0.005, "beta2": 0.95, "embedding_lr": 1.0, "final_norm_lr": 1.0,
        "embedding_decay": 1.0, "init_std": 0.02, "z_loss": 0.0, "z_target": 0.0,
    }  # fmt: skip
    assert all(name in search.TASK for name in search.LEVERS) and not search.unfit(defaults)


def test_frequencies_alone_are_less_than_knowing_nothing():
    assert 4 < live.frequencies_alone(search.SETTING | SHORT) < torch.tensor(512.0).log()


def change(value, half=0.1):
    return Estimate(value, half, 3, "seeds")


@pytest.mark.parametrize(
    "spread, share, said",
    [
        (-0.5, -0.2, "more an offset"),
        (0.5, 0.2, "more a ray"),
        (0.0, 0.0, "the same"),
        (0.5, -0.2, "the two numbers part"),
        (-0.5, 0.0, "the two numbers part"),
    ],
)
def test_a_kind_is_told_by_both_numbers(spread, share, said):
    assert live.kind(change(spread), change(share)) == said
    assert said in find_prediction("4.d").words


def test_a_longer_mean_lowers_the_first_number_and_leaves_the_second():
    """Why the two can part: one divides by ‖μ‖, the other by the variance that centring leaves."""
    W = exercises.cloud(400, 8, 2.0, 0.5, 0.0, seed=0)
    mu = W.mean(0)
    before, after = exercises.kind(*exercises.moments(W)), exercises.kind(*exercises.moments(W + mu))
    assert after[0] == pytest.approx(before[0] / 2) and after[1] == pytest.approx(before[1])


def test_doses_share_their_seeds(monkeypatch):
    monkeypatch.setattr(live, "SETTING", live.SETTING | SHORT)
    watched = live.train_all({"none": {}, "again": {}, "dose": {"z_loss": 0.1}}, seeds=3)
    assert set(watched.step) == set(range(9)) and len(watched) == 81
    same, changed = live.effect(watched, "none", "again"), live.effect(watched, "none", "dose", "log_Z")
    assert same.value == same.half_width == 0 and changed.value < 0 and changed.n == 3
    figure = live.figure(watched, "a title")
    assert len(figure.data) == 9 and figure.data[0].error_y.array is not None


@pytest.mark.parametrize("value, half, said", [(0.3, 0.1, "up"), (-0.3, 0.1, "down"), (0.1, 0.3, "the same")])
def test_a_direction_in_a_word(value, half, said):
    assert live.word(Estimate(value, half, 3, "seeds"), "up", "down") == said


def test_planted_kinds_are_told_apart():
    table = look.kinds(exercises.kind, {})
    equal, ray, line = (table.loc[name] for name in look.PLANTED)
    spread, along, widest = look.NUMBERS
    assert equal[along] < 0.1 and equal[widest] < 0.1 and ray[along] > 0.6 and ray[spread] > 0.4
    assert line[along] < 0.1 and line[widest] > 0.6


def test_bounds_hold_wherever_they_are_asked():
    torch.manual_seed(0)
    states = {"made": (3 * torch.randn(200, 8), torch.randn(30, 8) + 1)}
    table = look.within(exercises.bounds, states)
    assert table.positions.iloc[0] > 50 and table.positions.iloc[0] == table["within all three"].iloc[0]
    assert table["third bound less the truth"].iloc[0] > 0
    wrong = look.within(lambda logit, least, d_vocab: (logit, logit, logit - 50), states)
    assert wrong["within all three"].iloc[0] == 0


def test_parts_are_drawn_for_every_model():
    parts = {"one": (torch.randn(50) - 5, torch.randn(50) + 8), "other": (torch.randn(50), torch.randn(50) + 8)}
    figure = look.parts_figure(parts, "log Z<br>one and other")
    assert len(figure.data) == 6 and [trace.showlegend for trace in figure.data] == [True] * 3 + [False] * 3


def test_sides_of_a_balanced_gradient():
    g = torch.tensor([[-3.0, 0.0], [1.0, 0.0], [2.0, 0.0]])
    table = look.sides(g, torch.ones(4, 2), torch.tensor([0, 0]))
    assert isinstance(table, pd.DataFrame) and table["sum"].sum() == pytest.approx(0)
    assert table.tokens.tolist() == [1, 2] and table["against h"].tolist() == [0, 1]
    assert look.unbalance(g[:, :1])["gradient"] < 1e-6 < look.unbalance(g[:, :1])["Adam"]
