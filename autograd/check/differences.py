"""Derivatives from values alone: the oracles. Each gives a number and how far it may be off."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from typing import Any, NamedTuple

from autograd.check.arithmetic import UNDEFINED, Arithmetic

Curve = Callable[[Any], Any]
"""t ↦ the value at a point moved by t, in some arithmetic; the recorded point is t = 0."""

ROUND_OFF = 2.0**-53
CONVERGED = 1e-20  # central differences count as settled when two steps agree to this, relative to the slope


class Estimate(NamedTuple):
    """A derivative and a bound on its error."""

    slope: Any
    error: Any


class OutsideDomainError(Exception):
    """The curve has no finite value close to its point: the edge of a domain, an overflow."""


def at(m: Arithmetic, curve: Curve, t: Any) -> Any:
    """The finite value of a curve at t; OutsideDomainError where there is none."""
    try:
        y = curve(t)
    except UNDEFINED as error:
        raise OutsideDomainError from error
    if not m.is_finite(y):
        raise OutsideDomainError
    return y


def central(m: Arithmetic, curve: Curve) -> Estimate:
    """(f(h) − f(−h)) / 2h with h = 10^(−digits/3), where rounding and h² weigh the same, and again with h/10.

    The two differ by about the larger one's error, which is what is given as the bound.
    """
    h, tenth = _power_of_ten(m, -m.digits // 3), _power_of_ten(m, -m.digits // 3 - 1)
    wide, narrow = [(at(m, curve, step) - at(m, curve, -step)) / (step + step) for step in (h, tenth)]
    return Estimate(narrow, abs(wide - narrow))


@lru_cache(maxsize=100)
def _power_of_ten(m: Arithmetic, exponent: int) -> Any:
    return m.lift(10.0) ** exponent


def second(m: Arithmetic, surface: Callable[[Any, Any], Any]) -> Estimate:
    """∂²f/∂s∂t from four values, with h = 10^(−digits/4), twice as in `central`."""
    h, tenth = _power_of_ten(m, -m.digits // 4), _power_of_ten(m, -m.digits // 4 - 1)
    wide, narrow = [_mixed(m, surface, step) for step in (h, tenth)]
    return Estimate(narrow, abs(wide - narrow))


def _mixed(m: Arithmetic, surface: Callable[[Any, Any], Any], h: Any) -> Any:
    rises = [at(m, partial(surface, s), h) - at(m, partial(surface, s), -h) for s in (h, -h)]
    return (rises[0] - rises[1]) / (4 * h * h)


def complex_step(m: Arithmetic, curve: Curve, size: float) -> Estimate:
    """Im f(i h) / h with h so small that h² vanishes: no subtraction, so nothing cancels (Squire & Trapp, 1998).

    `size` is |f / x|: the slope is off by a few units in the last place of itself and of that.
    """
    h = 1e-40
    slope = at(m, curve, complex(0.0, h)).imag / h
    if not math.isfinite(slope):
        raise OutsideDomainError
    return Estimate(slope, 64.0 * ROUND_OFF * (abs(slope) + size))


STENCIL = (4 / 5, -1 / 5, 4 / 105, -1 / 280)  # f' h ≈ Σ c (f(+kh) − f(−kh)), with an error of h⁸ f⁽⁹⁾ / 630
HALVINGS = range(3, 24, 2)


def adaptive(m: Arithmetic, curve: Curve) -> Estimate:
    """The best of a row of central differences of eighth order, each with its truncation and rounding error.

    The truncation error is read off two steps (for half the step it is 2⁸ times smaller); values are taken to be good
    to 8 ulp. Steps are relative, t = 1 being the size of the operand, so a domain that ends at 0 is not left.
    """
    found = [estimate for k in HALVINGS if (estimate := _stencil(m, curve, 0.5**k)) is not None]
    if not found:
        raise OutsideDomainError
    return min(found, key=lambda estimate: float(estimate.error))


def _stencil(m: Arithmetic, curve: Curve, h: float) -> Estimate | None:
    try:
        (wide, _), (narrow, size) = _weighted(m, curve, h), _weighted(m, curve, h / 2.0)
    except OutsideDomainError:
        return None
    rounding = 16.0 * ROUND_OFF * (size + abs(narrow)) / (h / 2.0)  # of the values, and of the points themselves
    return Estimate(narrow, abs(wide - narrow) + rounding)


def _weighted(m: Arithmetic, curve: Curve, h: float) -> tuple[float, float]:
    rows: Sequence[tuple[float, float, float]] = [
        (c, at(m, curve, k * h), at(m, curve, -k * h)) for k, c in enumerate(STENCIL, start=1)
    ]
    slope = sum([c * (above - below) for c, above, below in rows]) / h
    return slope, max(max(abs(above), abs(below)) for _, above, below in rows)
