"""Repeat a leaf that is used far away: a small reference box near the use, instead of an edge across the picture."""

from __future__ import annotations

from collections.abc import Sequence

from autograd.drawing.scene import Box, Edge

FAR = 3  # ranks; uses that are closer together share a box
FEW = 16  # boxes; in a smaller picture an edge is as easily followed


def with_references(boxes: Sequence[Box], edges: Sequence[Edge]) -> tuple[tuple[Box, ...], tuple[Edge, ...]]:
    """The boxes, which are in topological order, with references before the boxes that use them; edges keep their ids.

    >>> boxes = [Box("v0", "leaf", "w"), *[Box(f"v{i}", "op") for i in range(1, 20)]]
    >>> edges = [Edge(f"e{i}", f"v{i}", f"v{i + 1}") for i in range(19)] + [Edge("e19", "v0", "v19")]
    >>> repeated, moved = with_references(boxes, edges)
    >>> repeated[-2].id, repeated[-2].name, moved[-1].source
    ('v0r1', 'w', 'v0r1')
    """
    if len(boxes) <= FEW:
        return tuple(boxes), tuple(edges)
    ranks = _ranks(boxes, edges)
    scopes = {box.id: box.scope for box in boxes}
    uses: dict[str, list[Edge]] = {box.id: [] for box in boxes if box.kind == "leaf"}
    for edge in edges:
        if edge.source in uses:
            uses[edge.source].append(edge)
    before: dict[str, list[Box]] = {}
    sources: dict[str, str] = {}
    for box in boxes:
        near, here, count = ranks[box.id], box.id, 0
        for edge in sorted(uses.get(box.id, ()), key=lambda edge: ranks[edge.target]):
            if ranks[edge.target] - near > FAR:
                count += 1
                near, here = ranks[edge.target] - 1, f"{box.id}r{count}"
                before.setdefault(edge.target, []).append(_reference(box, here, scopes[edge.target]))
            sources[edge.id] = here
    every = (each for box in boxes for each in (*before.get(box.id, ()), box))
    return tuple(every), tuple(edge._replace(source=sources.get(edge.id, edge.source)) for edge in edges)


def _reference(box: Box, name: str, scope: tuple[str, ...]) -> Box:
    text = box.name or next((row.text for row in box.rows), box.head)
    tooltip = f"{text} again: the same value as in its large box\n{box.tooltip}"
    return Box(name, "ref", name=text, sign=box.sign, tooltip=tooltip, scope=scope)


def _ranks(boxes: Sequence[Box], edges: Sequence[Edge]) -> dict[str, int]:
    """Minus the longest way to a result; an edge against the order does not count."""
    place = {box.id: i for i, box in enumerate(boxes)}
    targets: dict[str, list[str]] = {box.id: [] for box in boxes}
    for edge in edges:
        if place[edge.source] < place[edge.target]:
            targets[edge.source].append(edge.target)
    ranks: dict[str, int] = {}
    for box in reversed(boxes):
        ranks[box.id] = min((ranks[target] for target in targets[box.id]), default=1) - 1
    return ranks
