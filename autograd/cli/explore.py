"""`python -m autograd explore`: write a web page on which the boxes of a graph open and close."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import get_args

from autograd.cli.draw import depth_option
from autograd.cli.recording import recorded_target
from autograd.cli.target import add_target
from autograd.drawing.render.theme import Theme
from autograd.errors import UsageError
from autograd.exploring.explore import explore
from autograd.exploring.page import SUFFIXES
from autograd.io.plural import counted
from autograd.value import Value

EXAMPLES = """examples:
  python -m autograd explore "relu(a*b + c)" a=2 b=-3 c=10
  python -m autograd explore train.py:loss --at 1.5,-2 -o loss.html
"""
DEPTH_HELP = "levels of boxes that are open at the beginning: a number, all or auto (default auto)"


def add_options(parser: argparse.ArgumentParser) -> None:
    """The arguments of `explore`."""
    add_target(parser)
    parser.add_argument("-o", "--out", metavar="FILE", default="graph.html", help="page to write (default graph.html)")
    add_page_options(parser)
    parser.add_argument("--digits", action="store_true", help="count the correct digits of every value")


def add_page_options(parser: argparse.ArgumentParser) -> None:
    """The arguments that pages have in common."""
    parser.add_argument("--depth", type=depth_option, default="auto", help=DEPTH_HELP)
    parser.add_argument(
        "--theme", choices=get_args(Theme), default="auto", help="colours (default auto: as the reader's system)"
    )
    parser.add_argument("--title", help="heading of the page")


def run(args: argparse.Namespace) -> int:
    """Write the page and print its number of values; 0. UsageError for wrong input."""
    if Path(args.out).suffix.lower() not in SUFFIXES:
        raise UsageError(f"--out {args.out}: the name must end in .html")
    root = recorded_target(args)
    if not isinstance(root, Value):
        raise UsageError(f"{args.target} does not depend on its inputs (it is {root!r}): there is no graph to explore")
    page = explore(root, depth=args.depth, title=args.title, theme=args.theme, digits=args.digits)
    page.save(args.out)
    print(f"{args.out}: {counted(len(page), 'value')}; open it in a browser")
    return 0
