"""07's pictures."""

from __future__ import annotations

from zeropoint.claims import over
from zeropoint.puzzles.p07 import norms
from zeropoint.puzzles.p07.figures import courses, dots


def test_dots_stand_beside_each_other_at_their_place():
    places, changes = ("after 0", "after 1"), ("removed", "volume")
    found = {(place, change): over([1, 2, 3], "rows") for place in places for change in changes}
    fig = dots({"a": found, "b": found}, "title", "x", "y")
    removed, volume = fig.data[:2]
    assert (removed.name, volume.name) == changes and removed.marker.symbol != volume.marker.symbol
    assert [round(v) for v in removed.x] == [0, 1] and removed.x[0] < volume.x[0]
    assert list(fig.layout.xaxis.ticktext) == list(places) and fig.layout.yaxis2.type == "log"
    assert removed.error_y.array == (2.484, 2.484)


def test_courses_show_every_seed_and_name_a_kind_once():
    runs = norms.above_the_embedding()
    kinds, quantities = {"pre": "before", "none": "nowhere"}, {"share": "the share", "volume": "the volume"}
    fig = courses(runs, kinds, quantities, "title", "x", ["share", "loss"])
    assert [t.name for t in fig.data] == ["before"] * 3 + ["nowhere"] * 3 + ["before"] * 3, "no volume without a norm"
    assert sum(t.showlegend for t in fig.data) == 2
    assert len({t.line.color for t in fig.data[:3]}) == 1 and fig.data[0].line != fig.data[3].line
    assert list(fig.data[0].x) == [str(step) for step in norms.WATCHED]
