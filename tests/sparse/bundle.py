"""Bundle adjustment in plain Python: cameras see points, and each observation has two residuals and one of its weight.

The problem of the eval "ba" of GradBench (and ADBench before it): a camera is a rotation vector, its centre, the focal
length, the principal point and two coefficients of radial distortion. The two residuals of an observation depend on
11 + 3 + 1 numbers, each on all but the other's coordinate of the principal point.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from autograd import cos, sin, sqrt


def rotated(rotation: Sequence[Any], point: Sequence[Any]) -> list[Any]:
    """The point turned around the rotation vector by its length: Rodrigues' formula."""
    angle = sqrt(rotation[0] ** 2 + rotation[1] ** 2 + rotation[2] ** 2)
    x, y, z = [each / angle for each in rotation]
    a, b, c = point
    crossed = [y * c - z * b, z * a - x * c, x * b - y * a]
    along = (x * a + y * b + z * c) * (1.0 - cos(angle))
    return [p * cos(angle) + q * sin(angle) + n * along for p, q, n in zip(point, crossed, (x, y, z), strict=True)]


def projected(camera: Sequence[Any], point: Sequence[Any]) -> list[Any]:
    """Where the camera sees a point, in pixels."""
    rotation, centre, (focal, *principal), (k1, k2) = camera[:3], camera[3:6], camera[6:9], camera[9:]
    x, y, z = rotated(rotation, [p - c for p, c in zip(point, centre, strict=True)])
    u, v = x / z, y / z
    square = u * u + v * v
    distortion = 1.0 + k1 * square + k2 * square * square
    return [each * distortion * focal + shift for each, shift in zip((u, v), principal, strict=True)]


@dataclass(frozen=True)
class Bundle:
    """A problem: which camera sees which point, and where; and the numbers to start from."""

    observations: tuple[tuple[int, int], ...]
    features: tuple[tuple[float, float], ...]
    cameras: tuple[tuple[float, ...], ...]
    points: tuple[tuple[float, ...], ...]
    weights: tuple[float, ...]

    @property
    def start(self) -> list[float]:
        """Cameras, points and weights, flat."""
        return [x for each in (*self.cameras, *self.points) for x in each] + list(self.weights)

    def residuals(self, x: Sequence[Any]) -> list[Any]:
        """Reprojection errors, two for each observation, and then the errors of the weights, 1 − w²."""
        end = 11 * len(self.cameras)
        cameras = [x[i : i + 11] for i in range(0, end, 11)]
        points = [x[i : i + 3] for i in range(end, end + 3 * len(self.points), 3)]
        weights = x[end + 3 * len(self.points) :]
        found = []
        for (i, j), feature, weight in zip(self.observations, self.features, weights, strict=True):
            seen = projected(cameras[i], points[j])
            found += [weight * (each - measured) for each, measured in zip(seen, feature, strict=True)]
        return [*found, *[1.0 - weight * weight for weight in weights]]


def bundle(cameras: int, points: int, observations: int, seed: int = 0) -> Bundle:
    """A random problem, in which cameras take turns at points as in GradBench."""
    rng = random.Random(seed)

    def near(*centre: float) -> tuple[float, ...]:
        return tuple([x + 0.1 * rng.uniform(-1.0, 1.0) for x in centre])

    pairs = tuple([(k % cameras, k % points) for k in range(observations)])
    return Bundle(
        pairs,
        tuple([(rng.uniform(-50.0, 50.0), rng.uniform(-50.0, 50.0)) for _ in pairs]),
        tuple([near(0.1, -0.2, 0.3, 0.5, -0.5, -8.0, 400.0, 5.0, -3.0, 0.0, 0.0) for _ in range(cameras)]),
        tuple([near(0.0, 0.0, 0.0) for _ in range(points)]),
        tuple([rng.uniform(0.5, 1.5) for _ in pairs]),
    )


def dense_blocks(problem: Bundle, jacobian: Callable[..., Any]) -> dict[tuple[int, int], float]:
    """The blocks of the Jacobian, one observation at a time by its own 15 numbers: what one does without colours."""
    found: dict[tuple[int, int], float] = {}
    n, m, p = len(problem.cameras), len(problem.points), len(problem.observations)
    for k, ((i, j), feature) in enumerate(zip(problem.observations, problem.features, strict=True)):
        columns = [*range(11 * i, 11 * i + 11), *range(11 * n + 3 * j, 11 * n + 3 * j + 3), 11 * n + 3 * m + k]
        numbers = [*problem.cameras[i], *problem.points[j], problem.weights[k]]
        alone = Bundle(((0, 0),), (feature,), (problem.cameras[i],), (problem.points[j],), (problem.weights[k],))
        first, second, last = jacobian(alone.residuals)(numbers)
        for row, derivatives in ((2 * k, first), (2 * k + 1, second)):
            found |= {(row, column): d for column, d in zip(columns, derivatives, strict=True)}
        found[2 * p + k, columns[-1]] = last[-1]
    return found
