"""Test doubles: checkpoints with the names, sizes and file layouts of published ones, and nothing of their weights.

Each config.json says `"zeropoint_test_double": true`, so every label says so too. Of the full-size ones GPT-Neo-125M
and GPT-2 small have a token embedding drawn to match the published figures (shared/FACTS.md names the sources); of the
others only the sizes are true, and all else is at its initialisation. They are made once, under build/doubles/, each in
half a minute or so, and never committed.

    python -m tests.hub.doubles     make the pair, print its statistics
"""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from filelock import FileLock
from jaxtyping import Float
from safetensors.torch import save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from torch import Tensor
from transformers import (
    BertConfig,
    BertForMaskedLM,
    GPT2Config,
    GPT2LMHeadModel,
    GPTJConfig,
    GPTNeoConfig,
    GPTNeoForCausalLM,
    GPTNeoXConfig,
    GPTNeoXForCausalLM,
    LlamaConfig,
    LlamaForCausalLM,
    OPTConfig,
    OPTForCausalLM,
)

from tests.hub.loopback import LoopbackHub
from zeropoint.geometry import centre, effective_dimension, mean_pairwise_cosine
from zeropoint.puzzles.p09.gptj import NAME as GPTJ
from zeropoint.puzzles.p09.gptj import double as gptj_rows
from zeropoint.tiny.corpus import stdlib_text

ROOT = Path(__file__).parents[2]
BUILD = ROOT / "build" / "doubles"
D_VOCAB, END = 50257, "<|endoftext|>"
MARK = {"zeropoint_test_double": True}


@dataclass(frozen=True)
class Cloud:
    """What a drawn embedding is to match. `residual` is the mean |cosine| after centring."""

    norm_of_mean: float
    row_norm: float
    residual: float


NEO = Cloud(norm_of_mean=11.0, row_norm=11.4, residual=0.1831)
GPT2 = Cloud(norm_of_mean=2.052, row_norm=3.96, residual=0.05)  # the residual is not published: a mild spectrum


def draw(cloud: Cloud, n: int, d: int, seed: int = 0) -> Float[Tensor, "n d"]:
    """A mean vector plus a Gaussian cloud whose variances fall as a power of their rank, to match `cloud`."""
    g = torch.Generator().manual_seed(seed)

    def shape(power: float, rows: int) -> Tensor:
        return torch.randn(rows, d, generator=g) * torch.arange(1, d + 1).pow(-power / 2)

    def residual(power: float) -> float:
        u = torch.nn.functional.normalize(centre(shape(power, 1500)), dim=1)
        return ((u @ u.T).abs().sum() - 1500).item() / (1500 * 1499)

    low, high = 0.0, 3.0
    while high - low > 1e-3:  # a steeper spectrum has fewer dimensions and so larger cosines
        middle = (low + high) / 2
        low, high = (middle, high) if residual(middle) < cloud.residual else (low, middle)
    turn = torch.linalg.qr(torch.randn(d, d, generator=g)).Q
    x = centre(shape(low, n) @ turn.T)
    mu = torch.randn(d, generator=g)
    mu *= cloud.norm_of_mean / mu.norm()
    scale = 1.0
    for _ in range(6):  # Newton, to the mean row norm
        norms = (mu + scale * x).norm(dim=1)
        slope = (((mu + scale * x) * x).sum(1) / norms).mean()
        scale -= ((norms.mean() - cloud.row_norm) / slope).item()
    return mu + scale * x


def tokenizer_files(folder: Path, size: int = D_VOCAB) -> None:
    """GPT-2's kind of tokenizer with `size` entries, learned from the standard library: vocab.json, merges.txt, …"""
    kept = BUILD / f"tokenizer-{size}"
    if not kept.exists():
        tokenizer = Tokenizer(models.BPE())
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        tokenizer.decoder = decoders.ByteLevel()
        alphabet = pre_tokenizers.ByteLevel.alphabet()
        trainer = trainers.BpeTrainer(vocab_size=size - 1, initial_alphabet=alphabet, show_progress=False)
        tokenizer.train_from_iterator(stdlib_text()[0][: 40 if size < 5000 else None], trainer)
        fill = size - 1 - tokenizer.get_vocab_size()
        tokenizer.add_tokens([f"<|unused{i}|>" for i in range(fill)])  # a small library has too few words
        tokenizer.add_special_tokens([END])
        part = kept.with_suffix(".part")
        part.mkdir(parents=True, exist_ok=True)
        tokenizer.save(str(part / "tokenizer.json"))
        tokenizer.model.save(str(part))
        (part / "tokenizer_config.json").write_text(
            json.dumps({"tokenizer_class": "GPT2TokenizerFast", "bos_token": END, "eos_token": END, "unk_token": END})
        )
        part.rename(kept)
    folder.mkdir(parents=True, exist_ok=True)
    for file in kept.iterdir():
        shutil.copy(file, folder)


