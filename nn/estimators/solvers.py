"""The two kinds of training: mini-batch descent by the optimizers of this package, and L-BFGS by SciPy."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from scipy.optimize import minimize

from autograd._numpy import np
from nn.estimators.programs import Architecture, Programs
from nn.estimators.samples import Samples, Vector
from nn.train.losses import l2_gradient
from nn.train.optimizers import SGD, Adam, Optimizer

AUTO_BATCH = 200  # scikit-learn's batch_size="auto"
SLOWER = 5.0  # learning_rate="adaptive" divides by this when the loss stalls,
SLOWEST = 1e-6  # and stops below this


class Objective:
    """The weighted mean loss, and ½ alpha Σ w² / Σ sample weights over the weights, not the biases: scikit-learn's."""

    def __init__(self, programs: Programs, architecture: Architecture, alpha: float) -> None:
        self.programs, self.alpha = programs, alpha
        weights = [np.ones(shape) for shape in architecture.shapes()]
        for block in weights:
            block[:, -1] = 0.0
        self.is_weight = np.concatenate([block.ravel() for block in weights])

    def __call__(self, theta: Vector, samples: Samples) -> tuple[float, Vector]:
        """Value and gradient."""
        loss, gradient = self.programs.loss_and_gradient(theta, samples)
        weights = self.is_weight * theta
        strength = 0.5 * self.alpha / samples.total_weight
        return loss + strength * float(weights @ weights), gradient + l2_gradient(weights, strength)


class Rate:
    """A learning rate that changes between epochs.

    >>> rate = Rate("invscaling", 0.1, power=0.5)
    >>> rate.epoch_ends(99); rate(step=0)
    0.01
    """

    def __init__(self, kind: str, start: float, power: float) -> None:
        self.kind, self.start, self.power = kind, start, power
        self.now = start

    def __call__(self, step: int) -> float:
        return self.now

    def epoch_ends(self, seen: int) -> None:
        """Note the end of an epoch, after `seen` samples in all."""
        if self.kind == "invscaling":
            self.now = self.start / (seen + 1) ** self.power

    def slow_down(self) -> bool:
        """Lower the rate because the loss stalls; False when there is nothing left but to stop."""
        if self.kind != "adaptive" or self.now <= SLOWEST:
            return False
        self.now /= SLOWER
        return True


class Descent:
    """Mini-batch descent, one epoch at a time; `parameters` are the hyperparameters of the estimator."""

    def __init__(self, parameters: dict[str, Any], random: np.random.RandomState) -> None:
        self.random, self.seen, self.solver = random, 0, parameters["solver"]
        kind = parameters["learning_rate"] if parameters["solver"] == "sgd" else "constant"
        self.rate = Rate(kind, parameters["learning_rate_init"], parameters["power_t"])
        self.optimizer = self._optimizer(parameters)
        self.batch_size, self.shuffle = parameters["batch_size"], parameters["shuffle"]
        self.tol, self.patience = parameters["tol"], parameters["n_iter_no_change"]
        self.best, self.stale = -math.inf, 0

    def _optimizer(self, parameters: dict[str, Any]) -> Optimizer:
        if parameters["solver"] == "adam":
            return Adam(self.rate, parameters["beta_1"], parameters["beta_2"], parameters["epsilon"])
        momentum = parameters["momentum"]
        return SGD(self.rate, momentum, nesterov=bool(parameters["nesterovs_momentum"] and momentum))

    def epoch(self, objective: Objective, theta: Vector, samples: Samples) -> tuple[Vector, float]:
        """The next θ, and the mean of the objective over the epoch."""
        size = min(len(samples), AUTO_BATCH if self.batch_size == "auto" else int(self.batch_size))
        if self.shuffle and size < len(samples):
            samples = samples.take(self.random.permutation(len(samples)))
        sum_of_losses = 0.0
        for batch in samples.chunks(size):
            loss, gradient = objective(theta, batch)
            theta = self.optimizer.update(theta, gradient)
            sum_of_losses += loss * batch.total_weight
        self.seen += len(samples)
        self.rate.epoch_ends(self.seen)
        return theta, sum_of_losses / samples.total_weight

    def stalls(self, score: float) -> bool:
        """Whether to stop, as scores have not risen by `tol` for more than `n_iter_no_change` epochs."""
        self.stale = self.stale + 1 if score < self.best + self.tol else 0
        self.best = max(score, self.best)
        if self.stale <= self.patience:
            return False
        self.stale = 0
        return not self.rate.slow_down()


def lbfgs(
    objective: Objective,
    theta: Vector,
    samples: Samples,
    parameters: dict[str, Any],
    on_iteration: Callable[[Vector, float], object],
) -> str:
    """Minimise over all samples at once; why it ended without convergence, or ''."""

    def report(intermediate_result: Any) -> None:  # SciPy passes the point under this name
        on_iteration(intermediate_result.x.copy(), float(intermediate_result.fun))

    found = minimize(
        lambda x: objective(x, samples),
        theta,
        jac=True,
        method="L-BFGS-B",
        callback=report,
        options={"maxiter": parameters["max_iter"], "maxfun": parameters["max_fun"], "gtol": parameters["tol"]},
    )
    return "" if found.success else str(found.message)
