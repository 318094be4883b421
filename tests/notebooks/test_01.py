"""01: the numbers, verdicts and figures of the walkthrough, and the solved puzzle."""

import pytest

from tests.notebooks.conftest import assert_figure
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
