"""The debug adapter, driven by a client of its protocol over a socket and over pipes, as editors do it."""

from __future__ import annotations

import io
import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import autograd
from autograd.debugging.dap import command
from autograd.debugging.dap.protocol import LARGEST, Connection, ProtocolError
from tests.dap_client import PATIENCE, Client

ROOT = Path(autograd.__file__).parent.parent
MODEL = """\
from autograd import tanh


def model(w, x):
    z = w * x
    a = tanh(z)
    return a
"""
TRAIN = """\
from autograd import Value
from model import model

w = Value(0.3)
b = Value(-0.1)
for x in (0.7, 1.1):
    w.grad = b.grad = 0.0
    y = model(w, Value(x))
    loss = (y + b) ** 2 * w
    loss.backward()
    print(w.grad.hex(), b.grad.hex())
"""
LOSS_LINE, Y_LINE, BACKWARD_LINE, Z_LINE = 9, 8, 10, 5
NAMES = ("loss", "a", "b", "w")


def expected_output() -> str:
    """What the program prints without a debugger."""
    folder: dict[str, Any] = {}
    exec(MODEL, folder)
    lines = []
    for x in (0.7, 1.1):
        w, b = autograd.Value(0.3), autograd.Value(-0.1)
        ((folder["model"](w, autograd.Value(x)) + b) ** 2 * w).backward()
        lines.append(f"{w.grad.hex()} {b.grad.hex()}")
    return "\n".join(lines) + "\n"


class _Pipe:
    """The pipes of a process, where the client has its socket."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdin is not None
        self._stdin = process.stdin

    def sendall(self, data: bytes) -> None:
        self._stdin.write(data)
        self._stdin.flush()

    def close(self) -> None:
        self._stdin.close()


class PipeClient(Client):
    """The client, with the adapter as its child."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._socket: Any = _Pipe(process)
        self._stream: Any = process.stdout
        self._sent, self._unread = 0, []


class Editor:
    """What a person does in an editor."""

    def __init__(self, client: Client, process: subprocess.Popen[bytes], folder: Path) -> None:
        self.client, self.process, self.folder = client, process, folder

    def start(
        self,
        lines: Sequence[dict[str, Any]] = (),
        *,
        file: str = "train.py",
        names: Sequence[str] = (),
        filters: Sequence[str] = ("nan",),
        request: str = "attach",
        **options: Any,
    ) -> Any:
        """Connect, set breakpoints, start the program; what the adapter says of the breakpoints."""
        self.client.request("initialize", adapterID="autograd", pathFormat="path")
        self.client.request(request, **options)
        self.client.event("initialized")
        placed = self.set_lines(lines, file)
        self.client.request("setFunctionBreakpoints", breakpoints=[{"name": name} for name in names])
        self.client.request("setExceptionBreakpoints", filters=list(filters))
        self.client.request("configurationDone")
        return placed

    def set_lines(self, lines: Sequence[dict[str, Any]], file: str = "train.py") -> Any:
        source = {"path": str(self.folder / file)}
        return self.client.request("setBreakpoints", source=source, breakpoints=list(lines))["breakpoints"]

    def go(self, command: str, **arguments: Any) -> str:
        self.client.request(command, threadId=1, **arguments)
        return self.stopped()

    def stopped(self) -> str:
        """Wait for a stop; the reason, and where: `step train.py:9`."""
        reason = self.client.event("stopped")["reason"]
        return f"{reason} {self.where()}"

    def frames(self) -> Any:
        return self.client.request("stackTrace", threadId=1)["stackFrames"]

    def where(self) -> str:
        top = self.frames()[0]
        return f"{top['source']['name']}:{top['line']}" if "source" in top else "nowhere"

    def evaluate(self, expression: str) -> str:
        return str(self.client.request("evaluate", expression=expression, context="repl")["result"])

    def gradients(self) -> list[str]:
        return [self.evaluate(f"{name}.grad") for name in NAMES]

    def scopes(self, frame: int = 0) -> dict[str, dict[str, str]]:
        """All variables of a frame by scope."""
        id_ = self.frames()[frame]["id"]
        scopes = self.client.request("scopes", frameId=id_)["scopes"]
        return {scope["name"]: self.inside(scope) for scope in scopes}

    def inside(self, holder: dict[str, Any]) -> dict[str, str]:
        answer = self.client.request("variables", variablesReference=holder["variablesReference"])
        return {row["name"]: row["value"] for row in answer["variables"]}

    def finish(self) -> tuple[int, str]:
        """Let the program come to its end; its exit code and what it printed."""
        self.client.request("continue", threadId=1)
        return self.ended()

    def ended(self) -> tuple[int, str]:
        code = self.client.event("exited")["exitCode"]
        self.client.event("terminated")
        printed = "".join(
            message["body"]["output"] for message in self.client._unread if message.get("event") == "output"
        )
        self.client.request("disconnect")
        self.client.close()
        assert self.process.wait(PATIENCE) == code
        return code, printed


