"""The report of `digits`, as data and as text."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isfinite

from autograd.check.accuracy import digits_text
from autograd.check.report import aligned

ENOUGH = 12.95  # digits: losing three is not worth a complaint


@dataclass(frozen=True, slots=True)
class Loss:
    """Where digits were lost: one operation whose relative error is far larger than that of its operands.

    expression   the sub-expression, as it stands in the program
    place        its file, line and function; '' where that is not known
    source       the line with carets under the sub-expression; '' where there is no source
    in_gradient  whether the operation belongs to the derivative of that sub-expression, not to its value
    operation    what was computed there, in words
    error_in     the relative error of the operand that matters; 0 where it is exact
    error_out    the relative error of the result
    condition    by how much the operation multiplies relative errors: |∂out/∂x · x/out|, the largest
    remedy       what to write instead; '' where the table has nothing
    """

    expression: str
    place: str
    source: str
    in_gradient: bool
    operation: str
    error_in: float
    error_out: float
    condition: float
    remedy: str

    def __str__(self) -> str:
        where = f"the derivative of {self.expression}" if self.in_gradient else self.expression
        lines = [f"lost in {where}{f', {self.place}' if self.place else ''}"]
        lines += [f"  {line}" for line in self.source.splitlines()]
        errors = f"relative error {_error(self.error_in)} in, {_error(self.error_out)} out"
        condition = f"; condition {self.condition:.1e}" if isfinite(self.condition) else ""
        lines.append(f"  {self.operation}: {errors}{condition}")
        if self.remedy:
            lines.append(f"  write {self.remedy}")
        return "\n".join(lines)


def _error(error: float) -> str:
    return "infinite" if error == inf else f"{error:.1e}" if error else "0"


@dataclass(frozen=True, slots=True)
class Digits:
    """A number that was computed, the exact one as text, and how many digits they have in common.

    A float has at most 15.95; None where there is no exact number to compare with.

    >>> Digits("value", 0.0, "-3.3e-9", 0.0).cells()
    ('value', '0.0', '-3.3e-9', '0.0')
    """

    name: str
    number: float
    exact: str
    digits: float | None
    loss: Loss | None = None

    def cells(self) -> tuple[str, ...]:
        """The row of the table: what, the float, the exact number, correct digits."""
        count = "unknown" if self.digits is None else digits_text(self.digits)
        return self.name, repr(self.number), self.exact, count


@dataclass(frozen=True, slots=True)
class DigitsReport:
    """The report of `digits`.

    value      the value of the function
    gradient   its derivative in each input, by name
    unknown    primitives whose values cannot be computed with more digits: what they gave was taken to be exact

    >>> from autograd import digits, exp
    >>> report = digits(lambda x: exp(x) - 1.0, 1e-10)
    >>> report.value.loss.remedy, report.ok
    ('expm1(x)', False)
    """

    value: Digits
    gradient: tuple[Digits, ...]
    unknown: tuple[str, ...] = ()

    @property
    def rows(self) -> tuple[Digits, ...]:
        """The value, then the derivatives.

        >>> from autograd import digits
        >>> [row.name for row in digits(lambda x, y: x * y, 2.0, 3.0).rows]
        ['value', '∂f/∂x', '∂f/∂y']
        """
        return self.value, *self.gradient

    @property
    def worst(self) -> Digits:
        """The number with the fewest correct digits.

        >>> from autograd import digits, sin
        >>> digits(lambda x: sin(x) / x, 1e-8).worst.name
        '∂f/∂x'
        """
        return min(self.rows, key=lambda row: 16.0 if row.digits is None else row.digits)

    @property
    def losses(self) -> tuple[Loss, ...]:
        """Where digits were lost, each place once, the worst first.

        >>> from autograd import cos, digits
        >>> [loss.expression for loss in digits(lambda x: (1.0 - cos(x)) / x**2, 1e-6).losses]
        ['1.0 - cos(x)']
        """
        rows = sorted(self.rows, key=lambda row: 16.0 if row.digits is None else row.digits)
        return tuple(dict.fromkeys(row.loss for row in rows if row.loss is not None))

    @property
    def ok(self) -> bool:
        """Whether all numbers that could be compared have 13 correct digits or more."""
        return all(row.digits is None or row.digits >= ENOUGH for row in self.rows)

    def table(self) -> str:
        """The numbers in aligned plain text: what, the float, the exact number, correct digits.

        >>> from autograd import digits, sin
        >>> print(digits(lambda x: sin(x) / x, 1e-8).table())
               computed  exact                          digits
        value  1.0       0.9999999999999999833333333    15.9
        ∂f/∂x  0.0       -3.333333333333333369741869e-9  0.0
        """
        return aligned([("", "computed", "exact", "digits"), *[row.cells() for row in self.rows]])

    def __str__(self) -> str:
        parts = [self.table()]
        for loss in self.losses:
            rows = [row for row in self.rows if row.loss == loss]
            parts += ["", f"{', '.join([row.name for row in rows])}: {loss}"]
        if self.unknown:
            parts += ["", f"taken to be exact, since it cannot be computed with more digits: {', '.join(self.unknown)}"]
        return "\n".join(parts)
