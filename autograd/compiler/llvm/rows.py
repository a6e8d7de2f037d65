"""What rows of the table compute, as functions of a few operands in LLVM's intermediate representation.

Each builder takes a `Body` and the names of the operands. The formulas are those of `numerics.py`, operation for
operation: with an exact body, where elementary functions are those of the C library, the bits are the same.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from autograd import rules
from autograd.compiler.llvm.body import Body, Word
from autograd.compiler.llvm.reductions import STEPS, exp_shift
from autograd.compiler.llvm.vector_math import elementary, sin_cos
from autograd.numerics import SQRT_HALF, SQRT_HALF_REST
from autograd.special import LN2

Builder = Callable[..., str]
ROOT_PI = math.sqrt(math.pi)


# --- what compares and selects ----------------------------------------------------------------------------------------


def _flag(relation: str) -> Builder:
    return lambda b, x, y: b.select(b.compare(relation, x, y), 1.0, 0.0)


def _chosen(relation: str) -> Builder:
    """x where the relation holds or x is nan, else y."""
    return lambda b, x, y: b.select(b.either(b.compare(relation, x, y), b.compare("uno", x, x)), x, y)


_maximum, _minimum = _chosen("oge"), _chosen("ole")


def _step(b: Body, x: str, y: str, tie: str) -> str:
    result = b.select(b.compare("oeq", x, y), tie, math.nan)
    result = b.select(b.compare("olt", x, y), 0.0, result)
    return b.select(b.compare("ogt", x, y), 1.0, result)


def _where(b: Body, x: str, y: str, z: str) -> str:
    return b.select(b.compare("une", x, 0.0), y, z)


def _sign(b: Body, x: str) -> str:
    return b.select(b.compare("one", x, 0.0), b.call("copysign", 1.0, x), b.add(x, 0.0))


def _clip(b: Body, x: str, low: str, high: str) -> str:
    return _minimum(b, _maximum(b, x, low), high)


def _whole(name: str) -> Builder:
    return lambda b, x: b.call("copysign", b.call(name, x), x)


def _relu(b: Body, x: str) -> str:
    return b.select(b.compare("ole", x, 0.0), 0.0, x)


def _leaky_relu(b: Body, x: str, slope: str) -> str:
    return b.select(b.compare("ogt", x, 0.0), x, b.mul(slope, x))


# --- neurons ----------------------------------------------------------------------------------------------------------


def _elu(b: Body, x: str, alpha: str) -> str:
    return b.select(b.compare("ogt", x, 0.0), x, b.mul(alpha, elementary(b, "expm1", x)))


def _sigmoid(b: Body, x: str) -> str:
    t = elementary(b, "exp", b.neg(b.call("fabs", x)))
    return b.div(b.select(b.compare("oge", x, 0.0), 1.0, t), b.add(t, 1.0))


def _sigmoid_slope(b: Body, x: str) -> str:
    t = elementary(b, "exp", b.neg(b.call("fabs", x)))
    whole = b.add(t, 1.0)
    return b.div(t, b.mul(whole, whole))


def _softplus(b: Body, x: str) -> str:
    rest = elementary(b, "log1p", elementary(b, "exp", b.neg(b.call("fabs", x))))
    return b.select(b.compare("ogt", x, 0.0), b.add(x, rest), rest)


def _silu(b: Body, x: str) -> str:
    return b.mul(_maximum(b, x, b.word(-1e3)), _sigmoid(b, x))


def _sech_square(b: Body, x: str) -> str:
    y = b.div(1.0, elementary(b, "cosh", x))
    return b.mul(y, y)


def _exp_square(b: Body, x: str, c: Word) -> str:
    head = b.div(b.call("trunc", b.mul(x, 256.0)), 256.0)
    first = elementary(b, "exp", b.mul(b.mul(c, head), head))
    rest = elementary(b, "exp", b.mul(b.mul(c, b.sub(x, head)), b.add(x, head)))
    plain = elementary(b, "exp", b.mul(b.mul(c, x), x))
    return b.select(b.compare("olt", b.call("fabs", x), 64.0), b.mul(first, rest), plain)


def _normal_pdf(b: Body, x: str) -> str:
    return b.mul(rules.ONE_OVER_SQRT_2_PI, _exp_square(b, x, -0.5))


def _normal_cdf(b: Body, x: str) -> str:
    minus = b.neg(x)
    z = b.mul(minus, SQRT_HALF)
    value = b.mul(b.each("libm_erfc", z), 0.5)
    rest = b.sub(_product_rest(b, minus, SQRT_HALF, z), b.mul(x, SQRT_HALF_REST))
    mended = b.sub(value, b.div(b.mul(rest, _exp_square(b, x, -0.5)), ROOT_PI))
    return b.select(b.both(b.compare("ogt", x, -40.0), b.compare("olt", x, -1.0)), mended, value)


def _product_rest(b: Body, x: Word, y: Word, product: str) -> str:
    x1, y1 = _head(b, x), _head(b, y)
    x2, y2 = b.sub(x, x1), b.sub(y, y1)
    missing = b.sub(b.sub(b.sub(product, b.mul(x1, y1)), b.mul(x2, y1)), b.mul(x1, y2))
    return b.sub(b.mul(x2, y2), missing)


def _head(b: Body, x: Word) -> str:
    t = b.mul(134217729.0, x)
    return b.sub(t, b.sub(t, x))


def _gelu(b: Body, x: str) -> str:
    return b.mul(_maximum(b, x, b.word(-64.0)), _normal_cdf(b, x))


# --- composites that keep their digits, and other roots and logarithms: see special.py --------------------------------


def _cbrt(b: Body, x: str) -> str:
    y = elementary(b, "cbrt", x)
    size = b.call("fabs", y)
    mended = b.sub(y, b.div(b.sub(y, b.div(x, b.mul(y, y))), 3.0))
    return b.select(b.both(b.compare("ogt", size, 0.0), b.compare("olt", size, math.inf)), mended, y)


def _rsqrt(b: Body, x: str) -> str:
    return b.div(1.0, b.call("sqrt", x))


def _log_sigmoid(b: Body, x: str) -> str:
    return b.neg(_softplus(b, b.neg(x)))


def _log1mexp(b: Body, x: str) -> str:
    minus = b.neg(x)
    large = elementary(b, "log1p", b.neg(elementary(b, "exp", minus)))
    rest = b.select(b.compare("olt", x, 2.0**-54), x, b.neg(elementary(b, "expm1", minus)))
    small = elementary(b, "log", rest)
    return b.select(b.compare("ogt", x, LN2), large, small)


def _logaddexp(b: Body, x: str, y: str) -> str:
    larger = _maximum(b, x, y)
    return b.add(larger, elementary(b, "log1p", exp_shift(b, _minimum(b, x, y), larger)))


def _xlogy(b: Body, x: str, y: str) -> str:
    is_0 = b.both(b.compare("oeq", x, 0.0), b.compare("ord", y, y))
    return b.select(is_0, 0.0, b.mul(x, elementary(b, "log", y)))


def _cosm1(b: Body, x: str) -> str:
    half = elementary(b, "sin", b.mul(x, 0.5))
    return b.mul(b.mul(-2.0, half), half)


def _sinc(b: Body, x: str) -> str:
    size = b.call("fabs", x)
    return b.select(b.compare("oeq", x, 0.0), 1.0, b.div(_sin_pi(b, size), b.mul(math.pi, size)))


def _sin_pi(b: Body, x: str) -> str:
    r = b.sub(x, b.mul(b.call("floor", b.mul(x, 0.5)), 2.0))
    first = b.compare("olt", r, 1.0)
    r = b.select(first, r, b.sub(r, 1.0))
    sin = _small_angle(b, "sin", b.mul(math.pi, b.select(b.compare("ole", r, 0.25), r, b.sub(1.0, r))))
    cos = _small_angle(b, "cos", b.mul(math.pi, b.sub(0.5, r)))
    between = b.both(b.compare("ogt", r, 0.25), b.compare("olt", r, 0.75))
    return b.mul(b.select(first, 1.0, -1.0), b.select(between, cos, sin))


def _small_angle(b: Body, name: str, x: str) -> str:
    return elementary(b, name, x) if b.exact else sin_cos(b, x)[name == "cos"]


# --- powers of a constant ---------------------------------------------------------------------------------------------


def _root(b: Body, x: str) -> str:
    """x**½: 0 for −0 and ∞ for −∞, where √x is −0 and nan."""
    return b.select(b.compare("oeq", x, -math.inf), math.inf, b.call("sqrt", b.add(x, 0.0)))


def _inverse_root(b: Body, x: str) -> str:
    return b.div(1.0, _root(b, x))


def _library(name: str) -> Builder:
    return lambda b, *operands: elementary(b, name, *operands)


def _intrinsic(name: str) -> Builder:
    return lambda b, *operands: b.call(name, *operands)


# Functions by the name that calls have in the text; those of rows have the row's name.
FUNCTIONS: Mapping[str, tuple[int, Builder]] = {
    "sqrt": (1, _intrinsic("sqrt")),
    "one_minus_square": (1, lambda b, x: b.mul(b.sub(1.0, x), b.add(x, 1.0))),
    "greater": (2, _flag("ogt")),
    "at_least": (2, _flag("oge")),
    "equal": (2, _flag("oeq")),
    "step": (3, _step),
    "where": (3, _where),
    "sign": (1, _sign),
    "abs": (1, _intrinsic("fabs")),
    "maximum": (2, _maximum),
    "minimum": (2, _minimum),
    "clip": (3, _clip),
    "floor": (1, _whole("floor")),
    "ceil": (1, _whole("ceil")),
    "relu": (1, _relu),
    "leaky_relu": (2, _leaky_relu),
    "elu": (2, _elu),
    "sigmoid": (1, _sigmoid),
    "sigmoid_slope": (1, _sigmoid_slope),
    "softplus": (1, _softplus),
    "silu": (1, _silu),
    "gelu": (1, _gelu),
    "normal_cdf": (1, _normal_cdf),
    "normal_pdf": (1, _normal_pdf),
    "sech_square": (1, _sech_square),
    "exp_square": (2, _exp_square),
    "exp_shift": (2, exp_shift),
    "rsqrt": (1, _rsqrt),
    "log_sigmoid": (1, _log_sigmoid),
    "log1mexp": (1, _log1mexp),
    "logaddexp": (2, _logaddexp),
    "xlogy": (2, _xlogy),
    "cosm1": (1, _cosm1),
    "sinc": (1, _sinc),
    "cbrt": (1, _cbrt),
    **{name: (1, _library(name)) for name in ("exp2", "log2", "log10")},
    "fmod": (2, _library("fmod")),
    **{name: (1, _library(name)) for name in ("exp", "expm1", "log", "log1p", "sin", "cos", "tan")},
    **{name: (1, _library(name)) for name in ("asin", "acos", "atan", "sinh", "cosh", "tanh")},
    **{name: (1, _library(name)) for name in ("asinh", "acosh", "atanh", "erf")},
    **{name: (2, _library(name)) for name in ("atan2", "pow")},
    **STEPS,
    "root": (1, _root),
    "inverse_root": (1, _inverse_root),
}


# Those and the rows that are instructions.
LOOPED: Mapping[str, tuple[int, Builder]] = {
    **FUNCTIONS,
    "add": (2, lambda b, x, y: b.add(x, y)),
    "sub": (2, lambda b, x, y: b.sub(x, y)),
    "mul": (2, lambda b, x, y: b.mul(x, y)),
    "div": (2, lambda b, x, y: b.div(x, y)),
    "neg": (1, lambda b, x: b.neg(x)),
    "square": (1, lambda b, x: b.mul(x, x)),
    "reciprocal": (1, lambda b, x: b.div(1.0, x)),
}
