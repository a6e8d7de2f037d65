"""The legend below a picture: what its colours, signs, lines and shapes mean, as far as they are in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from autograd.drawing.scene import SMALL_CELL, Kind, Scene
from autograd.drawing.text import GLYPHS, Sign, cells

SAMPLE, GAP, LINE = 30.0, 16.0, 18.0  # pixels: width of a sample, after a text, height of a line
NARROWEST = 420.0
KINDS: dict[Kind, str] = {
    "leaf": "leaf: no operands",
    "op": "result of an operation",
    "group": "several values",
    "ref": "the same leaf again, or an input that is a plain number",
    "rest": "values that are not shown",
}
BOXES: dict[Sign, str] = {
    "pos": "gradient > 0",
    "neg": "gradient < 0",
    "zero": "gradient 0",
    "mixed": "gradients of both signs",
    "bad": "not finite",
    "none": "no gradient yet",
}
EDGES: dict[Sign, str] = {
    "pos": "contribution > 0",
    "neg": "contribution < 0",
    "zero": "contribution 0",
    "mixed": "contributions of both signs",
    "bad": "contribution not finite",
}
WIDTH = "wider line: larger |local derivative × gradient of the result|"
NUMBER = "0.5 at an arrow: the local derivative ∂result/∂operand; none: 1"


class Entry(NamedTuple):
    """A sample, as SVG from its left end at the middle of the line, and its text."""

    sample: str
    text: str

    @property
    def width(self) -> float:
        """Pixels, with the gap to the next entry."""
        return (SAMPLE if self.sample else 0.0) + cells(self.text) * SMALL_CELL * 1.05 + GAP


def entries(scene: Scene) -> list[Entry]:
    """What is in the scene, in a fixed order.

    >>> from autograd.drawing.scene import Box
    >>> [entry.text for entry in entries(Scene((Box("v0", "leaf", "x"),), ()))]
    ['leaf: no operands', '– no gradient yet']
    """
    kinds = {box.kind for box in scene.boxes}
    signs = {box.sign for box in scene.boxes if box.kind != "rest"}
    lines = {edge.sign for edge in scene.edges}
    found = [Entry(_box(kind, "none"), text) for kind, text in KINDS.items() if kind in kinds]
    found += [Entry(_box("op", sign), f"{GLYPHS[sign]} {text}") for sign, text in BOXES.items() if sign in signs]
    found += [Entry(_line(sign), text) for sign, text in EDGES.items() if sign in lines]
    if lines - {"none"}:
        found.append(Entry("", WIDTH))
    if any(edge.label for edge in scene.edges):
        found.append(Entry("", NUMBER))
    return found


def rows(entries: Sequence[Entry], width: float) -> list[list[Entry]]:
    """The entries in lines of at most this width, if none is wider.

    >>> [[entry.text for entry in row] for row in rows([Entry("", "one"), Entry("", "two"), Entry("", "three")], 80.0)]
    [['one', 'two'], ['three']]
    """
    lines: list[list[Entry]] = [[]]
    for entry in entries:
        if lines[-1] and sum(each.width for each in lines[-1]) + entry.width > width:
            lines.append([])
        lines[-1].append(entry)
    return lines


def placed(lines: Sequence[Sequence[Entry]], left: float, top: float) -> Iterator[tuple[float, float, Entry]]:
    """Each entry with its place: the left end, at the middle of its line."""
    for i, line in enumerate(lines):
        x = left
        for entry in line:
            yield x, top + (i + 0.5) * LINE, entry
            x += entry.width


def _box(kind: Kind, sign: Sign) -> str:
    corner = 5 if kind in ("leaf", "ref", "rest") else 2
    sheet = '<rect x="3" y="-8" width="20" height="12"/>' if kind == "group" else ""
    return f'<g class="box {kind} {sign}">{sheet}<rect x="0" y="-5" width="20" height="12" rx="{corner}"/></g>'


def _line(sign: Sign) -> str:
    return f'<g class="edge {sign}"><path d="M0,1L18,1" stroke-width="1.8"/><polygon points="17,-2.5 17,4.5 24,1"/></g>'
