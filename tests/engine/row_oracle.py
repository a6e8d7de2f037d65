"""What every row is compared with: its function by mpmath, the points, and where ulps are counted."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Callable, Sequence
from typing import Any

from mpmath import mp, mpf

Point = tuple[float, ...]


def _signed(magnitudes: Sequence[float]) -> list[float]:
    return [sign * x for x in magnitudes for sign in (1.0, -1.0)]


HUMAN = [10.0 ** (k / 8) for k in range(-24, 33)]  # 10⁻³ … 10⁴
TINY = [1.7 * 10.0**k for k in range(-323, -3, 16)] + [5e-324, 2.0**-1022]
HUGE = [1.3 * 10.0**k for k in range(4, 309, 16)] + [1.4e154, 1.7e308]
SPECIAL = [0.0, 0.5, 1.0, 2.0, 3.0, math.pi / 2, math.pi, math.nextafter(1.0, 0.0), math.nextafter(1.0, 2.0), 20.5]
EDGES = [37.0, 38.4, 19.0, 26.5, 27.2, 354.0, 360.0, 700.0, 709.7, 744.4, 745.1, 1000.0]  # of exp, erfc, cosh²
NEAR_LN2 = [math.log(2.0) + k * 2.0**-52 for k in (-1000, -1, 0, 1, 1000)]
NEAR_ONE = [1.0 - 10.0**-k for k in range(1, 16)]

MODEST = _signed(HUMAN + TINY + SPECIAL + EDGES)  # beyond, exp, erf and the like are 0, ±1 or ±inf
WHOLE = MODEST + _signed(HUGE)
SOME = _signed([0.0, 5e-324, 1e-200, 1e-8, 0.1, 1.0, 3.0, 1e3, 1e155, 1.7e308])
FEW = _signed([0.0, 1e-3, 0.3, 1.0, 2.5, 30.0])
TRIPLES: list[Point] = [(x, y, z) for x in FEW for y in (-1.0, -0.0, 0.3, 2.5) for z in (-2.0, 0.3, 2.5)]
DECIMALS: list[Point] = [(x, digits) for x in (0.5, 1.5, -2.345, 1234.5678, 1e300, -0.0) for digits in (0.0, 2.0, -2.0)]
BASES = [
    5e-324, 1e-200, 1e-8, 0.1, 0.5, 0.999, 1.0, 1.0 + 2.0**-52, 1.0 + 1e-14, 1.1, 3.0, 1e3, 1e10, 1e155, 1.7e308,
]  # fmt: skip
EXPONENTS = _signed(
    [0.0, 1e-320, 1e-20, 0.1, 1 / 3, 0.5, 0.7, 1.0, 1.1, 2.0, 2.5, 3.0, 17.3, 100.0, 2.0**53 + 4, 2.0**54]
)


def pairs(xs: Sequence[float], ys: Sequence[float]) -> list[Point]:
    return list(itertools.product(xs, ys))


def _ones(xs: Sequence[float]) -> list[Point]:
    return [(x,) for x in xs]


def _tuples(scale: float, sizes: Sequence[int]) -> list[Point]:
    """Random operands of mixed sizes and signs, with zeros and equal ones among them."""
    rng = random.Random(7)
    numbers = [0.0, 1.0, -1.0, scale, *[rng.uniform(-1.0, 1.0) * scale ** rng.random() for _ in range(20)]]
    return [tuple(rng.choice(numbers) for _ in range(size)) for size in sizes for _ in range(40)]


def _choose(condition: Any, x: Any, y: Any) -> Any:
    return x if condition else y


def _normal_cdf(x: Any) -> Any:
    return mp.erfc(-x / mp.sqrt(2)) / 2


def _erf(x: Any) -> Any:
    """erf x, minus 1 or plus 1 in its flat parts: the same derivative, with fewer digits to carry."""
    return mp.erf(x) if abs(x) < 1.2 else -mp.sign(x) * mp.erfc(abs(x))


def _trunc(x: Any) -> Any:
    return mp.sign(x) * mp.floor(abs(x))


def _log1mexp(x: Any) -> Any:
    """ln(1 − e⁻ˣ), with the digits that are below 1 where e⁻ˣ is very small."""
    return mp.log1p(-mp.exp(-x)) if x > 1 else mp.log(-mp.expm1(-x))


def _log_sigmoid(x: Any) -> Any:
    return -mp.log1p(mp.exp(-x))


def _cosm1(x: Any) -> Any:
    """cos x − 1 as the product of two differences that do not cancel: −sin² x / (1 + cos x), or what cos x < 0 has."""
    return -(mp.sin(x) ** 2) / (1 + mp.cos(x)) if mp.cos(x) > 0 else mp.cos(x) - 1


def _sinc_slope(x: Any, order: Any) -> Any:
    """∂ⁿ/∂xⁿ by n(s⁽ⁿ⁻¹⁾) + x s⁽ⁿ⁾ = πⁿ⁻¹ sin(πx + nπ/2); by the Taylor series of the sine where |x| <= ½."""
    n = int(order)
    if abs(x) <= 0.5:
        terms = [
            (-1) ** k * mp.pi ** (2 * k) * x ** (2 * k - n) / (2 * k + 1) / mp.factorial(2 * k - n)
            for k in range((n + 1) // 2, 60)
        ]
        return mp.fsum(terms)
    slope = mp.sinpi(x) / (mp.pi * x)
    for k in range(1, n + 1):
        slope = (mp.pi ** (k - 1) * mp.sinpi(x + mpf(k) / 2) - k * slope) / x
    return slope


def _dot(*operands: Any) -> Any:
    n = len(operands) // 2
    return mp.fdot(operands[:n], operands[n:-1]) + operands[-1]


# name: (its meaning in mpmath, the points)
def _logaddexp(x: mpf, y: mpf) -> mpf:
    """By the difference: the exponential of 1e308 has more digits than there is memory."""
    return max(x, y) + mp.log1p(mp.exp(-abs(x - y))) if abs(x - y) < 1e6 else max(x, y)


ORACLE: dict[str, tuple[Callable[..., Any], list[Point]]] = {
    "add": (lambda x, y: x + y, pairs(SOME, SOME)),
    "sub": (lambda x, y: x - y, pairs(SOME, SOME)),
    "mul": (lambda x, y: x * y, pairs(SOME, SOME)),
    "div": (lambda x, y: x / y, [(x, y) for x, y in pairs(SOME, SOME) if y]),
    "mod": (lambda x, y: x - y * mp.floor(x / y), [(x, y) for x, y in pairs(FEW, FEW) if y and x % y]),
    "fmod": (lambda x, y: x - y * _trunc(x / y), [(x, y) for x, y in pairs(FEW, FEW) if y and math.fmod(x, y)]),
    "neg": (lambda x: -x, _ones(WHOLE)),
    "reciprocal": (lambda x: 1 / x, [(x,) for x in WHOLE if x]),
    "square": (lambda x: x * x, _ones(WHOLE)),
    "pow": (
        mp.power,
        pairs(BASES, EXPONENTS) + pairs([-0.5, -2.0, -1e10], [-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0, 4.0]),
    ),
    "sqrt": (mp.sqrt, [(x,) for x in WHOLE if x > 0]),
    "rsqrt": (lambda x: 1 / mp.sqrt(x), [(x,) for x in WHOLE if x > 0]),
    "cbrt": (lambda x: mp.sign(x) * mp.cbrt(abs(x)), [(x,) for x in WHOLE if x]),
    "greater": (lambda x, y: mpf(x > y), pairs(FEW, FEW)),
    "at_least": (lambda x, y: mpf(x >= y), pairs(FEW, FEW)),
    "equal": (lambda x, y: mpf(x == y), pairs(FEW, FEW)),
    "pick": (lambda i, *xs: xs[int(i)], [(0.0, 1.5), (1.0, 2.5, -3.0, 7.0), (2.0, 2.5, -3.0, 7.0)]),
    "step": (lambda x, y, z: mpf(x > y) if x != y else z, TRIPLES),
    "where": (lambda x, y, z: _choose(x != 0, y, z), TRIPLES),
    "sign": (mp.sign, _ones(WHOLE)),
    "abs": (abs, _ones(WHOLE)),
    "maximum": (max, pairs(SOME, SOME)),
    "minimum": (min, pairs(SOME, SOME)),
    "clip": (lambda x, low, high: min(max(x, low), high), TRIPLES),
    "floor": (mp.floor, _ones(WHOLE)),
    "ceil": (mp.ceil, _ones(WHOLE)),
    "round": (lambda x, digits: mp.nint(x * mpf(10) ** digits) / mpf(10) ** digits, DECIMALS),
    "exp": (mp.exp, _ones(MODEST)),
    "expm1": (mp.expm1, _ones(MODEST)),
    "log": (mp.log, [(x,) for x in WHOLE + NEAR_ONE if x > 0]),
    "log1p": (mp.log1p, [(x,) for x in WHOLE + NEAR_ONE + _signed(NEAR_ONE) if x > -1]),
    "exp2": (lambda x: mp.power(2, x), _ones(MODEST)),
    "log2": (lambda x: mp.log(x, 2), [(x,) for x in WHOLE + NEAR_ONE if x > 0]),
    "log10": (mp.log10, [(x,) for x in WHOLE + NEAR_ONE if x > 0]),
    "log1mexp": (_log1mexp, [(x,) for x in MODEST + NEAR_LN2 if x > 0]),
    "logaddexp": (_logaddexp, pairs(MODEST[::5], (-800.0, -1.0, 0.0, 0.1, 30.5))),
    "xlogy": (
        lambda x, y: x * mp.log(y) if x else mpf(0),
        [(x, y) for x, y in pairs(SOME, [*SOME, *NEAR_ONE]) if y > 0],
    ),
    "sin": (mp.sin, _ones(WHOLE)),
    "cos": (mp.cos, _ones(WHOLE)),
    "cosm1": (_cosm1, _ones(WHOLE)),
    "sinc": (lambda x: _sinc_slope(x, 0), _ones(WHOLE + NEAR_ONE)),
    "sinc_slope": (
        _sinc_slope,
        pairs(_signed([*HUMAN[::2], *NEAR_ONE, 0.0, 1e-200, 0.5, 3.0]), (0.0, 1.0, 2.0, 3.0, 6.0)),
    ),
    "tan": (mp.tan, _ones(WHOLE)),
    "one_minus_square": (lambda x: 1 - x * x, _ones(WHOLE + _signed(NEAR_ONE))),
    "asin": (mp.asin, [(x,) for x in WHOLE + _signed(NEAR_ONE) if abs(x) < 1]),
    "acos": (mp.acos, [(x,) for x in WHOLE + _signed(NEAR_ONE) if abs(x) < 1]),
    "atan": (mp.atan, _ones(WHOLE)),
    "atan2": (mp.atan2, [(x, y) for x, y in pairs(SOME, SOME) if (x or y > 0) and math.hypot(x, y) < math.inf]),
    "sinh": (mp.sinh, _ones(MODEST)),
    "cosh": (mp.cosh, _ones(MODEST)),
    "tanh": (mp.tanh, _ones(MODEST)),
    "sech_square": (lambda x: mp.sech(x) ** 2, _ones(MODEST)),
    "asinh": (mp.asinh, _ones(WHOLE)),
    "acosh": (mp.acosh, [(x,) for x in WHOLE + [2.0 - x for x in NEAR_ONE] if x > 1]),
    "atanh": (mp.atanh, [(x,) for x in WHOLE + _signed(NEAR_ONE) if abs(x) < 1]),
    "relu": (lambda x: max(x, mpf(0)), _ones(WHOLE)),
    "leaky_relu": (lambda x, slope: _choose(x > 0, x, slope * x), pairs(WHOLE, (0.01, -0.5))),
    "elu": (lambda x, alpha: _choose(x > 0, x, alpha * mp.expm1(x)), pairs(MODEST, (0.3, -2.0))),
    "sigmoid": (lambda x: 1 / (1 + mp.exp(-x)), _ones(MODEST)),
    "sigmoid_slope": (lambda x: mp.exp(-x) / (1 + mp.exp(-x)) ** 2, _ones(MODEST)),
    "log_sigmoid": (_log_sigmoid, _ones(MODEST)),
    "softplus": (lambda x: mp.log1p(mp.exp(x)), _ones(MODEST)),
    "silu": (lambda x: x / (1 + mp.exp(-x)), _ones(MODEST)),
    "gelu": (lambda x: x * _normal_cdf(x), _ones(MODEST)),
    "erf": (mp.erf, _ones(MODEST)),
    "normal_cdf": (_normal_cdf, _ones(MODEST)),
    "normal_pdf": (mp.npdf, _ones(MODEST)),
    "exp_square": (lambda x, c: mp.exp(c * x * x), pairs(MODEST, (-1.0, -0.5))),
    "hypot": (lambda *xs: mp.sqrt(mp.fsum(x * x for x in xs)), pairs(SOME, SOME) + _tuples(1e100, (1, 3, 5))),
    "total": (lambda *xs: mp.fsum(xs), _tuples(1e20, (0, 1, 2, 4))),
    "prod": (lambda *xs: mp.fprod(xs), _tuples(1e50, (0, 1, 2, 4))),
    "dot": (_dot, _tuples(1e20, (1, 3, 5))),
    "logsumexp": (lambda *xs: mp.log(mp.fsum(map(mp.exp, xs))), _tuples(1e3, (1, 2, 4)) + _tuples(1.0, (3,))),
    "pivot": (lambda *xs: max(xs), _tuples(1e3, (1, 4))),
    "largest": (lambda *xs: max(xs), _tuples(1e3, (1, 2, 4))),
    "exp_shift": (lambda x, c: mp.exp(x - c), pairs(MODEST[::5], (0.0, 0.1, -3.3, 700.0))),
}


def _sinc_terms(x: Any, n: int) -> list[Any]:
    """The two terms of the n-th derivative of sinc, where they are no larger than n = 1 has them: |x| > ½."""
    if n == 0 or abs(x) <= 0.5:
        return []
    return [mp.pi ** (n - 1) * mp.sinpi(x + mpf(n) / 2) / x, n * _sinc_slope(x, n - 1) / x]


# Where the result is a sum whose terms have both signs, it may be 0 while each term has its rounding error: ulps are
# counted at the largest term, which is what "accurate" means there. Keys: the name, and the operand for a partial.
TERMS: dict[tuple[str, int | None], Callable[..., Sequence[Any]]] = {
    ("total", None): lambda *xs: xs,
    ("dot", None): lambda *xs: (
        [a * b for a, b in zip(xs[: len(xs) // 2], xs[len(xs) // 2 : -1], strict=True)] + [xs[-1]]
    ),
    ("logaddexp", None): lambda x, y: [max(x, y), mp.log(2)],
    ("sinc", 0): lambda x: _sinc_terms(x, 1),
    ("sinc_slope", None): lambda x, order: _sinc_terms(x, int(order)),
    ("sinc_slope", 0): lambda x, order: _sinc_terms(x, int(order) + 1),
    ("logsumexp", None): lambda *xs: [max(xs), mp.log(len(xs))],
    ("silu", 0): lambda x: [1 / (1 + mp.exp(-x))],
    ("gelu", 0): lambda x: [_normal_cdf(x)],
}

# Partials that are 0 by definition, since their place in a formula makes the sum right: the shift of a softmax.
HELD_CONSTANT = {"pivot"}
FLATTER: dict[str, Callable[..., Any]] = {
    "erf": _erf,
    "normal_cdf": lambda x: _erf(x / mp.sqrt(2)) / 2,
}  # easier to differentiate, and different by a constant only
# Here the value jumps: the derivative is 0 on both sides, and there is nothing to compare with.
JUMPS: dict[str, Callable[..., bool]] = {
    "floor": lambda x: x == math.floor(x),
    "ceil": lambda x: x == math.ceil(x),
    "round": lambda x, digits: (x * 10.0**digits) % 1.0 == 0.5,
}
