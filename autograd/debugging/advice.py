"""A table of advice for operations whose value or derivative is not finite."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import isfinite, isinf
from typing import Any, NamedTuple

from autograd.graph import number_of
from autograd.primitive import Primitive


class Advice(NamedTuple):
    """Advice for some primitives, for operands for which `when(*operands)` holds."""

    primitives: tuple[str, ...]
    when: Callable[..., bool]
    text: str


AWAY_FROM_ZERO = "keep the divisor away from 0, as in x / maximum(y, 1e-12), or select with where(y > 0, x / y, 0)"
OVERFLOW = (
    "the numbers exceed 1.8e308: scale the inputs, use a smaller step size or smaller initial weights, or compute with "
    "logarithms"
)

ADVICE = (
    Advice(
        ("log",),
        lambda x: x >= 0.0,
        "log x tends to -inf at 0 and its derivative 1/x to inf: keep the operand away from 0, as in "
        "log(maximum(x, 1e-12)); use log1p(x) for log(1 + x), log_softmax(xs) for the log of a softmax, "
        "logsumexp(xs) and softplus(x) for sums of exponentials",
    ),
    Advice(
        ("log1p",),
        lambda x: x >= -1.0,
        "log1p x tends to -inf at -1: keep the operand above, as in log1p(maximum(x, -1 + 1e-12))",
    ),
    Advice(("div",), lambda x, y: abs(y) < 1.0, f"this is a division by (almost) zero: {AWAY_FROM_ZERO}"),
    Advice(("reciprocal",), lambda x: abs(x) < 1.0, f"this is a division by (almost) zero: {AWAY_FROM_ZERO}"),
    Advice(
        ("exp", "expm1", "sinh", "cosh", "exp_shift"),
        lambda *_: True,
        "exponentials overflow above 709.78: use logsumexp(xs) or softmax(xs), which subtract the largest first, "
        "softplus(x) for log(1 + exp(x)), sigmoid(x) for 1 / (1 + exp(-x))",
    ),
    Advice(
        ("sqrt",),
        lambda x: x >= 0.0,
        "the derivative of sqrt x is infinite at 0: use norm(xs) or hypot(x, y) for a length, whose derivatives there "
        "are 0, and std(xs) for a standard deviation; otherwise sqrt(x + 1e-12)",
    ),
    Advice(
        ("pow",),
        lambda x, y: x == 0.0,
        "0 to a power below 1 has an infinite value or derivative: keep the base away from 0, as in "
        "maximum(x, 1e-12)**y; use norm(xs) or hypot(x, y) for a length",
    ),
    Advice(
        ("pow",),
        lambda x, y: x < 0.0 and not float(y).is_integer(),
        "a negative base has no real power for an exponent that is not an integer: use abs(x)**y, or x**2 for a square",
    ),
    Advice(
        ("pow",),
        lambda x, y: x < 0.0,
        "with a negative base there is no derivative with respect to the exponent: make the exponent a plain number",
    ),
)


def advice_for(primitive: Primitive, operands: Sequence[float]) -> str:
    """The first advice that applies, for finite operands.

    >>> from autograd.rules import acos, mul
    >>> advice_for(acos, [1.5])
    'acos is defined on [-1, 1], and 1.5 lies outside: bring the operand inside, as with clip(x, -1, 1)'
    >>> advice_for(mul, [1e200, 1e200]) == OVERFLOW
    True
    """
    fitting = [row.text for row in ADVICE if primitive.name in row.primitives and row.when(*operands)]
    return fitting[0] if fitting else _domain_advice(primitive, operands) or OVERFLOW


def _domain_advice(primitive: Primitive, operands: Sequence[float]) -> str:
    for (low, high), x in zip(primitive.domain, operands, strict=False):  # an opaque node has no domain
        if low < x < high:
            continue
        bounds = f"{'(' if isinf(low) else '['}{low:g}, {high:g}{')' if isinf(high) else ']'}"
        wrong = "is its end, where the derivative is infinite" if x in (low, high) else "lies outside"
        way = f"bring the operand inside, as with {_inside(low, high)}"
        return f"{primitive.name} is defined on {bounds}, and {x!r} {wrong}: {way}"
    return ""


def _inside(low: float, high: float) -> str:
    if isinf(high):
        return f"maximum(x, {low:g})"
    return f"minimum(x, {high:g})" if isinf(low) else f"clip(x, {low:g}, {high:g})"


def advice_on_operands(operands: Sequence[Any]) -> str:
    """Advice for an operation with an operand that is not finite.

    >>> advice_on_operands([float("nan"), 2.0])
    'one of the operands is the plain number nan: check where it comes from'
    """
    wrong = [x for x in operands if not isfinite(number_of(x))]
    if any(isinstance(x, float) for x in wrong):
        return f"one of the operands is the plain number {number_of(wrong[0])!r}: check where it comes from"
    return (
        "the operand was not finite before: make it inside the block too, so that the error is raised at its origin, "
        "or check the step that updated it"
    )
