"""The number systems a recorded graph can be replayed in, and the value of each primitive in them. No derivatives.

An `Arithmetic` maps a primitive's name to a function of its numbers; what compares or selects is in `selection.py`.
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
    moved: Callable[[Numbers, Numbers, Any], list[Any]]  # (x, d, t) -> x + t d, number by number


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


def _sin_pi(library: Any, x: Any) -> Any:
    """sin πx, exactly 0 at integers where the library can."""
    return library.sinpi(x) if hasattr(library, "sinpi") else library.sin(library.pi * x)


def _sinc(library: Any, x: Any) -> Any:
    return _sin_pi(library, x) / (library.pi * x) if x else library.one


def _sinc_slope(library: Any, x: Any, order: Any) -> Any:
    """Σ (−1)ᵏ π²ᵏ x²ᵏ⁻ⁿ / ((2k + 1) (2k − n)!); far out by x s⁽ⁿ⁾ + n s⁽ⁿ⁻¹⁾ = πⁿ⁻¹ sin(πx + nπ/2).

    The order is held constant: one that is moved a little is the nearest integer.
    """
    n, z = int(order + 0.5), library.pi * x
    if abs(z) > max(6, 2 * n):
        slope = _sinc(library, x)
        for k in range(1, n + 1):
            slope = (library.pi ** (k - 1) * _sin_pi(library, x + k / 2) - k * slope) / x
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
    make, from_float, integer, real = context.make_mpf, mpmath.libmp.from_float, mpmath.libmp.MPZ, context.mpf

    @lru_cache(maxsize=256)
    def lift_special(x: float) -> Any:
        return make(from_float(x))  # partials of 1, mostly

    def lift(x: float) -> Any:
        """The float exactly: its fraction has an odd numerator over a power of two, which is how mpmath has numbers."""
        number = float(x)
        if number.is_integer() or not math.isfinite(number):
            return lift_special(number)
        top, bottom = number.as_integer_ratio()
        size = abs(top)
        return make((int(top < 0), integer(size), 1 - bottom.bit_length(), size.bit_length()))

    def is_finite(x: Any) -> bool:
        if type(x) is not real:  # a complex number: outside the domain
            return False
        _, mantissa, exponent, _ = x._mpf_
        return bool(mantissa) or not exponent

    def moved(xs: Numbers, steps: Numbers, t: Any) -> list[Any]:
        """As operators would, in half the time."""
        libmp, precision, rounding, factor = mpmath.libmp, context.prec, "n", t._mpf_
        add, mul = libmp.mpf_add, libmp.mpf_mul
        pairs = [(x._mpf_, step._mpf_) for x, step in zip(xs, steps, strict=True)]
        return [make(add(x, mul(factor, step), precision, rounding)) for x, step in pairs]  # exact products cost less

    def total(*xs: Any) -> Any:
        """As `fsum`, in half the time where all are real."""
        if set(map(type, xs)) <= {real}:
            return make(mpmath.libmp.mpf_sum([x._mpf_ for x in xs], context.prec, "n"))
        return context.fsum(xs)

    spelling = _spelled(context) | {"total": total, "dot": partial(_exact_inner, context)}
    return Arithmetic("mpmath", digits, lift, lift, spelling, is_finite, moved)


def _moved(xs: Numbers, steps: Numbers, t: Any) -> list[Any]:
    return [x + t * step for x, step in zip(xs, steps, strict=True)]


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
    return Arithmetic("complex", 16, complex, float, table, cmath.isfinite, _moved)


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
    return Arithmetic("differences", 16, float, float, _Values(), math.isfinite, _moved)
