"""GradBench `ht`: hand tracking: how far a posed hand is from the points that were measured, and the dense Jacobian.

θ holds the rotation and position of the hand, and for each finger the flexion and abduction of its first joint and the
flexion of two more. A vertex follows several bones, by weights. A measured point belongs to a vertex, or to a place
(u₁, u₂) in a triangle of three, which is then part of what is differentiated by. Points are the samples of a batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

import autograd
from autograd import cos, sin, sqrt
from tests.benchmark.gradbench.task import Functions, Input, Task

Vector = Sequence[Any]
Matrix = Sequence[Vector]
FINGERS, TINY = 5, 1e-4


def angles(theta: Vector, bones: int) -> list[tuple[Any, Any] | None]:
    """Flexion and abduction of each bone; None for those that do not move: wrist, the root of a finger, forearm."""
    found: list[tuple[Any, Any] | None] = [None] * bones
    for finger in range(FINGERS):
        first, abduction, second, third = theta[6 + 4 * finger : 10 + 4 * finger]
        root = 1 + 4 * finger
        found[root + 1 : root + 4] = [(first, abduction), (second, 0.0), (third, 0.0)]
    return found


def transforms(theta: Vector, model: Input) -> list[Matrix]:
    """What each bone does to a vertex of the hand at rest: matrices of three rows and four columns."""
    placed: list[Matrix] = []
    for parent, base, turn in zip(
        model["parents"], model["base_relatives"], angles(theta, len(model["parents"])), strict=True
    ):
        own = base[:3] if turn is None else times(base[:3], bend(*turn))
        placed.append(own if parent < 0 else times(placed[parent], own))
    return [times(each, rest) for each, rest in zip(placed, model["inverse_base_absolutes"], strict=True)]


def bend(flexion: Any, abduction: Any) -> list[list[Any]]:
    """A turn about x and then about z."""
    a, b, c, d = cos(flexion), sin(flexion), cos(abduction), sin(abduction)
    return [[c, -d * a, d * b, 0.0], [d, c * a, -c * b, 0.0], [0.0, b, a, 0.0]]


def times(a: Matrix, b: Matrix) -> list[list[Any]]:
    """The product of two affine maps, matrices of three rows and four columns."""
    columns = list(zip(*b[:3], (0.0, 0.0, 0.0, 1.0), strict=True))
    return [[total([x * y for x, y in zip(row, column, strict=True)]) for column in columns] for row in a]


def total(terms: Vector) -> Any:
    return sum(terms[1:], terms[0])


def turned(axis: Vector, point: Vector) -> list[Any]:
    """By an angle that is the length of the axis."""
    angle = sqrt(total([each * each for each in axis]))
    if angle < TINY:
        return list(point)
    x, y, z = (each / angle for each in axis)
    c, s, along = cos(angle), sin(angle), (1.0 - cos(angle)) * (x * point[0] + y * point[1] + z * point[2])
    crossed = [y * point[2] - z * point[1], z * point[0] - x * point[2], x * point[1] - y * point[0]]
    return [p * c + q * s + u * along for p, q, u in zip(point, crossed, (x, y, z), strict=True)]


def blended(move: Sequence[Matrix], rests: Matrix, weights: Matrix, shares: Vector) -> list[Any]:
    """The place of a point that has shares of vertices, each of which follows bones by its weights."""
    at: list[Any] = [0.0] * 3
    for bone, matrix in enumerate(move):
        parts = [share * weight[bone] for share, weight in zip(shares, weights, strict=True)]
        rest = [total([part * x for part, x in zip(parts, column, strict=True)]) for column in zip(*rests, strict=True)]
        at = [x + total([a * b for a, b in zip(row, rest, strict=True)]) for x, row in zip(at, matrix, strict=True)]
    return at


def error(theta: Vector, us: Vector, rests: Matrix, weights: Matrix, point: Vector, model: Input) -> list[Any]:
    """Of one measured point."""
    shares = [*us, 1.0 - us[0] - us[1]] if us else [1.0]
    at = blended(transforms(theta, model), rests, weights, shares)
    if model["is_mirrored"]:
        at[0] = -at[0]
    return [p - x - t for p, x, t in zip(point, turned(theta[:3], at), theta[3:6], strict=True)]


def coordinate(
    theta: Vector, us: Vector, rests: Matrix, weights: Matrix, point: Vector, axis: Vector, model: Input
) -> Any:
    """The error along an axis: with three axes for each point, its gradients are the rows of the Jacobian."""
    return total([a * b for a, b in zip(error(theta, us, rests, weights, point, model), axis, strict=True)])


class Hand:
    """An input, with what each measured point belongs to laid out as samples."""

    def __init__(self, given: Input) -> None:
        model, data = given["data"]["model"], given["data"]
        corners = np.array(data["correspondences"])[:, None]
        if given["us"]:
            corners = np.array(model["triangles"])[corners[:, 0]]
        self.theta, self.us = np.array(given["theta"]), np.array(given["us"]).reshape(len(corners), -1)
        rests, weights = np.array(model["base_positions"])[corners], np.array(model["weights"])[corners]
        self.samples = self.us, rests, weights, np.array(data["points"])
        batch = ("us", "rests", "weights", "point")
        self.error = autograd.compile(partial(error, model=model), batch=batch)
        self.coordinate = autograd.compile(partial(coordinate, model=model), batch=(*batch, "axis"))

    def errors(self) -> NDArray[np.float64]:
        return np.stack(self.error.map(self.theta, *self.samples), axis=1).ravel()

    def jacobian(self) -> NDArray[np.float64]:
        thrice = [np.repeat(each, 3, axis=0) for each in self.samples]
        axes = np.tile(np.eye(3), (len(self.us), 1))
        return np.hstack(self.coordinate.map_grad(self.theta, *thrice, axes, argnums=(1, 0)))


def objective(given: Input) -> Task:
    return Task(Hand(given).errors, np.ndarray.tolist)


def jacobian(given: Input) -> Task:
    return Task(Hand(given).jacobian, np.ndarray.tolist)


FUNCTIONS: Functions = {"objective": objective, "jacobian": jacobian}


def generate(points: int, vertices: int = 544, complicated: bool = True) -> Input:
    """A random hand of 22 bones: wrist, five fingers of four, forearm; each vertex follows up to four of them."""
    rng = np.random.RandomState(31337)
    parents = [-1, *[0 if i % 4 == 1 else i - 1 for i in range(1, 21)], 0]
    bones = len(parents)
    relatives = np.tile(np.eye(4), (bones, 1, 1))
    relatives[:, :3] += rng.normal(scale=0.3, size=(bones, 3, 4))
    absolutes = list(relatives)
    for bone, parent in enumerate(parents):
        absolutes[bone] = relatives[bone] if parent < 0 else absolutes[parent] @ relatives[bone]
    weights = np.zeros((vertices, bones))
    for row in weights:
        row[rng.choice(bones, 4, replace=False)] = rng.dirichlet(np.ones(4))
    triangles = rng.randint(vertices, size=(2 * vertices, 3))
    model = {
        "bone_count": bones,
        "bone_names": [f"bone{i}" for i in range(bones)],
        "parents": parents,
        "base_relatives": relatives.tolist(),
        "inverse_base_absolutes": np.linalg.inv(absolutes).tolist(),
        "base_positions": np.column_stack([rng.normal(size=(vertices, 3)), np.ones(vertices)]).tolist(),
        "weights": weights.tolist(),
        "triangles": triangles.tolist(),
        "is_mirrored": False,
    }
    count = len(triangles) if complicated else vertices
    data = {
        "model": model,
        "correspondences": rng.randint(count, size=points).tolist(),
        "points": rng.normal(size=(points, 3)).tolist(),
    }
    us = rng.dirichlet(np.ones(3), size=points)[:, :2].tolist() if complicated else []
    return {"theta": rng.normal(scale=0.4, size=26).tolist(), "data": data, "us": us}


SIZES = {
    "tiny": {"points": 6, "vertices": 20},
    "small": {"points": 100},
    "middle": {"points": 1600},
    "large": {"points": 100_000},
}
