"""Operators and methods of Value."""

import math
from typing import assert_type

import numpy as np
import pytest

from autograd import Step, Value, backward_steps, no_graph

x, y = Value(0.5, label="x"), Value(0.25)


def between_values() -> None:
    assert_type(x + y, Value)
    assert_type(x - y, Value)
    assert_type(x * y, Value)
    assert_type(x / y, Value)
    assert_type(x % y, Value)
    assert_type(x**y, Value)


def with_plain_numbers() -> None:
    assert_type(x + 1, Value)
    assert_type(1 - x, Value)
    assert_type(2.0 * x, Value)
    assert_type(x / 2, Value)
    assert_type(1 / x, Value)
    assert_type(x**2, Value)
    assert_type(2**x, Value)
    assert_type(7 % x, Value)
    assert_type(x * np.float64(2.0), Value)
    assert_type(x * np.int64(2), Value)
    assert_type((2 * x + 1) ** 2 / (x - 3) - y, Value)


def of_one() -> None:
    assert_type(-x, Value)
    assert_type(+x, Value)
    assert_type(abs(x), Value)
    assert_type(round(x), Value)
    assert_type(round(x, 2), Value)
    assert_type(math.floor(x), Value)
    assert_type(math.ceil(x), Value)
    assert_type(float(x), float)
    assert_type(int(x), int)
    assert_type(math.exp(x), float)


def in_place() -> None:
    z = x * y
    z += x
    z -= 1
    z *= 2.0
    z /= y
    z **= 2
    z %= 3.0
    assert_type(z, Value)


def comparisons() -> None:
    assert_type(x < y, bool)
    assert_type(x <= 1, bool)
    assert_type(x > 0.0, bool)
    assert_type(x == y, bool)
    assert_type(x != y, bool)
    assert_type(max(x, y), Value)
    assert_type(min([x, y]), Value)
    assert_type(sorted([x, y]), list[Value])
    assert_type(sum([x, y], Value(0.0)), Value)


def methods() -> None:
    assert_type(x.exp().log().sqrt().square(), Value)
    assert_type(x.sin().cos().tan(), Value)
    assert_type(x.sinh().cosh().tanh(), Value)
    assert_type(x.relu().sigmoid().softplus(), Value)
    assert_type(x.expm1().log1p().cbrt(), Value)
    assert_type(x.exp2().log2(), Value)
    assert_type((x + 1).log10(), Value)
    assert_type(y.arcsin().arccos().arctan(), Value)
    assert_type(x.arcsinh().arctanh(), Value)
    assert_type((x + 2).arccosh(), Value)
    assert_type(x.clip(0.0, y), Value)
    assert_type(x.fmod(2), Value)
    assert_type(x.detach(), Value)


def attributes() -> None:
    z = x * y
    assert_type(z.data, float)
    assert_type(z.grad, float)
    assert_type(z.label, str)
    assert_type(z.op, str)
    assert_type(z.parents, tuple[Value, ...])
    assert_type(z.partials, tuple[float, ...])
    assert_type(z.backward(), None)
    assert_type(z.zero_grad(), None)
    x.data = 1
    x.data -= 0.1 * x.grad


def steps() -> None:
    for step in backward_steps(x * y):
        assert_type(step, Step)
        assert_type(step.parent, Value)
        assert_type(step.contribution, float)


def without_a_graph() -> None:
    @no_graph()
    def squared(number: Value) -> Value:
        return number * number

    with no_graph():
        z = x * y
    assert_type(z, Value)
    assert_type(squared(x), Value)


def mistakes() -> None:
    with pytest.raises(AttributeError):
        (x * y).bakward()  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
    with pytest.raises(AttributeError):
        (-x).exp().lgo()  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
    with pytest.raises(TypeError):
        x * "2"  # type: ignore[operator]  # pyright: ignore[reportOperatorIssue]
    with pytest.raises(TypeError):
        [1.0] - x  # type: ignore[operator]  # pyright: ignore[reportOperatorIssue]
    with pytest.raises(TypeError):
        x // y  # type: ignore[operator]  # pyright: ignore[reportOperatorIssue]
    with pytest.raises(TypeError):
        assert x < "1"  # type: ignore[operator]  # pyright: ignore[reportOperatorIssue]
    with pytest.raises(TypeError):
        x.clip(0.0)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    with pytest.raises(TypeError):
        Value("2")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    with pytest.raises(AttributeError):
        x.parents = (y,)  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
