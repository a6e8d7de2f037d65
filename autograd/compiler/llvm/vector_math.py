"""Elementary functions on vectors of doubles, in a few dozen instructions each; within 3 ulp wherever they are finite.

Each takes a `Body` and operands and appends what computes the result. Infinities, nan and the sign of zero come out as
IEEE 754-2019 (section 9.2) has them. Reductions of the argument by constants in several parts: W. J. Cody and W. Waite,
Software Manual for the Elementary Functions, 1980. Polynomials: Chebyshev fits in 60 digits, error below 2⁻⁵⁶.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from autograd.compiler.llvm.body import Body, Word

LN2_HIGH, LN2_LOW = 0.6931471803691238, 1.9082149292705877e-10  # 32 bits, and the rest
PI_2 = (1.5707963267341256, 6.077100506303966e-11, 2.0222662487959506e-21)  # 33 bits, 33 bits, and the rest
TO_INTEGER = 1.5 * 2.0**52  # added to a small number, its last bits are that number, rounded
LARGEST_ANGLE = 1e6  # up to here n PI_2[0] and n PI_2[1] are exact
SMALLEST_NORMAL = 2.0**-1022
SQRT_HALF_BITS = 0x3FE6A09E667F3BCD
EXPONENT = 52  # where the exponent of a double begins
MANTISSA = 2**52 - 1

# (eˣ − 1 − x)/x², (sin x/x − 1)/x², (cos x − 1 + x²/2)/x⁴, (2 artanh(s)/s − 2)/s²; the last three in the square
EXP = (
    0.5000000000000001,
    0.16666666666666669,
    0.041666666666623824,
    0.008333333333330039,
    0.0013888888917367081,
    0.00019841269863171557,
    2.4801521057868204e-05,
    2.7557268276905696e-06,
    2.7620201591031547e-07,
    2.5100472505694996e-08,
)
SIN = (
    -0.16666666666666666,
    0.008333333333330925,
    -0.00019841269836722418,
    2.755731608381636e-06,
    -2.5051127944014188e-08,
    1.5917848524808262e-10,
)
COS = (
    0.041666666666666664,
    -0.0013888888888887382,
    2.480158729874307e-05,
    -2.7557317260008837e-07,
    2.0876143827993133e-09,
    -1.1382456778061306e-11,
)
LOG = (
    0.666666666666667,
    0.3999999999989827,
    0.2857142862653362,
    0.22222211043776857,
    0.18182895750119193,
    0.1533150161114533,
    0.1461916613488797,
)


def exp(b: Body, x: str) -> str:
    """eˣ = 2ⁿ eʳ, |r| <= ½ ln 2."""
    return _exp_of_parts(b, *_halves_of_ln2(b, _clamped(b, x, -760.0, 720.0)))


def exp_of_sum(b: Body, x: str, rest: str) -> str:
    """exp(x + rest), with a rest that is a rounding error of x; where eˣ is 0, ∞ or nan anyway it may be anything."""
    clamped = _clamped(b, x, -760.0, 720.0)
    n, whole, r = _halves_of_ln2(b, clamped)
    return _exp_of_parts(b, n, whole, b.select(b.compare("oeq", clamped, x), b.add(r, rest), r))


def _exp_of_parts(b: Body, n: str, whole: str, r: str) -> str:
    power = b.add(_exp_minus_1(b, r), 1.0)
    return b.scaled(power, n) if b.scales else _scaled(b, power, whole)


def expm1(b: Body, x: str) -> str:
    """eˣ − 1 = 2 (2ⁿ⁻¹ (eʳ − 1) + (2ⁿ⁻¹ − ½)), which neither cancels nor overflows too early."""
    clamped = _clamped(b, x, -40.0, 720.0)
    _, n, r = _halves_of_ln2(b, clamped)
    half = _power_of_two(b, b.integer("sub", n, 1))
    sum_ = b.fma(half, _exp_minus_1(b, r), b.sub(half, 0.5))
    large = b.compare("ogt", clamped, 710.0)  # 2ⁿ⁻¹ may be infinite itself
    result = b.select(large, math.inf, b.add(sum_, sum_))
    return b.call("copysign", result, x)


def _clamped(b: Body, x: str, low: float, high: float) -> str:
    """min(max(x, low), high), nan for nan."""
    x = b.select(b.compare("olt", x, low), low, x)
    return b.select(b.compare("ogt", x, high), high, x)


def _halves_of_ln2(b: Body, x: str) -> tuple[str, str, str]:
    """n, n as 64 bits, and r with x = n ln 2 + r."""
    shifted = b.fma(x, 1.0 / math.log(2.0), TO_INTEGER)
    n = b.sub(shifted, TO_INTEGER)
    r = b.fma(n, -LN2_LOW, b.fma(n, -LN2_HIGH, x))
    return n, b.integer("sub", b.bits(shifted), _whole(TO_INTEGER)), r


def _whole(x: float) -> int:
    mantissa, exponent = math.frexp(x)
    return ((exponent + 1022) << EXPONENT) + int((mantissa * 2.0 - 1.0) * 2.0**EXPONENT)


def _exp_minus_1(b: Body, r: str) -> str:
    return b.fma(b.mul(r, r), b.polynomial(r, EXP), r)


def _power_of_two(b: Body, n: str) -> str:
    return b.from_bits(b.integer("shl", b.integer("add", n, 1023), EXPONENT))


def _scaled(b: Body, x: str, n: str) -> str:
    """2ⁿ x in two steps, since 2ⁿ may be no float: rounded once, also where the result is subnormal."""
    half = _halved(b, n)
    rest = b.integer("sub", n, half)
    return b.mul(b.mul(x, _power_of_two(b, half)), _power_of_two(b, rest))


def _halved(b: Body, n: str) -> str:
    """⌊n/2⌋ by a shift without sign, which every vector unit has."""
    return b.integer("sub", b.integer("lshr", b.integer("add", n, 4096), 1), 2048)


def log(b: Body, x: str) -> str:
    """ln x = k ln 2 + ln m, √½ <= m < √2, and ln m = 2 artanh((m − 1)/(m + 1))."""
    tiny = b.compare("olt", x, SMALLEST_NORMAL)
    bits = b.bits(b.select(tiny, b.mul(x, 2.0**54), x))
    moved = b.integer("add", b.integer("sub", bits, SQRT_HALF_BITS), 1023 << EXPONENT)
    k = _small_number(b, b.integer("lshr", moved, EXPONENT), b.select(tiny, 1023.0 + 54.0, 1023.0))
    m = b.from_bits(b.integer("add", b.integer("and", moved, MANTISSA), SQRT_HALF_BITS))
    return _at_ends_of_log(b, x, _log_of_parts(b, k, b.sub(m, 1.0)))


def _small_number(b: Body, whole: str, bias: str) -> str:
    """64 bits that hold less than 2⁵² as a number, minus `bias`: 2⁵² + whole is written down, then 2⁵² taken off."""
    number = b.from_bits(b.integer("or", whole, _whole(2.0**52)))
    return b.sub(b.sub(number, 2.0**52), bias)


def _log_of_parts(b: Body, k: str, f: str) -> str:
    """k ln 2 + ln(1 + f), summed from small to large: with s = f/(2 + f), ln(1 + f) = f − (f²/2 − s (f²/2 + R(s²)))."""
    s = b.div(f, b.add(f, 2.0))
    z = b.mul(s, s)
    square = b.mul(b.mul(f, 0.5), f)
    rest = b.fma(s, b.fma(z, b.polynomial(z, LOG), square), b.mul(k, LN2_LOW))
    return b.fma(k, LN2_HIGH, b.sub(f, b.sub(square, rest)))


def _at_ends_of_log(b: Body, x: str, result: str) -> str:
    result = b.select(b.compare("oeq", x, math.inf), math.inf, result)
    result = b.select(b.compare("oeq", x, 0.0), -math.inf, result)
    return b.select(b.compare("uge", x, 0.0), b.select(b.compare("uno", x, x), x, result), math.nan)


def log1p(b: Body, x: str) -> str:
    """ln u + c/u, with u = 1 + x rounded and c what the rounding lost."""
    u = b.add(x, 1.0)
    rounding = b.sub(x, b.sub(u, 1.0))
    inside = b.both(b.compare("ogt", u, 0.0), b.compare("olt", u, math.inf))
    whole = b.add(log(b, u), b.select(inside, b.div(rounding, u), 0.0))
    small = b.compare("olt", b.call("fabs", x), 2.0**-54)
    return b.select(small, x, whole)


def tanh(b: Body, x: str) -> str:
    """−t/(t + 2) with t = e^(−2|x|) − 1."""
    t = expm1(b, b.mul(b.call("fabs", x), -2.0))
    return b.call("copysign", b.div(t, b.add(t, 2.0)), x)


def sinh(b: Body, x: str) -> str:
    """½ (t + t/(t + 1)) with t = e^|x| − 1; beyond 709, where eˣ overflows before sinh, ½ e^(|x|/2) e^(|x|/2)."""
    size = b.call("fabs", x)
    t = expm1(b, size)
    usual = b.mul(b.add(t, b.div(t, b.add(t, 1.0))), 0.5)
    return b.call("copysign", _or_large(b, size, usual), x)


def cosh(b: Body, x: str) -> str:
    """½ (t + 1/t) with t = e^|x|; beyond 709 as sinh."""
    size = b.call("fabs", x)
    t = exp(b, size)
    return _or_large(b, size, b.add(b.mul(t, 0.5), b.div(0.5, t)))


def _or_large(b: Body, size: str, usual: str) -> str:
    root = exp(b, b.mul(size, 0.5))
    return b.select(b.compare("ogt", size, 709.0), b.mul(b.mul(root, 0.5), root), usual)


def sin_cos(b: Body, x: str) -> tuple[str, str]:
    """Sine and cosine for |x| <= LARGEST_ANGLE, else rubbish: x = n π/2 + r, and the last two bits of n say which."""
    shifted = b.fma(x, 2.0 / math.pi, TO_INTEGER)
    n, bits = b.sub(shifted, TO_INTEGER), b.bits(shifted)
    r = x
    for part in PI_2:
        r = b.fma(n, -part, r)
    z = b.mul(r, r)
    sine = b.call("copysign", b.fma(b.mul(z, r), b.polynomial(z, SIN), r), r)
    cosine = b.fma(b.mul(z, z), b.polynomial(z, COS), b.fma(z, -0.5, 1.0))
    is_odd = b.do(f"icmp ne {b.whole} {b.integer('and', bits, 1)}, {b.whole_word(0)}")
    sign = b.integer("shl", b.integer("and", bits, 2), 62)
    cosine_sign = b.integer("shl", b.integer("and", b.integer("add", bits, 1), 2), 62)
    return (
        _signed(b, b.select(is_odd, cosine, sine), sign),
        _signed(b, b.select(is_odd, sine, cosine), cosine_sign),
    )


def _signed(b: Body, x: str, sign: str) -> str:
    return b.from_bits(b.integer("xor", b.bits(x), sign))


FAST: Mapping[str, Callable[..., str]] = {
    "exp": exp,
    "expm1": expm1,
    "log": log,
    "log1p": log1p,
    "tanh": tanh,
    "sinh": sinh,
    "cosh": cosh,
}


def elementary(b: Body, name: str, *operands: Word) -> str:
    """A function of the C library: by this module if it has that and the body need not be exact, else lane by lane."""
    words = [b.word(x) for x in operands]
    if name in FAST and not b.exact:
        return FAST[name](b, *words)
    return b.each(f"libm_{name}", *words)
