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
from tests.hub.conftest import PYTHIA
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
@pytest.mark.parametrize("name", doubles.WHOLE)
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


@pytest.mark.parametrize("processed", [False, True])
@pytest.mark.parametrize(
    ("name", "tied", "positions", "norm"),
    [
        ("pythia", False, False, "LayerNorm"),
        ("opt", True, True, "LayerNorm"),
        ("gpt2", True, True, "LayerNorm"),
        ("llama", True, False, "RMSNorm"),
    ],
)
def test_facts_about_every_kind(name, tied, positions, norm, processed):
    model = models.load(doubles.small(name), processed=processed)
    assert (model.is_tied, model.has_W_pos, model.norm) == (tied, positions, norm)
    if not positions:
        assert "adds no position embedding" in sentence(lambda: model.W_pos, "W_pos of a rotary model", AttributeError)


# --- what the files really are: each was once a traceback, or a wrong diagnosis --------------------------------------

INDEX = "model.safetensors.index.json"
POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 538090408\n"


@BOTH
@pytest.mark.parametrize(
    "index",
    [
        [],
        None,
        3,
        "text",
        {},
        {"weight_map": None},
        {"weight_map": []},
        {"weight_map": {}},
        {"weight_map": {"transformer.wte.weight": 2}},
        {"weight_map": {"transformer.wte.weight": None}},
    ],
    ids=json.dumps,
)
def test_an_index_that_is_none(folder, load, index):
    there = folder("sharded")
    (there / INDEX).write_text(json.dumps(index))
    text = sentence(lambda: load(there), "no index", PROBLEM)
    assert INDEX in text and "is no index of shards" in text


@BOTH
@pytest.mark.parametrize("config", [[], "gpt2", None, 3, True], ids=json.dumps)
def test_a_config_that_is_none(folder, load, config):
    there = folder("gpt2")
    (there / "config.json").write_text(json.dumps(config))
    assert "no settings by name" in sentence(lambda: load(there), "config.json is no object", PROBLEM)


@BOTH
@pytest.mark.parametrize(
    "file", ["model.safetensors", "config.json", "tokenizer.json", INDEX, "model-00001-of-00002.safetensors"]
)
def test_a_git_lfs_pointer(folder, load, file):
    there = folder("sharded" if "0" in file or file == INDEX else "gpt2")
    (there / file).write_text(POINTER)
    text = sentence(lambda: load(there), f"{file} is a git-lfs pointer", PROBLEM)
    assert file in text and "run `git lfs pull`" in text and "damaged" not in text


@BOTH
def test_a_git_lfs_pointer_for_pickled_weights(folder, load):
    there = folder("pickled")
    (there / "pytorch_model.bin").write_text(POINTER)
    text = sentence(lambda: load(there), "pytorch_model.bin is a git-lfs pointer", PROBLEM)
    assert "git lfs pull" in text and "run code" not in text


@BOTH
@pytest.mark.parametrize("file", ["model.safetensors", "config.json", "tokenizer.json"])
def test_a_link_to_what_is_gone(folder, load, file):
    there = folder("gpt2")
    (there / file).unlink()
    (there / file).symlink_to("../../blobs/4d7a")
    text = sentence(lambda: load(there), f"{file} is a dangling link", PROBLEM)
    assert file in text and "which is gone" in text


@BOTH
def test_an_index_of_other_weights(folder, load):
    there = folder("sharded")
    index = json.loads((there / INDEX).read_text())
    index["weight_map"] |= {"transformer.wte.weight": "model-00001-of-00002.safetensors"}
    (there / INDEX).write_text(json.dumps(index))
    text = sentence(lambda: load(there), "an index of other weights", PROBLEM)
    assert "model-00001-of-00002.safetensors has no transformer.wte.weight" in text and "damaged" not in text


@BOTH
def test_an_adapter_is_no_model(folder, load):
    there = folder("gpt2")
    (there / "adapter_config.json").write_text('{"base_model_name_or_path": "gpt2"}')
    (there / "model.safetensors").rename(there / "adapter_model.safetensors")
    assert "no model by itself" in sentence(lambda: load(there), "adapter with a config", PROBLEM)
    (there / "config.json").unlink()
    assert "merge_and_unload" in sentence(lambda: load(there), "adapter", PROBLEM)


@BOTH
@pytest.mark.parametrize("name", ["gpt2", "pickled"])
def test_empty_weights_of_zero_3(folder, load, name):
    there = folder(name)
    if name == "gpt2":
        change(there, **{"wte.weight": torch.zeros(0)})
    else:
        state = torch.load(there / "pytorch_model.bin", weights_only=True) | {"wte.weight": torch.zeros(0)}
        torch.save(state, there / "pytorch_model.bin")
    text = sentence(lambda: load(there), "empty weights", PROBLEM)
    assert "zero_to_fp32.py" in text and ("model.safetensors" in text or "pytorch_model.bin" in text)


@BOTH
@pytest.mark.parametrize(
    "value", [torch.tensor(float("nan")), torch.zeros(4), torch.zeros(2, 3, 4)], ids=lambda v: v.ndim
)
def test_an_embedding_that_is_no_matrix(folder, load, value):
    there = folder("gpt2")
    change(there, **{"wte.weight": value})
    sentence(lambda: load(there), f"an embedding of {value.ndim} dimensions", PROBLEM)


@BOTH
def test_a_sparse_tensor(folder, load):
    there = folder("pickled")
    state = torch.load(there / "pytorch_model.bin", weights_only=True)
    torch.save(state | {"wte.weight": state["wte.weight"].to_sparse()}, there / "pytorch_model.bin")
    assert "sparse" in sentence(lambda: load(there), "a sparse tensor", PROBLEM)


# --- names and folders ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["gpt2", "openai-community/gpt2", "GPT2"])
def test_a_folder_called_like_the_real_model(folder, tmp_path, monkeypatch, name):
    """GPT-2 is not whatever lies in ./gpt2: its name means the hub, or its stand-in; the folder is asked for as ./gpt2."""
    shutil.copytree(doubles.small("pickled"), tmp_path / name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ZEROPOINT_MODELS", "standin")
    assert models.find(name).label() == "mini-gpt2 (raw, stand-in)"
    assert models.find(f"./{name}").source == models.find(tmp_path / name).source == "folder"


def test_a_folder_without_a_model_does_not_hide_a_name(tmp_path, monkeypatch, hub):
    (tmp_path / PYTHIA).mkdir(parents=True)  # a reader's notes, say
    (tmp_path / PYTHIA / "notes.txt").write_text("layer 3!")
    monkeypatch.chdir(tmp_path)
    assert models.load_embedding(PYTHIA).source == "hub"
