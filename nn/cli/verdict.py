"""What `python -m nn train` says about the result: whether the model has learned anything, and advice if it has not."""

from __future__ import annotations

from collections.abc import Sequence

from autograd import no_graph
from nn.layers.mlp import MLP
from nn.tabular.datasets import Dataset
from nn.tabular.preprocessing import Array
from nn.train.baseline import Baseline, baseline
from nn.train.losses import get_loss
from nn.train.metrics import Prediction

LOOKED_AT = 50  # training samples, for the loss before and after
UNTRAINED = "the model did not learn"
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


def did_not_learn(before: float, after: float, score: float, constant: Baseline) -> str:
    """What is wrong with a result, and what to try; empty for a model that has learned something.

    >>> print(did_not_learn(0.5, 3.8e6, -7e6, Baseline(0.0, 0.0)))
    the model did not learn: its loss was 0.5, and is 3.8e+06 now; try a smaller --lr
    >>> did_not_learn(0.5, 0.1, 0.9, Baseline(0.0, 0.5))
    ''
    """
    if not after < before:
        return f"{UNTRAINED}: its loss was {before:.3g}, and is {after:.3g} now; try a smaller --lr"
    if score < constant.score - FAR:
        return f"{UNTRAINED}: a constant prediction is better by far; try a smaller --lr"
    if score <= constant.score:
        return (
            "the model is no better than a constant prediction; try more --epochs, another --lr, or other columns:"
            " those that are used may say nothing about the target"
        )
    return ""
