"""`python -m autograd step`: the backward pass of an expression, of a function of a file, or of a whole script."""

from __future__ import annotations

import argparse
import runpy
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from autograd.backward import use_backward
from autograd.cli.recording import recorded_target
from autograd.cli.target import add_target, importing_from
from autograd.debugging.stepper.session import Session
from autograd.debugging.switch import debug
from autograd.errors import UsageError
from autograd.value import Value

EXAMPLES = """examples:
  python -m autograd step "relu(a*b + c)" a=2 b=-3 c=10
  python -m autograd step model.py:loss --at 1.5,-2
  python -m autograd step train.py
  python -m autograd step train.py -- --epochs 3
"""
DONE, PROGRAM_FAILED = 0, 1


def add_options(parser: argparse.ArgumentParser) -> None:
    """The arguments of `step`."""
    add_target(parser, "what to step through: a script FILE.py, which stops at each backward(), or")


def run(args: argparse.Namespace) -> int:
    """Hand the pass over to the user; the exit code is that of the script, else 0. UsageError for wrong input."""
    if args.target.endswith(".py") and args.at is None:
        return run_script(args.target, args.numbers)
    root = recorded_target(args)
    if not isinstance(root, Value) or not root.parents:
        raise UsageError(f"{args.target} does not depend on anything: there is nothing to step through")
    Session()(root)
    return DONE


# --- a script ---------------------------------------------------------------------------------------------------------


class _AbortedError(SystemExit):
    """What ends a script after `abort`."""


def run_script(file: str, arguments: Sequence[str]) -> int:
    """Run a script as `python file.py` does, and stop at each of its backward passes; its exit code."""
    path = Path(file)
    if not path.is_file():
        raise UsageError(f"{file}: no such file")
    session = Session()

    def make_pass(root: Value) -> None:
        session(root)
        if session.ending == "abort":
            raise _AbortedError

    with _program_arguments([file, *arguments]), importing_from(path.parent), debug(), use_backward(make_pass):
        code = _exit_code_of(file)
    if not session.passes and code == DONE:
        raise UsageError(f"{file} made no backward pass; `loss.backward()` is where it would stop")
    return code


def _exit_code_of(file: str) -> int:
    """Run the file; what it raises is shown with the frames that are its own."""
    try:
        runpy.run_path(file, run_name="__main__")
    except _AbortedError:
        return DONE
    except SystemExit as exit_:
        if exit_.code is None or isinstance(exit_.code, int):
            return exit_.code or DONE
        print(exit_.code, file=sys.stderr)
        return PROGRAM_FAILED
    except Exception as error:
        trace = error.__traceback__
        while trace is not None and trace.tb_frame.f_code.co_filename != file:
            trace = trace.tb_next
        traceback.print_exception(type(error), error, trace)
        return PROGRAM_FAILED
    return DONE


@contextmanager
def _program_arguments(arguments: Sequence[str]) -> Iterator[None]:
    before = sys.argv
    sys.argv = list(arguments)
    try:
        yield
    finally:
        sys.argv = before