def start_process(arguments: Sequence[str], folder: Path) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}
    pipe = subprocess.PIPE
    whole = [sys.executable, "-m", "autograd", "dap", *arguments]
    return subprocess.Popen(whole, cwd=folder, env=environment, stdin=pipe, stdout=pipe, stderr=pipe)


@contextmanager
def debugging(
    folder: Path, program: str = TRAIN, *, how: str = "socket", arguments: Sequence[str] = ()
) -> Iterator[Editor]:
    """An adapter with a program, and an editor connected to it."""
    (folder / "model.py").write_text(MODEL)
    (folder / "train.py").write_text(program)
    mode = {"socket": ["--port", "0", "train.py"], "stdio": ["--stdio"]}[how]
    process = start_process([*mode, *arguments], folder)
    try:
        client: Client
        if how == "stdio":
            client = PipeClient(process)
        else:
            assert process.stderr is not None
            client = Client(("127.0.0.1", int(process.stderr.readline().rpartition(b":")[2])))
        yield Editor(client, process, folder)
        client.close()
    finally:
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                stream.close()


@pytest.mark.parametrize("how", ["socket", "stdio"])
def test_steps_forwards_and_back_through_every_moment(tmp_path: Path, how: str) -> None:
    with debugging(tmp_path, how=how) as editor:
        if how == "socket":
            editor.start()
        else:
            editor.start(request="launch", program="train.py", cwd=str(tmp_path))
        assert editor.stopped() == f"entry train.py:{LOSS_LINE}"
        moments = [editor.gradients()]
        while editor.go("stepIn") != f"step train.py:{Y_LINE}":  # Value(x), the last to be complete
            moments.append(editor.gradients())
        moments.append(editor.gradients())
        assert len(set(map(tuple, moments))) > 4
        for index in reversed(range(len(moments) - 1)):
            assert editor.go("stepBack", granularity="instruction").startswith("step")
            assert editor.gradients() == moments[index]
        code, printed = editor.finish()
        assert (code, printed) == (0, expected_output())


def test_stops_in_the_lines_of_breakpoints_both_ways(tmp_path: Path) -> None:
    with debugging(tmp_path) as editor:
        [before] = editor.start([{"line": Z_LINE}], file="model.py", stopOnEntry=False)
        assert (before["verified"], "when a backward pass begins" in before["message"]) == (False, True)
        assert editor.stopped() == f"breakpoint model.py:{Z_LINE}"
        placed = editor.client.event("breakpoint")["breakpoint"]
        assert (placed["id"], placed["verified"], placed["line"]) == (before["id"], True, Z_LINE)
        assert editor.go("next") == f"step train.py:{Y_LINE}"  # at the end, where Value(x) is complete
        assert editor.go("reverseContinue") == f"breakpoint model.py:{Z_LINE}"
        assert editor.go("reverseContinue") == f"entry train.py:{LOSS_LINE}"
        assert editor.go("continue") == f"breakpoint model.py:{Z_LINE}"
        assert editor.go("continue") == f"breakpoint model.py:{Z_LINE}"  # of the second pass
        assert editor.finish() == (0, expected_output())


def test_says_why_a_breakpoint_is_not_verified(tmp_path: Path) -> None:
    with debugging(tmp_path) as editor:
        editor.start()
        editor.stopped()
        rows = editor.set_lines([{"line": 1}, {"line": LOSS_LINE}, {"line": LOSS_LINE, "condition": "import os"}])
        assert [row["verified"] for row in rows] == [False, True, False]
        assert re.search(r"no node was made in .*train\.py:1; in that file, .* lines 4, 5, 8, 9", rows[0]["message"])
        assert rows[2]["message"].startswith("this is no expression")


