"""predict, skip, outcome, ready: what a learner expects, kept before it is shown and scored after."""

from __future__ import annotations

import difflib
import importlib
import importlib.util
import math
import re
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
import torch

from zeropoint import puzzles as rooms
from zeropoint.desk import record
from zeropoint.desk.calls import Slip, done, on_desk, put_up
from zeropoint.desk.compare import number, plain
from zeropoint.desk.display import Card
from zeropoint.desk.exercise import NoSuchExercise, find, puzzles

ODDS = 0.8  # how sure an interval should be: asked for at every prediction, used in scoring
ASK = f"state intervals that you believe at {ODDS:.0%}"


@dataclass(frozen=True)
class Number:
    """A prediction of a number: `of` says of what; no value outside [low, high] is possible.

    `told_by`: the exercise whose check on a model would tell the outcome; it keeps that to itself until it was predicted.
    """

    id: str
    of: str
    low: float = -math.inf
    high: float = math.inf
    told_by: str = ""

    @property
    def asked(self) -> str:
        if math.isinf(self.low) and math.isinf(self.high):
            return "a number"
        if math.isinf(self.high):
            return f"a number of {number(self.low)} or more"
        return f"a number from {number(self.low)} to {number(self.high)}"

    def read(self, value: Any) -> float:
        """`value` as a float. Slip: it is no number, or an impossible one."""
        value = plain(value)
        if isinstance(value, torch.Tensor) and value.numel() == 1 and not value.is_complex():
            value = value.item()
        if isinstance(value, str):
            raise Slip(f"Prediction {self.id} asks for {self.asked}, without quotes; got {value!r}{_meant(value)}")
        if not isinstance(value, Real) or isinstance(value, bool | np.bool_) or not math.isfinite(value):
            raise Slip(f"Prediction {self.id} asks for {self.asked}; got {value!r:.60}.")
        if not self.low <= value <= self.high:
            share = f": did you mean {number(value / 100)}?" if self.low == 0 and self.high == 1 < value <= 100 else "."
            raise Slip(f"Prediction {self.id} asks for {self.asked}; got {number(value)}{share}")
        return float(value)


@dataclass(frozen=True)
class Word:
    """A prediction of one of a few words: `of` says of what."""

    id: str
    of: str
    words: tuple[str, ...]

    @property
    def asked(self) -> str:
        return "one of: " + ", ".join(self.words)

    def read(self, value: Any) -> str:
        """The word as it is spelt here. Slip: it is none of them."""
        said = value.strip().casefold() if isinstance(value, str) else ""
        known = {word.casefold(): word for word in self.words}
        if said in known:
            return known[said]
        near = difflib.get_close_matches(said, known, n=1)
        meant = f": did you mean {known[near[0]]!r}?" if near else "."
        raise Slip(f"Prediction {self.id} asks for {self.asked}; got {plain(value)!r:.60}{meant}")


def _meant(text: str) -> str:
    """`: did you mean 0.2?` for "20%", a full stop for what is no number."""
    match = re.fullmatch(r"\s*([-+]?\d*\.?\d+)\s*(%?)\s*", text)
    if not match:
        return "."
    return f": did you mean {number(float(match[1]) / (100 if match[2] else 1))}?"


Prediction = Number | Word


def predictions_of(puzzle: str) -> list[Prediction]:
    """What a puzzle (ids "1.a") and its walkthrough (ids "n1.1") ask its reader to predict."""
    name = f"{rooms.__name__}.p{int(puzzle):02d}.predictions"
    return list(importlib.import_module(name).PREDICTIONS) if importlib.util.find_spec(name) else []


def find_prediction(id: str) -> Prediction:
    """The prediction with this id. NoSuchExercise: there is none."""
    puzzle = re.fullmatch(r"n?(\d+)\..*", str(id))
    there = predictions_of(puzzle[1]) if puzzle and str(int(puzzle[1])) in puzzles() else []
    for asked in there:
        if asked.id == str(id):
            return asked
    of_walkthrough = str(id).startswith("n")
    ids = ", ".join(p.id for p in there if p.id.startswith("n") == of_walkthrough)
    raise NoSuchExercise(f"There is no prediction {id!r}" + (f"; here are {ids}." if ids else "."))


