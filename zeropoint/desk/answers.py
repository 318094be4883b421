"""task, check, hint, reveal, why: what a learner does with an exercise."""

from __future__ import annotations

import dis
import inspect
import re
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import wraps
from types import CodeType
from typing import Any, get_args, get_origin, get_type_hints

import torch

from zeropoint.desk import record
from zeropoint.desk.calls import Slip, done, on_desk, open_before, sentence, title_of
from zeropoint.desk.checking import Verdict, floats_of, run, verdict
from zeropoint.desk.compare import brief, plain
from zeropoint.desk.display import Card
from zeropoint.desk.exercise import Exercise, find
from zeropoint.desk.predictions import is_unmade, waiting_for

ENOUGH_WORDS = 12  # below this a text says that something is so, and hardly why
_passed: dict[str, Callable[..., Any]] = {}  # by exercise: the answers that passed in this kernel


@on_desk
def task(id: str, now: bool = False):
    """Hand out a task that tells something about the ones before it, or about predictions: once those are done, or at
    once with `now=True`."""
    exercise = find(id)
    if not exercise.task:
        return [Card("·", sentence(exercise, "its task stands in the notebook"))], ""
    kept = record.read()
    open_ones = open_before(exercise) + [id for id in exercise.after if is_unmade(kept, id)]
    if open_ones and not now and "handed" not in kept["exercises"].get(exercise.id, {}):
        wait = f'this task comes after {", ".join(open_ones)}; task("{exercise.id}", now=True) shows it all the same'
        return [Card("·", sentence(exercise, wait))], ""
    record.update(lambda data: record.exercise(data, exercise.id).setdefault("handed", record.now()))
    return [Card("·", f"{exercise.id} {exercise.title}", textwrap.dedent(exercise.task).strip().splitlines())], ""


@on_desk
def check(id: str, answer: Any, real: Mapping[str, Any] | None = None):
    """Check a function (on random inputs, then on each matrix in `real={label: W}`) or a one-line answer."""
    exercise = find(id)
    if real is not None and not isinstance(real, Mapping):
        raise Slip(f'check("{exercise.id}", …): give matrices with their names, as real={{"the model\'s name": W}}.')
    found = verdict(exercise, answer, real)
    if found.state != "not attempted":
        record.update(lambda data: _count(record.exercise(data, exercise.id), found, source_of(answer)))
    if found.passed:
        _passed[exercise.id] = answer
    if found.state == "not attempted":
        found = replace(found, sentence=_nothing_here(exercise))
    return [_check_card(exercise, found)], "" if found.passed else _complaint(exercise, found)


def _nothing_here(exercise: Exercise) -> str:
    """What a cell without an answer says: after a restart the stub is there again, and the exercise may long be done."""
    kept = record.read()["exercises"].get(exercise.id, {})
    before = [how for how in ("solved", "compared") if how in kept]
    return f"{before[0]} before, and kept; no answer stands here now" if before else "not attempted yet"


def _count(kept: dict, found: Verdict, source: str) -> None:
    if "solved" not in kept:
        kept["attempts"] = kept.get("attempts", 0) + 1
    if found.passed:
        _done(kept, "solved")
    if found.passed or "solved" not in kept:  # what passed is not replaced by what does not
        kept["answer"] = source


def _done(kept: dict, how: str) -> None:
    """Note that an exercise is solved or compared, and with how many hints: those opened later are not used for it."""
    if how not in kept:
        kept[how] = record.now()
        kept.setdefault("hints_used", kept.get("hints", 0))


def source_of(answer: Any) -> str:
    """A function's own lines, after those of the notebook's functions that it needs; a value in a line; "" where there
    are none to be had."""
    if not callable(answer):
        return brief(answer)
    try:
        return "\n\n\n".join(_sources(inspect.unwrap(answer), seen=set()))
    except (OSError, TypeError):
        return ""


