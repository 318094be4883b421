"""README shows an exercise and what a check says: both must be what a reader meets."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

from jaxtyping import Float
from torch import Tensor

from zeropoint.desk import check
from zeropoint.desk.exercise import find

ROOT = Path(__file__).parents[2]


def with_the_diagonal(W: Float[Tensor, "n d"]) -> Float[Tensor, ""]:
    u = W / W.norm(dim=1, keepdim=True)
    return (u @ u.T).mean()


def test_the_sample_reply_is_a_real_one(desk, capsys):
    check("1.1", with_the_diagonal)
    said = capsys.readouterr().out.strip()
    assert f"```text\n{said}\n```" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_sample_exercise_is_a_real_one():
    exercise = find("1.1")
    asked = " ".join(inspect.cleandoc(exercise.statement).split()).removeprefix("Return the")
    rating = "●" * exercise.difficulty + "○" * (3 - exercise.difficulty)
    assert f"> **1.1** {rating} The{asked}" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_start_says_the_minutes_of_the_list():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    start = re.search(r"\[Start with puzzle 01\]\((.+?)\)\*\*: (\d+) minutes", readme)
    assert f"[puzzle]({start[1]}), {start[2]} min" in readme
