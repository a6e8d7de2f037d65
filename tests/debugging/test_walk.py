"""A backward pass that moves both ways ends with the bits of `backward()`, and has the same bits at each moment."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import GraphError, Value, backward_steps, exp, log, no_graph, sqrt, tanh
from autograd.debugging.inspection import bad_gradients, first_fault, path_from_root
from autograd.debugging.walk import Walk
from autograd.graph import topological
from autograd.strategies import Graph, graphs

pytestmark = pytest.mark.slow

# One per layout of a node in the engine: one operand, two, many.
PRIMITIVES = ("neg", "exp", "log", "sqrt", "tanh", "relu", "add", "mul", "div", "maximum", "total", "prod", "dot")
GRAPHS = graphs(primitives=PRIMITIVES)

# Leaves anywhere, not only where the graph was drawn: infinities and nan have bits too.
ANYWHERE = st.lists(st.floats(-5.0, 5.0) | st.sampled_from((0.0, -0.0, 1e308, float("inf"), float("nan"))), min_size=3)


def record(graph: Graph, leaves: list[float]) -> Value:
    """The result on new leaves, whose gradients are not 0."""
    xs = [Value(x) for x in (leaves * 3)[: len(graph.inputs)]]
    for place, x in enumerate(xs):
        x.grad = 0.1 * place
    root: Value = graph(*xs)
    return root


def bits(nodes: Iterable[Value]) -> list[bytes]:
    return [struct.pack("<d", node.grad) for node in nodes]


@given(GRAPHS, ANYWHERE)
def test_finished_it_has_done_what_backward_does(graph: Graph, leaves: list[float]) -> None:
    expected, root = record(graph, leaves), record(graph, leaves)
    for _ in range(2):  # leaves add up over passes
        expected.backward()
        Walk(root).finish()
    assert bits(topological(root)) == bits(topological(expected))


@given(GRAPHS, ANYWHERE, st.lists(st.integers(-30, 30), max_size=12))
def test_a_moment_seen_again_has_the_same_bits(graph: Graph, leaves: list[float], moves: list[int]) -> None:
    walk = Walk(record(graph, leaves))
    moments = [bits(walk.nodes)]
    while not walk.at_end:
        walk.step()
        moments.append(bits(walk.nodes))
    for move in moves:
        target = min(max(walk.index + move, 0), len(walk))
        while walk.index != target:
            (walk.step if walk.index < target else walk.back)()
        assert bits(walk.nodes) == moments[target]


@given(GRAPHS, ANYWHERE, st.integers(0, 40))
def test_abort_puts_every_gradient_back(graph: Graph, leaves: list[float], count: int) -> None:
    root = record(graph, leaves)
    root.backward()
    nodes = topological(root)
    before = bits(nodes)
    walk = Walk(root)
    walk.run(lambda walk: walk.index >= count)
    walk.abort()
    assert bits(nodes) == before


@given(GRAPHS)
def test_its_steps_are_those_of_backward_steps(graph: Graph) -> None:
    expected = [tuple(step)[3:] for step in backward_steps(record(graph, list(graph.point)))]
    walk = Walk(record(graph, list(graph.point)))
    steps = [walk.step() for _ in range(len(walk))]
    undone = [walk.back() for _ in range(len(walk))]
    assert [tuple(step)[3:] for step in steps] == expected
    assert undone[::-1] == steps


@given(GRAPHS)
def test_what_is_pending_and_done_adds_up_to_the_gradient(graph: Graph) -> None:
    walk = Walk(graph(*[Value(x) for x in graph.point]))
    while True:
        for node in walk.nodes:
            done = [walk.contribution(index) for index in walk.incoming(node) if index < walk.index]
            total = 1.0 if node is walk.root else 0.0
            for contribution in done:
                assert contribution is not None
                total += contribution
            assert node.grad == total
            assert walk.is_complete(node) == (len(done) == len(walk.incoming(node)))
        if walk.at_end:
            break
        walk.step()


@given(GRAPHS)
def test_every_node_is_reached_once_when_its_gradient_is_complete(graph: Graph) -> None:
    walk = Walk(graph(*[Value(x) for x in graph.point]))
    reached = list(walk.arriving)
    while not walk.at_end:
        assert walk.node is walk.products[walk.index].node
        walk.step()
        assert all(map(walk.is_complete, walk.arriving))
        reached += walk.arriving
    assert sorted(map(id, reached)) == sorted(map(id, walk.nodes))


def test_it_runs_to_a_condition_both_ways() -> None:
    x = Value(3.0)
    walk = Walk((x * x) * x)
    stop: Callable[[Walk], bool] = lambda walk: walk.index == 2  # noqa: E731
    assert walk.run(stop)
    assert (walk.index, x.grad) == (2, 9.0)
    assert not walk.run(stop)
    assert walk.at_end
    assert walk.run(stop, backwards=True)
    assert (walk.index, x.grad) == (2, 9.0)
    assert not walk.run(stop, backwards=True)
    assert (walk.index, x.grad) == (0, 0.0)


def test_a_root_that_is_a_leaf_has_no_products() -> None:
    x = Value(3.0)
    x.grad = 2.0
    walk = Walk(x)
    assert walk
    assert (len(walk), walk.at_end, walk.node, walk.last, list(walk.arriving)) == (0, True, None, None, [x])
    assert x.grad == 3.0
    walk.abort()
    assert x.grad == 2.0


def test_x_times_x_has_two_products_with_different_slots() -> None:
    x = Value(3.0)
    assert [(product.parent is x, product.slot) for product in Walk(x * x).products] == [(True, 0), (True, 1)]


def test_at_the_ends_there_is_nothing_to_do_or_undo() -> None:
    walk = Walk(Value(2.0) * 3.0)
    with pytest.raises(GraphError, match="beginning of the backward pass"):
        walk.back()
    walk.finish()
    with pytest.raises(GraphError, match=r"all 1 products .* back"):
        walk.step()


def test_an_aborted_walk_cannot_move() -> None:
    walk = Walk(Value(2.0) * 3.0)
    walk.abort()
    for move in (walk.step, walk.back, walk.finish):
        with pytest.raises(GraphError, match=r"aborted .* new Walk"):
            move()


def test_only_values_have_a_backward_pass_and_only_its_nodes_take_part() -> None:
    with pytest.raises(TypeError, match=r"starts at a Value, got 3.0 \(float\)"):
        Walk(3.0)  # type: ignore[arg-type]
    with pytest.raises(GraphError, match="is not part of this backward pass"):
        Walk(Value(2.0) * 3.0).incoming(Value(1.0))


def test_as_a_block_it_finishes_or_undoes_everything() -> None:
    x = Value(3.0)
    with Walk(x * x) as walk:
        walk.step()
    assert x.grad == 6.0
    with pytest.raises(GraphError), Walk(x * x) as walk:
        walk.incoming(Value(1.0))
    assert x.grad == 6.0
    with Walk(x * x) as walk:
        walk.abort()
    assert x.grad == 6.0


def test_callbacks_are_called_once_whatever_way_it_goes() -> None:
    x = Value(3.0)
    y = x * x
    z = y + 1.0
    seen: list[tuple[Value, float]] = []
    removable = [node.on_backward(lambda node: seen.append((node, node.grad))) for node in (x, y, z)]
    walk = Walk(z)
    walk.step()
    walk.step()
    walk.back()
    walk.back()
    walk.finish()
    assert seen == [(z, 1.0), (y, 1.0), (x, 6.0)]
    for handle in removable:
        handle.remove()


def test_a_deep_graph_needs_no_recursion() -> None:
    x = root = Value(1.0)
    for _ in range(20_000):
        root = root + 1.0
    walk = Walk(root)
    walk.finish()
    assert (x.grad, len(path_from_root(walk, x))) == (1.0, 20_000)


# --- looking ----------------------------------------------------------------------------------------------------------


@given(GRAPHS)
def test_the_path_leads_from_the_root_to_the_node(graph: Graph) -> None:
    walk = Walk(graph(*[Value(x) for x in graph.point]))
    walk.run(lambda walk: walk.index * 2 >= len(walk))
    for node in walk.nodes:
        at = walk.root
        for index in path_from_root(walk, node):
            assert walk.products[index].node is at
            at = walk.products[index].parent
        assert at is node


def test_of_several_paths_it_is_the_one_that_contributed_most() -> None:
    x = Value(1.0)
    small, large = x * 2.0, x * -5.0
    walk = Walk(small + large)
    walk.finish()
    assert [walk.products[index].node for index in path_from_root(walk, x)] == [walk.root, large]
    walk = Walk(sqrt(x * 0.0) * 0.0 + large)
    walk.finish()
    assert any(walk.products[index].node.op == "sqrt" for index in path_from_root(walk, x))  # inf · 0 is nan


def test_the_first_fault_is_the_first_in_forward_order() -> None:
    x = Value(0.0)
    y = sqrt(x)  # value 0, derivative inf
    z = log(y)  # value -inf
    assert first_fault(Walk(z + exp(x))) is y
    assert first_fault(Walk(tanh(x))) is None
    bad = Value(float("nan"))
    assert first_fault(Walk(x * bad)) is bad
    with no_graph():
        hidden = log(x)
    assert first_fault(Walk(x * hidden)) is hidden


def test_bad_gradients_are_those_of_this_moment() -> None:
    x = Value(0.0)
    y = sqrt(x)
    walk = Walk(y * 2.0)
    assert list(bad_gradients(walk)) == []
    walk.finish()
    assert list(bad_gradients(walk)) == [x]
