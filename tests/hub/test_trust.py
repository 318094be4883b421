"""Never a wrong matrix, never a wrong word about it: codes, look-alikes, ties, foreign code, tokenizers that are not there.

The inputs are small copies of layouts that are out there; each kind has several.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time

import pytest
import torch
from huggingface_hub import constants, hf_hub_download
from safetensors.torch import load_file, save_file
from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM, OPTConfig, OPTForCausalLM

from tests.hub import doubles
from tests.hub.conftest import PYTHIA
from tests.hub.test_faults import sentence
from tests.hub.test_local import BOTH, PROBLEM, change
from zeropoint import models
from zeropoint.models.survey import survey

N, D = 512, 32
IN, OUT = "model.embed_tokens.weight", "lm_head.weight"


def settings(folder, **more):
    """Change config.json; None removes a key."""
    config = json.loads((folder / "config.json").read_text()) | more
    (folder / "config.json").write_text(json.dumps({k: v for k, v in config.items() if v is not None}))


@pytest.fixture
def llama(tmp_path):
    """llama(tied): a folder with a Llama of random weights, its tokenizer, and its state."""

    def make(tied: bool = False, name: str = "llama"):
        torch.manual_seed(0)
        config = LlamaConfig(vocab_size=N, hidden_size=D, intermediate_size=64, num_hidden_layers=2,
                             num_attention_heads=2, tie_word_embeddings=tied)  # fmt: skip
        folder = tmp_path / name
        LlamaForCausalLM(config).save_pretrained(folder)
        doubles.tokenizer_files(folder, N)
        return folder

    return make


# A. Stored codes are not values.


def codes(kind: str) -> dict[str, torch.Tensor]:
    """An embedding as the formats store it, under the name of the values."""
    W = torch.randn(N, D)
    small, scale = (W * 40).clamp(-127, 127), torch.full((N, 1), 1 / 40)
    return {
        "mlx": {IN: torch.zeros(N, D // 8, dtype=torch.uint32), IN.replace("weight", "scales"): scale,
                IN.replace("weight", "biases"): scale.clone()},
        "int8": {IN: small.to(torch.int8), IN + "_scale": scale, IN + "_zero_point": torch.zeros(N, 1).to(torch.int8)},
        "int8 alone": {IN: small.to(torch.int8)},
        "float8": {IN: W.to(torch.float8_e4m3fn), IN + "_scale": scale},
        "float8 of blocks": {IN: W.to(torch.float8_e5m2), IN + "_scale_inv": scale},
        "bnb": {IN: torch.zeros(N * D // 2, 1, dtype=torch.uint8), IN + ".absmax": scale},
        "codes in halves": {IN: small.round().half(), IN + "_scale": scale},
        "gptq": {IN: None, IN.replace("weight", "qweight"): torch.zeros(N // 8, D, dtype=torch.int32),
                 IN.replace("weight", "scales"): scale},
    }[kind]  # fmt: skip


KINDS = ["mlx", "int8", "int8 alone", "float8", "float8 of blocks", "bnb", "codes in halves", "gptq"]


@BOTH
@pytest.mark.parametrize("kind", KINDS)
def test_codes_are_refused(llama, load, kind):
    folder = llama()
    change(folder, **codes(kind))
    text = sentence(lambda: load(folder), f"embedding as {kind} codes", PROBLEM)
    assert "as codes of a compressed format" in text and "not quantised" in text


@BOTH
def test_the_format_is_named(llama, load):
    folder = llama()
    change(folder, **codes("float8"))
    settings(folder, quantization_config={"quant_method": "fp8"})
    assert "(fp8" in sentence(lambda: load(folder), "embedding as codes of a named format", PROBLEM)


def test_codes_in_a_pickle(llama):
    folder = llama()
    state = load_file(folder / "model.safetensors") | {IN: torch.zeros(N, D, dtype=torch.int8)}
    (folder / "model.safetensors").unlink()
    torch.save(state, folder / "pytorch_model.bin")
    assert "I8" in sentence(lambda: models.load_embedding(folder), "codes in a .bin", PROBLEM)


def test_codes_in_a_layer(llama):
    """The embedding is whole, and can be read alone; the model cannot."""
    folder, name = llama(), "model.layers.0.mlp.up_proj.weight"
    W = load_file(folder / "model.safetensors")[name]
    change(folder, **{name: (W * 100).to(torch.int8), name + "_scale": torch.ones(1)})
    assert name in sentence(lambda: models.load(folder), "a layer as codes", PROBLEM)
    assert models.load_embedding(folder).W.shape == (N, D)


def test_codes_of_the_output_leave_the_input(llama, tmp_path):
    folder = llama()
    change(folder, **{OUT: torch.zeros(N, D, dtype=torch.int8)})
    rows = list(survey([str(folder)], tmp_path / "s.csv"))
    assert rows[0]["mean_cosine"] and "as codes" in rows[1]["problem"]


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_floats_of_sixteen_bits_and_more_are_values(llama, dtype):
    folder = llama()
    W = load_file(folder / "model.safetensors")[IN].to(dtype)
    change(folder, **{IN: W})
    assert torch.equal(models.load_embedding(folder).W, W)


def test_codes_on_the_hub_are_not_even_fetched(llama, hub):
    folder = llama()
    change(folder, **codes("float8"))
    hub.add("someone/float8", folder)
    sentence(lambda: models.load_embedding("someone/float8"), "codes on the hub", (*PROBLEM, models.hub.HubError))
    assert not list(hub.cache.rglob(f"{IN}*"))


@BOTH
@pytest.mark.parametrize("shape", [(N, D // 4), (N, 2 * D), (7, D), (N * D,)])
def test_a_matrix_of_another_shape_is_refused(llama, load, shape):
    folder = llama()
    change(folder, **{IN: torch.randn(*shape)})
    text = sentence(lambda: load(folder), "embedding of another shape", PROBLEM)
    assert str(list(shape)) in text and f"[{N}, {D}]" in text


def test_a_factorised_embedding_is_named(tmp_path):
    OPTForCausalLM(
        OPTConfig(vocab_size=N, hidden_size=64, word_embed_proj_dim=D, num_hidden_layers=2, num_attention_heads=2,
                  ffn_dim=64, max_position_embeddings=64)
    ).save_pretrained(tmp_path / "opt")  # fmt: skip
    embedding = models.load_embedding(tmp_path / "opt")
    assert embedding.W.shape == (N, D)
    assert embedding.label == "opt (raw, factorised: 32 of the residual stream's 64, folder)"
    told = subprocess.run(
        [sys.executable, "-m", "zeropoint", "stats", tmp_path / "opt"], capture_output=True, text=True
    )
    assert "factorised: 32 of the residual stream's 64" in told.stdout


# B. The architecture says which matrix it is.


def test_an_attentions_output_is_not_the_output_matrix(llama):
    folder = llama()
    change(folder, **{"model.layers.0.attention.output.weight": torch.randn(D, D)})
    W = load_file(folder / "model.safetensors")[OUT]
    assert torch.equal(models.load_embedding(folder, output=True).W, W)


def unknown(folder, state: dict[str, torch.Tensor], **config):
    """A folder of a class that transformers does not have."""
    folder.mkdir()
    save_file(state, folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps({"model_type": "nobody_knows", "vocab_size": N} | config))
    return folder


def test_an_unknown_class_with_one_candidate(tmp_path):
    W, U = torch.randn(N, D), torch.randn(N, D)
    state = {"tower.embed_tokens.weight": torch.randn(9, D), "lm.embed_tokens.weight": W, "lm.lm_head.weight": U,
             "a.attention.output.weight": torch.randn(D, D), "lm.norm.weight": torch.ones(D)}  # fmt: skip
    folder = unknown(tmp_path / "lm", state)
    assert torch.equal(models.load_embedding(folder).W, W)
    assert torch.equal(models.load_embedding(folder, output=True).W, U)


@pytest.mark.parametrize("other", ["talker.embed_tokens.weight", "action_head.embed_tokens.weight"])
def test_an_unknown_class_with_several_candidates(tmp_path, other):
    names = ["thinker.embed_tokens.weight", other]
    folder = unknown(tmp_path / "lm", {name: torch.randn(N, D) for name in names})
    text = sentence(lambda: models.load_embedding(folder), "two embeddings, class unknown", PROBLEM)
    assert all(name in text for name in names)
    assert (
        models.load_embedding(
            unknown(tmp_path / "one", {names[0]: torch.ones(N, D), other: torch.randn(N + 1, D)})
        ).tensor_name
        == names[0]
    )


def test_an_unknown_class_without_a_candidate(tmp_path):
    folder = unknown(tmp_path / "lm", {"vocabulary.table": torch.randn(N, D), "a.weight": torch.randn(D, D)})
    assert "vocabulary.table" in sentence(
        lambda: models.load_embedding(folder), "no usual name, class unknown", PROBLEM
    )


def test_a_known_class_does_not_take_another_part(llama):
    """Of two `embed_tokens.weight` the model's own, wherever the other stands in the alphabet; none if its own is missing."""
    folder = llama()
    W = load_file(folder / "model.safetensors")[IN]
    change(
        folder, **{"action_head.embed_tokens.weight": torch.randn(N, D), "zz.embed_tokens.weight": torch.randn(N, D)}
    )
    assert torch.equal(models.load_embedding(folder).W, W)
    change(folder, **{IN: None})
    text = sentence(lambda: models.load_embedding(folder), "its own embedding is missing", PROBLEM)
    assert IN in text and "action_head.embed_tokens.weight" in text


