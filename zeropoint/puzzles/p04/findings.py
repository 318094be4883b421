"""04's claims about tiny models: which settings decide each, and the estimates. {words of the notebook: setting}."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping

import pandas as pd

from zeropoint.claims import NOT_MEASURED, Claim, Estimate, Ledger, exact, over
from zeropoint.puzzles.p04 import claims, collapse, evidence
from zeropoint.puzzles.p04 import normaliser as n
from zeropoint.tiny import grid
from zeropoint.tiny.grid import (
    COUPLED,
    FAR,
    FREE,
    FULL,
    GENTLE,
    LARGE,
    QUICK_NORM,
    REACH,
    SLOW,
    UNASKED,
    WEAK,
    Setting,
    Z,
)

NONE: Setting = {}
MORE_TOKENS, MORE_AND_LONGER = grid.BOTH
FEW, MOST_UNSEEN = grid.TAIL
A_FIFTH = grid.MORE_TAIL[0]
LONGEST, LONGEST_SLOW, LONGEST_FULL = grid.LONGEST
[WEAKER_LARGE] = grid.LARGE_TIME
WEAKER, LONGER, WEAKER_LONGER = grid.TIME
NO_DECAY, DECAY = grid.DECAY
SGD = {"optimizer": "sgd", "weight_decay": 0.0, "lr": 1.0}
PARTS, WIDTH = "spread_of_parts", "mean_abs_cosine_centred"

DOSES = {"none": NONE, "10⁻⁴": {"z_loss": 1e-4}, "10⁻³": WEAKER, "0.01": WEAK, "0.1": Z, "1": FULL}
BASES = {
    "128 tokens a step": NONE,
    "128 tokens, β₂ 0.999": SLOW,
    "128 tokens, untied": {"tied": False},
    "128 tokens, one second moment": COUPLED,
    "128 tokens, one second moment, β₂ 0.999": COUPLED | SLOW,
    "1,024 tokens": LARGE,
    "1,024 tokens, β₂ 0.999": LARGE | SLOW,
    "1,024 tokens, one second moment": LARGE | COUPLED,
    "1,024 tokens, one second moment, β₂ 0.999": LARGE | COUPLED | SLOW,
}
FAMILIES = {base: {dose: setting | z for dose, z in DOSES.items()} for base, setting in BASES.items()}
DRAWN = ("128 tokens a step", "128 tokens, β₂ 0.999", "128 tokens, one second moment", "1,024 tokens")
SMALLER = list(DOSES)[:-1]  # the points of dose 1 lie on one another
KINDS = {family: {dose: FAMILIES[family][dose] for dose in SMALLER} for family in DRAWN}  # what the figure has room for
TARGETS = {
    "β₂ 0.95": {t: WEAK | {"z_target": t} for t in (20.0, 8.0, 0.0, -20.0, -50.0)},
    "β₂ 0.999": {t: SLOW | WEAK | {"z_target": t} for t in (20.0, 8.0, 0.0, -50.0)},
}
BOOKKEEPERS = {
    "no z-loss": NONE,
    "z-loss": Z,
    "z-loss and a free scalar": FREE,
    "z-loss that moves hidden states only": Z | {"z_through": "hidden"},
    "z-loss that moves rows only": Z | {"z_through": "matrix"},
}
WATCHED = {
    "no z-loss": NONE,
    "z-loss 0.01": WEAK,
    "no z-loss, 1,024 tokens": LARGE,
    "z-loss 0.01, 1,024 tokens": LARGE | WEAK,
}
SHORT, SHORT_SLOW = grid.SHORT
AT_ZERO = {
    "base": Z,
    "β₂ 0.999": Z | SLOW,
    "600 updates": SHORT,
    "600 updates, β₂ 0.999": SHORT_SLOW,
    "600 updates, 1,024 tokens": LARGE | Z,
    "600 updates, 1,024 tokens, β₂ 0.999": LARGE | Z | SLOW,
}
FAR_AWAY = {n.words(setting): setting for setting in (*grid.BRANCH, *grid.UNDECAYED, *grid.MORE_BRANCH)}
IN_HASTE = {n.words(setting): setting for setting in (FAR, *grid.SPLIT, *grid.MORE_SPLIT)}
REACHED = {
    "all": REACH,
    "rows twice as long": REACH | {"init_std": 0.14},
    "rows short": REACH | {"init_std": 0.02},
    "decay 0.1": REACH | {"weight_decay": 0.1},
    "β₂ 0.95": REACH | {"beta2": 0.95},
    "LayerNorm × 1": REACH | {"final_norm_lr": 1.0},
    "128 tokens": REACH | {"batch": 2, "steps": 4000},
}
NOT_ASKED = {"all": REACH | UNASKED, "rows twice as long": REACHED["rows twice as long"] | UNASKED}
CARRIERS = {
    "all": REACH,
    "last bias gone": REACH | {"final_bias": False},
    "last gain and bias gone": REACH | {"final_gain": False},
    "a sink": REACH | {"sink": True},
}
SPLITS = {  # what the figure has room for
    "log Z asked to be 0": AT_ZERO,
    "log Z asked to be −50": {n.words(setting): setting for setting in grid.BRANCH},
    "… with long rows": {what: REACHED[what] for what in ("all", "rows twice as long")},
}
NOT_LEARNED = {n.words(setting): setting for setting in grid.HIDDEN}
RIVALS = {n.words(setting): setting for setting in (*grid.RIVALS, *grid.MORE_RIVALS)}
UNSEEN = {"none unseen": FEW, "a fifth": A_FIFTH, "half": {"live": 1024}, "four fifths": MOST_UNSEEN}
TAIL = UNSEEN | {f"{share}, z-loss 0.1": Z | setting for share, setting in UNSEEN.items()}
OTHERS = {
    "no z-loss": NONE,
    "z-loss 0.1": Z,
    "z-loss 0.01": WEAK,
    "… 8,000 updates": LONGER,
    "z-loss 0.001": WEAKER,
    "… 8,000 updates ": WEAKER_LONGER,
    "z-loss 0.001, 1,024 tokens, 4,800 updates": WEAKER_LARGE,
    "10,000 updates": LONGEST,
    "… β₂ 0.999": LONGEST_SLOW,
    "… undecayed, at full pace": LONGEST_FULL,
    "5,000 updates, no decay": NO_DECAY,
    "… decay 0.5": DECAY,
    "plain SGD": SGD,
    "plain SGD, z-loss 0.1": Z | SGD,
    "log Z −50": FAR,
}

NOT_RECORDED = "not recorded yet:"
Finding = tuple[Claim, str, dict[str, Estimate]]  # a claim, what is added to the label, and what decides it


def test(ledger: Ledger, on: str, findings: Iterable[Finding]) -> None:
    """Keep each finding in the ledger and print its verdict; those whose runs are not recorded are named, and not kept."""
    missing: dict[str, list[str]] = {}
    for claim, where, estimates in findings:
        if all(math.isnan(estimate.value) for estimate in estimates.values()):
            missing.setdefault(claim.text, []).append(where or "at all")
        else:
            print(ledger.test(claim, on=f"{on}, {where}" if where else on, **estimates))
    for text, places in missing.items():
        print(f"{NOT_RECORDED} {text} ({'; '.join(places)})")


def of_kind(runs: pd.DataFrame) -> Iterator[Finding]:
    """Question 1, by what z-loss 0.1 does at each base."""
    for base in (NONE, SLOW, LARGE):
        where = n.words(base)
        yield claims.STRAIGHTENS, where, {"change": n.change(runs, base, base | Z, PARTS)}
        yield claims.ROUNDS, where, {"change": n.change(runs, base, base | Z, WIDTH)}
        yield claims.LENGTHENS, where, {"change": n.change(runs, base, base | Z, "mean_cosine")}


def like_neo(runs: pd.DataFrame) -> Iterator[Finding]:
    """Who needs no z-loss for an offset, and who meets all of GPT-Neo's numbers."""
    for base in (NONE, SLOW, LARGE):
        yield claims.OFFSET_WITHOUT, n.words(base), {"parts": n.level(runs, base, PARTS)}
    yield claims.LIKE_NEO, "no z-loss", n.four(runs, NONE)
    yield claims.LIKE_NEO, "z-loss, one second moment for all", n.four(runs, Z | COUPLED)
    ten_times = FULL | LARGE | COUPLED
    yield claims.LIKE_NEO, "z-loss 1, one second moment, 1,024 tokens a step", n.four(runs, ten_times)
    yield claims.LIKE_NEO, "… three times as long", n.four(runs, ten_times | {"steps": 1800})
    yield claims.LIKE_NEO, "z-loss, 512 tokens a step", n.four(runs, MORE_TOKENS)
    yield claims.LIKE_NEO, "z-loss, 512 tokens a step, 4,000 updates", n.four(runs, MORE_AND_LONGER)


