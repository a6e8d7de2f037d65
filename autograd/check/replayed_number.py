"""Numbers of another arithmetic that carry the recorded float along, and primitives evaluated on them."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

from autograd.check.arithmetic import UNDEFINED, Arithmetic
from autograd.check.extended_math import copied
from autograd.check.selection import SELECTING
from autograd.errors import AutogradError
from autograd.primitive import PRIMITIVES, Primitive


class NotReplayableError(Exception):
    """A primitive's value is a black box: it needs floats, or the node is opaque and has no value function."""


def evaluate(m: Arithmetic, primitive: Primitive, numbers: Sequence[Any], recorded: Sequence[float], out: float) -> Any:
    """The value of a primitive in another arithmetic, on the branch that the recorded floats chose.

    A primitive that is not in the arithmetic's spelling is tried with its own `value`. NotReplayableError when that
    needs floats; what the arithmetic itself raises outside a domain, one of UNDEFINED, passes.
    """
    if PRIMITIVES.get(primitive.name) is primitive:
        if select := SELECTING.get(primitive.name):
            return select(m, numbers, recorded, out)
        if spelled := m.spelling.get(primitive.name):
            return spelled(*numbers)
    elif m.lift is float:
        return primitive.value(*numbers)
    return _by_its_own_value(m, primitive, numbers, recorded)


def is_spelled(m: Arithmetic, primitive: Primitive) -> bool:
    """Whether a primitive belongs to the engine's own table, as far as this arithmetic can spell it."""
    known = primitive.name in SELECTING or primitive.name in m.spelling
    return known and PRIMITIVES.get(primitive.name) is primitive


def _by_its_own_value(m: Arithmetic, primitive: Primitive, numbers: Sequence[Any], recorded: Sequence[float]) -> Any:
    probes = [Replayed(m, x, at, strict=True) for x, at in zip(numbers, recorded, strict=True)]
    try:
        result: Any = copied(primitive.value)(*probes)
    except (TypeError, AttributeError, AutogradError) as error:
        raise NotReplayableError(primitive.name) from error
    if isinstance(result, Replayed):
        return result.number
    if isinstance(result, int | float):
        return m.lift(float(result))
    raise NotReplayableError(primitive.name)


def _operator(name: str, swap: bool = False) -> Callable[[Replayed, Any], Any]:
    def apply(self: Replayed, other: Any) -> Any:
        return self.__primitive__(PRIMITIVES[name], (other, self) if swap else (self, other))

    return apply


def _comparison(compare: Callable[[float, float], bool]) -> Callable[[Replayed, Any], bool]:
    def apply(self: Replayed, other: Any) -> bool:
        if not isinstance(other, Replayed | int | float):
            return NotImplemented  # type: ignore[no-any-return]
        return bool(compare(self.recorded, other.recorded if isinstance(other, Replayed) else other))

    return apply


class Replayed:
    """A number of an arithmetic, `number`, beside the float of the recording, `recorded`.

    Operators and primitives apply to both. Comparisons, truth and `float()` see the recorded float alone, so whatever
    they decide is decided as in the recording. A `strict` one refuses `float()`: a function of `math` would otherwise
    cut 60 digits down to 16 without a word.
    """

    __slots__ = ("arithmetic", "number", "recorded", "strict")
    __hash__ = None  # type: ignore[assignment]  # compared by the recorded float, and never a key

    def __init__(self, arithmetic: Arithmetic, number: Any, recorded: float, strict: bool = False) -> None:
        self.arithmetic, self.number, self.recorded, self.strict = arithmetic, number, recorded, strict

    def __primitive__(self, primitive: Primitive, operands: tuple[Any, ...]) -> Any:
        m = self.arithmetic
        numbers, recorded = [], []
        for x in operands:
            if isinstance(x, Replayed):
                numbers.append(x.number)
                recorded.append(x.recorded)
            elif isinstance(x, int | float):
                numbers.append(m.lift(float(x)))
                recorded.append(float(x))
            else:
                return NotImplemented
        out = float(primitive.value(*recorded))
        try:
            number = evaluate(m, primitive, numbers, recorded, out)
        except UNDEFINED:
            number = m.lift(out)  # inf or nan, as IEEE 754 has it: a rule may not need this branch
        return Replayed(m, number if m.is_finite(number) else m.lift(out), out, self.strict)

    def __float__(self) -> float:
        if self.strict:
            raise TypeError("a value or rule that calls float() or math.* cannot be replayed with more digits")
        return self.recorded

    def __bool__(self) -> bool:
        return self.recorded != 0.0

    def __pos__(self) -> Replayed:
        return self

    def __neg__(self) -> Any:
        return self.__primitive__(PRIMITIVES["neg"], (self,))

    def __abs__(self) -> Any:
        return self.__primitive__(PRIMITIVES["abs"], (self,))

    __add__, __radd__ = _operator("add"), _operator("add", swap=True)
    __sub__, __rsub__ = _operator("sub"), _operator("sub", swap=True)
    __mul__, __rmul__ = _operator("mul"), _operator("mul", swap=True)
    __truediv__, __rtruediv__ = _operator("div"), _operator("div", swap=True)
    __pow__, __rpow__ = _operator("pow"), _operator("pow", swap=True)
    __lt__, __le__ = _comparison(operator.lt), _comparison(operator.le)
    __gt__, __ge__ = _comparison(operator.gt), _comparison(operator.ge)
    __eq__, __ne__ = _comparison(operator.eq), _comparison(operator.ne)
