"""Find the loops of a program: what its critical path repeats, extended to all equations; then those of each body."""

from __future__ import annotations

from bisect import bisect
from dataclasses import replace

from autograd.compiler.loops.build import built
from autograd.compiler.loops.columns import Columns
from autograd.compiler.loops.fit import Extent, extent
from autograd.compiler.loops.loop import Loop, Looped, unrolled
from autograd.compiler.loops.path import Run, critical_paths, runs
from autograd.compiler.program import Equation, Program

TRIPS = 8  # fewer are left as they are
FAILURES = 8  # paths without a loop, until the rest of a program is not looked at
LEVELS = 0.75  # of a program, that may be left with loops

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
    head = replace(program, equations=())
    plain = Looped(head, program.equations)
    if len(program.equations) < 2 * trips:
        return plain
    columns = Columns(len(program.names), program.equations)
    depth = int(columns.levels.max())
    if depth < 2 * trips:
        return plain
    items: list[Equation | Loop] = []
    end = 0
    for found, loop in _loops(columns, program, trips):
        body = find(unrolled(loop.body), trips)
        items += [*program.equations[end : found.start], replace(loop, body=body)]
        end = found.end
    looped = Looped(head, (*items, *program.equations[end:]))
    return looped if items and _levels(looped) <= LEVELS * depth else plain


def _loops(columns: Columns, program: Program, trips: int) -> list[Found]:
    """The loops that do not lie in others, in order."""
    seen = bytearray(len(columns))
    taken: list[tuple[int, int]] = [(-1, 0), (len(columns), len(columns))]
    result: list[Found] = []
    failures, levels = 0, 0.0
    for path in critical_paths(columns, seen, 2 * trips):
        before = len(result)
        for run in runs(columns, path, trips):
            found = _loop(columns, program, run, taken, trips)
            if found is not None:
                start, end = found[0].start, found[0].end
                seen[start:end] = b"\1" * (end - start)
                taken.insert(bisect(taken, (start, end)), (start, end))
                result.append(found)
                levels += run.weight * run.period / (run.end - run.start)  # of the body, as far as the path goes
        failures += len(result) == before
        if levels > LEVELS * int(columns.levels.max()):
            return []
        if failures > FAILURES:
            break
    return sorted(result, key=lambda each: each[0])


def _loop(columns: Columns, program: Program, run: Run, taken: list[tuple[int, int]], trips: int) -> Found | None:
    """The loop around a run, between those that are there already."""
    i = bisect(taken, (run.start, run.end))
    (_, low), (high, _) = taken[i - 1], taken[i]
    if run.start < low or run.end > high:
        return None
    found = extent(columns, run, low, high, trips)
    loop = built(columns, program.names, found) if found else None
    if found is None or loop is None:
        return None
    later = Extent(found.start + found.period, found.trips - 1, found.period)
    other = built(columns, program.names, later) if later.trips >= trips else None
    # Where the first trip looks at other things than the rest, inputs of the body would have to be carried or to move.
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
