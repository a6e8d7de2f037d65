"""Numbers with names: a row of the table applied to them is a formula, and so are the partials of a row.

So there is no second table of derivatives: what is shown is what the engine computes with. Where a rule chooses by a
number (`where`), the term's own number answers, if it has one. What holds in exact arithmetic is left out: products
with 1, sums with 0, corrections of roundings, clipping far away from where the number is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from autograd import rules
from autograd.notation.boxes import Box
from autograd.operators import BINARY, UNARY
from autograd.primitive import Primitive

Operand: TypeAlias = "Term | float"


class Term:
    """A name or a row applied to operands, with its number (None: not known).

    >>> from autograd.notation.boxes import Name
    >>> x = Term(Name("x"), data=2.0)
    >>> y = rules.tanh(x) * 3.0
    >>> y.row.name, y.data == 3.0 * rules.tanh(2.0)
    ('mul', True)
    """

    __slots__ = ("box", "data", "operands", "row")

    def __init__(
        self,
        box: Box | None = None,
        row: Primitive | None = None,
        operands: Sequence[Operand] = (),
        data: float | None = None,
    ) -> None:
        self.box, self.row, self.operands, self.data = box, row, tuple(operands), data

    def __primitive__(self, row: Primitive, operands: tuple[Any, ...]) -> Any:
        if not all(isinstance(each, int | float | Term) for each in operands):
            return NotImplemented
        row.check_arity(operands)
        simpler = _SIMPLER.get(row)
        found = None if simpler is None else simpler(*operands)
        if found is not None:
            return found
        numbers = [number_of(each) for each in operands]
        data = None if None in numbers else row.value(*numbers)
        return Term(row=row, operands=operands, data=data)

    def __float__(self) -> float:
        if self.data is None:
            raise TypeError("this formula has no number")
        return self.data

    def __bool__(self) -> bool:
        return bool(float(self))

    def __pos__(self) -> Term:
        return self

    def __lt__(self, other: Any) -> bool:
        return float(self) < float(other)

    def __le__(self, other: Any) -> bool:
        return float(self) <= float(other)

    def __gt__(self, other: Any) -> bool:
        return float(self) > float(other)

    def __ge__(self, other: Any) -> bool:
        return float(self) >= float(other)


def number_of(operand: Operand) -> float | None:
    """The number of an operand, if it has one."""
    return operand.data if isinstance(operand, Term) else float(operand)


def partials(row: Primitive, out: Term, operands: Sequence[Operand]) -> Sequence[Operand | None] | None:
    """The partials of a row as formulas; None where its rules cannot be applied to names.

    >>> from autograd.notation.boxes import Name
    >>> x, y = Term(Name("x"), data=2.0), Term(Name("y"), data=3.0)
    >>> partials(rules.mul, Term(Name("z"), data=6.0), (x, y)) == (y, x)
    True
    """
    try:
        return row.partials_at(out, operands)
    except Exception:  # an opaque node has no rule, and a user's may fail on such an object in any way
        return None


def _install() -> None:
    """The operators that rules are written in."""

    for name, row in BINARY.items():
        setattr(Term, f"__{name}__", lambda self, other, row=row: row(self, other))
        setattr(Term, f"__r{name}__", lambda self, other, row=row: row(other, self))
    for name, row in UNARY.items():
        setattr(Term, f"__{name}__", lambda self, row=row: row(self))


_install()


# --- what is left out -------------------------------------------------------------------------------------------------


def _is(x: Operand, number: float) -> bool:
    return not isinstance(x, Term) and x == number


def _product(x: Operand, y: Operand) -> Operand | None:
    if _is(x, 1.0):
        return y
    return x if _is(y, 1.0) else None


def _sum(x: Operand, y: Operand) -> Operand | None:
    if _is(x, 0.0):
        return y
    return x if _is(y, 0.0) else None


def _chosen(condition: Operand, x: Operand, y: Operand) -> Operand | None:
    number = number_of(condition)
    return None if number is None else x if number else y


def _unclipped(x: Operand, low: Operand, high: Operand) -> Operand | None:
    """What rules clip at ±1e3 and ±1e100 is clipped so that 0 · ∞ is 0, where it makes no other difference."""
    if isinstance(low, Term) or isinstance(high, Term) or low != -high or high not in (1e3, 1e100):
        return None
    return x


def _unshifted(x: Operand, shift: Operand) -> Operand | None:
    """exp(0 − r): what the rounding of an exponent left out, which is 0 in exact arithmetic."""
    return 1.0 if _is(x, 0.0) and isinstance(shift, Term) else None


_SIMPLER: dict[Primitive, Callable[..., Operand | None]] = {
    rules.mul: _product,
    rules.add: _sum,
    rules.sub: lambda x, y: x if _is(y, 0.0) else None,
    rules.div: lambda x, y: x if _is(y, 1.0) else None,
    rules.pow_: lambda x, y: x if _is(y, 1.0) else None,
    rules.where: _chosen,
    rules.clip: _unclipped,
    rules.exp_shift: _unshifted,
}
