"""THE table: one row per primitive, its value on floats and one line of derivative per operand.

`out` is the primitive's own output. Partials are written in operators and primitives, never in `math`, and divide by
`div`, which knows 1/0: that is what lets one line run on floats (recording), on Values (higher derivatives, the
compiler) and on 60-digit numbers (the oracle). Where a textbook formula loses digits (1 - tanh² has none left from
x = 19 on), the row holds one that does not: values and partials are within 4 ulp. Decision 3 in DESIGN.md says what
holds at awkward points (kinks, 0**0, infinities) and why; the functions on floats are in `numerics.py`.
"""

import math
import operator
from collections.abc import Sequence
from typing import Any

from autograd import numerics, special
from autograd.numerics import INF, NAN, ieee
from autograd.primitive import REALS, Interval, define

POSITIVE: Interval = (0.0, INF)
UNIT: Interval = (-1.0, 1.0)
TWO_OVER_SQRT_PI = 2.0 / math.sqrt(math.pi)
ONE_OVER_SQRT_2_PI = 1.0 / math.sqrt(2.0 * math.pi)
ONE_OVER_LN2 = 1.0 / math.log(2.0)
ONE_OVER_LN10 = 1.0 / math.log(10.0)


# fmt: off
# --- arithmetic -------------------------------------------------------------------------------------------------------

add = define("add", operator.add, 1.0, 1.0, symbol="+", formula="x + y")
sub = define("sub", operator.sub, 1.0, -1.0, symbol="−", formula="x − y")
mul = define("mul", operator.mul, lambda out, x, y: y, lambda out, x, y: x, symbol="*", formula="x y")
div = define(
    "div", numerics.div, lambda out, x, y: div(1.0, y), lambda out, x, y: div(-out, y), symbol="/", formula="x / y"
)
mod = define(
    "mod", numerics.mod, 1.0, lambda out, x, y: -round_(div(x - out, y), 0.0), symbol="%",
    formula="x − y ⌊x / y⌋, of the sign of y; it jumps where x is a multiple of y"
)
fmod = define(
    "fmod", special.fmod, 1.0, lambda out, x, y: -round_(div(x - out, y), 0.0),
    formula="the rest of x / y, of the sign of x, as C and NumPy have it; mod and % have the sign of y",
)
neg = define("neg", operator.neg, -1.0, symbol="−", formula="−x")
reciprocal = define("reciprocal", numerics.reciprocal, lambda out, x: -out * out, symbol="1/", formula="1 / x")
square = define("square", lambda x: x * x, lambda out, x: 2.0 * x, symbol="²", formula="x²")


def _pow_base(out: Any, x: Any, y: Any) -> Any:
    """y x**(y-1), without the rounding of y - 1, which would be multiplied by log x. 0 for x**0."""
    exponent = y - 1.0
    if isinstance(y, float):
        if abs(exponent) < 2.0**53 and (y >= 0.5 or (y % 1.0 == 0.0 and y != 0.0)):  # no rounding: usual
            return y * pow_(x, exponent)
        if y == 0.0:
            return 0.0
    power = pow_(x, exponent)
    usual = y * power
    is_moderate = greater(INF, abs_(power)) * greater(2.0**53, abs_(exponent))
    mended = where(is_moderate, usual * _left_out(x, y, exponent), div(y * out, x))
    at_nonzero = where(greater(INF, abs_(x)), mended, usual)
    if isinstance(y, float):
        return where(x, at_nonzero, usual)
    constant = where(greater(INF, abs_(power)), usual, _tip(y))  # 0 where x⁻¹ is infinite, but not to be constant
    at_zero = where(equal(y, 1.0), 1.0 - _tip(exponent), usual)  # x**0 is 1 between ∞ and 0: no constant either
    return where(y, where(x, at_nonzero, at_zero), constant)


def _left_out(x: Any, y: Any, exponent: Any) -> Any:
    """|x| to the power that the rounding of y - 1 has left out; 1 if nothing, without asking. Held constant.

    Whether anything was left out hangs on the last digit of y, which is no reason to go another way.
    """
    back = exponent - y
    rounding = (y - (exponent - back)) - (1.0 + back)  # Knuth, TAOCP 2, 4.2.2: what `exponent` lacks, exactly
    return exp_shift(0.0, -rounding * log(abs_(x)))


