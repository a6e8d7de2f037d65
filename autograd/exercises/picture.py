"""The picture of a sheet: the graph with its values, and blanks for derivatives."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from autograd.drawing import draw
from autograd.drawing.drawing import Drawing
from autograd.drawing.scene import Box, Edge, Row
from autograd.drawing.text import number, sign_of
from autograd.graph import topological
from autograd.value import Value

BLANK = "?"
ORDINALS = "①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳"


def picture(
    *roots: Value,
    gradients: Mapping[Value, float] | None = None,
    locals_: Mapping[tuple[Value, int], float] | None = None,
    hidden: bool = False,
) -> str:
    """The graph of `roots` as SVG, with "?" for every derivative: nothing in it tells an answer, tooltips neither.

    gradients, locals_  numbers to show instead, right or wrong; edges then have numbers. Edges that are not in
                        `locals_` show their own
    hidden              also the values of operations are blanks
    """
    scene = draw(roots, depth="all").scene
    order = topological(*roots)
    links = [(node, slot) for node in order for slot in range(len(node.parents))]
    nodes = {f"v{i}": node for i, node in enumerate(order)}
    boxes = tuple([_blank(box, nodes.get(box.id), gradients, hidden) for box in scene.boxes])
    edges = []
    for edge in scene.edges:
        place = int(edge.id[1:])
        node, slot = links[place]
        label = BLANK
        if gradients is not None:
            label = f"{ORDINALS[place]} {number((locals_ or {}).get((node, slot), node.partials[slot]))}"
        edges.append(_unmarked(edge, label))
    description = "\n".join(" ".join(box.lines) for box in boxes)
    return Drawing(scene._replace(boxes=boxes, edges=tuple(edges), description=description)).svg


def _blank(box: Box, node: Value | None, gradients: Mapping[Value, float] | None, hidden: bool) -> Box:
    gradient = (gradients or {}).get(node) if node is not None else None
    hides = {"data"} if hidden and box.kind == "op" else set()
    rows = [_gradient(row, gradient) if row.caption == "grad" else _hidden(row, hides) for row in box.rows]
    return box._replace(rows=tuple(rows), tooltip=box.name, sign="none")


def _gradient(row: Row, x: float | None) -> Row:
    return row._replace(text=BLANK, sign="none") if x is None else row._replace(text=number(x), sign=sign_of(x))


def _hidden(row: Row, captions: Collection[str]) -> Row:
    return row._replace(text=BLANK) if row.caption in captions else row


def _unmarked(edge: Edge, label: str) -> Edge:
    """An edge whose style and tooltip do not give the sign or size of its contribution away."""
    return edge._replace(label=label, sign="none", weight=0.5, tooltip="")
