"""argparse with one line of usage, and errors that name what was meant and where the help is."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from autograd.io.streams import print_error
from autograd.io.suggestions import did_you_mean

USAGE_ERROR = 2
PATHS = frozenset({"CSV", "DATA", "DIR", "DIRECTORY", "FILE", "FILE.py", "FILE[:CLASS]", "MODEL", "TABLE", "TOML"})
"""Metavars of arguments that are files or folders."""


class Parser(argparse.ArgumentParser):
    """An `ArgumentParser` for one command, or for a table of them.

    >>> parser = Parser(prog="autograd draw", allow_abbrev=False)
    >>> _ = parser.add_argument("file", metavar="FILE"), parser.add_argument("--theme", choices=("light", "dark"))
    >>> parser.one_line()
    'autograd draw FILE [options]'
    """

    def one_line(self) -> str:
        """The usage without the names of the options."""
        taken = [_spelled(action) for action in self._actions if not action.option_strings]
        return " ".join([self.prog, *taken, "[options]"])

    def format_usage(self) -> str:
        """The line above an error."""
        return f"usage: {self.one_line()}\n"

    def format_help(self) -> str:
        """The help, whose first line is short too: all options follow it."""
        self.usage = self.one_line().replace("%", "%%")
        return super().format_help()

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """As argparse does it, but an unknown option is the first error, and none is left to the caller."""
        given = sys.argv[1:] if args is None else args
        for argument in given:
            if argument == "--" or (self._subparsers and not argument.startswith("-")):
                break
            name = argument.partition("=")[0]
            if name.startswith("--") and name not in self._option_string_actions:
                self._refuse_option(name)
        found, rest = super().parse_known_args(given, namespace)
        if rest:
            self._refuse_rest(rest)
        return found, rest

    def _refuse_option(self, name: str) -> NoReturn:
        options = [option for option in self._option_string_actions if option.startswith("--")]
        self.error(f"unknown option {name!r}{did_you_mean(name, options)}")

    def _refuse_rest(self, rest: Sequence[str]) -> NoReturn:
        if rest[0].startswith("-") and rest[0] != "-":
            self._refuse_option(rest[0])
        self.error(f"{rest[0]!r} is one argument too many")

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is None or value in action.choices:
            return
        names = [str(each) for each in action.choices]
        if isinstance(action, argparse._SubParsersAction):
            raise argparse.ArgumentError(None, f"unknown command {value!r}{did_you_mean(str(value), names)}")
        hint = did_you_mean(str(value), names)
        raise argparse.ArgumentError(action, f"{str(value)!r} is not one of {', '.join(names)}{hint}")

    def _get_value(self, action: argparse.Action, arg_string: str) -> Any:
        """An empty path would be the current folder, and comes from a variable of the shell that is not set."""
        if not arg_string and action.metavar in PATHS:
            raise argparse.ArgumentError(action, "the name is empty")
        return super()._get_value(action, arg_string)

    def error(self, message: str) -> NoReturn:
        """Print usage, error and where the help is, a line each, and exit."""
        print_error(f"usage: {self.one_line()}\nerror: {message.removeprefix('argument ')}")
        print_error(f"try '{self.prog} --help'")
        self.exit(USAGE_ERROR)


def _spelled(action: argparse.Action) -> str:
    """An argument in a line of usage.

    >>> _spelled(argparse.ArgumentParser().add_argument("x", metavar="name=number", nargs="*"))
    '[name=number ...]'
    """
    name = str(action.metavar or action.dest)
    if " | " in name:
        name = f"({name})"
    match action.nargs:
        case "*":
            return f"[{name} ...]"
        case "?":
            return f"[{name}]"
    return name
