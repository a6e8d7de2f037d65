"""Whether predicted probabilities are frequencies: reliability table, expected calibration error, log loss."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

BINS = 10
Array = NDArray[np.float64]


class Bin(NamedTuple):
    """The samples whose probability is above `low` and at most `high`.

    samples      how many there are
    probability  the mean of their predicted probabilities
    frequency    the fraction of them for which the prediction is right
    """

    low: float
    high: float
    samples: int
    probability: float
    frequency: float


class Calibration(NamedTuple):
    """The reliability table of the predicted classes, without empty bins.

    ece       the expected calibration error, Σ samples · |frequency − probability| / n
    log_loss  the mean of −log(probability of the right class)
    """

    bins: list[Bin]
    ece: float
    log_loss: float


def calibration(probabilities: Array, y: NDArray[Any]) -> Calibration:
    """Compare the probability of the predicted class with how often it is right.

    `probabilities` has a row for each sample and a column for each class, `y` the class indices.

    >>> found = calibration(np.array([[0.75, 0.25], [0.75, 0.25], [0.75, 0.25], [0.75, 0.25]]), np.array([0, 0, 1, 0]))
    >>> found.bins, found.ece
    ([Bin(low=0.7, high=0.8, samples=4, probability=0.75, frequency=0.75)], 0.0)

    A probability of 0 for the right class counts as the smallest ε with 1 + ε ≠ 1. Guo et al. 2017, "On Calibration of
    Modern Neural Networks".
    """
    rows = np.arange(len(y))
    chosen = probabilities.argmax(axis=1)
    bins = reliability(probabilities[rows, chosen], chosen == y)
    ece = sum(each.samples * abs(each.frequency - each.probability) for each in bins) / len(y)
    right = np.maximum(probabilities[rows, y.astype(np.int64)], np.finfo(np.float64).eps)
    return Calibration(bins, ece, float(-np.log(right).mean()))


def reliability(probability: Array, happened: NDArray[np.bool_], bins: int = BINS) -> list[Bin]:
    """How often what has a probability happened, in equally wide bins; empty bins are left out.

    >>> [each.samples for each in reliability(np.array([0.1, 0.95, 1.0]), np.array([False, True, True]))]
    [1, 2]
    """
    edges = np.linspace(0.0, 1.0, bins + 1)
    places = np.searchsorted(edges[1:-1], probability)
    found = []
    for k in np.unique(places).tolist():
        inside = places == k
        low, high = round(float(edges[k]), 12), round(float(edges[k + 1]), 12)
        mean, share = float(probability[inside].mean()), float(happened[inside].mean())
        found.append(Bin(low, high, int(inside.sum()), mean, share))
    return found
