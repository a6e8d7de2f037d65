"""The process of a submission: it runs the student's code and answers with raw numbers; it judges nothing.

A message is a line of JSON on the standard input, an answer a line on what was the standard output: `print` of the
submission goes nowhere. The first message has the source, so that restarting does not need the file. Imports the
standard library alone.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from types import ModuleType
from typing import Any

from autograd.grading.dialect import Dialect, UnknownDialectError, find_class
from autograd.grading.limits import apply as apply_limits

LONGEST_ERROR = 200
MODULE = "submission"


def answer(dialect: Dialect, program: Mapping[str, Any], file: str = "") -> dict[str, Any]:
    """The numbers of one program, or the error that it raises and the line of `file` where.

    >>> from autograd import Value
    >>> answer(Dialect(Value, {}), {"inputs": [3.0], "lines": [["mul", "v0", "v0"]], "backward": ["v1"]})
    {'values': [3.0, 9.0], 'grads': [6.0]}
    """
    try:
        return _numbers(dialect, program)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        return {"error": f"{type(error).__name__}: {_text(error)}"[:LONGEST_ERROR], "line": _line(error, file)}


def _numbers(dialect: Dialect, program: Mapping[str, Any]) -> dict[str, Any]:
    dialect.start()
    slots = [dialect.leaf(x) for x in program["inputs"]]
    count = len(slots)
    for operation, *operands in program["lines"]:
        slots.append(dialect.apply(operation, [slots[int(x[1:])] if isinstance(x, str) else x for x in operands]))
    for root in program["backward"]:
        dialect.backward(slots[int(root[1:])])
    return {"values": [dialect.data(x) for x in slots], "grads": [dialect.grad(x) for x in slots[:count]]}


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # whatever __str__ may do
        return ""


def _line(error: BaseException, file: str) -> int:
    """The innermost line of the file that an error came through; 0 where there is none."""
    if isinstance(error, SyntaxError) and error.filename == file:
        return error.lineno or 0
    lines, trace = [0], error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == file:
            lines.append(trace.tb_lineno)
        trace = trace.tb_next
    return lines[-1]


def load(source: str, file: str, name: str, adapter: str) -> Dialect:
    """Run the source of a submission and find out how its class is used."""
    helper = _executed(adapter, "adapter", "adapter") if adapter else None
    module = _executed(source, file, MODULE)
    made = None if hasattr(helper, "leaf") else find_class(vars(module), name, MODULE)
    return Dialect(made, vars(module), helper)


def _executed(source: str, file: str, name: str) -> ModuleType:
    module = sys.modules[name] = ModuleType(name)
    module.__file__ = file
    exec(compile(source, file, "exec"), vars(module))
    return module


def main() -> None:
    """Answer until there are no more messages."""
    settings = json.loads(sys.argv[1])
    if settings.get("command"):
        apply_limits(settings["memory"], settings["seconds"], address_space=False)
        os.execvp(settings["command"][0], settings["command"])
    channel = _Channel()
    first = channel.read()
    missing = apply_limits(settings["memory"], settings["seconds"])
    sys.argv = [first["file"]]
    sys.path[:0] = [os.path.dirname(first["file"])]
    for each in [each for each in sys.modules if each.partition(".")[0] == "autograd"]:
        del sys.modules[each]  # the submission may mean another
    try:
        dialect = load(first["source"], first["file"], first["class"], first["adapter"])
        reply: dict[str, Any] = {"functions": dialect.functions, "missing": missing}
    except BaseException as error:
        known = isinstance(error, UnknownDialectError)
        text = _text(error) if known else f"{type(error).__name__}: {_text(error)}"
        reply = {"error": text[:LONGEST_ERROR], "line": _line(error, first["file"]), "missing": missing}
    channel.write({"id": first["id"], **reply})
    while message := channel.read():
        channel.write({"id": message["id"], **answer(dialect, message, first["file"])})


class _Channel:
    """The standard streams under other numbers; what the submission finds in their place is empty."""

    def __init__(self) -> None:
        self._messages = open(os.dup(0), encoding="utf-8")  # noqa: SIM115
        self._answers = open(os.dup(1), "wb", buffering=0)  # noqa: SIM115
        self._loads, self._encode = json.loads, json.JSONEncoder().encode  # before a submission can replace them
        nothing = os.open(os.devnull, os.O_RDWR)
        for number in (0, 1, 2):
            os.dup2(nothing, number)

    def read(self) -> Any:
        """The next message; None at the end."""
        line = self._messages.readline()
        return self._loads(line) if line else None

    def write(self, message: Mapping[str, Any]) -> None:
        """Send an answer."""
        rest = memoryview(self._encode(message).encode() + b"\n")
        while rest:
            rest = rest[self._answers.write(rest) :]
