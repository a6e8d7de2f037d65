"""`nn.fit`: mini-batch gradient descent in this process, or on a cluster."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from nn.cluster.connecting import ClusterLike
from nn.cluster.fitting import ClusterOptions, fit_on_cluster
from nn.cluster.run import EVERY
from nn.layers.mlp import MLP
from nn.tabular.frames import by_class, is_frame, names_of, rows_by_name, rows_of, samples_of, targets_of
from nn.train import loop
from nn.train.config import Config, positive_integer
from nn.train.history import Epoch, History
from nn.train.losses import LossLike
from nn.train.metrics import Metric
from nn.train.monitor import Monitor
from nn.train.optimizers import Optimizer, Schedule
from nn.train.prediction import Model
from nn.train.until import Until
from nn.train.weights import ClassWeight


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
    class_weight: ClassWeight = None,
    sample_weight: Any = None,
    compile: bool = True,
    progress: bool | None = None,
    on_epoch: Callable[[Epoch], None] | None = None,
    cluster: ClusterLike | None = None,
    shards: int | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    checkpoint_every: int = EVERY,
) -> History:
    """Train `model` on (x, y) and return its `History`; the model keeps the parameters of its best epoch.

    One step: θ ← θ - update(mean of the batch's per-sample gradients + gradient of `l2_penalty(θ, l2)`). The samples
    are reshuffled every epoch by `random.Random(seed)`; the same call gives the same bits.

    - `model`: a `Module`, or anything that maps a sample to a prediction and has `parameters()`.
    - `x`: n rows of numbers. `y`: n targets in the form that the loss takes: a number, a list, or a class index.
      `x` may also be a data frame (pandas, Polars, PyArrow) or a dict of columns, and `y` the name of the target: texts
      become 0/1 inputs, dates days, and classes indices; nothing is scaled. The model keeps the names of the columns.
    - `loss`, `optimizer`, `metric`: by name (as in `nn.LOSSES`) or as objects. `lr`: the learning rate, a number or a
      schedule; the default depends on the optimiser. `metric` is computed after every epoch.
    - `epochs`: the most passes over the samples. `l2`: the strength of the penalty on Σ θ². `seed`: of the order of the
      samples.
    - `until`: an `Until`, or a number, the training loss to reach. `validation`: the fraction of the samples to hold
      out (drawn by the seed), or a separate `(x, y)`. With it, the validation loss decides which epoch is best.
    - `class_weight`: "balanced", which makes each class count the same, or the weight of each target, such as
      `{0: 1.0, 1: 5.0}`. `sample_weight`: a weight for each sample. The losses of the history are weighted too.
    - `compile`: run model and loss as programs made by `autograd.compile`, with the same results up to rounding. If
      that is impossible, a RuntimeWarning says why, and training is eager, as with `compile=False`. The forward pass is
      recorded once: if it draws random numbers, or reads state that changes, pass `compile=False`. The parameters are
      up to date after every epoch, when `on_epoch` is called, and at the end.
    - `progress`: None shows a bar when stderr is a terminal; True shows a bar or plain lines; False shows nothing.
    - `on_epoch`: called with the row of every complete epoch.
    - `batch_size`: the number of samples in a step; None for all of them.
    - `cluster`: distribute the samples over worker processes, all used by every step: a number of processes on this
      machine, the address of a Dask scheduler, or a `distributed.Client`; see `nn.cluster`. Then `x` may be a list of
      files that the workers read, and `y` the target column of CSV files or a list of `.npy` files; `optimizer` may be
      "lbfgs"; each shard is shuffled separately; the metric is that of the validation samples.
    - `shards`: the number of pieces that arrays are cut into for a cluster (default 16): it affects the bits, the
      number of workers does not.
    - `checkpoint`: with a cluster, a file, written every `checkpoint_every` steps and at the end; if it exists,
      training resumes from it with the same bits. Then only `epochs`, `until`, `checkpoint_every`, `progress` and
      `on_epoch` may change: any other difference is a `StorageError` that names the option and both values; so is a
      damaged file.
    - `checkpoint_every`: the number of steps between two writes.

    `history.stopped` is "target loss", "patience", "epochs", "time", "interrupted" (Ctrl-C; only the unfinished epoch
    is lost), "diverged" (the loss is not finite; a `RuntimeWarning` says where) or, with "lbfgs", "converged".
    `history.engine` describes what ran.

    Raises `ValueError` or `TypeError` for invalid arguments.

    >>> from nn.layers.mlp import MLP
    >>> net = MLP(1, [1], seed=1)
    >>> history = fit(net, [[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0], lr=0.1, epochs=400, until=1e-6)
    >>> history.stopped, round(net([3.0]).data, 2)
    ('target loss', 7.0)

    Source: Rumelhart, Hinton & Williams 1986, "Learning representations by back-propagating errors"; best parameters
    and patience: Prechelt 1998, "Early stopping - but when?".
    """
    if not isinstance(compile, bool):
        raise TypeError(f"compile must be True or False, got {compile!r}; for another back end see autograd.compile")
    rule = until if isinstance(until, Until) else Until(loss=until)
    config = Config.checked(
        loss=loss,
        optimizer=optimizer,
        lr=lr,
        metric=metric,
        l2=l2,
        batch_size=batch_size,
        epochs=positive_integer("epochs", rule.epochs or epochs),
        seed=seed,
        validation=validation,
    )
    x, y, class_weight, config = _read_frames(model, x, y, class_weight, loss, config)
    history = History(metric_name=_metric_name(metric))
    monitor = Monitor(history, model.parameters(), rule.reason, on_epoch)
    if cluster is not None:
        if class_weight is not None or sample_weight is not None:
            raise ValueError("a cluster takes no class_weight= or sample_weight=; use a loss with weights")
        if not compile:
            raise ValueError("a cluster runs compiled losses only; remove compile=False or cluster=")
        every = positive_integer("checkpoint_every", checkpoint_every)
        options = ClusterOptions(cluster, shards, checkpoint, every)
        history.stopped = fit_on_cluster(model, x, y, config, options, monitor, progress)
    elif shards is not None or checkpoint is not None:
        raise ValueError("shards= and checkpoint= need cluster=; for one worker process use cluster=1")
    else:
        history.stopped = loop.train(model, x, y, config, monitor, progress, compile, (class_weight, sample_weight))
    if history.stopped == "diverged":
        warnings.warn(_divergence(history), RuntimeWarning, stacklevel=2)
    return history


def _read_frames(
    model: Model, x: Any, y: Any, class_weight: ClassWeight, loss: LossLike, config: Config
) -> tuple[Any, Any, ClassWeight, Config]:
    """The arguments with frames as numbers; the model is told the names of the columns."""
    if not is_frame(x):
        return x, y, class_weight, config
    if not isinstance(y, str):
        if isinstance(model, MLP):
            model.feature_names = names_of(x)
        return rows_by_name(x, list(x)) if isinstance(x, Mapping) else x, y, class_weight, config
    rows, targets, recipe = samples_of(model, x, y, loss)
    if isinstance(model, MLP):
        model.recipe, model.feature_names = recipe, recipe.feature_names
    if isinstance(config.validation, tuple) and is_frame(config.validation[0]):
        frame = config.validation[0]
        config = replace(config, validation=(rows_of(recipe, frame), targets_of(recipe, frame)))
    return rows, targets, by_class(recipe, class_weight), config


def _metric_name(metric: str | Metric | None) -> str | None:
    return metric if metric is None or isinstance(metric, str) else getattr(metric, "__name__", "metric")


def _divergence(history: History) -> str:
    row, best = history.rows[-1], history.best_epoch
    kept = f"the parameters of epoch {best} are kept" if best else "the parameters are as before"
    return f"the loss became {row.watched} in epoch {row.epoch}; {kept}. Try a smaller lr, or scale the inputs"
