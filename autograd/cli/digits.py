"""`python -m autograd digits`: count the correct digits of values and gradients."""

from __future__ import annotations

import argparse

from autograd.cli.target import add_target, read_target, reporting_user_errors
from autograd.precision.analysis import digits

EXAMPLES = """examples:
  python -m autograd digits "sin(x)/x" x=1e-8
  python -m autograd digits "log(1 + exp(x)) - x" x=40
  python -m autograd digits train.py:loss --at 1.5,-2
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """The arguments of `digits`."""
    add_target(parser)


def run(args: argparse.Namespace) -> int:
    """Print the report; 0, since lost digits are not a failure. UsageError for wrong input."""
    f, at, file = read_target(args)
    with reporting_user_errors(file):
        print(digits(f, *at))
    return 0