def of_product(runs: pd.DataFrame) -> Iterator[Finding]:
    """Question 2."""
    for setting, target, where in ((Z, 0.0, "z-loss 0.1, target 0"), (FAR, -50.0, "z-loss 0.01, target −50")):
        miss = n.by_seed(runs, setting, "log_Z") - target
        yield claims.ON_TARGET, where, {"miss": over(miss, "seeds")}
    far_up = {"z_target": 20.0}
    yield claims.MEAN_FOLLOWS, "", {"change": n.change(runs, WEAK, WEAK | far_up, "mean_cosine")}
    for base in (NONE, SLOW):
        yield claims.TURNS_OVER, n.words(base), {"product": n.level(runs, base | WEAK | far_up, "h_dot_mean")}
    yield claims.SCALAR, "", {"left": n.share(runs, NONE, Z, FREE, "h_dot_mean")}


def of_pushes(runs: pd.DataFrame) -> Iterator[Finding]:
    """Who moves the mean, at either batch."""
    for setting in (WEAK, LARGE | WEAK):
        yield claims.DRIFT_PUSHES, n.words(setting), {"share": n.share_of_pushes(runs, setting)}


def of_split(runs: pd.DataFrame) -> Iterator[Finding]:
    """Question 3."""
    bases = {"log Z 0": Z, "log Z −50": GENTLE, "600 updates": SHORT, "600 updates, 1,024 tokens a step": LARGE | Z}
    for where, base in bases.items():
        yield claims.SPLIT_BY_MEMORY, where, n.split(runs, base, base | SLOW)
    yield claims.SPLIT_BY_PACE, "log Z −50, β₂ 0.999", n.split(runs, GENTLE | SLOW, QUICK_NORM)
    yield claims.SPLIT_BY_PACE, "log Z −50, β₂ 0.95", n.split(runs, GENTLE, GENTLE | {"final_norm_lr": 10.0})
    yield claims.SPLIT_BY_DECAY, "no z-loss, 4 e-folds", n.split(runs, NO_DECAY, DECAY)
    sunk = {"sink": True}
    for where, base in {"log Z 0": Z, "log Z −50, in haste": FAR, "log Z −50, long rows": REACH}.items():
        yield claims.SPLIT_BY_SINK, where, n.split(runs, base, base | sunk)
    for what in ("last bias gone", "last gain and bias gone"):
        left = n.ratio(runs, REACH, CARRIERS[what], "hidden_along_mean")
        yield claims.CARRIED, f"long rows, {what}", {"left": left}
    nearest, reached = n.branch(runs, FAR_AWAY)
    yield claims.GPT2_BRANCH, nearest, reached
    for what in ("all", "rows twice as long"):
        yield claims.GPT2_BRANCH, f"long rows, {what}", n.at_branch(runs, REACHED[what])
        loss = n.change(runs, NOT_ASKED[what], REACHED[what], "held_out_loss")
        yield claims.BRANCH_LEARNS, f"long rows, {what}", {"loss": loss}
    yield claims.UNASKED, "", {"lowest": exact(runs[runs.z_loss == 0].log_Z.min())}


