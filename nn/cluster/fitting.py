"""`nn.fit(…, cluster=…)`: turn its arguments into a run on a cluster."""

from __future__ import annotations

import os
import zlib
from dataclasses import dataclass
from typing import Any

from autograd._numpy import np
from autograd.io.plural import counted
from nn.cluster.connecting import ClusterLike
from nn.cluster.run import Settings, Validation, Vector
from nn.cluster.sources import sources_of
from nn.cluster.training import hold_out, train
from nn.layers.mlp import MLP
from nn.train.config import Config
from nn.train.engines import Compiled, Eager, Table
from nn.train.history import Epoch, Stop
from nn.train.monitor import Monitor
from nn.train.prediction import Model
from nn.train.progress import Progress, choose_progress
from nn.train.samples import pair_up

UNITS = 1000  # an epoch on the progress bar: samples in files are not counted yet when it appears


@dataclass(frozen=True)
class ClusterOptions:
    """The arguments of `fit` that only a cluster needs; `every` is the number of steps between checkpoints."""

    cluster: ClusterLike
    shards: int | None
    checkpoint: str | os.PathLike[str] | None
    every: int


def fit_on_cluster(
    model: Model, x: Any, y: Any, config: Config, options: ClusterOptions, monitor: Monitor, progress: bool | None
) -> Stop:
    """Train until the monitor has a reason to stop; Ctrl-C is one."""

    def sample_loss(x: Any, y: Any) -> Any:
        return config.loss(model(x), y)

    display = choose_progress(progress, config.epochs, UNITS, monitor.history)
    with monitor, display:
        x, y, held_out = hold_out(x, y, config.validation, config.seed)
        reporter = ModelReporter(model, config, held_out, monitor, display)
        settings = Settings(config, reporter, options.checkpoint, options.every)
        monitor.history.engine = _describe(options.cluster)
        try:
            return train(options.cluster, sources_of(x, y, options.shards), sample_loss, monitor.parameters, settings)
        except KeyboardInterrupt:
            return "interrupted"


def _describe(cluster: ClusterLike) -> str:
    if isinstance(cluster, int):
        return f"compiled, on {counted(cluster, 'worker process', 'worker processes')}"
    return f"compiled, on the cluster {cluster}"


class ModelReporter:
    """Writes parameters into the model, measures it here on the validation samples, and informs monitor and display."""

    def __init__(self, model: Model, config: Config, held_out: Any, monitor: Monitor, display: Progress) -> None:
        self.model, self.config, self.monitor, self.display = model, config, monitor, display
        self.samples = Table([] if held_out is None else pair_up(*held_out))
        if self.samples.pairs:
            eager = Eager(model, config.loss, self.samples)
            eager.measure(Table(self.samples.pairs[:1]))  # raises for targets that a compiled loss would not check
            self.engine = Compiled(eager)

    def show(self, theta: Vector) -> Validation:
        """Write `theta` into the model; return the loss and the metric on the validation samples."""
        for parameter, number in zip(self.monitor.parameters, theta.tolist(), strict=True):
            parameter.data = number
        if not self.samples.pairs:
            return None, None
        outputs, losses = self.engine.measure(self.samples)
        metric, targets = self.config.metric, [y for _, y in self.samples.pairs]
        return float(np.mean(losses)), None if metric is None else metric(outputs, targets)

    def take(self, row: Epoch) -> Stop | None:
        """Record an epoch; return why to stop now, or None to continue."""
        self.display.epoch(row)
        return self.monitor.take(row)

    def advance(self, epochs: float) -> None:
        """Move the progress bar."""
        self.display.advance(round(UNITS * epochs))

    def describe(self) -> dict[str, Any]:
        """What a checkpoint stores about the model, the validation samples and the metric."""
        validation, metric = self.config.validation, self.config.metric
        if isinstance(validation, tuple):
            bits = b"".join(np.asarray(part).tobytes() for part in validation)
            validation = f"samples {zlib.crc32(bits):08x}"
        model = self.model
        return {
            "model": repr(model).partition("  #")[0] if isinstance(model, MLP) else type(model).__qualname__,
            "validation": validation,
            "metric": None if metric is None else getattr(metric, "__name__", type(metric).__name__),
        }
