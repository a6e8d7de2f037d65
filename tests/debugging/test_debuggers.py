"""Real debuggers: pdb and ipdb at a terminal, debugpy through its protocol."""

from __future__ import annotations

import math
import os
import re
import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

import autograd
from autograd import Value
from autograd.graph import topological

pytestmark = pytest.mark.slow

pexpect = pytest.importorskip("pexpect", reason="pexpect, which drives a debugger at a terminal, is not installed")
if sys.platform == "win32":
    pytest.skip("there are no pseudo-terminals here", allow_module_level=True)

LAYER = """\
def neuron(w, x, b):
    z = w * x + b
    return z.tanh()
"""
PROGRAM = """\
from autograd import Value, backward_source, breakpoint_at, debug
from layer import neuron

def model(w, x, b):
    h = neuron(w, x, b)
    return h * h

with debug():
    w, b = Value(0.5), Value(0.1)
    loss = model(w, Value(2.0), b)
"""
MIRROR = f"{PROGRAM}loss.backward(debug=True)\nprint(w.grad)\n"
WHOLE, AFTER = 11, 12  # the lines of the last two
DELTA = 2.0 * math.tanh(1.1) * (1.0 - math.tanh(1.1) ** 2)  # ∂loss/∂z for loss = tanh(z)², z = 0.5 · 2 + 0.1
W_GRAD = DELTA * 2.0
CLOSE = 1e-14  # relative: some five roundings of 1e-16 on either side

PATIENCE = 60  # seconds: no answer takes as long, and a slow machine shall fail no test
PROMPTS = {"pdb": r"\(Pdb\) ", "ipdb": "ipdb> "}


class Terminal:
    """A program at a pseudo-terminal, with a debugger's prompt."""

    def __init__(self, folder: Path, prompt: str, *arguments: str) -> None:
        environment = {**os.environ, "PYTHONPATH": str(Path(autograd.__file__).parent.parent), "TERM": "dumb"}
        environment |= {"HOME": str(folder), "IPYTHONDIR": str(folder), "PYTHONBREAKPOINT": ""}
        self._child = pexpect.spawn(
            sys.executable, list(arguments), cwd=folder, env=environment, encoding="utf-8", timeout=PATIENCE, echo=False
        )
        self._prompt = prompt
        self.start = self._answer()

    def say(self, command: str) -> str:
        """The answer to a command, without colours."""
        self._child.sendline(command)
        return self._answer()

    def walk(self, start: str, command: str) -> list[str]:
        """The places from `start` on, by one command over and over, to the first outside of the pass.

        Once each: pdb shows calls and returns too.
        """
        places = [start]
        while "backward of" in places[-1]:
            places.append(place(self.say(command)))
        return [each for each, _ in groupby(places)]

    def close(self) -> None:
        self._child.close(force=True)

    def _answer(self) -> str:
        self._child.expect([self._prompt, pexpect.EOF])
        return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", self._child.before).replace("\r\n", "\n").strip()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "layer.py").write_text(LAYER)
    (tmp_path / "program.py").write_text(MIRROR)
    return tmp_path


@pytest.fixture(params=PROMPTS)
def terminal(request: pytest.FixtureRequest, folder: Path) -> Iterator[Terminal]:
    """The program under each debugger, at its first line."""
    pytest.importorskip(request.param, reason=f"{request.param} is not installed")
    found = Terminal(folder, PROMPTS[request.param], "-m", request.param, "program.py")
    yield found
    found.close()


def place(answer: str) -> str:
    """`layer.py:2 neuron` from pdb's output, `> …/layer.py(2)neuron()`."""
    (file, line, function) = re.findall(r"^> .*?([^/]+)\((\d+)\)(.*?)\(\)", answer, re.MULTILINE)[-1]
    return f"{file}:{line} {function}"


def numbers(answer: str) -> list[float]:
    return [float(number) for number in re.findall(r"-?\d+\.\d+(?:e[-+]\d+)?", answer)]


# --- pdb and ipdb -----------------------------------------------------------------------------------------------------


def test_a_breakpoint_on_a_forward_line_fires_again_in_the_backward_pass(terminal: Terminal) -> None:
    terminal.say("break layer.py:2")
    assert place(terminal.say("continue")) == "layer.py:2 neuron"
    assert place(terminal.say("continue")) == "layer.py:2 backward of neuron"
    assert "backward of neuron" in terminal.say("where")
    assert numbers(terminal.say("p z.grad, w.data")) == pytest.approx([DELTA, 0.5], rel=CLOSE)
    assert numbers(terminal.say("p w.grad")) == [0.0]  # the line has not been carried out
    assert numbers(terminal.say("continue"))[0] == pytest.approx(W_GRAD, rel=CLOSE)


@pytest.mark.parametrize(
    ("terminal", "command"), [("pdb", "next"), ("pdb", "step"), ("ipdb", "next")], indirect=["terminal"]
)
def test_next_walks_backwards_through_the_files_of_the_program(terminal: Terminal, command: str) -> None:
    terminal.say("break program.py:6")
    terminal.say("continue")
    assert terminal.walk(place(terminal.say("continue")), command) == [
        "program.py:6 backward of model",
        "layer.py:1 backward of neuron",
        "layer.py:3 backward of neuron",
        "layer.py:2 backward of neuron",
        "program.py:10 backward of <module>",
        "program.py:9 backward of <module>",
        f"program.py:{AFTER} <module>",
    ]


