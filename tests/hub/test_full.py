"""At true size: what a user with the hub moves, waits for and holds in memory."""

from __future__ import annotations

import json

import pytest

from tests.hub import doubles
from tests.hub.conftest import GPT2, NEO
from zeropoint import geometry, models

pytestmark = pytest.mark.hub_full
W_E_BYTES = 50257 * 768 * 4


@pytest.fixture(scope="module")
def full(served):
    """The loopback hub with the full-size doubles in place of the small ones; the small ones again afterwards."""
    kept = dict(served.repos)
    del served.repos["EleutherAI/gpt-neo-125m"], served.repos["openai-community/gpt2"]
    served.add("EleutherAI/gpt-neo-125m", doubles.full("gpt-neo-125m"))
    served.add("openai-community/gpt2", doubles.full("gpt2"))
    yield served
    served.repos = kept


@pytest.mark.parametrize("name", [NEO, GPT2])
def test_the_embedding_and_not_the_file(full, hub, name):
    embedding = models.load_embedding(name)
    assert embedding.W.nbytes == W_E_BYTES
    assert W_E_BYTES < embedding.bytes_moved == hub.sent["model.safetensors"] <= W_E_BYTES + 100_000


def test_statistics_are_the_published_ones(full, hub):
    neo, gpt2 = (models.load_embedding(name).W for name in (NEO, GPT2))
    assert geometry.mean(neo).norm().item() == pytest.approx(11.0, rel=1e-3)
    assert neo.norm(dim=1).mean().item() == pytest.approx(11.4, rel=1e-3)
    assert geometry.mean_pairwise_cosine(neo) == pytest.approx(0.93, abs=0.005)
    sample = geometry.centre(neo)[::10]
    assert geometry.cosine_histogram(sample, progress=False).mean_abs == pytest.approx(0.1831, rel=0.02)
    assert geometry.mean(gpt2).norm().item() == pytest.approx(2.052, rel=1e-3)
    assert geometry.share_of_mean(gpt2) == pytest.approx(0.265, abs=0.01)


def test_the_pair_in_a_new_process(full, apart):
    """Download, check, load and hold both models: under 4 GB."""
    code = """
import json, resource, time
from zeropoint import models
began = time.perf_counter()
pair = models.load_pair()
seconds = time.perf_counter() - began
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
print(json.dumps([[m.label for m in pair], [list(m.W_E.shape) for m in pair], seconds, peak]))
"""
    out, err = apart(code).communicate(timeout=600)
    assert out, err
    labels, shapes, seconds, peak = json.loads(out.splitlines()[-1])
    print(f"both models from the loopback hub: {seconds:.1f} s, peak {peak / 1e9:.2f} GB")
    assert labels == [f"{name} [test double] (raw, hub)" for name in (NEO, GPT2)]
    assert shapes == [[50257, 768]] * 2
    assert peak < 4e9
