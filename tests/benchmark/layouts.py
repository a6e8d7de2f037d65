"""``python -m tests.benchmark layout``: figures of our layout beside those of Graphviz, over thirty graphs.

Crossings are pairs of edges without a common box; bends are the turning of all edges, in right angles; label overlaps
are pairs of a label and a box or another label. Lengths are in thousands of pixels, areas in millions.
"""

from __future__ import annotations

import math
import time
import warnings
from itertools import combinations, pairwise
from typing import NamedTuple

from autograd.drawing import Layout, Scene
from autograd.drawing.layout.engines import BUILT_IN, DOT, PURE, find_program, lay_out
from autograd.drawing.layout.geometry import Point, Rectangle, box_frame, label_frame
from tests.benchmark.layout_graphs import GRAPHS, scene_of

NAME = "layout"
PIECES = 8  # straight lines per Bézier segment


class Figures(NamedTuple):
    """The figures of one layout; less is better."""

    crossings: float = 0.0
    bends: float = 0.0
    length: float = 0.0
    overlaps: float = 0.0
    hidden: float = 0.0  # labels without a place
    area: float = 0.0
    seconds: float = 0.0


def run(quick: bool) -> bool:
    """Print the table; False if one of our layouts has a label on something."""
    engines = [BUILT_IN, *[name for name in (DOT, PURE) if find_program(name)]]
    names = list(GRAPHS)[:4] if quick else list(GRAPHS)
    print(f"\nlayout: {len(names)} graphs; {', '.join(Figures._fields)}")
    sums, clean, stopped = {engine: Figures() for engine in engines}, True, set()
    for name in names:
        scene = scene_of(name)
        rows = {engine: measured(scene, engine) for engine in engines}
        for engine, figures in rows.items():
            print(f"  {name:<14}{engine:<14}{_row(figures)}")
        ours = rows[BUILT_IN]
        clean &= ours is not None and not ours.overlaps
        if None in rows.values():
            stopped.add(name)
            continue
        for engine, figures in rows.items():
            sums[engine] = Figures(*map(sum, zip(sums[engine], figures or Figures(), strict=True)))
    for engine, figures in sums.items():
        print(f"  {'sum':<14}{engine:<14}{_row(figures)}")
    if stopped:
        print(f"  not in the sum, since an engine was stopped: {', '.join(sorted(stopped))}")
    return clean


def _row(figures: Figures | None) -> str:
    if figures is None:
        return "stopped after its deadline"
    texts = (
        f"{x:.0f}" if name in ("crossings", "overlaps", "hidden") else f"{x:.2f}"
        for name, x in figures._asdict().items()
    )
    return "".join(f"{text:>9}" for text in texts)


def measured(scene: Scene, engine: str) -> Figures | None:
    """The figures of this engine's layout; None if it did not answer in time."""
    start = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        try:
            layout = lay_out(scene, engine)
        except RuntimeWarning:
            return None
    seconds = time.perf_counter() - start
    lines = {edge.id: polyline(layout.curves[edge.id]) for edge in scene.edges}
    left, top, right, bottom = layout.bounds(scene)
    return Figures(
        crossings(scene, lines),
        sum(turning(line) for line in lines.values()) / (math.pi / 2),
        sum(math.dist(*pair) for line in lines.values() for pair in pairwise(line)) / 1e3,
        overlaps(scene, layout),
        sum(bool(edge.label) and edge.id not in layout.labels for edge in scene.edges),
        (right - left) * (bottom - top) / 1e6,
        seconds,
    )


def polyline(curve: list[Point]) -> list[Point]:
    """Points of the curve, the arrow head included."""
    line = curve[:1]
    for i in range(0, len(curve) - 3, 3):
        (x0, y0), (x1, y1), (x2, y2), (x3, y3) = curve[i : i + 4]
        for k in range(1, PIECES + 1):
            t = k / PIECES
            a, b, c, d = (1 - t) ** 3, 3 * (1 - t) ** 2 * t, 3 * (1 - t) * t * t, t**3
            line.append((a * x0 + b * x1 + c * x2 + d * x3, a * y0 + b * y1 + c * y2 + d * y3))
    return line


def turning(line: list[Point]) -> float:
    """The sum of the angles between successive pieces.

    >>> round(turning([(0.0, 0.0), (1.0, 0.0), (1.0, 1.0)]) / math.pi, 3)
    0.5
    """
    angles = [
        math.atan2(y1 - y0, x1 - x0) for (x0, y0), (x1, y1) in pairwise(line) if math.dist((x0, y0), (x1, y1)) > 1e-6
    ]
    return sum(abs(math.remainder(other - one, math.tau)) for one, other in pairwise(angles))


def crossings(scene: Scene, lines: dict[str, list[Point]]) -> int:
    """Pairs of edges that cross and have no box in common."""
    hulls = {edge: _hull(line) for edge, line in lines.items()}
    pairs = (
        (one.id, other.id)
        for one, other in combinations(scene.edges, 2)
        if not {one.source, one.target} & {other.source, other.target} and _touch(hulls[one.id], hulls[other.id])
    )
    return sum(_meet(lines[one], lines[other]) for one, other in pairs)


def _hull(line: list[Point]) -> Rectangle:
    xs, ys = zip(*line, strict=True)
    return min(xs), min(ys), max(xs), max(ys)


def _touch(one: Rectangle, other: Rectangle) -> bool:
    return one[0] <= other[2] and other[0] <= one[2] and one[1] <= other[3] and other[1] <= one[3]


def _meet(one: list[Point], other: list[Point]) -> bool:
    return any(
        _touch(_hull([a, b]), _hull([c, d]))
        and _side(a, b, c) * _side(a, b, d) < 0
        and _side(c, d, a) * _side(c, d, b) < 0
        for a, b in pairwise(one)
        for c, d in pairwise(other)
    )


def _side(a: Point, b: Point, c: Point) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def overlaps(scene: Scene, layout: Layout) -> int:
    """Pairs of a label and a box, or of two labels, that overlap."""
    boxes = [box_frame(layout, box) for box in scene.boxes]
    labels = [label_frame(layout, edge) for edge in scene.edges if edge.id in layout.labels]
    pairs = [*combinations(labels, 2), *((label, box) for label in labels for box in boxes)]
    return sum(one[0] < o[2] and o[0] < one[2] and one[1] < o[3] and o[1] < one[3] for one, o in pairs)
