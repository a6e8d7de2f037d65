"""scikit-learn's own checks of estimators, and what `nn.MLPClassifier` and `nn.MLPRegressor` refuse."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from sklearn.utils import estimator_checks

import nn
from tests.nn.small_estimators import SUM, TARGETS, X, estimator

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

# Both ask for what an estimator does not have to have: SCIPY_ARRAY_API=1, and `decision_function`.
NOT_APPLICABLE = {"check_array_api_input", "check_classifiers_multilabel_output_format_decision_function"}


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["MLPClassifier", "MLPRegressor"])
def test_check_estimator_passes_without_expected_failures(kind: str) -> None:
    results = estimator_checks.check_estimator(getattr(nn, kind)(), on_skip=None)
    statuses = {each["check_name"]: each["status"] for each in results}
    assert {name for name, status in statuses.items() if status != "passed"} <= NOT_APPLICABLE
    assert len(statuses) > 40


@pytest.mark.parametrize(
    "check",
    [
        "check_no_attributes_set_in_init",
        "check_parameters_default_constructible",
        "check_estimators_unfitted",
        "check_sample_weight_equivalence_on_dense_data",
        "check_n_features_in",
        "check_dict_unchanged",
        "check_fit2d_1sample",
        "check_class_weight_classifiers",
    ],
)
def test_checks_of_scikit_learn_that_take_little_time(check: str) -> None:
    getattr(estimator_checks, check)("MLPClassifier", nn.MLPClassifier(4, max_iter=10))


# --- errors -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"activation": "rleu"}, "unknown activation 'rleu'; did you mean 'relu'"),
        ({"activation": "softmax"}, "unknown activation 'softmax'"),
        ({"solver": "lbgfs"}, "did you mean 'lbfgs'"),
        ({"learning_rate": "fixed"}, "unknown learning_rate 'fixed'"),
        ({"hidden_layer_sizes": (3, 0)}, r"hidden_layer_sizes must be positive integers, got \(3, 0\)"),
        ({"alpha": -1.0}, r"alpha must be a number in \[0, inf\), got -1.0"),
        ({"momentum": 1.0}, r"momentum must be a number in \[0, 1\), got 1.0"),
        ({"tol": "small"}, "tol must be a number"),
        ({"max_iter": 2.5}, "max_iter must be a positive integer, got 2.5"),
        ({"batch_size": True}, "batch_size must be a positive integer, or 'auto', got True"),
        ({"n_iter_no_change": 0}, "n_iter_no_change must be a positive integer, or inf, got 0"),
        ({"shuffle": "no"}, "shuffle must be True or False, got 'no'"),
        ({"learning_rate_init": 1e300, "solver": "sgd"}, r"not finite \(epoch \d+\): scale the features"),
        ({"early_stopping": True, "validation_fraction": 0.01}, "24 different samples leaves fewer than 2"),
    ],
    ids=lambda given: "-".join(given) if isinstance(given, dict) else "",
)
def test_hyperparameters_that_are_not_allowed_are_named(parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        estimator("number", **parameters).fit(X, SUM)


@pytest.mark.parametrize(
    ("y", "weight", "message"),
    [
        (["a"] * 24, None, "y has only 1 class, .*'a'"),
        (SUM, None, "Unknown label type: continuous"),
        (np.column_stack([np.arange(24) % 3] * 2), None, "multiclass-multioutput"),
        (TARGETS["binary"], [1.0] * 23, r"shape \(23,\); it needs a number for each of 24"),
        (TARGETS["binary"], [1.0] * 23 + [-1.0], r"sample_weight\[23\] is -1.0: it must be >= 0"),
        (TARGETS["binary"], 0.0, "every sample_weight is zero"),
    ],
    ids=["one class", "numbers", "two classes a row", "too few weights", "negative", "zero"],
)
def test_targets_and_weights_that_do_not_fit_are_named(y: Any, weight: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        estimator("binary").fit(X, y, sample_weight=weight)


def test_pieces_that_do_not_fit_are_named() -> None:
    classifier, y = estimator("binary"), TARGETS["binary"]
    with pytest.raises(ValueError, match="needs classes="):
        classifier.partial_fit(X, y)
    classifier.partial_fit(X, y, classes=["no", "yes"])
    with pytest.raises(ValueError, match="are not those of the first call"):
        classifier.partial_fit(X, y, classes=["no", "maybe"])
    with pytest.raises(ValueError, match=r"class .*'maybe'.*, which is not among"):
        classifier.partial_fit(X, np.where(SUM > 1.0, "maybe", y))
    with pytest.raises(ValueError, match="multilabel-indicator"):
        classifier.partial_fit(X, TARGETS["multilabel"])
    with pytest.raises(ValueError, match="set early_stopping=False"):
        classifier.set_params(early_stopping=True).partial_fit(X, y)
    assert not hasattr(classifier.set_params(solver="lbfgs"), "partial_fit")


def test_without_scikit_learn_the_error_says_what_to_install() -> None:
    program = (
        "import sys; sys.modules['sklearn'] = None\n"
        "from nn import *\nimport nn\nassert 'MLPClassifier' not in dir(nn)\nnn.MLPClassifier"
    )
    done = subprocess.run([sys.executable, "-c", program], check=False, capture_output=True, text=True)
    assert done.returncode == 1
    assert "pip install 'scalar-autograd[sklearn]'" in done.stderr
    assert {"MLPClassifier", "MLPRegressor"} <= set(dir(nn))
