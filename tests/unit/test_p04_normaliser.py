"""04's reading of the second grid, on made-up runs whose answer is known, and its look at a loaded model."""

from __future__ import annotations

import math

import pandas as pd
import pytest
import torch

from zeropoint import models
from zeropoint.claims import exact, over
from zeropoint.geometry import kind_of_mean
from zeropoint.puzzles.p04 import claims, normaliser
from zeropoint.streams import sequences
from zeropoint.tiny import grid

Z = grid.Z


def made_up(values: dict[str, tuple[grid.Setting, dict[str, list[float]]]]) -> pd.DataFrame:
    lines = [
        dict(run=normaliser.name(setting), seed=seed, **{column: numbers[seed] for column, numbers in columns.items()})
        for setting, columns in values.values()
        for seed in range(3)
    ]
    return pd.DataFrame(lines)


RUNS = made_up(
    {
        "none": ({}, {"mean_cosine": [0.1, 0.5, 0.9], "log_Z": [8, 8, 8], "push_z_loss": [0, 0, 0]}),
        "z": (Z, {"mean_cosine": [0.3, 0.7, 1.1], "log_Z": [0, 0, 0], "push_z_loss": [1, 1, 1]}),
        "half": (Z | {"beta2": 0.999}, {"mean_cosine": [0.2, 0.6, 1.0], "log_Z": [4, 4, 4], "push_z_loss": [2, 2, 2]}),
    }
).assign(push_cross_entropy=3.0, push_decay=-0.5, norm_of_mean=2.0)


def test_changes_are_paired_by_seed_and_the_order_of_settings_does_not_count():
    change = normaliser.change(RUNS, {}, Z, "mean_cosine")
    assert change.value == pytest.approx(0.2) and change.half_width == pytest.approx(0, abs=1e-9) and change.n == 3
    swapped = {"beta2": 0.999, **Z}
    assert normaliser.level(RUNS, swapped, "log_Z").value == 4


def test_a_setting_in_words():
    assert normaliser.words({}) == "base" == normaliser.words(grid.Z)
    assert normaliser.words(grid.LARGE | grid.WEAK) == "1,024 tokens a step, z-loss 0.01"
    planned = (*grid.SPLIT, *grid.BRANCH, *grid.RIVALS, *grid.MORE_RIVALS)
    assert not [words for words in map(normaliser.words, planned) if "=" in words]


def test_what_is_not_recorded_is_not_measured_and_no_error():
    never = {"z_loss": 7.0}
    assert math.isnan(normaliser.change(RUNS, {}, never, "mean_cosine").value)
    assert math.isnan(normaliser.size_beside(RUNS, {}, never, {}, Z).value)
    assert normaliser.branch(RUNS, {"never": never})[0] == "not measured"
    assert normaliser.furthest(RUNS, never) == "" == normaliser.which_way(exact(math.nan))
    assert list(normaliser.table(RUNS, {"z": Z, "never": never}, ["log_Z"]).index) == ["z"]


def test_shares_and_sizes():
    half = Z | {"beta2": 0.999}
    assert normaliser.share(RUNS, {}, Z, half, "log_Z").value == pytest.approx(0.5)
    assert normaliser.share(RUNS, {}, Z, {}, "log_Z").value == 0
    assert normaliser.size_beside(RUNS, Z, half, {}, Z).value == pytest.approx(0.5)  # downwards counts as well
    assert normaliser.ratio(RUNS, {}, half, "log_Z").value == 0.5
    assert normaliser.branch(RUNS, {"z": Z, "half": half})[0] == "half"
    assert normaliser.split(RUNS.assign(hidden_along_mean=-3.0), {}, Z)["hidden"].value == 1


def test_who_pushed_furthest_and_z_loss_share():
    assert normaliser.furthest(RUNS, Z) == "cross-entropy"
    assert normaliser.share_of_pushes(RUNS, Z).value == pytest.approx(0.25)
    assert list(normaliser.pushes(RUNS, {"z": Z}).columns)[:3] == ["cross-entropy", "z-loss", "decay"]


@pytest.mark.parametrize("values, word", [([-0.2, -0.21, -0.19], "more of an offset"), ([0.2, 0.21, 0.19], "more of a ray"), ([-1, 0, 1], "the same")])  # fmt: skip
def test_which_way_the_kind_moved(values, word):
    assert normaliser.which_way(over(values, "seeds")) == word


def test_the_last_quarter_tells_whether_a_run_was_long_enough():
    lines = [
        dict(run=normaliser.name(Z), seed=s, step=step, log_Z=z)
        for s in range(3)
        for step, z in ((75, 3.0), (100, 1.0))
    ]
    assert normaliser.still_moving(pd.DataFrame(lines), Z, "log_Z").value == -2
    assert math.isnan(normaliser.still_moving(pd.DataFrame(lines), {}, "log_Z").value)


