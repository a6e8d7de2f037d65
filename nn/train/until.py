"""The conditions that end a training."""

from __future__ import annotations

import math
from dataclasses import dataclass

from nn.train.history import History, Stop


@dataclass(frozen=True)
class Until:
    """When to stop; the first condition that holds after an epoch ends the run.

    loss      the training loss is at most this
    patience  this number of epochs passed without a new lowest loss (the validation loss if there are validation
              samples)
    epochs    overrides the argument of `fit`
    seconds   limits the run

    >>> from nn.train.history import Epoch
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
        """Why to stop after the `history` so far, or None to continue.

        >>> from nn.train.history import Epoch
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
