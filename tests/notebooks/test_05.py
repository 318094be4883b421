"""What the notebooks of 05 must come to on the stand-ins."""

from __future__ import annotations

import re

from tests.notebooks.conftest import assert_figure

MODELS = ("mini-neo (raw, stand-in)", "mini-gpt2 (raw, stand-in)")
TOOLS, SEE = 15, 8


def numbers(run, label):
    (report,) = (r for r in run.run.reports if r["model"] == label)
    return {name: value[0] for name, value in report["numbers"].items()}


def test_the_box_has_no_zero(executed):
    run = executed("notebooks/05")
    (box,) = (label for label in run.labels if label not in MODELS)
    assert numbers(run, box) == {"choices of zeros that rebuild f": "625", "squares that differ": "0"}
    picture = run.figures[1]
    assert_figure(picture, traces=3, x="number of y", y="number of x", label=box)
    handed, one, other = (trace["z"] for trace in picture["data"])
    assert one == other != handed


def test_verdicts(executed):
    run = executed("notebooks/05")
    verdicts = {(text.split(",")[0], on): word for text, _, on, word, _ in run.run.ledger}
    sure = {key: word for key, word in verdicts.items() if "centring helps analogies" not in key[0]}
    assert len(sure) == 11 and set(sure.values()) == {"holds"}
    evidence = " ".join(row[-1] for row in run.run.ledger)
    assert "choices of zeros that rebuild f, of 625: 625" in evidence and "serve as zero, of 25: 25" in evidence


def test_the_verdict_on_centring_is_that_of_its_interval(executed):
    rows = [row for row in executed("notebooks/05").run.ledger if row[0].startswith("centring helps")]
    assert [row[2] for row in rows] == list(MODELS)
    for _, _, _, word, evidence in rows:
        value, half = map(float, re.search(r": (-?[\d.]+) ± ([\d.]+) \(\d+ pairs\)", evidence).groups())
        assert word == ("holds" if value > half else "fails" if value < -half else "open")


def test_analogies(executed):
    run = executed("notebooks/05")
    figure = run.figures[2]
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
    assert "parallelogram, mismatched" in run.text


def test_invariance_figure(executed):
    for name in ("notebooks/05", "solutions/05"):
        (figure,) = [f for f in executed(name).figures if "sliders" in f["layout"]]
        assert_figure(figure, traces=6, x="relative change", label=MODELS[0])
        (slider,) = figure["layout"]["sliders"]
        for step in slider["steps"]:
            shift, rounding, control = step["args"][0]["x"][:3]
            seen = [change > 1e-9 for change in shift]
            assert len(seen) == TOOLS and sum(seen) == SEE
            assert max(rounding) < 1e-10 and min(control) > 1e-7


def test_solution(executed):
    run = executed("solutions/05")
    assert run.text.count("✓ 5.") >= 5 and "6 of 6 done" in run.text
    cell = r"\s*<td>([\d.]+) ± [\d.]+</td>"
    # spreads, the cosine keeps, yours keeps, the two agree
    quizzes = re.findall(rf"<th>(0|4|64)</th>{3 * cell}", run.text)
    assert len(quizzes) == 6 and all(float(yours) == 1 for _, _, yours, _ in quizzes)  # a parallelogram moves along
    agreed = [float(both) for spreads, _, _, both in quizzes if spreads == "64"]
    assert min(agreed) > 0.8  # far from zero, cosine is distance
    assert numbers(run, MODELS[0])["tools that see zero"] == f"{SEE} of {TOOLS}"


def test_solution_tries_every_claim_and_a_control(executed):
    run = executed("solutions/05")
    rows = re.findall(r"<th>(black box|control).*?</th>\s*<td>([\d.]+)</td>" + 2 * r"\s*<td>(\d+)</td>", run.text)
    (box, *found), (control, right, give, fit) = rows
    assert list(map(float, found)) == [1, 625, 625]
    assert float(right) < 0.9 and int(fit) <= int(give) < 25  # so that it could have come out otherwise
    assert "5.g: skipped\n  outcome  2 (" in run.text and "5.h: skipped\n  outcome  differences (" in run.text


def test_outcomes_are_measured_on_models(executed):
    """Export once said that tools were what was measured on."""
    text = executed("solutions/05").text
    for id, word in (("5.c", "sees"), ("5.d", "sees"), ("5.e", "blind")):
        assert f"{id}: skipped\n  outcome  {word} ({MODELS[0]} and {MODELS[1]})" in text


def test_unsolved_puzzle_holds_its_outcomes(executed):
    run = executed("puzzles/05")
    waiting = (
        "5.a, 5.b, 5.c, 5.d, 5.e",
        "exercise 5.1",
        "exercise 5.2",
        "exercise 5.3",
        "exercises 5.4, 5.5",
        "5.g",
        "5.h",
    )
    assert not run.figures and all(ids in run.text for ids in waiting)
    assert "claims that give the table" not in run.text
