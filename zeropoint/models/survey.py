"""The geometry of many models' embeddings, read without downloading the models.

Only the input and output matrices come over the network, where a model has safetensors; pickled weights come whole.
"""

from __future__ import annotations

import csv
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from jaxtyping import Float
from torch import Tensor
from tqdm.auto import tqdm

from zeropoint import geometry, models

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
COLUMNS = (
    "model", "matrix", "source", "tensor", "d_vocab", "d_model", "mean_cosine", "norm_of_mean", "mean_row_norm",
    "median_cosine_with_mean", "mean_cosine_centred", "effective_dimension_centred", "bytes_moved", "seconds", "problem",
)  # fmt: skip


def statistics(W: Float[Tensor, "d_vocab d_model"]) -> dict[str, float]:
    """The numbers of puzzle 01; cosines are over pairs of different rows, rows of zeros left out."""
    W = geometry.as_matrix(W)
    rows = W[W.norm(dim=1) > 0]
    centred = geometry.centre(rows)
    return dict(
        mean_cosine=geometry.mean_pairwise_cosine(rows),
        norm_of_mean=geometry.mean(rows).norm().item(),
        mean_row_norm=rows.norm(dim=1).mean().item(),
        median_cosine_with_mean=geometry.cosine_with_mean(rows).median().item(),
        mean_cosine_centred=geometry.mean_pairwise_cosine(centred),
        effective_dimension_centred=geometry.effective_dimension(centred),
    )


def survey(names: Sequence[str], out: Path) -> Iterator[dict[str, str]]:
    """Yield the rows of `out`, a CSV file written anew after each model: one for the input matrix, one for the output.

    Models that `out` already has are not read again, so an interrupted survey goes on. One that fails has a row with the
    reason in `problem`, and is tried again the next time.
    """
    rows = [row for row in _read(out) if not row["problem"]]
    done = {row["model"] for row in rows}
    yield from rows
    for name in tqdm([name for name in dict.fromkeys(names) if name not in done], desc="survey", unit="model"):
        new = _rows(name)
        rows += new
        _write(out, rows)
        yield from new


def table(rows: Sequence[dict[str, str]]) -> str:
    """The rows for people: four digits, megabytes, problems below."""
    heads = ("model", "matrix", "rows", "d", "cos", "‖mean‖", "‖row‖", "cos mean", "cos centred", "eff. dim.", "MB")
    lines = [heads]
    for row in rows:
        if not row["problem"]:
            numbers = [f"{float(row[key]):.4g}" for key in COLUMNS[6:12]]
            size = f"{int(row['bytes_moved']) / 1e6:.1f}"
            title = row["model"] + (f" {models.DOUBLE}" if row["source"].endswith(models.DOUBLE[1:-1]) else "")
            lines.append((title, row["matrix"], row["d_vocab"], row["d_model"], *numbers, size))
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    text = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]
    return "\n".join(text + [f"not read: {row['problem']}" for row in rows if row["problem"]])


def _rows(name: str) -> list[dict[str, str]]:
    try:
        embedding = _embedding(name)
        rows = [_row(name, "input", embedding)]
        output = models.load_embedding(name, output=True)
    except Exception as error:  # whatever is wrong with one model, the others are read
        return [dict.fromkeys(COLUMNS, "") | {"model": name, "problem": str(error).split("\n")[0]}]
    if output.tensor_name == embedding.tensor_name:
        rows[0]["matrix"] = "tied"
        return rows
    return [*rows, _row(name, "output", output)]


def _embedding(name: str) -> models.Embedding:
    embedding = models.load_embedding(name)
    if embedding.source == "stand-in" and name not in models.STAND_INS:
        raise ValueError(f"{name}: neither in the cache nor to be had from the hub; a survey takes no stand-ins.")
    return embedding


def _row(name: str, matrix: str, embedding: models.Embedding) -> dict[str, str]:
    began = time.perf_counter()
    numbers = {key: f"{value:.6g}" for key, value in statistics(embedding.W).items()}
    source = embedding.source + (f", {models.DOUBLE[1:-1]}" if embedding.found.is_double else "")
    size = dict(zip(("d_vocab", "d_model"), map(str, embedding.W.shape), strict=True))
    seconds = f"{time.perf_counter() - began:.1f}"
    return dict(model=name, matrix=matrix, source=source, tensor=embedding.tensor_name, **size, **numbers,
                bytes_moved=str(embedding.bytes_moved), seconds=seconds, problem="")  # fmt: skip


def _read(out: Path) -> list[dict[str, str]]:
    if not out.exists():
        return []
    with out.open(newline="") as f:
        rows = list(csv.DictReader(f))
    if rows and tuple(rows[0]) != COLUMNS:
        raise ValueError(f"{out} is no table of this survey; give another --out.")
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
