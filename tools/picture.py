"""Draw docs/picture.png for the README, from the stand-ins: python tools/picture.py (needs kaleido and Chromium)."""

from __future__ import annotations

from pathlib import Path

from zeropoint import geometry, plots
from zeropoint.models import STAND_INS, load_embedding

clouds = {e.label: e.W for e in map(load_embedding, STAND_INS)}
fig = plots.panels(["as they are", "less their mean vector"])
for column, change in enumerate((lambda W: W, geometry.centre), start=1):
    for trace in plots.histogram_lines({name: geometry.cosine_histogram(change(W)) for name, W in clouds.items()}):
        fig.add_trace(trace, row=1, col=column)
title = "Cosines of all token pairs in two small stand-in models"
fig = plots.finish(fig, title, "cosine of a pair of different tokens", "share of pairs per unit of cosine")
fig.write_image(Path(__file__).parents[1] / "docs" / "picture.png", width=1000, scale=2)
