"""Grade a function: call it with drawn arguments, compare its results with the right ones, and name what is wrong."""

from __future__ import annotations

import linecache
import math
import textwrap
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from random import Random
from typing import NamedTuple

from autograd.grading.corpus import NUMBERS
from autograd.grading.report import WIDTH, Row
from autograd.grading.truth import TOLERANCE
from autograd.io.plural import counted

Arguments = tuple[object, ...]
MOST_ROWS = 6


class Draw:
    """Draws arguments: moderate numbers, as in the programs that engines are graded on; the same for the same seed.

    >>> draw = Draw(0)
    >>> draw.number(), draw.vector(2), draw.integer(2, 4)
    (-3.0, [1.7, 1.25], 2)
    """

    def __init__(self, seed: int = 0) -> None:
        self._source = Random(seed)

    def integer(self, low: int, high: int) -> int:
        """An integer from low to high, both included."""
        return low + int((high - low + 1) * self._source.random())

    def number(self) -> float:
        """A number that is neither 0 nor far from 1."""
        return float(NUMBERS[self.integer(0, len(NUMBERS) - 1)])

    def vector(self, size: int) -> list[float]:
        """A list of numbers."""
        return [self.number() for _ in range(size)]

    def matrix(self, rows: int, columns: int) -> list[list[float]]:
        """A list of rows."""
        return [self.vector(columns) for _ in range(rows)]


@dataclass(frozen=True, slots=True, eq=False)
class FunctionReport:
    """What `grade_function` returns: `ok`, and as text what is wrong, with a call that shows it.

    name     the function's
    problem  a sentence; '' where all results are right
    call     the call with the shortest arguments that shows it
    rows     the numbers of that call that are wrong
    tried    how many calls were made
    """

    name: str
    problem: str
    call: str
    rows: tuple[Row, ...]
    tried: int

    @property
    def ok(self) -> bool:
        """Whether all results are right."""
        return not self.problem

    def __str__(self) -> str:
        if self.ok:
            return f"{self.name}: right in {counted(self.tried, 'call')}"
        lines = [*textwrap.wrap(f"{self.name}: {self.problem}", WIDTH), ""]
        lines += textwrap.wrap(self.call, WIDTH, initial_indent="    ", subsequent_indent="        ")
        if self.rows:
            width = max(len(row.name) for row in self.rows)
            lines += [f"    {'':{width}}  {'yours':<22}  right"]
            lines += [f"    {row.name:{width}}  {row.yours:<22.12g}  {row.right:.12g}" for row in self.rows[:MOST_ROWS]]
        return "\n".join(lines)


class _Call(NamedTuple):
    arguments: Arguments
    right: dict[str, float]
    got: dict[str, float]
    problem: str  # what needs no comparison: an error, None, changed arguments

    @property
    def ok(self) -> bool:
        return not self.problem and _same(self.got, self.right)


def grade_function(
    answer: Callable[..., object],
    right: Callable[..., object],
    arguments: Callable[[Draw], Arguments],
    *,
    mistakes: Mapping[str, Callable[..., object]] | None = None,
    calls: int = 20,
    seed: int = 0,
) -> FunctionReport:
    """Grade a function by another that is right: call both with drawn arguments and compare all numbers of the results.

    answer     the function to grade; what it raises becomes a sentence of the report
    right      gives the right result: a number, a Value, an array, or lists, tuples and dicts of them; a number may
               differ by 1e-7 of it, or of 1 if that is larger
    arguments  draws a tuple of arguments
    mistakes   a sentence about each known mistake, and a function that makes it: the mistake that gives the very same
               numbers in all calls is named
    calls      how many
    seed       of the arguments; the same seed gives the same report

    >>> def slope(x):
    ...     return 1 - x**2
    >>> wrong = {"the derivative is 1 - tanh(x)**2, of the output": lambda x: 1 - x**2}
    >>> report = grade_function(slope, lambda x: 1 - math.tanh(x) ** 2, lambda draw: (draw.number(),), mistakes=wrong)
    >>> report.ok, report.problem
    (False, 'the derivative is 1 - tanh(x)**2, of the output')

    ValueError for calls < 1.
    """
    if calls < 1:
        raise ValueError(f"calls must be a positive integer, got {calls!r}")
    draw, name = Draw(seed), getattr(answer, "__name__", "the function")
    made = [_call(answer, right, arguments(draw)) for _ in range(calls)]
    wrong = [call for call in made if not call.ok]
    if not wrong:
        return FunctionReport(name, "", "", (), calls)
    shown = min(wrong, key=lambda call: (not call.problem, len(repr(call.arguments))))
    problem = shown.problem or _mistake(made, mistakes or {}) or _kind(made, wrong)
    rows = () if shown.problem else tuple(_rows(shown))
    return FunctionReport(name, problem, f"{name}({', '.join(map(repr, shown.arguments))})", rows, calls)


