"""Hold a few gradients of a model against central differences: the proof that what was trained was trained rightly."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from autograd import Value, no_graph
from nn.train.losses import Loss
from nn.train.metrics import Prediction
from nn.train.prediction import Model

# Central differences err by h² · f'''/6 + ε · |L| / h (ε = 2⁻⁵²). Near h = 1e-5 both are about 1e-11 for a loss of unit
# size; the wider and narrower step serve steep and flat places, and the side of a kink a step does not cross.
STEPS = (1e-4, 1e-5, 1e-6)
ABSOLUTE = 1e-8
RELATIVE = 1e-5


@dataclass(frozen=True)
class Comparison:
    """One parameter's gradient, by the chain rule and by differences; `name` is the parameter's label."""

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


def check_gradient(model: Model, x: Sequence[float], y: Prediction, loss: Loss, count: int = 5) -> list[Comparison]:
    """Compare dL/dθ of one sample with (L(θ + h) - L(θ - h)) / 2h for `count` parameters.

    The parameters are parted into `count` runs and the steepest of each is taken, so every depth of a net is looked at.
    The step that agrees best of 1e-4, 1e-5, 1e-6 (times the parameter's size, at least 1) counts: a rounding error or a
    kink shows at one step, a wrong derivative at all. The model's parameters end as they were; their `.grad` is this
    sample's.

    >>> from nn.train.losses import half_squared_error
    >>> from nn.layers.mlp import MLP
    >>> rows = check_gradient(MLP(2, [3, 1], hidden="tanh", seed=0), [0.5, -1.0], 1.0, half_squared_error)
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
    return Comparison(
        parameter.label, parameter.grad, min(estimates, key=lambda estimate: abs(estimate - parameter.grad))
    )


def _difference(parameter: Value, step: float, loss_now: Callable[[], float]) -> float:
    start = parameter.data
    try:
        parameter.data = start + step
        above, high = parameter.data, loss_now()
        parameter.data = start - step
        return (high - loss_now()) / (above - parameter.data)
    finally:
        parameter.data = start
