"""The backward pass: its laws, its order, its cost."""

from __future__ import annotations

import gc
import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
from autograd import Step, Value, backward_steps
from autograd.graph import topological
from tests.support.graphs import Graph, graphs, post_order

FACTORS = st.sampled_from([0.5, 2.0, -1.0, -8.0])  # powers of two: scaling by them rounds nothing


def _bits(xs: list[float]) -> list[str]:
    return [x.hex() for x in xs]


def _gradients(graph: Graph) -> list[float]:
    leaves, root = graph.record()
    root.backward()
    return [leaf.grad for leaf in leaves]


def _close(got: list[float], expected: list[float], terms: int, scale: float) -> bool:
    """Equal but for the order of sums: `terms` roundings of intermediate results that are at most `scale`."""
    return all(abs(a - b) <= terms * 2.0**-52 * scale for a, b in zip(got, expected, strict=True))


def _largest(steps: list[Step]) -> float:
    return max([1.0, *[abs(x) for step in steps for x in (step.contribution, step.after)]])


class TestLaws:
    @given(graph=graphs(), factor=FACTORS)
    def test_linear_in_the_seed(self, graph: Graph, factor: float) -> None:
        leaves, root = graph.record()
        (root * factor).backward()
        plain = _gradients(graph)
        assert [leaf.grad for leaf in leaves] == [factor * x for x in plain]

    @given(graph=graphs(), data=st.data())
    def test_permutation_of_independent_nodes(self, graph: Graph, data: st.DataObject) -> None:
        """Recorded in another order that the lines allow, the graph is the same: so are order and bits."""
        leaves, root = graph.record()
        found: dict[int, Value] = dict(enumerate(Value(x) for x in graph.inputs))
        waiting = dict(enumerate(graph.lines, start=len(found)))
        while waiting:
            ready = [i for i, (_, operands) in waiting.items() if found.keys() >= set(operands)]
            i = data.draw(st.sampled_from(ready))
            name, operands = waiting.pop(i)
            found[i] = autograd.PRIMITIVES[name](*[found[j] for j in operands])
        used = {j for _, operands in graph.lines for j in operands}
        again = autograd.total([found[i] for i in range(len(found)) if i not in used])
        root.backward()
        again.backward()
        assert _bits([found[i].grad for i in range(len(leaves))]) == _bits([leaf.grad for leaf in leaves])

    @given(graph=graphs(max_lines=6))
    def test_sharing_is_duplication(self, graph: Graph) -> None:
        """A node with many consumers gets what its copies would get together."""
        leaves = [Value(x) for x in graph.inputs]

        def tree(i: int) -> Value:
            if i < len(leaves):
                return leaves[i]
            name, operands = graph.lines[i - len(leaves)]
            out: Value = autograd.PRIMITIVES[name](*[tree(j) for j in operands])
            return out

        used = {j for _, operands in graph.lines for j in operands}
        root = autograd.total([tree(i) for i in range(len(leaves) + len(graph.lines)) if i not in used])
        steps = list(backward_steps(root))
        paths = len(steps)
        assert _close([leaf.grad for leaf in leaves], _gradients(graph), paths * 8, paths * _largest(steps))

    @given(graph=graphs())
    def test_a_root_added_to_itself_doubles(self, graph: Graph) -> None:
        """∂(f + f)/∂x = 2 ∂f/∂x."""
        leaves, root = graph.record()
        (root + root).backward()
        assert [leaf.grad for leaf in leaves] == [2.0 * x for x in _gradients(graph)]


class TestAccumulation:
    @given(graph=graphs())
    def test_a_second_call_doubles_leaves_and_resets_the_rest(self, graph: Graph) -> None:
        leaves = [Value(x) for x in graph.inputs]
        nodes = graph.nodes(leaves)
        steps = list(backward_steps(nodes[-1]))
        before = [node.grad for node in nodes]
        nodes[-1].backward()
        for node, once in zip(nodes, before, strict=True):
            # n more additions to a leaf, of which none exceeds twice the sum of all sizes: n roundings of half an ulp.
            sizes = [abs(step.contribution) for step in steps if step.parent is node]
            rounding = 0.0 if node.parents or len(sizes) < 2 else len(sizes) * 2.0**-52 * sum(sizes)
            assert abs(node.grad - (once if node.parents else 2.0 * once)) <= rounding

    def test_leaves_add_up_over_graphs(self) -> None:
        x = Value(3.0)
        (x * x).backward()
        (x * 2.0).backward()
        assert x.grad == 8.0

    def test_what_is_not_above_the_root_keeps_its_gradient(self) -> None:
        x = Value(3.0)
        y = x * x
        z = y * 2.0
        z.backward()
        y.backward()
        assert (z.grad, y.grad, x.grad) == (1.0, 1.0, 18.0)

    def test_a_leaf_is_its_own_root(self) -> None:
        x = Value(3.0)
        x.backward()
        x.backward()
        assert x.grad == 2.0

    def test_an_operand_used_twice_gets_both(self) -> None:
        x = Value(3.0)
        (x * x).backward()
        assert x.grad == 6.0


