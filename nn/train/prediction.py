"""What a model is, for training and for use: something to call with one sample that lists its parameters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from autograd import Value, no_graph
from nn.train.metrics import Prediction
from nn.train.samples import plain_rows

Output = Value | Sequence[Value]


class Model(Protocol):
    """Anything that can be called with one sample and lists its parameters, such as a `Module`."""

    def __call__(self, x: Any, /) -> Output: ...

    def parameters(self) -> list[Value]:
        """The leaves that training may change."""


def predict(model: Model, x: Any) -> list[Prediction]:
    """The model's outputs for the rows of numbers `x`, as plain floats; nothing is recorded.

    >>> from nn.layers.mlp import MLP
    >>> len(predict(MLP(2, [3], seed=0), [[0.0, 1.0], [1.0, 0.0]])[0])
    3
    """
    with no_graph():
        return [plain(model(row)) for row in plain_rows(x)]


def plain(output: Any) -> Prediction:
    """A model's output as a float or a list of floats.

    >>> plain(Value(2.0)), plain([Value(1.0), 0.5])
    (2.0, [1.0, 0.5])
    """
    return [float(one) for one in output] if isinstance(output, Sequence) else float(output)
