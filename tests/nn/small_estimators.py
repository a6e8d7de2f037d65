"""Small data and estimators for it."""

from __future__ import annotations

from typing import Any

import numpy as np

import nn

X = np.random.default_rng(0).normal(size=(24, 3))
SUM = X.sum(axis=1)
TARGETS: dict[str, np.ndarray[Any, Any]] = {
    "binary": np.where(SUM > 0.0, "yes", "no"),
    "multiclass": np.digitize(SUM, [-1.0, 1.0]),
    "multilabel": (X > 0.0).astype(int),
    "number": SUM**2,
    "numbers": np.column_stack([SUM, X[:, 0] ** 2]),
}
SMALL = {"hidden_layer_sizes": (4,), "random_state": 0}


def estimator(target: str, package: Any = nn, **parameters: Any) -> Any:
    """An estimator for this target."""
    kind = "MLPRegressor" if target.startswith("number") else "MLPClassifier"
    return getattr(package, kind)(**{**SMALL, "max_iter": 20, **parameters})


def theta(fitted: Any) -> np.ndarray[Any, Any]:
    """All parameters."""
    return np.concatenate([each.ravel() for each in (*fitted.coefs_, *fitted.intercepts_)])