def _pow_exponent(out: Any, x: Any, y: Any) -> Any:
    """x**y log x; 0 at x = 0 <= y, where the power is constant in y or tends to a constant, steeply if y <= 1.

    So x**x has derivative 0 at 0, as in JAX and PyTorch, and the second one is its limit, ∞.
    """
    if isinstance(x, float) and isinstance(y, float):
        return out * log(x) if x or y < 0.0 else 0.0
    steep = where(y, 0.0 - _tip(x), _tip(x))
    return where(where(x, 1.0, greater(0.0, y)), out * log(x), where(greater(y, 1.0), 0.0, steep))


def _tip(x: Any) -> Any:
    """√x for a zero x of any sign: 0 with the derivative +∞."""
    return sqrt(x + 0.0)


pow_ = define(
    "pow", numerics.power, _pow_base, _pow_exponent, symbol="**", domain=(POSITIVE, REALS),
    formula="x to the power y, for x < 0 where y is an integer; derivative by y 0 at x = 0 <= y"
)
sqrt = define("sqrt", ieee(math.sqrt), lambda out, x: div(0.5, out), symbol="√", domain=(POSITIVE,), formula="√x")
rsqrt = define(
    "rsqrt", special.rsqrt, lambda out, x: div(-0.5 * out, x), symbol="1/√", domain=(POSITIVE,), formula="1 / √x"
)
cbrt = define(
    "cbrt", special.cbrt, lambda out, x: div(div(1.0 / 3.0, out), out), symbol="∛", formula="∛x, also of x < 0"
)

INFIX = {"add": "+", "sub": "-", "mul": "*", "div": "/", "pow": "**"}
"""How Python writes rows that stand between their operands."""

# --- what compares and selects; derivatives at kinks are part of the row ----------------------------------------------

greater = define("greater", lambda x, y: float(x > y), None, None, symbol=">", formula="1 where x > y, else 0")
at_least = define("at_least", lambda x, y: float(x >= y), None, None, symbol="≥", formula="1 where x ≥ y, else 0")
equal = define("equal", lambda x, y: float(x == y), None, None, symbol="=", formula="1 where x = y, else 0")
step = define(
    "step", numerics.step, None, None, None,
    kinks=lambda x, y, z: (x - y,), formula="1 where x > y, 0 where x < y, z where equal, nan with nan",
)
where = define(
    "where", lambda x, y, z: y if x else z, None, lambda out, x, y, z: 1.0 if float(x) else None,
    lambda out, x, y, z: None if float(x) else 1.0, symbol="?",
    formula="y where x is not 0, else z; a derivative for that branch only",
)
sign = define("sign", numerics.sign, 0.0, kinks=(0.0,), formula="−1, 0 or 1; derivative 0 everywhere")
abs_ = define("abs", abs, lambda out, x: sign(x), kinks=(0.0,), symbol="|·|", formula="|x|; derivative 0 at 0")
maximum = define(
    "maximum", numerics.maximum, lambda out, x, y: step(x, y, 0.5), lambda out, x, y: step(y, x, 0.5),
    symbol="max", kinks=lambda x, y: (x - y,), formula="the larger; derivatives ½ and ½ at a tie; nan with nan",
)
minimum = define(
    "minimum", numerics.minimum, lambda out, x, y: step(y, x, 0.5), lambda out, x, y: step(x, y, 0.5),
    symbol="min", kinks=lambda x, y: (x - y,), formula="the smaller; derivatives ½ and ½ at a tie; nan with nan",
)
clip = define(
    "clip", numerics.clip,
    lambda out, x, low, high: step(x, low, 0.0) * step(high, x, 0.0),
    lambda out, x, low, high: step(low, x, 1.0) * step(high, low, 0.0),
    lambda out, x, low, high: step(maximum(x, low), high, 1.0),
    kinks=lambda x, low, high: (x - low, maximum(x, low) - high), formula="min(max(x, y), z); derivative 0 at a bound",
)
floor = define("floor", numerics.floor, 0.0, symbol="⌊·⌋", formula="⌊x⌋; derivative 0 everywhere")
ceil = define("ceil", numerics.ceil, 0.0, symbol="⌈·⌉", formula="⌈x⌉; derivative 0 everywhere")
round_ = define("round", numerics.rounded, 0.0, None, formula="x to y decimals, half to even; derivative 0 everywhere")

# --- exponentials and logarithms; outside a domain the partial is nan like the value ----------------------------------

