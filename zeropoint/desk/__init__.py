"""What a learner's cells call: task, check, hint, predict, skip, ready, outcome, reveal, why, note, progress, export.

All but `ready` and `checked` show a small card (HTML in a notebook, the same words in a terminal) and return None. With
ZEROPOINT_STRICT=1, a check that does not pass, an unanswered why and a slip in how one of these is called raise
AssertionError with the card's sentence.
"""

from zeropoint.desk.answers import check, checked, hint, reveal, task, why
from zeropoint.desk.predictions import outcome, predict, ready, skip
from zeropoint.desk.sharing import export, note, show
from zeropoint.desk.standing import progress

__all__ = [
    "check",
    "checked",
    "export",
    "hint",
    "note",
    "outcome",
    "predict",
    "progress",
    "ready",
    "reveal",
    "show",
    "skip",
    "task",
    "why",
]
