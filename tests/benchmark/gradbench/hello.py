"""GradBench `hello`: x² and its derivative."""

from __future__ import annotations

from typing import Any

import autograd
from tests.benchmark.gradbench.task import Functions, Task


def square(x: Any) -> Any:
    return x * x


def value(x: float) -> Task:
    compiled = autograd.compile(square)
    return Task(lambda: compiled.value(x))


def derivative(x: float) -> Task:
    compiled = autograd.compile(square)
    return Task(lambda: compiled.value_and_grad(x)[1])


FUNCTIONS: Functions = {"square": value, "double": derivative}


def generate() -> float:
    return 3.0


SIZES: dict[str, dict[str, Any]] = {"tiny": {}, "small": {}}
