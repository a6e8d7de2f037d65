"""Division of many numbers by one: a few fused operations instead of one as long as a dozen, and the same bits."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from autograd.compiler.llvm.body import Body, literal
from autograd.compiler.llvm.function_text import FunctionText
from autograd.compiler.llvm.library import Kind

# Up to which exponents nothing overflows, and the remainder of a quotient is a number: of divisors, of dividends.
_MODERATE = {"double": (100, 900), "float": (20, 100)}


class Writing(Protocol):
    """The text of a loop."""

    f: FunctionText
    body: Body
    kind: Kind

    def spread(self, x: str) -> str:
        """A number in all lanes."""
        raise NotImplementedError


class Divisor(NamedTuple):
    """A number in all lanes, its reciprocal, and a flag: whether it is positive and moderate."""

    x: str
    reciprocal: str
    is_moderate: str


def divisor(text: Writing, x: str) -> Divisor:
    """What is computed once for a number that others are divided by."""
    f, of = text.f, text.kind.number
    largest = 2.0 ** _MODERATE[of][0]
    is_large, is_small = (
        f.do(f"fcmp {relation} {of} {x}, {literal(y)}") for relation, y in (("oge", 1 / largest), ("ole", largest))
    )
    reciprocal = f.do(f"fdiv {of} {literal(1.0)}, {x}")
    return Divisor(text.spread(x), text.spread(reciprocal), f.do(f"and i1 {is_large}, {is_small}"))


def quotient(text: Writing, x: str, by: Divisor) -> str:
    """x / c to the bit: x r, mended by what is left of it (P. Markstein, IBM J. Res. Dev. 34, 1990)."""
    f, b = text.f, text.body
    largest = 2.0 ** _MODERATE[text.kind.number][1]
    near = b.mul(x, by.reciprocal)
    left = b.call("fma", near, by.x, b.neg(x))
    result = b.call("fma", b.neg(left), by.reciprocal, near)
    size = b.call("fabs", x)
    between = b.both(b.compare("oge", size, 1 / largest), b.compare("ole", size, largest))
    is_moderate = f.do(f"and i1 {b.all(b.either(between, b.compare('oeq', x, 0.0)))}, {by.is_moderate}")
    return f.unless(is_moderate, text.kind.type, [result], lambda: [b.div(x, by.x)])[0]
