"""The geometry of many models' embeddings, read without downloading the models.

Only the input and output matrices come over the network, where a model has safetensors; pickled weights come whole.
"""

from __future__ import annotations

import csv
import hashlib
import json
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from jaxtyping import Float
from torch import Tensor
from tqdm.auto import tqdm

from zeropoint import geometry, models
from zeropoint.models import checkpoint

STANFORD = "stanford-crfm/alias-gpt2-small-x21"  # GPT-2 small retrained, with its checkpoints; pickled, 0.5 GB each
MODELS = (
    "gpt2",
    "distilgpt2",
    "EleutherAI/gpt-neo-125M",
    "EleutherAI/pythia-14m",
    "EleutherAI/pythia-70m",
    "EleutherAI/pythia-160m",
    "EleutherAI/pythia-410m",
    "roneneldan/TinyStories-33M",
    "HuggingFaceTB/SmolLM-135M",
    "facebook/opt-125m",
    "facebook/opt-350m",
    *(f"{STANFORD}@checkpoint-{step}" for step in (0, 100, 1000, 10_000, 400_000)),
)
NUMBERS = (  # what `statistics` gives, and the effective dimension
    "mean_cosine", "norm_of_mean", "mean_row_norm", "median_cosine_with_mean", "mean_cosine_centred",
    "effective_dimension_centred",
)  # fmt: skip
COLUMNS = (
    "model", "matrix", "source", "tensor", "d_vocab", "d_model", *NUMBERS, "rows_without_direction",
    "rows_beyond_tokenizer", "bytes_moved", "seconds", "problem", "version", "run",
)  # fmt: skip
TOKENIZER_FILES = ("tokenizer.json", "vocab.json", "vocab.txt", "tokenizer.model", "spiece.model")
EARLIER = "earlier"  # in the column `run`: read by an earlier run, from the same weights


def statistics(
    W: Float[Tensor, "d_vocab d_model"],
) -> tuple[dict[str, float], Float[Tensor, "n d_model"]]:
    """(the numbers of puzzle 01, the centred rows); cosines are over pairs of different rows, rows of zeros left out."""
    rows = geometry.with_direction(W)
    spread = geometry.with_direction(geometry.centre(rows))
    numbers = dict(
        mean_cosine=geometry.mean_pairwise_cosine(rows),
        norm_of_mean=geometry.mean(rows).double().norm().item(),
        mean_row_norm=geometry.norms(rows).mean().item(),
        median_cosine_with_mean=geometry.cosine_with_mean(rows).median().item(),
        mean_cosine_centred=geometry.mean_pairwise_cosine(spread),
        rows_without_direction=len(W) - len(rows),
        rows_without_direction_centred=len(rows) - len(spread),
    )
    return numbers, spread


def rows_beyond_tokenizer(embedding: models.Embedding) -> int | None:
    """How many rows no token of the model's tokenizer has: padding. None where no tokenizer lies beside
    the weights that can be read without code of its own."""
    folder = embedding.found.folder
    if not any((folder / name).exists() for name in TOKENIZER_FILES):
        return None
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except Exception:  # it needs its own code, or a library that is not here
        return None
    return max(0, len(embedding.W) - 1 - max(tokenizer.get_vocab().values(), default=-1))


def survey(names: Sequence[str], out: Path) -> Iterator[dict[str, str]]:
    """Yield a row for each input matrix and each output matrix, and keep them in `out`, a CSV file, after each model.

    What `out` already has of the same weights is not read again, so an interrupted survey goes on; such rows say `earlier`
    in `run`. The same weights are: the same commit on the hub, or the same file in the same place, not written since. A
    model that fails has a row with the reason in `problem`, and is tried again the next time.
    """
    before = _read(out)
    failed = {row["model"] for row in before if row["problem"]}
    kept = [row | {"run": EARLIER} for row in before if row["model"] not in failed]
    for name in tqdm(dict.fromkeys(names), desc="survey", unit="model"):
        rows = _rows(name, kept)
        kept = [row for row in kept if row["model"] != rows[0]["model"]] + rows
        _write(out, kept)
        yield from rows


