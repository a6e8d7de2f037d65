"""The generated source of a pass: readable, valid, and the same gradients to the bit when it is run."""

from __future__ import annotations

import gc
import keyword
import linecache
import math
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import Value, backward_source, debug, dot, exp, total
from autograd.debugging.identifiers import identifier, identifiers
from autograd.graph import topological
from tests.support.graphs import Graph, graphs


def neuron(w: Value, x: Value, b: Value) -> Value:
    z = w * x + b
    return z  # noqa: RET504 (a name to be found)


def run_text(source: Any) -> None:
    """What a user does with the text alone."""
    scope: dict[str, Any] = {}
    exec(str(source), scope)
    scope["backward"](**source.nodes)


def bits(nodes: list[Value]) -> list[str]:
    return [node.grad.hex() for node in nodes]


@given(graphs())
def test_running_it_gives_the_gradients_of_backward_to_the_bit(graph: Graph) -> None:
    _, loss = graph.record()
    nodes = topological(loss)
    loss.backward()
    loss.backward()
    wanted = bits(nodes)
    for node in nodes:
        node.grad = 7.0 if node.primitive else 0.0  # what an earlier pass left behind
    source = backward_source(loss)
    for run in (source.run, lambda: run_text(source)):
        run()
    assert bits(nodes) == wanted


def test_a_product_a_line_with_the_names_of_the_program_and_the_numbers() -> None:
    with debug():
        w, x, b = Value(2.0), Value(-3.0), Value(10.0)
        loss = neuron(w, x, b)
    here = neuron.__code__.co_firstlineno + 1
    assert str(backward_source(loss)).splitlines() == [
        "def backward(w, x, mul, b, z):",
        "    mul.grad = z.grad = 0.0",
        "    z.grad += 1.0                           # L = z: ∂L/∂z = 1",
        f"    # test_backward_source.py:{here}: z = w * x + b",
        "    mul.grad += z.grad                      # ∂L/∂mul += ∂z/∂mul · ∂L/∂z, ∂z/∂mul = 1",
        "    b.grad += z.grad                        # ∂L/∂b += ∂z/∂b · ∂L/∂z, ∂z/∂b = 1",
        "    w.grad += x.data * mul.grad             # ∂L/∂w += ∂mul/∂w · ∂L/∂mul, ∂mul/∂w = −3",
        "    x.grad += w.data * mul.grad             # ∂L/∂x += ∂mul/∂x · ∂L/∂mul, ∂mul/∂x = 2",
    ]


def test_a_local_derivative_is_written_as_the_value_that_it_is() -> None:
    w, x, b = Value(2.0, label="w"), Value(-3.0, label="x"), Value(10.0, label="b")
    lines = str(backward_source(exp(dot([w], [x], b)) * 3.0 - w))
    for product in ("exp.data * exp.grad", "x.data * dot.grad", "w.data * dot.grad", "3.0 * mul.grad", "-sub.grad"):
        assert f"+= {product} " in lines


def test_a_value_that_has_changed_since_is_written_as_the_number_it_was() -> None:
    w, x = Value(2.0, label="w"), Value(-3.0, label="x")
    y = w * x
    w.data = 5.0
    source = backward_source(y)
    assert "x.grad += 2.0 * mul.grad" in source
    source.run()
    assert (w.grad, x.grad) == (-3.0, 2.0)


def test_infinities_and_nan_are_names_that_no_value_takes() -> None:
    x = Value(1.0, label="inf")
    source = backward_source(Value(0.0, (x, x, x), (math.inf, -math.inf, math.nan), op="nan"))
    assert source.startswith("from math import inf, nan")
    run_text(source)
    assert math.isnan(x.grad)


def test_a_rule_that_breaks_on_anything_but_numbers_is_written_in_numbers() -> None:
    x = Value(3.0, label="x")
    assert "x.grad += 6.0 * square.grad" in backward_source(Value(9.0, (x,), (6.0,), op="square"))


def test_long_argument_lists_are_wrapped() -> None:
    source = backward_source(total([Value(float(i), label=f"weight[{i}]") for i in range(100)]))
    assert max(map(len, source.splitlines())) <= 120
    source.run()
    assert all(node.grad == 1.0 for node in source.nodes.values())


def test_the_root_may_be_a_leaf() -> None:
    x = Value(3.0, label="x")
    source = backward_source(x)
    source.run()
    source.run()
    assert x.grad == 2.0


def test_what_is_no_value_is_refused() -> None:
    with pytest.raises(TypeError, match=r"backward_source takes a Value, got 3\.0 \(float\)"):
        backward_source(3.0)  # type: ignore[arg-type]


# --- names ------------------------------------------------------------------------------------------------------------


@given(st.lists(st.text(max_size=6) | st.sampled_from(["x", "x_2", "w2[1,0]", "lambda", "inf", "backward", "² "])))
def test_names_are_valid_and_unique_whatever_the_labels(labels: list[str]) -> None:
    nodes = [Value(0.0, label=label) for label in labels]
    found = list(identifiers(nodes).values())
    assert len(found) == len(set(found)) == len(nodes)
    assert all(name.isidentifier() and not keyword.iskeyword(name) for name in found)
    assert not {"inf", "nan", "backward"} & set(found)


@given(st.text())
def test_a_name_stays_itself_when_python_reads_it(text: str) -> None:
    name = identifier(text)
    scope: dict[str, Any] = {}
    exec(f"{name} = 1", scope)
    assert name in scope


# --- for debuggers ----------------------------------------------------------------------------------------------------


def test_without_a_debugger_the_lines_are_in_memory_as_long_as_the_source() -> None:
    x = Value(3.0, label="x")
    tracing = sys.gettrace()
    sys.settrace(None)  # a test run may itself be traced, for coverage
    try:
        source = backward_source(x * x)
        file = source.file
    finally:
        sys.settrace(tracing)
    assert re.fullmatch(r"<backward \d+>", file)
    assert "".join(linecache.getlines(file)) == str(source)
    del source
    gc.collect()
    assert not linecache.getlines(file)


def test_with_a_debugger_there_is_a_file_as_long_as_the_source() -> None:
    x = Value(3.0, label="x")
    source = backward_source(x * x)
    tracing = sys.gettrace()
    sys.settrace(lambda *_: None)
    try:
        file = Path(source.file)
    finally:
        sys.settrace(tracing)
    assert file.read_text(encoding="utf-8") == str(source)
    assert source.file == str(file)  # asked again, the same
    del source
    gc.collect()
    assert not file.exists()


def test_an_error_in_the_pass_shows_the_line_of_the_source() -> None:
    x = Value(3.0, label="x")
    source = backward_source(x * x)
    x._data = None  # type: ignore[assignment]
    with pytest.raises(TypeError) as error:
        source.run()
    frame = error.traceback[-1]
    assert (str(frame.path), frame.name) == (source.file, "backward")
    assert "x.grad += x.data * mul.grad" in linecache.getline(source.file, frame.lineno + 1)
