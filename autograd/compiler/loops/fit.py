"""From where to where the equations of a program repeat with a given period, and whether that is a loop.

An equation i and the one a period p later belong together if they have the same row, and each of their operands either

    moves along    by p places: it is computed in the loop, in the same trip or a few before
    stays outside  both look at constants, or at places before the loop: an invariant or moving operand

Only in the first trip may one stay outside and the next move along: what is carried begins there.
"""

from __future__ import annotations

from typing import NamedTuple

from autograd._numpy import np
from autograd.compiler.columns import CONSTANT, Columns, Flags, Ints
from autograd.compiler.loops.path import Run

BACK = 4  # trips: what was computed longer ago is not carried along
TRANSIENT = 2  # trips at the beginning that may stay before the loop, since they compute what later ones have already


class Extent(NamedTuple):
    """Equations `start` to before `start + trips * period`."""

    start: int
    trips: int
    period: int

    @property
    def end(self) -> int:
        """The first equation after it."""
        return self.start + self.trips * self.period


def extent(columns: Columns, run: Run, low: int, high: int, trips: int) -> Extent | None:
    """The longest loop around a run within equations low … high − 1; None if there are less than `trips`."""
    start, end = _same_rows(columns, run, low, high)
    # Rows may repeat further to the front, in a loop of their own; then only the neighbourhood of the run is looked at.
    nearer = [max(start, run.start - more * run.period) for more in (TRANSIENT, 0)]
    for first in dict.fromkeys((start, *nearer)):
        found = _fitting(columns, first, end, run, trips)
        if found is not None and found.start <= (run.start + run.end) // 2 < found.end:
            return found
    return None


