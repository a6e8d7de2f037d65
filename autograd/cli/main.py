"""The entry point of `python -m autograd`; each subcommand is a row of `COMMANDS`."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Mapping, Sequence

from autograd.cli import (
    cache,
    check,
    dap,
    derive,
    digits,
    draw,
    exercise,
    explore,
    frame,
    grade,
    playground,
    replay,
    step,
)
from autograd.cli.frame import FAILED, INTERRUPTED, OK, UNDECIDED, USAGE, Command

EXIT_CODES = f"""exit codes (step FILE.py and dap: those of the program):
  {OK:<4} success
  {FAILED:<4} a gradient or engine is wrong, or the reader of the output has closed it
  {USAGE:<4} wrong usage or input
  {UNDECIDED:<4} no derivative could be decided
  {INTERRUPTED:<4} Ctrl-C"""

COMMANDS: Mapping[str, Command] = {
    "check": Command(
        "compare gradients with independently computed derivatives", check.EXAMPLES, check.add_options, check.run
    ),
    "digits": Command(
        "count correct digits, and name the operation that lost the others",
        digits.EXAMPLES,
        digits.add_options,
        digits.run,
    ),
    "derive": Command(
        "write down the chain rule: LaTeX, Markdown or a web page", derive.EXAMPLES, derive.add_options, derive.run
    ),
    "draw": Command("draw a computation graph", draw.EXAMPLES, draw.add_options, draw.run),
    "explore": Command(
        "write a web page on which the boxes of a graph open and close",
        explore.EXAMPLES,
        explore.add_options,
        explore.run,
    ),
    "grade": Command("grade a scalar engine, and name its faults", grade.EXAMPLES, grade.add_options, grade.run),
    "replay": Command("write a web page that plays a backward pass", replay.EXAMPLES, replay.add_options, replay.run),
    "exercise": Command(
        "write a sheet of exercises that checks itself", exercise.EXAMPLES, exercise.add_options, exercise.run
    ),
    "playground": Command(
        "write a page that runs the engine in the browser", playground.EXAMPLES, playground.add_options, playground.run
    ),
    "cache": Command("show or clear the compiler's cache on disk", cache.EXAMPLES, cache.add_options, cache.run),
    "dap": Command("debug backward passes in an editor", dap.EXAMPLES, dap.add_options, dap.run),
    "step": Command("step through a backward pass, forwards and back", step.EXAMPLES, step.add_options, step.run),
}


TAKING_EXPRESSIONS = ("check", "digits", "draw", "replay", "step")


def build_parser() -> argparse.ArgumentParser:
    """The parser of the whole command line, one subcommand per row of `COMMANDS`.

    >>> build_parser().parse_args(["check", "x*x", "x=3"]).numbers
    ['x=3']
    """
    return frame.build_parser(
        "python -m autograd",
        "Check, draw and debug the gradients of a scalar autograd engine.",
        check.EXAMPLES,
        EXIT_CODES,
        COMMANDS,
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line and return its exit code; errors are a line or two on stderr, never a traceback.

    >>> main(["check", "x*x", "x=3"])
    all derivatives agree (1 node, 1 input; oracle: ...)
    <BLANKLINE>
    input  analytic  numerical  relative difference  digits  verdict
    x      6.0       6.0        ...  ok
    value  9.0       -          -                    15.9
    0
    """
    return frame.run(build_parser(), _with_negative_numbers(sys.argv[1:] if arguments is None else arguments))


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
        elif len(joined) == 1 and joined[0] in TAKING_EXPRESSIONS and re.match("-(?!-|h$)", argument):
            joined.append(f" {argument}")
        else:
            joined.append(argument)
    return joined
