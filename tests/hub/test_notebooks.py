"""What a user with the hub sees: every notebook under the real names, against the loopback hub.

With small doubles in every `make test` (walkthroughs and solutions); with the full-size ones all of it, seconds and memory
printed, in `make test-hub`.
"""

from __future__ import annotations

import re

import pytest

from tests.hub import doubles
from tests.hub.conftest import GPT2, NEO
from tests.hub.loopback import LoopbackHub
from tests.notebooks.conftest import ROOT, built
from tools.run import Run, execute, outputs
from zeropoint.models import DOUBLE
from zeropoint.puzzles.p04 import claims, normaliser

PEAK = 4 * 2**30  # bytes
# Their open exercises look for something in a trained matrix. A double's rows are random, and hold nothing to be found.
NOTHING_TO_FIND = ("solutions/10", "solutions/11")
LABELS = [f"{name} {DOUBLE} (raw, hub)" for name in (NEO, GPT2)]


@pytest.fixture(scope="module", params=["small", pytest.param("full", marks=pytest.mark.hub_full)])
def size(request):
    return request.param


@pytest.fixture(scope="module")
def run(size, tmp_path_factory):
    """run("notebooks/01_…"): executed as by a user whose hub is the loopback one; downloads are kept for the next."""
    with LoopbackHub() as hub:
        doubles.serve(hub, getattr(doubles, size))
        env = {"HF_ENDPOINT": hub.url, "HF_HOME": str(tmp_path_factory.mktemp("hub-home")), "ZEROPOINT_MODELS": "hub"}

        def get(name: str) -> Run:
            solved = name.startswith("solutions") and not name.startswith(NOTHING_TO_FIND)
            strict = {"ZEROPOINT_STRICT": "1"} if solved else {}
            return execute(ROOT / f"{name}.ipynb", **env, **strict)

        yield get


@pytest.mark.parametrize("name", built())
def test_under_real_names(name, size, run, record_property):
    if size == "small" and name.startswith("puzzles"):
        pytest.skip("its solution runs all of it; the full size runs both")
    ran = run(name)
    record_property("cost", f"{name}, {size} doubles: {ran.seconds:.0f} s, {ran.peak / 2**30:.2f} GiB")
    assert not ran.error
    assert ran.peak < PEAK
    labels = {report["model"] for report in ran.reports}
    assert not {label for label in labels if label.startswith((NEO, GPT2))} - set(LABELS), "a double under a bare name"
    read = [on for _, _, on, *_ in ran.ledger if "gpt-j-6b" in on]
    assert all(DOUBLE in on for on in read) and bool(read) == name.startswith("notebooks/09")
    if labels and "/03_" not in name:  # it reports on stand-ins and tiny models
        assert labels & set(LABELS)


def test_04_looks_at_whom_it_forecast(run):
    """Every forecast has its number, and every line about a double says so; a model that is not served is a line too."""
    ran = run("notebooks/04_two_recipes")
    assert not ran.error
    tested = {claim: (on, verdict) for claim, _, on, verdict, _ in ran.ledger if claim.startswith("forecast")}
    assert set(tested) == {f.claim.text for f in claims.FORECASTS}
    for forecast in claims.FORECASTS:
        on, verdict = tested[forecast.claim.text]
        if forecast.model in (NEO, GPT2):
            assert on == LABELS[forecast.model == GPT2]
        elif forecast.model in (claims.PYTHIA, claims.OPT, claims.STANFORD[0]):  # served to every reader
            assert on == f"its {forecast.matrix} matrix, hub, test double"
        else:
            assert (on, verdict) == (normaliser.NOT_LOOKED_AT, "open")
            continue
        assert verdict in ("holds", "fails"), "a number was not measured"
    said = "\n".join(
        out.text for cell in ran.nb.cells for out in cell.get("outputs", []) if out.output_type == "stream"
    )
    [looked_at] = re.findall("looked at: (.*)", said)
    assert looked_at == str(LABELS)
    [kinds] = [text for text in outputs(ran.nb, "text/html") if "share_of_norm" in text]
    assert "cerebras/Cerebras-GPT-111M: not on" in kinds and "hub, test double" in kinds
