"""Mirror mode: the same gradients, to the bit, from functions with the places of the forward program."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from types import FrameType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import NonFiniteError, Value, debug, tanh, total
from autograd.debugging.mirror.mirrored_pass import build
from autograd.debugging.switch import DebugSettings, parse_settings
from autograd.graph import topological
from tests.support.graphs import Graph, graphs

SCALE = 3.0  # a global of this module, for the conditions of breakpoints


def neuron(w: Value, x: Value, b: Value) -> Value:
    z = w * x + b
    return tanh(z)


def model(w: Value, x: Value, b: Value) -> Value:
    h = neuron(w, x, b)
    y = neuron(w, h, b)
    return (y - 1.0) ** 2


def summed(xs: list[Value]) -> Value:
    return total([x * x for x in xs])


def line(function: Callable[..., Any], offset: int) -> int:
    return function.__code__.co_firstlineno + offset


class Stop:
    """What a debugger sees at a line: where it is, and the local variables."""

    def __init__(self, frame: FrameType) -> None:
        self.place = (frame.f_code.co_name, frame.f_lineno)
        self.file = frame.f_code.co_filename
        self.variables = {name: (v, v.data, v.grad) for name, v in frame.f_locals.items() if isinstance(v, Value)}
        self.scope = frame.f_globals


@contextmanager
def traced() -> Iterator[list[Stop]]:
    """The lines that a debugger would see of the mirror pass in the block, and every call of Python in between."""
    stops: list[Stop] = []

    def trace(frame: FrameType, event: str, _: object) -> Any:
        if frame.f_code.co_name.startswith("backward of ") and event == "line":
            stops.append(Stop(frame))
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        yield stops
    finally:
        sys.settrace(before)


def stops_of(loss: Value) -> list[Stop]:
    with traced() as stops:
        loss.backward(debug=True)
    return stops


def bits(nodes: list[Value]) -> list[str]:
    return [node.grad.hex() for node in nodes]


def test_a_tracer_of_every_frame_still_sees_every_frame() -> None:
    seen: set[str] = set()

    def trace(frame: FrameType, event: str, _: object) -> Any:
        if event == "return":
            seen.update((frame.f_code.co_filename, frame.f_code.co_name))
        return trace

    with debug():
        loss = Value(2.0) * 3.0
    before = sys.gettrace()
    sys.settrace(trace)
    try:
        loss.backward(debug=True)
    finally:
        sys.settrace(before)
    function = test_a_tracer_of_every_frame_still_sees_every_frame.__name__
    assert {"mirror_pass", "<autograd mirror>", f"backward of {function}"} <= seen


# --- the gradients ----------------------------------------------------------------------------------------------------


@given(graphs(), st.booleans(), st.booleans(), st.integers(1, 2))
def test_gradients_are_those_of_backward_to_the_bit(graph: Graph, inputs: bool, half: bool, passes: int) -> None:
    with debug() if inputs else nullcontext():
        leaves = [Value(x) for x in graph.inputs]
    with debug():
        loss = graph(*leaves)
    if half:
        loss = loss * graph(*leaves)  # an origin for half of the nodes
        with debug():
            loss = loss + loss
    nodes = topological(loss)
    for _ in range(passes):
        loss.backward()
    wanted = bits(nodes)
    for node in nodes:
        node.grad = 0.0
    for _ in range(passes):
        loss.backward(debug=True)
    assert bits(nodes) == wanted


def test_a_graph_of_unknown_origin_gets_its_gradients_and_a_warning_at_the_line_that_asked() -> None:
    x = Value(3.0)
    loss = x * x
    with pytest.warns(
        RuntimeWarning, match=r"it is not known where the nodes of this graph were made; build .* autograd\.debug"
    ) as got:
        loss.backward(debug=True)
    assert x.grad == 6.0
    assert got[0].filename == __file__


def test_a_graph_that_is_one_leaf_has_nothing_to_warn_about() -> None:
    x = Value(3.0)
    x.backward(debug=True)
    assert x.grad == 1.0


def test_deep_graphs_need_no_recursion() -> None:
    x = Value(1.0)
    with debug():
        h = x
        for _ in range(3000):
            h = -h
    h.backward(debug=True)
    assert x.grad == 1.0


def test_special_numbers_survive_being_compiled() -> None:
    a, b, c = Value(1.0), Value(2.0), Value(3.0)
    with debug():
        out = Value(0.0, (a, b, c), (float("inf"), float("nan"), -0.0), op="odd")
    out.backward(debug=True)
    assert (a.grad, str(b.grad), c.grad) == (float("inf"), "nan", 0.0)


# --- the walk ---------------------------------------------------------------------------------------------------------


def test_the_pass_walks_the_lines_of_the_program_backwards() -> None:
    with debug():
        w = Value(0.5)
        x, b = Value(2.0), Value(0.1)
        loss = model(w, x, b)
    this = test_the_pass_walks_the_lines_of_the_program_backwards
    stops = stops_of(loss)
    assert [stop.place for stop in stops] == [
        ("backward of model", line(model, 3)),
        ("backward of neuron", line(neuron, 2)),
        ("backward of neuron", line(neuron, 1)),
        ("backward of neuron", line(neuron, 2)),
        ("backward of neuron", line(neuron, 1)),
        (f"backward of {this.__name__}", line(this, 3)),  # the leaves, a stop for each line
        (f"backward of {this.__name__}", line(this, 2)),
    ]
    assert {stop.file for stop in stops} == {__file__}


def test_leaves_come_last_line_first() -> None:
    with debug():
        b = Value(0.1)
        x = Value(2.0)
        w = Value(0.5)
        loss = neuron(w, x, b)
    first = test_leaves_come_last_line_first.__code__.co_firstlineno + 2
    assert [stop.place[1] for stop in stops_of(loss)][-3:] == [first + 2, first + 1, first]


def test_variables_have_the_names_that_each_line_uses_and_complete_gradients() -> None:
    with debug():
        loss = model(Value(0.5, label="weight"), Value(2.0), Value(0.1))
    loss.backward()
    h = loss.parents[0].parents[0].parents[0].parents[0].parents[1]
    for node in topological(loss):
        node.grad = 0.0
    second, first = [stop.variables for stop in stops_of(loss) if stop.place == ("backward of neuron", line(neuron, 1))]
    assert {"z", "w", "x", "b"} <= set(first) & set(second)
    assert second["x"][0] is h  # what `model` calls h is x in here
    assert second["w"][0] is first["w"][0]
    assert first["z"][2] == first["z"][0].grad != 0.0  # complete when the line is reached
    assert second["x"][2] == 0.0 != h.grad  # not before its own turn


def test_the_result_of_an_assignment_has_the_name_and_the_old_value_a_number() -> None:
    with debug():
        h = old = Value(2.0)
        h = h * 3.0
    (stop, _) = stops_of(h)
    assert {name: value for name, (value, *_) in stop.variables.items()} == {"h": h, "h_2": old}


def test_a_line_is_one_stop_however_many_nodes_it_made() -> None:
    with debug():
        loss = summed([Value(float(i)) for i in range(20)])
    places = [stop.place for stop in stops_of(loss)]
    assert places[0] == ("backward of summed", line(summed, 1))
    assert len(places) == 2  # a comprehension is not shown as a function; the other line made the leaves


def test_iterations_of_a_loop_are_stops_of_their_own_from_one_piece_of_code() -> None:
    with debug():
        h = Value(0.5)
        for _ in range(5):
            s = h * 0.9
            h = s + 0.1
    this = test_iterations_of_a_loop_are_stops_of_their_own_from_one_piece_of_code
    lines = [stop.place[1] for stop in stops_of(h)]
    assert lines == [line(this, 5), line(this, 4)] * 5 + [line(this, 2)]


def test_what_a_loop_repeats_is_compiled_once() -> None:
    with debug():
        h = Value(0.5)
        for _ in range(30):
            h = neuron(h, h, h) * 0.5
    codes = [part.func.__code__ for part in build(h) if hasattr(part.func, "__code__")]
    assert len(codes) > 30
    assert len(set(map(id, codes))) <= 4  # one for each function, and those at either end


def test_no_frame_of_the_library_comes_between_the_lines() -> None:
    with debug():
        w, x, b = Value(0.5), Value(2.0), Value(0.1)
        h = neuron(w, x, b)
    y = h * h  # of unknown origin
    with debug():
        loss = neuron(w, y, b)
    calls: list[str] = []
    before = sys.gettrace()
    sys.settrace(lambda frame, event, _: calls.append(frame.f_code.co_filename))
    try:
        loss.backward(debug=True)
    finally:
        sys.settrace(before)
    shown = [i for i, file in enumerate(calls) if file == __file__]
    assert len(shown) > 2
    assert set(calls[shown[0] : shown[-1]]) == {__file__}
    assert calls[shown[0] - 1] == "<autograd mirror>"


def test_code_carries_the_columns_of_each_expression() -> None:
    with debug():
        loss = neuron(Value(0.5), Value(2.0), Value(0.1))
    (code,) = [part.func.__code__ for part in build(loss) if part.func.__code__.co_name == "backward of neuron"]
    source = "    z = w * x + b"
    spans = {source[start:end] for first, _, start, end in code.co_positions() if first == line(neuron, 1)}
    assert {"w * x + b", "w * x"} <= spans


def test_the_globals_of_the_program_are_there_for_the_conditions_of_breakpoints() -> None:
    with debug():
        loss = neuron(Value(0.5), Value(2.0), Value(0.1))
    assert stops_of(loss)[0].scope["SCALE"] is SCALE


def test_code_without_a_file_is_walked_too() -> None:
    scope: dict[str, Any] = {"Value": Value}
    with debug():
        exec(compile("x = Value(3.0)\ny = x * x\n", "<a cell>", "exec"), scope)
    stops = stops_of(scope["y"])
    assert [(stop.file, *stop.place) for stop in stops] == [
        ("<a cell>", "backward of <module>", 2),
        ("<a cell>", "backward of <module>", 1),
    ]


# --- the switches -----------------------------------------------------------------------------------------------------


def test_a_block_makes_every_pass_a_mirror_pass() -> None:
    with debug(mirror=True):
        x = Value(3.0)
        y = x * x
        with traced() as inside:
            y.backward()
        with debug(mirror=False), traced() as off:
            y.backward()
    with traced() as outside:
        y.backward()
    assert (len(inside), off, outside) == (2, [], [])
    assert x.grad == 18.0


def test_the_environment_variable_knows_it() -> None:
    assert parse_settings("anomaly,mirror") == DebugSettings(anomaly=True, mirror=True)


def test_with_anomaly_mode_it_stops_where_anomaly_mode_does() -> None:
    x = Value(1e200)
    with debug():
        y = x * 1e200 * x
    messages = []
    for mirror in (False, True):
        x.grad = 0.0
        with debug(anomaly=True, mirror=mirror), pytest.raises(NonFiniteError) as error:
            y.backward()
        messages.append(str(error.value))
    assert messages[0] == messages[1]
    assert x.grad == 0.0  # what would have gone wrong has not been done
