"""`autograd completion`: print a script with which a shell completes commands, options, their values and files."""

from __future__ import annotations

import argparse

from autograd.cli.frame import OK
from autograd.cli.main import build_parser, groups_for
from autograd.errors import UsageError

SHELLS = ("bash", "zsh", "fish")
FILES = ("FILE", "MODEL", "TABLE", "DATA", "CSV", "TOML")
EXAMPLES = """in bash, add to ~/.bashrc:
  eval "$(autograd completion bash)"
in zsh:
  autograd completion zsh > "${fpath[1]}/_autograd"
in fish:
  autograd completion fish > ~/.config/fish/completions/autograd.fish
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """The arguments of `completion`."""
    parser.add_argument("shell", metavar="SHELL", choices=SHELLS, help=", ".join(SHELLS))


def run(args: argparse.Namespace) -> int:
    """Print the script; 0. UsageError where shtab, which writes it, is not installed."""
    try:
        import shtab
    except ImportError:
        raise UsageError("completion needs shtab (pip install 'scalar-autograd[completion]')") from None
    parser = build_parser("autograd", groups_for(""))
    [commands] = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    commands.help = "a command"  # shtab leaves out what is not in the help
    for action in [action for each in commands.choices.values() for action in each._actions]:
        kind = str(action.metavar).partition(".")[0].partition("[")[0]
        if kind in FILES or str(action.metavar).startswith("EXPRESSION"):
            action.complete = shtab.FILE
        elif kind in ("DIR", "DIRECTORY"):
            action.complete = shtab.DIRECTORY
    print(shtab.complete(parser, shell=args.shell))
    return OK
