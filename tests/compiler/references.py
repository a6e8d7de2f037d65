"""What a program of a test has to compute, as for one that was recorded, and how far it may be off.

The bounds follow every rounding through a program (Higham, Accuracy and Stability of Numerical Algorithms, 2002,
chapter 3). They are sound and, for the short programs of tests, near enough.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from autograd import rules
from autograd.compiler.bounds import UNIT
from autograd.compiler.lower import VALUE, Lowered
from autograd.compiler.perturbed import ULPS
from autograd.compiler.program import Program
from autograd.compiler.verify import Reference
from autograd.primitive import Primitive
from autograd.structure import key_of

SMALL = 1e-5  # errors, beside their numbers, of which the squares do not matter

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


def reference(
    program: Program, shared: Sequence[float], samples: Sequence[Any] = (), indices: frozenset[int] = frozenset()
) -> Reference:
    """The reference of a program that is all there is: whatever derivatives it has are among its equations."""
    at = (0.0,) * len(program.names)
    return Reference(Lowered(program, key_of(0.0), VALUE, (), at, (), indices), shared, samples)


def is_differentiated(lowered: Lowered) -> bool:
    """Whether the program of its derivatives, number by number, has been made."""
    return "_differentiated" in vars(lowered)


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
