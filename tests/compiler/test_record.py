"""Recordings: comparisons become guards, nodes stay plain Values, other threads notice nothing."""

from __future__ import annotations

import gc
import math
import threading
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest

import autograd
from autograd import PRIMITIVES, CompileError, NonFiniteError, Value
from autograd.compiler.record import Recorder
from autograd.compiler.traced import Number
from autograd.operators import RECORDED
from autograd.primitive import Primitive
from autograd.testing import table

recorded_often = pytest.mark.filterwarnings("ignore:.*is recorded for the 3rd time")


def steep(x: Any) -> Any:
    if x > 1.0:
        return x * x
    return -x


def clamped(x: Any) -> Any:
    return min(max(x, -1.0), 1.0) * x


def sorted_product(x: Any) -> Any:
    low, high = sorted([x, 2.0 - x])
    return low * low + high


def sided(x: Any) -> Any:
    return x * x if x in (-1, 1) else 3.0 * x


def truncated(x: Any) -> Any:
    return x * [1.0, 10.0, 100.0][int(x)] if 0 <= x <= 2 else x


def selected(x: Any) -> Any:
    return autograd.where(x > 0.0, autograd.sqrt(x), -x)


def selected_inside(x: Any) -> Any:
    return autograd.where(autograd.relu(x), autograd.log(x), x * x)


@recorded_often
@pytest.mark.parametrize(
    "f", [steep, clamped, sorted_product, sided, truncated, selected, selected_inside], ids=lambda f: f.__name__
)
def test_a_guard_that_does_not_hold_records_again(f: Callable[[Any], Any]) -> None:
    fast = autograd.compile(f)
    for x in (2.0, 0.5, -3.0, 1.0, -1.0, 0.0, -0.0, 2.0, 0.5):
        value = Value(x)
        assert fast(x) == float(f(x))  # of a number: `==` asks for that, and would be identity for a Value
        if f is not sided:
            output = f(value)
            assert fast.value_and_grad(x) == (output.data, autograd.grad(output, value).data)


def test_a_branch_that_where_did_not_take_is_guarded_when_it_is_differentiated() -> None:
    fast = autograd.compile(lambda c, z: PRIMITIVES["where"](c, 0.0, z))
    assert [fast.value(c, 5.0) for c in (1.0, 0.0)] == [0.0, 5.0]
    assert fast.program.guards == ()
    assert [fast.value_and_grad(c, 5.0)[1] for c in (1.0, 0.0)] == [(0.0, 0.0), (0.0, 1.0)]


def test_a_derivative_inside_the_function_is_guarded_in_the_same_way() -> None:
    def slope(c: Any, z: Any) -> Any:
        return autograd.grad(PRIMITIVES["where"](c, z, 3.0 * z) * z, z)

    fast = autograd.compile(slope)
    for c in (1.0, 0.0, 2.0):
        assert fast(c, 5.0) == slope(Value(c), Value(5.0)).data


@pytest.mark.parametrize("activation", ["elu", "relu", "leaky_relu", "silu"])
def test_activations_with_pieces_need_no_guards(activation: str) -> None:
    function = getattr(autograd, activation)
    fast = autograd.compile(lambda x: function(x) * function(-2.0 * x))
    for x in (0.5, -0.5, 0.0):
        fast.value_and_grad(x)
    assert "recordings: 1" in fast.explain()


def test_an_index_is_a_guard() -> None:
    fast = autograd.compile(lambda i, w: w[i] * w[i])
    assert [fast.value_and_grad(i, [2.0, 3.0])[1][1] for i in (0, 1, 0)] == [[4.0, 0.0], [0.0, 6.0], [4.0, 0.0]]
    with pytest.raises(TypeError, match=r"an index must be an integer, got 0\.5"):
        fast(0.5, [2.0, 3.0])


def test_sides_that_were_recorded_are_not_recorded_again() -> None:
    calls = []

    def f(x: Any) -> Any:
        calls.append(x)
        return steep(x)

    fast = autograd.compile(f)
    assert [fast(x) for x in (2.0, 3.0, 0.0, 4.0, -1.0)] == [4.0, 9.0, 0.0, 16.0, 1.0]
    assert len(calls) == 2 * 2, "each recording calls it twice"


