"""Functions: floats in, a float out; a Value among them, a Value out."""

from collections.abc import Callable
from typing import assert_type

import numpy as np
import pytest

import autograd as ag
from autograd import Primitive, Value

x, y = Value(0.5, label="x"), Value(0.25)
xs, numbers, mixed = [x, y], [0.5, 0.25], [x, 0.25]


def of_one_number() -> None:
    assert_type(ag.tanh(0.5), float)
    assert_type(ag.tanh(1), float)
    assert_type(ag.tanh(x * y), Value)
    assert_type(ag.exp(ag.sin(x)), Value)
    assert_type(ag.log(x=x), Value)
    assert_type(ag.relu(x), Value)
    assert_type(ag.abs(-0.5), float)
    assert_type(ag.softplus(ag.gelu(x)), Value)
    assert_type([ag.sigmoid(each) for each in xs], list[Value])
    assert_type(list(map(ag.sqrt, [0.5])), list[float])
    activation: Callable[[Value], Value] = ag.tanh
    assert_type(activation(x), Value)
    assert_type(ag.tanh.__name__, str)


def of_either(number: Value | float = x) -> None:
    assert_type(ag.exp(number), Value | float)


def of_two_numbers() -> None:
    assert_type(ag.atan2(0.5, 1), float)
    assert_type(ag.atan2(x, 1), Value)
    assert_type(ag.atan2(0.5, y), Value)
    assert_type(ag.fmod(7.0, y), Value)
    assert_type(ag.logaddexp(x, y), Value)
    assert_type(ag.pow(2, x), Value)
    assert_type(ag.pow(2, 3), float)
    assert_type(ag.xlogy(x, y), Value)
    assert_type(ag.leaky_relu(x), Value)
    assert_type(ag.leaky_relu(0.5, slope=0.1), float)
    assert_type(ag.leaky_relu(0.5, x), Value)
    assert_type(ag.elu(x, alpha=2.0), Value)
    assert_type(ag.elu(0.5), float)


def of_three_numbers() -> None:
    assert_type(ag.clip(x, 0.0, 1.0), Value)
    assert_type(ag.clip(0.5, y, 1.0), Value)
    assert_type(ag.clip(0.5, 0.0, y), Value)
    assert_type(ag.clip(0.5, 0.0, 1.0), float)
    assert_type(ag.where(x > 0, x, 0.0), Value)
    assert_type(ag.where(x > 0, 0.0, y), Value)
    assert_type(ag.where(True, 1.0, 0.0), float)
    assert_type(ag.where(x, 1.0, 0.0), Value)


def of_several_numbers() -> None:
    assert_type(ag.hypot(3.0, 4.0), float)
    assert_type(ag.hypot(x, 4.0, y), Value)
    assert_type(ag.hypot(3.0, y), Value)
    assert_type(ag.hypot(3.0, 4.0, y), Value)
    assert_type(ag.maximum(1.0, 2.0), float)
    assert_type(ag.maximum(x, 2.0), Value)
    assert_type(ag.maximum(0.0, y), Value)
    assert_type(ag.maximum(0.0, 1.0, 2), float)
    assert_type(ag.maximum(0.0, 1.0, x), Value)
    assert_type(ag.minimum(x, y, 1), Value)
    assert_type(ag.minimum(xs), Value)
    assert_type(ag.minimum(numbers), float)
    assert_type(ag.maximum([x, 1.0]), Value)


def of_sequences() -> None:
    assert_type(ag.mean(xs), Value)
    assert_type(ag.mean(numbers), float)
    assert_type(ag.mean([x, 1.0]), Value)
    assert_type(ag.mean(each * 2 for each in xs), Value)
    assert_type(ag.mean([1, 2]), float)
    assert_type(ag.total(xs), Value)
    assert_type(ag.prod((x, y)), Value)
    assert_type(ag.norm([3.0, 4.0]), float)
    assert_type(ag.std(xs), Value)
    assert_type(ag.logsumexp(xs=numbers), float)
    assert_type(ag.softmax(xs), list[Value])
    assert_type(ag.softmax(numbers), list[float])
    assert_type(ag.log_softmax([x, 0.0]), list[Value])


def of_vectors() -> None:
    assert_type(ag.dot(xs, numbers), Value)
    assert_type(ag.dot(numbers, xs, 1.0), Value)
    assert_type(ag.dot(numbers, numbers, bias=x), Value)
    assert_type(ag.dot(numbers, numbers, 1), float)
    assert_type(ag.dot([x, 1.0], [1.0, y], x), Value)
    assert_type(ag.affine([xs], numbers, [0.0]), list[Value])
    assert_type(ag.affine([numbers], numbers, [x]), list[Value])
    assert_type(ag.affine([numbers], numbers, [0.0]), list[float])


def of_arrays() -> None:
    array = np.array([0.5, 0.25])
    assert_type(ag.dot(xs, array), Value)
    assert_type(ag.dot(array, xs, 1.0), Value)
    assert_type(ag.affine([xs], array, array[:1]), list[Value])
    assert_type(ag.affine(np.eye(2), xs, array), list[Value])
    assert_type(ag.affine(np.eye(2), array, xs), list[Value])
    product: float = ag.dot(array, array)
    rows: list[float] = ag.affine(np.eye(2), array, array)
    average: float = ag.mean(array)
    largest: float = ag.maximum(array)
    shares: list[float] = ag.softmax(array)
    assert_type([product, average, largest], list[float])
    assert_type([rows, shares], list[list[float]])


def choices() -> None:
    assert_type(ag.pick(numbers, 1), float)
    assert_type(ag.pick(["a", "b"], 1), str)
    assert_type(ag.pick(xs, 0), Value)
    assert_type(ag.pick(numbers, Value(0.0)), Value)


def primitives_of_ones_own() -> None:
    from autograd.testing import defined

    with defined("third_power", lambda x: x * x * x, lambda out, x: 3.0 * x * x) as cube:
        assert_type(cube, Primitive)
        assert_type(cube(x), Value)
        assert_type(cube(2.0), float)
        assert_type(cube(x).exp(), Value)
    assert_type(ag.PRIMITIVES["atan2"](0.5, x), Value)


def mistakes() -> None:
    with pytest.raises(TypeError):
        ag.tanh("a")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    with pytest.raises(TypeError):
        ag.tanh(x, y)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    with pytest.raises(TypeError):
        ag.atan2(x)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    with pytest.raises(TypeError):
        ag.maximum(x)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    with pytest.raises(TypeError):
        ag.mean(x)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    with pytest.raises(TypeError):
        ag.clip(x, low=0.0)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    with pytest.raises(AttributeError):
        ag.tanh(0.5).backward()  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
    with pytest.raises(AttributeError):
        ag.softmax(xs)[0].bakward()  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
    with pytest.raises(AttributeError):
        ag.tahn(x)  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
