"""Check the gradients of a model: all of them with the engine's check, or a few against central differences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypedDict, Unpack

import autograd
from autograd import CheckReport, Value, no_graph
from nn.train.losses import Loss, LossLike, get_loss
from nn.train.metrics import Prediction
from nn.train.prediction import Model

# A central difference is off by h² · f'''/6 + ε · |L| / h (ε = 2⁻⁵²). Near h = 1e-5 both terms are about 1e-11 for a
# loss of unit size; the larger and smaller steps serve flat and steep places, and avoid stepping across a kink.
STEPS = (1e-4, 1e-5, 1e-6)
ABSOLUTE = 1e-8
RELATIVE = 1e-5


class CheckOptions(TypedDict, total=False):
    """The options of `autograd.check_gradients` that a model can have."""

    order: Literal[1, 2]
    kinks: Literal["frozen", "onesided", "raise"]
    oracle: Literal["auto", "mpmath", "complex", "differences", "function"]
    detached: Literal["report", "allow"]
    raise_on_failure: bool


def check_gradients(
    model: Model, x: Any, y: Any, *, loss: LossLike = "half_squared_error", **options: Unpack[CheckOptions]
) -> CheckReport:
    """Compare ∂L/∂θ of one sample with independently computed derivatives, for every parameter θ of the model.

    model    whose parameters are checked
    x        one sample
    y        its target
    loss     by name or as a function of (prediction, target)
    options  those of `autograd.check_gradients`, which documents the method and its accuracy

    Raises `autograd.CheckError` when a derivative is wrong or none could be decided, ValueError for an unknown loss.

    >>> from nn import MLP
    >>> check_gradients(MLP(2, [3, 1], hidden="tanh", seed=0), [0.5, -1.0], 1.0).ok
    True
    """
    __tracebackhide__ = True  # so that pytest shows the message first
    return autograd.check_gradients(model, x, y, loss=get_loss(loss), **options)


@dataclass(frozen=True)
class Comparison:
    """One parameter's gradient by the chain rule and by a central difference; `name` is the parameter's label."""

    name: str
    analytic: float
    numerical: float

    @property
    def difference(self) -> float:
        """|analytic - numerical| relative to the larger of the two, 0 when both are 0."""
        size = max(abs(self.analytic), abs(self.numerical))
        return abs(self.analytic - self.numerical) / size if size else 0.0

    @property
    def agrees(self) -> bool:
        """Whether the two agree as well as differences in double precision can.

        >>> Comparison("w", 1.0, 1.0 + 1e-9).agrees, Comparison("w", 1.0, 1.001).agrees
        (True, False)
        """
        return self.difference <= RELATIVE or abs(self.analytic - self.numerical) <= ABSOLUTE


def compare_with_differences(
    model: Model, x: Sequence[float], y: Prediction, loss: Loss, count: int = 5
) -> list[Comparison]:
    """Compare ∂L/∂θ of one sample with (L(θ + h) - L(θ - h)) / 2h for `count` parameters.

    The parameters are cut into `count` runs and the one with the largest gradient is taken from each, so that every
    depth of a network is covered. Of the steps h = 1e-4, 1e-5, 1e-6 (times the parameter's size, at least 1) the one
    that agrees best counts: rounding or a kink spoils one step, a wrong derivative all. The parameters keep their
    values; their `.grad` is afterwards this sample's.

    >>> from nn.train.losses import half_squared_error
    >>> from nn.layers.mlp import MLP
    >>> model = MLP(2, [3, 1], hidden="tanh", seed=0)
    >>> rows = compare_with_differences(model, [0.5, -1.0], 1.0, half_squared_error)
    >>> len(rows), all(row.agrees for row in rows)
    (5, True)
    """
    parameters = model.parameters()
    for parameter in parameters:
        parameter.grad = 0.0
    loss(model(x), y).backward()

    def loss_now() -> float:
        with no_graph():
            return float(loss(model(x), y))

    runs = [parameters[len(parameters) * k // count : len(parameters) * (k + 1) // count] for k in range(count)]
    steepest = [max(run, key=lambda parameter: abs(parameter.grad)) for run in runs if run]
    return [_compare(parameter, loss_now) for parameter in steepest]


def _compare(parameter: Value, loss_now: Callable[[], float]) -> Comparison:
    scale = max(1.0, abs(parameter.data))
    estimates = [_difference(parameter, step * scale, loss_now) for step in STEPS]
    nearest = min(estimates, key=lambda estimate: abs(estimate - parameter.grad))
    return Comparison(parameter.label, parameter.grad, nearest)


def _difference(parameter: Value, step: float, loss_now: Callable[[], float]) -> float:
    start = parameter.data
    try:
        parameter.data = start + step
        above, high = parameter.data, loss_now()
        parameter.data = start - step
        return (high - loss_now()) / (above - parameter.data)
    finally:
        parameter.data = start
