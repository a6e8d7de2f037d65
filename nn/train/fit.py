"""Teach a model by mini-batch gradient descent: BP1 → BP2 → BP3, BP4 → update → does the loss meet the target?"""

from __future__ import annotations

import math
import os
import random
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograd import paused_gc
from nn.cluster.connecting import ClusterLike
from nn.cluster.fitting import UNITS, Order, fit_on_cluster
from nn.cluster.run import EVERY
from nn.train.engine_choice import choose_steps
from nn.train.engines import Eager, Rows, Steps, Table
from nn.train.history import Epoch, History, Stop
from nn.train.losses import LossLike, get_loss, l2_gradient
from nn.train.metrics import Metric, get_metric
from nn.train.monitor import Follower
from nn.train.optimizers import Optimizer, Schedule, get_optimizer
from nn.train.prediction import Model
from nn.train.progress import Progress, choose_progress
from nn.train.samples import divide, pair_up

# Steps that suit small nets on inputs of about unit size.
DEFAULT_LR = {"sgd": 0.1, "adam": 0.01, "adamw": 0.01}


@dataclass(frozen=True)
class Until:
    """When to stop; whichever comes first, looked at after every epoch.

    `loss`: the training loss is at or below this. `patience`: so many epochs without a new best (of the validation
    loss when there are validation samples). `epochs` goes before the argument of `fit`; `seconds` limits the run.

    >>> Until(loss=0.1).reason(History([Epoch(1, 0.05)]))
    'target loss'

    ValueError for a limit that is not positive, or a loss that is not finite.
    """

    loss: float | None = None
    patience: int | None = None
    epochs: int | None = None
    seconds: float | None = None

    def __post_init__(self) -> None:
        for name in ("patience", "epochs", "seconds"):
            limit = getattr(self, name)
            if limit is not None and not limit > 0:
                raise ValueError(f"until: {name} must be positive, got {limit!r}")
        if self.loss is not None and not math.isfinite(self.loss):
            raise ValueError(f"until: the target loss must be a finite number, got {self.loss!r}")

    def reason(self, history: History) -> Stop | None:
        """Why to stop now, by the `history` so far, or None to go on.

        >>> Until(patience=1).reason(History([Epoch(1, 0.5), Epoch(2, 0.6)]))
        'patience'
        """
        row = history.rows[-1]
        if not math.isfinite(row.watched):
            return "diverged"
        if self.loss is not None and row.loss <= self.loss:
            return "target loss"
        if self.patience is not None and row.epoch - history.best_epoch >= self.patience:
            return "patience"
        if self.seconds is not None and row.seconds >= self.seconds:
            return "time"
        return None


