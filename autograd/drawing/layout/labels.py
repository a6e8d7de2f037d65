"""Place the labels of edges that the engine did not place: along the curve, without overlaps if possible."""

from __future__ import annotations

from collections.abc import Iterator

from autograd.drawing.layout.geometry import Layout, Point, Rectangle, around, box_frame
from autograd.drawing.scene import SMALL_CELL, SMALL_LINE, Scene
from autograd.drawing.text import cells

TRIES = (0.5, 0.4, 0.6, 0.3, 0.7, 0.2, 0.8)  # fractions of the curve; the first free one is taken
SQUARE = 64.0  # pixels, of the grid that speeds up the search for overlaps
ABOVE = 7.0  # pixels from the line to the middle of the label


def place_labels(layout: Layout, scene: Scene) -> None:
    """Place each label that has no place above its edge, where no box or other label is, if possible."""
    taken = _Taken()
    for box in scene.boxes:
        taken.add(box_frame(layout, box))
    for edge in scene.edges:
        if not edge.label or edge.id in layout.labels:
            continue
        size = (cells(edge.label) * SMALL_CELL, SMALL_LINE)
        places = list(_places(layout.curves[edge.id]))
        free = (place for place in places if not taken.hits(around(place, *size)))
        layout.labels[edge.id] = place = next(free, places[0])
        taken.add(around(place, *size))


class _Taken:
    """Rectangles by the squares of a grid that they touch, so that a search for overlaps looks at few of them."""

    def __init__(self) -> None:
        self.squares: dict[tuple[int, int], list[Rectangle]] = {}

    def add(self, rectangle: Rectangle) -> None:
        for square in _squares(rectangle):
            self.squares.setdefault(square, []).append(rectangle)

    def hits(self, rectangle: Rectangle) -> bool:
        return any(
            _overlap(rectangle, other) for square in _squares(rectangle) for other in self.squares.get(square, ())
        )


def _squares(rectangle: Rectangle) -> Iterator[tuple[int, int]]:
    left, top, right, bottom = (int(x // SQUARE) for x in rectangle)
    return ((x, y) for x in range(left, right + 1) for y in range(top, bottom + 1))


def _places(curve: list[Point]) -> Iterator[Point]:
    """Points above the curve, without its arrow head."""
    pieces = (len(curve) - 4) // 3
    for share in TRIES:
        piece, t = divmod(share * pieces, 1.0)
        x, y = _bezier(curve[3 * int(piece) : 3 * int(piece) + 4], t)
        yield x, y - ABOVE


def _bezier(points: list[Point], t: float) -> Point:
    s = 1.0 - t
    weights = (s * s * s, 3.0 * s * s * t, 3.0 * s * t * t, t * t * t)
    return sum(w * x for w, (x, _) in zip(weights, points, strict=True)), sum(
        w * y for w, (_, y) in zip(weights, points, strict=True)
    )


def _overlap(one: Rectangle, other: Rectangle) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
