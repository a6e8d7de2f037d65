"""Full-batch and mini-batch descent on a cluster: the optimisers of `nn`, one step for each slice of the shards."""

from __future__ import annotations

import os
from typing import Any

from autograd._numpy import np
from nn.cluster import checkpoint
from nn.cluster.batches import Batch, slices
from nn.cluster.objective import Objective
from nn.cluster.run import Settings, State, Vector, replay
from nn.persistence.schema import anything, record, scalar, table
from nn.train.best import Best
from nn.train.history import Stop
from nn.train.losses import l2_gradient
from nn.train.optimizers import get_optimizer

PREFIX = "optimizer."  # of the names of an optimiser's arrays


class Descent:
    """θ ← θ − update(mean gradient of a batch): each batch takes one slice of every shard.

    The row of an epoch has the loss of all samples after its last step. With all samples in one batch, that pass also
    gives the gradient of the next step, so an epoch costs one pass; otherwise it costs one pass more.
    """

    def __init__(self, objective: Objective, settings: Settings, start: Vector) -> None:
        self.objective, self.settings, self.optimizer = objective, settings, get_optimizer(settings.config.optimizer)
        self.description = settings.describe(objective, start)
        self.parts = slices(objective.counts, settings.config.batch_size)
        self.state = self._resume() or State(start, Best(start))
        self.memory = checkpoint.memory(self.optimizer)  # after the last complete step
        self.known: Vector | None = None  # the gradient over all samples at θ, when it is known

    def run(self) -> Stop:
        """Train to the end; however it ends, the checkpoint holds the last complete step."""
        settings, state = self.settings, self.state
        if reason := replay(settings.reporter, state):
            return reason
        try:
            while state.epoch < settings.config.epochs:
                self._epoch()
                if reason := settings.reporter.take(state.rows[-1]):
                    return reason
        finally:
            self._save()
        return "epochs"

    def _epoch(self) -> None:
        state, settings = self.state, self.settings
        while state.part < self.parts:
            self._step(Batch(settings.config.seed, state.epoch, state.part, self.parts))
            if self.optimizer.steps % settings.every == 0:
                self._save()
        validation = settings.reporter.show(state.theta)
        loss, gradient = self.objective(state.theta)
        self.known = gradient if self.parts == 1 else None
        state.close_epoch(loss, validation)

    def _step(self, batch: Batch) -> None:
        state = self.state
        gradient = self.objective(state.theta, batch)[1] if self.known is None else self.known
        if self.settings.config.l2:
            gradient = gradient + l2_gradient(state.theta, self.settings.config.l2)
        theta = self.optimizer.update(state.theta, gradient)
        memory = checkpoint.memory(self.optimizer) if self.settings.path else self.memory
        # Assigned together with no call in between, so that Ctrl-C or an error in the optimiser leaves no half step.
        self.known, self.memory, state.theta, state.part = None, memory, theta, state.part + 1
        self.settings.reporter.advance(1 / self.parts)

    def _save(self) -> None:
        if self.settings.path is None:
            return
        numbers, arrays = self.memory
        state = {"run": self.state.numbers(), "optimizer": numbers}
        vectors = {"theta": self.state.theta, "best": self.state.best.parameters}
        vectors |= {f"{PREFIX}{name}": array for name, array in arrays.items()}
        checkpoint.save(self.settings.path, self.description, state, vectors)

    def _resume(self) -> State | None:
        path = self.settings.path
        if path is None or not os.path.exists(path):
            return None
        numbers, arrays = checkpoint.load(path, self.description, self._check)
        checkpoint.restore_memory(self.optimizer, numbers["optimizer"], _of_optimizer(arrays))
        return State.of(numbers["run"], np.asarray(arrays["theta"]), np.asarray(arrays["best"]))

    def _check(self, numbers: Any, arrays: checkpoint.Arrays) -> None:
        """Raise SchemaError unless a checkpoint holds what `_save` writes."""
        size = self.description["parameters"]
        record({"run": anything, "optimizer": table(scalar)})(numbers, "state")
        State.check(numbers["run"], self.parts)
        kept = _of_optimizer(arrays)
        checkpoint.check_memory(self.optimizer, numbers["optimizer"], kept, size)
        others = {name: array for name, array in arrays.items() if name.removeprefix(PREFIX) not in kept}
        checkpoint.check_arrays(others, {"theta": (size,), "best": (size,)})


def _of_optimizer(arrays: checkpoint.Arrays) -> checkpoint.Arrays:
    return {name.removeprefix(PREFIX): array for name, array in arrays.items() if name.startswith(PREFIX)}
