"""The branch of a recorded graph: its primitives, the choices it made, and the side of each kink."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from autograd.check.tape import Line, Tape

Numbers = Sequence[float]


class Branch(NamedTuple):
    """Two graphs of one function with equal branches are the same formula."""

    shape: tuple[str, ...]  # the primitives in order
    choices: tuple[Any, ...]
    kinks: tuple[Any, ...]

    def differs_by_choice(self, other: Branch) -> bool:
        """Whether the choices differ; otherwise the graphs differ in the side of a kink, if at all."""
        return self[:2] != other[:2]


def branch_of(tape: Tape, outcomes: Sequence[bool]) -> Branch:
    """The branch of a graph; `outcomes` are the results of comparisons while it was recorded."""
    shape = tuple([line.primitive.name for line in tape.lines])
    chosen = [(i, choice(line)) for i, line in enumerate(tape.lines) if (choice := CHOICES.get(line.primitive.name))]
    kinks = [_side(line) for line in tape.lines if not line.opaque]
    return Branch(shape, (*outcomes, *chosen), tuple(kinks))


def _side(line: Line) -> Any:
    """The side of every kink, jump, tip and cut of a primitive."""
    side = SIDES.get(line.primitive.name)
    sides = [(d > 0.0) - (d < 0.0) for d in line.primitive.distances_to_kinks(line.operands)]
    return (*sides, side(line) if side else None)


def _data(line: Line) -> float:
    return line.node.data


def _turns(line: Line) -> float:
    """For `mod` and `fmod`: the multiple of the divisor that was subtracted."""
    x, y = line.operands
    turns = (x - line.node.data) / y if y else math.nan
    return round(turns) if math.isfinite(turns) else math.inf


def _half_plane(line: Line) -> tuple[bool, bool]:
    """For `atan2`: the side of the branch cut along the negative axis, and whether the point is the origin."""
    y, x = line.operands
    return x < 0.0 and math.copysign(1.0, y) < 0.0, any(line.operands)


def _power_of_zero(line: Line) -> int | None:
    """For `pow`: the sign of the exponent of 0, on which it jumps from ∞ to 1 to 0; None for another base."""
    x, y = line.operands
    return (y > 0.0) - (y < 0.0) if x == 0.0 else None


# Choices by the author of f, and by the primitives.
CHOICES: Mapping[str, Callable[[Line], Any]] = {
    "greater": _data,
    "at_least": _data,
    "equal": _data,
    "where": lambda line: bool(line.operands[0]),
    "pick": lambda line: line.operands[0],
}
SIDES: Mapping[str, Callable[[Line], Any]] = {
    "floor": _data,
    "ceil": _data,
    "round": _data,
    "largest": lambda line: tuple([x == line.node.data for x in line.operands]),
    "mod": _turns,
    "fmod": _turns,
    "atan2": _half_plane,
    "hypot": lambda line: any(line.operands),
    "pow": _power_of_zero,
    "xlogy": lambda line: line.operands[0] == 0.0 >= line.operands[1],
}
