"""Derivatives of a function of floats by Richardson extrapolation, with an error estimate."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from autograd.check.differences import FINER, ROUND_OFF, fine_steps_favour, jitter_of

Curve = Callable[[float], float]
"""t ↦ f at a point moved by t, in units of the operand; nan where f has no value."""

WIDEST = 0.5
SMALLEST = 2.0**-1074
RATIO = 4.0  # of one step to the next
STEPS = 13  # the smallest is 2⁻²⁵: the cube root of the rounding error, and some more for kinks and oscillations nearby
AGAIN = (0.7, 0.09)  # other widest steps: a disagreement must be found with each
NOISE = 4.0 * ROUND_OFF  # of a value, relative
SETTLED = 1e-4  # an allowed derivative is then right to three digits
UNDERFLOW = 1e-300  # slopes that floats can no longer tell from 0
RULES = 1e-9  # relative accuracy that a slope from floats can be expected to have
SAFETY = 10.0  # on the error of a slope
FLOOR = 1e-9  # of |f| near the point: no slope smaller than that can be told from 0


class Slope(NamedTuple):
    """A derivative, a bound on its error, and the derivatives to the left and right with one."""

    slope: float
    error: float
    left: float
    right: float
    one_sided_error: float
    scale: float  # |f| near the point
    finer: Callable[[], Sequence[tuple[float, float]]] = list  # slopes of smaller and smaller steps, and their rounding

    @property
    def settled(self) -> bool:
        """Whether the slope is known to four digits, or is practically 0."""
        size = max(abs(self.slope), abs(self.left - self.right) if self.is_kink else 0.0)
        return self.error <= SETTLED * size + FLOOR * self.scale + UNDERFLOW

    @property
    def is_kink(self) -> bool:
        """Whether the slopes on both sides are known, and differ."""
        apart = abs(self.left - self.right)
        known = self.one_sided_error <= 0.1 * apart
        return known and apart > FLOOR * self.scale

    def allows(self, ours: float) -> bool:
        """Whether a derivative is this slope, or one between the two at a kink."""
        tolerance = SAFETY * self.error + RULES * abs(self.slope)
        if abs(ours - self.slope) <= tolerance:
            return True
        low, high = sorted((self.left, self.right))
        slack = SAFETY * self.one_sided_error
        return self.is_kink and low - slack <= ours <= high + slack

    def excludes(self, ours: float) -> bool:
        """Whether a derivative is surely another one: where f varies faster than the steps, none is."""
        return self.settled and not self.allows(ours) and not fine_steps_favour(ours, self.slope, self.finer())


def slope_of(curve: Curve, widest: float = WIDEST) -> Slope | None:
    """The derivative at t = 0; None where f has no finite value on both sides.

    >>> found = slope_of(math.exp)
    >>> abs(found.slope - 1.0) <= found.error <= 1e-11
    True
    """
    here = curve(0.0)
    steps = [widest / RATIO**k for k in range(STEPS)]
    rows = [(h, curve(h), curve(-h)) for h in steps]
    while rows and not all(math.isfinite(y) for y in rows[0][1:]):
        rows.pop(0)
    finite = all(math.isfinite(y) for row in rows for y in row[1:])
    if len(rows) < 3 or not finite or not math.isfinite(here):
        return None
    scale = max(abs(y) for row in rows for y in row[1:])
    jitter = jitter_of(curve) + SMALLEST
    nearer = [*rows[1:], (0.0, here, here)]
    steep = [(abs(x - at) + abs(y - by)) / h for (h, x, y), (_, at, by) in zip(rows, nearer, strict=True)]
    sizes = [max(abs(x), abs(y), abs(here)) for _, x, y in rows]  # rounded are the values, and the points themselves
    noise = [(NOISE * (size + s) + jitter) / h for (h, *_), size, s in zip(rows, sizes, steep, strict=True)]
    slope, error = extrapolated([(above - below) / (2.0 * h) for h, above, below in rows], noise, RATIO**2, RATIO**2)
    right, right_error = extrapolated([(above - here) / h for h, above, _ in rows], noise, RATIO, RATIO)
    left, left_error = extrapolated([(here - below) / h for h, _, below in rows], noise, RATIO, RATIO)
    return Slope(slope, error, left, right, max(left_error, right_error), scale, lambda: _finer_slopes(curve, jitter))


def _finer_slopes(curve: Curve, jitter: float) -> list[tuple[float, float]]:
    rows = [(h, curve(h), curve(-h)) for h in FINER]
    slopes = [(h, (above - below) / (2.0 * h), max(abs(above), abs(below))) for h, above, below in rows]
    return [(slope, (4.0 * ROUND_OFF * (size + abs(slope)) + jitter) / h) for h, slope, size in slopes]


def curvature_of(surface: Callable[[float, float], float], widest: float = WIDEST) -> Slope | None:
    """∂²f/∂s∂t at 0, 0 of (s, t) ↦ f; None where it is not known to four digits.

    >>> found = curvature_of(lambda s, t: math.exp(2.0 * s + t))
    >>> abs(found.slope - 2.0) <= found.error <= 1e-6
    True
    """
    values, noise, scale = [], [], 0.0
    jitter = jitter_of(lambda t: surface(t, 0.7 * t)) + SMALLEST
    for h in [widest / RATIO**k for k in range(STEPS)]:
        value, size, steep = _mixed(surface, h)
        if not math.isfinite(value):
            continue
        values.append(value)
        scale = max(scale, size)
        noise.append((NOISE * (size + steep) + jitter) / (h * h))
    slope, error = extrapolated(values, noise, RATIO**2, RATIO**2)
    found = Slope(slope, error, slope, slope, error, scale, lambda: _finer_curvatures(surface, jitter))
    return found if found.settled else None


def _mixed(surface: Callable[[float, float], float], h: float) -> tuple[float, float, float]:
    """The second difference, nan where it has none, and the size of its values and of first differences."""
    corners = [surface(s * h, t * h) for s, t in ((1.0, 1.0), (1.0, -1.0), (-1.0, 1.0), (-1.0, -1.0))]
    value = (corners[0] - corners[1] - corners[2] + corners[3]) / (4.0 * h * h)
    return value, max(map(abs, corners)), (max(corners) - min(corners)) / h


def _finer_curvatures(surface: Callable[[float, float], float], jitter: float) -> list[tuple[float, float]]:
    rows = [(h, *_mixed(surface, h)) for h in FINER]
    return [(value, (4.0 * ROUND_OFF * (size + steep) + jitter) / (h * h)) for h, value, size, steep in rows]


def extrapolated(
    values: Sequence[float], noise: Sequence[float], first: float, factor: float, orders: int = 6
) -> tuple[float, float]:
    """The limit of values whose error falls by `first`, then `first`·`factor`, … per step, and how far it may be off.

    The entry of the triangle that differs least from its neighbours, rounding included (Ridders, 1982).

    >>> extrapolated([1.0 + 0.5**k for k in range(4)], [0.0] * 4, 2.0, 2.0)
    (1.0, 0.0)
    """
    best = (math.nan, math.inf)
    row: list[float] = []
    for value, rounding in zip(values, noise, strict=True):
        before, row, power = row, [value], first
        for known in before[:orders]:
            row.append(row[-1] + (row[-1] - known) / (power - 1.0))
            power *= factor
            error = max(abs(row[-1] - row[-2]), abs(row[-1] - known)) + 2.0 * rounding
            if error < best[1]:
                best = (row[-1], error)
    return best


def disagreeing(slope_with: Callable[[float], Slope | None], ours: float) -> Slope | None:
    """The slope where `ours` is surely another one: every widest step says so. Between those of a kink is right."""
    first = None
    for widest in (WIDEST, *AGAIN):
        slope = slope_with(widest)
        if slope is None or not slope.settled or slope.allows(ours):
            return None
        first = first or slope
    return first if first is not None and first.excludes(ours) else None
