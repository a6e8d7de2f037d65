"""The command line of the benchmark."""

from __future__ import annotations

import argparse
import importlib.util
from collections.abc import Sequence
from pathlib import Path

from autograd import CheckError
from tests.benchmark import checkers, report
from tests.benchmark.measure import take_turns
from tests.benchmark.workloads import WORKLOADS, Workload

REPEAT, QUICK_REPEAT = 7, 2


def main(arguments: Sequence[str] | None = None, workloads: Sequence[Workload] = WORKLOADS) -> int:
    """Run the chosen workloads, then the gradient checkers; 0, or 1 when something computed is wrong.

    That is, when two sides did not compute the same or our checker is not as sharp as promised. A missed target of
    time or memory is only reported.
    """
    options = parse(arguments, [*[workload.name for workload in workloads], checkers.NAME])
    print(*report.machine_lines(), sep="\n")
    if options.quick:
        print("quick     tiny sizes: the checks count, the times do not")
    chosen = [workload for workload in workloads if not options.only or workload.name in options.only]
    passed = [run(workload, options.quick, options.repeat) for workload in chosen]
    if not options.only or checkers.NAME in options.only:
        passed.append(checkers.run(options.peers))
    return 0 if all(passed) else 1


def run(workload: Workload, quick: bool, repeat: int) -> bool:
    """Check, measure and report one workload; False when the check failed, True also when its peer is missing."""
    print()
    if workload.needs and importlib.util.find_spec(workload.needs) is None:
        print(f"{workload.name}: skipped, its peer is missing; python -m pip install {workload.needs}")
        return True
    contest = workload.build(quick)
    print(report.heading(workload, contest))
    try:
        print(report.check_line(*contest.check()))
    except CheckError as error:
        print(f"  check   FAILED: {error}")
        return False
    figures = take_turns(contest, workload.measure, repeat)
    print(*report.figure_lines(figures, workload.measure), sep="\n")
    if workload.target and not quick:
        print(report.target_line(workload.target, figures, workload.measure))
    return True


def parse(arguments: Sequence[str] | None, names: Sequence[str]) -> argparse.Namespace:
    """The options; exits with code 2 and the reason when they make no sense."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmark",
        description="Measure this project against its peers, after checking that both compute the same.",
    )
    parser.add_argument("--quick", action="store_true", help="tiny sizes: a smoke run of all workloads in seconds")
    parser.add_argument("--only", action="append", choices=names, metavar="NAME", help=f"one of {', '.join(names)}")
    parser.add_argument("--repeat", type=positive, metavar="N", help=f"turns of each side (default {REPEAT})")
    parser.add_argument(
        "--peers",
        type=Path,
        metavar="DIR",
        help=f"where {checkers.NAME} finds its peers' environments; says how to make them",
    )
    options = parser.parse_args(arguments)
    if options.peers and options.only and checkers.NAME not in options.only:
        parser.error(f"--peers is for {checkers.NAME}, which --only leaves out; add --only {checkers.NAME}")
    options.repeat = options.repeat or (QUICK_REPEAT if options.quick else REPEAT)
    return options


def positive(text: str) -> int:
    """A whole number of at least 1; anything else is argparse's usage error."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"needs a whole number >= 1, got {text!r}")
    return int(text)
