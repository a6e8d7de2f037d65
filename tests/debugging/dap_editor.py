"""An editor for tests of the debug adapter: over a socket and over pipes, and a program of two files to debug."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import autograd
from tests.debugging.dap_client import PATIENCE, Client

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
        """Connect, set breakpoints and start the program; return the adapter's answers about the breakpoints."""
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