def effects_of_rivals(runs: pd.DataFrame) -> dict[str, Estimate]:
    """What each rival does to the mean cosine of the base with z-loss, below what the z-loss itself does."""
    found = {"the z-loss": n.change(runs, NONE, Z, "mean_cosine")}
    return found | {what: n.change(runs, Z, setting, "mean_cosine") for what, setting in RIVALS.items()}


def of_rivals(runs: pd.DataFrame) -> Iterator[Finding]:
    for what, setting in RIVALS.items():
        yield claims.RIVAL, what, {"share": n.size_beside(runs, Z, setting, NONE, Z)}


def of_others(runs: pd.DataFrame) -> Iterator[Finding]:
    """Batch, time, unseen entries, decay."""
    yield claims.BATCH, "z-loss 0.1", {"change": n.change(runs, SHORT, LARGE | Z, "mean_cosine")}
    yield claims.TIME, "0.01 beside 0.1", {"share": n.share(runs, NONE, Z, LONGER, "log_Z")}
    yield claims.TIME, "0.001 beside 0.01", {"share": n.share(runs, NONE, WEAK, WEAKER_LONGER, "log_Z")}
    large = n.share(runs, LARGE, LARGE | WEAK, WEAKER_LARGE, "log_Z")
    yield claims.TIME, "0.001 beside 0.01, 1,024 tokens a step", {"share": large}
    yield claims.TAIL_LENGTHENS, "", {"change": n.change(runs, FEW, MOST_UNSEEN, "mean_cosine")}
    yield claims.TAIL_OFFSET, "", {"width": n.level(runs, MOST_UNSEEN, WIDTH)}
    yield claims.TAIL_OFFSET, "z-loss 0.1", {"width": n.level(runs, Z | MOST_UNSEEN, WIDTH)}
    run = n.recorded(runs, DECAY).any()
    yield claims.DECAY_CAN_BE_JUDGED, "", {"e_folds": exact(n.e_folds(DECAY)) if run else NOT_MEASURED}
    yield claims.DECAY, "", {"change": n.change(runs, NO_DECAY, DECAY, "mean_cosine")}