@pytest.mark.parametrize("prefix", ["", "transformer."])
def test_files_with_and_without_the_prefix(tmp_path, prefix):
    model = GPT2LMHeadModel(GPT2Config(vocab_size=N, n_embd=D, n_layer=1, n_head=2, n_positions=16))
    folder = tmp_path / "gpt2"
    model.save_pretrained(folder)
    state = {prefix + k.removeprefix("transformer."): v.clone() for k, v in doubles.parameters(model).items()}
    save_file(state, folder / "model.safetensors", {"format": "pt"})
    assert models.load_embedding(folder).tensor_name == f"{prefix}wte.weight"


# C. Values decide whether a model is tied.


def both_names(folder, pickled: bool, **more):
    state = load_file(folder / "model.safetensors")
    state = {k: v.clone() for k, v in (state | {OUT: state[IN]} | more).items() if v is not None}
    (folder / "model.safetensors").unlink()
    if pickled:
        torch.save(state, folder / "pytorch_model.bin")
    else:
        save_file(state, folder / "model.safetensors", {"format": "pt"})
    return folder


@pytest.mark.parametrize("by_config", [True, False])
@pytest.mark.parametrize("pickled", [True, False])
def test_equal_matrices_are_tied(llama, tmp_path, by_config, pickled):
    folder = both_names(llama(), pickled)
    settings(folder, tie_word_embeddings=by_config)
    assert models.load_embedding(folder, output=True).tensor_name == IN
    assert [row["matrix"] for row in survey([str(folder)], tmp_path / "s.csv")] == ["tied"]


