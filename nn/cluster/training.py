"""Train on a cluster: compile the loss of a sample, let the workers sum it, and run one of the drivers."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import autograd
from autograd import CompileError, Value, no_graph
from autograd._numpy import np
from nn.cluster.batches import slices
from nn.cluster.connecting import ClusterLike, connect
from nn.cluster.descent import Descent
from nn.cluster.errors import ClusterError
from nn.cluster.lbfgs import Lbfgs
from nn.cluster.objective import Objective
from nn.cluster.run import Settings
from nn.cluster.sources import Source, are_paths, check_samples
from nn.cluster.worker import naming_shard
from nn.train.history import Stop
from nn.train.samples import split

SampleLoss = Callable[[Any, Any], Any]

MANY_ROWS = 1000  # enough samples for the choice of a back end


def train(
    cluster: ClusterLike,
    sources: Sequence[Source],
    loss: SampleLoss,
    parameters: list[Value],
    settings: Settings,
) -> Stop:
    """Minimise the mean of `loss(x, y)` over the samples of all shards; return why it ended.

    The parameters give the start; `settings.reporter` writes their values. ClusterError when the cluster cannot be used
    or is lost, and when the loss cannot be compiled.
    """
    with connect(cluster) as client:
        objective = Objective(client, list(sources))
        check_targets(objective, loss)
        start = np.array([parameter.data for parameter in parameters])
        config = settings.config
        slices_of_epoch = 1 if config.optimizer == "lbfgs" else slices(objective.counts, config.batch_size)
        rows = -(-max(objective.counts) // slices_of_epoch)
        program = compiled(loss, parameters, objective, min(rows, MANY_ROWS))
        objective.use(program)
        settings = replace(settings, computation=computation(program))
        driver = Lbfgs if config.optimizer == "lbfgs" else Descent
        return driver(objective, settings, start).run()


def compiled(loss: SampleLoss, parameters: list[Value], objective: Objective, rows: int) -> Any:
    """The loss as a program that can be pickled, recorded with `rows` samples, as many as a shard has in a step.

    The back end is chosen here and fixed for all workers: `backend="auto"` depends on the number of samples of the call
    that compiles, and back ends differ in the last bits.
    """
    x, y = objective.example
    samples = np.repeat(x, rows, axis=0), np.repeat(y, rows, axis=0)
    start = np.array([parameter.data for parameter in parameters])
    try:
        program = autograd.compile(loss, parameters=parameters, batch=("x", "y"))
        program.flat(start, *samples)
        chosen = program.backend
        program = autograd.compile(loss, parameters=parameters, batch=("x", "y"), backend=chosen)
        program.flat(start, *samples)
    except CompileError as error:
        raise ClusterError(f"only a loss that can be compiled runs on a cluster: {error}") from error
    return program


def computation(program: Any) -> str:
    """A short text that differs if two compiled losses compute different things from a sample.

    >>> from autograd import compile
    >>> square, cube = compile(lambda x: x * x), compile(lambda x: x**3)
    >>> square(2.0), cube(2.0), computation(square) == computation(cube)
    (4.0, 8.0, False)
    """
    recorded = program.program
    steps = [(equation.primitive.name, equation.operands) for equation in recorded.equations]
    return hashlib.sha256(repr((steps, recorded.outputs)).encode()).hexdigest()[:16]


def check_targets(objective: Objective, loss: SampleLoss) -> None:
    """Compute the loss of a sample with each shard's targets, for the errors that it raises: programs do not check."""
    for summary in objective.summaries:
        with naming_shard(summary.name), no_graph():
            for target in summary.targets.tolist():
                loss(summary.x[0].tolist(), target)


def hold_out(x: Any, y: Any, validation: Any, seed: int) -> tuple[Any, Any, Any]:
    """Training x and y, and the validation (x, y) or None: the same rows as `fit` draws on one machine.

    >>> x, y, (held_out_x, held_out_y) = hold_out([[float(i)] for i in range(10)], range(10), 0.3, seed=0)
    >>> len(x), held_out_y.shape
    (7, (3,))

    ValueError for a fraction of files, which the caller's machine may not have.
    """
    if validation is None or isinstance(validation, tuple):
        return x, y, validation
    if are_paths(x):
        raise ValueError(f"validation={validation!r} cannot be drawn from files; give the validation samples as (x, y)")
    x, y = check_samples(x, y)
    kept, held_out = split(len(x), validation, random.Random(seed))
    return x[kept], y[kept], (x[held_out], y[held_out])