def test_breakpoint_at_stops_pdb_at_the_line_of_the_node(folder: Path) -> None:
    (folder / "program.py").write_text(f"{PROGRAM}breakpoint_at('add')\nloss.backward()\nprint(w.grad)\n")
    terminal = Terminal(folder, PROMPTS["pdb"], "program.py")
    try:
        assert place(terminal.start) == "layer.py:2 backward of neuron"
        assert terminal.say("p w.grad, z.grad == 0") == "(0.0, False)"
        assert place(terminal.say("next")) == "layer.py:2 backward of neuron"  # it returns
        assert terminal.say("p w.grad == 0") == "False"
        assert terminal.walk("layer.py:2 backward of neuron", "next")[1:] == [
            "program.py:10 backward of <module>",
            "program.py:9 backward of <module>",
            "program.py:13 <module>",
        ]
    finally:
        terminal.close()


def test_e8_up_goes_to_the_line_that_called_backward_and_next_stays_there(terminal: Terminal) -> None:
    terminal.say("break layer.py:2")
    terminal.say("continue")
    terminal.say("continue")
    assert "mirror" not in terminal.say("where")
    assert place(terminal.say("up")) == f"program.py:{WHOLE} <module>"
    assert place(terminal.say("next")) == f"program.py:{AFTER} <module>"
    assert numbers(terminal.say("next"))[0] == pytest.approx(W_GRAD, rel=CLOSE)  # carried out once, and completely


def test_e8_next_stays_in_a_caller_that_was_not_traced(folder: Path) -> None:
    (folder / "program.py").write_text(
        f"{PROGRAM}def train():\n    with breakpoint_at('add'):\n        loss.backward()\n    print(w.grad)\ntrain()\n"
    )
    terminal = Terminal(folder, PROMPTS["pdb"], "program.py")
    try:
        assert place(terminal.start) == "layer.py:2 backward of neuron"
        assert place(terminal.say("up")) == "program.py:13 train"
        assert place(terminal.say("next")) == "program.py:12 train"  # the end of the block
        assert place(terminal.say("next")) == "program.py:14 train"
    finally:
        terminal.close()


def test_the_generated_source_can_be_stepped_into(folder: Path) -> None:
    (folder / "program.py").write_text(f"{PROGRAM}source = backward_source(loss)\nsource.run()\n")
    terminal = Terminal(folder, PROMPTS["pdb"], "-m", "pdb", "program.py")
    try:
        terminal.say(f"until {AFTER}")
        terminal.say("break source._function")
        answer = terminal.say("continue")
        while "z.grad += " not in answer:
            answer = terminal.say("next")
        assert place(answer).startswith("backward_")
        assert "∂tanh/∂z = 0.359" in answer
    finally:
        terminal.close()


# --- debugpy ----------------------------------------------------------------------------------------------------------


def test_debugpy_walks_the_program_backwards_with_its_default_settings(folder: Path) -> None:
    pytest.importorskip("debugpy", reason="debugpy is not installed")
    from tests.debugging.dap_client import Session

    root = Path(autograd.__file__).parent
    environment = {**os.environ, "PYTHONPATH": str(root.parent)}
    environment["LIBRARY_ROOTS"] = str(root)  # where it is when installed, in site-packages, debugpy knows by itself
    with Session(folder / "program.py", {folder / "layer.py": [3]}, environment) as session:
        assert session.stopped() == "layer.py:3 neuron"
        assert session.go("continue") == "layer.py:3 backward of neuron"
        assert session.go("next") == "layer.py:2 backward of neuron"
        shown = session.variables()
        assert float(shown["z.grad"]) == pytest.approx(DELTA, rel=CLOSE)
        assert (shown["w.data"], shown["w.grad"], shown["x.data"]) == ("0.5", "0.0", "2.0")
        assert session.go("next") == "program.py:10 backward of <module>"
        assert session.go("next") == "program.py:9 backward of <module>"
        shown = session.variables()
        assert float(shown["w.grad"]) == pytest.approx(W_GRAD, rel=CLOSE)
        assert not any("autograd" in frame for frame in session.stack())
        assert session.go("next") == f"program.py:{WHOLE} <module>"
        assert float(session.output()) == pytest.approx(W_GRAD, rel=CLOSE)


def test_breakpoint_at_stops_debugpy_at_the_line_of_the_node(folder: Path) -> None:
    pytest.importorskip("debugpy", reason="debugpy is not installed")
    from tests.debugging.dap_client import Session

    (folder / "program.py").write_text(f"{PROGRAM}breakpoint_at('add')\nloss.backward()\nprint(w.grad)\n")
    root = Path(autograd.__file__).parent
    environment = {**os.environ, "PYTHONPATH": str(root.parent), "LIBRARY_ROOTS": str(root)}
    with Session(folder / "program.py", {}, environment) as session:
        assert session.stopped() == "layer.py:2 backward of neuron"
        assert session.variables()["w.grad"] == "0.0"
        assert session.go("next") == "program.py:10 backward of <module>"


# --- the plain loop ---------------------------------------------------------------------------------------------------


def test_the_plain_pass_is_few_lines_to_step_through() -> None:
    x = Value(0.5)
    h = x
    for _ in range(8):
        h = (h * x + 1.0).tanh()
    assert len(topological(h)) == 25
    lines, calls = 0, []

    def trace(frame: FrameType, event: str, _: object) -> Any:
        nonlocal lines
        lines += event == "line" and frame.f_code.co_name == "plain_pass"
        if event == "call" and frame.f_back is not None and frame.f_back.f_code.co_name == "plain_pass":
            calls.append(frame.f_code.co_name)
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        h.backward()
    finally:
        sys.settrace(before)
    # Seven lines at most for a node with parents, where micrograd steps through a closure: 264 lines in 58 calls.
    assert 0 < lines <= 7 * 24 + 5
    assert len(calls) <= 4  # before and after the loop; none in it
