"""Render a scene and its layout as SVG that is safe to embed: no scripts, no references, no style attributes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence

from autograd.drawing.layout.geometry import Layout, Point, box_frame, halves
from autograd.drawing.layout.routes import HEAD
from autograd.drawing.render.animate import Timeline
from autograd.drawing.render.legend import LINE as LINE_OF_LEGEND
from autograd.drawing.render.legend import NARROWEST, SAMPLE, Entry, entries, placed, rows
from autograd.drawing.render.theme import Theme, stylesheet
from autograd.drawing.scene import CELL, LINE, PADDING, SMALL_CELL, Box, Edge, Row, Scene
from autograd.drawing.text import GLYPHS, cells, clean, markup, shorten

MARGIN = 10.0
HEADING, FOOTING = 24.0, 20.0
TITLE_CELL = 8.5
BASELINE = 4.2  # from the middle of a line down to where its letters stand
ROUNDING = {"leaf": 9, "op": 3, "group": 3, "rest": 9, "ref": 9}
THIN, THICK = 0.9, 3.6
STRAIGHT = 0.05  # pixels: less than the last digit that is written


def render(
    scene: Scene, layout: Layout, timeline: Timeline | None = None, theme: Theme = "auto", *, legend: bool = False
) -> str:
    """The picture as one SVG document, the same bytes for the same scene and layout.

    `<metadata>` names the engine; `<title>` and `<desc>` are for screen readers.
    """
    left, top, right, bottom = layout.bounds(scene)
    wide = max(cells(scene.title) * TITLE_CELL, cells(scene.caption) * SMALL_CELL * 1.05, right - left)
    left -= (wide - (right - left)) / 2 + MARGIN
    top -= MARGIN + (HEADING if scene.title else 0)
    if legend:
        left, wide = left - max(NARROWEST - wide, 0.0) / 2, max(wide, NARROWEST)
    explained = rows(entries(scene), wide) if legend else []
    width, end = wide + 2 * MARGIN, bottom + MARGIN + (FOOTING if scene.caption else 0)
    height = end - top + len(explained) * LINE_OF_LEGEND
    name = _text(scene.title or scene.name)
    timed = timeline.root_class if timeline else ""
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="{f"ag {timed}".strip()}" role="img" aria-label="{name}" '
        f'width="{width:.0f}" height="{height:.0f}" viewBox="{_n(left)} {_n(top)} {_n(width)} {_n(height)}">',
        f"<title>{name}</title><desc>{_text(scene.description)}</desc>",
        f"<metadata>scalar-autograd; layout engine: {_text(layout.engine)}</metadata>",
        f"<style>{stylesheet(theme)}{timeline.stylesheet() if timeline else ''}</style>",
        f'<rect class="bg" x="{_n(left)}" y="{_n(top)}" width="{_n(width)}" height="{_n(height)}" rx="6"/>',
    ]
    middle = left + width / 2
    if scene.title:
        lines.append(_words(middle, top + MARGIN + HEADING / 2, scene.title, "title mid"))
    lines += _frames(layout)
    lines += [_edge(edge, scene, layout, timeline) for edge in scene.edges]
    lines += [
        _label(edge, layout) for edge in scene.edges if edge.id in layout.labels
    ]  # after the lines: none crosses them
    lines += [_box(box, layout, timeline) for box in scene.boxes]
    if scene.caption:
        lines.append(_words(middle, end - MARGIN - FOOTING / 2 + 4, scene.caption, "caption mid"))
    lines += _legend(placed(explained, left + MARGIN, end - MARGIN / 2))
    return "\n".join([*lines, "</svg>"]) + "\n"


def _legend(entries: Iterable[tuple[float, float, Entry]]) -> Iterator[str]:
    for x, y, entry in entries:
        start = SAMPLE if entry.sample else 0.0
        text = f'<text class="caption" x="{_n(start)}" y="{_n(BASELINE)}">{_text(entry.text)}</text>'
        yield f'<g transform="translate({_n(x)} {_n(y)})">{entry.sample}{text}</g>'


def _n(x: float) -> str:
    text = f"{x:.1f}"
    return text[:-2] if text.endswith(".0") else text


def _text(text: str) -> str:
    return markup("\n".join(map(clean, text.split("\n"))))


def _words(x: float, y: float, text: str, classes: str) -> str:
    return f'<text class="{classes}" x="{_n(x)}" y="{_n(y + BASELINE)}">{_text(text)}</text>'


def _frames(layout: Layout) -> Iterator[str]:
    for scope, (left, top, right, bottom) in layout.frames.items():
        name = shorten(clean(scope[-1]), max(3, int((right - left) / CELL)))
        yield (
            f'<g class="scope"><rect x="{_n(left)}" y="{_n(top)}" width="{_n(right - left)}" '
            f'height="{_n(bottom - top)}" rx="6"/>{_words((left + right) / 2, top + 11, name, "mid")}</g>'
        )


def _edge(edge: Edge, scene: Scene, layout: Layout, timeline: Timeline | None) -> str:
    """The edge as a path with its arrow head."""
    line, head = layout.curves[edge.id], ""
    if scene.backward:
        base, line = _backwards(line)
        head = _head(base, line[0], edge.weight)
        line = line[3:]
    elif scene.arrows:  # the last segment of the curve is the head
        line, head = line[:-3], _head(line[-4], line[-1], edge.weight)
    path = _path(line)
    shape = f'<path d="{path}" stroke-width="{_n(THIN + (THICK - THIN) * edge.weight)}"/>{head}'
    if timeline:
        shape = f'<path class="ghost" d="{path}"/><g class="{timeline.edge_class(edge.id)}">{shape}</g>'
    return f'<g id="{edge.id}" class="edge {edge.sign}"><title>{_text(edge.tooltip)}</title>{shape}</g>'


def _path(line: Sequence[Point]) -> str:
    """The curve as SVG writes it; straight pieces are lines, which are shorter to write.

    >>> _path([(0.0, 0.0), (1.0, 0.0), (2.0, 0.0), (3.0, 0.0)])
    'M0,0L3,0'
    """
    path = f"M{_n(line[0][0])},{_n(line[0][1])}"
    for i in range(0, len(line) - 3, 3):
        piece = line[i : i + 4]
        straight = all(_from_line(point, piece[0], piece[3]) < STRAIGHT for point in piece[1:3])
        path += "L" if straight else "C"
        path += " ".join(f"{_n(x)},{_n(y)}" for x, y in (piece[3:] if straight else piece[1:]))
    return path


def _from_line(point: Point, start: Point, end: Point) -> float:
    """How far the point is from the line through the others."""
    across = (end[0] - start[0]) * (point[1] - start[1]) - (end[1] - start[1]) * (point[0] - start[0])
    return abs(across) / (math.dist(start, end) or 1.0)


def _backwards(curve: list[Point]) -> tuple[Point, list[Point]]:
    """Where the head of an arrow at the other end begins, and the curve from its tip on, the head as a segment.

    >>> _backwards([(0.0, 0.0), (8.0, 0.0), (16.0, 0.0), (24.0, 0.0)])[1][-1]
    (24.0, 0.0)
    """
    t = min(0.5, HEAD / (3.0 * math.dist(curve[0], curve[1]) or 1.0))
    tip, rest = halves(curve[:4], t)
    return rest[0], [*tip, *rest[1:], *curve[4:]]


def _label(edge: Edge, layout: Layout) -> str:
    x, y = layout.labels[edge.id]
    return _words(x, y - 1.0 - 2.0 * edge.weight, edge.label, "partial mid")


def _head(base: Point, tip: Point, weight: float) -> str:
    length = math.dist(base, tip) or 1.0
    half = (2.6 + 1.8 * weight) / length
    across = (tip[1] - base[1]) * half, (base[0] - tip[0]) * half
    corners = ((base[0] + across[0], base[1] + across[1]), (base[0] - across[0], base[1] - across[1]), tip)
    return f'<polygon points="{" ".join(f"{_n(x)},{_n(y)}" for x, y in corners)}"/>'


def _box(box: Box, layout: Layout, timeline: Timeline | None) -> str:
    left, top, right, _ = box_frame(layout, box)
    frame = f'x="{_n(left)}" y="{_n(top)}" width="{_n(box.width)}" height="{_n(box.height)}"'
    classes = " ".join(filter(None, ("box", box.kind, box.sign, "focus" if box.focus else "")))
    lines = [f'<g id="{box.id}" class="{classes}"><title>{_text(box.tooltip)}</title>']
    if box.kind == "group":  # a second sheet behind it
        lines.append(f'<rect x="{_n(left + 3)}" y="{_n(top - 3)}" width="{_n(box.width)}" height="{_n(box.height)}"/>')
    rounded = f'{frame} rx="{ROUNDING[box.kind]}"'
    lines.append(f"<rect {rounded}/>")
    if timeline:
        lines.append(f'<rect class="pending {timeline.pending(box.id)}" {rounded}/>')
    y = top + (3 if box.kind in ("ref", "rest") else 7) + LINE / 2
    if box.label or box.head:
        lines += _head_line(box, left, right, y)
        y += LINE
    for row in box.rows:
        if row.caption:
            lines.append(_words(left + PADDING, y, row.caption, "muted"))
        for state, moment in timeline.states(box.id, row) if timeline else [(row, "")]:
            lines += _state(state, left, right, y, moment)
        y += LINE
    if timeline:
        lines += [
            f'<rect class="now {moment}" {frame} rx="{ROUNDING[box.kind]}"/>' for moment in timeline.flashes(box.id)
        ]
    return "".join([*lines, "</g>"])


def _head_line(box: Box, left: float, right: float, y: float) -> Iterator[str]:
    if box.label and box.head:
        yield _words(left + PADDING, y, box.label, "name")
        yield _words(right - PADDING, y, box.head, "muted end")
    else:
        yield _words((left + right) / 2, y, box.label or box.head, "name mid")


def _state(row: Row, left: float, right: float, y: float, moment: str) -> Iterator[str]:
    if row.sign and row.sign != "none":
        yield _words(left + PADDING + (cells(row.caption) + 1) * CELL, y, GLYPHS[row.sign], moment or "glyph")
    x, align = (right - PADDING, "end") if row.caption else ((left + right) / 2, "mid")
    yield _words(x, y, row.text, f"{align} {moment}".strip())
