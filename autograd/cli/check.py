"""`python -m autograd check`: compare gradients with independently computed derivatives."""

from __future__ import annotations

import argparse

from autograd.check.gradients import DETACHED, KINKS, check_gradients
from autograd.check.oracle import OK, ORACLES, UNDECIDED, WRONG
from autograd.cli.frame import JSON_HELP
from autograd.cli.target import add_target, read_target, reporting_user_errors
from autograd.io.json_text import print_json

EXIT_CODE = {OK: 0, WRONG: 1, UNDECIDED: 3}  # 2 is wrong usage, as in every subcommand
EXAMPLES = """examples:
  python -m autograd check "x*tanh(y) + relu(x)" x=1.5 y=-2
  python -m autograd check "log(x)**2" x=1e-7 --order 2
  python -m autograd check train.py:loss --at 1.5,-2
  python -m autograd check train.py:loss --at "[1, 2],0.5" --oracle function
  python -m autograd check "1/x" x=0 --json
"""
KINKS_HELP = (
    "what a derivative must be at a kink: that of the branch that was taken (frozen, the default), one between those of"
    " both sides (onesided), or there must be no kink (raise)"
)
ORACLE_HELP = (
    "how the independent derivatives are computed (default auto; function: by differences of the whole function)"
)
DETACHED_HELP = "numbers that leave the graph, as in float(x): report them (default), or allow them as constants"


def add_options(parser: argparse.ArgumentParser) -> None:
    """The arguments of `check`."""
    add_target(parser)
    parser.add_argument(
        "--order", type=int, choices=(1, 2), default=1, help="highest order of derivatives to check (default 1)"
    )
    parser.add_argument("--kinks", choices=KINKS, default=KINKS[0], help=KINKS_HELP)
    parser.add_argument("--oracle", choices=ORACLES, default=ORACLES[0], help=ORACLE_HELP)
    parser.add_argument("--detached", choices=DETACHED, default=DETACHED[0], help=DETACHED_HELP)
    parser.add_argument("--json", action="store_true", help=JSON_HELP)


def run(args: argparse.Namespace) -> int:
    """Print the report; 0 if it is ok, 1 if a derivative is wrong, 3 if none could be decided.

    UsageError for wrong input.
    """
    f, at, file = read_target(args)
    options = {"order": args.order, "kinks": args.kinks, "oracle": args.oracle, "detached": args.detached}
    with reporting_user_errors(file):
        report = check_gradients(f, *at, **options, raise_on_failure=False)
    if args.json:
        print_json(report.to_dict())
    else:
        print(report)
    return EXIT_CODE[report.verdict]
