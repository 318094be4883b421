"""Run a plan of notebook 04 and record it with the package.

    python tools/grid.py                every run of the plan "grid" that is not yet in zeropoint/data/grid.csv
    python tools/grid.py normaliser     the same, of log Z and the kind of mean, in zeropoint/data/normaliser.csv
    python tools/grid.py quick          a small one, a few minutes, into build/

One line is appended for each finished run; stop it at any time and start it again. Two processes, one thread each.
"""

from __future__ import annotations

import argparse
import csv
import multiprocessing
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

import torch
from tqdm.auto import tqdm

from zeropoint.tiny import grid

QUICK_FOLDER = Path(__file__).parents[1] / "build" / "grid-quick"
RUN_COLUMNS = [
    "run", *grid.BASE, "seed", "held_out_loss", *grid.OUTPUT, "scalar", *grid.PUSHES, *grid.MATRIX,
    *(f"output_{m}" for m in grid.MATRIX), "update_length", "seconds", "text_tokens", "text_sha", "python", "torch",
]  # fmt: skip
ROW_COLUMNS = [
    "run", "seed", "step", "matrix", "group", "tokens_in_group", "occurrences", "held_out_loss", *grid.OUTPUT,
    *grid.MATRIX, "median_cosine_with_mean", "drift_absent", "drift_present", "second_moment",
]  # fmt: skip


def append(path: Path, columns: list[str], rows: list[dict]) -> None:
    """A new file gets `columns`; an older one keeps those with which it began."""
    new = not path.exists()
    if not new:
        with open(path, newline="", encoding="utf-8") as file:
            columns = next(csv.reader(file))
    with open(path, "a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore", lineterminator="\n")
        if new:
            writer.writeheader()
        writer.writerows({k: f"{v:.4g}" if isinstance(v, float) else v for k, v in row.items()} for row in rows)


def finished(runs: Path, rows: Path) -> set[tuple[str, int]]:
    """The runs recorded so far; rows of a run that did not get as far as its own line are dropped."""
    if not runs.exists():
        rows.unlink(missing_ok=True)
        return set()
    with open(runs, newline="", encoding="utf-8") as file:
        done = {(row["run"], int(row["seed"])) for row in csv.DictReader(file)}
    with open(rows, newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        kept = [row for row in reader if (row["run"], int(row["seed"])) in done]
    rows.unlink()
    append(rows, list(reader.fieldnames), kept)
    return done


def work(setting: grid.Setting, seed: int, by_frequency: bool) -> tuple[dict, list[dict]]:
    torch.set_num_threads(1)
    return grid.run(setting, seed, by_frequency=by_frequency)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("plan", nargs="?", default="grid", choices=grid.PLANS)
    parser.add_argument("--jobs", type=int, default=2)
    args = parser.parse_args()
    folder = QUICK_FOLDER if args.plan == "quick" else grid.FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    runs, rows = grid.files(args.plan, folder)
    done = finished(runs, rows)
    plan = list(grid.plan(args.plan))
    todo = [(setting, seed) for setting, seed in plan if (grid.name_of(setting), seed) not in done]
    with ProcessPoolExecutor(args.jobs, multiprocessing.get_context("spawn")) as pool:
        futures = [pool.submit(work, setting, seed, args.plan in grid.BY_FREQUENCY) for setting, seed in todo]
        try:
            for future in tqdm(as_completed(futures), total=len(plan), initial=len(done), unit="run", desc=args.plan):
                summary, watched = future.result()
                key = dict(run=summary["run"], seed=summary["seed"])
                append(rows, ROW_COLUMNS, [row | key for row in watched])
                append(runs, RUN_COLUMNS, [summary])
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            print("Stopped; start it again to go on.")


if __name__ == "__main__":
    main()
