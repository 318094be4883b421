"""Embedding-only reads: what is moved, kept, and gone on with."""

from __future__ import annotations

import pytest
import torch
from huggingface_hub import constants

from tests.hub.conftest import GPT2, NEO, PICKLED, PYTHIA, SHARDED
from tests.hub.test_layouts import ALL, token_embedding
from zeropoint import models
from zeropoint.models import hub as ours
from zeropoint.puzzles.p09 import gptj

WEIGHTS = (".safetensors", ".bin", ".index.json")


def moved(hub) -> int:
    return sum(n for name, n in hub.sent.items() if name.endswith(WEIGHTS))


@pytest.fixture(autouse=True)
def small_steps(monkeypatch):
    """Header reads and download chunks as small against these doubles as they are against real models."""
    monkeypatch.setattr(ours, "HEADER_BYTES", 1000)
    monkeypatch.setattr(constants, "DOWNLOAD_CHUNK_SIZE", 4096)


@pytest.mark.parametrize("name", [NEO, GPT2, PYTHIA, SHARDED])
def test_only_the_embedding_comes(hub, name):
    embedding = models.load_embedding(name)
    size = embedding.W.nbytes
    assert torch.equal(embedding.W, token_embedding(ALL[name]))
    assert embedding.bytes_moved == moved(hub)
    assert size <= moved(hub) < size + 6000
    assert set(hub.sent) <= {"config.json", "model.safetensors", "model.safetensors.index.json",
                             "model-00002-of-00002.safetensors"}  # fmt: skip


def test_of_gpt_j_notebook_09_moves_the_embedding_alone(hub):
    rows, label, said = gptj.embedding()
    size = 420 * gptj.D_MODEL * 2  # bytes, in float16
    assert rows.shape == (42, gptj.D_MODEL) and models.DOUBLE in label and label in said
    assert size <= moved(hub) < size + 6000


def test_pickled_weights_come_whole(hub):
    assert models.load_embedding(PICKLED).bytes_moved == moved(hub) == hub.sent["pytorch_model.bin"]


@pytest.mark.parametrize("name", [NEO, PYTHIA, PICKLED])
def test_kept_for_the_next_time(hub, name):
    models.load_embedding(name)
    hub.log.clear()
    assert models.load_embedding(name).bytes_moved == 0 and hub.log == []


def test_second_matrix_costs_itself_alone(hub):
    models.load_embedding(PYTHIA)
    output = models.load_embedding(PYTHIA, output=True)
    assert output.bytes_moved == output.W.nbytes


def test_a_dropped_connection_is_resumed(hub):
    hub.fail("storage", "drop", times=3, skip=2)  # the header takes two requests
    embedding = models.load_embedding(NEO)
    assert torch.equal(embedding.W, token_embedding("gpt-neo-125m"))
    assert moved(hub) < embedding.W.nbytes + 6000 + 3 * 4096  # hardly anything twice


def test_an_interrupted_download_goes_on(hub):
    hub.fail("storage", "drop", times=99, skip=2)
    with pytest.raises(ours.HubError, match="run this again"):
        models.load_embedding(PYTHIA)
    assert not list(hub.cache.rglob("*embed_in*.safetensors"))
    hub.faults.clear()
    embedding = models.load_embedding(PYTHIA)
    assert torch.equal(embedding.W, token_embedding("pythia"))
    assert 0 < embedding.bytes_moved < embedding.W.nbytes // 2


def test_a_full_download_afterwards_is_whole(hub):
    models.load_embedding(GPT2)
    assert torch.equal(models.load(GPT2).W_E, token_embedding("gpt2"))