def test_conditions_and_names(tmp_path: Path) -> None:
    with debugging(tmp_path) as editor:
        lines = [{"line": LOSS_LINE, "condition": "op == 'pow' and abs(grad - w.data) < 1e-9"}]
        editor.start(lines, names=["tanh", "b", "tnah"], stopOnEntry=False)
        assert editor.stopped() == f"breakpoint train.py:{LOSS_LINE}"
        assert editor.evaluate("node.op") == "'mul'"  # its product has just reached the power
        assert editor.go("continue") == "breakpoint model.py:6"  # tanh and b become complete together
        assert editor.evaluate("b.grad == a.grad and a.op == 'tanh'") == "True"
        unknown = [editor.client.event("breakpoint")["breakpoint"] for _ in range(4)][-1]
        assert not unknown["verified"]
        assert "no node is called 'tnah'" in unknown["message"]


def test_the_stack_is_the_chain_rule_down_to_here(tmp_path: Path) -> None:
    with debugging(tmp_path) as editor:
        editor.start([{"line": Z_LINE}], file="model.py", stopOnEntry=False)
        editor.stopped()
        frames = editor.frames()
        assert [re.sub(r" = .*", "", frame["name"]) for frame in frames] == [
            "∂loss/∂z", "∂loss/∂a", "∂loss/∂add", "∂loss/∂pow", "∂loss/∂loss", "<module>",
        ]  # fmt: skip
        assert [frame["line"] for frame in frames] == [Z_LINE, 6, LOSS_LINE, LOSS_LINE, LOSS_LINE, BACKWARD_LINE]
        source = TRAIN.splitlines()[LOSS_LINE - 1]
        assert source[frames[2]["column"] - 1 : frames[2]["endColumn"] - 1] == "y + b"
        part = editor.client.request("stackTrace", threadId=1, startFrame=1, levels=2)
        assert (part["stackFrames"], part["totalFrames"]) == (frames[1:3], 6)


def test_scopes_show_the_value_the_sum_and_what_is_handed_on(tmp_path: Path) -> None:
    with debugging(tmp_path) as editor:
        editor.start(names=["w"], stopOnEntry=False)
        assert editor.stopped() == "breakpoint train.py:4"
        scopes = editor.scopes()
        assert list(scopes) == ["w", "Gradient: the sum of", "Hands on", "All values"]
        assert (scopes["w"]["data"], scopes["w"]["grad"]) == ("0.3", editor.evaluate("w.grad"))
        parts = [float(text.rpartition(" = ")[2]) for text in scopes["Gradient: the sum of"].values()]
        assert len(parts) == 2
        assert sum(parts) == pytest.approx(float(scopes["w"]["grad"]), rel=1e-5)  # six digits are shown
        assert scopes["Hands on"] == {}
        assert set(NAMES) <= set(scopes["All values"])
        hands_on = list(editor.scopes(frame=1)["Hands on"].values())  # of z: w has its product, x has not
        assert hands_on[0].startswith("0.7 × ")
        assert hands_on[1] == "0.3 × ∂loss/∂z  (pending)"


def test_can_stop_when_a_pass_is_complete(tmp_path: Path) -> None:
    with debugging(tmp_path) as editor:
        editor.start(filters=["complete"], stopOnEntry=False)
        assert editor.stopped() == f"step train.py:{Y_LINE}"
        assert editor.go("reverseContinue") == f"entry train.py:{LOSS_LINE}"
        assert editor.go("continue") == f"step train.py:{Y_LINE}"
        assert editor.go("continue") == f"step train.py:{Y_LINE}"
        assert editor.finish() == (0, expected_output())


def test_evaluates_nothing_but_conditions(tmp_path: Path) -> None:
    with debugging(tmp_path) as editor:
        editor.start()
        editor.stopped()
        answer = editor.client.request("evaluate", expression="loss", context="hover")
        assert editor.inside(answer)["op"] == "mul"
        assert editor.evaluate("abs(b.data) * 10 == 1 and loss.grad == 1") == "True"
        marker = tmp_path / "marker"
        for text in (f"open({str(marker)!r}, 'w')", "__import__('os')", "loss.__class__", "[x for x in (1,)]", ""):
            with pytest.raises(RuntimeError, match="evaluate failed"):
                editor.evaluate(text)
        assert not marker.exists()
        found = editor.client.request("completions", frameId=1, text="abs(lo", column=7)["targets"]
        assert {"label": "loss", "start": 4, "length": 2} in found


