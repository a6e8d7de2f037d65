"""The debug adapter, driven over its protocol as editors drive it: stopping, moving both ways, beginning and end."""

from __future__ import annotations

import re
import socket
from pathlib import Path

import pytest

from tests.debugging.dap_client import PATIENCE, Client
from tests.debugging.dap_editor import (
    LOSS_LINE,
    MODEL,
    TRAIN,
    Y_LINE,
    Z_LINE,
    Editor,
    debugging,
    expected_output,
    start_process,
)

pytestmark = pytest.mark.slow


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
        assert rows[2]["message"].startswith("not a valid expression")


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


def test_can_stop_when_a_pass_is_complete(tmp_path: Path) -> None:
    with debugging(tmp_path) as editor:
        editor.start(filters=["complete"], stopOnEntry=False)
        assert editor.stopped() == f"step train.py:{Y_LINE}"
        assert editor.go("reverseContinue") == f"entry train.py:{LOSS_LINE}"
        assert editor.go("continue") == f"step train.py:{Y_LINE}"
        assert editor.go("continue") == f"step train.py:{Y_LINE}"
        assert editor.finish() == (0, expected_output())


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
            ("launch", {"program": "nowhere.py"}, "an existing Python file as `program`, got 'nowhere.py'"),
            ("launch", {}, "got None"),
            ("stackTrace", {"threadId": 1}, "the program is running"),
            ("next", {}, "the program is running"),
            ("setBreakpoints", {}, "setBreakpoints: an argument is wrong or missing: KeyError"),
            ("readMemory", {}, "unknown request 'readMemory'"),
        ):
            with pytest.raises(RuntimeError, match=re.escape(complaint)):
                client.request(command_, **arguments)
        client.request("disconnect")
        assert editor.process.wait(PATIENCE) == 0


STRAYS = {
    "HTTP": b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "garbage": bytes(range(256)) * 40,
    "huge": b"Content-Length: 99999999999\r\n\r\n",
    "half a header": b"Content-Len",
    "half a message": b'Content-Length: 50\r\n\r\n{"seq": 1',
    "no request": b"Content-Length: 2\r\n\r\n[]",
    "nothing": b"",
}


@pytest.mark.parametrize("closing", [True, False], ids=["closes", "stays"])
def test_strays_do_not_keep_the_editor_out(tmp_path: Path, closing: bool) -> None:
    """Row F21: the program waits for who speaks the protocol."""
    (tmp_path / "model.py").write_text(MODEL)
    (tmp_path / "train.py").write_text(TRAIN)
    with start_process(["--port", "0", "train.py"], tmp_path) as process:
        assert process.stderr is not None
        address = ("127.0.0.1", int(process.stderr.readline().rpartition(b":")[2]))
        strays = [socket.create_connection(address) for _ in STRAYS]
        for stray, data in zip(strays, STRAYS.values(), strict=True):
            stray.sendall(data)
            if closing:
                stray.close()
        editor = Editor(Client(address), process, tmp_path)
        editor.start(stopOnEntry=False)
        assert editor.ended() == (0, expected_output())
        refusals = process.stderr.read()
        for stray in strays:
            stray.close()
    assert refusals.count(b"refused a connection") >= 4, "HTTP, garbage, a huge message, no request"
