"""`Layout`: coordinates in pixels, y downwards, independent of the engine."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, pairwise

from autograd.drawing.scene import SMALL_CELL, SMALL_LINE, Box, Edge, Scene
from autograd.drawing.text import cells

Point = tuple[float, float]
Rectangle = tuple[float, float, float, float]  # left, top, right, bottom


class Layout:
    """Centres of boxes, curves of edges (a start, then three points per Bézier segment), frames of clusters."""

    def __init__(self, engine: str, centres: dict[str, Point], curves: dict[str, list[Point]]) -> None:
        self.engine, self.centres, self.curves = engine, centres, curves
        self.labels: dict[str, Point] = {}
        self.frames: dict[tuple[str, ...], Rectangle] = {}

    def bounds(self, scene: Scene) -> Rectangle:
        """The rectangle that contains the picture."""
        corners = list(_corners(self, scene))
        xs, ys = [x for x, _ in corners], [y for _, y in corners]
        return min(xs), min(ys), max(xs), max(ys)


def halves(curve: list[Point], t: float) -> tuple[list[Point], list[Point]]:
    """A Bézier curve divided at t (de Casteljau).

    >>> halves([(0.0, 0.0), (2.0, 0.0)], 0.5)
    ([(0.0, 0.0), (1.0, 0.0)], [(1.0, 0.0), (2.0, 0.0)])
    """
    rows = [curve]
    while len(rows[-1]) > 1:
        rows.append([(a + t * (c - a), b + t * (d - b)) for (a, b), (c, d) in pairwise(rows[-1])])
    return [row[0] for row in rows], [row[-1] for row in reversed(rows)]


def around(centre: Point, width: float, height: float) -> Rectangle:
    """The rectangle with this centre and size.

    >>> around((10.0, 10.0), 4.0, 2.0)
    (8.0, 9.0, 12.0, 11.0)
    """
    x, y = centre
    return x - width / 2, y - height / 2, x + width / 2, y + height / 2


def box_frame(layout: Layout, box: Box) -> Rectangle:
    """The outline of a box."""
    return around(layout.centres[box.id], box.width, box.height)


def label_frame(layout: Layout, edge: Edge) -> Rectangle:
    """The rectangle of an edge's label."""
    return around(layout.labels[edge.id], cells(edge.label) * SMALL_CELL, SMALL_LINE)


def _corners(layout: Layout, scene: Scene) -> Iterator[Point]:
    boxes = (box_frame(layout, box) for box in scene.boxes)
    labels = (label_frame(layout, edge) for edge in scene.edges if edge.id in layout.labels)
    for left, top, right, bottom in chain(boxes, labels, layout.frames.values()):
        yield left, top
        yield right, bottom
    for curve in layout.curves.values():
        yield from curve
