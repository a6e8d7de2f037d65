"""`python -m autograd check`: an expression, or a function of a file, at a point."""

from __future__ import annotations

import argparse
import json

from autograd.check.gradients import DETACHED, KINKS, check_gradients
from autograd.check.oracle import OK, ORACLES, UNDECIDED, WRONG
from autograd.cli.target import add_target, read_target, reporting_user_errors

EXIT_CODE = {OK: 0, WRONG: 1, UNDECIDED: 3}  # 2 is wrong usage, as everywhere
EXAMPLES = """examples:
  python -m autograd check "x*tanh(y) + relu(x)" x=1.5 y=-2
  python -m autograd check "log(x)**2" x=1e-7 --order 2
  python -m autograd check train.py:loss --at 1.5,-2
  python -m autograd check train.py:loss --at "[1, 2],0.5" --oracle function
  python -m autograd check "1/x" x=0 --json
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """The arguments of `check`."""
    add_target(parser, "what to check")
    parser.add_argument("--order", type=int, choices=(1, 2), default=1, help="2: second derivatives too")
    parser.add_argument("--kinks", choices=KINKS, default=KINKS[0], help="what to expect at a kink")
    parser.add_argument("--oracle", choices=ORACLES, default=ORACLES[0], help="what to hold the derivatives against")

    parser.add_argument(
        "--detached", choices=DETACHED, default=DETACHED[0], help="allow: numbers that leave the graph are constants"
    )
    parser.add_argument("--json", action="store_true", help="print the report as JSON")


def run(args: argparse.Namespace) -> int:
    """Print the report; 0 when it is ok, 1 when a derivative is wrong, 3 when nothing was decided. UsageError for wrong
    input.
    """
    f, at, file = read_target(args)
    options = {"order": args.order, "kinks": args.kinks, "oracle": args.oracle, "detached": args.detached}
    with reporting_user_errors(file):
        report = check_gradients(f, *at, **options, raise_on_failure=False)
    print(json.dumps(report.to_dict(), ensure_ascii=False, indent=2, allow_nan=False) if args.json else report)
    return EXIT_CODE[report.verdict]
