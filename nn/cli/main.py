"""The command line: `python -m nn train | predict | export | inspect`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from autograd.cli import frame
from autograd.cli.frame import FAILED, INTERRUPTED, OK, USAGE, Command
from nn.cli import export, inspect, options, predict, train

COMMANDS = {
    "train": Command(
        "train a model and save it with its history and pictures",
        options.EXAMPLES,
        options.add_train_options,
        train.run,
    ),
    "predict": Command(
        "predict the rows of a CSV file with a saved model",
        predict.EXAMPLES,
        predict.add_predict_options,
        predict.run,
    ),
    "export": Command(
        "write a saved model as a file of C, JavaScript, Python or LaTeX",
        export.EXAMPLES,
        export.add_export_options,
        export.run,
    ),
    "inspect": Command(
        "show what a model file contains",
        inspect.EXAMPLES,
        inspect.add_inspect_options,
        inspect.run,
    ),
}
EXIT_CODES = (
    f"exit codes: {OK} success; {FAILED} training diverged or lowered no loss, a gradient\n"
    f"is wrong, or the output pipe was closed; {USAGE} wrong usage or input; {INTERRUPTED} Ctrl-C"
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
    """Run a command line and return its exit code; an error is one or two lines on stderr, never a traceback.

    >>> main(["inspect", "no-such-model.json"])
    2
    """
    return frame.run(build_parser(), arguments)
