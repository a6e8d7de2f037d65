"""The stepper in this process: its commands, names, breakpoints, and the state of the graph afterwards."""

from __future__ import annotations

import io
import re
import signal
import struct
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
from autograd import Value, backward_source, step, tanh
from autograd.backward import use_backward
from autograd.debugging import suggestions
from autograd.debugging.breakpoints import Breakpoint
from autograd.debugging.naming import Names
from autograd.debugging.stepper.commands import Stepper
from autograd.debugging.stepper.session import StepperSession
from autograd.debugging.stepper.terminal import Screen, deferred_interrupt
from autograd.debugging.walk import Walk
from autograd.graph import topological
from autograd.strategies import Graph, graphs


def answers(loss: Value, *commands: str) -> str:
    """What the stepper prints for these commands, followed by `quit`."""
    out = io.StringIO()
    step(loss, stdin=io.StringIO("".join([f"{command}\n" for command in commands])), stdout=out)
    return out.getvalue()


def bits(nodes: Iterable[Value]) -> list[bytes]:
    return [struct.pack("<d", node.grad) for node in nodes]


def small_graph() -> tuple[Value, Value, Value]:
    """x, h = tanh(x * 2) and y = h * h + x, without provenance."""
    x = Value(0.5, label="x")
    h = tanh(x * 2.0)
    h.label = "h"
    y = h * h + x
    y.label = "y"
    return x, h, y


# --- how the graph is left --------------------------------------------------------------------------------------------

COMMANDS = (
    *(
        "step",
        "step 3",
        "",
        "next",
        "next 2",
        "back",
        "back 4",
        "continue",
        "rcontinue",
        "until leaf",
        "print",
        "where",
    ),
    *("break if index > 2", "break nan", "tbreak if contribution < 0", "clear", "info", "nan", "nonsense"),
)
GRAPHS = graphs(primitives=("neg", "exp", "tanh", "relu", "add", "mul", "div", "total", "dot"))


@given(GRAPHS, st.lists(st.sampled_from(COMMANDS), max_size=12), st.sampled_from(("quit", "run", "abort", "EOF")))
def test_gradients_are_those_of_backward_or_those_before(graph: Graph, commands: list[str], ending: str) -> None:
    def record() -> Value:
        xs = [Value(x) for x in graph.inputs]
        for x in xs:
            x.grad = 0.1
        root: Value = graph(*xs)
        return root

    root, expected = record(), record()
    if ending != "abort":
        expected.backward()
    answers(root, *commands, *([] if ending == "EOF" else ["clear", ending]))
    assert bits(topological(root)) == bits(topological(expected))


def test_an_exception_leaves_the_gradients_as_they_were() -> None:
    _, _, y = small_graph()
    y.backward()
    before = bits(topological(y))

    closed = io.StringIO("step\n")
    closed.close()
    with pytest.raises(ValueError, match="closed file"):
        step(y, stdin=closed, stdout=io.StringIO())
    assert bits(topological(y)) == before
    with pytest.raises(TypeError, match=r"starts at a Value, got 2.0 \(float\)"):
        step(2.0)  # type: ignore[arg-type]


def test_ctrl_c_stops_a_run_between_two_products_and_undo_stays_exact() -> None:
    _, _, y = small_graph()
    walk = Walk(y)
    before = bits(walk.nodes)
    stepper = Stepper(walk, stdin=io.StringIO(), stdout=(out := io.StringIO()))

    def press(node: Value) -> bool:
        signal.raise_signal(signal.SIGINT)
        return False

    stepper.breakpoints[1] = Breakpoint("pressed", place=press)
    stepper.onecmd("continue")
    assert "stopped by Ctrl-C" in out.getvalue()
    assert 0 < walk.index < len(walk)
    stepper.breakpoints.clear()
    stepper.onecmd("back 99")
    assert bits(walk.nodes) == before


def test_an_interrupt_is_only_deferred_inside_the_block() -> None:
    with deferred_interrupt() as was_pressed:
        signal.raise_signal(signal.SIGINT)
        assert was_pressed()
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


def test_at_the_end_of_the_input_later_passes_just_run() -> None:
    out = io.StringIO()
    x, _, y = small_graph()
    with use_backward(StepperSession(io.StringIO("step\n"), out)):
        y.backward()
        y.backward()
    assert out.getvalue().count("backward pass") == 1
    expected, _, same = small_graph()
    same.backward()
    same.backward()
    assert bits([x]) == bits([expected])


# --- commands ---------------------------------------------------------------------------------------------------------


def test_breakpoints_are_met_in_both_directions_at_the_same_moments() -> None:
    _, _, y = small_graph()
    out = answers(y, "break h", "break x", "continue", "continue", "rcontinue", "rcontinue")
    arrivals = [line for line in out.splitlines() if line.endswith(", complete") and line.startswith("[")]
    assert [line[:5] for line in arrivals] == ["[4/6]", "[6/6]", "[4/6]"]
    assert "[0/6] at ∂L/∂y = 1" in out


