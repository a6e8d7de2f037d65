"""The expected derivatives of a program, by nested central differences of its data at many digits.

How far floats may be off is asked of the program itself: in some samples every operand and result, and its slope and
curvature there, is moved by a few roundings, each once and for all, and the derivatives are taken again. They move with
every path that leads to them, so cancellation anywhere is seen (Vignes, "Discrete stochastic arithmetic", 2004).
Roundings of float32 are drawn by themselves: an error that is a product of two does not grow as one of them does.
There decisions move along, and what a rounding turns, as a tie of constants that float32 has not, leaves no verdict;
nor does a number that is too large for it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from autograd.check.arithmetic import Arithmetic, high_precision
from tests.fuzz.program import Program
from tests.fuzz.replay import ORDINARY, SUBNORMAL, UNIT, NoVerdictError, Number, Replay

UNIT_FLOAT32 = 2.0**-24
LARGEST_FLOAT32 = float(np.finfo(np.float32).max)
LARGEST = 1e300
SAMPLES = 3
SAFETY = 64.0  # signs are random, the worst are not drawn: exact cancellation in softmax was 20 times the largest
NEAR = 1e-9  # what is decided by less, relative to what is compared, another rounding may decide otherwise

Parts = dict[str, list[float]]


@dataclass
class Expected:
    """Value, gradient and Hessian at one point, row by row, and the error that floats may have in each.

    A path may give its diagonal, the "curvature", instead of the Hessian.

    Those `or_nan` may be missing: second derivatives at the tip of a length (decision 3(d)), whatever their limits.
    """

    numbers: Parts
    errors: Parts
    float32_errors: Callable[[], Parts]
    or_nan: frozenset[str] = frozenset()

    def may_miss(self, gives: Sequence[str]) -> list[bool]:
        """For each number of these parts whether nan is right too."""
        return [name in self.or_nan for part in gives for name, _ in _entries(self.numbers, part)]

    def of(self, gives: Sequence[str], unit: float) -> tuple[list[float], list[float]]:
        """The expected results of a path that gives these: numbers and allowed errors, in roundings of size `unit`.

        Infinities for what float32 has not, and infinite errors for what it may not have. NoVerdictError where nothing
        is known of float32.
        """
        numbers = [x for part in gives for _, x in _entries(self.numbers, part)]
        if unit == UNIT:
            return numbers, [error for part in gives for _, error in _entries(self.errors, part)]
        found = self.float32_errors()
        pairs = zip(numbers, (error for part in gives for _, error in _entries(found, part)), strict=True)
        both = [_in_range(x, error) for x, error in pairs]
        return [x for x, _ in both], [error for _, error in both]


def _entries(parts: Parts, name: str) -> list[tuple[str, float]]:
    """The numbers of a part, each with the name that the oracle has for it."""
    if name != "curvature":
        return [(name, x) for x in parts[name]]
    hessian = parts["hessian"]
    return [("hessian", x) for x in hessian[:: math.isqrt(len(hessian)) + 1]]


def _in_range(x: float, error: float) -> tuple[float, float]:
    if abs(x) + error < LARGEST_FLOAT32:
        return x, error
    return (math.copysign(math.inf, x), 0.0) if abs(x) - error > LARGEST_FLOAT32 else (x, math.inf)


@dataclass(frozen=True)
class _Question:
    """A program at a point, its exact derivatives, and what has been decided on the way there."""

    program: Program
    point: Sequence[float]
    m: Arithmetic
    smallest: float
    exact: Replay
    numbers: dict[str, list[Any]]

    @property
    def step(self) -> Any:
        return self.exact.step

    def errors(self, unit: float) -> Parts:
        """How far each number may be off with roundings of that size; NoVerdictError if a rounding decides."""
        replays = [Replay(self.program, self.m, self.step, i, self.smallest, unit) for i in range(1, SAMPLES + 1)]
        moved = [_derivatives(each, self.point) for each in replays]
        if unit != UNIT:
            self._check_decisions(replays)
        scale = min(max(map(abs, self.point)), 1e4) + 1.0
        found: Parts = {}
        for part, exacts in self.numbers.items():
            floor = (float(max(map(abs, exacts))) * FLOORS[part] + 8.0 * self.smallest * scale / UNIT) * unit
            found[part] = [
                floor + SAFETY * max(float(abs(sample[part][i] - x)) for sample in moved) for i, x in enumerate(exacts)
            ]
        found["hessian"] = _mixed(found["hessian"])
        if not all(map(math.isfinite, (error for part in found.values() for error in part))):
            raise NoVerdictError("roundings matter without bounds")
        return found

    def _check_decisions(self, replays: Sequence[Replay]) -> None:
        for path, differences in self.exact.decisions.items():
            for i, (value, recorded) in enumerate(differences):
                away = max(abs(each.decisions[path][i].value - value) for each in replays)
                if recorded and SAFETY * away >= abs(value):  # exact ties are another matter
                    raise NoVerdictError("a branch hangs on a rounding of float32")

    @cached_property
    def float32_errors(self) -> Parts:
        """Errors of float32; NoVerdictError also where it leaves its range, or an exact tie is none in it."""
        if self.exact.largest > LARGEST_FLOAT32:
            raise NoVerdictError("a number is too large for float32")
        rounded = Replay(self.program, self.m, self.step, 0, self.smallest, UNIT_FLOAT32, _rounded)
        point = map(_rounded, self.point)
        rounded([Number(self.m.lift(x), x) for x in point])
        for path, differences in self.exact.decisions.items():
            for mine, other in zip(differences, rounded.decisions[path], strict=True):
                if not mine.recorded and other.recorded:
                    raise NoVerdictError("a tie that float32 has not")
        return self.errors(UNIT_FLOAT32)


def _mixed(errors: Sequence[float]) -> list[float]:
    """Errors of a Hessian, with those off the diagonal at least the geometric mean of the two on it.

    Mixed derivatives are sums over the same paths, but differences along two inputs may cancel what was moved.
    """
    n = math.isqrt(len(errors))
    on = [errors[i * (n + 1)] for i in range(n)]
    return [max(error, math.sqrt(on[k // n]) * math.sqrt(on[k % n])) for k, error in enumerate(errors)]


def _rounded(x: float) -> float:
    with np.errstate(over="ignore"):
        return float(np.float32(x))


def expected(program: Program, point: Sequence[float], hostile: bool = False) -> Expected:
    """The oracle's answer at a point; NoVerdictError where it has none."""
    if not all(map(math.isfinite, point)):
        raise NoVerdictError("not a point")
    m = high_precision(1500 if hostile else 70 + 30 * (program.depth + 2))
    assert m is not None, "the oracle needs mpmath"
    step, smallest = m.lift(2.0**-80), SUBNORMAL if hostile else ORDINARY
    exact = Replay(program, m, step, 0, smallest)
    numbers = _derivatives(exact, point)
    if exact.margin < NEAR:
        raise NoVerdictError("a branch hangs on a rounding")
    if not all(exact.tips.values()):
        raise NoVerdictError(
            "a singular point, or one that nothing moves: an infinite or missing derivative is multiplied"
        )
    checked = _derivatives(Replay(program, m, step / 1024, 0, smallest), point)
    for part, exacts in numbers.items():
        for x, again in zip(exacts, checked[part], strict=True):
            if abs(x - again) > abs(x) * m.lift(1e-20) + smallest:
                raise NoVerdictError("differences do not converge: a kink, or the edge of a domain")
    question = _Question(program, point, m, smallest, exact, numbers)
    errors = question.errors(UNIT)
    if hostile and not all(abs(x) < LARGEST for exacts in numbers.values() for x in exacts):
        raise NoVerdictError("the derivative is not a float")
    floats = {part: list(map(float, xs)) for part, xs in numbers.items()}
    orders = {"value": 0, "gradient": 1, "hessian": 2}
    or_nan = [part for part, order in orders.items() if exact.tips and order + program.depth >= 2]
    return Expected(floats, errors, lambda: question.float32_errors, frozenset(or_nan))


