"""The number systems a recorded graph can be replayed in: how each spells the primitives. No derivative is in here.

An `Arithmetic` maps a primitive's name to a function of its numbers. What compares or selects is spelled once for all
of them, in `SELECTING`: there the floats of the recording decide, so that a replay stays on the recorded branch even
where a perturbed number would cross a kink.
"""

from __future__ import annotations

import cmath
import math
import operator
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache, partial
from importlib import import_module
from types import SimpleNamespace
from typing import Any

from autograd.primitive import PRIMITIVES

Numbers = Sequence[Any]
UNDEFINED = (ValueError, ZeroDivisionError, OverflowError)  # how arithmetics say that there is no value
FAR = 1e99  # beyond, e^(−x²/2) is 0 in any arithmetic, as rules have it
DIGITS = (60, 120, 240, 1440)
"""Decimal digits of a replay: the first, and what is tried next where those do not settle it. With the last, the steps
of second differences are small for a sine at 1e300."""


@dataclass(frozen=True, slots=True, eq=False)
class Arithmetic:
    """One number system: `lift` takes a float in exactly, `spelling` says what primitives are called there."""

    name: str
    digits: int
    lift: Callable[[float], Any]
    real: Callable[[float], Any]  # the same for numbers to compare with: complex ones have no order
    spelling: Mapping[str, Callable[..., Any]]
    is_finite: Callable[[Any], bool]


# --- what compares and selects: (arithmetic, numbers, recorded floats, recorded result) -> number ---------------------

Selection = Callable[[Arithmetic, Numbers, Sequence[float], float], Any]


def _held(m: Arithmetic, xs: Numbers, at: Sequence[float], out: float) -> Any:
    return m.lift(out)


def _larger(x: Any, y: Any, x_at: float, y_at: float) -> Any:
    return x if x_at > y_at else y if y_at > x_at else (x + y) / 2


def _largest(m: Arithmetic, xs: Numbers, at: Sequence[float], out: float) -> Any:
    tied = [x for x, x_at in zip(xs, at, strict=True) if x_at == out]
    return sum(tied, m.lift(0.0)) / len(tied) if tied else m.lift(out)


def _clip(m: Arithmetic, xs: Numbers, at: Sequence[float], out: float) -> Any:
    x, low, high = at
    return xs[2] if max(x, low) >= high else xs[1] if x <= low else xs[0]


def _elu(m: Arithmetic, xs: Numbers, at: Sequence[float], out: float) -> Any:
    return xs[0] if at[0] > 0.0 else xs[1] * m.spelling["expm1"](xs[0])


def _exp_shift(m: Arithmetic, xs: Numbers, at: Sequence[float], out: float) -> Any:
    return m.spelling["exp"](xs[0] - m.lift(at[1]))


def _power(m: Arithmetic, xs: Numbers, at: Sequence[float], out: float) -> Any:
    if at[0] == 0.0 and not at[1].is_integer() and m.lift is complex:
        raise ValueError("the edge of the domain of a power")
    return m.lift(1.0) if at[0] == at[1] == 0.0 else m.spelling["pow"](*xs)


def _hypot(m: Arithmetic, xs: Numbers, at: Sequence[float], out: float) -> Any:
    """√Σxᵢ², a tip at the origin; but 0 there in complex numbers, where √(ih)² is no length."""
    length = m.spelling["sqrt"](sum([x * x for x in xs], m.lift(0.0)))
    return length if any(at) or m.lift is not complex else m.lift(0.0)


def _atan2(m: Arithmetic, xs: Numbers, at: Sequence[float], out: float) -> Any:
    """Turned by the recorded angle, the point lies near the positive axis: no branch cut is in the way."""
    if not any(at):
        return m.lift(0.0)
    turn = m.lift(out)
    sin, cos = m.spelling["sin"](turn), m.spelling["cos"](turn)
    x, y = xs
    return turn + m.spelling["atan"]((x * cos - y * sin) / (y * cos + x * sin))


def _logsumexp(m: Arithmetic, xs: Numbers, at: Sequence[float], out: float) -> Any:
    shift, exp = m.lift(max(at)), m.spelling["exp"]
    return shift + m.spelling["log"](sum([exp(x - shift) for x in xs], m.lift(0.0)))


def _rest(m: Arithmetic, xs: Numbers, at: Sequence[float], out: float) -> Any:
    return xs[0] - xs[1] * m.lift(float(round((at[0] - out) / at[1])))


def _xlogy(m: Arithmetic, xs: Numbers, at: Sequence[float], out: float) -> Any:
    return m.lift(0.0) if at[0] == 0.0 >= at[1] else xs[0] * m.spelling["log"](xs[1])


