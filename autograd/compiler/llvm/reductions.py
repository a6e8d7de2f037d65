"""Steps of rows that take any number of operands (softmax, logsumexp, norm, pick): one operand after the other."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from autograd.compiler.llvm.body import Body
from autograd.compiler.llvm.vector_math import elementary, exp_of_sum


def _pivot_step(b: Body, largest: str, x: str) -> str:
    """The larger, starting from −∞; nan stays."""
    return b.select(b.either(b.compare("ogt", x, largest), b.compare("uno", x, x)), x, largest)


def exp_shift(b: Body, x: str, c: str) -> str:
    """exp(x − c), with the rounding of the difference put right."""
    d = b.sub(x, c)
    t = b.sub(d, x)
    rest = b.sub(b.sub(x, b.sub(d, t)), b.add(c, t))
    if not b.exact:
        return b.select(b.compare("oeq", x, c), 1.0, exp_of_sum(b, d, rest))
    power = elementary(b, "exp", d)
    whole = b.select(b.compare("olt", b.call("fabs", rest), 1.0), b.mul(power, b.add(rest, 1.0)), power)
    return b.select(b.compare("oeq", x, c), 1.0, whole)


def _is_first(b: Body, x: str, largest: str, before: str) -> str:
    return b.both(b.compare("oeq", x, largest), b.compare("oeq", before, 0.0))


def _term(b: Body, x: str, largest: str, before: str) -> str:
    return _other(b, x, largest, before, exp_shift(b, x, largest))


def _other(b: Body, x: str, largest: str, before: str, power: str) -> str:
    """exp(x − largest); −0, which changes no sum, for the first that is the largest itself: `before` counts those."""
    return b.select(_is_first(b, x, largest, before), -0.0, power)


def _count(b: Body, x: str, largest: str, before: str) -> str:
    return b.select(_is_first(b, x, largest, before), 1.0, before)


def _log_of_sum(b: Body, largest: str, others: str) -> str:
    return b.select(b.compare("uno", largest, largest), math.nan, b.add(largest, elementary(b, "log1p", others)))


def _larger_size(b: Body, largest: str, x: str) -> str:
    """The larger of `largest` and |x|; nan is passed over."""
    size = b.call("fabs", x)
    return b.select(b.compare("ogt", size, largest), size, largest)


def _add_square(b: Body, sum_: str, x: str, largest: str) -> str:
    ratio = b.div(x, largest)
    return b.add(sum_, b.mul(ratio, ratio))


def _length(b: Body, largest: str, squares: str, sizes: str) -> str:
    """largest √(Σ (x/largest)²); ∞ if one is infinite, the sum of sizes (0 or nan) if none is larger than 0."""
    usual = b.mul(largest, b.call("sqrt", squares))
    usual = b.select(b.compare("oeq", largest, math.inf), math.inf, usual)
    return b.select(b.compare("oeq", largest, 0.0), sizes, usual)


def _pick_step(b: Body, result: str, index: str, place: str, x: str) -> str:
    return b.select(b.compare("oeq", index, place), x, result)


# By the name that calls have in the text: the number of operands, and what writes the instructions.
STEPS: Mapping[str, tuple[int, Callable[..., str]]] = {
    "pivot_step": (2, _pivot_step),
    "term": (3, _term),
    "other": (4, _other),
    "count": (3, _count),
    "log_of_sum": (2, _log_of_sum),
    "larger_size": (2, _larger_size),
    "add_square": (3, _add_square),
    "length": (3, _length),
    "pick_step": (4, _pick_step),
}
