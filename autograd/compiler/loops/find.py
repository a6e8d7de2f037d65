"""Find the loops of a program: what its critical path repeats, extended to all equations; then those of each body."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from autograd.compiler.loops.build import built
from autograd.compiler.loops.columns import Columns
from autograd.compiler.loops.fit import Extent, extent
from autograd.compiler.loops.loop import Loop, Looped
from autograd.compiler.loops.path import critical_path, runs
from autograd.compiler.program import Equation, Program

TRIPS = 8  # fewer are left as they are
ROUNDS = 8  # how often what lies between loops is looked at again


def find(program: Program, trips: int = TRIPS) -> Looped:
    """The program with its loops of at least `trips` trips, nested where bodies have some: `unrolled` gives it back.

    >>> from autograd.rules import mul, sin
    >>> equations = [Equation(*each) for i in range(1, 21, 2) for each in ((mul, (0, i)), (sin, (i + 1,)))]
    >>> print(find(Program(("w", "x"), tuple(equations), (), (21,))))
    program(w, x):
        for i in range(10), x = x:
            t2 = mul(w, x)
            t3 = sin(t2)
            x = t3
        return t21

    What is written out in parallel stays as it is. Sums are better flattened before (see `reassociate.sums`): a sum
    that is added up term by term is a loop otherwise. O(N log N) at worst.
    """
    head = replace(program, equations=())
    if len(program.equations) < 2 * trips:
        return Looped(head, program.equations)
    columns = Columns(len(program.names), program.equations)
    if len(columns) and int(columns.levels.max()) < trips:
        return Looped(head, program.equations)
    items: list[Equation | Loop] = []
    end = 0
    for found, loop in sorted(_loops(columns, program, trips), key=lambda each: each[0]):
        body = find(replace(loop.body.head, equations=loop.body.items), trips)  # type: ignore[arg-type]
        items += [*program.equations[end : found.start], replace(loop, body=body)]
        end = found.end
    return Looped(head, (*items, *program.equations[end:]))


def _loops(columns: Columns, program: Program, trips: int) -> Iterator[tuple[Extent, Loop]]:
    """The loops that do not lie in others, in no order."""
    waiting = [(0, len(columns))]
    for _ in range(ROUNDS):
        rest = []
        for low, high in waiting:
            taken: list[Extent] = []
            for found, loop in _in_segment(columns, program, low, high, trips):
                taken.append(found)
                yield found, loop
            if taken:
                ends = [low, *[each for found in sorted(taken) for each in (found.start, found.end)], high]
                rest += [(a, b) for a, b in zip(ends[::2], ends[1::2], strict=True) if b - a >= 2 * trips]
        waiting = rest


def _in_segment(
    columns: Columns, program: Program, low: int, high: int, trips: int
) -> Iterator[tuple[Extent, Loop]]:
    """The loops on the critical path within equations low … high − 1."""
    taken = np.zeros(high - low, bool)
    for run in runs(columns, critical_path(columns, low, high), trips):
        if not taken[run.start - low : run.end - low].any():
            found = extent(columns, run, low, high, trips)
            if found is not None and not taken[found.start - low : found.end - low].any():
                loop = built(columns, program.names, found)
                if loop is not None:
                    taken[found.start - low : found.end - low] = True
                    yield found, loop