SELECTING: Mapping[str, Selection] = {
    "greater": _held,
    "at_least": _held,
    "equal": _held,
    "step": _held,
    "sign": _held,
    "floor": _held,
    "ceil": _held,
    "round": _held,
    "pivot": _held,
    "abs": lambda m, xs, at, out: xs[0] * m.lift((at[0] > 0.0) - (at[0] < 0.0) + 0.0),
    "maximum": lambda m, xs, at, out: _larger(*xs, *at),
    "minimum": lambda m, xs, at, out: -_larger(-xs[0], -xs[1], -at[0], -at[1]),
    "largest": _largest,
    "pick": lambda m, xs, at, out: xs[1 + int(at[0])],
    "where": lambda m, xs, at, out: xs[1] if at[0] else xs[2],
    "mod": _rest,
    "fmod": _rest,
    "xlogy": _xlogy,
    "clip": _clip,
    "relu": lambda m, xs, at, out: xs[0] if at[0] > 0.0 else m.lift(0.0),
    "leaky_relu": lambda m, xs, at, out: xs[0] if at[0] > 0.0 else xs[1] * xs[0],
    "elu": _elu,
    "exp_shift": _exp_shift,
    "pow": _power,
    "hypot": _hypot,
    "atan2": _atan2,
    "logsumexp": _logsumexp,
    "logaddexp": _logsumexp,
}

# --- spelling ---------------------------------------------------------------------------------------------------------

