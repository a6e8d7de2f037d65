"""`python -m autograd digits`: count the correct digits of values and gradients."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from autograd.cli.frame import JSON_HELP
from autograd.cli.target import add_target, read_target, reporting_user_errors
from autograd.io.json_text import print_json
from autograd.precision.analysis import digits

EXAMPLES = """examples:
  python -m autograd digits "sin(x)/x" x=1e-8
  python -m autograd digits "log(1 + exp(x)) - x" x=40
  python -m autograd digits train.py:loss --at 1.5,-2
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """The arguments of `digits`."""
    add_target(parser)
    parser.add_argument("--json", action="store_true", help=JSON_HELP)


def run(args: argparse.Namespace) -> int:
    """Print the report; 0, since lost digits are not a failure. UsageError for wrong input."""
    f, at, file = read_target(args)
    with reporting_user_errors(file):
        report = digits(f, *at)
    if args.json:
        print_json({"ok": report.ok, **asdict(report)})
    else:
        print(report)
    return 0