@on_desk
def predict(id: str, value: float | str | None, low: float | None = None, high: float | None = None):
    """Keep a prediction before its outcome is shown: a number, perhaps with an interval believed at 80 %, or a word."""
    asked = find_prediction(id)
    kept = record.read()["predictions"].get(asked.id, {})
    if value is None or value is ... or (isinstance(value, str) and not value.strip()):
        state = f"the one kept is {stated(kept)}" if "value" in kept else "no prediction yet"
        return [Card("·", f"Prediction {asked.id}: {state}", [f"Asked: {asked.of}, {asked.asked}."])], ""
    made = {"value": asked.read(value)} | _interval(asked, value, low, high)
    if made == {k: kept[k] for k in ("value", "low", "high") if k in kept}:
        late = ["It was made after its outcome was shown, so it is not scored."] if kept.get("late") else []
        return [Card("·", f"Prediction {asked.id}: {stated(kept)}, as kept at {_clock(kept)}", late)], ""
    if "outcome" in kept and "value" in kept and not kept.get("late"):
        change = f"changed after its outcome was shown, so {stated(made)} is not scored"
        return [Card("·", f"Prediction {asked.id}: {change}; {stated(kept)} still counts")], ""
    late = "outcome" in kept
    outcome = {"outcome": kept["outcome"]} if late else {}
    entry = made | {"at": record.now(), "late": late} | outcome
    record.update(lambda data: data["predictions"].update({asked.id: entry}))
    if late:
        title = f"Prediction {asked.id}: {stated(made)}, made after its outcome was shown, so it is not scored"
        return [Card("·", title)], ""
    unsure = isinstance(asked, Number) and "low" not in made
    lines = [f"With low= and high= you can also say how sure you are: {ASK}."] if unsure else []
    return [Card("·", f"Prediction {asked.id}: {stated(made)}, kept", lines)], ""


def _interval(asked: Prediction, value: Any, low: Any, high: Any) -> dict[str, float]:
    if low is None and high is None:
        return {}
    wrong = Slip(f"Prediction {asked.id}: an interval needs low ≤ your number ≤ high, all three given.")
    if isinstance(asked, Word) or low is None or high is None:
        raise wrong
    low, high = asked.read(low), asked.read(high)
    if not low <= asked.read(value) <= high:
        raise wrong
    if low <= asked.low and high >= asked.high:
        whole = f"an interval from {number(low)} to {number(high)} holds whatever can come out"
        raise Slip(f"Prediction {asked.id}: {whole}; give one that you believe at {ODDS:.0%}.")
    return {"low": low, "high": high}


@on_desk
def skip(*ids: str):
    """Do without some predictions, or without all of a puzzle's (`skip("1")`): what waits for them is shown unscored."""
    whole = [str(int(i)) for i in map(str, ids) if i.isdigit()]
    if unknown := [i for i in whole if i not in puzzles()]:
        raise Slip(f"There is no puzzle {unknown[0]}; there are {', '.join(puzzles())}.")
    named = [find_prediction(i).id for i in ids if not str(i).isdigit()]
    named += [p.id for puzzle in whole for p in predictions_of(puzzle)]

    def note(data: dict) -> None:
        for id in named:
            entry = data["predictions"].setdefault(id, {})
            if "value" not in entry:
                entry.setdefault("skipped", record.now())

    data = record.update(note)
    skipped = [id for id in named if "skipped" in data["predictions"][id]]
    return [Card("·", f"Skipped: {', '.join(skipped) or 'nothing, all of these are made'}")], ""


def ready(*ids: str) -> bool:
    """May a figure or number be shown? Only when the predictions it answers are made or skipped, and the exercises it
    comes from are solved or revealed; else one line says what it waits for. Use as `if ready("1.a", "1.1"):`.
    """
    data = record.read()
    asked = [find_prediction(id).id for id in ids if not id.split(".")[-1].isdigit()]
    unmade = [id for id in asked if is_unmade(data, id)]
    unsolved = [find(id).id for id in ids if id not in asked and not done(data["exercises"].get(id, {}))]
    if not unmade and not unsolved:
        return True
    waits = []
    if unmade:
        names = ", ".join(f'"{id}"' for id in unmade)
        waits.append(f"your prediction{'s'[: len(unmade) > 1]} {', '.join(unmade)}, or skip({names})")
    if unsolved:
        waits.append(f"exercise{'s'[: len(unsolved) > 1]} {', '.join(unsolved)}")
    put_up([Card("·", f"Held back: this waits for {'; and for '.join(waits)}")])
    return False


