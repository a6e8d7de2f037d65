"""Run the adapter: the editor on a socket or on stdin and stdout, the program in the main thread."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from queue import Queue
from threading import Thread
from typing import BinaryIO, NamedTuple

from autograd.debugging.dap.program import Program, captured_output
from autograd.debugging.dap.protocol import Connection
from autograd.debugging.dap.requests import listen
from autograd.debugging.dap.session import AdapterSession
from autograd.errors import AutogradError, UsageError

INTERRUPTED = 130  # the exit code after Ctrl-C
LOOPBACK = "127.0.0.1"  # no other machine may control a debugger
POLL = 0.05  # seconds between two checks whether one of the clients is an editor
GOODBYE_TIMEOUT = 5.0  # seconds for the editor to close the connection when the program has ended


def serve(connection: Connection, program: Program | None, *, also_here: bool) -> int:
    """Debug one program with one editor and return the program's exit code; 0 if the editor left before it started.

    `also_here`: what the program prints goes to this process's streams too, and not to the editor alone.
    """
    session = AdapterSession(connection, program)
    reader = Thread(target=listen, args=(session,), daemon=True, name="debug adapter")
    reader.start()
    to_run = session.wait_for_program()
    if to_run is None:
        return 0

    def printed(category: str, text: str) -> None:
        if connection.is_ours:
            connection.event("output", category=category, output=text)
        elif not also_here:
            os.write(2, text.encode(errors="backslashreplace"))  # a fork, whose parent has the editor

    try:
        with captured_output(printed, also_here=also_here):
            code = to_run.run(session)
    except KeyboardInterrupt:
        code = INTERRUPTED
    session.exited(code)
    reader.join(GOODBYE_TIMEOUT)
    return code


@contextmanager
def on_socket(port: int) -> Iterator[Connection]:
    """The first editor that connects to the port on this machine; 0 is any free port, which is printed on stderr.

    Clients that speak another protocol, such as browsers, are refused; silent ones do not block an editor. UsageError
    if the port is in use.
    """
    with _listening(port) as listener:
        number = listener.getsockname()[1]
        print(f"waiting for an editor on {LOOPBACK}:{number}", file=sys.stderr, flush=True)
        connected, connection, sink = _first_editor(listener)
    with connected:
        with _closing(sink):
            yield connection
        if connection.is_ours:
            with suppress(OSError):
                connected.shutdown(socket.SHUT_RDWR)  # the reader may still be waiting for a request


class _Editor(NamedTuple):
    connected: socket.socket
    connection: Connection
    sink: BinaryIO


def _first_editor(listener: socket.socket) -> _Editor:
    """The first client that makes a request. Each has a thread of its own, since a silent one would block others."""
    found: Queue[_Editor] = Queue()
    listener.settimeout(POLL)
    while found.empty():
        with suppress(TimeoutError):
            connected, _ = listener.accept()
            connected.settimeout(None)
            Thread(
                target=_accept_editor, args=(connected, found), daemon=True, name="debug adapter, new connection"
            ).start()
    return found.get()


def _accept_editor(connected: socket.socket, found: Queue[_Editor]) -> None:
    """Add the client if it is an editor; close the connection if not."""
    sink = connected.makefile("wb")
    connection = Connection(connected.makefile("rb"), sink)
    try:
        connection.begin()
    except (AutogradError, OSError) as error:
        print(f"refused a connection: {error}", file=sys.stderr, flush=True)
        with suppress(OSError):
            connected.shutdown(socket.SHUT_RDWR)
        connected.close()
    else:
        found.put(_Editor(connected, connection, sink))


def _listening(port: int) -> socket.socket:
    try:
        return socket.create_server((LOOPBACK, port))
    except OSError as error:
        reason = f"cannot listen on port {port}: {os.strerror(error.errno or 0)}"
        raise UsageError(f"{reason}; choose another with --port, or 0 for any free one") from None


@contextmanager
def on_stdio() -> Iterator[Connection]:
    """The editor that has started this process.

    The program and its child processes have no stdin, and stderr in place of stdout.
    """
    sys.stdout.flush()
    sink = open(os.dup(1), "wb")  # noqa: SIM115 (closed below, where the editor may have gone)
    connection = Connection(open(os.dup(0), "rb"), sink)  # noqa: SIM115 (the reader may be reading it)
    with _closing(sink):
        with open(os.devnull, "rb") as nothing:
            os.dup2(nothing.fileno(), 0)
        os.dup2(2, 1)
        yield connection


@contextmanager
def _closing(sink: BinaryIO) -> Iterator[None]:
    """Close the sink, even if the other end has closed with an answer still buffered here.

    The source stays open: the reader's thread may be reading, and then holds its lock.
    """
    try:
        yield
    finally:
        with suppress(ConnectionError):
            sink.close()
