"""Train the two stand-ins from scratch, on the standard library's source, and ship them with the package.

    python tools/standins.py [mini-neo] [mini-gpt2]

Both learn the same text with the same tokenizer, width and depth. Architecture, initialisation and beta2 follow their
namesakes. What does not: GPT-Neo's z-loss, 1e-4 over half a million updates, is 0.1 here, so that a few thousand do the
same: log Z goes to 0. Nothing like it is known of GPT-2, and its stand-in has none. Weight decay is 0 for mini-neo, as
GPT-Neo's probably was, and 0.01 for mini-gpt2; neither has dropout. Learning rates, batches, steps, width and vocabulary
were chosen so that small models show both regimes within minutes: with few tokens a step mini-neo's mean would be more of
a ray. So the stand-ins show what the two regimes look like;
why they differ is for notebook 04, which varies one thing at a time.
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
import transformers
from safetensors.torch import save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from tqdm.auto import tqdm
from transformers import GPT2Config, GPT2LMHeadModel, GPTNeoConfig, GPTNeoForCausalLM, PreTrainedTokenizerFast

from zeropoint.geometry import kind_of_mean, mean_pairwise_cosine
from zeropoint.tiny.corpus import END, LICENCE, encode, stdlib_text
from zeropoint.tiny.training import Recipe, Trunk, held_out_numbers, make_optimizer, train_steps
from zeropoint.tiny.watching import frequency_groups, observe, observed_steps

ROOT = Path(__file__).parents[1]
SHIPPED = ROOT / "zeropoint" / "standins"
SCRATCH = ROOT / "build" / "standins"
D_VOCAB, D_MODEL, N_LAYERS, N_HEADS, CTX, WINDOW = 8192, 128, 4, 4, 128, 32
RECIPES = {
    "mini-neo": Recipe(steps=3000, batch=10, ctx=CTX, lr=2.5e-3, beta2=0.95, weight_decay=0.0, z_loss=0.1),
    "mini-gpt2": Recipe(steps=12000, batch=4, ctx=CTX, lr=3e-3, beta2=0.999, weight_decay=0.01),
}
SAVE_EVERY = 200
SNAPSHOTS = (0, 64, 256, 1024)  # steps at which a sample of the embedding is kept
SNAPSHOT_ROWS = 512
PROMPTS = (
    "def read_lines(path):\n    with open(path",
    "class Stack:\n    def push(self, item):\n",
    "import os\nimport sys\n\nfor name in",
)


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
    for block in model.transformer.h:
        block.mlp.act = torch.nn.GELU(approximate="tanh")  # the same function as the config's, in one pass
    return model


def trunk_of(model: torch.nn.Module) -> Trunk:
    return lambda ids: (model.transformer(ids).last_hidden_state, model.lm_head.weight)


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


def snapshot_sample(groups: list[torch.Tensor]) -> torch.Tensor:
    """Token ids whose rows are kept: as many of each frequency group, evenly spread; a small group's repeat."""
    each = SNAPSHOT_ROWS // len(groups) + 1
    return torch.cat([ids[torch.linspace(0, len(ids) - 1, each).long()] for ids in groups])[:SNAPSHOT_ROWS]


def train(name: str, train_ids: torch.Tensor, test_ids: torch.Tensor) -> tuple[torch.nn.Module, dict]:
    """The trained model, and the state of its run: seconds of one core, rows of the trajectory, snapshots by step."""
    recipe, model = RECIPES[name], new_model(name)
    optimizer, trunk = make_optimizer(model, recipe), trunk_of(model)
    groups = frequency_groups(torch.bincount(train_ids, minlength=D_VOCAB))
    sample = snapshot_sample(groups)
    W_E = model.transformer.wte.weight
    state = dict(step=0, rows=[], snapshots={"token_ids": sample}, seconds=0.0, smooth=math.nan)
    checkpoint = SCRATCH / f"{name}.pt"
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        model.load_state_dict(state.pop("model"))
        optimizer.load_state_dict(state.pop("optimizer"))
    began = time.process_time() - state["seconds"]  # of the processor: a shared machine's clock says little
    watched = observed_steps(recipe.steps)

    def look(step: int) -> None:
        if step in watched:
            shared = dict(step=step, tokens=step * recipe.tokens_per_step, train_loss=state["smooth"])
            shared |= held_out_numbers(trunk, test_ids, CTX)
            state["rows"] += [shared | row for row in observe(W_E.detach(), groups)]
        if step in SNAPSHOTS:
            state["snapshots"][f"step_{step}"] = W_E.detach()[sample].half()

    if state["step"] == 0:
        look(0)
    bar = tqdm(total=recipe.steps, initial=state["step"], desc=name, mininterval=10)
    for step, loss in train_steps(model, trunk, train_ids, recipe, optimizer, start=state["step"]):
        state["smooth"] = loss if math.isnan(state["smooth"]) else 0.98 * state["smooth"] + 0.02 * loss
        state["step"] = step
        look(step)
        bar.update()
        if step % SAVE_EVERY == 0 or step == recipe.steps:
            state["seconds"] = time.process_time() - began
            bar.set_postfix(loss=f"{state['smooth']:.2f}", mean_cosine=f"{mean_pairwise_cosine(W_E):.3f}")
            torch.save(
                state | dict(model=model.state_dict(), optimizer=optimizer.state_dict()), checkpoint.with_suffix(".new")
            )
            checkpoint.with_suffix(".new").replace(checkpoint)
    bar.close()
    return model, state


