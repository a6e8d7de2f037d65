"""`python -m autograd replay`: write a web page that plays a backward pass."""

from __future__ import annotations

import argparse
from pathlib import Path

from autograd.cli.explore import add_page_options
from autograd.cli.recording import recorded_target
from autograd.cli.target import add_target
from autograd.errors import UsageError
from autograd.exploring.page import SUFFIXES
from autograd.exploring.replay import replay
from autograd.io.plural import counted
from autograd.value import Value

EXAMPLES = """examples:
  python -m autograd replay "relu(a*b + c)" a=2 b=-3 c=10
  python -m autograd replay "x*tanh(x)" x=0.5 -o tanh.html
  python -m autograd replay train.py:loss --at 1.5,-2 --title "One sample"
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """The arguments of `replay`."""
    add_target(parser)
    parser.add_argument(
        "-o", "--out", metavar="FILE", default="replay.html", help="page to write (default replay.html)"
    )
    add_page_options(parser)


def run(args: argparse.Namespace) -> int:
    """Write the page and print its number of products; 0. UsageError for wrong input."""
    if Path(args.out).suffix.lower() not in SUFFIXES:
        raise UsageError(f"--out {args.out}: the name must end in .html")
    root = recorded_target(args)
    if not isinstance(root, Value):
        raise UsageError(
            f"{args.target} does not depend on its inputs (it is {root!r}): there is no backward pass to replay"
        )
    page = replay(root, depth=args.depth, title=args.title, theme=args.theme)
    page.save(args.out)
    print(f"{args.out}: {counted(len(page), 'product')}; open it in a browser")
    return 0
