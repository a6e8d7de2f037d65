"""The arguments of a training, checked once for all trainers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal, Self

from nn.train.losses import Loss, LossLike, get_loss
from nn.train.metrics import Metric, get_metric
from nn.train.optimizers import Optimizer, Schedule, get_optimizer

# Learning rates that suit small networks on inputs of about unit size.
DEFAULT_LR = {"sgd": 0.1, "adam": 0.01, "adamw": 0.01}


@dataclass(frozen=True)
class Config:
    """The arguments of `fit` that decide what is computed.

    `optimizer` may be "lbfgs", SciPy's L-BFGS-B, on clusters; `batch_size` is None for all samples at once.
    """

    loss: Loss
    loss_name: str
    optimizer: Optimizer | Literal["lbfgs"]
    metric: Metric | None
    l2: float
    batch_size: int | None
    epochs: int
    seed: int
    validation: Any

    @classmethod
    def checked(
        cls,
        *,
        loss: LossLike,
        optimizer: str | Optimizer,
        lr: float | Schedule | None,
        metric: str | Metric | None,
        l2: float,
        batch_size: int | None,
        epochs: int,
        seed: int,
        validation: Any,
    ) -> Self:
        """Check the arguments of `fit`; ValueError or TypeError names the invalid one."""
        found = get_loss(loss)
        return cls(
            loss=found,
            loss_name=loss if isinstance(loss, str) else getattr(found, "__qualname__", "loss"),
            optimizer="lbfgs" if optimizer == "lbfgs" else _optimizer(optimizer, lr),
            metric=None if metric is None else get_metric(metric),
            l2=_strength(l2),
            batch_size=None if batch_size is None else positive_integer("batch_size", batch_size),
            epochs=epochs,
            seed=seed,
            validation=validation,
        )


def positive_integer(name: str, number: int) -> int:
    """`number` itself; ValueError, with the name of the argument, unless it is a positive integer.

    >>> positive_integer("epochs", 3)
    3
    """
    if not isinstance(number, int) or isinstance(number, bool) or number < 1:
        raise ValueError(f"{name} must be a positive integer, got {number!r}")
    return number


def _optimizer(optimizer: str | Optimizer, lr: float | Schedule | None) -> Optimizer:
    if lr is None and isinstance(optimizer, str):
        lr = DEFAULT_LR.get(optimizer, DEFAULT_LR["adam"])
    return get_optimizer(optimizer) if lr is None else get_optimizer(optimizer, lr=lr)


def _strength(l2: float) -> float:
    if not 0.0 <= l2 < math.inf:
        raise ValueError(f"l2 must be finite and >= 0, got {l2!r}")
    return l2
