"""Train the two stand-ins from scratch, on the standard library's source, and ship them with the package.

    python tools/standins.py [mini-neo] [mini-gpt2]

Both learn the same text with the same tokenizer, width and depth. Architecture, beta2, weight decay and z-loss follow their
namesakes (GPT-Neo's training code; GPT-2's as far as it is known). Learning rate, batch and steps do not: they were chosen,
like the width and the vocabulary, so that small models reach both regimes within half an hour. So the stand-ins show what
the two regimes look like; why they differ is for notebook 04, which varies one thing at a time.
An interrupted run goes on from its last checkpoint under build/standins/.
"""

from __future__ import annotations

import csv
import json
import math
import platform
import sys
import time
from dataclasses import asdict
from pathlib import Path

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from tqdm.auto import tqdm
from transformers import GPT2Config, GPT2LMHeadModel, GPTNeoConfig, GPTNeoForCausalLM, PreTrainedTokenizerFast

from zeropoint.geometry import mean_pairwise_cosine
from zeropoint.tiny.corpus import END, encode, stdlib_text
from zeropoint.tiny.training import Recipe, held_out_loss, make_optimizer, train_steps
from zeropoint.tiny.watching import frequency_groups, observe, observed_steps

ROOT = Path(__file__).parents[1]
SHIPPED = ROOT / "zeropoint" / "standins"
SCRATCH = ROOT / "build" / "standins"
D_VOCAB, D_MODEL, N_LAYERS, N_HEADS, CTX, WINDOW = 16384, 128, 4, 4, 128, 32
RECIPES = {
    "mini-neo": Recipe(steps=6000, batch=4, ctx=CTX, lr=1e-3, beta2=0.95, weight_decay=0.1, z_loss=1e-4),
    "mini-gpt2": Recipe(steps=4000, batch=8, ctx=CTX, lr=3e-3, beta2=0.999, weight_decay=0.01),
}
SAVE_EVERY = 200
SNAPSHOTS = (0, 64, 256, 1024)  # steps at which a sample of the embedding is kept
SNAPSHOT_ROWS = 512
PROMPT = "def read_lines(path):\n    with open(path"


