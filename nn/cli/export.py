"""`python -m nn export`: write a saved model as a file of another language."""

from __future__ import annotations

import argparse

from autograd.cli.frame import OK
from autograd.io.files import file_name
from nn.tabular.exporting import export

EXAMPLES = """\
examples:
  python -m nn export runs/flowers/model.json -o net.c
  python -m nn export runs/flowers/model.json -o net.js
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """The arguments of `export`."""
    parser.add_argument("model", metavar="MODEL", help="a model file written by train")
    parser.add_argument(
        "-o", "--out", required=True, metavar="FILE", help="where to write: .c, .js, .py (NumPy) or .tex (equations)"
    )


def run(args: argparse.Namespace) -> int:
    """Write the file."""
    export(args.model, args.out)
    print(f"written to {file_name(args.out)}")
    return OK
