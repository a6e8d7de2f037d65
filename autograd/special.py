"""The values of rows that say a composite without its lost digits, and of logarithms and roots of other kinds.

As in numerics.py: IEEE 754 as in NumPy, nothing raises, accurate to 4 ulp or better.
"""

from __future__ import annotations

import math

from autograd.numerics import INF, NAN, div, floor, ieee, log, logsumexp, softplus

LN2 = math.log(2.0)

_expm1 = ieee(math.expm1, overflow=INF)
_sin = ieee(math.sin)


def log2(x: float) -> float:
    """The logarithm to base 2; −inf at 0, nan below."""
    return math.log2(x) if x > 0.0 else log(x)


def log10(x: float) -> float:
    """The logarithm to base 10; −inf at 0, nan below."""
    return math.log10(x) if x > 0.0 else log(x)


def fmod(x: float, y: float) -> float:
    """x − y trunc(x / y), of the sign of x; nan for y = 0 and for an infinite x.

    >>> fmod(-7.0, 3.0), fmod(7.0, -3.0), fmod(1.0, 0.0)
    (-1.0, 1.0, nan)
    """
    try:
        return math.fmod(x, y)
    except ValueError:
        return NAN


def cbrt(x: float) -> float:
    """∛x, the C library's (off by up to 4 ulp) after a step of Newton's."""
    y = math.cbrt(x)
    return y - (y - x / (y * y)) / 3.0 if 0.0 < abs(y) < INF else y


def rsqrt(x: float) -> float:
    """1 / √x; ±inf at ±0, nan below."""
    return div(1.0, math.sqrt(x)) if x >= 0.0 else NAN


def logaddexp(x: float, y: float) -> float:
    """ln(eˣ + eʸ) without overflow."""
    return logsumexp(x, y)


def xlogy(x: float, y: float) -> float:
    """x ln y, but 0 where x is 0, unless y is nan.

    >>> xlogy(0.0, 0.0), xlogy(0.0, -1.0), xlogy(1.0, 0.0)
    (0.0, 0.0, -inf)
    """
    return 0.0 if x == 0.0 and y == y else x * log(y)


def log_sigmoid(x: float) -> float:
    """ln σ(x) = −ln(1 + e⁻ˣ)."""
    return -softplus(-x)


def log1mexp(x: float) -> float:
    """ln(1 − e⁻ˣ) for x > 0, each half by the function that is exact there (M. Mächler, 2012); −inf at 0, nan below.

    >>> log1mexp(1e-20), math.log(1e-20)
    (-46.051701859880914, -46.051701859880914)
    """
    if x > LN2:
        return math.log1p(-math.exp(-x))
    return log(-math.expm1(-x)) if x >= 0.0 else NAN


def cosm1(x: float) -> float:
    """cos x − 1 = −2 sin² ½x.

    >>> cosm1(1e-9)
    -5e-19
    """
    half = _sin(0.5 * x)
    return -2.0 * half * half


# --- sin πx / πx ------------------------------------------------------------------------------------------------------


def sinc(x: float) -> float:
    """sin πx / πx; exactly 1 at 0 and 0 at every other integer.

    >>> sinc(0.0), sinc(2.0), sinc(0.5) == 2.0 / math.pi
    (1.0, 0.0, True)
    """
    size = abs(x)
    return _sin_pi(size) / (math.pi * size) if x != 0.0 else 1.0


def _sin_pi(x: float) -> float:
    """sin πx for x >= 0, by the sine or cosine of an angle of at most π/4: the reduction of x is exact."""
    r = x - 2.0 * floor(0.5 * x)
    sign, r = (1.0, r) if r < 1.0 else (-1.0, r - 1.0)
    if 0.25 < r < 0.75:
        return sign * math.cos(math.pi * (0.5 - r))
    return sign * math.sin(math.pi * (r if r <= 0.25 else 1.0 - r))


def _cos_pi(x: float) -> float:
    """cos πx for x >= 0, in the same way."""
    r = x - 2.0 * floor(0.5 * x)
    r = 2.0 - r if r > 1.0 else r
    if 0.25 < r < 0.75:
        return math.sin(math.pi * (0.5 - r))
    return math.cos(math.pi * r) if r <= 0.25 else -math.cos(math.pi * (1.0 - r))


def sinc_slope(x: float, order: float) -> float:
    """The derivative of sinc of that order, an integer up to 600; nan for any other.

    s⁽ⁿ⁾(x) = πⁿ ∫ tⁿ cos(πxt + nπ/2) dt over 0 … 1: nothing cancels near 0. Farther out, where that oscillates, by
    x s⁽ⁿ⁾ + n s⁽ⁿ⁻¹⁾ = πⁿ⁻¹ sin(πx + nπ/2), the derivative of x s = sin(πx)/π.

    >>> sinc_slope(0.0, 2.0) == -(math.pi**2) / 3.0, sinc_slope(1.0, 1.0)
    (True, -1.0)
    """
    if not (0.0 <= order <= 600.0 and order.is_integer() and math.isfinite(x)):
        return NAN
    n = int(order)
    if n == 0:
        return sinc(x)
    if abs(x) * math.pi <= max(3.0, 2.0 * n):
        return _mean_of_waves(x, n)
    return _by_recurrence(abs(x), n) * (math.copysign(1.0, x) if n % 2 else 1.0)


def _by_recurrence(x: float, n: int) -> float:
    sin, cos = _sin_pi(x), _cos_pi(x)
    slope = sinc(x)
    for k in range(1, n + 1):
        slope = (math.pi ** (k - 1) * _quarter_turns(sin, cos, k) - k * slope) / x
    return slope


def _quarter_turns(sin: float, cos: float, n: int) -> float:
    """sin(a + nπ/2) from the sine and cosine of a."""
    return (sin, cos, -sin, -cos)[n % 4]


def _mean_of_waves(x: float, n: int) -> float:
    z = math.pi * x
    if abs(z) < 1e-8:  # sin zt is zt and cos zt is 1
        return _quarter_turns(math.pi ** (n + 1) / (n + 2) * x, math.pi**n / (n + 1), n + 1)
    nodes = [(t, weight) for first, second, weight in GAUSS for t in (first, second)]
    waves = [weight * t**n * _quarter_turns(math.sin(z * t), math.cos(z * t), n + 1) for t, weight in nodes]
    return math.pi**n * math.fsum(waves)


# Gauss and Legendre's rule of 20 points on 0 … 1, which is exact for polynomials of degree 39: t, 1 − t, their weight.
GAUSS = (
    (0.46173673943325133, 0.5382632605667487, 0.07637669356536292),
    (0.38610707442917747, 0.6138929255708225, 0.07458649323630187),
    (0.3131469556422902, 0.6868530443577098, 0.07104805465919102),
    (0.24456649902458646, 0.7554335009754135, 0.06584431922458832),
    (0.1819731596367425, 0.8180268403632576, 0.059097265980759206),
    (0.1268340467699246, 0.8731659532300754, 0.05096505990862022),
    (0.0804415140888906, 0.9195584859111094, 0.04163837078835238),
    (0.04388278587433705, 0.956117214125663, 0.031336024167054534),
    (0.018014036361043106, 0.9819859636389569, 0.02030071490019347),
    (0.0034357004074525377, 0.9965642995925476, 0.008807003569576059),
)
