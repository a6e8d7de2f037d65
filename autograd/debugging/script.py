"""Run a script as `python file.py` does, but with another function for its backward passes."""

from __future__ import annotations

import os
import runpy
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from autograd.backward import Pass, use_backward
from autograd.debugging.switch import debug

FAILED = 1


class EndedError(SystemExit):
    """The user of a debugger has ended the script."""


def run_script(path: str, arguments: Sequence[str], make_pass: Pass) -> int:
    """Run the script inside `debug()`, with `make_pass` for each backward pass, and return its exit code.

    What it raises is shown on stderr without the frames of this project; KeyboardInterrupt is passed on.
    """
    with _as_main(path, arguments), debug(), use_backward(make_pass):
        return _exit_code(path)


@contextmanager
def _as_main(path: str, arguments: Sequence[str]) -> Iterator[None]:
    before = sys.argv, sys.path[:]
    sys.argv = [path, *arguments]
    sys.path.insert(0, os.path.dirname(os.path.realpath(path)))
    try:
        yield
    finally:
        sys.argv, sys.path[:] = before


def _exit_code(path: str) -> int:
    try:
        runpy.run_path(path, run_name="__main__")
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            return end.code or 0
        print(end.code, file=sys.stderr)
        return FAILED
    except Exception as error:
        trace = error.__traceback__
        while trace is not None and trace.tb_frame.f_code.co_filename != path:
            trace = trace.tb_next
        traceback.print_exception(type(error), error, trace)
        return FAILED
    return 0
