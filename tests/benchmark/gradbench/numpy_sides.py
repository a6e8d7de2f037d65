"""The evals in NumPy with derivatives by hand, where a person would write them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tests.benchmark.gradbench import references

Side = Callable[[], Any]


def hello(x: float) -> Side:
    return lambda: 2.0 * x


def lse(given: Any) -> Side:
    x = np.array(given["x"])

    def run() -> Any:
        weights = np.exp(x - x.max())
        return weights / weights.sum()

    return run


def llsq(given: Any) -> Side:
    x, n = np.array(given["x"]), given["n"]

    def run() -> Any:
        t = np.linspace(-1.0, 1.0, n)
        T = np.vander(t, len(x), increasing=True)
        return (T @ x - np.sign(t)) @ T

    return run


def det(given: Any) -> Side:
    """By LU decomposition, which expands no minors."""
    A = np.array(given["A"]).reshape(given["ell"], -1)
    return lambda: np.linalg.det(A) * np.linalg.inv(A).T


def kmeans(given: Any) -> Side:
    held = {"points": np.array(given["points"]), "centroids": np.array(given["centroids"])}
    return lambda: references.kmeans_direction(held)


def gmm(given: Any) -> Side:
    d, k, points = given["d"], given["k"], np.array(given["x"])
    alpha, mu, q, below = (np.array(given[name]) for name in ("alpha", "mu", "q", "l"))
    columns, rows = np.triu_indices(d, 1)

    def softmax(v: Any) -> Any:
        weights = np.exp(v - v.max(axis=-1, keepdims=True))
        return weights / weights.sum(axis=-1, keepdims=True)

    def run() -> Any:
        Q = np.zeros((k, d, d))
        Q[:, rows, columns] = below
        Q[:, range(d), range(d)] = np.exp(q)
        centred = points - mu[:, None]  # (k, n, d)
        scaled = centred @ Q.transpose(0, 2, 1)
        weights = softmax(alpha + q.sum(axis=1) - 0.5 * (scaled**2).sum(axis=2).T).T
        pulled = weights[:, :, None] * scaled
        by_Q = -pulled.transpose(0, 2, 1) @ centred - given["gamma"] ** 2 * Q
        sums = weights.sum(axis=1)
        by_q = by_Q[:, range(d), range(d)] * np.exp(q) + sums[:, None] + given["m"]
        by_mu = (pulled.sum(axis=1)[:, None] @ Q)[:, 0]
        return sums - len(points) * softmax(alpha), by_mu, by_q, by_Q[:, rows, columns]

    return run


SIDES: dict[str, Callable[[Any], Side]] = {
    "det": det,
    "gmm": gmm,
    "hello": hello,
    "kmeans": kmeans,
    "llsq": llsq,
    "lse": lse,
}
