"""GradBench `lse`: log Σ exp(xᵢ), shifted by the largest xᵢ, and its gradient."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

import autograd
from autograd import exp, log
from tests.benchmark.gradbench.task import Functions, Input, Task, listed


def logsumexp(x: Sequence[Any]) -> Any:
    largest = max(x)
    return largest + log(sum([exp(each - largest) for each in x]))


def primal(given: Input) -> Task:
    compiled, x = autograd.compile(logsumexp), np.array(given["x"])
    return Task(lambda: compiled.value(x))


def gradient(given: Input) -> Task:
    compiled, x = autograd.compile(logsumexp), np.array(given["x"])
    return Task(lambda: compiled.value_and_grad(x)[1], listed)


FUNCTIONS: Functions = {"primal": primal, "gradient": gradient}


def generate(n: int) -> Input:
    return {"x": np.random.RandomState(31337).rand(n).tolist()}


SIZES = {"tiny": {"n": 20}, "small": {"n": 2500}, "middle": {"n": 40_000}, "large": {"n": 1_280_000}}
