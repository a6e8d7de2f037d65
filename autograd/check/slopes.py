"""Slopes of f itself, from its floats alone: Richardson-extrapolated differences with an error estimate."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple

from autograd.check.differences import ROUND_OFF

Curve = Callable[[float], float]
"""t ↦ f at a point moved by t, in units of the operand; nan where f has no value."""

WIDEST = 0.5
RATIO = 4.0  # of one step to the next
STEPS = 13  # the smallest is 2⁻²⁵: the cube root of the rounding error, and some more for kinks and oscillations nearby
AGAIN = (0.7, 0.09)  # other widest steps: a disagreement must be found with each
NOISE = 4.0 * ROUND_OFF  # of a value, relative
SMALLEST = 2.0**-1074
CLOSE = 0.7 * 2.0**-40  # between points that are to differ by rounding alone
POINTS = 5  # on each side
SETTLED = 1e-3
UNDERFLOW = 1e-300  # slopes that floats can no longer tell from 0
RULES = 1e-9  # what a slope from floats can be held to, relative
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

    @property
    def settled(self) -> bool:
        """Whether the slope is known to three digits, or to be as good as 0."""
        return self.error <= SETTLED * abs(self.slope) + FLOOR * self.scale + UNDERFLOW

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
    jitter = jitter_of(curve)
    noise = [(NOISE * max(abs(above), abs(below), abs(here)) + jitter) / h for h, above, below in rows]
    slope, error = extrapolated([(above - below) / (2.0 * h) for h, above, below in rows], noise, RATIO**2, RATIO**2)
    right, right_error = extrapolated([(above - here) / h for h, above, _ in rows], noise, RATIO, RATIO)
    left, left_error = extrapolated([(here - below) / h for h, _, below in rows], noise, RATIO, RATIO)
    return Slope(slope, error, left, right, max(left_error, right_error), scale)


def jitter_of(curve: Callable[[float], float]) -> float:
    """How far values may be off, from seventh differences of points close together, in which a smooth f vanishes.

    Rounding errors of e make them as large as √3432 e (Hamming, 1962; Moré and Wild, 2011).

    >>> jitter_of(math.exp) < 1e-14
    True
    """
    values = [curve(k * CLOSE) for k in range(-POINTS, POINTS + 1)]
    for _ in range(7):
        values = [after - before for before, after in pairwise(values)]
    size = max(map(abs, values))
    return size / 10.0 + SMALLEST if math.isfinite(size) else SMALLEST


def curvature_of(surface: Callable[[float, float], float], widest: float = WIDEST) -> Slope | None:
    """∂²f/∂s∂t at 0, 0 of (s, t) ↦ f; None where it is not known to three digits.

    >>> found = curvature_of(lambda s, t: math.exp(2.0 * s + t))
    >>> abs(found.slope - 2.0) <= found.error <= 1e-6
    True
    """
    values, noise, scale = [], [], 0.0
    jitter = jitter_of(lambda t: surface(t, 0.7 * t))
    for h in [widest / RATIO**k for k in range(STEPS)]:
        corners = [surface(s * h, t * h) for s, t in ((1.0, 1.0), (1.0, -1.0), (-1.0, 1.0), (-1.0, -1.0))]
        if not all(map(math.isfinite, corners)):
            continue
        values.append((corners[0] - corners[1] - corners[2] + corners[3]) / (4.0 * h * h))
        scale = max(scale, *map(abs, corners))
        noise.append((NOISE * max(map(abs, corners)) + jitter) / (h * h))
    slope, error = extrapolated(values, noise, RATIO**2, RATIO**2)
    found = Slope(slope, error, slope, slope, error, scale)
    return found if found.settled else None


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
    return first
