"""README's picture: every model by its plain name, over one axis, and a caption that names all of them."""

from __future__ import annotations

import re
from pathlib import Path

import torch

from tools import picture
from zeropoint.geometry import cosine_histogram
from zeropoint.models import STAND_INS

ROOT = Path(__file__).parents[2]


def test_a_row_for_each_model_over_the_whole_range():
    clouds = {name: cosine_histogram(torch.randn(50, 8) + shift, progress=False) for shift, name in enumerate("abc")}
    fig = picture.rows(clouds)
    assert [a.text for a in fig.layout.annotations] == ["<b>a</b>", "<b>b</b>", "<b>c</b>"]
    assert all(max(bars.y) == 1 and len(bars.x) == 100 for bars in fig.data)
    assert {-1, 0, 1} <= set(fig.layout.xaxis3.tickvals) and fig.layout.xaxis3.range[0] <= -1
    assert not fig.layout.showlegend and fig.layout.title.text is None


def test_what_is_not_here_is_left_out(monkeypatch, tmp_path):
    monkeypatch.setattr(picture, "SMOLLM2", tmp_path / "none")
    assert list(picture.models()) == list(STAND_INS)


def test_the_captions_name_every_model():
    for page in ("README.md", "tools/site/front.md"):
        caption = re.search(r"picture\.png\)\n\n\*(.+)\*", (ROOT / page).read_text(encoding="utf-8"))[1]
        assert all(name in caption for name in (*STAND_INS, picture.REAL_NAME)), page
