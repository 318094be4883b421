"""One factor at a time: what is varied, what a run measures, and how the recorded runs are read.

`tools/grid.py` runs a plan; notebook 04 reads what it recorded and runs a cell of it live. The plan "grid" looks for what
makes a mean large; "normaliser" for its kind, for what pins h·μ, and for what splits that product.
"""

from __future__ import annotations

import hashlib
import platform
import time
from collections.abc import Iterator
from dataclasses import fields
from functools import cache
from pathlib import Path

import pandas as pd
import torch
from jaxtyping import Int
from torch import Tensor
from torch.nn import functional as F

from zeropoint.tiny.corpus import Text, tokens_for
from zeropoint.tiny.pushes import Pushes
from zeropoint.tiny.shape import TinyConfig, TinyLM
from zeropoint.tiny.training import Recipe, batch_at, make_optimizer, train
from zeropoint.tiny.watching import KIND, Movement

FOLDER = Path(__file__).parents[1] / "data"
MATRIX = ("mean_cosine", "norm_of_mean", "mean_row_norm", *KIND)  # measured of each matrix; tied, there is one
OUTPUT = (
    "log_Z",
    "log_Z_spread",
    "h_dot_mean",
    "hidden_along_mean",
    "norm_of_mean_hidden",
)  # what its mean does at the output
PUSHES = ("push_cross_entropy", "push_z_loss", "push_decay")  # along the output matrix's final mean

# What differs from the base: names of TinyConfig, of Recipe, "text"; "live", the entries that occur in the text (None: all);
# "pushes", whether it is watched who moves the mean, which changes nothing.
Setting = dict[str, float | int | str | bool | None]
BASE: Setting = dict(
    d_vocab=4096, d_model=64, n_layers=2, n_heads=4, ctx=64, tied=True, norm="pre", positions=True, biases=True,
    window=None, final_gain=True, final_bias=True, sink=False, dropout=0.0, free_scalar=False, init_std=0.02,
    optimizer="adamw", steps=600, batch=4, lr=2e-3, final_lr=0.1, warmup=60, beta2=0.95, eps=1e-8, bias_correction=True,
    weight_decay=0.1, embedding_decay=1.0, embedding_lr=1.0, final_norm_lr=1.0, scalar_lr=1.0, z_loss=0.0, z_target=0.0,
    z_through="both", text="stdlib", live=None, pushes=False,
)  # fmt: skip
QUICK: Setting = dict(d_vocab=1024, steps=300, warmup=30, batch=4)  # a smaller base, for a reader's laptop