def _call(answer: Callable[..., object], right: Callable[..., object], arguments: Arguments) -> _Call:
    given = deepcopy(arguments)
    wanted = _numbers(right(*deepcopy(arguments)))
    try:
        result = answer(*given)
    except Exception as error:  # whatever a student's function raises
        return _Call(arguments, wanted, {}, _raised(answer, error))
    if result is None:
        return _Call(arguments, wanted, {}, "it returns None; it is not written yet, or `return` is missing")
    changed = "it changes its arguments; make new lists" if repr(given) != repr(arguments) else ""
    try:
        return _Call(arguments, wanted, _numbers(result), changed)
    except (TypeError, OverflowError) as error:
        return _Call(arguments, wanted, {}, f"it returns what is not a number: {error}")


def _raised(answer: Callable[..., object], error: Exception) -> str:
    """The error, and the last line of the function's own file that led to it."""
    file = getattr(getattr(answer, "__code__", None), "co_filename", "")
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
    line = lines[-1] if lines else None
    code = linecache.getline(file, line).strip() if line else ""
    place = f" in line {line}" + (f", `{code}`" if code else "") if line else ""
    return f"it raises {type(error).__name__}: {error}{place}"


def _numbers(result: object, name: str = "result") -> dict[str, float]:
    """The numbers of a result by their places, `result[0][1]`; TypeError where there is something else."""
    found: object = result.tolist() if hasattr(result, "tolist") else getattr(result, "data", result)
    items: Iterable[tuple[object, object]]
    if isinstance(found, Mapping):
        items = found.items()
    elif isinstance(found, Sequence) and not isinstance(found, str):
        items = enumerate(found)
    elif isinstance(found, int | float):
        return {name: float(found)}
    else:
        raise TypeError(f"{name} is of type {type(found).__name__}")
    return {place: x for key, each in items for place, x in _numbers(each, f"{name}[{key!r}]").items()}


def _same(got: Mapping[str, float], right: Mapping[str, float]) -> bool:
    return got.keys() == right.keys() and all(_close(got[place], x) for place, x in right.items())


def _close(x: float, right: float) -> bool:
    return x == right or abs(x - right) <= TOLERANCE * max(1.0, abs(right))


def _mistake(made: Sequence[_Call], mistakes: Mapping[str, Callable[..., object]]) -> str:
    """The known mistake that gives the same numbers in all calls, '' if none does."""
    fitting = (
        sentence
        for sentence, mistaken in mistakes.items()
        if all(_same(call.got, _numbers(mistaken(*deepcopy(call.arguments)))) for call in made)
    )
    return next(fitting, "")


def _kind(made: Sequence[_Call], wrong: Sequence[_Call]) -> str:
    """What can be said without knowing the mistake: another shape, a factor, or how often it is wrong."""
    for call in wrong:
        if call.got.keys() != call.right.keys():
            return f"it returns {counted(len(call.got), 'number')}, not {len(call.right)}, or in other brackets"
    pairs = [(call.got[place], x) for call in made for place, x in call.right.items() if x]
    factor = pairs[0][0] / pairs[0][1] if pairs else math.nan
    if factor and all(_close(x, factor * right) for x, right in pairs):
        return "the sign is the opposite" if factor == -1.0 else f"every number is {factor:.6g} times the right one"
    return f"wrong in {len(wrong)} of {counted(len(made), 'call')}, and it is none of the known mistakes"


def _rows(call: _Call) -> Iterable[Row]:
    for place, x in call.right.items():
        if place in call.got and not _close(call.got[place], x):
            yield Row(place, call.got[place], x)
