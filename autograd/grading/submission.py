"""What is graded: a file that runs in a process of its own, or a class of this process. Both answer programs."""

from __future__ import annotations

import inspect
import math
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from autograd.errors import UsageError
from autograd.grading.dialect import Dialect, UnknownDialectError
from autograd.grading.engine import Answer
from autograd.grading.program import FUNCTIONS, Program
from autograd.grading.sandbox import Limits, Process, StoppedError
from autograd.grading.worker import answer

STOPPED = ("stopped: ", "not run: ")  # how errors begin that are not an exception of the submission
MOST_STARTS = 4  # of the process: a submission may stop it three times
INTERPRETERS = {".js": "node", ".mjs": "node", ".cjs": "node"}


class Engine(Protocol):
    """What grading needs of a submission."""

    name: str
    source: str  # its text, '' where there is none
    file: str
    first_line: int  # of the source in that file
    functions: tuple[str, ...]
    notes: list[str]

    def answer(self, program: Program) -> Answer:
        """The numbers of a program, or an error."""


class LoadError(Exception):
    """A submission that cannot be used: it raises when it is loaded, or no class was recognized."""


class LiveEngine:
    """A class of this process, graded without limits: it is the caller's own."""

    def __init__(self, made: Any, adapter: Any = None) -> None:
        self.name = getattr(made, "__name__", "engine")
        self.notes: list[str] = []
        module = sys.modules.get(getattr(made, "__module__", ""))
        try:
            lines, start = inspect.getsourcelines(made)
            self.source, self.file, self.first_line = "".join(lines), inspect.getfile(made), start
        except (OSError, TypeError):  # typed into a console
            self.source, self.file, self.first_line = "", "", 1
        try:
            self._dialect = Dialect(made, vars(module) if module else {}, adapter)
        except UnknownDialectError as error:
            raise LoadError(str(error)) from error
        self.functions = tuple(self._dialect.functions)

    def answer(self, program: Program) -> Answer:
        """The numbers of a program, or an error."""
        return _answer(answer(self._dialect, program.to_dict(), self.file), program)


class FileEngine:
    """A file, run in a process with limits: Python, or a program that speaks the protocol of JSON lines."""

    def __init__(self, file: Path, name: str, limits: Limits, adapter: str = "") -> None:
        self.file, self.first_line, self.limits = str(file), 1, limits
        self.notes: list[str] = []
        self.name = f"{file.name}:{name}" if name else file.name
        self._command = command(file)
        self.source = "" if self._command else _text(file)
        self._deadline = time.monotonic() + limits.total
        self._starts = 0
        self._opening = {"source": self.source, "file": str(file.resolve()), "class": name, "adapter": adapter}
        self._process: Process | None = None
        self.functions: tuple[str, ...] = ()
        self._folder = file.resolve().parent

    def start(self) -> None:
        """Start the process; LoadError where the submission cannot be used."""
        self._starts += 1
        self._process = Process(self.limits, self._folder, self._command)
        try:
            reply = self._process.ask({"hello": 1} if self._command else self._opening, self._seconds())
        except StoppedError as stopped:
            self.close()
            raise LoadError(f"the process {stopped} while the file was loaded and tried") from stopped
        if reply.get("error"):
            line = reply.get("line")
            raise LoadError(f"line {line}: {reply['error']}" if line else str(reply["error"]))
        found = reply.get("functions", ())
        self.functions = tuple([each for each in FUNCTIONS if each in found]) if isinstance(found, list) else ()
        missing = reply.get("missing")
        if missing and self._starts == 1:
            self.notes.append(f"not limited on this platform: {', '.join(map(str, missing))}")

    def answer(self, program: Program) -> Answer:
        """The numbers of a program, or an error: it raises, or the process stops, which is started again then."""
        if self._process is None:
            if self._starts >= MOST_STARTS or self._seconds() <= 0.0:
                return Answer(error="not run: the submission had used up its time, or was stopped too often")
            try:
                self.start()
            except LoadError as error:
                return Answer(error=f"not run: {error}")
        assert self._process is not None  # just started
        try:
            return _answer(self._process.ask(program.to_dict(), self._seconds()), program)
        except StoppedError as stopped:
            self.close()
            return Answer(error=f"stopped: the process {stopped}")

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.close()
            self._process = None

    def _seconds(self) -> float:
        return max(0.0, min(self.limits.answer, self._deadline - time.monotonic()))


def command(file: Path) -> list[str]:
    """How a program in another language is started; empty for Python.

    >>> command(Path("student.py"))
    []
    """
    if file.suffix == ".py":
        return []
    if file.suffix in INTERPRETERS:
        return [INTERPRETERS[file.suffix], str(file.resolve())]
    if os.access(file, os.X_OK):
        return [str(file.resolve())]
    raise UsageError(f"{file}: neither Python (.py), nor JavaScript (.js), nor executable; chmod +x it")


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise UsageError(f"{file} is not UTF-8 text: {error}") from error


def _answer(reply: Mapping[str, Any], program: Program) -> Answer:
    """A reply as an answer: whatever is in it, numbers or an error come out."""
    line = reply.get("line")
    if reply.get("error"):
        return Answer(error=str(reply["error"])[:300], line=line if isinstance(line, int) else 0)
    values, gradients = _numbers(reply.get("values"), math.nan), _numbers(reply.get("grads"), 0.0)
    if len(values) != len(program.inputs) + len(program.lines) or len(gradients) != len(program.inputs):
        return Answer(error="malformed answer: a value for every slot and a gradient for every input are needed")
    return Answer(values, gradients)


def _numbers(found: Any, missing: float) -> tuple[float, ...]:
    """A list of numbers; null is the number `missing`, what is none is nan."""
    if not isinstance(found, list):
        return ()
    numbers = []
    for x in found:
        try:
            numbers.append(missing if x is None else float(x))
        except (TypeError, ValueError, OverflowError):
            numbers.append(math.nan)
    return tuple(numbers)