def new_model(name: str) -> torch.nn.Module:
    """The architecture at its initialisation: N(0, 0.02), positions N(0, 0.01), as in both namesakes' code."""
    torch.manual_seed(RECIPES[name].seed)
    ends = dict(bos_token_id=0, eos_token_id=0, vocab_size=D_VOCAB)
    if name == "mini-neo":
        model = GPTNeoForCausalLM(
            GPTNeoConfig(
                **ends,
                hidden_size=D_MODEL,
                num_layers=N_LAYERS,
                num_heads=N_HEADS,
                max_position_embeddings=CTX,
                attention_types=[[["global", "local"], N_LAYERS // 2]],
                window_size=WINDOW,
                attention_dropout=0.0,
                embed_dropout=0.0,
                resid_dropout=0.0,
            )
        )
    else:
        model = GPT2LMHeadModel(
            GPT2Config(
                **ends,
                n_embd=D_MODEL,
                n_layer=N_LAYERS,
                n_head=N_HEADS,
                n_positions=CTX,
                attn_pdrop=0.0,
                embd_pdrop=0.0,
                resid_pdrop=0.0,
            )
        )
    with torch.no_grad():
        model.transformer.wpe.weight.mul_(0.5)
    return model


def new_tokenizer(texts: list[str]) -> Tokenizer:
    """Byte-level BPE, as the real pair's."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(
        texts,
        trainers.BpeTrainer(
            vocab_size=D_VOCAB,
            special_tokens=[END],
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        ),
    )
    return tokenizer


def train(
    name: str, train_ids: torch.Tensor, test_ids: torch.Tensor, counts: torch.Tensor, tokenizer: Tokenizer
) -> None:
    recipe, model = RECIPES[name], new_model(name)
    optimizer = make_optimizer(model, recipe)
    groups = frequency_groups(counts)
    sample = torch.cat([g[torch.linspace(0, len(g) - 1, SNAPSHOT_ROWS // len(groups) + 1).long()] for g in groups])[
        :SNAPSHOT_ROWS
    ]
    W_E = model.transformer.wte.weight
    trunk = lambda ids: (model.transformer(ids).last_hidden_state, model.lm_head.weight)  # noqa: E731
    state = dict(step=0, rows=[], snapshots={}, seconds=0.0, smooth=math.nan)
    checkpoint = SCRATCH / f"{name}.pt"
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        model.load_state_dict(state.pop("model"))
        optimizer.load_state_dict(state.pop("optimizer"))
    began = time.perf_counter() - state["seconds"]
    watched = observed_steps(recipe.steps)

    def look(step: int) -> None:
        if step in watched:
            loss = held_out_loss(trunk, test_ids, CTX)
            shared = dict(
                step=step, tokens=step * recipe.batch * recipe.ctx, train_loss=state["smooth"], held_out_loss=loss
            )
            state["rows"] += [shared | row for row in observe(W_E.detach(), groups)]
        if step in SNAPSHOTS:
            state["snapshots"][str(step)] = W_E.detach()[sample].half()

    if state["step"] == 0:
        look(0)
    bar = tqdm(total=recipe.steps, initial=state["step"], desc=name, mininterval=10)
    for step, loss in train_steps(model, trunk, train_ids, recipe, optimizer, start=state["step"]):
        state["smooth"] = loss if math.isnan(state["smooth"]) else 0.98 * state["smooth"] + 0.02 * loss
        state["step"] = step
        look(step)
        bar.update()
        if step % SAVE_EVERY == 0 or step == recipe.steps:
            state["seconds"] = time.perf_counter() - began
            bar.set_postfix(loss=f"{state['smooth']:.2f}", mean_cosine=f"{mean_pairwise_cosine(W_E):.3f}")
            torch.save(
                state | dict(model=model.state_dict(), optimizer=optimizer.state_dict()), checkpoint.with_suffix(".new")
            )
            checkpoint.with_suffix(".new").replace(checkpoint)
    bar.close()
    ship(name, model, trunk, tokenizer, state, sample, test_ids, train_ids, counts)


def ship(name, model, trunk, tokenizer, state, sample, test_ids, train_ids, counts) -> None:
    """Write the folder that a user loads, with the record of how it came about."""
    folder = SHIPPED / name
    folder.mkdir(parents=True, exist_ok=True)
    prompt = torch.tensor([tokenizer.encode(PROMPT).ids])
    torch.manual_seed(0)
    completion = tokenizer.decode(
        model.generate(prompt, max_new_tokens=80, do_sample=True, temperature=0.6, pad_token_id=0)[0].tolist()
    )
    loss = held_out_loss(trunk, test_ids, CTX, windows=256)
    model.half().save_pretrained(folder)
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token=END, eos_token=END, unk_token=END).save_pretrained(
        folder
    )
    freq = counts[counts > 0] / counts.sum()
    save_file(
        {"token_ids": sample, **{f"step_{k}": v for k, v in state["snapshots"].items()}},
        folder / "snapshots.safetensors",
    )
    with open(folder / "trajectory.csv", "w", newline="") as f:
        writer = csv.DictWriter(f, state["rows"][0])
        writer.writeheader()
        writer.writerows(
            {k: f"{v:.6g}" if isinstance(v, float) else v for k, v in row.items()} for row in state["rows"]
        )
    (folder / "record.json").write_text(
        json.dumps(
            dict(
                recipe=asdict(RECIPES[name]),
                seconds=round(state["seconds"]),
                training_tokens_available=len(train_ids),
                unigram_entropy_nats=round(-(freq * freq.log()).sum().item(), 4),
                held_out_loss_nats=round(loss, 4),
                prompt=PROMPT,
                completion=completion,
                versions=dict(
                    python=platform.python_version(),
                    torch=torch.__version__,
                    transformers=__import__("transformers").__version__,
                ),
            ),
            indent=1,
        )
        + "\n"
    )
    print((folder / "record.json").read_text())


def main() -> None:
    SCRATCH.mkdir(parents=True, exist_ok=True)
    texts, held_out = stdlib_text()
    tokenizer = new_tokenizer(texts)
    train_ids, test_ids = encode(tokenizer, texts), encode(tokenizer, held_out)
    counts = torch.bincount(train_ids, minlength=D_VOCAB)
    for name in sys.argv[1:] or list(RECIPES):
        train(name, train_ids, test_ids, counts, tokenizer)


if __name__ == "__main__":
    main()