exp = define("exp", ieee(math.exp, overflow=INF), lambda out, x: out, formula="eˣ")
expm1 = define("expm1", ieee(math.expm1, overflow=INF), lambda out, x: exp(x), formula="eˣ − 1")
log = define(
    "log", numerics.log, lambda out, x: div(where(greater(0.0, x), NAN, 1.0), x), domain=(POSITIVE,), formula="ln x"
)
log1p = define(
    "log1p", numerics.log1p, lambda out, x: div(where(greater(-1.0, x), NAN, 1.0), 1.0 + x),
    domain=((-1.0, INF),), formula="ln(1 + x)",
)
exp2 = define("exp2", ieee(math.exp2, overflow=INF), lambda out, x: out * special.LN2, formula="2ˣ")
log2 = define(
    "log2", special.log2, lambda out, x: div(_unless_nan(out, ONE_OVER_LN2), x), domain=(POSITIVE,),
    formula="log₂ x",
)
log10 = define(
    "log10", special.log10, lambda out, x: div(_unless_nan(out, ONE_OVER_LN10), x), domain=(POSITIVE,),
    formula="log₁₀ x",
)
log1mexp = define(
    "log1mexp", special.log1mexp, lambda out, x: div(_unless_nan(out, exp(-x)), -expm1(-x)),
    domain=(POSITIVE,), formula="ln(1 − e⁻ˣ); write log1mexp(-x) for ln(1 − eˣ)",
)
logaddexp = define(
    "logaddexp", special.logaddexp, lambda out, x, y: _weights(out, x, y)[0], lambda out, x, y: _weights(out, x, y)[1],
    formula="ln(eˣ + eʸ)",
)
xlogy = define(
    "xlogy", special.xlogy, lambda out, x, y: _log_or_0(x, y), lambda out, x, y: _slope_in_y(x, y),
    domain=(REALS, POSITIVE), formula="x ln y; 0 with derivatives 0 at x = 0 >= y",
)


def _unless_nan(out: Any, x: Any) -> Any:
    """x where the output is a number; else nan as the output, which unlike a constant stands in no graph elsewhere."""
    return where(equal(out, out), x, out)


def _log_or_0(x: Any, y: Any) -> Any:
    """ln y; 0 for x = 0 >= y, as PyTorch has it."""
    return where(where(x, 0.0, at_least(0.0, y)), 0.0, log(y))


def _slope_in_y(x: Any, y: Any) -> Any:
    """x / y, also at x = 0 < y, where that is 0 but not constant in x; nan for y < 0, but constant at x = 0 >= y."""
    return where(at_least(0.0, y), where(x, div(x * where(greater(0.0, y), NAN, 1.0), y), 0.0), div(x, y))


# --- trigonometric and hyperbolic -------------------------------------------------------------------------------------

sin = define("sin", ieee(math.sin), lambda out, x: cos(x), formula="sin x")
cos = define("cos", ieee(math.cos), lambda out, x: -sin(x), formula="cos x")
cosm1 = define("cosm1", special.cosm1, lambda out, x: -sin(x), formula="cos x − 1, accurate near 0 and every 2πk")
sinc = define(
    "sinc", special.sinc, lambda out, x: sinc_slope(x, 1.0),
    formula="sin(πx) / (πx), 1 at 0: normalised, as in NumPy and PyTorch; write sinc(x / pi) for sin(x) / x",
)
sinc_slope = define(
    "sinc_slope", special.sinc_slope, lambda out, x, order: sinc_slope(x, order + 1.0), None, symbol="sinc⁽ʸ⁾",
    formula="the derivative of sinc of order y, an integer held constant",
)
tan = define("tan", ieee(math.tan), lambda out, x: 1.0 + out * out, formula="tan x")
one_minus_square = define(
    "one_minus_square", lambda x: (1.0 - x) * (1.0 + x), lambda out, x: -2.0 * x, symbol="1−x²", formula="1 − x²"
)
asin = define(
    "asin", ieee(math.asin), lambda out, x: div(1.0, sqrt(one_minus_square(x))), domain=(UNIT,), formula="arcsin x"
)
acos = define(
    "acos", ieee(math.acos), lambda out, x: div(-1.0, sqrt(one_minus_square(x))), domain=(UNIT,), formula="arccos x"
)
atan = define(
    "atan", math.atan, lambda out, x: _flat_at(INF, abs_(x), _over_square(1.0, hypot(1.0, x))), formula="arctan x"
)
atan2 = define(
    "atan2", math.atan2,
    lambda out, x, y: _over_square(y, hypot(x, y)), lambda out, x, y: _over_square(-x, hypot(x, y)),
    formula="the angle of the point (y, x), in (−π, π]; derivatives 0 at the origin",
)
sinh = define("sinh", ieee(math.sinh, overflow=INF, odd=True), lambda out, x: cosh(x), formula="sinh x")
cosh = define("cosh", ieee(math.cosh, overflow=INF), lambda out, x: sinh(x), formula="cosh x")
tanh = define("tanh", math.tanh, lambda out, x: sech_square(x), formula="tanh x; derivative 1/cosh² x")
sech_square = define(
    "sech_square", numerics.sech_square, lambda out, x: -2.0 * tanh(x) * out, symbol="sech²", formula="1 / cosh² x"
)
asinh = define(
    "asinh", math.asinh, lambda out, x: _flat_at(INF, abs_(x), div(1.0, hypot(1.0, x))), formula="arsinh x"
)
acosh = define(
    "acosh", ieee(math.acosh), lambda out, x: _flat_at(INF, x, div(div(1.0, sqrt(x + 1.0)), sqrt(x - 1.0))),
    domain=((1.0, INF),), formula="arcosh x",
)
atanh = define(
    "atanh", numerics.atanh, lambda out, x: div(where(greater(abs_(x), 1.0), NAN, 1.0), one_minus_square(x)),
    domain=(UNIT,), formula="artanh x",
)