def write_config(folder: Path, model: torch.nn.Module, **more: object) -> None:
    """config.json as published, marked as a test double, and a model card that says it."""
    architecture = {"architectures": [type(model).__name__]}
    config = model.config.to_diff_dict() | architecture | {"model_type": model.config.model_type} | MARK | more
    config.pop("transformers_version", None), config.pop("dtype", None)
    (folder / "config.json").write_text(json.dumps(config, indent=2))
    (folder / "README.md").write_text("A test double: the layout of the published model, random weights.\n")


def neo(folder: Path, n: int = D_VOCAB, d: int = 768, layers: int = 12, ctx: int = 2048) -> None:
    """EleutherAI/gpt-neo-125m: one safetensors file, keys with the `transformer.` prefix, tied."""
    ends = dict(bos_token_id=n - 1, eos_token_id=n - 1, vocab_size=n)
    types = [[["global", "local"], layers // 2]]
    torch.manual_seed(0)
    model = GPTNeoForCausalLM(
        GPTNeoConfig(**ends, hidden_size=d, num_layers=layers, num_heads=d // 64 or 2, attention_types=types,
                     max_position_embeddings=ctx)
    )  # fmt: skip
    with torch.no_grad():
        model.transformer.wte.weight.copy_(draw(NEO, n, d))
    tokenizer_files(folder, n)
    write_config(folder, model)
    save_file(parameters(model), folder / "model.safetensors", {"format": "pt"})


def gpt2(folder: Path, n: int = D_VOCAB, d: int = 768, layers: int = 12, ctx: int = 1024) -> None:
    """gpt2: one safetensors file, keys without the `transformer.` prefix and with the attention masks, tied."""
    tokenizer_files(folder, n)
    model = gpt2_model(GPT2, n, d, layers, ctx)
    write_config(folder, model)
    tensors = {k.removeprefix("transformer."): v for k, v in parameters(model).items()}
    for layer in range(layers):
        tensors[f"h.{layer}.attn.bias"] = torch.ones(1, 1, ctx, ctx).tril()
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})


def gpt2_model(cloud: Cloud, n: int, d: int, layers: int, ctx: int, seed: int = 0) -> GPT2LMHeadModel:
    """The architecture with a drawn token embedding."""
    torch.manual_seed(seed)
    ends = dict(bos_token_id=n - 1, eos_token_id=n - 1, vocab_size=n)
    model = GPT2LMHeadModel(GPT2Config(**ends, n_embd=d, n_layer=layers, n_head=d // 64 or 2, n_positions=ctx))
    with torch.no_grad():
        model.transformer.wte.weight.copy_(draw(cloud, n, d, seed))
    return model


def parameters(model: torch.nn.Module) -> dict[str, Tensor]:
    """What published files hold: every parameter once, the tied output matrix not at all."""
    return {k: v.detach().clone() for k, v in model.named_parameters()}


def pythia(folder: Path, n: int = 50304, d: int = 768, layers: int = 12, ctx: int = 2048) -> None:
    """EleutherAI/pythia-160m: untied, `gpt_neox.embed_in.weight` and a separate `embed_out.weight`."""
    torch.manual_seed(0)
    config = GPTNeoXConfig(vocab_size=n, hidden_size=d, num_hidden_layers=layers, num_attention_heads=d // 64 or 2,
                           intermediate_size=4 * d, max_position_embeddings=ctx, bos_token_id=n - 1,
                           eos_token_id=n - 1)  # fmt: skip
    model = GPTNeoXForCausalLM(config)
    tokenizer_files(folder, n)
    write_config(folder, model, tie_word_embeddings=False)
    tensors = {k.replace("lm_head.weight", "embed_out.weight"): v for k, v in parameters(model).items()}
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})


