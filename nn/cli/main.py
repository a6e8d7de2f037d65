"""The entry point of `python -m nn`; its commands are also those of `autograd`, by the group `autograd.commands`."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from autograd.cli import frame
from autograd.cli.frame import Command, Groups, commands_of
from autograd.cli.parser import Parser

GROUPS: Groups = {
    "networks": {
        "train": Command("train a model and save it with its history and pictures", "nn.cli.train"),
        "predict": Command("predict the rows of a CSV file with a saved model", "nn.cli.predict"),
        "export": Command("write a saved model as C, JavaScript, Python, ONNX or a page", "nn.cli.export"),
        "inspect": Command("show what a model file contains", "nn.cli.inspect"),
    }
}
COMMANDS = commands_of(GROUPS)
DESCRIPTION = "Train small neural networks on a scalar autograd engine."
FIRST = "start here:\n  python -m nn train digits\n  python -m nn train --help\n"


def build_parser(prog: str = "python -m nn", used: str | None = None) -> Parser:
    """The parser of the whole command line, one subcommand per row of `GROUPS`.

    >>> build_parser().parse_args(["train", "xor", "--hidden", "4,4"]).hidden
    (4, 4)
    """
    return frame.build_parser(prog, DESCRIPTION, FIRST, GROUPS, used)


def main(arguments: Sequence[str] | None = None, prog: str = "python -m nn") -> int:
    """Run a command line and return its exit code; errors are a few lines on stderr, never a traceback.

    >>> main(["inspect", "no-such-model.json"])
    2
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    return frame.run(lambda: build_parser(prog, given[0] if given else ""), given)
