"""A server for the folder of the page, on this machine alone: browsers do not load modules from files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from os import PathLike, fspath
from typing import Any

LOOPBACK = "127.0.0.1"


class _Handler(SimpleHTTPRequestHandler):
    """Files of one folder, with the types that browsers insist on."""

    extensions_map = {  # noqa: RUF012 (as in the base class)
        **SimpleHTTPRequestHandler.extensions_map,
        ".js": "text/javascript",
        ".mjs": "text/javascript",
        ".wasm": "application/wasm",
        ".json": "application/json",
        ".zip": "application/zip",
    }

    def end_headers(self) -> None:
        self.send_header("Cache-Control", "no-cache")  # a page that is built again is loaded again
        self.send_header("X-Content-Type-Options", "nosniff")
        super().end_headers()

    def log_message(self, *arguments: Any) -> None:
        """Requests are not worth a line."""


@contextmanager
def server_of(folder: str | PathLike[str], port: int = 0) -> Iterator[ThreadingHTTPServer]:
    """A server that listens on the loopback interface, on a free port for 0; `serve_forever()` starts it.

    OSError where the port is taken.
    """
    with ThreadingHTTPServer((LOOPBACK, port), partial(_Handler, directory=fspath(folder))) as server:
        yield server


def address_of(server: ThreadingHTTPServer) -> str:
    """Where a browser finds the page."""
    return f"http://{LOOPBACK}:{server.server_port}/"
