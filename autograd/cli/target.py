"""Parse EXPRESSION with name=number, or FILE.py:NAME with --at: the target of a command."""

from __future__ import annotations

import argparse
import ast
import re
import runpy
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from autograd.errors import UsageError
from autograd.expressions.expression import parse
from autograd.io.suggestions import did_you_mean, no_such_file
from autograd.value import Value

IN_FILE = re.compile(r"(?P<file>.+\.py):(?P<name>[^\W\d]\w*)")


def add_target(
    parser: argparse.ArgumentParser,
    *,
    metavar: str = "EXPRESSION | FILE.py:NAME",
    extra: str = "",
    numbers: str = "",
) -> None:
    """Add the arguments that `read_target` reads; `extra` and `numbers` go on with their help."""
    parser.add_argument("target", metavar=metavar, help=f"an expression, or a function or Value of a file{extra}")
    parser.add_argument(
        "numbers", nargs="*", default=[], metavar="name=number", help=f"values of the names in an expression{numbers}"
    )
    parser.add_argument("--at", metavar="NUMBERS", help="arguments of the function, as in 1.5,-2 or [1,2],0.5")


def read_target(args: argparse.Namespace) -> tuple[Any, Sequence[Any], str]:
    """The target, the numbers to call it with, and its file ('' for an expression). UsageError for wrong input."""
    in_file = IN_FILE.fullmatch(args.target)
    if in_file is None:
        if args.at is not None:
            raise UsageError("--at is for FILE.py:NAME; give an expression its numbers as in x=1.5 y=-2")
        return *expression_at(args.target, args.numbers), ""
    if args.numbers:
        raise UsageError(f"{args.target} takes --at 1.5,-2, not {args.numbers[0]!r}")
    found = from_file(in_file["file"], in_file["name"])
    return found, numbers_at(args.at, isinstance(found, Value)), in_file["file"]


def expression_at(text: str, assignments: Sequence[str]) -> tuple[Any, Sequence[float]]:
    """A parsed expression and its numbers: `x=1.5` for each of its names.

    >>> f, at = expression_at("x*y", ["y=2", "x=3"])
    >>> f(*at)
    6.0
    """
    expression = parse(text)
    numbers = dict(_assignment(each) for each in assignments)
    missing = [name for name in expression.names if name not in numbers]
    unknown = [name for name in numbers if name not in expression.names]
    if missing:
        raise UsageError(f"{text!r} needs a number for {', '.join(missing)}: add {missing[0]}=1.5")
    if unknown:
        raise UsageError(f"{text!r} has no {', '.join(unknown)}")
    if not expression.names:
        raise UsageError(f"{text!r} contains no names: there is nothing to differentiate by")
    return expression, [numbers[name] for name in expression.names]


def _assignment(text: str) -> tuple[str, float]:
    name, equals, number = text.partition("=")
    if not (equals and name.strip().isidentifier()):
        raise UsageError(f"expected name=number, as in x=1.5, got {text!r}")
    try:
        return name.strip(), float(number)
    except ValueError:
        raise UsageError(f"{name.strip()} must be a number, got {number!r}") from None


def numbers_at(text: str | None, is_value: bool) -> Sequence[Any]:
    """The arguments of a function; none for a recorded Value.

    >>> numbers_at("1.5,[1, 2]", False)
    [1.5, [1, 2]]
    """
    if is_value:
        if text is not None:
            raise UsageError("a recorded Value has its numbers already: leave --at out")
        return ()
    try:
        numbers = ast.literal_eval(f"({text},)") if text else ()
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        raise UsageError(f"--at takes numbers and lists of numbers, as in 1.5,-2 or [1,2],0.5; got {text!r}") from None
    if not all(map(_is_number_or_list, numbers)):
        raise UsageError(f"--at takes numbers and lists of numbers, as in 1.5,-2 or [1,2],0.5; got {text!r}")
    return list(numbers)


def _is_number_or_list(x: Any) -> bool:
    if isinstance(x, list):
        return all(map(_is_number_or_list, x))
    return isinstance(x, int | float) and not isinstance(x, bool)


def from_file(file: str, name: str) -> Any:
    """The object called `name` in a file, which is run."""
    path = Path(file)
    if not path.is_file():
        raise UsageError(no_such_file(file))
    with reporting_user_errors(file), importing_from(path.parent):
        names = runpy.run_path(file, run_name=path.stem)
    if name not in names:
        functions = [each for each, what in names.items() if callable(what) and not each.startswith("_")]
        hint = did_you_mean(name, functions) or ";"
        raise UsageError(f"{file} has no {name!r}{hint} it has {', '.join(functions) or 'no functions'}")
    return names[name]


@contextmanager
def importing_from(folder: Path) -> Iterator[None]:
    """Let a file import modules beside it, as when it is run."""
    sys.path.insert(0, str(folder.resolve()))
    try:
        yield
    finally:
        sys.path.remove(str(folder.resolve()))


@contextmanager
def reporting_user_errors(file: str) -> Iterator[None]:
    """Turn what the user's file raises into a UsageError: one line with its place. Without a file, nothing is."""
    try:
        yield
    except UsageError:
        raise
    except (Exception, SystemExit) as error:
        if not file and not isinstance(
            error, ImportError
        ):  # a bug of ours; ImportError: a package for an oracle is missing
            raise
        raise UsageError(_located(error, file) if file else str(error)) from error


def _located(error: BaseException, file: str) -> str:
    """`train.py:12: ZeroDivisionError: …`, with the innermost line of that file."""
    trace = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in trace if Path(frame.filename).resolve() == Path(file).resolve()]
    if isinstance(error, SyntaxError):
        lines = [error.lineno]
    return f"{file}{f':{lines[-1]}' if lines else ''}: {type(error).__name__}: {error}"
