"""Derivatives of f on both sides of a point that is alone on its branch, to compare with those of the branch.

For example `where(x, sin(x)/x, 1.0)` at 0: the branch is a constant, and f there is not.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from autograd.check.arithmetic import UNDEFINED, Arithmetic
from autograd.check.backward_passes import as_float
from autograd.check.function_calls import Visit
from autograd.check.reevaluation import Reevaluation, Sides, function_at
from autograd.check.replayed_number import NotReplayableError

NEAR = 1e-8  # of the point, in units of the inputs
STEP = 1e-14
SURE = 0.1  # the largest error, relative, with which two derivatives are told apart


class Limit(NamedTuple):
    """A one-sided derivative and a bound on its error."""

    slope: float
    error: float


def other_derivative(on: Reevaluation, sides: Sides, order: int, ours: float) -> float | None:
    """The derivative of f along the direction where both sides agree on it and `ours` is another one; else None."""
    limits = [_limit(on, side, sides.direction, sign, order) for side, sign in ((sides.plus, 1.0), (sides.minus, -1.0))]
    if limits[0] is None or limits[1] is None:
        return None
    plus, minus = limits[0], limits[1]
    size = abs(plus.slope) + abs(minus.slope)
    tolerance = 10.0 * (plus.error + minus.error) + 1e-9 * size
    agree = abs(plus.slope - minus.slope) <= tolerance <= SURE * max(size, abs(ours))
    return plus.slope if agree and abs(plus.slope - ours) > tolerance else None


def _limit(on: Reevaluation, side: Visit, direction: list[float], sign: float, order: int) -> Limit | None:
    m = on.m
    if m.digits < 20:
        return None
    steps = [(slot, m.lift(x), m.lift(d)) for slot, x, d in zip(side.slots, on.at, direction, strict=True)]

    def curve(t: Any) -> Any:
        return function_at(m, side.tape, {slot: x + t * d for slot, x, d in steps if slot is not None})

    difference = _first if order == 1 else _second
    try:
        if not _is_continuous(m, curve, m.lift(sign * NEAR), m.lift(on.tape.nodes[-1].data)):
            return None  # f is not differentiable there
        wide, narrow = [difference(m, curve, m.lift(sign * NEAR * k)) for k in (1.0, 0.5)]
    except (NotReplayableError, *UNDEFINED):
        return None
    if not (m.is_finite(wide) and m.is_finite(narrow)):
        return None
    return Limit(as_float(narrow + narrow - wide), as_float(abs(narrow - wide)))


def _is_continuous(m: Arithmetic, curve: Callable[[Any], Any], t: Any, here: Any) -> bool:
    """Whether the values near the point tend to the value there."""
    wide, narrow = curve(t), curve(t / 2)
    gap = abs(narrow + narrow - wide - here)
    return bool(gap <= abs(wide - narrow) + m.lift(1e-9) * abs(here))


def _first(m: Arithmetic, curve: Callable[[Any], Any], t: Any) -> Any:
    h = m.lift(STEP)
    return (curve(t + h) - curve(t - h)) / (h + h)


def _second(m: Arithmetic, curve: Callable[[Any], Any], t: Any) -> Any:
    h = m.lift(STEP)
    return (curve(t + h) - 2 * curve(t) + curve(t - h)) / (h * h)
