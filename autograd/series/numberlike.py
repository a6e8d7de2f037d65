"""Operators, comparisons and conversions of a number that moves; they are those of a Value."""

from __future__ import annotations

import operator
import sys
from collections.abc import Callable, Sequence
from typing import Any

from autograd import rules
from autograd.arrays import apply_ufunc
from autograd.observing import warn_of_conversion
from autograd.operators import BINARY, METHODS
from autograd.primitive import Primitive


class NumberLike:
    """What has its number at t = 0 as the first of its coefficients."""

    __slots__ = ()
    coefficients: list[Any]

    @property
    def data(self) -> Any:
        """The number at t = 0, which does not move."""
        return self.coefficients[0]

    def detach(self) -> Any:
        """The same: a constant."""
        return self.coefficients[0]

    def __float__(self) -> float:
        if len(self.coefficients) > 1:
            warn_of_conversion(sys._getframe(1))
        return float(self.coefficients[0])

    def __int__(self) -> int:
        return int(self.coefficients[0])

    def __index__(self) -> int:
        number = float(self.coefficients[0])
        if not number.is_integer():
            raise TypeError(f"an index must be an integer, got {number!r}")
        return int(number)

    def __bool__(self) -> bool:
        raise TypeError(
            f"the truth value of {self!r} is not defined; compare it, as in `v > 0`, or test the number, as in `v.data`"
        )

    def __repr__(self) -> str:
        return f"Series({self.coefficients!r})"

    def __format__(self, spec: str) -> str:
        return format(self.coefficients[0], spec) if spec else repr(self)

    def __pos__(self) -> Any:
        return self

    def __round__(self, digits: int | None = None) -> Any:
        return _row(rules.round_, self, float(digits or 0))

    def clip(self, low: Any, high: Any, out: None = None) -> Any:
        """min(max(self, low), high)."""
        return _row(rules.clip, self, low, high)

    def fmod(self, other: Any) -> Any:
        """The rest of self / other, of the sign of self."""
        return _row(rules.fmod, self, other)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        return apply_ufunc(ufunc, method, inputs, options)


def _row(row: Any, *operands: Any) -> Any:
    return row(*operands)


def _at_start(x: Any) -> Any:
    while isinstance(x, NumberLike):
        x = x.coefficients[0]
    return x


def _comparison(compare: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    return lambda self, other: compare(_at_start(self), _at_start(other))


def _is_operand(x: Any) -> bool:
    return isinstance(x, int | float | NumberLike) or hasattr(x, "__primitive__") or getattr(x, "shape", None) == ()


def _binary(row: Primitive) -> Sequence[Callable[[Any, Any], Any]]:
    return (
        lambda self, other: row(self, other) if _is_operand(other) else NotImplemented,
        lambda self, other: row(other, self) if _is_operand(other) else NotImplemented,
    )


def _install() -> None:
    for name in ("lt", "le", "gt", "ge"):
        setattr(NumberLike, f"__{name}__", _comparison(getattr(operator, name)))
    for name, row in BINARY.items():
        for prefix, method in zip(("__", "__r"), _binary(row), strict=True):
            setattr(NumberLike, f"{prefix}{name}__", method)
    for name, row in METHODS.items():
        setattr(NumberLike, name, lambda self, row=row: row(self))


_install()
