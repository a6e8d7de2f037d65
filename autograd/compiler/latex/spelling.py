"""Terms of equations that somebody will compute with: no digit of a number and no operand of a sum is left out."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from itertools import pairwise
from typing import TypeAlias

from autograd import rules
from autograd.compiler.latex.parts import at
from autograd.notation.boxes import (
    Box,
    Fenced,
    Fraction,
    Line,
    Mark,
    Matrix,
    Name,
    Number,
    Script,
    is_shown_exactly,
    joined,
    line,
)
from autograd.notation.spelling import ATOM, FUNCTION, NEGATIVE, POWER, PRODUCT, SUM, Spelling, Spelt
from autograd.notation.terms import Operand, Term
from autograd.primitive import Primitive

Writer: TypeAlias = "Callable[[Equational, Sequence[Operand]], Spelt]"
_ALL = 1 << 30
_FEW = 8  # terms of a sum among which equal ones are looked for


class Named(Term):
    """A reference to what another equation defines, or to an input (`key` None), of which only the box is known.

    at        the index of time behind its name
    is_array  whether it has more than one number
    """

    __slots__ = ("at", "is_array", "key")

    def __init__(self, key: object, box: Box | None = None, at: Box | None = None, is_array: bool = False) -> None:
        super().__init__(box)
        self.key, self.at, self.is_array = key, at, is_array


class Written(Term):
    """A term that is written by a function of its operands: a matrix product, a part of an array.

    is_plain  whether operands have to stand there by name
    what      equal for those that are the same function of their operands; None: of none other
    """

    __slots__ = ("is_array", "is_plain", "what", "writer")

    def __init__(
        self,
        writer: Writer,
        operands: Sequence[Operand],
        is_array: bool = True,
        is_plain: bool = False,
        what: Hashable = None,
    ) -> None:
        super().__init__(operands=operands)
        self.writer, self.is_array, self.is_plain, self.what = writer, is_array, is_plain, what


def is_array(x: Operand) -> bool:
    """Whether a term has more than one number."""
    if isinstance(x, Named | Written):
        return x.is_array
    return isinstance(x, Term) and any(map(is_array, x.operands))


class Equational(Spelling):
    """Numbers and sums in full, 2 x without a sign, and ⊙ between arrays."""

    def __init__(self) -> None:
        super().__init__(most=_ALL)

    def spelt(self, x: Operand) -> Spelt:
        """The boxes of a term, and how tightly they hold together."""
        if isinstance(x, Written):
            return x.writer(self, x.operands)
        return super().spelt(x)

    def number(self, x: float) -> Spelt:
        """A number with all its digits."""
        digits = next((n for n in range(6, 17) if is_shown_exactly(x, n)), 17)
        return Spelling(digits=digits).number(x)

    def product(self, operands: Sequence[Operand]) -> Spelt:
        """Factors, the number first."""
        if not operands:
            return Number("1"), FUNCTION
        first, *rest = sorted(operands, key=lambda x: isinstance(x, Term))
        found: list[Box | str] = [self(first, NEGATIVE)]
        for left, right in pairwise([first, *rest]):
            both = isinstance(left, Term) and isinstance(right, Term)
            sign = "⊙" if both and is_array(left) and is_array(right) else "·"
            box = self(right, PRODUCT)
            if isinstance(left, Term) or _begins_with_digit(box):
                found.append(sign)
            found.append(box)
        return line(*found), min(PRODUCT, self.spelt(first)[1])


def _begins_with_digit(box: Box) -> bool:
    if isinstance(box, Line):
        return _begins_with_digit(box.parts[0])
    return _begins_with_digit(box.base) if isinstance(box, Script) else isinstance(box, Number)


# --- what holds in exact arithmetic ----------------------------------------------------------------------------------


def simple(row: Primitive, operands: Sequence[Operand]) -> Operand:
    """A row applied to operands as one would write it: sums of sums are sums, x · x is a square, and −(−x) is x.

    >>> from autograd.notation.boxes import Name
    >>> from autograd.notation.latex import latex
    >>> x = Named(None, Name("x"))
    >>> latex(Equational()(simple(rules.sub, [x, simple(rules.add, [simple(rules.mul, [x, x]), 1.0])])))
    'x - ( x^{2} + 1 )'
    """
    if row in (rules.add, rules.total):
        return _sum([term for each in operands for term in _terms(each)])
    if row is rules.sub:
        return _sum([*_terms(operands[0]), _negative(operands[1])])
    if row is rules.dot:
        n = len(operands) // 2
        products = [_product(w, x) for w, x in zip(operands[:n], operands[n:-1], strict=True)]
        return _sum([term for each in (*products, operands[-1]) for term in _terms(each)])
    if row is rules.neg:
        return _negative(operands[0])
    if row is rules.mul:
        return _product(*operands)
    if row is rules.square or (row is rules.pow_ and _is(operands[1], 1.0)):
        return Term(row=row, operands=operands) if row is rules.square else operands[0]
    if row is rules.where:
        for this, other in (operands[1:], operands[:0:-1]):
            if not isinstance(this, Term) and this != this:  # nan: where the function is not defined
                return other
    if row is rules.clip and not isinstance(operands[2], Term) and operands[2] in (1e3, 1e100):
        return operands[0]  # so that 0 · ∞ is 0
    if row is rules.div:
        above, below = operands
        if _is(below, 1.0):
            return above
        if isinstance(above, Term) and above.row is rules.neg:
            return _negative(simple(row, [above.operands[0], below]))
    return Term(row=row, operands=operands)


def _is(x: Operand, number: float) -> bool:
    return not isinstance(x, Term) and x == number


def _terms(x: Operand) -> Sequence[Operand]:
    if isinstance(x, Term):
        return x.operands if x.row is rules.total else (x,)
    return () if x == 0.0 else (x,)


def _sum(terms: Sequence[Operand]) -> Operand:
    if not terms:
        return 0.0
    terms = _collected(terms) if len(terms) <= _FEW else terms
    positive = next((i for i, each in enumerate(terms) if not _is_negative(each)), 0)
    terms = [terms[positive], *terms[:positive], *terms[positive + 1 :]]
    return terms[0] if len(terms) == 1 else Term(row=rules.total, operands=terms)


def _collected(terms: Sequence[Operand]) -> list[Operand]:
    """Terms with equal ones as a multiple."""
    found: list[tuple[Operand, int]] = []
    for each in terms:
        place = next((i for i, (other, _) in enumerate(found) if is_same(each, other)), None)
        if place is None:
            found.append((each, 1))
        else:
            found[place] = (found[place][0], found[place][1] + 1)
    return [_product(float(count), each) if count > 1 else each for each, count in found]


def _is_negative(x: Operand) -> bool:
    if not isinstance(x, Term):
        return x < 0.0
    return x.row is rules.neg or (x.row is rules.mul and not isinstance(x.operands[0], Term) and x.operands[0] < 0.0)


def _negative(x: Operand) -> Operand:
    if not isinstance(x, Term):
        return -x
    if x.row is rules.neg:
        return x.operands[0]
    if x.row is rules.mul and not isinstance(x.operands[0], Term):
        return _product(-x.operands[0], x.operands[1])
    return Term(row=rules.neg, operands=(x,))


def _product(x: Operand, y: Operand) -> Operand:
    if not isinstance(y, Term):
        x, y = y, x
    if not isinstance(x, Term):
        if not isinstance(y, Term):
            return x * y
        if x in (0.0, 1.0, -1.0):
            return y if x == 1.0 else _negative(y) if x else 0.0
        if y.row is rules.neg:
            return _product(-x, y.operands[0])
        if y.row is rules.mul and not isinstance(y.operands[0], Term) and (x * y.operands[0]).is_integer():
            return _product(x * y.operands[0], y.operands[1])
        return Term(row=rules.mul, operands=(x, y))
    for this, other in ((x, y), (y, x)):
        assert isinstance(this, Term)
        if this.row is rules.neg:
            return _negative(_product(this.operands[0], other))
        if this.row is rules.mul and not isinstance(this.operands[0], Term):
            return _product(this.operands[0], _product(this.operands[1], other))
        if this.row is rules.reciprocal or (this.row is rules.div and _is(this.operands[0], 1.0)):
            return Term(row=rules.div, operands=(other, this.operands[-1]))
    if is_same(x, y) and isinstance(x, Named | Written):
        return Term(row=rules.square, operands=(x,))
    return Term(row=rules.mul, operands=(x, y))


def is_same(x: Operand, y: Operand) -> bool:
    """Whether two terms are written alike."""
    if not (isinstance(x, Term) and isinstance(y, Term)):
        return type(x) is type(y) and x == y
    if isinstance(x, Named) and isinstance(y, Named):
        return (x.key, x.box, x.at) == (y.key, y.box, y.at)
    if type(x) is not type(y) or x.row is not y.row or len(x.operands) != len(y.operands):
        return False
    if isinstance(x, Written) and isinstance(y, Written) and (x.what is None or x.what != y.what):
        return False
    return all(map(is_same, x.operands, y.operands))


# --- arrays -----------------------------------------------------------------------------------------------------------


def times(w: Operand, x: Operand, is_array: bool = True) -> Term:
    """The matrix product w x."""
    return Written(lambda s, xs: (line(s(xs[0], FUNCTION), s(xs[1], FUNCTION)), PRODUCT), (w, x), is_array)


def transposed(x: Operand) -> Term:
    """The transpose of an array."""

    def write(s: Equational, xs: Sequence[Operand]) -> Spelt:
        box, top = s(xs[0], POWER), Name("T", "upright")
        if isinstance(box, Script) and box.upper is None:
            return Script(box.base, top, box.lower), POWER
        return Script(Fenced(box) if isinstance(box, Script | Fraction) else box, top), POWER

    return Written(write, (x,), is_plain=True, what="transposed")


def sum_of(x: Operand, is_array: bool = False) -> Term:
    """Σ x, over all elements or the columns."""
    return Written(lambda s, xs: (line(Mark("Σ"), s(xs[0], PRODUCT)), PRODUCT), (x,), is_array)


def listed(parts: Sequence[Operand]) -> Term:
    """(x, y, …)."""
    return Written(lambda s, xs: (Fenced(joined([s(x, SUM) for x in xs], ",")), FUNCTION), parts)


def element(whole: Term, index: Box, is_array: bool) -> Term:
    """A part of an array."""

    def write(s: Equational, xs: Sequence[Operand]) -> Spelt:
        box = s(xs[0], POWER)
        has_index = isinstance(box, Script) and box.lower is not None
        return at(Fenced(box) if has_index or isinstance(box, Fraction) else box, index), POWER

    return Written(write, (whole,), is_array, is_plain=True, what=index)


def stack(parts: Sequence[Operand]) -> Term:
    """A column of blocks."""
    return Written(lambda s, xs: (Matrix(tuple([(s(x, SUM),) for x in xs])), ATOM), parts, is_plain=True)


def mean(x: Operand) -> Term:
    """The mean over the samples."""
    return Written(lambda s, xs: (line(Name("mean", "function"), Fenced(s(xs[0]))), FUNCTION), [x])
