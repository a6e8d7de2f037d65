"""L-BFGS on a cluster: SciPy chooses the points, the cluster computes loss and gradient there."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from typing import Any

from autograd._numpy import np
from nn.cluster import checkpoint
from nn.cluster.checkpoint import CheckpointError
from nn.cluster.errors import ClusterError
from nn.cluster.objective import Objective
from nn.cluster.run import EVALUATIONS, Settings, Vector, hash_of
from nn.train.history import Epoch, Stop
from nn.train.losses import l2_gradient


@dataclass(eq=False)
class Evaluation:
    """Loss and gradient at one θ, which is stored as a hash."""

    theta: str
    loss: float
    gradient: Vector


class Lbfgs:
    """`scipy.optimize.minimize(method="L-BFGS-B")` over all samples; an epoch is an iteration.

    SciPy cannot be stopped and resumed, so the checkpoint holds every loss and gradient it was given: a resumed run
    gives it the same ones again, without asking the cluster, and SciPy takes the same steps again.
    """

    def __init__(self, objective: Objective, settings: Settings, start: Vector) -> None:
        self.objective, self.settings, self.start = objective, settings, start
        self.description = settings.describe(objective, start)
        self.evaluations: list[Evaluation] = []
        self.before = 0.0
        self._resume()
        self.started, self.given, self.epoch = time.monotonic(), 0, 0
        self.stopped: Stop | None = None

    def run(self) -> Stop:
        """Minimise to the end; "converged" when SciPy finds no lower loss."""
        try:
            from scipy.optimize import minimize
        except ImportError as error:
            raise ClusterError('optimizer="lbfgs" needs SciPy: pip install scipy') from error
        options = {"maxiter": self.settings.config.epochs}
        try:
            minimize(self._evaluate, self.start, jac=True, method="L-BFGS-B", callback=self._iteration, options=options)
        finally:
            self._save()
        return self.stopped or ("epochs" if self.epoch == self.settings.config.epochs else "converged")

    def _evaluate(self, theta: Vector) -> tuple[float, Vector]:
        """The loss with its penalty, and the gradient of both, as SciPy asks for them."""
        name = hash_of(theta)
        if self.given == len(self.evaluations):
            self.evaluations.append(Evaluation(name, *self.objective(theta)))
            if len(self.evaluations) % self.settings.every == 0:
                self._save()
        found = self.evaluations[self.given]
        if found.theta != name:
            raise CheckpointError(
                f"{self.settings.path}: SciPy takes other steps than when this was written (another version?);"
                " delete the file to start again"
            )
        self.given += 1
        penalty = self.settings.config.l2 * float(theta @ theta)
        return found.loss + penalty, found.gradient + l2_gradient(theta, self.settings.config.l2)

    def _iteration(self, intermediate_result: Any) -> None:
        """Close an epoch; SciPy passes the new point under this very name."""
        theta: Vector = np.array(intermediate_result.x)
        name = hash_of(theta)
        loss = next(each.loss for each in reversed(self.evaluations[: self.given]) if each.theta == name)
        self.epoch += 1
        self.settings.reporter.advance(1.0)
        seconds = self.before + time.monotonic() - self.started
        reporter = self.settings.reporter
        self.stopped = reporter.take(Epoch(self.epoch, loss, *reporter.show(theta), seconds))
        if self.stopped:
            raise StopIteration

    def _save(self) -> None:
        if self.settings.path is None or not self.evaluations:
            return
        state = {
            "looks": [{"theta": each.theta, "loss": each.loss} for each in self.evaluations],
            "seconds": self.before + time.monotonic() - self.started,
        }
        gradients = np.stack([each.gradient for each in self.evaluations])
        checkpoint.save(self.settings.path, self.description, state, {"gradients": gradients})

    def _resume(self) -> None:
        path = self.settings.path
        if path is None or not os.path.exists(path):
            return
        state, arrays = checkpoint.load(path, self.description, self._check)
        pairs = zip(state["looks"], arrays["gradients"], strict=True)
        self.evaluations = [Evaluation(**each, gradient=gradient) for each, gradient in pairs]
        self.before = state["seconds"]

    def _check(self, state: Any, arrays: checkpoint.Arrays) -> None:
        """Raise SchemaError unless a checkpoint holds what `_save` writes."""
        EVALUATIONS(state, "state")
        checkpoint.check_arrays(arrays, {"gradients": (len(state["looks"]), len(self.start))})
