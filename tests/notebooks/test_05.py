"""What the notebooks of 05 must come to on the stand-ins."""

from __future__ import annotations

import re

from tests.notebooks.conftest import assert_figure

MODELS = ("mini-neo (raw, stand-in)", "mini-gpt2 (raw, stand-in)")
TOOLS = 14


def numbers(run, label):
    (report,) = (r for r in run.run.reports if r["model"] == label)
    return {name: value[0] for name, value in report["numbers"].items()}


def test_the_box_has_no_zero(executed):
    run = executed("notebooks/05")
    (box,) = (label for label in run.labels if label not in MODELS)
    assert numbers(run, box) == {"choices of zeros that rebuild f": "625", "the two pictures are equal": "True"}
    picture = run.figures[0]
    assert_figure(picture, traces=3, x="number of y", y="number of x", label=box)
    handed, one, other = (trace["z"] for trace in picture["data"])
    assert one == other != handed


def test_verdicts(executed):
    text = executed("notebooks/05").text
    assert "fails" not in text
    assert "625 of 625" in text and "25 of 25 points serve as zero" in text
    assert re.search(r"parallelogram 100%, 3CosAdd, unit rows \d?\d%", text)
    assert "7 see, 7 are blind" in text


def test_analogies(executed):
    run = executed("notebooks/05")
    figure = run.figures[1]
    assert_figure(figure, traces=8, x="shift (spreads)", y="share of questions", label=MODELS[0])
    for trace in figure["data"]:
        first, last = trace["y"][0], trace["y"][-1]
        match trace["name"]:
            case "parallelogram":
                assert set(trace["y"]) == {1.0}
            case "dot product":
                assert last < first
            case _:
                assert last > max(first, 0.8)  # far from zero, cosine is distance
    assert float(numbers(run, MODELS[1])["accuracy, parallelogram"]) > 0.1
    assert "mismatched pairs" in run.text


def test_invariance_figure(executed):
    for name in ("notebooks/05", "puzzles/05", "solutions/05"):
        figure = executed(name).figures[-1]
        assert_figure(figure, traces=6, x="relative change", label=MODELS[0])
        (slider,) = figure["layout"]["sliders"]
        for step in slider["steps"]:
            shift, rounding, control = step["args"][0]["x"][:3]
            seen = [change > 1e-9 for change in shift]
            assert len(seen) == TOOLS and sum(seen) == TOOLS / 2
            assert max(rounding) < 1e-10 and min(control) > 1e-7


def test_solution(executed):
    run = executed("solutions/05")
    assert run.text.count("✓ 5.") >= 5 and "6 of 6 done" in run.text
    assert "25 of 25 claims about the zeros fit" in run.text and "yours keeps 100%" in run.text
    assert numbers(run, MODELS[0])["tools that see zero"] == f"7 of {TOOLS}"


def test_unsolved_puzzle_guards_its_cells(executed):
    run = executed("puzzles/05")
    assert all(f"Solve {n} first." in run.text for n in ("5.1", "5.2", "5.3", "5.4 and 5.5"))
    assert "differences (black box" not in run.text  # the outcome of 5.p waits for the solution
