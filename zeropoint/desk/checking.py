"""Runs a learner's answer against the reference, and says in one sentence what it found. Shows and keeps nothing."""

from __future__ import annotations

import copy
import inspect
import os
import random
import sys
import time
import traceback
import tracemalloc
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, is_dataclass, replace
from types import FrameType
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from zeropoint.desk.compare import Difference, brief, describe, difference, plain, same
from zeropoint.desk.exercise import Exercise, Mistake
from zeropoint.geometry import without_direction

FIXED_SEED = 0  # the same inputs at every check, so that a message stays the same until the answer changes
NAMED_UP_TO = 10_000  # numbers in an input: a mistake may cost O(n²), so on larger inputs none is looked for
SHOWN_UP_TO = 40  # numbers in an input that is printed in full
WHOLE_UP_TO = 216  # the same, where all are whole numbers: a heap of six points, 6 × 6 × 6, fits on a screen
SLOW = 10.0  # seconds on a model: a right answer that takes longer is told so
NAMING = 10  # tolerances: a wrong answer may be worse conditioned than the right one, and names need no exactness


@dataclass(frozen=True)
class Verdict:
    """What a check found. `sentence` says it all in a line; the rest is detail."""

    state: str  # "passed", "failed" or "not attempted"
    sentence: str
    difference: Difference | None = None
    inputs: dict[str, str] = field(default_factory=dict)
    """By name: the arguments in full, where they are small."""
    mistake: Mistake | None = None
    real: dict[str, str] = field(default_factory=dict)
    """By label: the learner's answer for a real matrix."""

    @property
    def passed(self) -> bool:
        return self.state == "passed"


@dataclass(frozen=True)
class Call:
    """One call of a function: what it returned, or what came instead."""

    value: Any = None
    error: BaseException | None = None
    changed: str = ""
    """The argument that the function changed in place."""
    seconds: float = 0.0


# --- arguments -----------------------------------------------------------------------------------------------------


def fresh(value: Any) -> Any:
    """A copy that a learner's code may damage."""
    if isinstance(value, Tensor):
        return value.detach().clone()
    if isinstance(value, tuple | list):
        return type(value)(fresh(v) for v in value)
    if isinstance(value, dict):
        return {k: fresh(v) for k, v in value.items()}
    return copy.deepcopy(value)


def exact(value: Any) -> Any:
    """A copy for the reference: on the CPU, in float64."""
    return _copy_in(torch.float64, value)


def single(value: Any) -> Any:
    """A copy for a learner: on the CPU, in float32 as the models' own tensors are, whatever `cases` were drawn in."""
    return _copy_in(torch.float32, value)


def _copy_in(dtype: torch.dtype, value: Any) -> Any:
    if isinstance(value, Tensor):
        value = value.detach().cpu().clone()
        return value.to(dtype) if value.is_floating_point() else value
    if isinstance(value, nn.Module):
        return copy.deepcopy(value).cpu().to(dtype)
    if isinstance(value, tuple | list):
        return type(value)(_copy_in(dtype, v) for v in value)
    if isinstance(value, dict):
        return {k: _copy_in(dtype, v) for k, v in value.items()}
    return copy.deepcopy(value)