def test_raise_names_the_line_of_the_comparison() -> None:
    fast = autograd.compile(steep, on_branch="raise")
    assert fast(2.0) == 4.0
    line = steep.__code__.co_firstlineno + 1
    with pytest.raises(CompileError, match=rf"test_record\.py:{line}: .* differently .*maximum.*on_branch"):
        fast(0.5)
    assert fast(3.0) == 9.0


@recorded_often
def test_too_many_branches_are_refused() -> None:
    fast = autograd.compile(lambda x: x + float(x))
    assert [fast(i) for i in range(64)] == [2.0 * i for i in range(64)]
    with pytest.raises(CompileError, match=r"test_record\.py:\d+: .*all 64 recordings"):
        fast(64)
    assert fast(3) == 6.0


def test_the_parameters_are_guarded_too() -> None:
    w = Value(2.0)
    fast = autograd.compile(lambda: steep(w), parameters=[w])
    assert fast.value() == 4.0
    w.data = 0.5
    assert fast.value() == -0.5


def test_only_one_number_has_a_gradient() -> None:
    with pytest.raises(CompileError, match="must return one number to have a gradient, got 2"):
        autograd.compile(lambda x: [x, x]).value_and_grad(2.0)


def test_whatever_happens_nodes_are_plain_values_again() -> None:
    w, kept = Value(2.0), []

    def f(x: Any) -> Any:
        kept.append(w * x)
        assert type(w) is Value
        return kept[-1] if x > 0.0 else kept[-1].data

    fast = autograd.compile(f, parameters=[w])
    fast(3.0)
    with pytest.raises(CompileError):
        fast(-1.0)
    assert type(w) is Value
    assert [each.data for each in kept] == [6.0, 6.0, -2.0]
    assert [(each * 2.0).data for each in kept] == [12.0, 12.0, -4.0]


def test_other_threads_use_the_parameters_as_ever() -> None:
    """While one thread is inside the function, another one reads, writes, compares and differentiates the parameter."""
    w, seen = Value(2.0), []

    def elsewhere() -> None:
        y = w * w + 1.0
        y.backward()
        seen.append((y.data, w.grad, float(w), w > 1.0, type(y)))
        w.data = 7.0

    def f(x: Any) -> Any:
        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()
        return w * x

    fast = autograd.compile(f, parameters=[w])
    assert fast.value(3.0) == 6.0, "the parameter's number is that of the call"
    assert seen[0] == (5.0, 4.0, 2.0, True, Value)
    assert fast.value(3.0) == 21.0
    assert fast.program.guards == ()


def test_one_recording_at_a_time() -> None:
    """Another thread that starts a recording meanwhile takes the parameter's class on and off only afterwards."""
    w, threads, values = Value(2.0), [], []
    other = autograd.compile(lambda x: w + x, parameters=[w])

    def f(x: Any) -> Any:
        if not threads:
            threads.append(threading.Thread(target=lambda: values.append(other.value(3.0))))
            threads[0].start()
            threads[0].join(0.05)  # by then it would be done, if it did not wait for this recording
        return w * x

    assert autograd.compile(f, parameters=[w]).value(3.0) == 6.0
    threads[0].join()
    assert values == [5.0]


def test_detach_follows_the_number_and_stops_the_gradient() -> None:
    fast = autograd.compile(lambda x: x * x.detach())
    assert [fast.value_and_grad(x) for x in (3.0, 5.0)] == [(9.0, 3.0), (25.0, 5.0)]


def test_it_records_inside_no_graph() -> None:
    with autograd.no_graph():
        assert autograd.compile(lambda x: x * x).value_and_grad(3.0) == (9.0, 6.0)


def test_a_graph_recorded_under_the_debugger_compiles() -> None:
    with autograd.debug(anomaly=True):
        assert autograd.compile(lambda x: autograd.tanh(x) * x).value_and_grad(0.0) == (0.0, 0.0)


