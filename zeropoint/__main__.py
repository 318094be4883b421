"""python -m zeropoint stats MODEL [--json]: the numbers of puzzle 01 for any decoder's token embedding."""

from __future__ import annotations

import argparse
import json
import sys
import time

from zeropoint import geometry, hub, models


def stats(name: str) -> dict:
    """The statistics of MODEL's token embedding, raw basis; cosines are over pairs of different rows."""
    began = time.perf_counter()
    embedding = models.load_embedding(name)
    W = embedding.W
    zero = geometry.as_matrix(W).norm(dim=1) == 0
    if zero.any():
        print(f"{int(zero.sum())} rows hold only zeros and are left out of the statistics.", file=sys.stderr)
    rows = W[~zero]
    centred = geometry.centre(rows)
    return dict(
        model=embedding.found.name,
        source=embedding.source,
        basis="raw",
        d_vocab=len(W),
        d_model=W.shape[1],
        mean_cosine=geometry.mean_pairwise_cosine(rows),
        norm_of_mean=geometry.mean(rows).norm().item(),
        mean_row_norm=geometry.as_matrix(rows).norm(dim=1).mean().item(),
        median_cosine_with_mean=geometry.cosine_with_mean(rows).median().item(),
        mean_cosine_centred=geometry.mean_pairwise_cosine(centred),
        mean_abs_cosine_centred=geometry.cosine_histogram(centred).mean_abs,
        seconds=round(time.perf_counter() - began, 2),
    )


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m zeropoint", description="Geometry of token embeddings.")
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("stats", help="one model's embedding in numbers")
    command.add_argument("model", help="a hub name, a folder, mini-neo or mini-gpt2")
    command.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    args = parser.parse_args(arguments)
    try:
        numbers = stats(args.model)
    except (OSError, ValueError, hub.HubError) as error:
        raise SystemExit(f"zeropoint: {error}") from None
    if args.json:
        print(json.dumps(numbers))
    else:
        for key, value in numbers.items():
            print(f"{key:26}{value:.4f}" if isinstance(value, float) else f"{key:26}{value}")


if __name__ == "__main__":
    main()
