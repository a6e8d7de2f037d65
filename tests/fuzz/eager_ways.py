"""The ways through eager code. Each way, here and in other modules, is a function that can be printed by itself.

It takes a function and some points, and gives flat numbers: for each point in turn what its `Path` says.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import autograd
from autograd import Value, functional

Points = Sequence[Sequence[float]]
F = Callable[..., Any]


def _value(y: Any) -> Value:
    """The result as a Value: a derivative of a linear function may be a plain number."""
    return y if isinstance(y, Value) else Value(y)


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
