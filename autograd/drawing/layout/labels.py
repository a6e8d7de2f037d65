"""Place the labels of edges that the engine did not place: beside the curve, where nothing else is."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

from autograd.drawing.layout.geometry import Layout, Point, Rectangle, around, box_frame
from autograd.drawing.scene import CELL, SMALL_CELL, SMALL_LINE, Edge, Scene
from autograd.drawing.text import cells

# Fractions of the curve, in the order in which they are tried.
SHARES = (0.5, 0.43, 0.57, 0.36, 0.64, 0.29, 0.71, 0.22, 0.78, 0.15, 0.85, 0.08, 0.92)
# Pixels from the line to the middle of the label: above, below, and farther away.
SIDES = (-7.0, 8.0, -14.0, 15.0, -21.0, 22.0)
SQUARE = 64.0  # pixels, of the grid that speeds up the search for overlaps
STEP, MOST = 12.0, 40  # pixels between the points of a curve that a label should not hide; the most in a segment
MANY = 300  # edges; of more, labels may hide lines: to look at each point of each would take quadratic time
SHEET = 3.0  # pixels that the second sheet of a collapsed box stands out
BORDER = 2.0  # pixels around the line of a frame
NAME = 20.0  # pixels on top of a frame


def place_labels(layout: Layout, scene: Scene) -> None:
    """Place each label that has no place, where no box, frame or other label is, and as few other edges as possible.

    Without such a place it is left out: the tooltip of the edge has the number too.
    """
    taken, lines = _Grid(), _Grid()
    for box in scene.boxes:
        left, top, right, bottom = box_frame(layout, box)
        taken.add((left - SHEET, top - SHEET, right + SHEET, bottom))
    for scope, frame in layout.frames.items():
        for border in _borders(frame, scope[-1]):
            taken.add(border)
    curves = {edge.id: list(_points(layout.curves[edge.id])) for edge in scene.edges}
    for points in curves.values() if len(curves) <= MANY else ():
        for x, y in points:
            lines.squares.setdefault((int(x // SQUARE), int(y // SQUARE)), []).append((x, y, x, y))
    for edge in scene.edges:
        if edge.label and edge.id in layout.labels:
            taken.add(around(layout.labels[edge.id], *_size(edge)))
    for edge in scene.edges:
        if edge.label and edge.id not in layout.labels:
            place = _best(edge, curves[edge.id], taken, lines)
            if place:
                layout.labels[edge.id] = place
                taken.add(around(place, *_size(edge)))


def _size(edge: Edge) -> Point:
    return cells(edge.label) * SMALL_CELL, SMALL_LINE


def _best(edge: Edge, points: Sequence[Point], taken: _Grid, lines: _Grid) -> Point | None:
    """The free place that hides the fewest edges, the first of these; None if there is none."""
    best, fewest = None, math.inf
    for side in SIDES:
        for share in SHARES:
            x, y = points[int(share * (len(points) - 1))]
            frame = around((x, y + side), *_size(edge))
            if taken.count(frame):
                continue
            hidden = lines.count(frame)
            if hidden < fewest:
                best, fewest = (x, y + side), hidden
            if not hidden:
                return best
    return best


def _borders(frame: Rectangle, name: str) -> Iterator[Rectangle]:
    """The lines of a frame, and its name."""
    left, top, right, bottom = frame
    for x in (left, right):
        yield x - BORDER, top, x + BORDER, bottom
    for y in (top, bottom):
        yield left, y - BORDER, right, y + BORDER
    yield around(((left + right) / 2, top + NAME / 2), min(cells(name) * CELL, right - left), NAME)


class _Grid:
    """Rectangles by the squares of a grid that they touch, so that a search for overlaps looks at few of them."""

    def __init__(self) -> None:
        self.squares: dict[tuple[int, int], list[Rectangle]] = {}

    def add(self, rectangle: Rectangle) -> None:
        for square in _squares(rectangle):
            self.squares.setdefault(square, []).append(rectangle)

    def count(self, rectangle: Rectangle) -> int:
        """How many there are on this rectangle; one can count several times."""
        return sum(
            _overlap(rectangle, other) for square in _squares(rectangle) for other in self.squares.get(square, ())
        )


def _squares(rectangle: Rectangle) -> Iterator[tuple[int, int]]:
    left, top, right, bottom = (int(x // SQUARE) for x in rectangle)
    return ((x, y) for x in range(left, right + 1) for y in range(top, bottom + 1))


def _points(curve: list[Point]) -> Iterator[Point]:
    """Points of the curve, about evenly spaced, without its arrow head."""
    yield curve[0]
    for i in range(0, len(curve) - 6, 3):
        piece = curve[i : i + 4]
        count = min(max(1, math.ceil(sum(math.dist(*pair) for pair in pairwise(piece)) / STEP)), MOST)
        yield from (_bezier(piece, k / count) for k in range(1, count + 1))


def _bezier(points: list[Point], t: float) -> Point:
    (x0, y0), (x1, y1), (x2, y2), (x3, y3) = points
    s = 1.0 - t
    a, b, c, d = s * s * s, 3.0 * s * s * t, 3.0 * s * t * t, t * t * t
    return a * x0 + b * x1 + c * x2 + d * x3, a * y0 + b * y1 + c * y2 + d * y3


def _overlap(one: Rectangle, other: Rectangle) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