def _sources(written: Callable[..., Any], seen: set[Callable[..., Any]]) -> list[str]:
    """The lines of `written`, and before them those of what it names that was written in the same notebook: functions,
    numbers and strings. Tensors and other data are left out."""
    seen.add(written)
    around, lines = getattr(written, "__globals__", {}), []
    for name in _names(written.__code__) if inspect.isfunction(written) else ():
        needed = around.get(name)
        if isinstance(needed, int | float | str):
            lines.append(f"{name} = {needed!r}")
        elif inspect.isfunction(needed) and needed.__globals__ is around and needed not in seen:
            lines += _sources(needed, seen)
    own = textwrap.dedent(inspect.getsource(written)).strip()
    return list(dict.fromkeys([*lines, own]))


def _names(code: CodeType) -> list[str]:
    """The global names that a function's code reads, and that the functions inside it read."""
    own = [step.argval for step in dis.get_instructions(code) if step.opname in ("LOAD_GLOBAL", "LOAD_NAME")]
    return own + [name for part in code.co_consts if isinstance(part, CodeType) for name in _names(part)]


def checked(id: str) -> Callable[..., Any] | None:
    """The answer to `id` as it passed its check: the learner's own; the reference, where it passed before this kernel
    started, or was revealed; None where neither is the case. So no outcome comes from an answer that was never right.

    A check takes an array for a tensor, floats for whole numbers and so on. The cells that go on from here get what the
    exercise's stub says.
    """
    exercise = find(id)
    if exercise.id in _passed:
        return _as_declared(_passed[exercise.id], exercise)
    kept = record.read()["exercises"].get(exercise.id, {})
    return exercise.reference if done(kept) else None


def _as_declared(answer: Callable[..., Any], exercise: Exercise) -> Callable[..., Any]:
    """`answer`, in the form that the exercise's stub says, whichever of the forms that a check takes it has."""
    kind = get_type_hints(exercise.reference)["return"]
    return wraps(answer)(lambda *args: _of_kind(run(answer, args), kind, floats_of(args)))


def _of_kind(value: Any, kind: Any, floats: torch.dtype) -> Any:
    """A right answer as what its stub says: a list as a tuple, a tensor of one number as a number, an array as a tensor;
    indices in int64, so that they can be used as such, and other numbers in `floats`."""
    if get_origin(kind) is tuple:
        return tuple(_of_kind(v, k, floats) for v, k in zip(value, get_args(kind), strict=True))
    if kind in (float, int, bool):
        return kind(value)
    value = plain(value)
    if not isinstance(value, torch.Tensor) or value.dtype == torch.bool:
        return value
    return value.to(torch.int64 if "int64" in getattr(kind, "dtypes", ()) else floats)


def _complaint(exercise: Exercise, found: Verdict) -> str:
    looks = f"; this looks like: {found.mistake.name}" if found.mistake else ""
    return sentence(exercise, found.sentence + looks)


def _check_card(exercise: Exercise, found: Verdict) -> Card:
    title = sentence(exercise, found.sentence)
    if found.state == "not attempted":
        return Card("·", title)
    if found.passed:
        lines = [f'reveal("{exercise.id}") shows a solution to compare with yours.']
        rows = [[label, value] for label, value in found.real.items()]
        if rows and (unmade := waiting_for(exercise.id)):
            ids = ", ".join(unmade)
            lines.append(f"What it gives there waits for your prediction {ids}, or skip.")
            rows = []
        return Card("✓", title, lines, head=["on", "your answer"] if rows else (), rows=rows)
    lines = [f"This looks like: {found.mistake.name}.", found.mistake.nudge] if found.mistake else []
    rows = [[name, value] for name, value in found.inputs.items()]
    if found.difference and found.difference.expected:
        rows += [["yours", found.difference.yours], ["expected", found.difference.expected]]
    return Card("✗", title, lines, rows=rows)


