"""Loading: both stand-ins, folders, and which model a name means."""

import json

import pytest
import torch
from transformers import AutoModelForCausalLM

from zeropoint import geometry, models
from zeropoint.models import hub


@pytest.fixture(scope="module", params=list(models.STAND_INS))
def loaded(request):
    return models.load(request.param)


def test_bridge_logits_equal_those_of_hugging_face(loaded):
    reference = AutoModelForCausalLM.from_pretrained(loaded.found.folder, dtype=torch.float32)
    ids = torch.tensor([loaded.tokenizer.encode("def read(path):\n    return open(path)")])
    with torch.no_grad():
        torch.testing.assert_close(loaded.bridge(ids), reference(ids).logits, atol=1e-4, rtol=0)


def test_shapes_label_and_basis(loaded):
    W_E = loaded.W_E
    assert loaded.W_U.shape == W_E.T.shape and loaded.W_pos.shape[1] == W_E.shape[1]
    assert loaded.label == f"{loaded.found.name} (raw, stand-in)"
    assert torch.equal(W_E, models.load_embedding(loaded.found.again).W.float())


def test_a_slip_in_a_notebook_does_not_damage_the_model(loaded):
    before = loaded.W_E
    loaded.W_E.zero_()
    assert torch.equal(loaded.W_E, before)


def test_processed_basis_says_so():
    processed = models.load("mini-gpt2", processed=True)
    assert processed.label == "mini-gpt2 (processed, stand-in)"
    assert processed.W_E.mean(1).abs().max() < 1e-5  # writing weights are centred over d_model


def test_folder_and_sharded_folder(tmp_path):
    model = AutoModelForCausalLM.from_pretrained(models.standin_folder("mini-gpt2"))
    model.save_pretrained(tmp_path / "whole")
    model.save_pretrained(tmp_path / "sharded", max_shard_size="2MB")
    assert (tmp_path / "sharded" / "model.safetensors.index.json").exists()
    whole, sharded = (models.load_embedding(tmp_path / name) for name in ("whole", "sharded"))
    assert torch.equal(whole.W, sharded.W)
    assert whole.label == "whole (raw, folder)"
    assert torch.equal(models.load_embedding(whole.found.again).W, whole.W)  # its name alone names no folder


def test_the_rule_of_zeropoint_models(monkeypatch):
    monkeypatch.setattr(hub, "has", lambda name, revision=None: False)
    monkeypatch.setenv("ZEROPOINT_MODELS", "auto")
    assert models.find("gpt2").label() == "mini-gpt2 (raw, stand-in)"
    monkeypatch.setenv("ZEROPOINT_MODELS", "hub")
    monkeypatch.setattr(hub, "cached", lambda name, revision=None: None)
    monkeypatch.setattr(hub, "reachable", lambda: False)
    with pytest.raises(hub.HubError, match="does not answer"):
        models.find("gpt2")
    monkeypatch.setenv("ZEROPOINT_MODELS", "standin")
    with pytest.raises(FileNotFoundError, match="no stand-in for facebook/opt-125m"):
        models.find("facebook/opt-125m")
    monkeypatch.setenv("ZEROPOINT_MODELS", "yes")
    with pytest.raises(ValueError, match="auto, hub, standin"):
        models.find("gpt2")


def test_wrong_paths_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="no folder"):
        models.find(str(tmp_path / "nowhere"))
    with pytest.raises(FileNotFoundError, match=r"config\.json"):
        models.find(tmp_path)


@pytest.mark.parametrize("name", list(models.STAND_INS))
def test_stand_ins_are_language_models(name):
    """And no worse than the first pair, whose vocabulary was larger: so the loss is measured per byte of text."""
    record = json.loads((models.standin_folder(name) / "record.json").read_text())
    assert record["held_out_loss_nats"] < 0.7 * record["unigram_entropy_nats"]
    assert record["held_out_loss_nats_per_byte"] <= {"mini-neo": 1.153, "mini-gpt2": 0.987}[name]


