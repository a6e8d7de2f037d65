"""The best parameters of a training so far."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Best(Generic[T]):
    """The lowest loss so far and the parameters that gave it; at the start any finite loss is lower.

    It is replaced, never changed, so that an interrupt leaves a loss and parameters that belong together.

    >>> best = Best("start")
    >>> for loss in (0.5, 0.25, math.nan, 0.25): best = best.updated(loss, f"parameters with loss {loss}")
    >>> best
    Best(parameters='parameters with loss 0.25', loss=0.25)
    """

    parameters: T
    loss: float = math.inf

    def updated(self, loss: float, parameters: T) -> Best[T]:
        """The new pair if its loss is lower, else this one: the first of equals stays, and nan is never lower."""
        return Best(parameters, loss) if self.is_beaten_by(loss) else self

    def is_beaten_by(self, loss: float) -> bool:
        """Whether `updated` would return a new pair: parameters that have to be copied need not be before."""
        return loss < self.loss
