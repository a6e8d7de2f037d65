"""The values of primitives on floats where the standard library raises, loses digits or has no such function.

IEEE 754 as in NumPy: infinities and nan flow, nothing overflows into an exception. Accurate to 4 ulp or better.
"""

import math
from collections.abc import Callable, Sequence

INF = math.inf
NAN = math.nan
SQRT_HALF = math.sqrt(0.5)
SQRT_HALF_REST = -4.833646656726457e-17  # √½ − SQRT_HALF


def ieee(function: Callable[[float], float], overflow: float = NAN, odd: bool = False) -> Callable[[float], float]:
    """`function` with nan outside its domain and `overflow` where it is too large, of x's sign if the function is odd.

    >>> ieee(math.exp, overflow=INF)(1000.0), ieee(math.sqrt)(-1.0)
    (inf, nan)
    """

    def value(x: float) -> float:
        try:
            return function(x)
        except ValueError:
            return NAN
        except OverflowError:
            return math.copysign(overflow, x) if odd else overflow

    return value


def div(x: float, y: float) -> float:
    """x / y.

    >>> div(1.0, -0.0), div(0.0, 0.0)
    (-inf, nan)
    """
    try:
        return x / y
    except ZeroDivisionError:
        return NAN if x == 0.0 or x != x else math.copysign(INF, x) * math.copysign(1.0, y)


def mod(x: float, y: float) -> float:
    """x − y ⌊x / y⌋ as Python and NumPy have it, of the sign of y; nan for y = 0 and for an infinite x.

    >>> mod(-7.0, 3.0), mod(7.0, -3.0), mod(1.0, 0.0)
    (2.0, -2.0, nan)
    """
    try:
        return x % y
    except (ZeroDivisionError, ValueError):
        return NAN


def reciprocal(x: float) -> float:
    """1 / x; ±inf at ±0."""
    return div(1.0, x)


def power(x: float, y: float) -> float:
    """x to the power y; nan for a negative base with a fraction as exponent.

    >>> power(-8.0, 1 / 3), power(-0.0, -3.0), power(-10.0, 999.0)
    (nan, -inf, -inf)
    """
    try:
        return math.pow(x, y)
    except OverflowError:
        return -INF if x < 0.0 and y % 2.0 == 1.0 else INF
    except ValueError:
        if x != 0.0:
            return NAN
        return math.copysign(INF, x) if y % 2.0 == 1.0 else INF


def log(x: float) -> float:
    """ln x; −inf at 0, nan below."""
    return math.log(x) if x > 0.0 else -INF if x == 0.0 else NAN


def log1p(x: float) -> float:
    """ln(1 + x); −inf at −1, nan below."""
    return math.log1p(x) if x > -1.0 else -INF if x == -1.0 else NAN


def atanh(x: float) -> float:
    """artanh x; ±inf at ±1, nan outside."""
    return math.atanh(x) if -1.0 < x < 1.0 else math.copysign(INF, x) if abs(x) == 1.0 else NAN


def sign(x: float) -> float:
    """−1, 0 or 1; nan for nan."""
    return 1.0 if x > 0.0 else -1.0 if x < 0.0 else x + 0.0


def step(x: float, y: float, tie: float) -> float:
    """1 where x > y, 0 where x < y, `tie` where they are equal, nan where either is nan."""
    return 1.0 if x > y else 0.0 if x < y else tie if x == y else NAN


def maximum(x: float, y: float) -> float:
    """The larger; nan if either is nan."""
    return x if x >= y or x != x else y


def minimum(x: float, y: float) -> float:
    """The smaller; nan if either is nan."""
    return x if x <= y or x != x else y


def clip(x: float, low: float, high: float) -> float:
    """min(max(x, low), high); `high` if the bounds are swapped, nan with nan."""
    y = x if x >= low or x != x else low
    return y if y <= high or y != y else high


def rounded(x: float, digits: float) -> float:
    """x to `digits` decimals, half to even; infinities and nan stay, nan decimals give nan.

    >>> rounded(2.5, 0.0), rounded(1.5, INF), rounded(1.5, -INF)
    (2.0, 1.5, 0.0)
    """
    if digits != digits:
        return NAN
    digits = min(max(digits, -400.0), 400.0)  # beyond, nothing more happens to a float
    try:
        return round(x, int(digits)) if math.isfinite(x) else x
    except OverflowError:
        return math.copysign(INF, x)


def floor(x: float) -> float:
    """The largest integer <= x, as a float; a zero keeps its sign."""
    return math.copysign(math.floor(x), x) if math.isfinite(x) else x


def ceil(x: float) -> float:
    """The smallest integer >= x, as a float; a zero keeps the sign of x."""
    return math.copysign(math.ceil(x), x) if math.isfinite(x) else x


def relu(x: float) -> float:
    """max(x, 0); nan for nan."""
    return 0.0 if x <= 0.0 else x


_exp = ieee(math.exp, overflow=INF)


def sech_square(x: float) -> float:
    """1 / cosh² x; 0 where cosh overflows."""
    try:
        y = 1.0 / math.cosh(x)
    except OverflowError:
        return 0.0
    return y * y


