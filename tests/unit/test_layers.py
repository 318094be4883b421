"""Figures over the layers."""

from __future__ import annotations

import torch

from zeropoint.puzzles.p06.figures import coloured
from zeropoint.streams import Stream
from zeropoint.streams.figures import by_layer


def test_a_line_looks_alike_in_every_panel():
    panels = {"one": {"a": [1, 2], "b": [2, 3]}, "two": {"b": [1.23456, 2]}}
    fig = by_layer(panels, "title", ["y", ""], error={"one": {"a": [0.1, 0.2]}})
    a, b, again = fig.data
    assert (b.line, b.name) == (again.line, again.name) and a.line != b.line
    assert [t.showlegend for t in fig.data] == [True, True, False]
    assert a.error_y.array == (0.1, 0.2) and again.y == (1.235, 2) and again.x == (0, 1)
    assert by_layer({"": {"a": [1, 2]}}, "t", "y", at=["0", "600"]).layout.xaxis.type == "category"


def test_coloured_is_small_and_shows_position_0():
    n = torch.arange(3000)
    s = Stream(torch.randn(1, 3000, 8), n % 7, n % 100, n // 100)
    fig = coloured(s, 0, n % 50 == 0, "model")
    assert len(fig.data) == 3 and len(fig.to_json()) < 100_000
    assert sum(size == 11 for size in fig.data[0].marker.size) >= 24
