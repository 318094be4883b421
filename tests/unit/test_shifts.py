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
    words = ("cosine", "dot product", "norm", "not centred", "without", "Pearson")
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
    found = analogies.by_pair(right)
    assert (found.value, found.n, found.unit) == (0.5, 4, "pairs")
    assert found.half_width == pytest.approx(3.1824 * torch.tensor([1.0, 0, 1, 0]).std().item() / 2, rel=1e-4)


def test_a_gain_is_paired():
    old = torch.tensor([[1, 0, 1, 0, 0]]).bool()
    assert analogies.gain(old, old).half_width == 0
    assert analogies.gain(torch.ones(1, 5).bool(), old).value == pytest.approx(0.6)


QUIZ = analogies.quiz(VOCABULARY, rounds=2, seed=0)


def test_a_quiz_has_the_families_that_are_large_enough():
    assert [len(q.d) for q in QUIZ] == [2 * 8, 2 * 4]  # leading space and plural; no capitals, no -ed
    assert all(q.rounds == 2 for q in QUIZ)
    assert [len(q.d) for q in analogies.quiz(VOCABULARY, rounds=4, seed=0)] == [4 * 8]  # four plurals are too few
    nonsense = analogies.quiz(VOCABULARY, rounds=2, seed=0, mismatch=True)
    assert all((q.d != n.d).all() for q, n in zip(QUIZ, nonsense, strict=True))


def test_the_parallelogram_agrees_with_itself_wherever_the_cloud_is():
    W = cloud(len(VOCABULARY), 6, 7)
    assert [e.value for e in analogies.agreement(W, QUIZ, "parallelogram", [0, 1, 8])] == [1, 1, 1]
    kept = analogies.kept(W, QUIZ, [0, 1, 8])
    assert kept.pop("parallelogram") == 1 and max(kept.values()) < 1 and tuple(kept) == analogies.COMPARED[1:]


class Tokenizer:
    def __init__(self, *tokens):
        self.tokens = tokens

    def get_vocab(self):
        return {token: i for i, token in enumerate(self.tokens)}


def test_shared_tokens_have_their_numbers_in_both():
    words, numbers = analogies.shared_tokens(Tokenizer("b", "Ġa", "only", "c"), Tokenizer("c", "▁a", "x", "b"))
    assert words == {"b": 0, "Ġa": 1, "c": 2}
    assert numbers.tolist() == [[0, 3], [1, 1], [3, 0]]


def test_one_vocabulary_is_shared_as_a_whole():
    words, numbers = analogies.shared_tokens(Tokenizer("b", "Ġa", "c"), Tokenizer("b", "Ġa", "c"))
    assert list(words) == ["b", "Ġa", "c"] and numbers.tolist() == [[0, 0], [1, 1], [2, 2]]


def test_what_stays_is_counted_from_the_change():
    g = torch.Generator().manual_seed(0)
    W, other = (torch.randn(60, 8, generator=g, dtype=torch.float64) + 1 for _ in range(2))
    s = shifts.Sample(W, torch.arange(60).view(4, 15), other, torch.ones(60, dtype=torch.float64))
    before, after = shifts.readings(s, W), shifts.readings(s, W + 5 * shifts.direction(8, 0))
    tool = "nearest neighbours by cosine"
    kept = shifts.kept_neighbours(shifts.change(before[tool], after[tool]))
    assert kept == pytest.approx((before[tool] * after[tool]).sum().item() / before[tool].sum().item())
    tool = "PCA, not centred"
    kept = shifts.kept_directions(shifts.change(before[tool], after[tool]))
    assert kept == pytest.approx((before[tool] @ after[tool]).trace().item()) and 0 < kept < 5