# Roundings, of the largest entry, that rules may leave: a partial is good to 4 ulp, the derivative of a partial's
# formula cancels against its other terms.
FLOORS = {"value": 16.0, "gradient": 64.0, "hessian": 1024.0}


def _derivatives(f: Replay, point: Sequence[float]) -> dict[str, list[Any]]:
    m, n = f.m, len(point)
    steps = [f.step_at(m.lift(x)) for x in point]

    def at(*moves: tuple[int, int]) -> Any:
        values = [m.lift(x) for x in point]
        for place, sign in moves:
            values[place] = values[place] + sign * steps[place]
        return f([Number(value, x) for value, x in zip(values, point, strict=True)])

    middle = at()
    sides = [(at((i, 1)), at((i, -1))) for i in range(n)]
    found = {"value": [middle], "gradient": [(a - b) / (2 * h) for (a, b), h in zip(sides, steps, strict=True)]}
    rows = [[m.lift(0.0)] * n for _ in point]
    for i, h in enumerate(steps):
        rows[i][i] = (sides[i][0] - 2 * middle + sides[i][1]) / (h * h)
        for j in range(i):
            mixed = at((i, 1), (j, 1)) - at((i, 1), (j, -1)) - at((i, -1), (j, 1)) + at((i, -1), (j, -1))
            rows[i][j] = rows[j][i] = mixed / (4 * h * steps[j])
    found["hessian"] = [x for row in rows for x in row]
    return found
