"""What a recorded number answers where eager code has a float, a bool or a Value (row C3)."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd
from autograd import CompileError, Value

W = Value(2.0)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: W * Value(x),
        lambda x: W * Value(data=x),
        lambda x: W * Value(x, label="x"),
        lambda x: W * Value(x, (), ()),
        lambda x: W * Value(x, [], []),
        lambda x: W * Value(x, _children=(), _op=""),
        lambda x: W * next(map(Value, [x])),
        lambda x: W * next(Value(each) for each in np.array([x, x])),
        lambda x: W * (x if isinstance(x, Value) else Value(x)),
        lambda x: W * Value(x * 1.0),
        lambda x: Value(0.0 + x) * W,
    ],
)
@pytest.mark.parametrize("batch", [False, True])
def test_c3_a_value_of_an_argument_is_that_number(f: Callable[[Any], Any], batch: bool) -> None:
    fast = autograd.compile(f, parameters=[W], batch=("x",) if batch else ())
    for x in (3.0, -5.0):
        value, (slope,) = fast([x]) if batch else fast(x)
        assert (value, slope) == (2.0 * x, x)
    assert "recordings: 1" in fast.explain()
    assert autograd.compile(f, parameters=[W]).value(3) == 6.0


@pytest.mark.parametrize(
    "f",
    [
        lambda x: W * x if W else x,
        lambda x: x if not W else W * x,
        lambda x: W * x if W * x else W,
        lambda x: (W * x) and W,
        lambda x: (W * x) or W,
        lambda x: W * bool(W * x),
        lambda x: W * all([W * x]),
        lambda x: sum(filter(None, [W, x])),
        lambda x: next(x for _ in "ab" if W),
    ],
)
def test_c3_the_truth_of_a_value_names_the_line_and_where(f: Callable[[Any], Any]) -> None:
    line = f.__code__.co_firstlineno
    with pytest.raises(CompileError, match=rf"test_recorded_kinds\.py:{line}: .*truth.*autograd\.where"):
        autograd.compile(f, parameters=[W])(3.0)
    with pytest.raises(TypeError, match="truth value"):
        f(3.0)


def test_c3_the_truth_of_an_argument_is_a_guard() -> None:
    fast = autograd.compile(lambda x: W * x if x else W, parameters=[W])
    assert [fast.value(x) for x in (3.0, 0.0, -0.0, 4.0)] == [6.0, 2.0, 2.0, 8.0]


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x + "a",
        lambda x: W * x + None,
        lambda x: len(x) + 1,
        lambda x: x[0],
        lambda x: [2.0 * each for each in x],
        lambda x: x(),
        lambda x: (W * x)(),
        lambda x: x.nothing,
        lambda x: (W * x).nothing,
        lambda x: Value(x > 2.0),
        lambda x: Value(W * x),
        lambda x: Value([x]),
        lambda x: (x > 2.0)[0],
    ],
)
def test_c3_errors_are_those_of_eager_code_without_internal_names(f: Callable[[Any], Any]) -> None:
    with pytest.raises((TypeError, AttributeError)) as eager:
        f(3.0)
    with pytest.raises(type(eager.value)) as recorded:
        autograd.compile(f, parameters=[W])(3.0)
    for name in ("Traced", "Number", "Node", "Condition"):
        assert name not in str(recorded.value)


@pytest.mark.parametrize("f", [lambda x: x // 2.0, lambda x: 7.0 // x, lambda x: divmod(x, 2.0)[0], lambda x: x // x])
def test_c3_floor_division_names_floor(f: Callable[[Any], Any]) -> None:
    with pytest.raises(CompileError, match=r"test_recorded_kinds\.py:\d+: .*autograd\.floor\(x / y\)"):
        autograd.compile(f)(3.0)


@pytest.mark.parametrize("f", [lambda x: x.is_integer(), lambda x: x.hex(), lambda x: x.as_integer_ratio()[0]])
def test_c3_methods_of_floats_are_refused_with_their_line(f: Callable[[Any], Any]) -> None:
    with pytest.raises(CompileError, match=r"test_recorded_kinds\.py:\d+: .*of a float"):
        autograd.compile(f)(3.0)


@pytest.mark.parametrize(
    ("f", "words"),
    [
        (lambda x: W * x if x > 1.0 else W, "use where"),
        (lambda x: W * x if x else W, "use where"),
        (lambda x: W * [1.0, 2.0][x], r"autograd\.pick.*nn\.Embedding"),
    ],
)
def test_c3_in_a_batch_the_message_names_the_line_and_nothing_internal(f: Callable[[Any], Any], words: str) -> None:
    with pytest.raises(CompileError, match=rf"test_recorded_kinds\.py:\d+: .*sample to sample.*{words}") as error:
        autograd.compile(f, parameters=[W], batch=("x",))([0, 1])
    assert "truth" not in str(error.value)
    assert "t2" not in str(error.value)


def test_c3_what_was_recorded_still_pickles() -> None:
    """Its classes are called by eager names in errors, and found by their own."""
    kept: list[Any] = []
    autograd.compile(lambda x: kept.append(x * W) or x, parameters=[W])(3.0)
    assert pickle.loads(pickle.dumps(kept[0])).data == 6.0
