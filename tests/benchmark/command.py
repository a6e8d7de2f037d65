"""The command line of the benchmark."""

from __future__ import annotations

import argparse
import importlib.util
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from autograd import CheckError
from tests.benchmark import checkers, estimators, explorer, exports, layouts, names_run, operations, report, sparse
from tests.benchmark.compiling import race, survey
from tests.benchmark.compiling.race import Race
from tests.benchmark.compiling.rows import ROWS, SETUP
from tests.benchmark.gradbench import run as gradbench
from tests.benchmark.measure import take_turns
from tests.benchmark.workloads import WORKLOADS, Workload

REPEAT, QUICK_REPEAT = 7, 2
COMPILE = "compile"
WITH_PEERS = f"{checkers.NAME}, {gradbench.NAME}, {exports.NAME} and {COMPILE}"


@dataclass(frozen=True, slots=True)
class Entry:
    """What can be asked for by its name, or by that of its group; `run` gives False when something is wrong."""

    name: str
    run: Callable[[argparse.Namespace], bool]
    group: str = ""


def entry(row: Workload | Race | survey.Survey) -> Entry:
    """The entry of a row of data."""
    if isinstance(row, Workload):
        return Entry(row.name, lambda options: run(row, options.quick, options.repeat))
    runner = partial(race.run, row) if isinstance(row, Race) else partial(survey.run, row)
    return Entry(row.name, lambda options: runner(options.quick, options.repeat), COMPILE)


ENTRIES = (
    *map(entry, WORKLOADS),
    *map(entry, ROWS),
    Entry(operations.NAME, lambda options: operations.run(options.quick)),
    Entry(sparse.NAME, lambda options: sparse.run(options.quick)),
    Entry(estimators.NAME, lambda options: estimators.run(options.quick)),
    Entry(names_run.NAME, lambda options: names_run.run(options.quick)),
    Entry(layouts.NAME, lambda options: layouts.run(options.quick)),
    Entry(explorer.NAME, lambda options: explorer.run(options.quick)),
    Entry(exports.NAME, lambda options: exports.run(options.quick)),
    Entry(checkers.NAME, lambda options: checkers.run(options.peers)),
    Entry(gradbench.NAME, lambda options: gradbench.run(options.quick, options.repeat, options.peers, options.largest)),
)


def main(arguments: Sequence[str] | None = None, entries: Sequence[Entry] = ENTRIES) -> int:
    """Run what was chosen; 0, or 1 when something computed is wrong.

    That is, when two sides did not compute the same or our checker is not as sharp as promised. A missed target of
    time or memory is only reported.
    """
    options = parse(arguments, entries)
    sys.path += packages(options.peers) if options.peers else []
    print(*report.machine_lines(), sep="\n")
    if options.quick:
        print("quick     tiny sizes: the checks count, the times do not")
    passed = [each.run(options) for each in chosen(options, entries)]
    return 0 if all(passed) else 1


def packages(folder: Path) -> list[str]:
    """Where the environments in a folder keep their packages, if they run this version of Python.

    What both have comes from here: they are looked at last. HIPS autograd, which bears our name, is never found.
    """
    major, minor = sys.version_info[:2]
    return sorted(map(str, folder.glob(f"*/lib/python{major}.{minor}/site-packages")))


def chosen(options: argparse.Namespace, entries: Sequence[Entry]) -> list[Entry]:
    """The entries whose name or group was given; all of them when none was."""
    wanted = {*options.names, *options.only}
    return [each for each in entries if not wanted or wanted & {each.name, each.group}]


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
    figures = take_turns(contest.sides(), workload.measure, repeat, contest.nodes)
    print(*report.figure_lines(figures, workload.measure), sep="\n")
    if workload.target and not quick:
        print(report.target_line(workload.target, figures, workload.measure))
    return True


def parse(arguments: Sequence[str] | None, entries: Sequence[Entry]) -> argparse.Namespace:
    """The options; exits with code 2 and the reason when they make no sense."""
    groups = {each.group: None for each in entries if each.group}
    known = [*groups, *[each.name for each in entries]]

    def name(text: str) -> str:
        if text not in known:
            raise argparse.ArgumentTypeError(f"invalid choice: {text!r} (choose from {', '.join(known)})")
        return text

    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmark",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Measure this project against its peers, after checking that both compute the same.",
        epilog="\n  ".join([f"All peers of {COMPILE} and {names_run.NAME} in one environment of their own:", *SETUP]),
    )
    parser.add_argument("names", nargs="*", type=name, metavar="NAME", help=f"what to run: {', '.join(known)}")
    parser.add_argument("--only", action="append", default=[], type=name, metavar="NAME", help="the same as an option")
    parser.add_argument("--quick", action="store_true", help="tiny sizes: a smoke run of all workloads in seconds")
    parser.add_argument("--repeat", type=positive, metavar="N", help=f"turns of each side (default {REPEAT})")
    parser.add_argument(
        "--peers",
        type=Path,
        metavar="DIR",
        help=f"where {WITH_PEERS} find their peers' environments; {checkers.NAME} says how to make them",
    )
    parser.add_argument(
        "--largest", action="store_true", help=f"{gradbench.NAME} at its largest sizes, without peers, limited"
    )
    options = parser.parse_args(arguments)
    if options.peers and not any(
        {checkers.NAME, gradbench.NAME, exports.NAME, COMPILE} & {each.name, each.group}
        for each in chosen(options, entries)
    ):
        parser.error(f"--peers is for {WITH_PEERS}; add --only {checkers.NAME}")
    options.repeat = options.repeat or (QUICK_REPEAT if options.quick else REPEAT)
    return options


def positive(text: str) -> int:
    """A positive integer; anything else is argparse's usage error."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a positive integer, got {text!r}")
    return int(text)
