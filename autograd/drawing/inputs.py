"""Show the inputs of neurons that are plain numbers, and so no nodes of the graph."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from autograd.drawing.build import BuiltScene, GraphView
from autograd.drawing.modules import INPUTS, Scope
from autograd.drawing.scene import Box, Edge
from autograd.drawing.text import number

PLAIN = "a plain number: no gradient flows to it"


class _Input(NamedTuple):
    """A number that a weight is multiplied with."""

    place: int
    value: float
    weight: Any


def with_inputs(shown: BuiltScene, view: GraphView, scopes: dict[Any, Scope]) -> tuple[list[Box], list[Edge]]:
    """The boxes and edges, with a small box for each input of a neuron that is a plain number.

    Neurons that share a number in the same place share its box; collapsed ones have one box for all their inputs.
    """
    before: dict[str, Box] = {}
    edges = list[Edge]()
    joined = set[tuple[str, str]]()
    singles = {box.id for box in shown.boxes if box.kind == "op"}
    for node, target in shown.box_of.items():
        layer = next((name for name in scopes.get(node, ()) if name.startswith("layer ")), "")
        found = list(_inputs(node)) if layer else []
        for each in found if target in singles else found[:1]:
            box = _box(each, layer) if target in singles else _all_boxes(len(found), layer)
            before.setdefault(box.id, box)
            if (box.id, target) not in joined:
                joined.add((box.id, target))
                label = number(each.weight.data) if target in singles and "partials" in view.show else ""
                edges.append(Edge(f"{box.id}-{target}", box.id, target, label=label, tooltip=PLAIN))
    return [*before.values(), *shown.boxes], [*edges, *shown.edges]


def _inputs(node: Any) -> Iterator[_Input]:
    """The plain numbers among x of w·x + b."""
    if node.op != "dot":
        return
    operands = node.operands
    half = len(operands) // 2
    for place, (w, x) in enumerate(zip(operands[:half], operands[half : 2 * half], strict=True)):
        if isinstance(x, float) and not isinstance(w, float):
            yield _Input(place, x, w)


def _box(each: _Input, layer: str) -> Box:
    first = layer == "layer 1"
    name = f"a0[{each.place}]" if first else f"x[{each.place}]"
    text = number(each.value)
    return Box(
        id=f"i{layer[6:]}-{each.place}-{each.value!r}",
        kind="ref",
        name=name,
        head=text,
        tooltip=f"{name} = {each.value!r}\n{PLAIN}",
        scope=INPUTS if first else (),
    )


def _all_boxes(count: int, layer: str) -> Box:
    return Box(f"i{layer[6:]}-all-{count}", "ref", name=f"inputs ({count})", tooltip=PLAIN)
