"""Whether an eval's result is right: compared with `references`, which do not use the engine."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.benchmark.gradbench import references
from tests.benchmark.gradbench.references import Array, along

TOLERANCE = 1e-9
"""Relative to the largest entry; see `tests.benchmark.contest.TOLERANCE`, which has the reasons.

`particle` and `saddle` end where a step is at most 1e-5 long: two roundings of a path end at most that far apart, and
GradBench itself accepts 1e-4.
"""
DESCENT = 1e-5

DERIVATIVES = {
    "ba": "jacobian",
    "det": "gradient",
    "gmm": "jacobian",
    "hello": "double",
    "ht": "jacobian",
    "kmeans": "dir",
    "llsq": "gradient",
    "lse": "gradient",
    "lstm": "jacobian",
    "ode": "gradient",
    "particle": "rr",
    "saddle": "rr",
}
"""The function of each eval that is a derivative, and is raced."""


def difference(name: str, given: Any, result: Any) -> float:
    """How far the result of a derivative is from the right one, relative to its largest entry."""
    if name in ("particle", "saddle"):
        expected = references.PARTICLE if name == "particle" else references.SADDLE
        return float(np.abs(np.subtract(result, expected)).max())
    if name == "kmeans":
        return relative(np.asarray(result), references.kmeans_direction(given))
    x = references.point(name, given)
    v = np.random.RandomState(1).standard_normal(x.size)
    return relative(applied(name, given, result, v), along(lambda x: references.VALUES[name](x, given), x, v))


def is_valid(name: str, worst: float) -> bool:
    """Whether that difference is rounding."""
    return worst <= (DESCENT if name in ("particle", "saddle") else TOLERANCE)


def relative(found: Array, right: Array) -> float:
    """The largest difference over the largest entry, if that is not 0; infinite where something is not a number.

    >>> relative(np.array([1.0, 4.0]), np.array([2.0, 4.0]))
    0.25
    """
    if not np.isfinite(found).all() or found.shape != right.shape:
        return float("inf")
    worst, scale = float(np.abs(found - right).max()), float(np.abs(right).max())
    return worst / scale if scale else worst


def applied(name: str, given: Any, result: Any, v: Array) -> Array:
    """The derivative times v, from the result of a run."""
    if name == "ba":
        pointers, columns, values = result
        return np.add.reduceat(values * v[columns], pointers[:-1])
    if name == "ht":
        us, theta = np.split(v, [v.size - 26])
        point = np.repeat(us.reshape(-1, 2) if given["us"] else np.empty((len(result) // 3, 0)), 3, axis=0)
        return np.concatenate([result[:, :-26] * point, result[:, -26:] * theta], axis=1).sum(axis=1)
    parts = result.values() if isinstance(result, dict) else result if isinstance(result, list) else [result]
    return np.atleast_1d(np.concatenate([np.ravel(each) for each in parts]) @ v)
