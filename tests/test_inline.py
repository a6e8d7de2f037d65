"""The flat functions of operators are their rows, bit for bit."""

from __future__ import annotations

import operator
import struct
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import autograd
from autograd import PRIMITIVES, Value
from autograd.recording import generic_dispatch

OPERATORS = [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow, operator.mod]
FUNCTIONS = [
    getattr(autograd, name)
    for name, row in PRIMITIVES.items()
    if row.arity == 1 and callable(getattr(autograd, name, None))
]
numbers = st.floats() | st.sampled_from([0.0, -0.0, 1.0, -1.0, 0.5, 2.0, 5e-324, 1e308])


def bits(node: Value) -> bytes:
    """All numbers of a node; every nan counts the same."""
    found = [node.data, *node.partials]
    return struct.pack(f"{len(found)}d", *[x if x == x else float("nan") for x in found])


def check(operation: Callable[[], Value]) -> None:
    flat = operation()
    with generic_dispatch():
        general = operation()
    assert bits(flat) == bits(general)
    assert (flat.op, flat.operands, flat.parents) == (general.op, general.operands, general.parents)


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
@given(x=numbers)
@example(x=float("inf"))
def test_functions(function: Callable[[Any], Any], x: float) -> None:
    node = Value(x)
    check(lambda: function(node))


@pytest.mark.parametrize("operate", OPERATORS, ids=lambda f: f.__name__)
@given(x=numbers, y=numbers)
@example(x=0.0, y=0.0)
@example(x=-8.0, y=3.0)
def test_operators(operate: Callable[[Any, Any], Any], x: float, y: float) -> None:
    left, right = Value(x), Value(y)
    check(lambda: operate(left, right))
    check(lambda: operate(left, left))
    for _ in range(2 if y != 2.0 else 30):  # often used exponents have functions of their own
        check(lambda: operate(left, y if y == y else 2.0))
    check(lambda: operate(x if x == x else 2.0, right))


def test_an_exponent_that_is_used_often() -> None:
    x = Value(1.5)
    for exponent in (2, 3.0, -1, 0, 0.5, 1.7, float("inf")):
        for _ in range(50):
            check(lambda n=exponent: x**n)  # type: ignore[misc]
