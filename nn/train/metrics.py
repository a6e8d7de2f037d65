"""Metrics of predictions: accuracy for classes, R² for numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from nn.lookup import look_up

Prediction = float | Sequence[float]
Metric = Callable[[Sequence[Prediction], Sequence[Prediction]], float]


def as_row(output: Prediction) -> Sequence[float]:
    """The outputs as a sequence, even if there is only one.

    >>> as_row(2.0), as_row([1.0, 2.0])
    ((2.0,), [1.0, 2.0])
    """
    return output if isinstance(output, Sequence) else (output,)


def predicted_class(output: Prediction, threshold: float = 0.0) -> int:
    """The predicted class: the index of the largest of several scores; of one score, whether it exceeds `threshold`.

    The first of equal scores wins; a score exactly on the threshold is class 0.

    >>> predicted_class([0.1, 2.0, -1.0]), predicted_class(0.3), predicted_class(0.3, threshold=0.5)
    (1, 1, 0)
    """
    if isinstance(output, Sequence):
        return max(range(len(output)), key=output.__getitem__)
    return int(output > threshold)


def target_class(target: Prediction, output: Prediction) -> int:
    """The class that a target means: an index (several scores), a one-hot row, or 0/1 or -1/+1 (one score).

    >>> target_class(2, [0.1, 0.2, 0.7]), target_class([0, 1], [0.5, 0.5]), target_class(-1, 0.3)
    (2, 1, 0)
    """
    if isinstance(target, Sequence):
        return predicted_class(target)
    return int(target) if isinstance(output, Sequence) else int(target > 0)


def accuracy(outputs: Sequence[Prediction], targets: Sequence[Prediction], threshold: float = 0.0) -> float:
    """The fraction of samples whose class is predicted correctly, in [0, 1]; see `predicted_class`.

    >>> accuracy([2.0, -1.0, 0.5], [1, 0, 0])
    0.6666666666666666
    """
    _same_length(outputs, targets)
    hits = sum(predicted_class(o, threshold) == target_class(t, o) for o, t in zip(outputs, targets, strict=True))
    return hits / len(targets)


def probability_accuracy(outputs: Sequence[Prediction], targets: Sequence[Prediction]) -> float:
    """The accuracy of a model with one output, a probability: class 1 above one half.

    >>> probability_accuracy([0.9, 0.4], [1, 0])
    1.0
    """
    return accuracy(outputs, targets, threshold=0.5)


def r_squared(outputs: Sequence[Prediction], targets: Sequence[Prediction]) -> float:
    """R² = 1 - Σ(y - ŷ)² / Σ(y - mean)²: 1 is exact, 0 as good as predicting the mean, below 0 worse.

    Several outputs are summed before the division. If all targets are equal it is 1 when every prediction is exact,
    else 0.

    >>> r_squared([1.0, 2.0, 3.5], [1.0, 2.0, 3.0])
    0.875
    """
    _same_length(outputs, targets)
    predicted, wanted = [as_row(o) for o in outputs], [as_row(t) for t in targets]
    means = [math.fsum(column) / len(wanted) for column in zip(*wanted, strict=True)]
    unexplained = math.fsum(
        (t - o) ** 2 for ts, os in zip(wanted, predicted, strict=True) for t, o in zip(ts, os, strict=True)
    )
    spread = math.fsum((t - m) ** 2 for ts in wanted for t, m in zip(ts, means, strict=True))
    if spread == 0.0:
        return 1.0 if unexplained == 0.0 else 0.0
    return 1.0 - unexplained / spread


METRICS: dict[str, Metric] = {
    "accuracy": accuracy,
    "probability_accuracy": probability_accuracy,
    "r_squared": r_squared,
}


def get_metric(metric: str | Metric) -> Metric:
    """The metric with that name, or the function itself; an unknown name is a `ValueError` that lists the names.

    >>> get_metric("r_squared") is r_squared
    True
    """
    return (
        look_up(METRICS, metric, "metric", "or a function of outputs and targets")
        if isinstance(metric, str)
        else metric
    )


def _same_length(outputs: Sequence[Prediction], targets: Sequence[Prediction]) -> None:
    if len(outputs) != len(targets) or not targets:
        raise ValueError(
            f"a metric needs as many predictions as targets, and at least one; got {len(outputs)} and {len(targets)}"
        )
