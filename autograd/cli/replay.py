"""`python -m autograd replay`: the backward pass of an expression, or of a function of a file, as a page to play."""

from __future__ import annotations

import argparse
from pathlib import Path

from autograd.cli.recording import recorded_target
from autograd.cli.target import add_target
from autograd.errors import UsageError
from autograd.replaying.replay import SUFFIXES, replay
from autograd.value import Value

EXAMPLES = """examples:
  python -m autograd replay "relu(a*b + c)" a=2 b=-3 c=10
  python -m autograd replay "x*tanh(x)" x=0.5 -o tanh.html
  python -m autograd replay train.py:loss --at 1.5,-2 --title "One sample"
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """The arguments of `replay`."""
    add_target(parser, "what to replay")
    parser.add_argument("-o", "--out", metavar="FILE", default="replay.html", help="the page to write; replay.html")
    parser.add_argument("--title", help="the heading")


def run(args: argparse.Namespace) -> int:
    """Write the page and say what is in it; 0. UsageError for wrong input."""
    if Path(args.out).suffix.lower() not in SUFFIXES:
        raise UsageError(f"--out {args.out}: a replay is a page, its name must end in .html")
    root = recorded_target(args)
    if not isinstance(root, Value):
        raise UsageError(f"{args.target} is a number, {root!r}: there is no backward pass to replay")
    page = replay(root, title=args.title)
    page.save(args.out)
    print(f"{args.out}: {len(page)} product{'s' if len(page) != 1 else ''}; open it in a browser")
    return 0