@pytest.mark.parametrize("name", list(models.STAND_INS))
def test_the_record_describes_the_weights_beside_it(name):
    record = json.loads((models.standin_folder(name) / "record.json").read_text())
    measured = vars(geometry.kind_of_mean(models.load_embedding(name).W.float()))
    assert record["kind_of_mean"] == {k: pytest.approx(v, rel=1e-3, abs=1e-4) for k, v in measured.items()}


def test_both_regimes_emerged():
    """GPT-Neo's kind: large, an offset, log Z at 0. GPT-2's: small. Published: 0.93, 0.183 and about 19; about 0.3."""
    neo, gpt2 = (geometry.kind_of_mean(models.load_embedding(name).W.float()) for name in models.STAND_INS)
    assert neo.mean_cosine >= 0.9 and neo.mean_abs_cosine_centred <= 0.25 and neo.dimension_centred >= 10
    assert 0.2 <= gpt2.mean_cosine <= 0.4 and gpt2.mean_abs_cosine_centred <= 0.25
    record = json.loads((models.standin_folder("mini-neo") / "record.json").read_text())
    assert abs(record["normaliser"]["log_Z"]) <= 1


def test_the_stand_ins_share_a_tokenizer_and_are_small():
    folders = [models.standin_folder(name) for name in models.STAND_INS]
    one, other = ((folder / "tokenizer.json").read_bytes() for folder in folders)
    assert one == other
    assert sum(file.stat().st_size for folder in folders for file in folder.iterdir()) < 16e6


def test_the_plain_model_keeps_the_raw_weights():
    raw, processed = (models.load("mini-gpt2", processed=p) for p in (False, True))
    assert torch.equal(processed.plain.transformer.wte.weight, raw.W_E) and not torch.equal(processed.W_E, raw.W_E)
    ids = torch.tensor([[1, 2, 3]])
    with torch.no_grad():
        torch.testing.assert_close(raw.plain(ids).logits, raw.bridge(ids))


def test_facts_about_a_model_are_read_from_its_weights(loaded):
    """Both stand-ins are of the kind that the post is about; other kinds are tested with the doubles of tests/hub."""
    assert loaded.is_tied and loaded.has_W_pos
    assert loaded.norm == "LayerNorm"


def test_any_pair_by_argument_or_variable(monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("ZEROPOINT_MODELS", "standin")
    folder = tmp_path / "mine"
    AutoModelForCausalLM.from_pretrained(models.standin_folder("mini-gpt2")).save_pretrained(folder)
    for file in models.standin_folder("mini-gpt2").glob("tokenizer*"):
        (folder / file.name).write_bytes(file.read_bytes())
    labels = ["mini-neo (raw, stand-in)", "mine (raw, folder)"]
    assert [m.label for m in models.load_pair("mini-neo", folder)] == labels
    monkeypatch.setenv("ZEROPOINT_PAIR", f"mini-neo, {folder}")
    assert [m.label for m in models.load_pair()] == labels
    assert "not GPT-Neo or GPT-2" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("variable", "words"),
    [
        ("", "does not name two models"),
        ("gpt2", "does not name two models"),
        ("gpt2,", "does not name two models"),
        ("a,b,c", "does not name two models"),
        ("mini-neo,mini-neo", "Both models are called mini-neo"),
        ("mini-neo,gpt2", "Only the stand-in mini-gpt2 for gpt2 could be had"),
        ("mini-neo,./nowhere", "There is no folder"),
    ],
)
def test_a_bad_pair_is_one_sentence(variable, words, monkeypatch):
    monkeypatch.setenv("ZEROPOINT_MODELS", "standin")
    monkeypatch.setenv("ZEROPOINT_PAIR", variable)
    with pytest.raises((ValueError, FileNotFoundError), match=words) as caught:
        models.load_pair()
    assert "\n" not in str(caught.value)


def test_one_model_is_no_pair():
    with pytest.raises(ValueError, match="two models, or none"):
        models.load_pair("mini-neo")
