"""Write the DOT source for a layout engine, and read the JSON of its answer.

The DOT source contains only sizes, since our own renderer draws: engines read and write little, and small pictures need
no import of the package `graphviz`, which takes longer than the layout. Boxes have the sizes that the renderer needs:
engines measure text in bytes and in their own fonts, which is wrong for some scripts.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from autograd.drawing.layout.geometry import Layout, Point
from autograd.drawing.layout.labels import place_labels
from autograd.drawing.scene import Cluster, Edge, Scene, clusters

POINTS_PER_INCH = 72.0  # a point of the engine is a pixel of ours
SPACING = "nodesep=0.22 ranksep=0.45"
NODES = 'shape=box fixedsize=true label=""'
EDGES = "fontname=Courier fontsize=10.5 arrowsize=0.7"
CLUSTERS = "fontname=Courier fontsize=11 margin=9"


def layout_request(scene: Scene, *, labels: bool = True) -> str:
    """The sizes in DOT.

    Without edge labels an engine needs a quarter of the time, since it gives each label a rank of its own.

    >>> from autograd.drawing.scene import Box
    >>> print(layout_request(Scene((Box("v0", "leaf", "x"), Box("v1", "op", "y")), (Edge("e0", "v0", "v1", "2"),))))
    digraph {
    rankdir=LR nodesep=0.22 ranksep=0.45
    node [shape=box fixedsize=true label=""]
    edge [fontname=Courier fontsize=10.5 arrowsize=0.7]
    "v0" [width=0.4111 height=0.4306]
    "v1" [width=0.4111 height=0.4306]
    "v0" -> "v1" [id="e0" penwidth=0.80 label="2"]
    }
    """
    lines = [f"rankdir={scene.rankdir} {SPACING}", f"node [{NODES}]", f"edge [{EDGES}]"]
    lines += _nodes(clusters(scene), ())
    for edge in scene.edges:
        label = f" label={_quoted(edge.label)}" if labels and edge.label else ""
        look = f"id={_quoted(edge.id)} penwidth={pen_width(edge)}{label}"
        lines.append(f"{_quoted(edge.source)} -> {_quoted(edge.target)} [{look}]")
    return "\n".join(["digraph {", *lines, "}"])


def pen_width(edge: Edge) -> str:
    """The width of the edge for the engine, in points, which decides the room for the arrow head."""
    return f"{0.8 + 2.4 * edge.weight:.2f}"


def _nodes(cluster: Cluster, place: tuple[int, ...]) -> Iterator[str]:
    for box in cluster.boxes:
        width, height = box.width / POINTS_PER_INCH, box.height / POINTS_PER_INCH
        yield f"{_quoted(box.id)} [width={width:.4f} height={height:.4f}]"
    for number, inner in enumerate(cluster.clusters.values()):
        where = (*place, number)
        yield f"subgraph {_name(where)} {{ graph [{CLUSTERS} label={_quoted(inner.scope[-1])}]"
        yield from _nodes(inner, where)
        yield "}"


def _name(place: tuple[int, ...]) -> str:
    return f"cluster_{'_'.join(map(str, place))}"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", r"\\").replace('"', r"\"")
    return f'"{escaped}"'


def read_layout(answer: str, scene: Scene, engine: str) -> Layout:
    """Read the layout from an engine's answer (`-Tjson0`); KeyError or ValueError if it is invalid."""
    graph = json.loads(answer)
    top = float(graph["bb"].split(",")[3])

    def point(text: str) -> Point:
        x, y = map(float, text.split(","))
        return x, top - y

    objects = graph.get("objects", [])
    centres = {each["name"]: point(each["pos"]) for each in objects if "pos" in each}
    edges = graph.get("edges", [])
    layout = Layout(engine, {box.id: centres[box.id] for box in scene.boxes}, {})
    for each in edges:
        layout.curves[each["id"]] = _curve(each["pos"], point)
        if "lp" in each:
            layout.labels[each["id"]] = point(each["lp"])
    frames = {each["name"]: each["bb"] for each in objects if each["name"].startswith("cluster_")}
    _read_frames(layout, clusters(scene), (), frames, top)
    missing = {edge.id for edge in scene.edges} - layout.curves.keys()
    if missing:
        raise ValueError(f"no curve for {sorted(missing)[:3]}")
    place_labels(layout, scene)
    return layout


def _curve(text: str, point: Any) -> list[Point]:
    """Control points; the engine puts the arrow's tip first ("e,x,y"), here it comes last."""
    parts = text.split()
    tips = [part[2:] for part in parts if part.startswith("e,")]
    curve = [point(part) for part in parts if part[0] not in "es"]
    return [*curve, *[p for tip in tips for p in (curve[-1], point(tip), point(tip))]]


def _read_frames(layout: Layout, cluster: Cluster, place: tuple[int, ...], frames: dict[str, str], top: float) -> None:
    for number, inner in enumerate(cluster.clusters.values()):
        where = (*place, number)
        left, low, right, high = map(float, frames[_name(where)].split(","))
        layout.frames[inner.scope] = (left, top - high, right, top - low)
        _read_frames(layout, inner, where, frames, top)
