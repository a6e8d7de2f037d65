"""The true derivatives of a function of real numbers, from its values in hundreds of digits; no rule is in here."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from mpmath import mp, mpc, mpf

Function = Callable[..., Any]
Orders = tuple[int, ...]  # how often by each operand

# Steps are 10⁻¹² of an operand and at most 10⁻¹², so the truncation, h² times a higher derivative, is below 10⁻²⁰. A
# difference of order n loses n · 12 digits, and n · 336 next to the smallest float. The tail of a function that is
# constant to 450 digits has no derivative that a float could hold.
STEP = mpf(10) ** -12
ONE = mpf(1)
PRECISIONS = (80, 450, 1700)
BESIDE_FAR = (80, 1700)  # a step next to the smallest float has to be seen beside 10⁹⁰⁰
TINY = 1e-50  # below, all of them
DIGITS_LEFT = 25
# The terms (offset in steps, factor) of central differences, and what they have to be divided by besides hⁿ.
STENCILS: dict[int, Sequence[tuple[int, int]]] = {
    0: [(0, 1)],
    1: [(1, 1), (-1, -1)],
    2: [(1, 1), (0, -2), (-1, 1)],
    3: [(2, 1), (1, -2), (-1, 2), (-2, -1)],
    4: [(2, 1), (1, -4), (0, 6), (-1, -4), (-2, 1)],
}
DIVISORS = {0: 1, 1: 2, 2: 1, 3: 2, 4: 1}
# Nearer to an infinity than any float: their square roots overflow, and what has a limit has come to it.
FAR = (mpf(10) ** 700, mpf(10) ** 900)
SLOW = 1000.0  # logarithms of them are larger


T = TypeVar("T")


def once(make: Callable[..., T]) -> Callable[..., T]:
    """Make it once for a name and a point, which several tests ask about; −0.0 is another point than 0.0."""
    made: dict[str, T] = {}

    @functools.wraps(make)
    def found(name: str, *point: float) -> T:
        key = repr((name, *point))
        if key not in made:
            made[key] = make(name, *point)
        return made[key]

    return found


class NoValueError(Exception):
    """The function has no real value at some point of a difference: it is at a pole or the end of its domain."""


class Neighbourhood:
    """A function around a point: its values there, each computed once in a precision, and the derivatives from them."""

    def __init__(self, f: Function, point: Sequence[Any], largest_step: Any = ONE) -> None:
        self._f = f
        self._point = [mpf(x) for x in point]
        least = min([abs(x) for x in self._point if x], default=mpf(1))
        self._steps = [min(abs(x) or min(least, ONE), largest_step) * STEP for x in self._point]
        far = largest_step > 1
        self._precisions = BESIDE_FAR if far else PRECISIONS if least < TINY else PRECISIONS[:2]
        self._more = max([0, *[mp.mag(x / h) for x, h in zip(self._point, self._steps, strict=True) if x]])
        self._values: dict[tuple[int, ...], Any] = {}
        self._derivatives: dict[Orders, Any] = {}

    def derivative(self, *orders: int) -> Any:
        """Of these orders, in as many digits as it takes; 0 where no digit is left in the most."""
        if orders not in self._derivatives:
            self._derivatives[orders] = self._derivative(*orders)
        return self._derivatives[orders]

    def _derivative(self, *orders: int) -> Any:
        for digits in self._precisions:
            with mp.workdps(digits + int(self._more * math.log10(2.0))):
                self._value((digits, *[0] * len(orders)))  # without which there is no derivative
                numbers = [factor * self._value((digits, *at)) for at, factor in _terms(orders)]
                difference = mp.fsum(numbers)
                if abs(difference) > max(map(abs, numbers)) * mpf(10) ** (DIGITS_LEFT - mp.dps) or not any(orders):
                    scale = [DIVISORS[n] * h**n for n, h in zip(orders, self._steps, strict=True)]
                    return difference / mp.fprod(scale)
        return mpf(0)

    def _value(self, key: tuple[int, ...]) -> Any:
        if key not in self._values:
            try:
                found = self._f(*[x + k * h for x, k, h in zip(self._point, key[1:], self._steps, strict=True)])
            except (ValueError, ZeroDivisionError, OverflowError) as error:
                raise NoValueError from error
            if isinstance(found, mpc) or not mp.isfinite(found):
                raise NoValueError
            self._values[key] = mpf(found)
        return self._values[key]


def _terms(orders: Orders) -> list[tuple[tuple[int, ...], int]]:
    return [
        (tuple(k for k, _ in each), math.prod(factor for _, factor in each))
        for each in itertools.product(*[STENCILS[n] for n in orders])
    ]


class Limit:
    """The same where operands are infinite or 0, as limits: what points that are nearer than any float agree upon.

    Derivatives are floats; nan where the points do not agree. A value that goes on growing is infinite.
    """

    def __init__(self, f: Function, point: Sequence[float], far: tuple[Any, Any] = FAR) -> None:
        paths = set(itertools.product((far, far[::-1]), repeat=sum(map(_is_end, point))))
        self._around = [Neighbourhood(f, _approach(point, path, i), far[1]) for path in paths for i in (0, 1)]

    def derivative(self, *orders: int) -> float:
        found = sorted(float(each.derivative(*orders)) for each in self._around)
        if found[0] == found[-1]:
            return found[0]
        if not any(orders) and found[0] * found[-1] > 0.0 and abs(found[0] + found[-1]) > SLOW:
            return math.copysign(math.inf, found[0])
        return math.nan


def _is_end(x: float) -> bool:
    return math.isinf(x) or x == 0.0


def _approach(point: Sequence[float], path: Sequence[Sequence[Any]], i: int) -> list[Any]:
    """The point with huge numbers for infinities and their reciprocals for zeros, of the same signs."""
    sizes = iter(path)
    found = []
    for x in point:
        size = next(sizes)[i] if _is_end(x) else abs(x)
        found.append(int(math.copysign(1.0, x)) * (1 / size if x == 0.0 else mpf(size)))
    return found
