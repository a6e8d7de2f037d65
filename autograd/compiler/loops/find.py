"""Find the loops of a program: what its critical path repeats, extended to all equations; then those of each body."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Sequence
from dataclasses import replace

from autograd._numpy import np
from autograd.compiler.columns import Columns, Ints
from autograd.compiler.loops.build import built
from autograd.compiler.loops.fit import Extent, extent
from autograd.compiler.loops.loop import Loop, Looped, unrolled
from autograd.compiler.loops.path import Run, critical_paths, runs
from autograd.compiler.program import Equation, Program

TRIPS = 8  # fewer are left as they are
FAILURES = 8  # paths without a loop, until the rest of a program is not looked at
LEVELS = 0.75  # of a program, that may be left with loops
TAKEN = 2  # of equations in loops, among those that are seen

Found = tuple[Extent, Loop]


def find(program: Program, trips: int = TRIPS) -> Looped:
    """The program with its loops of at least `trips` trips, nested where bodies have some: `unrolled` gives it back.

    >>> from autograd.compiler.loops.printing import printed
    >>> from autograd.rules import mul, sin
    >>> equations = [Equation(*each) for i in range(1, 21, 2) for each in ((mul, (0, i)), (sin, (i + 1,)))]
    >>> print(printed(find(Program(("w", "x"), tuple(equations), (), (21,)))))
    program(w, x):
        x_ = x
        for i in range(10):
            t2 = mul(w, x_)
            t3 = sin(t2)
            x_ = t3
        return x_

    What is parallel stays as it is, and so does everything if there would be no fewer levels, those of all bodies
    counted: a hundred samples that go through ten trips each, one after the other, are thirty steps for `vector`, and a
    hundred loops. Sums are better flattened before (see `reassociate.sums`): a sum that is added up term by term is a
    loop otherwise. O(N log N) at worst.
    """
    return looped(program, trips) or Looped(replace(program, equations=()), tuple(program.equations))


def looped(program: Program, trips: int = TRIPS) -> Looped | None:
    """The same; None where it has no loops."""
    if len(program.equations) < 2 * trips:
        return None
    columns = Columns.of(len(program.names), program.equations)
    depth = int(columns.levels.max())
    if depth < 2 * trips:
        return None
    items: list[Equation | Loop] = []
    end = 0
    for found, loop in _loops(columns, program, trips):
        body = find(unrolled(loop.body), trips)
        items += [*program.equations[end : found.start], replace(loop, body=body)]
        end = found.end
    if not items:
        return None
    made = Looped(replace(program, equations=()), (*items, *program.equations[end:]))
    return made if _levels(made) <= LEVELS * depth else None


def _loops(columns: Columns, program: Program, trips: int) -> list[Found]:
    """The loops that do not lie in others, in order; none if their bodies have too many levels together."""
    search = _Search(columns, program.names, trips)
    failures = 0
    for path in critical_paths(columns, search.seen, 2 * trips):
        failures += not search.along(path)
        if search.levels > LEVELS * int(columns.levels.max()):
            return []
        if failures > FAILURES:
            break
    return sorted(search.found, key=lambda each: each[0])


class _Search:
    """The loops that have been found, and what they have taken."""

    def __init__(self, columns: Columns, names: Sequence[str], trips: int) -> None:
        self.columns, self.names, self.trips = columns, names, trips
        self.seen = bytearray(len(columns))
        self.found: list[Found] = []
        self.levels = 0.0  # of all bodies, as far as paths go
        self._taken = [(-1, 0), (len(columns), len(columns))]

    def along(self, path: Ints) -> bool:
        """Whether there are loops on a path; what is left of it is looked at again, since long ones hide others."""
        before = len(self.found)
        waiting = [path]
        while waiting:
            path = waiting.pop()
            if len(path) >= 2 * self.trips:
                begin = len(self.found)
                for run in runs(self.columns, path, self.trips):
                    self._add(run)
                if len(self.found) > begin:
                    left = np.frombuffer(self.seen, np.uint8)[path] != TAKEN
                    pieces = np.split(path, np.flatnonzero(np.diff(left)) + 1)
                    waiting += [piece for piece in pieces if self.seen[int(piece[0])] != TAKEN]
        return len(self.found) > before

    def _add(self, run: Run) -> None:
        """The loop around a run, between those that are there already."""
        i = bisect(self._taken, (run.start, run.end))
        (_, low), (high, _) = self._taken[i - 1], self._taken[i]
        found = self._loop(run, low, high) if low <= run.start and run.end <= high else None
        if found is not None:
            start, end = found[0].start, found[0].end
            self.seen[start:end] = bytes([TAKEN]) * (end - start)
            self._taken.insert(bisect(self._taken, (start, end)), (start, end))
            self.found.append(found)
            self.levels += run.weight * run.period / (run.end - run.start)

    def _loop(self, run: Run, low: int, high: int) -> Found | None:
        found = extent(self.columns, run, low, high, self.trips)
        loop = built(self.columns, self.names, found) if found else None
        if found is None or loop is None:
            return None
        later = Extent(found.start + found.period, found.trips - 1, found.period)
        other = built(self.columns, self.names, later) if later.trips >= self.trips else None
        # Where the first trip looks at other things than the rest, inputs would have to be carried or to move.
        if other is not None and len(other.body.names) < len(loop.body.names):
            return later, other
        return found, loop


def _levels(looped: Looped) -> int:
    """The length of the longest chain of items, and the levels of all bodies."""
    levels: dict[int, int] = {}
    for place, item in looped.placed():
        below = 0
        for atom in item.atoms() if type(item) is Loop else item.operands:
            if type(atom) is int:
                start = looped.loop_at(atom)
                below = max(below, levels.get(atom if start is None else start, 0))
        levels[place] = below + 1
    return max(levels.values(), default=0) + sum([_levels(loop.body) for loop in looped.loops.values()])
