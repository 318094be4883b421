"""Any pair: walkthroughs and puzzles on two tiny models of other kinds than GPT-Neo and GPT-2, to their last cell."""

from __future__ import annotations

import re

import pytest

from tests.hub import doubles
from tests.notebooks.conftest import ROOT, built, source
from tools.run import execute, outputs

# Untied, rotary, RMSNorm, no biases; a row of zeros at the padding token, pickled.
PAIRS = {"notebooks": ("pythia-4k", "llama-4k"), "puzzles": ("opt-4k", "pythia-4k")}
STAND_INS_ALONE = ("03",)  # this one loads no pair
ASKED = [name for name in built(*PAIRS) if name.split("/")[1][:2] not in STAND_INS_ALONE]
CASES = [pytest.param(name, PAIRS[name.split("/")[0]], id=name) for name in ASKED]
# Architectures in company that the pairs above leave out, and two of one kind: half an hour, so `make test-hub` runs them.
MORE = [("opt-4k", "llama-4k"), ("pythia-4k", "pythia-3-layers")]
for_hub = [pytest.mark.hub, pytest.mark.hub_full]
CASES += [
    pytest.param(name, pair, id=f"{name}-{'+'.join(pair)}", marks=for_hub)
    for pair in MORE
    for name in ASKED
    if name.split("/")[1][:2] >= "08"
]


@pytest.mark.parametrize("name, pair", CASES)
def test_runs_on_another_pair(name, pair):
    run = execute(ROOT / f"{name}.ipynb", ZEROPOINT_PAIR=",".join(str(doubles.small(n)) for n in pair))
    assert not run.error
    said = "\n".join(str(text) for text in outputs(run.nb, "text/plain") + outputs(run.nb, "text/html"))
    assert "mini-gpt2 (raw" not in said, "a stand-in where another model was asked for"
    if run.reports:
        labels = {report["model"] for report in run.reports}
        assert labels & {f"{n} [test double] (raw, folder)" for n in pair}


@pytest.mark.parametrize("name", ASKED)
def test_no_model_is_called_by_another_ones_kind(name):
    """Any model may come first; the banner says which did."""
    assert not re.search(r"the (GPT-Neo|GPT-2) kind", "\n".join(cell.source for cell in source(name).cells))
