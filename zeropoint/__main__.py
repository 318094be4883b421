"""Geometry of token embeddings, and a mentor's table of answers, from the command line.

python -m zeropoint stats MODEL [--json] [--exact] the numbers of puzzle 01 for one decoder
python -m zeropoint survey [MODEL …] [--out FILE]  the same for many, input and output matrices, as a table
python -m zeropoint gather FOLDER                  one table of the files that `export` wrote
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

import pandas as pd

from zeropoint import geometry, models
from zeropoint.desk import sharing
from zeropoint.models import hub
from zeropoint.models.survey import MODELS, rows_beyond_tokenizer, statistics, survey, table


def stats(name: str, exact: bool = False) -> dict:
    """The statistics of MODEL's token embedding, raw basis; cosines are over pairs of different rows.

    Only the mean |cosine| needs the pairs one by one: it comes from a sample of rows, with its standard error, or, if
    `exact`, from all of them.
    """
    began = time.perf_counter()
    embedding = models.load_embedding(name)
    W = geometry.as_matrix(embedding.W)
    numbers, centred = statistics(W)
    if none := numbers["rows_without_direction"]:
        print(f"{none} of {len(W)} rows are zero or next to it, and are left out of the statistics.", file=sys.stderr)
    if equal := numbers.pop("rows_without_direction_centred"):
        print(f"{equal} rows equal the mean and are left out of the centred statistics.", file=sys.stderr)
    histogram = geometry.cosine_histogram if exact else geometry.cosine_sample
    pairs = histogram(centred)
    return dict(
        model=embedding.found.title,
        source=embedding.source,
        basis=embedding.basis,
        d_vocab=len(W),
        d_model=W.shape[1],
        **numbers,
        rows_beyond_tokenizer=rows_beyond_tokenizer(embedding),
        mean_abs_cosine_centred=pairs.mean_abs,
        mean_abs_cosine_centred_error=pairs.mean_abs_error,
        seconds=round(time.perf_counter() - began, 2),
    )


def gather(folder: Path) -> str:
    """The table of all files of answers under `folder`, and what could not be read. ValueError: there is none to show."""
    if not folder.is_dir():
        raise ValueError(f'There is no folder {folder}; give the one that holds the files of export("1").')
    rows, unread = sharing.gather(folder)
    damaged = f"Not read, for what `export` left in them is damaged: {', '.join(unread)}." if unread else ""
    if not rows:
        none = f'No file of answers is in {folder} or its folders; export("1") in a puzzle writes one.'
        raise ValueError(f"{none} {damaged}".strip())
    shown = pd.DataFrame(rows).to_string(index=False)
    return f"{shown}\n\n{damaged}".strip()


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m zeropoint", description="Geometry of token embeddings; answers gathered."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("stats", help="one model's embedding in numbers")
    command.add_argument("model", help="a hub name (NAME@REVISION for a checkpoint), a folder, mini-neo or mini-gpt2")
    command.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    command.add_argument("--exact", action="store_true", help="all pairs for the mean |cosine|, not a sample of rows")
    command = commands.add_parser("survey", help="many models' input and output embeddings as a table")
    command.add_argument("models", nargs="*", default=MODELS, help="as for stats; default: well-known small models")
    command.add_argument("--out", type=Path, default=Path("survey.csv"), help="kept after each model, and gone on with")
    command = commands.add_parser("gather", help="one table of many files that export wrote")
    command.add_argument("folder", type=Path, help="the folder they are in; folders inside it are read too")
    args = parser.parse_args(arguments)
    rows: list[dict] = []
    try:
        if args.command == "survey":
            for row in survey(args.models, args.out):
                rows.append(row)
            print(f"{table(rows)}\n\nKept in {args.out}.")
            return
        if args.command == "gather":
            return print(gather(args.folder))
        numbers = stats(args.model, args.exact)
    except (OSError, ValueError, hub.HubError) as error:
        raise SystemExit(f"zeropoint: {error}") from None
    except KeyboardInterrupt:
        raise SystemExit(f"\nInterrupted. {len(rows)} rows are kept in {args.out}; the same command goes on from there."
                         if args.command == "survey" else 130) from None  # fmt: skip
    if args.json:
        print(json.dumps(numbers))
    else:
        width = max(map(len, numbers)) + 2
        for key, value in numbers.items():
            shown = f"{value:.4f}" if isinstance(value, float) else "unknown" if value is None else value
            print(f"{key:{width}}{shown}")


if __name__ == "__main__":
    main()
