"""The command line: `python -m autograd check | digits | draw | …`; a subcommand is a row of `COMMANDS`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from autograd.cli import check, dap, digits, draw, replay, step
from autograd.errors import AutogradError
from autograd.io.streams import let_go_of_streams, say

OK, FAILED, USAGE, UNDECIDED, INTERRUPTED = 0, 1, 2, 3, 130
EXIT_CODES = (
    f"exit codes: {OK} done, {FAILED} a gradient is wrong or the reader has gone, {USAGE} wrong usage or input,"
    f" {UNDECIDED} no derivative could be decided, {INTERRUPTED} Ctrl-C"
)


class Command(NamedTuple):
    """One subcommand: what it is for, examples, its arguments, and the function that runs it."""

    summary: str
    examples: str
    add_options: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]


COMMANDS: Mapping[str, Command] = {
    "check": Command("hold gradients against an independent oracle", check.EXAMPLES, check.add_options, check.run),
    "digits": Command(
        "count correct digits, and name what lost the others", digits.EXAMPLES, digits.add_options, digits.run
    ),
    "draw": Command("show a computation graph as a picture", draw.EXAMPLES, draw.add_options, draw.run),
    "replay": Command("write a page that plays a backward pass", replay.EXAMPLES, replay.add_options, replay.run),
    "dap": Command("let an editor debug backward passes", dap.EXAMPLES, dap.add_options, dap.run),
    "step": Command("step through a backward pass, both ways", step.EXAMPLES, step.add_options, step.run),
}


def build_parser() -> argparse.ArgumentParser:
    """The parser of the whole command line, one subcommand per row of `COMMANDS`.

    >>> build_parser().parse_args(["check", "x*x", "x=3"]).numbers
    ['x=3']
    """
    look = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        prog="python -m autograd",
        description="A scalar autograd engine, from the command line.",
        epilog=f"{check.EXAMPLES}\n{EXIT_CODES}",
        formatter_class=look,
    )
    subparsers = parser.add_subparsers(metavar="COMMAND", required=True)
    for name, command in COMMANDS.items():
        sub = subparsers.add_parser(
            name,
            help=command.summary,
            description=command.summary,
            epilog=f"{command.examples}\n{EXIT_CODES}",
            formatter_class=look,
            allow_abbrev=False,
        )
        command.add_options(sub)
        sub.set_defaults(run=command.run)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line and return its exit code; trouble is a line or two on stderr, never a traceback.

    >>> main(["check", "x*x", "x=3"])
    all derivatives agree (1 node, 1 input; oracle: ...)
    <BLANKLINE>
    input  analytic  numerical  relative difference  verdict
    x      6.0       6.0        ...  ok
    0
    """
    try:
        return _run(_with_negative_numbers(sys.argv[1:] if arguments is None else arguments))
    finally:
        let_go_of_streams()


def _run(arguments: Sequence[str]) -> int:
    try:
        args = build_parser().parse_args(arguments)
        code = int(args.run(args))
        sys.stdout.flush()  # here, where it can still be told that it cannot be written
    except AutogradError as error:
        say(f"error: {error}")
        return USAGE
    except BrokenPipeError:  # the reader (`| head`) has gone
        return FAILED
    except OSError as error:
        say(f"error: {error.filename}: {error.strerror}" if error.filename else f"error: {error}")
        return USAGE
    except KeyboardInterrupt:
        say("interrupted")
        return INTERRUPTED
    return code


def _with_negative_numbers(arguments: Sequence[str]) -> list[str]:
    """`--at -2,1` as `--at=-2,1`, and an expression that begins with a minus with a space before it: argparse would
    take both for options.

    >>> _with_negative_numbers(["check", "-x", "--at", "-2,1"])
    ['check', ' -x', '--at=-2,1']
    """
    joined: list[str] = []
    for argument in arguments:
        if joined and joined[-1] == "--at":
            joined[-1] = f"--at={argument}"
        elif len(joined) == 1 and argument.startswith("-") and argument != "-h" and not argument.startswith("--"):
            joined.append(f" {argument}")
        else:
            joined.append(argument)
    return joined
