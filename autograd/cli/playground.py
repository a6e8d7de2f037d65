"""`python -m autograd playground`: write the playground, a page that runs the engine in the browser."""

from __future__ import annotations

import argparse
from pathlib import Path

from autograd.cli.frame import OK
from autograd.errors import UsageError
from autograd.io.files import file_name
from autograd.playground.build import build
from autograd.playground.serve import address_of, server_of

EXAMPLES = """examples:
  python -m autograd playground -o site
  python -m autograd playground -o site --serve
  python -m autograd playground -o site --packages node_modules

Any server for files can serve the folder; the page sends nothing to it.
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """The arguments of `playground`."""
    parser.add_argument("-o", "--out", metavar="DIR", default="playground", help="folder to write (default playground)")
    parser.add_argument(
        "--packages",
        metavar="DIR",
        help="a node_modules folder with Pyodide and CodeMirror (default: npm downloads them)",
    )
    parser.add_argument("--serve", action="store_true", help="serve the folder on this machine until Ctrl-C")
    parser.add_argument(
        "--port", type=_port, default=0, metavar="PORT", help="port of --serve (default: one that is free)"
    )


def run(args: argparse.Namespace) -> int:
    """Write the folder, and serve it if asked; 0. UsageError where a package is missing, or the port is taken."""
    size = build(args.out, None if args.packages is None else Path(args.packages))
    print(f"{file_name(args.out)}: {size / 1e6:.1f} MB; start at index.html, from a server", flush=True)
    if args.serve:
        _serve(args.out, args.port)
    return OK


def _serve(folder: str, port: int) -> None:
    try:
        with server_of(folder, port) as server:
            print(f"serving it at {address_of(server)}; Ctrl-C ends that", flush=True)
            server.serve_forever()
    except OSError as error:
        raise UsageError(f"--port {port}: {error.strerror}") from None


def _port(text: str) -> int:
    """A port, for argparse.

    >>> _port("8000")
    8000
    """
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port (0 to 65535)")
    return int(text)
