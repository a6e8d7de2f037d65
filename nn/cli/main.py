"""The command line: `python -m nn train | predict | inspect`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import NamedTuple

from nn.cli import inspect, options, predict, train
from nn.cli.options import UsageError
from nn.cluster.errors import ClusterError
from nn.persistence.documents import StorageError, file_name
from nn.streams import let_go_of_streams, say
from nn.tabular.csv import TableError

OK, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130


class Command(NamedTuple):
    """One row of the table of commands."""

    summary: str
    examples: str
    add_options: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]


COMMANDS = {
    "train": Command(
        "teach a model and write it down, with the history and pictures",
        options.EXAMPLES,
        options.add_train_options,
        train.run,
    ),
    "predict": Command(
        "let a model predict the rows of a CSV file",
        predict.EXAMPLES,
        predict.add_predict_options,
        predict.run,
    ),
    "inspect": Command(
        "show what is in a model file",
        inspect.EXAMPLES,
        inspect.add_inspect_options,
        inspect.run,
    ),
}
EXIT_CODES = (
    f"exit codes: {OK} done, {FAILED} training or a check failed or the reader has gone, {USAGE} wrong usage or input,"
    f" {INTERRUPTED} Ctrl-C"
)


def build_parser() -> argparse.ArgumentParser:
    """The parser of the whole command line, one subcommand per row of `COMMANDS`.

    >>> build_parser().parse_args(["train", "xor", "--hidden", "4,4"]).hidden
    (4, 4)
    """
    look = argparse.RawDescriptionHelpFormatter
    first = "start here:\n  python -m nn train digits\n  python -m nn train --help\n\n" + EXIT_CODES
    parser = argparse.ArgumentParser(
        prog="python -m nn",
        description="Train small neural networks on a scalar autograd engine.",
        epilog=first,
        formatter_class=look,
    )
    subparsers = parser.add_subparsers(metavar="COMMAND", required=True)
    for name, command in COMMANDS.items():
        epilog = f"{command.examples}\n{EXIT_CODES}"
        sub = subparsers.add_parser(
            name,
            help=command.summary,
            description=command.summary,
            epilog=epilog,
            formatter_class=look,
            allow_abbrev=False,
        )
        command.add_options(sub)
        sub.set_defaults(run=command.run)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line and return its exit code; trouble is one or two lines on stderr, never a traceback.

    >>> main(["inspect", "no-such-model.json"])
    2
    """
    try:
        return _run(arguments)
    finally:
        let_go_of_streams()


def _run(arguments: Sequence[str] | None) -> int:
    try:
        args = build_parser().parse_args(arguments)
        code = int(args.run(args))
        sys.stdout.flush()  # here, where it can still be told that it cannot be written
    except (UsageError, TableError, StorageError, ClusterError) as error:
        return _fail(str(error))
    except BrokenPipeError:  # the reader (`| head`) has gone
        return FAILED
    except OSError as error:
        return _fail(f"{file_name(error.filename)}: {error.strerror}" if error.filename else str(error))
    except KeyboardInterrupt:
        say("interrupted")
        return INTERRUPTED
    return code


def _fail(message: str) -> int:
    say(f"error: {message}")
    return USAGE
