"""The debug adapter's messages and its command line."""

from __future__ import annotations

import io
import json
import re
import socket
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from autograd.cli import dap
from autograd.debugging.dap import protocol
from autograd.debugging.dap.protocol import LARGEST, Connection, ProtocolError
from tests.debugging.dap_client import PATIENCE
from tests.debugging.dap_editor import MODEL, debugging, start_process

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ([], "name the program"),
        (["nowhere.py"], "nowhere.py: no such file"),
        (["model.py", "--port", "70000"], "--port 70000: a port is an integer from 0 to 65535"),
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
    [configuration] = re.findall(r'^ *(\{"name".*?\})$', dap.EXAMPLES, re.MULTILINE | re.DOTALL)
    assert json.loads(configuration)["debugServer"] == dap.PORT


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


def test_f6_what_is_printed_in_the_middle_of_a_fork_is_sent() -> None:
    """Python 3.12 warns there, between the hooks, in the thread that forks: a lock that it cannot take is for ever."""
    sent = io.BytesIO()
    connection = Connection(io.BytesIO(), sent)

    def fork() -> None:
        protocol._forking()
        connection.event("output", output="DeprecationWarning")
        protocol._in_parent()

    thread = Thread(target=fork, daemon=True)
    thread.start()
    thread.join(PATIENCE)
    assert not thread.is_alive()
    assert b"DeprecationWarning" in sent.getvalue()
