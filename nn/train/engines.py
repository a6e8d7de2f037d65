"""The two engines of a run: eager graphs, or programs made by `autograd.compile` from model and loss."""

from __future__ import annotations

import math
from functools import cached_property
from typing import Any, Protocol

import autograd
from autograd import CompileError, no_graph, total
from autograd._numpy import HAS_NUMPY, NDArray, np
from autograd.io.plural import counted
from nn.train.losses import Loss
from nn.train.metrics import Prediction
from nn.train.prediction import Model, plain
from nn.train.samples import Sample

Vector = NDArray[np.float64]
Rows = NDArray[np.int64]
Measured = tuple[list[Prediction], list[float]]  # the output and the loss of each sample

# A backward pass visits every parameter once per graph, so several samples in one graph cost less than one graph each;
# a limit keeps large batches from filling the memory.
SAMPLES_PER_GRAPH = 8

# A program keeps intermediate results for every sample of a call: 8 bytes for each, 32 MB for a thousand neurons.
SAMPLES_PER_CALL = 4096


class Table:
    """Samples as pairs, for graphs, and as arrays, for programs; `weights` say how much each counts in a gradient.

    >>> table = Table([([1.0, 2.0], 0), ([3.0, 4.0], 1)])
    >>> len(table), table.x.shape, table.y.tolist()
    (2, (2, 2), [0, 1])
    """

    def __init__(self, pairs: list[Sample], weights: Vector | None = None) -> None:
        self.pairs, self.weights = pairs, weights

    def __len__(self) -> int:
        return len(self.pairs)

    @cached_property
    def x(self) -> Vector:
        """The rows, shape (n, inputs)."""
        return np.array([x for x, _ in self.pairs])

    @cached_property
    def y(self) -> NDArray[Any]:
        """The targets, shape (n,) or (n, outputs); CompileError when they make no array of numbers."""
        try:
            y = np.array([y for _, y in self.pairs])
        except ValueError:  # targets of unequal lengths
            y = np.array(None)
        if not HAS_NUMPY:
            return y  # checked when it is compiled
        if y.dtype.kind not in "biuf":
            raise CompileError("the targets are not numbers, or lists of numbers that are all of the same length")
        return y.astype(np.float64) if y.dtype.kind == "b" else y


class Engine(Protocol):
    """What a run needs from its model and loss; `description` says in words what runs."""

    description: str

    @property
    def theta(self) -> Vector:
        """The current parameters as a vector."""

    @theta.setter
    def theta(self, numbers: Vector) -> None: ...

    def read(self) -> None:
        """Read the parameters of the model, which a callback may have changed."""

    def write(self) -> None:
        """Write θ into the parameters of the model."""

    def gradient(self, rows: Rows) -> Vector:
        """The gradient of the mean over these samples of the loss, times the sample's weight if there is one."""

    def measure(self, table: Table) -> Measured:
        """Outputs and losses of the samples; call `write` first."""


class Eager:
    """Eager graphs: every sample is computed on Values. The parameters themselves hold θ."""

    description = "eager"

    def __init__(self, model: Model, loss: Loss, samples: Table) -> None:
        self.model, self.loss, self.samples = model, loss, samples
        self.parameters = list(dict.fromkeys(model.parameters()))  # shared weights may be listed twice

    @property
    def theta(self) -> Vector:
        return np.array([parameter.data for parameter in self.parameters])

    @theta.setter
    def theta(self, numbers: Vector) -> None:
        for parameter, number in zip(self.parameters, numbers.tolist(), strict=True):
            parameter.data = number

    def read(self) -> None:
        """Nothing: the parameters hold θ."""

    def write(self) -> None:
        """Nothing: the parameters hold θ."""

    def gradient(self, rows: Rows) -> Vector:
        """One backward pass for every few samples; a graph is freed before the next one is built."""
        for parameter in self.parameters:
            parameter.grad = 0.0
        for first in range(0, len(rows), SAMPLES_PER_GRAPH):
            total([self._sample_loss(row) for row in rows[first : first + SAMPLES_PER_GRAPH]]).backward()
        return np.array([parameter.grad for parameter in self.parameters]) / len(rows)

    def _sample_loss(self, row: int) -> Any:
        x, y = self.samples.pairs[row]
        loss = self.loss(self.model(x), y)
        return loss if self.samples.weights is None else float(self.samples.weights[row]) * loss

    def measure(self, table: Table) -> Measured:
        """Sample by sample, without recording."""
        with no_graph():
            outputs = [self.model(x) for x, _ in table.pairs]
            losses = [float(self.loss(output, y)) for output, (_, y) in zip(outputs, table.pairs, strict=True)]
        return [plain(output) for output in outputs], losses


