"""A program means what eager code means, or it is refused: rows A4 and F7."""

from __future__ import annotations

import copy
import math
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import autograd
from autograd import CompileError, Value
from autograd.compiler.traced import Number


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x * math.exp(x),
        lambda x: math.copysign(2.0, x) * x,
        lambda x: x * float(x),
        lambda x: float(f"{x:.1f}") * x,
        lambda x: x * len(str(x)),
        lambda x: x * len(repr(x)),
        lambda x: x * {1.5: 2.0}.get(x, 3.0),
        lambda x: x if x in {1.5} else 2.0 * x,
    ],
    ids=["math.exp", "copysign", "float", "format", "str", "repr", "key", "member"],
)
def test_a_number_that_leaves_is_refused_at_the_first_call(f: Callable[..., Any]) -> None:
    with pytest.raises(CompileError, match=r"test_eager_meaning\.py:\d+: cannot compile"):
        autograd.compile(f).value_and_grad(1.5)


def test_the_message_for_math_names_the_function_that_stays() -> None:
    with pytest.raises(CompileError, match=r"autograd\.exp"):
        autograd.compile(lambda x: x * math.exp(x)).value_and_grad(1.0)


@pytest.mark.filterwarnings("ignore:.*is recorded for the 3rd time")
@pytest.mark.parametrize(
    "f",
    [
        lambda x: 2.0 * x if isinstance(x, float) else x,
        lambda x: 2.0 * x if isinstance(x, int) else x,
        lambda x: 2.0 * x if (x > 0) is True else x,
        lambda x: 2.0 * x if (x > 0) is not False else x,
        lambda x: {True: x, False: 3.0 * x}[x > 0],
        lambda x: 2.0 * x if x == 1.5 else x,
        lambda x: 2.0 * x if x in (1.5, 2.5) else x,
        lambda x: 2.0 * x if x else x - 1.0,
        lambda x: round(x) * x,
        lambda x: [x, 2.0 * x, 3.0 * x][x > 0],
        lambda x: x * 2.0 if not x > 0 else x,
    ],
    ids=["float", "int", "is", "is not", "dict", "==", "in", "truth", "round", "index", "not"],
)
def test_arguments_answer_as_floats_do(f: Callable[..., Any]) -> None:
    fast = autograd.compile(f)
    for x in (1.5, -1.5, 2.5, 0.0, 3.0, 1.5):
        assert fast(x) == f(x)


def test_an_int_is_another_type_than_a_float() -> None:
    fast = autograd.compile(lambda x: 2.0 * x if isinstance(x, int) else x)
    assert [fast(x) for x in (1.5, 2, 2.0, 3)] == [1.5, 4.0, 2.0, 6.0]


def test_parameters_answer_as_values_do() -> None:
    """`==` of a Value with a number is identity, in a program as in eager mode."""
    w = Value(0.0)

    def f(x: Any) -> Any:
        return 2.0 * x + w if w == 0.0 else 3.0 * x + w

    assert autograd.compile(f, parameters=[w])(1.0)[0] == f(1.0).data == 3.0


def test_other_threads_copy_plain_values_while_one_records() -> None:
    """Row F10."""
    w, copies = Value(2.0), []

    def f(x: Any) -> Any:
        other = threading.Thread(target=lambda: copies.append(copy.deepcopy(w)))
        other.start()
        other.join()
        return w * x

    autograd.compile(f, parameters=[w])(3.0)
    assert [(type(each), each.data) for each in copies] == [(Value, 2.0)] * 2


def test_first_calls_from_many_threads_record_once() -> None:
    """Row F9."""
    calls = []
    together = threading.Barrier(20)

    def f(x: Any) -> Any:
        calls.append(x)
        return x * x if x > 0.0 else -x

    fast = autograd.compile(f)

    def work(x: float) -> float:
        together.wait()
        found: float = fast(x)
        return found

    with ThreadPoolExecutor(20) as pool:
        assert list(pool.map(work, [3.0] * 20)) == [9.0] * 20
    assert len(calls) == 2, "one recording, which calls it twice"


def test_without_parameters_in_the_list_there_is_no_gradient() -> None:
    """`parameters=[]` is a list of none: row F7."""
    value, gradient = autograd.compile(lambda x: x * x, parameters=[])(3.0)
    assert (value, gradient.tolist()) == (9.0, [])
    assert autograd.compile(lambda x: x * x, parameters=[]).hessian(3.0).shape == (0, 0)


def test_a_value_of_a_number_is_that_number() -> None:
    """micrograd's demo enters its inputs so: row C3."""
    fast = autograd.compile(lambda x: Value(x) * Value(x))
    assert [fast.value_and_grad(x) for x in (3.0, 5.0)] == [(9.0, 6.0), (25.0, 10.0)]
    assert "recordings: 1" in fast.explain()


def test_derivatives_of_arguments_ask_for_no_numbers() -> None:
    """Which operand a rule dropped is found by identity: `==` of arguments would be a guard."""
    fast = autograd.compile(lambda c, y: autograd.grad(autograd.where(c, y, c) * 2.0, y))
    assert [fast(1.0, y) for y in (2.0, 1.0, 3.0)] == [2.0] * 3
    assert {guard.relation for guard in fast.program.guards} <= {"truth"}


KEPT: list[Any] = []


def test_a_node_kept_from_another_recording_is_refused() -> None:
    def f(x: Any) -> Any:
        KEPT.append(2.0 * x)
        return x * KEPT[0] if x > 0.0 else x + KEPT[0]

    fast = autograd.compile(f)
    assert fast(3.0) == 18.0
    with pytest.raises(CompileError, match="made outside"):
        fast(-1.0)


@pytest.mark.parametrize("batch", [(), ("xs",)])
def test_a_recording_without_parameters_hashes_no_node(batch: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    """Nodes of arguments refuse to be keys, by a hash in Python: ten for each node were a tenth of the first call."""
    hashed: list[Any] = []
    monkeypatch.setattr(Number, "__hash__", lambda self: hashed.append(self) or id(self))
    fast = autograd.compile(lambda xs: autograd.total([x * x + x for x in xs]), batch=batch, backend="python")
    point = [1.0, 2.0, 3.0]
    assert fast.value_and_grad([point] if batch else point) == (20.0, [3.0, 5.0, 7.0])
    assert not hashed
