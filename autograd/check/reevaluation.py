"""Call f again at other points, where the recorded graph must be the same function.

Both are compared as graphs: the one that was recorded at x, replayed with 60 digits at x + h d, and the one that f
records there. On the same branch they agree to the last of those digits, unless a number left the graph: it is a
constant in the first, and another constant in the second. Rounding errors play no part in it. Where every step changes
the branch, as at a kink, the derivatives on both sides are looked at instead.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from autograd.check.arithmetic import UNDEFINED, Arithmetic
from autograd.check.backward_passes import as_float
from autograd.check.detached_numbers import Departure, numbers_by_place
from autograd.check.function_calls import SAME, Calls, Visit, random_states
from autograd.check.local_partials import signed
from autograd.check.replayed_number import NotReplayableError
from autograd.check.subject import Again
from autograd.check.tape import Tape
from autograd.value import Value

STEPS = (2.0**-4, 2.0**-10, 2.0**-17, 2.0**-24)  # in units of the inputs
AGREES, LOST, CHANGED, NOTHING = "agrees", "lost", "changed", "nothing"
PLACES = 16  # of which it is tried one by one whether the result depends on what left there


class Fault(NamedTuple):
    """A fault of f: a title, the departures that cause it, and the numbers that show it."""

    title: str
    departures: tuple[Departure, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()


class Probe(NamedTuple):
    """What was found in one direction, and a visit there: the first that is lost, the nearest on another branch."""

    state: str
    direction: list[float]
    first: Visit | None
    fault: Fault | None = None


class Sides(NamedTuple):
    """Points on both sides of a point that is alone on its branch, and the direction to them."""

    plus: Visit
    minus: Visit
    direction: list[float]
    chosen: bool  # by a comparison, not by a kink of a primitive


class Reevaluation(Calls):
    """Whether f is the function that was recorded."""

    def __init__(self, again: Again, tape: Tape, leaves: Sequence[Value], detached: str) -> None:
        super().__init__(again, tape, leaves, detached)
        self.sides: Sides | None = None  # found by `fault`, where the point has its branch for itself

    # --- is the graph's function f? -----------------------------------------------------------------------------------

    def fault(self) -> Fault | None:
        """What is wrong, or None: the same function, or nothing that could be compared.

        What was lost is missing on both sides. Where one side agrees, the other may be another branch, chosen by plain
        floats, of which no comparison of Values tells.
        """
        for direction in self._directions():
            probes = []
            for sign in (1.0, -1.0):
                probes.append(self._along([sign * step for step in direction]))
                if probes[-1].fault is not None or (probes[-1].state == AGREES and len(probes) == 1):
                    return probes[-1].fault
            states = {probe.state for probe in probes}
            if AGREES in states or states == {LOST, CHANGED}:
                return next(filter(None, map(self._lost_beside, probes)), None)
            lost = [probe.first for probe in probes if probe.state == LOST and probe.first is not None]
            if lost and self.here is not None:
                return self._left(self.here, lost[0])
            if states == {CHANGED}:
                return self._between(*probes)
        return None

    def _directions(self) -> list[list[float]]:
        """All inputs; and those in the graph, since others may be indices."""
        rng = random.Random(0)
        every = [unit * signed(rng) for unit in self.units]
        used = [step if slot is not None else 0.0 for step, slot in zip(every, self.slots, strict=True)]
        return [every, used] if used != every and any(used) else [every]

    def _along(self, direction: list[float]) -> Probe:
        """What smaller and smaller steps tell, up to the first at which f agrees."""
        differing: list[tuple[float, Visit]] = []
        changed: list[Visit] = []
        for h in STEPS:
            there = self.beside(direction, h)
            if there is None:
                continue
            if self._agrees(self.tape, self.slots, there):
                return Probe(AGREES, direction, there, self._rounded(direction, *differing[0]) if differing else None)
            if (unsteady := self.unsteady()) is not None:
                return Probe(LOST, direction, there, unsteady)
            if self.here is None or there.branch != self.here.branch:
                changed.append(there)
            else:
                differing.append((h, there))
        if differing:
            return Probe(LOST, direction, differing[0][1])
        return Probe(CHANGED, direction, changed[-1]) if changed else Probe(NOTHING, direction, None)

    def _agrees(self, tape: Tape, slots: Sequence[int | None], there: Visit) -> bool:
        expected = self._expected(tape, slots, there)
        if expected is None:
            return False
        bound = there.tolerance + SAME * abs(as_float(expected))
        return bool(abs(there.tape.holding(tape).base(self.m)[-1] - expected) <= bound)

    def _expected(self, tape: Tape, slots: Sequence[int | None], there: Visit) -> Any:
        """What a graph gives at another point; None where it gives nothing."""
        pairs = zip(slots, there.numbers, strict=True)
        try:
            found = function_at(self.m, tape, {slot: self.m.lift(x) for slot, x in pairs if slot is not None})
        except (NotReplayableError, *UNDEFINED):
            return None
        return found if self.m.is_finite(found) else None

    def _rounded(self, direction: list[float], h: float, there: Visit) -> Fault | None:
        """A number that leaves with few digits: wide steps differ, in proportion and on both sides; small ones do not.

        A branch that f chooses by plain floats is on one side, or of another size.
        """
        if self.here is None:
            return None
        gaps = []
        for step in (h, h / 2.0, -h, -h / 2.0):
            visit = self.beside(direction, step)
            if visit is None or visit.branch != self.here.branch:
                return None
            expected = self._expected(self.tape, self.slots, visit)
            if expected is None:
                return None
            gaps.append(as_float(visit.tape.holding(self.tape).base(self.m)[-1] - expected))
        in_proportion = all(narrow and 1.4 <= wide / narrow <= 2.8 for wide, narrow in (gaps[:2], gaps[2:]))
        return self._left(self.here, there) if in_proportion else None

    # --- what it is that differs --------------------------------------------------------------------------------------

    def unsteady(self) -> Fault | None:
        """f gives another value at the same point: it is random, or reads what changes."""
        here, recorded = self.here, self.tape.nodes[-1].data
        if here is None or here.value == recorded:
            return None
        facts = (("first call", repr(recorded)), ("second call", repr(here.value)))
        if self._repeats_with_the_same_random_numbers():
            remedy = ("instead", "draw the numbers outside of f, or seed the generator in f")
            return Fault("f is random: it draws other numbers in each call", (), (*facts, remedy))
        remedy = ("instead", "make f depend on its arguments alone")
        title = "f reads state that changes between calls (a counter, a running mean, a generator of its own)"
        return Fault(title, (), (*facts, remedy))

    def _repeats_with_the_same_random_numbers(self) -> bool:
        resets = random_states()
        values = []
        for _ in range(2):
            visit = self.visit(self.at, None)
            values.append(None if visit is None else visit.value)
            for reset in resets:
                reset()
        return values[0] == values[1]

    def _left(self, here: Visit, there: Visit) -> Fault:
        """The places at which numbers left that the result depends on."""
        slots = here.slots
        expected = self._expected(here.tape, slots, there)
        facts = (
            ("called at", ", ".join(map(repr, there.numbers[:8])) + (", …" if len(there.numbers) > 8 else "")),
            ("the graph has", repr(as_float(expected)) if expected is not None else "no value"),
            ("f gives", repr(as_float(there.exact))),
        )
        guilty = self._guilty(here, there)
        if guilty:
            return Fault("a number leaves the graph, and the result depends on it", tuple(guilty), facts)
        return Fault("the recorded graph is not f: f depends on its arguments in a way that no Value shows", (), facts)

    def _guilty(self, here: Visit, there: Visit) -> list[Departure]:
        """What f's value depends on there or, as at a tie, on the opposite side of where it was recorded."""
        opposite = self.visit([x + x - y for x, y in zip(here.numbers, there.numbers, strict=True)], self.held)
        for visit in (there, opposite):
            if visit is not None and (found := self._changing(here, visit)):
                return found
        return [each for each in here.departures if each.how == "a copy"][:1]

    def _changing(self, here: Visit, there: Visit) -> list[Departure]:
        """The places of which f's value is another one if what left there is held as it was."""
        found = []
        for place, numbers in [*numbers_by_place(here.departures).items()][:PLACES]:
            visit = self.visit(there.numbers, {**(self.held or {}), place: numbers})
            if visit is None or abs(visit.exact - there.exact) > visit.tolerance + there.tolerance:
                found.append(next(each for each in here.departures if each.place == place))
        return found

    # --- a branch that is taken at this point alone -------------------------------------------------------------------

    def _between(self, plus: Probe, minus: Probe) -> Fault | None:
        """The same question about two points to one side; whether f's derivatives agree is asked later, of `sides`."""
        if (lost := self._lost_beside(plus) or self._lost_beside(minus)) is not None:
            return lost
        if self.here is not None and plus.first is not None and minus.first is not None:
            chosen = any(
                probe.first.branch.differs_by_choice(self.here.branch) for probe in (plus, minus) if probe.first
            )
            self.sides = Sides(plus.first, minus.first, plus.direction, chosen)
        return None

    def _lost_beside(self, probe: Probe) -> Fault | None:
        """What left the graph that f records at a point nearby, seen from one further away."""
        near, further = [self.beside(probe.direction, k * STEPS[-1]) for k in (1.0, 2.0)]
        if near is None or further is None or further.branch != near.branch:
            return None
        return None if self._agrees(near.tape, near.slots, further) else self._left(near, further)


def function_at(m: Arithmetic, tape: Tape, moved: Mapping[int, Any]) -> Any:
    """The graph's value with some leaves' numbers replaced."""
    return tape.computed(m, moved)[-1]
