"""How a run computes: by graphs, or by programs that `autograd.compile` makes of model and loss."""

from __future__ import annotations

import math
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

import autograd
from autograd import CompileError, no_graph, total
from nn.train.losses import Loss
from nn.train.metrics import Prediction
from nn.train.prediction import Model, plain
from nn.train.samples import Sample

Vector = NDArray[np.float64]
Rows = NDArray[np.int64]
Measured = tuple[list[Prediction], list[float]]  # the outputs and the losses, sample by sample

# A pass visits every parameter once per graph: with eight samples in a graph a step of the digits net takes half the
# time of eight passes (measured), and no batch, however large, fills the memory.
SAMPLES_PER_GRAPH = 8

# A program keeps some numbers for every sample of a call; with a thousand neurons these are 32 MB.
SAMPLES_PER_CALL = 4096


class Table:
    """Samples as pairs, for graphs, and as arrays, for programs.

    >>> table = Table([([1.0, 2.0], 0), ([3.0, 4.0], 1)])
    >>> len(table), table.x.shape, table.y.tolist()
    (2, (2, 2), [0, 1])
    """

    def __init__(self, pairs: list[Sample]) -> None:
        self.pairs = pairs

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
        if y.dtype.kind not in "biuf":
            raise CompileError("the targets are not numbers, or lists of numbers that are all of the same length")
        return y.astype(np.float64) if y.dtype.kind == "b" else y


class Engine(Protocol):
    """What a run needs to know of its model and loss. `description` says in words what computes."""

    description: str

    @property
    def theta(self) -> Vector:
        """The parameters as they are now, a vector."""

    @theta.setter
    def theta(self, numbers: Vector) -> None: ...

    def read(self) -> None:
        """Take over the numbers that the parameters have: somebody may have changed them."""

    def write(self) -> None:
        """Give the parameters their numbers."""

    def gradient(self, rows: Rows) -> Vector:
        """The gradient of the mean loss of these samples by the parameters."""

    def measure(self, table: Table) -> Measured:
        """What the model makes of the samples, and the losses; to be called after `write`."""


class Eager:
    """By graphs: every sample is computed on Values. The parameters themselves hold θ."""

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
        """The parameters are where θ is."""

    def write(self) -> None:
        """The parameters are where θ is."""

    def gradient(self, rows: Rows) -> Vector:
        """By one backward pass for every few samples; a graph is dropped before the next is made."""
        for parameter in self.parameters:
            parameter.grad = 0.0
        batch = [self.samples.pairs[row] for row in rows]
        for first in range(0, len(batch), SAMPLES_PER_GRAPH):
            total([self.loss(self.model(x), y) for x, y in batch[first : first + SAMPLES_PER_GRAPH]]).backward()
        return np.array([parameter.grad for parameter in self.parameters]) / len(batch)

    def measure(self, table: Table) -> Measured:
        """Sample by sample; nothing is recorded."""
        with no_graph():
            outputs = [self.model(x) for x, _ in table.pairs]
            losses = [float(self.loss(output, y)) for output, (_, y) in zip(outputs, table.pairs, strict=True)]
        return [plain(output) for output in outputs], losses


class Compiled:
    """By two programs, one for the gradient and one for outputs and losses; θ is a vector of its own in between.

    Whatever cannot be compiled raises at the first use.
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

        self.learn = autograd.compile(sample_loss, parameters=self.parameters, batch=("x", "y"))
        self.judge = autograd.compile(output_and_loss, parameters=self.parameters, batch=("x", "y"))
        self.theta = eager.theta

    def describe(self, seconds: float) -> None:
        """Put into words what runs, once it has been compiled in so many seconds."""
        equations = len(self.learn.program.equations)
        back_end = self.learn.backend
        self.description = f"compiled in {seconds:.2f} s; {back_end} runs {equations} equations for loss and gradient"

    def read(self) -> None:
        """Once an epoch: a callback may have changed the parameters."""
        self.theta = self.eager.theta

    def write(self) -> None:
        """Once an epoch: with some thousand parameters this takes about as long as a step."""
        self.eager.theta = self.theta

    def gradient(self, rows: Rows) -> Vector:
        """One call of a program for the whole batch."""
        _, gradient = self.learn.flat(self.theta, self.samples.x[rows], self.samples.y[rows])
        return np.asarray(gradient)

    def measure(self, table: Table) -> Measured:
        """One call of a program for all samples; what graphs refuse is refused here too, in the same words."""
        outputs, losses = self.judged(table)
        for row in not_a_number(losses)[:1]:
            self.eager.measure(Table([table.pairs[row]]))
        return outputs, losses

    def judged(self, table: Table) -> Measured:
        """What the program says of the samples."""
        outputs: list[Prediction] = []
        losses: list[float] = []
        for first in range(0, len(table), SAMPLES_PER_CALL):
            piece = slice(first, first + SAMPLES_PER_CALL)
            found = self.judge.map(table.x[piece], table.y[piece])
            outputs += by_sample(found[0])
            losses += found[1].tolist()
        return outputs, losses


def by_sample(outputs: Any) -> list[Prediction]:
    """The outputs of all samples, output by output, as the outputs of each sample.

    >>> by_sample([np.array([1.0, 2.0]), np.array([3.0, 4.0])]), by_sample(np.array([1.0, 2.0]))
    ([[1.0, 3.0], [2.0, 4.0]], [1.0, 2.0])
    """
    columns: Any = np.stack(outputs, axis=1) if isinstance(outputs, list | tuple) else outputs
    return columns.tolist()  # type: ignore[no-any-return]


def not_a_number(losses: list[float]) -> list[int]:
    """Where a loss is nan.

    >>> not_a_number([1.0, math.nan, math.inf])
    [1]
    """
    return [row for row, loss in enumerate(losses) if math.isnan(loss)]
