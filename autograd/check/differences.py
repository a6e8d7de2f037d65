"""Derivatives from values alone: the oracles. Each gives a number and how far it may be off."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from itertools import pairwise
from typing import Any, NamedTuple

from autograd.check.arithmetic import UNDEFINED, Arithmetic

Curve = Callable[[Any], Any]
"""t ↦ the value at a point moved by t, in some arithmetic; the recorded point is t = 0."""

ROUND_OFF = 2.0**-53
CONVERGED = 1e-20  # central differences count as settled when two steps agree to this, relative to the slope


class Estimate(NamedTuple):
    """A derivative and a bound on its error.

    `vanishes` says that the slopes of smaller and smaller steps fall to 0 like a power of the step: then it is 0,
    though its error is of the size of itself. Where they do not `converge`, the bound is none: a step spans many
    periods of a sine, or all is rounding. `scale` is the size of the values it was taken from, where they are floats.
    """

    slope: Any
    error: Any
    vanishes: bool = False
    converges: bool = True
    scale: float = 0.0


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
    """(f(h) − f(−h)) / 2h with h = 10^(−digits/3), where rounding and h² weigh the same, and with 10 h and h/10.

    At the end of a domain, differences to the side that has values. See `settled` for the error.
    """
    try:
        return settled(m, lambda k: _slope(m, curve, _power_of_ten(m, -m.digits // 3 + k)))
    except OutsideDomainError:
        return _one_sided(m, curve)


def _slope(m: Arithmetic, curve: Curve, h: Any) -> Any:
    return (at(m, curve, h) - at(m, curve, -h)) / (h + h)


def _one_sided(m: Arithmetic, curve: Curve) -> Estimate:
    """(f(h) − f(0)) / h, with the error of h removed by half the step; OutsideDomainError without values there."""
    here, h = at(m, curve, m.lift(0.0)), _power_of_ten(m, -m.digits // 4)
    for sign in (m.lift(1.0), m.lift(-1.0)):
        try:
            return settled(m, lambda k, h=sign * h: _forward(m, curve, here, h * m.lift(10.0) ** k))  # type: ignore[misc]
        except OutsideDomainError:
            continue
    raise OutsideDomainError


def _forward(m: Arithmetic, curve: Curve, here: Any, t: Any) -> Any:
    return (4 * at(m, curve, t / 2) - at(m, curve, t) - 3 * here) / t


def settled(m: Arithmetic, slope: Callable[[int], Any]) -> Estimate:
    """The last of the slopes 1, 0 and −1, each with a tenth of the step of the one before; the first only if needed.

    The last two differ by about the larger one's error, which is given as the bound.
    """
    wide, narrow = slope(0), slope(-1)
    error = abs(wide - narrow)
    if error <= m.real(CONVERGED) * abs(narrow):
        return Estimate(narrow, error)
    first = slope(1)
    vanishes = 5 * abs(narrow) <= abs(wide) and 5 * abs(wide) <= abs(first)
    return Estimate(narrow, error, bool(vanishes), bool(vanishes or 2 * error <= abs(first - wide)))


@lru_cache(maxsize=100)
def _power_of_ten(m: Arithmetic, exponent: int) -> Any:
    return m.lift(10.0) ** exponent


def second(m: Arithmetic, surface: Callable[[Any, Any], Any]) -> Estimate:
    """∂²f/∂s∂t from four values, with h = 10^(−digits/4), three times as in `central`."""
    return settled(m, lambda k: _mixed(m, surface, _power_of_ten(m, -m.digits // 4 + k)))


def _mixed(m: Arithmetic, surface: Callable[[Any, Any], Any], h: Any) -> Any:
    rises = [at(m, partial(surface, s), h) - at(m, partial(surface, s), -h) for s in (h, -h)]
    return (rises[0] - rises[1]) / (4 * h * h)


TINY_STEPS = (1e-40, 1e-60, 1e-90, 1e-130, 1e-180, 1e-240)  # a step is small where its square, times the curvature, is


def complex_step(m: Arithmetic, curve: Curve, size: float) -> Estimate:
    """Im f(i h) / h with h so small that h² vanishes: no subtraction, so nothing cancels (Squire & Trapp, 1998).

    `size` is |f / x|: the slope is off by a few units in the last place of itself and of that, and by the h² that the
    next step shows.
    """
    slopes: list[float] = []
    for h in TINY_STEPS:
        slopes.append(at(m, curve, complex(0.0, h)).imag / h)
        if not math.isfinite(slopes[-1]):
            raise OutsideDomainError
        rounding = 64.0 * ROUND_OFF * (abs(slopes[-1]) + size)
        if len(slopes) > 1 and abs(slopes[-1] - slopes[-2]) <= rounding:
            return Estimate(slopes[-1], rounding, slopes[-1] == 0.0)
    vanishes = all(abs(narrow) <= 1e-10 * abs(wide) for wide, narrow in pairwise(slopes))
    return Estimate(slopes[-1], abs(slopes[-1] - slopes[-2]) + rounding, vanishes)


STENCIL = (4 / 5, -1 / 5, 4 / 105, -1 / 280)  # f' h ≈ Σ c (f(+kh) − f(−kh)), with an error of h⁸ f⁽⁹⁾ / 630
HALVINGS = range(3, 24, 2)


def adaptive(m: Arithmetic, curve: Curve, size: float = 0.0) -> Estimate:
    """The best of a row of central differences of eighth order, each with its truncation and rounding error.

    The truncation error is read off two steps (for half the step it is 2⁸ times smaller); values are taken to be good
    to 8 ulp of themselves and of `size`. Steps are relative, t = 1 being the size of the operand, so a domain that ends
    at 0 is not left.
    """
    found = [estimate for k in HALVINGS if (estimate := _stencil(m, curve, 0.5**k, size)) is not None]
    if not found:
        raise OutsideDomainError
    best = min(found, key=lambda estimate: float(estimate.error))
    return best._replace(scale=max(estimate.scale for estimate in found))


def _stencil(m: Arithmetic, curve: Curve, h: float, terms: float) -> Estimate | None:
    try:
        (wide, _), (narrow, size) = _weighted(m, curve, h), _weighted(m, curve, h / 2.0)
    except OutsideDomainError:
        return None
    rounding = (
        16.0 * ROUND_OFF * (max(size, terms) + abs(narrow)) / (h / 2.0)
    )  # of the values, and of the points themselves
    return Estimate(narrow, abs(wide - narrow) + rounding, scale=size)


def _weighted(m: Arithmetic, curve: Curve, h: float) -> tuple[float, float]:
    rows: Sequence[tuple[float, float, float]] = [
        (c, at(m, curve, k * h), at(m, curve, -k * h)) for k, c in enumerate(STENCIL, start=1)
    ]
    slope = sum([c * (above - below) for c, above, below in rows]) / h
    return slope, max(max(abs(above), abs(below)) for _, above, below in rows)
