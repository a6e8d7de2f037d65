"""What `python -m nn train` says about the result: whether the model has learned anything, and advice if it has not."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from autograd import no_graph
from nn.evaluation.report import ClassReport
from nn.layers.mlp import MLP
from nn.tabular.datasets import Dataset
from nn.tabular.preprocessing import Array
from nn.train.baseline import Baseline, baseline
from nn.train.history import History
from nn.train.losses import get_loss
from nn.train.metrics import Prediction

LOOKED_AT = 50  # training samples, for the loss before and after
UNTRAINED = "the model did not learn"
SLIGHT = 0.001  # a loss that falls by less has not fallen
RISEN = 1.1  # times the loss before: a step was too long
FAR = 1.0  # of R²: the squared error exceeds that of the constant by the variance of the targets


def mean_loss(model: MLP, x: Array, targets: Sequence[Prediction], loss: str) -> float:
    """The mean loss of these samples, computed eagerly.

    >>> import numpy as np
    >>> mean_loss(MLP(1, [1], output="linear"), np.array([[0.0]]), [2.0], "half_squared_error")
    2.0
    """
    measure = get_loss(loss)
    with no_graph():
        losses = [measure(model(row), y) for row, y in zip(x.tolist(), targets, strict=True)]
    return sum(float(each.data) for each in losses) / len(losses)


def beside_baseline(dataset: Dataset) -> tuple[Baseline, str]:
    """The score on the held-out samples of the best constant prediction, and how that is said."""
    found = baseline(dataset.task, dataset.y[dataset.train], dataset.y[dataset.held_out])
    if dataset.task == "regression":
        return found, f"always predicting the mean, {found.prediction:.6g}, gives R² {found.score:.4f}"
    return found, f"always predicting {dataset.class_names[int(found.prediction)]!r} gives {found.score:.2%}"


def did_not_learn(before: float, after: float, worst: float, score: float, constant: Baseline) -> str:
    """What is wrong with a result, and what to try; empty for a model that has learned something.

    The loss `before` and `after` training, the `worst` of all epochs (inf if one diverged), the score of the model, and
    that of the best constant.

    >>> print(did_not_learn(0.5, 3.8e6, 5e6, -7e6, Baseline(0.0, 0.0)))
    the model did not learn: its loss was 0.5, and is 3.8e+06 now; try a smaller --lr
    >>> print(did_not_learn(0.5, 0.4999, 0.5, 0.5, Baseline(0.0, 0.5)))
    the model did not learn: its loss was 0.5, and is 0.4999 now; try a larger --lr, or more --epochs
    >>> did_not_learn(0.5, 0.1, 0.6, 0.9, Baseline(0.0, 0.5))
    ''
    """
    if not after < before * (1.0 - SLIGHT):
        advice = "a smaller --lr" if worst > RISEN * before else "a larger --lr, or more --epochs"
        return f"{UNTRAINED}: its loss was {before:.4g}, and is {after:.4g} now; try {advice}"
    if score < constant.score - FAR:
        return f"{UNTRAINED}: a constant prediction is better by far; try another --lr"
    if score <= constant.score:
        return (
            "the model is no better than a constant prediction; try more --epochs, another --lr, or other columns:"
            " those that are used may say nothing about the target"
        )
    return ""


def worst_loss(history: History) -> float:
    """The highest training loss after an epoch; inf if one is not finite.

    >>> from nn.train.history import Epoch
    >>> worst_loss(History([Epoch(1, 0.5), Epoch(2, float("nan"))]))
    inf
    """
    return max((loss if math.isfinite(loss) else math.inf for loss in history.losses), default=0.0)


def one_class_only(report: ClassReport) -> str:
    """What to try for a model that predicts the same class for every sample; empty for others.

    >>> import numpy as np
    >>> report = ClassReport.of(("no", "yes"), np.array([0, 0, 0, 1]), np.zeros(4), None)
    >>> print(one_class_only(report))
    the model predicts 'no' for every sample, and 1 of 4 is of another class; try --class-weight balanced
    """
    predicted = np.flatnonzero(report.matrix.sum(axis=0))
    others = int(report.matrix.sum() - np.trace(report.matrix))
    if len(predicted) != 1 or not others:
        return ""
    name, samples = report.names[int(predicted[0])], int(report.matrix.sum())
    verb = "is" if others == 1 else "are"
    return (
        f"the model predicts {name!r} for every sample, and {others} of {samples} {verb} of another class;"
        " try --class-weight balanced"
    )
