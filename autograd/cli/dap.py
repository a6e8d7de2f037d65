"""`python -m autograd dap`: a debug adapter, so that editors can debug backward passes."""

from __future__ import annotations

import argparse
import os

from autograd.debugging.dap.program import Program
from autograd.debugging.dap.server import on_socket, on_stdio, serve
from autograd.errors import UsageError
from autograd.io.suggestions import no_such_file

PORT = 5679
LARGEST_PORT = 65535
EXAMPLES = """examples:
  python -m autograd dap train.py      then attach an editor to port 5679
  python -m autograd dap --port 4711 train.py -- --epochs 3
  python -m autograd dap --stdio       for editors that start the adapter

VS Code: run the first example in a terminal, then start this configuration of
.vscode/launch.json ("type" can be any debugger that is installed; "debugServer"
is the port):
  {"name": "Backward pass", "type": "debugpy", "request": "attach",
   "debugServer": 5679}

Neovim with nvim-dap, in init.lua:
  local dap = require("dap")
  dap.adapters.autograd = { type = "executable", command = "python",
    args = { "-m", "autograd", "dap", "--stdio" } }
  table.insert(dap.configurations.python, { type = "autograd",
    request = "launch", name = "Backward pass", program = "${file}" })

launch takes program, args, cwd, stopOnEntry (default true) and noDebug;
attach takes stopOnEntry.

Breakpoints on a line stop when the backward pass reaches a value that the line
made; function breakpoints name a primitive (tanh) or a value (w2[1,0]).
  step over            all products of one value
  step into            one product
  step out             to the end of the pass
  step back, reverse   undo exactly
The debug console and conditions compute with values by their names, as in
  abs(w.grad) > 1 and op == "tanh"
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """The arguments of `dap`."""
    parser.add_argument(
        "file", nargs="?", metavar="FILE.py", help="program to debug; with --stdio the editor may name it instead"
    )
    parser.add_argument("arguments", nargs="*", metavar="ARGUMENT", help="arguments of the program, after --")
    where = parser.add_mutually_exclusive_group()
    where.add_argument(
        "--port", type=int, default=PORT, help=f"port to listen on, on this machine (default {PORT}; 0: any free port)"
    )
    where.add_argument("--stdio", action="store_true", help="use stdin and stdout instead of a port")


def run(args: argparse.Namespace) -> int:
    """Serve one editor; the exit code is that of the program. UsageError for wrong input or a port in use."""
    if args.file is None and not args.stdio:
        raise UsageError(f"name the program: {args.prog} dap FILE.py (or use --stdio)")
    if args.file is not None and not os.path.isfile(args.file):
        raise UsageError(no_such_file(args.file))
    if not 0 <= args.port <= LARGEST_PORT:
        raise UsageError(f"--port {args.port}: a port is an integer from 0 to {LARGEST_PORT}")
    program = Program(args.file, args.arguments) if args.file else None
    with on_stdio() if args.stdio else on_socket(args.port) as connection:
        return serve(connection, program, also_here=not args.stdio)
