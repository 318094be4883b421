"""Figures: what the bins hold, and that a log axis does not lose a line."""

from __future__ import annotations

import pytest
import torch

from zeropoint import geometry, plots

W = torch.randn(60, 8, generator=torch.Generator().manual_seed(0))


def test_a_distribution_integrates_to_the_share_within():
    values = torch.linspace(-1, 3, 4001)
    (trace,) = plots.distribution({"v": values}, "title", "part", within=(0, 2), bins=50).data
    assert sum(trace.y) * 2 / 50 == pytest.approx(0.5, abs=1e-3)
    assert trace.x[0] == pytest.approx(0.02) and trace.x[-1] == pytest.approx(1.98)


def test_panels_share_their_looks_and_their_legend():
    h = geometry.cosine_histogram(W)
    fig = plots.cosine_panels({"before": {"a": h, "b": h}, "after": {"a": h, "b": h}}, "two")
    assert len(fig.data) == 4 and [t.showlegend for t in fig.data] == [True, True, False, False]
    assert fig.data[0].line == fig.data[2].line != fig.data[1].line
    assert [axis.type for axis in fig.select_yaxes()] == ["log", "log"]


def test_one_panel_has_no_title_of_its_own():
    fig = plots.cosine_figure({"a": geometry.cosine_histogram(W)}, "one")
    assert not fig.layout.annotations and fig.layout.title.text == "one"


def test_curves_are_told_apart_without_colour():
    fig = plots.curves([1, 2, 3], {name: [0, 1, 2] for name in "abcdefgh"}, "many", ("x", "y"))
    assert len({(t.line.color, t.line.dash) for t in fig.data}) == 8