def test_e_folds_are_the_sum_of_lr_times_decay():
    undecayed, decayed = grid.DECAY
    assert normaliser.e_folds(undecayed) == 0 and normaliser.e_folds(decayed) > 3


def test_of_an_untied_model_the_output_matrix_is_meant(monkeypatch):
    columns = {m: 1.0 for m in grid.MATRIX} | {f"output_{m}": 2.0 for m in grid.MATRIX}
    runs = pd.DataFrame([dict(run="a", tied=True, **columns), dict(run="b", tied=False, **columns)])
    monkeypatch.setattr(grid, "read", lambda name: (runs, None))
    assert normaliser.read().mean_cosine.tolist() == [1.0, 2.0]


@pytest.mark.parametrize("name", list(models.STAND_INS))
def test_a_look_at_a_model_is_an_identity_and_says_what_its_logits_are(name):
    model = models.load(name)
    ids = sequences(model.tokenizer, 4, 12)
    first, later = normaliser.look(model, ids)
    assert max(first.miss, later.miss) < 1e-9
    assert len(first.log_Z) == 4 and len(later.log_Z) == 44
    with torch.no_grad():
        logits = model.bridge(ids)
    together = torch.cat([first.log_Z, later.log_Z]).sort().values
    torch.testing.assert_close(together.float(), logits.logsumexp(-1).flatten().sort().values, atol=1e-3, rtol=1e-4)
    said = later.numbers()
    assert said["h_dot_mean"] == pytest.approx(said["hidden_along_mean"] * said["norm_of_mean"], rel=1e-6)
    assert said["h_dot_mean"] == pytest.approx(logits[:, 1:].mean().item(), abs=1e-3)  # a mean logit is h·μ
    assert -1 <= said["cosine_of_mean_hidden"] <= 1
    assert set(normaliser.four_of(later)) == set(claims.LIKE_NEO.rules)


def test_a_cap_on_the_logits_is_refused():
    model = models.load("mini-gpt2")
    model.plain.lm_head.register_forward_hook(lambda module, args, logits: logits.tanh())
    with pytest.raises(ValueError, match="more than h·w"):
        normaliser.look(model, sequences(model.tokenizer, 2, 8))


def test_a_stand_in_is_never_looked_at_in_the_place_of_its_namesake():
    model = models.load("mini-neo")
    looks = {model.label: "a look"}
    assert normaliser.of_the_hub([model], looks) == {}
    nothing = normaliser.kinds_of([])
    assert math.isnan(normaliser.foretold(claims.FORECASTS[0], {}, nothing)[1].value)
    kind = kind_of_mean(1 + torch.randn(30, 5))
    look = normaliser.Look(torch.full((4,), 0.5), *torch.ones(2, 4), torch.ones(5), torch.ones(5), kind)
    on, number = normaliser.foretold(claims.FORECASTS[0], {claims.NEO: ("label", look)}, nothing)
    assert (on, number.value) == ("label", 0.5)


def test_a_forecast_of_a_matrix_is_read_off_where_it_was_read():
    of_opt = [f for f in claims.FORECASTS if f.model == claims.OPT]
    line = dict(model=claims.OPT, matrix="tied", source="hub, test double", mean_cosine=0.6, spread_of_parts=0.3)
    read = pd.DataFrame([line], columns=normaliser.KINDS)
    failed = pd.DataFrame([dict(model=claims.OPT, problem="not on the hub")], columns=normaliser.KINDS)
    said = [normaliser.foretold(f, {}, read) for f in of_opt]
    assert [(on, number.value) for on, number in said] == [
        ("its output matrix, hub, test double", 0.6),
        ("its output matrix, hub, test double", 0.3),
    ]
    assert {normaliser.foretold(f, {}, failed)[0] for f in of_opt} == {normaliser.NOT_LOOKED_AT}


def test_kinds_of_many_models_and_one_that_cannot_be_read(monkeypatch):
    monkeypatch.setenv("ZEROPOINT_MODELS", "standin")
    found = normaliser.kinds_of(["mini-gpt2", "no/such-model"])
    assert list(found.columns) == list(normaliser.KINDS) and found.problem.iloc[1]
    for side in ("input", "output"):
        assert 0 < normaliser.read_off(found, "mini-gpt2", side, "share_of_norm").value < 1
    assert math.isnan(normaliser.read_off(found, "no/such-model", "input", "mean_cosine").value)
    assert normaliser.kinds_of([]).empty
