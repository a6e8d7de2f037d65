"""GradBench `ba`: bundle adjustment: how far each point lies from where its camera saw it, and the sparse Jacobian.

An observation depends on the 11 numbers of its camera (rotation, centre, focal length, principal point, distortion), on
its point and on its weight. Observations are the samples of a batch; the Jacobian is theirs, put into place.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

import autograd
from autograd import cos, sin, sqrt
from tests.benchmark.gradbench.task import Functions, Input, Task

Vector = Sequence[Any]
CAMERA, POINT = 11, 3
COLUMNS = CAMERA + POINT + 1
SHOWN = 2 * COLUMNS  # what is reported: the first so many entries, and the last one


def residual(camera: Vector, point: Vector, weight: Any, seen: Vector) -> list[Any]:
    """The error of one observation: two numbers, weighted."""
    turned = rotated(camera[:3], [a - b for a, b in zip(point, camera[3:6], strict=True)])
    u, v = turned[0] / turned[2], turned[1] / turned[2]
    square = u * u + v * v
    stretch = 1.0 + camera[9] * square + camera[10] * square * square
    focal, x0, y0 = camera[6:9]
    return [weight * (u * stretch * focal + x0 - seen[0]), weight * (v * stretch * focal + y0 - seen[1])]


def rotated(axis: Vector, point: Vector) -> list[Any]:
    """By Rodrigues' formula, about an axis whose length is the angle."""
    angle = sqrt(dot(axis, axis))
    unit = [each / angle for each in axis]
    along = dot(unit, point) * (1.0 - cos(angle))
    crossed = cross(unit, point)
    return [p * cos(angle) + c * sin(angle) + u * along for p, c, u in zip(point, crossed, unit, strict=True)]


def dot(a: Vector, b: Vector) -> Any:
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def cross(a: Vector, b: Vector) -> list[Any]:
    return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]


def weight_error(weight: Any) -> Any:
    """How far a weight is from ±1."""
    return 1.0 - weight * weight


class Adjustment:
    """The input, spread out: all cameras, points, weights and observations."""

    def __init__(self, given: Input) -> None:
        self.n, self.m, self.p = given["n"], given["m"], given["p"]
        observations = np.arange(self.p)
        self.camera, self.point = observations % self.n, observations % self.m
        self.cameras, self.points = np.tile(given["cam"], (self.n, 1)), np.tile(given["x"], (self.m, 1))
        self.weights, self.seen = np.full(self.p, given["w"]), np.tile(given["feat"], (self.p, 1))
        self.residual = autograd.compile(residual, batch=("camera", "point", "weight", "seen"))
        self.weight_error = autograd.compile(weight_error, batch=("weight",))

    def samples(self) -> tuple[NDArray[np.float64], ...]:
        return self.cameras[self.camera], self.points[self.point], self.weights, self.seen

    def errors(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Of the observations (p, 2), and of the weights."""
        return np.stack(self.residual.map(*self.samples()), axis=1), self.weight_error.map(self.weights)

    def sparse(self) -> tuple[NDArray[Any], NDArray[Any], NDArray[np.float64]]:
        """(row pointers, columns, values) of the Jacobian of all errors."""
        n, m, p = self.n, self.m, self.p
        values = np.empty(2 * COLUMNS * p + p)
        rows = values[:-p].reshape(p, 2, COLUMNS)
        by = self.residual.map_jacobian(*self.samples(), argnums=(0, 1, 2))
        rows[:, :, :CAMERA], rows[:, :, CAMERA:-1], rows[:, :, -1] = by
        values[-p:] = self.weight_error.map_grad(self.weights)
        columns = np.empty((p, 2, COLUMNS), dtype=np.int64)
        columns[:, :, :CAMERA] = (CAMERA * self.camera[:, None] + np.arange(CAMERA))[:, None]
        columns[:, :, CAMERA:-1] = (CAMERA * n + POINT * self.point[:, None] + np.arange(POINT))[:, None]
        own = CAMERA * n + POINT * m + np.arange(p)
        columns[:, :, -1] = own[:, None]
        ends = COLUMNS * np.arange(2 * p + 1)
        pointers = np.concatenate([ends, ends[-1] + 1 + np.arange(p)])
        return pointers, np.append(columns, own), values


def objective(given: Input) -> Task:
    return Task(Adjustment(given).errors, errors_output)


def errors_output(errors: tuple[Any, Any]) -> Any:
    """As GradBench compares it: one of the equal errors, and how often it occurs."""
    seen, weights = errors
    return {
        "reproj_error": {"elements": seen[0].tolist(), "repeated": len(seen)},
        "w_err": {"element": float(weights[0]), "repeated": len(weights)},
    }


def jacobian(given: Input) -> Task:
    return Task(Adjustment(given).sparse, sparse_output)


def sparse_output(matrix: tuple[Any, Any, Any]) -> Any:
    """As GradBench compares it: the first entries of each array, and the last."""
    rows, columns, values = ([*each[:SHOWN].tolist(), each[-1].item()] for each in matrix)
    return {"rows": rows, "cols": columns, "vals": values}


FUNCTIONS: Functions = {"objective": objective, "jacobian": jacobian}


def generate(n: int, m: int, p: int) -> Input:
    """One camera that looks down on one point, for all."""
    camera = [0.02, -0.13, 0.11, -0.3, 0.1, -1.1, 400.0, 3.0, -2.0, -0.07, 0.002]
    return {"n": n, "m": m, "p": p, "cam": camera, "x": [0.4, -0.2, 1.9], "w": 0.93, "feat": [80.0, -41.0]}


SIZES = {
    "tiny": {"n": 3, "m": 5, "p": 40},
    "small": {"n": 49, "m": 7776, "p": 31_843},
    "middle": {"n": 93, "m": 61_203, "p": 287_451},
    "large": {"n": 356, "m": 226_730, "p": 1_255_268},
}
