"""One training on a cluster: its settings, its state, and what of it a checkpoint holds."""

from __future__ import annotations

import hashlib
import os
import time
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol, TypeAlias

from autograd._numpy import NDArray, np
from nn.cluster.checkpoint import options
from nn.cluster.objective import Objective
from nn.persistence.schema import Kind, SchemaError, array, integer, optional, real, record, shown, text
from nn.train.best import Best
from nn.train.config import Config
from nn.train.history import Epoch, Stop
from nn.train.optimizers import Optimizer

Vector: TypeAlias = NDArray[np.float64]
Validation: TypeAlias = tuple[float | None, float | None]  # loss and metric of the validation samples

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
EVALUATIONS = record({"looks": array(record({"theta": text(), "loss": real})), "seconds": real})


class Reporter(Protocol):
    """What a run tells its caller: parameters, epochs and progress."""

    def show(self, theta: Vector) -> Validation:
        """Write `theta` into the model; return the loss and the metric on the validation samples."""

    def take(self, row: Epoch) -> Stop | None:
        """Record an epoch; return why to stop now, or None to continue."""

    def advance(self, epochs: float) -> None:
        """Count a fraction of an epoch as done."""

    def describe(self) -> dict[str, Any]:
        """What `show` measures, as JSON: a checkpoint is resumed only if this is the same."""


@dataclass(frozen=True)
class Settings:
    """The options of a run, and the reporter it reports to.

    `path` is the checkpoint, written every `every` steps; `computation` identifies the compiled loss.
    """

    config: Config
    reporter: Reporter
    path: str | os.PathLike[str] | None = None
    every: int = EVERY
    computation: str = ""

    def describe(self, objective: Objective, start: Vector) -> dict[str, Any]:
        """All that decides the numbers of a run, except how long it lasts; each name is that of an option of `fit`.

        `start` stands for the initial parameters, `computation` for what model and loss compute from a sample.
        """
        made: dict[str, Any] = {"optimizer": "lbfgs", "batch_size": None}
        if isinstance(self.config.optimizer, Optimizer):
            made = {"optimizer": type(self.config.optimizer).__name__, "batch_size": self.config.batch_size}
            made |= options(self.config.optimizer)
        return {
            **made,
            **self.reporter.describe(),
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
    """The state of a run: the parameters, the epoch, the steps done in it, and the rows of complete epochs.

    `best` holds the parameters of the epoch with the lowest watched loss. A resumed run shows them with every row it
    had, so that its reporter ends up with them.
    """

    theta: Vector
    best: Best[Vector]
    epoch: int = 0
    part: int = 0
    rows: list[Epoch] = field(default_factory=list)
    before: float = 0.0
    started: float = field(default_factory=time.monotonic)

    def seconds(self) -> float:
        """Seconds since the run began, without the time between an interruption and its resumption."""
        return self.before + time.monotonic() - self.started

    def close_epoch(self, loss: float, validation: Validation) -> Epoch:
        """Count an epoch and make its row."""
        self.epoch, self.part = self.epoch + 1, 0
        row = Epoch(self.epoch, loss, *validation, self.seconds())
        self.rows.append(row)
        self.best = self.best.updated(row.watched, self.theta)
        return row

    def numbers(self) -> dict[str, Any]:
        """All but the vectors, as JSON."""
        return {
            "epoch": self.epoch,
            "part": self.part,
            "best_loss": self.best.loss,
            "rows": [asdict(row) for row in self.rows],
            "seconds": self.seconds(),
        }

    @staticmethod
    def check(numbers: Any, parts: int) -> None:
        """Raise SchemaError unless `of` can read `numbers`, for a run with `parts` steps an epoch."""
        record({**NUMBERS, "part": integer(0, parts)})(numbers, "state.run")
        if [row["epoch"] for row in numbers["rows"]] != list(range(1, numbers["epoch"] + 1)):
            raise SchemaError("state.run.rows", f"these are not the epochs 1 to {shown(numbers['epoch'])}")

    @classmethod
    def of(cls, numbers: dict[str, Any], theta: Vector, best: Vector) -> State:
        """The state that was written."""
        rows = [Epoch(**row) for row in numbers["rows"]]
        found = Best(best, numbers["best_loss"])
        return cls(theta, found, numbers["epoch"], numbers["part"], rows, numbers["seconds"])


def hash_of(theta: Vector) -> str:
    """A short text that is the same only for the same bits.

    >>> hash_of(np.array([0.0])) == hash_of(np.array([-0.0]))
    False
    """
    return hashlib.sha256(theta.tobytes()).hexdigest()[:16]


def replay(reporter: Reporter, state: State) -> Stop | None:
    """Report the epochs that a resumed run had before; a reason to stop if it had ended."""
    reporter.show(state.best.parameters)
    for row in state.rows:
        if reason := reporter.take(row):
            return reason
    return None
