"""The entry point of `autograd` and `python -m autograd`; each subcommand is a row of `GROUPS`."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence

from autograd.cli import frame
from autograd.cli.frame import Command, Groups, commands_of
from autograd.cli.parser import Parser
from autograd.cli.plugins import plugged_in
from autograd.errors import UsageError
from autograd.io.streams import print_error

GROUPS: Groups = {
    "gradients": {
        "check": Command("compare gradients with independently computed derivatives", "autograd.cli.check"),
        "digits": Command("count correct digits, and name the operation that lost some", "autograd.cli.digits"),
        "derive": Command("write down the chain rule: LaTeX, Markdown or a web page", "autograd.cli.derive"),
    },
    "pictures": {
        "draw": Command("draw a computation graph", "autograd.cli.draw"),
        "explore": Command("write a web page on which the boxes of a graph open and close", "autograd.cli.explore"),
        "replay": Command("write a web page that plays a backward pass", "autograd.cli.replay"),
    },
    "debugging": {
        "step": Command("step through a backward pass, forwards and back", "autograd.cli.step"),
        "dap": Command("debug backward passes in an editor", "autograd.cli.dap"),
    },
    "teaching": {
        "playground": Command("write a page that runs the engine in the browser", "autograd.cli.playground"),
        "exercise": Command("write a sheet of exercises that checks itself", "autograd.cli.exercise"),
        "grade": Command("grade a scalar engine, and name its faults", "autograd.cli.grade"),
    },
    "tools": {
        "cache": Command("show or clear the compiler's cache on disk", "autograd.cli.cache"),
        "completion": Command("print a script that completes commands in a shell", "autograd.cli.completion"),
    },
}
COMMANDS = commands_of(GROUPS)
TAKING_EXPRESSIONS = ("check", "digits", "draw", "explore", "derive", "replay", "step")
DESCRIPTION = "Check, draw and debug the gradients of a scalar autograd engine."
FIRST = """start here:
  python -m autograd check "x*tanh(y) + relu(x)" x=1.5 y=-2
  python -m autograd check --help
"""


def build_parser(prog: str = "python -m autograd", groups: Groups = GROUPS, used: str | None = None) -> Parser:
    """The parser of the whole command line, one subcommand per row of the groups.

    >>> build_parser().parse_args(["check", "x*x", "x=3"]).numbers
    ['x=3']
    """
    return frame.build_parser(prog, DESCRIPTION, FIRST, groups, used)


def main(arguments: Sequence[str] | None = None, prog: str = "python -m autograd") -> int:
    """Run a command line and return its exit code; errors are a few lines on stderr, never a traceback.

    >>> main(["check", "x*x", "x=3"])
    all derivatives agree (1 node, 1 input; oracle: ...)
    <BLANKLINE>
    input  analytic  numerical  relative difference  digits  verdict
    x      6.0       6.0        ...  ok
    value  9.0       -          -                    15.9
    0
    """
    given = _with_negative_numbers(sys.argv[1:] if arguments is None else arguments)
    used = given[0] if given else ""
    return frame.run(lambda: build_parser(prog, groups_for(used), used), given)


def groups_for(used: str) -> Groups:
    """The groups of commands, with those of other packages if a command is not one of ours.

    >>> groups_for("check") is GROUPS
    True

    UsageError for a command that may belong to a package that cannot be loaded.
    """
    if used in COMMANDS:
        return GROUPS
    others, problems = plugged_in()
    groups = {**GROUPS, **others}
    for problem in problems:
        if used and not used.startswith("-") and used not in commands_of(groups):
            raise UsageError(f"unknown command {used!r}; {problem}")
        print_error(f"warning: {problem}")
    return groups


def _with_negative_numbers(arguments: Sequence[str]) -> list[str]:
    """The arguments with `--at -2,1` as `--at=-2,1`, and a space before an expression that begins with a minus.

    argparse would take both for options.

    >>> _with_negative_numbers(["check", "-x", "--at", "-2,1"])
    ['check', ' -x', '--at=-2,1']
    """
    joined: list[str] = []
    for argument in arguments:
        if joined and joined[-1] == "--at":
            joined[-1] = f"--at={argument}"
        elif len(joined) == 1 and joined[0] in TAKING_EXPRESSIONS and re.match("-(?!-|[ho]$)", argument):
            joined.append(f" {argument}")
        else:
            joined.append(argument)
    return joined