SAME_NAME = (
    *("exp", "expm1", "log", "log1p", "sqrt", "sin", "cos", "tan", "asin", "acos", "atan"),
    *("sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "erf"),
)


def _sigmoid(exp: Callable[[Any], Any], x: Any) -> Any:
    return 1 / (1 + exp(-x)) if x.real >= 0 else exp(x) / (1 + exp(x))


def _softplus(exp: Callable[[Any], Any], log1p: Callable[[Any], Any], x: Any) -> Any:
    return x + log1p(exp(-x)) if x.real > 0 else log1p(exp(x))


def _log1mexp(library: Any, x: Any) -> Any:
    return library.log1p(-library.exp(-x)) if x.real > 1 else library.log(-library.expm1(-x))


def _cbrt(root: Callable[[Any], Any], x: Any) -> Any:
    return -root(-x) if x.real < 0 else root(x)


def _sinc(library: Any, x: Any) -> Any:
    return library.sin(library.pi * x) / (library.pi * x) if x else library.one


def _sinc_slope(library: Any, x: Any, order: Any) -> Any:
    """Σ (−1)ᵏ π²ᵏ x²ᵏ⁻ⁿ / ((2k + 1) (2k − n)!); far out by x s⁽ⁿ⁾ + n s⁽ⁿ⁻¹⁾ = πⁿ⁻¹ sin(πx + nπ/2)."""
    n, z = int(order), library.pi * x
    if abs(z) > max(6, 2 * n):
        slope = _sinc(library, x)
        for k in range(1, n + 1):
            slope = (library.pi ** (k - 1) * library.sin(z + k * library.pi / 2) - k * slope) / x
        return slope
    power = n + n % 2  # 2k
    term = (-1) ** (power // 2) * library.pi**n * z ** (power - n)
    total, size = 0 * x, 1
    while abs(size) > library.eps * abs(total):
        size = term / (power + 1)
        total += size
        term *= -z * z / ((power + 1 - n) * (power + 2 - n))
        power += 2
    return total


def _inner(*xs: Any) -> Any:
    half = len(xs) // 2
    return sum(map(operator.mul, xs[:half], xs[half:-1]), xs[-1])


def _spelled(library: Any) -> dict[str, Callable[..., Any]]:
    """The spelling in a library with the elementary functions; what needs erf is left out where there is none."""
    exp, log1p, sqrt = library.exp, library.log1p, library.sqrt
    table: dict[str, Callable[..., Any]] = {
        "add": operator.add,
        "sub": operator.sub,
        "mul": operator.mul,
        "div": operator.truediv,
        "neg": operator.neg,
        "pow": operator.pow,
        "reciprocal": lambda x: 1 / x,
        "square": lambda x: x * x,
        "sigmoid": lambda x: _sigmoid(exp, x),
        "sigmoid_slope": lambda x: _sigmoid(exp, x) * _sigmoid(exp, -x),
        "one_minus_square": lambda x: (1 - x) * (1 + x),
        "softplus": lambda x: _softplus(exp, log1p, x),
        "sech_square": lambda x: 1 / library.cosh(x) ** 2,
        "silu": lambda x: x * _sigmoid(exp, x),
        "exp_square": lambda x, c: exp(c * x * x),
        "normal_pdf": lambda x: exp(-x * x / 2) / sqrt(2 * library.pi) if abs(x) < FAR else 0 * x,
        "rsqrt": lambda x: 1 / sqrt(x),
        "cbrt": lambda x: _cbrt(lambda positive: positive ** (library.one / 3), x),
        "exp2": lambda x: exp(x * library.log(2 * library.one)),
        "log2": lambda x: library.log(x) / library.log(2 * library.one),
        "log10": lambda x: library.log(x) / library.log(10 * library.one),
        "log1mexp": lambda x: _log1mexp(library, x),
        "log_sigmoid": lambda x: -_softplus(exp, log1p, -x),
        "cosm1": lambda x: -2 * library.sin(x / 2) ** 2,
        "sinc": lambda x: _sinc(library, x),
        "total": lambda *xs: sum(xs, 0 * xs[0]) if xs else library.zero,
        "prod": lambda *xs: math.prod(xs, start=library.one),
        "dot": _inner,
    }
    if hasattr(library, "eps"):  # of many digits: the series loses some
        table["sinc_slope"] = lambda x, order: _sinc_slope(library, x, order)
    if hasattr(library, "erfc"):
        table["normal_cdf"] = lambda x: library.erfc(-x / sqrt(library.mpf(2))) / 2 if x.real > -FAR else 0 * x
        table["gelu"] = lambda x: x * table["normal_cdf"](x)
    return table | {name: getattr(library, name) for name in SAME_NAME if hasattr(library, name)}


class _PerThread(threading.local):
    """mpmath changes its precision while it computes, so every thread has contexts of its own."""

    def __init__(self) -> None:
        self.known: dict[int, Arithmetic] = {}


_arithmetics = _PerThread()


def high_precision(digits: int) -> Arithmetic | None:
    """mpmath's floats of that many digits, or None when mpmath is not installed."""
    if digits not in _arithmetics.known:
        try:
            mpmath = import_module("mpmath")
        except ImportError:
            return None
        _arithmetics.known[digits] = _mpmath_arithmetic(mpmath, digits)
    return _arithmetics.known[digits]


def _mpmath_arithmetic(mpmath: Any, digits: int) -> Arithmetic:
    context = mpmath.MPContext()  # not the global one: its precision is the user's
    context.dps = digits
    make, from_float, real = context.make_mpf, mpmath.libmp.from_float, context.mpf
    lift = lru_cache(maxsize=10_000)(lambda x: make(from_float(x)))

    def is_finite(x: Any) -> bool:
        if type(x) is not real:  # a complex number: outside the domain
            return False
        _, mantissa, exponent, _ = x._mpf_
        return bool(mantissa) or not exponent

    spelling = _spelled(context) | {"total": lambda *xs: context.fsum(xs), "dot": partial(_exact_inner, context)}
    return Arithmetic("mpmath", digits, lift, lift, spelling, is_finite)


def _exact_inner(context: Any, *xs: Any) -> Any:
    half = len(xs) // 2
    return context.fdot(zip(xs[:half], xs[half:-1], strict=True)) + xs[-1]


@cache
def complex_numbers() -> Arithmetic:
    """Complex floats: derivatives as imaginary parts. Functions that `cmath` lacks (erf) are not spelled."""
    library = SimpleNamespace(**{name: getattr(cmath, name) for name in SAME_NAME if hasattr(cmath, name)})
    library.pi, library.zero, library.one = math.pi, 0j, 1 + 0j
    library.expm1 = lambda z: complex(math.expm1(z.real), cmath.exp(z).imag)
    library.log1p = lambda z: complex(math.log1p(z.real), math.atan2(z.imag, 1.0 + z.real))
    table = _spelled(library)
    table["pow"] = lambda z, w: z**w if w.imag == 0.0 and w.real.is_integer() else cmath.exp(w * cmath.log(z))
    return Arithmetic("complex", 16, complex, float, table, cmath.isfinite)


class _Values(Mapping[str, Callable[..., Any]]):
    """Every primitive's own value, whenever it was defined."""

    def __getitem__(self, name: str) -> Callable[..., Any]:
        return PRIMITIVES[name].value

    def __iter__(self) -> Iterator[str]:
        return iter(PRIMITIVES)

    def __len__(self) -> int:
        return len(PRIMITIVES)


@cache
def floats() -> Arithmetic:
    """Floats, with every primitive's own value: what is left when a value is a black box."""
    return Arithmetic("differences", 16, float, float, _Values(), math.isfinite)
