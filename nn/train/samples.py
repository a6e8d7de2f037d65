"""Samples for `fit`: pairs of a list of floats and a target, checked once."""

from __future__ import annotations

import math
import random
from typing import Any

from autograd._numpy import np
from autograd.io.plural import counted
from nn.layers.inputs import as_array, is_foreign
from nn.train.metrics import Prediction

Sample = tuple[list[float], Prediction]


def pair_up(x: Any, y: Any) -> list[Sample]:
    """Rows and targets as a list of samples in plain Python numbers; `ValueError` if they do not fit together.

    >>> pair_up(np.array([[1.0, 2.0]]), np.array([3]))
    [([1.0, 2.0], 3)]
    """
    rows, targets = plain_rows(x), _plain_targets(y)
    if len(rows) != len(targets):
        raise ValueError(
            f"x has {counted(len(rows), 'row')} and y has {counted(len(targets), 'target')}; every row needs a target"
        )
    if not rows:
        raise ValueError("there are no samples: x has no rows")
    return list(zip(rows, targets, strict=True))


def _plain_targets(y: Any) -> list[Any]:
    targets = _as_list(y)
    for i, target in enumerate(targets):
        if isinstance(target, float) and not math.isfinite(target):
            raise ValueError(f"y[{i}] is {target}; drop the row or fill it in")
    return [int(target) if isinstance(target, bool | np.bool_) else target for target in targets]


def _as_list(y: Any) -> list[Any]:
    if not (isinstance(y, np.ndarray) or is_foreign(y)):
        return list(y)
    try:
        found = as_array(y)
    except TypeError as error:
        raise ValueError(f"y must be numbers, or lists of numbers: {error}") from error
    return list(found.tolist()) if found.shape else [found.item()]


def plain_rows(x: Any) -> list[list[float]]:
    """Rows of numbers as lists of floats; a `ValueError` names what is not a number, not finite, or not a row.

    >>> plain_rows(np.array([[1, 2]]))
    [[1.0, 2.0]]
    """
    try:
        table = np.asarray(as_array(x), dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"x must be rows of numbers, all of the same length: {error}") from error
    if table.size and table.ndim != 2:
        raise ValueError(
            f"x must be rows of numbers (2 dimensions), got {table.ndim}; for one number per row write [[1.0], [2.0]]"
        )
    rows: list[list[float]] = table.tolist()
    for i, row in enumerate(rows):
        if len(row) != len(rows[0]):
            raise ValueError(f"x must be rows of numbers, all of the same length: row {i} has {len(row)} numbers")
        if not all(map(math.isfinite, row)):
            j = next(j for j, number in enumerate(row) if not math.isfinite(number))
            raise ValueError(f"x[{i}][{j}] is {row[j]}; drop the row or fill it in")
    return rows


def split_samples(samples: list[Sample], validation: Any, rng: random.Random) -> tuple[list[Sample], list[Sample]]:
    """Training and validation samples; `validation` is None, a fraction drawn by `rng`, or a separate (x, y).

    >>> training, held_out = split_samples([([float(i)], 0.0) for i in range(10)], 0.3, random.Random(0))
    >>> len(training), len(held_out)
    (7, 3)
    """
    if validation is None:
        return samples, []
    if isinstance(validation, tuple):
        return samples, pair_up(*validation)
    kept, held_out = split(len(samples), validation, rng)
    return [samples[i] for i in kept], [samples[i] for i in held_out]


def split(count: int, fraction: Any, rng: random.Random) -> tuple[list[int], list[int]]:
    """The indices of `count` samples in random order: those to train on, and a `fraction` to validate on.

    >>> [len(part) for part in split(10, 0.3, random.Random(0))]
    [7, 3]

    ValueError unless 0 < fraction < 1 and there are samples left to train on; at least one sample is held out.
    """
    if not 0.0 < fraction < 1.0:
        raise ValueError(f"validation must be a fraction between 0 and 1, or (x, y), got {fraction!r}")
    held_out = max(1, round(fraction * count))
    if held_out == count:
        raise ValueError(f"validation={fraction!r} of {count} samples leaves none to train on")
    order = rng.sample(range(count), count)
    return order[held_out:], order[:held_out]
