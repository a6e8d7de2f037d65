"""`Scene`: boxes, edges and clusters to draw, without coordinates and independent of computation graphs.

A scene can be laid out by any engine and written in any format; `nn` makes scenes of its own.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from autograd.drawing.text import GLYPHS, Sign, cells, shorten

Direction = Literal["LR", "TB", "RL", "BT"]
Kind = Literal["leaf", "op", "group", "rest", "ref"]

# Pixels, with 12-pixel type in the boxes and 10.5 on the edges; common monospaced fonts are 0.55 to 0.602 em wide.
CELL, SMALL_CELL = 7.25, 6.4
LINE, PADDING, SMALL_LINE = 17.0, 9.0, 14.0
SLACK = 0.6  # cells: a glyph borrowed from another font can be wider than its cell


class Row(NamedTuple):
    """A line of a box: a caption and a text, with the glyph of `sign` between the two."""

    caption: str
    text: str
    sign: Sign | None = None

    @property
    def cells(self) -> int:
        """The columns that it needs, including the glyph."""
        return cells(self.caption) + cells(self.text) + (1 if self.caption else 0) + (3 if self.sign else 0)


class Box(NamedTuple):
    """One box: name and operation in the head, numbers below; `scope` are its clusters, outermost first.

    >>> box = Box("v0", "op", name="d", head="×", rows=(Row("data", "−6"), Row("grad", "1", "pos")), sign="pos")
    >>> box.width, box.height
    (87.6, 65.0)
    """

    id: str
    kind: Kind
    name: str = ""
    head: str = ""
    rows: tuple[Row, ...] = ()
    sign: Sign = "none"
    tooltip: str = ""
    scope: tuple[str, ...] = ()
    room: float = 0.0  # pixels: minimum width, for a text that is set later
    focus: bool = False  # drawn with a heavy border

    @property
    def label(self) -> str:
        """The name, shortened to fit into a box."""
        return shorten(self.name)

    @property
    def width(self) -> float:
        """Pixels: the longest line, or `room` if that is more."""
        head = cells(self.label) + cells(self.head) + (2 if self.label and self.head else 0)
        longest = max([head, *[row.cells for row in self.rows]])
        return max(round(longest * CELL + SLACK * CELL + 2 * PADDING, 1), self.room)

    @property
    def height(self) -> float:
        """Pixels: one line for the head, one for each row."""
        return LINE * (len(self.rows) + bool(self.label or self.head)) + (6.0 if self.kind in ("ref", "rest") else 14.0)

    @property
    def lines(self) -> list[str]:
        """The box as plain text."""
        glyphs = [GLYPHS[row.sign] if row.sign and row.sign != "none" else "" for row in self.rows]
        rows = [(row.caption, glyph, row.text) for row, glyph in zip(self.rows, glyphs, strict=True)]
        return [f"{self.label}  {self.head}".strip(), *(" ".join(filter(None, row)) for row in rows)]


class Edge(NamedTuple):
    """An arrow from the box of an operand to that of the result.

    `sign` is that of the contribution, 'none' before the pass; `weight` in [0, 1] is its size relative to the largest.
    """

    id: str
    source: str
    target: str
    label: str = ""
    sign: Sign = "none"
    weight: float = 0.0
    tooltip: str = ""


class Scene(NamedTuple):
    """The contents of one picture."""

    boxes: tuple[Box, ...]
    edges: tuple[Edge, ...]
    rankdir: Direction = "LR"
    title: str = ""  # drawn above
    caption: str = ""  # drawn below
    name: str = "Computation graph"  # for screen readers, as is the description
    description: str = ""
    arrows: bool = True
    backward: bool = False  # arrow heads at the operands: a film of the backward pass


class Cluster:
    """The contents of one scope: boxes, and inner clusters."""

    def __init__(self, scope: tuple[str, ...] = ()) -> None:
        self.scope = scope
        self.boxes: list[Box] = []
        self.clusters: dict[str, Cluster] = {}


def clusters(scene: Scene) -> Cluster:
    """The boxes as a tree of clusters, in the order of the scene.

    >>> tree = clusters(Scene((Box("v0", "leaf", scope=("layer 1",)), Box("v1", "leaf")), ()))
    >>> [box.id for box in tree.boxes], list(tree.clusters)
    (['v1'], ['layer 1'])
    """
    root = Cluster()
    for box in scene.boxes:
        cluster = root
        for depth, name in enumerate(box.scope, start=1):
            cluster = cluster.clusters.setdefault(name, Cluster(box.scope[:depth]))
        cluster.boxes.append(box)
    return root
