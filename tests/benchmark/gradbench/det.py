"""GradBench `det`: a determinant expanded by minors, and its gradient.

Each minor, which is known by the columns it has left, is computed once: 2ˡ of them instead of l! products.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

import autograd
from tests.benchmark.gradbench.task import Functions, Input, Task


def determinant(A: Sequence[Sequence[Any]]) -> Any:
    @cache
    def minor(columns: tuple[int, ...]) -> Any:
        """The determinant of the last rows and these columns."""
        if not columns:
            return 1.0
        row, found = A[len(A) - len(columns)], 0.0
        for i, column in enumerate(columns):
            term = row[column] * minor(columns[:i] + columns[i + 1 :])
            found = found - term if i % 2 else found + term
        return found

    return minor(tuple(range(len(A))))


def primal(given: Input) -> Task:
    compiled, A = autograd.compile(determinant), matrix(given)
    return Task(lambda: compiled.value(A))


def gradient(given: Input) -> Task:
    compiled, A = autograd.compile(determinant), matrix(given)
    return Task(lambda: compiled.value_and_grad(A)[1], lambda slopes: slopes.ravel().tolist())


def matrix(given: Input) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.array(given["A"]).reshape(given["ell"], given["ell"])


FUNCTIONS: Functions = {"primal": primal, "gradient": gradient}


def generate(ell: int) -> Input:
    return {"A": np.random.RandomState(31337).rand(ell * ell).tolist(), "ell": ell}


SIZES = {"tiny": {"ell": 4}, "small": {"ell": 5}, "middle": {"ell": 8}, "large": {"ell": 11}}
