"""The frame of a command line with subcommands: parser, exit codes, and errors as one line on stderr."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from autograd._version import __version__
from autograd.errors import AutogradError
from autograd.io.files import file_name
from autograd.io.streams import flush_streams, print_error

OK, FAILED, USAGE, UNDECIDED, INTERRUPTED = 0, 1, 2, 3, 130


class Command(NamedTuple):
    """One subcommand: its summary and examples for the help, and functions that add its arguments and run it."""

    summary: str
    examples: str
    add_options: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]


def build_parser(
    prog: str, description: str, first: str, exit_codes: str, commands: Mapping[str, Command]
) -> argparse.ArgumentParser:
    """A parser with one subcommand per row of `commands`; `first` and `exit_codes` are shown below its help.

    >>> check = Command("check it", "examples: …", lambda parser: None, lambda args: 0)
    >>> build_parser("python -m x", "An x.", "start here", "exit codes: …", {"check": check}).parse_args(["check"]).run
    <function ...>
    """
    parser = argparse.ArgumentParser(
        prog=prog,
        description=description,
        epilog=f"{first}\n{exit_codes}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"scalar-autograd {__version__}")
    subparsers = parser.add_subparsers(metavar="COMMAND", required=True)
    for name, command in commands.items():
        sub = subparsers.add_parser(
            name,
            help=command.summary,
            description=command.summary,
            epilog=f"{command.examples}\n{exit_codes}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        command.add_options(sub)
        sub.set_defaults(run=command.run)
    return parser


def run(parser: argparse.ArgumentParser, arguments: Sequence[str] | None) -> int:
    """Run a command line and return its exit code; errors are a line or two on stderr, never a traceback."""
    try:
        return _run(parser, arguments)
    finally:
        flush_streams()


def _run(parser: argparse.ArgumentParser, arguments: Sequence[str] | None) -> int:
    try:
        args = parser.parse_args(arguments)
        code = int(args.run(args))
        sys.stdout.flush()  # here, where an error can still be reported
    except AutogradError as error:
        print_error(f"error: {error}")
        return USAGE
    except BrokenPipeError:  # the reader, as in `| head`, has closed the pipe
        return FAILED
    except OSError as error:
        print_error(f"error: {file_name(error.filename)}: {error.strerror}" if error.filename else f"error: {error}")
        return USAGE
    except KeyboardInterrupt:
        print_error("interrupted")
        return INTERRUPTED
    return code
