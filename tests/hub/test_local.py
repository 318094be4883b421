"""Folders on this machine: what is wrong with them is said in one sentence, and nothing is filled in at random."""

from __future__ import annotations

import json
import os
import pickle
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.hub import doubles
from tests.hub.test_faults import sentence
from zeropoint import models

BOTH = pytest.mark.parametrize("load", [models.load, models.load_embedding])
PROBLEM = (ValueError, FileNotFoundError)


@pytest.fixture
def folder(tmp_path):
    """folder("gpt2"): a copy of a small double, to be damaged."""
    return lambda name: shutil.copytree(doubles.small(name), tmp_path / name)


def change(folder, **tensors):
    """Replace tensors of model.safetensors; None removes one."""
    state = load_file(folder / "model.safetensors") | tensors
    save_file({k: v for k, v in state.items() if v is not None}, folder / "model.safetensors", {"format": "pt"})


@BOTH
@pytest.mark.parametrize("name", doubles.SMALL)
def test_whole_folders_load(name, load):
    model = load(doubles.small(name))
    assert model.label == f"{name} [test double] (raw, folder)" and model.source == "folder"


@BOTH
def test_no_folder(load, tmp_path):
    assert "There is no folder" in sentence(lambda: load(tmp_path / "nowhere"), "no such folder", PROBLEM)


@BOTH
def test_not_a_model_folder(load, tmp_path):
    assert "has no config.json" in sentence(lambda: load(tmp_path), "not a model folder", PROBLEM)


@BOTH
def test_without_weights(folder, load):
    there = folder("gpt2")
    (there / "model.safetensors").unlink()
    assert "holds no weights" in sentence(lambda: load(there), "folder without weights", PROBLEM)


@BOTH
def test_missing_shard(folder, load):
    there = folder("sharded")
    (there / "model-00002-of-00002.safetensors").unlink()
    assert "model-00002-of-00002.safetensors" in sentence(lambda: load(there), "a shard is missing", PROBLEM)


@BOTH
@pytest.mark.parametrize("name", ["gpt2", "pickled"])
def test_cut_short(folder, load, name):
    file = next(p for p in folder(name).iterdir() if p.name in ("model.safetensors", "pytorch_model.bin"))
    os.truncate(file, file.stat().st_size // 2)
    assert "damaged or cut short" in sentence(lambda: load(file.parent), f"{file.name} cut short", PROBLEM)


@BOTH
def test_flipped_bit_in_the_header(folder, load):
    file = folder("gpt2") / "model.safetensors"
    content = bytearray(file.read_bytes())
    content[9] ^= 1
    file.write_bytes(content)
    assert "damaged or cut short" in sentence(lambda: load(file.parent), "flipped bit in the header", PROBLEM)


@BOTH
def test_nan_in_the_embedding(folder, load):
    there = folder("gpt2")
    W = load_file(there / "model.safetensors")["wte.weight"]
    W[17, 3] = float("nan")
    change(there, **{"wte.weight": W})
    text = sentence(lambda: load(there), "NaN in W_E", PROBLEM)
    assert "1 of 4096 rows (first: row 17)" in text


def test_tied_output_needs_no_tensor(folder):
    model = models.load(folder("gpt2"))
    assert torch.equal(model.W_U, model.W_E.T)


def test_untied_output_is_missing(folder):
    """No lm_head and no tie: transformers would make one up at random."""
    there = folder("pythia")
    change(there, **{"embed_out.weight": None})
    assert "lacks 1 of the model's tensors" in sentence(
        lambda: models.load(there), "no output matrix, not tied", PROBLEM
    )
    text = sentence(lambda: models.load_embedding(there, output=True), "no output matrix, not tied", PROBLEM)
    assert "has no output matrix" in text
    assert models.load_embedding(there).tensor_name == "gpt_neox.embed_in.weight"


def test_untied_by_config_but_saved_tied(folder):
    there = folder("gpt2")
    config = json.loads((there / "config.json").read_text()) | {"tie_word_embeddings": False}
    (there / "config.json").write_text(json.dumps(config))
    assert "mend its config.json" in sentence(lambda: models.load(there), "tied weights missing", PROBLEM)
    assert "has no output matrix" in sentence(
        lambda: models.load_embedding(there, output=True), "tied weights missing", PROBLEM
    )


@BOTH
def test_embedding_is_missing(folder, load):
    there = folder("gpt2")
    change(there, **{"wte.weight": None})
    assert "wte.weight" in sentence(lambda: load(there), "token embedding missing", PROBLEM)


@BOTH
def test_wrong_shape(folder, load):
    there = folder("gpt2")
    change(there, **{"wte.weight": torch.zeros(7, 64)})
    if load is models.load:  # the matrix alone is a matrix
        assert "wte.weight" in sentence(lambda: load(there), "embedding of another size", PROBLEM)


class Evil:
    def __reduce__(self):
        return os.system, ("touch EVIL",)


@BOTH
def test_pickle_that_would_run_code(folder, load, monkeypatch):
    there = folder("pickled")
    monkeypatch.chdir(there)
    torch.save({"transformer.wte.weight": Evil()}, there / "pytorch_model.bin")
    text = sentence(lambda: load(there), "pickle that would run code", PROBLEM)
    assert "weights-only unpickler" in text and "system" in text
    assert not (there / "EVIL").exists()


@BOTH
def test_pickle_of_something_else(folder, load):
    there = folder("pickled")
    (there / "pytorch_model.bin").write_bytes(pickle.dumps([1, 2, 3], protocol=2))
    sentence(lambda: load(there), "no checkpoint at all", PROBLEM)
    torch.save([1, 2, 3], there / "pytorch_model.bin")
    assert "no state dictionary" in sentence(lambda: load(there), "pickle of a list", PROBLEM)


def test_old_pickle_format(folder):
    there = folder("pickled")
    state = torch.load(there / "pytorch_model.bin", weights_only=True)
    torch.save(state, there / "pytorch_model.bin", _use_new_zipfile_serialization=False)
    assert torch.equal(models.load_embedding(there).W, state["wte.weight"])
    assert torch.equal(models.load(there).W_E, state["wte.weight"])


def test_config_is_no_json(folder):
    there = folder("gpt2")
    (there / "config.json").write_text("{")
    sentence(lambda: models.load_embedding(there), "config.json is no JSON", PROBLEM)
    sentence(lambda: models.load(there), "config.json is no JSON", PROBLEM)


@pytest.mark.parametrize(
    ("name", "tied", "positions"), [("pythia", False, False), ("opt", True, True), ("gpt2", True, True)]
)
def test_facts_about_other_kinds(name, tied, positions):
    model = models.load(doubles.small(name))
    assert (model.is_tied, model.has_W_pos, model.has_biases, model.norm) == (tied, positions, True, "LayerNorm")
    if not positions:
        assert "adds no position embedding" in sentence(lambda: model.W_pos, "W_pos of a rotary model", AttributeError)


def test_facts_about_a_llama(tmp_path):
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(vocab_size=512, hidden_size=32, intermediate_size=64, num_hidden_layers=2,
                         num_attention_heads=2, tie_word_embeddings=True)  # fmt: skip
    LlamaForCausalLM(config).save_pretrained(tmp_path)
    doubles.tokenizer_files(tmp_path, 512)
    for processed in (False, True):
        model = models.load(tmp_path, processed=processed)
        assert (model.is_tied, model.has_W_pos, model.has_biases, model.norm) == (True, False, False, "RMSNorm")
