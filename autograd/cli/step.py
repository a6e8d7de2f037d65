"""`python -m autograd step`: step through the backward passes of an expression, a function or a script."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from autograd.cli.recording import recorded_target
from autograd.cli.target import add_target
from autograd.debugging.script import EndedError, run_script
from autograd.debugging.stepper.session import StepperSession
from autograd.errors import UsageError
from autograd.io.suggestions import no_such_file
from autograd.value import Value

EXAMPLES = """examples:
  python -m autograd step "relu(a*b + c)" a=2 b=-3 c=10
  python -m autograd step model.py:loss --at 1.5,-2
  python -m autograd step train.py
  python -m autograd step train.py -- --epochs 3
"""
DONE = 0


def add_options(parser: argparse.ArgumentParser) -> None:
    """The arguments of `step`."""
    add_target(
        parser,
        metavar="EXPRESSION | FILE.py:NAME | FILE.py",
        extra=", or a script, which stops at each backward()",
        numbers=" (or the script's own arguments, after --)",
    )


def run(args: argparse.Namespace) -> int:
    """Let the user step through; the exit code is that of the script, else 0. UsageError for wrong input."""
    if args.target.endswith(".py") and args.at is None:
        return _step_script(args.target, args.numbers)
    root = recorded_target(args)
    if not isinstance(root, Value) or not root.parents:
        raise UsageError(f"{args.target} does not depend on its inputs: there is nothing to step through")
    StepperSession()(root)
    return DONE


def _step_script(file: str, arguments: Sequence[str]) -> int:
    """Run a script, stop at each of its backward passes, and return its exit code."""
    if not Path(file).is_file():
        raise UsageError(no_such_file(file))
    session = StepperSession()

    def make_pass(root: Value) -> None:
        session(root)
        if session.ending == "abort":
            raise EndedError

    code = run_script(file, arguments, make_pass)
    if not session.passes and code == DONE:
        raise UsageError(f"{file} made no backward pass; it would stop at `loss.backward()`")
    return code
