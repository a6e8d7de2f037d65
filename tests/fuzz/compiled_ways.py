"""The ways through `compile`: of a program as it is."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

import autograd
from autograd.compiler import derived
from autograd.compiler.numpy_backend import runner, spelling
from tests.fuzz.eager_ways import F, Points


@contextmanager
def nan_buffers() -> Iterator[None]:
    """NumPy programs begin with buffers of nan: a line that reads what none before it has written is found."""
    names = spelling.scope()
    with pytest.MonkeyPatch.context() as patch:
        empty = {"empty": lambda shape, dtype=float: np.full(shape, math.nan, dtype)}
        patch.setattr(runner, "scope", lambda: names | empty)
        yield


def compiled(f: F, points: Points, **options: Any) -> list[float]:
    with nan_buffers():
        fast = autograd.compile(f, threads=1, **options)
        numbers = []
        for point in [*points, points[0]]:
            value, gradient = fast.value_and_grad(*point)
            if options.get("exact"):  # else they are two programs, whose sums may have two orders
                assert repr(fast.value(*point)) == repr(value), "value() is not the value of value_and_grad()"
            numbers += [value, *(gradient if len(point) > 1 else [gradient])]
    first, again = numbers[: 1 + len(points[0])], numbers[-1 - len(points[0]) :]
    assert repr(first) == repr(again), f"a second call gives {again}, the first gave {first}"
    return numbers[: -len(first)]


def compiled_value(f: F, points: Points, **options: Any) -> list[float]:
    with nan_buffers():
        fast = autograd.compile(f, threads=1, **options)
        return [float(fast.value(*point)) for point in points]


def compiled_hessian(f: F, points: Points, **options: Any) -> list[float]:
    with nan_buffers():
        fast = autograd.compile(f, threads=1, **options)
        return [float(x) for point in points for row in fast.hessian(*point) for x in row]


@contextmanager
def in_batches() -> Iterator[None]:
    """Jacobians and Hessians run their rows or columns as a batch, however small they are."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(derived, "SMALL", 0)
        yield


def compiled_jvp(f: F, points: Points, **options: Any) -> list[float]:
    with nan_buffers():
        fast = autograd.compile(f, threads=1, **options)
        numbers = []
        for point in points:
            units = [[float(i == j) for j in range(len(point))] for i in range(len(point))]
            both = [fast.jvp(point, unit) for unit in units]
            numbers += [both[0][0], *(slope for _, slope in both)]
    return numbers


def compiled_vjp(f: F, points: Points, **options: Any) -> list[float]:
    with nan_buffers():
        fast = autograd.compile(f, threads=1, **options)
        both = [fast.vjp(point, 1.0) for point in points]
    return [float(x) for value, gradient in both for x in (value, *gradient)]


def compiled_hvp(f: F, points: Points, **options: Any) -> list[float]:
    numbers = []
    with nan_buffers():
        fast = autograd.compile(lambda xs: f(*xs), threads=1, **options)
        for point in points:
            for i in range(len(point)):
                unit = [float(i == j) for j in range(len(point))]
                numbers += fast.hvp((list(point),), (unit,))[1]
    return numbers


def compiled_jacobian(f: F, points: Points, **options: Any) -> list[float]:
    """Row by row."""
    with nan_buffers():
        fast = autograd.compile(lambda xs: [f(*xs)], threads=1, **options)
        return [x for point in points for x in fast.jacobian(list(point))[0]]


def compiled_rows(f: F, points: Points, **options: Any) -> list[float]:
    """With the rows of a Jacobian as a batch."""
    with nan_buffers(), in_batches():
        fast = autograd.compile(lambda xs: [f(*xs)], threads=1, **options)
        return [x for point in points for x in fast.jacobian(list(point))[0]]


def compiled_columns(f: F, points: Points, **options: Any) -> list[float]:
    """With its columns as a batch: there are more outputs than inputs."""
    with nan_buffers(), in_batches():
        fast = autograd.compile(lambda xs: [f(*xs) for _ in range(4)], threads=1, **options)
        return [x for point in points for x in fast.jacobian(list(point))[3]]


def compiled_hessian_rows(f: F, points: Points, **options: Any) -> list[float]:
    """With the rows as a batch."""
    with nan_buffers(), in_batches():
        fast = autograd.compile(f, threads=1, **options)
        return [float(x) for point in points for row in fast.hessian(*point) for x in row]


def compiled_structures(f: F, points: Points, **options: Any) -> list[float]:
    """In a dict, and out in another one: a quarter of the cotangent comes by one of two results."""

    def g(given: Any) -> Any:
        return {"y": f(*given["xs"]), "more": [given["xs"][0] * 2.0, (f(*given["xs"]),)]}

    numbers = []
    with nan_buffers():
        fast = autograd.compile(g, threads=1, **options)
        for point in points:
            given = {"xs": list(point)}
            result, ((slopes),) = fast.vjp((given,), {"y": 0.25, "more": [0.0, (0.75,)]})
            numbers += [result["more"][1][0], *slopes["xs"]]
    return numbers


def compiled_taylor(f: F, points: Points, **options: Any) -> list[float]:
    numbers = []
    with nan_buffers():
        fast = autograd.compile(f, threads=1, **options)
        for point in points:
            units = [[float(i == j) for j in range(len(point))] for i in range(len(point))]
            series = [fast.taylor(point, unit, 2) for unit in units]
            numbers += [series[0][0], *(each[1] for each in series), *(2.0 * each[2] for each in series)]
    return numbers
