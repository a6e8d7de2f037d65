"""`python -m autograd dap`: a debug adapter for editors."""

from __future__ import annotations

import argparse
import os

from autograd.debugging.dap.program import Program
from autograd.debugging.dap.server import on_socket, on_stdio, serve
from autograd.errors import UsageError

PORT = 5679
LARGEST_PORT = 65535
EXAMPLES = """examples:
  python -m autograd dap train.py                  then attach an editor to port 5679
  python -m autograd dap --port 4711 train.py -- --epochs 3
  python -m autograd dap --stdio                   for an editor that starts adapters itself

VS Code: start the first example in a terminal, then this configuration of .vscode/launch.json (the type is any that is
installed: "debugServer" says where to connect):
  {"name": "Backward pass", "type": "debugpy", "request": "attach", "debugServer": 5679}

Neovim with nvim-dap, in init.lua:
  local dap = require("dap")
  dap.adapters.autograd = { type = "executable", command = "python", args = { "-m", "autograd", "dap", "--stdio" } }
  table.insert(dap.configurations.python,
    { type = "autograd", request = "launch", name = "Backward pass", program = "${file}" })

launch takes program, args, cwd, stopOnEntry (true) and noDebug; attach takes stopOnEntry.
Breakpoints on lines of the program stop where the backward pass comes to the values that were made there; function
breakpoints name a primitive (tanh) or a value (w2[1,0]). Step over: the products of one value. Step into: one product.
Step out: the end of the pass. Step back and reverse undo exactly. The console and conditions compute with values by
their names: abs(w.grad) > 1 and op == "tanh".
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """The arguments of `dap`."""
    parser.add_argument("file", nargs="?", metavar="FILE.py", help="the program; with --stdio the editor may name it")
    parser.add_argument("arguments", nargs="*", metavar="ARGUMENT", help="the program's own arguments, after --")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--port", type=int, default=PORT, help=f"on this machine (default {PORT}; 0: any free one)")
    where.add_argument("--stdio", action="store_true", help="speak the protocol on stdin and stdout")


def run(args: argparse.Namespace) -> int:
    """Serve one editor; the exit code is the program's. UsageError for wrong input or a taken port."""
    if args.file is None and not args.stdio:
        raise UsageError("which program? python -m autograd dap FILE.py")
    if args.file is not None and not os.path.isfile(args.file):
        raise UsageError(f"{args.file}: no such file")
    if not 0 <= args.port <= LARGEST_PORT:
        raise UsageError(f"--port {args.port}: a port is a number from 0 to {LARGEST_PORT}")
    program = Program(args.file, args.arguments) if args.file else None
    with on_stdio() if args.stdio else on_socket(args.port) as connection:
        return serve(connection, program, also_here=not args.stdio)
