"""A run of training: epochs, early stopping, and what is recorded of them."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass

from sklearn.exceptions import ConvergenceWarning

from autograd._numpy import np
from nn.estimators.samples import Samples, Vector
from nn.estimators.solvers import Descent, Objective

Score = Callable[[Vector], float]


@dataclass
class Record:
    """What an estimator reports of a run.

    theta   the parameters that it keeps: the last, or those with the best validation score
    losses  the loss of each epoch, after those of earlier runs that it continues
    scores  the validation scores, None without `early_stopping`

    >>> record = Record(np.zeros(1), [], [])
    >>> record(np.array([1.0]), 0.5, 0.9); record(np.array([2.0]), 0.4, 0.8)
    >>> record.theta.tolist(), record.losses, record.epochs
    ([1.0], [0.5, 0.4], 2)
    """

    theta: Vector
    losses: list[float]
    scores: list[float] | None
    verbose: bool = False
    epochs: int = 0
    loss: float = math.inf
    best_score: float = -math.inf

    def __call__(self, theta: Vector, loss: float, score: float | None = None) -> None:
        """Note the parameters after an epoch, its loss, and their validation score."""
        self.epochs, self.loss = self.epochs + 1, loss
        self.losses.append(loss)
        if self.scores is None or score is None:
            self.theta = theta
        else:
            self.scores.append(score)
            if score > self.best_score:
                self.theta, self.best_score = theta, score
        if self.verbose:
            validation = "" if score is None else f", validation score {score:.6f}"
            print(f"epoch {self.epochs}: loss {loss:.8f}{validation}")


def descend(
    objective: Objective, samples: Samples, record: Record, descent: Descent, max_iter: int, score: Score | None
) -> str:
    """Train from `record.theta` until the loss, or the validation score, stalls; why it ended without that, or ''."""
    theta = record.theta
    for _ in range(max_iter):
        theta, loss = descent.epoch(objective, theta, samples)
        found = None if score is None else score(theta)
        record(theta, loss, found)
        if not math.isfinite(loss) or descent.stalls(-loss if found is None else found):
            return ""
    unmet = "the loss" if score is None else "the validation score"
    return (
        f"{unmet} still improved after max_iter={max_iter} epochs; "
        "raise max_iter or learning_rate_init, or scale the features"
    )


def finish(record: Record, reason: str, rate: float) -> None:
    """ValueError for parameters that are not finite, a ConvergenceWarning at the user's line if there is a reason."""
    if not np.isfinite(record.theta).all() or math.isnan(record.loss):
        raise ValueError(
            f"training ended with parameters or a loss that are not finite (epoch {record.epochs}): "
            f"scale the features, or lower learning_rate_init={rate}"
        )
    if reason:
        warnings.warn(f"training has not converged: {reason}", ConvergenceWarning, stacklevel=4)
