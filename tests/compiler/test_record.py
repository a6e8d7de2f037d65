"""Recordings: comparisons become guards, and what a program could not repeat is refused with its line."""

from __future__ import annotations

import copy
import gc
import math
import threading
import tracemalloc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import autograd
from autograd import PRIMITIVES, CompileError, Value
from autograd.compiler.record import Recorder
from autograd.compiler.traced import Number

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


def baked(v: Any) -> Any:
    return v * math.exp(-v.data)


def written(v: Any) -> Any:
    v.data = 1.0
    return v


def graded(v: Any) -> Any:
    (v * v).backward()
    return v


def grad_read(v: Any) -> Any:
    return v * v.grad


def copied(v: Any) -> Any:
    return copy.copy(v) * v


def deeply_copied(v: Any) -> Any:
    return copy.deepcopy(v) * v


def unrecorded(v: Any) -> Any:
    with autograd.no_graph():
        return v * v


def opaque(v: Any) -> Any:
    return Value(4.0, (v,), (2.0,), op="mine")


def called_back(v: Any) -> Any:
    v.on_backward(print)
    return v


def nested(v: Any) -> Any:
    return v * autograd.compile(math.exp)(2.0)


OUTSIDE = Value(3.0, label="outside")
COMPUTED = OUTSIDE * 2.0


class Own(Value):
    __slots__ = ()


@pytest.mark.parametrize(
    ("f", "words"),
    [
        (baked, r"a read of \.data: .*baked.*detach\(\)"),
        (written, r"an assignment to \.data: .*side effects"),
        (graded, r"backward\(\): .*value_and_grad"),
        (grad_read, r"a read of \.grad: .*value_and_grad"),
        (copied, r"copying v .*detach"),
        (deeply_copied, r"copying v .*detach"),
        (unrecorded, r"no_graph\(\): .*detach"),
        (opaque, r"opaque node 'mine': .*define"),
        (called_back, r"a callback: .*side effects"),
        (lambda v: v * OUTSIDE, r"label='outside'.*made outside.*parameters="),
        (lambda v: OUTSIDE * v, r"label='outside'.*made outside.*parameters="),
        (lambda v: v + COMPUTED, r"made outside.*inside the function"),
        (lambda v: v if v > OUTSIDE else -v, r"made outside.*parameters="),
        (lambda v: OUTSIDE, r"made outside.*parameters="),
        (lambda v: v * Own(2.0), r"class Own.*autograd\.Value"),
    ],
)
def test_what_a_program_cannot_repeat_is_refused_with_its_line(f: Callable[[Any], Any], words: str) -> None:
    with pytest.raises(CompileError, match=rf"^[^\n]*test_record\.py:\d+: .*{words}"):
        autograd.compile(f)(2.0)
    assert OUTSIDE.data == 3.0


def test_the_line_is_that_of_the_function() -> None:
    line = baked.__code__.co_firstlineno + 1
    with pytest.raises(CompileError, match=rf"test_record\.py:{line}: "):
        autograd.compile(baked)(2.0)


def test_a_compiled_function_does_not_call_another_while_it_is_recorded() -> None:
    with pytest.raises(CompileError, match="call the function itself"):
        autograd.compile(nested)(2.0)


@pytest.mark.parametrize("result", [None, "text", [1.0, None]])
def test_results_are_numbers(result: Any) -> None:
    with pytest.raises(CompileError, match="must return numbers"):
        autograd.compile(lambda x: result)(2.0)


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


# --- a program means what eager means (rows A4 and F7) ----------------------------------------------------------------


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
    with pytest.raises(CompileError, match=r"test_record\.py:\d+: cannot compile"):
        autograd.compile(f).value_and_grad(1.5)


def test_the_message_for_math_names_the_function_that_stays() -> None:
    with pytest.raises(CompileError, match=r"autograd\.exp"):
        autograd.compile(lambda x: x * math.exp(x)).value_and_grad(1.0)


@recorded_often
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


def test_a_recording_takes_at_most_200_bytes_a_node() -> None:
    """Of sums and products, which are nearly all of a recording; tracemalloc counts what is allocated, exactly."""
    w = Value(1.0)

    def f() -> Any:
        total = w * 0.5
        for i in range(5_000):
            total = total + w * float(i)
        return total

    recorder = Recorder({id(w): 1.0})
    tracemalloc.start()
    try:
        recorder.run(f)
        taken = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert len(recorder.nodes) == 10_001
    assert taken / len(recorder.nodes) <= 200.0
