"""Sums, differences and products of objects that primitives are applied to, such as names and dependencies."""

from __future__ import annotations

from typing import Any

from autograd import rules
from autograd.primitive import Primitive


class Arithmetic:
    """The operators of rows that every rule uses; the class itself says what `__primitive__` does.

    >>> class Text(Arithmetic):
    ...     def __primitive__(self, row, operands):
    ...         return row.name
    >>> Text() + 1.0, 1.0 - Text(), Text() * Text()
    ('add', 'sub', 'mul')
    """

    __slots__ = ()

    def __primitive__(self, primitive: Primitive, operands: tuple[Any, ...]) -> Any:
        raise NotImplementedError

    def __add__(self, other: Any) -> Any:
        return rules.add(self, other)

    def __radd__(self, other: Any) -> Any:
        return rules.add(other, self)

    def __sub__(self, other: Any) -> Any:
        return rules.sub(self, other)

    def __rsub__(self, other: Any) -> Any:
        return rules.sub(other, self)

    def __mul__(self, other: Any) -> Any:
        return rules.mul(self, other)

    def __rmul__(self, other: Any) -> Any:
        return rules.mul(other, self)