def llama(folder: Path, n: int, d: int, layers: int, ctx: int) -> None:
    """SmolLM2's kind: tied, RMSNorm, rotary positions, no biases; one safetensors file."""
    torch.manual_seed(2)
    model = LlamaForCausalLM(
        LlamaConfig(vocab_size=n, hidden_size=d, intermediate_size=2 * d, num_hidden_layers=layers, num_attention_heads=2,
                    max_position_embeddings=ctx, tie_word_embeddings=True, bos_token_id=n - 1, eos_token_id=n - 1)
    )  # fmt: skip
    tokenizer_files(folder, n)
    write_config(folder, model)
    save_file(parameters(model), folder / "model.safetensors", {"format": "pt"})


def opt(folder: Path, n: int = 50272, d: int = 768, layers: int = 12, ctx: int = 2048) -> None:
    """facebook/opt-125m: tied, `pytorch_model.bin` only."""
    torch.manual_seed(0)
    ends = dict(bos_token_id=n - 1, eos_token_id=n - 1, pad_token_id=n - 1, vocab_size=n)
    model = OPTForCausalLM(
        OPTConfig(**ends, hidden_size=d, word_embed_proj_dim=d, num_hidden_layers=layers,
                  num_attention_heads=d // 64 or 2, ffn_dim=4 * d, max_position_embeddings=ctx)
    )  # fmt: skip
    tokenizer_files(folder, n)
    write_config(folder, model)
    torch.save(parameters(model), folder / "pytorch_model.bin")


def bert(folder: Path, n: int = 30522, d: int = 768, layers: int = 12) -> None:
    """google-bert/bert-base-uncased: an encoder; its LayerNorms' tensors have their names of old, gamma and beta."""
    torch.manual_seed(0)
    model = BertForMaskedLM(
        BertConfig(vocab_size=n, hidden_size=d, num_hidden_layers=layers, num_attention_heads=d // 64 or 2,
                   intermediate_size=4 * d)
    )  # fmt: skip
    tokenizer_files(folder, n)
    write_config(folder, model)
    old = {"LayerNorm.weight": "LayerNorm.gamma", "LayerNorm.bias": "LayerNorm.beta"}
    tensors = {
        next((k.replace(new, name) for new, name in old.items() if k.endswith(new)), k): v
        for k, v in parameters(model).items()
    }
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})


def gptj(folder: Path, n: int) -> None:
    """EleutherAI/gpt-j-6b, its embedding alone, float16, and one more tensor that nobody should fetch."""
    rows = gptj_rows(trained=400, untrained=20)
    rows = rows.repeat(-(-n // len(rows)), 1)[:n].half()
    config = GPTJConfig(vocab_size=n, n_embd=rows.shape[1]).to_diff_dict() | {"model_type": "gptj"} | MARK
    (folder / "config.json").write_text(json.dumps(config, indent=2))
    rest = torch.zeros(1000, rows.shape[1], dtype=torch.half)
    tensors = {"transformer.wte.weight": rows, "transformer.h.0.mlp.fc_in.weight": rest}
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})


def pickled(
    folder: Path, n: int, d: int, layers: int, ctx: int,
    mean: float = 2.052, seed: int = 0, prefix: str = "transformer.",
) -> None:  # fmt: skip
    """A GPT-2 with `pytorch_model.bin` only, as the stanford-crfm checkpoints have it; ‖mean‖ as asked."""
    model = gpt2_model(Cloud(mean, math.hypot(mean, 3.4), 0.2), n, d, layers, ctx, seed)
    tokenizer_files(folder, n)
    write_config(folder, model)
    torch.save(
        {prefix + k.removeprefix("transformer."): v for k, v in parameters(model).items()}, folder / "pytorch_model.bin"
    )


def sharded(folder: Path, n: int = 512, d: int = 32) -> None:
    """A GPT-2 in two safetensors files and their index; the embedding lies in the second."""
    model = gpt2_model(GPT2, n, d, 2, 64)
    tokenizer_files(folder, n)
    write_config(folder, model)
    tensors = parameters(model)
    shards = {"model-00001-of-00002.safetensors": [k for k in tensors if "wte" not in k]}
    shards["model-00002-of-00002.safetensors"] = [k for k in tensors if "wte" in k]
    for file, keys in shards.items():
        save_file({k: tensors[k] for k in keys}, folder / file, {"format": "pt"})
    index = {"metadata": {}, "weight_map": {k: file for file, keys in shards.items() for k in keys}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))


