"""Scores of trained models, compared with scikit-learn's, and how they are printed and drawn."""

from __future__ import annotations

import json
import math
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nn.evaluation.calibration import calibration, reliability
from nn.evaluation.classes import balanced_accuracy, class_scores, confusion_matrix, confusions
from nn.evaluation.importance import Importance, permutation_importance
from nn.evaluation.report import ClassReport, NumberReport, Report
from nn.evaluation.residuals import residuals
from nn.evaluation.wording import lines
from nn.plotting.results import calibration_picture, confusion_picture, importance_picture, residual_picture
from tests.support.examples import examples

metrics = pytest.importorskip("sklearn.metrics", reason="scikit-learn is the oracle")
calibration_curve = pytest.importorskip("sklearn.calibration").calibration_curve
inspection = pytest.importorskip("sklearn.inspection")

CLOSE = 1e-12  # means of at most 60 numbers up to 1, and logarithms up to 36
PAIRS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=40)


@given(PAIRS)
@examples(20)
def test_scores_of_classes_are_those_of_scikit_learn(pairs: list[tuple[int, int]]) -> None:
    y, predicted = np.array(pairs).T
    matrix = confusion_matrix(y, predicted, 4)
    assert matrix.tolist() == metrics.confusion_matrix(y, predicted, labels=range(4)).tolist()
    wanted = metrics.precision_recall_fscore_support(y, predicted, labels=range(4), zero_division=0.0)
    np.testing.assert_allclose(np.array(class_scores(matrix)).T, wanted, rtol=0, atol=CLOSE)
    recalls = metrics.recall_score(y, predicted, labels=np.unique(y), average=None)
    assert balanced_accuracy(class_scores(matrix)) == pytest.approx(recalls.mean(), abs=CLOSE)
    assert sum(each.samples for each in confusions(matrix)) == (y != predicted).sum()


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=60))
@examples(20)
def test_the_reliability_table_is_that_of_scikit_learn(pairs: list[tuple[float, bool]]) -> None:
    probability, happened = np.array([p for p, _ in pairs]), np.array([h for _, h in pairs])
    frequency, mean = calibration_curve(happened, probability, n_bins=10)
    found = reliability(probability, happened)
    np.testing.assert_allclose([each.frequency for each in found], frequency, rtol=0, atol=CLOSE)
    np.testing.assert_allclose([each.probability for each in found], mean, rtol=0, atol=CLOSE)
    assert sum(each.samples for each in found) == len(pairs)


@given(st.integers(0, 2**31), st.integers(2, 5))
@examples(15)
def test_log_loss_and_calibration_error(seed: int, classes: int) -> None:
    rng = np.random.RandomState(seed)
    probabilities, y = rng.dirichlet(np.ones(classes) / 4, 30), rng.randint(classes, size=30)
    found = calibration(probabilities, y)
    assert found.log_loss == pytest.approx(metrics.log_loss(y, probabilities, labels=range(classes)), abs=CLOSE)
    # Naeini et al. 2015: bin by bin, the difference of sums, over all samples.
    right, sure = probabilities.argmax(axis=1) == y, probabilities.max(axis=1)
    bins = np.ceil(sure * 10)
    assert found.ece == pytest.approx(
        sum(abs(right[bins == k].sum() - sure[bins == k].sum()) for k in range(11)) / 30, abs=CLOSE
    )


def test_a_calibrated_model_has_no_error_and_a_sure_one_that_is_wrong_has_all() -> None:
    sure = np.array([[1.0, 0.0]] * 4)
    assert calibration(sure, np.zeros(4, dtype=int)).ece == 0.0
    wrong = calibration(sure, np.ones(4, dtype=int))
    assert wrong.ece == 1.0
    assert wrong.log_loss == -math.log(np.finfo(float).eps)


@given(st.lists(st.tuples(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6)), min_size=2, max_size=40))
@examples(20)
def test_errors_of_numbers_are_those_of_scikit_learn(pairs: list[tuple[float, float]]) -> None:
    y, predicted = np.array(pairs).T
    found, wanted = residuals(y, predicted), (
        metrics.mean_absolute_error(y, predicted),
        metrics.root_mean_squared_error(y, predicted),
        metrics.median_absolute_error(y, predicted),
        metrics.max_error(y, predicted),
        (predicted - y).mean(),
    )  # fmt: skip
    given_in_that_order = (found.mae, found.rmse, found.median, found.largest, found.bias)
    # Sums of up to 40 numbers up to 2e6 (squares: relative to their root).
    np.testing.assert_allclose(given_in_that_order, wanted, rtol=1e-12, atol=1e-7 * 2**-20)
    assert found.median <= found.ninety <= found.largest


def test_the_importance_of_columns_is_that_of_scikit_learn() -> None:
    rng = np.random.RandomState(0)
    x = rng.normal(size=(60, 3))
    y = 3.0 * x[:, 0] + x[:, 1]

    def score(x: np.ndarray) -> float:  # type: ignore[type-arg]
        return float(metrics.r2_score(y, 3.0 * x[:, 0] + x[:, 1]))

    repeats = 60
    found = permutation_importance(score, x, {"a": [0], "b": [1], "c": [2]}, repeats=repeats)
    wanted = inspection.permutation_importance(
        SimpleNamespace(fit=print), x, y, scoring=lambda _model, x, _y: score(x), n_repeats=repeats, random_state=1
    )
    assert [each.column for each in found] == ["a", "b", "c"]
    for each, mean, std in zip(found, wanted.importances_mean, wanted.importances_std, strict=True):
        # Five standard errors of the difference of two means of independent permutations.
        assert abs(each.mean - mean) <= 5 * math.hypot(each.std, std) / math.sqrt(repeats)
        assert each.std == pytest.approx(
            std, rel=0.65
        )  # five standard errors of 60 normal numbers' deviation, 1/√120 each