def test_different_matrices_are_not_tied_whatever_the_config_says(llama, tmp_path):
    folder = llama()
    settings(folder, tie_word_embeddings=True)
    output = models.load_embedding(folder, output=True)
    assert output.tensor_name == OUT and not torch.equal(output.W, models.load_embedding(folder).W)
    assert [row["matrix"] for row in survey([str(folder)], tmp_path / "s.csv")] == ["input", "output"]


def test_a_tied_file_that_kept_only_the_other_name(llama):
    folder = llama(tied=True)
    W = load_file(folder / "model.safetensors")[IN]
    change(folder, **{IN: None, OUT: W})
    one, other = models.load_embedding(folder), models.load_embedding(folder, output=True)
    assert one.tensor_name == other.tensor_name == OUT and torch.equal(one.W, W)


@pytest.mark.parametrize("flag", [True, None])
def test_the_flag_in_text_config_or_nowhere(tmp_path, flag):
    """The input row is read in any case; without a flag nobody knows of the output."""
    folder = unknown(tmp_path / "lm", {"lm.embed_tokens.weight": torch.randn(N, D)}, vocab_size=None,
                     text_config={"vocab_size": N} | ({"tie_word_embeddings": True} if flag else {}))  # fmt: skip
    rows = list(survey([str(folder)], tmp_path / "s.csv"))
    assert rows[0]["mean_cosine"] and rows[0]["matrix"] == ("tied" if flag else "input")
    assert flag or "no output matrix" in rows[1]["problem"]
    again = list(survey([str(folder)], tmp_path / "s.csv"))
    assert [row["problem"] for row in again] == [row["problem"] for row in rows]


def test_tied_on_the_hub_costs_two_beginnings_or_two_matrices(llama, hub, monkeypatch):
    """Of two matrices with different beginnings only the one that is asked for comes."""
    monkeypatch.setattr(constants, "DOWNLOAD_CHUNK_SIZE", 4096)
    monkeypatch.setattr(models.hub, "HEADER_BYTES", 1000)
    hub.add("someone/untied", llama(name="untied"))
    size = N * D * 4
    output = models.load_embedding("someone/untied", output=True)
    assert output.tensor_name == OUT and size < output.bytes_moved < size + 2 * 4096 + 8000
    hub.add("someone/tied", both_names(llama(name="tied"), pickled=False))
    output = models.load_embedding("someone/tied", output=True)
    assert output.tensor_name == IN and 2 * size < output.bytes_moved < 2 * size + 2 * 4096 + 8000


