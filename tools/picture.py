"""Draw docs/picture.png for the README, from the stand-ins: python tools/picture.py (needs kaleido and Chromium)."""

from __future__ import annotations

from pathlib import Path

from zeropoint import geometry, plots
from zeropoint.models import STAND_INS, load_embedding

clouds = {e.label: e.W for e in map(load_embedding, STAND_INS)}
as_they_are = {name: geometry.cosine_histogram(W) for name, W in clouds.items()}
centred = {name: geometry.cosine_histogram(geometry.centre(W)) for name, W in clouds.items()}
title = "Cosines of all token pairs in two small stand-in models"
fig = plots.cosine_panels({"as they are": as_they_are, "less their mean vector": centred}, title)
fig.write_image(Path(__file__).parents[1] / "docs" / "picture.png", width=1000, scale=2)