def _flat_at(end: float, x: Any, slope: Any) -> Any:
    """The slope; at x = `end`, an infinity, its limit 0, also for its own derivatives, which would be ∞/∞."""
    return where(equal(x, end), 0.0, slope)


def _over_square(x: Any, r: Any) -> Any:
    """x / r², without squaring; 0 where r is 0, as √r, since it is not constant there."""
    return where(r, div(div(x, r), r), sqrt(r))


# --- neurons ----------------------------------------------------------------------------------------------------------

relu = define(
    "relu", numerics.relu, lambda out, x: step(x, 0.0, 0.0), kinks=(0.0,), formula="max(x, 0); derivative 0 at 0"
)
leaky_relu = define(
    "leaky_relu", lambda x, slope: x if x > 0.0 else slope * x,
    lambda out, x, slope: step(x, 0.0, 0.0) + slope * step(0.0, x, 1.0), lambda out, x, slope: minimum(x, 0.0),
    kinks=(0.0,), formula="x where x > 0, else y x; derivative y at 0",
)
elu = define(
    "elu", lambda x, alpha: x if x > 0.0 else alpha * math.expm1(x),
    lambda out, x, alpha: where(greater(x, 0.0), 1.0, alpha * exp(x)),
    lambda out, x, alpha: where(greater(x, 0.0), 0.0, expm1(x)),
    kinks=(0.0,), formula="x where x > 0, else y (eˣ − 1); derivative y at 0",
)
sigmoid = define("sigmoid", numerics.sigmoid, lambda out, x: sigmoid_slope(x), symbol="σ", formula="1 / (1 + e⁻ˣ)")
sigmoid_slope = define(
    "sigmoid_slope", numerics.sigmoid_slope, lambda out, x: -tanh(0.5 * x) * out, symbol="σ′", formula="σ(x) σ(−x)"
)
log_sigmoid = define(
    "log_sigmoid", special.log_sigmoid, lambda out, x: sigmoid(-x), symbol="ln σ", formula="ln σ(x) = −ln(1 + e⁻ˣ)"
)
softplus = define("softplus", numerics.softplus, lambda out, x: sigmoid(x), formula="ln(1 + eˣ)")
silu = define(
    "silu", numerics.silu, lambda out, x: sigmoid(x) + _moderate(x) * sigmoid_slope(x), formula="x σ(x); 0 at −inf"
)
gelu = define(
    "gelu", numerics.gelu, lambda out, x: normal_cdf(x) + _bounded(x) * normal_pdf(x),
    formula="x Φ(x), exact (not the tanh approximation)",
)
erf = define(
    "erf", math.erf, lambda out, x: TWO_OVER_SQRT_PI * exp_square(_bounded(x), -1.0), formula="2/√π ∫₀ˣ e^−t² dt"
)
normal_cdf = define(
    "normal_cdf", numerics.normal_cdf, lambda out, x: normal_pdf(x), symbol="Φ", formula="½ erfc(−x/√2)"
)
normal_pdf = define(
    "normal_pdf", lambda x: ONE_OVER_SQRT_2_PI * numerics.exp_square(x, -0.5), lambda out, x: -_bounded(x) * out,
    symbol="φ", formula="e^(−x²/2) / √(2π)",
)
exp_square = define(
    "exp_square", numerics.exp_square, lambda out, x, c: 2.0 * (x * out) * c, lambda out, x, c: x * x * out,
    formula="exp(y x²)",
)