# H. Code that comes with a model is never run, nor asked for.


def foreign(folder, kind: str):
    """The folder's own code would leave a file behind."""
    folder.mkdir(exist_ok=True)
    ran = folder / "RAN"
    for file in ("configuration_x", "modeling_x", "tokenization_x"):
        (folder / f"{file}.py").write_text(f"open({str(ran)!r}, 'w').close()\nclass X: pass\n")
    auto = {"AutoConfig": "configuration_x.X", "AutoModel": "modeling_x.X", "AutoModelForCausalLM": "modeling_x.X"}
    settings(folder, model_type=kind, auto_map=auto)
    (folder / "tokenizer_config.json").write_text(
        json.dumps({"tokenizer_class": "X", "auto_map": {"AutoTokenizer": ["tokenization_x.X", None]}})
    )
    return ran


@pytest.mark.parametrize("kind", ["nobody_knows", "llama"])
@pytest.mark.parametrize("command", ["stats", "survey", "load"])
def test_foreign_code_is_neither_run_nor_asked_for(llama, tmp_path, command, kind):
    folder = llama()
    if command == "load":  # its tokenizer is to be had by its code alone
        without_tokenizer(folder)
    ran = foreign(folder, kind)
    call = ["-m", "zeropoint", command, folder]
    if command == "load":
        call = ["-c", f"from zeropoint import models; models.load({str(folder)!r})"]
    began = time.monotonic()
    process = subprocess.run([sys.executable, *call], input="y\ny\ny\n", capture_output=True, text=True, cwd=tmp_path)
    said = process.stdout + process.stderr
    assert not ran.exists() and "[y/N]" not in said and time.monotonic() - began < 90
    if command == "load":
        assert process.returncode and ("never run here" in said)
    elif kind == "llama":
        assert "mean_cosine" in said or "tied" in said or "input" in said


# E. A tokenizer that is not there.


def without_tokenizer(folder):
    for file in [*folder.glob("*token*"), *folder.glob("vocab*"), *folder.glob("merges*")]:
        file.unlink()
    return folder


def test_a_folder_without_a_tokenizer(llama):
    folder = without_tokenizer(llama())
    text = sentence(lambda: models.load(folder), "folder without a tokenizer", PROBLEM)
    assert f"no tokenizer for its {N} tokens" in text
    assert models.load_embedding(folder).W.shape == (N, D)  # which needs none


def test_a_tokenizer_of_another_model(llama):
    folder = without_tokenizer(llama())
    doubles.tokenizer_files(folder, 300)
    models.load(folder)  # padding of a good third
    without_tokenizer(folder)
    (folder / "vocab.json").write_text(json.dumps({"a": 0, "b": 1, "<|endoftext|>": 2}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "GPT2Tokenizer"}))
    assert "no tokenizer" in sentence(lambda: models.load(folder), "tokenizer far too small", PROBLEM)


def cache_of_another_program(hub):
    """The cache with a model's weights, and without its tokenizer."""
    for file in ("config.json", "model.safetensors"):
        hf_hub_download(PYTHIA, file, cache_dir=hub.cache)


def test_a_cache_without_the_tokenizer_is_completed(hub):
    cache_of_another_program(hub)
    model = models.load(PYTHIA)
    assert model.tokenizer.decode(model.tokenizer.encode("def read"), skip_special_tokens=True) == "def read"


def test_a_cache_without_the_tokenizer_and_no_network(hub, point):
    cache_of_another_program(hub)
    point("http://127.0.0.1:9")
    text = sentence(lambda: models.load(PYTHIA), "cached without tokenizer, no network", models.hub.HubError)
    assert "tokenizer" in text


# K. "processed" only where all of it was done.


def test_what_was_processed_is_what_the_label_says(llama):
    assert models.load(doubles.small("pythia"), processed=True).basis == "processed"
    model = models.load(llama(), processed=True)
    assert model.basis == "partly processed: norms folded, unembedding centred"
    assert model.W_U.mean(1).abs().max() < 1e-6 and torch.equal(model.W_E, model.plain.get_input_embeddings().weight)
