"""Curves of edges: as straight as the boxes beside them allow.

An edge is given as gates, vertical openings that it passes one after the other; the curve follows the shortest path
through them (the funnel of Lee & Preparata 1984), with rounded corners.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from autograd.drawing.layout.geometry import Point

HEAD = 7.0  # pixels, of an arrow
ROUNDING = 1e-6  # of sums of coordinates
CORNER = 8.0  # pixels at the ends of a side where no edge ends: the corners are round
CUT, ARM = 2.5, 40.0  # pixels that a rounded corner may be cut by, and where its curve begins at the earliest


class Gate(NamedTuple):
    """An opening at x from `low` to `high`, and where the edge would be without all others."""

    x: float
    y: float
    low: float
    high: float

    def moved(self, by: Point) -> Gate:
        """The gate in coordinates of the level around."""
        return Gate(self.x + by[0], self.y + by[1], self.low + by[1], self.high + by[1])


def point_gate(point: Point) -> Gate:
    """A gate of one point: an end of the edge.

    >>> point_gate((1.0, 2.0))
    Gate(x=1.0, y=2.0, low=2.0, high=2.0)
    """
    x, y = point
    return Gate(x, y, y, y)


def curve_through(gates: Sequence[Gate], *, arrow: bool) -> list[Point]:
    """The curve from the first gate to the last: a start, then three points per segment, the last one an arrow head.

    >>> curve_through([point_gate((0.0, 0.0)), Gate(6.0, 9.0, -1.0, 9.0), point_gate((12.0, 0.0))], arrow=False)
    [(0.0, 0.0), (4.0, 0.0), (8.0, 0.0), (12.0, 0.0)]
    """
    path = path_through(gates)
    if not arrow:
        return _rounded(path)
    tip, before = path[-1], path[-2]
    share = min(HEAD / (math.dist(before, tip) or 1.0), 0.5)
    end = _between(tip, before, share)
    return [*_rounded([*path[:-1], end]), end, tip, tip]


class Side(NamedTuple):
    """The side of a box where an edge ends: the height of its middle, and the size of the box along and across."""

    middle: float
    depth: float
    height: float

    def towards(self, end: Point, other: Point) -> Point:
        """The point of the side on the way from the middle of the box to another point."""
        share = self.depth / (self.depth + 2 * abs(other[0] - end[0]))
        room = max(self.height / 2 - CORNER, abs(end[1] - self.middle))
        y = end[1] + share * (other[1] - end[1])
        return end[0], min(max(y, self.middle - room), self.middle + room)


def aimed(gates: Sequence[Gate], start: Side, end: Side) -> list[Gate]:
    """The gates, of which the first and last are moved along the sides of the boxes, so that the path is straighter.

    >>> gates = [point_gate((0.0, 0.0)), point_gate((50.0, 60.0))]
    >>> [gate.y for gate in aimed(gates, Side(0.0, 100.0, 80.0), Side(60.0, 100.0, 30.0))]
    [30.0, 53.0]
    """
    path = path_through(gates)
    ends = start.towards(path[0], path[1]), end.towards(path[-1], path[-2])
    return [point_gate(ends[0]), *gates[1:-1], point_gate(ends[1])]


def path_through(gates: Sequence[Gate]) -> list[Point]:
    """The corners of the shortest path through the gates; through their middles if it goes against the ranks.

    >>> path_through([point_gate((0.0, 0.0)), Gate(6.0, 9.0, 3.0, 9.0), point_gate((12.0, 0.0))])
    [(0.0, 0.0), (6.0, 3.0), (12.0, 0.0)]
    """
    start, end = gates[0], gates[-1]
    way = 1.0 if end.x >= start.x else -1.0
    if any(way * (other.x - one.x) <= -ROUNDING for one, other in pairwise(gates)):
        return [(gate.x, gate.y) for gate in gates]
    inner = [gate for gate in gates[1:-1] if ROUNDING < way * (gate.x - start.x) < way * (end.x - start.x) - ROUNDING]
    return _shortest([start, *inner, end], way)


def _shortest(gates: Sequence[Gate], way: float) -> list[Point]:
    """The corners of the shortest path: from each, as far as one can see through the gates."""
    path = [(gates[0].x, gates[0].y)]
    start = 0
    while True:
        x0, y0 = path[-1]
        low = high = start
        steepest, flattest = float("inf"), float("-inf")
        turn = len(gates) - 1
        for i in range(start + 1, len(gates)):
            gate, dx = gates[i], way * (gates[i].x - x0)
            if dx <= 0.0:
                continue
            down, up = (gate.low - y0) / dx, (gate.high - y0) / dx
            if down > steepest or up < flattest:
                turn = high if down > steepest else low
                path.append((gates[turn].x, gates[turn].high if down > steepest else gates[turn].low))
                break
            if up < steepest:
                steepest, high = up, i
            if down > flattest:
                flattest, low = down, i
        else:
            last = (gates[-1].x, gates[-1].y)
            return [*path, last] if path[-1] != last else path + path[-1:]
        start = turn


def _rounded(path: Sequence[Point]) -> list[Point]:
    """Straight lines with rounded corners, as Bézier segments."""
    curve = [path[0]]
    for i in range(1, len(path) - 1):
        before, corner, after = path[i - 1 : i + 2]
        arm = _arm(before, corner, after)
        start = _between(corner, before, arm / (math.dist(before, corner) or 1.0))
        end = _between(corner, after, arm / (math.dist(corner, after) or 1.0))
        curve += [*_line(curve[-1], start), _between(start, corner, 2 / 3), _between(end, corner, 2 / 3), end]
    return curve + _line(curve[-1], path[-1])


def _arm(before: Point, corner: Point, after: Point) -> float:
    """How far from a corner its curve begins: at most half the way to the next, and less where it would cut much."""
    ways = [math.dist(before, corner), math.dist(corner, after)]
    if not all(ways):
        return 0.0
    (ux, uy), (vx, vy) = (
        ((b[0] - a[0]) / way, (b[1] - a[1]) / way)
        for (a, b), way in zip(((before, corner), (corner, after)), ways, strict=True)
    )
    apart = math.dist((ux, uy), (vx, vy))
    return min(min(ways) / 2, ARM, 4 * CUT / apart if apart else ARM)


def _line(start: Point, end: Point) -> list[Point]:
    """The three points of a straight segment after its start."""
    return [_between(start, end, 1 / 3), _between(start, end, 2 / 3), end]


def _between(start: Point, end: Point, share: float) -> Point:
    return start[0] + share * (end[0] - start[0]), start[1] + share * (end[1] - start[1])
