"""The desk itself: what a cell sees for every kind of answer, and what is kept."""

from __future__ import annotations

import inspect
import json
import math
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from html import unescape
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from tests.checks.bank import everything
from zeropoint import geometry
from zeropoint.desk import (
    check,
    checked,
    checking,
    compare,
    hint,
    outcome,
    predict,
    progress,
    ready,
    record,
    reveal,
    skip,
    task,
    why,
)
from zeropoint.desk import exercise as exercises
from zeropoint.desk.checking import FIXED_SEED, exact, size, verdict
from zeropoint.desk.display import Card
from zeropoint.desk.exercise import Exercise, Mistake, find
from zeropoint.desk.predictions import predictions_of

W_E = torch.randn(30, 8, generator=torch.Generator().manual_seed(1)) + 2
BANK = everything()


def right(W):
    return W - W.mean(0)


def sentence(answer, id="1.3", real=None) -> str:
    found = verdict(find(id), answer, real)
    assert not found.passed
    assert "\n" not in found.sentence and len(found.sentence) < 500
    return found.sentence


# --- what a check says ---------------------------------------------------------------------------------------------


def test_yours_beside_expected_at_the_first_place(capsys):
    check("1.3", lambda W: W * 2)
    said = capsys.readouterr().out
    assert re.search(r"differs at \[0, 0\] \(8 of 8 entries differ\)", said)
    assert re.search(r"yours +-?\d", said) and re.search(r"expected +-?\d", said)
    assert "W         [[" in said  # a small input is shown in full


def by_tokens(seed):
    g = torch.Generator().manual_seed(seed)
    return [(torch.randn(n, 3, generator=g), torch.randint(9_000, 99_000, (n,), generator=g)) for n in (200, 6)]


TOKENS = Exercise(
    id="9.4", title="tokens", kind="function", difficulty=1, minutes=1, hints=["…"], cases=by_tokens,
    reference=lambda X, token: (X.mean(0), token.max()),
)  # fmt: skip


def test_the_smallest_input_that_fails_is_shown_whole_and_tokens_as_whole_numbers():
    found = verdict(TOKENS, lambda X, token: (X.mean(0), token.min()))
    assert (
        found.sentence == "on the random input X [6, 3] float32, token [6] int64: value 2 of 2 of your answer differs"
    )
    token = by_tokens(checking.FIXED_SEED)[1][1].tolist()
    assert found.inputs["token"] == str(token) and found.inputs["X"].startswith("[[")
    assert (found.difference.yours, found.difference.expected) == (str(min(token)), str(max(token)))
    said = verdict(TOKENS, lambda X, token: (X.mean(0), "7")).sentence
    assert said.endswith("int64: value 2 of 2: got a string, expected a number")
    assert compare.brief(torch.tensor([3, 1_234_567, 5])) == "[3]: 3, 1234567, 5"
    assert compare.brief(torch.tensor([True, False])) == "[2]: True, False"


def test_a_failing_heap_is_shown_whole():
    """That a + b is not b + a shows on six points first."""
    found = verdict(find("5.1"), lambda T, zero: (T[:, zero].T, T[zero, :, zero]))
    assert "T [6, 6, 6] int64" in found.sentence and found.inputs["T"].count("[") == 1 + 6 + 36


def test_a_share_of_a_negative_mean_cosine_keeps_its_sign():
    """Two rows, 3 and −3 in the first coordinate: ranked by size it came to 1.125."""
    X = torch.tensor([[3.0, 1.0], [-3.0, 1.0]])
    assert find("6.4").reference(X, 1) == pytest.approx(-0.125)


@pytest.mark.parametrize("answer", [geometry.centre, lambda W: geometry.centre(W), lambda W: 1 * geometry.centre(W)])
def test_the_librarys_own_answer_is_recognised(answer):
    """However it is wrapped; what merely uses the library, and a reference that does, is the learner's own."""
    assert sentence(answer) == "right, but geometry.centre of the library did it: here you write it yourself"
    assert verdict(find("1.3"), lambda W: W - geometry.mean(W)).passed
    assert verdict(find("1.3"), find("1.3").reference).passed
    assert verdict(replace(find("1.3"), reference=lambda W: geometry.centre(W)), answer).passed


def test_the_librarys_own_answer_is_recognised_inside_what_it_returns():
    from zeropoint.puzzles.p06 import measures

    for id, answer in (
        ("6.1", lambda X, token: measures.type_cosines(X, token).inter),
        ("6.2", lambda X, token: measures.type_cosines(X, token).intra),
    ):
        assert "measures.type_cosines of the library did it" in sentence(answer, id)
    assert "measures.top_share of the library did it" in sentence(measures.top_share, "6.4")


def test_the_librarys_own_answers_to_05_are_recognised():
    from zeropoint.puzzles.p05 import reading

    assert "reading.group_at of the library did it" in sentence(reading.group_at, "5.1")
    assert "reading.explain of the library did it" in sentence(reading.explain, "5.5")


@pytest.mark.parametrize(
    "draw",
    [lambda n: torch.randint(n, (50,)), lambda n: np.random.randint(n, size=50), lambda n: [random.randrange(n)]],
)
def test_an_answer_drawn_at_random_is_told_so(draw):
    assert "draws at random" in sentence(lambda W: W[draw(len(W))].mean(), "1.1")


def test_a_table_of_all_pairs_is_caught_where_the_statement_forbids_it():
    def tables(seed):
        g = torch.Generator().manual_seed(seed)
        return [(torch.randn(n, 4, generator=g),) for n in (5, 1500)]

    exercise = replace(TOKENS, cases=tables, no_table=True, reference=lambda W: W.sum(0).square().sum())
    for table in (lambda W: (W @ W.T).sum(), lambda W: (W.numpy().astype(float) @ W.numpy().T.astype(float)).sum()):
        said = verdict(exercise, table).sentence
        assert re.match(r"right, but your function makes [\d,]+ numbers at once of W \[1500, 4\] float32", said)
        assert verdict(replace(exercise, no_table=False), table).passed
    # a number for each pair, once, is half a table and five gigabytes of GPT-Neo's
    once = replace(exercise, reference=lambda W: torch.nn.functional.pdist(W).square().sum())
    assert (
        "one or more for each pair of rows"
        in verdict(once, lambda W: torch.nn.functional.pdist(W).square().sum()).sentence
    )
    assert verdict(exercise, lambda W: sum((part @ W.T).sum() for part in W.split(100))).passed
    assert verdict(exercise, lambda W: np.square(W.numpy().sum(0)).sum()).passed