def test_a_line_is_met_once_for_a_run_of_nodes_made_there() -> None:
    with autograd.debug():
        x = Value(0.5)
        z = tanh(x * 2.0 + 1.0) * x
        y = z + tanh(x)
    line = sys._getframe().f_lineno - 2
    out = answers(y, f"break {Path(__file__).name}:{line}", "continue", "continue")
    assert out.count("breakpoint 1:") == 2  # when it was set, and once
    assert "∂L/∂z = 1, complete" in out


def test_a_condition_at_a_place_uses_the_node() -> None:
    _, _, y = small_graph()
    assert "∂L/∂h = 1.52319, complete" in answers(y, "break op tanh if grad > 1.5 and node.name == 'h'", "c")
    assert "the backward pass is complete" in answers(y, "break op tanh if grad > 1.6", "c")
    assert "no name 'local' here" in answers(y, "break op tanh if local > 1")
    assert "⚠ cannot compute this for 'tanh', 1.0" in answers(y, "break op tanh if op > 1", "c")


def test_a_condition_on_a_line_is_evaluated_at_every_node_of_the_line() -> None:
    with autograd.debug():
        x = Value(0.5)
        y = tanh(x * 2.0 + 1.0) * x
    line = sys._getframe().f_lineno - 1
    out = answers(y, f"break {Path(__file__).name}:{line} if op == 'tanh'", "continue")  # the product is first
    assert out.count("breakpoint 1:") == 2


def test_tbreak_stops_once_and_clear_removes() -> None:
    _, _, y = small_graph()
    out = answers(y, "tbreak if index == 1", "break if index == 2", "info", "c", "c", "rc", "clear", "c")
    assert out.count("breakpoint 1: if index == 1") == 3  # set, listed, met
    assert out.count("breakpoint 2: if index == 2") == 3
    assert "removed all breakpoints" in out
    assert "the backward pass is complete" in out


def test_breakpoints_are_kept_for_the_next_pass() -> None:
    out = io.StringIO()
    _, _, y = small_graph()
    with use_backward(
        StepperSession(io.StringIO("break op tanh\nbreak if index == 1\nquit\ninfo break\nrun\nrun\nrun\nrun\n"), out)
    ):
        for _ in range(2):
            y.backward()
        (Value(2.0) * 3.0).backward()  # no tanh here, but a product 0
    text = out.getvalue()
    assert "breakpoint 1: op tanh  (hits: 0)" in text
    assert [line for line in text.splitlines() if line.startswith("[")] == [
        "[1/6] ∂L/∂mul_2 += ∂y/∂mul_2 · ∂L/∂y = 1 × 1 = 1  (0 → 1, complete)",
        "[4/6] ∂L/∂h = 1.52319, complete",
        "[1/1] ∂L/∂leaf += ∂mul/∂leaf · ∂L/∂mul = 3 × 1 = 3  (0 → 3, complete)",
        "[1/1] the backward pass is complete: every gradient is what backward() computes",
    ]


def test_graph_draws_this_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    _, _, y = small_graph()
    out = answers(y, "step 2", "graph", "graph half way.svg", "graph no/such/folder.svg")
    assert "wrote backward-2.svg" in out
    assert "after 2 of 6 products" in (tmp_path / "half way.svg").read_text(encoding="utf-8")
    assert "⚠" in out


def test_list_needs_a_source() -> None:
    _, _, y = small_graph()
    assert "the source of y is not known: build the graph inside" in answers(y, "list")
    assert "no line is known for any node of this graph" in answers(y, "break 3")
    assert "no source lines" in answers(y, "info")


def test_an_empty_line_repeats_the_last_command() -> None:
    _, _, y = small_graph()
    assert "[4/6] ∂L/∂h" in answers(y, "step 2", "")


def test_where_without_provenance_is_the_chain_rule_alone() -> None:
    _, _, y = small_graph()
    assert "  · ∂mul_2/∂h = 0.761594 → ∂L/∂h = 1.52319  (the largest of 2 products)" in answers(y, "until h", "where h")


# --- names ------------------------------------------------------------------------------------------------------------


def test_names_are_labels_then_program_then_variables_then_primitives() -> None:
    with autograd.debug():
        first, second = Value(1.0), Value(2.0)
    third = Value(3.0, label="first")
    fourth = third * second
    made = [first, second, third, fourth, third + first]
    names = Names(made, {"held": fourth, "_private": made[-1], "other": 3})
    assert [names.of[node] for node in made] == ["first_1", "second", "first", "held", "add"]
    assert all(names.find(text) is node for text, node in names.nodes.items())


@given(st.lists(st.sampled_from(("x", "x_2", "x_3", "", "a\nb", "\x1b[1m")), min_size=1, max_size=12))
def test_names_are_unique_and_printable(labels: list[str]) -> None:
    nodes = [Value(0.0, label=label) for label in labels]
    names = Names(nodes)
    assert len(set(names.of.values())) == len(nodes)
    assert all(name.isprintable() and name for name in names.of.values())


def test_what_an_encoding_cannot_show_is_replaced() -> None:
    raw = io.BytesIO()
    screen = Screen(io.TextIOWrapper(raw, encoding="latin-1"))
    screen.say("∂α × 2 → é")
    assert raw.getvalue().decode("latin-1") == "d? * 2 -> é\n"


