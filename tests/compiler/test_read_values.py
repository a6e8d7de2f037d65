"""Numbers of parameters, read by machine code: the same bits as Python reads, and nothing else is taken for a float."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
from autograd import Value
from autograd.compiler import inputs
from autograd.compiler.llvm import engine, objects, slots

pytest.importorskip("llvmlite", reason="the back end llvm is optional")


engine.binding()  # from now on machine code reads


def read(parameters: tuple[Value, ...]) -> Any:
    """By machine code, or nothing."""
    reader = inputs.slot_reader()
    assert reader is not None
    return reader.read(parameters)


class Weight(Value):
    """A subclass has the slots of Value where Value has them."""

    __slots__ = ("momentum",)


class Float(float):
    """Not a plain float: it may say another number than it holds."""


@given(st.lists(st.floats(), min_size=1, max_size=200))
def test_the_bits_are_those_of_the_numbers(numbers: list[float]) -> None:
    assert read(tuple(map(Value, numbers))).tobytes() == np.array(numbers).tobytes()


@pytest.mark.parametrize("make", [Value, Weight], ids=["Value", "subclass"])
def test_what_users_store_is_read_as_the_value_says(make: Callable[[Any], Value]) -> None:
    """A Value keeps a float of whatever is stored in it."""
    stored: list[Any] = [1, np.float64(0.5), np.float32(0.25), np.int64(3), math.nan, -0.0, 5e-324, Float(2.5)]
    parameters = tuple(make(0.0) for _ in range(100))
    for parameter, x in zip(parameters[40:], stored, strict=False):
        parameter.data = x
    assert inputs.vector_of(parameters).tobytes() == np.array([float(each.data) for each in parameters]).tobytes()


@pytest.mark.parametrize("x", [1, True, Float(2.5), np.float64(0.5), None, "0.5"], ids=repr)
@pytest.mark.parametrize("place", [0, 50, 99])
def test_what_is_not_a_float_is_left_to_python(x: Any, place: int) -> None:
    """Nothing stores such things, past the property; machine code does not rely on it."""
    parameters = tuple(map(Value, range(100)))
    parameters[place]._data = x
    assert read(parameters) is None


def test_a_number_that_is_not_there_is_an_error_not_a_crash() -> None:
    parameters = tuple(map(Value, range(100)))
    del parameters[7]._data
    assert read(parameters) is None
    with pytest.raises(AttributeError):
        inputs.vector_of(parameters)


def test_nothing_is_read_of_no_values() -> None:
    assert inputs.vector_of(()).shape == (0,)


def test_each_call_reads_what_is_stored_now() -> None:
    w = [Value(0.001 * i) for i in range(100)]
    fast = autograd.compile(lambda x: sum(each * x for each in w), parameters=w, backend="llvm")
    assert fast(2.0)[0] == pytest.approx(2.0 * sum(each.data for each in w), rel=1e-14)
    w[3].data = 7.5
    assert fast(2.0)[0] == pytest.approx(2.0 * sum(each.data for each in w), rel=1e-14)
    assert inputs.vector_of(tuple(w))[3] == 7.5


def test_numbers_may_be_replaced_by_other_threads_meanwhile() -> None:
    """Each number is one that was stored: the lock is kept while they are read."""
    parameters = tuple(map(Value, range(500)))

    def write(start: int) -> None:
        for i in range(20 * len(parameters)):
            parameters[i % len(parameters)].data = float(start + i)

    with ThreadPoolExecutor(2) as pool:
        writing = [pool.submit(write, 1_000_000 * i) for i in (1, 2)]
        while not all(each.done() for each in writing):
            found = inputs.vector_of(parameters)
            assert (np.floor(found) == found).all()
            assert (found >= 0.0).all()
            assert (found < 3_000_000.0).all()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda patch: patch.setattr(slots, "are_as_in_c", lambda: False),
        lambda patch: patch.setattr(slots, "TYPE", objects.HEAD),
        lambda patch: patch.setattr(slots, "ITEMS", 0),
        lambda patch: patch.setattr(slots, "HEAD", slots.TYPE),
        lambda patch: patch.setattr(sys, "_is_gil_enabled", lambda: False, raising=False),
    ],
    ids=["arrays", "types", "tuples", "floats", "no lock"],
)
def test_python_reads_where_objects_are_not_as_expected(
    spoil: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    spoil(monkeypatch)
    assert inputs.slot_reader.__wrapped__() is None