def test_the_share_of_06_may_not_be_had_from_a_table_either():
    from tests.checks.bank_06 import in_tables, numpy_tables

    for answer in (in_tables, numpy_tables):
        assert "one or more for each pair of rows" in sentence(answer, "6.4")


def test_a_right_answer_that_is_slow_on_a_model_is_told_so(monkeypatch):
    W = {"a matrix": torch.randn(50, 4)}
    assert "it took" not in verdict(find("1.3"), right, W).sentence
    monkeypatch.setattr("zeropoint.desk.checking.SLOW", 0.0)
    said = verdict(find("1.3"), right, W).sentence
    assert said.startswith("right on") and "it took 0 s on a matrix" in said


@pytest.mark.parametrize("id", ["6.1", "6.2", "6.4"])
def test_the_input_of_06_that_is_shown_tells_each_slip_apart(id):
    """The smallest fixed input on which a slip differs: -0.0771 for -0.0772 would look like rounding."""
    exercise = find(id)
    inputs = sorted(map(exact, exercise.cases(FIXED_SEED)), key=size)
    for mistake in exercise.mistakes:
        off = (abs(float(exercise.reference(*args)) - float(_of_slip(mistake, args))) for args in inputs)
        assert next(far for far in off if far > exercise.tolerance) > 0.05, mistake.name


def _of_slip(mistake, args):
    try:
        return mistake.fn(*args)
    except RuntimeError:  # it cannot be had from so few rows
        return float("nan")


def test_a_named_mistake_gets_its_nudge_and_not_the_solution(capsys):
    check("1.1", lambda W: (W @ W.T / W.norm(dim=1) / W.norm(dim=1)[:, None]).mean())
    said = capsys.readouterr().out
    assert "This looks like: the diagonal is left in." in said and "cosine of a token with itself" in said
    assert "u.sum(0)" not in said


def test_where_several_answers_are_right_the_unmet_condition_is_said_and_none_of_them_shown(capsys):
    def too_little(W_E, W_pos):
        return W_E - W_E.mean(0), W_pos + 0.7 * W_E.mean(0)

    def one_left_over(W_E, W_pos):
        return W_E - W_E.mean(0) + 1, W_pos + W_E.mean(0)

    def on_one_position(W_E, W_pos):
        new = W_pos + 0.7 * W_E.mean(0)
        new[0] = W_pos[0] + W_E.mean(0)
        return W_E - W_E.mean(0), new

    for answer, condition in {
        too_little: "but the model reads something else at its first position",
        one_left_over: "the mean row of your new W_E is not zero",
        on_one_position: "only at its first position does the model read what it did",
    }.items():
        check("2.2", answer)
        said = capsys.readouterr().out
        assert condition in said and "expected" not in said


def test_a_wrong_answer_to_2_2_does_not_tell_whether_another_move_is_free(capsys):
    """Centring over d_model is free, which 2.g asks to predict."""
    check("2.2", lambda W_E, W_pos: (W_E - W_E.mean(1, keepdim=True), W_pos))
    said = capsys.readouterr().out
    assert "centred over d_model" in said and not re.search("free|LayerNorm|predict", said)


@pytest.mark.parametrize("nothing", [None, ..., lambda W: (_ for _ in ()).throw(NotImplementedError("your code here"))])
def test_not_attempted(nothing, capsys):
    check("1.1", nothing)
    assert capsys.readouterr().out == "· 1.1 mean pairwise cosine: not attempted yet\n"
    assert not record.path().exists()


@pytest.mark.parametrize(
    "answer, id, words",
    [
        (lambda W: None, "1.3", "returned None"),
        (lambda W: W.mean(0), "1.3", "got a tensor of shape [2], expected a tensor of shape [4, 2]"),
        (
            lambda W_E, h: (h @ W_E.mean(0))[:, None],
            "2.3",
            "got a tensor of shape [3, 1], expected a tensor of shape [3]",
        ),
        (lambda W: torch.zeros(1), "1.1", "got a tensor of shape [1], expected a number"),
        (lambda W: [1.0, 2.0], "1.3", "got a list, expected a tensor of shape [4, 2]"),
        (lambda W: "0.9", "1.1", "got a string, expected a number"),
        (lambda W: True, "1.1", "got bool values, expected real numbers"),
        (lambda W: torch.tensor(1j), "1.1", "got complex64 values, expected real numbers"),
        (lambda W: right(W) * float("nan"), "1.3", "got nan at [0, 0]"),
        (lambda W: 1 / 0 if len(W) < 0 else float("inf"), "1.1", "got inf"),
        (lambda W: right(W).half(), "1.3", "got float16, which keeps about 3 digits"),
        (lambda W: right(W).bfloat16(), "1.3", "got bfloat16, which keeps about 3 digits"),
        (lambda W: W.sub_(W.mean(0)), "1.3", "changes its argument W in place"),
        (lambda W: W.t_() and None, "1.3", "raised RuntimeError"),
        (lambda W: sys.exit(), "1.3", "tried to leave Python"),
        (lambda: 0, "1.3", "must take 1 argument: W"),
        (lambda W, other: 0, "1.3", "must take 1 argument: W"),
        (lambda W: 0.0, "1.1", "same answer for every input"),
        (lambda W: right(W_E), "1.3", "same answer for every input"),
        (lambda W: compare, "1.3", "got a module"),
        (torch.ones(3), "1.2", "give the function itself, without brackets; got a tensor of shape [3]"),
        (0.93, "1.1", "give the function itself"),
        (lambda W: right, "1.3", "got a function"),
    ],
)
def test_one_clear_line(answer, id, words):
    assert words in sentence(answer, id)


def test_an_answer_that_makes_tensors_of_its_own_meets_no_other_dtype():
    """torch.zeros is float32, as the models' vectors are; an input in float64 refused right answers over it."""

    def with_zeros(W, slip=0):
        first = torch.zeros(1, dtype=torch.long)
        total = torch.zeros(1, W.shape[1]).index_add(0, first.repeat(len(W)), W)
        return W - total / (len(W) - slip)

    assert verdict(find("1.3"), with_zeros, {"a model": W_E, "in float64": W_E.double()}).passed
    check("1.3", with_zeros)
    assert checked("1.3")(W_E.double()).dtype == torch.float64 and torch.get_default_dtype() == torch.float32
    assert verdict(find("1.3"), lambda W: with_zeros(W, 1)).difference


