"""Loading: both stand-ins, folders, and which model a name means."""

import gc
import json
import subprocess
import sys
import weakref

import pytest
import torch
from transformers import AutoModelForCausalLM

from benchmarks.bench import ROOT, until_first_figure
from zeropoint import geometry, models, plots
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


def built(monkeypatch):
    """A list that gets the name of each model whose bridge is built."""
    names, build = [], models._bridge_of

    def counted(model):
        names.append(model.found.name)
        return build(model)

    monkeypatch.setattr(models, "_bridge_of", counted)
    return names


def test_a_bridge_is_built_once_where_it_is_first_used(monkeypatch):
    bridges = built(monkeypatch)
    model = models.load("mini-neo")
    plots.cosine_figure({model.label: geometry.cosine_sample(model.W_E)}, "pairs")
    assert model.tokenizer and model.is_tied and not model.is_large and model.norm and bridges == []
    assert model.has_W_pos and model.W_U.shape and model.bridge is model.bridge and bridges == ["mini-neo"]
    assert torch.equal(model.bridge.W_E, models.load_embedding("mini-neo").W)
    assert model.bridge.W_E.data_ptr() == model.plain.get_input_embeddings().weight.data_ptr()  # no second copy
    assert {p.requires_grad for p in model.bridge.parameters()} == {True}  # as TransformerLens gives it


def test_processing_is_done_at_loading_and_once(monkeypatch):
    bridges = built(monkeypatch)
    model = models.load("mini-gpt2", processed=True)
    assert bridges == ["mini-gpt2"]
    assert torch.equal(model.W_E, model.bridge.W_E) and model.basis == "processed" and bridges == ["mini-gpt2"]


@pytest.mark.parametrize("notebook", ["notebooks/01", "puzzles/01", "solutions/01"])
def test_the_first_figure_of_01_needs_no_bridge(notebook, monkeypatch, tmp_path):
    """Nor transformer_lens, whose import takes a while; in a process of its own, since others here import it."""
    monkeypatch.setenv("ZEROPOINT_MODELS", "standin")
    monkeypatch.setenv("ZEROPOINT_PROGRESS", str(tmp_path / "progress.json"))
    code = until_first_figure(notebook) + "\nimport sys\nassert samples and 'transformer_lens' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


def test_models_are_freed_though_imports_are_frozen():
    first = models.load("mini-gpt2")
    _ = first.bridge  # it refers to itself, so only a search for garbage finds it
    frozen, gone = gc.get_freeze_count(), weakref.ref(first.plain)
    del first
    models.load("mini-gpt2")
    assert frozen and gc.get_freeze_count() <= frozen and gone() is None


def test_what_transformer_lens_cannot_do_is_one_sentence(monkeypatch):
    from transformer_lens.model_bridge import TransformerBridge

    model, boot = models.load("mini-gpt2"), TransformerBridge.boot_transformers
    with monkeypatch.context() as patch, pytest.raises(ValueError, match="cannot build a bridge") as caught:
        patch.setattr(TransformerBridge, "boot_transformers", lambda *_, **__: {}["X is unsupported\nmore"])
        _ = model.bridge
    assert "\n" not in str(caught.value) and model.W_E.shape  # what does not need it still works
    with monkeypatch.context() as patch, pytest.raises(ValueError, match="another W_E"):
        patch.setattr(TransformerBridge, "W_E", property(lambda bridge: bridge.embed.weight + 1))
        _ = model.bridge
    assert model.bridge.W_E.shape and TransformerBridge.boot_transformers == boot


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
