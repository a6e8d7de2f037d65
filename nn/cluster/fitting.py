"""`nn.fit(…, cluster=…)`: what it was asked for, turned into a run on a cluster."""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from nn.cluster.connecting import ClusterLike
from nn.cluster.run import Settings, Vector, Watched
from nn.cluster.sources import sources_of
from nn.cluster.training import hold_back, train
from nn.layers.mlp import MLP
from nn.train.engines import Compiled, Eager, Table
from nn.train.history import Epoch, Stop
from nn.train.losses import Loss, LossLike
from nn.train.metrics import Metric
from nn.train.monitor import Follower
from nn.train.optimizers import Optimizer
from nn.train.prediction import Model
from nn.train.progress import Progress
from nn.train.samples import pair_up

UNITS = 1000  # an epoch on the progress bar: the samples in files have not been counted when it appears


@dataclass(frozen=True)
class Order:
    """The arguments of `fit` that a cluster needs, checked."""

    cluster: ClusterLike
    loss: Loss
    loss_name: LossLike
    optimizer: Optimizer | Literal["lbfgs"]
    metric: Metric | None
    l2: float
    batch_size: int | None
    epochs: int
    seed: int
    validation: Any
    shards: int | None
    checkpoint: str | os.PathLike[str] | None
    every: int


def fit_on_cluster(model: Model, x: Any, y: Any, order: Order, follower: Follower, display: Progress) -> Stop:
    """Train until the follower has a reason to stop; Ctrl-C is one."""
    x, y, watched = hold_back(x, y, order.validation, order.seed)

    def sample_loss(x: Any, y: Any) -> Any:
        return order.loss(model(x), y)

    def take(row: Epoch) -> Stop | None:
        display.epoch(row)
        return follower.take(row)

    settings = Settings(
        optimizer=order.optimizer,
        epochs=order.epochs,
        batch_size=order.batch_size,
        seed=order.seed,
        l2=order.l2,
        loss_name=order.loss_name if isinstance(order.loss_name, str) else getattr(order.loss, "__qualname__", "loss"),
        path=order.checkpoint,
        every=order.every,
        take=take,
        show=_shower(model, order, watched, follower),
        advance=lambda part: display.advance(round(UNITS * part)),
        watched=_watched(model, order),
    )
    follower.history.engine = f"compiled, on the cluster {order.cluster}"
    if isinstance(order.cluster, int):
        follower.history.engine = f"compiled, on {order.cluster} worker processes"
    try:
        return train(order.cluster, sources_of(x, y, order.shards), sample_loss, follower.parameters, settings)
    except KeyboardInterrupt:
        return "interrupted"


def _watched(model: Model, order: Order) -> dict[str, Any]:
    """What a checkpoint says of the model, the validation samples and the metric."""
    validation = order.validation
    if isinstance(validation, tuple):
        bits = b"".join(np.asarray(part).tobytes() for part in validation)
        validation = f"samples {zlib.crc32(bits):08x}"
    name = repr(model).partition("  #")[0] if isinstance(model, MLP) else type(model).__qualname__
    metric = None if order.metric is None else getattr(order.metric, "__name__", type(order.metric).__name__)
    return {"model": name, "validation": validation, "metric": metric}


def _shower(model: Model, order: Order, watched: Any, follower: Follower) -> Callable[[Vector], Watched]:
    """A function that gives the parameters their numbers, and measures the model on the validation samples, here."""

    def write(theta: Vector) -> Watched:
        for parameter, number in zip(follower.parameters, theta.tolist(), strict=True):
            parameter.data = number
        return None, None

    if watched is None:
        return write
    table = Table(pair_up(*watched))
    eager = Eager(model, order.loss, table)
    eager.measure(Table(table.pairs[:1]))  # what graphs refuse, programs would not notice
    steps = Compiled(eager)

    def show(theta: Vector) -> Watched:
        write(theta)
        outputs, losses = steps.measure(table)
        metric = None if order.metric is None else order.metric(outputs, [y for _, y in table.pairs])
        return float(np.mean(losses)), metric

    return show
