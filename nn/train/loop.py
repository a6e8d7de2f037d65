"""Mini-batch gradient descent in this process: BP1 → BP2 → BP3, BP4 → update, for every batch of every epoch."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

from autograd import paused_gc
from autograd._numpy import np
from nn.train.config import Config
from nn.train.engine_choice import choose_engine
from nn.train.engines import Eager, Engine, Rows, Table
from nn.train.history import Epoch, History, Stop
from nn.train.losses import l2_gradient
from nn.train.monitor import Monitor
from nn.train.optimizers import Optimizer, get_optimizer
from nn.train.prediction import Model
from nn.train.progress import Progress, choose_progress
from nn.train.samples import Sample, pair_up, split, split_samples
from nn.train.weights import ClassWeight, sample_weights, weights_by_class

Weighting: TypeAlias = tuple[ClassWeight, Any]


def train(
    model: Model,
    x: Any,
    y: Any,
    config: Config,
    monitor: Monitor,
    progress: bool | None,
    compile: bool,
    weighting: Weighting = (None, None),
) -> Stop:
    """Train until the monitor has a reason to stop; Ctrl-C is one. `weighting`: of the classes, and of the samples."""
    if isinstance(config.optimizer, str):
        raise ValueError(f"optimizer={config.optimizer!r} needs cluster=; for one worker process use cluster=1")
    rng = random.Random(config.seed)
    samples, validation = _tables(pair_up(x, y), config.validation, weighting, rng)
    loop = Loop(samples, validation, config, get_optimizer(config.optimizer), rng)
    display = choose_progress(progress, config.epochs, len(samples), monitor.history)
    with paused_gc(), monitor, display:
        return monitor.follow(loop.epochs(Eager(model, config.loss, samples), compile, display, monitor.history))


def _tables(pairs: list[Sample], validation: Any, weighting: Weighting, rng: random.Random) -> tuple[Table, Table]:
    """Training and validation samples, with weights if any are asked for: those of the classes hold for both."""
    if all(each is None for each in weighting):
        kept, others = split_samples(pairs, validation, rng)
        return Table(kept), Table(others)
    targets = [y for _, y in pairs]
    by_class = weights_by_class(weighting[0], targets)
    weights = sample_weights(weighting[1], by_class, targets)
    if validation is None or isinstance(validation, tuple):
        others = [] if validation is None else pair_up(*validation)
        return Table(pairs, weights), Table(others, sample_weights(None, by_class, [y for _, y in others]))
    parts = split(len(pairs), validation, rng)
    training, held_out = (Table([pairs[row] for row in rows], weights[rows]) for rows in parts)
    return training, held_out


@dataclass
class Loop:
    """A run: `epochs` trains. `validation` are the validation samples, possibly none."""

    samples: Table
    validation: Table
    config: Config
    optimizer: Optimizer
    rng: random.Random

    def epochs(self, eager: Eager, compile: bool, display: Progress, history: History) -> Iterator[Epoch]:
        """Train epoch after epoch and yield the row of each."""
        start = time.monotonic()
        size = self.config.batch_size or len(self.samples)
        # Compiled here, and not in `fit`, so that Ctrl-C during compilation is handled like Ctrl-C during an epoch. The
        # stack level counts the frames up to the user's: choose_engine, this one, follow, train, fit.
        tables = [table for table in (self.samples, self.validation) if table.pairs]
        engine = choose_engine(eager, tables, size, stacklevel=6) if compile else eager
        history.engine = engine.description
        order = list(range(len(self.samples)))
        for number in range(1, self.config.epochs + 1):
            self.rng.shuffle(order)
            engine.read()
            for first in range(0, len(order), size):
                batch = np.array(order[first : first + size])
                self.step(engine, batch)
                display.advance(len(batch))
            engine.write()
            row = self.row(engine, number, start)
            display.epoch(row)
            yield row

    def step(self, engine: Engine, batch: Rows) -> None:
        """One update by the mean of the samples' gradients."""
        gradient, theta = engine.gradient(batch), engine.theta
        if self.config.l2:
            gradient = gradient + l2_gradient(theta, self.config.l2)
        engine.theta = self.optimizer.update(theta, gradient)

    def row(self, engine: Engine, number: int, start: float) -> Epoch:
        """The losses and the metric with the current parameters."""
        loss, metric = self.measure(engine, self.samples)
        validation_loss = None
        if self.validation.pairs:
            validation_loss, metric = self.measure(engine, self.validation)
        return Epoch(number, loss, validation_loss, metric, time.monotonic() - start)

    def measure(self, engine: Engine, table: Table) -> tuple[float, float | None]:
        """The mean loss, weighted as in training, and the metric over the samples."""
        outputs, losses = engine.measure(table)
        metric = None if self.config.metric is None else self.config.metric(outputs, [y for _, y in table.pairs])
        if table.weights is not None:
            losses = (table.weights * losses).tolist()
        return sum(losses) / len(losses), metric
