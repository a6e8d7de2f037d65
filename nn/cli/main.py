"""The command line: `python -m nn train | predict | inspect`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from autograd.cli import frame
from autograd.cli.frame import FAILED, INTERRUPTED, OK, USAGE, Command
from nn.cli import inspect, options, predict, train

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
    return frame.build_parser(
        "python -m nn",
        "Train small neural networks on a scalar autograd engine.",
        "start here:\n  python -m nn train digits\n  python -m nn train --help\n",
        EXIT_CODES,
        COMMANDS,
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line and return its exit code; trouble is one or two lines on stderr, never a traceback.

    >>> main(["inspect", "no-such-model.json"])
    2
    """
    return frame.run(build_parser(), arguments)