class Compiled:
    """Two programs, one for the gradient and one for outputs and losses; between `read` and `write`, θ is kept here.

    What cannot be compiled raises at the first use.
    """

    description = "compiled"

    def __init__(self, eager: Eager) -> None:
        self.eager, self.parameters, self.samples = eager, eager.parameters, eager.samples
        model, loss = eager.model, eager.loss

        def sample_loss(x: Any, y: Any) -> Any:
            return loss(model(x), y)

        def output_and_loss(x: Any, y: Any) -> Any:
            output = model(x)
            return output, loss(output, y)

        def weighted_loss(x: Any, y: Any, weight: Any) -> Any:
            return weight * loss(model(x), y)

        weights = self.samples.weights
        self.data = (self.samples.x, self.samples.y) if weights is None else (self.samples.x, self.samples.y, weights)
        function, batch = (sample_loss, ("x", "y")) if weights is None else (weighted_loss, ("x", "y", "weight"))
        self.training = autograd.compile(function, parameters=self.parameters, batch=batch)
        self.evaluation = autograd.compile(output_and_loss, parameters=self.parameters, batch=("x", "y"))
        self.theta = self.training.flat.start

    def describe(self, seconds: float) -> None:
        """Set the description of what runs, after a compilation that took `seconds`."""
        equations = len(self.training.program.equations)
        back_end = self.training.backend
        self.description = (
            f"compiled in {seconds:.2f} s; {back_end} runs {counted(equations, 'equation')} for loss and gradient"
        )

    def read(self) -> None:
        """Read the parameters, once an epoch: a callback may have changed them."""
        self.theta = self.training.flat.start

    def write(self) -> None:
        """Write the parameters, once an epoch rather than once a step."""
        self.training.flat.store(self.theta)

    def gradient(self, rows: Rows) -> Vector:
        """One call of the program for the whole batch."""
        _, gradient = self.training.flat(self.theta, *(each[rows] for each in self.data))
        return np.asarray(gradient)

    def measure(self, table: Table) -> Measured:
        """Calls of the program on pieces of the table; errors of eager mode are raised here too, in the same words."""
        outputs, losses = self.evaluate(table)
        for row in not_a_number(losses)[:1]:
            self.eager.measure(Table([table.pairs[row]]))
        return outputs, losses

    def evaluate(self, table: Table) -> Measured:
        """Outputs and losses by the program alone."""
        outputs: list[Prediction] = []
        losses: list[float] = []
        for first in range(0, len(table), SAMPLES_PER_CALL):
            piece = slice(first, first + SAMPLES_PER_CALL)
            found = self.evaluation.map(table.x[piece], table.y[piece])
            outputs += by_sample(found[0])
            losses += found[1].tolist()
        return outputs, losses


def by_sample(outputs: Any) -> list[Prediction]:
    """Arrays over all samples, one per output, turned into the outputs of each sample.

    >>> by_sample([np.array([1.0, 2.0]), np.array([3.0, 4.0])]), by_sample(np.array([1.0, 2.0]))
    ([[1.0, 3.0], [2.0, 4.0]], [1.0, 2.0])
    """
    if hasattr(outputs, "tolist"):
        return outputs.tolist()  # type: ignore[no-any-return]
    return [list(numbers) for numbers in zip(*[column.tolist() for column in outputs], strict=True)]


def not_a_number(losses: list[float]) -> list[int]:
    """The rows whose loss is nan.

    >>> not_a_number([1.0, math.nan, math.inf])
    [1]
    """
    return [row for row, loss in enumerate(losses) if math.isnan(loss)]
