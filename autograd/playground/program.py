"""Run the user's program: what it prints, where it fails, and the graph that it leaves."""

from __future__ import annotations

import ast
import linecache
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from io import StringIO
from types import CodeType
from typing import Any

from autograd.backward import plain_pass, use_backward
from autograd.debugging.switch import debug
from autograd.primitive import PRIMITIVES, undefine
from autograd.value import Value

FILE = "program.py"
LONGEST_OUTPUT = 20_000  # characters; a loop that prints must not fill the memory


@dataclass(frozen=True)
class Failure:
    """An exception of the program; line and columns count from 1 and 0, and are None where Python does not know them.

    text  the traceback through the program's own lines
    """

    kind: str
    message: str
    text: str
    line: int | None = None
    column: int | None = None
    end_column: int | None = None


@dataclass
class Run:
    """What a program has left.

    root       the Value whose backward pass ran last, else the last one that was assigned; None without any
    variables  its global names
    """

    output: str = ""
    failure: Failure | None = None
    root: Value | None = None
    variables: dict[str, Any] = field(default_factory=dict)


def run_program(text: str) -> Run:
    """Run the text as a script, with provenance; its exceptions end up in the result.

    >>> run = run_program("from autograd import Value\\nx = Value(3.0)\\nprint(x.data)\\nx * y")
    >>> run.output, run.failure.line, run.failure.message, run.root
    ('3.0\\n', 4, "name 'y' is not defined", Value(data=3.0, grad=0.0))
    """
    run = Run(variables={"__name__": "__main__", "__builtins__": __builtins__})
    roots: list[Value] = []
    output = _Output()

    def make_pass(root: Value) -> None:
        plain_pass(root)
        roots[:] = [root]

    linecache.cache[FILE] = (len(text), None, text.splitlines(keepends=True), FILE)
    with _own_primitives(), debug(), use_backward(make_pass), redirect_stdout(output), redirect_stderr(output):
        run.failure = _failure_of(text, run.variables)
    run.output = output.text
    run.root = roots[-1] if roots else _last_value(run.variables)
    return run


def _failure_of(text: str, variables: dict[str, Any]) -> Failure | None:
    try:
        exec(_code(text), variables)
    except SystemExit:
        return None
    except BaseException as error:  # also KeyboardInterrupt: the program's own
        return _failure(error)
    return None


def _code(text: str) -> CodeType:
    """The program; an expression at its end is assigned to `_`, so that its value is drawn."""
    tree = ast.parse(text, FILE)
    if tree.body and isinstance(last := tree.body[-1], ast.Expr):
        tree.body[-1] = ast.copy_location(ast.Assign([ast.Name("_", ast.Store())], last.value), last)
        ast.fix_missing_locations(tree.body[-1])
    return compile(tree, FILE, "exec")


def _failure(error: BaseException) -> Failure:
    """The exception, with the innermost line of the program that led to it."""
    kind, message = type(error).__name__, str(error)
    if isinstance(error, SyntaxError) and error.filename == FILE:
        text = "".join(traceback.format_exception_only(error))
        column = max((error.offset or 1) - 1, 0)
        return Failure(kind, error.msg, text, error.lineno, column, None)
    frames = traceback.extract_tb(error.__traceback__)
    own = traceback.StackSummary.from_list([frame for frame in frames if frame.filename == FILE])
    text = "".join(["Traceback (most recent call last):\n", *own.format(), *traceback.format_exception_only(error)])
    if not own:
        return Failure(kind, message, text)
    last = own[-1]
    end = last.end_colno if last.end_lineno == last.lineno else None
    return Failure(
        kind, message, text, last.lineno, _characters(last.lineno, last.colno), _characters(last.lineno, end)
    )


def _characters(line: int | None, column: int | None) -> int | None:
    """The column in characters; Python counts bytes."""
    if line is None or column is None:
        return None
    return len(linecache.getline(FILE, line).encode()[:column].decode(errors="ignore"))


def _last_value(variables: Mapping[str, Any]) -> Value | None:
    """The Value that was bound last, of those that were computed if there are any."""
    values = [each for each in variables.values() if isinstance(each, Value)]
    return next((each for each in reversed(values) if each.parents), values[-1] if values else None)


@contextmanager
def _own_primitives() -> Iterator[None]:
    """Remove the primitives that the program has defined: it will run again."""
    before = set(PRIMITIVES)
    try:
        yield
    finally:
        for row in [row for name, row in PRIMITIVES.items() if name not in before]:
            undefine(row)


class _Output(StringIO):
    """A stream that keeps the beginning of what is written."""

    def write(self, text: str) -> int:
        room = LONGEST_OUTPUT - self.tell()
        super().write(text[: max(room, 0)])
        return len(text)

    @property
    def text(self) -> str:
        """What was written, with a note if it was cut."""
        text = self.getvalue()
        return (
            text if len(text) < LONGEST_OUTPUT else f"{text}\n… (only the first {LONGEST_OUTPUT} characters are kept)"
        )
