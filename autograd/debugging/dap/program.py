"""The program to debug, and what it prints."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from typing import TextIO

from autograd.backward import Pass
from autograd.debugging.script import run_script


@dataclass(frozen=True)
class Program:
    """A script, its arguments, and the folder to run it in (None: the current one)."""

    file: str
    arguments: Sequence[str] = ()
    folder: str | None = None

    def run(self, make_pass: Pass) -> int:
        """Run it, with `make_pass` for each backward pass, and return its exit code."""
        before = os.getcwd()
        path = os.path.abspath(os.path.join(self.folder or "", self.file))
        try:
            if self.folder:
                os.chdir(self.folder)
            return run_script(path, self.arguments, make_pass)
        finally:
            os.chdir(before)


class _Lines(io.TextIOBase):
    """A stream that passes whole lines to a function."""

    def __init__(self, receive: Callable[[str], None]) -> None:
        self._receive, self._begun = receive, ""

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        whole, newline, self._begun = (self._begun + text).rpartition("\n")
        if newline:
            self._receive(whole + newline)
        return len(text)

    def flush(self) -> None:
        if self._begun:
            self._receive(self._begun)
            self._begun = ""


@contextmanager
def captured_output(listener: Callable[[str, str], None], *, also_here: bool) -> Iterator[None]:
    """Call `listener("stdout" or "stderr", text)` with what is printed in the block; `also_here`: print it too."""

    def to(category: str, stream: TextIO) -> _Lines:
        def receive(text: str) -> None:
            listener(category, text)
            if also_here:
                stream.write(text)
                stream.flush()

        return _Lines(receive)

    out, err = to("stdout", sys.stdout), to("stderr", sys.stderr)
    with redirect_stdout(out), redirect_stderr(err):
        try:
            yield
        finally:
            out.flush()
            err.flush()
