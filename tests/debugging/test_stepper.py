"""The stepper: transcripts of real sessions, keys in a terminal, and the state of the graph afterwards."""

from __future__ import annotations

import io
import os
import signal
import struct
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
from autograd import Value, step, tanh
from autograd.backward import use_backward
from autograd.debugging.breakpoints import Breakpoint
from autograd.debugging.naming import Names
from autograd.debugging.stepper.commands import Stepper
from autograd.debugging.stepper.session import StepperSession
from autograd.debugging.stepper.terminal import Screen, deferred_interrupt
from autograd.debugging.walk import Walk
from autograd.graph import topological
from autograd.strategies import Graph, graphs

pexpect = pytest.importorskip("pexpect", reason="pexpect, which types at a terminal, is not installed")

TESTS = Path(__file__).parent
GOLDEN = TESTS / "golden"
PROGRAM = """\
from autograd import Value, exp, log, sqrt

def model(x):
    u = sqrt(x - 4.0)
    return log(1.0 + u) * 3.0

x = Value(5.0, label="x")
for epoch in range(3):
    loss = model(x) + exp(x) * 0.01
    loss.backward()
    print("epoch", epoch, "gradient", x.grad)
    x = Value(x.data - 0.5, label="x")
"""


def environment(**changes: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "AUTOGRAD_DEBUG")}
    return {**kept, "PYTHONPATH": str(TESTS.parent), "PYTHONIOENCODING": "utf-8", **changes}


def talk(arguments: list[str], commands: str, folder: Path, **changes: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "autograd", "step", *arguments],
        check=False,
        input=commands,
        capture_output=True,
        text=True,
        encoding="utf-8",
        cwd=folder,
        env=environment(**changes),
        timeout=60,
    )


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


# --- whole sessions ---------------------------------------------------------------------------------------------------

SESSIONS = {
    "stepper-expression": (
        ["relu(a*b + c)", "a=2", "b=-3", "c=10"],
        "help\nstep\nwhere\nnext\nprint a\nuntil a\nprint a\nlist\n"
        "back 2\nnodes\ninfo nodes\nnext\n\nback 9\nback\nq\n",
    ),
    "stepper-script": (
        ["program.py"],
        "break op sqrt if grad > 1\nb program.py:5\nbreak nan\ninfo break\ncontinue\nc\nlist\nclear 2\ninfo\nquit\n"
        "run\nwhere\nprint u\nnan\nrcontinue\ntbreak u\nc\nabort\n",
    ),
    "stepper-wrong-input": (
        ["-log(x)*y", "x=1", "y=2"],
        "bak\nb\nstep many\nuntil z\nprint lgo\nbreak op log3\nbreak other.py:3\nbreak <expression>:7\n"
        "break if y.gard > 1\nbreak if __import__('os').system('x')\nbreak nan if grad > 1\n"
        "break\nclear 3\nback\ninfo all\nhelp me\ngraph picture.bmp\ns 99\nstep\nhelp break\n",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SESSIONS)
def test_sessions_match_their_transcripts(name: str, tmp_path: Path) -> None:
    """After a deliberate change: `UPDATE_GOLDEN=1 pytest tests/debugging/test_stepper.py`, then read the diff."""
    arguments, commands = SESSIONS[name]
    (tmp_path / "program.py").write_text(PROGRAM)
    result = talk(arguments, commands, tmp_path)
    assert (result.stderr, result.returncode) == ("", 0)
    assert "\x1b" not in result.stdout  # not a terminal
    golden = GOLDEN / f"{name}.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(result.stdout, encoding="utf-8")
    assert result.stdout == golden.read_text(encoding="utf-8")


def test_output_is_ascii_if_the_encoding_has_nothing_else(tmp_path: Path) -> None:
    result = talk(["relu(a)*α", "a=2", "α=3"], "step\nprint a\ninfo nodes\nwhere\n", tmp_path, PYTHONIOENCODING="ascii")
    assert result.returncode == 0
    assert result.stdout.isascii()
    assert "dmul/drelu += dmul/drelu * dmul/dmul = 3 * 1 = 3  (0 -> 3, complete)" in result.stdout
    assert "grad 0 0.0  (not complete)" in result.stdout


# --- command line -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["relu(a*b +)", "a=2"], "not a valid expression"),
        (["3 > a - a", "a=2"], "does not depend on its inputs"),
        (["relu(a)"], "needs a number for a"),
        (["relu(a)", "a=2", "--at", "3"], "--at is for FILE.py:NAME"),
        (["nowhere.py"], "nowhere.py: no such file"),
        (["nowhere.py:f", "--at", "1"], "nowhere.py: no such file"),
        (["functions.py:g", "--at", "1"], "functions.py has no 'g'; it has"),
        (["functions.py:f", "x=1"], "takes --at 1.5,-2, not 'x=1'"),
        (["functions.py:f", "--at", "1,'a'"], "--at takes numbers"),
        (["functions.py:number", "--at", "1"], "functions.py:number does not depend on its inputs"),
        (["functions.py:broken", "--at", "1"], "functions.py:10: ZeroDivisionError"),
        (["functions.py"], "functions.py made no backward pass"),
    ],
)
def test_a_wrong_command_line_is_explained(arguments: list[str], words: str, tmp_path: Path) -> None:
    write_functions(tmp_path)
    result = talk(arguments, "", tmp_path)
    assert result.returncode == 2
    assert result.stdout == ""
    assert words in result.stderr
    assert "Traceback" not in result.stderr


