"""A client of the Debug Adapter Protocol, as an editor is one: enough of it to drive a debugger in a test."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

PATIENCE = 30.0  # seconds for an answer: far more than any takes, so that a slow machine fails no test

Message = dict[str, Any]


class Client:
    """A connection to an adapter. Messages are read when they are waited for, in the order in which they come."""

    def __init__(self, address: tuple[str, int]) -> None:
        self._socket = socket.create_connection(address, timeout=PATIENCE)
        self._stream = self._socket.makefile("rb")
        self._sent = 0
        self._unread: list[Message] = []

    def close(self) -> None:
        self._stream.close()
        self._socket.close()

    def send(self, command: str, **arguments: Any) -> int:
        """Send a request; returns its number, for `answer`."""
        self._sent += 1
        body = json.dumps({"seq": self._sent, "type": "request", "command": command, "arguments": arguments}).encode()
        self._socket.sendall(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        return self._sent

    def answer(self, request: int) -> Any:
        """What the adapter answers; RuntimeError as soon as it refuses a request, this or another."""
        return self._wait("response", "request_seq", request).get("body")

    def request(self, command: str, **arguments: Any) -> Any:
        return self.answer(self.send(command, **arguments))

    def event(self, name: str) -> Any:
        """The next event of that name, as soon as it comes."""
        return self._wait("event", "event", name).get("body")

    def _wait(self, kind: str, key: str, value: Any) -> Message:
        for i, message in enumerate(self._unread):
            if message["type"] == kind and message[key] == value:
                return self._unread.pop(i)
        while True:
            message = self._read()
            if not message.get("success", True):
                raise RuntimeError(f"{message['command']} failed: {message.get('message')}")
            if message["type"] == kind and message[key] == value:
                return message
            if message.get("event") == "terminated":
                raise EOFError(f"the program ended while a test waited for {value!r}")
            self._unread.append(message)

    def _read(self) -> Message:
        size = 0
        while line := self._stream.readline().strip():
            field, _, text = line.partition(b":")
            size = int(text) if field.lower() == b"content-length" else size
        if not size:
            raise EOFError("the adapter closed the connection")
        message: Message = json.loads(self._stream.read(size))
        return message


class Session:
    """A program under debugpy with its default settings, stopped and stepped as an editor does it."""

    def __init__(self, program: Path, breakpoints: dict[Path, Sequence[int]], environment: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-Xfrozen_modules=off", "-c", _LISTEN, str(program)],
            cwd=program.parent, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        self.thread = 0
        assert self._process.stdout is not None
        self.client = Client(("127.0.0.1", int(self._process.stdout.readline())))
        self.client.request("initialize", adapterID="python", pathFormat="path")
        attached = self.client.send(
            "attach", justMyCode=True
        )  # as it is by default; debugpy refuses no arguments at all
        self.client.event("initialized")
        for file, lines in breakpoints.items():
            places = [{"line": line} for line in lines]
            self.client.request("setBreakpoints", source={"path": str(file)}, breakpoints=places)
        self.client.request("configurationDone")
        self.client.answer(attached)

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()
        self._process.kill()
        self._process.communicate()

    def go(self, command: str) -> str:
        """`continue`, `next`, `stepIn` or `stepOut`; where it stops then."""
        self.client.request(command, threadId=self.thread)
        return self.stopped()

    def stopped(self) -> str:
        """Wait for a stop; where it is, as `file:line function`."""
        self.thread = self.client.event("stopped")["threadId"]
        return self.stack()[0]

    def stack(self) -> list[str]:
        return [f"{Path(frame['source']['path']).name}:{frame['line']} {frame['name']}" for frame in self._frames()]

    def variables(self) -> dict[str, str]:
        """The local variables and their attributes, as the variables pane shows them: `{"z": …, "z.grad": …}`."""
        scopes = self.client.request("scopes", frameId=self._frames()[0]["id"])["scopes"]
        shown: dict[str, str] = {}
        for variable in self._inside(scopes[0]):
            shown[variable["name"]] = variable["value"]
            attributes = self._inside(variable) if variable["variablesReference"] else []
            shown.update({f"{variable['name']}.{each['name']}": each["value"] for each in attributes})
        return shown

    def output(self) -> str:
        """Let the program run to its end; what it printed."""
        self.client.request("continue", threadId=self.thread)
        self.client.event("terminated")
        self.client.close()  # the adapter lives until then, and holds the other end of the pipe
        return self._process.communicate(timeout=PATIENCE)[0]

    def _frames(self) -> list[Message]:
        frames: list[Message] = self.client.request("stackTrace", threadId=self.thread)["stackFrames"]
        return frames

    def _inside(self, holder: Message) -> list[Message]:
        answer = self.client.request("variables", variablesReference=holder["variablesReference"])
        variables: list[Message] = answer["variables"]
        return variables


_LISTEN = """
import debugpy, runpy, sys
print(debugpy.listen(("127.0.0.1", 0))[1], flush=True)
debugpy.wait_for_client()
runpy.run_path(sys.argv[1], run_name="__main__")
"""
