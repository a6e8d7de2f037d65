"""Compare every number of a graph with the exact one, from a replay with as many digits as needed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from autograd.check.accuracy import relative_error
from autograd.check.arithmetic import DIGITS, Arithmetic, high_precision
from autograd.check.tape import Line, Tape
from autograd.value import Value

SETTLED = 1e-20  # two replays that agree to this, relatively, know more than a float can say


class Exact:
    """A graph with some nodes of interest, replayed: the exact number and the relative error of every node."""

    def __init__(self, tape: Tape, wanted: Sequence[Value]) -> None:
        self.tape = tape
        self.lines = {line.slot: line for line in tape.lines}
        self.arithmetic, self.settled = _settled(tape, [tape.slot[node] for node in wanted])
        self.numbers = tape.base(self.arithmetic)
        self.unknown = tuple(dict.fromkeys(self.lines[slot].primitive.name for slot in sorted(tape.held)))

    def number(self, node: Value) -> Any:
        """The exact number of a node; None where there is none, or where the replays do not settle it."""
        slot = self.tape.slot[node]
        known = self.arithmetic.is_finite(self.numbers[slot]) and self.settled.get(slot, True)
        return self.numbers[slot] if known else None

    def error(self, slot: int) -> float:
        """The relative error of a node: 0 where nothing is known, inf for an infinity or nan instead of a number.

        That is so also where the number is too large for a float: what is computed from it might not be.
        """
        exact, got = self.numbers[slot], self.tape.nodes[slot].data
        if not self.arithmetic.is_finite(exact):
            return 0.0
        return relative_error(got, exact) if math.isfinite(got) else math.inf

    def partials(self, line: Line) -> list[Any]:
        """The exact local derivatives of a node, in the order of its edges."""
        return self.tape.partials(self.arithmetic, line)


def _settled(tape: Tape, slots: Sequence[int]) -> tuple[Arithmetic, dict[int, bool]]:
    """The arithmetic with the fewest digits that agrees with one that has half of them; and what did not settle."""
    levels = [level for digits in DIGITS if (level := high_precision(digits)) is not None]
    if not levels:
        raise ImportError("digits are counted with mpmath, which is not installed: pip install mpmath")
    agreed: dict[int, bool] = {}
    for coarse, fine in pairwise(levels):
        pairs = {slot: (tape.base(coarse)[slot], tape.base(fine)[slot]) for slot in slots}
        agreed = {slot: _agree(coarse, fine, x, y) for slot, (x, y) in pairs.items()}
        if all(agreed.values()):
            break
    return fine, agreed


def _agree(coarse: Arithmetic, fine: Arithmetic, x: Any, y: Any) -> bool:
    if not (coarse.is_finite(x) and fine.is_finite(y)):
        return coarse.is_finite(x) == fine.is_finite(y)
    return bool(abs(y.context.convert(x) - y) <= SETTLED * abs(y))