def made(name: str, make: Callable[[Path], None], under: Path = BUILD) -> Path:
    """The double's folder under `under`, made at the first call, by one process at a time, whole or not at all."""
    under.mkdir(parents=True, exist_ok=True)
    folder = under / name
    with FileLock(under / f".{name}.lock"):
        if not folder.exists():
            part = under / f".{name}.part"
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir()
            make(part)
            part.rename(folder)
    return folder


TINY = (512, 32, 2, 64)  # d_vocab, d_model, layers, n_ctx
TEXTED = (4096, 64, 2, 128)
CRFM = {0: 0.01, 100: 1.0, 1000: 2.0, 10_000: 4.0, 400_000: 6.0}  # ‖mean‖ by step, invented: it is to rise, no more
SMALL = {
    "gpt-neo-125m": lambda f: neo(f, *TEXTED),
    "gpt2": lambda f: gpt2(f, *TEXTED),
    "pythia": lambda f: pythia(f, *TINY),
    "opt": lambda f: opt(f, *TINY),
    "bert": lambda f: bert(f, 512, 32, 2),
    "llama": lambda f: llama(f, *TINY),
    # as wide as the notebooks need: enough words for analogies, rows of 128 tokens
    "pythia-4k": lambda f: pythia(f, *TEXTED),
    "pythia-3-layers": lambda f: pythia(f, 4096, 64, 3, 128),
    "opt-4k": lambda f: opt(f, *TEXTED),
    "llama-4k": lambda f: llama(f, *TEXTED),
    "gpt-j": lambda f: gptj(f, 420),
    "sharded": sharded,
    "pickled": lambda f: pickled(f, *TINY, prefix=""),
} | {f"crfm-{step}": lambda f, step=step: pickled(f, *TINY, mean=CRFM[step], seed=step) for step in CRFM}
WHOLE = [name for name in SMALL if name != "gpt-j"]  # of GPT-J there is the embedding alone
FULL = {
    "gpt-neo-125m": neo,
    "gpt2": gpt2,
    "pythia": pythia,
    "opt": opt,
    "bert": bert,
    "gpt-j": lambda f: gptj(f, 50400),
} | {f"crfm-{step}": lambda f, step=step: pickled(f, D_VOCAB, 768, 12, 1024, CRFM[step], step) for step in CRFM}
# name on the hub, and how it is found by readers where that is a former name
PUBLISHED = {
    "gpt-neo-125m": ("EleutherAI/gpt-neo-125m", "EleutherAI/gpt-neo-125M"),
    "gpt2": ("openai-community/gpt2", "gpt2"),
    "pythia": ("EleutherAI/pythia-160m", None),
    "opt": ("facebook/opt-125m", None),
    "bert": ("google-bert/bert-base-uncased", None),
    "gpt-j": (GPTJ, None),
}
STANFORD = "stanford-crfm/alias-gpt2-small-x21"


def small(name: str) -> Path:
    """A double of a few hundred kilobytes."""
    return made(name, SMALL[name], BUILD / "small")


def full(name: str) -> Path:
    """A double of true size, about 500 MB."""
    return made(name, FULL[name], BUILD / "full")


def serve(hub: LoopbackHub, get: Callable[[str], Path]) -> None:
    """Add to a loopback hub all that the notebooks ask for, under the published names; `get` is `small` or `full`."""
    for name, (repo, alias) in PUBLISHED.items():
        hub.add(repo, get(name), alias=alias)
    for step in CRFM:
        hub.add(STANFORD, get(f"crfm-{step}"), revision=f"checkpoint-{step}")


def main() -> None:
    from zeropoint.models import load_embedding

    for name in ("gpt-neo-125m", "gpt2"):
        folder = full(name)
        W = load_embedding(folder).W
        file = folder / "model.safetensors"
        print(f"{name}: {tuple(W.shape)}, {file.stat().st_size:,} bytes, norm of mean {W.mean(0).norm():.3f}, "
              f"mean row norm {W.norm(dim=1).mean():.3f}, mean cosine {mean_pairwise_cosine(W):.4f}, centred: "
              f"{mean_pairwise_cosine(centre(W)):.4f}, effective dimension {effective_dimension(centre(W)):.1f}")  # fmt: skip


if __name__ == "__main__":
    main()
