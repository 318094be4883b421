"""Cost of what everyone copies, and of ours, from one run on one machine.

    python benchmarks/bench.py [--quick]      prints a table, writes build/bench.json

The matrix is the full-size test double of GPT-Neo-125M (50,257 × 768; tests/hub/doubles.py), so the hub is not needed.
Every measurement runs in a process of its own, because a peak of memory can only be read once in a process's life.
`--quick` leaves out what takes over a minute.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
D_MODEL_SCALING = 64  # for cost against vocabulary size: at 768 the largest would take the better part of an hour


# Each of these is called by name in a new process and returns a dictionary.


def published_recipe() -> dict:
    """Normalise 5,000 random rows, multiply, all 25 million values into px.histogram, show it; in a notebook."""
    return notebook(
        "W = load_embedding(FOLDER).W",
        "import plotly.express as px\n"
        "sub = W[torch.randperm(len(W))[:5000]]\n"
        "sub = sub / sub.norm(dim=-1, keepdim=True)\n"
        "px.histogram((sub @ sub.T).flatten().numpy()).show(renderer='plotly_mimetype')",
    ) | {"pairs": 5000 * 4999 // 2}


def full_vocabulary() -> dict:
    """Every pair of the whole vocabulary, binned, in the same kind of figure; in a notebook."""
    return notebook(
        "W = load_embedding(FOLDER).W",
        "from zeropoint.geometry import cosine_histogram\n"
        "from zeropoint.plots import cosine_figure\n"
        "h = cosine_histogram(W, progress=False)\n"
        "cosine_figure({'gpt-neo-125m [test double]': h}, 'all pairs').show(renderer='plotly_mimetype')",
    ) | {"pairs": 50257 * 50256 // 2}


def notebook(setup: str, cell: str) -> dict:
    """Seconds of the cell, the peak of memory while it ran beyond what was there before, bytes of the executed notebook."""
    import nbformat
    from nbclient import NotebookClient

    from tests.hub.doubles import full

    head = f"""import sys; sys.path.insert(0, {str(ROOT)!r})
import torch
from zeropoint.models import load_embedding
from benchmarks.bench import memory, peak_from_here
FOLDER = {str(full("gpt-neo-125m"))!r}
"""
    cells = [head + setup, "before = peak_from_here()", cell, "print(memory('VmHWM') - before)"]
    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in cells])
    NotebookClient(nb, timeout=1200, extra_arguments=["--log-level=ERROR"]).execute()
    when = nb.cells[2].metadata.execution
    began, ended = (time_of(when[key]) for key in ("iopub.execute_input", "shell.execute_reply"))
    peak = int(nb.cells[3].outputs[0].text)
    nb.cells = nb.cells[2:3]
    return {"seconds": ended - began, "peak_bytes": peak, "notebook_bytes": len(nbformat.writes(nb).encode())}


def histogram() -> dict:
    """The exact histogram by itself, against the same products at this machine's best speed of multiplication."""
    import torch

    from tests.hub.doubles import full
    from zeropoint.geometry import cosine_histogram
    from zeropoint.models import load_embedding

    W = load_embedding(full("gpt-neo-125m")).W
    device = "cuda" if torch.cuda.is_available() else "cpu"
    W = W.to(device)
    n, d = W.shape
    pairs = n * (n - 1) // 2
    best = max(matmul_speed(W) for _ in range(2))
    before = peak_from_here()
    seconds = []
    for _ in range(2 if device == "cpu" else 5):
        began = time.perf_counter()
        cosine_histogram(W, progress=False)
        seconds.append(time.perf_counter() - began)
    peak = memory("VmHWM") - before
    best = max(best, matmul_speed(W))  # again, afterwards: the machine may have been busy before
    floor = 2 * d * pairs / best
    spent = parts(W)
    return {
        "device": torch.cuda.get_device_name() if device == "cuda" else f"{torch.get_num_threads()} CPU threads",
        "seconds": min(seconds), "peak_bytes": peak, "pairs": pairs, "matmul_flops_per_second": best,
        "floor_seconds": floor, "fraction_of_matmul_peak": floor / min(seconds), "nanoseconds_per_pair": spent,
    }  # fmt: skip


