"""Our sides: a scalar function as a user hands it to `autograd.compile`, once with each back end."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

import autograd
from autograd import CheckError
from tests.benchmark.compiling.race import Entrant
from tests.benchmark.contest import Answer, Side

Array = NDArray[np.float64]

BACKENDS: dict[str, str | None] = {"python": None, "numpy": None, "llvm": "llvmlite", "auto": None}
"""The back ends, and the package that each needs."""


@dataclass(frozen=True, slots=True)
class Scalars:
    """A scalar program and the arrays that it is called with.

    With parameters, f is called with `arguments`, of which those named in `batch` have a leading sample axis. Without,
    the only argument is the vector that f is differentiated by.
    """

    f: Callable[..., Any]
    arguments: tuple[Array, ...]
    parameters: Sequence[autograd.Value] | None = None
    batch: tuple[str, ...] = ()
    dtype: Literal["float64", "float32"] = "float64"

    def compiled(self, backend: Any) -> Any:
        """What a user writes, on one thread."""
        return autograd.compile(
            self.f, parameters=self.parameters, batch=self.batch, backend=backend, dtype=self.dtype, threads=1
        )

    def vector(self) -> Array:
        """What the gradient is by: the parameters, or the argument."""
        if self.parameters is None:
            return self.arguments[0]
        return np.array([parameter.data for parameter in self.parameters])

    def operands(self) -> tuple[Array, ...]:
        """What `flat` is called with."""
        return self.arguments if self.parameters is None else (self.vector(), *self.arguments)


class Task(Protocol):
    """What is computed: every task has our scalar program, besides what its other sides want to know."""

    @property
    def scalars(self) -> Scalars: ...


def entrants(backends: Sequence[str] = tuple(BACKENDS)) -> tuple[Entrant, ...]:
    """One side for each back end: value and gradient through `flat`."""
    return tuple([Entrant(f"ours, {name}", partial(side, name), BACKENDS[name], peer=False) for name in backends])


def side(backend: str, task: Task) -> Side:
    """The step is one call with arrays; what is recorded and compiled is ready before."""
    compiled = task.scalars.compiled(backend)
    step = partial(compiled.flat, *task.scalars.operands())
    return Side(f"ours, {backend}", step, lambda: strict(step, compiled, backend), remark=lambda: running(compiled))


def public_side(task: Task) -> Side:
    """The step as the README writes it: the numbers of the parameters, if there are any, are read from their Values."""
    compiled = task.scalars.compiled("auto")
    step = partial(compiled.value_and_grad, *task.scalars.arguments)
    return Side(PUBLIC.name, step, lambda: strict(step, compiled, "auto"), remark=lambda: running(compiled))


PUBLIC = Entrant("ours, auto, public call", public_side, peer=False)
"""`fast(X, Y)` with parameters, else `fast.value_and_grad(x)`; `flat` is given the numbers of the parameters."""


def builders(backends: Sequence[str]) -> tuple[Entrant, ...]:
    """One side for each back end whose step records, differentiates, compiles, and runs once."""
    return tuple([Entrant(f"ours, {name}", partial(build_side, name), BACKENDS[name], peer=False) for name in backends])


def build_side(backend: str, task: Any) -> Side:
    """Builds the programs of `task.next()`, each of another size: nothing that was kept of an earlier one helps."""

    def build(scalars: Scalars) -> Answer:
        compiled = scalars.compiled(backend)
        return strict(partial(compiled.flat, *scalars.operands()), compiled, backend)

    return Side(f"ours, {backend}", lambda: build(task.next().scalars), lambda: build(task.first.scalars))


def strict(call: Callable[[], tuple[float, Array]], compiled: Any, backend: str) -> Answer:
    """The answer of a call; an error if there was a warning, or if another back end ran than was asked for."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        answer = as_answer(*call())
    if backend not in ("auto", running(compiled).split()[0]):
        raise CheckError(f"{backend} was asked for, and what ran is {running(compiled)}")
    return answer


def running(compiled: Any) -> str:
    """The back end that ran, and why it was chosen."""
    return str(compiled.explain().splitlines()[0].removeprefix("back end: "))


def as_answer(value: float, gradient: Array) -> Answer:
    """A value and a gradient array, as they are compared."""
    return Answer(float(value), np.asarray(gradient, dtype=np.float64).ravel().tolist())
