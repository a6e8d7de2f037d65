"""Teach a model by mini-batch gradient descent: BP1 → BP2 → BP3, BP4 → update → does the loss meet the target?"""

from __future__ import annotations

import math
import random
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from autograd import Value, no_graph, paused_gc, total
from nn.history import Epoch, History, Stop
from nn.losses import get_loss, l2_penalty
from nn.metrics import Metric, Prediction, get_metric
from nn.optimizers import Optimizer, Schedule, get_optimizer
from nn.progress import Progress, choose_progress
from nn.samples import Sample, divide, pair_up, plain_rows

Output = Value | Sequence[Value]
Loss = Callable[[Any, Any], Any]

# A pass visits every parameter once per graph: with eight samples in a graph a step of the digits net takes half the
# time of eight passes (measured), and no batch, however large, fills the memory.
SAMPLES_PER_GRAPH = 8

# Steps that suit small nets on inputs of about unit size.
DEFAULT_LR = {"sgd": 0.1, "adam": 0.01, "adamw": 0.01}


class Model(Protocol):
    """Anything that can be called with one sample and lists its parameters, such as a `Module`."""

    def __call__(self, x: Sequence[float], /) -> Output: ...

    def parameters(self) -> list[Value]:
        """The leaves that training may change."""


@dataclass(frozen=True)
class Until:
    """When to stop; whichever comes first, looked at after every epoch.

    `loss`: the training loss is at or below this. `patience`: so many epochs without a new best (of the validation
    loss when there are validation samples). `epochs` goes before the argument of `fit`; `seconds` limits the run.

    >>> Until(loss=0.1).reason(History([Epoch(1, 0.05)]))
    'target loss'
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
        """Why to stop now, or None to go on."""
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
    loss: str | Loss = "half_squared_error",
    optimizer: str | Optimizer = "adam",
    lr: float | Schedule | None = None,
    epochs: int = 100,
    batch_size: int = 32,
    until: Until | float | None = None,
    validation: float | tuple[Any, Any] | None = None,
    seed: int = 0,
    metric: str | Metric | None = None,
    l2: float = 0.0,
    progress: bool | None = None,
    on_epoch: Callable[[Epoch], None] | None = None,
) -> History:
    """Teach the model the samples and return what happened; the model ends with the parameters of the best epoch.

    One step: θ ← θ - update(mean of the batch's per-sample gradients + gradient of `l2_penalty(θ, l2)`). The samples
    are shuffled anew every epoch by `random.Random(seed)`; the same call gives the same bits.

    - `x`: n rows of numbers. `y`: n targets, as the loss wants them: a number, a list, or a class index.
    - `until`: an `Until`, or a number, the training loss to reach. `validation`: a fraction of the samples to keep
      back (drawn by the seed), or an `(x, y)` of its own. It decides which epoch is best.
    - `progress`: None shows a bar when stderr is a terminal; True shows a bar or plain lines; False nothing.
    - `on_epoch` is called with the row of every complete epoch.

    `history.stopped` is "target loss", "patience", "epochs", "time", "interrupted" (Ctrl-C; nothing is lost but the
    epoch under way) or "diverged" (a loss that is not finite; a `RuntimeWarning` says where). Raises `ValueError`
    for arguments that make no sense.

    >>> from nn.neuron import MLP
    >>> net = MLP(1, [1], seed=1)
    >>> history = fit(net, [[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0], lr=0.1, epochs=400, until=1e-6)
    >>> history.stopped, round(net([3.0]).data, 2)
    ('target loss', 7.0)

    Source: Rumelhart, Hinton & Williams 1986, "Learning representations by back-propagating errors"; best parameters
    and patience: Prechelt 1998, "Early stopping - but when?".
    """
    rng = random.Random(seed)
    rule = until if isinstance(until, Until) else Until(loss=until)
    last = _whole("epochs", rule.epochs or epochs)
    history = History(metric_name=_metric_name(metric))
    run = _Run(
        model=model,
        parameters=model.parameters(),
        loss=get_loss(loss),
        optimizer=_optimizer(optimizer, lr),
        metric=None if metric is None else get_metric(metric),
        l2=_strength(l2),
        batch_size=_whole("batch_size", batch_size),
        rng=rng,
    )
    samples, watched = divide(pair_up(x, y), validation, rng)
    with paused_gc(), _Best(run.parameters) as best, choose_progress(progress, last, len(samples), history) as display:
        history.stopped = _follow(run.epochs(samples, watched, last, display), history, best, rule, on_epoch)
    if history.stopped == "diverged":
        warnings.warn(_divergence(history), RuntimeWarning, stacklevel=2)
    return history


def _follow(
    rows: Iterator[Epoch], history: History, best: _Best, rule: Until, on_epoch: Callable[[Epoch], None] | None
) -> Stop:
    """Take epoch after epoch until there is a reason to stop."""
    try:
        for row in rows:
            history.rows.append(row)
            best.consider(row)
            if on_epoch is not None:
                on_epoch(row)
            if reason := rule.reason(history):
                return reason
    except KeyboardInterrupt:
        return "interrupted"
    return "epochs"


@dataclass
class _Run:
    """What stays the same during a run; `epochs` is the run."""

    model: Model
    parameters: list[Value]
    loss: Loss
    optimizer: Optimizer
    metric: Metric | None
    l2: float
    batch_size: int
    rng: random.Random

    def epochs(self, samples: list[Sample], watched: list[Sample], last: int, display: Progress) -> Iterator[Epoch]:
        """Train epoch after epoch and yield how the model stands after each."""
        start = time.monotonic()
        order = list(samples)
        for number in range(1, last + 1):
            self.rng.shuffle(order)
            for first in range(0, len(order), self.batch_size):
                batch = order[first : first + self.batch_size]
                self.step(batch)
                display.advance(len(batch))
            row = self.row(number, samples, watched, start)
            display.epoch(row)
            yield row

    def step(self, batch: list[Sample]) -> None:
        """One update by the mean of the samples' gradients; a graph is dropped before the next is made."""
        for parameter in self.parameters:
            parameter.grad = 0.0
        for first in range(0, len(batch), SAMPLES_PER_GRAPH):
            total([self.loss(self.model(x), y) for x, y in batch[first : first + SAMPLES_PER_GRAPH]]).backward()
        theta = np.array([parameter.data for parameter in self.parameters])
        gradient = np.array([parameter.grad for parameter in self.parameters]) / len(batch)
        new = self.optimizer.update(theta, gradient + self.penalty_gradient())
        for parameter, number in zip(self.parameters, new.tolist(), strict=True):
            parameter.data = number

    def penalty_gradient(self) -> NDArray[np.float64] | float:
        """The gradient of the L2 penalty, by the engine itself."""
        if self.l2 == 0.0:
            return 0.0
        for parameter in self.parameters:
            parameter.grad = 0.0
        l2_penalty(self.parameters, self.l2).backward()
        return np.array([parameter.grad for parameter in self.parameters])

    def row(self, number: int, samples: list[Sample], watched: list[Sample], start: float) -> Epoch:
        """The losses and the metric of the parameters as they are now."""
        loss, metric = self.measure(samples)
        validation_loss = None
        if watched:
            validation_loss, metric = self.measure(watched)
        return Epoch(number, loss, validation_loss, metric, time.monotonic() - start)

    def measure(self, samples: list[Sample]) -> tuple[float, float | None]:
        """The mean loss and the metric over the samples; nothing is recorded."""
        with no_graph():
            outputs = [self.model(x) for x, _ in samples]
            losses = [float(self.loss(output, y)) for output, (_, y) in zip(outputs, samples, strict=True)]
        if self.metric is None:
            return sum(losses) / len(losses), None
        return sum(losses) / len(losses), self.metric([plain(output) for output in outputs], [y for _, y in samples])


class _Best:
    """Keeps the parameters of the best epoch, and puts them back at the end, however it comes."""

    def __init__(self, parameters: list[Value]) -> None:
        self.parameters = parameters
        self.loss = math.inf
        self.data = [parameter.data for parameter in parameters]

    def consider(self, row: Epoch) -> None:
        """Remember the parameters when this epoch is the best so far."""
        if row.watched < self.loss:
            self.loss, self.data = row.watched, [parameter.data for parameter in self.parameters]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        for parameter, number in zip(self.parameters, self.data, strict=True):
            parameter.data = number


def predict(model: Model, x: Any) -> list[Prediction]:
    """The model's outputs for rows of numbers, as plain floats; nothing is recorded.

    >>> from nn.neuron import MLP
    >>> len(predict(MLP(2, [3], seed=0), [[0.0, 1.0], [1.0, 0.0]])[0])
    3
    """
    with no_graph():
        return [plain(model(row)) for row in plain_rows(x)]


def plain(output: Any) -> Prediction:
    """A model's output as a float or a list of floats.

    >>> plain(Value(2.0)), plain([Value(1.0), 0.5])
    (2.0, [1.0, 0.5])
    """
    return [float(one) for one in output] if isinstance(output, Sequence) else float(output)


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
