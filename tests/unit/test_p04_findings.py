"""04's claims and the settings that decide them: all in the plan, and none kept that was not run."""

from __future__ import annotations

import pandas as pd

from zeropoint.claims import Claim, Ledger, exact
from zeropoint.puzzles.p04 import claims, findings, normaliser
from zeropoint.tiny import grid

NOTHING = pd.DataFrame(columns=["run", "seed", "z_loss", "held_out_loss", *grid.MATRIX, *grid.OUTPUT, *grid.PUSHES])
QUESTIONS = (
    findings.of_kind,
    findings.like_neo,
    findings.of_product,
    findings.of_pushes,
    findings.of_split,
    findings.of_rivals,
    findings.of_others,
)


def test_every_setting_of_the_notebook_is_in_the_plan():
    planned = {frozenset(grid.name_of(setting).split()) for setting, _ in grid.plan("normaliser")}
    families = [*findings.KINDS.values(), *findings.TARGETS.values()]
    tables = [*families, findings.BOOKKEEPERS, findings.WATCHED, findings.AT_ZERO, findings.FAR_AWAY, findings.REACHED,
              findings.CARRIERS, findings.IN_HASTE, findings.NOT_LEARNED, findings.RIVALS, findings.TAIL,
              findings.OTHERS]  # fmt: skip
    alone = [*grid.BOTH, *findings.NOT_ASKED.values()]
    asked = [setting for table in tables for setting in table.values()] + alone
    assert not [s for s in asked if frozenset(normaliser.name(s).split()) not in planned]


def test_every_claim_about_tiny_models_is_asked_by_a_question():
    asked = {claim.text for question in QUESTIONS for claim, _, _ in question(NOTHING)}
    elsewhere = [claims.IDENTITY, claims.BALANCE]
    lead = [claims.BETA2, claims.BETA2_EVERYWHERE, claims.BETA2_AT_SCALE, claims.OWN_MOMENT, claims.LONG_TAIL,
            claims.ABSENT, claims.FORGETTING, claims.ONLY_N]  # fmt: skip
    singles = {value.text for value in vars(claims).values() if isinstance(value, Claim)}
    assert asked == singles - {claim.text for claim in elsewhere + lead}


def test_what_was_not_run_is_named_and_not_kept(capsys):
    ledger = Ledger()
    kept = claims.BATCH, "here", {"change": exact(-0.1)}
    findings.test(ledger, "tiny", [*findings.of_kind(NOTHING), kept])
    assert [(e.claim, e.on) for e in ledger.entries] == [(claims.BATCH, "tiny, here")]
    said = capsys.readouterr().out
    assert said.count(findings.NOT_RECORDED) == 3 and "(base; β₂ 0.999; 1,024 tokens a step)" in said