def tensors(value: Any) -> Iterator[Tensor]:
    """Every tensor in an argument."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, nn.Module):
        yield from value.state_dict().values()
    elif isinstance(value, tuple | list | dict):
        for v in value.values() if isinstance(value, dict) else value:
            yield from tensors(v)


def unchanged(a: Any, b: Any) -> bool:
    return all(
        x.shape == y.shape and x.dtype == y.dtype and torch.equal(x.nan_to_num(), y.nan_to_num())
        for x, y in zip(tensors(a), tensors(b), strict=True)
    )


def size(args: tuple) -> int:
    return sum(t.numel() for t in tensors(args))


def names(exercise: Exercise) -> list[str]:
    return list(inspect.signature(exercise.reference).parameters)


def given(exercise: Exercise, args: tuple) -> str:
    """The input in a line: "W [7, 5] float32"."""
    parts = []
    for name, arg in zip(names(exercise), args, strict=True):
        if isinstance(arg, Tensor):
            dtype = str(arg.dtype).removeprefix("torch.")
            parts.append(f"{name} {list(arg.shape)} {dtype}")
        else:
            parts.append(f"{name} = {brief(arg)}" if isinstance(arg, int | float | str) else name)
    return ", ".join(parts)


def in_full(exercise: Exercise, args: tuple) -> dict[str, str]:
    """The arguments number by number, where they are small; what `given` says whole is not said again."""
    shown = {}
    for name, value in zip(names(exercise), args, strict=True):
        only_tensors = isinstance(value, Tensor | tuple | list | dict) and any(True for _ in tensors(value))
        if only_tensors and size((value,)) <= _shown_up_to(value):
            shown[name] = str(rounded(value))
    return shown


def _shown_up_to(value: Any) -> int:
    return SHOWN_UP_TO if any(t.is_floating_point() for t in tensors(value)) else WHOLE_UP_TO


def rounded(value: Any) -> Any:
    """Tensors as lists: floats to four digits, whole numbers and truth values as they are."""
    if isinstance(value, Tensor):
        value = value.detach().cpu()
        return np.round(value.double().numpy(), 4).tolist() if value.is_floating_point() else value.tolist()
    if isinstance(value, dict):
        return {key: rounded(v) for key, v in value.items()}
    return type(value)(map(rounded, value)) if isinstance(value, tuple | list) else value


# --- running a learner's code --------------------------------------------------------------------------------------


@contextmanager
def global_state_kept() -> Iterator[None]:
    """Give random generators, default dtype and grad mode back as they were."""
    dtype, grad = torch.get_default_dtype(), torch.is_grad_enabled()
    numpy_state, python_state = np.random.get_state(), random.getstate()
    with torch.random.fork_rng(devices=[]):
        try:
            yield
        finally:
            torch.set_default_dtype(dtype)
            torch.set_grad_enabled(grad)
            np.random.set_state(numpy_state)
            random.setstate(python_state)


@contextmanager
def originals_kept(real: Mapping[str, Any]) -> Iterator[list[str]]:
    """Put back what a learner's function changes as a global, such as a notebook's W_E. Yields the labels it changed."""
    saved, damaged = {label: fresh(tuple(tensors(x))) for label, x in real.items()}, []
    try:
        yield damaged
    finally:
        for label, x in real.items():
            for now, then in zip(tensors(x), saved[label], strict=True):
                if not unchanged(now.detach(), then):
                    with torch.no_grad():
                        now.set_(then.clone()) if now.shape != then.shape else now.copy_(then)
                    damaged.append(label)


def run(fn: Callable, args: tuple) -> Any:
    """fn(*args), where torch.zeros and its like have the dtype of the arguments: the models' float32, or float64."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(floats_of(args))
    try:
        return fn(*args)
    finally:
        torch.set_default_dtype(before)


def floats_of(args: tuple) -> torch.dtype:
    """The kind of float that arguments hold, torch's default where they hold none."""
    given = [t.dtype for t in tensors(args) if t.dtype in (torch.float32, torch.float64)]
    return given[0] if given else torch.get_default_dtype()


def call(fn: Callable, args: tuple, argument_names: list[str]) -> Call:
    """Call on copies. Whatever a learner's code raises, the stop button included, is an answer and not our error."""
    mine, start = fresh(args), time.perf_counter()
    try:
        with global_state_kept():
            value = run(fn, mine)
        seconds = time.perf_counter() - start
    except (Exception, KeyboardInterrupt, SystemExit) as error:
        return Call(error=error, seconds=time.perf_counter() - start)
    changed = [name for name, a, b in zip(argument_names, args, mine, strict=True) if not unchanged(a, b)]
    return Call(value, changed=changed[0] if changed else "", seconds=seconds)


class _Largest(TorchDispatchMode):
    """Notes how many numbers the largest tensor has that an operation returns."""

    numbers = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        self.numbers = max([self.numbers, *(_stored(t) for t in tensors(out))])
        return out


def _stored(t: Tensor) -> int:
    """The numbers that a tensor keeps: of a sparse one, those that are not zero."""
    return t.numel() if t.layout == torch.strided else t._nnz()


def pairs_of(W: Tensor) -> int:
    """Pairs of two different rows, each once: what half a table holds."""
    return len(W) * (len(W) - 1) // 2