def test_features_of_one_column_are_shuffled_together() -> None:
    one_hot = np.eye(3)[[0, 1, 2, 0, 1, 2]]
    seen: list[np.ndarray] = []  # type: ignore[type-arg]
    permutation_importance(lambda x: seen.append(x) or 0.0, one_hot, {"colour": [0, 1, 2]})  # type: ignore[func-returns-value]
    assert all((x.sum(axis=1) == 1.0).all() for x in seen)
    assert any((x != one_hot).any() for x in seen)


# --- text and pictures ------------------------------------------------------------------------------------------------


def report_on(names: tuple[str, ...], samples: int = 60) -> Report:
    rng = np.random.RandomState(len(names))
    probabilities = rng.dirichlet(np.ones(len(names)) / 4, samples)
    y = np.where(rng.rand(samples) < 0.7, probabilities.argmax(axis=1), rng.randint(len(names), size=samples))
    detail = ClassReport.of(names, y, probabilities.argmax(axis=1).astype(float), probabilities)
    importances = [Importance(f"a column with a long name, number {i}", 0.5 / (i + 1), 0.01) for i in range(14)]
    score = {"metric": "accuracy", "value": 0.7, "samples": samples, "held_out": True}
    return Report("kind", "held-out", score, 0.5, detail, importances)


NUMBERS = Report(
    "price",
    "held-out",
    {"metric": "R²", "value": math.nan, "samples": 3, "held_out": True},
    -0.1,
    NumberReport.of(np.array([1e9, 2.0, -3e-7]), np.array([2.0, 2.0, 1.0])),
    [Importance("size", -0.01, 0.0), Importance("x", -0.02, 0.0)],
)
REPORTS = {
    "two classes": report_on(("no", "yes")),
    "ten digits": report_on(tuple("0123456789"), 3000),
    "long names": report_on(("a class with a long name", "a class with a long nose", "another")),
    "names that begin alike": report_on(tuple(f"the same beginning {i}" for i in range(8))),
    "forty classes": report_on(tuple(f"class {i}" for i in range(40))),
    "numbers": NUMBERS,
}


@pytest.mark.parametrize("width", [40, 80, 120])
@pytest.mark.parametrize("name", REPORTS)
def test_a_report_fits_the_terminal(name: str, width: int) -> None:
    text = list(lines(REPORTS[name], width))
    assert max(map(len, text)) <= width
    assert all(line == line.rstrip() and line for line in text)
    assert len(text) < 60


def test_the_report_in_words() -> None:
    y, predicted = np.array([0, 0, 0, 1, 1]), np.array([0.0, 0.0, 1.0, 1.0, 1.0])
    detail = ClassReport.of(("lily", "rose"), y, predicted, np.array([[0.9, 0.1]] * 2 + [[0.3, 0.7]] * 3))
    score = {"metric": "accuracy", "value": 0.8, "samples": 5, "held_out": True}
    importances = [Importance("long", 0.4, 0.1), Importance("wide", 0.0, 0.0)]
    assert (
        "\n".join(lines(Report("kind", "held-out", score, 0.6, detail, importances), 40))
        == """\
by class (held-out samples):
  class  precision  recall    F1    n
  lily        1.00    0.67  0.80    3
  rose        0.67    1.00  0.80    2
confusion matrix
  (rows: classes, columns: predictions)
       lily rose
  lily    2    1
  rose    .    2
calibration:
  expected error 0.060, log loss 0.426
  probability  mean  right    n
  0.6 to 0.7    0.70   0.67    3
  0.8 to 0.9    0.90   1.00    2
importance of the columns:
  (drop in accuracy, shuffled 5 times)
  long   0.400 ± 0.100 ████████████████
  wide   0.000 ± 0.000"""
    )


def test_what_does_not_fit_becomes_a_list_of_mistakes() -> None:
    text = list(lines(REPORTS["names that begin alike"], 40))
    assert "most frequent mistakes:" in text
    assert "confusion matrix" not in text
    assert "confusion matrix" in list(lines(REPORTS["ten digits"], 80))


@pytest.mark.parametrize("name", REPORTS)
def test_the_report_is_json(name: str) -> None:
    found = json.loads(REPORTS[name].text(), parse_constant=pytest.fail)
    assert found["score"]["metric"] == REPORTS[name].score["metric"]
    assert len(found["importances"]) == len(REPORTS[name].importances)


@pytest.mark.slow
def test_pictures_have_names_numbers_and_both_themes(tmp_path: Path) -> None:
    report, numbers = REPORTS["two classes"].detail, NUMBERS.detail
    assert isinstance(report, ClassReport)
    assert isinstance(numbers, NumberReport)
    assert report.calibration is not None
    confusion_picture(report.matrix, ("$no$", "yes"), tmp_path / "a.svg", title="Flowers")
    calibration_picture(report.calibration.bins, tmp_path / "b.svg", title="Flowers")
    importance_picture(NUMBERS.importances, tmp_path / "c.svg", metric="R²", title="Flowers", theme="dark")
    residual_picture(numbers.y, numbers.predicted, tmp_path / "d.svg", target="price in $", title="Flowers")
    for path in tmp_path.iterdir():
        text = path.read_text(encoding="utf-8")
        ElementTree.fromstring(text)
        assert "#0d1117" in text  # the paper of the dark theme
