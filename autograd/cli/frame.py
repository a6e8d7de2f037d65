"""The frame of a command line with subcommands: parser, exit codes, and errors as one line on stderr."""

from __future__ import annotations

import argparse
import re
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType

from autograd._lazy import load
from autograd._version import __version__
from autograd.cli.parser import USAGE_ERROR, Parser
from autograd.errors import AutogradError
from autograd.io.files import file_name
from autograd.io.streams import flush_streams, print_error
from autograd.io.suggestions import near_file

OK, FAILED, USAGE, UNDECIDED, INTERRUPTED = 0, 1, USAGE_ERROR, 3, 130
EXIT_CODES = {
    OK: "success",
    FAILED: "a gradient or engine is wrong, training diverged or learned nothing, or the reader of the output has"
    " closed it (as in `| head`)",
    USAGE: "wrong usage or input",
    UNDECIDED: "no derivative could be decided",
    INTERRUPTED: "Ctrl-C",
}
JSON_HELP = "print one JSON document instead; messages go to stderr"
MODULES = re.compile(r"python -m (?:autograd|nn)\b")


@dataclass(frozen=True)
class Command:
    """A subcommand: its summary, and the module that has its `EXAMPLES`, `add_options(parser)` and `run(args)`.

    The module is imported when the command is used.
    """

    summary: str
    module: str

    @property
    def loaded(self) -> ModuleType:
        """The module."""
        return load(self.module)

    @property
    def examples(self) -> str:
        """The lines below the options in the help."""
        return str(self.loaded.EXAMPLES)


Groups = Mapping[str, Mapping[str, Command]]


def build_parser(prog: str, description: str, first: str, groups: Groups, used: str | None = None) -> Parser:
    """A parser with one subcommand per row of the groups; `first` are examples.

    With `used`, the other subcommands have no options: their modules are not imported.

    >>> groups = {"gradients": {"check": Command("compare gradients", "autograd.cli.check")}}
    >>> build_parser("autograd", "An engine.", "start here: …", groups).parse_args(["check", "x", "x=1"]).target
    'x'
    """
    parser = Parser(
        prog=prog,
        description="\n".join([*textwrap.wrap(description, _columns()), "", *_listed(groups)]),
        epilog=f"{_spelled_as(prog, first)}\n{_exit_codes()}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"scalar-autograd {__version__}")
    subparsers = parser.add_subparsers(metavar="COMMAND", required=True, help=argparse.SUPPRESS)
    for name, command in commands_of(groups).items():
        subparser = subparsers.add_parser(
            name,
            prog=f"{prog} {name}",
            help=command.summary,
            description=textwrap.fill(command.summary, _columns()),
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        if used in (None, name):
            subparser.epilog = f"{_spelled_as(prog, command.examples)}\n{_exit_codes()}"
            command.loaded.add_options(subparser)
            subparser.set_defaults(run=command.loaded.run, prog=prog)
    return parser


def commands_of(groups: Groups) -> dict[str, Command]:
    """The commands of all groups by name.

    >>> list(commands_of({"a": {"check": Command("", "")}, "b": {"train": Command("", "")}}))
    ['check', 'train']
    """
    return {name: command for rows in groups.values() for name, command in rows.items()}


def _listed(groups: Groups) -> Iterator[str]:
    """The commands under the headings of their groups."""
    width = max(map(len, commands_of(groups)))
    for title, rows in groups.items():
        yield f"{title}:"
        for name, command in rows.items():
            yield from _row(name.ljust(width), command.summary)
        yield ""


def _exit_codes() -> str:
    rows = (line for code, meaning in EXIT_CODES.items() for line in _row(f"{code:<3}", meaning))
    return "\n".join(["exit codes (step FILE.py and dap: those of the program):", *rows])


def _row(name: str, text: str) -> list[str]:
    """A name and what it means, on one line where the terminal is wide enough.

    >>> _row("train", "train a model")
    ['  train  train a model']
    """
    indent = f"  {name}  "
    return textwrap.wrap(
        text, max(_columns(), len(indent) + 20), initial_indent=indent, subsequent_indent=" " * len(indent)
    )


def _columns() -> int:
    return shutil.get_terminal_size().columns - 2


def _spelled_as(prog: str, text: str) -> str:
    """The text with the commands spelled as the user has called them.

    >>> _spelled_as("autograd", "python -m nn train digits")
    'autograd train digits'
    """
    return MODULES.sub(prog, text)


def run(make_parser: Callable[[], argparse.ArgumentParser], arguments: Sequence[str]) -> int:
    """Run a command line and return its exit code; errors are a few lines on stderr, never a traceback."""
    try:
        return _run(make_parser, arguments)
    finally:
        flush_streams()


def _run(make_parser: Callable[[], argparse.ArgumentParser], arguments: Sequence[str]) -> int:
    try:
        args = make_parser().parse_args(arguments)
        code = int(args.run(args))
        sys.stdout.flush()  # here, where an error can still be reported
    except AutogradError as error:
        print_error(f"error: {error}")
        return USAGE
    except BrokenPipeError:  # the reader, as in `| head`, has closed the pipe
        return FAILED
    except OSError as error:
        print_error(f"error: {_what_failed(error)}")
        return USAGE
    except MemoryError:
        print_error("error: out of memory")
        return USAGE
    except KeyboardInterrupt:
        print_error("interrupted")
        return INTERRUPTED
    return code


def _what_failed(error: OSError) -> str:
    if not error.filename:
        return str(error)
    hint = near_file(error.filename) if isinstance(error, FileNotFoundError) else ""
    return f"{file_name(error.filename)}: {error.strerror}{hint}"