def test_a_mistake_keeps_its_name_where_the_answer_raises_on_another_input():
    def only_small(W, answer):
        if len(W) > 6:
            raise ValueError("too many rows")
        return answer(W)

    found = verdict(find("1.3"), lambda W: only_small(W, lambda W: W - W.mean(1, keepdim=True)))
    assert found.mistake and "over" in found.mistake.name
    found = verdict(find("1.3"), lambda W: only_small(W, right))
    assert found.mistake is None and "raised ValueError" in found.sentence
    assert verdict(find("1.3"), lambda W: 1 / 0).mistake is None


def test_an_exception_is_told_with_the_learners_own_line():
    def spoilt(W):
        mean = W.mean(0)
        return W @ mean[:, None, None] @ W

    said = sentence(spoilt)
    first = spoilt.__code__.co_firstlineno
    assert (
        f"raised RuntimeError in line {first + 2} (`return W @ mean[:, None, None] @ W`), on the random input W [4, 2]"
        in said
    )


def test_an_endless_loop_can_be_stopped():
    def endless(W):
        stop = time.monotonic() + 30  # should the interrupt fail, this test must not hang
        while time.monotonic() < stop:
            pass

    # A process that was started in the background ignores Ctrl-C, and so would everything it tests.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
        assert "stopped by you after 0 s in line" in sentence(endless)
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_chain_of_errors_or_a_bottomless_call_is_one_line():
    def deep(W):
        return deep(W)

    assert "raised RecursionError" in sentence(deep)

    def long(W):
        raise ValueError("two\nlines " * 500)

    assert "two lines" in sentence(long)


def test_a_function_without_a_signature_or_with_more_defaults_is_called():
    assert verdict(find("1.3"), lambda W, dim=0: W - W.mean(dim)).passed

    class Centre:
        def __call__(self, W):
            return right(W)

    assert verdict(find("1.3"), Centre()).passed
    assert "differs" in sentence(torch.sin)


def test_the_model_is_not_damaged():
    W, before = nn.Parameter(W_E.clone()), W_E.clone()
    W_loaded = {"a model": W}

    def in_place(M):
        M -= M.mean(0)
        return M

    assert "changes its argument W in place" in sentence(in_place, real=W_loaded)

    def through_the_global(M):
        with torch.no_grad():
            W.sub_(W.mean(0))
        return right(M)

    assert "changes the a model matrix itself" in sentence(through_the_global, real=W_loaded)
    assert torch.equal(W, before) and W.requires_grad

    def through_numpy(M):
        M.numpy()[:] = 0
        return M

    assert "in place" in sentence(through_numpy, real=W_loaded)
    assert torch.equal(W, before)


def test_global_state_is_given_back():
    torch.manual_seed(3), np.random.seed(3), random.seed(3)
    expected = torch.rand(1), np.random.rand(), random.random()
    torch.manual_seed(3), np.random.seed(3), random.seed(3)

    def careless(W):
        torch.manual_seed(0), np.random.seed(0), random.seed(0)
        torch.set_default_dtype(torch.float64)
        torch.set_grad_enabled(False)
        raise ValueError

    try:
        sentence(careless)
        assert torch.get_default_dtype() == torch.float32 and torch.is_grad_enabled()
        assert (torch.rand(1), np.random.rand(), random.random()) == expected
    finally:
        torch.set_default_dtype(torch.float32)
        torch.set_grad_enabled(True)


def test_a_learners_default_dtype_and_no_grad_change_no_verdict():
    torch.set_default_dtype(torch.float64)
    try:
        with torch.no_grad():
            assert all(verdict(find(f"1.{i}"), find(f"1.{i}").reference, {"W": W_E}).passed for i in range(1, 6))
    finally:
        torch.set_default_dtype(torch.float32)


def test_answers_learned_by_heart_fail():
    """The fixed inputs' answers in a table, as one who read the source could write: the fresh inputs find it out."""
    exercise = find("1.1")
    table = {W.sum().item(): exercise.reference(W.double()) for (W,) in exercise.cases(checking.FIXED_SEED)}
    assert not verdict(exercise, lambda W: table.get(W.sum().item(), 0.93)).passed
    value = exercise.reference(W_E)
    assert "same answer for every input" in sentence(lambda W: value, "1.1", {"W": W_E})
    one = exercise.cases(checking.FIXED_SEED)[0][0]
    assert not verdict(
        exercise, lambda W: exercise.reference(W) if len(W) != len(W_E) else one.sum(), {"W": W_E}
    ).passed


PADDED = torch.cat([W_E, torch.zeros(2, W_E.shape[1])])


@pytest.mark.parametrize("answer", [right, lambda W: W * torch.nan, lambda W: W])
@pytest.mark.parametrize(
    ("matrix", "words"),
    [
        (PADDED, "2 of its 32 rows are zero or next to it"),
        (torch.cat([W_E, torch.full((1, W_E.shape[1]), torch.nan)]), "1 of its 31 rows hold NaN or infinity"),
        (torch.zeros(5, 4), "5 of its 5 rows are zero"),
    ],
)
def test_a_reference_that_is_not_finite_passes_nobody(answer, matrix, words):
    """All exercises that compare rows by direction: no answer is right, or wrong, where there is no right one."""
    exercise = find("1.1")

    def on_random(W):
        same = W.shape == matrix.shape and torch.equal(W.nan_to_num(), matrix.nan_to_num())
        return answer(W) if same and answer is not right else exercise.reference(W)

    found = verdict(exercise, on_random, {"padded": matrix})
    assert found.state == "failed" and "right on" in found.sentence
    assert "padded cannot be judged: the right answer is not finite there" in found.sentence and words in found.sentence


def test_nothing_equals_a_nan():
    nan = float("nan")
    for yours, expected in ((nan, nan), (0.0, nan), (torch.tensor([1.0, nan]), torch.tensor([1.0, nan]))):
        assert compare.difference(yours, expected, 1e-3) is not None


def test_rows_that_float32_cannot_square_are_named_beside_the_failure():
    W = torch.cat([W_E, torch.full((1, W_E.shape[1]), 1e-30)])
    found = verdict(find("1.1"), lambda W: find("1.1").reference(W / W.norm(dim=1, keepdim=True)), {"m": W})
    assert found.state == "failed" and "1 of its 31 rows are zero or next to it" in found.sentence