def long_enough(runs: pd.DataFrame, rows: pd.DataFrame, settings: Mapping[str, Setting]) -> pd.DataFrame:
    """`normaliser.table`, and how far log Z still moved in the last quarter of each setting's runs."""
    numbers = n.table(runs, settings)
    moved = {what: n.still_moving(rows, settings[what], "log_Z").value for what in numbers.index}
    return numbers.assign(**{"last quarter's change of log Z": pd.Series(moved)})


# --- the older grid, for those who want to attack ------------------------------------------------------------------

AT_SCALE = "d_vocab=2048 batch=256"  # eight tokens a step for each entry; GPT-Neo had ten


def of_the_lead(runs: pd.DataFrame, rows: pd.DataFrame) -> Iterator[Finding]:
    """Each claim about Adam's memory as the reason of a *large* mean."""
    alone = evidence.effect(runs, "base", "optimizer=coupled-adam").value
    longer = evidence.at_matched_update(runs, evidence.LEARNING_RATES, evidence.FAST_COUPLED)
    at_scale = evidence.share_of_beta2(runs, evidence.slower(runs, AT_SCALE), AT_SCALE)
    bins = collapse.frequency_bins(rows)
    scatter, frequency = collapse.compared(collapse.miss(bins, collapse.swept(bins)))
    yield claims.BETA2, "", {"change": evidence.effect(runs, "base", "beta2=0.999")}
    yield claims.BETA2_EVERYWHERE, "", {"weakest": evidence.weakest(evidence.attacks(runs, rows))}
    yield claims.OWN_MOMENT, "", {"left": over(longer / alone, "seeds")}
    yield claims.LONG_TAIL, "", {"gone": evidence.share_gone(runs, "text=level")}
    yield claims.BETA2_AT_SCALE, "", {"share": at_scale}
    yield claims.ABSENT, "", {"more": evidence.more_while_absent(rows, "base")}
    yield claims.FORGETTING, "", {"ratio": evidence.forgotten(rows, short="base", long="beta2=0.999")}
    yield claims.ONLY_N, "", {"scatter": scatter, "frequency": frequency}