def matmul_speed(W) -> float:
    """The best float operations a second over tile sizes and repeats, at W's width."""
    import torch

    best = 0.0
    for height, width in ((512, 2048), (1024, 4096), (4096, 4096), (8192, 8192)):
        a, b = W[:height].contiguous(), W[:width].contiguous()
        out = torch.empty(height, width, device=W.device)
        for _ in range(4):
            synchronize(W)
            began = time.perf_counter()
            repeats = max(1, 2**25 // (height * width))
            for _ in range(repeats):
                torch.mm(a, b.T, out=out)
            synchronize(W)
            best = max(best, repeats * 2 * W.shape[1] * height * width / (time.perf_counter() - began))
    return best


def synchronize(W) -> None:
    import torch

    if W.device.type == "cuda":
        torch.cuda.synchronize()


def parts(W) -> dict[str, float]:
    """Nanoseconds a pair of each step of a tile, one after another, to say what the rest is spent on."""
    import torch

    height, width = 512, 2048
    product = torch.empty(height, width, device=W.device)
    flat, sizes = product.view(-1), torch.empty(height * width, device=W.device)
    index = torch.empty(height * width, dtype=torch.int32, device=W.device)
    u = W / W.norm(dim=1, keepdim=True)
    steps = {
        "multiply": lambda: torch.mm(u[:height], u[:width].T, out=product),
        "sum of |cosine|": lambda: torch.abs(flat, out=sizes).sum().item(),
        "scale to bins": lambda: index.copy_(flat.add_(1).mul_(1000)),
        "count": lambda: torch.bincount(index, minlength=2001),
    }
    spent = {}
    for name, step in steps.items():
        times = []
        for _ in range(20):
            torch.mm(u[:height], u[:width].T, out=product)
            if name == "count":
                index.copy_(flat.add_(1).mul_(1000))
            synchronize(W)
            began = time.perf_counter()
            step()
            synchronize(W)
            times.append(time.perf_counter() - began)
        spent[name] = min(times) / (height * width) * 1e9
    return spent


def first_figure(kind: str) -> dict:
    """From the start of a process to the first figure of both models, by the cells of 01, and the floor under it.

    The floor is to import transformer_lens and what the notebook's own imports bring, and to copy both embedding matrices
    out of their files (a tensor that is only loaded is mapped, not read). Since up to its first figure 01 needs nothing
    of transformer_lens but transformers' two models, there is a lower floor too, with these alone.
    """
    from tests.hub.doubles import full

    names = ["mini-neo", "mini-gpt2"] if kind == "stand-ins" else [str(full("gpt-neo-125m")), str(full("gpt2"))]
    floor = f"""
import einops, IPython.display, pandas, plotly.graph_objects, zeropoint.desk
from safetensors import safe_open
from zeropoint.models import find
for name in {names!r}:
    with safe_open(find(name).folder / "model.safetensors", framework="pt") as file:
        tensor = next(tensor for tensor in file.keys() if tensor.endswith("wte.weight"))
        file.get_tensor(tensor).clone()
"""
    codes = {
        "floor_seconds": "import transformer_lens.model_bridge" + floor,
        "lower_floor_seconds": "from transformers import GPT2LMHeadModel, GPTNeoForCausalLM" + floor,
        "seconds": until_first_figure("puzzles/01"),
        "walkthrough_seconds": until_first_figure("notebooks/01"),
    }
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"ZEROPOINT_PAIR": ",".join(names), "ZEROPOINT_PROGRESS": f"{folder}/progress.json"}
        os.environ["PLOTLY_RENDERER"] = "plotly_mimetype"  # as in a notebook
        rounds = [{key: process_seconds(code) for key, code in codes.items()} for _ in range(2)]
    return {key: min(seconds[key] for seconds in rounds) for key in codes}  # the first may read from the disk


def until_first_figure(notebook: str) -> str:
    """The code of a notebook as far as its first figure of cosines; that of a puzzle is not held back for predictions."""
    import nbformat

    file = next(ROOT.glob(f"{notebook}_*.ipynb"))
    cells = [cell.source for cell in nbformat.read(file, as_version=4).cells if cell.cell_type == "code"]
    last = next(i for i, source in enumerate(cells) if "cosine_figure" in source)
    if notebook.startswith("puzzles"):
        cells[last] = f'skip("1")\n{cells[last]}'
    if notebook.startswith("notebooks"):  # the figure is the cell's last value, which only a notebook shows by itself
        cells[last] += ".show()"
    return "\n".join(cells[: last + 1])


def process_seconds(code: str) -> float:
    """Wall time of a new process."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT, capture_output=True)
    return time.perf_counter() - began


def scaling(n: int) -> dict:
    """The O(n·d) mean and the exact histogram for n rows of D_MODEL_SCALING numbers."""
    import torch

    from zeropoint.geometry import cosine_histogram, mean_pairwise_cosine

    W = torch.randn(n, D_MODEL_SCALING, generator=torch.Generator().manual_seed(0)) + 0.5
    mean_pairwise_cosine(W), cosine_histogram(W[:1000], progress=False)  # first calls load libraries
    began = time.perf_counter()
    mean_pairwise_cosine(W)
    middle = time.perf_counter()
    before = peak_from_here()
    cosine_histogram(W, progress=False)
    ended = time.perf_counter()
    return {"rows": n, "mean_seconds": middle - began, "histogram_seconds": ended - middle,
            "pairs": n * (n - 1) // 2, "peak_bytes": memory("VmHWM") - before}  # fmt: skip


# Memory and time


def memory(key: str) -> int:
    """Bytes from /proc/self/status: VmRSS now, VmHWM at most. Elsewhere the peak since the start, whichever is asked."""
    try:
        line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(key))
        return int(line.split()[1]) * 1024
    except OSError:
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def peak_from_here() -> int:
    """Start the peak anew where the system can (Linux); the bytes held now."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        pass
    return memory("VmRSS")


def time_of(stamp: str) -> float:
    from datetime import datetime

    return datetime.fromisoformat(stamp).timestamp()