def test_what_the_debugger_looks_at_is_no_question_of_the_function() -> None:
    """An infinite result is examined, and its operands; a guard on them would record every x anew."""
    calls = []

    def f(x: Any) -> Any:
        calls.append(x)
        return x * math.inf

    with autograd.debug(anomaly=True):
        fast = autograd.compile(f, backend="python")
        assert [fast.value(x) for x in (1.0, -2.0, 3.0)] == [math.inf, -math.inf, math.inf]
    assert len(calls) == 2  # one recording, which calls twice
    for x in (0.0, -1.0):
        with autograd.debug(anomaly=True), pytest.raises(NonFiniteError, match=f"(?s)log made.*operands: .*{x}"):
            autograd.compile(lambda x: autograd.log(x) * x).value(x)


@pytest.mark.parametrize("name", ["autograd.debugging.anomaly", "__main__"])
def test_no_name_of_a_module_makes_numbers_readable(name: str) -> None:
    names: dict[str, Any] = {"__name__": name}
    exec("def f(x): return x * x.data", names)
    with pytest.raises(CompileError, match=r"a read of \.data"):
        autograd.compile(names["f"]).value(2.0)


@pytest.mark.parametrize("batch", [(), ("x",)])
def test_what_was_recorded_is_freed_when_it_is_built(batch: tuple[str, ...]) -> None:
    """A cycle among nodes and symbols would leave them to the collector, which takes a fifth of the build."""

    def nodes() -> int:
        return sum(type(each) is Value for each in gc.get_objects())

    fast = autograd.compile(lambda x: autograd.where(x > 0.0, autograd.tanh(x) ** 3.0, x * x), batch=batch)
    gc.collect()
    with autograd.paused_gc():
        before = nodes()
        fast.value_and_grad([0.5] if batch else 0.5)
        assert nodes() == before


def test_a_recording_takes_at_most_200_bytes_a_node() -> None:
    """Of sums and products, which are nearly all of a recording; tracemalloc counts what is allocated, exactly."""
    w = Value(1.0)

    def f() -> Any:
        total = w * 0.5
        for i in range(5_000):
            total = total + w * float(i)
        return total

    Recorder({id(w): 1.0}).run(f)  # what a first call keeps for all others is not a node's
    recorder = Recorder({id(w): 1.0})
    tracemalloc.start()
    try:
        recorder.run(f)
        taken = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert len(recorder.nodes) == 10_001
    assert taken / len(recorder.nodes) <= 200.0


FUNCTIONS = [row for row in table() if row.arity == 1 and hasattr(autograd, row.name)]


@pytest.mark.parametrize("row", FUNCTIONS, ids=lambda row: row.name)
def test_functions_of_one_operand_are_recorded_as_their_rows_say(row: Primitive) -> None:
    """The second time by code made from the row: the nodes are those that the row gives, bit for bit."""
    function = getattr(autograd, row.name)
    x, (first,) = recorded(lambda recorder, x: function(x))
    assert Number in RECORDED[row]
    y, (again,) = recorded(lambda recorder, x: function(x))
    z, (by_row,) = recorded(lambda recorder, x: recorder.apply(row, (x,)))
    for operand, node in ((x, first), (y, again), (z, by_row)):
        assert type(node) is Number
        assert (node.primitive, node._x, node._y, node._dy) == (row, operand, None, None)
        assert repr((node._data, node._dx)) == repr((by_row._data, by_row._dx))


def recorded(f: Callable[[Recorder, Any], Any]) -> tuple[Any, list[Any]]:
    """An argument, and the nodes that f makes of it."""
    recorder = Recorder({})
    x = recorder.argument(0.5)
    recorder.run(f, recorder, x)
    return x, recorder.nodes


def test_functions_out_of_their_domain_are_refused_as_ever() -> None:
    f = autograd.compile(lambda x: autograd.exp(autograd.exp(x)))
    assert f(1.0) == math.exp(math.e)
    assert f(1000.0) == math.inf