def test_help_fits_into_80_columns() -> None:
    _, _, y = small_graph()
    stepper = Stepper(Walk(y), stdout=io.StringIO())
    out = answers(y, "help", *[f"help {command}" for command in stepper.commands])
    assert [line for line in out.split("\n") if len(line) > 80] == []


# --- one notation, names of today, suggestions (row E8) ---------------------------------------------------------------


def test_e8_accumulated_local_and_upstream_can_be_told_apart() -> None:
    a, b = Value(2.0, label="a"), Value(-3.0, label="b")
    out = answers(a * b, "step")
    assert "backward pass of L = loss = -6" in out
    assert "∂L/∂a += ∂loss/∂a · ∂L/∂loss = -3 × 1 = -3" in out


@pytest.mark.parametrize(("labels", "loss"), [(["x", "L"], "J"), (["L", "J"], "E"), (["x"], "L")])
def test_e8_no_node_is_called_as_the_root_is_written(labels: list[str], loss: str) -> None:
    nodes = [Value(1.0, label=label) for label in labels]
    assert f"∂{loss}/∂{labels[0]} += " in answers(autograd.total(nodes) * 2.0, "step", "step")


def test_e8_the_root_of_that_name_keeps_it() -> None:
    x = Value(3.0, label="x")
    y = x * x
    y.label = "L"
    out = answers(y, "step")
    assert "backward pass of L = 9" in out
    assert "∂L/∂x += ∂L/∂x · ∂L/∂L = 3 × 1 = 3" in out


def test_e8_the_last_binding_of_a_variable_has_its_name() -> None:
    with autograd.debug():
        w = Value(0.5)
        loss = Value(0.0)
        for target in (1.0, 2.0, 3.0):
            loss = loss + (w - target) ** 2
    names = Names(topological(loss), {})
    assert names.of[loss] == "loss"
    assert {f"loss_{i}" for i in (1, 2, 3)} < set(names.nodes) >= {"loss"}
    assert names.nodes["loss_1"].data == 0.0
    assert f"loss = loss_3 + pow_3\n      data {loss.data!r}" in answers(loss, "p loss")
    assert "    loss.grad += 1.0" in backward_source(loss)


def test_e8_a_variable_is_what_the_program_still_holds() -> None:
    with autograd.debug():
        x = Value(2.0)
        h = x * 3.0
        first = tanh(h)
        h = x * 5.0
        loss = h * first  # whose operands are in the opposite order in the graph
    assert Names(topological(loss), {"h": h}).find("h") is h


@pytest.mark.parametrize(
    ("typed", "right"),
    [
        ("p x.grad", "x.grad = 0.0 so far (2 pending); `print x` shows where it comes from"),
        ("p abs(h.grad) > 2", "False"),
        ("p grad", "1.0"),
        ("x.grad", "did you mean `print x.grad`?"),
        ("x", "did you mean `print x`?"),
        ("pp x", "did you mean `print x`?"),
        ("bt", "did you mean `where`?"),
        ("until x.grad", "write x"),
        ("break x.grad", "write `break x`"),
        ("break if abs(grad) > 2", "write `break if abs(after) > 2` for the gradient after each product"),
        ("break if abs(grad) > 2", "or `break NODE if abs(grad) > 2`"),
        ("break abs(grad) > 2", "write `break if abs(after) > 2`"),
        ("break x.grad > 2", "write `break if x.grad > 2`"),
        ("break h, grad > 2", "write `break h if grad > 2`"),
        ("break if(x.grad > 2)", "breakpoint 1: if (x.grad > 2)"),
        ("break if data > 2", "write `break if node.data > 2`"),
        ("break h if after > 2", "write `break h if grad > 2`"),
        ("break op tanh if local > 2", 'write `break if local > 2 and op == "tanh"`'),
        ("break h if local > 2", 'write `break if local > 2 and parent.name == "h"`'),
        ("break tanh", "write `break op tanh`"),
        ("p x.gard", "no attribute .gard; a node has data, grad, op, name"),
    ],
)
def test_e8_what_people_type_is_answered_with_the_right_form(typed: str, right: str) -> None:
    _, _, y = small_graph()
    assert right in answers(y, typed)


def test_e8_suggested_forms_are_accepted() -> None:
    _, _, y = small_graph()
    forms = [text for typed in ("grad > 1", "abs(grad) > 2 and data < 0") for text in _forms(typed)]
    assert len(forms) == 4
    out = answers(y, *[form.replace("NODE", "h") for form in forms])
    assert "⚠" not in out


def _forms(condition: str) -> list[str]:
    return re.findall("`(.*?)`", suggestions.for_condition("", condition))


def test_e8_every_suggested_command_exists() -> None:
    _, _, y = small_graph()
    commands = Stepper(Walk(y), stdout=io.StringIO()).commands
    assert {text.split()[0] for text in suggestions.COMMANDS.values()} <= set(commands)
    assert not set(suggestions.COMMANDS) & set(commands)
