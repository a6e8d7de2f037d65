"""`nn.fit(…, cluster=…)`: what it was asked for, turned into a run on a cluster."""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from nn.cluster.connecting import ClusterLike
from nn.cluster.run import Settings, Vector, Watched
from nn.cluster.sources import sources_of
from nn.cluster.training import hold_back, train
from nn.layers.mlp import MLP
from nn.train.config import Config
from nn.train.engines import Compiled, Eager, Table
from nn.train.history import Epoch, Stop
from nn.train.monitor import Monitor
from nn.train.prediction import Model
from nn.train.progress import Progress, choose_progress
from nn.train.samples import pair_up

UNITS = 1000  # an epoch on the progress bar: the samples in files have not been counted when it appears


@dataclass(frozen=True)
class ClusterOptions:
    """The arguments of `fit` that only a cluster needs: a checkpoint is written `every` so many steps."""

    cluster: ClusterLike
    shards: int | None
    checkpoint: str | os.PathLike[str] | None
    every: int


def fit_on_cluster(
    model: Model, x: Any, y: Any, config: Config, options: ClusterOptions, monitor: Monitor, progress: bool | None
) -> Stop:
    """Train until the monitor has a reason to stop; Ctrl-C is one."""
    display = choose_progress(progress, config.epochs, UNITS, monitor.history)
    with monitor, display:
        return _fit(model, x, y, config, options, monitor, display)


def _fit(
    model: Model, x: Any, y: Any, config: Config, options: ClusterOptions, monitor: Monitor, display: Progress
) -> Stop:
    x, y, watched = hold_back(x, y, config.validation, config.seed)

    def sample_loss(x: Any, y: Any) -> Any:
        return config.loss(model(x), y)

    def take(row: Epoch) -> Stop | None:
        display.epoch(row)
        return monitor.take(row)

    settings = Settings(
        config=config,
        path=options.checkpoint,
        every=options.every,
        take=take,
        show=_shower(model, config, watched, monitor),
        advance=lambda part: display.advance(round(UNITS * part)),
        watched=_watched(model, config),
    )
    monitor.history.engine = f"compiled, on the cluster {options.cluster}"
    if isinstance(options.cluster, int):
        monitor.history.engine = f"compiled, on {options.cluster} worker processes"
    try:
        return train(options.cluster, sources_of(x, y, options.shards), sample_loss, monitor.parameters, settings)
    except KeyboardInterrupt:
        return "interrupted"


def _watched(model: Model, config: Config) -> dict[str, Any]:
    """What a checkpoint says of the model, the validation samples and the metric."""
    validation = config.validation
    if isinstance(validation, tuple):
        bits = b"".join(np.asarray(part).tobytes() for part in validation)
        validation = f"samples {zlib.crc32(bits):08x}"
    name = repr(model).partition("  #")[0] if isinstance(model, MLP) else type(model).__qualname__
    metric = None if config.metric is None else getattr(config.metric, "__name__", type(config.metric).__name__)
    return {"model": name, "validation": validation, "metric": metric}


def _shower(model: Model, config: Config, watched: Any, monitor: Monitor) -> Callable[[Vector], Watched]:
    """A function that gives the parameters their numbers, and measures the model on the validation samples, here."""

    def write(theta: Vector) -> Watched:
        for parameter, number in zip(monitor.parameters, theta.tolist(), strict=True):
            parameter.data = number
        return None, None

    if watched is None:
        return write
    table = Table(pair_up(*watched))
    eager = Eager(model, config.loss, table)
    eager.measure(Table(table.pairs[:1]))  # what graphs refuse, programs would not notice
    steps = Compiled(eager)

    def show(theta: Vector) -> Watched:
        write(theta)
        outputs, losses = steps.measure(table)
        metric = None if config.metric is None else config.metric(outputs, [y for _, y in table.pairs])
        return float(np.mean(losses)), metric

    return show
