"""Train the tiny models of notebook 07 (pre-, post- and no LayerNorm, three seeds) and write zeropoint/data/norms.csv.

python tools/norms.py        a minute or two a model; a run that was recorded is not repeated
"""

from __future__ import annotations

import pandas as pd
from tqdm import tqdm

from zeropoint.puzzles.p07 import norms
from zeropoint.tiny.corpus import tokens_for

SEEDS = 3
DIGITS = "%.6g"


def main() -> None:
    text = tokens_for(4096)
    plan = [(norm, seed) for seed in range(SEEDS) for norm in norms.KINDS]
    rows = norms.recorded().to_dict("records") if norms.RECORDED.exists() else []
    for norm, seed in tqdm(plan, unit="model"):
        if not any((row["norm"], row["seed"]) == (norm, seed) for row in rows):
            rows += norms.trained(norm, seed, text)
            pd.DataFrame(rows).to_csv(norms.RECORDED, index=False, float_format=DIGITS)


if __name__ == "__main__":
    main()
