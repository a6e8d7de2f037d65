"""GradBench `saddle`: min over x of max over y of (x₁² + x₂²) - (y₁² + y₂²), by descents within a descent.

The outer derivative is taken through the inner descent. Mode `fr` takes the outer one forward, the inner in reverse.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import autograd
from tests.benchmark.gradbench.descent import argmax, argmin
from tests.benchmark.gradbench.modes import GRADIENTS
from tests.benchmark.gradbench.task import Functions, Input, Task


def surface(x: Sequence[Any], y: Sequence[Any]) -> Any:
    return (x[0] * x[0] + x[1] * x[1]) - (y[0] * y[0] + y[1] * y[1])


def highest(x: Sequence[Any], start: Sequence[float], inner: Any) -> list[Any]:
    """The y that maximises."""
    along = partial(surface, x)
    return argmax(along, inner(along), start)


def task(outer: str, inner: str, given: Input) -> Task:
    start, slopes = list(given["start"]), GRADIENTS[inner]
    compiled = autograd.compile(lambda x: surface(x, highest(x, start, slopes)))
    axes = ([1.0, 0.0], [0.0, 1.0])
    by_x = {
        "r": lambda x: compiled.value_and_grad(x)[1],
        "f": lambda x: [compiled.jvp((x,), (axis,))[1] for axis in axes],
    }[outer]

    def run() -> list[float]:
        x = argmin(compiled.value, by_x, start)
        return [*x, *highest(x, start, slopes)]

    return Task(run, list)


FUNCTIONS: Functions = {outer + inner: partial(task, outer, inner) for outer in "fr" for inner in "fr"}


def generate() -> Input:
    return {"start": [1.0, 1.0]}


SIZES: dict[str, dict[str, Any]] = {"tiny": {}, "small": {}}
