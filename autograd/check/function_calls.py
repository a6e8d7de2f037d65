"""Call f again at other points: its value, the graph it records, and the numbers that leave the graph."""

from __future__ import annotations

import math
import random
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import cached_property
from typing import Any, NamedTuple

from autograd.check.arithmetic import Arithmetic, floats, high_precision
from autograd.check.backward_passes import as_float, condition
from autograd.check.branches import Branch, branch_of
from autograd.check.detached_numbers import Departure, Departures, Place, numbers_by_place
from autograd.check.differences import ROUND_OFF
from autograd.check.richardson import WIDEST, Slope, slope_of
from autograd.check.subject import Again
from autograd.check.tape import Tape
from autograd.value import Value

SMALLEST_UNIT = 1e-290
SAME = 1e-30  # tolerance between two 60-digit replays of one function, relative to the condition of the graph
FLOATS = 64.0 * ROUND_OFF  # the same for parts computed in floats
Held = Mapping[Place, Sequence[float]]


class Visit(NamedTuple):
    """f called at a point: its value, the graph it recorded there, and what left it meanwhile."""

    numbers: list[float]
    value: float
    tape: Tape
    slots: list[int | None]  # of the inputs, in the tape
    exact: Any
    tolerance: float
    branch: Branch
    departures: list[Departure]


class Calls:
    """f, to be called again; `tape` and `leaves` are what it recorded first."""

    def __init__(self, again: Again, tape: Tape, leaves: Sequence[Value], detached: str) -> None:
        self.again, self.tape = again, tape
        self.at = [leaf.data for leaf in leaves]
        self.slots = [tape.slot.get(leaf) for leaf in leaves]
        self.m: Arithmetic = high_precision(60) or floats()
        self.units = [max(abs(x), SMALLEST_UNIT) if x else 1.0 for x in self.at]
        self.allowed = detached == "allow"

    @cached_property
    def here(self) -> Visit | None:
        """f called again at the recorded point; only done when there is a difference to explain."""
        return self.visit(self.at, None)

    @cached_property
    def held(self) -> Held | None:
        """The numbers to hold fixed in every call."""
        return numbers_by_place(self.here.departures) if self.allowed and self.here else None

    def visit(self, numbers: list[float], held: Held | None) -> Visit | None:
        """Call f; None where it has no finite value, or raises."""
        observer = Departures(held)
        with ExitStack() as stack:
            try:
                recording = observer.run(stack.enter_context, self.again(numbers))
                tape = Tape(recording.root)
                exact = tape.base(self.m)[-1]
                size = _size(self.m, tape, exact)
            except Exception:  # whatever f raises where it was not asked to be called
                return None
            if not (math.isfinite(recording.root._data) and self.m.is_finite(exact) and math.isfinite(size)):
                return None
            slots = [tape.slot.get(leaf) for leaf in recording.leaves]
            branch = branch_of(tape, observer.outcomes)
            return Visit(list(numbers), recording.root._data, tape, slots, exact, size, branch, observer.departures)

    def value(self, numbers: list[float]) -> float:
        """f's value at other numbers; nan where it has none."""
        with ExitStack() as stack:
            try:
                recording = Departures(self.held).run(stack.enter_context, self.again(numbers))
            except Exception:  # whatever f raises where it was not asked to be called
                return math.nan
            number: float = recording.root._data
            return number

    def slope(self, direction: Sequence[float], widest: float = WIDEST) -> Slope | None:
        """The derivative of f itself along a direction."""

        def curve(t: float) -> float:
            return self.value([x + t * step for x, step in zip(self.at, direction, strict=True)])

        return slope_of(curve, widest)

    def beside(self, direction: Sequence[float], h: float) -> Visit | None:
        """f called at x + h d."""
        return self.visit([x + h * step for x, step in zip(self.at, direction, strict=True)], self.held)


def _size(m: Arithmetic, tape: Tape, exact: Any) -> float:
    """The tolerance between two evaluations of the same graph."""
    sizes = condition(tape)
    total = abs(as_float(exact)) + sum([sizes[slot] * abs(tape.nodes[slot].data) for slot in tape.leaves])
    in_floats = tape.lines if m.digits < 20 else [line for line in tape.lines if line.slot in tape.held]
    rounded = 0.0
    for line in in_floats:
        moved = sum([abs(edge.recorded * line.operands[edge.operand]) for edge in line.edges])
        rounded += sizes[line.slot] * (abs(line.node.data) + len(line.edges) * moved)
    return SAME * total + FLOATS * rounded


def random_states() -> list[Callable[[], object]]:
    """Functions that reset the global generators of `random` and, if imported, NumPy to their present state."""
    state = random.getstate()
    resets: list[Callable[[], object]] = [lambda: random.setstate(state)]
    numpy_random = sys.modules.get("numpy.random")
    if numpy_random is not None:
        numpy_state = numpy_random.get_state()
        resets.append(lambda: numpy_random.set_state(numpy_state))
    return resets
