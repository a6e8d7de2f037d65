"""What to do about an operation whose value or derivative is not finite: a table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import isinf, isnan
from typing import Any, NamedTuple

from autograd.primitive import Primitive


class Advice(NamedTuple):
    """A way out for some primitives, where `when(*operands)` holds."""

    primitives: tuple[str, ...]
    when: Callable[..., bool]
    text: str


AWAY_FROM_ZERO = "keep the divisor away from 0, as in x / maximum(y, 1e-12), or choose with where(y > 0, x / y, 0)"
OVERFLOW = (
    "the numbers grew beyond 1.8e308: scale the inputs, take smaller steps or smaller initial weights, or compute with "
    "logarithms"
)

ADVICE = (
    Advice(
        ("log",),
        lambda x: x >= 0.0,
        "log x tends to -inf at 0 and its derivative 1/x to inf: keep the operand away from 0, as in "
        "log(maximum(x, 1e-12)); there are log1p(x) for log(1 + x), log_softmax(xs) for the log of a softmax, "
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
        "exponentials overflow from 709.79 on: use logsumexp(xs) or softmax(xs) where the largest is subtracted first, "
        "softplus(x) for log(1 + exp(x)), sigmoid(x) for 1 / (1 + exp(-x))",
    ),
    Advice(
        ("sqrt",),
        lambda x: x >= 0.0,
        "the derivative of sqrt x is infinite at 0: for a length use norm(xs) or hypot(x, y), whose derivatives there "
        "are 0, for a standard deviation std(xs); otherwise sqrt(x + 1e-12)",
    ),
    Advice(
        ("pow",),
        lambda x, y: x == 0.0,
        "0 to a power below 1 has an infinite value or derivative: keep the base away from 0, as in "
        "maximum(x, 1e-12)**y; for a length use norm(xs) or hypot(x, y)",
    ),
    Advice(
        ("pow",),
        lambda x, y: x < 0.0 and not float(y).is_integer(),
        "a negative base has no real power with a fraction as exponent: use abs(x)**y, or x**2 where a square is meant",
    ),
    Advice(
        ("pow",),
        lambda x, y: x < 0.0,
        "with a negative base there is no derivative with respect to the exponent: make the exponent a plain number",
    ),
)


def advice_for(primitive: Primitive, operands: Sequence[float]) -> str:
    """The first advice that fits, for finite operands.

    >>> from autograd.rules import acos, mul
    >>> advice_for(acos, [1.5])
    'acos is defined on [-1, 1], and 1.5 lies outside: bring the operand inside, as with clip(x, -1, 1)'
    >>> advice_for(mul, [1e200, 1e200]) == OVERFLOW
    True
    """
    fitting = [row.text for row in ADVICE if primitive.name in row.primitives and row.when(*operands)]
    return fitting[0] if fitting else _about_domain(primitive, operands) or OVERFLOW


def _about_domain(primitive: Primitive, operands: Sequence[float]) -> str:
    for (low, high), x in zip(primitive.domain, operands, strict=False):  # a node made by hand has no domain
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
    """What to do when an operand was not finite to begin with.

    >>> advice_on_operands([float("nan"), 2.0])
    'a plain number among the operands is nan: check it where it comes from'
    """
    wrong = [x for x in operands if isnan(float(x)) or isinf(float(x))]
    if any(isinstance(x, float) for x in wrong):
        return f"a plain number among the operands is {float(wrong[0])!r}: check it where it comes from"
    return (
        "the operand was so before it came here: make it inside the block too, so that its own origin is found, or "
        "look at the step that updated it"
    )
