"""`oracle="function"`: compare the gradient of any engine with Richardson-extrapolated differences of f.

It does not need a graph of this package: f may take numbers and have its gradient from a function, or take and return
the nodes of another engine, anything with `data`, `grad` and `backward()`. It is good to 9 digits instead of 20.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence

from autograd.check.local_partials import signed
from autograd.check.oracle import OK, UNDECIDED, WRONG
from autograd.check.problems import Problem
from autograd.check.report import CheckReport, Failure, KinkFound, Row
from autograd.check.richardson import AGAIN, WIDEST, Slope, curvature_of, slope_of

SINGLY = 64  # with more inputs, this many are checked one by one, and all of them along random directions
DIRECTIONS = 3
NO_VALUE = "f has no finite value on both sides"


def check_function(on: Problem, order: int, kinks: str) -> CheckReport:
    """Compare the derivatives, or a sample of very many, with differences of f."""
    check = _Check(on, kinks)
    check.first()
    if order == 2:
        check.second()
    count = len(on.at)
    checked = f"f itself, {count} input{'s' * (count != 1)}"
    return CheckReport(tuple(check.rows), tuple(check.failures), tuple(check.kinks), "function", checked)


class _Check:
    """One check in progress."""

    def __init__(self, on: Problem, kinks: str) -> None:
        self.on, self.policy = on, kinks
        self.units = [abs(x) or 1.0 for x in on.at]
        self.rows: list[Row] = []
        self.failures: list[Failure] = []
        self.kinks: list[KinkFound] = []

    def value(self, numbers: Sequence[float]) -> float:
        """The value of f; nan where it raises or is undefined."""
        try:
            return self.on.value(numbers)
        except ArithmeticError:
            return math.nan
        except ValueError:  # a domain error of `math`
            return math.nan

    def moved(self, *steps: tuple[int, float]) -> list[float]:
        """The point with some inputs moved, in units of their size."""
        numbers = list(self.on.at)
        for i, t in steps:
            numbers[i] += t * self.units[i]
        return numbers

    def first(self) -> None:
        """First derivatives."""
        gradient, count = self.on.gradient(), len(self.on.at)
        first, again = self.value(self.on.at), self.value(self.on.at)
        if first != again and not (math.isnan(first) and math.isnan(again)):
            facts = (("first call", repr(first)), ("second call", repr(again)))
            self.failures.append(Failure("f gives another value when it is called again", "", "", facts, ""))
            return
        singly = range(count) if count <= SINGLY else [count * k // SINGLY for k in range(SINGLY)]
        for i in singly:
            self._along(self.on.names[i], {i: 1.0}, gradient[i], self.units[i])
        if count > SINGLY:
            rng = random.Random(0)
            for k in range(DIRECTIONS):
                way = {i: signed(rng) for i in range(count)}
                ours = math.fsum([gradient[i] * self.units[i] * step for i, step in way.items()])
                self._along(f"all inputs, direction {k + 1}", way, ours, 1.0)

    def _along(self, name: str, way: dict[int, float], ours: float, unit: float) -> None:
        def curve(t: float) -> float:
            return self.value(self.moved(*[(i, t * step) for i, step in way.items()]))

        slope = slope_of(curve)
        if slope is None:
            self.rows.append(Row(name, ours, None, None, UNDECIDED, NO_VALUE))
            return
        if slope.is_kink:
            self._kink(KinkFound("f", name, ours, slope.left / unit, slope.right / unit))
        self._judge(name, ours, slope, unit, lambda widest: slope_of(curve, widest))

    def _kink(self, kink: KinkFound) -> None:
        self.kinks.append(kink)
        if self.policy == "raise":
            facts = (("derivative", repr(kink.chosen)), ("slopes", f"{kink.left!r} and {kink.right!r}"))
            self.failures.append(Failure(f"f is on a kink in {kink.operand}", "", "", facts, ""))

    def _judge(self, name: str, ours: float, slope: Slope, unit: float, again: Callable[[float], Slope | None]) -> None:
        found = slope.slope / unit
        size = max(abs(ours), abs(found))
        difference = abs(ours - found) / size if size else 0.0
        if slope.allows(ours * unit) and slope.settled:
            self.rows.append(Row(name, ours, found, difference, OK))
            return
        others = [again(widest) for widest in AGAIN]
        sure = slope.excludes(ours * unit) and all(each is not None and each.settled for each in others)
        if not sure or any(each is not None and each.allows(ours * unit) for each in others):
            reason = f"differences of f know the slope only to ±{slope.error / unit:.1e}"
            if slope.settled and not slope.excludes(ours * unit):
                reason = "f varies faster than the steps"
            self.rows.append(Row(name, ours, found, None, UNDECIDED, reason))
            return
        self.rows.append(Row(name, ours, found, difference, WRONG))
        facts = (("ours", repr(ours)), ("by differences", f"{found!r} ± {slope.error / unit:.1e}"))
        self.failures.append(Failure(f"the derivative in {name} is not the slope of f", "", "", facts, ""))

    def second(self) -> None:
        """Second derivatives."""
        for (i, j), ours in self.on.hessian().items():
            row, column = self.on.names[i], self.on.names[j]
            name = f"∂²f/∂{row}²" if i == j else f"∂²f/∂{row}∂{column}"

            def surface(s: float, t: float, i: int = i, j: int = j) -> float:
                return self.value(self.moved((i, s), (j, t)))

            slope = curvature_of(surface, WIDEST)
            if slope is None or math.isnan(ours):
                self.rows.append(Row(name, ours, None, None, UNDECIDED, "differences of f do not settle it"))
            else:
                unit = self.units[i] * self.units[j]
                self._judge(name, ours, slope, unit, lambda widest, s=surface: curvature_of(s, widest))  # type: ignore[misc]