@pytest.mark.parametrize(
    "x", ["W_E", None, 3, [1, 2], pd.DataFrame({"a": [1.0]}), nn.Embedding(5, 4), np.array(["a"]), torch.ones(3), object()],
    ids=lambda x: type(x).__name__,
)  # fmt: skip
@pytest.mark.parametrize("id", ["1.1", "1.3", "2.2"])
def test_an_unsuitable_real_is_one_line_and_shows_no_reference(id, x, capsys):
    check(id, find(id).reference, real={"mine": x})
    said = capsys.readouterr().out
    assert "Traceback" not in said and re.match("[✗✓]", said) and len(said.splitlines()[0]) < 400
    if not isinstance(x, torch.Tensor):
        assert "mine in real= is" in said and "such as W_E" in said
    source = inspect.getsource(find(id).reference).splitlines()[-1].strip()
    assert source not in said


@pytest.mark.parametrize("form", ["float32", "float64", "numpy", "parameter", "bfloat16", "list of labels"])
def test_real_matrices_in_every_form(form, capsys):
    given = {
        "float32": {"m": W_E},
        "float64": {"m": W_E.double()},
        "numpy": {"m": W_E.numpy()},
        "parameter": {"m": nn.Parameter(W_E)},
        "bfloat16": {"m": W_E.bfloat16()},
        "list of labels": {"m": W_E, "n": W_E.T},
    }[form]
    check("1.2", lambda W: W.mean(0).norm() ** 2 / (W.norm(dim=1) ** 2).mean(), real=given)
    said = capsys.readouterr().out
    assert said.startswith("✓ 1.2") and re.search(r"m +0\.\d", said)


def test_wrong_on_the_real_matrix_alone_is_said_with_its_label():
    said = sentence(lambda W: right(W) if len(W) != 30 else W, real={"mini-neo W_E": W_E})
    assert re.match(
        r"right on 16 random inputs, but on mini-neo W_E, W \[30, 8\] float32: your answer differs at \[0, 0\]", said
    )


def test_strict_raises_the_same_sentence(monkeypatch, capsys):
    monkeypatch.setenv("ZEROPOINT_STRICT", "1")
    check("1.3", right)
    for answer, words in [
        (None, "no answer stands here now"),
        (lambda W: W + W.mean(0), "this looks like: the mean is added"),
    ]:
        with pytest.raises(AssertionError, match=words) as raised:
            check("1.3", answer)
        assert str(raised.value).split("; this looks")[0] in capsys.readouterr().out
    with pytest.raises(AssertionError, match="not attempted yet"):
        why("1.7", " ")
    with pytest.raises(AssertionError, match="no exercise '1.9'"):
        check("1.9", right)


@pytest.mark.parametrize("id", ["1.9", "99.1", "x", ""])
def test_an_unknown_id_is_one_line(id, capsys):
    for ask in (
        lambda: check(id, right),
        lambda: hint(id),
        lambda: reveal(id),
        lambda: why(id, "x"),
        lambda: progress(id or "x"),
    ):
        if ask is not None:
            ask()
    assert "Traceback" not in capsys.readouterr().out


def test_slips_in_the_call(capsys):
    check("1.3", right, real=W_E)
    why("1.2", "text"), why("1.7", 3), check("1.7", "text")
    said = capsys.readouterr().out.splitlines()
    assert len(said) == 4 and all(line.startswith("✗") for line in said)
    check(1.3, right)  # an id without its quotes
    assert "✓ 1.3" in capsys.readouterr().out


# --- other kinds of exercise, for the puzzles to come --------------------------------------------------------------

SHARE = Exercise(
    id="9.1", title="a value", kind="value", difficulty=1, minutes=1, hints=["…"], tolerance=0.01,
    reference=lambda W: W.mean().item(), mistakes=[Mistake("the sum", lambda W: W.sum(), "divide")],
)  # fmt: skip
CHOICE = Exercise(
    id="9.2", title="a choice", kind="choice", difficulty=1, minutes=1, hints=["…"], options=("a little", "a lot"),
    reference=lambda: "a lot", mistakes=[Mistake("small", lambda: "a little", "look again")],
)  # fmt: skip


def module_cases(seed):
    generator = torch.Generator().manual_seed(seed)
    return [(nn.Linear(3, 3), torch.randn(4, 3, generator=generator), k, "up", [torch.ones(2)]) for k in (1, 2)]


def many(layer, x, k, way, extras):
    y = layer(x) * k
    return y, y.mean().item(), k + 1, bool(k > 1), way


MANY = Exercise(
    id="9.3", title="many", kind="function", difficulty=1, minutes=1, hints=["…"], cases=module_cases, reference=many
)


def test_a_stub_costs_no_copy_of_the_models_matrices(monkeypatch):
    def stub(W):
        """Words of the exercise."""
        raise NotImplementedError

    def never(real):
        raise AssertionError("copied")

    monkeypatch.setattr("zeropoint.desk.checking.originals_kept", never)
    assert verdict(find("1.1"), stub, {"W": W_E}).state == "not attempted"
    with pytest.raises(AssertionError, match="copied"):
        verdict(find("1.1"), lambda W: 0.0, {"W": W_E})


def test_values():
    assert verdict(SHARE, W_E.mean(), {"W": W_E}).passed
    assert verdict(SHARE, round(W_E.mean().item(), 2), {"W": W_E}).passed
    found = verdict(SHARE, W_E.sum(), {"W": W_E})
    assert found.mistake.name == "the sum" and "2.0" not in found.sentence
    assert "got a string, expected a number" in verdict(SHARE, "much", {"W": W_E}).sentence
    assert verdict(SHARE, None).state == "not attempted"
    assert "needs one real" in verdict(SHARE, 1.0).sentence


def test_choices():
    assert verdict(CHOICE, "A lot ").passed
    assert verdict(CHOICE, "a little").mistake.name == "small"
    assert verdict(CHOICE, 3).sentence == "choose one of: a little, a lot"


def test_functions_of_and_to_anything():
    assert verdict(MANY, many).passed
    assert verdict(
        MANY, lambda *a: [np.asarray(x.detach()) if isinstance(x, torch.Tensor) else x for x in many(*a)]
    ).passed

    def spoilt(index, value):
        return lambda layer, x, k, way, extras: tuple(
            value if i == index else y for i, y in enumerate(many(layer, x, k, way, extras))
        )

    for index, value in [(1, 7.0), (2, 0), (3, 1), (4, "down"), (0, None)]:
        said = verdict(MANY, spoilt(index, value)).sentence
        assert f"value {index + 1} of 5" in said
    assert "expected a tuple of 5" in verdict(MANY, lambda layer, x, k, way, extras: 1).sentence

    def damages(layer, x, k, way, extras):
        with torch.no_grad():
            out = many(layer, x, k, way, extras)
            layer.bias.zero_()
        return out

    assert "changes its argument layer in place" in verdict(MANY, damages).sentence

    def list_entry(layer, x, k, way, extras):
        extras[0].zero_()
        return many(layer, x, k, way, extras)

    assert "changes its argument extras in place" in verdict(MANY, list_entry).sentence