# The first list is run first. "×" below means that the other factor is varied with it.
CORE: list[Setting] = [
    {},
    *({"beta2": b} for b in (0.9, 0.99, 0.999)),
    *({"optimizer": "coupled-adam", "beta2": b} for b in (0.95, 0.999)),
    *({"batch": b} for b in (1, 32)),
    *({"weight_decay": w} for w in (0.0, 0.01)),
    {"beta2": 0.999, "weight_decay": 0.01},  # as in GPT-2's predecessor, both at once
    {"tied": False},
    # 8 tokens a step for each token of the vocabulary; GPT-Neo had 10
    *({"d_vocab": v, "batch": v // 8, "beta2": b} for v in (512, 1024, 2048) for b in (0.95, 0.999)),
    *({"beta2": b, "batch": n} for n in (1, 32) for b in (0.9, 0.99, 0.999)),  # β₂ × tokens per step
]
REST: list[Setting] = [
    *({"norm": n} for n in ("post", "none")),
    {"positions": False},
    {"biases": False},
    {"window": 16},
    *({"z_loss": z} for z in (1e-4, 1e-2)),
    *({"init_std": s} for s in (0.005, 0.1)),
    *({"lr": r} for r in (1e-3, 4e-3)),
    *({"lr": r, "beta2": 0.999} for r in (1e-3, 4e-3)),
    {"optimizer": "sgd", "weight_decay": 0.0, "lr": 1.0},
    {"d_vocab": 1024},
    {"d_vocab": 8192},
    *({"text": t} for t in ("shuffled", "level")),
    *({"text": "second half", "beta2": b} for b in (0.95, 0.999)),
    *({"d_model": 128, "beta2": b} for b in (0.95, 0.999)),
    *({"final_lr": 1.0, "beta2": b} for b in (0.95, 0.999)),
    {"lr": 8e-3, "optimizer": "coupled-adam"},  # rows that move as far an update as the base's
    *({"tied": False, "optimizer": o, "weight_decay": 0.0, "lr": r} for o, r in (("sgd", 1.0), ("coupled-adam", 2e-3))),
    {"tied": False, "beta2": 0.999},
    *({"steps": 2400, "warmup": 240, "beta2": b} for b in (0.95, 0.999)),
    {"batch": 32, "steps": 75, "warmup": 8},  # as many tokens in all as the base
]  # fmt: skip
QUICK_PLAN: list[Setting] = [
    {}, {"beta2": 0.999}, {"optimizer": "coupled-adam"}, {"batch": 1}, {"batch": 32}, {"weight_decay": 0.0},
    {"tied": False}, {"norm": "none"}, {"positions": False}, {"text": "level"},
]  # fmt: skip
SEEDS = 3

# The second plan. Small models and long runs: log Z needs thousands of updates to come to rest.
LONG: Setting = dict(d_vocab=2048, batch=2, steps=2000, warmup=100, lr=3e-3)
LARGE: Setting = dict(batch=16, steps=600)  # eight times the tokens a step
SLOW: Setting = dict(beta2=0.999)
WEAK: Setting = dict(z_loss=1e-2)
Z: Setting = dict(z_loss=1e-1)  # the dose that brings log Z to its target within these runs
FAR: Setting = WEAK | dict(z_target=-50.0)  # GPT-2's log Z; at a dose of 0.1 it would drown the cross-entropy
FREE: Setting = Z | dict(free_scalar=True, scalar_lr=10.0)
WATCHED: Setting = dict(pushes=True)

# A question a list: a plan cut short has answered the first ones with all their seeds.
DOSE: list[Setting] = [WATCHED, WEAK | WATCHED, Z, SLOW, Z | SLOW]
TARGET: list[Setting] = [FAR, WEAK | {"z_target": 20.0}, FREE]
SPLIT: list[Setting] = [  # who can move faster: the embedding, or what gives the hidden states a mean?
    FAR | SLOW, FAR | {"final_norm_lr": 10.0}, FAR | {"embedding_decay": 30.0},
]  # fmt: skip
# As far, but gently, so that the model learns its text as well; then one more thing at a time.
GENTLE: Setting = dict(steps=4000, z_loss=1e-3, z_target=-50.0)
QUICK_NORM: Setting = GENTLE | SLOW | {"final_norm_lr": 10.0}
BRANCH: list[Setting] = [GENTLE, GENTLE | SLOW, QUICK_NORM, GENTLE | {"final_norm_lr": 10.0}]
UNDECAYED: list[Setting] = [QUICK_NORM | {"weight_decay": 0.0}]
BATCH: list[Setting] = [LARGE | WATCHED, LARGE | Z, LARGE | Z | SLOW]
SHORT: list[Setting] = [Z | {"steps": 600}, Z | SLOW | {"steps": 600}]  # the batch or the fewer updates?
PUSHED: list[Setting] = [LARGE | WEAK | WATCHED]
RIVALS: list[Setting] = [Z | s for s in ({"dropout": 0.1}, {"bias_correction": False})]
COUPLED: Setting = dict(optimizer="coupled-adam")
UNDRIFTED: list[Setting] = [Z | COUPLED]
BOTH: list[Setting] = [Z | {"batch": 8}, Z | {"batch": 8, "steps": 4000}]  # in search of all of GPT-Neo's numbers
DECAY: list[Setting] = [{"steps": 5000, "weight_decay": w} for w in (0.0, 0.5)]  # 0 and 4 e-folds
TAIL: list[Setting] = [{"d_vocab": 1024}, {"d_vocab": 5120, "live": 1024}]  # four entries of five that no text ever has
TIME: list[Setting] = [{"z_loss": 1e-3}, {"steps": 8000, "z_loss": 1e-2}, {"steps": 8000, "z_loss": 1e-3}]
DOSES: list[Setting] = [  # the rest of the table: dose × memory × who may drift
    WEAK | SLOW, COUPLED, COUPLED | WEAK, {"z_loss": 1e-4}, {"z_loss": 1e-3} | SLOW, {"z_loss": 1e-4} | SLOW,
    {"tied": False}, Z | {"tied": False},
]  # fmt: skip
LARGER: list[Setting] = [LARGE | SLOW, LARGE | Z | COUPLED, LARGE | WEAK | SLOW]
# In search of a long mean hidden state in place of a long μ: an embedding that moves slowly, and begins long. It learned
# no more than the tokens' frequencies; kept for whoever would try it again.
SLOW_ROWS: Setting = dict(init_std=0.25, embedding_lr=0.05, weight_decay=0.0)
HIDDEN: list[Setting] = [SLOW_ROWS, SLOW_ROWS | WEAK | {"z_target": -40.0}]
MORE_RIVALS: list[Setting] = [
    Z | s
    for s in ({"positions": False}, {"norm": "post"}, {"text": "shuffled"}, {"window": 16}, {"biases": False}, {"init_std": 0.005})
]  # fmt: skip
MORE_SPLIT: list[Setting] = [
    FAR | s for s in ({"embedding_lr": 3.0}, {"positions": False}, {"final_gain": False}, {"norm": "none"})
]
MORE: list[Setting] = [
    WEAK | {"z_target": -20.0}, WEAK | SLOW | {"z_target": 20.0},
    *(Z | {"z_through": way} for way in ("hidden", "matrix")),
    Z | {"d_vocab": 5120, "live": 1024}, {"d_vocab": 2048, "live": 1024},
    *(z | {"optimizer": "sgd", "weight_decay": 0.0, "lr": 1.0} for z in ({}, Z)),
    *MORE_SPLIT,
    *(Z | {"z_target": t} for t in (20.0, -50.0)),  # these drown the cross-entropy
]  # fmt: skip
MORE_BRANCH: list[Setting] = [
    GENTLE | SLOW | {"final_norm_lr": 30.0}, QUICK_NORM | {"batch": 16, "steps": 2000}, QUICK_NORM | {"dropout": 0.1},
]  # fmt: skip
# In search of GPT-2's branch. Rows that begin as long as GPT-2's (0.02 · √768), no decay, large batches, a last LayerNorm
# that moves fast; then one of these at a time as it was.
REACH: Setting = QUICK_NORM | dict(batch=16, steps=2000, final_norm_lr=30.0, init_std=0.07, weight_decay=0.0)
UNASKED: Setting = dict(z_loss=0.0, z_target=0.0)
REACHED: list[Setting] = [
    REACH, REACH | UNASKED, REACH | {"beta2": 0.95}, REACH | {"final_norm_lr": 1.0},
    REACH | {"init_std": 0.02}, REACH | {"weight_decay": 0.1}, REACH | {"batch": 2, "steps": 4000},
    REACH | {"init_std": 0.14}, REACH | UNASKED | {"init_std": 0.14},
]  # fmt: skip
# The table of doses made whole: dose × memory × batch × whose second moment; and a dose ten times the largest.
SMALL: list[Setting] = [{"z_loss": 1e-4}, {"z_loss": 1e-3}]
EVERY: list[Setting] = [{}, *SMALL, WEAK, Z]
FULL: Setting = dict(z_loss=1.0)  # as heavy as the cross-entropy
WHOLE: list[Setting] = [
    *(LARGE | dose for dose in SMALL), *(LARGE | SLOW | dose for dose in SMALL), *(COUPLED | dose for dose in SMALL),
    *(LARGE | COUPLED | dose for dose in (*SMALL, {}, WEAK)), *({"tied": False} | dose for dose in (*SMALL, WEAK)),
    *(base | FULL for base in ({}, SLOW, COUPLED, LARGE, LARGE | COUPLED)), LARGE | COUPLED | FULL | {"steps": 1800},
    *(COUPLED | SLOW | dose for dose in EVERY), *(LARGE | COUPLED | SLOW | dose for dose in EVERY),
]  # fmt: skip
EIGHT: list[Setting] = [base | WEAK | {"z_target": 8.0} for base in ({}, SLOW)]
MORE_TAIL: list[Setting] = [  # more shares of entries that no text has; and what a z-loss makes of them
    {"d_vocab": 1280, "live": 1024}, *(Z | {"d_vocab": size, "live": 1024} for size in (1280, 2048)), Z | {"d_vocab": 1024},
]  # fmt: skip
# Who can carry a mean: the last LayerNorm's bias, its gain too, or neither; a sink.
HEAD: list[Setting] = [
    *(FAR | s for s in ({"final_bias": False}, {"sink": True})), Z | {"sink": True},
    *(REACH | s for s in ({"final_bias": False}, {"final_gain": False}, {"sink": True})),
]  # fmt: skip
LONGEST: list[Setting] = [  # five times as long, and no z-loss: does log Z go on falling?
    {"steps": 10000}, SLOW | {"steps": 10000}, {"steps": 10000, "final_lr": 1.0, "weight_decay": 0.0},
]  # fmt: skip
LARGE_TIME: list[Setting] = [LARGE | {"z_loss": 1e-3, "steps": 4800}]  # a tenth of the dose, eight times as long
QUESTIONS = (
    DOSE, TARGET, SPLIT, BRANCH, BATCH, SHORT, RIVALS, UNDRIFTED, TAIL, DECAY, PUSHED, HIDDEN, TIME, DOSES, MORE_RIVALS,
    LARGER, MORE, BOTH, UNDECAYED, MORE_BRANCH, REACHED, WHOLE, EIGHT, MORE_TAIL, HEAD, LARGE_TIME, LONGEST,
)  # fmt: skip
NORMALISER: list[list[Setting]] = [[LONG | setting for setting in question] for question in QUESTIONS]

PLANS = {
    "grid": ([CORE, REST], SEEDS),
    "quick": ([[QUICK | setting for setting in QUICK_PLAN]], 2),
    "normaliser": (NORMALISER, SEEDS),
}
BY_FREQUENCY = ("grid", "quick")  # plans that record each frequency bin as well


def name_of(setting: Setting) -> str:
    """`beta2=0.999 batch=32`; the base is `base`."""
    changed = {k: v for k, v in setting.items() if v != BASE[k] and k != "pushes"}
    return " ".join(f"{k}={v:g}" if isinstance(v, float) else f"{k}={v}" for k, v in changed.items()) or "base"


def plan(name: str = "grid") -> Iterator[tuple[Setting, int]]:
    """(setting, seed) in the order to run: a plan cut short has the main settings with all their seeds."""
    lists, seeds = PLANS[name]
    for settings in lists:
        yield from ((setting, seed) for seed in range(seeds) for setting in settings)


def resolve(setting: Setting, seed: int = 0) -> tuple[TinyConfig, Recipe, str]:
    """The base with `setting`'s changes, as (model, recipe, kind of text). The seed draws both weights and batches."""
    values = BASE | setting | {"seed": seed}
    if unknown := set(values) - set(BASE) - {"seed"}:
        raise ValueError(f"No such setting: {', '.join(unknown)}; there are {', '.join(BASE)}.")
    config, recipe = (
        cls(**{f.name: values[f.name] for f in fields(cls) if f.name in values}) for cls in (TinyConfig, Recipe)
    )
    return config, recipe, values["text"]


@cache
def text_for(d_vocab: int, kind: str = "stdlib") -> Text:
    """Text with some property taken away, of the same length (but for the half).

    second half: of the files by name. shuffled: the same tokens without their order, so nothing but their
    frequencies can be learned. level: half of all tokens follow from the one before, but all are equally frequent.
    """
    text = tokens_for(d_vocab)
    g = torch.Generator().manual_seed(0)
    middle = len(text.train) // 2

    def shuffled(ids: Tensor) -> Tensor:
        return ids[torch.randperm(len(ids), generator=g)]

    def level(n: int) -> Tensor:
        fresh = torch.randint(0, d_vocab, (n,), generator=g).tolist()
        follows = (torch.rand(n, generator=g) < 0.5).tolist()
        for i in range(1, n):
            if follows[i]:
                fresh[i] = successor[fresh[i - 1]]
        return torch.tensor(fresh)

    successor = torch.randperm(d_vocab, generator=g).tolist()
    ids = {
        "stdlib": lambda: (text.train, text.held_out),
        "second half": lambda: (text.train[middle:], text.held_out),
        "shuffled": lambda: (shuffled(text.train), shuffled(text.held_out)),
        "level": lambda: (level(len(text.train)), level(len(text.held_out))),
    }[kind]()
    return Text(*ids, text.tokenizer)


def count_bins(counts: Int[Tensor, " d_vocab"]) -> list[Int[Tensor, " bin"]]:
    """Token ids in bins of occurrences in the text, the most frequent first: 16,384 and more, then by halves; never."""
    edges = [1, *(2**k for k in range(4, 15))]
    where = torch.bucketize(counts, torch.tensor(edges), right=True)
    return [ids for b in range(len(edges), -1, -1) if len(ids := (where == b).nonzero()[:, 0])]


def run(setting: Setting, seed: int = 0, progress: bool = False, by_frequency: bool = True) -> tuple[dict, list[dict]]:
    """Train once. Gives the run in one row, and rows by step for the whole vocabulary, `by_frequency` at the end.

    Of each frequency bin: `drift_absent` and `drift_present`, how far its tokens moved along the final mean direction in
    updates whose batch did not hold them and those whose batch did; `second_moment`, the root of Adam's, in the median.
    """
    config, recipe, kind = resolve(setting, seed)
    values = BASE | setting
    text, model = text_for(values["live"] or config.d_vocab, kind), TinyLM(config)
    counts = F.pad(text.counts, (0, config.d_vocab - len(text.counts)))  # entries that do not live occur never
    optimizer, bins = make_optimizer(model, recipe), count_bins(counts) if by_frequency else []
    pushes = Pushes(model.unembed, recipe) if values["pushes"] else None
    torch.manual_seed(seed)  # dropout's
    matrices = {"input": model.W_E} if config.tied else {"input": model.W_E, "output": model.unembed}
    movements = {name: Movement(W) for name, W in matrices.items()}

    def each(step: int) -> None:
        batch = batch_at(text.train, recipe, step - 1)
        for name, W in matrices.items():
            movements[name].update(W, batch)

    early = (0, 1 / 32, 1 / 16, 1 / 8) if by_frequency else ()
    watched = {round(recipe.steps * part) for part in (*early, 1 / 4, 1 / 2, 3 / 4, 1)}
    began = time.perf_counter()
    rows = train(
        model,
        text,
        recipe,
        watched=watched,
        optimizer=optimizer,
        groups=bins,
        each=each if by_frequency else None,
        pushes=pushes,
        progress=progress,
    )
    seconds = time.perf_counter() - began
    rows = [row for row in rows if row["group"] == "all" or row["step"] == recipe.steps]
    groups = {"all": torch.arange(config.d_vocab)} | {str(i): ids for i, ids in enumerate(bins)}
    for row in rows:
        ids, W, movement = groups[row["group"]], matrices[row["matrix"]].detach(), movements[row["matrix"]]
        row |= dict(tokens_in_group=len(ids), occurrences=counts[ids].double().mean().item())
        if row["step"] == recipe.steps and by_frequency:
            mu = W.mean(0) / W.mean(0).norm()
            size = second_moment(optimizer, matrices[row["matrix"]], recipe)
            row |= dict(
                drift_absent=(movement.absent[ids] @ mu).mean().item(),
                drift_present=(movement.present[ids] @ mu).mean().item(),
                second_moment=None if size is None else size[ids].median().item(),
            )
    last = {row["matrix"]: row for row in rows if row["group"] == "all" and row["step"] == recipe.steps}
    summary = dict(run=name_of(setting), **BASE | setting, seed=seed, held_out_loss=last["input"]["held_out_loss"])
    summary |= {measure: last["input"][measure] for measure in OUTPUT}
    summary["scalar"] = None if model.scalar is None else model.scalar.item()
    if pushes is not None:
        parts = pushes.along(model.unembed.detach().mean(0))
        summary |= {f"push_{part}": moved for part, moved in parts.items()}
    for name, row in last.items():
        prefix = "" if name == "input" else "output_"
        summary |= {prefix + measure: row[measure] for measure in MATRIX}
    return summary | dict(
        update_length=movements["input"].length if by_frequency else None, seconds=seconds, text_tokens=len(text.train), text_sha=sha(text.train),
        python=platform.python_version(), torch=torch.__version__,
    ), rows  # fmt: skip


def second_moment(optimizer: torch.optim.Optimizer, W: Tensor, recipe: Recipe) -> Tensor | None:
    """Root of Adam's second moment by token, [d_vocab], averaged over d_model; None for an optimiser without one."""
    state = optimizer.state[W]
    if "exp_avg_sq" not in state:
        return None
    corrected = state["exp_avg_sq"].mean(1) / (1 - recipe.beta2 ** float(state["step"]))
    return corrected.sqrt().expand(len(W))  # Coupled Adam has one row for all


def sha(ids: Tensor) -> str:
    return hashlib.sha256(ids.int().numpy().tobytes()).hexdigest()[:12]


def files(name: str = "grid", folder: Path = FOLDER) -> tuple[Path, Path]:
    """Where a plan is recorded: one line a run, and what was watched in each."""
    return folder / f"{name}.csv", folder / f"{name}_rows.csv"


def read(name: str = "grid", folder: Path = FOLDER) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A plan's recorded runs, and their rows with the settings of their run beside them."""
    runs_file, rows_file = files(name, folder)
    runs = pd.read_csv(runs_file)
    settings = ["run", "seed", "d_vocab", "batch", "ctx", "steps", "beta2", "optimizer", "text", "lr", "text_tokens"]
    rows = pd.read_csv(rows_file, dtype={"group": str}).merge(
        runs[settings], on=["run", "seed"], validate="many_to_one"
    )
    return runs, rows
