"""How good predictions are: accuracy for classes, R² for numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from nn.lookup import look_up

Prediction = float | Sequence[float]
Metric = Callable[[Sequence[Prediction], Sequence[Prediction]], float]


def as_row(output: Prediction) -> Sequence[float]:
    """The outputs as a sequence, also when there is only one.

    >>> as_row(2.0), as_row([1.0, 2.0])
    ((2.0,), [1.0, 2.0])
    """
    return output if isinstance(output, Sequence) else (output,)


def predicted_class(output: Prediction, threshold: float = 0.0) -> int:
    """The class an output stands for: the largest of several scores, or the side of the threshold one score is on.

    A tie goes to the first of the largest; a score exactly on the threshold is class 0.

    >>> predicted_class([0.1, 2.0, -1.0]), predicted_class(0.3), predicted_class(0.3, threshold=0.5)
    (1, 1, 0)
    """
    if isinstance(output, Sequence):
        return max(range(len(output)), key=output.__getitem__)
    return int(output > threshold)


def target_class(target: Prediction, output: Prediction) -> int:
    """The class a target stands for: an index beside several scores, a one-hot row, or 0/1 (or -1/+1) beside one score.

    >>> target_class(2, [0.1, 0.2, 0.7]), target_class([0, 1], [0.5, 0.5]), target_class(-1, 0.3)
    (2, 1, 0)
    """
    if isinstance(target, Sequence):
        return predicted_class(target)
    return int(target) if isinstance(output, Sequence) else int(target > 0)


def accuracy(outputs: Sequence[Prediction], targets: Sequence[Prediction], threshold: float = 0.0) -> float:
    """The fraction of samples whose predicted class is the target's, in [0, 1].

    Several scores: the largest counts. One score: a logit or margin, class 1 above `threshold`.

    >>> accuracy([2.0, -1.0, 0.5], [1, 0, 0])
    0.6666666666666666
    """
    _same_length(outputs, targets)
    hits = sum(predicted_class(o, threshold) == target_class(t, o) for o, t in zip(outputs, targets, strict=True))
    return hits / len(targets)


def probability_accuracy(outputs: Sequence[Prediction], targets: Sequence[Prediction]) -> float:
    """Accuracy of a model whose one output is a probability: class 1 above one half.

    >>> probability_accuracy([0.9, 0.4], [1, 0])
    1.0
    """
    return accuracy(outputs, targets, threshold=0.5)


def r_squared(outputs: Sequence[Prediction], targets: Sequence[Prediction]) -> float:
    """R² = 1 - Σ(y - ŷ)² / Σ(y - mean)²: 1 is exact, 0 is no better than always saying the mean, below 0 is worse.

    Several outputs are summed before the division. Targets that are all equal have no spread to explain: 1 when every
    prediction is exact, else 0.

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
    """The metric of that name, or the function itself; an unknown name is a `ValueError` that lists the names.

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
            f"a metric needs as many predictions as targets, at least one; got {len(outputs)} and {len(targets)}"
        )
