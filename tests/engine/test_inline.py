"""The flat functions of operators are their rows, bit for bit."""

from __future__ import annotations

import itertools
import math
import operator
import struct
from collections.abc import Callable
from functools import partial
from types import FunctionType
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import autograd
from autograd import PRIMITIVES, Value
from autograd.inline import computation, function
from autograd.primitive import Primitive
from autograd.recording import generic_dispatch
from tests.support.examples import examples

pytestmark = pytest.mark.slow

OPERATORS = [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow, operator.mod]
FUNCTIONS = [
    getattr(autograd, name)
    for name, row in PRIMITIVES.items()
    if row.arity == 1 and callable(getattr(autograd, name, None))
]
AWKWARD = [
    *(0.0, 5e-324, 1e-300, 0.3, 0.5, 1.0, 1.5, 2.0, 3.0, 711.0, 2.0**53 - 1.0, 2.0**53, 2.0**53 + 2.0, 1e100, 1e308),
    *(float("inf"), float("nan")),
]
AWKWARD += [-x for x in AWKWARD]
numbers = st.floats() | st.sampled_from(AWKWARD)


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
    check(lambda: operate(left, y if y == y else 2.0))
    check(lambda: operate(x if x == x else 2.0, right))


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
def test_functions_where_arithmetic_raises(function: Callable[[Any], Any]) -> None:
    """Row B3: log 0, exp 1000, cosh 711, ∞ ...: the row is asked."""
    for x in (*AWKWARD, 1000.0, -1000.0):
        check(partial(function, Value(x)))


@pytest.mark.parametrize("operate", OPERATORS, ids=lambda f: f.__name__)
def test_operators_at_awkward_pairs(operate: Callable[[Any, Any], Any]) -> None:
    for x, y in itertools.product(AWKWARD, AWKWARD):
        check(partial(operate, Value(x), Value(y)))
        check(partial(operate, Value(x), y))
        check(partial(operate, x, Value(y)))


def test_integers_as_exponents() -> None:
    for x, n in itertools.product(AWKWARD, [-3, -2, -1, 0, 1, 2, 3, 4, 2**53, 2**53 + 1, -(2**60), True]):
        if n is not True:
            check(partial(operator.pow, Value(x), n))
            assert bits(Value(x) ** n) == bits(Value(x) ** float(n))


@examples(50)
@given(pairs=st.lists(st.tuples(numbers, numbers), min_size=1, max_size=3), bias=numbers)
def test_dot(pairs: list[tuple[float, float]], bias: float) -> None:
    """Row B3: of Values and a number, which is what most programs sum."""
    w, x = [[Value(each) for each in side] for side in zip(*pairs, strict=True)]
    bias = bias if bias == bias else 0.0  # so that operands can be compared
    check(lambda: autograd.dot(w, x, bias))
    check(lambda: autograd.dot(w, w, bias))
    leaf = Value(bias)
    check(lambda: autograd.dot(w, x, leaf))


def test_an_integer_without_a_float() -> None:
    with pytest.raises(OverflowError):
        Value(2.0) * 10**400
    with pytest.raises(OverflowError):
        Value(10**400)


@pytest.mark.parametrize("name", ["add", "mul", "div", "pow", "exp", "log", "sqrt", "sin", "tanh", "sigmoid", "relu"])
def test_no_python_function_is_called_on_the_usual_way(name: str) -> None:
    """Row B3: what these refer to are functions in C and numbers; pow has its rule, for exponents that are rounded."""
    names: dict[str, Any] = {}
    row = PRIMITIVES[name]
    computation(row, ("x", "y")[: row.arity], range(len(row.partials)), names)
    called = {text for text, thing in names.items() if isinstance(thing, FunctionType)}
    assert not called or name == "pow"
    assert all(text.startswith("_pow_") for text in called)


def test_functions_that_cannot_be_followed_are_called() -> None:
    row = Primitive("bump", "", next_integer, (lambda out, x: 3.0 if x < 2.0 else x,), None, (), (), "", 1)
    names: dict[str, Any] = {}
    lines, [partial] = computation(row, ["x"], [0], names)
    assert "data = next_integer_0(x)" in lines
    assert names["next_integer_0"] is next_integer
    source = "".join(f"    {line}\n" for line in ["def bump(x):", *lines, f"return {partial}"]).removeprefix("    ")
    bump = function(source, "bump", names)
    assert [bump(x) for x in (0.0, 2.0)] == [3.0, 2.0]


def next_integer(x: float) -> float:
    """A function that asks more of a float than arithmetic and comparisons."""
    return x + 1.0 if x.is_integer() else math.ceil(x)
