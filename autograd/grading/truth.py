"""The right answer for a program, by differences of its values in 60 digits, and the verdict on an engine's answer.

No rule for derivatives is used: (f(x + h) − f(x − h)) / 2h with h = 10⁻²⁰ is right to 40 digits, since relu and abs
stay on the branch that they take at the point itself. At 0 both have the slope 0.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from autograd.check.arithmetic import Arithmetic, high_precision
from autograd.grading.engine import Answer
from autograd.grading.program import Program, Ref
from autograd.primitive import lookup

DIGITS = 60
STEP = 1e-20
# Values stay below 50 and divisors above 1e-3 in the programs (`corpus.py`), so a formula such as tanh by (e²ˣ − 1) /
# (e²ˣ + 1) costs a correct engine some 1e-11 of the terms; what is planted in `faults.py` is off by more than 1e-3.
TOLERANCE, FLOOR = 1e-7, 1e-10
BRANCHES = {"relu": (1.0, 0.0, 0.0), "abs": (1.0, 0.0, -1.0)}  # the factor for x > 0, x = 0, x < 0


@dataclass(frozen=True, slots=True)
class Truth:
    """The right numbers, and for each gradient the sum of |products along paths|: what rounding is relative to."""

    values: tuple[float, ...]
    gradients: tuple[tuple[float, ...], ...]  # of each root by itself, in the order of the passes
    scales: tuple[float, ...]

    def expected(self, convention: str) -> tuple[float, ...]:
        """The gradients after all passes: their sum ("accumulate"), or those of the last one ("fresh").

        >>> Truth((), ((1.0,), (2.0,)), (3.0,)).expected("accumulate")
        (3.0,)
        """
        return self.gradients[-1] if convention == "fresh" else tuple(map(sum, zip(*self.gradients, strict=True)))

    def right_values(self, answer: Answer) -> bool:
        """Whether every value is right; not after an error."""
        return not answer.error and all(
            abs(got - right) <= TOLERANCE * max(1.0, abs(right))
            for got, right in zip(answer.values, self.values, strict=True)
        )

    def right_gradients(self, answer: Answer, convention: str) -> bool:
        """Whether the gradient of every input is right; not after an error."""
        pairs = zip(answer.gradients, self.expected(convention), self.scales, strict=True) if not answer.error else ()
        return not answer.error and all(abs(got - right) <= TOLERANCE * scale + FLOOR for got, right, scale in pairs)


def arithmetic() -> Arithmetic:
    """Numbers of 60 digits; ImportError without mpmath."""
    found = high_precision(DIGITS)
    if found is None:
        raise ImportError("grading needs mpmath, which is not installed: pip install mpmath")
    return found


@lru_cache(maxsize=2000)
def truth(program: Program) -> Truth:
    """The right answer for a program.

    >>> from autograd.grading.program import Line, Ref
    >>> truth(Program((3.0, 2.0), (Line("pow", (Ref(0), Ref(1))),))).gradients
    ((6.0, 9.887510598012987),)
    """
    m = arithmetic()
    apply, inputs = _applied(m), [m.lift(x) for x in program.inputs]
    branches: dict[int, float] = {}
    values = program.evaluate(inputs, lambda slot, name, *xs: apply(branches, slot, name, *xs), m.lift)
    step = m.lift(STEP)
    slopes = []
    for i, x in enumerate(inputs):
        up, down = (
            program.evaluate([*inputs[:i], x + side, *inputs[i + 1 :]], lambda *xs: apply(branches, *xs), m.lift)
            for side in (step, -step)
        )
        slopes.append([float((up[root] - down[root]) / (2 * step)) for root in program.roots])
    return Truth(
        tuple(map(float, values)), tuple(zip(*slopes, strict=True)), _scales(program, list(map(float, values)))
    )


def _applied(m: Arithmetic) -> Callable[..., Any]:
    def apply(branches: dict[int, float], slot: int, name: str, *xs: Any) -> Any:
        if name == "sum":
            return sum(xs, m.lift(0.0))
        if name in BRANCHES:
            positive, zero, negative = BRANCHES[name]
            factor = branches.setdefault(slot, positive if xs[0] > 0 else negative if xs[0] < 0 else zero)
            return xs[0] * m.lift(factor)
        if name == "pow" and xs[1] == int(xs[1]):
            return xs[0] ** int(xs[1])
        return m.spelling[name](*xs)

    return apply


def _scales(program: Program, values: Sequence[float]) -> tuple[float, ...]:
    """Σ |products along paths| from the roots to each input."""
    count, total = len(program.inputs), [0.0] * len(values)
    for root in program.roots:
        total[root] += 1.0
    for slot in range(len(values) - 1, count - 1, -1):
        name, operands = program.lines[slot - count]
        numbers = [values[x.slot] if isinstance(x, Ref) else x for x in operands]
        for operand, size in zip(operands, sizes(name, values[slot], numbers), strict=True):
            if isinstance(operand, Ref):
                total[operand.slot] += size * total[slot]
    return tuple(total[:count])


def sizes(name: str, out: float, numbers: Sequence[float]) -> list[float]:
    """|local derivative| for every operand, infinite where there is none."""
    if name == "sum":
        return [1.0] * len(numbers)
    if name == "pow" and numbers[0] <= 0.0:  # a constant exponent
        return [abs(numbers[1] * numbers[0] ** (numbers[1] - 1.0)), 0.0]
    flows = [0.0 if flow is None else abs(float(flow)) for flow in lookup(name).partials_at(out, numbers)]
    return [math.inf if math.isnan(flow) else flow for flow in flows]
