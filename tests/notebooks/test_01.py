"""01: the numbers, verdicts and figures of the walkthrough, and the solved puzzle."""

import nbformat
import pytest

from tests.notebooks.conftest import Executed, assert_figure, source
from tools.run import execute
from zeropoint import geometry, models

NEO, GPT2 = "mini-neo (raw, stand-in)", "mini-gpt2 (raw, stand-in)"


@pytest.fixture
def walkthrough(executed):
    return executed("notebooks/01")


def numbers(run):
    return {report["model"]: {k: float(v[0]) for k, v in report["numbers"].items()} for report in run.run.reports}


def verdicts(run):
    return {(text, on): word for text, _, on, word, _ in run.run.ledger}


def matrix(label):
    return models.load_embedding(label.split()[0]).W.float()


def test_numbers_are_those_of_the_matrix(walkthrough):
    reported = numbers(walkthrough)
    assert list(reported) == [NEO, GPT2]
    for label, values in reported.items():
        W = matrix(label)
        assert values["mean cosine"] == pytest.approx(geometry.mean_pairwise_cosine(W), rel=1e-3)
        exact, error = geometry.mean_abs_cosine(geometry.centre(W))
        assert values["mean |cosine|, centred"] == pytest.approx(exact, abs=1e-3 + 4 * error)


def test_both_regimes_emerged(walkthrough):
    neo, gpt2 = numbers(walkthrough).values()
    assert neo["mean cosine"] > 0.9 and 0.2 < gpt2["mean cosine"] < 0.4


def test_the_common_vector_is_left_of_five_rivals(walkthrough):
    rivals = {text[:9]: word for (text, on), word in verdicts(walkthrough).items() if text.startswith("rival")}
    assert rivals == {f"rival ({r})": "holds" if r == "c" else "fails" for r in "abcde"}


@pytest.mark.parametrize("label", [NEO, GPT2])
def test_the_kind_is_told_by_width_and_not_by_the_mean(walkthrough, label):
    W = matrix(label)
    kind = geometry.kind_of_mean(W)
    offset = kind.mean_abs_cosine_centred < 0.25 and kind.share_along_mean < 0.5
    alike = kind.mean_cosine * W.shape[1] ** 0.5 > 3  # else there is nothing to explain
    (word,) = [word for (text, on), word in verdicts(walkthrough).items() if "is an offset" in text and on == label]
    assert word == ("open" if not alike else "holds" if offset else "fails")
    assert abs(numbers(walkthrough)[label]["mean cosine, centred"]) < 0.1  # of either kind


def test_figures(walkthrough):
    pairs, dimensions, kinds, parts, origin = walkthrough.figures
    assert_figure(pairs, traces=9, x="cosine", y="share of pairs", label=NEO)  # three, each with its band
    assert_figure(dimensions, traces=3, x="dimensions", y="share")
    assert_figure(kinds, traces=10, x="cosine", y="share of pairs", label=GPT2)
    assert_figure(parts, traces=5, x="along the mean", y="share of tokens")
    assert_figure(origin, traces=7, x="spreads", y="mean pairwise cosine")
    assert pairs["layout"]["yaxis"]["type"] == "log"  # else the highest peak flattens the others


def test_solution_passes_everything(executed):
    solved = executed("solutions/01")
    assert not solved.error and "Puzzle 1: 7 of 7 done" in solved.text


@pytest.mark.parametrize(
    "made, unmade",
    [(["1.d", "1.e"], ["1.a", "1.b", "1.c"]), (["1.a", "1.b", "1.c", "1.e"], ["1.d"])],
    ids=["1.a to 1.c", "1.d"],
)
def test_no_cell_tells_an_outcome_before_its_prediction(made, unmade, tmp_path):
    """All exercises solved, some predictions unmade: neither their outcomes are shown nor what nearly gives them away."""
    neo, gpt2 = matrix(NEO), matrix(GPT2)
    centred = geometry.centre(neo)
    telling = {
        "1.b": [geometry.mean_pairwise_cosine(neo), geometry.share_of_mean(neo)],
        "1.c": [geometry.mean_pairwise_cosine(gpt2), geometry.share_of_mean(gpt2)],
        "1.d": [geometry.cosine_sample(centred).mean_abs, geometry.effective_dimension(centred)],
    }
    nb = source("solutions/01_suspiciously_similar")
    nb.cells = [cell for cell in nb.cells if not cell.source.startswith("report(")]
    (cell,) = [cell for cell in nb.cells if cell.source.startswith('skip("1")')]
    cell.source = f"skip{(*made,)}"
    nbformat.write(nb, tmp_path / "held.ipynb")
    run = Executed(execute(tmp_path / "held.ipynb"))
    assert not run.error and "Puzzle 1: 7 of 7 done" in run.text and "Held back" in run.text
    told = [id for id in unmade for number in telling.get(id, []) if f"{number:.4f}"[:5] in run.text]
    assert not told and ("1.a" not in unmade or not run.figures)
