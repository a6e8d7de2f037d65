"""Observers: they answer for a Value that is asked for its number, and see the code that asked.

An observer in the hooks (scopes.py) answers as the Value itself would. A gradient check notes what left the graph;
while a derivative is taken, a warning says that a number leaves it for good.
"""

from __future__ import annotations

import operator
import sys
import warnings
from collections.abc import Callable, Mapping
from types import FrameType
from typing import Any

from autograd.assignments import callee
from autograd.graph import topological
from autograd.origin import Instruction, is_library_file, is_ours, position_of
from autograd.value import Value, as_float

COMPARE: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class Observer:
    """Answers as a Value does without an observer; `left` may look at the numbers that leave, and change them."""

    def left(self, number: float, how: str, frame: FrameType | None) -> float:
        """The answer to what asks for a number in this way, from this frame."""
        return number

    # --- what a Value asks its recorder, see value.py -----------------------------------------------------------------

    def read(self, value: Value, name: str) -> float:
        """`.data` or `.grad`."""
        number = value._data if name == "data" else value._grad
        return self.left(number, f".{name}", sys._getframe(2))

    def as_float(self, value: Value) -> float:
        """`float(value)`, also by functions of `math`, `statistics` and NumPy."""
        return self.left(value._data, "float()", sys._getframe(2))

    def as_integer(self, value: Value) -> float:
        """`int(value)`."""
        return self.left(value._data, "int()", sys._getframe(2))

    def text(self, value: Value, spec: str) -> str:
        """`repr`, `str` and `format`."""
        number = self.left(value._data, "text", sys._getframe(2))
        return format(number, spec) if spec else value._described().replace(repr(value._data), repr(number), 1)

    def detach(self, value: Value) -> Value:
        """`value.detach()`."""
        return Value(self.left(value._data, "detach()", sys._getframe(2)))

    def compare(self, relation: str, left: Value, right: Any) -> bool:
        """`left < right` and the other comparisons."""
        other = right._data if isinstance(right, Value) else as_float(right)
        return COMPARE[relation](left._data, other)

    def equal(self, left: Value, right: Any) -> Any:
        """`left == right`: identity."""
        return NotImplemented

    def wrap(self, value: Value) -> float:
        """`Value(value)`: TypeError, as ever."""
        return as_float(value)

    def write(self, value: Value, name: str) -> None:
        """An assignment to `.data` or `.grad`."""

    def refuse_truth(self) -> None:
        """`bool(value)`: TypeError, as ever."""

    def refuse_backward(self) -> None:
        """`value.backward()`."""

    def refuse_callback(self) -> None:
        """`value.on_backward(…)`."""

    def refuse_copy(self) -> None:
        """`copy.copy(value)`, `copy.deepcopy(value)` and `pickle.dumps(value)`."""
        self.left(0.0, "a copy", sys._getframe(2))


class Conversions(Observer):
    """Warns, once a line, where a number is made of a Value that depends on `inputs`: no derivative comes from there.

    >>> import math
    >>> from autograd.functional import grad
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always")
    ...     grad(lambda x: x * math.exp(x))(0.0)
    1.0
    >>> print(caught[0].message)
    `math.exp(x)` makes a number of a Value whose derivative is being taken, and none comes from there; use
    autograd.exp, which records
    """

    def __init__(self) -> None:
        self.inputs: set[Value] = set()
        self._seen: set[Instruction] = set()

    def as_float(self, value: Value) -> float:
        """`float(value)`, also by functions of `math`, `statistics` and NumPy."""
        frame = _users(sys._getframe(2))
        if frame is not None and (at := (frame.f_code, frame.f_lasti)) not in self._seen:
            self._seen.add(at)
            if not self.inputs.isdisjoint(topological(value)):
                _warn(frame)
        return value._data


def warn_of_conversion(frame: FrameType | None) -> None:
    """Warn that a number leaves a derivative for good, if the user's code, or a library for it, asked in that frame."""
    if (asked := _users(frame)) is not None:
        _warn(asked)


def _warn(frame: FrameType) -> None:
    text = position_of((frame.f_code, frame.f_lasti)).text
    warnings.warn_explicit(
        f"`{text}` makes a number of a Value whose derivative is being taken, and none comes from there; "
        f"{recorded_instead(text)}",
        RuntimeWarning,
        frame.f_code.co_filename,
        frame.f_lineno,
        registry=frame.f_globals.setdefault("__warningregistry__", {}),
    )


def asking(frame: FrameType | None) -> Instruction | None:
    """The instruction of the user's that asked for a number: not one of ours, nor of a library the user called."""
    found = _users(frame)
    return None if found is None else (found.f_code, found.f_lasti)


def _users(frame: FrameType | None) -> FrameType | None:
    """The user's frame, if the question does not come from our code; else that of a library, if there is one."""
    first = frame
    while frame is not None and not is_ours(frame):
        if not is_library_file(frame.f_code.co_filename):
            return frame
        frame = frame.f_back
    return None if first is None or is_ours(first) else first


def outside(frame: FrameType | None) -> FrameType | None:
    """The innermost frame that is not ours."""
    while frame is not None and is_ours(frame):
        frame = frame.f_back
    return frame


def recorded_instead(text: str) -> str:
    """What to write instead of a call that takes a plain float, by its source.

    >>> recorded_instead("math.fsum(xs)")
    'use autograd.total, which records'
    """
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
        *("exp2", "log2", "log10", "cbrt", "fmod"),
    )
} | {"fsum": "total", "fmean": "mean", "fabs": "abs", "pstdev": "std", "sumprod": "dot"}
