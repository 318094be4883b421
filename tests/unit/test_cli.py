"""python -m zeropoint stats."""

import json
import subprocess
import sys

import pytest
import torch
from transformers import GPTNeoXConfig, GPTNeoXForCausalLM

from zeropoint import geometry, models
from zeropoint.__main__ import main, stats

KEYS = (
    "model source basis d_vocab d_model mean_cosine norm_of_mean mean_row_norm median_cosine_with_mean "
    "mean_cosine_centred mean_abs_cosine_centred seconds"
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


@pytest.mark.parametrize("name", ["./nowhere", "no/such-model"])
def test_errors_are_one_sentence_and_no_traceback(name):
    done = subprocess.run([sys.executable, "-m", "zeropoint", "stats", name], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith("zeropoint: ") and "Traceback" not in done.stderr and done.stderr.count("\n") == 1
