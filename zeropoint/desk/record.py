"""What a learner has done, in one small file beside the notebook: `.zeropoint-progress.json`, or $ZEROPOINT_PROGRESS.

Every change reads the file anew and replaces it at one stroke, so a crash leaves the old file or the new one, and two
notebooks can take turns. Two changes within the same millisecond may still lose one of the two.
"""

from __future__ import annotations

import copy
import json
import os
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

VERSION = 1
FIELDS = {
    "exercises": {
        **{
            "handed": str,
            "solved": str,
            "attempts": int,
            "hints": int,
            "hints_used": int,
            "revealed": str,
            "compared": str,
        },
        **{"answer": str, "text": str, "later": str},  # what was written; a text from after its rubric was seen
        "early": str,  # a rubric seen before its time
    },
    "predictions": {
        **{"value": float | str, "low": float, "high": float, "at": str, "late": bool, "outcome": dict},
        "skipped": str,
    },
    "figures": {"figure": dict, "table": dict, "at": str},  # plotly's JSON or a table, by a name such as "1 all pairs"
    "notes": {"text": str, "at": str},  # by a name such as "1 explanations"
}
OUTCOME = {"actual": float | str, "label": str, "at": str}

_in_memory: dict[Path, dict] = {}
notices: list[str] = []
"""Sentences about the file that the next card should carry."""


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def path() -> Path:
    return Path(os.environ.get("ZEROPOINT_PROGRESS") or ".zeropoint-progress.json").resolve()


def read() -> dict[str, Any]:
    """{"version", "exercises": {id: …}, "predictions": {id: …}, "figures": {name: …}, "notes": {name: …}}; empty where nothing was kept."""
    where = path()
    if where in _in_memory:
        return copy.deepcopy(_in_memory[where])
    try:
        data = json.loads(where.read_text(encoding="utf-8"))
        if isinstance(data, dict):
            data = {"figures": {}, "notes": {}} | data  # files of before these were kept
        if not _sound(data):
            raise ValueError("not a progress file of this version")
        return data
    except FileNotFoundError:
        pass
    except (ValueError, RecursionError):  # not JSON, not UTF-8, or not ours
        _set_aside(where)
    except OSError as error:
        return _keep_in_memory(where, _empty(), error)
    return _empty()


def update(change: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    """Apply `change` to what is kept now, keep the result and return it."""
    where, data = path(), read()
    change(data)
    if where in _in_memory:
        _in_memory[where] = copy.deepcopy(data)
        return data
    try:
        # a folder of its own, beside the file (os.replace needs one file system), cleared away whatever happens
        with tempfile.TemporaryDirectory(dir=where.parent, prefix=where.name) as folder:
            new = Path(folder, "new.json")
            new.write_text(json.dumps(data, indent=1, ensure_ascii=False), encoding="utf-8")
            os.replace(new, where)
    except OSError as error:
        return _keep_in_memory(where, data, error)
    return data


def exercise(data: dict, id: str) -> dict[str, Any]:
    return data["exercises"].setdefault(id, {})


def _empty() -> dict[str, Any]:
    return {"version": VERSION} | {part: {} for part in FIELDS}


def _sound(data: Any) -> bool:
    def fits(entry: Any, fields: dict) -> bool:
        return isinstance(entry, dict) and all(
            key in fields
            and isinstance(float(value) if type(value) is int and fields[key] is not int else value, fields[key])
            for key, value in entry.items()
        )

    if not isinstance(data, dict) or data.get("version") != VERSION:
        return False
    for part, fields in FIELDS.items():
        if not isinstance(data.get(part), dict) or not all(fits(entry, fields) for entry in data[part].values()):
            return False
    outcomes = [p["outcome"] for p in data["predictions"].values() if "outcome" in p]
    return all(set(o) == set(OUTCOME) and fits(o, OUTCOME) for o in outcomes) and all(
        "value" not in p or ("at" in p and ("low" in p) == ("high" in p)) for p in data["predictions"].values()
    )


def _set_aside(where: Path) -> None:
    aside = where.with_name(where.name + ".damaged")
    try:
        os.replace(where, aside)
        notices.append(f"The progress file could not be read; it is set aside as {aside.name} and a new one begun.")
    except OSError as error:
        _keep_in_memory(where, _empty(), error)


def _keep_in_memory(where: Path, data: dict, error: OSError) -> dict:
    _in_memory[where] = copy.deepcopy(data)
    notices.append(f"Progress cannot be kept in a file here ({error.strerror}); it lasts until the kernel stops.")
    return data
