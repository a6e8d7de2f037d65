"""Large graphs: modules, similarity and source lines decide which nodes share a box."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import Value, debug, dot, draw, exp, sigmoid, tanh
from autograd.drawing import Scene
from autograd.drawing.collapse import MOST_BOXES, divide
from autograd.drawing.loops import repetitions
from autograd.drawing.modules import membership
from autograd.graph import topological
from nn import MLP, binary_cross_entropy_with_logits
from tests.drawing.pictures import article_net, batch_loss, named
from tests.support.graphs import Graph, graphs

pytestmark = pytest.mark.slow


def scopes(scene: Scene) -> dict[str, tuple[str, ...]]:
    return {box.name: box.scope for box in scene.boxes if box.name}


def test_modules_are_frames_around_their_nodes() -> None:
    found = scopes(draw(article_net()).scene)
    assert found["w1[0,2]"] == found["z1[0]"] == found["a1[0]"] == ("layer 1", "neuron 0")
    assert found["b2[1]"] == found["z2[1]"] == found["a2[1]"] == ("layer 2", "neuron 1")
    assert found["a0[1]"] == ("inputs",)
    assert found["loss"] == ()


def test_a_network_written_product_by_product_is_framed_like_one_of_nn() -> None:
    w, b, x = Value(0.5, label="w1[0,0]"), Value(0.1, label="b1[0]"), Value(2.0, label="x")
    y = tanh(w * x + b) ** 2
    found = scopes(draw(y).scene)
    assert found == {**dict.fromkeys(["w1[0,0]", "b1[0]", "z1[0]", "a1[0]"], ("layer 1", "neuron 0")), "x": ()}


def test_a_penalty_and_a_loss_belong_to_no_module() -> None:
    model = MLP(2, [1], seed=0)
    loss = binary_cross_entropy_with_logits(model([1.0, 2.0]), 0.0) + sum(p * p for p in model.parameters())
    order = topological(loss)
    member_of = membership(order)
    inside = [node.op for node in order if node in member_of.scopes and node.primitive]
    assert inside == ["dot"]
    assert membership(topological(sigmoid(model([1.0, 2.0])))).names


def test_a_small_graph_is_not_collapsed_and_a_large_one_is() -> None:
    small, large = draw(article_net()), draw(batch_loss())
    assert small.scene.caption == ""
    assert [box.name for box in large.scene.boxes][:4] == ["inputs (2)", "layer 1", "layer 2", "layer 3"]
    assert len(large.scene.boxes) < 10
    assert f"values in {len(large.scene.boxes) - 1} boxes (depth=1); depth='all' shows every" in large.scene.caption


def test_d2_modules_that_do_not_fit_a_page_are_collapsed() -> None:
    """XOR's 33 parameters: neurons are boxes, and the caption says how to see all."""
    model = MLP(2, [8, 1], activation="tanh", seed=0)
    loss = model([0.0, 1.0]) ** 2
    drawing = draw(loss)
    left, top, right, bottom = drawing.layout.bounds(drawing.scene)
    assert right - left <= 2800
    assert bottom - top <= 1800
    assert "depth='all' shows every value" in drawing.scene.caption
    assert [box.name for box in drawing.scene.boxes if "neuron" in box.name][:2] == [
        "layer 1 · neuron 0",
        "layer 1 · neuron 1",
    ]
    assert len(draw(loss, depth="all").scene.boxes) > 40


def test_siblings_share_a_box_that_says_how_many_and_their_range() -> None:
    box = named(draw(batch_loss(20)), "relu")
    assert box.head == "×20"
    assert " … " in box.lines[1]
    assert box.lines[2] == "grad ▲ 0.05"


def test_depth_chooses_the_level() -> None:
    loss = batch_loss(3)
    count = {depth: len(draw(loss, depth=depth).scene.boxes) for depth in (0, 1, 2)}
    assert count[1] == count[0] + 2
    assert count[2] == count[1] + 15 + 15
    boxes = draw(loss, depth=None).scene.boxes
    assert sum(box.kind != "ref" for box in boxes) == len(topological(loss))


@given(graphs())
def test_every_value_is_in_exactly_one_part_whatever_the_depth(graph: Graph) -> None:
    _, root = graph.record()
    order = topological(root)
    for depth in (None, 0, 1):
        parts, _ = divide(order, [root], depth, membership(order))
        members = [node for part in parts for node in part.members]
        assert len(members) == len(order)
        assert set(members) == set(order)