def fit(
    model: Model,
    x: Any,
    y: Any,
    *,
    loss: LossLike = "half_squared_error",
    optimizer: str | Optimizer = "adam",
    lr: float | Schedule | None = None,
    epochs: int = 100,
    batch_size: int | None = 32,
    until: Until | float | None = None,
    validation: float | tuple[Any, Any] | None = None,
    seed: int = 0,
    metric: str | Metric | None = None,
    l2: float = 0.0,
    compile: bool = True,
    progress: bool | None = None,
    on_epoch: Callable[[Epoch], None] | None = None,
    cluster: ClusterLike | None = None,
    shards: int | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    checkpoint_every: int = EVERY,
) -> History:
    """Teach the model the samples and return what happened; the model ends with the parameters of the best epoch.

    One step: θ ← θ - update(mean of the batch's per-sample gradients + gradient of `l2_penalty(θ, l2)`). The samples
    are shuffled anew every epoch by `random.Random(seed)`; the same call gives the same bits.

    - `x`: n rows of numbers. `y`: n targets, as the loss wants them: a number, a list, or a class index.
    - `loss`, `optimizer`, `metric`: by name (as in `nn.LOSSES`) or as objects; `lr` is the
      step, a number or a schedule, by default what suits the optimiser; `metric` is shown for every epoch.
    - `until`: an `Until`, or a number, the training loss to reach. `validation`: a fraction of the samples to keep
      back (drawn by the seed), or an `(x, y)` of its own. It decides which epoch is best.
    - `compile`: run model and loss as programs that `autograd.compile` makes of them, with the same results up to
      rounding. Where that cannot be, a RuntimeWarning says why, and training is eager, as with `compile=False`. The
      forward pass is recorded once: one that draws random numbers, or reads what changes, needs `compile=False`. The
      parameters hold the current numbers after every epoch, and whenever `on_epoch` or the caller can look.
    - `progress`: None shows a bar when stderr is a terminal; True shows a bar or plain lines; False nothing.
    - `on_epoch` is called with the row of every complete epoch.
    - `batch_size`: how many samples a step uses; None is all at once.
    - `cluster`: spread the samples over worker processes, of which a step uses all: so many of them on this machine,
      the address of a Dask scheduler, or a `distributed.Client`; see `nn.cluster`. Then `x` may be a list of files that
      the workers read, and `y` the target column of CSV files or a list of `.npy` files; `optimizer` may be "lbfgs";
      each shard is shuffled by itself; the metric is that of the validation samples. `shards` cuts arrays (default 16):
      their number decides the bits, the number of workers does not. `checkpoint` is a file, written every
      `checkpoint_every` steps and at the end; if it is there, training goes on from it with the same bits. Then only
      how long it goes on, and what is shown, may be another than before: any other difference is a `StorageError` that
      names the option and both values, as is a file that is damaged.

    `history.stopped` is "target loss", "patience", "epochs", "time", "interrupted" (Ctrl-C; nothing is lost but the
    epoch under way), "diverged" (a loss that is not finite; a `RuntimeWarning` says where) or, with "lbfgs",
    "converged". `history.engine` says what computed.

    Raises `ValueError` or `TypeError` for arguments that make no sense.

    >>> from nn.layers.mlp import MLP
    >>> net = MLP(1, [1], seed=1)
    >>> history = fit(net, [[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0], lr=0.1, epochs=400, until=1e-6)
    >>> history.stopped, round(net([3.0]).data, 2)
    ('target loss', 7.0)

    Source: Rumelhart, Hinton & Williams 1986, "Learning representations by back-propagating errors"; best parameters
    and patience: Prechelt 1998, "Early stopping - but when?".
    """
    if not isinstance(compile, bool):
        raise TypeError(f"compile is True or False, got {compile!r}; for another back end see autograd.compile")
    rng = random.Random(seed)
    rule = until if isinstance(until, Until) else Until(loss=until)
    last = _whole("epochs", rule.epochs or epochs)
    history = History(metric_name=_metric_name(metric))
    follower = Follower(history, model.parameters(), rule.reason, on_epoch)
    if cluster is not None:
        if not compile:
            raise ValueError("a cluster runs compiled losses only; leave compile=False or cluster= out")
        order = Order(
            cluster=cluster,
            loss=get_loss(loss),
            loss_name=loss,
            optimizer="lbfgs" if optimizer == "lbfgs" else _optimizer(optimizer, lr),
            metric=None if metric is None else get_metric(metric),
            l2=_strength(l2),
            batch_size=None if batch_size is None else _whole("batch_size", batch_size),
            epochs=last,
            seed=seed,
            validation=validation,
            shards=shards,
            checkpoint=checkpoint,
            every=_whole("checkpoint_every", checkpoint_every),
        )
        display = choose_progress(progress, last, UNITS, history)
        with follower, display:
            history.stopped = fit_on_cluster(model, x, y, order, follower, display)
        return _warned(history)
    if shards is not None or checkpoint is not None:
        raise ValueError("shards= and checkpoint= belong to cluster=; one worker process is cluster=1")
    samples, watched = map(Table, divide(pair_up(x, y), validation, rng))
    steps = Eager(model, get_loss(loss), samples)
    run = _Run(
        samples=samples,
        watched=watched,
        optimizer=_optimizer(optimizer, lr),
        metric=None if metric is None else get_metric(metric),
        l2=_strength(l2),
        batch_size=len(samples) if batch_size is None else _whole("batch_size", batch_size),
        rng=rng,
    )
    display = choose_progress(progress, last, len(samples), history)
    with paused_gc(), follower, display:
        history.stopped = follower.follow(run.epochs(steps, compile, last, display, history))
    return _warned(history)


