"""The critical path of a program, and where it repeats.

Each equation waits for one operand longest. Followed back from the deepest equation, these form the critical path: one
equation for each level. What it repeats, it repeats one after the other, so it finds loops over time and never what is
parallel, however many neurons or samples are written out in between.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from autograd._numpy import np
from autograd.compiler.columns import Columns, Ints
from autograd.compiler.hashes import Hashes, mixed

PROBE = 1024  # equations in the middle of a long path, which are looked at first


class Run(NamedTuple):
    """Numbers of equations, from `start` to before `end`, that may repeat with a period; the path covers `weight`."""

    start: int
    end: int
    period: int
    weight: int


def critical_paths(columns: Columns, seen: bytearray, least: int) -> Iterator[Ints]:
    """The critical path, then that of what is deepest among the rest, and so on: numbers of equations, in order.

    Each ends where one that is `seen` begins; who iterates may mark more of them. Paths and levels of less than `least`
    equations are left out.

    >>> from autograd.compiler.program import Equation
    >>> from autograd.rules import add, neg
    >>> columns = Columns.of(1, [Equation(*each) for each in ((neg, (0,)), (neg, (0,)), (neg, (2,)), (add, (3, 1)))])
    >>> [path.tolist() for path in critical_paths(columns, bytearray(4), 1)]
    [[1, 2, 3], [0]]
    """
    levels, waits_for, first = columns.levels, columns.waits_for, columns.first
    flags = np.frombuffer(seen, np.uint8)
    deepest = [int(np.argmax(levels))] if len(columns) else []
    while deepest:
        for start in deepest:
            nodes, i = list[int](), start
            add = nodes.append
            while i >= 0 and not seen[i]:
                add(i)
                i = waits_for[i] - first
            if len(nodes) >= least:
                path = np.array(nodes[::-1], np.int64)
                flags[path] = 1
                yield path
            else:
                for i in nodes:
                    seen[i] = 1
        rest = np.flatnonzero((flags == 0) & (levels >= least))
        deepest = rest[np.argsort(-levels[rest], kind="stable")].tolist()


def runs(columns: Columns, path: Ints, trips: int) -> list[Run]:
    """Where the path repeats with the same rows at the same distances, at least `trips` times; longest first.

    O(L log² L) for a path of length L at worst; O(L) where one loop is most of it.
    """
    steps = np.diff(path, prepend=path[:1] - 1)
    hashes = mixed(mixed(columns.rows[path].astype(np.uint64), columns.arity[path].astype(np.uint64)), steps)
    stretches = _around_the_middle(hashes, trips) or _stretches(hashes, trips)
    found = [
        Run(int(path[start]), int(path[end - 1]) + 1, int(path[start + period] - path[start]), end - start)
        for start, end, period in stretches
    ]
    return sorted(set(found), key=lambda run: -run.weight)


Stretch = tuple[int, int, int]
"""(start, end, period) of a part of the path."""


def _around_the_middle(hashes: Hashes, trips: int) -> list[Stretch]:
    """The stretch that is most of the path, if there is one of a short period; nothing else needs to be sorted then."""
    middle, half = len(hashes) // 2, PROBE // 2
    if len(hashes) < 4 * PROBE:
        return []
    near = _stretches(hashes[middle - half : middle + half], trips)
    for period in dict.fromkeys([period for start, end, period in near if end - start > half]):
        wrong = np.flatnonzero(hashes[period:] != hashes[:-period])
        i = int(np.searchsorted(wrong, middle))
        start = int(wrong[i - 1]) + 1 if i else 0
        end = int(wrong[i]) + period if i < len(wrong) else len(hashes)
        if 2 * (end - start) > len(hashes):
            return [(start, end, period)]
    return []


def _stretches(hashes: Hashes, trips: int) -> list[Stretch]:
    """All of them, until one is most of the path.

    Windows of w = 1, 2, 4, … are hashed. Where a window comes again at most w further on, there is that period; all
    periods up to w show at w.
    """
    count, width, found = len(hashes), 1, list[Stretch]()
    while len(hashes) > width and not any(2 * (end - start) > count for start, end, _ in found):
        found += _at_width(_gaps(hashes), width, trips)
        hashes = mixed(hashes[:-width], hashes[width:])
        width *= 2
    return found


def _gaps(hashes: Hashes) -> Ints:
    """For each position how far back the same hash is, 0 if nowhere."""
    order = np.argsort(hashes, kind="stable")
    equal = np.flatnonzero(hashes[order[1:]] == hashes[order[:-1]])
    gaps = np.zeros(len(hashes), np.int64)
    gaps[order[equal + 1]] = order[equal + 1] - order[equal]
    return gaps


def _at_width(gaps: Ints, width: int, trips: int) -> Iterator[Stretch]:
    """(start, end, period) for each stretch of equal gaps that are at most `width`, if it is `trips` periods long."""
    ends = np.append(np.flatnonzero(np.diff(gaps)) + 1, len(gaps))
    starts = np.append(0, ends[:-1])
    periods = gaps[starts]
    starts, ends = starts - periods, ends + width - 1
    long = (periods > 0) & (periods <= width) & (ends - starts >= trips * periods)
    yield from zip(starts[long].tolist(), ends[long].tolist(), periods[long].tolist(), strict=True)
