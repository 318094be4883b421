"""Every published layout loads, under its published name, with the right numbers and a label that says: test double."""

from __future__ import annotations

import pytest
import torch
from safetensors.torch import load_file

from tests.hub import doubles
from tests.hub.conftest import CRFM, GPT2, NEO, OPT, PICKLED, PYTHIA, SHARDED
from zeropoint import models
from zeropoint.geometry import mean_pairwise_cosine

ALL = {NEO: "gpt-neo-125m", GPT2: "gpt2", PYTHIA: "pythia", OPT: "opt", SHARDED: "sharded", PICKLED: "pickled"}


def weights(name: str) -> dict[str, torch.Tensor]:
    """A small double's tensors, without our own readers."""
    folder = doubles.small(name)
    if (folder / "pytorch_model.bin").exists():
        return torch.load(folder / "pytorch_model.bin", weights_only=True)
    return {k: v for file in folder.glob("*.safetensors") for k, v in load_file(file).items()}


def token_embedding(name: str) -> torch.Tensor:
    return next(
        v for k, v in weights(name).items() if k.endswith(("wte.weight", "embed_in.weight", "embed_tokens.weight"))
    )


@pytest.mark.parametrize("name", ALL)
def test_loads_under_its_name(hub, name):
    model = models.load(name)
    assert model.label == f"{name} [test double] (raw, hub)"
    assert torch.equal(model.W_E, token_embedding(ALL[name]))
    assert model.W_U.shape == model.W_E.T.shape
    text = "def read(path):"
    assert model.tokenizer.decode(model.tokenizer.encode(text), skip_special_tokens=True) == text
    assert torch.isfinite(model.bridge("def")).all()


@pytest.mark.parametrize("name", ALL)
def test_loads_again_without_a_request(hub, name):
    models.load(name)
    hub.log.clear()
    models.load(name)
    models.load_embedding(name)
    assert hub.log == []


def test_layouts_are_the_published_ones():
    assert "transformer.wte.weight" in weights("gpt-neo-125m") and "wte.weight" in weights("gpt2")
    assert {"gpt_neox.embed_in.weight", "embed_out.weight"} <= set(weights("pythia"))
    assert not list(doubles.small("pickled").glob("*.safetensors"))


def test_pair_from_the_hub(hub, capsys):
    assert [m.source for m in models.load_pair()] == ["hub", "hub"]
    assert capsys.readouterr().out.count("[test double]") == 2


def test_never_one_of_each(hub):
    """Where the hub has only one of the two, the pair is both stand-ins or an error, never mixed."""
    hub.fail("gpt2", "status", times=99, method="*", code=404, headers={"X-Error-Code": "RepoNotFound"})
    with pytest.raises(models.hub.HubError, match="gpt2: not on"):
        models.load_pair()


def test_untied_model_has_two_matrices(hub):
    one, other = models.load_embedding(PYTHIA), models.load_embedding(PYTHIA, output=True)
    assert (one.tensor_name, other.tensor_name) == ("gpt_neox.embed_in.weight", "embed_out.weight")
    assert torch.equal(other.W, weights("pythia")["embed_out.weight"])


@pytest.mark.parametrize("name", [NEO, GPT2, SHARDED, PICKLED])
def test_tied_model_has_one_matrix(hub, name):
    output = models.load_embedding(name, output=True)
    assert output.tensor_name.endswith("wte.weight") and torch.equal(output.W, models.load_embedding(name).W)


def test_revisions_of_a_training_run(hub):
    cosines = []
    for step in doubles.CRFM:
        embedding = models.load_embedding(CRFM, revision=f"checkpoint-{step}")
        assert embedding.label == f"{CRFM}@checkpoint-{step} [test double] (raw, hub)"
        assert torch.equal(embedding.W, token_embedding(f"crfm-{step}"))
        cosines.append(mean_pairwise_cosine(embedding.W))
    assert cosines == sorted(cosines)
    assert torch.equal(models.load(f"{CRFM}@checkpoint-100").W_E, token_embedding("crfm-100"))


def test_a_stand_in_is_never_called_by_the_real_name(hub, monkeypatch):
    monkeypatch.setenv("ZEROPOINT_MODELS", "standin")
    assert models.load_embedding(NEO).label == "mini-neo (raw, stand-in)"
    assert hub.log == []


def test_works_from_the_cache_without_a_network(hub, point):
    models.load_pair()
    models.load_embedding(PYTHIA)
    point("http://127.0.0.1:9")  # nobody listens there
    assert [m.source for m in models.load_pair()] == ["hub", "hub"]
    assert models.load_embedding(PYTHIA).source == "hub"


def test_a_token_stays_with_the_hub(hub, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_" + "x" * 34)  # the loopback's storage host refuses it
    assert models.load_embedding(NEO).source == "hub"
    assert models.load(GPT2).source == "hub"