def _warned(history: History) -> History:
    if history.stopped == "diverged":
        warnings.warn(_divergence(history), RuntimeWarning, stacklevel=3)
    return history


@dataclass
class _Run:
    """What stays the same during a run; `epochs` is the run. Without validation samples `watched` is empty."""

    samples: Table
    watched: Table
    optimizer: Optimizer
    metric: Metric | None
    l2: float
    batch_size: int
    rng: random.Random

    def epochs(self, eager: Eager, compile: bool, last: int, display: Progress, history: History) -> Iterator[Epoch]:
        """Train epoch after epoch and yield how the model stands after each."""
        start = time.monotonic()
        # Compiled here, and not in `fit`, so that Ctrl-C ends it as it ends an epoch. The frames up to the user: this
        # one, follow, fit.
        tables = [table for table in (self.samples, self.watched) if table.pairs]
        steps = choose_steps(eager, tables, self.batch_size, stacklevel=5) if compile else eager
        history.engine = steps.engine
        order = list(range(len(self.samples)))
        for number in range(1, last + 1):
            self.rng.shuffle(order)
            steps.read()
            for first in range(0, len(order), self.batch_size):
                batch = np.array(order[first : first + self.batch_size])
                self.step(steps, batch)
                display.advance(len(batch))
            steps.write()
            row = self.row(steps, number, start)
            display.epoch(row)
            yield row

    def step(self, steps: Steps, batch: Rows) -> None:
        """One update by the mean of the samples' gradients."""
        gradient, theta = steps.gradient(batch), steps.theta
        if self.l2:
            gradient = gradient + l2_gradient(theta, self.l2)
        steps.theta = self.optimizer.update(theta, gradient)

    def row(self, steps: Steps, number: int, start: float) -> Epoch:
        """The losses and the metric of the parameters as they are now."""
        loss, metric = self.measure(steps, self.samples)
        validation_loss = None
        if self.watched.pairs:
            validation_loss, metric = self.measure(steps, self.watched)
        return Epoch(number, loss, validation_loss, metric, time.monotonic() - start)

    def measure(self, steps: Steps, table: Table) -> tuple[float, float | None]:
        """The mean loss and the metric over the samples."""
        outputs, losses = steps.measure(table)
        metric = None if self.metric is None else self.metric(outputs, [y for _, y in table.pairs])
        return sum(losses) / len(losses), metric


def _optimizer(optimizer: str | Optimizer, lr: float | Schedule | None) -> Optimizer:
    if lr is None and isinstance(optimizer, str):
        lr = DEFAULT_LR.get(optimizer, DEFAULT_LR["adam"])
    return get_optimizer(optimizer) if lr is None else get_optimizer(optimizer, lr=lr)


def _metric_name(metric: str | Metric | None) -> str | None:
    return metric if metric is None or isinstance(metric, str) else getattr(metric, "__name__", "metric")


def _whole(name: str, number: int) -> int:
    if not isinstance(number, int) or isinstance(number, bool) or number < 1:
        raise ValueError(f"{name} must be a whole number of at least 1, got {number!r}")
    return number


def _strength(l2: float) -> float:
    if not 0.0 <= l2 < math.inf:
        raise ValueError(f"l2 must be a finite number of at least 0, got {l2!r}")
    return l2


def _divergence(history: History) -> str:
    row, best = history.rows[-1], history.best_epoch
    kept = f"the parameters of epoch {best} are kept" if best else "the model is as it was before"
    return f"the loss became {row.watched} in epoch {row.epoch}; {kept}. Try a smaller lr, or scale the inputs"
