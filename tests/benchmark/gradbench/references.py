"""The right answers, without the engine: values in NumPy, derivatives by a complex step or in closed form.

f(x + ihv) = f(x) + ih f′(x)v + O(h²), so the imaginary part over h is the derivative along v, to rounding when
h = 1e-100: there is no difference to cancel (Squire & Trapp 1998). It needs f in operations that complex numbers know.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from math import lgamma, log, pi
from typing import Any

import numpy as np

from tests.benchmark.gradbench.task import Input

Array = np.ndarray[Any, np.dtype[Any]]
STEP = 1e-100


def along(f: Callable[[Array], Any], x: Array, v: Array) -> Array:
    """The derivative of f at x along v.

    >>> along(lambda x: x[0] * x[1], np.array([2.0, 3.0]), np.array([1.0, 10.0]))
    array([23.])
    """
    return np.atleast_1d(np.imag(f(x + 1j * STEP * v)) / STEP)


def hello(x: Array, given: Any) -> Any:
    return x[0] * x[0]


def lse(x: Array, given: Input) -> Any:
    largest = x[x.real.argmax()]
    return largest + np.log(np.exp(x - largest).sum())


def llsq(x: Array, given: Input) -> Any:
    t = np.linspace(-1.0, 1.0, given["n"])
    return ((np.sign(t) - np.vander(t, len(x), increasing=True) @ x) ** 2).sum() / 2.0


def det(x: Array, given: Input) -> Any:
    return np.linalg.det(x.reshape(given["ell"], -1))


def ode(x: Array, given: Input) -> Any:
    def rate(y: Array) -> Array:
        return x * np.concatenate([[1.0], y[:-1]])

    h, y = 2.0 / given["s"], np.zeros_like(x)
    for _ in range(given["s"]):
        a = rate(y)
        b = rate(y + h / 2.0 * a)
        c = rate(y + h / 2.0 * b)
        y = y + h / 6.0 * (a + 2.0 * b + 2.0 * c + rate(y + h * c))
    return y[-1]


def gmm(x: Array, given: Input) -> Any:
    d, k, points, m, gamma = given["d"], given["k"], np.array(given["x"]), given["m"], given["gamma"]
    alpha, mu, q, below = np.split(x, np.cumsum([k, k * d, k * d]))
    mu, q = mu.reshape(k, d), q.reshape(k, d)
    Q = np.zeros((k, d, d), dtype=x.dtype)
    columns, rows = np.triu_indices(d, 1)
    Q[:, rows, columns] = below.reshape(k, -1)
    Q[:, range(d), range(d)] = np.exp(q)
    scaled = np.einsum("kij,nkj->nki", Q, points[:, None] - mu)
    terms = alpha + q.sum(axis=1) - 0.5 * (scaled**2).sum(axis=2)
    freedom = d + m + 1
    log_gamma = d * (d - 1) / 4.0 * log(pi) + sum(lgamma(0.5 * freedom - 0.5 * i) for i in range(d))
    constant = k * (freedom * d * log(gamma / 2.0**0.5) - log_gamma) - len(points) * d / 2.0 * log(2.0 * pi)
    prior = constant - 0.5 * gamma**2 * (Q**2).sum() + m * q.sum()
    return sum(lse(row, given) for row in terms) - len(points) * lse(alpha, given) + prior


def lstm(x: Array, given: Input) -> Any:
    text, state = np.array(given["sequence"]), np.array(given["state"], dtype=x.dtype)
    bits = text.shape[1]
    main, extra = x[: -3 * bits].reshape(-1, 2, 4, bits), x[-3 * bits :].reshape(3, bits)
    hidden, cell, total = list(state[::2]), list(state[1::2]), 0.0
    for now, after in pairwise(text):
        h = now * extra[0]
        for layer, (weight, bias) in enumerate(main):
            gates = np.stack([h, hidden[layer], h, hidden[layer]]) * weight + bias
            forget, ingate, outgate = 1.0 / (1.0 + np.exp(-gates[:3]))
            cell[layer] = cell[layer] * forget + ingate * np.tanh(gates[3])
            hidden[layer] = h = outgate * np.tanh(cell[layer])
        y = h * extra[1] + extra[2]
        total = total + after @ (y - np.log(np.exp(y).sum() + 2.0))
    return -total / (bits * (len(text) - 1))


def ba(x: Array, given: Input) -> Any:
    n, m, p = given["n"], given["m"], given["p"]
    cameras, points, weights = np.split(x, [11 * n, 11 * n + 3 * m])
    index = np.arange(p)
    camera, point = cameras.reshape(n, 11)[index % n], points.reshape(m, 3)[index % m] + 0.0
    turned = rotated(camera[:, :3], point - camera[:, 3:6])
    flat = turned[:, :2] / turned[:, 2:]
    square = (flat**2).sum(axis=1)
    stretch = (1.0 + camera[:, 9] * square + camera[:, 10] * square**2)[:, None]
    seen = flat * stretch * camera[:, 6:7] + camera[:, 7:9]
    return np.concatenate([(weights[:, None] * (seen - given["feat"])).ravel(), 1.0 - weights**2])


def rotated(axis: Array, point: Array) -> Array:
    """Each point about its axis, by a rotation matrix."""
    angle = np.sqrt((axis**2).sum(axis=1))[:, None]
    x, y, z = (axis / angle).T
    zero = np.zeros_like(x)
    K = np.array([[zero, -z, y], [z, zero, -x], [-y, x, zero]]).transpose(2, 0, 1)
    R = np.eye(3) + np.sin(angle)[:, :, None] * K + (1.0 - np.cos(angle))[:, :, None] * (K @ K)
    return np.einsum("nij,nj->ni", R, point)


def ht(x: Array, given: Input) -> Any:
    data, model = given["data"], given["data"]["model"]
    us, theta = np.split(x, [x.size - 26])
    placed: list[Array] = []
    for i, (parent, base) in enumerate(zip(model["parents"], np.array(model["base_relatives"]), strict=True)):
        finger, joint = divmod(i - 1, 4)
        own = base.astype(x.dtype)
        if 0 < i < 21 and joint:
            at = 6 + 4 * finger
            flexion, abduction = (theta[at], theta[at + 1]) if joint == 1 else (theta[at + joint], 0.0)
            own = own @ about(2, abduction) @ about(0, flexion)
        placed.append(own if parent < 0 else placed[parent] @ own)
    moves = np.array(placed) @ np.array(model["inverse_base_absolutes"])
    positions = np.einsum("vb,bij,vj->vi", np.array(model["weights"]), moves[:, :3], np.array(model["base_positions"]))
    if model["is_mirrored"]:
        positions = positions * [-1.0, 1.0, 1.0]
    positions = rotated(np.tile(theta[:3], (len(positions), 1)), positions) + theta[3:6]
    index = np.array(data["correspondences"])
    at = positions[index] if not given["us"] else triangle(positions, np.array(model["triangles"])[index], us)
    return (np.array(data["points"]) - at).ravel()


def triangle(positions: Array, corners: Array, us: Array) -> Array:
    u, v = us.reshape(-1, 2).T[:, :, None]
    return u * positions[corners[:, 0]] + v * positions[corners[:, 1]] + (1.0 - u - v) * positions[corners[:, 2]]


def about(axis: int, angle: Any) -> Array:
    """A turn about an axis, as a matrix of four rows."""
    i, j = (each for each in range(3) if each != axis)
    R = np.eye(4, dtype=np.result_type(angle))
    R[i, i] = R[j, j] = np.cos(angle)
    R[i, j], R[j, i] = -np.sin(angle), np.sin(angle)
    return R


VALUES: dict[str, Callable[[Array, Any], Any]] = {
    "ba": ba,
    "det": det,
    "gmm": gmm,
    "hello": hello,
    "ht": ht,
    "llsq": llsq,
    "lse": lse,
    "lstm": lstm,
    "ode": ode,
}


def point(name: str, given: Any) -> Array:
    """What an eval differentiates by, as one vector."""
    if name == "hello":
        return np.array([given])
    if name == "ba":
        parts = np.tile(given["cam"], given["n"]), np.tile(given["x"], given["m"]), np.full(given["p"], given["w"])
        return np.concatenate(parts)
    keys = {
        "det": ["A"],
        "gmm": ["alpha", "mu", "q", "l"],
        "ht": ["us", "theta"],
        "llsq": ["x"],
        "lse": ["x"],
        "lstm": ["main_params", "extra_params"],
        "ode": ["x"],
    }[name]
    return np.concatenate([np.ravel(np.array(given[key], dtype=np.float64)) for key in keys])


def kmeans_direction(given: Input) -> Array:
    """Newton's direction in closed form: from the mean of a centroid's points to the centroid."""
    centroids, points = np.array(given["centroids"]), np.array(given["points"])
    distances = (centroids**2).sum(axis=1) - 2.0 * points @ centroids.T
    nearest = distances.argmin(axis=1)
    sums = np.zeros_like(centroids)
    np.add.at(sums, nearest, points)
    return centroids - sums / np.bincount(nearest, minlength=len(centroids))[:, None]


PARTICLE = 0.2071918746486116
SADDLE = [8.246324826140356e-06] * 4
"""The results that GradBench expects of `particle` from w = 0 and of `saddle` from (1, 1)."""