def largest_array(fn: Callable, args: tuple) -> int:
    """Numbers in the largest tensor that `fn` makes on the way; numpy's memory counts too, four bytes as a number."""
    with global_state_kept(), _Largest() as seen:
        run(fn, fresh(args))
    mine = fresh(args)
    tracemalloc.start()  # by itself: what torch imports for the mode above would count
    try:
        with global_state_kept():
            run(fn, mine)
        return max(seen.numbers, tracemalloc.get_traced_memory()[1] // 4)
    finally:
        tracemalloc.stop()


def library_answer(fn: Callable, exercise: Exercise, cases: Sequence[tuple]) -> str:
    """The function of the library, such as "geometry.centre", that gave `fn` its answer in every case; "" if none did.

    What the reference calls as well belongs to the exercise. A reference itself is never taken for the library.
    """
    if all(isinstance(plain(exercise.reference(*exact(args))), bool) for args in cases):
        return library_test(fn, exercise, cases)
    shared: list[str] | None = None
    for args in cases:
        right = exercise.reference(*exact(args))
        allowed = {name for name, _ in library_calls(exercise.reference, exact(args))}
        gave_it = [
            name
            for name, value in library_calls(fn, args)
            if name not in allowed
            and any(same(part, right, NAMING * exercise.tolerance, exercise.scale) for part in parts(value))
        ]
        shared = gave_it if shared is None else [name for name in shared if name in gave_it]
        if not shared:
            return ""
    return shared[-1] if shared else ""  # the outermost returns last


def library_test(fn: Callable, exercise: Exercise, cases: Sequence[tuple]) -> str:
    """The function of the library that gave `fn` a number with which it need only be compared: one that lies on one side of
    some threshold wherever the answer is True, and on the other wherever it is False; "" if none did.
    """
    numbers: dict[tuple[str, int], dict[bool, list[float]]] = {}
    for args in cases:
        right = exercise.reference(*exact(args))
        for name, value in library_calls(fn, args):
            for i, part in enumerate(parts(value)):
                if isinstance(plain(part), bool | int | float):
                    numbers.setdefault((name, i), {True: [], False: []})[right].append(float(part))
    for (name, _), on in numbers.items():
        if on[True] and on[False] and (max(on[True]) < min(on[False]) or max(on[False]) < min(on[True])):
            return name
    return ""


def parts(value: Any) -> list[Any]:
    """What a call gave, and each thing in it: entries of a tuple, fields of a dataclass."""
    inside = vars(value).values() if is_dataclass(value) and not isinstance(value, type) else ()
    return [value, *(value if isinstance(value, tuple) else inside)]


def library_calls(fn: Callable, args: tuple) -> list[tuple[str, Any]]:
    """Name and value of every call of a function of ours while `fn` runs, its own included."""
    seen: list[tuple[str, Any]] = []

    def note(frame: FrameType, event: str, value: Any) -> None:
        module = frame.f_globals.get("__name__", "")
        ours = module.startswith("zeropoint.") and not module.startswith("zeropoint.desk")
        if event == "return" and ours and not module.endswith(".exercises"):
            seen.append((f"{module.removeprefix('zeropoint.')}.{frame.f_code.co_name}", value))

    mine, before = fresh(args), sys.getprofile()
    with global_state_kept():
        sys.setprofile(note)
        try:
            run(fn, mine)
        finally:
            sys.setprofile(before)
    return seen


def line_of(error: BaseException, fn: Callable) -> str:
    """Where in the learner's own lines it happened: " in line 3 (`u = W / n`)", "" where that is unknown."""
    code = getattr(inspect.unwrap(fn), "__code__", None)
    inside = [f for f in traceback.extract_tb(error.__traceback__) if code and f.filename == code.co_filename]
    return (
        f" in line {inside[-1].lineno} (`{inside[-1].line}`)"
        if inside and inside[-1].line
        else (f" in line {inside[-1].lineno}" if inside else "")
    )


def first_line(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return text if len(text) <= 200 else text[:199] + "…"


def trouble(fn: Callable, done: Call, on: str) -> str:
    """One sentence for a call that gave no answer; "" for one that did."""
    where = line_of(done.error, fn) if done.error else ""
    match done.error:
        case None if done.changed:
            name = done.changed
            return (
                f"your function changes its argument {name} in place; work on a new tensor and leave {name} as it was"
            )
        case None if done.value is None:
            return "your function returned None: is there a `return` at its end?"
        case None:
            return ""
        case KeyboardInterrupt():
            stopped = f"stopped by you after {done.seconds:.0f} s{where}, on {on}"
            return f"{stopped}: an endless loop, or too much work for an input of that size"
        case SystemExit():
            return f"your function tried to leave Python{where}"
        case error:
            return f"your function raised {type(error).__name__}{where}, on {on}: {first_line(error)}"


# --- verdicts ------------------------------------------------------------------------------------------------------


def verdict(exercise: Exercise, answer: Any, real: Mapping[str, Any] | None = None) -> Verdict:
    """Judge an answer: a function on random inputs and on each real matrix, or a value against the reference's."""
    real = {label: plain(x) if isinstance(x, np.ndarray) else x for label, x in (real or {}).items()}
    if answer is None or answer is ...:
        return Verdict("not attempted", "not attempted yet")
    if exercise.kind == "why":
        return Verdict("failed", f'this one is answered in words: why("{exercise.id}", "…")')
    if exercise.kind != "function":
        return _value_verdict(exercise, answer, real)
    if not callable(answer):
        return Verdict("failed", f"give the function itself, without brackets; got {describe(answer)}")
    wanted = names(exercise)
    try:
        inspect.signature(answer).bind(*wanted)
    except TypeError:
        return Verdict(
            "failed", f"your function must take {len(wanted)} argument{'s'[: len(wanted) != 1]}: {', '.join(wanted)}"
        )
    except ValueError:  # a built-in without a signature: let the call tell
        pass
    if _is_stub(answer):  # before the matrices are copied: a fresh puzzle's checks cost nothing
        return Verdict("not attempted", "not attempted yet")
    with originals_kept(real) as damaged:
        found = _function_verdict(exercise, answer, real)
    if damaged and found.state != "not attempted":
        return Verdict(
            "failed",
            f"your function changes the {damaged[0]} matrix itself, from outside its argument; it has been put back",
        )
    return found


def _is_stub(fn: Callable) -> bool:
    """Does a function do nothing yet but raise NotImplementedError?"""
    code = getattr(fn, "__code__", None)
    return code is not None and code.co_names == ("NotImplementedError",)


def _value_verdict(exercise: Exercise, answer: Any, real: Mapping[str, Any]) -> Verdict:
    if exercise.kind == "choice" and str(answer).strip().casefold() not in [o.casefold() for o in exercise.options]:
        return Verdict("failed", f"choose one of: {', '.join(exercise.options)}")
    args, expected = (), None
    if names(exercise):
        if len(real) != 1:
            said = f'check("{exercise.id}", …) needs one real={{label: matrix}} to know the right answer'
            return Verdict("failed", said)
        args, expected, unfit = _reference_on(exercise, *next(iter(real.items())))
        if unfit:
            return Verdict("failed", unfit)
    else:
        expected = exercise.reference()
    found = difference(answer, expected, exercise.tolerance, exercise.scale)
    if not found:
        return Verdict("passed", "right" + (f" for {next(iter(real))}" if args else ""))
    mistake = next(
        (m for m in exercise.mistakes if same(answer, m.fn(*exact(args)), exercise.tolerance, exercise.scale)), None
    )
    # the expected value of a one-line answer is the solution: it is not shown
    wrong = found.sentence if not found.expected else f"{brief(answer)} is not right"
    return Verdict("failed", wrong, mistake=mistake)


def random_cases(exercise: Exercise) -> list[tuple]:
    """The inputs of one check: a fixed set, then a new one each time so that no answer can be learned by heart."""
    drawn = [*exercise.cases(FIXED_SEED), *exercise.cases(int.from_bytes(os.urandom(4), "big"))]
    return [single(args) for args in drawn]


def _function_verdict(exercise: Exercise, fn: Callable, real: Mapping[str, Any]) -> Verdict:
    if exercise.judge:
        return _judged(exercise, fn, real)
    drawn = random_cases(exercise)
    made_as = [f", {words}" for words in exercise.made_as] * 2 or [""] * len(drawn)
    # the smallest that fails is shown; of equal ones the fixed is first
    order = sorted(range(len(drawn)), key=lambda i: size(drawn[i]))
    cases, made_as = [drawn[i] for i in order], [made_as[i] for i in order]
    small = [args for args in cases if size(args) <= NAMED_UP_TO]
    calls, failures, expected = [], [], []
    for args, words in zip(cases, made_as, strict=True):
        if len(calls) >= len(small) and failures:
            break
        done, right = call(fn, args, names(exercise)), exercise.reference(*exact(args))
        calls.append(done)
        expected.append(right)
        if isinstance(done.error, NotImplementedError):
            return Verdict("not attempted", "not attempted yet")
        on = f"the random input {given(exercise, args)}{words}"
        if failed := _judge(exercise, fn, args, done, right, exercise.tolerance, on):
            failures.append(failed)
        if done.changed or isinstance(done.error, KeyboardInterrupt | SystemExit):
            sooner = f"right on {len(calls) - 1} other inputs, but " if len(calls) > 1 and not failures[:-1] else ""
            return replace(failed, sentence=sooner + failed.sentence)
    if failures:
        return _explained(exercise, fn, failures, small, calls, expected)
    if taken := library_answer(fn, exercise, small):
        said = f"right, but {taken} of the library did it: here you write it yourself"
        return Verdict("failed", said)
    if exercise.no_table and (numbers := largest_array(fn, cases[-1])) >= pairs_of(cases[-1][0]):
        said = f"right, but your function makes {numbers:,} numbers at once of {given(exercise, cases[-1])}"
        return Verdict("failed", f"{said}: that is one or more for each pair of rows, for which there is no room")

    shown, slow = {}, ""
    for label, x in real.items():
        args, right, unfit = _reference_on(exercise, label, x)
        if unfit:
            return Verdict("failed", f"right on {len(cases)} random inputs, but {unfit}")
        done = call(fn, args, names(exercise))
        on = f"{label}, {given(exercise, args)}"
        if failed := _judge(exercise, fn, args, done, right, exercise.real_tolerance, on):
            why = _blemishes(args)
            return replace(failed, sentence=f"right on {len(cases)} random inputs, but {failed.sentence}{why}")
        shown[label] = brief(done.value)
        if done.seconds > SLOW:
            slow = f"; it took {done.seconds:.0f} s on {label}: which loop, or which pairs, can it do without?"
    on = f"{len(cases)} random inputs" + "".join(f" and {label}" for label in shown)
    return Verdict("passed", f"right on {on}{slow}", real=shown)


def differs(exercise: Exercise, yours: Any, right: Any, tolerance: float) -> Difference | None:
    """How an answer differs from the right one in what counts of it, None where it does not."""
    found = difference(yours, right, tolerance, exercise.scale)
    if found is None or not found.expected or exercise.counts is None:
        return found
    several = isinstance(yours, tuple | list)
    yours = tuple(plain(y).double() for y in yours) if several else plain(yours).double()
    ours, theirs = exercise.counts(yours), exercise.counts(right)
    if not isinstance(theirs, dict):
        return found if difference(ours, theirs, tolerance, exercise.scale) else None
    unmet = (said for said in theirs if difference(ours[said], theirs[said], tolerance, exercise.scale))
    return next(map(Difference, unmet), None)


def _judged(exercise: Exercise, fn: Callable, real: Mapping[str, Any]) -> Verdict:
    """The verdict of an exercise's own judge, model by model."""
    if not real:
        return Verdict("failed", f'check("{exercise.id}", …) needs real={{label: …}} to judge it on')
    shown = {}
    for label, x in real.items():
        try:
            found = exercise.judge(fn, x)
        except NotImplementedError:
            return Verdict("not attempted", "not attempted yet")
        except (Exception, KeyboardInterrupt) as error:
            return Verdict("failed", trouble(fn, Call(error=error), label))
        shown |= {f"{label}, {part}": line for part, line in found.parts.items()}
        if found.wanting:
            return Verdict("failed", f"on {label}, {found.wanting}", inputs=shown)
    return Verdict("passed", f"right on {' and '.join(real)}", real=shown)


def _reference_on(exercise: Exercise, label: str, x: Any) -> tuple[tuple, Any, str]:
    """(arguments, the reference's answer, "") for what a learner gave as real; ((), None, what is wrong with that) else.

    The reference is never shown, so what it raises is not either.
    """
    wanted = ", ".join(names(exercise))
    try:
        args = tuple(
            a.float() if isinstance(a, Tensor) and a.dtype in (torch.float16, torch.bfloat16) else a
            for a in exercise.real(x)
        )
        right = exercise.reference(*exact(args))
        if not is_answer(right):
            raise TypeError
    except Exception as error:
        kind = f"{describe(x)} ({type(error).__name__})"
        return (), None, f"{label} in real= is {kind}, which does not give {wanted}; give the model's own, such as W_E"
    if not finite(right):
        return (), None, f"{label} cannot be judged: the right answer is not finite there{_blemishes(args)}"
    return args, right, ""


def is_answer(value: Any) -> bool:
    """Something that can be compared: a tensor, a number, a truth value, a string, or a tuple of these."""
    if isinstance(value, tuple | list):
        return all(is_answer(v) for v in value)
    return isinstance(plain(value), Tensor | bool | int | float | str)


def finite(value: Any) -> bool:
    """No NaN and no infinity in an answer."""
    if isinstance(value, tuple | list):
        return all(finite(v) for v in value)
    value = plain(value)
    return not isinstance(value, float | Tensor) or bool(torch.isfinite(torch.as_tensor(value)).all())


def _blemishes(args: tuple) -> str:
    """What about the matrices may be the reason: rows that hold NaN, or have no direction."""
    for W in (t for t in tensors(args) if t.ndim == 2 and t.is_floating_point() and len(t) > 1):
        if bad := int((~torch.isfinite(W)).any(dim=1).sum()):
            return f"; {bad} of its {len(W)} rows hold NaN or infinity"
        if none := int(without_direction(W).sum()):
            return (
                f"; {none} of its {len(W)} rows are zero or next to it: give the others, "
                "`zeropoint.geometry.with_direction(W)`"
            )
    return ""


def _judge(
    exercise: Exercise, fn: Callable, args: tuple, done: Call, right: Any, tolerance: float, on: str
) -> Verdict | None:
    """A failed verdict on one call, None where the answer is right. `on` says in words what it was called on."""
    if sentence := trouble(fn, done, on):
        return Verdict("failed", sentence, inputs=in_full(exercise, args))
    if found := differs(exercise, done.value, right, tolerance):
        return Verdict("failed", f"on {on}: {found.sentence}", found, in_full(exercise, args))
    return None


def _explained(
    exercise: Exercise, fn: Callable, failures: list[Verdict], small: list[tuple], calls: list[Call], expected: list
) -> Verdict:
    """The first failure, with the mistake it looks like if there is one."""
    first = failures[0]
    if small and by_chance(fn, exercise, small[0]):
        sentence = (
            "your function draws at random: twice on the same input it gives two answers; the exact one is asked for"
        )
        return replace(first, sentence=sentence)
    for mistake in exercise.mistakes:
        if _is_mistake(exercise, mistake, small, calls, expected):
            return replace(first, mistake=mistake)
    values = [c.value for c in calls]
    fits = bool(first.difference and first.difference.expected) or (
        isinstance(values[0], Tensor) and values[0].numel() > 1
    )
    constant = fits and all(c.error is None for c in calls) and all(same(values[0], v, 0.0, None) for v in values[1:])
    if constant and not all(same(expected[0], e, 0.0, None) for e in expected[1:]):
        sentence = (
            "your function gives the same answer for every input: does it use its argument, or a notebook variable?"
        )
        return replace(first, sentence=sentence)
    return first


def by_chance(fn: Callable, exercise: Exercise, args: tuple) -> bool:
    """Does the answer depend on the state of torch's, numpy's or Python's random generator?"""
    values = []
    for seed in (1, 2):
        with global_state_kept():
            torch.manual_seed(seed), np.random.seed(seed), random.seed(seed)
            done = call(fn, args, names(exercise))
        if done.error is not None or not is_answer(done.value):
            return False
        values.append(done.value)
    a, b = values
    comparable = same(a, a, exercise.tolerance, exercise.scale)
    return comparable and not same(a, b, exercise.tolerance, exercise.scale)


def _is_mistake(
    exercise: Exercise, mistake: Mistake, small: Iterable[tuple], calls: list[Call], expected: list
) -> bool:
    """Does the learner's function do what this mistake does, on every small input on which it gave an answer?

    One of these answers must be wrong: a right function that raises elsewhere makes no such mistake.
    """
    wrong = False
    for args, done, right in zip(small, calls, expected, strict=False):
        if done.error is not None:
            continue
        theirs = call(mistake.fn, exact(args), names(exercise))
        if theirs.error is not None or not same(done.value, theirs.value, NAMING * exercise.tolerance, exercise.scale):
            return False
        wrong = wrong or differs(exercise, done.value, right, exercise.tolerance) is not None
    return wrong