def table(rows: Sequence[dict[str, str]]) -> str:
    """The rows for people: four digits, megabytes; rows of an earlier run and problems below."""
    heads = ("model", "matrix", "rows", "d", "cos", "‖mean‖", "‖row‖", "cos mean", "cos centred", "eff. dim.", "no dir.",
             "beyond", "MB")  # fmt: skip
    lines = [heads]
    for row in rows:
        if not row["problem"]:
            numbers = [f"{float(row[key]):.4g}" for key in NUMBERS]
            counts = (row["rows_without_direction"], row["rows_beyond_tokenizer"] or "?")
            size = f"{int(row['bytes_moved']) / 1e6:.1f}"
            lines.append((_title(row), row["matrix"], row["d_vocab"], row["d_model"], *numbers, *counts, size))
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    text = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]
    text.append(
        "no dir.: rows that are zero or next to it, left out; beyond: rows that no token has (?: no tokenizer here)."
    )
    if earlier := dict.fromkeys(_title(row) for row in rows if row["run"] == EARLIER):
        text.append(f"from an earlier run, same weights: {', '.join(earlier)}")
    return "\n".join(text + [f"not read: {row['problem']}" for row in rows if row["problem"]])


def _title(row: dict[str, str]) -> str:
    return row["model"] + (f" {models.DOUBLE}" if row["source"].endswith(models.DOUBLE[1:-1]) else "")


def _rows(name: str, kept: list[dict[str, str]]) -> list[dict[str, str]]:
    """The rows of one model: from `kept`, if they are of the same weights, else read."""
    rows: list[dict[str, str]] = []
    try:
        found = _found(name)
        model, version = _identity(found)
        if same := [row for row in kept if (row["model"], row["version"]) == (model, version)]:
            return same
        embedding = models.load_embedding(name)
        about = dict.fromkeys(COLUMNS, "") | dict(model=model, version=version, run="this")
        rows = [about | _row("input", embedding)]
        output = models.load_embedding(name, output=True)
        if output.tensor_name == embedding.tensor_name:
            rows[0]["matrix"] = "tied"
            return rows
        return [*rows, about | _row("output", output)]
    except Exception as error:  # whatever is wrong with one model, the others are read; and its input matrix, if it was
        problem = str(error).split("\n")[0] or type(error).__name__
        failed = {"model": rows[0]["model"] if rows else name, "matrix": "output" if rows else ""}
        return [*rows, dict.fromkeys(COLUMNS, "") | failed | {"problem": problem, "run": "this"}]


def _found(name: str) -> models.Found:
    found = models.find(name, weights=False)
    if found.source == "stand-in" and name not in models.STAND_INS:
        raise ValueError(f"{name}: neither in the cache nor to be had from the hub; a survey takes no stand-ins.")
    return found


def _identity(found: models.Found) -> tuple[str, str]:
    """(what the table calls the model, which weights these are): its name and commit, or its folder and the files' state."""
    if found.source == "hub":
        return found.name, found.folder.name
    files = sorted(set(checkpoint.tensor_files(found.folder).values()) | {found.folder / "config.json"})
    state = [[path.name, (stat := path.stat()).st_size, stat.st_mtime_ns] for path in files]
    version = hashlib.sha256(json.dumps(state).encode()).hexdigest()[:16]
    return (found.name if found.source == "stand-in" else str(found.folder.resolve())), version


def _row(matrix: str, embedding: models.Embedding) -> dict[str, str]:
    began = time.perf_counter()
    numbers, centred = statistics(embedding.W)
    numbers["effective_dimension_centred"] = geometry.effective_dimension(centred)
    beyond = rows_beyond_tokenizer(embedding)
    return dict(
        matrix=matrix,
        source=embedding.source + (f", {models.DOUBLE[1:-1]}" if embedding.found.is_double else ""),
        tensor=embedding.tensor_name,
        d_vocab=str(len(embedding.W)),
        d_model=str(embedding.W.shape[1]),
        **{key: f"{numbers[key]:.6g}" for key in NUMBERS},
        rows_without_direction=str(numbers["rows_without_direction"]),
        rows_beyond_tokenizer="" if beyond is None else str(beyond),
        bytes_moved=str(embedding.bytes_moved),
        seconds=f"{time.perf_counter() - began:.1f}",
    )


def _read(out: Path) -> list[dict[str, str]]:
    if not out.exists():
        return []
    with out.open(newline="") as f:
        rows = list(csv.DictReader(f))
    if rows and tuple(rows[0]) != COLUMNS:
        raise ValueError(
            f"{out} is no table of this survey, or one of an older version: move it away, or give another --out."
        )
    return rows


def _write(out: Path, rows: list[dict[str, str]]) -> None:
    """Whole or not at all."""
    out.parent.mkdir(parents=True, exist_ok=True)
    part = out.with_suffix(".part")
    with part.open("w", newline="") as f:
        writer = csv.DictWriter(f, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    os.replace(part, out)
