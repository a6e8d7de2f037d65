"""Programs without loops as functions that are called in a program with loops, part by part and trip by trip."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autograd.compiler.numpy_backend.runner import NumpyRunner
from autograd.compiler.program import Program
from autograd.compiler.python import PythonRunner
from autograd.compiler.vector.recover import recover

REGULAR = 4  # operations for each step from which on arrays are faster than single numbers in Python
NUMBERS = 40  # operations of Python that take as long as a call of NumPy

Run = Callable[..., Any]
"""`run(shared, samples)`, where the samples are one array; or a function from a list to a list."""


class Straight:
    """A program without loops: on arrays, or in Python on lists where it has nothing for arrays."""

    def __init__(self, program: Program, dtype: str) -> None:
        vectors = recover(program)
        is_array = program.batched or dtype != "float64" or vectors.work() >= REGULAR * len(vectors.steps)
        self._of = NumpyRunner(vectors, dtype) if is_array else PythonRunner(program)
        self._layout = (len(program.batched),) if program.batched else ()

    @property
    def takes_lists(self) -> bool:
        """Whether it is a function from a list to a list."""
        return isinstance(self._of, PythonRunner)

    @property
    def source(self) -> str:
        """What it does, as text."""
        return self._of.text(self._layout) if isinstance(self._of, NumpyRunner) else self._of.source

    def made(self, count: int) -> Run:
        """The function for so many samples."""
        return self._of.compiled(self._layout)(count) if isinstance(self._of, NumpyRunner) else self._of.numbers

    def costs(self, samples: int) -> tuple[float, float, float]:
        """Calls of NumPy in a run, operations of its matrix products, and others."""
        if isinstance(self._of, NumpyRunner):
            return self._of.vectors.equations, *self._of.vectors.costs(samples)
        return sum([len(operands) for _, operands in self._of.program.equations]) / NUMBERS, 0.0, 0.0
