"""Build the scene of a graph that is divided into parts."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from autograd import origin
from autograd.drawing.collapse import Part
from autograd.drawing.formula import expression_of, head_of, operation_of
from autograd.drawing.groups import INDEX
from autograd.drawing.scene import Box, Edge, Row
from autograd.drawing.text import interval, number, sign_of, sign_of_all
from autograd.io.plural import counted

INDEXED = re.compile(r"\[([^]]*)\]$")


class BuiltScene:
    """Boxes and edges of a scene, and in which of them each node and each link to a parent is."""

    def __init__(self) -> None:
        self.boxes: list[Box] = []
        self.edges: list[Edge] = []
        self.box_of: dict[Any, str] = {}
        self.edge_of: dict[tuple[Any, int], str] = {}  # (node, index of the parent among its parents)


class GraphView(NamedTuple):
    """What to show: names and numbers of all nodes, and which of their properties."""

    names: dict[Any, str]
    place: dict[Any, int]  # position in topological order
    show: Collection[str]
    passed: bool  # whether there has been a backward pass


def has_passed(order: Iterable[Any]) -> bool:
    """Whether `backward()` has been called: before, every gradient is 0 (and shown as –, not as 0)."""
    return any(node.grad != 0.0 for node in order)


def build(parts: Sequence[Part], view: GraphView) -> BuiltScene:
    """The boxes and edges of these parts; nodes that are in none of them are counted in boxes of their own."""
    shown = BuiltScene()
    for part in parts:
        box = _single(part, view) if len(part.members) == 1 else _group(part, view)
        shown.boxes.append(box)
        shown.box_of.update(dict.fromkeys(part.members, box.id))
    _connect(parts, view, shown)
    _count_rest(view, shown)
    return shown


# --- boxes ------------------------------------------------------------------------------------------------------------


def _single(part: Part, view: GraphView) -> Box:
    [node] = part.members
    rows = []
    if "data" in view.show:
        rows.append(Row("data", number(node.data), None if math.isfinite(node.data) else "bad"))
    if "grad" in view.show:
        rows.append(Row("grad", number(node.grad), sign_of(node.grad)) if view.passed else Row("grad", "–", "none"))
    sign = sign_of(node.grad) if view.passed else "none"
    name, head = view.names.get(node, ""), head_of(node)
    return Box(
        id=f"v{view.place[node]}",
        kind="op" if node.primitive else "leaf",
        name=name,
        head=head or ("" if name else "leaf"),
        rows=tuple(rows),
        sign=sign if math.isfinite(node.data) else "bad",
        tooltip="\n".join(_about(node, part, view)),
        scope=part.scope,
    )


def _about(node: Any, part: Part, view: GraphView) -> Iterator[str]:
    name = view.names.get(node, "")
    expression = expression_of(node, view.names)
    yield f"{name} = {expression}" if name and node.primitive else name or expression
    yield f"data {node.data!r}"
    yield f"grad {node.grad!r}" if view.passed else "grad: no backward pass yet"
    if part.scope:
        yield " · ".join(part.scope)
    if place := origin.position(node):
        yield f"{place.file}:{place.line}: {' '.join(place.text.split())}"


def _group(part: Part, view: GraphView) -> Box:
    members = part.members
    data, grads = [node.data for node in members], [node.grad for node in members]
    sign = sign_of_all(grads) if view.passed else "none"
    rows = []
    if "data" in view.show:
        rows.append(_range("data", data))
    if "grad" in view.show:
        rows.append(_range("grad", grads) if view.passed else Row("grad", "–", "none"))
    name, head = _group_head(part, view)
    return Box(
        id=f"g{view.place[members[0]]}",
        kind="group",
        name=name,
        head=head,
        rows=tuple(rows),
        sign="bad" if sign_of_all(data) == "bad" else sign,
        tooltip=f"{name}: {len(members)} values" + (f" in {part.trips} steps" if part.trips else ""),
    )


def _group_head(part: Part, view: GraphView) -> tuple[str, str]:
    """What the nodes have in common, and how many there are: `layer 1` and `12 values`, `w (8×2)`, `tanh` and `×20`."""
    count = len(part.members)
    if part.title:
        return part.title, f"loop ×{part.trips}" if part.trips else f"{count} values"
    names = [view.names.get(node, "") for node in part.members]
    stems = {INDEX.sub("", name) for name in names}
    stem = stems.pop() if len(stems) == 1 else ""
    if part.members[0].primitive is None and stem:
        return f"{stem} ({_shape(names)})", f"{count} values"
    return f"{stem}[…]" if stem and names[0] != stem else stem or operation_of(part.members[0]), f"×{count}"


def _shape(names: Sequence[str]) -> str:
    """Rows × columns of the indices in these names if they are a whole matrix, otherwise the number of names.

    >>> _shape(["w[0,0]", "w[0,1]", "w[1,0]", "w[1,1]"]), _shape(["x1", "x2", "x4"])
    ('2×2', '3')
    """
    found = [match[1].split(",") for name in names if (match := INDEXED.search(name))]
    indices = {tuple(map(int, each)) for each in found if all(map(str.isdecimal, each))}
    if len(indices) == len(names) and len(set(map(len, indices))) == 1:
        extents = [len(set(each)) for each in zip(*indices, strict=True)]
        if math.prod(extents) == len(names):
            return "×".join(map(str, extents))
    return str(len(names))


def _range(caption: str, xs: list[float]) -> Row:
    """From the smallest to the largest, or how many are not finite."""
    sign = sign_of_all(xs)
    if sign == "bad":
        bad = sum(not math.isfinite(x) for x in xs)
        return Row(caption, f"{bad} of {len(xs)} not finite", "bad")
    return Row(caption, interval(min(xs), max(xs)), sign if caption == "grad" else None)


# --- edges ------------------------------------------------------------------------------------------------------------


class _Bundle(NamedTuple):
    """The links that are drawn as one edge."""

    id: str
    source: str
    target: str
    links: list[tuple[Any, Any, float]]  # node, parent, local derivative


def _connect(parts: Sequence[Part], view: GraphView, shown: BuiltScene) -> None:
    groups = {shown.box_of[part.members[0]] for part in parts if len(part.members) > 1}
    bundles: dict[Any, _Bundle] = {}
    for node, target in shown.box_of.items():
        for place, (parent, local) in enumerate(zip(node.parents, node.partials, strict=True)):
            source = shown.box_of.get(parent)
            if source is None or source == target:
                continue
            key = (source, target) if source in groups or target in groups else (node, place)
            bundle = bundles.get(key)
            if bundle is None:
                bundle = bundles[key] = _Bundle(f"e{len(bundles)}", source, target, [])
            bundle.links.append((node, parent, local))
            shown.edge_of[node, place] = bundle.id
    _weigh(list(bundles.values()), view, shown)


def _weigh(bundles: list[_Bundle], view: GraphView, shown: BuiltScene) -> None:
    contributions = [[local * node.grad for node, _, local in bundle.links] for bundle in bundles]
    sizes = [sum(map(abs, each)) if view.passed else 0.0 for each in contributions]
    largest = max([size for size in sizes if math.isfinite(size)], default=0.0) or 1.0
    for bundle, each, size in zip(bundles, contributions, sizes, strict=True):
        alone = len(bundle.links) == 1
        local = bundle.links[0][2]
        shown.edges.append(
            Edge(
                id=bundle.id,
                source=bundle.source,
                target=bundle.target,
                label=number(local) if alone and "partials" in view.show and local != 1.0 else "",
                sign=sign_of_all(each) if view.passed else "none",
                weight=round(size / largest, 3) if math.isfinite(size) else 1.0,
                tooltip=_product(bundle, view) if alone else f"{len(bundle.links)} edges",
            )
        )


def _product(bundle: _Bundle, view: GraphView) -> str:
    """`∂d/∂a = −3`, and after a pass local × upstream = contribution."""
    [(node, parent, local)] = bundle.links
    names = [view.names.get(each, "") or f"({expression_of(each, view.names)})" for each in (node, parent)]
    text = f"∂{names[0]}/∂{names[1]} = {number(local)}"
    if view.passed:
        text += f"\n{number(local)} × {number(node.grad)} = {number(local * node.grad)}  (local × upstream)"
    return text


# --- what is left out -------------------------------------------------------------------------------------------------


def _count_rest(view: GraphView, shown: BuiltScene) -> None:
    """Add boxes "… 12 more" beside each box with neighbours that are not in the picture."""
    if len(shown.box_of) == len(view.place):
        return
    into: dict[str, set[Any]] = {}
    out_of: dict[str, set[Any]] = {}
    for node in view.place:
        for parent in node.parents:
            source, target = shown.box_of.get(parent), shown.box_of.get(node)
            if target and not source:
                into.setdefault(target, set()).add(parent)
            elif source and not target:
                out_of.setdefault(source, set()).add(node)
    before, after = [], []
    for box, left_out in into.items():
        before.append(Box(f"r{box}", "rest", head=f"… {len(left_out)} more"))
        shown.edges.append(Edge(f"er{box}", f"r{box}", box, tooltip=f"{counted(len(left_out), 'value')} not shown"))
    for box, left_out in out_of.items():
        after.append(Box(f"s{box}", "rest", head=f"{len(left_out)} more …"))
        shown.edges.append(Edge(f"es{box}", box, f"s{box}", tooltip=f"{counted(len(left_out), 'value')} not shown"))
    shown.boxes[:] = [*before, *shown.boxes, *after]


def describe(boxes: Sequence[Box], view: GraphView, most: int = 40) -> str:
    """A description of the picture for screen readers: one line per box."""
    lines = [f"{counted(len(view.place), 'value')}; " + ("after" if view.passed else "before") + " the backward pass."]
    for box in boxes[:most]:
        parts = [" ".join(filter(None, (box.name, box.head)))]
        parts += [" ".join((row.caption, row.text)) for row in box.rows]
        lines.append(", ".join(parts))
    if len(boxes) > most:
        lines.append(f"and {counted(len(boxes) - most, 'more box', 'more boxes')}")
    return "\n".join(lines)
