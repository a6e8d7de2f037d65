"""A scene as DOT, the language of Graphviz, and what an engine answers as a layout.

The boxes have the sizes that our own renderer needs: engines only find places. (They measure text in bytes and in
their own fonts; sizes that come from us are right for every script.)
"""

from __future__ import annotations

import json
from typing import Any

from autograd.drawing.labels import place_labels
from autograd.drawing.layout import Layout, Point
from autograd.drawing.scene import Box, Cluster, Edge, Scene, clusters
from autograd.drawing.text import Sign
from autograd.drawing.theme import FILLS, STROKES

POINTS_PER_INCH = 72.0  # a point of the engine is a pixel of ours
STYLES: dict[Sign, str] = {"neg": "dashed", "zero": "dotted"}


def dot_source(scene: Scene, *, labels: bool = True) -> str:
    """The scene in DOT, with everything a Graphviz program needs to draw it by itself.

    Without the labels of edges an engine needs a quarter of the time: it gives each label a rank of its own.

    >>> "v0 -> v1" in dot_source(Scene((Box("v0", "leaf"), Box("v1", "op")), (Edge("e0", "v0", "v1"),)))
    True
    """
    import graphviz  # type: ignore[import-not-found, import-untyped, unused-ignore]

    graph = graphviz.Digraph(
        "graph",
        graph_attr={"rankdir": scene.rankdir, "bgcolor": "transparent", "nodesep": "0.22", "ranksep": "0.45"},
        node_attr={"shape": "box", "style": "filled,rounded", "fixedsize": "true", "fontname": "Courier"}
        | {"fontsize": "12", "color": "#6e7781"},
        edge_attr={"fontname": "Courier", "fontsize": "10.5", "arrowsize": "0.7"},
    )
    if scene.title:
        graph.attr(label=graphviz.escape(scene.title), labelloc="t", fontname="Courier")
    _write_cluster(graph, clusters(scene), ())
    for edge in scene.edges:
        graph.edge(edge.source, edge.target, **_edge_attributes(edge, labels=labels))
    return str(graph.source)


def _write_cluster(graph: Any, cluster: Cluster, place: tuple[int, ...]) -> None:
    for box in cluster.boxes:
        graph.node(box.id, **_box_attributes(box))
    for number, inner in enumerate(cluster.clusters.values()):
        where = (*place, number)
        with graph.subgraph(name=f"cluster_{'_'.join(map(str, where))}") as subgraph:
            name = _escape(inner.scope[-1])
            subgraph.attr(label=name, fontname="Courier", fontsize="11", color="#8c959f", style="rounded", margin="9")
            _write_cluster(subgraph, inner, where)


def _escape(text: str) -> str:
    import graphviz  # type: ignore[import-not-found, import-untyped, unused-ignore]

    return str(graphviz.escape(text))


def _box_attributes(box: Box) -> dict[str, str]:
    return {
        "id": box.id,
        "label": "\\n".join(map(_escape, box.lines)),
        "width": f"{box.width / POINTS_PER_INCH:.4f}",
        "height": f"{box.height / POINTS_PER_INCH:.4f}",
        "fillcolor": FILLS[box.sign].light,
    }


def _edge_attributes(edge: Edge, *, labels: bool) -> dict[str, str]:
    optional = {"label": _escape(edge.label) if labels else "", "style": STYLES.get(edge.sign, "")}
    return {
        "id": edge.id,
        "color": STROKES[edge.sign].light,
        "penwidth": f"{0.8 + 2.4 * edge.weight:.2f}",
        **{name: text for name, text in optional.items() if text},
    }


def read_layout(answer: str, scene: Scene, engine: str) -> Layout:
    """The layout in an engine's answer (`-Tjson0`); KeyError or ValueError when it is none."""
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
        left, low, right, high = map(float, frames[f"cluster_{'_'.join(map(str, where))}"].split(","))
        layout.frames[inner.scope] = (left, top - high, right, top - low)
        _read_frames(layout, inner, where, frames, top)
