"""The critical path of a program, and where it repeats.

Each equation waits for one operand longest. Followed back from the deepest equation, these form the critical path: one
equation for each level. What it repeats, it repeats one after the other, so it finds loops over time and never what is
parallel, however many neurons or samples are written out in between.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from autograd.compiler.loops.columns import Columns, Ints

Hashes = NDArray[np.uint64]
_MIXERS = tuple(np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0xFF51AFD7ED558CCD], np.uint64))


class Run(NamedTuple):
    """Numbers of equations, from `start` to before `end`, that may repeat with a period; the path covers `weight`."""

    start: int
    end: int
    period: int
    weight: int


def critical_path(columns: Columns, start: int, end: int) -> Ints:
    """The numbers of the equations of the critical path within start … end − 1, in order.

    >>> from autograd.compiler.program import Equation
    >>> from autograd.rules import add, neg
    >>> critical_path(Columns(1, [Equation(neg, (0,)), Equation(neg, (1,)), Equation(add, (2, 1))]), 0, 3)
    array([0, 1, 2])
    """
    path = []
    waits_for, first = columns.waits_for, columns.first
    i = start + int(np.argmax(columns.levels[start:end]))
    while i >= start:
        path.append(i)
        i = waits_for[i] - first
    return np.array(path[::-1], np.int64)


def runs(columns: Columns, path: Ints, trips: int) -> list[Run]:
    """Where the path repeats with the same rows at the same distances, at least `trips` times; longest first.

    Windows of w = 1, 2, 4, … equations of the path are hashed. Where a window comes again at most w further on, the
    path has that period; all periods up to w show at w. O(L log² L) for a path of length L.
    """
    steps = np.diff(path, prepend=path[:1] - 1)
    hashes = _mixed(_mixed(columns.rows[path].astype(np.uint64), columns.arity[path].astype(np.uint64)), steps)
    width, found = 1, list[Run]()
    while len(hashes) > width and not any(2 * run.weight > len(path) for run in found):
        for start, end, period in _stretches(_gaps(hashes), width, trips):
            distance = int(path[start + period] - path[start])
            found.append(Run(int(path[start]), int(path[end - 1]) + 1, distance, end - start))
        hashes = _mixed(hashes[:-width], hashes[width:])
        width *= 2
    return sorted(set(found), key=lambda run: -run.weight)


def _mixed(left: Hashes, right: NDArray[np.integer]) -> Hashes:
    """Hashes of pairs. A collision costs time only: what is found is compared."""
    mixed = (left ^ (left >> np.uint64(29))) * _MIXERS[0] + right.astype(np.uint64) * _MIXERS[1]
    found: Hashes = (mixed ^ (mixed >> np.uint64(32))) * _MIXERS[2]
    return found


def _gaps(hashes: Hashes) -> Ints:
    """For each position how far back the same hash is, 0 if nowhere."""
    order = np.argsort(hashes, kind="stable")
    equal = np.flatnonzero(hashes[order[1:]] == hashes[order[:-1]])
    gaps = np.zeros(len(hashes), np.int64)
    gaps[order[equal + 1]] = order[equal + 1] - order[equal]
    return gaps


def _stretches(gaps: Ints, width: int, trips: int) -> Iterator[tuple[int, int, int]]:
    """(start, end, period) for each stretch of equal gaps that are at most `width`, if it is `trips` periods long."""
    ends = np.append(np.flatnonzero(np.diff(gaps)) + 1, len(gaps))
    starts = np.append(0, ends[:-1])
    periods = gaps[starts]
    starts, ends = starts - periods, ends + width - 1
    long = (periods > 0) & (periods <= width) & (ends - starts >= trips * periods)
    yield from zip(starts[long].tolist(), ends[long].tolist(), periods[long].tolist(), strict=True)
