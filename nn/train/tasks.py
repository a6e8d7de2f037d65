"""Tasks and the losses that suit them: how targets are encoded and outputs read, which output activations fit."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

from autograd.io.suggestions import did_you_mean
from nn.train.metrics import Prediction, as_row, predicted_class

Task = Literal["classification", "binary", "regression"]
TASKS: tuple[Task, ...] = get_args(Task)

Encode = Callable[[float, int], Prediction]
Probabilities = Callable[[Prediction], list[float]]


@dataclass(frozen=True)
class Scheme:
    """A loss for a task: a row of `SCHEMES`.

    `outputs` are the output activations that fit, the default first; `encode(y, classes)` turns a class index (or
    number) into a target; `threshold` separates the classes when there is one output; `probabilities(output)` gives the
    probability of each class, if the loss makes the output mean one.
    """

    loss: str
    outputs: tuple[str, ...]
    encode: Encode
    metric: str
    threshold: float = 0.0
    probabilities: Probabilities | None = None

    def read_class(self, output: Prediction) -> int:
        """The class that the output predicts.

        >>> scheme("binary", "binary_cross_entropy").read_class(0.3)
        0
        """
        return predicted_class(output, self.threshold)


def _index(y: float, _classes: int) -> Prediction:
    return int(y)


def _number(y: float, _classes: int) -> Prediction:
    return y


def _margin(y: float, _classes: int) -> Prediction:
    return 2.0 * y - 1.0


def _one_hot(y: float, classes: int) -> Prediction:
    return [float(k == y) for k in range(classes)]


def _from_probability(output: Prediction) -> list[float]:
    (p,) = as_row(output)
    return [1.0 - p, p]


def _from_logit(output: Prediction) -> list[float]:
    (score,) = as_row(output)
    t = math.exp(-abs(score))
    likely, unlikely = 1.0 / (1.0 + t), t / (1.0 + t)
    return [unlikely, likely] if score >= 0 else [likely, unlikely]


def _from_logits(output: Prediction) -> list[float]:
    scores = as_row(output)
    weights = [math.exp(score - max(scores)) for score in scores]
    return [weight / math.fsum(weights) for weight in weights]


# The first row of a task is its default.
SCHEMES: dict[Task, tuple[Scheme, ...]] = {
    "binary": (
        Scheme("binary_cross_entropy_with_logits", ("linear",), _index, "accuracy", 0.0, _from_logit),
        Scheme("binary_cross_entropy", ("sigmoid",), _index, "probability_accuracy", 0.5, _from_probability),
        Scheme("hinge", ("linear",), _margin, "accuracy", 0.0),
        Scheme("half_squared_error", ("sigmoid", "linear"), _index, "probability_accuracy", 0.5),
        Scheme("mse", ("sigmoid", "linear"), _index, "probability_accuracy", 0.5),
    ),
    "classification": (
        Scheme("cross_entropy", ("linear",), _index, "accuracy", 0.0, _from_logits),
        Scheme("half_squared_error", ("sigmoid", "softmax", "linear"), _one_hot, "accuracy"),
        Scheme("mse", ("sigmoid", "softmax", "linear"), _one_hot, "accuracy"),
    ),
    "regression": (
        Scheme("half_squared_error", ("linear",), _number, "r_squared"),
        Scheme("mse", ("linear",), _number, "r_squared"),
        Scheme("mae", ("linear",), _number, "r_squared"),
    ),
}

LOSS_NAMES: tuple[str, ...] = tuple(dict.fromkeys(s.loss for schemes in SCHEMES.values() for s in schemes))


def scheme(task: Task, loss: str = "auto") -> Scheme:
    """The scheme for a task and a loss; `"auto"` is the task's default. A loss that does not fit is a `ValueError`.

    >>> scheme("classification").loss, scheme("binary").outputs
    ('cross_entropy', ('linear',))
    """
    rows = SCHEMES[task]
    if loss == "auto":
        return rows[0]
    for row in rows:
        if row.loss == loss:
            return row
    names = [row.loss for row in rows]
    hint = did_you_mean(loss, names) or ";"
    raise ValueError(f"loss {loss!r} does not fit the task {task!r}{hint} choose one of {', '.join(names)}")


def output_for(chosen: Scheme, output: str = "auto") -> str:
    """The output activation for a scheme; one that does not fit is a `ValueError` that names those that do.

    >>> output_for(scheme("binary", "binary_cross_entropy"))
    'sigmoid'
    """
    if output == "auto":
        return chosen.outputs[0]
    if output in chosen.outputs:
        return output
    raise ValueError(
        f"output activation {output!r} does not fit the loss {chosen.loss!r}, which needs {' or '.join(chosen.outputs)}"
    )
