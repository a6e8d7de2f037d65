"""Find the arguments that a rule depends on, by passing one that marks everything computed from it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

# On both sides of the kinks and inside every domain, one after the other.
SAMPLES = (0.5, 0.25, 2.0, 0.75, 1.5), (-0.5, 0.75, 0.25, 2.0, 3.0), (1.5, 3.0, 2.0, 0.5, 0.25)


class _TouchedError(Exception):
    """A rule asked for the number itself."""


class _Mark:
    """A number-like thing: everything computed from it is the mark again, and to decide by it is to depend on it."""

    def __primitive__(self, primitive: Any, operands: Sequence[Any]) -> _Mark:
        return self

    def _result(self, *_: Any) -> _Mark:
        return self

    def _refuse(self, *_: Any) -> Any:
        raise _TouchedError

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = _result
    __truediv__ = __rtruediv__ = __pow__ = __rpow__ = __mod__ = __rmod__ = _result
    __neg__ = __pos__ = __abs__ = __floor__ = __ceil__ = _result
    __lt__ = __le__ = __gt__ = __ge__ = __eq__ = __ne__ = __bool__ = __float__ = _refuse
    __hash__ = object.__hash__


def depends_on(rule: Callable[..., Any], place: int, count: int) -> bool:
    """Whether a rule of `count` arguments depends on argument `place` at one of a few points.

    >>> depends_on(lambda out, x, y: 2.0 * y, 1, 3), depends_on(lambda out, x, y: 2.0 * y, 2, 3)
    (False, True)
    """
    mark = _Mark()
    for sample in SAMPLES:
        arguments: list[Any] = list(sample[:count])
        arguments[place] = mark
        try:
            if rule(*arguments) is mark:
                return True
        except _TouchedError:
            return True
    return False
