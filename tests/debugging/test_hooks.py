"""Callbacks on values, and breakpoints that the program sets in the backward pass."""

from __future__ import annotations

import copy
import gc
import pickle
import sys
from collections.abc import Callable, Iterator
from types import FrameType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import NonFiniteError, Value, backward, backward_steps, breakpoint_at, debug, tanh
from autograd.graph import topological
from tests.support.examples import examples
from tests.support.graphs import Graph, graphs

pytestmark = pytest.mark.slow


def neuron(w: Value, x: Value, b: Value) -> Value:
    z = w * x + b
    return tanh(z)


LINE = neuron.__code__.co_firstlineno + 1


class Debugger:
    """Stands in for pdb: records the calls of `breakpoint()`, and where the next line begins, at which pdb stops."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str, int]] = []
        self.stops: list[tuple[str, int]] = []
        self.gradients: dict[str, float] = {}

    def __call__(self) -> None:
        frame = sys._getframe(1)
        self.calls.append((frame.f_code.co_filename, frame.f_code.co_name, frame.f_lineno))
        frame.f_trace = self.trace
        sys.settrace(lambda *_: None)

    def trace(self, frame: FrameType, event: str, _: object) -> None:
        sys.settrace(None)
        frame.f_trace = None
        self.stops.append((event, frame.f_lineno))
        self.gradients = {name: v.grad for name, v in frame.f_locals.items() if isinstance(v, Value)}


@pytest.fixture
def debugger(monkeypatch: pytest.MonkeyPatch) -> Iterator[Debugger]:
    before = sys.gettrace()
    found = Debugger()
    monkeypatch.setattr(sys, "breakpointhook", found)
    yield found
    sys.settrace(before)


@pytest.fixture(autouse=True)
def _nothing_left_behind() -> Iterator[None]:
    yield
    gc.collect()
    assert not backward.callbacks
    assert backward.breakpoints == ()


# --- callbacks --------------------------------------------------------------------------------------------------------

PASSES: dict[str, Callable[[Value], object]] = {
    "backward": lambda loss: loss.backward(),
    "steps": lambda loss: list(backward_steps(loss)),
    "mirror": lambda loss: loss.backward(debug=True),
    "anomaly": debug(anomaly=True)(lambda loss: loss.backward()),
    "both": debug(anomaly=True, mirror=True)(lambda loss: loss.backward()),
}


@pytest.mark.parametrize("run", PASSES.values(), ids=PASSES)
@examples(20)  # for each of the passes
@given(graph=graphs(), half=st.booleans())
def test_every_pass_calls_back_once_a_node_with_its_complete_gradient(
    run: Callable[[Value], object], graph: Graph, half: bool
) -> None:
    with debug():
        leaves, loss = graph.record()
    if half:
        loss = loss * graph(*leaves)  # of unknown origin
    nodes = topological(loss)
    loss.backward()
    wanted = [(node, node.grad) for node in reversed(nodes)]
    for leaf in leaves:
        leaf.grad = 0.0
    got: list[tuple[Value, float]] = []
    callbacks = [node.on_backward(lambda v: got.append((v, v.grad))) for node in nodes]
    run(loss)
    for callback in callbacks:
        callback.remove()
    assert got == wanted
    run(loss)
    assert len(got) == len(wanted)


@pytest.mark.parametrize("run", PASSES.values(), ids=PASSES)
def test_what_a_callback_writes_is_passed_on(run: Callable[[Value], object]) -> None:
    with debug():
        x = Value(3.0)
        h = x * 2.0
        loss = h * 100.0

    def clip(node: Value) -> None:
        node.grad = min(node.grad, 1.0)

    with h.on_backward(clip):
        run(loss)
    assert (h.grad, x.grad) == (1.0, 2.0)


def test_callbacks_of_one_node_are_called_in_turn_and_removed_alone() -> None:
    x = Value(3.0)
    calls: list[str] = []
    first = x.on_backward(lambda _: calls.append("first"))
    second = x.on_backward(lambda _: calls.append("second"))
    (x * x).backward()
    first.remove()
    first.remove()  # once more does no harm
    (x * x).backward()
    second.remove()
    (x * x).backward()
    assert calls == ["first", "second", "second"]


def test_a_callback_may_remove_itself_and_add_others() -> None:
    x = Value(3.0)
    calls: list[str] = []

    def once(node: Value) -> None:
        calls.append("once")
        handle.remove()
        added.append(node.on_backward(lambda _: calls.append("added")))

    added: list[object] = []
    handle = x.on_backward(once)
    (x * x).backward()
    assert calls == ["once"]
    (x * x).backward()
    assert calls == ["once", "added"]
    x.on_backward(lambda _: None).remove()
    del x._callbacks


def test_callbacks_go_with_their_node() -> None:
    x = Value(3.0)
    h = x * 2.0
    h.on_backward(print)
    assert backward.callbacks
    del h
    assert not backward.callbacks  # freed without the collector: there is no cycle


def test_copies_of_a_graph_have_no_callbacks() -> None:
    x = Value(3.0)
    calls: list[Value] = []
    with x.on_backward(lambda node: calls.append(node)):  # noqa: PLW0108 (a lambda cannot be pickled)
        for twin in (pickle.loads(pickle.dumps(x)), copy.deepcopy(x)):
            twin.backward()
    assert calls == []


def test_an_error_in_a_callback_ends_the_pass() -> None:
    x = Value(3.0)
    h = x * 2.0

    def fail(_: Value) -> None:
        raise RuntimeError("mine")

    with h.on_backward(fail), pytest.raises(RuntimeError, match="mine"):
        h.backward()
    assert x.grad == 0.0


def test_what_cannot_be_called_is_refused() -> None:
    with pytest.raises(TypeError, match=r"on_backward takes a function of the value, got 3 \(int\)"):
        Value(3.0).on_backward(3)  # type: ignore[arg-type]


# --- breakpoints ------------------------------------------------------------------------------------------------------


def recorded() -> tuple[Value, Value]:
    """A leaf, and a result that two calls of `neuron` led to."""
    w = Value(0.5)
    with debug():
        return w, neuron(w, neuron(w, Value(2.0), Value(0.1)), Value(0.1))


def test_a_primitive_stops_at_each_of_its_nodes_before_the_gradient_is_passed_on(debugger: Debugger) -> None:
    w, loss = recorded()
    loss.backward()
    wanted, w.grad = w.grad, 0.0
    with breakpoint_at("add"):
        loss.backward()
    assert debugger.calls == [(__file__, "backward of neuron", LINE)] * 2
    assert debugger.stops == [("line", LINE)] * 2  # the line of the node, not the one that comes next
    z = loss.parents[0].parents[0].parents[1].parents[0]
    assert debugger.gradients["z"] == z.grad != 0.0
    assert debugger.gradients["w"] != wanted  # the first neuron's share has not been added
    assert w.grad == wanted


def test_a_value_stops_where_it_was_made(debugger: Debugger) -> None:
    _, loss = recorded()
    with breakpoint_at(loss.parents[0]):
        loss.backward()
    assert debugger.calls == [(__file__, "backward of neuron", LINE)]


def test_a_condition_is_evaluated_when_the_gradient_is_complete(debugger: Debugger) -> None:
    _, loss = recorded()
    loss.backward()
    z = loss.parents[0].parents[0].parents[1].parents[0]
    complete, z.grad = z.grad, 0.0
    with breakpoint_at(lambda node: node is z and node.grad == complete):
        loss.backward()
    assert debugger.calls == [(__file__, "backward of neuron", LINE)]


def test_of_unknown_origin_it_stops_at_the_line_that_called_backward(debugger: Debugger) -> None:
    x = Value(3.0)
    loss = x * x * 2.0
    this = test_of_unknown_origin_it_stops_at_the_line_that_called_backward
    with breakpoint_at(x), breakpoint_at(loss.parents[0]):
        loss.backward()
    assert debugger.calls == [(__file__, f"backward of {this.__name__}", this.__code__.co_firstlineno + 5)] * 2
    assert x.grad == 12.0


def test_removed_it_does_not_stop_and_passes_are_plain_again(debugger: Debugger) -> None:
    _, loss = recorded()
    stop = breakpoint_at("tanh")
    stop.remove()
    stop.remove()
    loss.backward()
    assert debugger.calls == []


def test_a_pass_that_cannot_stop_is_not_a_mirror_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    _, loss = recorded()
    monkeypatch.setattr("autograd.debugging.mirror.mirrored_pass.build", None)  # what a mirror pass would call
    with breakpoint_at("exp"), breakpoint_at(Value(1.0)):
        loss.backward()
    with breakpoint_at("tanh"), pytest.raises(TypeError):
        loss.backward()


def test_anomaly_mode_goes_on_checking(debugger: Debugger) -> None:
    with debug():
        loss = Value(1e-300) * 1e200 * 1e200  # finite, but its derivative is 1e400
    with debug(anomaly=True), breakpoint_at("mul"), pytest.raises(NonFiniteError):
        loss.backward()
    assert debugger.calls


def test_a_condition_that_fails_fails_the_pass(debugger: Debugger) -> None:
    _, loss = recorded()
    with breakpoint_at(lambda node: 1 / 0), pytest.raises(ZeroDivisionError):
        loss.backward()


@pytest.mark.parametrize(
    ("target", "error", "message"),
    [
        ("tanhh", ValueError, r"breakpoint_at\('tanhh'\): no primitive has this name; did you mean 'tanh'\?"),
        ("§", ValueError, r"autograd\.PRIMITIVES lists them"),
        (3, TypeError, r"takes a Value, the name of a primitive or a condition, got 3 \(int\)"),
    ],
)
def test_bad_targets_are_refused(target: object, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        breakpoint_at(target)  # type: ignore[arg-type]
