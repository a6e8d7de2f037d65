"""Terms as boxes. Here it says how a row is written, not what it means: that is in the table."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from autograd import rules
from autograd.notation import boxes
from autograd.notation.boxes import Box, Cases, Fenced, Fraction, Name, Number, Root, Script, joined, line
from autograd.notation.terms import Operand, Term
from autograd.primitive import Primitive
from autograd.special import LN2

SUM, NEGATIVE, PRODUCT, FUNCTION, POWER, ATOM = range(6)  # how tightly a formula holds together
MOST = 7  # operands of a sum that are shown
Spelt = tuple[Box, int]


class Spelling:
    """How terms are spelt: with names or with their numbers, and which sign stands for a product.

    >>> from autograd.notation.latex import latex
    >>> x, y = Term(Name("x"), data=2.0), Term(Name("y"), data=-3.0)
    >>> latex(Spelling()(x * y + x**2.0)), latex(Spelling(numbers=True)(x * y + x**2.0))
    ('x \\\\cdot y + x^{2}', '2 \\\\cdot ( -3 ) + 2^{2}')
    """

    def __init__(self, numbers: bool = False, digits: int = 6, times: str = "·", most: int = MOST) -> None:
        self.numbers, self.digits, self.times, self.most = numbers, digits, times, most

    def __call__(self, x: Operand, least: int = SUM) -> Box:
        """The boxes of a term, in brackets if it holds together less tightly than `least`."""
        box, tightness = self.spelt(x)
        return box if tightness >= least else Fenced(box)

    def spelt(self, x: Operand) -> Spelt:
        """The boxes of a term, and how tightly they hold together."""
        if not isinstance(x, Term):
            return self.number(float(x))
        if x.row is None:
            if self.numbers and x.data is not None:
                return self.number(x.data)
            assert x.box is not None
            return x.box, POWER if isinstance(x.box, Script) else ATOM
        write = _ROWS.get(x.row)
        if write is not None:
            return write(self, *x.operands)
        return self.call(Name(x.row.name, "function"), x.operands)

    def number(self, x: float) -> Spelt:
        """A number; one with a power of ten holds together as a product does."""
        box = boxes.number(x, self.digits)
        if x < 0.0 or str(x).startswith("-"):
            return box, NEGATIVE
        if not self.numbers and x in _CONSTANTS:
            return _CONSTANTS[x], FUNCTION
        return box, ATOM if isinstance(box, Number | Name) else PRODUCT

    def call(self, function: Box, operands: Sequence[Operand]) -> Spelt:
        """f(x, y, …)."""
        parts = boxes.shortened([self(each) for each in operands], self.most, "…")
        return line(function, Fenced(joined(parts, ","))), FUNCTION

    def sum(self, operands: Sequence[Operand]) -> Spelt:
        """x + y − z …"""
        if not operands:
            return Number("0"), ATOM
        if len(operands) > self.most:
            parts = boxes.shortened([self(each, PRODUCT) for each in operands], self.most)
            return joined(parts, "+"), SUM
        found: list[Box | str] = []
        for each in operands:
            positive = _negated(each) if found else None
            if found:
                found.append("+" if positive is None else "−")
            found.append(self(each if positive is None else positive, PRODUCT if found else SUM))
        return line(*found), SUM if len(operands) > 1 else self.spelt(operands[0])[1]

    def product(self, operands: Sequence[Operand]) -> Spelt:
        """x · y …"""
        if not operands:
            return Number("1"), ATOM
        first = PRODUCT if self.numbers else NEGATIVE  # (−2) · 3, but −2 · x
        parts = [self(each, PRODUCT if i else first) for i, each in enumerate(operands)]
        tightness = max(first, self.spelt(operands[0])[1])
        return joined(boxes.shortened(parts, self.most), self.times), min(PRODUCT, tightness)

    def _base(self, x: Operand) -> Box:
        """What is raised to a power: a name with an index needs no brackets, one with a power does."""
        box, tightness = self.spelt(x)
        has_room = isinstance(box, Script) and box.upper is None
        return box if tightness >= ATOM or has_room else Fenced(box)

    def power(self, base: Operand | Box, exponent: Operand | Box) -> Spelt:
        """x to the power y."""
        below = self._base(base) if isinstance(base, Term | float | int) else base
        above = self(exponent) if isinstance(exponent, Term | float | int) else exponent
        if isinstance(below, Script) and below.upper is None:
            return Script(below.base, above, below.lower), POWER
        return Script(below, above), POWER


def _negated(x: Operand) -> Operand | None:
    """−x where x begins with a minus sign; else None."""
    if not isinstance(x, Term):
        return -x if x < 0.0 else None
    if x.row is rules.neg:
        return x.operands[0]
    if x.row is rules.mul and not isinstance(x.operands[0], Term) and x.operands[0] < 0.0:
        return rules.mul(-x.operands[0], x.operands[1])
    return None


# Constants of the table's partials.
_CONSTANTS: dict[float, Box] = {
    math.pi: Name("π"),
    LN2: line(Name("ln", "function"), Number("2")),
    rules.ONE_OVER_LN2: Fraction(Number("1"), line(Name("ln", "function"), Number("2"))),
    rules.ONE_OVER_LN10: Fraction(Number("1"), line(Name("ln", "function"), Number("10"))),
    rules.TWO_OVER_SQRT_PI: Fraction(Number("2"), Root(Name("π"))),
    1.0 / 3.0: Fraction(Number("1"), Number("3")),
}


# --- rows -------------------------------------------------------------------------------------------------------------


def _e(s: Spelling, exponent: Operand) -> Spelt:
    return s.power(Name("e", "upright"), exponent)


def _function(name: str) -> Callable[..., Spelt]:
    return lambda s, *xs: s.call(Name(name, "function"), xs)


def _base(name: str, base: str) -> Callable[..., Spelt]:
    return lambda s, x: s.call(Script(Name(name, "function"), lower=Number(base)), [x])


def _square(s: Spelling, x: Operand) -> Spelt:
    return s.power(x, 2.0) if isinstance(x, Term) else s.number(x * x)


def _iverson(sign: str) -> Callable[..., Spelt]:
    return lambda s, x, y: (Fenced(line(s(x), sign, s(y)), "["), ATOM)


def _step(s: Spelling, x: Operand, y: Operand, z: Operand) -> Spelt:
    """1 where x > y, z where they are equal."""
    if isinstance(z, float) and z in (0.0, 1.0):
        return _iverson("≥" if z else ">")(s, x, y)
    rows = ((Number("1"), line(s(x), ">", s(y))), (s(z), line(s(x), "=", s(y))), (Number("0"), None))
    return Cases(rows), ATOM


def _where(s: Spelling, condition: Operand, x: Operand, y: Operand) -> Spelt:
    is_question = isinstance(condition, Term) and condition.row in (rules.greater, rules.at_least, rules.equal)
    if is_question:
        assert isinstance(condition, Term)
        sign = {rules.greater: ">", rules.at_least: "≥", rules.equal: "="}[condition.row]  # type: ignore[index]
        asked = line(s(condition.operands[0]), sign, s(condition.operands[1]))
        return Cases(((s(x), asked), (s(y), None))), ATOM
    return Cases(((s(y), line(s(condition), "=", Number("0"))), (s(x), None))), ATOM


def _dot(s: Spelling, *operands: Operand) -> Spelt:
    n = len(operands) // 2
    products: list[Operand] = [_times(w, x) for w, x in zip(operands[:n], operands[n:-1], strict=True)]
    bias = operands[-1]
    return s.sum([*products, *([] if not isinstance(bias, Term) and bias == 0.0 and products else [bias])])


def _times(w: Operand, x: Operand) -> Operand:
    one = [not isinstance(each, Term) and each == 1.0 for each in (w, x)]
    return x if one[0] else w if one[1] else Term(row=rules.mul, operands=(w, x))


def _fenced(left: Any) -> Callable[..., Spelt]:
    return lambda s, x: (Fenced(s(x), left), ATOM)


_ROWS: dict[Primitive, Callable[..., Spelt]] = {
    rules.add: lambda s, x, y: s.sum([x, y]),
    rules.sub: lambda s, x, y: (line(s(x), "−", s(y, PRODUCT)), SUM),
    rules.mul: lambda s, x, y: s.product([x, y]),
    rules.div: lambda s, x, y: (Fraction(s(x), s(y)), FUNCTION),
    rules.neg: lambda s, x: (line("−", s(x, PRODUCT)), NEGATIVE),
    rules.reciprocal: lambda s, x: (Fraction(Number("1"), s(x)), FUNCTION),
    rules.square: _square,
    rules.pow_: lambda s, x, y: s.power(x, y),
    rules.sqrt: lambda s, x: (Root(s(x)), ATOM),
    rules.rsqrt: lambda s, x: (Fraction(Number("1"), Root(s(x))), FUNCTION),
    rules.cbrt: lambda s, x: (Root(s(x), Number("3")), ATOM),
    rules.greater: _iverson(">"),
    rules.at_least: _iverson("≥"),
    rules.equal: _iverson("="),
    rules.step: _step,
    rules.where: _where,
    rules.abs_: _fenced("|"),
    rules.floor: _fenced("⌊"),
    rules.ceil: _fenced("⌈"),
    rules.maximum: _function("max"),
    rules.minimum: _function("min"),
    rules.largest: _function("max"),
    rules.pivot: _function("max"),
    rules.exp: _e,
    rules.expm1: lambda s, x: (line(_e(s, x)[0], "−", Number("1")), SUM),
    rules.exp2: lambda s, x: s.power(Number("2"), x),
    rules.exp_shift: lambda s, x, y: _e(s, Term(row=rules.sub, operands=(x, y))),
    rules.exp_square: lambda s, x, c: _e(s, _times(c, Term(row=rules.square, operands=(x,)))),
    rules.log: _function("ln"),
    rules.log1p: lambda s, x: s.call(Name("ln", "function"), [Term(row=rules.add, operands=(1.0, x))]),
    rules.log2: _base("log", "2"),
    rules.log10: _base("log", "10"),
    rules.sech_square: lambda s, x: (
        Fraction(Number("1"), line(Script(Name("cosh", "function"), Number("2")), Fenced(s(x)))),
        FUNCTION,
    ),
    rules.one_minus_square: lambda s, x: (line(Number("1"), "−", s.power(x, 2.0)[0]), SUM),
    rules.asin: _function("arcsin"),
    rules.acos: _function("arccos"),
    rules.atan: _function("arctan"),
    rules.asinh: _function("arsinh"),
    rules.acosh: _function("arcosh"),
    rules.atanh: _function("artanh"),
    rules.sigmoid: _function("σ"),
    rules.sigmoid_slope: lambda s, x: s.product(
        [
            Term(row=rules.sigmoid, operands=(x,)),
            Term(row=rules.sigmoid, operands=(Term(row=rules.neg, operands=(x,)),)),
        ]
    ),
    rules.normal_cdf: _function("Φ"),
    rules.normal_pdf: _function("φ"),
    rules.total: lambda s, *xs: s.sum(xs),
    rules.prod: lambda s, *xs: s.product(xs),
    rules.dot: _dot,
    rules.hypot: lambda s, *xs: (Root(s.sum([Term(row=rules.square, operands=(x,)) for x in xs])[0]), ATOM),
    rules.logsumexp: lambda s, *xs: s.call(
        Name("ln", "function"), [Term(row=rules.total, operands=[Term(row=rules.exp, operands=(x,)) for x in xs])]
    ),
}
