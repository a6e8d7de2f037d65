"""Where rows of two operands are held to orders 0 to 3, what they mean there, and what other tests decide."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

from mpmath import mp

from tests.engine.row_points import INF, MEANING, NAN, decay, expm1

NUMBERS = (0.0, 5e-324, 0.3, -2.5, 1e154, -1e308, INF, -INF, NAN)
# Rows whose functions would take long at some of these, or have no value there.
OTHERS: dict[str, tuple[Sequence[float], Sequence[float]]] = {
    "pow": ((5e-324, 0.3, 1.0, 2.5, 1e308, INF), (0.0, -0.5, 0.5, 1.0, 1.5, 2.0, -1.0, -2.5, 3.0)),
    "exp_square": ((0.0, 5e-324, 0.3, -2.5, 30.0), (0.0, -0.5, -1.0, 0.3, -1e308)),
}
# Any number of operands: two of them.
VARIADIC = ("hypot", "total", "prod", "logsumexp", "largest")


def _power(x: Any, y: Any) -> Any:
    return mp.exp(y * mp.log(x))


def _exp_square(x: Any, c: Any) -> Any:
    return mp.exp(c * x * x) if c > 0 else decay(c * x * x)


PAIR_MEANING: dict[str, Callable[[Any, Any], Any]] = MEANING | {
    "pow": _power,
    "exp_square": _exp_square,
    "elu": lambda x, alpha: x if x > 0 else alpha * expm1(x),
    "total": lambda x, y: x + y,
    "prod": lambda x, y: x * y,
    "logsumexp": lambda x, y: max(x, y) + mp.log1p(decay(x - y)),
}


def pairs(name: str) -> list[tuple[float, float]]:
    """Where a row of two operands is looked at."""
    xs, ys = OTHERS.get(name, (NUMBERS, NUMBERS))
    return [(x, y) for x, y in product(xs, ys) if not DECIDED_ELSEWHERE.get(name, _nowhere)(x, y)]


def _nowhere(x: float, y: float) -> bool:
    return False


def _both_infinite(x: float, y: float) -> bool:
    return math.isinf(x) and math.isinf(y)


def _zero_and_infinity(x: float, y: float) -> bool:
    """Where 1700 digits do not show a step next to 10⁻⁹⁰⁰ beside 10⁹⁰⁰; a sum is linear."""
    return math.isinf(x + y) and x * y != x * y


# Kinks, tips, poles and cuts, and what is as in C: the values are in `test_numerics_table` and `test_rules`, second
# derivatives at the origin in `test_special_points`.
DECIDED_ELSEWHERE: dict[str, Callable[[float, float], bool]] = {
    "hypot": lambda x, y: x == y == 0.0 or (math.isnan(x + y) and (math.isinf(x) or math.isinf(y))),
    **dict.fromkeys(("add", "sub", "total"), _zero_and_infinity),
    "atan2": lambda x, y: (x == 0.0 and y <= 0.0) or _both_infinite(x, y),
    **dict.fromkeys(("logsumexp", "logaddexp", "maximum", "minimum", "largest"), _both_infinite),
    "pow": lambda x, y: math.isinf(x) and y == 0.0,
    "xlogy": lambda x, y: y < 0.0 or x == y == 0.0,
}
# A value that does not depend on an operand: what it is there, nan too, makes no difference.
INDIFFERENT: dict[str, Callable[[float, float], bool]] = {
    "elu": lambda x, alpha: x > 0.0,
    "leaky_relu": lambda x, slope: x > 0.0,
}
# Sums with terms of both signs, ulps count at a term: ∂²r/∂x² = 1/r − x²/r³ and what is made of it.
TERMS: dict[str, Callable[[Any, Any, int], Any]] = {
    "hypot": lambda x, y, n: mp.hypot(x, y) ** (1 - n),
    "atan2": lambda x, y, n: mp.hypot(x, y) ** -n,
}