def sigmoid(x: float) -> float:
    """1 / (1 + e⁻ˣ), from the side that does not overflow."""
    if x >= 0.0:
        return 1.0 / (1.0 + math.exp(-x))
    t = math.exp(x)
    return t / (1.0 + t)


def sigmoid_slope(x: float) -> float:
    """σ(x) σ(−x) = t / (1 + t)² with t = e^−|x|."""
    t = math.exp(-abs(x))
    return t / ((1.0 + t) * (1.0 + t))


def silu(x: float) -> float:
    """x σ(x); 0 at −inf."""
    return max(x, -1e3) * sigmoid(x)


def softplus(x: float) -> float:
    """ln(1 + eˣ) = max(x, 0) + ln(1 + e^−|x|)."""
    return x + math.log1p(math.exp(-x)) if x > 0.0 else math.log1p(math.exp(x))


def exp_square(x: float, c: float) -> float:
    """exp(c x²): x² is split so that its rounding is not multiplied by x² (W. J. Cody, 1969).

    Split towards 0, so that both factors are on the same side of 1: one cannot vanish where the other overflows.

    >>> exp_square(27.0, -1.0), math.exp(-27.0 * 27.0)
    (2.50...e-317, 2.50...e-317)
    """
    if not abs(x) < 64.0:
        return _exp(c * x * x)
    head = math.trunc(x * 256.0) / 256.0  # 14 bits, so its square is exact
    return _exp(c * head * head) * _exp(c * (x - head) * (x + head))


def normal_cdf(x: float) -> float:
    """Φ(x) = ½ erfc(−x/√2), with the rounding of x/√2 put right to first order: it would be multiplied by x²."""
    z = -x * SQRT_HALF
    value = 0.5 * math.erfc(z)
    if not -40.0 < x < -1.0:
        return value
    rest = _product_rest(-x, SQRT_HALF, z) - x * SQRT_HALF_REST
    return value - rest * exp_square(x, -0.5) / math.sqrt(math.pi)


def gelu(x: float) -> float:
    """x Φ(x); 0 at −inf."""
    return max(x, -64.0) * normal_cdf(x)


def _product_rest(x: float, y: float, product: float) -> float:
    """x y − product exactly, by Veltkamp's and Dekker's splitting (1971)."""
    x1, y1 = _head(x), _head(y)
    x2, y2 = x - x1, y - y1
    return x2 * y2 - (((product - x1 * y1) - x2 * y1) - x1 * y2)


def _head(x: float) -> float:
    t = 134217729.0 * x  # 2²⁷ + 1
    return t - (t - x)


def exp_shift(x: float, c: float) -> float:
    """exp(x − c) with the rounding of x − c put right; 1 where x = c, also at infinities."""
    if x == c:
        return 1.0
    d = x - c
    t = d - x
    rest = (x - (d - t)) - (c + t)  # Knuth, TAOCP 2, 4.2.2: d + rest = x − c exactly
    return _exp(d) * (1.0 + rest) if -1.0 < rest < 1.0 else _exp(d)  # elsewhere it is 0, ∞ or nan


# --- of any number of operands; sums run from left to right, for every back end to give the same bits ------------


def total(*xs: float) -> float:
    """x₁ + x₂ + …; 0 for none."""
    result = 0.0
    for x in xs:
        result += x
    return result


def prod(*xs: float) -> float:
    """x₁ x₂ …; 1 for none."""
    result = 1.0
    for x in xs:
        result *= x
    return result


def inner(w: Sequence[float], x: Sequence[float], bias: float) -> float:
    """bias + w₁ x₁ + w₂ x₂ + …, summed in that order."""
    for each, other in zip(w, x):  # noqa: B905 (as long, by construction; strict costs time in the innermost loop)
        bias += each * other
    return bias


def pivot(*xs: float) -> float:
    """The largest; nan if one is nan."""
    result = -INF
    for x in xs:
        if x > result or x != x:
            result = x
    return result


def lead(*xs: float) -> tuple[float, ...]:
    """How far the largest is ahead of the second; nothing if there is no second."""
    *_, second, first = (-INF, -INF, *sorted(xs))
    return (first - second,) if len(xs) > 1 and first != second else (0.0,) * (len(xs) > 1)


def pick(index: float, *xs: float) -> float:
    """xs[index]; nan where the index is not one of 0, 1, …, n − 1.

    >>> pick(1.0, 5.0, 7.0), pick(0.5, 5.0, 7.0)
    (7.0, nan)
    """
    return xs[int(index)] if 0.0 <= index < len(xs) and index == int(index) else NAN


def logsumexp(*xs: float) -> float:
    """ln Σ exp xᵢ, shifted by the largest so that nothing overflows; the largest's own 1 goes into log1p."""
    largest = pivot(*xs)
    if largest != largest:
        return NAN
    at = xs.index(largest)
    return largest + math.log1p(total(*[exp_shift(x, largest) for x in xs[:at] + xs[at + 1 :]]))
