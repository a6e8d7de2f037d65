"""Write a scene as DOT, the language of Graphviz, including colours and styles, for use in other programs.

The DOT source for our own layout is smaller: see layout/graphviz.py.
"""

from __future__ import annotations

from typing import Any

from autograd.drawing.layout.graphviz import POINTS_PER_INCH, pen_width
from autograd.drawing.render.theme import FILLS, STROKES
from autograd.drawing.scene import Box, Cluster, Edge, Scene, clusters
from autograd.drawing.text import Sign

STYLES: dict[Sign, str] = {"neg": "dashed", "zero": "dotted"}


def dot_source(scene: Scene) -> str:
    """The scene in DOT, with everything that a Graphviz program needs to draw it.

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
        graph.edge(edge.source, edge.target, **_edge_attributes(edge))
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


def _edge_attributes(edge: Edge) -> dict[str, str]:
    optional = {"label": _escape(edge.label), "style": STYLES.get(edge.sign, "")}
    return {
        "id": edge.id,
        "color": STROKES[edge.sign].light,
        "penwidth": pen_width(edge),
        **{name: text for name, text in optional.items() if text},
    }
