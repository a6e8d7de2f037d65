"""The oracles, and the comparison of a derivative with one."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

from autograd.check import arithmetic, differences
from autograd.check.arithmetic import DIGITS, Arithmetic
from autograd.check.differences import CONVERGED, Curve, Estimate, fine_steps_favour

OK, WRONG, UNDECIDED = "ok", "wrong", "undecided"
FALLS = 1e-10  # from one number of digits to the next, at least
SAFETY = 10.0  # on an oracle's own error estimate


@dataclass(frozen=True, slots=True, eq=False)
class Oracle:
    """A way to compute a derivative from values: the arithmetic, the method, and its accuracy.

    Slopes are along t, where t = 1 is the operand's own size; `tolerance` is relative to the slope, `floor` to the
    value: a smaller derivative cannot be told from 0.
    """

    name: str
    levels: tuple[Arithmetic, ...]  # tried one after the other until two steps agree
    estimate: Callable[[Arithmetic, Curve, float], Estimate]
    tolerance: float
    floor: float
    converged: float


def _high_precision() -> Oracle | None:
    levels = [level for digits in DIGITS if (level := arithmetic.high_precision(digits)) is not None]
    if not levels:
        return None
    # 1e-15: constants such as 2/√π stand in rules as floats, good to 1.1e-16; the differences are good to 1e-20.
    return Oracle("mpmath", tuple(levels), lambda m, f, size: differences.central(m, f), 1e-15, 1e-25, CONVERGED)


@cache
def _complex_step() -> Oracle:
    # A rule in floats takes some ten operations of 4 ulp each.
    return Oracle("complex", (arithmetic.complex_numbers(),), differences.complex_step, 1e-14, 1e-14, 1e-6)


@cache
def _adaptive() -> Oracle:
    return Oracle("differences", (arithmetic.floats(),), differences.adaptive, 1e-14, 1e-12, 1e-6)


_CHAINS: Mapping[str, tuple[Callable[[], Oracle | None], ...]] = {
    "auto": (_high_precision, _complex_step, _adaptive),
    "mpmath": (_high_precision, _adaptive),
    "complex": (_complex_step, _adaptive),
    "differences": (_adaptive,),
}
ORACLES = (*_CHAINS, "function")  # the last asks f itself: see function_check.py


def chain(name: str) -> list[Oracle]:
    """The oracles to ask in turn, for the names in `ORACLES`: the later ones where a value is a black box.

    >>> [oracle.name for oracle in chain("complex")]
    ['complex', 'differences']

    ValueError for another name; ImportError when "mpmath" was asked for and is not installed.
    """
    if name not in _CHAINS:
        raise ValueError(f"oracle must be one of {', '.join(map(repr, ORACLES))}, got {name!r}")
    found = [make() for make in _CHAINS[name]]
    if name == "mpmath" and found[0] is None:
        raise ImportError("oracle='mpmath' needs mpmath, which is not installed; leave it at 'auto' to do without")
    return [oracle for oracle in found if oracle is not None]


class Judgement(NamedTuple):
    """The result of one comparison: both numbers, their relative difference, and the verdict."""

    verdict: str
    analytic: Any
    numerical: Any
    reason: str = ""

    @property
    def difference(self) -> float:
        """|analytic − numerical| relative to the larger; 0 when both are 0.

        >>> Judgement("ok", 1.0, 2.0).difference
        0.5
        """
        if self.analytic == self.numerical:  # two infinities, too
            return 0.0
        size = max(abs(self.analytic), abs(self.numerical))
        return float(abs(self.analytic - self.numerical) / size) if size else 0.0


def judge(
    oracle: Oracle,
    analytic: Callable[[Arithmetic], Any],
    numerical: Callable[[Arithmetic], Estimate],
    size: float,
    slack: float = 0.0,
) -> Judgement:
    """Compare a derivative with an oracle's, both along t; `size` is |f|, `slack` the error the derivative may have.

    A disagreement counts only where the oracle's error is small: otherwise more digits are tried, and in the end the
    comparison is undecided. A disagreement that falls as the digits grow is rounding of the replay.
    """
    noise, gaps = math.inf, []
    for m in oracle.levels:
        ours, estimate = analytic(m), numerical(m)
        gaps.append(abs(ours - estimate.slope))
        sure = m.real(oracle.converged) * max(abs(estimate.slope), estimate.spread)
        tolerance = m.real(oracle.tolerance) * abs(estimate.slope) + m.real(SAFETY) * estimate.error + m.real(slack)
        known = estimate.vanishes or estimate.error <= sure
        if not (known or estimate.converges):  # rounding around 0 falls with the digits, and aliasing grows
            error = float(estimate.error)
            known, noise = error <= FALLS * noise < math.inf, error
        if known and abs(ours - estimate.slope) <= tolerance:
            return Judgement(OK, ours, estimate.slope)
    floor = m.real(oracle.floor) * m.real(max(size, estimate.scale))  # in m, where the product cannot underflow
    if not known and not (estimate.converges and estimate.error <= sure + floor):
        reason = f"the oracle knows the slope only to ±{float(estimate.error):.1e}"
        return Judgement(UNDECIDED, ours, estimate.slope, reason)
    agree = gaps[-1] <= tolerance + floor + estimate.spread or falls_with_digits(oracle.levels[-2:], gaps[-2:])
    verdict = OK if agree else WRONG
    if verdict == WRONG and estimate.finer and fine_steps_favour(float(ours), estimate.slope, estimate.finer):
        return Judgement(UNDECIDED, ours, estimate.slope, "the value varies faster than the oracle's steps")
    return Judgement(verdict, ours, estimate.slope)


def falls_with_digits(levels: Sequence[Arithmetic], gaps: Sequence[Any]) -> bool:
    """Whether a difference, as found in two arithmetics, is rounding: it falls with the digits, so it tends to 0.

    What cancels leaves 10⁻ᵈ of its terms, and the rules that follow may take a root of that. One that is not rounding
    stays as it is.
    """
    if len(levels) < 2:
        return False
    (coarse, fine), (wide, narrow) = levels, gaps
    return bool(narrow <= narrow.context.convert(wide) * fine.lift(10.0) ** ((coarse.digits - fine.digits) // 4))


def undecided(analytic: float, reason: str) -> Judgement:
    """A comparison that could not be made.

    >>> undecided(1.0, "no value there").verdict
    'undecided'
    """
    return Judgement(UNDECIDED, analytic, math.nan, reason)
