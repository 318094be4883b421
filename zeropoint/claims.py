"""How sure we are, said in one way: an estimate with its interval, a claim with its thresholds, a ledger of verdicts.

    ledger = Ledger()
    ledger.test(claims.ONE_VECTOR, on=NEO, centred=exact(0.027))
    ledger.test(claims.TYING, on="tiny models", left=over(shares, "seeds"))
    ledger                                     # the table at the end of a walkthrough; `make run` reads it too

A puzzle's claims, and each threshold once, stand in its room: `zeropoint.puzzles.pNN.claims`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Literal

Word = Literal["holds", "fails", "open"]
LEDGER_MIMETYPE = "application/vnd.zeropoint.ledger+json"
ENOUGH = 3  # independent values: an interval from two is arithmetic, not evidence


@dataclass(frozen=True)
class Estimate:
    """A number and how sure it is: `value` ± `half_width` is a 95 % interval from `n` independent `unit`, by `method`.

    `half_width` is 0 where nothing is random, NaN where there is no interval. A NaN `value` was not measured.
    """

    value: float
    half_width: float = 0.0
    n: int = 1
    unit: str = ""
    method: str = "exact"

    @property
    def low(self) -> float:
        return self.value - self.half_width

    @property
    def high(self) -> float:
        return self.value + self.half_width

    def __str__(self) -> str:
        if math.isnan(self.value):
            return "not measured"
        if self.method == "exact":
            return f"{self.value:.4g}"
        if math.isnan(self.half_width):
            return f"{self.value:.3g} ({self.n} {self.unit}, no interval)"
        return f"{self.value:.3g} ± {self.half_width:.2g} ({self.n} {self.unit})"


def exact(value: float) -> Estimate:
    """A number that has no error to speak of: all rows, all pairs, algebra."""
    return Estimate(float(value))


NOT_MEASURED = exact(math.nan)


def over(values: Iterable[float], unit: str) -> Estimate:
    """Mean of independent `values`, one a seed, row or pair (`unit`), with Student's t interval; NaN values are left out.

    The interval is mean ± t₀.₉₇₅(n − 1) · s / √n, and is withheld below three values.
    """
    from scipy.stats import t

    measured = [float(v) for v in values if not math.isnan(v)]
    n = len(measured)
    if n == 0:
        return NOT_MEASURED
    mean = sum(measured) / n
    half_width = math.nan
    if n >= ENOUGH:
        variance = sum((v - mean) ** 2 for v in measured) / (n - 1)
        half_width = float(t.ppf(0.975, n - 1)) * math.sqrt(variance / n)
    return Estimate(mean, half_width, n, unit, "Student's t")


@dataclass(frozen=True)
class Rule:
    """What a claim asks of one estimate: that its whole interval lies within [low, high]. `of` names the quantity."""

    of: str
    low: float = -math.inf
    high: float = math.inf

    def verdict(self, estimate: Estimate) -> Word:
        """holds: all of the interval inside. fails: all of it outside. open: neither, or no interval.

        Open too where every value of a sample is the threshold itself: nothing was gained, and nothing lost.
        """
        all_alike = estimate.method != "exact" and estimate.half_width == 0
        if math.isnan(estimate.low) or (all_alike and estimate.value in (self.low, self.high)):
            return "open"
        if self.low <= estimate.low and estimate.high <= self.high:
            return "holds"
        outside = estimate.high < self.low or estimate.low > self.high
        return "fails" if outside else "open"

    @property
    def asked(self) -> str:
        """ "at most 0.05" """
        if math.isinf(self.low):
            return f"at most {self.high:.4g}"
        if math.isinf(self.high):
            return f"at least {self.low:.4g}"
        return f"{self.low:.4g} to {self.high:.4g}"


def above(threshold: float, of: str) -> Rule:
    return Rule(of, low=threshold)


def below(threshold: float, of: str) -> Rule:
    return Rule(of, high=threshold)


def within(low: float, high: float, of: str) -> Rule:
    return Rule(of, low, high)


@dataclass(frozen=True)
class Claim:
    """A sentence that a run can contradict: `text`, whose claim it is (`source`), and a rule for each estimate it needs.

    It holds if all rules hold, fails if one fails, and is open otherwise.
    """

    text: str
    source: str
    rules: Mapping[str, Rule]

    def verdict(self, **estimates: Estimate) -> Word:
        """TypeError if an estimate that a rule needs is missing, or one has no rule."""
        if set(estimates) != set(self.rules):
            raise TypeError(
                f"{self.text!r} is tested by {', '.join(self.rules)}; got {', '.join(estimates) or 'nothing'}."
            )
        words = {rule.verdict(estimates[name]) for name, rule in self.rules.items()}
        return "fails" if "fails" in words else "open" if "open" in words else "holds"


@dataclass(frozen=True)
class Entry:
    """One claim tested `on` a model (its label) or a set of runs."""

    claim: Claim
    on: str
    estimates: Mapping[str, Estimate]

    @property
    def word(self) -> Word:
        return self.claim.verdict(**self.estimates)

    @property
    def evidence(self) -> str:
        """ "mean cosine after centring: 0.0271 (asked: at most 0.05)" for each rule."""
        found = [(rule, self.estimates[name]) for name, rule in self.claim.rules.items()]
        return "; ".join(f"{rule.of}: {estimate} (asked: {rule.asked})" for rule, estimate in found)

    def __repr__(self) -> str:
        return f"{self.word}: {self.claim.text} ({self.on})\n  {self.evidence}"


@dataclass
class Ledger:
    """The claims that a walkthrough met, in order, with what this run says of each."""

    entries: list[Entry] = field(default_factory=list)

    def test(self, claim: Claim, *, on: str, **estimates: Estimate) -> Entry:
        """Keep and return the claim's verdict on `on`. The same claim tested on the same thing again replaces it."""
        entry = Entry(claim, on, estimates)
        claim.verdict(**estimates)  # a missing estimate is an error here, not at the end
        kept = [e for e in self.entries if (e.claim, e.on) != (claim, on)]
        self.entries = [*kept, entry]
        return entry

    def rows(self) -> list[tuple[str, str, str, str, str]]:
        """Claim, whose, what it was tested on, verdict, evidence."""
        return [(e.claim.text, e.claim.source, e.on, e.word, e.evidence) for e in self.entries]

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict:
        return {"text/plain": repr(self), "text/html": self._html(), LEDGER_MIMETYPE: self.rows()}

    def __repr__(self) -> str:
        return "\n".join(
            f"{word:6} {text} [{source}] on {on}: {evidence}" for text, source, on, word, evidence in self.rows()
        )

    def _html(self) -> str:
        head = ("claim", "whose", "on", "this run", "evidence")
        cell = "text-align:left;vertical-align:top;padding:.2em .8em .2em 0"
        lines = ["<tr>" + "".join(f'<th style="{cell}">{escape(c)}</th>' for c in head) + "</tr>"]
        for text, source, on, word, evidence in self.rows():
            cells = (text, source, on, word, evidence)
            lines.append("<tr>" + "".join(f'<td style="{cell}">{escape(c)}</td>' for c in cells) + "</tr>")
        return f'<table style="border-collapse:collapse">{"".join(lines)}</table>'