def test_an_error_alone_is_not_taken_for_a_mistake_that_errs_too():
    broken = Mistake("always broken", lambda *a: 1 / 0, "…")
    exercise = replace(MANY, mistakes=[broken])
    assert verdict(exercise, lambda layer, x, k, way, extras: x @ x).mistake is None


def test_an_exercise_lacks_nothing():
    with pytest.raises(ValueError, match="needs cases"):
        Exercise(id="9.9", title="", kind="function", difficulty=1, minutes=1, hints=[], reference=right)
    for e in exercises.of_puzzle("1"):
        assert len(e.hints) == 3 and e.minutes and e.difficulty in (1, 2, 3)
    assert exercises.puzzles()[0] == "1"


@pytest.mark.parametrize(
    "yours, expected, agree",
    [
        (1.0, 1, True), (torch.tensor(2), 2, True), (2.0, 2, True), (2.5, 2, False), (np.float32(0.1), 0.1, True),
        (np.bool_(True), True, True), (1, True, False), (torch.tensor(True), True, True), ("A ", "a", True),
        (torch.ones(2, dtype=torch.int64), torch.ones(2), True), (torch.ones(2).to_sparse(), torch.ones(2), True),
        (0.1 + 3e-6, 0.1, False), (0.1 + 1e-6, 0.1, True), (np.array(["x"]), torch.ones(1), False),
        (torch.zeros(0), torch.zeros(0), True), (0.0, 0.0, True), ((1, 2), (1, 2), True), ((1,), (1, 2), False),
    ],
)  # fmt: skip
def test_comparison(yours, expected, agree):
    assert (compare.difference(yours, expected, 2e-5) is None) == agree


def test_close_values_are_shown_with_the_digits_that_differ():
    found = compare.difference(1.00000123, 1.0, 1e-9)
    assert found.yours != found.expected


# --- hints, reveal, why --------------------------------------------------------------------------------------------


def test_hints_come_one_by_one_and_survive_a_restart(capsys, monkeypatch):
    hints = find("1.2").hints
    hint("1.2")
    assert capsys.readouterr().out == '· 1.2: its hints wait with its task: task("1.2")\n'
    task("1.2", now=True), capsys.readouterr()
    for i in (1, 2, 3):
        hint("1.2")
        said = capsys.readouterr().out
        assert f"hint {i} of 3" in said and hints[i - 1] in said and all(h not in said for h in hints[i:])
        assert "last hint" not in said
    hint("1.2")
    assert "That was the last hint" in capsys.readouterr().out
    assert json.loads(record.path().read_text())["exercises"]["1.2"]["hints"] == 3


def test_reveal_after_a_pass_or_on_request(capsys):
    reveal("1.3")
    said = capsys.readouterr().out
    assert 'reveal("1.3", now=True)' in said and "W.mean" not in said
    check("1.3", right)
    reveal("1.3")
    assert "def centre(W" in capsys.readouterr().out
    reveal("1.2", now=True)
    said = capsys.readouterr().out
    assert "mean = W.mean(0)" in said and "before it was solved" in said
    kept = record.read()["exercises"]
    assert "revealed" in kept["1.2"] and "revealed" not in kept["1.3"]


def test_a_cell_without_an_answer_says_that_it_was_solved_before(capsys):
    """After a restart the stubs are there again: "not attempted yet" said the check, and progress "solved"."""
    check("1.1", find("1.1").reference), why("1.7", BECAUSE, now=True), capsys.readouterr()
    for nothing in (None, lambda W: (_ for _ in ()).throw(NotImplementedError)):
        check("1.1", nothing)
        assert capsys.readouterr().out.endswith(": solved before, and kept; no answer stands here now\n")
    why("1.7", "")
    assert ": compared before, and kept; no answer stands here now" in capsys.readouterr().out


BECAUSE = "Because of <b>one</b> common vector: it is longer than what tells the tokens apart, so all cosines are high."


def test_why_shows_the_points_beside_the_text(capsys):
    why("1.7", "")
    reveal("1.7")
    said = capsys.readouterr().out
    assert "not attempted yet" in said and not any(p in said for p in find("1.7").rubric)
    why("1.7", BECAUSE, now=True)
    said = capsys.readouterr().out
    assert "| Because of <b>one</b>" in said and all(p in said for p in find("1.7").rubric)
    reveal("1.7")
    assert find("1.7").rubric[0] in capsys.readouterr().out
    kept = record.read()["exercises"]["1.7"]
    assert {"compared", "early"} <= set(kept) and kept["text"] == BECAUSE


def test_a_rubric_waits_for_substance_and_for_earlier_exercises(capsys):
    for text, words in (
        ("x", "say it in a few sentences first (1 word is here"),
        (BECAUSE, "1.1, 1.2, 1.3, 1.4, 1.5, 1.6 first"),
    ):
        why("1.7", text)
        said = capsys.readouterr().out
        assert words in said and "now=True" in said and not any(p in said for p in find("1.7").rubric)
    assert "compared" not in record.read()["exercises"]["1.7"]
    for id in ("1.1", "1.2", "1.3", "1.4", "1.5", "1.6"):
        reveal(id, now=True)
    why("1.7", BECAUSE)
    assert find("1.7").rubric[0] in capsys.readouterr().out
    assert "early" not in record.read()["exercises"]["1.7"]


def test_a_task_comes_after_the_ones_before_it_or_on_request(capsys):
    told = find("1.3").title
    task("1.3"), check("1.3", None), progress("1")
    said = capsys.readouterr().out
    assert "comes after 1.1, 1.2" in said and 'task("1.3", now=True)' in said and "1.3: not attempted yet" in said
    assert told not in said and not any(line.strip() in said for line in find("1.3").task.splitlines() if line.strip())
    check("1.1", find("1.1").reference), reveal("1.2", now=True), task("1.3"), progress("1")
    said = capsys.readouterr().out
    assert said.count(told) == 2 and find("1.3").task.split(".")[0].split()[0] in said
    task("1.4", now=True), task("1.4"), task("1.1")
    said = capsys.readouterr().out
    assert said.count(find("1.4").title) == 2 and "1.1 mean pairwise cosine: its task stands in the notebook" in said


