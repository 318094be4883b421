"""04's forest of estimates."""

from __future__ import annotations

import math

from zeropoint.claims import exact, over
from zeropoint.puzzles.p04 import figures


def test_the_first_is_on_top_one_seed_is_open_and_what_was_not_measured_is_not_drawn():
    estimates = {"a": over([1.0, 1.1, 1.2], "seeds"), "b": over([0.5], "seeds"), "c": exact(math.nan)}
    drawn = figures.forest(estimates, "made up", "change").data[0]
    assert list(drawn.y) == ["b", "a"]  # plotly counts upwards
    assert list(drawn.marker.symbol) == ["circle-open", "circle"]
    assert drawn.error_x.array[0] == 0 < drawn.error_x.array[1]
