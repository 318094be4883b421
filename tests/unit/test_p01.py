"""01's tables and made clouds: what 1.6 says of its clouds is true, and each table shows what its text says."""

from __future__ import annotations

from collections import defaultdict

import pytest
import torch

from zeropoint import geometry, models
from zeropoint.desk.checking import library_test
from zeropoint.desk.exercise import find
from zeropoint.desk.predictions import predictions_of
from zeropoint.puzzles.p01 import look
from zeropoint.puzzles.p01.exercises import KINDS, OFFSET, RAY, is_offset, made_clouds

NEO, GPT2 = "mini-neo (raw, stand-in)", "mini-gpt2 (raw, stand-in)"


@pytest.fixture(scope="module")
def clouds():
    return {f"{name} (raw, stand-in)": models.load_embedding(name).W.float() for name in ("mini-neo", "mini-gpt2")}


class Draws:
    """Clouds as the statement of 1.6 admits them, its edges oftener than its middle."""

    def __init__(self, seed: int):
        self.generator = torch.Generator().manual_seed(seed)

    def between(self, low: float, high: float) -> float:
        return low + (high - low) * torch.rand((), generator=self.generator).item()

    def randn(self, *shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=self.generator)

    def lengths(self, n: int) -> torch.Tensor:
        """How u's lengths vary: not at all, evenly, or with a few that are much longer than the others."""
        uniform = torch.rand(n, 1, generator=self.generator)
        sorts = [torch.ones(n, 1), 0.2 + 1.6 * uniform, self.randn(n, 1).exp(), 0.2 + 11 * uniform**4]
        return sorts[int(self.between(0, len(sorts)))]

    def cloud(self, kind: str) -> torch.Tensor:
        n, d = (160, 20) if self.between(0, 1) < 0.5 else (int(self.between(160, 300)), int(self.between(20, 40)))
        c, across = torch.linalg.qr(self.randn(d, 2)).Q.T
        u = self.randn(n, d) / d**0.5
        if self.between(0, 1) < 0.5:
            u = u + self.between(0, 5) * self.randn(n, 1) * across  # its mean is left to chance
        u = u * self.lengths(n)
        u = u / u.square().sum(1).mean().sqrt()
        least = 0.5 if kind == OFFSET else 4
        length = least if self.between(0, 1) < 0.5 else self.between(least, 12)
        amounts = 0.4 + 1.2 * torch.rand(n, 1, generator=self.generator) if kind == RAY else 1
        return 10 ** self.between(-3, 3) * (length * amounts * c + u)


def test_the_solution_of_1_6_is_right_on_thousands_of_clouds_that_its_task_admits():
    draws = Draws(0)
    for _ in range(1000):
        assert is_offset(draws.cloud(OFFSET)) and not is_offset(draws.cloud(RAY))


def test_the_clouds_of_1_6_are_what_its_task_says():
    assert len(find("1.6").made_as) == len(KINDS) and {kind for kind, *_ in KINDS} == {OFFSET, RAY}
    for kind, n, d, length, *_ in KINDS:
        assert n >= 160 and d >= 20 and length >= (0.5 if kind == OFFSET else 4)
    for seed in range(20):
        said = [is_offset(W) for (W,) in made_clouds(seed)]
        assert said == [kind == OFFSET for kind, *_ in KINDS]


def test_no_two_slips_of_1_6_with_different_names_give_the_same_answers():
    """With True and False for answers a name is told by their pattern alone, so that each pattern must have one name."""
    exercise = find("1.6")
    for seed in range(4):
        cases = [*exercise.cases(0), *exercise.cases(seed + 1)]
        right = tuple(is_offset(W) for (W,) in cases)
        names = defaultdict(set)
        for mistake in exercise.mistakes:
            names[tuple(bool(mistake.fn(W)) for (W,) in cases)].add(mistake.name)
        assert right not in names and not [sorted(n) for n in names.values() if len(n) > 1]


