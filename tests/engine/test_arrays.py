"""NumPy's functions on Values and on arrays with Values (row B5)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograd import PRIMITIVES, Value, check_gradients, exp, functional, maximum, tanh

A = np.array([1.0, 5.0])


def data(x: Any) -> list[float]:
    return [each.data for each in x]


def test_an_array_of_floats_and_a_value() -> None:
    v = Value(3.0)
    for result, expected in ((A * v, [3.0, 15.0]), (v * A, [3.0, 15.0]), (A - v, [-2.0, 2.0]), (v - A, [2.0, -2.0])):
        assert data(result) == expected
    sum(A * v).backward()
    assert v.grad == 6.0


def test_an_array_of_values_and_a_value() -> None:
    v, w = Value(3.0), Value(4.0)
    assert data(np.array([v, w]) - v) == [0.0, 1.0]
    assert data(v**2 + np.array([v, w])) == [12.0, 13.0]
    assert data(np.exp(np.array([v, w]))) == [exp(3.0), exp(4.0)]


def test_functions_of_one_value() -> None:
    v = Value(0.5)
    for function, expected in ((np.exp, exp(0.5)), (np.tanh, tanh(0.5)), (np.negative, -0.5), (np.square, 0.25)):
        out = function(v)
        assert (type(out), out.data, out.parents) == (Value, expected, (v,))
    assert np.maximum(v, 2.0).data == maximum(v, 2.0).data
    assert data(np.maximum(A, v)) == [1.0, 5.0]
    assert np.clip(v, 0.0, 0.25).data == 0.25
    assert np.sum([v, v]).data == 1.0
    assert np.isfinite(v) is True


@pytest.mark.parametrize("scalar", [np.float64(2.0), np.float32(2.0), np.int64(2), np.array(2.0)])
def test_numpy_scalars_keep_a_value(scalar: Any) -> None:
    v = Value(3.0)
    assert (type(scalar * v), (scalar * v).data, (v * scalar).data, (scalar - v).data) == (Value, 6.0, 6.0, -1.0)
    assert type(scalar**v) is type(v / scalar) is Value


def test_comparisons_give_bools() -> None:
    assert (Value(3.0) < A).tolist() == [False, True]
    assert np.greater(A, Value(3.0)).tolist() == [False, True]
    assert (Value(3.0) < A).dtype == bool


@pytest.mark.parametrize("operate", [lambda a, v: a.__imul__(v), lambda a, v: np.add(a, v, out=a)])
def test_an_array_of_floats_cannot_hold_values(operate: Callable[[Any, Any], Any]) -> None:
    with pytest.raises(TypeError, match="cannot hold Values; write a = a"):
        operate(A.copy(), Value(3.0))


def test_in_place_on_an_object_array() -> None:
    a = np.array([Value(1.0), Value(2.0)])
    a *= Value(3.0)
    assert data(a) == [3.0, 6.0]


def test_what_has_no_primitive_is_refused() -> None:
    with pytest.raises(TypeError):
        np.heaviside(Value(1.0), 0.0)


@pytest.mark.parametrize("name", ["cbrt", "exp2", "log2", "log10"])
def test_a_function_of_numpy_on_a_value_and_on_an_array_of_them(name: str) -> None:
    function, row = getattr(np, name), PRIMITIVES[name]
    assert function(Value(8.0)).op == name
    array = np.array([Value(8.0), Value(0.3)], dtype=object)
    assert [each.data for each in function(array)] == [row(8.0), row(0.3)]


@pytest.mark.parametrize("name", ["logaddexp", "fmod"])
def test_a_function_of_numpy_on_two_operands(name: str) -> None:
    function, row = getattr(np, name), PRIMITIVES[name]
    assert function(Value(7.0), 3.0).op == name
    found = function(np.array([7.0, -7.0]), Value(3.0))
    assert [each.data for each in found] == [row(7.0, 3.0), row(-7.0, 3.0)]


def test_fmod_of_an_array_of_values() -> None:
    assert [each.data for each in np.fmod(np.array([Value(7.0), Value(-7.0)], dtype=object), 3.0)] == [1.0, -1.0]


def test_b5_an_array_without_axes_is_the_number_in_it() -> None:
    """`np.where` makes one of numbers."""

    def f(x: Value) -> Any:
        return np.where(x > 1.0, x * x, x)

    assert functional.value_and_grad(f)(3.0) == (9.0, 6.0)
    assert functional.hessian(f)(3.0) == 2.0
    assert functional.jvp(f, (3.0,), (1.0,)) == (9.0, 6.0)
    assert functional.jacobian(f)(3.0) == 6.0
    assert check_gradients(f, 3.0).ok
