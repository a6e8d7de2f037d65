"""`python -m autograd check`: an expression, or a function of a file, at a point."""

from __future__ import annotations

import argparse

from autograd.check.gradients import KINKS, check_gradients
from autograd.check.oracle import ORACLES
from autograd.target import add_target, blamed_on, read_target

EXAMPLES = """examples:
  python -m autograd check "x*tanh(y) + relu(x)" x=1.5 y=-2
  python -m autograd check "log(x)**2" x=1e-7 --order 2
  python -m autograd check train.py:loss --at 1.5,-2
  python -m autograd check train.py:loss --at "[1, 2],0.5"
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """The arguments of `check`."""
    add_target(parser, "what to check")
    parser.add_argument("--order", type=int, choices=(1, 2), default=1, help="2: second derivatives too")
    parser.add_argument("--kinks", choices=KINKS, default=KINKS[0], help="what to expect at a kink")
    parser.add_argument("--oracle", choices=ORACLES, default=ORACLES[0], help="what to hold the derivatives against")


def run(args: argparse.Namespace) -> int:
    """Print the report; 0 when no derivative is wrong, else 1. UsageError for wrong input."""
    f, at, file = read_target(args)
    with blamed_on(file):
        report = check_gradients(f, *at, order=args.order, kinks=args.kinks, oracle=args.oracle, raise_on_failure=False)
    print(report)
    return 0 if report.ok else 1