def apart(function: str, *arguments) -> dict:
    """Call a function of this file in a new process."""
    code = "import json, sys; from benchmarks import bench; out = open(sys.argv[1], 'w')\n"
    code += f"json.dump(bench.{function}(*{arguments!r}), out)"
    with tempfile.NamedTemporaryFile(suffix=".json") as f:
        subprocess.run([sys.executable, "-c", code, f.name], check=True, cwd=ROOT)
        return json.loads(Path(f.name).read_text())


def table(bench: dict) -> str:
    """The results for people."""
    recipe, ours, exact = bench["published_recipe"], bench["full_vocabulary"], bench["histogram"]
    lines = [f"{'':34}{'published recipe':>18}{'whole vocabulary':>18}{'ratio':>10}"]
    for name, key, unit, scale in (
        ("seconds, cell to figure", "seconds", "s", 1), ("memory beyond the input", "peak_bytes", "MB", 1e6),
        ("notebook", "notebook_bytes", "MB", 1e6), ("pairs", "pairs", "M", 1e6), ("pairs per second", "rate", "M/s", 1e6),
    ):  # fmt: skip
        a, b = ((r["pairs"] / r["seconds"] if key == "rate" else r[key]) / scale for r in (recipe, ours))
        lines.append(f"{name:34}{f'{a:,.2f} {unit}':>18}{f'{b:,.2f} {unit}':>18}{b / a:>10.3g}")
    spent = ", ".join(f"{step} {ns:.2f}" for step, ns in exact["nanoseconds_per_pair"].items())
    lines += [
        "",
        f"Exact histogram of {exact['pairs']:,} pairs on {exact['device']}: {exact['seconds']:.1f} s, "
        f"{exact['fraction_of_matmul_peak']:.0%} of the multiplication peak "
        f"({exact['matmul_flops_per_second'] / 1e9:,.0f} GFLOP/s; floor {exact['floor_seconds']:.1f} s), "
        f"{exact['peak_bytes'] / 1e6:,.0f} MB beyond the input.",
        f"Nanoseconds a pair, step by step: {spent}.",
        "",
    ]
    for kind, r in bench["first_figure"].items():
        floors = r["floor_seconds"], r["lower_floor_seconds"]
        puzzle, walkthrough = (
            f"{r[key]:.1f} s ({' and '.join(f'{r[key] / floor:.2f}' for floor in floors)} times the floors)"
            for key in ("seconds", "walkthrough_seconds")
        )
        lines.append(
            f"Start to first figure of 01, both {kind}: puzzle {puzzle}; walkthrough, which multiplies 5,000 rows before "
            f"it, {walkthrough}. Floor, to import transformer_lens and read both matrices: {floors[0]:.1f} s; with "
            f"transformers' models alone, as much as the figure needs: {floors[1]:.1f} s."
        )
    lines += [
        "",
        f"{'rows (d = ' + str(D_MODEL_SCALING) + ')':>14}{'mean, O(n·d)':>16}{'all pairs':>14}{'M pairs/s':>12}{'MB beyond':>11}",
    ]
    for r in bench["scaling"]:
        rate, beyond = r["pairs"] / r["histogram_seconds"] / 1e6, r["peak_bytes"] / 1e6
        lines.append(
            f"{r['rows']:>14,}{r['mean_seconds']:>14.4f} s{r['histogram_seconds']:>12.3f} s{rate:>12,.0f}{beyond:>11,.0f}"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="leave out what takes over a minute")
    quick = parser.parse_args().quick
    from tests.hub.doubles import full

    print("making the full-size test doubles, if they are not there …", file=sys.stderr)
    full("gpt-neo-125m"), full("gpt2")
    bench = {"machine": f"{platform.machine()}, {os.cpu_count()} CPUs", "load_average": list(os.getloadavg()),
             "model": "gpt-neo-125m [test double]"}  # fmt: skip
    steps = {
        "published_recipe": lambda: apart("published_recipe"),
        "full_vocabulary": lambda: apart("full_vocabulary"),
        "histogram": lambda: apart("histogram"),
        "first_figure": lambda: {
            kind: apart("first_figure", kind) for kind in (["stand-ins"] if quick else ["stand-ins", "full-size"])
        },
        "scaling": lambda: [
            apart("scaling", n) for n in (1000, 4000, 16_000, 50_257) + (() if quick else (100_000, 250_000))
        ],
    }
    out = ROOT / "build" / "bench.json"
    out.parent.mkdir(exist_ok=True)
    for name, step in steps.items():
        print(f"{name} …", file=sys.stderr)
        bench[name] = step()
        if name == "histogram":
            bench["full_vocabulary"]["fraction_of_matmul_peak"] = bench[name]["fraction_of_matmul_peak"]
        out.write_text(json.dumps(bench, indent=2))
    if bench["load_average"][0] > 0.5:
        print(f"The machine was busy when this began (load {bench['load_average'][0]:.1f}): times are too long.")
    print(table(bench), f"\n\nKept in {out.relative_to(ROOT)}.", sep="")


if __name__ == "__main__":
    main()