def write_functions(folder: Path) -> None:
    (folder / "functions.py").write_text(
        "from autograd import Value\n\ndef f(x, w):\n    return x * w[0] + w[1]\n\n"
        "def number(x):\n    return float(x)\n\ndef broken(x):\n    return x / (1 - 1) if False else 1 / 0\n\n"
        "y = Value(3.0, label='v') * 2.0\n"
    )


def test_a_function_of_a_file_is_called_on_values_with_its_names(tmp_path: Path) -> None:
    write_functions(tmp_path)
    out = talk(["functions.py:f", "--at", "0.5,[1,-2]"], "until w[0]\n", tmp_path).stdout
    assert "∂add/∂w[0] += ∂mul/∂w[0] × ∂add/∂mul = 0.5 × 1 = 0.5" in out
    assert "functions.py:4  return x * w[0] + w[1]\n                             ^^^^^^^^\n" in out
    assert "y = 6: 1 product;" in talk(["functions.py:y"], "", tmp_path).stdout


def test_a_script_keeps_its_arguments_its_exit_code_and_its_traceback(tmp_path: Path) -> None:
    (tmp_path / "neighbour.py").write_text("two = 2.0\n")
    (tmp_path / "exits.py").write_text(
        "import sys\nfrom autograd import Value\nfrom neighbour import two\n"
        "(Value(two) * 3.0).backward()\nprint(sys.argv, __name__)\n"
        "if sys.argv[1:]: sys.exit(7)\nraise KeyError('gone')\n"
    )
    result = talk(["exits.py", "--", "--fast", "a=1"], "quit\n", tmp_path)
    assert result.returncode == 7
    assert "['exits.py', '--fast', 'a=1'] __main__" in result.stdout
    result = talk(["exits.py"], "quit\n", tmp_path)
    assert result.returncode == 1
    assert result.stderr.startswith("Traceback")
    assert "KeyError: 'gone'" in result.stderr
    assert "autograd" not in result.stderr  # only frames of the script


# --- a terminal -------------------------------------------------------------------------------------------------------


def terminal(folder: Path, **changes: str) -> Any:
    command = ["-m", "autograd", "step", "tanh(long_name)*w", "long_name=2", "w=3"]
    child = pexpect.spawn(
        sys.executable,
        command,
        cwd=folder,
        env=environment(**{"TERM": "xterm", **changes}),
        encoding="utf-8",
        timeout=30,
    )
    child.setwinsize(50, 200)
    child.expect(r"\(backward\) ")
    return child


def answer(child: Any, keys: str) -> str:
    """The screen between these keys and the next prompt; keys sent before a prompt would be lost."""
    child.send(keys)
    child.expect_exact("(backward) ")
    return str(child.before)


def test_keys_complete_recall_and_interrupt(tmp_path: Path) -> None:
    child = terminal(tmp_path, NO_COLOR="1")
    assert "long_name, a leaf" in answer(child, "pri\tlo\t\r")
    assert "breakpoint 1: op tanh" in answer(child, "b op t\t\r")  # also after an abbreviation
    assert "Ctrl-C: `quit` finishes the pass, `abort` undoes it" in answer(child, "junk\x03")
    assert "breakpoint 2: op tanh" in answer(child, "\x1b[A\r")  # the line before
    assert "[2/3] ∂mul/∂tanh = 3, complete" in answer(child, "continue\r")
    child.send("\x04")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0


@pytest.mark.parametrize(("changes", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)])
def test_colour_is_for_terminals_that_want_it(changes: dict[str, str], coloured: bool, tmp_path: Path) -> None:
    child = terminal(tmp_path, **changes)
    assert ("\x1b[1m[1/3]" in answer(child, "step\r")) == coloured
    child.send("quit\r")
    child.expect(pexpect.EOF)
    child.close()


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
    assert "[0/6] at ∂y/∂y = 1" in out


def test_a_line_is_met_once_for_a_run_of_nodes_made_there() -> None:
    with autograd.debug():
        x = Value(0.5)
        z = tanh(x * 2.0 + 1.0) * x
        y = z + tanh(x)
    line = sys._getframe().f_lineno - 2
    out = answers(y, f"break {Path(__file__).name}:{line}", "continue", "continue")
    assert out.count("breakpoint 1:") == 2  # when it was set, and once
    assert "∂y/∂z = 1, complete" in out


def test_a_condition_at_a_place_uses_the_node() -> None:
    _, _, y = small_graph()
    assert "∂y/∂h = 1.52319, complete" in answers(y, "break op tanh if grad > 1.5 and node.name == 'h'", "c")
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
        "[1/6] ∂y/∂mul_2 += ∂y/∂mul_2 × ∂y/∂y = 1 × 1 = 1  (0 → 1, complete)",
        "[4/6] ∂y/∂h = 1.52319, complete",
        "[1/1] ∂mul/∂leaf += ∂mul/∂leaf × ∂mul/∂mul = 3 × 1 = 3  (0 → 3, complete)",
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
    assert "[4/6] ∂y/∂h" in answers(y, "step 2", "")


def test_where_without_provenance_is_the_chain_rule_alone() -> None:
    _, _, y = small_graph()
    assert "  × ∂mul_2/∂h = 0.761594 → ∂y/∂h = 1.52319  (the largest of 2 products)" in answers(y, "until h", "where h")


# --- names ------------------------------------------------------------------------------------------------------------


def test_names_are_labels_then_program_then_variables_then_primitives() -> None:
    with autograd.debug():
        first, second = Value(1.0), Value(2.0)
    third = Value(3.0, label="first")
    fourth = third * second
    made = [first, second, third, fourth, third + first]
    names = Names(made, {"held": fourth, "_private": made[-1], "other": 3})
    assert [names.of[node] for node in made] == ["first_2", "second", "first", "held", "add"]
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