def _moderate(x: Any) -> Any:
    """x where σ′(x) is not 0, and bounded elsewhere, so that the product is not ∞·0."""
    return clip(x, -1e3, 1e3)


def _bounded(x: Any) -> Any:
    """x where it is moderate: where exp(−x²/2) is 0, x³ times that shall be 0 too, and not ∞·0."""
    return clip(x, -1e100, 1e100)


# --- of any number of operands: all partials at once ------------------------------------------------------------------


def _weights(out: Any, *xs: Any) -> list[Any]:
    """softmax: exp(xᵢ − c) / Σ exp(xⱼ − c) with c the largest."""
    largest = pivot(*xs)
    exps = [exp_shift(x, largest) for x in xs]
    whole = total(*exps)
    return [div(each, whole) for each in exps]


def _products_of_others(out: Any, *xs: Any) -> list[Any]:
    """Πⱼ≠ᵢ xⱼ by prefixes and suffixes: exact with zeros, where out / xᵢ is not."""
    before, after = [1.0], [1.0]
    for x, y in zip(xs[:-1], reversed(xs[1:]), strict=True):
        before.append(before[-1] * x)
        after.append(after[-1] * y)
    return [p * q for p, q in zip(before, reversed(after), strict=True)]


def swapped(w: Sequence[Any], x: Sequence[Any]) -> tuple[Any, ...]:
    """∂/∂(w…, x…, bias) of Σ wᵢ xᵢ + bias: (x…, w…, 1)."""
    return (*x, *w, 1.0)


def _dot_parts(operands: Sequence[Any]) -> tuple[Sequence[Any], Sequence[Any]]:
    """w and x out of (w…, x…, bias)."""
    n = len(operands) // 2
    return operands[:n], operands[n:-1]


def _directions(out: Any, *xs: Any) -> list[Any]:
    """xᵢ / out. At the origin 0 as √out, which has no derivative there: a tip is not flat."""
    at_origin = sqrt(out)
    return [where(out, div(x, out), at_origin) for x in xs]


def _shares(out: Any, *xs: Any) -> list[Any]:
    """1/k for each of the k largest."""
    flags = [equal(x, out) for x in xs]
    count = total(*flags)
    return [div(flag, count) for flag in flags]


def _picked(out: Any, index: Any, *xs: Any) -> list[Any]:
    return [None, *[equal(index, float(place)) for place in range(len(xs))]]


hypot = define(
    "hypot", math.hypot, variadic=_directions,
    formula="√(x₁² + x₂² + …); derivatives 0 at the origin, second ones nan",
)
total = define("total", numerics.total, variadic=lambda out, *xs: (1.0,) * len(xs), symbol="Σ", formula="x₁ + x₂ + …")
prod = define("prod", numerics.prod, variadic=_products_of_others, symbol="Π", formula="x₁ x₂ …")
dot = define(
    "dot", lambda *operands: numerics.inner(*_dot_parts(operands), operands[-1]),
    variadic=lambda out, *operands: swapped(*_dot_parts(operands)),
    symbol="w·x+b", formula="w₁ x₁ + w₂ x₂ + … + b, of (w…, x…, b)",
)
pick = define(
    "pick", numerics.pick, variadic=_picked, symbol="[·]", formula="xᵢ of (i, x₀, x₁, …); nan where there is none"
)
logsumexp = define("logsumexp", numerics.logsumexp, variadic=_weights, symbol="lse", formula="ln(e^x₁ + e^x₂ + …)")
pivot = define(
    "pivot", numerics.pivot, variadic=lambda out, *xs: (0.0,) * len(xs),
    formula="the largest, held constant: the shift of a softmax, which does not depend on it",
)
largest = define(
    "largest", numerics.pivot, variadic=_shares, symbol="max", kinks=numerics.lead,
    formula="the largest of any number of operands; of k that tie, each has derivative 1/k; nan with nan",
)
exp_shift = define(
    "exp_shift", numerics.exp_shift, lambda out, x, c: out, None,
    formula="exp(x − y) with y held constant; 1 where x = y"
)
# fmt: on
