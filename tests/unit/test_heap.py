"""Heaps: identities checked exactly, over integers and over small fields, and the box that gives away a heap but no zero."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from zeropoint.puzzles.p05 import heap, reading, trial

numbers = st.integers(-(10**9), 10**9)
small_boxes = st.sampled_from([(3, 1), (5, 1), (2, 2), (3, 2), (7, 1), (2, 3)])
seeds = st.integers(0, 10_000)


def vectors_heap(points, p):
    return heap.heap(points[:, None, None], points[:, None], points) % p


@given(numbers, numbers, numbers, numbers, numbers)
def test_heap_identities(a, b, c, d, e):
    t = heap.heap
    assert t(a, a, b) == b == t(b, a, a)
    assert t(a, b, t(c, d, e)) == t(t(a, b, c), d, e) == t(a, t(d, c, b), e)
    assert t(a + e, b + e, c + e) == t(a, b, c) + e  # no zero: it moves along


@given(st.sampled_from([(2, 1), (5, 1), (3, 2), (2, 3)]), st.data())
@settings(max_examples=20, deadline=None)
def test_any_point_makes_the_heap_a_group_whose_heap_it_is(size, data):
    p, n = size
    points, place = heap.vectors(p, n), p ** torch.arange(n - 1, -1, -1)
    T = vectors_heap(points, p) @ place
    assert reading.is_heap(T)
    zero = data.draw(st.integers(0, len(points) - 1))
    add, negative = reading.group_at(T, zero)
    assert reading.is_group(add, zero) and (add[torch.arange(len(T)), negative] == zero).all()
    assert torch.equal(add[add[:, negative]], T)  # a + (-b) + c, whatever the zero
    assert torch.equal(heap.of_group(reading.group_at(T, 0)[0]), T)


def test_what_is_no_heap_is_not_taken_for_one():
    points, place = heap.vectors(3, 2), torch.tensor([3, 1])
    T = vectors_heap(points, 3) @ place
    assert not reading.is_heap((points[:, None, None] - points[:, None] - points) % 3 @ place)
    for a, b, c in ((0, 1, 2), (3, 3, 5), (8, 2, 2)):
        other = T.clone()
        other[a, b, c] = (T[a, b, c] + 1) % 9
        assert not reading.is_heap(other)
    add = reading.group_at(T, 0)[0]
    assert not reading.is_group(add, 1) and not reading.is_group(T[:, :, 0], 0)  # another neutral element; subtraction


@given(small_boxes, seeds, st.data())
@settings(max_examples=30, deadline=None)
def test_the_box_gives_away_both_heaps(size, seed, data):
    box = heap.black_box(*size, seed)
    row = data.draw(st.integers(0, len(box.table) - 1))
    for names, table in ((box.y, box.table), (box.x, box.table.T)):
        assert torch.equal(names[reading.heap_of_columns(table, row)], vectors_heap(names, box.p))


@given(small_boxes, seeds, st.data())
@settings(max_examples=30, deadline=None)
def test_every_pair_of_zeros_explains_the_box(size, seed, data):
    f = heap.black_box(*size, seed).table
    x0, y0 = (data.draw(st.integers(0, len(f) - 1)) for _ in "xy")
    M, P = reading.explain(f, x0, y0)
    add_x, add_y = (
        reading.group_at(reading.heap_of_columns(f.T), x0)[0],
        reading.group_at(reading.heap_of_columns(f), y0)[0],
    )
    assert torch.equal(P[add_y[M]], f)
    assert torch.equal(M[add_x], add_y[M][:, M]) and M[x0] == y0  # M respects the additions
    assert torch.equal(reading.seen_from(f, x0, y0), reading.seen_from(f, 0, 0))


@given(small_boxes, seeds)
@settings(max_examples=30, deadline=None)
def test_equal_values_say_exactly_that_steps_are_equal(size, seed):
    box = heap.black_box(*size, seed)
    f, N = box.table, len(box.table)
    # M from the secret: images of x minus the image of some x, read as vectors of y
    M = box.y[reading.explain(f, 0, 0)[0]] - box.y[0]
    x1, y1, x2, y2 = torch.cartesian_prod(*[torch.arange(N)] * 2, torch.arange(N)[:5], torch.arange(N)[:5]).T
    steps = (box.y[y2] - box.y[y1] - M[x1] + M[x2]) % box.p
    assert torch.equal(f[x1, y1] == f[x2, y2], (steps == 0).all(1))


@pytest.mark.parametrize("p, n", [(3, 2), (5, 2), (2, 3)])
def test_the_control_is_latin_and_no_heap(p, n):
    fake = reading.switched(heap.black_box(p, n, seed=1).table)
    everything = torch.arange(len(fake))
    assert torch.equal(fake.sort(0).values, everything[:, None].expand_as(fake))
    assert torch.equal(fake.sort(1).values, everything.expand_as(fake))
    assert not torch.equal(reading.heap_of_columns(fake, 0), reading.heap_of_columns(fake, 2))


def test_errors_say_why():
    with pytest.raises(ValueError, match="holds a value twice"):
        reading.heap_of_columns(torch.zeros(3, 3, dtype=torch.long))
    with pytest.raises(ValueError, match="One cycle"):
        reading.switched(heap.black_box(5, 1, 0).table)


@given(small_boxes, seeds)
@settings(max_examples=20, deadline=None)
def test_every_choice_of_zeros_rebuilds_the_box_and_steps_do_not_depend_on_the_row(size, seed):
    box = heap.black_box(*size, seed)
    f, last = box.table, len(box.table) - 1
    assert torch.equal(reading.rebuilt(f, 0, last), f) and torch.equal(reading.rebuilt(f, last, 0), f)
    assert reading.dependence(f) == 0 and reading.fits(reading.heap_of_columns(f), box.y, box.p)


def test_the_control_is_not_rebuilt_and_depends_on_the_row():
    fake = reading.switched(heap.black_box(5, 2, seed=0).table)
    assert reading.dependence(fake) > 0.1
    assert sum(torch.equal(reading.rebuilt(fake, x, y), fake) for x in range(5) for y in range(5)) < 25


def test_names_in_another_order_do_not_fit():
    box = heap.black_box(3, 2, seed=1)
    swapped = box.y.clone()
    swapped[[0, 1]] = box.y[[1, 0]]
    assert not reading.fits(reading.heap_of_columns(box.table), swapped, box.p)


@pytest.mark.parametrize(
    "recovered, zeros, word", [(True, 625, "differences"), (True, 1, "both"), (False, 1, "zero"), (False, 0, "neither")]
)
def test_what_the_box_gives_away_in_a_word(recovered, zeros, word):
    assert reading.fixed(recovered, zeros) == word


def test_a_box_does_not_print_its_secrets():
    box = heap.black_box(5, 2, seed=0)
    said = repr(box) + str(box)
    assert said == 2 * "BlackBox(p=5, n=2, seed=0)"


def test_what_the_puzzle_imports_holds_none_of_its_answers():
    """5.1, 5.4 and 5.5 ask for what `reading` does."""
    answers = ("group_at", "heap_of_columns", "explain", "rebuilt")
    assert not [name for module in (heap, trial) for name in answers if hasattr(module, name)]


# --- every claim, tried with a scholar's own 5.4 and 5.5 -----------------------------------------------------------


def step(f, a, b, c):
    return reading.heap_of_columns(f)[a, b, c].item()


def tried(p, n, step=step, explain=reading.explain):
    box = heap.black_box(p, n, seed=4)
    return trial.every_claim(box.table, box.y, p, step, explain)


@pytest.mark.parametrize("p, n", [(5, 1), (3, 2), (2, 3)])
def test_every_claim_fits_a_box(p, n):
    found = tried(p, n)
    assert found == trial.Trial(1.0, p ** (2 * n), p ** (2 * n)) and found.word == "differences"


def test_no_claim_fits_a_table_that_is_no_box():
    box, control = trial.trials(heap.black_box(3, 2, seed=4), step, reading.explain).values()
    assert (box.word, control.word) == ("differences", "neither") and control.steps_right < 0.9


def test_a_claim_needs_its_matrix():
    """P(Mx + y) is the whole table and M adds: a wrong sum, a wrong M and a wrong P are each seen."""
    assert tried(3, 2, step=lambda f, a, b, c: step(f, b, a, c)).word == "neither"
    assert tried(3, 2, explain=lambda f, x0, y0: reading.explain(f, x0, 0)).fit < 81
    assert tried(3, 2, explain=lambda f, x0, y0: (torch.arange(9), f[x0])).fit == 0


def test_the_table_of_trials_has_a_row_for_the_control():
    shown = trial.table(trial.trials(heap.black_box(3, 2, seed=4), step, reading.explain))
    assert list(shown.index)[1].startswith("control") and shown.shape == (2, 3)
