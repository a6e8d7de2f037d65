"""Nodes that sit exactly on a kink, and the slopes on both sides of it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from autograd.check.arithmetic import UNDEFINED
from autograd.check.differences import OutsideDomainError
from autograd.check.local_partials import curve
from autograd.check.oracle import Oracle
from autograd.check.replayed_number import NotReplayableError
from autograd.check.tape import Edge, Line


class Kink(NamedTuple):
    """A node that sits exactly on a kink: slopes to the left and right of it per operand, and the partial chosen."""

    line: Line
    operand: int
    left: float
    right: float
    chosen: float

    @property
    def between(self) -> bool:
        """Whether the chosen derivative lies between the slopes, as a subgradient does."""
        slack = 1e-9 * max(abs(self.left), abs(self.right))
        return min(self.left, self.right) - slack <= self.chosen <= max(self.left, self.right) + slack


def is_on_kink(line: Line) -> bool:
    """Whether the recorded operands sit exactly on a kink of the primitive."""
    return line.finite and not line.opaque and 0.0 in line.primitive.distances_to_kinks(line.operands)


def kinks_of(line: Line, oracles: Sequence[Oracle]) -> Iterator[Kink]:
    """The one-sided slopes: those of the branches that the neighbouring floats would have chosen."""
    for edge in line.edges:
        left, right = [_slope_beside(line, edge, toward, oracles) for toward in (-math.inf, math.inf)]
        yield Kink(line, edge.operand, left, right, edge.recorded)


def _slope_beside(line: Line, edge: Edge, toward: float, oracles: Sequence[Oracle]) -> float:
    beside = list(line.operands)
    beside[edge.operand] = math.nextafter(beside[edge.operand], toward)
    unit = abs(line.operands[edge.operand]) or 1.0
    for oracle in oracles:
        m = oracle.levels[0]
        try:
            estimate = oracle.estimate(m, curve(m, line, {edge.operand: unit}, beside), abs(line.node.data))
            return float(estimate.slope) / unit
        except (NotReplayableError, OutsideDomainError, *UNDEFINED):
            continue
    return math.nan
