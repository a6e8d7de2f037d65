"""One training on a cluster: its settings, where it stands, and its file."""

from __future__ import annotations

import hashlib
import math
import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from nn.cluster.checkpoint import options
from nn.cluster.objective import Objective
from nn.persistence.schema import Kind, SchemaError, array, integer, optional, real, record, shown, text
from nn.train.config import Config
from nn.train.history import Epoch, Stop
from nn.train.optimizers import Optimizer

Vector: TypeAlias = NDArray[np.float64]
Take: TypeAlias = Callable[[Epoch], Stop | None]  # what is done with an epoch's row; a reason to stop, or None
Watched: TypeAlias = tuple[float | None, float | None]  # validation loss and metric

EVERY = 100  # steps between two checkpoints
EPOCH = record(
    {
        "epoch": integer(1),
        "loss": real,
        "validation_loss": optional(real),
        "metric": optional(real),
        "seconds": real,
    }
)
NUMBERS: dict[str, Kind] = {
    "epoch": integer(),
    "part": integer(),
    "best_loss": real,
    "rows": array(EPOCH),
    "seconds": real,
}
LOOKS = record({"looks": array(record({"theta": text(), "loss": real})), "seconds": real})


@dataclass(frozen=True)
class Settings:
    """What `fit` was asked for, and the functions by which a run reports.

    `show(theta)` gives the model its parameters and returns the validation loss and metric; `advance` counts parts
    of an epoch. `watched` says in plain JSON what `show` measures, and `computation` what is minimised.
    """

    config: Config
    path: str | os.PathLike[str] | None
    every: int
    take: Take
    show: Callable[[Vector], Watched]
    advance: Callable[[float], None]
    watched: dict[str, Any] = field(default_factory=dict)
    computation: str = ""

    def describe(self, objective: Objective, start: Vector) -> dict[str, Any]:
        """What decides every number of the run, but how long it goes on: each name is that of an option of `fit`.

        `start` stands for the parameters at the beginning, `computation` for what model and loss do with a sample.
        """
        made: dict[str, Any] = {"optimizer": "lbfgs", "batch_size": None}
        if isinstance(self.config.optimizer, Optimizer):
            made = {"optimizer": type(self.config.optimizer).__name__, "batch_size": self.config.batch_size}
            made |= options(self.config.optimizer)
        return {
            **made,
            **self.watched,
            "seed": self.config.seed,
            "l2": self.config.l2,
            "loss": self.config.loss_name,
            "samples": sum(objective.counts),
            "shards": len(objective.counts),
            "data": objective.checksum,
            "parameters": len(start),
            "start": hash_of(start),
            "computation": self.computation,
        }


@dataclass(eq=False)
class State:
    """Where a run stands: the parameters, how many steps of which epoch are done, and the rows of complete epochs.

    `best` are the parameters of the row with the lowest watched loss; a run taken up again shows them with every row
    that it had, so that whoever follows the run ends up with them.
    """

    theta: Vector
    best: Vector
    best_loss: float = math.inf
    epoch: int = 0
    part: int = 0
    rows: list[Epoch] = field(default_factory=list)
    before: float = 0.0
    started: float = field(default_factory=time.monotonic)

    def seconds(self) -> float:
        """Since the run began, without the time between an interruption and taking it up again."""
        return self.before + time.monotonic() - self.started

    def close_epoch(self, loss: float, watched: Watched) -> Epoch:
        """Count an epoch and make its row."""
        self.epoch, self.part = self.epoch + 1, 0
        row = Epoch(self.epoch, loss, *watched, self.seconds())
        self.rows.append(row)
        if row.watched < self.best_loss:
            self.best_loss, self.best = row.watched, self.theta
        return row

    def numbers(self) -> dict[str, Any]:
        """All but the vectors, as JSON."""
        return {
            "epoch": self.epoch,
            "part": self.part,
            "best_loss": self.best_loss,
            "rows": [asdict(row) for row in self.rows],
            "seconds": self.seconds(),
        }

    @staticmethod
    def check(numbers: Any, parts: int) -> None:
        """Raise SchemaError unless `of` can read that: a state of a run with `parts` steps an epoch."""
        record({**NUMBERS, "part": integer(0, parts)})(numbers, "state.run")
        if [row["epoch"] for row in numbers["rows"]] != list(range(1, numbers["epoch"] + 1)):
            raise SchemaError("state.run.rows", f"these are not the epochs 1 to {shown(numbers['epoch'])}")

    @classmethod
    def of(cls, numbers: dict[str, Any], theta: Vector, best: Vector) -> State:
        """The state that was written."""
        rows = [Epoch(**row) for row in numbers["rows"]]
        return cls(theta, best, numbers["best_loss"], numbers["epoch"], numbers["part"], rows, numbers["seconds"])


def hash_of(theta: Vector) -> str:
    """A short text that is the same only for the same bits.

    >>> hash_of(np.array([0.0])) == hash_of(np.array([-0.0]))
    False
    """
    return hashlib.sha256(theta.tobytes()).hexdigest()[:16]


def replay(settings: Settings, state: State) -> Stop | None:
    """Tell the monitor of a run taken up again what it had; a reason to stop if it had come to an end before."""
    settings.show(state.best)
    for row in state.rows:
        if reason := settings.take(row):
            return reason
    return None
