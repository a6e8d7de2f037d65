"""GradBench `ode`: y₀′ = x₀, yᵢ′ = xᵢ yᵢ₋₁ from y = 0 to t = 2 by s steps of Runge-Kutta; the gradient of the last."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

import autograd
from tests.benchmark.gradbench.task import Functions, Input, Task, listed


def solution(x: Sequence[Any], steps: int) -> list[Any]:
    h, y = 2.0 / steps, [0.0] * len(x)
    for _ in range(steps):
        k1 = slope(x, y)
        k2 = slope(x, moved(y, h / 2.0, k1))
        k3 = slope(x, moved(y, h / 2.0, k2))
        k4 = slope(x, moved(y, h, k3))
        y = moved(y, h / 6.0, [a + 2.0 * b + 2.0 * c + d for a, b, c, d in zip(k1, k2, k3, k4, strict=True)])
    return y


def slope(x: Sequence[Any], y: Sequence[Any]) -> list[Any]:
    return [x[0], *[each * before for each, before in zip(x[1:], y[:-1], strict=True)]]


def moved(y: Sequence[Any], h: float, k: Sequence[Any]) -> list[Any]:
    return [each + h * rate for each, rate in zip(y, k, strict=True)]


def primal(given: Input) -> Task:
    steps, x = given["s"], np.array(given["x"])
    compiled = autograd.compile(lambda x: solution(x, steps))
    return Task(lambda: compiled.value(x), listed)


def gradient(given: Input) -> Task:
    steps, x = given["s"], np.array(given["x"])
    compiled = autograd.compile(lambda x: solution(x, steps)[-1])
    return Task(lambda: compiled.value_and_grad(x)[1], listed)


FUNCTIONS: Functions = {"primal": primal, "gradient": gradient}


def generate(n: int, s: int) -> Input:
    return {"x": np.random.RandomState(31337).rand(n).tolist(), "s": s}


SIZES = {
    "tiny": {"n": 6, "s": 3},
    "small": {"n": 1000, "s": 1},
    "middle": {"n": 10_000, "s": 10},
    "large": {"n": 100_000, "s": 100},
}
