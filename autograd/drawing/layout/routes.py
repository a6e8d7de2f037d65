"""Curves of edges: as straight as the boxes beside them allow.

An edge is given as gates, vertical openings that it passes one after the other; the curve follows the shortest path
through them (the funnel of Lee & Preparata 1984), and is smooth.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from autograd.drawing.layout.geometry import Point

HEAD = 7.0  # pixels, of an arrow
ROUNDING = 1e-6  # of sums of coordinates
EASE, STEEPEST = 0.7, 1.0  # the slope at a box: a share of that of the way, at most 45 degrees


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
    tip = gates[-1]
    before = next((gate for gate in reversed(gates) if abs(gate.x - tip.x) > ROUNDING), gates[0])
    way = 1.0 if tip.x >= before.x else -1.0
    end = (tip.x - way * HEAD, tip.y) if arrow else (tip.x, tip.y)
    if all(way * (other.x - one.x) > -ROUNDING for one, other in pairwise(gates)):
        between = [gate for gate in gates[1:-1] if _between(gates[0].x, gate.x, end[0])]
        gates = [gates[0], *between, point_gate(end)]
        path = _shortest(gates, way)
    else:  # against the order of ranks
        path = [(gate.x, gate.y) for gate in gates]
    curve = _smooth(path)
    return [*curve, end, (tip.x, tip.y), (tip.x, tip.y)] if arrow else curve


def _between(start: float, x: float, end: float) -> bool:
    return min(start, end) + ROUNDING < x < max(start, end) - ROUNDING


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


def _smooth(path: Sequence[Point]) -> list[Point]:
    """A curve through the points: at both ends less steep than the way to the next, in between along both ways."""
    ways = [(y1 - y0) / (x1 - x0) if abs(x1 - x0) > ROUNDING else 0.0 for (x0, y0), (x1, y1) in pairwise(path)]
    ends = [max(-STEEPEST, min(STEEPEST, EASE * way)) for way in (ways[0], ways[-1])]
    slopes = [ends[0], *[_slope(*pair) for pair in pairwise(ways)], ends[1]]
    curve = [path[0]]
    for ((x0, y0), (x1, y1)), (start, end) in zip(pairwise(path), pairwise(slopes), strict=True):
        third = (x1 - x0) / 3.0
        curve += [(x0 + third, y0 + start * third), (x1 - third, y1 - end * third), (x1, y1)]
    return curve


def _slope(one: float, other: float) -> float:
    """Level at a peak, so that the curve does not swing past it; otherwise that of the flatter side."""
    return 0.0 if one * other <= 0.0 else min(one, other, key=abs)