def is_unmade(data: dict, id: str) -> bool:
    return not {"value", "skipped"} & set(data["predictions"].get(id, {}))


def waiting_for(exercise: str) -> list[str]:
    """The predictions, neither made nor skipped, whose outcome a check of `exercise` on the models would tell."""
    data, asked = record.read(), predictions_of(exercise.split(".")[0])
    told = [p.id for p in asked if isinstance(p, Number) and p.told_by == exercise]
    return [id for id in told if is_unmade(data, id)]


@on_desk
def outcome(id: str, actual: float | str, label: str = ""):
    """Show what came out beside what was predicted, and score it. `label` says what it was measured on.

    In a puzzle it waits for the prediction, or for `skip`. The first outcome under a label stays, so that no rerun, with
    other settings or another answer, scores a prediction anew; another label (another model) brings its own. ValueError:
    `actual` is nothing that could have been predicted.
    """
    asked = find_prediction(id)
    try:
        actual = asked.read(actual)
    except Slip as slip:  # not the learner's doing
        raise ValueError(f"the outcome of {asked.id} on {label}: {slip}") from None
    kept = record.read()["predictions"].get(asked.id, {})
    if not asked.id.startswith("n") and is_unmade(record.read(), asked.id):
        wait = f'its outcome waits for your prediction, or skip("{asked.id}")'
        return [Card("·", f"Prediction {asked.id}: {wait}")], ""
    seen = {"actual": actual, "label": str(label), "at": record.now()}

    def keep_first(data: dict) -> None:
        entry = data["predictions"].setdefault(asked.id, {})
        if entry.get("outcome", {}).get("label") != seen["label"]:
            entry["outcome"] = seen

    data = record.update(keep_first)
    kept = data["predictions"][asked.id]
    first = kept["outcome"]["actual"]
    came = ["outcome", shown(first) + (f" ({label})" if label else "")]
    again = [f"Here it came out as {shown(actual)}; what came out first, {shown(first)}, stays."]
    lines = [] if _as_before(actual, first) else again
    if "value" not in kept:
        made = "skipped" if "skipped" in kept else "none was made"
        return [Card("·", f"Prediction {asked.id}: {made}", lines, rows=[came])], ""
    mark, score = score_of(kept)
    lines += [tally] if "low" in kept and (tally := calibration(data)) else []
    return [Card(mark, f"Prediction {asked.id}: {score}", lines, rows=[["predicted", stated(kept)], came])], ""


def _as_before(now: float | str, first: float | str) -> bool:
    """The same outcome, within what another number of threads does to a training."""
    return now == first if isinstance(now, str) else math.isclose(now, first, rel_tol=1e-3, abs_tol=1e-6)


def shown(value: float | str) -> str:
    return value if isinstance(value, str) else number(value)


def stated(kept: dict) -> str:
    """ "0.3, between 0.1 and 0.5" """
    between = f" (between {number(kept['low'])} and {number(kept['high'])})" if "low" in kept else ""
    return shown(kept["value"]) + between


def _clock(kept: dict) -> str:
    return kept["at"][:16].replace("T", " ") + " UTC"


def _held(kept: dict) -> bool:
    return isinstance(kept["outcome"]["actual"], float) and kept["low"] <= kept["outcome"]["actual"] <= kept["high"]


def score_of(kept: dict) -> tuple[str, str]:
    """A mark and a few words for a prediction whose outcome is known."""
    value, actual = kept["value"], kept["outcome"]["actual"]
    if kept.get("late"):
        return "·", "made after the outcome was shown, not scored"
    if isinstance(value, str):
        right = value.casefold() == actual.casefold()
        return ("✓", "right") if right else ("✗", "wrong")
    off = f"off by {number(abs(value - actual))}"
    if "low" not in kept:
        return "·", off
    return ("✓", f"{off}, inside your interval") if _held(kept) else ("✗", f"{off}, outside your interval")


def calibration(data: dict) -> str:
    """ "intervals so far: 2 of 3 held" over all predictions that count; "" where there are none."""
    counted = [p for p in data["predictions"].values() if "low" in p and "outcome" in p and not p.get("late")]
    if not counted:
        return ""
    held = sum(map(_held, counted))
    expect = f"at {ODDS:.0%} one expects {ODDS * len(counted):.1f}"
    return f"Your intervals so far: {held} of {len(counted)} held their outcome; {expect}."