def test_an_infinite_answer_is_told_that_the_right_one_is_finite():
    found = verdict(find("4.2"), lambda logit, least, d_vocab: (logit, math.inf, logit))
    assert "got inf (the right answer is finite" in found.sentence
    found = verdict(find("4.2"), lambda logit, least, d_vocab: (logit, math.nan, logit))
    assert "got nan (a division by zero" in found.sentence


def test_a_task_waits_for_the_predictions_that_it_would_answer(capsys):
    for id in ("4.1", "4.2", "4.3"):
        reveal(id, now=True)
    task("4.4")
    said = capsys.readouterr().out
    assert "comes after 4.f" in said and find("4.4").title not in said
    skip("4.f"), task("4.4")
    assert find("4.4").title in capsys.readouterr().out


# --- predictions ---------------------------------------------------------------------------------------------------


def test_prediction_outcome_score(capsys):
    predict("1.b", None)
    said = capsys.readouterr().out
    assert said.startswith("· Prediction 1.b: no prediction yet\n") and "a number from -1 to 1" in said
    predict("1.b", 0.3, low=0.1, high=0.5)
    assert "0.3 (between 0.1 and 0.5), kept" in capsys.readouterr().out
    predict("1.b", 0.4, low=0.1, high=0.5)  # a change of mind before the outcome
    outcome("1.b", torch.tensor(0.45), label="mini-neo")
    said = capsys.readouterr().out
    assert "✓ Prediction 1.b: off by 0.05, inside your interval" in said and "0.45 (mini-neo)" in said
    assert "1 of 1 held their outcome; at 80% one expects 0.8." in said
    predict("1.c", 0.9, 0.8, 1.0), outcome("1.c", np.float32(0.2))
    assert (
        "outside your interval" in (said := capsys.readouterr().out) and "1 of 2 held" in said and "expects 1.6" in said
    )
    predict("1.d", 1), outcome("1.d", 0.5)
    assert "· Prediction 1.d: off by 0.5" in capsys.readouterr().out


def test_words(capsys):
    predict("2.a", "Breakage "), outcome("2.a", "breakage")
    predict("2.b", "nothing"), outcome("2.b", "breakage")
    said = capsys.readouterr().out
    assert "✓ Prediction 2.a: right" in said and "✗ Prediction 2.b: wrong" in said
    with pytest.raises(ValueError, match="the outcome of 2.c on mini"):
        outcome("2.c", "somewhat", "mini")


@pytest.mark.parametrize(
    "call, words",
    [
        (
            lambda: predict("2.a", "brakage"),
            "one of: nothing, a little, breakage; got 'brakage': did you mean 'breakage'?",
        ),
        (lambda: predict("2.a", "free"), "one of: nothing, a little, breakage; got 'free'."),
        (lambda: predict("2.a", 0.1), "one of: nothing, a little, breakage; got 0.1."),
        (lambda: predict("3.c", "rarely"), "did you mean 'rare'?"),
        (lambda: predict("1.a", "0.9"), "without quotes; got '0.9': did you mean 0.9?"),
        (lambda: predict("7.a", "20%"), "a number from 0 to 1, without quotes; got '20%': did you mean 0.2?"),
        (lambda: predict("7.a", 60), "a number from 0 to 1; got 60: did you mean 0.6?"),
        (lambda: predict("3.b", -1), "a number of 0 or more; got -1."),
        (lambda: predict("1.z", 0.5), "There is no prediction '1.z'; here are 1.a, 1.b, 1.c, 1.d, 1.e.\n"),
        (lambda: predict("n1.9", 0.5), "There is no prediction 'n1.9'; here are n1.1, n1.2, n1.3, n1.4, n1.5.\n"),
        (lambda: predict("99.a", 0.5), "There is no prediction '99.a'."),
        (lambda: predict("first", 0.5), "There is no prediction 'first'."),
        (lambda: skip("1.z"), "There is no prediction '1.z'"),
        (lambda: skip("99"), "There is no puzzle 99; there are 1, 2"),
    ],
)
def test_a_prediction_knows_what_it_asks(call, words, capsys):
    call()
    said = capsys.readouterr().out
    assert words in said and said.count("\n") == 1 and "?." not in said
    assert not record.path().exists()


def test_an_outcome_waits_for_its_prediction(capsys):
    outcome("1.a", 0.001)
    said = capsys.readouterr().out
    assert "waits for your prediction" in said and "0.001" not in said
    predict("1.a", 0.1), outcome("1.a", 0.001)
    assert "off by 0.099" in capsys.readouterr().out
    skip("1.b"), outcome("1.b", 0.9, "mini")
    said = capsys.readouterr().out
    assert "Skipped: 1.b" in said and "0.9 (mini)" in said
    outcome("n1.1", 0.2)  # a walkthrough shows what it shows
    assert "0.2" in capsys.readouterr().out


def test_no_rerun_scores_a_prediction_anew(capsys):
    """A training stopped after 7 of 300 updates once turned a miss into a hit; so may other settings, tried until one hits."""
    predict("3.i", 1.2, 0.9, 1.6), outcome("3.i", 2.473, "tiny model"), capsys.readouterr()
    outcome("3.i", 1.288, "tiny model")
    said = capsys.readouterr().out
    assert "✗ Prediction 3.i: off by 1.273" in said and "came out as 1.288; what came out first, 2.473, stays" in said
    outcome("3.i", 2.4731, "tiny model")  # other threads
    assert "came out as" not in capsys.readouterr().out
    skip("3.c"), outcome("3.c", "rare", "tiny model"), outcome("3.c", "frequent", "tiny model")
    assert "came out as frequent; what came out first, rare, stays" in capsys.readouterr().out
    outcome("3.i", 1.288, "another model")  # the models may change between runs
    assert "✓ Prediction 3.i" in capsys.readouterr().out
    assert record.read()["predictions"]["3.i"]["outcome"]["label"] == "another model"


def test_a_check_does_not_tell_what_is_to_be_predicted(capsys):
    """`check("1.1", …, real=clouds)` once printed the outcomes of 1.b and 1.c."""
    W = torch.randn(40, 6, generator=torch.Generator().manual_seed(0)) + 1
    answer, value = find("1.1").reference, find("1.1").reference(W)
    check("1.1", answer, real={"a model": W})
    said = capsys.readouterr().out
    assert "✓" in said and f"{value:.3f}" not in said and "waits for your prediction 1.b, 1.c" in said
    predict("1.b", 0.1)
    skip("1.c")
    capsys.readouterr()
    check("1.1", answer, real={"a model": W})
    assert f"{value:.3f}" in capsys.readouterr().out


