"""Laws of the built-in layout: nothing on top of something else, everything connected, order kept, lines straight."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd.drawing import Box, Edge, Row, Scene
from autograd.drawing.layout import clusters as layout_clusters
from autograd.drawing.layout.clusters import nested
from autograd.drawing.layout.fold import _parted
from autograd.drawing.layout.geometry import Rectangle, box_frame, label_frame
from autograd.drawing.layout.labels import _points
from tests.drawing.pictures import overlap

SCOPES = [(), ("a",), ("b",), ("a", "c"), ("a", "d"), ("b", "c")]


@st.composite
def scenes(draw: st.DrawFn, *, scopes: Sequence[tuple[str, ...]] = ((),)) -> Scene:
    """Any graph, in any direction, also with cycles, with boxes of different sizes, some in clusters."""
    n = draw(st.integers(1, 12))
    drawn = [(draw(st.integers(1, 20)), draw(st.sampled_from(scopes))) for _ in range(n)]
    boxes = tuple(Box(f"v{i}", "op", name="x" * length, scope=scope) for i, (length, scope) in enumerate(drawn))
    ends = st.integers(0, n - 1)
    pairs = [pair for pair in draw(st.lists(st.tuples(ends, ends), max_size=20)) if pair[0] != pair[1]]
    edges = tuple(Edge(f"e{k}", f"v{i}", f"v{j}", label=str(k)) for k, (i, j) in enumerate(pairs))
    return Scene(boxes, edges, rankdir=draw(st.sampled_from(["LR", "RL", "TB", "BT"])))


def encloses(one: Rectangle, other: Rectangle) -> bool:
    return one[0] <= other[0] and one[1] <= other[1] and one[2] >= other[2] and one[3] >= other[3]


@given(scenes(scopes=SCOPES))
def test_the_built_in_layout_places_everything_and_no_box_on_another(scene: Scene) -> None:
    layout = nested(scene)
    framed = [box_frame(layout, box) for box in scene.boxes]
    assert not [1 for i, one in enumerate(framed) for other in framed[:i] if overlap(one, other)]
    assert set(layout.curves) == {edge.id for edge in scene.edges}
    for edge in scene.edges:
        curve = layout.curves[edge.id]
        assert len(curve) % 3 == 1
        assert all(math.isfinite(x) and math.isfinite(y) for x, y in curve)


@given(scenes(scopes=SCOPES))
def test_built_in_frames_contain_exactly_their_boxes(scene: Scene) -> None:
    layout = nested(scene)
    framed = [(box.scope, box_frame(layout, box)) for box in scene.boxes]
    assert layout.frames.keys() == {scope[:k] for scope, _ in framed for k in range(1, len(scope) + 1)}
    for outer, frame in layout.frames.items():
        for scope, other in framed:
            assert encloses(frame, other) == (scope[: len(outer)] == outer) == overlap(frame, other)
        for scope, other in layout.frames.items():
            assert encloses(frame, other) == (scope[: len(outer)] == outer)
            assert overlap(frame, other) == (scope[: len(outer)] == outer or outer[: len(scope)] == scope)


@given(scenes(scopes=SCOPES))
def test_built_in_edges_go_from_box_to_box_through_all_frames(scene: Scene) -> None:
    layout = nested(scene)
    framed = {box.id: box_frame(layout, box) for box in scene.boxes}
    for edge in scene.edges:
        curve = layout.curves[edge.id]
        for (x, y), (left, top, right, bottom) in ((curve[0], framed[edge.source]), (curve[-1], framed[edge.target])):
            # sums of a dozen numbers below 1e5, each rounded to 1e-11
            nearest = min(abs(x - left), abs(x - right), abs(y - top), abs(y - bottom))
            assert nearest < 1e-8


@given(scenes())
def test_the_built_in_layout_points_the_arrows_in_the_given_direction(scene: Scene) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(layout_clusters, "folded", lambda placed: placed)  # every other row runs backwards
        layout = nested(scene)
    along, sign = {"LR": (0, 1), "RL": (0, -1), "TB": (1, 1), "BT": (1, -1)}[scene.rankdir]
    for edge in scene.edges:
        if int(edge.source[1:]) < int(edge.target[1:]):  # not against the order
            source, target = layout.centres[edge.source], layout.centres[edge.target]
            assert sign * (target[along] - source[along]) > 0


def test_the_built_in_layout_gives_a_chain_a_straight_line() -> None:
    boxes = tuple(Box(f"v{i}", "op", name="x") for i in range(5))
    edges = tuple(Edge(f"e{i}", f"v{i}", f"v{i + 1}") for i in range(4))
    heights = [nested(Scene(boxes, edges)).centres[box.id][1] for box in boxes]
    assert all(abs(one - other) < 1e-9 for one, other in pairwise(heights))


@given(scenes(scopes=SCOPES))
def test_d3_labels_touch_no_box_no_frame_and_no_other_label(scene: Scene) -> None:
    layout = nested(scene)
    labels = [label_frame(layout, edge) for edge in scene.edges if edge.id in layout.labels]
    assert not [1 for one, other in combinations(labels, 2) if overlap(one, other)]
    assert not [1 for box in scene.boxes for label in labels if overlap(box_frame(layout, box), label)]
    for left, top, right, bottom in layout.frames.values():
        for border in ((left, top, left, bottom), (right, top, right, bottom), (left, top, right, top)):
            assert not [1 for label in labels if overlap(border, label)]


@given(scenes())
def test_an_edge_passes_beside_all_boxes(scene: Scene) -> None:
    """One pixel of a box is for the curve: it follows the shortest path, which touches corners."""
    forward = tuple(edge for edge in scene.edges if int(edge.source[1:]) < int(edge.target[1:]))
    scene = scene._replace(edges=forward)
    layout = nested(scene)
    for edge in scene.edges:
        others = [box_frame(layout, box) for box in scene.boxes if box.id not in (edge.source, edge.target)]
        for x, y in _points(layout.curves[edge.id]):
            assert not [
                1 for left, top, right, bottom in others if left + 1 < x < right - 1 and top + 1 < y < bottom - 1
            ]


@given(scenes(scopes=SCOPES))
def test_the_same_scene_has_the_same_layout(scene: Scene) -> None:
    one, other = nested(scene), nested(scene)
    assert (one.centres, one.curves, one.labels, one.frames) == (
        other.centres,
        other.curves,
        other.labels,
        other.frames,
    )


@given(st.integers(1, 12), st.integers(1, 12))
def test_items_that_do_not_cross_keep_their_order(sources: int, targets: int) -> None:
    """As the weights of a layer: w[0] above w[1]."""
    names = [f"s{i}" for i in range(sources)] + [f"t{i}" for i in range(targets)]
    boxes = tuple(Box(name, "op", name=name) for name in names)
    edges = tuple(Edge(f"e{i}-{j}", f"s{i}", f"t{j}") for i in range(sources) for j in range(targets))
    layout = nested(Scene(boxes, edges))
    for column in (names[:sources], names[sources:]):
        heights = [layout.centres[name][1] for name in column]
        assert heights == sorted(heights)


@given(st.integers(2, 40))
def test_a_long_edge_is_straight(length: int) -> None:
    """It leaves its box, passes beside the chain, and arrives: at most two corners, and no turn back."""
    boxes = tuple(Box(f"v{i}", "op", name="x") for i in range(length + 1))
    chain = tuple(Edge(f"e{i}", f"v{i}", f"v{i + 1}") for i in range(length))
    scene = Scene(boxes, (*chain, Edge("long", "v0", f"v{length}")))
    assert len(_straight_pieces(_curve_of(scene, "long"))) <= 3


def test_an_edge_with_nothing_between_its_boxes_is_straight() -> None:
    boxes = tuple(Box(f"v{i}", "op", name="x") for i in range(6))
    edges = tuple(Edge(f"e{i}", f"v{i}", "v5") for i in range(5))
    layout = nested(Scene(boxes, edges))
    assert all(len(_straight_pieces(layout.curves[edge.id])) == 1 for edge in edges)
    ends = [layout.curves[edge.id][-1][1] for edge in edges]
    assert ends == sorted(ends)  # spread over the side of the box
    assert ends[0] < ends[2] < ends[4]


def _curve_of(scene: Scene, edge: str) -> list[tuple[float, float]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(layout_clusters, "folded", lambda placed: placed)
        return nested(scene).curves[edge]


def _straight_pieces(curve: list[tuple[float, float]]) -> set[float]:
    """The directions of the straight segments."""
    pieces = [curve[i : i + 4] for i in range(0, len(curve) - 3, 3)]
    ways = [
        [math.atan2(b[1] - a[1], b[0] - a[0]) for a, b in pairwise(piece) if math.dist(a, b) > 1e-6] for piece in pieces
    ]
    return {round(way[0], 6) for way in ways if way and max(way) - min(way) < 1e-6}


def test_d3_a_long_chain_is_a_page_not_a_row() -> None:
    boxes = tuple(Box(f"v{i}", "op", name="x", rows=(Row("data", "0.1234"),)) for i in range(100))
    edges = tuple(Edge(f"e{i}", f"v{i}", f"v{i + 1}") for i in range(99))
    scene = Scene(boxes, edges)
    layout = nested(scene)
    left, top, right, bottom = layout.bounds(scene)
    assert right - left < 2.5 * (bottom - top)
    turns = [edge.id for edge in edges if abs(layout.curves[edge.id][0][1] - layout.curves[edge.id][-1][1]) > 1.0]
    assert len(turns) == len({round(y) for _, y in layout.centres.values()}) - 1


def test_an_edge_that_is_split_is_the_same_curve() -> None:
    curve = [(0.0, 0.0), (3.0, 0.0), (5.0, 8.0), (9.0, 9.0)]
    first, second = _parted(curve, 4.0)
    assert first[0] == curve[0]
    assert second[-1] == curve[-1]
    assert first[-1] == second[0]
    assert abs(first[-1][0] - 4.0) < 1e-12  # halved fifty times
