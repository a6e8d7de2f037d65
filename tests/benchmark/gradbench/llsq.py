"""GradBench `llsq`: ½ Σᵢ (sᵢ - x₀ - x₁tᵢ - x₂tᵢ² - …)², a polynomial fitted to a sign function, and its gradient.

The points are the samples of a batch; i is which one, tᵢ = -1 + 2i / (n - 1) and sᵢ = sign(tᵢ).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

import autograd
from autograd import sign
from tests.benchmark.gradbench.task import Functions, Input, Task, listed


def squared_error(x: Sequence[Any], i: Any, n: float) -> Any:
    t = -1.0 + 2.0 * i / (n - 1.0)
    error, power = sign(t), 1.0
    for coefficient in x:
        error, power = error - coefficient * power, power * t
    return error * error


def primal(given: Input) -> Task:
    compiled = autograd.compile(squared_error, batch=("i",))
    x, n = np.array(given["x"]), given["n"]
    i = np.arange(n, dtype=np.float64)
    return Task(lambda: n / 2.0 * compiled.value(x, i, n))


def gradient(given: Input) -> Task:
    compiled = autograd.compile(squared_error, batch=("i",))
    x, n = np.array(given["x"]), given["n"]
    i = np.arange(n, dtype=np.float64)
    return Task(lambda: compiled.vjp((x, i, n), n / 2.0, argnums=0)[1], listed)


FUNCTIONS: Functions = {"primal": primal, "gradient": gradient}


def generate(n: int, m: int = 128) -> Input:
    return {"x": np.random.RandomState(31337).rand(m).tolist(), "n": n}


SIZES = {"tiny": {"n": 9, "m": 5}, "small": {"n": 16}, "middle": {"n": 512}, "large": {"n": 16_392}}