TELLING = sorted({p.told_by for n in exercises.puzzles() for p in predictions_of(n) if getattr(p, "told_by", "")})


@pytest.mark.parametrize("id", TELLING)
def test_a_check_that_would_tell_an_outcome_waits_for_its_predictions(id, capsys):
    """Where somebody went on without a prediction, 4.1 printed both parts of log Z, whose sum is 4.a and 4.b."""
    real = BANK[id].real or {"a matrix": W_E}
    asked = [p.id for p in predictions_of(id.split(".")[0]) if getattr(p, "told_by", "") == id]
    answer = find(id).reference
    check(id, answer, real=real)
    said = capsys.readouterr().out
    assert said.startswith("✓") and f"waits for your prediction {', '.join(asked)}, or skip" in said
    assert "your answer" not in said
    skip(*asked), capsys.readouterr()
    check(id, answer, real=real)
    assert "your answer" in capsys.readouterr().out


def test_a_figure_waits_for_predictions_and_exercises(capsys):
    assert not ready("1.a", "1.b", "1.1")
    said = capsys.readouterr().out
    assert (
        said == '· Held back: this waits for your predictions 1.a, 1.b, or skip("1.a", "1.b"); and for exercise 1.1\n'
    )
    predict("1.a", 0.1), skip("1.b"), capsys.readouterr()
    assert not ready("1.a", "1.b", "1.1") and "waits for exercise 1.1" in capsys.readouterr().out
    check("1.1", find("1.1").reference)
    assert ready("1.a", "1.b", "1.1")
    skip("1"), capsys.readouterr()
    assert ready("1.c", "1.d") and "skipped" not in record.read()["predictions"]["1.a"]


def test_what_passed_gives_what_its_stub_says():
    """An array that passed once stopped a later cell, and a tensor of one number was printed as such."""
    W = torch.randn(30, 4)
    check("1.1", lambda W: torch.as_tensor(find("1.1").reference(W)))
    check("1.3", lambda W: np.asarray(find("1.3").reference(W)))
    check("1.6", lambda W: np.bool_(find("1.6").reference(W)))
    check("3.1", lambda n, d, s: [torch.tensor(x) for x in find("3.1").reference(n, d, s)])
    check("5.3", lambda W, a, b, c: torch.tensor(find("5.3").reference(W, a, b, c)))
    assert type(checked("1.1")(W)) is float and type(checked("1.6")(W)) is bool
    assert [type(x) for x in checked("3.1")(9, 4, 0.5)] == 3 * [float] and type(checked("5.3")(W, 1, 2, 3)) is int
    assert isinstance(checked("1.3")(W), torch.Tensor)


def other_form(value):
    """A right answer as a check takes it too: lists, arrays, float64, floats for whole numbers, numbers in a tensor."""
    if isinstance(value, tuple):
        return [other_form(v) for v in value]
    if isinstance(value, torch.Tensor):
        return value if value.dtype == torch.bool else value.double().numpy()
    return torch.tensor(value) if isinstance(value, bool) else torch.tensor(float(value))


def form(value):
    """What a later cell relies on: what it is, and of which numbers."""
    if isinstance(value, tuple):
        return [form(v) for v in value]
    return value.dtype if isinstance(value, torch.Tensor) else type(value)


FUNCTIONS = [e for n in exercises.puzzles() for e in exercises.of_puzzle(n) if e.kind == "function" and not e.judge]


@pytest.mark.parametrize("exercise", [e for e in FUNCTIONS if e.cases], ids=lambda e: e.id)
def test_a_cell_can_go_on_from_every_form_that_passes(exercise):
    """5.5 passed with tables of floats, and the next cell, which looks things up in them, raised."""
    args = checking.single(exercise.cases(0)[0])
    right = exercise.reference(*args)
    if isinstance(right, dict):
        pytest.skip("compared by the exercise's own rule")
    check(exercise.id, lambda *a: other_form(exercise.reference(*a)))
    assert form(checked(exercise.id)(*args)) == form(right)


def test_an_outcome_comes_from_what_passed(capsys):
    assert checked("1.3") is None
    check("1.3", lambda W: W)
    assert checked("1.3") is None
    check("1.3", right)
    assert inspect.unwrap(checked("1.3")) is right
    check("1.3", lambda W: W)  # spoilt afterwards
    assert (
        inspect.unwrap(checked("1.3")) is right
        and "return W - W.mean(0)" in record.read()["exercises"]["1.3"]["answer"]
    )
    reveal("1.2", now=True)
    assert checked("1.2") is find("1.2").reference


def test_a_late_prediction_says_so_and_is_not_scored(capsys):
    skip("1.a"), outcome("1.a", 0.001)
    assert "Prediction 1.a: skipped" in capsys.readouterr().out
    predict("1.a", 0.001, 0.0, 0.01)
    assert "after its outcome was shown, so it is not scored" in capsys.readouterr().out
    predict("1.a", 0.001, 0.0, 0.01)  # the cell run again
    assert "after its outcome was shown" in capsys.readouterr().out
    outcome("1.a", 0.001)
    said = capsys.readouterr().out
    assert "not scored" in said and "held" not in said


def test_a_changed_prediction_does_not_replace_the_first(capsys):
    predict("1.a", 0.3, 0.2, 0.4), outcome("1.a", 0.9)
    first = record.read()["predictions"]["1.a"]["at"]
    predict("1.a", 0.9, 0.8, 1.0)
    said = capsys.readouterr().out
    assert "changed after its outcome was shown" in said and "0.3 (between 0.2 and 0.4) still counts" in said
    outcome("1.a", 0.9)
    assert "outside your interval" in capsys.readouterr().out
    predict("1.a", 0.3, 0.2, 0.4)  # the first one again, as when all cells run anew
    assert "as kept at" in capsys.readouterr().out
    assert record.read()["predictions"]["1.a"]["at"] == first
    predict("1.a", None)
    assert "the one kept is 0.3" in capsys.readouterr().out


@pytest.mark.parametrize(
    "call",
    [
        lambda: predict("1.a", 0.5, low=0.6, high=0.7), lambda: predict("1.a", 0.5, low=0.4),
        lambda: predict("1.a", float("nan")), lambda: predict("1.a", [1, 2]), lambda: predict("1.a", True),
        lambda: predict("1.a", "much", low=0, high=1), lambda: predict("1.a", 1, "a", "b"),
        lambda: predict("1.a", 0.5, low=-1, high=1),  # would score as held, whatever comes out
    ],
)  # fmt: skip
def test_a_slip_in_a_prediction_is_one_line_and_keeps_nothing(call, capsys):
    call()
    said = capsys.readouterr().out
    assert said.startswith("✗ Prediction 1.a") and said.count("\n") == 1
    assert not record.path().exists()