class TestSteps:
    @given(graph=graphs())
    def test_steps_are_backward_bit_for_bit(self, graph: Graph) -> None:
        leaves, root = graph.record()
        list(backward_steps(root))
        assert _bits([leaf.grad for leaf in leaves]) == _bits(_gradients(graph))

    @given(graph=graphs())
    def test_a_gradient_is_the_sum_of_its_contributions(self, graph: Graph) -> None:
        leaves, root = graph.record()
        steps = list(backward_steps(root))
        assert [step.index for step in steps] == list(range(len(steps)))
        sums: dict[Value, float] = {}
        for step in steps:
            assert step.contribution == step.local * step.upstream
            assert step.before == sums.get(step.parent, 0.0)
            assert step.after == step.before + step.contribution
            assert step.upstream == step.node.grad
            sums[step.parent] = step.after
        assert all(leaf.grad == sums.get(leaf, 0.0) for leaf in leaves if leaf is not root)
        assert len(steps) == sum(len(node.parents) for node in topological(root))

    def test_an_unfinished_pass_is_where_it_was_left(self) -> None:
        x, y = Value(2.0), Value(3.0)
        steps = backward_steps(x * y)
        assert (next(steps).parent, x.grad, y.grad) == (x, 3.0, 0.0)
        next(steps)
        assert y.grad == 2.0


class Watched(Value):
    """A node that counts how often its edges are read, and whether the collector was on meanwhile."""

    __slots__ = ()
    reads = 0
    collecting: frozenset[bool] = frozenset()

    @property
    def _dx(self) -> Any:
        Watched.reads += 1
        Watched.collecting |= {gc.isenabled()}
        return Value.__dict__["_dx"].__get__(self)


@pytest.fixture
def watched() -> Iterator[Callable[[Value], None]]:
    """Makes every node of a graph a Watched one."""

    def watch(root: Value) -> None:
        for node in topological(root):
            node.__class__ = Watched
        Watched.reads, Watched.collecting = 0, frozenset()

    yield watch
    Watched.reads, Watched.collecting = 0, frozenset()


class TestOrder:
    @given(graph=graphs(max_lines=15))
    def test_it_is_that_of_the_textbook_recursion(self, graph: Graph) -> None:
        _, root = graph.record()
        order = topological(root)
        assert order == post_order(root)
        assert order[-1] is root

    @given(graph=graphs(max_lines=12), data=st.data())
    def test_several_roots_are_visited_one_after_the_other(self, graph: Graph, data: st.DataObject) -> None:
        nodes = graph.nodes([Value(x) for x in graph.inputs])
        roots = data.draw(st.lists(st.sampled_from(nodes), min_size=1, max_size=4))
        together = Value(0.0, roots, [1.0] * len(roots))
        assert topological(*roots) == post_order(together)[:-1]

    def test_no_roots(self) -> None:
        assert topological() == []

    def test_n_ary_nodes_with_parents_seen_before(self) -> None:
        """Random graphs of nodes with many parents, shared and repeated: the walk resumes in the middle of a list."""
        rng = random.Random(5)
        for _ in range(200):
            nodes = [Value(1.0) for _ in range(3)]
            for _ in range(20):
                parents = rng.choices(nodes, k=rng.randrange(1, 7))
                opaque = Value(1.0, parents, [1.0] * len(parents))
                nodes.append(rng.choice([opaque, autograd.total(parents), parents[0] * parents[-1], -parents[0]]))
            assert topological(nodes[-1]) == post_order(nodes[-1])


@pytest.mark.slow
class TestCost:
    def test_a_chain_of_60_doublings_has_61_visits(self, watched: Callable[[Value], None]) -> None:
        x = root = Value(1.0)
        for _ in range(60):
            root = root + root
        watched(root)
        assert len(topological(root)) == Watched.reads == 61
        Watched.reads = 0
        root.backward()
        assert Watched.reads == 2 * 61  # once for the order, once for the pass
        assert x.grad == 2.0**60

    def test_a_layered_net_is_visited_once_per_node(self, watched: Callable[[Value], None]) -> None:
        """20 layers of 8 neurons, each fed by all: 8²⁰ paths, 168 nodes and their weights."""
        layer = [Value(1.0) for _ in range(8)]
        for _ in range(20):
            layer = [autograd.dot([1.0] * 8, layer) for _ in range(8)]
        watched(root := autograd.total(layer))
        assert len(topological(root)) == Watched.reads == 8 * 21 + 1

    def test_a_chain_of_a_hundred_thousand(self) -> None:
        x = root = Value(1.0)
        for _ in range(10**5):
            root = root + 1.0
        root.backward()
        assert (root.data, x.grad) == (1e5 + 1.0, 1.0)

    def test_the_collector_is_paused_inside_and_back_afterwards(self, watched: Callable[[Value], None]) -> None:
        x = Value(2.0)
        watched(root := x * x)
        assert gc.isenabled()
        root.backward()
        assert Watched.collecting == {False}
        assert gc.isenabled()

    def test_the_collector_comes_back_after_an_error(self) -> None:
        x = Value(2.0)
        y = x * x
        x._grad = "not a number"  # type: ignore[assignment]
        with pytest.raises(TypeError):
            y.backward()
        assert gc.isenabled()


@pytest.mark.parametrize("gradient", [5.0, 1.0, 1, None, Value(2.0)])
def test_backward_takes_no_gradient(gradient: Any) -> None:
    """Row B2."""
    with pytest.raises(TypeError, match=r"backward takes no gradient; write \(.* \* y\)\.backward\(\)"):
        (Value(2.0) * 3.0).backward(gradient)
