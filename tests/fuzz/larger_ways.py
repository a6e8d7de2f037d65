"""The ways through `compile` of a program as a part of something larger: a batch, a sum of copies, a recurrence."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np

import autograd
from tests.fuzz.compiled_ways import nan_buffers
from tests.fuzz.eager_ways import F, Points


def compiled_batch(f: F, points: Points, **options: Any) -> list[float]:
    with nan_buffers():
        names = tuple(inspect.signature(f).parameters)
        fast = autograd.compile(f, batch=names, threads=1, **options)
        value, gradient = fast.value_and_grad(*zip(*points, strict=True))
        return [value, *(gradient if len(names) > 1 else [gradient])]


def compiled_copies(f: F, points: Points, **options: Any) -> list[float]:
    """One program for 19 copies of each point, which is enough to be arrays; what the last copies give is returned."""
    count = 19
    with nan_buffers():
        xs = [list(point) for point in [*points] * count]
        values = autograd.compile(lambda xs: [f(*x) for x in xs], threads=1, **options).value(xs)
        gradients = autograd.compile(lambda xs: sum(f(*x) for x in xs), threads=1, **options).value_and_grad(xs)[1]
        last = range(len(xs) - len(points), len(xs))
        return [float(number) for i in last for number in (values[i], *gradients[i])]


def compiled_samples(f: F, points: Points, **options: Any) -> list[float]:
    """A batch of more samples than a verification looks at: full vectors of any width, and a part of one."""
    with nan_buffers():
        names = tuple(inspect.signature(f).parameters)
        fast = autograd.compile(f, batch=names, threads=1, **options)
        value, gradient = fast.value_and_grad(*zip(*[*points] * 21, strict=True))
        return [value, *(gradient if len(names) > 1 else [gradient])]


def compiled_threads(f: F, points: Points, **options: Any) -> list[float]:
    """A batch that two threads share."""
    names = tuple(inspect.signature(f).parameters)
    fast = autograd.compile(f, batch=names, threads=2, **options)
    value, gradient = fast.value_and_grad(*np.array([*points] * 257).T)
    return [value, *(gradient if len(names) > 1 else [gradient])]


def compiled_each(f: F, points: Points, **options: Any) -> list[float]:
    """Value and gradient of each sample."""
    with nan_buffers():
        fast = autograd.compile(lambda xs: f(*xs), batch=("xs",), threads=1, **options)
        xs = [list(point) for point in points]
        return [float(x) for row in np.column_stack([fast.map(xs), *fast.map_grad(xs)]) for x in row]


def compiled_jacobians(f: F, points: Points, **options: Any) -> list[float]:
    """The Jacobian of each sample."""
    with nan_buffers():
        fast = autograd.compile(lambda xs: [xs[0] * 2.0, f(*xs)], batch=("xs",), threads=1, **options)
        return [float(x) for each in fast.map_jacobian([list(point) for point in points]) for x in each[1]]


def compiled_layer(f: F, points: Points, **options: Any) -> list[float]:
    """After a layer whose weights are the identity: products of matrices before it, and in its derivative."""
    size = len(points[0])
    weights = [[float(i == j) for j in range(size)] for i in range(size)]

    def g(w: Any, xs: Any) -> Any:
        return [f(*[autograd.dot(row, x) for row in w]) for x in xs]

    with nan_buffers():
        xs = [list(point) for point in [*points] * 19]
        values = autograd.compile(g, threads=1, **options).value(weights, xs)
        total = autograd.compile(lambda w, xs: sum(g(w, xs)), threads=1, **options)
        gradients = total.value_and_grad(weights, xs)[1][1]
        last = range(len(xs) - len(points), len(xs))
        return [float(number) for i in last for number in (values[i], *gradients[i])]


def compiled_layer_batch(f: F, points: Points, **options: Any) -> list[float]:
    """The same for a batch."""
    size = len(points[0])
    weights = [[float(i == j) for j in range(size)] for i in range(size)]

    def g(w: Any, x: Any) -> Any:
        return f(*[autograd.dot(row, x) for row in w])

    with nan_buffers():
        fast = autograd.compile(g, batch=("x",), threads=1, **options)
        value, (_, gradient) = fast.value_and_grad(weights, [list(point) for point in [*points] * 21])
        return [value, *gradient]


def compiled_recurrence(f: F, points: Points, **options: Any) -> list[float]:
    """The gradient of a recurrence by its last inputs, sₜ₊₁ = sₜ / 2 + f(xₜ): a loop over time."""

    def g(xs: Any) -> Any:
        state = 0.0
        for x in xs:
            state = state * 0.5 + f(*x)
        return state

    with nan_buffers():
        xs = [list(point) for point in [*points] * 20]
        gradients = autograd.compile(g, threads=1, **options).value_and_grad(xs)[1][-len(points) :]
        return [float(x) * 2.0 ** (len(points) - 1 - i) for i, row in enumerate(gradients) for x in row]


def compiled_sparse(f: F, points: Points, **options: Any) -> list[float]:
    """The last rows of the sparse Jacobian of many copies."""
    with nan_buffers():
        xs = [list(point) for point in [*points] * 8]
        fast = autograd.compile(lambda xs: [f(*x) for x in xs], threads=1, **options)
        matrix = fast.jacobian(xs, sparse=True).toarray()
        size, last = len(points[0]), range(len(xs) - len(points), len(xs))
        return [float(x) for i in last for x in matrix[i, i * size : (i + 1) * size]]


def compiled_sparse_hessian(f: F, points: Points, **options: Any) -> list[float]:
    """The last blocks of the sparse Hessian of a sum of copies."""
    with nan_buffers():
        xs = [list(point) for point in [*points] * 8]
        fast = autograd.compile(lambda xs: sum(f(*x) for x in xs), threads=1, **options)
        matrix = fast.hessian(xs, sparse=True).toarray()
        size, last = len(points[0]), range(len(xs) - len(points), len(xs))
        blocks = [matrix[i * size : (i + 1) * size, i * size : (i + 1) * size] for i in last]
        return [float(x) for block in blocks for x in block.ravel()]
