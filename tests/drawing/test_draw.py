"""What a picture of a graph shows: one box per value, one arrow per use, names, constants, gradients, products."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import given

from autograd import PRIMITIVES, GraphError, Value, debug, define, dot, draw, leaky_relu, relu, tanh
from autograd.drawing.text import GLYPHS, cells, clean, number, shorten
from autograd.graph import topological
from nn import MLP
from tests.drawing.pictures import named, readme_value
from tests.support.graphs import Graph, graphs

pytestmark = pytest.mark.slow


def heads(value: Value) -> list[str]:
    return [box.head for box in draw(value).scene.boxes]


@given(graphs())
def test_one_box_per_value_and_one_arrow_per_use_of_an_operand(graph: Graph) -> None:
    _, root = graph.record()
    order = topological(root)
    scene = draw(root).scene
    assert len([box for box in scene.boxes if box.kind != "ref"]) == len(order)
    index = {node: f"v{i}" for i, node in enumerate(order)}
    assert [(e.source, e.target) for e in scene.edges] == [(index[p], index[n]) for n in order for p in n.parents]


@given(graphs())
def test_drawing_leaves_the_graph_as_it_was_and_a_drawing_keeps_what_it_saw(graph: Graph) -> None:
    _, root = graph.record()
    root.backward()
    before = [(node.data, node.grad) for node in topological(root)]
    drawing, film = draw(root), draw(root, animate=True)
    assert [(node.data, node.grad) for node in topological(root)] == before
    scene = drawing.scene
    root.backward()
    assert drawing.scene is scene
    assert film.scene.boxes == draw(graph.record()[1], animate=True).scene.boxes  # from zeroed gradients, always


def test_the_readme_expression() -> None:
    scene = draw(readme_value()).scene
    assert [box.lines for box in scene.boxes] == [
        ["a", "data 2", "grad ▼ −3"],
        ["b", "data −3", "grad ▲ 2"],
        ["×", "data −6", "grad ▲ 1"],
        ["c", "data 10", "grad ▲ 1"],
        ["+", "data 4", "grad ▲ 1"],
        ["d  relu", "data 4", "grad ▲ 1"],
    ]
    # ∂(a·b)/∂a = b and ∂(a·b)/∂b = a; the others are 1 and are not written
    assert [edge.label for edge in scene.edges] == ["−3", "2", "", "", ""]
    assert [edge.sign for edge in scene.edges] == ["neg", "pos", "pos", "pos", "pos"]
    assert [edge.weight for edge in scene.edges] == [1.0, round(2 / 3, 3), *[round(1 / 3, 3)] * 3]
    assert "−3 × 1 = −3  (local × upstream)" in scene.edges[0].tooltip
    assert scene.name == "Computation graph of d"
    assert "d relu, data 4, grad 1" in scene.description


def test_both_edges_of_a_square_are_there() -> None:
    x = Value(3.0, label="x")
    edges = draw(x * x).scene.edges
    assert [(edge.source, edge.target, edge.label) for edge in edges] == [("v0", "v1", "3")] * 2


def test_constants_are_part_of_the_operation() -> None:
    x = Value(2.0)
    assert heads(x * 3) == ["leaf", "× 3"]
    assert heads(1 - x) == ["leaf", "1 −"]
    assert heads(2**x) == ["leaf", "2^"]
    assert heads(leaky_relu(x)) == ["leaf", "leaky_relu(·, 0.01)"]
    assert heads(dot([x], [2.0])) == ["leaf", "w·x"]
    assert heads(dot([x], [2.0], 1.0)) == ["leaf", "w·x+b"]


def test_a_primitive_of_the_users_own_is_drawn_by_its_name() -> None:
    name = "drawn_cube"
    cube = PRIMITIVES.get(name) or define(name, lambda x: x**3, lambda out, x: 3.0 * x * x)
    assert heads(cube(Value(2.0))) == ["leaf", name]


def test_before_backward_a_gradient_is_a_dash_and_after_it_a_zero_is_a_zero() -> None:
    x, y = Value(-1.0, label="x"), Value(1.0, label="y")
    z = relu(x) + y
    assert {box.lines[-1] for box in draw(z).scene.boxes} == {"grad –"}
    assert {edge.sign for edge in draw(z).scene.edges} == {"none"}
    z.backward()
    assert named(draw(z), "x").lines[-1] == "grad ○ 0"
    assert [edge.sign for edge in draw(z).scene.edges] == ["zero", "pos", "pos"]


def test_a_number_that_is_not_finite_is_marked_where_it_is() -> None:
    x = Value(-1.0, label="x")
    y = x**0.5 + 1.0
    y.backward()
    drawing = draw(y)
    assert named(drawing, "x").sign == "bad"
    assert named(drawing, "x").lines[1:] == ["data −1", f"grad {GLYPHS['bad']} nan"]
    assert drawing.scene.boxes[1].lines[1] == f"data {GLYPHS['bad']} nan"
    assert drawing.scene.edges[0].sign == "bad"


def test_names_come_from_labels_then_from_the_source_then_from_the_article() -> None:
    with debug():
        w, x = Value(2.0), Value(3.0, label="the input")
        h = w * x
        y = tanh(h) + 1.0
    assert [box.name for box in draw(y).scene.boxes] == ["w", "the input", "h", "", "y"]
    model = MLP(1, [1, 1], hidden="tanh", seed=0)
    names = [box.name for box in draw(model([1.0])).scene.boxes]
    assert {"a0[0]", "w1[0,0]", "b1[0]", "z1[0]", "a1[0]", "w2[0,0]", "b2[0]", "z2[0]"} == set(names)


def test_several_values_share_one_picture() -> None:
    x = Value(2.0, label="x")
    scene = draw([x * 2.0, x * 3.0]).scene
    assert [box.head for box in scene.boxes] == ["", "× 2", "× 3"]


def test_what_is_not_asked_for_is_not_shown() -> None:
    value = readme_value()
    assert draw(value, show=("data",)).scene.boxes[0].lines == ["a", "data 2"]
    assert {edge.label for edge in draw(value, show=("grad",)).scene.edges} == {""}


@given(graphs())
def test_focus_shows_the_neighbourhood_and_counts_the_rest(graph: Graph) -> None:
    _, root = graph.record()
    order = topological(root)
    scene = draw(root, focus=root, radius=1).scene
    shown = {root, *root.parents}
    rest = [box for box in scene.boxes if box.kind == "rest"]
    assert {box.id for box in scene.boxes} - {box.id for box in rest} == {
        f"v{i}" for i, node in enumerate(order) if node in shown
    }
    cut = [node for node in shown if set(node.parents) - shown]
    assert len([box for box in rest if box.id.startswith("r")]) == len(cut)


def test_focus_by_name_and_on_several() -> None:
    value = readme_value()
    assert {box.name for box in draw(value, focus="a", radius=0).scene.boxes} == {"a", ""}
    assert {box.name for box in draw(value, focus=["a", value], radius=0).scene.boxes} == {"a", "d", ""}
    assert (
        draw(value, focus="a").scene.caption == "4 of 6 values; a larger radius shows more"
    )  # a, a·b, and two edges away b and a·b + c


def test_d3_a_far_use_of_a_leaf_has_a_box_of_its_own() -> None:
    """A loop over one parameter: no edge is longer than a step, and each still leads to the use it stands for."""
    w, z = Value(0.5, label="w"), Value(1.0, label="z")
    for _ in range(10):
        z = tanh(tanh(z * w) + 1.0)
    scene = draw(z).scene
    boxes = {box.id: box for box in scene.boxes}
    again = [box for box in scene.boxes if box.kind == "ref"]
    assert {box.name for box in again} == {"w"}
    uses = [edge for edge in scene.edges if boxes[edge.source].name == "w"]
    assert len(uses) == 10
    assert len(again) == 9
    assert {boxes[edge.target].head for edge in uses} == {"×"}
    assert "again" in again[0].tooltip
    assert len({box.id for box in scene.boxes}) == len(scene.boxes)


def test_d3_inputs_of_neurons_that_are_plain_numbers_are_shown() -> None:
    model = MLP(2, [3, 1], activation="tanh", seed=0)
    scene = draw(model([0.5, -0.3])).scene
    inputs = [box for box in scene.boxes if box.scope == ("inputs",)]
    assert [box.lines for box in inputs] == [["a0[0]  0.5"], ["a0[1]  −0.3"]]
    labels = {(edge.source, edge.target): edge.label for edge in scene.edges}
    names = {box.name: box.id for box in scene.boxes}
    for i, neuron in enumerate(model.layers[0].neurons):
        for box, w in zip(inputs, neuron.w, strict=True):
            assert labels[box.id, names[f"z1[{i}]"]] == number(w.data)
    collapsed = draw(model([0.5, -0.3]), depth=1).scene
    assert [box.name for box in collapsed.boxes if box.kind == "ref"] == ["inputs (2)"]


def test_d3_the_focus_is_marked() -> None:
    drawing = draw(readme_value(), focus="a", radius=1)
    assert [box.name for box in drawing.scene.boxes if box.focus] == ["a"]
    assert drawing.svg.count(' focus">') == 1
    assert "a larger radius shows more" in drawing.scene.caption


def test_d4_depth_is_spelled_as_on_the_command_line() -> None:
    value = readme_value()
    assert draw(value, depth="all").svg == draw(value, depth=None).svg


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"theme": "black"}, "theme='black': choose one of 'auto', 'light', 'dark'"),
        ({"rankdir": "XY"}, "rankdir='XY': choose one of 'LR'"),
        ({"depth": -1}, "depth=-1: give a non-negative integer (levels of modules), 'auto', or 'all'"),
        ({"depth": "deep"}, "depth='deep'"),
        ({"radius": -1}, "radius=-1: give a non-negative integer (edges)"),
        ({"radius": True}, "radius=True"),
        ({"show": "data"}, "show='data'"),
        ({"show": ("data", "color")}, "'color' cannot be shown; choose among"),
    ],
)
def test_a_wrong_option_is_refused_with_the_right_ones(options: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=re.escape(words)):
        draw(Value(1.0), **options)  # type: ignore[arg-type]


def test_only_values_can_be_drawn_and_the_error_has_a_remedy() -> None:
    with pytest.raises(TypeError, match=r"got 3\.0 \(float\)"):
        draw(3.0)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"a model has a method \.draw\(\)"):
        draw(MLP(1, [1], seed=0))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="nothing to draw"):
        draw([])
    with pytest.raises(GraphError, match="no value of this graph is called 'q'; names are: a, b, c, d"):
        draw(readme_value(), focus="q")
    with pytest.raises(GraphError, match="is not in this graph"):
        draw(readme_value(), focus=Value(1.0))
    with pytest.raises(ValueError, match="shows one backward pass: give one value, not 2"):
        draw([Value(1.0), Value(2.0)], animate=True)


def test_a_deep_graph_is_drawn_without_recursion() -> None:
    x = root = Value(1.0)
    for _ in range(20_000):
        root = root * 1.0
    assert len(draw(root).scene.boxes) <= 2 + 60
    assert len(draw(root, focus=x, radius=3).scene.boxes) == 5


def test_numbers_are_short_and_exact_where_they_are_whole() -> None:
    shown = {0.1 + 0.2: "0.3", -0.0: "0", 1e22: "1e22", 999_999.0: "999999", 1e6: "1e06", math.nan: "nan"}
    assert {number(x) for x in shown} == set(shown.values())


def test_long_names_are_cut_by_columns() -> None:
    assert shorten("損失関数", 5) == "損失…"
    assert cells(shorten("e\u0301" * 50, 10)) == 10
    assert clean("a\ud800\x1b[0m") == "a��[0m"


def test_counts_are_in_the_singular_where_there_is_one() -> None:
    x = Value(2.0, label="x")
    assert draw(x).summary.startswith("1 box, 0 edges; ")
    assert repr(draw(-x)) == "<drawing of 2 boxes, 1 edge; .save('picture.svg')>"
    assert draw(x).scene.description.startswith("1 value; before the backward pass")
    assert draw(-x, focus=x, radius=0).scene.edges[0].tooltip == "1 value not shown"
