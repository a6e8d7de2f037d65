"""Derivatives from values alone, each with an error bound: the oracles."""

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

    `vanishes`: the slopes of smaller and smaller steps fall to 0 like a power of the step, so the derivative is 0
    although the error is as large as the slope. If they do not `converge`, the bound is invalid: a step spans many
    periods of a sine, or everything is rounding error. `scale` is the size of the values behind it, where they are
    floats.
    """

    slope: Any
    error: Any
    vanishes: bool = False
    converges: bool = True
    scale: float = 0.0
    spread: float = 0.0
    rounding: float = 0.0
    finer: tuple[tuple[float, float], ...] = ()


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
GOLDEN = (1.0 + math.sqrt(5.0)) / 2.0  # steps with such a ratio do not all span whole periods of a sine
FINER = tuple([0.1 / GOLDEN ** (4 * k) for k in range(15)])  # steps; the last is 2⁻⁴²
CLOSE = 0.7 * 2.0**-40  # between points that are to differ by rounding alone
POINTS = 5  # on each side
AGREE = 2.0  # two slopes differ if they are further apart than this multiple of their errors


def adaptive(m: Arithmetic, curve: Curve, size: float = 0.0) -> Estimate:
    """The best of a row of central differences of eighth order, each with its truncation and rounding error.

    The truncation error is read off two steps (it falls with the eighth power); values are taken to be good to 8 ulp of
    themselves and of `size`, or as they jitter. A step that spans periods of f may agree with the next by chance, but
    not with all that are smaller: a slope counts only if these agree within their own errors. Steps are relative, t = 1
    being the size of the operand, so a domain that ends at 0 is not left.
    """
    jitter = jitter_of(lambda t: _or_nan(m, curve, t))
    found = [(h, estimate) for h in FINER if (estimate := _stencil(m, curve, h, size, jitter)) is not None]
    if not found:
        raise OutsideDomainError
    estimates = [estimate for _, estimate in found]
    known = [i for i, each in enumerate(estimates) if all(_agree(each, finer) for finer in estimates[i + 1 :])]
    step, best = found[min(known, key=lambda i: float(estimates[i].error))]
    # of rounding errors, what is likely, not the largest
    finer = tuple([(each.slope, each.rounding / 8.0 + jitter * GOLDEN / h) for h, each in found])
    scale = max(estimate.scale for estimate in estimates)
    return best._replace(spread=_step_of_slope(m, curve, step, scale) / 2.0, scale=scale, finer=finer)


def _agree(one: Estimate, other: Estimate) -> bool:
    return bool(abs(one.slope - other.slope) <= AGREE * (one.error + other.error))


def _stencil(m: Arithmetic, curve: Curve, h: float, terms: float, jitter: float) -> Estimate | None:
    try:
        wide, (narrow, size, steepest) = _weighted(m, curve, h)[0], _weighted(m, curve, h / GOLDEN)
    except OutsideDomainError:
        return None
    # of the values, and of the points themselves
    rounding = 16.0 * ROUND_OFF * (max(size, terms) + max(abs(narrow), steepest)) * GOLDEN / h
    error = abs(wide - narrow) + rounding + 2.0 * jitter * GOLDEN / h
    return Estimate(narrow, error, scale=size, rounding=rounding)


def _or_nan(m: Arithmetic, curve: Curve, t: float) -> float:
    try:
        number: float = at(m, curve, t)
        return number
    except OutsideDomainError:
        return math.nan


def _weighted(m: Arithmetic, curve: Curve, h: float) -> tuple[float, float, float]:
    """The slope, and the largest value and slope among its points."""
    above, below = [[at(m, curve, sign * k * h) for k in range(1, 5)] for sign in (1.0, -1.0)]
    slope: float = sum([c * (x - y) for c, x, y in zip(STENCIL, above, below, strict=True)]) / h
    steepest = max([abs(y - x) for side in (above, below) for x, y in pairwise(side)]) / h
    return slope, max(map(abs, above + below)), steepest


def _step_of_slope(m: Arithmetic, curve: Curve, h: float, scale: float) -> float:
    """The difference of the slopes to the left and right, if it does not shrink with the step: 0 except at a kink.

    What is left of f(h) − 2 f(0) + f(−h) without its h² falls like h³ of a smooth f, when divided by h.
    """
    here, widest = at(m, curve, 0.0), min(h, 1e-4)
    bends = {k: (at(m, curve, widest / k) - here) - (here - at(m, curve, -widest / k)) for k in (1.0, 2.0, 4.0, 8.0)}
    wide, narrow = (bends[2.0] * 4.0 - bends[1.0]) / widest, (bends[8.0] * 4.0 - bends[4.0]) * 4.0 / widest
    noise = 64.0 * ROUND_OFF * (scale + abs(here)) * 8.0 / widest
    if abs(narrow) <= noise or abs(narrow) < 0.5 * abs(wide):
        return 0.0
    jump: float = abs(narrow) + 10.0 * abs(wide - narrow)  # the kink may be beside the point, within rounding
    return jump


def jitter_of(curve: Callable[[float], float]) -> float:
    """The rounding error of values, from seventh differences of points so close that those of a smooth f vanish.

    Rounding errors of e make them as large as √3432 e (Hamming, 1962; Moré and Wild, 2011).

    >>> jitter_of(math.exp) < 1e-14
    True
    """
    values = [curve(k * CLOSE) for k in range(-POINTS, POINTS + 1)]
    for _ in range(7):
        values = [after - before for before, after in pairwise(values)]
    size = max(map(abs, values))
    return size / 10.0 if size < math.inf else 0.0


def fine_steps_favour(ours: float, found: float, finer: Sequence[tuple[float, float]]) -> bool:
    """Whether the slope of the finest step that can tell the two apart is closer to `ours` than to `found`.

    `finer` are slopes with their rounding errors. If so, f varies faster than the steps behind `found`, and the
    comparison is undecided.

    >>> fine_steps_favour(2.0, 1.0, [(1.0, 1e-9), (2.0, 1e-6), (5.0, 1.0)])
    True
    >>> fine_steps_favour(2.0, 1.0, [(1.0, 1e-6)] * 3)
    False
    """
    telling = [slope for slope, rounding in finer if 4.0 * rounding < abs(ours - found)]
    return bool(telling) and abs(telling[-1] - ours) <= 0.5 * abs(telling[-1] - found)
