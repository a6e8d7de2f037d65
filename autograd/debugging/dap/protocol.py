"""Read and write messages of the Debug Adapter Protocol on a pair of streams."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from itertools import chain
from threading import RLock
from typing import Any, BinaryIO
from weakref import WeakSet

from autograd.errors import AutogradError

LARGEST = 10_000_000  # bytes of a message: an editor's are a few hundred
FIELDS = ("content-length", "content-type")

Message = dict[str, Any]


class ProtocolError(AutogradError):
    """The input is not a message of the protocol. The connection ends, since the next message cannot be found."""


class Connection:
    """Two streams to an editor; several threads may send.

    >>> import io
    >>> sent = io.BytesIO()
    >>> Connection(io.BytesIO(), sent).event("terminated")
    >>> sent.getvalue()
    b'Content-Length: 55\\r\\n\\r\\n{"type":"event","event":"terminated","body":{},"seq":1}'
    """

    def __init__(self, source: BinaryIO, sink: BinaryIO) -> None:
        self._source, self._sink = source, sink
        self._sent = 0
        self._lock = RLock()  # a thread that forks holds it, and Python 3.12 warns then, in a message of ours
        self._incoming = self._read()
        self.is_ours = True  # not so in a fork, where the editor is the parent's
        _all.add(self)

    def begin(self) -> None:
        """Wait for the first request, which `requests` still yields; ProtocolError if none comes."""
        first = next(self._incoming, None)
        if first is None:
            raise ProtocolError("it was closed before its first request was complete")
        self._incoming = chain([first], self._incoming)

    def requests(self) -> Iterator[Message]:
        """The requests as they arrive, until the other end closes; ProtocolError for anything else."""
        return self._incoming

    def _read(self) -> Iterator[Message]:
        while (size := self._header()) is not None:
            body = self._source.read(size)
            if len(body) < size:
                return
            yield _request(body)

    def _header(self) -> int | None:
        """The length in the header of a message; None at the end of the stream.

        An unknown field ends the connection: a client that speaks HTTP, such as a browser, is not an editor.
        """
        size = None
        while line := self._source.readline(1000):
            if not line.strip():
                break
            name, _, value = line.decode("ascii", "replace").partition(":")
            if name.strip().lower() not in FIELDS:
                raise ProtocolError(f"a message begins with Content-Length: N, not {line[:60]!r}")
            if name.strip().lower() == FIELDS[0]:
                size = _size(value.strip())
        else:
            return None
        if size is None:
            raise ProtocolError("a message begins with Content-Length: N, but this one has none")
        return size

    def respond(self, request: Message, body: Any = None, *, failure: str = "") -> None:
        """Answer a request with a body, or with the reason why it failed."""
        answer = {"type": "response", "request_seq": request["seq"], "command": request["command"]}
        if failure:
            error = {"id": 1, "format": failure.replace("{", "(").replace("}", ")"), "showUser": True}
            self._send({**answer, "success": False, "message": failure, "body": {"error": error}})
        else:
            self._send({**answer, "success": True, "body": body or {}})

    def event(self, name: str, **body: Any) -> None:
        """Tell the editor that something has happened."""
        self._send({"type": "event", "event": name, "body": body})

    def _send(self, message: Message) -> None:
        with self._lock:
            if not self.is_ours:
                return
            self._sent += 1
            data = json.dumps({**message, "seq": self._sent}, separators=(",", ":")).encode()
            try:
                self._sink.write(b"Content-Length: %d\r\n\r\n%b" % (len(data), data))
                self._sink.flush()
            except (OSError, ValueError):  # ValueError: closed
                return  # the editor has gone; the reader will see the end of the stream


_all: WeakSet[Connection] = WeakSet()
_held: list[Connection] = []


def _forking() -> None:
    """No fork in the middle of a message: the child would have its beginning in a buffer."""
    _held[:] = _all
    for connection in _held:
        connection._lock.acquire()


def _in_parent() -> None:
    while _held:
        _held.pop()._lock.release()


def _in_child() -> None:
    for connection in _held:
        connection.is_ours = False
    _in_parent()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_forking, after_in_parent=_in_parent, after_in_child=_in_child)


def _size(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text[:9]) <= LARGEST and len(text) <= 9):
        raise ProtocolError(f"Content-Length: {text[:20]!r} is not a number of bytes up to {LARGEST}")
    return int(text)


def _request(body: bytes) -> Message:
    try:
        message = json.loads(body)
    except (ValueError, RecursionError):
        raise ProtocolError(f"a message is JSON, not {body[:60]!r}") from None
    if not isinstance(message, dict) or not isinstance(message.get("command"), str) or "seq" not in message:
        raise ProtocolError(f"a request has a seq and a command, not {body[:60]!r}")
    return message
