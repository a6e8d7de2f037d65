"""Fold a layout that is much longer than high into rows, as a snake: every other row runs backwards.

So a loop of a hundred steps is a page, not one row of many thousand pixels. Rows are cut where few edges pass, never
through a box or a frame.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from autograd.drawing.layout.geometry import Point, halves

PAGE, SHAPE = 1400.0, 1400.0 / 900.0  # pixels along a page, and its length by its height
ROW_GAP, TURN, LANE = 44.0, 36.0, 6.0  # pixels between rows, and how far an edge swings out, more for each
MOST_CUT = 8  # edges between two rows
ROUNDING = 1e-6  # of sums of coordinates
ROOM = 20.0  # pixels, of a gap between boxes that can be cut
EARLY, LATE = 0.6, 1.25  # shares of the intended length at which a row may end


class Placed(NamedTuple):
    """Sizes and centres of boxes, opposite corners of frames, and curves, along the flow and across it."""

    sizes: dict[str, Point]
    centres: dict[str, Point]
    frames: dict[tuple[str, ...], tuple[Point, Point]]
    curves: dict[str, list[Point]]


def folded(placed: Placed) -> Placed:
    """The layout in rows, or as it is if it fits a page, or nearly, or cannot be cut.

    >>> folded(Placed({"a": (9.0, 9.0)}, {"a": (0.0, 0.0)}, {}, {})).centres
    {'a': (0.0, 0.0)}
    """
    extents = list(_extents(placed))
    start, end = min(low[0] for low, _ in extents), max(high[0] for _, high in extents)
    height = max(high[1] for _, high in extents) - min(low[1] for low, _ in extents)
    rows = round(math.sqrt((end - start) / (height + ROW_GAP) / SHAPE))
    if end - start <= PAGE or rows < 2 or any(_turns_back(curve) for curve in placed.curves.values()):
        return placed
    cuts = _cuts(placed, start, end, max((end - start) / rows, PAGE * EARLY))
    return _Snake(placed, [start, *cuts, end]).placed() if cuts else placed


def _extents(placed: Placed) -> Iterator[tuple[Point, Point]]:
    for box, (x, y) in placed.centres.items():
        width, height = placed.sizes[box]
        yield (x - width / 2, y - height / 2), (x + width / 2, y + height / 2)
    yield from placed.frames.values()


def _turns_back(curve: list[Point]) -> bool:
    return any(other[0] < one[0] - ROUNDING for one, other in pairwise(curve))


def _cuts(placed: Placed, start: float, end: float, length: float) -> list[float]:
    """Where rows end: near the intended length, where the fewest edges pass; [] if too many pass everywhere."""
    gaps: list[float] = []
    reached = start
    for low, high in sorted((low[0], high[0]) for low, high in _extents(placed)):
        if low - reached >= ROOM:
            gaps.append((reached + low) / 2)
        reached = max(reached, high)
    starts, ends = (sorted(curve[i][0] for curve in placed.curves.values()) for i in (0, -1))
    cuts: list[float] = []
    row = start
    while end - row > LATE * length:
        near = [gap for gap in gaps if EARLY * length <= gap - row <= LATE * length]
        passing = {gap: bisect_left(starts, gap) - bisect_left(ends, gap) for gap in near}
        near = [gap for gap in near if passing[gap] <= MOST_CUT]
        if not near:
            return []
        row = min(near, key=lambda gap: (passing[gap], abs(gap - row - length)))
        cuts.append(row)
    return cuts


class _Snake:
    """Rows between the ends, one below the other."""

    def __init__(self, placed: Placed, ends: list[float]) -> None:
        self.old, self.ends = placed, ends
        self.starts = [0.0]  # a row starts where the one before ends
        for row, (low, high) in enumerate(pairwise(ends)):
            self.starts.append(self.starts[-1] + (low - high if row % 2 else high - low))
        count = len(ends) - 1
        self.pieces = {edge: list(self._split(curve)) for edge, curve in placed.curves.items()}
        lows, highs = [math.inf] * count, [-math.inf] * count
        spans = [(self.row(low[0]), low[1], high[1]) for low, high in _extents(placed)]
        spans += [(row, y, y) for pieces in self.pieces.values() for row, piece in pieces for _, y in piece]
        for row, low, high in spans:
            lows[row], highs[row] = min(lows[row], low), max(highs[row], high)
        tops = [0.0]
        for low, high in zip(lows, highs, strict=True):
            tops.append(tops[-1] + high - low + ROW_GAP)
        self.moves = [top - low for top, low in zip(tops, lows, strict=False)]

    def row(self, x: float) -> int:
        return min(max(bisect_left(self.ends, x) - 1, 0), len(self.ends) - 2)

    def move(self, point: Point, row: int) -> Point:
        x = point[0] - self.ends[row]
        return self.starts[row] + (-x if row % 2 else x), point[1] + self.moves[row]

    def _split(self, curve: list[Point]) -> Iterator[tuple[int, list[Point]]]:
        """The pieces of a curve by row."""
        row, piece = self.row(curve[0][0]), curve[:1]
        for i in range(0, len(curve) - 3, 3):
            rest = curve[i : i + 4]
            while row < len(self.ends) - 2 and rest[3][0] > self.ends[row + 1]:
                first, rest = _parted(rest, self.ends[row + 1])
                yield row, [*piece, *first[1:]]
                row, piece = row + 1, rest[:1]
            piece = [*piece, *rest[1:]]
        yield row, piece

    def placed(self) -> Placed:
        """The boxes, frames and curves at their new places."""
        centres = {box: self.move(place, self.row(place[0])) for box, place in self.old.centres.items()}
        frames = {}
        for scope, corners in self.old.frames.items():
            row = self.row((corners[0][0] + corners[1][0]) / 2)
            (x0, y0), (x1, y1) = (self.move(corner, row) for corner in corners)
            frames[scope] = (min(x0, x1), y0), (max(x0, x1), y1)
        turns: dict[int, int] = {}
        return Placed(self.old.sizes, centres, frames, {edge: self._curve(edge, turns) for edge in self.old.curves})

    def _curve(self, edge: str, turns: dict[int, int]) -> list[Point]:
        curve: list[Point] = []
        for row, piece in self.pieces[edge]:
            moved = [self.move(point, row) for point in piece]
            if curve:
                turns[row] = turns.get(row, -1) + 1
                swing = TURN + LANE * turns[row]
                side = max(curve[-1][0], moved[0][0]) + swing if row % 2 else min(curve[-1][0], moved[0][0]) - swing
                curve += [(side, curve[-1][1]), (side, moved[0][1]), moved[0]]
                moved = moved[1:]
            curve += moved
        return curve


def _parted(curve: list[Point], x: float) -> tuple[list[Point], list[Point]]:
    """A Bézier curve in two at this x (de Casteljau); x must not decrease along it."""
    low, high = 0.0, 1.0
    for _ in range(50):  # halves: to the last digits
        t = (low + high) / 2
        first, second = halves(curve, t)
        low, high = (t, high) if first[3][0] < x else (low, t)
    return first, second