def test_stops_where_a_gradient_becomes_nan(tmp_path: Path) -> None:
    program = "from autograd import Value, log\nx = Value(0.0)\ny = log(x) * 0.0\nz = y + x\nz.backward()\n"
    with debugging(tmp_path, program) as editor:
        editor.start(stopOnEntry=False)
        assert editor.stopped() == "exception train.py:3"
        info = editor.client.request("exceptionInfo", threadId=1)
        assert "the gradient of x becomes" in info["description"]
        assert "log(x) = -inf" in info["details"]["message"]
        assert editor.finish() == (0, "")


def test_steps_from_pass_to_pass_and_to_the_end(tmp_path: Path) -> None:
    with debugging(tmp_path) as editor:
        editor.start()
        editor.stopped()
        assert editor.go("stepOut") == f"step train.py:{Y_LINE}"
        assert editor.go("next") == f"entry train.py:{LOSS_LINE}"
        assert editor.go("stepOut") == f"step train.py:{Y_LINE}"
        editor.client.request("next", threadId=1)
        assert editor.ended() == (0, expected_output())


def test_pause_stops_a_program_at_its_next_pass(tmp_path: Path) -> None:
    program = "from autograd import Value\nx = Value(1.0)\nwhile x.grad < 1e9:\n    (x * 2.0).backward()\n"
    with debugging(tmp_path, program) as editor:
        editor.start(stopOnEntry=False)
        with pytest.raises(RuntimeError, match="the program is running"):
            editor.frames()
        assert editor.go("pause").partition(" ")[0] in ("pause", "entry")
        editor.client.request("disconnect", terminateDebuggee=True)
        assert editor.process.wait(PATIENCE) == 0


def test_without_its_editor_an_attached_program_runs_on(tmp_path: Path) -> None:
    with debugging(tmp_path) as editor:
        editor.start([{"line": LOSS_LINE}])
        editor.stopped()
        editor.client.request("disconnect")
        output, _ = editor.process.communicate(timeout=PATIENCE)
        assert output.decode().replace("\r", "") == expected_output()
        assert editor.process.returncode == 0


def test_a_launched_program_ends_with_its_editor(tmp_path: Path) -> None:
    with debugging(tmp_path, how="stdio") as editor:
        editor.start(request="launch", program=str(tmp_path / "train.py"))
        editor.stopped()
        editor.client.close()  # as when an editor crashes
        assert editor.process.wait(PATIENCE) == 0


def test_runs_without_debugging(tmp_path: Path) -> None:
    with debugging(tmp_path, how="stdio") as editor:
        editor.start([{"line": LOSS_LINE}], request="launch", program=str(tmp_path / "train.py"), noDebug=True)
        assert editor.ended() == (0, expected_output())


def test_what_a_program_raises_is_shown_with_its_own_lines(tmp_path: Path) -> None:
    with debugging(tmp_path, "import sys\nprint(sys.argv[1:])\n1 / 0\n", arguments=["--", "--epochs", "3"]) as editor:
        editor.start()
        code, printed = editor.ended()
        assert code == 1
        assert printed.startswith("['--epochs', '3']\nTraceback (most recent call last):\n  File ")
        assert "train.py" in printed.splitlines()[2]
        assert printed.endswith("ZeroDivisionError: division by zero\n")


def test_counts_lines_as_the_editor_does(tmp_path: Path) -> None:
    with debugging(tmp_path) as editor:
        editor.client.request("initialize", adapterID="autograd", linesStartAt1=False, columnsStartAt1=False)
        editor.client.request("attach", stopOnEntry=False)
        placed = editor.set_lines([{"line": Y_LINE - 1}, {"line": 5}], "train.py")
        assert [row["line"] for row in placed] == [Y_LINE - 1, 5]
        editor.set_lines([{"line": Z_LINE - 1}], "model.py")
        editor.client.request("configurationDone")
        assert editor.stopped() == f"breakpoint model.py:{Z_LINE - 1}"
        top = editor.frames()[0]
        assert MODEL.splitlines()[Z_LINE - 1][top["column"] : top["endColumn"]] == "w * x"