@on_desk
def hint(id: str):
    """Show the hints so far and one more."""
    exercise = find(id)
    if exercise.task and not title_of(exercise):
        return [Card("·", sentence(exercise, f'its hints wait with its task: task("{exercise.id}")'))], ""
    total = len(exercise.hints)
    if not total:
        return [Card("·", sentence(exercise, "there are no hints"))], ""
    before = record.read()["exercises"].get(exercise.id, {}).get("hints", 0)
    shown = min(before + 1, total)
    if shown > before:
        record.update(lambda data: record.exercise(data, exercise.id).update(hints=shown))
    lines = [f"{i}. {text}" for i, text in enumerate(exercise.hints[:shown], 1)]
    if before >= total:
        lines.append(f'That was the last hint. reveal("{exercise.id}", now=True) shows a solution.')
    return [Card("·", sentence(exercise, f"hint {shown} of {total}"), lines)], ""


@on_desk
def reveal(id: str, now: bool = False):
    """Show a solution: after a pass, or before it with `now=True`, which the progress notes."""
    exercise = find(id)
    kept = record.read()["exercises"].get(exercise.id, {})
    earned = "solved" in kept or "compared" in kept
    if not earned and not now:
        do = "answer it first" if exercise.kind == "why" else "solve it first"
        text = f'{do}, or call reveal("{exercise.id}", now=True) to see it anyway (your progress will say so)'
        return [Card("·", sentence(exercise, text))], ""
    if not earned:
        record.update(lambda data: record.exercise(data, exercise.id).setdefault("revealed", record.now()))
    title = sentence(exercise, "a solution" + ("" if earned else ", seen before it was solved"))
    if exercise.kind == "why":
        return [Card("·", title, [f"• {point}" for point in exercise.rubric])], ""
    return [Card("·", title, code=textwrap.dedent(inspect.getsource(exercise.reference)).strip())], ""


@on_desk
def why(id: str, text: str | None, now: bool = False):
    """Show the points of a good answer beside your own text; you compare them.

    They wait for an answer of some substance, and for the exercises before it; `now=True` does not, which is noted. The
    text that was first compared stays; a later one is kept beside it, since its writer had seen the points.
    """
    exercise = find(id)
    if exercise.kind != "why":
        raise Slip(f'{exercise.id} is not answered in words: check("{exercise.id}", …).')
    if text is not None and not isinstance(text, str):
        raise Slip(f'why("{exercise.id}", …) takes your text in quotes.')
    text = textwrap.dedent(text or "").strip()
    if not text.strip(" .…"):
        title = sentence(exercise, _nothing_here(exercise))
        return [Card("·", title)], title
    first = _first_of_all(exercise, text)
    kept = record.read()["exercises"].get(exercise.id, {})
    if first and not now and "compared" not in kept:
        record.update(lambda data: record.exercise(data, exercise.id).update(text=text))
        wait = f'{first}; why("{exercise.id}", …, now=True) shows the points all the same, and that is noted'
        title = sentence(exercise, wait)
        return [Card("·", title)], title
    lines = ["Which of these did you make, in whatever words? Which do you now doubt?"]
    if "compared" not in kept:
        note = {"text": text} | ({"early": record.now()} if first else {})
    elif text == kept.get("text"):
        note = {}
    else:
        note = {"later": text}
        lines.append("The text that you first compared is kept; this one stands after it in what export writes.")
    record.update(lambda data: record.exercise(data, exercise.id).update(note))
    record.update(lambda data: _done(record.exercise(data, exercise.id), "compared"))
    title = sentence(exercise, "your words beside the points of a full answer")
    points = [["☐", point] for point in exercise.rubric]
    return [Card("·", title, lines, quote=text, rows=points)], ""


def _first_of_all(exercise: Exercise, text: str) -> str:
    """What is missing before the rubric may be seen, as the beginning of a sentence; "" if nothing is."""
    words = len(re.findall(r"\w+", text))
    if words < ENOUGH_WORDS:
        here = "1 word is here" if words == 1 else f"{words} words are here"
        return f"say it in a few sentences first ({here}, {ENOUGH_WORDS} are the least)"
    if open_ones := open_before(exercise):
        return f"its points tell of earlier exercises: {', '.join(open_ones)} first"
    return ""
