"""Figures over the layers."""

from __future__ import annotations

from zeropoint.claims import exact, over
from zeropoint.streams.figures import by_layer


def test_a_line_looks_alike_in_every_panel():
    panels = {"one": {"a": [1, 2], "b": [2, 3]}, "two": {"b": [1.23456, 2]}}
    a, b, again = by_layer(panels, "title", ["y", ""]).data
    assert (b.line, b.name) == (again.line, again.name) and a.line != b.line
    assert [t.showlegend for t in (a, b, again)] == [True, True, False]
    assert again.y == (1.235, 2) and again.x == (0, 1)
    assert by_layer({"": {"a": [1, 2]}}, "t", "y", at=["0", "600"]).layout.xaxis.type == "category"


def test_an_estimate_is_drawn_with_its_interval():
    estimates = [over([1, 2, 3], "seeds"), exact(5)]
    (trace,) = by_layer({"": {"a": estimates}}, "t", "y").data
    assert trace.y == (2, 5) and trace.error_y.array == (2.484, 0)
    (plain,) = by_layer({"": {"a": [exact(1), exact(2)]}}, "t", "y").data
    assert plain.error_y.array is None
