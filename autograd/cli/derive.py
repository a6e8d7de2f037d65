"""`python -m autograd derive`: write down the chain rule of an expression, or of a function or Value of a file."""

from __future__ import annotations

import argparse
from pathlib import Path

from autograd.check.subject import subject
from autograd.cli.target import add_target, read_target, reporting_user_errors
from autograd.debugging.switch import debug
from autograd.derivations.derive import LEVELS, MAX_STEPS, derivation
from autograd.derivations.document import SUFFIXES
from autograd.errors import GraphError, UsageError

EXAMPLES = """examples:
  python -m autograd derive "relu(a*b + c)" a=2 b=-3 c=10
  python -m autograd derive "x*tanh(y)" x=1.5 y=-2 -o derivation.html
  python -m autograd derive train.py:loss --at 1.5,-2 --level layer -o loss.tex
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """The arguments of `derive`."""
    add_target(parser)
    parser.add_argument(
        "--level", choices=LEVELS, default=LEVELS[0], help="steps by node (default), or BP1-BP4 by neuron or layer"
    )
    parser.add_argument(
        "--max-steps",
        type=_count,
        default=MAX_STEPS,
        metavar="STEPS",
        help=f"maximum number of steps that are shown (default {MAX_STEPS})",
    )
    parser.add_argument(
        "--digits", type=_count, default=6, metavar="DIGITS", help="significant digits of numbers (default 6)"
    )
    parser.add_argument(
        "-o", "--out", metavar="FILE", help=f"file to write, whose name ends in {SUFFIXES} (default: print Markdown)"
    )


def run(args: argparse.Namespace) -> int:
    """Write the derivation, or print it as Markdown; 0. UsageError for wrong input or an unknown suffix."""
    if args.out is not None and Path(args.out).suffix.lower() not in {".tex", ".md", ".html"}:
        raise UsageError(f"--out {args.out}: the name must end in {SUFFIXES}")
    with debug():  # values get the names they have in the source
        f, at, file = read_target(args)
        with reporting_user_errors(file):
            root = subject(f, at, None).root
    try:
        found = derivation(root, args.level, max_steps=args.max_steps, digits=args.digits)
    except GraphError as error:  # there are no layers
        raise UsageError(str(error)) from None
    if args.out is None:
        print(found.markdown, end="")
    else:
        found.save(args.out)
        print(f"{args.out}: {repr(found).strip('<>')}")
    return 0


def _count(text: str) -> int:
    """A positive integer, for argparse.

    >>> _count("2")
    2
    """
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive integer")
    return int(text)
