"""The user's program: run as `python file.py` runs it, its backward passes made by somebody else."""

from __future__ import annotations

import io
import os
import runpy
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from typing import TextIO

from autograd.backward import Pass, use_backward
from autograd.debugging.switch import debug

FAILED, INTERRUPTED = 1, 130


class EndedError(SystemExit):
    """The editor has ended the program."""


@dataclass(frozen=True)
class Program:
    """A script, its arguments, and the folder to run it in (None: here)."""

    file: str
    arguments: Sequence[str] = ()
    folder: str | None = None

    def run(self, make_pass: Pass) -> int:
        """Run it, with `make_pass` in the place of each backward pass, and return its exit code.

        What it raises is shown on stderr without the frames of this project; Ctrl-C is passed on.
        """
        path = os.path.abspath(os.path.join(self.folder or "", self.file))
        with self._surroundings(path), debug(), use_backward(make_pass):
            return _exit_code(path)

    @contextmanager
    def _surroundings(self, path: str) -> Iterator[None]:
        before, folder = (sys.argv, sys.path[:]), os.getcwd()
        sys.argv = [path, *self.arguments]
        sys.path.insert(0, os.path.dirname(path))
        if self.folder:
            os.chdir(self.folder)
        try:
            yield
        finally:
            sys.argv, sys.path[:] = before
            os.chdir(folder)


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


class _Lines(io.TextIOBase):
    """A stream that hands on whole lines."""

    def __init__(self, hand_on: Callable[[str], None]) -> None:
        self._hand_on, self._begun = hand_on, ""

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        whole, newline, self._begun = (self._begun + text).rpartition("\n")
        if newline:
            self._hand_on(whole + newline)
        return len(text)

    def flush(self) -> None:
        if self._begun:
            self._hand_on(self._begun)
            self._begun = ""


@contextmanager
def heard(listener: Callable[[str, str], None], *, also_here: bool) -> Iterator[None]:
    """Let `listener("stdout" or "stderr", text)` have what is printed in the block; `also_here`: besides."""

    def to(category: str, stream: TextIO) -> _Lines:
        def hand_on(text: str) -> None:
            listener(category, text)
            if also_here:
                stream.write(text)
                stream.flush()

        return _Lines(hand_on)

    out, err = to("stdout", sys.stdout), to("stderr", sys.stderr)
    with redirect_stdout(out), redirect_stderr(err):
        try:
            yield
        finally:
            out.flush()
            err.flush()
