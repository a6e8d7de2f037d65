"""Find the operation that lost the digits: the one at which the relative error jumps, along the largest error."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

from autograd.check.accuracy import UNIT
from autograd.check.tape import Line
from autograd.precision.exact import Exact
from autograd.value import Value

JUMP = 8.0  # three bits at once; accumulated rounding errors give less
NOISE = 4.0 * UNIT  # an error that any row of the table may have


class Culprit(NamedTuple):
    """A node, the relative errors of the operand that matters and of the result, and the row's condition there."""

    node: Value
    error_in: float
    error_out: float
    condition: float


def culprit(exact: Exact, node: Value) -> Culprit | None:
    """The operation that lost the digits of `node`; None where they were lost gradually, or not at all."""
    found = max(_largest_errors(exact, exact.tape.slot[node]), key=_jump, default=None)
    return found if found is not None and _jump(found) >= JUMP else None


def maker(exact: Exact, node: Value) -> Culprit | None:
    """The operation that turned finite operands into the infinity or nan of a node; None where an input was one."""
    slot = exact.tape.slot[node]
    while slot in exact.lines:
        line = exact.lines[slot]
        into = next((i for i in line.slots if i is not None and not math.isfinite(exact.tape.nodes[i].data)), None)
        if into is None:
            return Culprit(line.node, 0.0, math.inf, math.inf) if all(map(math.isfinite, line.operands)) else None
        slot = into
    return None


def _jump(step: Culprit) -> float:
    """The growth of the relative error, capped at 1, where no correct digit is left."""
    return min(step.error_out, 1.0) / min(max(step.error_in, UNIT), 1.0)


def _largest_errors(exact: Exact, slot: int) -> Iterator[Culprit]:
    """From a node up, each time to the operand whose error contributes most, while that is more than noise."""
    while slot in exact.lines and exact.error(slot) > NOISE:
        line = exact.lines[slot]
        partials = exact.partials(line)
        contributions = [_contribution(exact, edge.slot, p) for edge, p in zip(line.edges, partials, strict=True)]
        if not contributions:
            return
        largest = max(range(len(contributions)), key=contributions.__getitem__)
        into = line.edges[largest].slot
        yield Culprit(line.node, exact.error(into), exact.error(slot), _condition(exact, line, partials))
        slot = into


def _contribution(exact: Exact, slot: int, partial: Any) -> Any:
    """|∂out/∂x| times the absolute error of x; infinite where x is infinite or nan and should not be."""
    error, number = exact.error(slot), exact.numbers[slot]
    if not math.isfinite(exact.tape.nodes[slot].data):
        return math.inf if error else 0.0
    if not (exact.arithmetic.is_finite(number) and exact.arithmetic.is_finite(partial)):
        return 0.0
    return abs(partial) * abs(exact.tape.nodes[slot].data - number)


def _condition(exact: Exact, line: Line, partials: list[Any]) -> float:
    out = exact.numbers[line.slot]
    finite = exact.arithmetic.is_finite
    terms = [
        abs(p * exact.numbers[edge.slot])
        for edge, p in zip(line.edges, partials, strict=True)
        if finite(p) and finite(exact.numbers[edge.slot])
    ]
    largest = max(terms, default=0.0)
    if not finite(out) or not out:
        return math.inf if largest else 0.0
    return float(largest / abs(out))
