"""`nn.MLPRegressor`."""

from __future__ import annotations

from typing import Any

from sklearn.base import MultiOutputMixin, RegressorMixin
from sklearn.metrics import r2_score
from sklearn.utils import column_or_1d

from autograd._numpy import NDArray, np
from nn.estimators.base import BaseMLP, Target
from nn.estimators.programs import OutActivation
from nn.estimators.samples import Samples


class MLPRegressor(MultiOutputMixin, RegressorMixin, BaseMLP):  # type: ignore[misc]
    """A multi-layer perceptron for numbers: scikit-learn's estimator of this name, trained by this engine.

    The hyperparameters are those of `MLPClassifier`. The loss is ½ Σ (ŷ − y)² over the outputs. `y` has one column or
    several. Scale `X` and `y` first, as for any network: see `sklearn.compose.TransformedTargetRegressor`.

    >>> import nn
    >>> regressor = nn.MLPRegressor((), solver="lbfgs", alpha=0.0, random_state=0)
    >>> regressor.fit([[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0]).predict([[3.0]]).round(3)
    array([7.])
    """

    def predict(self, X: Any) -> NDArray[np.float64]:
        """The predicted numbers, shape (n,), or (n, outputs) if `y` had several columns."""
        outputs = self._outputs(X)
        return outputs[:, 0] if outputs.shape[1] == 1 else outputs

    def _encode(self, y: Target, first: bool) -> Target:
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        return y.astype(np.float64, copy=False)

    def _y_checks(self) -> dict[str, bool]:
        return {"y_numeric": True}

    def _output_layer(self, target: Target) -> tuple[int, OutActivation]:
        return (1 if target.ndim == 1 else target.shape[1]), "identity"

    def _validation_score(self, outputs: NDArray[np.float64], samples: Samples) -> float:
        return float(r2_score(samples.y, outputs, sample_weight=samples.weight))
