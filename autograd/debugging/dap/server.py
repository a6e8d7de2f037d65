"""The adapter as a process: the editor on a socket or on stdin and stdout, the program in the main thread."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from queue import Queue
from threading import Thread
from typing import BinaryIO, NamedTuple

from autograd.debugging.dap.program import INTERRUPTED, Program, heard
from autograd.debugging.dap.protocol import Connection
from autograd.debugging.dap.requests import listen
from autograd.debugging.dap.session import Session
from autograd.errors import AutogradError, UsageError

LOOPBACK = "127.0.0.1"  # nobody else may command a debugger
GLANCE = 0.05  # seconds between two looks whether one of those who have connected is an editor
FAREWELL = 5.0  # seconds for the editor to close the connection when the program has ended


def serve(connection: Connection, program: Program | None, *, also_here: bool) -> int:
    """Debug one program with one editor and return the program's exit code; 0 when the editor went before.

    `also_here`: what the program prints goes where it always went, and not to the editor alone.
    """
    session = Session(connection, program)
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
        with heard(printed, also_here=also_here):
            code = to_run.run(session)
    except KeyboardInterrupt:
        code = INTERRUPTED
    session.exited(code)
    reader.join(FAREWELL)
    return code


@contextmanager
def on_socket(port: int) -> Iterator[Connection]:
    """The first editor that connects to the port on this machine; 0 is any free port. Which it is is said on stderr.

    What speaks another language, as a browser does, or says nothing is refused and does not keep an editor out.
    UsageError when the port is taken.
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
    """Whoever makes a request first. Each is heard in a thread of its own: a silent one would keep all others out."""
    found: Queue[_Editor] = Queue()
    listener.settimeout(GLANCE)
    while found.empty():
        with suppress(TimeoutError):
            connected, _ = listener.accept()
            connected.settimeout(None)
            Thread(target=_hear, args=(connected, found), daemon=True, name="debug adapter, door").start()
    return found.get()


def _hear(connected: socket.socket, found: Queue[_Editor]) -> None:
    """Add what is an editor; hang up on what is none."""
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

    The program, and what it starts, have no stdin, and stderr in the place of stdout.
    """
    sys.stdout.flush()
    sink = open(os.dup(1), "wb")  # noqa: SIM115 (closed below, where the editor may have gone)
    connection = Connection(open(os.dup(0), "rb"), sink)  # noqa: SIM115 (the reader may be in the middle of it)
    with _closing(sink):
        with open(os.devnull, "rb") as nothing:
            os.dup2(nothing.fileno(), 0)
        os.dup2(2, 1)
        yield connection


@contextmanager
def _closing(sink: BinaryIO) -> Iterator[None]:
    """Close our end; the other may well be closed first, with an answer still on its way there.

    The source stays open: the reader's thread may be in the middle of reading, and holds its lock then.
    """
    try:
        yield
    finally:
        with suppress(ConnectionError):
            sink.close()
