"""What a model that ignores its inputs would score: the least that training should achieve."""

from __future__ import annotations

from typing import Any, NamedTuple

from autograd._numpy import NDArray, np
from nn.train.metrics import r_squared
from nn.train.tasks import Task


class Baseline(NamedTuple):
    """A constant prediction: the most frequent class or the mean of the training samples, and its score."""

    prediction: float
    score: float


def baseline(task: Task, trained_on: NDArray[Any], y: NDArray[Any]) -> Baseline:
    """The best constant for the targets `trained_on`, and its accuracy or R² on the targets `y`.

    >>> baseline("binary", np.array([0, 1, 1]), np.array([1, 0, 1, 1]))
    Baseline(prediction=1.0, score=0.75)
    >>> baseline("regression", np.array([1.0, 3.0]), np.array([2.0, 4.0]))
    Baseline(prediction=2.0, score=-1.0)
    """
    if task == "regression":
        mean = float(trained_on.mean())
        return Baseline(mean, r_squared([mean] * len(y), y.tolist()))
    classes, counts = np.unique(trained_on, return_counts=True)
    chosen = classes[counts.argmax()]
    return Baseline(float(chosen), float(np.mean(y == chosen)))
