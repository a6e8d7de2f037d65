"""The picture of a replay: as `draw` after the pass, with room for the numbers of every moment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from autograd.debugging.walk import Walk
from autograd.drawing.build import GraphView, build, describe
from autograd.drawing.collapse import Depth, divide, nearest
from autograd.drawing.drawing import Drawing
from autograd.drawing.modules import membership
from autograd.drawing.references import with_references
from autograd.drawing.scene import CELL, PADDING, Box, Scene
from autograd.drawing.text import cells, number
from autograd.io.plural import counted
from autograd.value import Value

SHOW = ("data", "grad", "partials")
CAPTION_AND_GLYPH = 8  # cells: "grad", a space, the glyph and its room
INTERVAL = 23  # cells: two numbers of four digits with an exponent, and " … "


@dataclass(frozen=True)
class Picture:
    """The drawing, and the ids in it of nodes and uses (node, slot) of parents; `collapsed`: nodes share boxes."""

    drawing: Drawing
    box_of: Mapping[Any, str]
    edge_of: Mapping[Any, str]
    collapsed: bool


def picture_of(walk: Walk, names: dict[Any, str], depth: Depth, title: str) -> Picture:
    """Draw the graph of a finished pass; `depth` is that of `draw`."""
    order = walk.nodes[::-1]
    parts, used = divide(order, [walk.root], depth, membership(order))
    if used is not None:
        parts = nearest(parts, [walk.root])
    view = GraphView(names, {node: i for i, node in enumerate(order)}, SHOW, passed=True)
    shown = build(parts, view)
    longest = _longest_gradients(walk)
    rooms = {part.members[0]: longest.get(part.members[0], 1) for part in parts if len(part.members) == 1}
    room_of = {shown.box_of[node]: room for node, room in rooms.items()}
    boxes = [_with_room(box, room_of.get(box.id, INTERVAL)) for box in shown.boxes]
    repeated, edges = with_references(boxes, [edge._replace(tooltip="") for edge in shown.edges])
    scene = Scene(
        boxes=repeated,
        edges=edges,
        backward=True,
        caption=""
        if used is None
        else f"{counted(len(order), 'value')} in {counted(len(shown.boxes), 'box', 'boxes')} (depth={used})",
        name=title,
        description=describe(shown.boxes, view),
    )
    return Picture(Drawing(scene), shown.box_of, shown.edge_of, used is not None)


def _with_room(box: Box, text: int) -> Box:
    """The box, wide enough for a gradient of `text` cells.

    The gradient is left out of its tooltip, since the page shows it.
    """
    if not box.rows:
        return box
    tooltip = "\n".join(line for line in box.tooltip.split("\n") if not line.startswith("grad"))
    return box._replace(tooltip=tooltip, room=round((CAPTION_AND_GLYPH + text) * CELL + 2 * PADDING, 1))


def _longest_gradients(walk: Walk) -> Mapping[Value, int]:
    """The cells of the longest gradient that each node has during the pass."""
    longest: dict[Value, int] = {}
    sums: dict[Value, float] = {}
    for node, parent, local, _ in walk.products:
        sums[parent] = sums.get(parent, 0.0) + local * node.grad
        longest[parent] = max(longest.get(parent, 1), cells(number(sums[parent])))
    return _and_final(longest, walk.nodes)


def _and_final(longest: dict[Value, int], nodes: Iterable[Value]) -> Mapping[Value, int]:
    """With the final gradients, which a callback may have changed."""
    return {node: max(longest.get(node, 1), cells(number(node.grad))) for node in nodes}