@given(graphs())
def test_values_that_share_a_box_have_the_same_operation(graph: Graph) -> None:
    _, root = graph.record()
    order = topological(root)
    parts, _ = divide(order, [root], 0, membership(order))
    assert all(len({node.op for node in part.members}) == 1 for part in parts)


def test_a_sum_of_many_is_one_box() -> None:
    x = Value(1.0, label="x")
    parts = [tanh(x * float(i)) for i in range(400)]
    scene = draw(sum(parts)).scene
    assert [(box.name, box.head) for box in scene.boxes] == [
        ("x", ""),
        ("×", "×400"),
        ("tanh", "×400"),
        ("+", "×399"),
        ("", "+"),
    ]


def test_plain_values_collapse_by_source_line() -> None:
    with debug():
        h = Value(1.0, label="h")
        for i in range(200):
            g = tanh(h) * math.cos(i)
            h = g + 0.5
    titles = [box.name for box in draw(h).scene.boxes]
    assert "g = tanh(h) * math.cos(i); h = g + 0.5" in titles
    assert len(titles) == 4  # the leaf, the loop, the last line, the result


def test_a_graph_without_structure_is_only_counted_far_from_the_result() -> None:
    rng = random.Random(0)
    root = Value(1.0)
    for _ in range(500):
        root = rng.choice([tanh, exp, sigmoid])(root)
    drawing = draw(root)
    assert len(drawing.scene.boxes) == MOST_BOXES + 1
    assert drawing.scene.boxes[0].head == "… 1 more"
    assert f"of 501 values in {MOST_BOXES + 1} boxes" in drawing.scene.caption


def test_d3_steps_that_repeat_are_one_box_that_says_how_many() -> None:
    """A loop over shared parameters, with an input for each step."""
    w, h = Value(0.5, label="w"), Value(0.0, label="h")
    for t in range(100):
        h = tanh(w * h + Value(0.1 * t, label=f"x[{t}]"))
    boxes = draw(h).scene.boxes
    loops = [box for box in boxes if box.head.startswith("loop ×")]
    assert [(box.name, box.head) for box in loops] == [("tanh; ×; +", "loop ×99")]
    assert len(boxes) <= 8
    assert [box.name for box in boxes if box.kind == "group" and box not in loops] == ["x (100)"]


@given(st.integers(1, 5), st.integers(8, 20))
def test_repetitions_are_found_wherever_they_are(period: int, trips: int) -> None:
    step = list(range(period))
    entries = [-1, -2, *step * trips, -3]
    assert repetitions(entries) == [(2, 2 + period * trips, period)]


def _calls(functions: Sequence[Callable[[Value], Value]], x: Value) -> Value:
    with debug():
        for function in functions:
            x = function(x)
    return x


def _square(x: Value) -> Value:
    return x * x


def _shift(x: Value) -> Value:
    return x + 1.0


def _squash(x: Value) -> Value:
    return tanh(x)


@given(st.lists(st.sampled_from([_square, _shift, _squash]), min_size=1, max_size=30))
def test_d3_boxes_of_source_lines_make_no_cycle(functions: list[Callable[[Value], Value]]) -> None:
    """Functions that are called in any order: no arrow goes back."""
    root = _calls(functions, Value(0.5))
    order = topological(root)
    parts, _ = divide(order, [root], 0, membership(order))
    place = {node: i for i, part in enumerate(parts) for node in part.members}
    assert all(place[parent] <= place[node] for node in order for parent in node.parents)
    assert sorted(place, key=id) == sorted(order, key=id)


def test_d3_leaves_are_collapsed_by_name_and_shape() -> None:
    w = [[Value(0.1 * i + j, label=f"W1[{i},{j}]") for j in range(2)] for i in range(8)]
    loss = sum(tanh(dot(row, [1.0 + k, 2.0])) for row in w for k in range(20))
    loss += sum(Value(1.0) * Value(2.0) for _ in range(30))
    boxes = {box.name: box for box in draw(loss).scene.boxes}
    assert boxes["W1 (8×2)"].head == "16 values"


def test_a_box_with_numbers_that_are_not_finite_says_how_many() -> None:
    x = Value(1.0, label="x")
    roots = [x / Value(0.0 if i < 3 else 1.0) for i in range(400)]
    total = sum(tanh(root * 0.0) for root in roots)
    box = next(box for box in draw(total).scene.boxes if box.name == "/")
    assert box.lines[1].endswith("3 of 400 not finite")
    assert box.sign == "bad"