# --- progress ------------------------------------------------------------------------------------------------------


def test_progress_shows_all(capsys):
    task("1.2", now=True), task("1.3", now=True)
    check("1.3", right), hint("1.2"), check("1.2", right), reveal("1.1", now=True)
    why("1.7", BECAUSE, now=True), predict("1.a", 0.3, 0.2, 0.4), outcome("1.a", 0.35, "mini-neo"), predict("n1.1", 0.2)
    skip("1.b")
    capsys.readouterr()
    progress("1")
    said = capsys.readouterr().out
    assert "Puzzle 1: 2 of 7 done" in said
    rows = {
        line.split()[0]: re.split(r"\s{2,}", line.strip()) for line in said.splitlines() if re.match(r"  n?1\.", line)
    }
    assert rows["1.3"][2:] == ["✓ solved", "1", "0 of 3", "no"]
    assert rows["1.2"][2:] == ["tried", "1", "1 of 3", "no"]
    assert rows["1.1"][2:] == ["open", "0 of 3", "yes"]
    assert rows["1.7"][2:] == ["✓ compared", "0 of 3", "yes"]
    assert rows["1.a"] == ["1.a", "0.3 (between 0.2 and 0.4)", "0.35", "mini-neo", "off by 0.05, inside your interval"]
    assert rows["n1.1"][:3] == ["n1.1", "0.2", "not seen yet"] and rows["1.b"][:2] == ["1.b", "skipped"]
    progress("01")
    assert "Puzzle 1: 2 of 7 done" in capsys.readouterr().out


def test_progress_survives_a_restart_and_two_notebooks(desk):
    code = "import sys; from zeropoint.desk import predict; predict(sys.argv[1], 0.5)"
    env = os.environ | {"ZEROPOINT_PROGRESS": str(desk)}
    check("1.3", right)
    for id in ("1.a", "1.b"):  # another process in between
        subprocess.run([sys.executable, "-c", code, id], env=env, check=True, capture_output=True)
        hint("1.1")
    kept = record.read()
    assert set(kept["predictions"]) == {"1.a", "1.b"} and kept["exercises"]["1.1"]["hints"] == 2
    assert [p.name for p in desk.parent.iterdir()] == [desk.name]


@pytest.mark.parametrize(
    "damage",
    [
        b"{not json", b"", b"\xff\xfe", b"[]", b'{"version": 99, "exercises": {}, "predictions": {}}',
        b'{"version": 1, "exercises": [], "predictions": {}}', b'{"version": 1, "exercises": {"1.1": {"hints": "x"}}, "predictions": {}}',
        b'{"version": 1, "exercises": {}, "predictions": {"1.a": {"value": [1], "at": "x"}}}',
        b'{"version": 1, "exercises": {}, "predictions": {"1.a": {"outcome": {"actual": 1}}}}',
        b'{"version": 1, "exercises": {}, "predictions": {"1.a": {"value": 1.0, "at": "x", "low": 0.0}}}',
        b"[" * 100_000,
    ],
)  # fmt: skip
def test_a_damaged_file_is_set_aside(desk, damage, capsys):
    desk.write_bytes(damage)
    progress("1")
    said = capsys.readouterr().out
    assert "0 of 7 done" in said and said.count("set aside as progress.json.damaged") == 1
    assert Path(f"{desk}.damaged").read_bytes() == damage
    hint("1.1"), progress("1")
    assert "1 of 3" in capsys.readouterr().out


def test_where_nothing_can_be_written_it_lasts_in_memory(tmp_path, monkeypatch, capsys):
    (tmp_path / "a file").write_text("")
    monkeypatch.setenv("ZEROPOINT_PROGRESS", str(tmp_path / "a file" / "progress.json"))
    hint("1.1"), hint("1.1"), check("1.3", right), progress("1")
    said = capsys.readouterr().out
    assert "hint 2 of 3" in said and "1 of 7 done" in said
    assert said.count("Progress cannot be kept in a file here") == 1


def test_an_interrupted_write_leaves_the_old_file(desk, monkeypatch):
    hint("1.1")
    before = desk.read_bytes()
    monkeypatch.setattr(record.os, "replace", lambda *a: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        hint("1.1")
    assert desk.read_bytes() == before and [p.name for p in desk.parent.iterdir()] == [desk.name]


def test_the_default_file_lies_in_the_working_folder(tmp_path, monkeypatch):
    monkeypatch.delenv("ZEROPOINT_PROGRESS")
    monkeypatch.chdir(tmp_path)
    hint("1.1")
    assert (tmp_path / ".zeropoint-progress.json").exists()


# --- display -------------------------------------------------------------------------------------------------------

CARD = Card(
    "✗",
    "a <title> & more",
    ["a line"],
    quote="my\nwords",
    head=["", "b"],
    rows=[["c", "<d>"]],
    code="def f():\n    <x>",
)


def test_html_and_text_say_the_same():
    words = unescape(re.sub(r"<[^>]*>", " ", CARD.html()))
    assert re.sub(r"[\s|]+", " ", words).strip() == re.sub(r"[\s|]+", " ", CARD.text()).strip()


def test_html_is_neutral():
    html = CARD.html()
    assert not re.search(r"<script|<style|class=|http|<input|<button", html)
    assert set(re.findall(r"background:([^;\"]+)", html)) == {"none"}
    assert not re.search(r"(?<!-)color:(?!inherit)", html)


def test_in_a_notebook_a_card_is_html_with_text_beside(monkeypatch, capsys):
    import IPython
    import IPython.display

    sent = []
    monkeypatch.setattr(IPython, "get_ipython", lambda: object())
    monkeypatch.setattr(IPython.display, "display", lambda data, raw: sent.append((data, raw)))
    CARD.show()
    assert sent == [({"text/html": CARD.html(), "text/plain": CARD.text()}, True)]
    assert capsys.readouterr().out == ""


def test_every_call_returns_none(capsys):
    for result in (
        check("1.3", right),
        hint("1.1"),
        predict("1.a", 1),
        outcome("1.a", 1),
        reveal("1.1"),
        why("1.7", ""),
        progress(1),
    ):
        assert result is None
