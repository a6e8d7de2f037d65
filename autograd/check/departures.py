"""Where numbers leave the graph: an observer of `float(x)`, `x.data`, `x.detach()` and their kin while f runs.

That a number leaves is no fault by itself, since many are printed or compared. Whether the result depends on them is
found by holding what left at a place fixed while f is called at another point: see itself.py.
"""

from __future__ import annotations

import operator
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from types import FrameType
from typing import Any, NamedTuple, TypeVar

from autograd.assignments import callee
from autograd.origin import Instruction, Position, is_library_file, is_ours, position_of, span
from autograd.recording import under
from autograd.scopes import Hooks, hooks
from autograd.value import Value, as_float

T = TypeVar("T")
COMPARE: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_REMEDIES = {
    ".data": "compute with the Value itself instead of its .data",
    ".grad": "take derivatives of derivatives with autograd.grad",
    "detach()": "leave detach() out",
    "int()": "if a step function is meant, use autograd.floor",
    "text": "format what f returns, not what it computes with",
    "no_graph()": "compute it outside of no_graph()",
    "a copy": "use the Value itself instead of a copy",
}
_ALLOW = "; if it is meant to be constant, check with detached='allow'"


Place = tuple[Any, ...]
"""A sub-expression: its code and span. The same one may be carried out by several instructions (CPython's PRECALL)."""


class Departure(NamedTuple):
    """One number that left the graph: by what, at which instruction of the user's, and the number."""

    how: str
    at: Instruction
    number: float

    @property
    def place(self) -> Place:
        """What the departures of one sub-expression have in common."""
        return place_of(self.at)


def place_of(at: Instruction) -> Place:
    """See `Place`."""
    return at[0], *span(at)


class Observer:
    """Answers like a Value that nobody observes, and notes who asked; `held` has numbers to answer with instead.

    departures  the numbers that left, in order
    outcomes    the results of comparisons, in order
    """

    def __init__(self, held: Mapping[Place, Sequence[float]] | None = None) -> None:
        self.departures: list[Departure] = []
        self.outcomes: list[bool] = []
        self._held: dict[Place, Iterator[float]] = {place: iter(numbers) for place, numbers in (held or {}).items()}

    def run(self, function: Callable[..., T], *args: Any) -> T:
        """`function(*args)`, observed."""
        return under(self._change, function, *args)

    def _change(self, now: Hooks) -> Hooks:
        return replace(now, observer=self, leaf_watchers=(*now.leaf_watchers, self._see_leaf))

    def _left(self, number: float, how: str, frame: FrameType | None) -> float:
        at = _asking(frame)
        if at is None:
            return number
        answer = next(self._held.get(place_of(at), iter(())), number) if self._held else number
        self.departures.append(Departure(how, at, number))
        return answer

    def _see_leaf(self, leaf: Value) -> None:
        """What is computed inside `no_graph()` has no parents, and nobody reads a number."""
        if hooks().off:
            leaf._data = self._left(leaf._data, "no_graph()", _outside(sys._getframe(1)))

    # --- what a Value asks its recorder, see value.py -----------------------------------------------------------------

    def read(self, value: Value, name: str) -> float:
        """`.data` or `.grad`."""
        number = value._data if name == "data" else value._grad
        return self._left(number, f".{name}", sys._getframe(2))

    def as_float(self, value: Value) -> float:
        """`float(value)`, also by functions of `math`, `statistics` and NumPy."""
        return self._left(value._data, "float()", sys._getframe(2))

    def as_integer(self, value: Value) -> float:
        """`int(value)`."""
        return self._left(value._data, "int()", sys._getframe(2))

    def text(self, value: Value, spec: str) -> str:
        """`repr`, `str` and `format`."""
        number = self._left(value._data, "text", sys._getframe(2))
        return format(number, spec) if spec else value._described().replace(repr(value._data), repr(number), 1)

    def detach(self, value: Value) -> Value:
        """`value.detach()`."""
        return Value(self._left(value._data, "detach()", sys._getframe(2)))

    def compare(self, relation: str, left: Value, right: Any) -> bool:
        """`left < right` and its kin."""
        other = right._data if isinstance(right, Value) else as_float(right)
        outcome = COMPARE[relation](left._data, other)
        self.outcomes.append(outcome)
        return outcome

    def equal(self, left: Value, right: Any) -> Any:
        """`left == right`: identity."""
        return NotImplemented

    def wrap(self, value: Value) -> float:
        """`Value(value)`: TypeError, as ever."""
        return as_float(value)

    def write(self, value: Value, name: str) -> None:
        """An assignment to `.data` or `.grad`."""

    def refuse_backward(self) -> None:
        """`value.backward()`."""

    def refuse_callback(self) -> None:
        """`value.on_backward(…)`."""

    def refuse_copy(self) -> None:
        """`copy.copy(value)` and its kin."""
        self._left(0.0, "a copy", sys._getframe(2))


def numbers_by_place(departures: Sequence[Departure]) -> dict[Place, list[float]]:
    """What left at each place, in order."""
    found: dict[Place, list[float]] = {}
    for departure in departures:
        found.setdefault(departure.place, []).append(departure.number)
    return found


def described(departure: Departure) -> tuple[Position, str, str]:
    """Where a number left, by what, and what to write instead."""
    place = position_of(departure.at)
    return place, departure.how, _remedy(departure.how, place.text) + _ALLOW


def _remedy(how: str, text: str) -> str:
    if how in _REMEDIES:
        return _REMEDIES[how]
    name = callee(text) or ""
    if name in _SAME_NAME:
        return f"use autograd.{_SAME_NAME[name]}, which records"
    if name in ("array", "asarray", "fromiter", "full"):
        return "make the array with dtype=object, which holds Values"
    return "compute with the Value itself, by operators and functions of autograd"


_SAME_NAME = {
    name: name
    for name in (
        *("exp", "expm1", "log", "log1p", "sqrt", "sin", "cos", "tan", "asin", "acos", "atan", "atan2", "sinh", "cosh"),
        *("tanh", "asinh", "acosh", "atanh", "erf", "hypot", "floor", "ceil", "prod", "mean"),
    )
} | {"fsum": "total", "fmean": "mean", "fabs": "abs", "pstdev": "std", "sumprod": "dot"}


def _asking(frame: FrameType | None) -> Instruction | None:
    """The instruction of the user's that asked for a number: not one of ours, nor of a library the user called."""
    if frame is None or is_ours(frame):
        return None
    first: FrameType | None = frame
    while frame is not None and not is_ours(frame):
        if not is_library_file(frame.f_code.co_filename):
            return frame.f_code, frame.f_lasti
        frame = frame.f_back
    return (first.f_code, first.f_lasti) if first is not None else None


def _outside(frame: FrameType | None) -> FrameType | None:
    while frame is not None and is_ours(frame):
        frame = frame.f_back
    return frame