def _fitting(columns: Columns, start: int, end: int, run: Run, trips: int) -> Extent | None:
    if end - start < trips * run.period:
        return None
    bounds = _Pairs(columns, start, end, run.period).start_and_end(start, end)
    if bounds is None:
        return None
    start, end = bounds
    if (end - start) // run.period < trips:
        return None
    start = _with_least_carried(columns, start, end, run.period, trips)
    return Extent(start, (end - start) // run.period, run.period)


def _same_rows(columns: Columns, run: Run, low: int, high: int) -> tuple[int, int]:
    """The longest stretch of equations with the rows of those a period later, where the run is, and beyond it."""
    period = run.period
    inside = columns.repeats(run.start, max(run.end - period, run.start), period)
    bounds = np.concatenate([[-1], np.flatnonzero(~inside), [len(inside)]])
    longest = int(np.argmax(np.diff(bounds)))
    start, end = run.start + int(bounds[longest]) + 1, run.start + int(bounds[longest + 1])
    return _reach(columns, run, start, low, -1), _reach(columns, run, end, high - period, 1) + period


def _reach(columns: Columns, run: Run, place: int, limit: int, way: int) -> int:
    """How far equations go on repeating from a place; looks at no more than a few times what it finds.

    To the front a little further than operands allow: in the first trips some may differ.
    """
    period, size = run.period, run.period
    while (limit - place) * way > 0:
        other = min(place + size, limit) if way > 0 else max(place - size, limit)
        low, high = sorted((place, other))
        wrong = np.flatnonzero(~columns.repeats(low, high, period))
        if len(wrong):
            low, high = (low, low + int(wrong[0])) if way > 0 else (low + int(wrong[-1]) + 1, high)
        strange = _strangers(columns, run, low, high)
        if len(strange) and way > 0:
            return int(strange[0])
        if len(strange):
            high = int(strange[-1])
            low = max(limit, high - TRANSIENT * period)
            wrong = np.flatnonzero(~columns.repeats(low, high, period))
            return low + int(wrong[-1]) + 1 if len(wrong) else low
        if len(wrong):
            return high if way > 0 else low
        place, size = other, 2 * size
    return place


def _strangers(columns: Columns, run: Run, start: int, end: int) -> Ints:
    """Equations with an operand that cannot be that of the one a period later in a loop about where the run is."""
    starts, first, period = columns.starts, columns.first, run.period
    lanes = slice(int(starts[start]), int(starts[end]))
    shift = int(starts[start + period] - starts[start])
    here, there = columns.places[lanes], columns.places[lanes.start + shift : lanes.stop + shift]
    apart = there - here
    late = np.maximum(here, there) - first >= run.start - TRANSIENT * period
    owner = np.repeat(np.arange(start, end), columns.arity[start:end])
    found: Ints = owner[(apart != period) & (apart != 0) & late]
    return found


class _Pairs:
    """The operands of equations and those a period later, where they do not move along; as numbers of equations."""

    def __init__(self, columns: Columns, start: int, end: int, period: int) -> None:
        starts, first = columns.starts, columns.first
        lanes = slice(int(starts[start]), int(starts[end - period]))
        shift = int(starts[start + period] - starts[start])
        here = columns.places[lanes]
        there = columns.places[lanes.start + shift : lanes.stop + shift]
        owner = np.repeat(np.arange(start, end - period), columns.arity[start : end - period])
        along = (there - here == period) & (here != CONSTANT)
        along &= owner - (here - first) <= BACK * period
        self.period = period
        self.owner, self.here, self.there = owner[~along], here[~along] - first, there[~along] - first
        self.latest = np.maximum(self.here, self.there)

    def start_and_end(self, start: int, end: int) -> tuple[int, int] | None:
        """Where the loop can begin, moved up as little as needed, and where it has to end; None if nowhere."""
        period = self.period
        limit = start + TRANSIENT * period
        for _ in range(2 * TRANSIENT + 2):
            begin = start
            late = (self.owner >= start + period) & (self.latest >= start) & (self.latest < limit)
            start = max(start, _most(self.latest[late]) + 1, _most(self.owner[self._not_carried(start)]) + 1)
            if start == begin:
                wrong = (self.owner >= start + period) & (self.latest >= start)
                return start, min(end, int(self.owner[wrong].min()) + period) if wrong.any() else end
        return None

    def _not_carried(self, start: int) -> Flags:
        """Operands of the first trip that no carried number can begin with: of that trip itself, now or later."""
        first = (self.owner >= start) & (self.owner < start + self.period)
        flags: Flags = first & ((self.here >= start) | (self.there - self.period >= start))
        return flags


def _most(numbers: Ints) -> int:
    return int(numbers.max()) if len(numbers) else -1


def _with_least_carried(columns: Columns, start: int, end: int, period: int, trips: int) -> int:
    """The start, moved up by less than a period to where the fewest numbers are carried from trip to trip.

    That may cost one trip, which then stays in front of the loop.
    """
    carried = _carried(columns, start, end, period)
    spare = (end - start) % period
    if (end - start) // period <= trips:
        carried = carried[: spare + 1]
    order = np.lexsort((np.arange(len(carried)), np.arange(len(carried)) > spare, carried))
    return start + int(order[0])


def _carried(columns: Columns, start: int, end: int, period: int) -> Ints:
    """For each equation of the period, how many numbers are computed before it and used from it on."""
    starts, first = columns.starts, columns.first
    last = end - period
    places = columns.places[starts[last] : starts[end]] - first
    owner = np.repeat(np.arange(last, end), columns.arity[last:end])
    inside = places >= start
    used = np.zeros(period, np.int64)  # how far from each equation the last use is
    np.maximum.at(used, (places[inside] - start) % period, owner[inside] - places[inside])
    whole, rest = np.divmod(used, period)
    ends = np.arange(period) + rest
    changes = np.zeros(2 * period + 1, np.int64)
    changes[1 : period + 1] += rest > 0
    np.subtract.at(changes, ends[rest > 0] + 1, 1)
    counts = np.cumsum(changes)
    found: Ints = counts[:period] + counts[period : 2 * period] + whole.sum()
    return found
