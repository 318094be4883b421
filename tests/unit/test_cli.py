"""python -m zeropoint stats."""

import json
import shutil
import subprocess
import sys

import pytest
import torch
from transformers import AutoModelForCausalLM, GPTNeoXConfig, GPTNeoXForCausalLM

from zeropoint import geometry, models
from zeropoint.__main__ import main, stats

KEYS = (
    "model source basis d_vocab d_model mean_cosine norm_of_mean mean_row_norm median_cosine_with_mean "
    "mean_cosine_centred rows_without_direction rows_beyond_tokenizer mean_abs_cosine_centred mean_abs_cosine_centred_error seconds"
).split()


def test_json_has_the_promised_keys(capsys):
    main(["stats", "mini-neo", "--json"])
    numbers = json.loads(capsys.readouterr().out)
    assert list(numbers) == KEYS
    W = models.load_embedding("mini-neo").W.float()
    u = torch.nn.functional.normalize(W - W.mean(0), dim=1)
    assert numbers["mean_cosine"] == pytest.approx(geometry.mean_pairwise_cosine(W))
    assert numbers["norm_of_mean"] == pytest.approx(W.mean(0).norm().item(), rel=1e-5)
    assert numbers["mean_cosine_centred"] == pytest.approx((u.sum(0).norm() ** 2 / len(u) ** 2).item(), abs=1e-3)


def test_each_line_has_a_name_and_a_value(capsys):
    main(["stats", "mini-neo"])
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == KEYS and all(len(line.split()) > 1 for line in lines)


def test_an_untied_model_without_tokenizer(tmp_path):
    config = GPTNeoXConfig(
        vocab_size=300, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32
    )
    model = GPTNeoXForCausalLM(config)
    model.save_pretrained(tmp_path)
    numbers = stats(str(tmp_path))
    W = model.get_input_embeddings().weight
    assert (numbers["d_vocab"], numbers["d_model"]) == (300, 16)
    assert numbers["mean_cosine"] == pytest.approx(geometry.mean_pairwise_cosine(W), abs=1e-6)
    output = models.load_embedding(tmp_path, output=True)
    assert torch.equal(output.W, model.get_output_embeddings().weight)


def padded(folder, rows):
    """mini-gpt2 with these rows set in its embedding, and one row more than its tokenizer has tokens."""
    model = AutoModelForCausalLM.from_pretrained(models.standin_folder("mini-gpt2"), dtype=torch.float32)
    W = model.get_input_embeddings().weight.data
    for row, value in rows.items():
        W[row] = value
    model.resize_token_embeddings(len(W) + 3, mean_resizing=False)
    model.get_input_embeddings().weight.data[len(W) :] = 0
    model.save_pretrained(folder)
    for file in models.standin_folder("mini-gpt2").glob("tokenizer*"):
        shutil.copy(file, folder)


def test_rows_without_direction_and_beyond_the_tokenizer_are_counted_and_said(tmp_path, capsys):
    """Padding of zeros, and rows that only rounding keeps from zero, change no number; and the reader learns of them."""
    padded(tmp_path / "padded", {7: 0, 8: 1e-22, 9: 1e-24, 10: -1e-9})
    main(["stats", str(tmp_path / "padded"), "--json"])
    said = capsys.readouterr()
    numbers = json.loads(said.out)
    assert (numbers["rows_without_direction"], numbers["rows_beyond_tokenizer"]) == (7, 3)
    assert f"7 of {numbers['d_vocab']} rows are zero or next to it" in said.err
    W = models.load_embedding("mini-gpt2").W.float()
    kept = W[[i for i in range(len(W)) if i not in (7, 8, 9, 10)]]
    assert numbers["mean_cosine"] == pytest.approx(geometry.mean_pairwise_cosine(kept), abs=1e-6)
    assert numbers["mean_row_norm"] == pytest.approx(kept.norm(dim=1).mean().item(), rel=1e-5)
    main(["survey", str(tmp_path / "padded"), "--out", str(tmp_path / "table.csv")])
    assert capsys.readouterr().out.splitlines()[1].split()[-3:] == ["7", "3", "0.0"]


def test_a_sample_says_how_far_it_may_be_off(capsys):
    main(["stats", "mini-gpt2", "--json"])
    sampled = json.loads(capsys.readouterr().out)
    main(["stats", "mini-gpt2", "--json", "--exact"])
    exact = json.loads(capsys.readouterr().out)
    off = abs(sampled["mean_abs_cosine_centred"] - exact["mean_abs_cosine_centred"])
    assert exact["mean_abs_cosine_centred_error"] == 0 < off < 4 * sampled["mean_abs_cosine_centred_error"]
    assert sampled["mean_cosine"] == exact["mean_cosine"]  # an identity gives it without a pair


@pytest.mark.parametrize("scale", [1e19, 1e-22])
def test_the_scale_changes_no_cosine(tmp_path, scale):
    model = AutoModelForCausalLM.from_pretrained(models.standin_folder("mini-gpt2"), dtype=torch.float32)
    model.get_input_embeddings().weight.data *= scale
    model.save_pretrained(tmp_path)
    ours, theirs = (stats(name, exact=True) for name in (str(tmp_path), "mini-gpt2"))
    for key in ("mean_cosine", "mean_cosine_centred", "median_cosine_with_mean", "mean_abs_cosine_centred"):
        assert ours[key] == pytest.approx(theirs[key], abs=1e-5), key
    assert ours["norm_of_mean"] == pytest.approx(scale * theirs["norm_of_mean"], rel=1e-4)
    assert ours["rows_beyond_tokenizer"] is None  # there is no tokenizer in this folder


@pytest.mark.parametrize("name", ["./nowhere", "no/such-model"])
def test_errors_are_one_sentence_and_no_traceback(name):
    done = subprocess.run([sys.executable, "-m", "zeropoint", "stats", name], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith("zeropoint: ") and "Traceback" not in done.stderr and done.stderr.count("\n") == 1
