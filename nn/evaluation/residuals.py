"""How far the predictions of a regression are off, in the unit of the target."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Residuals(NamedTuple):
    """Statistics of the residuals, prediction − target.

    mae       the mean of their sizes
    rmse      the root of the mean of their squares; larger than `mae` where a few are large
    median    half of them are at most this size
    ninety    nine of ten are at most this size
    largest   none is larger
    bias      their mean: above 0, predictions are too high on average
    """

    mae: float
    rmse: float
    median: float
    ninety: float
    largest: float
    bias: float


def residuals(y: NDArray[np.float64], predicted: NDArray[np.float64]) -> Residuals:
    """The statistics of `predicted` − `y`.

    >>> residuals(np.array([1.0, 2.0]), np.array([2.0, 5.0]))[:3]
    (2.0, 2.23606797749979, 2.0)
    """
    with np.errstate(over="ignore", invalid="ignore"):  # a model that diverged may be off by any number
        off = predicted - y
        sizes = np.abs(off)
        median, ninety = np.quantile(sizes, (0.5, 0.9)).tolist()
        rmse = float(np.sqrt((off * off).mean()))
        return Residuals(float(sizes.mean()), rmse, median, ninety, float(sizes.max()), float(off.mean()))