@pytest.mark.parametrize(
    "test, name",
    [
        (lambda W: geometry.kind_of_mean(W).spread_of_parts < 1, "geometry.kind_of_mean"),
        (lambda W: geometry.parts_along_mean(W).std() < 1, ""),  # a vector, of which the rest is one's own
        (lambda W: geometry.mean_pairwise_cosine(W) > 0.5, ""),  # parts nothing, so that it gave no answer away
    ],
)
def test_a_number_of_the_library_that_parts_the_kinds_is_seen(test, name):
    assert library_test(test, find("1.6"), find("1.6").cases(0)) == name


def test_a_control_is_one_and_the_widest_direction_says_whose_it_is(clouds):
    table = look.taken_away(clouds)
    for name, W in clouds.items():
        before, half, random, at_right_angles, widest, cosine, _ = table[name]
        assert before == pytest.approx(geometry.mean_pairwise_cosine(W), abs=1e-4) and abs(half) < 0.01
        assert random == pytest.approx(before, rel=0.05) and at_right_angles == pytest.approx(before, rel=0.05)
        assert widest < before / 2 and cosine > 0.9  # on these two it is the mean's own, and no control


def test_1_1_beside_1_2_is_the_same_number_where_rows_are_equally_long(clouds):
    table = look.two_numbers(clouds)
    cosine, share, at_length_1, spread = (table[column] for column in table)
    assert (cosine - at_length_1).abs().max() < 2e-4 and (cosine - share).abs().max() < 0.03
    assert (spread < 0.2).all()


def test_the_share_grows_from_an_offset_to_a_ray_and_the_models_lie_between(clouds):
    table = look.between(clouds)
    shares = table["share along the mean (1.4)"]
    assert shares.is_monotonic_increasing and set(clouds) < set(shares.index)
    made = shares[[name for name in shares.index if name.startswith("made")]]
    assert len(made) == len(look.SPREADS) and "all a = 1" in made.index[0] and "0.4 to 1.6" in made.index[-1]
    assert made.iloc[0] < 2 / 128 and made.iloc[-1] > 0.6
    for name, W in clouds.items():
        assert shares[name] == pytest.approx(geometry.kind_of_mean(W).share_along_mean, abs=1e-3)


def test_projecting_narrows_what_a_line_along_the_mean_had_made_wide(clouds):
    table = look.two_ways(clouds)
    dimension, width = table["effective dimension (1.5)"], table["mean |cosine|"]
    gain = dimension["projected out"] / dimension["subtracted"]
    offset, ray = (next(name for name in gain.index if words in name) for words in ("all a = 1", "0.4 to 1.6"))
    assert gain[offset] == pytest.approx(1, abs=0.05) and gain[ray] > 10
    assert gain[NEO] > 3 and gain[GPT2] < 1.5  # mini-neo's left-over is a line, mini-gpt2's is not
    assert width["subtracted"][NEO] > 2 * width["projected out"][NEO]
    W = clouds[NEO]
    assert dimension["projected out"][NEO] == pytest.approx(geometry.kind_of_mean(W).dimension_projected, abs=0.06)


def test_each_rival_has_its_number(clouds):
    table = look.rivals([models.load("mini-neo"), models.load("mini-gpt2")])
    assert list(table) == list(clouds) and len(table) == 5
    everything, shuffled, *_, loaded = table[NEO]
    assert shuffled > 0.9 * everything and loaded == everything


def test_who_has_least():
    assert look.who_has_least(torch.linspace(0.5, 1.5, 100)[:, None] * torch.ones(100, 3)) == "the frequent"
    assert look.who_has_least(torch.linspace(1.5, 0.5, 100)[:, None] * torch.ones(100, 3)) == "the rare"
    assert look.who_has_least(1 + 0.01 * torch.randn(100, 3, generator=torch.Generator().manual_seed(0))) == "neither"


def test_1_5_keeps_to_itself_what_1_d_asks():
    told = {p.id: p.told_by for p in predictions_of("1") if getattr(p, "told_by", "")}
    assert told == {"1.b": "1.1", "1.c": "1.1", "1.d": "1.5"}
