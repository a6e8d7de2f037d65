"""`class_weight` of `nn.MLPClassifier` weighs as scikit-learn's classifiers do."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.utils.class_weight import compute_sample_weight

from nn.estimators.class_weights import factors
from tests.nn.small_estimators import TARGETS, X, estimator, theta

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

BINARY = TARGETS["binary"]
CASES: dict[str, Any] = {
    "binary": ["balanced", {"yes": 5.0}, {"yes": 2, "no": np.float32(0.25)}, {"yes": 2, "no": 1, "unseen": 9}],
    "multiclass": ["balanced", {0: 4.0, 2: 0.5}],
    "multilabel": ["balanced", [{0: 1, 1: 5}, {1: 2}, {0: 3}]],
}


@pytest.mark.parametrize(
    ("target", "which"), [(target, which) for target, cases in CASES.items() for which in range(len(cases))]
)
def test_class_weights_are_the_sample_weights_that_scikit_learn_computes(target: str, which: int) -> None:
    class_weight, y = CASES[target][which], TARGETS[target]
    ours = estimator(target, class_weight=class_weight).fit(X, y)
    by_sample = estimator(target).fit(X, y, sample_weight=compute_sample_weight(class_weight, y))
    np.testing.assert_allclose(theta(ours), theta(by_sample), rtol=1e-6, atol=1e-9)  # merging sums in another order
    assert not np.allclose(theta(ours), theta(estimator(target).fit(X, y)))


@pytest.mark.parametrize("class_weight", ["balanced", {"yes": 0.1, "no": 3.0}], ids=["balanced", "dict"])
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_class_weights_multiply_sample_weights_and_repetitions_give_the_same_bits(
    class_weight: Any, solver: str
) -> None:
    repeats = np.random.default_rng(1).integers(0, 4, len(X))
    again = np.repeat(np.arange(len(X)), repeats)
    options = {"class_weight": class_weight, "solver": solver, "max_iter": 5}
    weighted = estimator("binary", **options).fit(X, BINARY, sample_weight=repeats)
    repeated = estimator("binary", **options).fit(X[again], BINARY[again])
    np.testing.assert_array_equal(theta(weighted), theta(repeated))


def test_balanced_classes_have_the_same_total_weight() -> None:
    random = np.random.default_rng(0)
    indices, weight = random.integers(0, 3, 50), random.random(50)
    each = factors("balanced", np.array(["a", "b", "c", "never"]), indices, weight)
    totals = np.bincount(indices, weights=weight * each[indices])
    np.testing.assert_allclose(totals, weight.sum() / 3)
    assert each[3] == 1.0


def test_a_class_of_weight_zero_is_left_out() -> None:
    fitted = estimator("multiclass", class_weight={1: 0}).fit(X, TARGETS["multiclass"])
    kept = np.where(TARGETS["multiclass"] == 1, 0.0, 1.0)
    expected = estimator("multiclass").fit(X, TARGETS["multiclass"], sample_weight=kept)
    np.testing.assert_array_equal(theta(fitted), theta(expected))
    assert fitted.predict_proba(X).shape == (len(X), 3)


def test_early_stopping_scores_with_class_weights() -> None:
    options = {"early_stopping": True, "validation_fraction": 0.5}
    ours = estimator("binary", class_weight={"yes": 7.0}, **options).fit(X, BINARY)
    by_sample = estimator("binary", **options).fit(X, BINARY, sample_weight=np.where(BINARY == "yes", 7.0, 1.0))
    assert ours.validation_scores_ == by_sample.validation_scores_
    assert any((48 * score) % 4 for score in ours.validation_scores_)  # not only twelfths, as without weights


def test_partial_fit_takes_a_dict_for_all_classes() -> None:
    pieces = estimator("binary", class_weight={"no": 0.5, "yes": 2.0}, batch_size=5)
    whole = estimator("binary", class_weight={"no": 0.5, "yes": 2.0}, batch_size=5, max_iter=2).fit(X, BINARY)
    for _ in range(2):
        pieces.partial_fit(X, BINARY, classes=["no", "yes"])
    np.testing.assert_array_equal(theta(pieces), theta(whole))
    only = np.flatnonzero(BINARY == "no")
    pieces.partial_fit(X[only], BINARY[only])
    with pytest.raises(ValueError, match=r"partial_fit cannot .*'balanced'.*compute_class_weight"):
        pieces.set_params(class_weight="balanced").partial_fit(X, BINARY)


@pytest.mark.parametrize(
    ("target", "class_weight", "message"),
    [
        ("binary", "balance", "class_weight must be None, \"balanced\" or a dict of weights by class, got 'balance'"),
        ("binary", 2.0, "class_weight must be None"),
        ("binary", {"yse": 2.0}, r"the class 'yse', which is not among the classes \['no', 'yes'\]"),
        ("binary", {1: 2.0}, "the class 1, which is not among"),
        ("binary", {"yes": -1}, r"class_weight\['yes'\] must be a finite number >= 0, got -1"),
        ("binary", {"yes": float("nan")}, "must be a finite number >= 0, got nan"),
        ("binary", {"yes": "2"}, "must be a finite number >= 0, got '2'"),
        ("binary", {"yes": 0, "no": 0}, "weight"),
        ("multilabel", {0: 1.0}, "a list of 3 dicts"),
        ("multilabel", [{0: 1.0}], "a list of 3 dicts"),
    ],
)
def test_class_weights_that_are_not_allowed(target: str, class_weight: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        estimator(target, class_weight=class_weight).fit(X, TARGETS[target])
