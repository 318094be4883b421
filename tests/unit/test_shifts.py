"""Which tools see a shift, and the rules for analogies, on clouds where the answer is known."""

from __future__ import annotations

import pytest
import torch

from zeropoint.puzzles.p05 import analogies, shifts

VOCABULARY = {"<|end|>": 0} | {
    token: i
    for i, token in enumerate(
        f"{lead}{word}{end}" for word in ("cat", "dog", "map", "set") for lead in ("", "Ġ") for end in ("", "s")
    )
}


def cloud(n: int, d: int, seed: int) -> torch.Tensor:
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.fixture(scope="module")
def measured():
    W = cloud(300, 12, 0) + 3
    return shifts.measure({"a": W, "b": W[:, :8] + cloud(300, 8, 1)}, W[:, 0] > 3, n=200)


def test_the_line_is_where_algebra_puts_it(measured):
    table = shifts.table(measured)
    sees = {tool for tool in table.index if table.origin[tool] == "sees"}
    words = ("cosine", "dot product", "norm", "not centred", "without")
    assert sees == {tool for tool in table.index if any(word in tool for word in words)}
    assert set(table.origin) == {"sees", "blind"} and len(table) == len(shifts.TOOLS)


def test_the_control_is_seen_by_all_and_the_yardstick_is_rounding(measured):
    largest = measured.groupby("kind").change.max()
    assert largest["rounding alone"] < 1e-10
    assert shifts.table(measured)["control, smallest"].min() > 1e-6


def test_an_unclear_tool_is_called_so(measured):
    changed = measured.copy()
    changed.loc[(changed.tool == "norm") & (changed.kind == "shift") & (changed.move == "1"), "change"] = 0.0
    assert shifts.table(changed).origin["norm"] == "unclear"


def test_the_slider_carries_every_move(measured):
    figure = shifts.figure(measured, "title")
    (slider,) = figure.layout.sliders
    assert [step.label for step in slider.steps] == list(shifts.MOVES)
    assert all(len(step.args[0]["x"]) == len(figure.data) for step in slider.steps)
    assert list(figure.data[0].x) == slider.steps[slider.active].args[0]["x"][0]


def test_a_sample_has_no_token_twice():
    W = torch.arange(50.0)[:, None] * torch.ones(50, 3)
    s = shifts.sample(W, W, W[:, 0] > 10, n=40, seed=0)
    assert (
        len(s.W[:, 0].unique()) == 40
        and torch.equal(s.W, s.other)
        and torch.equal(s.feature, (s.W[:, 0] > 10).double())
    )


def test_pairs_are_tokens_and_frequent_first():
    ids = analogies.pairs(VOCABULARY, "plural")
    tokens = {i: token for token, i in VOCABULARY.items()}
    assert [(tokens[a], tokens[b]) for a, b in ids.tolist()][0] == ("Ġcat", "Ġcats") and len(ids) == 4
    assert len(analogies.pairs(VOCABULARY, "leading space", most=2)) == 2
    wrong = analogies.mismatched(ids)
    assert torch.equal(wrong[:, 0], ids[:, 0]) and (wrong[:, 1] != ids[:, 1]).all()


def test_questions_ask_every_pair_and_never_with_its_own_help():
    pairs = torch.arange(20).view(10, 2)
    q = analogies.questions(pairs, rounds=3, seed=0)
    assert torch.equal(torch.stack([q.c, q.d], 1), pairs.repeat(3, 1))
    assert (q.a != q.c).all() and torch.equal(q.b - q.a, torch.ones(30, dtype=torch.long))
    assert len(torch.stack([q.a, q.c], 1).unique(dim=0)) == 30


@pytest.mark.parametrize("rule", list(analogies.RULES)[:4])
def test_rules_find_planted_parallelograms_near_zero_and_only_one_of_them_anywhere(rule):
    first = cloud(10, 30, 2)
    W = torch.stack([first, first + 0.8 * cloud(1, 30, 3)], 1).view(20, 30)
    q = analogies.questions(torch.arange(20).view(10, 2), rounds=4, seed=0)
    assert (analogies.answers(W, q, rule) == q.d).double().mean() > 0.9
    noisy = W + 1.5 * cloud(20, 30, 4)
    shift = 5 * shifts.spread(noisy) * shifts.direction(30, seed=1)
    kept = (analogies.answers(noisy, q, rule, shift) == analogies.answers(noisy, q, rule)).double().mean()
    assert (kept == 1) == (rule == "parallelogram")


def test_answers_are_never_given_tokens():
    q = analogies.questions(torch.arange(20).view(10, 2), rounds=3, seed=1)
    for rule in analogies.RULES:
        found = analogies.answers(cloud(20, 3, 5), q, rule)
        assert all(((found != given).all()) for given in (q.a, q.b, q.c))


def test_the_interval_takes_pairs_as_the_sample():
    right = torch.tensor([[1, 0, 1, 0], [1, 0, 1, 0]]).bool()  # asking twice tells nothing new
    mean, error = analogies.mean_and_error(right)
    assert mean == 0.5 and error == pytest.approx(1.96 * torch.tensor([1.0, 0, 1, 0]).std().item() / 2)
