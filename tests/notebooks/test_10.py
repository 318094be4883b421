"""10: numbers, verdicts and figures of the walkthrough, and the solved puzzle."""

import pytest
from sklearn.linear_model import Ridge

from tests.notebooks.conftest import assert_figure
from zeropoint import models
from zeropoint.puzzles.p10 import claims, probes, study

LABELS = ["mini-neo (raw, stand-in)", "mini-gpt2 (raw, stand-in)"]
# What no trained model should change, and what two models may answer differently.
SURE = (claims.LENGTH, claims.CONTROLS, claims.RANK, claims.MORE, claims.SHIFT, claims.CENTRED, claims.RELATION)
EITHER = (claims.NUMBER, claims.OWN_INTERCEPT, claims.PARTNERS, claims.SHORTER, claims.SPACE, claims.MORE_THAN_OTHERS)


@pytest.fixture
def walkthrough(executed):
    return executed("notebooks/10")


def numbers(run, label):
    reports = {report["model"]: report["numbers"] for report in run.run.reports}
    assert list(reports) == LABELS
    return {name: float(values[0]) for name, values in reports[label].items()}


def test_length_is_read_as_another_library_reads_it(walkthrough, executed):
    for label in LABELS:
        m = study.Study(models.load(label.split()[0]))
        X, y = m.X.double().numpy(), m.length.numpy()
        scores = []
        for k in range(probes.FOLDS):
            seen = (m.fold != k).numpy()
            alpha = probes.RIDGE * X[seen].var(0).mean() * seen.sum()
            said = Ridge(alpha=alpha).fit(X[seen], y[seen]).predict(X[~seen])
            scores.append(1 - ((y[~seen] - said) ** 2).sum() / ((y[~seen] - y[seen].mean()) ** 2).sum())
        found = numbers(walkthrough, label)
        assert found["R² of length"] == pytest.approx(sum(scores) / len(scores), abs=1e-3)
        assert found["R² of length"] > found["R² of length, rank alone"] > 0
        assert numbers(executed("solutions/10"), label)["R² of length"] == found["R² of length"]


def test_verdicts(walkthrough):
    words = {(text, on): word for text, _, on, word, _ in walkthrough.run.ledger}
    assert set(words) == {(claim.text, on) for claim in SURE + EITHER for on in LABELS}
    assert {words[claim.text, on] for claim in SURE for on in LABELS} == {"holds"}


def test_the_cloud_with_the_larger_mean_brings_an_intercept(walkthrough):
    neo, gpt2 = (numbers(walkthrough, label) for label in LABELS)
    assert neo["of 1, not said by the rows"] < gpt2["of 1, not said by the rows"]
    lost = [n["R² of length"] - n["R² of length, no intercept"] for n in (neo, gpt2)]
    assert -0.01 < lost[0] < lost[1]


def test_figures(walkthrough):
    lengths, written, arrows, moved = walkthrough.figures
    assert_figure(lengths, traces=8, x="true characters", y="said of a token", label=LABELS[0])
    assert_figure(written, traces=8, x="R² on tokens not seen", y="property", label=LABELS[0])
    assert_figure(arrows, traces=6, x="share explained", y="relation", label=LABELS[0])
    assert_figure(moved, traces=4, x="looks longer", y="expected characters", label=LABELS[0])


def test_what_does_not_apply_is_said(walkthrough):
    assert walkthrough.text.count("country, capital, 0 pairs: too few, left out") == 2


def test_solution_passes_everything(executed):
    solved = executed("solutions/10")
    assert not solved.error and "6 of 6 done" in solved.text and len(solved.figures) == 2


def test_unsolved_puzzle_holds_its_outcomes(executed):
    run = executed("puzzles/10")
    assert not run.figures and "R² lost" not in run.text and "shuffled lengths:" not in run.text
    assert all(ids in run.text for ids in ("10.a, 10.b", "10.a, 10.d, 10.e", "10.f"))