def test_refuses_what_it_cannot_do_and_goes_on(tmp_path: Path) -> None:
    with debugging(tmp_path, how="stdio") as editor:
        client = editor.client
        client.request("initialize", adapterID="autograd")
        for command_, arguments, complaint in (
            ("attach", {}, "no program to attach to"),
            ("launch", {"program": "nowhere.py"}, "the Python file to run as `program`, got 'nowhere.py'"),
            ("launch", {}, "got None"),
            ("stackTrace", {"threadId": 1}, "the program is running"),
            ("next", {}, "the program is running"),
            ("setBreakpoints", {}, "setBreakpoints: an argument is wrong or missing: KeyError"),
            ("readMemory", {}, "knows no request 'readMemory'"),
        ):
            with pytest.raises(RuntimeError, match=re.escape(complaint)):
                client.request(command_, **arguments)
        client.request("disconnect")
        assert editor.process.wait(PATIENCE) == 0


# --- the command ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ([], "which program?"),
        (["nowhere.py"], "nowhere.py: no such file"),
        (["model.py", "--port", "70000"], "--port 70000: a port is a number from 0 to 65535"),
    ],
)
def test_refuses_a_wrong_command_line(tmp_path: Path, arguments: list[str], complaint: str) -> None:
    (tmp_path / "model.py").write_text(MODEL)
    process = start_process(arguments, tmp_path)
    _, complaints = process.communicate(timeout=PATIENCE)
    assert process.returncode == 2
    assert complaint in complaints.decode()


def test_says_that_a_port_is_taken(tmp_path: Path) -> None:
    with debugging(tmp_path) as editor, socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        process = start_process(["train.py", "--port", port], editor.folder)
        _, complaints = process.communicate(timeout=PATIENCE)
        assert process.returncode == 2
        assert f"cannot listen on port {port}: Address already in use; choose another" in complaints.decode()


def test_the_configuration_in_the_help_is_json() -> None:
    [line] = re.findall(r"^ *(\{.*debugServer.*\})$", command.EXAMPLES, re.M)
    assert json.loads(line)["debugServer"] == command.PORT


# --- the protocol -----------------------------------------------------------------------------------------------------


def requests_in(data: bytes) -> list[Any]:
    return list(Connection(io.BytesIO(data), io.BytesIO()).requests())


def framed(body: bytes) -> bytes:
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


def test_reads_message_after_message() -> None:
    one, other = b'{"seq":1,"command":"a"}', '{"seq":2,"command":"δ"}'.encode()
    data = framed(one) + b"Content-Type: text/json\r\n" + framed(other)
    assert [message["command"] for message in requests_in(data)] == ["a", "δ"]
    assert [message["seq"] for message in requests_in(data + framed(one)[:-1])] == [1, 2]  # the last is cut off


@pytest.mark.parametrize(
    "data",
    [
        b"POST / HTTP/1.1\r\nContent-Length: 23\r\n\r\n" + b'{"seq":1,"command":"a"}',  # a page in a browser
        b"\r\n{}",
        b"Content-Length: many\r\n\r\n",
        b"Content-Length: -1\r\n\r\n",
        b"Content-Length: %d\r\n\r\n" % (LARGEST + 1),
        b"Content-Length: 1" + b"0" * 5000 + b"\r\n\r\n",
        framed(b"[" * 100_000),
        framed(b"{"),
        framed(b"[]"),
        framed(b'{"seq":1}'),
        framed(b"\xff\xfe\xfa"),
    ],
)
def test_refuses_what_is_no_message(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        requests_in(data)


def test_says_what_failed_with_the_number_of_the_request() -> None:
    sink = io.BytesIO()
    Connection(io.BytesIO(), sink).respond({"seq": 7, "command": "next"}, failure="not {now}")
    message = json.loads(sink.getvalue().partition(b"\r\n\r\n")[2])
    assert (message["request_seq"], message["success"], message["message"]) == (7, False, "not {now}")
    assert message["body"]["error"]["format"] == "not (now)"  # braces are variables there
