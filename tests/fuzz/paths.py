"""The ways through the package. Each is a function by itself, of a function and some points, that can be printed.

It gives flat numbers: for each point in turn what it `gives`, or their means over the points for a batch.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

import autograd
from autograd import Value, functional
from autograd.compiler import derived
from autograd.compiler.numpy_backend import runner, spelling

Points = Sequence[Sequence[float]]
F = Callable[..., Any]


def _value(y: Any) -> Value:
    """The result as a Value: a derivative of a linear function may be a plain number."""
    return y if isinstance(y, Value) else Value(y)


# --- eager ------------------------------------------------------------------------------------------------------------


def backward(f: F, points: Points) -> list[float]:
    numbers = []
    for point in points:
        leaves = [Value(x) for x in point]
        y = _value(f(*leaves))
        y.backward()
        numbers += [y.data, *(leaf.grad for leaf in leaves)]
    return numbers


def backward_steps(f: F, points: Points) -> list[float]:
    numbers = []
    for point in points:
        leaves = [Value(x) for x in point]
        y = _value(f(*leaves))
        for step in autograd.backward_steps(y):
            assert step.after == step.before + step.contribution or math.isnan(step.after)
        numbers += [y.data, *(leaf.grad for leaf in leaves)]
    return numbers


def grad(f: F, points: Points) -> list[float]:
    numbers = []
    for point in points:
        leaves = [Value(x) for x in point]
        y = _value(f(*leaves))
        numbers += [y.data, *(each.data for each in autograd.grad(y, leaves))]
    return numbers


def grad_of_grad(f: F, points: Points) -> list[float]:
    numbers = []
    for point in points:
        leaves = [Value(x) for x in point]
        for slope in autograd.grad(_value(f(*leaves)), leaves):
            numbers += [each.data for each in autograd.grad(slope, leaves)]
    return numbers


# --- functional -------------------------------------------------------------------------------------------------------


def functional_grad(f: F, points: Points) -> list[float]:
    return [functional.grad(f, i)(*map(Value, point)) for point in points for i in range(len(point))]


def functional_value_and_grad(f: F, points: Points) -> list[float]:
    numbers = []
    for point in points:
        value, gradient = functional.value_and_grad(lambda xs: f(*xs))(list(point))
        numbers += [value, *gradient]
    return numbers


def functional_jacobian(f: F, points: Points) -> list[float]:
    return [x for point in points for x in functional.jacobian(lambda xs: [f(*xs)])(list(point))[0]]


def functional_hessian(f: F, points: Points) -> list[float]:
    return [x for point in points for row in functional.hessian(lambda xs: f(*xs))(list(point)) for x in row]


def functional_jvp(f: F, points: Points) -> list[float]:
    numbers = []
    for point in points:
        units = [[float(i == j) for j in range(len(point))] for i in range(len(point))]
        both = [functional.jvp(f, point, unit) for unit in units]
        numbers += [both[0][0], *(slope for _, slope in both)]
    return numbers


def functional_hvp(f: F, points: Points) -> list[float]:
    numbers = []
    for point in points:
        for i in range(len(point)):
            unit = [float(i == j) for j in range(len(point))]
            numbers += functional.hvp(lambda xs: f(*xs), (list(point),), (unit,))[1]
    return numbers


def grad_of_closed_over_grad(f: F, points: Points) -> list[float]:
    """∂/∂xⱼ of ∂f/∂xᵢ where the inner derivative is taken at a plain number, and closes over xⱼ."""
    numbers = []
    for point in points:
        for i, x in enumerate(point):
            for j in range(len(point)):

                def slope(*xs: Any, i: int = i, j: int = j, x: float = x) -> Any:
                    others = list(xs)
                    at = xs[i] if i == j else x
                    return functional.grad(lambda p: f(*others[:i], p, *others[i + 1 :]))(at)

                numbers.append(functional.grad(slope, j)(*map(Value, point)))
    return numbers


def backward_of_closed_over_grad(f: F, points: Points) -> list[float]:
    """The same by backward() on Values."""
    numbers = []
    for point in points:
        for i, x in enumerate(point):
            for j in range(len(point)):
                leaves = [Value(each) for each in point]

                def along(p: Any, i: int = i, leaves: list[Value] = leaves) -> Any:
                    return f(*leaves[:i], p, *leaves[i + 1 :])

                slope = functional.grad(along)(leaves[i] if i == j else x)
                if isinstance(slope, Value):  # a number where nothing else is closed over
                    slope.backward()
                numbers.append(leaves[j].grad if len(point) > 1 or i == j else 0.0)
    return numbers


# --- compiled ---------------------------------------------------------------------------------------------------------


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


# --- which there are, and what each promises --------------------------------------------------------------------------

BOTH = ("value", "gradient")


@dataclass(frozen=True)
class Path:
    """`function(f, points, **options)` gives these parts for each point, or their mean with a batch.

    `same_as` is the path whose bits it promises; another promises the oracle's numbers, to `unit` roundings.
    """

    name: str
    function: Callable[..., list[float]]
    gives: tuple[str, ...]
    options: dict[str, Any] = field(default_factory=dict)
    same_as: str = ""

    @property
    def unit(self) -> float:
        """The relative error of a rounding."""
        return 2.0**-24 if self.options.get("dtype") == "float32" else 2.0**-53

    @property
    def is_batched(self) -> bool:
        """Whether it gives means over the points."""
        return self.function is compiled_batch


EAGER = (
    Path("backward", backward, BOTH),
    Path("backward_steps", backward_steps, BOTH, same_as="backward"),
    Path("grad", grad, BOTH, same_as="backward"),
    Path("grad of grad", grad_of_grad, ("hessian",)),
    Path("functional.grad", functional_grad, ("gradient",)),
    Path("functional.value_and_grad", functional_value_and_grad, BOTH, same_as="backward"),
    Path("functional.jacobian", functional_jacobian, ("gradient",)),
    Path("functional.hessian", functional_hessian, ("hessian",)),
    Path("functional.jvp", functional_jvp, BOTH),
    Path("functional.hvp", functional_hvp, ("hessian",)),
    Path("grad of a grad that closes over", grad_of_closed_over_grad, ("hessian",)),
    Path("backward of a grad that closes over", backward_of_closed_over_grad, ("hessian",)),
)
WAYS: tuple[tuple[str, Callable[..., list[float]], tuple[str, ...], str], ...] = (
    ("gradient", compiled, BOTH, "backward"),
    ("value", compiled_value, ("value",), ""),  # if exact, that of the gradient's program
    ("hessian", compiled_hessian, ("hessian",), "grad of grad"),
    ("batch", compiled_batch, BOTH, "mean of backward"),
    ("jvp", compiled_jvp, BOTH, "functional.jvp"),
    ("vjp", compiled_vjp, BOTH, "backward"),
    ("hvp", compiled_hvp, ("hessian",), "functional.hvp"),
    ("jacobian", compiled_jacobian, ("gradient",), "functional.jacobian"),
    ("rows of a Jacobian", compiled_rows, ("gradient",), ""),
    ("columns of a Jacobian", compiled_columns, ("gradient",), ""),
    ("rows of a Hessian", compiled_hessian_rows, ("hessian",), ""),
    ("copies", compiled_copies, BOTH, "backward"),
)
NOT_EXACT = (compiled_value, compiled_rows, compiled_columns, compiled_hessian_rows)  # or the same as another way
OPTIONS: tuple[dict[str, Any], ...] = tuple(
    {"backend": backend, **more}
    for backend in ("python", "numpy", "llvm")
    for more in ({}, {"exact": True}, {"dtype": "float32"})
    if (backend, *more) not in (("numpy", "exact"), ("python", "dtype"))  # which they do not offer
)


def _compiled_paths() -> Iterator[Path]:
    for options in OPTIONS:
        for name, function, gives, same_as in WAYS:
            if function in NOT_EXACT and "exact" in options:
                continue
            title = ", ".join(str(x) if key != "exact" else "exact" for key, x in options.items())
            yield Path(f"compile {name}: {title}", function, gives, options, same_as if "exact" in options else "")


COMPILED = tuple(_compiled_paths())