def ship(name: str, model: torch.nn.Module, state: dict, tokenizer: Tokenizer) -> None:
    """Write the folder that a user loads: weights in half precision, tokenizer, trajectory and snapshots."""
    folder = SHIPPED / name
    folder.mkdir(parents=True, exist_ok=True)
    model.half().save_pretrained(folder)
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token=END, eos_token=END, unk_token=END).save_pretrained(
        folder
    )
    save_file(state["snapshots"], folder / "snapshots.safetensors")
    with open(folder / "trajectory.csv", "w", newline="") as f:
        writer = csv.DictWriter(f, state["rows"][0])  # the first row is of the whole vocabulary and has every column
        writer.writeheader()
        writer.writerows(
            {k: f"{v:.6g}" if isinstance(v, float) else v for k, v in row.items()} for row in state["rows"]
        )


def record(name: str, model: torch.nn.Module, state: dict, tokenizer: Tokenizer) -> None:
    """Write how the stand-in came about and what it is; measured on the weights as they are shipped."""
    texts, held_out = stdlib_text()
    train_ids, test_ids = encode(tokenizer, texts), encode(tokenizer, held_out)
    counts = torch.bincount(train_ids, minlength=D_VOCAB)
    frequency = counts[counts > 0] / counts.sum()
    bytes_a_token = sum(len(text.encode()) for text in held_out) / len(test_ids)
    trunk = trunk_of(model.float())
    numbers = held_out_numbers(trunk, test_ids, CTX, windows=len(test_ids) // CTX)
    loss = numbers.pop("held_out_loss")
    about = dict(
        recipe=asdict(RECIPES[name]),
        seconds=round(state["seconds"]),
        text="the source of Python's standard library, but for its tests; one file in twenty held out",
        licence_of_text=LICENCE,
        training_tokens_available=len(train_ids),
        unigram_entropy_nats=round(-(frequency * frequency.log()).sum().item(), 4),
        held_out_loss_nats=round(loss, 4),
        held_out_loss_nats_per_byte=round(loss / bytes_a_token, 4),
        kind_of_mean={k: round(v, 4) for k, v in asdict(kind_of_mean(model.transformer.wte.weight)).items()},
        normaliser={k: round(v, 4) for k, v in numbers.items()},
        completions=[completion(model, tokenizer, prompt) for prompt in PROMPTS],
        versions=dict(python=platform.python_version(), torch=torch.__version__, transformers=transformers.__version__),
    )
    (SHIPPED / name / "record.json").write_text(json.dumps(about, indent=1) + "\n")
    print(json.dumps(about, indent=1))


def completion(model: torch.nn.Module, tokenizer: Tokenizer, prompt: str) -> str:
    """The prompt and 80 tokens more, drawn with seed 0 at temperature 0.6."""
    torch.manual_seed(0)
    ids = torch.tensor([tokenizer.encode(prompt).ids])
    drawn = model.generate(ids, max_new_tokens=80, do_sample=True, temperature=0.6, pad_token_id=0)
    return tokenizer.decode(drawn[0].tolist())


def main() -> None:
    SCRATCH.mkdir(parents=True, exist_ok=True)
    texts, held_out = stdlib_text()
    tokenizer = new_tokenizer(texts)
    train_ids, test_ids = encode(tokenizer, texts), encode(tokenizer, held_out)
    for name in sys.argv[1:] or list(RECIPES):
        model, state = train(name, train_ids, test_ids)
        ship(name, model, state, tokenizer)
        record(name, model, state, tokenizer)


if __name__ == "__main__":
    main()
