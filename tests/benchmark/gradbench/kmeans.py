"""GradBench `kmeans`: Σ over the points of the squared distance to the nearest centroid, and Newton's direction.

The direction divides the gradient by the Hessian, which is diagonal: its product with a vector of ones is the diagonal.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

import autograd
from autograd import minimum
from tests.benchmark.gradbench.task import Functions, Input, Task, listed


def nearest(centroids: Sequence[Sequence[Any]], point: Sequence[Any]) -> Any:
    first, *others = [distance(each, point) for each in centroids]
    for each in others:
        first = minimum(first, each)
    return first


def distance(a: Sequence[Any], b: Sequence[Any]) -> Any:
    return sum([(x - y) * (x - y) for x, y in zip(a, b, strict=True)])


def cost(given: Input) -> Task:
    compiled = autograd.compile(nearest, batch=("point",))
    centroids, points = np.array(given["centroids"]), np.array(given["points"])
    return Task(lambda: len(points) * compiled.value(centroids, points))


def direction(given: Input) -> Task:
    compiled = autograd.compile(nearest, batch=("point",))
    centroids, points = np.array(given["centroids"]), np.array(given["points"])
    along = np.ones_like(centroids), np.zeros_like(points)

    def run() -> Any:
        slopes, diagonal = compiled.hvp((centroids, points), along, argnums=0)
        return slopes / diagonal

    return Task(run, listed)


FUNCTIONS: Functions = {"cost": cost, "dir": direction}


def generate(k: int, n: int, d: int) -> Input:
    """Points in the unit cube; the last of them are the centroids, so that each has a point."""
    points = np.random.RandomState(31337).rand(n, d).tolist()
    return {"points": points, "centroids": points[-k:]}


SIZES = {
    "tiny": {"k": 3, "n": 30, "d": 2},
    "small": {"k": 10, "n": 1000, "d": 8},
    "middle": {"k": 100, "n": 1000, "d": 16},
    "large": {"k": 1000, "n": 10_000, "d": 16},
}
