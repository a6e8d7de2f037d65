"""How far two results of the same arithmetic may differ: roundings of the largest one, or bounds that are followed.

The bounds follow every rounding through a program (Higham, Accuracy and Stability of Numerical Algorithms, 2002,
chapter 3).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from autograd import rules
from autograd.compiler.program import Program
from autograd.primitive import Primitive

UNIT = {"float64": 2.0**-53, "float32": 2.0**-24}
ULPS = 8.0  # error allowed to a function of a back end, in units in the last place of its result
SMALL = 1e-5  # errors, beside their numbers, of which the squares do not matter
EASY = 1e4  # what agrees within this many roundings of the largest output needs no bound

# Rows that jump: a rounding may decide which side they take.
JUMPS = {
    rules.greater,
    rules.at_least,
    rules.equal,
    rules.step,
    rules.floor,
    rules.ceil,
    rules.round_,
    rules.sign,
    rules.atan2,
}


def closeness(wanted: Sequence[float], unit: float) -> Callable[[float, float], bool]:
    """Whether two outputs agree to EASY roundings of the largest one.

    >>> near = closeness([1.0, 1e-3], UNIT["float64"])
    >>> near(1e-3, 1e-3 + 1e-13), near(1.0, 1.0 + 1e-9)
    (True, False)
    """
    allowed = EASY * unit * max((abs(x) for x in wanted if math.isfinite(x)), default=0.0)
    return lambda x, y: abs(x - y) <= allowed or x == y


def running_errors(program: Program, numbers: Sequence[float], unit: float) -> list[float]:
    """How far each number may be off: what the operands bring along, and a rounding of its own."""
    bounds = [unit * abs(x) for x in numbers[: len(program.names)]]
    rounded = unit if unit > UNIT["float64"] else 0.0  # constants, where there are fewer digits than they have
    for place, (row, operands) in enumerate(program.equations, len(program.names)):
        at = [each if type(each) is float else numbers[int(each)] for each in operands]
        errors = [rounded * abs(each) if type(each) is float else bounds[int(each)] for each in operands]
        bounds.append(_bound(row, numbers[place], at, errors, unit))
    return bounds


def _bound(row: Primitive, out: float, at: Sequence[float], errors: Sequence[float], unit: float) -> float:
    if row in JUMPS or row in (rules.where, rules.pick):
        sides = {row.value(*[x + side * e for x, e in zip(at, errors, strict=True)]) for side in (-1.0, 0.0, 1.0)}
        return max(errors[1:], default=0.0) if len(sides) == 1 or row not in JUMPS else math.inf
    partials = row.partials_at(out, at)
    brought = sum(abs(p) * e for p, e in zip(partials, errors, strict=True) if p is not None and e)
    terms = sum(abs(p * x) for p, x in zip(partials, at, strict=True) if p is not None) if row.variadic else abs(out)
    bound = _second_order(at, errors) * brought + unit * (len(at) * terms + ULPS * abs(out)) + 1e-300
    return bound if math.isfinite(bound) else math.inf


def _second_order(at: Sequence[float], errors: Sequence[float]) -> float:
    """What partials at the numbers themselves may leave out: little where errors are small beside these.

    Twice as much at each of a thousand equations in a chain would be no bound at all.
    """
    return 1.001 if all(e <= SMALL * abs(x) for x, e in zip(at, errors, strict=True)) else 2.0
